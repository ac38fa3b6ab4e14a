"""Goals: a chain of rates from the target back to the activities.

In: a goal's node. Out: `model.Goal`, and findings left in the scope. A goal names stages and activities of its own; it
looks nothing up. The chain is a line: each stage is a share of the next one down, and only the last comes from several
activities, which `mix` splits.
"""

from __future__ import annotations

from collections.abc import Iterable

from leadrules.compile.definitions import only
from leadrules.compile.scope import Scope
from leadrules.core.diagnostics import Related
from leadrules.core.source import Span
from leadrules.core.text import number_text
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

Activities = dict[str, n.Ident]

TARGET_PERIODS = ("day", "week", "month", "quarter", "year")
WORKDAY_PERIODS = TARGET_PERIODS[1:]
MONTHS = {"week": 12 / 52, "month": 1, "quarter": 3, "year": 12}
EFFORT_MINUTES = {"minutes": 1, "hours": 60}
MIX = "mix"
ALL_OF_IT = 1.0
TOLERANCE = 1e-9


def lower_goal(scope: Scope, node: n.Goal) -> model.Goal:
    """The goal, with every rate on the way from the target to the activities checked."""
    assert node.name is not None
    target = only(scope, node.items, n.GoalTarget, "`target`")
    workdays = only(scope, node.items, n.GoalWorkdays, "`workdays`")
    _check_times(scope, node, target, workdays)
    mix, stages = _split(scope, node)
    activities = None if node.damaged else _activities(scope, stages, target)
    if activities is not None:
        _check_mix(scope, stages, activities, mix)
    return model.Goal(
        name=node.name.key,
        title=node.title,
        target=target.amount if target else 0.0,
        target_of=target.what.key if target else "",
        target_per=target.per.key if target else "month",
        workdays=workdays.amount / MONTHS[workdays.per.key] if workdays and workdays.per.key in MONTHS else None,
        rates=tuple((s.name.key, tuple((r.share, r.what.key) for r in s.rates)) for s in stages),
        mix=tuple((r.what.key, r.share) for r in mix.rates) if mix else (),
        effort=_effort(scope, node, activities),
        span=node.span.as_json(),
    )


def _check_times(scope: Scope, node: n.Goal, target: n.GoalTarget | None, workdays: n.GoalWorkdays | None) -> None:
    assert node.name is not None
    if target is None and not node.damaged:
        hint = "add one: `target 1 sqo per month`, where `sqo` is the stage that the rates lead to"
        scope.complain("LR182", node.name.span, f"the goal `{node.name.text}` has no target", help=hint)
    elif target is not None:
        _check_period(scope, target, TARGET_PERIODS, "target")
    if workdays is not None:
        _check_period(scope, workdays, WORKDAY_PERIODS, "number of workdays")


def _check_period(scope: Scope, node: n.GoalTarget | n.GoalWorkdays, periods: tuple[str, ...], what: str) -> None:
    if node.per.key not in periods:
        known = ", ".join(f"`{word}`" for word in periods)
        message = f"a {what} per `{node.per.text}` cannot be counted with"
        scope.complain("LR185", node.per.span, message, help=f"it is per one of {known}")
    if node.amount <= 0:
        scope.complain("LR185", node.span, f"a {what} of 0 leads nowhere", help="write a number above 0")


def _split(scope: Scope, node: n.Goal) -> tuple[n.GoalRate | None, list[n.GoalRate]]:
    """The mix and the stages, each name once."""
    lines: dict[str, n.GoalRate] = {}
    for item in node.items:
        if not isinstance(item, n.GoalRate):
            continue
        first = lines.setdefault(item.name.key, item)
        if first is not item:
            _twice(scope, item.name.span, first.name.span, f"`{item.name.text}` has its rates twice")
    mix = lines.pop(MIX, None)
    if mix is not None and all(rate.kind == "of" for rate in mix.rates):
        lines[MIX], mix = mix, None
    for line in lines.values():
        _check_shares(scope, line, "of")
    if mix is not None:
        _check_shares(scope, mix, "by")
    return mix, list(lines.values())


def _twice(scope: Scope, span: Span, first: Span, message: str) -> None:
    related = (Related(first, "said here first"),)
    scope.complain("LR165", span, message, help="keep the one that is meant", related=related)


def _check_shares(scope: Scope, line: n.GoalRate, kind: str) -> None:
    for rate in line.rates:
        if rate.kind != kind:
            hint = f"write `{_percent(rate.share)} {kind} {rate.what.text}`"
            message = f"a stage is a share `of` another, and only `mix` is split `by` activities: `{rate.span.text}`"
            scope.complain("LR183", rate.span, message, help=hint)
        elif rate.share <= 0:
            scope.complain("LR183", rate.span, "a share of 0% leads nowhere", help="write a share above 0%")


def _activities(scope: Scope, stages: list[n.GoalRate], target: n.GoalTarget | None) -> Activities | None:
    """What the chain comes down to, by name; None where the chain is broken and reported."""
    by_name = {stage.name.key: stage for stage in stages}
    if target is None or not _begins(scope, by_name, target):
        return None
    chain: list[n.GoalRate] = []
    below: Activities = {target.what.key: target.what}
    while stage := next((by_name[name] for name in below if name in by_name), None):
        if len(below) > 1:
            _report_fork(scope, chain[-1], stage)
            return None
        if stage in chain:
            _report_circle(scope, chain, stage)
            return None
        chain.append(stage)
        below = _below(scope, stage)
    for stage in stages:
        if stage not in chain:
            _report_apart(scope, stage, target)
    return below


def _begins(scope: Scope, by_name: dict[str, n.GoalRate], target: n.GoalTarget) -> bool:
    if not by_name or target.what.key in by_name:
        return True
    scope.unknown("LR183", target.what.span, "rate for the stage", target.what.key, by_name)
    return False


def _below(scope: Scope, stage: n.GoalRate) -> Activities:
    found: Activities = {}
    for rate in stage.rates:
        first = found.setdefault(rate.what.key, rate.what)
        if first is not rate.what:
            _twice(scope, rate.what.span, first.span, f"`{stage.name.text}` is a share of `{first.text}` twice")
    return found


def _report_circle(scope: Scope, chain: list[n.GoalRate], back: n.GoalRate) -> None:
    circle = [*chain[chain.index(back) :], back]
    scope.complain(
        "LR183",
        chain[-1].span,
        f"the rates go round in a circle: {' from '.join(f'`{stage.name.text}`' for stage in circle)}",
        help="let the last stage be a share of an activity, which has no rate of its own: `8% of call`",
        related=tuple(Related(stage.name.span, "part of the circle") for stage in circle[:-2]),
    )


def _report_fork(scope: Scope, stage: n.GoalRate, below: n.GoalRate) -> None:
    rate = next(rate for rate in stage.rates if rate.what.key == below.name.key)
    message = f"`{stage.name.text}` comes from `{below.name.text}`, which is a stage, and from something else"
    hint = "only the last stage comes from several, all of them activities, which `mix` splits"
    scope.complain("LR183", rate.span, message, help=hint)


def _report_apart(scope: Scope, stage: n.GoalRate, target: n.GoalTarget) -> None:
    message = f"`{stage.name.text}` is not on the way from `{target.what.text}` to the activities"
    related = (Related(target.what.span, "the target"),)
    scope.complain(
        "LR183", stage.name.span, message, help="take it out, or make it a step of the chain", related=related
    )


def _check_mix(scope: Scope, stages: list[n.GoalRate], activities: Activities, mix: n.GoalRate | None) -> None:
    if mix is None:
        if len(activities) > 1:
            _report_no_mix(scope, stages, activities)
        return
    seen: dict[str, n.Ident] = {}
    for rate in mix.rates:
        first = seen.setdefault(rate.what.key, rate.what)
        if first is not rate.what:
            _twice(scope, rate.what.span, first.span, f"`mix` names `{first.text}` twice")
            return
        if rate.what.key not in activities:
            scope.unknown("LR184", rate.what.span, "activity", rate.what.key, activities)
            return
    _check_whole(scope, mix, [ident.text for name, ident in activities.items() if name not in seen])


def _check_whole(scope: Scope, mix: n.GoalRate, missing: list[str]) -> None:
    total = sum(rate.share for rate in mix.rates)
    if missing:
        hint = f"give it a share: `... by {missing[0]}`"
        scope.complain("LR184", mix.span, f"`mix` leaves out `{missing[0]}`", help=hint)
    elif abs(total - ALL_OF_IT) > TOLERANCE:
        message = f"the shares of `mix` are {_percent(total)} together"
        scope.complain("LR184", mix.span, message, help="let them add up to 100%")


def _report_no_mix(scope: Scope, stages: Iterable[n.GoalRate], activities: Activities) -> None:
    stage = next(s for s in stages if any(rate.what.key in activities for rate in s.rates))
    shares = ", ".join(f"...% by {ident.text}" for ident in activities.values())
    message = f"`{stage.name.text}` comes from {len(activities)} activities, and nothing says how the work is split"
    scope.complain("LR184", stage.span, message, help=f"add `mix: {shares}`, 100% together")


def _effort(scope: Scope, node: n.Goal, activities: Activities | None) -> tuple[tuple[str, float], ...]:
    seen: dict[str, n.EffortItem] = {}
    for item in (item for line in node.items if isinstance(line, n.Effort) for item in line.items):
        first = seen.setdefault(item.per.key, item)
        if first is not item:
            _twice(scope, item.span, first.span, f"the effort per `{item.per.text}` is said twice")
            continue
        if activities is not None and item.per.key not in activities:
            scope.unknown("LR183", item.per.span, "activity", item.per.key, activities)
        if item.duration.unit not in EFFORT_MINUTES:
            message = f"effort is counted in minutes or hours, not in {item.duration.unit}"
            scope.complain("LR185", item.duration.span, message, help=f"write `6 minutes per {item.per.text}`")
    return tuple((name, _minutes(item.duration)) for name, item in seen.items())


def _minutes(duration: n.DurationLiteral) -> float:
    return float(duration.count * EFFORT_MINUTES.get(duration.unit, 0))


def _percent(share: float) -> str:
    return f"{number_text(share * 100, 4)}%"
