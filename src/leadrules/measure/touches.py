"""How many touches it took: the conversions by the number of touches before them, of all leads and of each sequence.

In: the material. Out: one table. A touch is an activity of ours; a conversion is the first meeting, deal or contact of a
lead, or of an enrolment in a sequence. The question behind it: which share came only after the fifth touch.
"""

from __future__ import annotations

import polars as pl

from leadrules.measure.figures import ratio
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Section, Table, without_work
from leadrules.measure.nouns import noun
from leadrules.show.tables import percent

MANY = 15  # and more
PATIENCE = 5
ALL = "(all leads)"
OUTCOMES = ("contact", "reply", "connect", "meeting", "opportunity", "won")
DRAWN = ("contact", "meeting", "opportunity", "won")
NO_ACTIVITY = without_work("Touches")


def touch_section(material: Material) -> Section:
    """Conversions by touch number."""
    if not material.settings.activities:
        return Section("touches", "Touches", missing=(NO_ACTIVITY,))
    found = [part for outcome in OUTCOMES for part in _of_outcome(material, outcome)]
    if not found:
        return Section("touches", "Touches")
    table = _table(pl.concat(found), touched(material))
    patience, wide = _patience(table.frame), _wide(table)
    chart = Chart(
        "touches",
        "Conversions by the number of touches before them, all leads",
        "touches_all",
        "columns",
        "touch",
        tuple(column.name for column in wide.columns if column.name in DRAWN),
    )
    words = tuple(
        f"{percent(row['share'])} of {row['n']:,} first {noun(row['outcome'])} came after the fifth touch."
        for row in patience.frame.filter(pl.col("sequence") == ALL).to_dicts()
    )
    return Section("touches", "How many touches it took", (patience, wide, table), (chart,), words)


def _of_outcome(material: Material, outcome: str) -> list[pl.DataFrame]:
    """outcome, sequence, touch (how many before the conversion), conversions."""
    first = material.rate_moments(outcome).group_by(ROW).agg(pl.col("at").min().alias("hit"))
    if first.is_empty():
        return []
    whole = _before(first, material.activities.select(ROW, pl.col("at").alias("done"))).with_columns(
        pl.lit(ALL).alias("sequence")
    )
    parts = [whole.select("sequence", "touches")]
    if material.enrolments.height:
        parts.append(enrolment_touches(material, outcome).select("sequence", "touches"))
    counted = (
        pl.concat(parts)
        .group_by("sequence", touch=pl.col("touches").clip(None, MANY))
        .agg(pl.len().cast(pl.Int64).alias("conversions"))
    )
    return [counted.with_columns(pl.lit(outcome).alias("outcome"), pl.col("touch").cast(pl.Int64))]


def _before(hits: pl.DataFrame, touches: pl.DataFrame) -> pl.DataFrame:
    """lead_row, touches: how many there were up to the conversion."""
    both = hits.join(touches, on=ROW, how="left")
    return both.group_by(ROW).agg((pl.col("done") <= pl.col("hit")).sum().cast(pl.Int64).alias("touches"))


def enrolment_touches(material: Material, outcome: str) -> pl.DataFrame:
    """Per enrolment with this outcome: sequence, enrolment, hit, touches before it within the enrolment."""
    hits = first_hits(material, outcome)
    work = material.activities.select(ROW, pl.col("at").alias("done"))
    both = hits.join(work, on=ROW, how="left")
    counts = (pl.col("done") >= pl.col("begun")) & (pl.col("done") <= pl.col("hit"))
    return both.group_by("sequence", "enrolment").agg(
        pl.col("hit").first(), counts.sum().cast(pl.Int64).alias("touches")
    )


def first_hits(material: Material, outcome: str) -> pl.DataFrame:
    """The first moment of an outcome within each enrolment's time: the enrolment's columns and `hit`."""
    moments = material.rate_moments(outcome).rename({"at": "hit"})
    found = material.enrolments.join(moments, on=ROW)
    found = found.filter(pl.col("hit") >= pl.col("begun"), pl.col("hit") <= pl.col("until"))
    return found.sort("enrolment", "hit").unique("enrolment", keep="first", maintain_order=True)


# -- tables ---------------------------------------------------------------------------------------------------------


def touched(material: Material) -> pl.DataFrame:
    """sequence, touch, touched: how many leads, or enrolments of a sequence, had so many touches at least."""
    work = material.activities.select(ROW, pl.col("at").alias("done"))
    inside = (pl.col("done") >= pl.col("begun")) & (pl.col("done") <= pl.col("until"))
    leads = pl.DataFrame({ROW: material.rows}).join(work.group_by(ROW).agg(pl.len().alias("n")), on=ROW, how="left")
    parts = [leads.select(pl.lit(ALL).alias("sequence"), pl.col("n").fill_null(0).cast(pl.Int64))]
    if material.enrolments.height:
        each = material.enrolments.join(work, on=ROW, how="left").group_by("sequence", "enrolment")
        parts.append(each.agg(inside.sum().cast(pl.Int64).alias("n")).select("sequence", "n"))
    numbers = pl.DataFrame({"touch": range(MANY + 1)}, schema={"touch": pl.Int64})
    reached = pl.concat(parts).join(numbers, how="cross").filter(pl.col("n") >= pl.col("touch"))
    return reached.group_by("sequence", "touch").agg(pl.len().cast(pl.Int64).alias("touched"))


def _table(counted: pl.DataFrame, reached: pl.DataFrame) -> Table:
    n = pl.col("conversions").sum().over("outcome", "sequence").alias("n")
    rows = counted.sort("outcome", "sequence", "touch").with_columns(n)
    rows = rows.join(reached, on=["sequence", "touch"], how="left", maintain_order="left")
    rows = rows.with_columns(
        ratio("conversions", "touched").alias("rate"),
        ratio("conversions", "n").alias("share"),
        ratio(pl.col("conversions").cum_sum().over("outcome", "sequence"), "n").alias("so_far"),
    )
    columns = (
        Column("outcome", "outcome"),
        Column("sequence", "sequence"),
        Column("touch", "touches before it", "count"),
        Column("conversions", "conversions", "count"),
        Column("touched", "had so many touches", "count"),
        Column("rate", "rate", "share", of="touched"),
        Column("n", "all conversions", "count"),
        Column("share", "share", "share", of="n"),
        Column("so_far", "up to here", "share", of="n"),
    )
    notes = (
        f"{MANY} means {MANY} or more. Touches of all leads are counted from the first activity ever, those of a sequence from the enrolment.",
        "Rate: of the leads, or enrolments, that had so many touches at least, those whose conversion came after just so many.",
    )
    return Table("touches", "Conversions by touch number", columns, rows.select(c.name for c in columns), notes, 40)


def _patience(rows: pl.DataFrame) -> Table:
    late = rows.group_by("outcome", "sequence", maintain_order=True).agg(
        pl.col("conversions").sum().alias("n"),
        pl.col("conversions").filter(pl.col("touch") > PATIENCE).sum().alias("late"),
    )
    late = late.with_columns(ratio("late", "n").alias("share"))
    columns = (
        Column("outcome", "outcome"),
        Column("sequence", "sequence"),
        Column("n", "conversions", "count"),
        Column("late", "after the fifth touch", "count"),
        Column("share", "share", "share", of="n"),
    )
    return Table(
        "after_fifth_touch",
        "Conversions after the fifth touch",
        columns,
        late.select(c.name for c in columns),
        ("More than five touches stand before it.",),
    )


def _wide(table: Table) -> Table:
    """All leads: a row per touch number, a column per outcome; what the chart shows."""
    rows = table.frame.filter(pl.col("sequence") == ALL)
    outcomes = [one for one in OUTCOMES if one in set(rows["outcome"])]
    most = int(rows.select(pl.col("touch").max().fill_null(0)).item())
    frame = pl.DataFrame({"number": range(most + 1)}, schema={"number": pl.Int64})
    for one in outcomes:
        part = rows.filter(pl.col("outcome") == one).select(number="touch", **{one: pl.col("conversions")})
        frame = frame.join(part, on="number", how="left").with_columns(pl.col(one).fill_null(0))
    names = [f"{n}+" if n == MANY else str(n) for n in frame["number"]]
    frame = frame.with_columns(pl.Series("touch", names, dtype=pl.String)).select("touch", *outcomes)
    columns = (Column("touch", "touches before it"), *(Column(one, one, "count") for one in outcomes))
    return Table("touches_all", "Conversions by touch number, all leads", columns, frame)
