"""Patterns of --include and --exclude."""

from __future__ import annotations

import pytest

from jettison.errors import UsageError
from jettison.keep.globs import Glob


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/app", b"app", True),
        ("/app", b"app/a/b", True),
        ("/app/", b"app/a", True),
        ("/app", b"application", False),
        ("/app/*.py", b"app/a.py", True),
        ("/app/*.py", b"app/x/a.py", False),
        ("/app/**/*.py", b"app/a.py", True),
        ("/app/**/*.py", b"app/x/y/a.py", True),
        ("/app/**", b"app", True),
        ("**/locale", b"usr/share/locale/de/x.mo", True),
        ("**/locale", b"locale", True),
        ("/a?c", b"abc", True),
        ("/a?c", b"a/c", False),
        ("/a[bc]d", b"abd", True),
        ("/a[!b]d", b"abd", False),
        ("/a[!b]d", b"a/d", False),
        ("/a.b", b"axb", False),
        ("/x+(1)", b"x+(1)", True),
    ],
)
def test_matching(pattern, path, matches):
    """`*` stays within a name, `**` does not, and a folder means what is in it."""
    assert Glob(pattern).matches(path) is matches


def test_a_pattern_that_names_nothing_is_refused():
    """An empty pattern would mean everything or nothing."""
    with pytest.raises(UsageError):
        Glob("/")
