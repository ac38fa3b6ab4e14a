"""Conditions as formulas: what must be so of which terms for an expression to hold, or not to.

In: expressions of the ruleset. Out: formulas that say exactly the same of the terms; what is not understood is a term of
its own that holds or does not. Labels bring along what they say of the numbers and conditions behind them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from leadrules.analyse import ranges
from leadrules.analyse.domains import NO, YES, Numbers, Region, Words, meet, minus, numbers, points, words
from leadrules.analyse.formulas import FALSE, TRUE, Fact, Formula, Term, atom, both, either, is_small, negated
from leadrules.analyse.terms import Terms, label_names
from leadrules.core.text import fold, folded
from leadrules.core.types import NUMBER, Type
from leadrules.ruleset.model import (
    Active,
    Band,
    Classify,
    ClassLabel,
    EventFilter,
    Expr,
    Matrix,
    RouteRule,
    ScoreRule,
    Segment,
    Stages,
)

_COMPARED = {"eq": ("equal",), "lt": ("less",), "le": ("less", "equal"), "gt": ("more",), "ge": ("more", "equal")}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq"}
_CHOOSING = ("if", "coalesce")
# Operations that are blank as soon as one of their parts is.
_OF_ALL_PARTS = frozenset(["add", "sub", "mul", "div", "neg", "abs", "shift", "difference", "days_between"])
_SEARCHES = ("contains", "starts", "ends")
_FEW_LABELS = 5
MOST_PARTS = 3_000
MOST_WAYS, MOST_NEEDED = 24, 12
ROUNDING = 1e-4  # a band rounds its number to 4 decimals


class Conditions:
    """Makes formulas, each once. `of_new_leads`: of those that had no label before, so none is held or kept from sliding back."""

    def __init__(self, terms: Terms, *, of_new_leads: bool = False) -> None:
        self.terms, self.of_new_leads = terms, of_new_leads
        self._made: dict[int, tuple[Expr, Formula]] = {}
        self._rules: dict[str, Callable[[Expr], Formula | None]] = {
            "const": lambda expr: TRUE if expr.value is True else FALSE,
            "and": lambda expr: both(self.holds(part) for part in expr.args),
            "or": lambda expr: either(self.holds(part) for part in expr.args),
            "not": lambda expr: negated(self.holds(expr.args[0])),
            "name": self._name,
            "did": lambda expr: self.happened(self.terms.ruleset.aggregates[expr.value].filter),
            "is_blank": self._is_blank,
            "is_label": lambda expr: self._labels(expr.args[0], frozenset(expr.value)),
            "between": self._between,
            "in": self._in,
            "in_table": lambda expr: self._among(
                expr.args[0], words(*(key for key, _ in self.terms.tables[expr.value].rows))
            ),
            "in_team": self._in_team,
            "has": self._search,
            "matches": self._search,
            **dict.fromkeys(_SEARCHES, self._search),
            **dict.fromkeys(_COMPARED, self._compare),
        }

    def holds(self, expr: Expr | None) -> Formula:
        """What must be so for a condition to hold; without a condition, nothing."""
        if expr is None:
            return TRUE
        found = self._made.get(id(expr))
        if found is None:
            found = self._made[id(expr)] = (expr, self._bounded(expr, self._make(self.terms.plain(expr))))
        return found[1]

    def _bounded(self, expr: Expr, made: Formula) -> Formula:
        """A condition that is too large to be looked into is one that holds or does not."""
        return made if is_small(made, MOST_PARTS) else atom(self.terms.yesno(expr), YES)

    def _make(self, expr: Expr) -> Formula:
        rule = self._rules.get(expr.op)
        made = rule(expr) if rule is not None else None
        if made is not None:
            return made
        if expr.op in ("field", "event_field") and expr.type.kind == "yesno":
            return atom(self.terms.term(expr), YES)
        return atom(self.terms.yesno(expr), YES)

    # -- lines ------------------------------------------------------------------------------------------------------

    def rule(self, rule: ScoreRule) -> Formula:
        """When a score rule gives something: its condition, an event where it asks for each, and its dates."""
        event = TRUE if rule.each is None else self.happened(rule.each.filter)
        return both([self.holds(rule.when), event, self.active(rule.active)])

    def line(self, line: ClassLabel | RouteRule) -> Formula:
        """When a line of a first-match list matches, whatever stands before it."""
        return both([self.holds(line.condition), self.active(line.active)])

    def active(self, active: Active | None) -> Formula:
        """Whether a line exists on the day of the run."""
        if active is None:
            return TRUE
        low = -math.inf if active.start is None else ranges.as_number(active.start, Type("date"))
        high = math.inf if active.end is None else ranges.as_number(active.end, Type("date"))
        assert low is not None
        assert high is not None
        return atom(self.terms.today(), numbers(low, high))

    def happened(self, events: EventFilter) -> Formula:
        """At least one event is let through."""
        if self.where(events) == FALSE:
            return FALSE
        return atom(self.terms.count(events), numbers(1))

    def where(self, events: EventFilter) -> Formula:
        """What must be so of one event."""
        before, self.terms.event_types = self.terms.event_types, events.types
        try:
            return self.holds(events.where)
        finally:
            self.terms.event_types = before

    # -- operations -------------------------------------------------------------------------------------------------

    def _name(self, expr: Expr) -> Formula | None:
        one = self.terms.definitions.get(expr.value)
        return self.holds(one.condition) if isinstance(one, Segment) else None

    def _is_blank(self, expr: Expr) -> Formula:
        part = self.terms.plain(expr.args[0])
        if part.op == "aggregate":
            one = self.terms.ruleset.aggregates[part.value]
            if one.function in ("first", "last") and one.field is None:
                return negated(self.happened(one.filter))
        term = self.terms.term(part)
        empty: Region = Numbers((), True) if isinstance(term.domain, Numbers) else Words(frozenset(), False, True)
        return atom(term, empty)

    def _compare(self, expr: Expr) -> Formula | None:
        a, b = (self._settled(part) for part in expr.args)
        op = expr.op
        if self._value(a) is not None:
            a, b, op = b, a, _MIRRORED[op]
        if a.op in _CHOOSING:
            return self._either_way(a, lambda part: self._compare(Expr(op, expr.type, (part, b))))
        value = self._value(b)
        if value is None:
            term, swapped = self.terms.compared(a, b)
            return both(
                [atom(term, words(*_COMPARED[_MIRRORED[op] if swapped else op])), *self._needed(a), *self._needed(b)]
            )
        if a.type.kind in ("number", "date", "datetime", "duration"):
            region = self._interval(op, a.type, b, value)
            if region is None:
                return None
            return both([self._with_event(a, atom(self.terms.term(a), region)), *self._needed(a)])
        return self._among(a, words(str(value).lower() if isinstance(value, bool) else fold(str(value))))

    def _needed(self, expr: Expr) -> Iterator[Formula]:
        """What a computed value is worked out from is there, where a comparison with it holds; each field once."""
        pending, seen = [expr], set[str]()
        while pending:
            one = self.terms.plain(pending.pop())
            key = self.terms.key(one)
            if key in seen or len(seen) >= MOST_NEEDED:
                continue
            seen.add(key)
            if one.op == "field" and one is not expr:
                yield negated(self._is_blank(Expr("is_blank", expr.type, (one,))))
            elif one.op in _OF_ALL_PARTS:
                pending += one.args

    def _with_event(self, expr: Expr, formula: Formula) -> Formula:
        """A comparison with the time or value of an event holds only if there is such an event."""
        if expr.op != "aggregate" or formula in (TRUE, FALSE):
            return formula
        one = self.terms.ruleset.aggregates[expr.value]
        return both([formula, self.happened(one.filter)]) if one.function in ("first", "last") else formula

    def _settled(self, expr: Expr) -> Expr:
        """A number that is the same for every lead as a literal."""
        expr = self.terms.plain(expr)
        if expr.op in ("const", "duration") or expr.type.kind != "number":
            return expr
        region = self.terms.range(expr)
        is_one = isinstance(region, Numbers) and not region.blank and region.low == region.high
        return Expr("const", NUMBER, (), region.low) if is_one and isinstance(region, Numbers) else expr

    def _value(self, expr: Expr) -> Any:
        if expr.op == "const":
            return expr.value
        if expr.op == "duration":
            region = self.terms.range(expr)
            return region.low if isinstance(region, Numbers) and region.low == region.high else None
        return None

    def _interval(self, op: str, type_: Type, literal: Expr, value: Any) -> Numbers | None:
        """The numbers that compare so with a literal; a date beside a datetime is its whole day."""
        if literal.op == "duration":
            return _beside(op, value, value)
        number = ranges.as_number(value, literal.type)
        if number is None or type_.kind == literal.type.kind:
            return None if number is None else _beside(op, number, number)
        if type_.kind == "datetime" and literal.type.kind == "date":
            return _beside(op, *self.terms.whole_day(number), end_is_open=True)
        return None

    def _between(self, expr: Expr) -> Formula | None:
        value, low, high = expr.args
        parts = [self._compare(Expr(op, expr.type, (value, end))) for op, end in (("ge", low), ("le", high))]
        found = [part for part in parts if part is not None]
        return both(found) if len(found) == len(parts) else None

    def _in(self, expr: Expr) -> Formula | None:
        first, *items = expr.args
        values = [*self.terms.members(expr.value)] if expr.value is not None else []
        plain = [self.terms.plain(item) for item in items]
        if any(item.op != "const" for item in plain):
            return None
        values += [item.value for item in plain if item.value is not None]
        if first.type.kind in ("date", "datetime"):
            return None if any(item.type != first.type for item in plain) else self._points(first, plain)
        if first.type.kind == "number":
            return atom(self.terms.term(first), points(float(value) for value in values))
        return self._among(first, words(*(fold(str(value)) for value in values)))

    def _points(self, expr: Expr, items: Iterable[Expr]) -> Formula:
        found = (ranges.as_number(item.value, item.type) for item in items)
        return atom(self.terms.term(expr), points(number for number in found if number is not None))

    def _in_team(self, expr: Expr) -> Formula | None:
        return self._among(expr.args[0], Words(self.terms.teams.get(expr.value, frozenset())))

    def _among(self, expr: Expr, region: Words) -> Formula | None:
        expr = self.terms.plain(expr)
        if expr.op in _CHOOSING:
            return self._either_way(expr, lambda part: self._among(part, region))
        if expr.op == "const" and expr.type.kind != "yesno":
            return TRUE if self._is_one_of(expr, region) else FALSE
        if expr.type.kind == "yesno" and expr.op != "field":
            held = self.holds(expr)
            return held if region == YES else negated(held) if region == NO and not self._maybe_blank(expr) else None
        return atom(self.terms.term(expr), region)

    def _either_way(self, expr: Expr, says: Callable[[Expr], Formula | None]) -> Formula | None:
        """What is said of an `if`, or a `coalesce`, is said of the part that it takes."""
        if not self._is_narrow(expr):
            return None
        if expr.op == "coalesce":
            head, *rest = expr.args
            taken = negated(self._is_blank(Expr("is_blank", expr.type, (head,))))
            parts = [head, rest[0] if len(rest) == 1 else Expr("coalesce", expr.type, tuple(rest))]
        else:
            taken, parts = self.holds(expr.args[0]), list(expr.args[1:])
        first, second = (says(self._settled(part)) for part in parts)
        if first is None or second is None:
            return None
        return either([both([taken, first]), both([negated(taken), second])])

    def _is_narrow(self, expr: Expr) -> bool:
        """Whether what an expression can come to is few enough parts to be looked into one by one."""
        pending, count = [expr], 0
        while pending and count <= MOST_WAYS:
            one, count = self.terms.plain(pending.pop()), count + 1
            if one.op in _CHOOSING:
                pending += one.args[1:] if one.op == "if" else one.args
        return count <= MOST_WAYS

    def _is_one_of(self, expr: Expr, region: Words) -> bool:
        return region.blank if expr.value is None else region.has(fold(str(expr.value)))

    def _maybe_blank(self, expr: Expr) -> bool:
        return self.terms.range(expr).blank

    def _search(self, expr: Expr) -> Formula | None:
        first, *items = expr.args
        if expr.op == "matches":
            needles = [str(pattern) for pattern in expr.value]
        else:
            members = list(self.terms.members(expr.value)) if expr.value is not None else []
            plain = [self.terms.plain(item) for item in items]
            if any(item.op != "const" for item in plain):
                return None
            make = fold if expr.op == "has" else folded
            needles = [make(str(value)) for value in [*members, *(item.value for item in plain)]]
        term = self.terms.term(first)
        return either(Fact(term, expr.op, needle, True) for needle in dict.fromkeys(needles))

    # -- labels -----------------------------------------------------------------------------------------------------

    def _labels(self, expr: Expr, wanted: frozenset[str]) -> Formula | None:
        expr = self.terms.plain(expr)
        term = self.terms.term(expr)
        one = self.terms.definitions.get(expr.value) if expr.op == "name" else None
        if isinstance(one, Band) and (self.of_new_leads or not any(label.hold is not None for label in one.labels)):
            return self._band(one, wanted)
        if isinstance(one, Matrix):
            return self._matrix(one, wanted)
        chosen = atom(term, Words(wanted))
        if isinstance(one, Band):
            return both([chosen, self._held(one, wanted)])
        if isinstance(one, Classify | Stages) and self.of_new_leads:
            # Without the label itself, so that "not this label" says what another one takes.
            return either(self._label(one, name, len(one.labels)) for name in label_names(one) if name in wanted)
        if isinstance(one, Classify | Stages) and not getattr(one, "forward_only", False):
            return both([chosen, either(self._label(one, name) for name in label_names(one) if name in wanted)])
        return chosen

    def _band(self, band: Band, wanted: frozenset[str]) -> Formula:
        term, region = self.banded(band), Numbers(())
        rest: Region = term.domain
        for label in band.labels:
            own = rest if label.start is None else meet(rest, numbers(label.start))
            rest = minus(rest, own)
            if label.name in wanted:
                assert isinstance(own, Numbers)
                region = region | own
        return self._of_number(band, region)

    def _of_number(self, band: Band, region: Numbers) -> Formula:
        """The band's number lies in a region, and so does, within the rounding, what it is made of."""
        term, value = self.banded(band), self.terms.term(band.value)
        rounded = atom(term, region)
        return rounded if value is term or rounded in (TRUE, FALSE) else both([rounded, atom(value, _widened(region))])

    def _held(self, band: Band, wanted: frozenset[str]) -> Formula:
        """What a label that may be held says of the number: it has not fallen below where the label is let go."""
        if any(label.start is None for label in band.labels if label.name in wanted):
            return TRUE
        least = [
            min(x for x in (label.start, label.hold) if x is not None) for label in band.labels if label.name in wanted
        ]
        return self._of_number(band, numbers(min(least))) if least else FALSE

    def banded(self, band: Band) -> Term:
        """What a band looks at: its number, rounded to 4 decimals."""
        value = self.terms.plain(band.value)
        exact = value.op == "name" or self.terms.term(value).whole
        return self.terms.term(value if exact else Expr("round", NUMBER, (value, Expr("const", NUMBER, (), 4.0))))

    def _matrix(self, matrix: Matrix, wanted: frozenset[str]) -> Formula | None:
        rows = []
        for row, cells in zip(matrix.rows, matrix.cells, strict=True):
            columns = frozenset(c for c, label in zip(matrix.columns, cells, strict=True) if label in wanted)
            if columns:
                rows.append(both([self._side(matrix.rows_of, {row}), self._side(matrix.columns_of, columns)]))
        return either(rows)

    def _side(self, name: str, labels: Iterable[str]) -> Formula:
        side = Expr("name", Type("label", (), name), (), name)
        return self.holds(Expr("is_label", Type("yesno"), (side,), sorted(labels)))

    def _label(self, one: Classify | Stages, name: str, few: int = _FEW_LABELS) -> Formula:
        """What a label says: its line matches, and, where the list is short, those before it do not."""
        lines = [self.line(label) for label in one.labels]
        at = next(i for i, label in enumerate(one.labels) if label.name == name)
        before = lines[:at] if at < few else []
        return both([lines[at], *(negated(line) for line in before)])


def _widened(region: Numbers) -> Numbers:
    """A region with what rounds into it."""
    spans = (((a[0] - ROUNDING, 0), (b[0] + ROUNDING, 1)) for a, b in region.spans)
    return Numbers((), region.blank) | Numbers(tuple(spans)) if region.spans else region


def _beside(op: str, start: float, end: float, *, end_is_open: bool = False) -> Numbers:
    """The numbers that are op the stretch from `start` to `end`."""
    match op:
        case "eq":
            return numbers(start, end, below=end_is_open)
        case "lt":
            return numbers(high=start, below=True)
        case "le":
            return numbers(high=end, below=end_is_open)
        case "gt":
            return numbers(end, above=not end_is_open)
        case _:
            return numbers(start)
