"""What the actions of triggers come to: who wins, what is nothing to do, what is withheld (§8, §11, §14), by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from tests.lifecycle_tick import at, tick_of

from leadrules.lifecycle.model import ACTION_COLUMNS, INSTANT, Tick
from leadrules.lifecycle.moves.actions import Desk
from leadrules.lifecycle.moves.proposals import Doer, Done, together
from leadrules.ruleset.model import Duration

SATO, LEE, MORI = "sato@example.com", "lee@example.com", "mori@example.com"


@dataclass
class Rota:
    """Routes that give each lead the owner they were told."""

    owners: Mapping[int, str] = field(default_factory=dict)
    due: Any = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def hand_over(
        self,
        route: str,
        lead_rows: pl.Series,
        *,
        exclude_past_owners: bool = False,
        at: pl.Series | None = None,
        respond_within: Duration | None = None,
    ) -> pl.DataFrame:
        """As told."""
        self.asked.append((route, lead_rows.to_list(), exclude_past_owners, respond_within))
        return pl.DataFrame(
            {
                "lead_row": lead_rows,
                "rule": pl.Series(["rest"] * len(lead_rows), dtype=pl.String()),
                "owner": pl.Series([self.owners.get(row) for row in lead_rows], dtype=pl.String()),
                "due_at": pl.Series([self.due] * len(lead_rows), dtype=INSTANT),
            }
        )

    def respond_by(self, owners: pl.Series, at: pl.Series, length: Duration) -> pl.Series:
        """The instant itself, so many minutes later."""
        return at.dt.offset_by(f"{length.count}m")

    def record(self, lead_rows: pl.Series, owners: pl.Series, field: str | None = None) -> None:
        """Nothing to move."""


@dataclass
class Gate:
    """Sequences that refuse the leads they were told to."""

    closed: Sequence[int] = ()

    def refusals(self, wishes: pl.DataFrame) -> pl.Series:
        """As told."""
        shut = wishes["lead_row"].is_in(pl.Series(list(self.closed), dtype=pl.UInt32()).implode())
        return pl.DataFrame({"shut": shut}).select(pl.when("shut").then(pl.lit("enrolled once"))).to_series()


@dataclass
class Case:
    """A desk, and what was done at it."""

    tick: Tick
    desk: Desk
    rota: Rota

    def run(self, trigger: str, rows: Sequence[int] | None = None) -> Done:
        """A trigger of the rules, set off for these leads at ten o'clock."""
        one = next(t for t in self.tick.ruleset.triggers if t.name == trigger)
        some = list(range(self.tick.leads.height)) if rows is None else list(rows)
        leads = pl.DataFrame(
            {"lead_row": some, "at": [None] * len(some)}, schema={"lead_row": pl.UInt32(), "at": INSTANT}
        )
        return self.desk.perform(Doer(f"trigger.{trigger}", one.actions, one.respond_within), leads)

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of the rows of actions.csv and withheld.csv, in order."""
        return together(self.desk.made.actions, ACTION_COLUMNS).select(columns).rows()


def case(
    rules: str,
    leads: Sequence[Mapping[str, Any]] = ({},),
    *,
    owners: Mapping[int, str] | None = None,
    due: Any = None,
    closed: Sequence[int] = (),
    remembered: Sequence[Mapping[str, Any]] | None = None,
) -> Case:
    tick = tick_of(rules, leads, remembered=remembered)
    rota = Rota(owners or {}, due)
    return Case(tick, Desk(tick, rota, Gate(closed), tick.leads["sequence"], 1000), rota)


def outcome(done: Done) -> tuple[list[int], list[int]]:
    return done.fired.to_list(), done.settled.to_list()


SEQUENCES = """
sequence outbound { 1: day 1 call "Call" }
sequence nurture { 1: day 1 call "Call" }
trigger begin { when intent > 0  do enroll outbound }
trigger other { when intent > 0  do enroll nurture }
trigger go { when intent > 0  do move to nurture template "intro" }
trigger halt { when intent > 0  do stop sequence }
"""


# -- sequences ------------------------------------------------------------------------------------------------------


def test_enroll_does_nothing_to_a_lead_in_a_sequence() -> None:
    it = case(SEQUENCES, [{}, {"sequence": "nurture"}, {"sequence": "outbound"}])
    # The second stays armed; the third is where it should be.
    assert outcome(it.run("begin")) == ([0], [0, 2])
    assert it.desk.made.wishes[0].select("lead_row", "kind", "sequence", "at", "rule").rows() == [
        (0, "enroll", "outbound", it.tick.as_of, "trigger.begin")
    ]
    assert it.rows("kind") == []


def test_of_two_the_first_gets_the_sequence_and_the_other_is_told_so() -> None:
    it = case(SEQUENCES)
    assert outcome(it.run("begin")) == ([0], [0])
    assert outcome(it.run("other")) == ([], [])
    assert outcome(it.run("go")) == ([], [])
    assert it.rows("kind", "what", "value", "template", "rule", "reason") == [
        ("enroll", "sequence", "nurture", None, "trigger.other", "lost to another rule: trigger.begin"),
        ("move", "sequence", "nurture", "intro", "trigger.go", "lost to another rule: trigger.begin"),
    ]


def test_move_takes_a_lead_out_of_the_one_it_is_in_and_enrols_one_in_none() -> None:
    it = case(SEQUENCES, [{"sequence": "outbound"}, {}, {"sequence": "nurture"}])
    assert outcome(it.run("go")) == ([0, 1], [0, 1, 2])
    assert it.desk.made.wishes[0].select("lead_row", "kind", "template").rows() == [
        (0, "move", "intro"),
        (1, "move", "intro"),
    ]


def test_a_limit_of_entries_leaves_the_sequence_to_the_next_rule() -> None:
    it = case(SEQUENCES, closed=[0])
    assert outcome(it.run("begin")) == ([], [])
    assert it.rows("kind", "value", "rule", "reason") == [("enroll", "outbound", "trigger.begin", "over a limit")]
    it.desk.entering = Gate()
    assert outcome(it.run("other")) == ([0], [0])


def test_stop_takes_the_lead_out() -> None:
    it = case(SEQUENCES, [{"sequence": "outbound"}, {}])
    assert outcome(it.run("halt")) == ([0], [0, 1])
    assert it.desk.made.wishes[0].select("lead_row", "kind", "sequence").rows() == [(0, "stop", "outbound")]


def test_by_a_classify_takes_its_label_and_leaves_leads_without_one_alone() -> None:
    rules = """
sequence outbound { 1: day 1 call "Call" }
sequence nurture { 1: day 1 call "Call" }
classify plan { outbound: when employees >= 10  nurture: when employees >= 1 }
trigger sort { when intent > 0  do enroll by plan }
"""
    it = case(rules, [{"employees": 20.0}, {"employees": 2.0}, {}])
    assert outcome(it.run("sort")) == ([0, 1], [0, 1])
    assert it.desk.made.wishes[0]["sequence"].to_list() == ["outbound", "nurture"]


# -- fields ---------------------------------------------------------------------------------------------------------

FIELDS = """
trigger work { when intent > 0  do set status = "Working" }
trigger rest { when intent > 0  do set status = "Nurturing"  do notify "managers" "Resting" }
trigger count { when intent > 0  do set intent = employees / 2 }
"""


def test_a_field_gets_one_value_per_run() -> None:
    it = case(FIELDS, [{"status": "New"}])
    assert outcome(it.run("work")) == ([0], [0])
    # The other's second action is done, so it has fired.
    assert outcome(it.run("rest")) == ([0], [0])
    assert it.rows("kind", "what", "value", "reason") == [
        ("set", "status", "Working", None),
        ("set", "status", "Nurturing", "lost to another rule: trigger.work"),
        ("notify", "managers", "Resting", None),
    ]


def test_the_value_that_is_there_is_no_action_and_takes_nothing() -> None:
    it = case(FIELDS, [{"status": "Working"}])
    assert outcome(it.run("work")) == ([], [0])
    assert outcome(it.run("rest")) == ([0], [0])
    assert it.rows("kind", "value", "reason")[0] == ("set", "Nurturing", None)


def test_values_are_written_as_cells_are() -> None:
    it = case(FIELDS, [{"employees": 20.0}, {"employees": 5.0}, {"intent": 7.0}, {"intent": 3.0, "employees": 6.0}])
    it.run("count")
    assert it.rows("lead_row", "what", "value") == [(0, "intent", "10"), (1, "intent", "2.5"), (2, "intent", None)]


# -- owners ---------------------------------------------------------------------------------------------------------

OWNERS = """
route sales { rest: queue nurture otherwise }
route sdr sets sdr_owner { b: keep owner otherwise }
trigger named { when intent > 0  do assign rep "sato@example.com"  respond within 5 minutes }
trigger gone { when intent > 0  do assign rep "gone@example.com" }
trigger dealt { when intent > 0  do assign with sales }
trigger back { when intent > 0  do assign queue marketing }
trigger fresh { when intent > 0  do reassign with sales at most 2 times }
trigger second { when intent > 0  do assign with sdr }
"""


def test_all_assigns_compete_for_the_owner() -> None:
    it = case(OWNERS, [{}], owners={0: LEE})
    assert outcome(it.run("dealt")) == ([0], [0])
    assert outcome(it.run("back")) == ([], [])
    assert it.rows("kind", "what", "value", "reason") == [
        ("assign", "owner", LEE, None),
        ("assign", "owner", "queue:marketing", "lost to another rule: trigger.dealt"),
    ]
    # A route that was not asked dealt nobody.
    assert [asked[1] for asked in it.rota.asked] == [[0]]


def test_a_route_without_an_eligible_rep_leaves_the_lead_to_the_next_rule() -> None:
    it = case(OWNERS, [{}])
    assert outcome(it.run("dealt")) == ([], [])
    assert outcome(it.run("back")) == ([0], [0])
    assert it.rows("value", "rule") == [("queue:marketing", "trigger.back")]


def test_respond_within_stamps_the_due_time() -> None:
    it = case(OWNERS, [{}])
    it.run("named")
    due = at("2026-11-02T10:05")
    assert it.rows("value", "due") == [(SATO, due)]
    assert it.desk.made.owners[0].rows() == [(0, SATO, due, None, "trigger.named")]


def test_the_owner_it_has_is_no_action_but_stamps_the_due_time() -> None:
    it = case(OWNERS, [{"owner": SATO}])
    assert outcome(it.run("named")) == ([0], [0])
    assert it.rows("value") == []
    assert it.desk.made.owners[0]["due_at"].to_list() == [at("2026-11-02T10:05")]
    again = case(OWNERS, [{"owner": "queue:marketing"}])
    assert outcome(again.run("back")) == ([], [0])


def test_an_inactive_rep_gets_nothing() -> None:
    it = case(OWNERS)
    assert outcome(it.run("gone")) == ([], [])
    assert it.rows("value", "reason") == [("gone@example.com", "nobody is eligible")]


def test_reassign_asks_without_earlier_owners_and_at_most_so_often() -> None:
    before = [{"times:fresh": 2}, {"times:fresh": 1}, {}]
    it = case(OWNERS, [{"owner": SATO}] * 3, owners={1: LEE, 2: MORI}, remembered=before)
    assert outcome(it.run("fresh")) == ([1, 2], [1, 2])
    assert it.rota.asked == [("sales", [1, 2], True, None)]
    assert it.rows("lead_row", "value", "reason") == [(0, None, "over a limit"), (1, LEE, None), (2, MORI, None)]
    assert it.desk.made.reassigned["trigger.fresh"][0].to_list() == [1, 2]


def test_a_route_that_sets_a_field_competes_for_that_field() -> None:
    it = case(OWNERS, [{"owner": SATO, "sdr_owner": MORI}], owners={0: LEE})
    it.run("back")
    assert outcome(it.run("second")) == ([0], [0])
    assert it.rows("what", "value") == [("owner", "queue:marketing"), ("sdr_owner", LEE)]
    assert it.desk.made.fields[0].rows() == [(0, "sdr_owner", LEE, "trigger.second")]


# -- what goes out --------------------------------------------------------------------------------------------------


def test_what_goes_out_is_checked_against_suppression() -> None:
    rules = """
suppress email when opted_out
suppress all when do_not_call
classify reason { price: when lost_reason = "price"  timing: otherwise }
trigger mail { when intent > 0  do send template "thanks" }
trigger ring { when intent > 0  do task call "Ring them" template by reason }
"""
    it = case(rules, [{}, {"opted_out": True}, {"do_not_call": True, "lost_reason": "price"}])
    assert outcome(it.run("mail")) == ([0], [0])
    assert outcome(it.run("ring")) == ([0, 1], [0, 1])
    assert it.rows("lead_row", "kind", "what", "template", "auto", "reason") == [
        (0, "email", None, "thanks", True, None),
        (1, "email", None, "thanks", True, "suppressed"),
        (2, "email", None, "thanks", True, "suppressed"),
        (0, "call", "Ring them", "timing", False, None),
        (1, "call", "Ring them", "timing", False, None),
        (2, "call", "Ring them", "price", False, "suppressed"),
    ]
