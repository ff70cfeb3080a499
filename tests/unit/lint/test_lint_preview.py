"""New rules start as preview: off until they are asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from jettison.cli.lint import command
from jettison.lint import files
from jettison.lint.config import Settings
from jettison.lint.rules import all_rules

PREVIEW = [rule for rule in all_rules() if rule.preview]
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("rule", PREVIEW, ids=lambda rule: rule.code)
def test_a_rule_in_preview_runs_only_if_asked_for(rule) -> None:
    assert not Settings().enabled(rule)
    assert Settings(preview=True).enabled(rule)
    assert Settings(select=frozenset({rule.code})).enabled(rule)
    assert Settings(extend_select=frozenset({rule.code})).enabled(rule)
    assert not Settings(preview=True, ignore=frozenset({rule.code})).enabled(rule)


def test_explain_and_the_list_say_so() -> None:
    rule = PREVIEW[0]
    said = " ".join(CliRunner().invoke(command, ["--explain", rule.code]).output.split())
    assert "in preview" in said
    listed = CliRunner().invoke(command, ["--list-rules"]).output
    assert any(line.split()[0] == rule.code and " preview " in line for line in listed.splitlines() if line)


def test_the_hooks_take_the_files_that_a_search_finds() -> None:
    names = [
        "Dockerfile",
        "a/Dockerfile.dev",
        "Containerfile",
        "x.dockerfile",
        "DOCKERFILE-prod",
        "dockerfile",
    ]
    others = ["Dockerfile.j2", "Dockerfile.dockerignore", "Dockerfile.md", "mydockerfile", "Dockerfiles/x"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    for hook in hooks:
        for name in names + others:
            taken = bool(re.search(hook["files"], name)) and not re.search(hook["exclude"], name)
            base = name.rpartition("/")[2]
            found = bool(files._NAME.match(base)) and not files._NOT.search(base)
            assert taken == found == (name in names), name
