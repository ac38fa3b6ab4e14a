"""Event references: which events count, and the aggregates over them.

In: `EventRef` nodes. Out: `EventFilter`, and expressions that name an aggregate by its index. A score's `count events
since` is added to every filter compiled inside it.
"""

from __future__ import annotations

from leadrules.compile.logic import negation
from leadrules.compile.mismatch import did_of_field, is_a, said
from leadrules.compile.scope import Place, Scope, duration, inside_event, nothing, replace
from leadrules.core.source import Span
from leadrules.core.text import nfc
from leadrules.core.types import DATE, DATETIME, NUMBER, YESNO, Type
from leadrules.ruleset.model import EventFilter, Expr, Function
from leadrules.syntax import nodes as n


def lower_filter(scope: Scope, ref: n.EventRef, place: Place, *, of_a_field: bool = False) -> EventFilter | None:
    """The compiled reference. All clauses are checked, also where the event is unknown to the schema.

    `of_a_field`: the field that it may name is another's to check; else it may name none.
    """
    scope.reads_more = True
    types = scope.event_types(ref.event)
    if types and ref.field is not None and not of_a_field:
        _refuse_field(scope, ref, types)
        return None
    if types:
        for name in types:
            scope.events_read.setdefault(name, set())
    where = scope.condition(ref.where, inside_event(types)) if ref.where and types else None
    distinct = _distinct(scope, ref.distinct, types) if ref.distinct and types else None
    since = lower_since(scope, ref.since) if ref.since else None
    if not types:
        return None
    since = _later(since, scope.counting_since)
    within = duration(ref.within) if ref.within else None
    return EventFilter(types, where, distinct, within, since, span=ref.span.as_json())


def _refuse_field(scope: Scope, ref: n.EventRef, types: tuple[str, ...]) -> None:
    """`did form_submitted.form`, `on form_submitted.contact`: an event is meant, whatever its field says."""
    assert ref.field is not None
    name, field = ref.event.span.text, ref.field.span.text
    known = ref.field.key in scope.event_field_names(types)
    hint = f"write `{name}`, or ask what its field says: `{name} where ({field if known else 'FIELD'} = ..)`"
    whole = ref.event.span | ref.field.span
    message = f"an event is asked for here, and `{field}` is {'a field of one' if known else 'none'}"
    scope.complain("LR121", whole, message, label="an event and a field", help=hint)


def _later(own: Expr | None, counting: Expr | None) -> Expr | None:
    """Both lower limits hold."""
    if own is None or counting is None:
        return own or counting
    limit = DATE if own.type == counting.type == DATE else DATETIME
    return Expr("latest", limit, (own, counting), span=own.span)


def _distinct(scope: Scope, ident: n.Ident, types: tuple[str, ...]) -> str | None:
    if ident.key == "day" and not ident.span.text.startswith("`"):
        return "day"
    found = scope.event_field(types, ident)
    if found is None or found.kind == "error":
        return None
    if found.kind == "set" or ident.key == "day":
        message = f"`distinct` keeps one event for each value of a field, and cannot do so for `{ident.key}`"
        why = "it is a set" if found.kind == "set" else "`distinct day` is one per calendar day"
        scope.complain("LR108", ident.span, message, label=why, help="name a text, choice, number or date field")
        return None
    return ident.key


def lower_since(scope: Scope, node: n.Expression, *, of_score: bool = False) -> Expr | None:
    """`since T`: a literal, a field, a time of the state, or `first` / `last` of an event. A whole score has no `within`."""
    if not _may_follow_since(scope, node):
        message = (
            f"`since` takes a date, a field, a time of the state, or `first` / `last` of an event, not {said(node)}"
        )
        hint = "for a length of time write `within 30 days`" + (" beside the event of each rule" if of_score else "")
        if not isinstance(node, n.DurationLiteral | n.Sum):
            hint = "examples: `since 2026-04-01`, `since created_at`, `since assigned_at`, `since last(recycled)`"
        scope.complain("LR120", node.span, message, label="not a point in time", help=hint)
        return None
    with scope.counting(None):
        lowered = scope.expression(node, ("date", "datetime"), what="what stands after `since`")
    return None if lowered.type.kind == "error" else lowered


def _may_follow_since(scope: Scope, node: n.Expression) -> bool:
    if isinstance(node, n.Call):
        return node.function.key in ("first", "last")
    if isinstance(node, n.Name):
        found = scope.names.values.get(node.name.key)
        return found is None or (found.kind, found.name) in scope.names.disputed
    return isinstance(node, n.Member | n.DateLiteral | n.DateTimeLiteral | n.Broken | n.TextLiteral | n.NumberLiteral)


def lower_did(scope: Scope, node: n.Did, place: Place) -> Expr:
    """`did E`, `never E`."""
    if place.kind == "event":
        return _nested(scope, node.span)
    key = node.event.event.key
    if not scope.is_event(key) and scope.is_lead_name(key):
        return did_of_field(scope, node, place)
    events = lower_filter(scope, node.event, place)
    if events is None:
        return nothing(node.span)
    index = scope.aggregate("count", events, None, NUMBER, events.span)
    did = Expr("did", YESNO, value=index, span=node.span.as_json())
    return negation(did, node.span) if node.negated else did


def lower_aggregate(scope: Scope, function: Function, ref: n.EventRef, span: Span, place: Place) -> Expr:
    """`count(E)`, `first(E)`, `sum(E.f)` and their like."""
    if place.kind == "event":
        return _nested(scope, span)
    events = lower_filter(scope, ref, place, of_a_field=True)
    if events is None:
        return nothing(span)
    found = _aggregate_type(scope, function, ref, events.types, span)
    if found is None:
        return nothing(span)
    field = ref.field.key if ref.field else None
    index = scope.aggregate(function, events, field, found, span.as_json())
    return Expr("aggregate", found, value=index, span=span.as_json())


def _aggregate_type(
    scope: Scope, function: Function, ref: n.EventRef, types: tuple[str, ...], span: Span
) -> Type | None:
    if ref.field is None:
        if function in ("sum", "min", "max"):
            _needs_field(scope, function, ref, types)
            return None
        return NUMBER if function == "count" else DATETIME
    found = scope.event_field(types, ref.field)
    if found is None or found.kind == "error":
        return None
    if function == "count":
        _count_of_field(scope, ref)
        return None
    wanted = {"sum": ("number",), "min": ("number", "date", "datetime"), "max": ("number", "date", "datetime")}
    if found.kind in wanted.get(function, (found.kind,)):
        return found
    message = f"`{function}` needs a number, but {is_a(ref.field, found)}"
    hint = (
        f"count the events: `count({ref.event.span.text})`, or take one: `last({ref.event.span.text}.{ref.field.key})`"
    )
    scope.complain("LR108", ref.field.span, message, label=str(found), help=hint)
    return None


def _needs_field(scope: Scope, function: Function, ref: n.EventRef, types: tuple[str, ...]) -> None:
    name = ref.event.span.text
    numbers = [
        f for f in scope.event_field_names(types) if (t := scope.shared_field(types, nfc(f))) and t.kind == "number"
    ]
    hint = f"name the field: `{function}({name}.{numbers[0] if numbers else 'FIELD'})`"
    if function in ("min", "max"):
        word = "first" if function == "min" else "last"
        hint += f"; for the time of the event `{word}({name})`"
    scope.complain(
        "LR121", ref.span, f"`{function}` of an event needs one of its fields", label="which field?", help=hint
    )


def _count_of_field(scope: Scope, ref: n.EventRef) -> None:
    name = ref.event.span.text
    assert ref.field is not None
    field = ref.field.span.text
    whole = ref.event.span | ref.field.span
    fixes = (replace(f"change to `{name}`", whole, name),)
    hint = f"write `count({name})`; for different values `count({name} distinct {field})`"
    scope.complain(
        "LR121", whole, "`count` counts events, not a field of theirs", label="a field", help=hint, fixes=fixes
    )


def _nested(scope: Scope, span: Span) -> Expr:
    message = "inside `where` no other events are looked at"
    hint = "join it with `and` after the event, or use `since last(..)`"
    return scope.broken("LR119", span, message, label="an event inside an event", help=hint)


def lower_stray_argument(scope: Scope, node: n.EventArgument, place: Place) -> Expr:
    """An event reference as the argument of something that takes none."""
    name = node.event.event.span.text
    message = f"{said(node)} is an event, and only `count`, `first`, `last`, `sum`, `min`, `max` take one"
    return scope.broken(
        "LR121", node.span, message, label="an event", help=f"write `count({name} ..)` or `did {name} ..`"
    )
