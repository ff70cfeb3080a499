"""What rules about package managers ask: what a RUN leaves behind, what stands before and after a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, insert
from jettison.lint.packages import Action, Verb, action
from jettison.lint.rule import Context, Finding, Rule
from jettison.lint.rules._building import REACH
from jettison.lint.rules._layers import sole_script
from jettison.lint.rules._mounts import mounts
from jettison.lint.rules._requests import requests
from jettison.lint.rules._script import following, preceding, statements
from jettison.lint.shell import dialect_of
from jettison.lint.syntax import Instruction

TAKES: Final = frozenset({Verb.INSTALL, Verb.UPGRADE, Verb.DIST_UPGRADE, Verb.DOWNLOAD})
"""Requests that need the list of packages."""
_ASKS: Final = frozenset({Verb.INSTALL, Verb.REMOVE, Verb.UPGRADE, Verb.DIST_UPGRADE})
_OFFLINE: Final = ("--offline", "--cacheonly", "--no-network", "--frozen")
_OFF: Final = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Store:
    """Where managers keep what they download, and how that is prevented or undone."""

    managers: frozenset[str]
    fills: frozenset[Verb]
    place: re.Pattern[str]
    """Matches a path of the store, or of a folder around it, without `/` and `/*` at the end."""
    switches: tuple[str, ...] = ()
    """Options that keep nothing."""
    variables: tuple[str, ...] = ()
    """Variables that do the same when they are set."""
    cleans: frozenset[str] = frozenset()
    """The subcommands that empty it; if none are given, all that clean."""


class CacheKept(Rule):
    """Base of the rules about caches of package managers that stay in a layer that ships."""

    store: ClassVar[Store]
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Requests that leave something in the store."""
        if not context.ships(node) or node.index < 0:
            return
        for request in self.chosen(leftovers(node, self.store, context)):
            message = self.message(request)
            later = _emptied_later(request, self.store, context)
            if later is not None:
                line = context.source.position(later.span.start).line
                message = f"{message}; line {line} only hides them there"
            yield self.at(request.word.span, message, fix=self.fix(request, context))

    def chosen(self, found: list[Action]) -> list[Action]:
        """Which requests are reported: the last one of a RUN, since one command at its end mends all."""
        return found[-1:]

    def message(self, request: Action) -> str:
        """What stays."""
        raise NotImplementedError

    def fix(self, request: Action, context: Context) -> Fix | None:
        """How the store is emptied or never filled."""
        return None


class CacheSwitch(CacheKept):
    """Base of those whose store an option keeps empty; every request has to have it."""

    option: ClassVar[str]

    def chosen(self, found: list[Action]) -> list[Action]:
        """All of them."""
        return found

    def fix(self, request: Action, context: Context) -> Fix | None:
        """Put the option behind the subcommand."""
        return switched(request, self.option)


class CacheCleaner(CacheKept):
    """Base of those whose store a command at the end of the RUN empties; unsafe where a later RUN has to
    find it."""

    def cleaner(self, request: Action, context: Context) -> str | None:
        """The command; None if there is none."""
        raise NotImplementedError

    def fix(self, request: Action, context: Context) -> Fix | None:
        """Run the command at the end."""
        text = self.cleaner(request, context) if _stays(request, context) else None
        if text is None:
            return None
        rights = Applicability.UNSAFE if is_needed_offline(request, context) else Applicability.SAFE
        return appended(request, text, context, applicability=rights)


def _stays(request: Action, context: Context) -> bool:
    """Whether the program is surely there at the end of the RUN: it ran, in the same shell, and no package
    was removed."""
    behind = following(request.command, context.build)
    removed = any(item.verb is Verb.REMOVE for item in map(action, behind) if item is not None)
    return request.command.certain and not request.command.scopes and not removed


def called(request: Action, context: Context) -> str | None:
    """The program of a request as it is written; None if it is not written plainly."""
    text = context.source.slice(request.command.name_span)
    return text if re.fullmatch(r"[\w./-]+", text) else None


def below_home(*paths: str, also: str = r"(?!)") -> re.Pattern[str]:
    """Matches folders below a home, what is in them, and what is around them but the home itself; `also` are
    further places."""
    nested = "|".join(_around(path.split("/")) for path in paths)
    return re.compile(rf"\A[\"']?(?:/root|~|\$HOME|\$\{{HOME\}}|/home/[^/]+)/(?:{nested})[\"']?\Z|{also}")


def _around(parts: list[str]) -> str:
    inner = f"(?:/{_around(parts[1:])})?" if parts[1:] else "(?:/.*)?"
    return re.escape(parts[0]) + inner


def leftovers(node: Instruction, store: Store, context: Context) -> list[Action]:
    """The requests of a RUN whose downloads stay in the layer: not behind a mount, not cleaned away."""
    if any(store.place.search(target) for target, _ in mounts(node)):
        return []
    found: list[Action] = []
    by_command = {id(request.command): request for request in requests(node, context)}
    for command in context.build.commands(node):
        request = by_command.get(id(command))
        if _empties(command, request, store):
            found.clear()
        elif request is not None and _fills(request, store, context):
            found.append(request)
    return found


def _fills(request: Action, store: Store, context: Context) -> bool:
    if request.manager.name not in store.managers or request.verb not in store.fills:
        return False
    command = request.command
    if command.has(*store.switches) or command.has("--help", "--dry-run"):
        return False
    return not any(is_on(name, command, context) for name in store.variables)


def is_on(name: str, command: Command, context: Context) -> bool:
    """Whether a variable turns something on for a command; a value that is not known is taken for yes."""
    own = next((arg.value for key, arg in command.assignments if key == name), "")
    exported = command.script.assignments if command.script is not None else []
    values = [own, *(arg.value for key, arg in exported if key == name)]
    env = context.build.state(command.instruction).env
    if name in env:
        values.append(env[name])
    return any(value is None or value.lower() not in _OFF for value in values)


def _empties(command: Command, request: Action | None, store: Store) -> bool:
    if request is not None and request.verb is Verb.CLEAN:
        cleans = not store.cleans or request.word.text in store.cleans
        return cleans and request.manager.name in store.managers
    if command.name == "rm" or (command.name == "find" and command.has("-delete", "-exec")):
        return any(store.place.search(_folder(arg.text)) for arg in command.operands())
    return False


def _emptied_later(request: Action, store: Store, context: Context) -> Instruction | None:
    """The later RUN that empties the store, which changes nothing in the layer of the request."""
    for node in runs_behind(request, context):
        if any(_empties(command, action(command), store) for command in context.build.commands(node)):
            return node
    return None


def _folder(path: str) -> str:
    return re.sub(r"/(?:\*|\{[^/]*\})?\Z", "", path.rstrip("/"))


def asks(request: Action) -> bool:
    """Whether a request asks a question that nothing answers."""
    command = request.command
    if request.verb not in _ASKS or request.assumes_yes or command.has("--help", "--assumeno", "--dry-run"):
        return False
    return command.piped_from is None and all(item.operator not in ("<", "<<<") for item in command.redirects)


def switched(
    request: Action, option: str, *, applicability: Applicability = Applicability.SAFE
) -> Fix | None:
    """Put an option behind the subcommand."""
    if not request.command.editable:
        return None
    return Fix(f"add {option}", (insert(request.word.span.end, f" {option}"),), applicability)


def appended(
    request: Action, text: str, context: Context, *, applicability: Applicability = Applicability.SAFE
) -> Fix | None:
    """Run `text` at the end of the RUN, when all of it succeeded, with the rights of the request."""
    command = request.command
    script = sole_script(command.instruction, context.build)
    if script is None or command.script is not script or command.wrappers not in ((), ("sudo",)):
        return None
    if script.tree is None or script.tree.root_node.has_error or not command.editable:
        return None
    last = statements(script)[-1]
    if script.text_of(last).split()[:1] in (["exit"], ["exec"]) or _has_tail(script.text.text):
        return None
    end = script.span_of(last).end
    lead = "sudo " if command.wrappers else ""
    edit = insert(end, _joined(f"{lead}{text}", command.instruction, end, context))
    return Fix(f"run `{text}` at the end", (edit,), applicability)


def _has_tail(text: str) -> bool:
    """Whether the last statement runs in the background."""
    return text.rstrip().endswith("&")


def _joined(text: str, node: Instruction, end: int, context: Context) -> str:
    """`&& text` in the style of the instruction."""
    source, escape = context.source, context.dockerfile.escape
    written = source.text[node.span.start : end]
    if "\n" not in written:
        return f" && {text}"
    last = written.rpartition("\n")[2]
    indent = last[: len(last) - len(last.lstrip())] or "    "
    newline = source.newline
    if re.search(rf"&&[ \t]*{re.escape(escape)}[ \t]*\r?\n", written):
        return f" && {escape}{newline}{indent}{text}"
    return f" {escape}{newline}{indent}&& {text}"


def is_official(stage: Stage) -> bool:
    """Whether a stage stands on a Docker official image, so that what the image holds is known."""
    base = stage.root.base
    return base is not None and base.registry == "docker.io" and "/" not in base.repository


_HELPERS: Final = frozenset(
    {
        *("add-apt-repository", "apt-add-repository", "install_packages", "apt-install", "clean-install"),
        *("docker-php-ext-install", "install-php-extensions", "mk-build-deps", "gdebi", "rosdep", "aptitude"),
        *("source", ".", "make", "ansible-playbook", "playwright", "npx", "puppet", "apt-fast", "apt-file"),
        *("apt-cache", "dselect", "tasksel", "nala", "apk.static", "eval"),
    }
)
"""Programs that use package managers themselves."""


def is_opaque(command: Command) -> bool:
    """Whether a command may use a package manager without showing it: a script, a helper."""
    if not command.name or command.name in _HELPERS or command.name.endswith((".sh", ".py", ".bash")):
        return True
    if dialect_of(command.name) is not None:
        return command.option("-c") is None
    written = command.script.text.text if command.script is not None else ""
    if f"/{command.name}" not in written:
        return False
    return f"./{command.name}" in written or f"/{command.name}" in written.replace("/bin/", "")


def refreshes_before(request: Action, context: Context) -> list[Action]:
    """The requests for the list of packages that stand before a request in the same RUN."""
    found = (action(command) for command in preceding(request.command, context.build))
    return [item for item in found if item and item.verb is Verb.REFRESH and item.manager is request.manager]


def runs_behind(request: Action, context: Context) -> Iterator[Instruction]:
    """The RUN that run on top of the layer of a request: those behind it in its stage, and all of the stages
    that are built on that; of a longer file than makes an image, the first `REACH`."""
    node = request.command.instruction
    own = context.build.stage_of(node)
    stages = (stage for stage in context.build.stages if own is not None and _stands_on(stage, own))
    behind = (item for stage in stages for item in stage.all("RUN") if item.index > node.index)
    return islice(behind, REACH)


def _stands_on(stage: Stage | None, own: Stage) -> bool:
    while stage is not None and stage is not own:
        stage = stage.parent
    return stage is own


def is_needed_offline(request: Action, context: Context) -> bool:
    """Whether a later RUN on top of its layer is to do without the network."""
    return any(
        command.name in request.manager.programs and command.has(*_OFFLINE)
        for node in runs_behind(request, context)
        for command in context.build.commands(node)
    )
