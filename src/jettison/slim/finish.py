"""Everything after the observation: decide, write, verify, heal, publish, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jettison
from jettison.keep.facts import Facts, default_folder
from jettison.keep.plan import KeepPlan, decide
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Evidence
from jettison.packages.inventory import Inventory, inventory
from jettison.sandbox.journal import Journal
from jettison.slim.baseline import Baseline, identify
from jettison.slim.candidate import Candidate
from jettison.slim.describe import described, original_size
from jettison.slim.plan import Job
from jettison.slim.result import PublishedImage, SlimReport
from jettison.slim.stopwatch import Stopwatch
from jettison.slim.trial import Trial
from jettison.stores.publish import publish

__all__ = ["Slimmed", "finish", "inventory"]


@dataclass(frozen=True)
class Slimmed:
    """What a job made: the report, the evidence it was decided from, and the last candidate."""

    report: SlimReport
    evidence: Evidence
    candidate: Candidate


def finish(
    job: Job,
    outputs: Sequence[str],
    tree: FileTree,
    packages: Inventory,
    baseline: Baseline,
    evidence: Evidence,
    journal: Journal,
    watch: Stopwatch,
) -> Slimmed:
    """Make and try the image of `job`, and publish it to `outputs` if it verified or `job.force` is set."""
    with watch.stage("decide"):
        plan = _decided(job, tree, evidence, packages)
    with journal.temporary() as folder:
        trial = Trial(job, outputs, tree, packages, plan, baseline, journal, folder)
        verification = trial.run(watch)
        report = SlimReport(
            image=identify(job.image),
            policy=job.wanted.policy,
            version=jettison.__version__,
            original=original_size(job.image, tree),
            verification=verification,
            warnings=[*_thin(baseline), *plan.warnings],
        )
        described(report, tree, plan, trial.candidate, evidence)
        if verification.passed or job.force:
            with watch.stage("publish"):
                report.published = [_published(trial.candidate, output, job) for output in outputs]
        report.seconds = {name: round(seconds, 3) for name, seconds in watch.seconds.items()}
        return Slimmed(report, evidence, trial.candidate)


def _decided(job: Job, tree: FileTree, evidence: Evidence, packages: Inventory) -> KeepPlan:
    wanted = job.wanted
    facts = Facts(job.image.config.diff_ids, default_folder())
    plan = decide(
        tree,
        evidence,
        job.image.config,
        policy=wanted.policy,
        shell=wanted.shell,
        include=wanted.include,
        exclude=wanted.exclude,
        inventory=packages,
        facts=facts,
    )
    facts.save()
    return plan


def _thin(baseline: Baseline) -> list[str]:
    """A replay proves what it asks for, and a start alone asks for little."""
    if not baseline.runs[0].driven.unexercised:
        return []
    return ["only the start was compared: add --host-exec, --exec or --http for a proof worth the name"]


def _published(candidate: Candidate, output: str, job: Job) -> PublishedImage:
    done = publish(candidate.image, output, replace=True, source=job.image.reference)
    return PublishedImage(done.reference, str(done.digest))
