"""Events: the rows of the activity sources that some rule reads, each tied to its lead.

In: the project, its event sources, the fields that are read of each event type, the leads. Out: an `EventTable` and the
counts of what became of every row: rejected, unread, orphaned, repeated or used. Rows of types that nobody reads are
counted and left alone. Knows nothing of rules; order among tied rows and repeated ids is for event_order.py.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import cache, cached_property, partial
from typing import BinaryIO

import polars as pl

from leadrules.core.calendar import Calendar, zone_rules
from leadrules.core.functions.columnar import fold_series, only, rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import TRIM, fold, nearest, trimmed
from leadrules.data.columns import ColumnReader
from leadrules.data.csv_file import CsvFile
from leadrules.data.errors import InputError
from leadrules.data.event_copies import Copies, Copy, DamagedCopyError, Recorder, in_words, is_worth_copying, manner
from leadrules.data.event_order import ID_CHECK, ID_HASH, ID_TEXT, RANK, RECORD, ranked, without_repeats
from leadrules.data.event_plan import AT, EVERYTHING, ID, LEAD, PARTS, TIME, TYPE, EventPlan, Sight, columns_of
from leadrules.data.ids import canonical_keys
from leadrules.data.lead_index import LeadIndex
from leadrules.data.leads import JOIN, LeadTable, numbered, shifted
from leadrules.data.opening import Opened, Opening
from leadrules.data.rejects import Places, Rejects, no_rejects
from leadrules.data.sources import Input, InputFile, open_inputs
from leadrules.data.tables import NO_OPTIONS, Batch, Options, Table, Told, ahead, together
from leadrules.project.model import Project, Source

_LEAD_ROW = "lead_row"
_AHEAD = 3  # batches that are ready while the leads are still read, 16 MB of the file each
_COUNTED = ("events_in", "events_unread", "events_used", "events_rejected", "events_orphaned", "events_repeated")
CopiesOf = Callable[[int, Input, str], tuple[Copy | None, Recorder | None]]  # by the place of the file in its source
_NO_LEAD = "expected the lead that did this: the cell is blank"
_NO_TYPE = "expected the type of the event: the cell is blank"


@dataclass(frozen=True, slots=True)
class EventTable:
    """The events of a run: `lead_row`, `type`, `at`, a column per field and kind (`amount:number`), in input order.

    `@rank` orders rows of one lead and instant; `@id` is the event's own id, or null, where some source has ids.
    `newest_place` is the file and line of `newest_at`. Events that were read out of sight are counted as used, and are not
    in the frame.
    """

    frame: pl.DataFrame
    rejects: pl.DataFrame
    counts: dict[str, int]
    inputs: tuple[InputFile, ...]
    notes: tuple[str, ...]
    newest_at: datetime | None
    newest_place: tuple[str, int] | None


def read_events(
    project: Project,
    sources: Sequence[Source],
    wanted: Mapping[str, Sequence[str]],
    leads: Callable[[], LeadTable],
    *,
    ordered_types: frozenset[str] = frozenset(),
    identified_types: frozenset[str] = frozenset(),
    sight: Sight = EVERYTHING,
    zone: str,
    stdin: BinaryIO | None = None,
    told: Told | None = None,
    copies: Copies | None = None,
) -> EventTable:
    """Read the events of all sources. `identified_types` keep their ids. Raises InputError for what stops a run.

    `leads` is asked for when the first events are parsed: their reading may still be under way. `told` hears how many
    rows are read. Events that are out of `sight` may be left out of the frame. What there are `copies` of is not parsed.
    """
    plan = EventPlan.of(project, wanted, identified_types, sight)
    index = cache(lambda: LeadIndex(leads().frame.get_column(JOIN)))
    read: list[_Reading] = []
    seen: set[Hashable] = set()
    with ExitStack() as given_up:
        for at, source in enumerate(sources):
            opening = Opening(source, open_inputs(project.root, source.path, stdin), Calendar(zone), columns_of(plan))
            first = sum(reading.counts["events_in"] for reading in read)
            named = None if copies is None else partial(copies.of, at)
            read.append(opening.settled(partial(_read_source, plan, opening, index, first, told=told, copies=named)))
            given_up.callback(read[-1].drop_copies)
            _refuse_twice(read[-1], seen)
        table = _together(plan, read, ordered_types)
        for reading in read:  # only now: the files have been found not to have changed
            reading.keep_copies(leads().frame.get_column(JOIN))
    return table


def _read_source(
    plan: EventPlan,
    opening: Opening,
    leads: Callable[[], LeadIndex],
    first: int,
    *,
    told: Told | None,
    copies: CopiesOf | None,
) -> _Reading:
    while True:
        reading = _Reading(plan, opening, leads, first)
        try:
            with ExitStack() as given_up:
                given_up.callback(reading.drop_copies)
                for opened in _tables(opening):
                    reading.take_file(opened, told, copies)
                given_up.pop_all()
        except DamagedCopyError:
            copies = None  # it may be there still, where nothing can be deleted; the next run makes it anew
            continue
        return reading


def _tables(opening: Opening) -> Iterator[Opened]:
    """The files. The column that says whose an event is, or of what type, is not its id besides, unless the source says so:
    under `columns: {lead_id: ID}` each lead would have one event."""
    is_stated = any(name == ID for name, _ in opening.source.columns)
    for opened in opening.tables():
        others = [opened.positions.get(name) for name in (LEAD, TYPE, AT)]
        if is_stated or opened.positions.get(ID) not in others:
            yield opened
        else:
            yield replace(opened, positions={name: at for name, at in opened.positions.items() if name != ID})


def _refuse_twice(reading: _Reading, seen: set[Hashable]) -> None:
    """A file without ids that two sources read in the same way would count each of its events twice."""
    source = reading.opening.source
    for one in reading.opening.inputs:
        if one.file is None or one.path in reading.with_ids or source.repeats == "drop":
            continue
        how = (one.file.resolve(), source.type, source.columns)
        if how in seen:
            raise InputError(
                f"the events of {one.path} are read twice",
                "Name the file in one source only, or give each source a `type:` and `columns` of its own.",
            )
        seen.add(how)


class _Reading:
    """One reading of all files of a source. Records are numbered through all sources, from `first`."""

    def __init__(self, plan: EventPlan, opening: Opening, leads: Callable[[], LeadIndex], first: int) -> None:
        self.plan = plan
        self.opening = opening
        self.leads = leads
        self.first = first
        self.counts = dict.fromkeys(_COUNTED, 0)
        self.rejects = Rejects()
        self.places = Places()
        self.notes: list[str] = []
        self.joined: list[pl.DataFrame] = []
        self.with_ids: set[str] = set()
        self.unseen = 0
        self.newest: tuple[datetime, int] | None = None
        self._bases: list[int] = []
        self._recorder: Recorder | None = None
        self._recorded: list[tuple[Recorder, int, str]] = []
        self._time = opening.reader(TIME)
        self._readers = {
            key: [(opening.reader(one), types) for one, types in alike] for key, alike in plan.fields.items()
        }
        self._types: dict[str, str] = {}
        self._is_read = pl.Series([name in plan.types for name in plan.known], dtype=pl.Boolean)
        self._reads_all = bool(self._is_read.all())

    def take_file(self, opened: Opened, told: Told | None, copies: CopiesOf | None) -> None:
        """Read a file, but for what there is a copy of."""
        self._refuse_missing(opened)
        base = self.first + self.counts["events_in"]
        self._bases.append(base)
        by_content = self.opening.source.repeats == "drop" and ID not in opened.positions
        if ID in opened.positions:
            self.with_ids.add(opened.table.path)
        positions = range(len(opened.header.names)) if by_content else sorted(set(self._read_positions(opened)))
        # What identifies a row by its content must look the same in every batch.
        options = NO_OPTIONS if by_content else self._options(opened)
        table = self._not_copied(opened, base, copies, by_content=by_content)
        unread = self.counts["events_unread"]
        for batch in ahead(table.batches(positions, options), by=_AHEAD):
            if self._recorder is not None and batch.then is None:
                self._recorder.goes_on = False
            self._take(opened, batch, base, by_content=by_content)
            if self._recorder is not None:
                self._recorder.reach(batch, self.counts["events_unread"] - unread)
            if told is not None:
                told(self.first + self.counts["events_in"])
        self.notes.extend(table.notes)

    def keep_copies(self, leads: pl.Series) -> None:
        """What was taken down of the files becomes their copies."""
        for recorder, base, path in self._recorded:
            recorder.finish(leads, self.rejects.taken_out(path, base, recorder.reached))

    def drop_copies(self) -> None:
        """What was taken down and has not become a copy goes."""
        for recorder, _, _ in self._recorded:
            recorder.drop()

    def _not_copied(self, opened: Opened, base: int, copies: CopiesOf | None, *, by_content: bool) -> Table:
        """Take what there is a copy of; what is left of the file is to be read, and perhaps to be taken down."""
        table, self._recorder = opened.table, None
        if copies is None or not isinstance(table, CsvFile) or not table.can_begin_inside:
            return table
        if not is_worth_copying(table.input):
            return table
        source, plan = replace(self.opening.source, path=""), self.plan
        readers = (self._time, *self._readers.items())
        how = manner(source, opened.header.names, sorted(opened.positions.items()), by_content, tuple(plan.known),
                     plan.types, readers, sorted(plan.identified), zone_rules(self.opening.calendar.zone))  # fmt: skip
        copy, self._recorder = copies(len(self._bases) - 1, table.input, how)
        if self._recorder is not None:
            self._recorded.append((self._recorder, base, table.path))
        if copy is None:
            return table
        with copy.opened():
            self._take_copy(copy, table.path, base)
        return replace(table, begin=copy.about.then)

    def _take_copy(self, copy: Copy, path: str, base: int) -> None:
        """What a copy has in the place of the rows of a file: leads may have come and gone since, all else is as it was."""
        about, rejects = copy.about, copy.rejects()
        records = about.then.number - 1
        self.places.add(path, range(base, base + records), range(about.line, about.line + records))
        self.counts["events_in"] += records
        self.counts["events_unread"] += about.unread
        self.rejects.put_back(rejects, path, base)
        self.counts["events_rejected"] = len(self.rejects.records)
        rows = self._rows_of(copy.leads())
        for part in ahead(copy.parts(), by=_AHEAD):
            lead, record, *others = part.get_columns()
            ranks = pl.Series(RANK, [0], dtype=pl.UInt32).new_from_index(0, len(part))
            others.insert(2, (record + base).alias(RECORD))
            frame = pl.DataFrame([rows[lead].alias(_LEAD_ROW), *others, ranks])
            self._note_newest(frame)
            seen = frame.filter(self._seen(frame))
            texts = [in_words(column) for column in seen if column.name != TYPE]
            self.joined.append(seen.with_columns(texts).select(self._columns_of(seen)).rechunk())

    def texts(self, tied: pl.DataFrame) -> pl.DataFrame:
        """Of records with their types: what orders them, as text: the lead, then the fields in schema order."""
        found = [pl.DataFrame(schema={RECORD: pl.UInt32(), "text": pl.String()})]
        for opened, base in zip(_tables(self.opening), self._bases, strict=True):
            for batch in opened.table.batches(sorted(set(opened.positions.values()))):
                records = _records(batch, base)
                cells = batch.cells.with_columns(records.alias(RECORD)).join(tied, on=RECORD, maintain_order="left")
                found.extend(self._texts_of(opened, part) for part in cells.partition_by(TYPE) if len(part))
        return pl.concat(found)

    def _refuse_missing(self, opened: Opened) -> None:
        source = self.opening.source
        if source.type is not None and source.type not in self.plan.known:
            meant = nearest(source.type, self.plan.known)
            raise InputError(
                f"the source {source.path} says `type: {source.type}`, and the event schema has no such type",
                f"Did you mean {meant}?" if meant else f"Its types are {', '.join(self.plan.known)}.",
            )
        for name in (LEAD, AT) if source.type is not None else (LEAD, TYPE, AT):
            if name not in opened.positions:
                raise InputError(
                    f"{opened.table.path} has no column {name}",
                    opened.header.hint()
                    + (", or say `type:` there if all its rows are of one type." if name == TYPE else "."),
                )

    def _read_positions(self, opened: Opened) -> list[int]:
        names = {*PARTS, *(name for name, _ in self.plan.fields)}
        return [at for name, at in opened.positions.items() if name in names]

    def _options(self, opened: Opened) -> Options:
        """The types that rows may have, where a column of their own says them."""
        at = opened.positions.get(TYPE)
        others = [opened.positions.get(name) for name in (ID, LEAD, AT, *(name for name, _ in self.plan.fields))]
        if at is None or self.opening.source.type is not None or not self.plan.known or at in others:
            return NO_OPTIONS
        return {at: list(self.plan.known)}

    def _take(self, opened: Opened, batch: Batch, base: int, *, by_content: bool) -> None:
        self.places.add(opened.table.path, shifted(batch.numbers, base - 1), batch.lines)
        self.counts["events_in"] += len(batch.numbers) + len(batch.ragged)
        for ragged in batch.ragged:
            at = opened.positions[LEAD]
            lead = trimmed(ragged.cells[at]) if at < len(ragged.cells) else ""
            self.rejects.add(base + ragged.number - 1, (opened.table.path, ragged.line), lead, reason=ragged.reason)
        cells = _numbered(batch, base)
        types = self._typed(opened, cells)
        if not self._reads_all or types.has_nulls():
            read = self._is_read[types.to_physical()]
            self.counts["events_unread"] += len(read) - read.null_count() - int(read.sum())
            cells, types = cells.filter(read), types.filter(read)
        if len(cells):
            self._check(opened, cells, types, base, by_content=by_content)
        self.counts["events_rejected"] = len(self.rejects.records)

    def _typed(self, opened: Opened, cells: pl.DataFrame) -> pl.Series:
        """The type of each row, null where it is rejected."""
        stated = self.opening.source.type
        if stated is not None:
            return pl.Series([stated], dtype=self.plan.enum).new_from_index(0, len(cells))
        raw = cells.get_column(str(opened.positions[TYPE]))
        if raw.dtype == self.plan.enum:
            return raw
        types = raw.cast(self.plan.enum, strict=False)
        if not types.null_count():
            return types
        rows = rows_where(types.is_null())
        texts = raw.gather(rows).fill_null("")
        meant = {text: self._meant(text) for text in texts.unique()}
        strange = [text for text, name in meant.items() if name is None]
        if strange:
            wrong = texts.is_in(strange)
            values = texts.filter(wrong)
            reasons = values.replace_strict(
                strange, [self._wrong_type(text) for text in strange], return_dtype=pl.String
            )
            self._refuse(
                opened, cells, TYPE, pl.DataFrame({"row": rows.filter(wrong), "value": values, "reason": reasons})
            )
        respelt = {text: name for text, name in meant.items() if name is not None}
        if not respelt:
            return types
        there = texts.is_in(list(respelt))
        names = texts.filter(there).replace_strict(respelt, return_dtype=pl.String)
        return types.cast(pl.String).scatter(rows.filter(there), names).cast(self.plan.enum)

    def _meant(self, text: str) -> str | None:
        if not self._types:
            self._types = {fold(name): name for name in self.plan.known}
        return self._types.get(fold(text))

    def _wrong_type(self, text: str) -> str:
        if not trimmed(text):
            return _NO_TYPE
        meant = nearest(text, self.plan.known)
        return "expected a type of the event schema" + (f"; did you mean {meant}?" if meant else "")

    def _check(self, opened: Opened, cells: pl.DataFrame, types: pl.Series, base: int, *, by_content: bool) -> None:
        """Parse what is read of the rows of known types; what holds and is seen goes on to be joined."""
        before = len(self.rejects.records)
        self.leads()  # here, not in one of the calls: the leads may need the threads that these run in
        recorder = self._recorder if self._recorder is not None and self._recorder.goes_on else None
        reads_all = opened.table.has_lists or recorder is not None
        checked, free = (list(self._readers), []) if reads_all else self._shared_out
        calls = [partial(self._lead_rows, opened, cells), partial(self._read, opened, cells, AT, self._time)]
        rows, at, *values = together(calls + self._fields(opened, cells, types, checked))
        ranks = pl.Series(RANK, [0], dtype=pl.UInt32).new_from_index(0, len(cells))
        columns = [rows.alias(_LEAD_ROW), types.alias(TYPE), at.alias(AT), cells.get_column(RECORD)]
        identities = self._identities(opened, cells, types, by_content=by_content)
        frame = pl.DataFrame([*columns, *_named(values, checked), *identities, ranks])
        if len(self.rejects.records) > before:
            holds = ~frame.get_column(RECORD).is_in(list(self.rejects.records))
            frame, cells = frame.filter(holds), cells.filter(holds)
        if recorder is not None and len(frame):
            texts = cells.get_column(str(opened.positions[LEAD]))
            read = frame.drop(_LEAD_ROW, RECORD, RANK).get_columns()
            recorder.add(frame[_LEAD_ROW], self.leads().height, texts, [frame[RECORD] - base, *read])
        self._note_newest(frame)
        seen = self._seen(frame)
        if not seen.all():
            frame, cells = frame.filter(seen), cells.select(RECORD, *self._positions_of(opened, free)).filter(seen)
        values = together(self._fields(opened, cells, frame.get_column(TYPE), free))
        # Each part in one piece: of columns in unlike pieces all ten million rows would be copied at once later.
        self.joined.append(frame.with_columns(_named(values, free)).select(self._columns_of(frame)).rechunk())

    @cached_property
    def _shared_out(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """The fields in which a cell may be wrong, which are read of every event, and those that are read of seen ones."""
        checked = [key for key, its in self._readers.items() if not all(reader.takes_all for reader, _ in its)]
        return checked, [key for key in self._readers if key not in checked]

    def _fields(
        self, opened: Opened, cells: pl.DataFrame, types: pl.Series, keys: Iterable[tuple[str, str]]
    ) -> list[partial[pl.Series]]:
        return [partial(self._field, opened, cells, types, key[0], self._readers[key]) for key in keys]

    @staticmethod
    def _positions_of(opened: Opened, keys: Iterable[tuple[str, str]]) -> list[str]:
        """The columns of the cells that these fields are read from; two fields may be read from one."""
        return list(dict.fromkeys(str(opened.positions[name]) for name, _ in keys if name in opened.positions))

    def _columns_of(self, frame: pl.DataFrame) -> list[str]:
        """The columns of a part: what every event has, the fields in the order of the plan, identities and rank."""
        fields = _names(self._readers)
        others = [name for name in frame.columns if name not in fields]
        return [*others[:4], *fields, *others[4:]]

    def _seen(self, frame: pl.DataFrame) -> pl.Series:
        """Which events some rule sees: those of known leads, but for what is too long ago. What is left out is counted.

        A row with an id must be there for its repeats.
        """
        known = frame.get_column(_LEAD_ROW).is_not_null()
        self.counts["events_orphaned"] += len(frame) - int(known.sum())
        starts = None
        if self.newest is not None and ID_HASH not in frame.columns:
            starts = self.plan.sight.starts(self.plan.known, self.newest[0])
        if starts is None:
            return known
        recent = frame.get_column(AT).to_physical() > starts[frame.get_column(TYPE).to_physical()]
        self.unseen += int((known & ~recent).sum())
        return known & recent

    @cached_property
    def _blank_leads(self) -> pl.Series:
        return self.leads().meant_by(self._time.cell.folded_blanks)

    def _rows_of(self, keys: pl.Series) -> pl.Series:
        """The rows of the leads that are meant; who is called as a blank is nobody."""
        rows = self.leads().rows(keys)
        if not len(self._blank_leads):
            return rows
        return only(rows, ~rows.is_in(self._blank_leads).fill_null(value=False))

    def _lead_rows(self, opened: Opened, cells: pl.DataFrame) -> pl.Series:
        """The row of each event's lead, null for an orphan; a row without a lead is rejected."""
        raw = cells.get_column(str(opened.positions[LEAD]))
        rows = self._rows_of(raw)
        if not rows.null_count():
            return rows
        missing = rows_where(rows.is_null())
        values = raw.gather(missing).str.strip_chars(TRIM).fill_null("")
        blank = self._is_blank(values)
        if blank.any():
            bad = pl.DataFrame({"row": missing.filter(blank), "value": values.filter(blank), "reason": _NO_LEAD})
            self._refuse(opened, cells, LEAD, bad)
        return rows

    def _field(
        self,
        opened: Opened,
        cells: pl.DataFrame,
        types: pl.Series,
        name: str,
        readers: Sequence[tuple[ColumnReader, tuple[str, ...]]],
    ) -> pl.Series:
        """One field: each type's cells by that type's own rules, null in rows of types that do not read it."""
        whole: pl.Series | None = None
        for reader, names in readers:
            its = _one_of(types, names) if len(names) < len(self.plan.types) else None
            if name not in opened.positions:
                if reader.cell.field.required and (its is None or its.any()):
                    raise InputError(
                        f"{opened.table.path} has no column for {name}, which {names[0]} requires",
                        f"Its columns are {opened.header.listed()}. Name the one that is meant under `columns` of the source.",
                    )
                part = reader.blank(len(cells))
            elif its is None or its.all():
                part = self._read(opened, cells, name, reader)
            else:
                raw = cells.get_column(str(opened.positions[name]))
                part = _among(raw, self._read(opened, cells, name, reader, its), its)
            whole = part if whole is None else whole.zip_with(whole.is_not_null(), part)
        assert whole is not None
        return whole

    def _read(
        self, opened: Opened, cells: pl.DataFrame, name: str, reader: ColumnReader, some: pl.Series | None = None
    ) -> pl.Series:
        """The cells of a column, or of some of its rows."""
        column = cells.get_column(str(opened.positions[name]))
        values, bad = reader.read(column if some is None else column.filter(some))
        if len(bad):
            where = (
                bad if some is None else bad.with_columns(rows_where(some).gather(bad.get_column("row")).alias("row"))
            )
            self._refuse(opened, cells, name, where)
        return values

    def _refuse(self, opened: Opened, cells: pl.DataFrame, name: str, bad: pl.DataFrame) -> None:
        rows = bad.get_column("row")
        leads = cells.get_column(str(opened.positions[LEAD])).gather(rows).str.strip_chars(TRIM)
        records = cells.get_column(RECORD).gather(rows)
        order = opened.positions.get(name, 0)
        self.rejects.add_cells(records, self.places, leads, bad, column=opened.header_of(name), order=order)

    def _identities(
        self, opened: Opened, cells: pl.DataFrame, types: pl.Series, *, by_content: bool
    ) -> list[pl.Series]:
        """Two hashes of what makes the event this event, null where every row is one; the id itself where it is kept."""
        ids = cells.get_column(str(opened.positions[ID])).str.strip_chars(TRIM) if ID in opened.positions else None
        hashes: list[pl.Series] = []
        if by_content:
            names = sorted(range(len(opened.header.names)), key=lambda at: (opened.header.names[at], at))
            content = cells.select(str(at) for at in names)
            hashes = [content.hash_rows(seed) for seed in (1, 2)]
        elif ids is not None:
            blank = self._is_blank(ids).fill_null(value=False)
            ids = ids.set(blank, None) if blank.any() else ids
            hashes = [only(ids.hash(seed), ids.is_not_null()) for seed in (1, 2)]
        kept = [] if ids is None or not self.plan.identified else [self._kept_ids(ids, types)]
        return [*(found.alias(name) for found, name in zip(hashes, (ID_HASH, ID_CHECK), strict=False)), *kept]

    def _is_blank(self, ids: pl.Series) -> pl.Series:
        blanks = self._time.cell.folded_blanks
        blank = ids == ""
        return blank | fold_series(ids).is_in(list(blanks)) if blanks else blank

    def _kept_ids(self, ids: pl.Series, types: pl.Series) -> pl.Series:
        return only(ids, types.is_in(list(self.plan.identified))).alias(ID_TEXT)

    def _note_newest(self, frame: pl.DataFrame) -> None:
        at = frame.get_column(AT)
        newest = at.max()
        if isinstance(newest, datetime) and (self.newest is None or newest > self.newest[0]):
            self.newest = (newest, frame.item(at.arg_max() or 0, RECORD))

    def _texts_of(self, opened: Opened, part: pl.DataFrame) -> pl.DataFrame:
        event = self.plan.known[part.item(0, TYPE)]
        names = [LEAD, *(one.name for one in event.fields if one.name in opened.positions), ID]
        texts = [
            (canonical_keys(text) if name == LEAD else text)
            for name in names
            if name in opened.positions
            for text in [part.get_column(str(opened.positions[name])).str.strip_chars(TRIM).fill_null("").alias(name)]
        ]
        joined = pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator="\0").alias("text")).to_series()
        return pl.DataFrame([part.get_column(RECORD), joined])


def _records(batch: Batch, base: int) -> pl.Series:
    return numbered(shifted(batch.numbers, base - 1))


def _numbered(batch: Batch, base: int) -> pl.DataFrame:
    """The cells with the number of each record."""
    if isinstance(batch.numbers, range):
        return batch.cells.with_row_index(RECORD, offset=batch.numbers.start + base - 1)
    return batch.cells.with_columns(_records(batch, base).alias(RECORD))


def _names(keys: Iterable[tuple[str, str]]) -> list[str]:
    """How the columns of fields are named."""
    return [f"{name}:{kind}" for name, kind in keys]


def _named(values: Iterable[pl.Series], keys: Iterable[tuple[str, str]]) -> list[pl.Series]:
    return [one.alias(name) for one, name in zip(values, _names(keys), strict=True)]


def _one_of(types: pl.Series, names: Sequence[str]) -> pl.Series:
    return types == names[0] if len(names) == 1 else types.is_in(list(names))


def _among(raw: pl.Series, some: pl.Series, its: pl.Series) -> pl.Series:
    """The values at the rows that are theirs, null elsewhere; text that says what its cells say is left where it is."""
    if some.dtype == raw.dtype and some.equals(raw.filter(its)):
        return raw.set(~its, None)
    places = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(its))
    return some.gather(places.scatter(rows_where(its), pl.arange(len(some), eager=True, dtype=pl.UInt32)))


def _together(plan: EventPlan, read: Sequence[_Reading], ordered: frozenset[str]) -> EventTable:
    parts = [part for reading in read for part in reading.joined]
    # Sources without ids have no columns of ids.
    frame = pl.concat(parts, how="diagonal") if parts else pl.DataFrame(schema=plan.schema)

    def texts(tied: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([reading.texts(tied.select(RECORD, TYPE)) for reading in read])

    counts = {name: sum(reading.counts[name] for reading in read) for name in _COUNTED}
    frame, counts["events_repeated"] = without_repeats(frame, texts)
    counts["events_used"] = len(frame) + sum(reading.unseen for reading in read)
    frame = ranked(frame, ordered & set(plan.types), texts).drop(RECORD)
    newest = max((reading.newest for reading in read if reading.newest), default=None, key=lambda found: found[0])
    return EventTable(
        frame,
        pl.concat([reading.rejects.frame() for reading in read]) if read else no_rejects(),
        counts,
        tuple(file.hashed(at) for at, reading in enumerate(read) for file in reading.opening.inputs),
        tuple(note for reading in read for note in reading.notes),
        newest[0] if newest else None,
        next(
            (reading.places.of(newest[1]) for reading in reversed(read) if newest and reading.first <= newest[1]), None
        ),
    )
