"""The state behind commands: where it is, who may write it, how a run ends.

A run holds the right to write from before it reads the state until its files are in place; a dry run only reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leadrules.cli.inputs import inputs_read
from leadrules.cli.options import OBJECTED, fail, open_project, show_findings
from leadrules.core.records import dataclass
from leadrules.core.text import many

if TYPE_CHECKING:
    from leadrules.core.calendar import Calendar
    from leadrules.lifecycle.files import WriteOptions
    from leadrules.lifecycle.model import State
    from leadrules.lifecycle.run import Outcome
    from leadrules.project.model import Project


@dataclass(frozen=True, slots=True)
class Held:
    """A state that nobody else will write as long as it is held, or that is only read."""

    path: Path

    def outline(self) -> State:
        """Only what says what a run must read."""
        from leadrules.lifecycle.state.store import outline

        return outline(self.path)

    def state(self) -> State:
        """All of it; mostly it has been read by then."""
        from leadrules.lifecycle.state.ahead import load_now

        return load_now(self.path)


def state_path(folder: Path | None, place: Path | None) -> tuple[Path, Calendar]:
    """Where the state is, and the project's calendar."""
    from leadrules.core.calendar import Calendar

    path, project = state_of_project(folder, place)
    return path, Calendar(project.timezone)


def state_of_project(folder: Path | None, place: Path | None) -> tuple[Path, Project]:
    """Where the state is, and the project."""
    workspace = open_project(folder)
    project = workspace.project
    if project is None:
        show_findings(workspace.diagnostics)
        raise SystemExit(OBJECTED)
    return project.state if place is None else Path.cwd() / place, project


def named_state(place: Path, without: str) -> Path:
    """The state that `--state` names, for a command that only reads; exit 2 where it is not there. `without` is the way out."""
    path = Path.cwd() / place
    if not path.exists():
        fail(f"there is no state {place}", without)
    return path


@contextmanager
def remembering(path: Path | None, *, to_write: bool) -> Iterator[State | None]:
    """The state of a run; None where it has none. Exit 2 where it cannot be read, or another writes it."""
    with holding(path, to_write=to_write) as held:
        yield None if held is None else held.state()


@contextmanager
def holding(path: Path | None, *, to_write: bool) -> Iterator[Held | None]:
    """The same before it is read."""
    if path is None:
        yield None
        return
    with inputs_read():
        if to_write:
            with _writing(path):
                yield Held(path)
        else:
            _settle(path)
            yield Held(path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """The right to write, what a killed run had begun completed or discarded."""
    from leadrules.lifecycle.files import OURS
    from leadrules.lifecycle.state.writer import finish_interrupted, writer

    name = f"process {os.getpid()}, since {datetime.now().astimezone().isoformat(sep=' ', timespec='seconds')}"
    with writer(path, name):
        finish_interrupted(path, OURS)
        yield


def _settle(path: Path) -> None:
    """Complete or discard what a killed run had begun; a run that is under way is left alone."""
    from leadrules.data.errors import InputError
    from leadrules.lifecycle.state.writer import is_interrupted

    if not is_interrupted(path):
        return
    # Whoever holds it is alive: what it committed last can be read.
    with suppress(InputError), _writing(path):
        pass


def finish(outcome: Outcome, path: Path, out: Path, options: WriteOptions, how: Mapping[str, object]) -> list[str]:
    """The files and the commit of a run with a state; what is to be told of them, in words."""
    from leadrules.lifecycle.files import write_run
    from leadrules.lifecycle.state.conclude import conclude

    if outcome.decided is None:
        return write_run(outcome, out, options)
    done = conclude(outcome, path, out, options, how)
    again = ["this is the last run: its files are written again, and nothing changes"] if done.is_again else []
    return [*again, *done.lost]


def undo(folder: Path | None, place: Path | None, out: Path, *, quiet: bool) -> None:
    """`run --undo OUT`: take a run back in the state."""
    from leadrules.data.updates import CRMS, back_file, uncleared_on_the_way_back
    from leadrules.lifecycle.state.undo import take_back

    path, _ = state_path(folder, place)
    with inputs_read(), _writing(path):
        done = take_back(path, Path.cwd() / out)
    if not done.values and done.kept:
        fail(
            f"nothing of the run in {out} is left to be taken back: "
            f"its {many(done.kept, 'value')} changed since, or were taken back already",
            "name the folder of the last run to take that back",
        )
    if quiet:
        return
    if done.kind == "whole":
        click.echo(f"the state is as it was before the run in {out}", err=True)
    elif not done.values:
        click.echo(f"the run in {out} changed no owner, sequence or field: there is nothing to take back", err=True)
        return
    else:
        kept = f"; {done.kept:,} have changed since and stay" if done.kept else ""
        taken = f"{many(done.values, 'value')} of the run in {out} {'is' if done.values == 1 else 'are'} taken back"
        click.echo(f"{taken} in the state{kept}", err=True)
    spared = ", without the rows of what has changed since," if done.kept else ""
    crm = next((crm for crm in CRMS if (out / back_file(crm)).is_file() and not done.kept), None)
    file = out / ("undo.csv" if crm is None else back_file(crm))
    click.echo(f"import {file}{spared} to take its changes back in the CRM as well", err=True)
    if crm is not None and (note := uncleared_on_the_way_back(crm, done.blank)):
        click.echo(f"note: {note}", err=True)
