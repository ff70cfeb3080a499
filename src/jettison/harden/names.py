"""What the deployed service is called."""

from __future__ import annotations

import re

from jettison.image.reference import FILES, parse_reference


def service_name(reference: str) -> str:
    """A label of RFC 1123 for an image: the last part of its name, or the name of its file. Raises
    UsageError."""
    parsed = parse_reference(reference)
    name = parsed.name or (parsed.path.name if parsed.path else "")
    label = re.sub(r"[^a-z0-9]+", "-", name.rpartition("/")[2].lower()).strip("-")[:50].strip("-")
    return label or "app"


def image_name(reference: str) -> str:
    """How manifests name the image: without transport. An image in a file has no name until it is pushed;
    then it is that of the service. Raises UsageError."""
    parsed = parse_reference(reference)
    if parsed.transport in FILES and not parsed.name:
        return f"{service_name(reference)}:{parsed.tag or 'latest'}"
    return parsed.familiar
