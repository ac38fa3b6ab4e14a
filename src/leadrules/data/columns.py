"""Whole columns of text cells become typed columns, at the speed of Polars.

In: a column of text and the `CellReader` of its field. Out: the typed column, and every cell that cannot be read. Polars
settles the cells that it reads as `CellReader` does; whatever it leaves open goes to `CellReader`, once per distinct text.
So the plain reading is the definition, and this is its speed. Knows no file and no line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import polars as pl

from leadrules.core.dates import ISO, Layout
from leadrules.core.functions.columnar import fold_series, instant_series, local_series, only, rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import TRIM
from leadrules.data.cells import LARGEST, Bad, CellReader
from leadrules.data.clocks import read_clocks
from leadrules.data.tables import ITEM_END

INSTANT = pl.Datetime("us", "UTC")
DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "choice": pl.String(),
    "number": pl.Float64(),
    "yesno": pl.Boolean(),
    "date": pl.Date(),
    "datetime": INSTANT,
    "set": pl.List(pl.String),
}
# The cells of a column that cannot be read: the row in the column, the text, what was expected.
BAD: dict[str, pl.DataType] = {"row": pl.UInt32(), "value": pl.String(), "reason": pl.String()}
_MONEY = r"^-?[$€£¥\\]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?$"
_EMAIL = r"^[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+$"
_URI = r"^https?://[!#-;=?-~]+$"
_SAMPLE = 50
_NATIVE_FORMATS = 6
_WORTH_A_FORMAT = 200


class DoubtError(Exception):
    """A date that is not ISO, in a column that was only taken to be ISO: the whole column must be looked at."""


@dataclass(frozen=True)
class ColumnReader:
    """Reads columns of one field. `tentative`: the layout of its dates is only assumed."""

    cell: CellReader
    tentative: bool = False

    @property
    def dtype(self) -> pl.DataType:
        """The type of the columns that come out."""
        return DTYPES.get(self.cell.field.type.kind, pl.String())

    @property
    def takes_all(self) -> bool:
        """Whether no cell can be wrong: free text, which may be blank."""
        field = self.cell.field
        limits = (field.pattern, field.const, field.min_length, field.max_length, field.format)
        is_free = not field.required and all(limit is None for limit in limits)
        return field.type.kind == "text" and is_free

    def blank(self, length: int) -> pl.Series:
        """A column of blanks, for a field that has no column in the file."""
        return pl.Series([None], dtype=self.dtype).new_from_index(0, length)

    def read(self, raw: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        """The typed column, null where a cell is blank or bad, and the bad cells (`BAD`). Raises DoubtError."""
        settled = self._settled(raw)
        blanks = 0 if self.cell.field.required else raw.null_count()
        if settled.null_count() == blanks:
            return settled, pl.DataFrame(schema=BAD)
        undecided = settled.is_null()
        if not self.cell.field.required:
            undecided &= (raw != "").fill_null(value=False)
        if not undecided.any():
            return settled, pl.DataFrame(schema=BAD)
        return self._decided(raw, settled, rows_where(undecided))

    def _decided(self, raw: pl.Series, settled: pl.Series, rows: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
        texts = raw.gather(rows).fill_null("")
        read = {text: self.cell.read(text) for text in texts.unique()}
        reasons = {text: value.reason for text, value in read.items() if isinstance(value, Bad)}
        if self.tentative and any(reasons):
            raise DoubtError
        bad = _bad_cells(rows, texts, reasons)
        if all(value is None or isinstance(value, Bad) for value in read.values()):
            return settled, bad
        values = [None if isinstance(value := read[text], Bad) else value for text in texts]
        return self._filled(settled, rows, values), bad

    def _filled(self, settled: pl.Series, rows: pl.Series, values: list[Any]) -> pl.Series:
        found = pl.Series(values, dtype=self.dtype)
        if len(rows) == len(settled):
            return found.alias(settled.name)
        if isinstance(self.dtype, pl.List):
            # Lists cannot be scattered: each row takes the first of both that is there.
            spread = pl.DataFrame({"row": rows.cast(pl.UInt32), "value": found})
            whole = pl.DataFrame({"row": pl.arange(len(settled), eager=True, dtype=pl.UInt32), "settled": settled})
            joined = whole.join(spread, on="row", how="left", maintain_order="left")
            return joined.select(pl.coalesce("value", "settled").alias(settled.name)).to_series()
        return settled.scatter(rows, found)

    def _settled(self, raw: pl.Series) -> pl.Series:
        """The cells that need no second look; null for all others."""
        kinds: dict[str, Callable[[pl.Series], pl.Series]] = {
            "number": self._numbers,
            "yesno": self._yesno,
            "date": self._dates,
            "datetime": self._datetimes,
            "choice": self._choices,
            "set": lambda column: self.blank(len(column)).alias(column.name),
        }
        settled = kinds.get(self.cell.field.type.kind, self._texts)(raw)
        if self._blanks:
            listed = fold_series(raw).is_in(self._blanks).fill_null(value=False)
            settled = only(settled, ~listed) if listed.any() else settled
        return settled

    @cached_property
    def _blanks(self) -> list[str]:
        """The listed blanks that could be taken for a value."""
        return sorted(b for b in self.cell.folded_blanks if not isinstance(self.cell.convert(b), Bad))

    def _texts(self, raw: pl.Series) -> pl.Series:
        field = self.cell.field
        if field.pattern is not None or field.const is not None:
            return self.blank(len(raw)).alias(raw.name)
        text = _trimmed(raw)
        if field.min_length is None and field.max_length is None and field.format not in ("email", "uri"):
            return text
        good = text.is_not_null()
        if field.min_length is not None or field.max_length is not None:
            good &= text.str.len_chars().is_between(field.min_length or 0, field.max_length or 2**31)
        if field.format in ("email", "uri"):
            good &= text.str.contains(_EMAIL if field.format == "email" else _URI)
        return only(text, good)

    def _choices(self, raw: pl.Series) -> pl.Series:
        field = self.cell.field
        if field.pattern is not None or field.const is not None or field.min_length or field.max_length or field.format:
            return self.blank(len(raw)).alias(raw.name)
        return raw.cast(pl.Enum(list(dict.fromkeys(field.type.options))), strict=False).cast(pl.String)

    def _yesno(self, raw: pl.Series) -> pl.Series:
        if self.cell.field.const is not None:
            return self.blank(len(raw)).alias(raw.name)
        words = {
            "true": True,
            "false": False,
            "1": True,
            "0": False,
            "TRUE": True,
            "FALSE": False,
            "yes": True,
            "no": False,
        }
        codes = raw.cast(pl.Enum(list(words)), strict=False).to_physical()
        return pl.Series(list(words.values()))[codes].alias(raw.name)

    def _numbers(self, raw: pl.Series) -> pl.Series:
        numbers = self._within(raw.cast(pl.Float64, strict=False))
        if numbers.null_count() == raw.null_count():
            return numbers
        missing = numbers.is_null() & raw.str.contains("[0-9]").fill_null(value=False)
        if missing.sum() < _WORTH_A_FORMAT:
            return numbers
        rows = rows_where(missing)
        texts = raw.gather(rows).str.strip_chars(TRIM)
        bare = texts.str.replace_all(r"[$€£¥\\,]", "").cast(pl.Float64, strict=False)
        return numbers.scatter(rows, self._within(only(bare, texts.str.contains(_MONEY))))

    def _within(self, numbers: pl.Series) -> pl.Series:
        field = self.cell.field
        good = numbers.is_finite() & (numbers.abs() <= LARGEST)
        if field.integer:
            good &= numbers == numbers.floor()
        limits = (
            (field.minimum, numbers.__ge__),
            (field.maximum, numbers.__le__),
            (field.exclusive_minimum, numbers.__gt__),
            (field.exclusive_maximum, numbers.__lt__),
            (field.const, numbers.__eq__),
        )
        for limit, holds in limits:
            if limit is not None:
                good &= holds(limit)
        return numbers if good.all(ignore_nulls=True) else only(numbers, good)

    def _dates(self, raw: pl.Series) -> pl.Series:
        days = pl.Series([None], dtype=pl.Date).new_from_index(0, len(raw)).alias(raw.name)
        for rows, clocks in self._clocks(raw):
            local = local_series(self.cell.calendar, clocks) if _is_aware(clocks) else clocks
            days = local.dt.date() if rows is None else days.scatter(rows, local.dt.date())
        return days

    def _datetimes(self, raw: pl.Series) -> pl.Series:
        times = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(raw)).alias(raw.name)
        for rows, clocks in self._clocks(raw):
            instants = clocks if _is_aware(clocks) else instant_series(self.cell.calendar, clocks)
            times = instants.to_physical() if rows is None else times.scatter(rows, instants.to_physical())
        return times.cast(INSTANT).alias(raw.name)

    def _clocks(self, raw: pl.Series) -> list[tuple[pl.Series | None, pl.Series]]:
        """Clock times or instants by row (none: all rows), read by the formats that a look at the cells suggests."""
        found: list[tuple[pl.Series | None, pl.Series]] = []
        rows: pl.Series | None = None
        left = raw
        tried: set[str] = set()
        while len(tried) < _NATIVE_FORMATS and (native := self._suggested(left, tried)):
            tried.add(native)
            clocks = read_clocks(left, native)
            if rows is None:
                found.append((None, clocks))
                if clocks.null_count() == raw.null_count():
                    break
                rows = rows_where((clocks.is_null() & (raw != "")).fill_null(value=False))
            else:
                good = clocks.is_not_null()
                found.append((rows.filter(good), clocks.filter(good)))
                rows = rows.filter(~good)
            if len(rows) < _WORTH_A_FORMAT:
                break
            left = raw.gather(rows)
        return found

    @cached_property
    def _leading(self) -> list[Layout]:
        """The first layout, and ISO where no other could read an ISO date: no other layout's turn comes before."""
        first, *others = self.cell.layouts
        alone = not any(layout.format.startswith("%Y-") for layout in self.cell.layouts if layout != ISO)
        return [first, ISO] if ISO in others and alone else [first]

    def _suggested(self, cells: pl.Series, tried: set[str]) -> str | None:
        sample = cells.drop_nulls().head(_SAMPLE)
        natives = (layout.native(text) for text in sample for layout in self._leading)
        return next((native for native in natives if native and native not in tried), None)


def _trimmed(raw: pl.Series) -> pl.Series:
    """Texts without white space around them; null for what nothing is left of, and for items of a list."""

    def trimmed(some: pl.Series) -> pl.Series:
        texts = some.str.strip_chars(TRIM)
        return only(texts, (texts != "") & ~texts.str.ends_with(ITEM_END))

    return _of_padded(raw, trimmed)


def stripped(raw: pl.Series) -> pl.Series:
    """Texts without white space around them."""
    return _of_padded(raw, lambda some: some.str.strip_chars(TRIM))


def _of_padded(raw: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What a function makes of the texts that may begin or end with white space; the others as they are.

    Nearly all cells begin and end with a visible ASCII character, which is quicker to see than to look for white space.
    """
    last = raw.cast(pl.Binary).bin.get(-1, null_on_oob=True)
    is_bare = raw.is_between("!", "\x7f", closed="left") & last.is_between(ord("!"), ord("~"))
    rows = rows_where(~is_bare)
    if not len(rows):
        return raw
    return raw.clone().scatter(rows, function(raw.gather(rows))) if len(rows) < len(raw) / 2 else function(raw)


def _bad_cells(rows: pl.Series, texts: pl.Series, reasons: dict[str, str]) -> pl.DataFrame:
    if not reasons:
        return pl.DataFrame(schema=BAD)
    bad = texts.is_in(list(reasons))
    values = texts.filter(bad)
    why = values.replace_strict(list(reasons), list(reasons.values()), return_dtype=pl.String)
    return pl.DataFrame([rows.filter(bad).alias("row"), values.alias("value"), why.alias("reason")], schema=BAD)


def _is_aware(clocks: pl.Series) -> bool:
    return isinstance(clocks.dtype, pl.Datetime) and clocks.dtype.time_zone is not None
