"""Files that nobody would write: each costs a finding, and the others are still linted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from jettison.cli.lint import command
from jettison.lint.config import Settings
from jettison.lint.files import MAX_FILE_BYTES, MAX_LINES, find, read
from jettison.lint.run import UNREADABLE, run

GOOD = b"FROM debian:12\nRUN apt-get install curl\n"
HOSTILE = {
    "binary": b"\x7fELF\x00\x01\xff",
    "utf-16": "FROM debian".encode("utf-16"),
    "ten megabytes": b"FROM debian\n" + b"#" * 10_000_000,
    "too many lines": b"FROM debian\n" + b"\n" * (MAX_LINES + 1),
    "endless command": b"FROM debian\nRUN " + b"a && " * 100_000 + b"a\n",
    "tower of stages": b"".join(b"FROM s%d AS s%d\nRUN x\n" % (n - 1, n) for n in range(5000)),
}


def lint(folder: Path) -> dict[str, list[str]]:
    """Codes of the findings by file, without ShellCheck."""
    settings = Settings(preview=True, shellcheck=False)
    result = run((read(path) for path in find([folder])), lambda _: settings)
    return {
        str(Path(report.path).relative_to(folder)): [finding.code for finding in report.findings]
        for report in result.reports
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_linted_is_a_finding_and_the_next_is_linted(name: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(HOSTILE[name])
    (tmp_path / "Dockerfile.good").write_bytes(GOOD)
    found = lint(tmp_path)
    assert found["Dockerfile"] == [UNREADABLE]
    assert "PKG101" in found["Dockerfile.good"]


def test_just_below_the_limits_a_file_is_linted(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(GOOD + b"#" * (MAX_FILE_BYTES - len(GOOD)))
    assert "PKG101" in lint(tmp_path)["Dockerfile"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe\xfd",
        b"FROM debian\nRUN " + b"$(" * 20_000,
        b"FROM debian\nENV A=xxxxxxxxxx\n" + b"ENV A=$A$A\n" * 100 + b"RUN echo $A\n",
        b"FROM debian\n" + b"COPY a b\n" * 10_000,
        b"RUN <<A <<B <<C",
        b"\\\n" * 1000,
    ],
    ids=["empty", "no UTF-8", "deep", "doubling", "10,000 instructions", "heredocs", "continuations"],
)
def test_odd_texts_end_in_findings(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(text)
    assert UNREADABLE not in lint(tmp_path)["Dockerfile"]


MANY = {
    "installations": "RUN apt-get update && apt-get install -y curl{}\n",
    "removals": "RUN rm /a{}\n",
    "arguments": "ARG A{}\n",
    "variables": "ENV A{}=1\n",
    "ignores": "# hadolint ignore=DL3008\nRUN a{}\n",
}


@pytest.mark.parametrize("name", MANY)
def test_thousands_of_instructions_are_linted(name: str, tmp_path: Path) -> None:
    text = "FROM debian:12\n" + "".join(MANY[name].format(number) for number in range(2_500))
    (tmp_path / "Dockerfile").write_text(text)
    assert UNREADABLE not in lint(tmp_path)["Dockerfile"]


def test_pipes_and_folders_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Dockerfile")
    (tmp_path / "Dockerfile.zero").symlink_to("/dev/zero")
    (tmp_path / "Dockerfile.folder").mkdir()
    (tmp_path / "Dockerfile.gone").symlink_to("nowhere")
    (tmp_path / "Dockerfile.good").write_bytes(GOOD)
    assert list(lint(tmp_path)) == ["Dockerfile.good"]


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """Root may read everything, so the file goes away between finding and reading it."""
    item = read(tmp_path / "Dockerfile")
    assert item.problem == "cannot be read: No such file or directory"
    result = run([item], lambda _: Settings(shellcheck=False))
    assert result.failed()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("jettison.toml", "[lint\n", "not valid TOML"),
        ("jettison.toml", '[lint]\nignore = ["NOPE1"]\n', "unknown rule"),
        (".hadolint.yaml", "ignored: {", "not valid YAML"),
        (".hadolint.yaml", "\x00", "not valid YAML"),
    ],
)
def test_a_bad_configuration_is_an_error_that_names_it(
    name: str, text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    (tmp_path / "Dockerfile").write_bytes(GOOD)
    result = CliRunner().invoke(command, [], standalone_mode=False)
    assert says in str(result.exception)
    assert name in str(result.exception)
