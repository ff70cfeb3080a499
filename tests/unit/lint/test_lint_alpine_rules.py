"""Rules about Alpine and musl."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.lint.config import Settings
from jettison.lint.context import BuildContext
from jettison.lint.engine import make_context
from jettison.lint.rule import Rule
from jettison.lint.rules._musl import alpine_version
from jettison.lint.rules.alpine_for_interpreter import AlpineForInterpreter
from jettison.lint.rules.bash_missing_on_alpine import BashMissingOnAlpine
from jettison.lint.rules.cgo_binary_on_other_libc import CgoBinaryOnOtherLibc
from jettison.lint.rules.exact_apk_version import ExactApkVersion
from jettison.lint.rules.glibc_program_on_musl import GlibcProgramOnMusl
from jettison.lint.rules.gnu_tool_on_alpine import GnuToolOnAlpine
from jettison.lint.rules.mixed_alpine_branches import MixedAlpineBranches
from jettison.lint.rules.native_package_on_alpine import NativePackageOnAlpine
from jettison.lint.rules.old_musl_resolver import OldMuslResolver
from jettison.lint.source import Source
from jettison.lint.testing import findings, fixed, marked

A = "FROM alpine:3.20\n"
PY = "FROM python:3.12-alpine3.20\n"
GO = "FROM golang:1.23-bookworm AS b\nRUN {}\nFROM {}\nCOPY --from=b /a /a\n"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("alpine:3.20", (3, 20)),
        ("alpine:3.9.6", (3, 9)),
        ("node:22.1-alpine3.17", (3, 17)),
        ("python:3.12-alpine", None),
        ("alpine:edge", None),
        ("alpine", None),
        ("debian:12", None),
    ],
)
def test_version_of_alpine(image: str, version: tuple[int, int] | None) -> None:
    """The tag tells it, or nothing does."""
    build = make_context(Source(f"FROM {image}\n"), Settings()).build
    assert alpine_version(build.stages[0]) == version


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (BashMissingOnAlpine, f"{A}RUN bash x.sh", ["bash"]),
        (BashMissingOnAlpine, f'{A}SHELL ["/bin/bash", "-c"]', ['"/bin/bash"']),
        (BashMissingOnAlpine, f'{PY}ENTRYPOINT ["/bin/bash", "x"]', ['"/bin/bash"']),
        (BashMissingOnAlpine, f"{A}COPY <<E /x\n#!/usr/bin/env bash\nE", ["<<E"]),
        (CgoBinaryOnOtherLibc, GO.format("go build -o /a", "alpine:3.20"), ["go"]),
        (CgoBinaryOnOtherLibc, GO.format("go build -o /a", "scratch"), ["go"]),
        (CgoBinaryOnOtherLibc, GO.format("cd x && go install", "gcr.io/distroless/static"), ["go"]),
        (GlibcProgramOnMusl, f"{A}RUN curl -fO https://a/x-linux-gnu.tgz", ["https://a/x-linux-gnu.tgz"]),
        (GlibcProgramOnMusl, f"{PY}COPY --from=python:3.12-slim /opt/venv /v", ["/opt/venv"]),
        (
            GlibcProgramOnMusl,
            "FROM debian:12 AS b\nRUN x\nFROM alpine:3.20\nCOPY --from=b /usr/lib/ /usr/lib/",
            ["/usr/lib/"],
        ),
        (GlibcProgramOnMusl, f"{A}RUN apk add gcompat", ["gcompat"]),
        (NativePackageOnAlpine, f"{PY}RUN pip install flask 'torch==2.5'", ["'torch==2.5'"]),
        (NativePackageOnAlpine, f"{PY}RUN uv pip install Opencv_Python", ["Opencv_Python"]),
        (OldMuslResolver, "FROM alpine:3.17\nRUN x", ["alpine:3.17"]),
        (OldMuslResolver, "FROM node:18-alpine3.16 AS b\nRUN x\nFROM b\nRUN y", ["node:18-alpine3.16"]),
        (ExactApkVersion, f"{A}RUN apk add a=1.2.3-r4 b", ["a=1.2.3-r4"]),
        (
            MixedAlpineBranches,
            f"{A}RUN apk add -X http://dl/alpine/edge/testing x",
            ["http://dl/alpine/edge/testing"],
        ),
        (
            MixedAlpineBranches,
            f"{A}RUN echo http://dl/alpine/v3.19/main >> /r",
            ["http://dl/alpine/v3.19/main"],
        ),
        (GnuToolOnAlpine, f"{A}RUN groupadd x && useradd y", ["groupadd", "useradd"]),
        (GnuToolOnAlpine, f"{A}RUN grep -oP x y", ["-oP"]),
        (GnuToolOnAlpine, f"{A}RUN find / -printf x", ["-printf"]),
        (AlpineForInterpreter, f"{PY}RUN x", ["python:3.12-alpine3.20"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding stands at what Alpine does not have or does in another way."""
    assert marked(rule, text) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (BashMissingOnAlpine, f"{A}RUN apk add --no-cache bash && bash x"),
        (BashMissingOnAlpine, "FROM team/alpine:1-alpine\nRUN bash x"),
        (BashMissingOnAlpine, "FROM debian:12\nRUN bash x"),
        (BashMissingOnAlpine, f"{A}COPY --from=b /bin/bash /bin/bash\nRUN bash x"),
        (BashMissingOnAlpine, f"{A}COPY <<E /x\n#!/bin/sh\nE"),
        (CgoBinaryOnOtherLibc, GO.format("CGO_ENABLED=0 go build -o /a", "alpine:3.20")),
        (CgoBinaryOnOtherLibc, GO.format("go build -ldflags '-extldflags -static' -o /a", "alpine:3.20")),
        (CgoBinaryOnOtherLibc, GO.format("go build -o /a", "debian:12")),
        (CgoBinaryOnOtherLibc, GO.format("go build -o /a", "gcr.io/distroless/base")),
        (CgoBinaryOnOtherLibc, GO.format("go build -o /a", "alpine:3.20").replace("-bookworm", "-alpine")),
        (CgoBinaryOnOtherLibc, GO.replace("RUN", "ENV CGO_ENABLED=0\nRUN").format("go build", "scratch")),
        (GlibcProgramOnMusl, f"{A}RUN curl -fO https://a/x-linux-musl.tgz"),
        (GlibcProgramOnMusl, f"{PY}COPY --from=python:3.12-alpine /opt/venv /v"),
        (GlibcProgramOnMusl, f"{A}COPY --from=debian:12 /etc/ssl /etc/ssl"),
        (GlibcProgramOnMusl, "FROM debian:12\nRUN curl -fO https://a/x-linux-gnu.tgz"),
        (NativePackageOnAlpine, "FROM python:3.12-slim\nRUN pip install torch"),
        (NativePackageOnAlpine, f"{PY}RUN pip install numpy torchlib"),
        (OldMuslResolver, "FROM alpine:3.18\nRUN x"),
        (OldMuslResolver, "FROM alpine:3.9 AS b\nRUN x\nFROM debian:12\nCOPY --from=b /a /a"),
        (ExactApkVersion, f"{A}RUN apk add a=~1.2 'b>2' c=$V"),
        (ExactApkVersion, f"{A}RUN apk add -X http://mirror/v3.20 a=1.2.3-r4"),
        (MixedAlpineBranches, f"{A}RUN echo '@edge http://dl/alpine/edge/main' >> /r"),
        (MixedAlpineBranches, f"{A}RUN apk add -X http://dl/alpine/v3.20/community x"),
        (MixedAlpineBranches, "FROM alpine:edge\nRUN apk add -X http://dl/alpine/edge/testing x"),
        (GnuToolOnAlpine, f"{A}RUN apk add shadow && useradd x"),
        (GnuToolOnAlpine, f"{A}RUN apk add grep && grep -P x y"),
        (GnuToolOnAlpine, f"{A}RUN if command -v useradd; then useradd x; fi"),
        (GnuToolOnAlpine, "FROM team/tools-alpine:1\nRUN useradd x"),
        (AlpineForInterpreter, f"{A}RUN x"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """Other systems, installed packages, what was built for musl."""
    assert findings(rule, text) == []


def test_requirements_are_read_from_the_context(tmp_path: Path) -> None:
    """Names in the file of `-r` count, comments and others do not."""
    (tmp_path / "req.txt").write_text("# torch\nflask==3\nTensorFlow>=2 ; python_version > '3'\n")
    text = f"{PY}COPY req.txt ./\nRUN pip install -r req.txt\n"
    found = findings(NativePackageOnAlpine, text, folder=BuildContext(tmp_path))
    assert [item.message.split("`")[1] for item in found] == ["tensorflow"]
    assert findings(NativePackageOnAlpine, text) == []


def test_scripts_for_bash_are_found_in_the_context(tmp_path: Path) -> None:
    """The first line of a copied file decides."""
    (tmp_path / "a.sh").write_text("#!/bin/bash\n")
    (tmp_path / "b.sh").write_text("#!/bin/sh\n")
    text = f"{A}COPY a.sh b.sh /x/\n"
    (found,) = findings(BashMissingOnAlpine, text, folder=BuildContext(tmp_path))
    assert text[found.span.start : found.span.end] == "a.sh"


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (ExactApkVersion, f"{A}RUN apk add 'a=1.2.3-r4' b\n", f"{A}RUN apk add 'a=~1.2' b\n"),
        (
            CgoBinaryOnOtherLibc,
            GO.format("x && go build -o /a", "alpine:3.20"),
            GO.format("x && CGO_ENABLED=0 go build -o /a", "alpine:3.20"),
        ),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """The version is loosened, cgo is turned off."""
    assert fixed(rule, before, unsafe=True) == after
