"""What one run sees of one lead: record, memory, events and facts, by today's rules, yesterday's, and those of a kept sequence.

In: inputs and the state. Out: a `Sight` per lead in the export, and answers to conditions.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from tests.laws.oracle.clock import Clock
from tests.laws.oracle.memory import Enrolment, Event, Inputs, Lead, Memory, Row, State, Wish

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.ruleset.model import (
    Aggregate,
    Band,
    Classify,
    Condition,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    Segment,
    Stages,
    Template,
)

FAR = datetime.max.replace(tzinfo=UTC)
LABELLED = (Band, Classify, Matrix, Segment, Stages)


@dataclass(slots=True)
class Sight:
    """One lead in one run. `memory` changes as the run goes on; `before` does not."""

    key: str
    record: Lead
    events: list[Event]
    memory: Memory
    before: Memory
    is_new: bool
    facts: LeadFacts
    old: LeadFacts | None = None
    rows: list[Row] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)  # slot -> the rule that has it
    routes: dict[str, str] = field(default_factory=dict)  # route -> the rule that won
    wish: Wish | None = None
    riding: Enrolment | None = None  # the sequence it is in after exits and finishes
    not_yet: int = 0

    @property
    def order(self) -> tuple[bool, datetime, str]:
        """By created, blank ones last, then by key."""
        created = self.memory.created
        return created is None, created or FAR, self.key

    def row(self, kind: str, what: str = "", value: str = "", **more: Any) -> None:
        """One more line of actions.csv or withheld.csv."""
        self.rows.append(Row(self.key, kind, what, value, **more))


class Eyes:
    """Evaluates rules on leads."""

    def __init__(self, inputs: Inputs, state: State) -> None:
        settings = inputs.ruleset.settings
        self.inputs = inputs
        self.state = state
        self.as_of = inputs.as_of
        self.clock = Clock(settings)
        self.calendar = Calendar(settings.timezone, settings.week, settings.holiday_country, settings.holiday_dates)
        self.context = Context(self.calendar, inputs.as_of)
        self.teams = dict(inputs.team.teams)
        self.program = prepare(inputs.ruleset, self.teams)
        self.programs: dict[int, tuple[Ruleset, Program]] = {}
        self.kept: dict[int, tuple[tuple[Aggregate, ...], Program]] = {}
        self.identities = identities(inputs.events)

    # -- seeing ---------------------------------------------------------------------------------------------------------

    def see(self, record: Lead, memory: Memory, is_new: bool, not_yet: int) -> Sight:
        """The facts of one lead, whose memory is already laid over its record."""
        rules, inputs = self.inputs.ruleset, self.inputs
        key = str(record[rules.settings.key])
        events = [event for event in inputs.events if event["lead"] == key]
        events.sort(key=lambda event: (event["at"], event.get("rank", 0)))
        shown = dict(record)
        for name, (value, _) in memory.decided.items():
            shown[name] = value
        given = self.given(memory)
        facts = self.program.facts(shown, events, self.context, given)
        for _ in rules.definitions:
            again = dict(given)
            for stages in (d for d in rules.definitions if isinstance(d, Stages)):
                if facts.values[stages.name] != memory.labels.get(stages.name):
                    again[f"{stages.name}.since"] = self.as_of
            facts, last = self.program.facts(shown, events, self.context, again), facts
            if facts.values == last.values:
                break
        old = None
        if memory.seen_by is not None and memory.seen_by != rules:
            old = self.under(memory.seen_by).facts(shown, events, self.context, given)
        return Sight(key, record, events, memory, memory.copied(), is_new, facts, old, not_yet=not_yet)

    def under(self, rules: Ruleset) -> Program:
        """Earlier rules, made ready."""
        if id(rules) not in self.programs:
            self.programs[id(rules)] = rules, prepare(rules, self.teams)
        return self.programs[id(rules)][1]

    def given(self, memory: Memory) -> dict[str, Any]:
        """The names that are always there, and the labels before."""
        way = memory.enrolment
        given: dict[str, Any] = {
            "key": memory.key,
            "owner": memory.owner,
            "assigned_at": memory.assigned_at,
            "due_at": memory.due_at,
            "owner_changes": float(memory.owner_changes),
            "sequence": None if way is None else way.sequence.name,
            "step": None if way is None or way.step is None else float(way.step),
            "enrolled_at": None if way is None else way.at,
        }
        for name, label in memory.labels.items():
            given[name] = label
            given[f"{name}.since"] = memory.since.get(name)
        return given

    # -- asking ---------------------------------------------------------------------------------------------------------

    def value(self, expr: Expr, sight: Sight) -> Any:
        """A value by today's rules."""
        return self.program.value(expr, sight.facts)

    def holds(self, expr: Expr | None, sight: Sight) -> bool:
        """A condition by today's rules; none holds."""
        return expr is None or self.value(expr, sight) is True

    def holds_kept(self, expr: Expr | None, sight: Sight, aggregates: tuple[Aggregate, ...]) -> bool:
        """A condition of a kept sequence: its own words, today's definitions."""
        return expr is None or self.value_kept(expr, sight, aggregates) is True

    def value_kept(self, expr: Expr, sight: Sight, aggregates: tuple[Aggregate, ...]) -> Any:
        """A value of a kept sequence."""
        today = self.inputs.ruleset
        if aggregates == today.aggregates:
            return self.value(expr, sight)
        shift = len(today.aggregates)
        if id(aggregates) not in self.kept:
            both = (*today.aggregates, *(_moved_aggregate(one, shift) for one in aggregates))
            self.kept[id(aggregates)] = aggregates, prepare(replace(today, aggregates=both), self.teams)
        return self.kept[id(aggregates)][1].value(moved(expr, shift), sight.facts.after({}))

    def template(self, template: Template | None, sight: Sight) -> str | None:
        """A template's name."""
        if template is None:
            return None
        return template.name if template.by is None else sight.facts.values.get(template.by)

    def is_suppressed(self, channel: str, sight: Sight) -> bool:
        """Whether nothing may go out on a channel."""
        rules: tuple[Condition, ...] = self.inputs.ruleset.suppressions
        return any(one.channel in (channel, "all") and self.holds(one.condition, sight) for one in rules)

    def field(self, name: str, sight: Sight) -> Any:
        """A field as the run sees it: decided, or of the record."""
        known = sight.memory.decided
        return known[name][0] if name in known else sight.record.get(name)


def identities(events: list[Event]) -> dict[int, tuple[Any, ...]]:
    """What tells an event from others: its id, or all that it says and how many said it before."""
    found: dict[int, tuple[Any, ...]] = {}
    times: Counter[tuple[Any, ...]] = Counter()
    for event in events:
        if event.get("id"):
            found[id(event)] = ("id", event["id"])
            continue
        said = tuple(sorted((name, repr(value)) for name, value in event.items() if name not in ("rank", "id")))
        found[id(event)] = ("row", said, times[said])
        times[said] += 1
    return found


def moved(expr: Expr, by: int) -> Expr:
    """An expression whose aggregates stand later in the list."""
    args = tuple(moved(part, by) for part in expr.args)
    return replace(expr, args=args, value=expr.value + by if expr.op in ("aggregate", "did") else expr.value)


def _moved_aggregate(one: Aggregate, by: int) -> Aggregate:
    selection: EventFilter = one.filter
    where = None if selection.where is None else moved(selection.where, by)
    since = None if selection.since is None else moved(selection.since, by)
    return replace(one, filter=replace(selection, where=where, since=since))


def as_instant(value: Any, clock: Clock) -> datetime | None:
    """A datetime itself, a date as its midnight."""
    if value is None or isinstance(value, datetime):
        return value
    assert isinstance(value, date)
    return clock.instant(datetime.combine(value, datetime.min.time()))
