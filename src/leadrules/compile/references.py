"""Names and members: what a bare `x` or an `a.b` stands for.

In: a name and the place it stands in. Out: the field, definition, state name, event field or rep attribute it means, or
one finding that says what was probably meant. Knows no operator.
"""

from __future__ import annotations

from typing import TypeGuard

from leadrules.compile.names import ALWAYS, Declaration
from leadrules.compile.scope import Place, Scope, nothing, replace
from leadrules.core.types import DATE, DATETIME, NUMBER, TEXT, Type
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n
from leadrules.syntax.counters import said_date
from leadrules.syntax.words import NOTHING, RESERVED

ALWAYS_TYPES: dict[str, Type] = {
    "now": DATETIME,
    "today": DATE,
    "owner": TEXT,
    "assigned_at": DATETIME,
    "due_at": DATETIME,
    "owner_changes": NUMBER,
    "step": NUMBER,
    "enrolled_at": DATETIME,
    "duplicate_of": TEXT,
}
CLOCK = ("now", "today")
SAID_OTHERWISE = {
    "yesterday": "today - 1 day",
    "tomorrow": "today + 1 day",
    "current_date": "today",
    "as_of": "now",
    "assigned": "owner is not blank",
    "yes": "true",
    "no": "false",
    "はい": "true",
    "いいえ": "false",
}


def lower_name(scope: Scope, node: n.Name, place: Place) -> Expr:
    """A bare name."""
    key = node.name.key
    if place.kind == "event":
        return _event_name(scope, node, place)
    if key in scope.names.values:
        return _definition(scope, node, scope.names.values[key])
    if key in ALWAYS:
        return _always(scope, node)
    if key in scope.names.fields:
        return lead_field(scope, node.name, node)
    return _unknown_name(scope, node)


def resolves(scope: Scope, key: str, place: Place) -> bool:
    """Whether a bare name stands for a value here."""
    if place.kind == "event":
        return key in CLOCK or scope.shared_field(place.types, key) is not None
    return key in scope.names.values or key in ALWAYS or key in scope.names.fields


def lead_field(scope: Scope, ident: n.Ident, node: n.Expression) -> Expr:
    """A field of the lead; the rule reads it."""
    found = scope.names.fields[ident.key]
    scope.fields_read.add(found.name)
    scope.use("field", found.name, ident.span)
    return Expr("field", found.type, value=found.name, span=node.span.as_json())


def _definition(scope: Scope, node: n.Name | n.Member, found: Declaration) -> Expr:
    ident = node.name
    scope.use(found.kind, found.name, ident.span)
    if found.kind in ("list", "table"):
        return _collection_as_value(scope, node, found)
    scope.reads_more |= found.name not in scope.pure
    known = scope.types.get(found.name)
    if known is None or known.kind == "error" or found.name in scope.circular:
        return nothing(node.span)
    return Expr("name", known, value=found.name, span=node.span.as_json())


def _collection_as_value(scope: Scope, node: n.Name | n.Member, found: Declaration) -> Expr:
    if (found.kind, found.name) in scope.names.disputed:
        return nothing(node.span)
    hint = f"write `FIELD in {found.name}`" + (
        f", or `lookup(FIELD, {found.name}.COLUMN)`" if found.kind == "table" else ""
    )
    message = f"`{found.name}` is a {found.kind}, not a value of the lead"
    return scope.broken("LR119", node.span, message, label=f"a {found.kind}", help=hint)


def _always(scope: Scope, node: n.Name) -> Expr:
    key = node.name.key
    scope.reads_more |= key not in CLOCK
    known = Type("label", tuple(scope.names.of("sequence")), "sequence") if key == "sequence" else ALWAYS_TYPES[key]
    return Expr("always", known, value=key, span=node.span.as_json())


def _event_name(scope: Scope, node: n.Name, place: Place) -> Expr:
    key = node.name.key
    known = scope.shared_field(place.types, key)
    if known is not None:
        scope.read_event_field(place.types, key)
        scope.use_event_field(place.types, key, node.span)
        return Expr("event_field", known, value=key, span=node.span.as_json())
    if key in CLOCK:
        return _always(scope, node)
    if key in scope.names.fields or key in scope.names.values or key in ALWAYS:
        return _lead_name_inside_where(scope, node, place)
    if not written_otherwise(scope, node):
        scope.event_field(place.types, node.name)
    return nothing(node.span)


def _lead_name_inside_where(scope: Scope, node: n.Name, place: Place) -> Expr:
    key = node.name.key
    message = f"inside `where` names are the event's; `{key}` is the lead's"
    if key not in scope.names.fields and key not in scope.names.values:
        hint = f"take `{key}` out of the `where`: join it with `and` after the event"
        return scope.broken("LR119", node.span, message, label="not a field of the event", help=hint)
    return scope.broken(
        "LR119",
        node.span,
        message,
        label="not a field of the event",
        help=f"write `lead.{key}`",
        fixes=(replace(f"change to `lead.{key}`", node.span, f"lead.{node.span.text}"),),
    )


def lower_member(scope: Scope, node: n.Member, place: Place) -> Expr:
    """`lead.x`, `rep.x`, `stages.since`; anything else is a finding."""
    owner = node.owner.key
    if owner == "lead":
        return _of_lead(scope, node, place)
    if owner == "rep" and (place.kind == "team" or "rep" not in scope.names.values):
        return _of_rep(scope, node, place)
    found = scope.names.values.get(owner)
    if found and node.name.key == "since" and place.kind != "event":
        return _since_of(scope, node, found)
    return _stray_member(scope, node, place, found)


def _of_lead(scope: Scope, node: n.Member, place: Place) -> Expr:
    key = node.name.key
    if key in scope.names.fields:
        return lead_field(scope, node.name, node)
    found = scope.names.values.get(key)
    if found and key in scope.circular:
        scope.use(found.kind, found.name, node.name.span)
        return nothing(node.span)
    if found and place.kind != "event":
        return _no_such_field(scope, node, found)
    if found and (key in scope.pure or scope.types.get(key, NUMBER).kind == "error"):
        return _definition(scope, node, found)
    if found:
        message = f"`{key}` is not made of the lead's fields alone, so it cannot stand inside `where`"
        hint = "inside `where`, of the lead only fields and definitions made only of fields can be used"
        return scope.broken("LR119", node.span, message, label="reads events or the state", help=hint)
    if key in ALWAYS:
        message = f"the lead has no field `{key}`"
        hint = f"`{key}` on its own is what the state holds; for the export's own column add a field to the lead schema"
        hint = f"write `{key}`" if key in CLOCK else hint
        return scope.broken("LR104", node.name.span, message, label="unknown field", help=hint)
    scope.unknown("LR104", node.name.span, "field of the lead", key, list(scope.names.fields))
    return nothing(node.span)


def _no_such_field(scope: Scope, node: n.Member, found: Declaration) -> Expr:
    scope.use(found.kind, found.name, node.name.span)
    if (found.kind, found.name) in scope.names.disputed:
        return nothing(node.span)
    name = node.name.span.text
    message = f"the lead has no field `{found.name}`; it is the name of a {found.word}"
    hint = f"write `{name}`; `lead.{name}` would be a column of the export, declared in the lead schema"
    fixes = (replace(f"change to `{name}`", node.span, name),)
    return scope.broken("LR104", node.span, message, label="unknown field", help=hint, fixes=fixes)


def _of_rep(scope: Scope, node: n.Member, place: Place) -> Expr:
    key = node.name.key
    if place.kind != "team":
        message = "`rep` can be read only where a route chooses one: `team T where (rep.industries has industry)`"
        return scope.broken("LR119", node.span, message, label="no rep here", help="use `owner` for the lead's owner")
    known = place.attributes.get(key)
    if known is None:
        note = "a rep's attributes are the further keys of team.yaml"
        scope.unknown("LR104", node.name.span, "attribute of the reps", key, list(place.attributes), note)
        return nothing(node.span)
    return Expr("rep_field", known, value=key, span=node.span.as_json())


def _since_of(scope: Scope, node: n.Member, found: Declaration) -> Expr:
    scope.use(found.kind, found.name, node.owner.span)
    if found.kind == "stages":
        scope.reads_more = True
        return Expr("since_of", DATETIME, value=found.name, span=node.span.as_json())
    message = f"only stages remember since when: `{found.name}` is a {found.word}"
    return scope.broken(
        "LR119", node.span, message, label="no `since`", help="make it `stages`, or use an event's time"
    )


def _stray_member(scope: Scope, node: n.Member, place: Place, found: Declaration | None) -> Expr:
    owner, name = node.owner.key, node.name.key
    if place.kind == "event" and owner in place.types:
        hint = f"inside `where` the event's fields stand alone: write `{name}`"
        fixes = (replace(f"change to `{name}`", node.span, node.name.span.text),)
        message = f"`{owner}` is the event itself here"
        return scope.broken("LR119", node.span, message, label="no need for the type", help=hint, fixes=fixes)
    if scope.is_event(owner):
        hint = f"take one of its values: `last({owner}.{name})`, `sum({owner}.{name})`, or `did {owner} where (..)`"
        message = f"`{owner}` is an event, and a lead can have many"
        return scope.broken("LR119", node.span, message, label="many values", help=hint)
    if found and found.kind == "stages" and name == "since":
        scope.use(found.kind, owner, node.owner.span)
        hint = f"write it after the event, `did EVENT since {owner}.since`, or join it with `and`"
        message = f"inside `where` names are the event's; `{owner}.since` is the lead's"
        return scope.broken("LR119", node.span, message, label="not a field of the event", help=hint)
    if found and found.kind == "table":
        hint = f"write `lookup(KEY, {owner}.{name})`"
        message = f"`{owner}` is a table: it has a row per key"
        return scope.broken("LR119", node.span, message, label="of which row?", help=hint)
    if found:
        if (found.kind, owner) in scope.names.disputed:
            return nothing(node.span)
        hint = f"use `{owner}` itself; `.since` is what stages have"
        message = f"`{owner}` is a {found.word} and has no `{name}`"
        return scope.broken("LR119", node.span, message, label="no such part", help=hint)
    return _unknown_owner(scope, node)


def _unknown_owner(scope: Scope, node: n.Member) -> Expr:
    owner = node.owner.key
    if owner in scope.names.fields or owner in ALWAYS:
        message = f"`{owner}` is a single value and has no `{node.name.key}`"
        return scope.broken("LR119", node.span, message, label="no such part", help=f"use `{owner}` itself")
    stages = [d.name for d in scope.names.values.values() if d.kind == "stages"]
    known = ["lead", *stages] if node.name.key == "since" else ["lead", *scope.names.events]
    scope.unknown("LR104", node.owner.span, "name", owner, known, "`lead.NAME` is a field of the lead")
    return nothing(node.span)


def is_lone_event(node: n.Expression, scope: Scope, place: Place) -> TypeGuard[n.Name]:
    """Whether an expression is the bare name of an event, where a value of the lead stands."""
    return (
        isinstance(node, n.Name)
        and place.kind != "event"
        and scope.is_event(node.name.key)
        and not resolves(scope, node.name.key, place)
    )


def lone_event(scope: Scope, node: n.Name, form: str) -> Expr:
    """`email_sent` for `did email_sent`, or for another `form` of it that the place takes; "" where that cannot be told."""
    key = node.name.key
    hint = f"write `did {key}` for yes/no, `count({key})` for how often, `first({key})` or `last({key})` for when"
    new = form.format(node.name.span.text)
    fixes = (replace(f"change to `{new}`", node.name.span, new),) if form else ()
    message = f"`{key}` is an event, not a value of the lead"
    return scope.broken("LR119", node.span, message, label="an event", help=hint, fixes=fixes)


def _unknown_name(scope: Scope, node: n.Name) -> Expr:
    key = node.name.key
    if key in RESERVED and not node.span.text.startswith("`"):
        return nothing(node.span)  # reported where it is read
    if written_otherwise(scope, node):
        return nothing(node.span)
    if scope.is_event(key):
        return lone_event(scope, node, "")
    owner = label_owner(scope, key)
    if owner:
        hint = f"write `{owner} is {key}`"
        message = f"`{key}` is a label of `{owner}`, not a value of its own"
        return scope.broken("LR112", node.span, message, label="a label", help=hint)
    events = [one.name for one in scope.names.events.values() if key in (field.name for field in one.fields)]
    known = () if events or key.lower() in SAID_OTHERWISE else scope.names.lead_names(node.span)
    note = _of_events(key, events) if events else _elsewhere(scope, key)
    scope.unknown("LR104", node.span, "name", key, known, note)
    return nothing(node.span)


def _of_events(key: str, events: list[str]) -> str:
    """Where a field of events stands."""
    first, *more = events
    whose = f"`{first}` and {len(more)} more events" if more else f"the event `{first}`"
    return f"`{key}` is a field of {whose}: it is asked for after the event, `{first} where ({key} = ..)`"


def written_otherwise(scope: Scope, node: n.Name) -> bool:
    """`TRUE`, `令和8年4月1日` and `null`, which nothing is called: whether the word was reported as such."""
    word = node.span.text
    if word.lower() in ("true", "false"):
        meant = word.lower()
        fixes = (replace(f"change to `{meant}`", node.span, meant),)
        scope.complain("LR017", node.span, f"`{word}` is written `{meant}`", help=f"write `{meant}`", fixes=fixes)
        return True
    day = said_date(word)
    if day is not None:
        fixes = (replace(f"change to `{day}`", node.span, day),)
        scope.complain("LR011", node.span, f"`{word}` is not how a date is written", help=f"write `{day}`", fixes=fixes)
        return True
    if word in NOTHING or word.lower() == "blank":
        message = f"`{word}` is not a value: what is not there is blank"
        hint = "write a value, or leave it out; whether a field is there is asked with `is blank`"
        scope.complain("LR016", node.span, message, label="no value", help=hint)
        return True
    return False


def label_owner(scope: Scope, key: str) -> str | None:
    """The first definition that has a label of this name."""
    return next((name for name, t in scope.types.items() if t.kind == "label" and key in t.options), None)


def _elsewhere(scope: Scope, key: str) -> str:
    """What is written for it, or where the name does stand, if it is a name of another kind."""
    if key.lower() in SAID_OTHERWISE:
        return f"write `{SAID_OTHERWISE[key.lower()]}`"
    for kind in ("sequence", "trigger", "route", "funnel", "goal"):
        if key in scope.names.of(kind):
            return f"`{key}` is a {kind}; " + (
                f"write `sequence is {key}`" if kind == "sequence" else "it has no value"
            )
    near = scope.meant(key, [*scope.names.events, *scope.names.of("events")])
    if near:
        return f"if you mean the event, write `did {near}`"
    return f'if it is a text, put quotes around it: `"{key}"`; else declare it as a field of the lead schema'
