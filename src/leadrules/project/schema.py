"""lead.schema.json and events.schema.json as the fields of a lead and the types of events.

In: a document, and for leads what leadrules.yaml says the key is. Out: `LeadSchema` or event types, and findings. Only
the keywords of the contract are known; every other is refused, never ignored. Reads no file.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.core.source import Span
from leadrules.core.text import is_pattern
from leadrules.project.document import Document, KeyPath, did_you_mean, shown
from leadrules.project.keywords import ANNOTATIONS, Property, check_keywords, is_text, read_field
from leadrules.project.model import EventType, Field, LeadSchema

ALWAYS = ("id", "lead_id", "type", "at")
_OBJECT_KEYWORDS = ANNOTATIONS | {"type", "properties", "required", "additionalProperties"}


def read_lead_schema(
    document: Document, stated_key: str | None, key_place: Span | None, needs_key: bool
) -> tuple[LeadSchema, list[Diagnostic]]:
    """The lead's fields. `needs_key` is false where the source numbers its rows."""
    found: list[Diagnostic] = []
    schema = _object(document, (), found, "the lead schema")
    names = [name for name in _properties(document, (), schema, found) if _is_no_column_of_ours(document, name, found)]
    required = _required(document, (), schema, names, found)
    fields = tuple(
        read_field(document, ("properties", name), schema["properties"][name], name in required, found)
        for name in names
    )
    key = _key(document, fields, stated_key, key_place, found)
    if key is None and needs_key and not found:
        way_out = 'Put `"x-key": true` on the identifier, or name it in leadrules.yaml: `fields: {key: ...}`.'
        found.append(finding("LR064", document.head("properties"), "no field identifies a lead", help=way_out))
    return LeadSchema(fields, key or "id"), found


def read_event_schema(document: Document) -> tuple[tuple[EventType, ...], list[Diagnostic]]:
    """The event types."""
    found: list[Diagnostic] = []
    schema = _object(document, (), found, "the event schema")
    names = _properties(document, (), schema, found)
    _required(document, (), schema, names, found)
    events = [_event(document, name, schema["properties"][name], found) for name in names]
    return tuple(event for event in events if event is not None), found


def _object(document: Document, path: KeyPath, found: list[Diagnostic], what: str) -> dict[str, Any]:
    data: Any = document.data
    for part in path:
        data = data[part]
    if not isinstance(data, dict):
        message = f"{what} is {shown(data)}, not an object schema"
        way_out = 'Write `{"type": "object", "properties": {...}}`.'
        found.append(finding("LR072", document.at(*path), message, help=way_out))
        return {}
    prop = Property(document, path, data, found) if path else _Whole(document, data, found)
    check_keywords(prop, _OBJECT_KEYWORDS, "object")
    if data.get("type", "object") != "object":
        message = f"{what} has the type {shown(data['type'])}"
        prop.report("LR071", "type", message, 'Its `type` is `"object"`.')
    prop.value("additionalProperties", lambda value: isinstance(value, bool), "`true` or `false`")
    return data


class _Whole(Property):
    """The schema at the top of a file."""

    def __init__(self, document: Document, data: dict[str, Any], found: list[Diagnostic]) -> None:
        self.document, self.path, self.data, self.found, self.name = document, (), data, found, "the schema"


def _properties(document: Document, path: KeyPath, schema: dict[str, Any], found: list[Diagnostic]) -> list[str]:
    """The names of the properties that can be used."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        message = f"`properties` cannot be {shown(properties)}"
        way_out = 'Write an object such as `{"email": {"type": "string"}}`.'
        found.append(finding("LR072", document.at(*path, "properties"), message, help=way_out))
        return []
    seen: dict[str, str] = {}
    return [name for name in properties if _name_is_usable(document, (*path, "properties", name), name, seen, found)]


def _name_is_usable(
    document: Document, path: KeyPath, name: str, seen: dict[str, str], found: list[Diagnostic]
) -> bool:
    span = document.key(*path)
    if not name.strip() or name != name.strip() or "`" in name or any(unicodedata.category(c) == "Cc" for c in name):
        message = f"{shown(name) if name.strip() else 'a blank'} cannot be a name in rules"
        way_out = "Use a name without outer spaces, backquotes and control characters; put the header into `x-columns`."
        found.append(finding("LR076", span, message, help=way_out))
        return False
    first = seen.setdefault(unicodedata.normalize("NFC", name), name)
    if first != name:
        related = (Related(document.key(*path[:-1], first), "the same name stands here"),)
        message = f"`{name}` is written twice, with composed and with combining characters"
        found.append(finding("LR076", span, message, help="Keep one.", related=related))
        return False
    return True


def _is_no_column_of_ours(document: Document, name: str, found: list[Diagnostic]) -> bool:
    """Beside the fields stands what the program itself knows of a lead, as `@key`; and a field is one column."""
    if name.startswith("@"):
        why, other = "none begins with `@`", name.lstrip("@") or "at"
    elif is_pattern(name):
        why, other = "it stands for any name", name.strip("*^$ ") or "other"
    else:
        return True
    message, way_out = (
        f"`{name}` cannot be the name of a field: {why}",
        f"Name it `{other}`; put the header into `x-columns`.",
    )
    found.append(finding("LR076", document.key("properties", name), message, help=way_out))
    return False


def _required(
    document: Document, path: KeyPath, schema: dict[str, Any], names: list[str], found: list[Diagnostic]
) -> set[str]:
    given = schema.get("required", [])
    if not isinstance(given, list) or not all(is_text(name) for name in given):
        way_out = 'Write a list of names such as `["id"]`.'
        message = f"`required` cannot be {shown(given)}"
        found.append(finding("LR072", document.at(*path, "required"), message, help=way_out))
        return set()
    declared = schema.get("properties", {})
    if not isinstance(declared, dict):  # which is told already
        return set()
    for at, name in enumerate(given):
        if name not in declared and not (path and name in ALWAYS):
            way_out = did_you_mean(name, names, "Add it to `properties`, or take it out.")
            message = f"`required` names `{name}`, which is not among the properties"
            found.append(finding("LR074", document.at(*path, "required", at), message, help=way_out))
    return set(given)


def _key(
    document: Document, fields: tuple[Field, ...], stated: str | None, place: Span | None, found: list[Diagnostic]
) -> str | None:
    marked = [name for name in (field.name for field in fields) if _is_marked(document, name, found)]
    for name in marked[1:]:
        related = (Related(document.key("properties", marked[0], "x-key"), f"`{marked[0]}` is the key here"),)
        message = f"`{name}` and `{marked[0]}` both say `x-key`; a lead has one key"
        span = document.key("properties", name, "x-key")
        found.append(finding("LR063", span, message, help="Keep it on the identifier.", related=related))
    is_field = any(field.name == stated for field in fields)  # else that is the mistake, and told where it stands
    if is_field and stated is not None and marked and stated not in marked:
        agreed = (Related(place, f"`{stated}` is the key here"),) if place else ()
        span = document.key("properties", marked[0], "x-key")
        message = f"`x-key` marks `{marked[0]}`, but leadrules.yaml says that `{stated}` is the key"
        found.append(finding("LR063", span, message, help="Let both name the same field.", related=agreed))
    key = stated or (marked[0] if marked else None)
    default = next((field.name for field in fields if field.name == "id"), None)
    _check_key_type(document, next((f for f in fields if f.name == (key or default)), None), found)
    return key or default


def _is_marked(document: Document, name: str, found: list[Diagnostic]) -> bool:
    data = document.data["properties"][name]
    if not isinstance(data, dict):
        return False
    prop = Property(document, ("properties", name), data, found)
    return bool(prop.value("x-key", lambda value: isinstance(value, bool), "`true`"))


def _check_key_type(document: Document, field: Field | None, found: list[Diagnostic]) -> None:
    if field is None or field.type.kind not in ("set", "yesno"):
        return
    message = f"the key `{field.name}` is {field.type}"
    span = document.at("properties", field.name, "type")
    found.append(finding("LR065", span, message, help="A key is a text or a number."))


def _event(document: Document, name: str, data: Any, found: list[Diagnostic]) -> EventType | None:
    path: KeyPath = ("properties", name)
    if name in ALWAYS and isinstance(data, dict) and data.get("type", "object") != "object":
        message = f"`{name}` is part of every event; here stand the event types"
        way_out = f"Take it out; a header that means it is named in leadrules.yaml: `columns: {{{name}: ...}}`."
        found.append(finding("LR075", document.key(*path), message, help=way_out))
        return None
    schema = _object(document, path, found, f"the event type `{name}`")
    names = _properties(document, path, schema, found)
    required = _required(document, path, schema, names, found)
    fields = []
    for field in names:
        where: KeyPath = (*path, "properties", field)
        if field in ALWAYS:
            _check_always(document, where, schema["properties"][field], found)
        else:
            _refuse_key(document, where, schema["properties"][field], found)
            fields.append(read_field(document, where, schema["properties"][field], field in required, found))
    description = schema.get("description")
    text = description if isinstance(description, str) else ""
    return EventType(name, tuple(fields), text, document.key(*path))


def _refuse_key(document: Document, path: KeyPath, data: Any, found: list[Diagnostic]) -> None:
    if isinstance(data, dict) and "x-key" in data:
        message = "`x-key` belongs to the lead schema; the identifier of an event is its `id`"
        found.append(finding("LR070", document.key(*path, "x-key"), message, help="Take it out."))


def _check_always(document: Document, path: KeyPath, data: Any, found: list[Diagnostic]) -> None:
    """`id`, `lead_id`, `type` and `at` may be declared as what they are, and as nothing else."""
    name = str(path[-1])
    before = len(found)
    field = read_field(document, path, data, False, found)
    if len(found) > before:
        return
    kinds = ("date", "datetime", "text") if name == "at" else ("text",) if name != "id" else ("text", "number")
    const = name == "type" and field.const == path[1]
    more = set(data) - ANNOTATIONS - {"type", "format"} - ({"const"} if const else set())
    if field.type.kind in kinds and not more:
        return
    message = f"`{name}` is part of every event; an event's own field cannot bear its name"
    way_out = f"Rename the field; a header that means `{name}` is named in leadrules.yaml: `columns: {{{name}: ...}}`."
    found.append(finding("LR075", document.key(*path), message, help=way_out))
