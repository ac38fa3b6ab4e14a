"""What today's leads would be under the rules of the last run, asked once after an edit.

In: the last run's compiled ruleset, today's, the leads and events as today's rules read them. Out: `Edits`: the old facts,
and which old names could be worked out: those that look at nothing which today's run does not read. Reads no further
column for their sake: what is read can reject rows, and an edit would then reject them for rules that are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import reduce
from operator import and_

import polars as pl

from leadrules.core.records import dataclass
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.model import Era, State
from leadrules.ruleset.model import Aggregate, EventFilter, Expr, Matrix, Ruleset, Trigger
from leadrules.ruleset.store import digest
from leadrules.ruleset.walk import below

# The facts of every lead under some ruleset.
Evaluate = Callable[[Ruleset], Facts]


@dataclass(frozen=True, slots=True)
class Past:
    """Old rules on today's inputs. Of a name that is not in `names` nothing is known: it counts as edited."""

    facts: Facts
    names: frozenset[str]
    readable: Readable

    def values(self, name: str, now: pl.Series) -> tuple[pl.Series, bool]:
        """What a definition was under the old rules, and whether that is known."""
        if name in self.names and self.facts.frame[name].dtype == now.dtype:
            return self.facts.frame[name], True
        return now.clear(len(now)), False

    def former(self, trigger: Trigger) -> Trigger | None:
        """A trigger as it was."""
        return next((one for one in self.readable.old.triggers if one.name == trigger.name), None)

    def unmet(self, former: Trigger) -> pl.Series | None:
        """Which leads did not meet the condition of a trigger as it was; None where that cannot be worked out."""
        wanted = {str(number): condition for number, condition in enumerate(former.conditions)}
        if not wanted or not all(self.readable.expression(one, self.names) for one in wanted.values()):
            return None
        return ~reduce(and_, [values.fill_null(value=False) for values in self.facts.values(wanted).values()])


@dataclass(frozen=True, slots=True)
class Edits:
    """The rules that leads were last seen by, on today's inputs: those of the last run, or, of leads that come back, earlier
    ones. None in their place: they are today's."""

    last: Past | None
    earlier: tuple[tuple[pl.Series, Past | None], ...]

    def values(self, name: str, now: pl.Series) -> tuple[pl.Series, pl.Series]:
        """What a definition, which is `now`, was under the old rules; and of which leads that is known."""

        def those(past: Past | None) -> tuple[pl.Series, pl.Series]:
            values, is_known = (now, True) if past is None else past.values(name, now)
            return values, pl.repeat(is_known, len(now), dtype=pl.Boolean, eager=True)

        values, known = those(self.last)
        for leads, past in self.earlier:
            theirs, is_known = those(past)
            values, known = theirs.zip_with(leads, values), is_known.zip_with(leads, known)
        return values, known

    def unmet(self, trigger: Trigger, leads: int) -> pl.Series:
        """Which leads meet a trigger's condition only because it was edited, if they meet it."""

        def those(past: Past | None) -> pl.Series:
            former = None if past is None else past.former(trigger)
            found = None if past is None or former is None else past.unmet(former)
            return pl.repeat(former is not None, leads, dtype=pl.Boolean, eager=True) if found is None else found

        edited = those(self.last)
        for some, past in self.earlier:
            edited = those(past).zip_with(some, edited)
        return edited


def edits_since(
    state: State, ruleset: Ruleset, inputs: Iterable[str], evaluate: Evaluate, eras: Iterable[Era] = ()
) -> Edits | None:
    """The old rules on today's inputs, or None where all leads were last seen by today's. `inputs` are the leads' columns."""
    names = tuple(inputs)

    def past(old: Ruleset) -> Past | None:
        if digest(old) == digest(ruleset):
            return None
        readable = Readable.of(old, ruleset, names)
        known = readable.names()
        return Past(evaluate(readable.pruned(known)), known, readable)

    if state.ruleset is None:
        return None
    last = past(state.ruleset)
    earlier = tuple((era.leads, past(era.ruleset)) for era in eras)
    if last is None and all(one is None for _, one in earlier):
        return None
    return Edits(last, earlier)


@dataclass(frozen=True, slots=True)
class Readable:
    """What of the old rules today's inputs can answer."""

    old: Ruleset
    fields: frozenset[tuple[str, str]]
    events: Mapping[str, frozenset[tuple[str, str]]]
    inputs: frozenset[str]
    same_key: bool

    @classmethod
    def of(cls, old: Ruleset, now: Ruleset, inputs: Iterable[str]) -> Readable:
        """From what today's rules read."""
        events = {event: frozenset((name, kind.kind) for name, kind in fields) for event, fields in now.event_fields}
        fields = frozenset((name, kind.kind) for name, kind in now.fields)
        return cls(old, fields, events, frozenset(inputs), old.settings.key == now.settings.key)

    def names(self) -> frozenset[str]:
        """The definitions that can be worked out, each with all that it looks at."""
        found: set[str] = set()
        for definition in self.old.definitions:
            if self.same_key and self._parts(below(definition, self.old), found):
                found.add(definition.name)
        return frozenset(found)

    def expression(self, expression: Expr, names: frozenset[str]) -> bool:
        """Whether an expression of the old rules can be worked out."""
        return self.same_key and self._parts(below(expression, self.old), set(names))

    def pruned(self, names: frozenset[str]) -> Ruleset:
        """The old rules without what cannot be worked out; aggregates keep their numbers."""
        aggregates = tuple(one if self._aggregate(one, names) else _nothing(one) for one in self.old.aggregates)
        kept = tuple(one for one in self.old.definitions if one.name in names)
        return replace(self.old, aggregates=aggregates, definitions=kept)

    def _aggregate(self, aggregate: Aggregate, names: frozenset[str]) -> bool:
        return self._parts(below(aggregate, self.old), set(names))

    def _parts(self, parts: Iterable[object], names: set[str]) -> bool:
        return all(self._part(part, names) for part in parts)

    def _part(self, part: object, names: set[str]) -> bool:
        match part:
            case Expr(op="field"):
                return (str(part.value), part.type.kind) in self.fields
            case Expr(op="name" | "since_of"):
                return part.value in names
            case Expr(op="always", value="duplicate_of"):
                return "@duplicate_of" in self.inputs
            case EventFilter():
                return self._filter(part)
            case Aggregate():
                return (
                    part.field is None
                    or part.field == "at"
                    or self._event_field(part.filter, part.field, part.type.kind)
                )
            case Matrix():
                return part.rows_of in names and part.columns_of in names
            case _:
                return True

    def _filter(self, selection: EventFilter) -> bool:
        """Types that nobody reads are not among the events, and their fields are not read."""
        if not all(event in self.events for event in selection.types):
            return False
        wanted: set[tuple[str, str | None]] = {(str(one.value), one.type.kind) for one in _event_fields(selection)}
        if selection.distinct not in (None, "day"):
            wanted.add((str(selection.distinct), None))
        return all(self._event_field(selection, name, kind) for name, kind in wanted)

    def _event_field(self, selection: EventFilter, name: str, kind: str | None) -> bool:
        if name in ("at", "type", "lead_id", "id"):
            return True
        return all(
            any(known == name and kind in (None, its) for known, its in self.events.get(event, ()))
            for event in selection.types
        )


def _event_fields(selection: EventFilter) -> list[Expr]:
    pending, found = [] if selection.where is None else [selection.where], []
    while pending:
        part = pending.pop()
        pending.extend(part.args)
        if part.op == "event_field":
            found.append(part)
    return found


def _nothing(aggregate: Aggregate) -> Aggregate:
    """An aggregate over no events, in the place of one that nobody asks for."""
    return replace(aggregate, function="count", filter=EventFilter(()), field=None)
