"""One run of an image under a workload: the only place where sandbox, observer and workload meet."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from jettison.errors import ApplicationError
from jettison.linux.process import pid_namespace, zombies
from jettison.observe.changed import Changed, changed
from jettison.observe.evidence import Lifecycle, Phase, Resources
from jettison.observe.meter import Meter
from jettison.observe.observer import Observer
from jettison.observe.trace import Trace
from jettison.sandbox.journal import Journal
from jettison.sandbox.rootfs import mounted
from jettison.sandbox.sandbox import StopResult, sandbox
from jettison.sandbox.spec import RunSpec
from jettison.verify.compare import Difference
from jettison.workload.drive import Driven, drive
from jettison.workload.steps import Workload


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is needed to run an image again and again. Change one with `dataclasses.replace`."""

    folders: Sequence[Path]
    """Layer folders, base first."""
    spec: RunSpec
    workload: Workload


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one run showed."""

    driven: Driven
    lifecycle: Lifecycle
    resources: Resources
    cpu: dict[Phase, float]
    """CPU seconds used in each phase."""
    changed: Changed
    """What it created, changed and removed in its root file system."""
    out_of_memory: bool = False
    """Whether the kernel killed a process of it for want of memory."""
    trace: Trace | None = None
    """None when it ran without the observer."""


def replay(scene: Scene, journal: Journal, *, observed: bool) -> Observation:
    """Start the image, drive it through the workload, stop it; nothing of the run is left.

    Raises what starting it raises (ApplicationError when its command cannot be executed, HostError); what
    goes wrong later is part of the responses.
    """
    with ExitStack() as stack:
        work = stack.enter_context(journal.temporary())
        observer = stack.enter_context(Observer(work)) if observed else None
        spec = scene.spec.for_run()
        if observer is not None:
            spec = replace(spec, seccomp=observer.seccomp)
        root = stack.enter_context(
            mounted(scene.folders, workdir=work, journal=journal, mountpoints=spec.mountpoints)
        )
        with sandbox(spec, root, journal=journal, workdir=work) as box:
            with Meter(box) as meter:
                marks = (meter.mark,) if observer is None else (meter.mark, observer.mark)
                driven = drive(scene.workload, box, partial(_mark, marks))
                left = zombies(pid_namespace(box.pid))
                _mark(marks, Phase.STOP, "stop")
                stopped = box.stop()
            starved = box.out_of_memory()
        return Observation(
            driven=driven,
            lifecycle=_lifecycle(spec, driven, stopped, zombies=left),
            resources=meter.resources,
            cpu=meter.cpu,
            changed=changed(root.upper),
            out_of_memory=starved,
            trace=None if observer is None else observer.finish(),
        )


def not_started(error: ApplicationError) -> Difference:
    """A candidate whose program cannot even be executed: for the original that is an error, here it is the
    result."""
    return Difference("start", "error", "started", str(error))


def _mark(marks: Sequence[Callable[[Phase, str], None]], phase: Phase, step: str) -> None:
    """Tell everybody who watches."""
    for mark in marks:
        mark(phase, step)


def _lifecycle(spec: RunSpec, driven: Driven, stopped: StopResult, *, zombies: int) -> Lifecycle:
    names = {member.value: member.name for member in signal.Signals}
    return Lifecycle(
        ready_seconds=driven.ready_seconds,
        stop_signal=names.get(spec.stop_signal, str(spec.stop_signal)),
        stop_seconds=None if driven.batch else stopped.seconds,
        exit_code=stopped.exit.code,
        killed=stopped.killed,
        zombies=zombies,
    )
