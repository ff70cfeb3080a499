"""All rules, one module each; the module's name is the rule's name with underscores.

Families by the letters of the code:

====  ==============================================================
SYN   syntax, and words that BuildKit refuses
STG   stages and the order of instructions
VAR   variables: ARG and ENV
BAS   base images
USR   the user that runs
SEC   secrets
SUP   supply chain: what is downloaded, and how it is trusted
PKG   package managers of distributions: apt, apk, dnf, zypper
LNG   package managers of languages: pip, npm, gem, go and others
RUN   commands in RUN
CCH   build cache and layers
CTX   build context: what is sent, what COPY brings in
SIG   process 1: signals, zombies, entry points
ALP   Alpine and musl
MET   what the image says of itself: EXPOSE, HEALTHCHECK, VOLUME, LABEL
IMG   what the built image shows (`--image`)
IGN   ignore comments
====  ==============================================================
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from jettison.lint.rule import Rule

FAMILIES = {
    "SYN": "Syntax",
    "STG": "Stages and the order of instructions",
    "VAR": "Variables",
    "BAS": "Base images",
    "USR": "The user that runs",
    "SEC": "Secrets",
    "SUP": "Supply chain",
    "PKG": "Package managers of distributions",
    "LNG": "Package managers of languages",
    "RUN": "Commands in RUN",
    "CCH": "Build cache and layers",
    "CTX": "Build context",
    "SIG": "Process 1 and signals",
    "ALP": "Alpine and musl",
    "MET": "Metadata of the image",
    "IMG": "The built image",
    "IGN": "Ignore comments",
}


@cache
def all_rules() -> tuple[Rule, ...]:
    """One instance of every rule, by code. A rule is found by standing in a module of this folder."""
    found: list[Rule] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found += (
            item()
            for item in vars(loaded).values()
            if isinstance(item, type) and issubclass(item, Rule) and item.__module__ == loaded.__name__
        )
    return tuple(sorted(found, key=lambda rule: rule.code))


@cache
def _names() -> dict[str, tuple[Rule, ...]]:
    """Rules by code, name, alias and family, all in upper case."""
    table: dict[str, tuple[Rule, ...]] = {}
    for rule in all_rules():
        for name in {
            rule.code,
            rule.name.upper(),
            rule.code.rstrip("0123456789"),
            *map(str.upper, rule.aliases),
        }:
            table[name] = (*table.get(name, ()), rule)
    return table


def resolve(name: str) -> tuple[Rule, ...]:
    """The rules that a code, name, alias (`DL3008`) or family (`PKG`) means; empty if it is not known."""
    return _names().get(name.upper(), ())


def suggestions(name: str) -> list[str]:
    """Known names that look like `name`, best first."""
    wanted = name.upper()
    close = difflib.get_close_matches(wanted, _names(), n=3, cutoff=0.7)
    return [_names()[match][0].name if match == _names()[match][0].name.upper() else match for match in close]
