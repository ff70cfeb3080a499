"""Bills of materials, OpenVEX and provenance: valid by independent validators, deterministic, honest."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from jettison.packages.contents import Contents, contents
from jettison.packages.inventory import Inventory
from jettison.packages.model import Distro, Ecosystem, Package
from jettison.packages.provenance import Build, statement
from jettison.packages.sbom import Subject, cyclonedx, spdx
from jettison.packages.vex import Known, openvex

SUBJECT = Subject(name="registry.example/app:1", digest="sha256:" + "a" * 64, created=1_700_000_000)


def package(name: str, *files: bytes, ecosystem: Ecosystem = Ecosystem.DEB, **more: str) -> Package:
    """A package that owns `files`."""
    return Package(
        ecosystem=ecosystem,
        name=name,
        version="1.0",
        purl=f"pkg:{ecosystem}/{name}@1.0",
        location=b"var/lib/dpkg/status",
        files=files,
        **more,
    )


WHOLE = package("whole", b"a", license="MIT and \x1b[31mmore")
PART = package("part", b"b", b"c", source="parts")
GONE = package("gone", b"d")


@pytest.fixture
def left() -> Contents:
    """One package in each state."""
    inventory = Inventory((WHOLE, PART, GONE), (), Distro(id="debian", version="12", name="Debian 12"))
    return contents(inventory, {b"a", b"b"})


def test_the_cyclonedx_document_is_valid_and_marks_what_is_partial(left):
    """By the schema of CycloneDX 1.6."""
    document = cyclonedx(left, SUBJECT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    parsed = json.loads(document)
    assert [part["name"] for part in parsed["components"]] == ["debian", "whole", "part"]
    assert parsed["components"][2]["properties"][:2] == [
        {"name": "jettison:state", "value": "part"},
        {"name": "jettison:files", "value": "1 of 2"},
    ]
    assert parsed["compositions"][0]["assemblies"] == [parsed["components"][2]["bom-ref"]]
    assert parsed["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_the_spdx_document_is_valid_and_marks_what_is_partial(left):
    """By SPDX's own validator."""
    parsed = json.loads(spdx(left, SUBJECT))
    assert validate_full_spdx_document(JsonLikeDictParser().parse(parsed)) == []
    assert [p["name"] for p in parsed["packages"]] == ["registry.example/app:1", "whole", "part"]
    assert parsed["packages"][2]["comment"] == "in part: 1 of 2 files remain"


def test_the_same_contents_give_the_same_bytes_and_others_do_not(left):
    """Serial numbers and namespaces too."""
    assert cyclonedx(left, SUBJECT) == cyclonedx(left, SUBJECT)
    assert spdx(left, SUBJECT) == spdx(left, SUBJECT)
    other = Contents(left.packages[:1], left.distro)
    assert (
        json.loads(cyclonedx(other, SUBJECT))["serialNumber"]
        != json.loads(cyclonedx(left, SUBJECT))["serialNumber"]
    )


def test_two_packages_of_one_name_in_two_places_are_told_apart():
    """References within a bill are unique."""
    twins = [
        Package(
            ecosystem=Ecosystem.NPM, name="x", version="1", purl="pkg:npm/x@1", location=place, files=(place,)
        )
        for place in (b"a/package.json", b"b/package.json")
    ]
    left = contents(Inventory(tuple(twins)), {b"a/package.json", b"b/package.json"})
    document = cyclonedx(left, SUBJECT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode()) is None
    assert len({part["bom-ref"] for part in json.loads(document)["components"]}) == 2


def test_vulnerabilities_of_removed_packages_are_stated_not_to_affect(left):
    """Not those of packages that remain in part, nor of ones that remain elsewhere."""
    known = [Known("CVE-1", GONE), Known("CVE-2", PART), Known("CVE-3", GONE), Known("CVE-3", WHOLE)]
    document = json.loads(openvex(left, known, SUBJECT) or b"")
    (only,) = document["statements"]
    assert only["vulnerability"] == {"name": "CVE-1"}
    assert (only["status"], only["justification"]) == ("not_affected", "component_not_present")
    assert only["products"] == [{"@id": SUBJECT.purl, "subcomponents": [{"@id": "pkg:deb/gone@1.0"}]}]


def test_there_is_no_openvex_document_without_a_statement(left):
    """An empty one is not valid."""
    assert openvex(left, [Known("CVE-2", PART)], SUBJECT) is None


def test_the_statement_names_the_original_and_what_came_of_it():
    """Subject and materials by digest."""
    build = Build(
        original="docker-daemon:app:1",
        original_digest="sha256:" + "b" * 64,
        parameters={"keep": "balanced"},
        inputs={"evidence.json": "sha256:" + "c" * 64},
    )
    document = json.loads(statement(build, SUBJECT))
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["subject"] == [{"name": "registry.example/app:1", "digest": {"sha256": "a" * 64}}]
    definition = document["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"][0] == {
        "uri": "docker-daemon:app:1",
        "digest": {"sha256": "b" * 64},
    }
    assert definition["externalParameters"] == {"keep": "balanced"}


def test_the_image_has_a_package_url_without_its_tag():
    """purl-spec: type oci, version is the digest."""
    assert SUBJECT.purl == f"pkg:oci/app@sha256%3A{'a' * 64}"
