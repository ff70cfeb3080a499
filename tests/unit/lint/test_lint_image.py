"""Findings with what they cost in an image."""

import json

import pytest

from builders import Item, archive
from jettison.cli.app import run

DOCKERFILE = """\
FROM debian:12.5
RUN apt-get update \\
    && apt-get install -y --no-install-recommends curl=1.2
RUN curl -fsSLo /tmp/sdk.tar https://example.org/sdk.tar
RUN rm /tmp/sdk.tar
CMD app --serve
"""


@pytest.fixture
def built(tmp_path):
    """The Dockerfile, and an image as it could have come out of it."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    layers = [
        [Item("bin/sh", b"#", mode=0o755)],
        [Item("var/lib/apt/lists/main", b"l" * 3_000_000)],
        [Item("tmp/sdk.tar", b"s" * 2_000_000)],
        [Item("tmp/.wh.sdk.tar")],
    ]
    shell = "RUN /bin/sh -c "
    history = [
        {"created_by": "ADD rootfs.tar / # buildkit"},
        {"created_by": shell + "apt-get update     && apt-get install -y --no-install-recommends curl=1.2"},
        {"created_by": shell + "curl -fsSLo /tmp/sdk.tar https://example.org/sdk.tar # buildkit"},
        {"created_by": shell + "rm /tmp/sdk.tar # buildkit"},
    ]
    return tmp_path / "Dockerfile", archive(tmp_path, layers, history=history)


def messages(capsys, *arguments):
    code = run(["lint", "--no-shellcheck", "--format", "json", *map(str, arguments)])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    return code, {each["name"]: each["message"] for each in file["findings"]}


def test_caches_deletions_the_user_and_the_shell_are_measured(built, capsys):
    path, reference = built
    code, found = messages(capsys, path, "--image", reference)
    assert code == 1
    assert "3 MB of it in " in found["apt-lists-kept"]
    assert "2 MB are hidden by deletions" in found["deleted-in-later-layer"]
    assert found["no-user"].endswith("runs as root")
    assert "has " in found["shell-form-process"]


def test_without_an_image_nothing_is_said(built, capsys):
    path, _ = built
    _, found = messages(capsys, path)
    assert "MB of it" not in found["apt-lists-kept"]


def test_an_image_that_is_not_there_is_told(built, capsys):
    path, _ = built
    assert run(["lint", str(path), "--image", "docker-archive:/none.tar"]) == 5
    assert "/none.tar" in capsys.readouterr().err
