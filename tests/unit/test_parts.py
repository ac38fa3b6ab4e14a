"""The parts that a state is kept in: what is written, what is the way back, and what is no state."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from leadrules.data.errors import InputError
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import HISTORY_COLUMNS, LEAD_COLUMNS, RunRecord, State, empty_state
from leadrules.lifecycle.state.database import FILE, compacted
from leadrules.lifecycle.state.packing import pack_column
from leadrules.lifecycle.state.parts import put as put_part
from leadrules.lifecycle.state.store import (
    amend,
    before_last,
    can_take_back,
    commit,
    history,
    load,
    runs,
    tables_in_parts,
    take_back_last,
)

AT = datetime(2026, 11, 1, tzinfo=UTC)
CHANGES = {name: kind for name, kind in HISTORY_COLUMNS.items() if name not in ("run", "as_of")}


def state_with(before: State, rows: list[dict[str, object]], days: int = 0, **columns: pl.Series) -> State:
    leads = pl.DataFrame(rows, schema=dict(LEAD_COLUMNS)).with_columns(**columns)
    return replace(before, leads=LeadColumns.of(leads), as_of=AT + timedelta(days=days))


def put(path: Path, before: State, after: State, changes: Sequence[tuple[str | None, ...]] = ()) -> State:
    record = RunRecord(after.as_of, before.as_of, "rules", "identity", f"manifest{before.run}", "out", {"a": [1]})
    frame = pl.DataFrame(list(changes), schema=CHANGES, orient="row")
    commit(path, before, after, lambda: record, changes=frame, token=f"token{before.run}")
    return load(path)


def two_runs(path: Path) -> tuple[State, State]:
    one = put(
        path,
        empty_state(),
        state_with(empty_state(), [{"key": "a", "owner": "sato"}, {"key": "b"}]),
        [("a", "owner", "owner", None, "sato", "route.x")],
    )
    rows: list[dict[str, object]] = [{"key": "a", "owner": "lee"}, {"key": "b"}, {"key": "c", "step": 3}]
    more = {"holds:t": pl.Series([True, None, False]), "seq_shift": pl.Series([None, timedelta(hours=1), None])}
    two = put(path, one, state_with(one, rows, 1, **more), [("a", "owner", "owner", "sato", "lee", "route.y")])
    return one, two


def test_what_is_put_is_there(tmp_path: Path) -> None:
    one, two = two_runs(tmp_path)
    assert one.leads.columns == list(LEAD_COLUMNS)
    assert two.leads.columns == [*LEAD_COLUMNS, "holds:t"]
    assert {name: two.leads.schema[name] for name in LEAD_COLUMNS} == LEAD_COLUMNS
    assert two.leads["owner"].to_list() == ["lee", None, None]
    assert two.leads["seq_shift"].to_list() == [None, timedelta(hours=1), None]
    assert two.leads["due_at"].null_count() == 3
    assert (two.run, two.as_of) == (2, AT + timedelta(days=1))
    assert [(number, record.manifest, undone) for number, record, undone in runs(tmp_path)] == [
        (1, "manifest0", False),
        (2, "manifest1", False),
    ]
    assert history(tmp_path, ["a"])["new"].to_list() == ["sato", "lee"]
    assert history(tmp_path, ["b"]).is_empty()


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    one, _ = two_runs(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        contents = dict(connection.execute("select name, content from parts where role = 'now' and frame = 'leads'"))
    before = load(tmp_path)
    owned = LeadColumns.of(before.leads.frame.with_columns(owner=pl.lit("x")))
    put(tmp_path, before, replace(before, leads=owned))
    with sqlite3.connect(tmp_path / FILE) as connection:
        after = dict(connection.execute("select name, content from parts where role = 'now' and frame = 'leads'"))
    assert {name for name in after if contents[name] != after[name]} == {"owner"}
    assert one.leads.height == 2


def test_the_state_before_the_last_run(tmp_path: Path) -> None:
    one, two = two_runs(tmp_path)
    before = before_last(tmp_path)
    assert before is not None
    assert before.leads.equals(one.leads)
    assert (before.run, before.as_of) == (1, AT)
    assert load(tmp_path).leads.equals(two.leads)


def test_a_run_is_taken_back_whole(tmp_path: Path) -> None:
    one, _ = two_runs(tmp_path)
    assert can_take_back(tmp_path)
    take_back_last(tmp_path)
    back = load(tmp_path)
    assert back.leads.equals(one.leads)
    assert back.as_of == AT
    assert not can_take_back(tmp_path)
    assert before_last(tmp_path) is None
    assert history(tmp_path).select("run", "old", "new", "rule").rows() == [
        (1, None, "sato", "route.x"),
        (2, "sato", "lee", "route.y"),
        (2, "lee", "sato", "undo"),
    ]
    again = put(tmp_path, back, state_with(back, [{"key": "a"}, {"key": "b"}], 2))
    assert (again.run, again.leads["owner"].to_list()) == (3, [None, None])


def test_a_lead_that_is_forgotten_leaves_nothing(tmp_path: Path) -> None:
    _, two = two_runs(tmp_path)
    nothing = pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    amend(tmp_path, two, two, changes=nothing, forgotten=["a"])
    compacted(tmp_path)
    found = load(tmp_path)
    assert found.leads["key"].to_list() == ["b", "c"]
    assert found.leads["holds:t"].to_list() == [None, False]
    assert history(tmp_path).is_empty()
    assert not can_take_back(tmp_path)
    assert b"sato" not in (tmp_path / FILE).read_bytes()
    tables = {name: pl.concat(parts) for name, parts in tables_in_parts(tmp_path)}
    heights = {name: table.height for name, table in tables.items()}
    assert [heights[name] for name in ("leads", "history", "runs")] == [2, 0, 2]


def test_what_is_shown_comes_in_a_fixed_order(tmp_path: Path) -> None:
    two_runs(tmp_path)
    take_back_last(tmp_path)
    back = load(tmp_path)
    more = [("b", "owner", "owner", None, "z", "route.x"), ("a", "owner", "owner", "sato", "y", "route.x")]
    put(tmp_path, back, state_with(back, [{"key": "c"}, {"key": "a"}, {"key": "b"}], 2), more)
    shown = {name: pl.concat(parts) for name, parts in tables_in_parts(tmp_path)}
    assert shown["leads"]["key"].to_list() == ["a", "b", "c"]
    assert shown["history"].select("run", "key", "old", "new").rows() == [
        (1, "a", None, "sato"),
        (2, "a", "lee", "sato"),  # taken back
        (2, "a", "sato", "lee"),
        (3, "a", "sato", "y"),
        (3, "b", None, "z"),
    ]


def test_another_name_in_the_history(tmp_path: Path) -> None:
    changes = [
        ("a", "label", "heat", "cold", "hot", None),
        ("a", "label", "cold", "heat", "x", None),
        ("a", "sequence", "sequence", "heat", "y", None),
    ]
    state = put(tmp_path, empty_state(), state_with(empty_state(), [{"key": "a"}]), changes)
    nothing = pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    renamed = [("label", "heat", "warmth"), ("sequence", "heat", "mails")]
    amend(tmp_path, state, state, changes=nothing, renamed=renamed)
    rows = history(tmp_path).select("kind", "what", "old").rows()
    assert rows == [("label", "cold", "heat"), ("label", "warmth", "cold"), ("sequence", "sequence", "mails")]


def test_a_part_that_is_not_as_it_was_written(tmp_path: Path) -> None:
    two_runs(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        at = "(select content from parts where role = 'now' and name = 'owner')"
        connection.execute(f"update contents set content = zeroblob(length(content)) where id = {at}")
    with pytest.raises(InputError, match="cannot be read: a part of it is not as it was written"):
        load(tmp_path)


def test_a_column_of_another_height(tmp_path: Path) -> None:
    two_runs(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        put_part(connection, "leads", "owner", pack_column(pl.Series("owner", ["x"])))
    with pytest.raises(InputError, match="owner has 1 of 3 rows"):
        load(tmp_path)


def test_a_first_commit_that_fails_leaves_no_state(tmp_path: Path) -> None:
    def fails() -> RunRecord:
        raise OSError("no space left")

    nothing = pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    with pytest.raises(OSError, match="no space left"):
        commit(tmp_path, empty_state(), state_with(empty_state(), [{"key": "a"}]), fails, changes=nothing)
    assert load(tmp_path).run == 0
    _, two = two_runs(tmp_path)
    assert two.run == 2


def test_a_lead_is_never_lost(tmp_path: Path) -> None:
    _, two = two_runs(tmp_path)
    with pytest.raises(AssertionError, match="forgets no lead"):
        put(tmp_path, two, replace(two, leads=LeadColumns.of(two.leads.frame.head(2))))
    other = LeadColumns.of(two.leads.frame.reverse().drop("holds:t"))
    found = put(tmp_path, two, replace(two, leads=other))
    assert found.leads.select(*two.leads.columns).equals(two.leads.frame)


def test_a_reader_waits_for_nobody_who_only_reads(tmp_path: Path) -> None:
    two_runs(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("begin")
        other.execute("select * from runs").fetchall()
        assert load(tmp_path).run == 2
