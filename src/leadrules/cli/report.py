"""`report`: what the rules did and what came of it, as one page, as CSV files or as JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.inputs import event_sources, inputs_read, instant, lead_source, spare_inputs
from leadrules.cli.options import (
    FILE,
    as_of_option,
    encoding_option,
    events_option,
    fail,
    format_option,
    leads_option,
    no_state_option,
    options,
    project_option,
    ready_project,
    refuse_encoding,
    state_option,
)
from leadrules.core.records import dataclass
from leadrules.core.text import many

if TYPE_CHECKING:
    from leadrules.data.write import Encoding, Lost
    from leadrules.lifecycle.run import RunRequest
    from leadrules.measure.model import Provenance, Report, Section
    from leadrules.measure.snapshots import Snapshot
    from leadrules.project.model import Project
    from leadrules.review.report.report import Gathered, NoTimeError
    from leadrules.review.workspace import Workspace
    from leadrules.ruleset.model import Ruleset

NOT_READ = "not read"
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
    those = (
        leads_option,
        events_option,
        as_of_option,
        state_option,
        no_state_option,
        project_option,
    )
    return options(*those)(command)


@click.command()
@report_options
@format_option("html", "csv", "json")
@encoding_option
@click.option(
    "-o",
    "--out",
    type=FILE,
    metavar="FILE",
    help="The page, the folder of CSV files, or the JSON; `-` for standard output.",
)
@click.option(
    "--against", type=FILE, metavar="RUN", help="What moved since: the folder of a run, or an older file of leads."
)
@click.option("--against-events", type=FILE, metavar="PATH", help="The events of the older file of leads.")
def report(
    *,
    form: str,
    encoding: Encoding,
    out: str | None,
    against: str | None,
    against_events: str | None,
    **shared: Any,
) -> None:
    """The measurement reports: funnel, cohorts, campaigns, sequences, stages, return, goals, response, drift."""
    from leadrules.measure.report import report_of

    options = ReportOptions(**shared)
    started = time.perf_counter()
    target = out or NAMES[form]
    if form == "csv" and target == "-":
        fail("CSV is a folder of files, one per table", "name the folder with -o FOLDER, or take --format json")
    refuse_encoding(form, encoding)
    if against is None and against_events is not None:
        fail(
            "--against-events are the events of the older leads that --against names", "name them: --against LEADS.csv"
        )
    workspace = ready_project(options.folder)
    # The older side first: of it only counts are kept, so that not both lie in memory.
    before = None if against is None else _before(workspace, options, against, against_events)
    found = gathered(workspace, options)
    made = report_of(found.material, found.provenance, None if before is None else _drift(found, before))
    _spare_inputs(made, form, target, workspace, options)
    try:
        lost = _write(made, form, target, encoding)
    except OSError as error:
        fail(f"{error.filename or target} cannot be written: {error.strerror}", "name another place with -o FILE")
    if not options.quiet:
        _say(made, target, lost, time.perf_counter() - started)


def _drift(found: Gathered, before: Snapshot) -> Section:
    """What moved since then."""
    from leadrules.measure.drift import drift_section
    from leadrules.measure.snapshots import snapshot_of

    return drift_section(snapshot_of(found.material, "now"), before)


def _before(workspace: Workspace, options: ReportOptions, against: str, events: str | None) -> Snapshot:
    """The older side: a run, or an older export; exit 2 where that cannot be read."""
    from leadrules.review.report.drift import snapshot_against

    project, ruleset = workspace.ready
    path = Path.cwd() / against
    if against != "-" and not has_magic(against) and not path.exists():
        fail(
            f"--against {against}: there is no such file or folder",
            "name the folder of a run, or an older file of leads",
        )
    if events is not None and path.is_dir():
        fail("--against names a run, which has its events in its figures", "leave --against-events out")
    leads = lead_source(project, against)
    older = None if events is None else event_sources(project, events)
    with inputs_read():
        return snapshot_against(request_on(project, ruleset, options), ruleset, path, leads, older)


def gathered(workspace: Workspace, options: ReportOptions) -> Gathered:
    """What is read for a report; every way in which that cannot be done ends here."""
    from leadrules.review.report.report import NoTimeError

    found = gathered_if_timed(workspace, options)
    if isinstance(found, NoTimeError):
        fail(found.message, found.help)
    return found


def gathered_if_timed(workspace: Workspace, options: ReportOptions) -> Gathered | NoTimeError:
    """The same, for who can do without data that have no time."""
    from leadrules.cli.stateful import remembering
    from leadrules.review.report.report import NoTimeError, gather

    project, ruleset = workspace.ready
    request = request_on(project, ruleset, options)
    place = _state_place(project.state, options)
    with inputs_read(), remembering(place, to_write=False) as state:
        try:
            return gather(replace(request, state=state), ruleset, place)
        except NoTimeError as error:
            return error


def request_on(project: Project, ruleset: Ruleset, options: ReportOptions) -> RunRequest:
    """What is read, and from which instant it is looked at."""
    from leadrules.lifecycle.run import RunRequest

    return RunRequest(
        project,
        ruleset,
        lead_source(project, options.leads),
        event_sources(project, options.events),
        as_of=instant("--as-of", options.as_of, project.timezone),
        stdin=sys.stdin.buffer,
    )


def _state_place(usual: Path, options: ReportOptions) -> Path | None:
    """The state to look into; None where there is none. One that is named must be there."""
    if options.no_state:
        return None
    if options.place is None:
        return usual if usual.exists() else None
    from leadrules.cli.stateful import named_state

    return named_state(options.place, "leave --state out to report without one")


def _spare_inputs(made: Report, form: str, target: str, workspace: Workspace, options: ReportOptions) -> None:
    """Exit 2 where the page or a table would stand in the place of what is read."""
    from leadrules.review.report.document import files_touched

    if target == "-":
        return
    place = Path.cwd() / target
    request = request_on(*workspace.ready, options)
    written = files_touched(made, place) if form == "csv" else [place]
    spare_inputs(request.project, written, (request.leads, *request.events))


def _write(made: Report, form: str, target: str, encoding: Encoding) -> tuple[Lost, ...]:
    from leadrules.review.report.document import report_document, write_tables
    from leadrules.review.report.page import report_page
    from leadrules.show.machine import dump

    if form == "csv":
        return write_tables(made, Path.cwd() / target, encoding)
    text = report_page(made) if form == "html" else dump(report_document(made))
    if target == "-":
        click.echo(text, nl=False)
        return ()
    path = Path.cwd() / target
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return ()


def say_not_read(provenance: Provenance) -> None:
    """What of the inputs is in no figure."""
    for words in (words for what, words in provenance.meanings if what == NOT_READ):
        click.echo(words, err=True)


def _say(made: Report, target: str, lost: tuple[Lost, ...], seconds: float) -> None:
    from leadrules.data.write import lost_words

    tables = sum(1 for _ in made.tables)
    missing = [one for section in made.sections for one in section.missing]
    click.echo(
        f"{many(tables, 'table')}; wrote {'standard output' if target == '-' else target} in {seconds:.1f} s", err=True
    )
    say_not_read(made.provenance)
    for words in lost_words(lost):
        click.echo(words, err=True)
    for one in dict.fromkeys(missing):
        click.echo(f"left out: {one.figure}: {one.reason}; {one.help}", err=True)
