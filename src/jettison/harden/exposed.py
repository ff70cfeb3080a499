"""Secrets that a run shows: in its environment, on its command line, in files of the image that it reads.

Never the value, nor a part of it: only where it is and what it is taken for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from jettison.harden.model import Secret
from jettison.image.config import ImageConfig
from jettison.inspect.secrets import is_secret_value, scan
from jettison.layers.entry import Kind
from jettison.layers.path import decode_path, encode_path, printable
from jettison.layers.tree import FileTree
from jettison.observe.arguments import MASK
from jettison.observe.evidence import Access, Evidence, Exec, Operation

_MAX_FILE_BYTES: Final = 256 * 1024
"""Files that hold credentials are small."""
_MAX_FILES: Final = 2000
_PUBLIC_NAME: Final = re.compile(
    r"GPG_?KEYS?|(?:.*_)?(?:GPG|PGP|PUBLIC|PUBLISHABLE|HOST)_KEYS?|.*(?:SHA\d*|MD5|CHECKSUM|DIGEST|HASH|VERSION"
    r"|_FILE|_PATH|_DIR|_URL|_URI|_NAME|_HEADER|_TYPE|_TTL|_EXPIRY|_EXPIRATION|_LIFETIME|_LENGTH|_ALGORITHM"
    r"|_ALGO|_COOKIE|_ISSUER|_AUDIENCE|_ENDPOINT|_TIMEOUT|_REQUIRED|_ENABLED|_PARALLELISM|_METHOD|_POLICY)",
    re.IGNORECASE,
)
"""Names that hold a word for a secret and no secret."""
_PLAIN_VALUE: Final = re.compile(
    r"[+-]?[\d.]+[a-z]{0,3}|true|false|yes|no|on|off|none|null|enabled|disabled|required|optional",
    re.IGNORECASE,
)
_OPTION: Final = re.compile(
    r"-{1,2}(?:[\w.-]*[._-])?(?P<word>pass|password|passwd|passphrase|requirepass|masterauth|pwd|secret|token"
    r"|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|auth[_-]?key|credentials?)",
    re.IGNORECASE,
)
_READ_NAME: Final = re.compile(
    rb"(?i)(?:.*/)?(?:\.env(?:\.[^/]+)?|[^/]*\.(?:env|pem|key|ppk|jks|p12|pfx|keystore|ini|conf|cnf|cfg|config"
    rb"|properties|toml|ya?ml|json|tfvars)|id_(?:rsa|dsa|ecdsa|ed25519)|credentials[^/]*|\.netrc|\.pgpass"
    rb"|\.npmrc|\.?htpasswd|\.git-credentials|\.dockercfg|settings\.xml|[^/]*secrets?[^/]*)"
)
_OTHERS: Final = re.compile(
    rb"usr/(?!local/app|src)|lib/|etc/(?:ssl|pki|ca-certificates)/|(?:.*/)?(?:site-packages|dist-packages"
    rb"|node_modules|vendor|gems)/"
)
"""Folders of what others publish: only known forms count there, the rest is defaults and examples."""
_HARMLESS: Final = frozenset((b"etc/shadow", b"etc/passwd", b"etc/gshadow", b"etc/group"))


def exposed(
    *,
    env: Mapping[str, str],
    argv: Sequence[str],
    config: ImageConfig,
    evidence: Evidence,
    tree: FileTree,
) -> tuple[Secret, ...]:
    """Every secret of a run with this environment and command line, and this evidence, sorted."""
    found = {
        *in_environment(env, config.config.env),
        *in_command(argv, (*(config.config.entrypoint or ()), *(config.config.cmd or ()))),
        *_in_programs(evidence.execs),
        *in_files(evidence.paths, tree),
    }
    return tuple(sorted(found))


def in_environment(env: Mapping[str, str], image: Iterable[str]) -> Iterator[Secret]:
    """Variables whose value is a secret by its form or by its name."""
    baked = frozenset(image)
    for name, value in env.items():
        kind, because = _judged(name, value)
        if kind:
            yield Secret("environment", printable(name), kind, because, baked=f"{name}={value}" in baked)


def _judged(name: str, value: str) -> tuple[str, str]:
    """What kind of secret a named value is, and why; empty for none."""
    known = scan(value.encode(errors="surrogateescape"), b"")
    if known:
        return known[0].kind, f"the value has the form of: {known[0].title}"
    if _PUBLIC_NAME.fullmatch(name) or _PLAIN_VALUE.fullmatch(value) or value.startswith(("http:", "https:")):
        return "", ""
    if is_secret_value(name, value):
        return "assigned-secret", "the name says so"
    return "", ""


def in_command(argv: Sequence[str], image: Sequence[str]) -> Iterator[Secret]:
    """Arguments that hold a secret: `--password x`, `--token=x`, a URL with a password, a known form."""
    baked = frozenset(image)
    option = ""
    for argument in argv:
        before, option = option, ""
        name, separator, value = argument.partition("=")
        named = _OPTION.fullmatch(name)
        if before and not argument.startswith("-") and _is_value(argument):
            yield _on_command(before, argument in baked, "assigned-secret", "the option's name says so")
        elif named and separator and _is_value(value):
            yield _on_command(name, argument in baked, "assigned-secret", "the option's name says so")
        elif named and not separator:
            option = name
        elif known := scan(argument.encode(errors="surrogateescape"), b""):
            yield _on_command(
                name if separator and len(name) < 60 else "an argument",
                argument in baked,
                known[0].kind,
                f"it has the form of: {known[0].title}",
            )


def _on_command(name: str, baked: bool, kind: str, because: str) -> Secret:
    return Secret("command", printable(name), kind, because, baked=baked)


def _is_value(value: str) -> bool:
    return (
        len(value) >= 3 and not _PLAIN_VALUE.fullmatch(value) and not value.startswith(("$", "<", "{", "/"))
    )


def _in_programs(execs: Iterable[Exec]) -> Iterator[Secret]:
    """Programs that the application started with a secret on their command line, where every process can
    read it. Their values are masked already."""
    mask = MASK.decode()
    for each in execs:
        for before, argument in zip(("", *each.argv), each.argv, strict=False):
            name = argument.partition("=")[0] if argument.endswith(f"={mask}") else before
            if mask in argument and _OPTION.fullmatch(name):
                because = f"{each.path} is started with it"
                yield _on_command(name, False, "assigned-secret", because)


def in_files(paths: Mapping[str, Access], tree: FileTree) -> Iterator[Secret]:
    """Files of the image that the run opened and that hold a secret."""
    seen = set[bytes]()
    for text, access in paths.items():
        path = decode_path(text)
        if Operation.OPEN not in access.operations or not _READ_NAME.fullmatch(path):
            continue
        found = tree.resolve(path)
        if found.node is None or found.path in seen or found.path in _HARMLESS or len(seen) >= _MAX_FILES:
            continue
        seen.add(found.path)
        if found.node.kind is not Kind.FILE or found.node.size > _MAX_FILE_BYTES:
            continue
        data = tree.head(found.node, _MAX_FILE_BYTES)
        matches = scan(data, found.path, public=_OTHERS.match(found.path) is not None)
        if matches:
            first = matches[0]
            by = f", read by {min(access.by)}" if access.by else ""
            yield Secret(
                "file",
                "/" + encode_path(found.path),
                first.kind,
                f"{first.title} in line {first.line}{by}",
                baked=True,
            )
