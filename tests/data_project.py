"""A small project around given fields and event types, for tests of the readers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from leadrules.core.types import Type
from leadrules.data.read import EventTable, LeadTable, read_events, read_leads
from leadrules.project.model import EventType, Field, Guards, LeadSchema, Project, Source, Team


def field(name: str, kind: Any = "text", *, options: tuple[str, ...] = (), **more: Any) -> Field:
    """A field of a kind."""
    return Field(name, Type(kind, options), **more)


def event(name: str, *fields: Field) -> EventType:
    """An event type."""
    return EventType(name, fields)


def project(fields: list[Field], events: tuple[EventType, ...] = (), *, root: Path = Path(), **more: Any) -> Project:
    """A project of these schemas; the key is the first field."""
    settings: dict[str, Any] = {
        "root": root,
        "name": "test",
        "timezone": "UTC",
        "week": (1, 2, 3, 4, 5),
        "holiday_country": None,
        "holiday_dates": (),
        "fiscal_year_starts": 1,
        "key": fields[0].name,
        "owner": None,
        "created": None,
        "email": None,
        "sequence": None,
        "leads": None,
        "events": (),
        "channels": (),
        "templates": (),
        "duplicates_by": (),
        "duplicates_keep": "oldest",
        "open_leads": None,
        "late_events": (7, "days"),
        "state": root / "state",
        "guards": Guards(),
        "report": {},
        "rule_files": (),
        "own_files": (),
        "lead_schema": LeadSchema(tuple(fields), fields[0].name),
        "event_schema": events,
        "team": Team(),
    }
    return Project(**settings | more)


def leads_of(text: str | bytes, fields: list[Field], *, zone: str = "UTC", **source: Any) -> LeadTable:
    """Leads read from a text on standard input, with all fields."""
    content = text.encode() if isinstance(text, str) else text
    names = [f.name for f in fields]
    return read_leads(project(fields), Source("-", **source), names, stdin=io.BytesIO(content), zone=zone)


def events_of(
    text: str,
    events: tuple[EventType, ...],
    leads: LeadTable,
    wanted: dict[str, list[str]],
    *,
    zone: str = "UTC",
    ordered: frozenset[str] = frozenset(),
    identified: frozenset[str] = frozenset(),
    **source: Any,
) -> EventTable:
    """Events read from a text on standard input."""
    return read_events(
        project([field("id")], events),
        [Source("-", **source)],
        wanted,
        lambda: leads,
        ordered_types=ordered,
        identified_types=identified,
        zone=zone,
        stdin=io.BytesIO(text.encode()),
    )
