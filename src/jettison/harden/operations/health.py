"""Which paths of an application tell whether it is alive and whether it is ready, found by asking.

Applications answer 200 to anything: catch-all routes, single-page applications, servers that echo. So every
path is compared with a made-up one in the same folder. What reports on dependencies (databases, queues) says
whether it is ready; as a liveness probe it would restart every replica when the database is down.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from jettison.harden.live import Live
from jettison.harden.model import Probe
from jettison.workload.client import Answer
from jettison.workload.endpoint import Endpoint, Scheme

_BUDGET_S = 15.0
"""All questions together; of an application that lets each wait a second only the likeliest paths are
asked."""
_LIVE = """
    /livez /healthz/live /health/live /health/liveness /actuator/health/liveness /q/health/live /live
    /liveness /alive /__lbheartbeat__ /minio/health/live /-/healthy /ping /up
"""
_READY = """
    /readyz /healthz/ready /health/ready /health/readiness /actuator/health/readiness /q/health/ready /ready
    /readiness /-/ready /minio/health/ready
"""
_GENERAL = """
    /healthz /health /healthcheck /health-check /_health /api/health /api/healthz /api/v1/health
    /actuator/health /q/health /__heartbeat__ /heartbeat /v1/sys/health /status /api/status
"""
_DOCUMENTS = (
    "/openapi.json",
    "/swagger.json",
    "/v3/api-docs",
    "/api/openapi.json",
    "/swagger/v1/swagger.json",
)
_NAMED = re.compile(
    r"(?:.*/)?[_.-]*(?P<word>livez|liveness|live|alive|lbheartbeat|ping|up|readyz|readiness|ready"
    r"|health(?:y|z)?|health[_-]?check|heartbeat|status)[_.-]*/?",
    re.IGNORECASE,
)
_LIVE_WORDS = frozenset(("livez", "liveness", "live", "alive", "lbheartbeat", "ping", "up"))
_READY_WORDS = frozenset(("readyz", "readiness", "ready"))
_SAFE_PATH = re.compile(r"/[\w./~-]{0,200}", re.ASCII)
"""Paths that an application or image proposes end up in manifests and commands."""
_IN_COMMAND = re.compile(r"https?://[^\s/\"']{1,200}(/[\w./~-]{0,200})", re.ASCII)
_WELL = re.compile(
    r"\b(?:ok|okay|up|alive|live|ready|healthy|health|pass(?:ing|ed)?|pong|green|running|available)\b", re.I
)
_DEPENDENCIES = re.compile(
    r"components|checks?|details|dependencies|services?|info|databases?|db|redis|cache|queue|storage|postgres"
    r"|mysql|mongo|rabbitmq|kafka|disk",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"log[_-]?in|sign[_-]?in|sso|oauth|auth\b", re.IGNORECASE)
_MAX_HINTS = 20
_MAX_TEXT = 256 * 1024


class Role(Enum):
    """What a path is named for."""

    LIVE = "live"
    READY = "ready"
    GENERAL = "general"


@dataclass(frozen=True)
class Health:
    """A path that tells about the application's health."""

    endpoint: Endpoint
    path: str
    role: Role
    because: str
    dependencies: bool = False
    """It reports on what the application depends on."""
    host: str = ""
    """The Host header that it insists on."""

    @property
    def probe(self) -> Probe:
        """It as a probe."""
        return Probe(
            kind="https" if self.endpoint.scheme is Scheme.HTTPS else "http",
            port=self.endpoint.port,
            path=self.path,
            because=self.because,
            host=self.host,
        )


def role_of(path: str) -> Role | None:
    """What `path` is named for; None when its last word is no name for health."""
    match = _NAMED.fullmatch(path)
    if match is None:
        return None
    word = match["word"].lower()
    return Role.LIVE if word in _LIVE_WORDS else Role.READY if word in _READY_WORDS else Role.GENERAL


def hints(commands: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Paths worth asking first: those in the text of a HEALTHCHECK, whatever their name, and those of `paths`
    that are named for health. Only such as may stand in a manifest."""
    found = [match[1] for command in commands for match in _IN_COMMAND.finditer(command[:10_000])]
    found += [path for path in paths if _SAFE_PATH.fullmatch(path) and role_of(path) is not None]
    return tuple(dict.fromkeys(path for path in found if path != "/"))[:_MAX_HINTS]


def documented(document: str) -> list[str]:
    """The paths of an OpenAPI document (JSON) that take GET without parameters; none of what is no such
    document."""
    try:
        root = msgspec.json.decode(document, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return []
    paths = root.get("paths")
    if not isinstance(paths, dict):
        return []
    return [path for path, item in paths.items() if isinstance(item, dict) and "get" in item]


def find(live: Live, endpoint: Endpoint, first: Iterable[str] = ()) -> list[Health]:
    """All health paths of `endpoint`, likeliest first; the paths `first` are asked before the usual ones."""
    return list(_Search(live, endpoint, tuple(first)).run())


@dataclass
class _Search:
    live: Live
    endpoint: Endpoint
    first: tuple[str, ...]
    made_up: dict[str, tuple[str, Answer]] = field(default_factory=dict)
    """Folder → a path that cannot exist there, and its answer."""
    begin: float = field(default_factory=time.monotonic)

    def run(self) -> Iterator[Health]:
        """The given and the usual paths; where none tells anything, those that an OpenAPI document names."""
        asked: set[str] = set()
        found = False
        for paths in (self._usual(), self._documented()):
            for path, role in paths:
                if path in asked or time.monotonic() - self.begin > _BUDGET_S:
                    continue
                asked.add(path)
                health = self._ask(path, role)
                if health is not None:
                    found = True
                    yield health
            if found:
                return

    def _usual(self) -> Iterator[tuple[str, Role]]:
        for path in self.first:
            yield path, role_of(path) or Role.GENERAL
        # In turns, so that a slow application is asked for one of each before the time is over.
        lists = [(role, text.split()) for role, text in _USUAL]
        for rank in range(max(len(paths) for _, paths in lists)):
            yield from ((paths[rank], role) for role, paths in lists if rank < len(paths))

    def _documented(self) -> Iterator[tuple[str, Role]]:
        for document in _DOCUMENTS:
            answer, _ = self.live.get(self.endpoint, document)
            text = None if answer.body is None else answer.body.text
            if answer.status == 200 and text:
                yield from ((path, role_of(path) or Role.GENERAL) for path in hints((), documented(text)))

    def _ask(self, path: str, role: Role) -> Health | None:
        answer, seconds = self.live.get(self.endpoint, path)
        if answer.status in (301, 308) and answer.headers.get("location", "").endswith(path + "/"):
            path += "/"
            answer, seconds = self.live.get(self.endpoint, path)
        if answer.status not in (200, 204):
            return None
        other, nothing = self._nothing(path)
        if not tells(path, answer, other, nothing):
            return None
        again, _ = self.live.get(self.endpoint, path)
        if again.status != answer.status:
            return None
        host = self._host(path)
        if host is None:
            return None
        told = nothing.error or f"{nothing.status}"
        because = f"GET {path} answered {answer.status} in {seconds * 1000:.0f} ms; a made-up path: {told}"
        return Health(self.endpoint, path, role, because, names_dependencies(answer), host)

    def _nothing(self, path: str) -> tuple[str, Answer]:
        """A made-up path beside `path`, and its answer."""
        folder = path.rstrip("/").rpartition("/")[0]
        if folder not in self.made_up:
            other = f"{folder}/{secrets.token_hex(6)}"
            self.made_up[folder] = other, self.live.get(self.endpoint, other)[0]
        return self.made_up[folder]

    def _host(self, path: str) -> str | None:
        """What Host header it needs: a kubelet asks by the address of the pod, which frameworks with a list
        of hosts refuse. None when it answers neither way."""
        by_address, _ = self.live.get(self.endpoint, path, host=f"10.1.2.3:{self.endpoint.port}")
        if by_address.status in (200, 204):
            return ""
        by_name, _ = self.live.get(self.endpoint, path, host="localhost")
        return "localhost" if by_name.status in (200, 204) else None


_USUAL = ((Role.GENERAL, _GENERAL), (Role.READY, _READY), (Role.LIVE, _LIVE))


def tells(path: str, answer: Answer, other: str, nothing: Answer) -> bool:
    """Whether `answer` to `path` says something of its own, given the answer `nothing` to the made-up
    path `other`."""
    if nothing.status is None or nothing.status >= 300:
        return True
    mine, theirs = _plain(answer, path), _plain(nothing, other)
    return mine != theirs and _WELL.search(mine) is not None and _WELL.search(theirs) is None


def _plain(answer: Answer, path: str) -> str:
    """The text of an answer without the path and without what varies by itself."""
    text = ("" if answer.body is None else answer.body.text or "")[:_MAX_TEXT]
    for word in (path, path.rpartition("/")[2]):
        text = text.replace(word, "") if word else text
    return re.sub(r"\d+|\b[0-9a-f-]{12,}\b", "0", text)


def names_dependencies(answer: Answer) -> bool:
    """Whether a health document (JSON) reports on parts: with a list or an object, or under a name that is
    common for that."""
    text = None if answer.body is None else answer.body.text
    try:
        root = msgspec.json.decode(text or "", type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return False
    return any(_DEPENDENCIES.fullmatch(key) and value is not None for key, value in root.items())


def front(live: Live, endpoint: Endpoint) -> Health | None:
    """The first page as a probe, if it answers 2xx, or 3xx that leads to no login."""
    answer, seconds = live.get(endpoint, "/")
    location = answer.headers.get("location", "")
    if answer.status is None or not 200 <= answer.status < 400 or _LOGIN.search(location):
        return None
    because = f"no health path; GET / answered {answer.status} in {seconds * 1000:.0f} ms"
    by_address, _ = live.get(endpoint, "/", host=f"10.1.2.3:{endpoint.port}")
    same = by_address.status is not None and by_address.status < 400
    return Health(endpoint, "/", Role.GENERAL, because, host="" if same else "localhost")


def readiness(found: Iterable[Health]) -> Health | None:
    """Of all health paths the one to ask whether it may get requests."""
    return _best(list(found), (Role.READY, Role.GENERAL, Role.LIVE))


def liveness(found: Iterable[Health]) -> Health | None:
    """The one to ask whether it must be restarted: never one that reports on dependencies."""
    return _best([each for each in found if not each.dependencies], (Role.LIVE, Role.GENERAL))


def _best(found: list[Health], roles: tuple[Role, ...]) -> Health | None:
    return next((each for role in roles for each in found if each.role is role), None)
