"""Sequences: who was reached, what came of it, and what was done of what was due, against the project's benchmarks.

In: the material with the state's enrolments. Out: a row per sequence and per step. A contact is a human reply or a phone
connect; automatic answers and bounces are none. Outcomes count from the enrolment to the lead's next one. The k-th activity
on a channel is taken for the sequence's k-th step on that channel (coverage.py).
"""

from __future__ import annotations

import polars as pl

from leadrules.measure.coverage import known_of, step_rows, step_table, touches_of
from leadrules.measure.figures import ratio, wilson_high, wilson_low
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table, Unit
from leadrules.measure.settings import RATES
from leadrules.measure.touches import first_hits
from leadrules.show.tables import percent

NO_ENROLMENTS = Missing(
    "Sequences", "nothing says who was in which sequence", "keep a state: `leadrules run` remembers every enrolment"
)
ROLES = {"contact": ("reply", "connect"), "reply": ("reply",), "connect": ("connect",), "meeting": ("meeting",), "opportunity": ("opportunity",), "won": ("won",)}  # fmt: skip

TOUCHES = "touches"
FIGURES = {"coverage": ("coverage", "due"), TOUCHES: ("touches_per_enrolment", "enrolled")}
BENCHMARKS = {"sequence": pl.String, "figure": pl.String, "actual": pl.Float64, "n": pl.Int64, "benchmark": pl.Float64}


def sequence_section(material: Material) -> Section:
    """Each sequence, its steps, and its channels."""
    if not material.ruleset.sequences:
        return Section("sequences", "Sequences")
    if material.enrolments.is_empty():
        return Section("sequences", "Sequences", missing=(NO_ENROLMENTS,))
    rates = [name for name in RATES if any(material.settings.names(role) for role in ROLES[name])]
    missing = tuple(
        Missing(
            f"{name} rate of sequences",
            f"no event plays the part `{name}`",
            f"name it in leadrules.yaml: report: {{{name}: EVENT}}",
            is_event=True,
        )
        for name in RATES
        if name not in rates and name != "contact"
    )
    steps = step_rows(material, rates)
    rows = sequence_rows(material, rates, steps)
    tables = [sequence_table(rows, rates), *benchmark_tables(material, rows)]
    if steps.height:
        tables += [step_table(material, steps, rates), channel_table(material)]
    chart_rates = tuple(f"{name}_rate" for name in rates[:4])
    charts = (
        (Chart("sequences", "Rates per sequence", "sequences", "bars", "sequence", chart_rates),) if chart_rates else ()
    )
    return Section("sequences", "Sequences", tuple(tables), charts, _findings(material, rows, rates), missing)


def _findings(material: Material, rows: pl.DataFrame, rates: list[str]) -> tuple[str, ...]:
    words = []
    if "contact" in rates:
        best = rows.sort("contact_rate", descending=True, nulls_last=True).row(0, named=True)
        words.append(
            f"Highest contact rate: {best['sequence']}, {percent(best['contact_rate'])} of {best['enrolled']:,} enrolments."
        )
    left_out = material.happenings("reply").height - material.replies.height
    if left_out:
        words.append(f"{left_out:,} replies stand at the time of an automatic answer or a bounce and are no contact.")
    return tuple(words)


# -- per sequence ---------------------------------------------------------------------------------------------------


def sequence_rows(material: Material, rates: list[str], steps: pl.DataFrame) -> pl.DataFrame:
    """Enrolments, touches, rates with intervals, coverage."""
    rows = material.enrolments.group_by("sequence").agg(
        pl.len().cast(pl.Int64).alias("enrolled"),
        pl.col(ROW).n_unique().cast(pl.Int64).alias("leads"),
        pl.col("ended").is_null().sum().cast(pl.Int64).alias("still_in"),
    )
    touches = touches_of(material).group_by("sequence").agg(pl.len().cast(pl.Int64).alias("touches"))
    rows = rows.join(touches, on="sequence", how="left").with_columns(known_of(material, "touches"))
    rows = rows.with_columns(ratio("touches", "enrolled").alias("touches_per_enrolment"))
    for name in rates:
        hits = first_hits(material, name).group_by("sequence").agg(pl.len().cast(pl.Int64).alias(name))
        rows = rows.join(hits, on="sequence", how="left").with_columns(pl.col(name).fill_null(0))
        rows = rows.with_columns(
            ratio(name, "enrolled").alias(f"{name}_rate"),
            wilson_low(name, "enrolled").alias(f"{name}_low"),
            wilson_high(name, "enrolled").alias(f"{name}_high"),
        )
    covered = steps.group_by("sequence").agg(pl.col("due").sum(), pl.col("done").sum())
    rows = rows.join(covered, on="sequence", how="left").with_columns(
        pl.col("due").fill_null(0), known_of(material, "done")
    )
    return rows.with_columns(ratio("done", "due").alias("coverage")).sort(
        ["enrolled", "sequence"], descending=[True, False]
    )


def sequence_table(rows: pl.DataFrame, rates: list[str]) -> Table:
    """One row per sequence."""
    columns = [
        Column("sequence", "sequence"),
        Column("enrolled", "enrolments", "count"),
        Column("leads", "leads", "count"),
        Column("still_in", "still in it", "count"),
        Column("touches", "touches", "count"),
        Column("touches_per_enrolment", "per enrolment", "ratio", of="enrolled"),
    ]
    for name in rates:
        columns += [
            Column(name, name, "count"),
            Column(f"{name}_rate", f"{name} rate", "share", of="enrolled"),
            Column(f"{name}_low", "low", "share", of="enrolled"),
            Column(f"{name}_high", "high", "share", of="enrolled"),
        ]
    columns += [
        Column("due", "steps due", "count"),
        Column("done", "steps done", "count"),
        Column("coverage", "coverage", "share", of="due"),
    ]
    notes = (
        (
            "Rates are of enrolments, from the enrolment to the lead's next one. Contact: a human reply or a phone connect, "
            "without automatic answers and bounces. Low and high: Wilson's 95% interval."
        ),
        "Coverage: of the steps that came due and that nothing held back, those for which an activity on their channel is known.",
    )
    return Table("sequences", "Sequences", tuple(columns), rows.select(c.name for c in columns), notes)


def benchmark_tables(material: Material, rows: pl.DataFrame) -> list[Table]:
    """Each figure beside the project's benchmark: the shares, and the touches per enrolment."""
    found = [
        _against(rows, sequence, figure, mark)
        for sequence, marks in material.settings.benchmarks.items()
        for figure, mark in marks.items()
    ]
    frame = pl.DataFrame(found, schema=BENCHMARKS, orient="row").with_columns(
        (pl.col("actual") - pl.col("benchmark")).alias("difference"),
        (pl.col("actual") < pl.col("benchmark")).alias("is_below"),
    )
    is_touches = pl.col("figure") == TOUCHES
    parts: tuple[tuple[str, str, Unit, pl.DataFrame], ...] = (
        ("benchmarks", "Against the benchmarks", "share", frame.filter(~is_touches)),
        ("benchmark_touches", "Touches against the benchmarks", "ratio", frame.filter(is_touches)),
    )
    return [_benchmarks(name, title, unit, part) for name, title, unit, part in parts if part.height]


def _against(rows: pl.DataFrame, sequence: str, figure: str, mark: float) -> tuple[str, str, float | None, int, float]:
    column, of = FIGURES.get(figure, (f"{figure}_rate", "enrolled"))
    own = rows.filter(pl.col("sequence") == sequence)
    is_known = own.height > 0 and column in own.columns
    return sequence, figure, own[column][0] if is_known else None, own[of][0] if is_known else 0, mark


def _benchmarks(name: str, title: str, unit: Unit, frame: pl.DataFrame) -> Table:
    stated: Unit = "percent" if unit == "share" else "number"
    columns = (
        Column("sequence", "sequence"),
        Column("figure", "figure"),
        Column("actual", "actual", unit, of="n"),
        Column("n", "of", "count"),
        Column("benchmark", "benchmark", stated),
        Column("difference", "difference", stated),
        Column("is_below", "below it", "flag"),
    )
    return Table(name, title, columns, frame.select(c.name for c in columns))


def channel_table(material: Material) -> Table:
    """The channels that were used in each sequence."""
    rows = (
        touches_of(material)
        .group_by("sequence", "channel")
        .agg(
            pl.len().cast(pl.Int64).alias("touches"), pl.col("enrolment").n_unique().cast(pl.Int64).alias("enrolments")
        )
    )
    sizes = material.enrolments.group_by("sequence").agg(pl.len().cast(pl.Int64).alias("n"))
    rows = (
        rows.join(sizes, on="sequence")
        .with_columns(ratio("enrolments", "n").alias("share"))
        .sort("sequence", "channel")
    )
    columns = (
        Column("sequence", "sequence"),
        Column("channel", "channel"),
        Column("touches", "touches", "count"),
        Column("enrolments", "enrolments touched", "count"),
        Column("n", "of", "count"),
        Column("share", "share", "share", of="n"),
    )
    return Table("sequence_channels", "Channels used", columns, rows.select(c.name for c in columns))
