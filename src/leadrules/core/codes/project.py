"""leadrules.yaml, schemas, team file and list files, LR050 to LR099."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

_YAML = "leadrules.yaml"
_SCHEMA = "rules/lead.schema.json"
_EVENTS = "rules/events.schema.json"
_TEAM = "rules/team.yaml"


def _lead(properties: str, more: str = "") -> str:
    usual = """    "id": {"type": "string"},
    "owner": {"type": "string"},
    "email": {"type": "string"},
    "created_at": {"type": "string", "format": "date-time"},
    "current_sequence": {"type": "string"},"""
    return f'{{\n  "type": "object",\n  "properties": {{\n{usual}\n    {properties}\n  }}{more}\n}}\n'


ENTRIES: tuple[Code, ...] = (
    Code(
        "LR050",
        "yaml-syntax",
        "error",
        "The YAML cannot be read",
        "The file is not YAML: an indent, a quote or a bracket is wrong. Nothing after that place can be trusted, so "
        "the rest of the file is not looked at. Indent with spaces, and quote a text that holds `: ` or begins with a "
        "sign such as `@` or `%`.",
        bad="version: 1\nname: acme: leads\n",
        good='version: 1\nname: "acme: leads"\n',
        file=_YAML,
    ),
    Code(
        "LR051",
        "yaml-feature",
        "error",
        "A part of YAML that is not used here",
        "Aliases (`*name`), tags (`!!int`), several documents in one file, infinite numbers and very deep nesting hide "
        "what a file says, so they are refused. Write the value out where it is needed.",
        bad="version: 1\nchannels: &all [email, call]\nreport: {group_by: *all}\n",
        good="version: 1\nchannels: [email, call]\nreport: {group_by: [email, call]}\n",
        file=_YAML,
    ),
    Code(
        "LR052",
        "duplicate-key",
        "error",
        "A key stands twice",
        "Two values for one key: a reader cannot tell which of them counts, and most tools silently take one. Keep one.",
        bad="version: 1\nname: acme\nname: apex\n",
        good="version: 1\nname: apex\n",
        file=_YAML,
    ),
    Code(
        "LR053",
        "json-syntax",
        "error",
        "The JSON cannot be read",
        "A schema is strict JSON: double quotes, a comma between entries and none after the last, no comments.",
        bad=_lead('"employees": {"type": "integer",}'),
        good=_lead('"employees": {"type": "integer"}'),
        file=_SCHEMA,
    ),
    Code(
        "LR054",
        "unknown-key",
        "error",
        "A key that means nothing here",
        "The key is not one of those that the file may have, often by a slip of the pen. It would be ignored, and the "
        "setting you meant would have no effect.",
        bad="version: 1\ntimezon: Asia/Tokyo\n",
        good="version: 1\ntimezone: Asia/Tokyo\n",
        file=_YAML,
    ),
    Code(
        "LR055",
        "wrong-value",
        "error",
        "A value that does not belong there",
        "The key is known, but its value is of another kind than it needs. The message says what belongs there.",
        bad="version: 1\nguards: {owner_changes: 0.05}\n",
        good="version: 1\nguards: {owner_changes: 5%}\n",
        file=_YAML,
    ),
    Code(
        "LR056",
        "missing-key",
        "error",
        "A key is missing",
        "The file, or this part of it, cannot be understood without the key.",
        bad="name: acme\n",
        good="version: 1\nname: acme\n",
        file=_YAML,
    ),
    Code(
        "LR057",
        "missing-file",
        "error",
        "A file of the project is missing or cannot be read",
        "The project names a file that is not there, that is not UTF-8 text, or that could be one of several. Correct "
        "the path, or add the file.",
        bad="version: 1\nteam: rules/people.yaml\n",
        good="version: 1\n",
        file=_YAML,
    ),
    Code(
        "LR058",
        "path-outside",
        "error",
        "A path leads outside the project",
        "A project is one folder that can be copied and checked anywhere, so the paths in leadrules.yaml stay inside "
        "it, links included. A run on another file names it on the command line, as in `leadrules run --leads PATH`.",
        bad="version: 1\nsources:\n  leads: {path: ../exports/leads.csv}\n",
        good="version: 1\nsources:\n  leads: {path: exports/leads.csv}\n",
        file=_YAML,
    ),
    Code(
        "LR059",
        "unknown-time-zone",
        "error",
        "A time zone that does not exist",
        "Days, weeks and working hours are counted in a time zone. It is given by its IANA name, such as `Asia/Tokyo`; "
        "abbreviations such as `JST` are ambiguous.",
        bad="version: 1\ntimezone: Asia/Tokio\n",
        good="version: 1\ntimezone: Asia/Tokyo\n",
        file=_YAML,
    ),
    Code(
        "LR060",
        "unknown-country",
        "error",
        "A country whose holidays are not known",
        "Holidays come from a country's two-letter code, such as `JP` or `DE`, from a list of dates, or from both.",
        bad="version: 1\nholidays: Japan\n",
        good="version: 1\nholidays: [JP, 2026-12-29]\n",
        file=_YAML,
    ),
    Code(
        "LR061",
        "not-a-date",
        "error",
        "A date that is not in the calendar",
        "Dates are written 2026-12-29, ranges 2026-12-29..2027-01-03 with the earlier day first.",
        bad="reps:\n  sato@example.com: {away: [2026-02-27..2026-02-30]}\n",
        good="reps:\n  sato@example.com: {away: [2026-02-27..2026-02-28]}\n",
        file=_TEAM,
    ),
    Code(
        "LR062",
        "unknown-schema-name",
        "error",
        "leadrules.yaml names a field, an event or a definition that there is not",
        "`fields`, `duplicates`, `columns`, `report` and a source's `type` name lead fields, event types and event fields. "
        "Each must be declared in the lead schema or the event schema; the bands, segments, sequences and goals that "
        "`report` names, in a rule file.",
        bad="version: 1\nfields: {owner: responsible_person}\n",
        good="version: 1\n",
        file=_YAML,
    ),
    Code(
        "LR063",
        "two-keys",
        "error",
        "Two fields are said to be the key",
        "One field identifies a lead. It is marked with `x-key` in the lead schema or named as `fields: {key: ...}` in "
        "leadrules.yaml; if both are there they must agree.",
        bad=_lead('"crm_id": {"type": "string", "x-key": true}'),
        good=_lead('"crm_id": {"type": "string"}'),
        file=_SCHEMA,
    ),
    Code(
        "LR064",
        "no-key",
        "error",
        "No field identifies a lead",
        "Decisions are kept per lead, so one field must identify it: `id`, the field with `x-key`, or the one that "
        "`fields: {key: ...}` names. An export without such a column may say `key: row_number` in its source.",
        bad="version: 1\nfields: {key: lead_number}\n",
        good="version: 1\nfields: {key: id}\n",
        file=_YAML,
    ),
    Code(
        "LR065",
        "wrong-part",
        "error",
        "A field cannot play this part",
        "The created field is a date or a datetime, the owner, the email and the sequence are text, and a key is a text "
        "or a number.",
        bad="version: 1\nfields: {created: email}\n",
        good="version: 1\nfields: {created: created_at}\n",
        file=_YAML,
    ),
    Code(
        "LR066",
        "no-rule-files",
        "warning",
        "No rule file is where `rules` says",
        "`rules` in leadrules.yaml names a folder or a pattern that holds no rule file, so nothing would be scored or "
        "routed. Without `rules`, they are read from `rules/**/*.lead`.",
        bad="version: 1\nrules: policies/**/*.lead\n",
        good="version: 1\n",
        file=_YAML,
    ),
    Code(
        "LR067",
        "template-file",
        "warning",
        "A template without its file",
        "`templates:` gives every template a name and a file. Rules may use the name; whoever sends the message finds "
        "nothing there.",
        bad="version: 1\ntemplates: {intro: templates/intor.md}\n",
        good="version: 1\ntemplates: {intro: templates/intro.md}\n",
        file=_YAML,
    ),
    Code(
        "LR068",
        "budget-name",
        "warning",
        "A budget of nothing",
        "`budgets:` limits how many leads a change of rules may move: of `any` kind, of one kind such as `band` or `owner`, or of "
        "one thing by its name. Nothing is called that, so nothing is limited, and `diff` refuses it.",
        bad="version: 1\nbudgets: {bnd: 5%}\n",
        good="version: 1\nbudgets: {band: 5%}\n",
        file=_YAML,
    ),
    Code(
        "LR070",
        "schema-keyword",
        "error",
        "A JSON Schema keyword that is not supported here",
        "LeadRules reads a part of JSON Schema 2020-12. Another keyword, or one that says nothing about this type, would "
        "promise a check that never happens, so it is refused.",
        bad=_lead('"employees": {"type": "integer", "multipleOf": 10}'),
        good=_lead('"employees": {"type": "integer", "minimum": 0}'),
        file=_SCHEMA,
    ),
    Code(
        "LR071",
        "schema-type",
        "error",
        "A field without a usable type",
        "A field is `string`, `number`, `integer`, `boolean`, or an `array` whose items are strings; `null` may stand "
        "beside it. Rules are checked against this type.",
        bad=_lead('"employees": {"type": ["integer", "string"]}'),
        good=_lead('"employees": {"type": ["integer", "null"]}'),
        file=_SCHEMA,
    ),
    Code(
        "LR072",
        "schema-value",
        "error",
        "A schema keyword with a value that it cannot have",
        "The keyword is known, but what it holds is of the wrong kind, or contradicts another keyword.",
        bad=_lead('"employees": {"type": "integer", "minimum": "0"}'),
        good=_lead('"employees": {"type": "integer", "minimum": 0}'),
        file=_SCHEMA,
    ),
    Code(
        "LR073",
        "schema-choices-alike",
        "error",
        "Two choices that read the same",
        "Text compares without regard to case, width and outer spaces, so these two choices are one. Keep the spelling "
        "that output should have.",
        bad=_lead('"industry": {"enum": ["SaaS", "saas"]}'),
        good=_lead('"industry": {"enum": ["SaaS", "Retail"]}'),
        file=_SCHEMA,
    ),
    Code(
        "LR074",
        "schema-required",
        "error",
        "A required field that is not declared",
        "`required` lists names of `properties`. This one is not among them.",
        bad=_lead('"title": {"type": "string"}', ',\n  "required": ["emial"]'),
        good=_lead('"title": {"type": "string"}', ',\n  "required": ["email"]'),
        file=_SCHEMA,
    ),
    Code(
        "LR075",
        "event-own-field",
        "error",
        "An event field with a name that every event has",
        "`lead_id`, `type`, `at` and, where the file has it, `id` belong to every event. An event's own field needs "
        "another name; a header of another spelling is mapped under `columns` in leadrules.yaml.",
        bad='{"type": "object", "properties": {"email_sent": {"type": "object", "properties": '
        '{"type": {"enum": ["newsletter", "personal"]}}}}}\n',
        good='{"type": "object", "properties": {"email_sent": {"type": "object", "properties": '
        '{"kind": {"enum": ["newsletter", "personal"]}}}}}\n',
        file=_EVENTS,
    ),
    Code(
        "LR076",
        "schema-name",
        "error",
        "A field name that rules cannot write",
        "A name may hold any words, in backquotes where needed, but no backquote, control character or outer space, and a "
        "field's does not begin with `@`, nor is it `*` alone or goes from `^` to `$`: these stand for any name. Give the field a plain name and put the CSV header into `x-columns`.",
        bad=_lead('" employees": {"type": "integer"}'),
        good=_lead('"employees": {"type": "integer", "x-columns": [" employees"]}'),
        file=_SCHEMA,
    ),
    Code(
        "LR077",
        "schema-extension",
        "warning",
        "An `x-` keyword that is almost one of ours",
        "Keywords that begin with `x-` are free for your own use, so this one is allowed, and has no effect. It looks "
        "like a misspelling of one that LeadRules reads.",
        bad=_lead('"employees": {"type": "integer", "x-column": ["Employees"]}'),
        good=_lead('"employees": {"type": "integer", "x-columns": ["Employees"]}'),
        file=_SCHEMA,
    ),
    Code(
        "LR080",
        "team-unknown-rep",
        "error",
        "A team names someone who is not a rep",
        "The members of a team are reps of the same file, spelled as they are under `reps`.",
        bad="reps:\n  sato@example.com: {name: Sato}\nteams:\n  inside: [satou@example.com]\n",
        good="reps:\n  sato@example.com: {name: Sato}\nteams:\n  inside: [sato@example.com]\n",
        file=_TEAM,
    ),
    Code(
        "LR081",
        "team-repeats",
        "error",
        "A name stands twice in a team or among the queues",
        "Standing twice does not give a rep a double share; a rep's `weight` does.",
        bad="reps:\n  sato@example.com: {}\nteams:\n  inside: [sato@example.com, sato@example.com]\n",
        good="reps:\n  sato@example.com: {weight: 2}\nteams:\n  inside: [sato@example.com]\n",
        file=_TEAM,
    ),
    Code(
        "LR082",
        "team-hours",
        "error",
        "Working hours that end before they begin",
        "Working hours lie within one day, from an earlier time to a later one.",
        bad='reps:\n  sato@example.com:\n    hours: {days: Mon-Fri, from: "18:00", to: "09:00"}\n',
        good='reps:\n  sato@example.com:\n    hours: {days: Mon-Fri, from: "09:00", to: "18:00"}\n',
        file=_TEAM,
    ),
    Code(
        "LR083",
        "team-attribute",
        "error",
        "An attribute of different kinds",
        "A rule that reads `rep.NAME` needs one kind of value for every rep: a text, a number, true/false or a list.",
        bad="reps:\n  sato@example.com: {industries: [Retail]}\n  lee@example.com: {industries: Fintech}\n",
        good="reps:\n  sato@example.com: {industries: [Retail]}\n  lee@example.com: {industries: [Fintech]}\n",
        file=_TEAM,
    ),
    Code(
        "LR084",
        "team-attribute-spelling",
        "warning",
        "An attribute that is almost a key of ours",
        "A rep may have any further key as an attribute. This one looks like a misspelling of a key that LeadRules "
        "reads, which then has no effect.",
        bad="reps:\n  sato@example.com: {activ: false}\n",
        good="reps:\n  sato@example.com: {active: false}\n",
        file=_TEAM,
    ),
)
