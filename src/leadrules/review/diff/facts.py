"""What two versions of the rules say of the leads: labels, segments and scores, before and after.

In: a diff. Out: the parts `labels`, `segments` and `scores` of its document. Counts what both outcomes found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from leadrules.review.diff.model import Diff, count, kind_of, rounded_number, ruleset_of, transitions
from leadrules.review.plan.plan import label_names
from leadrules.ruleset.model import Band, Classify, Define, Matrix, Score, Segment, Stages


def _both(diff: Diff, *kinds: type) -> Iterator[tuple[Any, Any]]:
    """Definitions of these kinds: (older or None, newer or None), in the newer order, those that are gone last."""
    older = {
        diff.renamed.get(one.name, one.name): one for one in ruleset_of(diff.base).declared if isinstance(one, kinds)
    }
    for one in ruleset_of(diff.head).declared:
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


def labels(diff: Diff) -> Iterator[dict[str, Any]]:
    """Every band, matrix, classify and stages: leads per label before and after, and who goes where."""
    assert diff.attribution is not None
    for old, new in _both(diff, Band, Matrix, Classify, Stages):
        before, after = _series(diff, old, new)
        one = new or old
        change = diff.attribution.changes.get(one.name) if old is not None and new is not None else None
        names = list(dict.fromkeys([*(label_names(new) if new else ()), *(label_names(old) if old else ()), None]))
        counts = [{} if values is None else count(values) for values in (before, after)]
        yield {
            "name": one.name,
            "title": one.title,
            "kind": kind_of(one),
            "status": _status(old, new),
            "changed": 0 if change is None else len(change.rows),
            "labels": [
                {"label": name, "before": counts[0].get(name, 0), "after": counts[1].get(name, 0)}
                for name in names
                if name is not None or any(None in count for count in counts)
            ],
            "transitions": [] if change is None else transitions(diff, change),
            "because": [] if change is None else diff.paths(change.blame),
        }


def segments(diff: Diff) -> Iterator[dict[str, Any]]:
    """Every segment: how many leads are in it, come and go."""
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


def scores(diff: Diff) -> Iterator[dict[str, Any]]:
    """The shift of every score, and of the defines that a band looks at."""
    assert diff.attribution is not None
    looked_at = {band.value.value for band in ruleset_of(diff.head).definitions if isinstance(band, Band)}
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
            "least_shift": rounded_number(None if shift is None or not len(shift) else shift.min()),
            "most_shift": rounded_number(None if shift is None or not len(shift) else shift.max()),
            "because": [] if change is None else diff.paths(change.blame),
        }


def _mean(values: pl.Series | None) -> float | None:
    return None if values is None or not len(values) else rounded_number(values.mean())
