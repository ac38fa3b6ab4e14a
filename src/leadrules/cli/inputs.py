"""What a command reads: which files, from which instant.

In: the project, and what the command line says instead. Out: sources and instants; exit 2 where there are none. Paths of
the command line are relative to the working directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from glob import escape, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from leadrules.cli.options import fail, ready_project
from leadrules.core.places import spellings

if TYPE_CHECKING:
    from leadrules.project.model import Project, Source
    from leadrules.review.workspace import Workspace


@contextmanager
def inputs_read() -> Iterator[None]:
    """Within, an input that cannot be used ends the command with exit 2, and says why."""
    from leadrules.data.errors import InputError

    try:
        yield
    except InputError as error:
        fail(error.message, error.help)


def lead_source(project: Project, path: str | None) -> Source:
    """The file that `--leads` names, else that of leadrules.yaml; exit 2 where there is none."""
    if path is not None:
        return _named(project.leads, path)
    if project.leads is None:
        fail(
            "no leads to read",
            "name a file with --leads PATH, or put it into leadrules.yaml: sources: {leads: {path: leads.csv}}",
        )
    return project.leads


def spare_inputs(project: Project, written: Iterable[Path], sources: Iterable[Source | None] = ()) -> None:
    """Exit 2 where a file that would be written, or taken away, is one that the project reads, or the command (`sources`)."""
    from leadrules.data.sources import is_named

    data = (source.path for source in (project.leads, *project.events, *sources) if source is not None)
    beside = (project.report[key] for key in ("campaigns", "traffic") if key in project.report)
    read = [*map(str, project.own_files), *beside, *(path for path in data if path != "-")]
    for file in written:
        if file.exists() and any(is_named(file, project.root, path) for path in read):
            fail(f"{file} is read: it would be written over", "name another place with --out")


def ready_to_deliver(folder: Path | None, output: Path | None) -> Workspace:
    """The workspace of a project without errors, for a document that goes to `output`; exit 2 where the project reads that."""
    workspace = ready_project(folder)
    if output is not None:
        spare_inputs(workspace.ready[0], [Path.cwd() / output])
    return workspace


def has_leads(project: Project) -> bool:
    """Whether the file that leadrules.yaml names is there: an export is rarely committed, and goals come before data."""
    if project.leads is None:
        return False
    return any(True for path in spellings(project.leads.path) for _ in project.root.glob(path))


def event_sources(project: Project, path: str | None) -> tuple[Source, ...]:
    """The file that `--events` names, else those of leadrules.yaml."""
    return project.events if path is None else (_named(_plain_source(project.events, path), path),)


def _plain_source(sources: tuple[Source, ...], path: str) -> Source | None:
    """The settings for another file of events: those of the source that mixes types; of several, the one whose files bear
    such names, else the first."""
    mixed = [source for source in sources if source.type is None]
    alike = [source for source in mixed if fnmatch(Path(path).name, Path(source.path).name)]
    return next(iter([*alike, *mixed]), None)


def _named(source: Source | None, path: str) -> Source:
    """Another file, read as the project reads its own."""
    from leadrules.project.model import Source

    here = Path.cwd()
    if has_magic(path) and not (here / path).exists():  # the folder itself is no pattern, whatever it is called
        here = Path(escape(str(here)))
    named = path if path == "-" else str(here / path)
    return Source(named) if source is None else replace(source, path=named)


def instant(option: str, text: str | None, zone: str) -> datetime | None:
    """A date (its midnight) or datetime of the command line, in the project zone unless it says its own."""
    from leadrules.core.calendar import FIRST_YEAR, LAST_YEAR, Calendar

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        fail(f"{option} {text} is not a time", "write 2026-11-01, 2026-11-01T09:00 or 2026-11-01T09:00+09:00")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        what = f"{option} {text} is in the year {moment.year}"
        fail(f"{what}: a run knows the years from {FIRST_YEAR} to {LAST_YEAR}", "write a time such as 2026-11-01")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    return Calendar(zone).instant(moment)
