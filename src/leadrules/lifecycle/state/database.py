"""The file that holds a state: one SQLite database, opened only for as long as a read or a commit takes.

In: the folder of a state. Out: a connection within one transaction, or InputError in the user's words for what is no state,
a damaged one, or one of another version. Knows what a content is: bytes that are checked when they are read. What they
mean is for parts.py and store.py.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from leadrules.data.errors import InputError
from leadrules.data.staging import sync

FORMAT_VERSION = 3
FILE = "state.sqlite"
COPIES = "event-copies"  # a folder beside it, called as nobody calls a folder of exports
_NEW = f"{FILE}.new"
_OURS = frozenset(
    [
        FILE,
        f"{FILE}-journal",
        _NEW,
        f"{_NEW}-journal",
        "lock",
        "writer.json",
        "pending.json",
        "pending.json.part",
        COPIES,
    ]
)
_PATIENCE = 20.0  # seconds to wait for another program's read or commit to end: each takes about one
_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_FORMAT")
_MAKE_ROOM = "see that there is room on the disk and that its folder may be written, then try again"
_TABLES = """
create table about (program text, format_version integer);
create table contents (id integer primary key, sum integer not null, content blob not null);
create table parts (
  role text, frame text, name text, place integer, content integer, primary key (role, frame, name)
) without rowid;
create table runs (
  run integer primary key, as_of text, since text, rules text, identity text, manifest text, out text, options text,
  token text, undone integer
);
create table ruleset (digest text, text text)
"""


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
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the last commit, the same one throughout. Raises InputError for what cannot be read."""
    with _connected(path, FILE) as connection:
        connection.execute("begin")
        _check_version(path, connection)
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection within one transaction: all of what is done with it is committed, or nothing."""
    if exists(path):
        with _connected(path, FILE) as connection:
            connection.execute("begin immediate")
            _check_version(path, connection)
            yield connection
            connection.execute("commit")
        return
    # A state that is killed before its first commit was never there.
    with changing(path):
        path.mkdir(parents=True, exist_ok=True)
        for name in (_NEW, f"{_NEW}-journal"):
            (path / name).unlink(missing_ok=True)
    with _connected(path, _NEW) as connection:
        connection.execute("pragma page_size = 16384")
        connection.execute("begin immediate")
        for table in _TABLES.split(";"):
            connection.execute(table)
        connection.execute("insert into about values ('leadrules', ?)", [FORMAT_VERSION])
        yield connection
        connection.execute("commit")
    with changing(path):
        (path / _NEW).replace(path / FILE)
        sync(path)


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Within, what the system refuses is told of the state: a run writes files elsewhere, too, which have another way out."""
    try:
        yield
    except OSError as error:
        raise InputError(f"the state {path} cannot be written: {error.strerror or error}", _MAKE_ROOM) from error


@contextmanager
def _connected(path: Path, name: str) -> Iterator[sqlite3.Connection]:
    place = f"{(path / name).resolve().as_uri()}?mode={'rw' if name == FILE else 'rwc'}"
    try:
        connection = sqlite3.connect(place, uri=True, timeout=_PATIENCE, isolation_level=None)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    try:
        yield connection
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    finally:
        connection.close()


def _unusable(path: Path, error: sqlite3.Error) -> InputError:
    kind = str(getattr(error, "sqlite_errorname", ""))
    if kind.startswith(_DAMAGED):
        return damaged(path, str(error))
    if isinstance(error, sqlite3.OperationalError) and not kind:  # Python, of a text; it would tell all of it
        return damaged(path, "a text in it is not UTF-8")
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return InputError(f"the state {path} is held by another program: {error}", "end that program, then try again")
    return InputError(f"the state {path / FILE} can be neither read nor written: {error}", _MAKE_ROOM)


def damaged(path: Path, why: str) -> InputError:
    """What is said of a state that is not as it was written."""
    return InputError(
        f"the state {path / FILE} cannot be read: {why}",
        f"put back a copy of {path}, or move it away to start a new state (`--baseline` then fires nothing)",
    )


def _check_version(path: Path, connection: sqlite3.Connection) -> None:
    if first_row(connection, "select 1 from sqlite_master") is None:
        raise damaged(path, "it is empty")
    known = first_row(connection, "select 1 from sqlite_master where name = 'about'")
    about = first_row(connection, "select program, format_version from about") if known else None
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
    with _connected(path, FILE) as connection:
        connection.execute("vacuum")


def leave_no_trace(connection: sqlite3.Connection) -> None:
    """What is deleted from now on is written over."""
    connection.execute("pragma secure_delete = on")


def first_row(
    connection: sqlite3.Connection, query: str, parameters: tuple[object, ...] = ()
) -> tuple[Any, ...] | None:
    """The first row of a query, or None."""
    row: tuple[Any, ...] | None = connection.execute(query, parameters).fetchone()
    return row


# -- contents -------------------------------------------------------------------------------------------------------


def put_content(connection: sqlite3.Connection, content: bytes) -> int:
    """Keep bytes; returns their number."""
    kept = connection.execute("insert into contents (sum, content) values (?, ?)", (crc32(content), content))
    assert kept.lastrowid is not None
    return kept.lastrowid


def content_of(connection: sqlite3.Connection, number: int) -> bytes:
    """The bytes of a number. Raises sqlite3.DatabaseError where they are not as they were written."""
    row = first_row(connection, "select sum, content from contents where id = ?", (number,))
    if row is None or crc32(row[1]) != row[0]:
        error = sqlite3.DatabaseError("a part of it is not as it was written")
        error.sqlite_errorname = "SQLITE_CORRUPT"
        raise error
    content: bytes = row[1]
    return content


def drop_unused(connection: sqlite3.Connection) -> None:
    """Let go of contents that no part names."""
    connection.execute("delete from contents where id not in (select content from parts where content is not null)")
