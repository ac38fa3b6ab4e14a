"""Bands, matrices, classifies and stages over columns: numbers and conditions in, labels out.

In: the value, the conditions and the label before, as series. Out: a series of labels.
Every one of them comes down to the number of the first label that holds; the texts are spread at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leadrules.core.functions.columnar import looked_up
from leadrules.engine.scores import first_match
from leadrules.engine.units import DIGITS, nearest
from leadrules.ruleset.model import Band, Matrix


def label_numbers(labels: pl.Series, known: Sequence[str]) -> pl.Series:
    """The place of each label among the known ones; blank for others."""
    return labels.cast(pl.String).cast(pl.Enum(known), strict=False).to_physical().cast(pl.UInt32)


def spread(numbers: pl.Series, labels: Sequence[str]) -> pl.Series:
    """The labels of these numbers."""
    return looked_up(pl.Series(labels, dtype=pl.String), numbers)


def band(definition: Band, value: pl.Series, before: pl.Series) -> pl.Series:
    """The first label whose threshold the value reaches; holds count for the label before and those below it."""
    names = [label.name for label in definition.labels]
    holds = any(label.hold is not None for label in definition.labels) and before.null_count() < len(before)
    held = pl.lit(label_numbers(before, names)) if holds else None
    reached = nearest(pl.lit(value), DIGITS)
    conditions = []
    for number, label in enumerate(definition.labels):
        if label.start is None:
            condition = pl.lit(True)
        elif label.hold is None or held is None:
            condition = reached >= label.start
        else:
            threshold = pl.when((held <= number).fill_null(False)).then(label.hold).otherwise(label.start)
            condition = reached >= threshold
        conditions.append(pl.when(condition).then(pl.lit(number, dtype=pl.UInt32)))
    frame = pl.DataFrame({"value": value})
    return spread(frame.select(pl.min_horizontal(conditions).alias("n")).to_series(), names)


def matrix(definition: Matrix, rows: pl.Series, columns: pl.Series) -> pl.Series:
    """The label where the row's and the column's label meet; blank where one side is."""
    row, column = label_numbers(rows, definition.rows), label_numbers(columns, definition.columns)
    cells = [cell for line in definition.cells for cell in line]
    return spread(row * len(definition.columns) + column, cells)


def first_label(labels: Sequence[str], conditions: Sequence[pl.Series], height: int) -> pl.Series:
    """The first label whose condition holds."""
    if not labels:
        return pl.repeat(None, height, dtype=pl.String, eager=True)
    return spread(first_match(conditions), labels)


def never_lower(now: pl.Series, before: pl.Series, labels: Sequence[str], free: pl.Series | None) -> pl.Series:
    """The label before where the one now is lower or blank, but for leads that are `free` to fall."""
    new, old = label_numbers(now, labels), label_numbers(before, labels)
    kept = pl.min_horizontal(pl.lit(new), pl.lit(old))
    numbers = kept if free is None else pl.when(pl.lit(free)).then(pl.lit(new)).otherwise(kept)
    return spread(pl.select(numbers).to_series(), labels)
