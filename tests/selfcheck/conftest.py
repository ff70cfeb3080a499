"""The source of jettison, parsed once."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/jettison"


@dataclass(frozen=True)
class Module:
    """One file of the source: its dotted name below `jettison`, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """`keep.rules.elf`; a package has the name of its folder."""
        return ".".join(self.path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")

    def at(self, node: ast.AST) -> str:
        """Where a node is, as file:line."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Every module of the source."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        found.append(Module(path, text, ast.parse(text)))
    return found
