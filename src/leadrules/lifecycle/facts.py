"""What a run needs of an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import polars as pl

from leadrules.ruleset.model import EventFilter, Expr


class Facts(Protocol):
    """The facts of every lead, in the order of the leads, whichever engine found them."""

    @property
    def frame(self) -> pl.DataFrame:
        """A column per definition."""

    @property
    def previous(self) -> pl.DataFrame:
        """The labels before this run, of bands and stages."""

    def reasons(self, start: int = 0, length: int | None = None) -> pl.Series:
        """`fit.senior +15; engagement.pricing +10` per lead; of all leads, or of some in a row."""

    def points(self, row: int) -> dict[tuple[str, str], int]:
        """What each line gave one lead, by its score and its path, in 10^-4 units; lines of nothing are left out."""

    def contributions(self) -> pl.DataFrame:
        """lead_row, score, rule, points, events."""

    def fired(self) -> dict[str, int]:
        """How many leads each rule matched, as `score.rule`."""

    def values(
        self,
        expressions: Mapping[str, Expr],
        rep: Mapping[str, object] | None = None,
        rows: pl.Series | None = None,
    ) -> dict[str, pl.Series]:
        """Further expressions on these facts; `rep` is what `rep.x` stands for, `rows` are some leads only."""

    def matching(self, selection: EventFilter) -> pl.DataFrame:
        """The events that a filter lets through."""

    def after(self, inputs: Mapping[str, pl.Series], asked: Iterable[Expr] | None = None) -> Facts:
        """The same facts seen with other inputs (`@owner`, `@sequence`, ...). `asked`: all that will be asked of them."""
