"""Explaining is looking: over the starter's own process, day by day, it changes nothing and says what the run decided."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.explained import document, outcome

from leadrules.lifecycle.files import OURS, WriteOptions
from leadrules.lifecycle.run import Outcome
from leadrules.lifecycle.state.conclude import conclude
from leadrules.lifecycle.state.store import history, load
from leadrules.lifecycle.state.writer import finish_interrupted, writer
from leadrules.review.explain.text import explained
from leadrules.show.text import width

ROOT = Path(__file__).resolve().parents[2]
VALID = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/schemas/explain.schema.json").read_text()))
START = datetime(2026, 11, 2, 3, tzinfo=UTC)  # noon in Tokyo, a Monday
DAYS, LEADS = 4, 14
TYPES = ("form_submitted", "page_viewed", "email_opened", "email_replied", "booking_made", "trial_started", "call_made")
FORMS = ("contact", "solution", "demo", "download")


def _leads(chance: random.Random) -> list[str]:
    """Leads of every kind, some of whom opted out, belong to somebody, or have a date in these days."""
    rows = []
    for number in range(LEADS):
        cells = [
            f"L{number}",
            (START - timedelta(days=chance.randrange(1, 60))).isoformat(),
            chance.choice(["", "", "sato@example.com", "queue:marketing", "gone@example.com"]),
            chance.choice(["New", "Working", "Nurturing", "Lost"]),
            f"p{number % 20}@{chance.choice(['a', 'b', 'c'])}.example",
            chance.choice(["CEO", "VP Sales", "部長", "Student", ""]),
            chance.choice(["Software", "Finance", "Retail", ""]),
            str(chance.choice([5, 120, 2_000])),
            chance.choice(["Japan", "Germany", "Singapore"]),
            chance.choice(["Japan", "EMEA", "Asia-Pacific"]),
            chance.choice(["true", "false", "false"]),
            chance.choice(["A", "B", "C"]),
            str(chance.choice([10, 85])),
            chance.choice(["", (START + timedelta(days=chance.randrange(DAYS))).date().isoformat()]),
        ]
        rows.append(",".join(cells))
    return rows


HEADER = (
    "id,created_at,owner,status,email,title,industry,employees,country,region,opted_out,tier,intent,next_action_date"
)


def _events(chance: random.Random) -> list[tuple[datetime, str]]:
    found = []
    for number in range(80):
        at = START + timedelta(hours=chance.randrange(-24 * 5, 24 * DAYS), minutes=chance.randrange(60))
        kind = chance.choice(TYPES)
        form = chance.choice(FORMS) if kind == "form_submitted" else ""
        path = "/pricing" if kind == "page_viewed" else ""
        rep = "lee@example.com" if kind == "call_made" else ""
        found.append((at, f"e{number},L{chance.randrange(LEADS)},{kind},{at.isoformat()},{form},{path},{rep}"))
    return sorted(found)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Outcome, Outcome, Path]]:
    """Per day the run that nobody watched, the one that watched every lead, and the state as it was after it."""
    return list(_lived(tmp_path_factory.mktemp("starter"), random.Random(7)))


def _lived(folder: Path, chance: random.Random) -> Iterator[tuple[Outcome, Outcome, Path]]:
    shutil.copytree(ROOT / "rules", folder / "rules")
    (folder / "rules" / "leadrules.yaml").rename(folder / "leadrules.yaml")
    leads, events = _leads(chance), _events(chance)
    keys = tuple(f"L{number}" for number in range(LEADS))
    state = folder / ".leadrules" / "state"
    for day in range(DAYS):
        at = START + timedelta(days=day)
        seen = [leads[n] for n in range(LEADS) if day % 3 != 2 or n % 5]  # every third day some are absent
        (folder / "leads.csv").write_text("\n".join([HEADER, *seen]) + "\n", encoding="utf-8")
        rows = [row for when, row in events if when <= at]
        (folder / "events.csv").write_text("\n".join(["event_id,lead_id,type,at,form,path,rep", *rows]) + "\n")
        with writer(state, "a law"):
            finish_interrupted(state, OURS)
            before = load(state)
            plain = outcome(folder, as_of=at.isoformat(), state=before)
            watched = outcome(folder, *keys, as_of=at.isoformat(), state=before)
            conclude(plain, state, folder / "out", WriteOptions(), {})
        yield plain, watched, state


def test_watching_changes_nothing(days: list[tuple[Outcome, Outcome, Path]]) -> None:
    for plain, watched, _ in days:
        assert plain.decided is not None
        assert watched.decided is not None
        assert plain.decided.actions.equals(watched.decided.actions)
        assert plain.decided.router.credits().equals(watched.decided.router.credits())


def test_what_is_told_is_what_was_decided(days: list[tuple[Outcome, Outcome, Path]]) -> None:
    stopped: set[str | None] = set()
    reasons: set[str | None] = set()
    for day, (_, watched, state) in enumerate(days):
        for row, key in list(enumerate(watched.leads.frame["@join"].to_list()))[day % 2 :: 2]:
            found = document(watched, key, history=history(state, [key]))
            VALID.validate(json.loads(json.dumps(found)))
            _agrees(found, watched, row)
            assert max(width(line) for line in explained(found, columns=100).splitlines()) <= 100
            stopped |= {one["stopped"] for one in found["triggers"]}
            reasons |= {one["reason"] for one in found["actions"]}
    assert stopped >= {None, "not set off", "condition"}
    assert None in reasons
    assert len(reasons) > 1


def _agrees(found: dict[str, Any], ran: Outcome, row: int) -> None:
    decided = ran.decided
    assert decided is not None
    assert found["owner"]["after"] == decided.table["owner"][row]
    for one in found["definitions"]:
        if one["kind"] == "score":
            assert one["value"] == ran.facts.frame[one["name"]][row]
            assert sum(round(line["points"] * 10_000) for line in one["lines"]) == round(one["value"] * 10_000)
    for one in found["triggers"]:
        fired = row in decided.fired_triggers[one["name"]].to_list()
        assert (one["fired"], one["stopped"] is None) == (fired, fired), (found["lead"]["key"], one)
    for one in found["routes"]:
        assert one["rule"] == decided.routes[one["name"]][row]
        won = [rule["rule"] for rule in one["rules"] if rule["outcome"] == "won"]
        assert won == ([one["rule"]] if one["rule"] else [])
        if one["looked"] and one["fills"] == "owner":
            chosen = [rep["rep"] for rule in one["rules"] for rep in rule["reps"] if rep["chosen"]]
            assert chosen in ([], [one["gave"]])
    inside = [one["name"] for one in found["sequences"] if one["after"]]
    assert inside == [name for name in [decided.table["sequence"][row]] if name is not None]
    assert len(found["actions"]) == decided.actions.filter(decided.actions["lead_row"] == row).height
