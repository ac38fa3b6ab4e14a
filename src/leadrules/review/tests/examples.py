"""Leads that could reach what a ruleset has: each branch, and both sides of each boundary.

In: a ruleset and its project. Out: `Goal`s, each with formulas and the plainest leads that meet them, as the analysis builds
them. It proves where there is none. Whether a lead reaches its goal is for the engines to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from leadrules.analyse.domains import numbers, points
from leadrules.analyse.formulas import EMPTY, FALSE, Box, Formula, atom, both, boxes, negated
from leadrules.analyse.study import Study
from leadrules.analyse.witness import Witness
from leadrules.core.types import YESNO, Type
from leadrules.lifecycle.single import GIVEN, MOST_DAYS, Workbench
from leadrules.review.tests.boundaries import Boundary, boundaries_of
from leadrules.review.tests.points import Condition, Key, Point, Points, points_of
from leadrules.review.tests.test_blocks import Example
from leadrules.ruleset.model import (
    Band,
    Classify,
    EventFilter,
    Expr,
    Matrix,
    Score,
    Segment,
    Stages,
    Trigger,
)

MOST_BOXES = 6  # how many ways of meeting a condition are tried
Placing = Callable[[Example], Iterator[Example]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached. `is_impossible`: proved that no lead can; `examples` are worth a try, the plainest first."""

    key: Key
    examples: Iterator[Example]
    is_impossible: bool = False


class Examples:
    """Makes the goals of one ruleset."""

    def __init__(self, bench: Workbench) -> None:
        ruleset, project = bench.ruleset, bench.project
        self.bench, self.ruleset = bench, ruleset
        self.study = Study(project, ruleset, ())
        self.conditions = self.study.conditions
        self.points: Points = points_of(ruleset)
        self.boundaries: list[Boundary] = boundaries_of(ruleset, self.points)
        self._definitions = {one.name: one for one in ruleset.definitions}
        self._labels = {one.name for one in ruleset.definitions if isinstance(one, Band | Stages)}

    @property
    def empty(self) -> Example:
        """A lead of whom nothing is known."""
        return Example(self.study.witnesses.noon, {})

    def goals(self) -> Iterator[Goal]:
        """Every goal, in declaration order, boundaries after branches."""
        clauses = {
            id(leaf): (condition, context)
            for condition in self.points.conditions
            for leaf, context in looked(condition.expr)
        }
        for point in self.points.points:
            yield self._goal(point.key, self._of_point(point, clauses), self._where(point, clauses))
        for one in self.boundaries:
            yield self._goal(one.key, self._of_boundary(one, clauses), partial(self._beside, one))

    def _goal(self, key: Key, ways: Iterable[tuple[Formula, ...]], place: Placing) -> Goal:
        made = [solved(parts) for parts in ways]
        proved = bool(made) and all(not found and exact for found, exact in made)
        return Goal(key, self._leads([box for found, _ in made for box in found], place), proved)

    def _leads(self, found: list[Box], place: Placing) -> Iterator[Example]:
        for witness in self.study.witnesses.leads(found, MOST_BOXES):
            example = self._example(witness)
            if example is not None:
                yield from place(example)

    def _example(self, witness: Witness) -> Example | None:
        """The lead as a test can give it; None where it cannot."""
        inputs = {n: v for n, v in witness.inputs.items() if v is not None and n != "key"}
        if any(n not in GIVEN and n not in self._labels for n in inputs):
            return None
        events = tuple({**event, "at": event["at"].replace(second=0, microsecond=0)} for event in witness.events)
        return Example(witness.as_of, {**witness.lead, **inputs}, events)

    # -- what the lead must be in besides ---------------------------------------------------------------------------

    def _where(self, point: Point, clauses: dict[int, Any]) -> Placing:
        """How a lead is put where a point can be reached: into the sequence whose step or exit it is."""
        condition = clauses[id(point.clause)][0] if point.clause is not None else None
        when, about = (condition.when, condition.about) if condition is not None else ("", None)
        ends = next((t.on.name for t in self.ruleset.triggers if point.rule == f"trigger.{t.name}" and _ends(t)), None)
        if ends is not None:
            return lambda example: self._in_sequence(example, ends, "finish")
        if point.kind == "done" or when == "step":
            _, name, step = point.rule.split(".")
            return lambda example: self._in_sequence(example, name, step)
        if when in ("exit", "pause"):
            names = [about] if about is not None else [one.name for one in self.ruleset.sequences[:1]]
            return lambda example: (one for name in names for one in self._in_sequence(example, name, ""))
        if when == "suppress":
            return lambda example: self._about_to_get(example, str(about))
        return lambda example: iter((example,))

    def _about_to_get(self, example: Example, channel: str) -> Iterator[Example]:
        """The lead where a step on a channel comes due."""
        for plan in self.ruleset.sequences:
            for step in plan.steps:
                if channel in ("all", step.channel) and step.auto:
                    yield from self._in_sequence(example, plan.name, str(step.number))
                    return

    def _in_sequence(self, example: Example, name: str, step: str) -> Iterator[Example]:
        """The lead in a sequence, where a step comes due; at its finish; or (no step) since yesterday."""
        plan = next(one for one in self.ruleset.sequences if one.name == name)
        numbers = [one.number for one in plan.steps]
        passed, since = 0, example.as_of - timedelta(days=1)
        if step == "finish" and numbers:
            passed, since = numbers[-1], example.as_of - timedelta(days=MOST_DAYS)
        elif step:
            place = numbers.index(int(step))
            passed = numbers[place - 1] if place else 0
            found = self.bench.enrolled_for(plan, numbers[place], example.as_of)
            if found is None:
                return
            since = found
        state = {"sequence": name, "step": float(passed), "enrolled_at": since.replace(second=0, microsecond=0)}
        kept = {n: v for n, v in example.given.items() if n not in state}
        yield replace(example, given=kept | state)

    def _beside(self, one: Boundary, example: Example) -> Iterator[Example]:
        """The lead as it is; of a window, with its events moved to its edge."""
        if one.filter is None or one.filter.within is None:
            yield example
            return
        start = self.study.terms.calendar.shift(example.as_of, -one.filter.within.count, one.filter.within.unit)
        if isinstance(start, datetime):
            at = start + timedelta(minutes=1 if one.step > 0 else 0)
            types = one.filter.types
            moved = tuple({**e, "at": at} if e["type"] in types else e for e in example.events)
            yield replace(example, events=moved)

    # -- branches ---------------------------------------------------------------------------------------------------

    def _of_point(self, point: Point, clauses: dict[int, Any]) -> Iterator[tuple[Formula, ...]]:
        kind, rule = point.kind, point.rule
        if point.clause is not None:
            condition, context = clauses[id(point.clause)]
            holds = self._event_or_lead(condition, [*context, (point.clause, kind == "true")])
            yield (*self._around(condition), holds)
        elif kind in ("member", "outsider"):
            one = self._definitions[rule]
            assert isinstance(one, Segment)
            yield (_turned(self.conditions.holds(one.condition), kind == "member"),)
        elif kind in ("fires", "rests") and not rule.startswith(("route.", "trigger.")):
            yield self._score_rule(rule, fires=kind == "fires")
        elif kind == "label":
            yield self._label(rule, str(point.key[2]))
        elif kind == "cell":
            yield self._cell(rule, str(point.key[2]), str(point.key[3]))
        elif rule.startswith("route."):
            yield self._route_rule(rule)
        elif kind == "done":
            yield (self._step(rule),)
        elif rule.startswith("trigger."):
            yield self._trigger(next(one for one in self.ruleset.triggers if f"trigger.{one.name}" == rule))

    def _event_or_lead(self, condition: Condition, wanted: list[tuple[Expr, bool]]) -> Formula:
        """What makes these clauses so, of the lead, or of an event that happened to it."""
        parts = [expr if holds else Expr("not", YESNO, (expr,)) for expr, holds in wanted]
        whole = parts[0] if len(parts) == 1 else Expr("and", YESNO, tuple(parts))
        if condition.when != "event":
            return both([self.conditions.holds(part) for part in parts])
        return self.conditions.happened(EventFilter(condition.about, where=whole))

    def _around(self, condition: Condition) -> Iterator[Formula]:
        """What must be so for a condition to be looked at."""
        if condition.when == "line":
            one, place = condition.about
            yield from (negated(self.conditions.line(label)) for label in one.labels[:place])
        elif condition.when == "lead" and condition.about is not None:
            score = self._definitions[condition.about[0]]
            assert isinstance(score, Score)
            yield from (negated(self.conditions.rule(r)) for r in score.rules if r.name in condition.about[1])
        elif condition.when == "route":
            route = next(one for one in self.ruleset.routes if one.name == condition.about[0])
            names = [rule.name for rule in route.rules]
            before = route.rules[: names.index(condition.about[1])]
            yield from (negated(self.conditions.line(rule)) for rule in before if rule.target.kind != "team")
        elif condition.when == "trigger":
            yield from self._set_off(condition.about)

    def _score_rule(self, path: str, *, fires: bool) -> tuple[Formula, ...]:
        name, _, rule_name = path.partition(".")
        score = self._definitions[name]
        assert isinstance(score, Score)
        rule = next(one for one in score.rules if one.name == rule_name)
        if not fires:
            return (negated(self.conditions.rule(rule)),)
        first_match = {group.name for group in score.groups if group.first_match}
        before = [r for r in score.rules[: score.rules.index(rule)] if r.group == rule.group in first_match]
        return (self.conditions.rule(rule), *(negated(self.conditions.rule(one)) for one in before))

    def _label(self, name: str, label: str) -> tuple[Formula, ...]:
        one = self._definitions[name]
        if isinstance(one, Band):
            return (self._is(name, label),)
        assert isinstance(one, Classify | Stages)
        place = [row.name for row in one.labels].index(label)
        before = (negated(self.conditions.line(row)) for row in one.labels[:place])
        return (self.conditions.line(one.labels[place]), *before)

    def _is(self, name: str, label: str) -> Formula:
        side = Expr("name", Type("label", (), name), (), name)
        return self.conditions.holds(Expr("is_label", YESNO, (side,), [label]))

    def _cell(self, name: str, row: str, column: str) -> tuple[Formula, ...]:
        matrix = self._definitions[name]
        assert isinstance(matrix, Matrix)
        return (self._is(matrix.rows_of, row), self._is(matrix.columns_of, column))

    # -- what is decided --------------------------------------------------------------------------------------------

    def _step(self, rule: str) -> Formula:
        """What a step asks for; a finish asks for nothing."""
        _, name, number = rule.split(".")
        steps = next(one for one in self.ruleset.sequences if one.name == name).steps
        condition = next((one.condition for one in steps if str(one.number) == number), None)
        return self.conditions.holds(condition)

    def _route_rule(self, path: str) -> tuple[Formula, ...]:
        _, name, rule_name = path.split(".", 2)
        route = next(one for one in self.ruleset.routes if one.name == name)
        place = [rule.name for rule in route.rules].index(rule_name)
        before = (negated(self.conditions.line(rule)) for rule in route.rules[:place] if rule.target.kind != "team")
        return (self.conditions.line(route.rules[place]), *before)

    def _trigger(self, trigger: Trigger) -> tuple[Formula, ...]:
        return (*self._set_off(trigger), *(self.conditions.holds(part) for part in trigger.conditions))

    def _set_off(self, trigger: Trigger) -> Iterator[Formula]:
        on = trigger.on
        if on.kind == "event" and on.filter is not None:
            yield self.conditions.happened(on.filter)
        elif on.kind == "enter" and on.label is not None:
            yield self._is_now(str(on.name), on.label)
        elif on.kind == "enter":
            one = self._definitions[str(on.name)]
            assert isinstance(one, Segment)
            yield self.conditions.holds(one.condition)
        elif on.kind == "date" and on.value is not None:
            yield atom(self.study.terms.term(on.value), numbers(*_today(self.empty.as_of, self.study)))
        elif on.kind in ("leave", "overdue"):
            yield FALSE  # takes a run before it

    def _is_now(self, name: str, label: str) -> Formula:
        one = self._definitions[name]
        return both(self._label(name, label)) if isinstance(one, Classify | Stages) else self._is(name, label)

    # -- boundaries -------------------------------------------------------------------------------------------------

    def _of_boundary(self, one: Boundary, clauses: dict[int, Any]) -> Iterator[tuple[Formula, ...]]:
        if one.filter is not None:
            yield (self.conditions.happened(one.filter),)
            return
        assert one.expr is not None
        for wanted in one.tried:
            term = self.study.terms.term(one.expr)
            reached = atom(term, points([wanted]))
            if one.clause is None:
                yield (reached,)
                continue
            condition, context = clauses[id(one.clause)]
            if condition.when == "event":
                equal = Expr("eq", YESNO, (one.expr, Expr("const", one.expr.type, (), _written(wanted, one.expr))))
                yield (self._event_or_lead(condition, [*context, (equal, True)]),)
            else:
                yield (*self._around(condition), *self._context(context), reached)

    def _context(self, context: list[tuple[Expr, bool]]) -> Iterator[Formula]:
        yield from (_turned(self.conditions.holds(expr), holds) for expr, holds in context)


def _ends(trigger: Trigger) -> bool:
    """Whether a trigger listens to the end of a sequence."""
    return trigger.on.kind == "finish"


def _today(as_of: datetime, study: Study) -> tuple[float, float]:
    day = float(study.terms.calendar.day_of(as_of).toordinal())
    return day, day


def _written(number: float, expr: Expr) -> Any:
    """A number as a literal beside this expression."""
    return date.fromordinal(int(number)).isoformat() if expr.type.kind == "date" else number


def _turned(formula: Formula, holds: bool) -> Formula:
    return formula if holds else negated(formula)


def solved(parts: Iterable[Formula]) -> tuple[list[Box], bool]:
    """Boxes that meet all of these, and whether they are all there are; of too many ways some are gone on with."""
    found, exact = [EMPTY], True
    for part in parts:
        narrowed = boxes(part, found)
        if narrowed is None:
            exact = False
            narrowed = next((some for few in (8, 2, 1) if (some := boxes(part, found[:few]))), found)
        found = narrowed
    return found, exact


def looked(expr: Expr, context: tuple[tuple[Expr, bool], ...] = ()) -> Iterator[tuple[Expr, list[tuple[Expr, bool]]]]:
    """Every clause of a condition, with what other clauses must be for it to be looked at."""
    if expr.op in ("and", "or"):
        before = list(context)
        for part in expr.args:
            yield from looked(part, tuple(before))
            before.append((part, expr.op == "and"))
    elif expr.op == "not" and expr.args[0].op in ("and", "or", "not"):
        yield from looked(expr.args[0], context)
    else:
        yield expr, list(context)
