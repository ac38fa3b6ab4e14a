"""What was edited around the rules: the schemas, team.yaml, and what leadrules.yaml says of runs beside the rules' meaning.

In: two projects, each as its own files say. Out: `Edit`s whose sides are what is said, by what it is said of, and their words.
Both versions of a diff are run with the team, the sources, the schemas and the guards of the working project: what edits of these
move is not known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from leadrules.project.model import EventType, Field, Project, Rep, Source, Team
from leadrules.project.values import DAYS
from leadrules.review.diff.edits import Edit, Kind
from leadrules.show.tables import number

Said = Mapping[str, Any]  # texts, yes/no, and tuples of those that come and go one by one


def edits_around(base: Project, head: Project) -> Iterator[Edit]:
    """Settings first, then fields and events, then reps, teams and queues, in the order of the newer files."""
    yield from _changes("settings", _decisive(base), _decisive(head))
    yield from _changes("project", _settings(base), _settings(head))
    yield from _statements("project", _sources(base), _sources(head))
    yield from _statements("lead_schema", _lead_fields(base), _lead_fields(head))
    old, new = base.event_schema, head.event_schema
    yield from _statements("event_schema", _events(old, new), _events(new, old))
    yield from _statements("team", _reps(base.team, head.team), _reps(head.team, base.team))
    yield from _statements("team", _teams(base.team, head.team), _teams(head.team, base.team))


def _changes(section: str, before: Said, after: Said) -> Iterator[Edit]:
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Edit("changed", section, name, None, None, old, new, (None, None))


def _statements(section: str, before: Mapping[str, Said], after: Mapping[str, Said]) -> Iterator[Edit]:
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if old != new:
            kind: Kind = "added" if old is None else "removed" if new is None else "changed"
            yield Edit(kind, section, name, None, None, old, new, (None, None))


def _unordered(texts: Iterable[str]) -> tuple[str, ...]:
    """Texts that say the same in any order."""
    return tuple(sorted(set(texts)))


# -- leadrules.yaml -------------------------------------------------------------------------------------------------


def _decisive(project: Project) -> Said:
    """What a version brings along to a diff, and compiled rules do not hold."""
    by = ", ".join(project.duplicates_by)
    return {
        "duplicates": f"by {by}, keep {project.duplicates_keep}" if by else None,
        "late_events": _length(project.late_events),
    }


def _settings(project: Project) -> Said:
    """What counts in runs."""
    guards = project.guards
    return {
        "guards.owner_changes": _limit(guards.owner_changes, is_share=guards.owner_changes_is_share),
        "guards.moves": _limit(guards.moves, is_share=guards.moves_is_share),
        "guards.rejects": _limit(guards.rejects, is_share=guards.rejects_is_share),
        "guards.jump": _length(guards.jump),
        **{f"budgets.{name}": _limit(most, is_share=is_share) for name, most, is_share in project.budgets},
        "channels": ", ".join(project.channels),
        **{f"templates.{name}": path for name, path in project.templates},
    }


def _sources(project: Project) -> dict[str, Said]:
    """Where leads and events come from, and how they are read: a source of events is known by its file and type."""
    leads = {} if project.leads is None else {"leads": {"path": project.leads.path, **_source(project.leads)}}
    events = {f"events {one.path}" + (f" ({one.type})" if one.type else ""): _source(one) for one in project.events}
    return {f"sources.{name}": told for name, told in (leads | events).items()}


def _source(source: Source) -> Said:
    return {
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "date_format": ", ".join(source.date_formats) or None,
        "blanks": ", ".join(f'"{one}"' for one in source.blanks) or None,
        "columns": _unordered(f"{name}: {header}" for name, header in source.columns),
        "key": source.key,
        "repeats": source.repeats,
    }


def _limit(most: float | None, *, is_share: bool) -> str | None:
    if most is None:
        return None
    return f"{number(most * 100)}%" if is_share else number(most)


def _length(length: tuple[int, str] | None) -> str | None:
    if length is None:
        return None
    count, unit = length
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


# -- the schemas ----------------------------------------------------------------------------------------------------

# What a field says that nobody but `docs` reads, or that is told otherwise.
_UNTOLD = ("name", "description", "type", "integer")
_DEFAULTS = {item.name: item.default for item in fields(Field)} | {"enum": ()}
_IN_ORDER = ("columns",)  # headers are tried one after the other
_KEYWORDS = {
    "columns": "x-columns",
    "blanks": "x-blanks",
    "separator": "x-separator",
    "api_name": "x-api-name",
    "exclusive_minimum": "exclusiveMinimum",
    "exclusive_maximum": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
}


def _lead_fields(project: Project) -> dict[str, Said]:
    """The fields of a lead. Which of them is its key is told with the settings."""
    return {f"field {one.name}": _field(one) for one in project.lead_schema.fields}


def _events(events: tuple[EventType, ...], others: tuple[EventType, ...]) -> dict[str, Said]:
    """Events, and the fields of those that stay. What is in an event that is new or gone is told with the event."""
    both = {one.name for one in events} & {one.name for one in others}
    told: dict[str, Said] = {}
    for event in events:
        is_new = event.name not in both
        told[f"event {event.name}"] = {"fields": tuple(one.name for one in event.fields if is_new)}
        told |= {f"field {event.name}.{one.name}": _field(one) for one in event.fields if not is_new}
    return told


def _field(field: Field) -> Said:
    """What a field's schema says, by its keywords. The type says whether a text is a date."""
    type_ = field.type
    own = {item.name: getattr(field, item.name) for item in fields(Field) if item.compare and item.name not in _UNTOLD}
    said: Said = {"enum": type_.options, **own, "format": None if type_.is_temporal else field.format}
    return {
        "type": "a whole number" if field.integer else str(type_),
        **{_KEYWORDS.get(name, name): _value(name, value) for name, value in said.items() if value != _DEFAULTS[name]},
    }


def _value(name: str, value: Any) -> Any:
    """The value of a keyword as JSON writes it, apart from what is so or not."""
    if isinstance(value, tuple):
        texts = [_json(one) for one in value]
        return tuple(dict.fromkeys(texts)) if name in _IN_ORDER else _unordered(texts)
    return value if name == "required" else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).removesuffix(".0")


# -- team.yaml ------------------------------------------------------------------------------------------------------


def _reps(team: Team, other: Team) -> dict[str, Said]:
    """What is said of each rep. Who is in a team that is new or gone is told with the team."""
    named = {name for name, _ in other.teams}
    both = [(name, members) for name, members in team.teams if name in named]
    return {
        f"rep {rep.key}": {"team": _unordered(name for name, members in both if rep.key in members), **_rep(rep)}
        for rep in team.reps
    }


def _rep(rep: Rep) -> Said:
    capacity = rep.capacity
    return {
        "name": rep.name,
        "active": rep.active,
        "weight": number(rep.weight),
        "capacity per day": _count(capacity.per_day),
        "capacity per week": _count(capacity.per_week),
        "open capacity": _count(capacity.open),
        "hours": _hours(rep),
        "holidays": ", ".join([*([rep.holidays] if rep.holidays else []), *rep.holiday_dates]) or None,
        "away": _unordered(start if start == end else f"{start}..{end}" for start, end in rep.away),
        **{f"rep.{name}": _attribute(value) for name, value in rep.attributes},
    }


def _count(limit: int | None) -> str | None:
    return None if limit is None else number(limit)


def _hours(rep: Rep) -> str | None:
    if rep.hours is None:
        return None
    days = ", ".join(DAYS[day - 1] for day in rep.hours.days)
    zone = f" in {rep.hours.timezone}" if rep.hours.timezone else ""
    return f"{days} {rep.hours.start} to {rep.hours.end}{zone}"


def _attribute(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_attribute, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str) else number(value)


def _teams(team: Team, other: Team) -> dict[str, Said]:
    """Teams with their reps in roster order, and queues. Who is new or gone in a team that stays is told of the rep."""
    others = dict(other.teams)
    teams: dict[str, Said] = {
        f"team {name}": {"reps": tuple(rep for rep in members if name not in others or rep in others[name])}
        for name, members in team.teams
    }
    return teams | {f"queue {name}": {} for name in team.queues}


# -- in words -------------------------------------------------------------------------------------------------------

# Of what comes and goes one by one.
_WORDS = {
    "enum": ("may now be", "may no longer be"),
    "team": ("is now in team", "is no longer in team"),
    "away": ("is away", "is no longer away"),
    "columns": ("now reads", "no longer reads"),
}
# Of what is so or not.
_STATES = {
    "active": ("is active again", "is no longer active"),
    "required": ("is now required", "is no longer required"),
}
_BARE = ("name", "reps", "type")  # of what is new


def said(edit: Edit) -> str:
    """The edit of a field, an event, a rep, a team, a queue or a source as a sentence, without its full stop."""
    if edit.kind == "removed":
        return f"{edit.name} is gone"
    if edit.kind == "added":
        told = ", ".join(_news(edit.after))
        return f"{edit.name} is new" + (f": {told}" if told else "")
    clauses = [clause for key in edit.after | edit.before for clause in _clauses(key, edit.before, edit.after)]
    return f"{edit.name} {'; '.join(clauses)}"


def _news(told: Said) -> Iterator[str]:
    """What is said of one that is new, defaults left out."""
    for key, value in told.items():
        if key == "active":
            yield from () if value else ("not active",)
        elif value is True:
            yield key
        elif value and (key, value) != ("weight", "1"):
            yield _all(value) if key in _BARE else f"{'in team' if key == 'team' else key} {_all(value)}"


def _clauses(key: str, before: Said, after: Said) -> Iterator[str]:
    old: Any = before.get(key)
    new: Any = after.get(key)
    if old == new:
        return
    if key in _STATES:
        yield _STATES[key][0 if new else 1]
    elif key == "type":
        yield f"is now {new} instead of {old}"
    elif isinstance(old, tuple) and isinstance(new, tuple):
        yield from _come_and_gone(key, old, new)
    elif new is None:
        yield f"no longer has {key} {_all(old)}"
    else:
        yield f"now has {key} {_all(new)}" if old is None else f"has {key} {new} instead of {old}"


def _come_and_gone(key: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    come, gone = [one for one in new if one not in old], [one for one in old if one not in new]
    if not come and not gone:
        yield f"has its {key} in another order: {_all(new)}"
    for words, some in zip(_WORDS.get(key, (f"now has {key}", f"no longer has {key}")), (come, gone), strict=True):
        if some:
            yield f"{words} {_all(some)}"


def _all(told: str | Sequence[str]) -> str:
    return told if isinstance(told, str) else ", ".join(told)
