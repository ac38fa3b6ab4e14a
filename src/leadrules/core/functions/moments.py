"""Dates, datetimes and durations: shift, difference, date, year .. weekday, end_of_month, days_between, earliest, latest.

In: dates, datetimes (UTC) and lengths. Out: operations, in the project's calendar. A length is a literal, (count, unit),
which `shift` reads as calendar steps, or a difference of moments, which is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from leadrules.core import calendar as dates
from leadrules.core.calendar import Calendar, Length
from leadrules.core.functions import columnar
from leadrules.core.functions.operation import Context, Example, Mismatch, Operation, moment, number, parameter
from leadrules.core.types import DATE, DATETIME, DURATION, ERROR, NUMBER, Type

_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)
# Beyond this many steps every date leaves the years 1 to 9999; Polars would wrap round.
_MOST_DAYS, _MOST_MONTHS = 4_000_000, 120_000


def length_of(duration: Any) -> timedelta | None:
    """A literal (count, unit), or a `Duration`, as a length that compares with others; business days have none."""
    if duration is None or isinstance(duration, timedelta):
        return duration
    count, unit = columnar.as_pair(duration)
    return dates.nominal(count, unit)


def shifted_type(start: Type, unit: str | None) -> Type:
    """The type of a moment moved by a literal of this unit, or (None) by a duration that is worked out.

    A date by days or longer stays a date; by hours, minutes or a worked-out duration it is a datetime.
    """
    if start.kind != "date":
        return start
    return DATETIME if unit in (None, "minutes", "hours") else DATE


def _shift(context: Context, value: int, start: date | None, length: Length | timedelta | None) -> date | None:
    if start is None or length is None:
        return None
    if isinstance(length, timedelta):
        return context.calendar.add(start, value * length)
    count, unit = columnar.as_pair(length)
    return context.calendar.shift(start, value * count, unit)


def _shift_column(context: Context, value: int, types: Sequence[Type], start: Any, length: Any) -> Any:
    import polars as pl

    calendar = context.calendar
    exact = length if isinstance(length, pl.Expr) else None
    count, unit = (0, "") if exact is not None else columnar.as_pair(length)
    if unit in ("minutes", "hours"):
        exact = columnar.length(length)
    if exact is not None:
        instant = columnar.as_instant(calendar, start, types[0])
        return _within_years(instant + exact if value > 0 else instant - exact)
    if types[0].kind == "date":
        return _stepped(calendar, start, value * count, unit)
    local = _stepped(calendar, columnar.to_local(calendar, start), value * count, unit)
    return columnar.to_instant(calendar, local)


def _stepped(calendar: Calendar, local: Any, count: int, unit: str) -> Any:
    """Local dates or clock times, moved by calendar steps."""
    if unit == "business days":
        return columnar.each(lambda series: _working_days(calendar, series, count), None, local)
    months = unit in dates.MONTHS
    steps = count * (dates.MONTHS[unit] if months else dates.DAYS[unit])
    if abs(steps) > (_MOST_MONTHS if months else _MOST_DAYS):
        return columnar.each(lambda series: series.clear(len(series)), None, local)
    return _within_years(local.dt.offset_by(f"{steps}{'mo' if months else 'd'}"))


def _within_years(column: Any) -> Any:
    """Blank outside the years 1 to 9999."""
    return columnar.each(columnar.known_years, None, column)


def _working_days(calendar: Calendar, series: Any, count: int) -> Any:
    """The count-th working day after each day; a day off counts from the working day before it (after it, backwards)."""
    if not count:
        return series
    years = series.dt.year()
    if not calendar.week or years.drop_nulls().is_empty():
        return series.clear(len(series))
    reach = abs(count) // 50 + 2
    off = calendar.days_off(int(years.min()) - reach, int(years.max()) + reach)
    week = [day in calendar.week for day in range(1, 8)]
    moved = series.dt.add_business_days(
        count, week_mask=week, holidays=off, roll="backward" if count > 0 else "forward"
    )
    return columnar.known_years(moved)


def _difference(context: Context, value: Any, a: date | None, b: date | None) -> timedelta | None:
    return None if a is None or b is None else context.calendar.difference(a, b)


def _difference_column(context: Context, value: Any, types: Sequence[Type], a: Any, b: Any) -> Any:
    import polars as pl

    if any(type_.kind != "datetime" for type_ in types):
        a, b = (columnar.local_day(context.calendar, x, type_) for x, type_ in zip((a, b), types, strict=True))
    return (a - b).cast(pl.Duration("us"))


def _days_between(context: Context, value: Any, a: date | None, b: date | None) -> float | None:
    if a is None or b is None:
        return None
    return float((context.calendar.day_of(b) - context.calendar.day_of(a)).days)


def _days_between_column(context: Context, value: Any, types: Sequence[Type], a: Any, b: Any) -> Any:
    import polars as pl

    first, last = (columnar.local_day(context.calendar, x, type_) for x, type_ in zip((a, b), types, strict=True))
    return (last - first).dt.total_days().cast(pl.Float64)


def _of_day(function: Callable[[date], Any]) -> Any:
    """A row implementation that reads the local date."""

    def row(context: Context, value: Any, x: date | None) -> Any:
        return None if x is None else function(context.calendar.day_of(x))

    return row


def _of_day_column(function: Callable[[Any], Any], *, is_number: bool = True) -> Any:
    """A column implementation that reads the local date."""

    def column(context: Context, value: Any, types: Sequence[Type], x: Any) -> Any:
        import polars as pl

        result = function(columnar.local_day(context.calendar, x, types[0]))
        return result.cast(pl.Float64) if is_number else result

    return column


def _date(context: Context, value: Any, year: float | None, month: float | None, day: float | None) -> date | None:
    if year is None or month is None or day is None:
        return None
    return dates.calendar_date(year, month, day)


def _date_column(context: Context, value: Any, types: Sequence[Type], *args: Any) -> Any:
    import polars as pl

    return columnar.each(_date_series, pl.Date(), *args)


def _date_series(year: Any, month: Any, day: Any) -> Any:
    import polars as pl

    def part(series: Any, most: int) -> Any:
        whole = (series == series.floor()) & series.is_between(1, most)
        return columnar.only(series, whole).cast(pl.Int32)

    numbers = pl.DataFrame({"year": part(year, 9999), "month": part(month, 12), "day": part(day, 31)})
    found = pl.date(pl.col("year"), pl.col("month"), 1) + pl.duration(days=pl.col("day") - 1)
    # A day that the month does not have leads into the next month.
    return numbers.select(pl.when(found.dt.month() == pl.col("month")).then(found)).to_series()


def _instants(context: Context, args: Sequence[date | None]) -> list[date]:
    """The moments that are not blank: dates if all are, else instants."""
    found = [arg for arg in args if arg is not None]
    if any(isinstance(arg, datetime) for arg in found):
        return [context.calendar.as_instant(arg) for arg in found]
    return found


def _earliest(context: Context, value: Any, *args: date | None) -> date | None:
    return min(_instants(context, args), default=None)


def _latest(context: Context, value: Any, *args: date | None) -> date | None:
    return max(_instants(context, args), default=None)


def _horizontal(name: str) -> Any:
    def column(context: Context, value: Any, types: Sequence[Type], *args: Any) -> Any:
        import polars as pl

        if any(type_.kind == "datetime" for type_ in types):
            args = tuple(columnar.as_instant(context.calendar, x, type_) for x, type_ in zip(args, types, strict=True))
        return getattr(pl, name)(args)

    return column


def _extreme_type(types: Sequence[Type]) -> Type:
    kinds = {type_.kind for type_ in types}
    return DATETIME if "datetime" in kinds else DATE if "date" in kinds else ERROR


def _shift_result(types: Sequence[Type]) -> Type | Mismatch:
    return types[0] if types[0].kind == "error" else shifted_type(types[0], None)


def _day_part(
    name: str, says: str, row: Callable[[date], float], column: Callable[[Any], Any], result: float
) -> Operation:
    day = date(2026, 3, 31)
    examples = (Example((day,), result, types=(DATE,)), Example((None,), None, types=(DATE,)))
    return Operation(name, says, (moment("x"),), NUMBER, _of_day(row), _of_day_column(column), examples, by_name=True)


_TWO_WEEKS = timedelta(days=14)
_NOON = datetime(2026, 4, 15, 12, tzinfo=UTC)

OPERATIONS = (
    Operation(
        "shift",
        "A date or datetime, later or earlier by a duration: calendar steps in the project's zone, hours exact.",
        (moment("start"), parameter("length", "duration", words="durations")),
        _shift_result,
        _shift,
        _shift_column,
        (
            Example((_NOON, _TWO_WEEKS), datetime(2026, 4, 29, 12, tzinfo=UTC), value=1, types=(DATETIME, DURATION)),
            Example((_NOON, _TWO_WEEKS), datetime(2026, 4, 1, 12, tzinfo=UTC), value=-1, types=(DATETIME, DURATION)),
            Example((None, _TWO_WEEKS), None, value=1, types=(DATETIME, DURATION)),
        ),
    ),
    Operation(
        "difference",
        "From b to a: exact between datetimes, whole days where one is a date.",
        (moment("a"), moment("b")),
        DURATION,
        _difference,
        _difference_column,
        (
            Example((date(2026, 3, 1), date(2026, 2, 1)), timedelta(days=28), types=(DATE, DATE)),
            Example((date(2026, 3, 1), None), None, types=(DATE, DATE)),
        ),
    ),
    Operation(
        "days_between",
        "b - a in calendar days.",
        (moment("a"), moment("b")),
        NUMBER,
        _days_between,
        _days_between_column,
        (
            Example((date(2026, 2, 1), date(2026, 3, 1)), 28.0, types=(DATE, DATE)),
            Example((_NOON, date(2026, 4, 10)), -5.0, types=(DATETIME, DATE)),
            Example((None, date(2026, 4, 10)), None, types=(DATE, DATE)),
        ),
        by_name=True,
    ),
    Operation(
        "date",
        "The date of a year, a month and a day; blank when there is none.",
        (number("year"), number("month"), number("day")),
        DATE,
        _date,
        _date_column,
        (
            Example((2026.0, 4.0, 1.0), date(2026, 4, 1)),
            Example((2026.0, 2.0, 30.0), None),
            Example((2026.0, 1.5, 1.0), None),
            Example((None, 4.0, 1.0), None),
        ),
        by_name=True,
    ),
    _day_part("year", "The year of a local date.", lambda d: float(d.year), lambda x: x.dt.year(), 2026.0),
    _day_part("month", "The month, 1 to 12.", lambda d: float(d.month), lambda x: x.dt.month(), 3.0),
    _day_part("day", "The day of the month.", lambda d: float(d.day), lambda x: x.dt.day(), 31.0),
    _day_part("weekday", "1 on Monday to 7 on Sunday.", lambda d: float(d.isoweekday()), lambda x: x.dt.weekday(), 2.0),
    Operation(
        "end_of_month",
        "The last day of the month.",
        (moment("x"),),
        DATE,
        _of_day(dates.end_of_month),
        _of_day_column(lambda x: x.dt.month_end(), is_number=False),
        (
            Example((date(2028, 2, 3),), date(2028, 2, 29), types=(DATE,)),
            Example((None,), None, types=(DATE,)),
        ),
        by_name=True,
    ),
    Operation(
        "earliest",
        "The first of the moments that are not blank; a date beside datetimes is its midnight.",
        (moment("a"), moment("b", many=True)),
        _extreme_type,
        _earliest,
        _horizontal("min_horizontal"),
        (
            Example((date(2026, 2, 1), None, date(2026, 1, 1)), date(2026, 1, 1), types=(DATE, DATE, DATE)),
            Example((None, None), None, types=(DATE, DATE)),
        ),
        by_name=True,
    ),
    Operation(
        "latest",
        "The last of the moments that are not blank; a date beside datetimes is its midnight.",
        (moment("a"), moment("b", many=True)),
        _extreme_type,
        _latest,
        _horizontal("max_horizontal"),
        (
            Example((_NOON, date(2026, 5, 1)), datetime(2026, 5, 1, tzinfo=UTC), types=(DATETIME, DATE)),
            Example((None, date(2026, 5, 1)), date(2026, 5, 1), types=(DATE, DATE)),
        ),
        by_name=True,
    ),
)
