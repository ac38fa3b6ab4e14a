"""Routes: who gets a lead.

In: a route's node. Out: `model.Route` and findings. Every rep, team, queue and attribute is looked up in the team file;
what is dealt, and when, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, cast, get_args

from leadrules.compile.actions import filled_field
from leadrules.compile.comparisons import CHOOSING
from leadrules.compile.definitions import active_days, check_otherwise_last, check_unique_ids
from leadrules.compile.literals import text_value
from leadrules.compile.roster import attribute_types, known_queue, known_rep, known_team, members
from leadrules.compile.scope import Scope, duration, inside_team
from leadrules.core.diagnostics import Related
from leadrules.core.text import nfc
from leadrules.core.types import NUMBER
from leadrules.ruleset import model
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

Strategy = Literal["round_robin", "weighted", "least_loaded"]
STRATEGIES: tuple[str, ...] = get_args(Strategy)


def lower_route(scope: Scope, node: n.Route, position: int) -> model.Route:
    """The compiled route."""
    assert node.name is not None
    rules = [item for item in node.items if isinstance(item, n.RouteRule)]
    if not rules and not node.damaged:
        hint = "add one: `rest: queue nurture otherwise`"
        scope.complain("LR164", node.name.span, f"the route `{node.name.text}` has no rule", help=hint)
    check_unique_ids(scope, rules)
    check_otherwise_last(scope, rules)
    order_by = node.order_by
    return model.Route(
        name=node.name.key,
        title=node.title,
        position=position,
        rules=tuple(_rule(scope, rule) for rule in rules),
        order_by=scope.expression(order_by, ("number", "date", "datetime"), what="`order by`") if order_by else None,
        descending=node.descending,
        on_demand=node.on_demand,
        sets=_sets(scope, node),
        reroute=tuple(scope.condition(i.condition) for i in node.items if isinstance(i, n.Reroute)),
        answered=tuple(scope.condition(i.condition) for i in node.items if isinstance(i, n.Answered)),
        span=node.span.as_json(),
    )


def check_fields_filled_once(scope: Scope, routes: Iterable[n.Route]) -> None:
    """Report two routes that are both always on and fill the same field."""
    taken: dict[str | None, n.Route] = {}
    for route in routes:
        if route.on_demand or route.name is None or ("route", route.name.key) in scope.names.disputed:
            continue
        field = filled_field(scope, route)
        first = taken.setdefault(field, route)
        if first is not route:
            _report_same_field(scope, field, first, route)


def _report_same_field(scope: Scope, field: str | None, first: n.Route, second: n.Route) -> None:
    assert first.name is not None
    assert second.name is not None
    what = f"the field `{field}`" if field else "the owner"
    scope.complain(
        "LR163",
        second.name.span,
        f"the routes `{first.name.text}` and `{second.name.text}` both fill {what}",
        label="always on, too",
        help="make them one route, let one set another field, or say `on demand` after the name of one",
        related=(Related(first.name.span, "always on"),),
    )


def _sets(scope: Scope, node: n.Route) -> str | None:
    ident = node.sets
    if ident is None or filled_field(scope, node) is None:
        return None
    field = scope.names.fields.get(ident.key)
    if field is None:
        scope.unknown("LR104", ident.span, "field of the lead", ident.key, scope.names.fields)
        return None
    scope.use("field", field.name, ident.span)
    scope.fields_read.add(field.name)
    if field.name in (scope.project.key, scope.project.sequence):
        scope.complain("LR162", ident.span, f"a route cannot fill `{field.name}`", help="let it set another field")
    elif not field.type.is_textual:
        hint = "a rep or a queue is a text: make the field one in the lead schema, or set another"
        scope.complain("LR162", ident.span, f"`{field.name}` is {field.type}, so it cannot hold a rep", help=hint)
    return field.name


def _rule(scope: Scope, node: n.RouteRule) -> model.RouteRule:
    if node.on_shift and not isinstance(node.target, n.TeamTarget):
        hint = "take `on shift` out, or deal the lead to a team"
        scope.complain("LR161", node.span, f"`{node.name.text}` is not for a team, so nobody's shift counts", help=hint)
    return model.RouteRule(
        name=node.name.key,
        title=node.title,
        target=TARGETS[type(node.target)](scope, node.target),
        condition=scope.condition(node.condition) if node.condition else None,
        on_shift=node.on_shift,
        respond_within=duration(node.respond_within) if node.respond_within else None,
        active=active_days(scope, node.active),
        span=node.span.as_json(),
    )


def _rep(scope: Scope, node: n.RepTarget) -> model.Target:
    for literal in _written_reps(node.value):
        known_rep(scope, literal)
    return model.Target("rep", rep=text_value(scope, node.value, "a rep"))


def _written_reps(node: n.Expression) -> Iterator[n.TextLiteral]:
    """The texts that the value can be: itself, or what `if` and `coalesce` choose from."""
    if isinstance(node, n.TextLiteral):
        yield node
    elif isinstance(node, n.Call) and node.function.key in CHOOSING:
        for argument in node.arguments[CHOOSING[node.function.key] :]:
            yield from _written_reps(argument)


def _queue(scope: Scope, node: n.QueueTarget) -> model.Target:
    return model.Target("queue", queue=known_queue(scope, node.queue))


def _keep(scope: Scope, node: n.KeepTarget) -> model.Target:
    return model.Target("keep")


def _match(scope: Scope, node: n.MatchTarget) -> model.Target:
    name = n.Name(span=node.on.span, name=node.on)
    return model.Target("match", on=text_value(scope, name, "`match account on`", also="number"))


def _team(scope: Scope, node: n.TeamTarget) -> model.Target:
    team = known_team(scope, node.team)
    strategy = _strategy(scope, node)
    if strategy == "least_loaded" and team is not None:
        _check_capacities(scope, node, team)
    return model.Target(
        "team",
        team=team,
        where=_where(scope, node),
        strategy=strategy,
        attribute=_attribute(scope, node, strategy) if node.attribute else None,
    )


def _where(scope: Scope, node: n.TeamTarget) -> Expr | None:
    if node.where is None:
        return None
    return scope.condition(node.where, inside_team(attribute_types(scope.project.team.reps)))


def _strategy(scope: Scope, node: n.TeamTarget) -> Strategy | None:
    if node.strategy is None:
        return None
    if node.strategy.key in STRATEGIES:
        return cast("Strategy", node.strategy.key)
    scope.unknown("LR157", node.strategy.span, "way of dealing leads", node.strategy.key, STRATEGIES)
    return None


def _attribute(scope: Scope, node: n.TeamTarget, strategy: Strategy | None) -> str | None:
    ident = node.attribute
    assert ident is not None
    if strategy is None:
        return None
    if strategy != "weighted":
        hint = f"write `by weighted rep.{ident.text}`, or leave `rep.{ident.text}` out"
        scope.complain("LR160", ident.span, f"`{strategy}` takes no weight", help=hint)
        return None
    known = attribute_types(scope.project.team.reps)
    if ident.key not in known:
        note = "attributes are the further keys of a rep in the team file"
        scope.unknown("LR158", ident.span, "attribute of the reps", ident.key, known, note)
        return None
    if known[ident.key] != NUMBER:
        message = f"`rep.{ident.text}` is {known[ident.key]}, and a weight is a number"
        scope.complain("LR160", ident.span, message, help="take an attribute that is a number for every rep who has it")
    return _as_written(scope, ident)


def _as_written(scope: Scope, ident: n.Ident) -> str:
    names = (name for rep in scope.project.team.reps for name, _ in rep.attributes)
    return next((name for name in names if nfc(name) == ident.key), ident.key)


def _check_capacities(scope: Scope, node: n.TeamTarget, team: str) -> None:
    without = [rep.key for rep in members(scope, team) if rep.capacity.open is None]
    if not without:
        return
    assert node.strategy is not None
    who = ", ".join(f"`{key}`" for key in without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
    scope.complain(
        "LR159",
        node.strategy.span,
        f"`least_loaded` compares loads with `capacity.open`, which {who} {'has' if len(without) == 1 else 'have'} not",
        help="in the team file give each `capacity: {open: N}`, or deal `by round_robin`",
    )


TARGETS: dict[type[n.Node], Callable[[Scope, Any], model.Target]] = {
    n.RepTarget: _rep,
    n.QueueTarget: _queue,
    n.KeepTarget: _keep,
    n.MatchTarget: _match,
    n.TeamTarget: _team,
}
