"""The leads that change most between two versions, and which edited lines change them.

In: a diff. Out: the part `changed_most` of its document: labels by distance first, then decisions, then points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from leadrules.engine.units import DIGITS
from leadrules.review.diff.attribution import Change
from leadrules.review.diff.decisions import Slot
from leadrules.review.diff.model import Diff, Labelled, kind_of, rounded_number, ruleset_of
from leadrules.review.plan.plan import label_names
from leadrules.ruleset.model import Band, Score, Segment, Stages

SHOWN_LEADS, SHOWN_REASONS = 10, 4
TURN = "another turn"  # what is told of a lead that moves because others do


def changed_most(diff: Diff, *, keys: bool) -> list[dict[str, Any]]:
    """Leads by how much of them changes: labels by distance, then decisions, then points."""
    compared = diff.compared
    assert compared is not None
    weights = pl.repeat(0.0, compared.height, dtype=pl.Float64, eager=True)
    for rows, weight in _weights(diff):
        if len(rows):
            weights = weights.scatter(rows, weights.gather(rows) + weight)
    ranked = pl.DataFrame({"weight": weights}).with_row_index("row").filter(pl.col("weight") > 0)
    best: list[int] = ranked.sort("weight", "row", descending=[True, False])["row"].head(SHOWN_LEADS).to_list()
    names = compared.keys.gather(best).to_list() if keys else [f"lead {place}" for place in range(1, len(best) + 1)]
    return [_lead(diff, row, str(name)) for row, name in zip(best, names, strict=True)]


def _weights(diff: Diff) -> Iterator[tuple[pl.Series, pl.Series]]:
    """How much each change of a lead weighs: a label its distance, anything else decided 1, points a little."""
    assert diff.attribution is not None
    for one in ruleset_of(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is None or not len(change.rows):
            continue
        if isinstance(one, Band | Stages):
            heights = {label: float(at) for at, label in enumerate(reversed(label_names(one)))}
            steps = [
                side.replace_strict(heights, default=0.0, return_dtype=pl.Float64)
                for side in (change.before, change.after)
            ]
            yield change.rows, (steps[0] - steps[1]).abs().clip(lower_bound=1)
        elif isinstance(one, Labelled | Segment):
            yield change.rows, pl.repeat(0.5, len(change.rows), dtype=pl.Float64, eager=True)
        elif isinstance(one, Score):
            yield change.rows, (change.after - change.before).abs() / 1e6
    for slot in diff.slots:
        weight = 0.25 if slot.kind == "action" else 1.0
        yield slot.rows, pl.repeat(weight, len(slot.rows), dtype=pl.Float64, eager=True)


def _lead(diff: Diff, row: int, name: str) -> dict[str, Any]:
    """One lead: what moves, which edited lines move it, and which lines give it other points."""
    moved: list[dict[str, Any]] = []
    numbers: dict[int, None] = {}
    assert diff.attribution is not None
    for one in ruleset_of(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is not None and isinstance(one, Labelled | Segment | Score):
            moved += _moved(kind_of(one), one.name, change, row, numbers)
    turn = False
    for slot in diff.slots:
        moved += _moved(slot.kind, slot.name, slot, row, numbers)
        turn = turn or _is_true_at(slot.rows, slot.turn, row)
    because = [diff.edits[number].path for number in numbers] + ([TURN] if turn else [])
    return {"lead": name, "moves": moved, "because": because, "lines": _lines(diff, row)}


def _moved(kind: str, name: str, change: Change | Slot, row: int, numbers: dict[int, None]) -> Iterator[dict[str, Any]]:
    at = change.rows.search_sorted(row)
    if at >= len(change.rows) or change.rows[at] != row:
        return
    numbers.update((number, None) for number, mask in change.blame.items() if mask[at])
    if kind == "action":
        yield {"kind": kind, "name": name, "from": None, "to": None}
    else:
        yield {"kind": kind, "name": name, "from": _plain(change.before[at]), "to": _plain(change.after[at])}


def _is_true_at(rows: pl.Series, flags: pl.Series, row: int) -> bool:
    at = rows.search_sorted(row)
    return at < len(rows) and rows[at] == row and bool(flags[at])


def _plain(value: Any) -> Any:
    return rounded_number(value) if isinstance(value, float) else value


def _lines(diff: Diff, row: int) -> list[dict[str, Any]]:
    """The lines of scores that give this lead other points than before, the largest difference first."""
    compared = diff.compared
    assert compared is not None
    rows = (compared.base_rows, compared.head_rows)
    sides = []
    for outcome, places in zip((compared.base, compared.head), rows, strict=True):
        given = outcome.facts.points(row if places is None else int(places[row]))
        sides.append({path: units / 10**DIGITS for (_, path), units in given.items()})
    names = dict.fromkeys([*sides[0], *sides[1]])
    points = [(name, sides[0].get(name, 0.0), sides[1].get(name, 0.0)) for name in names]
    other = sorted((one for one in points if one[1] != one[2]), key=lambda one: -abs(one[2] - one[1]))
    return [{"line": name, "before": old, "after": new} for name, old, new in other[:SHOWN_REASONS]]
