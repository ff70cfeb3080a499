"""Loading images into a Docker engine."""

from __future__ import annotations

from jettison.errors import RemoteError
from jettison.image.digest import Digest
from jettison.image.model import Image
from jettison.image.reference import Reference
from jettison.layers.stream import Compression
from jettison.stores.docker_archive.write import docker_tarball
from jettison.stores.docker_daemon.client import Engine
from jettison.stores.packed import pack

_UNREADABLE = frozenset({Compression.ZSTD})
"""Engines before Docker 23 cannot load it."""


def write_daemon(image: Image, name: Reference, *, docker_host: str | None = None) -> Digest:
    """Load `image` into the engine as `name`, which until then may be the name of another; its id.

    The engine takes the image as a whole or not at all. Raises `HostError`, `RemoteError`, and what reading
    the layers raises.
    """
    packed = pack(image, without=_UNREADABLE)
    with Engine(docker_host) as engine:
        engine.load(docker_tarball(packed, name))
        rootfs = engine.inspect(name.familiar).get("RootFS")
    layers = rootfs.get("Layers") if isinstance(rootfs, dict) else None
    if (layers or []) != [str(layer.diff_id) for layer in packed.layers]:
        raise RemoteError(f"the Docker engine has something else under {name.familiar} than was loaded")
    return packed.config_digest
