"""What the analysis doubts about a project's rules, with or without its leads.

In: a workspace, and what was asked for. Out: findings. Reads leads and events only where that was asked for. Raises
InputError where they cannot be read.
"""

from __future__ import annotations

from datetime import date, datetime

from leadrules.analyse.analyse import Request, judge, study
from leadrules.analyse.study import Study
from leadrules.analyse.suppress import Silenced
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.project.model import Source
from leadrules.review.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """What `check` was asked for beside errors. `leads` None: no lead is looked at; `as_of` None: the leads say from when."""

    overlaps: bool = False
    leads: Source | None = None
    today: date | None = None
    as_of: datetime | None = None


def doubts(workspace: Workspace, asked: Asked) -> list[Diagnostic]:
    """Every doubt that no comment silences; none while there are errors, for then nothing is certain of the rules."""
    return judged(workspace, asked)[0]


def judged(workspace: Workspace, asked: Asked) -> tuple[list[Diagnostic], list[Silenced]]:
    """Every doubt, those that comments silence apart."""
    ruleset, project, compiled = workspace.ruleset, workspace.project, workspace.compiled
    if ruleset is None or project is None or compiled is None:
        return [], []
    request = Request(asked.overlaps, asked.today)
    one = study(project, ruleset, workspace.modules, compiled.symbols, request)
    if asked.leads is None:
        return judge(one, request)
    return _with_leads(one, request, asked.leads, asked.as_of)


def _with_leads(
    one: Study, request: Request, leads: Source, as_of: datetime | None
) -> tuple[list[Diagnostic], list[Silenced]]:
    from leadrules.analyse.questions import shown_by, with_counts
    from leadrules.review.over_leads import answers_of

    answers = answers_of(one, leads, as_of)
    left, silenced = judge(one, request, shown_by(one, answers))
    return with_counts(one, left, answers), silenced
