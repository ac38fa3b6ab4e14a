"""Columns under evaluation: a frame that grows, and expressions worked out over it, each text once per distinct value.

In: a frame, expressions of the ruleset, and where their leaves stand. Out: series, one per expression.
Folding and searching a million titles costs seconds, twenty distinct ones nothing: a part of an expression that looks
at one text column of few distinct values is worked out on those values by the same operations, then spread by code.
Knows nothing of leads, events or definitions.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import polars as pl

from leadrules.core.functions.columnar import fold_column, fold_set_column, looked_up
from leadrules.core.records import dataclass
from leadrules.ruleset.model import Expr

SMALL = 4_096  # below this many rows a table of distinct values costs more than it saves
SAMPLE = 10_000
FEW = 0.5  # of the rows of a sample: with more distinct values than that a column is left as it is

Leaf = Callable[[Expr], "pl.Expr | str | None"]


class Parts(Protocol):
    """What is ready when an expression is turned into Polars."""

    def ready(self, part: Expr) -> pl.Expr | None:
        """What stands in for a part: its column, its value where that is the same for every row, or nothing yet."""

    def folded(self, part: Expr) -> pl.Expr | None:
        """The folded column of a part that is a column."""


Lower = Callable[[Expr, Parts], pl.Expr]


@dataclass(frozen=True, slots=True)
class Distinct:
    """A text column as its distinct values and, per row, which of them it has; the last value is the blank."""

    values: pl.Series
    codes: pl.Series
    tables: list[Table]

    def table(self, leaf: Leaf, lower: Lower) -> Table:
        """The values as a table of their own, which keeps what it folds."""
        if not self.tables:
            self.tables.append(Table(self.values.to_frame(), leaf, lower, is_distinct=True))
        return self.tables[0]

    def spread(self, results: pl.DataFrame) -> list[pl.Series]:
        """Columns over the values as columns over the rows."""
        return [looked_up(column, self.codes) for column in results]


class Table:
    """A frame whose columns expressions read.

    `leaf` says where a leaf of an expression stands: the name of a column, an expression that is the same for every
    row, or None for what is no leaf. `lower` turns an expression into Polars, given what stands in for its parts.
    """

    def __init__(self, frame: pl.DataFrame, leaf: Leaf, lower: Lower, *, is_distinct: bool = False) -> None:
        self.frame = frame
        self.height = frame.height
        self._is_distinct = is_distinct
        self._leaf = leaf
        self._lower = lower
        self._distinct: dict[str, Distinct | None] = {}
        self._sources: dict[int, tuple[Expr, frozenset[str]]] = {}
        self._growing = threading.RLock()  # rules of several kinds are looked at side by side

    def add(self, columns: Iterable[pl.Series]) -> None:
        """More columns; their names are new."""
        with self._growing:
            self.frame = self.frame.with_columns(list(columns))

    def evaluate(self, wanted: Mapping[str, Expr]) -> dict[str, pl.Series]:
        """The expressions' values, one series of the frame's height per name."""
        if not wanted:
            return {}
        spread = self._spread_parts(wanted.values())
        parts = _Ready(self, {number: column.name for number, column in spread.items()})
        lowered = {name: self._lower(expression, parts) for name, expression in wanted.items()}
        return self.select(lowered, spread.values())

    def place(self, leaf: Expr) -> pl.Expr | str | None:
        """Where a leaf stands."""
        return self._leaf(leaf)

    def folded(self, column: str) -> str:
        """The column that holds a text column folded; it is made once."""
        name = f"{column}|folded"
        with self._growing:
            if name not in self.frame.columns:
                fold = fold_set_column if self.frame.schema[column] == pl.List(pl.String) else fold_column
                self.frame = self.frame.with_columns(fold(pl.col(column)).alias(name))
        return name

    def select(self, wanted: Mapping[str, pl.Expr], extra: Iterable[pl.Series] = ()) -> dict[str, pl.Series]:
        """Polars expressions over the frame and `extra` columns; scalars fill the frame's height."""
        names = [f"<{position}>" for position in range(len(wanted))]
        expressions = [expr.alias(name) for name, expr in zip(names, wanted.values(), strict=True)]
        frame = self.frame.with_columns(list(extra))
        if not frame.width:
            frame = pl.DataFrame({"<rows>": pl.repeat(True, self.height, eager=True)})
        result = frame.lazy().with_columns(expressions).select(names).collect()
        return {name: column.alias(name) for name, column in zip(wanted, result.get_columns(), strict=True)}

    # -- parts that look at one text column -------------------------------------------------------------------------

    def _spread_parts(self, expressions: Iterable[Expr]) -> dict[int, pl.Series]:
        """Every largest part that looks at one column of few distinct values, worked out on those and spread.

        By identity: an expression is one tree, and equal parts of two are found by Polars.
        """
        if self._is_distinct or self.height < SMALL:
            return {}
        wanted = list(expressions)
        self._learn_distinct({column for expression in wanted for column in self.sources(expression)})
        parts: dict[str, dict[int, Expr]] = {}
        for expression in wanted:
            self._find_parts(expression, parts)
        spread: dict[int, pl.Series] = {}
        for column, found in parts.items():
            spread |= self._over_distinct(column, found, len(spread))
        return spread

    def _find_parts(self, expression: Expr, parts: dict[str, dict[int, Expr]]) -> None:
        sources = self.sources(expression)
        if not sources or not expression.args:
            return
        if len(sources) == 1:
            (column,) = sources
            if self._distinct[column] is not None:
                parts.setdefault(column, {})[id(expression)] = expression
                return
        for part in expression.args:
            self._find_parts(part, parts)

    def _over_distinct(self, column: str, parts: Mapping[int, Expr], first: int) -> dict[int, pl.Series]:
        distinct = self._distinct[column]
        assert distinct is not None
        found = distinct.table(self._leaf, self._lower).evaluate(
            {f"~{n}": p for n, p in enumerate(parts.values(), first)}
        )
        return dict(zip(parts, distinct.spread(pl.DataFrame(list(found.values()))), strict=True))

    def sources(self, expression: Expr) -> frozenset[str]:
        """The columns that an expression reads."""
        known = self._sources.get(id(expression))
        if known is not None:
            return known[1]
        found = self._leaf(expression)
        if found is None:
            columns = frozenset().union(*(self.sources(part) for part in expression.args))
        else:
            columns = frozenset([found]) if isinstance(found, str) else frozenset()
        self._sources[id(expression)] = (expression, columns)
        return columns

    def _learn_distinct(self, columns: Iterable[str]) -> None:
        """Look at columns that were not looked at before, all together."""
        with self._growing:
            fresh = sorted(name for name in columns if name not in self._distinct)
            self._distinct |= dict.fromkeys(fresh) | distinct_values(self.frame.select(fresh))

    def share(self, other: Table, unlike: Container[str]) -> None:
        """Take over what another table of the same rows knows of its columns, but for those that are unlike."""
        with other._growing:
            self._distinct |= {
                name: None if one is None else Distinct(one.values, one.codes, [])
                for name, one in other._distinct.items()
                if name not in unlike
            }

    def forget(self) -> None:
        """Let go of what can be made again."""
        self._distinct.clear()
        self._sources.clear()
        self.frame = self.frame.select(name for name in self.frame.columns if not name.endswith("|folded"))


@dataclass(frozen=True, slots=True)
class _Ready:
    """The parts that a table has ready for one evaluation."""

    table: Table
    spread: Mapping[int, str]

    def ready(self, part: Expr) -> pl.Expr | None:
        column = self.spread.get(id(part))
        found = column if column is not None else self.table.place(part)
        return pl.col(found) if isinstance(found, str) else found

    def folded(self, part: Expr) -> pl.Expr | None:
        found = None if id(part) in self.spread else self.table.place(part)
        return pl.col(self.table.folded(found)) if isinstance(found, str) else None


def distinct_values(frame: pl.DataFrame) -> dict[str, Distinct]:
    """The text columns of a frame by their distinct values, but for those that have too many to be worth it."""
    sample = frame.gather_every(max(frame.height // SAMPLE, 1)) if frame.width else frame
    few = [column.name for column in sample if column.dtype == pl.String and column.n_unique() <= column.len() * FEW]
    # a mapping of its own for each column, so that codes are small and memory is given back
    coded = frame.lazy().select(pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in few).collect()
    with ThreadPoolExecutor(os.cpu_count(), "distinct") as threads:
        found = list(threads.map(_as_distinct, coded))
    return {column.name: distinct for column, distinct in zip(coded, found, strict=True)}


def _as_distinct(coded: pl.Series) -> Distinct:
    """A column by its values: codes are given from 0 on, and no other column's values are among them."""
    codes = coded.to_physical()
    last = codes.max()
    every = pl.arange(last + 1 if isinstance(last, int) else 0, eager=True, dtype=pl.UInt32).to_frame("code")
    values = every.select(pl.col("code").cat.to(coded.dtype).cast(pl.String)).to_series()
    values = values.extend(pl.Series([None], dtype=pl.String)).alias(coded.name)
    return Distinct(values, codes.fill_null(values.len() - 1), [])
