"""`report --against`: an older export, the folder of a run, and what is neither."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.suites.running import EXAMPLES, leadrules


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example company's leads of the first and the second half; in the second a source bears a new name."""
    folder = tmp_path_factory.mktemp("drift")
    with (EXAMPLES / "acme/leads.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = list(csv.reader(file))
    source = head.index("Lead Source")
    rows = [row for row in rows if len(row) == len(head)]
    half = len(rows) // 2
    for row in rows[half:]:
        row[source] = row[source].replace("Trade Show", "Tradeshow")
    for name, part in (("old.csv", rows[:half]), ("new.csv", rows[half:])):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *part])
    return folder


def drift(*options: str | Path) -> dict[str, Any]:
    done = leadrules("report", "--project", EXAMPLES / "acme", "--no-state", "--format", "json", "-o", "-", *options)
    assert done.exit_code == 0, done.output
    section: dict[str, Any] = json.loads(done.stdout)["sections"][0]
    assert section["name"] == "drift"
    return section


def test_a_renamed_source(exports: Path) -> None:
    section = drift("--leads", exports / "new.csv", "--against", exports / "old.csv")
    assert section["findings"][0].startswith("`lead_source`: `Trade Show` is gone")
    assert section["findings"][0].endswith("perhaps it is `Tradeshow` now")
    assert [one["figure"] for one in section["missing"]] == []


def test_the_same_export_has_not_moved(exports: Path) -> None:
    options = ("--leads", exports / "old.csv", "--as-of", "2026-10-30")
    events = EXAMPLES / "acme/events/*"
    section = drift(*options, "--against", exports / "old.csv", "--against-events", events)
    values = [table for table in section["tables"] if table["name"] == "drift_values"]
    assert values == []


def test_a_run(tmp_path: Path) -> None:
    project = tmp_path / "acme"
    shutil.copytree(EXAMPLES / "acme", project)
    assert leadrules("run", "--project", project, "--no-state", "--out", tmp_path / "out", "--quiet").exit_code == 0
    section = drift("--against", tmp_path / "out")
    assert section["findings"] == ["nothing moved beyond chance"]
    assert [one["figure"] for one in section["missing"]] == ["Drift of the inputs"]


def test_what_is_neither(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    for against, words in (
        (tmp_path, "is no folder of a run"),
        (missing, f"--against {missing}: there is no such file"),
    ):
        done = leadrules("report", "--project", EXAMPLES / "acme", "--no-state", "--against", against)
        assert done.exit_code == 2
        assert words in done.output


def test_older_events_without_older_leads() -> None:
    done = leadrules("report", "--project", EXAMPLES / "acme", "--no-state", "--against-events", "events.csv")
    assert done.exit_code == 2
    assert "--against LEADS.csv" in done.output
