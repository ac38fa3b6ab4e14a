"""`state`: looks into what earlier runs left, and tends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from leadrules.cli.inputs import inputs_read, spare_inputs
from leadrules.cli.options import (
    LEAD,
    Wanted,
    encoding_option,
    fail,
    format_option,
    options,
    path_option,
    project_option,
    ready_project,
    refuse_encoding,
    state_option,
)
from leadrules.cli.stateful import holding, state_of_project, state_path
from leadrules.core.text import many

if TYPE_CHECKING:
    from leadrules.data.write import Encoding

Command = TypeVar("Command", bound=Callable[..., Any])
RENAMED = Wanted("Name what it was called, then what the rules call it now.")


@click.group()
def state() -> None:
    """What earlier runs left: look into it, and tend it."""


def _state_option(command: Command) -> Command:
    return options(state_option, project_option)(command)


@contextmanager
def _existing(path: Path, *, to_write: bool) -> Iterator[None]:
    """A state that is there; every way in which looking into it or tending it fails ends the command."""
    from leadrules.data.errors import InputError
    from leadrules.lifecycle.state.database import exists
    from leadrules.lifecycle.state.writer import is_interrupted

    with inputs_read():
        if not exists(path) and not is_interrupted(path):
            raise InputError(f"there is no state in {path}", "a first `leadrules run` makes one")
    with holding(path, to_write=to_write):
        yield


@state.command(short_help="What the state has of a lead.")
@click.argument("lead", type=LEAD)
@format_option("text", "json")
@_state_option
def show(lead: str, form: str, folder: Path | None, place: Path | None, quiet: bool) -> None:
    """What the state has of a lead: owner, sequence, labels and since when, what triggers remember."""
    from leadrules.review.plan.state_view import lead_json, lead_text

    path, calendar = state_path(folder, place)
    with _existing(path, to_write=False):
        click.echo((lead_json if form == "json" else lead_text)(path, lead, calendar), nl=False)


@state.command(short_help="Every change of a lead, oldest first.")
@click.argument("lead", type=LEAD)
@format_option("text", "json")
@_state_option
def history(lead: str, form: str, folder: Path | None, place: Path | None, quiet: bool) -> None:
    """Every change of a lead, oldest first, with the rule that made it."""
    from leadrules.review.plan.state_view import history_json, history_text

    path, calendar = state_path(folder, place)
    with _existing(path, to_write=False):
        click.echo((history_json if form == "json" else history_text)(path, lead, calendar), nl=False)


@state.command(short_help="Leads in a sequence go on by its steps of today.")
@click.argument("sequence", type=Wanted("Name a sequence of the rules."))
@_state_option
def migrate(sequence: str, folder: Path | None, place: Path | None, quiet: bool) -> None:
    """The leads in a sequence go on by its steps of today, instead of those they were enrolled with."""
    from leadrules.lifecycle.state.migrate import migrate as migrate_state

    project, ruleset = ready_project(folder).ready
    path, _ = state_path(folder, place)
    with _existing(path, to_write=True):
        moved = migrate_state(path, project, ruleset, sequence)
        if not quiet:
            click.echo(f"{many(moved, 'lead')} {'goes' if moved == 1 else 'go'} on by today's `{sequence}`", err=True)


@state.command(short_help="What the rules renamed keeps what the state has of it.")
@click.argument("old", type=RENAMED)
@click.argument("new", type=RENAMED)
@_state_option
def rename(old: str, new: str, folder: Path | None, place: Path | None, quiet: bool) -> None:
    """A definition, sequence, trigger or route that the rules gave another name keeps what the state has of it."""
    from leadrules.lifecycle.state.tend import rename as rename_in_state

    path, _ = state_path(folder, place)
    with _existing(path, to_write=True):
        kind = rename_in_state(path, old, new)
        if not quiet:
            click.echo(f"the {kind} `{old}` is `{new}` in the state", err=True)


@state.command(short_help="Every table of the state as a file.")
@path_option("--out", default=Path("state-export"), metavar="DIR", help="The folder to write.")
@format_option("csv", "parquet", "jsonl")
@encoding_option
@_state_option
def export(
    *,
    out: Path,
    form: Literal["csv", "parquet", "jsonl"],
    encoding: Encoding,
    folder: Path | None,
    place: Path | None,
    quiet: bool,
) -> None:
    """Every table of the state as a file: leads, history, runs, credits, assignments, versions, events."""
    from leadrules.data.write import lost_words
    from leadrules.lifecycle.state.export import export as export_tables
    from leadrules.lifecycle.state.export import files_of

    refuse_encoding(form, encoding)
    path, project = state_of_project(folder, place)
    with _existing(path, to_write=False):
        spare_inputs(project, files_of(Path.cwd() / out, form))
        try:
            names, lost = export_tables(path, Path.cwd() / out, form, project.timezone, encoding)
        except OSError as error:
            fail(f"{error.filename or out} cannot be written: {error.strerror}", "name another folder with --out DIR")
        if not quiet:
            click.echo(f"{out}: {', '.join(names)}", err=True)
            for words in lost_words(lost):
                click.echo(f"note: {words}", err=True)


@state.command(short_help="Take every trace of a lead out of the state.")
@click.argument("lead", type=LEAD)
@_state_option
def forget(lead: str, folder: Path | None, place: Path | None, quiet: bool) -> None:
    """Take every trace of a lead out of the state, its history too."""
    from leadrules.lifecycle.state.tend import forget as forget_lead

    path, _ = state_path(folder, place)
    with _existing(path, to_write=True):
        forget_lead(path, lead)
        if not quiet:
            click.echo(f"the state knows {lead} no more; files that runs wrote are yours to delete", err=True)
