"""Where a test must be taken up again for an edit of the rules: the first of its runs that the edit can make another.

In: the runs of a test under the rules as they are, each with what it reached, and a mutant. Out: the number of that run, and the
state from which it starts under the edited rules. A run before it makes the same of the lead: nothing there is asked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.engine.row import LeadFacts, Program
from leadrules.lifecycle.cadence.due import due_times
from leadrules.lifecycle.cadence.versions import version_text
from leadrules.lifecycle.model import INSTANT, State, empty_state
from leadrules.lifecycle.single import OneRun
from leadrules.review.testing.coverage import Coverage
from leadrules.review.testing.mutant_limits import ANYHOW
from leadrules.review.testing.mutants import Mutant, clause_keys
from leadrules.review.testing.points import Key, is_finish
from leadrules.review.testing.testing import Past
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.model import Sequence as Plan

_PARTS_OF_A_LINE = 2  # the dots in `route.sales.vip`
_ALL = 1_000_000  # no test has as many runs
_PAUSED = ("seq_shift", "seq_paused_at", "seq_pending")


@dataclass(frozen=True, slots=True)
class Reached:
    """A run of a test, and all that it and its look at the lead reached."""

    run: OneRun
    keys: frozenset[Key]


def comes_to(mutant: Mutant, coverage: Coverage) -> set[int]:
    """The numbers of the tests that reach the line of a mutant, and its clause where it is in one."""
    keys = _keys_of(mutant, coverage.reached)
    return {number for key in keys for number in coverage.reached.get(key, ())}


def _keys_of(mutant: Mutant, known: Iterable[Key]) -> frozenset[Key]:
    """The keys that tell that the edit was come to, of those that there are."""
    change = mutant.change
    keys: set[Key] = {(kind, rule) for rule in mutant.rules for kind in change.reach}
    if change.reach == ANYHOW:
        keys |= set(clause_keys(mutant))
    if change.key is not None:
        keys.add(change.key)
    finishes = {rule for rule in mutant.rules if is_finish(rule)}
    # What a finish does bears the kind of the action too.
    keys |= {key for key in known if key[0] == "done" and key[1] in finishes} if finishes else set()
    return frozenset(keys)


@dataclass(frozen=True, slots=True)
class Retrial:
    """A mutant of decisions and the rules with it."""

    mutant: Mutant
    before: Ruleset
    after: Ruleset
    program: Program
    calendar: Calendar
    known: Collection[Key]

    def begins(self, runs: Sequence[Reached], first: int = 0) -> int | None:
        """The number of the first run (from `first` on) that the edit can make another; None where it changes none."""
        plans = self._plans()
        keys = _keys_of(self.mutant, self.known)
        for number, one in enumerate(runs[first:], first):
            if plans is not None:
                if self._goes_else(one.run, *plans):
                    return number
            elif not keys.isdisjoint(one.keys) and self._is_in(one.run) and self._is_worth_else(one.run):
                return number
        return None

    def _plans(self) -> tuple[Plan, Plan] | None:
        """The sequence before and after an edit of when its steps are due; None for any other edit."""
        if not self.mutant.change.moves_steps:
            return None
        name = self.mutant.rules[0].removeprefix("sequence.").rpartition(".")[0]
        old, new = (next(one for one in rules.sequences if one.name == name) for rules in (self.before, self.after))
        return old, new

    def _is_in(self, run: OneRun) -> bool:
        """Whether a line of a route that is edited in anything but its condition was one that held."""
        rules = self.mutant.rules
        is_line = all(rule.startswith("route.") and rule.count(".") == _PARTS_OF_A_LINE for rule in rules)
        if self.mutant.change.tops or not is_line or self.before.aggregates is not self.after.aggregates:
            return True
        routes = run.decided.tick.ruleset.routes
        return any(f"route.{route.name}.{rule.name}" in rules for route in routes for rule in route.rules)

    def _is_worth_else(self, run: OneRun) -> bool:
        """Whether what is edited is worth something else for the lead; where that cannot be told, it is."""
        tops, look = self.mutant.change.tops, run.look
        program = look.found.program
        return not tops or any(
            self.program.value(new, look.facts) != program.value(old, look.facts) for old, new in tops
        )

    def _goes_else(self, run: OneRun, old: Plan, new: Plan) -> bool:
        """Whether the lead stands elsewhere in a sequence than it would with other steps, before or after a run."""
        for row in (run.before, run.decided.table.row(0)):
            if row.get("sequence") == old.name and row.get("enrolled_at") is not None:
                if any(row.get(name) for name in _PAUSED):
                    return True
                since, as_of = row["enrolled_at"], run.look.as_of
                if _stands(old, self.calendar, since, as_of) != _stands(new, self.calendar, since, as_of):
                    return True
        return False


def _stands(plan: Plan, calendar: Calendar, since: datetime, as_of: datetime) -> tuple[Any, ...]:
    """The steps that came due, or were overtaken, with their times, and whether the sequence is at its end."""
    times = [column[0] for column in due_times(plan, calendar, pl.Series([since], dtype=INSTANT))]
    last = max((n for n, at in enumerate(times) if at is not None and at <= as_of), default=-1)
    came = [(step.number, at) for step, at in zip(plan.steps[: last + 1], times, strict=False)]
    if last + 1 < len(plan.steps):
        return came, False
    end = times[-1] if times else since
    if end is not None and plan.finish_after is not None:
        end = calendar.shift(end, plan.finish_after.count, plan.finish_after.unit)
    return came, end is not None and end <= as_of


@dataclass(frozen=True, slots=True)
class Course:
    """How a test went before an edit, and from which run on (`begin`) the edit can make it another.

    With a `retrial` a run may turn out as it was: then the test goes on with the next that can be another.
    """

    runs: Sequence[Reached]
    begin: int
    after: Ruleset
    retrial: Retrial | None

    @property
    def past(self) -> Past:
        """The runs before the first that can be another."""
        state = _edited(self.runs[self.begin].run.look.state, self.after) if self.begin else None
        return Past(0, empty_state()) if state is None else Past(self.begin, state)

    def rejoins(self, number: int, run: OneRun) -> Past | None:
        """The runs from this one on that are as they were, if this one is."""
        if self.retrial is None or number >= len(self.runs) or not _is_same(run, self.runs[number].run):
            return None
        following = self.retrial.begins(self.runs, number + 1)
        if following is None:
            return Past(_ALL, run.look.state)
        state = _edited(self.runs[following].run.look.state, self.after)
        return None if state is None else Past(following, state)


def _is_same(one: OneRun, other: OneRun) -> bool:
    """Whether a run made of the lead, and remembered, what another did; both see the same facts."""
    return (
        one.fired == other.fired
        and one.decided.actions.equals(other.decided.actions)
        and one.decided.table.equals(other.decided.table)
        and one.decided.router.credits().equals(other.decided.router.credits())
        and one.decided.router.assignments().equals(other.decided.router.assignments())
    )


def _edited(state: State, after: Ruleset) -> State | None:
    """A state as the edited rules would have left it: they are what it remembers, with their form of each sequence."""
    plans = {one.name: one for one in after.sequences}
    names = state.versions["sequence"].to_list()
    if len(set(names)) < len(names):
        return None
    texts = [
        version_text(after, plans[name]) if name in plans else text
        for name, text in state.versions.select("sequence", "text").iter_rows()
    ]
    versions = state.versions.with_columns(pl.Series("text", texts, dtype=pl.String))
    return replace(state, versions=versions, eras=state.eras.clear(), ruleset=after)


def first_run_from(runs: Sequence[Reached], looks: Mapping[int, int], place: int) -> int | None:
    """The number of the first run that looked at the lead at, or after, this place among the test's looks."""
    return next((number for number, one in enumerate(runs) if looks[id(one.run.look)] >= place), None)


def alike(one: LeadFacts, other: LeadFacts) -> bool:
    """Whether nothing differs between two facts of a lead."""
    return one.values == other.values and one.fired == other.fired and one.contributions == other.contributions
