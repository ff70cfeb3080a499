"""The packages of an image as bills of materials."""

from __future__ import annotations

from jettison.errors import UsageError
from jettison.image.epoch import created_epoch
from jettison.image.model import Image
from jettison.inspect.scan import Result
from jettison.packages.contents import Contents, Remaining, State
from jettison.packages.sbom import Subject, cyclonedx, spdx


def cyclonedx_of(image: Image, result: Result) -> bytes:
    """CycloneDX 1.6; raises `UsageError` if packages were not looked for."""
    return cyclonedx(_whole(result), _subject(image, result))


def spdx_of(image: Image, result: Result) -> bytes:
    """SPDX 2.3; raises as `cyclonedx_of` does."""
    return spdx(_whole(result), _subject(image, result))


def _whole(result: Result) -> Contents:
    if result.inventory is None or result.document.packages is None:
        raise UsageError("a bill of materials needs the packages", hint="leave --no-packages out")
    packages = result.inventory.packages
    whole = (Remaining(each, State.WHOLE, len(each.files), len(each.files)) for each in packages)
    return Contents(tuple(whole), result.inventory.distro)


def _subject(image: Image, result: Result) -> Subject:
    facts = result.document.image
    return Subject(
        name=facts.reference, digest=facts.digest or facts.id, created=created_epoch(image.config.created)
    )
