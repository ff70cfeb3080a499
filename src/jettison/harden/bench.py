"""Tries settings: the workload under all of them at once, against what the original answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Final

from jettison.errors import ApplicationError
from jettison.harden.enforce import make_volumes, under
from jettison.harden.model import Probe, Seccomp, Settings
from jettison.layers.tree import FileTree
from jettison.sandbox.journal import Journal
from jettison.slim.baseline import Baseline
from jettison.verify.compare import Difference, compare
from jettison.verify.noise import learn
from jettison.verify.replay import Observation, Scene, not_started, replay
from jettison.workload.drive import drive
from jettison.workload.responses import Kind, Response
from jettison.workload.steps import Healthcheck
from jettison.workload.target import Target

_CHECK_S: Final = 10.0
"""How long a health check may take; engines are told 5 s."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """How the application did under some settings."""

    differences: tuple[Difference, ...]
    seconds: float
    run: Observation | None = None
    """None when it could not even be started."""

    @property
    def passed(self) -> bool:
        """Whether it answered as the original does, and nothing of it was killed for want of memory."""
        return not self.differences and self.run is not None and not self.run.out_of_memory


class Bench:
    """One application, and what it answers when nothing is enforced."""

    def __init__(
        self,
        tree: FileTree,
        baseline: Baseline,
        journal: Journal,
        section: Callable[[Seccomp], Mapping[str, Any]],
    ) -> None:
        """`section` gives the OCI form of a seccomp profile."""
        self.tree = tree
        self.baseline = baseline
        self.journal = journal
        self._section = section
        runs = [run.driven.responses for run in baseline.runs]
        self._noise = learn(*runs)
        self._first = runs[0]
        self._asks = False
        """Whether it runs a health check that the original has not."""

    def attempt(self, settings: Settings, *, observed: bool = False) -> Attempt:
        """The workload under `settings`, with new volumes. While it is `observed`, seccomp is the
        observer's."""
        begin = time.monotonic()
        with self.enforced(settings) as scene:
            try:
                run = replay(scene, self.journal, observed=observed)
            except ApplicationError as error:
                return Attempt(differences=(not_started(error),), seconds=time.monotonic() - begin)
        found = self._compared(run.driven.responses)
        return Attempt(differences=found, seconds=time.monotonic() - begin, run=run)

    @contextmanager
    def enforced(self, settings: Settings) -> Iterator[Scene]:
        """The scene under `settings`, on new volumes that are there until the end."""
        seccomp = None if settings.seccomp is None else self._section(settings.seccomp)
        with self.journal.temporary() as folder:
            make_volumes(self.tree, settings, folder)
            yield under(self.baseline.scene, settings, folder, seccomp=seccomp)

    def drive(self, target: Target) -> tuple[Difference, ...]:
        """What a container that somebody else started answers otherwise."""
        driven = drive(self.baseline.scene.workload, target, lambda _phase, _step: None)
        return self._compared(driven.responses)

    @property
    def steps(self) -> int:
        """Steps of the workload."""
        return len(self._first)

    def asking(self, check: Probe) -> Bench:
        """A bench that also runs the command `check` inside, which has to pass."""
        known = self.baseline.scene.workload.healthcheck
        if known is not None or check.kind != "exec":
            return self
        asked = Healthcheck(test=("CMD", *check.command), timeout=_CHECK_S)
        scene = self.baseline.scene
        workload = replace(scene.workload, healthcheck=asked)
        other = copy(self)
        other.baseline = replace(self.baseline, scene=replace(scene, workload=workload))
        other._asks = True
        return other

    def _compared(self, responses: Sequence[Response]) -> tuple[Difference, ...]:
        asked = [each for each in responses if self._asks and each.kind is Kind.HEALTHCHECK]
        failed = [each for each in asked if each.exit_code != 0]
        rest = [each for each in responses if each not in asked]
        found = [Difference(each.step, "exit code", "0", str(each.exit_code)) for each in failed]
        return (*compare(self._first, rest, self._noise), *found)
