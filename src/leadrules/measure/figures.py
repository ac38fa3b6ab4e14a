"""The arithmetic that reports share: shares with intervals, spreads, and ratios that may have no denominator.

In: Polars columns, or numbers. Out: the same. A zero denominator gives null, which every rendering shows as "n/a".
Wilson's interval is used for shares: it holds for few cases and for rates near 0, where the usual one leaves the scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import polars as pl

Z95 = 1.959963984540054
DAY_MICROS = 86_400_000_000


def ratio(part: pl.Expr | str, whole: pl.Expr | str) -> pl.Expr:
    """part / whole; null where there is no whole."""
    part, whole = _column(part), _column(whole)
    return pl.when(whole != 0).then(part.cast(pl.Float64) / whole)


def wilson_low(part: pl.Expr | str, whole: pl.Expr | str) -> pl.Expr:
    """The lower end of Wilson's 95% interval of a share."""
    centre, half = _wilson(_column(part), _column(whole))
    # Where nobody did it the end is 0, which the difference misses by 1e-18.
    is_none = (_column(part) == 0) & (_column(whole) > 0)
    return pl.when(is_none).then(0.0).otherwise((centre - half).clip(0, 1))


def wilson_high(part: pl.Expr | str, whole: pl.Expr | str) -> pl.Expr:
    """Its upper end."""
    centre, half = _wilson(_column(part), _column(whole))
    return (centre + half).clip(0, 1)


def _wilson(part: pl.Expr, whole: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    n = pl.when(whole > 0).then(whole.cast(pl.Float64))
    p, z2 = part / n, Z95 * Z95
    below = 1 + z2 / n
    return (p + z2 / (2 * n)) / below, Z95 * (p * (1 - p) / n + z2 / (4 * n * n)).sqrt() / below


def wilson(part: float, whole: float) -> tuple[float, float] | None:
    """Wilson's interval of one share; None without cases.

    >>> tuple(round(end, 4) for end in wilson(8, 40))
    (0.105, 0.3476)
    """
    if whole <= 0:
        return None
    p, z2 = part / whole, Z95 * Z95
    centre, below = p + z2 / (2 * whole), 1 + z2 / whole
    half = Z95 * sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole))
    return max((centre - half) / below, 0.0), min((centre + half) / below, 1.0)


def days_between(start: pl.Expr | str, end: pl.Expr | str) -> pl.Expr:
    """The days from one instant to another, as a number with a fraction."""
    return (_column(end) - _column(start)).dt.total_microseconds() / DAY_MICROS


def spread(name: str, values: pl.Expr | str) -> list[pl.Expr]:
    """Median and quartiles of a column, interpolated, beside how many values there are: `NAME_n`, `_q1`, `_median`, `_q3`."""
    column = _column(values)
    return [
        column.count().cast(pl.Int64).alias(f"{name}_n"),
        *(
            column.quantile(q, "linear").alias(f"{name}_{word}")
            for word, q in (("q1", 0.25), ("median", 0.5), ("q3", 0.75))
        ),
    ]


def row_of(frame: pl.DataFrame) -> dict[str, float]:
    """The one row of a frame."""
    return dict(zip(frame.columns, frame.row(0), strict=True))


def words_of(names: Iterable[str]) -> str:
    """`a, b and c`."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def _column(value: pl.Expr | str) -> pl.Expr:
    return pl.col(value) if isinstance(value, str) else value
