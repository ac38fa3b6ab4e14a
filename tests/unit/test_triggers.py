"""What sets triggers off: each sentence of the contract's triggers (§11), worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.lifecycle_tick import Told, at, tick_of

from leadrules.core.types import NUMBER
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import Tick
from leadrules.lifecycle.moves.triggers import SetOff, Tried, memory, set_offs
from leadrules.ruleset.model import Expr

RENEWAL = 'trigger recycle { on date contract_renewal_date - 3 months  do task call "Renewal" }'


def only(tick: Tick, told: Told | None = None) -> SetOff:
    """The one trigger of a tick."""
    (found,) = set_offs(tick, told or Told(tick))
    return found


def rows(found: SetOff) -> list[int]:
    return found.leads["lead_row"].to_list()


def remembered(tick: Tick, found: SetOff, fired: Sequence[int], settled: Sequence[int] | None = None) -> dict[str, Any]:
    """What is kept after the actions were tried."""
    done = pl.Series(list(fired), dtype=pl.UInt32())
    closed = pl.Series(list(fired if settled is None else settled), dtype=pl.UInt32())
    return LeadColumns(memory(tick, found, Tried(done, closed))).frame.to_dict(as_series=False)


def test_a_count_that_no_rule_reads_as_a_number_can_be_asked_for_all_the_same() -> None:
    rules = 'trigger inbound { on form_submitted  when did form_submitted  do task call "Ring" }'
    events = [{"lead": lead, "type": "form_submitted", "at": at("2026-11-02T09:00")} for lead in (0, 2, 2)]
    facts = tick_of(rules, [{}, {}, {}], events).facts
    count = Expr("aggregate", NUMBER, value=0)
    assert facts.values({"n": count}, rows=pl.Series([2, 1], dtype=pl.UInt32()))["n"].to_list() == [2.0, 0.0]
    assert facts.values({"n": count})["n"].to_list() == [1.0, 0.0, 2.0]


# -- events ---------------------------------------------------------------------------------------------------------


def test_an_event_sets_off_and_gives_its_time() -> None:
    rules = 'trigger inbound { on form_submitted where (form = "contact")  do task call "Ring" }'
    events = [
        {"lead": 0, "type": "form_submitted", "at": at("2026-11-02T09:30"), "form": "contact"},
        {"lead": 1, "type": "form_submitted", "at": at("2026-11-02T09:40"), "form": "newsletter"},
        {"lead": 2, "type": "form_submitted", "at": at("2026-10-30T09:40"), "form": "contact"},
    ]
    found = only(tick_of(rules, [{}, {}, {}], events))
    assert found.leads.rows() == [(0, at("2026-11-02T09:30"), None)]


def test_two_events_in_one_run_set_off_once_at_the_first() -> None:
    rules = 'trigger inbound { on form_submitted  do task call "Ring" }'
    events = [
        {"lead": 0, "type": "form_submitted", "at": at("2026-11-02T09:30")},
        {"lead": 0, "type": "form_submitted", "at": at("2026-11-02T08:30")},
    ]
    assert only(tick_of(rules, [{}], events)).leads.rows() == [(0, at("2026-11-02T08:30"), None)]


def test_a_condition_is_looked_at_in_the_run_of_the_event() -> None:
    rules = "trigger inbound { on form_submitted  when not opted_out and employees >= 10  do stop sequence }"
    events = [{"lead": row, "type": "form_submitted", "at": at("2026-11-02T09:30")} for row in range(3)]
    leads = [{"employees": 10.0}, {"employees": 9.0}, {"employees": 10.0, "opted_out": True}]
    assert rows(only(tick_of(rules, leads, events))) == [0]


# -- order ----------------------------------------------------------------------------------------------------------


def test_triggers_run_by_priority_then_name() -> None:
    body = "when employees >= 1  do stop sequence"
    rules = f"""trigger zulu {{ {body} }}
trigger alpha {{ {body} }}
trigger late {{ {body} priority 200 }}
trigger first {{ {body} priority 1 }}
"""
    tick = tick_of(rules, [{}])
    names = [one.trigger.name for one in set_offs(tick, Told(tick))]
    assert names == ["first", "alpha", "zulu", "late"]


# -- labels, finishes, overdue --------------------------------------------------------------------------------------


def test_entering_a_label_sets_off_where_its_condition_holds() -> None:
    rules = """
stages lifecycle { mql: when employees >= 10  lead: otherwise }
trigger warmed { on enter lifecycle mql  when country = "JP"  do stop sequence }
"""
    tick = tick_of(
        rules, [{"employees": 20.0, "country": "JP"}, {"employees": 20.0, "country": "DE"}, {"employees": 20.0}]
    )
    told = Told(tick, entered={("enter lifecycle", "mql"): [0, 1]})
    assert rows(only(tick, told)) == [0]


def test_a_finish_sets_off_in_the_same_run() -> None:
    rules = """
sequence outbound { 1: day 1 call "Call" }
trigger no_reply { on finish outbound  when never email_replied since enrolled_at  do stop sequence }
"""
    leads = [{"enrolled_at": at("2026-10-20")}, {"enrolled_at": at("2026-10-20")}, {}]
    events = [
        {"lead": 0, "type": "email_replied", "at": at("2026-10-19T12:00")},
        {"lead": 1, "type": "email_replied", "at": at("2026-10-21T12:00")},
    ]
    tick = tick_of(rules, leads, events)
    assert rows(only(tick, Told(tick, finishes={"outbound": [0, 1]}))) == [0]


OVERDUE = """
route sales { rest: queue nurture otherwise }
trigger breached { on overdue sales  do notify "managers" "untouched" }
"""


def test_a_lead_is_overdue_once_per_due_time() -> None:
    due = at("2026-11-02T09:05")
    tick = tick_of(
        OVERDUE, [{}, {}], remembered=[{"overdue:breached": due}, {"overdue:breached": at("2026-10-01T09:05")}]
    )
    found = only(tick, Told(tick, late={0: due, 1: due}))
    assert found.leads.rows() == [(1, None, due)]
    assert remembered(tick, found, [1]) == {"overdue:breached": [due, due]}


def test_an_overdue_lead_for_which_nothing_was_done_stays_so() -> None:
    tick = tick_of(OVERDUE, [{}])
    found = only(tick, Told(tick, late={0: at("2026-11-02T09:05")}))
    assert remembered(tick, found, []) == {"overdue:breached": [None]}


# -- conditions -----------------------------------------------------------------------------------------------------

INTENT = "trigger intent { when intent >= 80  do stop sequence }"
AGAIN = "trigger intent { when intent >= 80  do stop sequence  once per 90 days }"


def test_a_condition_fires_when_it_becomes_true() -> None:
    leads = [{"intent": 80.0}, {"intent": 80.0}, {"intent": 79.0}, {}]
    before = [{"holds:intent": False}, {"holds:intent": True}, {"holds:intent": True}, {"holds:intent": False}]
    tick = tick_of(INTENT, leads, remembered=before, last_rules=INTENT)
    found = only(tick)
    assert rows(found) == [0]
    assert remembered(tick, found, [0]) == {"holds:intent": [True, True, False, False]}


def test_a_condition_whose_actions_were_lost_counts_as_not_met_yet() -> None:
    tick = tick_of(INTENT, [{"intent": 80.0}, {"intent": 90.0}], last_rules=INTENT)
    assert remembered(tick, only(tick), [1]) == {"holds:intent": [False, True]}


def test_a_new_lead_was_outside_every_condition() -> None:
    assert rows(only(tick_of(INTENT, [{"intent": 80.0}], last_rules=INTENT))) == [0]


@pytest.mark.parametrize(
    ("last", "fires"), [("2026-08-04T10:00", True), ("2026-08-04T10:01", False), ("2026-10-01T10:00", False)]
)
def test_once_per_repeats_while_the_condition_stays_true(last: str, *, fires: bool) -> None:
    before = [{"holds:intent": True, "fired:intent": at(last)}]
    tick = tick_of(AGAIN, [{"intent": 80.0}], remembered=before, last_rules=AGAIN)
    assert rows(only(tick)) == ([0] if fires else [])


def test_once_is_once_per_lead_ever() -> None:
    rules = "trigger intent { when intent >= 80  do stop sequence  once }"
    before: list[dict[str, Any]] = [{"holds:intent": False, "fired:intent": at("2020-01-01")}, {"holds:intent": False}]
    tick = tick_of(rules, [{"intent": 80.0}] * 2, remembered=before, last_rules=rules)
    found = only(tick)
    assert rows(found) == [1]
    assert remembered(tick, found, [])["fired:intent"] == [at("2020-01-01"), None]
    assert remembered(tick, found, [1])["fired:intent"] == [at("2020-01-01"), tick.as_of]


# -- dates ----------------------------------------------------------------------------------------------------------


def renewal(*days: date | None, **more: Any) -> Tick:
    return tick_of(RENEWAL, [{"contract_renewal_date": day} for day in days], **more)


def test_a_date_falls_from_after_since_up_to_as_of() -> None:
    # 2 February 2027 - 3 months is 2 November 2026, 00:00 in Tokyo.
    tick = renewal(date(2027, 2, 1), date(2027, 2, 2), date(2027, 2, 3), None, as_of="2026-11-02T00:00")
    assert only(tick).leads.rows() == [(1, None, at("2026-11-02T00:00"))]
    early = renewal(date(2027, 2, 2), as_of="2026-11-01T23:59", since="2026-11-01T00:00")
    assert rows(only(early)) == []
    later = renewal(date(2027, 2, 2), as_of="2026-11-03T00:00", since="2026-11-02T00:00")
    assert rows(only(later)) == []


def test_months_are_calendar_months() -> None:
    # 31 May - 3 months is the last day of February.
    tick = renewal(date(2027, 5, 31), date(2027, 5, 27), as_of="2027-02-28T08:00")
    assert rows(only(tick)) == [0]


def test_once_per_lead_and_date_value() -> None:
    fell = at("2026-11-02T00:00")
    again = renewal(date(2027, 2, 2), since="2026-10-30T10:00", remembered=[{"dated:recycle": fell}])
    assert rows(only(again)) == []
    changed = renewal(date(2027, 2, 2), since="2026-10-30T10:00", remembered=[{"dated:recycle": at("2026-10-31")}])
    found = only(changed)
    assert rows(found) == [0]
    assert remembered(changed, found, [0]) == {"dated:recycle": [fell], "armed:recycle": [None]}


def test_a_date_that_was_changed_into_the_past_does_not_fall() -> None:
    assert rows(only(renewal(date(2026, 12, 24), remembered=[{"dated:recycle": at("2026-05-01")}]))) == []


def test_a_date_that_fell_while_the_lead_was_absent_falls_when_it_is_back() -> None:
    absent = [{"absent_since": at("2026-10-25T10:00")}, {"absent_since": at("2026-10-31T10:00")}]
    tick = renewal(date(2027, 1, 28), date(2027, 1, 28), remembered=absent)
    assert rows(only(tick)) == [0]


def test_a_date_whose_actions_were_lost_stays_armed_until_it_is_changed() -> None:
    tick = renewal(date(2027, 2, 2))
    assert remembered(tick, only(tick), []) == {"dated:recycle": [None], "armed:recycle": [at("2026-11-02")]}
    armed = [{"armed:recycle": at("2026-11-02")}] * 2
    next_day = {"as_of": "2026-11-03T10:00", "since": "2026-11-02T10:00", "remembered": armed}
    assert rows(only(renewal(date(2027, 2, 2), date(2027, 1, 2), **next_day))) == [0]


@pytest.mark.parametrize(
    ("day", "as_of", "falls"),
    [
        (date(2000, 12, 25), "2026-10-25T09:00", True),  # two months before, of every year
        (date(2031, 12, 25), "2026-10-25T09:00", True),
        (date(2000, 12, 25), "2026-10-26T09:00", False),
        (date(2000, 4, 29), "2026-02-28T09:00", True),  # 29 February 2000: the last of February
        (date(2000, 4, 29), "2028-02-29T09:00", True),
        (date(2000, 4, 29), "2028-02-28T09:00", False),
        (date(2000, 3, 1), "2027-01-01T09:00", True),  # 1 January, across the turn of the year
    ],
)
def test_every_year_takes_month_and_day(day: date, as_of: str, *, falls: bool) -> None:
    rules = 'trigger fiscal { on date contract_renewal_date - 2 months every year  do task call "Budget" }'
    tick = tick_of(rules, [{"contract_renewal_date": day}], as_of=as_of)
    assert rows(only(tick)) == ([0] if falls else [])


# -- first sight, baseline, edits -----------------------------------------------------------------------------------


def test_a_trigger_new_to_a_state_takes_what_is_as_already_so() -> None:
    tick = tick_of(INTENT, [{"intent": 90.0}], last_rules="")
    found = only(tick)
    assert (rows(found), found.absorbed["lead_row"].to_list()) == ([], [0])
    assert remembered(tick, found, []) == {"holds:intent": [True]}


def test_what_was_taken_as_already_so_does_not_repeat_with_once_per() -> None:
    first = tick_of(AGAIN, [{"intent": 90.0}], last_rules="")
    kept = remembered(first, only(first), [])
    assert kept == {"holds:intent": [True], "fired:intent": [None]}
    later = [{name: values[0] for name, values in kept.items()}]
    assert rows(only(tick_of(AGAIN, [{"intent": 90.0}], remembered=later, last_rules=AGAIN))) == []


def test_a_new_trigger_with_backfill_fires() -> None:
    rules = "trigger intent { when intent >= 80  do stop sequence  backfill }"
    assert rows(only(tick_of(rules, [{"intent": 90.0}], last_rules=""))) == [0]


def test_backfill_on_enter_takes_the_leads_that_are_in_it() -> None:
    rules = """
segment big when employees >= 10
trigger grew { on enter big  do stop sequence  backfill }
"""
    tick = tick_of(rules, [{"employees": 20.0}, {"employees": 5.0}], last_rules="segment big when employees >= 10")
    assert rows(only(tick)) == [0]


def test_the_first_run_of_all_fires() -> None:
    assert rows(only(tick_of(INTENT, [{"intent": 90.0}]))) == [0]


def test_a_baseline_fires_nothing_not_even_a_backfill() -> None:
    rules = "trigger intent { when intent >= 80  do stop sequence  backfill }"
    tick = tick_of(rules, [{"intent": 90.0}], baseline=True)
    found = only(tick)
    assert rows(found) == []
    assert remembered(tick, found, []) == {"holds:intent": [True]}


def test_a_baseline_starts_every_once_per_and_uses_up_no_bare_once() -> None:
    tick = tick_of(AGAIN, [{"intent": 90.0}, {"intent": 9.0}], baseline=True)
    assert remembered(tick, only(tick), [])["fired:intent"] == [tick.as_of, None]
    bare = tick_of("trigger intent { when intent >= 80  do stop sequence  once }", [{"intent": 90.0}], baseline=True)
    assert remembered(bare, only(bare), [])["fired:intent"] == [None]


def test_a_condition_that_only_an_edit_made_true_sets_nothing_off() -> None:
    tick = tick_of(INTENT, [{"intent": 90.0}, {"intent": 90.0}], last_rules=INTENT)
    found = only(tick, Told(tick, only_edited=[1]))
    assert rows(found) == [0]
    assert remembered(tick, found, [0]) == {"holds:intent": [True, True]}
