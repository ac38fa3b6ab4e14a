"""What the commands share: options, the project they work on, how findings are shown.

The only place that reads the working directory, NO_COLOR and whether a stream is a terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from leadrules.core.diagnostics import Diagnostic, has_errors
from leadrules.review.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from leadrules.project.model import Project

OBJECTED, FAILED = 1, 2
Command = TypeVar("Command", bound=Callable[..., Any])


def fail(message: str, help: str = "") -> NoReturn:
    """Stop with exit 2 and say why and what to do."""
    click.echo(f"error: {message}", err=True)
    if help:
        click.echo(f"  = help: {help}", err=True)
    raise SystemExit(FAILED)


def options(*those: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator; `--help` shows them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(those):
            command = option(command)
        return command

    return decorate


class Wanted(click.types.StringParamType):
    """A text of the command line; where it is missing or blank, what click says goes on with what it is."""

    def __init__(self, what: str) -> None:
        self.what = what

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """What click puts behind "Missing argument"."""
        return self.what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text; a blank one is a variable of a shell that nobody has set."""
        _refuse_blank(self, self.what, value, param, ctx)
        return super().convert(value, param, ctx)


class _Place(click.Path):
    """A file or folder; a blank would be the folder that one is in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        _refuse_blank(self, "Name a file or folder, or leave it out.", value, param, ctx)
        return super().convert(value, param, ctx)


class _Document(_Place):
    """A file that a document goes to; none for `-`, which is standard output as it is elsewhere."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """`./-` is a file."""
        return None if value == "-" else super().convert(value, param, ctx)


def _refuse_blank(
    kind: click.ParamType[Any], way: str, value: Any, param: click.Parameter | None, ctx: click.Context | None
) -> None:
    if not str(value).strip():
        kind.fail(f"it is blank. {way}", param, ctx)


FILE = Wanted("Name a file, or leave it out.")
TIME = Wanted("Write 2026-11-01, 2026-11-01T09:00 or 2026-11-01T09:00+09:00, or leave it out.")
LEAD = Wanted("Name a lead by its key, the first column of decisions.csv.")
BASE = Wanted("Name a branch, tag or commit of git, such as `main`, or a folder with a leadrules.yaml.")


def path_option(
    *names: str, default: Path | None = None, metavar: str = "PATH", help: str, **more: Any
) -> Callable[[Any], Any]:
    """An option that names a file or folder."""
    return click.option(
        *names,
        type=_Place(path_type=Path),
        default=default,
        show_default=default is not None,
        metavar=metavar,
        help=help,
        **more,
    )


def document_option(name: str, *, help: str) -> Callable[[Any], Any]:
    """`-o`: where a document goes that is else printed."""
    return click.option("-o", "--out", name, type=_Document(path_type=Path), metavar="FILE", help=help)


def _one_state(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    other = "no_state" if param.name == "place" else "place"
    if value and ctx.params.get(other):
        raise click.UsageError("--state and --no-state exclude each other", ctx)
    return value


def format_option(*forms: str, help: str | None = None) -> Callable[[Any], Any]:
    """`--format`: the looks of what is printed, the usual one first."""
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help=help)


def project_option(command: Command) -> Command:
    """`--project DIR`, and `--quiet`."""
    return options(
        path_option(
            "--project", "folder", metavar="DIR", help="The folder of leadrules.yaml (default: here or above)."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Only what was asked for."),
    )(command)


# What means the same in several commands is said once: one name, one help.
leads_option = click.option(
    "--leads",
    type=FILE,
    metavar="PATH",
    help="The leads: CSV, TSV, Parquet or JSON lines, gzip'd or not, a glob, or `-`.",
)
events_option = click.option("--events", type=FILE, metavar="PATH", help="The events: a file as --leads takes it.")
team_option = path_option("--team", help="Another team file.")
as_of_option = click.option(
    "--as-of", type=TIME, metavar="TIME", help="The instant to look from, 2026-11-01 or 2026-11-01T09:00."
)
since_option = click.option(
    "--since", type=TIME, metavar="TIME", help="From when on things are new (default: the run before)."
)
state_option = path_option(
    "--state", "place", metavar="DIR", help="Another state than the project's.", callback=_one_state
)
no_state_option = click.option("--no-state", is_flag=True, callback=_one_state, help="As if every lead were new.")
fire_edits_option = click.option(
    "--fire-edits", is_flag=True, help="Let what only edited rules change set triggers off."
)
# On what a command looks, from when, and with which memory.
inputs_options = (
    leads_option,
    events_option,
    team_option,
    as_of_option,
    since_option,
    state_option,
    no_state_option,
)
engine_option = click.option(
    "--engine",
    type=click.Choice(["columns", "row"]),
    default="columns",
    show_default=True,
    help="`row` is the slow one that defines the meaning: the same bytes.",
)
reasons_option = click.option("--reasons", is_flag=True, help="Write reasons.csv too: a row per lead and rule.")
encoding_option = click.option(
    "--encoding",
    type=click.Choice(["utf-8", "utf-8-sig", "cp932"]),
    default="utf-8",
    show_default=True,
    help="Of the CSV files; the last two are for Excel.",
)


def refuse_encoding(form: str, encoding: str) -> None:
    """Exit 2 where an encoding for Excel is asked for, of files that are always UTF-8."""
    if form != "csv" and encoding != "utf-8":
        fail(f"--encoding is of CSV files, and this is --format {form}", "take --format csv, or leave --encoding out")


out_option = document_option("output", help="The file to write (default: `-`, standard output).")


def use_colour(stream: Any) -> bool:
    """Colour only on a terminal whose user did not refuse it."""
    return not os.environ.get("NO_COLOR") and bool(getattr(stream, "isatty", lambda: False)())


def project_root(folder: Path | None) -> Path:
    """The folder of leadrules.yaml, or exit 2."""
    from leadrules.project.project import find_project

    start = folder if folder is not None else Path.cwd()
    if folder is not None and not folder.is_dir():
        fail(f"--project {folder} is not a folder", "name the folder that holds leadrules.yaml")
    root = find_project(start.resolve()) if folder is None else start.resolve()
    if root is None or not (root / "leadrules.yaml").is_file():
        fail(
            f"no leadrules.yaml in {start}" + ("" if folder else " or any folder above it"),
            "`leadrules init` makes one",
        )
    return root


def open_project(
    folder: Path | None, *, team: Path | None = None, loaded: Callable[[Project], None] | None = None
) -> Workspace:
    """The workspace of the project; exit 2 with its findings if leadrules.yaml cannot be used.

    `loaded` is called once the project is known, before its rules are.
    """
    if team is not None and not team.is_file():
        fail(f"there is no file {team}", "name the team file with --team PATH")
    workspace = open_workspace(project_root(folder), team=team, loaded=loaded)
    if workspace.broken:
        show_findings(workspace.diagnostics)
        raise SystemExit(FAILED)
    return workspace


def ready_project(
    folder: Path | None,
    *,
    team: Path | None = None,
    loaded: Callable[[Project], None] | None = None,
    refused: Callable[[Workspace], None] | None = None,
) -> Workspace:
    """The workspace of a project without errors; exit 1 with its findings if there are any, once `refused` has seen it."""
    workspace = open_project(folder, team=team, loaded=loaded)
    errors = [d for d in workspace.diagnostics if d.severity == "error"]
    if errors or workspace.ruleset is None:
        show_findings(errors)
        click.echo("error: the rules have errors; nothing was run.", err=True)
        if refused is not None:
            refused(workspace)
        raise SystemExit(OBJECTED)
    return workspace


def show_findings(diagnostics: Iterable[Diagnostic], *, to_stdout: bool = False) -> None:
    """Findings in full, with their count."""
    from leadrules.show.text import render, summary

    findings = list(diagnostics)
    stream = sys.stdout if to_stdout else sys.stderr
    click.echo(render(findings, colour=use_colour(stream)) + summary(findings), err=not to_stdout)


def deliver(text: str, output: Path | None, *, quiet: bool = False) -> None:
    """A document to standard output, or to the file that `-o` names."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}", "name a file in a folder that is there")
    if not quiet:
        click.echo(f"wrote {output}", err=True)


def exit_code(diagnostics: Iterable[Diagnostic], *, strict: bool = False) -> int:
    """1 for an error, or for any warning when strict; else 0."""
    findings = list(diagnostics)
    doubted = strict and any(d.severity == "warning" for d in findings)
    return OBJECTED if has_errors(findings) or doubted else 0
