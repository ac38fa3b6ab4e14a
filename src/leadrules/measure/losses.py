"""Losses: how far leads had come when they were lost, why, and which of them came back.

In: the material, the moments of a funnel. Out: tables. A lead counts with its first loss; it
came back when a contact, a meeting or an opportunity came after a loss, and is won back when a deal did.
"""

from __future__ import annotations

import polars as pl

from leadrules.measure.figures import ratio
from leadrules.measure.funnel import Reached
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table
from leadrules.measure.periods import is_over, labelled, month_number
from leadrules.show.tables import percent

NO_LOST = Missing(
    "Losses",
    "no event or field says that a deal was lost",
    "name it in leadrules.yaml: report: {lost: deal_lost, loss_reason: reason}",
    is_event=True,
)
BEFORE = "(before the first step)"
UNSAID = "(no reason given)"


def loss_section(material: Material, funnel: Reached | None) -> Section:
    """Losses by month, by reason, by the step that was reached."""
    if not material.settings.names("lost"):
        return Section("losses", "Losses", missing=(NO_LOST,))
    rows = loss_rows(material)
    tables = [month_table(material, rows), reason_table(rows)]
    if funnel is not None:
        tables.append(step_table(rows, funnel))
    charts = (Chart("losses", "Leads lost, by reason", "loss_reasons", "bars", "reason", ("lost",)),)
    return Section("losses", "Losses", tuple(tables), charts if rows.height else (), _findings(rows))


def _findings(rows: pl.DataFrame) -> tuple[str, ...]:
    if rows.is_empty():
        return ("No lead was lost.",)
    back, again = int(rows["came_back"].sum()), int(rows["won_back"].sum())
    return (
        (
            f"{rows.height:,} leads were lost at least once; {back:,} ({percent(back / rows.height)}) came back, "
            f"{again:,} ({percent(again / rows.height)}) were won after it."
        ),
    )


def loss_rows(material: Material) -> pl.DataFrame:
    """A row per lead that was ever lost: lead_row, at and reason of its first loss, came_back, won_back."""
    first = material.lost.unique(ROW, keep="first", maintain_order=True)
    moments = [material.contacts, material.happenings("meeting"), material.happenings("opportunity")]
    signs = {"came_back": pl.concat([m.select(ROW, "at") for m in moments]), "won_back": material.won.select(ROW, "at")}
    for name, found in signs.items():
        last = found.group_by(ROW).agg(pl.col("at").max().alias("last"))
        first = first.join(last, on=ROW, how="left", maintain_order="left")
        first = first.with_columns((pl.col("last") > pl.col("at")).fill_null(value=False).alias(name)).drop("last")
    # Who bought again came back, whether or not anything else is known of it.
    return first.with_columns(pl.col("came_back") | pl.col("won_back"))


def _counted() -> list[pl.Expr]:
    return [
        pl.len().cast(pl.Int64).alias("lost"),
        pl.col("came_back").sum().cast(pl.Int64),
        pl.col("won_back").sum().cast(pl.Int64),
    ]


def _came_back() -> list[Column]:
    return [
        Column("came_back", "came back", "count"),
        Column("came_back_share", "came back, share", "share", of="lost"),
        Column("won_back", "won after it", "count"),
        Column("won_back_share", "won after it, share", "share", of="lost"),
    ]


def _shares() -> list[pl.Expr]:
    return [ratio("came_back", "lost").alias("came_back_share"), ratio("won_back", "lost").alias("won_back_share")]


def month_table(material: Material, rows: pl.DataFrame) -> Table:
    """Leads by the month of their first loss, beside the deals won in it."""
    lost = rows.with_columns(material.days(rows["at"]).alias("day")).with_columns(
        month_number(pl.col("day")).alias("month")
    )
    won = material.won.select(material.days(material.won["at"]).alias("day")).select(
        month_number(pl.col("day")).alias("month")
    )
    won = won.group_by("month").agg(pl.len().cast(pl.Int64).alias("deals"))
    counted = (
        lost.group_by("month")
        .agg(_counted())
        .join(won, on="month", how="full", coalesce=True)
        .fill_null(0)
        .sort("month")
    )
    over = is_over(counted["month"].to_list(), "month", material.calendar, material.as_of)
    counted = counted.with_columns(
        (pl.col("lost") + pl.col("deals")).alias("decided"), pl.Series("is_over", over, dtype=pl.Boolean)
    )
    counted = counted.with_columns(ratio("deals", "decided").alias("win_rate"), *_shares())
    columns = [
        Column("month", "month"),
        Column("is_over", "over", "flag"),
        Column("lost", "leads lost", "count"),
        Column("deals", "deals won", "count"),
        Column("decided", "lost or won", "count"),
        Column("win_rate", "won, share", "share", of="decided"),
        *_came_back(),
    ]
    shown = labelled(counted, "month", "month").select(c.name for c in columns)
    return Table(
        "losses_month", "Losses by month", tuple(columns), shown, ("A lead counts where it was lost first.",), 36
    )


def reason_table(rows: pl.DataFrame) -> Table:
    """Why leads were lost."""
    n = pl.lit(rows.height, dtype=pl.Int64).alias("n")
    named = rows.with_columns(pl.col("reason").fill_null(UNSAID))
    counted = named.group_by("reason").agg(_counted()).with_columns(n)
    counted = counted.with_columns(ratio("lost", "n").alias("share"), *_shares())
    counted = counted.sort(["lost", "reason"], descending=[True, False])
    columns = [
        Column("reason", "reason"),
        Column("lost", "leads lost", "count"),
        Column("n", "of", "count"),
        Column("share", "share", "share", of="n"),
        *_came_back(),
    ]
    return Table("loss_reasons", "Why leads were lost", tuple(columns), counted.select(c.name for c in columns))


def step_table(rows: pl.DataFrame, funnel: Reached) -> Table:
    """How far leads had come when they were lost: the lowest step of the funnel that they had reached by then."""
    moments = (
        funnel.frame.select(f"s{i}" for i in funnel.steps).with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.UInt32))
    )
    both = rows.join(moments, on=ROW)
    numbers = [pl.when(pl.col(f"s{i}") <= pl.col("at")).then(pl.lit(i, dtype=pl.Int32)) for i in funnel.steps]
    counted = (
        both.with_columns(pl.max_horizontal(numbers).fill_null(-1).alias("place")).group_by("place").agg(_counted())
    )
    names = {-1: BEFORE, **{i: funnel.title(i) for i in funnel.steps}}
    reached = {-1: 0, **{i: int(funnel.frame[f"s{i}"].count()) for i in funnel.steps}}
    counted = counted.sort("place").with_columns(
        pl.col("place").replace_strict(names, return_dtype=pl.String).alias("step"),
        pl.col("place").replace_strict(reached, return_dtype=pl.Int64).alias("reached"),
    )
    counted = counted.with_columns(ratio("lost", "reached").alias("lost_share"), *_shares())
    columns = [
        Column("step", "last step reached"),
        Column("reached", "leads that reached it", "count"),
        Column("lost", "lost there", "count"),
        Column("lost_share", "of those that reached it", "share", of="reached"),
        *_came_back(),
    ]
    title = f"Losses by the step reached, {funnel.funnel.title or funnel.funnel.name}"
    return Table("losses_by_step", title, tuple(columns), counted.select(c.name for c in columns))
