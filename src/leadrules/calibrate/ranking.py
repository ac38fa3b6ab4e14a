"""How well a number tells those that reached an outcome from those that did not, and rates with their intervals.

In: numbers and yes/no per lead, or counts. Out: plain numbers; None where there is nothing to divide by.
"""

from __future__ import annotations

import math

import polars as pl

from leadrules.core.records import dataclass

Z95 = 1.959963984540054  # the 97.5th percentile of the normal distribution


def auc(values: pl.Series, reached: pl.Series) -> float | None:
    """The area under the ROC curve: the chance that one who reached it stands above one who did not, ties counted half.

    Blanks count as 0. None where all or none reached it. Mann and Whitney 1947.
    """
    yes = int(reached.sum())
    no = reached.len() - yes
    if not yes or not no:
        return None
    ranks = values.cast(pl.Float64).fill_null(0.0).rank("average")
    return (float(ranks.filter(reached).sum()) - yes * (yes + 1) / 2) / (yes * no)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of how many, with the 95% interval of Wilson 1927."""

    reached: int
    of: int

    @property
    def share(self) -> float | None:
        """Reached / of."""
        return self.reached / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The lowest and the highest share that such a count still agrees with."""
        if not self.of:
            return None
        n, p, zz = self.of, self.reached / self.of, Z95 * Z95
        middle = (p + zz / (2 * n)) / (1 + zz / n)
        half = Z95 * math.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def rate(reached: pl.Series, among: pl.Series | None = None) -> Rate:
    """Those that reached it, of all or of some."""
    some = reached if among is None else reached.filter(among)
    return Rate(int(some.sum()), some.len())


def agreement(a: pl.Series, b: pl.Series) -> float:
    """How much two yes/no columns mean the same leads: both / either (Jaccard)."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 0.0
