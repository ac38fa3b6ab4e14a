"""The frames of a state in parts: the leads column by column, the history commit by commit, the small tables whole.

In: a connection of database.py, frames. Out: parts as the last commit has them, or as they were before it: a part that is
replaced is kept until the next commit, and that is the way back. Only what changed is written. Knows not what frames mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator

import polars as pl

from leadrules.lifecycle.lead_columns import LeadColumns, is_same
from leadrules.lifecycle.state.database import content_of, drop_unused, put_content
from leadrules.lifecycle.state.packing import pack, pack_column, unpack, unpack_columns

NOW, BEFORE = "now", "before"
_PARTS = "select name, content from parts where role = ? and frame = ? order by place"


# -- reading --------------------------------------------------------------------------------------------------------


def beside(
    connection: sqlite3.Connection, frame: str, *, was: bool = False, only: Collection[str] | None = None
) -> LeadColumns:
    """A frame whose parts are columns: as it is, or as it `was` before the last commit; `only` some parts."""
    parts = dict(connection.execute(_PARTS, (NOW, frame)).fetchall())
    if was:
        parts |= dict(connection.execute(_PARTS, (BEFORE, frame)).fetchall())
    wanted = [number for name, number in parts.items() if number is not None and (only is None or name in only)]
    return LeadColumns(column for number in wanted for column in unpack_columns(content_of(connection, number)))


def stacked(connection: sqlite3.Connection, frame: str) -> Iterator[bytes]:
    """The parts of a frame whose parts are rows, packed, oldest first."""
    for _, number in connection.execute(_PARTS, (NOW, frame)).fetchall():
        yield content_of(connection, number)


# -- writing --------------------------------------------------------------------------------------------------------


def put_beside(connection: sqlite3.Connection, frame: str, before: LeadColumns, after: LeadColumns) -> None:
    """The columns of `after` that are not as `before` has them."""
    for column in after:
        if column.name not in before or not is_same(before.held(column.name), column):
            put(connection, frame, column.name, pack_column(column))


def put(connection: sqlite3.Connection, frame: str, name: str, content: bytes) -> None:
    """A part in the place of the one of that name, which becomes the way back; or after all others."""
    old = connection.execute(
        "select content, place from parts where role = ? and frame = ? and name = ?", (NOW, frame, name)
    ).fetchone()
    place = connection.execute("select count(*) from parts where role = ? and frame = ?", (NOW, frame)).fetchone()[0]
    number, place = (None, place) if old is None else old
    _name(connection, (BEFORE, frame, name, place, number))
    _name(connection, (NOW, frame, name, place, put_content(connection, content)))


def put_below(connection: sqlite3.Connection, frame: str, rows: pl.DataFrame) -> None:
    """Rows under those of a frame."""
    if rows.height:
        place = connection.execute("select count(*) from parts where frame = ?", (frame,)).fetchone()[0]
        _name(connection, (NOW, frame, f"{place:09d}", place, put_content(connection, pack(rows))))


def change_stacked(connection: sqlite3.Connection, frame: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Every part of a frame whose parts are rows, changed."""
    parts = connection.execute("select name, place, content from parts where frame = ?", (frame,)).fetchall()
    for name, place, number in parts:
        rows = unpack(content_of(connection, number))
        changed = change(rows)
        if not changed.equals(rows):
            _name(connection, (NOW, frame, name, place, put_content(connection, pack(changed))))


def _name(connection: sqlite3.Connection, part: tuple[str, str, str, int, int | None]) -> None:
    """Role, frame, name, place, number of the content (None: there was no such part)."""
    connection.execute("insert or replace into parts values (?, ?, ?, ?, ?)", part)


# -- the way back ---------------------------------------------------------------------------------------------------


def keep(connection: sqlite3.Connection, name: str, content: bytes) -> None:
    """Bytes that belong to the way back."""
    _name(connection, (BEFORE, "", name, 0, put_content(connection, content)))


def kept(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Those bytes, or None."""
    row = connection.execute(
        "select content from parts where role = ? and frame = '' and name = ?", (BEFORE, name)
    ).fetchone()
    return None if row is None else content_of(connection, row[0])


def forget_way_back(connection: sqlite3.Connection) -> None:
    """What there was before the last commit is let go."""
    connection.execute("delete from parts where role = ?", (BEFORE,))
    drop_unused(connection)


def go_back(connection: sqlite3.Connection) -> None:
    """Every part as it was before the last commit; those that it brought go."""
    connection.execute(
        "delete from parts where role = ? and (frame, name) in"
        " (select frame, name from parts where role = ? and frame != '')",
        (NOW, BEFORE),
    )
    connection.execute(
        "update parts set role = ? where role = ? and frame != '' and content is not null", (NOW, BEFORE)
    )
    forget_way_back(connection)
