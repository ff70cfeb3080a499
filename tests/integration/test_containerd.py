"""What a real containerd exports, and what it imports of ours."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Item, archive
from jettison.image.model import image_id
from jettison.image.validate import validate
from jettison.layers.tree import FileTree
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image

pytestmark = pytest.mark.integration
LAYERS = [[Item("d", None), Item("d/a", b"x" * 5000)], [Item("d/.wh.a"), Item("b", b"y")]]


@pytest.fixture
def ctr(private_folders) -> Iterator[list[str]]:
    """The client of a containerd of our own."""
    root, address = private_folders / "c", private_folders / "c.sock"
    root.mkdir()
    (root / "config.toml").write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    command = [
        "containerd",
        "--config",
        root / "config.toml",
        "--root",
        root / "root",
        "--state",
        root / "state",
    ]
    process = subprocess.Popen([*map(str, command), "--address", str(address)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if address.exists():
                break
            time.sleep(0.05)
        yield ["ctr", "--address", str(address)]
    finally:
        process.terminate()
        process.wait(20)


def test_an_export_is_read_and_ours_is_imported(ctr, tmp_path):
    source = archive(tmp_path, LAYERS)
    copy_image(source, f"oci-archive:{tmp_path}/ours.tar:1")
    name = "example.test/app:1"
    base = ["images", "import", "--no-unpack", "--index-name", name, f"{tmp_path}/ours.tar"]
    done = subprocess.run([*ctr, *base], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [*ctr, "images", "ls", "-q"], check=True, capture_output=True, text=True
    ).stdout.split()
    exported = Path(tmp_path, "theirs.tar")
    subprocess.run([*ctr, "images", "export", str(exported), listed[0]], check=True, capture_output=True)
    for reference in (f"oci-archive:{exported}", f"docker-archive:{exported}"):
        found = open_image(reference)
        assert image_id(found) == image_id(open_image(source))
        assert validate(found) == []
        names = [node.path for node in FileTree.of(found).walk()]
        assert b"b" in names
        assert b"d/a" not in names
