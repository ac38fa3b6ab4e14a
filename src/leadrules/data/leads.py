"""Leads: the rows of a source as typed columns, each row decided or rejected.

In: the project, a source, the fields that some rule reads. Out: a `LeadTable` whose frame holds the rows that can be
decided, in input order, and whose rejects say why the others cannot. Columns that nobody reads are neither parsed nor
checked. Knows nothing of rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import rows_where
from leadrules.core.ids import canonical_key
from leadrules.core.records import dataclass
from leadrules.core.text import trimmed
from leadrules.data.columns import ColumnReader, stripped
from leadrules.data.doubtful import pointed_thousands, thousands_note
from leadrules.data.errors import InputError
from leadrules.data.ids import canonical_keys
from leadrules.data.opening import Column, Opened, Opening
from leadrules.data.rejects import Places, Rejects
from leadrules.data.sources import InputFile, open_inputs
from leadrules.data.tables import Batch, Ragged, Told, ahead, together
from leadrules.project.document import listed
from leadrules.project.model import Field, Project, Source

KEY = "@key"
JOIN = "@join"
_RECORD = "@record"
_BLANK_KEY = "the key is blank"
_REPEATED_KEY = "the key stands in an earlier row already"


@dataclass(frozen=True, slots=True)
class LeadTable:
    """The leads of a run. `frame` has `@key` (as in the input), `@join` (as events join), and the fields by name.

    `missing` are the fields that no file has a column for: they are blank, and the record says nothing of them.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    rows_in: int
    rejected: int
    inputs: tuple[InputFile, ...]
    notes: tuple[str, ...]
    places: Places
    records: pl.Series
    missing: frozenset[str] = frozenset()

    def place(self, row: int) -> tuple[str, int]:
        """The file and line of a row of the frame."""
        return self.places.of(self.records[row])


def read_leads(
    project: Project,
    source: Source,
    fields: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    zone: str,
    told: Told | None = None,
) -> LeadTable:
    """Read the leads of a source; `told` hears how many rows are read. Raises InputError for what stops a run."""
    wanted = _wanted(project, source, fields)
    columns = [Column(f.name, f.columns, f.type.is_temporal) for f in wanted]
    inputs = open_inputs(project.root, source.path, stdin)
    opening = Opening(source, inputs, Calendar(zone), columns)
    reading = opening.settled(lambda: _Reading(project, opening, wanted).done(told))
    return replace(reading, inputs=tuple(file.hashed() for file in inputs))


def _wanted(project: Project, source: Source, fields: Sequence[str]) -> list[Field]:
    schema = project.lead_schema
    names = {*fields, schema.key} | ({project.created} if project.created else set())
    missing = sorted(name for name in names if schema.get(name) is None and name != schema.key)
    if missing:
        raise InputError(f"the lead schema has no field {missing[0]}")
    return [field for field in schema.fields if field.name in names]


class _Reading:
    """One reading of all files of a source."""

    def __init__(self, project: Project, opening: Opening, wanted: Sequence[Field]) -> None:
        self.key, self.created = project.lead_schema.key, project.created
        self.numbered = opening.source.key == "row_number"
        self.opening = opening
        self.wanted = wanted
        self.readers = {field.name: self._reader(field) for field in wanted}
        self.rejects = Rejects()
        self.places = Places()
        self.parts: list[pl.DataFrame] = []
        self.ragged_keys: list[tuple[int, str]] = []
        self.rows_in = 0
        self.notes: list[str] = []
        self.missing = {field.name for field in wanted}
        self.copies = {
            JOIN,
            *(field.name for field in wanted),
        }  # columns that are the key over again, in all parts so far

    def done(self, told: Told | None) -> LeadTable:
        """The table of all files."""
        for opened in self.opening.tables():
            self._refuse_missing(opened)
            self.missing -= set(opened.positions)
            positions = sorted(set(opened.positions.values())) or [0]
            base = self.rows_in
            for batch in ahead(opened.table.batches(positions)):
                self._take(opened, batch, base)
                if told is not None:
                    told(self.rows_in)
            self.notes.extend(opened.table.notes)
        # In one piece: all that follows looks at these columns again and again.
        whole = self._whole() if self.parts else self._nothing()
        self.parts.clear()
        self._refuse_repeated(whole)
        if self.rejects.records:
            whole = whole.filter(~pl.col(_RECORD).is_in(list(self.rejects.records)))
        return LeadTable(
            whole.drop(_RECORD),
            self.rejects.frame(),
            self.rows_in,
            len(self.rejects.records),
            (),
            (*self.notes, *self._blank_columns()),
            self.places,
            whole.get_column(_RECORD),
            frozenset(self.missing - {self.key}),
        )

    def _whole(self) -> pl.DataFrame:
        """All parts in one piece; what is the key over again is not copied over again."""
        names = self.parts[0].columns
        whole = pl.concat([part.drop(self.copies) for part in self.parts], rechunk=True)
        return whole.with_columns(whole.get_column(KEY).alias(name) for name in self.copies).select(names)

    def _reader(self, field: Field) -> ColumnReader:
        # A blank key has a reason of its own.
        return self.opening.reader(replace(field, required=False) if field.name == self.key else field)

    def _refuse_missing(self, opened: Opened) -> None:
        for field in self.wanted:
            is_key = field.name == self.key
            if field.name in opened.positions or (is_key and self.numbered) or not (is_key or field.required):
                continue
            what = f"no column for the key {field.name}" if is_key else f"no column for {field.name}, which is required"
            or_number = ", or number the rows with `key: row_number`." if is_key else "."
            raise InputError(f"{opened.table.path} has {what}", opened.header.hint() + or_number)

    def _blank_columns(self) -> Iterator[str]:
        missing = [f.name for f in self.wanted if f.name in self.missing - {self.key, self.created}]
        if missing:
            yield f"the leads have no column for {listed(missing, 'and')}: blank for all of them"

    def _take(self, opened: Opened, batch: Batch, base: int) -> None:
        records = shifted(batch.numbers, base - 1)
        self.places.add(opened.table.path, records, batch.lines)
        self.rows_in += len(batch.numbers) + len(batch.ragged)
        keys = self._keys(opened, batch)
        joined = canonical_keys(keys)
        typed = [keys.alias(KEY), joined.alias(JOIN), numbered(records).alias(_RECORD)]
        copies = {JOIN} if joined is keys else set()
        if len(batch.numbers) and batch.numbers[0] == 1:
            self._doubt(opened, batch)
        read = [partial(self.readers[f.name].read, self._column(opened, batch, f, keys)) for f in self.wanted]
        for order, (field, (values, bad)) in enumerate(zip(self.wanted, together(read), strict=True)):
            typed.append(values.alias(field.name))
            copies |= {field.name} if values is keys else set()
            if len(bad):
                self._refuse(typed, bad, opened.header_of(field.name), order)
        blank = rows_where((keys.is_null() | (keys == "")).fill_null(value=True))
        if len(blank):
            nothing = pl.DataFrame({"row": blank, "value": "", "reason": _BLANK_KEY})
            self._refuse(typed, nothing, opened.header_of(self.key), 0)
        self.parts.append(pl.DataFrame(typed))
        self.copies &= copies
        for ragged in batch.ragged:
            self._take_ragged(opened, ragged, base)

    def _doubt(self, opened: Opened, batch: Batch) -> None:
        """Numbers of a file that look as if a point stood for the thousands."""
        for field in self.wanted:
            if field.type.kind == "number" and field.name in opened.positions:
                cell = pointed_thousands(batch.column(opened.positions[field.name]))
                if cell is not None:
                    self.notes.append(f"{opened.table.path}: {thousands_note(opened.header_of(field.name), cell)}")

    def _refuse(self, typed: Sequence[pl.Series], bad: pl.DataFrame, header: str, order: int) -> None:
        keys, _, records = (column.gather(bad.get_column("row")) for column in typed[:3])
        self.rejects.add_cells(records, self.places, keys, bad, column=header, order=order)

    def _take_ragged(self, opened: Opened, ragged: Ragged, base: int) -> None:
        record = base + ragged.number - 1
        at = opened.positions.get(self.key)
        key = trimmed(ragged.cells[at]) if at is not None and at < len(ragged.cells) and not self.numbered else ""
        key = str(ragged.number) if self.numbered else key
        self.rejects.add(record, (opened.table.path, ragged.line), key, reason=ragged.reason)
        self.ragged_keys.append((record, canonical_key(key)))

    def _keys(self, opened: Opened, batch: Batch) -> pl.Series:
        if self.numbered:
            return numbered(batch.numbers).cast(pl.String)
        keys = stripped(batch.column(opened.positions[self.key]))
        blanks = self.readers[self.key].cell
        return keys if not blanks.folded_blanks else keys.set(keys.is_in(_listed(keys, blanks.folded_blanks)), None)

    def _column(self, opened: Opened, batch: Batch, field: Field, keys: pl.Series) -> pl.Series:
        if field.name == self.key:
            return keys
        if field.name in opened.positions:
            return batch.column(opened.positions[field.name])
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(batch.numbers))

    def _nothing(self) -> pl.DataFrame:
        schema: dict[str, pl.DataType] = {KEY: pl.String(), JOIN: pl.String(), _RECORD: pl.UInt32()}
        return pl.DataFrame(schema=schema | {name: reader.dtype for name, reader in self.readers.items()})

    def _refuse_repeated(self, whole: pl.DataFrame) -> None:
        """Reject every row whose key an earlier row bears, also where that one is rejected itself."""
        # Equal keys have equal hashes: as many hashes as rows, and no key stands there twice.
        if not self.ragged_keys and whole.get_column(JOIN).hash().n_unique() == whole.height:
            return
        keys = whole.select(JOIN, KEY, _RECORD).filter(pl.col(JOIN) != "")
        if self.ragged_keys:
            ragged = pl.DataFrame(
                {JOIN: [k for _, k in self.ragged_keys], KEY: "", _RECORD: [r for r, _ in self.ragged_keys]},
                schema=keys.schema,
            )
            keys = pl.concat([keys, ragged.filter(pl.col(JOIN) != "")]).sort(_RECORD)
        repeated = keys.filter(~pl.col(JOIN).is_first_distinct())
        ragged_records = {record for record, _ in self.ragged_keys}
        header = self._key_header()
        for _, key, record in repeated.iter_rows():
            if record not in ragged_records:
                self.rejects.add(record, self.places.of(record), key, header, key, reason=_REPEATED_KEY)

    def _key_header(self) -> str:
        return next((opened.header_of(self.key) for opened in self.opening.tables()), self.key)


def _listed(keys: pl.Series, blanks: Iterable[str]) -> list[str]:
    from leadrules.core.functions.columnar import fold_series

    return keys.filter(fold_series(keys).is_in(list(blanks)).fill_null(value=False)).unique().to_list()


def shifted(numbers: Sequence[int], by: int) -> Sequence[int]:
    """Numbers moved by some; a range stays one."""
    if isinstance(numbers, range):
        return range(numbers.start + by, numbers.stop + by)
    return [number + by for number in numbers]


def numbered(numbers: Sequence[int]) -> pl.Series:
    """Numbers as a column."""
    if isinstance(numbers, range):
        return pl.arange(numbers.start, numbers.stop, eager=True, dtype=pl.UInt32)
    return pl.Series(numbers, dtype=pl.UInt32)
