"""Leads by key: against a dictionary, with keys that share slots, and with what stands around and behind a key."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadrules.core.ids import checksum
from leadrules.data import lead_index
from leadrules.data.lead_index import LeadIndex

KEYS = st.text(st.sampled_from("aAbé0 部"), min_size=1, max_size=4).map(str.strip).filter(bool)


@settings(deadline=None)
@given(st.lists(KEYS, unique=True, max_size=60), st.lists(st.none() | st.text("aAbé0部", max_size=4), max_size=60))
def test_each_text_finds_its_lead_or_none(keys: list[str], texts: list[str | None]) -> None:
    index = LeadIndex(pl.Series(keys, dtype=pl.String))
    rows = {key: row for row, key in enumerate(keys)}
    found = index.rows(pl.Series([*texts, *keys], dtype=pl.String))
    assert found.to_list() == [rows.get(text) if text is not None else None for text in [*texts, *keys]]


@pytest.mark.parametrize("room", [1, 8])
def test_keys_whose_slot_is_taken_are_found_all_the_same(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_index, "_ROOM", room)
    keys = pl.Series([f"L{number:08}" for number in range(20_000)])
    index = LeadIndex(keys)
    assert index.rows(keys.reverse()).to_list() == list(range(19_999, -1, -1))
    assert index.rows(keys + "x").null_count() == 20_000


def test_keys_are_trimmed_where_they_are_not_found_as_they_stand() -> None:
    assert LeadIndex(pl.Series(["a", "b"])).rows(pl.Series([" b", "a\u3000", "\ufeffc", "b"])).to_list() == [
        1,
        0,
        None,
        1,
    ]


def test_a_salesforce_id_is_found_in_both_its_forms() -> None:
    short = "001A0000006Vm9u"
    index = LeadIndex(pl.Series(["other", short]))
    assert index.rows(pl.Series([short, short + checksum(short), short + "AAA"])).to_list() == [1, 1, None]


def test_keys_that_a_source_of_events_calls_blank() -> None:
    index = LeadIndex(pl.Series(["a", "NULL", "n/a"]))
    assert sorted(index.meant_by(["null", "n/a"])) == [1, 2]
    assert len(index.meant_by([])) == 0
