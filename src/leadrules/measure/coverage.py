"""Coverage of sequences: which steps came due for which enrolment, and which of them were done.

In: the material. Out: rows per step. The state remembers what became of every step that came due (pauses, windows, conditions
and kept versions are in it); an enrolment from before it did so is planned from its start. Done is a step for which an activity
is known: the k-th activity on a channel is taken for the k-th step that went out on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leadrules.lifecycle.cadence.due import due_times
from leadrules.lifecycle.cadence.steps import SKIPPED, SUPPRESSED
from leadrules.lifecycle.state.next_state import DONE
from leadrules.measure.figures import ratio
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Column, Table
from leadrules.measure.nouns import noun
from leadrules.measure.touches import first_hits
from leadrules.ruleset.model import Sequence as Steps

KEY = ("sequence", "step", "channel")
STEPS = {
    "enrolment": pl.UInt32(),
    "sequence": pl.String(),
    "step": pl.Int64(),
    "channel": pl.String(),
    "became": pl.String(),
}


def touches_of(material: Material) -> pl.DataFrame:
    """The activities within each enrolment, numbered: by touch, and by their place among those of their channel."""
    work = material.activities.rename({"at": "done_at"})
    found = material.enrolments.join(work, on=ROW)
    end = pl.col("ended").fill_null(material.now)
    found = found.filter(pl.col("done_at") >= pl.col("begun"), pl.col("done_at") <= end).sort(
        "enrolment", "done_at", maintain_order=True
    )
    return found.with_columns(
        pl.int_range(1, pl.len() + 1).over("enrolment").cast(pl.Int64).alias("touch"),
        pl.int_range(1, pl.len() + 1).over("enrolment", "channel").cast(pl.Int64).alias("place"),
    )


def step_rows(material: Material, outcomes: Sequence[str]) -> pl.DataFrame:
    """Per step: how often due, skipped and suppressed, how often done, and the outcomes that came first after it."""
    steps = steps_of(material)
    due = steps.filter(pl.col("became") == DONE).sort("enrolment", "step")
    place = pl.int_range(1, pl.len() + 1).over("enrolment", "channel").cast(pl.Int64).alias("place")
    touches = touches_of(material)
    made = due.with_columns(place).join(
        touches.select("enrolment", "channel", "place", "touch"), on=["enrolment", "channel", "place"]
    )
    rows = steps.group_by(KEY).agg(
        (pl.col("became") == DONE).sum().cast(pl.Int64).alias("due"),
        (pl.col("became") == SKIPPED).sum().cast(pl.Int64).alias("skipped"),
        (pl.col("became") == SUPPRESSED).sum().cast(pl.Int64).alias("suppressed"),
        (~pl.col("became").is_in([DONE, SKIPPED, SUPPRESSED])).sum().cast(pl.Int64).alias("withheld"),
    )
    after = {one: _after_touch(material, touches, one) for one in outcomes}
    counted = {one: made.join(last, on=["enrolment", "touch"], how="semi") for one, last in after.items()}
    for name, found in {"done": made, **counted}.items():
        sums = found.group_by(KEY).agg(pl.len().cast(pl.Int64).alias(name))
        rows = rows.join(sums, on=KEY, how="left").with_columns(known_of(material, name))
    return rows.sort(KEY)


def known_of(material: Material, name: str) -> pl.Expr:
    """A number of our own activities, or of what came after them: none where they are known, nothing where they are not."""
    own = pl.col(name)
    return own.fill_null(0) if material.settings.activities else pl.lit(None, pl.Int64).alias(name)


def _after_touch(material: Material, touches: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """The touch that came last before the first outcome of each enrolment: enrolment, touch."""
    hits = first_hits(material, outcome).select("enrolment", "hit")
    both = touches.join(hits, on="enrolment").filter(pl.col("done_at") <= pl.col("hit"))
    return both.group_by("enrolment").agg(pl.col("touch").max())


# -- what came due --------------------------------------------------------------------------------------------------


def steps_of(material: Material) -> pl.DataFrame:
    """enrolment, sequence, step, channel, became: each step that came due in an enrolment, and what became of it."""
    known = _remembered(material)
    parts = [known, *(_planned(material, sequence, known) for sequence in material.ruleset.sequences)]
    return pl.concat([pl.DataFrame(schema=STEPS), *(part.select(list(STEPS)).cast(STEPS) for part in parts)])  # type: ignore[arg-type]


def remembers_steps(material: Material) -> bool:
    """Whether the history tells of any step."""
    return material.history is not None and bool((material.history["kind"] == "step").any())


def _remembered(material: Material) -> pl.DataFrame:
    """The steps of the history, each with the last enrolment of its lead in its sequence that had begun by then."""
    if not remembers_steps(material):
        return pl.DataFrame(schema=STEPS)
    assert material.history is not None
    steps = material.history.filter(pl.col("kind") == "step").rename({"what": "sequence", "new": "became"})
    said = pl.col("old").str.split_exact(" ", 1).struct
    steps = steps.with_columns(
        said.field("field_0").cast(pl.Int64).alias("step"), said.field("field_1").alias("channel")
    )
    enrolments = material.enrolments.select(ROW, "sequence", "begun", "enrolment").sort("begun")
    found = steps.sort("as_of").join_asof(
        enrolments, left_on="as_of", right_on="begun", by=[ROW, "sequence"], strategy="backward", check_sortedness=False
    )
    return found.filter(pl.col("enrolment").is_not_null())


def _planned(material: Material, sequence: Steps, known: pl.DataFrame) -> pl.DataFrame:
    """The steps of enrolments of which the history tells none, by their due times from the start."""
    inside = material.enrolments.filter(pl.col("sequence") == sequence.name)
    inside = inside.join(known.select("enrolment").unique(), on="enrolment", how="anti", maintain_order="left")
    end = inside.select(pl.col("ended").fill_null(material.now)).to_series()
    if remembers_steps(material):
        # The state tells of steps since some run: an enrolment that began after it and has none, had none due.
        assert material.history is not None
        since = material.history.filter(pl.col("kind") == "step")["as_of"].min()
        old = inside.select(pl.col("begun") < pl.lit(since)).to_series()
        inside, end = inside.filter(old), end.filter(old)
    parts = [pl.DataFrame(schema=STEPS)]
    for step, due in zip(sequence.steps, due_times(sequence, material.calendar, inside["begun"]), strict=True):
        came = inside.filter(due <= end)
        named = {"step": step.number, "channel": step.channel, "became": DONE}
        parts.append(came.select("enrolment", "sequence", *(pl.lit(v).alias(k) for k, v in named.items())).cast(STEPS))  # type: ignore[arg-type]
    return pl.concat(parts)


# -- the table ------------------------------------------------------------------------------------------------------


def step_table(material: Material, rows: pl.DataFrame, outcomes: Sequence[str]) -> Table:
    """One row per step."""
    contents = [
        (sequence.name, step.number, step.content or "")
        for sequence in material.ruleset.sequences
        for step in sequence.steps
    ]
    rates = [ratio(one, "done").alias(f"{one}_rate") for one in outcomes]
    said = pl.DataFrame(contents, schema={"sequence": pl.String, "step": pl.Int64, "content": pl.String}, orient="row")
    rows = rows.join(said, on=["sequence", "step"], how="left", maintain_order="left").with_columns(
        pl.col("content").fill_null(""),
        ratio("done", "due").alias("coverage"),
        *rates,
    )
    columns = [
        Column("sequence", "sequence"),
        Column("step", "step", "count"),
        Column("channel", "channel"),
        Column("content", "content"),
        Column("due", "due", "count"),
        Column("done", "done", "count"),
        Column("coverage", "coverage", "share", of="due"),
        Column("skipped", "skipped: its condition was false", "count"),
        Column("suppressed", "suppressed", "count"),
        Column("withheld", "withheld for another reason", "count"),
    ]
    for one in outcomes:
        columns.append(Column(one, f"first {noun(one)} after it", "count"))
        columns.append(Column(f"{one}_rate", f"{noun(one, one=True)} rate", "share", of="done"))
    source = (
        "Due: the steps that runs sent out, as the state remembers them."
        if remembers_steps(material)
        else "Due: planned from the enrolment, as the state remembers no steps; a step with a condition is due whether or not it held."
    )
    notes = (f"{source} An outcome belongs to the last touch before it.",)
    return Table("sequence_steps", "Steps", tuple(columns), rows.select(c.name for c in columns), notes, 80)
