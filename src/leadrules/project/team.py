"""team.yaml as a `Team`.

In: a document and the project's week. Out: reps, teams and queues in the order of the file, and findings. A rep with a
mistake stays a rep, so that the rules that name it report nothing more; a file that lacks a whole part is no team, for
they would all report it. Reads no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher
from functools import cache
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.core.ids import canonical_key
from leadrules.core.text import fold, nearest
from leadrules.project import values
from leadrules.project.check import check_document
from leadrules.project.document import Document, KeyPath, did_you_mean
from leadrules.project.model import QUEUE_PREFIX, Capacity, Hours, Rep, Team
from leadrules.project.settings import Settings

_KNOWN = ("name", "active", "weight", "capacity", "hours", "holidays", "away")
_ALIKE = 0.85  # how near an attribute must be to a key before it is doubted
_KINDS: dict[type, str] = {str: "a text", bool: "true/false", int: "a number", float: "a number", list: "a list"}


def read_team(document: Document, week: tuple[int, ...]) -> tuple[Team | None, list[Diagnostic]]:
    """The team; None where all of its reps, teams or queues cannot be read. `week` are the days of hours without days."""
    if document.data is None:
        return Team(), []
    found, bad = check_document(document, "team.schema.json")
    settings = Settings(document, bad)
    reps = settings.get("reps") or {}
    _check_alike(settings, reps)
    team = Team(
        reps=tuple(_rep(settings, key, week) for key in reps),
        teams=_teams(settings, reps),
        queues=_unique(settings, ("queues",), "queue"),
    )
    _check_attributes(settings, team)
    return team if _has_all_parts(settings) else None, found + settings.found


def _has_all_parts(settings: Settings) -> bool:
    """Whether no part is unreadable, or stands under a key that is none of ours."""
    return all(len(path) > 1 for path in settings.bad)


def _rep(settings: Settings, key: str, week: tuple[int, ...]) -> Rep:
    at: KeyPath = ("reps", key)
    if not key.strip() or key.startswith(QUEUE_PREFIX):
        way_out = "A rep is named by what the owner field holds, such as sato@example.com; queues stand under `queues`."
        settings.report_key("LR055", at, f"`{key}` cannot be a rep", way_out)
    country, dates = settings.holidays(*at, "holidays")
    active, weight = settings.get(*at, "active"), settings.get(*at, "weight")
    return Rep(
        key=key,
        name=settings.get(*at, "name"),
        active=True if active is None else active,
        weight=1 if weight is None else weight,
        capacity=Capacity(*(settings.get(*at, "capacity", name) for name in ("per_day", "per_week", "open"))),
        hours=_hours(settings, (*at, "hours"), week),
        holidays=country,
        holiday_dates=dates,
        away=_away(settings, (*at, "away")),
        attributes=_attributes(settings, at),
    )


def _check_alike(settings: Settings, reps: Iterable[str]) -> None:
    """Owners compare folded, so two reps that fold alike could not be told apart."""
    seen: dict[str, str] = {}
    for rep in reps:
        first = seen.setdefault(fold(canonical_key(rep)), rep)
        if first != rep:
            related = (Related(settings.document.key("reps", first), "the other one"),)
            message = f"the reps `{rep}` and `{first}` read the same: case, width and outer spaces do not count"
            span = settings.document.key("reps", rep)
            settings.found.append(finding("LR081", span, message, help="Keep one of them.", related=related))


def _hours(settings: Settings, at: KeyPath, week: tuple[int, ...]) -> Hours | None:
    if not isinstance(settings.get(*at), dict):
        return None
    days = settings.days(*at, "days")
    zone = settings.zone(*at, "timezone")
    start, end = settings.get(*at, "from"), settings.get(*at, "to")
    if start is None or end is None:
        return None
    if start >= end:
        way_out = "Hours begin and end on one day; 24:00 is its end."
        settings.report("LR082", (*at, "to"), f"the hours end at {end}, not after {start}", way_out)
        return None
    return Hours(days or week, start, end, zone)


def _away(settings: Settings, at: KeyPath) -> tuple[tuple[str, str], ...]:
    ranges = []
    for path, text in settings.texts(*at):
        span = values.date_range(text)
        if span is not None:
            ranges.append(span)
        else:
            _report_away(settings, path, text)
    return tuple(ranges)


def _report_away(settings: Settings, path: KeyPath, text: str) -> None:
    first, dots, last = text.partition("..")
    for part in (first, last) if dots else (first,):
        if values.iso_date(part) is None:
            message = f"`{part.strip()}` is not a date of the calendar"
            settings.report("LR061", path, message, "Write a date as 2026-12-29, a range as 2026-12-29..2027-01-03.")
            return
    settings.report("LR061", path, f"`{text}` runs backwards", f"Write `{last.strip()}..{first.strip()}`.")


def _attributes(settings: Settings, at: KeyPath) -> tuple[tuple[str, Any], ...]:
    data = settings.get(*at)
    keys = [key for key in data if key not in _KNOWN] if isinstance(data, dict) else []
    for key in keys:
        _check_spelling(settings, at, key)
    given = ((key, settings.get(*at, key)) for key in keys)
    clean = ((key, settings.get(*at, key)) for key, value in given if value is not None)
    return tuple(
        (key, [text for _, text in settings.texts(*at, key)] if isinstance(v, list) else v) for key, v in clean
    )


def _check_spelling(settings: Settings, at: KeyPath, key: str) -> None:
    near = _almost(key)
    if near is not None and (*at, key) not in settings.bad:
        settings.report_key(
            "LR084", (*at, key), f"`{key}` is read as an attribute of the rep", f"Did you mean `{near}`?"
        )


@cache
def _almost(key: str) -> str | None:
    """The key of ours that an attribute is almost spelled as."""
    near, word = nearest(key, _KNOWN), key.lower()
    if near is None:
        return None
    # Two letters that changed places are fewer alike to the matcher than two words such as `height` and `weight`.
    is_jumbled = sorted(word) == sorted(near)
    return near if is_jumbled or SequenceMatcher(None, word, near).ratio() >= _ALIKE else None


def _teams(settings: Settings, reps: Collection[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    teams = settings.get("teams") or {}
    are_known = bool(reps) or _has_all_parts(settings)
    for name in teams:
        for path, rep in settings.texts("teams", name):
            if are_known and rep not in reps:
                way_out = did_you_mean(rep, reps, "Add it under `reps`.")
                settings.report("LR080", path, f"team `{name}` names `{rep}`, who is not a rep", way_out)
    return tuple((name, _unique(settings, ("teams", name), "rep")) for name in teams)


def _unique(settings: Settings, at: KeyPath, what: str) -> tuple[str, ...]:
    seen: dict[str, tuple[KeyPath, str]] = {}
    for path, text in settings.texts(*at):
        first, _ = seen.setdefault(fold(text), (path, text))
        if first != path:
            related = (Related(settings.document.at(*first), "it stands here first"),)
            message = f"the {what} `{text}` stands twice in `{at[-1]}`"
            way_out = "Keep one; a larger share is what `weight` is for." if what == "rep" else "Keep one."
            settings.found.append(finding("LR081", settings.document.at(*path), message, help=way_out, related=related))
    return tuple(text for _, text in seen.values())


def _check_attributes(settings: Settings, team: Team) -> None:
    """One attribute is one kind of value for every rep, or no rule could use it."""
    first: dict[str, tuple[str, str]] = {}
    for rep in team.reps:
        for name, value in rep.attributes:
            kind = _KINDS[type(value)]
            owner, before = first.setdefault(name, (rep.key, kind))
            if before != kind:
                related = (Related(settings.document.at("reps", owner, name), f"{before} for {owner}"),)
                message = f"`{name}` is {kind} for {rep.key}, and {before} for {owner}"
                span = settings.document.at("reps", rep.key, name)
                way_out = "Give the attribute one kind of value for every rep."
                settings.found.append(finding("LR083", span, message, help=way_out, related=related))
