"""How long leads stay in each stage, where they go from there, and which stage holds them longest.

In: the material; stages from the state's history, else the steps of a funnel. Out: tables. Dwell times are Kaplan-Meier's:
a lead that is still in a stage counts as long as it has been there, so slow stages do not look fast because only the quick
leads have left them.
"""

from __future__ import annotations

import polars as pl

from leadrules.measure.figures import days_between, ratio
from leadrules.measure.funnel import Reached
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table
from leadrules.measure.names import apart, as_file
from leadrules.ruleset.model import Stages

CURVE_DAYS = 365
ENOUGH = 10
NO_STAGES = Missing(
    "Time in stages",
    "there are neither stages in a state nor a funnel",
    "write stages or a funnel; `leadrules run` keeps the state",
)
NO_HISTORY = Missing(
    "Time in stages from their history",
    "there is no state that knows when leads entered them",
    "keep a state: `leadrules run`",
)


def stage_section(material: Material, funnels: list[Reached]) -> Section:
    """The stages that the state remembers, then the steps of each funnel."""
    tables: list[Table] = []
    charts: list[Chart] = []
    words: list[str] = []
    definitions = [d for d in material.ruleset.declared if isinstance(d, Stages)]
    for stages in definitions if material.history is not None else ():
        order = [label.name for label in reversed(stages.labels)]
        _add(stages.name, stages.title or stages.name, stage_spells(material, stages), order, (tables, charts, words))
    names = (f"funnel_{found.funnel.name}" for found in funnels)
    own = apart(names, (stages.name for stages in definitions), as_file)
    for name, found in zip(own, funnels, strict=True):
        order = [step.name for step in found.funnel.steps]
        title = f"Funnel {found.funnel.title or found.funnel.name}"
        _add(name, title, funnel_spells(material, found), order, (tables, charts, words))
    missing = (NO_HISTORY,) if definitions and material.history is None else () if tables else (NO_STAGES,)
    return Section("stages", "Time in stages", tuple(tables), tuple(charts), tuple(words), missing)


def _add(
    name: str, title: str, spells: pl.DataFrame, order: list[str], into: tuple[list[Table], list[Chart], list[str]]
) -> None:
    if spells.is_empty():
        return
    tables, charts, words = into
    curve = survival(spells)
    dwell = dwell_table(name, title, spells, curve, order)
    by_day = curve_table(name, title, spells, curve, order)
    tables += [dwell, transition_table(name, title, spells, order), by_day]
    charts.append(
        Chart(
            f"dwell_{name}",
            f"{title}: share still there by days since entering",
            by_day.name,
            "lines",
            "day",
            ("share",),
            series="stage",
        )
    )
    found = bottleneck(dwell.frame, order)
    if found is not None:
        words.append(f"{title}: {found}")


# -- spells ---------------------------------------------------------------------------------------------------------


def stage_spells(material: Material, stages: Stages) -> pl.DataFrame:
    """stage, next, days, left: each stay of each lead, by the state's history."""
    changes = material.changes("label", stages.name)
    later = changes.with_columns(
        pl.col("as_of").shift(-1).over(ROW).alias("end"),
        pl.col("new").shift(-1).over(ROW).replace("", None).alias("next"),
    ).filter(pl.col("new").is_not_null(), pl.col("new") != "")
    return _spells(material, later.select(pl.col("new").alias("stage"), "next", pl.col("as_of").alias("start"), "end"))


def funnel_spells(material: Material, found: Reached) -> pl.DataFrame:
    """The same from a funnel: a lead is at a step until it reaches the next of those below it."""
    parts = []
    for i, step in enumerate(found.funnel.steps):
        here = pl.col(f"s{i}")
        below = [pl.when(pl.col(f"s{j}") >= here).then(f"s{j}") for j in found.steps if j > i]
        end = pl.min_horizontal(below) if below else pl.lit(None, dtype=found.frame.schema["s0"])
        named = [
            pl.when(pl.col(f"s{j}") == pl.col("end")).then(pl.lit(found.funnel.steps[j].name))
            for j in found.steps
            if j > i
        ]
        frame = found.frame.filter(here.is_not_null()).with_columns(end.alias("end"), here.alias("start"))
        following = pl.coalesce(named) if named else pl.lit(None, dtype=pl.String)
        parts.append(frame.select(pl.lit(step.name).alias("stage"), following.alias("next"), "start", "end"))
    return _spells(material, pl.concat(parts))


def _spells(material: Material, frame: pl.DataFrame) -> pl.DataFrame:
    end = pl.col("end").fill_null(material.now)
    return frame.select(
        "stage", "next", days_between(pl.col("start"), end).alias("days"), pl.col("end").is_not_null().alias("left")
    )


# -- Kaplan-Meier ---------------------------------------------------------------------------------------------------


def survival(spells: pl.DataFrame) -> pl.DataFrame:
    """stage, days, at_risk, left, share: at each length of stay at which somebody left, the share that stays longer."""
    counted = (
        spells.group_by("stage", "days")
        .agg(pl.len().alias("n"), pl.col("left").sum().cast(pl.Int64))
        .sort("stage", "days")
    )
    gone = pl.col("n").cum_sum().over("stage") - pl.col("n")
    at_risk = (pl.col("n").sum().over("stage") - gone).cast(pl.Int64).alias("at_risk")
    counted = counted.with_columns(at_risk)
    share = (1 - pl.col("left") / pl.col("at_risk")).cum_prod().over("stage").alias("share")
    return counted.with_columns(share).filter(pl.col("left") > 0).select("stage", "days", "at_risk", "left", "share")


def _quantile(curve: pl.DataFrame, share: float, name: str) -> pl.DataFrame:
    """The shortest stay after which at most this share is still there; null where it was never reached."""
    # A product of many fractions that is exactly a half may come out a hair above it.
    return curve.filter(pl.col("share") <= share + 1e-12).group_by("stage").agg(pl.col("days").min().alias(name))


def dwell_table(name: str, title: str, spells: pl.DataFrame, curve: pl.DataFrame, order: list[str]) -> Table:
    """One row per stage."""
    rows = pl.DataFrame({"stage": order}, schema={"stage": pl.String})
    rows = rows.join(
        spells.group_by("stage").agg(
            pl.len().cast(pl.Int64).alias("entered"),
            pl.col("left").sum().cast(pl.Int64),
            (~pl.col("left")).sum().cast(pl.Int64).alias("still_in"),
            pl.col("days").filter(~pl.col("left")).median().alias("open_median"),
        ),
        on="stage",
        how="left",
    )
    for share, column in ((0.75, "q1"), (0.5, "median"), (0.25, "q3")):
        rows = rows.join(_quantile(curve, share, column), on="stage", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("entered", "left", "still_in").fill_null(0)).with_columns(
        ratio("left", "entered").alias("left_share")
    )
    columns = (
        Column("stage", "stage"),
        Column("entered", "entered", "count"),
        Column("left", "left", "count"),
        Column("left_share", "left, share", "share", of="entered"),
        Column("still_in", "in it now", "count"),
        Column("q1", "days until a quarter left", "days", of="entered"),
        Column("median", "days until half left", "days", of="entered"),
        Column("q3", "days until three quarters left", "days", of="entered"),
        Column("open_median", "days so far, median of those in it", "days", of="still_in"),
    )
    notes = (
        "Kaplan-Meier: leads that are still in a stage count for as long as they have been there. n/a: fewer than that share have left so far.",
    )
    return Table(f"stages_{name}", f"{title}: time in each stage", columns, rows.select(c.name for c in columns), notes)


def transition_table(name: str, title: str, spells: pl.DataFrame, order: list[str]) -> Table:
    """From each stage to each other."""
    sizes = spells.group_by("stage").agg(pl.len().cast(pl.Int64).alias("entered"))
    moved = spells.filter("left").with_columns(pl.col("next").fill_null("(none)"))
    rows = moved.group_by("stage", "next").agg(
        pl.len().cast(pl.Int64).alias("moves"), pl.col("days").median().alias("median")
    )
    rows = rows.join(sizes, on="stage").with_columns(ratio("moves", "entered").alias("share"))
    place = pl.col("stage").replace_strict(
        {stage: i for i, stage in enumerate(order)}, default=len(order), return_dtype=pl.Int32
    )
    rows = rows.sort([place, pl.col("moves"), pl.col("next")], descending=[False, True, False])
    columns = (
        Column("stage", "from"),
        Column("next", "to"),
        Column("moves", "moves", "count"),
        Column("entered", "of those that entered", "count"),
        Column("share", "share", "share", of="entered"),
        Column("median", "days before it, median", "days", of="moves"),
    )
    return Table(f"transitions_{name}", f"{title}: from stage to stage", columns, rows.select(c.name for c in columns))


def curve_table(name: str, title: str, spells: pl.DataFrame, curve: pl.DataFrame, order: list[str]) -> Table:
    """The curves by whole days: the share still there after so many days, as far as anybody has been there."""
    days = pl.DataFrame({"day": range(CURVE_DAYS + 1)}, schema={"day": pl.Int64})
    parts = [pl.DataFrame(schema={"stage": pl.String, "day": pl.Int64, "at_risk": pl.Int64, "share": pl.Float64})]
    for stage in order:
        stays = spells.filter(pl.col("stage") == stage)["days"].sort()
        own = curve.filter(pl.col("stage") == stage).sort("days").select("days", "share")
        if own.is_empty():
            continue
        stairs = days.with_columns(
            pl.col("day").cast(pl.Float64).alias("days"),
            (len(stays) - stays.search_sorted(days["day"].cast(pl.Float64), "left")).cast(pl.Int64).alias("at_risk"),
        )
        stairs = stairs.join_asof(own, on="days", strategy="backward").filter(pl.col("at_risk") > 0)
        share = pl.col("share").fill_null(1.0)
        parts.append(stairs.select(pl.lit(stage).alias("stage"), "day", "at_risk", share))
    columns = (
        Column("stage", "stage"),
        Column("day", "days since entering", "count"),
        Column("at_risk", "leads that were in it so long", "count"),
        Column("share", "still there", "share", of="at_risk"),
    )
    return Table(f"survival_{name}", f"{title}: still there by days", columns, pl.concat(parts), shown=40)


def bottleneck(dwell: pl.DataFrame, order: list[str]) -> str | None:
    """The stage that holds leads longest, the last one apart: the highest median, where it was never reached before any other."""
    rows = [row for row in dwell.to_dicts() if row["stage"] != order[-1] and row["entered"]]
    rows = [row for row in rows if row["entered"] >= ENOUGH] or rows
    if not rows:
        return None
    worst = max(rows, key=lambda row: (row["median"] is None, row["median"] or 0, row["still_in"]))
    half = (
        "fewer than half have ever left"
        if worst["median"] is None
        else f"half have left after {worst['median']:.1f} days"
    )
    return f"the bottleneck is {worst['stage']}: of {worst['entered']:,} that entered, {half}; {worst['still_in']:,} are in it now."
