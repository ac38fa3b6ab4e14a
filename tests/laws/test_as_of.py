"""The law of the `as of` that nobody gives: it is the newest time, and the guard `jump` measures it by the others.

Created values as dates and as instants, events or none, any zone; a run after another one. Against plain lists of times.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.laws.oracle.clock import Clock
from tests.laws.oracle.guards import exceeded, far_from_the_others, newest
from tests.laws.oracle.memory import Event, Inputs, Lead
from tests.laws.oracle.memory import State as Remembered
from tests.laws.oracle.tick import run
from tests.laws.product import Product, exceeded_by
from tests.laws.random_company import ZONES
from tests.laws.small_company import FIELDS, Company, lead, opened, write

EXAMPLES = max(int(os.environ.get("LAW_EXAMPLES", "0")) // 2, 10)
FIRST = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
RULES = 'trigger opened { on email_opened  do notify "desk" "opened" }'
JUMPS = ["30 hours", "2 days", "1 business day", "1 month"]


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_the_newest_time_and_how_far_it_is_from_the_others(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    own = random_company(random, tmp_path)
    product, model, start = Product(own), Remembered(), FIRST
    for _ in range(2):
        leads, events = random_leads(random, own, start), random_events(random, start)
        times = times_of(own, leads, events)
        outcome = product.decided(None, leads, events)
        assert outcome.as_of.at == newest(times)
        inputs = Inputs(own.project, own.ruleset, own.project.team, leads, events, newest(times))
        tick = run(inputs, model)
        expected = [*far_from_the_others(inputs, times), *exceeded(inputs, model, tick)]
        assert exceeded_by(outcome) == expected
        product.commit(outcome)
        model, start = tick.state, newest(times) + timedelta(days=1)


def random_company(random: Random, folder: Path) -> Company:
    """A company whose leads were created on a day or at an instant."""
    write(folder, RULES, timezone=random.choice(ZONES), guards={"jump": random.choice(JUMPS)})
    if random.random() < 0.5:
        fields: dict[str, Any] = FIELDS | {"created_at": {"type": "string", "format": "date"}}
        schema = {"type": "object", "properties": fields, "required": ["id"]}
        (folder / "rules" / "lead.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    return opened(folder)


def random_leads(random: Random, own: Company, start: datetime) -> list[Lead]:
    """Leads that were created within some hours, and perhaps one much later."""
    is_date = next(field.type.kind for field in own.project.lead_schema.fields if field.name == "created_at") == "date"
    found = [start + timedelta(hours=random.randint(0, 20), seconds=random.randint(0, 99)) for _ in range(6)]
    found.append(start + timedelta(hours=random.choice([0, 24, 29, 30, 31, 48, 49, 60, 24 * 28, 24 * 31])))
    return [lead(f"L{number}", created_at=at.date() if is_date else at, employees=5) for number, at in enumerate(found)]


def random_events(random: Random, start: datetime) -> list[Event]:
    """None, or some within the same hours, and perhaps one much later."""
    hours = random.choice([[], [1, 2], [3, 4, 49], [40, 40], [30]])
    return [{"lead": "L0", "type": "email_opened", "at": start + timedelta(hours=one)} for one in hours]


def times_of(own: Company, leads: list[Lead], events: list[Event]) -> list[datetime]:
    """When leads were created, a date being its midnight, and when things happened."""
    clock, created = Clock(own.ruleset.settings), [one["created_at"] for one in leads]
    midnights = [clock.instant(datetime.combine(one, datetime.min.time())) for one in created if type(one) is date]
    return [*midnights, *(one for one in created if type(one) is datetime), *(one["at"] for one in events)]
