"""Which of two versions is older, by the rules of their ecosystem.

Sources: deb-version(7); rpm's rpmvercmp, rpm-version(7); apk's package.md; semver 2.0.0, section 11; PEP 440.
Gems and Maven artefacts follow what their rules share: numbers by value, words before the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any, Final

from jettison.packages.model import Ecosystem

_APK: Final = re.compile(r"(\d+(?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:-r(\d+))?\Z")
_APK_SUFFIXES: Final = {
    "alpha": -4,
    "beta": -3,
    "pre": -2,
    "rc": -1,
    "cvs": 1,
    "svn": 2,
    "git": 3,
    "hg": 4,
    "p": 5,
}
_SEMVER: Final = re.compile(r"v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?\Z")
_PEP440: Final = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)[-_.]?(?:(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?"
    r"(?:-(\d+)|[-_.]?(?:post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+.*)?\Z"
)
_TERM: Final = re.compile(r"\s*(<=|>=|<|>|!=|==?)?\s*([^\s<>=!~^]\S*)\s*")
_COMPARISONS: Final[Mapping[str, Callable[[int], bool]]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
    "=": lambda order: order == 0,
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
}
_FINAL: Final = frozenset({"final", "ga", "release", "jre", "android"})


def compare(ecosystem: Ecosystem, left: str, right: str) -> int:
    """Negative if `left` is older than `right`, 0 if they are equal, else positive."""
    if ecosystem is Ecosystem.DEB:
        return _compare_deb(left, right)
    key = _KEYS.get(ecosystem, _words)
    one, other = key(left), key(right)
    if one is None or other is None:
        one, other = _words(left), _words(right)
    return int(one > other) - int(one < other)


def satisfies(ecosystem: Ecosystem, version: str, constraint: str) -> bool:
    """Whether `version` is in a range such as `>=1.0,<1.4 || =2.0`; an empty one holds every version.

    Terms that are no comparison hold none.
    """
    if not constraint.strip():
        return True
    return any(
        all(_holds(ecosystem, version, term) for term in alternative.split(","))
        for alternative in constraint.split("||")
    )


def _holds(ecosystem: Ecosystem, version: str, term: str) -> bool:
    match = _TERM.fullmatch(term)
    return match is not None and _COMPARISONS[match[1] or "="](compare(ecosystem, version, match[2]))


def _compare_deb(left: str, right: str) -> int:
    for one, other in zip(_deb_parts(left), _deb_parts(right), strict=True):
        for a, b in zip_longest(one, other, fillvalue=((0,), 0)):
            if a != b:
                return 1 if a > b else -1
    return 0


def _deb_parts(version: str) -> list[list[tuple[tuple[int, ...], int]]]:
    """Epoch, upstream version and revision, each in pairs of what is no number and a number."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return [
        [((*map(_deb_order, text), 0), int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", part)]
        for part in (epoch, upstream, revision)
    ]


def _deb_order(letter: str) -> int:
    return -1 if letter == "~" else ord(letter) + (0 if letter.isalpha() else 256)


def _rpm(version: str) -> Any:
    epoch, colon, rest = version.partition(":")
    number, _, release = (rest if colon else version).partition("-")
    return (int(epoch) if colon and epoch.isdigit() else 0, _rpm_part(number), _rpm_part(release))


def _rpm_part(text: str) -> tuple[tuple[int, int, str], ...]:
    ranks = {"~": -1, "^": 1}
    parts = []
    for part in re.findall(r"\d+|[A-Za-z]+|[~^]", text):
        if part.isdigit():
            parts.append((3, int(part), ""))
        else:
            parts.append((ranks[part], 0, "") if part in ranks else (2, 0, part))
    return (*parts, (0, 0, ""))


def _apk(version: str) -> Any:
    match = _APK.match(version)
    if match is None:
        return None
    suffixes = [
        (_APK_SUFFIXES.get(name, 0), int(number or 0))
        for name, number in re.findall(r"_([a-z]+)(\d*)", match[3])
    ]
    return _numbers(match[1]), match[2], (*suffixes, (0, 0)), int(match[4] or 0)


def _semver(version: str) -> Any:
    match = _SEMVER.match(version.removeprefix("go"))
    if match is None:
        return None
    numbers = _numbers(match[1])
    before = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in (match[2] or "").split(".") if p)
    return (*numbers, *(0,) * (3 - len(numbers))), not before, before


def _pep440(version: str) -> Any:
    match = _PEP440.match(version.lower())
    if match is None:
        return None
    epoch, release, pre, pre_number, dash, post, dev, dev_number = match.groups()
    after = int(dash or post or 0) if dash is not None or post is not None else -1
    if pre:
        before = ({"a": 0, "b": 1}.get(pre[0], 2), int(pre_number or 0))
    else:
        before = (-1, 0) if dev and after < 0 else (3, 0)
    numbers = _numbers(re.sub(r"(?:\.0+)+\Z", "", release))
    return int(epoch or 0), numbers, before, after, not dev, int(dev_number or 0)


def _words(version: str) -> Any:
    parts: list[tuple[int, int, str]] = []
    for part in re.findall(r"\d+|[a-z]+", version.lower()):
        if part.isdigit():
            parts.append((2, int(part), ""))
        elif part not in _FINAL:
            while parts and parts[-1] == (2, 0, ""):
                parts.pop()
            parts.append((0, 0, part))
    while parts and parts[-1] == (2, 0, ""):
        parts.pop()
    return (*parts, (1, 0, ""))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


_KEYS: Final[Mapping[Ecosystem, Callable[[str], Any]]] = {
    Ecosystem.RPM: _rpm,
    Ecosystem.APK: _apk,
    Ecosystem.PYPI: _pep440,
    Ecosystem.NPM: _semver,
    Ecosystem.GOLANG: _semver,
    Ecosystem.CARGO: _semver,
}
