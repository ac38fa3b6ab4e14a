"""The shortcuts of core/functions/columnar against the plain ways that they stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from leadrules.core.functions.columnar import looked_up, only, rows_where

masks = st.lists(st.none() | st.booleans(), max_size=40)
KINDS: list[tuple[Any, Any]] = [
    (pl.String(), st.none() | st.text("ab", max_size=14)),
    (pl.Int64(), st.none() | st.integers(-5, 5)),
    (pl.Boolean(), st.none() | st.booleans()),
    (pl.Datetime("us", "UTC"), st.none() | st.datetimes(max_value=datetime(2100, 1, 1), timezones=st.just(UTC))),  # noqa: DTZ001
    (pl.List(pl.String()), st.none() | st.lists(st.text("ab", max_size=2), max_size=2)),
]
columns = st.sampled_from(KINDS).flatmap(
    lambda kind: st.lists(kind[1], max_size=40).map(lambda values: pl.Series("x", values, dtype=kind[0]))
)


@given(masks)
def test_rows_are_those_where_the_mask_holds(mask: list[bool | None]) -> None:
    found = rows_where(pl.Series(mask, dtype=pl.Boolean))
    assert found.dtype == pl.UInt32
    assert found.to_list() == [row for row, holds in enumerate(mask) if holds]


@given(columns, st.data())
def test_only_what_is_good_stays(values: pl.Series, data: st.DataObject) -> None:
    good = data.draw(st.lists(st.none() | st.booleans(), min_size=len(values), max_size=len(values)))
    found = only(values, pl.Series(good, dtype=pl.Boolean))
    assert found.dtype == values.dtype
    assert found.to_list() == [value if holds else None for value, holds in zip(values.to_list(), good, strict=True)]


@given(columns, st.data())
def test_looking_up_is_taking(values: pl.Series, data: st.DataObject) -> None:
    code = st.none() | st.integers(0, len(values) - 1) if len(values) else st.none()
    codes = data.draw(st.lists(code, max_size=40))
    found = looked_up(values, pl.Series(codes, dtype=pl.UInt32))
    plain = values.to_list()
    assert found.dtype == values.dtype
    assert found.to_list() == [None if code is None else plain[code] for code in codes]
