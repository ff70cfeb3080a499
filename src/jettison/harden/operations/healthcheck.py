"""A command inside the container that tells whether the application answers, for engines that probe by
command.

Minimal images have no curl, and what they do have differs. So every program that could ask is looked for in
the image, tried against the running application, and must fail against a closed port and a made-up path.
A program that the application itself executes comes first: it needs nothing more in a minified image.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from jettison.errors import ApplicationError
from jettison.harden.live import Live
from jettison.harden.model import Probe
from jettison.layers.entry import Kind
from jettison.layers.tree import FileTree
from jettison.sandbox.spec import DEFAULT_PATH
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.steps import Healthcheck

_TRY_S = 10.0
"""How long one try may take; a JavaScript runtime starts slowly on a busy host."""
_MAX_TRIES = 12


@dataclass(frozen=True)
class Target:
    """What a command asks."""

    port: int
    scheme: Scheme
    address: str = "127.0.0.1"
    path: str = ""
    """Empty: whether the port takes connections."""

    @classmethod
    def of(cls, endpoint: Endpoint, path: str = "") -> Self:
        """What `path` of an endpoint answers."""
        return cls(endpoint.port, endpoint.scheme, endpoint.address, path)

    @property
    def host(self) -> str:
        """The address, as it stands in a URL."""
        return f"[{self.address}]" if ":" in self.address else self.address

    @property
    def url(self) -> str:
        """`http://127.0.0.1:3000/healthz`."""
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.scheme is Scheme.HTTPS


@dataclass(frozen=True)
class Found:
    """A command that works."""

    probe: Probe
    needs: tuple[str, ...]
    """Paths of the programs in the image that it executes; a minified image has to keep them."""
    speaks: bool = False
    """It asks in the protocol of a database, which tells more than a connection."""


Maker = Callable[[Target], tuple[str, ...] | None]
"""The arguments of a program that ask a target; None when it cannot."""


def _wget(t: Target) -> tuple[str, ...] | None:
    if not t.path:
        return None
    return ("-q", *(["--no-check-certificate"] if t.secure else []), "-O", "/dev/null", t.url)


def _busybox(t: Target) -> tuple[str, ...] | None:
    wget = _wget(t)
    return None if wget is None else ("wget", *wget)


def _curl(t: Target) -> tuple[str, ...] | None:
    return ("-fsS", "-m", "3", *(["-k"] if t.secure else []), "-o", "/dev/null", t.url) if t.path else None


def _bash(t: Target) -> tuple[str, ...] | None:
    connect = f"exec 3<>/dev/tcp/{t.address}/{t.port}"
    if not t.path:
        return ("-c", f"{connect} || exit 1")
    if t.secure:
        return None
    ask = rf"printf 'GET {t.path} HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3"
    return ("-c", f"{connect} && {ask} && read -t 3 -r _ s _ <&3 && [[ $s == [23]?? ]]")


def _python(t: Target) -> tuple[str, ...]:
    address, port = t.address, t.port
    if not t.path:
        return ("-c", f'import socket; socket.create_connection(("{address}", {port}), 3)')
    kind, more = ("HTTPS", ", context=ssl._create_unverified_context()") if t.secure else ("HTTP", "")
    modules = "http.client, ssl, sys" if t.secure else "http.client, sys"
    connect = f'c = http.client.{kind}Connection("{address}", {port}, timeout=3{more})'
    ask = f'{connect}; c.request("GET", "{t.path}")'
    return ("-c", f"import {modules}; {ask}; sys.exit(c.getresponse().status >= 400)")


def _node(t: Target) -> tuple[str, ...]:
    at = f'host: "{t.address}", port: {t.port}'
    if not t.path:
        return (
            "-e",
            f'require("net").connect({{{at}, timeout: 3000}}, () => process.exit(0))'
            '.on("error", () => process.exit(1)).on("timeout", () => process.exit(1))',
        )
    insecure = ", rejectUnauthorized: false" if t.secure else ""
    return (
        "-e",
        f'require("{t.scheme}").get({{{at}, path: "{t.path}", timeout: 3000{insecure}}},'
        " r => process.exit(r.statusCode < 400 ? 0 : 1))"
        '.on("error", () => process.exit(1)).on("timeout", () => process.exit(1))',
    )


def _perl(t: Target) -> tuple[str, ...] | None:
    connect = f'my $s = IO::Socket::INET->new(PeerAddr => "{t.host}:{t.port}", Timeout => 3) or exit 1'
    if not t.path:
        return ("-MIO::Socket::INET", "-e", connect)
    if t.secure:
        return None
    ask = rf'print $s "GET {t.path} HTTP/1.0\r\nHost: localhost\r\n\r\n"'
    return ("-MIO::Socket::INET", "-e", f"alarm 3; {connect}; {ask}; exit(<$s> !~ m{{^HTTP/\\S+ [23]}})")


def _php(t: Target) -> tuple[str, ...]:
    if not t.path:
        return ("-r", f'exit((int)(@fsockopen("{t.host}", {t.port}, $n, $e, 3) === false));')
    options = '["http" => ["timeout" => 3], "ssl" => ["verify_peer" => false, "verify_peer_name" => false]]'
    get = f'@file_get_contents("{t.url}", false, stream_context_create({options}))'
    return ("-r", f"exit((int)({get} === false));")


def _ruby(t: Target) -> tuple[str, ...]:
    address, port = t.address, t.port
    if not t.path:
        return ("-rsocket", "-e", f'Socket.tcp("{address}", {port}, connect_timeout: 3).close')
    tls = ", use_ssl: true, verify_mode: 0" if t.secure else ""
    start = f'Net::HTTP.start("{address}", {port}, open_timeout: 3, read_timeout: 3{tls})'
    return ("-rnet/http", "-e", f'exit {start} {{ |h| h.get("{t.path}").code.to_i < 400 }}')


def _nc(t: Target) -> tuple[str, ...] | None:
    return None if t.path else ("-z", "-w", "3", t.address, str(t.port))


def _redis(t: Target) -> tuple[str, ...] | None:
    return None if t.path else ("-h", t.address, "-p", str(t.port), "ping")


def _postgres(t: Target) -> tuple[str, ...] | None:
    return None if t.path else ("-q", "-t", "3", "-h", t.address, "-p", str(t.port))


def _mysql(t: Target) -> tuple[str, ...] | None:
    return None if t.path else ("ping", "-s", "-h", t.address, "-P", str(t.port))


_PROTOCOL: Final[Mapping[str, Maker]] = {
    "redis-cli": _redis,
    "valkey-cli": _redis,
    "pg_isready": _postgres,
    "mysqladmin": _mysql,
    "mariadb-admin": _mysql,
}
"""Clients that ask in the protocol of a database."""
_GENERAL: Final[Mapping[str, Maker]] = {
    "wget": _wget,
    "curl": _curl,
    "busybox": _busybox,
    "bash": _bash,
    "nc": _nc,
    "python3": _python,
    "node": _node,
    "perl": _perl,
    "php": _php,
    "ruby": _ruby,
    "python": _python,
}
"""From the lightest to the heaviest."""


def of_image(
    check: Healthcheck | None, shell: tuple[str, ...] | None, tree: FileTree, path: str
) -> Found | None:
    """The image's own HEALTHCHECK as a command; whether it passes is for the workload to say. `path`: the
    variable PATH of the run."""
    match check:
        case Healthcheck(test=("CMD", *argv)) if argv:
            words = argv[:1]
        case Healthcheck(test=("CMD-SHELL", line, *_)) if shell:
            argv = [*shell, line]
            words = [shell[0], *_words(line)]
        case _:
            return None
    probe = Probe(kind="exec", command=tuple(argv), because="the image's HEALTHCHECK; it passed")
    found = [_which(tree, word, path) for word in words]
    return Found(probe, tuple(dict.fromkeys(each[0] for each in found if each is not None)))


def _words(line: str) -> list[str]:
    """The words of a line for a shell; those that are no program are not found in the image."""
    try:
        return shlex.split(line[:10_000], posix=True)
    except ValueError:
        return line[:10_000].split()


def find(live: Live, tree: FileTree, executed: Iterable[str], target: Target) -> Found | None:
    """A command that succeeds when `target` answers and fails when it does not; None when nothing in the
    image can tell. `executed`: what the application itself executes."""
    own = {path for name in executed if (path := _real(tree, name)) is not None}
    candidates = sorted(
        _candidates(live, tree, target), key=lambda each: (not each.database, each.real not in own)
    )
    closed, absent = _closed_port(live), _absent(live, target)
    for each in candidates[:_MAX_TRIES]:
        # servers with a list of hosts know `localhost` and no address
        for asked in (target, replace(target, address="localhost")) if target.path else (target,):
            wrong = [replace(asked, port=closed), *([replace(asked, path=absent)] if absent else [])]
            if _passes(live, each.ask(asked)) and not any(_passes(live, each.ask(one)) for one in wrong):
                failed = "a closed port and a made-up path" if absent else "a closed port"
                because = f"{each.program} is in the image; it passed, and failed against {failed}"
                probe = Probe(kind="exec", command=each.ask(asked), because=because)
                return Found(probe, (each.program,), speaks=each.database)
    return None


@dataclass(frozen=True)
class _Candidate:
    """A program of the image that could ask."""

    program: str
    real: bytes
    make: Maker
    database: bool

    def ask(self, target: Target) -> tuple[str, ...]:
        return (self.program, *(self.make(target) or ()))


def _candidates(live: Live, tree: FileTree, target: Target) -> Iterator[_Candidate]:
    path = live.scene.spec.env.get("PATH", DEFAULT_PATH)
    for name, make in (*_PROTOCOL.items(), *_GENERAL.items()):
        found = _which(tree, name, path)
        if found is not None and make(target) is not None:
            yield _Candidate(*found, make, name in _PROTOCOL)


def _which(tree: FileTree, name: str, path: str) -> tuple[str, bytes] | None:
    """The program `name`, in the folders of `path` unless it is a path: where it is found, and the file
    behind its links."""
    if "/" in name:
        real = _real(tree, name) if name.startswith("/") else None
        return None if real is None else (name, real)
    for folder in path.split(":"):
        full = f"{folder.rstrip('/')}/{name}"
        if folder.startswith("/") and (real := _real(tree, full)) is not None:
            return full, real
    return None


def _real(tree: FileTree, path: str) -> bytes | None:
    """The executable file behind `path`."""
    found = tree.resolve(path.encode(errors="surrogateescape"))
    executable = found.node is not None and found.node.kind is Kind.FILE and found.node.mode & 0o111
    return found.path if executable else None


def _passes(live: Live, command: tuple[str, ...]) -> bool:
    try:
        result = live.box.exec(command, timeout=_TRY_S)
    except ApplicationError:
        return False
    return result.exit_code == 0 and not result.timed_out


def _closed_port(live: Live) -> int:
    """A port that nothing listens on."""
    taken = {endpoint.port for endpoint in live.endpoints}
    return next(port for port in range(9, 2000) if port not in taken)


def _absent(live: Live, target: Target) -> str:
    """A path that the server says it does not have; empty where it answers everything."""
    path = f"/{secrets.token_hex(6)}"
    endpoint = Endpoint(target.port, target.scheme, target.address)
    if not target.path:
        return ""
    answer, _ = live.get(endpoint, path)
    return path if answer.status is not None and answer.status >= 400 else ""
