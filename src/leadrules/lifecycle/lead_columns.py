"""What the state keeps of many leads: columns of which most are blank for nearly everybody.

In: columns of Polars, or of a column the few rows that are filled. Out: `LeadColumns`, which holds each as it came, and
makes a whole column of few rows only for whoever asks for it. A million leads have sixty columns, of which ten say
something of everybody: whole, they are half of the memory of a run, and each page of it costs time when it is touched
first. Knows not what a column means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import polars as pl

from leadrules.core.functions.columnar import looked_up, only, rows_where
from leadrules.core.records import dataclass

FEW = 0.25  # of the rows: where more are filled, a column is held whole
SMALL = 1_000  # rows: of fewer a blank column is as quickly held whole as not at all
_ROW = pl.UInt32()


@dataclass(frozen=True)
class Sparse:
    """A column by its filled rows: `rows` (UInt32, rising), and as many `values`, none of them blank, under its name."""

    rows: pl.Series
    values: pl.Series
    height: int

    @classmethod
    def of(cls, column: pl.Series) -> Sparse:
        """A whole column by its filled rows."""
        rows = rows_where(column.is_not_null())
        return cls(rows, column[rows], len(column))

    @property
    def name(self) -> str:
        """What the column is called."""
        return self.values.name

    @property
    def dtype(self) -> pl.DataType:
        """The type of its values."""
        return self.values.dtype

    @cached_property
    def whole(self) -> pl.Series:
        """A value or a blank per row."""
        return looked_up(self.values, self._places()).alias(self.name)

    def cast(self, kind: pl.DataType) -> Sparse:
        """The same in another type, in which no value is lost."""
        return self if self.dtype == kind else Sparse(self.rows, self.values.cast(kind), self.height)

    def gather(self, rows: pl.Series) -> pl.Series:
        """A value or a blank for each of these rows."""
        if not len(self.rows):
            return _blanks(self.name, self.dtype, len(rows))
        return self.values if rows.equals(self.rows) else looked_up(self.values, self._places()[rows]).alias(self.name)

    def put(self, rows: pl.Series, values: pl.Series) -> Sparse:
        """The column with other values, or blanks, in these rows; each is named once."""
        if not len(rows):
            return self
        values = values.cast(self.dtype).alias(self.name)
        more = len(self.rows) + pl.int_range(len(rows), dtype=_ROW, eager=True)
        places = self._places().scatter(rows, only(more, values.is_not_null()))
        filled = rows_where(places.is_not_null())
        return Sparse(filled, pl.concat([self.values, values], rechunk=True)[places[filled]], self.height)

    def _places(self) -> pl.Series:
        """Per row of all the place of its value; blank where there is none."""
        nowhere = pl.repeat(None, self.height, dtype=_ROW, eager=True)
        return nowhere.scatter(self.rows, pl.int_range(len(self.rows), dtype=_ROW, eager=True))

    def part(self, start: int, length: int) -> pl.Series:
        """A value or a blank for each of some rows that stand together."""
        if "whole" in self.__dict__:
            return self.whole.slice(start, length)
        first, last = (self.rows.search_sorted(row) for row in (start, start + length))
        rows = self.rows.slice(first, last - first) - start
        some = Sparse(rows, self.values.slice(first, last - first), max(min(length, self.height - start), 0))
        return some.whole

    def taken(self, places: pl.Series, height: int) -> Sparse:
        """The column of another order of rows: `places` says, per row of before, which it becomes (blank: none)."""
        moved = places[self.rows]
        there = rows_where(moved.is_not_null())
        nobody = Sparse(self.rows.clear(), self.values.clear(), height)
        return nobody.put(moved[there], self.values[there])

    def equals(self, other: Sparse) -> bool:
        """Whether both say the same of every row."""
        return self.height == other.height and self.rows.equals(other.rows) and self.values.equals(other.values)


Column = pl.Series | Sparse


def blank(name: str, kind: pl.DataType, height: int) -> Column:
    """A column that says nothing."""
    if height < SMALL:
        return _blanks(name, kind, height)
    return Sparse(pl.Series([], dtype=_ROW), pl.Series(name, [], dtype=kind), height)


class LeadColumns:
    """A row per lead, as a frame has it; a column that says little is held by its filled rows."""

    def __init__(self, columns: Iterable[Column] = (), height: int | None = None) -> None:
        self._columns = {column.name: column for column in columns}
        first = next(iter(self._columns.values()), None)
        self.height = height if height is not None else 0 if first is None else _height(first)
        for column in self._columns.values():
            if _height(column) != self.height:
                raise pl.exceptions.ShapeError(f"{column.name} has {_height(column)} of {self.height} rows")

    @classmethod
    def of(cls, frame: pl.DataFrame) -> LeadColumns:
        """The columns of a frame."""
        return cls(frame.get_columns(), frame.height)

    # -- as a frame -------------------------------------------------------------------------------------------------

    @property
    def columns(self) -> list[str]:
        """The names."""
        return list(self._columns)

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The types by name."""
        return {name: column.dtype for name, column in self._columns.items()}

    @property
    def frame(self) -> pl.DataFrame:
        """Every column, whole: for who looks at all of them, of few leads or seldom."""
        return self.select(*self._columns)

    def __getitem__(self, name: str) -> pl.Series:
        """A column, whole."""
        return whole(self._columns[name])

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns.values())

    def select(self, *names: str) -> pl.DataFrame:
        """Some columns, whole."""
        return pl.DataFrame([self[name] for name in names])

    def alone(self, number: int) -> LeadColumns:
        """One lead."""
        place = pl.Series([number], dtype=_ROW)
        return LeadColumns((self.gather(name, place) for name in self._columns), 1)

    def row(self, number: int) -> dict[str, Any]:
        """The values of one lead."""
        return {name: _cell(column, number) for name, column in self._columns.items()}

    def part(self, start: int, length: int, *names: str) -> pl.DataFrame:
        """Some columns of leads that stand together, whole, and let go of with them."""
        columns = (self._columns[name] for name in names)
        return pl.DataFrame(
            [one.part(start, length) if isinstance(one, Sparse) else one.slice(start, length) for one in columns]
        )

    def equals(self, other: LeadColumns) -> bool:
        """Whether both have the same columns, in the same order, that say the same."""
        if self.schema != other.schema or self.columns != other.columns or self.height != other.height:
            return False
        return all(is_same(one, another) for one, another in zip(self, other, strict=True))

    def with_columns(self, columns: Iterable[Column]) -> LeadColumns:
        """With others in the place of those of the same name, or after all."""
        return LeadColumns([*(self._columns | {column.name: column for column in columns}).values()], self.height)

    def drop(self, *names: str) -> LeadColumns:
        """Without some, as far as they are there."""
        return LeadColumns((one for name, one in self._columns.items() if name not in names), self.height)

    # -- as what is seldom filled -------------------------------------------------------------------------------------

    def held(self, name: str, kind: pl.DataType | None = None) -> Column:
        """A column as it is held; of one that is not there, blanks of a type."""
        if name in self._columns or kind is None:
            return self._columns[name]
        return blank(name, kind, self.height)

    def whole(self, name: str, kind: pl.DataType) -> pl.Series:
        """A column, whole; of one that is not there, blanks of a type."""
        return whole(self.held(name, kind))

    def filled(self, name: str) -> pl.Series:
        """The rows (UInt32, rising) in which a column is not blank; none of a column that is not there."""
        column = self._columns.get(name)
        if column is None:
            return pl.Series([], dtype=_ROW)
        return column.rows if isinstance(column, Sparse) else rows_where(column.is_not_null())

    def gather(self, name: str, rows: pl.Series, kind: pl.DataType | None = None) -> pl.Series:
        """A column of some rows; of one that is not there, blanks of a type."""
        if name not in self._columns and kind is not None:
            return _blanks(name, kind, len(rows))
        return self._columns[name].gather(rows).alias(name)

    def at(self, rows: pl.Series, kinds: Mapping[str, pl.DataType]) -> pl.DataFrame:
        """Some columns of some rows; those that are not there are blank."""
        return pl.DataFrame([self.gather(name, rows, kind) for name, kind in kinds.items()])

    def taken(self, found: pl.Series) -> LeadColumns:
        """The leads in another order: for each of those to come, where it is here (blank: it is not)."""
        rows = rows_where(found.is_not_null())
        places = pl.repeat(None, self.height, dtype=_ROW, eager=True).scatter(found[rows], rows)
        return LeadColumns((_taken(one, found, places) for one in self), len(found))

    def above(self, below: LeadColumns, found: pl.Series) -> LeadColumns:
        """These leads and others in one, with the columns of the others: for each to come, where it is, counted through both."""
        height = self.height + below.height
        places = pl.repeat(None, height, dtype=_ROW, eager=True)
        places = places.scatter(found, pl.int_range(len(found), dtype=_ROW, eager=True))
        columns = (_stacked(self.held(one.name, one.dtype), one) for one in below)
        return LeadColumns((_taken(one, found, places) for one in columns), len(found))

    def put(self, name: str, rows: pl.Series, values: pl.Series) -> Column:
        """A column with other values in some rows, each named once; one that is not there is blank elsewhere."""
        return put_into(self.held(name, values.dtype), rows, values)


def is_same(one: Column, other: Column) -> bool:
    """Whether two columns of one type say the same of every row."""
    if one is other:
        return True
    if one.dtype != other.dtype:
        return False
    if isinstance(one, Sparse) and isinstance(other, Sparse):
        return one.equals(other)
    return whole(one).equals(whole(other), null_equal=True)


def whole(column: Column) -> pl.Series:
    """A value or a blank per row, however the column is held."""
    return column.whole if isinstance(column, Sparse) else column


def put_into(column: Column, rows: pl.Series, values: pl.Series) -> Column:
    """A column with other values in some rows, each named once."""
    if not len(rows):
        return column
    if isinstance(column, Sparse):
        after = column.put(rows, values)
        return after if len(after.rows) < FEW * column.height else after.whole
    if column.dtype.is_nested():
        return Sparse.of(column).put(rows, values).whole
    return column.clone().scatter(rows, values.cast(column.dtype))


def _cell(column: Column, row: int) -> Any:
    value = column.gather(pl.Series([row], dtype=_ROW))[0] if isinstance(column, Sparse) else column[row]
    return value.to_list() if isinstance(value, pl.Series) else value


def _taken(column: Column, found: pl.Series, places: pl.Series) -> Column:
    """A column in another order: for each row to come where it is (blank: nowhere), and for each row that is where it goes."""
    return column.taken(places, len(found)) if isinstance(column, Sparse) else column[found]


def _stacked(above: Column, below: Column) -> Column:
    """One column under another."""
    if not isinstance(above, Sparse) or not isinstance(below, Sparse):
        return pl.concat([whole(above), whole(below)])
    rows, values = [above.rows, below.rows + above.height], [above.values, below.values]
    return Sparse(pl.concat(rows, rechunk=True), pl.concat(values, rechunk=True), above.height + below.height)


def _height(column: Column) -> int:
    return column.height if isinstance(column, Sparse) else len(column)


def _blanks(name: str, kind: pl.DataType, height: int) -> pl.Series:
    return pl.Series(name, [None], dtype=kind).new_from_index(0, height)
