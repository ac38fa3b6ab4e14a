"""What two versions of the rules decide: owners, fields, sequences and actions, with the load before and after.

In: a diff. Out: the part `decisions` of its document. Keys of people stand in it only where they are asked for.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from leadrules.review.diff.decisions import COVERED, Slot, now
from leadrules.review.diff.masks import OUTSIDE, known_owners, mask
from leadrules.review.diff.model import Diff, count, transitions


def decided(diff: Diff, *, keys: bool) -> dict[str, Any] | None:
    """Owners, fields, sequences and actions; None where neither version decides any."""
    if not diff.slots:
        return None
    slots = {(slot.kind, slot.name): slot for slot in diff.slots}
    return {
        "owner": _slot(diff, slots["owner", "owner"]) | {"load": _load(diff, keys=keys)},
        "fields": [_slot(diff, slot) for slot in diff.slots if slot.kind == "field"],
        "sequence": _slot(diff, slots["sequence", "sequence"]) | {"load": _sequence_load(diff)},
        "actions": _actions(diff) | {"because": diff.paths(slots["action", "actions"].blame)},
    }


def _slot(diff: Diff, slot: Slot) -> dict[str, Any]:
    return {
        "name": slot.name,
        "changed": len(slot.rows),
        "in_another_turn": int(slot.turn.sum()),
        "transitions": transitions(diff, slot),
        "because": diff.paths(slot.blame),
    }


def _side_counts(
    diff: Diff, name: str, known: frozenset[str] | None = None
) -> tuple[dict[str | None, int], dict[str | None, int]]:
    """Leads per owner or sequence after a run of either version; owners that are not `known` together."""
    compared = diff.compared
    assert compared is not None
    values = [compared.before(now(compared.base, name, compared)), compared.after(now(compared.head, name, compared))]
    shown = values if known is None else [mask(one, known, OUTSIDE) for one in values]
    return count(shown[0]), count(shown[1])


def _load(diff: Diff, *, keys: bool) -> list[dict[str, Any]]:
    """The leads of every owner after a run of either version, reps in roster order first; `open` is the capacity."""
    compared = diff.compared
    assert compared is not None
    known = None if keys else known_owners(compared)
    before, after = _side_counts(diff, "owner", known)
    capacity = {rep.key: rep.capacity.open for rep in compared.head.request.project.team.reps}
    names = [*capacity, *sorted(one for one in {*before, *after} - {*capacity} if one is not None), None]
    return [
        {"owner": name, "before": before.get(name, 0), "after": after.get(name, 0), "open": capacity.get(name or "")}
        for name in names
        if before.get(name) or after.get(name)
    ]


def _sequence_load(diff: Diff) -> list[dict[str, Any]]:
    before, after = _side_counts(diff, "sequence")
    names = sorted(one for one in {*before, *after} if one is not None)
    return [{"sequence": name, "before": before.get(name, 0), "after": after.get(name, 0)} for name in [*names, None]]


def _actions(diff: Diff) -> dict[str, Any]:
    """What goes out, by kind, and how many leads get something else."""
    compared = diff.compared
    assert compared is not None
    counts = []
    for outcome in (compared.base, compared.head):
        done = None if outcome.decided is None else outcome.decided.done
        counts.append({} if done is None else count(done.filter(~pl.col("kind").is_in(COVERED))["kind"]))
    kinds = sorted({str(kind) for count in counts for kind in count})
    changed = next(len(slot.rows) for slot in diff.slots if slot.kind == "action")
    load = [{"kind": kind, "before": counts[0].get(kind, 0), "after": counts[1].get(kind, 0)} for kind in kinds]
    return {"changed": changed, "load": load}
