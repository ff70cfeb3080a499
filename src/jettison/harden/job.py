"""`harden`: observe once, decide everything, prove all of it at once, write it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import jettison
from jettison.harden import engines
from jettison.harden.bench import Bench
from jettison.harden.decide import decide
from jettison.harden.emit.files import emit
from jettison.harden.emit.seccomp import section
from jettison.harden.grades import grades
from jettison.harden.model import HardenReport, Proof
from jettison.harden.names import service_name
from jettison.harden.recorded import Decided, record, recorded
from jettison.image.model import Image
from jettison.image.platform import check_runs_here
from jettison.observe.evidence import Evidence
from jettison.observe.files import encode
from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import evidence_of, merged_evidence, observe_twice, scene_of
from jettison.slim.plan import Drive
from jettison.slim.progress import Progress, Silent


@dataclass(frozen=True, kw_only=True)
class Job:
    """One `jettison harden`."""

    image: Image
    overrides: Overrides = field(default_factory=Overrides)
    drive: Drive = field(default_factory=Drive)
    evidence: tuple[Evidence, ...] = ()
    """Recorded observations to decide from; empty: observe now."""
    name: str = ""
    """Of the service; empty: after the image."""


@dataclass(frozen=True, kw_only=True)
class Hardened:
    """What came of a job."""

    report: HardenReport
    files: Mapping[str, bytes]
    """Profiles, manifests and the evidence, by file name."""


def harden(job: Job, journal: Journal, progress: Progress | None = None) -> Hardened:
    """Do `job`: decide from the evidence what production may enforce, and run the application under it.

    Raises the errors of `jettison.errors`: ApplicationError when the original does not work under the
    workload, HostError, RefusedError, RemoteError, UsageError. That a proof failed is no error: see the
    report.
    """
    progress = progress or Silent()
    check_runs_here(job.image.config)
    with progress.stage("read"):
        scene, tree = scene_of(job.image, job.overrides, job.drive)
    with progress.stage("observe"):
        baseline = observe_twice(scene, journal, observed=not job.evidence)
        evidence = (
            merged_evidence(job.image, job.evidence)
            if job.evidence
            else evidence_of(job.image, tree, baseline.scene, baseline.runs)
        )
    config = job.image.config
    compatible = bool(evidence.compat_syscalls)
    bench = Bench(
        tree, baseline, journal, partial(section, architecture=config.architecture, compatible=compatible)
    )
    situation = _situation(job)
    decided = recorded(evidence, situation)
    if decided is None:
        with progress.stage("try"):
            decided = decide(
                job.image, job.overrides, job.name or service_name(job.image.reference), bench, evidence
            )
    written = partial(emit, evidence=evidence, config=config, tree=tree, compatible=compatible)
    with progress.stage("prove"):
        proofs = (_in_sandbox(bench, decided), *engines.prove(written, decided.deployment, bench))
    evidence = record(evidence, situation, decided)
    report = HardenReport(
        image=evidence.image,
        version=jettison.__version__,
        deployment=decided.deployment,
        relaxed=decided.relaxed,
        proofs=proofs,
        grades=grades(decided.deployment, decided.relaxed, proofs),
        warnings=decided.warnings,
    )
    files = written(decided.deployment, proofs=proofs, relaxed=decided.relaxed)
    return Hardened(
        report=report,
        files={name: text.encode() for name, text in files.items()} | {"evidence.json": encode(evidence)},
    )


def _in_sandbox(bench: Bench, decided: Decided) -> Proof:
    """The workload once more, with what stands in the manifests."""
    settings = decided.deployment.settings
    attempt = bench.attempt(settings)
    if not attempt.passed:
        attempt = bench.attempt(settings)  # an application may fail by chance
    enforced = {
        "seccomp": settings.seccomp is not None,
        "capabilities": True,
        "no new privileges": settings.no_new_privileges.on,
        f"user {settings.run_as.uid}": not settings.run_as.root,
        "read-only root": settings.read_only_root.on,
        "memory limit": settings.memory_bytes is not None,
        "process limit": True,
    }
    return Proof(
        where="sandbox",
        passed=attempt.passed,
        enforced=tuple(name for name, on in enforced.items() if on),
        not_enforced=("AppArmor profile: needs a kernel with AppArmor", "NetworkPolicy: needs a cluster"),
        steps=bench.steps,
        detail="; ".join(f"{each.step}: {each.what}" for each in attempt.differences[:3]),
    )


def _situation(job: Job) -> str:
    """What else, beside the observations, the decision follows from."""
    wishes = replace(job.overrides, env=(), env_file=())  # values of the environment stay out of files
    names = sorted(each.partition("=")[0] for each in job.overrides.env)
    return repr((wishes, names, job.drive, job.name, job.image.reference, jettison.__version__))
