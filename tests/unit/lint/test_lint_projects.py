"""Compose and bake files say which Dockerfiles are built, where, with which arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from jettison.cli.lint import command
from jettison.errors import UsageError
from jettison.lint.projects import Target, targets

COMPOSE = """
services:
  web:
    build:
      context: web
      dockerfile: docker/Dockerfile
      target: ${STAGE:-run}
      args: [VERSION=1.2, TOKEN, "OPEN=${UNSET_NAME}"]
  api: {build: ./api}
  again: {build: api}
  db: {image: "postgres:17"}
  far: {build: "https://example.org/x.git"}
  inline: {build: {context: ., dockerfile_inline: "FROM x"}}
"""


def test_a_compose_file_names_its_builds_once(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE)
    web, api = tmp_path / "web", tmp_path / "api"
    args = (("OPEN", None), ("TOKEN", None), ("VERSION", "1.2"))
    assert targets(path) == [
        Target(web / "docker/Dockerfile", web, args, "run"),
        Target(api / "Dockerfile", api, (), None),
    ]


def test_targets_of_bake_inherit(tmp_path: Path) -> None:
    path = tmp_path / "docker-bake.json"
    base = {"context": "src", "args": {"A": "1", "B": "1"}}
    path.write_text(json.dumps({"target": {"base": base, "x": {"inherits": ["base"], "args": {"B": "2"}}}}))
    assert targets(path)[1] == Target(
        tmp_path / "src/Dockerfile", tmp_path / "src", (("A", "1"), ("B", "2")), None
    )


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("compose.yaml", "services: [", "cannot be read"),
        ("compose.yaml", "a: 1", "no Compose or bake file"),
        ("compose.yaml", "services: {a: {build: {args: 3}}}", "services.a.build.args: expected a table"),
        ("docker-bake.hcl", 'target "x" {}', "not read"),
        ("bake.json", '{"target": {"a": {"inherits": ["a"]}}}', "no other target"),
        ("bake.json", "[" * 100_000, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=says):
        targets(tmp_path / name)


def test_arguments_and_context_reach_the_rules(tmp_path: Path) -> None:
    """The tag comes from the argument, and the file that COPY names lies in the context."""
    (tmp_path / "docker").mkdir()
    (tmp_path / "app.py").write_text("")
    (tmp_path / "docker/Dockerfile").write_text("ARG TAG\nFROM debian:$TAG\nCOPY app.py /srv/\n")
    path = tmp_path / "compose.yaml"
    build = "{context: ., dockerfile: docker/Dockerfile, args: {TAG: %s}}"
    found = {}
    for tag in ("latest", "12"):
        path.write_text("services: {a: {build: " + build % tag + "}}")
        run = CliRunner().invoke(command, ["--compose", str(path), "--format", "json", "--no-shellcheck"])
        (file,) = json.loads(run.stdout)["files"]
        found[tag] = {item["name"] for item in file["findings"]}
    (only,) = found["latest"] - found["12"]
    assert "latest" in only
    assert "copy-source-missing" not in found["12"]
