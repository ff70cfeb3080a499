"""Platforms, and whether an image can run on this host (OCI image-spec, image-index.md, "platform")."""

from __future__ import annotations

import os
from dataclasses import dataclass

from jettison.errors import PlatformError, UsageError
from jettison.image.config import ImageConfig
from jettison.layers.path import printable

_MACHINES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
    "loongarch64": ("loong64", ""),
}
_DEFAULT_VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system, architecture and variant, in Go's names."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """`os/architecture[/variant]`, as `--platform` takes it. Raises `UsageError`."""
        parts = text.split("/")
        if not 2 <= len(parts) <= 3 or not all(
            part.isascii() and part.replace("_", "").isalnum() for part in parts
        ):
            raise UsageError(
                f"not a platform: {printable(text)!r}", hint="for example linux/amd64 or linux/arm/v7"
            )
        return cls(*parts)

    @property
    def _key(self) -> tuple[str, str, str]:
        return self.os, self.architecture, self.variant or _DEFAULT_VARIANTS.get(self.architecture, "")

    def matches(self, other: Platform) -> bool:
        """Whether both name the same platform; `arm64` and `arm64/v8` do."""
        return self._key == other._key

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


def host_platform() -> Platform:
    """The platform of this host."""
    machine = os.uname().machine
    architecture, variant = _MACHINES.get(machine, (machine, ""))
    return Platform(os.uname().sysname.lower(), architecture, variant)


def check_runs_here(config: ImageConfig) -> None:
    """Raise `PlatformError` unless programs of the image can run on this host without emulation."""
    host = host_platform()
    runnable = {host.architecture} | ({"386"} if host.architecture == "amd64" else set())
    if config.os != host.os or config.architecture not in runnable:
        raise PlatformError(
            f"the image is made for {printable(config.platform)}; this host is {host}",
            hint="choose another with --platform, or run on a host of that architecture",
        )
