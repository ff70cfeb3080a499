"""What /proc tells, about this process itself."""

import os

import pytest

from jettison.observe import processes
from jettison.observe.stopped import signed

ME = os.getpid()


def test_programs_and_folders_are_those_of_the_kernel(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert processes.executable(ME) == os.readlink(b"/proc/self/exe")
    assert processes.folder(ME, None) == os.fsencode(tmp_path)
    assert processes.root(ME) == b""
    assert processes.group(ME) == ME


def test_descriptors_lead_to_folders_or_nowhere(tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    assert processes.folder(ME, folder) == os.fsencode(tmp_path)
    pipe, other = os.pipe()
    assert processes.folder(ME, pipe) is None
    for descriptor in (folder, pipe, other):
        os.close(descriptor)
    assert processes.folder(ME, folder) is None


def test_nothing_is_found_in_a_folder_that_was_removed(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    folder = os.open(gone, os.O_RDONLY)
    gone.rmdir()
    assert processes.folder(ME, folder) is None
    os.close(folder)


def test_a_folder_may_be_called_deleted(tmp_path):
    odd = tmp_path / "x (deleted)"
    odd.mkdir()
    folder = os.open(odd, os.O_RDONLY)
    assert processes.folder(ME, folder) == os.fsencode(odd)
    os.close(folder)


@pytest.mark.parametrize(
    ("base", "path", "joined"),
    [(b"/", b"x", b"/x"), (b"/a", b"x", b"/a/x"), (b"/a", b"../x", b"/a/../x"), (b"/a", b"", b"/a")],
)
def test_joining_never_interprets(base, path, joined):
    assert processes.join(base, path) == joined


@pytest.mark.parametrize("form", [b"self", b"thread-self", b"%d", b"self/task/%d"])
def test_own_links_are_seen_through(form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    who = form.replace(b"%d", b"%d" % ME)
    assert processes.see_through(ME, b"/proc/%s/cwd/x/y" % who) == os.fsencode(tmp_path) + b"/x/y"
    assert processes.see_through(ME, b"/proc/%s/exe" % who) == processes.executable(ME)


def test_other_paths_of_proc_and_of_other_processes_stay_as_they_are():
    for path in (b"/proc/cpuinfo", b"/proc/self/status", b"/proc/1/cwd/x", b"/proc/self/fdinfo/1"):
        assert processes.see_through(ME, path) == path


@pytest.mark.parametrize(
    ("register", "value"),
    [(3, 3), (0xFFFFFF9C, -100), (0xFFFFFFFFFFFFFF9C, -100), (2**63 + 5, 5), (0x7FFFFFFF, 2**31 - 1)],
)
def test_descriptors_are_signed_numbers_in_half_a_register(register, value):
    assert signed(register) == value


def test_a_thread_that_is_gone_has_no_program():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert processes.executable(pid) == b""
