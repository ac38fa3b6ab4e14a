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


@pytest.mark.parametrize("leads", [0, 1, 300])
def test_a_run_in_each_format(tmp_path: Path, leads: int) -> None:
    """Of no leads, as where all were rejected, JSON lines hold no line; of many, a label may be blank in the first hundred."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (tmp_path / "leadrules.yaml").write_text("version: 1\nsources:\n  leads: {path: leads.csv}\n")
    (rules / "lead.schema.json").write_text(
        json.dumps({"properties": {"id": {"type": "string"}, "x": {"type": "number"}}})
    )
    (rules / "rules.lead").write_text(
        "segment big when x > 3\nclassify size { `大`: when x > 3 }\nscore s { one: +5 when x > 1 }\n"
    )
    lines = [f"k{n},{9 if n == leads - 1 else 0}" for n in range(leads)]
    (tmp_path / "leads.csv").write_text("\n".join(["id,x", *lines]) + "\n")
    found = []
    for form, encoding in (("csv", "utf-8"), ("csv", "cp932"), ("jsonl", "utf-8"), ("parquet", "utf-8")):
        options = ("--project", tmp_path, "--no-state", "--as-of", "2026-03-31", "-q")
        out = tmp_path / form / encoding
        assert leadrules("run", *options, "--output", form, "--encoding", encoding, "--out", out).exit_code == 0
        done = leadrules("report", *options, "--format", "json", "--against", out)
        assert done.exit_code == 0, done.output
        found.append(json.loads(done.stdout)["sections"][0])
    assert [one["figure"] for one in found[0]["missing"]] == ["Drift of the inputs"]
    ((of, name, before, before_of, *_),) = found[0]["tables"][0]["rows"]
    assert (of, name, before, before_of) == ("rule", "s.one", min(leads, 1), leads)
    for other in found[1:]:
        assert (other["tables"], other["missing"][0]["figure"]) == (found[0]["tables"], "Drift of the inputs")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("decisions.csv", text) for text in ("", 'id\n"a')),
        *(("decisions.jsonl", text) for text in ("{", '{"id": "a"}\n{', "[1]", "5")),
        *(("manifest.json", text) for text in ("", "[]", "{}", '{"counts": []}', '{"counts": {}}')),
        ("decisions.parquet", ""),
    ],
)
def test_a_run_whose_files_are_broken(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "manifest.json").write_text('{"counts": {"fired": {}}}')
    (tmp_path / name).write_text(text)
    done = leadrules("report", "--project", EXAMPLES / "acme", "--no-state", "--against", tmp_path)
    assert done.exit_code == 2
    assert f"{tmp_path} is no folder of a run: " in done.output


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
