"""References: skopeo's transports, Docker's names."""

from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.image.digest import Digest
from jettison.image.reference import Reference, Transport, parse_reference

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        "redis",
        "redis:7",
        "team/app:1.2-rc_3",
        "registry.example:5000/team/app:v1",
        "localhost/app",
        f"redis@sha256:{HEX}",
        f"redis:7@sha256:{HEX}",
        f"sha256:{HEX}",
        "docker-daemon:redis:7",
        f"docker-daemon:sha256:{HEX}",
        "docker://registry.example/app:v1",
        "podman:redis",
        "oci:folder",
        "oci:/a folder/b:v1",
        "oci:folder:name/with:colon",
        "oci-archive:file.tar:v1",
        "docker-archive:file.tar",
        "docker-archive:dir/file.tar:team/app:v1",
    ],
)
def test_a_reference_prints_back_what_was_parsed(text):
    assert str(parse_reference(text)) == text


def test_the_first_colon_ends_a_path_as_in_skopeo():
    assert parse_reference("oci:dir:a:b") == Reference(Transport.OCI, tag="a:b", path=Path("dir"))


def test_a_docker_archive_is_searched_by_name_and_tag():
    reference = parse_reference("docker-archive:x.tar:team/app:v1")
    assert (reference.name, reference.tag, reference.path) == ("team/app", "v1", Path("x.tar"))


def test_a_name_with_a_port_is_not_taken_for_a_tag():
    reference = parse_reference("localhost:5000/app")
    assert (reference.name, reference.tag) == ("localhost:5000/app", None)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("redis", "docker.io/library/redis:latest"),
        ("docker-daemon:redis:7", "docker.io/library/redis:7"),
        ("team/app", "docker.io/team/app:latest"),
        ("docker.io/redis", "docker.io/library/redis:latest"),
        ("index.docker.io/library/redis:latest", "docker.io/library/redis:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("host:5000/app:1", "host:5000/app:1"),
        (f"redis@sha256:{HEX}", f"docker.io/library/redis@sha256:{HEX}"),
    ],
)
def test_spellings_of_one_name_have_one_canonical_form(text, canonical):
    assert parse_reference(text).canonical == canonical


@pytest.mark.parametrize(
    ("text", "familiar"),
    [("docker-daemon:a/b:1", "a/b:1"), (f"docker-daemon:sha256:{HEX}", f"sha256:{HEX}"), ("redis", "redis")],
)
def test_engines_get_the_name_without_the_transport(text, familiar):
    assert parse_reference(text).familiar == familiar


def test_a_digest_is_parsed_into_a_digest():
    assert parse_reference(f"a@sha256:{HEX}").digest == Digest(f"sha256:{HEX}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "UPPER",
        "a b",
        "a\nb",
        "a:tag:tag",
        "a:" + "t" * 129,
        "-a",
        "a/",
        "/a",
        "a//b",
        "oci:",
        "oci-archive::tag",
        "oci:dir:bad tag!",
        "docker:redis",
        "docker://",
        "a@sha256:123",
        "sha256:XYZ",
        "n" * 256,
        "a\x1b[31m",
        "docker-archive:x.tar:UPPER:1",
    ],
)
def test_what_is_not_a_reference_is_a_usage_error(text):
    with pytest.raises(UsageError):
        parse_reference(text)


def test_the_message_of_a_usage_error_cannot_move_the_cursor():
    with pytest.raises(UsageError) as caught:
        parse_reference("a\x1b[2J")
    assert "\x1b" not in str(caught.value)
