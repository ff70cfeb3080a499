"""The journal: what stands in it is undone, by its owner or by whoever comes next."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jettison.errors import HostError
from jettison.sandbox.journal import Journal
from jettison.sandbox.records import Folder

DIES = """
import os, signal, sys
from pathlib import Path
from jettison.sandbox.journal import Journal
journal = Journal(Path(sys.argv[1]))
with journal.temporary(Path(sys.argv[2])) as folder:
    (folder / "upper/deep").mkdir(parents=True)
    print(folder, flush=True)
    if sys.argv[3:] == ["wait"]:
        sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run_and_die(state: Path, work: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(state), str(work)], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return Path(done.stdout.strip())


def test_a_temporary_folder_is_private_and_goes_at_the_end(tmp_path: Path) -> None:
    with Journal(tmp_path / "state") as journal:
        with journal.temporary() as folder:
            assert folder.stat().st_mode & 0o7777 == 0o700
            (folder / "x").mkdir()
        assert not folder.exists()
        assert journal.leftovers() == []
    assert os.listdir(tmp_path / "state/journal") == []


def test_closing_undoes_what_is_still_open(tmp_path: Path) -> None:
    with Journal(tmp_path / "state") as journal:
        folder = journal.temporary().__enter__()
    assert not folder.exists()


def test_the_next_process_cleans_up_after_one_that_was_killed(tmp_path: Path) -> None:
    folder = run_and_die(tmp_path / "state", tmp_path)
    assert folder.is_dir()
    with Journal(tmp_path / "state") as journal:
        assert [record.describe() for record in journal.leftovers()] == [f"folder {folder}"]
        assert folder.is_dir()
        assert [record.describe() for record in journal.sweep()] == [f"folder {folder}"]
        assert journal.sweep() == []
    assert not folder.exists()
    assert os.listdir(tmp_path / "state/journal") == []


def test_what_a_living_process_holds_is_left_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIES, str(tmp_path / "state"), str(tmp_path), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        folder = Path(other.stdout.readline().strip())
        with Journal(tmp_path / "state") as journal:
            assert journal.sweep() == []
            assert folder.is_dir()
            other.stdin.close()
            other.wait()
            assert len(journal.sweep()) == 1
    assert not folder.exists()


def test_a_forked_helper_does_not_keep_the_lock(tmp_path: Path) -> None:
    script = (
        DIES.replace(
            "print(folder, flush=True)",
            "print(folder, flush=True)\n    if os.fork() == 0: os.close(1); signal.pause()",
        )
        .replace("signal.SIGKILL)", "signal.SIGKILL)")
        .replace("signal.pause()", "import time; time.sleep(3); os._exit(0)")
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "state"), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
    )
    with Journal(tmp_path / "state") as journal:
        assert len(journal.sweep()) == 1
    assert not Path(done.stdout.strip()).exists()


def test_a_folder_that_took_the_place_of_ours_survives_the_sweep(tmp_path: Path) -> None:
    folder = run_and_die(tmp_path / "state", tmp_path)
    folder.rename(tmp_path / "moved")
    folder.mkdir()
    (folder / "precious").touch()
    with Journal(tmp_path / "state") as journal:
        journal.sweep()
    assert (folder / "precious").exists()


def test_a_torn_last_line_is_ignored(tmp_path: Path) -> None:
    folder = run_and_die(tmp_path / "state", tmp_path)
    [path] = (tmp_path / "state/journal").glob("*.journal")
    with path.open("ab") as file:
        file.write(b'\n{"id":9,"record":{"type":"folder","path":"/etc","dev')
    with Journal(tmp_path / "state") as journal:
        journal.sweep()
    assert not folder.exists()


def test_a_folder_that_was_never_made_is_no_leftover(tmp_path: Path) -> None:
    Folder(path=str(tmp_path / "none")).undo()
    made = tmp_path / "made"
    made.mkdir()
    Folder(path=str(made)).undo()
    assert not made.exists()


def test_a_state_folder_that_cannot_be_written_is_a_host_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(HostError, match="cannot write the journal"):
        Journal(tmp_path / "state")


def test_an_unknown_parent_folder_is_made(tmp_path: Path) -> None:
    with Journal(tmp_path / "state") as journal, journal.temporary(tmp_path / "a/b") as folder:
        assert folder.parent == tmp_path / "a/b"
