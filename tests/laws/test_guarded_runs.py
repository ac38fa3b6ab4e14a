"""The law of what is written: over random companies the program itself, run by run, on files and a state on disk.

A run that a guard or a promise stops ends with 1 and leaves every file and the state as they were, byte for byte; one that
is forced, or that nothing stops, writes what the model decides; and the same run once more changes nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from tests.laws.oracle.guards import exceeded
from tests.laws.oracle.memory import Row
from tests.laws.oracle.memory import State as Remembered
from tests.laws.oracle.tick import Tick, run
from tests.laws.product import asked, write_events, write_leads
from tests.laws.random_company import Day, Life, RandomRules, random_settings, random_team, statuses
from tests.laws.small_company import Company, company
from tests.suites.running import leadrules, rows

COMPANIES = max(int(os.environ.get("LAW_EXAMPLES", "0")) // 200, 1)
TICKS = 6
STRICT = {"owner_changes": "0%", "moves": 0, "rejects": 0}


@pytest.mark.parametrize("seed", range(1, COMPANIES + 1))
def test_a_stopped_run_writes_nothing_and_any_other_what_the_model_decides(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    rules, team = RandomRules(random), random_team(random)
    settings = random_settings(random) | {"guards": STRICT}
    own = company(tmp_path, rules.text(), team=team, **settings)
    life, model, last = Life(random, rules, team), Remembered(), None
    for _ in range(TICKS):
        day = life.next_day({} if last is None else last.decisions, statuses(model))
        if day.is_edited or day.has_new_team:
            own = company(tmp_path, rules.text(), team=life.team, **settings)
        tick, before = run(asked(own, day), model), written(tmp_path)
        export(tmp_path, day)
        if list(exceeded(asked(own, day), model, tick, len(day.bad_leads), len(day.bad_events))) or tick.broken:
            stopped = leadrules(*command(tmp_path, day))
            assert (stopped.exit_code, written(tmp_path)) == (1, before), stopped.output
            if not life.is_forced():
                continue
        done = leadrules(*command(tmp_path, day), "--force")
        assert done.exit_code == 0, done.output
        agree_on_files(own, day, tick)
        after = written(tmp_path)
        assert leadrules(*command(tmp_path, day), "--force").exit_code == 0
        assert written(tmp_path) == after, "the same run once more changes nothing"
        model, last = tick.state, tick


def export(folder: Path, day: Day) -> None:
    """A day's files, with the rows that nobody can read."""
    write_leads(folder / "leads.csv", [*day.leads, *day.bad_leads], day.missing)
    write_events(folder / "events.csv", [*day.events, *day.bad_events])


def command(folder: Path, day: Day) -> list[str]:
    """The run of a day."""
    options = {name: value for name, value in day.options.items() if value}
    since = [f"--since={options.pop('since').isoformat()}"] if "since" in options else []
    flags = [f"--{name.replace('_', '-')}" for name in options]
    place = ["--project", str(folder), "--out", str(folder / "out")]
    return ["run", *place, f"--as-of={day.as_of.isoformat()}", *since, *flags]


def written(folder: Path) -> dict[str, bytes]:
    """What runs leave: the files of the last one, and the state, but for the lock that keeps a second writer out."""
    paths = (path for place in ("out", "state") for path in sorted((folder / place).rglob("*")))
    found = (path for path in paths if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def agree_on_files(own: Company, day: Day, tick: Tick) -> None:
    """The files of a run say what the model decides."""
    out = own.folder / "out"
    zone = ZoneInfo(own.project.timezone)
    for name, expected in (("actions", tick.actions), ("withheld", tick.withheld)):
        assert sorted(map(_line, rows(out / f"{name}.csv"))) == sorted(_line_of(row, zone) for row in expected)
    found = {row["id"]: (row["owner"], row["sequence"], row["step"]) for row in rows(out / "decisions.csv")}
    assert found == {
        key: tuple("" if one[name] is None else str(one[name]) for name in ("owner", "sequence", "step"))
        for key, one in tick.decisions.items()
    }
    counts = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["counts"]
    assert counts["not_yet_in_crm"] == tick.not_yet_in_crm
    assert (counts["leads_in"], counts["decided"]) == (len(day.leads) + len(day.bad_leads), len(day.leads))
    assert counts["rejected"] + counts["events_rejected"] == day.rejected
    assert len({(row["source"], row["line"]) for row in rows(out / "rejects.csv")}) == day.rejected


def _line(row: dict[str, str]) -> tuple[str, ...]:
    names = ("key", "kind", "what", "value", "due", "template", "rule")
    return (*(row[name] for name in names), row.get("reason", ""), str(row["auto"] == "true"))


def _line_of(row: Row, zone: ZoneInfo) -> tuple[str, ...]:
    due = "" if row.due is None else row.due.astimezone(zone).isoformat()
    return row.key, row.kind, row.what, row.value, due, row.template, row.rule, row.reason, str(row.auto)
