"""A project as data: what leadrules.yaml, the schemas and team.yaml say, checked, with defaults filled in.

In: nothing. Out: frozen data that the readers, the compiler and the commands share. Paths are absolute here.
"""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.types import Type, Unit

QUEUE_PREFIX = "queue:"  # what an owner begins with who is a queue, and no rep


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a lead or of an event type, from its JSON Schema."""

    name: str
    type: Type
    required: bool = False
    description: str = ""
    columns: tuple[str, ...] = ()  # x-columns, in order
    blanks: tuple[str, ...] = ()  # x-blanks
    separator: str = ";"  # x-separator, of a set
    api_name: str | None = None  # x-api-name: what the CRM's import calls it
    format: str | None = None  # email, uri, ...
    integer: bool = False
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = None
    exclusive_maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    const: Any = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LeadSchema:
    """The lead's fields in schema order. `key` is the identifier."""

    fields: tuple[Field, ...]
    key: str

    def get(self, name: str) -> Field | None:
        """The field of that name."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type with its own fields (without lead_id, type, at, id)."""

    name: str
    fields: tuple[Field, ...]
    description: str = ""
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of `sources`: where rows come from and how they are written."""

    path: str  # as written: a path relative to the project, a glob, `-`, or absolute when from the command line
    encoding: str | None = None
    delimiter: str | None = None
    date_formats: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()  # field -> header
    type: str | None = None  # events: the type of every row
    key: str | None = None  # "row_number"
    repeats: str | None = None  # "drop"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Limits of a rep; None is no limit."""

    per_day: int | None = None
    per_week: int | None = None
    open: int | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours: days (1 Monday), from and to as `HH:MM`, the zone (None: the project's)."""

    days: tuple[int, ...]
    start: str
    end: str
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Rep:
    """One rep. `attributes` are all further keys, as YAML values; `away` are inclusive ranges of ISO dates."""

    key: str
    name: str | None = None
    active: bool = True
    weight: float = 1
    capacity: Capacity = Capacity()
    hours: Hours | None = None
    holidays: str | None = None
    holiday_dates: tuple[str, ...] = ()
    away: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    """The whole team file; teams keep roster order."""

    reps: tuple[Rep, ...] = ()
    teams: tuple[tuple[str, tuple[str, ...]], ...] = ()
    queues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guards:
    """Shares (0.05) or counts; None is no guard. `jump` is (count, unit)."""

    owner_changes: float | None = None
    owner_changes_is_share: bool = True
    moves: float | None = None
    moves_is_share: bool = False
    rejects: float | None = None
    rejects_is_share: bool = True
    jump: tuple[int, Unit] | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """One project: its settings, schemas and team."""

    root: Path
    name: str
    timezone: str
    week: tuple[int, ...]
    holiday_country: str | None
    holiday_dates: tuple[str, ...]
    fiscal_year_starts: int
    key: str
    owner: str | None
    created: str | None
    email: str | None
    sequence: str | None
    leads: Source | None
    events: tuple[Source, ...]
    channels: tuple[str, ...]
    templates: tuple[tuple[str, str], ...]
    duplicates_by: tuple[str, ...]
    duplicates_keep: str  # "oldest" or "newest"
    open_leads: str | None
    late_events: tuple[int, Unit]
    state: Path
    guards: Guards
    report: dict[str, Any]
    rule_files: tuple[Path, ...]
    own_files: tuple[Path, ...]  # of rules, settings, schemas, team, templates, lists and tables
    lead_schema: LeadSchema
    event_schema: tuple[EventType, ...]
    team: Team
    budgets: tuple[tuple[str, float, bool], ...] = ()  # of `diff`: kind or name, limit, whether it is a share
    checks: dict[str, Any] = field(default_factory=dict)  # what lints hold for enough: `persistence`
    open_leads_span: Span | None = field(
        default=None, compare=False, repr=False
    )  # where its text stands, quotes included
    # Where `report:` names things that only the rules can know: path of keys and places in lists, and the place in the file.
    report_places: tuple[tuple[tuple[str | int, ...], Span], ...] = field(default=(), compare=False, repr=False)
    budget_places: tuple[tuple[str, Span], ...] = field(default=(), compare=False, repr=False)  # the same of `budgets:`
