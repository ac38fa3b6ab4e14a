"""Who got which leads, how fast they answered, and how long queues have waited.

In: the material; owners from the state's history, else from the leads. Out: tables per rep and per queue. A response is
the first activity of ours after the lead was assigned and before it changed hands again. `respond within` is that of the
route rule that assigned it, in the rep's working hours.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from leadrules.lifecycle.model import INSTANT, RECORD
from leadrules.lifecycle.routes.hours import WorkingTime, project_hours, rep_hours
from leadrules.measure.figures import days_between, ratio, spread
from leadrules.measure.material import CREATED, OWNER, ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table, without_work
from leadrules.project.model import QUEUE_PREFIX
from leadrules.ruleset.model import Duration
from leadrules.show.tables import percent

NO_OWNERS_FIELD = Missing(
    "Routing and response",
    "no field is known that says who has a lead",
    "name it in leadrules.yaml: fields: {owner: FIELD}",
)
NO_OWNER = Missing("Routing and response", "no lead has an owner", "they come with the first lead that a run assigns")
NO_ACTIVITY = without_work("Response time")
NO_HISTORY = Missing(
    "Response against `respond within`",
    "there is no state that knows when leads were assigned",
    "keep a state: `leadrules run`",
)


def response_section(material: Material) -> Section:
    """Reps and queues."""
    given = assignments(material)
    if given.is_empty():
        nobody = NO_OWNER if material.project.owner else NO_OWNERS_FIELD
        return Section("response", "Routing and response", missing=(nobody,))
    missing = []
    if not material.settings.activities:
        missing.append(NO_ACTIVITY)
    if material.history is None:
        missing.append(NO_HISTORY)
    reps = given.filter(~pl.col("owner").str.starts_with(QUEUE_PREFIX))
    answered = _answered(material, reps)
    tables = [rep_table(material, answered)] if reps.height else []
    queues = queue_table(material)
    tables += [] if queues is None else [queues]
    charts = (
        (Chart("response", "Hours to the first response, median", "response", "bars", "owner", ("hours_median",)),)
        if reps.height and material.settings.activities
        else ()
    )
    return Section("response", "Routing and response", tuple(tables), charts, _findings(tables), tuple(missing))


def _findings(tables: list[Table]) -> tuple[str, ...]:
    found = next((t for t in tables if t.name == "response" and "in_time" in t.frame.columns), None)
    if found is None or not int(found.frame["judged"].sum()):
        return ()
    judged, good = int(found.frame["judged"].sum()), int(found.frame["in_time"].sum())
    return (f"{percent(good / judged)} of {judged:,} assignments with a `respond within` were answered in time.",)


# -- assignments ----------------------------------------------------------------------------------------------------


def assignments(material: Material) -> pl.DataFrame:
    """lead_row, owner, at, until, rule, run: each time a lead got an owner; the one that it came with since it was created.
    `run` is null of an owner that the same run replaced: what it asks for is asked of the other."""
    changes = material.changes("owner")
    if changes.height:
        until = pl.col("as_of").shift(-1).over(ROW).fill_null(material.now)
        run = pl.when(pl.col("run").ne_missing(pl.col("run").shift(-1).over(ROW))).then("run")
        rows = changes.with_columns(until.alias("until"), run.alias("run"))
        rows = rows.filter(pl.col("new").is_not_null(), pl.col("new") != "")
        created = pl.DataFrame({ROW: material.rows, "created": material.leads[CREATED]})
        came_with_it = (pl.col("rule") == RECORD) & pl.col("old").is_null()
        at = pl.when(came_with_it).then(pl.min_horizontal("created", "as_of")).otherwise("as_of").alias("at")
        rows = rows.join(created, on=ROW, how="left", maintain_order="left")
        found = rows.select(ROW, pl.col("new").alias("owner"), at, "until", "rule", "run")
        return pl.concat([found, _as_they_came(material).join(changes, on=ROW, how="anti").select(found.columns)])
    return _as_they_came(material)


def _as_they_came(material: Material) -> pl.DataFrame:
    """The owners that leads have since they were created, as far as no run says otherwise."""
    owners = pl.DataFrame({ROW: material.rows, "owner": material.leads[OWNER], "at": material.leads[CREATED]})
    owners = owners.filter(pl.col("owner").is_not_null(), pl.col("at").is_not_null())
    said = (material.now.alias("until"), pl.lit(None, pl.String).alias("rule"), pl.lit(None, pl.Int32).alias("run"))
    return owners.with_columns(said)


def _answered(material: Material, given: pl.DataFrame) -> pl.DataFrame:
    """With when the first response came, and until when it was due."""
    work = material.activities.select(ROW, pl.col("at").alias("answered")).sort("answered")
    rows = given.sort("at").join_asof(
        work, left_on="at", right_on="answered", by=ROW, strategy="forward", check_sortedness=False, coalesce=False
    )
    rows = rows.with_columns(pl.when(pl.col("answered") <= pl.col("until")).then("answered"))
    return rows.with_columns(_due(material, rows))


def _due(material: Material, rows: pl.DataFrame) -> pl.Series:
    """When a response was due: as the state remembers it; of assignments from before it did so, by the rule that assigned."""
    said = material.changes("due").select(ROW, "run", pl.col("as_of").alias("at"), pl.col("new").alias("said"))
    said = said.with_columns(pl.col("said").str.to_datetime("%+", time_unit="us", time_zone="UTC").cast(INSTANT))
    said = said.unique([ROW, "run"], keep="last")
    known = rows.join(said, on=[ROW, "run", "at"], how="left", maintain_order="left")["said"]
    if said.height:
        return known.alias("due")
    return _due_by_rule(material, rows)


def _due_by_rule(material: Material, rows: pl.DataFrame) -> pl.Series:
    lengths = _lengths(material)
    clocks: dict[str, WorkingTime] = {}
    reps = {rep.key: rep for rep in material.project.team.reps}
    due: list[datetime | None] = []
    for owner, at, rule in rows.select("owner", "at", "rule").iter_rows():
        length = lengths.get(rule)
        if length is None:
            due.append(None)
            continue
        if owner not in clocks:
            clocks[owner] = (
                rep_hours(material.calendar, reps[owner]) if owner in reps else project_hours(material.calendar)
            )
        due.append(clocks[owner].due(at, length))
    return pl.Series("due", due, dtype=INSTANT)


def _lengths(material: Material) -> dict[str, Duration]:
    """`respond within` by the name of the rule, as the history has it."""
    found = {
        f"route.{route.name}.{rule.name}": rule.respond_within
        for route in material.ruleset.routes
        for rule in route.rules
        if rule.respond_within is not None
    }
    triggers = {
        f"trigger.{one.name}": one.respond_within for one in material.ruleset.triggers if one.respond_within is not None
    }
    return {**found, **triggers}


# -- tables ---------------------------------------------------------------------------------------------------------


def rep_table(material: Material, rows: pl.DataFrame) -> Table:
    """One row per rep."""
    judged = pl.col("due").is_not_null() & (pl.col("answered").is_not_null() | (pl.col("due") < material.now))
    in_time = judged & (pl.col("answered") <= pl.col("due"))
    has_work = bool(material.settings.activities)
    counted = rows.group_by("owner").agg(
        pl.len().cast(pl.Int64).alias("assigned"),
        pl.col("answered").count().cast(pl.Int64).alias("answered"),
        *spread("hours", days_between("at", "answered") * 24),
        judged.sum().cast(pl.Int64).alias("judged"),
        in_time.fill_null(value=False).sum().cast(pl.Int64).alias("in_time"),
    )
    counted = (
        counted.with_columns(
            pl.lit(rows.height, dtype=pl.Int64).alias("n"),
        )
        .with_columns(
            ratio("assigned", "n").alias("share"),
            ratio("answered", "assigned").alias("answered_share"),
            ratio("in_time", "judged").alias("in_time_share"),
        )
        .sort(["assigned", "owner"], descending=[True, False])
    )
    columns = [
        Column("owner", "rep"),
        Column("assigned", "assignments", "count"),
        Column("n", "of", "count"),
        Column("share", "share", "share", of="n"),
    ]
    if has_work:
        columns += [
            Column("answered", "answered", "count"),
            Column("answered_share", "answered, share", "share", of="assigned"),
            Column("hours_n", "timed", "count"),
            Column("hours_q1", "hours, lower quartile", "hours", of="hours_n"),
            Column("hours_median", "hours, median", "hours", of="hours_n"),
            Column("hours_q3", "hours, upper quartile", "hours", of="hours_n"),
        ]
    if has_work and material.history is not None:
        columns += [
            Column("judged", "with a time to respond within", "count"),
            Column("in_time", "answered in time", "count"),
            Column("in_time_share", "in time, share", "share", of="judged"),
        ]
    since = (
        "the state's history of owners; a lead that came with its owner has it since it was created"
        if material.history is not None
        else "the leads' owner since they were created: there is no state"
    )
    notes = (
        f"From {since}. Hours are of the clock, from the assignment to our first activity before the lead changed hands.",
        "In time: by `respond within` of the rule that assigned it, in the rep's working hours; what is not yet due is not judged.",
    )
    return Table(
        "response",
        "Share and response per rep",
        tuple(columns),
        counted.select(c.name for c in columns),
        notes if material.history is not None else notes[:1],
        80,
    )


def queue_table(material: Material) -> Table | None:
    """How long the leads in each queue, and those without an owner, have waited."""
    owners = material.leads[OWNER].fill_null("(no owner)")
    since = material.leads[CREATED]
    if material.remembered is not None:
        since = pl.select(pl.coalesce(pl.lit(material.remembered["assigned_at"]), pl.lit(since))).to_series()
    rows = pl.DataFrame({"queue": owners, "since": since})
    rows = rows.filter(pl.col("queue").str.starts_with(QUEUE_PREFIX) | (pl.col("queue") == "(no owner)"))
    if rows.is_empty():
        return None
    counted = rows.group_by("queue").agg(
        pl.len().cast(pl.Int64).alias("leads"),
        *spread("days", days_between(pl.col("since"), material.now)),
        days_between(pl.col("since"), material.now).max().alias("days_most"),
    )
    counted = counted.with_columns(pl.col("queue").str.strip_prefix(QUEUE_PREFIX)).sort("queue")
    columns = (
        Column("queue", "queue"),
        Column("leads", "leads", "count"),
        Column("days_n", "timed", "count"),
        Column("days_q1", "days waiting, lower quartile", "days", of="days_n"),
        Column("days_median", "days, median", "days", of="days_n"),
        Column("days_q3", "days, upper quartile", "days", of="days_n"),
        Column("days_most", "longest, days", "days", of="days_n"),
    )
    notes = ("Since the lead came to the queue, where a state knows it, else since it was created.",)
    return Table("queues", "Queues and how long leads wait", columns, counted.select(c.name for c in columns), notes)
