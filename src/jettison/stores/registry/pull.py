"""Receiving blobs: several at a time, resumed where a connection broke, verified as they come."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from jettison.errors import RemoteError
from jettison.image.digest import Digest
from jettison.image.manifest import Descriptor
from jettison.layers.stream import Blob, Region
from jettison.limits import PARALLEL_BLOBS, RETRY_PROGRESS_BYTES
from jettison.stores.blobs import BlobStore, Part
from jettison.stores.http import Answer
from jettison.stores.registry.arrival import Arrival, Arriving
from jettison.stores.registry.client import Registry
from jettison.stores.registry.patience import Patience, Transient

Moved = Callable[[int, int], None]
"""Is told how many bytes were moved so far, and how many there are in all."""

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")


class Pull:
    """The layers of one image. Nothing is received before the first is opened; then all of them are, a few at
    a time."""

    def __init__(self, registry: Registry, layers: Sequence[Descriptor], moved: Moved | None = None) -> None:
        self._registry = registry
        self._layers = {layer.digest: layer for layer in layers}
        self._moved = moved
        self._store = BlobStore()
        self._lock = threading.Lock()
        self._jobs: dict[Digest, Future[None]] = {}
        self._arrivals: dict[Digest, Arrival] = {}
        self._stops = [threading.Event()]
        """Each ends the pull: ours, and those of who reads what arrives."""
        self._count = 0
        self._received: set[Digest] = set()
        """What this pull added to the cache."""

    def blob(self, layer: Descriptor) -> Blob:
        """The blob of `layer`."""
        what = f"the layer {layer.digest.short} of {self._registry.endpoint}"
        return Blob(
            lambda: self._open(layer),
            layer.size,
            layer.digest,
            what,
            file=lambda: self._file(layer),
            release=lambda target: self._release(layer, target),
            arriving=lambda stop: self._arriving(layer, stop),
        )

    def _open(self, layer: Descriptor) -> Region:
        self._wait(layer)
        try:
            return self._store.open(layer.digest, layer.size)
        except FileNotFoundError:  # removed from the cache in the meantime
            self._receive(layer)
            return self._store.open(layer.digest, layer.size)

    def _file(self, layer: Descriptor) -> Path:
        self._wait(layer)
        return self._store.path(layer.digest)

    def _release(self, layer: Descriptor, target: Path) -> bool:
        self._wait(layer)
        return layer.digest in self._received and self._store.release(layer.digest, target)

    def _arriving(self, layer: Descriptor, stop: threading.Event) -> Arriving:
        self._start()
        with self._lock:
            if stop not in self._stops:
                self._stops.append(stop)
        return Arriving(self._arrivals[layer.digest], self._is_stopped)

    def _is_stopped(self) -> bool:
        return any(stop.is_set() for stop in self._stops)

    def _wait(self, layer: Descriptor) -> None:
        """Wait until the layer is in the cache, verified."""
        try:
            self._start()[layer.digest].result()
        except BaseException:  # also a signal: nobody shall wait for the other layers
            self._stops[0].set()
            raise

    def _start(self) -> dict[Digest, Future[None]]:
        with self._lock:
            if not self._jobs:
                self._store.bound()
                pool = ThreadPoolExecutor(PARALLEL_BLOBS, "pull")
                largest_first = sorted(self._layers.values(), key=lambda layer: -layer.size)
                self._arrivals = {layer.digest: Arrival() for layer in largest_first}
                self._jobs = {layer.digest: pool.submit(self._bring, layer) for layer in largest_first}
                pool.shutdown(wait=False)
            return self._jobs

    def _bring(self, layer: Descriptor) -> None:
        right = False
        try:
            self._receive(layer)
            right = True
        finally:
            self._arrivals[layer.digest].end(right=right)

    def _receive(self, layer: Descriptor) -> None:
        """Have the layer in the cache, verified."""
        if self._store.has(layer.digest, layer.size):
            self._count_up(layer.size)
            return
        with self._store.receiving(layer.digest) as part:
            if self._store.has(layer.digest, layer.size):  # another process was faster
                part.restart()
                self._count_up(layer.size)
                return
            self._count_up(part.size)
            self._complete(layer, part)
            if not part.is_right:
                part.restart()
                self._complete(layer, part)
            if not part.is_right:
                part.restart()
                raise RemoteError(
                    f"{self._registry.endpoint} sends something else than the layer {layer.digest}",
                    hint="the registry is damaged, or somebody between alters what it sends",
                )
            part.keep()
            self._received.add(layer.digest)

    def _complete(self, layer: Descriptor, part: Part) -> None:
        patience = Patience()
        if part.size > layer.size:
            part.restart()
        while part.size < layer.size:
            before = part.size
            try:
                self._continue(layer, part)
            except Transient as failure:
                if part.size - before >= RETRY_PROGRESS_BYTES:
                    patience = Patience()
                patience.wait(failure)

    def _continue(self, layer: Descriptor, part: Part) -> None:
        """Receive the rest of a layer, or as much of it as comes."""
        what = f"the layer {layer.digest.short}"
        headers = {"Range": f"bytes={part.size}-"} if part.size else {}
        url = self._registry.url(f"blobs/{layer.digest}")
        with self._registry.request("GET", url, what, headers=headers, accept=(416,)) as response:
            if not _is_rest(response, part.size, layer.size):
                part.restart()
            if response.status == 416:
                raise Transient(RemoteError(f"{self._registry.endpoint} does not resume {what}"))
            self._take(response, layer, part)
        if part.size < layer.size:
            raise Transient(RemoteError(f"{self._registry.endpoint} sends only a part of {what}"))

    def _take(self, response: Answer, layer: Descriptor, part: Part) -> None:
        arrival = self._arrivals[layer.digest]
        for piece in response.pieces():
            if part.size + len(piece) > layer.size:
                part.restart()
                raise RemoteError(
                    f"{self._registry.endpoint} sends more than {layer.size} bytes for {layer.digest}"
                )
            part.write(piece)
            arrival.grown(part)
            self._count_up(len(piece))
            if self._is_stopped():
                raise RemoteError("stopped")

    def _count_up(self, count: int) -> None:
        if self._moved is not None:
            with self._lock:
                self._count += count
                total = sum(layer.size for layer in self._layers.values())
                self._moved(min(self._count, total), total)


def _is_rest(response: Answer, start: int, size: int) -> bool:
    """Whether the answer goes on where the part ends (RFC 9110, Content-Range)."""
    found = _RANGE.match(response.headers.get("content-range", ""))
    return response.status == 206 and bool(found and int(found[1]) == start and found[2] in ("*", str(size)))
