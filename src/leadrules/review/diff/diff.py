"""Two versions of the rules as one document: what was edited, who changes, and which edited line does it.

In: both versions, and both outcomes over the same leads. Out: the document of docs/schemas/diff.schema.json. It counts and
picks what the two runs found; keys stand in it only where they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.run import calendar_of
from leadrules.review.diff.attribution import Attribution, Change, attributed
from leadrules.review.diff.budgets import Budget, spent
from leadrules.review.diff.decisions import COVERED, Slot, decisions, now
from leadrules.review.diff.edits import Edit, edits_between, renamed_definitions
from leadrules.review.diff.masks import OUTSIDE, known_owners, mask, masked
from leadrules.review.diff.revisions import Side
from leadrules.review.diff.runs import Compared
from leadrules.review.diff.words import sentence, title_of
from leadrules.review.plan.plan import label_names
from leadrules.ruleset.model import Band, Classify, Define, Definition, Matrix, Ruleset, Score, Segment, Stages

FORMAT_VERSION = 1
SHOWN_LEADS, SHOWN_REASONS, SHOWN_CAUSES = 10, 4, 6
Labelled = Band | Matrix | Classify | Stages
TURN = "another turn"  # what is told of a lead that moves because others do


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


def diff_of(base: Side, head: Side, compared: Compared | None) -> Diff:
    """Compare the rules, and what they make of the leads."""
    old, new = base.ruleset, head.ruleset
    assert old is not None
    assert new is not None
    edits, renamed = edits_between(old, new), renamed_definitions(old, new)
    if compared is None:
        return Diff(base, head, edits, renamed)
    attribution = attributed(compared, edits, renamed)
    return Diff(base, head, edits, renamed, compared, attribution, tuple(decisions(compared, edits, attribution)))


def diff_document(diff: Diff, budgets: Sequence[Budget], *, keys: bool) -> dict[str, Any]:
    """The whole diff as data. Without `keys`, leads are told apart by numbers."""
    compared, attribution = diff.compared, diff.attribution
    assert compared is not None
    assert attribution is not None
    outcomes = dict(_outcomes(diff))
    diff = diff if keys else without_keys(diff)
    return {
        "format_version": FORMAT_VERSION,
        "project": compared.head.request.project.name,
        "base": side_document(diff.base),
        "head": side_document(diff.head),
        "problems": [],
        "as_of": iso(compared.as_of.at, calendar_of(compared.head.request.ruleset)),
        "as_of_reason": compared.as_of.reason,
        "leads": {
            "compared": compared.height,
            "changed": _any_changed(diff),
            "only_base": compared.only_base,
            "only_head": compared.only_head,
            "rejected_base": compared.base.leads.rejected,
            "rejected_head": compared.head.leads.rejected,
        },
        "edits": [_edit(diff, number) for number in range(len(diff.edits))],
        "attributed_by_name": attribution.by_name,
        "labels": list(_labels(diff)),
        "segments": list(_segments(diff)),
        "scores": list(_scores(diff)),
        "decisions": _decisions(diff, keys=keys),
        "changed_most": _changed_most(diff, keys=keys),
        "budgets": spent(budgets, outcomes, compared.height),
    }


def without_keys(diff: Diff) -> Diff:
    """The diff without what stands in the leads alone."""
    return diff if diff.compared is None else replace(diff, slots=masked(diff.slots, diff.compared))


def problem_document(base: Side, head: Side, project: str, problems: list[dict[str, Any]]) -> dict[str, Any]:
    """What is left of the document where one of the versions has errors."""
    return {
        "format_version": FORMAT_VERSION,
        "project": project,
        "base": side_document(base),
        "head": side_document(head),
        "problems": problems,
    }


def side_document(side: Side) -> dict[str, Any]:
    """A version of the rules: its name, and its commit where it has one."""
    return {"name": side.name, "commit": side.commit}


def _edit(diff: Diff, number: int) -> dict[str, Any]:
    """One edit with its place and the leads it moves."""
    moved = set[int]()
    for rows, blame in _all_changes(diff):
        if number in blame:
            moved.update(rows.filter(blame[number]).to_list())
    return {
        **edit_document(diff, number),
        "leads": len(moved),
        "moves": moves_of(diff, number)[:SHOWN_CAUSES],
    }


def edit_document(diff: Diff, number: int) -> dict[str, Any]:
    """One edit in words, with its place."""
    edit = diff.edits[number]
    place = edit.place or diff.head.places.get(edit.name) or diff.base.places.get(edit.name)
    of_head = edit.is_of_head or (edit.place is None and edit.name in diff.head.places)
    return {
        "path": edit.path,
        "kind": edit.kind,
        "title": title_of(edit),
        "words": sentence(edit, diff.base, diff.head),
        "place": {"path": place["path"], "line": place["line"], "of": "head" if of_head else "base"} if place else None,
    }


def _all_changes(diff: Diff) -> Iterator[tuple[pl.Series, Mapping[int, pl.Series]]]:
    """The rows and blames of everything that people look at: labels, segments, scores and decisions."""
    assert diff.attribution is not None
    shown = {one.name for one in _ruleset(diff.head).definitions if isinstance(one, Labelled | Segment | Score)}
    yield from ((c.rows, c.blame) for name, c in diff.attribution.changes.items() if name in shown)
    yield from ((slot.rows, slot.blame) for slot in diff.slots)


def moves_of(diff: Diff, number: int) -> list[dict[str, Any]]:
    """Where an edit moves leads, the most frequent first: label to label, owner to owner, in and out of segments."""
    assert diff.attribution is not None
    found: list[dict[str, Any]] = []
    for one in _ruleset(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is not None and number in change.blame and isinstance(one, Labelled | Segment):
            found += _counted(_kind(one), one.name, change, change.blame[number])
    for slot in diff.slots:
        if number in slot.blame and slot.kind != "action":
            found += _counted(slot.kind, slot.name, slot, slot.blame[number])
    return sorted(found, key=lambda move: -int(move["leads"]))


def _counted(kind: str, name: str, change: Change | Slot, keep: pl.Series) -> Iterator[dict[str, Any]]:
    for row in _pairs(change, keep).iter_rows(named=True):
        yield {"kind": kind, "name": name, **row}


def _pairs(change: Change | Slot, keep: pl.Series | None = None) -> pl.DataFrame:
    """How many leads went from which value to which: from, to, leads."""
    frame = pl.DataFrame({"from": change.before, "to": change.after})
    frame = frame if keep is None else frame.filter(keep)
    counted = frame.group_by("from", "to").agg(pl.len().cast(pl.Int64).alias("leads"))
    return counted.sort(["leads", "from", "to"], descending=[True, False, False], nulls_last=True)


def _ruleset(side: Side) -> Ruleset:
    assert side.ruleset is not None
    return side.ruleset


def _kind(definition: Definition) -> str:
    return type(definition).__name__.lower()


# -- who changes at all ---------------------------------------------------------------------------------------------


def _outcomes(diff: Diff) -> Iterator[tuple[tuple[str, str], pl.Series]]:
    """(kind, name) of everything that has a budget, and the rows that it changes."""
    assert diff.attribution is not None
    for one in _ruleset(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is not None and isinstance(one, Labelled | Segment | Score):
            yield (_kind(one), one.name), change.rows
    for slot in diff.slots:
        yield (slot.kind, slot.name), slot.rows


def _any_changed(diff: Diff) -> int:
    """Leads with another label, segment, owner, field or sequence; points and actions alone do not count."""
    rows = [rows.cast(pl.UInt32) for (kind, _), rows in _outcomes(diff) if kind not in ("score", "action")]
    return pl.concat(rows).n_unique() if rows else 0


# -- facts ----------------------------------------------------------------------------------------------------------


def _both(diff: Diff, *kinds: type) -> Iterator[tuple[Any, Any]]:
    """Definitions of these kinds: (older or None, newer or None), in the newer order, those that are gone last."""
    older = {
        diff.renamed.get(one.name, one.name): one for one in _ruleset(diff.base).declared if isinstance(one, kinds)
    }
    for one in _ruleset(diff.head).declared:
        if isinstance(one, kinds):
            yield older.pop(one.name, None), one
    yield from ((one, None) for one in older.values())


def _series(diff: Diff, old: Any, new: Any) -> tuple[pl.Series | None, pl.Series | None]:
    compared = diff.compared
    assert compared is not None
    before = None if old is None else compared.before(compared.base.facts.frame[old.name])
    return before, None if new is None else compared.after(compared.head.facts.frame[new.name])


def _status(old: Any, new: Any) -> str:
    return "added" if old is None else "removed" if new is None else "both"


def _labels(diff: Diff) -> Iterator[dict[str, Any]]:
    assert diff.attribution is not None
    for old, new in _both(diff, Band, Matrix, Classify, Stages):
        before, after = _series(diff, old, new)
        one = new or old
        change = diff.attribution.changes.get(one.name) if old is not None and new is not None else None
        names = list(dict.fromkeys([*(label_names(new) if new else ()), *(label_names(old) if old else ()), None]))
        counts = [{} if values is None else _count(values) for values in (before, after)]
        yield {
            "name": one.name,
            "title": one.title,
            "kind": _kind(one),
            "status": _status(old, new),
            "changed": 0 if change is None else len(change.rows),
            "labels": [
                {"label": name, "before": counts[0].get(name, 0), "after": counts[1].get(name, 0)}
                for name in names
                if name is not None or any(None in count for count in counts)
            ],
            "transitions": [] if change is None else _transitions(diff, change),
            "because": [] if change is None else diff.paths(change.blame),
        }


def _transitions(diff: Diff, change: Change | Slot) -> list[dict[str, Any]]:
    return [
        {**row, "because": diff.paths(change.blame, _is_pair(change, row["from"], row["to"]))[:SHOWN_CAUSES]}
        for row in _pairs(change).iter_rows(named=True)
    ]


def _is_pair(change: Change | Slot, before: Any, after: Any) -> pl.Series:
    frame = pl.DataFrame({"from": change.before, "to": change.after})
    old, new = pl.lit(before, dtype=change.before.dtype), pl.lit(after, dtype=change.after.dtype)
    return frame.select((pl.col("from").eq_missing(old) & pl.col("to").eq_missing(new)).alias("is")).to_series()


def _count(values: pl.Series) -> dict[str | None, int]:
    counted = values.cast(pl.String).alias("value").value_counts(name="leads")
    return dict(zip(counted["value"].to_list(), counted["leads"].to_list(), strict=True))


def _segments(diff: Diff) -> Iterator[dict[str, Any]]:
    assert diff.attribution is not None
    for old, new in _both(diff, Segment):
        before, after = _series(diff, old, new)
        one = new or old
        change = diff.attribution.changes.get(one.name) if old is not None and new is not None else None
        entered = 0 if change is None else int(change.after.cast(pl.Boolean).sum() or 0)
        yield {
            "name": one.name,
            "title": one.title,
            "status": _status(old, new),
            "before": None if before is None else int(before.sum() or 0),
            "after": None if after is None else int(after.sum() or 0),
            "entered": entered,
            "left": 0 if change is None else len(change.rows) - entered,
            "because": [] if change is None else diff.paths(change.blame),
        }


def _scores(diff: Diff) -> Iterator[dict[str, Any]]:
    """The shift of every score, and of the defines that a band looks at."""
    assert diff.attribution is not None
    looked_at = {band.value.value for band in _ruleset(diff.head).definitions if isinstance(band, Band)}
    for old, new in _both(diff, Score, Define):
        if isinstance(new or old, Define) and (new or old).name not in looked_at:
            continue
        before, after = _series(diff, old, new)
        one = new or old
        change = diff.attribution.changes.get(one.name) if old is not None and new is not None else None
        shift = None if change is None else change.after - change.before
        yield {
            "name": one.name,
            "title": one.title,
            "status": _status(old, new),
            "changed": 0 if change is None else len(change.rows),
            "up": 0 if shift is None else int((shift > 0).sum()),
            "down": 0 if shift is None else int((shift < 0).sum()),
            "mean_before": _mean(before),
            "mean_after": _mean(after),
            "least_shift": _number(None if shift is None or not len(shift) else shift.min()),
            "most_shift": _number(None if shift is None or not len(shift) else shift.max()),
            "because": [] if change is None else diff.paths(change.blame),
        }


def _mean(values: pl.Series | None) -> float | None:
    return None if values is None or not len(values) else _number(values.mean())


def _number(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)


# -- decisions ------------------------------------------------------------------------------------------------------


def _decisions(diff: Diff, *, keys: bool) -> dict[str, Any] | None:
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
        "transitions": _transitions(diff, slot),
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
    return _count(shown[0]), _count(shown[1])


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
        counts.append({} if done is None else _count(done.filter(~pl.col("kind").is_in(COVERED))["kind"]))
    kinds = sorted({str(kind) for count in counts for kind in count})
    changed = next(len(slot.rows) for slot in diff.slots if slot.kind == "action")
    load = [{"kind": kind, "before": counts[0].get(kind, 0), "after": counts[1].get(kind, 0)} for kind in kinds]
    return {"changed": changed, "load": load}


# -- the leads that change most -------------------------------------------------------------------------------------


def _changed_most(diff: Diff, *, keys: bool) -> list[dict[str, Any]]:
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
    for one in _ruleset(diff.head).declared:
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
    for one in _ruleset(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is not None and isinstance(one, Labelled | Segment | Score):
            moved += _moved(_kind(one), one.name, change, row, numbers)
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
    return _number(value) if isinstance(value, float) else value


def _lines(diff: Diff, row: int) -> list[dict[str, Any]]:
    """The lines of scores that give this lead other points than before, the largest difference first."""
    compared = diff.compared
    assert compared is not None
    rows = (compared.base_rows, compared.head_rows)
    sides = []
    for outcome, places in zip((compared.base, compared.head), rows, strict=True):
        text = outcome.facts.reasons(row if places is None else int(places[row]), 1)[0]
        sides.append(dict(_points(text or "")))
    names = dict.fromkeys([*sides[0], *sides[1]])
    points = [(name, sides[0].get(name, 0.0), sides[1].get(name, 0.0)) for name in names]
    other = sorted((one for one in points if one[1] != one[2]), key=lambda one: -abs(one[2] - one[1]))
    return [{"line": name, "before": old, "after": new} for name, old, new in other[:SHOWN_REASONS]]


def _points(reasons: str) -> Iterable[tuple[str, float]]:
    for line in reasons.split("; "):
        name, _, points = line.rpartition(" ")
        if name:
            yield name, float(points)
