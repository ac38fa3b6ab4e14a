"""Events that no rule sees any more may be left out: what is decided, counted and said stays the same to the byte."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.stateful import run
from tests.suites.running import leadrules

from leadrules.cli.inputs import lead_source
from leadrules.data import encoding
from leadrules.data.read import Sight
from leadrules.engine.needs import reach
from leadrules.lifecycle.files import WriteOptions, write_run
from leadrules.lifecycle.model import ERA_COLUMNS
from leadrules.lifecycle.run import Outcome, RunRequest, execute, reads
from leadrules.lifecycle.state.store import outline, tables_in_parts
from leadrules.review.workspace import open_workspace
from leadrules.ruleset.store import to_text

DAY = timedelta(days=1)
NEWEST = datetime(2026, 3, 30, 1, 30, tzinfo=UTC)  # the day after clocks change in Berlin
RULES = """
score warm {
  opened:  +1 each opened within 3 days
  clicked: +2 each clicked within 2 months halving every 5 days
  hours:   +3 when did visited within 36 hours
  paths:   +1 each visited where (path starts with "/p") within 1 week
  working: +4 when did called within 2 business days
  quarter: +1 each replied within 1 quarter at most 3 times
  year:    +1 each replied within 1 year
}
segment ever when did met
segment lately when count(clicked within 30 days) >= 2
"""
TYPES = ("opened", "clicked", "visited", "called", "replied", "met")


def project(folder: Path, rng: random.Random, *, ids: bool = False) -> Path:
    """Fifty leads and two thousand events from a few minutes to three years old, many within a second of a limit."""
    (folder / "rules").mkdir()
    fields = {"visited": {"path": {"type": "string"}}}
    types = {name: {"type": "object", "properties": fields.get(name, {})} for name in TYPES}
    (folder / "rules" / "events.schema.json").write_text(json.dumps({"type": "object", "properties": types}))
    lead = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    (folder / "rules" / "lead.schema.json").write_text(json.dumps(lead))
    (folder / "rules" / "warm.lead").write_text(RULES)
    (folder / "leadrules.yaml").write_text(
        "version: 1\nname: sight\ntimezone: Europe/Berlin\nfields: {key: id}\n"
        "sources: {leads: {path: leads.csv}, events: {path: events.csv}}\n"
    )
    (folder / "leads.csv").write_text("id\n" + "".join(f"{number}\n" for number in range(50)))
    header = "lead_id,type,at,path" + (",id" if ids else "")
    rows = [
        f"{rng.randrange(55)},{rng.choice(TYPES)},{moment(rng)},{rng.choice(('/p', '/q', ''))}" for _ in range(2_000)
    ]
    rows.append(f"1,called,{NEWEST:%Y-%m-%d %H:%M:%S},")
    rng.shuffle(rows)
    rows = [f"{row},{rng.randrange(1_900)}" for row in rows] if ids else rows
    (folder / "events.csv").write_text("\n".join([header, *rows, ""]))
    return folder


def moment(rng: random.Random) -> str:
    days = rng.choice([0, 1, 1.5, 2, 3, 4, 5, 7, 30, 31, 59, 62, 90, 92, 365, 366, rng.random() * 1_000])
    at = NEWEST - timedelta(days=days) + timedelta(seconds=rng.choice([-3_601, -1, 0, 1, 3_599, 50_000]))
    return f"{min(at, NEWEST):%Y-%m-%d %H:%M:%S}"


def request(folder: Path, as_of: datetime | None = None) -> RunRequest:
    workspace = open_workspace(folder)
    assert workspace.project is not None
    assert workspace.ruleset is not None, workspace.diagnostics
    leads, events = lead_source(workspace.project, None), workspace.project.events
    return RunRequest(workspace.project, workspace.ruleset, leads, events, as_of=as_of)


def written(outcome: Outcome, folder: Path) -> dict[str, bytes]:
    write_run(outcome, folder, WriteOptions(with_reasons=True))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("back", [None, timedelta(), timedelta(days=45), timedelta(days=-20)])
def test_nothing_is_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, back: timedelta | None
) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 4_096)
    as_of = None if back is None else NEWEST - back
    asked = request(project(tmp_path, random.Random(seed)), as_of)
    whole, sparing = execute(asked), execute(replace(asked, seen_only=True))
    assert written(sparing, tmp_path / "sparing") == written(whole, tmp_path / "whole")
    assert sparing.events.counts == whole.events.counts
    assert sparing.events.frame.height < whole.events.frame.height - 200


def test_rows_with_ids_stay_for_their_repeats(tmp_path: Path) -> None:
    asked = request(project(tmp_path, random.Random(9), ids=True))
    whole, sparing = execute(asked), execute(replace(asked, seen_only=True))
    assert whole.events.counts["events_repeated"] > 0
    assert sparing.events.counts == whole.events.counts
    assert sparing.events.frame.equals(whole.events.frame)


DECIDING = """
stages life { buyer: when did met  warm: when did clicked within 5 days  lead: otherwise }
trigger form { on visited where (path = "/p")  do enroll mails  once per 3 days }
trigger ring { on called  do task call "Ring back"  do assign with sales }
trigger late { on opened backfill  do notify "desk" "Opened" }
trigger again { on enter life warm  do task call "Warm again" }
sequence mails {
  1: day 1 email auto "First"
  2: day 3 email manual "Second" when never replied since enrolled_at
  exit when did replied since enrolled_at
  enroll again after 2 days
}
route sales { any: team inside by round_robin when life is warm respond within 4 hours  answered when did called since assigned_at }
suppress email when did replied within 1 day
"""
DAYS = (45, 44, 40, 12, 11, 1)


def export(folder: Path, rows: list[tuple[datetime, str]], at: datetime) -> None:
    """What has arrived by then: some rows do not come for days."""
    there = [row for arrived, row in rows if arrived <= at]
    (folder / "events.csv").write_text("\n".join(["lead_id,type,at,path", *there, ""]))


def days_of(folder: Path, rng: random.Random, late: str, *, seen_only: bool) -> list[dict[str, object]]:
    """What six runs write and remember, every other once more, the rules edited before the fifth."""
    project(folder, random.Random(rng.random()))
    (folder / "rules" / "team.yaml").write_text("reps: {sato: {active: true}, lee: {}}\nteams: {inside: [sato, lee]}\n")
    with (folder / "leadrules.yaml").open("a") as file:
        file.write(f"late_events: {late}\n")
    rows = [
        (NEWEST - timedelta(days=rng.choice([0, 1, 5, 20, 60])), row)
        for row in (folder / "events.csv").read_text().split("\n")[1:-1]
    ]
    rng.shuffle(rows)
    found: list[dict[str, object]] = []
    for number, day in enumerate(DAYS):
        edited = DECIDING if number < 4 else DECIDING.replace("within 5 days", "within 9 days")
        (folder / "rules" / "more.lead").write_text(edited)
        at = NEWEST - timedelta(days=day)
        export(folder, rows, at)
        for again in (False, True)[: 1 + number % 2]:
            done = run(folder, f"{at:%Y-%m-%dT%H:%M:%S}", seen_only=seen_only)
            assert done.is_again == again
            tables = dict(tables_in_parts(folder / ".leadrules" / "state"))
            files = {file.name: file.read_bytes() for file in (folder / "out").iterdir()}
            found.append(
                {**files, **{name: pl.concat(parts).rows() for name, parts in tables.items() if name != "runs"}}
            )
    return found


@pytest.mark.parametrize(("seed", "late"), [(0, "7 days"), (1, "3 business days"), (2, "1 hour")])
def test_who_decides_and_remembers_does_the_same(tmp_path: Path, seed: int, late: str) -> None:
    for name in ("whole", "sparing"):
        (tmp_path / name).mkdir()
    whole = days_of(tmp_path / "whole", random.Random(seed), late, seen_only=False)
    sparing = days_of(tmp_path / "sparing", random.Random(seed), late, seen_only=True)
    for number, (one, other) in enumerate(zip(whole, sparing, strict=True)):
        assert {name for name in one if one[name] != other[name]} == set(), number


def test_a_trigger_is_told_of_what_can_be_late(tmp_path: Path) -> None:
    folder = project(tmp_path, random.Random(3))
    (folder / "rules" / "more.lead").write_text('trigger ping { on opened do notify "managers" "Opened" }\n')
    asked = replace(request(folder), seen_only=True)
    sparing, whole = execute(asked).events.frame, execute(replace(asked, seen_only=False)).events.frame
    assert sparing.height < whole.height
    near = NEWEST - timedelta(days=7)
    for one in (sparing, whole):
        assert one.filter(one["at"] >= near).height == whole.filter(whole["at"] >= near).height


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (Sight({}), Sight({"a": DAY}), True),
        (Sight({"a": DAY}), Sight({}), False),
        (Sight({"a": 2 * DAY}), Sight({"a": DAY, "b": DAY}), True),
        (Sight({"a": DAY}), Sight({"a": 2 * DAY}), False),
        (Sight({"a": DAY}, None, frozenset("a"), NEWEST), Sight({"a": DAY}, None, frozenset("a"), NEWEST - DAY), False),
        (Sight({"a": DAY}, None, frozenset("a"), NEWEST - DAY), Sight({"a": DAY}, None, frozenset("a"), NEWEST), True),
        (Sight({"a": DAY}, None, frozenset("a"), NEWEST - DAY), Sight({"a": DAY}, None, frozenset("a"), None), True),
        (Sight({"a": DAY}), Sight({"a": DAY}, None, frozenset("a"), NEWEST), False),
    ],
)
def test_what_covers_what(one: Sight, other: Sight, *, covers: bool) -> None:
    assert one.covers(other) is covers


def test_each_type_is_seen_as_far_back_as_its_longest_filter(tmp_path: Path) -> None:
    far = reach(request(project(tmp_path, random.Random(1))).ruleset)
    # Business days have no longest, and `did met` looks at every event.
    assert sorted(far) == ["clicked", "opened", "replied", "visited"]
    assert timedelta(days=3) < far["opened"] < timedelta(days=6)
    assert timedelta(days=62) <= far["clicked"] < timedelta(days=66)
    assert far["visited"] >= timedelta(days=7)
    assert far["replied"] >= timedelta(days=366)


def test_the_command_writes_what_it_says(tmp_path: Path) -> None:
    folder = project(tmp_path, random.Random(2))
    done = leadrules("run", "--project", str(folder), "--out", str(folder / "out"))
    assert done.exit_code == 0, done.output
    whole = written(execute(request(folder)), tmp_path / "whole")
    assert (folder / "out" / "decisions.csv").read_bytes() == whole["decisions.csv"]


def test_what_earlier_rules_see_is_kept_while_they_may_be_asked(tmp_path: Path) -> None:
    folder = project(tmp_path, random.Random(2))
    file = folder / "rules" / "more.lead"
    file.write_text("segment of_late when did clicked within 300 days\n")
    before = to_text(request(folder).ruleset)
    file.write_text("segment of_late when did clicked within 3 days\n")
    run(folder, f"{NEWEST - timedelta(days=2):%Y-%m-%dT%H:%M:%S}", seen_only=True)
    asked, state = replace(request(folder), seen_only=True), outline(folder / ".leadrules" / "state")
    eras = pl.DataFrame([{"ruleset": before, "triggers": []}, {"triggers": []}], schema=dict(ERA_COLUMNS))
    near, far = (reads(replace(asked, state=one))[1].reach for one in (state, replace(state, eras=eras)))
    assert near["clicked"] < timedelta(days=300) <= far["clicked"]
    assert {name: far[name] for name in near if name != "clicked"} == {n: near[n] for n in near if n != "clicked"}
