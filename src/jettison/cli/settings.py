"""`jettison.toml`: every option of every command can stand there.

::

    [run]                        # options of all commands that run an image
    http = ["/", "GET /api/items"]
    env = ["LOG_LEVEL=debug"]

    [slim]                       # options of one command
    keep = "balanced"
"""

from __future__ import annotations

import difflib
import importlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jettison.errors import UsageError
from jettison.limits import MAX_SMALL_FILE_BYTES

if TYPE_CHECKING:
    from jettison.inspect.budget import Budget

FILE_NAME = "jettison.toml"
RUNNING = ("slim", "observe", "verify", "harden")
"""Commands that run an image: they take the `[run]` table too."""
OTHERS = ("inspect", "diff")
"""Commands whose options can stand in a table of their own; `[run]` is not theirs."""
OWN_TABLES = ("lint", "budget")
"""Tables that their own command reads and checks."""


def load(path: Path | None) -> dict[str, Any]:
    """Click's default map from `path`, or from `jettison.toml` here if there is one.

    Raises UsageError, with line or key, when the file is unreadable, malformed, or names an unknown table
    or option.
    """
    if path is None:
        path = Path(FILE_NAME)
        if not path.is_file():
            return {}
    document = _read(path)
    known = (*RUNNING, *OTHERS, *OWN_TABLES, "run")
    for table in document:
        if table not in known:
            raise UsageError(f"{path}: unknown table [{table}]", hint=_suggest(table, known))
    run = document.get("run", {})
    running = {
        name: _checked(path, name, {**run, **document.get(name, {})})
        for name in RUNNING
        if run or name in document
    }
    return running | {name: _checked(path, name, document[name]) for name in OTHERS if name in document}


def budget(path: Path | None) -> Budget | None:
    """The table `[budget]` of `path`, or of `jettison.toml` here; None without one. Raises UsageError."""
    path = path or Path(FILE_NAME)
    table = _read(path).get("budget") if path.is_file() else None
    if table is None:
        return None
    from jettison.inspect.budget import (
        parse_budget,  # every command reads settings; few need half the program
    )

    return parse_budget(table)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest of `known`, or an empty string."""
    return next(iter(difflib.get_close_matches(word, list(known), 1)), "")


def _suggest(word: str, known: Iterable[str]) -> str:
    match = did_you_mean(word, known)
    return f"did you mean {match!r}?" if match else "known are: " + ", ".join(sorted(known))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_SMALL_FILE_BYTES + 1)
        if len(raw) > MAX_SMALL_FILE_BYTES:
            raise UsageError(f"{path}: larger than {MAX_SMALL_FILE_BYTES} bytes")
        return tomllib.loads(raw.decode())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error


def _checked(path: Path, command: str, table: dict[str, Any]) -> dict[str, Any]:
    """`table` with click's parameter names; unknown keys and lists where one value is meant are refused."""
    module: Any = importlib.import_module(f"jettison.cli.{command}")
    options = {
        flag.lstrip("-"): option
        for option in module.command.params
        if isinstance(option, click.Option)
        for flag in option.opts
        if flag.startswith("--")
    }
    out: dict[str, Any] = {}
    for key, value in table.items():
        option = options.get(key)
        if option is None or option.name is None:
            raise UsageError(f"{path}: [{command}] has no option {key!r}", hint=_suggest(key, options))
        if isinstance(value, list) != option.multiple:
            wanted = "a list" if option.multiple else "one value"
            raise UsageError(f"{path}: [{command}] {key} takes {wanted}")
        out[option.name] = value
    return out
