"""The account of bytes against the kernel: every prefix of the layers mounted as a real overlay."""

import ctypes
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import Item, image_of
from jettison.inspect.space import Cause, measure
from jettison.layers.entry import Kind

pytestmark = pytest.mark.integration

LIBC = ctypes.CDLL(None, use_errno=True)
MNT_DETACH = 2
NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
OPERATIONS = st.tuples(
    st.sampled_from(["file", "file", "file", "dir", "symlink", "link", "whiteout", "opaque"]), PATHS, PATHS
)


@dataclass
class Spec:
    """A layer as it should be: kinds by path, names that share a file, what is hidden below."""

    kinds: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    whiteouts: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)


def spec_of(operations: Sequence[tuple[str, str, str]]) -> Spec:
    """A well-formed layer: what contradicts an earlier operation is left out."""
    spec = Spec()
    for kind, path, other in operations:
        above = ["/".join(path.split("/")[:n]) for n in range(1, path.count("/") + 1)]
        if any(spec.kinds.get(folder, "dir") != "dir" or folder in spec.whiteouts for folder in above):
            continue
        if path in spec.kinds or path in spec.whiteouts:
            if kind == "opaque" and spec.kinds.get(path) == "dir":
                spec.opaque.add(path)
            continue
        if kind == "link" and spec.kinds.get(other) != "file":
            continue
        for folder in above:
            spec.kinds.setdefault(folder, "dir")
        if kind == "whiteout":
            spec.whiteouts.add(path)
        elif kind == "opaque":
            spec.kinds[path] = "dir"
            spec.opaque.add(path)
        else:
            spec.kinds[path] = kind
            if kind == "link":
                spec.links[path] = other
    return spec


def content(layer: int, path: str) -> bytes:
    """Content that tells where it is from, of a size that differs from path to path."""
    return f"{layer}:{path};".encode() * (1 + sum(map(ord, path)) % 7)


def items(layer: int, spec: Spec) -> Iterator[Item]:
    """The layer as a tar has it; markers come last, where readers must still heed them."""
    for path, kind in sorted(spec.kinds.items(), key=lambda pair: (pair[1] == "link", pair[0])):
        if kind == "dir":
            yield Item(path, None)
        elif kind == "file":
            yield Item(path, content(layer, path))
        elif kind == "symlink":
            yield Item(path, link="nowhere")
        else:
            yield Item(path, hard=spec.links[path])
    for path in sorted(spec.opaque):
        yield Item(f"{path}/.wh..wh..opq")
    for path in sorted(spec.whiteouts):
        folder, _, name = path.rpartition("/")
        yield Item(f"{folder}/.wh.{name}".lstrip("/") if folder else f".wh.{name}")


def write(folder: Path, layer: int, spec: Spec) -> None:
    """The layer as overlayfs has it."""
    folder.mkdir()
    for path, kind in sorted(spec.kinds.items(), key=lambda pair: (pair[1] == "link", pair[0])):
        target = folder / path
        if kind == "dir":
            target.mkdir()
        elif kind == "file":
            target.write_bytes(content(layer, path))
        elif kind == "symlink":
            target.symlink_to("nowhere")
        else:
            os.link(folder / spec.links[path], target)
    for path in spec.opaque:
        os.setxattr(folder / path, "trusted.overlay.opaque", b"y")
    for path in spec.whiteouts:
        os.mknod(folder / path, stat.S_IFCHR, os.makedev(0, 0))


@contextmanager
def overlay(folders: Sequence[Path], where: Path) -> Iterator[Path]:
    """The folders, base first, mounted one on top of the other."""
    empty = where / "empty"
    empty.mkdir(exist_ok=True)
    merged = where / "merged"
    merged.mkdir(exist_ok=True)
    lowers = ":".join(str(folder) for folder in [*reversed(folders), empty])
    options = f"lowerdir={lowers}".encode()
    assert LIBC.mount(b"overlay", bytes(merged), b"overlay", 1, options) == 0, os.strerror(ctypes.get_errno())
    try:
        yield merged
    finally:
        assert LIBC.umount2(bytes(merged), MNT_DETACH) == 0


def visible(root: Path) -> dict[bytes, tuple[Kind, bytes]]:
    """Every path below `root`: kind and content."""
    found: dict[bytes, tuple[Kind, bytes]] = {}
    for path in sorted(root.rglob("*")):
        name = bytes(path.relative_to(root))
        if not os.path.lexists(path):
            continue  # a whiteout in a folder that no lower layer has is listed, but nothing is there
        if path.is_symlink():
            found[name] = (Kind.SYMLINK, b"")
        elif path.is_dir():
            found[name] = (Kind.DIR, b"")
        else:
            found[name] = (Kind.FILE, path.read_bytes())
    return found


def owner(data: bytes) -> tuple[int, bytes]:
    """(layer, path) that content is from."""
    layer, _, path = data.partition(b";")[0].partition(b":")
    return int(layer), path


@settings(max_examples=2000, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(OPERATIONS, max_size=8), min_size=1, max_size=4))
def test_the_account_of_bytes_is_what_the_kernel_shows(private_folders_once, layers):
    """Reachable paths, reachable and dead bytes of each layer, which layer hid what and how: no
    difference."""
    specs = [spec_of(operations) for operations in layers]
    folder = Path(tempfile.mkdtemp(dir=private_folders_once))
    try:
        space = measure(image_of(folder, *(list(items(i, spec)) for i, spec in enumerate(specs))))
        folders = [folder / str(index) for index in range(len(specs))]
        for index, spec in enumerate(specs):
            write(folders[index], index, spec)
        views = []
        for count in range(1, len(specs) + 1):
            with overlay(folders[:count], folder) as merged:
                views.append(visible(merged))
    finally:
        shutil.rmtree(folder)
    final = views[-1]
    assert {n.path: n.kind for n in space.tree.walk() if n.path} == {p: k for p, (k, _) in final.items()}
    shown = {owner(data) for kind, data in final.values() if kind is Kind.FILE}
    for index, spec in enumerate(specs):
        own = {path.encode() for path, kind in spec.kinds.items() if kind == "file"}
        assert space.layers[index].payload == sum(len(content(index, p.decode())) for p in own)
        alive = {path for layer, path in shown if layer == index}
        assert space.layers[index].reachable == sum(len(content(index, p.decode())) for p in alive)
    for entry in space.dead:
        before, after = views[entry.by - 1].get(entry.node.path), views[entry.by].get(entry.node.path)
        assert before is not None
        assert owner(before[1])[0] == entry.layer
        assert (after is None) is (entry.cause is Cause.DELETED)
        assert after is None or after[0] is not Kind.FILE or owner(after[1])[0] != entry.layer
    dead_bytes = sum(entry.size for entry in space.dead)
    assert dead_bytes == space.payload - space.reachable


@pytest.fixture(scope="module")
def private_folders_once() -> Iterator[Path]:
    """A folder and a cache for all cases together, in memory: a disk would take minutes."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_CACHE_HOME", f"{folder}/cache")
        yield Path(folder)
