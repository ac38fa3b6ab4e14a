"""The leads as a run leaves them: owners and fields that were decided, put into the columns of the state.

In: the working table before the run, and proposals of actions and routes, at most one per lead and slot. Out: columns after
the run. Knows not why anything was decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import polars as pl

from leadrules.lifecycle.aside import each
from leadrules.lifecycle.lead_columns import LeadColumns
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


def with_owners(tick: Tick, owners: pl.DataFrame) -> pl.DataFrame:
    """OWNER_COLUMNS of the leads that were given an owner, with lead_row. `owners`: lead_row, owner, due_at, route, by.

    A lead that is dealt to the owner it has keeps what it has, but for a new `due_at`; that a trigger wants it there is known.
    """
    before = tick.leads.at(owners["lead_row"], {name: LEAD_COLUMNS[name] for name in OWNER_COLUMNS})
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


def with_changes(table: LeadColumns, changes: Iterable[pl.DataFrame]) -> LeadColumns:
    """Leads (row i is lead_row i) with the rows of each frame (lead_row, columns) put in, one frame after the other."""
    frames = [frame for frame in changes if frame.height]
    sharing: dict[tuple[int, ...], list[str]] = {}
    for name in dict.fromkeys(name for frame in frames for name in frame.columns if name != "lead_row"):
        sharing.setdefault(tuple(at for at, frame in enumerate(frames) if name in frame.columns), []).append(name)
    given = [_latest([frames[at].select("lead_row", *names) for at in places]) for places, names in sharing.items()]
    # A column is written anew for a handful of leads: once, whatever the number of frames that have it.
    calls = [
        partial(table.put, name, part["lead_row"], part[name])
        for part in given
        for name in part.columns
        if name != "lead_row"
    ]
    return table.with_columns(each(calls, table.height))


def _latest(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """What each lead was given last."""
    if len(parts) == 1:
        return parts[0]
    return pl.concat(parts, how="vertical_relaxed").unique("lead_row", keep="last", maintain_order=True)
