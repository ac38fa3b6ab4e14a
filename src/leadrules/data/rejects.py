"""The cells that could not be read, as rejects.csv lists them, and the places that rows come from.

In: a place, a key, a column, a value, a reason. Out: the frame of rejects, one row per bad cell in the order of the input.
Nothing else may take a row away. Knows no rule of reading.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

COLUMNS = ("source", "line", "key", "column", "value", "reason")
_SCHEMA: dict[str, pl.DataType] = {name: pl.Int64() if name == "line" else pl.String() for name in COLUMNS}


class _Reject(NamedTuple):
    record: int
    order: int
    source: str
    line: int
    key: str
    column: str
    value: str
    reason: str


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


@dataclass(slots=True)
class Rejects:
    """The rejects of one reading."""

    _found: list[_Reject] = field(default_factory=list)
    records: set[int] = field(default_factory=set)

    def add(
        self,
        record: int,
        place: tuple[str, int],
        key: str | None,
        column: str = "",
        value: str = "",
        *,
        reason: str,
        order: int = 0,
    ) -> None:
        """A bad cell of a record, or a bad record; `order` is its place among the cells of one record."""
        self.records.add(record)
        self._found.append(_Reject(record, order, *place, key or "", column, value, reason))

    def frame(self) -> pl.DataFrame:
        """All of them, in the order of the input."""
        rows = [found[2:] for found in sorted(self._found, key=lambda reject: reject[:2])]
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def no_rejects() -> pl.DataFrame:
    """The frame of none."""
    return pl.DataFrame(schema=_SCHEMA)
