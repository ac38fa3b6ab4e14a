"""The leads of a calibration: who reached the outcome, in which order of time, and what each line gave them.

In: series in lead order. Out: `Sample`, and its earlier and later half. Knows no file and no rule text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

import polars as pl

from leadrules.core.records import dataclass

Order = Literal["created", "file"]
FEWEST = 10


@dataclass(frozen=True, slots=True)
class Weighed:
    """A line of a score: whom it gave something, and `units`, what it gave divided by its points (1 where it fired once).
    `points` None: they are computed, and units are points."""

    path: str
    title: str | None
    points: float | None
    fired: pl.Series
    units: pl.Series


@dataclass(frozen=True, slots=True)
class Sample:
    """Series in lead order. `rank` is each lead's place in time, by `order`; `scores` are numbers that bands may stand on."""

    reached: pl.Series
    order: Order
    rank: pl.Series
    weeks: float | None
    lines: tuple[Weighed, ...]
    scores: Mapping[str, pl.Series]
    fields: Mapping[str, pl.Series]

    @property
    def size(self) -> int:
        """How many leads."""
        return self.reached.len()

    @property
    def reason_against(self) -> str:
        """Why nothing can be learnt from it; empty where it can."""
        yes = int(self.reached.sum())
        no = self.size - yes
        if min(yes, no) >= FEWEST:
            return ""
        return f"{yes:,} of {self.size:,} leads reached the outcome: at least {FEWEST} must have, and {FEWEST} must not"

    @property
    def is_late(self) -> pl.Series:
        """Whether each lead is in the later half."""
        return self.rank >= self.size // 2

    def only(self, chosen: pl.Series) -> Sample:
        """Some of the leads."""
        return replace(
            self,
            reached=self.reached.filter(chosen),
            rank=self.rank.filter(chosen).rank("ordinal") - 1,
            lines=tuple(
                replace(line, fired=line.fired.filter(chosen), units=line.units.filter(chosen)) for line in self.lines
            ),
            scores={name: values.filter(chosen) for name, values in self.scores.items()},
            fields={name: values.filter(chosen) for name, values in self.fields.items()},
        )


def in_time(created: pl.Series | None, size: int) -> tuple[Order, pl.Series, float | None]:
    """Each lead's place in time: by when it was created where nine of ten say so, else as the file has them; and how many
    weeks the created times span."""
    if created is None or created.len() == 0 or created.null_count() * 10 > created.len():
        return "file", pl.int_range(size, eager=True), None
    places = created.rank("ordinal").fill_null(0)
    first, last = created.min(), created.max()
    weeks = (
        (last - first).total_seconds() / 604_800 if isinstance(first, datetime) and isinstance(last, datetime) else None
    )
    if weeks is None and first is not None and last is not None:
        weeks = (last - first).days / 7  # type: ignore[operator,union-attr]
    return "created", (places.rank("ordinal") - 1).cast(pl.Int64), weeks or None
