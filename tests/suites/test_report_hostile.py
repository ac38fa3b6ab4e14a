"""Reports of what people really have: empty files, one lead, wrong cells, days that are odd. Each ends in numbers or n/a."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.measured import EVENTS, LEADS, RULES, SETTINGS, by, tables, write_company, write_events
from tests.small_reports import report_of
from tests.sql_values import near, pick
from tests.suites.running import leadrules

GOAL = "goal few { target 1 won per month  won: 10% of meeting  meeting: 5% of call  effort 5 minutes per call }\n"
HEAD = LEADS.partition("\n")[0]


def company(folder: Path, **files: str) -> Path:
    """The company of measured.py with a goal, some of its files replaced."""
    project = write_company(folder / "p", RULES + GOAL, SETTINGS)
    for name, text in files.items():
        (project / f"{name}.csv").write_text(text, encoding="utf-8")
    return project


def not_read(document: dict[str, Any]) -> list[str]:
    return [one["is"] for one in document["read"]["meanings"] if one["what"] == "not read"]


@pytest.mark.parametrize("text", ["period,source,visitors\n", "period,source,visitors\n2026-01,Web,0\n"])
def test_no_visitors(tmp_path: Path, text: str) -> None:
    found = tables(report_of(company(tmp_path, traffic=text)))
    assert {row["opt_in"] for row in found["inflow_month"]} == {None}


def test_a_file_of_visitors_without_a_line_is_said(tmp_path: Path) -> None:
    done = leadrules("report", "--project", company(tmp_path, traffic=""))
    assert done.exit_code == 2
    assert "traffic.csv" in done.output


def test_visitors_of_no_month_that_there_is(tmp_path: Path) -> None:
    document = report_of(
        company(tmp_path, traffic="period,source,visitors\n2026-01,Web,100\n2026-13,Web,5\nMay,Web,5\n2026-02,Web,-3\n")
    )
    said = not_read(document)
    for value in ("2026-13", "May", "-3"):
        assert any(f"`{value}`" in words for words in said), (value, said)
    assert by(tables(document)["inflow_month"], "period")["2026-01"]["visitors"] == 100


def test_campaigns_that_are_wrong(tmp_path: Path) -> None:
    rows = "spring,Spring,mail,2026-01-01,300\nspring,Again,mail,2026-01-01,5\nsummer,Summer,mail,2026-02-01,-100\nfair,Fair,fair,2027-05-01,50\n,Nameless,mail,,1\n"
    document = report_of(company(tmp_path, campaigns="campaign,name,type,date,cost\n" + rows))
    found = by(tables(document)["campaigns"], "campaign")
    # Of a campaign that stands twice the first row is read, of one with a cost below 0 none: who is in it counts all the same.
    assert pick(found["spring"], "leads cost name") == (2, 300, "Spring")
    assert pick(found["summer"], "leads cost") == (1, None)
    assert pick(found["fair"], "leads rate cost") == (0, None, 50)
    assert len(not_read(document)) == 3
    notes = [n for s in document["sections"] for t in s["tables"] if t["name"] == "campaigns" for n in t["notes"]]
    assert any(note.startswith("Dated after the report's day: 1;") for note in notes)


def test_a_campaign_that_no_file_knows(tmp_path: Path) -> None:
    found = by(
        tables(report_of(company(tmp_path, campaigns="campaign,name,type,date,cost\n")))["campaigns"], "campaign"
    )
    assert {name: row["leads"] for name, row in found.items()} == {"spring": 2, "summer": 1}


def test_nobody_did_anything(tmp_path: Path) -> None:
    project = company(tmp_path)
    write_events(project, [])
    found = tables(report_of(project, "--as-of", "2026-03-31"))
    assert [row["reached"] for row in found["funnel_revenue"]] == [5, 0, 0, 0]
    row = found["returns"][0]
    # What was won is not known, so nothing is said of a return; of the cost per sale there is nothing to divide by.
    assert pick(row, "activities deals hours cost_per_sale") == (0, 0, 0, None)
    assert not {"roi", "won", "per_hour"} & set(row)
    goal = json.loads(leadrules("goal", "few", "--project", project, "--format", "json").stdout)
    assert {row[3] for table in goal["tables"] if table["name"] == "goal_few_rates" for row in table["rows"]} == {None}


def test_a_type_that_every_lead_is(tmp_path: Path) -> None:
    project = company(tmp_path)
    (project / "rules/rules.lead").write_text(RULES + "classify kind { any_lead: otherwise }\n")
    settings = project / "leadrules.yaml"
    settings.write_text(settings.read_text() + "  type: kind\n")
    found = tables(report_of(project))
    assert by(found["became_month"], "period")["2026-01"]["became_any_lead"] == 2


def test_one_lead(tmp_path: Path) -> None:
    project = company(tmp_path, leads=f"{HEAD}\na,2026-01-10,sato,Web,L1,spring\n")
    write_events(project, [event for event in EVENTS if event[0] == "a"])
    found = tables(report_of(project))
    assert [row["overall"] for row in found["funnel_revenue"]] == [1, 1, 1, 1]
    assert found["returns"][0]["deals"] == 1


def test_everything_on_one_day(tmp_path: Path) -> None:
    lines = [f"k{n},2026-01-10,sato,Web,L1,spring" for n in range(12)]
    project = company(tmp_path, leads="\n".join([HEAD, *lines]) + "\n")
    write_events(
        project,
        [
            (f"k{n}", kind, "2026-01-10T00:00", "")
            for n in range(6)
            for kind in ("call_made", "call_connected", "meeting_scheduled")
        ],
    )
    found = tables(report_of(project))
    contact = by(found["funnel_revenue"], "step")["contact"]
    assert pick(contact, "reached days_n days_median") == (6, 6, 0)


def test_a_deal_of_nothing(tmp_path: Path) -> None:
    project = company(tmp_path)
    write_events(project, [(k, t, at, "0" if t == "deal_won" else amount) for k, t, at, amount in EVENTS])
    found = tables(report_of(project))
    assert (found["returns"][0]["roi"], found["returns"][0]["per_hour"]) == (-1, 0)
    assert {row["change"] for row in found["sales"]} == {None}  # nothing was won the month before


def test_japanese_names(tmp_path: Path) -> None:
    leads = (
        LEADS.replace("Web", "展示会")
        .replace("sato", "佐藤")
        .replace("spring", "春の セミナー")
        .replace("Spring", "春の　セミナー")
        .replace("L1", "名簿<1>")
    )
    found = tables(report_of(company(tmp_path, leads=leads)))
    assert by(found["funnel_revenue_by_source"], "source")["展示会"]["reached_0"] == 3
    # A wide space is a space: one campaign.
    assert by(found["campaigns"], "campaign")["春の セミナー"]["leads"] == 2
    assert "佐藤" in by(found["response"], "owner")


def test_a_leap_day(tmp_path: Path) -> None:
    moved: Callable[[str], str] = lambda text: text.replace("2026-02-05", "2024-02-29").replace("2026-", "2024-")  # noqa: E731
    project = company(
        tmp_path, leads=moved(LEADS), traffic="period,source,visitors\n2024-02-29,Web,10\n2023-02-29,Web,10\n"
    )
    write_events(project, [(k, t, moved(at), amount) for k, t, at, amount in EVENTS])
    document = report_of(project, "--as-of", "2024-02-29T12:00")
    months = by(tables(document)["inflow_month"], "period")
    assert pick(months["2024-02"], "leads visitors") == (2, 10)
    assert any("2023-02-29" in words for words in not_read(document))


@pytest.mark.parametrize(("zone", "days"), [("Europe/Berlin", 1 - 1 / 24), ("America/Sao_Paulo", 1), ("Asia/Tokyo", 1)])
def test_the_day_when_clocks_change(tmp_path: Path, zone: str, days: float) -> None:
    leads = f"{HEAD}\na,2026-03-29,sato,Web,L1,\nb,2026-10-25,sato,Web,L1,\n"
    project = company(tmp_path, leads=leads)
    settings = project / "leadrules.yaml"
    settings.write_text(settings.read_text().replace("name: small", f"name: small\ntimezone: {zone}"))
    write_events(
        project,
        [
            ("a", "call_connected", "2026-03-30T00:00", ""),
            ("b", "call_connected", "2026-10-25T02:30", ""),
            ("b", "call_connected", "2026-10-31T23:59", ""),
        ],
    )
    found = tables(report_of(project))
    # From midnight to midnight over the spring night in Berlin are 23 hours.
    quartile = by(found["funnel_revenue"], "step")["contact"]["days_q3"]
    short = 2.5 / 24  # half past two comes twice in Berlin's autumn night: the first is meant
    assert quartile == near(short + (days - short) * 0.75)
    assert by(found["inflow_month"], "period")["2026-10"]["leads"] == 1


def test_a_fiscal_year_from_april(tmp_path: Path) -> None:
    project = company(tmp_path)
    settings = project / "leadrules.yaml"
    settings.write_text(settings.read_text().replace("fiscal_year_starts: 2", "fiscal_year_starts: 4"))
    found = tables(report_of(project, "--as-of", "2026-04-01"))
    years = by(found["inflow_fiscal_year"], "period")
    assert pick(years["FY2025"], "leads deals is_over") == (5, 2, True)


@pytest.mark.parametrize("name", ["campaigns", "traffic"])
def test_a_side_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    project = company(tmp_path)
    (project / f"{name}.csv").unlink()
    done = leadrules("report", "--project", project)
    assert done.exit_code == 2
    assert f"{name}.csv" in done.output
