"""Numbers as integers of a small unit, so that no order of adding and no thread count changes a sum.

In: columns of floats. Out: columns of integers, wide enough for their sum. Rounding is language.md's:
sign(x) floor(|x| 10^d + 0.5 + 1e-7). An amount beyond 9e14, the largest number of the language, counts as that.
"""

from __future__ import annotations

import polars as pl

from leadrules.core.text import in_units

DIGITS = 4  # of what is summed over rules
EVENT_DIGITS = 6  # of points weighted per event
LARGEST = 9e14
_NARROW = 2**62
COUNTS: tuple[tuple[pl.DataType, int], ...] = ((pl.UInt8(), 8), (pl.UInt16(), 16), (pl.UInt32(), 32))


def rounded(amount: pl.Expr, digits: int) -> pl.Expr:
    """Whole units of 10^-digits, still floats; blank stays blank."""
    size = (amount.abs().clip(upper_bound=LARGEST) * 10.0**digits + (0.5 + 1e-7)).floor()
    return pl.when(amount < 0).then(-size).otherwise(size)


def rounded_number(amount: float, digits: int = DIGITS) -> int:
    """The same of one number."""
    return in_units(max(-LARGEST, min(LARGEST, amount)), digits)


def nearest(amount: pl.Expr, digits: int) -> pl.Expr:
    """The number itself, rounded; what is too large to count in such units stays."""
    scaled = amount.abs() * 10.0**digits
    size = divided((scaled + (0.5 + 1e-7)).floor(), 10.0**digits)
    signed = pl.when(amount < 0).then(-size).otherwise(size)
    return pl.when(scaled.is_infinite()).then(amount).otherwise(signed)


def wide_enough(largest: float, count: int = 1) -> pl.DataType:
    """The integers that hold the sum of `count` numbers of at most that size."""
    return pl.Int64() if abs(largest) * max(count, 1) < _NARROW else pl.Int128()


def narrow_enough(largest: float) -> pl.DataType:
    """The least bytes that hold counts up to this one."""
    return next((dtype for dtype, bits in COUNTS if largest < 2**bits), COUNTS[-1][0])


def largest_size(numbers: pl.Series) -> float:
    """The largest of the numbers' sizes; 0 of none."""
    largest = numbers.abs().max()
    return largest if isinstance(largest, int | float) else 0


def summable(units: pl.Series, count: int) -> pl.Series:
    """Whole floats as integers that `count` of them cannot overflow when summed."""
    return units.cast(wide_enough(largest_size(units), count))


def as_number(units: pl.Expr, digits: int = DIGITS) -> pl.Expr:
    """Units as the number they stand for."""
    return divided(units.cast(pl.Float64), 10.0**digits)


def divided(numbers: pl.Expr, by: float) -> pl.Expr:
    """A true division. By a constant Polars multiplies by its inverse, which is a last bit off: 1235 / 1e4 is not 0.1235."""
    return numbers / (numbers * 0.0 + by)
