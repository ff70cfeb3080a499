"""Reading configuration strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.lint.config import Nearest, Settings, load_hadolint, load_toml
from jettison.lint.rule import Severity


def write(path: Path, text: str) -> Path:
    """A file with text."""
    path.write_text(text)
    return path


def test_toml_table_is_read(tmp_path: Path) -> None:
    """Names, aliases and families are taken as codes."""
    settings = load_toml(
        write(
            tmp_path / "jettison.toml",
            '[lint]\nignore = ["DL3006", "SC2086"]\nfail-on = "error"\n'
            '[lint.severity]\napt-get-without-yes = "error"\n[lint.per-file-ignores]\n"test/**" = ["USR"]\n',
        )
    )
    assert "BAS101" in settings.ignore and settings.ignored_shellcheck == {"SC2086"}
    assert settings.fail_on is Severity.ERROR and settings.severities["PKG101"] is Severity.ERROR
    assert "USR101" in settings.ignored_in("test/Dockerfile") and not settings.ignored_in("Dockerfile")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[lint]\nignored = []", "lint.ignored: unknown key", "ignore"),
        ('[lint]\nignore = ["DL9999"]', "unknown rule 'DL9999'", ""),
        ('[lint]\nselect = ["apt-get-without-yess"]', "unknown rule", "apt-get-without-yes"),
        ("[lint]\npreview = 1", "expected true or false", ""),
        ('[lint]\nfail-on = "bad"', "not a severity", "error"),
        ("[lint", "not valid TOML", ""),
    ],
)
def test_mistakes_are_refused(tmp_path: Path, text: str, message: str, hint: str) -> None:
    """An error names the key, and what was probably meant."""
    with pytest.raises(UsageError) as caught:
        load_toml(write(tmp_path / "jettison.toml", text))
    assert message in str(caught.value) and hint in caught.value.hint


def test_hadolint_file_is_read(tmp_path: Path) -> None:
    """The keys of hadolint mean the same here."""
    text = (
        "ignored: [DL3006, SC1091, DL3001x]\ntrustedRegistries: docker.io\n"
        "override:\n  error: [DL3014]\nno-fail: true\n"
    )
    settings = load_hadolint(write(tmp_path / ".hadolint.yaml", text))
    assert settings.ignore == {"BAS101"} and settings.ignored_shellcheck == {"SC1091"}
    assert settings.trusted_registries == ("docker.io",) and settings.fail_on is None
    assert settings.severities == {"PKG101": Severity.ERROR}


@pytest.mark.parametrize("text", ["ignore: [DL3006]", "ignored: {", "- a", "ignored: 3"])
def test_hadolint_mistakes_are_refused(tmp_path: Path, text: str) -> None:
    """A file that hadolint would silently not use is an error."""
    with pytest.raises(UsageError):
        load_hadolint(write(tmp_path / ".hadolint.yaml", text))


def test_nearest_configuration_wins(tmp_path: Path) -> None:
    """Settings are looked for upwards, up to the repository's root."""
    (tmp_path / ".git").mkdir()
    write(tmp_path / "jettison.toml", "[lint]\npreview = true\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert Nearest().of(inner).preview
    write(inner / ".hadolint.yaml", "ignored: [DL3006]")
    assert Nearest().of(inner) == Settings(ignore=frozenset({"BAS101"}))
