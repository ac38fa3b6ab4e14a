"""The schema names that leadrules.yaml uses: fields, event types and event fields.

In: the settings and both schemas. Out: a finding for each name that the schemas do not have.
"""

from __future__ import annotations

from leadrules.core.codes import finding
from leadrules.core.source import Span
from leadrules.project.document import Document, KeyPath, did_you_mean, listed
from leadrules.project.model import EventType, LeadSchema, Source
from leadrules.project.schema import ALWAYS
from leadrules.project.settings import Settings, event_source_paths

PARTS = {"owner": "owner", "created": "created_at", "email": "email", "sequence": None}
_PART_KINDS = {
    "owner": ("text", "choice"),
    "created": ("date", "datetime"),
    "email": ("text", "choice"),
    "sequence": ("text", "choice"),
}


def check_names(settings: Settings, leads: LeadSchema, events: tuple[EventType, ...], source: Source | None) -> None:
    """Reports every lead field, event type and event field that leadrules.yaml names and no schema declares."""
    fields = [f.name for f in leads.fields]
    if source is None or source.key != "row_number":
        _check_key(settings, fields)
    for part in PARTS:
        _check_field(settings, ("fields", part), settings.get("fields", part), fields)
    for path, name in settings.texts("duplicates", "by"):
        _check_field(settings, path, name, fields)
    for name in settings.get("sources", "leads", "columns") or {}:
        _check_field(settings, ("sources", "leads", "columns", name), name, fields)
    for path in event_source_paths(settings):
        _check_event_source(settings, path, events)
    _check_report(settings, fields, events)


# What `report:` may name an event for; those of the second kind may be a date field of the lead instead.
_ROLES = ("reply", "connect", "out_of_office", "bounce")
_MOMENTS = ("meeting", "opportunity", "won", "lost")
_KEYED = ("benchmarks", "goals")


def _check_report(settings: Settings, fields: list[str], types: tuple[EventType, ...]) -> None:
    events = [event.name for event in types]
    anywhere = list(dict.fromkeys([*fields, *(field.name for event in types for field in event.fields)]))
    for name in ("campaign", "value", "loss_reason"):
        stated = settings.get("report", name)
        if stated is not None and stated not in anywhere:
            way_out = did_you_mean(stated, anywhere, "Add it to the lead schema, or to an event of the event schema.")
            _report(settings, ("report", name), f"`{stated}` is not a field of leads or of events", way_out)
    for name in ("source", "list"):
        _check_field(settings, ("report", name), settings.get("report", name), fields)
    places: list[KeyPath] = [
        ("report", "activities", channel) for channel in settings.get("report", "activities") or {}
    ]
    places += [("report", role) for role in (*_ROLES, *_MOMENTS)]
    for goal, stages in (settings.get("report", "goals") or {}).items():
        places += [("report", "goals", goal, stage) for stage in stages]
    for path, name in (found for place in places for found in settings.texts(*place)):
        known = [*events, *fields] if path[1] in _MOMENTS else events
        if name not in known:
            way_out = did_you_mean(name, known, "Name an event type of the event schema, or add it there.")
            _report(settings, path, f"`{name}` is not an event type of the event schema", way_out)


def report_places(document: Document) -> tuple[tuple[KeyPath, Span], ...]:
    """Where `report:` names bands, sequences, goals and their stages: they are known once the rules are compiled."""
    return tuple(
        (path, document.key(*path) if path[1] in _KEYED else document.at(*path))
        for path in document.places
        if path[:1] == ("report",) and _is_of_rules(path)
    )


def budget_places(document: Document) -> tuple[tuple[str, Span], ...]:
    """What `budgets:` limits, kinds and names of the rules alike, and where it says so."""
    paths = (path for path in document.places if len(path) == 2 and path[0] == "budgets")
    return tuple((str(path[1]), document.key(*path)) for path in paths)


def _is_of_rules(path: KeyPath) -> bool:
    if len(path) == 4:
        return path[1] == "goals"
    return len(path) in (2, 3) and path[1] in (*_KEYED, "group_by", "type")


def _check_field(settings: Settings, path: KeyPath, name: str | None, fields: list[str]) -> None:
    if name is not None and name not in fields:
        way_out = did_you_mean(name, fields, "Add it to the lead schema.")
        _report(settings, path, f"`{name}` is not a field of the lead schema", way_out)


def _check_key(settings: Settings, fields: list[str]) -> None:
    key = settings.get("fields", "key")
    if key is not None and key not in fields:
        way_out = did_you_mean(key, fields, "Name the field that identifies a lead.")
        settings.report("LR064", ("fields", "key"), f"the key `{key}` is not a field of the lead schema", way_out)


def _check_event_source(settings: Settings, at: KeyPath, events: tuple[EventType, ...]) -> None:
    type_ = settings.get(*at, "type")
    known = {event.name: event for event in events}
    if type_ is not None and type_ not in known:
        way_out = did_you_mean(type_, known, "Add it to the event schema.")
        _report(settings, (*at, "type"), f"`{type_}` is not an event type of the event schema", way_out)
        return
    of = [known[type_]] if type_ is not None else list(events)
    names = [*ALWAYS, *dict.fromkeys(f.name for event in of for f in event.fields)]
    for name in settings.get(*at, "columns") or {}:
        if name not in names:
            whose = f"`{type_}`" if type_ is not None else "any event"
            way_out = did_you_mean(name, names, f"Known are {listed(names, 'and')}.")
            _report(settings, (*at, "columns", name), f"`{name}` is not a field of {whose}", way_out)


def _report(settings: Settings, path: KeyPath, message: str, help: str) -> None:
    is_key = "columns" in path
    span = settings.document.key(*path) if is_key else settings.document.at(*path)
    settings.found.append(finding("LR062", span, message, help=help))


def part(settings: Settings, leads: LeadSchema, name: str) -> str | None:
    """The lead field that plays a part: as stated, else the usual one where the schema has it."""
    stated = settings.get("fields", name)
    usual = stated or PARTS[name]
    played = leads.get(usual) if usual is not None else None
    if played is None:
        return None
    if played.type.kind in (*_PART_KINDS[name], "error"):
        return played.name
    if stated is not None:
        wanted = "a date or datetime" if name == "created" else "a text"
        message = f"`{usual}` is {played.type}; the field that plays `{name}` is {wanted}"
        settings.report("LR065", ("fields", name), message, "Name another field, or change its type in the schema.")
    return None
