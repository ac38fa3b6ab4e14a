"""What a file of leads looks like: the kind of each column, its choices, its blanks, how it writes dates.

In: a CSV (or TSV, Parquet, JSON lines) file. Out: `Profile`. Every value of the file is tried with the readers that a
run uses, so what is found here is what a run will read. Knows nothing of rules.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from leadrules.core import types
from leadrules.core.calendar import Calendar
from leadrules.core.text import fold, trimmed
from leadrules.data.cells import NO, YES, Bad, CellReader, parse_number
from leadrules.data.csv_file import DELIMITERS, open_csv
from leadrules.data.csv_records import records
from leadrules.data.dates import DAY_FIRST, FOUND, ISO, MONTH_FIRST, Layout
from leadrules.data.encoding import UndecodableError, refusal
from leadrules.data.errors import InputError
from leadrules.data.headers import skeleton
from leadrules.data.other_formats import JsonLines, ParquetFile
from leadrules.data.sources import Input
from leadrules.data.tables import Table
from leadrules.project.model import Field

Kind = Literal["text", "email", "choice", "set", "number", "integer", "yesno", "date", "datetime"]

SURE_BLANKS = frozenset(fold(w) for w in ("null", "(null)", "n/a", "#n/a", "unknown", "undefined", "不明", "(blank)"))
LIKELY_BLANKS = SURE_BLANKS | frozenset(
    fold(w) for w in ("na", "nan", "none", "nil", "-", "--", "?", "なし", "未設定", "未入力")
)
MOST_CHOICES = 20
_HEAD = 1 << 16
_LONGEST_CHOICE = 60
_OFTEN = 0.05
_MOST_ITEMS = 60
_IDENTIFIER = re.compile(r"(^|_)(id|uuid|guid|fid|zip|postal|postcode|phone|mobile|tel|fax|password|hash)(_|$)")
_IDENTIFIER_JA = re.compile("番号|コード|電話|郵便|携帯")
_COUNT = re.compile(r"(^|_)(count|number|num|no|score|visits|views|clicks|times|days)(_|$)|数|回")
_PERSONAL = re.compile(
    r"(^|_)(name|e?mail|email_address|street|address|city|company|notes?|comments?|subject|url)(_|$)|名前|氏名|住所|会社名|備考|メール"
)
_HASH = re.compile(r"(?=.*\d)[A-Za-z0-9+/_-]{16,}={0,2}|[A-Za-z0-9+/]{14,}={1,2}")
_DATE_NAME = re.compile(r"date|time|day|_at$|_on$|created|日")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `blanks` are texts that only here mean a blank; `layouts` how its dates are written.

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
    kind, blanks, layouts = _kind(header, real)
    if kind == "text" and _is_choice(header, real):
        return Column(header, "choice", filled, distinct, options=_spellings(real), values=values)
    if kind in ("integer", "number") and not blanks:
        blanks = _sentinel(real)
    unclear = len(layouts) > 1
    return Column(header, kind, filled, distinct, blanks=blanks, layouts=layouts, unclear=unclear, values=values)


def _sentinel(real: dict[str, int]) -> tuple[str, ...]:
    """`-1` where it plainly means "none": the one value below zero, and a frequent one."""
    negative = [value for value in real if (parse_number(value) or 0) < 0]
    frequent = real.get("-1", 0) >= _OFTEN * sum(real.values())
    return ("-1",) if negative == ["-1"] and frequent and len(real) > MOST_CHOICES else ()


def _kind(header: str, real: dict[str, int]) -> tuple[Kind, tuple[str, ...], tuple[Layout, ...]]:
    """The narrowest kind that every value has, likely blanks apart."""
    likely = tuple(sorted(value for value in real if fold(value) in LIKELY_BLANKS))
    sure = [value for value in real if fold(value) not in LIKELY_BLANKS]
    if not sure:
        return "text", (), ()
    name = snake(header)
    if not _is_identifier(name):
        kind, layouts = _narrow(name, sure)
        if kind is not None:
            return kind, likely, layouts
    if _all(sure, Field("x", types.TEXT, format="email")):
        return "email", likely, ()
    return ("set" if _is_set(real) else "text"), (), ()


def _narrow(name: str, values: list[str]) -> tuple[Kind | None, tuple[Layout, ...]]:
    layouts, timed = _layouts(name, values)
    if layouts:
        return ("datetime" if timed else "date"), layouts
    if _is_yesno(name, values):
        return "yesno", ()
    if any(re.match(r"[-+]?0\d", value) for value in values):
        return None, ()
    if not _all(values, Field("x", types.NUMBER)):
        return None, ()
    numbers = (parse_number(value) for value in values)
    whole = all("." not in value for value in values) and all(n is not None and n == int(n) for n in numbers)
    return ("integer" if whole else "number"), ()


def _is_yesno(name: str, values: list[str]) -> bool:
    words = {fold(value) for value in values}
    if not words <= (YES | NO):
        return False
    digits = words <= {"0", "1"}
    return not digits or (len(words) == 2 and not _COUNT.search(name))


def _layouts(name: str, values: list[str]) -> tuple[tuple[Layout, ...], bool]:
    """The layouts that read every value, and whether one of the values has a time of day."""
    compact = all(value.isdigit() for value in values)
    if compact and not _DATE_NAME.search(name):
        return (), False
    fitting = [layout for layout in FOUND if all(_reads(layout, value) for value in values)]
    if not fitting:
        return (), False
    first = fitting[0]
    pair = [layout for layout in fitting if layout in MONTH_FIRST or layout in DAY_FIRST]
    chosen = tuple(pair[:2]) if first in MONTH_FIRST and any(layout in DAY_FIRST for layout in pair) else (first,)
    moments = (first.read(value) for value in values)
    return chosen, any(moment is not None and moment.timed for moment in moments)


def _reads(layout: Layout, value: str) -> bool:
    moment = layout.read(value)
    return moment is not None and 1900 <= moment.clock.year <= 2200


def _all(values: Iterable[str], field: Field) -> bool:
    reader = CellReader(field, Calendar(), layouts=(ISO,))
    return not any(isinstance(reader.read(value), Bad) for value in values)


def _is_choice(header: str, real: dict[str, int]) -> bool:
    name = snake(header)
    if _is_identifier(name) or _PERSONAL.search(name):
        return False
    folded = {fold(value) for value in real}
    short = all(len(value) <= _LONGEST_CHOICE and value.isprintable() and not _HASH.fullmatch(value) for value in real)
    return short and len(folded) <= MOST_CHOICES and sum(real.values()) >= 2 * len(folded)


def _spellings(real: dict[str, int]) -> tuple[str, ...]:
    """One spelling for each choice, the most frequent, the most frequent choice first."""
    totals: Counter[str] = Counter()
    best: dict[str, tuple[int, str]] = {}
    for value, count in sorted(real.items()):
        totals[fold(value)] += count
        if count > best.get(fold(value), (0, ""))[0]:
            best[fold(value)] = (count, value)
    return tuple(best[key][1] for key, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def _is_set(real: dict[str, int]) -> bool:
    """Several values joined with `;`, most of which stand in more than one cell."""
    if sum(count for value, count in real.items() if ";" in value) < 2:
        return False
    items: Counter[str] = Counter()
    for value, count in real.items():
        for item in value.split(";"):
            items[fold(item)] += count
    del items[""]
    short = all(len(item) <= _LONGEST_CHOICE for item in items)
    return short and len(items) <= _MOST_ITEMS and sum(items.values()) >= 2 * len(items)


def _is_identifier(name: str) -> bool:
    return bool(_IDENTIFIER.search(name) or _IDENTIFIER_JA.search(name))


def snake(header: str) -> str:
    """A header as words joined by `_`: `Lead Source` and `LeadSource` are lead_source, Japanese stays as it is."""
    text = unicodedata.normalize("NFKC", header)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return unicodedata.normalize("NFC", re.sub(r"\W+|_+", "_", text).strip("_").lower())
