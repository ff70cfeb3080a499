"""Bills of materials of what remains: CycloneDX 1.6 and SPDX 2.3, as JSON.

Both are deterministic: the same contents at the same time give the same bytes. Packages of which only some
files remain are marked, since a bill that hides it would claim more than is there.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

import jettison
from jettison.layers.path import encode_path
from jettison.packages.contents import Contents, Remaining, State
from jettison.packages.model import Ecosystem

_NAMESPACE: Final = uuid.UUID("5a2f7d0c-92be-5cf5-8a5f-5b8c8b8d9f11")
"""Ours, for name-based identifiers (RFC 9562, version 5)."""
_SPDX_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The image that a bill describes."""

    name: str
    """Its reference, without a tag's meaning being relied on."""
    digest: str
    """`sha256:…` of its manifest or, where there is none, of its config."""
    created: int
    """Seconds since the epoch: SOURCE_DATE_EPOCH, or when the image was made."""

    @property
    def timestamp(self) -> str:
        """`created` in the form both standards ask for."""
        moment = datetime.datetime.fromtimestamp(self.created, datetime.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def purl(self) -> str:
        """The image as a package URL (purl-spec, type `oci`)."""
        name = re.sub(r"[:@].*\Z", "", self.name.rpartition("/")[2]) or "image"
        return f"pkg:oci/{name.lower()}@{self.digest.replace(':', '%3A')}"


def cyclonedx(contents: Contents, subject: Subject) -> bytes:
    """The CycloneDX 1.6 document of the packages that remain."""
    components = [_component(entry) for entry in contents.remaining]
    if contents.distro.id:
        components.insert(0, _operating_system(contents))
    partial = [c["bom-ref"] for c in components if _PARTIAL in c.get("properties", [])]
    document: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": subject.timestamp,
            "tools": {
                "components": [{"type": "application", "name": "jettison", "version": jettison.__version__}]
            },
            "component": {
                "type": "container",
                "bom-ref": subject.purl,
                "name": subject.name,
                "version": subject.digest,
                "purl": subject.purl,
            },
        },
        "components": components,
        "dependencies": [{"ref": subject.purl, "dependsOn": [c["bom-ref"] for c in components]}],
    }
    if partial:
        document["compositions"] = [{"aggregate": "incomplete", "assemblies": partial}]
    document["serialNumber"] = f"urn:uuid:{_identifier(document)}"
    return _encode(document)


_PARTIAL: Final = {"name": "jettison:state", "value": str(State.PART)}


def _component(entry: Remaining) -> Json:
    package = entry.package
    component: Json = {
        "type": "library",
        "bom-ref": _reference(entry),
        "name": package.name,
        "version": package.version,
        "properties": [
            {"name": "jettison:state", "value": str(entry.state)},
            {"name": "jettison:files", "value": f"{entry.kept} of {entry.total}"},
            {"name": "jettison:location", "value": encode_path(package.location)},
        ],
    }
    if package.purl:
        component["purl"] = package.purl
    if package.license:
        component["licenses"] = [{"license": {"name": package.license}}]
    return component


def _operating_system(contents: Contents) -> Json:
    distro = contents.distro
    return {
        "type": "operating-system",
        "bom-ref": f"os:{distro.tag}",
        "name": distro.id,
        "version": distro.version,
        "description": distro.name,
    }


def _reference(entry: Remaining) -> str:
    """An identifier that two packages of the same name and version in different places do not share."""
    package = entry.package
    place = hashlib.sha256(package.location + b"\0" + package.arch.encode()).hexdigest()[:12]
    return f"{package.purl or package.name}#{place}"


def spdx(contents: Contents, subject: Subject) -> bytes:
    """The SPDX 2.3 document of the packages that remain."""
    root: Json = {
        "SPDXID": "SPDXRef-image",
        "name": subject.name,
        "versionInfo": subject.digest,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "primaryPackagePurpose": "CONTAINER",
        "checksums": [_checksum(subject.digest)],
        "externalRefs": [_purl_reference(subject.purl)],
    }
    packages = [_spdx_package(entry) for entry in contents.remaining]
    document: Json = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": subject.name,
        "creationInfo": {
            "created": subject.timestamp,
            "creators": [f"Tool: jettison-{jettison.__version__}"],
        },
        "packages": [root, *packages],
        "relationships": list(_relationships(packages)),
    }
    document["documentNamespace"] = f"urn:uuid:{_identifier(document)}"
    return _encode(document)


def _spdx_package(entry: Remaining) -> Json:
    package = entry.package
    label = _SPDX_UNSAFE.sub("-", f"{package.ecosystem}-{package.name}")
    out: Json = {
        "SPDXID": f"SPDXRef-{label}-{hashlib.sha256(_reference(entry).encode()).hexdigest()[:12]}",
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseDeclared": "NOASSERTION",
        "sourceInfo": f"named by {encode_path(package.location)}",
    }
    if package.purl:
        out["externalRefs"] = [_purl_reference(package.purl)]
    if package.license:
        out["licenseComments"] = package.license
    if entry.state is State.PART:
        out["comment"] = f"in part: {entry.kept} of {entry.total} files remain"
    if package.ecosystem is Ecosystem.DEB and package.source:
        out["sourceInfo"] += f"; built from source package {package.source}"
    return out


def _relationships(packages: Iterable[Json]) -> Iterable[Json]:
    yield _relationship("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image")
    for package in packages:
        yield _relationship("SPDXRef-image", "CONTAINS", package["SPDXID"])


def _relationship(source: str, kind: str, target: str) -> Json:
    return {"spdxElementId": source, "relationshipType": kind, "relatedSpdxElement": target}


def _purl_reference(purl: str) -> Json:
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}


def _checksum(digest: str) -> Json:
    algorithm, _, value = digest.partition(":")
    return {"algorithm": algorithm.upper(), "checksumValue": value}


def _identifier(document: Json) -> uuid.UUID:
    """A name-based UUID of the document's content, so that it changes exactly when the content does."""
    return uuid.uuid5(_NAMESPACE, hashlib.sha256(_encode(document)).hexdigest())


def _encode(document: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1) + b"\n"
