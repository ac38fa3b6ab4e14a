"""A small company as a project folder: its schemas, a team and rules, compiled; and runs of the model over it.

In: a folder, rule text, reps. Out: the project with its ruleset, leads and events as the readers would give them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml
from tests.laws.oracle.memory import Event, Inputs, Lead, State
from tests.laws.oracle.tick import Tick, run

from leadrules.project.model import Project
from leadrules.review.workspace import open_workspace
from leadrules.ruleset.model import Ruleset

STATUSES = ["New", "Working", "Nurturing", "Customer", "Closed"]
INDUSTRIES = ["Software", "Retail", "Fintech"]
FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "string"},
    "created_at": {"type": "string", "format": "date-time"},
    "owner": {"type": "string"},
    "status": {"type": "string", "enum": STATUSES},
    "industry": {"type": "string", "enum": INDUSTRIES},
    "domain": {"type": "string"},
    "employees": {"type": "integer"},
    "opted_out": {"type": "boolean"},
    "renewal": {"type": "string", "format": "date"},
    "sdr": {"type": "string"},
    "current_sequence": {"type": "string"},
}
EVENTS: dict[str, dict[str, Any]] = {
    "form_submitted": {"form": {"type": "string"}},
    "email_replied": {},
    "email_opened": {},
    "call_made": {"minutes": {"type": "number"}},
    "out_of_office": {"until": {"type": "string", "format": "date"}},
}
SETTINGS: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "timezone": "Asia/Tokyo",
    "holidays": ["2026-03-20", "2026-04-29"],
    "fields": {"key": "id", "owner": "owner", "created": "created_at"},
    "sources": {"leads": {"path": "leads.csv"}, "events": {"path": "events.csv"}},
    "templates": {"intro": "templates/intro.md", "thanks": "templates/thanks.md", "price": "templates/price.md"},
    "state": "state",
}
TEAM: dict[str, Any] = {
    "reps": {
        "ann": {"active": True, "industries": ["Software", "Retail"], "win_rate": 0.5},
        "bob": {"active": True, "industries": ["Retail"], "weight": 2, "win_rate": 0.25},
        "eve": {"active": True, "industries": ["Fintech"]},
        "old": {"active": False},
    },
    "teams": {"inside": ["ann", "bob", "eve", "old"], "pair": ["ann", "bob"]},
    "queues": ["nurture", "marketing"],
}


@dataclass(frozen=True, slots=True)
class Company:
    """A project folder, opened."""

    folder: Path
    project: Project
    ruleset: Ruleset


def company(folder: Path, rules: str, *, team: dict[str, Any] | None = None, **settings: Any) -> Company:
    """Write and compile a company."""
    write(folder, rules, team=team, **settings)
    return opened(folder)


def write(folder: Path, rules: str, *, team: dict[str, Any] | None = None, **settings: Any) -> None:
    """Write the files of a company; leads and events are left alone."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "templates").mkdir(exist_ok=True)
    for name in SETTINGS["templates"]:
        (folder / "templates" / f"{name}.md").write_text("Hello\n", encoding="utf-8")
    (folder / "leadrules.yaml").write_text(yaml.safe_dump(SETTINGS | settings), encoding="utf-8")
    (folder / "rules" / "team.yaml").write_text(yaml.safe_dump(team or TEAM, sort_keys=False), encoding="utf-8")
    leads = {"type": "object", "properties": FIELDS, "required": ["id"]}
    (folder / "rules" / "lead.schema.json").write_text(json.dumps(leads), encoding="utf-8")
    events = {name: {"type": "object", "properties": own} for name, own in EVENTS.items()}
    (folder / "rules" / "events.schema.json").write_text(json.dumps({"properties": events}), encoding="utf-8")
    (folder / "rules" / "rules.lead").write_text(dedent(rules), encoding="utf-8")


def opened(folder: Path) -> Company:
    """The company in a folder, compiled."""
    workspace = open_workspace(folder)
    assert workspace.ruleset is not None, [str(d) for d in workspace.diagnostics if d.severity == "error"]
    assert workspace.project is not None
    return Company(folder, workspace.project, workspace.ruleset)


def moment(text: str) -> datetime:
    """A clock time of Tokyo, or with an offset, as an instant."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else datetime.fromisoformat(f"{text}+09:00")).astimezone(UTC)


def lead(key: str, **values: Any) -> Lead:
    """A lead, blank but for what is given."""
    return dict.fromkeys(FIELDS) | {"id": key, "created_at": moment("2026-01-05T09:00")} | values


def event(lead_key: str, type_: str, at: str, **values: Any) -> Event:
    """An event of a lead."""
    return {"lead": lead_key, "type": type_, "at": moment(at)} | values


@dataclass(slots=True)
class World:
    """The model's side of a company: what it remembers from tick to tick."""

    company: Company
    state: State = field(default_factory=State)

    def tick(self, as_of: str, leads: list[Lead], events: list[Event] | None = None, **options: Any) -> Tick:
        """One run."""
        own = self.company
        inputs = Inputs(own.project, own.ruleset, own.project.team, leads, events or [], moment(as_of), **options)
        done = run(inputs, self.state)
        self.state = done.state
        return done
