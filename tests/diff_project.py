"""Small projects in two versions, for the tests of `diff` and `changelog`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from leadrules.review.diff.edits import Edit, edits_between
from leadrules.review.diff.revisions import Side, open_side
from leadrules.review.diff.words import sentence
from leadrules.review.workspace import open_workspace

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "x-key": True},
        "title": {"type": "string"},
        "employees": {"type": "integer", "minimum": 0},
        "country": {"type": "string"},
        "owner": {"type": "string"},
        "created_at": {"type": "string", "format": "date"},
    },
}
EVENTS = {"properties": {"demo": {"type": "object", "properties": {}}, "mail": {"type": "object", "properties": {}}}}
TEAM = "reps:\n  ann@x: {active: true}\n  bob@x: {active: true}\nteams: {inside: [ann@x, bob@x]}\nqueues: [pool]\n"
YAML = (
    "version: 1\nname: tiny\nfields: {owner: owner}\nsources: {leads: {path: leads.csv}, events: {path: events.csv}}\n"
)


def project(folder: Path, rules: str, leads: str = "id\n", events: str = "lead_id,type,at\n", yaml: str = YAML) -> Path:
    """A project with these rules in rules/a.lead."""
    place = folder / "rules"
    place.mkdir(parents=True, exist_ok=True)
    (folder / "leadrules.yaml").write_text(yaml, encoding="utf-8")
    (place / "lead.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    (place / "events.schema.json").write_text(json.dumps(EVENTS), encoding="utf-8")
    (place / "team.yaml").write_text(TEAM, encoding="utf-8")
    (place / "a.lead").write_text(rules, encoding="utf-8")
    (folder / "leads.csv").write_text(leads, encoding="utf-8")
    (folder / "events.csv").write_text(events, encoding="utf-8")
    return folder


def sides(folder: Path, old: str, new: str, yaml: str = YAML) -> tuple[Side, Side]:
    """Both versions, compiled."""
    before, after = project(folder / "old", old, yaml=yaml), project(folder / "new", new, yaml=yaml)
    working = open_workspace(after).project
    assert working is not None
    found = open_side(working, str(before), folder), open_side(working, None, folder)
    assert not found[0].errors, found[0].errors
    assert not found[1].errors, found[1].errors
    return found


def edits(folder: Path, old: str, new: str, yaml: str = YAML) -> list[tuple[Edit, str]]:
    """The edits between two texts of rules, each with its sentence."""
    base, head = sides(folder, old, new, yaml)
    assert base.ruleset is not None
    assert head.ruleset is not None
    return [(edit, sentence(edit, base, head)) for edit in edits_between(base.ruleset, head.ruleset)]


def leadrules(*arguments: str | Path) -> Result:
    """The program; a crash of ours fails the test."""
    from leadrules.cli.main import cli

    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


def diff(base: Path, head: Path, *options: str) -> dict[str, Any]:
    """The document of a diff of two folders, on the data of the second."""
    done = leadrules("diff", base, "--project", head, "--format", "json", *options)
    assert done.exit_code in (0, 1), done.output
    document: dict[str, Any] = json.loads(done.stdout)
    return document
