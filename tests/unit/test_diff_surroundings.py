"""Edits of the schemas, of team.yaml and of what leadrules.yaml says of runs: one edit, one line of words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.diff_project import YAML, diff, leadrules, project

TEAM = """\
reps:
  ann@x: {name: Ann, capacity: {per_day: 40}, industries: [Retail]}
  bob@x: {away: [2026-05-01]}
  cat@x: {weight: 2}
teams:
  inside: [ann@x, bob@x]
  junior: [cat@x]
queues: [pool, old]
"""
RULES = "route r { a: team inside by round_robin when employees > 3  rest: queue pool otherwise }\n"
LEADS = "id,employees,owner,created_at\n" + "".join(f"{n},{n},,2026-01-{n:02}\n" for n in range(1, 9))
BOB = "  bob@x: {away: [2026-05-01]}"
EDITS = [
    ("per_day: 40", "per_day: 20", "rep ann@x has capacity per day 20 instead of 40"),
    ("per_day: 40", "per_day: 40, open: 1500", "rep ann@x now has open capacity 1,500"),
    ("capacity: {per_day: 40}, ", "", "rep ann@x no longer has capacity per day 40"),
    ("[Retail]", "[Retail, Software]", "rep ann@x has rep.industries Retail, Software instead of Retail"),
    ("weight: 2", "weight: 0.5", "rep cat@x has weight 0.5 instead of 2"),
    (
        "away: [2026-05-01]",
        "away: [2026-05-01, 2026-11-01..2026-11-05]",
        "rep bob@x is away 2026-11-01..2026-11-05",
    ),
    ("away: [2026-05-01]", "active: true", "rep bob@x is no longer away 2026-05-01"),
    ("away: [2026-05-01]", "away: [2026-05-01], active: false", "rep bob@x is no longer active"),
    (
        "weight: 2",
        'weight: 2, hours: {days: [Mon, Tue], from: "09:00", to: "18:00", timezone: Asia/Tokyo}',
        "rep cat@x now has hours Mon, Tue 09:00 to 18:00 in Asia/Tokyo",
    ),
    ("weight: 2", "weight: 2, holidays: [JP, 2026-06-01]", "rep cat@x now has holidays JP, 2026-06-01"),
    ("[cat@x]", "[cat@x, bob@x]", "rep bob@x is now in team junior"),
    ("junior: [cat@x]", "junior: []", "rep cat@x is no longer in team junior"),
    ("[ann@x, bob@x]", "[bob@x, ann@x]", "team inside has its reps in another order: bob@x, ann@x"),
    ("junior: [cat@x]\n", "junior: [cat@x]\n  emea: [ann@x]\n", "team emea is new: ann@x"),
    ("  junior: [cat@x]\n", "", "team junior is gone"),
    (", old]", "]", "queue old is gone"),
    (", old]", ", old, vip]", "queue vip is new"),
    (BOB, BOB + "\n  dan@x: {name: Dan, weight: 3}", "rep dan@x is new: Dan, weight 3"),
    ("bob@x: {", "bob@x: {active: true, weight: 1, ", None),  # what is so without it is no edit
]


@pytest.mark.parametrize(("old", "new", "words"), EDITS, ids=[str(case[2]) for case in EDITS])
def test_one_edit_of_the_team_is_told_in_words(tmp_path: Path, old: str, new: str, words: str | None) -> None:
    assert TEAM.count(old) == 1, old
    base, head = (project(tmp_path / name, RULES, LEADS) for name in ("base", "head"))
    (base / "rules/team.yaml").write_text(TEAM, encoding="utf-8")
    (head / "rules/team.yaml").write_text(TEAM.replace(old, new), encoding="utf-8")
    document = diff(base, head, "--no-state")
    told = [] if words is None else [words]
    assert [one["words"] for one in document["edits"]] == told
    assert document["leads"]["changed"] == 0  # both versions are run with the team of today
    assert [one["leads"] for one in document["edits"]] == [None] * len(told)


def test_what_stands_in_another_order_and_says_the_same_is_no_edit(tmp_path: Path) -> None:
    base, head = (project(tmp_path / name, RULES, LEADS) for name in ("base", "head"))
    team = TEAM.replace("[2026-05-01]", "[2026-05-01, 2026-06-01]").replace("[cat@x]", "[cat@x, ann@x]")
    (base / "rules/team.yaml").write_text(team, encoding="utf-8")
    teams = ("  inside: [ann@x, bob@x]\n", "  junior: [cat@x, ann@x]\n")
    assert "".join(teams) in team
    team = team.replace("[2026-05-01, 2026-06-01]", "[2026-06-01, 2026-05-01]")
    (head / "rules/team.yaml").write_text(team.replace("".join(teams), "".join(reversed(teams))), encoding="utf-8")
    for folder, columns in ((base, "id: id, title: Title"), (head, "title: Title, id: id")):
        yaml = YAML.replace("leads.csv}", f"leads.csv, columns: {{{columns}}}}}")
        (folder / "leadrules.yaml").write_text(yaml, encoding="utf-8")
        (folder / "leads.csv").write_text(
            "id,Title,employees,owner,created_at\n1,CEO,4,,2026-01-01\n", encoding="utf-8"
        )
    assert diff(base, head, "--no-state")["edits"] == []


def test_a_rep_that_changes_teams_is_one_edit(tmp_path: Path) -> None:
    base, head = (project(tmp_path / name, RULES, LEADS) for name in ("base", "head"))
    (base / "rules/team.yaml").write_text(TEAM, encoding="utf-8")
    moved = TEAM.replace("[ann@x, bob@x]", "[ann@x]").replace("[cat@x]", "[cat@x, bob@x]")
    (head / "rules/team.yaml").write_text(moved, encoding="utf-8")
    (edit,) = diff(base, head, "--no-state")["edits"]
    assert edit["words"] == "rep bob@x is now in team junior; is no longer in team inside"
    assert edit["path"] == "team.yaml rep bob@x"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("guards: {owner_changes: 5%}\n", "leadrules.yaml: guards.owner_changes: 5% instead of none"),
        ("guards: {moves: 2000}\n", "leadrules.yaml: guards.moves: 2,000 instead of none"),
        ("guards: {jump: 1 day}\n", "leadrules.yaml: guards.jump: 1 day instead of none"),
        ("late_events: 3 days\n", "leadrules.yaml: late events: 3 days instead of 7 days"),
        ("duplicates: {by: [title]}\n", "leadrules.yaml: duplicates: by title, keep oldest instead of none"),
        ("budgets: {owner: 5%}\n", "leadrules.yaml: budgets.owner: 5% instead of none"),
        ("late_events: 7 days\n", None),
    ],
)
def test_a_setting_of_runs_is_told_in_words(tmp_path: Path, more: str, words: str | None) -> None:
    base, head = project(tmp_path / "base", RULES, LEADS), project(tmp_path / "head", RULES, LEADS, yaml=YAML + more)
    assert [one["words"] for one in diff(base, head, "--no-state")["edits"]] == ([] if words is None else [words])


def test_an_edit_of_the_sources_is_told_in_words(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base", RULES, LEADS), project(tmp_path / "head", RULES, LEADS)
    (head / "more.csv").write_text("lead_id,type,at\n", encoding="utf-8")
    (head / "leadrules.yaml").write_text(
        YAML.replace("leads.csv}", "leads.csv, encoding: cp932, columns: {id: Lead ID}}").replace(
            "{path: events.csv}", "[{path: events.csv, repeats: drop}, {path: more.csv, type: demo}]"
        ),
        encoding="utf-8",
    )
    (head / "leads.csv").write_text(LEADS.replace("id,", "Lead ID,", 1), encoding="utf-8")
    assert [one["words"] for one in diff(base, head, "--no-state")["edits"]] == [
        "leadrules.yaml: sources.leads now has encoding cp932; now reads id: Lead ID",
        "leadrules.yaml: sources.events events.csv now has repeats drop",
        "leadrules.yaml: sources.events more.csv (demo) is new",
    ]


def test_duplicates_that_move_leads_are_behind_them(tmp_path: Path) -> None:
    rules = "segment twice when duplicate_of is not blank\n"
    leads = "id,title,created_at\n1,CEO,2026-01-01\n2,CEO,2026-01-02\n3,CTO,2026-01-03\n"
    base = project(tmp_path / "base", rules, leads)
    head = project(tmp_path / "head", rules, leads, yaml=f"{YAML}duplicates: {{by: [title]}}\n")
    (segment,) = diff(base, head, "--no-state")["segments"]
    assert (segment["before"], segment["after"]) == (0, 1)
    assert segment["because"] == [{"edit": "leadrules.yaml duplicates", "leads": 1}]


def test_the_screen_and_the_changelog_tell_the_team(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base", RULES, LEADS), project(tmp_path / "head", RULES, LEADS)
    (base / "rules/team.yaml").write_text(TEAM, encoding="utf-8")
    (head / "rules/team.yaml").write_text(TEAM.replace("weight: 2", "weight: 3"), encoding="utf-8")
    screen = leadrules("diff", base, "--project", head, "--no-state").stdout
    assert "rep cat@x has weight 3 instead of 2" in screen
    assert "both versions are run with the team" in screen
    assert "the rules say the same" not in screen
    changes = leadrules("changelog", base, "--project", head, "--no-state", "--format", "markdown").stdout
    assert "The team" in changes
    assert "- rep cat@x has weight 3 instead of 2." in changes


PROPERTIES: dict[str, Any] = {
    "id": {"type": "string", "x-key": True},
    "title": {"type": "string", "x-columns": ["Title", "役職"]},
    "employees": {"type": "integer", "minimum": 0, "x-blanks": ["-1"]},
    "stage": {"type": "string", "enum": ["New", "Old"]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "owner": {"type": "string"},
    "created_at": {"type": "string", "format": "date"},
}
_SCHEMA_EDITS: list[tuple[str, dict[str, Any] | None, str | None]] = [
    ("plan", {"type": "string"}, "field plan is new: text"),
    ("plan", {"type": "boolean", "x-columns": ["Plan?"]}, 'field plan is new: yes/no, x-columns "Plan?"'),
    ("plan", {"type": "string", "enum": ["b", "a"]}, 'field plan is new: a choice, enum "a", "b"'),
    ("tags", None, "field tags is gone"),
    ("title", {"type": "number", "x-columns": ["Title", "役職"]}, "field title is now a number instead of text"),
    (
        "employees",
        {"type": "number", "minimum": 0, "x-blanks": ["-1"]},
        "field employees is now a number instead of a whole number",
    ),
    ("created_at", {"type": "string", "format": "date-time"}, "field created_at is now a datetime instead of a date"),
    (
        "stage",
        {"type": "string", "enum": ["New", "Won", "Lost"]},
        'field stage may now be "Lost", "Won"; may no longer be "Old"',
    ),
    ("stage", {"type": "string"}, 'field stage is now text instead of a choice; no longer has enum "New", "Old"'),
    (
        "tags",
        {"type": "array", "items": {"type": "string", "enum": ["a, b"]}, "x-separator": "|"},
        'field tags now has enum "a, b"; now has x-separator "|"',
    ),
    (
        "title",
        {"type": "string", "x-columns": ["役職", "Title"]},
        'field title has its x-columns in another order: "役職", "Title"',
    ),
    (
        "title",
        {"type": "string", "x-columns": ["Title", "Job"]},
        'field title now has x-columns "Job"; no longer has x-columns "役職"',
    ),
    ("title", {"type": "string"}, 'field title no longer has x-columns "Title", "役職"'),
    ("employees", {"type": "integer", "minimum": 0, "x-blanks": ["-1", "?"]}, 'field employees now has x-blanks "?"'),
    ("employees", {"type": "integer", "minimum": 1, "x-blanks": ["-1"]}, "field employees has minimum 1 instead of 0"),
    (
        "employees",
        {"type": "integer", "exclusiveMaximum": 0.00001, "minimum": 0, "x-blanks": ["-1"]},
        "field employees now has exclusiveMaximum 1e-05",
    ),
    (
        "owner",
        {"type": "string", "format": "email", "maxLength": 80, "x-api-name": "OwnerId"},
        'field owner now has x-api-name "OwnerId"; now has format "email"; now has maxLength 80',
    ),
    # What is so without it, what says the same, and what says nothing to a run.
    ("tags", {"type": ["array", "null"], "items": {"type": "string"}, "x-separator": ";"}, None),
    ("stage", {"type": "string", "enum": ["Old", "New"], "description": "How far", "title": "Stage"}, None),
    ("employees", {"type": "integer", "minimum": 0.0, "x-blanks": ["-1"]}, None),
]


def _write(folder: Path, schema: str, properties: dict[str, Any], **more: Any) -> None:
    text = json.dumps({"type": "object", "properties": properties, **more})
    (folder / "rules" / f"{schema}.schema.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("name", "new", "words"), _SCHEMA_EDITS, ids=[str(case[2]) for case in _SCHEMA_EDITS])
def test_one_edit_of_a_lead_field_is_told_in_words(
    tmp_path: Path, name: str, new: dict[str, Any] | None, words: str | None
) -> None:
    rules = 'segment here when id != "0"\n'
    base, head = (project(tmp_path / side, rules, "id\n1\n") for side in ("base", "head"))
    _write(base, "lead", PROPERTIES)
    _write(head, "lead", {key: value for key, value in {**PROPERTIES, name: new}.items() if value is not None})
    document = diff(base, head, "--no-state")
    told = [] if words is None else [(f"lead.schema.json field {name}", words, None)]
    assert [(one["path"], one["words"], one["leads"]) for one in document["edits"]] == told
    assert document["leads"]["changed"] == 0


def test_a_field_that_is_now_required_is_read_so_by_both_versions(tmp_path: Path) -> None:
    rules = 'segment here when country = "JP"\n'
    leads = "id,country\n1,JP\n2,\n"
    yaml = YAML.replace("fields: {owner: owner}\n", "")
    base, head = (project(tmp_path / side, rules, leads, yaml=yaml) for side in ("base", "head"))
    fields = {"id": {"type": "string"}, "country": {"type": "string"}}
    _write(base, "lead", fields)
    _write(head, "lead", fields, required=["country"])
    document = diff(base, head, "--no-state")
    assert [one["words"] for one in document["edits"]] == ["field country is now required"]
    assert (document["leads"]["rejected_base"], document["leads"]["rejected_head"]) == (1, 1)
    back = diff(head, base, "--no-state")
    assert [one["words"] for one in back["edits"]] == ["field country is no longer required"]


def test_edits_of_the_events_are_told_in_words(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base", RULES, LEADS), project(tmp_path / "head", RULES, LEADS)

    def event(**fields: Any) -> dict[str, Any]:
        return {"type": "object", "properties": fields}

    _write(
        base,
        "events",
        {"demo": event(seats={"type": "integer"}, gone={"type": "string"}), "mail": event(a={"type": "string"})},
    )
    new = {"type": "string"}
    _write(head, "events", {"call": event(minutes=new, who=new), "demo": event(seats={"type": "number"}, plan=new)})
    edits = diff(base, head, "--no-state")["edits"]
    assert [(one["path"], one["kind"], one["words"]) for one in edits] == [
        ("events.schema.json event call", "added", "event call is new: fields minutes, who"),
        (
            "events.schema.json field demo.seats",
            "changed",
            "field demo.seats is now a number instead of a whole number",
        ),
        ("events.schema.json field demo.plan", "added", "field demo.plan is new: text"),
        ("events.schema.json field demo.gone", "removed", "field demo.gone is gone"),
        ("events.schema.json event mail", "removed", "event mail is gone"),
    ]


def test_a_rule_over_a_field_of_another_type_is_an_edit_of_its_own(tmp_path: Path) -> None:
    rules = "segment known when country is not blank\n"
    leads, yaml = "id,country\n1,81\n2,\n", YAML.replace("fields: {owner: owner}\n", "")
    base, head = (project(tmp_path / side, rules, leads, yaml=yaml) for side in ("base", "head"))
    _write(base, "lead", {"id": {"type": "string"}, "country": {"type": "string"}})
    _write(head, "lead", {"id": {"type": "string"}, "country": {"type": "number"}})
    schema, rule = diff(base, head, "--no-state")["edits"]
    assert (schema["words"], schema["leads"]) == ("field country is now a number instead of text", None)
    assert (rule["path"], rule["leads"]) == ("known", 0)


def test_the_screen_and_the_changelog_tell_the_schemas(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base", RULES, LEADS), project(tmp_path / "head", RULES, LEADS)
    _write(base, "lead", PROPERTIES)
    _write(head, "lead", {**PROPERTIES, "plan": {"type": "string"}})
    screen = leadrules("diff", base, "--project", head, "--no-state").stdout
    assert "field plan is new: text" in screen
    assert "both versions are run with the team, the sources, the schemas" in screen
    assert "the rules say the same" not in screen
    changes = leadrules("changelog", base, "--project", head, "--no-state", "--format", "markdown").stdout
    assert "Fields and events" in changes
    assert "- field plan is new: text." in changes
