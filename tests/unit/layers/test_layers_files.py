"""Files that appear complete or not at all; the cache folder."""

import fcntl
import io
import os
import resource
import signal

import pytest

from jettison.cache import cache_folder
from jettison.errors import HostError, LimitError, UsageError
from jettison.layers import files
from jettison.layers.files import (
    Handle,
    locked_folder,
    new_file,
    spool,
    sweep_folders,
    temporary_folder,
)


@pytest.fixture(params=["unnamed", "named"])
def way(request, monkeypatch):
    """Both ways to write: with O_TMPFILE, and where a file system does not know it."""
    if request.param == "named":
        real = os.open

        def refuse(path, flags, *rest, **named):
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(95, "Operation not supported")
            return real(path, flags, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)
    return request.param


def test_a_file_appears_at_the_end_of_the_block(tmp_path, way):
    with new_file(tmp_path / "f") as stream:
        stream.write(b"data")
        assert not (tmp_path / "f").exists()
    assert (tmp_path / "f").read_bytes() == b"data"
    assert os.listdir(tmp_path) == ["f"]


def test_nothing_appears_and_nothing_is_left_after_an_error(tmp_path, way):
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "f") as stream:
        stream.write(b"data" * (1 // 0))
    assert os.listdir(tmp_path) == []


def test_a_file_is_replaced_in_one_step_or_kept(tmp_path, way):
    (tmp_path / "f").write_bytes(b"old")
    with pytest.raises(UsageError, match="exists"), new_file(tmp_path / "f", replace=False) as stream:
        stream.write(b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    with new_file(tmp_path / "f") as stream:
        stream.write(b"new")
        assert (tmp_path / "f").read_bytes() == b"old"
    assert (tmp_path / "f").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["f"]


def test_a_new_file_has_the_mode_that_the_umask_allows(tmp_path):
    before = os.umask(0o027)
    try:
        with new_file(tmp_path / "f"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o640


def test_a_full_disk_is_a_host_error_that_says_what_to_do(tmp_path, way):
    """A limit on the size of files stands for it: it fails in the middle of a write, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(HostError, match="cannot write"), new_file(tmp_path / "f") as stream:
            stream.write(bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("code", [28, 122, 30, 13])
def test_errors_of_the_host_come_with_a_remedy(code):
    error = files.host_error(OSError(code, os.strerror(code)), "cannot write x")
    assert os.strerror(code) in str(error)
    assert error.hint


def test_a_temporary_folder_is_gone_afterwards_unless_it_was_renamed(tmp_path):
    with temporary_folder(tmp_path, ".t-") as path:
        (path / "a").write_bytes(b"1")
    assert os.listdir(tmp_path) == []
    with temporary_folder(tmp_path, ".t-") as path:
        path.rename(tmp_path / "kept")
    assert os.listdir(tmp_path) == ["kept"]


def test_only_folders_of_dead_processes_are_swept(tmp_path):
    (tmp_path / ".t-dead").mkdir()
    (tmp_path / "other").mkdir()
    with temporary_folder(tmp_path, ".t-") as path:
        sweep_folders(tmp_path, ".t-")
        assert path.exists()
    assert os.listdir(tmp_path) == ["other"]


def test_a_locked_folder_is_held(tmp_path):
    with locked_folder(tmp_path):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)


def test_a_spooled_stream_can_be_read_anywhere():
    handle = spool(io.BytesIO(b"0123456789"), 10, "it")
    assert os.pread(handle.fileno(), 4, 5) == b"5678"


def test_a_stream_over_the_limit_is_not_spooled():
    with pytest.raises(LimitError):
        spool(io.BytesIO(b"0123456789"), 9, "it")


def test_a_handle_is_closed_with_its_last_user():
    descriptor = os.memfd_create("x")
    handle = Handle(descriptor)
    assert handle.fileno() == descriptor
    del handle
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(descriptor)


def test_the_cache_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = cache_folder("entries")
    assert folder == tmp_path / "jettison/entries"
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    folder.parent.chmod(0o777)
    assert cache_folder("entries") is None


def test_a_cache_that_cannot_be_made_is_none(tmp_path, monkeypatch):
    (tmp_path / "jettison").write_bytes(b"in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("entries") is None


def test_a_relative_cache_home_is_ignored(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("entries") == tmp_path / ".cache/jettison/entries"
