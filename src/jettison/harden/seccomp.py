"""Which system calls stay allowed: those that were seen, and the closure that a runtime needs.

A list of exactly the observed calls breaks: another C library, kernel or machine takes another of several
calls for the same purpose, and a thread that meets a full buffer or a signal asks what the observed run did
not. So the list is closed in three documented steps, none of which adds a call that reaches outside the
process's own files, memory, threads and sockets:

* `ESSENTIAL`: what every program with a C library may do at any moment (memory, threads, signals, clocks).
* `SIBLINGS`: calls of one purpose; one seen allows all (`open` and `openat`, `epoll_wait` and `epoll_pwait`).
* `FAMILIES`: who was seen to do a part of something may do the whole of it (who makes folders may rename
  them; who accepts connections may shut them down).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import structs

from jettison.harden.emit.seccomp import NEW_NAMESPACE
from jettison.harden.model import Seccomp
from jettison.linux.runtimes import KERNEL_CALLS, VDSO_CALLS, runtime_calls
from jettison.observe.evidence import Evidence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ESSENTIAL: Final = _words(
    """
    brk mmap munmap mprotect mremap madvise
    read write readv writev pread64 pwrite64 pwritev lseek close fcntl ioctl
    openat newfstatat fstat statx getdents64 access readlink getcwd
    poll ppoll select pselect6
    futex set_robust_list set_tid_address rseq sched_yield sched_getaffinity clone clone3
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall tgkill
    getpid getppid gettid getuid geteuid getgid getegid
    clock_gettime clock_nanosleep nanosleep gettimeofday
    getrandom uname prlimit64 arch_prctl prctl execve wait4 exit exit_group dup dup2 pipe2 kill
    vfork
    """
)
SIBLINGS: Final = tuple(
    _words(line)
    for line in """
    open openat
    stat lstat fstat
    readlink readlinkat
    epoll_wait epoll_pwait
    sendmsg sendmmsg
    rename renameat2
    unlink unlinkat
    chmod fchmod
    wait4 waitid
    """.strip().splitlines()
)
_FAMILIES: Final = (
    ("epoll_create epoll_create1", "epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2"),
    (
        "socket",
        "connect getsockopt setsockopt getsockname getpeername sendto recvfrom sendmsg recvmsg shutdown"
        " socketpair",
    ),
    ("listen", "bind accept4"),
    (
        "mkdir mkdirat rename renameat renameat2 unlink unlinkat ftruncate",
        "mkdir rmdir unlink rename ftruncate fsync chmod chown",
    ),
)
FAMILIES: Final = tuple((_words(trigger), _words(family)) for trigger, family in _FAMILIES)
"""One of the first seen allows all of the second."""
_INIT: Final = _words("rt_sigtimedwait setpgid signalfd4 epoll_create1 epoll_ctl epoll_wait")
"""What the small first processes of engines call (Docker's tini, Podman's catatonit)."""
NETLINK: Final = 16
"""AF_NETLINK: C libraries ask the kernel for the host's addresses with it."""
USUAL_FAMILIES: Final = (1, 2, 10, NETLINK)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (socket(2))."""


def closure(used: Iterable[str]) -> frozenset[str]:
    """`used` with all that the rules of this module add to it."""
    names = frozenset(used)
    for trigger, family in FAMILIES:
        if names & trigger:
            names |= family
    for group in SIBLINGS:
        if names & group:
            names |= group
    return names | ESSENTIAL | KERNEL_CALLS | VDSO_CALLS | runtime_calls(no_new_privileges=True)


def allow(evidence: Evidence) -> Seccomp:
    """The list for what `evidence` saw."""
    asked = evidence.arguments or {}
    families = {family for family, *_ in asked.get("socket", ())}
    flags = {flags for name in ("clone", "clone3", "unshare") for flags, *_ in asked.get(name, ())}
    return _profile(
        evidence.syscalls or (),
        families=tuple(sorted(families.union(USUAL_FAMILIES))),
        namespaces=any(each & NEW_NAMESPACE for each in flags),
    )


def widened(profile: Seccomp, calls: Iterable[str]) -> Seccomp:
    """`profile` with `calls` that another run made."""
    return _profile({*profile.used, *calls}, families=profile.families, namespaces=profile.namespaces)


def without_no_new_privileges(profile: Seccomp) -> Seccomp:
    """`profile` for a container that may gain privileges: there the runtime loads it earlier."""
    more = runtime_calls(no_new_privileges=False)
    return structs.replace(profile, names=tuple(sorted({*profile.names, *more})))


def with_init(profile: Seccomp) -> Seccomp:
    """`profile` for a container whose engine puts a first process of its own before the application."""
    return structs.replace(profile, names=tuple(sorted(_INIT.union(profile.names))))


def _profile(used: Iterable[str], *, families: tuple[int, ...] | None, namespaces: bool) -> Seccomp:
    seen = tuple(sorted(used))
    names = tuple(sorted(closure(seen)))
    return Seccomp(
        names=names,
        used=seen,
        because=f"{len(seen)} system calls observed, {len(names) - len(seen)} that go with them",
        families=families,
        namespaces=namespaces,
    )
