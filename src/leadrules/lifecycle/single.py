"""One lead through one run after the other, with its state in memory: what a `test` block looks at.

In: a project and its compiled rules, once; then per run the lead's fields, its events and what is known of it. Out: what the
rules decide, with the row engine's facts, which can say what each part of an expression saw. Reads no file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.functions.columnar import dtype, rows_where
from leadrules.core.records import dataclass
from leadrules.core.types import DATE, Type
from leadrules.data.texts import as_text
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.lifecycle.byrow import RowFacts, facts_by_row
from leadrules.lifecycle.cadence.due import due_times
from leadrules.lifecycle.cadence.versions import with_kept
from leadrules.lifecycle.decide import Decided, decide
from leadrules.lifecycle.labels import work_out
from leadrules.lifecycle.late import late_of, seen_after, seen_from_after
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, NAMED_COLUMNS, State, Tick
from leadrules.lifecycle.narrowed import narrowed, only_heard
from leadrules.lifecycle.record import Overlay, carried_over, overlay
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.model import Sequence as Plan

# What a test may give beside fields and labels; the columns of the state bear the same names.
GIVEN = ("owner", "sequence", "step", "enrolled_at")
MOST_DAYS = 500  # how far back an enrolment is looked for
NAMELESS = "test"  # the key of a lead that is given none


@dataclass(frozen=True, slots=True)
class OneRun:
    """What a run made of the lead. `facts` see owner, sequence and step as they are after it."""

    facts: LeadFacts
    decided: Decided
    look: Look

    @property
    def fired(self) -> frozenset[str]:
        """The rules that fired: `score.rule`, `trigger.NAME`, `route.NAME.rule`."""
        return self.facts.fired | {name for name, leads in self.decided.fired.items() if leads}

    @property
    def before(self) -> Mapping[str, Any]:
        """What was known of the lead before the run."""
        return self.decided.tick.leads.row(0)

    @property
    def was_in_sequence(self) -> bool:
        """Whether the lead was in a sequence before or after the run."""
        tables = (self.decided.tick.leads, self.decided.table)
        return any(table["sequence"][0] is not None for table in tables if "sequence" in table)

    @property
    def actions(self) -> list[dict[str, Any]]:
        """What was done: kind, what, value, template, in order."""
        return self.decided.done.select("kind", "what", "value", "template").to_dicts()


@dataclass(frozen=True, slots=True)
class Look:
    """The lead as a run sees it, and what is so of it before anything is decided."""

    state: State
    as_of: datetime
    given: Mapping[str, Any]
    ruleset: Ruleset
    record: pl.DataFrame
    known: Overlay
    events: pl.DataFrame
    found: RowFacts

    @property
    def facts(self) -> LeadFacts:
        """The facts of the one lead."""
        return self.found.leads[0]


class Workbench:
    """Rules made ready for one lead at a time."""

    def __init__(
        self, project: Project, ruleset: Ruleset, *, calendar: Calendar | None = None, program: Program | None = None
    ) -> None:
        settings = ruleset.settings
        self.project, self.ruleset = project, ruleset
        self.calendar = calendar or Calendar(
            settings.timezone, settings.week, settings.holiday_country, settings.holiday_dates
        )
        self.teams = dict(project.team.teams)
        self.program = program or prepare(ruleset, self.teams)
        self.types = {field.name: field.type for field in project.lead_schema.fields} | dict(ruleset.fields)

    def look(
        self,
        state: State,
        as_of: datetime,
        lead: Mapping[str, Any],
        events: Sequence[Mapping[str, Any]],
        given: Mapping[str, Any],
    ) -> Look:
        """What is so of the lead. `given` says what the state, or a label before, is instead of what is known of it."""
        ruleset = with_kept(self.project, self.ruleset, state)
        program = self.program if ruleset is self.ruleset else prepare(ruleset, self.teams)
        record = self._record(ruleset, lead)
        known = overlay(record, state, ruleset, self.calendar, as_of)
        rows = self._events(ruleset, events)
        found = facts_by_row(program, _with_given(known.leads, given), rows, Context(self.calendar, as_of))
        return Look(state, as_of, given, ruleset, record, known, rows, found)

    def run(self, look: Look, *, lasting: bool = True) -> OneRun:
        """One run over the lead: nearly all of the work, so only what asks for decisions pays it.

        Without `lasting` no other run goes on from this one, so labels that no trigger listens to are not remembered.
        """
        table = self._with_state(look.known.table, look.given, look.as_of)
        served = set(look.state.credits.select("route", "rule").iter_rows())
        tick = Tick(
            self.project,
            narrowed(look.ruleset, look.found.program, look.facts, table.row(0), served),
            self.calendar,
            look.as_of,
            look.state.as_of or self._day_before(look.as_of),
            look.found,
            table,
            look.state,
        )
        labels = partial(work_out, tick if lasting else replace(tick, ruleset=only_heard(tick.ruleset)), None)
        decided = decide(tick, labels, late_of(tick), record=look.record)
        after = decided.facts
        assert isinstance(after, RowFacts)
        return OneRun(after.leads[0], decided, look)

    def state_after(self, run: OneRun) -> State:
        """What the next run starts from."""
        tick = replace(run.decided.tick, ruleset=run.look.ruleset)
        return State(
            leads=carried_over(tick.state, run.decided.table),
            credits=run.decided.router.credits(),
            assignments=run.decided.router.assignments(),
            events=seen_after(tick.state, run.look.events, tick),
            seen_from=seen_from_after(tick.state, tick),
            versions=pl.concat([tick.state.versions, run.decided.versions]),
            as_of=tick.as_of,
            ruleset=self.ruleset,
        )

    def text(self, field: str, value: Any) -> str | None:
        """A value as actions.csv writes it."""
        kind = self.types.get(field)
        series = pl.Series([value]) if kind is None else pl.Series([_held(value)], dtype=dtype(kind))
        text: str | None = as_text(series, self.calendar)[0]
        return text

    def _with_state(self, table: LeadColumns, given: Mapping[str, Any], as_of: datetime) -> LeadColumns:
        """What the state has of the lead, with what a test gives. In a sequence that is given it was enrolled by now."""
        labels = NAMED_COLUMNS["label"]
        table = table.with_columns(
            pl.Series(name, [value], strict=False).cast(LEAD_COLUMNS[name])
            if name in GIVEN
            else pl.Series(f"label:{name}", [value], dtype=labels)
            for name, value in given.items()
        )
        if given.get("sequence") is not None:
            enrolled = given.get("enrolled_at") or as_of
            table = table.with_columns([pl.Series(f"enrolled:{given['sequence']}", [enrolled], dtype=INSTANT)])
        last = self._last_due(given)
        return table if last is None else table.with_columns([pl.Series("seq_last_due", [last], dtype=INSTANT)])

    def enrolled_for(self, plan: Plan, number: int, as_of: datetime) -> datetime | None:
        """The latest of the instants an hour and whole days before `as_of` from which a step has come due by then."""
        starts = pl.Series([as_of - timedelta(days=days, hours=1) for days in range(MOST_DAYS)], dtype=INSTANT)
        place = next(at for at, step in enumerate(plan.steps) if step.number == number)
        reached = rows_where((due_times(plan, self.calendar, starts)[place] <= as_of).fill_null(value=False))
        found: datetime | None = starts[int(reached[0])] if len(reached) else None
        return found

    def _last_due(self, given: Mapping[str, Any]) -> datetime | None:
        """When the step that a test says was passed was due."""
        plan = next((one for one in self.ruleset.sequences if one.name == given.get("sequence")), None)
        if plan is None or given.get("enrolled_at") is None or given.get("step") is None:
            return None
        times = due_times(plan, self.calendar, pl.Series([given["enrolled_at"]], dtype=INSTANT))
        passed = [time[0] for step, time in zip(plan.steps, times, strict=True) if step.number <= given["step"]]
        return passed[-1] if passed else None

    def _day_before(self, at: datetime) -> datetime:
        before = self.calendar.shift(at, -1, "days")
        assert isinstance(before, datetime)
        return before

    def _record(self, ruleset: Ruleset, lead: Mapping[str, Any]) -> pl.DataFrame:
        """The lead as an export would have it."""
        settings = ruleset.settings
        key = str(lead.get(settings.key) or NAMELESS)
        fed = (settings.created, settings.owner, settings.sequence)
        names = [*dict(ruleset.fields), *(name for name in fed if name)]
        columns = [pl.Series(name, [key], dtype=pl.String) for name in ("@key", "@join")]
        for name in dict.fromkeys(names):
            kind = self.types.get(name, DATE)
            columns.append(pl.Series(name, [_held(lead.get(name))], dtype=dtype(kind)))
        return pl.DataFrame(columns)

    def _events(self, ruleset: Ruleset, events: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        rows = sorted(events, key=lambda event: event["at"])
        columns = [
            pl.Series("lead_row", [0] * len(rows), dtype=pl.UInt32),
            pl.Series("type", [event["type"] for event in rows], dtype=pl.String),
            pl.Series("at", [event["at"] for event in rows], dtype=INSTANT),
        ]
        for name, kind in _event_fields(ruleset):
            values = [_held(event.get(name)) if _has(ruleset, event, name, kind) else None for event in rows]
            columns.append(pl.Series(f"{name}:{kind.kind}", values, dtype=dtype(kind)))
        return pl.DataFrame(columns)


def _held(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _event_fields(ruleset: Ruleset) -> list[tuple[str, Type]]:
    """The columns of events: fields of one name and kind share one."""
    found = {(name, kind.kind): kind for _, fields in ruleset.event_fields for name, kind in fields}
    return [(name, kind) for (name, _), kind in found.items()]


def _has(ruleset: Ruleset, event: Mapping[str, Any], name: str, kind: Type) -> bool:
    own = dict(dict(ruleset.event_fields).get(event["type"], ()))
    return name in own and own[name].kind == kind.kind


def _with_given(frame: pl.DataFrame, given: Mapping[str, Any]) -> pl.DataFrame:
    """The lead as the rules see it, with the owner, sequence, step and labels that a test gives."""
    inputs = []
    for name, value in given.items():
        column = f"@{name}" if name in GIVEN else f"@previous:{name}"
        if column in frame.columns:
            inputs.append(pl.Series(column, [value], dtype=frame.schema[column], strict=False))
    return frame.with_columns(inputs)
