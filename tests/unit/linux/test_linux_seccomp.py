"""Notifications of a child under a filter of one call, without any container."""

import ctypes
import errno
import os
import socket
import struct

import pytest

from jettison.linux import seccomp

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter has x86-64 numbers")

GETPRIORITY = 140
LIBC = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install() -> int:
    """Make getpriority(2) of this process wait for the listener that is returned."""
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, GETPRIORITY), (6, 0, 0, 0x7FC00000), (6, 0, 0, 0x7FFF0000)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    LIBC.prctl(38, 1, 0, 0, 0)
    return LIBC.syscall(317, 1, 8, ctypes.byref(Program(len(steps), ctypes.addressof(buffer))))


@pytest.fixture
def waiting():
    """A listener, and the process that has a call waiting there."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        listener = install()
        socket.send_fds(theirs, [b"x"], [listener])
        os.close(listener)
        os._exit(os.getpriority(os.PRIO_PROCESS, 0) + 7)
    with ours, theirs:
        _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    yield listener, pid
    os.close(listener)


def test_a_call_waits_until_it_is_let_through(waiting):
    listener, pid = waiting
    note = seccomp.receive(listener)
    assert struct.unpack_from("<8xI4xI", note) == (pid, GETPRIORITY)
    assert seccomp.is_valid(listener, note[:8])
    seccomp.let_through(listener, note[:8])
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_a_killed_caller_is_not_valid_any_more_and_cannot_be_answered(waiting):
    listener, pid = waiting
    note = seccomp.receive(listener)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert not seccomp.is_valid(listener, note[:8])
    with pytest.raises(FileNotFoundError):
        seccomp.let_through(listener, note[:8])


def test_a_call_can_be_answered_once_only(waiting):
    listener, pid = waiting
    note = seccomp.receive(listener)
    seccomp.let_through(listener, note[:8])
    with pytest.raises(OSError) as again:
        seccomp.let_through(listener, note[:8])
    assert again.value.errno in (errno.ENOENT, errno.EINPROGRESS)
    os.waitpid(pid, 0)


def test_kernel_and_machine_are_found_able():
    assert seccomp.available()


def test_synchronous_waking_can_be_asked_for(waiting):
    listener, pid = waiting
    newer = tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (6, 6)
    assert seccomp.wake_synchronously(listener) == newer
    seccomp.let_through(listener, seccomp.receive(listener)[:8])
    os.waitpid(pid, 0)
