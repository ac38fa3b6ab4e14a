"""The leads as a run leaves them: owners and fields that were decided, put into the columns of the state.

In: the working table before the run, and proposals of actions and routes, at most one per lead and slot. Out: columns after
the run. Knows not why anything was decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import polars as pl

from leadrules.core.functions.columnar import looked_up
from leadrules.lifecycle.aside import each
from leadrules.lifecycle.model import BY_TRIGGER, INSTANT, LEAD_COLUMNS, Tick

OWNER_COLUMNS = (
    "owner",
    "owner_by",
    "assigned_at",
    "due_at",
    "due_route",
    "owner_changes",
    "past_owners",
)


def column(table: pl.DataFrame, name: str, kind: pl.DataType) -> pl.Series:
    """A column of a table; blank for all where the table has none."""
    if name in table.columns:
        return table[name]
    return pl.Series(name, [None], dtype=kind).new_from_index(0, table.height)


def with_owners(tick: Tick, owners: pl.DataFrame) -> pl.DataFrame:
    """OWNER_COLUMNS of the leads that were given an owner, with lead_row. `owners`: lead_row, owner, due_at, route, by.

    A lead that is dealt to the owner it has keeps what it has, but for a new `due_at`; that a trigger wants it there is known.
    """
    known = tick.leads.select(name for name in OWNER_COLUMNS if name in tick.leads.columns)
    here = known[owners["lead_row"]] if owners.height else known.clear()
    before = pl.DataFrame([column(here, name, LEAD_COLUMNS[name]).alias(name) for name in OWNER_COLUMNS])
    given = owners.select(pl.col(name).alias(f"+{name}") for name in ("owner", "due_at", "route", "by"))
    changes = pl.col("owner").ne_missing(pl.col("+owner"))
    is_named = (pl.col("+by") == BY_TRIGGER) & pl.col("+route").is_null()
    asks = changes | pl.col("+due_at").is_not_null()
    had_one = changes & pl.col("owner").is_not_null()
    after = before.hstack(given).select(
        owner="+owner",
        owner_by=pl.when(changes | is_named).then("+by").otherwise("owner_by"),
        assigned_at=pl.when(changes).then(pl.lit(tick.as_of, dtype=INSTANT)).otherwise("assigned_at"),
        due_at=pl.when(asks).then("+due_at").otherwise("due_at"),
        due_route=pl.when(asks).then("+route").otherwise("due_route"),
        owner_changes=pl.when(had_one).then(pl.col("owner_changes").fill_null(0) + 1).otherwise("owner_changes"),
        past_owners=pl.when(had_one)
        .then(pl.concat_list(pl.col("past_owners").fill_null([]), "owner"))
        .otherwise("past_owners"),
    )
    return after.insert_column(0, owners["lead_row"])


def with_changes(table: pl.DataFrame, changes: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """A table (row i is lead_row i) with the rows of each frame (lead_row, columns) put in, one frame after the other."""
    frames = [frame for frame in changes if frame.height]
    sharing: dict[tuple[int, ...], list[str]] = {}
    for name in dict.fromkeys(name for frame in frames for name in frame.columns if name != "lead_row"):
        sharing.setdefault(tuple(at for at, frame in enumerate(frames) if name in frame.columns), []).append(name)
    given = [_latest([frames[at].select("lead_row", *names) for at in places]) for places, names in sharing.items()]
    # A column of all leads is written anew for a handful of them: once, whatever the number of frames that have it.
    calls = [partial(_put, table, part, name) for part in given for name in part.columns if name != "lead_row"]
    return table.with_columns(each(calls, table.height))


def _latest(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """What each lead was given last."""
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts, how="vertical_relaxed").unique("lead_row", keep="last", maintain_order=True)


def _put(table: pl.DataFrame, given: pl.DataFrame, name: str) -> pl.Series:
    rows, values = given["lead_row"], given[name]
    if name not in table.columns:
        return _spread(rows, values, table.height)
    before = table[name]
    if before.dtype.is_nested():
        mask = pl.repeat(False, table.height, dtype=pl.Boolean, eager=True).scatter(rows, values=True)
        return _spread(rows, values.cast(before.dtype), table.height).zip_with(mask, before)
    return before.clone().scatter(rows, values.cast(before.dtype))


def _spread(rows: pl.Series, values: pl.Series, height: int) -> pl.Series:
    """Values of some leads as a column of all."""
    nobody = pl.repeat(None, height, dtype=pl.UInt32, eager=True)
    return looked_up(values, nobody.scatter(rows, pl.int_range(len(rows), dtype=pl.UInt32, eager=True)))
