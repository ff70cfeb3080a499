"""Writing into an OCI layout in a folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import structs

from jettison.errors import DigestError, UsageError
from jettison.image import document
from jettison.image.digest import Digest
from jettison.image.manifest import REF_NAME, Descriptor, parse_index
from jettison.image.reference import Reference
from jettison.layers.files import (
    host_errors,
    locked_folder,
    new_file,
    sweep_folders,
    sync_folder,
    temporary_folder,
)
from jettison.layers.layer import drain
from jettison.layers.stream import Blob, opened
from jettison.layers.tar import CHUNK
from jettison.stores.files import FolderFiles, read_document
from jettison.stores.packed import Collection, Member, index_of, members

_INDEX = "index.json"
_TEMPORARY = ".jettison-layout-"


def write_oci_layout(collection: Collection, reference: Reference) -> Digest:
    """Put `collection` into the folder `reference.path` as `reference.tag`; the digest of its
    manifest or index.

    A new folder appears complete or not at all. In a layout that exists already the tag moves to the new
    image in one step once all blobs are there; readers see the old index or the new one, and images under
    other tags stay. Writers wait for each other. Raises `UsageError` if the folder holds something else,
    `HostError`, and what reading the layers raises.
    """
    if reference.path is None:
        raise UsageError(f"{reference} names no folder")
    tag = {REF_NAME: reference.tag} if reference.tag else {}
    descriptor = structs.replace(collection.descriptor, annotations=tag)
    folder = reference.path
    with host_errors(f"cannot write the layout {folder}"):
        if folder.exists() or not _create(folder, collection, descriptor):
            with locked_folder(folder):
                _add(folder, collection, descriptor)
    return descriptor.digest


def _create(folder: Path, collection: Collection, descriptor: Descriptor) -> bool:
    """Make a new layout beside `folder` and rename it; False if another writer was there first."""
    sweep_folders(folder.parent, _TEMPORARY)
    with temporary_folder(folder.parent, _TEMPORARY) as temporary:
        for member in members(collection, index_of([descriptor])):
            _write(temporary, member)
        temporary.chmod(0o755)
        sync_folder(temporary)
        try:
            temporary.rename(folder)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # rename(2): either
                raise
            return False
        sync_folder(folder.parent)
    return True


def _add(folder: Path, collection: Collection, descriptor: Descriptor) -> None:
    """Add to the layout in `folder`, the index last."""
    index = _index_with(folder, descriptor)
    for member in members(collection, index):
        if member.path != _INDEX and not _has(folder, member):
            _write(folder, member)
    _write(folder, Member(_INDEX, index))


def _index_with(folder: Path, descriptor: Descriptor) -> bytes:
    """The index of the layout with `descriptor` added, and the tag taken from whatever had it; the rest as
    it was."""
    files = FolderFiles(folder)
    marker, blob = files.find("oci-layout"), files.find(_INDEX)
    if blob is None or marker is None:
        if any(folder.iterdir()):
            raise UsageError(f"{folder} exists and is not an OCI layout", hint="choose another folder")
        return index_of([descriptor])
    raw = read_document(blob)
    parse_index(raw)
    value = document.parse_json(raw, f"{folder}/{_INDEX}")
    kept = [entry for entry in value["manifests"] if not _is_replaced(entry, descriptor)]
    return document.canonical(value | {"manifests": [*kept, descriptor.as_json()]})


def _is_replaced(entry: dict[str, Any], descriptor: Descriptor) -> bool:
    tag = (entry.get("annotations") or {}).get(REF_NAME)
    if tag is None:
        return bool(entry["digest"] == str(descriptor.digest))
    return bool(tag == descriptor.annotations.get(REF_NAME))


def _has(folder: Path, member: Member) -> bool:
    """Whether the layout has the blob already, and undamaged."""
    if isinstance(member.content, bytes):
        return False
    blob = FolderFiles(folder).find(member.path, digest=member.content.digest)
    if blob is None or blob.size != member.size:
        return False
    try:
        with opened(blob) as stream:
            drain(stream)
    except DigestError:
        return False
    return True


def _write(folder: Path, member: Member) -> None:
    """Write one file, durable, complete or not at all."""
    path = folder / member.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(member.content, Blob) and member.content.release and member.content.release(path):
        sync_folder(path.parent)
        return
    with new_file(path) as stream:
        if isinstance(member.content, bytes):
            stream.write(member.content)
        elif not _is_cloned(member.content, stream):
            with opened(member.content) as source:
                while piece := source.read(CHUNK):
                    stream.write(piece)


def _is_cloned(blob: Blob, target: BinaryIO) -> bool:
    """Copy a blob that is a verified file within the kernel, if that can be done. Never a link: whoever
    changes the layout must not change the cache."""
    if blob.file is None:
        return False
    try:
        source = os.open(blob.file(), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # removed from the cache in the meantime
        return False
    try:
        left = blob.size
        while left and (count := os.copy_file_range(source, target.fileno(), left)):
            left -= count
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        left = -1
    finally:
        os.close(source)
    if left:
        target.seek(0)
        target.truncate()
    return left == 0
