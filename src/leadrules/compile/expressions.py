"""One pass over an expression: every name bound, every type agreed, the result in the form that engines run.

In: a node of the syntax tree and the place it stands in. Out: `ruleset.model.Expr`, with findings left in the scope; a
part that is wrong becomes an expression of type ERROR, which agrees with everything. Knows no block of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from leadrules.compile import arithmetic, calls, collections, comparisons, events, references
from leadrules.compile.logic import lower_all, lower_any, lower_not
from leadrules.compile.mismatch import not_yes_no, wrong_kind
from leadrules.compile.scope import LEAD, Place, Scope, instant, nothing
from leadrules.core.types import DATE, DATETIME, DURATION, NUMBER, TEXT, YESNO, Kind, Type
from leadrules.ruleset.model import EventFilter, Expr
from leadrules.syntax import nodes as n


class Expressions(Scope):
    """A scope that compiles expressions, each by what `LOWER` says of its node."""

    def expression(
        self, node: n.Expression, expected: Iterable[Kind] | None = None, place: Place = LEAD, what: str = ""
    ) -> Expr:
        """By its node; of another kind than `expected` is a finding."""
        if expected is not None and "number" in expected and references.is_lone_event(node, self, place):
            return references.lone_event(self, node, "count({})")
        lowered = LOWER[type(node)](self, node, place)
        if expected is None or lowered.type.kind in ("error", *expected):
            return lowered
        return wrong_kind(self, node, lowered, tuple(expected), what)

    def condition(self, node: n.Expression, place: Place = LEAD) -> Expr:
        """Anything but yes or no is a finding."""
        if references.is_lone_event(node, self, place):
            return references.lone_event(self, node, "did {}")
        lowered = self.expression(node, place=place)
        return lowered if lowered.type.kind in ("yesno", "error") else not_yes_no(self, node, lowered)

    def value_of(self, node: n.Expression, wanted: Type, what: str, place: Place = LEAD) -> Expr:
        """Fitted to `wanted`."""
        return comparisons.fitted(self, node, wanted, what, place)

    def event_filter(self, ref: n.EventRef, place: Place = LEAD) -> EventFilter | None:
        """The types of events, and the compiled `where` and `within`."""
        return events.lower_filter(self, ref, place)


def _number(scope: Scope, node: n.NumberLiteral, place: Place) -> Expr:
    return Expr("const", NUMBER, value=float(node.value), span=node.span.as_json())


def _text(scope: Scope, node: n.TextLiteral, place: Place) -> Expr:
    return Expr("const", TEXT, value=node.value, span=node.span.as_json())


def _boolean(scope: Scope, node: n.BooleanLiteral, place: Place) -> Expr:
    return Expr("const", YESNO, value=node.value, span=node.span.as_json())


def _date(scope: Scope, node: n.DateLiteral, place: Place) -> Expr:
    return Expr("const", DATE, value=node.value.isoformat(), span=node.span.as_json())


def _datetime(scope: Scope, node: n.DateTimeLiteral, place: Place) -> Expr:
    return Expr("const", DATETIME, value=instant(scope, node.value), span=node.span.as_json())


def _duration(scope: Scope, node: n.DurationLiteral, place: Place) -> Expr:
    return Expr("duration", DURATION, value=(node.count, node.unit), span=node.span.as_json())


def _broken(scope: Scope, node: n.Broken, place: Place) -> Expr:
    return nothing(node.span)


LOWER: dict[type[n.Expression], Callable[[Scope, Any, Place], Expr]] = {
    n.NumberLiteral: _number,
    n.TextLiteral: _text,
    n.BooleanLiteral: _boolean,
    n.DateLiteral: _date,
    n.DateTimeLiteral: _datetime,
    n.DurationLiteral: _duration,
    n.Broken: _broken,
    n.Name: references.lower_name,
    n.Member: references.lower_member,
    n.And: lower_all,
    n.Or: lower_any,
    n.Not: lower_not,
    n.Did: events.lower_did,
    n.EventArgument: events.lower_stray_argument,
    n.Call: calls.lower_call,
    n.Compare: comparisons.lower_compare,
    n.Between: comparisons.lower_between,
    n.In: collections.lower_in,
    n.TextTest: collections.lower_text_test,
    n.IsBlank: comparisons.lower_is_blank,
    n.IsLabel: comparisons.lower_is_label,
    n.Sum: arithmetic.lower_sum,
    n.Product: arithmetic.lower_product,
    n.Negate: arithmetic.lower_negate,
}
