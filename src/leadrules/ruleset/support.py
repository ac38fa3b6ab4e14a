"""What of a compiled ruleset a run needs.

In: a `Ruleset`. Out: `for_run`, the ruleset without what only measures and tests look at: adding a test must not make a run
read one more column; `for_measures`, the same with funnels and goals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from leadrules.core.text import nfc
from leadrules.core.types import Type
from leadrules.ruleset.model import Action, Aggregate, Band, EventFilter, Expr, Route, Ruleset, Stages

EventField = tuple[str, str]


def for_run(ruleset: Ruleset) -> Ruleset:
    """The same rules without funnels, goals and tests, and without the aggregates, fields and events that only those read.

    Aggregates keep their indices: the compiler numbers those of measures and tests last.
    """
    return _only_read(ruleset, replace(ruleset, funnels=(), goals=(), tests=()))


def for_measures(ruleset: Ruleset) -> Ruleset:
    """The same rules without tests: what reports look at."""
    return _only_read(ruleset, replace(ruleset, tests=()))


def _only_read(ruleset: Ruleset, rules: Ruleset) -> Ruleset:
    """Some of the rules, without the aggregates, fields and events that only the others read."""
    reads = _Reads(ruleset)
    for part in (rules.definitions, rules.routes, rules.sequences, rules.triggers, rules.exits, rules.suppressions):
        reads.take(part)
    reads.take((rules.asserts, rules.funnels, rules.open_leads))
    return replace(
        rules,
        aggregates=ruleset.aggregates[: max(reads.aggregates, default=-1) + 1],
        fields=tuple(item for item in ruleset.fields if item[0] in reads.fields),
        event_fields=tuple(_kept(ruleset.event_fields, reads)),
    )


class _Reads:
    """What parts of a ruleset look at."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.fields: set[str] = set()
        self.events: set[str] = set()
        self.event_fields: set[EventField] = set()
        self.aggregates: set[int] = set()

    def take(self, part: Any, types: tuple[str, ...] = ()) -> None:
        """Note what `part` looks at; `types` are the events inside whose `where` it stands."""
        if isinstance(part, tuple):
            for item in part:
                self.take(item, types)
        elif is_dataclass(part):
            types = self._note(part, types)
            for value in _values(part):
                self.take(value, types)

    def _note(self, part: Any, types: tuple[str, ...]) -> tuple[str, ...]:
        if isinstance(part, Expr):
            self._note_expression(part, types)
        elif isinstance(part, EventFilter):
            self._note_filter(part)
            return part.types
        elif isinstance(part, Aggregate) and part.field is not None:
            self._note_event_field(part.filter.types, part.field)
        elif isinstance(part, Band | Stages) and part.previous_field is not None:
            self.fields.add(part.previous_field)
        elif isinstance(part, Route) and part.sets is not None:
            self.fields.add(part.sets)
        elif isinstance(part, Action) and part.field is not None:
            self.fields.add(part.field)
        return types

    def _note_expression(self, part: Expr, types: tuple[str, ...]) -> None:
        if part.op == "field":
            self.fields.add(part.value)
        elif part.op == "event_field":
            self._note_event_field(types, part.value)
        elif part.op in ("aggregate", "did") and part.value not in self.aggregates:
            self.aggregates.add(part.value)
            self.take(self.ruleset.aggregates[part.value])

    def _note_filter(self, part: EventFilter) -> None:
        self.events.update(part.types)
        if part.distinct is not None:
            self._note_event_field(part.types, part.distinct)

    def _note_event_field(self, types: tuple[str, ...], name: str) -> None:
        self.event_fields.update((event, nfc(name)) for event in types)


def _values(part: Any) -> Iterator[Any]:
    return (getattr(part, item.name) for item in fields(part) if item.name != "span")


def _kept(
    declared: tuple[tuple[str, tuple[tuple[str, Type], ...]], ...], reads: _Reads
) -> Iterator[tuple[str, tuple[tuple[str, Type], ...]]]:
    for event, own in declared:
        if event in reads.events:
            yield event, tuple(item for item in own if (event, nfc(item[0])) in reads.event_fields)
