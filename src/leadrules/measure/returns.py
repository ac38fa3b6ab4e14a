"""What came back for what was put in: activity time as an investment beside the cost of campaigns.

In: the material. Out: a row per campaign, segment, list and sequence, and one for all leads; sales by month; the sales
cycle. ROI = (won - (cost + hours x rate)) / (cost + hours x rate). A figure that lacks an input is left out with the
reason, never taken as zero; a zero denominator is "n/a".
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from leadrules.measure.campaigns import follow_ups
from leadrules.measure.costs import campaign_costs, cost_gaps, cost_per_lead
from leadrules.measure.figures import ratio
from leadrules.measure.groups import Group, by_campaign, by_fields, by_segment, by_sequence, under
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table, without_work
from leadrules.measure.sales import ALL, cycle_table, sales_table
from leadrules.show.tables import percent

NO_WON = Missing(
    "Return, ROI, sales",
    "no event or field says that a deal was won",
    "name it in leadrules.yaml: report: {won: deal_won, value: amount}",
    is_event=True,
)
NO_VALUE = Missing(
    "Return in money, ROI",
    "no deal says what it was worth",
    "name the field in leadrules.yaml: report: {value: amount}",
)
NO_DEAL = Missing(
    "Return in money, ROI", "no deal was won by then", "they come with the first deal that says its worth"
)
NO_COST = Missing(
    "Cost, ROI, cost per lead and per sale",
    "no campaign has a cost",
    "give them in leadrules.yaml: report: {campaigns: campaigns.csv} with a cost, or {cost_per_lead: 0}",
)
NO_ACTIVITY = without_work("Revenue per activity and per hour, ROI")
NO_RATE = Missing(
    "Cost of work, ROI, cost per sale",
    "nothing says what an hour costs",
    "say it in leadrules.yaml: report: {cost_per_hour: 45}",
)
SHARED = "A campaign's cost is shared evenly by its leads; all leads together bear that of campaigns without one."
FOLLOWED = "Hours: our activities within the follow-up time; deals: won after the lead joined."
SUMMED = ("cost", "uncosted", "activities", "hours", "deals", "won")


class Known:
    """Which inputs there are, and so which figures."""

    def __init__(self, material: Material) -> None:
        settings = material.settings
        self.deals = bool(settings.names("won"))
        self.any_won = self.deals and material.won.height > 0
        self.value = self.deals and material.says_worth
        self.activities = bool(settings.activities)
        used = material.activities["channel"].unique().sort().to_list() if self.activities else []
        self.untimed = [channel for channel in used if channel not in settings.minutes]
        self.hours = self.activities and not self.untimed
        self.work = self.hours and settings.cost_per_hour is not None
        costs = None if material.campaigns is None else material.campaigns["cost"].count()
        self.cost = bool(costs) or settings.cost_per_lead is not None or bool(settings.cost_per_lead_by_source)
        self.invested = self.cost and self.work

    def missing(self) -> tuple[Missing, ...]:
        """What is left out."""
        found = [] if self.deals else [NO_WON]
        if self.deals and not self.value:
            found.append(NO_VALUE if self.any_won else NO_DEAL)
        found += [] if self.activities else [NO_ACTIVITY]
        if self.activities and self.untimed:
            channels = ", ".join(self.untimed)
            way_out = f"say them in leadrules.yaml: report: {{minutes: {{{self.untimed[0]}: 6}}}}"
            found.append(
                Missing(
                    "Hours, revenue per hour, ROI", f"nothing says how many minutes these take: {channels}", way_out
                )
            )
        found += [NO_RATE] if self.hours and not self.work else []
        return (*found, *(() if self.cost else (NO_COST,)))


def return_section(material: Material) -> Section:
    """Return by everything that leads can be told apart by, sales by month, the sales cycle."""
    known = Known(material)
    if not known.deals and not known.activities and not known.cost:
        return Section("returns", "Return", missing=known.missing())
    leads = lead_rows(material)
    total = total_row(material, known, leads)
    tables = [_total_table(material, known, total)]
    for group in groups(material):
        rows = group_rows(material, known, group.members, leads)
        tables.append(_group_table(material, known, group, rows))
    campaigns = _campaign_table(material, known) if material.in_campaigns.height else None
    tables += [] if campaigns is None else [campaigns]
    if known.deals:
        tables += [
            sales_table(material, has_value=known.value),
            cycle_table(material, own_groups(material), own_names(material)),
        ]
    charts = _charts(known, campaigns)
    missing = (*known.missing(), *(cost_gaps(material, leads["uncosted"]) if known.cost else ()))
    return Section("returns", "Return", tuple(tables), charts, _findings(known, total, campaigns), missing)


def _charts(known: Known, campaigns: Table | None) -> tuple[Chart, ...]:
    charts = []
    if campaigns is not None and known.invested and known.value:
        charts.append(Chart("roi", "ROI per campaign", campaigns.name, "bars", "name", ("roi",)))
    if known.value:
        charts.append(Chart("sales", "Sales per month", "sales", "columns", "month", ("won",)))
    return tuple(charts)


def _findings(known: Known, total: pl.DataFrame, campaigns: Table | None) -> tuple[str, ...]:
    words = []
    if known.invested and known.value:
        row = total.row(0, named=True)
        words.append(
            f"ROI over everything: {percent(row['roi'])} (won {row['won']:,.0f}, invested {row['invested']:,.0f})."
        )
    if campaigns is not None and known.invested and known.deals:
        above = campaigns.frame.filter(pl.col("verdict").str.starts_with("above"))
        if above.height:
            words.append(f"{above.height} campaigns cost more per sale than the average deal brings.")
    return tuple(words)


# -- leads ----------------------------------------------------------------------------------------------------------


def lead_rows(material: Material) -> pl.DataFrame:
    """Per lead: cost, activities, hours, deals, won; `uncosted` is 1 where nothing says what it cost."""
    frame = pl.DataFrame({ROW: material.rows}).join(campaign_costs(material), on=ROW, how="left", maintain_order="left")
    work = material.activities.group_by(ROW).agg(
        pl.len().cast(pl.Int64).alias("activities"), (pl.col("minutes").sum() / 60).alias("hours")
    )
    won = material.won.group_by(ROW).agg(pl.len().cast(pl.Int64).alias("deals"), pl.col("value").sum().alias("won"))
    frame = frame.join(work, on=ROW, how="left", maintain_order="left").join(
        won, on=ROW, how="left", maintain_order="left"
    )
    cost = pl.coalesce("cost", pl.lit(cost_per_lead(material)))
    frame = frame.with_columns(cost.fill_null(0.0).alias("cost"), cost.is_null().cast(pl.Int64).alias("uncosted"))
    return frame.with_columns(pl.col("activities", "hours", "deals", "won").fill_null(0))


def groups(material: Material) -> Iterator[Group]:
    """By each thing that the contract names, and each field that the settings name."""
    yield from own_groups(material)
    fields = [name for name in material.settings.group_by if name != material.settings.list]
    yield from by_fields(material, fields, own_names(material))


def own_names(material: Material) -> list[str]:
    """What the report itself tells leads apart by in this project, whether or not any lead is in one now."""
    own = {
        "segment": material.segments,
        "list": material.settings.list,
        "sequence": material.ruleset.sequences,
        "campaign": material.settings.campaign,
    }
    return [name for name, there in own.items() if there]


def own_groups(material: Material) -> Iterator[Group]:
    """By segment, list and sequence."""
    if material.segments:
        yield by_segment(material, "segment")
    if material.settings.list is not None:
        members = pl.DataFrame({ROW: material.rows, "group": material.group(material.settings.list)})
        yield Group("list", "list", members)
    if material.enrolments.height:
        yield by_sequence(material, "sequence")


def total_row(material: Material, known: Known, leads: pl.DataFrame) -> pl.DataFrame:
    """All leads as one group; what campaigns cost that brought nobody is part of it."""
    sums = leads.select(
        pl.lit(ALL).alias("group"),
        pl.len().cast(pl.Int64).alias("leads"),
        pl.col(SUMMED).sum(),
    )
    if material.campaigns is not None:
        alone = material.campaigns.join(material.in_campaigns, on="campaign", how="anti")
        sums = sums.with_columns(pl.col("cost") + float(alone["cost"].sum() or 0))
    return _figured(material, known, sums)


def group_rows(material: Material, known: Known, members: pl.DataFrame, leads: pl.DataFrame) -> pl.DataFrame:
    """The sums of each group's leads, and what follows from them."""
    sums = (
        members.join(leads, on=ROW).group_by("group").agg(pl.len().cast(pl.Int64).alias("leads"), pl.col(SUMMED).sum())
    )
    return _figured(material, known, sums)


def campaign_rows(material: Material, known: Known) -> pl.DataFrame:
    """Each campaign: its own cost, the follow-up work, the deals after a lead joined."""
    members = material.in_campaigns
    rows = members.group_by("campaign").agg(pl.len().cast(pl.Int64).alias("leads"))
    work = (
        follow_ups(material)
        .group_by("campaign")
        .agg(pl.len().cast(pl.Int64).alias("activities"), (pl.col("minutes").sum() / 60).alias("hours"))
    )
    won = members.join(material.won.rename({"at": "won_at"}), on=ROW).filter(pl.col("won_at") >= pl.col("at"))
    won = won.group_by("campaign").agg(pl.len().cast(pl.Int64).alias("deals"), pl.col("value").sum().alias("won"))
    rows = rows.join(work, on="campaign", how="left").join(won, on="campaign", how="left")
    if material.campaigns is not None:
        stated = material.campaigns.select("campaign", "name", "cost")
        rows = rows.join(stated, on="campaign", how="full", coalesce=True)
        rows = rows.with_columns(pl.coalesce("name", "campaign").alias("name"))
    else:
        rows = rows.with_columns(pl.lit(None, dtype=pl.Float64).alias("cost"), pl.col("campaign").alias("name"))
    each = pl.DataFrame({ROW: material.rows, "single": cost_per_lead(material)})
    singly = (
        members.join(each, on=ROW).group_by("campaign").agg(pl.col("single").sum(), pl.col("single").count().alias("n"))
    )
    rows = rows.join(singly, on="campaign", how="left").with_columns(
        pl.col("leads", "activities", "hours", "deals", "won", "n").fill_null(0)
    )
    rows = rows.with_columns(
        pl.coalesce("cost", pl.when(pl.col("n") > 0).then("single")).alias("cost"),
        pl.when(pl.col("cost").is_null()).then(pl.col("leads") - pl.col("n")).otherwise(0).alias("uncosted"),
    )
    return _figured(material, known, rows.rename({"campaign": "group"}))


def _figured(material: Material, known: Known, sums: pl.DataFrame) -> pl.DataFrame:
    rate = material.settings.cost_per_hour or 0.0
    rows = sums.with_columns((pl.col("hours") * rate).alias("work"))
    rows = rows.with_columns((pl.col("cost") + pl.col("work")).alias("invested"))
    rows = rows.with_columns(
        ratio("won", "activities").alias("per_activity"),
        ratio("won", "hours").alias("per_hour"),
        ratio(pl.col("won") - pl.col("invested"), "invested").alias("roi"),
        ratio("cost", "leads").alias("cost_per_lead"),
        ratio("invested", "deals").alias("cost_per_sale"),
        ratio("won", "deals").alias("deal_size"),
    )
    size = deal_size(material)
    rows = rows.with_columns(_verdict(size, material.settings.lifetime_value).alias("verdict"))
    return rows.sort(["won", "leads", "group"], descending=[True, True, False])


def deal_size(material: Material) -> float | None:
    """The average deal size: as set, else of the deals won that say their value."""
    if material.settings.average_deal_size is not None:
        return material.settings.average_deal_size
    mean = material.won["value"].mean()
    return float(mean) if isinstance(mean, float) else None


def _verdict(size: float | None, lifetime: float | None) -> pl.Expr:
    """Whether a sale costs more than it brings; a customer who stays may pay that back."""
    cost = pl.col("cost_per_sale")
    above = pl.lit("above the average deal")
    if lifetime is not None:
        above = (
            pl.when(cost <= lifetime)
            .then(pl.lit("above the average deal, break-even over the lifetime value"))
            .otherwise(pl.lit("above the average deal and the lifetime value"))
        )
    size_known = pl.lit(size, dtype=pl.Float64)
    return (
        pl.when(cost.is_null() | size_known.is_null())
        .then(pl.lit("n/a"))
        .when(cost > size_known)
        .then(above)
        .otherwise(pl.lit("within the average deal"))
    )


def _total_table(material: Material, known: Known, total: pl.DataFrame) -> Table:
    columns, rows = under("group", "leads of", _columns(known), total)
    return Table("returns", "Return, all leads", columns, rows, _notes(material, known, SHARED))


def _group_table(material: Material, known: Known, group: Group, rows: pl.DataFrame) -> Table:
    return _by(group, _columns(known), rows, _notes(material, known, SHARED))


def _campaign_table(material: Material, known: Known) -> Table:
    columns = [Column("name", "name"), *_columns(known)]
    rows = campaign_rows(material, known)
    return _by(by_campaign(material, "campaign"), columns, rows, _notes(material, known, FOLLOWED))


def _by(group: Group, figures: list[Column], rows: pl.DataFrame, notes: tuple[str, ...]) -> Table:
    several = ("A lead in several counts in each.",) if group.many else ()
    columns, rows = under(group.label, group.label, figures, rows)
    return Table(f"returns_by_{group.name}", f"Return by {group.title}", columns, rows, (*several, *notes))


def _columns(known: Known) -> list[Column]:
    columns = [Column("leads", "leads", "count")]
    if known.activities:
        columns.append(Column("activities", "activities", "count"))
    if known.hours:
        columns.append(Column("hours", "hours", "hours"))
    if known.deals:
        columns.append(Column("deals", "deals won", "count"))
    if known.value:
        columns.append(Column("won", "won", "money"))
    return columns + _money_columns(known)


def _money_columns(known: Known) -> list[Column]:
    columns = []
    if known.value and known.activities:
        columns.append(Column("per_activity", "won per activity", "money", of="activities"))
    if known.value and known.hours:
        columns.append(Column("per_hour", "won per hour", "money", of="hours"))
    if known.cost:
        columns += [Column("cost", "cost", "money"), Column("cost_per_lead", "cost per lead", "money", of="leads")]
        columns.append(Column("uncosted", "leads of unknown cost, counted as 0", "count"))
    if known.work:
        columns.append(Column("work", "hours x rate", "money"))
    if known.invested:
        columns.append(Column("invested", "invested", "money"))
        columns += [Column("roi", "ROI", "share", of="invested")] if known.value else []
        columns += (
            [Column("cost_per_sale", "invested per sale", "money", of="deals"), Column("verdict", "against a deal")]
            if known.deals
            else []
        )
    if known.value:
        columns.append(Column("deal_size", "average deal", "money", of="deals"))
    return columns


def _notes(material: Material, known: Known, counted: str) -> tuple[str, ...]:
    """`counted`: what counts as a group's, in words."""
    notes = []
    if known.invested and known.value:
        notes.append("ROI = (won - (cost + hours x rate)) / (cost + hours x rate).")
    if known.cost or counted != SHARED:
        notes.append(counted)
    size = deal_size(material)
    if known.invested and known.deals and size is not None:
        lifetime = material.settings.lifetime_value
        notes.append(
            f"Average deal: {size:,.2f}" + (f"; lifetime value: {lifetime:,.2f}." if lifetime is not None else ".")
        )
    return tuple(notes)
