"""Files of a run: CSV, Parquet and JSON lines.

In: a frame of typed columns, a path. Out: the file, the same bytes for the same frame, and for cp932 the list of what it
cannot hold. A file is written beside its place and renamed, so it is whole or not there; `staging.py` does the same for
all files of a run together. Knows nothing of what the columns mean.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import IO, Literal

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import many
from leadrules.data.tables import ahead, in_turn
from leadrules.data.texts import as_text, safe, written_numbers

Encoding = Literal["utf-8", "utf-8-sig", "cp932"]
FileFormat = Literal["csv", "parquet", "jsonl"]
ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-8-sig", "cp932")
_SLICE = 100_000
_SHOWN_LOST = 3
_MARKS = {"utf-8": b"", "utf-8-sig": b"\xef\xbb\xbf", "cp932": b""}
# Characters that cp932 has at another place, for the same sign: the wave dash and minus of other systems, and the like.
_NEIGHBOURS = str.maketrans({"〜": "～", "−": "－", "‖": "∥", "—": "―", "¢": "￠", "£": "￡", "¬": "￢", "¦": "￤"})
_REPLACEMENT = "?"
_QUOTED = '",\r\n'
_NEEDS_QUOTES = f"[{_QUOTED}]"
_ESCAPED = r'["\\\x00-\x1f]'  # in JSON
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")  # as Polars says it of a full disk


@dataclass(frozen=True, slots=True)
class Lost:
    """A cell that the encoding cannot hold: its file, the key of its row, its column, its text, and the characters that
    became `?`."""

    file: str
    key: str
    column: str
    value: str
    characters: str


def lost_words(lost: tuple[Lost, ...]) -> list[str]:
    """What the encoding could not hold, in words; nothing where it holds all."""
    if not lost:
        return []
    shown = [
        f"{cell.file}, {cell.key}, {cell.column}: `{cell.value}` ({cell.characters})" for cell in lost[:_SHOWN_LOST]
    ]
    more = f", and {len(lost) - _SHOWN_LOST:,} more" if len(lost) > _SHOWN_LOST else ""
    return [f"cp932 cannot hold {many(len(lost), 'cell')}; `?` stands for what is lost: {'; '.join(shown)}{more}"]


def write_csv(
    frame: pl.DataFrame | Generator[pl.DataFrame],
    path: Path,
    *,
    zone: str,
    plain: Collection[str] = (),
    bare: Collection[str] = (),
    make_safe: bool = True,
    encoding: Encoding = "utf-8",
) -> tuple[Lost, ...]:
    """Write a frame, whole or in parts, as CSV. Columns in `plain` (keys) are never made safe, with `make_safe=False`
    none is. Those in `bare` hold nothing that needs quotes, and are not looked at for it."""
    form = _Form(Calendar(zone), frozenset(plain), frozenset(bare), make_safe=make_safe)
    lost: list[Lost] = []

    def written(part: pl.DataFrame) -> pl.DataFrame:
        # What cp932 cannot hold is told of a cell as it is, so there quotes come after.
        return form.cells(part) if encoding == "cp932" else form.quoted(form.cells(part), _without_words(part))

    parts = _slices(frame) if isinstance(frame, pl.DataFrame) else frame
    with _replacing(path) as stream:
        for number, cells in enumerate(in_turn(ahead(parts), written)):
            key = next((one for one in plain if one in cells.columns), cells.columns[0])
            if not number:
                header = pl.DataFrame({name: [name] for name in cells.columns})
                if encoding == "cp932":
                    header, without = _held(header, path.name, key)
                    lost.extend(without)
                stream.write(_MARKS[encoding])
                stream.write(_line(header.row(0), encoding))
            if encoding == "cp932":
                held, without = _held(cells, path.name, key)
                lost.extend(without)
                lines = io.BytesIO()
                _write_lines(form.quoted(held), lines)
                stream.write(lines.getvalue().decode().encode(encoding))
            else:
                _write_lines(cells, stream)
            _begin_to_keep(stream)
    return tuple(lost)


@dataclass(frozen=True, slots=True)
class _Form:
    """How the columns of a CSV are written."""

    calendar: Calendar
    plain: frozenset[str]
    bare: frozenset[str]
    make_safe: bool

    def cells(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The cells as a CSV has them, whole numbers as numbers, which are written faster than their text."""
        return pl.DataFrame([self._cells(column) for column in frame])

    def _cells(self, column: pl.Series) -> pl.Series:
        dtype = column.dtype
        if dtype.is_float() or dtype.is_integer():
            return written_numbers(column) if dtype.is_float() else column
        text = as_text(column, self.calendar)
        if dtype.is_temporal() or dtype == pl.Boolean:
            return text
        text = text.replace("", None) if (text == "").any() else text
        return safe(text) if self.make_safe and column.name not in self.plain else text

    def quoted(self, cells: pl.DataFrame, bare: Collection[str] = ()) -> pl.DataFrame:
        """With quotes where the text of a cell needs them, which in columns of `bare` it cannot."""
        bare = self.bare.union(bare)
        # Polars would look for them cell by cell, in all columns.
        return cells.with_columns(
            _quoted(column) for column in cells if column.dtype == pl.String and column.name not in bare
        )


def _without_words(frame: pl.DataFrame) -> list[str]:
    """The columns of numbers, times and yes/no: their cells are written without any sign that needs quotes."""
    return [
        name for name, dtype in frame.schema.items() if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean
    ]


def needs_quotes(text: str) -> bool:
    """Whether a cell of this text stands in quotes."""
    return any(sign in text for sign in _QUOTED)


def _quoted(texts: pl.Series) -> pl.Series:
    needed = texts.str.contains(_NEEDS_QUOTES)
    if not needed.any():
        return texts
    return ('"' + texts.str.replace_all('"', '""', literal=True) + '"').zip_with(needed, texts).alias(texts.name)


def _slices(frame: pl.DataFrame) -> Generator[pl.DataFrame]:
    yield from frame.iter_slices(_SLICE) if frame.height else [frame]


def _write_lines(cells: pl.DataFrame, stream: IO[bytes]) -> None:
    with _system_errors():
        cells.write_csv(stream, include_header=False, quote_style="never", line_terminator="\n")


@contextmanager
def _system_errors() -> Iterator[None]:
    """What Polars tells of the system, with the number that Python would tell it by."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        found = _SYSTEM_ERROR.search(str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1]))) from error


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, with its types."""
    with _replacing(path) as stream:
        enums = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum | pl.Categorical)]
        with _system_errors():
            frame.with_columns(pl.col(enums).cast(pl.String)).write_parquet(stream)


def write_jsonl(frame: pl.DataFrame | Generator[pl.DataFrame], path: Path, *, zone: str) -> None:
    """Write a frame, whole or in parts, as JSON lines: one object per row, null for a blank, numbers without trailing zeros."""
    calendar = Calendar(zone)
    parts = _slices(frame) if isinstance(frame, pl.DataFrame) else frame
    with _replacing(path) as stream:
        for part in parts:
            _write_lines(_json_lines(part, calendar), stream)


def _json_lines(frame: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """An object per row, as one column of text."""
    cells = pl.DataFrame([_json_cells(column, calendar) for column in frame])
    keys = [f"{json.dumps(name, ensure_ascii=False)}: " for name in frame.columns]
    starts = [f"{', ' if at else '{'}{key}" for at, key in enumerate(keys)]
    pieces = [
        piece for start, name in zip(starts, cells.columns, strict=True) for piece in (pl.lit(start), pl.col(name))
    ]
    return cells.select(line=pl.concat_str(*pieces, pl.lit("}")))


def write_table(
    frame: pl.DataFrame | Generator[pl.DataFrame],
    path: Path,
    format: FileFormat,
    *,
    zone: str,
    plain: Collection[str] = (),
    bare: Collection[str] = (),
    encoding: Encoding = "utf-8",
) -> tuple[Lost, ...]:
    """Write a frame, whole or in parts, in one of the formats; the ending of the path is the format's."""
    target = path.with_suffix(f".{format}")
    if format == "csv":
        return write_csv(frame, target, zone=zone, plain=plain, bare=bare, encoding=encoding)
    if format == "parquet":
        write_parquet(frame if isinstance(frame, pl.DataFrame) else pl.concat(frame), target)
    else:
        write_jsonl(frame, target, zone=zone)
    return ()


class _replacing:  # noqa: N801 - reads as a statement
    """A stream beside a path, renamed to it once everything is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aside = path.with_name(f".{path.name}.part")

    def __enter__(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.stream = self.aside.open("wb")
        return self.stream

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.stream.close()  # writes what is left, which a full disk may refuse
            if kind is None:
                self.aside.replace(self.path)
        finally:
            self.aside.unlink(missing_ok=True)


def _begin_to_keep(stream: IO[bytes]) -> None:
    """Have the system bring what is written to the disk while the rest is made: whoever waits for all of it waits less."""
    stream.flush()
    if hasattr(os, "posix_fadvise"):  # what is on the disk may leave the memory, and what is not is sent there
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _line(names: Iterable[str], encoding: Encoding) -> bytes:
    header = pl.DataFrame({str(at): [name] for at, name in enumerate(names)})
    text = header.write_csv(include_header=False, quote_style="necessary", line_terminator="\n")
    return text.encode("cp932" if encoding == "cp932" else "utf-8")


def _held(cells: pl.DataFrame, file: str, key: str) -> tuple[pl.DataFrame, list[Lost]]:
    """The same cells with what cp932 cannot hold replaced, and the list of it, by rows."""
    keys = cells.get_column(key)
    lost: list[tuple[int, Lost]] = []
    columns = []
    for column in cells:
        if column.dtype != pl.String:
            columns.append(column)
            continue
        wide = rows_where((column.str.len_bytes() != column.str.len_chars()).fill_null(value=False))
        held = [_holdable(text) for text in column.gather(wide)]
        lost.extend(
            (row, Lost(file, str(keys[row]), column.name, column[row], characters))
            for row, (_, characters) in zip(wide, held, strict=True)
            if characters
        )
        columns.append(
            column.scatter(wide, pl.Series([text for text, _ in held], dtype=pl.String)) if len(wide) else column
        )
    return pl.DataFrame(columns), [cell for _, cell in sorted(lost, key=itemgetter(0))]


def _holdable(text: str) -> tuple[str, str]:
    """A text as cp932 can hold it, and the characters that it cannot."""
    try:
        text.encode("cp932")
    except UnicodeEncodeError:
        near = text.translate(_NEIGHBOURS)
        lost = [char for char in near if not _in_cp932(char)]
        return "".join(char if _in_cp932(char) else _REPLACEMENT for char in near), "".join(dict.fromkeys(lost))
    return text, ""


def _in_cp932(char: str) -> bool:
    try:
        char.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def _json_cells(column: pl.Series, calendar: Calendar) -> pl.Series:
    """The values as JSON; only text with signs that JSON escapes is looked at cell by cell."""
    dtype = column.dtype
    if isinstance(dtype, pl.List):
        lists = ["null" if value is None else json.dumps(list(value), ensure_ascii=False) for value in column]
        return pl.Series(column.name, lists, dtype=pl.String)
    texts = as_text(column, calendar)
    if not dtype.is_numeric() and dtype != pl.Boolean:
        escaped = rows_where(texts.str.contains(_ESCAPED).fill_null(value=False))
        told = pl.Series([json.dumps(text, ensure_ascii=False) for text in texts.gather(escaped)], dtype=pl.String)
        texts = ('"' + texts + '"').scatter(escaped, told)
    return texts.fill_null("null").alias(column.name)
