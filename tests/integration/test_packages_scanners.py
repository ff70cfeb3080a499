"""What independent scanners find in an image, against what our inventory and the trimmed databases say."""

import collections
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.image.config import History
from jettison.image.model import Image
from jettison.image.new import new_image
from jettison.layers.tree import FileTree
from jettison.layers.write import write_layer
from jettison.packages.contents import Contents
from jettison.packages.inventory import inventory
from jettison.packages.model import SYSTEM
from jettison.packages.trim import trim
from jettison.stores.open import open_image
from jettison.stores.publish import publish

pytestmark = pytest.mark.integration

TOOLS = Path(sys.executable).parent
TYPES = {"python": "pypi", "java-archive": "maven", "go-module": "golang", "rust-crate": "cargo"}
Names = collections.Counter[tuple[str, str, str]]


def syft(reference: str, env: dict[str, str] | None = None) -> Names:
    """What syft lists, without the programs that it knows by their content and the fixtures without a
    version."""
    command = [str(TOOLS / "syft"), "-q", reference, "-o", "syft-json"]
    done = subprocess.run(command, env=env, capture_output=True, timeout=300, check=True)
    return collections.Counter(
        (TYPES.get(found["type"], found["type"]), found["name"], found["version"])
        for found in json.loads(done.stdout)["artifacts"]
        if found["type"] != "binary" and found["version"] not in ("", "UNKNOWN")
    )


def trivy(archive: Path, cache: Path) -> set[tuple[str, str]]:
    """Names and versions of the operating-system packages that Trivy lists."""
    command = [str(TOOLS / "trivy"), "image", "--input", str(archive), "--format", "cyclonedx", "--quiet"]
    command += ["--pkg-types", "os", "--skip-db-update", "--cache-dir", str(cache)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=True)
    purls = [part.get("purl", "") for part in json.loads(done.stdout).get("components", [])]
    found = (purl.partition("?")[0] for purl in purls if purl.startswith("pkg:deb/"))
    return {tuple(purl.rpartition("/")[2].replace("%2B", "+").split("@")) for purl in found}  # type: ignore[misc]


def listed(contents: Contents) -> Names:
    """What should be listed: our names of what remains."""
    return collections.Counter(
        (str(entry.package.ecosystem), entry.package.name.rpartition(":")[2], entry.package.version)
        for entry in contents.remaining
        if entry.package.version
    )


def slimmed(image: Image, tree: FileTree, folder: Path, kept: frozenset[bytes]) -> tuple[Contents, Path]:
    """An archive of `image` with only the paths `kept`, its package databases trimmed."""
    trimmed = trim(tree, inventory(tree), kept)
    assert trimmed.problems == ()
    layer = write_layer(tree, sorted(trimmed.paths), folder / "layer.tar", extra=trimmed.extra)
    made = new_image(image, [layer], history=[History(created_by="test")], created=image.config.created or "")
    archive = folder / "slim.tar"
    publish(made, f"docker-archive:{archive}:slim:1")
    return trimmed.contents, archive


@pytest.mark.parametrize("example", ["python-web", "node-express", "key-value"])
def test_the_inventory_is_what_syft_finds(example, example_image: Callable[[str], str], engine):
    """Nothing missing, nothing invented."""
    name = example_image(example)
    tree = FileTree.of(open_image(f"docker-daemon:{name}", docker_host=engine.host))
    ours = collections.Counter(
        (str(p.ecosystem), p.name.rpartition(":")[2], p.version)
        for p in inventory(tree).packages
        if p.version
    )
    assert ours == syft(f"docker:{name}", engine.environment)


@pytest.mark.parametrize("share", [0.0005, 0.02, 0.5])
@pytest.mark.parametrize("example", ["python-web", "node-express"])
def test_scanners_list_exactly_what_remains(example, share, example_image, engine, tmp_path):
    """Whatever part of the files is kept."""
    image = open_image(f"docker-daemon:{example_image(example)}", docker_host=engine.host)
    tree = FileTree.of(image)
    paths = sorted(node.path for node in tree.walk() if not node.path.startswith(b"var/lib/dpkg"))
    kept = frozenset(random.Random(share).sample(paths, int(len(paths) * share)))
    contents, archive = slimmed(image, tree, tmp_path, kept)
    assert syft(f"docker-archive:{archive}") == listed(contents)
    system = {
        (e.package.name, e.package.version) for e in contents.remaining if e.package.ecosystem in SYSTEM
    }
    assert trivy(archive, tmp_path / "cache") == {
        (name, version.partition(":")[2] or version) for name, version in system
    }
