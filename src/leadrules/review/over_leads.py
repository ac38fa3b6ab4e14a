"""The questions of the analysis, put to the leads of a file.

In: a study and a source of leads (the events are the project's own). Out: `Answers`: how many leads meet each condition,
and the values of the columns that rules compare with texts. The state is not looked at: each lead counts as new.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

import polars as pl

from leadrules.analyse.questions import Answers, Column, columns_asked, conditions_asked
from leadrules.analyse.study import Study
from leadrules.lifecycle.run import Outcome, RunRequest, execute
from leadrules.project.model import Source
from leadrules.ruleset.support import for_run

MOST_VALUES = 10_000
TEXTUAL = ("text", "choice", "set")


def answers_of(study: Study, leads: Source, as_of: datetime | None = None) -> Answers:
    """What the leads say, looked at from an instant (None: the newest of their times)."""
    ruleset = for_run(study.ruleset)
    request = RunRequest(study.project, ruleset, leads, study.project.events, as_of, only_facts=True)
    outcome = execute(request)
    height = outcome.leads.frame.height
    found = outcome.facts.values(conditions_asked(study)) if height else {}
    met = {name: int(values.fill_null(value=False).sum()) for name, values in found.items()}
    columns = {one: _counted(values) for one in columns_asked(study) if (values := _values(outcome, one)) is not None}
    return Answers(height, met, columns, PurePath(leads.path).name, outcome.facts.fired() if height else {})


def _values(outcome: Outcome, asked: Column) -> pl.Series | None:
    """The values of a column of the leads, or of the events of some types; None where the input does not have it."""
    frame, name = outcome.leads.frame, asked.field
    if asked.types:
        frame = outcome.events.frame
        name = next((one for kind in TEXTUAL if (one := f"{asked.field}:{kind}") in frame.columns), "")
        frame = frame.filter(pl.col("type").cast(pl.String).is_in(asked.types))
    return frame[name] if name in frame.columns else None


def _counted(column: pl.Series) -> dict[str, int]:
    """Values with their counts, the most frequent first."""
    if isinstance(column.dtype, pl.List):
        column = column.explode()
    counts = column.alias("value").drop_nulls().cast(pl.String).value_counts(name="times")
    counts = counts.sort("times", "value", descending=[True, False]).head(MOST_VALUES)
    return dict(zip(counts["value"].to_list(), counts["times"].to_list(), strict=True))
