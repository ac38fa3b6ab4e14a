"""One run under way, made by hand: rules of the example project, a few leads and events, and what the state remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from tests.example_project import compiled, example_project

from leadrules.core.functions import Context
from leadrules.core.functions.columnar import dtype
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, NAMED_COLUMNS, State, Tick, empty_state
from leadrules.lifecycle.run import calendar_of
from leadrules.ruleset.model import EventFilter, On, Ruleset, Trigger

Row = Mapping[str, Any]


def at(text: str) -> datetime:
    """An instant of the example project's zone, as UTC."""
    return calendar_of(compiled("")).instant(datetime.fromisoformat(text))


def lead_frame(ruleset: Ruleset, leads: Sequence[Row]) -> pl.DataFrame:
    """The leads as the reader gives them."""
    columns = [pl.Series("@key", [str(lead.get("id", row)) for row, lead in enumerate(leads)], dtype=pl.String)]
    columns += [pl.Series(n, [lead.get(n) for lead in leads], dtype=dtype(type_)) for n, type_ in ruleset.fields]
    inputs = {"@owner": pl.String(), "@sequence": pl.String(), "@enrolled_at": INSTANT}
    columns += [
        pl.Series(name, [lead.get(name[1:]) for lead in leads], dtype=kind) for name, kind in inputs.items()
    ]  # fmt: skip
    return pl.DataFrame(columns)


def event_frame(ruleset: Ruleset, events: Sequence[Row]) -> pl.DataFrame:
    """The events as the reader gives them: `lead` is the row of the lead."""
    columns = {
        "lead_row": pl.Series([e["lead"] for e in events], dtype=pl.UInt32()),
        "type": pl.Series([e["type"] for e in events], dtype=pl.String()),
        "at": pl.Series([e["at"] for e in events], dtype=INSTANT),
    }
    for _, fields in ruleset.event_fields:
        for name, type_ in fields:
            columns[f"{name}:{type_.kind}"] = pl.Series([e.get(name) for e in events], dtype=dtype(type_))
    if any("id" in e for e in events):
        columns["@id"] = pl.Series([e.get("id") for e in events], dtype=pl.String())
    return pl.DataFrame(columns)


def known_leads(leads: Sequence[Row], remembered: Sequence[Row]) -> LeadColumns:
    """The working table: what the state remembers of each lead, by the names of its columns."""
    names = dict.fromkeys(name for row in remembered for name in row)
    kinds = {name: LEAD_COLUMNS.get(name) or NAMED_COLUMNS[name.partition(":")[0]] for name in names}
    own = {name: pl.Series([row.get(name) for row in remembered], dtype=kind) for name, kind in kinds.items()}
    base = {
        "lead_row": pl.Series(range(len(leads)), dtype=pl.UInt32()),
        "key": pl.Series([str(lead.get("id", row)) for row, lead in enumerate(leads)], dtype=pl.String()),
        "created": pl.Series([None] * len(leads), dtype=INSTANT),
        "is_new": pl.Series([not row for row in remembered], dtype=pl.Boolean()),
        "owner": pl.Series([lead.get("owner") for lead in leads], dtype=pl.String()),
        "sequence": pl.Series([lead.get("sequence") for lead in leads], dtype=pl.String()),
    }
    return LeadColumns.of(pl.DataFrame(base | own))


def tick_of(
    rules: str,
    leads: Sequence[Row],
    events: Sequence[Row] = (),
    *,
    as_of: str = "2026-11-02T10:00",
    since: str | None = None,
    remembered: Sequence[Row] | None = None,
    last_rules: str | None = None,
    baseline: bool = False,
) -> Tick:
    """A run at `as_of`; with `last_rules` there was one before, under those rules."""
    ruleset = compiled(rules)
    now = at(as_of)
    calendar = calendar_of(ruleset)
    facts = evaluate(ruleset, lead_frame(ruleset, leads), event_frame(ruleset, events), Context(calendar, now))
    state = empty_state()
    if last_rules is not None:
        state = State(
            state.leads, state.credits, state.assignments, state.events, state.versions, now, compiled(last_rules)
        )  # fmt: skip
    return Tick(
        example_project(),
        ruleset,
        calendar,
        now,
        at(since) if since else now - timedelta(days=1),
        facts,
        known_leads(leads, remembered or [{} for _ in leads]),
        state,
        baseline=baseline,
    )


@dataclass
class Told:
    """A `Heard` that was told what to say."""

    tick: Tick
    entered: Mapping[tuple[str, str | None], Sequence[int]] = field(default_factory=dict)
    finishes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    late: Mapping[int, datetime] = field(default_factory=dict)
    only_edited: Sequence[int] = ()

    def events(self, selection: EventFilter, *, backfill: bool) -> pl.DataFrame:
        """The events of the run that the filter lets through, seen before or not."""
        found = self.tick.facts.matching(selection).select("lead_row", "at")
        return found if backfill else found.filter(pl.col("at") > self.tick.since)

    def changed(self, on: On) -> pl.Series:
        """As told."""
        return self._mask(self.entered.get((f"{on.kind} {on.name}", on.label), ()))

    def finished(self, sequence: str) -> pl.Series:
        """As told."""
        return pl.Series(list(self.finishes.get(sequence, ())), dtype=pl.UInt32())

    def overdue(self, route: str) -> pl.DataFrame:
        """As told."""
        rows = pl.Series("lead_row", list(self.late), dtype=pl.UInt32())
        return pl.DataFrame([rows, pl.Series("due_at", list(self.late.values()), dtype=INSTANT)])

    def news(self, trigger: Trigger) -> None:
        """No lead was absent when the trigger came."""

    def edited(self, trigger: Trigger) -> pl.Series | None:
        """As told."""
        return self._mask(self.only_edited)

    def _mask(self, rows: Sequence[int]) -> pl.Series:
        return pl.Series([row in rows for row in range(self.tick.leads.height)], dtype=pl.Boolean())
