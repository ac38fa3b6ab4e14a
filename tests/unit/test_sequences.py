"""Sequences: due times, exits, pauses, finishes, windows and holds, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5

import polars as pl
import pytest
from tests.sequence_world import World, tokyo

from leadrules.core.calendar import Calendar
from leadrules.lifecycle.lead_columns import LeadColumns

ONE = {"a": {"created_at": tokyo("2026-01-01")}}
OUTBOUND = """sequence outbound {
  1: day 1 09:00 email auto "First"
  2: day 1 call "Call"
  3: day 3 linkedin manual "Connect" when linkedin_url is not blank
  finish after 3 days
}
"""


def test_steps_go_out_in_the_first_run_that_reaches_them() -> None:
    """Enrolled on a Monday at 10:00: the 09:00 step is due already, day 3 is skipped for want of a page, then it ends."""
    world = World(OUTBOUND, dict(ONE))
    first = world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "outbound")])
    assert first.rows() == [
        ("a", "enroll", "outbound", "trigger.t"),
        ("a", "email", "First", "sequence.outbound.1"),
        ("a", "call", "Call", "sequence.outbound.2"),
    ]
    assert first.due_at("sequence.outbound.1") == ["2026-11-02 09:00"]
    assert first.due_at("sequence.outbound.2") == ["2026-11-02 10:00"]
    assert world.of("a", "step") == 2
    assert world.run(tokyo("2026-11-04T09:59")).rows() == []
    third = world.run(tokyo("2026-11-04T10:00"))
    assert third.rows() == []
    assert third.rows(withheld=True) == [("a", "linkedin", "Connect", "sequence.outbound.3", "skipped")]
    assert world.of("a", "step") == 3
    assert world.run(tokyo("2026-11-07T09:59")).rows() == []
    assert world.run(tokyo("2026-11-07T10:00")).rows() == [("a", "stop", "outbound", "sequence.outbound.finish")]
    assert world.of("a", "sequence") is None
    assert world.of("a", "step") is None
    assert world.of("a", "enrolled:outbound") == tokyo("2026-11-02T10:00")
    assert world.run(tokyo("2026-11-07T10:00") + timedelta(days=9)).rows() == []


@pytest.mark.parametrize("days", ["", "count business days"])
@pytest.mark.parametrize("number", [3_000_000, 99_999_999, 9_999_999_999])
def test_a_day_after_the_year_9999_never_comes(number: int, days: str) -> None:
    """Dates after 9999 are blank: the first step goes out, the others are never due, and nothing finishes."""
    world = World(
        f'sequence s {{ 1: day 1 call "A" 2: day {number} email "B" 3: wait 1 day call "C" {days} }}', dict(ONE)
    )
    assert world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")]).rows() == [
        ("a", "enroll", "s", "trigger.t"),
        ("a", "call", "A", "sequence.s.1"),
    ]
    assert world.run(tokyo("8999-11-02T10:00")).rows() == []


def due_of(sequence: str, enrolled: str, rule: str, runs: int = 40) -> str:
    """When a step came due, over daily runs at 23:59 from the day of enrolment."""
    world = World(sequence, dict(ONE))
    start = tokyo(enrolled)
    found = world.run(start, [("a", "enroll", "s", start)])
    for day in range(runs):
        if found.due_at(rule):
            return found.due_at(rule)[0]
        found = world.run(tokyo(f"{enrolled[:10]}T23:59") + timedelta(days=day))
    raise AssertionError(rule)


@pytest.mark.parametrize(
    ("step", "settings", "enrolled", "due"),
    [
        # Without settings: calendar days, at the clock time of the enrolment or the time that is written.
        ("day 1", "", "2026-11-07T21:30", "2026-11-07 21:30"),
        ("day 3", "", "2026-11-06T21:30", "2026-11-08 21:30"),
        ("day 3 08:15", "", "2026-11-06T21:30", "2026-11-08 08:15"),
        ("day 1 after 2 minutes", "", "2026-11-06T23:59", "2026-11-07 00:01"),
        ("day 2 after 1 month", "", "2026-01-30T10:00", "2026-02-28 10:00"),
        # Business days: 2026-11-07 is a Saturday; 3 and 23 November are holidays in Japan.
        ("day 1", "count business days", "2026-11-07T10:00", "2026-11-09 10:00"),
        ("day 2", "count business days", "2026-11-06T10:00", "2026-11-09 10:00"),
        ("day 2", "count business days", "2026-11-02T10:00", "2026-11-04 10:00"),
        ("day 4", "count business days", "2026-11-18T10:00", "2026-11-24 10:00"),
        ("day 1 after 3 hours", "count business days", "2026-11-06T22:00", "2026-11-07 01:00"),
        ("day 1 after 2 days", "count business days", "2026-11-06T10:00", "2026-11-10 10:00"),
        # A window: an early time waits for its opening, a late one for the next; its end is outside.
        ("day 1", 'send between 09:00 and 18:00 in "Asia/Tokyo"', "2026-11-06T07:00", "2026-11-06 09:00"),
        ("day 1", 'send between 09:00 and 18:00 in "Asia/Tokyo"', "2026-11-06T17:59", "2026-11-06 17:59"),
        ("day 1", 'send between 09:00 and 18:00 in "Asia/Tokyo"', "2026-11-06T18:00", "2026-11-07 09:00"),
        ("day 1 after 2 hours", "send between 09:00 and 18:00", "2026-11-06T17:00", "2026-11-07 09:00"),
        ("day 1", "send between 09:00 and 18:00 count business days", "2026-11-06T18:00", "2026-11-09 09:00"),
        (
            "day 1 after 2 hours",
            "send between 09:00 and 18:00 count business days",
            "2026-11-06T17:00",
            "2026-11-09 09:00",
        ),
        # A window in another zone: 18:00 in Tokyo is 10:00 in Berlin, 09:00 in Tokyo is 01:00 there.
        ("day 1", 'send between 09:00 and 17:00 in "Europe/Berlin"', "2026-11-06T18:00", "2026-11-06 18:00"),
        ("day 1", 'send between 09:00 and 17:00 in "Europe/Berlin"', "2026-11-06T09:00", "2026-11-06 17:00"),
        ("day 1", 'send between 09:00 and 17:00 in "Europe/Berlin"', "2026-11-07T02:00", "2026-11-07 17:00"),
        # New York leaves summer time on 1 November: its 09:00 is 22:00 in Tokyo before, 23:00 after.
        ("day 1", 'send between 09:00 and 10:00 in "America/New_York"', "2026-10-31T12:00", "2026-10-31 22:00"),
        ("day 1", 'send between 09:00 and 10:00 in "America/New_York"', "2026-11-01T12:00", "2026-11-01 23:00"),
    ],
)
def test_due_times(step: str, settings: str, enrolled: str, due: str) -> None:
    """One step, worked out on the calendar."""
    assert due_of(f"sequence s {{ 1: {step} call {settings} }}", enrolled, "sequence.s.1") == due


@pytest.mark.parametrize(
    ("wait", "settings", "enrolled", "due"),
    [
        ("2 days", "", "2026-11-06T10:00", "2026-11-08 10:00"),
        ("90 minutes", "", "2026-11-06T23:00", "2026-11-07 00:30"),
        ("2 business days", "", "2026-11-06T10:00", "2026-11-10 10:00"),
        ("2 business days", "count business days", "2026-11-20T10:00", "2026-11-25 10:00"),
        ("2 days", "count business days", "2026-11-06T10:00", "2026-11-10 10:00"),
        ("1 week", "count business days", "2026-10-27T10:00", "2026-11-04 10:00"),
        # From the due time of the step before, as the window moved it: Saturday 20:00 became Monday 09:00.
        ("1 hour", "send between 09:00 and 18:00 count business days", "2026-11-07T20:00", "2026-11-10 10:00"),
    ],
)
def test_waits(wait: str, settings: str, enrolled: str, due: str) -> None:
    """`wait` counts from the due time of the step before."""
    text = f"sequence s {{ 1: day 1 call  2: wait {wait} call {settings} }}"
    assert due_of(text, enrolled, "sequence.s.2") == due


def test_summer_time_moves_a_time_that_does_not_exist() -> None:
    """02:30 does not exist in Berlin on 29 March 2026: it is 03:30; 02:30 on 25 October is the first of the two."""
    berlin = Calendar("Europe/Berlin")
    world = World("sequence s { 1: day 2 02:30 call }", dict(ONE), calendar=berlin)
    world.run(datetime(2026, 3, 28, 12, tzinfo=UTC), [("a", "enroll", "s")])
    assert world.run(datetime(2026, 3, 30, tzinfo=UTC)).due_at("sequence.s.1", "UTC") == ["2026-03-29 01:30"]
    autumn = World("sequence s { 1: day 2 02:30 call }", dict(ONE), calendar=berlin)
    autumn.run(datetime(2026, 10, 24, 12, tzinfo=UTC), [("a", "enroll", "s")])
    assert autumn.run(datetime(2026, 10, 26, tzinfo=UTC)).due_at("sequence.s.1", "UTC") == ["2026-10-25 00:30"]


@pytest.mark.parametrize(
    ("zone", "enrolled"),
    [
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),  # the second 02:30
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),  # the second 01:30
    ],
)
def test_an_enrolment_in_the_hour_that_comes_twice_begins_no_hour_before_itself(zone: str, enrolled: datetime) -> None:
    """Day 1 is the day of the enrolment at its time: its steps are due from then on, `after 45 minutes` that much later."""
    rules = "sequence s { 1: day 1 call  2: day 1 after 45 minutes call }"
    world = World(rules, dict(ONE), calendar=Calendar(zone))
    begun = world.run(enrolled, [("a", "enroll", "s")])
    assert begun.due_at("sequence.s.1", "UTC") == [f"{enrolled:%Y-%m-%d %H:%M}"]
    assert begun.due_at("sequence.s.2") == []
    later = enrolled + timedelta(minutes=45)
    assert world.run(later).due_at("sequence.s.2", "UTC") == [f"{later:%Y-%m-%d %H:%M}"]


def test_an_event_sets_the_clock() -> None:
    """Enrolled by an event at 14:58, in a run at 15:00: the reply of two minutes later goes out in that run."""
    world = World('sequence instant { 1: day 1 after 2 minutes email auto template "thanks" }', dict(ONE))
    ran = world.run(
        tokyo("2026-11-06T15:00"), [("a", "enroll", "instant", tokyo("2026-11-06T14:58"), None, "trigger.x")]
    )
    assert ran.due_at("sequence.instant.1") == ["2026-11-06 15:00"]
    assert ran.due.actions.select("kind", "template", "auto").rows() == [("email", "thanks", True)]
    assert world.of("a", "enrolled_at") == tokyo("2026-11-06T14:58")


def test_exit_comes_first_and_withholds_what_is_due() -> None:
    """A step that is due in the run of the exit is withheld; later ones are never spoken of again."""
    rules = 'sequence s { 1: day 1 call  2: day 2 call "Second"  3: day 3 call exit when opted_out }'
    world = World(rules, {"a": {"opted_out": False}})
    world.run(tokyo("2026-11-06T10:00"), [("a", "enroll", "s")])
    world.fields["a"]["opted_out"] = True
    ran = world.run(tokyo("2026-11-07T10:00"))
    assert ran.rows() == [("a", "stop", "s", "sequence.s.exit")]
    assert ran.rows(withheld=True) == [("a", "call", "Second", "sequence.s.2", "lost to another rule: sequence.s.exit")]
    assert world.of("a", "sequence") is None
    later = world.run(tokyo("2026-11-09T10:00"))
    assert (later.rows(), later.rows(withheld=True)) == ([], [])


def test_exit_since_the_enrolment() -> None:
    """A reply from before the enrolment does not end a sequence, one after it does."""
    world = World("sequence s { 1: day 9 call exit when did email_replied since enrolled_at }", {"a": {}})
    world.events.append(("a", "email_replied", tokyo("2026-11-01T10:00"), {}))
    world.run(tokyo("2026-11-06T10:00"), [("a", "enroll", "s")])
    assert world.run(tokyo("2026-11-07T10:00")).rows() == []
    world.events.append(("a", "email_replied", tokyo("2026-11-07T12:00"), {}))
    assert world.run(tokyo("2026-11-08T10:00")).rows() == [("a", "stop", "s", "sequence.s.exit")]


def test_exit_all_ends_any_sequence() -> None:
    """Also one that is only known from the record, by its name."""
    world = World('sequence s { 1: day 9 call }\nexit all when status = "Customer"', {"a": {"status": "Customer"}})
    world.run(tokyo("2026-11-06T10:00"), [("a", "enroll", "s")])
    assert world.run(tokyo("2026-11-06T11:00")).rows() == [("a", "stop", "s", "exit all")]


def test_a_pause_moves_every_later_step() -> None:
    """Paused for three days in the run at which day 2 is due: it goes out three days late, and so does the rest."""
    rules = "sequence s { 1: day 1 call  2: day 2 call  3: day 4 call pause when opted_out }"
    world = World(rules, {"a": {"opted_out": False}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    world.fields["a"]["opted_out"] = True
    for day in (3, 4, 5):
        ran = world.run(tokyo(f"2026-11-0{day}T12:00"))
        assert (ran.rows(), ran.rows(withheld=True)) == ([], [])
    assert world.of("a", "seq_paused_at") == tokyo("2026-11-03T12:00")
    world.fields["a"]["opted_out"] = False
    ran = world.run(tokyo("2026-11-06T12:00"))
    assert ran.due_at("sequence.s.2") == ["2026-11-06 10:00"]
    assert world.of("a", "seq_paused_at") is None
    assert world.of("a", "seq_shift") == timedelta(days=3)
    assert world.run(tokyo("2026-11-08T09:59")).rows() == []
    assert world.run(tokyo("2026-11-08T10:00")).due_at("sequence.s.3") == ["2026-11-08 10:00"]


def test_what_a_pause_moves_goes_on_to_an_opening() -> None:
    """Two pauses of a day each: Friday 10:00 becomes Saturday, that is Monday 09:00, and then Tuesday 09:00."""
    rules = """sequence s { 1: day 2 call pause when opted_out
      send between 09:00 and 18:00 count business days }"""
    world = World(rules, {"a": {"opted_out": False}})
    world.run(tokyo("2026-11-05T10:00"), [("a", "enroll", "s")])
    for start, paused in (("2026-11-05T11:00", True), ("2026-11-06T11:00", False), ("2026-11-06T12:00", True)):
        world.fields["a"]["opted_out"] = paused
        world.run(tokyo(start))
    world.fields["a"]["opted_out"] = False
    world.run(tokyo("2026-11-07T12:00"))
    assert world.run(tokyo("2026-11-10T08:59")).rows() == []
    assert world.run(tokyo("2026-11-10T09:00")).due_at("sequence.s.1") == ["2026-11-10 09:00"]


def test_a_moved_step_keeps_to_working_days_also_without_a_window() -> None:
    """A reply of a sequence without a window keeps its time, until a pause moves it onto a Saturday."""
    rules = "sequence s { 1: day 1 after 1 hour email auto pause when opted_out count business days }"
    world = World(rules, {"a": {"opted_out": False}})
    world.run(tokyo("2026-11-06T10:00"), [("a", "enroll", "s")])
    world.fields["a"]["opted_out"] = True
    world.run(tokyo("2026-11-06T10:30"))
    world.fields["a"]["opted_out"] = False
    assert world.run(tokyo("2026-11-07T10:30")).rows() == []
    assert world.run(tokyo("2026-11-09T12:00")).due_at("sequence.s.1") == ["2026-11-09 11:00"]


def test_one_automatic_action_per_channel_and_day() -> None:
    """Two emails are due: one a day. The call does not wait, nor does a manual email; the end waits for what is held."""
    rules = """sequence s {
      1: day 1 email auto "One"
      2: day 1 email auto "Two"
      3: day 1 call "Call"
      4: day 1 email manual "By hand"
      finish after 1 hour
    }"""
    world = World(rules, {"a": {}})
    ran = world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    assert [row[2] for row in ran.rows()] == ["s", "One", "Call", "By hand"]
    assert ran.rows(withheld=True) == [("a", "email", "Two", "sequence.s.2", "held for tomorrow")]
    assert world.of("a", "step") == 4
    ran = world.run(tokyo("2026-11-02T23:59"))
    assert ran.rows() == []
    assert ran.rows(withheld=True) == [("a", "email", "Two", "sequence.s.2", "held for tomorrow")]
    ran = world.run(tokyo("2026-11-03T00:00"))
    assert ran.rows() == [("a", "stop", "s", "sequence.s.finish"), ("a", "email", "Two", "sequence.s.2")]
    assert ran.due_at("sequence.s.2") == ["2026-11-02 10:00"]
    assert world.of("a", "sequence") is None


def test_what_a_trigger_sends_counts_for_the_day() -> None:
    """A step waits for the mail that a trigger sent today; one of a sequence that has finished goes out."""
    rules = 'sequence s { 1: day 1 email auto "One" finish after 1 day }'
    world = World(rules, {"a": {}, "b": {}})
    ran = world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s"), ("b", "enroll", "s")], sends=[("a", "email")])
    assert ran.rows(withheld=True) == [("a", "email", "One", "sequence.s.1", "held for tomorrow")]
    ran = world.run(tokyo("2026-11-03T10:00"), sends=[("a", "email")])
    assert ran.rows() == [
        ("a", "stop", "s", "sequence.s.finish"),
        ("a", "email", "One", "sequence.s.1"),
        ("b", "stop", "s", "sequence.s.finish"),
    ]


def test_suppression_and_conditions_are_not_tried_again() -> None:
    """A suppressed step passes; `suppress all` is every channel; other channels go on."""
    rules = """sequence s { 1: day 1 email auto "One"  2: day 1 call "Two"  3: day 2 email auto "Three" }
suppress email when opted_out
suppress all when do_not_call
"""
    world = World(rules, {"a": {"opted_out": True}, "b": {"do_not_call": True}})
    ran = world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s"), ("b", "enroll", "s")])
    assert ran.rows(withheld=True) == [
        ("a", "email", "One", "sequence.s.1", "suppressed"),
        ("b", "email", "One", "sequence.s.1", "suppressed"),
        ("b", "call", "Two", "sequence.s.2", "suppressed"),
    ]
    world.fields = {"a": {"opted_out": False}, "b": {"do_not_call": False}}
    ran = world.run(tokyo("2026-11-03T10:00"))
    assert ran.rows() == [
        ("a", "stop", "s", "sequence.s.finish"),
        ("a", "email", "Three", "sequence.s.3"),
        ("b", "stop", "s", "sequence.s.finish"),
        ("b", "email", "Three", "sequence.s.3"),
    ]


def test_a_step_that_a_later_one_overtakes_goes_out_at_its_own_time() -> None:
    """Step 2 is due in the morning, step 1 in the evening."""
    world = World(
        'sequence s { 1: day 2 18:00 call "Late"  2: day 2 09:00 call "Early"  finish after 1 hour }', {"a": {}}
    )
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    assert [row[2] for row in world.run(tokyo("2026-11-03T12:00")).rows()] == ["Early"]
    assert world.of("a", "step") == 2
    assert world.run(tokyo("2026-11-03T17:59")).rows() == []
    ran = world.run(tokyo("2026-11-03T18:00"))
    assert ran.rows() == [("a", "stop", "s", "sequence.s.finish"), ("a", "call", "Late", "sequence.s.1")]


def test_who_enters_in_a_run_finishes_in_the_next() -> None:
    """Also where the last step is over at once."""
    world = World("sequence s { 1: day 1 call }", {"a": {}})
    assert [row[1] for row in world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")]).rows()] == ["enroll", "call"]
    assert world.run(tokyo("2026-11-02T10:05")).rows() == [("a", "stop", "s", "sequence.s.finish")]


def test_templates() -> None:
    """A step's own template, the label of a classify, else the template of the enrolment."""
    rules = """classify plan { price: when industry = "Retail"  timing: otherwise }
sequence s { 1: day 1 email manual "A" template "intro"  2: day 1 email manual "B" template by plan  3: day 1 call "C" }"""
    world = World(rules, {"a": {"industry": "Retail"}, "b": {"industry": None}})
    now = tokyo("2026-11-02T10:00")
    ran = world.run(now, [("a", "enroll", "s", None, "thanks"), ("b", "enroll", "s")])
    found = ran.due.actions.sort("lead_row", "order")["template"].to_list()
    assert found == ["intro", "price", "thanks", "intro", "timing", None]


def test_finish_actions_are_those_of_the_version() -> None:
    """What a sequence that finished has to do, in order."""
    rules = """sequence nurture { 1: day 1 email auto }
sequence s { 1: day 1 call  on finish do set status = "Nurturing"  on finish do move to nurture }"""
    world = World(rules, {"a": {}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    ran = world.run(tokyo("2026-11-03T10:00"))
    assert ran.rows() == [("a", "stop", "s", "sequence.s.finish")]
    assert [one.kind for one in ran.progress.plans["s", None].on_finish] == ["set", "move"]


def test_a_lead_that_the_record_puts_into_a_sequence() -> None:
    """Without a time of enrolment nothing is due and nothing ends but by an exit; a name that no rule has is left alone."""
    world = World("sequence s { 1: day 1 call exit when opted_out }", {"a": {}, "b": {}})
    world.run(tokyo("2026-11-02T10:00"))
    inside = pl.when(pl.col("key") == "a").then(pl.lit("s")).otherwise(pl.lit("elsewhere")).alias("sequence")
    leads = LeadColumns.of(world.state.leads.frame.with_columns(inside))
    world.state = replace(world.state, leads=leads)
    assert world.run(tokyo("2026-11-09T10:00")).rows() == []
    assert world.of("a", "version") == 1
    world.fields["a"]["opted_out"] = True
    assert world.run(tokyo("2026-11-10T10:00")).rows() == [("a", "stop", "s", "sequence.s.exit")]
    assert world.of("b", "sequence") == "elsewhere"


def test_a_bucket_chooses_among_the_leads_at_hand() -> None:
    """The first half of the buckets gets the step; MD5 of "x:a" to "x:f" modulo 100."""
    keys = "abcdef"
    world = World('sequence s { 1: day 1 call when bucket("x") < 50 }', {key: {} for key in keys})
    ran = world.run(tokyo("2026-11-02T10:00"), [(key, "enroll", "s") for key in keys])
    chosen = [key for key in keys if int(md5(f"x:{key}".encode()).hexdigest(), 16) % 100 < 50]
    assert [row[0] for row in ran.rows() if row[1] == "call"] == chosen
    assert 0 < len(chosen) < len(keys)
