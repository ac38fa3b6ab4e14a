"""Arithmetic: add, mul, sub, div, neg, min, max, abs, round, floor, ceil.

In: 64-bit floats. Out: operations. A blank makes arithmetic blank; so does what is no number any more, a division by
zero or an overflow. `min` and `max` pass over blanks.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from leadrules.core.functions.columnar import each, finite
from leadrules.core.functions.operation import Context, Example, Operation, number, plainly, strict
from leadrules.core.text import rounded
from leadrules.core.types import NUMBER

if TYPE_CHECKING:
    import polars as pl

MOST_DIGITS = 15


def _arithmetic(function: Callable[[float, float], float]) -> Any:
    """From left to right; blank for what is not finite."""

    def work_out(*args: float) -> float | None:
        try:
            result = reduce(function, args)
        except ZeroDivisionError:
            return None
        return result if math.isfinite(result) else None

    return strict(work_out)


def _arithmetic_column(function: Callable[[Any, Any], Any]) -> Any:
    """The same, flat: a hundred terms are one step, in the order in which they are written."""

    def column(*args: pl.Expr) -> pl.Expr:
        import polars as pl

        if len(args) == 2:
            return finite(function(*args))
        chained = pl.map_batches(
            list(args), lambda series: reduce(function, series), return_dtype=pl.Float64(), is_elementwise=True
        )
        return finite(chained)

    return plainly(column)


def _quotient(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """By a constant Polars multiplies with its inverse, a last bit off; two series are divided one by one."""
    import polars as pl

    return finite(each(operator.truediv, pl.Float64(), a, b))


def _least(context: Context, value: Any, *args: Any) -> Any:
    return min((arg for arg in args if arg is not None), default=None)


def _most(context: Context, value: Any, *args: Any) -> Any:
    return max((arg for arg in args if arg is not None), default=None)


def _least_column(*args: Any) -> Any:
    import polars as pl

    return pl.min_horizontal(args)


def _most_column(*args: Any) -> Any:
    import polars as pl

    return pl.max_horizontal(args)


def _round(x: float, digits: float = 0.0) -> float | None:
    if not digits.is_integer():
        return None
    return rounded(x, int(max(-MOST_DIGITS, min(MOST_DIGITS, digits))))


def _round_column(x: Any, digits: Any = None) -> Any:
    import polars as pl

    if digits is None:
        return each(_whole_series, pl.Float64(), x)
    return each(_rounded_series, pl.Float64(), x, digits)


def _whole_series(series: pl.Series) -> pl.Series:
    return _scaled(series, 1.0)


def _rounded_series(series: pl.Series, digits: pl.Series) -> pl.Series:
    import polars as pl

    places = range(-MOST_DIGITS, MOST_DIGITS + 1)
    nearest = digits.clip(-MOST_DIGITS, MOST_DIGITS).zip_with(digits == digits.floor(), digits)
    scales = nearest.replace_strict(
        [float(d) for d in places], [10.0**d for d in places], default=None, return_dtype=pl.Float64
    )
    return _scaled(series, scales)


def _scaled(series: pl.Series, scale: pl.Series | float) -> pl.Series:
    scaled = series.abs() * scale
    result = series.sign() * ((scaled + 0.5 + 1e-7).floor() / scale)
    too_large = scaled.is_infinite().fill_null(value=False)
    return series.zip_with(too_large, result) if too_large.any() else result


def _sequence(examples: Sequence[tuple[tuple[float | None, ...], float | None]]) -> tuple[Example, ...]:
    return tuple(Example(args, result) for args, result in examples)


_TERMS = (number("a"), number("b", many=True))
_PAIR = (number("a"), number("b"))
_ONE = (number("x"),)

OPERATIONS = (
    Operation(
        "add",
        "The sum; blank if any part is.",
        _TERMS,
        NUMBER,
        _arithmetic(operator.add),
        _arithmetic_column(operator.add),
        _sequence([((1.0, 2.0, 3.0), 6.0), ((1.0, None), None), ((1e308, 1e308), None)]),
    ),
    Operation(
        "mul",
        "The product; blank if any part is.",
        _TERMS,
        NUMBER,
        _arithmetic(operator.mul),
        _arithmetic_column(operator.mul),
        _sequence([((2.0, 3.0, 4.0), 24.0), ((2.0, None), None)]),
    ),
    Operation(
        "sub",
        "The difference of two numbers.",
        _PAIR,
        NUMBER,
        _arithmetic(operator.sub),
        _arithmetic_column(operator.sub),
        _sequence([((5.0, 3.0), 2.0), ((None, 3.0), None)]),
    ),
    Operation(
        "div",
        "The quotient; blank for a division by zero.",
        _PAIR,
        NUMBER,
        _arithmetic(operator.truediv),
        plainly(_quotient),
        _sequence([((7.0, 2.0), 3.5), ((1.0, 0.0), None), ((0.0, 0.0), None), ((None, 2.0), None)]),
    ),
    Operation(
        "neg",
        "The number with the other sign.",
        _ONE,
        NUMBER,
        strict(operator.neg),
        plainly(lambda x: -x),
        _sequence([((3.0,), -3.0), ((None,), None)]),
    ),
    Operation(
        "min",
        "The least of the numbers that are not blank.",
        _TERMS,
        NUMBER,
        _least,
        plainly(_least_column),
        _sequence([((3.0, 1.0, 2.0), 1.0), ((None, 5.0), 5.0), ((None, None), None)]),
        by_name=True,
    ),
    Operation(
        "max",
        "The greatest of the numbers that are not blank.",
        _TERMS,
        NUMBER,
        _most,
        plainly(_most_column),
        _sequence([((3.0, 1.0), 3.0), ((None, 5.0), 5.0), ((None, None), None)]),
        by_name=True,
    ),
    Operation(
        "abs",
        "The size of a number.",
        _ONE,
        NUMBER,
        strict(abs),
        plainly(lambda x: x.abs()),
        _sequence([((-3.0,), 3.0), ((None,), None)]),
        by_name=True,
    ),
    Operation(
        "round",
        "x to that many decimals (0 when left out, more than 15 is 15); a half goes away from zero.",
        (number("x"), number("digits", optional=True)),
        NUMBER,
        strict(_round),
        plainly(_round_column),
        _sequence(
            [
                ((2.5,), 3.0),
                ((-2.5,), -3.0),
                ((1.005, 2.0), 1.01),
                ((1234.0, -2.0), 1200.0),
                ((None, 2.0), None),
                ((1.0, None), None),
                ((1.0, 0.5), None),
                ((5.5, 40.0), 5.5),
            ]
        ),
        by_name=True,
    ),
    Operation(
        "floor",
        "The next whole number downward.",
        _ONE,
        NUMBER,
        strict(lambda x: float(math.floor(x))),
        plainly(lambda x: x.floor()),
        _sequence([((2.9,), 2.0), ((-2.1,), -3.0), ((None,), None)]),
        by_name=True,
    ),
    Operation(
        "ceil",
        "The next whole number upward.",
        _ONE,
        NUMBER,
        strict(lambda x: float(math.ceil(x))),
        plainly(lambda x: x.ceil()),
        _sequence([((2.1,), 3.0), ((-2.9,), -2.0), ((None,), None)]),
        by_name=True,
    ),
)
