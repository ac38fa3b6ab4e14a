"""The leads that are in a sequence as the state has them: where each stands, and what a pause does to its steps.

In: a tick and the plans of its sequences. Out: riders, their steps with settled times, and what the state remembers of
them. Decides nothing about what goes out.

Without pauses the times of all steps follow from the enrolment. When a pause ends, the times of the steps still to come
are settled: each moves by the length of the pause, on to the next opening or working day, and the state keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

import polars as pl

from leadrules.lifecycle.cadence.due import due_times, settled
from leadrules.lifecycle.cadence.steps import HELD, PENDING_COLUMNS, PIN, RIDER_COLUMNS, Coming, by_pin, empty, together
from leadrules.lifecycle.cadence.versions import Pin, new_versions, number_of
from leadrules.lifecycle.model import INSTANT, RIDE, Tick
from leadrules.ruleset.model import Sequence

NO_TIME = timedelta()
# A rider that was in its sequence before the run. `is_planned`: there are steps and settings for it.
STANDING_COLUMNS: Mapping[str, pl.DataType] = {
    **RIDER_COLUMNS,
    "paused_at": INSTANT,
    "paused": pl.Duration("us"),
    "is_pinned": pl.Boolean(),
    "is_planned": pl.Boolean(),
}


def riders_of(tick: Tick, plans: Mapping[Pin, Sequence]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The leads in a sequence (STANDING_COLUMNS), and their steps with settled times (PENDING_COLUMNS)."""
    rows = tick.leads.filled("sequence")
    found = tick.leads.at(rows, RIDE).insert_column(0, rows.alias("lead_row"))
    pending = _pending_of(found)
    last = pending.group_by("lead_row").agg(pl.col("number").max().alias("last_pending"))
    found = found.join(last, on="lead_row", how="left", maintain_order="left")
    found = found.join(_kept(plans), on=PIN, how="left", maintain_order="left")
    today = [name for name, version in plans if version is None]
    passed = pl.col("step").fill_null(0)
    standing = found.select(
        "lead_row",
        "sequence",
        pl.col("kept").alias("version"),
        "enrolled_at",
        passed.alias("passed"),
        pl.max_horizontal(passed, "last_pending").alias("reached"),
        pl.col("seq_last_due").alias("last_due"),
        pl.col("seq_template").alias("template"),
        pl.col("seq_paused_at").alias("paused_at"),
        pl.col("seq_shift").fill_null(NO_TIME).alias("paused"),
        pl.col("version").is_not_null().alias("is_pinned"),
        (pl.col("kept").is_not_null() | pl.col("sequence").is_in(today)).alias("is_planned"),
    )
    return standing, pending


def _kept(plans: Mapping[Pin, Sequence]) -> pl.DataFrame:
    """The versions that are not today's."""
    rows = [(name, version, version) for name, version in plans if version is not None]
    schema = {"sequence": pl.String(), "version": pl.Int32(), "kept": pl.Int32()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def timed(riders: pl.DataFrame) -> pl.DataFrame:
    """The riders of whom it is known when they were enrolled; a record may say no more than where a lead is."""
    return riders.filter(pl.col("enrolled_at").is_not_null())


def resumed(
    tick: Tick, plans: Mapping[Pin, Sequence], riders: pl.DataFrame, pending: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The riders, and their pending steps, as they stand if a pause that they are in ends now."""
    own = pending.join(riders, on="lead_row", how="semi")
    halted = timed(riders).filter(pl.col("paused_at").is_not_null())
    if not halted.height:
        return riders, own
    groups = [_moved(plans[pin], tick, group, own) for pin, group in by_pin(halted)]
    rest = riders.join(halted, on="lead_row", how="anti", maintain_order="left")
    others = own.join(halted, on="lead_row", how="anti")
    return (
        together(STANDING_COLUMNS, [rest, *(group for group, _ in groups)]),
        together(PENDING_COLUMNS, [others, *(steps for _, steps in groups)]),
    )


def _moved(
    plan: Sequence, tick: Tick, riders: pl.DataFrame, pending: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Riders of one plan whose pause ends, and their steps still to come."""
    riders = riders.with_columns(length=pl.lit(tick.as_of, dtype=INSTANT) - pl.col("paused_at"))
    open_ = together(PENDING_COLUMNS, [pending.join(riders, on="lead_row", how="semi"), *_ahead(plan, tick, riders)])
    steps = _later(plan, tick, open_, riders)
    last = _last_number(plan)
    end = steps.filter(pl.col("number") == last).select("lead_row", pl.col("due").alias("end"))
    riders = riders.join(end, on="lead_row", how="left", maintain_order="left").with_columns(
        reached=pl.lit(last, dtype=pl.Int32),
        last_due=pl.coalesce("end", "last_due"),
        paused=pl.col("paused") + pl.col("length"),
    )
    return riders.select(*STANDING_COLUMNS), steps


def _later(plan: Sequence, tick: Tick, steps: pl.DataFrame, lengths: pl.DataFrame) -> pl.DataFrame:
    """Steps moved by the `length` of their lead."""
    steps = steps.join(lengths.select("lead_row", "length"), on="lead_row", maintain_order="left")
    times = settled(plan, tick.calendar, steps.select(pl.col("due") + pl.col("length")).to_series())
    return steps.with_columns(times.alias("due")).select(*PENDING_COLUMNS)


def _last_number(plan: Sequence) -> int:
    return plan.steps[-1].number if plan.steps else 0


def _ahead(plan: Sequence, tick: Tick, riders: pl.DataFrame) -> list[pl.DataFrame]:
    """The steps whose times were not settled yet."""
    times = due_times(plan, tick.calendar, riders["enrolled_at"])
    return [
        riders.with_columns(due.alias("due"), pl.lit(step.number, dtype=pl.Int32).alias("number"))
        .filter(pl.col("reached") < step.number)
        .select(*PENDING_COLUMNS)
        for step, due in zip(plan.steps, times, strict=True)
    ]


# -- what the state remembers ---------------------------------------------------------------------------------------


def pauses(tick: Tick, begins: pl.DataFrame, ends: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """The changes of riders whose pause begins, and of those whose pause ends (their `paused` has it already)."""
    now = pl.lit(tick.as_of, dtype=INSTANT).alias("seq_paused_at")
    over = pl.lit(None, dtype=INSTANT).alias("seq_paused_at")
    return begins.select("lead_row", now), ends.select("lead_row", over, pl.col("paused").alias("seq_shift"))


def stands(coming: Coming) -> pl.DataFrame:
    """The changes of riders of whom a step came due, or has a settled time to wait for."""
    waits = together(PENDING_COLUMNS, [coming.steps.filter(pl.col("reason") == HELD), coming.later])
    passes = coming.steps.filter(pl.col("reason").ne_missing(HELD))
    last = passes.group_by("lead_row").agg(pl.col("number").max().alias("last_passed"))
    touched = pl.concat([coming.steps["lead_row"], coming.later["lead_row"]]).unique().to_frame()
    found = touched.join(coming.riders, on="lead_row").join(last, on="lead_row", how="left")
    step = pl.max_horizontal("passed", "last_passed")
    return found.join(_pending_text(waits), on="lead_row", how="left").select(
        "lead_row",
        pl.when(step > 0).then(step).alias("step"),
        pl.col("last_due").alias("seq_last_due"),
        "seq_pending",
    )


def migrated(tick: Tick, sequence: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`state migrate`: what changes of the leads in a sequence that is not as it is today, and its new version.

    Each goes on with the step after the last that passed, at today's times; the pauses it had still count. What is held
    of the steps before that one still goes out, where there is such a step. Who is in it by the record alone takes today's
    form with the next run, as ever.
    """
    plan = next(one for one in tick.ruleset.sequences if one.name == sequence)
    number, _ = number_of(tick, plan)
    rows = tick.leads.filled("sequence")
    riding = tick.leads.at(rows, RIDE).with_columns(rows.alias("lead_row"))
    inside = riding.filter(pl.col("sequence") == sequence, pl.col("version") != number)
    riders = inside.select(
        "lead_row", "enrolled_at", pl.col("step").fill_null(0).alias("reached"), pl.col("seq_shift").alias("length")
    )
    held = _pending_of(inside).join(riders, on="lead_row").filter(pl.col("number") < pl.col("reached"))
    halted = timed(riders).filter(pl.col("length") > NO_TIME)
    moved = _later(plan, tick, together(PENDING_COLUMNS, _ahead(plan, tick, halted)), halted)
    ends = pl.concat([held.select(*PENDING_COLUMNS), _ends(plan, tick, timed(riders))])
    last = ends.filter(pl.col("number") == _last_number(plan)).unique("lead_row", keep="first", maintain_order=True)
    end = last.select("lead_row", pl.col("due").alias("end"))
    text = _pending_text(together(PENDING_COLUMNS, [held, moved]))
    found = (
        inside.select("lead_row", "seq_last_due")
        .join(text, on="lead_row", how="left")
        .join(end, on="lead_row", how="left")
    )
    version = pl.lit(number, dtype=pl.Int32).alias("version")
    changes = found.select("lead_row", version, "seq_pending", pl.coalesce("end", "seq_last_due").alias("seq_last_due"))
    return changes, new_versions(tick, [sequence])


def _ends(plan: Sequence, tick: Tick, riders: pl.DataFrame) -> pl.DataFrame:
    """When the last step is due (PENDING_COLUMNS) with the pauses that were (`length`), be it that it has passed."""
    start = riders.with_columns(reached=pl.lit(0, dtype=pl.Int32))
    last = together(PENDING_COLUMNS, _ahead(plan, tick, start)[-1:])
    halted = riders.filter(pl.col("length") > NO_TIME)
    return pl.concat([without(last, [halted["lead_row"]]), _later(plan, tick, last, halted)])


def _pending_of(leads: pl.DataFrame) -> pl.DataFrame:
    """The steps with settled times, from `lead_row` and `seq_pending`, a row each."""
    some = leads.filter(pl.col("seq_pending").is_not_null())
    if not some.height:
        return empty(PENDING_COLUMNS)
    parts = some.select("lead_row", pl.col("seq_pending").str.split(";").alias("one")).explode("one")
    split = parts.with_columns(pl.col("one").str.split_exact(" ", 1).struct.rename_fields(["number", "due"]))
    at = pl.col("due").cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return split.unnest("one").with_columns(pl.col("number").cast(pl.Int32), at).select(*PENDING_COLUMNS)


def _pending_text(pending: pl.DataFrame) -> pl.DataFrame:
    """`lead_row` and `seq_pending` of the leads that have such steps."""
    moment = pl.col("due").dt.epoch("us").cast(pl.String)
    one = pl.concat_str([pl.col("number").cast(pl.String), moment], separator=" ")
    groups = pending.sort("lead_row", "number").group_by("lead_row", maintain_order=True)
    return groups.agg(one.str.join(";").alias("seq_pending"))


def without(frame: pl.DataFrame, leads: Iterable[pl.Series]) -> pl.DataFrame:
    """The rows of other leads than these."""
    gone = pl.concat([empty({"lead_row": pl.UInt32()})["lead_row"], *leads]).alias("lead_row").to_frame()
    if gone.is_empty():
        return frame
    return frame.join(gone, on="lead_row", how="anti", maintain_order="left")
