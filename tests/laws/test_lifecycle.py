"""The law: over random companies the product decides, tick by tick, what the brute-force model decides.

Owners, actions, withheld actions with their reasons, due times, sequences, what routes won, credits and all that is
remembered; whatever the order of the rows; and one batch gives each rep as much as the same leads in eight.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.laws.oracle.guards import exceeded
from tests.laws.oracle.memory import Lead, Row
from tests.laws.oracle.memory import State as Remembered
from tests.laws.oracle.tick import run
from tests.laws.product import (
    Product,
    asked,
    assignments_of,
    broken_of,
    credits_of,
    decisions_of,
    exceeded_by,
    frames_of,
    memories_of,
    memory_of,
    not_yet_of,
    rows_of,
)
from tests.laws.random_company import Day, Life, RandomRules, random_settings, random_team, statuses
from tests.laws.small_company import company, lead, moment

from leadrules.lifecycle.guards import broken_guards
from leadrules.lifecycle.run import Outcome

# In the quick suite one company goes the whole way and a few the first steps; LAW_EXAMPLES asks for more.
COMPANIES = int(os.environ.get("LAW_EXAMPLES", "0")) // 40
TICKS = dict.fromkeys(range(COMPANIES), 60) or {3: 60, 2: 36, 0: 15, 1: 15}
BATCHES = 8


def lines(rows: list[Row]) -> list[str]:
    """Rows in an order that two lists of the same rows share, as text that a failure can show."""
    return sorted(repr(row) for row in rows)


@pytest.mark.parametrize("seed", TICKS)
def test_the_product_decides_what_the_model_decides(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    rules, team, settings = RandomRules(random), random_team(random), random_settings(random)
    product = Product(company(tmp_path, rules.text(), team=team, **settings))
    life, model, last = Life(random, rules, team), Remembered(), None
    for number in range(TICKS[seed]):
        day = life.next_day({} if last is None else last.decisions, statuses(model))
        if day.is_edited or day.has_new_team:
            product.company = company(tmp_path, rules.text(), team=life.team, **settings)
        inputs = asked(product.company, day)
        tick = run(inputs, model)
        outcome = exported(product, day)
        where = f"seed {seed}, tick {number}, {day.as_of.isoformat()}"
        assert lines(rows_of(outcome)) == lines(tick.rows), where
        assert list(decisions_of(outcome).items()) == list(tick.decisions.items()), where
        assert not_yet_of(outcome) == tick.not_yet_in_crm, where
        assert broken_of(outcome) == {name: sorted(keys) for name, keys in tick.broken.items()}, where
        stops = list(exceeded(inputs, model, tick, len(day.bad_leads), len(day.bad_events)))
        assert exceeded_by(outcome) == stops, where
        if (stops or tick.broken) and not life.is_forced():
            continue  # nothing of it is written: the next run begins where this one began
        model, last = tick.state, tick
        product.commit(outcome)
        agree_on_memory(product, model, where)


def exported(product: Product, day: Day) -> Outcome:
    """What the product makes of all rows."""
    leads, events = [*day.leads, *day.bad_leads], [*day.events, *day.bad_events]
    return product.decided(day.as_of, leads, events, day.missing, **day.options)


def agree_on_memory(product: Product, model: Remembered, where: str) -> None:
    """The two states say the same of every lead, and of whose turn it is."""
    found = memories_of(product.state)
    assert found == {key: memory_of(memory, product.state) for key, memory in model.leads.items()}, where
    assert credits_of(product.state) == {at: credit for at, credit in model.credits.items() if credit}, where
    assert model.as_of is not None
    monday = model.as_of.date() - timedelta(days=model.as_of.weekday())
    counts = {at: count for at, count in model.assignments.items() if at[1] >= monday}
    assert assignments_of(product.state, monday) == counts, where


@pytest.mark.parametrize("seed", range(100, 100 + max(COMPANIES // 5, 1)))
def test_the_order_of_the_rows_changes_nothing(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    rules, team, settings = RandomRules(random), random_team(random), random_settings(random)
    own = company(tmp_path, rules.text(), team=team, **settings)
    one, other = Product(own), Product(own)
    life = Life(random, rules, team)
    decided: dict[str, dict[str, Any]] = {}
    for _ in range(8):
        day = life.next_day(decided, {})
        found = exported(one, day)
        leads, events = random.sample(day.leads, len(day.leads)), random.sample(day.events, len(day.events))
        again = exported(other, replace(day, leads=leads, events=events))
        decided = decisions_of(found)
        assert lines(rows_of(again)) == lines(rows_of(found))
        assert decisions_of(again) == decided
        assert words_of(again) == words_of(found)
        assert broken_of(again) == broken_of(found)
        one.commit(found)
        other.commit(again)
        assert frames_of(other.state).keys() == frames_of(one.state).keys()
        for name, frame in frames_of(one.state).items():
            assert frames_of(other.state)[name].equals(frame), f"{name} depends on the order of the rows"


def words_of(outcome: Outcome) -> list[str]:
    """What a user is told of guards; a broken promise names leads in the order of the rows."""
    return [words for words in broken_guards(outcome) if not words.startswith("assert ")]


@pytest.mark.parametrize("strategy", ["round_robin", "weighted", "weighted rep.win_rate"])
def test_one_batch_gives_each_rep_as_much_as_eight(strategy: str, tmp_path: Path) -> None:
    rules = f"route sales {{ all: team inside by {strategy} otherwise }}"
    own = company(tmp_path, rules)
    leads = [lead(f"{number:03d}") for number in range(8 * 37)]
    whole = dealt(Product(own), [leads])
    parts = [leads[start : start + 37] for start in range(0, len(leads), 37)]
    assert len(parts) == BATCHES
    assert dealt(Product(own), parts) == whole
    assert sum(whole.values()) == len(leads)


def dealt(product: Product, batches: list[list[Lead]]) -> dict[str, int]:
    """How many leads each rep has after these batches, one an hour."""
    found: dict[str, int] = {}
    for number, batch in enumerate(batches):
        outcome = product.run(moment(f"2026-03-16T{number + 9:02d}:00"), batch, [])
        for row in rows_of(outcome):
            found[row.value] = found.get(row.value, 0) + 1
    return found
