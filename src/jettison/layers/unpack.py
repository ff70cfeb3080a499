"""Layers as folders that the kernel's overlay can mount: unpacked once, kept by digest.

A whiteout is a character device 0/0, an opaque folder has the attribute `trusted.overlay.opaque`, or
`user.overlay.opaque` where this process is not the real root (Linux, filesystems/overlayfs.rst; `userxattr`).

Everything is done relative to descriptors of folders below the destination, opened without following any
link: links within a layer are followed by `Collector` as data, never by the kernel.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import structs

from jettison.cache import cache_folder
from jettison.errors import HostError
from jettison.image.digest import Digest
from jettison.image.model import Image, Layer
from jettison.layers.cache import changes_of, remember
from jettison.layers.changes import IMPLIED_MODE, Changes, Collector, Node
from jettison.layers.content import Folder
from jettison.layers.entry import Entry, Kind
from jettison.layers.files import Handle, host_errors, sweep_folders, temporary_folder
from jettison.layers.layer import drain
from jettison.layers.merge import MergedTree
from jettison.layers.path import name, parent
from jettison.layers.tar import CHUNK, StreamSource, TarReader
from jettison.linux.namespaces import has_one_id
from jettison.linux.openat2 import Resolve, openat2

_INSIDE = Resolve.BENEATH | Resolve.NO_SYMLINKS | Resolve.NO_MAGICLINKS
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_XATTRS = (b"user.", b"security.capability", b"system.posix_acl_")
"""Attributes that are set on disk; security labels of other hosts mean nothing here."""
_TEMPORARY = ".tmp-"


def unpacked(image: Image, index: int) -> Path:
    """The folder of layer `index` of `image`: where it lies already, else from the cache, unpacked first if
    need be.

    The cache is by ChainID (image-spec, config.md): folders that a layer does not describe, and hard links to
    files below it, make its form depend on the layers below. Raises `RefusedError` for a layer that is
    malformed or not what its digest says, `HostError` when there is no place for it. Several processes may
    ask for the same layer.
    """
    directory = image.layers[index].directory
    if directory is not None:
        return directory
    store, key = _store(), _key(image, index)
    target = store / key
    with host_errors(f"cannot unpack a layer into {store}"):
        if not target.is_dir():
            below = unpacked(image, index - 1) if index else None
            with _locked(store / f"{key}.lock"):
                if not target.is_dir():
                    _fill(target, image, index, below)
        try:
            _held(target)
            os.utime(store / f"{key}.lock")  # the least recently used go first
        except FileNotFoundError:  # removed from the cache just now
            return unpacked(image, index)
    return target


def at_hand(image: Image, index: int) -> Path | None:
    """The folder of layer `index` of `image` if there is one already; as `unpacked`, but nothing is
    unpacked."""
    directory = image.layers[index].directory
    if directory is not None:
        return directory
    store = _existing_store()
    try:
        if store is None:
            return None
        _held(store / _key(image, index))
    except FileNotFoundError:
        return None
    return store / _key(image, index)


def _key(image: Image, index: int) -> str:
    return _chain_id([layer.diff_id for layer in image.layers[: index + 1]]).value.replace(":", "-")


@functools.cache
def _held(folder: Path) -> Handle:
    """The shared lock of `folder`, which keeps it in the cache for as long as this process lives; raises
    FileNotFoundError."""
    handle = Handle(os.open(folder, _FOLDER | os.O_CLOEXEC))
    fcntl.flock(handle, fcntl.LOCK_SH)
    if not os.path.samestat(os.fstat(handle.fileno()), os.stat(folder)):
        raise FileNotFoundError(folder)
    return handle


def unpack_image(image: Image, folder: Path) -> list[Path]:
    """Unpack all layers of `image` into new folders below `folder`, base first; for images that are soon gone
    again. Raises as `unpacked` does."""
    paths: list[Path] = []
    for index in range(len(image.layers)):
        path = folder / str(index)
        with host_errors(f"cannot unpack a layer into {folder}"):
            _unpack_onto(path, image, index, paths[-1] if paths else None)
        paths.append(path)
    return paths


def unpack(layer: Layer, folder: Path) -> Changes:
    """Unpack `layer` into the empty `folder`; what it changes. Digests are verified by the time it returns.

    Folders that the layer does not describe and hard links to lower layers are left to the caller. Raises
    `RefusedError`, OSError.
    """
    collector = Collector()
    with _Unpacker(folder) as unpacker, layer.open() as stream:
        source = StreamSource(stream)
        reader = TarReader(source, f"layer {layer.diff_id.short}")
        for entry in reader:
            unpacker.put(collector.add(entry, source.position), entry, collector, reader.content())
        drain(stream)
        changes = collector.finish()
        unpacker.finish(changes)
    return changes


def is_real_root() -> bool:
    """Whether this process may do what only root outside of user namespaces may."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map", "rb") as mapped:
        return mapped.read(200).split() == [b"0", b"0", b"4294967295"]


def _fill(target: Path, image: Image, index: int, below: Path | None) -> None:
    """Unpack a layer to `target` in the cache."""
    store = target.parent
    _sweep(store)
    with temporary_folder(store, _TEMPORARY) as temporary:
        changes = _unpack_onto(temporary / "root", image, index, below)
        (temporary / "root").rename(target)
    remember(image.layers[index].diff_id, changes)


def _unpack_onto(root: Path, image: Image, index: int, below: Path | None) -> Changes:
    """Unpack a layer to the new folder `root`, with what depends on the layers below, the last in `below`.

    That is: attributes of folders that it has and does not describe, and hard links to files of lower layers.
    """
    root.mkdir(mode=IMPLIED_MODE)
    changes = unpack(image.layers[index], root)
    if not changes.nodes or changes.nodes[0].path:
        _describe_root(root, below)
    if changes.implied or changes.links:
        lower = MergedTree(changes_of(layer) for layer in image.layers[:index])
        with _Unpacker(root) as unpacker:
            _complete(unpacker, changes, lower, image)
    return changes


def _describe_root(root: Path, below: Path | None) -> None:
    """Give the folder `root` the owner, mode and time of the root folder `below`."""
    if below is None:
        os.utime(root, ns=(0, 0))
        return
    status = below.stat()
    with suppress(PermissionError):
        os.chown(root, status.st_uid, status.st_gid)
    root.chmod(stat.S_IMODE(status.st_mode))
    os.utime(root, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _complete(unpacker: _Unpacker, changes: Changes, lower: MergedTree, image: Image) -> None:
    """Write hard links to files of lower layers, and the attributes of implied folders.

    The links of one file are links of each other and a copy of the file below, as overlay would show it.
    """
    copies: dict[bytes, bytes] = {}
    for path, target in changes.links:
        node = lower.link_target(target)
        copy = copies.setdefault(node.path, path)
        if copy == path:
            index, origin = lower.origin(node)
            is_file = node.kind is Kind.FILE
            content = _pieces(unpacked(image, index), origin, node) if is_file else ()
            unpacker.put_node(structs.replace(node, path=path), content)
        else:
            unpacker.link(path, copy)
    for path in reversed(changes.implied):
        known = lower.get(path)
        is_folder = known is not None and known.kind is Kind.DIR
        unpacker.set_folder(known if known and is_folder else Node(path, Kind.DIR, IMPLIED_MODE))


def _pieces(folder: Path, path: bytes, node: Node) -> Iterator[bytes]:
    with open(Folder(folder).open(path, node.size), "rb") as stream:
        while piece := stream.read(CHUNK):
            yield piece


class _Unpacker:
    """Writes entries below a folder."""

    def __init__(self, folder: Path) -> None:
        self._root = os.open(folder, _FOLDER | os.O_CLOEXEC)
        self._last = (b"", self._root)
        """The folder that was used last: tars list the files of a folder one after the other."""
        self._is_root = is_real_root()
        self._reads_all = os.geteuid() == 0
        self._opaque = "trusted.overlay.opaque" if self._is_root else "user.overlay.opaque"

    def __enter__(self) -> _Unpacker:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        os.close(self._root)

    def put(self, path: bytes, entry: Entry, collector: Collector, content: Iterable[bytes]) -> None:
        """Write `entry`, which lands at `path`; folders get their attributes at the end."""
        if entry.kind is Kind.HARDLINK:
            node = collector.get(path)
            if node is not None:
                self.link(path, collector.place(entry.target))
        elif entry.kind is Kind.DIR:
            self._open_folder(path)
        elif entry.kind not in (Kind.WHITEOUT, Kind.OPAQUE):
            node = collector.get(path)
            if node is not None:
                self.put_node(node, content)

    def put_node(self, node: Node, content: Iterable[bytes]) -> None:
        """Write anything but a folder, with its attributes, in place of what is there."""
        folder = self._open_folder(parent(node.path))
        last = name(node.path)
        try:
            self._make(folder, last, node, content)
        except FileExistsError:
            self._clear(folder, last)
            self._make(folder, last, node, content)

    def link(self, path: bytes, target: bytes) -> None:
        """Make `path` another name of `target`, in place of what is there."""
        source = os.dup(self._open_folder(parent(target)))
        try:
            folder, last = self._open_folder(parent(path)), name(path)
            self._clear(folder, last)
            os.link(name(target), last, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(source)

    def finish(self, changes: Changes) -> None:
        """Write whiteouts, and the attributes of folders once nothing is put into them any more."""
        for path in changes.whiteouts:
            os.mknod(name(path), stat.S_IFCHR, 0, dir_fd=self._open_folder(parent(path)))
        for path in changes.opaque:
            self._set_opaque(self._open_folder(path))
        for node in reversed(changes.nodes):
            if node.kind is Kind.DIR:
                self.set_folder(node)

    def set_folder(self, node: Node) -> None:
        """Give a folder its attributes."""
        self._set_attributes(self._open_folder(node.path), node)

    def _make(self, folder: int, last: bytes, node: Node, content: Iterable[bytes]) -> None:
        if node.kind is Kind.FILE:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(last, flags, 0o600, dir_fd=folder)
            try:
                for piece in content:
                    _write(descriptor, piece)
                self._set_attributes(descriptor, node)
            finally:
                os.close(descriptor)
            return
        if node.kind is Kind.SYMLINK:
            os.symlink(node.target, last, dir_fd=folder)
        elif node.kind is Kind.FIFO:
            os.mkfifo(last, 0o600, dir_fd=folder)
        elif not self._make_device(folder, last, node):
            return
        self._own(last, node, folder)
        if node.kind is not Kind.SYMLINK:
            os.chmod(last, node.mode, dir_fd=folder)
        os.utime(last, ns=(node.mtime_ns, node.mtime_ns), dir_fd=folder, follow_symlinks=False)

    def _make_device(self, folder: int, last: bytes, node: Node) -> bool:
        """Make a device node; False where only the real root may, then the sandbox has none either."""
        if not self._is_root:
            return False
        type_ = stat.S_IFCHR if node.kind is Kind.CHAR else stat.S_IFBLK
        os.mknod(last, type_ | 0o600, os.makedev(*node.device), dir_fd=folder)
        return True

    def _set_attributes(self, descriptor: int, node: Node) -> None:
        """Owner first: changing it clears setuid bits and capabilities."""
        self._own(descriptor, node, None)
        os.fchmod(descriptor, node.mode if self._reads_all else node.mode | 0o400)
        if node.xattrs:
            self._set_xattrs(descriptor, node.xattrs)
        os.utime(descriptor, ns=(node.mtime_ns, node.mtime_ns))

    def _own(self, file: int | bytes, node: Node, folder: int | None) -> None:
        try:
            os.chown(file, node.uid, node.gid, dir_fd=folder, follow_symlinks=isinstance(file, int))
        except OSError as error:
            if self._is_root or error.errno not in (errno.EPERM, errno.EINVAL):
                raise

    def _set_xattrs(self, descriptor: int, xattrs: Mapping[bytes, bytes]) -> None:
        for key, value in xattrs.items():
            if key.startswith(_XATTRS):
                try:
                    os.setxattr(descriptor, key, value)
                except OSError as error:
                    if self._is_root and error.errno != errno.ENOTSUP:
                        raise

    def _set_opaque(self, descriptor: int) -> None:
        try:
            os.setxattr(descriptor, self._opaque, b"y")
        except OSError as error:
            hint = "set XDG_CACHE_HOME to a folder on a file system with extended attributes"
            raise HostError(f"cannot mark a folder as opaque: {error.strerror}", hint=hint) from None

    def _open_folder(self, path: bytes) -> int:
        """A descriptor of the folder `path`, made if need be; it is ours until the next call."""
        if path == self._last[0]:
            return self._last[1]
        if not path:
            self._forget()
            return self._root
        try:
            descriptor = openat2(self._root, path, _FOLDER, resolve=_INSIDE)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            descriptor = self._make_folder(path)
        self._forget()
        self._last = (path, descriptor)
        return descriptor

    def _make_folder(self, path: bytes) -> int:
        """Make `path` and the folders above it where they are missing, or where something else is."""
        here = os.dup(self._root)
        for part in path.split(b"/"):
            try:
                below = os.open(part, _FOLDER | os.O_CLOEXEC, dir_fd=here)
            except OSError:
                self._clear(here, part)
                os.mkdir(part, 0o755, dir_fd=here)
                below = os.open(part, _FOLDER | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        return here

    def _clear(self, folder: int, last: bytes) -> None:
        """Remove what is called `last` in `folder`, if anything is."""
        try:
            os.unlink(last, dir_fd=folder)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in (errno.EISDIR, errno.EPERM):
                raise
            shutil.rmtree(last, dir_fd=folder)

    def _forget(self) -> None:
        if self._last[1] != self._root:
            os.close(self._last[1])
        self._last = (b"", self._root)


def _write(descriptor: int, piece: bytes) -> None:
    written = os.write(descriptor, piece)
    while written < len(piece):
        written += os.write(descriptor, piece[written:])


def _chain_id(diff_ids: list[Digest]) -> Digest:
    """The ChainID of a stack of layers (OCI image-spec, config.md, "Layer ChainID")."""
    chain = diff_ids[0]
    for diff_id in diff_ids[1:]:
        chain = Digest.of(f"{chain} {diff_id}".encode())
    return chain


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`."""
    with open(path, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _store() -> Path:
    """The folder of the cache for what this process unpacks.

    There is one for each boot of the host: nothing is synced to disk, so a power cut may leave files that
    are empty, and what was unpacked before it must not go into images.
    """
    store = _existing_store()
    if store is None:
        raise HostError("there is no private cache folder", hint="set XDG_CACHE_HOME to a folder of your own")
    return store


def _existing_store() -> Path | None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    kind = "layers" if is_real_root() else "layers-root" if has_one_id() else "layers-user"
    return cache_folder(f"{kind}-{boot}")


def _sweep(store: Path) -> None:
    """Remove what killed processes and earlier boots of the host left."""
    boot = store.name[-36:]
    for path in store.parent.glob("layers-*"):
        if not path.name.endswith(boot):
            shutil.rmtree(path, ignore_errors=True)
    sweep_folders(store, _TEMPORARY)
