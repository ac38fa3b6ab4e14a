"""The part of a dry run that says whether leads are dealt fairly: what each rep gets beside what it could expect.

In: a router after its run, the ruleset's bands. Out: the `fairness` of the plan's document, and its section of the screen:
per rule the rep who is farthest from its share, in all and, where chance cannot have done it, within a label of a band.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from math import sqrt
from typing import Any

from leadrules.lifecycle.routes.fairness import fairness
from leadrules.lifecycle.routes.routing import Router
from leadrules.ruleset.model import Band, Ruleset
from leadrules.show.tables import Cell, Section

SHOWN_RULES, SHOWN_LABELS = 5, 3
DIGITS = 4
BEYOND_CHANCE = 3.0  # standard deviations
FEWEST = 5  # leads more or fewer than its share


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
    """One line per rule, the busiest rules first, and under it the labels that are shared out unlike the rule's share."""
    groups = {at: list(some) for at, some in groupby(rows, key=lambda row: (row["rule"], row["band"], row["label"]))}
    leads = {at: sum(row["leads"] for row in some) for at, some in groups.items()}
    rules = sorted((at[0] for at in groups if at[1] is None), key=lambda rule: -leads[rule, None, None])
    lines: list[tuple[Cell, ...]] = []
    for rule in rules[:SHOWN_RULES]:
        labels = [at for at in groups if at[0] == rule and at[1] is not None and _is_beyond_chance(groups[at])]
        lines += [
            _line(rule, groups[rule, None, None]),
            *(_line(f"  {at[1]} {at[2] or '(blank)'}", groups[at]) for at in labels[:SHOWN_LABELS]),
        ]
    left = len(rules) - SHOWN_RULES
    if lines:
        columns = ("", "leads", "reps", "farthest from its share", "has", "expected")
        more = f"and {left} more rules; " if left > 0 else ""
        yield Section("Fairness", columns, tuple(lines), (f"{more}every rep within every band: --format json",))


def _is_beyond_chance(rows: list[dict[str, Any]]) -> bool:
    """Whether some rep has more or fewer of these leads than dealing them blindly would explain."""
    leads = sum(row["leads"] for row in rows)
    return any(
        abs(row["leads"] - leads * row["expected"])
        > max(FEWEST, BEYOND_CHANCE * sqrt(leads * row["expected"] * (1 - row["expected"])))
        for row in rows
    )


def _line(name: str, rows: list[dict[str, Any]]) -> tuple[Cell, ...]:
    far = max(rows, key=lambda row: (abs(row["actual"] - row["expected"]), row["rep"]))
    leads = sum(row["leads"] for row in rows)
    return name, leads, len(rows), far["rep"], f"{far['actual']:.1%}", f"{far['expected']:.1%}"
