"""The work that runs make for people: actions per rep, channel and local day.

In: the outcomes of runs. Out: a frame with a row per day, rep and channel that has any. An action counts on the day it is
due, for the owner that the lead has after the run; what goes out by itself is told apart. Withheld actions are no work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from leadrules.lifecycle.run import Outcome

COLUMNS: Mapping[str, pl.DataType] = {
    "day": pl.Date(),
    "rep": pl.String(),
    "channel": pl.String(),
    "actions": pl.Int64(),
    "auto": pl.Int64(),
}
_KEY = ("day", "rep", "channel")


def workload_of(outcome: Outcome) -> pl.DataFrame:
    """The work of one run. `auto` are those of `actions` that go out without a person."""
    decided = outcome.decided
    if decided is None:
        return pl.DataFrame(schema=dict(COLUMNS))
    tick = decided.tick
    done = decided.done.filter(pl.col("kind").is_in(list(tick.project.channels)))
    owner = decided.table["owner"].gather(done["lead_row"]).alias("rep")
    due = pl.col("due").fill_null(pl.lit(tick.as_of, dtype=done.schema["due"]))
    rows = done.select(
        due.dt.convert_time_zone(tick.calendar.zone).dt.date().alias("day"),
        owner,
        pl.col("kind").alias("channel"),
        pl.lit(1, dtype=pl.Int64).alias("actions"),
        pl.col("auto").fill_null(value=False).cast(pl.Int64),
    )
    return together([rows])


def together(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The work of several runs, by day, rep and channel; leads without an owner come first."""
    whole = pl.concat([pl.DataFrame(schema=dict(COLUMNS)), *parts])
    return whole.group_by(_KEY).agg(pl.col("actions", "auto").sum()).sort(_KEY).select(list(COLUMNS))
