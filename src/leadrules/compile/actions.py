"""What a trigger or an `on finish` does.

In: an action's node. Out: `model.Action`, with every sequence, route, rep, queue, channel, template and field it names
looked up, and findings. Also tells which actions compete for one thing. Knows nothing of what sets an action off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from leadrules.compile.actions_meant import INSTEAD_OF_SET, blanked, check_sign, said_by_name, set_no_field
from leadrules.compile.literals import between_quotes, text_value
from leadrules.compile.roster import known_queue, known_rep
from leadrules.compile.scope import Scope
from leadrules.core.diagnostics import Related
from leadrules.core.source import Span
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

Slot = tuple[str, str]

SEQUENCE_ACTIONS = (n.Enroll, n.EnrollBy, n.MoveTo, n.MoveBy, n.StopSequence)
SENT_BY = "email"
OWNER_ACTIONS = (n.AssignWith, n.AssignRep, n.AssignQueue, n.Reassign)


def lower_action(scope: Scope, node: n.Action) -> model.Action:
    """The compiled action; a name in it that is unknown is reported and left out."""
    return LOWER[type(node)](scope, node)


def lower_template(scope: Scope, node: n.Template | None) -> model.Template | None:
    """`template "t"`, or `template by C` where C's labels are templates."""
    if node is None:
        return None
    known = [name for name, _ in scope.project.templates]
    if node.by is not None:
        return model.Template(by=_by_labels(scope, node.by, "template", known))
    assert node.name is not None
    return model.Template(
        name=_known(scope, "LR153", "template", node.name.value, span=between_quotes(node.name), known=known)
    )


def known_channel(scope: Scope, ident: n.Ident) -> str:
    """The channel's name; one that the project does not have is reported."""
    return _known(scope, "LR155", "channel", ident.key, span=ident.span, known=scope.project.channels) or ident.key


def check_conflicts(scope: Scope, actions: Iterable[n.Action], hint: str, of_sequence: str = "") -> None:
    """Report every action that competes with an earlier one: for the sequence, which may have a help of its own, for the
    owner, or for one field."""
    taken: dict[Slot, n.Action] = {}
    for action in actions:
        slot = _slot(scope, action)
        if slot is None:
            continue
        first = taken.setdefault(slot, action)
        if first is not action:
            _report_conflict(scope, slot, (first, action), (of_sequence if slot[0] == "sequence" else "") or hint)


def _report_conflict(scope: Scope, slot: Slot, actions: tuple[n.Action, n.Action], hint: str) -> None:
    kind, name = slot
    first, second = actions
    what = {"sequence": "change the lead's sequence", "owner": "give the lead an owner"}.get(kind, f"fill `{name}`")
    scope.complain(
        "LR172",
        second.span,
        f"two actions {what}, and a lead gets one",
        label="the second",
        help=hint,
        related=(Related(first.span, "the first"),),
    )


def _slot(scope: Scope, action: n.Action) -> Slot | None:
    """What an action competes for."""
    if isinstance(action, SEQUENCE_ACTIONS):
        return ("sequence", "")
    if isinstance(action, n.SetField):
        return ("field", action.field.key)
    if isinstance(action, n.AssignWith | n.Reassign):
        return _filled_by(scope, action.route)
    return ("owner", "") if isinstance(action, OWNER_ACTIONS) else None


def _filled_by(scope: Scope, ident: n.Ident) -> Slot:
    """A route fills the owner, or the field that it sets."""
    found = scope.names.of("route").get(ident.key)
    route = found.statement if found else None
    field = filled_field(scope, route) if isinstance(route, n.Route) else None
    return ("field", field) if field else ("owner", "")


def filled_field(scope: Scope, route: n.Route) -> str | None:
    """The field that a route fills; None for the owner, also where `sets` names the owner's field."""
    return None if route.sets is None or route.sets.key == scope.project.owner else route.sets.key


def _known(scope: Scope, code: str, what: str, name: str, *, span: Span, known: Iterable[str]) -> str | None:
    known = list(known)
    if name in known:
        scope.use(what, name, span)
        return name
    scope.unknown(code, span, what, name, known)
    return None


def _by_labels(scope: Scope, ident: n.Ident, what: str, known: Iterable[str]) -> str | None:
    """The definition C of `by C`, if each of its labels is one of `known`."""
    found = scope.names.values.get(ident.key)
    if found is None:
        scope.unknown("LR104", ident.span, "classify", ident.key, _labelled(scope))
        return None
    scope.use(found.kind, found.name, ident.span)
    known_type = scope.types.get(found.name)
    if known_type is None or known_type.kind == "error":
        return found.name
    if known_type.kind != "label":
        hint = f"make it a `classify` whose labels are {what}s"
        scope.complain("LR178", ident.span, f"`{found.name}` is a {found.word}: it has no labels", help=hint)
        return None
    _check_labels(scope, ident, what, known_type.options, set(known))
    return found.name


def _check_labels(scope: Scope, ident: n.Ident, what: str, labels: tuple[str, ...], known: set[str]) -> None:
    for label in labels:
        if label in known:
            scope.use(what, label, ident.span)
    strange = [f"`{label}`" for label in labels if label not in known]
    if not strange:
        return
    are = f"{', '.join(strange)} is no {what}" if len(strange) == 1 else f"{', '.join(strange)} are no {what}s"
    scope.complain(
        "LR178",
        ident.span,
        f"of the labels of `{ident.text}`, {are}",
        label=f"each label has to be a {what}",
        help=f"rename the label to a {what}'s name, or leave its line out: a lead without a label is left alone",
        related=(Related(scope.names.values[ident.key].span, f"`{ident.text}` is defined here"),),
    )
    scope.strange.setdefault((None, f"{ident.key}.{' '.join(strange)}"), []).append(scope.diagnostics[-1])


def _labelled(scope: Scope) -> list[str]:
    return [name for name, known in scope.types.items() if known.kind == "label"]


def _sequence(scope: Scope, ident: n.Ident) -> str | None:
    found = scope.declared("sequence", ident, code="LR154")
    return found.name if found else None


def _route(scope: Scope, ident: n.Ident) -> str | None:
    found = scope.declared("route", ident, code="LR156")
    return found.name if found else None


def _enroll(scope: Scope, node: n.Enroll) -> model.Action:
    template = lower_template(scope, node.template)
    return _action(node, "enroll", sequence=_sequence(scope, node.sequence), template=template)


def _move_to(scope: Scope, node: n.MoveTo) -> model.Action:
    template = lower_template(scope, node.template)
    return _action(node, "move", sequence=_sequence(scope, node.sequence), template=template)


def _enroll_by(scope: Scope, node: n.EnrollBy) -> model.Action:
    return _action(node, "enroll", by=_by_labels(scope, node.by, "sequence", scope.names.of("sequence")))


def _move_by(scope: Scope, node: n.MoveBy) -> model.Action:
    return _action(node, "move", by=_by_labels(scope, node.by, "sequence", scope.names.of("sequence")))


def _stop(scope: Scope, node: n.StopSequence) -> model.Action:
    return _action(node, "stop")


def _set(scope: Scope, node: n.SetField) -> model.Action:
    field = scope.names.fields.get(node.field.key)
    if field is None:
        set_no_field(scope, node)
        return _action(node, "set")
    scope.use("field", field.name, node.field.span)
    scope.fields_read.add(field.name)  # a `set` of the value that is there is no action
    if not _may_set(scope, node.field, field.name):
        return _action(node, "set", field=field.name)
    check_sign(scope, node)
    if blanked(scope, node.value, field):
        return _action(node, "set", field=field.name)
    value = scope.value_of(node.value, field.type, field.name)
    return _action(node, "set", field=field.name, value=value)


def _may_set(scope: Scope, ident: n.Ident, field: str) -> bool:
    project = scope.project
    ways = {
        project.key: ("is the key: it says which lead this is", "set another field"),
        project.owner: ("holds the owner, which `set` would change past capacities", INSTEAD_OF_SET["owner"]),
        project.sequence: (
            "holds the sequence, which `set` would change past its steps",
            INSTEAD_OF_SET["sequence"],
        ),
    }
    if field in ways:
        why, hint = ways[field]
        scope.complain("LR180", ident.span, f"`{field}` {why}", label="cannot be set", help=hint)
    return field not in ways


def _assign_with(scope: Scope, node: n.AssignWith) -> model.Action:
    if said_by_name(scope, node):
        return _action(node, "assign")
    return _action(node, "assign", route=_route(scope, node.route))


def _assign_rep(scope: Scope, node: n.AssignRep) -> model.Action:
    return _action(node, "assign", rep=known_rep(scope, node.rep))


def _assign_queue(scope: Scope, node: n.AssignQueue) -> model.Action:
    return _action(node, "assign", queue=known_queue(scope, node.queue))


def _reassign(scope: Scope, node: n.Reassign) -> model.Action:
    most = _times(scope, node.limit) if node.limit else None
    return _action(node, "reassign", route=_route(scope, node.route), most_times=most)


def _times(scope: Scope, limit: n.Limit) -> int | None:
    if limit.unit == "points":
        hint = f"write `at most {limit.amount:g} times`"
        scope.complain("LR179", limit.span, "a reassignment is limited in times, not in points", help=hint)
        return None
    if limit.amount < 1 or limit.amount != int(limit.amount):
        message = f"at most {limit.amount:g} times is not a number of times"
        scope.complain("LR181", limit.span, message, help="write a whole number from 1")
        return None
    return int(limit.amount)


def _task(scope: Scope, node: n.Task) -> model.Action:
    template = lower_template(scope, node.template)
    return _action(node, "task", channel=known_channel(scope, node.channel), content=node.content, template=template)


def _send(scope: Scope, node: n.Send) -> model.Action:
    if SENT_BY not in scope.project.channels:
        message = f"`send template` goes out as {SENT_BY}, which is not among the project's channels"
        scope.complain("LR155", node.span, message, help=f"add `{SENT_BY}` to `channels:` in leadrules.yaml")
    return _action(node, "send", template=lower_template(scope, node.template))


def _notify(scope: Scope, node: n.Notify) -> model.Action:
    return _action(node, "notify", who=text_value(scope, node.who, "who is told"), content=node.what)


def _action(node: n.Action, kind: Any, **parts: Any) -> model.Action:
    return model.Action(kind=kind, span=node.span.as_json(), **parts)


LOWER: dict[type[n.Action], Callable[[Scope, Any], model.Action]] = {
    n.Enroll: _enroll,
    n.EnrollBy: _enroll_by,
    n.MoveTo: _move_to,
    n.MoveBy: _move_by,
    n.StopSequence: _stop,
    n.SetField: _set,
    n.AssignWith: _assign_with,
    n.AssignRep: _assign_rep,
    n.AssignQueue: _assign_queue,
    n.Reassign: _reassign,
    n.Task: _task,
    n.Send: _send,
    n.Notify: _notify,
}
