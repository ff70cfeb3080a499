"""A disk that is full, or fails, at every write, flush and read in turn: exit 4, and nothing half-written."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import Item, archive
from jettison.image.validate import validate
from jettison.layers.tree import FileTree
from jettison.stores.open import open_image
from jettison.stores.publish import publish

pytestmark = pytest.mark.integration
LAYERS = [[Item("a", os.urandom(400_000)), Item("b", b"x" * 1000)], [Item("c", os.urandom(300_000))]]
OUTPUTS = ["oci:{}/layout:1", "oci-archive:{}/oci.tar:1", "docker-archive:{}/docker.tar:app:1"]


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> Path:
    """The library of faults."""
    path = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-o", path, source, "-ldl"], check=True)
    return path


def copy(source: str, output: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jettison", "copy", "--quiet", source, output]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60)


def whole_or_absent(output: str, source: str, folder: Path) -> bool:
    """Whether there is an image, which then is the right one; and nothing else is there."""
    names = {path.name for path in folder.iterdir()}
    if not names:
        return False
    assert names <= {"layout", "oci.tar", "docker.tar"}
    image = open_image(output)
    assert validate(image) == []
    assert FileTree.of(image).get(b"c").size == 300_000
    assert image.raw_config == open_image(source).raw_config
    return True


@pytest.fixture
def places(tmp_path) -> tuple[str, Path]:
    out = tmp_path / "out"
    out.mkdir()
    return archive(tmp_path, LAYERS), out


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    ("kind", "number"), [("write", errno.ENOSPC), ("write", errno.EIO), ("sync", errno.EIO)]
)
def test_a_failure_of_any_write_leaves_nothing_half_written(output, kind, number, places, shim):
    """The first of the calls fails, then the second, and so on, until none is left to fail."""
    source, folder = places
    output = output.format(folder)
    for after in range(60):
        faults = {"FAULT_BELOW": str(folder), "FAULT_KIND": kind, "FAULT_ERRNO": str(number)}
        done = copy(source, output, LD_PRELOAD=str(shim), FAULT_AFTER=str(after), **faults)
        if done.returncode == 0:
            assert whole_or_absent(output, source, folder)
            break
        assert done.returncode == 4, done.stderr
        assert "Traceback" not in done.stderr
        assert os.strerror(number) in done.stderr
        if whole_or_absent(output, source, folder):  # it was there, and only its folder could not be flushed
            break
    else:
        pytest.fail("it never succeeds")
    assert after > 0


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_source_that_cannot_be_read_is_told(output, places, shim, tmp_path):
    source, folder = places
    path = source.partition(":")[2]
    output = output.format(folder)
    for after in (0, 1, 3, 6):
        faults = {"FAULT_BELOW": path, "FAULT_KIND": "read", "FAULT_ERRNO": str(errno.EIO)}
        done = copy(source, output, LD_PRELOAD=str(shim), FAULT_AFTER=str(after), **faults)
        assert done.returncode == 4, done.stderr
        assert os.strerror(errno.EIO) in done.stderr
        assert not whole_or_absent(output, source, folder)


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_wrong_changes_no_byte(years, places, shim, tmp_path):
    source, folder = places
    made = []
    for name, seconds in (("right", 0), ("wrong", years * 31_556_952)):
        (tmp_path / "clock").write_text(str(seconds))
        output = f"oci-archive:{folder}/{name}.tar:1"
        done = copy(source, output, LD_PRELOAD=str(shim), CLOCK_FILE=str(tmp_path / "clock"))
        assert done.returncode == 0, done.stderr
        made.append((folder / f"{name}.tar").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("kib", [8, 64, 300, 500, 800, 1100, 1400])
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_file_system_that_is_too_small(kib, output, places):
    """The kernel's own ENOSPC, at the size where it comes."""
    source, folder = places
    output = output.format(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)], check=True)
    try:
        done = copy(source, output)
        assert done.returncode in (0, 4), done.stderr
        assert whole_or_absent(output, source, folder) == (done.returncode == 0)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_an_image_that_was_there_stays_when_the_disk_is_full(places, shim, tmp_path):
    """The tag moves, or it does not."""
    source, folder = places
    other = archive(tmp_path, [{"old": b"x"}])
    reference = f"oci:{folder}/layout:1"
    publish(open_image(other), reference)
    for after in range(1, 12):
        faults = {"FAULT_BELOW": str(folder), "FAULT_KIND": "write", "FAULT_ERRNO": str(errno.ENOSPC)}
        done = copy(source, reference, LD_PRELOAD=str(shim), FAULT_AFTER=str(after), **faults)
        found = open_image(reference)
        assert validate(found) == []
        assert (found.raw_config == open_image(other).raw_config) == (done.returncode == 4)
        if done.returncode == 0:
            break
