"""One lead of a run, made ready to be asked why.

In: the outcome of a run that watched the lead, and its row. Out: `OneLead`: the row engine's facts before and after the
decisions, a tick of this one lead in which each phase can be asked again, and the row of every table that has it. Words
things for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, cached_property, partial
from typing import Any

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.engine.duplicates import duplicate_of
from leadrules.engine.row import LeadFacts, Program
from leadrules.lifecycle.byrow import RowFacts, evaluate_by_row
from leadrules.lifecycle.cadence.sequences import progress
from leadrules.lifecycle.cadence.versions import with_kept
from leadrules.lifecycle.decide import Decided, Ears
from leadrules.lifecycle.edits import edits_since
from leadrules.lifecycle.eras import eras_of
from leadrules.lifecycle.labels import work_out
from leadrules.lifecycle.late import late_of
from leadrules.lifecycle.model import Tick, empty_state
from leadrules.lifecycle.run import Outcome, calendar_of, evaluated_leads
from leadrules.project.model import Project
from leadrules.ruleset.model import Expr, Ruleset


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the engine is handed of one lead: a frame of one row, its events, the instant."""

    lead: pl.DataFrame
    events: pl.DataFrame
    context: Context


class OneLead:
    """A lead of a run. `row` is its place among the leads that were decided."""

    def __init__(self, outcome: Outcome, row: int) -> None:
        self.outcome, self.row = outcome, row
        request = outcome.request
        self.project: Project = request.project
        self.state = request.state or empty_state()
        self.ruleset: Ruleset = with_kept(request.project, request.ruleset, self.state)
        self.calendar: Calendar = calendar_of(self.ruleset)
        self.teams = dict(request.project.team.teams)
        self.inputs = self._inputs()
        self.found: RowFacts = evaluate_by_row(
            self.ruleset, self.inputs.lead, self.inputs.events, self.inputs.context, self.teams
        )

    def _inputs(self) -> Inputs:
        rows = self.outcome.events.frame.filter(pl.col("lead_row") == self.row)
        rows = rows.with_columns(pl.lit(0, dtype=pl.UInt32).alias("lead_row"))
        lead = evaluated_leads(self.outcome).slice(self.row, 1)
        return Inputs(lead, rows, Context(self.calendar, self.outcome.as_of.at))

    # -- what is so of it -------------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Its key, in the input's form."""
        return str(self.outcome.leads.frame["@key"][self.row])

    @property
    def join_key(self) -> str:
        """Its key in the form in which the state knows it."""
        return str(self.outcome.leads.frame["@join"][self.row])

    @property
    def as_of(self) -> datetime | None:
        """The instant of the run."""
        return self.outcome.as_of.at

    @property
    def program(self) -> Program:
        """The rules made ready for one lead at a time."""
        return self.found.program

    @property
    def facts(self) -> LeadFacts:
        """What is so of it before anything is decided: what conditions see."""
        return self.found.leads[0]

    @cached_property
    def facts_after(self) -> LeadFacts:
        """The same with owner, sequence and step as they are after the run: what asserts see."""
        if self.tick is None:
            return self.facts
        from leadrules.lifecycle.decide import inputs_after

        after = self.found.after(inputs_after(self.decided.table.alone(self.row)))
        return after.leads[0]

    @property
    def duplicate_of(self) -> str | None:
        """The lead that stands where this one is its duplicate, as far as what makes duplicates is read at all."""
        known, by, frame = self.facts.case.inputs, self.project.duplicates_by, self.outcome.leads.frame
        if "duplicate_of" in known or not by or not set(by) <= set(frame.columns):
            return known.get("duplicate_of")
        created = self.project.created if self.project.created in frame.columns else None
        found = duplicate_of(frame, by=by, keep=self.project.duplicates_keep, created=created, key="@key")
        return None if found[self.row] is None else str(found[self.row])

    def value(self, expr: Expr, rep: Mapping[str, Any] | None = None) -> Any:
        """An expression, as conditions of this run see it."""
        return self.program.value(expr, self.facts, rep)

    def field(self, name: str) -> Any:
        """What a field of it holds; None also where no rule reads it."""
        return self.facts.case.lead.get(name)

    # -- what is decided --------------------------------------------------------------------------------------------

    @property
    def decided(self) -> Decided:
        """What the run decided of all leads."""
        assert self.outcome.decided is not None
        return self.outcome.decided

    @cached_property
    def tick(self) -> Tick | None:
        """The run with this lead alone; None where nothing was decided."""
        if self.outcome.decided is None:
            return None
        whole = self.outcome.decided.tick
        leads = whole.leads.alone(self.row).with_columns([pl.Series("lead_row", [0], dtype=pl.UInt32)])
        return Tick(
            whole.project,
            whole.ruleset,
            whole.calendar,
            whole.as_of,
            whole.since,
            self.found,
            leads,
            whole.state,
            has_state=whole.has_state,
            baseline=whole.baseline,
            eras=eras_of(whole.state, leads),
        )

    @cached_property
    def ears(self) -> Ears:
        """What triggers heard of this lead."""
        tick = self.tick
        assert tick is not None
        request = self.outcome.request
        edits = None if request.fire_edits else edits_since(
            self.state, request.ruleset, self.inputs.lead.columns, self._under, tick.eras
        )  # fmt: skip
        late = late_of(tick, since_given=request.since is not None)
        return Ears(tick, work_out(tick, edits), late, edits, cache(partial(progress, tick)), self.decided.router)

    def _under(self, ruleset: Ruleset) -> RowFacts:
        return evaluate_by_row(ruleset, self.inputs.lead, self.inputs.events, self.inputs.context, self.teams)

    def before(self, column: str) -> Any:
        """A column of the state before the run; None where there is none."""
        return None if self.tick is None or column not in self.tick.leads else self.tick.leads[column][0]

    def after(self, column: str) -> Any:
        """A column of the state after the run."""
        if self.outcome.decided is None or column not in self.decided.table:
            return None
        return self.decided.table[column][self.row]

    @cached_property
    def actions(self) -> list[dict[str, Any]]:
        """Everything that was done or withheld of it, in order."""
        if self.outcome.decided is None:
            return []
        return self.decided.actions.filter(pl.col("lead_row") == self.row).to_dicts()

    def rejects(self) -> pl.DataFrame:
        """The rejected cells that bear its key."""
        return rejects_of(self.outcome, self.join_key)


def rejects_of(outcome: Outcome, key: str) -> pl.DataFrame:
    """The rejected cells of rows of a lead, and of its events."""
    from leadrules.data.ids import canonical_keys

    rejects = outcome.rejects
    return rejects.filter(canonical_keys(rejects["key"].str.strip_chars()) == key)
