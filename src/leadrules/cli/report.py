"""`report`: what the rules did and what came of it, as one page, as CSV files or as JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.options import fail, many, project_option, ready_project
from leadrules.cli.runs import event_sources, instant, lead_source

if TYPE_CHECKING:
    from leadrules.measure.model import Report
    from leadrules.review.report import Gathered
    from leadrules.review.workspace import Workspace

NAMES = {"html": "report.html", "csv": "report", "json": "-"}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What `report` and `goal` share on the command line."""

    folder: Path | None
    quiet: bool
    leads: str | None
    events: str | None
    as_of: str | None
    place: Path | None
    no_state: bool


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `report` and `goal` share."""
    options = (
        click.option("--leads", metavar="PATH", help="CSV, TSV, Parquet or JSON lines, gzip'd or not, a glob, or `-`."),
        click.option("--events", metavar="PATH", help="The same for events."),
        click.option("--as-of", metavar="TIME", help="The instant to look from, 2026-11-01 or 2026-11-01T09:00."),
        click.option("--state", "place", type=click.Path(path_type=Path), help="Another state than the project's."),
        click.option("--no-state", is_flag=True, help="Without what earlier runs remember."),
        project_option,
    )
    for option in options:
        command = option(command)
    return command


@click.command()
@report_options
@click.option("--format", "form", type=click.Choice(["html", "csv", "json"]), default="html", show_default=True)
@click.option(
    "-o", "--out", metavar="FILE", help="The page, the folder of CSV files, or the JSON; `-` for standard output."
)
def report(*, form: str, out: str | None, **shared: Any) -> None:
    """The measurement reports: funnel, cohorts, campaigns, sequences, stages, return, goals, response."""
    from leadrules.measure.report import report_of

    options = ReportOptions(**shared)
    started = time.perf_counter()
    found = gathered(ready_project(options.folder), options)
    made = report_of(found.material, found.provenance)
    target = out or NAMES[form]
    if form == "csv" and target == "-":
        fail("CSV is a folder of files, one per table", "name the folder with -o FOLDER, or take --format json")
    try:
        _write(made, form, target)
    except OSError as error:
        fail(f"{error.filename or target} cannot be written: {error.strerror}", "name another place with -o FILE")
    if not options.quiet:
        _say(made, target, time.perf_counter() - started)


def gathered(workspace: Workspace, options: ReportOptions) -> Gathered:
    """What is read for a report; every way in which that cannot be done ends here."""
    from leadrules.cli.stateful import remembering
    from leadrules.data.errors import InputError
    from leadrules.lifecycle.run import RunRequest
    from leadrules.review.report import gather

    project, ruleset = workspace.project, workspace.ruleset
    assert project is not None
    assert ruleset is not None
    request = RunRequest(
        project,
        ruleset,
        lead_source(project, options.leads),
        event_sources(project, options.events),
        as_of=instant("--as-of", options.as_of, project.timezone),
        stdin=sys.stdin.buffer,
    )
    place = _state_place(project.state, options)
    try:
        with remembering(place, to_write=False) as state:
            return gather(replace(request, state=state), ruleset, place)
    except InputError as error:
        fail(error.message, error.help)


def _state_place(usual: Path, options: ReportOptions) -> Path | None:
    """The state to look into; None where there is none. One that is named must be there."""
    if options.no_state:
        return None
    if options.place is None:
        return usual if usual.exists() else None
    place = Path.cwd() / options.place
    if not place.exists():
        fail(f"there is no state {options.place}", "leave --state out to report without one")
    return place


def _write(made: Report, form: str, target: str) -> None:
    from leadrules.review.report_document import report_document, write_tables
    from leadrules.review.report_page import report_page
    from leadrules.show.machine import dump

    if form == "csv":
        write_tables(made, Path.cwd() / target)
        return
    text = report_page(made) if form == "html" else dump(report_document(made))
    if target == "-":
        click.echo(text, nl=False)
        return
    path = Path.cwd() / target
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _say(made: Report, target: str, seconds: float) -> None:
    tables = sum(1 for _ in made.tables)
    missing = [one for section in made.sections for one in section.missing]
    click.echo(
        f"{many(tables, 'table')}; {'standard output' if target == '-' else target} in {seconds:.1f} s", err=True
    )
    for one in dict.fromkeys(missing):
        click.echo(f"left out: {one.figure}: {one.reason}; {one.help}", err=True)
