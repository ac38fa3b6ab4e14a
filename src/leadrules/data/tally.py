"""What the values of a column go with: counts, quarters, and the share of leads with an outcome.

In: columns of a profile. Out: plain numbers. Nothing here is read twice: the cells are those that the profile kept.
"""

from __future__ import annotations

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.data.cells import NO, YES, parse_number
from leadrules.data.kinds import LIKELY_BLANKS
from leadrules.data.profile import Column


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a yes/no column, lead by lead."""

    series: pl.Series

    def rates(self, other: Answers) -> tuple[float, float]:
        """The share of yes in `other` where these say yes, and where they say no."""
        yes, no = (other.series.filter(side.fill_null(value=False)).mean() for side in (self.series, ~self.series))
        return _number(yes), _number(no)

    @property
    def share(self) -> float:
        """The share of leads that say yes."""
        return _number(self.series.fill_null(value=False).mean())


def answers(column: Column) -> Answers | None:
    """The answers of a column; None where it keeps no cells."""
    if column.values is None:
        return None
    words = {value: fold(value) for value in column.values.unique().to_list()}
    flags = {value: True if word in YES else False if word in NO else None for value, word in words.items()}
    return Answers(column.values.replace_strict(flags, return_dtype=pl.Boolean))


def by_value(column: Column, outcome: Answers | None) -> dict[str, tuple[int, float | None]]:
    """How many leads have each (folded) value, and the share of them with the outcome."""
    if column.values is None:
        return {}
    folded = {value: fold(value) for value in column.values.unique().to_list()}
    keys = column.values.replace_strict(folded, return_dtype=pl.String).alias("value")
    won = outcome.series if outcome is not None else pl.Series([None] * len(keys), dtype=pl.Boolean)
    groups = pl.DataFrame({"value": keys, "won": won}).group_by("value").agg(pl.len(), pl.col("won").mean())
    return {value: (count, share) for value, count, share in groups.iter_rows()}


def top_quarter(column: Column) -> tuple[float, Answers, int] | None:
    """Where the top quarter of the numbers begins, who is in it, and how many numbers there are.

    None where all are one number. Where three quarters share the lowest number, the next one begins it.
    """
    if column.values is None:
        return None
    absent = LIKELY_BLANKS | {fold(blank) for blank in column.blanks}
    read = {v: None if fold(v) in absent else parse_number(v) for v in column.values.unique().to_list()}
    numbers = column.values.replace_strict(read, return_dtype=pl.Float64)
    limit, lowest = numbers.quantile(0.75, "nearest"), _number(numbers.min())
    if limit is None or lowest == numbers.max():
        return None
    limit = _number(numbers.filter(numbers > lowest).min()) if limit == lowest else limit
    limit = round(limit, 4)
    return limit, Answers((numbers >= limit).fill_null(value=False)), numbers.drop_nulls().n_unique()


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
