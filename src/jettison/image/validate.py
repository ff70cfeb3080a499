"""Whether an image is what it says: digests, and the promises of the image-spec that readers lean on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from jettison.errors import RefusedError
from jettison.image.model import Image, Layer

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    where: str
    """`config`, or `layer N`, base first from 0."""
    message: str


def verify(image: Image) -> None:
    """Read every layer of `image` to its end; raises `DigestError` for one that is not what was declared."""
    for layer in image.layers:
        _read(layer)


def validate(image: Image) -> list[Finding]:
    """All that is wrong with `image`; every layer is read to its end. Raises only what reading the host's own
    files raises."""
    findings = [Finding("config", message) for message in _config_problems(image)]
    for index, layer in enumerate(image.layers):
        try:
            _read(layer)
            repeated = [path for path, count in Counter(e.path for e in layer.entries()).items() if count > 1]
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
