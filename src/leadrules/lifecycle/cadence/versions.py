"""The versions of sequences: a lead finishes the steps, window, exits and finish actions it was enrolled with.

In: rulesets, and the texts that the state keeps. Out: the text of a sequence as it is today, and kept ones bound to
today's definitions, lists, tables and fields. What a kept version reads and is no longer there is blank; a condition on
it does not hold. Limits of entry are no part of a version: they are today's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, TypeVar, cast

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.types import NUMBER, YESNO, Type
from leadrules.lifecycle.model import VERSION_COLUMNS, State, Tick
from leadrules.project.model import Project
from leadrules.ruleset.model import (
    Action,
    Aggregate,
    Classify,
    Define,
    Definition,
    Expr,
    Ruleset,
    Score,
    Segment,
    Sequence,
    Settings,
)
from leadrules.ruleset.store import from_text, to_json, without_spans

T = TypeVar("T")
Pin = tuple[str, int | None]  # a sequence and the version a lead has of it; None: today's

# A version is the same whatever the project is called.
_NO_SETTINGS = Settings("", "UTC", (), None, (), 1, "", None, None, None, None)
_EVENT_PARTS = ("at", "type", "lead_id", "day")


def version_text(ruleset: Ruleset, sequence: Sequence) -> str:
    """A sequence with the aggregates it reads, as the JSON of a ruleset of its own."""
    used = tuple(_aggregates_below(sequence, ruleset))
    return _text(ruleset.version, sequence, used, tuple(ruleset.aggregates[number] for number in used))


@lru_cache(maxsize=256)  # a test of a hundred runs asks for the same few again and again
def _text(version: int, sequence: Sequence, used: tuple[int, ...], aggregates: tuple[Aggregate, ...]) -> str:
    places = {number: place for place, number in enumerate(used)}
    own = replace(sequence, title=None, position=0, per_day=None, once=False, again_after=None)
    alone = Ruleset(
        version=version,
        settings=_NO_SETTINGS,
        fields=(),
        event_fields=(),
        lists=(),
        tables=(),
        aggregates=tuple(_renumbered(aggregate, places) for aggregate in aggregates),
        definitions=(),
        sequences=(_renumbered(own, places),),
    )
    data = without_spans(to_json(alone))
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def number_of(tick: Tick, sequence: Sequence) -> tuple[int, str]:
    """The version number that today's form of a sequence has, or will have, and its text."""
    text = version_text(tick.ruleset, sequence)
    known = tick.state.versions.filter(pl.col("sequence") == sequence.name)
    same = known.filter(pl.col("text") == text)["version"]
    if len(same):
        return int(cast("int", same.max())), text
    return int(cast("int", known["version"].max() or 0)) + 1, text


def new_versions(tick: Tick, names: Iterable[str]) -> pl.DataFrame:
    """Today's versions of these sequences, as far as the state does not have them (VERSION_COLUMNS)."""
    wanted = set(names)
    if not wanted:
        return tick.state.versions.clear()
    known = set(tick.state.versions.select("sequence", "version").iter_rows())
    rows = [(one.name, *number_of(tick, one)) for one in tick.ruleset.sequences if one.name in wanted]
    return pl.DataFrame([row for row in rows if row[:2] not in known], schema=dict(VERSION_COLUMNS), orient="row")


def numbers(tick: Tick) -> dict[str, int]:
    """The number of today's version of each sequence."""
    return {one.name: number_of(tick, one)[0] for one in tick.ruleset.sequences}


def with_kept(project: Project, ruleset: Ruleset, state: State) -> Ruleset:
    """The ruleset that a run evaluates: today's, with what the versions read that leads are still in.

    Readers and engine then deliver it; statements and definitions stay as they are.
    """
    surroundings = _Surroundings(project, ruleset)
    for _, alone in sorted(_kept(ruleset, state).items()):
        for part in _Bound(surroundings, alone).read():
            surroundings = _Surroundings(project, _reading(surroundings, part))
    return surroundings.ruleset


def plans(tick: Tick) -> dict[Pin, Sequence]:
    """The steps and settings by which leads go: today's sequences (version None), and the kept versions in use."""
    today: dict[Pin, Sequence] = {(sequence.name, None): sequence for sequence in tick.ruleset.sequences}
    surroundings = _Surroundings(tick.project, tick.ruleset)
    kept: dict[Pin, Sequence] = {
        pin: _Bound(surroundings, alone).sequence() for pin, alone in _kept(tick.ruleset, tick.state).items()
    }
    return today | kept


def lost(ruleset: Ruleset, state: State) -> tuple[Sequence, ...]:
    """The sequences that leads were in and that the rules no longer have, each as it was last."""
    today = [one.name for one in ruleset.sequences]
    texts = dict(state.versions.sort("sequence", "version").select("sequence", "text").iter_rows())
    return tuple(from_text(text).sequences[0] for name, text in texts.items() if name not in today)


def _kept(ruleset: Ruleset, state: State) -> dict[tuple[str, int], Ruleset]:
    """The versions that leads of the state are in and that are not as today's sequence is."""
    if not state.versions.height or "version" not in state.leads:
        return {}
    pinned = state.leads.filled("version")  # few leads, mostly
    used = pl.DataFrame([state.leads.gather(name, pinned) for name in ("sequence", "version")]).drop_nulls().unique()
    if not used.height:
        return {}
    names = set(used["sequence"])
    current = {one.name: version_text(ruleset, one) for one in ruleset.sequences if one.name in names}
    found = used.join(state.versions, on=["sequence", "version"])
    rows = found.select("sequence", "version", "text").sort("sequence", "version").rows()
    return {(name, version): from_text(text) for name, version, text in rows if current.get(name) != text}


def _reading(surroundings: _Surroundings, part: Expr | Aggregate) -> Ruleset:
    """The ruleset with one more field read, or one more aggregate."""
    ruleset = surroundings.ruleset
    if isinstance(part, Expr):
        return replace(ruleset, fields=(*ruleset.fields, (str(part.value), part.type)))
    read = {name: dict(fields_) for name, fields_ in ruleset.event_fields}
    for type_ in part.filter.types:
        own = read.setdefault(type_, {})
        own |= {name: kind for name, kind in surroundings.event_types[type_].items() if name in _event_fields(part)}
    events = tuple((name, tuple(own.items())) for name, own in read.items())
    return replace(ruleset, aggregates=(*ruleset.aggregates, part), event_fields=events)


def _event_fields(aggregate: Aggregate) -> set[str]:
    names = {aggregate.field, aggregate.filter.distinct}
    names |= {str(part.value) for part in _expressions(aggregate) if part.op == "event_field"}
    return {name for name in names if name is not None and name not in _EVENT_PARTS}


@dataclass(frozen=True)
class _Surroundings:
    """What a kept version may look at today."""

    project: Project
    ruleset: Ruleset

    @cached_property
    def lead_fields(self) -> dict[str, Type]:
        return {field.name: field.type for field in self.project.lead_schema.fields}

    @cached_property
    def event_types(self) -> dict[str, dict[str, Type]]:
        return {event.name: {field.name: field.type for field in event.fields} for event in self.project.event_schema}

    @cached_property
    def definitions(self) -> dict[str, str]:
        return {definition.name: _kind(definition) for definition in self.ruleset.definitions}

    @cached_property
    def lookups(self) -> frozenset[str]:
        return frozenset(f"{table.name}.{column}" for table in self.ruleset.tables for column, _ in table.columns)

    @cached_property
    def groups(self) -> dict[str, frozenset[str]]:
        """Names of lists, tables and teams, by the operation that looks into them; only `in` looks for numbers."""
        numbers = frozenset(one.name for one in self.ruleset.lists if any(isinstance(v, float) for v in one.values))
        texts = frozenset(one.name for one in self.ruleset.lists) - numbers
        searches = dict.fromkeys(("in", "has", "contains", "starts", "ends"), texts)
        tables = frozenset(one.name for one in self.ruleset.tables)
        teams = frozenset(name for name, _ in self.project.team.teams)
        return {**searches, "in number": numbers, "in_table": tables, "in_team": teams}

    def has_field(self, leaf: Expr) -> bool:
        """Whether a lead's field is still there, of the same kind."""
        return _agrees(self.lead_fields.get(str(leaf.value)), leaf.type)


class _Bound:
    """One kept version among what there is today."""

    def __init__(self, surroundings: _Surroundings, alone: Ruleset) -> None:
        self._around = surroundings
        self._alone = alone

    def read(self) -> Iterator[Expr | Aggregate]:
        """What the version reads beyond what today's rules do; ask again after each, as numbers rise."""
        known = dict(self._around.ruleset.fields)
        for part in (*_expressions(self._alone), *self._set()):
            if part.op == "field" and str(part.value) not in known and self._around.has_field(part):
                known[str(part.value)] = part.type
                yield replace(part, type=self._around.lead_fields[str(part.value)])
        aggregates = list(self._around.ruleset.aggregates)
        for number in range(len(self._alone.aggregates)):
            for one in self._missing(number, aggregates):
                aggregates.append(one)
                yield one

    def _set(self) -> Iterator[Expr]:
        """The fields that finish actions set: what the record says of one is the way back, and no action where it is that already."""
        for action in self._alone.sequences[0].on_finish:
            if action.field in self._around.lead_fields:
                yield Expr("field", self._around.lead_fields[action.field], value=action.field)

    def _missing(self, number: int, known: list[Aggregate]) -> Iterator[Aggregate]:
        for inner in _aggregates_below(self._alone.aggregates[number], self._alone):
            yield from self._missing(inner, known)
        one = self._aggregate(number, known)
        if one is not None and one not in known:
            yield one

    def sequence(self) -> Sequence:
        """The steps and settings, reading what there is today."""
        known = list(self._around.ruleset.aggregates)
        bound = rebuilt(self._alone.sequences[0], lambda part: self._fit(part, known))
        return replace(bound, on_finish=tuple(action for action in bound.on_finish if self._can_do(action)))

    def _aggregate(self, number: int, known: list[Aggregate]) -> Aggregate | None:
        """An aggregate over the events that there are today; None where none of them is."""
        one = self._alone.aggregates[number]
        types = tuple(type_ for type_ in one.filter.types if type_ in self._around.event_types)
        if not types or not self._has_event_field(types, one.field, one.type):
            return None
        distinct = one.filter.distinct if self._has_event_field(types, one.filter.distinct, None) else None
        selection = rebuilt(one.filter, lambda part: self._fit(part, known, types))
        return replace(one, filter=replace(selection, types=types, distinct=distinct))

    def _has_event_field(self, types: tuple[str, ...], name: str | None, type_: Type | None) -> bool:
        if name is None or name in _EVENT_PARTS:
            return True
        return all(_agrees(self._around.event_types[one].get(name), type_) for one in types)

    def _fit(self, part: Expr, known: list[Aggregate], types: tuple[str, ...] = ()) -> Expr:
        """An expression whose arguments fit already: itself, with today's number, or a blank."""
        around, name = self._around, str(part.value)
        match part.op:
            case "field":
                return part if around.has_field(part) else _blank(part)
            case "event_field":
                return part if self._has_event_field(types, name, part.type) else _blank(part)
            case "name":
                return part if around.definitions.get(name) == _plain_kind(part.type) else _blank(part)
            case "previous" | "since_of":
                return part if name in around.definitions else _blank(part)
            case "aggregate" | "did":
                return self._numbered(part, known)
            case "lookup":
                return part if name in around.lookups else _blank(part)
        looks_for_number = part.op == "in" and part.args[0].type == NUMBER
        group = around.groups.get("in number" if looks_for_number else part.op)
        if group is not None and part.value is not None and name not in group:
            return Expr("const", YESNO, value=False)
        return part

    def _numbered(self, part: Expr, known: list[Aggregate]) -> Expr:
        one = self._aggregate(int(part.value), known)
        if one in known:
            return replace(part, value=known.index(one))
        if part.op == "did":
            return Expr("const", YESNO, value=False)
        counts = self._alone.aggregates[int(part.value)].function in ("count", "sum")
        return Expr("const", NUMBER, value=0.0) if counts else _blank(part)

    def _can_do(self, action: Action) -> bool:
        """Whether what an action names is still there."""
        ruleset, project = self._around.ruleset, self._around.project
        classifies = {one.name for one in ruleset.definitions if isinstance(one, Classify)}
        by = [action.by, action.template.by if action.template else None]
        return (
            all(name is None or name in classifies for name in by)
            and (action.sequence is None or action.sequence in {one.name for one in ruleset.sequences})
            and (action.route is None or action.route in {one.name for one in ruleset.routes})
            and (action.rep is None or action.rep in {one.key for one in project.team.reps})
            and (action.queue is None or action.queue in project.team.queues)
            and (action.field is None or action.field in self._around.lead_fields)
        )


def rebuilt(part: T, change: Callable[[Expr], Expr]) -> T:
    """A part of a ruleset with each of its expressions changed, the inner ones first."""
    if isinstance(part, tuple):
        return cast("T", tuple(rebuilt(item, change) for item in part))
    if not is_dataclass(part) or isinstance(part, type):
        return part
    inner = {item.name: rebuilt(getattr(part, item.name), change) for item in fields(part)}
    new = cast("Any", replace(cast("Any", part), **inner))
    return cast("T", change(new) if isinstance(new, Expr) else new)


def _renumbered(part: T, places: Mapping[int, int]) -> T:
    def change(expression: Expr) -> Expr:
        is_aggregate = expression.op in ("aggregate", "did")
        return replace(expression, value=places[expression.value]) if is_aggregate else expression

    return rebuilt(part, change)


def _expressions(part: Any) -> Iterator[Expr]:
    """Every expression in a part, those in its aggregates' filters too where it is a whole ruleset."""
    if isinstance(part, Expr):
        yield part
    children = part if isinstance(part, tuple) else ()
    if is_dataclass(part) and not isinstance(part, type):
        children = tuple(getattr(part, item.name) for item in fields(part))
    for child in children:
        if isinstance(child, tuple) or is_dataclass(child):
            yield from _expressions(child)


def _aggregates_below(part: Any, ruleset: Ruleset) -> list[int]:
    """The numbers of the aggregates that a part looks at, directly or through others, rising."""
    found: set[int] = set()
    pending = [part]
    while pending:
        numbers = {int(one.value) for one in _expressions(pending.pop()) if one.op in ("aggregate", "did")}
        pending += [ruleset.aggregates[number] for number in numbers - found]
        found |= numbers
    return sorted(found)


def _kind(definition: Definition) -> str:
    match definition:
        case Define():
            return _plain_kind(definition.value.type)
        case Segment():
            return "yesno"
        case Score():
            return "number"
    return "label"


def _plain_kind(type_: Type) -> str:
    return "text" if type_.is_textual else type_.kind


def _agrees(today: Type | None, before: Type | None) -> bool:
    return today is not None and (before is None or _plain_kind(today) == _plain_kind(before))


def _blank(part: Expr) -> Expr:
    return Expr("const", part.type, value=None)
