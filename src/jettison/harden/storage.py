"""What a read-only root file system needs writable: folders, by what they are for.

A folder is mounted where the application makes, removes or renames something, the deepest that the image has;
never one that holds the application's own programs (a volume there would hide every later version of them).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from jettison.harden.model import Medium, Storage, StorageKind
from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, encode_path, normalise, parent
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Evidence, Operation, Write, WriteOperation

_KERNEL: Final = (b"proc", b"sys", b"dev")
_ENGINE: Final = frozenset((b"etc/hosts", b"etc/hostname", b"etc/resolv.conf", b"etc/mtab"))
"""Files that container engines mount writable."""
_OF_THE_FOLDER: Final = {
    WriteOperation.CREATE,
    WriteOperation.UNLINK,
    WriteOperation.RENAME,
    WriteOperation.MKDIR,
}
"""What changes the folder and not only the file."""
_SYSTEM: Final = frozenset(
    (b"", *b"bin sbin lib lib64 usr etc opt srv home root var var/lib var/spool".split())
)
"""Folders that hold many applications' things: what is made in them is mounted, never they."""
_LIBRARY: Final = re.compile(rb"(^|/)(node_modules|vendor|site-packages|dist-packages|\.git)(/|$)")
"""Folders of what others made, where an empty one means nothing."""
_TEMPORARY: Final = (b"tmp", b"var/tmp")
"""Folders that everybody may write: mounted whole, since names in them depend on who runs."""
_PROGRAM: Final = re.compile(rb"\.(py|js|mjs|cjs|rb|php|pl|pm|class|jar|so(\.\d+)*|node|dll)$")
_CACHED_CODE: Final = re.compile(rb"(^|/)__pycache__(/|$)")
"""Byte code that Python writes if it can and does without if not."""
_KINDS: Final = (
    (StorageKind.TEMPORARY, re.compile(rb"^(tmp|var/tmp|dev/shm)(/|$)")),
    (StorageKind.RUNTIME, re.compile(rb"^(run|var/run|var/lock)(/|$)|\.(pid|sock|lock)$")),
    (StorageKind.LOG, re.compile(rb"^var/log(/|$)|\.log$")),
    (StorageKind.CACHE, re.compile(rb"^var/cache(/|$)|(^|/)\.?cache(/|$)")),
    (StorageKind.CONFIGURATION, re.compile(rb"^etc(/|$)")),
)
TMPFS_BYTES: Final = 64 * 1024 * 1024
"""Room in a tmpfs; twice what was written, where that is more."""
VOLUME_BYTES: Final = 1024 * 1024 * 1024
"""What a claim for data asks for: how much data there will be, no run can tell."""


@dataclass(slots=True)
class _Folder:
    """What the run wrote in one folder."""

    path: bytes
    files: list[bytes] = field(default_factory=list)
    by: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What has to be writable."""

    storage: tuple[Storage, ...]
    beside_code: tuple[str, ...]
    """Files that are written in a folder that cannot be mounted, because the application's programs are
    there."""


def needed(
    tree: FileTree,
    evidence: Evidence,
    *,
    declared: Iterable[str],
    users: Iterable[int],
    home: str,
    left: Iterable[bytes],
    sizes: Mapping[bytes, int],
) -> Needed:
    """What the writes in `evidence` ask for.

    `declared` are the image's VOLUMEs, `users` the ids (not root's) that it may run as, `home` its working
    folder: what is empty in there, or belongs to them, was made to be written. `left` is what a run left
    behind (normalised paths) with the `sizes` of files in bytes: what is there in the end may be data, what
    is gone was temporary.
    """
    remaining = frozenset(left)
    folders: dict[bytes, _Folder] = {}
    beside: list[str] = []
    volumes = tuple(filter(None, (tree.resolve(path.encode()).path for path in declared)))
    for text, write in evidence.writes.items():
        path = tree.resolve(decode_path(text), follow_last=False).path
        if _is_outside(path) or _CACHED_CODE.search(path):
            continue
        where = _folder_of(tree, path, write, volumes)
        if where is None:
            beside.append(text)
            continue
        folder = folders.setdefault(where, _Folder(where))
        folder.files.append(path)
        folder.by |= write.by
    for path in (*volumes, *_meant(tree, frozenset(users), tree.resolve(home.encode()).path)):
        folders.setdefault(path, _Folder(path))
    programs = _programs(evidence)
    found: list[Storage] = []
    for folder in _joined(tree, evidence, folders, volumes):
        if folder.path not in volumes and any(_below(path, folder.path) for path in programs):
            beside += [encode_path(b"/" + path) for path in folder.files]
            continue
        found.append(_storage(tree, evidence, folder, remaining, sizes, is_volume=folder.path in volumes))
    return Needed(storage=tuple(found), beside_code=tuple(sorted(beside)))


def _is_outside(path: bytes) -> bool:
    return path.split(b"/", 1)[0] in _KERNEL or path in _ENGINE or not path


def _folder_of(tree: FileTree, path: bytes, write: Write, volumes: tuple[bytes, ...]) -> bytes | None:
    """The folder to mount for a write at `path`; None when there is none that could be."""
    for whole in (*volumes, *_TEMPORARY):
        if _below(path, whole):
            return whole
    here = path if WriteOperation.MKDIR in write.operations else parent(path)
    if WriteOperation.MKDIR in write.operations and parent(path) not in _SYSTEM:
        here = parent(path)
    # up to what the image has; a folder that the run made itself goes with the one it was made in
    while here not in _SYSTEM and tree.get(here) is None and parent(here) not in _SYSTEM:
        here = parent(here)
    return None if here in _SYSTEM else here


def _meant(tree: FileTree, users: frozenset[int], home: bytes) -> Iterator[bytes]:
    """Folders that the image made to be written, be it in a run that was not seen: where everybody may, and
    empty ones that belong to who runs, or are the application's."""
    for node in tree.walk():
        if node.kind is not Kind.DIR or _is_outside(node.path):
            continue
        inner = any(_below(node.path, whole) and node.path != whole for whole in _TEMPORARY)
        empty = not tree.names(node.path)
        own = node.uid in users or (_is_near(node.path, home) and not _LIBRARY.search(node.path))
        if not inner and (node.mode & 0o002 or (empty and own)):
            yield node.path


def _is_near(path: bytes, home: bytes) -> bool:
    """Whether `path` is in the folder `home`, at the most two levels down."""
    return (
        home not in _SYSTEM
        and _below(path, home)
        and path != home
        and path.count(b"/") - home.count(b"/") <= 2
    )


def _joined(
    tree: FileTree, evidence: Evidence, folders: dict[bytes, _Folder], volumes: tuple[bytes, ...]
) -> list[_Folder]:
    """Folders without those inside another one that starts as a copy of the image's, sorted by path.

    Inside one that starts empty an inner folder of the image would be missing, so it is mounted as well.
    """
    out: list[_Folder] = []
    for path in sorted(folders):
        outer = next((each for each in out if _below(path, each.path)), None)
        copied = outer is not None and _needs_content(tree, evidence, outer.path)
        if outer is None or not copied or path in volumes:
            out.append(folders[path])
        else:
            outer.files += folders[path].files
            outer.by |= folders[path].by
    return out


def _programs(evidence: Evidence) -> list[bytes]:
    """Code that the run loaded."""
    out = []
    for text, access in evidence.paths.items():
        path = normalise(decode_path(text))
        if Operation.EXEC in access.operations or (
            Operation.OPEN in access.operations and _PROGRAM.search(path)
        ):
            out.append(path)
    return out


def _storage(
    tree: FileTree,
    evidence: Evidence,
    folder: _Folder,
    remaining: frozenset[bytes],
    sizes: Mapping[bytes, int],
    *,
    is_volume: bool,
) -> Storage:
    kind = _kind(folder, remaining, is_volume=is_volume)
    keeps = kind in (StorageKind.DATA, StorageKind.CONFIGURATION)
    seeded = kind is not StorageKind.LOG and _needs_content(tree, evidence, folder.path)
    used = sum(size for path, size in sizes.items() if _below(path, folder.path))
    node = tree.get(folder.path)
    return Storage(
        path=encode_path(b"/" + folder.path),
        kind=kind,
        medium=Medium.VOLUME if keeps or seeded else Medium.TMPFS,
        because=_because(folder, is_volume=is_volume),
        size_bytes=max(VOLUME_BYTES if keeps else TMPFS_BYTES, _rounded(2 * used)),
        uid=node.uid if node else 0,
        gid=node.gid if node else 0,
        mode=node.mode if node else 0o755,
        seeded=seeded,
    )


def _kind(folder: _Folder, remaining: frozenset[bytes], *, is_volume: bool) -> StorageKind:
    if is_volume:
        return StorageKind.DATA
    for kind, pattern in _KINDS:
        if pattern.search(folder.path) or all(map(pattern.search, folder.files)):
            return kind
    left = any(path in remaining for path in folder.files)
    return StorageKind.DATA if left else StorageKind.TEMPORARY


def _needs_content(tree: FileTree, evidence: Evidence, folder: bytes) -> bool:
    """Whether the run read a file that the image has in `folder`."""
    for node in tree.walk(folder):
        if node.kind is Kind.DIR:
            continue
        access = evidence.paths.get(encode_path(b"/" + node.path))
        if access is not None and access.operations - {Operation.STAT, Operation.READLINK}:
            return True
    return False


def _because(folder: _Folder, *, is_volume: bool) -> str:
    if not folder.files and is_volume:
        return "the image declares this VOLUME; nothing was written to it"
    if not folder.files:
        return "the image has it to be written; the run did not"
    names = sorted({path.removeprefix(folder.path).lstrip(b"/") or b"." for path in folder.files})
    shown = ", ".join(map(encode_path, names[:3])) + (f" and {len(names) - 3} more" if names[3:] else "")
    programs = ", ".join(sorted(each.rsplit("/", 1)[-1] for each in folder.by if each)[:3])
    volume = "; a VOLUME of the image" if is_volume else ""
    return f"{programs or 'the application'} wrote {shown}{volume}"


def _rounded(size: int) -> int:
    """The next power of two of mebibytes."""
    mebibytes = max(1, -(-size // (1024 * 1024)))
    return int(1 << (mebibytes - 1).bit_length()) * 1024 * 1024


def _below(path: bytes, folder: bytes) -> bool:
    """Whether `path` is `folder` or in it."""
    return path == folder or path.startswith(folder + b"/")
