"""One event, once; and the order of events that happened at one instant.

In: the joined events, and a way to look up what their rows say as text. Out: the events without repeats, and a rank. Rows
are compared field by field, in schema order, as text; only rows that this could tell apart are looked up again. Knows no
file.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

RECORD = "@record"
RANK = "@rank"
ID_HASH = "@id_hash"
ID_CHECK = "@id_check"
ID_TEXT = "@id"

Texts = Callable[[pl.DataFrame], pl.DataFrame]
_BOOKKEEPING = (RECORD, RANK, ID_HASH, ID_CHECK, ID_TEXT)
_SPREAD = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: spreads rows that differ in few bits


def without_repeats(frame: pl.DataFrame, texts: Texts) -> tuple[pl.DataFrame, int]:
    """The events without second rows of one id, and how many went. Of different contents the first in order stays."""
    if ID_HASH not in frame.columns:
        return frame, 0
    ids = frame.get_column(ID_HASH)
    known = ids.is_not_null()
    doubtful = ids.is_duplicated() & known if known.any() else known
    if not doubtful.any():
        return frame.drop(ID_HASH, ID_CHECK), 0
    same = [ID_HASH, ID_CHECK]
    repeats = frame.filter(doubtful)
    repeats = repeats.filter(pl.struct(same).is_duplicated())
    differing = _differing(repeats, same)
    if len(differing):
        repeats = repeats.join(texts(differing), on=RECORD, how="left").with_columns(pl.col("text").fill_null(""))
    else:
        repeats = repeats.with_columns(pl.lit("").alias("text"))
    lead = pl.col("text").str.split("\0").list.first().fill_null("")
    ordered = repeats.sort(*same, lead, pl.col("type").cast(pl.String), "at", "text", RECORD)
    later = ordered.filter(~pl.struct(same).is_first_distinct()).get_column(RECORD)
    kept = frame.filter(~pl.col(RECORD).is_in(later.implode())) if len(later) else frame
    return kept.drop(ID_HASH, ID_CHECK), len(later)


def ranked(frame: pl.DataFrame, types: frozenset[str], texts: Texts) -> pl.DataFrame:
    """The events with their `@rank`: among rows of one lead and instant, of these types, the order of what they say.

    They come with a rank of 0 each; a column that is put to all of them here would copy every other one too.
    """
    if not types or frame.is_empty():
        return frame
    rows = frame.filter(pl.col("type").is_in(list(types)))
    moment = pl.col("at").to_physical().cast(pl.UInt64) * _SPREAD + pl.col("lead_row")
    tied = rows.filter(rows.select(moment.alias("moment")).to_series().is_duplicated())
    same = ["lead_row", "at"]
    tied = _differing(tied.filter(pl.struct(same).is_duplicated()), same)
    if tied.is_empty():
        return frame
    spelt = tied.join(texts(tied), on=RECORD, how="left")
    ordered = spelt.sort(*same, pl.col("type").cast(pl.String), "text", RECORD, nulls_last=False)
    ranks = ordered.select(RECORD, pl.int_range(pl.len(), dtype=pl.UInt32).over(same).alias(RANK))
    return (
        frame.drop(RANK)
        .join(ranks, on=RECORD, how="left", maintain_order="left")
        .with_columns(pl.col(RANK).fill_null(0))
    )


def _differing(rows: pl.DataFrame, same: list[str]) -> pl.DataFrame:
    """The rows of groups whose rows do not all say the same in what is read."""
    content = [name for name in rows.columns if name not in _BOOKKEEPING and name not in same]
    if rows.is_empty() or not content:
        return rows.head(0)
    return rows.filter(pl.struct(content).n_unique().over(same) > 1)
