"""Which events a run that only writes its files and its state needs to keep while it reads.

In: the rules, the state (its outline will do), what the command line said. Out: a `Sight`: how far back the rules look, and
from when on events can be late. Knows not how events are read.
"""

from __future__ import annotations

from datetime import datetime

from leadrules.core.calendar import Calendar
from leadrules.data.read import EVERYTHING, Sight
from leadrules.engine.needs import at_most, reach
from leadrules.lifecycle.late import listened
from leadrules.lifecycle.model import State
from leadrules.project.model import Project
from leadrules.ruleset.model import Duration, Ruleset
from leadrules.ruleset.store import digest, from_text

_A_DAY = Duration(1, "days")


def sight_of(
    project: Project,
    ruleset: Ruleset,
    kept: Ruleset,
    *,
    state: State,
    as_of: datetime | None,
    since: datetime | None,
    calendar: Calendar,
) -> Sight:
    """What of the events decides, or is remembered. `kept` are the rules with those of sequences that leads began.

    `since` as the command line has it; None: the state says it.
    """
    late = Duration(*project.late_events)
    heard = at_most(late), at_most(_A_DAY)
    if heard[0] is None or heard[1] is None or (project.guards.jump is not None and as_of is None):
        return EVERYTHING  # the guard looks at all times
    if state.as_of is not None and not _are_the_last(ruleset, state):
        return EVERYTHING  # the rules of the last run are asked as well
    # The last run once more begins where that run began.
    starts = [since, state.as_of, None if state.last is None else state.last.since]
    first = min((one for one in starts if one is not None), default=None)
    # Leads may come back that earlier rules saw last: those are asked of them.
    earlier = [from_text(text) for text in state.eras["ruleset"].drop_nulls()]
    far = reach(kept, max(heard[0], heard[1]), *earlier)
    return Sight(far, as_of, listened(kept), None if first is None else calendar.back(first, late.count, late.unit))


def _are_the_last(ruleset: Ruleset, state: State) -> bool:
    """Whether the last run had these rules, and nobody tended the state since."""
    return state.last is not None and bool(state.last.identity) and state.last.rules == digest(ruleset)
