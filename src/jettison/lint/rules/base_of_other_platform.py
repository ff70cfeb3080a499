"""BAS114 base-of-other-platform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import BaseName, Distro
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._images import base_of
from jettison.lint.syntax import Instruction

_NAMESPACES: Final = {
    "amd64": "amd64",
    "arm64v8": "arm64",
    **dict.fromkeys(("arm32v5", "arm32v6", "arm32v7"), "arm"),
    "i386": "386",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "mips64le": "mips64le",
}
"""Namespaces of Docker official images for one processor."""
_SAME: Final = {"x86_64": "amd64", "aarch64": "arm64", "i386": "386"}
_PLATFORM: Final = re.compile(r"(?:linux|windows)(?:/[\w.-]+){0,2}", re.IGNORECASE)
_TAG: Final = re.compile(r"[-_](amd64|arm64|x86_64|aarch64|ppc64le|s390x|riscv64)\Z")


class BaseOfOtherPlatform(Rule):
    """Flags `FROM --platform=` with an image that exists for another platform only.

    ## What it does
    Compares the platform with what the name of the image says: the namespaces of Docker official images for
    one platform (`arm64v8/debian`, `i386/alpine`), an architecture at the end of the tag (`:nonroot-arm64`),
    and Windows images.

    ## Why is this bad?
    The builder takes the image all the same. What is built for one processor runs on another: "exec format
    error", or emulation that nobody notices but for the time it takes.

    ## Example
    ```dockerfile
    FROM --platform=linux/amd64 arm64v8/debian:12.5
    ```

    ## Use instead
    ```dockerfile
    FROM --platform=linux/arm64 arm64v8/debian:12.5
    ```

    ## When to ignore
    When only files that run nowhere are copied from the image.

    ## Sources
    - BuildKit InvalidBaseImagePlatform, which asks the registry
    - Docker official images, "Architectures other than amd64?"
    """

    code = "BAS114"
    name = "base-of-other-platform"
    severity = Severity.WARNING
    aliases = ("InvalidBaseImagePlatform",)
    keywords = frozenset({"FROM"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """A platform and a name that contradict each other."""
        flag, base = node.flag("platform"), base_of(node, context)
        if flag is None or base is None:
            return
        wanted = context.build.expand(flag.value or "", node)
        holds = _platform(base)
        if wanted is None or holds is None or not _PLATFORM.fullmatch(wanted):
            return
        system, _, processor = wanted.lower().partition("/")
        processor = processor.partition("/")[0]
        if (system != holds[0]) or (holds[1] and processor and _SAME.get(processor, processor) != holds[1]):
            has = "/".join(part for part in holds if part)
            yield self.at(flag.span, f"`{base.text}` is an image for {has}, not for {wanted}")


def _platform(base: BaseName) -> tuple[str, str] | None:
    """System and processor that a name says; None if it says nothing."""
    if base.distro is Distro.WINDOWS:
        return "windows", ""
    namespace = base.repository.partition("/")[0] if "/" in base.repository else ""
    if base.registry == "docker.io" and namespace in _NAMESPACES:
        return "linux", _NAMESPACES[namespace]
    match = _TAG.search(base.tag or "")
    return ("linux", _SAME.get(match[1], match[1])) if match else None
