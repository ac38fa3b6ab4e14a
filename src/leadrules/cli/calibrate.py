"""`calibrate`: the rules against what really happened."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.inputs import spare_inputs
from leadrules.cli.options import (
    FAILED,
    Wanted,
    as_of_option,
    events_option,
    fail,
    format_option,
    leads_option,
    path_option,
    project_option,
    ready_project,
    show_findings,
)
from leadrules.cli.report import ReportOptions, request_on
from leadrules.cli.screens import FORMS, show_json, show_sections

if TYPE_CHECKING:
    from leadrules.review.calibration.calibration import Calibration
    from leadrules.review.calibration.hindsight import Question


@click.command()
@click.option(
    "--outcome",
    metavar="EXPR",
    type=Wanted('Say what counts: --outcome "did deal_won".'),
    required=True,
    help='What counts: `did deal_won`, `status = "Customer"`.',
)
@leads_option
@events_option
@as_of_option
@click.option("--exclude", "excluded", metavar="FIELD", multiple=True, help="A field known only after the outcome.")
@click.option("--capacity", type=click.FloatRange(min=0, min_open=True), help="Leads a week that the team can work.")
@click.option("--precision", metavar="SHARE", help="The share of leads that must reach the outcome, 30% or 0.3.")
@path_option("--patch", "to", metavar="FILE", help="Write the suggested patch (`-`: to standard output).")
@format_option(*FORMS)
@project_option
def calibrate(
    *,
    outcome: str,
    excluded: tuple[str, ...],
    capacity: float | None,
    precision: str | None,
    to: Path | None,
    form: str,
    **shared: Any,
) -> None:
    """Lift of each line, AUC of each score, thresholds, and points that fit better, as a patch."""
    from leadrules.calibrate.models import is_there

    if not is_there():
        fail("calibrate needs scikit-learn, which is not installed", 'run: pip install "leadrules[calibrate]"')
    if capacity is not None and precision is not None:
        fail("--capacity and --precision each ask for another threshold", "leave one of them out")
    if capacity is not None and not isfinite(capacity):
        fail(f"--capacity {capacity} is not a number of leads", "write the leads a week that the team can work: 40")
    from leadrules.review.calibration.hindsight import Question

    question = Question(" ".join(outcome.splitlines()), excluded, capacity, _share(precision))
    found = _calibration(question, shared)
    if to is not None and str(to) == "-":
        click.echo(found.suggestion.patch, nl=False)
        return
    _show(found, form)
    if to is not None:
        _write_patch(found, to, quiet=shared["quiet"])


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    percent = text.strip().endswith("%")
    try:
        share = float(text.strip().rstrip("%")) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        fail(f"--precision {text} is not a share", "write 30% or 0.3")
    return share


def _calibration(question: Question, shared: dict[str, Any]) -> Calibration:
    """The calibration, worked out; every way in which that cannot be done ends here."""
    from leadrules.data.errors import InputError
    from leadrules.review.calibration.calibration import Calibration
    from leadrules.review.calibration.hindsight import UnanswerableError

    options = ReportOptions(**shared, place=None, no_state=True)
    workspace = ready_project(options.folder)
    try:
        found = Calibration(workspace, request_on(*workspace.ready, options), question)
        assert found.document
    except InputError as error:
        fail(error.message, error.help)
    except UnanswerableError as error:
        if not error.findings:
            fail(error.message, error.help)
        show_findings(error.findings)
        raise SystemExit(FAILED) from None
    return found


def _show(found: Calibration, form: str) -> None:
    from leadrules.review.calibration.screen import calibration_sections

    if form == "json":
        show_json(found.document)
    else:
        show_sections(f"Calibration of {found.project.name}", calibration_sections(found.document), form)


def _write_patch(found: Calibration, to: Path, *, quiet: bool) -> None:
    if not found.suggestion.patch:
        click.echo(f"note: no patch was written: {found.suggestion.why}", err=True)
        return
    request = found.request
    spare_inputs(request.project, [Path.cwd() / to], (request.leads, *request.events))
    try:
        (Path.cwd() / to).write_bytes(found.suggestion.patch.encode("utf-8"))
    except OSError as error:
        fail(f"{to} cannot be written: {error.strerror}", "name another file with --patch FILE")
    if not quiet:
        click.echo(f"wrote {to}", err=True)
