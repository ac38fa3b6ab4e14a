"""The `state` commands and the options of `run` that concern the state, as a user types them."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.stateful import write_leads, write_project

from leadrules.cli.main import cli

DAY = {"status": "New", "owner": "", "created_at": "2026-10-01T00:00"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path)
    write_leads(tmp_path, [{"id": "a", "points": 80, **DAY}, {"id": "b", "points": 10, **DAY}])
    return tmp_path


def leadrules(project: Path, *args: str, code: int = 0) -> Result:
    with contextlib.chdir(project):
        done = CliRunner().invoke(cli, list(args), prog_name="leadrules")
    assert done.exit_code == code, done.output
    return done


def test_show_and_history(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02")
    shown = json.loads(leadrules(project, "state", "show", "a", "--format", "json").stdout)
    assert (shown["key"], shown["labels"]["heat"], shown["segments"]["keen"]) == ("a", "hot", True)
    assert "heat" in leadrules(project, "state", "show", "a").stdout
    document = json.loads(leadrules(project, "state", "history", "a", "--format", "json").stdout)
    assert {row["what"]: row["new"] for row in document["history"]}["heat"] == "hot"
    assert "(blank) -> hot" in leadrules(project, "state", "history", "a").stdout
    assert "knows no lead zz" in leadrules(project, "state", "show", "zz", code=2).stderr


def test_export(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02")
    leadrules(project, "state", "export", "--out", "tables")
    with (project / "tables" / "leads.csv").open(encoding="utf-8", newline="") as file:
        assert [row["key"] for row in csv.DictReader(file)] == ["a", "b"]
    assert {file.stem for file in (project / "tables").iterdir()} == {
        "leads", "history", "runs", "credits", "assignments", "versions", "events",
    }  # fmt: skip


def test_an_export_into_a_file_says_what_it_wants(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02")
    assert "name another folder" in leadrules(project, "state", "export", "--out", "leads.csv", code=2).stderr


def test_forget_and_rename(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02")
    leadrules(project, "state", "rename", "heat", "warmth")
    assert "warmth" in leadrules(project, "state", "show", "a").stdout
    assert "did you mean" in leadrules(project, "state", "rename", "warmt", "x", code=2).stderr
    leadrules(project, "state", "forget", "a")
    leadrules(project, "state", "show", "a", code=2)


def test_undo(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02")
    actions = (project / "out" / "actions.csv").read_bytes()
    assert "as it was before" in leadrules(project, "run", "--undo", "out").stderr
    assert (project / "out" / "undo.csv").is_file()
    leadrules(project, "run", "--as-of", "2026-11-02")
    assert (project / "out" / "actions.csv").read_bytes() == actions
    assert "holds no manifest.json" in leadrules(project, "run", "--undo", "rules", code=2).stderr


def test_the_same_run_again_tells_what_its_files_cannot_hold(project: Path) -> None:
    write_leads(project, [{"id": "émile", "points": 80, **DAY}])
    leadrules(project, "run", "--as-of", "2026-11-02")
    again = leadrules(project, "run", "--as-of", "2026-11-02", "--encoding", "cp932").stderr
    assert "written again" in again
    assert "cp932" in again


def test_the_same_run_again_and_an_earlier_one(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02")
    assert "written again" in leadrules(project, "run", "--as-of", "2026-11-02").stderr
    plain = {name: (project / "out" / name).read_bytes() for name in ("decisions.csv", "actions.csv", "manifest.json")}
    state = (project / ".leadrules" / "state" / "state.sqlite").read_bytes()
    again = leadrules(project, "run", "--as-of", "2026-11-02", "--reasons", "--out", "other")
    assert "written again" in again.stderr
    assert {name: (project / "other" / name).read_bytes() for name in plain} == plain
    assert (project / "other" / "reasons.csv").is_file()
    leadrules(project, "run", "--as-of", "2026-11-02", "--output", "jsonl", "--out", "lines")
    assert (project / "lines" / "actions.jsonl").is_file()
    assert (project / ".leadrules" / "state" / "state.sqlite").read_bytes() == state
    assert "2026-11-02" in leadrules(project, "run", "--as-of", "2026-11-01", code=2).stderr
    leadrules(project, "run", "--as-of", "2026-11-01", "--no-state")


def test_a_plan_leaves_the_state_alone(project: Path) -> None:
    leadrules(project, "plan", "--as-of", "2026-11-02")
    assert not (project / ".leadrules").exists()
    leadrules(project, "run", "--as-of", "2026-11-02")
    before = (project / ".leadrules" / "state" / "state.sqlite").read_bytes()
    leadrules(project, "plan", "--as-of", "2026-11-03")
    assert (project / ".leadrules" / "state" / "state.sqlite").read_bytes() == before


def test_another_state(project: Path) -> None:
    leadrules(project, "run", "--as-of", "2026-11-02", "--state", "elsewhere")
    assert not (project / ".leadrules").exists()
    assert "heat" in leadrules(project, "state", "show", "a", "--state", "elsewhere").stdout
    assert "there is no state" in leadrules(project, "state", "show", "a", code=2).stderr


def test_a_run_says_what_its_export_lacks(project: Path) -> None:
    first = leadrules(project, "run", "--as-of", "2026-11-02")
    assert "in this export" not in first.stderr
    event = {"type": "form", "at": "2026-11-02T10:00", "name": "demo"}
    write_leads(project, [{"id": "a", "points": 80, **DAY}], [{"lead_id": "b", **event}, {"lead_id": "a", **event}])
    second = leadrules(project, "run", "--as-of", "2026-11-03")
    assert "note: not in this export: 1 lead of the state, left as before\n" in second.stderr
    assert "note: with no lead in this export: 1 of 2 events, left out\n" in second.stderr
