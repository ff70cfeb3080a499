"""Candidates, until one answers as the original does or nothing is left to mend."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jettison.errors import ApplicationError
from jettison.keep.plan import KeepPlan, heal
from jettison.layers.path import encode_path
from jettison.layers.stream import Compression
from jettison.layers.tree import FileTree
from jettison.limits import HEAL_ROUNDS
from jettison.packages.inventory import Inventory
from jettison.sandbox.journal import Journal
from jettison.slim.baseline import Baseline
from jettison.slim.candidate import Candidate, try_candidate, write_candidate
from jettison.slim.outputs import keeps_compressed
from jettison.slim.plan import Job
from jettison.slim.result import Verification
from jettison.slim.stopwatch import Stopwatch
from jettison.verify.compare import Difference, compare
from jettison.verify.noise import Noise, learn
from jettison.verify.replay import not_started, replay
from jettison.workload.responses import Response


class Trial:
    """Writes candidates of a plan into a folder and tries them."""

    def __init__(
        self,
        job: Job,
        outputs: Sequence[str],
        tree: FileTree,
        packages: Inventory,
        plan: KeepPlan,
        baseline: Baseline,
        journal: Journal,
        folder: Path,
    ) -> None:
        self._job = job
        self._tree = tree
        self._packages = packages
        self._plan = plan
        self._scene = baseline.scene
        self._journal = journal
        self._folder = folder
        self._runs = [run.driven.responses for run in baseline.runs]
        self._noise: Noise = learn(*self._runs)
        self._compression = job.compression if any(map(keeps_compressed, outputs)) else Compression.NONE
        self.candidate: Candidate

    def run(self, watch: Stopwatch) -> Verification:
        """Write, try, heal, and in the end once more without the tracer."""
        result = Verification(steps=len(self._runs[0]))
        for number in range(1, HEAL_ROUNDS + 1):
            result.rounds = number
            with watch.stage("write"):
                self.candidate = self._write(number)
            with watch.stage("verify"):
                result.differences, missed = self._try(observed=True)
            missed = [path for path in missed if path not in self._plan]
            if not missed or not heal(self._plan, missed):
                break
            result.healed += [encode_path(b"/" + path) for path in missed]
        if not result.differences:
            with watch.stage("verify"):
                result.differences, _ = self._try(observed=False)
        result.passed = not result.differences
        result.unstable = sorted(self._noise.unstable)
        return result

    def _write(self, number: int) -> Candidate:
        folder = self._folder / str(number)
        folder.mkdir()
        return write_candidate(
            self._job.image,
            self._tree,
            self._packages,
            self._plan,
            folder,
            compression=self._compression,
            split=self._job.split,
        )

    def _try(self, *, observed: bool) -> tuple[list[Difference], list[bytes]]:
        """What the candidate answers otherwise, and what it looked up in vain."""
        try:
            seen, missed = try_candidate(
                self.candidate, self._scene, self._journal, self._tree, observed=observed
            )
        except ApplicationError as error:
            return [not_started(error)], []
        differences = self._compared(seen.driven.responses)
        if differences and not missed and self._know_the_original_better():
            differences = self._compared(seen.driven.responses)
        return differences, missed

    def _compared(self, responses: Sequence[Response]) -> list[Difference]:
        return compare(self._runs[0], responses, self._noise)

    def _know_the_original_better(self) -> bool:
        """Run the original a third time, once: two runs may agree by chance in what varies (milliseconds, the
        order of two lines). Whether there is more to compare with."""
        if len(self._runs) > 2:
            return False
        try:
            self._runs.append(replay(self._scene, self._journal, observed=False).driven.responses)
        except ApplicationError:
            return False
        self._noise = learn(*self._runs)
        return True
