"""Which lines moved a lead: what each gives now against what it gave at the last run.

In: an outcome, some leads that moved and the bands and stages that they moved in. Out: per lead the lines, the largest change
first. The state keeps no scores, so the last run's are those of today's leads with the events that there were then. What
changed in the record meanwhile is not known: then the lines are told that speak for the move as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from leadrules.core.functions import Context
from leadrules.engine.columns import evaluate
from leadrules.engine.reasons import signed
from leadrules.lifecycle.model import empty_state
from leadrules.lifecycle.run import Outcome, calendar_of, evaluated_leads
from leadrules.ruleset.model import Band, Stages
from leadrules.ruleset.walk import made_of

SHOWN = 3
Points = Mapping[tuple[str, str], int]  # by score and line


def causes(
    outcome: Outcome, rows: Sequence[int], moves: Sequence[Sequence[tuple[Band | Stages, int]]]
) -> list[list[str]]:
    """For each of these leads the lines that moved it; `moves` says in what, and by how many labels up or down."""
    before = _at_the_last_run(outcome, rows)
    return [
        _cause(outcome, row, outcome.facts.points(row), then, moved)
        for row, then, moved in zip(rows, before, moves, strict=True)
    ]


def _at_the_last_run(outcome: Outcome, rows: Sequence[int]) -> list[Points | None]:
    """What each line gave then; None of a lead that is new, or where there was no run."""
    overlay, last = outcome.overlay, (outcome.request.state or empty_state()).as_of
    if overlay is None or last is None or not rows:
        return [None] * len(rows)
    wanted = pl.DataFrame({"lead_row": rows}, schema={"lead_row": pl.UInt32}).with_row_index("at")
    events = outcome.events.frame.join(wanted, on="lead_row").drop("lead_row").rename({"at_right": "lead_row"})
    leads = evaluated_leads(outcome)[list(rows)]
    ruleset, teams = outcome.request.ruleset, dict(outcome.request.project.team.teams)
    facts = evaluate(ruleset, leads, events.cast({"lead_row": pl.UInt32}), Context(calendar_of(ruleset), last), teams)
    is_new = overlay.table["is_new"][list(rows)]
    return [None if new else facts.points(at) for at, new in enumerate(is_new)]


def _cause(
    outcome: Outcome, row: int, now: Points, then: Points | None, moved: Sequence[tuple[Band | Stages, int]]
) -> list[str]:
    stages = [(one.name, outcome.facts.frame[one.name][row]) for one, _ in moved if isinstance(one, Stages)]
    labels = [f"{name}.{label}" for name, label in stages if label is not None]
    feeding = {part.name for one, _ in moved for part in made_of(one, outcome.request.ruleset)}
    mine = {line: points for line, points in now.items() if line[0] in feeding}
    changes = mine
    if then is not None:
        theirs = {line: points for line, points in then.items() if line[0] in feeding}
        changes = {line: mine.get(line, 0) - theirs.get(line, 0) for line in {**theirs, **mine}}
        if not any(changes.values()):
            up = sum(steps for _, steps in moved) > 0
            changes = {line: points for line, points in mine.items() if (points > 0) == up}
    return [*labels, *_largest(changes)][:SHOWN]


def _largest(changes: Points) -> Iterator[str]:
    for (_, path), points in sorted(changes.items(), key=lambda one: -abs(one[1])):
        if points:
            yield f"{path} {signed(points)}"
