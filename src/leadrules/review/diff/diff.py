"""Two versions of the rules as one document: what was edited, who changes, and which edited line does it.

In: both versions, and both outcomes over the same leads. Out: the document of docs/schemas/diff.schema.json. It counts and
picks what the two runs found; keys stand in it only where they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.run import calendar_of
from leadrules.review.diff.attribution import Change, attributed
from leadrules.review.diff.budgets import Budget, spent
from leadrules.review.diff.decided import decided
from leadrules.review.diff.decisions import Slot, decisions
from leadrules.review.diff.edits import edits_between, renamed_definitions
from leadrules.review.diff.facts import labels, scores, segments
from leadrules.review.diff.masks import masked
from leadrules.review.diff.model import SHOWN_CAUSES, Diff, Labelled, kind_of, pairs, ruleset_of
from leadrules.review.diff.most import changed_most
from leadrules.review.diff.revisions import Side
from leadrules.review.diff.runs import Compared
from leadrules.review.diff.surroundings import edits_around
from leadrules.review.diff.words import sentence, title_of
from leadrules.ruleset.model import Score, Segment

FORMAT_VERSION = 1


def diff_of(base: Side, head: Side, compared: Compared | None) -> Diff:
    """Compare the rules, and what they make of the leads."""
    old, new = base.ruleset, head.ruleset
    assert old is not None
    assert new is not None
    assert base.own is not None
    assert head.own is not None
    edits = (*edits_around(base.own, head.own), *edits_between(old, new))
    renamed = renamed_definitions(old, new)
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
        "labels": list(labels(diff)),
        "segments": list(segments(diff)),
        "scores": list(scores(diff)),
        "decisions": decided(diff, keys=keys),
        "changed_most": changed_most(diff, keys=keys),
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
        "leads": len(moved) if diff.edits[number].is_compared else None,
        "moves": moves_of(diff, number)[:SHOWN_CAUSES],
    }


def edit_document(diff: Diff, number: int) -> dict[str, Any]:
    """One edit in words, with its place."""
    edit = diff.edits[number]
    places = [side.places if edit.section in ("lists", "tables") else {} for side in (diff.head, diff.base)]
    place = edit.place or places[0].get(edit.name) or places[1].get(edit.name)
    of_head = edit.is_of_head or (edit.place is None and edit.name in places[0])
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
    shown = {one.name for one in ruleset_of(diff.head).definitions if isinstance(one, Labelled | Segment | Score)}
    yield from ((c.rows, c.blame) for name, c in diff.attribution.changes.items() if name in shown)
    yield from ((slot.rows, slot.blame) for slot in diff.slots)


def moves_of(diff: Diff, number: int) -> list[dict[str, Any]]:
    """Where an edit moves leads, the most frequent first: label to label, owner to owner, in and out of segments."""
    assert diff.attribution is not None
    found: list[dict[str, Any]] = []
    for one in ruleset_of(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is not None and number in change.blame and isinstance(one, Labelled | Segment):
            found += _counted(kind_of(one), one.name, change, change.blame[number])
    for slot in diff.slots:
        if number in slot.blame and slot.kind != "action":
            found += _counted(slot.kind, slot.name, slot, slot.blame[number])
    return sorted(found, key=lambda move: -int(move["leads"]))


def _counted(kind: str, name: str, change: Change | Slot, keep: pl.Series) -> Iterator[dict[str, Any]]:
    for row in pairs(change, keep).iter_rows(named=True):
        yield {"kind": kind, "name": name, **row}


# -- who changes at all ---------------------------------------------------------------------------------------------


def _outcomes(diff: Diff) -> Iterator[tuple[tuple[str, str], pl.Series]]:
    """(kind, name) of everything that has a budget, and the rows that it changes."""
    assert diff.attribution is not None
    for one in ruleset_of(diff.head).declared:
        change = diff.attribution.changes.get(one.name)
        if change is not None and isinstance(one, Labelled | Segment | Score):
            yield (kind_of(one), one.name), change.rows
    for slot in diff.slots:
        yield (slot.kind, slot.name), slot.rows


def _any_changed(diff: Diff) -> int:
    """Leads with another label, segment, owner, field or sequence; points and actions alone do not count."""
    rows = [rows.cast(pl.UInt32) for (kind, _), rows in _outcomes(diff) if kind not in ("score", "action")]
    return pl.concat(rows).n_unique() if rows else 0
