"""The statement that ties a slimmed image to its original (in-toto Statement v1 with SLSA provenance v1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

import jettison
from jettison.packages.sbom import Subject

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:jettison:slim:1"
"""What `externalParameters` mean: those of the command that made the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How an image was made from another."""

    original: str
    """The original's reference."""
    original_digest: str
    parameters: Mapping[str, Any]
    """What the user asked for: the policy, patterns, the workload; without secrets."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Further documents that decided the result, by name, with their digests: the evidence."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Documents made beside the image, by name, with their digests: the bills of materials, the list of what
    is gone."""


def statement(build: Build, subject: Subject) -> bytes:
    """The statement as JSON. It holds no time of the day but the image's own, so equal builds give equal
    bytes."""
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject.name, "digest": _digest(subject.digest)}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": dict(build.parameters),
                "resolvedDependencies": [
                    {"uri": build.original, "digest": _digest(build.original_digest)},
                    *(
                        {"name": name, "digest": _digest(digest)}
                        for name, digest in sorted(build.inputs.items())
                    ),
                ],
            },
            "runDetails": {
                "builder": {
                    "id": f"urn:jettison:{jettison.__version__}",
                    "version": {"jettison": jettison.__version__},
                },
                "metadata": {"finishedOn": subject.timestamp},
                "byproducts": [
                    {"name": name, "digest": _digest(digest)}
                    for name, digest in sorted(build.outputs.items())
                ],
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1) + b"\n"


def _digest(value: str) -> dict[str, str]:
    algorithm, _, digest = value.partition(":")
    return {algorithm: digest}
