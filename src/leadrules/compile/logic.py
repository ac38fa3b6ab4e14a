"""`and`, `or`, `not`, and what people put between them that is no condition.

In: the nodes. Out: flat `and` and `or` of conditions. `contains "VP" or "Director"` and `did a or b` are read as one
mistake each.
"""

from __future__ import annotations

from itertools import pairwise

from leadrules.compile.mismatch import between, operator, said
from leadrules.compile.references import resolves
from leadrules.compile.scope import Place, Scope, replace
from leadrules.core.source import Span
from leadrules.core.types import YESNO
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

_BOUNDS = {
    **dict.fromkeys(("higher", "above", "better", "up", "more", "hotter", "over"), "at least"),
    **dict.fromkeys(("lower", "below", "worse", "down", "less", "colder", "under"), "at most"),
}
JOINABLE = ("=", "contains", "starts", "ends", "matches", "has")


def lower_all(scope: Scope, node: n.And, place: Place) -> Expr:
    """`a and b`."""
    if "&" in node.span.text and (joined := _values_joined(scope, node, place)) is not None:
        return joined
    return Expr("and", YESNO, _conditions(scope, node, place), span=node.span.as_json())


def _values_joined(scope: Scope, node: n.And, place: Place) -> Expr | None:
    """`first_name & last_name`, as spreadsheets join texts."""
    if any(between(one, other).text != "&" for one, other in pairwise(node.items)):
        return None
    kinds = {scope.expression(item, place=place).type.kind for item in node.items}
    texts = [item.span.text for item in node.items]
    if kinds == {"number"}:
        new, what = " + ".join(texts), "numbers are added with `+`"
    elif kinds <= {"text", "choice", "number"}:
        new, what = f"concat({', '.join(texts)})", "texts are joined with `concat`"
    else:
        return None
    fixes = (replace(f"change to `{new}`", node.span, new),)
    return scope.broken("LR109", node.span, f"`&` joins conditions; {what}", help=f"write `{new}`", fixes=fixes)


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
        bare = _bare_events(scope, node.items, at, place) if isinstance(item, n.Did) else ()
        if bare:
            lowered.append(_forgotten_did(scope, node, item, bare))
        at += len(bare)
        label = node.items[at] if at < len(node.items) and isinstance(item, n.IsLabel) else None
        label = label.items[0] if isinstance(label, n.And) else label  # `is warm or higher and ..`
        if isinstance(item, n.IsLabel) and isinstance(label, n.Name) and not resolves(scope, label.name.key, place):
            told = _loose_label(scope, node, item, label)
            lowered += [told] if told is not None else []
            at += told is not None
    return tuple(lowered)


def _loose_values(items: tuple[n.Expression, ...], at: int) -> tuple[n.Expression, ...]:
    """The literals from `at` on that follow a test as if its operator went on: `= "a" or "b"`."""
    if not isinstance(items[at - 1], n.TextTest | n.Compare):
        return ()
    end = at
    while end < len(items) and isinstance(items[end], n.TextLiteral | n.NumberLiteral):
        end += 1
    return items[at:end]


def _loose_label(scope: Scope, node: n.And | n.Or, test: n.IsLabel, word: n.Name) -> Expr | None:
    """`temperature is hot or warm`, `temperature is warm or higher`."""
    subject, key, first = test.value.span.text, word.name.key, test.labels[0].span.text
    labels = scope.labels_of(test.value.name.key) if isinstance(test.value, n.Name) else None
    bound = _BOUNDS.get(key.lower()) if len(test.labels) == 1 and test.op == "is" and isinstance(node, n.Or) else None
    if not labels or (key not in labels and bound is None):
        return None
    if bound is not None and key not in labels:
        new, span = f"{subject} is {bound} {first}", test.span | word.span
    else:
        new, span = f"{subject} is {'not ' * (test.op == 'is not')}{word.span.text}", word.span
    joint = "and" if isinstance(node, n.And) else "or"
    message = f"{said(word)} stands alone: `is` does not reach past `{joint}`"
    fixes = (replace(f"change to `{new}`", span, new),)
    return scope.broken("LR124", word.span, message, label="no condition", help=f"write `{new}`", fixes=fixes)


def _alternatives(scope: Scope, node: n.And | n.Or, test: n.Expression, loose: tuple[n.Expression, ...]) -> Expr:
    assert isinstance(test, n.TextTest | n.Compare)
    operand = test.operand if isinstance(test, n.TextTest) else test.right
    subject = test.value if isinstance(test, n.TextTest) else test.left
    words = "in" if isinstance(test, n.Compare) else f"{'not ' if test.negated else ''}{operator(test.op)} any"
    new = f"{subject.span.text} {words} ({', '.join(v.span.text for v in (operand, *loose))})"
    word = "and" if isinstance(node, n.And) else "or"
    message = f"{said(loose[0])} stands alone: `{operator(test.op)}` does not reach past `{word}`"
    can_fix = word == "or" and isinstance(operand, n.TextLiteral | n.NumberLiteral) and test.op in JOINABLE
    fixes = (replace(f"change to `{new}`", test.span | loose[-1].span, new),) if can_fix else ()
    hint = f"write `{new}`" if can_fix else "repeat the whole test on both sides"
    return scope.broken("LR124", loose[0].span | loose[-1].span, message, label="no condition", help=hint, fixes=fixes)


def _bare_events(scope: Scope, items: tuple[n.Expression, ...], at: int, place: Place) -> tuple[n.Name, ...]:
    """The events from `at` on that stand without `did`."""
    found: list[n.Name] = []
    for item in items[at:]:
        if not isinstance(item, n.Name) or not scope.is_event(item.name.key) or resolves(scope, item.name.key, place):
            break
        found.append(item)
    return tuple(found)


def _forgotten_did(scope: Scope, node: n.And | n.Or, did: n.Expression, events: tuple[n.Name, ...]) -> Expr:
    word = "never" if isinstance(did, n.Did) and did.negated else "did"
    joiner = "and" if isinstance(node, n.And) else "or"
    span = events[0].span | events[-1].span
    new = f" {joiner} ".join(f"{word} {event.span.text}" for event in events)
    message = f"`{word}` does not reach past `{joiner}`: {said(events[0])} stands alone"
    fixes = (replace(f"change to `{new}`", span, new),)
    return scope.broken("LR124", span, message, label="no condition", help=f"write `{new}`", fixes=fixes)
