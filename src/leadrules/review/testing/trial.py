"""One lead tried: what it reaches by what is so of it, and by what the rules decide of it, in one run or in several.

In: a ruleset made ready, its points and boundaries; then examples. Out: a `Found` each. A glance asks the row engine alone, for it
is what most examples are turned down by; a run costs twenty times as much. Chooses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.engine.row import LeadFacts, Program
from leadrules.lifecycle.model import State, empty_state
from leadrules.lifecycle.single import GIVEN, Look, OneRun, Workbench
from leadrules.review.testing.boundaries import Boundary, met
from leadrules.review.testing.coverage import Observer
from leadrules.review.testing.points import Key, Point, is_decided
from leadrules.review.testing.test_blocks import Example, Later
from leadrules.ruleset.model import Band, Stages


@dataclass(frozen=True, slots=True)
class Found:
    """An example, what is so of it at its last run, and all that it reaches; `runs` where its decisions were looked at."""

    example: Example
    facts: LeadFacts
    program: Program
    runs: tuple[OneRun, ...]
    keys: frozenset[Key]


class Trials:
    """Tries examples."""

    def __init__(self, bench: Workbench, points: Iterable[Point], boundaries: Iterable[Boundary]) -> None:
        ruleset = bench.ruleset
        self.bench, self.ruleset = bench, ruleset
        self.observer = Observer(ruleset)
        self.points = {point.key: point for point in points}
        self.boundaries = {one.key: one for one in boundaries}
        self._of_facts = [one for one in self.boundaries.values() if not is_decided(one.rule)]
        self._of_runs = [one for one in self.boundaries.values() if is_decided(one.rule)]
        self._labels = {one.name: one.previous_field for one in ruleset.definitions if isinstance(one, Band | Stages)}
        self._last: tuple[OneRun, State] | None = None
        self._events = {event: dict(fields) for event, fields in ruleset.event_fields}

    def rule_of(self, key: Key) -> str:
        """The rule that something to be reached belongs to."""
        return self.points[key].rule if key in self.points else self.boundaries[key].rule

    # -- what is so of the lead -------------------------------------------------------------------------------------

    def facts(self, example: Example) -> LeadFacts:
        """The facts of a lead on an empty state, by the row engine alone."""
        own, given = self._sorted(example.given)
        inputs = dict(self._blank) | {name: given.get(name) for name in GIVEN}
        for name, field in self._labels.items():
            inputs[name] = given.get(name, own.get(field) if field else None)
        settings = self.ruleset.settings
        for role, field in (("owner", settings.owner), ("sequence", settings.sequence)):
            inputs[role] = inputs[role] if inputs[role] is not None else own.get(field) if field else None
        context = Context(self.bench.calendar, example.as_of)
        events = sorted((self._event(event) for event in example.events), key=lambda event: event["at"])
        return self.bench.program.facts(own, events, context, inputs)

    def _sorted(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a test gives as fields, and what as state."""
        of_state = {*GIVEN, *self._labels}
        return (
            {name: value for name, value in given.items() if name not in of_state},
            {name: value for name, value in given.items() if name in of_state and value is not None},
        )

    @property
    def _blank(self) -> Mapping[str, Any]:
        """What the state says of a lead that it does not know."""
        since = (f"{one.name}.since" for one in self.ruleset.definitions if isinstance(one, Stages))
        return {"owner_changes": 0.0, "key": "test"} | dict.fromkeys(since)

    def _event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return dict.fromkeys(self._events.get(event["type"], {})) | {"lead_id": None, **event}

    def glanced(self, example: Example) -> Found:
        """What a lead reaches before anything is decided."""
        return self._found(example, self.facts(example), self.bench.program, (), ())

    # -- what is decided --------------------------------------------------------------------------------------------

    def ran(self, example: Example, *, lasting: bool = False) -> Found:
        """What a lead reaches in one run. Only after a `lasting` one others can follow."""
        own, given = self._sorted(example.given)
        fed = {"owner": self.ruleset.settings.owner, "sequence": self.ruleset.settings.sequence}
        own |= {str(fed[name]): value for name, value in given.items() if fed.get(name)}
        look = self.bench.look(empty_state(), example.as_of, own, example.events, given)
        return self._decided(example, look, (), (), lasting=lasting)

    def later(self, found: Found, later: Later) -> Look | None:
        """The lead as a run after the last one will see it."""
        last = found.runs[-1]
        as_of = self.bench.calendar.shift(last.look.as_of, later.after.count, later.after.unit)
        if as_of is None:
            return None
        lead = {**last.look.record.row(0, named=True), **later.given}
        lead = {name: tuple(value) if isinstance(value, list) else value for name, value in lead.items()}
        events = (*found.example.events, *(event for one in found.example.later for event in one.events), *later.events)
        assert isinstance(as_of, datetime)
        return self.bench.look(self._after(last), as_of, lead, events, {})

    def _after(self, run: OneRun) -> State:
        """What a run leaves; worked out once for the leads that go on from it."""
        if self._last is None or self._last[0] is not run:
            self._last = (run, self.bench.state_after(run))
        return self._last[1]

    def went_on(self, found: Found, later: Later, look: Look, *, lasting: bool = False) -> Found:
        """What a lead reaches with one run more."""
        example = replace(found.example, later=(*found.example.later, later))
        return self._decided(example, look, found.runs, found.keys, lasting=lasting)

    def _decided(
        self, example: Example, look: Look, before: tuple[OneRun, ...], keys: Collection[Key], *, lasting: bool
    ) -> Found:
        run = self.bench.run(look, lasting=lasting)
        reached = {*keys, *self.observer.of_run(run)}
        seen = {key[1] for key in reached if key[0] in ("seen", "fires", "done")}
        stood = met(self._of_runs, look.found.program, look.facts)
        reached |= {key for key in stood if any(self._is_of(self.boundaries[key], rule) for rule in seen)}
        return self._found(example, look.facts, look.found.program, (*before, run), reached)

    def _is_of(self, boundary: Boundary, rule: str) -> bool:
        """Whether a run that came to a rule came to a boundary."""
        return rule == boundary.rule or (boundary.filter is not None and rule.startswith(f"{boundary.rule}."))

    def _found(
        self, example: Example, facts: LeadFacts, program: Program, runs: tuple[OneRun, ...], keys: Collection[Key]
    ) -> Found:
        reached = {*keys, *self.observer.of_facts(program, facts), *met(self._of_facts, program, facts)}
        known = self.points.keys() | self.boundaries.keys()
        return Found(example, facts, program, runs, frozenset(reached & known))
