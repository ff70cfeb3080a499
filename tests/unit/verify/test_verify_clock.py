"""Times in answers: a clock that went on is none of a difference, another hour is one."""

import pytest

from jettison.verify.clock import TIME, advanced, epoch, read

NOON = 1_704_110_400.0  # 2024-01-01T12:00:00Z


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T12:00:00Z",
        "2024-01-01 12:00:00",
        "2024-01-01T13:00:00+01:00",
        "2024-01-01T07:00:00.000-0500",
        "2024/01/01 12:00:00",
        "Mon, 01 Jan 2024 12:00:00 GMT",
        "01 Jan 2024 12:00:00 +0000",
        "01/Jan/2024:12:00:00 +0000",
        "Mon Jan  1 12:00:00 2024",
    ],
)
def test_the_usual_ways_to_write_a_moment_are_read(text):
    assert TIME.fullmatch(text)
    assert read(text).seconds == NOON


def test_a_time_without_a_day_is_read_as_such():
    for text in ("12:00:00", "Mon Jan  1 12:00:00", "12:00:00 UTC"):
        moment = read(text)
        assert (moment.seconds, moment.whole) == (43200, False)


def test_what_is_left_open_is_known():
    assert [read(text).grain for text in ("12:00:00", "12:00", "2024-01-01")] == [1, 60, 86400]


@pytest.mark.parametrize("text", ["", "12", "25:00", "2024-13-01", "2024-02-30", "1:2:3", "999.999", "Jan 1"])
def test_what_is_no_time_is_none(text):
    assert read(text) is None


@pytest.mark.parametrize("text", ["1.12:00.3", "a12:00", "12:00a", "::1", "fe80::12:34", "3:12:00:00"])
def test_addresses_and_versions_are_no_times(text):
    assert TIME.search(text) is None


@pytest.mark.parametrize(
    ("first", "second", "elapsed", "same"),
    [
        ("12:00:00", "12:00:05", 5, True),
        ("12:00:00", "12:00:00", 5, True),
        ("12:00", "12:01", 3, True),
        ("23:59:58", "00:00:03", 5, True),
        ("2024-01-01", "2024-01-02", 5, True),
        ("2024-01-01T12:00:00Z", "2024-01-01T12:00:30Z", 2, True),
        ("2024-01-01T12:00:00Z", "2024-01-01T11:00:02Z", 2, False),
        ("2024-01-01T12:00:00Z", "2024-01-01T12:00:02", 2, False),
        ("2024-01-01T13:00:00+01:00", "2024-01-01T12:00:02+00:00", 2, False),
        ("12:00:00", "13:00:05", 5, False),
        ("12:00:00", "12:00", 5, False),
        ("2024-01-01", "2024-01-09", 5, False),
        ("2024-01-01", "2024-01-01T12:00:00", 5, False),
    ],
)
def test_a_clock_must_have_advanced_by_what_passed(first, second, elapsed, same):
    assert advanced(read(first), read(second), elapsed) is same


def test_only_a_number_close_to_now_is_seconds_since_1970():
    assert epoch("1704110400", NOON + 10).seconds == NOON
    assert epoch("1704110400123", NOON).seconds == pytest.approx(NOON + 0.123)
    assert epoch("1704110400.5", NOON).seconds == NOON + 0.5
    for other in ("1604110400", "17041104", "1704110400x", "-1704110400"):
        assert epoch(other, NOON) is None
