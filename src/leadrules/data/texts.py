"""How values are written: one form each, in every file of a run.

In: typed columns. Out: columns of text, null for a blank. Numbers without trailing zeros, times in ISO 8601 with the
offset of the project's zone, yes/no as true/false, sets joined with `;`. Knows no file.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import product

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import by_few, local_series, rows_where
from leadrules.core.text import number_text

_EXACT = 2.0**53
_SMALL = 1e-3
_FORMULA = r"^[=+\-@]"
_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?$"
_AFTER_SIGNS = "A"  # what begins a formula, and every digit, stands before the letters
_FLAGS = 8  # in one table of combinations


def as_text(column: pl.Series, calendar: Calendar) -> pl.Series:
    """A column as it is written."""
    dtype = column.dtype
    if dtype.is_float():
        return number_texts(column)
    if dtype == pl.Boolean:
        return pl.Series(["false", "true"]).gather(column.cast(pl.UInt32)).alias(column.name)
    if isinstance(dtype, pl.Datetime):
        return time_texts(column, calendar)
    if isinstance(dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join(";").alias(column.name)
    return column.cast(pl.String)


def number_texts(numbers: pl.Series) -> pl.Series:
    """Numbers as `number_text` writes them."""
    return written_numbers(numbers).cast(pl.String)


def written_numbers(numbers: pl.Series) -> pl.Series:
    """The same as integers, where all of them are whole and exact; else as text."""
    numbers = numbers.cast(pl.Float64)
    is_whole = (numbers.abs() < _EXACT) & (numbers == numbers.floor())
    integers = numbers.cast(pl.Int64, strict=False)
    if is_whole.all(ignore_nulls=True):
        return integers
    rows = rows_where(~is_whole)
    return integers.cast(pl.String).scatter(rows, _fraction_texts(numbers.gather(rows))).alias(numbers.name)


def _fraction_texts(numbers: pl.Series) -> pl.Series:
    """The same of numbers that are not whole, or too large to be exact."""
    texts, size = numbers.cast(pl.String), numbers.abs()
    # What is very large or very small has an exponent, or no fraction.
    rare = rows_where((size < _SMALL) | (size >= _EXACT))
    if not len(rare):
        return texts
    return texts.scatter(rare, pl.Series([number_text(number) for number in numbers.gather(rare)], dtype=pl.String))


def time_texts(times: pl.Series, calendar: Calendar) -> pl.Series:
    """Instants as local clock time with its offset, `2026-11-01T09:00:00+09:00`; fractions only where there are some.

    Most columns are blank or of a few instants, that of a run for one: each of those is written once.
    """
    return by_few(times, partial(_each_time, calendar=calendar))


def _each_time(times: pl.Series, calendar: Calendar) -> pl.Series:
    instants = times.cast(pl.Datetime("us", "UTC"))
    local = local_series(calendar, instants)
    offset = (local.to_physical() - instants.to_physical()) // 1_000_000
    moments = pl.DataFrame({"clock": local, "offset": offset})
    away = pl.col("offset").abs()
    sign = pl.when(pl.col("offset") < 0).then(pl.lit("-")).otherwise(pl.lit("+"))
    clock = pl.when(pl.col("clock").dt.microsecond() == 0).then(pl.col("clock").dt.strftime("%FT%T"))
    written = pl.concat_str(
        clock.otherwise(pl.col("clock").dt.strftime("%FT%T%.6f")),
        sign,
        (away // 3600).cast(pl.String).str.zfill(2),
        pl.lit(":"),
        (away % 3600 // 60).cast(pl.String).str.zfill(2),
    )
    return moments.select(written.alias(times.name)).to_series()


def safe(texts: pl.Series) -> pl.Series:
    """Text that no spreadsheet runs: a leading apostrophe where a formula could begin. Numbers are left alone."""
    if not (texts < _AFTER_SIGNS).any():
        return texts
    risky = texts.str.contains(_FORMULA).fill_null(value=False)
    if not risky.any():
        return texts
    risky &= ~texts.str.contains(_NUMBER)
    return (("'" + texts).zip_with(risky, texts)).alias(texts.name)


def joined_names(flags: pl.DataFrame) -> pl.Series:
    """Per row the names of the columns (one at least) that are true, joined with `;`.

    Some columns have few combinations: the text of each is made once, then spread by its number.
    """
    parts = [flags[:, start : start + _FLAGS] for start in range(0, flags.width, _FLAGS)]
    texts = pl.DataFrame(
        [_combinations(tuple(part.columns))[_numbered(part)].alias(str(at)) for at, part in enumerate(parts)]
    )
    return texts.select(pl.concat_str(pl.all()).str.strip_suffix(";").alias("names")).to_series()


def _numbered(flags: pl.DataFrame) -> pl.Series:
    """Which combination each row is: the first column counts most."""
    weights = range(flags.width - 1, -1, -1)
    numbers = (pl.col(name).cast(pl.UInt32) * 2**power for name, power in zip(flags.columns, weights, strict=True))
    return flags.select(pl.sum_horizontal(numbers)).to_series()


@lru_cache(maxsize=64)
def _combinations(names: tuple[str, ...]) -> pl.Series:
    """The texts of all combinations, each name with its `;`."""
    chosen = product(*(("", f"{name};") for name in names))
    return pl.Series(["".join(texts) for texts in chosen], dtype=pl.String)
