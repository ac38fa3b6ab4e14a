"""The team file as rules see it: who may be named, and what a rep's attributes are.

In: names in a rule. Out: the rep, queue or team they mean, the types of attributes, and findings for what the team file
does not have. Knows nothing of routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leadrules.compile.literals import between_quotes
from leadrules.compile.scope import Scope, as_name, replace
from leadrules.core.text import fold, nfc
from leadrules.core.types import NUMBER, SET, TEXT, YESNO, Type
from leadrules.project.model import QUEUE_PREFIX, Rep
from leadrules.syntax import nodes as n

WEIGHT = "weight"


def known_rep(scope: Scope, node: n.TextLiteral) -> str | None:
    """The key of a rep written in quotes; active or not."""
    reps = [rep.key for rep in scope.project.team.reps]
    if node.value in reps:
        scope.use("rep", node.value, node.span)
        return node.value
    if node.value.startswith(QUEUE_PREFIX):
        hint = f"write `queue {node.value.removeprefix(QUEUE_PREFIX)}` without quotes"
        scope.complain("LR151", node.span, f'"{node.value}" is a queue, not a rep', help=hint)
        return None
    called = [rep.key for rep in scope.project.team.reps if rep.name and fold(rep.name) == fold(node.value)]
    if called:
        _complain_of_name(scope, node, called)
        return None
    scope.unknown("LR151", between_quotes(node), "rep", node.value, reps)
    return None


def _complain_of_name(scope: Scope, node: n.TextLiteral, called: list[str]) -> None:
    """A rep called by the `name:` of the team file, which several may bear."""
    hint = f"write what the owner field holds: {' or '.join(f'`{key}`' for key in called)}"
    span = between_quotes(node)
    fixes = (replace(f"change to `{called[0]}`", span, as_name(called[0], span)),) if len(called) == 1 else ()
    message = f"`{node.value}` is only the name of a rep"
    scope.complain("LR151", span, message, label="a name", help=hint, fixes=fixes)


def known_queue(scope: Scope, ident: n.Ident) -> str | None:
    """The queue's name."""
    queues = {nfc(queue): queue for queue in scope.project.team.queues}
    if ident.key in queues:
        scope.use("queue", ident.key, ident.span)
        return queues[ident.key]
    scope.unknown("LR152", ident.span, "queue", ident.key, queues)
    return None


def known_team(scope: Scope, ident: n.Ident) -> str | None:
    """The team's name."""
    teams = {nfc(name): name for name, _ in scope.project.team.teams}
    if ident.key in teams:
        scope.use("team", ident.key, ident.span)
        return teams[ident.key]
    scope.unknown("LR150", ident.span, "team", ident.key, teams)
    return None


def members(scope: Scope, team: str) -> list[Rep]:
    """The active reps of a team, in roster order."""
    reps = {rep.key: rep for rep in scope.project.team.reps}
    keys = dict(scope.project.team.teams).get(team, ())
    return [reps[key] for key in keys if key in reps and reps[key].active]


def attribute_types(reps: Iterable[Rep]) -> Mapping[str, Type]:
    """The type of each attribute that some rep has, and of `rep.weight`; a list anywhere makes it a set of text."""
    values: dict[str, list[Any]] = {}
    for rep in reps:
        for name, value in rep.attributes:
            values.setdefault(nfc(name), []).append(value)
    return {WEIGHT: NUMBER, **{name: _common_type(found) for name, found in values.items()}}


def _common_type(values: Iterable[Any]) -> Type:
    types = {_type_of(value) for value in values if value is not None}
    if len(types) == 1:
        return types.pop()
    return SET if SET in types else TEXT


def _type_of(value: Any) -> Type:
    if isinstance(value, bool):
        return YESNO
    if isinstance(value, int | float):
        return NUMBER
    return SET if isinstance(value, list | tuple) else TEXT
