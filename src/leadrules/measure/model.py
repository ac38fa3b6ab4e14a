"""A report as data: sections of tables, and charts that refer to them.

In: nothing. Out: frozen data that every rendering shares. A figure that is a share or a mean names the column with its
denominator, so no renderer can show the one without the other. Knows no HTML, no file, and works nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime
from typing import Literal

import polars as pl

from leadrules.core.records import dataclass

# What a column counts in. `share` (counted) and `percent` (stated, or a difference of shares) are 0 to 1; a null in a figure
# with a denominator is "n/a".
Unit = Literal[
    "text",
    "day",
    "instant",
    "count",
    "number",
    "share",
    "percent",
    "ratio",
    "money",
    "days",
    "hours",
    "minutes",
    "flag",
]
ChartKind = Literal["bars", "columns", "lines", "funnel", "intervals", "heat"]
NEED_DENOMINATOR: frozenset[Unit] = frozenset({"share", "ratio", "days"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in files, what people read above it, its unit, and the column that holds its denominator."""

    name: str
    title: str
    unit: Unit = "text"
    of: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of figures. `frame` has exactly the columns; `notes` say what was counted, and what could not be.

    `shown`: how many rows a page shows; CSV and JSON always hold all.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    frame: pl.DataFrame
    notes: tuple[str, ...] = ()
    shown: int = 60

    def __post_init__(self) -> None:
        """Hold the table to its columns, and each share and mean to a denominator that is there."""
        names = [column.name for column in self.columns]
        assert self.frame.columns == names, (self.name, self.frame.columns, names)
        lacking = [c.name for c in self.columns if c.unit in NEED_DENOMINATOR and c.of is None]
        assert not lacking, f"{self.name}: {lacking} say no denominator"
        assert {c.of for c in self.columns if c.of} <= set(names), f"{self.name}: a denominator is no column"

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of a table: which column names the marks, which give their lengths; `low`, `high` an interval.

    `series`: the column whose values tell lines apart; `line`: a value that is drawn as a line across; `skip`: the flag
    column of rows that are marked as too young.
    """

    name: str
    title: str
    table: str
    kind: ChartKind
    label: str
    values: tuple[str, ...]
    low: str | None = None
    high: str | None = None
    series: str | None = None
    line: float | None = None
    line_title: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that is left out, why, and what would bring it. `is_event`: what is missing is an event that says so."""

    figure: str
    reason: str
    help: str
    is_event: bool = False


def without_work(figure: str) -> Missing:
    """A figure of our own work, where no event is known to be that."""
    way_out = "name them in leadrules.yaml: report: {activities: {call: [call_made]}}"
    return Missing(figure, "no event is known to be our own work", way_out, is_event=True)


def without_events(figure: str) -> Missing:
    """A figure that only events tell, where there is no source of them."""
    way_out = "name a file with --events, or in leadrules.yaml: sources: {events: [{path: events.csv}]}"
    return Missing(figure, "there is no file of events to read", way_out)


@dataclass(frozen=True, slots=True)
class Section:
    """One subject: its headline findings in words, its charts and tables, and what is left out of it."""

    name: str
    title: str
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    findings: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a report was made of: the files it read, the rules, and what counts as what."""

    project: str
    as_of: datetime
    timezone: str
    rules: str  # the digest of the ruleset
    rule_files: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]  # path and SHA-256
    counts: tuple[tuple[str, int], ...]
    state: str
    meanings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything, in the order of reading."""

    provenance: Provenance
    currency: str
    sections: tuple[Section, ...] = field(default=())

    @property
    def tables(self) -> Iterable[Table]:
        """All tables, in order."""
        return (table for section in self.sections for table in section.tables)


def joined(name: str, title: str, parts: Iterable[Section]) -> Section:
    """Some sections as one."""
    found = list(parts)
    return Section(
        name,
        title,
        tuple(t for part in found for t in part.tables),
        tuple(c for part in found for c in part.charts),
        tuple(w for part in found for w in part.findings),
        tuple(dict.fromkeys(m for part in found for m in part.missing)),
    )
