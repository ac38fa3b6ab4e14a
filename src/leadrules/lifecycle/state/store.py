"""The state on disk: what earlier runs left, read whole, and committed in one atomic step.

In: the folder of a state; the states before and after a run. Out: `State`; the history of changes; the way back.
Only what changed is written; leads that a run did not have stay as they are. The layout of the state stands here and
nowhere else. Knows no rules: what changes, and why, is worked out before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import (
    ASSIGNMENT_COLUMNS,
    CREDIT_COLUMNS,
    ERA_COLUMNS,
    EVENT_COLUMNS,
    FORMER_COLUMNS,
    HISTORY_COLUMNS,
    LEAD_COLUMNS,
    RECORD,
    SEEN_FROM,
    UNDO,
    VERSION_COLUMNS,
    RunRecord,
    State,
    empty_state,
)
from leadrules.lifecycle.state.database import damaged, exists, first_row, leave_no_trace, reading, writing
from leadrules.lifecycle.state.packing import pack, unpack
from leadrules.lifecycle.state.parts import (
    beside,
    change_stacked,
    forget_way_back,
    go_back,
    keep,
    kept,
    put,
    put_below,
    put_beside,
    stacked,
)
from leadrules.ruleset.store import digest, from_text, to_text

if TYPE_CHECKING:
    from sqlite3 import Connection

    from leadrules.ruleset.model import Ruleset

# Small tables are written whole.
WHOLE: Mapping[str, Mapping[str, pl.DataType]] = {
    "credits": CREDIT_COLUMNS,
    "assignments": ASSIGNMENT_COLUMNS,
    "versions": VERSION_COLUMNS,
    "events": EVENT_COLUMNS,
    "eras": ERA_COLUMNS,
    "former": FORMER_COLUMNS,
}
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
_RULESET = "ruleset"  # in every way back: the rules of the run before


# -- reading --------------------------------------------------------------------------------------------------------


def load(path: Path) -> State:
    """The state that the last commit left; an empty one where there is none. Raises InputError for what is no state."""
    if not exists(path):
        return empty_state()
    with reading(path) as connection:
        return _state(path, connection)


def _state(path: Path, connection: Connection) -> State:
    record = _last(path, connection)
    text = first_row(connection, "select text from ruleset")
    number = first_row(connection, "select coalesce(max(run), 0) from runs")
    assert number is not None
    return State(
        leads=_leads(path, connection),
        **_tables(path, connection),
        as_of=record.as_of if record else None,
        ruleset=_ruleset(path, text[0]) if text else None,
        run=number[0],
        last=record,
        seen_from=_seen_from(record),
    )


def _leads(path: Path, connection: Connection, *, was: bool = False) -> LeadColumns:
    try:
        return _typed(beside(connection, "leads", was=was), LEAD_COLUMNS)
    except pl.exceptions.PolarsError as error:
        raise damaged(path, str(error)) from error


def _tables(path: Path, connection: Connection, *, was: bool = False) -> dict[str, pl.DataFrame]:
    try:
        return {name: _typed(beside(connection, name, was=was), kinds).frame for name, kinds in WHOLE.items()}
    except pl.exceptions.PolarsError as error:
        raise damaged(path, str(error)) from error


def outline(path: Path) -> State:
    """Of a state only what says what a run must read: the last run, the versions of sequences, which of them leads are in,
    and earlier rules that saw leads last."""
    if not exists(path):
        return empty_state()
    with reading(path) as connection:
        leads = beside(connection, "leads", only=("sequence", "version"))
        tables = _tables(path, connection)
        last = _last(path, connection)
    pinned = leads.at(leads.filled("version"), {name: LEAD_COLUMNS[name] for name in ("sequence", "version")})
    used = _typed(LeadColumns.of(pinned.unique(maintain_order=True)), LEAD_COLUMNS)
    as_of = None if last is None else last.as_of
    versions, eras = tables["versions"], tables["eras"]
    return replace(empty_state(), leads=used, versions=versions, eras=eras, as_of=as_of, last=last)


def _ruleset(path: Path, text: str | bytes) -> Ruleset | None:
    """The rules of a text that a run kept; without rules None."""
    try:
        return from_text(text) if text else None
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, "its rules are not as they were written") from error


def _last(path: Path, connection: Connection) -> RunRecord | None:
    """The last run that was not taken back."""
    row = first_row(connection, f"{_RUNS} where not undone order by run desc limit 1")
    return None if row is None else _record(path, row)


def history(path: Path, keys: Iterable[str] | None = None) -> pl.DataFrame:
    """Every change of these leads (None: of all), oldest first."""
    nothing = pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    if not exists(path):
        return nothing
    wanted = None if keys is None else list(keys)
    with reading(path) as connection:
        found = [rows for packed in stacked(connection, "history") if (rows := _of_leads(packed, wanted)).height]
    by = ["run", "key", "kind", "what", pl.col("rule") != RECORD]
    return pl.concat([nothing, *found]).sort(by, nulls_last=True, maintain_order=True)


def standing(path: Path, changes: pl.DataFrame) -> pl.DataFrame:
    """The changes of a history without those of runs that were taken back."""
    if changes.is_empty():
        return changes
    with reading(path) as connection:
        undone = [run for (run,) in connection.execute("select run from runs where undone")]
    return changes.filter(~pl.col("run").is_in(undone))


def _of_leads(packed: bytes, keys: list[str] | None) -> pl.DataFrame:
    """The rows of some leads (None: all). Of a year of runs mostly the keys are read, and nothing else."""
    if keys is None:
        return unpack(packed)
    is_wanted = unpack(packed, ["key"])["key"].is_in(keys)
    return unpack(packed).filter(is_wanted) if is_wanted.any() else pl.DataFrame()


def runs(path: Path) -> list[tuple[int, RunRecord, bool]]:
    """Every run: its number, what it was, and whether it was taken back; oldest first."""
    with reading(path) as connection:
        rows = connection.execute(f"{_RUNS} order by run").fetchall()
    return [(row[0], _record(path, row), bool(row[9])) for row in rows]


def last_token(path: Path) -> str | None:
    """The token of the last committed run."""
    if not exists(path):
        return None
    with reading(path) as connection:
        row = first_row(connection, "select token from runs order by run desc limit 1")
    return str(row[0]) if row else None


_SHOWN_WHOLE = tuple(name for name in WHOLE if name not in ("eras", "former"))  # rules and names are no tables
SHOWN_TABLES = ("leads", "history", "runs", *_SHOWN_WHOLE)
_ROWS_AT_ONCE = 50_000


def tables_in_parts(path: Path) -> Iterator[tuple[str, Generator[pl.DataFrame]]]:
    """Every table that a person may want to look into, its rows in a fixed order, some at a time: a year of history is more
    than fits into the memory beside the leads."""
    with reading(path) as connection:
        state = _state(path, connection)
        rows = connection.execute(f"{_RUNS} order by run").fetchall()
        packed = list(stacked(connection, "history"))
    made = [(row[0], _instant(row[1]), _instant(row[2]), *row[3:9], bool(row[9])) for row in rows]
    yield "leads", _leads_in_parts(state.leads)
    yield "history", _history_in_parts(packed)
    yield "runs", _whole_table(pl.DataFrame(made, schema=dict(RUN_COLUMNS), orient="row").drop("token"))
    for name in _SHOWN_WHOLE:
        yield name, _whole_table(_in_order(getattr(state, name)))


def _leads_in_parts(leads: LeadColumns) -> Generator[pl.DataFrame]:
    order = leads["key"].arg_sort().cast(pl.UInt32)
    for start in range(0, max(leads.height, 1), _ROWS_AT_ONCE):
        part = leads.at(order.slice(start, _ROWS_AT_ONCE), leads.schema)
        yield part.with_columns(pl.col(pl.Duration).cast(pl.Int64))


def _history_in_parts(packed: list[bytes]) -> Generator[pl.DataFrame]:
    """By run, then by all else; what one commit wrote is of one run."""
    yield pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    by_run: dict[int, list[bytes]] = {}
    for rows in packed:
        if (numbers := unpack(rows, ["run"])).height:  # who is forgotten may have been all of it
            by_run.setdefault(numbers.item(0, 0), []).append(rows)
    for _, of_run in sorted(by_run.items()):
        changes = pl.concat([unpack(rows) for rows in of_run])
        order = changes.select(pl.arg_sort_by(changes.columns, nulls_last=True)).to_series()
        for start in range(0, changes.height, _ROWS_AT_ONCE):
            yield changes[order.slice(start, _ROWS_AT_ONCE)]


def _whole_table(table: pl.DataFrame) -> Generator[pl.DataFrame]:
    yield table


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    return table.sort(table.columns, nulls_last=True)


_RUNS = f"select {', '.join(RUN_COLUMNS)} from runs"


def _record(path: Path, row: tuple[Any, ...]) -> RunRecord:
    _, as_of, since, rules, identity, manifest, out, options, *_ = row
    try:
        return RunRecord(_instant(as_of), _instant(since), rules, identity, manifest, out, json.loads(options))
    except (ValueError, TypeError) as error:
        raise damaged(path, "its runs are not as they were written") from error


def _seen_from(record: RunRecord | None) -> datetime | None:
    return None if record is None else _instant(cast("str | None", record.options.get(SEEN_FROM)))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _typed(frame: LeadColumns, kinds: Mapping[str, pl.DataType]) -> LeadColumns:
    """With the columns that came with a later version, and their types; those of some rules alone come last."""
    known = [frame.held(name, kind).cast(kind) for name, kind in kinds.items()]
    return LeadColumns([*known, *(column for column in frame if column.name not in kinds)], frame.height)


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
    with writing(path) as connection:
        forget_way_back(connection)
        keep(connection, _RULESET, _text(before).encode())
        _put(connection, before, replace(after, leads=_whole(before.leads, after.leads)))
        put_below(connection, "history", _numbered(changes, number, after.as_of))
        _put_run(connection, record(), number, token)


def _put(connection: Connection, before: State, after: State) -> None:
    """What of a state is not as it was."""
    put_beside(connection, "leads", before.leads, after.leads)
    for name, kinds in WHOLE.items():
        frame = getattr(after, name).select(list(kinds))
        if not frame.equals(getattr(before, name)):
            put(connection, name, "", pack(frame))
    if after.ruleset is not None and (before.ruleset is None or digest(before.ruleset) != digest(after.ruleset)):
        _put_ruleset(connection, _text(after))


def _whole(before: LeadColumns, after: LeadColumns) -> LeadColumns:
    """The leads after a run, those that were there before first, with every column that there was."""
    missing = [name for name in before.columns if name not in after]
    if not missing and before["key"].equals(after["key"].head(before.height)):
        return after
    now, known = after.frame, before.select("key", *missing)
    assert known.join(now, on="key", how="anti").is_empty(), "a run forgets no lead"
    return LeadColumns.of(known.join(now, on="key", how="full", coalesce=True, maintain_order="left_right"))


def _numbered(changes: pl.DataFrame, number: int, as_of: datetime | None) -> pl.DataFrame:
    run = pl.lit(number, dtype=pl.Int32).alias("run")
    at = pl.lit(as_of, dtype=HISTORY_COLUMNS["as_of"]).alias("as_of")
    return changes.with_columns(run, at).select(pl.col(name).cast(kind) for name, kind in HISTORY_COLUMNS.items())


def _put_run(connection: Connection, record: RunRecord, number: int, token: str) -> None:
    row = asdict(replace(record, options={})) | {"options": json.dumps(dict(record.options), sort_keys=True)}
    row |= {"run": number, "token": token, "undone": False}
    row |= {name: None if row[name] is None else row[name].astimezone(UTC).isoformat() for name in ("as_of", "since")}
    marks = ", ".join("?" * len(RUN_COLUMNS))
    connection.execute(f"insert into runs values ({marks})", [row[name] for name in RUN_COLUMNS])


def _text(state: State) -> str:
    """A state's rules as they are kept; without rules nothing."""
    return "" if state.ruleset is None else to_text(state.ruleset)


def _put_ruleset(connection: Connection, text: str) -> None:
    connection.execute("delete from ruleset")
    if text:
        connection.execute("insert into ruleset values (?, ?)", [digest(from_text(text)), text])


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
    gone, names = list(forgotten), list(renamed)

    def tended(rows: pl.DataFrame) -> pl.DataFrame:
        for kind, old, new in names:
            rows = _renamed(rows, kind, old, new)
        return rows.filter(~pl.col("key").is_in(gone))

    leads = _whole(before.leads, after.leads)
    with writing(path) as connection:
        if gone:
            leave_no_trace(connection)
            leads = LeadColumns.of(leads.frame.filter(~pl.col("key").is_in(gone)))
        _put(connection, before, replace(after, leads=leads))
        # Under the last run that stands, which the state is of: what a run that was taken back made is passed over.
        number = first_row(connection, "select coalesce(max(run), 0) from runs where not undone")
        assert number is not None
        put_below(connection, "history", _numbered(changes, number[0], before.as_of))
        if gone or names:
            change_stacked(connection, "history", tended)
        _end_way_back(connection)


def _end_way_back(connection: Connection) -> None:
    forget_way_back(connection)
    connection.execute("update runs set identity = ''")


def _renamed(rows: pl.DataFrame, kind: str, old: str, new: str) -> pl.DataFrame:
    """Another name for what changed: of a label, segment or field in `what`, of a sequence as the value."""
    columns = ("old", "new") if kind == "sequence" else ("what",)
    its = pl.col("kind") == kind
    return rows.with_columns(
        pl.when(its & (pl.col(name) == old)).then(pl.lit(new)).otherwise(name).alias(name) for name in columns
    )


# -- the way back ---------------------------------------------------------------------------------------------------


def before_last(path: Path) -> State | None:
    """The state that the last run began with; None where that is no longer kept. Nothing is taken back."""
    with reading(path) as connection:
        text = kept(connection, _RULESET)
        if text is None:
            return None
        leads, tables = _leads(path, connection, was=True), _tables(path, connection, was=True)
        records = connection.execute(f"{_RUNS} where not undone order by run desc limit 2").fetchall()
        number = first_row(connection, "select max(run) from runs")
    assert number is not None
    last = _record(path, records[1]) if len(records) > 1 else None
    return State(
        leads=leads,
        **tables,
        as_of=last.as_of if last else None,
        ruleset=_ruleset(path, text),
        run=number[0] - 1,
        last=last,
        seen_from=_seen_from(last),
    )


def can_take_back(path: Path) -> bool:
    """Whether what there was before the last run is still kept: a run that was taken back, or tending, ends that."""
    with reading(path) as connection:
        return kept(connection, _RULESET) is not None


def take_back_last(path: Path) -> None:
    """The state as it was before the last run; its history stays, and gets the changes back as changes."""
    with writing(path) as connection:
        text = kept(connection, _RULESET)
        number = first_row(connection, "select max(run) from runs where not undone")
        assert text is not None
        assert number is not None
        made = [_taken_back(packed, number[0]) for packed in stacked(connection, "history")]
        go_back(connection)
        _put_ruleset(connection, text.decode())
        for rows in made:
            put_below(connection, "history", rows)
        connection.execute("update runs set undone = 1 where run = ?", [number[0]])
        _end_way_back(connection)


def made_by(path: Path, number: int) -> pl.DataFrame:
    """The changes that a run made, by the names that they have now."""
    with reading(path) as connection:
        found = [_of_run(packed, number) for packed in stacked(connection, "history")]
    return pl.concat([pl.DataFrame(schema=dict(HISTORY_COLUMNS)), *found])


def _of_run(packed: bytes, number: int) -> pl.DataFrame:
    return unpack(packed).filter(pl.col("run") == number).select(list(HISTORY_COLUMNS))


def _taken_back(packed: bytes, number: int) -> pl.DataFrame:
    """The changes of a run, the other way."""
    return _of_run(packed, number).with_columns(old="new", new="old", rule=pl.lit(UNDO))
