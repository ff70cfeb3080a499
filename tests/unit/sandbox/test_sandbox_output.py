"""The last bytes of what a process prints."""

import os
import threading
from collections.abc import Iterator

import pytest

from jettison.sandbox.output import Output, Tail


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    "pieces", [[b"abc"], [b"abcdefgh"], [b"abcdefgh", b"i"], [b"ab", b"cdefgh", b"ijkl"], [b"x" * 30, b"end"]]
)
def test_a_tail_keeps_the_last_bytes_in_order(pipe: tuple[int, int], pieces: list[bytes]) -> None:
    tail = Tail(8)
    for piece in pieces:
        os.write(pipe[1], piece)
        left = len(piece)
        while left:
            left -= tail.read_from(pipe[0])
    whole = b"".join(pieces)
    assert tail.bytes() == whole[-8:]
    assert tail.total == len(whole)
    assert tail.dropped == max(0, len(whole) - 8)


def test_a_flood_never_makes_the_writer_wait_for_long() -> None:
    output = Output()
    writers = tuple(os.dup(fd) for fd in output.writers)
    output.start()
    piece = b"flood\n" * 10_000
    for _ in range(500):
        view = memoryview(piece)
        while view:
            view = view[os.write(writers[0], view) :]
    os.write(writers[1], b"and an error")
    for fd in writers:
        os.close(fd)
    output.finish(10)
    assert output.stdout.endswith(b"flood\n")
    assert output.dropped[0] + len(output.stdout) == 500 * len(piece)
    assert output.stderr == b"and an error"
    output.close()


def test_closing_does_not_wait_for_a_writer_that_stays() -> None:
    output = Output()
    kept = os.dup(output.writers[0])
    output.start()
    os.write(kept, b"half")
    output.finish(0.05)
    output.close()
    assert output.stdout == b"half"
    with pytest.raises(BrokenPipeError):
        os.write(kept, b"x")
    os.close(kept)


def test_an_output_that_was_never_started_gives_everything_back() -> None:
    before = len(os.listdir("/proc/self/fd"))
    Output().close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "output"]
