"""Triggers: what sets something off, and what is done then.

In: a trigger's node. Out: `model.Trigger` and findings. Which leads it fires for is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leadrules.compile.actions import check_conflicts, lower_action
from leadrules.compile.definitions import only
from leadrules.compile.mismatch import not_a_label
from leadrules.compile.names import LABELLED
from leadrules.compile.scope import Scope, duration, replace
from leadrules.core.diagnostics import Related
from leadrules.core.types import Type
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

ON_KINDS = (n.OnEvent, n.OnChange, n.OnFinishOf, n.OnOverdue, n.OnDate)
DEFAULT_PRIORITY = 100


def lower_trigger(scope: Scope, node: n.Trigger, position: int) -> model.Trigger:
    """The compiled trigger."""
    assert node.name is not None
    items = node.items
    within = only(scope, items, n.RespondWithin, "`respond within`")
    once = only(scope, items, n.Once, "`once`")
    priority = only(scope, items, n.Priority, "`priority`")
    backfill = only(scope, items, n.Backfill, "`backfill`")
    actions = [item.action for item in items if isinstance(item, n.Do)]
    _check_complete(scope, node, actions)
    check_conflicts(scope, actions, "keep one, or write two triggers with different conditions")
    return model.Trigger(
        name=node.name.key,
        title=node.title,
        position=position,
        on=_on(scope, node),
        conditions=tuple(scope.condition(item.condition) for item in items if isinstance(item, n.When)),
        actions=tuple(lower_action(scope, action) for action in actions),
        respond_within=duration(within.duration) if within else None,
        once=once is not None,
        once_per=duration(once.per) if once and once.per else None,
        priority=priority.value if priority else DEFAULT_PRIORITY,
        backfill=backfill is not None,
        span=node.span.as_json(),
    )


def _check_complete(scope: Scope, node: n.Trigger, actions: list[n.Action]) -> None:
    assert node.name is not None
    if node.damaged:
        return
    if not actions:
        hint = 'add what to do: `do enroll SEQUENCE`, `do set FIELD = value`, `do task call "..."`'
        scope.complain("LR175", node.name.span, f"the trigger `{node.name.text}` does nothing", help=hint)
    elif not any(isinstance(item, (*ON_KINDS, n.When)) for item in node.items):
        hint = "add `on` with what sets it off, or `when` with a condition that becomes true"
        scope.complain("LR174", node.name.span, f"nothing sets the trigger `{node.name.text}` off", help=hint)


def _on(scope: Scope, node: n.Trigger) -> model.On:
    ons = [item for item in node.items if isinstance(item, ON_KINDS)]
    for extra in ons[1:]:
        scope.complain(
            "LR173",
            extra.span,
            "a trigger is set off by one thing",
            label="a second `on`",
            help="write a second trigger for it; for several events, name them as a group with `events`",
            related=(Related(ons[0].span, "the first"),),
        )
    lowered = [ON[type(item)](scope, item) for item in ons]
    return lowered[0] if lowered else model.On("condition", span=node.span.as_json())


def _event(scope: Scope, node: n.OnEvent) -> model.On:
    name = node.event.event
    field = scope.names.fields.get(name.key)
    if field is not None and not scope.is_event(name.key):
        hint = f"on date {name.span.text}" if field.type.is_temporal else ""
        fixes = (replace(f"write `{hint}`", node.span, hint),) if hint else ()
        way_out = f"write `{hint}`" if hint else f"write the condition as `when`: `when {name.span.text} ..`"
        scope.complain("LR105", name.span, f"`{name.key}` is a field, not an event", help=way_out, fixes=fixes)
        return model.On("condition", span=node.span.as_json())
    return model.On("event", filter=scope.event_filter(node.event), span=node.span.as_json())


def _change(scope: Scope, node: n.OnChange) -> model.On:
    return model.On(node.kind, name=node.name.key, label=_entered_label(scope, node), span=node.span.as_json())


def _entered_label(scope: Scope, node: n.OnChange) -> str | None:
    """The label that is entered or left, if the name has labels; None for a segment."""
    found = scope.names.values.get(node.name.key)
    if found is None:
        _report_unknown_change(scope, node)
        return None
    scope.use(found.kind, found.name, node.name.span)
    if found.kind == "segment":
        _check_no_label(scope, node)
        return None
    known = scope.types.get(found.name)
    if known is None or known.kind == "error":
        return None
    if found.kind not in LABELLED:
        message = f"a lead cannot {node.kind} `{found.name}`: it is a {found.word}"
        hint = "enter a label or a segment, or write the condition as `when`: it fires when it becomes true"
        scope.complain("LR176", node.name.span, message, help=hint)
        return None
    if node.label is None:
        labels = ", ".join(f"`{label}`" for label in known.options)
        hint = f"say which label: {labels}"
        scope.complain("LR177", node.name.span, f"`{node.kind} {found.name}` needs a label", help=hint)
        return None
    return _known_label(scope, node.label, known)


def _known_label(scope: Scope, ident: n.Ident, type: Type) -> str | None:
    if ident.key in type.options:
        scope.use("label", f"{type.owner}.{ident.key}", ident.span)
        return ident.key
    not_a_label(scope, ident.span, ident.key, type)
    return None


def _check_no_label(scope: Scope, node: n.OnChange) -> None:
    if node.label is not None:
        hint = f"write `on {node.kind} {node.name.text}`"
        scope.complain("LR177", node.label.span, f"`{node.name.text}` is a segment: it has no labels", help=hint)


def _report_unknown_change(scope: Scope, node: n.OnChange) -> None:
    ident = node.name
    if ident.key == "sequence" or ident.key in scope.names.of("sequence"):
        hint = f"write `on finish {ident.text}`" if ident.key != "sequence" else "write `on finish SEQUENCE`"
        message = "a sequence is not entered by a change: only its finish sets a trigger off"
        scope.complain("LR176", ident.span, message, help=hint)
        return
    if ident.key in scope.names.fields:
        message = f"a lead cannot {node.kind} `{ident.text}`: it is a field"
        hint = "write the condition as `when`: the trigger fires when it becomes true"
        scope.complain("LR176", ident.span, message, help=hint)
        return
    known = [d.name for d in scope.names.values.values() if d.kind in (*LABELLED, "segment")]
    whose = next((name for name in known if ident.key in (scope.labels_of(name) or ())), None)
    way_out = f"`{ident.text}` is a label of `{whose}`: write `{node.kind} {whose} {ident.text}`" if whose else ""
    scope.unknown("LR104", ident.span, "segment, band or stages", ident.key, known, way_out)


def _finish(scope: Scope, node: n.OnFinishOf) -> model.On:
    found = scope.declared("sequence", node.sequence, code="LR154")
    return model.On("finish", name=found.name if found else None, span=node.span.as_json())


def _overdue(scope: Scope, node: n.OnOverdue) -> model.On:
    found = scope.declared("route", node.route, code="LR156")
    return model.On("overdue", name=found.name if found else None, span=node.span.as_json())


def _date(scope: Scope, node: n.OnDate) -> model.On:
    value = scope.expression(node.value, ("date", "datetime"), what="`on date`")
    return model.On("date", value=value, every_year=node.every_year, span=node.span.as_json())


ON: dict[type[n.Node], Callable[[Scope, Any], model.On]] = {
    n.OnEvent: _event,
    n.OnChange: _change,
    n.OnFinishOf: _finish,
    n.OnOverdue: _overdue,
    n.OnDate: _date,
}
