"""Parquet and JSON lines as tables of text cells.

In: an `Input`. Out: the same header and batches as a CSV file gives, so that every format is checked by the same rules.
Values are written as a careful exporter would: times in ISO 8601, yes/no as true/false, the items of a list each ended
by `ITEM_END`. Knows nothing of fields.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import field
from itertools import islice
from typing import Any, ClassVar

import polars as pl

from leadrules.core.records import dataclass
from leadrules.data.encoding import text_blocks
from leadrules.data.errors import InputError
from leadrules.data.sources import Input
from leadrules.data.tables import ITEM_END, NO_OPTIONS, Batch, Options, Ragged

_ROWS = 500_000
_LINES = 50_000
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class ParquetFile:
    """A Parquet file; a record's line is its place among the records."""

    input: Input
    notes: list[str] = field(default_factory=list)
    has_lists: ClassVar[bool] = True

    @property
    def path(self) -> str:
        """How findings name the file."""
        return self.input.path

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._scanned().collect_schema().names())

    def batches(self, wanted: Sequence[int], options: Options = NO_OPTIONS) -> Generator[Batch]:
        """The rows, with the columns at these positions as text."""
        scan = self._scanned()
        schema = scan.collect_schema()
        names = {name: str(at) for at, name in enumerate(schema.names()) if at in set(wanted)}
        texts = [_as_text(pl.col(name), schema[name], name, self.path).alias(at) for name, at in names.items()]
        start = 0
        while len(part := self._collected(scan.slice(start, _ROWS).select(texts))):
            numbers = range(start + 1, start + len(part) + 1)
            yield Batch(part, numbers, numbers)
            start += len(part)

    def _scanned(self) -> pl.LazyFrame:
        try:
            if self.input.file is not None and not self.input.gzipped:
                scan = pl.scan_parquet(self.input.file)
            else:
                with self.input.opened() as stream:
                    scan = pl.read_parquet(io.BytesIO(stream.read())).lazy()
            scan.collect_schema()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from error
        return scan

    def _collected(self, part: pl.LazyFrame) -> pl.DataFrame:
        try:
            return part.collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(f"{self.path} is not a whole Parquet file: {error}", "Export it again.")


def _as_text(column: pl.Expr, dtype: pl.DataType, name: str, path: str) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        text = column.dt.cast_time_unit("us")
        return (
            text.dt.convert_time_zone("UTC").dt.strftime("%FT%T%.6fZ")
            if dtype.time_zone
            else text.dt.strftime("%FT%T%.6f")
        )
    if isinstance(dtype, pl.Boolean):
        return pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false"))
    if isinstance(dtype, pl.List | pl.Array):
        items = column.cast(pl.List(pl.String)).list.eval(pl.element().drop_nulls() + ITEM_END)
        return items.list.join("")
    if isinstance(dtype, pl.Struct | pl.Binary | pl.Object):
        raise InputError(
            f"{path}: the column {name} holds {dtype}, which is no cell", "Write it as text, or leave it out."
        )
    return column.cast(pl.String)


@dataclass(slots=True)
class JsonLines:
    """A file with one JSON object per line; its header is every key of its objects, in the order of first sight."""

    input: Input
    encoding: str
    notes: list[str] = field(default_factory=list)
    has_lists: ClassVar[bool] = True
    _header: tuple[str, ...] | None = None

    @property
    def path(self) -> str:
        """How findings name the file."""
        return self.input.path

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        if self._header is None:
            names: dict[str, None] = {}
            wrong = ""
            for _, _, row in self._objects():
                if isinstance(row, dict):
                    names.update(dict.fromkeys(row))
                else:
                    wrong = wrong or row
            if wrong and not names:
                raise InputError(f"{self.path} is not JSON lines: {wrong}", "Write one JSON object per line.")
            self._header = tuple(names)
        return self._header

    def batches(self, wanted: Sequence[int], options: Options = NO_OPTIONS) -> Generator[Batch]:
        """The rows; a line that is no JSON object is ragged."""
        # Objects without any key are rows of blanks: a column that no name is given for has none either.
        header = self.header or ("",)
        names = [(str(at), header[at]) for at in wanted]
        objects = self._objects()
        while some := list(islice(objects, _LINES)):
            good = [(line, number, row) for line, number, row in some if isinstance(row, dict)]
            columns = [pl.Series(at, [_cell(row.get(name)) for *_, row in good], dtype=pl.String) for at, name in names]
            ragged = tuple(Ragged(line, number, (), row) for line, number, row in some if not isinstance(row, dict))
            yield Batch(pl.DataFrame(columns), [line for line, *_ in good], [n for _, n, _ in good], ragged)

    def _objects(self) -> Iterator[tuple[int, int, dict[str, Any] | str]]:
        """Line, number, and the object or what is wrong with it."""
        number = 0
        for line, text in enumerate(self._lines(), 1):
            if text.strip():
                number += 1
                if number == 1 and text.lstrip().startswith("["):
                    raise InputError(
                        f"{self.path} is not JSON lines: it is one JSON array",
                        f"Write one JSON object per line: `jq -c '.[]' {self.path}`.",
                    )
                yield line, number, _parsed(text)

    def _lines(self) -> Iterator[str]:
        with self.input.opened() as stream:
            carry = b""
            for block in text_blocks(stream, self.encoding, self.path):
                *whole, carry = (carry + block).split(b"\n")
                yield from (line.decode() for line in whole)
            if carry:
                yield carry.decode()


def _parsed(text: str) -> dict[str, Any] | str:
    try:
        # Numbers stay as they are written: a cell is text until its field says what it is.
        row = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    except RecursionError:
        return "not a JSON object: nested too deep"
    except ValueError as error:
        return f"not a JSON object: {error}"
    if "\\u" in text and (bad := _LONE.search(json.dumps(row, ensure_ascii=False))):
        return f"\\u{ord(bad.group()):04x} is half a character: its other half is missing"
    return row if isinstance(row, dict) else "not a JSON object"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the name {next(name for name in found if names.count(name) > 1)} stands there twice")
    return found


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return "".join(f"{_cell(item)}{ITEM_END}" for item in value if item is not None)
    return json.dumps(value, ensure_ascii=False)
