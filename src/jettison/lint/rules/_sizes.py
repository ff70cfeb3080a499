"""How much the build context holds."""

from __future__ import annotations

from collections import Counter

from jettison.lint.context import MAX_FILES, BuildContext


def total(folder: BuildContext) -> tuple[str, int]:
    """Number (with a `+` where the count was cut off) and bytes of the files that are not ignored."""
    files = folder.files
    more = "+" if len(files) >= MAX_FILES else ""
    return f"{len(files)}{more}", sum(size for _, size in files)


def by_folder(folder: BuildContext) -> Counter[str]:
    """Bytes of the files that are not ignored, by the first part of their path."""
    found: Counter[str] = Counter()
    for path, size in folder.files:
        found[path.partition("/")[0]] += size
    return found


def human(size: int) -> str:
    """A number of bytes for people, in powers of 1000."""
    for exponent, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        value = size / 1000**exponent
        if value >= 1:
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return f"{size} B"
