"""`state migrate SEQUENCE`: the leads in a sequence go on by its form of today.

In: the folder of a state, the project, today's rules. Out: the state with those leads on today's version. Looks at no
leads or events: a migration is a matter of steps and times.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from leadrules.core.functions import Context
from leadrules.core.text import nearest
from leadrules.data.errors import InputError
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.cadence.riders import migrated
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import HISTORY_COLUMNS, INSTANT, State, Tick
from leadrules.lifecycle.moves.after import with_changes
from leadrules.lifecycle.record import OF_TABLE
from leadrules.lifecycle.run import calendar_of
from leadrules.lifecycle.state.store import amend, load
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset

NO_EVENTS = {"lead_row": pl.UInt32(), "type": pl.String(), "at": INSTANT}


def migrate(path: Path, project: Project, ruleset: Ruleset, sequence: str) -> int:
    """Move the leads of a sequence to today's version of it; how many there were. Raises InputError for an unknown one."""
    names = [one.name for one in ruleset.sequences]
    if sequence not in names:
        guess = nearest(sequence, names)
        hint = (
            f"did you mean `{guess}`?"
            if guess
            else "a sequence that the rules have no more is finished by its kept text"
        )
        raise InputError(f"the rules have no sequence `{sequence}`", hint)
    state = load(path)
    if state.as_of is None:
        return 0
    tick = _tick(project, ruleset, state)
    changes, versions = migrated(tick, sequence)
    table = with_changes(tick.leads, [changes]).drop(*OF_TABLE)
    after = replace(state, leads=table, versions=pl.concat([state.versions, versions]))
    amend(path, state, after, changes=pl.DataFrame(schema=dict(HISTORY_COLUMNS)))
    return changes.height


def _tick(project: Project, ruleset: Ruleset, state: State) -> Tick:
    """The leads of the state as a run that reads nothing would have them."""
    assert state.as_of is not None
    calendar = calendar_of(ruleset)
    height = state.leads.height
    rows = pl.int_range(height, dtype=pl.UInt32, eager=True).alias("lead_row")
    is_new = pl.repeat(False, height, dtype=pl.Boolean, eager=True).alias("is_new")
    leads = LeadColumns([rows, *state.leads, is_new], height)
    nothing = replace(ruleset, aggregates=(), definitions=())
    facts = evaluate(
        nothing,
        leads.select("key").rename({"key": "@key"}),
        pl.DataFrame(schema=NO_EVENTS),
        Context(calendar, state.as_of),
    )
    return Tick(project, ruleset, calendar, state.as_of, state.as_of, facts, leads, state)
