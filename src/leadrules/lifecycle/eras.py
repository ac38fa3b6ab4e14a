"""By which rules each lead was seen last, where the rules were edited while it was absent.

In: a state, since when each lead of a run was absent. Out: an `Era` for earlier rules that saw some of them last; the eras of
the next state. A lead that comes back is compared with the rules that it was last seen by, as those that stayed were when
the rules were edited. Knows not what rules say.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import ERA_COLUMNS, Era, State
from leadrules.ruleset.model import Ruleset, Trigger
from leadrules.ruleset.store import digest, from_text, to_text

# A lead that went before as many edits as this is compared with the oldest rules that are kept: leads that were deleted never
# come back, and the rules that saw them last would pile up.
MOST = 20


def known_as(trigger: Trigger) -> str:
    """By what a state knows a trigger: set off by another kind of thing it is another one."""
    return f"{trigger.on.kind} {trigger.name}"


def knows(ruleset: Ruleset, trigger: Trigger) -> bool:
    """Whether rules have a trigger."""
    return any(known_as(one) == known_as(trigger) for one in ruleset.triggers)


def eras_of(state: State, table: LeadColumns) -> tuple[Era, ...]:
    """The earlier rules that saw leads of a run last; none where every lead was seen by those of the last run."""
    if not state.eras.height or not len(table.filled("absent_since")):
        return ()
    absent_since = table["absent_since"]
    starts, texts, triggers = (state.eras[name].to_list() for name in ERA_COLUMNS)
    found = []
    for number, text in enumerate(texts[:-1]):
        leads = absent_since < starts[number + 1]
        if number:  # the first are also the oldest that are kept
            leads &= absent_since >= starts[number]
        if text is not None and leads.any():
            came = _came(starts[number + 1 :], triggers[number + 1 :])
            new = {name: at for name, at in came.items() if name not in triggers[number]}
            found.append(Era(from_text(text), leads.fill_null(value=False), new))
    return tuple(found)


def _came(starts: list[datetime], triggers: list[list[str]]) -> dict[str, datetime]:
    """When each of the last triggers came: with the first of the rules from which on all have it."""
    found: dict[str, datetime] = {}
    for name in triggers[-1]:
        lacking = [number for number, names in enumerate(triggers) if name not in names]
        found[name] = starts[lacking[-1] + 1 if lacking else 0]
    return found


def eras_after(state: State, leads: LeadColumns, ruleset: Ruleset, as_of: datetime) -> pl.DataFrame:
    """The eras of the next state, as far as absent leads need them; `leads` are those of the next state."""
    eras = state.eras
    if state.ruleset is not None and digest(state.ruleset) != digest(ruleset):
        ended = eras.head(eras.height - 1) if eras.height else eras
        began = eras["since"].last() if eras.height else None
        eras = pl.concat([ended, _era(began, state.ruleset, to_text(state.ruleset)), _era(as_of, ruleset, None)])
    if not eras.height:
        return eras
    return _needed(eras, leads.gather("absent_since", leads.filled("absent_since")))


def _needed(eras: pl.DataFrame, absent_since: pl.Series) -> pl.DataFrame:
    """With the rules that saw absent leads last alone; of those after them it stays known which triggers they had."""
    starts = eras["since"].drop_nulls()
    first = eras.height - starts.len()
    seen = starts.search_sorted(absent_since.unique(), side="right").unique().sort()
    numbers = [number + first - 1 for number in seen.to_list()]
    wanted = sorted({max(number, 0) for number in numbers if number < eras.height - 1})[-MOST:]
    if not wanted:
        return eras.clear()
    is_wanted = pl.int_range(pl.len()).is_in(wanted)
    return eras.with_columns(pl.when(is_wanted).then("ruleset").alias("ruleset")).slice(wanted[0])


def _era(since: object, ruleset: Ruleset, text: str | None) -> pl.DataFrame:
    names = [known_as(trigger) for trigger in ruleset.triggers]
    return pl.DataFrame({"since": [since], "ruleset": [text], "triggers": [names]}, schema=dict(ERA_COLUMNS))
