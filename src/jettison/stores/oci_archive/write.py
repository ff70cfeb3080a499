"""Writing an OCI layout as a tar."""

from __future__ import annotations

from msgspec import structs

from jettison.errors import UsageError
from jettison.image.digest import Digest
from jettison.image.manifest import REF_NAME
from jettison.image.reference import Reference
from jettison.layers.files import new_file
from jettison.stores.packed import Collection, index_of, members
from jettison.stores.tarball import tarball


def write_oci_archive(collection: Collection, reference: Reference, *, replace: bool = False) -> Digest:
    """Write `collection` to the file `reference.path`, which appears complete or not at all; the digest
    of its manifest or index.

    Raises `UsageError` if there is such a file and not `replace`, `HostError`, and what reading the layers
    raises.
    """
    if reference.path is None:
        raise UsageError(f"{reference} names no file")
    tag = {REF_NAME: reference.tag} if reference.tag else {}
    descriptor = structs.replace(collection.descriptor, annotations=tag)
    with new_file(reference.path, replace=replace) as stream:
        for piece in tarball(members(collection, index_of([descriptor]))):
            stream.write(piece)
    return descriptor.digest
