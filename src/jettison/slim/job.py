"""`slim`: observe, decide, write, verify, heal, publish."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jettison
from jettison.errors import UsageError
from jettison.image.model import image_id
from jettison.image.platform import check_runs_here
from jettison.keep.plan import KeepPlan, decide, heal
from jettison.layers.path import encode_path
from jettison.layers.stream import Compression
from jettison.layers.tree import FileTree
from jettison.limits import HEAL_ROUNDS
from jettison.observe.evidence import Evidence
from jettison.observe.merge import merge
from jettison.packages.inventory import Inventory, inventory
from jettison.sandbox.journal import Journal
from jettison.slim.baseline import Baseline, evidence_of, identify, observe_twice, scene_of
from jettison.slim.candidate import Candidate, try_candidate, write_candidate
from jettison.slim.describe import described, original_size
from jettison.slim.outputs import default_output, keeps_compressed, refuse_taken
from jettison.slim.plan import Job
from jettison.slim.progress import Progress, Silent
from jettison.slim.result import PublishedImage, SlimReport, Verification
from jettison.stores.publish import publish
from jettison.verify.compare import Difference, compare
from jettison.verify.noise import Noise, learn
from jettison.verify.replay import Observation


@dataclass(frozen=True)
class Slimmed:
    """What a job made: the report, the evidence it was decided from, and what is in the image."""

    report: SlimReport
    evidence: Evidence
    candidate: Candidate


class _Stopwatch:
    """Passes stages on, and notes how long each took."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        with self._progress.stage(name):
            yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start


def slim(job: Job, journal: Journal, progress: Progress | None = None) -> Slimmed:
    """Do `job`. The image is published only if the candidate verified, or if `job.force` is set.

    Raises the errors of `jettison.errors`: ApplicationError when the original itself does not work under
    the workload, HostError, RefusedError, RemoteError, UsageError. A candidate that does not verify is no
    error: see the report.
    """
    watch = _Stopwatch(progress or Silent())
    outputs = job.outputs or (default_output(job.image.reference),)
    if not job.force:
        refuse_taken(outputs, job.image.reference)
    check_runs_here(job.image.config)
    with watch.stage("read"):
        scene, tree = scene_of(job.image, job.overrides, job.drive)
    with watch.stage("observe"):
        baseline = observe_twice(scene, journal, observed=not job.evidence)
        evidence = _evidence(job, tree, baseline)
    with watch.stage("decide"):
        packages = inventory(tree)
        wanted = job.wanted
        plan = decide(
            tree,
            evidence,
            job.image.config,
            policy=wanted.policy,
            shell=wanted.shell,
            include=wanted.include,
            exclude=wanted.exclude,
        )
    with journal.temporary() as folder:
        trial = _Trial(job, tree, packages, plan, baseline, journal, folder, outputs)
        verification = trial.run(watch)
        report = SlimReport(
            image=identify(job.image),
            policy=wanted.policy,
            version=jettison.__version__,
            original=original_size(job.image, tree),
            verification=verification,
            warnings=list(plan.warnings),
        )
        described(report, tree, plan, trial.candidate, evidence)
        if verification.passed or job.force:
            with watch.stage("publish"):
                report.published = [_published(trial.candidate, output, job) for output in outputs]
        report.seconds = {name: round(seconds, 3) for name, seconds in watch.seconds.items()}
        return Slimmed(report, evidence, trial.candidate)


def _evidence(job: Job, tree: FileTree, baseline: Baseline) -> Evidence:
    """What is decided from: the recorded observations if there are any, else what was just seen."""
    if not job.evidence:
        return evidence_of(job.image, tree, baseline.scene, baseline.runs)
    first, *others = job.evidence
    for each in job.evidence:
        if each.image.config_digest != str(image_id(job.image)):
            raise UsageError(
                f"the evidence is of {each.image.reference} ({each.image.config_digest[:19]}), another image",
                hint="observe this image, or give the evidence that belongs to it",
            )
        if not each.complete:
            raise UsageError(
                "the evidence is incomplete; nothing may be decided from it", hint="observe again"
            )
    for other in others:
        first = merge(first, other)
    return first


def _published(candidate: Candidate, output: str, job: Job) -> PublishedImage:
    done = publish(candidate.image, output, replace=True, source=job.image.reference)
    return PublishedImage(done.reference, str(done.digest))


class _Trial:
    """Candidates, until one answers as the original does or no miss is left to mend."""

    def __init__(
        self,
        job: Job,
        tree: FileTree,
        packages: Inventory,
        plan: KeepPlan,
        baseline: Baseline,
        journal: Journal,
        folder: Path,
        outputs: Sequence[str],
    ) -> None:
        self._job = job
        self._tree = tree
        self._packages = packages
        self._plan = plan
        self._scene = baseline.scene
        self._journal = journal
        self._folder = folder
        self._expected = baseline.runs[0].driven.responses
        self._noise: Noise = learn(self._expected, baseline.runs[1].driven.responses)
        self._compression = job.compression if any(map(keeps_compressed, outputs)) else Compression.NONE
        self.candidate: Candidate

    def run(self, watch: _Stopwatch) -> Verification:
        """Write, try, heal, and in the end once more without the tracer."""
        result = Verification(steps=len(self._expected), unstable=sorted(self._noise.unstable))
        for number in range(1, HEAL_ROUNDS + 1):
            result.rounds = number
            with watch.stage("write"):
                self.candidate = self._write(number)
            with watch.stage("verify"):
                seen, missed = self._try(observed=True)
                result.differences = self._compare(seen)
            missed = [path for path in missed if path not in self._plan]
            if not missed or not heal(self._plan, missed):
                break
            result.healed += [encode_path(b"/" + path) for path in missed]
        if not result.differences:
            with watch.stage("verify"):
                seen, _ = self._try(observed=False)
                result.differences = self._compare(seen)
        result.passed = not result.differences
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
        )

    def _try(self, *, observed: bool) -> tuple[Observation, list[bytes]]:
        return try_candidate(self.candidate, self._scene, self._journal, self._tree, observed=observed)

    def _compare(self, seen: Observation) -> list[Difference]:
        return compare(self._expected, seen.driven.responses, self._noise)
