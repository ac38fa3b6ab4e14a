"""Names of a project's own in the tables of a report: a field may be called like a figure, a group or a table of the report.

Each field of `SAME` holds what `source` holds, so its figures are those by `source`, whatever it is called.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.measured import AS_OF, RULES, SETTINGS, document, tables, write_company
from tests.suites.running import leadrules, rows

from leadrules.measure.names import apart, as_file

FIGURES = "activities cost cost_per_lead cost_per_sale deal_size deals hours invested leads per_activity per_hour roi uncosted"
SAME = (
    *(*FIGURES.split(), "verdict", "won", "work", "low", "high", "overall", "from_first", "reached_0", "worth_3", "name", "group"),
    *("all", "segment", "segments", "sequence", "sequences", "campaigns", "created", "key", "lead_row", "reason", "amount"),
    *("Lead/Source", "Lead:Source", "won_2"),
)  # fmt: skip
SEQUENCE = """
sequence outbound { 1: day 1 email }
trigger asked { on deal_won  do enroll outbound }
"""


def company(folder: Path, rules: str = RULES, settings: str = SETTINGS, names: tuple[str, ...] = SAME) -> Path:
    """The company of measured.py with further fields, each of which says what `source` says."""
    project = write_company(folder, rules, settings)
    schema = json.loads((project / "rules/lead.schema.json").read_text())
    schema["properties"] |= {name: {"type": "string"} for name in names}
    (project / "rules/lead.schema.json").write_text(json.dumps(schema))
    leads = rows(project / "leads.csv")
    with (project / "leads.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*leads[0], *names])
        writer.writeheader()
        writer.writerows({**lead, **dict.fromkeys(names, lead["source"])} for lead in leads)
    return project


def listed(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [table for section in report["sections"] for table in section["tables"]]


def grouped(names: tuple[str, ...]) -> str:
    return SETTINGS.replace("[source]", json.dumps(["source", *names]))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("groups") / "p"
    made = company(folder, RULES + SEQUENCE, grouped((*SAME, "list", "campaign", "owner")))
    # On the evening of the day on which a was won.
    done = leadrules("run", "--project", made, "--as-of", "2026-02-01T20:00", "--quiet", "--force")
    assert done.exit_code == 0, done.output
    return made


@pytest.fixture(scope="module")
def report(project: Path) -> dict[str, Any]:
    return document(project)


def test_figures_by_a_field_are_the_same_whatever_it_is_called(report: dict[str, Any]) -> None:
    found = listed(report)
    for of, title in (("funnel_revenue_by_", "revenue by "), ("returns_by_", "Return by ")):
        (plain,) = [table for table in found if table["name"] == f"{of}source"]
        assert len(plain["rows"]) == 2
        for name in SAME:
            own = [
                table
                for table in found
                if table["title"] in (f"{title}{name}", f"{title}{name} (group_by)")
                and table["name"].startswith(of)
                and table["columns"][0]["title"] == name
                and [row[0] for row in table["rows"]] == [row[0] for row in plain["rows"]]
            ]
            assert [table["rows"] for table in own] == [plain["rows"]], name
            assert own[0]["columns"][1:] == plain["columns"][1:], name
            assert own[0]["notes"] == plain["notes"]


def test_no_table_and_no_column_is_there_twice(report: dict[str, Any]) -> None:
    found = listed(report)
    assert len({as_file(table["name"]) for table in found}) == len(found)
    for table in found:
        names = [column["name"] for column in table["columns"]]
        assert len(set(names)) == len(names), table["name"]
        assert {column["of"] for column in table["columns"]} <= {None, *names}
    for chart in (chart for section in report["sections"] for chart in section["charts"]):
        (table,) = [table for table in found if table["name"] == chart["table"]]
        assert {chart["label"], *chart["values"]} <= {column["name"] for column in table["columns"]}


def test_what_the_report_has_of_its_own_keeps_its_name(report: dict[str, Any]) -> None:
    found = tables(report)
    assert [row["group"] for row in found["returns"]] == ["(all leads)"]
    assert [row["segment"] for row in found["returns_by_segment"]] == ["web"]
    assert [row["sequence"] for row in found["returns_by_sequence"]] == ["outbound"]
    assert [row["list"] for row in found["returns_by_list"]] == ["L1", "L2"]
    assert {row["campaign"] for row in found["returns_by_campaign"]} == {"spring", "summer", "autumn"}
    assert [row["segments"] for row in found["funnel_revenue_by_segments"]] == ["web"]
    assert [row["sequences"] for row in found["funnel_revenue_by_sequences"]] == ["outbound"]
    # So does what no figure and no table of the report is called; of two that make one file the later gives way.
    assert "won_2" in found["returns_by_won"][0]
    assert "won_2" in found["returns_by_won_2"][0]
    assert {"returns_by_Lead/Source", "returns_by_Lead:Source_2"} <= set(found)
    # A lead stands in one campaign of its own field, in each that it joined of the report's.
    assert {row["campaign"] for row in found["returns_by_campaign_2"]} == {"spring", "Spring", "summer", "(none)"}


def test_the_sales_cycle_tells_groups_of_one_name_apart(report: dict[str, Any]) -> None:
    found = tables(report)["sales_cycle"]
    parts: dict[str, list[Any]] = {}
    for row in found:
        parts.setdefault(row["by"], []).append([value for name, value in row.items() if name != "by"])
    for name in SAME:
        own = {one: f"{one}_2" for one in ("all", "segment", "sequence", "Lead:Source")}
        assert parts[own.get(name, name)] == parts["source"], name
    assert [row[0] for row in parts["all"]] == ["(all leads)"]
    assert [row[0] for row in parts["segment"]] == ["web"]
    assert [row[0] for row in parts["owner"]] == ["lee", "sato"]


def test_page_csv_and_json_have_the_same_tables(project: Path, report: dict[str, Any], tmp_path: Path) -> None:
    options = ("--project", project, "--as-of", AS_OF, "--quiet")
    assert leadrules("report", *options, "--format", "csv", "-o", tmp_path / "csv").exit_code == 0
    files = sorted(path.stem for path in (tmp_path / "csv").iterdir() if path.name != "tables.csv")
    found = {re.sub(r"[/:]", "_", table["name"]): table for table in listed(report)}
    assert files == sorted(found)
    index = rows(tmp_path / "csv/tables.csv")
    for name, table in found.items():
        columns = [column["name"] for column in table["columns"]]
        assert [row["column"] for row in index if row["file"] == f"{name}.csv"] == columns
        cells = list(csv.reader((tmp_path / f"csv/{name}.csv").read_text().splitlines()))
        assert cells[0] == columns
        assert len(cells) == len(table["rows"]) + 1, name
    page = leadrules("report", *options, "-o", "-")
    assert page.exit_code == 0, page.output
    assert re.findall(r'id="t_([^"]*)"', page.stdout) == [table["name"] for table in listed(report)]


def test_a_field_of_campaigns_while_no_lead_is_in_one(tmp_path: Path) -> None:
    project = company(tmp_path / "p", settings=SETTINGS.replace("[source]", "[campaign]"), names=())
    leads = (project / "leads.csv").read_text()
    (project / "leads.csv").write_text(re.sub(r",(spring|Spring|summer)\n", ",\n", leads))
    done = leadrules("report", "--project", project, "--as-of", AS_OF, "--quiet", "-o", "-")
    assert done.exit_code == 0, done.output
    made = document(project)
    # By the field: all leads in one row. The report's own table by campaign is not there, nor its chart.
    assert [row["campaign"] for row in tables(made)["returns_by_campaign_2"]] == ["(none)"]
    assert "returns_by_campaign" not in tables(made)
    assert "roi" not in [chart["name"] for section in made["sections"] for chart in section["charts"]]


RIVALS = """
funnel a { lead: created_at  won: first(deal_won) }
funnel a_by_source { lead: created_at  met: first(meeting_scheduled) }
funnel a_fiscal { lead: created_at  met: first(meeting_scheduled) }
stages funnel_a { none: when did meeting_scheduled  none_2: when did call_made  lead: otherwise }
goal b { target 1 won per month  won: 10% of call  effort 6 minutes per call }
goal b_hours { target 1 won per month  won: 10% of email }
"""


def test_funnels_stages_and_goals_whose_names_make_one_table(tmp_path: Path) -> None:
    settings = SETTINGS + "  periods: [year, fiscal_year]\n"
    project = company(tmp_path / "p", RIVALS, settings, names=())
    assert leadrules("run", "--project", project, "--as-of", AS_OF, "--quiet", "--force").exit_code == 0
    made = document(project)
    test_no_table_and_no_column_is_there_twice(made)
    found = tables(made)
    assert [row["source"] for row in found["funnel_a_by_source"]] == ["Web", "Ads"]
    assert [row["step"] for row in found["funnel_a_by_source_2"]] == ["lead", "met"]
    assert [found[name][0]["period"][:2] for name in ("periods_a_fiscal_year", "periods_a_fiscal_year_2")] == [
        "FY",
        "20",
    ]
    assert [row["stage"] for row in found["stages_funnel_a_2"]] == ["lead", "won"]
    assert {"goal_b_hours", "goal_b_hours_2"} <= set(found)
    january = found["lead_types_year"][0]
    # Met: a, c, d; called besides: nobody; e and b neither. Nobody is without a label.
    assert (january["type_none_3"], january["type_none_2"], january["type_lead"], january["type_none"]) == (3, 0, 2, 0)
    assert january["share_none"] == pytest.approx(3 / 5)
    done = leadrules("report", "--project", project, "--as-of", AS_OF, "--quiet", "-o", "-")
    assert done.exit_code == 0, done.output


def test_an_event_called_like_what_the_report_knows_of_a_lead(tmp_path: Path) -> None:
    settings = SETTINGS + "  opportunity: created\n"
    project = write_company(tmp_path / "p", RULES, settings)
    schema = json.loads((project / "rules/events.schema.json").read_text())
    schema["properties"]["created"] = {"type": "object", "properties": {}}
    (project / "rules/events.schema.json").write_text(json.dumps(schema))
    with (project / "events.csv").open("a") as file:
        file.write("a,created,2026-01-25T00:00,\n")
    # One lead has the event; all of them were created.
    campaigns = {row["campaign"]: row["opportunity_leads"] for row in tables(document(project))["campaigns"]}
    assert campaigns == {"spring": 1, "summer": 0, "autumn": 0}


@pytest.mark.parametrize(
    ("names", "taken", "expected"),
    [
        (["a", "b"], [], ["a", "b"]),
        (["a", "a"], [], ["a", "a_2"]),
        (["a", "a", "a_2", "a"], [], ["a", "a_3", "a_2", "a_4"]),
        (["a", "a_2"], ["a", "a_3"], ["a_4", "a_2"]),
    ],
)
def test_names_apart(names: list[str], taken: list[str], expected: list[str]) -> None:
    assert apart(names, taken) == expected


def test_names_of_files_apart() -> None:
    assert apart(["x y", "X_Y", "x/y"], alike=as_file) == ["x y", "X_Y_2", "x/y_3"]
