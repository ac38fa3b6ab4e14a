"""Runs one after the other over a few leads, as `leadrules run` does them, with the state in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import polars as pl
from tests.example_project import compiled, example_project
from tests.lifecycle_tick import at, event_frame, lead_frame

from leadrules.core.functions import Context
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.cadence.versions import with_kept
from leadrules.lifecycle.decide import Decided, decide
from leadrules.lifecycle.edits import edits_since
from leadrules.lifecycle.eras import eras_of
from leadrules.lifecycle.labels import work_out
from leadrules.lifecycle.late import late_of
from leadrules.lifecycle.model import State, Tick, empty_state
from leadrules.lifecycle.record import overlay
from leadrules.lifecycle.run import calendar_of
from leadrules.lifecycle.state.next_state import state_after
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.support import for_run


@dataclass
class Story:
    """The rules, the events so far, and the state that the runs left. `lead` of an event is the id of its lead."""

    rules: str
    project: Project = field(default_factory=example_project)
    state: State = field(default_factory=empty_state)
    events: list[dict[str, Any]] = field(default_factory=list)
    last: Decided | None = None

    def happens(self, lead: str, type: str, when: str, **fields: Any) -> None:
        """An event."""
        self.events.append({"lead": lead, "type": type, "at": at(when), **fields})

    def run(
        self,
        when: str,
        *leads: Mapping[str, Any],
        since: str | None = None,
        baseline: bool = False,
        fire_edits: bool = False,
    ) -> list[tuple[Any, ...]]:
        """A run; what it did, as (lead, kind, what, value, rule, reason)."""
        rules = for_run(compiled(self.rules))
        ruleset = with_kept(self.project, rules, self.state)
        tick, frame, events = self._tick(ruleset, at(when), leads, at(since) if since else None, baseline=baseline)
        context = Context(tick.calendar, tick.as_of)

        def evaluated(some: Ruleset) -> Any:
            return evaluate(some, frame, events, context, dict(self.project.team.teams))

        edits = None if fire_edits else edits_since(self.state, rules, frame.columns, evaluated, tick.eras)
        late = late_of(tick, since_given=since is not None)
        self.last = decide(tick, partial(work_out, tick, edits), late, edits, lead_frame(ruleset, leads))
        request = SimpleNamespace(ruleset=rules)
        outcome: Any = SimpleNamespace(request=request, decided=self.last, events=SimpleNamespace(frame=events))
        self.state = state_after(outcome)
        return self.actions("key", "kind", "what", "value", "rule", "reason")

    def _tick(
        self,
        ruleset: Ruleset,
        now: datetime,
        leads: Sequence[Mapping[str, Any]],
        since: datetime | None,
        *,
        baseline: bool,
    ) -> tuple[Tick, pl.DataFrame, pl.DataFrame]:
        calendar = calendar_of(ruleset)
        read = lead_frame(ruleset, leads).drop("@owner", "@sequence", "@enrolled_at")
        fed = {self.project.owner: "owner", self.project.sequence: "current_sequence"}
        read = read.with_columns(
            pl.Series(name, [lead.get(column) for lead in leads], dtype=pl.String)
            for name, column in fed.items()
            if name
        )
        known = overlay(read, self.state, ruleset, calendar, now)
        rows = {str(lead["id"]): row for row, lead in enumerate(leads)}
        here = [{**one, "lead": rows[one["lead"]]} for one in self.events if one["lead"] in rows and one["at"] <= now]
        events = event_frame(ruleset, here)
        facts = evaluate(ruleset, known.leads, events, Context(calendar, now), dict(self.project.team.teams))
        start = since or self.state.as_of or calendar.shift(now, -1, "days")
        assert isinstance(start, datetime)
        eras = eras_of(self.state, known.table)
        tick = Tick(
            self.project, ruleset, calendar, now, start, facts, known.table, self.state, baseline=baseline, eras=eras
        )
        return tick, known.leads, events

    def actions(self, *columns: str) -> list[tuple[Any, ...]]:
        """What the latest run did and withheld."""
        assert self.last is not None
        keys = self.last.tick.leads.select("lead_row", "key")
        return self.last.actions.join(keys, on="lead_row", how="left", maintain_order="left").select(columns).rows()

    def of(self, lead: str, *columns: str) -> tuple[Any, ...]:
        """What the state has of a lead."""
        row = self.state.leads.frame.filter(pl.col("key") == lead)
        return tuple(row[name][0] if name in row.columns else None for name in columns)

    def edit(self, rules: str) -> None:
        """Other rules from now on."""
        self.rules = rules

    def with_project(self, **changes: Any) -> Story:
        """The same in a project with other settings."""
        self.project = replace(self.project, **changes)
        return self
