"""Which known vulnerabilities of the original are gone with its removed packages (OpenVEX 0.2.0).

A statement needs a vulnerability's name, so there is one only for vulnerabilities that the user's own
database names for the original. A package that remains in part gets none: that some of its files are gone
proves nothing about the code in the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

import jettison
from jettison.packages.contents import Contents, State
from jettison.packages.model import Package
from jettison.packages.sbom import Subject

CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"
JUSTIFICATION: Final = "component_not_present"


@dataclass(frozen=True, slots=True)
class Known:
    """A vulnerability that a database knows for a package of the original image."""

    id: str
    package: Package


def openvex(contents: Contents, known: Iterable[Known], subject: Subject) -> bytes | None:
    """The OpenVEX document: `not_affected` for each of `known` whose packages are all removed.

    None if there is nothing to state, since a document without statements is not valid.
    """
    gone = {entry.package.key for entry in contents.in_state(State.REMOVED)}
    packages: dict[str, list[Package]] = {}
    for entry in known:
        packages.setdefault(entry.id, []).append(entry.package)
    statements = [
        _statement(name, affected, subject)
        for name, affected in sorted(packages.items())
        if all(package.key in gone for package in affected)
    ]
    return _document(statements, subject) if statements else None


def _statement(name: str, affected: Sequence[Package], subject: Subject) -> dict[str, Any]:
    purls = sorted({package.purl for package in affected if package.purl})
    return {
        "vulnerability": {"name": name},
        "products": [{"@id": subject.purl, "subcomponents": [{"@id": purl} for purl in purls]}],
        "status": "not_affected",
        "justification": JUSTIFICATION,
        "impact_statement": "No file of the package is in the image.",
    }


def _document(statements: list[dict[str, Any]], subject: Subject) -> bytes:
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "author": "jettison",
        "tooling": f"jettison/{jettison.__version__}",
        "timestamp": subject.timestamp,
        "version": 1,
        "statements": statements,
    }
    digest = hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()
    document["@id"] = f"urn:jettison:vex:{digest}"
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1) + b"\n"
