"""Columns of dates and times in one of Polars' formats.

In: a column of text, the format in which a look at it says that it is written. Out: clock times, or instants where the text
says its offset; null for what is written otherwise. Polars reads a fraction or an offset six times slower than the clock
before it, so where all cells are equally long these are cut off and read by themselves. Knows no field and no layout.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import polars as pl

from leadrules.core.dates import FIRST_YEAR
from leadrules.core.functions.columnar import only

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a clock time
_FIRST = (datetime(FIRST_YEAR, 1, 1) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001 - likewise
_LAST = (datetime.max - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ901 - likewise
_UTC = ("Z", "UTC", "GMT")
_END = re.compile(r"(?P<fraction>\.\d{3}(?:\d{3})?)?(?P<zone>Z|(?P<sign>[+-])(?P<h>[01]\d|2[0-3]):?(?P<m>[0-5]\d))?$")


def read_clocks(cells: pl.Series, format: str) -> pl.Series:
    """The cells that are written so, as clock times or instants within the calendar."""
    clocks = _in_pieces(cells, format)
    if clocks is None:
        clocks = _as_a_whole(cells, format)
    micros = clocks.to_physical()
    lowest, highest = micros.min(), micros.max()
    if isinstance(lowest, int) and isinstance(highest, int) and (lowest < _FIRST or highest > _LAST):
        return only(clocks, micros.is_between(_FIRST, _LAST))
    return clocks


def _as_a_whole(cells: pl.Series, format: str) -> pl.Series:
    if not any(f"%{directive}" in format for directive in "HIMS"):
        return cells.str.to_date(format, strict=False).cast(pl.Datetime("us"))
    clocks = cells.str.to_datetime(format, time_unit="us", strict=False, cache=False)
    return clocks.dt.replace_time_zone("UTC") if format.endswith(_UTC) else clocks


def _in_pieces(cells: pl.Series, format: str) -> pl.Series | None:
    """The clock, the fraction and the offset of each cell; None where the cells are not alike enough."""
    clock, seconds, end = format.partition("%S")
    sizes = cells.str.len_bytes()
    if not end or sizes.min() != sizes.max():
        return None
    sample = _END.search(cells[cells.is_not_null().arg_max() or 0] or "")
    if sample is None or end != _format_of(sample):
        return None
    zone, digits = sample["zone"] or "", len(sample["fraction"] or ".") - 1
    if not cells.str.ends_with(zone).all():
        return None
    times = cells.str.head(-len(sample[0])).str.to_datetime(clock + seconds, time_unit="us", strict=False, cache=False)
    if digits:
        point = cells.str.tail(len(sample[0]))
        number = point.str.slice(1, digits)
        micros = number.cast(pl.Int64, strict=False) * 10 ** (6 - digits)
        times = only(times + micros.cast(pl.Duration("us")), point.str.starts_with(".") & (number >= "0"))
    if sample["sign"]:
        away = timedelta(hours=int(sample["h"]), minutes=int(sample["m"]))
        times = times - away if sample["sign"] == "+" else times + away
    return times.dt.replace_time_zone("UTC") if zone else times


def _format_of(end: re.Match[str]) -> str | None:
    """The format of an end that is worth cutting off."""
    if not end["fraction"] and not end["sign"]:
        return None
    return ("%.f" if end["fraction"] else "") + ("%z" if end["sign"] else end["zone"] or "")
