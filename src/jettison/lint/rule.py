"""What a rule is: a class whose docstring is its documentation, and methods that are called for what it
asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from jettison.lint.build import Build
from jettison.lint.fix import Applicability, Fix
from jettison.lint.parser import parse
from jettison.lint.source import Span

if TYPE_CHECKING:
    from jettison.lint.build import Stage
    from jettison.lint.command import Command
    from jettison.lint.config import Settings
    from jettison.lint.context import BuildContext
    from jettison.lint.packages import Action
    from jettison.lint.source import Source
    from jettison.lint.suppress import Ignore
    from jettison.lint.syntax import Dockerfile, Instruction


class Severity(IntEnum):
    """How bad a finding is; the order is that of a threshold."""

    STYLE = 1
    INFO = 2
    WARNING = 3
    ERROR = 4

    @property
    def label(self) -> str:
        """The name in lower case."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found, at its place."""

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    """What is wrong and what follows from it, in one sentence without a full stop."""
    fix: Fix | None = None
    url: str = ""
    """Documentation that is not ours (ShellCheck's wiki)."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule can look at. The file is parsed when it is asked for something; that raises
    `RecursionError` for one that is nested too deeply."""

    source: Source
    """The text."""
    settings: Settings
    path: str = "Dockerfile"
    folder: BuildContext | None = None
    """The build context with its ignore file; None when the file came from standard input."""
    scratch: dict[str, object] = field(default_factory=dict)
    """Results that rules of one family share for one file."""

    @cached_property
    def build(self) -> Build:
        """The semantic model."""
        return Build(parse(self.source), args=self.settings.build_args, target=self.settings.target)

    @property
    def dockerfile(self) -> Dockerfile:
        """The syntax tree."""
        return self.build.dockerfile

    def ships(self, node: Instruction) -> bool:
        """Whether the layer of an instruction is part of the result."""
        stage = self.build.stage_of(node)
        return stage is not None and stage.ships


class Rule:
    """Base of all rules. A rule has no state; it overrides one or more of the methods below.

    The docstring of a rule is its documentation, in Markdown with the sections `What it does`, `Why is
    this bad?`, `Example`, `Use instead`, `When to ignore`, optionally `Fix safety`, and `Sources`. Both
    code blocks are tests.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    """What one says after "allow": the pattern, not the cure."""
    severity: ClassVar[Severity] = Severity.WARNING
    aliases: ClassVar[tuple[str, ...]] = ()
    """The names under which other tools know it."""
    shellcheck: ClassVar[tuple[str, ...]] = ()
    """How codes of ShellCheck start that say the same at the same place; those findings are left out."""
    fixable: ClassVar[Applicability | None] = None
    """The best applicability of its fixes; None if it has none."""
    preview: ClassVar[bool] = False
    """Only run with `--preview`, until it has proven itself."""
    optional: ClassVar[bool] = False
    """Only run when it is selected by name: a policy that not everybody shares."""

    keywords: ClassVar[frozenset[str]] = frozenset()
    """Instructions that `instruction` wants to see; all if empty."""
    programs: ClassVar[frozenset[str]] = frozenset()
    """Programs that `command` wants to see; all if empty."""
    managers: ClassVar[frozenset[str]] = frozenset()
    """Package managers that `action` wants to see; all if empty."""

    def file(self, context: Context) -> Iterable[Finding]:
        """Look at the whole file."""
        raise NotImplementedError

    def stage(self, stage: Stage, context: Context) -> Iterable[Finding]:
        """Look at one stage."""
        raise NotImplementedError

    def instruction(self, node: Instruction, context: Context) -> Iterable[Finding]:
        """Look at one instruction; that inside ONBUILD comes by itself behind the ONBUILD."""
        raise NotImplementedError

    def command(self, command: Command, context: Context) -> Iterable[Finding]:
        """Look at one command of RUN."""
        raise NotImplementedError

    def action(self, action: Action, context: Context) -> Iterable[Finding]:
        """Look at one request to a package manager."""
        raise NotImplementedError

    def ignores(self, found: Sequence[Ignore], ran: frozenset[str], context: Context) -> Iterable[Finding]:
        """Look at the ignore comments when all other findings are known; `ran` are the codes that ran."""
        raise NotImplementedError

    def at(
        self, span: Span, message: str, *, fix: Fix | None = None, severity: Severity | None = None
    ) -> Finding:
        """A finding of this rule."""
        return Finding(self.code, self.name, severity or self.severity, span, message, fix)
