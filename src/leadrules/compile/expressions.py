"""One pass over an expression: every name bound, every type agreed, the result in the form that engines run.

In: a node of the syntax tree and the place it stands in. Out: `ruleset.model.Expr`, with findings left in the scope; a
part that is wrong becomes an expression of type ERROR, which agrees with everything. Knows no block of the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from leadrules.compile import arithmetic, calls, comparisons, events, references
from leadrules.compile.logic import lower_all, lower_any, lower_not
from leadrules.compile.mismatch import not_yes_no, wrong_kind
from leadrules.compile.scope import LEAD, Context, Place, duration, inside_event, inside_team, nothing
from leadrules.core.types import BLANK, DATE, DATETIME, DURATION, NUMBER, TEXT, YESNO, Kind, Type
from leadrules.ruleset.model import Aggregate, EventFilter, Expr
from leadrules.syntax import nodes as n

__all__ = ["BLANK", "LEAD", "Place", "Scope", "duration", "inside_event", "inside_team", "nothing"]


class Scope(Context):
    """Names, and the compiling of expressions that use them."""

    def expression(
        self, node: n.Expression, expected: Iterable[Kind] | None = None, place: Place = LEAD, what: str = ""
    ) -> Expr:
        """The compiled expression; of another kind than `expected` is a finding (`what` says what it is for)."""
        lowered = LOWER[type(node)](self, node, place)
        if expected is None or lowered.type.kind in ("error", *expected):
            return lowered
        return wrong_kind(self, node, lowered, tuple(expected), what)

    def condition(self, node: n.Expression, place: Place = LEAD) -> Expr:
        """The compiled condition: yes or no, or a finding."""
        lowered = self.expression(node, place=place)
        return lowered if lowered.type.kind in ("yesno", "error") else not_yes_no(self, node, lowered)

    def value_of(self, node: n.Expression, wanted: Type, what: str, place: Place = LEAD) -> Expr:
        """The compiled value for something of type `wanted` (a field that is set, a test's `given`): text takes the
        spelling of a choice's options."""
        return comparisons.fitted(self, node, wanted, what, place)

    def event_filter(self, ref: n.EventRef, place: Place = LEAD) -> EventFilter | None:
        """The compiled event reference; None where its event is unknown."""
        return events.lower_filter(self, ref, place)

    def aggregate(self, function: Any, filter: EventFilter, field: str | None, type: Type, span: Any) -> int:
        """The index of an aggregate, shared by equal ones."""
        return self.intern(Aggregate(function, filter, field, type, span=span))


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


def instant(scope: Context, local: datetime) -> str:
    """ISO text with offset of a local time of the project: one that does not exist moves forward, of two the first."""
    moment = local.astimezone(UTC) if local.tzinfo else scope.calendar.instant(local)
    return moment.astimezone(ZoneInfo(scope.project.timezone)).isoformat()


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
    n.In: comparisons.lower_in,
    n.TextTest: comparisons.lower_text_test,
    n.IsBlank: comparisons.lower_is_blank,
    n.IsLabel: comparisons.lower_is_label,
    n.Sum: arithmetic.lower_sum,
    n.Product: arithmetic.lower_product,
    n.Negate: arithmetic.lower_negate,
}
