"""Rules about base images."""

from __future__ import annotations

import pytest

from jettison.lint.config import Settings
from jettison.lint.rule import Rule
from jettison.lint.rules.base_without_digest import BaseWithoutDigest
from jettison.lint.rules.constant_platform import ConstantPlatform
from jettison.lint.rules.deprecated_image import DeprecatedImage
from jettison.lint.rules.ended_release import EndedRelease
from jettison.lint.rules.full_base_image import FullBaseImage
from jettison.lint.rules.invalid_image_name import InvalidImageName
from jettison.lint.rules.latest_tag import LatestTag
from jettison.lint.rules.major_version_only import MajorVersionOnly
from jettison.lint.rules.moving_tag import MovingTag
from jettison.lint.rules.redundant_platform import RedundantPlatform
from jettison.lint.rules.untagged_base_image import UntaggedBaseImage
from jettison.lint.rules.untagged_copy_source import UntaggedCopySource
from jettison.lint.rules.untrusted_registry import UntrustedRegistry
from jettison.lint.testing import findings, fixed, marked

DIGEST = f"@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (LatestTag, "ARG T=latest\nFROM a/b:$T", ["a/b:$T"]),
        (MovingTag, "FROM node:lts-alpine AS x\nFROM php:fpm-alpine\nFROM a/b:main", None),
        (MajorVersionOnly, "FROM node:20-slim\nFROM docker.io/library/alpine:3", None),
        (BaseWithoutDigest, "FROM debian:12.5", ["debian:12.5"]),
        (ConstantPlatform, "FROM --platform=linux/arm64 a:1 AS x", ["--platform=linux/arm64"]),
        (RedundantPlatform, "FROM --platform=${TARGETPLATFORM} a:1", ["--platform=${TARGETPLATFORM}"]),
        (EndedRelease, "FROM ubuntu:20.04\nFROM python:3.12-slim-buster\nFROM node:18.1-alpine", None),
        (EndedRelease, "FROM python:3.12.1-alpine3.21\nFROM golang:1.9\nFROM php:8.2-fpm-bullseye", None),
        (DeprecatedImage, "FROM openjdk:17\nFROM library/centos:7", None),
        (InvalidImageName, "FROM Team/App:1\nFROM a:1:2\nFROM a:-x", None),
        (
            UntaggedCopySource,
            "FROM a:1\nCOPY --from=b/c /x /y\nRUN --mount=from=d/e:latest,target=/x y",
            None,
        ),
        (FullBaseImage, "FROM python:3.12", ["python:3.12"]),
    ],
)
def test_speaks(rule: type[Rule], text: str, places: list[str] | None) -> None:
    """Each is found where it stands; without places, once for each line but the first FROM of copies."""
    found = marked(rule, text, settings=Settings(extend_select=frozenset({rule.code})))
    assert found == places if places else len(found) == text.count("\n") + (rule is not UntaggedCopySource)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (LatestTag, f"ARG T\nFROM a:$T\nFROM b:latest{DIGEST}\nFROM scratch"),
        (MovingTag, f"FROM node:20-alpine\nFROM debian:bookworm\nFROM a/b:alpine\nFROM c:lts{DIGEST}"),
        (
            MajorVersionOnly,
            f"FROM debian:12-slim\nFROM fedora:40\nFROM python:3.12\nFROM a:2024\nFROM b:1{DIGEST}",
        ),
        (BaseWithoutDigest, f"FROM a{DIGEST} AS x\nFROM x\nFROM scratch\nFROM $Y"),
        (
            ConstantPlatform,
            "FROM --platform=linux/arm64 a:1 AS bin-arm64\nFROM --platform=$BUILDPLATFORM b:1",
        ),
        (RedundantPlatform, "FROM --platform=$BUILDPLATFORM a:1"),
        (EndedRelease, "FROM ubuntu:24.04\nFROM python:3.11\nFROM debian:12\nFROM alpine:3.22\nFROM node:22"),
        (EndedRelease, "FROM team/python:2.7\nFROM alpine:20240101\nFROM golang:1\nFROM python:3"),
        (DeprecatedImage, "FROM team/openjdk:17\nFROM quay.io/centos/centos:stream9"),
        (
            InvalidImageName,
            f"FROM a.b:5000/c_d/e--f:A_1.b{DIGEST}\nFROM $X/Y\nFROM localhost/a\nFROM [::1]:5000/a",
        ),
        (
            UntaggedCopySource,
            f"FROM a:1 AS x\nCOPY --from=x /a /b\nCOPY --from=ctx /a /b\nCOPY --from=a/b{DIGEST} c d",
        ),
        (FullBaseImage, "FROM python:3.12 AS x\nFROM python:3.12-slim"),
    ],
)
def test_is_silent(rule: type[Rule], text: str) -> None:
    """What is pinned, or cannot be known."""
    assert marked(rule, text, settings=Settings(extend_select=frozenset({rule.code}))) == []


@pytest.mark.parametrize(
    ("trusted", "text", "count"),
    [
        ((), "FROM quay.io/a:1", 0),
        (
            ("docker.io",),
            "FROM debian:12 AS x\nFROM quay.io/a:1\nCOPY --from=ghcr.io/b:1 /c /d\nCOPY --from=x a b",
            2,
        ),
        (
            ("*.corp.org", "ghcr.*"),
            "FROM a.corp.org/x:1\nFROM ghcr.io/a:1\nFROM corp.org/x:1\nFROM scratch",
            1,
        ),
        (("*",), "FROM quay.io/a:1", 0),
    ],
)
def test_registries(trusted: tuple[str, ...], text: str, count: int) -> None:
    """Only what the list does not cover, and nothing without a list."""
    settings = Settings(trusted_registries=trusted)
    assert len(findings(UntrustedRegistry, text, settings=settings)) == count


def test_platforms_are_removed() -> None:
    """With the blank behind them."""
    assert fixed(RedundantPlatform, "FROM --platform=$TARGETPLATFORM  a:1 AS x\n") == "FROM a:1 AS x\n"
    assert fixed(ConstantPlatform, "FROM --platform=linux/arm64 a:1\n", unsafe=True) == "FROM a:1\n"
    assert fixed(InvalidImageName, "FROM Debian:12.5\n", unsafe=True) == "FROM debian:12.5\n"


def test_what_stands_behind_an_at_sign_is_no_missing_tag() -> None:
    """An argument for the digest may have a default that is none."""
    assert findings(UntaggedBaseImage, "ARG D=latest\nFROM a/b@${D}\n") == []
