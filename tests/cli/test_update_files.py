"""`run --output salesforce|hubspot`: the update file beside the files of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.stateful import rows_of, write_leads, write_project
from tests.suites.running import leadrules

RULES = """
band heat of points { hot: from 70  cold: otherwise }
trigger hot { on enter heat hot  do set status = "+81 called" }
trigger cold { on enter heat cold  do set status = "" }
route sales { inside: team inside by round_robin when heat is hot }
"""
SCORES = "band heat of points { hot: from 70  cold: otherwise }\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two leads, one of which becomes hot."""
    here = write_project(tmp_path, RULES)
    schema = json.loads((here / "rules" / "lead.schema.json").read_text())
    schema["properties"]["owner"]["x-columns"] = ["OwnerId"]
    schema["properties"]["status"]["x-api-name"] = "Status"
    (here / "rules" / "lead.schema.json").write_text(json.dumps(schema))
    lead = {"owner": "", "created_at": "2026-11-01T00:00"}
    write_leads(here, [{"id": "=a", "points": 80, "status": "New", **lead}, {"id": "b", "points": 1, "status": "x"}])
    return here


def run(project: Path, *options: str) -> str:
    done = leadrules("run", "--project", project, "--out", project / "out", "--as-of", "2026-11-02", *options)
    assert done.exit_code == 0, done.output
    return done.output


def test_salesforce_takes_the_file_as_it_is(project: Path) -> None:
    run(project, "--output", "salesforce")
    lines = (project / "out" / "salesforce.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["Id,Status,OwnerId", "=a,+81 called,sato", "b,#N/A,"]
    # The tables are there as CSV, made safe for a spreadsheet as ever.
    written = [row["value"] for row in rows_of(project / "out" / "actions.csv") if row["kind"] == "set"]
    assert written == ["'+81 called", ""]


def test_a_run_is_taken_back_in_the_crm_by_an_import_too(project: Path) -> None:
    """undo.csv has a row per field, by the rules' names: no import takes it."""
    run(project, "--output", "salesforce")
    lines = (project / "out" / "salesforce_undo.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["Id,Status,OwnerId", "=a,New,#N/A", "b,x,"]
    done = leadrules("run", "--project", project, "--undo", project / "out")
    assert "out/salesforce_undo.csv to take its changes back in the CRM" in " ".join(done.output.split())
    run(project)
    assert not (project / "out" / "salesforce_undo.csv").exists()


@pytest.mark.parametrize(("crm", "told"), [("salesforce", False), ("hubspot", True)])
def test_an_undo_says_what_an_import_cannot_clear(project: Path, crm: str, told: bool) -> None:
    """The owner was blank before the run, and the cell of the way back is."""
    run(project, "--output", crm)
    said = leadrules("run", "--project", project, "--undo", project / "out").output
    assert ("hubspot_undo.csv cannot clear 1 value that was blank before" in " ".join(said.split())) == told


def test_the_same_run_again_writes_the_same_file_and_any_other_form(project: Path) -> None:
    run(project, "--output", "salesforce")
    file = project / "out" / "salesforce.csv"
    before = file.read_bytes()
    file.unlink()
    run(project, "--output", "salesforce")
    assert file.read_bytes() == before
    done = leadrules("run", "--project", project, "--out", project / "out", "--as-of", "2026-11-02")
    assert done.exit_code == 0, done.output
    assert not file.exists()


def test_a_plan_writes_every_form_that_a_run_does(project: Path) -> None:
    """`plan` and `run --dry-run` are one: the files of the run to come can be looked at before it."""
    options = ("--output", "salesforce", "--reasons", "--encoding", "utf-8-sig")
    planned = leadrules("plan", "--project", project, "--out", project / "ahead", "--as-of", "2026-11-02", *options)
    assert planned.exit_code == 0, planned.output
    run(project, *options)
    names = sorted(file.name for file in (project / "out").iterdir())
    assert {"reasons.csv", "salesforce.csv"} <= set(names)
    for name in names:
        assert (project / "ahead" / name).read_bytes() == (project / "out" / name).read_bytes(), name


def test_a_run_of_another_form_takes_the_update_file_away(project: Path) -> None:
    run(project, "--no-state", "--output", "hubspot")
    assert (project / "out" / "hubspot.csv").read_text().splitlines()[0] == "Record ID,Status,OwnerId"
    run(project, "--no-state")
    assert not (project / "out" / "hubspot.csv").exists()


def test_rules_that_only_score_change_nothing(project: Path) -> None:
    (project / "rules" / "rules.lead").write_text(SCORES)
    assert "these rules change no field" in run(project, "--output", "salesforce")
    assert (project / "out" / "salesforce.csv").read_text() == "Id\n"


def test_leads_without_an_identifier_are_refused_before_anything_is_written(project: Path) -> None:
    settings = (project / "leadrules.yaml").read_text().replace("path: leads.csv", "path: leads.csv, key: row_number")
    (project / "leadrules.yaml").write_text(settings)
    done = leadrules(
        "run", "--project", project, "--out", project / "out", "--as-of", "2026-11-02", "--output", "salesforce"
    )
    assert done.exit_code == 2
    assert "numbered by row" in done.output
    assert not (project / "out").exists()
