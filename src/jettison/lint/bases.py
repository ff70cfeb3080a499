"""What the name of a base image tells: its parts, the distribution, the shell, and users it is known to
have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jettison.lint.shell import Dialect


class Distro(StrEnum):
    """The family of a base image, as far as packages and the shell go."""

    ALPINE = "alpine"
    DEBIAN = "debian"
    UBUNTU = "ubuntu"
    REDHAT = "redhat"
    SUSE = "suse"
    ARCH = "arch"
    WOLFI = "wolfi"
    BUSYBOX = "busybox"
    DISTROLESS = "distroless"
    SCRATCH = "scratch"
    WINDOWS = "windows"
    UNKNOWN = "unknown"


_SHELLS: Final = {
    Distro.ALPINE: Dialect.ASH,
    Distro.BUSYBOX: Dialect.ASH,
    Distro.WOLFI: Dialect.ASH,
    Distro.DEBIAN: Dialect.DASH,
    Distro.UBUNTU: Dialect.DASH,
    Distro.REDHAT: Dialect.BASH,
    Distro.SUSE: Dialect.BASH,
    Distro.ARCH: Dialect.BASH,
    Distro.WINDOWS: Dialect.CMD,
}

_BY_NAME: Final = {
    "alpine": Distro.ALPINE,
    "busybox": Distro.BUSYBOX,
    "debian": Distro.DEBIAN,
    "ubuntu": Distro.UBUNTU,
    "scratch": Distro.SCRATCH,
    **dict.fromkeys(["wolfi-base", "wolfi"], Distro.WOLFI),
    **dict.fromkeys(
        ["fedora", "centos", "rockylinux", "almalinux", "oraclelinux", "amazonlinux", "photon", "mageia"],
        Distro.REDHAT,
    ),
    **dict.fromkeys(["opensuse", "leap", "tumbleweed", "sles", "bci-base"], Distro.SUSE),
    **dict.fromkeys(["archlinux", "archlinux/base"], Distro.ARCH),
    **dict.fromkeys(["nanoserver", "servercore", "windows"], Distro.WINDOWS),
    **dict.fromkeys(["buildpack-deps"], Distro.DEBIAN),
}
_DEBIAN_TAGS: Final = ("bookworm", "bullseye", "buster", "stretch", "jessie", "trixie", "slim", "sid")
_UBUNTU_TAGS: Final = ("noble", "jammy", "focal", "bionic", "xenial", "trusty", "ubuntu")
_DEBIAN_BASED: Final = frozenset(
    {
        *("python", "node", "golang", "ruby", "rust", "openjdk", "gcc", "perl", "php", "httpd"),
        *("nginx", "postgres", "mysql", "mariadb", "redis", "mongo", "haskell", "elixir"),
        *("erlang", "julia", "swipl", "r-base", "rabbitmq", "cassandra", "tomcat", "pypy"),
        *("memcached", "ghost", "wordpress", "drupal", "composer"),
    }
)
_NOT_DEBIAN: Final = {"composer": Distro.ALPINE, "mysql": Distro.REDHAT}
_KNOWN_USERS: Final = {
    "node": {"node": 1000},
    "postgres": {"postgres": 999},
    "redis": {"redis": 999},
    "nginx": {"nginx": 101},
    "nginx-unprivileged": {"nginx": 101},
    "jenkins": {"jenkins": 1000},
    "distroless": {"nonroot": 65532},
}
_EVERYWHERE: Final = {"root": 0, "daemon": 1, "bin": 2, "sys": 3, "www-data": 33, "nobody": 65534}

_REFERENCE: Final = re.compile(
    r"(?P<name>(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[^:@]+)(?::(?P<tag>[^@/]+))?"
    r"(?:@(?P<digest>[A-Za-z0-9+._-]+:[0-9a-fA-F]+))?\Z"
)


@dataclass(frozen=True, slots=True)
class BaseName:
    """The parts of an image name after variables are expanded."""

    text: str
    name: str
    """Name with registry and path, without tag and digest."""
    tag: str | None
    digest: str | None

    @property
    def registry(self) -> str:
        """The registry's host; `docker.io` if the name has none."""
        first, slash, _ = self.name.partition("/")
        return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"

    @property
    def short(self) -> str:
        """The last part of the path: `python` in `docker.io/library/python`."""
        return self.name.rpartition("/")[2].lower()

    @property
    def repository(self) -> str:
        """The path without the registry, and without `library/`."""
        path = self.name if self.registry == "docker.io" and not self.name.startswith("docker.io/") else None
        rest = path if path is not None else self.name.partition("/")[2]
        return rest.removeprefix("library/").lower()

    @property
    def distro(self) -> Distro:
        """The family, told from name and tag."""
        return _distro(self)

    @property
    def users(self) -> dict[str, int]:
        """Names of users that are known to exist in the image, with their numbers."""
        own = next((users for key, users in _KNOWN_USERS.items() if key in self.name.lower().split("/")), {})
        return _EVERYWHERE | own


def parse_base(text: str) -> BaseName:
    """Take an image name apart; text that is none becomes a name without tag."""
    match = _REFERENCE.match(text)
    if match is None:
        return BaseName(text, text, None, None)
    return BaseName(text, match["name"], match["tag"], match["digest"])


def default_shell(distro: Distro) -> Dialect:
    """What `/bin/sh` is in images of this family (on Windows: what runs without SHELL)."""
    return _SHELLS.get(distro, Dialect.SH)


def _distro(base: BaseName) -> Distro:
    short, tag, name = base.short, (base.tag or "").lower(), base.name.lower()
    windows = r"windows|nanoserver|ltsc20|servercore|framework"
    if name.startswith("mcr.microsoft.com/") and re.search(windows, base.text):
        return Distro.WINDOWS
    if "distroless" in name:
        return Distro.DISTROLESS
    if "chainguard" in name or name.startswith("cgr.dev/"):
        return Distro.WOLFI
    if re.match(r"(ubi\d|rhel\d?)", short) or re.match(r"registry\.(access\.)?redhat\.(io|com)/", name):
        return Distro.REDHAT
    if re.search(r"(^|-)alpine", tag) or short.startswith("alpine"):
        return Distro.ALPINE
    if short in _BY_NAME:
        return _BY_NAME[short]
    if re.search(r"windowsservercore|nanoserver", tag):
        return Distro.WINDOWS
    if any(word in tag for word in _UBUNTU_TAGS):
        return Distro.UBUNTU
    if any(word in tag for word in _DEBIAN_TAGS):
        return Distro.DEBIAN
    if base.repository in _DEBIAN_BASED:
        return _NOT_DEBIAN.get(short, Distro.DEBIAN)
    return Distro.UNKNOWN
