"""The way of each lead: first, intermediate and latest status, months in which it was worked, time to first appointment.

In: the material, and the moments of a funnel for where there is no state. Out: a table with a row per lead, and what many
of them have in common. A monthly snapshot would show only the last status of a month; here every change counts.
"""

from __future__ import annotations

import polars as pl

from leadrules.measure.figures import days_between, ratio, spread
from leadrules.measure.funnel import Reached
from leadrules.measure.material import CREATED, KEY, ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table, without_work
from leadrules.measure.periods import labelled, month_number

NO_WAY = Missing(
    "The way of each lead", "there is neither a state nor a funnel", "keep a state (`leadrules run`), or write a funnel"
)
NO_MEETING = Missing(
    "Time to first appointment",
    "no event or field says that there was an appointment",
    "name it in leadrules.yaml: report: {meeting: meeting_scheduled}",
    is_event=True,
)
NO_ACTIVITY = without_work("Months worked")
WAYS_SHOWN = 30


def history_section(material: Material, funnel: Reached | None) -> Section:
    """Ways, months worked and first appointments."""
    way, source = _ways(material, funnel)
    missing: list[Missing] = []
    tables: list[Table] = []
    charts: list[Chart] = []
    has_work, has_meeting = bool(material.settings.activities), bool(material.settings.names("meeting"))
    if way is None:
        missing.append(NO_WAY)
    else:
        tables.append(ways_table(way, source))
        charts.append(Chart("ways", "The commonest ways", "ways", "bars", "way", ("leads",)))
    if has_meeting:
        tables.append(appointment_table(material))
        charts.append(
            Chart(
                "first_appointment",
                "Days to the first appointment, median by month of creation",
                "first_appointment",
                "columns",
                "month",
                ("days_median",),
            )
        )
    else:
        missing.append(NO_MEETING)
    if has_work:
        tables.append(worked_table(material))
    else:
        missing.append(NO_ACTIVITY)
    if way is not None:
        tables.append(leads_table(material, way, has_work=has_work, has_meeting=has_meeting))
    return Section("history", "The way of the leads", tuple(tables), tuple(charts), (), tuple(missing))


# -- ways -----------------------------------------------------------------------------------------------------------


def _ways(material: Material, funnel: Reached | None) -> tuple[pl.DataFrame | None, str]:
    """lead_row, first, between, latest, changes; and where they come from, in words."""
    name = material.settings.type
    if material.history is not None and name is not None:
        changes = material.changes("label", name).filter(pl.col("new").is_not_null(), pl.col("new") != "")
        if changes.height:
            status = changes.select(ROW, "as_of", pl.col("new").alias("status"))
            return _folded(status), f"the state's history of {name}"
    if funnel is None:
        return None, ""
    parts = [
        pl.DataFrame({ROW: material.rows, "as_of": funnel.frame[f"s{i}"]}).with_columns(
            pl.lit(step.name).alias("status"), pl.lit(i).alias("step")
        )
        for i, step in enumerate(funnel.funnel.steps)
    ]
    status = pl.concat(parts).filter(pl.col("as_of").is_not_null()).sort(ROW, "as_of", "step")
    return _folded(status), f"the moments of the funnel {funnel.funnel.name}, in the order in which they came"


def _folded(status: pl.DataFrame) -> pl.DataFrame:
    names = pl.col("status")
    return status.group_by(ROW, maintain_order=True).agg(
        names.first().alias("first"),
        pl.when(pl.len() > 2).then(names.slice(1, pl.len() - 2).str.join(" > ")).otherwise(pl.lit("")).alias("between"),
        names.last().alias("latest"),
        names.str.join(" > ").alias("way"),
        pl.len().cast(pl.Int64).alias("statuses"),
        pl.col("as_of").last().alias("since"),
    )


def ways_table(way: pl.DataFrame, source: str) -> Table:
    """Leads by their whole way."""
    total = way.height
    rows = way.group_by("way", "first", "between", "latest").agg(pl.len().cast(pl.Int64).alias("leads"))
    rows = rows.with_columns(pl.lit(total, dtype=pl.Int64).alias("n")).with_columns(ratio("leads", "n").alias("share"))
    columns = (
        Column("way", "way"),
        Column("first", "first status"),
        Column("between", "between"),
        Column("latest", "latest status"),
        Column("leads", "leads", "count"),
        Column("n", "of", "count"),
        Column("share", "share", "share", of="n"),
    )
    rows = rows.sort(["leads", "way"], descending=[True, False])
    return Table(
        "ways",
        "First, intermediate and latest status",
        columns,
        rows.select(c.name for c in columns),
        (f"From {source}.",),
        WAYS_SHOWN,
    )


def leads_table(material: Material, way: pl.DataFrame, *, has_work: bool, has_meeting: bool) -> Table:
    """A row per lead: its statuses, the months in which it was worked, its first appointment."""
    rows = pl.DataFrame({ROW: material.rows, "lead": material.leads[KEY]}).join(way.drop("way"), on=ROW, how="left")
    columns = [
        Column("lead", "lead"),
        Column("first", "first status"),
        Column("between", "between"),
        Column("latest", "latest status"),
        Column("since", "since", "instant"),
        Column("statuses", "statuses", "count"),
    ]
    if has_work:
        rows = rows.join(months_worked(material), on=ROW, how="left").with_columns(pl.col("months_worked").fill_null(0))
        columns.append(Column("months_worked", "months worked", "count"))
    if has_meeting:
        rows = rows.join(_first_meetings(material), on=ROW, how="left")
        columns += [
            Column("first_appointment", "first appointment", "instant"),
            Column("days_to_appointment", "days to it", "number"),
        ]
    rows = rows.with_columns(pl.col("statuses").fill_null(0)).sort(ROW)
    return Table(
        "lead_history",
        "Each lead",
        tuple(columns),
        rows.select(c.name for c in columns),
        ("`leadrules explain LEAD --history` shows one lead's way in full.",),
        20,
    )


# -- work and appointments ------------------------------------------------------------------------------------------


def months_worked(material: Material) -> pl.DataFrame:
    """lead_row, months_worked: the calendar months with an activity of ours."""
    work = material.activities
    months = (
        work.select(ROW)
        .with_columns(material.days(work["at"]).alias("day"))
        .select(ROW, month_number(pl.col("day")).alias("month"))
    )
    return months.group_by(ROW).agg(pl.col("month").n_unique().cast(pl.Int64).alias("months_worked"))


def worked_table(material: Material) -> Table:
    """How many leads were worked in how many months."""
    worked = pl.DataFrame({ROW: material.rows}).join(months_worked(material), on=ROW, how="left")
    rows = (
        worked.with_columns(pl.col("months_worked").fill_null(0))
        .group_by("months_worked")
        .agg(pl.len().cast(pl.Int64).alias("leads"))
    )
    rows = (
        rows.sort("months_worked")
        .with_columns(pl.lit(material.height, dtype=pl.Int64).alias("n"))
        .with_columns(ratio("leads", "n").alias("share"))
    )
    columns = (
        Column("months_worked", "months worked", "count"),
        Column("leads", "leads", "count"),
        Column("n", "of", "count"),
        Column("share", "share", "share", of="n"),
    )
    return Table(
        "months_worked",
        "Months in which a lead was worked",
        columns,
        rows,
        ("A month counts when it has an activity of ours.",),
    )


def _first_meetings(material: Material) -> pl.DataFrame:
    """lead_row, first_appointment, days_to_appointment (from creation; blank where the appointment came before)."""
    first = material.happenings("meeting").group_by(ROW).agg(pl.col("at").min().alias("first_appointment"))
    created = pl.DataFrame({ROW: material.rows, "created": material.leads[CREATED]})
    both = first.join(created, on=ROW, how="left")
    days = pl.when(pl.col("first_appointment") >= pl.col("created")).then(days_between("created", "first_appointment"))
    return both.select(ROW, "first_appointment", days.alias("days_to_appointment"))


def appointment_table(material: Material) -> Table:
    """Time from creation to the first appointment, by month of creation."""
    created = pl.DataFrame({ROW: material.rows, "day": material.days(material.leads[CREATED])})
    rows = created.join(_first_meetings(material), on=ROW, how="left").filter(pl.col("day").is_not_null())
    rows = (
        rows.with_columns(month_number(pl.col("day")).alias("month"))
        .group_by("month")
        .agg(
            pl.len().cast(pl.Int64).alias("leads"),
            pl.col("first_appointment").count().cast(pl.Int64).alias("with_appointment"),
            *spread("days", "days_to_appointment"),
        )
    )
    rows = labelled(rows, "month", "month").with_columns(ratio("with_appointment", "leads").alias("share"))
    columns = (
        Column("month", "created in"),
        Column("leads", "leads", "count"),
        Column("with_appointment", "had an appointment", "count"),
        Column("share", "share", "share", of="leads"),
        Column("days_n", "timed", "count"),
        Column("days_q1", "days, lower quartile", "days", of="days_n"),
        Column("days_median", "days, median", "days", of="days_n"),
        Column("days_q3", "days, upper quartile", "days", of="days_n"),
    )
    notes = ("From creation to the first appointment ever; young months have not had the time for late ones.",)
    return Table(
        "first_appointment", "Time to the first appointment", columns, rows.select(c.name for c in columns), notes, 36
    )
