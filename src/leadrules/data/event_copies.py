"""Copies of large files of events as they were read, so that the next run does not parse them again.

In: a folder beside the state; what a reading finds of a file, part by part. Out: the same parts at the next reading, where the
file begins as it did then, byte for byte by its SHA-256, and is read in the same way; what has come to it since is read.
A copy says nothing that the file does not: who deletes it loses time only. Knows nothing of what is done with events.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import disk_usage

import polars as pl

from leadrules import __version__
from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.data.event_order import RECORD
from leadrules.data.lead_index import LeadIndex
from leadrules.data.sources import Input
from leadrules.data.tables import Batch, Place

SMALL = 64 << 20  # bytes of a file that is parsed as soon as a copy would be read
_HEAD = 1 << 16
_GROWN = 16  # a copy is made anew once one part in so many of its file has come since
_ABOUT, _LEADS, _REJECTS = "about.json", "leads.arrow", "rejects.arrow"
_FORMAT = 1
_FEW = 4  # text of which each stands so often, or more often, is kept as numbers
# What a zip archive raises of whose bytes some are others.
_DAMAGED = (OSError, EOFError, KeyError, ValueError, RuntimeError, TypeError, zipfile.BadZipFile, zlib.error)


class DamagedCopyError(Exception):
    """A copy is not as it was written, or no longer there. The file can be read."""


@dataclass(frozen=True, slots=True)
class About:
    """What a copy is of: the first `size` bytes of a file that had `whole` of them, and how they were read. `how` is blank
    where nothing was copied: there is no use in copies of a file that begins otherwise each time."""

    size: int
    whole: int
    sha256: str = ""
    head: str = ""  # the SHA-256 of the first bytes, which shows most other files without a look at all
    how: str = ""
    line: int = 0  # of the first record
    then: Place = Place(0, 0, 1)
    unread: int = 0  # records of types that nobody reads
    parts: tuple[int, ...] = ()  # the first record of each


def is_worth_copying(file: Input) -> bool:
    """Whether a copy of a file, which is not packed, would be read sooner than the file is parsed."""
    return file.size() >= SMALL


def manner(*what: object) -> str:
    """How a file is read, as a digest to compare: everything by which another table could come of the same bytes."""
    probe = pl.Series(["id"])  # ids are kept as hashes, which another version or processor may make otherwise
    said = (_FORMAT, __version__, pl.__version__, probe.hash(1).item(), probe.hash(2).item(), *what)
    return sha256(repr(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies in a folder. A dry run makes none."""

    folder: Path
    to_write: bool = False

    def of(self, source: int, at: int, file: Input, how: str) -> tuple[Copy | None, Recorder | None]:
        """The copy of a file, or what takes down how it is read: one of them at most. The file is known by its place in its
        source, for an export may be called otherwise each day."""
        size, place = file.size(), self.folder / f"{source}-{at}.zip"
        about = _about(place)
        if about is not None and not _begins(file, about):
            return None, Recorder(place, file, "") if self.to_write else None
        is_known = about is not None and about.how == how
        if about is not None and is_known and (not self.to_write or (size - about.whole) * _GROWN <= size):
            return Copy(place, about) if about.then.byte else None, None
        return None, Recorder(place, file, how) if self.to_write else None


def _begins(file: Input, about: About) -> bool:
    """Whether a file begins with what was copied."""
    if about.size > file.size() or file.beginning(min(about.size, _HEAD)) != about.head:
        return False
    return file.beginning(about.size) == about.sha256


def forget_copies(folder: Path) -> None:
    """Delete them all. Raises InputError where they cannot be."""
    for file in folder.glob("*.zip*"):
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"{file} cannot be deleted: {error.strerror}", "Delete it, then try again.") from error


class Copy:
    """The copy of a file that begins as it did."""

    def __init__(self, place: Path, about: About) -> None:
        self.about = about
        self._place = place
        self._packed: zipfile.ZipFile | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Within it can be read, and is one copy: while the file was looked at, a run may have put another in its place."""
        with self._or_damaged():
            packed = zipfile.ZipFile(self._place)
        with packed:
            with self._or_damaged():
                about = _about_in(packed)
            if about != self.about:
                raise DamagedCopyError
            self._packed = packed
            yield

    def leads(self) -> pl.Series:
        """The keys that events name."""
        return self._frame(_LEADS).to_series()

    def rejects(self) -> pl.DataFrame:
        """The cells that could not be read."""
        return self._frame(_REJECTS)

    def parts(self) -> Generator[pl.DataFrame]:
        """What was taken down, part by part: places among the keys, numbers of records, and the columns that were read."""
        for at, first in enumerate(self.about.parts):
            frame = self._frame(_part(at))
            if RECORD not in frame.columns:
                records = pl.arange(first, first + len(frame), eager=True, dtype=pl.UInt32)
                frame.insert_column(1, records.alias(RECORD))
            yield frame

    def _frame(self, name: str) -> pl.DataFrame:
        assert self._packed is not None
        with self._or_damaged():
            content = self._packed.read(name)  # compared with its sum on the way
        return pl.read_ipc(content)

    @contextmanager
    def _or_damaged(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGED as error:
            with suppress(OSError):
                self._place.unlink()
            raise DamagedCopyError from error


class Recorder:
    """Takes down what is read of a file, as long as its lines are records. What cannot be written is no copy."""

    def __init__(self, place: Path, file: Input, how: str) -> None:
        self._place, self._file = place, file
        self._aside = place.with_suffix(".zip.part")
        self._about = About(0, file.size(), how=how)
        self._others: list[pl.Series] = []
        self._parts: list[int] = []
        self._words: dict[str, pl.Enum] = {}  # by column
        self._packed: zipfile.ZipFile | None = None
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            (place.parent / ".gitignore").write_text("*\n", encoding="utf-8")  # large, and made again from the export
            self._packed = zipfile.ZipFile(self._aside, "w")
        self.goes_on = bool(how) and self._packed is not None

    def add(self, rows: pl.Series, leads: int, texts: pl.Series, columns: list[pl.Series]) -> None:
        """A part: the row of each event's lead, of so many leads; the keys as the file has them, for events of no lead; the
        number of each record, from 0, and what was read of it."""
        if rows.null_count():
            unknown = rows.is_null()
            named = texts.filter(unknown)
            others = named.unique(maintain_order=True)
            first = leads + sum(map(len, self._others))
            rows = rows.scatter(rows_where(unknown), LeadIndex(others).rows(named) + first)
            self._others.append(others)
        records, *values = columns
        has_all = records[-1] - records[0] == len(records) - 1
        kept = [rows.alias("lead"), *([] if has_all else [records]), *map(self._in_numbers, values)]
        self._write(_part(len(self._parts)), pl.DataFrame(kept))
        self._parts.append(records[0])

    def _in_numbers(self, column: pl.Series) -> pl.Series:
        """Text of few words as their numbers; mostly the words are those of the part before."""
        if column.dtype != pl.String:
            return column
        if column.name in self._words:
            coded = column.cast(self._words[column.name], strict=False)
            if coded.null_count() == column.null_count():
                return coded
        words = column.unique().drop_nulls()
        if len(words) * _FEW > len(column):
            return column
        self._words[column.name] = pl.Enum(words)
        return column.cast(self._words[column.name])

    def reach(self, batch: Batch, unread: int) -> None:
        """The file is read up to the end of a batch, and so many records up to there are of no use."""
        if batch.then is not None and self.goes_on:
            line = self._about.line or batch.lines[0]
            self._about = replace(
                self._about, size=batch.then.byte, then=batch.then, line=line, unread=unread, parts=tuple(self._parts)
            )

    def finish(self, leads: pl.Series, rejects: pl.DataFrame) -> None:
        """The reading was not given up: what was taken down comes to its place, if the file is still what was read."""
        about = self._about if self._about.how else replace(self._about, size=self._about.whole)
        try:
            head = self._file.beginning(min(about.size, _HEAD))
            about = replace(about, sha256=self._file.beginning(about.size), head=head)
            self._file.hashed()
        except InputError:
            self.drop()
            return
        if about.how:
            keys = pl.concat(one.alias("lead") for one in (leads, *self._others))
            self._write(_LEADS, keys.to_frame())
            self._write(_REJECTS, rejects)
        self._write(_ABOUT, json.dumps(asdict(about)).encode())
        self._publish()

    @property
    def reached(self) -> int:
        """How many records are taken down."""
        return self._about.then.number - 1

    def _write(self, name: str, content: pl.DataFrame | bytes) -> None:
        if self._packed is not None:
            with self._or_nothing():
                self._packed.writestr(name, content if isinstance(content, bytes) else _packed(content))

    def _publish(self) -> None:
        if self._packed is not None:
            with self._or_nothing():
                self._packed.close()
                # The state is still to be written.
                if disk_usage(self._place.parent).free >= self._aside.stat().st_size:
                    self._aside.replace(self._place)
            self.drop()

    def drop(self) -> None:
        """What has not come to its place leaves nothing behind."""
        self.goes_on = False
        if self._packed is not None:
            with suppress(OSError):
                self._packed.close()  # here, where it may fail: a full disk has no room for the end either
            with suppress(OSError):
                self._aside.unlink()
            self._packed = None

    @contextmanager
    def _or_nothing(self) -> Iterator[None]:
        """What cannot be written, on a full disk for one, leaves nothing behind."""
        try:
            yield
        except OSError:
            self.drop()


def _about(place: Path) -> About | None:
    try:
        with zipfile.ZipFile(place) as packed:
            return _about_in(packed)
    except _DAMAGED:
        return None


def _about_in(packed: zipfile.ZipFile) -> About:
    found = json.loads(packed.read(_ABOUT))
    return About(**{**found, "then": Place(*found["then"]), "parts": tuple(found["parts"])})


def _part(at: int) -> str:
    return f"{at}.arrow"


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def in_words(column: pl.Series) -> pl.Series:
    """The text again."""
    return column.cast(pl.String) if isinstance(column.dtype, pl.Enum) else column
