"""The change set of each layer, remembered by diff_id, so that a layer is read once on this host."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from jettison.cache import cache_folder
from jettison.errors import HostError
from jettison.image.digest import Digest
from jettison.image.model import Layer
from jettison.layers.changes import Changes, Node, collect
from jettison.layers.entry import NO_XATTRS, Kind
from jettison.layers.files import new_file
from jettison.layers.layer import TarLayer

_MAGIC = b"jettison layer entries 2\n"
_MAX_BYTES = 1 << 30
_KINDS = tuple(Kind)


class _Stored(Struct, array_like=True, gc=False):
    """A `Changes` in columns: half the size and twice the speed of one record an entry."""

    paths: list[bytes]
    kinds: bytes
    modes: list[int]
    uids: list[int]
    gids: list[int]
    sizes: list[int]
    times: list[int]
    targets: dict[int, bytes]
    devices: dict[int, tuple[int, int]]
    xattrs: dict[int, dict[bytes, bytes]]
    inodes: dict[int, int]
    whiteouts: list[bytes]
    opaque: list[bytes]
    implied: list[bytes]
    links: list[tuple[bytes, bytes]]
    offsets: list[int]
    """Empty if they are not known."""


_decoder = msgspec.msgpack.Decoder(_Stored)


def changes_of(layer: Layer) -> Changes:
    """What `layer` changes: from the cache, else read from the layer, verified (see `TarLayer.changes`), and
    put there.

    The caller owns the result. Raises what reading the layer raises; trouble with the cache itself is no
    error.
    """
    path = _path(layer.diff_id)
    changes = _load(path) if path else None
    if changes is None or (isinstance(layer, TarLayer) and not _is_located(changes)):
        changes = layer.changes() if isinstance(layer, TarLayer) else collect(layer.entries())
        store = _storing(layer.diff_id, changes)
        layer.when_verified(store) if isinstance(layer, TarLayer) else store()
    return changes


def is_remembered(diff_id: Digest) -> bool:
    """Whether the change set of a layer is in the cache."""
    path = _path(diff_id)
    return path is not None and path.exists()


def _is_located(changes: Changes) -> bool:
    """Whether it is known where content lies in the tar; engines that keep folders do not tell."""
    return all(node.offset >= 0 for node in changes.nodes if node.kind is Kind.FILE)


def remember(diff_id: Digest, changes: Changes) -> None:
    """Put the change set of a layer whose content was verified into the cache."""
    _storing(diff_id, changes)()


def _storing(diff_id: Digest, changes: Changes) -> Callable[[], None]:
    """What does so with `changes` as they are now: who merges them changes them."""
    path = _path(diff_id)
    if path is None:
        return lambda: None
    payload = msgspec.msgpack.encode(_columns(changes))

    def store() -> None:
        with suppress(HostError), new_file(path, durable=False) as stream:
            stream.write(_MAGIC + hashlib.sha256(payload).digest() + payload)

    return store


def _path(diff_id: Digest) -> Path | None:
    folder = cache_folder("entries")
    return folder / f"{diff_id.algorithm}-{diff_id.hex}" if folder else None


def _load(path: Path) -> Changes | None:
    """The change set in a file of the cache; None if there is none, or if it is damaged."""
    try:
        with open(path, "rb") as stream:
            data = memoryview(stream.read(_MAX_BYTES))
    except OSError:
        return None
    start = len(_MAGIC) + 32
    payload = data[start:]
    if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(payload).digest() != data[len(_MAGIC) : start]:
        return None
    return _changes(_decoder.decode(payload))


def _columns(changes: Changes) -> _Stored:
    nodes = changes.nodes
    numbered = list(enumerate(nodes))
    return _Stored(
        paths=[node.path for node in nodes],
        kinds=bytes(node.kind for node in nodes),
        modes=[node.mode for node in nodes],
        uids=[node.uid for node in nodes],
        gids=[node.gid for node in nodes],
        sizes=[node.size for node in nodes],
        times=[node.mtime_ns for node in nodes],
        targets={index: node.target for index, node in numbered if node.target},
        devices={index: node.device for index, node in numbered if node.device != (0, 0)},
        xattrs={index: dict(node.xattrs) for index, node in numbered if node.xattrs},
        inodes={index: node.inode for index, node in numbered if node.inode},
        whiteouts=changes.whiteouts,
        opaque=changes.opaque,
        implied=changes.implied,
        links=changes.links,
        offsets=[node.offset for node in nodes] if _is_located(changes) else [],
    )


def _changes(stored: _Stored) -> Changes:
    empty = itertools.repeat(b"")
    nodes = list(
        map(
            Node,
            stored.paths,
            map(_KINDS.__getitem__, stored.kinds),
            stored.modes,
            stored.uids,
            stored.gids,
            stored.sizes,
            stored.times,
            empty,
            itertools.repeat((0, 0)),
            itertools.repeat(NO_XATTRS),
        )
    )
    for index, target in stored.targets.items():
        nodes[index].target = target
    for index, device in stored.devices.items():
        nodes[index].device = device
    for index, xattrs in stored.xattrs.items():
        nodes[index].xattrs = xattrs
    for index, inode in stored.inodes.items():
        nodes[index].inode = inode
    for node, offset in zip(nodes, stored.offsets, strict=False):
        node.offset = offset
    return Changes(nodes, stored.whiteouts, stored.opaque, stored.implied, stored.links)
