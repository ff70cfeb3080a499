"""From what the evidence asks for to what the application is proven to run under.

Everything is tried at once. If the application fails, everything is loosened and then tightened again, one
setting after the other, so that what stays loose is a smallest set in this order of trying; each loosened
setting is then given back in the smallest step that works (one capability, the system calls of one run, a
copy of the image's files in a volume).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from jettison.errors import ApplicationError
from jettison.harden.bench import Attempt, Bench
from jettison.harden.model import (
    Capability,
    Decision,
    Medium,
    Relaxation,
    RunAs,
    Settings,
    Storage,
)
from jettison.harden.seccomp import widened, without_no_new_privileges
from jettison.sandbox.spec import CAPABILITIES

Capabilities = Callable[[RunAs], tuple[Capability, ...]]
_SECOND_LOOKS: Final = 2
"""How often a failure is asked again before it counts: an application may fail by chance."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One setting that can be loose or tight."""

    what: str
    loosen: Callable[[Settings], Settings]
    tighten: Callable[[Settings], Iterator[Settings]]
    """From loose, what to try, the tightest first."""


def settle(
    bench: Bench, wanted: Settings, users: Sequence[RunAs], capabilities_of: Capabilities
) -> tuple[Settings, list[Relaxation]]:
    """The tightest settings found under which the application answers as the original does, and what had to
    be given up from `wanted`, whose storage belongs to whom the image says.

    `users` are whom to try, best first, the original's last; `capabilities_of` says which capabilities each
    of them used. Raises ApplicationError when it fails although
    nothing is enforced.
    """
    best = structs.replace(wanted, storage=_owned(wanted.storage, wanted.run_as))
    if bench.attempt(best).passed or _again(bench, best):
        return best, []
    choices = _choices(bench, wanted, users, capabilities_of)
    settings = wanted
    for choice in choices:
        settings = choice.loosen(settings)
    loose = bench.attempt(settings)
    if not loose.passed and not _again(bench, settings):
        raise ApplicationError(
            "the application does not answer the same in a further run, with nothing enforced: "
            + "; ".join(f"{each.step}: {each.what}" for each in loose.differences[:3]),
            hint="give a workload whose answers do not depend on earlier runs",
        )
    relaxed: list[Relaxation] = []
    for choice in choices:
        settings, given_up = _tightened(bench, settings, choice)
        relaxed += given_up
    return settings, relaxed


def _tightened(bench: Bench, settings: Settings, choice: Choice) -> tuple[Settings, list[Relaxation]]:
    """`settings` with `choice` as tight as it goes."""
    failed: Attempt | None = None
    for number, tight in enumerate(choice.tighten(settings)):
        attempt = bench.attempt(tight)
        if attempt.passed:
            if not number or failed is None:
                return tight, []
            return tight, [Relaxation(choice.what, _told(choice.what, tight), failed.differences[:5])]
        failed = failed or attempt
    if failed is None:  # nothing to tighten
        return settings, []
    return settings, [Relaxation(choice.what, _told(choice.what, settings), failed.differences[:5])]


def _again(bench: Bench, settings: Settings) -> bool:
    return any(bench.attempt(settings).passed for _ in range(_SECOND_LOOKS - 1))


def _choices(
    bench: Bench, wanted: Settings, users: Sequence[RunAs], capabilities_of: Capabilities
) -> tuple[Choice, ...]:
    root = users[-1]
    every = tuple(Capability(name, "not observed; the engine's default") for name in CAPABILITIES)

    def capabilities(settings: Settings) -> Iterator[Settings]:
        yield structs.replace(settings, capabilities=capabilities_of(settings.run_as))
        kept = settings.capabilities
        for each in settings.capabilities:  # one after the other is dropped, if that works
            fewer = tuple(other for other in kept if other is not each)
            attempt = bench.attempt(structs.replace(settings, capabilities=fewer))
            kept = fewer if attempt.passed else kept
        yield structs.replace(settings, capabilities=kept)

    def seccomp(settings: Settings) -> Iterator[Settings]:
        if wanted.seccomp is None:
            return
        first = wanted.seccomp
        if not settings.no_new_privileges.on:
            first = without_no_new_privileges(first)
        yield structs.replace(settings, seccomp=first)
        run = bench.attempt(settings, observed=True).run
        calls = run.trace.tally.syscalls if run is not None and run.trace is not None else None
        if calls:
            more = widened(first, calls)
            yield structs.replace(settings, seccomp=more)
            yield structs.replace(settings, seccomp=structs.replace(more, families=None, namespaces=True))

    def read_only(settings: Settings) -> Iterator[Settings]:
        tight = structs.replace(
            settings, read_only_root=wanted.read_only_root, storage=_owned(wanted.storage, settings.run_as)
        )
        yield tight
        yield structs.replace(tight, storage=tuple(map(_seeded, tight.storage)))

    def run_as(settings: Settings) -> Iterator[Settings]:
        for user in users:
            if not user.root:
                yield structs.replace(settings, run_as=user, storage=given_to(user, settings))

    def given_to(user: RunAs, settings: Settings) -> tuple[Storage, ...]:
        """The storage of `settings`, for another user."""
        image = {each.path: each for each in wanted.storage}
        back = (
            structs.replace(
                each, uid=image[each.path].uid, gid=image[each.path].gid, mode=image[each.path].mode
            )
            for each in settings.storage
        )
        return _owned(tuple(back), user)

    def no_new_privileges(settings: Settings) -> Iterator[Settings]:
        yield structs.replace(settings, no_new_privileges=wanted.no_new_privileges)

    off = Decision(False, "the application fails with it")
    return (
        Choice(
            what="read-only root",
            loosen=lambda s: structs.replace(s, read_only_root=off, storage=_data(s.storage, s.run_as)),
            tighten=read_only,
        ),
        Choice(
            what="user",
            loosen=lambda s: structs.replace(s, run_as=root, storage=given_to(root, s)),
            tighten=run_as,
        ),
        Choice(
            what="capabilities",
            loosen=lambda s: structs.replace(s, capabilities=every),
            tighten=capabilities,
        ),
        Choice(
            what="no new privileges",
            loosen=lambda s: structs.replace(s, no_new_privileges=off),
            tighten=no_new_privileges,
        ),
        Choice(what="seccomp", loosen=lambda s: structs.replace(s, seccomp=None), tighten=seccomp),
    )


def _data(storage: Sequence[Storage], user: RunAs) -> tuple[Storage, ...]:
    """Only what must be mounted although the root file system is writable."""
    return _owned([each for each in storage if each.medium is Medium.VOLUME], user)


def _seeded(storage: Storage) -> Storage:
    return structs.replace(storage, seeded=True, medium=Medium.VOLUME)


def _owned(storage: Sequence[Storage], user: RunAs) -> tuple[Storage, ...]:
    return tuple(_own(each, user) for each in storage)


def _own(storage: Storage, user: RunAs) -> Storage:
    """`storage` as `user` needs it: its own, unless everybody may write there."""
    if user.root or storage.mode & 0o002:
        return storage
    return structs.replace(storage, uid=user.uid, gid=user.gid, mode=storage.mode | 0o700)


def _told(what: str, settings: Settings) -> str:
    match what:
        case "capabilities":
            return "needs " + (", ".join(each.name for each in settings.capabilities) or "none after all")
        case "user":
            return f"runs as {settings.run_as.uid}:{settings.run_as.gid}"
        case "seccomp" if settings.seccomp is not None:
            return f"{len(settings.seccomp.names)} system calls, with those of one more run"
        case "read-only root" if settings.read_only_root.on:
            return "its folders start as a copy of the image's"
        case _:
            return "not enforced"
