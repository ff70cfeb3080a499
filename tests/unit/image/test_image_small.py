"""Digests, platforms, time stamps."""

import hashlib
import os

import pytest

from jettison.errors import InvalidInputError, PlatformError, UsageError
from jettison.image.config import ImageConfig
from jettison.image.digest import Digest
from jettison.image.epoch import rfc3339, source_date_epoch
from jettison.image.platform import Platform, check_runs_here, host_platform


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "sha256:" + "g" * 64,
        "sha256:" + "a" * 65,
        "SHA256:" + "a" * 64,
        "sha256:" + "a" * 64 + "\n",
        "sha512:" + "a" * 64,
        "md5:" + "a" * 32,
        "sha256:../../../" + "a" * 55,
    ],
)
def test_only_a_well_formed_digest_can_be_made(text):
    with pytest.raises(InvalidInputError):
        Digest(text)


def test_a_digest_tells_its_parts():
    digest = Digest.of(b"data")
    assert digest.algorithm == "sha256"
    assert digest.hex == hashlib.sha256(b"data").hexdigest()
    assert digest.short == digest.hex[:12]
    assert str(Digest("sha512:" + "a" * 128)) == "sha512:" + "a" * 128


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm/v7", "windows/amd64"])
def test_a_platform_prints_back_what_was_parsed(text):
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["linux", "linux/", "/amd64", "a/b/c/d", "linux/am d64", ""])
def test_what_is_not_a_platform_is_a_usage_error(text):
    with pytest.raises(UsageError):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm/v6", "linux/arm", False),
        ("linux/amd64", "windows/amd64", False),
    ],
)
def test_a_missing_variant_means_the_usual_one(one, other, same):
    assert Platform.parse(one).matches(Platform.parse(other)) is same


def test_an_image_of_this_host_runs_here():
    host = host_platform()
    check_runs_here(ImageConfig(host.architecture, "linux", ()))


@pytest.mark.parametrize(("architecture", "system"), [("s390x", "linux"), ("amd64", "windows")])
def test_an_image_for_another_machine_is_refused(architecture, system):
    if os.uname().machine == architecture:
        pytest.skip("this host is one")
    with pytest.raises(PlatformError, match=architecture):
        check_runs_here(ImageConfig(architecture, system, ()))


def test_source_date_epoch_is_read():
    assert source_date_epoch({"SOURCE_DATE_EPOCH": "1700000000"}) == 1_700_000_000
    assert source_date_epoch({}) is None
    assert source_date_epoch({"SOURCE_DATE_EPOCH": ""}) is None


@pytest.mark.parametrize("text", ["now", "-1", "1.5", "9" * 30, "٣", "253402300800"])
def test_a_source_date_epoch_that_is_no_time_is_a_usage_error(text):
    with pytest.raises(UsageError):
        source_date_epoch({"SOURCE_DATE_EPOCH": text})


def test_times_are_written_as_configs_have_them():
    assert rfc3339(1_700_000_000) == "2023-11-14T22:13:20Z"
