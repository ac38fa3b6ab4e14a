"""`explain`: waterfalls, clauses, changes, owners and triggers, with values worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.explained import document, example, named, outcome, request, write

from leadrules.data.errors import InputError
from leadrules.engine.row import LeadFacts, prepare
from leadrules.lifecycle.run import evaluated_leads, read_inputs
from leadrules.review.explain.changes import Changes, label_names
from leadrules.review.explain.explain import asked, key_of
from leadrules.review.explain.lead import OneLead
from leadrules.review.explain.proposals import Change
from leadrules.review.explain.words import Words, rule_files
from leadrules.ruleset.model import Band, Stages
from leadrules.show.page import wrapped

SCORES = """
list target = ["Software", "Finance"]
score fit "Fit" {
  industry "An industry we serve": +20 when industry in target
  senior: +15 when title contains any ("VP", "部長")
  size: +(min(employees / 50, 20)) when employees is not blank
  group region "Where" first match {
    japan: +8 when country = "JP"
    asia: +4 when country in ("JP", "KR")
  }
  cap 30
}
score engagement {
  group mail "Mail" at most 12 points {
    opened: +5 each email_opened within 30 days
    clicked: +6 each email_clicked distinct campaign halving every 10 days
  }
  pricing: +10 when did page_viewed where (path starts with "/pricing") within 30 days
  spring: +3 when industry is not blank from 2026-11-01 until 2026-11-30
  last: +1 each page_viewed at most 1 times
  floor -5
}
define total = fit + engagement
band heat of total { hot: from 60 hold until below 50  warm: from 40  cold: otherwise }
segment big when employees >= 200
segment ready "Ready" when big and (heat is at least warm or country = "JP") and not opted_out
stages life {
  sql: when did form_submitted where (form = "demo")
  mql: when ready
  lead: otherwise
}
classify who { buyer: when title contains "VP"  user: otherwise }
matrix priority of heat by who {
  columns: buyer | user
  hot:  p1 | p2
  warm: p2 | p3
  cold: p3 | p3
}
"""
# fit: industry 20 + japan 8 + size min(150 / 50, 20) = 3, together 31, capped at 30.
# engagement: two opens 10, one click 10 days ago 3, together 13, limited to 12; the one page counts for `last`: 1.
LEADS = "L1,2026-10-01T09:00,,a@x.example,Software,150,Manager,JP,,,\nL2,2026-10-02T09:00,,b@x.example,,,,,,,\n"
EVENTS = (
    "L1,email_opened,2026-10-20T10:00,,,\n"
    "L1,email_opened,2026-10-21T10:00,,,\n"
    "L1,email_opened,2026-08-21T10:00,,,\n"
    "L1,email_clicked,2026-10-20T12:00,,autumn,\n"
    "L1,page_viewed,2026-10-21T10:00,/blog,,\n"
    "L1,page_viewed,2026-10-19T10:00,/blog,,\n"
)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return document(outcome(write(tmp_path_factory.mktemp("scored"), SCORES, LEADS, EVENTS), "L1"), "L1")


def test_a_waterfall_has_its_lines_largest_first(scored: dict[str, Any]) -> None:
    fit = named(scored, "fit")
    assert fit["value"] == 30
    assert [(line["rule"], line["points"]) for line in fit["lines"]] == [
        ("fit.industry", 20),
        ("fit.japan", 8),
        ("fit.size", 3),
        ("fit cap", -1),
    ]
    assert [line["kind"] for line in fit["lines"]] == ["rule", "rule", "rule", "cap"]
    assert fit["lines"][3]["title"] == "cap 30"


def test_each_event_is_told_with_its_points(scored: dict[str, Any]) -> None:
    engagement = named(scored, "engagement")
    lines = {line["rule"]: line for line in engagement["lines"]}
    assert engagement["value"] == 13
    assert lines["engagement.mail limit"]["points"] == -1
    assert lines["engagement.mail limit"]["title"] == "Mail: at most 12 points"
    opened = lines["engagement.opened"]["events"]
    assert [(e["at"], e["points"]) for e in opened] == [("2026-10-21T10:00", 5), ("2026-10-20T10:00", 5)]
    clicked = lines["engagement.clicked"]
    assert [(e["points"], e["fields"]) for e in clicked["events"]] == [(3, {"campaign": '"autumn"'})]
    assert clicked["notes"] == ["each halves every 10 days"]
    assert lines["engagement.last"]["notes"] == ["1 of 2 events count: at most 1 times"]


def test_a_rule_that_gave_nothing_says_why(scored: dict[str, Any]) -> None:
    silent = {rule["rule"]: rule for name in ("fit", "engagement") for rule in named(scored, name)["silent"]}
    assert set(silent) == {"fit.senior", "fit.asia", "engagement.pricing", "engagement.spring"}
    (clause,) = silent["fit.senior"]["clauses"]
    assert clause["saw"] == [{"text": "title", "value": '"Manager"'}]
    assert silent["fit.asia"]["reason"] == "fit.japan comes first in region, and the first that matches counts"
    assert silent["engagement.spring"]["reason"] == "it begins on 2026-11-01"
    (clause,) = silent["engagement.pricing"]["clauses"]
    assert [(row["text"], row["value"].split(",")[0]) for row in clause["saw"]] == [
        ("page_viewed", "2 events"),
        ('where (path starts with "/pricing")', "0 events"),
    ]


def test_a_line_before_the_one_that_matched_had_no_events(tmp_path: Path) -> None:
    rules = """
score engagement {
  group best first match {
    demo: +20 each form_submitted where (form = "demo")
    page: +5 each page_viewed
    mail: +1 each email_opened
  }
}
"""
    found = document(outcome(write(tmp_path, rules, LEADS, EVENTS), "L1"), "L1")
    silent = {rule["rule"]: rule["reason"] for rule in named(found, "engagement")["silent"]}
    assert silent["engagement.demo"].startswith("no event counts: ")
    assert silent["engagement.mail"] == "engagement.page comes first in best, and the first that matches counts"


def test_a_clause_is_traced_into_segments(scored: dict[str, Any]) -> None:
    life = named(scored, "life")
    assert life["value"] == "lead"
    mql = next(one for one in life["passed"] if one["label"] == "mql")
    (ready,) = mql["clauses"]
    (big,) = ready["because"]
    assert big["text"] == "big"
    (employees,) = big["because"]
    assert employees["text"] == "employees >= 200"
    assert employees["saw"] == [{"text": "employees", "value": "150"}]


def test_matrix_and_classify_say_what_they_took(scored: dict[str, Any]) -> None:
    priority = named(scored, "priority")
    assert priority["value"] == "p3"
    assert priority["sides"] == [{"name": "heat", "value": "warm"}, {"name": "who", "value": "user"}]
    who = named(scored, "who")
    assert who["taken"]["label"] == "user"
    assert [one["label"] for one in who["passed"]] == ["buyer"]


def test_the_smallest_changes_come_first_and_were_tried(tmp_path: Path) -> None:
    rules = """
    score fit {
      size: +15 when employees >= 200
      pricing: +10 when did page_viewed where (path starts with "/pricing")
      opened: +3 each email_opened
    }
    band heat of fit { hot: from 17  warm: from 7  cold: otherwise }
    """
    folder = write(tmp_path, rules, "L1,2026-10-01T09:00,,,,150,,,,,\n")
    heat = named(document(outcome(folder, "L1"), "L1"), "heat")
    assert heat["value"] == "cold"
    assert heat["changes"]["to"] == "warm"
    assert heat["changes"]["needs"] == 7
    ways = [(way["text"], way["gives"], way["becomes"]) for way in heat["changes"]["ways"]]
    assert ways == [
        ('one page_viewed with path = "/pricing"', 10, "warm"),
        ("employees >= 200 (it is 150)", 15, "warm"),
        ("3 email_opened, one a day", 9, "warm"),
    ]
    assert heat["changes"]["ways"][0]["because"] == ["fit.pricing +10"]


def test_two_changes_where_one_is_not_enough(tmp_path: Path) -> None:
    rules = """
    score fit { size: +15 when employees >= 200  pricing: +10 when did page_viewed  angry: -8 when opted_out }
    band heat of fit { hot: from 24  cold: otherwise }
    """
    folder = write(tmp_path, rules, "L1,2026-10-01T09:00,,,,150,,,yes,,\n")
    (way,) = named(document(outcome(folder, "L1"), "L1"), "heat")["changes"]["ways"]
    assert way["events"] == [{"type": "page_viewed", "fields": {}, "times": 1}]
    assert way["fields"] == {"employees": "200", "opted_out": "no"}
    assert way["gives"] == 33


def test_points_worked_out_from_a_number_are_brought_back_to_the_least(tmp_path: Path) -> None:
    rules = """
    score fit { size: +(min(employees / 50, 20)) when employees is not blank }
    band heat of fit { hot: from 8  cold: otherwise }
    """
    folder = write(tmp_path, rules, "L1,2026-10-01T09:00,,,,150,,,,,\n")
    (way,) = named(document(outcome(folder, "L1"), "L1"), "heat")["changes"]["ways"]
    assert way["text"] == "employees >= 400 (it is 150)"  # 400 / 50 = 8


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("employees", "employees >= 200 (it is 150)"),
        ("employees * 2 - 100", "employees >= 150 (it is 120)"),
        ("count(email_opened within 30 days) * 100", "2 email_opened, one a day"),
        ('if(country = "JP", 300, 0)', 'country = "JP" (it is blank)'),
        ('if(interests has "ＡＩ", 300, 0)', 'interests = ["ＡＩ"] (it is blank)'),
        ("300 - employees", "employees <= 100 (it is 150)"),
        ("if(employees between 180 and 220, 300, 0)", "employees = 180 (it is 150)"),
    ],
)
def test_a_band_need_not_be_made_of_points(tmp_path: Path, number: str, text: str) -> None:
    rules = f"define size = {number}\nband tier of size {{ large: from 200  small: otherwise }}"
    people = text.partition("(it is ")[2].partition(")")[0] if "employees" in text else ""
    folder = write(tmp_path, rules, f"L1,2026-10-01T09:00,,,,{people},,,,,\n")
    way = named(document(outcome(folder, "L1"), "L1"), "tier")["changes"]["ways"][0]
    assert (way["text"], way["becomes"]) == (text, "large")


def test_a_held_label_needs_less(tmp_path: Path) -> None:
    rules = """
    score fit { size: +(employees) when employees is not blank }
    band status of fit { hot: from 60 hold until below 50  cold: otherwise }
    """
    folder = write(tmp_path, rules, "L1,2026-10-01T09:00,,,,45,,,,,hot\n")
    status = named(document(outcome(folder, "L1"), "L1"), "status")
    assert (status["before"], status["value"], status["changes"]["needs"]) == ("hot", "cold", 5)
    kept = write(tmp_path / "kept", rules, "L1,2026-10-01T09:00,,,,55,,,,,hot\n")
    held = named(document(outcome(kept, "L1"), "L1"), "status")
    assert (held["value"], held["note"]) == ("hot", "it was hot, and hot holds until the number is below 50")


def test_what_a_lead_is_called_is_never_changed(tmp_path: Path) -> None:
    rules = """
    score fit { own: +10 when email = "x@y.example"  mine: +10 when owner = "sato"  key: +10 when id = "L9" }
    band heat of fit { hot: from 10  cold: otherwise }
    """
    folder = write(tmp_path, rules, "L1,2026-10-01T09:00,,a@x.example,,45,,,,,\n")
    assert named(document(outcome(folder, "L1"), "L1"), "heat")["changes"]["ways"] == []


# -- laws over the example companies --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["acme", "sakura"])
def test_the_waterfall_adds_up_to_the_decided_score(name: str) -> None:
    """For every lead: the row engine's lines, in units, sum up to what the columns decided."""
    ran = example(name)
    lines = ran.facts.contributions().group_by("lead_row", "score").agg((pl.col("points") * 10_000).round().sum())
    given = {(row, score): units for row, score, units in lines.iter_rows()}
    scores = [d.name for d in ran.request.ruleset.declared if type(d).__name__ == "Score"]
    for score in scores:
        for row, value in enumerate(ran.facts.frame[score]):
            assert round(value * 10_000) == given.get((row, score), 0)


@pytest.mark.parametrize(("name", "step"), [("acme", 97), ("sakura", 83)])
def test_a_lead_is_explained_as_the_columns_decided(name: str, step: int) -> None:
    """The document's scores are the run's, its lines add up to them, its labels are the run's."""
    ran = example(name)
    keys = ran.leads.frame["@join"].to_list()
    for row in range(0, len(keys), step):
        lead = OneLead(ran, row)
        words = Words(lead.ruleset, rule_files(ran.request.project), lead.calendar, lead.program)
        from leadrules.review.explain.scores import definition

        for one in lead.ruleset.declared:
            found = definition(lead, words, one)
            if found["kind"] == "score":
                assert found["value"] == ran.facts.frame[one.name][row]
                units = sum(round(line["points"] * 10_000) for line in found["lines"])
                assert units == round(found["value"] * 10_000)
            elif found["kind"] != "define":
                assert found["value"] == ran.facts.frame[one.name][row]


@pytest.mark.parametrize(("name", "step"), [("acme", 401), ("sakura", 211)])
def test_every_change_shown_reaches_its_label(name: str, step: int) -> None:
    """Each change is made to the lead and a program of its own is run on it; and nothing of it can be left out."""
    ran = example(name)
    program = prepare(ran.request.ruleset, dict(ran.request.project.team.teams))
    shown = 0
    for row in range(0, ran.leads.frame.height, step):
        lead = OneLead(ran, row)
        changes = Changes(lead, Words(lead.ruleset, {}, lead.calendar, lead.program))
        for one in lead.ruleset.declared:
            if not isinstance(one, Band | Stages):
                continue
            names = label_names(one)
            now = lead.facts.values[one.name]
            wanted = names[: names.index(now)] if now in names else names
            if not wanted:
                continue
            for change in changes._search(one, partial(_is_among, one.name, wanted)):
                assert _changed(lead, program, change, one.name) in wanted
                assert all(_changed(lead, program, less, one.name) not in wanted for less in change.without())
                shown += 1
    assert shown > 20


def _is_among(name: str, wanted: Sequence[str], facts: LeadFacts) -> bool:
    return facts.values[name] in wanted


def _changed(lead: OneLead, program: Any, change: Change, name: str) -> Any:
    case = lead.facts.case
    events = [*case.events]
    for kind, fields, times in change.events:
        for number in range(times):
            at = lead.as_of
            assert at is not None
            own = {n: f"{v[:-1]}{number + 1}" if isinstance(v, str) and v.endswith(" 1") else v for n, v in fields}
            events.append({"type": kind, "at": at - _days(number), "lead_id": None, **own})
    events.sort(key=lambda event: event["at"])
    facts = program.facts({**case.lead, **dict(change.fields)}, events, case.context, dict(case.inputs))
    return facts.values[name]


def _days(number: int) -> Any:
    from datetime import timedelta

    return timedelta(days=number)


# -- owners, triggers, sequences ------------------------------------------------------------------------------------

DECIDING = """
score fit { size: +(employees) when employees is not blank }
band heat of fit { hot: from 70  cold: otherwise }
suppress email when opted_out
exit all when status = "Customer"
route sales order by fit descending {
  vip: rep "kim" when heat is hot
  acct: match account on country when country is not blank
  skilled: team inside where (rep.industries has industry) by round_robin when industry is not blank on shift
  rest: queue nurture otherwise
}
sequence outbound {
  1: day 1 email auto "First" template "intro"
  2: day 1 email auto "Only for Japan" template "intro" when country = "JP"
  3: day 3 call "Call"
  exit when did form_submitted since enrolled_at
}
trigger asked { on form_submitted where (form = "demo")  when not opted_out  do enroll outbound  once per 30 days }
trigger warmed { on enter heat hot  do notify "desk" "hot" }
trigger due { on date renewal - 1 month  do task call "Renewal" }
trigger keen { when employees >= 500 and country = "JP"  do set status = "Working" }
"""
DECIDED_LEADS = (
    "L1,2026-10-01T09:00,,a@x.example,Software,90,,,,2027-01-15,\n"
    "L2,2026-10-02T09:00,,b@x.example,Software,50,,,,,\n"
    "L3,2026-10-03T09:00,lee,c@x.example,Retail,10,,JP,yes,,\n"
)
DECIDED_EVENTS = (
    "L2,form_submitted,2026-10-30T11:00,,,demo\n"
    "L3,form_submitted,2026-10-30T11:00,,,demo\n"
    "L1,form_submitted,2026-10-01T11:00,,,demo\n"
)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    ran = outcome(write(tmp_path_factory.mktemp("decided"), DECIDING, DECIDED_LEADS, DECIDED_EVENTS), "L1", "L2", "L3")
    return {key: document(ran, key) for key in ("L1", "L2", "L3")}


def test_a_route_says_who_won_and_why_the_others_did_not(decided: dict[str, dict[str, Any]]) -> None:
    """L1 comes first (fit 90) and goes to sato, the first of the roster; L2 finds sato full and gets lee."""
    assert decided["L1"]["owner"] == {
        "before": None,
        "after": "sato",
        "by": "route.sales.skilled",
        "given": None,
        "due": None,
    }
    sales = named(decided["L2"], "sales", "routes")
    assert (sales["rule"], sales["gave"], sales["order"]["value"]) == ("skilled", "lee", "50")
    rules = {rule["rule"]: rule for rule in sales["rules"]}
    assert {name: rule["outcome"] for name, rule in rules.items()} == {
        "vip": "does not hold",
        "acct": "does not hold",
        "skilled": "won",
        "rest": "not looked at",
    }
    reps = {rep["rep"]: rep for rep in rules["skilled"]["reps"]}
    assert reps["lee"]["chosen"]
    assert (reps["sato"]["reason"], reps["sato"]["detail"]) == ("is at capacity for the day", "1 a day")
    assert reps["kim"]["reason"] == "is not active"
    assert reps["ito"]["reason"] == "is away today"
    assert reps["mori"]["reason"] == "is off shift"
    assert rules["skilled"]["reps"][0]["rep"] == "lee"


def test_a_rule_that_holds_and_has_nobody_is_passed_over(decided: dict[str, dict[str, Any]]) -> None:
    vip = named(decided["L1"], "sales", "routes")["rules"][0]
    assert vip["outcome"] == "passed over"
    assert vip["reason"] == '"kim": no active rep'


def test_a_lead_that_is_somebodys_is_not_looked_at(decided: dict[str, dict[str, Any]]) -> None:
    sales = named(decided["L3"], "sales", "routes")
    assert not sales["looked"]
    assert sales["why_not"] == "it is lee's, an active rep"


def test_why_a_trigger_did_not_fire(decided: dict[str, dict[str, Any]]) -> None:
    triggers = {
        (key, one["name"]): (one["stopped"], one["reason"]) for key in decided for one in decided[key]["triggers"]
    }
    assert triggers["L2", "asked"] == (None, None)
    assert triggers["L3", "asked"] == ("condition", "it was set off, and its condition does not hold")
    stopped, reason = triggers["L1", "asked"]
    assert stopped == "not set off"
    assert reason.startswith("the newest such event, of 2026-10-01T11:00")
    assert triggers["L1", "warmed"] == (None, None)
    assert triggers["L2", "warmed"] == ("not set off", "heat is cold and was blank")
    assert triggers["L1", "due"] == ("not set off", "2026-12-15 has not come")
    assert triggers["L2", "due"] == ("not set off", "renewal - 1 month is blank")
    assert triggers["L3", "keen"] == ("condition", "its condition does not hold")
    (clause,) = named(decided["L3"], "keen", "triggers")["clauses"]
    assert (clause["text"], clause["saw"]) == ("employees >= 500", [{"text": "employees", "value": "10"}])
    (clause,) = named(decided["L3"], "asked", "triggers")["clauses"]
    assert (clause["text"], clause["saw"]) == ("not opted_out", [{"text": "opted_out", "value": "yes"}])


def test_a_trigger_whose_route_found_nobody_stays_armed(tmp_path: Path) -> None:
    # kim is not active: the route looks at the lead and finds nobody, and the trigger did nothing.
    rules = (
        'route late on demand { only: rep "kim" otherwise }\ntrigger asked { on form_submitted  do assign with late }\n'
    )
    folder = write(tmp_path, rules, "L1,2026-10-01,,,,,,,,,\n", "L1,form_submitted,2026-10-30T11:00,,,\n")
    asked_ = named(document(outcome(folder, "L1"), "L1"), "asked", "triggers")
    said = "it was set off, and none of its actions was done (assign owner: nobody is eligible); it stays armed"
    assert (asked_["stopped"], asked_["reason"]) == ("nothing done", f"{said} for the next time")


@pytest.mark.parametrize(
    ("on", "armed"),
    [
        ("on enter who big", "for the next time"),  # what was entered is over with the run
        ("when employees >= 5", "and the next run tries again"),
        ("on date renewal", "and the next run tries again"),
    ],
)
def test_what_stays_armed_says_for_what(tmp_path: Path, on: str, armed: str) -> None:
    rules = (
        "classify who { big: when employees >= 5  small: otherwise }\n"
        'route late on demand { only: rep "kim" otherwise }\n'
        f"trigger asked {{ {on}  do assign with late }}\n"
    )
    folder = write(tmp_path, rules, "L1,2026-10-01,,,,9,,,,2026-10-30,\n")
    reason = named(document(outcome(folder, "L1"), "L1"), "asked", "triggers")["reason"]
    assert reason.endswith(("it stays armed, " if armed.startswith("and") else "it stays armed ") + armed)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("assign with kept", "there is nothing to do for this lead; it stays armed, and the next run tries again"),
        ("move by which", "there is nothing to do for this lead; it stays armed, and the next run tries again"),
        ('assign rep "lee"', "nothing was left to do: everything is so already"),
    ],
)
def test_what_found_nothing_to_do_says_whether_it_stays_armed(tmp_path: Path, does: str, said: str) -> None:
    # An owner who is asked for and there is not waited for; a route that keeps the owner has assigned nothing.
    rules = f"""
sequence outbound {{ 1: day 1 call "Call"  exit when opted_out }}
classify which {{ outbound: when country = "JP" }}
route kept on demand {{ any: keep owner otherwise }}
trigger keen {{ when employees >= 5  do {does} }}
"""
    folder = write(tmp_path, rules, "L1,2026-10-01,lee,,,9,,,,,\n")
    found = named(document(outcome(folder, "L1"), "L1"), "keen", "triggers")
    assert (found["stopped"], found["reason"]) == ("nothing done", f"it was set off, and {said}")


def test_where_no_run_was_before_none_is_named(tmp_path: Path) -> None:
    # Without a state new things begin a day before the `as of`, the 29th at noon.
    rules = (
        'trigger asked { on form_submitted  do notify "x" "y" }\ntrigger due { on date renewal  do notify "x" "y" }\n'
    )
    folder = write(tmp_path, rules, "L1,2026-10-01,,,,,,,,2026-10-29,\n", "L1,form_submitted,2026-10-29T11:00,,,\n")
    found = document(outcome(folder, "L1"), "L1")
    begins = "2026-10-29T12:00, from when on things are new"
    said = f"the newest such event, of 2026-10-29T11:00, is older than {begins}"
    assert named(found, "asked", "triggers")["reason"] == said
    assert named(found, "due", "triggers")["reason"] == f"2026-10-29 fell before {begins}"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("assign with late", "route.late.only gave it lee in this run"),
        ('assign rep "lee" respond within 1 hour', "a trigger gave it lee in this run"),
    ],
)
def test_a_route_that_left_a_lead_to_a_trigger_says_so(tmp_path: Path, does: str, said: str) -> None:
    # `reroute when` holds of the lead; that the trigger gave it to the owner it had is why the route did not look.
    rules = f"""
route sales {{ any: rep "sato" otherwise  reroute when status = "R" }}
route late on demand {{ only: rep "lee" otherwise  respond within 10 minutes }}
trigger asked {{ on form_submitted  do {does} }}
"""
    folder = write(tmp_path, rules, "L1,2026-10-01,lee,,,,,,,,R\n", "L1,form_submitted,2026-10-30T11:00,,,\n")
    sales = named(document(outcome(folder, "L1"), "L1"), "sales", "routes")
    assert (sales["looked"], sales["why_not"]) == (False, said)


def test_of_two_deals_of_a_route_the_last_is_told(tmp_path: Path) -> None:
    # The trigger's deal passes lee over and keeps the owner; `reroute when` holds, and the route's own gives lee the lead.
    rules = """
route sales { first: rep "lee" when status = "R"  rest: keep owner otherwise  reroute when status = "R" }
trigger again { on form_submitted  do reassign with sales at most 2 times }
"""
    folder = write(tmp_path, rules, "L1,2026-10-01,lee,,,,,,,,R\n", "L1,form_submitted,2026-10-30T11:00,,,\n")
    sales = named(document(outcome(folder, "L1"), "L1"), "sales", "routes")
    told = [(rule["rule"], rule["outcome"]) for rule in sales["rules"]]
    assert (sales["rule"], told) == ("first", [("first", "won"), ("rest", "not looked at")])


def test_steps_are_told_with_what_became_of_them(decided: dict[str, dict[str, Any]]) -> None:
    outbound = named(decided["L2"], "outbound", "sequences")
    assert (outbound["before"], outbound["after"]) == (False, True)
    assert [(step["number"], step["status"]) for step in outbound["steps"]] == [
        (1, "goes out"),
        (2, "skipped"),
        (3, "to come"),
    ]
    assert outbound["steps"][2]["due"].startswith("2026-11-01T11:00")
    (clause,) = outbound["steps"][1]["clauses"]
    assert clause["text"] == 'country = "JP"'
    elsewhere = named(decided["L1"], "outbound", "sequences")
    assert elsewhere["note"] == "it is in no sequence"
    assert elsewhere["doors"] == [{"rule": "trigger.asked", "fired": False, "but": None}]


def test_what_suppressed_a_mail(tmp_path: Path) -> None:
    rules = DECIDING.replace(" when not opted_out", "")
    folder = write(tmp_path, rules, DECIDED_LEADS, DECIDED_EVENTS)
    mail = next(one for one in document(outcome(folder, "L3"), "L3")["actions"] if one["kind"] == "email")
    assert (mail["reason"], mail["because"]) == ("suppressed", "email is suppressed")
    assert [(clause["text"], clause["saw"][0]["value"]) for clause in mail["clauses"]] == [("opted_out", "yes")]


def test_a_mail_that_was_withheld_is_named(tmp_path: Path) -> None:
    rules = 'suppress email when opted_out\ntrigger asked { on form_submitted  do send template "intro" }\n'
    folder = write(tmp_path, rules, DECIDED_LEADS, DECIDED_EVENTS)
    reason = named(document(outcome(folder, "L3"), "L3"), "asked", "triggers")["reason"]
    assert "none of its actions was done (email intro: suppressed)" in reason


# -- which lead, which name -----------------------------------------------------------------------------------------


def test_a_lead_is_found_by_either_form_of_a_salesforce_id(tmp_path: Path) -> None:
    folder = write(tmp_path, SCORES, "00Q5g00000Cr44cEAB,2026-10-01T09:00,,,,,,,,,\n")
    inputs = read_inputs(request(folder))
    assert key_of(inputs, "00Q5g00000Cr44c") == key_of(inputs, "00Q5g00000Cr44cEAB") == "00Q5g00000Cr44c"
    with pytest.raises(InputError) as error:
        key_of(inputs, "00Q5g00000Cr45c")
    assert error.value.help == "did you mean 00Q5g00000Cr44cEAB?"


def test_an_email_finds_the_lead_that_was_meant(tmp_path: Path) -> None:
    folder = write(tmp_path, 'segment own when email ends with "x.example"', LEADS)
    with pytest.raises(InputError) as error:
        key_of(read_inputs(request(folder)), "A@x.example")
    assert error.value.help == "did you mean L1? Its email is A@x.example"


def test_a_name_may_bear_its_kind(tmp_path: Path) -> None:
    ruleset = request(write(tmp_path, DECIDING, DECIDED_LEADS)).ruleset
    assert [kind for kind, _ in asked(ruleset, "trigger.asked").parts] == ["trigger"]
    with pytest.raises(InputError) as error:
        asked(ruleset, "askd")
    assert error.value.help == "did you mean `asked`?"


def test_a_rejected_lead_says_its_rejects(tmp_path: Path) -> None:
    folder = write(tmp_path, SCORES, "L1,2026-10-01T09:00,,,Softwear,abc,,,,,\n")
    lead = document(outcome(folder, "L1"), "L1")["lead"]
    assert lead["status"] == "rejected"
    assert [(one["line"], one["column"], one["value"]) for one in lead["rejects"]] == [
        (2, "industry", "Softwear"),
        (2, "employees", "abc"),
    ]


def test_a_duplicate_says_which_lead_stands(tmp_path: Path) -> None:
    leads = "L1,2026-10-02T09:00,,a@x.example,,,,,,,\nL2,2026-10-01T09:00,,A@x.example,,,,,,,\n"
    ran = outcome(write(tmp_path, "segment second when duplicate_of is not blank", leads), "L1")
    assert document(ran, "L1")["lead"]["duplicate_of"] == "L2"
    assert document(ran, "L2")["lead"]["duplicate_of"] is None


def test_one_lead_is_handed_to_the_engine_as_the_run_had_it() -> None:
    ran = example("acme")
    lead = OneLead(ran, 7)
    assert lead.inputs.lead.equals(evaluated_leads(ran).slice(7, 1))
    assert lead.as_of == ran.as_of.at
    assert isinstance(lead.as_of, datetime)
    assert lead.as_of.tzinfo is UTC or str(lead.as_of.tzinfo) == "UTC"


def test_a_page_keeps_to_its_columns_and_to_the_terminal() -> None:
    """Wide characters count two; a word that is too long is cut; a line break or an escape inside a cell is a space."""
    assert list(wrapped("ab 部長部長部長 cd", 10, 0, 2)) == ["ab", "  部長部長", "  部長 cd"]
    assert list(wrapped("one two three", 9, 1, 3)) == [" one two", "   three"]
    assert list(wrapped("a\nb\x1b[1m", 40, 0, 0)) == ["a b [1m"]
