"""The progress bar of long work.

In: the steps of the work, or how many parts it has. Out: a function to tell it by. On a terminal one line on standard error
moves and is gone when the work is done; on a pipe, with `--quiet` or on a dumb terminal nothing is shown and nothing is
imported. NO_COLOR is Rich's own to honour.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Tell = Callable[[str, int], None]  # which step is under way, and how many rows of it are done where that is known
Count = Callable[[int, int], None]  # how many parts are done, and how many there are
RUN_STEPS = ("reading leads", "reading events", "evaluating", "deciding")
WRITING = ("writing",)


@contextmanager
def progress(steps: Sequence[str], *, quiet: bool) -> Iterator[Tell]:
    """Show work that goes from step to step."""
    if _is_unseen(quiet):
        yield lambda _step, _done: None
        return
    with _bar() as bar:
        task = bar.add_task(steps[0], total=len(steps), rows="")

        def tell(step: str, done: int) -> None:
            # Leads and events are read at once: the step that is farther on is shown.
            reached = max(steps.index(step), int(bar.tasks[task].completed))
            if steps[reached] == step:
                bar.update(task, description=step, completed=reached, rows=f"{done:,} rows" if done else "")

        yield tell


@contextmanager
def counting(what: str, *, quiet: bool) -> Iterator[Count]:
    """Show work of many parts."""
    if _is_unseen(quiet):
        yield lambda _done, _total: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=None, rows="")
        yield lambda done, total: bar.update(task, total=total, completed=done, rows=f"{done:,} of {total:,}")


def _is_unseen(quiet: bool) -> bool:
    return quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb"


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
