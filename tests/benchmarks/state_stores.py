"""Which store holds a state: DuckDB, Delta tables, SQLite with rows, with Arrow blobs, with a blob per column.

`python -m tests.benchmarks.state_stores [LEADS]` prints, for each store that is installed: reading the whole state, committing
5 % changed leads with their history, the size on disk after 1 and after 10 commits, and what 10 SIGKILLs in mid-commit left.
`--product` measures the product's own load and commit instead.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import polars as pl

SHARE, COMMITS, KILLS = 0.05, 10, 10
START = datetime(2026, 1, 1, tzinfo=UTC)


def leads(count: int) -> pl.DataFrame:
    """A state's table of leads: 15 columns, as a ruleset with an owner, a sequence, bands and triggers has them."""
    number = pl.int_range(count)
    moment = pl.lit(START).cast(pl.Datetime("us", "UTC"))
    frame = pl.DataFrame({"key": [f"00Q{i:012d}" for i in range(count)]})
    return frame.with_columns(
        (moment + pl.duration(seconds=number)).alias("created"),
        pl.concat_str(pl.lit("rep"), (number * 7919 % 200).cast(pl.String), pl.lit("@example.com")).alias("owner"),
        (moment + pl.duration(seconds=number * 3)).alias("assigned_at"),
        pl.when(number % 3 == 0).then(moment + pl.duration(seconds=number * 5)).alias("due_at"),
        (number % 4).cast(pl.Int32).alias("owner_changes"),
        pl.when(number % 2 == 0).then(pl.lit("outbound")).alias("sequence"),
        pl.when(number % 2 == 0).then((number % 15).cast(pl.Int32)).alias("step"),
        (moment + pl.duration(seconds=number * 7)).alias("enrolled_at"),
        pl.when(number % 5 == 0).then(pl.lit("hot")).otherwise(pl.lit("cold")).alias("label:heat"),
        (moment + pl.duration(seconds=number * 11)).alias("since:heat"),
        pl.when(number % 7 == 0).then(pl.lit("sql")).otherwise(pl.lit("lead")).alias("label:life"),
        (moment + pl.duration(seconds=number * 13)).alias("since:life"),
        (number % 3 == 0).alias("in:enterprise"),
        pl.when(number % 11 == 0).then(moment).alias("fired:inbound"),
    )


def changed(frame: pl.DataFrame, round_: int) -> pl.DataFrame:
    """5 % of the leads with another label, owner and instants."""
    some = frame.sample(int(frame.height * SHARE), seed=round_)
    at = pl.lit(START + timedelta(days=300 + round_)).cast(pl.Datetime("us", "UTC"))
    return some.with_columns(
        pl.lit(f"label{round_}").alias("label:heat"), at.alias("since:heat"), at.alias("assigned_at")
    )


class Store(Protocol):
    """One way to keep the table."""

    def create(self, path: Path, frame: pl.DataFrame) -> None:
        """The first commit."""

    def read(self, path: Path) -> pl.DataFrame:
        """The whole table."""

    def commit(self, path: Path, rows: pl.DataFrame) -> None:
        """Changed rows, in one atomic step."""


class ArrowRows:
    """Rows as an Arrow stream and nothing else: given a frame itself, DuckDB would ask for pyarrow."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        stream: object = self.rows.__arrow_c_stream__(requested_schema)
        return stream


class DuckDB:
    """One file; rows are replaced by key in a transaction."""

    def create(self, path: Path, frame: pl.DataFrame) -> None:
        path.mkdir()
        with self._open(path) as connection:
            connection.register("given", ArrowRows(self._stored(frame)))
            connection.execute("create table leads as select * from given")

    def read(self, path: Path) -> pl.DataFrame:
        with self._open(path, read_only=True) as connection:
            return pl.DataFrame(ArrowRows(connection.sql("select * from leads")))

    def commit(self, path: Path, rows: pl.DataFrame) -> None:
        with self._open(path) as connection:
            connection.execute("begin")
            connection.register("gone", ArrowRows(rows.select("key")))
            connection.execute("delete from leads using gone where leads.key = gone.key")
            connection.register("given", ArrowRows(self._stored(rows)))
            connection.execute("insert into leads by name select * from given")
            connection.execute("commit")

    @staticmethod
    def _stored(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))

    @staticmethod
    def _open(path: Path, *, read_only: bool = False) -> Any:
        import duckdb

        return duckdb.connect(str(path / "state.duckdb"), read_only=read_only)


class Delta:
    """A Delta table; rows are merged by key."""

    def create(self, path: Path, frame: pl.DataFrame) -> None:
        frame.write_delta(str(path))

    def read(self, path: Path) -> pl.DataFrame:
        return pl.read_delta(str(path))

    def commit(self, path: Path, rows: pl.DataFrame) -> None:
        options: dict[str, Any] = {"predicate": "s.key = t.key", "source_alias": "s", "target_alias": "t"}
        merge = rows.write_delta(str(path), mode="merge", delta_merge_options=options)
        merge.when_matched_update_all().when_not_matched_insert_all().execute()


class SQLiteRows:
    """One row per lead."""

    def create(self, path: Path, frame: pl.DataFrame) -> None:
        path.mkdir()
        columns = ", ".join(f'"{name}"' for name in frame.columns if name != "key")
        with sqlite3.connect(path / "state.sqlite") as connection:
            connection.execute(f"create table leads (key text primary key, {columns}) without rowid")
        self.commit(path, frame)

    def read(self, path: Path) -> pl.DataFrame:
        with sqlite3.connect(path / "state.sqlite") as connection:
            cursor = connection.execute("select * from leads")
            names = [column[0] for column in cursor.description]
            return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)

    def commit(self, path: Path, rows: pl.DataFrame) -> None:
        plain = rows.with_columns(pl.col(pl.Datetime).cast(pl.Int64))
        marks = ", ".join("?" * rows.width)
        with sqlite3.connect(path / "state.sqlite") as connection:
            connection.executemany(f"insert or replace into leads values ({marks})", plain.iter_rows())


class SQLiteArrow:
    """A base and deltas, each one Arrow blob; the newest row of a key counts."""

    def create(self, path: Path, frame: pl.DataFrame) -> None:
        path.mkdir()
        with sqlite3.connect(path / "state.sqlite") as connection:
            connection.execute("create table blobs (number integer primary key, content blob)")
        self.commit(path, frame)

    def read(self, path: Path) -> pl.DataFrame:
        with sqlite3.connect(path / "state.sqlite") as connection:
            blobs = connection.execute("select content from blobs order by number").fetchall()
        frames = [pl.read_ipc(BytesIO(blob)) for (blob,) in blobs]
        return pl.concat(frames).unique("key", keep="last") if len(frames) > 1 else frames[0]

    def commit(self, path: Path, rows: pl.DataFrame) -> None:
        buffer = BytesIO()
        rows.write_ipc(buffer, compression="zstd")
        with sqlite3.connect(path / "state.sqlite") as connection:
            connection.execute("insert into blobs (content) values (?)", [buffer.getvalue()])


class SQLiteColumns:
    """A blob per column; a commit writes the columns in which something changed, whole."""

    def create(self, path: Path, frame: pl.DataFrame) -> None:
        path.mkdir()
        with sqlite3.connect(path / "state.sqlite") as connection:
            connection.execute("create table parts (name text primary key, content blob)")
            self._put(connection, frame)

    def read(self, path: Path) -> pl.DataFrame:
        with sqlite3.connect(path / "state.sqlite") as connection:
            blobs = connection.execute("select content from parts order by rowid").fetchall()
        return pl.DataFrame([pl.read_ipc(BytesIO(blob)).to_series() for (blob,) in blobs])

    def commit(self, path: Path, rows: pl.DataFrame) -> None:
        before = self.read(path)
        after = before.update(rows, on="key")
        changed = [column for column in after if not column.equals(before[column.name])]
        with sqlite3.connect(path / "state.sqlite") as connection:
            self._put(connection, pl.DataFrame(changed))

    @staticmethod
    def _put(connection: sqlite3.Connection, frame: pl.DataFrame) -> None:
        for column in frame:
            buffer = BytesIO()
            column.to_frame().write_ipc(buffer, compression="zstd")
            connection.execute(
                "insert into parts values (?, ?) on conflict do update set content = excluded.content",
                (column.name, buffer.getvalue()),
            )


STORES: dict[str, tuple[Store, str]] = {
    "DuckDB": (DuckDB(), "duckdb"),
    "Delta": (Delta(), "deltalake"),
    "SQLite rows": (SQLiteRows(), "sqlite3"),
    "SQLite Arrow": (SQLiteArrow(), "sqlite3"),
    "SQLite columns": (SQLiteColumns(), "sqlite3"),
}


def measure(name: str, store: Store, frame: pl.DataFrame, folder: Path) -> None:
    """One line of the table."""
    path = folder / name.replace(" ", "_")
    store.create(path, frame)
    reads, commits, sizes = [], [], []
    for round_ in range(COMMITS):
        reads.append(timed(lambda: store.read(path)))
        rows = changed(frame, round_)
        commits.append(timed(lambda rows=rows: store.commit(path, rows)))  # type: ignore[misc]
        sizes.append(size(path))
    kills = killed(name, path, frame)
    print(
        f"{name:<14} read {statistics.median(reads):6.3f} s   commit {statistics.median(commits):6.3f} s   "
        f"{sizes[0]:6.1f} MB, after {COMMITS} commits {sizes[-1]:6.1f} MB   {kills}"
    )


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def size(path: Path) -> float:
    """Megabytes on disk."""
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


def killed(name: str, path: Path, frame: pl.DataFrame) -> str:
    """Kill a process that commits over and over; every table read afterwards must be one whole commit."""
    store, rng, between = STORES[name][0], random.Random(1), 0
    for number in range(KILLS):
        arguments = [
            sys.executable,
            "-m",
            "tests.benchmarks.state_stores",
            "--commit",
            name,
            str(path),
            str(frame.height),
            str(number),
        ]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        counts = store.read(path).filter(pl.col("label:heat").str.starts_with("kill"))["label:heat"].value_counts()
        between += any(count != int(frame.height * SHARE) for count in counts["count"])
    return f"{between} of {KILLS} SIGKILLs left something between"


def commit_forever(name: str, path: Path, count: int, number: int) -> None:
    """What is killed: the same rows get another label in each commit."""
    rows = leads(count).head(int(count * SHARE))
    print("ready", flush=True)
    for again in range(1000):
        STORES[name][0].commit(path, rows.with_columns(pl.lit(f"kill{number}.{again}").alias("label:heat")))


def product(count: int, folder: Path) -> None:
    """The product's own `load` and `commit`, with history and the way back."""
    from leadrules.lifecycle.lead_columns import LeadColumns
    from leadrules.lifecycle.model import HISTORY_COLUMNS, LEAD_COLUMNS, RunRecord, empty_state
    from leadrules.lifecycle.state.store import commit, load

    path, frame = folder / "product", leads(count)
    blank = [pl.lit(None, dtype=kind).alias(name) for name, kind in LEAD_COLUMNS.items() if name not in frame.columns]
    record = RunRecord(START, START, "", "", "", "", {})
    nothing = pl.DataFrame(schema=dict(HISTORY_COLUMNS))
    first = replace(empty_state(), leads=LeadColumns.of(frame.with_columns(blank)))
    commit(path, empty_state(), first, lambda: record, changes=nothing)
    for round_ in range(3):
        began = time.perf_counter()
        state = load(path)
        read = time.perf_counter()
        rows = changed(frame, round_).select("key", "label:heat", "since:heat", "assigned_at")
        after = state.leads.with_columns(state.leads.select(*rows.columns).update(rows, on="key"))
        history = rows.select(
            "key",
            kind=pl.lit("label"),
            what=pl.lit("heat"),
            old=pl.lit("cold"),
            new="label:heat",
            rule=pl.lit(None, pl.String),
        )
        made = time.perf_counter()
        commit(path, state, replace(state, leads=after), lambda: record, changes=history)
        done = time.perf_counter()
        print(f"product: read {read - began:.3f} s, commit {done - made:.3f} s, {size(path):.1f} MB")


def main(arguments: list[str]) -> None:
    """The whole table, or one part of it."""
    if arguments[:1] == ["--commit"]:
        commit_forever(arguments[1], Path(arguments[2]), int(arguments[3]), int(arguments[4]))
        return
    count = int(next((one for one in arguments if one.isdigit()), 1_000_000))
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
    try:
        if "--product" in arguments:
            product(count, folder)
            return
        frame = leads(count)
        for name, (store, module) in STORES.items():
            if importlib.util.find_spec(module) is None:
                print(f"{name:<14} not installed")
            else:
                measure(name, store, frame, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
