"""How values are written: one form each, in every file of a run.

In: typed columns. Out: columns of text, null for a blank. Numbers without trailing zeros, times in ISO 8601 with the
offset of the project's zone, yes/no as true/false, sets joined with `;`. Knows no file.
"""

from __future__ import annotations

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import local_series
from leadrules.core.text import number_text

_EXACT = 2.0**53
_FORMULA = r"^[=+\-@]"
_NUMBER = r"^-?[0-9]+(?:\.[0-9]+)?$"


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
    numbers = numbers.cast(pl.Float64)
    whole = ((numbers.abs() < _EXACT) & (numbers == numbers.floor())).fill_null(value=False)
    if whole.all():
        return numbers.cast(pl.Int64).cast(pl.String)
    rows = (~whole & numbers.is_not_null()).arg_true()
    others = numbers.gather(rows)
    texts = numbers.cast(pl.Int64, strict=False).cast(pl.String)
    return texts.scatter(rows, _fraction_texts(others)).alias(numbers.name)


def _fraction_texts(numbers: pl.Series) -> pl.Series:
    """The same of numbers that are not whole, or too large to be exact."""
    texts = numbers.cast(pl.String)
    # What is very large or very small has an exponent, or no fraction.
    rare = texts.str.contains(r"e|\.0$").arg_true()
    if not len(rare):
        return texts
    return texts.scatter(rare, pl.Series([number_text(number) for number in numbers.gather(rare)], dtype=pl.String))


def time_texts(times: pl.Series, calendar: Calendar) -> pl.Series:
    """Instants as local clock time with its offset, `2026-11-01T09:00:00+09:00`; fractions only where there are some."""
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
    risky = texts.str.contains(_FORMULA).fill_null(value=False)
    if not risky.any():
        return texts
    risky &= ~texts.str.contains(_NUMBER)
    return (("'" + texts).zip_with(risky, texts)).alias(texts.name)
