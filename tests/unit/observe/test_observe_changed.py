"""The upper folder of an overlay."""

import os

import pytest

from jettison.errors import LimitError
from jettison.observe import changed as module
from jettison.observe.changed import Changed, changed


def test_files_folders_and_links_are_written(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    (tmp_path / "a/link").symlink_to("/outside")
    (tmp_path / os.fsdecode(b"\xff")).touch()
    written = frozenset({b"a", b"a/b", b"a/b/file", b"a/link", b"\xff"})
    owners = dict.fromkeys(written, (os.geteuid(), os.getegid()))
    assert changed(tmp_path) == Changed(written, frozenset(), {b"a/b/file": 0, b"\xff": 0}, owners)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_whiteout_is_a_removed_path(tmp_path):
    os.mknod(tmp_path / "gone", 0o20000, os.makedev(0, 0))
    os.mknod(tmp_path / "null", 0o20666, os.makedev(1, 3))
    assert changed(tmp_path) == Changed(frozenset({b"null"}), frozenset({b"gone"}), {}, {b"null": (0, 0)})


def test_a_flood_of_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_CLOSURE_FILES", 3)
    for number in range(5):
        (tmp_path / str(number)).touch()
    with pytest.raises(LimitError):
        changed(tmp_path)
