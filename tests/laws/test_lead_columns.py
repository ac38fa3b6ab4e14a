"""Columns held by their filled rows against plain lists: whatever is put into them, both say the same."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from leadrules.lifecycle.lead_columns import LeadColumns, Sparse, blank, is_same

KINDS = [pl.String(), pl.Int32(), pl.Datetime("us", "UTC"), pl.Boolean(), pl.List(pl.String())]
VALUES = {
    pl.String(): st.sampled_from(["", "a", "rep000@example.com"]),
    pl.Int32(): st.integers(-3, 3),
    pl.Datetime("us", "UTC"): st.datetimes().map(lambda at: at.replace(microsecond=0)),
    pl.Boolean(): st.booleans(),
    pl.List(pl.String()): st.lists(st.sampled_from("ab"), max_size=2),
}


def rows(*numbers: int | None) -> pl.Series:
    return pl.Series(numbers, dtype=pl.UInt32)


def column(values: list[Any], kind: pl.DataType) -> pl.Series:
    return pl.Series("c", values, dtype=kind)


@given(st.data())
def test_a_column_by_its_filled_rows_says_what_a_list_says(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    cell = st.none() | VALUES[kind]
    said = data.draw(st.lists(cell, min_size=1, max_size=12))
    found = Sparse.of(column(said, kind))
    for _ in range(data.draw(st.integers(0, 3))):
        places = data.draw(st.lists(st.integers(0, len(said) - 1), unique=True))
        values = [data.draw(cell) for _ in places]
        found = found.put(rows(*places), column(values, kind))
        for place, value in zip(places, values, strict=True):
            said[place] = value
    expected = column(said, kind)
    assert found.whole.equals(expected, null_equal=True)
    assert (found.name, found.dtype, found.height) == ("c", kind, len(said))
    assert found.rows.to_list() == [n for n, value in enumerate(expected.to_list()) if value is not None]
    assert not found.values.has_nulls()
    asked = data.draw(st.lists(st.integers(0, len(said) - 1)))
    assert found.gather(rows(*asked)).equals(expected[asked], null_equal=True)
    start, length = data.draw(st.integers(0, len(said))), data.draw(st.integers(0, 14))
    assert found.part(start, length).equals(expected.slice(start, length), null_equal=True)
    assert is_same(found, expected)
    assert found.equals(Sparse.of(expected))


@given(st.data())
def test_leads_in_another_order_are_the_same_leads(data: st.DataObject) -> None:
    cells = st.lists(st.none() | st.sampled_from("xyz"), min_size=5, max_size=5)
    frame = pl.DataFrame(
        {"whole": data.draw(cells), "few": data.draw(cells)}, schema=dict.fromkeys(["whole", "few"], pl.String)
    )
    leads = LeadColumns([frame["whole"], Sparse.of(frame["few"])])
    found = data.draw(st.lists(st.none() | st.integers(0, 4), unique_by=lambda n: n if n is not None else object()))
    assert_frame_equal(leads.taken(rows(*found)).frame, frame[rows(*found)])


@given(st.data())
def test_leads_of_two_are_those_of_one_above_the_other(data: st.DataObject) -> None:
    cells = st.lists(st.none() | st.sampled_from("xyz"), max_size=4)
    above, below = (pl.Series("c", data.draw(cells), dtype=pl.String) for _ in range(2))
    held = data.draw(st.tuples(*[st.sampled_from([Sparse.of, pl.Series.clone])] * 2))
    one, other = (
        LeadColumns([held[0](above)]),
        LeadColumns([held[1](below), blank("new", pl.Int32(), len(below))]),
    )
    both = pl.concat([above, below])
    found = rows(*data.draw(st.permutations(range(len(both)))))
    merged = one.above(other, found)
    assert merged["c"].equals(both[found], null_equal=True)
    assert merged["new"].null_count() == len(both)


def test_a_column_that_is_not_there_is_blank() -> None:
    leads = LeadColumns([rows(1, 2, 3).alias("n")])
    assert leads.gather("owner", rows(2, 0), pl.String()).to_list() == [None, None]
    assert leads.whole("owner", pl.String()).to_list() == [None, None, None]
    assert len(leads.filled("owner")) == 0
    assert leads.at(rows(1), {"n": pl.UInt32(), "due_at": pl.Date()}).rows() == [(2, None)]
    with pytest.raises(KeyError):
        leads.gather("owner", rows(0))


def test_what_is_put_is_held_whole_once_many_have_it() -> None:
    leads = LeadColumns([blank("c", pl.Int32(), 8)])
    assert isinstance(leads.put("c", rows(3), column([7], pl.Int32())), Sparse)
    many = leads.put("c", rows(3, 1), column([7, 5], pl.Int32()))
    assert isinstance(many, pl.Series)
    assert many.to_list() == [None, 5, None, 7, None, None, None, None]
    assert leads["c"].null_count() == 8


@pytest.mark.parametrize("kind", [pl.List(pl.String()), pl.String()])
def test_a_whole_column_is_not_changed_in_its_place(kind: pl.DataType) -> None:
    before = column([["a"], ["b"]] if kind.is_nested() else ["a", "b"], kind)
    leads = LeadColumns([before])
    after = leads.put("c", rows(1), column([None], kind))
    assert after.null_count() == 1  # type: ignore[union-attr]
    assert before.null_count() == 0


def test_leads_say_the_same_however_their_columns_are_held() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", None]})
    one, other = LeadColumns.of(frame), LeadColumns([Sparse.of(column) for column in frame])
    assert one.equals(other)
    assert not one.equals(other.drop("b"))
    assert not one.equals(other.with_columns([pl.Series("b", ["x", "y"])]))
    assert other.row(0) == {"a": 1, "b": "x"}
    lists = pl.DataFrame({"c": [["x", "y"], None]}, schema={"c": pl.List(pl.String)})
    assert LeadColumns.of(lists).row(0) == lists.row(0, named=True)
    assert other.alone(1).frame.rows() == [(None, None)]
