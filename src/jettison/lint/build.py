"""The meaning of a Dockerfile: its stages, what ships, and what variables, shell, user and folder hold where.

Nothing here is looked up outside the file: what a base image brings is known only as far as its name
tells it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from jettison.lint.bases import BaseName, Distro, default_shell, parse_base
from jettison.lint.command import Command
from jettison.lint.lexer import Lexer, LexError, Reference, UnknownValueError
from jettison.lint.script import Script, exec_commands
from jettison.lint.shell import Dialect, Shell, shebang_shell, shell_of
from jettison.lint.source import Mapped, Piece
from jettison.lint.syntax import Dockerfile, From, Instruction, KeyValue, Onbuild, ShellOrExec, Word

PROXY_ARGS: Final = frozenset(
    name
    for word in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (word, word.lower())
)
"""Build arguments that every stage has without declaring them."""
PLATFORM_ARGS: Final = frozenset(
    f"{side}{part}"
    for side in ("TARGET", "BUILD")
    for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")
)
"""Arguments that BuildKit defines before the first FROM; a stage has to declare them."""
Values = Mapping[str, str | None]
MAX_VARIABLES: Final = 1000
"""Variables of one stage that are followed: each instruction has its own view of them."""
MAX_VALUE_CHARS: Final = 64 * 1024
"""A variable's value that is followed: `ENV A=$A$A` doubles it each time."""


@dataclass(frozen=True, slots=True)
class State:
    """What holds just before an instruction. None as a value, user or folder means that it is not known."""

    env: Values
    """Variables that the instruction can refer to: ENV and ARG together."""
    declared: frozenset[str]
    """Names that ENV or ARG of this stage or its parents declared."""
    shell: Shell
    workdir: str | None
    user: str | None


@dataclass(eq=False)
class Stage:
    """A build stage."""

    index: int
    node: From
    name: str
    """Its alias in lower case, or an empty string."""
    base: BaseName | None
    """The base image; None for a stage built on another one, and where the name is not known."""
    parent: Stage | None
    distro: Distro
    instructions: list[Instruction] = field(default_factory=list)
    ships: bool = False
    """Whether its layers are part of the result: the target and the stages it is built on."""
    used: bool = False
    """Whether the result needs it, for its layers or for files copied from it."""
    envs: dict[str, str | None] = field(default_factory=dict)
    """What ENV of the stage and its parents leaves behind."""
    end: State | None = None

    def all(self, *keywords: str) -> list[Instruction]:
        """The stage's instructions with one of these keywords, in order."""
        if len(keywords) == 1:
            return self._by_keyword.get(keywords[0], [])
        return [node for node in self.instructions if node.keyword in keywords]

    @cached_property
    def _by_keyword(self) -> dict[str, list[Instruction]]:
        """Instructions by keyword; asked for only when the whole file has been read."""
        found: dict[str, list[Instruction]] = {}
        for node in self.instructions:
            found.setdefault(node.keyword, []).append(node)
        return found

    def last(self, keyword: str) -> Instruction | None:
        """The stage's last instruction of a kind."""
        return next(reversed(self.all(keyword)), None)

    def effective(self, keyword: str) -> Instruction | None:
        """The last instruction of a kind in the stage or the stages it is built on."""
        own = self.last(keyword)
        return own if own is not None or self.parent is None else self.parent.effective(keyword)

    @property
    def root(self) -> Stage:
        """The stage at the bottom, which has an image as its base."""
        return self if self.parent is None else self.parent.root


class Build:
    """The semantic model of one Dockerfile: `args` are build arguments, `target` the stage to build."""

    def __init__(
        self, dockerfile: Dockerfile, *, args: Values | None = None, target: str | None = None
    ) -> None:
        self.dockerfile = dockerfile
        self.args: Values = args or {}
        self.head: list[Instruction] = []
        """Instructions before the first FROM."""
        self.stages: list[Stage] = []
        self._states: dict[int, State] = {}
        self._stage_of: dict[int, Stage] = {}
        self._scripts: dict[int, tuple[Script, ...]] = {}
        self._commands: dict[int, tuple[Command, ...]] = {}
        self._references: dict[str, list[Reference]] = {}
        self._read()
        self.target = self._target(target)
        self._mark()

    # --- questions --

    def state(self, node: Instruction) -> State:
        """What holds just before an instruction."""
        return self._states[id(node)]

    def stage_of(self, node: Instruction) -> Stage | None:
        """The stage of an instruction; None before the first FROM."""
        return self._stage_of.get(id(node))

    def expand(self, text: str, node: Instruction) -> str | None:
        """Text with variables replaced as the builder does it at this instruction; None if that is not
        known."""
        return expand(text, self.state(node).env, self.dockerfile.escape)

    def references(self, text: str) -> list[Reference]:
        """The variables that a text refers to; the indexes are those in `text`."""
        if "$" not in text:
            return []
        if text not in self._references:
            try:
                found = Lexer(text, {}, escape=self.dockerfile.escape, keep_unset=True).read().references
            except LexError:
                found = []
            self._references[text] = found
        return self._references[text]

    def find_stage(self, name: str, *, before: Stage | None = None) -> Stage | None:
        """The stage that `--from=name` means: the last one of that name, or its number."""
        limit = before.index if before is not None else len(self.stages)
        named = [stage for stage in self.stages[:limit] if stage.name and stage.name == name.lower()]
        if named:
            return named[-1]
        if name.isdecimal() and int(name) < limit:
            return self.stages[int(name)]
        return None

    def source_names(self, node: Instruction) -> Iterator[tuple[str, Word]]:
        """The `from` names of an instruction (COPY --from, RUN --mount=…,from=…) with their places."""
        for flag in node.flags:
            if flag.name == "from" and flag.value:
                yield flag.value, Word(flag.value, flag.value_span)
            elif flag.name == "mount" and flag.value:
                for part in flag.value.split(","):
                    key, _, value = part.partition("=")
                    if key.strip() == "from" and value:
                        yield value, Word(value, flag.value_span)

    @cached_property
    def shipped(self) -> list[Stage]:
        """The stages whose layers are part of the result."""
        return [stage for stage in self.stages if stage.ships]

    def nodes(self) -> Iterator[Instruction]:
        """All instructions; behind an ONBUILD the one it delays."""
        for node in self.dockerfile.instructions:
            yield node
            if isinstance(node, Onbuild) and node.trigger is not None:
                yield node.trigger

    def scripts(self, node: Instruction) -> tuple[Script, ...]:
        """The scripts of RUN, CMD, ENTRYPOINT and HEALTHCHECK in the shell form, and of heredocs that are
        run."""
        if id(node) not in self._scripts:
            self._scripts[id(node)] = tuple(self._make_scripts(node))
        return self._scripts[id(node)]

    def commands(self, node: Instruction) -> tuple[Command, ...]:
        """All commands of an instruction, wrapped and nested ones too."""
        if id(node) not in self._commands:
            if isinstance(node, ShellOrExec) and node.exec is not None and node.keyword != "SHELL":
                found = exec_commands(node, node.exec, self.state(node).env)
            else:
                found = tuple(command for script in self.scripts(node) for command in script.commands)
            self._commands[id(node)] = found
        return self._commands[id(node)]

    def runs(self, stage: Stage) -> Iterator[Command]:
        """The commands of all RUN instructions of a stage, in order."""
        for node in stage.instructions:
            if node.keyword == "RUN":
                yield from self.commands(node)

    # --- scripts --

    def _make_scripts(self, node: Instruction) -> Iterator[Script]:
        if not isinstance(node, ShellOrExec) or node.script is None or node.keyword == "SHELL":
            return
        state = self.state(node)
        if not node.heredocs:
            yield Script(node.script, state.shell, node, state.env)
            return
        if len(node.heredocs) == 1 and node.script.text == node.heredocs[0].word.text:
            body = node.heredocs[0].chomped
            shell = shebang_shell(body.text) or state.shell
            yield Script(body, shell, node, state.env, heredoc=True)
            return
        pieces = list(node.script.pieces())
        for doc in node.heredocs:
            pieces.append(Piece("\n", doc.body.start - 1))
            pieces.extend(doc.content.pieces())
            pieces.append(Piece(self.dockerfile.source.slice(doc.terminator), doc.terminator.start))
        yield Script(Mapped(pieces), state.shell, node, state.env)

    # --- reading --

    def _read(self) -> None:
        reader = _Reader(self)
        for node in self.dockerfile.instructions:
            reader.take(node)
        reader.close()

    def _target(self, name: str | None) -> Stage | None:
        if not self.stages:
            return None
        return (self.find_stage(name) if name else None) or self.stages[-1]

    def _mark(self) -> None:
        stage = self.target
        while stage is not None:
            stage.ships = True
            stage = stage.parent
        waiting = [stage for stage in self.stages if stage.ships]
        while waiting:
            stage = waiting.pop()
            if stage.used:
                continue
            stage.used = True
            waiting.extend(self._needed(stage))

    def _needed(self, stage: Stage) -> Iterator[Stage]:
        if stage.parent is not None:
            yield stage.parent
        for node in stage.instructions:
            inner = node.trigger if isinstance(node, Onbuild) and node.trigger is not None else node
            for name, _ in self.source_names(inner):
                expanded = expand(name, self.state(node).env, self.dockerfile.escape)
                found = self.find_stage(name if expanded is None else expanded, before=stage)
                if found is not None:
                    yield found


class _Reader:
    """One pass over the instructions that keeps the state up to date."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.escape = build.dockerfile.escape
        self.globals: dict[str, str | None] = dict.fromkeys(PLATFORM_ARGS)
        self.globals |= {key: value for key, value in build.args.items() if key in PLATFORM_ARGS}
        self.stage: Stage | None = None
        self.envs: dict[str, str | None] = {}
        self.args: dict[str, str | None] = {}
        self.state = self._state(Shell(("/bin/sh", "-c"), Dialect.SH), None, None)

    def _state(self, shell: Shell, workdir: str | None, user: str | None) -> State:
        env: Values = {**self.args, **self.envs} if self.stage is not None else dict(self.globals)
        return State(env, frozenset(env) - PROXY_ARGS, shell, workdir, user)

    def take(self, node: Instruction) -> None:
        """Note the state before the instruction and apply it."""
        if isinstance(node, From):
            self.close()
            self._note(node, replace(self.state, env=dict(self.globals)))
            self._open(node)
            return
        self._note(node, self.state)
        if self.stage is None:
            self.build.head.append(node)
            if isinstance(node, KeyValue) and node.keyword == "ARG":
                self._global_args(node)
            return
        self.stage.instructions.append(node)
        self._apply(node)

    def close(self) -> None:
        """End the open stage."""
        if self.stage is not None:
            self.stage.end = self.state

    def _note(self, node: Instruction, state: State) -> None:
        for inner in (node, node.trigger if isinstance(node, Onbuild) else None):
            if inner is not None:
                self.build._states[id(inner)] = state
                if self.stage is not None:
                    self.build._stage_of[id(inner)] = self.stage

    def _global_args(self, node: KeyValue) -> None:
        for pair in node.pairs:
            name = pair.key.text
            default = None if pair.value is None else expand(pair.value.text, self.globals, self.escape)
            self.globals[name] = self.build.args.get(name, default)
        self.state = replace(self.state, env=dict(self.globals), declared=frozenset(self.globals))

    def _open(self, node: From) -> None:
        text = node.image.text if node.image is not None else ""
        image = expand(text, self.globals, self.escape)
        parent = self.build.find_stage(image) if image and not image.isdecimal() else None
        base = parse_base(image) if image and parent is None else None
        distro = parent.distro if parent else base.distro if base else _guess(text)
        name = node.alias.text.lower() if node.alias is not None else ""
        stage = Stage(len(self.build.stages), node, name, base, parent, distro)
        self.build.stages.append(stage)
        self.build._stage_of[id(node)] = stage
        self.stage = stage
        self.args = dict.fromkeys(PROXY_ARGS)
        inherited = parent.end if parent is not None else None
        self.envs = dict(parent.envs) if parent is not None else {}
        stage.envs.update(self.envs)
        if inherited is not None:
            self.state = self._state(inherited.shell, inherited.workdir, inherited.user)
        else:
            self.state = self._state(_first_shell(distro), "/" if distro is Distro.SCRATCH else None, None)

    def _apply(self, node: Instruction) -> None:
        shell, workdir, user = self.state.shell, self.state.workdir, self.state.user
        if isinstance(node, KeyValue) and node.keyword in ("ENV", "ARG"):
            self._variables(node)
            if self.stage is not None:
                self.stage.envs.update(self.envs)
        elif isinstance(node, ShellOrExec) and node.keyword == "SHELL" and node.exec:
            distro = self.stage.distro if self.stage is not None else Distro.UNKNOWN
            shell = shell_of([word.text for word in node.exec], default=default_shell(distro))
        elif node.keyword == "WORKDIR" and node.words:
            workdir = _workdir(workdir, expand(node.words[0].text, self.state.env, self.escape))
        elif node.keyword == "USER" and node.words:
            user = expand(node.words[0].text, self.state.env, self.escape)
        else:
            return
        self.state = self._state(shell, workdir, user)

    def _variables(self, node: KeyValue) -> None:
        before = self.state.env
        for pair in node.pairs:
            name = expand(pair.key.text, before, self.escape) or pair.key.text
            if name not in before and len(before) >= MAX_VARIABLES:
                continue
            value = None if pair.value is None else expand(pair.value.text, before, self.escape)
            if node.keyword == "ENV":
                self.envs[name] = value
            else:
                fallback = self.globals.get(name) if pair.value is None else value
                self.args[name] = self.build.args.get(name, fallback)


def _guess(text: str) -> Distro:
    """The family of an image whose name holds variables: `python:$V-alpine` is still Alpine."""
    return parse_base(text.replace("$", "").replace("{", "").replace("}", "")).distro


def _first_shell(distro: Distro) -> Shell:
    dialect = default_shell(distro)
    argv = ("cmd", "/S", "/C") if dialect is Dialect.CMD else ("/bin/sh", "-c")
    return Shell(argv, dialect)


def _workdir(current: str | None, new: str | None) -> str | None:
    if new is None:
        return None
    if new.startswith("/"):
        return posixpath.normpath(new)
    return None if current is None else posixpath.normpath(posixpath.join(current, new))


def expand(text: str, env: Values, escape: str = "\\") -> str | None:
    """Text with variables replaced and quotes removed as the builder does it; None if that is not known."""
    if not any(char in text for char in ("$", "'", '"', escape)):
        return text
    try:
        result = Lexer(text, env, escape=escape).read()
    except (LexError, UnknownValueError):
        return None
    if any(found.name in result.missing and not found.modifier for found in result.references):
        return None  # the base image may set it
    return result.text if len(result.text) <= MAX_VALUE_CHARS else None
