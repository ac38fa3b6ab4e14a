"""Why a score is what it is: the reasons as text, the contributions in long form, and which rules fired.

In: the lines of every score. Out: `fit.senior +15; engagement.pricing +10` per lead; rows for reasons.csv; leads per rule.
A million leads share few combinations of a few neighbouring lines: each combination's text is made once, then spread by
its number. Knows nothing of how a line came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import number_text
from leadrules.engine.scores import Coded, Line
from leadrules.engine.units import DIGITS, as_number, wide_enough

MOST_COMBINATIONS = 16_384
JOINT = "; "
_SCALE = 10**DIGITS


@dataclass(frozen=True, slots=True)
class _Saying:
    """A line as a number per lead: 0 for nothing, else which of `texts` it says."""

    codes: pl.Series
    texts: pl.Series


@dataclass(frozen=True, slots=True)
class _Piece:
    """Neighbouring lines, whose combinations have a table of texts: a lead's code is the sum of weighted codes."""

    texts: pl.Series
    codes: tuple[tuple[pl.Series, int], ...]

    def text(self, start: int, length: int) -> pl.Series:
        """What these lines say of some leads."""
        code = [pl.lit(codes.slice(start, length)).cast(pl.UInt32) * weight for codes, weight in self.codes]
        return self.texts[pl.select(code[0] if len(code) == 1 else pl.sum_horizontal(code)).to_series()]


class Reasons:
    """The reasons of every lead, to be had for some leads at a time: the texts are by far the largest column of a run."""

    def __init__(self, lines: Sequence[Line], height: int) -> None:
        sayings = [saying for line in lines if (saying := _saying(line, height)) is not None]
        self._pieces = [_piece(run) for run in _runs(sayings, min(MOST_COMBINATIONS, max(height // 64, 8)))]

    def texts(self, start: int, length: int) -> pl.Series:
        """One text per lead: its non-zero lines in declaration order."""
        if not self._pieces:
            return pl.repeat("", length, dtype=pl.String, eager=True).alias("reasons")
        pieces = pl.DataFrame([piece.text(start, length).alias(str(at)) for at, piece in enumerate(self._pieces)])
        return pieces.select(pl.concat_str(pl.all()).str.strip_suffix(JOINT).alias("reasons")).to_series()


def _runs(sayings: Sequence[_Saying], most: int) -> list[list[_Saying]]:
    """Neighbours together, as long as their combinations are not too many."""
    runs: list[list[_Saying]] = []
    size = most + 1
    for saying in sayings:
        size *= saying.texts.len()
        if size > most:
            runs.append([])
            size = saying.texts.len()
        runs[-1].append(saying)
    return runs


def _piece(run: Sequence[_Saying]) -> _Piece:
    """Neighbouring lines, by way of a table of their combinations."""
    if len(run) == 1:
        return _Piece(run[0].texts, ((run[0].codes, 1),))
    combinations = product(*(saying.texts.to_list() for saying in run))
    texts = pl.Series(["".join(texts) for texts in combinations], dtype=pl.String)
    codes, weight = [], 1
    for saying in reversed(run):
        codes.append((saying.codes, weight))
        weight *= saying.texts.len()
    return _Piece(texts, tuple(codes))


def _saying(line: Line, height: int) -> _Saying | None:
    """What a line says; None where it gives nobody anything."""
    if isinstance(line.given, Coded):
        if not any(line.given.amounts):
            return None
        return _Saying(line.given.codes, _texts(line, pl.Series(line.given.amounts, dtype=wide_enough(line.largest))))
    rows = rows_where(line.given != 0)
    if not rows.len():
        return None
    amounts = line.given.gather(rows)
    distinct = amounts.unique().sort()
    codes = pl.repeat(0, height, dtype=pl.UInt32, eager=True)
    codes = codes.scatter(rows, (distinct.search_sorted(amounts) + 1).cast(pl.UInt32))
    return _Saying(codes, _texts(line, pl.concat([pl.Series([0], dtype=distinct.dtype), distinct])))


def _texts(line: Line, amounts: pl.Series) -> pl.Series:
    """`fit.senior +15; ` per amount, nothing for 0."""
    if amounts.len() <= MOST_COMBINATIONS:
        texts = [f"{line.path} {signed(amount)}{JOINT}" if amount else "" for amount in amounts.to_list()]
        return pl.Series(texts, dtype=pl.String)
    return pl.select(pl.when(pl.lit(amounts) != 0).then(_said(line, pl.lit(amounts))).otherwise(pl.lit(""))).to_series()


def _said(line: Line, amount: pl.Expr) -> pl.Expr:
    """The same over a column, for lines that take very many amounts."""
    whole, rest = amount.abs() // _SCALE, amount.abs() % _SCALE
    digits = (rest + _SCALE).cast(pl.String).str.slice(1).str.strip_chars_end("0")
    sign = pl.when(amount < 0).then(pl.lit("-")).otherwise(pl.lit("+"))
    point = pl.when(rest != 0).then(pl.lit(".")).otherwise(pl.lit(""))
    return pl.concat_str(pl.lit(f"{line.path} "), sign, whole.cast(pl.String), point, digits, pl.lit(JOINT))


def signed(units: int) -> str:
    """`+15`, `-2.5`."""
    return f"{'-' if units < 0 else '+'}{number_text(float(abs(units)) / _SCALE)}"


_LONG = {
    "lead_row": pl.UInt32(),
    "score": pl.String(),
    "rule": pl.String(),
    "points": pl.Float64(),
    "events": pl.UInt32(),
}


def contributions(lines: Sequence[Line]) -> pl.DataFrame:
    """The non-zero lines in long form: lead_row, score, rule, points, events; by lead, then in declaration order."""
    frames = [_long(line, number) for number, line in enumerate(lines)]
    if not frames:
        return pl.DataFrame(schema=_LONG)
    names = pl.DataFrame(
        {"line": range(len(lines)), "score": [line.score for line in lines], "rule": [line.name for line in lines]},
        schema_overrides={"line": pl.UInt16},
    )
    ordered = pl.concat(frames).sort("lead_row", "line")
    numbers = ordered.get_column("line")
    spread = [names.get_column(name).gather(numbers) for name in ("score", "rule")]
    return ordered.with_columns(spread).select(list(_LONG))


def _long(line: Line, number: int) -> pl.DataFrame:
    units = pl.select(line.units(None if isinstance(line.given, Coded) else line.given.dtype)).to_series()
    rows = rows_where(units != 0)
    events = pl.lit(None, dtype=pl.UInt32) if line.events is None else pl.lit(line.events.gather(rows).cast(pl.UInt32))
    return pl.select(
        rows.cast(pl.UInt32).alias("lead_row"),
        pl.lit(number, dtype=pl.UInt16).alias("line"),
        as_number(pl.lit(units.gather(rows))).alias("points"),
        events.alias("events"),
    )


def fired(lines: Sequence[Line]) -> dict[str, int]:
    """How many leads each rule matched, in declaration order, also where it gave no points."""
    return {line.path: int(line.matched.sum()) for line in lines if line.matched is not None}
