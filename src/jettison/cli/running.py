"""From option values to what the library takes, for the commands that run an image."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jettison.cli.options import RunOptions
from jettison.errors import HostError, UsageError
from jettison.limits import STOP_TIMEOUT_S
from jettison.linux.namespaces import has_one_id
from jettison.observe.evidence import Evidence
from jettison.observe.files import load
from jettison.report.terminal import Progress
from jettison.sandbox.journal import Journal
from jettison.sandbox.network import Network, parse_network
from jettison.sandbox.rootless import ONE_ID, become_root
from jettison.sandbox.spec import Mount, Overrides, parse_mount
from jettison.slim.plan import Drive

if TYPE_CHECKING:
    from jettison.sandbox.compose import Services


def overrides(options: RunOptions) -> Overrides:
    """How the application is run otherwise than its image says. Raises UsageError."""
    return Overrides(
        env=options.env,
        env_file=options.env_file,
        user=options.user,
        entrypoint=None if options.entrypoint is None else _words("--entrypoint", options.entrypoint),
        cmd=None if options.cmd is None else _words("--cmd", options.cmd),
        mounts=tuple(parse_mount(text) for text in options.mount),
        network=Network() if options.network is None else parse_network(options.network),
        stop_timeout=STOP_TIMEOUT_S if options.stop_timeout is None else _positive(options.stop_timeout),
    )


@contextmanager
def dependencies(options: RunOptions, own: Journal, progress: Progress) -> Iterator[Overrides]:
    """As `overrides`, with the service of `--compose` under what the options say, and its dependencies up for
    each run."""
    wanted = overrides(options)
    if options.compose is None or options.service is None:
        if options.compose is not None or options.service is not None:
            raise UsageError("--compose and --service belong together")
        yield wanted
        return
    if options.network is not None:
        raise UsageError("--network cannot be chosen beside --compose, which has networks of its own")
    from jettison.sandbox.compose import services  # few need it

    with services(options.compose, options.service, own) as beside:
        if beside.service.ignored:
            progress.note(f"not applied to the sandbox: {', '.join(beside.service.ignored)}")
        yield _as_service(wanted, beside, options)


def _as_service(wanted: Overrides, beside: Services, options: RunOptions) -> Overrides:
    """`wanted` where it says something, else as the service is run."""
    service = beside.service
    grace = service.stop_timeout if options.stop_timeout is None else None
    return replace(
        wanted,
        env=(*service.env, *wanted.env),
        entrypoint=service.entrypoint if wanted.entrypoint is None else wanted.entrypoint,
        cmd=service.command if wanted.cmd is None else wanted.cmd,
        user=service.user if wanted.user is None else wanted.user,
        working_dir=service.working_dir,
        mounts=(*_uncovered(service.mounts, wanted.mounts), *wanted.mounts),
        fresh_network=beside.fresh,
        stop_timeout=wanted.stop_timeout if grace is None else grace,
    )


def _uncovered(under: Iterable[Mount], over: Iterable[Mount]) -> list[Mount]:
    covered = {mount.destination for mount in over}
    return [mount for mount in under if mount.destination not in covered]


def drive(options: RunOptions) -> Drive:
    """How the application is exercised."""
    return Drive(
        http=options.http,
        crawl=options.crawl,
        openapi=options.openapi,
        exec=options.exec_,
        host_exec=options.host_exec,
        timeout=options.timeout,
    )


def read_evidence(paths: Iterable[Path]) -> tuple[Evidence, ...]:
    """The evidence documents of `--evidence`; a report folder stands for the one in it."""
    return tuple(load(path / "evidence.json" if path.is_dir() else path) for path in paths)


@contextmanager
def journal(progress: Progress) -> Iterator[Journal]:
    """This process's journal, after what an earlier one left behind was undone.

    Without root the program starts anew here, as root of a user namespace.
    """
    become_root()
    if has_one_id():
        progress.note(ONE_ID)
    with Journal() as own:
        undone = own.sweep()
        if undone:
            progress.note(f"cleaned up {len(undone)} things that an earlier run left behind")
        yield own


def report_folder(path: Path | None) -> Path | None:
    """The folder of `--report`, made before any work, so that a bad path costs no time. Raises HostError."""
    if path is not None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HostError(f"cannot write the report in {path}: {error.strerror}") from error
    return path


def _words(option: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}") from error


def _positive(seconds: float) -> float:
    if seconds < 0:
        raise UsageError("--stop-timeout cannot be negative")
    return seconds
