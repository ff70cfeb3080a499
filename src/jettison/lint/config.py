"""What the user wants of the linter: `[lint]` in jettison.toml, `.hadolint.yaml`, and the command line.

Configuration is read strictly: an unknown key, rule or value is a `UsageError` that names the file, the
key and what was probably meant. A linter that silently ignores a misspelt key is switched off without
anybody noticing.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pathspec
import yaml

from jettison.errors import UsageError
from jettison.lint.pins import Pins
from jettison.lint.rule import Rule, Severity
from jettison.lint.rules import all_rules, resolve, suggestions

MAX_CONFIG_BYTES: Final = 1024 * 1024
"""A configuration file; real ones have a few hundred bytes."""
LABEL_TYPES: Final = frozenset({"text", "rfc3339", "semver", "url", "hash", "spdx", "email"})
HADOLINT_NAMES: Final = (".hadolint.yaml", ".hadolint.yml")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what is reported. Names of rules are codes."""

    select: frozenset[str] | None = None
    """Run only these; None means all but the optional and the preview ones."""
    extend_select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    ignored_shellcheck: frozenset[str] = frozenset()
    """ShellCheck codes such as SC2086."""
    preview: bool = False
    severities: Mapping[str, Severity] = field(default_factory=dict)
    fail_on: Severity | None = Severity.STYLE
    """The least severity that makes the exit code 1; None for never."""
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    exclude: tuple[str, ...] = ()
    trusted_registries: tuple[str, ...] = ()
    label_schema: Mapping[str, str] = field(default_factory=dict)
    strict_labels: bool = False
    build_args: Mapping[str, str | None] = field(default_factory=dict)
    target: str | None = None
    shellcheck: bool | None = None
    """Run ShellCheck: yes, no, or if it is there."""
    inline_ignores: bool = True
    baseline: Path | None = None
    output_format: str | None = None
    pins: Pins | None = field(default=None, compare=False)
    """Whom to ask for digests; None: nobody."""

    def enabled(self, rule: Rule) -> bool:
        """Whether a rule runs at all."""
        if rule.code in self.ignore:
            return False
        if rule.code in self.extend_select or (self.select is not None and rule.code in self.select):
            return True
        if self.select is not None or rule.optional:
            return False
        return self.preview or not rule.preview

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that run, by code."""
        return tuple(rule for rule in all_rules() if self.enabled(rule))

    def ignored_in(self, path: str) -> frozenset[str]:
        """Codes that `per-file-ignores` turn off for a file."""
        found: set[str] = set()
        for pattern, codes in self.per_file_ignores:
            if pathspec.PathSpec.from_lines("gitignore", [pattern]).match_file(path):
                found |= codes
        return frozenset(found)


def codes(names: Iterable[str], where: str) -> frozenset[str]:
    """The codes that names, codes, aliases and families stand for. Raises `UsageError` for one that is
    not known."""
    found: set[str] = set()
    for name in names:
        rules = resolve(name)
        if name.upper() == "ALL":
            rules = all_rules()
        if not rules and not is_shellcheck(name):
            close = suggestions(name)
            hint = (
                f"did you mean {' or '.join(close)}?" if close else "`jettison lint --list-rules` lists them"
            )
            raise UsageError(f"{where}: unknown rule {name!r}", hint=hint)
        found.update(rule.code for rule in rules)
    return frozenset(found)


def is_shellcheck(name: str) -> bool:
    """Whether a name is a code of ShellCheck."""
    return name[:2].upper() == "SC" and name[2:].isdecimal()


def shellcheck_codes(names: Iterable[str]) -> frozenset[str]:
    """The codes of ShellCheck among names."""
    return frozenset(name.upper() for name in names if is_shellcheck(name))


# --- jettison.toml --


def load_toml(path: Path) -> Settings:
    """The `[lint]` table of a jettison.toml. Raises `UsageError` with the path of the key that is wrong."""
    try:
        document = tomllib.loads(_read(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    table = document.get("lint", {})
    if not isinstance(table, dict):
        raise UsageError(f"{path}: lint: expected a table")
    return _from_table(table, f"{path}: lint", _TOML_KEYS)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_CONFIG_BYTES:
        raise UsageError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None


_Reader = Callable[[Any, str], dict[str, Any]]


def _from_table(table: Mapping[str, Any], where: str, keys: Mapping[str, _Reader]) -> Settings:
    settings = Settings()
    for key, value in table.items():
        reader = keys.get(key)
        if reader is None:
            close = difflib.get_close_matches(str(key), keys, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(sorted(keys))}"
            raise UsageError(f"{where}.{key}: unknown key", hint=hint)
        settings = merge(settings, reader(value, f"{where}.{key}"))
    return settings


def merge(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Settings with fields replaced; ignores and severities add up."""
    combined = dict(changes)
    for name in ("ignore", "ignored_shellcheck", "extend_select"):
        if name in combined:
            combined[name] = getattr(settings, name) | combined[name]
    for name in ("severities", "build_args"):
        if name in combined:
            combined[name] = {**getattr(settings, name), **combined[name]}
    return replace(settings, **combined)


def _strings(value: Any, where: str) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{where}: expected a list of strings")
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a table")
    return value


def _flag(name: str) -> _Reader:
    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, bool):
            raise UsageError(f"{where}: expected true or false")
        return {name: value}

    return read


def _text(name: str) -> _Reader:
    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, str):
            raise UsageError(f"{where}: expected a string")
        return {name: value}

    return read


def _list(name: str) -> _Reader:
    return lambda value, where: {name: tuple(_strings(value, where))}


def _codes(name: str) -> _Reader:
    return lambda value, where: {name: codes(_strings(value, where), where)}


def _ignore(value: Any, where: str) -> dict[str, Any]:
    names = _strings(value, where)
    return {"ignore": codes(names, where), "ignored_shellcheck": shellcheck_codes(names)}


def threshold(text: Any, where: str) -> Severity | None:
    """A severity by its name; `never` (hadolint: `none`, `ignore`) is None. Raises `UsageError`."""
    if text in ("never", "none", "ignore"):
        return None
    try:
        return Severity[str(text).upper()]
    except KeyError:
        raise UsageError(
            f"{where}: {text!r} is not a severity", hint="error, warning, info, style or never"
        ) from None


def _severities(value: Any, where: str) -> dict[str, Any]:
    found: dict[str, Severity] = {}
    for name, text in _table(value, where).items():
        severity = threshold(text, f"{where}.{name}")
        if severity is None:
            raise UsageError(f"{where}.{name}: put the rule into `ignore` instead")
        found |= dict.fromkeys(codes([name], where), severity)
        found |= dict.fromkeys(shellcheck_codes([name]), severity)
    return {"severities": found}


def _per_file(value: Any, where: str) -> dict[str, Any]:
    table = _table(value, where)
    pairs = (
        (glob, codes(_strings(names, f"{where}.{glob}"), f"{where}.{glob}")) for glob, names in table.items()
    )
    return {"per_file_ignores": tuple(pairs)}


def _labels(value: Any, where: str) -> dict[str, Any]:
    schema = _table(value, where)
    for label, kind in schema.items():
        if kind not in LABEL_TYPES:
            raise UsageError(
                f"{where}.{label}: {kind!r} is not a label type", hint=", ".join(sorted(LABEL_TYPES))
            )
    return {"label_schema": schema}


def _arguments(value: Any, where: str) -> dict[str, Any]:
    table = _table(value, where)
    if not all(isinstance(item, str) for item in table.values()):
        raise UsageError(f"{where}: values of build arguments are strings")
    return {"build_args": table}


_TOML_KEYS: Final[Mapping[str, _Reader]] = {
    "select": _codes("select"),
    "extend-select": _codes("extend_select"),
    "ignore": _ignore,
    "preview": _flag("preview"),
    "severity": _severities,
    "fail-on": lambda value, where: {"fail_on": threshold(value, where)},
    "per-file-ignores": _per_file,
    "exclude": _list("exclude"),
    "trusted-registries": _list("trusted_registries"),
    "label-schema": _labels,
    "strict-labels": _flag("strict_labels"),
    "build-args": _arguments,
    "target": _text("target"),
    "shellcheck": _flag("shellcheck"),
    "inline-ignores": _flag("inline_ignores"),
    "baseline": lambda value, where: {"baseline": Path(_text("_")(value, where)["_"])},
    "format": _text("output_format"),
}


# --- .hadolint.yaml --


def load_hadolint(path: Path) -> Settings:
    """A hadolint configuration. Raises `UsageError` where hadolint itself would silently use its defaults."""
    try:
        document = yaml.safe_load(_read(path))
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {error}") from None
    if document is None:
        return Settings()
    return _from_table(_table(document, str(path)), str(path), _HADOLINT_KEYS)


def _override(value: Any, where: str) -> dict[str, Any]:
    found: dict[str, Severity] = {}
    for severity, names in _table(value, where).items():
        place = f"{where}.{severity}"
        level = threshold(severity, place)
        listed = _strings(names, place)
        if level is not None:
            found |= dict.fromkeys(known_codes(listed) | shellcheck_codes(listed), level)
    return {"severities": found}


def known_codes(names: Iterable[str]) -> frozenset[str]:
    """Codes for the names that are known; hadolint knows rules that we do not need."""
    return frozenset(rule.code for name in names for rule in resolve(name))


def _ignored(value: Any, where: str) -> dict[str, Any]:
    names = _strings(value, where)
    return {"ignore": known_codes(names), "ignored_shellcheck": shellcheck_codes(names)}


def _no_fail(value: Any, where: str) -> dict[str, Any]:
    return {"fail_on": None} if _flag("_")(value, where)["_"] else {}


def _no_pragma(value: Any, where: str) -> dict[str, Any]:
    return {"inline_ignores": not _flag("_")(value, where)["_"]}


_HADOLINT_KEYS: Final[Mapping[str, _Reader]] = {
    "ignored": _ignored,
    "override": _override,
    "trustedRegistries": _list("trusted_registries"),
    "label-schema": _labels,
    "strict-labels": _flag("strict_labels"),
    "failure-threshold": lambda value, where: {"fail_on": threshold(value, where)},
    "no-fail": _no_fail,
    "disable-ignore-pragma": _no_pragma,
    "format": _text("output_format"),
    "no-color": lambda value, where: _no_pragma(value, where) and {},
}


class Nearest:
    """The settings of the nearest jettison.toml, or else .hadolint.yaml, from a folder upwards to the root of
    its repository; each folder is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Path, Settings] = {}

    def of(self, folder: Path) -> Settings:
        """The settings for files in `folder`, an absolute path."""
        if folder not in self._known:
            self._known[folder] = self._own(folder) or self._above(folder)
        return self._known[folder]

    def _own(self, folder: Path) -> Settings | None:
        toml = folder / "jettison.toml"
        if toml.is_file():
            return load_toml(toml)
        for name in HADOLINT_NAMES:
            if (folder / name).is_file():
                return load_hadolint(folder / name)
        return None

    def _above(self, folder: Path) -> Settings:
        top = folder.parent == folder or (folder / ".git").exists()
        return Settings() if top else self.of(folder.parent)
