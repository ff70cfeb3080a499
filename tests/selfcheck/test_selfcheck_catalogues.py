"""Lists that have to agree with what they list: limits, errors, dependencies, scripts."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from jettison import errors

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"KIB", "MIB", "GIB"}


@pytest.fixture
def constants(modules) -> dict[str, ast.stmt]:
    """The names that limits.py defines, with the statement that follows each."""
    body = next(m for m in modules if m.name == "limits").tree.body
    names = {}
    for node, following in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = following
    return names


def test_every_limit_says_what_it_bounds_and_why(constants):
    """A text follows each constant."""
    undocumented = [
        name
        for name, following in constants.items()
        if name not in UNITS
        and not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant))
    ]
    assert undocumented == []


def test_every_limit_is_enforced_somewhere(modules, constants):
    """A bound that nothing uses promises what is not kept."""
    used = set()
    for module in modules:
        if module.name != "limits":
            used |= set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", module.text))
    assert set(constants) - UNITS - used == set()


def classes() -> set[type[errors.JettisonError]]:
    """All error classes."""
    found = {errors.JettisonError}
    while new := {child for each in found for child in each.__subclasses__()} - found:
        found |= new
    return found


def drawn() -> dict[str, tuple[int, int]]:
    """The tree in the docstring of errors.py: class → depth, exit code (its parent's if none is drawn)."""
    tree, codes = {}, {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.search(r"^\s*([│├└─ ]*)(\w+Error)\s*(\d*)", line):
            depth = len(match[1]) // 4
            codes[depth] = int(match[3] or codes[depth - 1])
            tree[match[2]] = (depth, codes[depth])
    return tree


def test_the_tree_drawn_of_the_errors_is_the_tree_that_is():
    """Every class is drawn, at its depth, with its exit code."""
    actual = {each.__name__: (len(each.__mro__) - 4, each.exit_code) for each in classes()}
    assert drawn() == actual


def test_every_exit_code_is_in_the_guide():
    """The table of docs/index.md has the code of each error."""
    documented = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs/index.md").read_text(), re.MULTILINE))
    assert {str(each.exit_code) for each in classes()} <= documented


def test_every_dependency_is_justified():
    """Each one of pyproject.toml is named in docs/decisions.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    text = (ROOT / "docs/decisions.md").read_text()
    names = [re.split(r"[^\w.-]", requirement)[0] for requirement in wanted]
    assert [name for name in names if name not in text] == []


def test_every_script_is_explained_to_contributors():
    """CONTRIBUTING.md names each command of scripts/."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    commands = [path.name for path in (ROOT / "scripts").iterdir() if path.stat().st_mode & 0o100]
    assert [name for name in commands if f"`scripts/{name}" not in text] == []


def test_every_example_can_be_built_verified_and_read_about():
    """Each folder has a Dockerfile, an executable verify and a README."""
    folders = [path.parent for path in (ROOT / "examples").glob("*/Dockerfile")]
    assert len(folders) >= 4
    for folder in folders:
        assert (folder / "verify").stat().st_mode & 0o100
        assert (folder / "README.md").exists()


def test_every_page_of_the_guide_can_be_found():
    """docs/index.md links each page beside it."""
    index = (ROOT / "docs/index.md").read_text()
    pages = [path.name for path in (ROOT / "docs").glob("*.md") if path.name != "index.md"]
    assert [name for name in pages if f"({name})" not in index] == []
