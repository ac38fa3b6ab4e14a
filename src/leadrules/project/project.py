"""From a project's folder to a checked `Project`.

In: the root, another team file, and unsaved texts. Out: `LoadResult`. It reads leadrules.yaml, the
two schemas and the team file, and finds the rule files; it opens no rule file and no lead. Defaults are filled in here
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, has_errors, ordered
from leadrules.core.places import shown
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.project.check import check_document
from leadrules.project.document import Document, KeyPath, listed
from leadrules.project.files import Files
from leadrules.project.json_file import read_json
from leadrules.project.model import EventType, LeadSchema, Project, Source, Team
from leadrules.project.references import PARTS, budget_places, check_names, part, report_places
from leadrules.project.schema import read_event_schema, read_lead_schema
from leadrules.project.settings import (
    Settings,
    checked_path,
    read_budgets,
    read_event_sources,
    read_guards,
    read_lead_source,
)
from leadrules.project.team import read_team
from leadrules.project.yaml import read_yaml

PROJECT_FILE = "leadrules.yaml"
CHANNELS = ("email", "call", "linkedin", "sms", "task")


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A project, or None where it cannot be used: leadrules.yaml is broken, or a schema or the team cannot be read.

    `broken` tells that leadrules.yaml itself has an error (exit code 2), as against a schema or the team (1).
    """

    project: Project | None
    diagnostics: list[Diagnostic]
    broken: bool
    rule_files: tuple[Path, ...] = ()


def find_project(start: Path) -> Path | None:
    """The nearest folder with a leadrules.yaml, from `start` upwards."""
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).is_file()), None)


def load_project(
    root: Path,
    *,
    team: Path | None = None,
    unsaved: Mapping[Path, str] | None = None,
) -> LoadResult:
    """Reads and checks the project in `root`.

    `team` is another team file than leadrules.yaml says; it may lie outside the project. `unsaved` are texts, by absolute
    path, that stand in for what is on disk.
    """
    files = Files(root.resolve(), unsaved or {})
    document, found = _document(files, files.root / PROJECT_FILE)
    if document is None:
        return LoadResult(None, ordered(found), broken=True)
    wrong, bad = check_document(document, "project.schema.json")
    settings = Settings(document, bad)
    settings.found += found + wrong
    if not isinstance(document.data, dict):
        return LoadResult(None, settings.found, broken=True)
    loader = _Loader(files, document, team, settings, read=[files.root / PROJECT_FILE])
    project = loader.project()
    diagnostics = ordered(settings.found)
    broken = has_errors([d for d in diagnostics if d.span.file.path == PROJECT_FILE])
    return LoadResult(None if broken else project, diagnostics, broken, loader.rule_files)


def _document(files: Files, path: Path) -> tuple[Document | None, list[Diagnostic]]:
    source = files.read(path)
    if isinstance(source, Diagnostic):
        return None, [source]
    return (read_json if path.suffix == ".json" else read_yaml)(source)


@dataclass(slots=True)
class _Loader:
    """One load: what was read so far, and what is wrong with it."""

    files: Files
    document: Document
    team_file: Path | None
    settings: Settings
    rule_files: tuple[Path, ...] = ()
    read: list[Path] = field(default_factory=list)

    def project(self) -> Project | None:
        """The project; None where a part that everything needs cannot be read."""
        week = self.settings.days("week") or (1, 2, 3, 4, 5)
        self.rule_files = self._rule_files()
        sources = self._sources()
        leads = self._lead_schema(sources[0])
        events = self._event_schema()
        team = self._team(week)
        if sources[0] is not None and leads is not None and self._says_row_number(leads):
            sources = (replace(sources[0], key="row_number"), sources[1])
        if leads is not None and events is not None:
            check_names(self.settings, leads, events, sources[0])
        return self._assemble(week, sources, leads, events, team)

    def _assemble(
        self,
        week: tuple[int, ...],
        sources: tuple[Source | None, tuple[Source, ...]],
        leads: LeadSchema | None,
        events: tuple[EventType, ...] | None,
        team: Team | None,
    ) -> Project | None:
        country, dates = self.settings.holidays("holidays")
        zone, state = self.settings.zone("timezone"), self._state()
        templates, guards = self._templates(), read_guards(self.settings)
        if leads is None or events is None or team is None:
            return None
        parts = {name: part(self.settings, leads, name) for name in PARTS}
        return Project(
            root=self.files.root,
            name=self.settings.get("name") or shown(Path(self.files.root.name)),
            timezone=zone or "UTC",
            week=week,
            holiday_country=country,
            holiday_dates=dates,
            fiscal_year_starts=self.settings.get("fiscal_year_starts") or 1,
            key=(sources[0].key if sources[0] else None) or leads.key,
            owner=parts["owner"],
            created=parts["created"],
            email=parts["email"],
            sequence=parts["sequence"],
            leads=sources[0],
            events=sources[1],
            channels=tuple(self.settings.get("channels") or CHANNELS),
            templates=templates,
            duplicates_by=tuple(name for _, name in self.settings.texts("duplicates", "by")),
            duplicates_keep=self.settings.get("duplicates", "keep") or "oldest",
            open_leads=self.settings.get("open_leads"),
            late_events=self.settings.duration("late_events") or (7, "days"),
            state=state,
            guards=guards,
            budgets=read_budgets(self.settings),
            report=self.settings.get("report") or {},
            checks=self.settings.get("checks") or {},
            rule_files=self.rule_files,
            own_files=(*self.read, *self.rule_files, *(self.files.root / path for _, path in templates)),
            lead_schema=leads,
            event_schema=events,
            team=team,
            open_leads_span=self.document.at("open_leads") if self.settings.get("open_leads") else None,
            report_places=report_places(self.document),
            budget_places=budget_places(self.document),
        )

    def _rule_files(self) -> tuple[Path, ...]:
        if self.settings.get("rules") is None:
            return self._matches((), "rules/**/*.lead")
        found: list[Path] = []
        for path, pattern in self.settings.texts("rules"):
            if checked_path(self.settings, self.files, path) is not None:
                found += self._matches(path, pattern)
        return tuple(dict.fromkeys(found))

    def _matches(self, path: KeyPath, pattern: str) -> tuple[Path, ...]:
        inside, outside = self.files.matches(pattern)
        place = self.document.at(*path) if path else self.document.head()
        for rule_file in outside:
            message = f"{self.files.name(rule_file)} is a link that leads outside the project"
            self.settings.found.append(finding("LR058", place, message, help="Copy the file into the project."))
        if path and not inside and not outside:
            self.settings.report("LR066", path, f"no rule file matches `{pattern}`", "Rule files end in .lead.")
        return tuple(inside)

    def _sources(self) -> tuple[Source | None, tuple[Source, ...]]:
        return read_lead_source(self.settings, self.files), read_event_sources(self.settings, self.files)

    def _locate(self, key: str, name: str) -> tuple[Path | None, bool]:
        """The path of a file that is set by `key` or found by name, and whether it is in error."""
        if key in self.document.data and (key,) not in self.settings.bad:
            text = checked_path(self.settings, self.files, (key,))
            if text is not None and not self.files.exists(self.files.root / text):
                self.settings.report(
                    "LR057", (key,), f"there is no file `{text}`", "Correct the path, or add the file."
                )
                return None, True
            return (self.files.root / text, False) if text is not None else (None, True)
        found = self.files.named(name)
        if len(found) > 1:
            names = listed([self.files.name(path) for path in found], "and")
            way_out = f"Say which one in leadrules.yaml: `{key}: {self.files.name(found[0])}`."
            place = self.document.head()
            self.settings.found.append(finding("LR057", place, f"there are several: {names}", help=way_out))
            return None, True
        return (found[0] if found else None), (key,) in self.settings.bad

    def _says_row_number(self, leads: LeadSchema) -> bool:
        """Whether `fields: {key: row_number}` says what a source may say, and means no field of that name."""
        return leads.key == "row_number" and all(field.name != leads.key for field in leads.fields)

    def _lead_schema(self, source: Source | None) -> LeadSchema | None:
        path, failed = self._locate("lead_schema", "lead.schema.json")
        if path is None:
            if not failed:
                place = Span(SourceFile("rules/lead.schema.json", ""), 0, 0)
                way_out = "Declare the lead's fields in rules/lead.schema.json; `leadrules init LEADS.csv` writes one."
                self.settings.found.append(finding("LR057", place, "there is no lead schema", help=way_out))
            return None
        document = self._read(path)
        if document is None:
            return None
        stated = self.settings.get("fields", "key")
        key_place = self.document.at("fields", "key") if stated is not None else None
        numbered = source is not None and source.key == "row_number"
        schema, found = read_lead_schema(document, stated, key_place, needs_key=not numbered)
        self.settings.found += found
        return schema if isinstance(document.data, dict) else None

    def _event_schema(self) -> tuple[EventType, ...] | None:
        path, failed = self._locate("event_schema", "events.schema.json")
        if path is None:
            return None if failed else ()
        document = self._read(path)
        if document is None:
            return None
        events, found = read_event_schema(document)
        self.settings.found += found
        return events if isinstance(document.data, dict) else None

    def _team(self, week: tuple[int, ...]) -> Team | None:
        path, failed = (self.team_file, False) if self.team_file is not None else self._locate("team", "team.yaml")
        if path is None:
            return None if failed else Team()
        document = self._read(path)
        if document is None:
            return None
        team, found = read_team(document, week)
        self.settings.found += found
        return team

    def _read(self, path: Path) -> Document | None:
        document, found = _document(self.files, path)
        self.read.append(path.absolute())
        self.settings.found += found
        return document

    def _state(self) -> Path:
        text = checked_path(self.settings, self.files, ("state",))
        return self.files.root / (text or ".leadrules/state")

    def _templates(self) -> tuple[tuple[str, str], ...]:
        names: Any = self.settings.get("templates") or {}
        paths = [(name, checked_path(self.settings, self.files, ("templates", name))) for name in names]
        for name, path in paths:
            if path is not None and not self.files.exists(self.files.root / path):
                way_out = "Add the file, or correct the path."
                message = f"there is no file `{path}` for the template `{name}`"
                self.settings.report("LR067", ("templates", name), message, way_out)
        return tuple((name, path) for name, path in paths if path is not None)
