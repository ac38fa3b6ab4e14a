"""Salesforce ids: 18 characters whose last three are a checksum of the upper case of the first fifteen.

In: keys as text. Out: the one form in which two keys are compared. Other keys compare exactly.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import or_

import polars as pl

CHECKSUM_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_LONG = re.compile(r"[A-Za-z0-9]{15}[A-Z0-5]{3}")


def checksum(short: str) -> str:
    """The three characters that a 15-character id gets: for each five, their upper-case letters as bits, lowest first."""
    groups = (short[0:5], short[5:10], short[10:15])
    return "".join(CHECKSUM_LETTERS[sum("A" <= c <= "Z" and 1 << i for i, c in enumerate(group))] for group in groups)


def canonical_key(key: str) -> str:
    """The 15-character form of an 18-character Salesforce id; any other key as it is."""
    if len(key) == 18 and _LONG.fullmatch(key) and checksum(key[:15]) == key[15:]:
        return key[:15]
    return key


def canonical_keys(keys: pl.Series) -> pl.Series:
    """`canonical_key` of a column."""
    long = keys.str.len_bytes() == 18
    if not long.any():
        return keys
    name = keys.name
    frame = pl.DataFrame({"key": keys})
    short = pl.col("key").str.slice(0, 15)
    is_id = pl.col("key").str.contains(rf"^{_LONG.pattern}$") & (_checksums() == pl.col("key").str.slice(15, 3))
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
