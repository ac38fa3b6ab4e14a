"""What cannot have been known before the outcome: a field that predicts almost perfectly, what is dated after it.

In: a sample, and how the fields do together. Out: `Leak`s, each with its reason in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from leadrules.calibrate.ranking import auc
from leadrules.calibrate.sample import Sample
from leadrules.core.records import dataclass

PERFECT = 0.95
STRONG = 0.8


@dataclass(frozen=True, slots=True)
class FieldAuc:
    """How a field ranks on its own: a number as it is (a blank as 0); a text by the rate of each value, learnt from the
    earlier half and checked on the later."""

    name: str
    known: int
    auc: float | None

    @property
    def strength(self) -> float:
        """From 0.5 (says nothing) to 1, whichever way it points."""
        return 0.5 if self.auc is None else max(self.auc, 1 - self.auc)


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that tells the outcome because it came with or after it. `kind` is field, event or line."""

    kind: str
    name: str
    why: str


def field_aucs(sample: Sample) -> list[FieldAuc]:
    """Every field that is a number, yes/no, date or text, the strongest first."""
    found = [
        FieldAuc(name, values.len() - values.null_count(), _alone(sample, values))
        for name, values in sample.fields.items()
    ]
    return sorted(found, key=lambda one: (-one.strength, one.name))


def _alone(sample: Sample, values: pl.Series) -> float | None:
    if values.dtype.is_temporal():
        values = values.to_physical()
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return auc(values, sample.reached)
    if values.dtype != pl.String:
        return None
    late = sample.is_late
    frame = pl.DataFrame({"value": values, "reached": sample.reached})
    rates = frame.filter(~late).group_by("value").agg(pl.col("reached").mean().alias("rate"))
    base = frame.filter(~late)["reached"].mean()
    told = frame.filter(late).join(rates, on="value", how="left", nulls_equal=True, maintain_order="left")
    return auc(told["rate"].fill_null(base), told["reached"])


def leaking_fields(fields: list[FieldAuc], without: Callable[[str], float | None]) -> Iterator[Leak]:
    """Fields that tell too much. `without` gives the AUC of all the other fields together."""
    for one in fields:
        if one.strength >= PERFECT:
            yield Leak("field", one.name, f"it tells the outcome almost perfectly on its own (AUC {one.auc:.3f})")
        elif one.strength >= STRONG:
            others = without(one.name)
            if others is not None and one.strength > others:
                yield Leak(
                    "field",
                    one.name,
                    f"it tells more on its own (AUC {one.auc:.3f}) than all the other fields together ({others:.3f})",
                )


def leaking_lines(sample: Sample) -> Iterator[Leak]:
    """Lines that fire on nearly all who reached the outcome and on nearly nobody else."""
    for line in sample.lines:
        found = auc(line.fired.cast(pl.Float64), sample.reached)
        if found is not None and max(found, 1 - found) >= PERFECT:
            yield Leak("line", line.path, f"it tells the outcome almost perfectly (AUC {found:.3f})")
