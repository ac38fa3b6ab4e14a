"""`run` and `plan`: the rules over leads and events."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from leadrules.cli.inputs import event_sources, inputs_read, instant, lead_source, spare_inputs
from leadrules.cli.options import (
    OBJECTED,
    encoding_option,
    engine_option,
    fail,
    fire_edits_option,
    format_option,
    inputs_options,
    options,
    path_option,
    project_option,
    ready_project,
    reasons_option,
)
from leadrules.cli.progress import RUN_STEPS, WRITING, progress
from leadrules.cli.screens import FORMS, show_json, show_sections
from leadrules.core.records import dataclass
from leadrules.core.text import many

if TYPE_CHECKING:
    from leadrules.cli.stateful import Held
    from leadrules.lifecycle.files import WriteOptions
    from leadrules.lifecycle.run import Outcome, RunRequest
    from leadrules.project.model import Project
    from leadrules.review.workspace import Workspace

WIDTH = 110
_HELD = "\0"
Output = Literal["csv", "parquet", "jsonl", "salesforce", "hubspot"]
Encoding = Literal["utf-8", "utf-8-sig", "cp932"]

DONE_ALREADY = "this run was made already"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `run` and `plan` share on the command line."""

    folder: Path | None
    quiet: bool
    leads: str | None
    events: str | None
    team: Path | None
    as_of: str | None
    since: str | None
    engine: str
    force: bool
    strict: bool
    place: Path | None
    no_state: bool
    baseline: bool
    fire_edits: bool

    def how(self) -> dict[str, object]:
        """What says how a run is made, beside its inputs; the engine does not change what it finds."""
        return {"since": self.since, "baseline": self.baseline, "fire_edits": self.fire_edits}


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `run` and `plan` share."""
    those = (
        *inputs_options,
        click.option("--baseline", is_flag=True, help="Take everything as already so: fire nothing."),
        fire_edits_option,
        engine_option,
        click.option("--force", is_flag=True, help="Go on where a guard would stop."),
        click.option("--strict", is_flag=True, help="Exit 1 when a row was rejected."),
        project_option,
    )
    return options(*those)(command)


files_options = options(
    click.option(
        "--output",
        type=click.Choice(["csv", "parquet", "jsonl", "salesforce", "hubspot"]),
        default="csv",
        show_default=True,
        help="How tables are written; with a CRM as CSV, and its update file too.",
    ),
    reasons_option,
    encoding_option,
)


@click.command()
@run_options
@path_option("--out", default=Path("out"), metavar="DIR", help="The folder to write.")
@files_options
@click.option("--dry-run", is_flag=True, help="The same as `leadrules plan`; files only where --out is given.")
@format_option(*FORMS, help="Of a --dry-run.")
@path_option("--undo", metavar="OUT", help="Take the run that wrote the folder OUT back.")
def run(
    *,
    out: Path,
    output: Output,
    reasons: bool,
    encoding: Encoding,
    dry_run: bool,
    form: str,
    undo: Path | None,
    **shared: Any,
) -> None:
    """The batch: reads leads, events and state, writes its files and commits the state, all of it or nothing."""
    options = RunOptions(**shared)
    if undo is not None and dry_run:
        raise click.UsageError("--undo takes a run back, and --dry-run changes nothing: say one of them")
    if undo is not None and options.no_state:
        raise click.UsageError(
            "--undo takes a run back in the state, and --no-state leaves that alone: say one of them"
        )
    if undo is not None:
        from leadrules.cli.stateful import undo as take_back

        take_back(options.folder, options.place, undo, quiet=options.quiet)
        return
    if dry_run:
        _plan(options, form, out if _is_given("out") else None, (output, encoding, reasons))
        return
    if _is_given("form"):
        raise click.UsageError("--format is how a --dry-run is shown; a run writes files (--output)")
    started = time.perf_counter()
    from leadrules.cli.stateful import holding

    request = request_of(options, with_state=True)
    how = form_of(request, output, encoding, reasons=reasons)
    path = state_of(request, options)
    with holding(path, to_write=True) as held:
        with progress(RUN_STEPS, quiet=options.quiet) as tell:
            outcome = _execute(replace(request, progress=tell, seen_only=True), held, to_write=True)
        if not is_again(outcome, options):
            _stop_at_guards(outcome, force=options.force)
        with progress(WRITING, quiet=options.quiet):
            lost = _write(outcome, path, out, how, options)
    if not options.quiet:
        _say_done(outcome, out, lost, time.perf_counter() - started)
    raise SystemExit(_rejected_code(outcome, options))


@click.command()
@run_options
@format_option(*FORMS)
@path_option("--out", metavar="DIR", help="Write the files of a run here too.")
@files_options
def plan(*, form: str, out: Path | None, output: Output, reasons: bool, encoding: Encoding, **shared: Any) -> None:
    """A dry run: what the rules would do, on one screen."""
    _plan(RunOptions(**shared), form, out, (output, encoding, reasons))


def _is_given(option: str) -> bool:
    """Whether the user wrote this option of the running command."""
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def _plan(options: RunOptions, form: str, out: Path | None, files: tuple[Output, Encoding, bool]) -> None:
    from leadrules.cli.stateful import holding
    from leadrules.review.plan.plan import plan_document, plan_sections

    request = request_of(options, with_state=True)
    with (
        holding(state_of(request, options), to_write=False) as held,
        progress(RUN_STEPS, quiet=options.quiet) as tell,
    ):
        outcome = _execute(replace(request, progress=tell, seen_only=True, compares=True), held)
        done = last_run_of(outcome, held.path, options) if held is not None else None
    if done is not None and not options.quiet:
        click.echo(f"note: {DONE_ALREADY}; `leadrules run` would write its files again, and change nothing", err=True)
    outcome = done or outcome
    if options.place is not None and not (Path.cwd() / options.place).exists() and not options.quiet:
        click.echo(f"note: there is no state {options.place} yet: every lead is new", err=True)
    document = plan_document(outcome)
    if form == "json":
        show_json(document)
    else:
        show_sections(f"Dry run of {document['project']}", plan_sections(document), form)
    if done is None:
        _advise(outcome, quiet=options.quiet)
        _stop_at_guards(outcome, force=options.force)
    if out is not None:
        output, encoding, reasons = files
        lost = _write(outcome, None, out, form_of(request, output, encoding, reasons=reasons), options)
        if not options.quiet:
            click.echo(f"wrote {out}", err=True)
        for words in lost:
            click.echo(f"note: {words}", err=True)
    raise SystemExit(_rejected_code(outcome, options))


def _advise(outcome: Outcome, *, quiet: bool) -> None:
    """What had better be known before the run than after it."""
    from leadrules.lifecycle.notes import beforehand

    for words in () if quiet else beforehand(outcome):
        click.echo(f"note: {words}", err=True)


def is_again(outcome: Outcome, options: RunOptions) -> bool:
    """Whether this is the run that was made last: it has passed its guards, or was forced, and changes nothing now."""
    from leadrules.lifecycle.state.next_state import is_same_run

    return is_same_run(outcome, options.how())


def last_run_of(outcome: Outcome, path: Path, options: RunOptions) -> Outcome | None:
    """The run that was made last as it was decided then, if this is that run; None else, or where it cannot be made again."""
    from leadrules.lifecycle.state.conclude import as_it_was

    if not is_again(outcome, options):
        return None
    with inputs_read():
        return as_it_was(outcome, path)


def form_of(
    request: RunRequest,
    output: Output,
    encoding: Encoding,
    *,
    reasons: bool,
) -> WriteOptions:
    """How the files are written; exit 2 where the leads have no identifier for an update file."""
    from leadrules.data.updates import refuse_numbered
    from leadrules.lifecycle.files import WriteOptions

    if output == "csv" or output == "parquet" or output == "jsonl":  # noqa: PLR1714 - what mypy narrows by
        return WriteOptions(output, encoding, reasons)
    with inputs_read():
        refuse_numbered(request.leads, output)
    return WriteOptions("csv", encoding, reasons, output)


def state_of(request: RunRequest, options: RunOptions) -> Path | None:
    """Where the state is. None without one: refused, or neither there nor of any use to these rules."""
    from leadrules.lifecycle.run import remembers

    if options.no_state:
        return None
    if options.place is not None:
        return Path.cwd() / options.place
    path = request.project.state
    return path if path.exists() or options.baseline or remembers(request.ruleset) else None


def _write(outcome: Outcome, state: Path | None, out: Path, form: WriteOptions, options: RunOptions) -> list[str]:
    """The files of the run in `out`, and the commit where there is a state; exit 2 where they cannot be written."""
    from leadrules.cli.stateful import finish
    from leadrules.data.errors import InputError
    from leadrules.lifecycle.files import OURS, write_run

    request = outcome.request
    spare_inputs(request.project, (Path.cwd() / out / name for name in OURS), (request.leads, *request.events))
    try:
        if state is not None:
            return finish(outcome, state, Path.cwd() / out, form, options.how())
        return write_run(outcome, Path.cwd() / out, form)
    except InputError as error:
        fail(error.message, error.help)
    except OSError as error:
        fail(f"{error.filename or out} cannot be written: {error.strerror}", "name another folder with --out DIR")


def _execute(request: RunRequest, held: Held | None, *, to_write: bool = False) -> Outcome:
    """Check, read and evaluate; every way in which that cannot be done ends here."""
    from leadrules.data.read import Copies
    from leadrules.lifecycle.run import execute, read_inputs
    from leadrules.lifecycle.state.database import COPIES

    with inputs_read():
        if held is None:
            return execute(request)
        request = replace(request, copies=Copies(held.path / COPIES, to_write))
        inputs = read_inputs(replace(request, state=held.outline()))  # the state itself is still being read
        return execute(replace(request, state=held.state()), inputs)


def request_of(options: RunOptions, *, with_state: bool = False) -> RunRequest:
    """What the options ask for; exit 1 where the rules have errors, 2 where it cannot be done.

    `with_state`: the state will be asked for next.
    """
    project, ruleset = _opened(options, with_state=with_state and not options.no_state).ready
    # Only now: the inputs are being hashed by then, which needs none of this, and loading keeps one processor busy.
    from leadrules.lifecycle.run import RunRequest
    from leadrules.ruleset.support import for_run

    return RunRequest(
        project,
        for_run(ruleset),
        lead_source(project, options.leads),
        event_sources(project, options.events),
        as_of=instant("--as-of", options.as_of, project.timezone),
        since=instant("--since", options.since, project.timezone),
        engine="row" if options.engine == "row" else "columns",
        stdin=sys.stdin.buffer,
        baseline=options.baseline,
        fire_edits=options.fire_edits,
    )


def _opened(options: RunOptions, *, with_state: bool) -> Workspace:
    """The workspace of a project without errors, its inputs and state being read by then."""

    def begin(project: Project) -> None:
        """Inputs are hashed and the state is read while the rules compile, which keeps no more than one processor busy."""
        from leadrules.data.sources import hash_ahead

        leads = [lead_source(project, options.leads)] if options.leads or project.leads else []
        hash_ahead(project.root, [source.path for source in (*leads, *event_sources(project, options.events))])
        if with_state:
            from leadrules.lifecycle.state.ahead import load_ahead

            load_ahead(project.state if options.place is None else Path.cwd() / options.place)

    try:
        return ready_project(options.folder, team=options.team, loaded=begin)
    except BaseException:
        if with_state:
            from leadrules.lifecycle.state.ahead import forget_ahead

            forget_ahead()
        raise


def _stop_at_guards(outcome: Outcome, *, force: bool) -> None:
    from leadrules.lifecycle.guards import broken_guards

    broken = broken_guards(outcome)
    for words in broken:
        click.echo(_wrapped(f"{'warning' if force else 'error'}: {words}"), err=True)
    if broken and not force:
        # A baseline decides nothing: the rules can do nothing about what a lead is already.
        way_out = (
            "Mend these leads in the CRM, or take them as they are: --force."
            if outcome.request.baseline
            else "--force goes on."
        )
        click.echo(_wrapped(f"error: a guard or an assert stopped the run; nothing was written. {way_out}"), err=True)
        raise SystemExit(OBJECTED)


def _wrapped(words: str) -> str:
    """A long list on lines of its own; no name in it is cut."""
    held = words.replace(" (", f"{_HELD}(")  # a name and its count stay together
    lines = wrap(held, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_HELD, " ")


def _rejected_words(outcome: Outcome) -> str:
    """How many rows of each kind were rejected, as the dry run counts them."""
    leads, events = outcome.leads.rejected, outcome.events.counts["events_rejected"]
    return f"{many(leads, 'row')}{f' of leads and {events:,} of events' if events else ''} rejected"


def _say_done(outcome: Outcome, out: Path, lost: list[str], seconds: float) -> None:
    from leadrules.lifecycle.manifest import iso
    from leadrules.lifecycle.notes import notes
    from leadrules.lifecycle.run import calendar_of

    at = iso(outcome.as_of.at, calendar_of(outcome.request.ruleset))
    click.echo(f"as of {at or 'no time'} ({outcome.as_of.reason})", err=True)
    decided, why = many(outcome.leads.frame.height, "lead"), " (rejects.csv says why)" if len(outcome.rejects) else ""
    click.echo(f"{decided} decided, {_rejected_words(outcome)}{why}; wrote {out} in {seconds:.1f} s", err=True)
    for words in (*outcome.leads.notes, *outcome.events.notes, *lost, *notes(outcome)):
        click.echo(f"note: {words}", err=True)


def _rejected_code(outcome: Outcome, options: RunOptions) -> int:
    return OBJECTED if options.strict and not outcome.rejects.is_empty() else 0
