"""Images of a few files, for what the sandbox reads of them."""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jettison.image.config import ImageConfig, RunConfig
from jettison.image.digest import Digest
from jettison.layers.layer import TarLayer
from jettison.layers.stream import Blob
from jettison.layers.tree import FileTree


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class SmallImage:
    """An image of one layer."""

    config: ImageConfig
    layers: tuple[TarLayer, ...]
    reference: str = "small"
    raw_config: bytes = b"{}"
    manifest_digest: Digest | None = None


def tree_of(folder: Path, files: Mapping[str, bytes | Link]) -> FileTree:
    """The file system that holds `files`; the layer is kept in `folder`."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, Link):
                member.type, member.linkname = tarfile.SYMTYPE, content.target
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    raw = data.getvalue()
    path = folder / "layer.tar"
    path.write_bytes(raw)
    layer = TarLayer(Digest.of(raw), Blob(open=lambda: io.FileIO(path), size=len(raw)))
    return FileTree.of(SmallImage(config_of(), (layer,)))


def config_of(**run: object) -> ImageConfig:
    """A config whose `config` section holds `run`."""
    return ImageConfig(architecture="amd64", os="linux", diff_ids=(), config=RunConfig(**run))  # type: ignore[arg-type]
