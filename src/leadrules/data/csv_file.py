"""CSV and TSV files as tables.

In: an `Input`, the encoding and delimiter that its source states. Out: a header and batches of text cells. The bulk goes
through Polars, block by block, wherever a look at the bytes proves that it reads the block as RFC 4180 does; any other
block is read record by record (csv_records.py). Knows nothing of fields and types.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import field
from functools import partial
from itertools import chain
from typing import ClassVar

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.text import trimmed
from leadrules.data.csv_records import FOOTER, Record, batches, filled, records, without_footer
from leadrules.data.doubtful import letters_note, wrong_letters
from leadrules.data.encoding import is_marked, named, text_blocks
from leadrules.data.errors import InputError
from leadrules.data.sources import Input
from leadrules.data.tables import NO_OPTIONS, Batch, Options, Place

DELIMITERS = (",", ";", "\t")
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
_HEAD = 1 << 16
_TAIL = 4096
_SAMPLE = 1 << 20
_FEW_NULS = 4
_BINARY_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the first row: the header, the delimiter, and where the rows begin (`byte` of the text)."""

    header: tuple[str, ...]
    delimiter: str
    rest: bytes
    line: int
    byte: int


@dataclass(slots=True)
class CsvFile:
    """A CSV file whose encoding is settled. Raises UndecodableError where a byte does not belong to it."""

    input: Input
    encoding: str
    stated_delimiter: str | None = None
    is_stated: bool = False  # whether the source says the encoding
    notes: list[str] = field(default_factory=list)
    begin: Place | None = None  # where the rows begin, if not behind the header: a `Batch.then` of an earlier reading
    has_lists: ClassVar[bool] = False
    _head: _Head | None = None

    @property
    def path(self) -> str:
        """How findings name the file."""
        return self.input.path

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self._known_head().header

    def _known_head(self) -> _Head:
        if self._head is None:
            with self.input.opened() as stream, closing(text_blocks(stream, self.encoding, self.path, _HEAD)) as blocks:
                self._head = self._read_head(blocks)
        return self._head

    def batches(self, wanted: Sequence[int], options: Options = NO_OPTIONS) -> Generator[Batch]:
        """The rows. Raises InputError for a quote that is never closed."""
        self.notes[:] = self._doubts()
        first = 0 if self.begin is None else self.begin.byte
        with (
            self.input.opened() as stream,
            closing(text_blocks(stream, self.encoding, self.path, begin=first)) as blocks,
        ):
            if self.begin is None:
                head = self._head = self._read_head(blocks)
                start, rest = Place(head.byte, head.line, 1), [head.rest]
            else:
                head, start, rest = self._known_head(), self.begin, []
            yield from self._rows(head, start, _whole_lines(chain(rest, blocks)), sorted(wanted), options)

    @property
    def can_begin_inside(self) -> bool:
        """Whether a byte of the text is a byte of the file, at which reading can begin."""
        if self.input.file is None or self.input.gzipped or self.encoding != "utf-8":
            return False
        with self.input.opened() as stream:
            return not is_marked(stream.read(4))

    def _doubts(self) -> list[str]:
        """That a file is UTF-8 too where another encoding is stated, or hardly Japanese, which would make other letters of
        it without a word."""
        if self.encoding.startswith("utf"):
            return []
        with self.input.opened() as stream:
            start = stream.read(_SAMPLE)
        if start.isascii() or is_marked(start):
            return []
        try:
            codecs.getincrementaldecoder("utf-8")().decode(start)
        except UnicodeDecodeError:
            word = wrong_letters(start.decode(self.encoding, "ignore")) if self.encoding == "cp932" else None
            return [] if word is None else [letters_note(self.path, word)]
        said = f"{self.path} is read as {self.encoding}, as its source says, and is UTF-8 as well"
        return [f"{said}: where letters look wrong, take `encoding: {self.encoding}` out of leadrules.yaml"]

    def _rows(
        self, head: _Head, start: Place, chunks: Iterator[tuple[bytes, bool]], wanted: list[int], options: Options
    ) -> Iterator[Batch]:
        width, (byte, line, number) = len(head.header), start
        end = str(width - 1)
        read = sorted({*wanted, width - 1})  # a row that is short has no last cell: where all have one, none is
        for chunk, last in chunks:
            byte += len(chunk)
            unsure = last and _may_end_in_footer(chunk)
            fast = None if unsure else _fast(chunk, head.delimiter, width, read, options)
            if fast is not None:
                if len(read) > len(wanted):
                    read = wanted if fast.get_column(end).null_count() else read
                    fast = fast.drop(end)
                # Where one block has other texts the next ones will too: they need not be read twice.
                options = options if all(fast.schema[str(i)] == pl.Enum for i in options) else NO_OPTIONS
                lines, numbers = range(line, line + len(fast)), range(number, number + len(fast))
                line, number = lines.stop, numbers.stop
                ends = not last or _ends_in_row(chunk, head.delimiter, self.path)
                yield Batch(fast, lines, numbers, then=Place(byte, line, number) if ends else None)
                continue
            goes_on = b'"' in chunk  # a cell may reach into the next block, so this reading goes on to the end
            rest = chain([chunk], (later for later, _ in chunks)) if goes_on else iter([chunk])
            for batch in self._exact(_lines(rest), head, wanted, line, number, to_end=goes_on or last):
                yield batch
                number += len(batch.lines) + len(batch.ragged)
            line += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")

    def _exact(
        self, lines: Iterator[str], head: _Head, wanted: list[int], line: int, number: int, *, to_end: bool
    ) -> Iterator[Batch]:
        found: Iterator[Record] = records(lines, head.delimiter, self.path, line)
        footer: list[int] = []
        yield from batches(
            without_footer(found, len(head.header), footer) if to_end else found, len(head.header), wanted, number
        )
        if sum(footer):
            self.notes.append(f"{self.path}: left out the footer of a Salesforce report ({sum(footer)} lines)")

    def _read_head(self, blocks: Iterator[bytes]) -> _Head:
        start = b""
        for block in blocks:
            start += block
            _refuse_binary(self.path, start)
            head = self._head_in(start[:_HEAD], start) or (self._head_in(start, start) if len(start) > _HEAD else None)
            if head is not None:
                return head
        head = self._head_in(start + b"\n", b"") if start.strip() else None
        if head is None:
            raise InputError(f"{self.path} is empty: it has no header line", "Export it again, with the column names.")
        return head

    def _head_in(self, start: bytes, block: bytes) -> _Head | None:
        """The header, if the start of the block holds all of it."""
        text = start.decode(errors="ignore")  # a cut may go through the last character
        lines = io.StringIO(text, newline="")
        skipped, stated = _before_header(text)
        lines.seek(skipped)
        taken: list[str] = []
        delimiter = _delimiter(self.stated_delimiter, stated, self.input.format)
        for line in lines:
            taken.append(line)
            header = "".join(taken)
            if line.endswith(("\n", "\r")) and _quotes_closed(header):
                break
        else:
            return None
        delimiter = delimiter or _sniffed(header)
        record = next(records(taken, delimiter, self.path))
        if record.problem:
            raise InputError(f"{self.path}: the header cannot be read: {record.problem}")
        if not any(map(trimmed, record.cells)):
            raise InputError(f"{self.path} has no header: its first line is blank", "Put the column names there.")
        before = text[:skipped]
        size = len((before + header).encode())
        line_number = 1 + len(taken) + sum(1 for _ in io.StringIO(before, newline=""))
        return _Head(tuple(record.cells), delimiter, block[size:], line_number, size)


def open_csv(source: Input, stated: str | None, delimiter: str | None, assumed: str) -> CsvFile:
    """The file in the encoding that its source states, else in the one that is assumed."""
    encoding = named(stated, source.path) if stated else assumed
    return CsvFile(source, encoding, delimiter, is_stated=stated is not None)


def _before_header(text: str) -> tuple[int, str | None]:
    """How many characters stand before the header: blank lines, and the `sep=;` line that Excel understands."""
    at = len(text) - len(text.lstrip("\r\n"))
    line_end = min((i for i in (text.find("\n", at), text.find("\r", at)) if i >= 0), default=-1)
    first = text[at:line_end].strip().strip('"') if line_end >= 0 else ""
    if len(first) == 5 and first.lower().startswith("sep="):
        after = text[line_end:]
        return line_end + len(after) - len(after.lstrip("\r\n")), first[4]
    if first.lower() == "sep=" and text[at:line_end].endswith("\t"):
        return line_end + len(text[line_end:]) - len(text[line_end:].lstrip("\r\n")), "\t"
    return at, None


def _delimiter(stated: str | None, by_excel: str | None, kind: str) -> str | None:
    if stated:
        return _WORDS.get(stated, stated)
    return by_excel or ("\t" if kind == "tsv" else None)


def _sniffed(header: str) -> str:
    """The delimiter that stands most often outside the quotes of the header; a comma where none does."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _quotes_closed(text: str) -> bool:
    return text.count('"') % 2 == 0


def _refuse_binary(path: str, start: bytes) -> None:
    sample = start[:65536]
    if sample.count(0) > _FEW_NULS + len(sample) * _BINARY_SHARE:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        order = "be" if even > odd else "le"
        raise InputError(
            f"{path} is not a text file: it is full of NUL bytes",
            f"Save it as CSV. If it is UTF-16 without a byte order mark, state `encoding: utf-16-{order}`.",
        )


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The blocks cut after a line end each, and whether it is the last one."""
    held = carry = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            carry += block
            continue
        if held:
            yield held, False
        held = b"".join((carry, memoryview(block)[:cut])) if carry else block[:cut]
        carry = block[cut:]
    if held or carry:
        yield held + carry if carry else held, True


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    return chain.from_iterable(io.StringIO(chunk.decode(), newline="") for chunk in chunks)


def _may_end_in_footer(chunk: bytes) -> bool:
    tail = chunk[-_TAIL:].decode(errors="replace")
    return any(FOOTER.search(line.strip(' "\t')) for line in tail.splitlines())


def _ends_in_row(chunk: bytes, delimiter: str, path: str) -> bool:
    """Whether the last line is whole, and no part of a footer whatever comes below it."""
    line = chunk[chunk.rfind(b"\n", 0, -1) + 1 :]
    return line.endswith(b"\n") and filled(next(records([line.decode()], delimiter, path))) > 1


def _fast(
    chunk: bytes, delimiter: str, width: int, wanted: list[int], options: Options = NO_OPTIONS
) -> pl.DataFrame | None:
    """The wanted columns by Polars, or nothing where it might read the block otherwise than RFC 4180 does."""
    mark = delimiter.encode()
    has_returns = b"\r" in chunk
    if len(mark) != 1 or (has_returns and chunk.count(b"\r") != chunk.count(b"\r\n")):
        return None
    if chunk.startswith(codecs.BOM_UTF8):  # inside a file: Polars would leave it out of the cell
        return None
    if width == 1 and (b"\n\n" in chunk or b"\n\r\n" in chunk or chunk[:1] in b"\r\n"):
        return None
    has_quotes = b'"' in chunk
    quoted = _delimiters_in_quotes(chunk, delimiter) if has_quotes else 0
    if quoted is None:
        return None
    frame = _parsed(chunk, delimiter, width, wanted, options, has_quotes=has_quotes)
    if frame is None:
        return None
    # Polars refuses long rows, but fills short ones up: only if the delimiters are all there is no row short.
    end = str(width - 1)
    if end in frame.columns and not frame.get_column(end).null_count():
        return frame
    is_plain = frame.width == width and not has_quotes and not has_returns
    delimiters = _delimiters(chunk, frame) if is_plain else chunk.count(mark) - quoted
    return frame if delimiters == len(frame) * (width - 1) else None


def _parsed(
    chunk: bytes, delimiter: str, width: int, wanted: list[int], options: Options, *, has_quotes: bool
) -> pl.DataFrame | None:
    """What Polars reads; a column with options as an Enum of them if that is all it has, which costs less than text."""
    schema: dict[str, pl.DataType] = {str(i): pl.String() for i in range(width)}
    schema |= {str(i): pl.Enum(list(texts)) for i, texts in options.items()}
    again = partial(_parsed, chunk, delimiter, width, wanted, NO_OPTIONS, has_quotes=has_quotes)
    try:
        frame = pl.read_csv(
            chunk,
            has_header=False,
            separator=delimiter,
            quote_char='"' if has_quotes else None,
            schema=schema,
            columns=wanted,
            truncate_ragged_lines=False,
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return again() if options else None
    if any(frame.get_column(str(i)).null_count() for i in options):
        return again()
    return frame


def _delimiters(chunk: bytes, frame: pl.DataFrame) -> int:
    """How many delimiters a plain block has that is read whole: all that is no cell and no line end."""
    return len(chunk) - sum(map(_size, frame)) - len(frame) + (not chunk.endswith(b"\n"))


def _size(column: pl.Series) -> int:
    """How many bytes the cells of a column have together."""
    if isinstance(column.dtype, pl.Enum):
        return int(column.dtype.categories.str.len_bytes()[column.to_physical()].cast(pl.UInt64).sum())
    return int(column.str.len_bytes().sum())


def _delimiters_in_quotes(chunk: bytes, delimiter: str) -> int | None:
    """How many delimiters stand inside quotes; nothing if a line with quotes is not whole and regular in itself."""
    mark = {"|": r"\|", "\t": r"\t", "^": r"\^"}.get(delimiter, delimiter)
    cell = f'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
    lines = pl.read_lines(chunk, name="line").get_column("line")
    lines = lines.filter(lines.str.contains('"', literal=True))
    if not lines.str.contains(f"^{cell}(?:{mark}{cell})*\r?$").all():
        return None
    bare = lines.str.replace_all('"(?:[^"]|"")*"', "")
    return _occurrences(lines, delimiter) - _occurrences(bare, delimiter)


def _occurrences(texts: pl.Series, delimiter: str) -> int:
    return int(texts.str.count_matches(delimiter, literal=True).sum())
