"""Sales: what was won month over month, and how long it takes from a lead to a deal.

In: the material, and the groups that leads are told apart by. Out: two tables. Knows no costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from leadrules.measure.figures import days_between, ratio, spread
from leadrules.measure.groups import Group, by_campaign, by_fields
from leadrules.measure.material import CREATED, OTHER, OWNER, ROW, Material
from leadrules.measure.model import Column, Table
from leadrules.measure.periods import is_over, labelled, month_number

ALL = "(all leads)"


def sales_table(material: Material, *, has_value: bool) -> Table:
    """Total sales month over month; a month without a deal is there with 0."""
    days = material.days(material.won["at"])
    won = material.won.with_columns(days.alias("day")).with_columns(month_number(pl.col("day")).alias("month"))
    sums = won.group_by("month").agg(pl.len().cast(pl.Int64).alias("deals"), pl.col("value").sum().alias("won"))
    first, last = (sums["month"].min(), sums["month"].max()) if sums.height else (0, -1)
    assert isinstance(first, int)
    assert isinstance(last, int)
    rows = (
        pl.DataFrame({"month": range(first, last + 1)}, schema={"month": pl.Int32})
        .join(sums, on="month", how="left")
        .fill_null(0)
        .sort("month")
    )
    measure = "won" if has_value else "deals"
    rows = rows.with_columns(
        pl.col(measure).shift(1).alias("before"),
        pl.Series(
            "is_over", is_over(rows["month"].to_list(), "month", material.calendar, material.as_of), dtype=pl.Boolean
        ),
    )
    rows = rows.with_columns(
        ratio(pl.col(measure) - pl.col("before"), "before").alias("change"), ratio("won", "deals").alias("deal_size")
    )
    columns = [
        Column("month", "month"),
        Column("is_over", "over", "flag"),
        Column("deals", "deals won", "count"),
        *(
            (Column("won", "won", "money"), Column("deal_size", "average deal", "money", of="deals"))
            if has_value
            else ()
        ),
        Column("before", "the month before", "money" if has_value else "count"),
        Column("change", "change", "share", of="before"),
    ]
    rows = labelled(rows, "month", "month")
    return Table(
        "sales", "Total sales, month over month", tuple(columns), rows.select(c.name for c in columns), shown=36
    )


def cycle_table(material: Material, own: Iterable[Group], taken: Sequence[str]) -> Table:
    """From creation to the first deal won, of all leads and by everything that leads are told apart by: the fields, and the
    report's `own` groups, which it calls `taken`."""
    first = material.won.group_by(ROW).agg(pl.col("at").min().alias("won_at"))
    rows = pl.DataFrame({ROW: material.rows, "created": material.leads[CREATED]}).join(first, on=ROW)
    rows = rows.with_columns(
        pl.when(pl.col("won_at") >= pl.col("created")).then(days_between("created", "won_at")).alias("days")
    )
    rows = rows.select(ROW, "won_at", "days")
    everybody = pl.DataFrame({ROW: material.rows}).with_columns(pl.lit(ALL).alias("group"))
    owners = pl.DataFrame({ROW: material.rows, "group": material.leads[OWNER].fill_null(OTHER)})
    groups = [
        Group("all", "all", everybody),
        *by_fields(material, _fields(material), ("all", "owner", *taken)),
        *own,
        Group("owner", "owner", owners),
        *((by_campaign(material, "campaign"),) if material.in_campaigns.height else ()),
    ]
    sums = [
        rows.join(group.members, on=ROW)
        .group_by("group")
        .agg(pl.len().cast(pl.Int64).alias("won_leads"), *spread("days", "days"))
        .sort("group")
        .with_columns(pl.lit(group.name).alias("by"))
        for group in groups
    ]
    columns = (
        Column("by", "by"),
        Column("group", "leads of"),
        Column("won_leads", "leads with a deal won", "count"),
        Column("days_n", "timed", "count"),
        Column("days_q1", "days, lower quartile", "days", of="days_n"),
        Column("days_median", "days, median", "days", of="days_n"),
        Column("days_q3", "days, upper quartile", "days", of="days_n"),
    )
    notes = (
        "From creation to the first deal; leads still open are not in it, so it looks shorter than it is while many are.",
    )
    return Table("sales_cycle", "Sales cycle", columns, pl.concat(sums).select(c.name for c in columns), notes)


def _fields(material: Material) -> Iterable[str]:
    """The source and what `group_by` names, but for the list and the owner where they stand there under the same name."""
    settings = material.settings
    source = [settings.source] if settings.source is not None and settings.source in material.leads.columns else []
    there = {settings.list, "owner" if material.project.owner == "owner" else None}
    return dict.fromkeys([*source, *(name for name in settings.group_by if name not in there)])
