"""Who may do what in an image: users, passwords, set-user-id programs, file capabilities, files anybody may
write."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from jettison.errors import JettisonError
from jettison.layers.entry import Kind
from jettison.layers.tree import FileTree, Node
from jettison.limits import MAX_SMALL_FILE_BYTES

_SETUID, _SETGID, _STICKY, _OTHERS_WRITE = 0o4000, 0o2000, 0o1000, 0o002
_CAPABILITY: Final = b"security.capability"
_NO_LOGIN: Final = ("nologin", "false", "sync", "halt", "shutdown")
_NAMES: Final = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable"
    " net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot"
    " sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease"
    " audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read"
    " perfmon bpf checkpoint_restore"
)
CAPABILITIES: Final = tuple(_NAMES.split())
"""By number (capabilities(7))."""


class Privileged(Struct, frozen=True):
    """A program that gives its caller rights that the caller does not have."""

    path: bytes
    layer: int
    how: str
    """`setuid root`, `setgid 42`, `cap_net_raw=ep`."""


class User(Struct, frozen=True):
    """A line of passwd, with what shadow says about it."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    empty_password: bool = False
    has_password: bool = False

    @property
    def can_log_in(self) -> bool:
        """Whether its shell lets it."""
        return not self.shell.endswith(_NO_LOGIN)


class Access(Struct, frozen=True):
    """What there is."""

    users: tuple[User, ...]
    duplicate_users: tuple[str, ...]
    """`root, toor have uid 0`."""
    duplicate_groups: tuple[str, ...]
    privileged: tuple[Privileged, ...]
    world_writable: tuple[bytes, ...]
    """Files, and folders without the sticky bit, that every user may write."""
    devices: tuple[bytes, ...]


def look(tree: FileTree) -> Access:
    """What `tree` grants to whom."""
    users = tuple(_users(tree))
    groups = [(fields[0], fields[2]) for fields in _lines(tree, b"etc/group", 4)]
    files = [node for node in tree.walk() if node.kind is not Kind.SYMLINK]
    return Access(
        users=users,
        duplicate_users=tuple(_duplicates("uid", ((user.name, str(user.uid)) for user in users))),
        duplicate_groups=tuple(_duplicates("gid", groups)),
        privileged=tuple(found for node in files for found in _privileges(node)),
        world_writable=tuple(node.path for node in files if _anybody_writes(node)),
        devices=tuple(node.path for node in files if node.kind in (Kind.CHAR, Kind.BLOCK)),
    )


def _privileges(node: Node) -> Iterator[Privileged]:
    if node.kind is not Kind.FILE:
        return
    if node.mode & _SETUID:
        yield Privileged(node.path, node.layer, f"setuid {node.uid or 'root'}")
    if node.mode & _SETGID and node.mode & 0o010:  # without the x bit it means mandatory locking
        yield Privileged(node.path, node.layer, f"setgid {node.gid or 'root'}")
    if _CAPABILITY in node.xattrs:
        yield Privileged(node.path, node.layer, capabilities(node.xattrs[_CAPABILITY]))


def capabilities(value: bytes) -> str:
    """`security.capability` as getcap(8) prints it; revisions 1 to 3 of vfs_cap_data (linux/capability.h)."""
    if len(value) < 12:
        return "unreadable capabilities"
    magic, permitted, inheritable = struct.unpack_from("<III", value)
    if magic >> 24 > 1 and len(value) >= 20:
        high_permitted, high_inheritable = struct.unpack_from("<II", value, 12)
        permitted |= high_permitted << 32
        inheritable |= high_inheritable << 32
    flags = ("e" if magic & 1 else "") + ("i" if inheritable else "") + ("p" if permitted else "")
    both = permitted | inheritable
    names = [f"cap_{n}" for bit, n in enumerate(CAPABILITIES) if both >> bit & 1]
    return ",".join(names) + "=" + flags if names else "no capabilities"


def _anybody_writes(node: Node) -> bool:
    if not node.mode & _OTHERS_WRITE:
        return False
    return node.kind is Kind.FILE or (node.kind is Kind.DIR and not node.mode & _STICKY)


def _users(tree: FileTree) -> Iterator[User]:
    passwords = {fields[0]: fields[1] for fields in _lines(tree, b"etc/shadow", 2)}
    for name, password, uid, gid, _, home, shell in _lines(tree, b"etc/passwd", 7):
        if not (uid.isdigit() and gid.isdigit()):
            continue
        hashed = passwords.get(name, "*") if password == "x" else password  # noqa: S105 - the mark for "see shadow"
        usable = bool(hashed) and not re.match(r"[*!]", hashed)
        yield User(name, int(uid), int(gid), home, shell, empty_password=not hashed, has_password=usable)


def _duplicates(what: str, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for name, number in pairs:
        names.setdefault(number, []).append(name)
    for number, same in names.items():
        if len(same) > 1:
            yield f"{', '.join(same)} have {what} {number}"


def _lines(tree: FileTree, path: bytes, fields: int) -> Iterator[list[str]]:
    """The colon-separated lines of a database, cut or filled to a number of fields; none if it cannot be
    read."""
    node = tree.resolve(path).node
    if node is None or node.kind is not Kind.FILE:
        return
    try:
        content = tree.read(node, MAX_SMALL_FILE_BYTES)
    except JettisonError:
        return
    for line in content.decode(errors="replace").splitlines():
        parts = line.split(":")
        if len(parts) > 1 and parts[0]:
            yield (parts + [""] * fields)[:fields]
