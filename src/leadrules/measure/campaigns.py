"""Campaigns: what came of each, what was done after it, and how it stands against all and against its type.

In: the material, whose leads are in campaigns since some time. Out: a row per campaign and per type. What counts comes
after a lead joined: our activities within the follow-up time, and meetings and deals at any time. A lead in two campaigns
counts in both. Averages are told both ways: pooled over leads, and as the mean of the campaigns.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from leadrules.measure.figures import ratio, wilson_high, wilson_low
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table
from leadrules.show.tables import percent

NO_CAMPAIGN = Missing(
    "Campaigns", "no field of leads or events names a campaign", "name it in leadrules.yaml: report: {campaign: FIELD}"
)
NO_FILE = Missing(
    "Names, types and costs of campaigns",
    "there is no file of campaigns",
    "give one in leadrules.yaml: report: {campaigns: campaigns.csv}, with campaign, name, type, date, cost",
)
OUTCOMES = ("contact", "meeting", "opportunity", "won")
TITLES = {"contact": "contacted", "meeting": "meetings", "opportunity": "opportunities", "won": "deals won"}


def campaign_section(material: Material) -> Section:
    """Each campaign, and each type of campaign."""
    if material.settings.campaign is None:
        return Section("campaigns", "Campaigns", missing=(NO_CAMPAIGN,))
    outcome = outcome_of(material)
    rows = campaign_rows(material, outcome)
    tables = [campaign_table(material, rows, outcome)]
    if material.campaigns is not None:
        tables.append(type_table(rows, outcome))
    pooled = _pooled(rows)
    chart = Chart(
        "campaigns",
        f"Share of each campaign's leads with {TITLES[outcome]}, with its 95% interval",
        "campaigns",
        "intervals",
        "name",
        ("rate",),
        "low",
        "high",
        line=pooled,
        line_title="all campaigns",
    )
    missing = (NO_FILE,) if material.campaigns is None else ()
    return Section("campaigns", "Campaigns", tuple(tables), (chart,), _findings(rows, pooled, outcome), missing)


def outcome_of(material: Material) -> str:
    """What campaigns are judged by: the outcome farthest down that anything says of, else contact."""
    there = [name for name in ("meeting", "won") if material.settings.names(name)]
    return there[0] if there else "contact"


def _pooled(rows: pl.DataFrame) -> float | None:
    leads = int(rows["leads"].sum() or 0)
    return int(rows["hits"].sum()) / leads if leads and not rows["hits"].has_nulls() else None


def _findings(rows: pl.DataFrame, pooled: float | None, outcome: str) -> tuple[str, ...]:
    clear = rows.filter((pl.col("low") > pooled) | (pl.col("high") < pooled)) if pooled is not None else rows.clear()
    words = [f"{rows.height:,} campaigns, {percent(pooled)} of their leads with {TITLES[outcome]}."]
    for row in clear.sort("deviation", descending=True).to_dicts():
        side = "above" if row["deviation"] > 0 else "below"
        words.append(
            f"{row['name']} is {side} the average beyond chance: {percent(row['rate'])} of {row['leads']:,} leads."
        )
    return tuple(words[:4])


# -- rows -----------------------------------------------------------------------------------------------------------


def campaign_rows(material: Material, outcome: str) -> pl.DataFrame:
    """A row per campaign with its counts, rates and intervals; campaigns of the file without a lead too."""
    members = material.in_campaigns
    rows = members.group_by("campaign").agg(
        pl.len().cast(pl.Int64).alias("leads"), pl.col("at").min().alias("first_joined")
    )
    for name in OUTCOMES:
        rows = rows.join(_outcomes(material, name), on="campaign", how="left")
    rows = rows.join(_follow_ups(material), on="campaign", how="left").join(_won(material), on="campaign", how="left")
    rows = _with_file(material, rows)
    counted = [
        c
        for c in rows.columns
        if c in ("leads", "won_value", "deals", "activities", "followed") or c.endswith("_leads")
    ]
    hits = pl.col(f"{outcome}_leads") if _is_known(material, outcome) else pl.lit(None, pl.Int64)
    rows = rows.with_columns(pl.col(counted).fill_null(0)).with_columns(hits.alias("hits"))
    rows = rows.with_columns(
        ratio("hits", "leads").alias("rate"),
        wilson_low("hits", "leads").alias("low"),
        wilson_high("hits", "leads").alias("high"),
        ratio("followed", "leads").alias("followed_share"),
        ratio("activities", "leads").alias("activities_per_lead"),
    )
    pooled = _pooled(rows)
    of_type = pl.col("hits").sum().over("type") / pl.when(pl.col("leads").sum().over("type") > 0).then(
        pl.col("leads").sum().over("type")
    )
    return rows.with_columns(
        (pl.col("rate") - pl.lit(pooled, dtype=pl.Float64)).alias("deviation"),
        (pl.col("rate") - of_type).alias("deviation_from_type"),
    ).sort(["rate", "leads", "campaign"], descending=[True, True, False], nulls_last=True)


def _with_file(material: Material, rows: pl.DataFrame) -> pl.DataFrame:
    if material.campaigns is None:
        blank = pl.lit(None, dtype=pl.String)
        return rows.with_columns(
            pl.col("campaign").alias("name"),
            blank.alias("type"),
            pl.lit(None, dtype=pl.Date).alias("date"),
            pl.lit(None, dtype=pl.Float64).alias("cost"),
        )
    known = material.campaigns.select("campaign", "name", "type", "date", "cost")
    return rows.join(known, on="campaign", how="full", coalesce=True).with_columns(
        pl.coalesce("name", "campaign").alias("name")
    )


def _outcomes(material: Material, name: str) -> pl.DataFrame:
    """How many leads of each campaign had an outcome after they joined."""
    last = material.rate_moments(name).group_by(ROW).agg(pl.col("at").max().alias("last"))
    hits = material.in_campaigns.join(last, on=ROW).filter(pl.col("last") >= pl.col("at"))
    return hits.group_by("campaign").agg(pl.len().cast(pl.Int64).alias(f"{name}_leads"))


def _won(material: Material) -> pl.DataFrame:
    """Deals won after joining, and their value."""
    won = material.won.rename({"at": "won_at"})
    found = material.in_campaigns.join(won, on=ROW).filter(pl.col("won_at") >= pl.col("at"))
    return found.group_by("campaign").agg(
        pl.len().cast(pl.Int64).alias("deals"), pl.col("value").sum().alias("won_value")
    )


def follow_ups(material: Material) -> pl.DataFrame:
    """The activities that follow on a lead's joining a campaign: campaign, lead_row, minutes."""
    count, unit = material.settings.follow_up
    days = {"days": count, "weeks": 7 * count}.get(unit)
    work = material.activities.rename({"at": "done_at"})
    found = material.in_campaigns.join(work, on=ROW).filter(pl.col("done_at") > pl.col("at"))
    until = pl.col("at") + pl.duration(days=days) if days is not None else _shifted(material, found["at"], count, unit)
    return found.filter(pl.col("done_at") <= until).select("campaign", ROW, "minutes")


def _shifted(material: Material, instants: pl.Series, count: int, unit: str) -> pl.Expr:
    """Instants moved by calendar months and the like, each different one once."""
    moved: dict[datetime, datetime | None] = {}
    for at in instants.unique():
        later = material.calendar.shift(at, count, unit)
        moved[at] = later if isinstance(later, datetime) else None
    return pl.lit(instants.replace_strict(moved, return_dtype=instants.dtype))


def _follow_ups(material: Material) -> pl.DataFrame:
    return (
        follow_ups(material)
        .group_by("campaign")
        .agg(pl.len().cast(pl.Int64).alias("activities"), pl.col(ROW).n_unique().cast(pl.Int64).alias("followed"))
    )


# -- tables ---------------------------------------------------------------------------------------------------------


def campaign_table(material: Material, rows: pl.DataFrame, outcome: str) -> Table:
    """One row per campaign, the best rate first."""
    count, unit = material.settings.follow_up
    columns = [
        Column("campaign", "campaign"),
        Column("name", "name"),
        Column("type", "type"),
        Column("date", "date", "day"),
        Column("leads", "leads", "count"),
        *(
            Column(f"{name}_leads", f"leads with {TITLES[name]}" if name != "contact" else "leads contacted", "count")
            for name in OUTCOMES
            if _is_known(material, name)
        ),
        Column("rate", f"share with {TITLES[outcome]}", "share", of="leads"),
        Column("low", "low", "share", of="leads"),
        Column("high", "high", "share", of="leads"),
        Column("deviation", "against all", "share", of="leads"),
        Column("deviation_from_type", "against its type", "share", of="leads"),
        Column("followed", "leads followed up", "count"),
        Column("followed_share", "followed up", "share", of="leads"),
        Column("activities", "activities after it", "count"),
        Column("activities_per_lead", "per lead", "ratio", of="leads"),
    ]
    if material.settings.names("won"):
        columns.append(Column("deals", "deals won", "count"))
        columns += [Column("won_value", "won", "money")] if material.says_worth else []
    if material.campaigns is not None:
        columns.append(Column("cost", "cost", "money"))
    else:
        columns = [c for c in columns if c.name not in ("type", "date", "deviation_from_type", "name")]
    mean = rows["rate"].mean()
    notes: tuple[str, ...] = (
        f"Follow-up: our activities within {count} {unit} after a lead joined. Outcomes: at any time after it joined; a lead in two campaigns counts in both.",
        (
            f"Average of all campaigns: pooled {percent(_pooled(rows))} of {int(rows['leads'].sum()):,} leads, mean of {rows['rate'].count()} campaigns "
            f"{percent(float(mean) if isinstance(mean, float) else None)}. Deviations are from the pooled average; low and high are Wilson's 95% interval."
        ),
    )
    to_come = rows.filter(pl.col("date") > material.calendar.day_of(material.as_of)).height
    if to_come:
        notes += (f"Dated after the report's day: {to_come}; their cost is counted, what they bring is still to come.",)
    if material.campaigns is None:
        rows = rows.with_columns(pl.col("campaign").alias("name"))
        columns.insert(1, Column("name", "name"))
    return Table("campaigns", "Campaigns", tuple(columns), rows.select(c.name for c in columns), notes)


def _is_known(material: Material, name: str) -> bool:
    roles = ("reply", "connect") if name == "contact" else (name,)
    return any(material.settings.names(role) for role in roles)


def type_table(rows: pl.DataFrame, outcome: str) -> Table:
    """The types of campaigns: pooled, and the mean of their campaigns; beneath them all."""
    parts = [pl.col("type").fill_null("(no type)"), pl.lit("all").alias("type")]
    found = [rows.with_columns(part).group_by("type").agg(*_averages()).sort("type") for part in parts]
    whole = pl.concat(found).with_columns(
        ratio("hits", "leads").alias("pooled"),
        wilson_low("hits", "leads").alias("low"),
        wilson_high("hits", "leads").alias("high"),
    )
    columns = (
        Column("type", "type"),
        Column("campaigns", "campaigns", "count"),
        Column("leads", "leads", "count"),
        Column("hits", f"leads with {TITLES[outcome]}", "count"),
        Column("pooled", "share, pooled", "share", of="leads"),
        Column("low", "low", "share", of="leads"),
        Column("high", "high", "share", of="leads"),
        Column("rated", "campaigns with leads", "count"),
        Column("mean", "mean of campaigns", "share", of="rated"),
        Column("cost", "cost", "money"),
    )
    return Table("campaign_types", "Campaigns by type", columns, whole.select(c.name for c in columns))


def _averages() -> list[pl.Expr]:
    return [
        pl.len().cast(pl.Int64).alias("campaigns"),
        pl.col("leads").sum(),
        pl.col("hits").sum(),
        pl.col("rate").count().cast(pl.Int64).alias("rated"),
        pl.col("rate").mean().alias("mean"),
        pl.col("cost").sum(),
    ]
