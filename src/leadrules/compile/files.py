"""The CSV files of lists and tables: read once, checked, and embedded in the ruleset.

In: `list .. from` and `table` blocks, and a way to read a file by its path in the project. Out: their values; a table's
columns are typed by what every cell of theirs reads as. Findings stand at the rule, or at the line of the file. Cells
read here as they do in an export: trimmed, numbers with their signs and separators.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from leadrules.compile.columns import column_index
from leadrules.compile.scope import Scope
from leadrules.core.diagnostics import Related
from leadrules.core.places import slashed, spelled
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.core.text import fold, nearest, nfc, trimmed
from leadrules.core.types import DATE, NUMBER, TEXT, YESNO
from leadrules.project.model import Field
from leadrules.ruleset.model import ListValues, TableValues
from leadrules.syntax import nodes as n

if TYPE_CHECKING:
    from leadrules.data.cells import CellReader

Read = Callable[[str], bytes]
DELIMITERS = (",", ";", "\t")
LONGEST_CELL = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its cells, trimmed, and the line it begins on."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file: its header, and the records that are not blank."""

    file: SourceFile
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def place(self, line: int) -> Span:
        """The text of a line."""
        start = self.file.offset(line, 1)
        return Span(self.file, start, start + len(self.file.line(line)))


class Unreadable(Exception):  # noqa: N818 - a reason, said in the finding
    """Why a file is no CSV that can be used, and where."""

    def __init__(self, message: str, help: str, span: Span | None = None) -> None:
        super().__init__(message)
        self.help = help
        self.span = span


def reader(root: Path) -> Read:
    """Reads the files of a project folder, and nothing outside it."""

    def read(path: str) -> bytes:
        file = spelled(root / path).resolve()
        if not file.is_relative_to(root.resolve()):
            raise PermissionError(f"{path} leads out of the project")
        return file.read_bytes()

    return read


class Files:
    """The files of one compilation, each read once."""

    def __init__(self, scope: Scope, read: Read) -> None:
        self._scope = scope
        self._read = read
        self._sheets: dict[str, Sheet | None] = {}

    def list_values(self, node: n.ListDefinition) -> ListValues:
        """The values of `list NAME from FILE [column C]`: text, as written."""
        assert node.name is not None
        assert node.path is not None
        name = node.name.key
        self._scope.lists[name] = "error"
        if node.damaged:
            return ListValues(name, ())
        sheet = self.sheet(node.path)
        at = self._list_column(sheet, node) if sheet else None
        if sheet is None or at is None:
            return ListValues(name, ())
        values = tuple(dict.fromkeys(row.cells[at] for row in sheet.rows if row.cells[at]))
        self._scope.lists[name] = "text"
        self._scope.list_values[name] = values
        return ListValues(name, values)

    def _list_column(self, sheet: Sheet, node: n.ListDefinition) -> int | None:
        if node.column is None:
            return 0
        return self._column(sheet, node.column.value, node.column.span)

    def _column(self, sheet: Sheet, name: str, span: Span) -> int | None:
        at = column_index(sheet.header, name)
        if at is None:
            near = nearest(name, sheet.header)
            known = ", ".join(f"`{h}`" for h in sheet.header[:12])
            self._scope.complain(
                "LR146",
                span,
                f"{sheet.file.path} has no column `{name}`",
                label="not in the header",
                help=f"did you mean `{near}`?" if near else f"its columns are: {known}",
                related=(Related(sheet.place(1), "the header"),),
            )
        return at

    def table_values(self, node: n.TableDefinition) -> TableValues:
        """The rows of `table NAME from FILE key C`, by folded key; the key is a column like any other."""
        assert node.name is not None
        name = node.name.key
        self._scope.tables[name] = None
        if node.damaged:
            return TableValues(name, node.key_column.key, (), ())
        sheet = self.sheet(node.path)
        at = self._column(sheet, node.key_column.key, node.key_column.span) if sheet else None
        if sheet is None or at is None:
            return TableValues(name, node.key_column.key, (), ())
        columns = [i for i, title in enumerate(sheet.header) if title]
        readers = {i: None if i == at else self._reader([row.cells[i] for row in sheet.rows]) for i in columns}
        types = tuple((nfc(sheet.header[i]), reader.field.type if reader else TEXT) for i, reader in readers.items())
        self._scope.tables[name] = dict(types)
        self._scope.misfits[name] = partial(self._misfit, sheet, at)
        keyed = self._by_key(sheet, at, node)
        rows = tuple((k, tuple(_value(readers[i], row.cells[i]) for i in columns)) for k, row in keyed.items())
        return TableValues(name, sheet.header[at], types, rows)

    def _by_key(self, sheet: Sheet, at: int, node: n.TableDefinition) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for row in sheet.rows:
            key = fold(row.cells[at])
            first = rows.setdefault(key, row) if key else row
            if not key:
                self._wrong_row(sheet, row, f"this row has no `{sheet.header[at]}`, the key of the table", node)
            elif first is not row:
                again = f"the key `{row.cells[at]}` stands twice in the table `{node.name.key if node.name else ''}`"
                self._wrong_row(sheet, row, again, node, Related(sheet.place(first.line), "first here"))
        return rows

    def _wrong_row(self, sheet: Sheet, row: Row, message: str, node: n.TableDefinition, *more: Related) -> None:
        related = (*more, Related(node.path.span, "the table is declared here"))
        hint = "a table has one row for each key: upper and lower case do not count"
        self._scope.complain("LR147", sheet.place(row.line), message, help=hint, related=related)

    def _reader(self, cells: Sequence[str]) -> CellReader | None:
        """What reads every cell of a column that is not blank; None for text."""
        from leadrules.core.dates import MONTH_FIRST

        filled = list(dict.fromkeys(cell for cell in cells if cell))
        fitting = (one for one in self._readers() if all(_value(one, cell) is not None for cell in filled))
        first = next(fitting, None) if filled else None
        if first is None or first.layouts[0] not in MONTH_FIRST:
            return first
        # Where the day could as well come first, nobody knows which day a cell says.
        days = [[_value(one, cell) for cell in filled] for one in (first, *fitting) if one.field.type == DATE]
        return first if all(others == days[0] for others in days) else None

    def _readers(self) -> Iterator[CellReader]:
        """What a column may be read by, dates in each way in which the dates of a column of leads may be written."""
        from leadrules.core.dates import FOUND
        from leadrules.data.cells import CellReader

        yield CellReader(Field("", NUMBER), self._scope.calendar)
        for layout in FOUND:
            yield CellReader(Field("", DATE), self._scope.calendar, layouts=(layout,))
        yield CellReader(Field("", YESNO), self._scope.calendar)

    def _misfit(self, sheet: Sheet, key: int, column: str) -> tuple[str, Related] | None:
        """Why a column of text holds something else by most of its cells: the way out, and the first that does not fit."""
        at = column_index(sheet.header, column)
        filled = [(row, row.cells[at]) for row in sheet.rows if row.cells[at]] if at not in (None, key) else []
        read = [
            (one.field.type, [(row, cell) for row, cell in filled if _value(one, cell) is None])
            for one in self._readers()
        ]
        found, wrong = min(read, key=lambda one: len(one[1]))
        if 2 * len(wrong) >= len(filled):
            return None
        if not wrong:
            hint = "day and month of its dates cannot be told apart: write them as 2026-04-01"
            return hint, Related(sheet.place(filled[0][0].line), "such as here")
        row, cell = wrong[0]
        kind = "yes or no" if found == YESNO else f"a {found.kind}"
        hint = (
            f"the cells of its column are {kind} but for {len(wrong):,} of {len(filled):,}, the first of them `{cell}`"
        )
        return f"{hint} in line {row.line} of {sheet.file.path}", Related(sheet.place(row.line), f"not {kind}")

    def sheet(self, node: n.TextLiteral) -> Sheet | None:
        """The file that a path names; None with a finding where it cannot be used."""
        path = node.value
        if path not in self._sheets:
            self._sheets[path] = self._open(node)
        return self._sheets[path]

    def _open(self, node: n.TextLiteral) -> Sheet | None:
        path = node.value
        try:
            return parsed(path, self._bytes(path))
        except FileNotFoundError:
            self._missing(node)
        except Unreadable as reason:
            related = (Related(node.span, "named here"),) if reason.span else ()
            self._scope.complain("LR148", reason.span or node.span, str(reason), help=reason.help, related=related)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}"
            self._scope.complain(
                "LR148", node.span, message, help="paths are relative to the project, and stay inside it"
            )
        return None

    def _bytes(self, path: str) -> bytes:
        pure = PurePosixPath(slashed(path))
        way_out = "name a CSV file, by its path from the folder of leadrules.yaml"
        if not path.strip():
            raise Unreadable("the path is empty", way_out)
        if not pure.parts or "\0" in path:
            raise Unreadable(f'"{path}" is no path of a file', way_out)
        if pure.is_absolute() or ".." in pure.parts or ":" in pure.parts[0]:
            raise Unreadable(
                f'"{path}" leads out of the project', "paths are relative to the project, and stay inside it"
            )
        return self._read(slashed(path))

    def _missing(self, node: n.TextLiteral) -> None:
        folder = self._scope.project.root / PurePosixPath(slashed(node.value)).parent
        beside = sorted(f.relative_to(self._scope.project.root).as_posix() for f in _files(folder))
        near = nearest(node.value, beside)
        hint = f"did you mean `{near}`?" if near else "paths are relative to the folder of leadrules.yaml"
        self._scope.complain("LR145", node.span, f"there is no file {node.value}", label="not found", help=hint)


def _value(reader: CellReader | None, cell: str) -> Any:
    """The JSON of a cell; None for a blank, or for one that does not read; text where there is no reader."""
    from leadrules.data.cells import Bad

    if not cell or reader is None:
        return cell or None
    if reader.field.type == DATE and ":" in cell:
        return None
    value = reader.read(cell)
    if value is None or isinstance(value, Bad):
        return None
    return value.isoformat() if isinstance(value, date) else value


def _files(folder: Path) -> list[Path]:
    return [f for f in folder.iterdir() if f.is_file()] if folder.is_dir() else []


def parsed(path: str, raw: bytes) -> Sheet:
    """A CSV file: comma, semicolon or tab, found from the header; a byte order mark, UTF-8 or cp932. Raises Unreadable."""
    file = SourceFile(path, _decoded(path, raw))
    if not file.text.strip():
        raise Unreadable(f"{path} is empty", "its first line is the header")
    header_line = file.line(1)
    delimiter = max(DELIMITERS, key=header_line.count)
    records = list(_records(file, delimiter))
    header = tuple(trimmed(cell) for cell in records[0].cells)
    _check_header(path, file, header)
    rows = [_checked(file, row, len(header)) for row in records[1:] if any(trimmed(c) for c in row.cells)]
    return Sheet(file, header, tuple(rows))


def _decoded(path: str, raw: bytes) -> str:
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(f"{path} is neither UTF-8 nor cp932 text", "save it as CSV in UTF-8")


def _records(file: SourceFile, delimiter: str) -> list[Row]:
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        found = csv.reader(io.StringIO(file.text, newline=""), delimiter=delimiter, strict=True)
        records, line = [], 1
        for cells in found:
            records.append(Row(tuple(cells), line))
            line = found.line_num + 1
        return records
    except csv.Error as error:
        span = Span(file, file.offset(line, 1), file.offset(line, 1) + 1)
        raise Unreadable(
            f"{file.path}, line {line}: {error}", "quotes inside a quoted cell are doubled", span
        ) from None
    finally:
        csv.field_size_limit(before)


def _check_header(path: str, file: SourceFile, header: tuple[str, ...]) -> None:
    named = [nfc(title) for title in header if title]
    twice = next((title for i, title in enumerate(named) if title in named[:i]), None)
    if twice is not None:
        span = Span(file, 0, len(file.line(1)))
        raise Unreadable(f"{path} has two columns `{twice}`", "give one of them another header", span)


def _checked(file: SourceFile, row: Row, width: int) -> Row:
    cells = tuple(trimmed(cell) for cell in row.cells)
    if len(cells) != width:
        start = file.offset(row.line, 1)
        span = Span(file, start, start + len(file.line(row.line)))
        message = f"{file.path}, line {row.line}: {len(cells)} cells, and the header has {width}"
        raise Unreadable(message, "a cell that holds the delimiter stands in quotes", span)
    return Row(cells, row.line)
