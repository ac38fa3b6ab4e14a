"""The values that an expression can have, by interval arithmetic over the schema.

In: an expression of the ruleset and `Known`, what is known of its leaves. Out: a region that holds every value it can
have, perhaps more; never less. An operation that is not understood here may have any value of its type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from leadrules.analyse.domains import (
    EITHER,
    EVERY_NUMBER,
    EVERY_WORD,
    Numbers,
    Region,
    Words,
    join,
    numbers,
    points,
    words,
)
from leadrules.core.calendar import nominal
from leadrules.core.functions.numbers import MOST_DIGITS
from leadrules.core.text import fold, rounded
from leadrules.core.types import Type
from leadrules.project.model import Field
from leadrules.ruleset.model import Expr

_NUMERIC = frozenset(["number", "date", "datetime", "duration"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIMITS = {"month": (1, 12), "day": (1, 31), "weekday": (1, 7), "year": (1, 9999), "bucket": (0, 99)}
WHOLE_OPS = frozenset([*_LIMITS, "length", "days_between"])


class Known(Protocol):
    """What is known of the leaves of expressions."""

    def range(self, expr: Expr) -> Region:
        """Every value of an expression, worked out once."""

    def leaf(self, expr: Expr) -> Region | None:
        """The values of a field, an aggregate, a definition, a lookup; None for what is no leaf."""


def as_number(value: Any, type_: Type) -> float | None:
    """A literal as a number on the axis of its type: dates as day numbers, datetimes as seconds."""
    if type_.kind == "date":
        return float(date.fromisoformat(value).toordinal())
    if type_.kind == "datetime":
        return datetime.fromisoformat(value).timestamp()
    return float(value) if type_.kind == "number" else None


def as_value(number: float, type_: Type) -> Any:
    """The number, day, instant or length that stands at a place of its type's axis; None beyond the years 1 to 9999."""
    try:
        match type_.kind:
            case "date":
                return date.min + timedelta(days=int(number) - 1)
            case "datetime":
                return _EPOCH + timedelta(seconds=number)
            case "duration":
                return timedelta(seconds=number)
    except OverflowError:
        return None
    return number


def every(type_: Type) -> Region:
    """Every value of a type, and the blank."""
    if type_.kind in _NUMERIC:
        return EVERY_NUMBER
    if type_.kind == "yesno":
        return Words(EITHER.values, False, True)
    if type_.options:
        options = type_.options if type_.kind == "label" else (fold(option) for option in type_.options)
        return Words(frozenset(options), False, True)
    return EVERY_WORD


def of_field(field: Field) -> Region:
    """The values that a field's schema lets through."""
    region: Region = every(field.type)
    if isinstance(region, Numbers):
        region = region & _bounds(field)
        region = region.whole() if field.integer or field.type.kind == "date" else region
    if field.const is not None:
        region = _constant(field.const, field.type)
    return region.present() if field.required else region


def _bounds(field: Field) -> Numbers:
    low = numbers(-math.inf if field.minimum is None else field.minimum)
    high = numbers(high=math.inf if field.maximum is None else field.maximum)
    above = numbers(-math.inf if field.exclusive_minimum is None else field.exclusive_minimum, above=True)
    below = numbers(high=math.inf if field.exclusive_maximum is None else field.exclusive_maximum, below=True)
    found = low & high
    found = found & above if field.exclusive_minimum is not None else found
    found = found & below if field.exclusive_maximum is not None else found
    return Numbers(found.spans, True)


def _constant(value: Any, type_: Type) -> Region:
    if isinstance(value, bool):
        return Words(frozenset([str(value).lower()]), False, True)
    number = as_number(value, type_)
    return (
        Words(frozenset([fold(str(value))]), False, True) if number is None else Numbers(points([number]).spans, True)
    )


def of(expr: Expr, known: Known) -> Region:
    """Every value that an expression can have."""
    leaf = known.leaf(expr)
    if leaf is not None:
        return leaf
    if expr.op == "const":
        return _literal(expr)
    if expr.op == "duration":
        length = nominal(*expr.value)
        return EVERY_NUMBER if length is None else points([length.total_seconds()])
    if expr.op in _LIMITS:
        low, high = _LIMITS[expr.op]
        return Numbers(numbers(low, high).spans, expr.op != "bucket")
    if expr.op == "length":
        return Numbers(numbers(0).spans, True)
    if expr.op in _CHOOSING:
        return _CHOOSING[expr.op](expr, [known.range(part) for part in expr.args])
    rule = _ARITHMETIC.get(expr.op)
    if rule is None or expr.type.kind != "number":
        return every(expr.type)
    return _computed(rule, [known.range(part) for part in expr.args])


def _literal(expr: Expr) -> Region:
    if expr.value is None:
        return Numbers((), True) if expr.type.kind in _NUMERIC else Words(frozenset(), False, True)
    if isinstance(expr.value, bool):
        return words(str(expr.value).lower())
    number = as_number(expr.value, expr.type)
    return words(fold(str(expr.value))) if number is None else points([number])


def _computed(rule: Callable[[list[tuple[float, float]]], tuple[float, float]], parts: Sequence[Region]) -> Region:
    ends = [(part.low, part.high) for part in parts if isinstance(part, Numbers) and part.spans]
    if len(ends) < len(parts):
        return EVERY_NUMBER
    low, high = rule(ends)
    blank = any(part.blank for part in parts)
    if math.isnan(low) or math.isnan(high):
        return EVERY_NUMBER
    return Numbers(numbers(low, high).spans, blank)


def _sum(ends: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def _less(ends: list[tuple[float, float]]) -> tuple[float, float]:
    return ends[0][0] - ends[1][1], ends[0][1] - ends[1][0]


def _product(ends: list[tuple[float, float]]) -> tuple[float, float]:
    low, high = ends[0]
    for other in ends[1:]:
        corners = [_times(a, b) for a in (low, high) for b in other]
        low, high = min(corners), max(corners)
    return low, high


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _quotient(ends: list[tuple[float, float]]) -> tuple[float, float]:
    low, high = ends[1]
    if low != high or low == 0:
        return -math.inf, math.inf
    corners = [end / low for end in ends[0]]
    return min(corners), max(corners)


def _absolute(ends: list[tuple[float, float]]) -> tuple[float, float]:
    low, high = ends[0]
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def _stepped(step: Callable[[float], float]) -> Callable[[list[tuple[float, float]]], tuple[float, float]]:
    def rule(ends: list[tuple[float, float]]) -> tuple[float, float]:
        low, high = ends[0]
        return (low if math.isinf(low) else step(low)), (high if math.isinf(high) else step(high))

    return rule


def _rounding(ends: list[tuple[float, float]]) -> tuple[float, float]:
    digits = int(ends[1][0]) if len(ends) > 1 and ends[1][0] == ends[1][1] else 0
    if len(ends) > 1 and ends[1][0] != ends[1][1]:
        return -math.inf, math.inf
    return _stepped(lambda number: rounded(number, max(-MOST_DIGITS, min(MOST_DIGITS, digits))))(ends)


_ARITHMETIC: dict[str, Callable[[list[tuple[float, float]]], tuple[float, float]]] = {
    "add": _sum,
    "sub": _less,
    "mul": _product,
    "div": _quotient,
    "neg": lambda ends: (-ends[0][1], -ends[0][0]),
    "abs": _absolute,
    "round": _rounding,
    "floor": _stepped(math.floor),
    "ceil": _stepped(math.ceil),
}


def _joined(regions: Sequence[Region]) -> Region:
    found = regions[0]
    for other in regions[1:]:
        found = join(found, other)
    return found


def _first_present(expr: Expr, regions: Sequence[Region]) -> Region:
    """`coalesce`: of each part what is not blank; blank only where all of them may be."""
    if any(type(region) is not type(regions[0]) for region in regions):
        return every(expr.type)
    found = _joined([region.present() for region in regions])
    blank = all(region.blank for region in regions)
    if isinstance(found, Numbers):
        return Numbers(found.spans, blank)
    return Words(found.values, found.all_but, blank)


def _one_of(expr: Expr, regions: Sequence[Region]) -> Region:
    return every(expr.type) if type(regions[1]) is not type(regions[2]) else _joined(regions[1:])


def _extreme(pick: Callable[..., float]) -> Callable[[Expr, Sequence[Region]], Region]:
    """`min` and `max` pass over blanks, so each part that may be blank leaves the others."""

    def region(expr: Expr, regions: Sequence[Region]) -> Region:
        parts = [one for one in regions if isinstance(one, Numbers) and one.spans]
        if len(parts) < len(regions) or expr.type.kind != "number":
            return every(expr.type)
        sure = [one for one in parts if not one.blank]
        low = min(one.low for one in parts) if pick is min else max((one.low for one in sure), default=-math.inf)
        high = max(one.high for one in parts) if pick is max else min((one.high for one in sure), default=math.inf)
        low = max(low, min(one.low for one in parts))
        high = min(high, max(one.high for one in parts))
        return Numbers(numbers(low, high).spans, not sure)

    return region


_CHOOSING: dict[str, Callable[[Expr, Sequence[Region]], Region]] = {
    "coalesce": _first_present,
    "if": _one_of,
    "min": _extreme(min),
    "max": _extreme(max),
}
