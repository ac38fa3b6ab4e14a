"""Texts by name and the plain values that a test gives, as JSON.

In: literals; `FIELD = value` of a test and the field's declaration. Out: (name, value) as the schema spells it, or None
with one finding. A value that could stand in no row of an export is refused, so a test cannot pass on a lead that cannot exist.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from leadrules.compile.mismatch import NO, YES, needs_quotes, not_a_label, said, wrong_kind
from leadrules.compile.references import written_otherwise
from leadrules.compile.scope import Scope, instant, replace
from leadrules.core.source import Span
from leadrules.core.text import fold, number_text, trimmed
from leadrules.core.types import DATETIME, NUMBER, TEXT, YESNO, Kind, Type
from leadrules.project.model import Field
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

GivenValue = tuple[str, Any]

LITERALS = (n.NumberLiteral, n.TextLiteral, n.BooleanLiteral, n.DateLiteral, n.DateTimeLiteral)
FORMS = 'write text in quotes, a number, `true`, `false`, a date `2026-04-01`, or a set `["a", "b"]`'


def between_quotes(node: n.TextLiteral) -> Span:
    """Where the text itself stands: what a fix replaces. A quote at the end of its line, just typed, has nothing inside."""
    span = node.span
    return Span(span.file, span.start + 1, span.end - 1) if span.end - span.start > 1 else span


def text_value(scope: Scope, node: n.Expression, what: str, also: Kind = "text") -> Expr:
    """A text, also the value of a choice or the label of a definition, or of one more kind; all else is a finding."""
    lowered = scope.expression(node)
    if lowered.type.is_textual or lowered.type.kind in ("label", "error", also):
        return lowered
    return wrong_kind(scope, node, lowered, ("text",), what)


def plain_value(scope: Scope, node: n.Assignment, field: Field) -> GivenValue | None:
    """One value for a field that is no set."""
    if node.many:
        message = f"`{field.name}` is {field.type}, not a set: it holds one value"
        scope.complain("LR189", _values_span(node), message, help="write the value without brackets")
        return None
    value = _constant(scope, node.values[0], field)
    if value is None or _refused(scope, node.values[0], field, value):
        return None
    return field.name, None if value == "" else value


def set_value(scope: Scope, node: n.Assignment, field: Field) -> GivenValue | None:
    """The values of a set, each a text."""
    if field.type.kind != "set":
        return plain_value(scope, node, field)
    if not node.many:
        hint = f"write it in brackets: `{node.field.text} = [{node.values[0].span.text}]`"
        scope.complain("LR189", node.values[0].span, f"`{field.name}` is a set of text", help=hint)
        return None
    member = Field(field.name, TEXT)
    values = [_constant(scope, value, member) for value in node.values]
    return None if None in values else (field.name, [value for value in values if value])


def label_value(scope: Scope, node: n.Assignment, name: str, known: Type, what: str) -> GivenValue | None:
    """A label by name or as text: of a band or stages, or a sequence."""
    value = node.values[0]
    labels = known.options
    if known.kind != "label" or isinstance(value, n.Broken):
        return None
    if node.many or not isinstance(value, n.Name | n.TextLiteral):
        hint = f"write one: {', '.join(f'`{label}`' for label in labels[:8])}"
        scope.complain("LR189", _values_span(node), f"`{name}` is given a {what}", help=hint)
        return None
    written = value.name.key if isinstance(value, n.Name) else value.value
    exact = written if written in labels else next((label for label in labels if fold(label) == fold(written)), None)
    if exact is None:
        not_a_label(scope, value.span, written, known)
        return None
    kind = "sequence" if name == "sequence" else "label"
    scope.use(kind, exact if kind == "sequence" else f"{name}.{exact}", value.span)
    return name, exact


def _constant(scope: Scope, node: n.Expression, field: Field) -> Any:
    """The JSON of a literal, a text trimmed as a cell is; None with a finding for anything else, also a wrong type."""
    if isinstance(node, n.Negate) and isinstance(node.value, n.NumberLiteral) and field.type == NUMBER:
        return -float(node.value.value)
    if isinstance(node, n.Broken):
        return None
    if not isinstance(node, LITERALS):
        _report_expression(scope, node, field)
        return None
    if isinstance(node, n.DateLiteral) and field.type == DATETIME:
        return instant(scope, datetime.combine(node.value, time()))
    fitted = scope.value_of(node, field.type, field.name)
    if fitted.type.kind == "error":
        return None
    return trimmed(fitted.value) if isinstance(fitted.value, str) else fitted.value


def _report_expression(scope: Scope, node: n.Expression, field: Field) -> None:
    if isinstance(node, n.Name) and written_otherwise(scope, node):
        return
    word = fold(node.name.key) if isinstance(node, n.Name) else ""
    if word in YES | NO and field.type == YESNO:
        meant = "true" if word in YES else "false"
        fixes = (replace(f"change to `{meant}`", node.span, meant),)
        message = f"`{node.span.text}` is written `{meant}`"
        scope.complain("LR189", node.span, message, help=f"write `{meant}`", fixes=fixes)
        return
    if isinstance(node, n.Name) and field.type.is_textual:
        ident = n.Ident(span=node.span, text=field.name, key=field.name)
        needs_quotes(scope, node, n.Name(span=node.span, name=ident), field.type)
        return
    hint = f'if it is a text, put quotes around it: `"{node.name.text}"`' if isinstance(node, n.Name) else FORMS
    scope.complain(
        "LR189", node.span, f"`{node.span.text}` is not a plain value, and a test gives plain values", help=hint
    )


def _refused(scope: Scope, node: n.Expression, field: Field, value: Any) -> bool:
    why = _why_refused(field, value)
    if why:
        hint = "the lead and event schemas say what a field may hold"
        scope.complain("LR189", node.span, f"{said(node)} cannot stand in `{field.name}`: {why}", help=hint)
    return bool(why)


def _why_refused(field: Field, value: Any) -> str:
    if isinstance(value, float):
        return _number_refused(field, value)
    if isinstance(value, str) and field.type == TEXT:
        return _text_refused(field, value)
    return ""


def _number_refused(field: Field, value: float) -> str:
    if field.integer and value != int(value):
        return "it holds whole numbers"
    bounds = (
        (field.minimum, value.__lt__, "at least"),
        (field.maximum, value.__gt__, "at most"),
        (field.exclusive_minimum, value.__le__, "above"),
        (field.exclusive_maximum, value.__ge__, "below"),
    )
    return next((f"it is {words} {number_text(b)}" for b, beyond, words in bounds if b is not None and beyond(b)), "")


def _text_refused(field: Field, value: str) -> str:
    if not value:
        return "it is empty, and the field is required" if field.required else ""
    if field.min_length is not None and len(value) < field.min_length:
        return f"it has at least {field.min_length} characters"
    if field.max_length is not None and len(value) > field.max_length:
        return f"it has at most {field.max_length} characters"
    return ""


def _values_span(node: n.Assignment) -> Span:
    return node.values[0].span | node.values[-1].span
