"""Zones, steps and working days: against dates looked up by hand, and brute force."""

from __future__ import annotations

import io
import subprocess
import sys
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import TZPATH, ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadrules.core.calendar import Calendar, add_months, calendar_date, end_of_month, nominal, zone_rules
from leadrules.core.functions.columnar import instant_series

NEW_YORK = Calendar("America/New_York")
TOKYO = Calendar("Asia/Tokyo", country="JP")
APIA = Calendar("Pacific/Apia")
LONDON = Calendar("Europe/London", country="GB-ENG")


def utc(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(text: str) -> datetime:
    """A local clock time."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("calendar", "local", "instant"),
    [
        (TOKYO, "2026-04-01T09:00", "2026-04-01T00:00"),
        (NEW_YORK, "2026-01-15T09:00", "2026-01-15T14:00"),
        # 8 March 2026: 02:00 becomes 03:00. 02:30 does not exist and moves forward by the hour of the gap.
        (NEW_YORK, "2026-03-08T01:59", "2026-03-08T06:59"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:30"),
        (NEW_YORK, "2026-03-08T03:00", "2026-03-08T07:00"),
        # 1 November 2026: 01:00 to 02:00 exists twice; it is the first, in summer time.
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-01T02:00", "2026-11-01T07:00"),
        (LONDON, "2026-03-29T01:30", "2026-03-29T01:30"),
        (LONDON, "2026-10-25T01:30", "2026-10-25T00:30"),
        # Samoa left out 30 December 2011: its times are moved by the 24 hours of the gap.
        (APIA, "2011-12-30T10:00", "2011-12-30T20:00"),
        (APIA, "2011-12-31T10:00", "2011-12-30T20:00"),
        # Lord Howe moves its clocks by half an hour.
        (Calendar("Australia/Lord_Howe"), "2026-10-04T02:15", "2026-10-03T15:45"),
    ],
)
def test_local_times_become_instants(calendar: Calendar, local: str, instant: str) -> None:
    assert calendar.instant(clock(local)) == utc(instant)


def test_midnight_that_does_not_exist_moves_forward() -> None:
    sao_paulo = Calendar("America/Sao_Paulo")
    assert sao_paulo.local(sao_paulo.midnight(date(2018, 11, 4))) == clock("2018-11-04T01:00")


@pytest.mark.parametrize(
    ("calendar", "start", "count", "unit", "expected"),
    [
        (NEW_YORK, "2026-03-07T14:00", 1, "days", "2026-03-08T13:00"),
        (NEW_YORK, "2026-03-07T14:00", 24, "hours", "2026-03-08T14:00"),
        (NEW_YORK, "2026-03-07T07:30", 1, "days", "2026-03-08T07:30"),
        (NEW_YORK, "2026-10-31T05:30", 1, "days", "2026-11-01T05:30"),
        (NEW_YORK, "2026-11-08T06:30", -1, "weeks", "2026-11-01T05:30"),
        (NEW_YORK, "2026-03-08T06:59", 2, "minutes", "2026-03-08T07:01"),
        (TOKYO, "2026-01-30T15:00", 1, "months", "2026-02-27T15:00"),
        (TOKYO, "2024-02-28T16:00", 1, "years", "2025-02-27T16:00"),
        (TOKYO, "2026-11-29T15:30", 1, "quarters", "2027-02-27T15:30"),
        (LONDON, "2026-05-22T16:30", 1, "business days", "2026-05-26T16:30"),
        (APIA, "2011-12-29T20:00", 1, "days", "2011-12-30T20:00"),
    ],
)
def test_datetimes_keep_their_clock_time(calendar: Calendar, start: str, count: int, unit: str, expected: str) -> None:
    assert calendar.shift(utc(start), count, unit) == utc(expected)


@pytest.mark.parametrize(
    ("day", "count", "unit", "expected"),
    [
        ("2026-01-31", 1, "months", "2026-02-28"),
        ("2028-01-31", 1, "months", "2028-02-29"),
        ("2026-03-31", -1, "months", "2026-02-28"),
        ("2026-05-31", 1, "quarters", "2026-08-31"),
        ("2028-02-29", -1, "years", "2027-02-28"),
        ("2026-12-15", 1, "months", "2027-01-15"),
        ("2026-01-15", -1, "months", "2025-12-15"),
        ("2026-04-01", 2, "weeks", "2026-04-15"),
    ],
)
def test_dates_stay_dates(day: str, count: int, unit: str, expected: str) -> None:
    assert TOKYO.shift(date.fromisoformat(day), count, unit) == date.fromisoformat(expected)


def test_a_date_by_hours_counts_from_its_local_midnight() -> None:
    assert TOKYO.shift(date(2026, 4, 1), 3, "hours") == utc("2026-03-31T18:00")


def test_what_leaves_the_calendar_is_blank() -> None:
    assert TOKYO.shift(date(9999, 12, 1), 1, "months") is None
    assert TOKYO.shift(date(2026, 1, 1), -3000, "years") is None
    assert TOKYO.shift(utc("2026-01-01T00:00"), 10**7, "weeks") is None
    assert TOKYO.shift(utc("2026-01-01T00:00"), 10**12, "hours") is None


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-05-01", 1, "2026-05-07"),  # a Friday; 4, 5 and 6 May are holidays in Japan
        ("2026-05-04", 1, "2026-05-07"),  # one business day after a day off is the next working day
        ("2026-05-05", 2, "2026-05-08"),
        ("2026-05-06", -1, "2026-05-01"),  # one before a day off is the working day before
        ("2026-05-07", -1, "2026-05-01"),
        ("2026-05-02", 0, "2026-05-02"),
        ("2026-06-06", 1, "2026-06-08"),  # a Saturday
    ],
)
def test_business_days_pass_over_days_off(day: str, count: int, expected: str) -> None:
    assert TOKYO.working_day(date.fromisoformat(day), count) == date.fromisoformat(expected)


def test_single_dates_and_other_weeks() -> None:
    calendar = Calendar("UTC", (7, 1, 2, 3, 4), None, ("2026-04-05",))
    assert not calendar.is_working(date(2026, 4, 3))  # a Friday
    assert not calendar.is_working(date(2026, 4, 5))  # a Sunday, named
    assert calendar.working_day(date(2026, 4, 2), 1) == date(2026, 4, 6)
    assert calendar.next_working(date(2026, 4, 6)) == date(2026, 4, 6)
    assert calendar.next_working(date(2026, 4, 3)) == date(2026, 4, 6)


def test_a_week_without_working_days_has_none() -> None:
    assert Calendar("UTC", ()).working_day(date(2026, 1, 1), 3) is None
    assert Calendar("UTC", ()).working_day(date(2026, 1, 1), 0) == date(2026, 1, 1)


def test_a_subdivision_adds_its_own_days() -> None:
    assert LONDON.is_holiday(date(2026, 5, 25))
    assert Calendar(country="US-CA").is_holiday(date(2026, 3, 31))
    assert not Calendar(country="US").is_holiday(date(2026, 3, 31))


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-40, 40))
def test_business_days_by_brute_force(day: date, count: int) -> None:
    moved = TOKYO.working_day(day, count)
    assert moved is not None
    between = (day, moved) if count > 0 else (moved - timedelta(days=1), day - timedelta(days=1))
    passed = [between[0] + timedelta(days=n + 1) for n in range((between[1] - between[0]).days)]
    assert sum(TOKYO.is_working(one) for one in passed) == abs(count)
    assert count == 0 or TOKYO.is_working(moved)


def test_days_of_the_year_in_the_project_zone() -> None:
    assert TOKYO.day_of(utc("2026-03-31T15:00")) == date(2026, 4, 1)
    assert TOKYO.day_of(utc("2026-03-31T14:59")) == date(2026, 3, 31)
    assert TOKYO.end_of_day(date(2026, 4, 1)) == utc("2026-04-01T14:59:59.999999")


def test_differences() -> None:
    assert TOKYO.difference(utc("2026-04-01T10:00"), utc("2026-04-01T09:30")) == timedelta(minutes=30)
    assert TOKYO.difference(date(2026, 4, 1), date(2026, 3, 1)) == timedelta(days=31)
    assert TOKYO.difference(utc("2026-03-31T15:00"), date(2026, 4, 1)) == timedelta(0)


def test_lengths_that_compare() -> None:
    assert nominal(1, "months") == timedelta(days=30)
    assert nominal(1, "quarters") == nominal(3, "months")
    assert nominal(1, "years") == timedelta(days=365)
    assert nominal(5, "business days") is None


def test_dates_of_three_numbers() -> None:
    assert calendar_date(2026, 2, 28) == date(2026, 2, 28)
    assert calendar_date(2026, 2, 30) is None
    assert calendar_date(0, 1, 1) is None
    assert calendar_date(2026, 1, 1.5) is None
    assert calendar_date(1e300, 1, 1) is None
    assert add_months(date(2026, 10, 31), 4) == date(2027, 2, 28)
    assert end_of_month(date(2026, 2, 1)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Asia/Tokyo", "Europe/London", "Pacific/Apia", "Africa/Casablanca"]
)
def test_the_table_of_offsets_is_that_of_the_zone(zone: str) -> None:
    table = Calendar(zone).offsets(range(2005, 2031))
    tz, epoch = ZoneInfo(zone), datetime(1970, 1, 1, tzinfo=UTC)
    for hours in range(0, 24 * 365 * 25, 11):
        moment = utc("2005-01-01T00:00") + timedelta(hours=hours)
        micros = (moment - epoch) // timedelta(microseconds=1)
        offset = table.offsets[bisect_right(table.starts, micros) - 1]
        assert timedelta(microseconds=offset) == moment.astimezone(tz).utcoffset(), moment


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", "Asia/Tokyo", "Europe/London", "UTC"])
def test_the_ends_of_the_calendar_are_the_same_in_columns(zone: str) -> None:
    calendar = Calendar(zone)
    clocks = [datetime(1, 1, 1) + timedelta(minutes=minutes) for minutes in range(0, 3_000, 7)]  # noqa: DTZ001
    clocks += [datetime(9999, 12, 31, 23, 59) - timedelta(minutes=minutes) for minutes in range(0, 3_000, 7)]  # noqa: DTZ001
    found = instant_series(calendar, pl.Series(clocks, dtype=pl.Datetime("us")))
    assert found.to_list() == [calendar.instant(clock) for clock in clocks]


ALL_COUNTRIES = """
import sys
from holidays import country_holidays
from holidays.registry import COUNTRIES
codes = sorted(entities[1] for entities in COUNTRIES.values())
if "ours" in sys.argv:
    from leadrules.core.calendar import country_days_off as days_off
else:
    days_off = lambda code, year: country_holidays(code, years=year)
for code in codes:
    print(code, *sorted(map(str, days_off(code, 2026))))
print("US-CA", *sorted(map(str, days_off("US-CA", 2026) if "ours" in sys.argv else country_holidays("US", subdiv="CA", years=2026))))
"""


def test_each_country_is_loaded_alone_and_has_the_days_off_that_the_library_says() -> None:
    """The library loads all its countries for one of them; we do not, and every one must be what it is there."""
    ours, theirs = (
        subprocess.run([sys.executable, "-c", ALL_COUNTRIES, *how], capture_output=True, text=True, check=True)
        for how in (["ours"], [])
    )
    assert len(ours.stdout.splitlines()) > 200
    assert ours.stdout == theirs.stdout
    one = (
        "import sys; from leadrules.core.calendar import country_days_off as off; off('JP', 2026); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", one], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith("holidays.countries.")] == ["holidays.countries.japan"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Argentina/Buenos_Aires"])
def test_the_rules_of_a_zone_are_those_that_python_reads(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for paths in (TZPATH, ()):  # of the system, of the package
        monkeypatch.setattr("leadrules.core.calendar.TZPATH", paths)
        read = ZoneInfo.from_file(io.BytesIO(zone_rules(zone)))
        for month in range(1, 13):
            at = datetime(2026, month, 1, tzinfo=UTC)
            assert at.astimezone(read).utcoffset() == at.astimezone(ZoneInfo(zone)).utcoffset()
