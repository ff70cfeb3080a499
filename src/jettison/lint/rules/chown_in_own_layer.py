"""CCH108 chown-in-own-layer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.build import Build
from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Edit, Fix, Scope, delete, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._layers import absolute, copied, destination, located, whole_line
from jettison.lint.rules._script import removal
from jettison.lint.syntax import Instruction, Transfer


class ChownInOwnLayer(Rule):
    """Flags `chown` and `chmod` of files that an earlier instruction copied.

    ## What it does
    Looks in stages that ship for `chown` and `chmod` of the destination of an earlier COPY or ADD, or of a
    folder around it.

    ## Why is this bad?
    A layer holds whole files. Changing the owner of a file stores it once more, so what was copied is in the
    image twice. `COPY --chown` and `--chmod` set both at once.

    ## Example
    ```dockerfile
    COPY server /srv/server
    RUN chown -R 10001:10001 /srv/server
    ```

    ## Use instead
    ```dockerfile
    COPY --chown=10001:10001 server /srv/server
    ```

    ## When to ignore
    For a few small files.

    ## Fix safety
    Unsafe: folders that were there before the COPY keep their owner, and a mode such as `+x` becomes 755.

    ## Sources
    - Dockerfile reference, `COPY --chown --chmod`
    - OCI Image Format Specification, "Image Layer Filesystem Changeset"
    """

    code = "CCH108"
    name = "chown-in-own-layer"
    severity = Severity.WARNING
    fixable = Applicability.UNSAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Changes of owner and mode of what another layer holds."""
        if not context.ships(node) or node.index < 0:
            return
        earlier = [item for item in before(node, context.build) if isinstance(item, Transfer)]
        for cwd, command in located(node, context.build):
            if command.name not in ("chown", "chmod") or not earlier:
                continue
            for arg in command.operands()[1:]:
                path = absolute(arg.value, cwd) if arg.value else None
                source = _source(path, command, earlier, context.build) if path else None
                if source is None:
                    continue
                line = context.source.position(source.span.start).line
                message = f"`{command.name}` stores what line {line} copied once more"
                yield self.at(arg.span, message, fix=_fix(command, arg, source, context))
                break


def _source(path: str, command: Command, earlier: list[Transfer], build: Build) -> Transfer | None:
    """The last instruction that copied a file to a path, or, for `-R`, something to it or below it."""
    clean = re.sub(r"/\*\Z", "", path).rstrip("/")
    recursive = clean != path or command.has("-R", "--recursive")
    for node in reversed(earlier):
        target = (destination(node, build) or "").rstrip("/")
        if any(clean == place for _, place in copied(node, build)):
            return node
        if recursive and target and (target == clean or target.startswith(f"{clean}/")):
            return node
    return None


def _fix(command: Command, arg: Arg, source: Transfer, context: Context) -> Fix | None:
    operands = command.operands()
    if len(operands) != 2 or command.option("-v", "--reference", "--from") or source.index < 0 or source.json:
        return None
    value = _value(command.name, operands[0].raw)
    if value is None or source.flag(command.name) is not None or source.keyword != "COPY":
        return None
    path = (arg.value or "").rstrip("/")
    if not path.startswith("/") or (destination(source, context.build) or "").rstrip("/") != path:
        paths = [place for _, place in copied(source, context.build)]
        if len(source.sources) != 1 or path not in paths:
            return None
    rest = _without(command, context)
    if rest is None:
        return None
    edit = insert(source.keyword_span.end, f" --{command.name}={value}")
    return Fix(f"use COPY --{command.name}", (edit, rest), Applicability.UNSAFE, Scope.CONFIG)


def _value(program: str, what: str) -> str | None:
    """What COPY takes for it: an owner, or a mode in digits."""
    if program == "chown":
        return what if re.fullmatch(r"[\w.-]+(?::[\w.-]+)?", what) else None
    if re.fullmatch(r"a?\+(?:x|rx|xr)", what):
        return "755"
    return what if re.fullmatch(r"0?[0-7]{3}", what) else None


def _without(command: Command, context: Context) -> Edit | None:
    """The RUN without the command: none at all if it does nothing else."""
    node = command.instruction
    if context.build.commands(node) == (command,) and not command.scopes and not command.redirects:
        return delete(whole_line(node, context))
    return removal(command)
