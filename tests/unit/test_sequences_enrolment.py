"""Who enters a sequence, moves, stops or waits: worked out by hand."""

from __future__ import annotations

from tests.sequence_world import World, tokyo

TWO = "sequence s { 1: day 1 call }\nsequence t { 1: day 2 call  2: day 9 call }\n"


def many(count: int, **fields: object) -> dict[str, dict[str, object]]:
    """Leads a, b, c, ... created one day after the other, the last letter first."""
    names = "abcdefgh"[:count]
    return {key: {"created_at": tokyo(f"2026-01-{28 - place:02}"), **fields} for place, key in enumerate(names)}


def test_enroll_does_nothing_to_a_lead_in_one_and_move_takes_it_out() -> None:
    """The steps that are due in the one it leaves are withheld."""
    world = World("sequence s { 1: day 1 call  2: day 2 call  3: day 3 call }\n" + TWO.split("\n")[1], {"a": {}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    assert world.run(tokyo("2026-11-02T11:00"), [("a", "enroll", "t")]).refused == ["in a sequence already"]
    assert world.run(tokyo("2026-11-02T11:00"), [("a", "move", "s")]).refused == ["in a sequence already"]
    assert world.run(tokyo("2026-11-02T11:00"), [("a", "enroll", "u")]).refused == ["no such sequence"]
    ran = world.run(tokyo("2026-11-03T10:00"), [("a", "move", "t", None, None, "trigger.m")])
    assert ran.rows() == [("a", "move", "t", "trigger.m")]
    assert ran.rows(withheld=True) == [("a", "call", None, "sequence.s.2", "lost to another rule: trigger.m")]
    assert (world.of("a", "sequence"), world.of("a", "step")) == ("t", None)


def test_move_of_a_lead_in_none_enrols_it() -> None:
    """The line says what happened."""
    world = World(TWO, {"a": {}})
    assert world.run(tokyo("2026-11-02T10:00"), [("a", "move", "t")]).rows() == [("a", "enroll", "t", "trigger.t")]


def test_stop_takes_a_lead_out_or_ends_its_wait() -> None:
    """A lead in none has nothing to stop."""
    world = World(TWO, {"a": {}})
    assert world.run(tokyo("2026-11-02T10:00"), [("a", "stop", None)]).refused == ["in no sequence"]
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "t")])
    ran = world.run(tokyo("2026-11-03T10:00"), [("a", "stop", None, None, None, "trigger.x")])
    assert ran.rows() == [("a", "stop", "t", "trigger.x")]
    assert ran.rows(withheld=True) == [("a", "call", None, "sequence.t.1", "lost to another rule: trigger.x")]
    assert world.of("a", "sequence") is None


def test_one_change_of_sequence_out_and_in() -> None:
    """A lead whose sequence finishes, or exits, may enter another in the same run; what was due still goes out first."""
    world = World("sequence s { 1: day 2 call }\nsequence t { 1: day 1 email }\n", {"a": {}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    ran = world.run(tokyo("2026-11-03T10:00"), [("a", "enroll", "t", None, None, "sequence.s.finish")])
    assert ran.rows() == [
        ("a", "stop", "s", "sequence.s.finish"),
        ("a", "call", None, "sequence.s.1"),
        ("a", "enroll", "t", "sequence.s.finish"),
        ("a", "email", None, "sequence.t.1"),
    ]
    assert (world.of("a", "sequence"), world.of("a", "enrolled_at")) == ("t", tokyo("2026-11-03T10:00"))


def test_enroll_once() -> None:
    """Ever."""
    world = World("sequence s { 1: day 1 call enroll once }", {"a": {}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    assert world.run(tokyo("2026-11-03T10:00"), [("a", "enroll", "s")]).refused == ["enrolled once"]


def test_enroll_again_after_counts_from_the_last_enrolment() -> None:
    """Ninety days from 2 November 10:00 are over on 31 January 10:00."""
    world = World("sequence s { 1: day 1 call enroll again after 90 days }", {"a": {}})
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    world.run(tokyo("2026-11-03T10:00"))
    assert world.run(tokyo("2027-01-31T09:59"), [("a", "enroll", "s")]).refused == ["enrolled too recently"]
    assert world.run(tokyo("2027-01-31T10:00"), [("a", "enroll", "s")]).refused == [None]


def test_a_throttle_lets_in_the_first_by_created_and_key() -> None:
    """Two a day: the oldest first; the others wait, and enter on later days at the time of that run."""
    world = World("sequence s { 1: day 1 call enroll at most 2 per day }", many(5))
    event = tokyo("2026-11-02T09:00")
    ran = world.run(tokyo("2026-11-02T10:00"), [(key, "enroll", "s", event) for key in "abcde"])
    assert [row[:3] for row in ran.rows() if row[1] == "enroll"] == [("d", "enroll", "s"), ("e", "enroll", "s")]
    assert ran.rows(withheld=True) == [(key, "enroll", "s", "trigger.t", "over a limit") for key in "abc"]
    assert world.of("e", "enrolled_at") == event
    again = world.run(tokyo("2026-11-02T23:00"))
    assert [row[0] for row in again.rows() if row[1] == "enroll"] == []
    assert [row[0] for row in again.rows(withheld=True)] == ["a", "b", "c"]
    ran = world.run(tokyo("2026-11-03T00:00"))
    assert [row[0] for row in ran.rows() if row[1] == "enroll"] == ["b", "c"]
    assert ran.due_at("sequence.s.1") == ["2026-11-03 00:00"] * 2
    assert world.of("c", "enrolled_at") == tokyo("2026-11-03T00:00")
    assert world.of("c", "seq_wait") is None
    ran = world.run(tokyo("2026-11-04T00:00"))
    assert [row[0] for row in ran.rows() if row[1] == "enroll"] == ["a"]


def test_a_throttle_counts_leads_that_are_not_in_the_file() -> None:
    """And moves, and those who have left again."""
    world = World("sequence s { 1: day 1 call enroll at most 2 per day }\n" + TWO.split("\n")[1], many(4))
    world.run(tokyo("2026-11-01T10:00"), [("b", "enroll", "t")])
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s"), ("b", "move", "s")], keys="ab")
    ran = world.run(tokyo("2026-11-02T11:00"), [("c", "enroll", "s")], keys="cd")
    assert [row[1:] for row in ran.rows(withheld=True)] == [("enroll", "s", "trigger.t", "over a limit")]


def test_a_lead_that_comes_twice_on_one_day_counts_twice() -> None:
    """It left in between."""
    world = World("sequence s { 1: day 1 call enroll at most 3 per day }", many(3))
    world.run(tokyo("2026-11-02T10:00"), [("a", "enroll", "s")])
    world.run(tokyo("2026-11-02T11:00"))
    world.run(tokyo("2026-11-02T12:00"), [("a", "enroll", "s")])
    ran = world.run(tokyo("2026-11-02T13:00"), [("b", "enroll", "s"), ("c", "enroll", "s")])
    assert [row[0] for row in ran.rows() if row[1] == "enroll"] == ["c"]
    assert world.of("a", "entries:s") == 2


def test_who_waits_and_goes_elsewhere_waits_no_longer() -> None:
    """A wish that is done replaces the wait; a lead that waits to move stays where it is meanwhile."""
    rules = "sequence s { 1: day 1 call enroll at most 1 per day }\nsequence t { 1: day 1 call  2: day 9 call }"
    world = World(rules, many(4))
    world.run(tokyo("2026-11-01T10:00"), [("a", "enroll", "t")])
    ran = world.run(tokyo("2026-11-02T10:00"), [(key, "move", "s") for key in "abcd"])
    assert [row[:2] for row in ran.rows(withheld=True)] == [("a", "move"), ("b", "enroll"), ("c", "enroll")]
    assert world.of("a", "sequence") == "t"
    world.run(tokyo("2026-11-02T11:00"), [("b", "enroll", "t"), ("c", "stop", None)])
    assert [world.of(key, "seq_wait") for key in "abcd"] == ["s", None, None, None]
    ran = world.run(tokyo("2026-11-03T10:00"))
    assert [row for row in ran.rows() if row[0] == "a"] == [
        ("a", "move", "s", "trigger.t"),
        ("a", "call", None, "sequence.s.1"),
    ]
    assert world.of("b", "sequence") == "t"
    assert world.of("c", "sequence") is None


def test_a_waiting_lead_keeps_its_template() -> None:
    """The rule and the template of the wish are those of the day it was made."""
    world = World("sequence s { 1: day 1 email enroll at most 1 per day }", many(2))
    world.run(tokyo("2026-11-02T10:00"), [(key, "enroll", "s", None, "intro", "trigger.w") for key in "ab"])
    ran = world.run(tokyo("2026-11-03T10:00"))
    rows = ran.enrolments.actions.filter(kind="enroll").select("template", "rule", "reason").rows()
    assert rows == [("intro", "trigger.w", None)]
    assert ran.due.actions.filter(kind="email")["template"].to_list() == ["intro"]


def test_blank_created_enters_last() -> None:
    """Ties and blanks go by key, as code points."""
    world = World(
        "sequence s { 1: day 1 call enroll at most 2 per day }",
        {"b": {}, "B": {}, "z": {"created_at": tokyo("2026-01-01")}},
    )
    ran = world.run(tokyo("2026-11-02T10:00"), [(key, "enroll", "s") for key in ("b", "B", "z")])
    assert sorted(row[0] for row in ran.rows() if row[1] == "enroll") == ["B", "z"]
