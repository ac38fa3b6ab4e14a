"""What a run needs of an engine."""

from __future__ import annotations

from typing import Protocol

import polars as pl


class Facts(Protocol):
    """The facts of every lead, in the order of the leads, whichever engine found them."""

    @property
    def frame(self) -> pl.DataFrame:
        """A column per definition."""

    @property
    def previous(self) -> pl.DataFrame:
        """The labels before this run, of bands and stages."""

    def reasons(self) -> pl.Series:
        """`fit.senior +15; engagement.pricing +10` per lead."""

    def contributions(self) -> pl.DataFrame:
        """lead_row, score, rule, points, events."""

    def fired(self) -> dict[str, int]:
        """How many leads each rule matched, as `score.rule`."""
