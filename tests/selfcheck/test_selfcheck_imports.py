"""Dependencies point downward only."""

import ast

# From the ground up. A folder may import itself and what stands in a lower row; nothing else.
ROWS = [
    {"errors", "limits", "cache"},
    {"linux", "layers.entry", "layers.path"},
    {"image", "observe.evidence"},
    {"layers"},
    {"image.new"},
    {"stores", "packages"},
    {"sandbox"},
    {"observe"},
    {"workload"},
    {"keep", "inspect"},
    {"verify"},
    {"slim", "fleet"},
    {"harden"},
    {"report"},
    {"cli"},
    {"__main__"},
]
_GROUND = {"errors", "limits", "cache", "image"}
ALONE = {"lint": _GROUND, "generate": _GROUND}
"""Folders that depend on these and on nothing else."""
RANK = {name: rank for rank, row in enumerate(ROWS) for name in row}


def unit(module: str) -> str:
    """The unit of the table a module belongs to: the module itself if it has a row, else its folder."""
    parts = module.split(".")
    pair = ".".join(parts[:2])
    return pair if pair in RANK else parts[0]


def imported(module):
    """What a module imports of jettison, with the place: dotted names below `jettison`."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                targets = [alias.name for alias in names]
            case ast.ImportFrom(module=str(base), level=0, names=names):
                targets = [base] if base.count(".") > 1 else [f"{base}.{alias.name}" for alias in names]
            case _:
                continue
        for target in targets:
            if target.startswith("jettison."):
                yield module.at(node), target.removeprefix("jettison.")


def allowed(importer: str, target: str) -> bool:
    """May a module of the unit `importer` use the unit `target`?"""
    if importer == target or target == "__version__":
        return True
    if importer in ALONE:
        return target in ALONE[importer]
    if target in ALONE:
        return RANK[importer] >= RANK["slim"]
    return RANK[target] < RANK[importer]


def test_every_folder_has_its_row(modules):
    """A new folder says where it stands."""
    known = RANK.keys() | ALONE.keys() | {""}
    assert {unit(m.name) for m in modules} - known - {"__init__"} == set()


def test_no_module_imports_upward(modules):
    """A module uses only what stands below it."""
    found = [
        f"{place}: {m.name} imports {target}"
        for m in modules
        for place, target in imported(m)
        if not allowed(unit(m.name), unit(target))
    ]
    assert found == []


def test_no_import_is_relative(modules):
    """A reader sees where a name comes from."""
    found = [m.at(n) for m in modules for n in ast.walk(m.tree) if isinstance(n, ast.ImportFrom) and n.level]
    assert found == []
