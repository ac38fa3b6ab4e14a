"""Leads that could reach what a ruleset has: each branch, and both sides of each boundary.

In: a ruleset and its project. Out: `Goal`s, each with formulas and the plainest leads that meet them, as the analysis builds
them. It proves where there is none. Whether a lead reaches its goal is for the engines to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial

from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import numbers
from leadrules.analyse.formulas import Box, Formula
from leadrules.analyse.study import Study
from leadrules.analyse.witness import Witness, Witnesses
from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.engine.row import LeadFacts
from leadrules.lifecycle.single import GIVEN, Workbench
from leadrules.review.testing.boundaries import Boundary, boundaries_of
from leadrules.review.testing.placing import Place, Placing
from leadrules.review.testing.points import Key, Point, Points, clauses, points_of
from leadrules.review.testing.test_blocks import Example
from leadrules.review.testing.wanted import Wanted, solved
from leadrules.ruleset.model import Band, On, Score, Stages
from leadrules.syntax.literals import LARGEST_NUMBER

MOST_BOXES = 6  # how many ways of meeting a condition are tried
TAKES_RUNS = ("leave", "overdue")
Ways = Iterator[tuple[Formula, ...]]
BEYOND = (1.0, 25.0, 100.0, 400.0)


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached. `is_impossible`: proved that no lead can; `examples` are worth a try, the plainest first."""

    key: Key
    examples: Iterator[Example]
    is_impossible: bool = False
    takes_runs: str = ""  # `leave` or `overdue`: what a trigger listens to that no first run can have


class Examples:
    """Makes the goals of one ruleset."""

    def __init__(self, bench: Workbench) -> None:
        ruleset, project = bench.ruleset, bench.project
        self.bench, self.ruleset = bench, ruleset
        self.study = Study(project, ruleset, ())
        # A test's lead is new: no label of it is held, and none kept from sliding back.
        self.conditions = Conditions(self.study.terms, of_new_leads=True)
        self.witnesses = Witnesses(self.conditions)
        self.placing = Placing(bench, self.witnesses)
        self.points: Points = points_of(ruleset)
        self.boundaries: list[Boundary] = boundaries_of(ruleset, self.points)
        # What is proved of every lead is proved with labels that may be held.
        self.wanted, self.proofs = (
            Wanted(one, self.points, project.team) for one in (self.conditions, self.study.conditions)
        )
        self._conditions = {id(leaf): one for one in self.points.conditions for leaf in clauses(one.expr)}
        self._definitions = {one.name: one for one in ruleset.definitions}
        self._labels = {one.name for one in ruleset.definitions if isinstance(one, Band | Stages)}

    @property
    def empty(self) -> Example:
        """A lead of whom nothing is known."""
        return Example(self.witnesses.noon, {})

    @cached_property
    def _nobody(self) -> LeadFacts:
        """What is so of nobody: there everything that is the same for every lead can be worked out."""
        context = Context(self.bench.calendar, self.witnesses.noon)
        return self.witnesses.program.facts({}, [], context, {"key": "example"})

    def goals(self) -> Iterator[Goal]:
        """Every goal, in declaration order, boundaries after branches."""
        for point in self.points.points:
            if point.kind == "bounds":
                yield Goal(point.key, self._beyond(point))
            else:
                condition = self._conditions.get(id(point.clause))
                place = self.placing.of_point(point.rule, condition, is_step=point.kind == "done")
                yield self._goal(point.key, partial(Wanted.of_point, point=point), place, point.rule)
        for edge in self.boundaries:
            number = edge.number(self.witnesses.program, self._nobody)
            ways = partial(Wanted.of_boundary, one=edge, number=number)
            yield self._goal(edge.key, ways, self.placing.of_boundary(edge), edge.rule)

    def _goal(self, key: Key, ways: Callable[[Wanted], Ways], place: Place, rule: str) -> Goal:
        found = [box for parts in ways(self.wanted) for box in solved(parts)[0]]
        proofs = [solved(parts) for parts in ways(self.proofs)] if not found else []
        proved = bool(proofs) and all(not left and exact for left, exact in proofs)
        trigger = next((one for one in self.ruleset.triggers if rule == f"trigger.{one.name}"), None)
        takes = trigger.on.kind if trigger is not None and trigger.on.kind in TAKES_RUNS else ""
        return Goal(key, self._leads(found, place), proved, takes)

    def _leads(self, found: list[Box], place: Place) -> Iterator[Example]:
        for witness in self.witnesses.leads(found, MOST_BOXES):
            example = self._example(witness)
            if example is not None:
                yield from place(example)

    def _beyond(self, point: Point) -> Iterator[Example]:
        """Leads whose points go beyond a floor, a cap or a group's limit; further than needed, for rules may not add up."""
        score = self._definitions[point.rule]
        assert isinstance(score, Score)
        group = next((one for one in score.groups if point.key[2] == f"{one.name} limit"), None)
        limit = group.most_points if group is not None else score.floor if point.key[2] == "floor" else score.cap
        assert limit is not None
        for beyond in BEYOND:
            ups, downs = numbers(limit + beyond), numbers(high=-limit - beyond if group else limit - beyond)
            for wanted in (downs,) if point.key[2] == "floor" else (ups, downs) if group else (ups,):
                witness = self.witnesses.towards(score, group.name if group else None, wanted)
                example = self._example(witness) if witness is not None else None
                if example is not None:
                    yield example

    def inside(self, on: On) -> Iterator[Example]:
        """Leads that have the label, or are in the segment, that a trigger listens to."""
        yield from self._leads(solved([self.wanted.is_inside(on)])[0], lambda example: iter((example,)))

    def _example(self, witness: Witness) -> Example | None:
        """The lead as a test can give it; None where it cannot."""
        inputs = {n: v for n, v in witness.inputs.items() if v is not None and n != "key"}
        if any(n not in GIVEN and n not in self._labels for n in inputs):
            return None
        # A record may name a sequence that the rules do not have, and a test may not.
        if inputs.get("sequence") not in (None, *(one.name for one in self.ruleset.sequences)):
            return None
        events = tuple({**event, "at": event["at"].replace(second=0, microsecond=0)} for event in witness.events)
        told = [value for one in (witness.lead, inputs, *events) for value in one.values()]
        if any(isinstance(value, float) and abs(value) > LARGEST_NUMBER for value in told):
            return None
        return Example(witness.as_of, {**witness.lead, **inputs}, events)
