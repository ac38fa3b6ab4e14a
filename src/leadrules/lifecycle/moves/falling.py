"""Which dates of a trigger fall in a run.

In: a tick, a trigger `on date`, the value of its date per lead. Out: the leads for which it falls, with the instant. A date
falls in `(since, as of]`, a lead's `since` being the last run that had the lead. Knows nothing of conditions and actions.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from leadrules.core.calendar import end_of_month
from leadrules.core.functions.columnar import as_instant, local_day, rows_where
from leadrules.core.types import DATE, DATETIME, Type
from leadrules.lifecycle.model import INSTANT, Tick
from leadrules.ruleset.model import Trigger


def fallen(tick: Tick, trigger: Trigger, values: pl.Series) -> pl.DataFrame:
    """lead_row, mark: the dates that fall now, and those that fell before while nothing could be done.

    One that was dealt with does not fall again, and one that was changed after it fell is no longer armed.
    """
    dated, armed = f"dated:{trigger.name}", f"armed:{trigger.name}"
    days, today = _days(tick, values), tick.calendar.day_of(tick.as_of)
    known = days.unique().drop_nulls()
    returns = _latest_returns(known, today) if trigger.on.every_year else known
    # A day more: `since` has a time, and a day begins before it.
    is_near = returns.is_between(tick.calendar.day_of(tick.since) - timedelta(days=1), today)
    rows = _looked_at(tick, rows_where(days.is_in(known.filter(is_near).implode()).fill_null(value=False)), armed)
    marks = values[rows]
    if trigger.on.every_year:
        marks = days[rows].replace_strict(known, returns, default=None, return_dtype=pl.Date())
    frame = tick.leads.at(rows, {"absent_since": INSTANT, dated: INSTANT, armed: INSTANT})
    frame = frame.with_columns(rows.alias("lead_row"), _instants(tick, marks).alias("mark"))
    since = pl.min_horizontal("absent_since", pl.lit(tick.since, dtype=INSTANT))
    now = (pl.col("mark") > since) & (pl.col("mark") <= tick.as_of)
    again = pl.col("mark") == pl.col(armed)
    return frame.filter(now | again, pl.col("mark").ne_missing(pl.col(dated))).select("lead_row", "mark")


def _looked_at(tick: Tick, near: pl.Series, armed: str) -> pl.Series:
    """The leads whose date is near, those that were absent, which look further back, and those whose date is still armed."""
    more = pl.concat([tick.leads.filled("absent_since"), tick.leads.filled(armed)])
    return pl.concat([near, more]).unique().sort() if len(more) else near


def _instants(tick: Tick, values: pl.Series) -> pl.Series:
    """Each date as its midnight in the project's zone."""
    asked = as_instant(tick.calendar, pl.col("value"), _type_of(values))
    return pl.DataFrame({"value": values}).select(asked.cast(INSTANT)).to_series()


def _days(tick: Tick, values: pl.Series) -> pl.Series:
    """The day of each date in the project's zone."""
    asked = local_day(tick.calendar, pl.col("value"), _type_of(values))
    return pl.DataFrame({"value": values}).select(asked).to_series()


def _type_of(values: pl.Series) -> Type:
    return DATETIME if isinstance(values.dtype, pl.Datetime) else DATE


def _latest_returns(days: pl.Series, today: date) -> pl.Series:
    """The latest return of each day's month and day that is not after `today`."""
    return pl.Series([_latest_return(day, today) for day in days], dtype=pl.Date())


def _latest_return(day: date, today: date) -> date:
    """The newest day up to today with this month and day; 29 February is the last of February in other years."""
    this_year = _in_year(day, today.year)
    return this_year if this_year <= today else _in_year(day, today.year - 1)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return end_of_month(date(year, 2, 1))
