"""What a file of leads looks like: the kind of each column, its choices, its blanks, how it writes dates.

In: a CSV (or TSV, Parquet, JSON lines) file. Out: `Profile`. Every value of the file is tried with the readers that a
run uses, so what is found here is what a run will read. Knows nothing of rules.
"""

from __future__ import annotations

import io
import re
from collections import Counter

import polars as pl

from leadrules.core.dates import Layout
from leadrules.core.records import dataclass
from leadrules.core.text import fold, skeleton, trimmed
from leadrules.data.csv_file import DELIMITERS, open_csv
from leadrules.data.csv_records import records
from leadrules.data.encoding import UndecodableError, refusal
from leadrules.data.errors import InputError
from leadrules.data.kinds import SURE_BLANKS, Kind, find_kind
from leadrules.data.other_formats import JsonLines, ParquetFile
from leadrules.data.sources import Input
from leadrules.data.tables import Table

_HEAD = 1 << 16
_KANA = re.compile("[\u3041-\u30ff]")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `options` are the values of a choice, or those that a text often has; `misfits` the values that are
    not of the kind, the most frequent first, `misfitting` how many cells hold them. `blanks` are texts that only here
    mean a blank; `layouts` how its dates are written.

    Two layouts, with `unclear`, are day first and month first, and nothing in the column tells which.
    """

    header: str
    kind: Kind
    filled: int
    distinct: int
    options: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    unclear: bool = False
    values: pl.Series | None = None
    misfits: tuple[str, ...] = ()
    misfitting: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """A file of leads. `left_out` are headers that no field can stand for, with the reason."""

    encoding: str | None
    delimiter: str | None
    rows: int
    ragged: int
    columns: tuple[Column, ...]
    blanks: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...] = ()

    @property
    def is_japanese(self) -> bool:
        """Whether the file was made in Japan, by its encoding or its headers."""
        return (self.encoding == "cp932" and not self.doubts) or any(
            _KANA.search(column.header) for column in self.columns
        )


def profile(source: Input) -> Profile:
    """The profile of a file. Raises InputError where it cannot be read."""
    table, encoding, cells, ragged = _read(source)
    kept, left_out = _headers(table.header)
    found: set[str] = set()
    columns = []
    for at in kept:
        values = _trimmed(cells, at)
        found.update(value for value in values.unique().to_list() if value and fold(value) in SURE_BLANKS)
        columns.append(_column(table.header[at], values))
    return Profile(
        encoding=encoding,
        delimiter=_delimiter(source, encoding, table.header),
        rows=len(cells),
        ragged=ragged,
        columns=tuple(columns),
        blanks=tuple(sorted(found)),
        left_out=left_out,
        doubts=tuple(table.notes),
    )


def _read(source: Input) -> tuple[Table, str | None, pl.DataFrame, int]:
    if source.format == "parquet":
        return _cells(ParquetFile(source), None)
    last: UndecodableError | None = None
    for encoding in ("utf-8", "cp932"):
        table: Table = (
            JsonLines(source, encoding) if source.format == "jsonl" else open_csv(source, None, None, encoding)
        )
        try:
            return _cells(table, _marked(source) or encoding)
        except UndecodableError as error:
            last = last or error
    assert last is not None
    way_out = "Save it as UTF-8 (in Excel: CSV UTF-8) and try again."
    raise InputError(refusal(last, None).message, way_out)


def _delimiter(source: Input, encoding: str | None, header: tuple[str, ...]) -> str | None:
    """The delimiter by which the first line gives the header; None where there is nothing to separate."""
    if source.format not in ("csv", "tsv") or len(header) < 2:
        return None
    with source.opened() as stream:
        text = stream.read(_HEAD).decode(encoding or "utf-8", errors="ignore").lstrip("\ufeff\r\n")
    for delimiter in DELIMITERS:
        first = next(records(io.StringIO(text, newline=""), delimiter, source.path), None)
        if first is not None and tuple(first.cells) == header:
            return delimiter
    return None


def _marked(source: Input) -> str | None:
    with source.opened() as stream:
        head = stream.read(2)
    return "utf-16" if head in (b"\xff\xfe", b"\xfe\xff") else None


def _cells(table: Table, encoding: str | None) -> tuple[Table, str | None, pl.DataFrame, int]:
    width = len(table.header)
    batches = list(table.batches(range(width)))
    schema = {str(at): pl.String for at in range(width)}
    frames = [batch.cells.cast(pl.String) for batch in batches if len(batch.cells)]
    cells = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    return table, encoding, cells, sum(len(batch.ragged) for batch in batches)


def _headers(header: tuple[str, ...]) -> tuple[list[int], tuple[tuple[str, str], ...]]:
    """The positions of the columns that a field can stand for, and why the others cannot be told apart."""
    counts = Counter(skeleton(name) for name in header)
    kept = [at for at, name in enumerate(header) if skeleton(name) and counts[skeleton(name)] == 1]
    left_out = [
        (name, "has no header" if not skeleton(name) else "has the same header as another")
        for at, name in enumerate(header)
        if at not in kept
    ]
    return kept, tuple(left_out)


def _trimmed(cells: pl.DataFrame, at: int) -> pl.Series:
    return cells.get_column(str(at)).fill_null("").str.strip_chars()


def _column(header: str, values: pl.Series) -> Column:
    counted = Counter(dict(values.value_counts().iter_rows()))
    real = {v: n for v, n in counted.items() if fold(trimmed(v)) and fold(v) not in SURE_BLANKS}
    filled, distinct = sum(real.values()), len(real)
    if not real:
        return Column(header, "text", 0, 0)
    found = find_kind(header, real)
    unclear = len(found.layouts) > 1
    wrong = tuple(sorted(found.misfits, key=lambda value: (-real[value], value)))
    cells = sum(real[value] for value in wrong)
    return Column(
        header,
        found.kind,
        filled,
        distinct,
        options=found.often,
        blanks=found.blanks,
        layouts=found.layouts,
        unclear=unclear,
        values=values,
        misfits=wrong,
        misfitting=cells,
    )
