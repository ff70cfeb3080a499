"""Dates and times in answers: a clock that moved on between two runs is no difference, one that shows another
hour is.

Masking every time would hide a lost time zone. So a time is read, and must have advanced by what passed
between the two runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_CLOCK = r"(?P<h>[01]\d|2[0-3]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d|60)(?:[.,](?P<f>\d{1,9}))?)?"
_ZONE = r"(?:\s?(?P<z>Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b))?"
_PATTERNS = (  # RFC 3339, its variant with slashes, RFC 9110, common log format, asctime(3), a time alone
    rf"(?P<Y>\d{{4}})-(?P<M>\d\d)-(?P<D>\d\d)(?:[T ]{_CLOCK}{_ZONE})?",
    rf"(?P<Y>\d{{4}})/(?P<M>\d\d)/(?P<D>\d\d)(?: {_CLOCK}{_ZONE})?",
    rf"(?:(?:{_DAYS})\w*, )?(?P<D>\d\d?)[ -](?P<N>{_MONTHS})\w*[ -](?P<Y>\d{{4}})(?: {_CLOCK}{_ZONE})?",
    rf"(?P<D>\d\d)/(?P<N>{_MONTHS})/(?P<Y>\d{{4}}):{_CLOCK}{_ZONE}",
    rf"(?:{_DAYS}) (?P<N>{_MONTHS}) +(?P<D>\d\d?) {_CLOCK}(?: (?P<Y>\d{{4}}))?",
    rf"{_CLOCK}{_ZONE}",
)
TIME = re.compile(
    r"(?<![\w.:])(?:" + "|".join(re.sub(r"\?P<\w>", "?:", pattern) for pattern in _PATTERNS) + r")(?![\w:])"
)
"""A date, a time, or both, anywhere in a text."""
_FORMS = tuple(re.compile(pattern) for pattern in _PATTERNS)
_DAY = 86400.0
_SLACK_S = 60.0
"""How much a start may be slower than another, over what passed between the two."""
_NEAR_S = 2 * _DAY


@dataclass(frozen=True)
class Moment:
    """What a text says about time: seconds, and how exactly."""

    seconds: float
    grain: float
    """Seconds that it leaves open: 1 for a time with seconds, 60 without, a day for a date."""
    whole: bool = True
    """False when it names no day, or no year."""
    zone: str = ""
    """The time zone as it is written."""


def read(text: str) -> Moment | None:
    """The date or time that all of `text` is, or None."""
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            try:
                return _moment(match.groupdict())
            except (ValueError, OverflowError):
                return None
    return None


def epoch(text: str, near: float) -> Moment | None:
    """`text` as seconds or milliseconds since 1970 if that lies close to `near`, which no other number does
    by chance."""
    if not re.fullmatch(r"\d{10}(?:\.\d+)?|\d{13}", text):
        return None
    seconds = float(text) / (1000 if len(text) == 13 and "." not in text else 1)
    return Moment(seconds, 1.0) if abs(seconds - near) < _NEAR_S else None


def advanced(first: Moment, second: Moment, elapsed: float) -> bool:
    """Whether `second` shows what a clock shows `elapsed` seconds after `first`."""
    if (first.whole, first.grain, first.zone) != (second.whole, second.grain, second.zone):
        return False
    off = second.seconds - first.seconds - elapsed
    if not first.whole:
        off = (off + _DAY / 2) % _DAY - _DAY / 2
    return abs(off) <= _SLACK_S + first.grain


def _moment(parts: dict[str, str | None]) -> Moment:
    hour, minute, second = (int(parts.get(key) or 0) for key in "hms")
    zone = parts.get("z") or ""
    seconds = hour * 3600 + minute * 60 + second + float("0." + (parts.get("f") or "0")) - _offset(zone)
    grain = 1.0 if parts.get("s") else 60.0 if parts.get("h") else _DAY
    year, name = parts.get("Y"), parts.get("N")
    if year is None:
        return Moment(seconds, grain, whole=False, zone=zone)
    month = _MONTHS.split("|").index(name) + 1 if name else int(parts["M"] or 0)
    day = datetime(int(year), month, int(parts["D"] or 0), tzinfo=UTC)
    return Moment(day.timestamp() + seconds, grain, zone=zone)


def _offset(zone: str) -> int:
    """Seconds that `+01:00` and the like are ahead of UTC."""
    if zone[:1] not in ("+", "-"):
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds
