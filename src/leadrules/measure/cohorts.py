"""What happened in a period, beside what became of those who began in it.

In: the moments of a funnel. Out: a table per kind of period with both views in one row, and what each month's cohort had
become by months since. A lead of April that books in May is April's cohort and May's booking, never "0 leads, 1 booking".
Cohorts that are too young to judge are marked and left out of every average.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from leadrules.measure.figures import ratio
from leadrules.measure.funnel import Reached
from leadrules.measure.material import Material
from leadrules.measure.model import Chart, Column, Section, Table
from leadrules.measure.periods import end_of, first_day, label, month_number, period_number
from leadrules.show.tables import percent

LONGEST_AGE = 24


def cohort_section(material: Material, found: Reached) -> Section:
    """Both views by each kind of period, and the cohorts by age."""
    numbered = _days(material, found)
    if numbered.is_empty():
        return Section("", "")
    tables = [period_table(material, found, numbered, period) for period in material.settings.periods]
    charts = [_chart(found, tables[0])] if tables else []
    ages = ages_table(material, found, numbered)
    heat = Chart(
        f"ages_{found.funnel.name}",
        f"{_title(found)}: share that reached {found.title(len(found.steps) - 1)}, by months since",
        ages.name,
        "heat",
        "cohort",
        ("share",),
        series="age",
    )
    return Section(
        f"cohorts_{found.funnel.name}",
        f"Periods and cohorts: {_title(found)}",
        (*tables, ages),
        (*charts, heat),
        _findings(found, tables),
    )


def _title(found: Reached) -> str:
    return found.funnel.title or found.funnel.name


def _chart(found: Reached, table: Table) -> Chart:
    last = len(found.steps) - 1
    title = f"{_title(found)}: {found.title(last)} in the period, and of those who began in it"
    return Chart(table.name, title, table.name, "columns", "period", (f"event_{last}", f"cohort_{last}"))


def _days(material: Material, found: Reached) -> pl.DataFrame:
    """The local day of each step of each lead."""
    steps = [f"s{i}" for i in found.steps]
    days = pl.DataFrame([material.days(found.frame[name]).alias(name) for name in steps])
    return days.filter(pl.any_horizontal(pl.all().is_not_null()))


# -- both views -----------------------------------------------------------------------------------------------------


def period_table(material: Material, found: Reached, days: pl.DataFrame, period: str) -> Table:
    """A row per period: what happened in it, and what the leads that began in it have reached by now."""
    starts = material.settings.fiscal_year_starts
    numbers = days.select(period_number(pl.col(f"s{i}"), period, starts).alias(f"s{i}") for i in found.steps)
    first, last = _range(numbers)
    rows = pl.DataFrame({"number": range(first, last + 1)}, schema={"number": pl.Int32})
    for i in found.steps:
        happened = numbers.group_by(number=pl.col(f"s{i}")).agg(pl.len().cast(pl.Int64).alias(f"event_{i}"))
        rows = rows.join(happened, on="number", how="left")
    became = numbers.filter(pl.col("s0").is_not_null()).group_by(number=pl.col("s0"))
    cohorts = became.agg(pl.col(f"s{i}").count().cast(pl.Int64).alias(f"cohort_{i}") for i in found.steps)
    rows = rows.join(cohorts, on="number", how="left").fill_null(0).sort("number")
    ends = [end_of(int(number), period, material.calendar, starts) for number in rows["number"]]
    over = pl.Series("is_over", [end <= material.as_of for end in ends])
    ripe = pl.Series("is_ripe", [_ripe(material, end) for end in ends])
    names = pl.Series("period", [label(int(number), period) for number in rows["number"]], dtype=pl.String)
    n = len(found.steps) - 1
    rows = rows.with_columns(
        names,
        over,
        ripe,
        ratio(f"event_{n}", "event_0").alias("event_conversion"),
        ratio(f"cohort_{n}", "cohort_0").alias("cohort_conversion"),
    )
    columns = _columns(found, period)
    return Table(
        f"periods_{found.funnel.name}_{period}",
        f"{_title(found)} by {period.replace('_', ' ')}: in the period, and by cohort",
        columns,
        rows.select(column.name for column in columns),
        _notes(material, rows, period),
        36,
    )


def _ripe(material: Material, end: datetime) -> bool:
    """Whether a cohort is old enough to be judged."""
    count, unit = material.settings.cohort_matures
    ripe = material.calendar.shift(end, count, unit)
    return isinstance(ripe, datetime) and ripe <= material.as_of


def _range(numbers: pl.DataFrame) -> tuple[int, int]:
    low = numbers.select(pl.min_horizontal(pl.all().min())).item()
    high = numbers.select(pl.max_horizontal(pl.all().max())).item()
    return int(low), int(high)


def _columns(found: Reached, period: str) -> tuple[Column, ...]:
    in_it = [Column(f"event_{i}", f"in it: {found.title(i)}", "count") for i in found.steps]
    of_it = [Column(f"cohort_{i}", f"cohort: {found.title(i)}", "count") for i in found.steps]
    return (
        Column("period", period.replace("_", " ")),
        Column("is_over", "over", "flag"),
        *in_it,
        Column("event_conversion", "in it: last / first", "share", of="event_0"),
        *of_it,
        Column("cohort_conversion", "cohort: reached the last", "share", of="cohort_0"),
        Column("is_ripe", "old enough to judge", "flag"),
    )


def _notes(material: Material, rows: pl.DataFrame, period: str) -> tuple[str, ...]:
    count, unit = material.settings.cohort_matures
    ripe = rows.filter("is_ripe")
    converted = [name for name in rows.columns if name.startswith("cohort_") and name != "cohort_conversion"][-1]
    leads, won = int(ripe["cohort_0"].sum()), int(ripe[converted].sum())
    average = f"{percent(won / leads)} of {leads:,} leads" if leads else "n/a"
    notes = [
        "In it: moments that lie in the period, whenever the lead began. Cohort: the leads that began in it, and what they have reached by now.",
        (
            f"Too young to judge is a cohort whose period ended less than {count} {unit} ago ({rows.height - ripe.height} here); "
            f"the average of the others: {average}."
        ),
    ]
    if period == "fiscal_year":
        notes.append("A fiscal year bears the year in which it starts.")
    return tuple(notes)


def _findings(found: Reached, tables: list[Table]) -> tuple[str, ...]:
    if not tables:
        return ()
    frame = tables[0].frame
    over = frame.filter("is_over")
    if over.height < 2:
        return ()
    n = len(found.steps) - 1
    now, before = over.row(-1, named=True), over.row(-2, named=True)
    return (
        (
            f"{now['period']}: {now['event_0']:,} {found.title(0)}, {now[f'event_{n}']:,} {found.title(n)}; "
            f"{before['period']}: {before['event_0']:,} and {before[f'event_{n}']:,}."
        ),
    )


# -- by age ---------------------------------------------------------------------------------------------------------


def ages_table(material: Material, found: Reached, days: pl.DataFrame) -> Table:
    """For each month's cohort, and months since: how many had reached the last step. Months that are not over are not there."""
    began = days.filter(pl.col("s0").is_not_null()).select(
        cohort=month_number(pl.col("s0")), age=month_number(pl.col(found.last)) - month_number(pl.col("s0"))
    )
    sizes = began.group_by("cohort").agg(pl.len().cast(pl.Int64).alias("n")).sort("cohort")
    reached = began.filter(pl.col("age").is_not_null()).with_columns(pl.col("age").clip(0, None))
    reached = reached.group_by("cohort", "age").agg(pl.len().cast(pl.Int64).alias("reached"))
    grid = _grid(material, sizes).join(reached, on=["cohort", "age"], how="left").sort("cohort", "age")
    grid = grid.with_columns(pl.col("reached").fill_null(0).cum_sum().over("cohort"))
    rows = pl.concat([_named(grid), _pooled(grid)]).with_columns(ratio("reached", "n").alias("share"))
    columns = (
        Column("cohort", "began in"),
        Column("n", "leads", "count"),
        Column("age", "months since", "number"),
        Column("reached", f"reached {found.title(len(found.steps) - 1)}", "count"),
        Column("share", "share", "share", of="n"),
    )
    notes = (
        "Months since 0 is the month in which they began. Only months that are over are there; `all` takes at each age only the cohorts that are that old.",
    )
    return Table(
        f"cohorts_{found.funnel.name}",
        f"{_title(found)}: cohorts by months since",
        columns,
        rows.select(c.name for c in columns),
        notes,
        120,
    )


def _grid(material: Material, sizes: pl.DataFrame) -> pl.DataFrame:
    """Every cohort at every age that it has had the time for."""
    this_month = material.calendar.day_of(material.as_of)
    now = this_month.year * 12 + this_month.month - 1
    over = now - (end_of(now, "month", material.calendar) > material.as_of)
    cells = [(cohort, n, age) for cohort, n in sizes.iter_rows() for age in range(min(over - cohort, LONGEST_AGE) + 1)]
    return pl.DataFrame(cells, schema={"cohort": pl.Int32, "n": pl.Int64, "age": pl.Int32}, orient="row")


def _named(grid: pl.DataFrame) -> pl.DataFrame:
    names = [f"{first_day(int(number), 'month'):%Y-%m}" for number in grid["cohort"]]
    return grid.with_columns(pl.Series("cohort", names, dtype=pl.String)).select("cohort", "n", "age", "reached")


def _pooled(grid: pl.DataFrame) -> pl.DataFrame:
    pooled = grid.group_by("age").agg(pl.col("n").sum(), pl.col("reached").sum()).sort("age")
    return pooled.select(pl.lit("all").alias("cohort"), "n", "age", "reached")
