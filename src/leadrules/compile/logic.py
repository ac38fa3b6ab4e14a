"""`and`, `or`, `not`, and what people put between them that is no condition.

In: the nodes. Out: flat `and` and `or` of conditions. `contains "VP" or "Director"` and `did a or b` are read as one
mistake each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadrules.compile.mismatch import said
from leadrules.compile.references import resolves
from leadrules.compile.scope import Place, nothing, replace
from leadrules.core.source import Span
from leadrules.core.types import YESNO
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

if TYPE_CHECKING:
    from leadrules.compile.expressions import Scope

JOINABLE = ("=", "contains", "starts", "ends", "matches", "has")


def lower_all(scope: Scope, node: n.And, place: Place) -> Expr:
    """`a and b`."""
    return Expr("and", YESNO, _conditions(scope, node, place), span=node.span.as_json())


def lower_any(scope: Scope, node: n.Or, place: Place) -> Expr:
    """`a or b`."""
    return Expr("or", YESNO, _conditions(scope, node, place), span=node.span.as_json())


def lower_not(scope: Scope, node: n.Not, place: Place) -> Expr:
    """`not a`; a row of `not` is taken in one go."""
    inner: n.Expression = node
    times = 0
    while isinstance(inner, n.Not):
        inner, times = inner.value, times + 1
    lowered = scope.condition(inner, place)
    for _ in range(times % 2 or 2):
        lowered = negation(lowered, node.span)
    return lowered


def negation(lowered: Expr, span: Span) -> Expr:
    """The plain negation."""
    return Expr("not", YESNO, (lowered,), span=span.as_json())


def _conditions(scope: Scope, node: n.And | n.Or, place: Place) -> tuple[Expr, ...]:
    lowered: list[Expr] = []
    at = 0
    while at < len(node.items):
        item = node.items[at]
        lowered.append(scope.condition(item, place))
        at += 1
        loose = _loose_values(node.items, at)
        if loose:
            lowered.append(_alternatives(scope, node, item, loose))
        at += len(loose)
        while isinstance(item, n.Did) and at < len(node.items) and _is_bare_event(scope, node.items[at], place):
            lowered.append(_bare_event(scope, node, item, node.items[at]))
            at += 1
    return tuple(lowered)


def _loose_values(items: tuple[n.Expression, ...], at: int) -> tuple[n.Expression, ...]:
    """The literals from `at` on that follow a test as if its operator went on: `= "a" or "b"`."""
    if not isinstance(items[at - 1], n.TextTest | n.Compare):
        return ()
    end = at
    while end < len(items) and isinstance(items[end], n.TextLiteral | n.NumberLiteral):
        end += 1
    return items[at:end]


def _alternatives(scope: Scope, node: n.And | n.Or, test: n.Expression, loose: tuple[n.Expression, ...]) -> Expr:
    assert isinstance(test, n.TextTest | n.Compare)
    operand = test.operand if isinstance(test, n.TextTest) else test.right
    subject = test.value if isinstance(test, n.TextTest) else test.left
    operator = "in" if isinstance(test, n.Compare) else f"{'not ' if test.negated else ''}{_words(test)} any"
    new = f"{subject.span.text} {operator} ({', '.join(v.span.text for v in (operand, *loose))})"
    word = "and" if isinstance(node, n.And) else "or"
    message = f"{said(loose[0])} stands alone: `{_words(test)}` does not reach past `{word}`"
    can_fix = word == "or" and isinstance(operand, n.TextLiteral | n.NumberLiteral) and test.op in JOINABLE
    fixes = (replace(f"change to `{new}`", test.span | loose[-1].span, new),) if can_fix else ()
    help = f"write `{new}`" if can_fix else "repeat the whole test on both sides"
    return scope.broken("LR124", loose[0].span | loose[-1].span, message, label="no condition", help=help, fixes=fixes)


def _words(test: n.TextTest | n.Compare) -> str:
    return {"starts": "starts with", "ends": "ends with"}.get(test.op, test.op)


def _is_bare_event(scope: Scope, node: n.Expression, place: Place) -> bool:
    return isinstance(node, n.Name) and scope.is_event(node.name.key) and not resolves(scope, node.name.key, place)


def _bare_event(scope: Scope, node: n.And | n.Or, did: n.Did, event: n.Expression) -> Expr:
    word = "never" if did.negated else "did"
    joiner = "and" if isinstance(node, n.And) else "or"
    message = f"`{word}` does not reach past `{joiner}`: {said(event)} stands alone"
    new = f"{word} {event.span.text}"
    fixes = (replace(f"change to `{new}`", event.span, new),)
    scope.complain("LR124", event.span, message, label="no condition", help=f"write `{new}`", fixes=fixes)
    return nothing(event.span)
