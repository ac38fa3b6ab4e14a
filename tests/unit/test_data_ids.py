"""Salesforce ids: the checksum against ids that Salesforce made, and the column form against the plain one."""

from __future__ import annotations

import csv
import string
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadrules.core.ids import canonical_key, checksum
from leadrules.data.ids import canonical_keys, long_keys

EXPORT = Path(__file__).parents[3] / "shared/data/vendor_exports/salesforce_workshop/Lead.csv"


@pytest.mark.skipif(not EXPORT.exists(), reason="the vendors' exports are not there")
def test_every_id_of_a_real_export_bears_its_checksum() -> None:
    with EXPORT.open(encoding="utf-8-sig", newline="") as stream:
        ids = [row["Id"] for row in csv.DictReader(stream)]
    assert len(ids) > 50
    assert all(len(key) == 18 and checksum(key[:15]) == key[15:] for key in ids)
    assert canonical_keys(pl.Series(ids)).to_list() == [key[:15] for key in ids]


def test_only_ids_with_the_right_checksum_are_shortened() -> None:
    assert canonical_key("00QEc00000BBaeXMAT") == "00QEc00000BBaeX"
    assert canonical_key("00QEc00000BBaeXMAU") == "00QEc00000BBaeXMAU"
    assert canonical_key("00QEc00000BBaeX") == "00QEc00000BBaeX"
    assert canonical_key("abcdefghijklmnopqr") == "abcdefghijklmnopqr"


SHORT = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@given(st.lists(st.one_of(SHORT, SHORT.map(lambda key: key + checksum(key)), st.text(max_size=20)), max_size=8))
def test_columns_agree_with_single_keys(keys: list[str]) -> None:
    assert canonical_keys(pl.Series(keys, dtype=pl.String)).to_list() == [canonical_key(key) for key in keys]


@given(st.lists(SHORT, min_size=1, max_size=5))
def test_the_long_form_is_the_way_back(keys: list[str]) -> None:
    assert canonical_keys(long_keys(pl.Series(keys))).to_list() == keys


def test_other_keys_have_no_long_form() -> None:
    assert long_keys(pl.Series(["1", "00QEc00000BBae-", None])).to_list() == [None, None, None]
