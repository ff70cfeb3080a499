"""Holding the layers of an image against what its config declares."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from jettison.image.model import Image, Layer
from jettison.layers.layer import TarLayer, drain
from jettison.limits import VERIFY_THREADS


def verify(image: Image) -> None:
    """Read every layer of `image` to its end, the largest first, and those that are being received as they
    come; raises `DigestError` for one that is not what was declared."""
    stop = threading.Event()
    largest_first = sorted(image.layers, key=_size, reverse=True)
    with ThreadPoolExecutor(VERIFY_THREADS, "verify") as pool:
        try:
            for done in [pool.submit(_verify, layer, stop) for layer in largest_first]:
                done.result()
        except BaseException:
            stop.set()
            raise


def _size(layer: Layer) -> int:
    return layer.blob.size if isinstance(layer, TarLayer) else 0


def _verify(layer: Layer, stop: threading.Event) -> None:
    if stop.is_set():
        return
    if isinstance(layer, TarLayer):
        layer.verify(stop)
    else:
        with layer.open() as stream:
            drain(stream, stop)
