"""The part of a dry run that says whether leads are dealt fairly: what each rep gets beside what it could expect.

In: a router after its run, the ruleset's bands. Out: the `fairness` of the plan's document, and its section of the screen:
per rule the rep who is farthest from its share, in all and within each label of the first band. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from leadrules.lifecycle.routes.fairness import fairness
from leadrules.lifecycle.routes.routing import Router
from leadrules.ruleset.model import Band, Ruleset
from leadrules.show.tables import Cell, Section

SHOWN_LINES = 10
DIGITS = 4


def fairness_document(router: Router, ruleset: Ruleset) -> list[dict[str, Any]]:
    """A row per team rule and rep: leads, actual and expected share; then the same within each label of each band."""
    bands = [one for one in ruleset.declared if isinstance(one, Band)]
    return [*_rows(router, None), *(row for band in bands for row in _rows(router, band))]


def _rows(router: Router, band: Band | None) -> list[dict[str, Any]]:
    """The rows of one band, its highest label first; the leads without a label come last."""
    found = [_row(row, band) for row in fairness(router, band.name if band else None).iter_rows(named=True)]
    order = {label.name: place for place, label in enumerate(band.labels if band else ())}
    return sorted(found, key=lambda row: (row["rule"], order.get(row["label"], len(order))))


def _row(row: Mapping[str, Any], band: Band | None) -> dict[str, Any]:
    shares = {name: round(row[name], DIGITS) for name in ("actual", "expected")}
    at = {"rule": f"route.{row['route']}.{row['rule']}", "band": band.name if band else None, "label": row["label"]}
    return {**at, "rep": row["rep"], "leads": row["leads"], **shares}


def fairness_sections(rows: list[dict[str, Any]]) -> Iterator[Section]:
    """One line per rule, the busiest rules first, and under it one per label of the first band."""
    band = next((row["band"] for row in rows if row["band"] is not None), None)
    groups = {at: list(some) for at, some in groupby(rows, key=lambda row: (row["rule"], row["band"], row["label"]))}
    leads = {at: sum(row["leads"] for row in some) for at, some in groups.items()}
    rules = sorted((at[0] for at in groups if at[1] is None), key=lambda rule: -leads[rule, None, None])
    lines: list[tuple[Cell, ...]] = []
    for rule in rules:
        labels = [at for at in groups if band is not None and at[:2] == (rule, band)]
        if len(lines) + 1 + len(labels) > SHOWN_LINES and lines:
            break
        lines += [
            _line(rule, groups[rule, None, None]),
            *(_line(f"  {at[2] or '(blank)'}", groups[at]) for at in labels),
        ]
    left = len(rules) - sum(line[0] in rules for line in lines)
    if lines:
        columns = ("", "leads", "reps", "farthest from its share", "has", "expected")
        yield Section("Fairness", columns, tuple(lines), (f"and {left} more rules",) if left else ())


def _line(name: str, rows: list[dict[str, Any]]) -> tuple[Cell, ...]:
    far = max(rows, key=lambda row: (abs(row["actual"] - row["expected"]), row["rep"]))
    leads = sum(row["leads"] for row in rows)
    return name, leads, len(rows), far["rep"], f"{far['actual']:.1%}", f"{far['expected']:.1%}"
