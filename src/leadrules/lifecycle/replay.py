"""The rules through history: a run per tick, each from the state that the one before left.

In: a request, the ticks, the state to begin with. Out: the outcome of each tick; nothing is written. Inputs are read once; a
tick sees the leads that were created and the events that had happened by then, and fields as they are in the input: no export
says what they were. Knows no command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import instants_of, rows_where
from leadrules.data.errors import InputError
from leadrules.lifecycle.run import Inputs, Outcome, RunRequest, calendar_of, execute, read_inputs
from leadrules.lifecycle.state.next_state import state_after

MOST_TICKS = 100_000


def ticks_between(first: datetime, last: datetime, every: tuple[int, str], calendar: Calendar) -> tuple[datetime, ...]:
    """The instants from `first` to `last`, both included; months count from the first, so the 31st stays where there is one.

    Raises InputError where there would be none, or no end of them.
    """
    count, unit = every
    if last < first:
        raise InputError("--to is before --from", "a replay goes forward: the earlier day comes with --from")
    if count < 1:
        raise InputError(f"--every {count} {unit} goes nowhere", 'write a length such as --every "1 day"')
    found: list[datetime] = []
    while len(found) <= MOST_TICKS:
        at = calendar.shift(first, len(found) * count, unit) if found else first
        if not isinstance(at, datetime) or at > last:
            return tuple(found)
        found.append(at)
    raise InputError(f"that would be more than {MOST_TICKS:,} ticks", "take a longer --every, or a shorter time")


def replay(request: RunRequest, ticks: Sequence[datetime]) -> Iterator[Outcome]:
    """The outcome of each tick, from `request.state` on."""
    inputs, state, calendar = read_inputs(request), request.state, calendar_of(request.ruleset)
    assert state is not None
    for at in ticks:
        known = inputs_at(inputs, at, request.project.created, calendar)
        outcome = execute(replace(request, as_of=at, state=state), known)
        yield outcome
        state = replace(state_after(outcome), run=state.run + 1, last=None)


def inputs_at(inputs: Inputs, at: datetime, created: str | None, calendar: Calendar) -> Inputs:
    """What was there at an instant: leads created by then (a blank was always there), and their events by then.

    An event of a lead that is not there yet is an orphan, as it would have been in that day's export.
    """
    leads, events = inputs.leads, inputs.events
    here = _created_by(leads.frame, created, at, calendar)
    happened = events.frame.filter(pl.col("at") <= at)
    rows = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(here))
    rows = rows.scatter(rows_where(here), pl.arange(int(here.sum()), eager=True, dtype=pl.UInt32))
    moved = happened.with_columns(rows.gather(happened["lead_row"]).alias("lead_row"))
    used = moved.filter(pl.col("lead_row").is_not_null())
    counts = dict(events.counts)
    counts["events_in"] -= events.frame.height - happened.height
    counts["events_orphaned"] += happened.height - used.height
    counts["events_used"] = used.height
    kept = replace(
        leads,
        frame=leads.frame.filter(here),
        records=leads.records.filter(here),
        rows_in=leads.rows_in - int((~here).sum()),
    )
    return Inputs(kept, replace(events, frame=used, counts=counts))


def _created_by(frame: pl.DataFrame, created: str | None, at: datetime, calendar: Calendar) -> pl.Series:
    always = pl.Series([True]).new_from_index(0, frame.height)
    if created is None or created not in frame.columns or not frame[created].dtype.is_temporal():
        return always
    return (instants_of(calendar, frame[created]) <= at).fill_null(value=True)
