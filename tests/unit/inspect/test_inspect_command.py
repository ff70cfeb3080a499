"""The command as users call it: files it writes, limits it enforces, what it says without a database."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import Item, archive
from jettison.cli.app import run

STATUS = b"Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.11-1\n\n"
LAYERS = (
    [
        Item("etc/os-release", b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'),
        Item("var/lib/dpkg/status", STATUS),
        Item("usr/bin/tool", b"x" * 2000, mode=0o4755),
    ],
    [
        Item(
            "app/key.pem",
            b"-----BEGIN PRIVATE KEY-----\n"
            + b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" * 8
            + b"\n-----END PRIVATE KEY-----\n",
        )
    ],
)


@pytest.fixture
def inspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)
    reference = archive(tmp_path, LAYERS)
    return lambda *options: run(["inspect", reference, "--quiet", *options])


def test_every_document_is_written_and_can_be_read(inspect: Callable[..., int], tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("html", "sarif", "junit", "cyclonedx", "spdx")}
    assert inspect(*(word for name, file in files.items() for word in (f"--{name}", file))) == 0
    sarif = json.loads(Path(files["sarif"]).read_bytes())
    assert "private-key" in {result["ruleId"] for result in sarif["runs"][0]["results"]}
    assert ElementTree.parse(files["junit"]).getroot().tag == "testsuites"
    assert [c["name"] for c in json.loads(Path(files["cyclonedx"]).read_bytes())["components"]] == [
        "debian",
        "openssl",
    ]
    assert "openssl" in {p["name"] for p in json.loads(Path(files["spdx"]).read_bytes())["packages"]}
    assert b"Content-Security-Policy" in Path(files["html"]).read_bytes()


def test_without_a_database_nothing_is_claimed(
    inspect: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    inspect()
    assert "vulnerabilities: not assessed" in capsys.readouterr().out


def test_a_database_s_vulnerabilities_are_counted(
    inspect: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = {"openssl": {"CVE-1": {"releases": {"bookworm": {"status": "open", "urgency": "high"}}}}}
    (tmp_path / "tracker.json").write_text(json.dumps(tracker))
    assert inspect("--vulnerabilities", "tracker.json", "--json") == 0
    assert [v["id"] for v in json.loads(capsys.readouterr().out)["vulnerabilities"]] == ["CVE-1"]


@pytest.mark.parametrize(
    ("budget", "code"),
    [
        ("secrets = 0", 1),
        ("secrets = 1", 0),
        ("size = 100", 1),
        ("size = '1 MB'", 0),
        ("setuid = 0", 1),
        ("secrets = 0\n[[budget.ignore]]\npath = 'app/*'\nreason = 'a test key'", 0),
        ("secrets = 0\n[[budget.ignore]]\npath = 'app/*'\nreason = 'a test key'\nuntil = 2020-01-01", 1),
        ("growth = 0", 2),
        ("sise = 1", 2),
    ],
)
def test_a_budget_decides_the_exit_code(inspect: Callable[..., int], budget: str, code: int) -> None:
    Path("jettison.toml").write_text(f"[budget]\n{budget}\n")
    assert inspect() == code


def test_growth_is_measured_against_a_baseline(inspect: Callable[..., int], tmp_path: Path) -> None:
    Path("jettison.toml").write_text("[budget]\ngrowth = 0\nnew-packages = 0\n")
    older = archive(tmp_path, LAYERS[:1], name="test:0")
    assert inspect("--baseline", older) == 1
    assert inspect("--baseline", archive(tmp_path, LAYERS)) == 0


def test_options_can_stand_in_the_settings_file(
    inspect: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("jettison.toml").write_text("[inspect]\nno-secrets = true\n")
    assert inspect("--json") == 0
    assert json.loads(capsys.readouterr().out)["secrets"] is None


def test_a_secret_of_the_history_is_shown_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
    reference = archive(tmp_path, LAYERS[1:], history=[{"created_by": f"RUN curl -H 'Bearer {token}' host"}])
    assert run(["inspect", reference, "--quiet", "--json", "--html", str(tmp_path / "page.html")]) == 0
    found = capsys.readouterr().out
    assert "history" in {secret["place"] for secret in json.loads(found)["secrets"]}
    assert token not in found + (tmp_path / "page.html").read_text()
