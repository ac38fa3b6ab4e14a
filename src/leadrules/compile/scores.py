"""Scores: rules, groups, limits, floor and cap.

In: a `score` block. Out: `model.Score`; `count events since` is already part of the filters of its rules. What points
add up to is the engines' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from leadrules.compile.definitions import active_days, check_unique_ids
from leadrules.compile.events import lower_since
from leadrules.compile.scope import Scope, duration, replace
from leadrules.core.diagnostics import Fix, Related
from leadrules.core.types import NUMBER
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

T = TypeVar("T", bound=n.Node)
HALVING_UNITS = ("hours", "days", "weeks")


def lower_score(scope: Scope, node: n.Score, position: int) -> model.Score:
    """The compiled score."""
    assert node.name is not None
    scope.types[node.name.key] = NUMBER
    check_unique_ids(scope, _lines(node))
    floor, cap = _bound(scope, node, "floor"), _bound(scope, node, "cap")
    _check_bounds(scope, floor, cap)
    counting = _only(scope, [i for i in node.items if isinstance(i, n.CountSince)], "count events since")
    since = lower_since(scope, counting.since, of_score=True) if counting else None
    with scope.counting(since):
        rules = tuple(_rule(scope, node, rule, group) for rule, group in _rules(node))
    for rule, _ in _rules(node):
        if rule.when is None and rule.each is None and not node.damaged:
            _never(scope, rule)
    return model.Score(
        node.name.key,
        node.title,
        position,
        rules,
        tuple(_group(scope, item) for item in node.items if isinstance(item, n.Group)),
        floor.value if floor else None,
        cap.value if cap else None,
        span=node.span.as_json(),
    )


def _lines(node: n.Score) -> Iterator[n.ScoreRule | n.Group]:
    """Rules and groups in written order: their ids are unique together."""
    for item in node.items:
        if isinstance(item, n.ScoreRule | n.Group):
            yield item
        if isinstance(item, n.Group):
            yield from item.rules


def _rules(node: n.Score) -> Iterator[tuple[n.ScoreRule, str | None]]:
    for item in node.items:
        if isinstance(item, n.ScoreRule):
            yield item, None
        elif isinstance(item, n.Group):
            yield from ((rule, item.name.key) for rule in item.rules)


def _only(scope: Scope, found: list[T], what: str) -> T | None:
    """A setting stands once."""
    for again in found[1:]:
        related = (Related(found[0].span, "first here"),)
        message = f"`{what}` stands twice in this score"
        scope.complain("LR136", again.span, message, label="again", help="keep one of them", related=related)
    return found[0] if found else None


def _bound(scope: Scope, node: n.Score, kind: str) -> n.Bound | None:
    return _only(scope, [i for i in node.items if isinstance(i, n.Bound) and i.kind == kind], kind)


def _check_bounds(scope: Scope, floor: n.Bound | None, cap: n.Bound | None) -> None:
    if floor and cap and floor.value > cap.value:
        message = f"the floor {floor.value:g} is above the cap {cap.value:g}"
        related = (Related(floor.span, "the floor"),)
        hint = "`floor` is the least a score can be, `cap` the most"
        scope.complain("LR132", cap.span, message, label="below the floor", help=hint, related=related)


def _group(scope: Scope, node: n.Group) -> model.Group:
    most = _points(scope, node.limit) if node.limit else None
    return model.Group(node.name.key, node.title, node.first_match, most, span=node.span.as_json())


def _points(scope: Scope, limit: n.Limit) -> float | None:
    """The limit of a group."""
    if limit.unit == "times":
        message = "a group is limited in points; `times` is for a rule with `each`"
        new = limit.span.text.replace("times", "points").replace("time", "points")
        fixes = (replace(f"change to `{new}`", limit.span, new),)
        scope.complain("LR133", limit.span, message, label="in times", help=f"write `{new}`", fixes=fixes)
        return None
    return _positive(scope, limit)


def _positive(scope: Scope, limit: n.Limit) -> float | None:
    if limit.amount > 0:
        return float(limit.amount)
    message = f"a limit of {limit.amount:g} {limit.unit} lets nothing through"
    scope.complain("LR133", limit.span, message, label="nothing", help="write a number above 0, or remove the rule")
    return None


def _rule(scope: Scope, score: n.Score, node: n.ScoreRule, group: str | None) -> model.ScoreRule:
    with scope.reading(score, node):
        points = _amount(scope, node)
        when = scope.condition(node.when) if node.when else None
        each = _each(scope, node.each) if node.each else None
        active = active_days(scope, node.active)
    return model.ScoreRule(node.name.key, node.title, points, when, each, active, group, span=node.span.as_json())


def _never(scope: Scope, node: n.ScoreRule) -> None:
    message = f"`{node.name.key}` does not say when it gives its points"
    hint = "add `when CONDITION` (once), or `each EVENT` (for every event)"
    scope.complain("LR131", node.span, message, label="neither `when` nor `each`", help=hint)


def _amount(scope: Scope, node: n.ScoreRule) -> model.Expr:
    amount = scope.expression(node.points, ("number",), what=f"the points of `{node.name.key}`")
    if node.sign == "+" or amount.type.kind == "error":
        return amount
    if amount.op == "const":
        return model.Expr("const", NUMBER, value=-amount.value or 0.0, span=amount.span)
    return model.Expr("neg", NUMBER, (amount,), span=amount.span)


def _each(scope: Scope, node: n.Each) -> model.Each | None:
    decay = node.decay
    halving = duration(decay.duration) if decay and decay.kind == "halving" else None
    fading = duration(decay.duration) if decay and decay.kind == "fading" else None
    if decay:
        _check_decay(scope, decay)
    limit = node.limit
    most_points = _positive(scope, limit) if limit and limit.unit == "points" else None
    most_times = _times(scope, limit) if limit and limit.unit == "times" else None
    events = scope.event_filter(node.event)
    return model.Each(events, halving, fading, most_points, most_times) if events else None


def _times(scope: Scope, limit: n.Limit) -> int | None:
    if limit.amount != int(limit.amount):
        message = f"events are counted in whole numbers, not {limit.amount:g}"
        scope.complain("LR133", limit.span, message, label="not a whole number", help="write `at most 3 times`")
        return None
    amount = _positive(scope, limit)
    return int(amount) if amount else None


def _check_decay(scope: Scope, decay: n.Decay) -> None:
    length = decay.duration
    if length.count <= 0:
        message = f"points cannot fade in no time: `{length.span.text}`"
        scope.complain("LR134", length.span, message, label="no time", help="write a length above 0, as `14 days`")
    elif decay.kind == "halving" and length.unit not in HALVING_UNITS:
        scope.complain(
            "LR134",
            length.span,
            f"`halving every` takes hours, days or weeks, not {length.unit}: their lengths differ",
            label=f"in {length.unit}",
            help="write it in days or weeks; `fading over` takes any length",
            fixes=_in_days(length),
        )


def _in_days(length: n.DurationLiteral) -> tuple[Fix, ...]:
    days = {"months": 30, "quarters": 91, "years": 365, "business days": 1}.get(length.unit)
    if days is None:
        return ()
    new = f"{length.count * days} days"
    return (replace(f"change to `{new}`", length.span, new),)
