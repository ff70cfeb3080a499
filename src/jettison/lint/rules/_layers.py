"""Layers: joining two RUN instructions, and what an instruction writes where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.build import Build
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, Scope, replace
from jettison.lint.rule import Context
from jettison.lint.rules._download import downloads
from jettison.lint.rules._script import INNER, background, is_chain, own
from jettison.lint.script import Script
from jettison.lint.source import Span
from jettison.lint.suppress import ignores
from jettison.lint.syntax import Instruction, ShellOrExec, Transfer

_LEAKING: Final = frozenset(
    {
        *("cd", "pushd", "popd", "set", "unset", "source", ".", "umask", "ulimit", "alias", "trap", "exec"),
        *("exit", "return", "shopt", "eval"),
    }
)
"""Commands whose effect lasts as long as their shell, and so would reach what is joined behind them."""
ARCHIVE: Final = re.compile(
    r"\.(?:tar|tar\.(?:gz|bz2|xz|lz|lzma|zst|Z)|tgz|tbz2?|txz|tzst|tlz|tZ|gz|bz2|xz)\Z", re.IGNORECASE
)
"""Names of files that ADD may unpack."""


def joined(first: Instruction, second: Instruction, context: Context) -> Fix | None:
    """The fix that makes one RUN of two; None if the result may differ in anything but layers.

    Nothing that lasts in the first shell may reach the second, and a failure of the first must still stop
    the second. Comments between the two stay where they are, unless they are there to ignore findings, and
    would do so for other lines.
    """
    scripts = [sole_script(node, context.build) for node in (first, second)]
    if scripts[0] is None or scripts[1] is None:
        return None
    if [flag.text for flag in first.flags] != [flag.text for flag in second.flags]:
        return None
    comments = _comments(Span(first.span.end, second.span.start), context)
    joint = _joint(scripts[0], scripts[1])
    if joint is None or comments is None or _leaks(scripts[0]):
        return None
    lead = f"{context.source.newline}    "
    lines = lead.join([*comments, joint[1]])
    gap = Span(first.span.end, scripts[1].text.at(0))
    edit = replace(gap, f"{joint[0]} {context.dockerfile.escape}{lead}{lines}")
    return Fix("join the two RUN", (edit,), Applicability.SAFE, Scope.COMMANDS)


def _comments(gap: Span, context: Context) -> list[str] | None:
    """The comments between two instructions; None if one of them ignores findings, or reads as a line that
    goes on."""
    found = [line.strip() for line in context.source.slice(gap).splitlines() if line.strip()]
    if any(not line.startswith("#") or line.endswith(context.dockerfile.escape) for line in found):
        return None
    ignoring = found and any(gap.covers(item.span) for item in ignores(context.dockerfile))
    return None if ignoring else found


def sole_script(node: Instruction, build: Build) -> Script | None:
    """The script of a RUN in the shell form, if it is all that there is."""
    if not isinstance(node, ShellOrExec) or node.script is None or node.heredocs or node.keyword != "RUN":
        return None
    scripts = build.scripts(node)
    return scripts[0] if len(scripts) == 1 and node.index >= 0 else None


def _joint(first: Script, second: Script) -> tuple[str, str] | None:
    """What stands at the end of the first line and at the start of the second."""
    if is_chain(first) and is_chain(second):
        return "", "&& "
    heads = [own(script)[:1] for script in (first, second)]
    if not all(head and head[0].name == "set" and head[0].has("-e") for head in heads):
        return None
    if heads[0][0].words != heads[1][0].words:
        return None
    return ("", "") if first.text.text.rstrip().endswith(";") else (";", "")


def _leaks(script: Script) -> bool:
    """Whether something of the shell lasts behind its script: folder, variables, options but those at its
    head."""
    head = own(script)[:1]
    for command in script.commands:
        if command.name in _LEAKING and not INNER.intersection(command.scopes) and [command] != head:
            return True
    if head and head[0].name in _LEAKING - {"set"}:
        return True
    words = re.search(r"\b(?:export|readonly|declare|typeset|local)\b", script.text.text)
    return bool(script.assignments) or words is not None or bool(background(script))


_WORKDIRS: Final = {
    **dict.fromkeys(
        ("debian", "ubuntu", "alpine", "busybox", "fedora", "centos", "rockylinux", "almalinux"), "/"
    ),
    **dict.fromkeys(("python", "node", "ruby", "rust", "nginx", "maven", "openjdk", "eclipse-temurin"), "/"),
    **dict.fromkeys(("oraclelinux", "amazonlinux", "buildpack-deps"), "/"),
    "golang": "/go",
}
"""The working directory of Docker official images."""


def workdir_at(node: Instruction, build: Build) -> str | None:
    """The working directory of an instruction; where the file sets none, that of the base if it is known."""
    known, stage = build.state(node).workdir, build.stage_of(node)
    base = stage.root.base if stage is not None else None
    if known is not None or stage is None or base is None or base.registry != "docker.io":
        return known
    if any(item.index < node.index for each in build.stages for item in each.all("WORKDIR")[:1]):
        return None
    return _WORKDIRS.get(base.repository)


def destination(node: Transfer, build: Build) -> str | None:
    """The absolute destination of COPY or ADD, with `/` at its end if it names a folder; None if that
    is not known."""
    if node.destination is None:
        return None
    text = build.expand(node.destination.text, node)
    if text is None:
        return None
    workdir = workdir_at(node, build)
    if not text.startswith("/") and workdir is None:
        return None
    path = posixpath.normpath(posixpath.join(workdir or "/", text))
    is_folder = text.endswith(("/", "/.")) or text in (".", "..") or len(node.sources) > 1
    return f"{path.rstrip('/')}/" if is_folder else path


def copied(node: Transfer, build: Build) -> Iterator[tuple[str, str]]:
    """Source (expanded) and absolute path in the image of each plain file that COPY or ADD brings; a
    folder's content, patterns and archives are left out."""
    target = destination(node, build)
    if target is None:
        return
    for source in node.sources:
        text = build.expand(source.text, node)
        if not text or re.search(r"[*?\[]", text) or text.startswith("<<") or text.endswith(("/", ".")):
            continue
        if node.keyword == "ADD" and ARCHIVE.search(text):
            continue
        yield text, f"{target}{posixpath.basename(text)}" if target.endswith("/") else target


def written(node: Instruction, build: Build) -> Iterator[str]:
    """Absolute paths of files that an instruction surely leaves behind: copied, downloaded, cloned."""
    if isinstance(node, Transfer):
        yield from (path for _, path in copied(node, build))
        target = destination(node, build)
        if target is not None and target.strip("/") and not target.endswith("/"):
            yield target
        return
    for cwd, command in located(node, build):
        if not command.certain or INNER.intersection(command.scopes):
            continue
        names = [item.output for item in downloads(command)]
        if command.name == "git" and command.words[:1] == ["clone"] and len(command.operands()) == 3:
            names.append(command.operands()[2].value)
        for name in names:
            path = absolute(name, cwd) if name else None
            if path is not None:
                yield path


def located(node: Instruction, build: Build) -> Iterator[tuple[str | None, Command]]:
    """The commands of RUN with the folder each runs in, as far as `cd` tells it."""
    cwd = workdir_at(node, build)
    for command in build.commands(node):
        yield cwd, command
        if command.name in ("cd", "pushd") and not INNER.intersection(command.scopes):
            target = command.operands()[0].value if command.operands() else None
            cwd = absolute(target, cwd) if command.certain and target else None


def absolute(path: str, cwd: str | None) -> str | None:
    """A path from the root; None if it depends on a folder or home that is not known."""
    if path.startswith("~") or (cwd is None and not path.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(cwd or "/", path))


def whole_line(node: Instruction, context: Context) -> Span:
    """An instruction with its line ending."""
    text, end = context.source.text, node.span.end
    for newline in ("\r\n", "\n"):
        if text.startswith(newline, end):
            return Span(node.span.start, end + len(newline))
    return node.span
