"""Lint findings with what they cost in an image that was built from the file.

The linter reads text and says what is likely; an image says what it came to. A finding about a cache is given
the bytes of that cache in the image, in the layers of its own instruction where the image's history shows
which those are; one about the user is given who the image runs as.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from jettison.inspect.model import Inspection, Origin, Waste
from jettison.layers.path import printable
from jettison.lint.engine import Report
from jettison.lint.rule import Finding
from jettison.report.terminal import size

_WASTE: Final[Mapping[str, tuple[str, ...]]] = {
    "apt-lists-kept": ("apt-lists",),
    "apk-cache-kept": ("apk-cache",),
    "dnf-cache-kept": ("rpm-cache",),
    "zypper-cache-kept": ("rpm-cache",),
    "pip-cache-kept": ("pip-cache",),
    "uv-cache-kept": ("pip-cache",),
    "poetry-cache-kept": ("pip-cache",),
    "npm-cache-kept": ("npm-cache",),
    "yarn-cache-kept": ("npm-cache",),
    "gem-cache-kept": ("ruby-cache",),
    "composer-cache-kept": ("ruby-cache",),
    "go-cache-kept": ("go-cache",),
    "cargo-registry-kept": ("cargo-cache",),
    "conda-cache-kept": ("conda-cache",),
    "vcs-folder-copied": ("vcs",),
}
"""Rule → what the inspection calls the same thing."""
_DEAD: Final = frozenset({"deleted-in-later-layer"})
_USER: Final = frozenset({"last-user-root", "no-user"})
_SHELL: Final = frozenset({"shell-form-process"})
_SPACE: Final = re.compile(r"(?:\\\r?\n|\s)+")
_BEGINNING: Final = 60
"""Characters by which an instruction of the file and one of the history are taken for the same."""


def measure(reports: Iterable[Report], image: Inspection) -> None:
    """Add to the findings of `reports` what they cost in `image`."""
    for report in reports:
        report.findings[:] = [_measured(finding, report, image) for finding in report.findings]


def _measured(finding: Finding, report: Report, image: Inspection) -> Finding:
    told = _told(finding, report, image)
    return replace(finding, message=f"{finding.message}; {told}") if told else finding


def _told(finding: Finding, report: Report, image: Inspection) -> str:
    name = printable(image.image.reference)
    if finding.name in _WASTE:
        wanted = _WASTE[finding.name]
        bytes_ = sum(_share(each, finding, report, image) for each in image.waste if each.id in wanted)
        return f"{size(bytes_)} of it in {name}" if bytes_ else f"none of it in {name}"
    if finding.name in _DEAD:
        dead = sum(each.size for each in image.dead if each.cause == "deleted")
        return f"{size(dead)} are hidden by deletions in {name}"
    if finding.name in _USER:
        return f"{name} runs as {printable(image.image.user) or 'root'}"
    if finding.name in _SHELL:
        return f"{name} has {', '.join(image.shells[:3]) or 'no shell at all'}"
    return ""


def _share(waste: Waste, finding: Finding, report: Report, image: Inspection) -> int:
    """The bytes in layers of the finding's own instruction; in all that are not the base's if none can be
    told to be."""
    own = set(_layers_of(finding, report, image))
    yours = {layer.index for layer in image.layers if layer.origin is not Origin.BASE}
    parts = [part for part in waste.parts if part.layer in (own or yours)]
    return sum(part.size for part in parts)


def _layers_of(finding: Finding, report: Report, image: Inspection) -> Iterator[int]:
    node = next(
        (
            n
            for n in report.context.dockerfile.instructions
            if n.span.start <= finding.span.start < n.span.end
        ),
        None,
    )
    wanted = "" if node is None else _SPACE.sub(" ", node.arguments.text).strip()[:_BEGINNING]
    for each in image.history:
        if wanted and each.layer is not None and wanted in _SPACE.sub(" ", each.text):
            yield each.layer
