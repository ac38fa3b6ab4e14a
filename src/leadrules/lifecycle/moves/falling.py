"""Which dates of a trigger fall in a run.

In: a tick, a trigger `on date`, the value of its date per lead. Out: the leads for which it falls, with the instant. A date
falls in `(since, as of]`, a lead's `since` being the last run that had the lead. Knows nothing of conditions and actions.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from leadrules.core.calendar import end_of_month
from leadrules.core.functions.columnar import as_instant, local_day, rows_where
from leadrules.core.types import DATE, DATETIME
from leadrules.lifecycle.model import INSTANT, Tick
from leadrules.ruleset.model import Trigger


def fallen(tick: Tick, trigger: Trigger, values: pl.Series) -> pl.DataFrame:
    """lead_row, mark: the dates that fall now, and those that fell before while nothing could be done.

    One that was dealt with does not fall again, and one that was changed after it fell is no longer armed.
    """
    instants = _yearly(tick, values) if trigger.on.every_year else _instants(tick, values)
    gone, armed = tick.leads.filled("absent_since"), tick.leads.filled(f"armed:{trigger.name}")
    some = rows_where(((instants > tick.since) & (instants <= tick.as_of)).fill_null(value=False))
    # Those that were absent look further back.
    rows = pl.concat([some, gone, armed]).unique().sort() if len(gone) or len(armed) else some
    kinds = {"absent_since": INSTANT, f"dated:{trigger.name}": INSTANT, f"armed:{trigger.name}": INSTANT}
    frame = tick.leads.at(rows, kinds).with_columns(rows.alias("lead_row"), instants[rows].alias("mark"))
    since = pl.min_horizontal("absent_since", pl.lit(tick.since, dtype=INSTANT))
    now = (pl.col("mark") > since) & (pl.col("mark") <= tick.as_of)
    again = pl.col("mark") == pl.col(f"armed:{trigger.name}")
    is_other = pl.col("mark").ne_missing(pl.col(f"dated:{trigger.name}"))
    return frame.filter(now | again, is_other).select("lead_row", "mark")


def _instants(tick: Tick, values: pl.Series) -> pl.Series:
    """Each date as its midnight in the project's zone."""
    type_ = DATETIME if isinstance(values.dtype, pl.Datetime) else DATE
    return (
        pl.DataFrame({"value": values})
        .select(as_instant(tick.calendar, pl.col("value"), type_).cast(INSTANT))
        .to_series()
    )


def _yearly(tick: Tick, values: pl.Series) -> pl.Series:
    """The latest return of each date's month and day that is not after `as of`."""
    type_ = DATETIME if isinstance(values.dtype, pl.Datetime) else DATE
    days = pl.DataFrame({"value": values}).select(local_day(tick.calendar, pl.col("value"), type_)).to_series()
    today = tick.calendar.day_of(tick.as_of)
    returns = {day: _latest_return(day, today) for day in days.unique().drop_nulls()}
    latest = days.replace_strict(list(returns), list(returns.values()), default=None, return_dtype=pl.Date())
    return _instants(tick, latest)


def _latest_return(day: date, today: date) -> date:
    """The newest day up to today with this month and day; 29 February is the last of February in other years."""
    this_year = _in_year(day, today.year)
    return this_year if this_year <= today else _in_year(day, today.year - 1)


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:
        return end_of_month(date(year, 2, 1))
