"""The state on disk: what earlier runs left, read whole, and committed in one atomic step.

In: the folder of a state; the states before and after a run. Out: `State`; the history of changes; the way back.
Only what changed is written; leads that a run did not have stay as they are. The layout of the tables stands here and
nowhere else. Knows no rules: what changes, and why, is worked out before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from leadrules.lifecycle.model import (
    ASSIGNMENT_COLUMNS,
    CREDIT_COLUMNS,
    EVENT_COLUMNS,
    HISTORY_COLUMNS,
    LEAD_COLUMNS,
    VERSION_COLUMNS,
    RunRecord,
    State,
    empty_state,
)
from leadrules.lifecycle.state.database import (
    column_type,
    exists,
    first_row,
    frame_of,
    offered,
    quoted,
    reading,
    writing,
)
from leadrules.lifecycle.state.kept import pack_frame, unpack_frame
from leadrules.ruleset.store import digest, from_json, to_json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Small tables are written whole; `events` only by what comes and goes.
WHOLE: Mapping[str, Mapping[str, pl.DataType]] = {
    "credits": CREDIT_COLUMNS,
    "assignments": ASSIGNMENT_COLUMNS,
    "versions": VERSION_COLUMNS,
}
FRAMES: Mapping[str, Mapping[str, pl.DataType]] = {"leads": LEAD_COLUMNS, **WHOLE, "events": EVENT_COLUMNS}
RUN_COLUMNS: Mapping[str, pl.DataType] = {
    "run": pl.Int32(),
    "as_of": pl.Datetime("us", "UTC"),
    "since": pl.Datetime("us", "UTC"),
    "rules": pl.String(),
    "identity": pl.String(),
    "manifest": pl.String(),
    "out": pl.String(),
    "options": pl.String(),
    "token": pl.String(),
    "undone": pl.Boolean(),
}
EXPORTED = ("leads", "history", "runs", "credits", "assignments", "versions", "events")


# -- reading --------------------------------------------------------------------------------------------------------


def load(path: Path) -> State:
    """The state that the last commit left; an empty one where there is none. Raises InputError for what is no state."""
    if not exists(path):
        return empty_state()
    with reading(path) as connection:
        frames = {name: _typed(frame_of(connection, f"select * from {name}"), kinds) for name, kinds in FRAMES.items()}
        record = _last(connection)
        text = first_row(connection, "select text from ruleset")
        number = first_row(connection, "select coalesce(max(run), 0) from runs")
    ruleset = from_json(json.loads(text[0])) if text else None
    assert number is not None
    return State(**frames, as_of=record.as_of if record else None, ruleset=ruleset, run=number[0], last=record)


def outline(path: Path) -> State:
    """Of a state only what says what a run must read: the last run, the versions of sequences, and which of them leads
    are in."""
    if not exists(path):
        return empty_state()
    used = "select distinct sequence, version from leads where version is not null"
    with reading(path) as connection:
        leads = _typed(frame_of(connection, used), LEAD_COLUMNS)
        versions = _typed(frame_of(connection, "select * from versions"), VERSION_COLUMNS)
        last = _last(connection)
    return replace(empty_state(), leads=leads, versions=versions, as_of=None if last is None else last.as_of, last=last)


def _last(connection: DuckDBPyConnection) -> RunRecord | None:
    """The last run that was not taken back."""
    row = first_row(connection, f"{_RUNS} where not undone order by run desc limit 1")
    return None if row is None else _record(row)


def history(path: Path, keys: Iterable[str] | None = None) -> pl.DataFrame:
    """Every change of these leads (None: of all), oldest first."""
    if not exists(path):
        return pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    chosen = "" if keys is None else "where list_contains(?, key)"
    parameters: list[object] | None = None if keys is None else [list(keys)]
    with reading(path) as connection:
        return _typed(
            frame_of(
                connection,
                f"select * from history {chosen} order by run, key, kind, what, rule <> 'record'",
                parameters,
            ),
            HISTORY_COLUMNS,
        )


def runs(path: Path) -> list[tuple[int, RunRecord, bool]]:
    """Every run: its number, what it was, and whether it was taken back; oldest first."""
    with reading(path) as connection:
        rows = connection.execute(f"{_RUNS} order by run").fetchall()
    return [(row[0], _record(row), bool(row[9])) for row in rows]


def last_token(path: Path) -> str | None:
    """The token of the last committed run."""
    if not exists(path):
        return None
    with reading(path) as connection:
        row = first_row(connection, "select token from runs order by run desc limit 1")
    return str(row[0]) if row else None


def all_tables(path: Path) -> dict[str, pl.DataFrame]:
    """Every table that a person may want to look into, in a fixed order of rows."""
    with reading(path) as connection:
        return {
            name: frame_of(connection, f"select * from {name} order by all").drop("token", strict=False)
            for name in EXPORTED
        }


_RUNS = f"select {', '.join(RUN_COLUMNS)} from runs"


def _record(row: tuple[Any, ...]) -> RunRecord:
    _, as_of, since, rules, identity, manifest, out, options, *_ = row
    return RunRecord(_instant(as_of), _instant(since), rules, identity, manifest, out, json.loads(options))


def _instant(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


def _typed(frame: pl.DataFrame, kinds: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """With the columns that came with a later version, and the types that the database does not know as such."""
    lacking = [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in frame.columns]
    frame = frame.with_columns(lacking)
    return frame.cast({name: kind for name, kind in kinds.items() if frame.schema[name] != kind})


# -- committing -----------------------------------------------------------------------------------------------------


def commit(
    path: Path,
    before: State,
    after: State,
    record: Callable[[], RunRecord],
    *,
    changes: pl.DataFrame,
    token: str = "",
) -> None:
    """One run, all of it or nothing. `changes` are rows of HISTORY_COLUMNS without run and `as_of`.

    `record` is asked last, and may wait until the run's files are all there; if it raises, nothing is committed. What
    there was before is kept until the next run, so that this one can be taken back, or its files made again.
    """
    number = before.run + 1
    now, then = changed_leads(before.leads, after.leads)
    with writing(path) as connection:
        _make_tables(connection)
        _put_leads(connection, now)
        for name in WHOLE:
            _put_whole(connection, name, getattr(before, name), getattr(after, name))
        _put_events(connection, before.events, after.events)
        _append(connection, "history", _numbered(changes, number, after.as_of))
        _put_ruleset(connection, before, after)
        _put_way_back(connection, _images(before, now, then))
        _append(connection, "runs", _run_row(record(), number, token))


def changed_leads(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of `after` that are new or differ, and those of `before` that they replace. No row of `before` is lost."""
    missing = [name for name in before.columns if name not in after.columns]
    aligned = after.height >= before.height and before["key"].equals(after["key"].head(before.height))
    if missing or not aligned:
        assert before.join(after, on="key", how="anti").is_empty(), "a run forgets no lead"
        after = before.select("key", *missing).join(
            after, on="key", how="full", coalesce=True, maintain_order="left_right"
        )
    head, tail = after.head(before.height), after.slice(before.height)
    differs = _differs(before, head)
    return pl.concat([head.filter(differs), tail]), before.filter(differs)


def _differs(before: pl.DataFrame, after: pl.DataFrame) -> pl.Series:
    known = [name for name in after.columns if name in before.columns and name != "key"]
    masks = [
        before[name].cast(after.schema[name], strict=False).ne_missing(after[name]) for name in known
    ]  # fmt: skip
    masks += [after[name].is_not_null() for name in after.columns if name not in before.columns]
    if not masks:
        return pl.repeat(False, before.height, dtype=pl.Boolean, eager=True)
    return (
        pl.DataFrame([mask.alias(str(at)) for at, mask in enumerate(masks)])
        .select(pl.any_horizontal(pl.all()))
        .to_series()
    )


def _make_tables(connection: DuckDBPyConnection) -> None:
    for name, kinds in (*FRAMES.items(), ("history", HISTORY_COLUMNS), ("runs", RUN_COLUMNS)):
        columns = ", ".join(f"{quoted(column)} {column_type(kind)}" for column, kind in kinds.items())
        connection.execute(f"create table if not exists {name} ({columns})")
    connection.execute("create table if not exists ruleset (digest varchar, text varchar)")
    connection.execute("create table if not exists kept (role varchar, name varchar, content blob)")


def _put_leads(connection: DuckDBPyConnection, rows: pl.DataFrame) -> None:
    _make_columns(connection, rows)
    with offered(connection, rows.select("key")):
        connection.execute("delete from leads using given where leads.key = given.key")
    _append(connection, "leads", rows)


def _make_columns(connection: DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Named columns come with the rules that need them, and change their type with them."""
    described = connection.execute("describe leads").fetchall()
    known = {row[0]: row[1] for row in described}
    for name, kind in rows.schema.items():
        wanted = column_type(kind)
        if name not in known:
            connection.execute(f"alter table leads add column {quoted(name)} {wanted}")
        elif known[name] != wanted:
            connection.execute(
                f"alter table leads alter {quoted(name)} type {wanted} using try_cast({quoted(name)} as {wanted})"
            )


def _append(connection: DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    if not rows.is_empty():
        with offered(connection, rows):
            connection.execute(f"insert into {table} by name select * from given")


def _put_whole(connection: DuckDBPyConnection, table: str, before: pl.DataFrame, after: pl.DataFrame) -> None:
    if not after.equals(before):
        connection.execute(f"delete from {table}")
        _append(connection, table, after.select(list(WHOLE[table])))


def _put_events(connection: DuckDBPyConnection, before: pl.DataFrame, after: pl.DataFrame) -> None:
    gone = before.join(after, on="identity", how="anti").select("identity")
    with offered(connection, gone):
        connection.execute("delete from events using given where events.identity = given.identity")
    _append(connection, "events", after.join(before, on="identity", how="anti").select(list(EVENT_COLUMNS)))


def _numbered(changes: pl.DataFrame, number: int, as_of: datetime | None) -> pl.DataFrame:
    run = pl.lit(number, dtype=pl.Int32).alias("run")
    at = pl.lit(as_of, dtype=HISTORY_COLUMNS["as_of"]).alias("as_of")
    return changes.with_columns(run, at).select(list(HISTORY_COLUMNS))


def _run_row(record: RunRecord, number: int, token: str) -> pl.DataFrame:
    row = asdict(replace(record, options={})) | {"options": json.dumps(dict(record.options), sort_keys=True)}
    return pl.DataFrame([row | {"run": number, "token": token, "undone": False}], schema=dict(RUN_COLUMNS))


def _put_ruleset(connection: DuckDBPyConnection, before: State, after: State) -> None:
    if after.ruleset is not None and (before.ruleset is None or digest(before.ruleset) != digest(after.ruleset)):
        connection.execute("delete from ruleset")
        text = json.dumps(to_json(after.ruleset), ensure_ascii=False, separators=(",", ":"))
        connection.execute("insert into ruleset values (?, ?)", [digest(after.ruleset), text])


def _put_way_back(connection: DuckDBPyConnection, images: Mapping[str, bytes]) -> None:
    connection.execute("delete from kept")
    for name, content in images.items():
        connection.execute("insert into kept values ('before', ?, ?)", [name, content])


def amend(
    path: Path,
    before: State,
    after: State,
    *,
    changes: pl.DataFrame,
    forgotten: Iterable[str] = (),
    renamed: Iterable[tuple[str, str, str]] = (),
) -> None:
    """A change of the state that no run made: tending it, or taking values back; all of it or nothing.

    `forgotten` are keys of leads; `renamed` are kind, old and new name in the history.

    What was kept of the last run goes: it would no longer be the way back, nor make the same files again.
    """
    now, _ = changed_leads(before.leads, after.leads)
    gone = pl.DataFrame({"key": list(forgotten)}, schema={"key": pl.String()})
    with writing(path) as connection:
        _put_leads(connection, now)
        for name in WHOLE:
            _put_whole(connection, name, getattr(before, name), getattr(after, name))
        _append(connection, "history", _numbered(changes, before.run, before.as_of))
        with offered(connection, gone):
            for table in ("leads", "history"):
                connection.execute(f"delete from {table} using given where {table}.key = given.key")
        for kind, old, new in renamed:
            _rename_in_history(connection, kind, old, new)
        _put_ruleset(connection, before, after)
        _forget_way_back(connection)


def _forget_way_back(connection: DuckDBPyConnection) -> None:
    connection.execute("delete from kept")
    connection.execute("update runs set identity = ''")


def _rename_in_history(connection: DuckDBPyConnection, kind: str, old: str, new: str) -> None:
    """Another name for what changed: of a label, segment or field in `what`, of a sequence as the value."""
    if kind != "sequence":
        connection.execute("update history set what = ? where kind = ? and what = ?", [new, kind, old])
        return
    for column in ("old", "new"):
        connection.execute(f"update history set {column} = ? where kind = 'sequence' and {column} = ?", [new, old])


# -- the way back ---------------------------------------------------------------------------------------------------


def _images(before: State, now: pl.DataFrame, then: pl.DataFrame) -> dict[str, bytes]:
    """What is needed to take a run back: the rows that it replaced, the keys that it brought, the small tables."""
    new = now.select("key").join(then.select("key"), on="key", how="anti")
    frames = {"leads": then, "new": new, **{name: getattr(before, name) for name in WHOLE}, "events": before.events}
    text = "" if before.ruleset is None else json.dumps(to_json(before.ruleset), ensure_ascii=False)
    return {name: pack_frame(frame) for name, frame in frames.items()} | {"ruleset": text.encode()}


def before_last(path: Path) -> State | None:
    """The state that the last run began with; None where that is no longer kept. Nothing is taken back."""
    now = load(path)
    with reading(path) as connection:
        images = dict(connection.execute("select name, content from kept where role = 'before'").fetchall())
        records = connection.execute(f"{_RUNS} where not undone order by run desc limit 2").fetchall()
    if not images:
        return None
    frames = {name: unpack_frame(content) for name, content in images.items() if name != "ruleset"}
    gone = pl.concat([frames["new"].select("key"), frames["leads"].select("key")])
    kept = now.leads.join(gone, on="key", how="anti", maintain_order="left")
    last = _record(records[1]) if len(records) > 1 else None
    return State(
        leads=pl.concat([kept, frames["leads"]], how="diagonal_relaxed"),
        **{name: _typed(frames[name], FRAMES[name]) for name in (*WHOLE, "events")},
        as_of=last.as_of if last else None,
        ruleset=from_json(json.loads(images["ruleset"])) if images["ruleset"] else None,
        run=now.run - 1,
        last=last,
    )


def can_take_back(path: Path) -> bool:
    """Whether what there was before the last run is still kept: a run that was taken back, or tending, ends that."""
    with reading(path) as connection:
        return first_row(connection, "select 1 from kept where role = 'before' limit 1") is not None


def take_back_last(path: Path) -> None:
    """The state as it was before the last run; its history stays, and gets the changes back as changes."""
    with writing(path) as connection:
        rows = connection.execute("select name, content from kept where role = 'before'").fetchall()
        images = dict(rows)
        number = first_row(connection, "select max(run) from runs where not undone")
        assert number is not None
        frames = {name: unpack_frame(content) for name, content in images.items() if name != "ruleset"}
        with offered(connection, frames["new"]):
            connection.execute("delete from leads using given where leads.key = given.key")
        _put_leads(connection, frames["leads"])
        for name in (*WHOLE, "events"):
            connection.execute(f"delete from {name}")
            _append(connection, name, frames[name])
        connection.execute("delete from ruleset")
        if images["ruleset"]:
            text = images["ruleset"].decode()
            connection.execute("insert into ruleset values (?, ?)", [digest(from_json(json.loads(text))), text])
        connection.execute(
            "insert into history select run, as_of, key, kind, what, new, old, 'undo' from history where run = ?",
            [number[0]],
        )
        connection.execute("update runs set undone = true where run = ?", [number[0]])
        _forget_way_back(connection)
