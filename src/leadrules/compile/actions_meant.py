"""What was meant by an action that names something otherwise: a label that is set, an owner by the bare name, a blank.

In: an action's node. Out: one finding, which says what is written for it. Compiles nothing.
"""

from __future__ import annotations

from leadrules.compile.mismatch import quoted
from leadrules.compile.names import ALWAYS
from leadrules.compile.references import resolves
from leadrules.compile.scope import LEAD, Scope, as_name, replace
from leadrules.core.source import Span
from leadrules.core.text import fold, nfc
from leadrules.core.types import WORDS
from leadrules.project.model import Field
from leadrules.syntax import nodes as n
from leadrules.syntax.words import NOTHING

BLANK = frozenset({"blank"}) | NOTHING
INSTEAD_OF_SET = {"owner": 'write `assign rep "..."`', "sequence": "write `enroll` or `move to`"}


def blanked(scope: Scope, value: n.Expression, field: Field) -> bool:
    """`set n = blank`, `set n = null`."""
    if not isinstance(value, n.Name) or value.name.text not in BLANK or value.span.text != value.name.text:
        return False
    if field.type.kind == "text":
        fixes = (replace('write `""`', value.span, '""'),)
        message = "a field is made blank by the empty text"
        scope.complain("LR016", value.span, message, label="no value", help='write `""`', fixes=fixes)
        return True
    options = ", ".join(quoted(option) for option in field.type.options[:8])
    hint = f"give one of its values: {options}" if options else f"give {WORDS[field.type.kind]}"
    message = f"`{field.name}` is {WORDS[field.type.kind]}, and only a text can be made blank"
    scope.complain("LR016", value.span, message, label="no value", help=hint)
    return True


def set_no_field(scope: Scope, node: n.SetField) -> None:
    """`set heat = hot`, `set heat is hot`: what is worked out, or what is not there."""
    found = scope.names.values.get(node.field.key)
    if found is None:
        check_sign(scope, node)
        if node.field.key in ALWAYS:
            message = f"`{node.field.key}` is what a run works out, and `set` fills a field of the lead"
            hint = INSTEAD_OF_SET.get(node.field.key, "set a field of the lead schema")
            scope.complain("LR180", node.field.span, message, label="cannot be set", help=hint)
        else:
            scope.unknown("LR104", node.field.span, "field of the lead", node.field.key, scope.names.fields)
        _look_at(scope, node.value)
        return
    scope.use(found.kind, found.name, node.field.span)
    message = f"`{found.name}` is a {found.word}: its rules say what it is, and `set` fills a field of the lead"
    hint = "set a field of the lead schema; for another value here, change the rules"
    scope.complain("LR104", node.field.span, message, label="not a field", help=hint)
    _look_at(scope, node.value)


def _look_at(scope: Scope, value: n.Expression) -> None:
    """The value of what cannot be set; a bare word may have been meant as one of its labels."""
    if not isinstance(value, n.Name) or resolves(scope, value.name.key, LEAD):
        scope.expression(value)


def check_sign(scope: Scope, node: n.SetField) -> None:
    """`set status is "Working"`."""
    sign = node.wrong_sign
    if sign is not None:
        message = f"`=` stands here, not `{sign.text}`"
        scope.complain("LR025", sign, message, help="write `=`", fixes=(replace("write `=`", sign, "="),))


def said_by_name(scope: Scope, node: n.AssignWith) -> bool:
    """`assign to sales`, `assign marketing`, `assign lee`: a name without what it is the name of."""
    if not node.bare:
        return False
    span = Span(node.span.file, node.span.start, node.route.span.end)
    named, guessed = _named(scope, node.route), _guessed(scope, node.route)
    new = named or guessed
    if new is None:
        _no_owner(scope, node.route)
        return True
    fixes = (replace(f"write `{new}`", span, new),)
    if named:
        scope.complain("LR036", span, f"`{span.text}` is written `{new}`", help=f"write `{new}`", fixes=fixes)
    else:
        message = f"`{node.route.text}` is no route and no queue"
        scope.complain("LR156", node.route.span, message, label="unknown", help=f"did you mean `{new}`?", fixes=fixes)
    return True


def _no_owner(scope: Scope, ident: n.Ident) -> None:
    name = ident.text
    if ident.key in {nfc(team) for team, _ in scope.project.team.teams}:
        message = f"`{name}` is a team: a route deals leads to it, and an action hands them to the route"
        hint = (
            f"write `route to_{ident.key} on demand {{ any: team {name} by round_robin otherwise }}`, "
            f"and here `assign with to_{ident.key}`"
        )
    else:
        message = f"`{name}` is no route, no queue and no rep"
        hint = 'write `assign with` and a route, `assign queue` and a queue, or `assign rep "..."`'
    scope.complain("LR156", ident.span, message, label="unknown", help=hint)


def _named(scope: Scope, ident: n.Ident) -> str | None:
    """The action that gives a lead to the route or the queue of a name."""
    if ident.key in scope.names.of("route") or ident.key in scope.lost:
        scope.use("route", ident.key, ident.span)
        return f"assign with {ident.text}"
    queues = [nfc(queue) for queue in scope.project.team.queues]
    return f"assign queue {ident.text}" if ident.key in queues else None


def _guessed(scope: Scope, ident: n.Ident) -> str | None:
    """The action with the one rep whose address begins so, or with a route that is called nearly so."""
    called = [rep.key for rep in scope.project.team.reps if fold(ident.key) == fold(rep.key.partition("@")[0])]
    if len(called) == 1:
        return f"assign rep {quoted(called[0])}"
    near = scope.meant(ident.key, list(scope.names.of("route")))
    return f"assign with {as_name(near, ident.span)}" if near else None
