"""What every report must keep to, whatever it is made of: numbers or n/a, each share beside its denominator."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.suites.running import leadrules

# Differences and returns may lie below 0 and above 1; every other share is of a part and its whole.
SIGNED = re.compile(
    r"roi|change|deviation|difference|opt_in|sales_conversion|event_conversion|^actual$|^low$|^high$|goal_"
)


def report_of(project: Path, *options: str) -> dict[str, Any]:
    """The report as JSON, which keeps to all of it; the page and the CSV files are made, too."""
    done = leadrules("report", "--project", project, "--format", "json", "-q", *options)
    assert done.exit_code == 0, done.output
    document: dict[str, Any] = json.loads(done.stdout, parse_constant=refused)
    for section in document["sections"]:
        for table in section["tables"]:
            check(table)
        for words in section["findings"]:
            assert not re.search(r"\b(nan|inf|None)\b", words), words
    page = leadrules("report", "--project", project, "-q", "-o", "-", *options)
    assert page.exit_code == 0, page.output
    assert not re.search(r">\s*(nan|-?inf|None|NaT)\b[^<]*<", page.stdout)
    assert not re.search(r'"(nan|-?inf)[" ]', page.stdout)
    return document


def refused(constant: str) -> float:
    """JSON has no NaN and no infinity."""
    raise AssertionError(constant)


def check(table: dict[str, Any]) -> None:
    """Each figure with a denominator has one that is not 0, or is n/a; every number is a number."""
    columns = {column["name"]: column for column in table["columns"]}
    for column in columns.values():
        assert column["unit"] not in ("share", "ratio", "days") or column["of"] in columns, (table["name"], column)
    for row in cells(table):
        for name, value in row.items():
            where = (table["name"], name, row)
            assert not isinstance(value, float) or math.isfinite(value), where
            of = columns[name]["of"]
            if of is None or value is None:
                continue
            assert row[of], where
            if columns[name]["unit"] == "share" and not SIGNED.search(name) and not table["name"].startswith("goal_"):
                assert -1e-9 <= value <= 1 + 1e-9, where


def cells(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows by column."""
    names = [column["name"] for column in table["columns"]]
    return (dict(zip(names, row, strict=True)) for row in table["rows"])
