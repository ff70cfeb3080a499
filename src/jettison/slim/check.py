"""`verify`: the same workload on two given images."""

from __future__ import annotations

from dataclasses import replace

from jettison.errors import ApplicationError
from jettison.image.model import Image
from jettison.image.platform import check_runs_here
from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import observe_twice, scene_of
from jettison.slim.plan import Drive
from jettison.slim.progress import Progress, Silent
from jettison.slim.result import Verification
from jettison.verify.compare import compare
from jettison.verify.noise import learn
from jettison.verify.replay import not_started, replay


def verify(
    original: Image,
    candidate: Image,
    overrides: Overrides,
    drive: Drive,
    journal: Journal,
    progress: Progress | None = None,
) -> Verification:
    """What `candidate` answers otherwise than `original` under the same workload, beyond the original's own
    noise.

    The candidate runs as its own config says. Raises ApplicationError when the original does not work.
    """
    progress = progress or Silent()
    for image in (original, candidate):
        check_runs_here(image.config)
    with progress.stage("read"):
        scene, _ = scene_of(original, overrides, drive)
        other, _ = scene_of(candidate, overrides, drive)
    with progress.stage("observe"):
        baseline = observe_twice(scene, journal, observed=False)
    with progress.stage("verify"):
        first, second = (run.driven.responses for run in baseline.runs)
        noise = learn(first, second)
        grace = baseline.scene.spec.stop_timeout
        again = replace(baseline.scene, folders=other.folders, spec=replace(other.spec, stop_timeout=grace))
        try:
            found = compare(first, replay(again, journal, observed=False).driven.responses, noise)
        except ApplicationError as error:
            found = [not_started(error)]
    return Verification(
        passed=not found, rounds=1, steps=len(first), unstable=sorted(noise.unstable), differences=found
    )
