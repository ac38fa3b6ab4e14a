"""Two versions of the rules held against each other: what was found out, and how it is counted.

In: both versions, their edits, both outcomes over the same leads, and who is behind each change. Out: `Diff`, which every part of
the document reads. Works nothing out of the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from leadrules.core.records import dataclass
from leadrules.review.diff.attribution import Attribution, Change
from leadrules.review.diff.decisions import Slot
from leadrules.review.diff.edits import Edit
from leadrules.review.diff.revisions import Side
from leadrules.review.diff.runs import Compared
from leadrules.ruleset.model import Band, Classify, Definition, Matrix, Ruleset, Stages

SHOWN_CAUSES = 6
Labelled = Band | Matrix | Classify | Stages


@dataclass(frozen=True)
class Diff:
    """Everything that was found out about two versions. `compared` is None where no leads were at hand."""

    base: Side
    head: Side
    edits: tuple[Edit, ...]
    renamed: Mapping[str, str]
    compared: Compared | None = None
    attribution: Attribution | None = None
    slots: tuple[Slot, ...] = ()

    def paths(self, blame: Mapping[int, pl.Series], keep: pl.Series | None = None) -> list[dict[str, Any]]:
        """The edited lines behind some changes with the leads that each moves, the weightiest first."""
        counted = [(number, int((mask if keep is None else mask & keep).sum())) for number, mask in blame.items()]
        ranked = sorted((one for one in counted if one[1]), key=lambda one: (-one[1], one[0]))
        return [{"edit": self.edits[number].path, "leads": leads} for number, leads in ranked]


def ruleset_of(side: Side) -> Ruleset:
    """The rules of a version that has no errors."""
    assert side.ruleset is not None
    return side.ruleset


def kind_of(definition: Definition) -> str:
    """What a definition is, in the word of the language."""
    return type(definition).__name__.lower()


def pairs(change: Change | Slot, keep: pl.Series | None = None) -> pl.DataFrame:
    """How many leads went from which value to which: from, to, leads."""
    frame = pl.DataFrame({"from": change.before, "to": change.after})
    frame = frame if keep is None else frame.filter(keep)
    counted = frame.group_by("from", "to").agg(pl.len().cast(pl.Int64).alias("leads"))
    return counted.sort(["leads", "from", "to"], descending=[True, False, False], nulls_last=True)


def transitions(diff: Diff, change: Change | Slot) -> list[dict[str, Any]]:
    """From what to what leads go, and because of which edits."""
    return [
        {**row, "because": diff.paths(change.blame, _is_pair(change, row["from"], row["to"]))[:SHOWN_CAUSES]}
        for row in pairs(change).iter_rows(named=True)
    ]


def _is_pair(change: Change | Slot, before: Any, after: Any) -> pl.Series:
    frame = pl.DataFrame({"from": change.before, "to": change.after})
    old, new = pl.lit(before, dtype=change.before.dtype), pl.lit(after, dtype=change.after.dtype)
    return frame.select((pl.col("from").eq_missing(old) & pl.col("to").eq_missing(new)).alias("is")).to_series()


def count(values: pl.Series) -> dict[str | None, int]:
    """How often each value is there."""
    counted = values.cast(pl.String).alias("value").value_counts(name="leads")
    return dict(zip(counted["value"].to_list(), counted["leads"].to_list(), strict=True))


def rounded_number(value: Any) -> float | None:
    """A number as the document has it: four decimals."""
    return None if value is None else round(float(value), 4)
