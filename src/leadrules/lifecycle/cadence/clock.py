"""Calendar arithmetic over columns of instants: local days and clock times, working days, openings of a window.

In: a calendar and series of instants (UTC), local dates or clock times. Out: series of the same height, blank where the
argument is. Agrees with core/calendar by taking its tables. Knows no sequence and no route.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions import OPERATIONS, Context
from leadrules.core.functions.columnar import instant_series, local_series
from leadrules.core.types import DATE, DATETIME, DURATION
from leadrules.ruleset.model import Duration

NAIVE = pl.Datetime("us")


def local_clock(calendar: Calendar, instants: pl.Series) -> pl.Series:
    """The local clock times (naive) of instants."""
    return local_series(calendar, instants)


def local_days(calendar: Calendar, instants: pl.Series) -> pl.Series:
    """The local dates of instants."""
    return local_series(calendar, instants).dt.date()


def at_clock(calendar: Calendar, days: pl.Series, clock: time | pl.Series) -> pl.Series:
    """The instants of local dates at a local clock time; a time that does not exist moves forward."""

    def instants(some: pl.Series) -> pl.Series:
        combined = pl.col("day").dt.combine(pl.lit(clock, dtype=pl.Time)).cast(NAIVE)
        return instant_series(calendar, some.alias("day").to_frame().select(combined).to_series())

    return _by_day(days, instants) if isinstance(clock, time) else instants(days)


def shifted(calendar: Calendar, instants: pl.Series, length: Duration) -> pl.Series:
    """Instants moved by a length: calendar steps in the calendar's zone, hours and minutes exact."""
    moved = OPERATIONS["shift"].column(Context(calendar), 1, (DATETIME, DURATION), pl.col("at"), length)
    return instants.alias("at").to_frame().select(moved).to_series()


def later_day(calendar: Calendar, days: pl.Series, count: int, *, working: bool) -> pl.Series:
    """Local dates moved on by days, or by working days: from one, for a day off has none of its own. Blank beyond 9999."""
    length = Duration(count, "business days" if working else "days")
    moved = OPERATIONS["shift"].column(Context(calendar), 1, (DATE, DURATION), pl.col("day"), length)
    return _by_day(days, lambda some: some.alias("day").to_frame().select(moved).to_series())


def next_working(calendar: Calendar, days: pl.Series) -> pl.Series:
    """Each date itself if it is a working day, else the next one; blank in a week without working days."""
    first, last = days.min(), days.max()
    if first is None or last is None:
        return days
    if not calendar.week:
        return days.clear(len(days))
    assert isinstance(first, date)
    assert isinstance(last, date)
    week = [day in calendar.week for day in range(1, 8)]
    off = _days_off(calendar, first.year, last.year + 2)
    return _by_day(days, lambda some: some.dt.add_business_days(0, week_mask=week, holidays=off, roll="forward"))


def _by_day(days: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What a function makes of each date, asked once per day where there are more dates than days from first to last."""
    numbers = days.to_physical()
    first, last = numbers.min(), numbers.max()
    if not isinstance(first, int) or not isinstance(last, int) or last - first >= len(days):
        return function(days)
    every = pl.int_range(first, last + 1, dtype=pl.Int32, eager=True).cast(pl.Date)
    return function(every)[numbers - first]


def to_working_day(calendar: Calendar, instants: pl.Series) -> pl.Series:
    """Instants on a day off go on to the next working day, at the same clock time."""
    local = local_clock(calendar, instants)
    days = local.dt.date()
    working = next_working(calendar, days)
    moved = days.ne_missing(working)
    if not moved.any():
        return instants
    return at_clock(calendar, working, local.dt.time()).zip_with(moved, instants)


def to_opening(calendar: Calendar, instants: pl.Series, start: time, end: time, *, working: bool) -> pl.Series:
    """Instants outside the daily window [start, end) of the calendar's zone go on to its next opening.

    With `working` the window opens on working days only.
    """
    local = local_clock(calendar, instants)
    days, clock = local.dt.date(), local.dt.time()
    late = clock >= end
    opening = days.dt.offset_by("1d").zip_with(late, days)
    if working:
        opening = next_working(calendar, opening)
    moved = (clock < start) | late | days.ne_missing(opening)
    if not moved.any():
        return instants
    return at_clock(calendar, opening, start).zip_with(moved, instants)


def in_zone(calendar: Calendar, zone: str | None) -> Calendar:
    """The same working days on the clocks of another zone."""
    if zone is None or zone == calendar.zone:
        return calendar
    return Calendar(zone, calendar.week, calendar.country, calendar.dates)


def clock_time(text: str) -> time:
    """`HH:MM` as a time."""
    return time.fromisoformat(text)


def same_day(calendar: Calendar, instants: pl.Series, as_of: datetime) -> pl.Series:
    """Whether instants are on the local date of `as_of`; not so for a blank."""
    return (local_days(calendar, instants) == calendar.day_of(as_of)).fill_null(value=False)


@lru_cache(maxsize=64)
def _days_off(calendar: Calendar, first: int, last: int) -> tuple[date, ...]:
    return tuple(calendar.days_off(first, last))
