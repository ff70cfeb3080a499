"""`slim`: observe, decide, write, verify, heal, publish."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from jettison.image.platform import check_runs_here
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Evidence
from jettison.sandbox.journal import Journal
from jettison.slim.baseline import Baseline, evidence_of, merged_evidence, observe_twice, scene_of
from jettison.slim.outputs import default_output, refuse_taken
from jettison.slim.plan import Job
from jettison.slim.progress import Progress, Silent
from jettison.slim.stopwatch import Stopwatch
from jettison.stores.bare import destination

if TYPE_CHECKING:
    from jettison.packages.inventory import Inventory
    from jettison.slim.finish import Slimmed


def slim(job: Job, journal: Journal, progress: Progress | None = None) -> Slimmed:
    """Do `job`. The image is published only if the candidate verified, or if `job.force` is set.

    Raises the errors of `jettison.errors`: ApplicationError when the original itself does not work under the
    workload, HostError, RefusedError, RemoteError, UsageError. A candidate that does not verify is no error:
    see the report.
    """
    watch = Stopwatch(progress or Silent())
    source = job.image.reference
    outputs = tuple(destination(text, source) for text in job.outputs or (default_output(source),))
    if not job.force:
        refuse_taken(outputs, source)
    check_runs_here(job.image.config)
    with watch.stage("read"):
        scene, tree = scene_of(job.image, job.overrides, job.drive)
    with ThreadPoolExecutor(1, "meanwhile") as pool:
        ahead = pool.submit(_prepare, tree)
        with watch.stage("observe"):
            baseline = observe_twice(scene, journal, observed=not job.evidence)
            evidence = _evidence(job, tree, baseline)
        from jettison.slim.finish import finish  # loaded by `_prepare`

        return finish(job, outputs, tree, ahead.result(), baseline, evidence, journal, watch)


def _prepare(tree: FileTree) -> Inventory:
    """What only later stages need: their modules, and the package databases. Done while the application
    starts, which is mostly waiting."""
    from jettison.slim.finish import inventory

    return inventory(tree)


def _evidence(job: Job, tree: FileTree, baseline: Baseline) -> Evidence:
    """What is decided from: the recorded observations if there are any, else what was just seen."""
    if job.evidence:
        return merged_evidence(job.image, job.evidence)
    return evidence_of(job.image, tree, baseline.scene, baseline.runs)
