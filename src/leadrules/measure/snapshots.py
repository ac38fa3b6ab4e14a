"""Leads at one time, as drift looks at them: how many each rule fired for, what labels, values and events they had.

In: the material of a report, or the files of a run. Out: `Snapshot`. Compares nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

import polars as pl

from leadrules.core.records import dataclass
from leadrules.measure.material import ROW, Material
from leadrules.ruleset.model import Band, Classify, Matrix, Ruleset, Segment, Stages

MOST_VALUES = 500
FEW_LEADS = 20  # of so few each may differ in every field
SEGMENTS = "segments"
LABELLED = (Band, Classify, Matrix, Stages)
DECIDED = ("route.", "trigger.", "sequence.")  # a report decides nothing, so these have no share now
Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Leads at one time. `fired` and `labels` count leads per rule and per definition's label; `values` per field and value,
    `blank` and `numbers` per field; `events` leads per type. `fields` is false where only a run's files are at hand."""

    name: str
    leads: int
    fired: Counts
    labels: Mapping[str, Counts]
    fields: bool = True
    values: Mapping[str, Counts] = field(default_factory=dict)
    blank: Counts = field(default_factory=dict)
    numbers: Mapping[str, pl.Series] = field(default_factory=dict)
    events: Counts = field(default_factory=dict)


def snapshot_of(material: Material, name: str) -> Snapshot:
    """The leads and events that a report is made of."""
    own = {f.name for f in material.project.lead_schema.fields} - {material.project.key}
    columns = [column for column in material.leads.get_columns() if column.name in own]
    values = {column.name: found for column in columns if (found := _counted(column)) is not None}
    values |= _event_values(material.events)
    return Snapshot(
        name=name,
        leads=material.height,
        fired=dict(material.facts.fired()),
        labels=_labels(material),
        values=values,
        blank={column.name: _blanks(column) for column in columns},
        numbers={c.name: c.drop_nulls().cast(pl.Float64) for c in columns if c.dtype.is_numeric()},
        events=_per_type(material.events),
    )


def _blanks(column: pl.Series) -> int:
    return (
        column.null_count()
        if not isinstance(column.dtype, pl.List)
        else int(column.list.len().fill_null(0).eq(0).sum())
    )


def _counted(column: pl.Series) -> Counts | None:
    """Leads per value; None for numbers, times, and what is different for nearly every lead."""
    if isinstance(column.dtype, pl.List):
        column = column.explode(empty_as_null=True)
    if column.dtype.is_numeric() or column.dtype.is_temporal():
        return None
    known = column.drop_nulls().cast(pl.String)
    if known.n_unique() > MOST_VALUES or known.n_unique() * 2 > max(known.len(), 1) > FEW_LEADS:
        return None
    return _counts(known)


def _counts(known: pl.Series) -> Counts:
    counts = known.alias("value").value_counts()
    return dict(zip(counts["value"].to_list(), counts["count"].to_list(), strict=True))


def _event_values(events: pl.DataFrame) -> dict[str, Counts]:
    """Leads per value of each text field of events, as `type.field`."""
    found: dict[str, Counts] = {}
    for column in (name for name in events.columns if name.endswith(":text")):
        used = events.select(ROW, pl.col("type").cast(pl.String), pl.col(column).cast(pl.String).alias("value"))
        used = used.drop_nulls("value").unique()
        for (kind,), part in used.group_by("type"):
            counted = _counted(part["value"])
            if counted is not None:
                found[f"{kind}.{column.removesuffix(':text')}"] = counted
    return dict(sorted(found.items()))


def _per_type(events: pl.DataFrame) -> Counts:
    counts = events.select(ROW, pl.col("type").cast(pl.String)).unique()["type"].value_counts().sort("type")
    return dict(zip(counts["type"].to_list(), counts["count"].to_list(), strict=True))


def _labels(material: Material) -> dict[str, Counts]:
    frame = material.facts.frame
    found: dict[str, Counts] = {}
    for definition in material.ruleset.declared:
        if isinstance(definition, Segment):
            found.setdefault(SEGMENTS, {})[definition.name] = int(frame[definition.name].sum() or 0)
        elif isinstance(definition, LABELLED):
            found[definition.name] = _counts(frame[definition.name].drop_nulls().cast(pl.String))
    return found


def snapshot_of_run(manifest: Mapping[str, object], decisions: pl.DataFrame, name: str, ruleset: Ruleset) -> Snapshot:
    """The leads of an earlier run, by its files: its score rules, and the labels that the rules of today have too."""
    counts = manifest["counts"]
    assert isinstance(counts, Mapping)
    known = [definition.name for definition in ruleset.declared if isinstance(definition, LABELLED)]
    known += [SEGMENTS] if any(isinstance(definition, Segment) for definition in ruleset.declared) else []
    if not decisions.columns:
        # Without a lead no label was given, and nothing says that the rules were others.
        decisions = pl.DataFrame(schema=dict.fromkeys(known, pl.String()))
    labels: dict[str, Counts] = {}
    for column in decisions.select(one for one in decisions.columns if one in known or one == SEGMENTS).get_columns():
        text = column.cast(pl.String)
        values = text.str.split(";").explode(empty_as_null=True) if column.name == SEGMENTS else text
        found = _counts(values.replace("", None).drop_nulls())
        # A run writes the column of segments also where its rules have none.
        if found or column.name in known:
            labels[column.name] = found
    fired = {rule: count for rule, count in counts["fired"].items() if not rule.startswith(DECIDED)}
    return Snapshot(name, decisions.height, fired, labels, fields=False)


def read_run(folder: Path) -> tuple[Mapping[str, object], pl.DataFrame]:
    """The manifest and the decisions of a run's folder. Raises OSError, ValueError or PolarsError where it is none."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    counts = manifest.get("counts") if isinstance(manifest, dict) else None
    if not isinstance(counts, dict) or not isinstance(counts.get("fired"), dict):
        raise ValueError("its manifest does not count what fired")
    for name, read in (
        ("decisions.csv", read_csv),
        ("decisions.parquet", pl.read_parquet),
        ("decisions.jsonl", _read_lines),
    ):
        if (folder / name).exists():
            return manifest, read(folder / name)
    raise ValueError("it has no decisions")


def read_csv(path: Path) -> pl.DataFrame:
    """CSV, every cell as text; we write UTF-8, or cp932 where Excel is to open it."""
    try:
        return pl.read_csv(path, infer_schema=False)
    except pl.exceptions.ComputeError:
        return pl.read_csv(path, infer_schema=False, encoding="cp932")


def _read_lines(path: Path) -> pl.DataFrame:
    """JSON lines, every cell as text; a run of no leads wrote no line, and so no column either."""
    with path.open(encoding="utf-8") as file:
        names = json.loads(file.readline() or "{}")
    if not isinstance(names, dict):
        raise ValueError(f"{path.name} holds no objects")
    return pl.read_ndjson(path, schema=dict.fromkeys(names, pl.String())) if names else pl.DataFrame()
