"""Leads that come back after the rules were edited while they were absent. All by hand, run after run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from tests.lifecycle_story import Story
from tests.lifecycle_tick import at

from leadrules.lifecycle.eras import MOST
from leadrules.lifecycle.model import HISTORY_COLUMNS, RunRecord, State, empty_state
from leadrules.lifecycle.state.store import commit, load, outline
from leadrules.lifecycle.state.tend import rename

DAYS = [f"2026-11-{day:02d}T10:00" for day in range(2, 12)]
HERE = {"id": "here", "intent": 10.0}
BAND = """
band heat of intent {{ hot: from {hot}  cold: otherwise }}
trigger heated {{ on enter heat hot  do notify "boss" "hot" }}
"""
EMPTY = "band heat of intent { hot: from 50  cold: otherwise }\n"


def back(intent: float, **more: object) -> dict[str, object]:
    """The lead that goes and comes back."""
    return {"id": "back", "intent": intent, **more}


def notified(story: Story) -> list[object]:
    """Who was told of, in the latest run."""
    return [row[0] for row in story.actions("key", "kind", "reason") if row[1:] == ("notify", None)]


def test_what_fired_long_ago_and_holds_by_an_edit_alone_fires_when_it_becomes_true_again() -> None:
    intent = 'trigger intent {{ when intent >= {}  do notify "boss" "intent"  once per 1 day }}'
    story, told = Story(intent.format(80)), []
    for day, value in enumerate([90.0, 60.0, 60.0, 60.0, 60.0, 40.0, 60.0]):
        if day == 2:
            story.edit(intent.format(50))
        story.run(DAYS[day], {"id": "here", "intent": value})
        told += [day] * len(notified(story))
    assert told == [0, 6]


# -- labels and conditions that were edited -------------------------------------------------------------------------


def gone_while_edited(first: str, then: str, intent: float = 60.0) -> Story:
    """`back` is there on the first day alone; the rules are edited on the second, used again on the third."""
    story = Story(first)
    story.run(DAYS[0], HERE, back(intent))
    story.edit(then)
    story.run(DAYS[1], HERE)
    story.run(DAYS[2], HERE)
    return story


def test_a_lower_threshold_sets_nothing_off_when_the_lead_comes_back() -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    story.run(DAYS[3], HERE, back(60.0))
    assert notified(story) == []
    assert story.of("back", "label:heat") == ("hot",)


def test_what_the_lead_did_meanwhile_does() -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    story.run(DAYS[3], HERE, back(90.0))
    assert notified(story) == ["back"]


def test_fire_edits_lets_it_also_for_leads_that_come_back() -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    story.run(DAYS[3], HERE, back(60.0), fire_edits=True)
    assert notified(story) == ["back"]


def test_after_it_was_seen_the_lead_is_like_any_other() -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    story.run(DAYS[3], HERE, back(40.0))
    story.run(DAYS[4], HERE, back(60.0))
    assert notified(story) == ["back"]


def test_each_lead_is_compared_with_the_rules_that_saw_it_last() -> None:
    story = Story(BAND.format(hot=90))
    first, second = {"id": "first", "intent": 60.0}, {"id": "second", "intent": 60.0}
    story.run(DAYS[0], HERE, first, second)
    story.edit(BAND.format(hot=70))
    story.run(DAYS[1], HERE, second)
    story.edit(BAND.format(hot=50))
    story.run(DAYS[2], HERE)
    # At 80 the first would be cold by its rules, where it was 60; the second was cold too, and would be hot by its own.
    story.run(DAYS[3], HERE, first | {"intent": 80.0}, second | {"intent": 80.0})
    assert notified(story) == ["second"]


def test_rules_that_were_edited_back_were_not_edited() -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    story.edit(BAND.format(hot=80))
    story.run(DAYS[3], HERE)
    story.run(DAYS[4], HERE, back(85.0))
    assert notified(story) == ["back"]


def test_a_condition_that_was_edited_meanwhile() -> None:
    condition = 'trigger wanted {{ when intent >= {0}  do notify "boss" "wanted" }}'
    story = gone_while_edited(condition.format(80), condition.format(50))
    story.run(DAYS[3], HERE, back(60.0))
    assert notified(story) == []
    story.run(DAYS[4], HERE, back(40.0))
    story.run(DAYS[5], HERE, back(60.0))
    assert notified(story) == ["back"]


# -- triggers that came meanwhile -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("backfill", "told"), [("", []), ("backfill", ["back"])])
def test_a_condition_that_came_meanwhile_is_taken_as_so(backfill: str, told: list[str]) -> None:
    story = gone_while_edited(EMPTY, f'{EMPTY}trigger wanted {{ when intent >= 50  do notify "boss" "it" {backfill} }}')
    story.run(DAYS[3], HERE, back(60.0))
    assert notified(story) == told
    story.run(DAYS[4], HERE, back(40.0))
    story.run(DAYS[5], HERE, back(60.0))
    assert notified(story) == ["back"]


@pytest.mark.parametrize(
    ("trigger", "intent"),
    [
        ("on enter heat hot", 60.0),
        ("on enter keen", 60.0),
        ("on form_submitted", 10.0),
    ],
)
@pytest.mark.parametrize(("backfill", "told"), [("", []), ("backfill", ["back"])])
def test_what_was_so_of_an_absent_lead_when_a_trigger_came_is_what_backfill_fires_for(
    trigger: str, intent: float, backfill: str, told: list[str]
) -> None:
    before = EMPTY + "segment keen when intent >= 50\n"
    story = Story(before)
    story.happens("back", "form_submitted", "2026-10-01T09:00")
    story.run(DAYS[0], HERE, back(intent))
    story.edit(f'{before}trigger came {{ {trigger}  do notify "boss" "it" {backfill} }}')
    story.run(DAYS[1], HERE)
    story.run(DAYS[2], HERE, back(intent))
    assert notified(story) == told
    story.run(DAYS[3], HERE, back(intent))
    assert notified(story) == []


@pytest.mark.parametrize(("when", "told"), [("2026-11-03T09:00", []), ("2026-11-03T11:00", ["back"])])
def test_of_events_those_set_it_off_that_came_after_it(when: str, told: list[str]) -> None:
    story = gone_while_edited(EMPTY, f'{EMPTY}trigger asked {{ on form_submitted  do notify "boss" "it" }}')
    story.happens("back", "form_submitted", when)
    story.run(DAYS[3], HERE, back(60.0))
    assert notified(story) == told


@pytest.mark.parametrize(("day", "told"), [("2026-11-03", []), ("2026-11-04", ["back"])])
def test_of_dates_those_set_it_off_that_fell_after_it(day: str, told: list[str]) -> None:
    story = gone_while_edited(EMPTY, f'{EMPTY}trigger due {{ on date contract_renewal_date  do notify "boss" "it" }}')
    renewal = datetime.fromisoformat(day).date()
    story.run(DAYS[3], HERE, back(60.0, contract_renewal_date=renewal))
    assert notified(story) == told
    story.run(DAYS[4], HERE, back(60.0, contract_renewal_date=renewal))
    assert notified(story) == []


def test_what_a_lead_enters_is_seen_when_it_comes_back() -> None:
    story = gone_while_edited(EMPTY, EMPTY + 'trigger heated { on enter heat hot  do notify "boss" "hot" }', 10.0)
    story.run(DAYS[3], HERE, back(60.0))
    assert notified(story) == ["back"]


# -- what is kept ---------------------------------------------------------------------------------------------------


def test_earlier_rules_are_kept_for_as_long_as_a_lead_is_absent_that_they_saw_last() -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    assert story.state.eras["since"].to_list() == [None, at(DAYS[1])]
    assert story.state.eras["ruleset"].is_not_null().to_list() == [True, False]
    story.run(DAYS[3], HERE, back(60.0))
    assert story.state.eras.is_empty()


def test_of_rules_that_saw_no_absent_lead_last_only_the_triggers_stay_known() -> None:
    story = gone_while_edited(EMPTY, f'{EMPTY}trigger asked {{ on form_submitted  do notify "boss" "it" }}')
    story.edit(story.rules.replace("50", "70"))
    story.run(DAYS[3], HERE)
    assert story.state.eras["ruleset"].is_not_null().to_list() == [True, False, False]
    # The trigger came on the second day, not with the last edit.
    story.happens("back", "form_submitted", "2026-11-03T11:00")
    story.run(DAYS[4], HERE, back(60.0))
    assert notified(story) == ["back"]


def test_a_lead_that_never_comes_back_keeps_no_more_than_so_many_rules() -> None:
    story = Story(BAND.format(hot=1))
    lost = [{"id": f"lost {number}", "intent": 0.0} for number in range(MOST + 5)]
    for number in range(MOST + 5):
        story.edit(BAND.format(hot=number + 1))
        story.run(f"2026-12-{number + 1:02d}T10:00", HERE, *lost[number:])
    assert story.state.eras["ruleset"].drop_nulls().len() == MOST


def on_disk(folder: Path, state: State) -> Path:
    """A state in a folder."""
    record = RunRecord(state.as_of, None, "rules", "identity", "manifest", "out", {})
    commit(folder, empty_state(), state, lambda: record, changes=pl.DataFrame(schema=dict(HISTORY_COLUMNS)))
    return folder


def test_they_are_part_of_the_state_on_disk(tmp_path: Path) -> None:
    state = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50)).state
    path = on_disk(tmp_path / "state", state)
    assert load(path).eras.equals(state.eras)
    assert outline(path).eras.equals(state.eras)


def test_what_is_renamed_has_its_new_name_in_earlier_rules_too(tmp_path: Path) -> None:
    story = gone_while_edited(BAND.format(hot=80), BAND.format(hot=50))
    path = on_disk(tmp_path / "state", story.state)
    assert rename(path, "heated", "warmed") == "trigger"
    assert rename(path, "heat", "warmth") == "definition"
    story.state = load(path)
    assert story.state.eras["triggers"].to_list() == [["enter warmed"], ["enter warmed"]]
    story.edit(BAND.format(hot=50).replace("heated", "warmed").replace("heat", "warmth"))
    story.run(DAYS[3], HERE, back(60.0))
    assert notified(story) == []
    assert story.of("back", "label:warmth") == ("hot",)
