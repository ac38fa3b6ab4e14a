"""What a report is held against: the folder of an earlier run, or an older export.

In: a path, and how the report reads its own inputs. Out: a `Snapshot`. An older export is read with the rules of today, so
what moves is the leads, not the rules. Its `as of` is its newest time; without events of its own, the project's up to the time
at which its newest lead was created.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from leadrules.data.errors import InputError
from leadrules.measure.snapshots import Snapshot, read_run, snapshot_of, snapshot_of_run
from leadrules.review.report.report import gather

if TYPE_CHECKING:
    from leadrules.lifecycle.run import RunRequest
    from leadrules.project.model import Source
    from leadrules.ruleset.model import Ruleset

MANIFEST = "manifest.json"


def snapshot_against(
    request: RunRequest, ruleset: Ruleset, path: Path, leads: Source, events: tuple[Source, ...] | None
) -> Snapshot:
    """What stands at `path`: a run's folder, else leads (`leads` is its source) with their `events`. Raises InputError."""
    if path.is_dir():
        return _of_run(path, ruleset)
    then = replace(request, leads=leads, events=events or (), as_of=None, since=None, state=None)
    if events is None:
        then = replace(then, events=request.events, as_of=gather(then, ruleset, None).material.as_of)
    found = snapshot_of(gather(then, ruleset, None).material, path.name)
    # Its columns hang in circles, and few objects hold much memory: nobody else would look for them before the next reading.
    gc.collect()
    return found


def _of_run(folder: Path, ruleset: Ruleset) -> Snapshot:
    try:
        manifest, decisions = read_run(folder)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
        raise InputError(
            f"{folder} is no folder of a run: {said}",
            f"name one that `leadrules run` wrote ({MANIFEST}), or older leads",
        ) from None
    return snapshot_of_run(manifest, decisions, folder.name, ruleset)
