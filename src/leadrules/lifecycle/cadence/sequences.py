"""Sequences in a run: who leaves one, who pauses, who finishes, and what goes out.

In: a tick. Out: `Progress` of the leads that were in a sequence before the run, then, once triggers and enrolments are
settled, `Due`: what goes out, what is withheld and why, and what the state remembers. Decides nothing about who enters.

What a lead is due is worked out in `progress` already, because a sequence finishes only once nothing of it is held; what
triggers do afterwards to a lead that did not finish is taken into account in `due`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from leadrules.core.records import dataclass
from leadrules.lifecycle.cadence.clock import shifted
from leadrules.lifecycle.cadence.enrolment import Enrolments
from leadrules.lifecycle.cadence.riders import pauses, resumed, riders_of, stands, timed, without
from leadrules.lifecycle.cadence.steps import (
    HELD,
    PENDING_COLUMNS,
    PIN,
    RIDER_COLUMNS,
    STEP_COLUMNS,
    Coming,
    automatic,
    by_pin,
    coming_due,
    decided,
    empty,
    held,
)
from leadrules.lifecycle.cadence.suppression import remembered
from leadrules.lifecycle.cadence.versions import Pin, new_versions, numbers, plans
from leadrules.lifecycle.model import ACTION_COLUMNS, EXIT_ALL, LOST, RIDE, Tick
from leadrules.ruleset.model import Sequence

# Where its sequence's end, the steps of the one it was in, and those of the one it enters stand among a lead's actions.
ENDING, GOING, BEGINNING = 4000, 8000, 8501
_MOST = 499
SENT_COLUMNS: Mapping[str, pl.DataType] = {"lead_row": pl.UInt32(), "kind": pl.String()}
PIN_COLUMNS: Mapping[str, pl.DataType] = {"lead_row": pl.UInt32(), "version": pl.Int32()}
ENDED_COLUMNS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "sequence": pl.String(),
    "version": pl.Int32(),
    "rule": pl.String(),
    "is_finish": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of the leads that were in a sequence before the run.

    `plans`: by which steps and settings each sequence and version goes. `ended` (ENDED_COLUMNS): those that are in none
    any more. `coming`: what is due of those that go on or finish; `lost` (STEP_COLUMNS) of those that left. `actions`
    and `changes` are of the ends, the pauses and the pins alone; the steps are part of `Due`. `pins` (lead_row, version):
    the leads that keep today's form of their sequence from now on; `pinned`, those sequences.
    """

    plans: Mapping[Pin, Sequence]
    ended: pl.DataFrame
    coming: Coming
    lost: pl.DataFrame
    actions: pl.DataFrame
    pins: pl.DataFrame
    pinned: frozenset[str]
    changes: tuple[pl.DataFrame, ...]

    @property
    def finished(self) -> pl.DataFrame:
        """lead_row, sequence, version of the sequences that finished in this run."""
        return self.ended.filter("is_finish").select("lead_row", *PIN)

    def left(self) -> pl.Series:
        """The leads that exits and finishes took out of their sequence."""
        return self.ended["lead_row"]


@dataclass(frozen=True, slots=True)
class Due:
    """What goes out, and is withheld, of sequences (ACTION_COLUMNS), what the state remembers of it, and its new versions."""

    actions: pl.DataFrame
    changes: tuple[pl.DataFrame, ...]
    versions: pl.DataFrame


def progress(tick: Tick) -> Progress:
    """Exits, pauses and finishes of the leads that were in a sequence before the run."""
    ways = plans(tick)
    if not len(tick.leads.filled("sequence")):
        nothing = Coming(empty(RIDER_COLUMNS), empty(STEP_COLUMNS), empty(PENDING_COLUMNS))
        return Progress(
            plans=ways,
            ended=empty(ENDED_COLUMNS),
            coming=nothing,
            lost=empty(STEP_COLUMNS),
            actions=empty(ACTION_COLUMNS),
            pins=empty(PIN_COLUMNS),
            pinned=frozenset(),
            changes=(),
        )
    riders, pending = riders_of(tick, ways)
    exits = _exits(tick, ways, riders)
    planned = riders.filter("is_planned")
    staying = without(planned, [exits["lead_row"]])
    is_paused = _any_of(tick, ways, staying, "pauses")
    # What leaves is taken along: a pause that goes on for it held its steps off until now.
    moving, still = resumed(tick, ways, without(planned, [staying["lead_row"].filter(is_paused)]), pending)
    came = coming_due(tick, ways, timed(moving).select(*RIDER_COLUMNS), still)
    lost = came.steps.join(exits, on="lead_row", how="semi", maintain_order="left")
    rest = came.without(exits["lead_row"])
    coming = Coming(rest.riders, held(tick, decided(tick, ways, rest.steps), empty(SENT_COLUMNS)), rest.later)
    fresh = planned.filter(~pl.col("is_pinned"))
    pins = _pins(tick, fresh)
    ended = pl.concat([exits, _finishes(tick, ways, coming, _entered_now(tick, fresh))])
    begins = staying.filter(is_paused & staying["paused_at"].is_null())
    ends = without(moving, [exits["lead_row"]]).filter(pl.col("paused_at").is_not_null())
    return Progress(
        plans=ways,
        ended=ended,
        coming=coming,
        lost=_lost_to(lost, exits),
        actions=_stops(ended),
        pins=pins,
        pinned=frozenset(fresh["sequence"]),
        changes=(*pauses(tick, begins, ends), pins, _emptied(ended)),
    )


def due(tick: Tick, before: Progress, entered: Enrolments, sends: pl.DataFrame | None = None) -> Due:
    """What goes out in this run; the steps of leads that a trigger took out of their sequence are withheld.

    `sends` (SENT_COLUMNS): what triggers send automatically in this run; a step of the same day and channel waits for it,
    but one of a sequence that has finished.
    """
    sent = empty(SENT_COLUMNS) if sends is None else sends.select(*SENT_COLUMNS)
    if not (before.coming.riders.height or before.lost.height or entered.done.height):
        return Due(empty(ACTION_COLUMNS), remembered(tick, sent), new_versions(tick, before.pinned))
    taken = without(entered.left, [before.left()])
    steps = _after_sends(tick, before, _lost_to(before.coming.steps, taken), sent)
    coming = coming_due(tick, before.plans, _new_riders(entered), empty(PENDING_COLUMNS))
    new = held(tick, decided(tick, before.plans, coming.steps), pl.concat([sent, automatic(steps)]))
    going = Coming(before.coming.riders, steps, before.coming.later).without(
        pl.concat([before.left(), taken["lead_row"]])
    )
    rows = [_rows(pl.concat([steps, before.lost]), GOING), _rows(new, BEGINNING)]
    today = before.coming.riders.filter(pl.col("version").is_null())
    out = pl.concat([sent, automatic(steps), automatic(new)])
    return Due(
        actions=pl.concat(rows),
        changes=(stands(going), stands(Coming(coming.riders, new, coming.later)), *remembered(tick, out)),
        versions=new_versions(tick, {*entered.done["sequence"], *today["sequence"], *before.pinned}),
    )


# -- exits, pauses, finishes ----------------------------------------------------------------------------------------


def _any_of(tick: Tick, ways: Mapping[Pin, Sequence], riders: pl.DataFrame, part: str) -> pl.Series:
    """Whether any of the `exits` or `pauses` of its plan holds for each rider."""
    holds = pl.repeat(False, riders.height, eager=True, dtype=pl.Boolean)
    for pin, group in by_pin(riders.with_row_index("place")):
        conditions = getattr(ways[pin], part) if pin in ways else ()
        wanted = {str(number): condition for number, condition in enumerate(conditions)}
        for found in tick.facts.values(wanted, rows=group["lead_row"]).values():
            holds = holds.scatter(group["place"], holds.gather(group["place"]) | found.fill_null(value=False))
    return holds


def _exits(tick: Tick, ways: Mapping[Pin, Sequence], riders: pl.DataFrame) -> pl.DataFrame:
    """The riders that leave (ENDED_COLUMNS): by their sequence's own conditions, or by `exit all`."""
    own = _any_of(tick, ways, riders, "exits")
    wanted = {str(number): one.condition for number, one in enumerate(tick.ruleset.exits)}
    every = tick.facts.values(wanted, rows=riders["lead_row"]).values()
    rules = [pl.when(own).then(_rule("exit")), *(pl.when(holds).then(pl.lit(EXIT_ALL)) for holds in every)]
    found = riders.with_columns(rule=pl.coalesce(rules), is_finish=pl.lit(value=False))
    return found.filter(pl.col("rule").is_not_null()).select(*ENDED_COLUMNS)


def _entered_now(tick: Tick, fresh: pl.DataFrame) -> pl.Series:
    """The leads that the record put into their sequence in this run: like those that rules enroll they do not finish yet."""
    return fresh.filter(pl.col("enrolled_at") == tick.as_of)["lead_row"]


def _finishes(tick: Tick, ways: Mapping[Pin, Sequence], coming: Coming, entered: pl.Series) -> pl.DataFrame:
    """The riders that finish (ENDED_COLUMNS): their last step came due `finish after` ago, and nothing is held."""
    waits = coming.steps.filter(pl.col("reason") == HELD)["lead_row"]
    found = [empty(ENDED_COLUMNS)]
    for pin, group in by_pin(without(coming.riders, [waits, coming.later["lead_row"], entered])):
        plan = ways[pin]
        last = plan.steps[-1].number if plan.steps else 0
        at_end = group.filter(pl.col("reached") >= last)
        ends = at_end["last_due" if plan.steps else "enrolled_at"]
        if plan.finish_after is not None:
            ends = shifted(tick.calendar, ends, plan.finish_after)
        over = at_end.filter((ends <= tick.as_of).fill_null(value=False))
        found.append(over.with_columns(rule=_rule("finish"), is_finish=pl.lit(value=True)).select(*ENDED_COLUMNS))
    return pl.concat(found)


def _lost_to(steps: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """The steps of leads that were taken out of their sequence (lead_row, rule): they do not go out, nor wait."""
    if not left.height:
        return steps
    lost = left.select("lead_row", pl.concat_str([pl.lit(LOST), "rule"]).alias("lost"))
    is_open = pl.col("reason").is_null() | (pl.col("reason") == HELD)
    reason = pl.when(is_open & pl.col("lost").is_not_null()).then("lost").otherwise("reason")
    table = steps.join(lost, on="lead_row", how="left", maintain_order="left")
    return table.with_columns(reason=reason).select(*STEP_COLUMNS)


def _stops(ended: pl.DataFrame) -> pl.DataFrame:
    """A `stop` per end."""
    rows = ended.with_columns(kind=pl.lit("stop"), what=pl.lit("sequence"), value="sequence", order=pl.lit(ENDING))
    return _actions(rows)


def _emptied(ended: pl.DataFrame) -> pl.DataFrame:
    return ended.select("lead_row", *(pl.lit(None, dtype=kind).alias(name) for name, kind in RIDE.items()))


def _pins(tick: Tick, fresh: pl.DataFrame) -> pl.DataFrame:
    """The version of leads that a record put into a sequence: from now on they finish it as it is."""
    version = pl.col("sequence").replace_strict(numbers(tick), default=None, return_dtype=pl.Int32)
    return fresh.select("lead_row", version.alias("version"))


def _rule(end: str) -> pl.Expr:
    return pl.concat_str([pl.lit("sequence."), "sequence", pl.lit(f".{end}")])


# -- what goes out --------------------------------------------------------------------------------------------------


def _after_sends(tick: Tick, before: Progress, steps: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """Steps on a channel on which a trigger sends today are held; those of a sequence that finished go out."""
    touched = without(steps.join(sent, on="lead_row", how="semi", maintain_order="left"), [before.left()])
    if not touched.height:
        return steps
    again = pl.when(pl.col("reason") == HELD).then(None).otherwise("reason")
    return pl.concat([without(steps, [touched["lead_row"]]), held(tick, touched.with_columns(reason=again), sent)])


def _new_riders(entered: Enrolments) -> pl.DataFrame:
    """The leads that entered in this run, at the start of today's form of their sequence."""
    start = {"version": None, "passed": 0, "reached": 0, "last_due": None}
    values = {name: pl.lit(value, dtype=RIDER_COLUMNS[name]) for name, value in start.items()}
    return entered.done.filter(pl.col("kind") != "stop").with_columns(**values).select(*RIDER_COLUMNS)


def _rows(steps: pl.DataFrame, first: int) -> pl.DataFrame:
    """Steps as actions, by their number."""
    place = pl.col("number").clip(upper_bound=_MOST).cast(pl.UInt32)
    return _actions(steps.with_columns(order=first + place))


def _actions(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as ACTION_COLUMNS, what they do not have blank."""
    return rows.select(
        pl.col(name).cast(kind) if name in rows.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in ACTION_COLUMNS.items()
    )
