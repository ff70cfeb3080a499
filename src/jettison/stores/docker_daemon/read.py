"""Images of a Docker engine: in place where this process may read its layer store, else from the stream
that it saves."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jettison.errors import InvalidInputError, RemoteError
from jettison.image.config import parse_config
from jettison.image.digest import Digest
from jettison.image.model import Image
from jettison.image.reference import Reference, Transport
from jettison.limits import MAX_JSON_BYTES
from jettison.stores.docker_archive.read import read_files
from jettison.stores.docker_daemon.client import Engine
from jettison.stores.docker_daemon.tarsplit import StoredLayer
from jettison.stores.files import ArchiveFiles
from jettison.stores.image import StoredImage

_CACHE_ID = re.compile(r"[a-z0-9]{1,128}\Z")


def open_daemon(reference: Reference, *, docker_host: str | None = None) -> Image:
    """The image that the engine has under `reference`.

    Raises `NotFoundError`, `HostError` (no engine), `RemoteError`, `RefusedError`.
    """
    with Engine(docker_host) as engine:
        found = engine.inspect(reference.familiar)
        identity = found.get("Id")
        if not isinstance(identity, str):
            raise RemoteError("the Docker engine does not say which image it has")
        stored = _in_place(engine, found, str(reference))
        if stored is not None:
            return stored
        archive = ArchiveFiles(
            engine.save(identity), f"the image {reference.familiar!r} that the engine saved"
        )
        return read_files(archive, Reference(Transport.DOCKER_ARCHIVE), str(reference))


def _in_place(engine: Engine, found: dict[str, Any], reference: str) -> StoredImage | None:
    """The image in the engine's own folders; None unless all of it is there and is what the engine speaks of.

    The config is found by its digest, so an engine on another host, or one in a container, cannot be
    mistaken.
    """
    driver = found.get("GraphDriver")
    if os.geteuid() != 0 or not isinstance(driver, dict) or driver.get("Name") != "overlay2":
        return None
    information = engine.info()
    status = information.get("DriverStatus")
    if not isinstance(status, list) or ["Native Overlay Diff", "true"] not in status:
        return (
            None  # its folders may hold renamed folders and files without content, which only a mount shows
        )
    root = Path(str(information.get("DockerRootDir", "")))
    try:
        raw = _content(root / "image/overlay2/imagedb/content", Digest(found["Id"]))
        config = parse_config(raw)
        layers = _layers(root, config.diff_ids)
    except (OSError, InvalidInputError):
        return None
    return StoredImage(reference, raw, config, layers)


def _content(folder: Path, digest: Digest) -> bytes:
    with open(folder / digest.algorithm / digest.hex, "rb") as stream:
        raw = stream.read(MAX_JSON_BYTES)
    if hashlib.new(digest.algorithm, raw).hexdigest() != digest.hex:
        raise InvalidInputError("the engine's config is damaged")
    return raw


def _layers(root: Path, diff_ids: Sequence[Digest]) -> list[StoredLayer]:
    """The layers in the store below `root`; it names them by ChainID (image-spec, config.md)."""
    layers = []
    chain = ""
    for diff_id in diff_ids:
        chain = str(Digest.of(f"{chain} {diff_id}".encode())) if chain else str(diff_id)
        entry = root / "image/overlay2/layerdb" / chain.replace(":", "/")
        if (entry / "diff").read_text().strip() != str(diff_id):
            raise InvalidInputError("the engine's layer store contradicts itself")
        cache_id = (entry / "cache-id").read_text().strip()
        if not _CACHE_ID.match(cache_id):
            raise InvalidInputError("the engine's layer store is not understood")
        layer = StoredLayer(diff_id, root / "overlay2" / cache_id / "diff", entry / "tar-split.json.gz")
        if not layer.directory.is_dir() or not layer.headers.is_file():
            raise InvalidInputError("the engine's layer store lacks a layer")
        layers.append(layer)
    return layers
