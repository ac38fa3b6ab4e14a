"""`and`, `or`, `not`, and what people put between them that is no condition.

In: the nodes. Out: flat `and` and `or` of conditions. `contains "VP" or "Director"` and `did a or b` are read as one
mistake each.
"""

from __future__ import annotations

from itertools import pairwise, takewhile

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
        words = _loose_words(scope, node.items[at:], place) if isinstance(item, n.IsLabel) else []
        if isinstance(item, n.IsLabel) and words:
            told, count = _loose_labels(scope, node, item, words)
            lowered += [told] if told is not None else []
            at += count
    return tuple(lowered)


def _loose_values(items: tuple[n.Expression, ...], at: int) -> tuple[n.Expression, ...]:
    """The literals from `at` on that follow a test as if its operator went on: `= "a" or "b"`."""
    if not isinstance(items[at - 1], n.TextTest | n.Compare):
        return ()
    end = at
    while end < len(items) and isinstance(items[end], n.TextLiteral | n.NumberLiteral):
        end += 1
    return items[at:end]


def _loose_words(scope: Scope, items: tuple[n.Expression, ...], place: Place) -> list[n.Name]:
    """The words that follow a test of labels as if its `is` went on, up to that of `is warm or higher and ..`."""
    words: list[n.Name] = []
    for item in items:
        first = item.items[0] if isinstance(item, n.And) else item
        if not isinstance(first, n.Name) or resolves(scope, first.name.key, place):
            break
        words.append(first)
        if first is not item:
            break
    return words


def _loose_labels(scope: Scope, node: n.And | n.Or, test: n.IsLabel, words: list[n.Name]) -> tuple[Expr | None, int]:
    """`temperature is hot or warm`, `is not hot or warm`, which is neither, `is warm or higher`; how many words it takes."""
    subject, first = test.value.span.text, test.labels[0].span.text
    labels = scope.labels_of(test.value.name.key) if isinstance(test.value, n.Name) else None
    loose = list(takewhile(lambda word: word.name.key in (labels or ()), words))
    joint = "and" if isinstance(node, n.And) else "or"
    bound = _BOUNDS.get(words[0].name.key.lower())
    if loose and test.op in ("is", "is not", "one of") and joint == "or":
        several = ", ".join(one.span.text for one in (*test.labels, *loose))
        negated = "not " if test.op == "is not" else ""
        new, span = f"{subject} is {negated}one of ({several})", test.span | loose[-1].span
    elif loose:
        new, span = f"{subject} is {'not ' * (test.op == 'is not')}{loose[0].span.text}", loose[0].span
    elif labels and bound is not None and len(test.labels) == 1 and test.op == "is" and joint == "or":
        new, span = f"{subject} is {bound} {first}", test.span | words[0].span
    else:
        return None, 0
    message = f"{said(words[0])} stands alone: `is` does not reach past `{joint}`"
    fixes = (replace(f"change to `{new}`", span, new),)
    told = scope.broken("LR124", words[0].span, message, label="no condition", help=f"write `{new}`", fixes=fixes)
    return told, len(loose) or 1


def _alternatives(scope: Scope, node: n.And | n.Or, test: n.Expression, loose: tuple[n.Expression, ...]) -> Expr:
    assert isinstance(test, n.TextTest | n.Compare)
    operand = test.operand if isinstance(test, n.TextTest) else test.right
    subject = test.value if isinstance(test, n.TextTest) else test.left
    is_not = test.op == "!=" if isinstance(test, n.Compare) else test.negated
    words = f"{'not ' if is_not else ''}{'in' if isinstance(test, n.Compare) else f'{operator(test.op)} any'}"
    new = f"{subject.span.text} {words} ({', '.join(v.span.text for v in (operand, *loose))})"
    word = "and" if isinstance(node, n.And) else "or"
    message = f"{said(loose[0])} stands alone: `{operator(test.op)}` does not reach past `{word}`"
    is_list = word == "or" or test.op == "!="  # `!= "a" and "b"` is neither, as `!= "a" or "b"` is
    can_fix = is_list and isinstance(operand, n.TextLiteral | n.NumberLiteral) and test.op in (*JOINABLE, "!=")
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
    if word == "never" and joiner == "or":  # never one of several is never each of them
        span |= did.span
        new = " and ".join([did.span.text, *(f"{word} {event.span.text}" for event in events)])
    message = f"`{word}` does not reach past `{joiner}`: {said(events[0])} stands alone"
    fixes = (replace(f"change to `{new}`", span, new),)
    return scope.broken("LR124", span, message, label="no condition", help=f"write `{new}`", fixes=fixes)
