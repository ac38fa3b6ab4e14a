"""A run: from a compiled ruleset and files of leads and events to decisions.

In: `RunRequest`. Out: `Outcome`, with everything that the files and the screens are made of; nothing is written here.
Knows no command and reads no clock. Raises InputError where a run cannot be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Literal

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.data.read import EventTable, LeadTable, read_events, read_leads
from leadrules.engine.columns import evaluate, needed
from leadrules.lifecycle.asof import AsOf, choose, newest_created
from leadrules.lifecycle.facts import Facts
from leadrules.project.model import Project, Source
from leadrules.ruleset.model import Band, Define, Ruleset, Segment, Stages
from leadrules.ruleset.walk import always_names

Engine = Literal["columns", "row"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to run over what. `as_of` None lets the inputs say it."""

    project: Project
    ruleset: Ruleset
    leads: Source
    events: tuple[Source, ...]
    as_of: datetime | None = None
    since: datetime | None = None
    engine: Engine = "columns"
    stdin: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found: the inputs as read, the instant, the facts of every lead."""

    request: RunRequest
    leads: LeadTable
    events: EventTable
    as_of: AsOf
    since: datetime | None
    facts: Facts

    @property
    def rejects(self) -> pl.DataFrame:
        """The rejected cells of leads, then of events."""
        return pl.concat([self.leads.rejects, self.events.rejects])


def calendar_of(ruleset: Ruleset) -> Calendar:
    """The calendar that a ruleset was written for."""
    settings = ruleset.settings
    return Calendar(settings.timezone, settings.week, settings.holiday_country, settings.holiday_dates)


def execute(request: RunRequest) -> Outcome:
    """Read, find the instant, evaluate. Every row that came in is decided or rejected."""
    calendar = calendar_of(request.ruleset)
    leads, events = _read(request, calendar.zone)
    created = newest_created(leads.frame, request.project.created, calendar)
    newest = [("event", events.newest_at), (f"`{request.project.created}`", created)]
    as_of = choose(request.ruleset, request.as_of, newest)
    context = Context(calendar, as_of.at)
    frame = _with_inputs(request, leads.frame)
    facts = _engine(request.engine)(request.ruleset, frame, events.frame, context, dict(request.project.team.teams))
    _nothing_lost(leads, facts.frame.height)
    return Outcome(request, leads, events, as_of, request.since or _day_before(calendar, as_of.at), facts)


def _read(request: RunRequest, zone: str) -> tuple[LeadTable, EventTable]:
    wants = needed(request.ruleset)
    leads = read_leads(request.project, request.leads, lead_fields(request), stdin=request.stdin, zone=zone)
    events = read_events(
        request.project,
        request.events,
        wants.event_fields,
        leads,
        ordered_types=wants.ordered_types,
        zone=zone,
        stdin=request.stdin,
    )
    return leads, events


def lead_fields(request: RunRequest) -> Sequence[str]:
    """The lead fields that this run reads: those of the rules, and those that play a part which the rules ask for."""
    project, ruleset = request.project, request.ruleset
    always = always_names(ruleset)
    wanted = [*needed(ruleset).lead_fields]
    wanted += [d.previous_field for d in ruleset.definitions if isinstance(d, Band | Stages) and d.previous_field]
    wanted += [field for name, field in _fed(project) if name in always]
    if "duplicate_of" in always:
        wanted += project.duplicates_by
    return tuple(dict.fromkeys(wanted))


def _fed(project: Project) -> list[tuple[str, str]]:
    """Which lead field feeds which name that is always there."""
    pairs = (("owner", project.owner), ("sequence", project.sequence))
    return [(name, field) for name, field in pairs if field]


def _with_inputs(request: RunRequest, frame: pl.DataFrame) -> pl.DataFrame:
    """The leads with what the record says of owner and sequence, and whose duplicate each is."""
    project, always = request.project, always_names(request.ruleset)
    inputs = [frame[field].alias(f"@{name}") for name, field in _fed(project) if name in always]
    if "duplicate_of" in always and project.duplicates_by:
        from leadrules.engine.duplicates import duplicate_of

        duplicates = duplicate_of(
            frame, by=project.duplicates_by, keep=project.duplicates_keep, created=project.created, key="@key"
        )
        inputs.append(duplicates.alias("@duplicate_of"))
    return frame.with_columns(inputs)


def _engine(name: Engine) -> Any:
    if name == "columns":
        return evaluate
    from leadrules.lifecycle.byrow import evaluate_by_row

    return evaluate_by_row


def _nothing_lost(leads: LeadTable, decided: int) -> None:
    if leads.rows_in != decided + leads.rejected:
        raise AssertionError(f"{leads.rows_in} rows in, {decided} decided, {leads.rejected} rejected")


def _day_before(calendar: Calendar, at: datetime | None) -> datetime | None:
    before = None if at is None else calendar.shift(at, -1, "days")
    assert before is None or isinstance(before, datetime)
    return before


def decisions(outcome: Outcome) -> pl.DataFrame:
    """decisions.csv: one row per lead in input order; numbers, labels, `segments` and `reasons`."""
    ruleset, facts = outcome.request.ruleset, outcome.facts
    shown = [d.name for d in ruleset.declared if not isinstance(d, Define | Segment)]
    columns = [outcome.leads.frame["@key"].alias(outcome.request.project.key or "row_number")]
    columns += [facts.frame[name] for name in shown]
    columns += [joined_segments(outcome).alias("segments"), facts.reasons().alias("reasons")]
    return pl.DataFrame(columns)


def joined_segments(outcome: Outcome) -> pl.Series:
    """The names of each lead's segments joined with `;`, in declaration order."""
    names = [d.name for d in outcome.request.ruleset.declared if isinstance(d, Segment)]
    if not names:
        return pl.Series([""], dtype=pl.String).new_from_index(0, outcome.facts.frame.height)
    words = [pl.when(pl.col(name)).then(pl.lit(name)) for name in names]
    return outcome.facts.frame.select(pl.concat_str(words, separator=";", ignore_nulls=True)).to_series()


def reasons_long(outcome: Outcome) -> pl.DataFrame:
    """reasons.csv: key, score, rule, points, events counted."""
    keys = outcome.leads.frame.select(pl.col("@key").alias("key")).with_row_index("lead_row")
    lines = outcome.facts.contributions()
    return lines.join(keys, on="lead_row", how="left", maintain_order="left").select(
        "key", "score", "rule", "points", "events"
    )
