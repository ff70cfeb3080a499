"""What a Python module imports, and where an installation of Python finds modules.

Statements are found by a lexer that knows strings and comments, fifty times faster than a parse: `import`
and `from` are keywords, so what is left of a text without its strings and comments holds them only as
statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from jettison.layers.entry import Kind
from jettison.layers.path import name, parent

if TYPE_CHECKING:
    from jettison.layers.tree import FileTree, Node

_TOKEN: Final = re.compile(
    rb"""\b\w{0,40}?(?:import|load_module|lazy)\w{0,40}\(\s*[rbuRBU]?(?P<q>["'])(?P<dynamic>\.*\w[\w.]*)(?P=q)
    |\b(?:iter_)?entry_points\(\s*(?:group\s*=\s*)?["'](?P<group>[\w.-]+)["']
    |\"\"\"[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"\"\"
    |'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''
    |"(?P<double>[^"\\\n]*)(?:\\.[^"\\\n]*)*"
    |'(?P<single>[^'\\\n]*)(?:\\.[^'\\\n]*)*'
    |\#[^\n]*
    |\bfrom[ \t]+(?P<from>\.*[ \t]*[\w.]*)[ \t]*\bimport\b[ \t]*(?:\((?P<many>[^)]*)\)|(?P<names>[^\n;#]*))
    |\bimport[ \t]+(?P<import>[\w. \t,]+)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT: Final = re.compile(rb"#[^\n]*")
_DOTTED: Final = re.compile(rb"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::\w+)?\Z")
_SUFFIXES: Final = (b".py", b".so", b".abi3.so", b".pyc")


class Imports(Struct, frozen=True):
    """What one module asks for."""

    modules: tuple[bytes, ...] = ()
    """Names as written, relative ones with their dots, sorted. `from a import b` gives `a` and `a.b`, which
    may be a module or not."""
    groups: tuple[bytes, ...] = ()
    """Groups of entry points that it looks up."""
    constants: tuple[bytes, ...] = ()
    """Dotted names in strings, which may be modules or not."""


def imports_of(text: bytes) -> Imports:
    """The imports of a module, wherever in it they stand, and names given as constants to functions that
    import."""
    modules: set[bytes] = set()
    groups: set[bytes] = set()
    constants: set[bytes] = set()
    for match in _TOKEN.finditer(text.replace(b"\\\n", b" ").replace(b"\r", b"")):
        kind = match.lastgroup
        if kind in ("double", "single"):
            if _DOTTED.match(match[kind]):
                constants.add(match[kind].partition(b":")[0])
        elif kind == "dynamic":
            modules.add(match["dynamic"])
        elif kind == "group":
            groups.add(match["group"])
        elif kind == "import":
            modules.update(part.split()[0] for part in match["import"].split(b",") if part.split())
        elif kind in ("many", "names"):
            modules.update(_from(match["from"].replace(b" ", b""), _COMMENT.sub(b"", match[kind])))
    return Imports(tuple(sorted(modules)), tuple(sorted(groups)), tuple(sorted(constants)))


def _from(module: bytes, names: bytes) -> Iterator[bytes]:
    if module.strip(b"."):
        yield module
    prefix = module if module.endswith(b".") else module + b"."
    for part in names.strip(b"() \t\n").split(b","):
        words = part.split()
        if words and words[0] != b"*":
            yield prefix + words[0]


class ModulePath:
    """The module search path of one interpreter (site(8), PEP 420, PEP 3147)."""

    def __init__(self, tree: FileTree, roots: list[bytes]) -> None:
        """`roots` are folders, links resolved, in the order of `sys.path`."""
        self._tree = tree
        self.roots = roots
        self._found: dict[bytes, tuple[bytes, ...]] = {}

    def find(self, module: bytes) -> tuple[bytes, ...]:
        """The files that importing `module` (absolute) runs: each package on the way and the module; as far
        as it is found."""
        if module not in self._found:
            self._found[module] = tuple(self._search(module.split(b".")))
        return self._found[module]

    def has(self, module: bytes) -> bool:
        """Whether `module` as a whole is found: a module, a package, or a folder of a namespace."""
        parts = module.split(b".")
        return any(self._lookup(root, parts)[1] for root in self.roots)

    def module_of(self, path: bytes) -> tuple[bytes, bytes] | None:
        """The root that `path` lies in, the deepest, and its package (`a.b` for `a/b/c.py` and
        `a/b/__init__.py`)."""
        inside = [root for root in self.roots if path.startswith(root + b"/")]
        if not inside:
            return None
        root = max(inside, key=len)
        return root, parent(path[len(root) + 1 :]).replace(b"/", b".")

    def _search(self, parts: list[bytes]) -> list[bytes]:
        """The first root that has all of it; a regular package of the same name in an earlier root hides
        later ones."""
        best: list[bytes] = []
        for root in self.roots:
            files, whole = self._lookup(root, parts)
            if whole:
                return files
            if len(files) > len(best):
                best = files
            if self._tree.get(root + b"/" + parts[0] + b"/__init__.py") is not None:
                break
        return best

    def _lookup(self, root: bytes, parts: list[bytes]) -> tuple[list[bytes], bool]:
        """The files for as many `parts` as are found below `root`, and whether those are all."""
        folder, files = root, []
        for i, part in enumerate(parts):
            package = folder + b"/" + part
            node = self._tree.get(package)
            init = [package + b"/__init__" + suffix for suffix in _SUFFIXES]
            found = next((path for path in init if path in self._tree), None)
            if found is not None:
                files.append(found)
            else:
                files += self._modules(folder, part)
                if node is None or node.kind is Kind.FILE:
                    return files, i == len(parts) - 1 and bool(self._modules(folder, part))
            folder = package
        return files, True

    def _modules(self, folder: bytes, module: bytes) -> list[bytes]:
        prefix = module + b"."
        return [
            folder + b"/" + entry
            for entry in self._tree.names(folder)
            if entry.startswith(prefix) and _is_module(entry[len(module) :])
        ]


def _is_module(suffix: bytes) -> bool:
    return suffix in (b".py", b".pyc") or (suffix.endswith(b".so") and suffix.count(b".") <= 2)


def absolute(module: bytes, package: bytes) -> bytes | None:
    """A name as written in a module of `package` made absolute; None where it leads out of the top."""
    level = len(module) - len(module.lstrip(b"."))
    if not level:
        return module
    parts = package.split(b".") if package else []
    if level - 1 > len(parts):
        return None
    base = parts[: len(parts) - (level - 1)]
    return b".".join([*base, *filter(None, module[level:].split(b"."))])


def is_source(node: Node) -> bool:
    """Whether the name of `node` is that of a Python module in source form."""
    return name(node.path).endswith(b".py")
