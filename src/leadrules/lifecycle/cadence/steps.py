"""The steps that have come due, and what becomes of each: it goes out, is skipped, is suppressed, or held for a day.

In: leads in sequences with where each stands. Out: a row per step that is due, with what it says and the reason why it
does not go out, and where the leads stand then. Knows nothing of who enters or leaves a sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.lifecycle.cadence.due import due_times
from leadrules.lifecycle.cadence.suppression import over_the_day, suppress
from leadrules.lifecycle.cadence.versions import Pin
from leadrules.lifecycle.model import INSTANT, Tick
from leadrules.ruleset.model import Classify, Expr, Sequence, Step

SKIPPED, SUPPRESSED, HELD = "skipped", "suppressed", "held for tomorrow"

# A lead in a sequence: the last step that passed, the last whose time is settled (it came due, or a pause moved it) and
# that time. A version that is blank is today's.
RIDER_COLUMNS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "sequence": pl.String(),
    "version": pl.Int32(),
    "enrolled_at": INSTANT,
    "passed": pl.Int32(),
    "reached": pl.Int32(),
    "last_due": INSTANT,
    "template": pl.String(),
}
PIN = ("sequence", "version")
# A step whose time is settled and that has not passed.
PENDING_COLUMNS: Mapping[str, pl.DataType] = {"lead_row": pl.UInt32(), "number": pl.Int32(), "due": INSTANT}
STEP_COLUMNS: Mapping[str, pl.DataType] = {
    **PENDING_COLUMNS,
    "sequence": pl.String(),
    "version": pl.Int32(),
    "kind": pl.String(),
    "what": pl.String(),
    "template": pl.String(),
    "auto": pl.Boolean(),
    "rule": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Coming:
    """`steps` are due (STEP_COLUMNS), `later` have a settled time that is still to come (PENDING_COLUMNS).

    `riders` (RIDER_COLUMNS) stand where they do once these have come due.
    """

    riders: pl.DataFrame
    steps: pl.DataFrame
    later: pl.DataFrame

    def without(self, leads: pl.Series) -> Coming:
        """The same but for these leads."""
        if leads.is_empty():
            return self
        gone = leads.alias("lead_row").to_frame()
        rest = (
            frame.join(gone, on="lead_row", how="anti", maintain_order="left")
            for frame in (self.riders, self.steps, self.later)
        )
        return Coming(*rest)


def empty(columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """No rows of these columns."""
    return pl.DataFrame(schema=dict(columns))


def together(columns: Mapping[str, pl.DataType], parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The rows of all parts, these columns of each."""
    return pl.concat([empty(columns), *(part.select(list(columns)) for part in parts)])


def by_pin(riders: pl.DataFrame) -> Iterator[tuple[Pin, pl.DataFrame]]:
    """The riders of each sequence and version."""
    for key, group in riders.partition_by(PIN, as_dict=True, maintain_order=True).items():
        yield (str(key[0]), key[1]), group


# -- what has come due ----------------------------------------------------------------------------------------------


def coming_due(tick: Tick, plans: Mapping[Pin, Sequence], riders: pl.DataFrame, pending: pl.DataFrame) -> Coming:
    """What has come due by `as_of` for the riders, with what their steps that are pending (PENDING_COLUMNS) come to."""
    if not (riders.height or pending.height):
        return Coming(empty(RIDER_COLUMNS), empty(STEP_COLUMNS), empty(PENDING_COLUMNS))
    found = [_reached(plans[pin], tick, group) for pin, group in by_pin(riders)]
    stands = together(RIDER_COLUMNS, (group for group, _ in found))
    rows = together(PENDING_COLUMNS, [pending, *(part for _, rows in found for part in rows)])
    is_due = pl.col("due") <= tick.as_of
    return Coming(stands, _with_content(tick, plans, stands, rows.filter(is_due)), rows.filter(~is_due))


def _reached(plan: Sequence, tick: Tick, riders: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Riders of one plan as they stand then, and the steps that they came to."""
    times = due_times(plan, tick.calendar, riders["enrolled_at"])
    names = [f"due {step.number}" for step in plan.steps]
    table = riders.with_columns(column.alias(name) for column, name in zip(times, names, strict=True))
    now = pl.lit(tick.as_of, dtype=INSTANT)
    came = [_came(now, step, name) for step, name in zip(plan.steps, names, strict=True)]
    if not came:
        return riders, []
    number = [pl.when(one).then(pl.lit(s.number, dtype=pl.Int32)) for one, s in zip(came, plan.steps, strict=True)]
    last = [pl.when(one).then(pl.col(name)) for one, name in zip(came, names, strict=True)]
    table = table.with_columns(to=pl.max_horizontal("reached", *number), at=pl.coalesce(*last[::-1], "last_due"))
    first, latest = cast("int", table["reached"].min()), cast("int", table["to"].max())
    # A step that a later one overtook is settled too; it goes out at its own time.
    rows = [
        table.filter((pl.col("reached") < step.number) & (pl.col("to") >= step.number)).select(
            "lead_row", pl.lit(step.number, dtype=pl.Int32).alias("number"), pl.col(name).alias("due")
        )
        for step, name in zip(plan.steps, names, strict=True)
        if first < step.number <= latest
    ]
    return table.with_columns(reached="to", last_due="at"), [part for part in rows if part.height]


def _came(now: pl.Expr, step: Step, name: str) -> pl.Expr:
    return (pl.col("reached") < step.number) & (pl.col(name) <= now)


_CONTENT: Mapping[str, pl.DataType] = {
    "sequence": pl.String(),
    "version": pl.Int32(),
    "number": pl.Int32(),
    "kind": pl.String(),
    "what": pl.String(),
    "auto": pl.Boolean(),
    "rule": pl.String(),
    "named": pl.String(),
    "by": pl.String(),
}


def _with_content(tick: Tick, plans: Mapping[Pin, Sequence], riders: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What each step says; a template by a classify is its label today, blank where the rules lost it; one that names none
    takes the enrolment's."""
    content = [_content(pin, step) for pin, plan in plans.items() for step in plan.steps]
    table = pl.DataFrame(content, schema=dict(_CONTENT), orient="row")
    rows = rows.join(riders.select("lead_row", *PIN, "template"), on="lead_row", maintain_order="left")
    rows = rows.join(table, on=[*PIN, "number"], nulls_equal=True, maintain_order="left")
    named = [pl.col("named"), pl.when(pl.col("by").is_null()).then("template")]
    known = {one.name for one in tick.ruleset.definitions if isinstance(one, Classify)}
    for classify in sorted(known.intersection(rows["by"])):
        label = tick.facts.frame[classify].cast(pl.String).gather(rows["lead_row"])
        named.append(pl.when(pl.col("by") == classify).then(pl.lit(label)))
    return rows.with_columns(template=pl.coalesce(named), reason=pl.lit(None, dtype=pl.String)).select(*STEP_COLUMNS)


def _content(pin: Pin, step: Step) -> tuple[object, ...]:
    named, by = (None, None) if step.template is None else (step.template.name, step.template.by)
    rule = f"sequence.{pin[0]}.{step.number}"
    return (*pin, step.number, step.channel, step.content, step.auto, rule, named, by)


# -- what becomes of it ---------------------------------------------------------------------------------------------


def decided(tick: Tick, plans: Mapping[Pin, Sequence], steps: pl.DataFrame) -> pl.DataFrame:
    """The steps with the reason why each does not go out: its `when` is false, or its channel is suppressed."""
    if not steps.height:
        return steps
    skip = _skipped(tick, plans, steps)
    stopped = suppress(tick, steps)
    reason = pl.when(skip).then(pl.lit(SKIPPED)).when(stopped).then(pl.lit(SUPPRESSED)).otherwise("reason")
    return steps.with_columns(reason=reason)


def held(tick: Tick, steps: pl.DataFrame, sent: pl.DataFrame) -> pl.DataFrame:
    """The steps in order, the automatic ones beyond the first of a channel, lead and day held.

    `sent` (`lead_row`, `kind`) went out automatically before them in this run.
    """
    if not steps.height:
        return steps
    steps = steps.sort("lead_row", "number")
    places = rows_where(steps["reason"].is_null() & steps["auto"])
    mine = steps.select("lead_row", "kind")[places]
    over = over_the_day(tick, pl.concat([sent.select("lead_row", "kind"), mine])).slice(sent.height)
    holds = pl.repeat(False, steps.height, eager=True, dtype=pl.Boolean).scatter(places, over)
    return steps.with_columns(reason=pl.when(holds).then(pl.lit(HELD)).otherwise("reason"))


def automatic(steps: pl.DataFrame) -> pl.DataFrame:
    """`lead_row` and `kind` of the steps that go out automatically."""
    return steps.filter(pl.col("reason").is_null() & pl.col("auto")).select("lead_row", "kind")


def _skipped(tick: Tick, plans: Mapping[Pin, Sequence], steps: pl.DataFrame) -> pl.Series:
    """Whether the `when` of each step is false."""
    skip = pl.repeat(False, steps.height, eager=True, dtype=pl.Boolean)
    groups = steps.select("lead_row", *PIN, "number").with_row_index("place").partition_by(*PIN, "number", as_dict=True)
    for (sequence, version, number), group in groups.items():
        condition = _condition(plans[str(sequence), version], number)
        if condition is not None:
            holds = tick.facts.values({"when": condition}, rows=group["lead_row"])["when"]
            skip = skip.scatter(group["place"], ~holds.fill_null(value=False))
    return skip


def _condition(plan: Sequence, number: int) -> Expr | None:
    return next(step.condition for step in plan.steps if step.number == number)
