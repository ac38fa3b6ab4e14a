"""Numbers as integers of a small unit, so that no order of adding and no thread count changes a sum.

In: columns of floats. Out: columns of integers, wide enough for their sum. Rounding is language.md's:
sign(x) floor(|x| 10^d + 0.5 + 1e-7). An amount beyond 9e14, the largest number of the language, counts as that.
"""

from __future__ import annotations

import math

import polars as pl

DIGITS = 4  # of what is summed over rules
EVENT_DIGITS = 6  # of points weighted per event
LARGEST = 9e14
_NARROW = 2**62


def rounded(amount: pl.Expr, digits: int) -> pl.Expr:
    """Whole units of 10^-digits, still floats; blank stays blank."""
    size = (amount.abs().clip(upper_bound=LARGEST) * 10.0**digits + (0.5 + 1e-7)).floor()
    return pl.when(amount < 0).then(-size).otherwise(size)


def rounded_number(amount: float, digits: int = DIGITS) -> int:
    """The same of one number."""
    size = math.floor(min(abs(amount), LARGEST) * 10.0**digits + (0.5 + 1e-7))
    return -size if amount < 0 else size


def narrow_enough(largest: float, count: int) -> bool:
    """Whether `count` numbers of at most that size sum up within 64 bits."""
    return abs(largest) * max(count, 1) < _NARROW


def summable(units: pl.Series, count: int) -> pl.Series:
    """Whole floats as integers that `count` of them cannot overflow when summed."""
    largest = units.abs().max()
    narrow = largest is None or narrow_enough(float(largest), count)  # type: ignore[arg-type]
    return units.cast(pl.Int64 if narrow else pl.Int128)


def as_number(units: pl.Expr, digits: int = DIGITS) -> pl.Expr:
    """Units as the number they stand for."""
    return units.cast(pl.Float64) / 10.0**digits
