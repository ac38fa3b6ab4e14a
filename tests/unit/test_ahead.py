"""A state that is read ahead is the state that is there, or it is not used."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from leadrules.data.errors import InputError
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import HISTORY_COLUMNS, LEAD_COLUMNS, RunRecord, State, empty_state
from leadrules.lifecycle.moves.after import with_changes
from leadrules.lifecycle.state import ahead
from leadrules.lifecycle.state.ahead import forget_ahead, load_ahead, load_now
from leadrules.lifecycle.state.database import FILE
from leadrules.lifecycle.state.store import commit, load, outline


def _commit(path: Path, before: State, owner: str) -> None:
    row = {"key": "a", "owner": owner, "sequence": "s", "version": 2}
    after = replace(before, leads=LeadColumns.of(pl.DataFrame([row], schema=dict(LEAD_COLUMNS))))
    record = RunRecord(datetime(2026, 11, 1, tzinfo=UTC), None, "", "", "", "", {})
    commit(path, before, after, lambda: record, changes=pl.DataFrame(schema=dict(HISTORY_COLUMNS)))


def test_what_was_read_ahead_is_the_state(tmp_path: Path) -> None:
    _commit(tmp_path, empty_state(), "sato")
    load_ahead(tmp_path)
    assert load_now(tmp_path).leads.equals(load(tmp_path).leads)


def test_a_commit_meanwhile_is_not_missed(tmp_path: Path) -> None:
    _commit(tmp_path, empty_state(), "sato")
    before = load(tmp_path)
    load_ahead(tmp_path)
    load_ahead(tmp_path / "none")
    ahead._ahead[tmp_path][1].result()  # within one process a file that is open for reading cannot be opened to write
    _commit(tmp_path, before, "lee")
    assert load_now(tmp_path).leads["owner"].to_list() == ["lee"]


def test_a_damaged_state_is_told_of_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database")
    load_ahead(tmp_path)
    with pytest.raises(InputError):
        load_now(tmp_path)
    load_ahead(tmp_path)
    forget_ahead()


def test_the_outline_says_which_versions_leads_are_in(tmp_path: Path) -> None:
    assert outline(tmp_path / "none").leads.height == 0
    _commit(tmp_path, empty_state(), "sato")
    assert outline(tmp_path).leads.select("sequence", "version").rows() == [("s", 2)]


def test_a_commit_whose_files_fail_leaves_the_state_alone(tmp_path: Path) -> None:
    _commit(tmp_path, empty_state(), "sato")
    before = load(tmp_path)

    def fails() -> RunRecord:
        raise OSError("no space left")

    after = replace(before, leads=before.leads.with_columns([pl.Series("owner", ["lee"])]))
    with pytest.raises(OSError, match="no space left"):
        commit(tmp_path, before, after, fails, changes=pl.DataFrame(schema=dict(HISTORY_COLUMNS)))
    assert load(tmp_path).leads["owner"].to_list() == ["sato"]
    assert load(tmp_path).run == before.run


def test_of_several_changes_of_a_column_the_last_one_holds() -> None:
    table = pl.DataFrame({"lead_row": [0, 1, 2], "x": ["a", "b", "c"]}, schema_overrides={"lead_row": pl.UInt32()})
    rows = {"lead_row": pl.UInt32(), "x": pl.String(), "y": pl.Int32()}
    first = pl.DataFrame([(2, "p", 1), (1, "q", 2)], schema=rows, orient="row")
    second = pl.DataFrame([(1, None), (0, "r")], schema={"lead_row": pl.UInt32(), "x": pl.String()}, orient="row")
    found = with_changes(LeadColumns.of(table), [first, first.clear(), second])
    assert found["x"].to_list() == ["r", None, "p"]
    assert found["y"].to_list() == [None, 2, 1]
