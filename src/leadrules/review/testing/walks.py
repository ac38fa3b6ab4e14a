"""What takes more than one run: leaving a label, a response overdue, a time since which something is so.

In: the leads found until now, and the goals that none of them reaches. Out: leads that go on, `then after` some time, each kept if it
reaches something new. First some simply wait, or do what ends their sequence; then each goal is tried with those that come near.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from leadrules.analyse.building import has_room
from leadrules.analyse.inverse import CLOCK
from leadrules.core.calendar import nominal
from leadrules.lifecycle.single import Look
from leadrules.review.testing.boundaries import met
from leadrules.review.testing.examples import TAKES_RUNS, Examples, Goal
from leadrules.review.testing.points import Key
from leadrules.review.testing.test_blocks import Example, Later, moved
from leadrules.review.testing.trial import Found, Trials
from leadrules.ruleset.model import Duration, EventFilter, Expr, Trigger
from leadrules.ruleset.walk import below

MOST_WALKERS, MOST_LOOKS, MOST_RUNS, MOST_STARTS, MOST_EXAMPLES, MOST_LENGTHS = 40, 150, 8, 3, 2, 3
MINUTE = timedelta(minutes=1)
A_DAY, SOME_DAYS = Duration(1, "days"), Duration(3, "days")  # after three days a weekend is over


class Pool(Protocol):
    """Where leads are kept."""

    pool: list[Found]
    reached: set[Key]
    missed: dict[Key, tuple[Goal, list[Example]]]

    def keep(self, found: Found) -> Found:
        """A lead that reaches something new."""

    def is_decided(self, key: Key) -> bool:
        """Whether only a run's decisions can reach it."""


class Walks:
    """Leads that go on."""

    def __init__(self, examples: Examples, trials: Trials, pool: Pool) -> None:
        self.examples, self.trials, self.pool = examples, trials, pool
        self.ruleset = trials.ruleset
        self._definitions = {one.name: one for one in self.ruleset.definitions}

    def run(self, goals: Sequence[Goal]) -> None:
        """The walks of a ruleset that decides anything; of another none is new."""
        if not any(map(self._takes_time, goals)):
            return
        walkers = list(islice(self._walkers(), MOST_WALKERS))
        ended = [gone for walker in walkers for gone in self._ended(walker)]
        for walker in (*walkers, *ended):
            for length in (A_DAY, SOME_DAYS):
                self._wait(walker, length)
        for goal in goals:
            if goal.key not in self.pool.reached and self._takes_time(goal):
                self._try(goal, (*ended, *walkers))

    def _takes_time(self, goal: Goal) -> bool:
        """Whether a further run may bring what the first did not: it listens to what was before, or looks at what runs leave."""
        trigger = self._trigger(goal.key)
        if goal.is_impossible:
            return False
        if trigger is not None and trigger.on.kind in (*TAKES_RUNS, "finish", "condition"):
            return True
        parts = (one for one in self._expressions(goal.key) if isinstance(one, Expr))
        return any(one.op == "since_of" or (one.op == "always" and one.value not in CLOCK) for one in parts)

    # -- who goes on --------------------------------------------------------------------------------------------------

    def _walkers(self) -> Iterator[Found]:
        """Leads of whom something was decided, one for each that the rules tell apart."""
        seen = set()
        for found in self.pool.pool:
            if len(found.runs) != 1:
                continue
            decided = {name for name, leads in found.runs[0].decided.fired.items() if leads}
            place = self._place(found)
            mark = (frozenset(decided), place["sequence"], *self._labels(found))
            if (decided or place["sequence"]) and mark not in seen:
                seen.add(mark)
                yield self.trials.ran(found.example, lasting=True)

    def _labels(self, found: Found) -> list[Any]:
        heard = {one.on.name for one in self.ruleset.triggers}
        return [found.facts.values[name] for name in self._definitions if name in heard]

    def _place(self, found: Found) -> Mapping[str, Any]:
        """What the state has of the lead after its last run."""
        return found.runs[-1].decided.table.row(0)

    def _ended(self, walker: Found) -> Iterator[Found]:
        """The lead after something that ends the sequence it is in."""
        sequence = self._place(walker)["sequence"]
        exits = {
            key
            for key, one in self.trials.points.items()
            if one.rule == f"sequence.{sequence}.exit" and one.kind == "true"
        }
        other = next((found for found in self.pool.pool if exits & found.keys and not found.example.later), None)
        if sequence is None or other is None:
            return
        later = self._later(walker, SOME_DAYS, other.example, given={})
        gone = self._gone_on(walker, later, lasting=True) if later is not None else None
        if gone is not None:
            yield gone

    # -- where they go ------------------------------------------------------------------------------------------------

    def _wait(self, walker: Found, length: Duration) -> None:
        self._gone_on(walker, Later(length))

    def _gone_on(self, walker: Found, later: Later, *, lasting: bool = False) -> Found | None:
        look = self.trials.later(walker, later)
        if look is None:
            return None
        gone = self.trials.went_on(walker, later, look, lasting=lasting)
        if gone.keys - self.pool.reached:
            self.pool.keep(gone)
        return gone

    def _later(
        self, walker: Found, length: Duration, example: Example, given: Mapping[str, Any] | None = None
    ) -> Later | None:
        """A run after some time, for which the lead is as the example: its events lie as long before it as theirs did.

        None where no run may be then.
        """
        as_of = self.trials.bench.calendar.shift(walker.runs[-1].look.as_of, length.count, length.unit)
        events = None
        if isinstance(as_of, datetime) and has_room(as_of):
            events = moved(example.events, as_of - example.as_of)
        if events is None:
            return None
        told = example.given if given is None else given
        fields = {name: value for name, value in told.items() if name in self.trials.bench.types and value is not None}
        return Later(length, fields, events)

    # -- for a goal ---------------------------------------------------------------------------------------------------

    def _try(self, goal: Goal, walkers: Sequence[Found]) -> None:
        trigger, left = self._trigger(goal.key), MOST_RUNS
        starts = (*self._inside(trigger), *walkers) if trigger is not None else walkers
        for start, later in islice(self._ways_on(goal, starts), MOST_LOOKS):
            look = self.trials.later(start, later)
            if look is None or not self._could(goal.key, trigger, look):
                continue
            gone, left = self.trials.went_on(start, later, look), left - 1
            if goal.key in gone.keys:
                self.pool.keep(gone)
            if goal.key in gone.keys or not left:
                return

    def _ways_on(self, goal: Goal, starts: Sequence[Found]) -> Iterator[tuple[Found, Later]]:
        """Who goes on, and how: as it is, or as a lead that would reach the goal but for the time; first the longest."""
        _, tried = self.pool.missed[goal.key]
        blank = Example(self.examples.empty.as_of, {})
        for length in self._lengths(goal.key):
            for start in starts:
                for example in (blank, *tried[:MOST_EXAMPLES]):
                    later = self._later(start, length, example)
                    if later is not None:
                        yield start, later

    def _trigger(self, key: Key) -> Trigger | None:
        rule = self.trials.rule_of(key)
        return next((one for one in self.ruleset.triggers if rule == f"trigger.{one.name}"), None)

    def _inside(self, trigger: Trigger) -> Iterator[Found]:
        """Leads that have the label that they are to leave."""
        if trigger.on.kind == "leave":
            for example in islice(self.examples.inside(trigger.on), MOST_STARTS):
                yield self.trials.ran(example, lasting=True)

    def _could(self, key: Key, trigger: Trigger | None, look: Look) -> bool:
        """Whether what a run is to decide can be: conditions are as they are wanted before it."""
        program, facts = look.found.program, look.facts
        if key in self.trials.boundaries:
            return key in met([self.trials.boundaries[key]], program, facts)
        if not self.pool.is_decided(key):
            return key in self.trials.observer.of_facts(program, facts)
        point = self.trials.points.get(key)
        if point is not None and point.clause is not None:
            return (program.value(point.clause, facts) is True) == (point.kind == "true")
        return trigger is None or all(program.value(one, facts) is True for one in trigger.conditions)

    def _lengths(self, key: Key) -> list[Duration]:
        """Just over each time that the goal's rule speaks of (of a boundary the time itself, and a minute less); a day."""
        spoken = list(dict.fromkeys(self._durations(self._expressions(key))))
        if key in self.trials.boundaries:
            lengths = ((one, nominal(one.count, one.unit)) for one in spoken)
            return [
                edge for one, span in lengths if span for edge in (one, Duration(int(span / MINUTE) - 1, "minutes"))
            ]
        spans = (nominal(one.count, one.unit) for one in spoken)
        days = sorted({-(-span // timedelta(days=1)) + 1 for span in spans if span is not None}, reverse=True)
        return [*(Duration(count, "days") for count in days[:MOST_LENGTHS]), A_DAY]

    def _durations(self, parts: Iterable[Any]) -> Iterator[Duration]:
        for one in parts:
            if isinstance(one, EventFilter) and one.within is not None:
                yield one.within
            elif isinstance(one, Expr) and one.op == "duration":
                yield Duration(*one.value)

    def _expressions(self, key: Key) -> list[Any]:
        """Every part of the conditions of a goal's rule, names written out."""
        rule = self.trials.rule_of(key)
        pending: list[Any] = [one.expr for one in self.examples.points.conditions if one.rule == rule]
        trigger = self._trigger(key)
        if trigger is not None:
            heard = self._definitions.get(str(trigger.on.name))
            pending += [*trigger.conditions, *([heard] if heard is not None else [])]
        found, seen = list[Any](), set[str]()
        while pending:
            for part in below(pending.pop(), self.ruleset):
                found.append(part)
                if isinstance(part, Expr) and part.op == "name" and part.value not in seen:
                    seen.add(part.value)
                    value = getattr(self._definitions.get(part.value), "value", None)
                    pending += [value] if isinstance(value, Expr) else []
        return found
