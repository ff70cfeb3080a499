"""Mounts of RUN that keep files out of the layer."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.syntax import Flag, Instruction


def mounts(node: Instruction, *kinds: str) -> Iterator[tuple[str, Flag]]:
    """The folders of mounts of some kinds (default: `cache` and `tmpfs`), without `/` at their end."""
    wanted = kinds or ("cache", "tmpfs")
    for flag in node.flags:
        if flag.name != "mount":
            continue
        options = dict(part.partition("=")[::2] for part in (flag.value or "").split(","))
        target = options.get("target") or options.get("dst") or options.get("destination")
        if options.get("type") in wanted and target:
            yield target.rstrip("/"), flag
