"""OCI layouts made document by document, so that they can be wrong in every way."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builders import Layer, layer_tar
from jettison.image.manifest import DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST

__all__ = ["DOCKER_MANIFEST", "OCI_INDEX", "OCI_MANIFEST", "Layout", "digest"]


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Layout:
    """A layout in the folder `path`."""

    path: Path
    entries: list[dict] = field(default_factory=list)

    def blob(self, data: bytes, media_type: str, **fields: object) -> dict:
        """Store `data`; its descriptor, with `fields` over it."""
        file = self.path / "blobs/sha256" / hashlib.sha256(data).hexdigest()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)} | fields

    def document(self, value: object, media_type: str, **fields: object) -> dict:
        return self.blob(json.dumps(value).encode(), media_type, **fields)

    def image(
        self,
        *layers: Layer,
        architecture: str = "amd64",
        config: Mapping[str, object] | None = None,
        manifest: Mapping[str, object] | None = None,
        **fields: object,
    ) -> dict:
        """An image with gzip layers; the descriptor of its manifest."""
        tars = [layer_tar(layer) for layer in layers]
        document = {
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in tars]},
        }
        value = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.document(document | dict(config or {}), OCI_CONFIG),
            "layers": [self.blob(gzip.compress(tar, mtime=0), OCI_LAYER + "+gzip") for tar in tars],
        }
        value |= manifest or {}
        return self.document(value, value["mediaType"], **fields)

    def index(self, *entries: dict, **fields: object) -> dict:
        value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}
        return self.document(value, OCI_INDEX, **fields)

    def finish(self, *entries: dict, **fields: object) -> str:
        """Write `index.json` with `entries`; the reference of the layout."""
        self.path.mkdir(exist_ok=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        value = {"schemaVersion": 2, "manifests": list(entries)} | fields
        (self.path / "index.json").write_text(json.dumps(value))
        return f"oci:{self.path}"


def tagged(descriptor: dict, tag: str) -> dict:
    """`descriptor` with the tag that `index.json` gives it."""
    return descriptor | {"annotations": {"org.opencontainers.image.ref.name": tag}}
