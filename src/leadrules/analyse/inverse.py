"""What a field or an event must say for an expression over it to have a wanted value.

In: an expression, a value, and how to work out expressions that are the same for every lead. Out: the one leaf that the
expression hangs on, and the value it needs. Undone are sums, differences, steps of the calendar, and what passes a value on;
where a step is not exactly undone (a month's end) the engine that looks at the lead has the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.ruleset.model import Expr

LEAVES = frozenset(["field", "event_field", "aggregate", "did", "name", "lookup", "previous", "since_of", "rep_field"])
CLOCK = ("now", "today")
_UNDONE = frozenset(["shift", "add", "sub", "difference", "mul", "div", "days_between"])
_PASSED_ON = frozenset(["round", "floor", "ceil", "abs", "coalesce", "min", "max", "earliest", "latest"])


@dataclass(frozen=True, slots=True)
class Inverse:
    """Undoes expressions. `plain` writes out names of values; `known` works out what hangs on no lead."""

    calendar: Calendar
    plain: Callable[[Expr], Expr]
    known: Callable[[Expr], Any]

    def is_known(self, expr: Expr) -> bool:
        """Whether an expression is the same for every lead."""
        expr = self.plain(expr)
        if expr.op in LEAVES or (expr.op == "always" and expr.value not in CLOCK):
            return False
        return all(self.is_known(part) for part in expr.args)

    def leaf(self, expr: Expr, wanted: Any) -> tuple[Expr, Any] | None:
        """The leaf and the value that it needs; None where that cannot be worked out."""
        expr = self.plain(expr)
        if wanted is None or expr.op in ("field", "aggregate"):
            return None if wanted is None else (expr, wanted)
        if expr.op == "neg":
            return self.leaf(expr.args[0], -wanted)
        if expr.op in _PASSED_ON:
            open_part = next((part for part in expr.args if not self.is_known(part)), None)
            return None if open_part is None else self.leaf(open_part, wanted)
        if len(expr.args) != 2 or expr.op not in _UNDONE or self.is_known(expr.args[0]) == self.is_known(expr.args[1]):
            return None
        try:
            return self._of_two(expr, wanted)
        except OverflowError:  # beyond the calendar there is no value
            return None

    def _of_two(self, expr: Expr, wanted: Any) -> tuple[Expr, Any] | None:
        """The side that is open, the other being known."""
        left, right = expr.args
        is_left = self.is_known(right)
        side, other = (left, right) if is_left else (right, left)
        if self.known(other) is None and self.plain(other).op != "duration":
            return None
        match expr.op:
            case "shift" if is_left:
                return self.leaf(side, self._moved(wanted, other, -expr.value))
            case "add":
                return self.leaf(side, wanted - self.known(other))
            case "sub" if is_left:
                return self.leaf(side, wanted + self.known(other))
            case "sub" | "difference" if not is_left:
                return self.leaf(side, _taken(self.known(other), wanted))
            case "difference":
                return self.leaf(side, _taken(self.known(other), -wanted))
            case "mul" if self.known(other):
                return self.leaf(side, wanted / self.known(other))
            case "div" if is_left and self.known(other):
                return self.leaf(side, wanted * self.known(other))
            case "days_between" if isinstance(self.known(other), date):
                days = timedelta(days=wanted)
                return self.leaf(side, self.known(other) + (-days if is_left else days))
        return None

    def _moved(self, wanted: date, by: Expr, sign: int) -> Any:
        """A day or an instant, moved by a length."""
        by = self.plain(by)
        if by.op == "duration":
            count, unit = by.value
            return self.calendar.shift(wanted, sign * count, unit)
        length = self.known(by)
        return None if length is None else self.calendar.add(wanted, sign * length)


def _taken(known: Any, wanted: Any) -> Any:
    """What must be taken from a known value to leave the wanted one."""
    if known is None:
        return None
    if isinstance(known, date) and not isinstance(known, datetime):
        return known - timedelta(days=wanted.days)
    return known - wanted
