"""Whether what a test expects hangs on the instant at which it runs.

In: a ruleset and the team; a test, the instant it began at, and whether its lead was in a sequence. Out: yes or no, by what
the rules that it asks for read: the clock, a due time, working hours. Runs nothing, so it cannot know that another instant would
have made no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from leadrules.lifecycle.record import INPUTS
from leadrules.project.model import Rep, Team
from leadrules.ruleset.model import Expr, Matrix, Placed, Route, Ruleset, Sequence, Test, TestItem, Trigger
from leadrules.ruleset.walk import asks_time, below, below_definition, expression_parts

_TIMES = frozenset(["assigned_at", "due_at", "enrolled_at"])
_DATED = frozenset(["date", "finish", "overdue"])


class Instants:
    """What of a ruleset reads the time."""

    def __init__(self, ruleset: Ruleset, team: Team) -> None:
        self.ruleset = ruleset
        self._definitions = _definitions(ruleset)
        settings = ruleset.settings
        self._has_days_off = bool(settings.holiday_country or settings.holiday_dates) or any(map(_is_off, team.reps))
        routes = {one.name: self._route(one) for one in ruleset.routes}
        self._routes = frozenset(name for name, reads in routes.items() if reads)
        self._triggers = frozenset(one.name for one in ruleset.triggers if self._trigger(one))
        held = (*ruleset.exits, *ruleset.suppressions)
        self._any_decision = bool(self._routes or self._triggers) or any(self._reads(below(o, ruleset)) for o in held)

    def matter(self, test: Test, began: datetime, *, in_sequence: bool) -> bool:
        """Whether a test reads the time: it goes on later, something happens after it began, or what it expects asks."""
        return any(
            item.kind == "then" or _happens_after(item, began) or self._asked_by(item, in_sequence=in_sequence)
            for item in test.items
        )

    def _asked_by(self, item: TestItem, *, in_sequence: bool) -> bool:
        """Whether an expectation reads the time, itself or by the rules that decide it."""
        if item.kind == "action":
            return in_sequence or self._any_decision
        if item.path is not None:
            kind, _, name = item.path.partition(".")
            if kind in ("route", "trigger"):
                return _is_of(name, self._routes if kind == "route" else self._triggers)
            return _is_of(item.path, self._definitions)
        if item.condition is None:
            return False
        parts = list(expression_parts(item.condition, self.ruleset))
        decided = {part.value for part in parts if isinstance(part, Expr) and part.op == "always"} & {*INPUTS}
        return self._reads(parts) or bool(decided & _TIMES) or (bool(decided) and (in_sequence or self._any_decision))

    def _reads(self, parts: Iterable[Any]) -> bool:
        """Whether parts of rules ask for the time, or name a definition that does."""
        return any(
            (not isinstance(part, Route | Sequence | Trigger) and asks_time(part))
            or (isinstance(part, Expr) and part.op == "name" and part.value in self._definitions)
            for part in parts
        )

    def _route(self, one: Route) -> bool:
        """By its conditions and dates, or by whom it may deal to at that hour or on that day."""
        people = [rule for rule in one.rules if rule.target.kind in ("rep", "team", "match")]
        on_shift = any(rule.on_shift for rule in people)
        return on_shift or (bool(people) and self._has_days_off) or self._reads(below(one, self.ruleset))

    def _trigger(self, one: Trigger) -> bool:
        """By what sets it off, its conditions, or what it hands the lead on to."""
        named = {one.on.name, *(action.by for action in one.actions)}
        routes = {action.route for action in one.actions}
        return (
            one.on.kind in _DATED
            or not named.isdisjoint(self._definitions)
            or not routes.isdisjoint(self._routes)
            or self._reads(below(one, self.ruleset))
        )


def _is_of(path: str, names: Iterable[str]) -> bool:
    """Whether a path is one of these, or of something below one."""
    return any(f"{path}.".startswith(f"{name}.") for name in names)


def _happens_after(item: TestItem, began: datetime) -> bool:
    """An event that lies ahead of the test: it does not see it."""
    return item.kind == "event" and item.time is not None and datetime.fromisoformat(item.time).astimezone(UTC) > began


def _is_off(rep: Rep) -> bool:
    return bool(rep.away or rep.holidays or rep.holiday_dates)


def _definitions(ruleset: Ruleset) -> frozenset[str]:
    """The definitions whose value depends on the instant, directly or through others they name."""
    asking: set[str] = set()
    for definition in ruleset.definitions:  # in dependency order: what a definition names comes before it
        parts = list(below_definition(definition, ruleset))
        if any(asks_time(part) for part in parts) or asking.intersection(_names(parts, definition)):
            asking.add(definition.name)
    return frozenset(asking)


def _names(parts: Iterable[Any], definition: Placed) -> Iterator[str]:
    yield from (part.value for part in parts if isinstance(part, Expr) and part.op == "name")
    if isinstance(definition, Matrix):
        yield from (definition.rows_of, definition.columns_of)
