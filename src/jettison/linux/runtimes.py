"""System calls that a seccomp profile has to allow although the application does not make them itself.

An OCI runtime loads the filter in the container's first process, and that process is still the runtime's own
until it executes the application: what it calls in between must pass. With `no_new_privileges` it loads the
filter last; without, it has to load it before it gives up capabilities and changes the user. runc puts the
filter on all threads of its Go runtime (SECCOMP_FILTER_FLAG_TSYNC), which go on beside.

Measured with strace over runc 1.1.5 (as Docker 20.10 runs it) and crun 1.8.1, as root and not, and added:
what the Go runtime calls now and then (`src/runtime/sys_linux_*.s`), and what younger versions call at that
place (`close_range`, and `prlimit64`, by which Go gives the limit of open files back).
"""

from __future__ import annotations

from typing import Final

_EXECUTING: Final = frozenset(
    [
        "close",
        "close_range",
        "epoll_ctl",
        "execve",
        "exit",
        "exit_group",
        "fcntl",
        "fstat",
        "fstatfs",
        "futex",
        "getdents64",
        "getpid",
        "ioctl",
        "newfstatat",
        "openat",
        "prlimit64",
        "read",
        "write",
    ]
)
"""From the filter to execve with `no_new_privileges`."""
_GO: Final = frozenset(
    [
        "clone",
        "epoll_pwait",
        "gettid",
        "madvise",
        "mmap",
        "munmap",
        "nanosleep",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigreturn",
        "sched_yield",
        "sigaltstack",
        "tgkill",
    ]
)
"""The Go runtime of runc, in threads beside."""
_GIVING_UP: Final = frozenset(
    [
        "capget",
        "capset",
        "chdir",
        "faccessat2",
        "fchown",
        "getcwd",
        "getppid",
        "prctl",
        "pselect6",
        "setgid",
        "setgroups",
        "setresgid",
        "setresuid",
        "setuid",
    ]
)
"""What comes in addition without `no_new_privileges`."""

KERNEL_CALLS: Final = frozenset(["exit", "exit_group", "restart_syscall", "rt_sigreturn"])
"""Calls that the kernel makes for a process, or that end it: any run may come to them."""

VDSO_CALLS: Final = frozenset(["clock_getres", "clock_gettime", "getcpu", "gettimeofday", "time"])
"""Calls that a process answers itself (vdso(7)), unless the machine's clock does not allow that: another host
may see them where this one did not."""


def runtime_calls(*, no_new_privileges: bool) -> frozenset[str]:
    """What the runtime calls between loading the filter and executing the application."""
    always = _EXECUTING | _GO
    return always if no_new_privileges else always | _GIVING_UP
