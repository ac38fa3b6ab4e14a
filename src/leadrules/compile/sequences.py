"""Sequences: what a lead gets, step by step.

In: a sequence's node. Out: `model.Sequence` and findings. Knows the channels, templates and zones of the project, and
nothing of the days on which a step will be due.
"""

from __future__ import annotations

from datetime import time

from leadrules.compile.actions import check_conflicts, known_channel, lower_action, lower_template
from leadrules.compile.definitions import only
from leadrules.compile.literals import between_quotes
from leadrules.compile.scope import Scope, duration, replace
from leadrules.core.diagnostics import Related
from leadrules.project.values import zone_exists, zone_meant
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

ZONE_HELP = 'write it as in "Asia/Tokyo", "Europe/Berlin" or "UTC"'


def lower_sequence(scope: Scope, node: n.Sequence, position: int) -> model.Sequence:
    """The compiled sequence."""
    assert node.name is not None
    items = node.items
    steps = [item for item in items if isinstance(item, n.Step)]
    _check_steps(scope, steps, None if node.damaged or not steps else steps[0])
    counting = only(scope, items, n.CountDays, "how days are counted")
    window = only(scope, items, n.SendWindow, "the send window")
    throttle = only(scope, items, n.Throttle, "how many enter per day")
    again = only(scope, items, n.Again, "who may enter again")
    finish = only(scope, items, n.FinishAfter, "`finish after`")
    return model.Sequence(
        name=node.name.key,
        title=node.title,
        position=position,
        steps=tuple(_step(scope, step) for step in steps),
        business_days=counting is not None and counting.business,
        window=_window(scope, window) if window else None,
        per_day=_per_day(scope, throttle) if throttle else None,
        once=again is not None and again.after is None,
        again_after=duration(again.after) if again and again.after else None,
        exits=tuple(scope.condition(item.condition) for item in items if isinstance(item, n.ExitWhen)),
        pauses=tuple(scope.condition(item.condition) for item in items if isinstance(item, n.PauseWhen)),
        finish_after=duration(finish.duration) if finish else None,
        on_finish=_on_finish(scope, node, [item.action for item in items if isinstance(item, n.OnFinish)]),
        span=node.span.as_json(),
    )


def _step(scope: Scope, node: n.Step) -> model.Step:
    return model.Step(
        number=node.number,
        channel=known_channel(scope, node.channel),
        day=node.day,
        at=_clock(node.at) if node.at else None,
        after=duration(node.after) if node.after else None,
        wait=duration(node.wait) if node.wait else None,
        auto=node.auto,
        content=node.content,
        template=lower_template(scope, node.template),
        condition=scope.condition(node.condition) if node.condition else None,
        span=node.span.as_json(),
    )


def _clock(value: time) -> str:
    return f"{value:%H:%M}"


def _check_steps(scope: Scope, steps: list[n.Step], first: n.Step | None) -> None:
    highest: n.Step | None = None
    latest: n.Step | None = None
    for step in steps:
        if highest is not None and step.number <= highest.number:
            _report_number(scope, step, highest)
        else:
            highest = step
            _check_time(scope, step, first, latest)
        if step.day is not None and (latest is None or step.day > (latest.day or 0)):
            latest = step


def _report_number(scope: Scope, step: n.Step, before: n.Step) -> None:
    again = "stands twice" if step.number == before.number else f"comes after {before.number}"
    scope.complain(
        "LR166",
        step.number_span,
        f"step {step.number} {again}: the numbers of steps rise",
        label="not higher than the one before",
        help=f"number it {before.number + 1} or higher",
        related=(Related(before.number_span, "the step before"),),
    )


def _check_time(scope: Scope, step: n.Step, first: n.Step | None, latest: n.Step | None) -> None:
    if step.day is not None and step.day < 1:
        hint = "day 1 is the day of the enrolment"
        scope.complain("LR167", step.span, f"there is no day {step.day}: days count from 1", help=hint)
    elif step.wait is not None and step is first:
        message = f"step {step.number} waits for the step before it, and it is the first"
        hint = "write `day 1`, or `day 1 after 2 hours` for a delay"
        scope.complain("LR167", step.span, message, help=hint)
    elif step.day is not None and latest is not None and step.day < (latest.day or 0):
        scope.complain(
            "LR167",
            step.span,
            f"step {step.number} is on day {step.day}, before step {latest.number} on day {latest.day}",
            help="put the steps in the order of their days",
            related=(Related(latest.span, f"day {latest.day}"),),
        )


def _window(scope: Scope, node: n.SendWindow) -> tuple[str, str, str | None]:
    if node.start >= node.end:
        message = f"the window from {_clock(node.start)} to {_clock(node.end)} never opens"
        hint = "the first time comes before the second, on the same day"
        scope.complain("LR168", node.span, message, help=hint)
    zone = node.zone
    if zone is not None and not zone_exists(zone.value):
        _report_zone(scope, zone)
    return _clock(node.start), _clock(node.end), zone.value if zone else None


def _report_zone(scope: Scope, zone: n.TextLiteral) -> None:
    near = zone_meant(zone.value)
    span = between_quotes(zone)
    fixes = (replace(f"change to `{near}`", span, near),) if near else ()
    hint = f"did you mean `{near}`?" if near else ZONE_HELP
    message = f"there is no time zone `{zone.value}`"
    scope.complain("LR169", span, message, label="unknown time zone", help=hint, fixes=fixes)


def _per_day(scope: Scope, node: n.Throttle) -> int:
    if node.per_day < 1:
        hint = "write a number from 1, or take the line out"
        scope.complain("LR181", node.span, "at most 0 per day lets nobody in", help=hint)
    return node.per_day


def _on_finish(scope: Scope, node: n.Sequence, actions: list[n.Action]) -> tuple[model.Action, ...]:
    for action in actions:
        _check_on_finish(scope, node, action)
    assert node.name is not None
    hint = f"keep one, or write triggers `on finish {node.name.text}` with different conditions"
    check_conflicts(scope, actions, hint, "keep one, or choose by a classify: `move by PLAN`")
    return tuple(lower_action(scope, action) for action in actions)


def _check_on_finish(scope: Scope, node: n.Sequence, action: n.Action) -> None:
    assert node.name is not None
    if isinstance(action, n.StopSequence):
        hint = "take the line out; `exit when` ends a sequence early"
        scope.complain("LR171", action.span, "the sequence has finished: there is nothing to stop", help=hint)
    elif isinstance(action, n.MoveTo | n.Enroll) and action.sequence.key == node.name.key:
        scope.complain(
            "LR170",
            action.sequence.span,
            f"`{node.name.text}` would begin again each time it finishes",
            label="the sequence itself",
            help="move to another one; a trigger may bring a lead back later",
        )
