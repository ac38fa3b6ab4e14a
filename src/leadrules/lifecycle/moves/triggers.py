"""What sets triggers off, and what they remember.

In: a tick, and what its other phases heard (`Heard`): fresh events, entered labels, finishes, overdue leads. Out: a `SetOff`
per trigger, in the order in which triggers run, with the leads whose conditions hold and whose `once` is free; after the
actions were tried, the columns that the state keeps. Refuses to know what an action does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.lifecycle.aside import each
from leadrules.lifecycle.eras import knows
from leadrules.lifecycle.lead_columns import Column, blank, put_into
from leadrules.lifecycle.model import INSTANT, Tick
from leadrules.lifecycle.moves.falling import fallen
from leadrules.ruleset.model import Duration, EventFilter, Expr, On, Trigger

SET_OFF: Mapping[str, pl.DataType] = {"lead_row": pl.UInt32(), "at": INSTANT, "mark": INSTANT}


class Heard(Protocol):
    """What the other phases of a run found that triggers listen to."""

    def events(self, selection: EventFilter, *, backfill: bool) -> pl.DataFrame:
        """lead_row, at: the events that set triggers off, once each; with `backfill` also those seen before."""

    def changed(self, on: On) -> pl.Series:
        """Which leads entered, or left, a label or a segment."""

    def finished(self, sequence: str) -> pl.Series:
        """The rows of the leads that finished a sequence."""

    def overdue(self, route: str) -> pl.DataFrame:
        """lead_row, due_at: the leads past it without a response."""

    def edited(self, trigger: Trigger) -> pl.Series | None:
        """Which leads meet the condition only because the rules were edited; None: none do."""

    def news(self, trigger: Trigger) -> pl.Series | None:
        """Of leads that were absent when the trigger came, the instant when it did; None: there are none."""


@dataclass(frozen=True, slots=True)
class SetOff:
    """One trigger and the leads (SET_OFF) it fires for: `at` is the event's instant, `mark` the date or `due_at`.

    `absorbed` leads are taken as already so. `holds`: of a trigger without `on`, which leads meet its condition.
    """

    trigger: Trigger
    leads: pl.DataFrame
    absorbed: pl.DataFrame
    holds: pl.Series | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a set-off: the rows for which an action was done, and those for which nothing is left to do."""

    fired: pl.Series
    settled: pl.Series


def set_offs(tick: Tick, heard: Heard) -> list[SetOff]:
    """Every trigger with the leads it fires for, in the order of priority, then name."""
    triggers = sorted(tick.ruleset.triggers, key=lambda trigger: (trigger.priority, trigger.name))
    dates = _dates(tick, triggers)
    calls = [partial(_set_off, tick, heard, trigger, dates.get(trigger.name)) for trigger in triggers]
    return each(calls, tick.leads.height)


def _met(tick: Tick, trigger: Trigger, rows: pl.Series | None = None) -> pl.Series:
    """Which leads (of `rows`) meet all conditions of a trigger."""
    wanted = {str(number): condition for number, condition in enumerate(trigger.conditions)}
    met = pl.repeat(True, tick.leads.height if rows is None else len(rows), dtype=pl.Boolean, eager=True)
    for holds in tick.facts.values(wanted, rows=rows).values():
        met = met & holds.fill_null(value=False)
    return met


def _dates(tick: Tick, triggers: Sequence[Trigger]) -> dict[str, pl.Series]:
    wanted: dict[str, Expr] = {t.name: t.on.value for t in triggers if t.on.value is not None}
    return tick.facts.values(wanted) if wanted else {}


def _set_off(tick: Tick, heard: Heard, trigger: Trigger, dates: pl.Series | None) -> SetOff:
    is_new = _is_new(tick, trigger)
    holds = _met(tick, trigger) if trigger.on.kind == "condition" else None
    found = _found(tick, heard, trigger, holds, dates, from_start=is_new and trigger.backfill)
    if holds is None and found.height:
        found = found.filter(_met(tick, trigger, found["lead_row"]))
    found = found.filter(_is_free(tick, trigger, found["lead_row"]))
    quiet = _absorbed(tick, heard, trigger, found["lead_row"], is_new=is_new) | _is_old(heard, trigger, found)
    return SetOff(trigger, found.filter(~quiet), found.filter(quiet), holds)


@dataclass(frozen=True, slots=True)
class Gates:
    """What a trigger made of each lead, gate by gate: set off, conditions met, `once` free, taken as already so."""

    found: pl.DataFrame
    met: pl.Series
    free: pl.Series
    absorbed: pl.Series


def gates(tick: Tick, heard: Heard, trigger: Trigger) -> Gates:
    """The same steps as those of a run, each looked at by itself: for those who ask why a trigger did not fire."""
    everyone = pl.Series("lead_row", range(tick.leads.height), dtype=pl.UInt32)
    is_new = _is_new(tick, trigger)
    met = _met(tick, trigger)
    dates = _dates(tick, [trigger]).get(trigger.name)
    holds = met if trigger.on.kind == "condition" else None
    found = _found(tick, heard, trigger, holds, dates, from_start=is_new and trigger.backfill)
    absorbed = _absorbed(tick, heard, trigger, everyone, is_new=is_new)
    absorbed = absorbed.scatter(found["lead_row"].filter(_is_old(heard, trigger, found)), values=True)
    return Gates(found, met, _is_free(tick, trigger, everyone), absorbed)


def _found(
    tick: Tick,
    heard: Heard,
    trigger: Trigger,
    holds: pl.Series | None,
    dates: pl.Series | None,
    *,
    from_start: bool,
) -> pl.DataFrame:
    """The leads that something sets the trigger off for; one row each. Conditions beside `on` are not looked at."""
    on = trigger.on
    if holds is not None:
        return _rows(_becoming_true(tick, trigger, holds, from_start=from_start))
    if on.kind == "event":
        assert on.filter is not None
        events = _since_it_came(heard, trigger, heard.events(on.filter, backfill=from_start))
        if (missed := _missed(heard, trigger)) is not None:
            before = heard.events(on.filter, backfill=True)
            events = pl.concat([events, before.filter(missed[before["lead_row"]])])
        # Of several events the first one set it off: it is what has waited longest for an answer.
        return _shaped(events.group_by("lead_row").agg(pl.col("at").min()))
    if on.kind == "enter" and (from_start or tick.baseline):
        # In a baseline nobody enters; whoever is inside is taken as having set it off, which starts its `once per`.
        return _rows(_inside(tick, on))
    if on.kind in ("enter", "leave"):
        missed = _missed(heard, trigger) if on.kind == "enter" else None
        return _rows(heard.changed(on) if missed is None else heard.changed(on) | (missed & _inside(tick, on)))
    if on.kind == "finish":
        return _shaped(heard.finished(str(on.name)).cast(pl.UInt32).alias("lead_row").to_frame())
    if on.kind == "overdue":
        return _not_yet_answered(tick, trigger, heard.overdue(str(on.name)))
    assert dates is not None
    return _shaped(fallen(tick, trigger, dates))


def _since_it_came(heard: Heard, trigger: Trigger, events: pl.DataFrame) -> pl.DataFrame:
    """Without the events that happened before there was the trigger, of leads that were absent when it came."""
    news = None if trigger.backfill else heard.news(trigger)
    return events if news is None else events.filter((events["at"] > news[events["lead_row"]]).fill_null(value=True))


def _missed(heard: Heard, trigger: Trigger) -> pl.Series | None:
    """Which leads were absent when a trigger with `backfill` came: what is already so sets it off for them now."""
    news = heard.news(trigger) if trigger.backfill else None
    return None if news is None else news.is_not_null()


def _rows(mask: pl.Series) -> pl.DataFrame:
    return _shaped(rows_where(mask).cast(pl.UInt32).alias("lead_row").to_frame())


def _shaped(found: pl.DataFrame) -> pl.DataFrame:
    """The columns of SET_OFF, by lead; those that are not there are blank."""
    columns = [
        pl.col(name).cast(kind) if name in found.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in SET_OFF.items()
    ]
    return found.select(columns).sort("lead_row")


def _inside(tick: Tick, on: On) -> pl.Series:
    now = tick.facts.frame[str(on.name)]
    return (now if on.label is None else now.cast(pl.String) == on.label).fill_null(value=False)


def _becoming_true(tick: Tick, trigger: Trigger, met: pl.Series, *, from_start: bool) -> pl.Series:
    """The leads whose condition was not met before; with `once per` also those that it fired for and that still meet it."""
    if from_start:
        return met
    held = tick.leads.whole(f"holds:{trigger.name}", pl.Boolean()).fill_null(value=False)
    if trigger.once_per is not None:
        held = held & tick.leads.whole(f"fired:{trigger.name}", INSTANT).is_null()
    return met & ~held


def _not_yet_answered(tick: Tick, trigger: Trigger, overdue: pl.DataFrame) -> pl.DataFrame:
    """A lead is overdue once for each `due_at`."""
    found = _shaped(overdue.select("lead_row", pl.col("due_at").alias("mark")))
    before = tick.leads.gather(f"overdue:{trigger.name}", found["lead_row"], INSTANT)
    return found.filter(before.ne_missing(found["mark"]))


# -- what holds a trigger back --------------------------------------------------------------------------------------


def _is_new(tick: Tick, trigger: Trigger) -> bool:
    """Whether the state knows nothing of the trigger, or of it as something else that is set off in another way."""
    return tick.state.ruleset is not None and not knows(tick.state.ruleset, trigger)


def _is_free(tick: Tick, trigger: Trigger, rows: pl.Series) -> pl.Series:
    """Whether `once` and `once per` let the trigger fire for these leads."""
    if not trigger.once:
        return pl.repeat(True, len(rows), dtype=pl.Boolean, eager=True)
    last = tick.leads.gather(f"fired:{trigger.name}", rows, INSTANT)
    if trigger.once_per is None:
        return last.is_null()
    return last.is_null() | passed(tick.calendar, last, trigger.once_per, tick.as_of)


def passed(calendar: Calendar, since: pl.Series, length: Duration, as_of: datetime) -> pl.Series:
    """Whether a length has passed since each instant. They are instants of runs: few, so each is worked out by itself."""
    over = [at for at in since.unique().drop_nulls() if _is_over(calendar, at, length, as_of)]
    return since.is_in(pl.Series(over, dtype=INSTANT).implode()).fill_null(value=False)


def _is_over(calendar: Calendar, at: datetime, length: Duration, as_of: datetime) -> bool:
    end = calendar.shift(at, length.count, length.unit)
    return isinstance(end, datetime) and end <= as_of


def _is_old(heard: Heard, trigger: Trigger, found: pl.DataFrame) -> pl.Series:
    """Whether what set leads off was so before there was the trigger, of leads that were absent when it came.

    Of a condition nobody knows since when it holds: it is taken as already so. What a lead enters or leaves is seen now.
    """
    news = None if trigger.backfill else heard.news(trigger)
    if news is None or trigger.on.kind not in ("condition", "date", "overdue"):
        return pl.repeat(False, found.height, dtype=pl.Boolean, eager=True)
    came = news[found["lead_row"]]
    return came.is_not_null() if trigger.on.kind == "condition" else (found["mark"] <= came).fill_null(value=False)


def _absorbed(tick: Tick, heard: Heard, trigger: Trigger, rows: pl.Series, *, is_new: bool) -> pl.Series:
    """Whether what set these leads off is taken as already so: a baseline, a new trigger, an edited condition."""
    if tick.baseline or (is_new and not trigger.backfill):
        return pl.repeat(True, len(rows), dtype=pl.Boolean, eager=True)
    # A condition that is new was not edited: `backfill` fires it for who meets it already.
    is_asked = trigger.on.kind == "condition" and not is_new
    edited = heard.edited(trigger) if is_asked else None
    if edited is None:
        return pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True)
    return edited.gather(rows)


# -- what is remembered ---------------------------------------------------------------------------------------------


def memory(tick: Tick, one: SetOff, tried: Tried) -> list[Column]:
    """The columns that the state keeps of a trigger after this run.

    What was set off and could not be done stays armed: a condition counts as not met, a date as not fallen.
    """
    trigger, leads = one.trigger, one.leads
    columns: list[Column] = []
    closed = pl.concat([leads.filter(leads["lead_row"].is_in(tried.settled.implode())), one.absorbed])
    open_rows = leads.filter(~leads["lead_row"].is_in(tried.settled.implode()))
    if one.holds is not None:
        holds = one.holds.clone().scatter(open_rows["lead_row"], values=False) if open_rows.height else one.holds
        columns.append(holds.alias(f"holds:{trigger.name}"))
    if trigger.once:
        columns.append(_last_fired(tick, one, tried))
    if trigger.on.kind == "overdue":
        columns.append(_marked(tick, f"overdue:{trigger.name}", closed))
    if trigger.on.kind == "date":
        columns.append(_marked(tick, f"dated:{trigger.name}", closed))
        nobody = blank(f"armed:{trigger.name}", INSTANT, tick.leads.height)
        columns.append(put_into(nobody, open_rows["lead_row"], open_rows["mark"]))
    return columns


def _last_fired(tick: Tick, one: SetOff, tried: Tried) -> Column:
    """When a trigger fired last. A baseline starts its `once per`. A condition that is otherwise taken as already so has not
    fired since it is so: a firing of before that would have it fire in the next run, as if it had stayed so."""
    counts = one.trigger.once_per is not None and (tick.baseline or one.holds is not None)
    absorbed = one.absorbed["lead_row"] if counts else one.absorbed["lead_row"].clear()
    at = [(tried.fired.cast(pl.UInt32), tick.as_of), (absorbed, tick.as_of if tick.baseline else None)]
    moments = [pl.repeat(moment, len(rows), dtype=INSTANT, eager=True) for rows, moment in at]
    return tick.leads.put(f"fired:{one.trigger.name}", pl.concat([rows for rows, _ in at]), pl.concat(moments))


def _marked(tick: Tick, column: str, closed: pl.DataFrame) -> Column:
    closed = closed.unique("lead_row", keep="last")
    return tick.leads.put(column, closed["lead_row"], closed["mark"])
