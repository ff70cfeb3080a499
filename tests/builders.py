"""Images and trees for tests, made of what each test needs and nothing else."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jettison.image.model import Image
from jettison.layers.tree import FileTree
from jettison.stores.open import open_image


@dataclass(frozen=True)
class Item:
    """One entry of a layer. `content` None makes a folder, `link` a symbolic link, `hard` a hard link."""

    path: str | bytes
    content: bytes | None = b""
    mode: int | None = None
    link: str | bytes = ""
    hard: str = ""
    uid: int = 0
    gid: int = 0
    mtime: float = 1_700_000_000
    xattrs: Mapping[str, str] = field(default_factory=dict)
    type: bytes = b""

    def add_to(self, tar: tarfile.TarFile) -> None:
        """Write the entry as tarfile would."""
        info = tarfile.TarInfo(_text(self.path))
        info.uid, info.gid, info.mtime = self.uid, self.gid, self.mtime
        info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in self.xattrs.items()}
        if self.type:
            info.type = self.type
        elif self.link:
            info.type, info.linkname = tarfile.SYMTYPE, _text(self.link)
        elif self.hard:
            info.type, info.linkname = tarfile.LNKTYPE, self.hard
        elif self.content is None:
            info.type = tarfile.DIRTYPE
        info.mode = self.mode if self.mode is not None else (0o755 if info.isdir() else 0o644)
        data = self.content or b""
        info.size = len(data) if info.isreg() else 0
        tar.addfile(info, io.BytesIO(data))


Layer = Iterable[Item] | Mapping[str, bytes]


def layer_tar(layer: Layer) -> bytes:
    """The tar of a layer; a mapping is one of files."""
    items = [Item(path, content) for path, content in layer.items()] if isinstance(layer, Mapping) else layer
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for item in items:
            item.add_to(tar)
    return out.getvalue()


def archive(
    folder: Path,
    layers: Iterable[Layer],
    *,
    config: Mapping[str, object] | None = None,
    history: Iterable[Mapping[str, object]] | None = None,
    name: str = "test:1",
) -> str:
    """Write a Docker archive into `folder` and give its reference."""
    tars = [layer_tar(layer) for layer in layers]
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2024-01-01T00:00:00Z",
        "config": dict(config or {}),
        "rootfs": {
            "type": "layers",
            "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest() for tar in tars],
        },
        "history": list(history)
        if history is not None
        else [{"created_by": f"RUN step {i}"} for i in range(len(tars))],
    }
    raw = json.dumps(document).encode()
    files = {f"{hashlib.sha256(raw).hexdigest()}.json": raw}
    files |= {f"{index}/layer.tar": tar for index, tar in enumerate(tars)}
    manifest = [{"Config": next(iter(files)), "RepoTags": [name], "Layers": list(files)[1:]}]
    files["manifest.json"] = json.dumps(manifest).encode()
    path = folder / f"{hashlib.sha256(raw).hexdigest()[:12]}.tar"
    path.write_bytes(layer_tar(files))
    return f"docker-archive:{path}"


def image_of(folder: Path, *layers: Layer, **options: object) -> Image:
    """An image of `layers`, opened from an archive in `folder`."""
    return open_image(archive(folder, layers, **options))  # type: ignore[arg-type]


def tree_of(folder: Path, *layers: Layer) -> FileTree:
    """The merged tree of `layers`."""
    return FileTree.of(image_of(folder, *layers))


def _text(path: str | bytes) -> str:
    return path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")
