"""Where an application tells its metrics."""

from __future__ import annotations

from collections.abc import Iterable

from jettison.harden.live import Live
from jettison.harden.model import Metrics
from jettison.harden.operations.exposition import parse
from jettison.workload.client import Answer
from jettison.workload.endpoint import Endpoint

_PATHS = (
    "/metrics",
    "/actuator/prometheus",
    "/q/metrics",
    "/metrics/prometheus",
    "/prometheus",
    "/prometheus/metrics",
    "/management/prometheus",
    "/_metrics",
    "/-/metrics",
    "/minio/v2/metrics/cluster",
)
_PATIENCE_S = 2.0
_FEW = 3
"""A text without TYPE lines needs so many samples: `hello 5` is one by accident."""


def find(live: Live, endpoints: Iterable[Endpoint]) -> Metrics | None:
    """The first of the usual paths, at any of `endpoints`, that answers in the text format of
    Prometheus."""
    for endpoint in endpoints:
        for path in _PATHS:
            answer, _ = live.get(endpoint, path, timeout=_PATIENCE_S)
            if answer.error == "connection refused":
                break
            found = described(answer)
            if found:
                return Metrics(endpoint.port, path, f"GET {path} answered {found}")
    return None


def described(answer: Answer) -> str:
    """What metrics an answer holds, in words; empty when it holds none."""
    text = None if answer.body is None else answer.body.text
    kind = answer.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if answer.status != 200 or not text or kind not in ("text/plain", "application/openmetrics-text"):
        return ""
    found = parse(text)
    if found is None or not (found.described or found.samples >= _FEW):
        return ""
    return f"{found.samples} samples of {found.families} metrics"
