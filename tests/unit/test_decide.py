"""Whole runs, one after the other: the order of §8, what wins, what stays armed, what is done once. All by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.lifecycle_story import Story
from tests.lifecycle_tick import at

from leadrules.ruleset.store import digest

SATO, LEE, MORI = "sato@example.com", "lee@example.com", "mori@example.com"
DAY_1, DAY_2, DAY_3 = "2026-11-02T10:00", "2026-11-03T10:00", "2026-11-04T10:00"


def done(story: Story) -> list[tuple[object, ...]]:
    """The actions that were done, without their reasons."""
    return [row[:-1] for row in story.actions("key", "kind", "what", "value", "rule", "reason") if row[-1] is None]


# -- one inquiry, from the form to the end --------------------------------------------------------------------------

INQUIRY = """
route sales {
  any: team inside by round_robin otherwise
  answered when did call_made since assigned_at
}
sequence instant {
  1: day 1 after 2 minutes email auto template "thanks"
  finish after 3 days
  on finish do set status = "Nurturing"
}
suppress email when opted_out
trigger inbound {
  on form_submitted where (form = "contact")
  when not opted_out
  do enroll instant
  do set status = "Working"
  do assign with sales
  respond within 5 minutes
  once per 30 days
}
trigger breached { on overdue sales  do reassign with sales at most 1 times  do notify "managers" "untouched" }
assert owned "Who is worked on is owned": status = "Working" implies owner is not blank
"""
LEAD = {"id": "a", "status": "New"}


def inquiry() -> Story:
    story = Story(INQUIRY)
    story.happens("a", "form_submitted", "2026-11-02T09:50", form="contact")
    return story


def test_an_inquiry_is_answered_owned_and_followed_up() -> None:
    story = inquiry()
    story.run(DAY_1, LEAD)
    assert done(story) == [
        ("a", "set", "status", "Working", "trigger.inbound"),
        ("a", "assign", "owner", SATO, "route.sales.any"),
        ("a", "enroll", "sequence", "instant", "trigger.inbound"),
        ("a", "email", None, None, "sequence.instant.1"),
    ]
    assert story.of("a", "owner", "sequence", "step", "enrolled_at", "due_at") == (
        SATO,
        "instant",
        1,
        at("2026-11-02T09:50"),
        at("2026-11-02T09:55"),
    )
    assert story.last is not None
    assert story.last.fired["trigger.inbound"] == 1
    assert story.last.fired["route.sales.any"] == 1


def test_a_lead_without_an_answer_is_reassigned_once_and_told_of_each_time() -> None:
    story = inquiry()
    story.run(DAY_1, LEAD)
    story.run("2026-11-02T11:00", LEAD)
    assert done(story) == [
        ("a", "assign", "owner", LEE, "route.sales.any"),
        ("a", "notify", "managers", "untouched", "trigger.breached"),
    ]
    assert story.of("a", "owner_changes", "times:breached") == (1, 1)
    # The reassigned lead has no new response time, so it is overdue no more.
    story.run("2026-11-02T12:00", LEAD)
    assert done(story) == []


def test_a_repeated_run_does_nothing() -> None:
    story = Story(INQUIRY)
    story.happens("a", "form_submitted", "2026-11-02T09:58", form="contact")
    story.run(DAY_1, LEAD)
    before = story.state
    assert story.run(DAY_1, LEAD) == []
    assert story.state.leads.select(*before.leads.columns).equals(before.leads.frame)
    assert story.state.credits.equals(before.credits)


def test_what_finishes_sets_its_field_in_the_run_of_the_finish() -> None:
    story = inquiry()
    story.run(DAY_1, LEAD)
    story.happens("a", "call_made", "2026-11-02T10:30")
    story.run("2026-11-05T09:51", LEAD)
    assert done(story) == []  # three days after the step at 09:52
    story.run("2026-11-05T09:52", LEAD)
    assert done(story) == [
        ("a", "stop", "sequence", "instant", "sequence.instant.finish"),
        ("a", "set", "status", "Nurturing", "sequence.instant.finish"),
    ]


def test_a_decision_holds_until_the_record_says_something_else() -> None:
    story = inquiry()
    story.run(DAY_1, LEAD)
    assert story.of("a", "set:status", "said:status") == ("Working", "New")
    story.run(DAY_2, {**LEAD, "status": "Disqualified"})
    assert story.of("a", "set:status") == (None,)


# -- who wins -------------------------------------------------------------------------------------------------------

RIVALS = """
sequence first { 1: day 9 call "Call" }
sequence second { 1: day 9 call "Call" }
trigger alpha { when intent >= 80  do move to first  once per 1 year }
trigger beta { when intent >= 80  do move to second  once per 1 year }
"""


def test_the_loser_is_recorded_and_still_armed() -> None:
    story = Story(RIVALS)
    lead = {"id": "a", "intent": 90.0}
    assert ("a", "move", "sequence", "second", "trigger.beta", "lost to another rule: trigger.alpha") in story.run(
        DAY_1, lead
    )
    assert story.of("a", "sequence", "fired:alpha", "fired:beta") == ("first", at(DAY_1), None)
    # Alpha has fired; beta has not, and its condition still holds.
    assert ("a", "move", "sequence", "second", "trigger.beta", None) in story.run(DAY_2, lead)
    assert story.of("a", "sequence") == ("second",)
    assert [row for row in story.run(DAY_3, lead) if row[1] == "move"] == []


def test_a_trigger_wins_over_an_on_finish_and_that_over_a_route() -> None:
    story = Story("""
route sales { any: rep "mori@example.com" otherwise }
sequence short { 1: day 1 call "Call"  on finish do assign queue marketing  on finish do set status = "Nurturing" }
trigger begin { on form_submitted  do enroll short }
trigger stays { on finish short  when country = "JP"  do assign rep "lee@example.com"  do set status = "Working" }
""")
    leads = [{"id": "a", "country": "JP"}, {"id": "b"}]
    for lead in ("a", "b"):
        story.happens(lead, "form_submitted", "2026-11-02T09:00")
    story.run(DAY_1, *leads)
    assert {story.of(lead, "owner")[0] for lead in ("a", "b")} == {MORI}
    rows = story.run(DAY_2, *leads)
    assert [row for row in rows if row[0] == "a"] == [
        ("a", "stop", "sequence", "short", "sequence.short.finish", None),
        ("a", "assign", "owner", LEE, "trigger.stays", None),
        ("a", "set", "status", "Working", "trigger.stays", None),
        ("a", "assign", "owner", "queue:marketing", "sequence.short.finish", "lost to another rule: trigger.stays"),
        ("a", "set", "status", "Nurturing", "sequence.short.finish", "lost to another rule: trigger.stays"),
    ]
    assert [row[1:5] for row in rows if row[0] == "b"] == [
        ("stop", "sequence", "short", "sequence.short.finish"),
        ("assign", "owner", "queue:marketing", "sequence.short.finish"),
        ("set", "status", "Nurturing", "sequence.short.finish"),
    ]
    # A queue that an `on finish` chose is not routed in later runs either.
    assert story.run(DAY_3, *leads) == []


def test_a_trigger_whose_route_keeps_the_owner_has_assigned_nothing_and_stays_armed() -> None:
    story = Story("""
route late on demand { mine: keep owner when title is blank  any: rep "lee@example.com" otherwise }
trigger ready { when status = "Working"  do assign with late }
""")
    lead = {"id": "a", "status": "Working", "owner": SATO}
    assert story.run(DAY_1, lead) == []
    assert story.run(DAY_2, lead | {"title": "VP"}) != []
    assert done(story) == [("a", "assign", "owner", "lee@example.com", "route.late.any")]


def test_triggers_do_not_cascade_within_a_run() -> None:
    story = Story("""
trigger begins { when intent >= 80  do set status = "Working"  priority 1 }
trigger tells { when status = "Working"  do notify "managers" "Working"  priority 2 }
""")
    lead = {"id": "a", "intent": 90.0, "status": "New"}
    assert [row[4] for row in story.run(DAY_1, lead)] == ["trigger.begins"]
    assert [row[4] for row in story.run(DAY_2, lead)] == ["trigger.tells"]


def test_conditions_see_owner_and_sequence_as_before_the_run_and_labels_as_of_it() -> None:
    story = Story("""
stages lifecycle { mql: when intent >= 80  lead: otherwise }
route sales { any: rep "mori@example.com" when lifecycle is mql }
sequence short { 1: day 1 call "Call" }
trigger warmed { on enter lifecycle mql  do enroll short }
trigger busy { on enter lifecycle mql  when sequence is not blank or owner is not blank  do notify "managers" "busy" }
assert told "Who is in a sequence is owned": sequence is not blank implies owner is not blank
""")
    story.run(DAY_1, {"id": "a", "intent": 90.0})
    assert [row[4] for row in done(story)] == ["route.sales.any", "trigger.warmed", "sequence.short.1"]
    assert story.last is not None
    assert story.last.broken == ()


def test_an_assert_sees_the_leads_as_they_are_after_the_run() -> None:
    rules = 'trigger q { when intent >= 80  do assign queue marketing }\nassert none "No queues": true implies owner is blank'
    story = Story(rules)
    story.run(DAY_1, {"id": "a", "intent": 90.0}, {"id": "b"})
    assert story.last is not None
    (broken,) = story.last.broken
    assert (broken.promise.name, broken.lead_rows.to_list()) == ("none", [0])


# -- events, sight, edits -------------------------------------------------------------------------------------------

FORMS = 'trigger inbound { on form_submitted  do notify "sales" "Inquiry" }'


def test_each_event_sets_off_once_and_late_ones_do_too() -> None:
    story = Story(FORMS)
    lead = {"id": "a"}
    story.happens("a", "form_submitted", "2026-11-02T09:00")
    assert len(story.run(DAY_1, lead)) == 1
    story.happens("a", "form_submitted", "2026-10-29T09:00")  # came late, four days old
    assert len(story.run(DAY_2, lead)) == 1
    story.happens("a", "form_submitted", "2026-10-20T09:00")  # older than `since - 7 days`
    assert story.run(DAY_3, lead) == []


def test_a_longer_window_for_late_events_brings_none_back() -> None:
    """What was seen is kept for a week; of what is older nobody knows whether it is new."""
    story = Story(FORMS)
    lead = {"id": "a"}
    story.happens("a", "form_submitted", "2026-11-02T09:00")
    assert len(story.run("2026-11-02T10:00", lead)) == 1
    assert story.run("2026-11-20T10:00", lead) == []  # by now it is forgotten
    story.with_project(late_events=(60, "days"))
    assert story.run("2026-11-21T10:00", lead) == []
    story.happens("a", "form_submitted", "2026-11-14T09:00")  # came late, and within what is known
    assert len(story.run("2026-11-22T10:00", lead)) == 1
    assert story.run("2026-11-23T10:00", lead, since="2026-10-01T00:00") == []


@pytest.mark.parametrize("first", [True, False])
def test_an_export_that_gains_or_loses_ids_brings_no_event_back(first: bool) -> None:
    story = Story(FORMS)
    name = {"id": "e1"}
    story.happens("a", "form_submitted", "2026-11-02T09:00", **(name if first else {}))
    assert len(story.run("2026-11-02T10:00", {"id": "a"})) == 1
    story.events.clear()
    story.happens("a", "form_submitted", "2026-11-02T09:00", **({} if first else name))
    assert story.run("2026-11-03T10:00", {"id": "a"}) == []
    story.happens("a", "form_submitted", "2026-11-02T09:30", **({} if first else {"id": "e2"}))
    assert len(story.run("2026-11-04T10:00", {"id": "a"})) == 1


def test_an_event_of_a_lead_that_was_absent_sets_off_when_it_is_there() -> None:
    story = Story(FORMS)
    story.happens("b", "form_submitted", "2026-11-02T09:00")
    assert story.run(DAY_1, {"id": "a"}) == []
    assert [row[0] for row in story.run(DAY_2, {"id": "a"}, {"id": "b"})] == ["b"]


def test_without_a_state_nothing_older_than_since_sets_off() -> None:
    story = Story(FORMS)
    story.happens("a", "form_submitted", "2026-11-01T09:00")
    assert story.run(DAY_1, {"id": "a"}) == []


def test_absent_leads_are_frozen() -> None:
    story = Story(INQUIRY)
    story.happens("a", "form_submitted", "2026-11-02T09:50", form="contact")
    story.run(DAY_1, LEAD, {"id": "b"})
    before = story.of("a", "owner", "sequence", "step", "due_at")
    story.run("2026-11-20T10:00", {"id": "b"})
    assert story.of("a", "owner", "sequence", "step", "due_at") == before


def test_a_date_that_fell_while_the_lead_was_absent() -> None:
    story = Story('trigger renew { on date contract_renewal_date  do task call "Renewal" }')
    lead = {"id": "a", "contract_renewal_date": date(2026, 11, 3)}
    assert story.run(DAY_1, lead) == []
    assert story.run(DAY_2, {"id": "b"}) == []
    assert [row[0] for row in story.run(DAY_3, lead, {"id": "b"})] == ["a"]
    assert story.run("2026-11-05T10:00", lead) == []


def test_a_baseline_takes_everything_as_already_so() -> None:
    story = Story(RIVALS + FORMS)
    story.happens("a", "form_submitted", "2026-11-02T09:00")
    assert story.run(DAY_1, {"id": "a", "intent": 90.0}, baseline=True) == []
    assert story.run(DAY_2, {"id": "a", "intent": 90.0}) == []
    assert story.run(DAY_3, {"id": "a", "intent": 90.0}, {"id": "b", "intent": 90.0})[0][0] == "b"


EDITED = 'trigger intent { when intent >= %d  do notify "sales" "Intent" }'


def test_an_edit_sets_nothing_off_but_what_happens_afterwards_does() -> None:
    story = Story(EDITED % 80)
    leads = [{"id": "a", "intent": 70.0}, {"id": "b", "intent": 70.0}]
    assert story.run(DAY_1, *leads) == []
    story.edit(EDITED % 60)
    # The second would have met the old condition too.
    assert [row[0] for row in story.run(DAY_2, leads[0], {"id": "b", "intent": 85.0})] == ["b"]
    assert story.run(DAY_3, *leads) == []


def test_fire_edits_lets_an_edit_set_off() -> None:
    story = Story(EDITED % 80)
    assert story.run(DAY_1, {"id": "a", "intent": 70.0}) == []
    story.edit(EDITED % 60)
    assert [row[0] for row in story.run(DAY_2, {"id": "a", "intent": 70.0}, fire_edits=True)] == ["a"]


def test_a_trigger_that_is_new_to_the_state_starts_with_what_happens_next() -> None:
    story = Story("")
    lead = {"id": "a", "intent": 90.0}
    assert story.run(DAY_1, lead) == []
    story.edit(EDITED % 80)
    assert story.run(DAY_2, lead, {"id": "b", "intent": 90.0}) == []
    assert story.run(DAY_3, lead, {"id": "b", "intent": 20.0}) == []
    assert [row[0] for row in story.run("2026-11-05T10:00", lead, {"id": "b", "intent": 90.0})] == ["b"]


# -- order ----------------------------------------------------------------------------------------------------------


def test_the_order_of_the_rows_of_the_input_changes_nothing_but_their_order() -> None:
    leads = [{"id": str(n), "intent": float(n * 10), "status": "New"} for n in range(12)]
    rules = RIVALS + "route sales { any: team inside by round_robin when intent >= 50 }"
    stories = [Story(rules), Story(rules)]
    first, second = (sorted(story.run(DAY_1, *some)) for story, some in zip(stories, (leads, leads[::-1]), strict=True))
    assert first == second
    frames = [story.state.leads.frame.sort("key") for story in stories]
    assert frames[0].equals(frames[1].select(frames[0].columns))
    assert digest(stories[0].state.ruleset) == digest(stories[1].state.ruleset)  # type: ignore[arg-type]
    assert stories[0].state.credits.sort(pl.all()).equals(stories[1].state.credits.sort(pl.all()))


def test_a_baseline_gives_nobody_an_owner_and_sends_nothing() -> None:
    story = Story("""
route sales { any: team inside by round_robin otherwise }
sequence instant { 1: day 1 call "Call"  exit when opted_out }
""")
    leads: list[dict[str, Any]] = [{"id": "a"}, {"id": "b", "current_sequence": "instant", "opted_out": True}]
    assert story.run(DAY_1, *leads, baseline=True) == []
    assert story.of("b", "owner", "sequence") == (None, "instant")
    assert story.last is not None
    assert set(story.last.fired.values()) == {0}


def test_a_kept_exit_sees_the_owner_that_no_rule_of_today_looks_at() -> None:
    plan = "sequence s {{\n 1: day 1 call\n 2: day 9 call\n {} }}\ntrigger go {{ when intent > 50  do enroll s }}"
    story = Story(plan.format('exit when owner = "bob"'))
    one = {"id": "a", "intent": 90.0, "owner": "ann"}
    story.run("2026-11-02T10:00", one)
    story.edit(plan.format(""))
    for day in ("03", "04"):  # the rules of the last run look at no owner either
        assert story.run(f"2026-11-{day}T10:00", one) == []
    assert [row[1:3] for row in story.run("2026-11-05T10:00", {**one, "owner": "bob"})] == [("stop", "sequence")]
