"""Where a slim image goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jettison.errors import NotFoundError, RefusedError, UsageError
from jettison.image.model import Image
from jettison.image.reference import Transport, parse_reference
from jettison.stores.open import open_image

MARK = "jettison slim"
"""How the last history entry of an image that this program made begins."""
SUFFIX = "-slim"
_FILES = (Transport.OCI_ARCHIVE, Transport.DOCKER_ARCHIVE)


def default_output(source: str) -> str:
    """`NAME:TAG-slim` beside `source`; for archives, `FILE-slim.tar`."""
    reference = parse_reference(source)
    if reference.path is not None and reference.transport in _FILES:
        path = reference.path
        return str(replace(reference, path=path.with_name(f"{path.stem}{SUFFIX}{path.suffix}"), digest=None))
    return str(replace(reference, tag=(reference.tag or "latest") + SUFFIX, digest=None))


def keeps_compressed(output: str) -> bool:
    """Whether layers stay as they are written there; an engine unpacks them, so compressing is lost work."""
    return parse_reference(output).transport in (Transport.DOCKER, Transport.OCI, Transport.OCI_ARCHIVE)


def refuse_taken(outputs: Iterable[str], source: str) -> None:
    """Raises UsageError for an output that is the source, or that something else than an earlier output of
    ours holds.

    Asked before any work, so that nobody waits for a result that has no place to go.
    """
    for text in outputs:
        reference = parse_reference(text)
        if str(reference) == str(parse_reference(source)):
            raise UsageError(f"{text} is the image itself", hint="choose another name with --output")
        if reference.path is not None and reference.transport in _FILES:
            taken = reference.path.exists() and not _free_or_ours(text)
        else:
            taken = not _free_or_ours(text)
        if taken:
            raise UsageError(
                f"{text} already exists and was not made by jettison",
                hint="choose another --output, or add --force",
            )


def is_ours(image: Image) -> bool:
    """Whether `image` was made by this program."""
    history = image.config.history
    return bool(history) and history[-1].created_by.startswith(MARK)


def _free_or_ours(text: str) -> bool:
    reference = parse_reference(text)
    if reference.transport is Transport.BARE:  # as a destination it means the Docker engine alone
        text = str(replace(reference, transport=Transport.DOCKER_DAEMON))
    try:
        return is_ours(open_image(text))
    except NotFoundError:
        return True
    except RefusedError:  # no image at all
        return False
