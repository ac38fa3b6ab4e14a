"""Why a score is what it is: the reasons as text, the contributions in long form, and which rules fired.

In: the lines of every score. Out: `fit.senior +15; engagement.pricing +10` per lead; rows for reasons.csv; leads per rule.
A million leads share few combinations of a few neighbouring lines: each combination's text is made once, then spread by
its number. Knows nothing of how a line came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import polars as pl

from leadrules.core.text import number_text
from leadrules.engine.scores import Line
from leadrules.engine.units import DIGITS, as_number

COMBINATIONS = 20_000  # of neighbouring lines, at most, in one table of texts
JOINT = "; "


@dataclass(frozen=True, slots=True)
class _Coded:
    """A line as a number per lead: 0 for nothing, else which of `texts` it says."""

    codes: pl.Expr
    texts: tuple[str, ...]


def reasons_text(lines: Sequence[Line], height: int) -> pl.Series:
    """One text per lead: its non-zero lines in declaration order."""
    pieces: list[pl.Expr] = []
    run: list[_Coded] = []
    size = 1
    for line in lines:
        coded = _coded(line)
        if isinstance(coded, pl.Expr):
            pieces += [*_table(run), coded]
            run, size = [], 1
        elif coded is not None:
            if run and size * len(coded.texts) > COMBINATIONS:
                pieces += _table(run)
                run, size = [], 1
            run.append(coded)
            size *= len(coded.texts)
    pieces += _table(run)
    if not pieces:
        return pl.repeat("", height, dtype=pl.String, eager=True).alias("reasons")
    return pl.select(pl.concat_str(pieces).str.strip_suffix(JOINT).alias("reasons")).to_series()


def _coded(line: Line) -> _Coded | pl.Expr | None:
    """A line with few different values as codes, one with many as its text, one without any as nothing."""
    if isinstance(line.units, int):
        if not line.units or line.matched is None:
            return None
        return _Coded(pl.lit(line.matched).cast(pl.UInt32), ("", _said(line, line.units)))
    if not line.largest:
        return None
    values = line.units.unique().sort()
    if values.len() > COMBINATIONS // 8:
        return _many(line, values)
    ordered = [0, *(value for value in values.to_list() if value)]
    if len(ordered) == 2:
        return _Coded((pl.lit(line.units) != 0).cast(pl.UInt32), ("", _said(line, ordered[1])))
    codes = pl.lit(line.units).replace_strict(ordered, list(range(len(ordered))), return_dtype=pl.UInt32)
    return _Coded(codes, ("", *(_said(line, value) for value in ordered[1:])))


def _said(line: Line, units: int) -> str:
    return f"{line.path} {signed(units)}{JOINT}"


def signed(units: int) -> str:
    """`+15`, `-2.5`."""
    return f"{'-' if units < 0 else '+'}{number_text(abs(units) / 10**DIGITS)}"


def _many(line: Line, values: pl.Series) -> pl.Expr:
    texts = pl.Series([_said(line, value) if value else "" for value in values.to_list()], dtype=pl.String)
    return pl.lit(texts).gather(pl.lit(values.search_sorted(pl.Series(line.units))))


def _table(run: Iterable[_Coded]) -> list[pl.Expr]:
    """Neighbouring lines as one table of the texts of their combinations."""
    lines = list(run)
    if not lines:
        return []
    texts = pl.Series(["".join(parts) for parts in product(*(line.texts for line in lines))], dtype=pl.String)
    code, weight = [], 1
    for line in reversed(lines):
        code.append(line.codes * weight)
        weight *= len(line.texts)
    return [pl.lit(texts).gather(pl.sum_horizontal(code))]


def contributions(lines: Sequence[Line]) -> pl.DataFrame:
    """The non-zero lines in long form: lead_row, score, rule, points, events; by lead, then in declaration order."""
    frames = [part for number, line in enumerate(lines) if (part := _long(line, number)) is not None]
    if not frames:
        return pl.DataFrame(schema=_LONG)
    columns = list(_LONG)
    return pl.concat(frames).sort("lead_row", "line", maintain_order=True).select(columns)


_LONG = {
    "lead_row": pl.UInt32(),
    "score": pl.String(),
    "rule": pl.String(),
    "points": pl.Float64(),
    "events": pl.UInt32(),
}


def _long(line: Line, number: int) -> pl.DataFrame | None:
    if isinstance(line.units, int):
        if not line.units or line.matched is None:
            return None
        rows = line.matched.arg_true()
        units = pl.repeat(line.units, rows.len(), dtype=pl.Int64, eager=True)
    else:
        rows = (line.units != 0).arg_true()
        units = line.units.gather(rows)
    events = pl.lit(None, dtype=pl.UInt32) if line.events is None else pl.lit(line.events.gather(rows))
    return pl.select(
        rows.cast(pl.UInt32).alias("lead_row"),
        pl.lit(line.score).alias("score"),
        pl.lit(line.name).alias("rule"),
        as_number(pl.lit(units)).alias("points"),
        events.cast(pl.UInt32).alias("events"),
        pl.lit(number, dtype=pl.UInt32).alias("line"),
    )


def fired(lines: Sequence[Line]) -> dict[str, int]:
    """How many leads each rule matched, in declaration order, also where it gave no points."""
    return {line.path: int(line.matched.sum()) for line in lines if line.matched is not None}
