"""The boundaries of a ruleset: where a value compares with one that is the same for every lead, where a band's label begins or
is let go, where a window of events ends.

In: a compiled ruleset and its conditions. Out: `Boundary`s, two sides each, and which of them a lead stands at: on the boundary
itself, or no more than one step beside it. Knows no tests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from leadrules.analyse.inverse import CLOCK, LEAVES
from leadrules.core.records import dataclass
from leadrules.core.types import NUMBER
from leadrules.engine.row import LeadFacts, Program
from leadrules.review.testing.points import Condition, Key, Points, clauses
from leadrules.ruleset.model import Band, Define, EventFilter, Expr, Place, Placed, Ruleset, Score
from leadrules.ruleset.walk import below

LOWER = {"ge": True, "lt": True, "gt": False, "le": False}  # whether the other side of the boundary is below it
AXES = ("number", "date", "datetime", "duration")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One side of a boundary. `against` is what `expr` compares with, `step` how far off the other side may be (0: on it).

    `clause` is the part of `condition` that compares; without one `expr` is what a band looks at, of a lead that had the label
    `held` where that is set. Of the window of a `filter`, `step` is -1 outside and 1 inside.
    """

    key: Key
    rule: str
    span: Place | None
    expr: Expr | None
    against: Expr | None = None
    step: float = 0.0
    condition: Condition | None = None
    clause: Expr | None = None
    filter: EventFilter | None = None
    band: str | None = None
    held: str | None = None

    def number(self, program: Program, facts: LeadFacts) -> float | None:
        """Where the boundary lies, on the axis of what compares with it."""
        if self.expr is None or self.against is None:
            return None
        calendar, value = facts.case.context.calendar, program.value(self.against, facts)
        kind = self.expr.type.kind
        if kind == "datetime" and isinstance(value, date) and not isinstance(value, datetime):
            # A day as the instants that compare with it: its midnight, or, where it is the last of them, the one before the next.
            begins, ends = calendar.seconds_of(value)
            return begins if self._begins else ends - 60.0
        return as_number(calendar.day_of(value) if kind == "date" and isinstance(value, datetime) else value)

    @property
    def _begins(self) -> bool:
        return self.clause is None or not self.key[-2].endswith("last")

    def tried(self, number: float) -> tuple[float, ...]:
        """The numbers that stand at this side, the best first."""
        return (number,) if not self.step else (number + self.step, number + self.step / 2)

    def side(self) -> str:
        """`at`, `just below`."""
        return "at" if not self.step else "just below" if self.step < 0 else "just above"

    def is_met(self, value: Any, number: float | None) -> bool:
        """Whether a value stands at this side."""
        found = as_number(value)
        if found is None or number is None:
            return False
        off = found - number
        return off == 0 if not self.step else (0 < off / self.step <= 1)


def as_number(value: Any) -> float | None:
    """A number; of a date its day, of an instant and a length its seconds."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value.toordinal()) if isinstance(value, date) else None


def boundaries_of(ruleset: Ruleset, points: Points) -> list[Boundary]:
    """Every side of every boundary."""
    found: list[Boundary] = []
    definitions = {one.name: one for one in ruleset.definitions}
    for condition in points.conditions:
        for clause in clauses(condition.expr):
            found += _of_clause(condition, clause, definitions)
    step = _least_step(ruleset)
    for one in ruleset.declared:
        if isinstance(one, Band):
            found += _of_band(one, step)
    return [*found, *_windows(ruleset)]


def _of_band(band: Band, step: float) -> Iterator[Boundary]:
    for label in band.labels:
        rule = f"{band.name}.{label.name}"
        for number, held in ((label.start, None), (label.hold, label.name)):
            if number is not None:
                against = Expr("const", NUMBER, (), number)
                for away, side in ((0.0, "at"), (-step, "off")):
                    key = ("edge", rule, held, side)
                    yield Boundary(key, rule, label.span, band.value, against, away, band=band.name, held=held)


def _of_clause(condition: Condition, clause: Expr, definitions: Mapping[str, Any]) -> Iterator[Boundary]:
    expr = clause.args[0] if clause.op == "not" else clause
    for number, (value, against, is_below) in enumerate(_compared(expr, definitions)):
        step = _step(value, against) * (-1.0 if is_below else 1.0)
        end = f"{number} {'first' if is_below else 'last'}"
        for away, side in ((0.0, "at"), (step, "off")):
            yield Boundary(
                ("edge", id(clause), end, side), condition.rule, clause.span, value, against, away, condition, clause
            )


def _step(value: Expr, against: Expr) -> float:
    """The least difference that counts: a day between days, a minute between instants."""
    match value.type.kind:
        case "date":
            return 1.0
        case "datetime":
            return 60.0
        case "duration":
            return 86_400.0 if any(part.type.kind == "date" for part in value.args) else 60.0
    is_whole = against.op != "const" or float(against.value).is_integer()
    return 1.0 if is_whole else 0.01


def _compared(expr: Expr, definitions: Mapping[str, Any]) -> Iterator[tuple[Expr, Expr, bool]]:
    """What compares with what that is the same for every lead, and whether the other side is below it."""
    if expr.op in LOWER:
        left, right = expr.args
        sides = [(left, right, LOWER[expr.op]), (right, left, not LOWER[expr.op])]
    elif expr.op == "between":
        value, low, high = expr.args
        sides = [(value, low, True), (value, high, False)]
    else:
        return
    for value, against, is_below in sides:
        is_open = not _is_known(value, definitions) and _is_known(against, definitions)
        if is_open and value.type.kind in AXES and not (against.op == "const" and against.value is None):
            yield value, against, is_below


def _is_known(expr: Expr, definitions: Mapping[str, Any]) -> bool:
    """Whether an expression is the same for every lead."""
    if expr.op == "name" and isinstance(one := definitions.get(expr.value), Define):
        return _is_known(one.value, definitions)
    if expr.op in LEAVES or (expr.op == "always" and expr.value not in CLOCK):
        return False
    return all(_is_known(part, definitions) for part in expr.args)


def _least_step(ruleset: Ruleset) -> float:
    """The least by which points can differ, where all of them are whole."""
    rules = [rule for one in ruleset.definitions if isinstance(one, Score) for rule in one.rules]
    amounts = [rule.points.value if rule.points.op == "const" else None for rule in rules]
    if not amounts or any(one is None or not float(one).is_integer() for one in amounts):
        return 1.0
    return float(math.gcd(*(int(one) for one in amounts if one is not None))) or 1.0


def _windows(ruleset: Ruleset) -> Iterator[Boundary]:
    """The ends of windows of events, in whatever looks at them."""
    seen: set[EventFilter] = set()
    for rule, one in _statements(ruleset):
        for part in below(one, ruleset):
            if isinstance(part, EventFilter) and part.within is not None and part not in seen:
                seen.add(part)
                for step, side in ((1.0, "inside"), (-1.0, "outside")):
                    yield Boundary(("window", id(part), side), rule, part.span, None, None, step, filter=part)


def _statements(ruleset: Ruleset) -> Iterator[tuple[str, Placed]]:
    yield from ((one.name, one) for one in ruleset.declared)
    yield from ((f"route.{one.name}", one) for one in ruleset.routes)
    yield from ((f"sequence.{one.name}", one) for one in ruleset.sequences)
    yield from ((f"trigger.{one.name}", one) for one in ruleset.triggers)
    yield from (("exit all", one) for one in ruleset.exits)
    yield from ((f"suppress {one.channel}", one) for one in ruleset.suppressions)


def met(boundaries: Iterable[Boundary], program: Program, facts: LeadFacts) -> Iterator[Key]:
    """The boundaries at which a lead stands."""
    for one in boundaries:
        if one.filter is not None:
            if any(_stands(one, event, program, facts) for event in facts.case.events):
                yield one.key
        elif one.expr is not None and _had(one, facts):
            number = one.number(program, facts)
            if any(one.is_met(program.value(one.expr, facts, row), number) for row in _rows(one.condition, facts)):
                yield one.key


def _had(one: Boundary, facts: LeadFacts) -> bool:
    return one.held is None or facts.case.inputs.get(str(one.band)) == one.held


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
    if event["type"] not in selection.types:
        return False
    start = context.calendar.shift(context.as_of, -selection.within.count, selection.within.unit)
    if not isinstance(start, datetime):
        return False
    off = event["at"] - start
    is_beside = timedelta(0) < off <= DAY if one.step > 0 else -DAY < off <= timedelta(0)
    return is_beside and (selection.where is None or program.value(selection.where, facts, event) is True)
