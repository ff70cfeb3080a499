"""Secrets in text: by the form of known credentials, by what a value is assigned to, by what a file is for.

Speed comes from looking at little. Nearly every credential holds a run of 20 letters, digits, `_` and `-`.
Translating the text to two symbols and searching for 20 of one finds those runs at some 250 MB/s, and only
there do patterns look.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jettison.inspect.credentials import KINDS, Kind
from jettison.layers.path import printable

MAX_GENERIC_BYTES: Final = 1 << 20
"""Files that are searched for assignments: configuration and source code written by people is smaller."""


def _any_of(literals: Iterable[bytes]) -> bytes:
    """A pattern for any of them, grouped by their first byte, by which re rules nearly all of them out at
    once."""
    groups: dict[bytes, list[bytes]] = {}
    for literal in literals:
        groups.setdefault(literal[:1], []).append(re.escape(literal[1:]))
    return b"|".join(first + b"(?:" + b"|".join(rest) + b")" for first, rest in sorted(groups.items()))


_TOKEN_BYTES: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_SYMBOLS: Final = bytes(0x78 if byte in _TOKEN_BYTES else 0x20 for byte in range(256))
_RUN: Final = b"x" * 20
_BY_MARK: Final = {mark: tuple(k for k in KINDS if mark in k.marks) for kind in KINDS for mark in kind.marks}
_INSIDE: Final = re.compile(_any_of(mark for mark in _BY_MARK if _TOKEN_BYTES.issuperset(mark)))
_BEFORE: Final = {mark: kinds for mark, kinds in _BY_MARK.items() if not _TOKEN_BYTES.issuperset(mark)}
_ENDINGS: Final = tuple(_BEFORE)
_LITERALS: Final = tuple((literal, (kind,)) for kind in KINDS for literal in kind.literals)
_ENDS: Final = {b":": b":", b"/": b"/", b".": b".", b'"': b"]", b"'": b"]", b"=": b"="}
"""Bytes that may stand right before a run that is announced, with the last byte of the pattern for that."""
_TAILS: Final = {
    byte: tuple((kind, re.compile(kind.tail + rb"\Z")) for kind in KINDS if kind.tail.endswith(end))
    for byte, end in _ENDS.items()
}
_TAIL_BYTES, _LEAD, _REACH = 40, 80, 600
"""Bytes before a run that a tail may have; how much of a credential may stand before a mark and after it."""

_PEM: Final = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\\[nr]|[\s\",'+]|<br>|(?:Proc-Type|DEK-Info|Version|Comment):[^\n\\]*)*"
    rb"(?P<secret>[A-Za-z0-9+/=]{32,})"
)
_PUTTY: Final = re.compile(rb"PuTTY-User-Key-File-\d: (?P<secret>\S+)")
_URL: Final = re.compile(
    rb"[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s:/@'\"<>`{}$]{0,60}:"
    rb"(?P<secret>[^\s:/@'\"<>`{}$]{3,100})@(?P<host>[A-Za-z0-9.\[-]+)"
)
_NAME: Final = (
    rb"secret|token|passw(?:or)?d|passphrase|pwd|api_?key|access_?key|private_?key|auth_?key|account_?key"
    rb"|signing_?key|encryption_?key|client-key-data|credentials?"
)
SECRET_NAME: Final = re.compile(
    rb"(?i)(?:^|[^a-z])(?:" + _NAME + rb")(?:[^a-z]|\Z)|(?:SECRET|TOKEN|PASSWORD|_KEY)\Z"
)
"""Names of variables that hold secrets."""
_STEMS: Final = (b"secret", b"token", b"passw", b"passphrase", b"pwd", b"credential", b"key")
_KEYS: Final = tuple(
    word + joint
    for word in (b"api", b"access", b"private", b"auth", b"account", b"signing", b"encryption", b"client")
    for joint in (b"", b"_", b"-")
)
"""What makes a key a secret one."""
_ASSIGNED: Final = re.compile(
    rb"[\w-]{3,40}[\"']?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}"
    rb"(?:(?P<quote>[\"'])(?P<quoted>[^\"'\s\\]{6,300})(?P=quote)|(?P<bare>[^\s\"'`,;#<>\\(){}\[\]]{6,300}))"
)
"""From the stem of the name on."""
_PASSWORD_HASH: Final = re.compile(
    rb"(?m)^(?P<name>[A-Za-z_][\w.-]*):(?P<secret>\$[a-z0-9]{1,3}\$[^:\s]{20,})(?=:|\s|\Z)"
)
_NETRC: Final = re.compile(rb"machine\s+\S+\s+login\s+\S+\s+password\s+(?P<secret>\S{3,})")
_REGISTRY_AUTH: Final = re.compile(rb'"(?:auth|identitytoken)"\s*:\s*"(?P<secret>[A-Za-z0-9+/=._-]{8,})"')
_NPM_AUTH: Final = re.compile(rb"_(?:authToken|auth|password)\s*=\s*\"?(?P<secret>[^\s$\"]{8,})")
_PGPASS: Final = re.compile(rb"(?m)^[^#:\s][^:\n]*:[^:\n]*:[^:\n]*:[^:\n]*:(?P<secret>[^\n]{3,})$")

_PLACEHOLDER: Final = re.compile(
    rb"(?i)example|sample|change.?me|replace|your|dummy|placeholder|insert|todo|xxx|\*\*\*|\.\.\.|foo|bar\b|test"
    rb"|env\b|environ|getenv|secret[s_]?\Z|password\Z|passwd\Z|token\Z|key\Z|undefined|null|none\Z|true\Z|false\Z"
    rb"|\Ascram-sha|\A(?:sha|md)-?\d|\A[$%<{]|\A/|\A-+\Z|string\Z|default|optional|required|abc123|1234|0000|qwerty|redacted|file:|http"
)
_CONFIG_NAME: Final = re.compile(
    rb"(?i)(?:.*/)?(?:\.env(?:\..+)?|[^/]*\.(?:env|ini|conf|cnf|cfg|config|properties|toml|tfvars|ya?ml)"
    rb"|credentials|\.?my\.cnf|\.?s3cfg|\.?pypirc|\.?gitconfig|settings\.xml)\Z"
)
_CODE_NAME: Final = re.compile(
    rb"(?i).*\.(?:py|js|ts|jsx|tsx|mjs|cjs|rb|php|go|java|kt|scala|cs|rs|pl|sh|bash|json|xml|gradle|groovy|ps1|tf|hcl)\Z"
)


@dataclass(frozen=True, slots=True)
class Match:
    """A secret in a text."""

    kind: str
    title: str
    offset: int
    """Where the secret begins, in bytes."""
    line: int
    """Counted from 1."""
    masked: str
    """Enough to recognise it, not enough to use it."""
    fingerprint: str
    """The same for the same secret, whatever place it was found in; tells nothing about it."""


def scan(data: bytes, path: bytes, *, public: bool = False) -> list[Match]:
    """All secrets in `data`, the text of `path`, in order.

    `public` says that a package published by others brought the file: then only known forms count, since
    assignments in it are somebody's defaults and examples.
    """
    spans: dict[int, tuple[str, str, bytes]] = {}
    for start, kind, title, secret in _all(data, path, public=public):
        spans.setdefault(start, (kind, title, secret))
    return [
        Match(kind, title, start, data.count(b"\n", 0, start) + 1, mask(secret), fingerprint(secret))
        for start, (kind, title, secret) in sorted(spans.items())
    ]


def redact(text: str) -> str:
    """`text` with every secret in it masked, for what is shown of a history."""
    data = text.encode(errors="surrogateescape")
    for secret in sorted({found[3] for found in _all(data, b"", public=False)}, key=len, reverse=True):
        data = data.replace(secret, mask(secret).encode())
    return data.decode(errors="replace")


def _all(data: bytes, path: bytes, *, public: bool) -> Iterator[tuple[int, str, str, bytes]]:
    yield from _known_forms(data)
    yield from _private_keys(data)
    if not public:
        yield from _urls(data)
        yield from _by_file(data, path)
        if len(data) <= MAX_GENERIC_BYTES:
            yield from _assignments(data, path)


def _known_forms(data: bytes) -> Iterator[tuple[int, str, str, bytes]]:
    runs = data.translate(_SYMBOLS)
    start = runs.find(_RUN)
    while start >= 0:
        end = runs.find(b" ", start)
        end = len(data) if end < 0 else end
        for mark in _INSIDE.finditer(data, start, end):
            yield from _around(data, mark.start(), _BY_MARK[mark[0]])
        if (before := data[start - 1 : start]) in _ENDS:
            kinds = _announced(data[max(0, start - _TAIL_BYTES) : start], before)
            yield from _around(data, start, kinds)
        start = runs.find(_RUN, end)
    for literal, kinds in _LITERALS:
        at = data.find(literal)
        while at >= 0:
            yield from _around(data, at, kinds)
            at = data.find(literal, at + 1)


def _announced(before: bytes, last: bytes) -> tuple[Kind, ...]:
    """The kinds that the text right before a run promises."""
    if before.endswith(_ENDINGS):
        return next(kinds for mark, kinds in _BEFORE.items() if before.endswith(mark))
    return tuple(kind for kind, tail in _TAILS[last] if tail.search(before))


def _around(data: bytes, at: int, kinds: tuple[Kind, ...]) -> Iterator[tuple[int, str, str, bytes]]:
    """The credentials of some kinds that are around `at`."""
    for kind in kinds:
        match = kind.pattern.search(data, max(0, at - _LEAD), at + _REACH)
        if match and match.start() <= at < match.end() and _is_random(match[0], kind.entropy):
            yield match.start(), kind.id, kind.title, match[0]


def _private_keys(data: bytes) -> Iterator[tuple[int, str, str, bytes]]:
    if b"PRIVATE KEY" in data:
        for match in _PEM.finditer(data):
            yield match.start(), "private-key", "Private key", match["secret"]
    if b"PuTTY-User-Key" in data:
        for match in _PUTTY.finditer(data):
            yield match.start(), "private-key", "PuTTY private key", match["secret"]


def _urls(data: bytes) -> Iterator[tuple[int, str, str, bytes]]:
    at = data.find(b"://")
    while at >= 0:
        if b"@" in data[at : at + 200]:
            match = _URL.search(data, max(0, at - 32), at + 300)
            if (
                match
                and match.start() < at
                and not _is_placeholder(match["secret"])
                and b"." in match["host"] + b"."
            ):
                yield match.start("secret"), "url-password", "Password in a URL", match["secret"]
        at = data.find(b"://", at + 3)


def _by_file(data: bytes, path: bytes) -> Iterator[tuple[int, str, str, bytes]]:
    """What a file of that name holds for sure."""
    base = path.rpartition(b"/")[2]
    for names, pattern, kind, title in _FILES:
        if base in names:
            for match in pattern.finditer(data):
                if not match["secret"].startswith(b"$") or kind == "password-hash":
                    yield match.start("secret"), kind, title, match["secret"]


_FILES: Final = (
    ((b".netrc", b"_netrc"), _NETRC, "netrc-password", "Password in a netrc file"),
    (
        (b"config.json", b".dockercfg", b".dockerconfigjson", b"auth.json"),
        _REGISTRY_AUTH,
        "registry-auth",
        "Registry login",
    ),
    ((b".npmrc", b"npmrc"), _NPM_AUTH, "npm-auth", "npm registry login"),
    ((b".pgpass",), _PGPASS, "pgpass-password", "PostgreSQL password"),
    ((b"shadow", b"shadow-", b".htpasswd", b"htpasswd"), _PASSWORD_HASH, "password-hash", "Password hash"),
)


def _assignments(data: bytes, path: bytes) -> Iterator[tuple[int, str, str, bytes]]:
    config = _CONFIG_NAME.match(path) is not None
    if not config and not _CODE_NAME.match(path):
        return
    for match in _named(data):
        group = "quoted" if match["quoted"] else "bare"
        secret = match[group]
        wanted = config or group == "quoted"
        if wanted and not _is_placeholder(secret) and _is_assigned_secret(secret, config=config):
            yield match.start(group), "assigned-secret", "Secret assigned to a name", secret


def _named(data: bytes) -> Iterator[re.Match[bytes]]:
    """Every assignment to a name with one of the stems. Finding the stems first is five times as fast as a
    pattern."""
    lower = data.lower()
    for stem in _STEMS:
        at = lower.find(stem)
        while at >= 0:
            if stem != b"key" or lower[max(0, at - 11) : at].endswith(_KEYS):
                match = _ASSIGNED.match(data, at)
                if match:
                    yield match
            at = lower.find(stem, at + 1)


def _is_assigned_secret(secret: bytes, *, config: bool) -> bool:
    """Code needs more proof than configuration: it names types, fields and messages in the same way."""
    least, length = (2.5, 8) if config else (3.5, 12)
    return len(secret) >= length and _has_digit(secret) and _is_random(secret, least)


def is_secret_value(name: str, value: str) -> bool:
    """Whether a variable or build argument of that name holds a real secret and not an empty or example
    value."""
    raw = value.encode(errors="surrogateescape")
    named = SECRET_NAME.search(name.encode(errors="surrogateescape")) is not None
    return (
        named
        and len(raw) >= 3
        and not re.match(rb"(?i)\A(?:[$%<{/]|change.?me|none|null|true|false|\d{1,4}\Z)", raw)
    )


def mask(secret: bytes) -> str:
    """The first four characters and the length; less of a short one."""
    shown = secret[: min(4, len(secret) // 4)].decode(errors="replace")
    return f"{printable(shown)}… ({len(secret)} characters)"


def entropy(data: bytes) -> float:
    """Shannon's, in bits a byte."""
    total = len(data)
    return -sum(n / total * math.log2(n / total) for n in Counter(data).values()) if total else 0.0


def fingerprint(secret: bytes) -> str:
    """Tells equal secrets apart from others without telling what they are."""
    return hashlib.sha256(b"jettison secret\0" + secret).hexdigest()[:16]


def _is_random(secret: bytes, least: float) -> bool:
    return b"EXAMPLE" not in secret and entropy(secret) >= min(least, math.log2(len(secret)) * 0.8)


def _is_placeholder(secret: bytes) -> bool:
    return _PLACEHOLDER.search(secret) is not None or len(set(secret)) < 4


def _has_digit(secret: bytes) -> bool:
    return re.search(rb"\d", secret) is not None
