"""Loading images into Podman."""

from __future__ import annotations

from jettison.errors import RemoteError
from jettison.image.digest import Digest
from jettison.image.model import Image
from jettison.image.reference import Reference
from jettison.stores.docker_archive.write import docker_tarball
from jettison.stores.packed import pack
from jettison.stores.podman.client import podman


def write_podman(image: Image, name: Reference) -> Digest:
    """Load `image` into Podman as `name`, which until then may be the name of another; its id.

    Raises `HostError`, `RemoteError`, and what reading the layers raises.
    """
    packed = pack(image)
    with podman() as engine:
        engine.load(docker_tarball(packed, name))
        found = engine.inspect(name.familiar).get("RootFS")
    layers = found.get("Layers") if isinstance(found, dict) else None
    if (layers or []) != [str(layer.diff_id) for layer in packed.layers]:
        raise RemoteError(f"Podman has something else under {name.familiar} than was loaded")
    return packed.config_digest
