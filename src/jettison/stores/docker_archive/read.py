"""Images in archives that `docker save` and skopeo write (Docker image spec v1.2, "Combined Image JSON +
Filesystem")."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from jettison.errors import InvalidInputError, LimitError, NotFoundError, UsageError
from jettison.image import document
from jettison.image.config import parse_config
from jettison.image.model import Image
from jettison.image.reference import Reference, parse_reference
from jettison.layers.layer import TarLayer
from jettison.layers.path import printable
from jettison.limits import MAX_LAYERS, MAX_MANIFESTS
from jettison.stores.files import ArchiveFiles, Files, read_document, required
from jettison.stores.image import StoredImage

_MANIFEST = "manifest.json"


class _Item(Struct, frozen=True, rename="pascal"):
    """One image of `manifest.json`."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


def open_docker_archive(reference: Reference) -> Image:
    """The image in the archive at `reference.path`, the one called `reference.name` if it has several.

    Raises `NotFoundError`, `UsageError` (which of several?), `HostError`, `RefusedError`.
    """
    if reference.path is None:
        raise UsageError(f"{reference} names no file")
    return read_files(ArchiveFiles.at(reference.path), reference, str(reference))


def read_files(files: Files, wanted: Reference, reference: str) -> Image:
    """The image called `wanted` in `files`; `reference` is what it will say of where it came from."""
    item = _choose(_items(files), wanted, reference)
    raw = read_document(required(files, item.config))
    config = parse_config(raw)
    if len(config.diff_ids) != len(item.layers):
        declared, listed = len(config.diff_ids), len(item.layers)
        raise InvalidInputError(f"{reference}: the config declares {declared} layers, the archive {listed}")
    blobs = (required(files, path) for path in item.layers)
    layers = [TarLayer(diff_id, blob) for diff_id, blob in zip(config.diff_ids, blobs, strict=True)]
    return StoredImage(reference, raw, config, layers)


def _items(files: Files) -> list[_Item]:
    listed = document.parse_json_list(read_document(required(files, _MANIFEST)), _MANIFEST)
    if len(listed) > MAX_MANIFESTS:
        raise LimitError(f"{_MANIFEST} lists {len(listed)} images; the limit is {MAX_MANIFESTS}")
    items = document.convert(listed, list[_Item], _MANIFEST)
    if any(len(item.layers) > MAX_LAYERS for item in items):
        raise LimitError(f"{_MANIFEST} lists an image of more than {MAX_LAYERS} layers")
    return items


def _choose(items: Sequence[_Item], wanted: Reference, reference: str) -> _Item:
    names = sorted(printable(name) for item in items for name in item.repo_tags or ())
    hint = f"it has: {', '.join(names[:20])}" if names else ""
    found = [item for item in items if not wanted.name or _is_called(item, wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{reference} holds {len(found)} images", hint=hint)
    raise NotFoundError(f"{reference} holds no such image", hint=hint)


def _is_called(item: _Item, wanted: Reference) -> bool:
    for name in item.repo_tags or ():
        try:
            if parse_reference(name).canonical == wanted.canonical:
                return True
        except UsageError:
            continue  # a name that no engine would have written cannot be meant
    return False
