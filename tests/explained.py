"""A small project whose every answer can be worked out by hand, and `explain` of one of its leads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl

from leadrules.lifecycle.model import State
from leadrules.lifecycle.run import Outcome, RunRequest, execute
from leadrules.review.explain.explain import asked, explain
from leadrules.review.explain.words import rule_files
from leadrules.review.workspace import open_workspace
from leadrules.ruleset.support import for_run

LEAD_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "x-key": True},
        "created_at": {"type": "string", "format": "date-time"},
        "owner": {"type": "string"},
        "email": {"type": "string"},
        "industry": {"type": "string", "enum": ["Software", "Retail", "Finance"]},
        "employees": {"type": "integer", "minimum": 0},
        "title": {"type": "string"},
        "country": {"type": "string"},
        "opted_out": {"type": "boolean"},
        "renewal": {"type": "string", "format": "date"},
        "status": {"type": "string"},
        "interests": {"type": "array", "items": {"type": "string"}},
    },
}
EVENT_SCHEMA = {
    "type": "object",
    "properties": {
        "page_viewed": {"type": "object", "properties": {"path": {"type": "string"}}},
        "email_opened": {"type": "object", "properties": {}},
        "email_clicked": {"type": "object", "properties": {"campaign": {"type": "string"}}},
        "form_submitted": {"type": "object", "properties": {"form": {"type": "string"}}},
        "call_made": {"type": "object", "properties": {}},
        "meeting_scheduled": {"type": "object", "properties": {}},
    },
}
TEAM = """
reps:
  sato: {name: 佐藤, capacity: {per_day: 1}, industries: [Software]}
  lee: {name: Lee, industries: [Software, Retail]}
  kim: {active: false, industries: [Software]}
  ito: {name: Ito, away: [2026-10-30..2026-11-02], industries: [Software]}
  mori: {name: Mori, hours: {days: Mon-Fri, from: "09:00", to: "12:00"}, industries: [Finance]}
teams:
  inside: [sato, lee, kim, ito, mori]
queues: [nurture]
"""
PROJECT = """
version: 1
name: small
timezone: Asia/Tokyo
fields: {key: id, owner: owner, created: created_at, email: email}
duplicates: {by: [email], keep: oldest}
sources:
  leads: {path: leads.csv}
  events: [{path: events.csv}]
channels: [email, call]
templates: {intro: intro.md}
"""
HEADER = "id,created_at,owner,email,industry,employees,title,country,opted_out,renewal,status\n"
EVENT_HEADER = "lead_id,type,at,path,campaign,form\n"
AS_OF = "2026-10-30T03:00:00+00:00"  # noon in Tokyo, a Friday


def write(folder: Path, rules: str, leads: str, events: str = "") -> Path:
    """The project in a folder."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    files = {
        "leadrules.yaml": PROJECT,
        "intro.md": "Hello",
        "rules/lead.schema.json": json.dumps(LEAD_SCHEMA),
        "rules/events.schema.json": json.dumps(EVENT_SCHEMA),
        "rules/team.yaml": TEAM,
        "rules/rules.lead": dedent(rules),
        "leads.csv": HEADER + leads,
        "events.csv": EVENT_HEADER + events,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def request(folder: Path, as_of: str = AS_OF, state: State | None = None) -> RunRequest:
    """A run over the project in a folder."""
    workspace = open_workspace(folder)
    assert workspace.ruleset is not None, workspace.diagnostics
    assert workspace.project is not None
    assert workspace.project.leads is not None
    return RunRequest(
        workspace.project,
        for_run(workspace.ruleset),
        workspace.project.leads,
        workspace.project.events,
        as_of=datetime.fromisoformat(as_of).astimezone(UTC),
        state=state,
    )


def outcome(folder: Path, *keys: str, as_of: str = AS_OF, state: State | None = None) -> Outcome:
    """A run that watches leads."""
    return execute(replace(request(folder, as_of, state), watched=keys))


def document(ran: Outcome, key: str, name: str | None = None, history: pl.DataFrame | None = None) -> dict[str, Any]:
    """What `explain` says of a lead."""
    return explain(ran, key, asked(ran.request.ruleset, name), rule_files(ran.request.project), history)


def named(found: Mapping[str, Any], name: str, kind: str = "definitions") -> dict[str, Any]:
    """The part of a document that bears a name."""
    return next(one for one in found[kind] if one["name"] == name)


@cache
def example(name: str) -> Outcome:
    """A run over an example company, which nobody watches."""
    root = Path(__file__).resolve().parents[1] / "examples" / name
    workspace = open_workspace(root)
    assert workspace.ruleset is not None
    assert workspace.project is not None
    assert workspace.project.leads is not None
    project = workspace.project
    return execute(RunRequest(project, for_run(workspace.ruleset), workspace.project.leads, project.events))
