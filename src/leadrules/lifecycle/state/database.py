"""The file that holds a state: one DuckDB database, opened only for as long as a read or a commit takes.

In: the folder of a state. Out: a connection, frames of its tables, or InputError in the user's words for what is no state,
a damaged one, or one of another version. Knows the types of columns; what the tables mean is for store.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from leadrules.data.errors import InputError
from leadrules.data.staging import sync

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORMAT_VERSION = 1
FILE, NEW = "state.duckdb", "state.duckdb.new"
_OURS = frozenset([FILE, f"{FILE}.wal", NEW, f"{NEW}.wal", "lock", "writer.json", "pending.json", "pending.json.part"])
_PATIENCE = 20.0  # seconds to wait for another program's read or commit to end: each takes about one
_PAUSE = 0.05
# Nothing is fetched from anywhere: a state is local.
_CONFIG: Mapping[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_MOMENT = pl.Datetime("us")


def exists(path: Path) -> bool:
    """Whether there is a state. Raises InputError where something else stands in its place."""
    if path.is_file():
        raise InputError(
            f"{path} is a file, not a state: a state is a folder", "name another place with --state, or move the file"
        )
    if (path / FILE).is_file():
        return True
    foreign = sorted(item.name for item in path.iterdir() if item.name not in _OURS) if path.is_dir() else []
    if foreign:
        raise InputError(
            f"{path} holds no state but other things ({', '.join(foreign[:3])})",
            "name a folder of its own with --state, or in leadrules.yaml: `state: .leadrules/state`",
        )
    return False


@contextmanager
def reading(path: Path) -> Iterator[DuckDBPyConnection]:
    """A connection to the last commit. Raises InputError for what cannot be read."""
    with _connected(path, read_only=True) as connection:
        _check_version(path, connection)
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[DuckDBPyConnection]:
    """A connection within one transaction: all of what is done with it is committed, or nothing.

    A new state gets its name once all of it is there: a database in which nothing was ever committed is none.
    """
    is_new = not exists(path)
    path.mkdir(parents=True, exist_ok=True)
    if is_new:
        for name in (NEW, f"{NEW}.wal"):
            (path / name).unlink(missing_ok=True)
    with _connected(path, read_only=False, name=NEW if is_new else FILE) as connection:
        connection.execute("begin")
        if is_new:
            connection.execute("create table about (program varchar, format_version integer)")
            connection.execute("insert into about values ('leadrules', ?)", [FORMAT_VERSION])
        else:
            _check_version(path, connection)
        yield connection
        connection.execute("commit")
        if is_new:
            connection.execute("checkpoint")
    if is_new:
        (path / NEW).replace(path / FILE)
        sync(path)


@contextmanager
def _connected(path: Path, *, read_only: bool, name: str = FILE) -> Iterator[DuckDBPyConnection]:
    import duckdb

    connection = _connect(path, name, read_only=read_only)
    try:
        yield connection
    except duckdb.Error as error:
        raise _damaged(path, error) from error
    finally:
        connection.close()


def _connect(path: Path, name: str, *, read_only: bool) -> DuckDBPyConnection:
    """Whoever holds the file now lets it go within a second: wait for that."""
    import duckdb

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return duckdb.connect(str(path / name), read_only=read_only, config=dict(_CONFIG))
        except duckdb.Error as error:
            if not _is_locked(error):
                raise _damaged(path, error) from error
            if time.monotonic() > until:
                raise InputError(
                    f"the state {path} is held by another program: {_first_line(error)}",
                    "end that program, then try again",
                ) from error
        time.sleep(_PAUSE)


def _is_locked(error: Exception) -> bool:
    return "lock" in str(error).lower() and "conflict" in str(error).lower()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


_SYSTEM = {
    "no space left": "the disk is full",
    "file too large": "the disk is full",
    "permission denied": "permission denied",
    "read-only file": "read-only",
}


def _damaged(path: Path, error: Exception) -> InputError:
    system = next((words for said, words in _SYSTEM.items() if said in str(error).lower()), None)
    if system is not None:
        return InputError(
            f"the state {path} cannot be used: {system}", "mend that and run again: the state is as it was"
        )
    return InputError(
        f"the state {path / FILE} cannot be read: {_first_line(error)}",
        f"put back a copy of {path}, or move it away to start a new state (`--baseline` then fires nothing)",
    )


def _check_version(path: Path, connection: DuckDBPyConnection) -> None:
    tables = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
    about = first_row(connection, "select * from about") if "about" in tables else None
    if about is None or about[0] != "leadrules":
        raise InputError(
            f"{path / FILE} is a database, but not a state of leadrules", "name another place with --state"
        )
    if about[1] != FORMAT_VERSION:
        age = "a newer" if about[1] > FORMAT_VERSION else "an older"
        raise InputError(
            f"the state {path} was written by {age} leadrules (format {about[1]}; this one reads {FORMAT_VERSION})",
            "use the leadrules that wrote it, or start a new state elsewhere with --state",
        )


def compacted(path: Path) -> None:
    """Write the file anew, so that what was deleted is on no page of it any more."""
    fresh = path / NEW
    fresh.unlink(missing_ok=True)
    with _connected(path, read_only=False) as connection:
        connection.execute("checkpoint")
        name = connection.execute("select current_database()").fetchall()[0][0]
        connection.execute(f"attach '{str(fresh).replace(chr(39), chr(39) * 2)}' as fresh")
        connection.execute(f"copy from database {quoted(name)} to fresh")
        connection.execute("detach fresh")
    fresh.replace(path / FILE)


# -- frames and tables ----------------------------------------------------------------------------------------------


class _Stream:
    """Rows as an Arrow stream and nothing else.

    Given a frame itself, DuckDB would ask for pyarrow; given a relation itself, Polars looks at parts of it that the
    library then reports as leaked on stderr.
    """

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        stream: object = self._rows.__arrow_c_stream__(requested_schema)
        return stream


def first_row(connection: DuckDBPyConnection, query: str) -> tuple[Any, ...] | None:
    """The first row of a query, or None. All rows are fetched: a result that is not read to its end blocks the next."""
    rows = connection.execute(query).fetchall()
    return rows[0] if rows else None


def frame_of(connection: DuckDBPyConnection, query: str, parameters: list[object] | None = None) -> pl.DataFrame:
    """The rows of a query; instants are in UTC."""
    frame = pl.DataFrame(_Stream(connection.sql(query, params=parameters)))
    moments = [pl.col(name).dt.replace_time_zone("UTC") for name, kind in frame.schema.items() if kind == _MOMENT]
    return frame.with_columns(moments)


@contextmanager
def offered(connection: DuckDBPyConnection, frame: pl.DataFrame, name: str = "given") -> Iterator[None]:
    """A frame as a table of that name."""
    connection.register(name, _Stream(stored(frame)))
    yield
    # Not after an error: the transaction is broken then, and its own words would hide what broke it.
    connection.unregister(name)


def stored(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame as it is stored: instants without a zone (they are UTC), lengths of time as microseconds."""
    lengths = [pl.col(name).cast(pl.Int64) for name, kind in frame.schema.items() if isinstance(kind, pl.Duration)]
    moments = [
        pl.col(name).dt.replace_time_zone(None).dt.cast_time_unit("us")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime)
    ]
    return frame.with_columns(lengths + moments)


def column_type(kind: pl.DataType) -> str:
    """The type of a column in the database."""
    if isinstance(kind, pl.Datetime):
        return "TIMESTAMP"
    if isinstance(kind, pl.List):
        return f"{column_type(kind.inner)}[]"  # type: ignore[arg-type]
    return _TYPES[kind.base_type()]


_TYPES: Mapping[Any, str] = {
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.UInt64: "UBIGINT",
    pl.Float64: "DOUBLE",
    pl.Date: "DATE",
    pl.Duration: "BIGINT",
    pl.Null: "VARCHAR",
}


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
