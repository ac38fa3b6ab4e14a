"""The progress bar of long work.

In: the steps of the work. Out: a function to tell it by. On a terminal one line on standard error moves and is gone when
the work is done; on a pipe, with `--quiet` or on a dumb terminal nothing is shown and nothing is imported. NO_COLOR is Rich's own to honour.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

# Says which step is under way, and how many rows (or ticks) of it are done where that is known.
Tell = Callable[[str, int], None]
RUN_STEPS = ("reading leads", "reading events", "evaluating", "deciding")
WRITING = ("writing",)


@contextmanager
def progress(steps: Sequence[str], *, quiet: bool, total: int | None = None) -> Iterator[Tell]:
    """Show the work. It goes from step to step, or through one step of `total` parts."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _step, _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rows]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(steps[0], total=total or len(steps), rows="")

        def tell(step: str, done: int) -> None:
            if total is not None:
                bar.update(task, description=step, completed=done, rows=f"{done:,} of {total:,}")
                return
            # Leads and events are read at once: the step that is farther on is shown.
            reached = max(steps.index(step), int(bar.tasks[task].completed))
            if steps[reached] == step:
                bar.update(task, description=step, completed=reached, rows=f"{done:,} rows" if done else "")

        yield tell
