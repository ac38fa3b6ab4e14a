"""`leadrules explain` as a user types it: names and leads that are not there, text and JSON, with a state and through time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.cli.test_commands import leadrules
from tests.explained import write

from leadrules.show.text import width

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "explain.schema.json").read_text())
RULES = """
score fit "Fit" {
  size: +20 when employees >= 200
  pricing "Saw the prices": +10 when did page_viewed where (path starts with "/pricing")
}
band heat of fit { hot: from 30  warm: from 10  cold: otherwise }
stages life { mql: when heat is at least warm  lead: otherwise }
suppress email when opted_out
sequence outbound {
  1: day 1 email auto "First" template "intro"
  2: day 3 call "Call"
}
trigger asked { on form_submitted  do enroll outbound  do assign with sales }
route sales { inside: team inside by round_robin when life is mql  rest: queue nurture otherwise }
assert owned "An MQL is somebody's": life is mql implies owner in team inside
"""
LEADS = (
    "L1,2026-10-01T09:00,,a@x.example,Software,250,,,,,\n"
    "L2,2026-10-02T09:00,,b@x.example,Software,50,,,yes,,\n"
    "L3,2026-10-03T09:00,,c@x.example,Software,many,,,,,\n"
    "L2,2026-10-03T09:00,,c@x.example,Software,7,,,,,\n"
)
EVENTS = (
    "L2,form_submitted,2026-10-30T11:00,,,demo\n"
    "L1,call_made,2026-10-05T11:00,,,\n"
    "L1,meeting_scheduled,2026-10-11T09:00,,,\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, RULES, LEADS, EVENTS)


def explained(project: Path, *args: str) -> dict[str, Any]:
    """The JSON of a command that succeeds, checked against the schema."""
    done = leadrules("explain", *args, "--format", "json", cwd=project)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    return dict(document)


def test_everything_of_a_lead_is_on_one_page(project: Path) -> None:
    done = leadrules("explain", "L1", cwd=project)
    assert done.returncode == 0
    for words in (
        "Score fit: 20",
        "+20  fit.size",
        "Band heat: warm",
        "to hot needs +10:",
        'one page_viewed with path = "/pricing" gives +10  -> hot: fit.pricing +10',
        "Stages life: mql",
        "Owner: nobody -> sato  by route.sales.inside",
        "asked did not fire: no such event: form_submitted 0 events",
        "Assert owned: is kept",
    ):
        assert words in done.stdout


def test_a_name_narrows_to_one_statement(project: Path) -> None:
    assert [one["name"] for one in explained(project, "L1", "heat")["definitions"]] == ["heat"]
    routes = explained(project, "L1", "sales")
    assert (len(routes["routes"]), routes["definitions"], routes["triggers"]) == (1, [], [])
    assert explained(project, "L1", "trigger.asked")["triggers"][0]["name"] == "asked"
    assert explained(project, "L1", "owned")["asserts"][0]["kept"]
    text = leadrules("explain", "L2", "outbound", cwd=project).stdout
    assert "Sequence outbound: enters" in text
    assert "step 1: email is suppressed" in text
    assert "opted_out -> yes: opted_out is yes" in text


def test_a_line_means_its_statement_and_owner_every_route(project: Path) -> None:
    for line, statement in (
        ("fit.pricing", "Score fit"),
        ("route.sales.rest", "Route sales"),
        ("sequence.outbound.exit", "Seq"),
        ("sequence.outbound.finish", "Seq"),
        ("sequence.outbound.2", "Seq"),
    ):
        done = leadrules("explain", "L1", line, cwd=project)
        assert done.returncode == 0, done.stderr
        assert f"\n{statement}" in done.stdout
    asked = explained(project, "L1", "owner")
    assert asked["owner"]["after"]
    assert [route["name"] for route in asked["routes"]] == ["sales"]
    assert asked["definitions"] == []
    assert leadrules("explain", "L1", "fit.nothing", cwd=project).returncode == 2


def test_a_route_that_keeps_says_so(tmp_path: Path) -> None:
    rules = RULES.replace("inside: team", "early: keep owner when employees < 100  inside: team")
    done = leadrules(
        "explain", "L4", "sales", cwd=write(tmp_path, rules, LEADS.replace("L2,2026-10-03", "L4,2026-10-03"), EVENTS)
    )
    assert "Route sales: left to nobody, by early" in done.stdout


def test_a_lead_or_a_name_that_is_not_there_is_exit_2(project: Path) -> None:
    lead = leadrules("explain", "L11", cwd=project)
    assert (lead.returncode, lead.stdout) == (2, "")
    assert "there is no lead L11 among the 4 leads" in lead.stderr
    assert "did you mean L1?" in lead.stderr
    name = leadrules("explain", "L1", "heet", cwd=project)
    assert (name.returncode, name.stdout) == (2, "")
    assert "did you mean `heat`?" in name.stderr
    line = leadrules("explain", "L1", "fit.pricign", cwd=project)
    assert "did you mean `fit.pricing`?" in line.stderr
    assert leadrules("explain", cwd=project).returncode == 2


def test_a_rejected_lead_says_its_rejects_and_a_repeated_one_which_row_stands(project: Path) -> None:
    rejected = leadrules("explain", "L3", cwd=project)
    assert rejected.returncode == 0
    assert "Lead L3 was rejected" in rejected.stdout
    assert "leads.csv:4  employees = many" in rejected.stdout
    assert explained(project, "L3")["lead"]["status"] == "rejected"
    repeated = " ".join(leadrules("explain", "L2", "fit", cwd=project).stdout.split())
    assert "rejected: leads.csv:5 id = L2: the key stands in an earlier row already; leads.csv:3 stands" in repeated


def test_the_options_of_plan(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text((project / "leads.csv").read_text().replace("L1,", "X1,"))
    assert explained(project, "X1", "--leads", str(other))["lead"]["source"].endswith("other.csv")
    assert explained(project, "L2", "--as-of", "2026-10-30T10:00")["lead"]["events"] == {}
    assert explained(project, "L2", "--as-of", "2026-10-31")["as_of"] == "2026-10-31T00:00:00+09:00"
    team = tmp_path / "team.yaml"
    team.write_text("reps:\n  new: {active: true}\nteams:\n  inside: [new]\nqueues: [nurture]\n")
    assert explained(project, "L1", "--team", str(team))["owner"]["after"] == "new"


def test_with_a_state_it_tells_of_the_run_to_come_and_of_those_before(project: Path) -> None:
    assert leadrules("run", "--quiet", cwd=project).returncode == 0
    later = ("--as-of", "2026-10-31T11:00")
    again = explained(project, "L1", *later)
    assert again["owner"] == {
        "before": "sato",
        "after": "sato",
        "by": None,
        "given": {"as_of": "2026-10-30T11:00", "by": "route.sales.inside"},
        "due": None,
    }
    asked = explained(project, "L2", "asked", *later)["triggers"][0]
    assert (asked["fired"], asked["stopped"]) == (False, "not set off")
    assert asked["reason"] == "the newest such event, of 2026-10-30T11:00, was seen by an earlier run"
    assert explained(project, "L2", "--no-state")["triggers"][0]["fired"]


@pytest.mark.parametrize(
    ("rule", "by"),
    [
        ("exit all when did call_made since enrolled_at", "exit all"),
        ("trigger called { on call_made  do stop sequence }", "trigger.called"),
        ("trigger called { on call_made  do move to other }", "trigger.called"),
    ],
)
def test_a_sequence_that_a_lead_was_taken_out_of_has_not_finished(tmp_path: Path, rule: str, by: str) -> None:
    rules = f"""
sequence outbound {{ 1: day 3 call "Call"  finish after 1 day }}
sequence other {{ 1: day 3 call "Call" }}
trigger asked {{ on form_submitted  do enroll outbound }}
trigger done {{ on finish outbound  do notify "desk" "done" }}
{rule}
"""
    folder = write(tmp_path, rules, LEADS, EVENTS)
    assert leadrules("run", "--quiet", cwd=folder).returncode == 0
    with (folder / "events.csv").open("a") as file:
        file.write("L2,call_made,2026-10-30T12:00,,,\n")
    (done,) = explained(folder, "L2", "trigger.done", "--as-of", "2026-10-30T13:00")["triggers"]
    assert done["reason"] == f"{by} took it out of outbound, which had not finished"


def test_a_run_that_was_made_is_explained_as_it_was_decided(project: Path) -> None:
    """After a run people ask why a lead went where it went, not what the same run would find on top of itself."""
    before = {lead: explained(project, lead) for lead in ("L1", "L2")}
    assert leadrules("run", "--quiet", cwd=project).returncode == 0
    assert before["L1"]["owner"]["by"] == "route.sales.inside"
    assert {lead: explained(project, lead) for lead in before} == before
    assert "it is explained as it was decided then" in leadrules("explain", "L1", cwd=project).stderr
    assert leadrules("run", "--quiet", "--as-of", "2026-10-31T11:00", cwd=project).returncode == 0
    assert explained(project, "L1", "--as-of", "2026-10-31T11:00")["owner"]["by"] is None
    last = explained(project, "L1")  # the data ends a day before that run: it is the run that is asked about
    assert (last["as_of"], last["owner"]["given"]["as_of"]) == ("2026-10-31T11:00:00+09:00", "2026-10-30T11:00")
    assert leadrules("plan", cwd=project).returncode == 2


def test_the_way_of_a_lead_through_time(project: Path) -> None:
    """Created on the 1st at 09:00, called on the 5th, met on the 11th at 09:00: ten days, one month worked."""
    assert leadrules("run", "--quiet", cwd=project).returncode == 0
    history = explained(project, "L1", "--history")["history"]
    assert history["summary"] == {
        "stages": {"life": {"first": "mql", "intermediate": [], "latest": "mql"}},
        "worked_months": ["2026-10"],
        "first_appointment": {"type": "meeting_scheduled", "at": "2026-10-11T09:00", "days": 10},
    }
    said = [(row["at"], row["text"]) for row in history["rows"]]
    assert said[:3] == [
        ("2026-10-01T09:00", "created"),
        ("2026-10-05T11:00", "call_made"),
        ("2026-10-11T09:00", "meeting_scheduled"),
    ]
    assert ("2026-10-30T11:00", "owner: blank -> sato") in said
    text = leadrules("explain", "L1", "--history", cwd=project).stdout
    assert "first appointment at 2026-10-11T09:00, 10 days after it was created" in text


def test_an_absent_lead_is_frozen(project: Path) -> None:
    assert leadrules("run", "--quiet", cwd=project).returncode == 0
    leads = project / "leads.csv"
    leads.write_text(
        "".join(line for line in leads.read_text().splitlines(keepends=True) if not line.startswith("L1,"))
    )
    lead = explained(project, "L1")["lead"]
    assert (lead["status"], lead["owner"], lead["sequence"]) == ("absent", "sato", None)
    assert "Lead L1 is not in the input" in leadrules("explain", "L1", "--history", cwd=project).stdout
    assert leadrules("explain", "L1", "--no-state", cwd=project).returncode == 2


def test_a_guard_that_would_stop_the_run_is_told_of(project: Path) -> None:
    settings = project / "leadrules.yaml"
    settings.write_text(settings.read_text() + "guards: {rejects: 1%}\n")
    done = leadrules("explain", "L1", cwd=project)
    assert done.returncode == 0
    assert "note: a run would stop: 2 of" in done.stderr


def test_nothing_is_written(project: Path) -> None:
    before = sorted(path.name for path in project.rglob("*"))
    explained(project, "L1")
    assert sorted(path.name for path in project.rglob("*")) == before


@pytest.mark.parametrize("company", ["acme", "sakura"])
def test_the_example_companies_fit_a_page_of_100_columns(company: str, tmp_path: Path) -> None:
    folder = tmp_path / company
    shutil.copytree(ROOT / "examples" / company, folder)
    key = (folder / "leads.csv").read_bytes().decode("utf-8-sig", "replace").splitlines()[1].split(",")[0]
    done = leadrules("explain", key, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert max(width(line) for line in done.stdout.splitlines()) <= 100
    explained(folder, key, "--history")


def test_the_starter_explains_its_own_leads(tmp_path: Path) -> None:
    assert leadrules("init", "--starter", "--quiet", cwd=tmp_path).returncode == 0
    (tmp_path / "leads.csv").write_text(
        "id,created_at,status,title,industry,employees,country,region\n"
        "L1,2026-11-01T09:00,New,CEO,Software,500,Japan,Japan\n"
    )
    (tmp_path / "events.csv").write_text(
        "event_id,lead_id,type,at,form\ne1,L1,form_submitted,2026-11-05T10:00,contact\n"
    )
    document = explained(tmp_path, "L1")
    expert = next(rule for rule in document["routes"][0]["rules"] if rule["rule"] == "expert")
    assert expert["outcome"] == "won"
    inquiry = next(one for one in document["triggers"] if one["name"] == "inquiry")
    assert inquiry["fired"]
    assert [row["template"] for row in inquiry["actions"] if row["kind"] == "email"] == ["thanks"]
    instant = next(one for one in document["sequences"] if one["name"] == "instant")
    assert [step["due"] for step in instant["steps"]] == ["2026-11-05T10:05", "2026-11-06T10:05"]


def test_a_trigger_has_done_what_its_own_route_did(tmp_path: Path) -> None:
    rules = (
        'route a on demand { b: rep "sato" when country = "FR"  rest: keep owner otherwise }\n'
        'route `a.b` { c: rep "lee" otherwise }\n'
        'trigger asked { on form_submitted  do assign with a  do notify "boss" "Look" }\n'
    )
    project = write(tmp_path, rules, LEADS, EVENTS)
    (trigger,) = explained(project, "L2", "asked")["triggers"]
    assert [(row["kind"], row["rule"]) for row in trigger["actions"]] == [("notify", "trigger.asked")]


def test_a_sequence_that_the_rules_lost_is_explained_to_who_is_in_it(project: Path) -> None:
    ran = leadrules("run", "--as-of", "2026-10-30T12:00", cwd=project)
    assert ran.returncode == 0, ran.stderr
    (project / "rules" / "rules.lead").write_text("segment large when employees >= 200\n")
    for name in ("", "sequence", "outbound"):
        document = explained(project, "L2", *filter(None, [name]), "--as-of", "2026-11-02T12:00")
        [sequence] = document["sequences"]
        assert (sequence["name"], sequence["before"], sequence["after"]) == ("outbound", True, False)
        # The lead had opted out, and the first step is an email.
        assert [step["status"] for step in sequence["steps"]] == ["suppressed", "goes out"]
    text = leadrules("explain", "L2", "--as-of", "2026-11-02T12:00", cwd=project).stdout
    assert "Sequence outbound: leaves  no longer in the rules" in text
    assert "call Call, due 2026-11-01T11:00  by sequence.outbound.2" in text


STEPS = """
suppress email when opted_out
sequence s {
  1: day 1 email auto "A" template "intro"
  2: day 2 call "B" when country is not blank
  3: day 3 call "C"
  4: day 9 call "D"
}
trigger t { on form_submitted  do enroll s }
"""
CAME = "L1,form_submitted,2026-11-02T09:30,,,demo\n"


def ran(folder: Path, *as_ofs: str) -> None:
    for as_of in as_ofs:
        done = leadrules("run", "--as-of", as_of, cwd=folder)
        assert done.returncode == 0, done.stderr


def became(folder: Path, as_of: str) -> list[str]:
    """What became of the steps of the one sequence that the lead is in."""
    found = [one for one in explained(folder, "L1", "sequence", "--as-of", as_of)["sequences"] if one["steps"]]
    (sequence,) = found
    return [step["status"] for step in sequence["steps"]]


def test_steps_of_earlier_runs_are_told_as_the_history_has_them(tmp_path: Path) -> None:
    folder = write(tmp_path, STEPS, "L1,2026-10-01,,,,,,,yes,,\n", CAME)
    ran(folder, "2026-11-02T10:00", "2026-11-03T10:00", "2026-11-04T10:00")
    assert became(folder, "2026-11-06T10:00") == ["suppressed", "skipped", "went out", "to come"]
    text = leadrules("explain", "L1", "s", "--as-of", "2026-11-06T10:00", cwd=folder).stdout
    assert "2026-11-04T09:30  went out    3: day 3 call" in text
    assert "step 1: email was suppressed in the run of 2026-11-02T10:00" in text
    assert "step 2: the step's condition did not hold in the run of 2026-11-03T10:00" in text
    # A run that was taken back made nothing of a step.
    assert leadrules("run", "--undo", "out", cwd=folder).returncode == 0
    assert became(folder, "2026-11-06T10:00") == ["suppressed", "skipped", "goes out", "to come"]


def test_steps_keep_what_became_of_them_under_another_name_and_another_form(tmp_path: Path) -> None:
    folder = write(tmp_path, STEPS, "L1,2026-10-01,,,,,,,yes,,\n", CAME)
    ran(folder, "2026-11-02T10:00", "2026-11-03T10:00", "2026-11-04T10:00")
    assert leadrules("state", "rename", "s", "z", cwd=folder).returncode == 0
    edited = (
        STEPS.replace("sequence s", "sequence z").replace("enroll s", "enroll z").replace("day 3 call", "day 3 email")
    )
    (folder / "rules" / "rules.lead").write_text(edited)
    assert became(folder, "2026-11-06T10:00") == ["suppressed", "skipped", "went out", "to come"]
    # The third step of today's form is another one than the call that went out.
    assert leadrules("state", "migrate", "z", cwd=folder).returncode == 0
    assert became(folder, "2026-11-06T10:00") == ["suppressed", "skipped", "passed", "to come"]


def test_steps_are_those_of_the_enrolment_that_the_lead_is_in(tmp_path: Path) -> None:
    rules = """
sequence s { 1: day 1 call "A" when country is not blank  2: day 3 call "B"  finish after 1 day  exit when opted_out }
trigger t { on form_submitted  do enroll s }
"""
    folder = write(tmp_path, rules, "L1,2026-10-01,,,,,,JP,,,\n", CAME)
    ran(folder, "2026-11-02T10:00")
    # Late: the second step (due on the 4th) goes out, the sequence has finished (on the 5th), and a new form came.
    write(tmp_path, rules, "L1,2026-10-01,,,,,,,,,\n", CAME + "L1,form_submitted,2026-11-05T10:30,,,demo\n")
    assert became(folder, "2026-11-05T12:00") == ["skipped", "to come"]
    ran(folder, "2026-11-05T12:00")
    assert became(folder, "2026-11-06T12:00") == ["skipped", "to come"]
    assert became(folder, "2026-11-07T12:00") == ["skipped", "goes out"]
    ran(folder, "2026-11-07T12:00")
    assert became(folder, "2026-11-08T10:00") == ["skipped", "went out"]


@pytest.mark.parametrize(("event", "by"), [("call_made", "trigger.stop"), ("email_opened", "sequence.s.exit")])
def test_nothing_more_is_to_come_of_a_sequence_that_the_lead_leaves(tmp_path: Path, event: str, by: str) -> None:
    rules = STEPS.replace('call "D"', 'call "D"  exit when did email_opened')
    rules += "trigger stop { on call_made  do stop sequence }\n"
    folder = write(tmp_path, rules, "L1,2026-10-01,,,,,,JP,,,\n", CAME)
    ran(folder, "2026-11-02T10:00", "2026-11-03T10:00")
    with (folder / "events.csv").open("a") as file:
        file.write(f"L1,{event},2026-11-04T09:40,,,\n")
    assert became(folder, "2026-11-04T10:00") == ["went out", "went out", f"lost to another rule: {by}", "not any more"]


def test_a_step_that_is_held_when_a_pause_begins_is_to_come(tmp_path: Path) -> None:
    rules = """
suppress email when status = "never"
sequence s {
  1: day 1 email auto "A" template "intro"
  2: day 1 email auto "B" template "intro"
  3: day 1 call "C"
  pause when opted_out
  finish after 9 days
}
trigger t { on form_submitted  do enroll s }
"""
    folder = write(tmp_path, rules, "L1,2026-10-01,,,,,,,,,\n", CAME)
    ran(folder, "2026-11-02T10:00")  # the second email of the day is held for tomorrow
    write(tmp_path, rules, "L1,2026-10-01,,,,,,,yes,,\n", CAME)
    assert became(folder, "2026-11-03T10:00") == ["went out", "to come", "went out"]


def test_a_trigger_that_fired_and_could_not_enroll_says_why(tmp_path: Path) -> None:
    rules = """
sequence first { 1: day 1 call "One"  2: day 9 call "Two" }
sequence other { 1: day 1 call "Three" }
trigger a { on form_submitted  do enroll first }
trigger b { on email_opened  do enroll other  do notify "desk" "opened" }
"""
    project = write(tmp_path, rules, "L1,2026-10-01T09:00,,,,,,,,,\n", "L1,form_submitted,2026-10-30T11:00,,,demo\n")
    assert leadrules("run", "--as-of", "2026-10-30T11:30", cwd=project).returncode == 0
    with (project / "events.csv").open("a") as file:
        file.write("L1,email_opened,2026-10-30T12:00,,,\n")
    (sequence,) = explained(project, "L1", "other", "--as-of", "2026-10-30T12:30")["sequences"]
    but = "`enroll` leaves a lead in its sequence, first, and `move to` takes it out"
    assert sequence["doors"] == [{"rule": "trigger.b", "fired": True, "but": but}]
    said = leadrules("explain", "L1", "other", "--as-of", "2026-10-30T12:30", cwd=project).stdout
    assert f"trigger.b could let it in, and fired, but {but}" in " ".join(said.split())


def test_a_condition_that_has_fired_once_waits_for_nothing(tmp_path: Path) -> None:
    rules = 'trigger large { when employees >= 200  do notify "desk" "large"  once }\n'
    project = write(tmp_path, rules, "L1,2026-10-01T09:00,,,,250,,,,,\n")
    assert leadrules("run", "--as-of", "2026-10-30T12:00", cwd=project).returncode == 0
    (trigger,) = explained(project, "L1", "large", "--as-of", "2026-10-31T12:00")["triggers"]
    assert (trigger["stopped"], trigger["reason"]) == ("once", "it fired at 2026-10-30T12:00, and fires once")
    assert trigger["on"] == "when employees >= 200"


def test_a_rule_that_asks_no_team_says_who_was_named_and_by_what(tmp_path: Path) -> None:
    """L1 is sato's, so its account is; taken from him, neither he nor the account, which he owns, is an answer."""
    rules = """
route main { vip: rep if(country = "DE", "lee", "kim") when country is not blank  acct: match account on industry otherwise }
route again on demand { vip: rep "sato" when employees < 200  acct: match account on industry when employees > 0  any: rep "lee" otherwise }
trigger asked { on form_submitted  do reassign with again at most 3 times }
"""
    leads = (
        "L1,2026-10-01T09:00,sato,,Software,100,,,,,\n"
        "L2,2026-10-02T09:00,,,Software,100,,,,,\n"
        "L3,2026-10-03T09:00,,,Retail,100,,DE,,,\n"
    )
    folder = write(tmp_path, rules, leads, "L2,form_submitted,2026-10-30T12:00,,,demo\n")

    def said(lead: str, route: str, *options: str) -> dict[str, tuple[str, str]]:
        (found,) = explained(folder, lead, route, *options)["routes"]
        return {rule["rule"]: (rule["outcome"], rule["reason"]) for rule in found["rules"]}

    before = ("--as-of", "2026-10-30T11:00")
    assert leadrules("run", "--quiet", *before, cwd=folder).returncode == 0
    assert said("L2", "main", *before)["acct"] == ("won", 'industry is "Software": sato owns another such lead')
    assert said("L3", "main", *before)["vip"] == ("won", 'if(country = "DE", "lee", "kim") is "lee"')
    assert said("L2", "again", "--as-of", "2026-10-30T13:00") == {
        "vip": ("passed over", "sato had this lead before"),
        "acct": ("passed over", "sato had this lead before"),
        "any": ("won", ""),
    }


def test_a_stage_that_slides_back_says_what_lets_it(tmp_path: Path) -> None:
    rules = """
stages life {
  won:  when status = "Won"
  warm: when employees >= 100
  forward only unless status = "Recycled"
}
"""
    lead = "L1,2026-10-01T09:00,,,,{},,,,,{}\n"
    folder = write(tmp_path, rules, lead.format(100, ""), "")

    def note(day: int, employees: int, status: str) -> object:
        header, _ = (folder / "leads.csv").read_text().splitlines()
        (folder / "leads.csv").write_text(f"{header}\n{lead.format(employees, status)}")
        when = ("--as-of", f"2026-11-{day:02d}T09:00")
        assert leadrules("run", "--quiet", *when, cwd=folder).returncode == 0
        (life,) = explained(folder, "L1", "life", *when)["definitions"]
        return life["note"]

    assert note(1, 100, "") is None
    assert note(2, 10, "") == "forward only: its data say no stage, and it was warm"
    assert note(3, 10, "Recycled") == 'it was warm, and slides back: forward only unless status = "Recycled"'
    assert note(4, 10, "Recycled") is None
    assert note(5, 100, "Recycled") is None
