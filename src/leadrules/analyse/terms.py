"""The terms of a ruleset: what conditions are about, and what each can be.

In: a ruleset and its project. Out: `Terms`, which names an expression (two that say the same have one name), makes its
`Term` with every value that it can have, and knows which counts of events include which. Refuses to know conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from leadrules.analyse import ranges
from leadrules.analyse.domains import EITHER, Numbers, Region, Words, numbers, points
from leadrules.analyse.formulas import Term
from leadrules.core.calendar import Calendar, nominal
from leadrules.core.ids import by_form
from leadrules.core.text import fold
from leadrules.core.types import NUMBER, TEXT, Type
from leadrules.project.model import Field, Project
from leadrules.ruleset.model import (
    Aggregate,
    Band,
    Classify,
    Define,
    Definition,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    Score,
    Segment,
    Stages,
)
from leadrules.ruleset.walk import looked_up

COUNT = "count "
LONGEST_KEY = 200


class Terms:
    """Names and makes terms, each once. `reach` gives the values that a score can have."""

    def __init__(self, project: Project, ruleset: Ruleset, reach: Callable[[Score], Numbers]) -> None:
        settings = ruleset.settings
        self.project, self.ruleset = project, ruleset
        self.calendar = Calendar(settings.timezone, settings.week, settings.holiday_country, settings.holiday_dates)
        self.definitions: dict[str, Definition] = {d.name: d for d in ruleset.definitions}
        self.lists = {one.name: one.values for one in ruleset.lists}
        self.tables = {one.name: one for one in ruleset.tables}
        self.teams = {name: frozenset(by_form(members)) for name, members in project.team.teams}
        self.fields = {f.name: f for f in project.lead_schema.fields}
        self.events = {e.name: {f.name: f for f in e.fields} for e in project.event_schema}
        self._reach = reach
        self._terms: dict[str, Term] = {}
        self._keys: dict[int, tuple[Expr, str]] = {}
        self._counts: dict[str | None, dict[str, EventFilter]] = {}  # by the key of their `where`
        self._long: dict[str, int] = {}
        self._ranges: dict[tuple[int, tuple[str, ...]], tuple[Expr, Region]] = {}
        self.event_types: tuple[str, ...] = ()

    # -- names ------------------------------------------------------------------------------------------------------

    def key(self, expr: Expr) -> str:
        """A name for what the expression says; that of a `define` is its value's."""
        found = self._keys.get(id(expr))
        if found is None:
            found = self._keys[id(expr)] = (expr, self._shortened(self._key(expr)))
        return found[1]

    def _shortened(self, key: str) -> str:
        """A long name as a number: names of names would double at each use."""
        return key if len(key) <= LONGEST_KEY else f"#{self._long.setdefault(key, len(self._long))}"

    def _key(self, expr: Expr) -> str:
        plain = self.plain(expr)
        if plain is not expr:
            return self.key(plain)
        if expr.op in ("aggregate", "did"):
            return self._aggregate_key(self.ruleset.aggregates[expr.value])
        value = "" if expr.value is None and expr.op != "const" else repr(expr.value)
        return f"{expr.op}:{value}({','.join(self.key(part) for part in expr.args)})"

    def _aggregate_key(self, one: Aggregate) -> str:
        return f"{one.function} {one.field or ''} of {self._filter_key(one.filter)}"

    def _filter_key(self, one: EventFilter) -> str:
        where = "" if one.where is None else self.key(one.where)
        since = "" if one.since is None else self.key(one.since)
        return f"[{'|'.join(sorted(one.types))}][{where}][{one.distinct}][{one.within}][{since}]"

    def plain(self, expr: Expr) -> Expr:
        """The value of a `define` in place of its name."""
        while expr.op == "name" and isinstance(one := self.definitions.get(expr.value), Define):
            expr = one.value
        return expr

    # -- terms ------------------------------------------------------------------------------------------------------

    def term(self, expr: Expr) -> Term:
        """The term that an expression is."""
        expr = self.plain(expr)
        if expr.op == "aggregate" and (one := self.ruleset.aggregates[expr.value]).function == "count":
            return self.count(one.filter)
        key = self._scoped(expr)
        if key not in self._terms:
            self._terms[key] = Term(key, expr, self.range(expr), self._is_whole(expr))
        return self._terms[key]

    def yesno(self, expr: Expr) -> Term:
        """A condition that is not looked into: it holds or it does not."""
        key = f"whether {self._scoped(expr)}"
        if key not in self._terms:
            self._terms[key] = Term(key, expr, EITHER)
        return self._terms[key]

    def compared(self, a: Expr, b: Expr) -> tuple[Term, bool]:
        """How two expressions compare: less, equal, more, or a blank beside; and whether they stand the other way round."""
        swapped = self.key(b) < self.key(a)
        a, b = (b, a) if swapped else (a, b)
        key = f"compare {self._scoped(a)} with {self._scoped(b)}"
        if key not in self._terms:
            both = Expr("compare", TEXT, (a, b))
            blank = self.range(a).blank or self.range(b).blank
            self._terms[key] = Term(key, both, Words(frozenset(["less", "equal", "more"]), False, blank))
        return self._terms[key], swapped

    def count(self, events: EventFilter) -> Term:
        """How many events a filter lets through."""
        key = COUNT + self._filter_key(events)
        if key not in self._terms:
            is_ever = events.within is None or events.within.count > 0  # nothing happened `within 0 days`
            many = numbers(0).whole() if is_ever else numbers(0, 0).whole()
            term = Term(key, Expr("count of", NUMBER, (), events), many, True)
            self._relate(term, events)
            self._terms[key] = term
            self._counts.setdefault(self._where_key(events), {})[key] = events
        return self._terms[key]

    def _relate(self, term: Term, events: EventFilter) -> None:
        where = self._where_key(events)
        # Of two conditions that say otherwise, neither is looked into: thousands of them are not held against each other.
        near = self._counts.keys() if where is None else {None: None, where: None}
        for key, other in [one for group in near for one in self._counts.get(group, {}).items()]:
            if self._is_part(events, other):
                term.wider.append(self._terms[key])
            if self._is_part(other, events):
                self._terms[key].wider.append(term)

    def _where_key(self, events: EventFilter) -> str | None:
        return None if events.where is None else self.key(events.where)

    def _is_part(self, part: EventFilter, whole: EventFilter) -> bool:
        """Whether every event that the first lets through is let through by the second, and counts there too."""
        return (
            set(part.types) <= set(whole.types)
            and whole.distinct is None
            and (whole.where is None or (part.where is not None and self.key(whole.where) == self.key(part.where)))
            and (whole.since is None or (part.since is not None and self.key(whole.since) == self.key(part.since)))
            and (whole.within is None or _is_shorter(part, whole))
        )

    def _scoped(self, expr: Expr) -> str:
        """An event's field is another one in each type of event."""
        return f"{'|'.join(self.event_types)}/{self.key(expr)}" if self.event_types else self.key(expr)

    def _is_whole(self, expr: Expr) -> bool:
        if expr.type.kind == "date" or expr.op in ranges.WHOLE_OPS:
            return True
        if expr.op == "aggregate":
            one: Aggregate = self.ruleset.aggregates[expr.value]
            return one.function == "count"
        field = self._field(expr)
        if field is not None:
            return field.integer
        return expr.op == "always" and str(expr.value) == "step"

    # -- values -----------------------------------------------------------------------------------------------------

    def range(self, expr: Expr) -> Region:
        """Every value that an expression can have."""
        place = (id(expr), self.event_types)
        found = self._ranges.get(place)
        if found is None:
            found = self._ranges[place] = (expr, ranges.of(self.plain(expr), self))
        return found[1]

    def leaf(self, expr: Expr) -> Region | None:
        """Every value of a leaf; None for what is none. This is what `ranges` asks."""
        match expr.op:
            case "field" | "event_field":
                field = self._field(expr)
                return ranges.every(expr.type) if field is None else ranges.of_field(field)
            case "name":
                return self._definition(expr)
            case "aggregate":
                return self._aggregate(self.ruleset.aggregates[expr.value])
            case "did":
                return EITHER
            case "lookup":
                return self._column(expr)
            case "always" if expr.value in ("now", "today"):
                return ranges.every(expr.type).present()
        return None

    def _field(self, expr: Expr) -> Field | None:
        if expr.op == "field":
            return self.fields.get(expr.value)
        if expr.op == "event_field" and len(self.event_types) == 1:
            return self.events.get(self.event_types[0], {}).get(expr.value)
        return None

    def _definition(self, expr: Expr) -> Region | None:
        match self.definitions.get(expr.value):
            case Define(value=value):
                return self.range(value)
            case Segment():
                return EITHER
            case Score() as score:
                return self._reach(score)
            case Band() | Classify() | Stages() | Matrix() as one:
                return Words(frozenset(label_names(one)), False, True)
        return None

    def _aggregate(self, one: Aggregate) -> Region:
        if one.function == "count":
            return numbers(0).whole()
        if one.field is None or len(one.filter.types) != 1:
            return ranges.every(one.type)
        field = self.events.get(one.filter.types[0], {}).get(one.field)
        values = ranges.every(one.type) if field is None else ranges.of_field(field)
        if one.function != "sum":
            return values | Numbers((), True) if isinstance(values, Numbers) else ranges.every(one.type)
        assert isinstance(values, Numbers)
        return numbers(0) if values.low >= 0 else numbers(high=0) if values.high <= 0 else numbers()

    def _column(self, expr: Expr) -> Region:
        table, column = looked_up(str(expr.value), self.tables.values())
        names = [one for one, _ in table.columns]
        cells = [row[names.index(column)] for _, row in table.rows]
        found = [cell for cell in cells if cell is not None]
        if expr.type.kind == "number":
            return Numbers(points(found).spans, True)
        if expr.type.kind in ("text", "choice"):
            return Words(frozenset(fold(str(cell)) for cell in found), False, True)
        return ranges.every(expr.type)

    def members(self, name: str) -> Iterable[Any]:
        """The values of a list."""
        return self.lists[name]

    # -- time -------------------------------------------------------------------------------------------------------

    def today(self) -> Term:
        """The day of the run."""
        return self.term(Expr("always", Type("date"), (), "today"))

    def whole_day(self, day: float) -> tuple[float, float]:
        """The instants, in seconds, at which a day (as a day number) begins and the next one does."""
        return self.calendar.seconds_of(date.fromordinal(int(day)))


def label_names(one: Band | Classify | Stages | Matrix) -> list[str]:
    """The labels of a definition, highest first."""
    if isinstance(one, Matrix):
        return list(dict.fromkeys(label for row in one.cells for label in row))
    return [label.name for label in one.labels]


def _is_shorter(part: EventFilter, whole: EventFilter) -> bool:
    if part.within is None or whole.within is None:
        return False
    if part.within.unit == whole.within.unit:
        return part.within.count <= whole.within.count
    short = nominal(part.within.count, part.within.unit)
    long = nominal(whole.within.count, whole.within.unit)
    return short is not None and long is not None and short.days * 1.2 + 1 < long.days
