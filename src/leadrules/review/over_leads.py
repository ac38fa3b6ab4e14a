"""The questions of the analysis, put to the leads of a file.

In: a study and a source of leads (the events are the project's own). Out: `Answers`: how many leads meet each condition,
and the values of the columns that rules compare with texts. The state is not looked at: each lead counts as new.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

import polars as pl

from leadrules.analyse.questions import Answers, columns_asked, conditions_asked
from leadrules.analyse.study import Study
from leadrules.lifecycle.run import Outcome, RunRequest, execute
from leadrules.project.model import Source
from leadrules.ruleset.support import for_run

MOST_VALUES = 10_000


def answers_of(study: Study, leads: Source, as_of: datetime | None = None) -> Answers:
    """What the leads say, looked at from an instant (None: the newest of their times)."""
    ruleset = for_run(study.ruleset)
    request = RunRequest(study.project, ruleset, leads, study.project.events, as_of, only_facts=True)
    outcome = execute(request)
    height = outcome.leads.frame.height
    found = outcome.facts.values(conditions_asked(study)) if height else {}
    met = {name: int(values.fill_null(value=False).sum()) for name, values in found.items()}
    columns = {name: _values(outcome, name) for name in columns_asked(study) if name in outcome.leads.frame.columns}
    return Answers(height, met, columns, PurePath(leads.path).name, outcome.facts.fired() if height else {})


def _values(outcome: Outcome, name: str) -> dict[str, int]:
    """The values of a column with their counts, the most frequent first."""
    column = outcome.leads.frame[name]
    if isinstance(column.dtype, pl.List):
        column = column.explode()
    counts = column.drop_nulls().cast(pl.String).value_counts().sort("count", name, descending=[True, False])
    counts = counts.head(MOST_VALUES)
    return dict(zip(counts[name].to_list(), counts["count"].to_list(), strict=True))
