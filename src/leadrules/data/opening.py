"""The tables of one source, opened, and what is only found while they are read: encodings and layouts of dates.

In: a source and the files behind it. Out: tables with the position of each wanted column. A reading goes ahead on the
likeliest assumption (UTF-8, ISO dates); the first byte or date that refutes it sends the reading back to the start with
what a look at the whole file or column has found. Knows nothing of leads and events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from leadrules.core.calendar import Calendar
from leadrules.core.dates import DIRECTIVES, ISO, Layout, layout
from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.data.cells import CellReader
from leadrules.data.columns import ColumnReader, DoubtError
from leadrules.data.csv_file import open_csv
from leadrules.data.encoding import UndecodableError, named, refusal
from leadrules.data.errors import InputError
from leadrules.data.headers import Header
from leadrules.data.other_formats import JsonLines, ParquetFile
from leadrules.data.sources import Input
from leadrules.data.survey import date_parts, layout_of
from leadrules.data.tables import Table
from leadrules.project.model import Field, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is wanted: the field it feeds, and its `x-columns`. `temporal`: its dates may need a survey.

    Which header is meant must be clear where some rule reads the field; any other is only there if it is.
    """

    name: str
    headers: tuple[str, ...] = ()
    temporal: bool = False
    read: bool = True


@dataclass(frozen=True, slots=True)
class Opened:
    """One file, opened: its table, its header, and where each wanted column stands (absent ones are left out)."""

    table: Table
    header: Header
    positions: Mapping[str, int]

    def header_of(self, name: str) -> str:
        """How the file calls the column of a field."""
        return self.header.names[self.positions[name]] if name in self.positions else name


@dataclass(slots=True)
class Opening:
    """The files of one source, and what is known about them so far."""

    source: Source
    inputs: Sequence[Input]
    calendar: Calendar
    columns: Sequence[Column]
    _encodings: dict[str, str] = field(default_factory=dict)
    _refuted: dict[str, UndecodableError] = field(default_factory=dict)
    _layouts: dict[str, tuple[Layout, ...]] = field(default_factory=dict)

    def settled(self, attempt: Callable[[], T]) -> T:
        """What the attempt gives once every assumption holds. Raises InputError where none can."""
        while True:
            try:
                return attempt()
            except UndecodableError as error:
                self._try_next_encoding(error)
            except DoubtError:
                self._survey_until_readable()

    def tables(self) -> Iterator[Opened]:
        """The files as tables, in order."""
        for source in self.inputs:
            table = self._table(source)
            header = Header.of(table.path, table.header)
            found = {column.name: self._position(header, column) for column in self.columns}
            yield Opened(table, header, {name: at for name, at in found.items() if at is not None})

    def reader(self, field: Field) -> ColumnReader:
        """The reader of a field's columns, by what is known of its dates."""
        stated = tuple(layout(text) for text in self.source.date_formats)
        known = self._layouts.get(field.name) or (tuple(dict.fromkeys((*stated, ISO))) if stated else None)
        self._refuse_strange(stated)
        cell = CellReader(field, self.calendar, self.source.blanks, known or (ISO,))
        return ColumnReader(cell, tentative=known is None and field.type.is_temporal)

    def _position(self, header: Header, column: Column) -> int | None:
        try:
            return header.find(column.name, column.headers, self.source)
        except InputError:
            if column.read:
                raise
            return None

    def _refuse_strange(self, stated: Sequence[Layout]) -> None:
        for one in stated:
            if one.mistake:
                raise InputError(
                    f"nothing can be read by the date_format {one.format} of {self.source.path}: {one.mistake}",
                    DIRECTIVES,
                )

    def _table(self, source: Input) -> Table:
        stated, assumed = self.source.encoding, self._encodings.get(source.path, "utf-8")
        if source.format == "parquet":
            return ParquetFile(source)
        if source.format == "jsonl":
            return JsonLines(source, named(stated, source.path) if stated else assumed)
        return open_csv(source, stated, self.source.delimiter, assumed)

    def _try_next_encoding(self, error: UndecodableError) -> None:
        if self.source.encoding or error.marked or error.path in self._encodings:
            raise refusal(self._refuted.get(error.path, error), self.source.encoding) from None
        self._refuted[error.path] = error
        self._encodings[error.path] = "cp932"

    def _survey_until_readable(self) -> None:
        while True:
            try:
                return self._survey()
            except UndecodableError as error:
                self._try_next_encoding(error)

    def _survey(self) -> None:
        """Look at every date of every column of dates."""
        temporal = [column.name for column in self.columns if column.temporal]
        seen: dict[str, Counter[str]] = {name: Counter() for name in temporal}
        headers: dict[str, tuple[str, str]] = {}
        blanks = frozenset(fold(blank) for blank in self.source.blanks)
        for opened in self.tables():
            there = {name: opened.positions[name] for name in temporal if name in opened.positions}
            headers |= {name: (opened.header_of(name), opened.table.path) for name in there if name not in headers}
            for batch in opened.table.batches(sorted(set(there.values()))) if there else ():
                for name, at in there.items():
                    seen[name].update(date_parts(batch.column(at), blanks))
        for name in temporal:
            self._layouts[name] = (layout_of(seen[name], *headers[name]),) if name in headers else (ISO,)
