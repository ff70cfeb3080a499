"""The original: what it needs, how it answers, and how much its answers differ by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jettison.errors import ApplicationError, HostError, UsageError
from jettison.image.model import Image, image_id
from jettison.image.platform import check_runs_here
from jettison.layers.tree import FileTree
from jettison.observe.build import build_evidence
from jettison.observe.evidence import Evidence, ImageIdentity
from jettison.observe.merge import merge
from jettison.sandbox.journal import Journal
from jettison.sandbox.rootfs import layer_folders
from jettison.sandbox.spec import Overrides, run_spec
from jettison.slim.plan import Drive
from jettison.slim.progress import Progress, Silent
from jettison.verify.replay import Observation, Scene, replay
from jettison.workload.judge import require_started, require_working
from jettison.workload.steps import Healthcheck, Workload, parse_workload

SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Two runs of the original."""

    scene: Scene
    """How it is replayed: with everything fixed that the first run discovered."""
    runs: tuple[Observation, Observation]


def scene_of(image: Image, overrides: Overrides, drive: Drive) -> tuple[Scene, FileTree]:
    """How `image` is run, and its file system. Raises RefusedError, UsageError, ApplicationError."""
    tree = FileTree.of(image)
    spec = run_spec(image.config, tree, overrides)
    return Scene(folders=layer_folders(image), spec=spec, workload=workload_of(image, tree, drive)), tree


def observe_once(
    image: Image, overrides: Overrides, drive: Drive, journal: Journal, progress: Progress | None = None
) -> Evidence:
    """The evidence of one observed run. Raises ApplicationError when the application fails under the
    workload."""
    progress = progress or Silent()
    check_runs_here(image.config)
    with progress.stage("read"):
        scene, tree = scene_of(image, overrides, drive)
    with progress.stage("observe"):
        run = replay(scene, journal, observed=True)
        require_working(run.driven)
        return evidence_of(image, tree, scene, [run])


def workload_of(image: Image, tree: FileTree, drive: Drive) -> Workload:
    """The workload that `drive` and the image's config describe. Raises UsageError."""
    run = image.config.config
    return parse_workload(
        http=drive.http,
        crawl=drive.crawl,
        openapi=drive.openapi,
        exec=drive.exec,
        host_exec=drive.host_exec,
        timeout=drive.timeout,
        exposed=run.exposed_ports,
        healthcheck=_healthcheck(image),
        shell=_shell(run.shell or SHELL, tree),
    )


def observe_twice(scene: Scene, journal: Journal, *, observed: bool) -> Baseline:
    """Run the original twice under the workload; the second run repeats what the first one discovered.

    Raises ApplicationError when the application does not start, or fails the same step both times.
    """
    first = replay(scene, journal, observed=observed)
    require_started(first.driven)
    again = _repeated(scene, first)
    second = replay(again, journal, observed=observed)
    require_working(first.driven, second.driven)
    return Baseline(scene=again, runs=(first, second))


def _repeated(scene: Scene, first: Observation) -> Scene:
    """The same run again; who ignored the stop signal once is not waited for a second time."""
    spec = replace(scene.spec, stop_timeout=0.0) if first.lifecycle.killed else scene.spec
    return replace(scene, spec=spec, workload=scene.workload.replaying(first.driven))


def evidence_of(image: Image, tree: FileTree, scene: Scene, runs: Sequence[Observation]) -> Evidence:
    """The union of what observed `runs` showed. Raises HostError when an event may have been lost."""
    out: Evidence | None = None
    for number, run in enumerate(runs, 1):
        if run.trace is None:
            continue
        if not run.trace.complete:
            raise HostError(
                f"the observation is incomplete, so nothing can be decided from it: {run.trace.reason}",
                hint="run it again; if it happens again, exercise less at a time",
            )
        part = build_evidence(
            run.trace,
            tree,
            identity=identify(image),
            run_id=str(number),
            command=scene.spec.argv,
            changed=run.changed,
            resources=run.resources,
            lifecycle=run.lifecycle,
            responses=run.driven.responses,
            cpu=run.cpu,
            outside=[mount.destination for mount in scene.spec.mounts],
        )
        out = part if out is None else merge(out, part)
    if out is None:
        raise ApplicationError("there was no observed run")
    return out


def merged_evidence(image: Image, recorded: Sequence[Evidence]) -> Evidence:
    """The union of `recorded` observations of `image`, at least one. Raises UsageError when one is of another
    image or incomplete."""
    first, *others = recorded
    for each in recorded:
        if each.image.config_digest != str(image_id(image)):
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


def identify(image: Image) -> ImageIdentity:
    """Which image evidence and reports speak of."""
    digest = image.manifest_digest
    return ImageIdentity(
        reference=image.reference,
        config_digest=str(image_id(image)),
        platform=image.config.platform,
        manifest_digest=None if digest is None else str(digest),
    )


def _shell(shell: tuple[str, ...], tree: FileTree) -> tuple[str, ...] | None:
    """The image's SHELL, if the image has it."""
    return shell if tree.resolve(shell[0].encode()).node is not None else None


def _healthcheck(image: Image) -> Healthcheck | None:
    check = image.config.config.healthcheck
    if check is None or not check.test or check.test[0] == "NONE":
        return None
    return Healthcheck(
        test=check.test, timeout=(check.timeout_ns or 30_000_000_000) / 1e9, retries=check.retries or 3
    )
