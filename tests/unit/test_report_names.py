"""The names that `report:` of leadrules.yaml uses are looked up by `check`, each at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.measured import RULES, write_company
from tests.suites.running import leadrules

SEQUENCE = "sequence outbound { 1: day 1 email }\nstages life { met: when did meeting_scheduled  lead: otherwise }\n"
SEQUENCE += "goal deals { target 1 won per month  won: 10% of call }\n"


@pytest.mark.parametrize(
    ("setting", "wrong", "line", "way_out"),
    [
        ("  group_by: [source, webb]\n", "webb", 8, "`web`"),
        ("  group_by: liffe\n", "liffe", 8, "`life`"),
        ("  type: liffe\n", "liffe", 8, "`life`"),
        ("  type: web\n", "web", 8, "define it"),
        ("  currency: USD\n  benchmarks: {outbond: {contact: 1%}}\n", "outbond", 9, "`outbound`"),
        ("  goals: {dels: {won: [deal_won]}}\n", "dels", 8, "`deals`"),
        ("  goals: {deals: {wonn: [deal_won]}}\n", "wonn", 8, "`won`"),
        ("  goals:\n    deals:\n      call: call_made\n      coll: [call_made, email_sent]\n", "coll", 11, "`call`"),
        ("  goals: {dels: {wonn: [deal_won]}}\n", "dels", 8, "`deals`"),
        ("  campaign: campain\n", "campain", 8, "`campaign`"),
        ("  value: amont\n", "amont", 8, "`amount`"),
    ],
)
def test_names_that_there_are_not(tmp_path: Path, setting: str, wrong: str, line: int, way_out: str) -> None:
    project = write_company(tmp_path / "p", RULES + SEQUENCE, "fiscal_year_starts: 2\nreport:\n" + setting)
    done = leadrules("check", "--project", project, "--format", "json")
    # A name that no schema has breaks leadrules.yaml itself; one that no rule file has is a finding.
    assert done.exit_code == (2 if wrong in ("campain", "amont") else 1), done.output
    (found,) = [one for one in json.loads(done.stdout)["diagnostics"] if one["severity"] == "error"]
    assert (found["code"], found["path"], found["line"]) == ("LR062", "leadrules.yaml", line)
    assert f"`{wrong}`" in found["message"]
    assert way_out in found["help"]
    text = (project / "leadrules.yaml").read_text().splitlines()[found["line"] - 1]
    assert wrong in text[found["column"] - 1 : found["end_column"]]


@pytest.mark.parametrize("setting", ["group_by: [source, web, source]", "won: [lost_at, lost_at]"])
def test_a_name_that_stands_twice(tmp_path: Path, setting: str) -> None:
    project = write_company(tmp_path / "p", RULES, f"fiscal_year_starts: 2\nreport:\n  {setting}\n")
    done = leadrules("check", "--project", project, "--format", "json")
    (found,) = json.loads(done.stdout)["diagnostics"]
    assert (found["code"], found["path"], found["line"]) == ("LR055", "leadrules.yaml", 8)
    assert found["message"].endswith(f"stands twice in `report.{setting.partition(':')[0]}`")


def test_names_that_there_are(tmp_path: Path) -> None:
    settings = "report:\n  group_by: [source, web, life]\n  type: life\n  benchmarks: {outbound: {contact: 1%}}\n"
    project = write_company(tmp_path / "p", RULES + SEQUENCE, settings + "  goals: {deals: {won: deal_won}}\n")
    done = leadrules("check", "--project", project)
    assert "LR062" not in done.output
    assert done.exit_code == 0, done.output


def test_a_rule_that_cannot_be_read_is_the_only_mistake(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", RULES + "segment big when\n", "report:\n  group_by: [big]\n")
    done = leadrules("check", "--project", project, "--format", "json")
    assert all(one["code"] != "LR062" for one in json.loads(done.stdout)["diagnostics"])
