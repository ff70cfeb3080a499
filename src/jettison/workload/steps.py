"""The workload as data: parsed from the command line and the image's config, replayed as it was first
driven."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import msgspec

from jettison.errors import UsageError
from jettison.limits import HTTP_TIMEOUT_S, READY_TIMEOUT_S, RUN_TIMEOUT_S

if TYPE_CHECKING:
    from jettison.workload.drive import Driven
    from jettison.workload.endpoint import Endpoint

Source = Literal["http", "crawl", "openapi", "redirect"]
_REQUEST = re.compile(
    r"(?:(?P<method>[A-Za-z]+)\s+)?(?::(?P<port>\d{1,5}))?(?P<path>/\S*)(?:\s+(?P<body>\S.*))?", re.DOTALL
)
_HINT = "write --http '[METHOD ][:PORT]/PATH [JSON]', as in --http 'POST /api/users {\"name\":\"Ada\"}'"


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One HTTP request of the workload."""

    method: str = "GET"
    path: str = "/"
    """Path and query, percent-encoded, as it goes into the request line."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    port: int | None = None
    """None is the first HTTP port that the application has."""
    source: Source = "http"

    @property
    def step(self) -> str:
        """The name of its step."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.source} {self.method} {port}{self.path}"


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """The image's HEALTHCHECK."""

    test: tuple[str, ...]
    """As in the config: `CMD` and arguments, or `CMD-SHELL` and one line for the shell."""
    timeout: float = 30.0
    """Seconds for one try."""
    retries: int = 3


@dataclass(frozen=True)
class Port:
    """A port that the image exposes."""

    number: int
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Everything that is done to one run of the application, in this order: wait until it is ready, the
    healthcheck,
    `/` and the given requests, the crawl, OpenAPI, commands inside, commands outside."""

    http: tuple[HttpRequest, ...] = ()
    crawl: bool = True
    openapi: str | None = None
    exec: tuple[str, ...] = ()
    host_exec: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None
    shell: tuple[str, ...] | None = ("/bin/sh", "-c")
    """What runs a command line inside; None when the image has no shell."""
    ports: tuple[Port, ...] = ()
    """What the image exposes, in order of preference."""
    ready_timeout: float = READY_TIMEOUT_S
    run_timeout: float = RUN_TIMEOUT_S
    """Seconds for a batch job, and for one command."""
    http_timeout: float = HTTP_TIMEOUT_S
    known: tuple[Endpoint, ...] = ()
    """Where an earlier run was seen to listen; a replay waits for exactly these."""
    ready_before: float = 0.0
    """Seconds that an earlier run took to be ready."""
    requests: tuple[HttpRequest, ...] | None = None
    """All HTTP requests of an earlier run, in order; a replay makes these and discovers nothing anew."""

    def replaying(self, driven: Driven) -> Workload:
        """The same workload with everything fixed that `driven` discovered: its ports, and the requests of
        its crawl.

        So a candidate that links to less is asked for what the original has, and a port that an image exposes
        and never opens is not waited for a second time.
        """
        before = driven.ready_seconds
        timeout = self.ready_timeout if before is None else min(self.ready_timeout, max(10.0, 10 * before))
        return replace(
            self,
            known=driven.endpoints,
            requests=driven.requests,
            ready_timeout=timeout,
            ready_before=before or 0.0,
        )


def parse_workload(
    *,
    http: Iterable[str] = (),
    crawl: bool = True,
    openapi: str | None = None,
    exec: Iterable[str] = (),
    host_exec: Iterable[str] = (),
    timeout: float | None = None,
    exposed: Iterable[str] = (),
    healthcheck: Healthcheck | None = None,
    shell: Sequence[str] | None = ("/bin/sh", "-c"),
) -> Workload:
    """The workload from option values and from what the image's config says.

    `exposed` are names as in the config (`80/tcp`); `timeout`, in seconds, bounds readiness, and a run that
    ends by itself. Raises UsageError.
    """
    commands = tuple(exec), tuple(host_exec)
    for name, values in zip(("--exec", "--host-exec"), commands, strict=True):
        if any(not value.strip() or "\0" in value for value in values):
            raise UsageError(f"{name} needs a command")
    if timeout is not None and timeout <= 0:
        raise UsageError("--timeout must be more than 0 seconds")
    return Workload(
        http=tuple(parse_http(text) for text in http),
        crawl=crawl,
        openapi=openapi,
        exec=commands[0],
        host_exec=commands[1],
        healthcheck=healthcheck,
        shell=None if shell is None else tuple(shell),
        ports=tuple(port for port in map(_port, exposed) if port is not None),
        ready_timeout=timeout or READY_TIMEOUT_S,
        run_timeout=timeout or RUN_TIMEOUT_S,
    )


def parse_http(text: str) -> HttpRequest:
    """`[METHOD ][:PORT]/PATH[ JSON]` as a request; a body without a method is a POST. Raises UsageError."""
    match = _REQUEST.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--http {text!r} is not a request", hint=_HINT)
    body = (match["body"] or "").encode()
    if body:
        try:
            msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise UsageError(f"--http {text!r}: the body is not JSON: {error}", hint=_HINT) from None
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 0 < port < 65536:
        raise UsageError(f"--http {text!r}: no such port", hint=_HINT)
    return HttpRequest(
        method=(match["method"] or ("POST" if body else "GET")).upper(),
        path=printable_path(match["path"]),
        headers=(("content-type", "application/json"),) if body else (),
        body=body,
        port=port,
    )


def printable_path(path: str) -> str:
    """`path` with everything percent-encoded that may not stand in a request line (RFC 9112, 3.2); no
    fragment."""
    path = path.partition("#")[0]
    return "".join(c if "!" <= c <= "~" else "".join(f"%{b:02X}" for b in c.encode()) for c in path)


def _port(text: str) -> Port | None:
    """`80`, `80/tcp`, `53/udp`; None for what is neither TCP nor UDP, or no number (an image may say
    anything)."""
    number, _, protocol = text.partition("/")
    if not number.isascii() or not number.isdigit() or not 0 < int(number[:6]) < 65536:
        return None
    match protocol.lower():
        case "" | "tcp":
            return Port(int(number))
        case "udp":
            return Port(int(number), "udp")
        case _:
            return None
