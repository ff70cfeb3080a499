"""The semantic model: stages, variables, shells, scripts."""

from __future__ import annotations

from jettison.lint.bases import Distro
from jettison.lint.build import Build
from jettison.lint.parser import parse
from jettison.lint.shell import Dialect


def build(text: str, **options: object) -> Build:
    """The model of a Dockerfile."""
    return Build(parse(text), **options)  # type: ignore[arg-type]


def test_only_the_target_and_its_bases_ship() -> None:
    """A stage that files are copied from is used, but its layers do not ship."""
    model = build("FROM a AS base\nFROM b AS tool\nFROM c AS dead\nFROM base\nCOPY --from=tool /x /x\n")
    assert [stage.ships for stage in model.stages] == [True, False, False, True]
    assert [stage.used for stage in model.stages] == [True, True, False, True]


def test_stages_are_found_by_number_and_name_without_case() -> None:
    """`--from=0` and `--from=TOOL` both mean the first stage."""
    model = build("FROM a AS Tool\nFROM b\n")
    assert model.find_stage("0") is model.find_stage("TOOL") is model.stages[0]
    assert model.find_stage("1", before=model.stages[1]) is None


def test_mount_from_uses_a_stage() -> None:
    """A bind mount from another stage makes it used."""
    model = build("FROM a AS tool\nFROM b\nRUN --mount=type=bind,from=tool,target=/x cp /x /y\n")
    assert model.stages[0].used


def test_global_arguments_reach_from_and_declared_stages() -> None:
    """ARG before FROM is visible in FROM, and in a stage only where it is declared again."""
    model = build("ARG V=12\nFROM debian:$V\nRUN a\nARG V\nRUN b\n")
    base = model.stages[0].base
    assert base is not None and base.tag == "12"
    before, after = (model.state(node) for node in model.stages[0].all("RUN"))
    assert "V" not in before.env and after.env["V"] == "12"


def test_build_arguments_override_defaults() -> None:
    """A value from outside wins over the default of ARG."""
    base = build("ARG V=12\nFROM debian:$V", args={"V": "11"}).stages[0].base
    assert base is not None and base.tag == "11"


def test_env_wins_over_arg_and_is_inherited() -> None:
    """ENV hides an ARG of the same name, and goes on to stages built on the stage."""
    model = build("FROM a AS x\nARG A=1\nENV A=2\nFROM x\nRUN b\n")
    assert model.state(model.stages[1].all("RUN")[0]).env["A"] == "2"


def test_values_of_one_env_are_those_from_before_it() -> None:
    """`ENV A=1 B=$A` takes the old A."""
    model = build("FROM scratch\nENV A=0\nENV A=1 B=$A\nRUN x\n")
    assert model.state(model.stages[0].all("RUN")[0]).env["B"] == "0"


def test_shell_follows_the_base_image() -> None:
    """`/bin/sh` is dash in Debian, busybox in Alpine, and cmd on Windows."""
    for image, dialect in (
        ("debian:12", Dialect.DASH),
        ("python:3.12-alpine", Dialect.ASH),
        ("fedora:40", Dialect.BASH),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", Dialect.CMD),
        ("unknown/thing", Dialect.SH),
    ):
        model = build(f"FROM {image}\nRUN x\n")
        assert model.state(model.stages[0].all("RUN")[0]).shell.dialect is dialect, image


def test_shell_instruction_changes_the_shell() -> None:
    """SHELL counts from the next instruction on, with its options."""
    model = build('FROM debian\nSHELL ["/bin/bash", "-euo", "pipefail", "-c"]\nRUN x\n')
    shell = model.state(model.stages[0].all("RUN")[0]).shell
    assert shell.dialect is Dialect.BASH and shell.sets("pipefail") and shell.sets("errexit")


def test_workdir_is_joined() -> None:
    """A relative WORKDIR continues the one before; without one it is not known."""
    model = build("FROM debian\nWORKDIR a\nRUN x\nWORKDIR /srv\nWORKDIR app\nRUN y\n")
    first, second = (model.state(node).workdir for node in model.stages[0].all("RUN"))
    assert (first, second) == (None, "/srv/app")


def test_distribution_is_guessed_behind_variables() -> None:
    """A tag with an unknown version still tells Alpine."""
    assert build("ARG V\nFROM python:${V}-alpine").stages[0].distro is Distro.ALPINE


def test_sole_heredoc_is_the_script_and_its_shebang_the_shell() -> None:
    """`RUN <<EOF` runs the body; a shebang names the interpreter."""
    model = build(
        "FROM debian\nRUN <<EOF\n#!/usr/bin/env python3\nimport x\nEOF\nRUN <<-EOF\n\tapt-get update\n\tEOF\n"
    )
    python, shell = (model.scripts(node)[0] for node in model.stages[0].all("RUN"))
    assert python.shell.dialect is Dialect.OTHER and python.commands == ()
    assert [command.name for command in shell.commands] == ["apt-get"]


def test_commands_know_their_place_in_the_source() -> None:
    """A command behind continued lines and comments is found where it stands."""
    text = "FROM debian\nRUN a && \\\n  # why\n\n  b \\\n  c\n"
    model = build(text)
    command = model.commands(model.stages[0].all("RUN")[0])[1]
    assert text[command.span.start : command.span.end] == "b \\\n  c"
    assert command.words == ["c"] and command.operator == "&&"
