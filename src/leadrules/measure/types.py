"""Leads by type (IQL, MQL, SQL, trial) per period: by when they became it, and what those that came in then are now.

In: the material. Out: tables per kind of period. When a lead became a type is told by the state's history, before the state's
first run and without a state by the events that the type's condition asks for. What neither can date is counted, not guessed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import reduce

import polars as pl

from leadrules.core.records import dataclass
from leadrules.measure.figures import ratio, words_of
from leadrules.measure.material import CREATED, OTHER, ROW, Material
from leadrules.measure.model import Chart, Column, Table
from leadrules.measure.names import apart
from leadrules.measure.periods import is_over, labelled, period_number
from leadrules.ruleset.model import Classify, Expr, Segment, Stages

ENTRIES = {ROW: pl.UInt32(), "type": pl.String(), "at": pl.Datetime("us", "UTC")}


@dataclass(frozen=True, slots=True)
class Types:
    """The types of lead, furthest first, and when each lead became each (lead_row, type, at). `source`: how that is known."""

    definition: Stages | Classify
    entries: pl.DataFrame
    source: str

    @property
    def labels(self) -> list[str]:
        """The types, furthest first."""
        return [label.name for label in self.definition.labels]


def types_of(material: Material) -> Types | None:
    """The types that the settings name; None where there are none."""
    definition = next((d for d in material.ruleset.declared if d.name == material.settings.type), None)
    if not isinstance(definition, Stages | Classify):
        return None
    dated = _by_conditions(material, definition)
    changes = material.changes("label", definition.name).filter(pl.col("new").is_not_null(), pl.col("new") != "")
    if changes.is_empty():
        return Types(definition, dated, "the events that the conditions ask for")
    begun = changes["as_of"].min()
    assert isinstance(begun, datetime)
    # What a first run finds was so before: only the events behind it say since when.
    seen = changes.filter(pl.col("as_of") > begun).select(ROW, pl.col("new").alias("type"), pl.col("as_of").alias("at"))
    both = pl.concat([dated.filter(pl.col("at") <= begun), seen.cast(ENTRIES)])  # type: ignore[arg-type]
    first = both.group_by(ROW, "type").agg(pl.col("at").min()).sort(ROW, "at")
    return Types(definition, first, "the state's history; before its first run, the events that the conditions ask for")


# -- when a condition came true -------------------------------------------------------------------------------------


def _by_conditions(material: Material, definition: Stages | Classify) -> pl.DataFrame:
    """A lead became a type at the moment of its condition, unless it was further by then."""
    created = pl.DataFrame({ROW: material.rows, "at": material.leads[CREATED]}).drop_nulls("at")
    parts: list[pl.DataFrame] = []
    further: pl.DataFrame | None = None
    for label in definition.labels:
        moments = created if label.condition is None else moment_of(material, label.condition)
        if moments is None:
            continue
        moments = moments.filter(pl.col("at") <= material.now)
        if further is not None:
            moments = moments.join(further, on=ROW, how="left")
            became = moments.filter(pl.col("further").is_null() | (pl.col("at") < pl.col("further"))).select(ROW, "at")
        else:
            became = moments
        parts.append(became.select(ROW, pl.lit(label.name).alias("type"), "at").cast(ENTRIES))  # type: ignore[arg-type]
        known = became.rename({"at": "further"})
        further = known if further is None else pl.concat([further, known]).group_by(ROW).agg(pl.col("further").min())
    return pl.concat([pl.DataFrame(schema=ENTRIES), *parts]).sort(ROW, "at")


def moment_of(material: Material, condition: Expr) -> pl.DataFrame | None:
    """lead_row, at: when a condition that asks for events first held; None where it asks for anything else.

    Of an `or`, the earliest of its parts that can be dated; of an `and`, the latest, if all can.
    """
    if condition.op == "did" and isinstance(condition.value, int):
        return _first_event(material, condition.value)
    if condition.op == "name":
        named = next((d for d in material.ruleset.definitions if d.name == condition.value), None)
        return moment_of(material, named.condition) if isinstance(named, Segment) else None
    if condition.op not in ("and", "or"):
        return None
    parts = [moment_of(material, part) for part in condition.args]
    known = [part for part in parts if part is not None]
    if not known or (condition.op == "and" and len(known) < len(parts)):
        return None
    if condition.op == "or":
        return pl.concat(known).group_by(ROW).agg(pl.col("at").min())
    return reduce(_later_of, known)


def _later_of(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    both = one.join(other.rename({"at": "other"}), on=ROW)
    return both.select(ROW, pl.max_horizontal("at", "other").alias("at"))


def _first_event(material: Material, number: int) -> pl.DataFrame | None:
    asked = material.ruleset.aggregates[number].filter
    if asked.since is not None:
        return None
    # `did E within 30 days` first held when E first happened.
    found = material.facts.matching(replace(asked, within=None, distinct=None))
    return found.group_by(pl.col(ROW).cast(pl.UInt32)).agg(pl.col("at").min())


# -- tables ---------------------------------------------------------------------------------------------------------


def became_table(material: Material, types: Types, period: str) -> Table:
    """How many leads became each type in each period."""
    starts = material.settings.fiscal_year_starts
    days = material.days(types.entries["at"])
    number = period_number(pl.col("day"), period, starts).alias("period")
    dated = types.entries.with_columns(days.alias("day")).with_columns(number)
    counts = [(pl.col("type") == one).sum().cast(pl.Int64).alias(f"became_{one}") for one in types.labels]
    rows = dated.group_by("period").agg(counts).sort("period")
    over = is_over(rows["period"].to_list(), period, material.calendar, material.as_of, starts)
    rows = labelled(rows.with_columns(pl.Series("is_over", over, dtype=pl.Boolean)), "period", period)
    words = period.replace("_", " ")
    columns = [Column("period", words), Column("is_over", "over", "flag")]
    columns += [Column(f"became_{one}", one, "count") for one in types.labels]
    notes = [f"From {types.source}. A lead counts once in each type, when it first became it."]
    undated = _undated(material, types)
    if undated:
        notes.append(f"In no period, as nothing says since when: {words_of(undated)}.")
    title = f"Leads that became each {types.definition.title or types.definition.name}, by {words}"
    return Table(f"became_{period}", title, tuple(columns), rows.select(c.name for c in columns), tuple(notes), 36)


def became_charts(types: Types, period: str) -> list[Chart]:
    """The types by period, but for the one that leads begin with; none where there is no other."""
    shown = [label.name for label in types.definition.labels if label.condition is not None]
    values = tuple(f"became_{one}" for one in shown[-4:])
    title = "Leads that became each type"
    return [Chart("became", title, f"became_{period}", "columns", "period", values)] if values else []


def _undated(material: Material, types: Types) -> list[str]:
    """The leads that are of a type now and have no moment for it, in words."""
    now = pl.DataFrame({ROW: material.rows, "type": material.group(types.definition.name)})
    without = now.join(types.entries, on=[ROW, "type"], how="anti")
    return [f"{count:,} that are {one} now" for one in types.labels if (count := (without["type"] == one).sum())]


def now_table(material: Material, types: Types, period: str) -> Table:
    """What the leads that came in during a period are now."""
    name, labels = types.definition.name, types.labels
    frame = material.leads.select(CREATED).with_columns(
        material.group(name).alias("type"), material.days(material.leads[CREATED]).alias("day")
    )
    number = period_number(pl.col("day"), period, material.settings.fiscal_year_starts).alias("period")
    called = dict(zip(labels, apart((f"type_{one}" for one in labels), ("type_none",)), strict=True))
    frame = frame.filter(pl.col(CREATED) <= material.now).with_columns(number)
    rows = frame.group_by("period").agg(
        pl.len().cast(pl.Int64).alias("leads"),
        *((pl.col("type") == one).sum().cast(pl.Int64).alias(called[one]) for one in labels),
        (pl.col("type") == OTHER).sum().cast(pl.Int64).alias("type_none"),
    )
    columns = [Column("period", period.replace("_", " ")), Column("leads", "leads created", "count")]
    columns += [Column(called[one], one, "count") for one in labels]
    columns.append(Column("type_none", "no type", "count"))
    columns += [Column(f"share_{one}", f"{one}, share", "share", of="leads") for one in labels]
    rows = labelled(rows, "period", period).with_columns(
        ratio(called[one], "leads").alias(f"share_{one}") for one in labels
    )
    title = f"Leads by {types.definition.title or name} now, by {period.replace('_', ' ')} of creation"
    notes = ("The type is the one that a lead has now.",)
    return Table(f"lead_types_{period}", title, tuple(columns), rows.select(c.name for c in columns), notes, 36)
