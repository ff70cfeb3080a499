"""The build context and its ignore file."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.lint.context import BuildContext


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("*.md", "a.md", True),
        ("*.md", "x/a.md", False),
        ("**/*.md", "x/a.md", True),
        ("**/*.md", "a.md", True),
        ("node_modules", "node_modules/a/b", True),
        ("*\n!keep", "keep", False),
        ("*\n!keep", "other", True),
        ("# c\n\n/a", "a", True),
        ("a?", "ab", True),
        ("x/**", "x/a/b", True),
        ("*.md\n!README.md", "README.md", False),
        ("[ab]c", "ac", True),
    ],
)
def test_patterns_match_as_in_docker(tmp_path: Path, patterns: str, path: str, *, ignored: bool) -> None:
    """The last match wins, folders cover what is in them."""
    (tmp_path / ".dockerignore").write_text(patterns)
    assert BuildContext(tmp_path).ignored(path) is ignored


def test_own_ignore_file_comes_first(tmp_path: Path) -> None:
    """`NAME.dockerignore` replaces `.dockerignore`."""
    (tmp_path / ".dockerignore").write_text("a")
    (tmp_path / "x.Dockerfile.dockerignore").write_text("b")
    context = BuildContext(tmp_path, "x.Dockerfile")
    assert context.ignored("b") and not context.ignored("a")


def test_files_are_those_that_are_sent(tmp_path: Path) -> None:
    """Ignored files and link targets are not counted."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("12345")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / ".dockerignore").write_text("secret\n.dockerignore\n")
    assert dict(BuildContext(tmp_path).files) == {"a/b": 5, "loop": 1}


def test_copy_sources_are_matched(tmp_path: Path) -> None:
    """A source is a path or a pattern below the context, never outside."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").touch()
    context = BuildContext(tmp_path)
    assert context.matches("src/*.py") == ["src/a.py"]
    assert context.matches("./src/") == ["src"]
    assert context.matches("nothing") == context.matches("../x*") == []
