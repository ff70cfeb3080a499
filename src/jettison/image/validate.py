"""Whether an image is what it says: digests, and the promises of the image-spec that readers lean on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from jettison.errors import RefusedError
from jettison.image.model import Image, Layer
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    where: str
    """`config`, or `layer N`, base first from 0."""
    message: str


def validate(image: Image) -> list[Finding]:
    """All that is wrong with `image`; every layer is read to its end. Raises only what reading the host's own
    files raises."""
    findings = [Finding("config", message) for message in _config_problems(image)]
    for index, layer in enumerate(image.layers):
        try:
            _read(layer)
            repeated = _repeated(layer)
        except RefusedError as error:
            findings.append(Finding(f"layer {index}", str(error)))
        else:
            findings += [Finding(f"layer {index}", f"{path!r} occurs more than once") for path in repeated]
    return findings


def _config_problems(image: Image) -> list[str]:
    config = image.config
    problems = [f"{name} is empty" for name in ("os", "architecture") if not getattr(config, name)]
    filled = sum(not entry.empty_layer for entry in config.history)
    if config.history and filled != len(image.layers):
        problems.append(f"the history tells of {filled} layers, the image has {len(image.layers)}")
    problems += [f"the variable {text!r} has no value" for text in config.config.env if "=" not in text]
    return problems


def _read(layer: Layer) -> None:
    with layer.open() as stream:
        while stream.read(_PIECE):
            pass


def _repeated(layer: Layer) -> list[str]:
    """Paths that have more than one entry, in the text form of documents."""
    entries = (entry.path for entry in layer.entries() if entry.kind not in (Kind.WHITEOUT, Kind.OPAQUE))
    return [encode_path(path) for path, count in Counter(entries).items() if count > 1]
