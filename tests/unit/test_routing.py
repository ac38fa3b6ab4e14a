"""Routing by hand: each sentence of the contract on a few leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from tests.routing_cases import AS_OF, Lead, found_by, nobody, state_of, tick_of

from leadrules.lifecycle.model import INSTANT, Tick
from leadrules.lifecycle.routes.fairness import fairness
from leadrules.lifecycle.routes.overdue import overdue
from leadrules.lifecycle.routes.routing import Holding, Router
from leadrules.project.model import Capacity, Hours, Rep, Team
from leadrules.ruleset.model import Duration

A, B, C = Rep("a@x"), Rep("b@x"), Rep("c@x")


def team(*reps: Rep) -> Team:
    return Team(reps, (("all", tuple(rep.key for rep in reps)),), ("nurture", "marketing"))


def leads(count: int, **same: object) -> list[dict[str, object]]:
    """Unowned leads L00, L01, .. created one after the other."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [{"id": f"L{n:02}", "created": start + timedelta(hours=n), **same} for n in range(count)]


def routed(tick: Tick, route: str = "r") -> list[tuple[str | None, str | None]]:
    """Rule and owner per lead, in the order of the leads."""
    frame = found_by(Router(tick), route, tick.leads["owner"], nobody(tick))
    return frame.select("rule", "owner").rows()


def owners(text: str, of: Team, given: Sequence[Lead], **more: Any) -> str:
    """The first letters of the owners; `-` for nobody."""
    return "".join((owner or "-")[0] for _, owner in routed(tick_of(text, of, given, **more)))


RR = "route r { t: team all by round_robin otherwise }\n"
WEIGHTED = "route r { t: team all by weighted otherwise }\n"


def test_round_robin_goes_round_in_roster_order() -> None:
    assert owners(RR, team(B, A, C), leads(7)) == "bacbacb"


def test_a_rule_for_reps_of_a_kind_that_no_lead_is_for() -> None:
    text = 'route r { s: team all where (rep.level = "senior") by round_robin when employees > 9  t: team all by round_robin otherwise }'
    of = team(replace(A, attributes=(("level", "senior"),)), B)
    assert owners(text, of, leads(3)) == "aba"
    assert owners(text, of, leads(2, employees=10)) == "aa"
    assert owners(text, of, []) == ""


def test_smooth_weighted_round_robin_interleaves() -> None:
    """Weights 5, 1, 1: the published order of the algorithm is a a b a c a a."""
    assert owners(WEIGHTED, team(replace(A, weight=5), B, C), leads(14)) == "aabacaa" * 2


def test_equal_credits_go_to_the_least_recently_served_then_by_roster() -> None:
    """Credits by hand for weights 2, 2, 1 (total 5), after each pick: (-3,2,1) (-1,-1,2) (1,1,-2) -> a was served longer ago
    than b: (-2,3,-1) (0,0,0)."""
    assert owners(WEIGHTED, team(replace(A, weight=2), replace(B, weight=2), C), leads(10)) == "abcab" * 2


def test_credits_and_turns_are_state() -> None:
    kept = state_of(credits=[("r", "t", "a@x", -10_000, 2), ("r", "t", "b@x", 10_000, 1), ("x", "t", "a@x", 7, 1)])
    tick = tick_of(WEIGHTED, team(A, B), leads(3), state=kept)
    router = Router(tick)
    frame = found_by(router, "r", tick.leads["owner"], nobody(tick))
    # b: 10000+10000=20000 against a: 0 -> b, falls by 20000: (0, 0); then both rise to 10000: a was served longer ago.
    assert frame["owner"].to_list() == ["b@x", "a@x", "b@x"]
    assert router.credits().rows() == [("r", "t", "a@x", 0, 1), ("r", "t", "b@x", 0, 2), ("x", "t", "a@x", 7, 1)]


def test_who_is_away_keeps_a_frozen_credit() -> None:
    """Nobody is flooded on return, and no neighbour gets a double share."""
    off = replace(A, away=(("2026-03-11", "2026-03-11"),))
    tick = tick_of(RR, team(off, B, C), leads(4), state=state_of(credits=[("r", "t", "a@x", -10_000, 5)]))
    router = Router(tick)
    router.always_on(tick.leads["owner"], nobody(tick))
    assert ("r", "t", "a@x", -10_000, 1) in router.credits().rows()
    assert owners(RR, team(off, B, C), leads(4)) == "bcbc"


def test_the_roster_can_be_edited_without_a_reset() -> None:
    kept = state_of(credits=[("r", "t", "gone@x", 5, 1), ("r", "t", "a@x", 0, 2), ("r", "t", "b@x", 0, 3)])
    tick = tick_of(RR, team(A, B, C), leads(1), state=kept)
    router = Router(tick)
    # All stand at 10000; c is new, so it was never served.
    assert found_by(router, "r", tick.leads["owner"], nobody(tick))["owner"].to_list() == ["c@x"]
    assert ("r", "t", "gone@x", 5, 1) in router.credits().rows()


def test_weights_from_an_attribute_have_four_decimals_and_none_is_no_weight() -> None:
    reps = team(
        replace(A, attributes=(("win_rate", 0.5),)),
        replace(B, attributes=(("win_rate", 0.00004),)),
        C,
        replace(C, key="d@x", attributes=(("win_rate", 0.25),)),
    )
    text = "route r { t: team all by weighted rep.win_rate otherwise }\n"
    assert owners(text, reps, leads(6)) == "adaada"


@pytest.mark.parametrize(
    ("capacity", "before", "expected"),
    [
        (Capacity(per_day=2), [], "aa----"),
        (Capacity(per_day=2), [("a@x", date(2026, 3, 11), 1)], "a-----"),
        (Capacity(per_day=2), [("a@x", date(2026, 3, 10), 2)], "aa----"),
        (Capacity(per_week=3), [("a@x", date(2026, 3, 9), 2)], "a-----"),  # Monday
        (Capacity(per_week=3), [("a@x", date(2026, 3, 8), 2)], "aaa---"),  # the Sunday before
        (Capacity(open=4), [], "aaa---"),  # one lead of the state is open and absent
        (Capacity(per_day=0), [], "------"),
    ],
)
def test_capacities(capacity: Capacity, before: list[tuple[str, date, int]], expected: str) -> None:
    absent = [{"id": "Z1", "owner": "A@x", "open": True}, {"id": "Z2", "owner": "a@x", "open": False}]
    state = state_of(absent, assignments=before)
    assert owners(RR, team(replace(A, capacity=capacity)), leads(6), state=state) == expected


def test_open_counts_owned_leads_that_are_open() -> None:
    given = leads(4, status="Working")
    given += [{"id": f"M{n}", "owner": "a@x", "status": status} for n, status in enumerate(["Working", "Customer"])]
    of = team(replace(A, capacity=Capacity(open=3)))
    assert owners(RR, of, given, open_leads='status != "Customer"') == "aa--"
    assert owners(RR, of, given) == "a---"


def test_a_lead_that_leaves_a_rep_makes_room() -> None:
    """a has both leads it may have; the first is routed again, to b, so a may take the third."""
    text = """route r {
      move: team some by round_robin when country = "JP"
      t: team all by round_robin otherwise
      reroute when country = "JP"
    }
"""
    of = Team((replace(A, capacity=Capacity(open=2)), B), (("all", ("a@x",)), ("some", ("b@x",))), ())
    given = leads(4)
    given[0] |= {"owner": "a@x", "country": "JP"}
    given[1] |= {"owner": "a@x"}
    assert routed(tick_of(text, of, given)) == [("move", "b@x"), ("t", "a@x"), (None, None)]


def test_a_route_looks_at_blank_queue_and_inactive_owners() -> None:
    given = leads(6)
    for lead, owner in zip(given, [None, "queue:nurture", "gone@x", "stranger", "a@x", " A@X "], strict=True):
        lead["owner"] = owner
    tick = tick_of(RR, team(A, replace(C, key="gone@x", active=False)), given)
    frame = found_by(Router(tick), "r", tick.leads["owner"], nobody(tick))
    assert frame["lead_row"].to_list() == [0, 1, 2, 3]
    assert frame["owner"].unique().to_list() == ["a@x"]


def test_it_does_not_look_at_what_a_trigger_gave() -> None:
    given = leads(4)
    given[0] |= {"owner": "queue:marketing", "owner_by": "trigger"}
    given[1] |= {"owner": "queue:marketing", "owner_by": "route"}
    given[2] |= {"owner": "stranger", "owner_by": "trigger"}
    tick = tick_of(RR, team(A), given)
    in_this_run = pl.Series([False, False, False, True])
    frame = found_by(Router(tick), "r", tick.leads["owner"], in_this_run)
    assert frame["lead_row"].to_list() == [1, 2]


def test_the_first_rule_with_somebody_wins_and_the_rest_is_told() -> None:
    of = Team(
        (
            replace(A, capacity=Capacity(per_day=0), attributes=(("industries", ["Retail"]),)),
            replace(B, away=(("2026-03-11", "2026-03-12"),)),
            replace(C, active=False),
            Rep("d@x", hours=Hours((1, 2, 3, 4, 5), "13:00", "18:00")),
            Rep("e@x", weight=0),
        ),
        (("all", ("a@x", "b@x", "c@x", "d@x", "e@x")), ("late", ("d@x",))),
        ("nurture",),
    )
    text = """route r {
      named: rep lead_source when lead_source is not blank
      skill: team all where (rep.industries has industry) when industry is not blank
      now:   team late otherwise on shift
    }
"""
    text = text.replace("otherwise on shift", "when employees is blank on shift")
    text = text.replace(
        "    }\n",
        "      w: team all by weighted when employees is blank on shift\n      rest: queue nurture otherwise\n    }\n",
    )
    tick = tick_of(text, of, [{"id": "L1", "industry": "Retail", "lead_source": "who@x"}])
    router = Router(tick)
    frame = found_by(router, "r", tick.leads["owner"], nobody(tick))
    assert frame.select("rule", "owner").rows() == [("rest", "queue:nurture")]
    skill = (("a@x", "per_day"), ("b@x", "away"), ("c@x", "inactive"), ("d@x", "where"), ("e@x", "where"))
    weighted = (("a@x", "per_day"), ("b@x", "away"), ("c@x", "inactive"), ("d@x", "off shift"), ("e@x", "no weight"))
    assert router.passed_over(frame["why"][0]) == (
        ("named", (("", "no active rep"),)),
        ("skill", skill),
        ("now", (("d@x", "off shift"),)),
        ("w", weighted),
    )


def test_rep_and_match_take_no_heed_of_capacity_but_count() -> None:
    of = team(replace(A, capacity=Capacity(per_day=1)), B)
    text = """route r {
      vip:  rep "a@x" when country = "JP"
      acct: match account on title when title is not blank
      t:    team all by round_robin otherwise
    }
"""
    given = leads(4)
    given[0] |= {"country": "JP", "title": "ACME "}
    given[1] |= {"country": "JP"}
    given[2] |= {"title": "acme"}
    assert owners(text, of, given) == "aaab"


def test_match_account_takes_the_most_recently_assigned() -> None:
    text = "route r { acct: match account on title otherwise }\n"
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    given: list[Lead] = [
        {"id": "L1", "title": "Acme", "created": moment},
        {"id": "K1", "title": "ＡＣＭＥ", "owner": "a@x", "assigned_at": moment, "created": moment},
        {"id": "K2", "title": "acme", "owner": "b@x", "created": moment + timedelta(days=2)},
        {"id": "K3", "title": "acme", "owner": "gone@x", "assigned_at": moment + timedelta(days=9)},
        {"id": "K4", "title": None, "owner": "a@x"},
        {"id": "L2", "title": None, "created": moment},
    ]
    absent = [{"id": "Z1", "account:r.acct": "acme", "owner": "c@x", "assigned_at": moment + timedelta(days=5)}]
    of = team(A, B, C)
    assert [o for _, o in routed(tick_of(text, of, given))] == ["b@x", "b@x", None]
    assert [o for _, o in routed(tick_of(text, of, given, state=state_of(absent)))] == ["c@x", "c@x", None]


def test_a_lead_that_a_trigger_leaves_with_its_owner_is_not_the_latest_of_its_account() -> None:
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    given: list[Lead] = [
        {"id": "L1", "title": "Acme", "created": moment},
        {"id": "K1", "title": "acme", "owner": "a@x", "assigned_at": moment},
        {"id": "K2", "title": "acme", "owner": "b@x", "assigned_at": moment + timedelta(days=2)},
    ]
    tick = tick_of("route r { acct: match account on title otherwise }\n", team(A, B), given)
    held = pl.Series([False, True, False])  # `assign rep "a@x"` of a lead that is a's: nobody else may take it
    assert found_by(Router(tick), "r", tick.leads["owner"], held)["owner"].to_list() == ["b@x"]


def test_accounts_are_kept_for_leads_that_will_be_absent() -> None:
    tick = tick_of("route r { acct: match account on title otherwise }\n", team(A), [{"id": "1", "title": " ＡCME"}])
    assert Router(tick).accounts().rows(named=True) == [{"lead_row": 0, "account:r.acct": "acme"}]


def test_least_loaded_by_share_of_capacity() -> None:
    """By hand, from a 1/2, b 0/4, c 0/2: b 1/4, c 1/2, b 2/4; level, so by roster: a 2/2, b 3/4, c 2/2; then b 4/4."""
    text = "route r { t: team all by least_loaded otherwise }\n"
    of = team(
        replace(A, capacity=Capacity(open=2)),
        replace(B, capacity=Capacity(open=4)),
        replace(C, capacity=Capacity(open=2)),
    )
    given: list[Lead] = [*leads(8), {"id": "M", "owner": "a@x"}]
    assert owners(text, of, given) == "bcbabcb-"


def test_order_by_then_created_then_key_and_blanks_last() -> None:
    text = "route r order by employees descending { t: team all by round_robin otherwise }\n"
    given: list[Lead] = [
        {"id": "5", "employees": None, "created": None},
        {"id": "4", "employees": 10.0, "created": None},
        {"id": "3", "employees": 10.0, "created": datetime(2026, 1, 2, tzinfo=UTC)},
        {"id": "2b", "employees": 10.0, "created": datetime(2026, 1, 1, tzinfo=UTC)},
        {"id": "2a", "employees": 10.0, "created": datetime(2026, 1, 1, tzinfo=UTC)},
        {"id": "1", "employees": 90.0, "created": datetime(2026, 1, 9, tzinfo=UTC)},
    ]
    reps = team(*(Rep(f"{letter}@x") for letter in "abcdef"))
    assert owners(text, reps, given) == "fedcba"


def test_keep_owner_changes_nothing_and_is_no_assignment() -> None:
    text = 'route r { k: keep owner when country = "JP" respond within 5 minutes  t: team all otherwise }\n'
    given = [{"id": "1", "country": "JP", "owner": "Stranger"}, {"id": "2", "country": "JP"}, {"id": "3"}]
    tick = tick_of(text, team(A), given)
    router = Router(tick)
    frame = found_by(router, "r", tick.leads["owner"], nobody(tick))
    assert frame.select("rule", "owner", "due_at").rows() == [
        ("k", "Stranger", None),
        ("k", None, None),
        ("t", "a@x", None),
    ]
    assert router.assignments().rows() == [("a@x", date(2026, 3, 11), 1)]


def test_rep_by_expression_is_folded_and_given_as_the_roster_spells_it() -> None:
    text = "route r { n: rep lead_source otherwise }\n"
    given = [{"id": "1", "lead_source": " A@X"}, {"id": "2", "lead_source": "queue:nurture"}, {"id": "3"}]
    assert routed(tick_of(text, team(A), given)) == [("n", "a@x"), (None, None), (None, None)]


def test_dated_rules_exist_on_their_days_only() -> None:
    text = "route r {\n  x: queue marketing when employees is blank until 2026-03-10\n  y: queue nurture otherwise from 2026-03-11\n}\n"
    assert routed(tick_of(text, team(A), [{"id": "1"}])) == [("y", "queue:nurture")]


# -- response times -------------------------------------------------------------------------------------------------


def test_respond_within_counts_in_the_owners_hours() -> None:
    text = """route r {
      t: team all when employees is not blank respond within 3 hours
      rest: queue nurture otherwise respond within 8 hours
    }
"""
    of = team(replace(A, hours=Hours((1, 2, 3, 4, 5), "08:00", "14:00")))
    tick = tick_of(text, of, [{"id": "1", "employees": 1.0}, {"id": "2"}])
    frame = found_by(Router(tick), "r", tick.leads["owner"], nobody(tick))
    # It is 12:00 in Tokyo: two hours today and one from 08:00; 18:00 less 12:00 is six hours, and two from 09:00.
    assert frame["due_at"].to_list() == [
        datetime(2026, 3, 12, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 12, 2, 0, tzinfo=UTC),
    ]


def test_a_lead_that_waits_in_its_queue_is_not_given_more_time() -> None:
    text = "route r { rest: queue nurture otherwise respond within 1 hours }\n"
    earlier = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
    given: list[Lead] = [
        {"id": "1", "owner": "queue:nurture", "due_at": earlier, "due_route": "r"},
        {"id": "2", "owner": "queue:nurture"},
        {"id": "3", "owner": "queue:marketing", "due_at": earlier, "due_route": "r"},
    ]
    tick = tick_of(text, team(A), given)
    router = Router(tick)
    due = found_by(router, "r", tick.leads["owner"], nobody(tick))["due_at"].to_list()
    assert due == [None, AS_OF + timedelta(hours=1), AS_OF + timedelta(hours=1)]
    # A trigger has something new to answer: its hand-over stamps.
    again = Router(tick).hand_over("r", pl.Series([0], dtype=pl.UInt32))
    assert again.select("owner", "due_at").rows() == [("queue:nurture", AS_OF + timedelta(hours=1))]


def test_handed_over_leads_are_due_from_their_event_and_by_the_triggers_time() -> None:
    text = "route r on demand { t: team all otherwise respond within 3 hours }\n"
    tick = tick_of(text, team(A), leads(3))
    rows = pl.Series([2, 0], dtype=pl.UInt32)
    at = pl.Series([AS_OF - timedelta(hours=1), AS_OF - timedelta(hours=10)], dtype=INSTANT)
    found = Router(tick).hand_over("r", rows, at=at, respond_within=Duration(30, "minutes"))
    assert found.select("lead_row", "owner", "due_at").rows() == [
        (2, "a@x", AS_OF - timedelta(minutes=30)),
        (0, "a@x", datetime(2026, 3, 11, 0, 30, tzinfo=UTC)),  # at 02:00 nobody works; 09:30 in Tokyo
    ]
    by_rule = Router(tick).hand_over("r", rows, at=at)["due_at"].to_list()
    assert by_rule == [AS_OF + timedelta(hours=2), AS_OF]


def test_respond_by_for_owners_without_a_route() -> None:
    router = Router(tick_of(RR, team(replace(A, hours=Hours((3,), "12:00", "12:10"))), leads(1)))
    due = router.respond_by(
        pl.Series(["A@X", "queue:nurture", None, "stranger"]),
        pl.Series([AS_OF] * 4, dtype=INSTANT),
        Duration(20, "minutes"),
    )
    in_a_week = datetime(2026, 3, 18, 3, 10, tzinfo=UTC)
    assert due.to_list() == [in_a_week, AS_OF + timedelta(minutes=20), None, AS_OF + timedelta(minutes=20)]


def test_overdue_is_past_due_without_an_answer() -> None:
    text = """route r { t: team all otherwise  answered when employees > 3  answered when did email_replied since assigned_at }
route s on demand { t: team all otherwise }
"""
    moment = AS_OF - timedelta(minutes=1)
    given: list[Lead] = [
        {"id": "0", "owner": "a@x", "due_at": moment, "due_route": "r"},
        {"id": "1", "owner": "a@x", "due_at": moment, "due_route": "r", "employees": 9.0},
        {"id": "2", "owner": "a@x", "due_at": AS_OF, "due_route": "r"},
        {"id": "3", "owner": "a@x", "due_at": moment, "due_route": "s"},
        {"id": "4", "owner": "a@x", "due_at": moment, "due_route": "r", "assigned_at": AS_OF - timedelta(days=2)},
        {"id": "5", "owner": "a@x", "due_at": moment, "due_route": "r", "assigned_at": AS_OF - timedelta(hours=2)},
        {"id": "6", "owner": "a@x"},
    ]
    replied = AS_OF - timedelta(days=1)
    events = pl.DataFrame(
        {"lead_row": [4, 5], "type": ["email_replied"] * 2, "at": [replied] * 2},
        schema={"lead_row": pl.UInt32, "type": pl.String, "at": INSTANT},
    )
    tick = tick_of(text, team(A), given, events=events)
    assert overdue(tick).select("lead_row", "route").rows() == [(0, "r"), (3, "s"), (5, "r")]
    assert overdue(tick, "s")["lead_row"].to_list() == [3]


# -- handing over, other fields, several calls ------------------------------------------------------------------------


def test_reassigning_passes_over_earlier_owners_and_the_present_one() -> None:
    tick = tick_of(
        "route r on demand { t: team all by round_robin otherwise }\n",
        team(A, B, C),
        [
            {"id": "1", "owner": "b@x", "past_owners": ["A@x", "queue:nurture"]},
            {"id": "2", "owner": "a@x"},
            {"id": "3"},
        ],
    )
    router = Router(tick)
    found = router.hand_over("r", pl.Series([0, 1, 2], dtype=pl.UInt32), exclude_past_owners=True)
    assert found["owner"].to_list() == ["c@x", "b@x", "c@x"]  # credits before the last: 0, -1, 1
    worn = [{"id": "1", "owner": "b@x", "past_owners": ["a@x", "c@x"]}]
    nobody_left = Router(replace(tick_of("route r on demand { t: team all otherwise }\n", team(A, B, C), worn)))
    found = nobody_left.hand_over("r", pl.Series([0], dtype=pl.UInt32), exclude_past_owners=True)
    assert found["owner"].to_list() == [None]
    assert nobody_left.passed_over(found["why"][0]) == (
        ("t", (("a@x", "past owner"), ("b@x", "past owner"), ("c@x", "past owner"))),
    )


def test_dealing_a_lead_to_its_owner_is_no_assignment() -> None:
    tick = tick_of("route r on demand { t: team all otherwise }\n", team(A), [{"id": "1", "owner": "A@X"}])
    router = Router(tick)
    assert router.hand_over("r", pl.Series([0], dtype=pl.UInt32))["owner"].to_list() == ["a@x"]
    assert router.assignments().height == 0


def test_loads_move_through_the_calls_of_a_run() -> None:
    text = RR + "route d on demand { t: team all by round_robin otherwise }\n"
    tick = tick_of(text, team(replace(A, capacity=Capacity(per_day=2)), B), leads(6))
    router = Router(tick)
    assert router.hand_over("d", pl.Series([0, 1], dtype=pl.UInt32))["owner"].to_list() == ["a@x", "b@x"]
    router.record(pl.Series([2], dtype=pl.UInt32), pl.Series(["a@x"]))
    now = pl.Series(["a@x", "b@x", "a@x", None, None, None])
    given = pl.Series([True, True, True, False, False, False])
    assert found_by(router, "r", now, given)["owner"].to_list() == ["b@x", "b@x", "b@x"]
    assert dict(router.assignments().select("rep", "count").rows()) == {"a@x": 2, "b@x": 4}


def test_owners_of_triggers_count_even_if_nobody_told() -> None:
    tick = tick_of(RR, team(replace(A, capacity=Capacity(per_day=1)), B), leads(3))
    router = Router(tick)
    frame = found_by(router, "r", pl.Series(["a@x", None, None]), pl.Series([True, False, False]))
    assert frame["owner"].to_list() == ["b@x", "b@x"]
    assert dict(router.assignments().select("rep", "count").rows()) == {"a@x": 1, "b@x": 2}


def test_a_route_that_sets_a_field_looks_at_that_field() -> None:
    text = RR + "route s sets sdr_owner { k: keep owner when employees > 3  t: team all by round_robin otherwise }\n"
    given = leads(4)
    given[0] |= {"owner": "b@x", "sdr_owner": "a@x"}
    given[1] |= {"owner": "b@x", "sdr_owner": "queue:nurture", "employees": 9.0}
    given[2] |= {"owner": "b@x"}
    tick = tick_of(text, team(A, B), given)
    found = Router(tick).always_on(tick.leads["owner"], nobody(tick))["s"]
    assert found.kept.rows() == [(1, 0)]
    assert found.dealt.select("lead_row", "rule", "owner").rows() == [(2, "t", "a@x"), (3, "t", "b@x")]
    taken = {"sdr_owner": Holding(tick.leads["owner"], pl.Series([False, False, True, True]))}
    assert found_by(Router(tick), "s", tick.leads["owner"], nobody(tick), taken).height == 0


def test_open_counts_the_field_that_the_route_fills() -> None:
    text = "route s sets sdr_owner { t: team all by round_robin otherwise }\n"
    given = leads(3)
    given[0] |= {"owner": "b@x", "sdr_owner": "a@x"}
    given[1] |= {"owner": "a@x"}
    assert owners_of(text, team(replace(A, capacity=Capacity(open=2))), given) == ["a@x", None]


def owners_of(text: str, of: Team, given: list[dict[str, object]]) -> list[str | None]:
    tick = tick_of(text, of, given)
    return found_by(Router(tick), "s", tick.leads["owner"], nobody(tick))["owner"].to_list()


# -- explaining -------------------------------------------------------------------------------------------------------


def test_a_watched_lead_tells_what_each_rep_stood_at() -> None:
    of = team(replace(A, weight=2), B, replace(C, capacity=Capacity(per_day=0)))
    tick = tick_of(WEIGHTED, of, leads(4))
    plain = found_by(Router(tick), "r", tick.leads["owner"], nobody(tick))
    router = Router(tick, watched=[1])
    watched = found_by(router, "r", tick.leads["owner"], nobody(tick))
    assert watched.equals(plain)
    (seen,) = router.considered["r", 1]
    # Weights 2 and 1: a went first, so a stands at 2 - 3 = -1 and b at 1.
    assert seen.reps == (("a@x", None, -1.0), ("b@x", None, 1.0), ("c@x", "per_day", 0.0))
    assert seen.chosen == "b@x"


def test_fairness_by_weight_and_by_label() -> None:
    text = WEIGHTED + "band size of employees { big: from 10  small: otherwise }\n"
    given = leads(6)
    for n, lead in enumerate(given):
        lead["employees"] = 20.0 if n < 3 else 1.0
    tick = tick_of(text, team(replace(A, weight=2), B), given)
    router = Router(tick)
    router.always_on(tick.leads["owner"], nobody(tick))
    all_in_all = fairness(router).select("rep", "leads", "actual", "expected").rows()
    assert all_in_all == [
        ("a@x", 4, pytest.approx(2 / 3), pytest.approx(2 / 3)),
        ("b@x", 2, pytest.approx(1 / 3), pytest.approx(1 / 3)),
    ]
    by_label = fairness(router, "size").select("label", "rep", "leads", "expected").rows()
    assert by_label == [
        ("big", "a@x", 2, pytest.approx(2 / 3)),
        ("big", "b@x", 1, pytest.approx(1 / 3)),
        ("small", "a@x", 2, pytest.approx(2 / 3)),
        ("small", "b@x", 1, pytest.approx(1 / 3)),
    ]


def test_no_leads_and_no_reps() -> None:
    assert routed(tick_of(RR, team(A), [])) == []
    assert routed(tick_of("route r { q: queue nurture otherwise }\n", Team((), (), ("nurture",)), leads(1))) == [
        ("q", "queue:nurture")
    ]


def test_absent_leads_load_the_field_that_was_set() -> None:
    text = "route s sets sdr_owner { t: team all by round_robin otherwise }\n"
    absent = [{"id": "Z1", "set:sdr_owner": "a@x"}, {"id": "Z2", "set:sdr_owner": ""}, {"id": "Z3", "owner": "a@x"}]
    tick = tick_of(text, team(replace(A, capacity=Capacity(open=2))), leads(2), state=state_of(absent))
    found = found_by(Router(tick), "s", tick.leads["owner"], nobody(tick))
    assert found["owner"].to_list() == ["a@x", None]
