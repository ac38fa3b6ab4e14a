"""The pass over the events: what each lead's events come to, per aggregate and per `each` rule.

In: the events of the leads at hand (`lead_row`, `type`, `at`, `field:kind` columns, `@rank` where ties are ordered) and
what is asked of them. Out: series in lead order: counts, times, values, sums of weighted points.
All that is asked of the same event types is answered on one cut of the events, then the cut is let go; each answer is
one filter and one grouping by the row number of the lead, which is faster than one grouping with many conditions.
Knows nothing of scores or of how expressions are lowered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

import polars as pl

from leadrules.core.functions.columnar import dtype
from leadrules.core.records import dataclass
from leadrules.core.types import NUMBER, Type
from leadrules.engine.table import Lower, Table
from leadrules.engine.units import DIGITS, EVENT_DIGITS, LARGEST, as_number, divided, rounded, summable
from leadrules.ruleset.model import Duration, Each, EventFilter, Expr, Ruleset

MOMENT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing wanted of the events that a filter lets through.

    what: count, first, last, sum, min, max (with `field` or, for a moment, without), or `weighted`, the sum of an
    `each` rule's points in 10^-6 units. `since` and `points` are series in lead order, or the same for all.
    """

    key: str
    what: str
    filter: EventFilter
    field: str | None = None
    type: Type = NUMBER
    since: pl.Series | pl.Expr | None = None
    points: pl.Series | float = 0.0
    each: Each | None = None


class Times(Protocol):
    """What the pass asks of the calendar, as scalars worked out once."""

    def moment_before(self, length: Duration) -> pl.Expr | None:
        """`as of` less a length; None where that leaves the calendar."""

    def exact(self, length: Duration) -> int:
        """A halving time in microseconds."""

    def day_of(self, moment: pl.Expr) -> pl.Expr:
        """The calendar day of moments in the project's zone."""

    @property
    def as_of(self) -> pl.Expr | None:
        """The instant that no event may be after."""


@dataclass(slots=True)
class EventPass:
    """The events of a set of leads, ready to be asked.

    `leads` is how many there are; `lead_value` gives a leaf of the lead (`lead.NAME` in a `where`) as a series in lead
    order, or as an expression that is the same everywhere; `fold` folds text.
    """

    events: pl.DataFrame
    leads: int
    kinds: Mapping[tuple[str, str], Type]
    times: Times
    lower: Lower
    lead_value: Callable[[Expr], pl.Series | pl.Expr]
    fold: Callable[[pl.Expr], pl.Expr]
    _none_later: bool | None = field(default=None, init=False)

    def answer(self, asked: Sequence[Asked]) -> dict[str, pl.Series]:
        """One series in lead order per thing asked."""
        by_types: dict[tuple[str, ...], list[Asked]] = {}
        for one in asked:
            by_types.setdefault(one.filter.types, []).append(one)
        answers: dict[str, pl.Series] = {}
        for types, some in by_types.items():
            answers |= self._answer_types(types, some)
        return answers

    def matching(self, selection: EventFilter, since: pl.Series | pl.Expr | None) -> pl.DataFrame:
        """The events that a filter lets through, all their columns, in no particular order."""
        asked = Asked("", "events", selection, since=since)
        cut = self._cut(selection.types, self.events.columns)
        mask = self._masks(cut, [asked])[0]
        return self._distinct(cut if mask is None else cut.filter(mask), asked).select(self.events.columns)

    # -- one cut of the events --------------------------------------------------------------------------------------

    def _answer_types(self, types: tuple[str, ...], asked: Sequence[Asked]) -> dict[str, pl.Series]:
        cut = self._cut(types, self._columns_for(asked))
        answers = {}
        for one, mask in zip(asked, self._masks(cut, asked), strict=True):
            answers[one.key] = self._reduce(cut if mask is None else cut.filter(mask), one)
        return answers

    def _cut(self, types: tuple[str, ...], columns: Iterable[str]) -> pl.DataFrame:
        """The events of these types that are not after `as of`."""
        known = self.events.schema["type"]
        names = [name for name in types if not isinstance(known, pl.Enum) or name in known.categories]
        condition = pl.any_horizontal([pl.col("type") == name for name in names]) if names else pl.lit(False)
        if self.times.as_of is not None and not self._all_by_as_of():
            condition = condition & (pl.col("at") <= self.times.as_of)
        return self.events.lazy().filter(condition).select(list(dict.fromkeys(columns))).collect()

    def _all_by_as_of(self) -> bool:
        if self._none_later is None:
            later = self.events.lazy().select((pl.col("at").max() > self.times.as_of).fill_null(False)).collect()
            self._none_later = not later.item()
        return self._none_later

    def _columns_for(self, asked: Sequence[Asked]) -> list[str]:
        columns = ["lead_row", "at", "type"]
        if "@rank" in self.events.columns:
            columns.append("@rank")
        for one in asked:
            columns += [column for name in fields_of(one.filter, one.field) for column in self._event_columns(name)]
        return [name for name in dict.fromkeys(columns) if name in self.events.columns]

    def _event_columns(self, name: str) -> list[str]:
        return [column for column in self.events.columns if column.rpartition(":")[0] == name]

    def _column(self, selection: EventFilter, name: str) -> str | None:
        """The column of an event's field, of the kind it has in the filter's types."""
        if name == "at":
            return "at"
        kinds = (self.kinds.get((one, name)) for one in selection.types)
        named = [f"{name}:{kind.kind}" for kind in kinds if kind is not None]
        return next((column for column in named if column in self.events.columns), None)

    # -- which events count -----------------------------------------------------------------------------------------

    def _masks(self, cut: pl.DataFrame, asked: Sequence[Asked]) -> list[pl.Series | None]:
        """Per thing asked, which events of the cut count before `distinct`; None where all do."""
        wheres = self._wheres(cut, asked)
        row = cut.get_column("lead_row")
        masks: list[pl.Series | None] = []
        for number, one in enumerate(asked):
            conditions: list[pl.Expr] = []
            if one.filter.within is not None:
                conditions += self._within(one.filter.within)
            if one.since is not None:
                after = one.since if isinstance(one.since, pl.Expr) else pl.lit(one.since[row])
                conditions.append(after.is_null() | (pl.col("at") > after))
            if number in wheres:
                conditions.append(pl.lit(wheres[number]))
            masks.append(_mask(cut, conditions) if conditions else None)
        return masks

    def _within(self, length: Duration) -> list[pl.Expr]:
        """Without an `as of` no event is within anything; a length that leaves the calendar holds all."""
        if self.times.as_of is None:
            return [pl.lit(value=False)]
        start = self.times.moment_before(length)
        return [] if start is None else [pl.col("at") > start]

    def _wheres(self, cut: pl.DataFrame, asked: Sequence[Asked]) -> dict[int, pl.Series]:
        found: dict[int, pl.Series] = {}
        by_key: dict[str, list[int]] = {}
        for number, one in enumerate(asked):
            if one.filter.where is not None:
                by_key.setdefault(repr(one.filter.where), []).append(number)
        if not by_key:
            return {}
        wheres = {key: asked[numbers[0]] for key, numbers in by_key.items()}
        table = Table(*self._with_lead_values(cut, wheres.values()), self.lower)
        values = table.evaluate({key: one.filter.where for key, one in wheres.items() if one.filter.where is not None})
        for key, numbers in by_key.items():
            found |= dict.fromkeys(numbers, values[key].fill_null(False))
        return found

    def _with_lead_values(
        self, cut: pl.DataFrame, asked: Iterable[Asked]
    ) -> tuple[pl.DataFrame, Callable[[Expr], pl.Expr | str | None]]:
        """The cut with what its conditions ask of the lead, and where their leaves stand."""
        places: dict[int, pl.Expr | str] = {}
        columns: dict[str, pl.Series] = {}
        row = cut.get_column("lead_row")
        for one in asked:
            for leaf in event_leaves(one.filter.where):
                places[id(leaf)] = self._place(leaf, one.filter, row, columns)
        frame = cut.with_columns(list(columns.values()))

        def leaf_of(expression: Expr) -> pl.Expr | str | None:
            return places.get(id(expression))

        return frame, leaf_of

    def _place(
        self, leaf: Expr, selection: EventFilter, row: pl.Series, columns: dict[str, pl.Series]
    ) -> pl.Expr | str:
        if leaf.op == "event_field":
            return self._event_place(leaf, selection, row, columns)
        value = self.lead_value(leaf)
        if isinstance(value, pl.Expr):
            return value
        name = f"@lead:{leaf.op}:{leaf.value}"
        if name not in columns:
            columns[name] = value[row].alias(name)
        return name

    def _event_place(
        self, leaf: Expr, selection: EventFilter, row: pl.Series, columns: dict[str, pl.Series]
    ) -> pl.Expr | str:
        if leaf.value == "type":
            return pl.col("type").cast(pl.String)
        if leaf.value == "lead_id":
            return self._place(Expr("key", leaf.type), selection, row, columns)
        column = self._column(selection, str(leaf.value))
        return column if column is not None else pl.lit(None, dtype=dtype(leaf.type))

    def _distinct(self, chosen: pl.DataFrame, one: Asked) -> pl.DataFrame:
        """The latest event for each value of the filter's `distinct`; a blank is one value."""
        if one.filter.distinct is None:
            return chosen
        value = self._distinct_value(one.filter)
        # which of several stays matters only where its time or its fields are read
        ordered = chosen if one.what == "count" else in_order(chosen)
        keyed = ordered.with_columns(value.alias("@value"))
        return keyed.unique(subset=["lead_row", "@value"], keep="last", maintain_order=one.what != "count")

    def _distinct_value(self, selection: EventFilter) -> pl.Expr:
        if selection.distinct == "day":
            return self.times.day_of(pl.col("at"))
        if selection.distinct == "type":
            return self.fold(pl.col("type").cast(pl.String))
        column = self._column(selection, selection.distinct or "")
        if column is None:
            return pl.lit(None, dtype=pl.String)
        return self.fold(pl.col(column)) if column.endswith((":text", ":choice")) else pl.col(column)

    # -- what they come to ------------------------------------------------------------------------------------------

    def _reduce(self, chosen: pl.DataFrame, one: Asked) -> pl.Series:
        chosen = self._distinct(chosen, one)
        if one.what == "count":
            return self._counts(chosen)
        if one.what == "weighted":
            return self._weighted(chosen, one)
        read = self._read(chosen, one)
        if read is None:
            return pl.repeat(0.0 if one.what == "sum" else None, self.leads, dtype=dtype(one.type), eager=True)
        valued = chosen.select("lead_row", "at", *(["@rank"] if "@rank" in chosen.columns else []),
                               read.alias("@read")).drop_nulls("@read")  # fmt: skip
        if one.what == "sum":
            return self._sums(valued)
        return self._spread(_picked(valued, one.what, moment=one.field is None))

    def _read(self, chosen: pl.DataFrame, one: Asked) -> pl.Expr | pl.Series | None:
        """What is read of each event: its time, a field of its own, or one that is always there."""
        if one.field == "type":
            return pl.col("type").cast(pl.String)
        if one.field == "lead_id":
            key = self.lead_value(Expr("key", one.type))
            return key if isinstance(key, pl.Expr) else key[chosen.get_column("lead_row")]
        column = "at" if one.field is None else self._column(one.filter, one.field)
        return None if column is None else pl.col(column)

    def _counts(self, chosen: pl.DataFrame) -> pl.Series:
        counted = chosen.group_by("lead_row").agg(pl.len().cast(pl.UInt32).alias("@read"))
        zeros = pl.repeat(0, self.leads, dtype=pl.UInt32, eager=True)
        return zeros.scatter(counted.get_column("lead_row"), counted.get_column("@read"))

    def _sums(self, valued: pl.DataFrame) -> pl.Series:
        units = valued.select(rounded(pl.col("@read"), DIGITS)).to_series()
        summed = self._spread_sum(valued.get_column("lead_row"), summable(units, units.len()))
        return summed.to_frame("sum").select(as_number(pl.col("sum"))).to_series()

    def _weighted(self, chosen: pl.DataFrame, one: Asked) -> pl.Series:
        each = one.each
        assert each is not None
        if each.most_times is not None:
            latest = chosen.sort("lead_row", "at", descending=[False, True])
            chosen = latest.filter(pl.int_range(pl.len()).over("lead_row") < each.most_times)
        row = chosen.get_column("lead_row")
        points = pl.lit(one.points.gather(row) if isinstance(one.points, pl.Series) else one.points)
        # What is computed is held to the largest number before an event has its share of it, as where none has.
        worth = rounded(points.clip(-LARGEST, LARGEST) * self.weight(each), EVENT_DIGITS)
        worth = worth.fill_null(0.0).alias("@read")
        units = chosen.with_columns(worth).get_column("@read")
        return self._spread_sum(row, summable(units, units.len()))

    def weight(self, each: Each) -> pl.Expr:
        """What an event's points are multiplied by, from its age."""
        as_of = self.times.as_of
        if as_of is None:
            return pl.lit(0.0)
        if each.halving is not None:
            age = (as_of - pl.col("at")).dt.total_microseconds().cast(pl.Float64)
            return pl.lit(0.5).pow(divided(age, float(self.times.exact(each.halving))))
        if each.fading is not None:
            start = self.times.moment_before(each.fading)
            if start is None:
                return pl.lit(0.0)
            left = (pl.col("at") - start).dt.total_microseconds().cast(pl.Float64)
            whole = (as_of - start).dt.total_microseconds().cast(pl.Float64)
            return (left / (left * 0.0 + whole)).clip(lower_bound=0.0)
        return pl.lit(1.0)

    # -- back to lead order -----------------------------------------------------------------------------------------

    def _spread_sum(self, row: pl.Series, units: pl.Series) -> pl.Series:
        summed = pl.DataFrame([row, units.alias("@read")]).group_by("lead_row").agg(pl.col("@read").sum())
        return self._spread(summed).fill_null(0)

    def _spread(self, answers: pl.DataFrame) -> pl.Series:
        """One answer per lead that has one as a series in lead order, blank for the others."""
        numbers = pl.int_range(answers.height, dtype=pl.UInt32, eager=True)
        nowhere = pl.repeat(None, self.leads, dtype=pl.UInt32, eager=True)
        return answers.get_column("@read").gather(nowhere.scatter(answers.get_column("lead_row"), numbers))


def _mask(cut: pl.DataFrame, conditions: Sequence[pl.Expr]) -> pl.Series:
    return (
        cut.lazy().with_columns(pl.all_horizontal(conditions).alias("@counts")).select("@counts").collect().to_series()
    )


def in_order(events: pl.DataFrame) -> pl.DataFrame:
    """Earlier events first; of two at one instant the one whose row sorts last is the later."""
    return events.sort("at", "@rank") if "@rank" in events.columns else events.sort("at")


def _picked(valued: pl.DataFrame, what: str, *, moment: bool) -> pl.DataFrame:
    """One value per lead: the first or last by time, or the smallest or largest."""
    if what in ("min", "max") or moment:
        smallest = what in ("min", "first")
        value = pl.col("@read").min() if smallest else pl.col("@read").max()
        return valued.group_by("lead_row").agg(value)
    keep = "first" if what == "first" else "last"
    return in_order(valued).unique(subset="lead_row", keep=keep, maintain_order=True)  # type: ignore[arg-type]


def event_leaves(expression: Expr | None) -> list[Expr]:
    """The leaves of a condition inside `where`."""
    if expression is None:
        return []
    if not expression.args and expression.op in _LEAVES:
        return [expression]
    return [leaf for part in expression.args for leaf in event_leaves(part)]


_LEAVES = frozenset(["event_field", "field", "name", "previous", "always", "since_of", "const", "bucket"])


def fields_of(selection: EventFilter, read: str | None) -> list[str]:
    """The event fields that a filter and an aggregate over it look at."""
    names = [str(leaf.value) for leaf in event_leaves(selection.where) if leaf.op == "event_field"]
    if selection.distinct is not None and selection.distinct != "day":
        names.append(selection.distinct)
    return [*names, read] if read is not None else names


def kinds_of(ruleset: Ruleset) -> dict[tuple[str, str], Type]:
    """The type of each event type's fields."""
    return {(event, name): type_ for event, fields in ruleset.event_fields for name, type_ in fields}
