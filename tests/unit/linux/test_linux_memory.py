"""Reading another process's memory."""

import ctypes
import mmap
import os

import pytest

from jettison.linux.memory import CHUNK, open_memory, read, read_string


@pytest.fixture
def own():
    memory = open_memory(os.getpid())
    yield memory
    os.close(memory)


def address_of(buffer) -> int:
    return ctypes.addressof(buffer)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 4096])
def test_a_string_is_read_to_its_end_whatever_its_length(own, length):
    buffer = ctypes.create_string_buffer(b"x" * length)
    assert read_string(own, address_of(buffer), 4096) == b"x" * length


def test_a_string_over_the_limit_is_none(own):
    buffer = ctypes.create_string_buffer(b"x" * 4097)
    assert read_string(own, address_of(buffer), 4096) is None


def test_a_string_may_end_where_the_mapping_ends_but_must_end(own):
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    page = mmap.PAGESIZE
    start = libc.mmap(None, 2 * page, 3, 0x22, -1, 0)  # readable, writable; private, anonymous
    libc.munmap(ctypes.c_void_p(start + page), ctypes.c_size_t(page))
    ctypes.memmove(start + page - 4, b"end\0", 4)
    assert read_string(own, start + page - 4, 4096) == b"end"
    ctypes.memmove(start + page - 4, b"open", 4)
    assert read_string(own, start + page - 4, 4096) is None
    libc.munmap(ctypes.c_void_p(start), ctypes.c_size_t(page))


@pytest.mark.parametrize("address", [0, 1, 2**47, 2**63, 2**64 - 1])
def test_a_bad_address_has_nothing(own, address):
    assert read(own, address, 16) == b""
    assert read_string(own, address, 4096) is None


def test_memory_of_a_process_that_is_gone_is_told_from_a_bad_address():
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(theirs)
        os.read(ours, 1)
        os._exit(0)
    memory = open_memory(pid)
    os.close(ours)
    os.close(theirs)
    os.waitpid(pid, 0)
    with pytest.raises(ProcessLookupError):
        read(memory, 4096, 1)
    os.close(memory)
