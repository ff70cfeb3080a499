"""Removing what an application wrote."""

import os
from pathlib import Path

import pytest

from jettison.sandbox.remove import remove_folder


def identity(path: Path) -> tuple[int, int]:
    info = path.lstat()
    return info.st_dev, info.st_ino


def test_a_folder_goes_with_all_it_holds(tmp_path: Path) -> None:
    top = tmp_path / "top"
    for name in ("a/b/c", "a/d", ".hidden"):
        (top / name).mkdir(parents=True)
        (top / name / "file").write_text("x")
    os.mkfifo(top / "a/fifo")
    (top / "a/b/dangling").symlink_to("/none")
    remove_folder(top, identity=identity(top))
    assert not top.exists()


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(outside, target_is_directory=True)
    remove_folder(top, identity=identity(top))
    assert (outside / "precious").read_text() == "x"


def test_another_folder_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    old = identity(top)
    top.rename(tmp_path / "moved")
    top.mkdir()
    (top / "file").touch()
    remove_folder(top, identity=old)
    assert (top / "file").exists()


def test_a_link_in_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "top").symlink_to(real)
    remove_folder(tmp_path / "top", identity=identity(real))
    assert real.exists()


def test_a_missing_folder_is_fine(tmp_path: Path) -> None:
    remove_folder(tmp_path / "none", identity=(1, 1))


def test_nesting_deeper_than_any_path_or_stack_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("nest", dir_fd=here)
        inner = os.open("nest", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove_folder(top, identity=identity(top))
    assert not top.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="makes folders that their owner cannot read")
def test_folders_without_permissions_are_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "closed/inner").mkdir(parents=True)
    (top / "closed").chmod(0)
    remove_folder(top, identity=identity(top))
    assert not top.exists()
