"""`check` and `compile`: the rules themselves, without any lead."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.inputs import ready_to_deliver
from leadrules.cli.options import (
    FAILED,
    as_of_option,
    deliver,
    exit_code,
    fail,
    format_option,
    out_option,
    project_option,
    project_root,
    show_findings,
)
from leadrules.core.text import many
from leadrules.review.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from leadrules.analyse.suppress import Silenced
    from leadrules.core.diagnostics import Diagnostic

FORMS = ("text", "concise", "json", "sarif", "github", "junit")


@click.command()
@project_option
@format_option(*FORMS)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--overlaps", is_flag=True, help="Also lines of first-match lists that take some of the same leads.")
@click.option(
    "--leads",
    metavar="[PATH]",
    is_flag=False,
    flag_value="",
    help="Also what real leads show: those of leadrules.yaml, or of a file.",
)
@as_of_option
@click.option("--explain", metavar="CODE", help="Print the page of a finding, such as LR104, and stop.")
def check(
    *,
    folder: Path | None,
    quiet: bool,
    form: str,
    strict: bool,
    overlaps: bool,
    leads: str | None,
    as_of: str | None,
    explain: str | None,
) -> None:
    """All that is wrong with the rules: where, and what to write instead."""
    if explain is not None:
        _explain(explain)
        return
    if as_of is not None and leads is None:
        raise click.UsageError("--as-of goes with --leads")
    workspace = open_workspace(project_root(folder))
    doubted, silenced = _doubts(workspace, overlaps=overlaps, leads=leads, as_of=as_of)
    findings = [*workspace.diagnostics, *doubted]
    if form != "text":
        click.echo(_for_others(form, workspace, findings, silenced, strict=strict), nl=False)
    elif findings:
        show_findings(findings, to_stdout=not workspace.broken)
    elif not quiet:
        click.echo(_all_well(workspace.modules))
    raise SystemExit(FAILED if workspace.broken else exit_code(findings, strict=strict))


def _for_others(
    form: str, workspace: Workspace, findings: list[Diagnostic], silenced: list[Silenced], *, strict: bool
) -> str:
    """The findings for another program."""
    from leadrules.show.places import Places

    places = Places(_within_repository(workspace.root))
    if form == "json":
        from leadrules.show.machine import findings_json

        return findings_json(findings)
    if form == "concise":
        from leadrules.show.text import concise

        return concise(findings)
    if form == "github":
        from leadrules.show.github import github

        return github(findings, places)
    if form == "junit":
        from leadrules.show.junit_findings import findings_junit

        files = [module.file.path for module in workspace.modules]
        return findings_junit(findings, files, places, datetime.now().astimezone(), strict=strict)
    from leadrules import __version__
    from leadrules.review.pages import page
    from leadrules.show.sarif import sarif

    excused = [(one.finding, one.reason) for one in silenced]
    return sarif(findings, version=__version__, page=page, places=places, silenced=excused)


def _within_repository(root: Path) -> str:
    """The project's folder relative to the git repository it lies in; empty where it is one, or in none."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    return "" if top == root else root.relative_to(top).as_posix()


def _doubts(
    workspace: Workspace, *, overlaps: bool, leads: str | None, as_of: str | None
) -> tuple[list[Diagnostic], list[Silenced]]:
    """What the analysis doubts about rules without errors; `leads` is the file that `--leads` names, or empty."""
    from leadrules.cli.inputs import instant, lead_source
    from leadrules.core.diagnostics import has_errors
    from leadrules.review.doubts import Asked, judged

    if workspace.project is None or has_errors(list(workspace.diagnostics)):
        return [], []
    source = None if leads is None else lead_source(workspace.project, leads or None)
    moment = instant("--as-of", as_of, workspace.project.timezone)
    asked = Asked(overlaps, source, datetime.now(UTC).date(), moment)
    if source is None:
        return judged(workspace, asked)
    from leadrules.data.errors import InputError

    try:
        return judged(workspace, asked)
    except InputError as error:
        fail(error.message, error.help)


def _all_well(modules: Any) -> str:
    if not modules:
        return "no errors, and no rules: rule files end in .lead and stand in rules/, or where `rules:` of leadrules.yaml says"
    blocks = sum(len(m.statements) for m in modules)
    return f"no errors: {many(blocks, 'block')} in {many(len(modules), 'file')}"


def _explain(word: str) -> None:
    from leadrules.review.pages import find, nearest_codes, page

    code = find(word)
    if code is None:
        near = nearest_codes(word)
        fail(f"there is no finding `{word}`", f"did you mean {' or '.join(near)}?" if near else "codes look like LR104")
    click.echo(page(code), nl=False)


@click.command("compile")
@project_option
@out_option
def compile_command(folder: Path | None, quiet: bool, output: Path | None) -> None:
    """The compiled ruleset as JSON, valid against grammar/ruleset.schema.json."""
    from leadrules.ruleset.store import to_json
    from leadrules.show.machine import dump

    _, ruleset = ready_to_deliver(folder, output).ready
    deliver(dump(to_json(ruleset)), output, quiet=True)
