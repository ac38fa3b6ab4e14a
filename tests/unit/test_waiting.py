"""Leads that wait for a place under `enroll at most N per day`: whom an exit would take out again is not let in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.laws.product import Product, rows_of
from tests.laws.small_company import World, company, event, lead, moment

RULES = """
sequence first { 1: day 1 call "Ring"  enroll at most 1 per day
  exit when employees > 900 or did call_made since enrolled_at  finish after 1 day }
exit all when status = "Closed"
trigger go { on form_submitted  do enroll first }
"""


class Days:
    """Runs at noon, by the product and by the model."""

    def __init__(self, folder: Path) -> None:
        own = company(folder, RULES)
        self.product, self.world = Product(own), World(own)

    def done(self, day: int, leads: list[Any]) -> list[tuple[str, str, str, str]]:
        """What the run of a day of June does and withholds: key, kind, rule, reason; its state is taken over."""
        events = [event(key, "form_submitted", "2026-06-05T08:00") for key in "abcd"]
        events += [event("d", "call_made", "2026-06-01T09:00")]  # before it is in: no reason to leave
        at = f"2026-06-{day:02d}T12:00"
        outcome = self.product.decided(moment(at), leads, events)
        self.product.commit(outcome)
        model = self.world.tick(at, leads, events).rows
        found, expected = (
            sorted((r.key, r.kind, r.rule, r.reason or "") for r in rows) for rows in (rows_of(outcome), model)
        )
        assert found == expected
        return found


def test_a_customer_is_not_let_in_after_days_of_waiting(tmp_path: Path) -> None:
    days = Days(tmp_path)
    names = [lead(key, created_at=moment(f"2026-01-0{at}T09:00")) for at, key in enumerate("abcd", start=1)]
    limit = [(key, "enroll", "trigger.go", "over a limit") for key in "bcd"]
    assert days.done(5, names) == [
        ("a", "call", "sequence.first.1", ""),
        ("a", "enroll", "trigger.go", ""),
        *limit,
    ]
    a, b, c, d = names
    changed = [a, b | {"status": "Closed"}, c | {"employees": 1000}, d]
    found = [one for one in days.done(6, changed) if one[0] != "a"]
    assert found == [
        ("b", "enroll", "trigger.go", "lost to another rule: exit all"),
        ("c", "enroll", "trigger.go", "lost to another rule: sequence.first.exit"),
        ("d", "call", "sequence.first.1", ""),  # the place of the day is free for it
        ("d", "enroll", "trigger.go", ""),
    ]
    assert [one for one in days.done(7, names) if one[0] in "bc"] == []  # they wait no longer, whatever comes
