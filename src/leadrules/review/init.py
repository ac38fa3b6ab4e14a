"""The files of a new project: from a file of leads, or a small working sample.

In: the folder and, if there is one, a file of leads. Out: `InitPlan`, the text of every file by its path, and what is
worth telling. It writes nothing: the command does, once it knows that no project is there yet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from leadrules.core.dates import FOUND, ISO
from leadrules.core.places import shown
from leadrules.core.records import dataclass
from leadrules.core.text import fold, is_printable, skeleton
from leadrules.data.doubtful import pointed_thousands, thousands_note
from leadrules.data.errors import InputError
from leadrules.data.kinds import ENOUGH, SURE_BLANKS, snake
from leadrules.data.profile import Column, Profile, profile
from leadrules.data.sources import open_inputs
from leadrules.project.model import QUEUE_PREFIX
from leadrules.review.starter import Drawn, asks_for_key, starter_rules
from leadrules.syntax.words import RESERVED, is_name

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_KEY_NAMES = (
    "id", "leadid", "recordid", "contactid", "prospectid", "customerid", "personid", "リードid", "リード番号", "leadnumber",
    "顧客id", "顧客番号", "番号", "uuid", "guid", "key", "no", "no.",
)  # fmt: skip
_KEY_END = re.compile(r"(id|uuid|guid|key|number|番号|コード)$")
_CREATED = (
    "createdat", "created", "createdate", "createddate", "createdon", "creationdate", "dateadded", "datecreated",
    "signupdate", "propertycreatedate", "登録日", "登録日時", "作成日", "作成日時", "問い合わせ日", "問合せ日", "timestamp",
)  # fmt: skip
_OWNER = (
    "owner", "ownerid", "owneremail", "leadowner", "contactowner", "assignedto", "hubspotownerid", "crmownerfid",
    "propertyhubspotownerid", "担当者", "担当", "所有者", "リード所有者", "営業担当",
)  # fmt: skip
# A field of such a name is only reached as `lead.NAME`.
_ALWAYS_THERE = frozenset((
    "now", "today", "owner", "assigned_at", "due_at", "owner_changes", "sequence", "step", "enrolled_at", "duplicate_of",
))  # fmt: skip
_EMAIL = (
    "email", "emailaddress", "mail", "mailaddress", "workemail", "businessemail", "contactemail", "propertyemail",
    "メールアドレス", "eメール", "eメールアドレス", "電子メール", "メール",
)  # fmt: skip
_LIKE_EMAIL = re.compile(r"e?mail|メール")
_ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_MOST_REPS = 50
_LOOKED_AT = 1000
_EVENTS: dict[str, dict[str, str]] = {
    "form_submitted": {"form": "string"},
    "email_sent": {"campaign": "string"},
    "email_opened": {"campaign": "string"},
    "email_clicked": {"campaign": "string", "url": "string"},
    "email_replied": {},
    "page_viewed": {"path": "string"},
    "call_made": {},
    "call_connected": {"minutes": "number"},
    "meeting_scheduled": {},
    "unsubscribed": {},
}
_SAMPLE = """\
id,created_at,email,company,industry,employees,owner
L-001,2026-04-01,aiko@example.com,Aoi Systems,Software,120,
L-002,2026-04-02,ben@example.com,Bright Retail,Retail,45,
L-003,2026-04-02,chika@example.com,Chiyoda Foods,Manufacturing,800,
L-004,2026-04-03,dan@example.com,Delta Soft,Software,15,
L-005,2026-04-06,emi@example.com,Echo Retail,Retail,300,
L-006,2026-04-07,,Fuji Machines,Manufacturing,60,
L-007,2026-04-08,gen@example.com,Ginza Apps,Software,510,
L-008,2026-04-09,hana@example.com,Hana Stores,Retail,,
"""


_WHERE = {
    "": (
        "timezone: UTC                     # such as Asia/Tokyo",
        "week: Mon-Fri",
        "# holidays: JP                    # a country, and/or a list of dates",
    ),
    "ja": (
        "timezone: Asia/Tokyo              # where your days begin",
        "week: Mon-Fri",
        "holidays: JP                      # a country, and/or a list of dates",
    ),
}


@dataclass(frozen=True, slots=True)
class InitPlan:
    """The text of each file by its path in the project, what the reader should know of them, and the file of leads to
    copy beside leadrules.yaml, where it lies elsewhere: a project's paths stay inside it."""

    files: dict[str, str]
    notes: tuple[str, ...] = ()
    copied: Path | None = None


@dataclass(frozen=True, slots=True)
class _Parts:
    """Which field plays which part. Where the rows are `numbered`, the key is a field that the file does not have."""

    key: str
    numbered: bool
    created: str | None
    email: str | None
    owner: str | None


def init_plan(root: Path, leads: Path | None = None) -> InitPlan:
    """The files of a project in `root`. Raises InputError where the file of leads cannot be read."""
    if leads is None:
        return _sample_plan(root)
    inside = leads.resolve().is_relative_to(root.resolve())
    path = leads.resolve().relative_to(root.resolve()).as_posix() if inside else leads.name
    if shown(Path(path)) != path:
        raise InputError(f"the name of {shown(leads)} is not UTF-8, so leadrules.yaml cannot say it", "rename the file")
    plan = _plan(shown(Path(root.resolve().name)), path, profile(open_inputs(leads.parent, leads.name)[0]))
    if inside:
        return plan
    note = f"{leads} was copied here, to {path}: later exports go there too, or are named with --leads"
    return InitPlan(plan.files, (*plan.notes, note), copied=leads)


def _sample_plan(root: Path) -> InitPlan:
    sample = open_inputs(root, "-", BytesIO(_SAMPLE.encode()))[0]
    plan = _plan(shown(Path(root.resolve().name)), "leads.csv", profile(sample))
    return InitPlan({**plan.files, "leads.csv": _SAMPLE}, plan.notes)


def _plan(name: str, path: str, found: Profile) -> InitPlan:
    drawn = _drawn(found)
    parts = _parts(drawn, found.rows)
    files = {
        "leadrules.yaml": _project_yaml(name, path, found, drawn, parts),
        "rules/lead.schema.json": _lead_schema(drawn, parts),
        "rules/events.schema.json": _event_schema(),
        "rules/team.yaml": _team_yaml(drawn, parts),
        **starter_rules(_for_rules(drawn, parts), parts.key),
    }
    return InitPlan(files, _notes(found, drawn, parts))


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _drawn(found: Profile) -> list[Drawn]:
    """A field for each column, by a name that rules can write without backquotes."""
    drawn: list[Drawn] = []
    taken: set[str] = set()
    for at, column in enumerate(found.columns, start=1):
        name = _free_name(_field_name(column.header, at), taken)
        taken.add(name)
        drawn.append(Drawn(name, column))
    return drawn


def _field_name(header: str, at: int) -> str:
    name = snake(header) or f"column_{at}"
    if name in RESERVED:
        return f"{name}_value"
    return name if is_name(name) else f"field_{name}"


def _parts(drawn: Sequence[Drawn], rows: int) -> _Parts:
    key = _key(drawn, rows)
    return _Parts(
        key=key or _free_name("row_number", {field.name for field in drawn}),
        numbered=key is None,
        created=next(
            (f.name for f in _named(drawn, _CREATED) if f.column.kind in _dates() and not f.column.unclear), None
        ),
        email=_email(drawn),
        owner=next((f.name for f in _named(drawn, _OWNER) if f.column.kind not in ("date", "datetime", "set")), None),
    )


def _dates() -> tuple[str, ...]:
    return ("date", "datetime")


def _named(drawn: Sequence[Drawn], names: Sequence[str]) -> list[Drawn]:
    by_name = {skeleton(field.column.header): field for field in reversed(drawn)}
    return [by_name[name] for name in names if name in by_name]


def _key(drawn: Sequence[Drawn], rows: int) -> str | None:
    """A column that is named like an identifier, filled in nearly every row and hardly ever repeated; failing that, an
    e-mail address that every row has for itself."""
    # In a small file every owner may be there once.
    others = {field.name for field in _named(drawn, _OWNER)} | _ALWAYS_THERE
    drawn = [field for field in drawn if field.name not in others]
    named = _named(drawn, _KEY_NAMES) + [f for f in drawn if _KEY_END.search(skeleton(f.column.header))]
    named = [f for f in named if f.column.kind not in _dates()]
    sure = [f for f in named if f.column.filled == rows == f.column.distinct]
    nearly = [f for f in named if f.column.distinct >= ENOUGH * rows]
    mail = [f for f in drawn if f.column.kind == "email" and rows and f.column.filled == rows == f.column.distinct]
    return next((field.name for field in (*sure, *nearly, *mail)), None)


def _email(drawn: Sequence[Drawn]) -> str | None:
    """The column that is named like the address of the lead, then like mail, then any, whose cells are addresses; an
    empty one only by its name."""
    named = _named(drawn, _EMAIL)
    like = [field for field in drawn if _LIKE_EMAIL.search(skeleton(field.column.header))]
    owners = {field.name for field in _named(drawn, _OWNER)}
    sure = [f for f in (*named, *like, *drawn) if f.name not in owners and _holds_addresses(f.column)]
    empty = [field for field in named if not field.column.filled]
    return next((field.name for field in (*sure, *empty)), None)


def _holds_addresses(column: Column) -> bool:
    if column.kind not in ("email", "text", "choice") or column.values is None:
        return False
    return 2 * int(column.values.str.contains(_ADDRESS).sum()) > column.filled


def _for_rules(drawn: Sequence[Drawn], parts: _Parts) -> list[Drawn]:
    """The columns that rules may be drawn from: not the key and the owner, nor what nobody filled in."""
    parted = {parts.key, parts.owner}
    return [f for f in drawn if f.name not in parted | _ALWAYS_THERE and not f.column.unclear]


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _project_yaml(name: str, path: str, found: Profile, drawn: Sequence[Drawn], parts: _Parts) -> str:
    fields = {"key": parts.key, "owner": parts.owner, "created": parts.created, "email": parts.email}
    stated = ", ".join(f"{part}: {_quoted(field)}" for part, field in fields.items() if field is not None)
    lines = [
        "# The project file: where the leads come from, and what its fields mean.",
        "version: 1",
        f"name: {_quoted(name or 'leads')}",
        *_WHERE["ja" if found.is_japanese else ""],
        f"fields: {{{stated}}}",
        "sources:",
        "  leads:",
        *(f"    {line}" for line in _source(path, found, drawn, parts)),
        '  # events: {path: "events/*.csv", columns: {lead_id: Lead ID, type: Activity, at: Occurred At}}',
    ]
    return "\n".join(lines) + "\n"


def _source(path: str, found: Profile, drawn: Sequence[Drawn], parts: _Parts) -> list[str]:
    lines = [f"path: {_quoted(path)}"]
    if found.encoding is not None:
        lines.append(f"encoding: {found.encoding}")
    if found.delimiter is not None:
        lines.append(f"delimiter: {_quoted(found.delimiter)}")
    formats = _date_formats(drawn)
    if formats:
        lines.append(f"date_format: {_quoted(formats[0] if len(formats) == 1 else formats)}")
    unclear = [f for f in drawn if f.column.unclear]
    if unclear:
        either = " or ".join(_quoted(layout.format) for layout in unclear[0].column.layouts)
        lines.append(f"# date_format: {either}   # say which: {unclear[0].column.header} can be read both ways")
    if found.blanks:
        lines.append(f"blanks: {_quoted(['', *found.blanks])}")
    if parts.numbered:
        lines.append("key: row_number              # the file has no column that identifies a lead")
    return lines


def _date_formats(drawn: Sequence[Drawn]) -> list[str]:
    """The ways in which the dates are written; none where all are ISO 8601, which needs no saying."""
    layouts = [f.column.layouts[0] for f in drawn if f.column.layouts and not f.column.unclear]
    formats = list(dict.fromkeys(layout.format for layout in layouts))
    return [] if formats == [ISO.format] else formats


def _lead_schema(drawn: Sequence[Drawn], parts: _Parts) -> str:
    properties = {field.name: _property(field, parts) for field in drawn}
    if parts.numbered:
        properties = {
            parts.key: {"type": "string", "x-key": True, "description": "The number of the row."}
        } | properties
    # A row without its key is rejected anyhow; what is required is always there, so a rule that asks for it says nothing.
    required = [] if parts.numbered or asks_for_key(_for_rules(drawn, parts), parts.key) else [parts.key]
    return _schema_text("A lead", properties, {"required": required} if required else {})


def _property(field: Drawn, parts: _Parts) -> dict[str, Any]:
    column = field.column
    is_key = field.name == parts.key
    property_: dict[str, Any] = {"type": "string"} if field.name in (parts.key, parts.owner) else dict(_typed(column))
    if is_key:
        property_["x-key"] = True
    if column.header != field.name:
        property_["x-columns"] = [column.header]
    if column.blanks and not is_key:
        property_["x-blanks"] = list(column.blanks)
    if not column.filled:
        property_["description"] = "Empty in the file this was made from."
    return property_


def _typed(column: Column) -> dict[str, Any]:
    plain: dict[str, dict[str, Any]] = {
        "number": {"type": "number"},
        "integer": {"type": "integer"},
        "yesno": {"type": "boolean"},
        "email": {"type": "string", "format": "email"},
        "date": {"type": "string", "format": "date"},
        "datetime": {"type": "string", "format": "date-time"},
        "choice": {"type": "string", "enum": list(column.options)},
        "set": {"type": "array", "items": {"type": "string"}},
    }
    return plain.get(column.kind, {"type": "string"})


def _event_schema() -> str:
    events = {
        name: {"type": "object", "properties": {field: {"type": kind} for field, kind in fields.items()}}
        for name, fields in _EVENTS.items()
    }
    return _schema_text("The events: what leads do, and what is done with them", events, {})


def _schema_text(title: str, properties: dict[str, Any], more: dict[str, Any]) -> str:
    """The schema with each property on a line of its own, so that a change is one line of a diff."""
    lines = ",\n".join(f"    {_quoted(name)}: {_quoted(value)}" for name, value in properties.items())
    head = {"$schema": _SCHEMA, "title": title, "type": "object", **more}
    top = ",\n".join(f"  {_quoted(key)}: {_quoted(value)}" for key, value in head.items())
    return f'{{\n{top},\n  "properties": {{\n{lines}\n  }}\n}}\n'


def _team_yaml(drawn: Sequence[Drawn], parts: _Parts) -> str:
    owners = next((_owners(field.column) for field in drawn if field.name == parts.owner), [])
    if not owners:
        return (
            "# The reps that leads are given to, the teams they form, and queues for leads without a rep.\n"
            "reps:\n"
            "  rep@example.com: {name: A rep, capacity: {open: 100}}\n"
            "teams:\n"
            "  everyone: [rep@example.com]\n"
            "queues: [nurture]\n"
        )
    reps = "".join(f"  {_quoted(owner)}: {{active: true}}\n" for owner in owners)
    return (
        "# The reps are the owners found in your file. Add capacity, hours and attributes as you need them.\n"
        f"reps:\n{reps}"
        f"teams:\n  everyone: {_quoted(owners)}\n"
        "queues: [nurture]\n"
    )


def _owners(column: Column) -> list[str]:
    if column.values is None or column.distinct > _MOST_REPS:
        return []
    spelled: dict[str, str] = {}
    for value in column.values.unique().sort().to_list():
        spelled.setdefault(fold(value), value)
    named = [value for word, value in spelled.items() if word and word not in SURE_BLANKS]
    return [value for value in named if is_printable(value) and not value.startswith(QUEUE_PREFIX)]


def _notes(found: Profile, drawn: Sequence[Drawn], parts: _Parts) -> tuple[str, ...]:
    notes = [f"{_many(found.rows, 'lead')}, {_many(len(drawn), 'field')}"]
    notes += found.doubts
    notes += [f'column "{header}" is left out: it {reason}' for header, reason in found.left_out]
    if found.is_japanese:
        notes.append("the file is Japanese, so timezone is Asia/Tokyo and holidays are JP's: see leadrules.yaml")
    if parts.numbered:
        notes.append("no column identifies a lead, so rows are numbered: add an id to keep state from run to run")
    notes += [
        f"{f.column.header}: day and month cannot be told apart; state `date_format` in leadrules.yaml"
        for f in drawn
        if f.column.unclear
    ]
    notes += [_misfit_note(f) for f in drawn if f.column.misfitting]
    notes += [thousands_note(f.column.header, cell) for f in drawn if (cell := _pointed(f)) is not None]
    notes += [note for f in drawn if (note := _mixed_dates_note(f) or _as_text_note(f))]
    notes += [_key_note(f, found.rows) for f in drawn if f.name == parts.key and f.column.distinct < found.rows]
    if found.ragged:
        notes.append(f"{_many(found.ragged, 'row')} with too few or too many cells; a run rejects them")
    return tuple(notes)


# What all cells look like, what those that are not read have, and the way out: a decimal comma, for here it separates
# thousands; a unit or a sign as in Japan; an era, a weekday, hours in words.
_AS_TEXT = (
    (
        r"^-?(?:\d+|\d{1,3}(?:\.\d{3})+),\d{1,2}$",
        ",",
        "numbers with a decimal comma are text here; export them with a point",
    ),
    (
        r"^[▲△]?[\d,.]+ ?(?:[千万億兆]+円?|名|人|社|件|台)?$",
        r"[^\d,.]",
        "numbers with a unit or ▲ ({}) are text here; export them as plain numbers",
    ),
    (
        r"^(?:(?:令和|平成|昭和|[RHS]) ?(?:元|\d{1,2})|\d{4})[年./-] ?\d{1,2}[月./-] ?\d{1,2}日?(?: ?\([月火水木金土日]\))?(?: ?\d{1,2}[時:].*)?$",
        r"[令平昭RHS(時]",
        "its dates ({}) are text here; export them as 2026/10/1 or, with a time, 2026/10/1 15:05",
    ),
)
_SAID = {
    "number": "no number",
    "integer": "no number",
    "yesno": "neither yes nor no",
    "date": "no date",
    "datetime": "no time",
    "email": "no e-mail address",
    "choice": "none of its values",
}


def _pointed(field: Drawn) -> str | None:
    """A number of a column that seems to have points where thousands end, as in German."""
    return None if field.column.values is None else pointed_thousands(field.column.values)


def _as_text_note(field: Drawn) -> str | None:
    """What to do about a column of numbers or dates that are written as people say them, which is not how they are read."""
    values = field.column.values
    if field.column.kind not in ("text", "choice") or values is None or not field.column.filled:
        return None
    filled = values.filter(values != "").unique(maintain_order=True).head(_LOOKED_AT).str.normalize("NFKC")
    for all_of_them, some, way_out in _AS_TEXT:
        said = filled.filter(filled.str.contains(some))
        if len(said) and int(filled.str.contains(all_of_them).sum()) >= ENOUGH * len(filled):
            return f"{field.column.header}: {way_out.format(_quoted(_shortened(said[0])))}"
    return None


def _mixed_dates_note(field: Drawn) -> str | None:
    """What to do about a column of dates that are not all written in one way."""
    values = field.column.values
    if field.column.kind not in ("text", "choice") or values is None:
        return None
    distinct = values.filter(values != "").unique(maintain_order=True).head(_LOOKED_AT)
    ways = [next((one for one in FOUND if one.read(value)), None) for value in distinct]
    firsts = {way: value for way, value in reversed(list(zip(ways, distinct, strict=True))) if way is not None}
    if len(firsts) < 2 or ways.count(None) > (1 - ENOUGH) * len(ways):
        return None
    examples = ", ".join(f'"{value}"' for value in distinct if value in firsts.values())
    return (
        f"{field.column.header}: its dates are written in several ways ({examples}), so it is text; export them in one, or "
        f"list the ways as `date_format` in leadrules.yaml and give the field the format date in the schema"
    )


def _misfit_note(field: Drawn) -> str:
    column = field.column
    examples = ", ".join(f'"{_shortened(value)}"' for value in column.misfits[:3])
    more = ", .." if len(column.misfits) > 3 else ""
    verb = "is" if column.misfitting == 1 else "are"
    cells = f"{_many(column.misfitting, 'cell')} of {column.filled:,} {verb} {_SAID[column.kind]} ({examples}{more})"
    return f"{column.header}: {cells}; a run rejects their rows where a rule reads the column"


def _shortened(value: str) -> str:
    return value if len(value) <= 30 else f"{value[:27]}..."


def _key_note(field: Drawn, rows: int) -> str:
    column = field.column
    blank, again = rows - column.filled, column.filled - column.distinct
    what = [f"{_many(blank, 'row')} without one"] * bool(blank) + [f"{again:,} that stand twice"] * bool(again)
    return f"{column.header} identifies a lead, but for {' and '.join(what)}; a run rejects those rows"


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
