"""Columns of Salesforce ids.

In: keys as text. Out: the one form in which two keys are compared (core/ids.py), and the long form for who imports them.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

import polars as pl

from leadrules.core.ids import CHECKSUM_LETTERS, LONG


def canonical_keys(keys: pl.Series) -> pl.Series:
    """`canonical_key` of a column."""
    long = keys.str.len_bytes() == 18
    if not long.any():
        return keys
    name = keys.name
    frame = pl.DataFrame({"key": keys})
    short = pl.col("key").str.slice(0, 15)
    is_id = pl.col("key").str.contains(rf"^{LONG.pattern}$") & (_checksums() == pl.col("key").str.slice(15, 3))
    chosen = pl.when(pl.col("key").str.len_bytes() == 18).then(pl.when(is_id).then(short).otherwise(pl.col("key")))
    return frame.select(chosen.otherwise(pl.col("key")).alias(name)).to_series()


def long_keys(keys: pl.Series) -> pl.Series:
    """The 18-character form of every 15-character id in a column; null for other keys."""
    is_short = pl.col("key").str.contains("^[A-Za-z0-9]{15}$")
    long = pl.when(is_short).then(pl.concat_str("key", _checksums()))
    return pl.DataFrame({"key": keys}).select(long.alias(keys.name)).to_series()


def _checksums() -> pl.Expr:
    letters = pl.lit(pl.Series([list(CHECKSUM_LETTERS)], dtype=pl.List(pl.String)))
    return pl.concat_str([letters.list.get(_bits(start)) for start in (0, 5, 10)])


def _bits(start: int) -> pl.Expr:
    capitals = [pl.col("key").str.slice(start + i, 1).is_between(pl.lit("A"), pl.lit("Z")) for i in range(5)]
    return reduce(or_, (capital.cast(pl.UInt32) * (1 << i) for i, capital in enumerate(capitals)))
