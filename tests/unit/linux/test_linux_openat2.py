"""Paths that somebody else made do not lead out of a folder."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jettison.linux.openat2 import Resolve, open_in_root, openat2


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    top = tmp_path / "root"
    (top / "a/b").mkdir(parents=True)
    (top / "etc").mkdir()
    (top / "etc/passwd").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    (top / "absolute").symlink_to("/etc/passwd")
    (top / "up").symlink_to("../../../../../../../../etc/passwd")
    (top / "a/b/relative").symlink_to("../../etc/passwd")
    (top / "magic").symlink_to("/proc/self/exe")
    (top / "loop").symlink_to("loop")
    fd = os.open(top, os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(
    "path",
    [b"etc/passwd", b"/etc/passwd", b"absolute", b"up", b"a/b/relative", b"../../etc/passwd", b"a/../../up"],
)
def test_every_way_ends_inside(root: int, path: bytes) -> None:
    with os.fdopen(open_in_root(root, path, os.O_RDONLY)) as file:
        assert file.read() == "inside"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (b"../secret", errno.ENOENT),
        (b"none", errno.ENOENT),
        (b"loop", errno.ELOOP),
        (b"etc/passwd/x", errno.ENOTDIR),
    ],
)
def test_what_is_not_inside_is_not_there(root: int, path: bytes, code: int) -> None:
    with pytest.raises(OSError) as caught:
        open_in_root(root, path, os.O_RDONLY)
    assert caught.value.errno == code
    assert caught.value.filename == os.fsdecode(path)


def test_magic_links_are_refused() -> None:
    top = os.open("/", os.O_PATH | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError) as caught:
            open_in_root(top, b"proc/self/exe", os.O_RDONLY)
        assert caught.value.errno == errno.ELOOP
    finally:
        os.close(top)


def test_descriptors_are_not_inherited(root: int) -> None:
    fd = open_in_root(root, b"etc", os.O_PATH)
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_file_can_be_made_beneath(root: int) -> None:
    fd = openat2(root, b"new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, resolve=Resolve.BENEATH, mode=0o640)
    assert os.fstat(fd).st_mode & 0o777 == 0o640
    os.close(fd)
    with pytest.raises(OSError) as caught:
        openat2(root, b"../secret", os.O_RDONLY, resolve=Resolve.BENEATH)
    assert caught.value.errno == errno.EXDEV
