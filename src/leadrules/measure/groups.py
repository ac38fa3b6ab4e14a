"""What leads are told apart by: segments, sequences, campaigns, and what `group_by` of the settings names.

In: the material. Out: a `Group` each, under a name that no other group of the section has: a field may be called `campaign`,
or like a figure of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Column
from leadrules.measure.names import apart, as_file


@dataclass(frozen=True, slots=True)
class Group:
    """Leads by one thing. `name`: in names of tables; `label`: above the column; `members`: lead_row, group; `many`: whether
    a lead may be in several."""

    name: str
    label: str
    members: pl.DataFrame
    many: bool = False

    @property
    def title(self) -> str:
        """As people read it, where two things are called alike."""
        return self.label if self.name == self.label else f"{self.label} (group_by)"


def by_segment(material: Material, name: str) -> Group:
    """The segments."""
    parts = [
        pl.DataFrame({ROW: rows_where(material.facts.frame[one].fill_null(value=False)).cast(pl.UInt32)}).with_columns(
            pl.lit(one).alias("group")
        )
        for one in material.segments
    ]
    return Group(name, name, pl.concat(parts), many=True)


def by_sequence(material: Material, name: str) -> Group:
    """The sequences that leads were ever in."""
    return Group(name, name, material.enrolments.select(ROW, pl.col("sequence").alias("group")).unique(), many=True)


def by_campaign(material: Material, name: str) -> Group:
    """The campaigns that leads joined."""
    return Group(name, name, material.in_campaigns.select(ROW, pl.col("campaign").alias("group")), many=True)


def by_fields(material: Material, fields: Iterable[str], taken: Iterable[str]) -> Iterator[Group]:
    """Lead fields and definitions; `taken`: what the section calls groups of its own."""
    labels = list(fields)
    for name, label in zip(apart(labels, taken, as_file), labels, strict=True):
        yield Group(name, label, pl.DataFrame({ROW: material.rows, "group": material.group(label)}))


def under(
    name: str, title: str, figures: Sequence[Column], rows: pl.DataFrame
) -> tuple[tuple[Column, ...], pl.DataFrame]:
    """The columns of a table by `group`, and its rows: the column of the group is called `name`, unless a figure is."""
    (own,) = apart([name], (column.name for column in figures))
    return (Column(own, title), *figures), rows.select(pl.col("group").alias(own), *(column.name for column in figures))
