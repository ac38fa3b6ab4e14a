"""By which rules each lead was seen last, where the rules were edited while it was absent.

In: a state, since when each lead of a run was absent. Out: an `Era` for earlier rules that saw some of them last; the eras of
the next state. A lead that comes back is compared with the rules that it was last seen by, as those that stayed were when
the rules were edited. Knows not what rules say.
"""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl

from leadrules.lifecycle.model import ERA_COLUMNS, Era, State
from leadrules.ruleset.model import Ruleset, Trigger
from leadrules.ruleset.store import digest, from_json, to_json


def knows(ruleset: Ruleset, trigger: Trigger) -> bool:
    """Whether rules have a trigger, set off by the same kind of thing."""
    return any(one.name == trigger.name and one.on.kind == trigger.on.kind for one in ruleset.triggers)


def introduced(era: Era, trigger: Trigger) -> datetime | None:
    """The `as of` of the first run with a trigger that these rules did not have; None where they had it, or no run did yet."""
    found = None
    for since, ruleset in () if knows(era.ruleset, trigger) else reversed(era.later):
        if not knows(ruleset, trigger):
            break
        found = since
    return found


def eras_of(state: State, absent_since: pl.Series) -> tuple[Era, ...]:
    """The earlier rules that saw leads of a run last; none where every lead was seen by those of the last run."""
    starts = state.eras["since"].to_list()
    if len(starts) < 2 or absent_since.null_count() == len(absent_since):
        return ()
    rulesets = [from_json(json.loads(text)) for text in state.eras["ruleset"]]
    later = list(zip(starts, rulesets, strict=True))
    found = []
    for number, ruleset in enumerate(rulesets[:-1]):
        leads = absent_since < starts[number + 1]
        if starts[number] is not None:
            leads &= absent_since >= starts[number]
        leads = leads.fill_null(value=False)
        if leads.any():
            found.append(Era(ruleset, leads, later[number + 1 :]))
    return tuple(found)


def eras_after(state: State, leads: pl.DataFrame, ruleset: Ruleset, as_of: datetime) -> pl.DataFrame:
    """The eras of the next state, those that no absent lead needs left out; `leads` are those of the next state."""
    if state.ruleset is None or digest(state.ruleset) == digest(ruleset):
        return state.eras
    before = state.eras if state.eras.height else _era(None, state.ruleset)
    eras = pl.concat([before, _era(as_of, ruleset)])
    oldest = leads["absent_since"].min()
    if oldest is None:
        return eras.clear()
    # Of the eras that had begun by then only the last one saw it.
    begun = eras.filter((pl.col("since") <= oldest).fill_null(value=True)).height
    return eras.slice(max(begun - 1, 0))


def _era(since: datetime | None, ruleset: Ruleset) -> pl.DataFrame:
    return pl.DataFrame({"since": [since], "ruleset": [text_of(ruleset)]}, schema=dict(ERA_COLUMNS))


def text_of(ruleset: Ruleset) -> str:
    """Rules as an era keeps them."""
    return json.dumps(to_json(ruleset), ensure_ascii=False, separators=(",", ":"))
