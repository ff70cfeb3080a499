"""`jettison cache`."""

from __future__ import annotations

import os
import re
from collections import defaultdict

import click
from rich.table import Table

from jettison.cache import cache_folder
from jettison.errors import HostError, UsageError
from jettison.layers.upkeep import Item, items, prune
from jettison.report.terminal import size, stdout
from jettison.sandbox.rootless import become_root, obstacle

_UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}


@click.group("cache")
def command() -> None:
    """What is kept to be faster next time: layers of registries, unpacked layers, what was read from them.

    \b
    jettison cache ls
    jettison cache prune --keep 5G
    """


@command.command("ls")
def ls() -> int:
    """What is in the cache, by kind."""
    stdout().print(_table(_all()))
    return 0


@command.command("prune")
@click.option("--keep", default="0", metavar="SIZE", help="Keep this much, for example 5G; default nothing.")
def remove(keep: str) -> int:
    """Remove what was not used for longest. What a run uses now stays."""
    limit = _bytes(keep)
    if os.geteuid() != 0 and obstacle() is None:
        become_root()  # unpacked layers belong to the user's subordinate ids
    removed = prune(_all(), limit)
    stdout().print(_table(removed))
    return 0


def _all() -> list[Item]:
    folder = cache_folder("spool")
    if folder is None:
        raise HostError("there is no private cache folder", hint="set XDG_CACHE_HOME to a folder of your own")
    return items(folder.parent)


def _table(found: list[Item]) -> Table:
    kinds: dict[str, list[int]] = defaultdict(list)
    for item in found:
        kinds[item.kind].append(item.size)
    table = Table(box=None, pad_edge=False)
    for heading in ("KIND", "ITEMS", "SIZE"):
        table.add_column(heading, justify="left" if heading == "KIND" else "right")
    for kind, sizes in sorted(kinds.items()):
        table.add_row(kind, str(len(sizes)), size(sum(sizes)))
    table.add_row("all", str(len(found)), size(sum(item.size for item in found)))
    return table


def _bytes(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,6})([kMGT]?)B?", text)
    if match is None:
        raise UsageError(f"--keep {text!r} is no size", hint="for example 500M or 5G")
    return int(match[1]) * _UNITS[match[2]]
