"""Sequences: due times, exits, pauses, finishes, windows and holds, worked out by hand."""

from __future__ import annotations

from datetime import timedelta

from tests.sequence_world import World, tokyo

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
