"""The pieces of the measures by themselves: survival, intervals, goals, schedules, periods, sequences with a state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.example_project import compiled
from tests.measured import AS_OF, RULES, SETTINGS, by, document, tables, write_company, write_events
from tests.suites.running import leadrules

from leadrules.core.calendar import Calendar
from leadrules.measure.figures import wilson, wilson_low
from leadrules.measure.goal import Rate, behind, budgets, plan, workdays_per_month
from leadrules.measure.goal_section import hours_table
from leadrules.measure.nouns import about, at_least, counted
from leadrules.measure.periods import end_of, first_day, label, period_number
from leadrules.measure.settings import Role
from leadrules.measure.stages import survival
from leadrules.ruleset.model import Goal

# -- Kaplan-Meier ---------------------------------------------------------------------------------------------------

# Freireich et al. 1963, remission with 6-MP in weeks, `+` still in remission: the textbook example, with its known curve.
REMISSION = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]
CURVE = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def spells(texts: list[str]) -> pl.DataFrame:
    left = [not text.endswith("+") for text in texts]
    days = [float(text.rstrip("+")) for text in texts]
    return pl.DataFrame({"stage": ["s"] * len(days), "next": [None] * len(days), "days": days, "left": left})


def test_the_curve_of_the_textbook_example() -> None:
    curve = survival(spells(REMISSION))
    found = {int(days): round(share, 3) for days, share in curve.select("days", "share").iter_rows()}
    assert found == CURVE
    at_risk = dict(curve.select("days", "at_risk").iter_rows())
    assert (at_risk[6], at_risk[10], at_risk[23]) == (21, 15, 6)


def test_open_cases_count_as_long_as_they_were_seen() -> None:
    # Of four, one left after 2 days; three are still there after 10: half have not left, though all who left took 2 days.
    curve = survival(spells(["2", "10+", "10+", "10+"]))
    assert curve["share"].to_list() == [0.75]


# -- figures and periods --------------------------------------------------------------------------------------------


def test_wilsons_interval() -> None:
    # 8 of 40, worked out by hand: centre 0.22628, half-width 0.12130 at z = 1.96.
    low, high = wilson(8, 40) or (0, 0)
    assert (low, high) == pytest.approx((0.1050, 0.3476), abs=1e-4)
    assert wilson(0, 0) is None
    assert (wilson(0, 10) or (1, 1))[0] == 0


@pytest.mark.parametrize(
    ("day", "period", "starts", "expected"),
    [
        (date(2026, 3, 31), "fiscal_year", 4, "FY2025"),
        (date(2026, 4, 1), "fiscal_year", 4, "FY2026"),
        (date(2026, 12, 31), "fiscal_year", 1, "FY2026"),
        (date(2026, 3, 31), "quarter", 4, "2026-Q1"),
        (date(2026, 10, 1), "quarter", 4, "2026-Q4"),
        (date(2026, 2, 28), "month", 4, "2026-02"),
        (date(2025, 12, 31), "year", 4, "2025"),
    ],
)
def test_periods(day: date, period: str, starts: int, expected: str) -> None:
    number = pl.DataFrame({"d": [day]}).select(period_number(pl.col("d"), period, starts)).item()
    assert label(number, period) == expected
    assert first_day(number, period, starts) <= day < end_of(number, period, Calendar(), starts).date()


def test_a_period_ends_at_local_midnight() -> None:
    assert end_of(2026 * 12 + 2, "month", Calendar("Asia/Tokyo")) == datetime(2026, 3, 31, 15, tzinfo=UTC)


# -- goals ----------------------------------------------------------------------------------------------------------

CONTRACT = """
goal outbound "One SQO a month" {
  target 1 sqo per month
  workdays 20 per month
  sqo:          50% of meeting
  meeting:      25% of conversation
  conversation: 8% of call, 2% of email
  mix:          60% by call, 40% by email
  effort 6 minutes per call, 3 minutes per email
}
"""


def goal(text: str) -> Goal:
    return compiled(text).goals[0]


def test_the_goal_of_the_contract_worked_backwards() -> None:
    found = {need.name: need for need in plan(goal(CONTRACT), 20).needs}
    # 1 sqo = 2 meetings = 8 conversations; an activity is worth 0.6 x 8 % + 0.4 x 2 % = 5.6 % of one: 142.857 activities.
    assert (found["meeting"].per_month, found["conversation"].per_month) == (2, 8)
    assert found["call"].per_month == pytest.approx(8 / 0.056 * 0.6)
    assert found["email"].per_month == pytest.approx(57.142857)
    # A week is 5 of 20 workdays.
    assert found["call"].per_week == pytest.approx(21.428571)
    assert found["call"].per_day == pytest.approx(4.285714)


def test_hours_a_day_against_a_role() -> None:
    target = plan(goal(CONTRACT), 20)
    # (85.714 x 6 + 57.143 x 3) minutes over 20 days: 685.714 / 20 / 60 hours.
    assert target.hours == pytest.approx((685.7142857 / 60, 685.7142857 / 240, 685.7142857 / 1200))
    assert budgets(target, [Role("sdr", 4, 2)])[0][1] == pytest.approx(685.7142857 / 1200 / 8)


@pytest.mark.parametrize(
    ("target", "workdays", "monthly"),
    [("2 won per week", 20, 8), ("3 won per quarter", 20, 1), ("24 won per year", 20, 2), ("1 won per day", 21, 21)],
)
def test_targets_of_other_periods(target: str, workdays: int, monthly: float) -> None:
    found = plan(goal(f"goal g {{ target {target}  workdays {workdays} per month  won: 10% of call }}"), workdays)
    assert found.needs[0].per_month == monthly
    assert found.needs[1].per_month == pytest.approx(monthly * 10)


def test_workdays_of_other_periods_are_per_month() -> None:
    assert goal("goal g { target 1 won per month  workdays 60 per quarter  won: 10% of call }").workdays == 20
    assert workdays_per_month(
        goal("goal g { target 1 won per month  won: 10% of call }"), (1, 2, 3, 4, 5)
    ) == pytest.approx(260 / 12)


def test_the_rate_that_is_behind() -> None:
    rates = [Rate("meeting", "call", 0.1, 8, 100), Rate("won", "meeting", 0.5, 1, 8), Rate("x", "y", 0.1, 0, 0)]
    worst = behind(rates)
    # 0.08 of 0.1 is 80 %; 0.125 of 0.5 is 25 %. Wilson's upper end of 1 of 8 is 0.471: beyond chance.
    assert worst is not None
    assert (worst.stage, worst.standing, rates[0].standing, rates[2].standing) == (
        "won",
        "behind, beyond chance",
        "behind",
        "unknown",
    )


def test_a_goal_beside_the_data(tmp_path: Path) -> None:
    rules = (
        RULES
        + """
goal deals {
  target 4 won per month
  workdays 20 per month
  won: 50% of meeting
  meeting: 10% of call, 5% of email
  mix: 50% by call, 50% by email
}
"""
    )
    project = write_company(tmp_path / "p", rules)
    found = tables(document(project))
    rates = {(row["stage"], row["of"]): (row["hits"], row["n"]) for row in found["goal_deals_rates"]}
    # January to March: 2 deals of 3 meetings; a's meeting came after a call, c's too, d's after nothing: 2 of 7 calls, 0 of 3 emails.
    assert rates == {("won", "meeting"): (2, 3), ("meeting", "call"): (2, 7), ("meeting", "email"): (0, 3)}
    needs = by(found["goal_deals"], "name")
    # 4 deals at 2/3 take 6 meetings; an activity is worth 0.5 x 2/7 + 0.5 x 5 % (as assumed: no hit yet).
    assert needs["won"]["actual_per_month"] == pytest.approx(2 / 3, abs=1e-6)
    assert needs["meeting"]["now_per_month"] == pytest.approx(6, abs=1e-6)
    assert needs["call"]["now_per_month"] == pytest.approx(6 / (0.5 * 2 / 7 + 0.5 * 0.05) * 0.5, abs=1e-5)


def test_the_hours_of_the_contracts_goal_by_month_week_and_day() -> None:
    table = hours_table(goal(CONTRACT), plan(goal(CONTRACT), 20), None)
    assert table is not None
    # 85.714 calls of 6 minutes are 8.5714 hours, 57.143 emails of 3 are 2.8571; a week is a quarter, a day a twentieth.
    rows = {row[0]: row[1:] for row in table.frame.iter_rows()}
    assert rows["call"] == pytest.approx((6, 8.5714286, 2.1428571, 0.4285714))
    assert rows["email"] == pytest.approx((3, 2.8571429, 0.7142857, 0.1428571))
    assert rows["all together"][0] is None
    assert rows["all together"][1:] == pytest.approx((11.4285714, 2.8571429, 0.5714286))


def test_no_sum_of_hours_where_one_activity_has_none() -> None:
    half = goal(CONTRACT.replace(", 3 minutes per email", ""))
    table = hours_table(half, plan(half, 20), None)
    assert table is not None
    assert table.frame["activity"].to_list() == ["call", "email"]
    none = goal(CONTRACT.replace("effort 6 minutes per call, 3 minutes per email", ""))
    assert hours_table(none, plan(none, 20), None) is None


# Two forms after dials, and three dials, all in the three months before AS_OF; no other rule reads either event.
UNREAD = [
    *(("a", "dial", f"2026-03-{day:02}T09:00", "") for day in (2, 3, 4)),
    ("a", "form", "2026-03-05T09:00", ""),
    ("b", "form", "2026-03-06T09:00", ""),
]


def goal_of_events(folder: Path, settings: str = "") -> Path:
    """A goal whose stage and activity are named like events that no rule reads."""
    rules = "goal g { target 2 form per month  form: 20% of dial  effort 6 minutes per dial }\n"
    project = write_company(folder, rules, settings)
    schema = project / "rules" / "events.schema.json"
    schema.write_text(schema.read_text().replace('"form"', '"dial": {"type": "object", "properties": {}}, "form"'))
    write_events(project, UNREAD)
    return project


def test_a_goal_reads_the_events_that_its_names_are(tmp_path: Path) -> None:
    found = tables(document(goal_of_events(tmp_path / "p")))
    (rate,) = found["goal_g_rates"]
    assert (rate["hits"], rate["n"]) == (2, 3)
    assert by(found["goal_g"], "name")["dial"]["actual_per_month"] == 1


def test_a_goal_reads_an_event_that_is_called_like_a_part_that_nothing_plays(tmp_path: Path) -> None:
    project = goal_of_events(tmp_path / "p")
    for file in ("rules.lead", "events.schema.json"):
        path = project / "rules" / file
        path.write_text(path.read_text().replace("form", "demo"))
    write_events(project, [(lead, kind.replace("form", "demo"), at, "") for lead, kind, at, _ in UNREAD])
    schema = project / "rules" / "events.schema.json"
    schema.write_text(schema.read_text().replace("meeting_scheduled", "talked"))
    (rate,) = tables(document(project))["goal_g_rates"]
    assert (rate["hits"], rate["n"]) == (2, 3)


def test_without_events_a_goal_has_no_actual_figures(tmp_path: Path) -> None:
    project = goal_of_events(tmp_path / "p")
    path = project / "leadrules.yaml"
    path.write_text(path.read_text().replace("  events: [{path: events.csv}]\n", ""))
    report = document(project)
    found = tables(report)
    assert [row["actual_per_month"] for row in found["goal_g"]] == [None, None]
    (rate,) = found["goal_g_rates"]
    assert (rate["actual"], rate["hits"], rate["n"]) == (None, None, None)
    (section,) = [one for one in report["sections"] if one["name"] == "goal_g"]
    said = {one["figure"]: one["reason"] for one in section["missing"]}
    assert said["Actual number of form"] == said["Actual number of dial"] == "there is no file of events to read"


def test_without_events_a_goal_counts_the_steps_that_are_dates_of_the_lead(tmp_path: Path) -> None:
    project = goal_of_events(tmp_path / "p")
    rules = "define heard = first(dial)\nfunnel f { form: created_at  dial: heard }\n"
    path = project / "rules" / "rules.lead"
    path.write_text(rules + path.read_text())
    path = project / "leadrules.yaml"
    path.write_text(path.read_text().replace("  events: [{path: events.csv}]\n", ""))
    needs = by(tables(document(project))["goal_g"], "name")
    # All five leads were created in the three months; the dials that `heard` looks at are in no file.
    assert needs["form"]["actual_per_month"] == pytest.approx(5 / 3, abs=1e-5)
    assert needs["dial"]["actual_per_month"] is None


def test_without_events_nothing_that_they_tell_is_counted(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", RULES + "funnel fields { lead: created_at  late: created_at }\n")
    path = project / "leadrules.yaml"
    path.write_text(path.read_text().replace("  events: [{path: events.csv}]\n", ""))
    report = document(project)
    reasons = {one["figure"]: one["reason"] for section in report["sections"] for one in section["missing"]}
    for figure in ("Funnel: revenue", "Losses", "Time to first appointment", "Return, ROI, sales", "Touches"):
        assert reasons[figure] == "there is no file of events to read", figure
    assert not {"funnel_revenue", "losses_month", "first_touch"} & tables(report).keys()
    said = [words for section in report["sections"] for words in section["findings"]]
    assert not [words for words in said if words.startswith("No ") or " 0.0%" in words]
    assert {row["rate"] for row in tables(report)["campaigns"]} == {None}
    assert tables(report)["funnel_fields"]  # a funnel of fields needs none


# -- with a state ---------------------------------------------------------------------------------------------------

PROCESS = (
    RULES
    + """
sequence outbound { 1: day 1 email auto "Hello"  2: day 2 call "Ring"  3: day 4 call "Again" }
suppress email when owner = "nobody"
trigger asked { on form  do enroll outbound }
stages life { customer: when did deal_won  met: when did meeting_scheduled  lead: otherwise }
route sales { inside: team inside by round_robin when life is met respond within 4 hours }
goal outbound { target 1 meeting per month  meeting: 10% of call }
"""
)


@pytest.fixture(scope="module")
def with_state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project = write_company(
        tmp_path_factory.mktemp("state") / "p", PROCESS, SETTINGS + "  benchmarks: {outbound: {contact: 60%}}\n"
    )
    events = [
        ("d", "form", "2026-02-16T09:00", ""),
        ("e", "form", "2026-03-02T09:00", ""),
        ("d", "email_sent", "2026-02-16T10:00", ""),
        ("d", "call_made", "2026-02-17T10:00", ""),
        ("d", "call_connected", "2026-02-17T10:05", ""),
        ("d", "meeting_scheduled", "2026-02-18T10:00", ""),
        ("e", "email_sent", "2026-03-02T10:00", ""),
        ("a", "call_made", "2026-02-20T10:00", ""),
    ]
    write_events(project, events)
    for at in ("2026-02-16T09:30", "2026-02-18T12:00", "2026-03-02T09:30", "2026-03-20"):
        done = leadrules("run", "--project", project, "--as-of", at, "--out", project / "out", "-q", "--force")
        assert done.exit_code == 0, done.output
    return document(project)


def test_sequences_contact_coverage_and_benchmarks(with_state: dict[str, Any]) -> None:
    found = tables(with_state)
    outbound = found["sequences"][0]
    # d and e were enrolled; d was reached by telephone and met. Touches: d an email and a call, e an email.
    assert (outbound["enrolled"], outbound["contact"], outbound["contact_rate"], outbound["meeting"]) == (2, 1, 0.5, 1)
    assert (outbound["touches"], outbound["touches_per_enrolment"]) == (3, 1.5)
    # All three days came for both: 6 steps due, an email each and one call done.
    assert (outbound["due"], outbound["done"], outbound["coverage"]) == (6, 3, 0.5)
    assert found["benchmarks"][0]["difference"] == pytest.approx(-0.1)
    steps = by(found["sequence_steps"], "step")
    assert [(steps[n]["due"], steps[n]["done"], steps[n]["contact"]) for n in (1, 2, 3)] == [
        (2, 2, 0),
        (2, 1, 1),
        (2, 0, 0),
    ]


def test_a_goal_named_like_a_sequence_looks_at_the_leads_in_it(with_state: dict[str, Any]) -> None:
    # Two calls were made, one of them to a, who is in no sequence; d's led to the meeting.
    rate = tables(with_state)["goal_outbound_rates"][0]
    assert (rate["hits"], rate["n"], rate["actual"]) == (1, 1, 1)


def test_leads_that_no_run_has_seen_are_in_the_response_table(tmp_path: Path) -> None:
    rules = RULES + "route sales { all: team inside by round_robin otherwise respond within 4 hours }\n"
    project = write_company(tmp_path / "p", rules, "fields: {owner: owner, created: created_at}\n")
    write_events(project, [])
    run = ("run", "--project", project, "--as-of", "2026-03-01", "--out", project / "out", "-q", "--force")
    assert leadrules(*run).exit_code == 0
    before = sum(row["assigned"] for row in tables(document(project))["response"])
    leads = project / "leads.csv"
    header, *_ = leads.read_text().splitlines()
    new = {"id": "new", "created_at": "2026-03-04", "owner": "lee"}
    leads.write_text(leads.read_text() + ",".join(new.get(name, "") for name in header.split(",")) + "\n")
    write_events(project, [("new", "call_made", "2026-03-04T05:00", "")])
    rows = tables(document(project))["response"]
    assert sum(row["assigned"] for row in rows) == before + 1
    assert by(rows, "owner")["lee"]["answered"] == 1


def test_response_against_respond_within(tmp_path: Path) -> None:
    rules = RULES + "route sales { all: team inside by round_robin otherwise respond within 4 hours }\n"
    project = write_company(tmp_path / "p", rules)
    leads = (project / "leads.csv").read_text().replace("d,2026-02-15,lee", "d,2026-02-15,")
    (project / "leads.csv").write_text(leads)
    write_events(project, [("d", "call_made", "2026-02-16T12:00", ""), ("e", "call_made", "2026-03-02T10:00", "")])
    done = leadrules(
        "run", "--project", project, "--as-of", "2026-02-16T09:00", "--out", project / "out", "-q", "--force"
    )
    assert done.exit_code == 0, done.output
    reps = by([row for row in tables(document(project))["response"] if row["judged"]], "owner")
    # On Monday at 9 sato got d and lee got e, each due at 13:00. d was called at 12:00, e two weeks and an hour later.
    assert (reps["sato"]["judged"], reps["sato"]["in_time"], reps["sato"]["in_time_share"]) == (1, 1, 1)
    assert (reps["lee"]["judged"], reps["lee"]["in_time"], reps["lee"]["in_time_share"]) == (1, 0, 0)
    assert 3 in (reps["sato"]["hours_q1"], reps["sato"]["hours_median"])


def run_at(project: Path, as_of: str, events: Sequence[tuple[str, str, str, str]] = ()) -> None:
    """A run that has these events alone."""
    write_events(project, events)
    done = leadrules("run", "--project", project, "--as-of", as_of, "--out", project / "out", "-q", "--force")
    assert done.exit_code == 0, done.output


def test_two_runs_with_one_as_of_are_told_in_their_order(tmp_path: Path) -> None:
    rules = """
route sales { all: team inside by round_robin otherwise respond within 4 hours }
trigger asked { on form  do assign rep "lee" }
sequence hello { 1: day 1 email "Hello"  exit when did call_connected  finish after 30 days }
trigger web { when source = "Web"  do enroll hello }
"""
    project = write_company(tmp_path / "p", rules)
    whole = (project / "leads.csv").read_text().replace("d,2026-02-15,lee", "d,2026-02-15,")
    (project / "leads.csv").write_text(whole)
    run_at(project, "2026-03-02T09:00")
    # On Monday at 9 sato got d and lee got e, both due at 13:00. At the same instant d asks for lee, e is given to sato in
    # the CRM, and b was reached, which ends its sequence.
    (project / "leads.csv").write_text(whole.replace("e,2026-03-01,,", "e,2026-03-01,sato,"))
    later = [("b", "call_connected", "2026-03-02T08:00", ""), ("d", "form", "2026-03-02T08:30", "")]
    run_at(project, "2026-03-02T09:00", later)
    write_events(
        project, [*later, ("d", "call_made", "2026-03-02T12:00", ""), ("e", "call_made", "2026-03-02T12:30", "")]
    )
    found = tables(document(project))
    hello = by(found["sequences"], "sequence")["hello"]
    assert (hello["enrolled"], hello["still_in"]) == (3, 2)
    reps = by(found["response"], "owner")
    # Nobody asked of lee that d is answered by 13:00, nor of sato that e is; both had gone from whom it was asked of.
    figures = ("assigned", "answered", "hours_median", "judged", "in_time")
    assert [reps["sato"][name] for name in figures] == [4, 1, 3.5, 1, 0]
    assert [reps["lee"][name] for name in figures] == [3, 1, 3, 1, 0]


def test_who_finishes_a_sequence_and_enters_it_again_in_one_run_is_enrolled_twice(tmp_path: Path) -> None:
    rules = 'sequence thanks { 1: day 1 call "Thank them"  finish after 2 hours }\ntrigger asked { on form  do enroll thanks }\n'
    project = write_company(tmp_path / "p", rules)
    first, second = ("a", "form", "2026-03-02T08:00", ""), ("a", "form", "2026-03-03T08:00", "")
    run_at(project, "2026-03-02T09:00", [first])
    run_at(project, "2026-03-03T09:00", [first, second])
    calls = [("a", "call_made", f"2026-03-{day}", "") for day in ("02T10:00", "03T10:00", "03T11:00")]
    write_events(project, [first, second, *calls])
    found = tables(document(project))
    # The second asks at 8 on the 3rd, so it begins then; the first lasted from the run on the 2nd to that on the 3rd.
    row = by(found["sequences"], "sequence")["thanks"]
    assert (row["enrolled"], row["leads"], row["still_in"], row["touches"]) == (2, 1, 1, 3)
    assert [(row["due"], row["done"]) for row in found["sequence_steps"]] == [(2, 2)]
    told = leadrules("state", "history", "a", "--project", project)
    assert "thanks -> thanks" in told.stdout
    # Of an earlier run what its undo.csv says is taken back, and the sequence is the same: the lead stays where it is.
    out = (project / "out").rename(project / "second")
    run_at(project, "2026-03-03T09:30", [first, second])
    shown = leadrules("state", "show", "a", "--project", project).stdout
    assert leadrules("run", "--undo", out, "--project", project).exit_code == 0
    assert leadrules("state", "show", "a", "--project", project).stdout == shown
    assert "2026-03-03T08:00" in shown


def test_an_enrolment_by_a_late_event_comes_after_the_one_before_it(tmp_path: Path) -> None:
    rules = """
sequence thanks { 1: day 1 call "Thank them"  finish after 30 days }
sequence talk { 1: day 1 call "Talk" }
trigger asked { on form  do enroll thanks }
trigger wrote { on email_replied  do enroll talk }
"""
    project = write_company(tmp_path / "p", rules)
    wrote, asked = ("a", "email_replied", "2026-03-02T08:00", ""), ("a", "form", "2026-03-01T08:00", "")
    run_at(project, "2026-03-02T09:00", [wrote])
    run_at(project, "2026-03-03T09:00", [wrote])
    # The form of the 1st comes in late, when the talk that was begun on the 2nd is over.
    run_at(project, "2026-03-04T09:00", [wrote, asked])
    write_events(project, [wrote, asked, ("a", "meeting_scheduled", "2026-03-05", "")])
    found = by(tables(document(project))["sequences"], "sequence")
    assert {name: (row["enrolled"], row["meeting"]) for name, row in found.items()} == {
        "talk": (1, 0),
        "thanks": (1, 1),
    }


def test_two_calls_of_a_day_without_hours_are_two_for_the_goal_of_a_sequence(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", PROCESS)
    asked = ("d", "form", "2026-02-16T09:00", "")
    run_at(project, "2026-02-16T09:30", [asked])
    write_events(
        project, [asked, *[("d", "call_made", "2026-02-18", "")] * 2, ("d", "meeting_scheduled", "2026-02-19", "")]
    )
    (rate,) = tables(document(project))["goal_outbound_rates"]
    assert (rate["hits"], rate["n"], rate["actual"]) == (1, 2, 0.5)


def test_the_interval_of_nobody_begins_at_nothing() -> None:
    """So that the page says 0.0% for it, and not 0.00% as of a very small share."""
    found = pl.DataFrame({"hits": 0, "of": range(200)}).select(wilson_low("hits", "of")).to_series().to_list()
    assert found == [None, *[0.0] * 199]


def test_stages_by_their_history(with_state: dict[str, Any]) -> None:
    found = tables(with_state)
    life = by(found["stages_life"], "stage")
    # a to e are leads since the first run; d was found to have met by the second.
    assert (life["lead"]["entered"], life["lead"]["left"], life["met"]["still_in"]) == (5, 1, 1)
    move = found["transitions_life"][0]
    assert (move["stage"], move["next"], move["moves"], move["share"]) == ("lead", "met", 1, 0.2)


def test_ways_come_from_the_state(with_state: dict[str, Any]) -> None:
    assert {row["way"]: row["leads"] for row in tables(with_state)["ways"]} == {"lead": 4, "lead > met": 1}


def test_a_run_is_not_touched_by_a_report(tmp_path: Path) -> None:
    project = write_company(tmp_path / "p", PROCESS)
    leadrules("run", "--project", project, "--as-of", "2026-03-01", "--out", project / "out", "-q", "--force")
    before = {p: p.read_bytes() for p in (project / ".leadrules").rglob("*") if p.is_file()}
    assert leadrules("report", "--project", project, "--as-of", AS_OF, "-o", project / "r.html").exit_code == 0
    assert {p: p.read_bytes() for p in (project / ".leadrules").rglob("*") if p.is_file()} == before


def test_amounts_of_a_goal_are_said_as_people_count_them() -> None:
    """One is one, what is little is not nothing, and a million is written out."""
    assert (at_least(1.0, "call"), at_least(342.9, "call"), at_least(0.04, "call")) == (
        "1 call",
        "343 calls",
        "0.04 calls",
    )
    assert (about(0.0462), about(0.2308), about(17.14), about(0)) == ("0.05", "0.2", "17", "0")
    assert (counted(1, "meeting"), counted(1_250_000, "deal"), counted(0.5, "sqo")) == (
        "1 meeting",
        "1,250,000 deals",
        "0.5 SQOs",
    )
