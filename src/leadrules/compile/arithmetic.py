"""Sums and products: numbers, dates and durations.

In: flat chains. Out: flat `add` and `mul` where all are numbers; calendar steps and differences from left to right where
dates take part. A name with a hyphen (`win-back`) is found here, for it reads as a subtraction.
"""

from __future__ import annotations

from leadrules.compile.mismatch import as_duration, in_days, is_a, iso_time, said, what_it_is, why_text, wrong_kind
from leadrules.compile.references import label_owner, resolves
from leadrules.compile.scope import Place, Scope, nothing, replace
from leadrules.core.functions import shifted_type
from leadrules.core.source import Span
from leadrules.core.text import nearest
from leadrules.core.types import DURATION, NUMBER, Type
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

LONGEST = 100


def lower_sum(scope: Scope, node: n.Sum, place: Place) -> Expr:
    """`a + b - c`."""
    hyphen = _hyphenated(scope, node, place)
    if hyphen is not None:
        return hyphen
    terms = [scope.expression(t, place=place) for t in node.terms]
    if any(t.type.kind == "error" for t in terms):
        return nothing(node.span)
    if all(t.type.kind == "number" for t in terms):
        return _numbers(node, terms)
    if len(terms) > LONGEST:
        return _too_long(scope, node.span)
    return _stepwise(scope, node, terms)


def _numbers(node: n.Sum, terms: list[Expr]) -> Expr:
    if len(terms) == 2 and node.signs[1] == "-":
        return Expr("sub", NUMBER, tuple(terms), span=node.span.as_json())
    signed = (t if s == "+" else Expr("neg", NUMBER, (t,), span=t.span) for t, s in zip(terms, node.signs, strict=True))
    return Expr("add", NUMBER, tuple(signed), span=node.span.as_json())


def _stepwise(scope: Scope, node: n.Sum, terms: list[Expr]) -> Expr:
    """From left to right, for a date moves by the calendar and the order of the steps counts."""
    result = terms[0]
    for at in range(1, len(terms)):
        span = node.terms[0].span | node.terms[at].span
        step = _step(result, terms[at], node.signs[at], span)
        if step is None:
            return _cannot_add(scope, node, at, result, terms[at])
        result = step
    return result


def _step(left: Expr, right: Expr, sign: n.Sign, span: Span) -> Expr | None:
    place = span.as_json()
    kinds = (left.type.kind, right.type.kind)
    if kinds == ("number", "number"):
        return Expr("add" if sign == "+" else "sub", NUMBER, (left, right), span=place)
    if left.type.is_temporal and right.type.kind == "duration":
        return Expr("shift", _shifted(left.type, right), (left, right), value=1 if sign == "+" else -1, span=place)
    if left.type.kind == "duration" and right.type.is_temporal and sign == "+":
        return Expr("shift", _shifted(right.type, left), (right, left), value=1, span=place)
    if left.type.is_temporal and right.type.is_temporal and sign == "-":
        return Expr("difference", DURATION, (left, right), span=place)
    return None


def _shifted(base: Type, by: Expr) -> Type:
    return shifted_type(base, by.value[1] if by.op == "duration" else None)


def _cannot_add(scope: Scope, node: n.Sum, at: int, left: Expr, right: Expr) -> Expr:
    term, so_far = node.terms[at], _so_far(node, at)
    word = "added to" if node.signs[at] == "+" else "taken from"
    if left.type.is_temporal and isinstance(term, n.NumberLiteral):
        new = in_days(term)
        message = f"{is_a(so_far, left.type)}: to move it, say of what `{term.span.text}` is a number"
        fixes = (replace(f"change to `{new}`", term.span, new),)
        return scope.broken("LR108", term.span, message, label="a number", help=f"write `{new}`", fixes=fixes)
    if isinstance(term, n.TextLiteral) and iso_time(term.value) and left.type.is_temporal:
        return wrong_kind(scope, term, right, ("date", "datetime"), "what is taken away")
    if isinstance(term, n.TextLiteral) and left.type.is_temporal and (length := as_duration(term.value)):
        message = f"{said(term)} is text, and a length of time stands without quotes"
        fixes = (replace("remove the quotes", term.span, length),)
        return scope.broken("LR108", term.span, message, label="text", help=f"write `{length}`", fixes=fixes)
    other = f"{said(so_far)}, which {what_it_is(so_far, left.type)}"
    message = f"{is_a(term, right.type)}: it cannot be {word} {other}"
    of_table, related = why_text(scope, left, right)
    hint = of_table or _sum_help(left, right)
    return scope.broken("LR108", node.span, message, label="different types", help=hint, related=related)


def _so_far(node: n.Sum, at: int) -> n.Node:
    return node.terms[0] if at == 1 else n.Node(span=node.terms[0].span | node.terms[at - 1].span)


def _sum_help(left: Expr, right: Expr) -> str:
    if "text" in (left.type.kind, right.type.kind) or "choice" in (left.type.kind, right.type.kind):
        return "texts are joined with `concat(a, b)`; numbers, and dates with durations, are added"
    if left.type.is_temporal and right.type.is_temporal:
        return "two dates can be subtracted; to move a date add a duration: `+ 3 days`"
    return "numbers are added to numbers, durations to dates; the difference of two dates is a duration"


def _hyphenated(scope: Scope, node: n.Sum, place: Place) -> Expr | None:
    """`win-back`: two words and a hyphen without spaces, where the first or second is no name."""
    words = [t for t in node.terms if isinstance(t, n.Name)]
    if len(words) != len(node.terms) or set(node.signs[1:]) != {"-"} or any(c.isspace() for c in node.span.text):
        return None
    if all(resolves(scope, w.name.key, place) for w in words):
        return None
    text = node.span.text
    known = [*scope.names.lead_names(node.span), *scope.names.events]
    meant = f"`{text}`" if text in known else nearest(text, known)
    if meant is None and label_owner(scope, text) is None and not text.replace("-", "").isidentifier():
        return None
    message = f"`{text}` reads as a subtraction: a name has no `-` in it"
    new = meant or text.replace("-", "_")
    fixes = (replace(f"change to `{new.strip('`')}`", node.span, new),) if meant else ()
    hint = (
        f"did you mean {new if '`' in new else f'`{new}`'}?" if meant else f"name it `{new}`, or write it in backquotes"
    )
    return scope.broken("LR122", node.span, message, label="a hyphen", help=hint, fixes=fixes)


def lower_product(scope: Scope, node: n.Product, place: Place) -> Expr:
    """`a * b / c`, from left to right."""
    factors = [scope.expression(f, ("number",), place, "a factor") for f in node.factors]
    if any(f.type.kind == "error" for f in factors):
        return nothing(node.span)
    if node.operators.count("/") > LONGEST:
        return _too_long(scope, node.span)
    return _multiplied(node, factors)


def _multiplied(node: n.Product, factors: list[Expr]) -> Expr:
    result, run = factors[0], [factors[0]]
    for at in range(1, len(factors)):
        span = (node.factors[0].span | node.factors[at].span).as_json()
        if node.operators[at] == "*":
            run.append(factors[at])
            result = Expr("mul", NUMBER, tuple(run), span=span)
        else:
            result = Expr("div", NUMBER, (result, factors[at]), span=span)
            run = [result]
    return result


def lower_negate(scope: Scope, node: n.Negate, place: Place) -> Expr:
    """Unary minus; a row of them is taken in one go, and a literal keeps its sign."""
    inner: n.Expression = node
    times = 0
    while isinstance(inner, n.Negate):
        inner, times = inner.value, times + 1
    if isinstance(inner, n.DurationLiteral):
        length = scope.expression(inner, place=place)
        count, unit = length.value
        return (
            length if times % 2 == 0 else Expr("duration", length.type, value=(-count, unit), span=node.span.as_json())
        )
    value = scope.expression(inner, ("number",), place, "what stands after `-`")
    if value.type.kind == "error" or times % 2 == 0:
        return value
    if value.op == "const":
        return Expr("const", NUMBER, value=-value.value, span=node.span.as_json())
    return Expr("neg", NUMBER, (value,), span=node.span.as_json())


def _too_long(scope: Scope, span: Span) -> Expr:
    message = f"this chain has more than {LONGEST} steps that depend on each other"
    hint = "give a part of it a name with `define`"
    return scope.broken("LR126", span, message, label="too long", help=hint)
