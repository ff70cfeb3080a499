"""An inspection as one HTML page that needs nothing else: data, style and script are in it.

Everything in an image is hostile. Data stand in a block of JSON in which `<`, `>` and `&` are escaped, so no
name can end it (HTML standard, 4.12.1.3, restrictions for contents of script elements); the script makes text
nodes only; and the page's policy lets nothing run or load but what its hashes name (CSP 3).
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import defaultdict
from importlib import resources
from typing import Any, Final

import msgspec

from jettison.inspect.model import Inspection
from jettison.inspect.scan import Result
from jettison.inspect.waste import Classifier
from jettison.layers.changes import Node
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, printable
from jettison.packages.inventory import Inventory

_SCRIPTS: Final = ("tree.js", "treemap.js", "list.js", "app.js", "parts.js")
_HARMLESS: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_KINDS: Final = {Kind.FILE: "f", Kind.SYMLINK: "l"}
_NEVER: Final = -1
_SLOT: Final = re.compile(r"@@(\w+)@@")


def page(result: Result) -> bytes:
    """The page about `result`, in UTF-8. The same result gives the same bytes."""
    script = '"use strict";\n' + "".join(_part(name) for name in _SCRIPTS)
    style = _part("page.css")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": html.escape(printable(result.document.image.reference)),
        "style": style,
        "script": script,
        "data": _embedded({"inspection": _shown(result.document), "tree": _Columns(result).document()}),
    }
    return _SLOT.sub(lambda slot: parts[slot[1]], _part("page.html")).encode()


def _part(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(document: dict[str, Any]) -> str:
    text = msgspec.json.encode(document).decode()
    return re.sub("[<>&\u2028\u2029]", lambda found: _HARMLESS[found[0]], text)


def _shown(found: Inspection) -> Inspection:
    """The document without what the columns say already."""
    return msgspec.structs.replace(found, dead=(), duplicates=())


class _Columns:
    """Every file of every layer, one column a property, by folder."""

    def __init__(self, result: Result) -> None:
        self._inventory = result.inventory or Inventory(())
        self._classifier = Classifier(result.inventory, {})
        self._tables: dict[str, dict[str, int]] = {"access": {}, "packages": {}, "wastes": {}}
        self._folders: dict[bytes, int] = {b"": 0}
        self._parents, self._names = [0], [""]
        self._rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        counted: set[int] = set()
        for node in result.space.tree.walk():
            if node.kind is not Kind.DIR:
                again = node.inode in counted
                if node.inode:
                    counted.add(node.inode)
                layer = node.layer if again else result.space.tree.origin(node)[0]
                self._add(node, layer, _NEVER, 0 if again else node.size, "h" if again else "")
        for dead in result.space.dead:
            self._add(dead.node, dead.layer, dead.by, dead.size, "", str(dead.cause))

    def _add(self, node: Node, layer: int, until: int, size: int, kind: str, cause: str = "") -> None:
        folder, _, name = node.path.rpartition(b"/")
        owner = self._inventory.owner(node.path) if until == _NEVER else None
        waste, wasted = self._classifier.sort(node) if until == _NEVER and size else ("", 0)
        row = (
            encode_path(name),
            size if node.kind is Kind.FILE else 0,
            layer,
            until,
            kind or _KINDS.get(node.kind, "d"),
            self._number("access", f"{node.mode:04o} {node.uid}:{node.gid}"),
            self._number("packages", f"{owner.name} {owner.version}" if owner else ""),
            self._number("wastes", waste if wasted else ""),
            cause,
        )
        self._rows[self._folder(folder)].append(row)

    def _folder(self, path: bytes) -> int:
        known = self._folders.get(path)
        if known is None:
            above, _, name = path.rpartition(b"/")
            parent = self._folder(above)
            known = self._folders[path] = len(self._names)
            self._parents.append(parent)
            self._names.append(encode_path(name))
        return known

    def _number(self, table: str, text: str) -> int:
        return self._tables[table].setdefault(text, len(self._tables[table])) if text else -1

    def document(self) -> dict[str, Any]:
        """The columns, as `tree.js` reads them."""
        rows = [row for folder in range(len(self._names)) for row in self._rows[folder]]
        names, sizes, layers, until, kinds, access, packages, wastes, causes = (
            zip(*rows, strict=True) if rows else ((),) * 9
        )
        return {
            "folders": {
                "names": "/".join(self._names),
                "parents": self._parents,
                "counts": [len(self._rows[folder]) for folder in range(len(self._names))],
            },
            "files": {
                "names": "/".join(names),
                "sizes": sizes,
                "layers": layers,
                "until": until,
                "kinds": "".join(kinds),
                "access": access,
                "packages": packages,
                "wastes": wastes,
            },
            "causes": {index: cause for index, cause in enumerate(causes) if cause},
            **{name: list(table) for name, table in self._tables.items()},
        }
