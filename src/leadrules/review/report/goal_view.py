"""A goal on the terminal, and as JSON.

In: the section of a goal. Out: text, or a document (docs/schemas/goal.schema.json). Works nothing out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leadrules.measure.model import Column, Section, Table
from leadrules.review.report.document import section_document
from leadrules.review.report.page import said
from leadrules.review.report.report import Gathered
from leadrules.ruleset.model import Goal
from leadrules.show import tables as show
from leadrules.show.machine import FORMAT_VERSION


def goal_document(section: Section, goal: Goal, project: str, found: Gathered | None) -> dict[str, Any]:
    """The goal with its tables; `as_of` is null without data."""
    zone = "UTC" if found is None else found.provenance.timezone
    document = section_document(section, zone)
    del document["charts"]
    as_of = None if found is None else found.material.calendar.local(found.material.as_of).isoformat()
    target = {"count": goal.target, "of": goal.target_of, "per": goal.target_per}
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "goal": goal.name,
        "as_of": as_of,
        "target": target,
        **{name: document[name] for name in ("title", "findings", "tables", "missing")},
    }


def goal_text(section: Section, *, width: int, colour: bool) -> str:
    """For a terminal: findings first, then the tables, then what is left out."""
    parts = [show.Section(section.title, notes=section.findings), *map(_shown, section.tables)]
    if section.missing:
        parts.append(
            show.Section("Left out", notes=tuple(f"{one.figure}: {one.reason}; {one.help}" for one in section.missing))
        )
    return show.as_text(parts, width=width, colour=colour)


def _shown(table: Table) -> show.Section:
    columns = tuple(column for column in table.columns if column.name != "kind")
    frame = table.frame.select(column.name for column in columns)
    rows = tuple(tuple(_cells(row, columns)) for row in frame.iter_rows())
    return show.Section(table.title, tuple(column.title for column in columns), rows, table.notes)


def _cells(row: tuple[Any, ...], columns: tuple[Column, ...]) -> Iterator[show.Cell]:
    for value, column in zip(row, columns, strict=True):
        if isinstance(value, int | float):
            yield said(value, column)
        else:
            yield ("n/a" if column.of is not None else "") if value is None else str(value)
