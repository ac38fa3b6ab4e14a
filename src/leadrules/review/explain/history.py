"""A lead's way through time: every change that the state remembers, its events between them, and what they come to.

In: the outcome of a run, a key, the rows of the state's history. Out: a document with rows in the order of time and a
summary: first, intermediate and latest label of each stages, months in which the lead was worked, time to the first
appointment. Months and days are the project's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import rows_where
from leadrules.lifecycle.run import Outcome, RunRequest, calendar_of, read_inputs
from leadrules.lifecycle.state.database import exists
from leadrules.lifecycle.state.store import history as history_of
from leadrules.measure.settings import Settings, settings_of
from leadrules.ruleset.model import Stages

Document = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


def remembered(path: Path | None, key: str) -> pl.DataFrame | None:
    """Every change of a lead that the state in a folder remembers; None without a state."""
    return None if path is None or not exists(path) else history_of(path, [key])


def way(outcome: Outcome, key: str, history: pl.DataFrame | None) -> Document:
    """The way of one lead."""
    calendar = calendar_of(outcome.request.ruleset)
    changes = [] if history is None else history.to_dicts()
    events = _events(outcome, key)
    created = _created(outcome, key)
    rows = sorted([*_created_row(created), *_changes(changes), *_happened(events)], key=lambda row: row["time"])
    shown = [{"at": _instant(row.pop("time"), calendar), **row} for row in rows]
    note = None if changes else "the state remembers no change of this lead"
    return {"note": note, "rows": shown, "summary": _summary(outcome, changes, events, created, calendar)}


def _instant(at: datetime, calendar: Calendar) -> str:
    return calendar.local(at).isoformat(timespec="minutes")


def with_every_event(request: RunRequest) -> RunRequest:
    """The same request, reading events of every type that the schema names, also those of which no rule asks."""
    known = dict(request.ruleset.event_fields)
    types = tuple((event.name, known.get(event.name, ())) for event in request.project.event_schema)
    return replace(request, ruleset=replace(request.ruleset, event_fields=types))


def _events(outcome: Outcome, key: str) -> Rows:
    """Every event of the lead, oldest first. They are read once more: a run reads only what rules ask for."""
    request = outcome.request
    table = outcome.events if request.stdin_was_read else read_inputs(with_every_event(request)).events
    found = rows_where(outcome.leads.frame["@join"].is_in([key]))
    if not len(found):
        return []
    rows = table.frame.filter(pl.col("lead_row") == found[0])
    if outcome.as_of.at is not None:
        rows = rows.filter(pl.col("at") <= outcome.as_of.at)
    return rows.sort("at").select(pl.col("type").cast(pl.String), "at").to_dicts()


def _created(outcome: Outcome, key: str) -> datetime | None:
    name, frame = outcome.request.project.created, outcome.leads.frame
    if name is None or name not in frame.columns or not frame[name].dtype.is_temporal():
        return None
    values = frame.filter(pl.col("@join") == key)[name].drop_nulls()
    return None if not len(values) else calendar_of(outcome.request.ruleset).as_instant(values[0])


def _created_row(created: datetime | None) -> Iterator[Document]:
    if created is not None:
        yield {
            "time": created,
            "kind": "created",
            "text": "created",
            "what": None,
            "old": None,
            "new": None,
            "rule": None,
        }


def _changes(changes: Rows) -> Iterator[Document]:
    for row in changes:
        what = row["kind"] if row["what"] in (row["kind"], None) else f"{row['kind']} {row['what']}"
        text = f"{what}: {_said(row['old'])} -> {_said(row['new'])}"
        if row["kind"] == "segment":
            text = f"{'enters' if row['new'] == 'true' else 'leaves'} {row['what']}"
        yield {"time": row["as_of"], "text": text, **{n: row[n] for n in ("kind", "what", "old", "new", "rule")}}


def _said(value: str | None) -> str:
    return value or "blank"


def _happened(events: Rows) -> Iterator[Document]:
    for row in events:
        kind = row["type"]
        yield {"time": row["at"], "kind": "event", "text": kind, "what": kind, "old": None, "new": None, "rule": None}


# -- what it comes to -----------------------------------------------------------------------------------------------


def _summary(outcome: Outcome, changes: Rows, events: Rows, created: datetime | None, calendar: Calendar) -> Document:
    ruleset = outcome.request.ruleset
    settings = settings_of(outcome.request.project, ruleset)
    staged = [one.name for one in ruleset.declared if isinstance(one, Stages)]
    found: Document = {}
    for name in staged:
        labels = [str(row["new"]) for row in changes if row["kind"] == "label" and row["what"] == name and row["new"]]
        if labels:
            found[name] = {"first": labels[0], "intermediate": labels[1:-1], "latest": labels[-1]}
    return {
        "stages": found,
        "worked_months": _worked(settings, events, calendar),
        "first_appointment": _appointment(settings, events, created, calendar),
    }


def _worked(settings: Settings, events: Rows, calendar: Calendar) -> list[str]:
    """The calendar months with an activity of ours."""
    ours = frozenset(settings.activity_types)
    return sorted({calendar.day_of(row["at"]).strftime("%Y-%m") for row in events if row["type"] in ours})


def _appointment(settings: Settings, events: Rows, created: datetime | None, calendar: Calendar) -> Document | None:
    """The first event that is an appointment, and how many days (of 24 hours) after the lead was created it happened."""
    meetings = settings.names("meeting")
    first = next((row for row in events if row["type"] in meetings), None)
    if first is None:
        return None
    days = None if created is None else round((first["at"] - created) / timedelta(days=1), 2)
    return {"type": first["type"], "at": _instant(first["at"], calendar), "days": days}
