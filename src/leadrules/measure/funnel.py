"""A funnel: how many leads reached each step, how many of those above it, how long it took, what it was worth.

In: a funnel of the rules, the material. Out: its tables. A lead reached a step when the step's moment is there and not
after `as of`. A step reached without, or before, the one above it is shown beside the others, never hidden.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from leadrules.core.records import dataclass
from leadrules.measure.figures import days_between, ratio, spread, wilson_high, wilson_low
from leadrules.measure.groups import Group, by_campaign, by_fields, by_segment, by_sequence, under
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Section, Table
from leadrules.ruleset.model import Funnel
from leadrules.show.tables import percent

GROUPS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Reached:
    """When each lead reached each step (`s0`, `s1`, ..) and what it was worth there (`w0`, ..), by lead row."""

    funnel: Funnel
    frame: pl.DataFrame
    later: int  # moments after `as of`, which are not reached yet

    @property
    def steps(self) -> range:
        """The numbers of the steps."""
        return range(len(self.funnel.steps))

    @property
    def last(self) -> str:
        """The column of the last step."""
        return f"s{len(self.funnel.steps) - 1}"

    def title(self, step: int) -> str:
        """A step as people read it."""
        return self.funnel.steps[step].title or self.funnel.steps[step].name


def reached(material: Material, funnel: Funnel) -> Reached:
    """The moments of every lead."""
    wanted = {f"s{i}": step.moment for i, step in enumerate(funnel.steps)}
    wanted |= {f"w{i}": step.worth for i, step in enumerate(funnel.steps) if step.worth is not None}
    found = material.values(wanted)
    moments = pl.DataFrame([material.instants(found[name]).alias(name) for name in wanted if name[0] == "s"])
    in_time = [pl.when(pl.col(name) <= material.now).then(name).alias(name) for name in moments.columns]
    later = int(moments.select(pl.sum_horizontal((pl.all() > material.now).sum())).item() or 0)
    worth = [found[name].cast(pl.Float64).alias(name) for name in wanted if name[0] == "w"]
    return Reached(funnel, moments.with_columns(*in_time, *worth), later)


def funnel_section(material: Material, found: Reached) -> Section:
    """The steps, and the steps by each group that the settings name."""
    name, title = found.funnel.name, found.funnel.title or found.funnel.name
    steps = steps_table(found)
    groups = [table for group in _groups(material) if (table := group_table(found, group, material)) is not None]
    chart = Chart(
        f"funnel_{name}", f"{title}: leads that reached each step", steps.name, "funnel", "title", ("reached",)
    )
    return Section(f"funnel_{name}", f"Funnel: {title}", (steps, *groups), (chart,), _findings(found, steps))


def _findings(found: Reached, steps: Table) -> tuple[str, ...]:
    rows = steps.frame.to_dicts()
    words = [
        f"{rows[-1]['title']}: {rows[-1]['reached']:,} of {rows[0]['reached']:,} leads, {percent(rows[-1]['overall'])}."
    ]
    lows = [row for row in rows[1:] if row["step_conversion"] is not None]
    if lows:
        low = min(lows, key=lambda row: row["step_conversion"])
        words.append(f"The narrowest step is {low['title']}: {percent(low['step_conversion'])} of {low['above']:,}.")
    odd = sum(row["without_above"] + row["before_above"] for row in rows[1:])
    if odd:
        words.append(f"{odd:,} times a step was reached without the one above it, or before it.")
    if found.later:
        words.append(f"{found.later:,} moments lie after the report's time and are not counted.")
    return tuple(words)


# -- steps ----------------------------------------------------------------------------------------------------------

STEP_COLUMNS: tuple[Column, ...] = (
    Column("step", "step"),
    Column("title", "what it is"),
    Column("reached", "leads that reached it", "count"),
    Column("above", "reached the step above", "count"),
    Column("both", "reached both", "count"),
    Column("step_conversion", "of those above", "share", of="above"),
    Column("first", "reached the first step", "count"),
    Column("from_first", "reached it and the first", "count"),
    Column("overall", "of those at the first", "share", of="first"),
    Column("without_above", "without the step above", "count"),
    Column("before_above", "before the step above", "count"),
    Column("days_n", "timed", "count"),
    Column("days_q1", "days, lower quartile", "days", of="days_n"),
    Column("days_median", "days, median", "days", of="days_n"),
    Column("days_q3", "days, upper quartile", "days", of="days_n"),
    Column("worth", "value", "money"),
    Column("worth_n", "with a value", "count"),
)


def steps_table(found: Reached) -> Table:
    """One row per step."""
    rows = pl.concat([_step(found, i) for i in found.steps])
    columns = STEP_COLUMNS
    if not any(step.worth is not None for step in found.funnel.steps):
        columns = tuple(column for column in columns if not column.name.startswith("worth"))
    notes = (
        "Step conversion: leads that reached this step and the one above it, of those that reached the one above.",
        "Days: from the step above, of leads that reached this one after it.",
    )
    return Table(
        f"funnel_{found.funnel.name}",
        f"{found.funnel.title or found.funnel.name}: steps",
        columns,
        rows.select(column.name for column in columns),
        notes,
    )


def _step(found: Reached, i: int) -> pl.DataFrame:
    here, first = pl.col(f"s{i}"), pl.col("s0")
    above = pl.col(f"s{max(i - 1, 0)}")
    both = here.is_not_null() & above.is_not_null()
    timed = pl.when(here >= above).then(days_between(above, here)) if i else pl.lit(None, dtype=pl.Float64)
    worth = pl.when(here.is_not_null()).then(pl.col(f"w{i}")) if f"w{i}" in found.frame.columns else None
    counted = found.frame.select(
        _count(here.is_not_null()).alias("reached"),
        _count(above.is_not_null()).alias("above"),
        _count(both).alias("both"),
        _count(first.is_not_null()).alias("first"),
        _count(here.is_not_null() & first.is_not_null()).alias("from_first"),
        _count(here.is_not_null() & above.is_null()).alias("without_above"),
        _count(both & (here < above)).alias("before_above"),
        *spread("days", timed),
        (pl.lit(None, dtype=pl.Float64) if worth is None else worth.sum()).alias("worth"),
        (pl.lit(0, dtype=pl.Int64) if worth is None else worth.count().cast(pl.Int64)).alias("worth_n"),
    )
    return counted.with_columns(
        pl.lit(found.funnel.steps[i].name).alias("step"),
        pl.lit(found.title(i)).alias("title"),
        ratio("both", "above").alias("step_conversion"),
        ratio("from_first", "first").alias("overall"),
    ).select(column.name for column in STEP_COLUMNS)


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int64)


# -- by group -------------------------------------------------------------------------------------------------------


def _groups(material: Material) -> Iterator[Group]:
    own = {
        "segments": material.segments,
        "sequences": material.ruleset.sequences,
        "campaigns": material.settings.campaign,
    }
    yield from by_fields(material, material.settings.group_by, (name for name, there in own.items() if there))
    if material.segments:
        yield by_segment(material, "segments")
    if material.enrolments.height:
        yield by_sequence(material, "sequences")
    if material.in_campaigns.height:
        yield by_campaign(material, "campaigns")


def group_table(found: Reached, group: Group, material: Material) -> Table | None:
    """The steps for each value of a field or label; leads in several segments, sequences or campaigns count in each."""
    if group.members.is_empty():
        return None
    joined = group.members.join(found.frame.with_columns(material.rows), on=ROW, how="left")
    counted = joined.group_by("group").agg(*_reached_counts(found))
    first = "reached_0"
    counted = counted.with_columns(
        ratio("from_first", first).alias("overall"),
        wilson_low("from_first", first).alias("low"),
        wilson_high("from_first", first).alias("high"),
    ).sort([first, "group"], descending=[True, False])
    columns, rows = under(group.label, group.label, _figures(found), counted)
    notes = ("A lead counts in each that it is in.",) if group.many else ()
    return Table(
        f"funnel_{found.funnel.name}_by_{group.name}",
        f"{found.funnel.title or found.funnel.name} by {group.title}",
        columns,
        rows,
        (*notes, "Low and high are the 95% interval (Wilson) of the overall conversion."),
        GROUPS_SHOWN,
    )


def _reached_counts(found: Reached) -> list[pl.Expr]:
    last = pl.col(found.last).is_not_null()
    counts = [_count(pl.col(f"s{i}").is_not_null()).alias(f"reached_{i}") for i in found.steps]
    counts.append(_count(last & pl.col("s0").is_not_null()).alias("from_first"))
    worths = [i for i in found.steps if f"w{i}" in found.frame.columns]
    return counts + [pl.when(pl.col(f"s{i}").is_not_null()).then(f"w{i}").sum().alias(f"worth_{i}") for i in worths]


def _figures(found: Reached) -> tuple[Column, ...]:
    steps = [Column(f"reached_{i}", found.title(i), "count") for i in found.steps]
    worths = [
        Column(f"worth_{i}", f"value, {found.title(i)}", "money") for i in found.steps if f"w{i}" in found.frame.columns
    ]
    shares = [
        Column("from_first", "reached first and last", "count"),
        Column("overall", "overall conversion", "share", of="reached_0"),
        Column("low", "low", "share", of="reached_0"),
        Column("high", "high", "share", of="reached_0"),
    ]
    return (*steps, *shares, *worths)
