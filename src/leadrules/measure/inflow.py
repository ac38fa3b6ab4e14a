"""What comes in and what comes of it, per period: leads, visitors, opt-in rate, deals, sales conversion, types of lead.

In: the material. Out: tables per kind of period. Opt-in rate is leads / visitors, sales conversion deals won / leads, both
in the same period; what is not known (no traffic.csv, no deals) is left out with the reason.
"""

from __future__ import annotations

import polars as pl

from leadrules.measure.figures import ratio
from leadrules.measure.inputs import first_of_period
from leadrules.measure.material import CREATED, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table
from leadrules.measure.periods import is_over, labelled, period_number
from leadrules.measure.types import became_charts, became_table, now_table, types_of

NO_CREATED = Missing(
    "Leads per period", "no field says when a lead was created", "name it in leadrules.yaml: fields: {created: FIELD}"
)
NO_TRAFFIC = Missing(
    "Opt-in rate",
    "there is no file of visitors",
    "give one in leadrules.yaml: report: {traffic: traffic.csv}, with period, source, visitors",
)
NO_WON = Missing(
    "Sales conversion",
    "no event or field says that a deal was won",
    "name it in leadrules.yaml: report: {won: deal_won}",
    is_event=True,
)


def inflow_section(material: Material) -> Section:
    """Leads and deals by period, leads by type, opt-in by source."""
    if material.leads[CREATED].null_count() == material.height:
        return Section("inflow", "Leads in, deals out", missing=(NO_CREATED,))
    tables = [period_table(material, period) for period in material.settings.periods]
    types = types_of(material)
    for period in material.settings.periods if types is not None else ():
        assert types is not None
        tables += [became_table(material, types, period), now_table(material, types, period)]
    missing = [
        *((NO_TRAFFIC,) if material.traffic is None else ()),
        *(() if material.settings.names("won") else (NO_WON,)),
    ]
    by_source = None if material.traffic is None else source_table(material)
    tables += [] if by_source is None else [by_source]
    charts = [Chart("inflow", "Leads per period", tables[0].name, "columns", "period", ("leads",))]
    if material.settings.names("won"):
        charts.append(Chart("deals", "Deals won per period", tables[0].name, "columns", "period", ("deals",)))
    if types is not None and types.entries.height:
        charts += became_charts(types, material.settings.periods[0])
    return Section("inflow", "Leads in, deals out", tuple(tables), tuple(charts), (), tuple(missing))


def _numbered(material: Material, frame: pl.DataFrame, column: str, period: str) -> pl.DataFrame:
    """A frame with the number of the period that an instant lies in; rows without one are left out."""
    days = material.days(frame[column]).alias("day")
    number = period_number(pl.col("day"), period, material.settings.fiscal_year_starts).alias("period")
    return frame.with_columns(days).with_columns(number).filter(pl.col("period").is_not_null())


def period_table(material: Material, period: str) -> Table:
    """A row per period with leads, visitors, deals and the two rates."""
    created = _numbered(
        material, material.leads.select(CREATED).filter(pl.col(CREATED) <= material.now), CREATED, period
    )
    rows = created.group_by("period").agg(pl.len().cast(pl.Int64).alias("leads"))
    columns = [
        Column("period", period.replace("_", " ")),
        Column("is_over", "over", "flag"),
        Column("leads", "leads created", "count"),
    ]
    if material.traffic is not None:
        rows = rows.join(_visitors(material, period), on="period", how="full", coalesce=True)
        columns += [Column("visitors", "visitors", "count"), Column("opt_in", "opt-in rate", "share", of="visitors")]
    if material.settings.names("won"):
        won = _numbered(material, material.won, "at", period)
        sums = won.group_by("period").agg(pl.len().cast(pl.Int64).alias("deals"), pl.col("value").sum().alias("won"))
        rows = rows.join(sums, on="period", how="full", coalesce=True)
        columns += [
            Column("deals", "deals won", "count"),
            Column("sales_conversion", "deals won / leads", "share", of="leads"),
            *([Column("won", "won", "money")] if material.says_worth else []),
        ]
    filled = [pl.col(name).fill_null(0) for name in rows.columns if name not in ("period", "visitors")]
    rows = rows.with_columns(filled).sort("period")
    over = is_over(
        rows["period"].to_list(), period, material.calendar, material.as_of, material.settings.fiscal_year_starts
    )
    rows = labelled(rows.with_columns(pl.Series("is_over", over, dtype=pl.Boolean)), "period", period)
    if material.traffic is not None:
        rows = rows.with_columns(ratio("leads", "visitors").alias("opt_in"))
    if material.settings.names("won"):
        rows = rows.with_columns(ratio("deals", "leads").alias("sales_conversion"))
    notes = (
        "Deals won in the period, whenever their leads came in; the funnel's cohorts say what became of a period's leads.",
    )
    return Table(
        f"inflow_{period}",
        f"Leads and deals by {period.replace('_', ' ')}",
        tuple(columns),
        rows.select(c.name for c in columns),
        notes,
        36,
    )


def _visitors(material: Material, period: str) -> pl.DataFrame:
    assert material.traffic is not None
    first = first_of_period(pl.col("period"))
    number = period_number(first, period, material.settings.fiscal_year_starts).alias("period")
    return material.traffic.select(number, "visitors").group_by("period").agg(pl.col("visitors").sum().cast(pl.Int64))


def source_table(material: Material) -> Table | None:
    """Opt-in rate by source, over the periods that the file has."""
    assert material.traffic is not None
    field = material.settings.source
    named = material.traffic.filter(pl.col("source").is_not_null())
    if field is None or field not in material.leads.columns or named.is_empty():
        return None
    months = pl.col("period").str.slice(0, 7)
    covered = named.select(months.unique()).to_series().implode()
    created = pl.DataFrame({"source": material.group(field), "day": material.days(material.leads[CREATED])})
    inside = (
        created.filter(pl.col("day").dt.strftime("%Y-%m").is_in(covered))
        .group_by("source")
        .agg(pl.len().cast(pl.Int64).alias("leads"))
    )
    visits = named.group_by("source").agg(pl.col("visitors").sum().cast(pl.Int64))
    rows = visits.join(inside, on="source", how="left").with_columns(pl.col("leads").fill_null(0))
    rows = rows.with_columns(ratio("leads", "visitors").alias("opt_in")).sort(
        ["visitors", "source"], descending=[True, False]
    )
    columns = (
        Column("source", "source"),
        Column("visitors", "visitors", "count"),
        Column("leads", "leads created", "count"),
        Column("opt_in", "opt-in rate", "share", of="visitors"),
    )
    notes = ("Leads created in the months that the file has visitors for.",)
    return Table("opt_in_by_source", "Opt-in rate by source", columns, rows.select(c.name for c in columns), notes)
