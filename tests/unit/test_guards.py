"""Guards over whole runs: what exceeds one, by how much, and that it is told in the same words each time."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.laws.oracle.guards import Exceeded
from tests.laws.product import Product, exceeded_by
from tests.laws.small_company import SETTINGS, company, event, lead, moment, opened, write

from leadrules.lifecycle.guards import broken_guards

FIELDS = SETTINGS["fields"] | {"sequence": "current_sequence"}
RULES = """
sequence first { 1: day 1 call "Ring"  finish after 90 days }
sequence second { 1: day 1 call "Ring"  finish after 90 days }
route sales { all: team pair by round_robin when employees >= 1  rest: queue nurture otherwise }
trigger go { when status = "Working"  do move to second }
trigger out { when status = "Closed"  do stop sequence }
trigger taken { when status = "Nurturing"  do assign queue marketing }
"""


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(company(tmp_path, RULES, fields=FIELDS))


def guarded(product: Product, **guards: Any) -> Product:
    """The same company with guards."""
    product.company = company(product.company.folder, RULES, fields=FIELDS, guards=guards)
    return product


def tick(product: Product, day: int, leads: list[Any]) -> list[Exceeded]:
    """What a run at ten on a day of March exceeds; its state is taken over."""
    outcome = product.decided(moment(f"2026-03-{day:02d}T10:00"), leads, [])
    found = exceeded_by(outcome)
    product.commit(outcome)
    return found


def test_equally_many_bad_cells_are_told_of_in_one_order(product: Product) -> None:
    guarded(product, rejects=0)
    bad = [lead("b", employees="many"), lead("c", status="?"), lead("a"), lead("d", created_at="soon")]
    said = {
        tuple(broken_guards(product.decided(moment("2026-03-02T10:00"), [lead("a"), *order], [])))
        for order in (bad, bad[::-1], [*bad[2:], *bad[:2]])
        for _ in range(3)
    }
    assert len(said) == 1
    ((words,),) = said
    assert words.startswith("4 of 5 rows were rejected")
    assert words.index("created_at") < words.index("employees") < words.index("leads.csv id")


def test_events_do_not_hide_that_leads_are_lost(product: Product) -> None:
    """Three of four leads are gone, which is little beside a hundred events."""
    guarded(product, rejects="5%")
    leads = [lead("a"), *(lead(key, employees="many") for key in "bcd")]
    events = [event("a", "email_opened", "2026-03-01T10:00") for _ in range(100)]
    ((words,),) = [broken_guards(product.decided(moment("2026-03-02T10:00"), leads, events))]
    assert words.startswith("3 of 4 rows of leads were rejected, more than the guard `rejects: 5%` allows")
    guarded(product, rejects=3)  # a number is of all rows
    assert not broken_guards(product.decided(moment("2026-03-02T10:00"), leads, events))


def test_a_change_of_owner_had_one_before_and_a_queue_is_one(product: Product) -> None:
    """Of four, one gets its first owner, one goes from a rep to a queue, one from a queue to a rep; the CRM moves the last."""
    first = [
        lead("a", owner="eve"),
        lead("b", owner="queue:nurture"),
        lead("c", owner="eve"),
    ]
    assert tick(product, 2, first) == []
    later = [
        lead("a", owner="eve", status="Nurturing"),
        lead("b", owner="queue:nurture", employees=5),
        lead("c", owner="ann"),
        lead("d", employees=5),
    ]
    assert tick(guarded(product, owner_changes=1), 3, later) == [
        Exceeded("owner_changes", 2, 4, (("route.sales.all", 1), ("trigger.taken", 1)))
    ]


@pytest.mark.parametrize(("limit", "stops"), [("74.99%", True), ("75%", False), (2, True), (3, False)])
def test_moves_are_changes_of_sequence_enrolments_apart(product: Product, limit: Any, stops: bool) -> None:
    """Of four, two are moved and one stopped, of which one was in a sequence that only the CRM knows; one enrols."""
    names = {"a": "first", "b": "Other tool", "c": "second", "d": None}
    assert tick(product, 2, [lead(key, current_sequence=name) for key, name in names.items()]) == []
    statuses = {"a": "Working", "b": "Working", "c": "Closed", "d": "Working"}
    later = [lead(key, current_sequence=names[key], status=status) for key, status in statuses.items()]
    rules = (("trigger.go", 2), ("trigger.out", 1))
    expected = [Exceeded("moves", 3, 4, rules)] if stops else []
    assert tick(guarded(product, moves=limit), 3, later) == expected


def test_what_the_crm_did_is_no_change_of_the_run(product: Product) -> None:
    assert tick(product, 2, [lead("a", owner="ann", current_sequence="first")]) == []
    guarded(product, owner_changes=0, moves=0)
    assert tick(product, 3, [lead("a", owner="bob", current_sequence="second")]) == []


@pytest.mark.parametrize(("day", "stops"), [(4, False), (5, True)])
def test_a_leap_from_the_last_run_also_one_that_was_asked_for(product: Product, day: int, stops: bool) -> None:
    guarded(product, jump="2 days")
    assert tick(product, 2, [lead("a")]) == []
    assert tick(product, day, [lead("a")]) == ([Exceeded("jump")] if stops else [])


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(("last", "stops"), [(3, False), (4, True)])
def test_days_of_creation_are_days_of_the_project(tmp_path: Path, zone: str, last: int, stops: bool) -> None:
    """Two days from midnight to midnight are two days, wherever the company is."""
    write(tmp_path, RULES, timezone=zone, guards={"jump": "2 days"})
    schema = tmp_path / "rules" / "lead.schema.json"
    schema.write_text(schema.read_text(encoding="utf-8").replace("date-time", "date"), encoding="utf-8")
    leads = [lead(str(number), created_at=date(2026, 3, 1)) for number in range(5)]
    outcome = Product(opened(tmp_path)).decided(None, [*leads, lead("late", created_at=date(2026, 3, last))], [])
    assert exceeded_by(outcome) == [Exceeded("jump")] * stops
    assert all("of lead late" in words for words in broken_guards(outcome))
