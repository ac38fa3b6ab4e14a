"""Events of one lead: which of them count, what they come to, and what each is worth to an `each` rule.

In: filters, aggregates and `each` rules of a ruleset; then a case, whose events are in order and none after `as of`.
Out: the events that a filter lets through, aggregates, points in units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from leadrules.core.calendar import nominal
from leadrules.core.functions import Context
from leadrules.core.text import fold, in_units
from leadrules.engine.row_expressions import Case, Closure, Event, Interpreter, yes
from leadrules.engine.row_scores import EVENT_DECIMALS, RuleResult, limited, whole_units
from leadrules.ruleset import model
from leadrules.ruleset.model import Duration, EventFilter, Expr

Chosen = Callable[[Case], list[Event]]
Limit = Callable[[Case], datetime | None]


class EventReader:
    """Makes filters and aggregates of one ruleset into functions of a case."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter

    def aggregate(self, index: int) -> Callable[[Case], Any]:
        """The aggregate of this index."""
        one = self._interpreter.ruleset.aggregates[index]
        chosen, reduce = self.chosen(one.filter), _reduction(one)
        if one.field == "lead_id":  # an event is held by its lead, not by what its row says
            return lambda case: case.key if chosen(case) else None
        return lambda case: reduce(chosen(case))

    def chosen(self, selection: EventFilter) -> Chosen:
        """The events that a filter lets through, earliest first: by type, where, within, since, then distinct."""
        types = frozenset(selection.types)
        where = None if selection.where is None else self._interpreter.closure(selection.where)
        since = None if selection.since is None else self._limit(selection.since)
        within = None if selection.within is None else _Start(selection.within)
        distinct = selection.distinct

        def choose(case: Case) -> list[Event]:
            events = [event for event in case.events if event["type"] in types]
            if where is not None:
                events = [event for event in events if yes(where(case, event))]
            if within is not None:
                events = _within(events, within, case.context)
            if since is not None and (after := since(case)) is not None:
                events = [event for event in events if event["at"] > after]
            return events if distinct is None else _distinct(events, distinct, case)

        return choose

    def _limit(self, since: Expr) -> Limit:
        """The instant that events must be after; of a date its last microsecond, of `latest` the later limit."""
        if since.op == "latest":
            limits = [self._limit(part) for part in since.args]
            return lambda case: max((t for limit in limits if (t := limit(case)) is not None), default=None)
        closure = self._interpreter.closure(since)

        def limit(case: Case) -> datetime | None:
            value = closure(case, None)
            if value is None or isinstance(value, datetime):
                return value
            return case.context.calendar.end_of_day(value)

        return limit


class _Start:
    """`as of` less a length; many leads share a context, so it is worked out once for each."""

    def __init__(self, length: Duration) -> None:
        self._length = length
        self._context: Context | None = None
        self._start: datetime | None = None

    def __call__(self, context: Context) -> datetime | None:
        """The start, or None where the length leaves the calendar."""
        if context is not self._context:
            assert context.as_of is not None
            start = context.calendar.shift(context.as_of, -self._length.count, self._length.unit)
            assert start is None or isinstance(start, datetime)
            self._context, self._start = context, start
        return self._start


def _within(events: list[Event], start_of: _Start, context: Context) -> list[Event]:
    """Those after the start. Without an `as of` none is; a length that leaves the calendar holds all."""
    if context.as_of is None:
        return []
    start = start_of(context)
    return events if start is None else [event for event in events if event["at"] > start]


def _distinct(events: Iterable[Event], by: str, case: Case) -> list[Event]:
    """The latest event of each value, in order; a blank is one value."""
    latest: dict[Any, Event] = {}
    for event in events:
        value = case.context.calendar.day_of(event["at"]) if by == "day" else event.get(by)
        value = fold(value) if isinstance(value, str) else value
        latest.pop(value, None)
        latest[value] = event
    return list(latest.values())


def _reduction(one: model.Aggregate) -> Callable[[Sequence[Event]], Any]:
    name = "at" if one.field is None else one.field

    def values(events: Iterable[Event]) -> list[Any]:
        return [value for event in events if (value := event.get(name)) is not None]

    match one.function:
        case "count":
            return lambda events: float(len(events))
        case "sum":
            return lambda events: float(sum(in_units(limited(value), 4) for value in values(events))) / 10_000
        case "first":
            return lambda events: next(iter(values(events)), None)
        case "last":
            return lambda events: next(reversed(values(events)), None)
        case "min":
            return lambda events: min(values(events), default=None)
        case "max":
            return lambda events: max(values(events), default=None)
    raise AssertionError(one.function)


class Each:
    """The points of an `each` rule: per event, by its age, within the rule's own limits."""

    def __init__(self, each: model.Each, reader: EventReader, points: Closure) -> None:
        self._each = each
        self._chosen = reader.chosen(each.filter)
        self._points = points
        self._start = None if each.fading is None else _Start(each.fading)

    def result(self, case: Case) -> RuleResult | None:
        """What the events come to; None where none counts."""
        weighed = self.weighed(case)
        if not weighed:
            return None
        units = sum(one for _, one in weighed)
        if self._each.most_points is not None:
            most = in_units(self._each.most_points, EVENT_DECIMALS)
            units = max(-most, min(most, units))
        return RuleResult(whole_units(units), len(weighed))

    def weighed(self, case: Case) -> list[tuple[Event, int]]:
        """The events that count, each with its points in units of 10^-6."""
        events = self._chosen(case)
        if self._each.most_times is not None:
            events = events[max(len(events) - self._each.most_times, 0) :]
        if not events:
            return []
        points = limited(self._points(case, None))
        return [(event, in_units(limited(points * self._weight(event, case)), EVENT_DECIMALS)) for event in events]

    def _weight(self, event: Event, case: Case) -> float:
        """1 now: half of it with every halving time, or a straight line down to 0 at the end of the fading time."""
        each, as_of = self._each, case.context.as_of
        if each.halving is None and each.fading is None:
            return 1.0
        if as_of is None:
            return 0.0
        if each.halving is not None:
            return float(0.5 ** (_micros(as_of - event["at"]) / _micros(_exact(each.halving))))
        start = None if self._start is None else self._start(case.context)
        return 0.0 if start is None else max(_micros(event["at"] - start) / _micros(as_of - start), 0.0)


def _exact(length: Duration) -> timedelta:
    """A halving time: hours, days of 24 hours, weeks of 7 days."""
    exact = nominal(length.count, length.unit)
    assert exact is not None, length
    return exact


def _micros(length: timedelta) -> float:
    return float(length // timedelta(microseconds=1))
