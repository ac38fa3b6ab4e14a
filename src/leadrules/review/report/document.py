"""A report for other programs: JSON, and a folder of CSV files with one per table.

In: a `Report`. Out: a document (docs/schemas/report.schema.json), or files and what their encoding cannot hold. Shares are 0 to 1; a null with a denominator of
0 is a figure that does not exist ("n/a" in the CSV), any other null is blank.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from leadrules.measure.model import Chart, Column, Missing, Report, Section, Table
from leadrules.measure.names import file_name
from leadrules.measure.snapshots import read_csv
from leadrules.show.machine import FORMAT_VERSION

if TYPE_CHECKING:
    from leadrules.data.write import Encoding, Lost

NOT_THERE = "n/a"
LISTED = "tables.csv"
DIGITS = 6


def report_document(report: Report) -> dict[str, Any]:
    """Everything, as JSON has it."""
    zone = report.provenance.timezone
    return {
        "format_version": FORMAT_VERSION,
        **read_document(report),
        "currency": report.currency,
        "sections": [section_document(section, zone) for section in report.sections],
    }


def read_document(report: Report) -> dict[str, Any]:
    """What it was made of."""
    made = report.provenance
    return {
        "project": made.project,
        "as_of": made.as_of.astimezone(ZoneInfo(made.timezone)).isoformat(),
        "read": {
            "rules": {"sha256": made.rules, "files": list(made.rule_files)},
            "inputs": [{"path": path, "sha256": sha256} for path, sha256 in made.inputs],
            "counts": {name.replace(" ", "_"): count for name, count in made.counts},
            "state": made.state,
            "meanings": [{"what": what, "is": words} for what, words in made.meanings],
        },
    }


def section_document(section: Section, zone: str) -> dict[str, Any]:
    """One section."""
    return {
        "name": section.name,
        "title": section.title,
        "findings": list(section.findings),
        "tables": [table_document(table, zone) for table in section.tables],
        "charts": [_chart(chart) for chart in section.charts],
        "missing": [missing_document(one) for one in section.missing],
    }


def table_document(table: Table, zone: str) -> dict[str, Any]:
    """One table: its columns with units and denominators, its rows in the order of the columns."""
    return {
        "name": table.name,
        "title": table.title,
        "columns": [{"name": c.name, "title": c.title, "unit": c.unit, "of": c.of} for c in table.columns],
        "rows": [[_value(value, zone) for value in row] for row in rounded(table).iter_rows()],
        "notes": list(table.notes),
    }


def rounded(table: Table) -> pl.DataFrame:
    """The rows with floats to six decimals: no more is known of them."""
    return table.frame.with_columns(pl.selectors.float().round(DIGITS))


def missing_document(missing: Missing) -> dict[str, str]:
    """What is left out, and why."""
    return {"figure": missing.figure, "reason": missing.reason, "help": missing.help}


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "name": chart.name,
        "title": chart.title,
        "table": chart.table,
        "kind": chart.kind,
        "label": chart.label,
        "values": list(chart.values),
        "low": chart.low,
        "high": chart.high,
        "series": chart.series,
        "line": chart.line,
    }


def _value(value: Any, zone: str) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


# -- CSV ------------------------------------------------------------------------------------------------------------


def files_touched(report: Report, folder: Path) -> list[Path]:
    """The files that `write_tables` writes or takes away."""
    names = [LISTED, *map(_file_of, report.tables), *_earlier(folder / LISTED)]
    return [folder / name for name in names]


def write_tables(report: Report, folder: Path, encoding: Encoding = "utf-8") -> tuple[Lost, ...]:
    """One CSV per table; returns what the encoding could not hold. Tables of an earlier report that this one has not are
    taken away."""
    from leadrules.data.write import write_csv

    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / LISTED
    for name in _earlier(listed):
        (folder / name).unlink(missing_ok=True)
    zone = report.provenance.timezone
    lost: list[Lost] = []
    index = []
    for section in report.sections:
        for table in section.tables:
            name = _file_of(table)
            lost += write_csv(_with_not_there(table), folder / name, zone=zone, encoding=encoding)
            index += [(name, section.title, table.title, c.name, c.title, c.unit, c.of or "") for c in table.columns]
    schema = ["file", "section", "table", "column", "title", "unit", "denominator"]
    tables = pl.DataFrame(index, schema=dict.fromkeys(schema, pl.String()), orient="row")
    lost += write_csv(tables, listed, zone=zone, encoding=encoding)
    return tuple(lost)


def _file_of(table: Table) -> str:
    return f"{file_name(table.name)}.csv"


def _earlier(listed: Path) -> list[str]:
    """The files that an earlier report says it wrote here; a plain name each."""
    if not listed.is_file():
        return []
    try:
        names = read_csv(listed)["file"].unique().to_list()
    except (pl.exceptions.PolarsError, OSError):
        return []
    return [name for name in names if name and "/" not in name and "\\" not in name and name.endswith(".csv")]


def _with_not_there(table: Table) -> pl.DataFrame:
    """As text where a figure does not exist, so that nobody reads a blank as zero."""
    frame = rounded(table)
    changed = [
        _not_there(column, frame)
        for column in table.columns
        if column.of is not None and frame[column.name].null_count()
    ]
    return frame.with_columns(changed)


def _not_there(column: Column, frame: pl.DataFrame) -> pl.Series:
    from leadrules.core.text import number_text

    texts = [NOT_THERE if value is None else number_text(value) for value in frame[column.name].to_list()]
    return pl.Series(column.name, texts, dtype=pl.String)
