"""A trigger that finds a lead with the owner it names holds it there: no rule of lower rank, and no route, takes it away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.laws.product import Product, rows_of
from tests.laws.small_company import World, company, event, lead, moment

RULES = """
route sales { all: team pair by round_robin otherwise respond within 1 hour }
trigger apart { on form_submitted  do assign queue marketing  priority 1 }
trigger other { on form_submitted  do assign rep "eve"  priority 2 }
"""


class Days:
    """Runs at noon, by the product and by the model."""

    def __init__(self, folder: Path, rules: str) -> None:
        own = company(folder, rules)
        self.product, self.world = Product(own), World(own)
        self.outcome: Any = None

    def done(self, day: int, leads: list[Any], events: list[Any]) -> list[tuple[str, str, str, str, str]]:
        """What the run of a day of June does and withholds; its state is taken over."""
        at = f"2026-06-{day:02d}T12:00"
        self.outcome = self.product.decided(moment(at), leads, events)
        self.product.commit(self.outcome)
        model = self.world.tick(at, leads, events).rows
        found, expected = (
            sorted((r.key, r.kind, r.value or "", r.rule, r.reason or "") for r in rows)
            for rows in (rows_of(self.outcome), model)
        )
        assert found == expected
        return found

    def owners(self) -> list[str]:
        """After the run."""
        return list(self.outcome.decided.table["owner"])


def test_what_is_there_already_is_held(tmp_path: Path) -> None:
    """Of three leads one is in the queue already; all three belong there after the run, and after the next."""
    days = Days(tmp_path, RULES)
    leads = [
        lead("a"),
        lead("b", owner="queue:marketing"),
        lead("c", owner="queue:nurture"),
    ]
    asked = [event(key, "form_submitted", "2026-06-05T08:00") for key in "abc"]
    lost = "lost to another rule: trigger.apart"
    assert days.done(5, leads, asked) == sorted(
        [
            ("a", "assign", "queue:marketing", "trigger.apart", ""),
            ("c", "assign", "queue:marketing", "trigger.apart", ""),
            *((key, "assign", "eve", "trigger.other", lost) for key in "abc"),
        ]
    )
    assert days.owners() == ["queue:marketing"] * 3
    assert days.done(6, leads, asked) == []
    assert days.owners() == ["queue:marketing"] * 3


def test_a_response_that_is_due_stays_due(tmp_path: Path) -> None:
    """The rep who has the lead, and owes a response, is told to have it: nothing changes, the time neither."""
    rules = RULES.replace("assign queue marketing", 'assign rep "ann"')
    days = Days(tmp_path, rules)
    days.done(5, [lead("a")], [])
    due = days.outcome.decided.table["due_at"][0]
    assert (days.owners(), due is not None) == (["ann"], True)
    found = days.done(6, [lead("a")], [event("a", "form_submitted", "2026-06-06T08:00")])
    assert [row for row in found if row[1] == "assign"] == [
        ("a", "assign", "eve", "trigger.other", "lost to another rule: trigger.apart")
    ]
    assert (days.owners(), days.outcome.decided.table["due_at"][0]) == (["ann"], due)
