"""Reports of files as people write them: one rep in two spellings is one, and what cannot be read is told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.small_reports import cells, report_of
from tests.suites.running import leadrules

FILES = {
    "leadrules.yaml": "version: 1\nname: p\ntimezone: Asia/Tokyo\nfields: {owner: 担当}\n"
    "sources: {leads: {path: leads.csv}, events: {path: deals.csv, type: deal_won}}\nreport: {group_by: [経路, 担当], value: amount}\n",
    "rules/lead.schema.json": json.dumps({
        "type": "object",
        "properties": {
            "id": {"type": "string", "x-key": True},
            "created_at": {"type": "string", "format": "date-time"},
            "担当": {"type": "string"},
            "経路": {"type": "string"},
        },
    }),
    "rules/events.schema.json": json.dumps(
        {"type": "object", "properties": {"deal_won": {"type": "object", "properties": {"amount": {"type": "number"}}}}}
    ),
    "rules/team.yaml": "reps: {佐藤　花子: {active: true}, 鈴木: {active: true}}\nteams: {内勤: [佐藤　花子, 鈴木]}\nqueues: []\n",
    "rules/a.lead": "route r { a: team 内勤 otherwise  answered when did deal_won since assigned_at }\n"
    "funnel f { lead: created_at  won: first(deal_won) worth sum(deal_won.amount) }\n",
    "leads.csv": "id,created_at,担当,経路\n1,2026-10-01,佐藤 花子,Ｗｅｂ\n2,2026-10-01,佐藤　花子,web\n3,2026-10-02,鈴木,展示会\n4,2026-10-02,山田 太郎,web\n5,2026-10-02,山田　太郎,\n",
    "deals.csv": "lead_id,at,amount\n1,2026-10-05,100\n2,2026-10-06,２００\n3,2026-10-07,120万\n",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def _rows(report: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    (table,) = [one for section in report["sections"] for one in section["tables"] if one["name"] == name]
    return {next(iter(row.values())): row for row in cells(table)}


@pytest.mark.parametrize("with_state", [False, True])
def test_an_owner_in_two_spellings_is_one_as_the_team_file_spells_it(project: Path, with_state: bool) -> None:
    if with_state:
        assert leadrules("run", "--project", project, "--as-of", "2026-10-10", "--baseline", "-q").exit_code == 0
    report = report_of(project, "--as-of", "2026-10-10")
    owners = _rows(report, "returns_by_担当")
    assert {name: (row["leads"], row["deals"], row["won"]) for name, row in owners.items()} == {
        "佐藤　花子": (2, 2, 300),
        "鈴木": (1, 0, 0),
        "山田 太郎": (2, 0, 0),
    }
    assert _rows(report, "response")["佐藤　花子"]["assigned"] == 2


def test_a_cell_that_is_not_read_is_told_with_its_place(project: Path) -> None:
    """The deal is in no figure; no rule of a run reads what only a funnel looks at, so no rejects.csv has it."""
    page = project / "r.html"
    told = leadrules("report", "--project", project, "--as-of", "2026-10-10", "-o", page).stderr
    assert "rejected: deals.csv:4 amount `120万`: expected a number (1x)" in told.splitlines()
    assert "deals.csv:4 amount `120万`" in page.read_text(encoding="utf-8")


def test_a_goal_tells_what_is_not_read_either(project: Path) -> None:
    """A deal on a day that there is not counts for no stage."""
    rules = project / "rules/a.lead"
    text = (
        rules.read_text(encoding="utf-8")
        + "goal g { target 1 deal_won per month  workdays 20 per month  deal_won: 5% of call }\n"
    )
    rules.write_text(text, encoding="utf-8")
    (project / "deals.csv").write_text("lead_id,at,amount\n1,2026-10-05,100\n2,2026-10-32,200\n", encoding="utf-8")
    told = leadrules("goal", "--project", project, "--as-of", "2026-10-10").stderr
    assert told.splitlines() == ["rejected: deals.csv:3 at `2026-10-32`: the calendar has no such day or time (1x)"]
    assert leadrules("goal", "--project", project, "--as-of", "2026-10-10", "-q").stderr == ""


def test_the_tables_are_written_for_excel_too(project: Path) -> None:
    """Named as the project names things. One that a later report has not is taken away, whatever it was written in."""
    with (project / "leads.csv").open("a", encoding="utf-8") as file:
        file.write("6,2026-10-02,鈴木,Café 銀座\n")
    options = ("--project", project, "--as-of", "2026-10-10", "--format", "csv", "-o", project / "tables")
    of_owners = project / "tables" / "returns_by_担当.csv"
    plain = _files(project, options, "utf-8")
    assert "佐藤　花子" in plain[of_owners.name]
    assert _files(project, options, "utf-8-sig") == plain
    held = {name: text.replace("é", "?") for name, text in plain.items()}
    assert _files(project, options, "cp932") == held != plain
    said = leadrules("report", *options, "--encoding", "cp932").stderr
    assert "cp932 cannot hold" in said
    assert "returns_by_経路.csv, Café 銀座, 経路: `Café 銀座` (é)" in said
    settings = project / "leadrules.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("[経路, 担当]", "[経路]"), encoding="utf-8")
    assert leadrules("report", *options).exit_code == 0
    assert not of_owners.exists()


def _files(project: Path, options: tuple[str | Path, ...], encoding: str) -> dict[str, str]:
    done = leadrules("report", *options, "--encoding", encoding)
    assert done.exit_code == 0, done.output
    found = {path.name: path.read_bytes() for path in (project / "tables").iterdir()}
    assert {data.startswith(b"\xef\xbb\xbf") for data in found.values()} == {encoding == "utf-8-sig"}
    return {name: data.decode(encoding) for name, data in found.items()}


def test_a_page_has_no_encoding_for_excel(project: Path) -> None:
    done = leadrules("report", "--project", project, "--encoding", "cp932", "-o", project / "r.html")
    assert done.exit_code == 2
    assert "--encoding is of CSV files" in done.stderr
    assert not (project / "r.html").exists()


@pytest.mark.parametrize(
    ("fields", "why"),
    [("fields: {owner: 担当}", "no lead has an owner"), ("", "no field is known that says who has a lead")],
)
def test_where_nobody_has_a_lead_the_report_says_which_is_missing(project: Path, fields: str, why: str) -> None:
    (project / "leads.csv").write_text("id,created_at,担当,経路\n1,2026-10-01,,Web\n", encoding="utf-8")
    settings = FILES["leadrules.yaml"].replace("fields: {owner: 担当}", fields)
    (project / "leadrules.yaml").write_text(settings, encoding="utf-8")
    report = report_of(project, "--as-of", "2026-10-10")
    (section,) = [one for one in report["sections"] if one["name"] == "response"]
    assert [one["reason"] for one in section["missing"]] == [why]
