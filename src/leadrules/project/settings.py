"""What leadrules.yaml says by itself, checked: no schema, team or rule file is looked at.

In: its document and the paths of values that are already reported. Out: typed values, and findings for what the JSON
Schema cannot say (zones, countries, dates, paths that lead outside). A bad value reads as not given.
"""

from __future__ import annotations

from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.text import codec_of
from leadrules.core.types import Unit
from leadrules.project import values
from leadrules.project.check import wrong_value
from leadrules.project.document import Document, KeyPath, did_you_mean
from leadrules.project.files import Files
from leadrules.project.model import Guards, Source

_ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "shift_jis", "euc-jp", "utf-16", "latin-1", "cp1252", "gb18030", "big5")


class Settings:
    """Reads values out of one file by path; every finding about them collects in `found`."""

    def __init__(self, document: Document, bad: set[KeyPath]) -> None:
        self.document = document
        self.bad = bad
        self.found: list[Diagnostic] = []

    def get(self, *path: str | int) -> Any:
        """The value at a path; None where it, or anything around it, is absent or reported."""
        value: Any = self.document.data
        for depth, part in enumerate(path):
            inside = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
            if path[: depth + 1] in self.bad or not inside:
                return None
            value = value[part]
        return value

    def texts(self, *path: str | int) -> list[tuple[KeyPath, str]]:
        """A text, or each text of a list, with its path."""
        value = self.get(*path)
        if isinstance(value, str):
            return [(path, value)]
        items = value if isinstance(value, list) else []
        return [((*path, at), item) for at, item in enumerate(items) if (*path, at) not in self.bad]

    def wrong(self, path: KeyPath, expected: str, help: str = "") -> None:
        """Reports that the value at a path should be something else."""
        self.found.append(wrong_value(self.document, path, self.get(*path), expected, help))

    def report(self, code: str, path: KeyPath, message: str, help: str) -> None:
        """Reports the value at a path."""
        self.found.append(finding(code, self.document.at(*path), message, help=help))

    def report_key(self, code: str, path: KeyPath, message: str, help: str) -> None:
        """Reports the key at a path."""
        self.found.append(finding(code, self.document.key(*path), message, help=help))

    def zone(self, *path: str | int) -> str | None:
        """A time zone that exists."""
        name = self.get(*path)
        if name is None or values.zone_exists(name):
            return name if name is None else str(name)
        self.report("LR059", path, f"`{name}` is not a time zone", values.zone_help(name))
        return None

    def days(self, *path: str | int) -> tuple[int, ...] | None:
        """Days of the week; None where not given."""
        texts = self.texts(*path)
        if not texts:
            return None
        found = values.days([text for _, text in texts])
        if isinstance(found, str):
            near = did_you_mean(found, values.DAYS, "The days are Mon, Tue, Wed, Thu, Fri, Sat, Sun.")
            self.wrong(path, "days such as `Mon-Fri` or `Mon, Wed, Fri`", f"`{found}` is not a day. {near}")
            return None
        return found

    def holidays(self, *path: str | int) -> tuple[str | None, tuple[str, ...]]:
        """The country and the dates of a list of days off."""
        countries: list[str] = []
        dates: list[str] = []
        for where, text in self.texts(*path):
            if values.looks_like_a_date(text):
                self._take(dates, self.date(where, text))
            else:
                self._take(countries, self._country(where, text, countries))
        return (countries[0] if countries else None), tuple(dict.fromkeys(dates))

    @staticmethod
    def _take(into: list[str], value: str | None) -> None:
        if value is not None:
            into.append(value)

    def date(self, path: KeyPath, text: str) -> str | None:
        """A date of the calendar."""
        day = values.iso_date(text)
        if day is None:
            self.report("LR061", path, f"`{text}` is not a date of the calendar", "Write dates as 2026-12-29.")
        return day

    def _country(self, path: KeyPath, text: str, before: list[str]) -> str | None:
        code = values.country(text)
        if code is None:
            self.report("LR060", path, f"`{text}` is not a country with known holidays", values.country_help(text))
        elif before and code != before[0]:
            self.wrong(path, "a date", "One country is given already; days off elsewhere are listed as dates.")
        return code

    def duration(self, *path: str | int) -> tuple[int, Unit] | None:
        """A duration; its form is checked by the JSON Schema."""
        text = self.get(*path)
        return None if text is None else values.duration(text)


def read_guards(settings: Settings) -> Guards:
    """`guards:`."""
    limits: dict[str, Any] = {}
    for name in ("owner_changes", "moves", "rejects"):
        value = settings.get("guards", name)
        if value is not None:
            limits[name], limits[f"{name}_is_share"] = values.limit(value)
    return Guards(**limits, jump=settings.duration("guards", "jump"))


def read_budgets(settings: Settings) -> tuple[tuple[str, float, bool], ...]:
    """`budgets:`, how much of the leads a change of rules may move: by kind or name."""
    names: Any = settings.get("budgets") or {}
    given = ((str(name), settings.get("budgets", name)) for name in names)
    return tuple((name, *values.limit(value)) for name, value in given if value is not None)


def read_lead_source(settings: Settings, files: Files) -> Source | None:
    """`sources: leads:`."""
    return _source(settings, files, ("sources", "leads"))


def read_event_sources(settings: Settings, files: Files) -> tuple[Source, ...]:
    """`sources: events:`, one or a list."""
    read = (_source(settings, files, path) for path in event_source_paths(settings))
    return tuple(source for source in read if source is not None)


def event_source_paths(settings: Settings) -> list[KeyPath]:
    """Where each event source stands."""
    base: KeyPath = ("sources", "events")
    value = settings.get(*base)
    return [(*base, at) for at in range(len(value))] if isinstance(value, list) else [base]


def _source(settings: Settings, files: Files, at: KeyPath) -> Source | None:
    if not isinstance(settings.get(*at), dict):
        return None
    _check_encoding(settings, (*at, "encoding"))
    _check_date_formats(settings, (*at, "date_format"))
    _check_one_type(settings, at)
    path = checked_path(settings, files, (*at, "path"))
    delimiter = settings.get(*at, "delimiter")
    columns = settings.get(*at, "columns") or {}
    return Source(
        path=path or "",
        encoding=settings.get(*at, "encoding"),
        delimiter="\t" if delimiter == "tab" else delimiter,
        date_formats=tuple(text for _, text in settings.texts(*at, "date_format")),
        blanks=tuple(text for _, text in settings.texts(*at, "blanks")),
        columns=tuple((field, header) for field, header in columns.items() if isinstance(header, str)),
        type=settings.get(*at, "type"),
        key=settings.get(*at, "key"),
        repeats=settings.get(*at, "repeats"),
    )


def _check_encoding(settings: Settings, path: KeyPath) -> None:
    name = settings.get(*path)
    if name is not None and codec_of(name) is None:
        settings.wrong(path, "an encoding such as `utf-8` or `cp932`", did_you_mean(name, _ENCODINGS))


def _check_date_formats(settings: Settings, path: KeyPath) -> None:
    for place, text in settings.texts(*path):
        from leadrules.core.dates import DIRECTIVES, layout  # most projects state no format

        if mistake := layout(text).mistake:
            settings.wrong(place, "a date format", f"{mistake[0].upper()}{mistake[1:]}. {DIRECTIVES}")


def _check_one_type(settings: Settings, at: KeyPath) -> None:
    if settings.get(*at, "type") is not None and settings.get(*at, "columns", "type") is not None:
        settings.wrong(
            (*at, "columns", "type"),
            "left out",
            "`type` gives every row its type already: keep it, or the column with the types.",
        )


def checked_path(settings: Settings, files: Files, path: KeyPath) -> str | None:
    """A path as written, if it stays inside the project."""
    text = settings.get(*path)
    if not isinstance(text, str):
        return None
    if "\0" not in text and files.inside(text) is not None:
        return text
    way_out = "Move the file into the project's folder; only the command line may name one outside."
    settings.report("LR058", path, f"`{text}` leads outside the project", way_out)
    return None
