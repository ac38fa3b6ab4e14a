"""Pieces that column implementations share: folding, local time, finite numbers, membership.

In: Polars expressions. Out: Polars expressions that mention each of theirs once, so that nesting stays linear. Agrees
with core/text and core/calendar by taking their tables, not Polars' own zones; Polars is imported where it is used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from leadrules.core.calendar import Calendar, nominal
from leadrules.core.functions.patterns import pattern_error
from leadrules.core.text import TRIM, WRITTEN_OTHERWISE, folded, plain
from leadrules.core.types import Type

if TYPE_CHECKING:
    import polars as pl

_NEW_CAPITALS = "\u019b\u0264\ua7d3\ua7d5"  # small letters that got their capital after they were encoded
_OTHERWISE = {"ς": "σ", **WRITTEN_OTHERWISE}
_FEW = 8
_SAMPLE = 1_000
_MOST_YEARS = 30
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
# The first and the last microsecond of the years 1 to 9999, counted from 1970.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a clock time
_FIRST_MICRO, _LAST_MICRO = -62_135_596_800_000_000, 253_402_300_799_999_999


def dtype(type_: Type) -> Any:
    """The Polars type of a column of this type."""
    import polars as pl

    match type_.kind:
        case "number":
            return pl.Float64()
        case "yesno":
            return pl.Boolean()
        case "date":
            return pl.Date()
        case "datetime":
            return pl.Datetime("us", "UTC")
        case "duration":
            return pl.Duration("us")
        case "set":
            return pl.List(pl.String)
        case "blank":
            return pl.Null()
    return pl.String()


def each(function: Callable[..., pl.Series], result: Any, *args: pl.Expr) -> pl.Expr:
    """A function on whole series, element by element, as an expression; constants come as series of one."""
    import polars as pl

    if len(args) == 1:
        return args[0].map_batches(function, return_dtype=result, is_elementwise=True)
    return pl.map_batches(
        list(args), lambda series: function(*_aligned(series)), return_dtype=result, is_elementwise=True
    )


def _aligned(series: Sequence[pl.Series]) -> list[pl.Series]:
    """All as long as the longest: a constant is repeated."""
    longest = max(len(s) for s in series)
    if any(len(s) == 0 for s in series):
        longest = 0
    return [s if len(s) == longest else s.head(0) if not longest else s.new_from_index(0, longest) for s in series]


# -- text -----------------------------------------------------------------------------------------------------------


def fold_column(column: pl.Expr, *, trim: bool = True) -> pl.Expr:
    """`fold` of a column of text; with `trim=False`, `folded`."""
    import polars as pl

    return each(lambda series: fold_series(series, trim=trim), pl.String(), column)


def fold_set_column(column: pl.Expr) -> pl.Expr:
    """`fold` of every item of a column of sets."""
    import polars as pl

    return column.list.eval(fold_column(pl.element()))


def fold_series(series: pl.Series, *, trim: bool = True) -> pl.Series:
    """`fold` of a series of text."""
    import polars as pl

    series = series.cast(pl.String)
    if is_ascii(series):
        lower = series.str.to_lowercase()
        return lower.str.strip_chars() if trim else lower
    native = series.str.normalize("NFKC").str.to_lowercase().str.replace_many(_OTHERWISE)
    lower = by_python(series, native, _young(), folded)
    return lower.str.strip_chars(TRIM) if trim else lower


def plain_series(series: pl.Series) -> pl.Series:
    """`plain` of a series of text."""
    if is_ascii(series):
        return series.str.strip_chars()
    return by_python(series, series.str.normalize("NFKC").str.strip_chars(TRIM), _young(), plain)


def lower_series(series: pl.Series) -> pl.Series:
    """Lower case, as Python has it."""
    return by_python(series, series.str.to_lowercase(), f"[{_young()}Σ]", str.lower)


def upper_series(series: pl.Series) -> pl.Series:
    """Upper case, as Python has it."""
    return by_python(series, series.str.to_uppercase(), f"[{_young()}{_NEW_CAPITALS}]", str.upper)


def is_ascii(series: pl.Series) -> bool:
    """Whether every text is ASCII: as many bytes as characters."""
    return bool(series.str.len_bytes().sum() == series.str.len_chars().sum())


@lru_cache(maxsize=1)
def _young() -> str:
    """A pattern of the characters that Python or Polars does not know yet: text with one of them goes by Python.

    Each follows its own version of Unicode, and what both know they treat alike.
    """
    own = ".".join(unicodedata.unidata_version.split(".")[:2])
    known = [age for age in ("17.0", "16.0", "15.1", "15.0", "14.0") if float(age) <= float(own)]
    return next(pattern for age in known if pattern_error(pattern := rf"\P{{Age={age}}}") is None)


def by_python(series: pl.Series, native: pl.Series, pattern: str, function: Callable[[str], str]) -> pl.Series:
    """The native result, but Python's for the texts in which the pattern is found."""
    import polars as pl

    if is_ascii(series):
        return native
    odd = series.str.contains(pattern).fill_null(value=False)
    if not odd.any():
        return native
    own = pl.Series(values=[function(text) for text in series.filter(odd)], dtype=pl.String)
    return native.scatter(rows_where(odd), own)


def by_distinct(series: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """A function of each value of a column, worked out once per distinct one; blank for a blank."""
    import polars as pl

    if series.null_count() > len(series) / 2:  # blanks cost as much as values
        filled = rows_where(series.is_not_null())
        found = by_distinct(series[filled], function)
        return found.clear(1).new_from_index(0, len(series)).scatter(filled, found).alias(series.name)
    values = series.unique().drop_nulls()
    found = function(values)
    if series.dtype != pl.String:
        return series.replace_strict(values, found, default=None, return_dtype=found.dtype)
    return found[series.cast(pl.Enum(values)).to_physical()].alias(series.name)


def by_few(series: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The same where a look at some of the values says that few are distinct; else of every one."""
    sample = series.gather_every(len(series) // _SAMPLE + 1)
    is_few = len(series) >= _SAMPLE and sample.n_unique() * _FEW <= len(sample)
    return by_distinct(series, function) if is_few else function(series)


def each_text(series: pl.Series, function: Callable[[str], Any], result: Any) -> pl.Series:
    """What a function in Python makes of each text; it is asked once per distinct one."""
    import polars as pl

    return by_distinct(
        series.cast(pl.String), lambda texts: pl.Series([function(text) for text in texts], dtype=result)
    )


def blank_if_empty(column: pl.Expr) -> pl.Expr:
    """Blank for the empty text."""
    return column.replace("", None)


def is_member(column: pl.Expr, members: Sequence[Any] | frozenset[Any]) -> pl.Expr:
    """Whether a value is among constants; no for a blank."""
    if not members:
        return column.is_null() & column.is_not_null()
    if len(members) == 1:
        return column.eq(next(iter(members))).fill_null(value=False)
    return column.is_in(list(members)).fill_null(value=False)


def begins(column: pl.Expr, parts: Sequence[str], *, at_end: bool = False) -> pl.Expr:
    """Whether a text begins (or ends) with one of these; many are looked up by their length instead of one by one."""
    import polars as pl

    if len(parts) <= _FEW:
        tests = [column.str.ends_with(p) if at_end else column.str.starts_with(p) for p in parts]
    else:
        by_length: dict[int, list[str]] = {}
        for part in parts:
            by_length.setdefault(len(part), []).append(part)
        cut = column.str.tail if at_end else column.str.head
        tests = [is_member(cut(length), group) for length, group in by_length.items()]
    return any_of(tests) if tests else pl.lit(value=False)


def any_of(tests: Sequence[pl.Expr]) -> pl.Expr:
    """Whether any test holds; a blank one does not."""
    import polars as pl

    return (tests[0] if len(tests) == 1 else pl.any_horizontal(tests)).fill_null(value=False)


# -- numbers --------------------------------------------------------------------------------------------------------


def finite(column: pl.Expr) -> pl.Expr:
    """Blank for what is no number: a division by zero, an overflow."""
    import polars as pl

    return each(_finite_series, pl.Float64(), column)


def _finite_series(series: pl.Series) -> pl.Series:
    return only(series, series.is_finite())


def only(values: pl.Series, good: pl.Series) -> pl.Series:
    """The values that are good; blank for the others."""
    import polars as pl

    if good.all(ignore_nulls=False):
        return values
    # One blank for all: then no value is looked at, as against a column of blanks.
    return values.zip_with(good, pl.Series([None], dtype=values.dtype))


def rows_where(mask: pl.Series) -> pl.Series:
    """The places where a mask holds; `arg_true` takes ten times as long where they are many."""
    import polars as pl

    return pl.arange(len(mask), eager=True, dtype=pl.UInt32).filter(mask)


def looked_up(values: pl.Series, codes: pl.Series) -> pl.Series:
    """`values[codes]`, for few values and many codes.

    To take texts with blanks among them costs ten times as much as to take texts and to blank some of them afterwards.
    """
    import polars as pl

    if values.dtype != pl.String or not (values.has_nulls() or codes.has_nulls()):
        return values[codes]
    if not len(values):
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(codes))
    there = values.is_not_null()[codes] if values.has_nulls() else codes.is_not_null()
    return only(values.fill_null("")[codes.fill_null(0)], there)


# -- time -----------------------------------------------------------------------------------------------------------


def to_local(calendar: Calendar, column: pl.Expr) -> pl.Expr:
    """The local clock time (naive) of a column of instants."""
    import polars as pl

    return each(lambda series: local_series(calendar, series), pl.Datetime("us"), column)


def to_instant(calendar: Calendar, column: pl.Expr) -> pl.Expr:
    """The instants of a column of local clock times (naive)."""
    import polars as pl

    return each(lambda series: instant_series(calendar, series), pl.Datetime("us", "UTC"), column)


def local_series(calendar: Calendar, series: pl.Series) -> pl.Series:
    """The local clock times of instants, by the zone's own table."""
    import polars as pl

    micros = series.cast(pl.Datetime("us", "UTC")).to_physical()
    shifted: pl.Series = micros + _offsets(calendar, micros, local=False)
    return _in_time(shifted, micros).cast(pl.Datetime("us"))


def instant_series(calendar: Calendar, series: pl.Series) -> pl.Series:
    """The instants of local clock times, by the zone's own table."""
    import polars as pl

    micros = series.cast(pl.Datetime("us")).to_physical()
    shifted: pl.Series = micros - _offsets(calendar, micros, local=True)
    return _in_time(shifted, micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def known_years(series: pl.Series) -> pl.Series:
    """A column of dates or clock times, blank outside the years 1 to 9999."""
    import polars as pl

    numbers = series.to_physical()
    lowest, highest = numbers.min(), numbers.max()
    ends = (_FIRST_DAY, _LAST_DAY) if series.dtype == pl.Date else (_FIRST_MICRO, _LAST_MICRO)
    if not isinstance(lowest, int) or not isinstance(highest, int) or (ends[0] <= lowest and highest <= ends[1]):
        return series
    return only(series, numbers.is_between(*ends))


def _in_time(shifted: pl.Series, micros: pl.Series) -> pl.Series:
    """What an offset would move out of the years 1 to 9999 stays where it is."""
    inside = shifted.is_between(_FIRST_MICRO, _LAST_MICRO)
    return shifted if inside.all() else shifted.zip_with(inside.fill_null(value=False), micros)


def _offsets(calendar: Calendar, micros: pl.Series, *, local: bool) -> Any:
    """The offset at each moment: a series, or one number where the zone never changes in these years."""
    import polars as pl

    table = calendar.offsets(_years(micros), local=local)
    if len(table.offsets) <= 1:
        return table.offsets[0] if table.offsets else 0
    # A moment belongs to the last step that begins at or before it.
    at = pl.Series(table.starts[1:], dtype=pl.Int64).search_sorted(micros.fill_null(0), side="right")
    return pl.Series(table.offsets, dtype=pl.Int64).gather(at)


def _years(micros: pl.Series) -> Sequence[int]:
    """The years in which the moments lie: all from the first to the last where these are not far apart."""
    import polars as pl

    lowest, highest = micros.min(), micros.max()
    if not isinstance(lowest, int) or not isinstance(highest, int):
        return range(0)
    if lowest >= _FIRST_MICRO and highest <= _LAST_MICRO:
        first, last = ((_EPOCH + timedelta(microseconds=end)).year for end in (lowest, highest))
        if last - first < _MOST_YEARS:
            return range(first, last + 1)
    return micros.cast(pl.Datetime("us")).dt.year().unique().drop_nulls().to_list()


def length(duration: Any) -> pl.Expr:
    """A duration as a column: a literal (count, unit) as the length that compares with others."""
    import polars as pl

    if isinstance(duration, pl.Expr):
        return duration
    return pl.lit(nominal(*as_pair(duration)), dtype=pl.Duration("us"))


def as_pair(duration: Any) -> tuple[int, str]:
    """A duration literal, of the compiled ruleset or bare, as count and unit."""
    return (duration.count, duration.unit) if hasattr(duration, "unit") else tuple(duration)


def local_day(calendar: Calendar, column: pl.Expr, type_: Type) -> pl.Expr:
    """The local date of a column of dates or datetimes."""
    return to_local(calendar, column).dt.date() if type_.kind == "datetime" else column


def as_instant(calendar: Calendar, column: pl.Expr, type_: Type) -> pl.Expr:
    """Datetimes themselves, dates as their local midnight."""
    import polars as pl

    return to_instant(calendar, column.cast(pl.Datetime("us"))) if type_.kind == "date" else column


def instants_of(calendar: Calendar, values: pl.Series) -> pl.Series:
    """A column of datetimes itself, one of dates as their local midnights."""
    import polars as pl

    return instant_series(calendar, values) if values.dtype == pl.Date else values.cast(pl.Datetime("us", "UTC"))
