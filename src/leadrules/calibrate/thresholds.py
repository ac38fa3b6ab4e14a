"""What a threshold on a score would do, and whether a higher score means a higher rate.

In: a score and who reached the outcome. Out: a row per threshold (precision, recall, leads a week), the threshold that
fits a capacity or a precision, and the rates by range of the score.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from leadrules.calibrate.ranking import Rate
from leadrules.core.records import dataclass

RANGES = 10


@dataclass(frozen=True, slots=True)
class Threshold:
    """The leads at or above `start`: how many, how many reached the outcome (precision), the share of all that did
    (recall), and how many there are a week (None without created times)."""

    start: float
    label: str
    above: Rate
    recall: float | None
    per_week: float | None


@dataclass(frozen=True, slots=True)
class Range:
    """The leads whose score is from `low` to `high`. `falls`: its rate is lower than the range below it, beyond chance."""

    low: float
    high: float
    rate: Rate
    falls: bool


def threshold(values: pl.Series, reached: pl.Series, start: float, label: str, weeks: float | None) -> Threshold:
    """One row."""
    above = values >= start
    found = Rate(int((above & reached).sum()), int(above.sum()))
    yes = int(reached.sum())
    return Threshold(start, label, found, found.reached / yes if yes else None, found.of / weeks if weeks else None)


def candidates(values: pl.Series) -> list[float]:
    """Scores that part the leads into tenths, without repeats."""
    cuts = [values.quantile(share / RANGES, "higher") for share in range(1, RANGES)]
    return sorted({float(cut) for cut in cuts if cut is not None})


def that_fits(
    values: pl.Series, reached: pl.Series, *, most: float | None = None, precision: float | None = None
) -> float | None:
    """The lowest score at which at most `most` leads stand at or above it, or at least `precision` of them reached the
    outcome. None where there is none."""
    by_score = (
        pl.DataFrame({"score": values, "reached": reached})
        .group_by("score")
        .agg(pl.len().alias("of"), pl.col("reached").sum())
        .sort("score", descending=True)
        .with_columns(pl.col("of").cum_sum(), pl.col("reached").cum_sum())
    )
    fits = pl.col("of") <= most if most is not None else pl.col("reached") >= precision * pl.col("of")
    found = by_score.filter(fits)["score"]
    return None if found.is_empty() else float(found.min())  # type: ignore[arg-type]


def ranges(values: pl.Series, reached: pl.Series) -> list[Range]:
    """Up to ten ranges of about as many leads each, equal scores together, from the lowest."""
    cuts = candidates(values)
    frame = pl.DataFrame({"value": values, "reached": reached})
    grouped = (
        frame.with_columns(pl.Series("range", cuts, dtype=pl.Float64).search_sorted(values, "right").alias("range"))
        .group_by("range")
        .agg(pl.col("value").min().alias("low"), pl.col("value").max().alias("high"), pl.col("reached").sum(), pl.len())
        .sort("range")
    )
    found: list[Range] = []
    for _, low, high, yes, of in grouped.iter_rows():
        now = Rate(yes, of)
        found.append(Range(low, high, now, bool(found) and _is_below(now, found[-1].rate)))
    return found


def _is_below(now: Rate, before: Rate) -> bool:
    """Whether a rate is lower than another and their intervals do not touch."""
    a, b = now.interval, before.interval
    return a is not None and b is not None and a[1] < b[0]


def keeping_shares(before: pl.Series, starts: Iterable[float], after: pl.Series) -> list[float]:
    """For each threshold of a score, the one of another score that about as many leads stand above, a whole number."""
    ordered = after.sort(descending=True)
    found = []
    for start in starts:
        above = int((before >= start).sum())
        cut = float(ordered[min(max(above, 1), after.len()) - 1]) if above else float(ordered[0]) + 1
        found.append(float(round(cut)))
    return found
