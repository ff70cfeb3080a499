"""Host folders and files in the container: what is written never reaches the host."""

import os
import socket
from pathlib import Path

import pytest
from sandbox_root import Place

from jettison.sandbox.process import Exit
from jettison.sandbox.spec import Mount, parse_mount

pytestmark = pytest.mark.integration


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "host data, with: odd name"
    (folder / "sub").mkdir(parents=True)
    (folder / "file").write_text("of the host\n")
    (folder / "sub/gone").write_text("x")
    os.chown(folder, 1000, 1000)
    return folder


def test_a_writable_folder_starts_the_same_in_every_run_and_the_host_keeps_it(
    place: Place, data: Path
) -> None:
    mounts = (Mount(source=data, destination="/data"),)
    script = (
        "cat /data/file; echo changed > /data/file; rm /data/sub/gone; echo new > /data/new; stat -c %u /data"
    )
    for _ in range(2):
        with place.run("sh", "-c", script, mounts=mounts) as box:
            assert box.wait(10) == Exit(0)
            box.output.finish(5)
            assert box.output.stdout == b"of the host\n1000\n"
            upper = box.outputs.mounts["/data"]
            assert (upper / "file").read_text() == "changed\n"
            assert (upper / "new").read_text() == "new\n"
    assert (data / "file").read_text() == "of the host\n"
    assert sorted(os.listdir(data)) == ["file", "sub"]
    assert os.listdir(data / "sub") == ["gone"]


def test_a_read_only_folder_cannot_be_written(place: Place, data: Path) -> None:
    mounts = (Mount(source=data, destination="/data", read_only=True),)
    with place.run("sh", "-c", "cat /data/file; echo x > /data/file", mounts=mounts) as box:
        ended = box.wait(10)
        assert ended is not None
        assert ended.code != 0
        box.output.finish(5)
        assert box.output.stdout == b"of the host\n"
        assert b"Read-only" in box.output.stderr
        assert box.outputs.mounts == {}


def test_a_writable_file_is_a_copy(place: Place, data: Path) -> None:
    mounts = (Mount(source=data / "file", destination="/etc/passwd"),)
    with place.run("sh", "-c", "cat /etc/passwd; echo new > /etc/passwd", mounts=mounts) as box:
        assert box.wait(10) == Exit(0)
        assert box.outputs.mounts["/etc/passwd"].read_text() == "new\n"
    assert (data / "file").read_text() == "of the host\n"


def test_a_socket_can_be_talked_to(place: Place, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        out = place.output("stat", "-c", "%F", "/run/s", mounts=(parse_mount(f"{tmp_path}/s:/run/s"),))
    assert out == "socket\n"


def test_mounts_within_mounts_are_made_from_the_outside_in(place: Place, data: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "i").touch()
    mounts = (Mount(source=inner, destination="/data/sub"), Mount(source=data, destination="/data"))
    assert place.output("ls", "/data", "/data/sub", mounts=mounts) == "/data:\nfile\nsub\n\n/data/sub:\ni\n"


def test_a_mount_can_replace_what_the_engine_gives(place: Place, data: Path) -> None:
    mounts = (Mount(source=data / "file", destination="/etc/hosts", read_only=True),)
    assert place.output("cat", "/etc/hosts", mounts=mounts) == "of the host\n"


def test_a_link_in_the_image_cannot_lead_a_mount_out(place: Place, data: Path, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (evil / "data").symlink_to(f"../../../../../../..{outside}")
    mounts = (Mount(source=data, destination="/data/x"),)
    assert place.output("cat", "/data/x/file", layers=[evil], mounts=mounts) == "of the host\n"
    assert os.listdir(outside) == []
