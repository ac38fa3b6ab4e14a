"""The model of a run against examples worked out by hand from the contract's blocks: routes, sequences, triggers, promises."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.laws.oracle.memory import Lead, Row
from tests.laws.oracle.tick import Tick
from tests.laws.small_company import TEAM, World, company, event, lead, moment

MONDAY = "2026-03-16T10:00"


@pytest.fixture
def world(tmp_path: Path) -> Any:
    def made(rules: str, *, team: dict[str, Any] | None = None, **settings: Any) -> World:
        return World(company(tmp_path, rules, team=team, **settings))

    return made


def edited(world: World, rules: str, **settings: Any) -> None:
    """The same company with other rules."""
    world.company = company(world.company.folder, rules, **settings)


def owners(tick: Tick) -> dict[str, str | None]:
    return {key: decision["owner"] for key, decision in tick.decisions.items()}


def brief(rows: list[Row]) -> list[tuple[str, str, str, str]]:
    return [(row.key, row.kind, row.value or row.what, row.rule) for row in rows]


def many(count: int, **values: Any) -> list[Lead]:
    return [lead(f"{number:02d}", **values) for number in range(count)]


# -- routes -------------------------------------------------------------------------------------------------------------


def test_the_first_rule_that_holds_and_has_somebody_wins(world: Any) -> None:
    rules = """
    list free_mail = ["gmail.com"]
    route sales {
      partner: keep owner when status = "Closed"
      acct:    match account on domain when domain not in free_mail
      gone:    rep "old" when industry = "Fintech"
      vip:     rep "eve" when industry is not blank and employees >= 1000
      retail:  team inside where (rep.industries has industry) by round_robin when industry = "Retail"
      rest:    queue nurture otherwise
    }
    """
    leads = [
        lead("partner", status="Closed"),
        lead("here", domain="Acme.com", owner="bob"),
        lead("same", domain=" acme.COM"),
        lead("free", domain="gmail.com"),
        lead("inactive", industry="Fintech", employees=10),
        lead("vip", industry="Fintech", employees=1000),
        *[lead(f"r{number}", industry="Retail") for number in range(4)],
    ]
    tick = world(rules).tick(MONDAY, leads)
    assert owners(tick) == {
        "partner": None,
        "here": "bob",
        "same": "bob",
        "free": "queue:nurture",
        "inactive": "queue:nurture",
        "vip": "eve",
        "r0": "ann",
        "r1": "bob",
        "r2": "ann",
        "r3": "bob",
    }
    assert [tick.decisions[key]["route.sales"] for key in ("partner", "here", "same")] == ["partner", None, "acct"]


def test_smooth_weighted_round_robin_deals_two_to_one(world: Any) -> None:
    tick = world("route sales { all: team pair by weighted otherwise }").tick(MONDAY, many(6))
    assert list(owners(tick).values()) == ["bob", "ann", "bob", "bob", "ann", "bob"]


def test_a_weight_of_an_attribute_and_one_who_has_none(world: Any) -> None:
    tick = world("route sales { all: team inside by weighted rep.win_rate otherwise }").tick(MONDAY, many(6))
    assert list(owners(tick).values()) == ["ann", "bob", "ann", "ann", "bob", "ann"]


def test_a_credit_is_frozen_while_a_rep_is_away(world: Any) -> None:
    away = {**TEAM, "reps": {**TEAM["reps"], "bob": {"active": True, "away": ["2026-03-17..2026-03-18"]}}}
    one = world("route sales { all: team pair by round_robin otherwise }", team=away)
    assert list(owners(one.tick("2026-03-16T10:00", many(1))).values()) == ["ann"]
    assert list(owners(one.tick("2026-03-17T10:00", many(4))).values()) == ["ann", "ann", "ann", "ann"]
    assert list(owners(one.tick("2026-03-19T10:00", many(7))).values())[4:] == ["bob", "ann", "bob"]


def test_capacities_of_day_week_and_open(world: Any) -> None:
    capacity = {"ann": {"capacity": {"per_day": 1, "per_week": 2}}, "bob": {"capacity": {"open": 2}}}
    team = {"reps": capacity, "teams": {"pair": ["ann", "bob"]}, "queues": ["nurture"]}
    rules = "route sales { all: team pair by round_robin otherwise }"
    one = world(rules, team=team, open_leads='status != "Customer"')
    first = one.tick("2026-03-16T10:00", many(4))
    assert list(owners(first).values()) == ["ann", "bob", "bob", None]
    second = one.tick("2026-03-17T10:00", many(4))
    assert list(owners(second).values()) == ["ann", "bob", "bob", "ann"]
    won = [*many(2), lead("02", status="Customer"), *many(6)[3:]]
    third = one.tick("2026-03-18T10:00", won)
    assert list(owners(third).values()) == ["ann", "bob", "bob", "ann", "bob", None]
    assert list(owners(one.tick("2026-03-23T10:00", won)).values())[5] == "ann"


def test_the_least_loaded_has_the_lowest_share_of_its_room(world: Any) -> None:
    team = {
        "reps": {"ann": {"capacity": {"open": 4}}, "bob": {"capacity": {"open": 2}}, "eve": {}},
        "teams": {"pair": ["ann", "bob"], "all": ["ann", "bob", "eve"]},
    }
    tick = world("route sales { all: team pair by least_loaded otherwise }", team=team).tick(MONDAY, many(7))
    # Shares before each: 0 0, 1/4 0, 1/4 1/2, 2/4 1/2, 3/4 1/2, 3/4 full, full full.
    assert list(owners(tick).values()) == ["ann", "bob", "ann", "ann", "bob", "ann", None]


def test_leads_are_dealt_in_the_order_of_the_route(world: Any) -> None:
    rules = "route sales order by employees descending { all: team inside by round_robin otherwise }"
    leads = [
        lead("a"),
        lead("b", employees=1),
        lead("c", employees=9),
        lead("d", created_at=moment("2026-01-01T00:00")),
    ]
    tick = world(rules).tick(MONDAY, leads)
    assert owners(tick) == {"c": "ann", "b": "bob", "d": "eve", "a": "ann"}


def test_only_those_without_a_rep_and_those_to_reroute_are_looked_at(world: Any) -> None:
    rules = """
    route sales {
      all: team inside by round_robin otherwise
      reroute when status = "Working" and owner in team pair
    }
    """
    leads = [
        lead("mine", owner="bob"),
        lead("queued", owner="queue:nurture"),
        lead("inactive", owner="old"),
        lead("stranger", owner="zoe"),
        lead("again", owner="bob", status="Working"),
    ]
    tick = world(rules).tick(MONDAY, leads)
    # In the order of their keys: again, inactive, queued, stranger.
    assert owners(tick) == {"mine": "bob", "queued": "eve", "inactive": "bob", "stranger": "ann", "again": "ann"}


def test_a_route_may_fill_another_field(world: Any) -> None:
    rules = 'route sdr sets sdr { a: team pair by round_robin when status = "New"  b: keep owner otherwise }'
    one = world(rules)
    leads = [lead("1", status="New"), lead("2"), lead("3", status="New", sdr="bob")]
    tick = one.tick(MONDAY, leads)
    assert [tick.decisions[key]["sdr"] for key in "123"] == ["ann", None, "bob"]
    assert brief(tick.actions) == [("1", "assign", "ann", "route.sdr.a")]
    assert one.tick("2026-03-17T10:00", leads).actions == []


def test_the_response_time_counts_working_hours(world: Any) -> None:
    hours = {"days": "Mon-Fri", "from": "09:00", "to": "18:00", "timezone": "Asia/Tokyo"}
    team = {"reps": {"ann": {"hours": hours, "away": ["2026-03-17"]}}, "teams": {"t": ["ann"]}, "queues": ["q"]}
    rules = 'route sales { q: queue q when status = "New" respond within 1 hour a: team t otherwise respond within 30 minutes answered when did call_made }'
    one = world(rules, team=team)
    due = {row.key: row.due for row in one.tick("2026-03-16T17:30", [lead("a"), lead("b", status="New")]).actions}
    assert due == {"a": moment("2026-03-16T18:00"), "b": moment("2026-03-17T09:30")}
    due = {row.key: row.due for row in one.tick("2026-03-16T17:45", [lead("c")]).actions}
    assert due == {"c": moment("2026-03-18T09:15")}  # the 17th she is away


def test_on_shift_asks_for_working_hours_now(world: Any) -> None:
    early = {"days": "Mon-Fri", "from": "06:00", "to": "10:00"}
    team = {"reps": {"ann": {"hours": early}, "bob": {}}, "teams": {"pair": ["ann", "bob"]}}
    rules = "route sales { now: team pair by round_robin otherwise on shift }"
    one = world(rules, team=team)
    assert owners(one.tick("2026-03-16T08:00", many(1))) == {"00": "ann"}
    assert owners(one.tick("2026-03-16T10:00", [lead("x")])) == {"x": "bob"}
    assert owners(one.tick("2026-03-16T18:00", [lead("y")])) == {"y": None}


# -- record and state ---------------------------------------------------------------------------------------------------


def test_a_decision_holds_until_the_record_says_something_else(world: Any) -> None:
    one = world("route sales { all: team pair by round_robin otherwise }")
    one.tick("2026-03-16T10:00", [lead("a")])
    again = one.tick("2026-03-17T10:00", [lead("a")])
    assert (owners(again), again.not_yet_in_crm, again.actions) == ({"a": "ann"}, 1, [])
    caught_up = one.tick("2026-03-18T10:00", [lead("a", owner="ann")])
    assert (owners(caught_up), caught_up.not_yet_in_crm) == ({"a": "ann"}, 0)
    assert owners(one.tick("2026-03-19T10:00", [lead("a", owner="eve")])) == {"a": "eve"}
    assert owners(one.tick("2026-03-23T10:00", [lead("a")])) == {"a": "bob"}  # taken from eve, so it is dealt again


def test_absent_leads_are_frozen_and_weigh_on_their_owner(world: Any) -> None:
    team = {"reps": {"ann": {"capacity": {"open": 1}}, "bob": {}}, "teams": {"pair": ["ann", "bob"]}}
    one = world("route sales { all: team pair by round_robin otherwise }", team=team)
    assert owners(one.tick("2026-03-16T10:00", [lead("a")])) == {"a": "ann"}
    assert owners(one.tick("2026-03-17T10:00", [lead("b"), lead("c")])) == {"b": "bob", "c": "bob"}


# -- sequences ----------------------------------------------------------------------------------------------------------

OUTBOUND = """
sequence outbound {
  1: day 1 09:00 email auto "First email" template "intro"
  2: day 1 call "Call"
  3: day 3 linkedin manual "Connect" when domain is not blank
  4: wait 2 business days email manual "Edit"
  count business days
  send between 09:00 and 18:00 in "Asia/Tokyo"
  exit when did email_replied since enrolled_at
  pause when last(out_of_office.until) >= today
  finish after 3 days
  on finish do set status = "Nurturing"
  on finish do assign queue marketing
}
suppress email when opted_out
exit all when status = "Customer"
trigger start { on form_submitted  do enroll outbound template "thanks" }
"""


def test_steps_are_due_on_business_days_within_the_window(world: Any) -> None:
    one = world(OUTBOUND)
    asked = [event("a", "form_submitted", "2026-03-15T20:00")]  # a Sunday evening
    done: dict[str, Row] = {}
    for day in range(15, 29):
        for row in one.tick(f"2026-03-{day}T21:00", [lead("a", domain="x.com")], asked).actions:
            done[row.rule] = row
            assert row.rule != "sequence.outbound.1" or day == 16
    dues = {rule: row.due for rule, row in done.items() if row.due}
    assert dues == {
        "sequence.outbound.1": moment("2026-03-16T09:00"),  # day 1 is Monday
        "sequence.outbound.2": moment("2026-03-17T09:00"),  # Monday 20:00 is after the window
        "sequence.outbound.3": moment("2026-03-19T09:00"),  # day 3 is Wednesday, 20:00
        "sequence.outbound.4": moment("2026-03-24T09:00"),  # the 20th is a holiday, the 23rd the first business day
    }
    assert done["sequence.outbound.1"].template == "intro"
    assert done["sequence.outbound.2"].template == "thanks"


def test_a_finish_sets_and_hands_over_in_one_step_and_no_route_takes_it_back(world: Any) -> None:
    rules = OUTBOUND + "route sales { all: team pair by round_robin otherwise }"
    one = world(rules)
    asked = [event("a", "form_submitted", "2026-03-16T10:00")]
    tick = one.tick("2026-03-16T12:00", [lead("a")], asked)
    assert owners(tick) == {"a": "ann"}
    tick = one.tick("2026-03-27T12:00", [lead("a")], asked)
    assert ("a", "set", "Nurturing", "sequence.outbound.finish") in brief(tick.actions)
    assert owners(tick) == {"a": "queue:marketing"}
    assert [(row.rule, row.reason) for row in tick.withheld] == [("sequence.outbound.3", "skipped")]
    assert one.tick("2026-03-28T12:00", [lead("a")], asked).rows == []


def test_an_exit_withholds_what_is_due_in_the_same_run(world: Any) -> None:
    one = world(OUTBOUND)
    events = [event("a", "form_submitted", "2026-03-16T10:00")]
    one.tick("2026-03-16T12:00", [lead("a", domain="x.com")], events)
    events.append(event("a", "email_replied", "2026-03-18T09:00"))
    tick = one.tick("2026-03-18T12:00", [lead("a", domain="x.com")], events)
    assert brief(tick.actions) == [("a", "stop", "outbound", "sequence.outbound.exit")]
    assert [(r.rule, r.reason) for r in tick.withheld] == [
        ("sequence.outbound.3", "lost to another rule: sequence.outbound.exit")
    ]


def test_exit_all_ends_any_sequence(world: Any) -> None:
    one = world(OUTBOUND)
    events = [event("a", "form_submitted", "2026-03-16T10:00")]
    one.tick("2026-03-16T12:00", [lead("a")], events)
    tick = one.tick("2026-03-17T12:00", [lead("a", status="Customer")], events)
    assert brief(tick.actions) == [("a", "stop", "outbound", "exit all")]


def test_a_suppressed_step_is_withheld_and_passed(world: Any) -> None:
    one = world(OUTBOUND)
    events = [event("a", "form_submitted", "2026-03-16T10:00")]
    tick = one.tick("2026-03-16T12:00", [lead("a", opted_out=True)], events)
    assert [(row.rule, row.reason) for row in tick.withheld] == [("sequence.outbound.1", "suppressed")]
    assert tick.decisions["a"]["step"] == 2
    assert one.tick("2026-03-17T12:00", [lead("a")], events).rows == []


def test_a_pause_moves_every_later_step(world: Any) -> None:
    one = world(OUTBOUND)
    events = [event("a", "form_submitted", "2026-03-16T10:00")]
    one.tick("2026-03-16T12:00", [lead("a", domain="x.com")], events)
    events.append(event("a", "out_of_office", "2026-03-16T13:00", until=date(2026, 3, 18)))
    assert one.tick("2026-03-17T12:00", [lead("a", domain="x.com")], events).rows == []
    assert one.tick("2026-03-18T12:00", [lead("a", domain="x.com")], events).rows == []
    back = one.tick("2026-03-19T12:00", [lead("a", domain="x.com")], events)
    assert (
        back.rows == []
    )  # paused from the 17th to the 19th: Wednesday 10:00 became Friday, a holiday, so Monday at the opening
    tick = one.tick("2026-03-23T12:00", [lead("a", domain="x.com")], events)
    assert [(row.rule, row.due) for row in tick.rows] == [("sequence.outbound.3", moment("2026-03-23T09:00"))]


def test_one_automatic_action_per_channel_lead_and_day(world: Any) -> None:
    rules = """
    sequence burst { 1: day 1 email auto "a"  2: day 1 email auto "b"  3: day 1 call "c" }
    suppress email when opted_out
    trigger go { on form_submitted do enroll burst }
    """
    one = world(rules)
    events = [event("a", "form_submitted", "2026-03-16T10:00")]
    tick = one.tick("2026-03-16T12:00", [lead("a")], events)
    assert [(row.rule, row.reason) for row in tick.rows] == [
        ("trigger.go", ""),
        ("sequence.burst.1", ""),
        ("sequence.burst.2", "held for tomorrow"),
        ("sequence.burst.3", ""),
    ]
    assert tick.decisions["a"]["sequence"] == "burst"
    late = one.tick("2026-03-16T20:00", [lead("a")], events)
    assert [(row.rule, row.reason) for row in late.rows] == [("sequence.burst.2", "held for tomorrow")]
    tick = one.tick("2026-03-17T00:30", [lead("a")], events)
    assert brief(tick.rows) == [
        ("a", "stop", "burst", "sequence.burst.finish"),
        ("a", "email", "b", "sequence.burst.2"),
    ]


def test_over_the_limit_of_a_day_leads_wait_in_order(world: Any) -> None:
    rules = """
    sequence slow { 1: day 1 call "a"  enroll at most 2 per day  finish after 90 days }
    trigger go { when status = "Working"  do enroll slow }
    """
    one = world(rules)
    leads = many(5, status="Working")
    for day, expected in ((16, ["00", "01"]), (17, ["02", "03"]), (18, ["04"]), (19, [])):
        tick = one.tick(f"2026-03-{day}T10:00", leads)
        assert [row.key for row in tick.actions if row.kind == "enroll"] == expected
    assert tick.decisions["04"]["enrolled_at"] == moment("2026-03-18T10:00")


def test_once_and_again_after_limit_re_entry(world: Any) -> None:
    rules = """
    sequence short { 1: day 1 call "a"  enroll again after 3 days }
    trigger go { on form_submitted  do enroll short }
    """
    one = world(rules)
    events = [event("a", "form_submitted", f"2026-03-{day}T09:00") for day in (16, 18, 19)]
    entered = []
    for day in range(16, 21):
        tick = one.tick(f"2026-03-{day}T10:00", [lead("a")], [e for e in events if e["at"].day <= day])
        entered += [day for row in tick.actions if row.kind == "enroll"]
    assert entered == [16, 19]


def test_an_edited_sequence_leaves_those_in_it_alone(world: Any) -> None:
    rules = 'sequence s { 1: day 1 call "a"  2: day 3 call "b" when did email_opened  finish after 1 day }\ntrigger go { on form_submitted do enroll s }'
    one = world(rules)
    events = [event("a", "form_submitted", "2026-03-16T09:00"), event("a", "email_opened", "2026-03-16T09:30")]
    one.tick("2026-03-16T10:00", [lead("a")], events)
    edited(one, "segment x when did call_made\n" + rules.replace('"b"', '"new"').replace("email_opened", "call_made"))
    tick = one.tick(
        "2026-03-18T10:00", [lead("a"), lead("b")], [*events, event("b", "form_submitted", "2026-03-18T09:00")]
    )
    assert brief(tick.actions) == [
        ("a", "call", "b", "sequence.s.2"),
        ("b", "enroll", "s", "trigger.go"),
        ("b", "call", "a", "sequence.s.1"),
    ]


# -- triggers -----------------------------------------------------------------------------------------------------------


def test_an_inquiry_is_answered_at_once_and_owned(world: Any) -> None:
    rules = """
    route sales on demand { all: team pair by round_robin otherwise  answered when did call_made since assigned_at }
    sequence instant { 1: day 1 after 2 minutes email auto template "thanks"  finish after 3 days }
    suppress email when opted_out
    trigger inbound {
      on form_submitted where (form = "contact")
      when not opted_out
      do enroll instant
      do set status = "Working"
      do assign with sales
      respond within 5 minutes
      once per 30 days
      priority 1
    }
    """
    one = world(rules)
    asked = [event("a", "form_submitted", "2026-03-16T09:55", form="contact")]
    asked += [event("b", "form_submitted", "2026-03-16T09:55", form="other")]
    tick = one.tick(MONDAY, [lead("a"), lead("b")], asked)
    assert [(row.kind, row.what, row.value, row.due, row.template, row.auto, row.rule) for row in tick.rows] == [
        ("set", "status", "Working", None, "", False, "trigger.inbound"),
        ("assign", "owner", "ann", moment("2026-03-16T10:00"), "", False, "route.sales.all"),
        ("enroll", "sequence", "instant", None, "", False, "trigger.inbound"),
        ("email", "", "", moment("2026-03-16T09:57"), "thanks", True, "sequence.instant.1"),
    ]
    asked.append(event("a", "form_submitted", "2026-04-15T09:00", form="contact"))
    tick = one.tick("2026-04-15T09:30", [lead("a"), lead("b")], asked)
    assert [row.rule for row in tick.rows] == ["sequence.instant.finish"]  # less than 30 days after


def test_entering_a_label_at_first_sight_and_later(world: Any) -> None:
    rules = """
    band size of employees { large: from 100  small: otherwise }
    trigger up { on enter size large  do task call "Up" }
    trigger down { on leave size large  do task call "Down" }
    """
    one = world(rules)
    found = []
    for day, staff in ((16, 200), (17, 200), (18, 50), (19, 50), (20, 100)):
        found.append([row.what for row in one.tick(f"2026-03-{day}T10:00", [lead("a", employees=staff)]).actions])
    assert found == [["Up"], [], ["Down"], [], ["Up"]]


def test_a_baseline_takes_everything_as_already_so(world: Any) -> None:
    rules = """
    segment big when employees >= 100
    trigger up { on enter big  do task call "Up" }
    trigger on_working { when status = "Working"  do task call "Working"  once per 5 days }
    """
    one = world(rules)
    leads = [lead("a", employees=200, status="Working")]
    assert one.tick("2026-03-16T10:00", leads, baseline=True).rows == []
    assert one.tick("2026-03-17T10:00", leads).rows == []
    assert brief(one.tick("2026-03-21T10:00", leads).rows) == [("a", "call", "Working", "trigger.on_working")]


def test_edited_rules_set_nothing_off_and_changed_leads_do(world: Any) -> None:
    rules = 'segment big when employees >= {0}\ntrigger up { on enter big  do task call "Up" }\ntrigger also { when employees >= {0}  do task call "Also" }'
    one = world(rules.replace("{0}", "100"))
    one.tick("2026-03-16T10:00", [lead("a", employees=60), lead("b", employees=10)])
    edited(one, rules.replace("{0}", "50"))
    tick = one.tick("2026-03-17T10:00", [lead("a", employees=60), lead("b", employees=100)])
    assert [(row.key, row.what) for row in tick.rows] == [("b", "Also"), ("b", "Up")]
    assert one.tick("2026-03-18T10:00", [lead("a", employees=60), lead("b", employees=100)]).rows == []


def test_a_new_trigger_fires_nothing_unless_it_backfills(world: Any) -> None:
    one = world("segment big when employees >= 100")
    one.tick("2026-03-16T10:00", [lead("a", employees=200)])
    new = 'segment big when employees >= 100\ntrigger x { on enter big do task call "x" }\ntrigger y { when big do task call "y" backfill }'
    edited(one, new)
    assert [row.what for row in one.tick("2026-03-17T10:00", [lead("a", employees=200)]).rows] == ["y"]
    assert one.tick("2026-03-18T10:00", [lead("a", employees=200)]).rows == []


def test_dates_fall_once_with_calendar_arithmetic(world: Any) -> None:
    rules = """
    trigger recycle { on date renewal - 3 months  do task call "Renewal" }
    trigger yearly { on date renewal every year  do task call "Yearly" }
    """
    one = world(rules)
    renewal = date(2026, 5, 31)  # less three months: 28 February
    found = {}
    for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2026-05-30", "2026-05-31", "2026-06-01", "2027-06-01"):
        found[day] = [row.what for row in one.tick(f"{day}T10:00", [lead("a", renewal=renewal)]).rows]
    assert {day: what for day, what in found.items() if what} == {
        "2026-02-28": ["Renewal"],
        "2026-05-31": ["Yearly"],
        "2027-06-01": ["Yearly"],
    }


def test_late_events_set_off_once_and_old_ones_do_not(world: Any) -> None:
    one = world('trigger t { on form_submitted do task call "x" }')
    one.tick("2026-03-16T10:00", [lead("a")])
    late, old = event("a", "form_submitted", "2026-03-12T09:00"), event("a", "form_submitted", "2026-03-09T09:59")
    assert one.tick("2026-03-17T10:00", [lead("a")], [old]).rows == []
    assert len(one.tick("2026-03-18T10:00", [lead("a")], [old, late]).rows) == 1
    assert one.tick("2026-03-19T10:00", [lead("a")], [old, late]).rows == []


def test_an_orphaned_event_counts_as_not_seen(world: Any) -> None:
    one = world('trigger t { on form_submitted do task call "x" }')
    asked = [event("b", "form_submitted", "2026-03-16T09:00")]
    assert one.tick("2026-03-16T10:00", [lead("a")], asked).rows == []
    assert [row.key for row in one.tick("2026-03-17T10:00", [lead("b")], asked).rows] == ["b"]


def test_conflicts_are_per_action_and_the_loser_is_still_armed(world: Any) -> None:
    rules = """
    sequence x { 1: day 1 call "x" }
    sequence y { 1: day 1 call "y" finish after 9 days }
    trigger first { when status = "Working"  do enroll x  priority 1 }
    trigger second { when status = "Working"  do enroll y  once }
    trigger third { when status = "Working"  do enroll y  do notify "boss" "third" }
    """
    one = world(rules)
    tick = one.tick("2026-03-16T10:00", [lead("a", status="Working")])
    assert [(row.rule, row.value, row.reason) for row in tick.rows if row.rule.startswith("trigger")] == [
        ("trigger.second", "y", "lost to another rule: trigger.first"),
        ("trigger.third", "y", "lost to another rule: trigger.first"),
        ("trigger.third", "third", ""),
        ("trigger.first", "x", ""),
    ]
    tick = one.tick("2026-03-17T10:00", [lead("a", status="Working")])
    assert brief(tick.rows)[:2] == [("a", "stop", "x", "sequence.x.finish"), ("a", "enroll", "y", "trigger.second")]


def test_a_breach_is_reassigned_to_others_only(world: Any) -> None:
    rules = """
    route sales { all: team pair by round_robin otherwise respond within 1 hour  answered when did call_made since assigned_at }
    trigger breached { on overdue sales  do reassign with sales at most 2 times  do notify "managers" "untouched" }
    """
    one = world(rules)
    leads, calls = [lead("a"), lead("b")], [event("b", "call_made", "2026-03-16T10:30")]
    assert owners(one.tick("2026-03-16T10:00", leads)) == {"a": "ann", "b": "bob"}
    assert one.tick("2026-03-16T11:00", leads, calls).rows == []  # the hour is over, not past
    tick = one.tick("2026-03-16T11:01", leads, calls)
    assert brief(tick.rows) == [
        ("a", "assign", "bob", "route.sales.all"),
        ("a", "notify", "untouched", "trigger.breached"),
    ]
    tick = one.tick("2026-03-16T15:00", leads, calls)
    assert owners(tick) == {"a": "bob", "b": "bob"}  # nobody is left
    assert brief(tick.rows) == [
        ("a", "assign", "owner", "trigger.breached"),
        ("a", "notify", "untouched", "trigger.breached"),
    ]
    assert tick.rows[0].reason == "nobody is eligible"
    assert one.tick("2026-03-16T16:00", leads, calls).rows == []


# -- promises -----------------------------------------------------------------------------------------------------------


def test_a_promise_is_looked_at_after_the_decisions(world: Any) -> None:
    rules = """
    route sales { all: team pair by round_robin when status = "New" }
    assert owned "Somebody has them": employees > 0 implies owner in team pair
    """
    tick = world(rules).tick(MONDAY, [lead("a", status="New", employees=5), lead("b", employees=5), lead("c")])
    assert tick.broken == {"owned": ["b"]}
