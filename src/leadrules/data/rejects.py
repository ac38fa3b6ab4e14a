"""The cells that could not be read, as rejects.csv lists them, and the places that rows come from.

In: a place, a key, a column, a value, a reason. Out: the frame of rejects, one row per bad cell in the order of the input.
Nothing else may take a row away. Knows no rule of reading.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import field

import polars as pl

from leadrules.core.records import dataclass
from leadrules.data.tables import ITEM_END

COLUMNS = ("source", "line", "key", "column", "value", "reason")
_SCHEMA: dict[str, pl.DataType] = {name: pl.Int64() if name == "line" else pl.String() for name in COLUMNS}
_NUMBERED: dict[str, pl.DataType] = {"record": pl.Int64(), "order": pl.Int64()} | _SCHEMA


@dataclass(slots=True)
class Places:
    """Where records stand: a record by its number in the whole input (from 0), its file and first physical line."""

    _starts: list[int] = field(default_factory=list)
    _runs: list[tuple[str, Sequence[int], Sequence[int]]] = field(default_factory=list)

    def add(self, path: str, records: Sequence[int], lines: Sequence[int]) -> None:
        """Records of a file (rising numbers), and the line of each."""
        if records:
            self._starts.append(records[0])
            self._runs.append((path, records, lines))

    def of(self, record: int) -> tuple[str, int]:
        """The file and line of a record."""
        path, records, lines = self._runs[bisect_right(self._starts, record) - 1]
        return path, lines[bisect_right(records, record) - 1]

    def in_last_run(self, records: pl.Series) -> tuple[str, pl.Series]:
        """The file and the lines of records that were added last."""
        path, known, lines = self._runs[-1]
        if isinstance(known, range) and isinstance(lines, range):
            return path, records.cast(pl.Int64) + (lines.start - known.start)
        at = pl.Series(known, dtype=pl.UInt32).search_sorted(records)
        return path, pl.Series(lines, dtype=pl.Int64).gather(at)


@dataclass(slots=True)
class Rejects:
    """The rejects of one reading. `records` are the numbers of those that are out."""

    _found: list[pl.DataFrame] = field(default_factory=list)
    _single: list[tuple[int, int, str, int, str, str, str, str]] = field(default_factory=list)
    records: set[int] = field(default_factory=set)

    def add(
        self, record: int, place: tuple[str, int], key: str, column: str = "", value: str = "", *, reason: str
    ) -> None:
        """A bad record, or its one bad cell."""
        self.records.add(record)
        self._single.append((record, 0, *place, key, column, value, reason))

    def add_cells(
        self, records: pl.Series, places: Places, keys: pl.Series, cells: pl.DataFrame, *, column: str, order: int
    ) -> None:
        """Bad cells (`value` and `reason`) of one column, of records added last to the places.

        `order` is the place of the column among the cells of one record.
        """
        self.records.update(records)
        path, lines = places.in_last_run(records)
        self._found.append(
            cells.select(
                records.cast(pl.Int64).alias("record"),
                pl.lit(order, dtype=pl.Int64).alias("order"),
                pl.lit(path).alias("source"),
                lines.alias("line"),
                keys.fill_null("").alias("key"),
                pl.lit(column).alias("column"),
                "value",
                "reason",
            )
        )

    def taken_out(self, path: str, base: int, records: int) -> pl.DataFrame:
        """The bad cells of the first records of a file, numbered from 0, for `put_back`."""
        found = pl.concat([pl.DataFrame(schema=_NUMBERED), *self._found])
        its = (pl.col("source") == path) & pl.col("record").is_between(base, base + records, closed="left")
        return found.filter(its).with_columns(pl.col("record") - base)

    def put_back(self, cells: pl.DataFrame, path: str, base: int) -> None:
        """Bad cells that were taken out, of a file that may be called otherwise now."""
        there = cells.with_columns(pl.col("record") + base, pl.lit(path).alias("source"))
        self.records.update(there.get_column("record"))
        self._found.append(there)

    def frame(self) -> pl.DataFrame:
        """All of them, in the order of the input."""
        found = pl.concat([*self._found, pl.DataFrame(self._single, schema=_NUMBERED, orient="row")])
        # A list of JSON lines or Parquet is told as a set is written.
        told = pl.col("key", "value").str.strip_suffix(ITEM_END).str.replace_all(ITEM_END, ";", literal=True)
        return found.sort("record", "order", maintain_order=True).with_columns(told).select(COLUMNS)


def no_rejects() -> pl.DataFrame:
    """The frame of none."""
    return pl.DataFrame(schema=_SCHEMA)
