"""leadrules.yaml and the whole load: the contract's own example, defaults, every mistake at once, paths, exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import holidays
import pytest
from jsonschema import Draft202012Validator

from leadrules.core.codes.entry import Code
from leadrules.core.codes.project import ENTRIES
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.resources import grammar_text
from leadrules.project import values
from leadrules.project.project import LoadResult, find_project, load_project
from leadrules.review.workspace import open_workspace

EXAMPLE = Path(__file__).parents[1] / "language" / "project"
LEADS = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "owner": {"type": "string"},
        "created_at": {"type": "string", "format": "date-time"},
        "email": {"type": "string", "format": "email"},
        "current_sequence": {"type": "string"},
        "employees": {"type": "integer"},
    },
}
EVENTS = {
    "type": "object",
    "properties": {"deal_won": {"type": "object", "properties": {"amount": {"type": "number"}}}},
}
BASE = {
    "leadrules.yaml": "version: 1\n",
    "rules/lead.schema.json": json.dumps(LEADS),
    "rules/events.schema.json": json.dumps(EVENTS),
    "rules/a.lead": "segment known when id is not blank\n",
}
CONTRACT = """\
version: 1
name: acme
timezone: Asia/Tokyo
holidays: JP                      # a country of the `holidays` library, and/or a list of dates
week: Mon-Fri
fiscal_year_starts: 4
fields: {key: id, owner: owner, created: created_at, email: email, sequence: current_sequence}
sources:
  leads:  {path: leads.csv, encoding: cp932, delimiter: ",", date_format: "%Y/%m/%d", blanks: ["", "null"]}
  events:                         # one source or a list; `type:` where a file has no type column
    - {path: "events/*.csv", columns: {id: Activity ID, lead_id: Lead ID, type: Activity, at: Occurred At}}
    - {path: deals.csv, type: deal_won, columns: {lead_id: mql_id, at: won_date}}
channels: [email, call, linkedin, sms, task]
templates: {intro: templates/intro.md, thanks: templates/thanks.md}
duplicates: {by: [email], keep: oldest}
open_leads: "status not in (\\"Converted\\", \\"Disqualified\\")"
late_events: 7 days
state: .leadrules/state
guards: {owner_changes: 5%, moves: 2000, rejects: 1%, jump: 45 days}
"""


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def load(root: Path, **files: str) -> LoadResult:
    named = {"yaml": "leadrules.yaml", "schema": "rules/lead.schema.json", "team": "rules/team.yaml"}
    return load_project(write(root, BASE | {named[name]: text for name, text in files.items()}))


def said(result: LoadResult) -> list[tuple[str, int]]:
    return [(d.code, d.span.as_json()["line"]) for d in result.diagnostics]


def test_a_template_without_its_file_is_told_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"templates/intro.md": "Hello"})
    result = load(tmp_path, yaml="version: 1\ntemplates:\n  intro: templates/intro.md\n  thanks: templates/thank.md\n")
    assert [(d.code, d.severity, d.span.as_json()["line"]) for d in result.diagnostics] == [("LR067", "warning", 4)]
    assert "`templates/thank.md`" in result.diagnostics[0].message
    assert result.project is not None


def test_the_project_file_of_the_contract(tmp_path: Path) -> None:
    write(tmp_path, {"templates/intro.md": "Hello", "templates/thanks.md": "Thank you"})
    result = load(tmp_path, yaml=CONTRACT)
    assert result.diagnostics == []
    project = result.project
    assert project is not None
    assert (project.name, project.timezone, project.week, project.holiday_country) == (
        "acme",
        "Asia/Tokyo",
        (1, 2, 3, 4, 5),
        "JP",
    )
    assert (project.key, project.owner, project.created, project.email) == ("id", "owner", "created_at", "email")
    assert project.sequence == "current_sequence"
    assert project.leads is not None
    assert (project.leads.encoding, project.leads.delimiter, project.leads.date_formats) == (
        "cp932",
        ",",
        ("%Y/%m/%d",),
    )
    assert project.leads.blanks == ("", "null")
    assert [source.type for source in project.events] == [None, "deal_won"]
    assert dict(project.events[0].columns)["at"] == "Occurred At"
    assert project.guards.owner_changes == 0.05
    assert (project.guards.moves, project.guards.moves_is_share, project.guards.jump) == (2000, False, (45, "days"))
    assert project.open_leads == 'status not in ("Converted", "Disqualified")'
    assert project.state == tmp_path.resolve() / ".leadrules/state"


def test_only_the_version_is_required_and_the_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    project = load(tmp_path).project
    assert project is not None
    assert (project.timezone, project.week, project.holiday_country, project.holiday_dates) == (
        "UTC",
        (1, 2, 3, 4, 5),
        None,
        (),
    )
    assert project.channels == ("email", "call", "linkedin", "sms", "task")
    assert (project.key, project.owner, project.created, project.email, project.sequence) == (
        "id", "owner", "created_at", "email", None,
    )  # fmt: skip
    assert project.late_events == (7, "days")
    assert (project.guards.owner_changes, project.guards.moves, project.guards.rejects, project.guards.jump) == (
        None,
    ) * 4
    assert project.leads is None
    assert project.events == ()
    assert [path.name for path in project.rule_files] == ["a.lead"]


def test_the_usual_fields_are_taken_only_where_the_schema_has_them(tmp_path: Path) -> None:
    project = load(tmp_path, schema='{"properties": {"id": {"type": "string"}}}').project
    assert project is not None
    assert (project.owner, project.created, project.email) == (None, None, None)


def test_all_mistakes_are_reported_at_once_each_once_with_a_way_out(tmp_path: Path) -> None:
    text = """\
version: 2
nme: x
timezone: Asia/Tokio
holidays: [JP, US, 2026-02-30, Jpan]
week: Mon-Fry
fiscal_year_starts: 13
fields: {key: id, ownr: x}
sources:
  leads: {path: /etc/hosts, encodng: x, delimiter: "|", date_format: YYYY}
  events: [{path: e.csv, type: deal_one}, {path: ../x}]
channels: [email, email]
guards: {owner_changes: 150%, moves: -1, jump: 45, rejects: 0.01}
late_events: 7
duplicates: {keep: newest}
"""
    result = load(tmp_path, yaml=text)
    assert said(result) == [
        ("LR055", 1), ("LR054", 2), ("LR059", 3), ("LR055", 4), ("LR061", 4), ("LR060", 4), ("LR055", 5), ("LR055", 6),
        ("LR054", 7), ("LR058", 9), ("LR054", 9), ("LR055", 9), ("LR055", 9), ("LR062", 10), ("LR058", 10), ("LR055", 11),
        ("LR055", 12), ("LR055", 12), ("LR055", 12), ("LR055", 12), ("LR055", 13), ("LR056", 14),
    ]  # fmt: skip
    assert all(d.help for d in result.diagnostics)
    assert result.broken
    assert result.project is None
    helps = {d.message: d.help for d in result.diagnostics}
    assert helps["unknown key `nme`"] == "Did you mean `name`?"
    assert helps["`Asia/Tokio` is not a time zone"] == "Did you mean `Asia/Tokyo`?"
    assert "deal_won" in helps["`deal_one` is not an event type of the event schema"]
    assert "JP" in helps["`Jpan` is not a country with known holidays"]
    assert "`Fri`" in helps["`week` cannot be `Mon-Fry`"]


@pytest.mark.parametrize(
    ("formats", "messages"),
    [
        ('"%Y/%m/%d %H:%i"', ["`%i` means nothing in it"]),
        ('["%Y/%m/%d", "令和%e年%m月%d日"]', ["`%d` stands in it twice: `%e` means the same"]),
        ('["%Y/%m", "%d.%m.%Y"]', ["it does not say the day"]),
        ('["%Y/%m/%d", "%b %e, %Y %I:%M %p", "%F %T", "100%% %d.%m.%y"]', []),
    ],
)
def test_a_date_format_by_which_nothing_can_be_read_is_a_finding(
    tmp_path: Path, formats: str, messages: list[str]
) -> None:
    result = load(tmp_path, yaml=f"version: 1\nsources:\n  leads: {{path: leads.csv, date_format: {formats}}}\n")
    assert [d.code for d in result.diagnostics] == ["LR055"] * len(messages)
    assert all(said.lower() in d.help.lower() for d, said in zip(result.diagnostics, messages, strict=True))


def test_an_empty_list_is_not_refused_for_being_a_list(tmp_path: Path) -> None:
    result = load(tmp_path, yaml="version: 1\nchannels: []\nduplicates: {by: []}\n")
    assert [d.message for d in result.diagnostics] == [
        "`channels` cannot be an empty list",
        "`duplicates.by` cannot be an empty list",
    ]


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n", "version: 1\nfields:\n", "version: 1\nname: [\n"])
def test_a_broken_project_file_is_broken(tmp_path: Path, text: str) -> None:
    result = load(tmp_path, yaml=text)
    assert result.broken
    assert result.project is None
    assert len(result.diagnostics) == 1


def test_a_broken_schema_or_team_is_a_finding_and_not_a_broken_project(tmp_path: Path) -> None:
    for broken in ({"schema": "{"}, {"schema": "[]"}, {"team": "reps: [\n"}, {"team": "*a\n"}):
        result = load(tmp_path, **broken)
        assert not result.broken
        assert result.project is None
        assert len(result.diagnostics) == 1
        (tmp_path / "rules/team.yaml").unlink(missing_ok=True)


def test_a_mistake_in_one_field_or_rep_leaves_the_others_usable(tmp_path: Path) -> None:
    schema = '{"properties": {"id": {"type": "string"}, "a": {"type": "text"}, "b": {"type": "number"}}}'
    result = load(tmp_path, schema=schema, team="reps: {a: {weight: heavy}, b: {weight: 2}}\n")
    assert said(result) == [("LR071", 1), ("LR055", 1)]
    assert result.project is not None
    assert [f.type.kind for f in result.project.lead_schema.fields] == ["text", "error", "number"]
    assert [rep.weight for rep in result.project.team.reps] == [1, 2]


def test_without_a_lead_schema_there_is_a_finding_and_no_project(tmp_path: Path) -> None:
    write(tmp_path, {"leadrules.yaml": "version: 1\n"})
    result = load_project(tmp_path)
    assert [d.code for d in result.diagnostics] == ["LR057"]
    assert not result.broken


def test_events_and_team_may_be_absent(tmp_path: Path) -> None:
    project = load_project(
        write(tmp_path, {name: BASE[name] for name in ("leadrules.yaml", "rules/lead.schema.json")})
    ).project
    assert project is not None
    assert project.event_schema == ()
    assert project.team.reps == ()


def test_files_are_found_by_name_at_any_depth_or_where_the_file_says(tmp_path: Path) -> None:
    write(
        tmp_path, {"rules/x/y/z.lead": "", "rules/.hidden/no.lead": "", "other/b.lead": "", "t.yaml": "queues: [q]\n"}
    )
    project = load(tmp_path, yaml="version: 1\nrules: [rules, other/*.lead]\nteam: t.yaml\n").project
    assert project is not None
    assert [path.relative_to(tmp_path.resolve()).as_posix() for path in project.rule_files] == [
        "rules/a.lead", "rules/x/y/z.lead", "other/b.lead",
    ]  # fmt: skip
    assert project.team.queues == ("q",)


def test_two_files_of_the_looked_for_name_must_be_told_apart(tmp_path: Path) -> None:
    write(tmp_path, {"rules/a/team.yaml": "", "rules/b/team.yaml": ""})
    result = load(tmp_path)
    assert [d.code for d in result.diagnostics] == ["LR057"]
    assert "rules/a/team.yaml" in result.diagnostics[0].message
    assert load(tmp_path, yaml="version: 1\nteam: rules/b/team.yaml\n").diagnostics == []


@pytest.mark.parametrize("path", ["../x.csv", "/etc/hosts", "a/../../x.csv", "data/*/../../../x.csv", "link/x.csv"])
def test_a_path_that_leads_outside_is_an_error(tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "project"
    root.mkdir()
    (root / "link").symlink_to(outside)
    result = load(root, yaml=f"version: 1\nsources: {{leads: {{path: '{path}'}}}}\n")
    assert [d.code for d in result.diagnostics] == ["LR058"]
    assert result.broken


def test_names_that_no_system_can_look_up_are_findings(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    long = "n" * 300
    text = f"version: 1\nrules: {long}\nteam: {long}.yaml\nlead_schema: loop\nevent_schema: loop/x.json\n"
    result = load(tmp_path, yaml=text)
    assert result.broken
    assert {d.span.as_json()["line"] for d in result.diagnostics} == {2, 3, 4, 5}


def test_a_linked_rule_file_outside_the_project_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "secret.lead").write_text("")
    root = write(tmp_path / "project", BASE)
    (root / "rules/z.lead").symlink_to(tmp_path / "secret.lead")
    assert [d.code for d in load_project(root).diagnostics] == ["LR058"]


def test_a_path_with_dots_that_stays_inside_is_fine(tmp_path: Path) -> None:
    assert load(tmp_path, yaml="version: 1\nsources: {leads: {path: rules/../leads.csv}}\n").diagnostics == []


def test_the_command_line_may_name_a_team_outside(tmp_path: Path) -> None:
    team = tmp_path / "other.yaml"
    team.write_text("queues: [late]\n")
    root = write(tmp_path / "p", BASE | {"leadrules.yaml": CONTRACT})
    project = load_project(root, team=team).project
    assert project is not None
    assert project.team.queues == ("late",)


def test_a_key_that_belongs_deeper_is_told_where_it_stands(tmp_path: Path) -> None:
    result = load_project(write(tmp_path, {"leadrules.yaml": "version: 1\nleads: leads.csv\nkey: id\nkeep: oldest\n"}))
    helps = {d.message: d.help for d in result.diagnostics if d.code == "LR054"}
    assert helps["unknown key `leads`"] == "It stands under `sources`, indented."
    assert helps["unknown key `key`"] == "It stands under `fields`, indented."
    assert helps["unknown key `keep`"] == "It stands under `duplicates`, indented."


def test_unsaved_texts_stand_in_for_the_disk(tmp_path: Path) -> None:
    root = write(tmp_path, BASE).resolve()
    result = load_project(
        root, unsaved={root / "leadrules.yaml": "version: 1\nnme: x\n", root / "rules/team.yaml": "queues: [q]\n"}
    )
    assert said(result) == [("LR054", 2)]


def test_the_project_is_found_from_any_folder_below_it(tmp_path: Path) -> None:
    root = write(tmp_path, BASE).resolve()
    (root / "a/b").mkdir(parents=True)
    assert find_project(root / "a/b") == root
    assert find_project(Path("/")) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fields: {key: lead_id}", "LR064"),
        ("fields: {owner: boss}", "LR062"),
        ("fields: {created: employees}", "LR065"),
        ("duplicates: {by: [mail]}", "LR062"),
        ("sources: {leads: {path: l.csv, columns: {emial: E}}}", "LR062"),
        ("sources: {events: {path: e.csv, columns: {amont: E}}}", "LR062"),
        ("sources: {events: {path: e.csv, type: deal_won, columns: {type: T}}}", "LR055"),
        ("sources: {leads: {path: l.csv, encoding: utf-9}}", "LR055"),
        ("sources: {leads: {path: l.csv, encoding: hex}}", "LR055"),
        ("sources: {leads: {path: l.csv, encoding: punycode}}", "LR055"),
        ("sources: {leads: {path: l.csv, encoding: raw_unicode_escape}}", "LR055"),
        ('sources: {leads: {path: l.csv, encoding: "utf-8\\0"}}', "LR055"),
        ("sources: {leads: {path: l.csv, type: deal_won}}", "LR054"),
        ("templates: {007: 5}", "LR055"),
        ('report: {benchmarks: {"+5": {"1": 2}}}', "LR054"),
        ("sources: {leads: {path: l.csv, key: id}}", "LR055"),
        ("sources: {leads: l.csv}", "LR055"),
        ("sources: {events: [e.csv]}", "LR055"),
        ("rules: nowhere", "LR066"),
        ("lead_schema: rules/none.json", "LR057"),
    ],
)
def test_names_that_the_schemas_do_not_have(tmp_path: Path, text: str, code: str) -> None:
    assert [d.code for d in load(tmp_path, yaml=f"version: 1\n{text}\n").diagnostics] == [code]


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("fields: {key:id}", "Put a space after the `:`, as in `key: id`."),
        ("sources: {leads: l.csv}", "It should be a mapping such as `{path: leads.csv}`."),
        ("timezone: JST", "Did you mean `Asia/Tokyo`? Abbreviations are ambiguous."),
        ("name:", "Give it a word or text, or take the line out."),
        ("guards: {moves: 5 %}", "It should be a share such as `5%` or a whole number such as `2000`."),
    ],
)
def test_the_way_out_is_said(tmp_path: Path, text: str, help: str) -> None:
    assert [d.help for d in load(tmp_path, yaml=f"version: 1\n{text}\n").diagnostics] == [help]


def test_numbered_rows_need_no_key_column(tmp_path: Path) -> None:
    schema = '{"properties": {"email": {"type": "string"}}}'
    assert [d.code for d in load(tmp_path, schema=schema).diagnostics] == ["LR064"]
    numbered = "version: 1\nsources: {leads: {path: l.csv, key: row_number}}\n"
    assert load(tmp_path, schema=schema, yaml=numbered).diagnostics == []


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri", (1, 2, 3, 4, 5)),
        ("Sun-Thu", (1, 2, 3, 4, 7)),
        ("Mon, Wed, Fri", (1, 3, 5)),
        ("monday – wednesday, SAT", (1, 2, 3, 6)),
        ("Fri-Mon", (1, 5, 6, 7)),
        ("Sun", (7,)),
        ("Mon-Fry", "Fry"),
        ("Someday", "Someday"),
        ("", ""),
    ],
)
def test_days(text: str, days: tuple[int, ...] | str) -> None:
    assert values.days([text]) == days


def test_every_country_of_the_library_is_known_by_its_code() -> None:
    codes = holidays.list_supported_countries(include_aliases=False)
    assert set(codes) <= set(values.countries())
    assert values.country("jp") == "JP"
    assert "`GB`" in values.country_help("UK")
    assert "`JP`" in values.country_help("JPN")


def test_the_schemas_of_the_project_and_the_team_are_json_schemas() -> None:
    for name in ("project.schema.json", "team.schema.json"):
        Draft202012Validator.check_schema(json.loads(grammar_text(name)))


def unnamed(schema: object, where: str = "") -> list[str]:
    """The places of a schema that can refuse a value and do not say what they expect."""
    if not isinstance(schema, dict):
        return []
    wrong = (
        [where] if {"type", "enum", "const", "pattern", "minItems"} & set(schema) and "x-expected" not in schema else []
    )
    for key, inner in schema.items():
        if key in ("properties", "$defs"):
            wrong += [place for name, each in inner.items() for place in unnamed(each, f"{where}/{name}")]
        elif key in ("items", "then", "else", "additionalProperties"):
            wrong += unnamed(inner, f"{where}/{key}")
    return wrong


@pytest.mark.parametrize("name", ["project.schema.json", "team.schema.json"])
def test_every_rule_of_the_schemas_says_in_words_what_it_expects(name: str) -> None:
    assert unnamed(json.loads(grammar_text(name))) == []


def findings_with(root: Path, code: Code, text: str) -> Sequence[Diagnostic]:
    for path in EXAMPLE.rglob("*"):
        if path.is_file():
            target = root / path.relative_to(EXAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    folder = write(root, {code.file: text})
    if code.id == "LR068":  # what a budget may be of is known once the rules are compiled
        return open_workspace(folder).diagnostics
    return load_project(folder).diagnostics


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_the_bad_example_of_a_page_is_this_one_finding_and_the_good_one_none(tmp_path: Path, code: Code) -> None:
    if not re.fullmatch("LR0[5-9][0-9]", code.id) or code.file.endswith(".lead"):
        pytest.skip("a finding of the compiler")
    found = findings_with(tmp_path / "bad", code, code.mistake)
    assert [d.code for d in found] == [code.id]
    assert found[0].help
    assert found[0].severity == code.severity
    assert list(findings_with(tmp_path / "good", code, code.good)) == []
