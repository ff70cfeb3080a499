"""Keeps the data that C libraries and runtimes read about the world outside: time, language, trust, names of
types.

**What.** As far as the image has them and something that stays can read them: time zones (without the copies
`right/` and `posix/`), `/etc/localtime` and `timezone`; locales that were built, and the aliases;
certificates of authorities with all links to them, and the OpenSSL, GnuTLS and crypto-policy configuration;
MIME types; descriptions of common terminals where something links `libtinfo`; fonts and their configuration
where something links `libfontconfig`; PAM's configuration and the account databases where something links
`libpam`; dictionaries of `libmagic`, `libicu`.

**Why.** `TZ=…`, `LANG=…` and a request to an HTTPS server are set in production, not in a smoke test. Without
zone files the time is silently UTC; without certificates every connection fails.

**Cost.** Certificates 0.6 MB, time zones 1–3 MB, C locales 0.4 MB; fonts what is installed.

**Sources.** tzset(3), locale(7), `update-ca-certificates(8)`, terminfo(5), fonts-conf(5), pam.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from jettison.keep.rule import Keep, Rule
from jettison.layers.entry import Kind
from jettison.layers.path import name

if TYPE_CHECKING:
    from jettison.keep.context import Context
    from jettison.layers.tree import Node


class _Data(NamedTuple):
    """Paths or folders that are read for one purpose."""

    text: str
    paths: tuple[bytes, ...]
    readers: re.Pattern[bytes] | None = None
    """Names of kept files of which one must be there; None: every image may need it."""
    left_out: re.Pattern[bytes] | None = None
    """What is not needed below the folders."""


def _paths(text: bytes) -> tuple[bytes, ...]:
    return tuple(text.split())


_TERMINALS: Final = re.compile(
    rb".*/terminfo/(?!.*/(?:ansi|dumb|linux|screen(?:[.-].*)?|tmux(?:-.*)?|vt[12]\d\d|xterm(?:-.*)?|rxvt(?:-.*)?)\Z)[^/]+/.+"
)
_WORLD: Final = (
    _Data(
        "time zones",
        (b"usr/share/zoneinfo", b"usr/share/lib/zoneinfo", b"etc/localtime", b"etc/timezone", b"etc/TZ"),
        left_out=re.compile(rb"usr/share/zoneinfo/(?:right|posix)/"),
    ),
    _Data(
        "locales",
        _paths(
            b"usr/lib/locale usr/share/locale/locale.alias etc/locale.alias etc/locale.conf "
            b"etc/default/locale usr/share/i18n/locales/musl etc/environment"
        ),
    ),
    _Data(
        "certificates of authorities",
        _paths(
            b"etc/ssl etc/pki etc/ca-certificates etc/ca-certificates.conf usr/share/ca-certificates "
            b"usr/local/share/ca-certificates usr/share/pki usr/lib/ssl usr/share/ssl etc/gnutls "
            b"etc/crypto-policies usr/share/crypto-policies/DEFAULT usr/local/ssl etc/libressl"
        ),
        left_out=re.compile(rb"usr/lib/ssl/misc/"),
    ),
    _Data(
        "types of files",
        _paths(
            b"etc/mime.types etc/mailcap usr/share/mime/globs usr/share/mime/globs2 "
            b"usr/share/mime/magic usr/share/mime/mime.cache usr/share/mime/aliases "
            b"usr/share/mime/subclasses etc/magic"
        ),
    ),
    _Data(
        "descriptions of terminals",
        (b"lib/terminfo", b"etc/terminfo", b"usr/share/terminfo", b"usr/lib/terminfo"),
        readers=re.compile(rb"lib(?:tinfo|ncurses)w?\.so"),
        left_out=_TERMINALS,
    ),
    _Data(
        "fonts",
        (b"etc/fonts", b"usr/share/fonts", b"usr/local/share/fonts", b"usr/share/fontconfig"),
        readers=re.compile(rb"libfontconfig\.so"),
    ),
    _Data(
        "ways to log in",
        _paths(
            b"etc/pam.d etc/pam.conf etc/security etc/login.defs etc/shadow etc/shells etc/environment "
            b"usr/lib/pam.d usr/sbin/unix_chkpwd etc/gshadow"
        ),
        readers=re.compile(rb"libpam\.so"),
    ),
    _Data(
        "magic numbers of files",
        (b"usr/share/misc/magic.mgc", b"usr/lib/file/magic.mgc", b"usr/share/file/magic.mgc"),
        readers=re.compile(rb"libmagic\.so"),
    ),
    _Data("data of ICU", (b"usr/share/icu", b"usr/lib/icu"), readers=re.compile(rb"libicuuc\.so")),
    _Data(
        "Kerberos and LDAP configuration",
        (b"etc/krb5.conf", b"etc/krb5.conf.d", b"etc/ldap", b"etc/openldap", b"etc/gss"),
        readers=re.compile(rb"lib(?:krb5|ldap|gssapi_krb5)[-.]"),
    ),
    _Data(
        "description of the distribution", (b"etc/os-release", b"usr/lib/os-release", b"etc/debian_version")
    ),
)


class World(Rule):
    """Data about the world outside."""

    name = "world data"

    def __init__(self) -> None:
        self._waiting = [data for data in _WORLD if data.readers is not None]

    def begin(self, context: Context) -> Iterable[Keep]:
        """What every image may need."""
        for data in _WORLD:
            if data.readers is None:
                yield from _below(context, data, None)

    def visit(self, context: Context, node: Node) -> Iterable[Keep]:
        """What one kept library reads."""
        for data in [data for data in self._waiting if data.readers and data.readers.match(name(node.path))]:
            self._waiting.remove(data)
            yield from _below(context, data, node)


def _below(context: Context, data: _Data, reader: Node | None) -> Iterator[Keep]:
    because = reader.path if reader else None
    for path in data.paths:
        if context.tree.get(path) is None:
            continue
        yield Keep(path, data.text, because)
        for node in context.below(path):
            if node.kind is not Kind.DIR and not (data.left_out and data.left_out.match(node.path)):
                yield Keep(node.path, data.text, because)
