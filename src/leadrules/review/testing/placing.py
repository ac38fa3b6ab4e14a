"""Where a lead must be, and when, for a branch or a boundary to be come to: in a sequence, on a date, at the end of a window.

In: a lead that meets a condition. Out: the same lead, moved: into the sequence whose step, end or exit it is, to the day on which a
date falls, with its events at the edge. Knows no goals and tries nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from leadrules.analyse.building import has_room
from leadrules.analyse.witness import Witnesses
from leadrules.core.calendar import end_of_month
from leadrules.core.functions import Context
from leadrules.lifecycle.single import MOST_DAYS, Workbench
from leadrules.review.testing.boundaries import Boundary
from leadrules.review.testing.points import Condition, is_decided
from leadrules.review.testing.test_blocks import Example, moved
from leadrules.ruleset.model import On, Sequence, Trigger

Place = Callable[[Example], Iterator[Example]]
NOON = timedelta(hours=12)


class Placing:
    """Puts leads where they are wanted."""

    def __init__(self, bench: Workbench, witnesses: Witnesses) -> None:
        self.bench, self.ruleset, self.witnesses = bench, bench.ruleset, witnesses

    def of_point(self, rule: str, condition: Condition | None, *, is_step: bool) -> Place:
        """For an outcome of a rule, or of a part of a condition."""
        place, trigger = self._of_point(rule, condition, is_step=is_step), self._trigger(rule)
        hears = trigger is not None and trigger.on.kind == "event"
        return place if hears or not is_decided(rule) else partial(_quietly, place)

    def _trigger(self, rule: str) -> Trigger | None:
        return next((one for one in self.ruleset.triggers if rule == f"trigger.{one.name}"), None)

    def _of_point(self, rule: str, condition: Condition | None, *, is_step: bool) -> Place:
        when, about = (condition.when, condition.about) if condition is not None else ("", None)
        trigger = self._trigger(rule)
        if trigger is not None and trigger.on.kind == "finish":
            return partial(self._in_sequence, name=str(trigger.on.name), step="finish")
        if trigger is not None and trigger.on.kind == "date":
            return partial(self._on_date, on=trigger.on)
        if is_step or when == "step":
            name, _, step = rule.removeprefix("sequence.").rpartition(".")
            return partial(self._in_sequence, name=name, step=step)
        if when in ("exit", "pause"):
            names = [about] if about is not None else [one.name for one in self.ruleset.sequences[:1]]
            return lambda example: (one for name in names for one in self._in_sequence(example, name, ""))
        if when == "suppress":
            return partial(self._about_to_get, channel=str(about))
        return lambda example: iter((example,))

    def of_boundary(self, one: Boundary) -> Place:
        """For a side of a boundary."""
        if one.filter is not None:
            return partial(self._beside, one)
        if one.held is not None:
            return lambda example: iter((replace(example, given={**example.given, str(one.band): one.held}),))
        return self.of_point(one.rule, one.condition, is_step=False)

    def _where(self, rule: str) -> Place:
        """For a window somewhere in a rule."""
        word, _, name = rule.partition(".")
        if word == "sequence":
            return partial(self._in_sequence, name=name, step="")
        if rule == "exit all" and self.ruleset.sequences:
            return partial(self._in_sequence, name=self.ruleset.sequences[0].name, step="")
        if rule.startswith("suppress "):
            return partial(self._about_to_get, channel=rule.removeprefix("suppress "))
        return self._of_point(rule, None, is_step=False)

    def _about_to_get(self, example: Example, channel: str) -> Iterator[Example]:
        """The lead where a step on a channel comes due, one that goes out by itself first."""
        steps = [
            (plan, step)
            for plan in self.ruleset.sequences
            for step in plan.steps
            if channel in ("all", step.channel) and step.condition is None
        ]
        for plan, step in sorted(steps, key=lambda one: not one[1].auto)[:2]:
            yield from self._in_sequence(example, plan.name, str(step.number))

    def _in_sequence(self, example: Example, name: str, step: str) -> Iterator[Example]:
        """The lead in a sequence, where a step comes due; at its finish; or (no step) since yesterday."""
        plan = next(one for one in self.ruleset.sequences if one.name == name)
        numbers = [one.number for one in plan.steps]
        passed, starts = 0, [example.as_of - timedelta(days=1)]
        if step == "finish" and numbers:
            passed, starts = numbers[-1], [*self._to_finish(plan, example), example.as_of - timedelta(days=MOST_DAYS)]
        elif step:
            place = numbers.index(int(step))
            passed = numbers[place - 1] if place else 0
            found = self.bench.enrolled_for(plan, numbers[place], example.as_of)
            starts = [found] if found is not None else []
        for since in starts:
            state = {"sequence": name, "step": float(passed), "enrolled_at": since.replace(second=0, microsecond=0)}
            kept = {n: v for n, v in example.given.items() if n not in state}
            yield replace(example, given=kept | state)

    def _to_finish(self, plan: Sequence, example: Example) -> Iterator[datetime]:
        """The latest enrolment of which the sequence is over by now."""
        rest = plan.finish_after
        over = self.bench.calendar.shift(example.as_of, -rest.count, rest.unit) if rest is not None else example.as_of
        found = self.bench.enrolled_for(plan, plan.steps[-1].number, over) if isinstance(over, datetime) else None
        if found is not None:
            yield found

    def _on_date(self, example: Example, on: On) -> Iterator[Example]:
        """The run on the day on which the lead's date falls, its events as long before as they were."""
        assert on.value is not None
        calendar, program = self.bench.calendar, self.witnesses.program
        facts = program.facts(example.given, list(example.events), Context(calendar, example.as_of), {"key": "example"})
        value = program.value(on.value, facts)
        if not isinstance(value, date):
            return
        day = calendar.day_of(value) if isinstance(value, datetime) else value
        day = _return(day, calendar.day_of(example.as_of)) if on.every_year else day
        if not has_room(day):
            return
        as_of = calendar.midnight(day).astimezone(UTC) + NOON
        if isinstance(value, datetime) and not on.every_year:
            as_of = value.replace(second=0, microsecond=0) + timedelta(minutes=1)
        events = moved(example.events, as_of - example.as_of)
        if events is not None:
            yield replace(example, as_of=as_of, events=events)

    def _beside(self, one: Boundary, example: Example) -> Iterator[Example]:
        """The lead with its events moved to the edge of a window."""
        assert one.filter is not None
        assert one.filter.within is not None
        for placed in self._where(one.rule)(example):
            start = self.bench.calendar.shift(placed.as_of, -one.filter.within.count, one.filter.within.unit)
            if isinstance(start, datetime):
                at = start + timedelta(minutes=1 if one.step > 0 else 0)
                types = one.filter.types
                beside = tuple({**e, "at": at} if e["type"] in types else e for e in placed.events)
                yield replace(placed, events=beside)


def _quietly(place: Place, example: Example) -> Iterator[Example]:
    """The lead where it is put; then with its events so long ago that no trigger hears them now."""
    for placed in place(example):
        yield placed
        earlier = moved(placed.events, timedelta(days=-2))
        if earlier:
            yield replace(placed, events=earlier)


def _return(day: date, since: date) -> date:
    """The first return of a month and day, not before `since`."""
    for year in (since.year, since.year + 1):
        last = end_of_month(date(year, day.month, 1))
        again = date(year, day.month, min(day.day, last.day))
        if again >= since:
            return again
    return day
