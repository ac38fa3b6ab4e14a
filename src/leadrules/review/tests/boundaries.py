"""The boundaries of a ruleset: where a number compares with a literal, a band's label begins, a window of events ends.

In: a compiled ruleset and its conditions. Out: `Boundary`s, two sides each, and which of them a lead stands at: on the literal
itself, or no more than one step beside it. Knows no tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from leadrules.engine.row import LeadFacts, Program
from leadrules.review.tests.points import Condition, Key, Points, clauses
from leadrules.ruleset.model import Band, EventFilter, Expr, Place, Ruleset, Score
from leadrules.ruleset.walk import below

LOWER = {"ge": True, "lt": True, "gt": False, "le": False}  # whether the other side of the literal is below it
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One side of a boundary. `number` is the literal, `step` how far off the other side may be (0: on the literal itself).

    `clause` is the part of `condition` that compares; without one `expr` is what a band looks at. Of the window of a `filter`,
    `step` is -1 outside and 1 inside.
    """

    key: Key
    rule: str
    span: Place | None
    expr: Expr | None
    number: float = 0.0
    step: float = 0.0
    condition: Condition | None = None
    clause: Expr | None = None
    filter: EventFilter | None = None

    @property
    def tried(self) -> tuple[float, ...]:
        """The numbers that stand at this side, the best first."""
        return (self.number,) if not self.step else (self.number + self.step, self.number + self.step / 2)

    @property
    def words(self) -> str:
        """`at 100`, `just below 100`."""
        side = "at" if not self.step else "just below" if self.step < 0 else "just above"
        if self.filter is not None and self.filter.within is not None:
            side = "just before" if self.step < 0 else "just inside"
            return f"an event {side} {self.filter.within.count} {self.filter.within.unit}"
        return f"{side} {self.number:g}"

    def is_met(self, value: Any) -> bool:
        """Whether a value stands at this side."""
        number = as_number(value)
        if number is None:
            return False
        off = number - self.number
        return off == 0 if not self.step else (0 < off / self.step <= 1)


def as_number(value: Any) -> float | None:
    """A number, or the day of a date."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value.toordinal()) if isinstance(value, date) and not isinstance(value, datetime) else None


def boundaries_of(ruleset: Ruleset, points: Points) -> list[Boundary]:
    """Every side of every boundary."""
    found: list[Boundary] = []
    for condition in points.conditions:
        for clause in clauses(condition.expr):
            found += _of_clause(condition, clause)
    step = _least_step(ruleset)
    for one in ruleset.declared:
        if isinstance(one, Band):
            for label in one.labels:
                if label.start is not None:
                    rule = f"{one.name}.{label.name}"
                    sides = ((0.0, "at"), (-step, "off"))
                    found += (
                        Boundary(("edge", rule, side), rule, label.span, one.value, label.start, away)
                        for away, side in sides
                    )
    return [*found, *_windows(ruleset)]


def _of_clause(condition: Condition, clause: Expr) -> Iterator[Boundary]:
    expr = clause.args[0] if clause.op == "not" else clause
    for number, (value, literal, is_below) in enumerate(_compared(expr)):
        whole = float(literal).is_integer()
        step = (-1.0 if is_below else 1.0) * (1.0 if whole else 0.01)
        for away, side in ((0.0, "at"), (step, "off")):
            key = ("edge", id(clause), number, side)
            yield Boundary(key, condition.rule, clause.span, value, literal, away, condition, clause)


def _compared(expr: Expr) -> Iterator[tuple[Expr, float, bool]]:
    """What compares with which literal, and whether the other side is below it."""
    if expr.op in LOWER:
        left, right = expr.args
        if (number := _literal(right)) is not None:
            yield left, number, LOWER[expr.op]
        elif (number := _literal(left)) is not None:
            yield right, number, not LOWER[expr.op]
    elif expr.op == "between":
        value, low, high = expr.args
        for end, is_below in ((low, True), (high, False)):
            if (number := _literal(end)) is not None:
                yield value, number, is_below


def _literal(expr: Expr) -> float | None:
    if expr.op != "const" or expr.value is None:
        return None
    if expr.type.kind == "date":
        return float(date.fromisoformat(expr.value).toordinal())
    return float(expr.value) if expr.type.kind == "number" else None


def _least_step(ruleset: Ruleset) -> float:
    """The least by which points can differ, where all of them are whole."""
    rules = [rule for one in ruleset.definitions if isinstance(one, Score) for rule in one.rules]
    amounts = [rule.points.value if rule.points.op == "const" else None for rule in rules]
    if not amounts or any(one is None or not float(one).is_integer() for one in amounts):
        return 1.0
    return float(math.gcd(*(int(one) for one in amounts if one is not None))) or 1.0


def _windows(ruleset: Ruleset) -> Iterator[Boundary]:
    seen: set[EventFilter] = set()
    for one in ruleset.declared:
        for part in below(one, ruleset):
            if isinstance(part, EventFilter) and part.within is not None and part not in seen:
                seen.add(part)
                for step, side in ((1.0, "inside"), (-1.0, "outside")):
                    yield Boundary(("window", id(part), side), one.name, part.span, None, 0.0, step, filter=part)


def met(boundaries: Iterable[Boundary], program: Program, facts: LeadFacts) -> Iterator[Key]:
    """The boundaries at which a lead stands."""
    for one in boundaries:
        if one.filter is not None:
            if any(_stands(one, event, program, facts) for event in facts.case.events):
                yield one.key
        elif one.expr is not None and any(
            one.is_met(program.value(one.expr, facts, row)) for row in _rows(one.condition, facts)
        ):
            yield one.key


def _rows(condition: Condition | None, facts: LeadFacts) -> Iterable[Mapping[str, Any] | None]:
    if condition is None or condition.when != "event":
        return (None,)
    return [event for event in facts.case.events if event["type"] in condition.about]


def _stands(one: Boundary, event: Mapping[str, Any], program: Program, facts: LeadFacts) -> bool:
    """Whether an event is less than a day beside the start of a window."""
    selection, context = one.filter, facts.case.context
    assert selection is not None
    assert selection.within is not None
    assert context.as_of is not None
    start = context.calendar.shift(context.as_of, -selection.within.count, selection.within.unit)
    if event["type"] not in selection.types or not isinstance(start, datetime):
        return False
    off = event["at"] - start
    is_beside = timedelta(0) < off <= DAY if one.step > 0 else -DAY < off <= timedelta(0)
    return is_beside and (selection.where is None or program.value(selection.where, facts, event) is True)
