"""What /proc says about the processes of a container: who they are, what they listen on, whether they are at
work."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from jettison.limits import MAX_PIDS, MIB

_ESTABLISHED = "01"
_LISTEN = "0A"  # TCP_LISTEN, include/net/tcp_states.h
_BOUND = "07"  # TCP_CLOSE: what a UDP socket shows that is bound and not connected
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound, only read
_MAX_TABLE_BYTES = 8 * MIB


@dataclass(frozen=True)
class Listener:
    """A socket that waits for clients: one line of /proc/PID/net/{tcp,tcp6,udp,udp6} (proc_pid_net(5))."""

    port: int
    address: str
    protocol: Literal["tcp", "udp"]
    inode: int
    pending: int
    """Connections that the application has not accepted yet (rx_queue of a listening socket)."""

    @property
    def reachable(self) -> str:
        """The address to connect to."""
        return _LOOPBACK_OF.get(self.address, self.address.removeprefix("::ffff:"))


def family(pid: int) -> list[int]:
    """`pid` and its descendants. In a PID namespace an orphan becomes a child of its init, so this is
    everybody."""
    found = [pid]
    for each in found:
        if len(found) > MAX_PIDS:
            break
        for thread in _names(f"/proc/{each}/task"):
            found += [int(child) for child in _read(f"/proc/{each}/task/{thread}/children").split()]
    return found


def listeners(pid: int) -> list[Listener]:
    """Sockets that `pid` or a descendant listens on, by port. Other people's in a shared namespace are left
    out."""
    sockets = [
        listener
        for name, protocol in (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"))
        for line in _read(f"/proc/{pid}/net/{name}").splitlines()[1:]
        if (listener := _listener(line, "tcp" if protocol == "tcp" else "udp")) is not None
    ]
    if not sockets:
        return []
    own = _socket_inodes(family(pid))
    return sorted((s for s in sockets if s.inode in own), key=lambda s: (s.port, s.protocol, s.address))


def taken_up(pid: int, port: int) -> set[int]:
    """The client ports of those connections to `port`, in the network namespace of `pid`, that the server has
    accepted (the socket has an inode) and read everything of that was sent."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in _read(f"/proc/{pid}/net/{name}").splitlines()[1:]:
            fields = line.split()
            if len(fields) < 10 or fields[3] != _ESTABLISHED or fields[9] == "0":
                continue
            local, remote = (int(address.rpartition(":")[2], 16) for address in fields[1:3])
            if local == port and not int(fields[4].rpartition(":")[2], 16):
                found.add(remote)
    return found


def cpu_ticks(pids: Iterable[int]) -> int:
    """CPU time of `pids` and of children they waited for, in clock ticks (proc_pid_stat(5), fields 14 to
    17)."""
    total = 0
    for pid in pids:
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total


def _listener(line: str, protocol: Literal["tcp", "udp"]) -> Listener | None:
    fields = line.split()
    if len(fields) < 10 or fields[3] != (_LISTEN if protocol == "tcp" else _BOUND):
        return None
    host, _, port = fields[1].partition(":")
    pending = int(fields[4].partition(":")[2], 16)
    return Listener(int(port, 16), _address(host), protocol, int(fields[9]), pending)


def _address(text: str) -> str:
    """The kernel prints addresses as 32-bit words in the byte order of the host."""
    words = [int(text[i : i + 8], 16) for i in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _socket_inodes(pids: Iterable[int]) -> set[int]:
    inodes = set()
    for pid in pids:
        for name in _names(f"/proc/{pid}/fd"):
            try:
                link = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue  # closed in between
            if match := re.fullmatch(r"socket:\[(\d+)\]", link):
                inodes.add(int(match[1]))
    return inodes


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # the process ended


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_TABLE_BYTES).decode("ascii", "replace")
    except OSError:
        return ""  # the process ended
