"""When the steps of a sequence are due: instants worked out as columns, for leads of one sequence and version at a time.

In: a sequence's steps and settings, a calendar, and instants of enrolment. Out: a column of due times per step. Knows no
facts, no channels, no pauses and no state.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.identity import Same
from leadrules.lifecycle.cadence.clock import (
    at_clock,
    clock_time,
    in_zone,
    later_day,
    local_clock,
    next_working,
    shifted,
    to_opening,
    to_working_day,
)
from leadrules.lifecycle.model import INSTANT
from leadrules.ruleset.model import Duration, Sequence

FEW = 4


def due_times(sequence: Sequence, calendar: Calendar, enrolled_at: pl.Series) -> list[pl.Series]:
    """Per step, when it is due for each lead, as long as nothing pauses.

    Equal instants are worked out once: a batch that was enrolled together costs as much as one lead.
    """
    if len(enrolled_at) == 1:
        return _known(sequence, calendar, enrolled_at)
    instants = enrolled_at.unique()
    places = enrolled_at.to_frame("at").join(
        instants.to_frame("at").with_row_index("place"), on="at", how="left", nulls_equal=True, maintain_order="left"
    )["place"]
    schedule = _schedule(sequence, calendar, instants) if len(instants) > FEW else _known(sequence, calendar, instants)
    return [times[places] for times in schedule]


def _known(sequence: Sequence, calendar: Calendar, instants: pl.Series) -> list[pl.Series]:
    """The schedule of a few instants: tests of one lead ask for the same ones again and again."""
    return _remembered(Same(sequence), Same(calendar), tuple(instants.to_list()))


@lru_cache(maxsize=1024)
def _remembered(
    sequence: Same[Sequence], calendar: Same[Calendar], instants: tuple[datetime | None, ...]
) -> list[pl.Series]:
    return _schedule(sequence.it, calendar.it, pl.Series(instants, dtype=INSTANT))


def settled(
    sequence: Sequence, calendar: Calendar, times: pl.Series, *, after: bool = False, moved: bool = True
) -> pl.Series:
    """Due times at which something can go out: in the window, on a working day where those are counted.

    A step `after` a delay keeps its time in a sequence without a window, unless a pause moved it.
    """
    if sequence.window is not None:
        start, end, zone = sequence.window
        local = in_zone(calendar, zone)
        return to_opening(local, times, clock_time(start), clock_time(end), working=sequence.business_days)
    if sequence.business_days and (moved or not after):
        return to_working_day(calendar, times)
    return times


def _schedule(sequence: Sequence, calendar: Calendar, instants: pl.Series) -> list[pl.Series]:
    local = local_clock(calendar, instants)
    first, enrolled = local.dt.date(), local.dt.time()
    if sequence.business_days:
        first = next_working(calendar, first)
    found: list[pl.Series] = []
    for step in sequence.steps:
        if step.day is None:
            due = _later(sequence, calendar, found[-1] if found else instants, step.wait)
        else:
            days = later_day(calendar, first, step.day - 1, working=sequence.business_days)
            clock = enrolled if step.at is None else clock_time(step.at)
            due = at_clock(calendar, days, clock)
            if step.at is None:
                # On its own day that is the enrolment itself: of a clock time that comes twice, not always the first.
                due = instants.zip_with(days.eq_missing(local.dt.date()), due)
            due = _later(sequence, calendar, due, step.after)
        found.append(settled(sequence, calendar, due, after=step.after is not None, moved=False))
    return found


def _later(sequence: Sequence, calendar: Calendar, times: pl.Series, length: Duration | None) -> pl.Series:
    """Times moved on by a length; its days are working days where a sequence counts those."""
    if length is None:
        return times
    if sequence.business_days and length.unit == "days":
        length = Duration(length.count, "business days")
    return shifted(calendar, times, length)
