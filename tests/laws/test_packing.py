"""Columns of a state as bytes: every column comes back as it was."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal

from leadrules.lifecycle.lead_columns import Column, LeadColumns, Sparse
from leadrules.lifecycle.state.packing import pack, pack_column, unpack, unpack_columns

INSTANT = pl.Datetime("us", "UTC")
NUMBERS: dict[Any, tuple[int, int]] = {
    pl.Int32(): (-(2**31), 2**31 - 1),
    INSTANT: (-(10**15), 10**15),
    pl.Duration("us"): (-(10**15), 10**15),
}
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def columns(draw: st.DrawFn) -> pl.Series:
    """A column of any type that a state has: from empty over mostly blank to full, of few or of many values."""
    dtype = draw(st.sampled_from([pl.String(), pl.Boolean(), pl.List(pl.String()), *NUMBERS]))
    texts: dict[Any, st.SearchStrategy[Any]] = {
        pl.String(): WORDS,
        pl.Boolean(): st.booleans(),
        pl.List(pl.String()): st.lists(WORDS, max_size=3),
    }
    values = texts[dtype] if dtype in texts else st.integers(*NUMBERS[dtype])
    pool = draw(st.lists(values, min_size=1, max_size=draw(st.sampled_from([1, 3, 60]))))
    blanks = draw(st.sampled_from([0, 1, 30]))
    cells = draw(st.lists(st.sampled_from([*pool, *[None] * (blanks * len(pool))]), max_size=200))
    found = pl.Series("a column", cells, dtype=pl.Int64 if dtype in NUMBERS else dtype)
    return found.cast(dtype)


@given(columns())
@example(pl.Series("blank", [None] * 3, dtype=pl.String))
@example(pl.Series("blank", [None] * 3, dtype=pl.List(pl.String)))
@example(pl.Series("one", [None] * 9 + ["x"], dtype=pl.String))
@example(pl.Series("\0at of 3", ["x"] * 40 + [""] * 40 + [None], dtype=pl.String))
def test_a_column_comes_back_as_it_was(column: pl.Series) -> None:
    for held in (column, Sparse.of(column)):
        assert_series_equal(packed_and_unpacked(held), column)


def packed_and_unpacked(column: Column) -> pl.Series:
    (found,) = unpack_columns(pack_column(column))
    return found.whole if isinstance(found, Sparse) else found


@given(st.lists(columns(), min_size=1, max_size=3))
def test_a_frame_comes_back_as_it_was(columns: list[pl.Series]) -> None:
    height = min(map(len, columns))
    frame = pl.DataFrame([column.head(height).alias(str(at)) for at, column in enumerate(columns)])
    assert_frame_equal(unpack(pack(frame)), frame)
    assert_frame_equal(unpack(pack(frame), ["0"]), frame.select("0"))
    if frame.width:
        assert_frame_equal(LeadColumns(unpack_columns(pack(frame))).frame, frame)


def test_what_a_sample_does_not_show_is_kept_too() -> None:
    # the sample looks at every third row
    text = pl.Series("text", ["a word", "another", "third"] * 8_000 + ["only here"] * 2)
    assert_series_equal(packed_and_unpacked(text), text)


def test_what_is_said_of_few_costs_little() -> None:
    few = pl.Series("few", [None if row % 1_000 else f"lead {row}" for row in range(100_000)])
    assert_series_equal(packed_and_unpacked(few), few)
    assert len(pack_column(few)) < 2_000
