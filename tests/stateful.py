"""A small project whose runs have a state, for the tests of the state: written to a folder, run as the program runs it."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from leadrules.lifecycle.files import OURS, WriteOptions
from leadrules.lifecycle.run import Outcome, RunRequest, execute
from leadrules.lifecycle.state.conclude import Concluded, conclude
from leadrules.lifecycle.state.store import load
from leadrules.lifecycle.state.writer import finish_interrupted, writer
from leadrules.review.workspace import open_workspace

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "x-key": True},
        "points": {"type": "number"},
        "status": {"type": "string"},
        "owner": {"type": "string"},
        "created_at": {"type": "string", "format": "date-time"},
    },
}
EVENTS = {
    "type": "object",
    "properties": {
        "form": {"type": "object", "properties": {"name": {"type": "string"}}},
        "opened": {"type": "object", "properties": {}},
    },
}
TEAM = "reps:\n  sato: {active: true}\n  lee: {active: true}\nteams:\n  inside: [sato, lee]\nqueues: [nurture]\n"
RULES = """
band heat of points { hot: from 70  warm: from 40  cold: otherwise }
segment keen when points >= 50
stages life { customer: when status = "Customer"  lead: otherwise }
define days = days_between(life.since, now)
trigger hot { on enter heat hot  do notify "desk" "hot" }
trigger form { on form  do set status = "Working" }
route sales { inside: team inside by round_robin when heat is at least warm }
"""


def write_project(folder: Path, rules: str = RULES) -> Path:
    """The project's own files; leads and events come with each run."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "leadrules.yaml").write_text(
        "version: 1\nname: small\nsources:\n  leads: {path: leads.csv}\n  events: [{path: events.csv}]\n"
    )
    (folder / "rules" / "lead.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "rules" / "events.schema.json").write_text(json.dumps(EVENTS))
    (folder / "rules" / "team.yaml").write_text(TEAM)
    (folder / "rules" / "rules.lead").write_text(rules)
    return folder


def write_leads(folder: Path, leads: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]] = ()) -> None:
    """The two exports of a day."""
    _write(folder / "leads.csv", ["id", "points", "status", "owner", "created_at"], leads)
    _write(folder / "events.csv", ["lead_id", "type", "at", "name"], events)


def _write(path: Path, columns: list[str], rows: Sequence[Mapping[str, Any]]) -> None:
    used = [name for name in columns if not rows or any(name in row for row in rows)]
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, used)
        table.writeheader()
        table.writerows(rows)


def outcome_of(folder: Path, as_of: str, **options: Any) -> Outcome:
    """A run that nothing is written of."""
    workspace = open_workspace(folder)
    assert workspace.ruleset is not None, workspace.diagnostics
    assert workspace.project is not None
    project = workspace.project
    assert project.leads is not None
    at = datetime.fromisoformat(as_of + "+00:00")
    state = load(project.state)
    request = RunRequest(project, workspace.ruleset, project.leads, project.events, as_of=at, state=state, **options)
    return execute(request)


def run(folder: Path, as_of: str, **options: Any) -> Concluded:
    """A run with its commit."""
    state = folder / ".leadrules" / "state"
    with writer(state, "a test"):
        finish_interrupted(state, OURS)
        outcome = outcome_of(folder, as_of, **options)
        how = {name: str(value) for name, value in sorted(options.items())}
        return conclude(outcome, state, folder / "out", WriteOptions(), how)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
