"""The leads as a run leaves them: owners and fields that were decided, put into the columns of the state.

In: the working table before the run, and proposals of actions and routes, at most one per lead and slot. Out: columns after
the run. Knows not why anything was decided.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, Tick

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


def with_owners(tick: Tick, owners: pl.DataFrame) -> list[pl.Series]:
    """OWNER_COLUMNS after the run. `owners`: lead_row, owner, due_at, route, by.

    A lead that is dealt to the owner it has keeps what it has, and gets the new `due_at`.
    """
    before = pl.DataFrame([column(tick.leads, name, LEAD_COLUMNS[name]).alias(name) for name in OWNER_COLUMNS])
    if owners.is_empty():
        return before.get_columns()
    given = owners.select("lead_row", *(pl.col(name).alias(f"+{name}") for name in ("owner", "due_at", "route", "by")))
    table = before.with_columns(tick.leads["lead_row"])
    table = table.join(given, on="lead_row", how="left", maintain_order="left")
    given_one = pl.col("+owner").is_not_null()
    changes = given_one & pl.col("owner").ne_missing(pl.col("+owner"))
    had_one = changes & pl.col("owner").is_not_null()
    return table.select(
        owner=pl.coalesce("+owner", "owner"),
        owner_by=pl.when(changes).then("+by").otherwise("owner_by"),
        assigned_at=pl.when(changes).then(pl.lit(tick.as_of, dtype=INSTANT)).otherwise("assigned_at"),
        due_at=pl.when(given_one).then("+due_at").otherwise("due_at"),
        due_route=pl.when(given_one).then("+route").otherwise("due_route"),
        owner_changes=pl.when(had_one).then(pl.col("owner_changes").fill_null(0) + 1).otherwise("owner_changes"),
        past_owners=pl.when(had_one)
        .then(pl.concat_list(pl.col("past_owners").fill_null([]), "owner"))
        .otherwise("past_owners"),
    ).get_columns()


def with_changes(table: pl.DataFrame, changes: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """A table (row i is lead_row i) with the rows of each frame (lead_row, columns) put in, one frame after the other."""
    for frame in changes:
        if frame.is_empty():
            continue
        rows = frame["lead_row"]
        table = table.with_columns(
            column(table, name, frame.schema[name]).clone().scatter(rows, frame[name].cast(table.schema[name]))
            if name in table.columns
            else _spread(frame, name, table.height)
            for name in frame.columns
            if name != "lead_row"
        )
    return table


def _spread(frame: pl.DataFrame, name: str, height: int) -> pl.Series:
    nobody = pl.repeat(None, height, dtype=pl.UInt32, eager=True)
    places = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    return frame[name].gather(nobody.scatter(frame["lead_row"], places)).alias(name)
