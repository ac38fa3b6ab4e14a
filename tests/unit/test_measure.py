"""Every formula of the reports, on five leads whose figures are worked out by hand in the tests (data: tests/measured.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.measured import RULES, SETTINGS, Tables, by, document, tables, write_company, write_events
from tests.suites.running import ROOT, leadrules, rows


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_company(tmp_path_factory.mktemp("measure") / "small")


@pytest.fixture(scope="module")
def report(company: Path) -> dict[str, Any]:
    return document(company)


@pytest.fixture(scope="module")
def found(report: dict[str, Any]) -> Tables:
    return tables(report)


# -- funnel ---------------------------------------------------------------------------------------------------------


def test_a_funnel_counts_who_reached_each_step(found: Tables) -> None:
    steps = by(found["funnel_revenue"], "step")
    # lead: all 5. contact: a, b, c. meeting: a, c, d. won: a, c.
    assert [steps[name]["reached"] for name in ("lead", "contact", "meeting", "won")] == [5, 3, 3, 2]


def test_step_conversion_is_of_those_above_and_overall_of_those_at_the_first(found: Tables) -> None:
    meeting = by(found["funnel_revenue"], "step")["meeting"]
    # a and c had contact and a meeting, of a, b, c with contact; a, c, d of five leads.
    assert (meeting["both"], meeting["above"]) == (2, 3)
    assert meeting["step_conversion"] == pytest.approx(2 / 3, abs=1e-6)
    assert meeting["overall"] == pytest.approx(3 / 5)


def test_a_step_without_the_one_above_it_is_shown(found: Tables) -> None:
    # d met without a contact.
    assert by(found["funnel_revenue"], "step")["meeting"]["without_above"] == 1


def test_time_to_a_step_and_value(found: Tables) -> None:
    steps = by(found["funnel_revenue"], "step")
    # contact to meeting: a 7 days, c 1 day: median 4, quartiles 2.5 and 5.5.
    meeting = steps["meeting"]
    assert (meeting["days_n"], meeting["days_q1"], meeting["days_median"], meeting["days_q3"]) == (2, 2.5, 4, 5.5)
    assert (steps["won"]["worth"], steps["won"]["worth_n"]) == (1500, 2)


def test_a_step_before_the_one_above_it_is_shown_and_not_timed(tmp_path: Path) -> None:
    rules = "funnel odd { won: first(deal_won)  meeting: first(meeting_scheduled) }"
    steps = by(tables(document(write_company(tmp_path / "p", rules)))["funnel_odd"], "step")
    # a and c met before they were won, d met only.
    assert (steps["meeting"]["before_above"], steps["meeting"]["without_above"]) == (2, 1)
    assert (steps["meeting"]["days_n"], steps["meeting"]["days_median"]) == (0, None)


def test_a_funnel_by_group_has_intervals(found: Tables) -> None:
    web = by(found["funnel_revenue_by_source"], "source")["Web"]
    # a, b, e came by the web; a was won: 1 of 3, Wilson 0.0615 to 0.7923.
    assert (web["reached_0"], web["reached_3"], web["worth_3"]) == (3, 1, 1000)
    assert (web["low"], web["high"]) == (pytest.approx(0.0615, abs=1e-4), pytest.approx(0.7923, abs=1e-4))
    assert by(found["funnel_revenue_by_segments"], "segments")["web"]["reached_0"] == 3


def test_a_moment_after_the_reports_time_is_not_reached(company: Path) -> None:
    early = tables(document(company, "--as-of", "2026-02-10"))
    # On 10 February: a, b, c are created, a and b contacted, a met and was won.
    assert [row["reached"] for row in early["funnel_revenue"]] == [3, 2, 1, 1]


# -- periods --------------------------------------------------------------------------------------------------------


def test_a_month_shows_what_happened_in_it_beside_what_became_of_its_leads(found: Tables) -> None:
    months = by(found["periods_revenue_month"], "period")
    # January: a and b came, both were contacted, a met. a was won in February, but belongs to January's cohort.
    assert [months["2026-01"][f"event_{i}"] for i in range(4)] == [2, 2, 1, 0]
    assert [months["2026-01"][f"cohort_{i}"] for i in range(4)] == [2, 2, 1, 1]
    assert [months["2026-02"][f"event_{i}"] for i in range(4)] == [2, 1, 2, 1]
    assert [months["2026-03"][f"event_{i}"] for i in range(4)] == [1, 0, 0, 1]


def test_young_cohorts_are_marked_and_not_averaged_in(report: dict[str, Any], found: Tables) -> None:
    months = by(found["periods_revenue_month"], "period")
    # A cohort is judged a month after its month ended: January's on 1 March, February's on 1 April, the report is of 31 March.
    assert [months[m]["is_ripe"] for m in ("2026-01", "2026-02", "2026-03")] == [True, False, False]
    assert [months[m]["is_over"] for m in ("2026-01", "2026-02", "2026-03")] == [True, True, False]
    notes = [
        n for s in report["sections"] for t in s["tables"] if t["name"] == "periods_revenue_month" for n in t["notes"]
    ]
    assert any("the average of the others: 50.0% of 2 leads" in note for note in notes)


def test_a_fiscal_year_starts_where_it_is_set(found: Tables) -> None:
    years = by(found["inflow_fiscal_year"], "period")
    # It starts in February: January 2026 is of FY2025.
    assert (years["FY2025"]["leads"], years["FY2026"]["leads"]) == (2, 3)


def test_cohorts_by_age_hold_only_months_that_are_over(found: Tables) -> None:
    cells = {(row["cohort"], row["age"]): (row["reached"], row["n"]) for row in found["cohorts_revenue"]}
    assert cells == {
        ("2026-01", 0): (0, 2),
        ("2026-01", 1): (1, 2),
        ("2026-02", 0): (0, 2),
        ("all", 0): (0, 4),
        ("all", 1): (1, 2),
    }


def test_opt_in_rate_and_sales_conversion(found: Tables) -> None:
    months = by(found["inflow_month"], "period")
    # January: 2 leads of 100 visitors; February: 2 of 50, one deal on 2 leads; March: no visitors known.
    assert (months["2026-01"]["opt_in"], months["2026-02"]["opt_in"], months["2026-03"]["opt_in"]) == (0.02, 0.04, None)
    assert (months["2026-01"]["sales_conversion"], months["2026-02"]["sales_conversion"]) == (0, 0.5)
    assert by(found["opt_in_by_source"], "source")["Web"] == {
        "source": "Web",
        "visitors": 100,
        "leads": 2,
        "opt_in": 0.02,
    }


# -- history --------------------------------------------------------------------------------------------------------


def test_ways_months_worked_and_first_appointments(found: Tables) -> None:
    ways = {row["way"]: row["leads"] for row in found["ways"]}
    assert ways == {"lead > contact > meeting > won": 2, "lead > contact": 1, "lead > meeting": 1, "lead": 1}
    leads = by(found["lead_history"], "lead")
    assert (leads["a"]["first"], leads["a"]["between"], leads["a"]["latest"]) == ("lead", "contact > meeting", "won")
    # From creation to the meeting: a 10 days, c 7, d 1.
    assert [leads[k]["days_to_appointment"] for k in "abcde"] == [10, None, 7, 1, None]
    assert [leads[k]["months_worked"] for k in "abcde"] == [1, 1, 1, 0, 0]
    february = by(found["first_appointment"], "month")["2026-02"]
    assert (february["leads"], february["with_appointment"], february["days_median"]) == (2, 2, 4)


def test_touches_before_a_conversion(found: Tables) -> None:
    late = {row["outcome"]: (row["late"], row["n"]) for row in found["after_fifth_touch"]}
    # Touches before the meeting: a 3, c 6, d 0; before the deal: a 3, c 6. b's reply was an automatic one: no contact.
    assert late == {"contact": (1, 2), "connect": (1, 2), "meeting": (1, 3), "won": (1, 2)}


# -- campaigns ------------------------------------------------------------------------------------------------------


def test_campaigns_against_all_and_their_type(found: Tables, report: dict[str, Any]) -> None:
    rows_ = by(found["campaigns"], "campaign")
    # spring: a, b (`Spring` is `spring`), a met: 1/2. summer: c, who met: 1/1. Pooled 2/3, mean of campaigns 3/4.
    spring, summer = rows_["spring"], rows_["summer"]
    assert (spring["leads"], spring["rate"], summer["leads"], summer["rate"]) == (2, 0.5, 1, 1)
    assert spring["deviation"] == pytest.approx(1 / 2 - 2 / 3, abs=1e-6)
    assert (spring["low"], spring["high"]) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))
    types = by(found["campaign_types"], "type")
    assert (types["all"]["pooled"], types["all"]["mean"]) == (pytest.approx(2 / 3, abs=1e-6), 0.75)
    assert (types["mail"]["leads"], types["fair"]["leads"], types["fair"]["pooled"]) == (3, 0, None)


def test_what_was_done_after_a_campaign(found: Tables) -> None:
    rows_ = by(found["campaigns"], "campaign")
    # Within 30 days of joining: a 3 activities and b 1; c 6. Deals after joining: a's 1,000, c's 500.
    assert (rows_["spring"]["activities"], rows_["spring"]["followed"], rows_["spring"]["activities_per_lead"]) == (
        4,
        2,
        2,
    )
    assert (rows_["summer"]["activities"], rows_["summer"]["won_value"]) == (6, 500)
    assert (rows_["autumn"]["leads"], rows_["autumn"]["rate"]) == (0, None)


# -- return ---------------------------------------------------------------------------------------------------------


def test_return_on_everything(found: Tables) -> None:
    all_ = found["returns"][0]
    # Activities: 3 emails x 3 min + 7 calls x 6 min = 51 min = 0.85 h, at 60 an hour 51. Campaigns cost 450. Won 1,500.
    assert (all_["activities"], all_["hours"], all_["work"], all_["cost"], all_["invested"]) == (10, 0.85, 51, 450, 501)
    assert all_["roi"] == pytest.approx((1500 - 501) / 501, abs=1e-6)
    assert all_["per_activity"] == 150
    assert all_["per_hour"] == pytest.approx(1500 / 0.85, abs=1e-4)
    assert (all_["cost_per_lead"], all_["cost_per_sale"], all_["deal_size"]) == (90, 250.5, 750)


def test_return_by_list_and_campaign(found: Tables) -> None:
    lists, campaigns = by(found["returns_by_list"], "list"), by(found["returns_by_campaign"], "campaign")
    # L1 is a and b: 300 of cost, 15 min = 15 of work, won 1,000. L2: 100 of cost, 36 min = 36 of work, won 500.
    assert lists["L1"]["roi"] == pytest.approx((1000 - 315) / 315, abs=1e-6)
    assert lists["L2"]["roi"] == pytest.approx((500 - 136) / 136, abs=1e-6)
    assert campaigns["spring"]["invested"] == 315
    # The fair cost 50 and brought nobody: ROI -1; per lead and per sale there is nothing to divide by.
    assert (campaigns["autumn"]["roi"], campaigns["autumn"]["cost_per_lead"], campaigns["autumn"]["cost_per_sale"]) == (
        -1,
        None,
        None,
    )


def test_cost_per_sale_against_the_average_deal(found: Tables) -> None:
    campaigns = by(found["returns_by_campaign"], "campaign")
    # The average deal is set to 300, the lifetime value to 400: 315 is above the deal, within the lifetime value.
    assert campaigns["spring"]["verdict"] == "above the average deal, break-even over the lifetime value"
    assert campaigns["summer"]["verdict"] == "within the average deal"
    assert campaigns["autumn"]["verdict"] == "n/a"


def test_sales_by_month_and_the_sales_cycle(found: Tables) -> None:
    months = by(found["sales"], "month")
    assert (months["2026-02"]["won"], months["2026-02"]["change"]) == (1000, None)
    assert (months["2026-03"]["won"], months["2026-03"]["change"]) == (500, -0.5)
    # a: 10 January to 1 February, 22 days; c: 5 February to 4 March, 27 days.
    assert by(found["sales_cycle"], "group")["(all leads)"]["days_median"] == 24.5


# -- response -------------------------------------------------------------------------------------------------------


def test_response_without_a_state_is_from_creation(found: Tables) -> None:
    reps = by(found["response"], "owner")
    # sato answered a and b after 24 hours; lee answered c after 1 hour and d never.
    assert (reps["sato"]["assigned"], reps["sato"]["share"], reps["sato"]["hours_median"]) == (2, 0.5, 24)
    assert (reps["lee"]["answered"], reps["lee"]["answered_share"], reps["lee"]["hours_median"]) == (1, 0.5, 1)
    # e has no owner since 1 March.
    assert (found["queues"][0]["queue"], found["queues"][0]["days_median"]) == ("(no owner)", 30)


# -- what is missing ------------------------------------------------------------------------------------------------


def test_a_figure_without_its_input_is_left_out_with_the_reason(tmp_path: Path) -> None:
    made = document(write_company(tmp_path / "bare", 'segment web when source = "Web"\n', ""))
    reasons = {one["figure"]: one["reason"] for section in made["sections"] for one in section["missing"]}
    assert reasons["Funnel, cohorts"] == "no rule file has a funnel"
    assert reasons["Opt-in rate"] == "there is no file of visitors"
    assert reasons["Hours, revenue per hour, ROI"] == "nothing says how many minutes these take: call, email"
    columns = {c["name"] for s in made["sections"] for t in s["tables"] if t["name"] == "returns" for c in t["columns"]}
    assert not columns & {"roi", "hours", "per_hour", "cost", "work"}
    assert {"per_activity", "won"} <= columns


def test_deals_that_nobody_says_the_worth_of_are_not_worth_nothing(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p")
    write_events(project, [("a", "call_made", "2026-01-12", ""), ("a", "deal_won", "2026-02-01", "")])
    report = document(project)
    found = tables(report)
    assert by(found["inflow_month"], "period")["2026-02"]["deals"] == 1
    shown = {**found["inflow_month"][0], **found["campaigns"][0], **found["returns"][0]}
    assert not {"won", "won_value", "roi"} & set(shown)
    missing = [one["reason"] for section in report["sections"] for one in section["missing"]]
    assert missing.count("no deal says what it was worth") == 1


def test_where_nothing_was_won_yet_no_setting_is_asked_for(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p")
    write_events(project, [("a", "call_made", "2026-01-12", "")])
    (section,) = (one for one in document(project)["sections"] if one["name"] == "returns")
    (money,) = (one for one in section["missing"] if one["figure"] == "Return in money, ROI")
    assert money["reason"] == "no deal was won by then"
    assert "leadrules.yaml" not in money["help"]


def test_every_share_and_mean_names_its_denominator(report: dict[str, Any]) -> None:
    for section in report["sections"]:
        for table in section["tables"]:
            names = {c["name"] for c in table["columns"]}
            for column in table["columns"]:
                if column["unit"] in ("share", "ratio", "days"):
                    assert column["of"] in names, (table["name"], column["name"])


def test_every_chart_shows_a_table_of_its_section(report: dict[str, Any]) -> None:
    charts = [(s, chart) for s in report["sections"] for chart in s["charts"]]
    assert charts
    for section, chart in charts:
        table = next(t for t in section["tables"] if t["name"] == chart["table"])
        names = {c["name"] for c in table["columns"]}
        assert {
            chart["label"],
            *chart["values"],
            *filter(None, (chart["low"], chart["high"], chart["series"])),
        } <= names


def test_csv_and_json_are_the_same_figures(company: Path, found: Tables, tmp_path: Path) -> None:
    done = leadrules("report", "--project", company, "--format", "csv", "--as-of", "2026-03-31", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    written = {path.stem for path in (tmp_path / "out").glob("*.csv")} - {"tables"}
    assert written == set(found)
    campaigns = by(rows(tmp_path / "out" / "returns_by_campaign.csv"), "campaign")
    assert campaigns["autumn"]["cost_per_sale"] == "n/a"
    assert float(campaigns["spring"]["roi"]) == pytest.approx(
        by(found["returns_by_campaign"], "campaign")["spring"]["roi"]
    )


@pytest.mark.parametrize("name", ["report", "goal"])
def test_the_json_is_valid_against_its_schema(company: Path, report: dict[str, Any], name: str, tmp_path: Path) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    document_ = report
    if name == "goal":
        project = write_company(
            tmp_path / "goal", RULES + "goal few { target 1 meeting per month  meeting: 10% of call }\n"
        )
        document_ = json.loads(leadrules("goal", "few", "--project", project, "--format", "json").stdout)
    jsonschema.validate(document_, schema, cls=jsonschema.Draft202012Validator)


def test_a_report_of_nobody(tmp_path: Path) -> None:
    project = write_company(tmp_path / "empty")
    (project / "leads.csv").write_text("id,created_at,owner,source,list,campaign\n")
    (project / "events.csv").write_text("lead_id,type,at,amount\n")
    made = tables(document(project))
    assert [row["reached"] for row in made["funnel_revenue"]] == [0, 0, 0, 0]
    assert made["funnel_revenue"][1]["step_conversion"] is None


def test_names_that_are_not_there_are_refused(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", RULES, SETTINGS.replace("[source]", "[sauce]"))
    done = leadrules("report", "--project", project)
    assert done.exit_code == 1
    assert "`sauce` is not a lead field" in done.output
    assert "Did you mean `source`?" in done.output
    project = write_company(tmp_path / "q", RULES, "report: {meeting: meeting_sheduled}\n")
    done = leadrules("report", "--project", project)
    assert "`meeting_sheduled` is not an event type" in done.output


def test_a_report_is_the_same_in_every_order_of_the_events(tmp_path: Path) -> None:
    rules = """
sequence out { 1: day 1 email "a"  2: day 1 call "b"  finish after 90 days }
trigger web { when source = "Web"  do enroll out }
"""
    project = write_company(tmp_path / "p", RULES + rules)
    schema = json.loads((project / "rules/events.schema.json").read_text())
    text = {"type": "object", "properties": {"reason": {"type": "string"}, "campaign": {"type": "string"}}}
    schema["properties"] |= {"deal_lost": text, "form": text}
    (project / "rules/events.schema.json").write_text(json.dumps(schema))
    lines = [
        *(f"a,deal_lost,2026-02-10,,{reason}," for reason in ("price", "", "budget")),
        *(f"a,{kind},2026-02-11,,," for kind in ("email_sent", "call_made", "meeting_scheduled")),
        *(f"{lead},form,2026-02-12,,,{fair}" for lead, fair in (("a", "FAIR"), ("b", "Fair"), ("c", "Fair"))),
    ]
    made = []
    for number, rows_ in enumerate((lines, lines[::-1])):
        (project / "events.csv").write_text("\n".join(["lead_id,type,at,amount,reason,campaign", *rows_]) + "\n")
        if not number:
            options = ("--as-of", "2026-02-10", "--out", project / "out", "-q", "--force")
            assert leadrules("run", "--project", project, *options).exit_code == 0
        made.append(document(project)["sections"])
    assert made[0] == made[1]
    found = tables(document(project))
    assert [row["reason"] for row in found["loss_reasons"]] == ["budget"]
    assert "Fair" in by(found["campaigns"], "campaign")
    # The call sorts before the e-mail of the same time: the meeting came after the e-mail.
    assert [(row["channel"], row["meeting"]) for row in found["sequence_steps"]] == [("email", 1), ("call", 0)]


def test_the_same_report_is_the_same_bytes(company: Path) -> None:
    pages = [leadrules("report", "--project", company, "-o", "-", "-q").stdout for _ in range(2)]
    assert pages[0] == pages[1]
    assert len(pages[0].encode()) < 1_000_000
