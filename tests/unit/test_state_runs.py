"""Runs with a state, sentence by sentence of §8, on a small project and against what a person works out."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.stateful import RULES, outcome_of, rows_of, run, write_leads, write_project

from leadrules.data.errors import InputError
from leadrules.lifecycle.asof import AsOf, leap, since_of
from leadrules.lifecycle.notes import notes
from leadrules.lifecycle.run import calendar_of
from leadrules.lifecycle.state import store
from leadrules.lifecycle.state.tend import forget, rename
from leadrules.lifecycle.state.undo import take_back
from leadrules.lifecycle.state.writer import finish_interrupted, prepare, writer


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


def lead(key: str, points: float = 0, **more: Any) -> dict[str, Any]:
    return {"id": key, "points": points, "status": "New", "owner": "", "created_at": "2026-10-01T00:00", **more}


def state_of(project: Path) -> Path:
    return project / ".leadrules" / "state"


def actions(project: Path, as_of: str, **options: Any) -> list[tuple[str, str, str]]:
    """What a run does: key, kind, rule; and the run is committed."""
    outcome = outcome_of(project, as_of, **options)
    assert outcome.decided is not None
    keys = outcome.decided.tick.leads["key"]
    done = [(keys[row["lead_row"]], row["kind"], row["rule"]) for row in outcome.decided.done.iter_rows(named=True)]
    run(project, as_of, **options)
    return done


def held(project: Path, key: str) -> dict[str, Any]:
    leads = store.load(state_of(project)).leads
    return leads.frame.filter(key=key).row(0, named=True)


HOT = ("a", "notify", "trigger.hot")


def test_the_last_run_again_writes_the_same_bytes_and_changes_nothing(project: Path) -> None:
    write_leads(project, [lead("a", 80), lead("b", 50)])
    run(project, "2026-11-02T00:00")
    files = {file.name: file.read_bytes() for file in (project / "out").iterdir()}
    before = store.load(state_of(project))
    (project / "out" / "decisions.csv").write_text("gone")
    assert run(project, "2026-11-02T00:00").is_again
    assert {file.name: file.read_bytes() for file in (project / "out").iterdir()} == files
    after = store.load(state_of(project))
    assert after.leads.equals(before.leads)
    assert after.run == before.run


def test_the_same_instant_with_other_inputs_handles_what_is_new(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    assert HOT in actions(project, "2026-11-02T00:00")
    write_leads(project, [lead("a", 80), lead("b", 80)])
    assert actions(project, "2026-11-02T00:00") == [
        ("b", "notify", "trigger.hot"),
        ("b", "assign", "route.sales.inside"),
    ]


def test_an_earlier_as_of_is_refused_naming_both(project: Path) -> None:
    write_leads(project, [lead("a")])
    run(project, "2026-11-02T00:00")
    with pytest.raises(InputError, match=r"2026-11-01T00:00:00\+00:00.*2026-11-02T00:00:00\+00:00"):
        run(project, "2026-11-01T00:00")


def test_since_is_the_previous_run(project: Path) -> None:
    write_leads(project, [lead("a")])
    first = outcome_of(project, "2026-11-02T00:00")
    assert (first.as_of.at, first.since) == (
        first.as_of.at,
        since_of(first.as_of, None, None, calendar_of(first.request.ruleset)),
    )
    assert str(first.since) == "2026-11-01 00:00:00+00:00"
    run(project, "2026-11-02T00:00")
    assert str(outcome_of(project, "2026-11-09T00:00").since) == "2026-11-02 00:00:00+00:00"


def test_a_leap_beyond_the_guard_is_told_of(project: Path) -> None:
    write_leads(project, [lead("a")])
    run(project, "2026-11-02T00:00")
    found = outcome_of(project, "2027-11-02T00:00")
    calendar = calendar_of(found.request.ruleset)
    before = store.load(state_of(project)).as_of
    assert "jump: 45 days" in str(leap(AsOf(found.as_of.at, "the newest event"), before, (45, "days"), calendar))
    assert "as given" in str(leap(found.as_of, before, (45, "days"), calendar))
    assert leap(AsOf(before, "the newest event"), before, (45, "days"), calendar) is None


def test_absent_leads_stay_and_are_counted(project: Path) -> None:
    write_leads(project, [lead("a", 80), lead("b", 80)])
    run(project, "2026-11-02T00:00")
    b = held(project, "b")
    write_leads(project, [lead("a", 80)])
    outcome = outcome_of(project, "2026-11-03T00:00")
    assert outcome.overlay is not None
    assert outcome.overlay.absent == 1
    run(project, "2026-11-03T00:00")
    assert {name: value for name, value in held(project, "b").items() if name != "absent_since"} == {
        name: value for name, value in b.items() if name != "absent_since"
    }
    assert str(held(project, "b")["absent_since"]) == "2026-11-02 00:00:00+00:00"


def test_late_events_set_off_once_and_not_older_than_the_limit(project: Path) -> None:
    form = {"type": "form", "name": "x"}
    write_leads(project, [lead("a"), lead("b"), lead("c")], [{**form, "lead_id": "a", "at": "2026-11-19T12:00"}])
    assert [key for key, kind, _ in actions(project, "2026-11-20T00:00") if kind == "set"] == ["a"]
    late = [
        {**form, "lead_id": "a", "at": "2026-11-19T12:00"},  # seen
        {**form, "lead_id": "b", "at": "2026-11-13T00:00"},  # exactly seven days before `since`
        {**form, "lead_id": "c", "at": "2026-11-12T23:59"},  # older
    ]
    write_leads(project, [lead("a"), lead("b"), lead("c")], late)
    assert [key for key, kind, _ in actions(project, "2026-11-21T00:00") if kind == "set"] == ["b"]
    write_leads(project, [lead("a"), lead("b"), lead("c"), lead("d")], late)
    assert [key for key, kind, _ in actions(project, "2026-11-22T00:00") if kind == "set"] == []


def test_what_was_seen_is_known_back_to_the_longest_late_events_there_was(project: Path) -> None:
    form = {"type": "form", "name": "x", "lead_id": "a", "at": "2026-11-01T12:00"}
    write_leads(project, [lead("a")], [form])
    assert [key for key, kind, _ in actions(project, "2026-11-02T00:00") if kind == "set"] == ["a"]
    assert actions(project, "2026-11-20T00:00") == []
    assert str(store.load(state_of(project)).seen_from) == "2026-11-13 00:00:00+00:00"
    settings = project / "leadrules.yaml"
    settings.write_text(f"{settings.read_text()}late_events: 60 days\n")
    outcome = outcome_of(project, "2026-11-21T00:00")
    assert outcome.decided is not None
    assert outcome.decided.done.is_empty()
    assert [line for line in notes(outcome) if "from before 2026-11-13T00:00:00+00:00 set nothing off" in line]
    # The way back brings what was known then.
    take_back(state_of(project), project / "out")
    assert str(store.load(state_of(project)).seen_from) == "2026-10-26 00:00:00+00:00"


def test_with_since_nothing_older_sets_off(project: Path) -> None:
    write_leads(project, [lead("a")])
    run(project, "2026-11-20T00:00")
    write_leads(project, [lead("a")], [{"lead_id": "a", "type": "form", "at": "2026-11-19T00:00", "name": "x"}])
    since = outcome_of(project, "2026-11-20T00:00").as_of.at
    assert [kind for _, kind, _ in actions(project, "2026-11-21T00:00", since=since) if kind == "set"] == []


def test_an_event_at_since_is_no_older_than_since(project: Path) -> None:
    form = {"type": "form", "name": "x"}
    events = [{**form, "lead_id": "a", "at": "2026-11-19T00:00"}, {**form, "lead_id": "b", "at": "2026-11-18T23:59"}]
    write_leads(project, [lead("a"), lead("b")], events)
    # The first run looks from a day before: nothing older sets off.
    assert [key for key, kind, _ in actions(project, "2026-11-20T00:00") if kind == "set"] == ["a"]


def test_an_orphan_counts_as_not_seen(project: Path) -> None:
    event = {"lead_id": "b", "type": "form", "at": "2026-11-19T00:00", "name": "x"}
    write_leads(project, [lead("a")], [event])
    run(project, "2026-11-20T00:00")
    write_leads(project, [lead("a"), lead("b")], [event])
    assert [key for key, kind, _ in actions(project, "2026-11-21T00:00") if kind == "set"] == ["b"]


def test_identical_rows_count_twice_each_once(project: Path) -> None:
    event = {"lead_id": "a", "type": "form", "at": "2026-11-20T12:00", "name": "x"}
    write_leads(project, [lead("a")], [event])
    run(project, "2026-11-20T13:00")
    state = store.load(state_of(project))
    assert state.events.height == 1
    write_leads(project, [lead("a")], [event, event])
    run(project, "2026-11-20T14:00")
    assert store.load(state_of(project)).events.height == 2


def test_a_baseline_takes_everything_as_already_so(project: Path) -> None:
    write_leads(project, [lead("a", 80)], [{"lead_id": "a", "type": "form", "at": "2026-11-01T12:00", "name": "x"}])
    done = actions(project, "2026-11-02T00:00", baseline=True)
    assert [kind for _, kind, rule in done if rule.startswith("trigger")] == []
    assert [kind for _, kind, rule in actions(project, "2026-11-03T00:00") if rule.startswith("trigger")] == []


def test_an_edit_alone_sets_nothing_off(project: Path) -> None:
    write_leads(project, [lead("a", 65), lead("b", 10)])
    run(project, "2026-11-02T00:00")
    (project / "rules" / "rules.lead").write_text(RULES.replace("hot: from 70", "hot: from 60"))
    write_leads(project, [lead("a", 65), lead("b", 90)])
    found = actions(project, "2026-11-03T00:00")
    assert [key for key, _, rule in found if rule == "trigger.hot"] == ["b"]
    assert held(project, "a")["label:heat"] == "hot"
    assert [row[-1] for row in store.history(state_of(project), ["a"]).rows() if row[4] == "heat"] == [
        None,
        "rules edited",
    ]


def test_fire_edits_lets_it(project: Path) -> None:
    write_leads(project, [lead("a", 65)])
    run(project, "2026-11-02T00:00")
    (project / "rules" / "rules.lead").write_text(RULES.replace("hot: from 70", "hot: from 60"))
    assert HOT in actions(project, "2026-11-03T00:00", fire_edits=True)


def test_since_of_a_stage_lasts(project: Path) -> None:
    write_leads(project, [lead("a")])
    run(project, "2026-11-02T00:00")
    write_leads(project, [lead("a", status="Customer")])
    run(project, "2026-11-05T00:00")
    write_leads(project, [lead("a", status="Customer")])
    outcome = outcome_of(project, "2026-11-08T00:00")
    assert outcome.facts.frame["days"].to_list() == [3.0]
    assert outcome_of(project, "2026-11-05T00:00").facts.frame["days"].to_list() == [0.0]


# -- the way back, and tending --------------------------------------------------------------------------------------


def test_the_last_run_is_taken_back_whole(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    run(project, "2026-11-02T00:00")
    before = store.load(state_of(project))
    write_leads(project, [lead("a", 10), lead("b", 80)])
    expected = actions(project, "2026-11-03T00:00")
    assert take_back(state_of(project), project / "out").kind == "whole"
    after = store.load(state_of(project))
    assert after.leads.select(*before.leads.columns).equals(before.leads.frame)
    assert (after.as_of, after.credits.rows(), after.events.rows()) == (
        before.as_of,
        before.credits.rows(),
        before.events.rows(),
    )
    with pytest.raises(InputError, match="taken back already"):
        take_back(state_of(project), project / "out")
    assert actions(project, "2026-11-03T00:00") == expected


def test_of_an_earlier_run_the_values_are_taken_back(project: Path) -> None:
    write_leads(project, [lead("a", 80), lead("b", 80)])
    run(project, "2026-11-02T00:00")
    first = project / "first"
    (project / "out").rename(first)
    if not (first / "undo.csv").is_file():
        (first / "undo.csv").write_text("key,field,old,new\na,owner,,sato\nb,owner,,lee\n")
    write_leads(project, [lead("a", 80), lead("b", 80, owner="sato")])
    run(project, "2026-11-03T00:00")
    undone = take_back(state_of(project), first)
    assert (undone.kind, undone.values, undone.kept) == ("values", 1, 1)
    assert held(project, "a")["owner"] is None
    assert held(project, "b")["owner"] == "sato"
    assert store.history(state_of(project), ["a"]).rows()[-1][3:] == ("owner", "owner", "sato", None, "undo")


def test_a_folder_that_no_run_wrote(project: Path) -> None:
    write_leads(project, [lead("a")])
    run(project, "2026-11-02T00:00")
    with pytest.raises(InputError, match=r"holds no manifest\.json"):
        take_back(state_of(project), project)


def test_forget_leaves_no_trace(project: Path) -> None:
    write_leads(project, [lead("secretive-lead", 80), lead("b", 80)])
    run(project, "2026-11-02T00:00")
    forget(state_of(project), "secretive-lead")
    state = store.load(state_of(project))
    assert state.leads["key"].to_list() == ["b"]
    assert store.history(state_of(project), ["secretive-lead"]).is_empty()
    assert all(b"secretive-lead" not in file.read_bytes() for file in state_of(project).iterdir())
    with pytest.raises(InputError, match="knows no lead secretive-lead"):
        forget(state_of(project), "secretive-lead")


def test_rename_keeps_what_a_name_remembers(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    run(project, "2026-11-02T00:00")
    assert rename(state_of(project), "heat", "warmth") == "definition"
    assert rename(state_of(project), "sales", "field_sales") == "route"
    assert rename(state_of(project), "trigger.hot", "burning") == "trigger"
    renamed = (
        RULES.replace("heat", "warmth")
        .replace("route sales", "route field_sales")
        .replace("trigger hot", "trigger burning")
    )
    (project / "rules" / "rules.lead").write_text(renamed)
    assert [rule for *_, rule in actions(project, "2026-11-03T00:00")] == []
    assert held(project, "a")["label:warmth"] == "hot"
    assert str(held(project, "a")["since:warmth"]) == "2026-11-02 00:00:00+00:00"
    assert "warmth" in store.history(state_of(project))["what"].to_list()
    assert store.load(state_of(project)).credits["route"].unique().to_list() == ["field_sales"]
    with pytest.raises(InputError, match="knows no definition"):
        rename(state_of(project), "nothing", "x")


def test_a_renamed_route_leaves_the_accounts_of_another_alone(project: Path) -> None:
    rules = "route a { mine: match account on status otherwise }\n"
    write_project(project, rules + "route `a.b` sets status { mine: match account on status otherwise }\n")
    write_leads(project, [lead("a")])
    run(project, "2026-11-02T00:00")
    rename(state_of(project), "a", "c")
    accounts = {name: value for name, value in held(project, "a").items() if name.startswith("account:") and value}
    assert accounts == {"account:c.mine": "new", "account:a.b.mine": "new"}


# -- one writer, all or nothing -------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_the_first_is(project: Path) -> None:
    with (
        writer(state_of(project), "process 7, since 09:00"),
        pytest.raises(InputError, match="process 7, since 09:00"),
        writer(state_of(project), "another"),
    ):
        pass
    with writer(state_of(project), "after it"):
        pass


def test_what_was_only_begun_is_discarded(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    run(project, "2026-11-02T00:00")
    files = {file.name: file.read_bytes() for file in (project / "out").iterdir()}
    prepared = prepare(state_of(project), project / "out")
    (prepared.staging.folder / "decisions.csv").write_text("half")
    assert finish_interrupted(state_of(project)) == "discarded"
    assert {file.name: file.read_bytes() for file in (project / "out").iterdir()} == files
    assert finish_interrupted(state_of(project)) is None


def test_what_was_committed_is_completed(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    run(project, "2026-11-02T00:00")
    files = {file.name: file.read_bytes() for file in (project / "out").iterdir()}
    prepared = prepare(state_of(project), project / "out", store.last_token(state_of(project)))
    for name, content in files.items():
        (prepared.staging.folder / name).write_bytes(content)
        (project / "out" / name).unlink()
    prepared.staging.seal()
    assert finish_interrupted(state_of(project)) == "completed"
    assert {file.name: file.read_bytes() for file in (project / "out").iterdir()} == files


def test_no_state_and_foreign_ones(tmp_path: Path) -> None:
    assert store.load(tmp_path / "none").run == 0
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file, not a state"):
        store.load(tmp_path / "file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"holds no state but other things \(notes\.txt\)"):
        store.load(tmp_path / "other")


def test_damaged_and_other_versions(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    run(project, "2026-11-02T00:00")
    file = state_of(project) / "state.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("update about set format_version = 99")
    with pytest.raises(InputError, match=r"a newer leadrules \(format 99; this one reads 3\)"):
        store.load(state_of(project))
    with sqlite3.connect(file) as connection:
        connection.execute("drop table about")
    with pytest.raises(InputError, match="not a state of leadrules"):
        store.load(state_of(project))
    file.write_bytes(b"not a database" * 1000)
    with pytest.raises(InputError, match="cannot be read"):
        store.load(state_of(project))


def test_the_manifest_of_a_run_names_its_inputs(project: Path) -> None:
    write_leads(project, [lead("a", 80)])
    run(project, "2026-11-02T00:00")
    document = json.loads((project / "out" / "manifest.json").read_text())
    assert document["as_of"] == "2026-11-02T00:00:00+00:00"
    assert rows_of(project / "out" / "decisions.csv")[0]["owner"] in ("sato", "lee")


def test_rules_without_their_last_sequence_write_what_it_still_does(project: Path) -> None:
    """ "A deleted sequence is finished by its kept text": what the run does of it is in the files."""
    begun = 'sequence s { 1: day 1 call "A" 2: day 3 call "B" finish after 1 day on finish do set status = "Done" }'
    write_project(project, f"{begun}\ntrigger t {{ on form do enroll s }}")
    write_leads(project, [lead("a")], [{"lead_id": "a", "type": "form", "at": "2026-11-02T10:00", "name": ""}])
    run(project, "2026-11-02T12:00")
    write_project(project, "segment keen when points >= 50")
    run(project, "2026-11-04T12:00")
    [called] = rows_of(project / "out" / "actions.csv")
    assert (called["kind"], called["what"], called["rule"]) == ("call", "B", "sequence.s.2")
    [decided] = rows_of(project / "out" / "decisions.csv")
    assert (decided["sequence"], decided["step"]) == ("s", "2")
    run(project, "2026-11-05T12:00")
    ended = [(row["kind"], row["value"]) for row in rows_of(project / "out" / "actions.csv")]
    assert ended == [("stop", "s"), ("set", "Done")]
    assert [row["field"] for row in rows_of(project / "out" / "undo.csv")] == ["sequence", "status"]


def test_a_queue_that_a_trigger_set_in_a_field_keeps_the_lead_from_the_route_of_the_field(project: Path) -> None:
    """ "A route that `sets` a field looks at that field where this contract says owner": it looks at no lead that a trigger
    gave a queue, in this run or before; whom the record takes out of the queue it deals again."""
    write_project(
        project,
        """
        route desk sets status { any: team inside by round_robin otherwise }
        trigger parked { on form  do set status = "queue:nurture" }
        """.replace("\n        ", "\n"),
    )
    asked = [{"lead_id": "a", "type": "form", "at": "2026-11-02T10:00", "name": ""}]
    for day, said, done in (
        (2, "", [("a", "set", "trigger.parked")]),
        (3, "", []),
        (4, "Queue:Nurture", []),  # the CRM has taken it over
        (5, "lee", []),
        (6, "queue:nurture", [("a", "assign", "route.desk.any")]),  # now somebody in the CRM put it there
    ):
        write_leads(project, [lead("a", status=said)], asked)
        assert actions(project, f"2026-11-{day:02d}T12:00") == done, day


def test_what_a_field_of_an_absent_lead_holds_counts_for_the_route_of_the_field(project: Path) -> None:
    """ "Its state and its load on its owner stay", and "the state keeps X of leads that are absent": of a route that `sets`
    a field too, and also once the record says what was decided, or said it first."""
    rules = """
route desk sets status {
  account: match account on points when points > 0
  rest: team inside by least_loaded otherwise
}
"""
    write_project(project, rules)
    team = "reps:\n  sato: {capacity: {open: 1}}\n  lee: {capacity: {open: 9}}\nteams:\n  inside: [sato, lee]\nqueues: []\n"
    (project / "rules" / "team.yaml").write_text(team)
    write_leads(project, [lead("a", 1, status=""), lead("b", 2, status="lee")])
    assert actions(project, "2026-11-02T12:00") == [("a", "assign", "route.desk.rest")]  # to sato, who has nothing
    write_leads(project, [lead("a", 1, status="sato"), lead("b", 2, status="lee")])
    assert actions(project, "2026-11-03T12:00") == []
    write_leads(project, [lead("c", 1, status=""), lead("d", 2, status=""), lead("e", 3, status="")])
    run(project, "2026-11-04T12:00")
    given = [(row["key"], row["value"], row["rule"]) for row in rows_of(project / "out" / "actions.csv")]
    assert given == [
        ("c", "sato", "route.desk.account"),
        ("d", "lee", "route.desk.account"),
        ("e", "lee", "route.desk.rest"),  # sato is full
    ]


def test_who_was_put_in_a_field_last_is_who_has_the_account_there(project: Path) -> None:
    """ "The most recently assigned wins (by the state, else by created)", of a route that `sets` a field as of the owner;
    by hand, in the CRM, too, and of leads that are absent."""
    rules = (
        "route desk sets status {\n  account: match account on points when points > 0\n  rest: team inside otherwise\n}"
    )
    write_project(project, rules)
    older, younger = {"created_at": "2026-10-01T00:00"}, {"created_at": "2026-10-20T00:00"}

    def given(day: int, *leads: dict[str, Any]) -> list[tuple[str, str]]:
        write_leads(project, leads)
        run(project, f"2026-11-{day:02d}T12:00")
        return [(row["key"], row["value"]) for row in rows_of(project / "out" / "actions.csv")]

    b = lead("b", 1, status="lee", **younger)
    assert given(2, lead("a", 0, status="", **older), b) == [("a", "sato")]
    assert given(3, lead("a", 1, status="sato", **older), b, lead("c", 1, status="", **older)) == [("c", "sato")]
    assert given(4, lead("c", 1, status="Sato", **older)) == []  # read as text is: nobody moved it
    assert given(5, lead("a", 1, status="lee", **older)) == []  # by hand
    assert given(6, lead("d", 1, status="", **older)) == [("d", "lee")]


def test_an_export_without_the_column_of_a_field_that_a_route_fills_deals_nobody_again(project: Path) -> None:
    """ "Nothing churns": as with the owner, a file that says nothing of the field changes nothing; the next one that does, does."""
    write_project(project, "route desk sets status { any: team inside by round_robin otherwise }")
    write_leads(project, [lead("a", status=""), lead("b", status="lee")])
    assert actions(project, "2026-11-02T12:00") == [("a", "assign", "route.desk.any")]
    write_leads(project, [lead("a", status="sato"), lead("b", status="lee")])
    assert actions(project, "2026-11-03T12:00") == []
    silent = [{name: value for name, value in lead(key).items() if name != "status"} for key in "abc"]
    write_leads(project, silent)
    assert actions(project, "2026-11-04T12:00") == [("c", "assign", "route.desk.any")]
    run(project, "2026-11-05T12:00")
    assert [row["status"] for row in rows_of(project / "out" / "decisions.csv")] == ["sato", "lee", "lee"]
    write_leads(project, [lead("a", status=""), lead("b", status="sato")])
    assert actions(project, "2026-11-06T12:00") == [("a", "assign", "route.desk.any")]


def test_reassigned_in_a_field_is_who_is_not_in_it(project: Path) -> None:
    """Of a route that `sets` a field the rep in that field is passed over, not who owns the lead."""
    rules = """
route desk on demand sets status { any: team inside by round_robin otherwise }
trigger again { on form  do reassign with desk at most 5 times }
"""
    write_project(project, rules)
    asked = [{"lead_id": "a", "type": "form", "at": "2026-11-02T10:00", "name": ""}]
    write_leads(project, [lead("a", status="Sato", owner="lee")], asked)
    run(project, "2026-11-02T12:00")
    assert [row["value"] for row in rows_of(project / "out" / "actions.csv")] == ["lee"]


def test_a_lead_that_a_reassignment_left_is_dealt_by_the_rule_that_the_files_name(project: Path) -> None:
    """sato and lee had the lead, so a trigger's deal comes to `keep owner`, which assigns nothing; `reroute when` names the
    lead, and the route's own deal gives it to sato: that rule won."""
    rules = """
route sales { first: rep "sato" when points > 0  rest: keep owner otherwise  reroute when points > 1 }
trigger again { on form  do reassign with sales at most 3 times }
"""
    write_project(project, rules)
    for day, owner in ((2, "sato"), (3, "lee")):
        write_leads(project, [lead("a", owner=owner)])
        run(project, f"2026-11-{day:02d}T12:00")
    asked = [{"lead_id": "a", "type": "form", "at": "2026-11-04T10:00", "name": ""}]
    write_leads(project, [lead("a", 5, owner="lee")], asked)
    assert actions(project, "2026-11-04T12:00") == [("a", "assign", "route.sales.first")]
    assert [row["route.sales"] for row in rows_of(project / "out" / "decisions.csv")] == ["first"]


def test_a_number_may_become_stages_of_the_same_name(project: Path) -> None:
    """The old rules are looked at once more after an edit: the number that they had is no label that a lead entered."""
    write_project(
        project, 'define life = points * 2\nstages other { customer: when status = "Customer"  lead: otherwise }'
    )
    write_leads(project, [lead("a", 4)])
    run(project, "2026-11-02T12:00")
    write_project(project, "stages life { customer: when points > 3  lead: otherwise }")
    run(project, "2026-11-03T12:00")
    assert [row["life"] for row in rows_of(project / "out" / "decisions.csv")] == ["customer"]
