"""A summary fits a terminal of 24 lines of 80 characters, whatever there is to tell."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Item, archive
from jettison.report.inspection.fit import shares, within

LINES, COLUMNS = 24, 80
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
lists = st.lists(st.integers(0, 40), min_size=1, max_size=6)


@given(lists, st.integers(-5, 100))
def test_rows_are_dealt_out_fairly(wanted, rows):
    dealt = shares(wanted, rows)
    least = [min(want, 2) for want in wanted]
    assert all(low <= got <= want for low, got, want in zip(least, dealt, wanted, strict=True))
    assert sum(dealt) == min(max(rows, sum(least)), sum(wanted))
    short = [got for got, want in zip(dealt, wanted, strict=True) if got < want]
    assert max(dealt, default=0) - min(short, default=99) <= 1


@given(st.lists(st.text(), max_size=20), st.integers(0, 20))
def test_what_is_missing_is_counted(lines, rows):
    shown = within(lines, rows, len(lines), "more")
    assert len(shown) == min(rows, len(lines))
    if 0 < rows < len(lines):
        assert shown[:-1] == lines[: rows - 1]
        assert f"{len(lines) - rows + 1} more" in shown[-1]
    elif rows >= len(lines):
        assert shown == lines


def lines_of(*arguments: str) -> list[str]:
    """What `jettison` leaves on a terminal, line by line."""
    pid, terminal = pty.fork()
    if not pid:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "jettison", *arguments])
    printed = b""
    try:
        while piece := os.read(terminal, 1 << 16):
            printed += piece
    except OSError:
        pass  # the other side has ended
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    text = CONTROL.sub(b"", printed).decode().replace("\r\n", "\n")
    assert os.waitstatus_to_exitcode(status) == 0, text
    return [line.rpartition("\r")[2] for line in text.splitlines()]


@pytest.fixture
def images(tmp_path) -> tuple[str, str]:
    """Two images with much to tell: layers, waste, findings, changes, names that are too long."""
    long = "x" * 120
    rows = [
        [Item("var/lib/apt/lists/all", b"x" * 90_000), Item("usr/share/doc/a/b", b"x" * 50_000)],
        [Item("root/.cache/pip/http/a", b"x" * 70_000), Item("root/.npm/_cacache/b", b"x" * 60_000)],
        [Item("app/.git/objects/c", b"x" * 40_000), Item("app/__pycache__/d.pyc", b"x" * 30_000)],
        *([Item(f"{long}/{number}", b"%d" % number * 9_000)] for number in range(12)),
        [Item("etc/passwd", b"root::0:0::/root:/bin/sh\nx::0:0::/:/bin/sh\n"), Item("bin/su", mode=0o4755)],
        [Item("app/key.pem", b"-----BEGIN RSA PRIVATE KEY-----\n" + b"QUJD" * 60 + b"\n"), Item("tmp/a")],
    ]
    config = {"Cmd": [long], "Env": [f"{name}={long}" for name in "ABCDEFGH"]}
    folders = [tmp_path / name for name in ("before" * 12, "after" * 12)]
    for folder in folders:
        folder.mkdir()
    return archive(folders[0], rows[:2], config={}), archive(folders[1], rows, config=config)


def test_an_inspection_fits_one_screen(images):
    lines = lines_of("inspect", "--quiet", images[1])
    assert len(lines) <= LINES - 2  # the progress is above it, the prompt below
    assert max(map(len, lines)) <= COLUMNS
    text = "\n".join(lines)
    for option in ("--layers", "--waste", "--security", "--packages", "--history"):
        assert option in lines[-1]
    assert re.search(r"\d+ smaller layers: --layers", text)
    assert re.search(r"\d+ more findings: --security", text)


def test_a_comparison_fits_one_screen(images):
    lines = lines_of("diff", "--quiet", *images)
    assert len(lines) <= LINES - 3
    assert max(map(len, lines)) <= COLUMNS
    assert "--all" in lines[-1]
    assert re.search(r"\d+ more paths", "\n".join(lines))
