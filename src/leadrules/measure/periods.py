"""Months, quarters, years and fiscal years in the project's time zone.

In: local dates, or instants with a calendar. Out: the label of the period that each lies in, months as numbers, and when a
period ends. A fiscal year bears the year in which it starts: with April, `FY2026` is April 2026 to March 2027.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl

from leadrules.core.calendar import Calendar, add_months

LENGTHS = {"month": 1, "quarter": 3, "year": 12, "fiscal_year": 12}


def month_number(days: pl.Expr) -> pl.Expr:
    """Months since the year 0: differences are calendar months."""
    return days.dt.year().cast(pl.Int32) * 12 + days.dt.month().cast(pl.Int32) - 1


def period_number(days: pl.Expr, period: str, fiscal_year_starts: int = 1) -> pl.Expr:
    """The number of the period of that kind that a date lies in; the next period has the next number."""
    shift = fiscal_year_starts - 1 if period == "fiscal_year" else 0
    return (month_number(days) - shift) // LENGTHS[period]


def label(number: int, period: str) -> str:
    """How a period is called.

    >>> label(2026 * 12 + 4, "month"), label(2026 * 4 + 1, "quarter"), label(2026, "fiscal_year")
    ('2026-05', '2026-Q2', 'FY2026')
    """
    if period == "month":
        return f"{number // 12:04}-{number % 12 + 1:02}"
    if period == "quarter":
        return f"{number // 4:04}-Q{number % 4 + 1}"
    return f"{number:04}" if period == "year" else f"FY{number:04}"


def first_day(number: int, period: str, fiscal_year_starts: int = 1) -> date:
    """The first local day of a period."""
    shift = fiscal_year_starts - 1 if period == "fiscal_year" else 0
    month = number * LENGTHS[period] + shift
    return date(month // 12, month % 12 + 1, 1)


def end_of(number: int, period: str, calendar: Calendar, fiscal_year_starts: int = 1) -> datetime:
    """The instant at which a period is over: the midnight that begins the next one."""
    following = add_months(first_day(number, period, fiscal_year_starts), LENGTHS[period])
    return datetime.max.replace(tzinfo=UTC) if following is None else calendar.midnight(following)


def labelled(frame: pl.DataFrame, column: str, period: str) -> pl.DataFrame:
    """A frame with the numbers of periods as their labels, in order of time."""
    frame = frame.sort(column)
    names = pl.Series(column, [label(int(number), period) for number in frame[column]], dtype=pl.String)
    return frame.with_columns(names)


def is_over(
    numbers: Sequence[int], period: str, calendar: Calendar, as_of: datetime, fiscal_year_starts: int = 1
) -> list[bool]:
    """Whether each period had ended by an instant: a period that is under way is not compared with whole ones."""
    return [end_of(number, period, calendar, fiscal_year_starts) <= as_of for number in numbers]
