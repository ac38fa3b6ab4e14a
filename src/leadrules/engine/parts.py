"""Many leads in parts, each evaluated by itself beside the others, and what came of the parts put together.

In: how many leads there are, their events, the lines of each part. Out: the rows and events of each part; the lines of all
leads. A rule looks at one lead and its events, so where the leads are cut changes nothing. Knows no rule.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TypeVar

import polars as pl

from leadrules.engine.scores import Coded, Line
from leadrules.engine.units import COUNTS

LEAST = 100_000  # leads: with fewer in a part there is little to gain
T = TypeVar("T")
_BY_WIDTH: tuple[pl.DataType, ...] = (pl.Boolean(), *(dtype for dtype, _ in COUNTS))


def parts_of(leads: int) -> list[range]:
    """The rows of each part: about as many in each, a part for each processor."""
    count = max(min(os.cpu_count() or 1, leads // LEAST), 1)
    starts = [leads * number // count for number in range(count + 1)]
    return [range(start, stop) for start, stop in pairwise(starts)]


def side_by_side(calls: Sequence[Callable[[], T]]) -> list[T]:
    """What the calls give, each made in a thread of its own."""
    with ThreadPoolExecutor(len(calls), "parts") as threads:
        return list(threads.map(lambda call: call(), calls))


def events_of(events: pl.DataFrame, rows: range) -> pl.DataFrame:
    """The events of these leads, with the rows that the leads have among themselves."""
    row = pl.col("lead_row")
    theirs = events.lazy().filter(row.is_between(rows.start, rows.stop - 1))
    return theirs.with_columns(row - rows.start).collect()


def stacked(frames: Sequence[pl.DataFrame]) -> list[pl.Series]:
    """The columns of frames that lie one under the other, each in one piece; some columns are put together at a time."""
    names = frames[0].columns
    hands = os.cpu_count() or 1
    shares = [names[start::hands] for start in range(hands)]
    calls = [partial(_stacked, frames, share) for share in shares if share]
    return [column for columns in side_by_side(calls) for column in columns] if calls else []


def _stacked(frames: Sequence[pl.DataFrame], names: Sequence[str]) -> list[pl.Series]:
    return [pl.concat([frame.get_column(name) for frame in frames], rechunk=True) for name in names]


def joined_lines(parts: Iterable[Sequence[Line]]) -> tuple[Line, ...]:
    """The lines of all leads; every part has the same lines in the same order."""
    return tuple(_joined(same) for same in zip(*parts, strict=True))


def _joined(lines: Sequence[Line]) -> Line:
    first = lines[0]
    return Line(
        first.score,
        first.name,
        _given(lines),
        _one_after_the_other([line.matched for line in lines]),
        _one_after_the_other([line.events for line in lines]),
        first.joint,
    )


def _given(lines: Sequence[Line]) -> Coded | pl.Series:
    """What a line gave; the tables of amounts of all parts begin alike, and one of them holds the others."""
    coded = [line.given for line in lines if isinstance(line.given, Coded)]
    if len(coded) == len(lines):
        longest = max((one.amounts for one in coded), key=len)
        codes = _one_after_the_other([one.codes for one in coded])
        assert codes is not None
        return Coded(codes, longest)
    units = [pl.select(line.units()).to_series() if isinstance(line.given, Coded) else line.given for line in lines]
    widest = pl.Int128() if any(one.dtype == pl.Int128 for one in units) else pl.Int64()
    return pl.concat([one.cast(widest) for one in units])


def _one_after_the_other(series: Sequence[pl.Series | None]) -> pl.Series | None:
    there = [one for one in series if one is not None]
    widest = max((one.dtype for one in there), key=_BY_WIDTH.index, default=pl.Boolean())
    return pl.concat([one.cast(widest) for one in there]) if there else None
