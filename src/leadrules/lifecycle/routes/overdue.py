"""Leads that wait for a response longer than they should.

In: a tick. Out: the leads past `due_at` without what their route calls an answer. Knows no working hours: those are in
`due_at`.
"""

from __future__ import annotations

import polars as pl

from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, Tick
from leadrules.ruleset.model import Route

OVERDUE = {"lead_row": pl.UInt32(), "route": pl.String(), "due_at": INSTANT, "owner": pl.String()}


def overdue(tick: Tick, route: str | None = None) -> pl.DataFrame:
    """The leads that are overdue (under one route, or any), in lead order: OVERDUE.

    A lead is due under the route that stamped its `due_at`; without `answered when` nothing counts as an answer.
    """
    rows = tick.leads.filled("due_at")
    rows = rows.filter(tick.leads.gather("due_at", rows) < tick.as_of)
    late = tick.leads.at(rows, {name: LEAD_COLUMNS[name] for name in ("due_at", "owner", "due_route")})
    late = late.rename({"due_route": "route"}).with_columns(rows.alias("lead_row"))
    asked = [one for one in tick.ruleset.routes if route in (None, one.name)]
    found = [_unanswered(tick, one, late.filter(pl.col("route") == one.name)) for one in asked]
    return pl.concat([pl.DataFrame(schema=OVERDUE), *found]).sort("lead_row")


def _unanswered(tick: Tick, route: Route, late: pl.DataFrame) -> pl.DataFrame:
    late = late.select(list(OVERDUE))
    if not late.height or not route.answered:
        return late
    wanted = {str(n): condition for n, condition in enumerate(route.answered)}
    answers = pl.DataFrame(tick.facts.values(wanted, rows=late["lead_row"]))
    return late.filter(~answers.select(pl.any_horizontal(pl.all().fill_null(value=False))).to_series())
