"""The files of a run: decisions, rejects, reasons and the manifest, all of them or none.

In: an outcome, a folder, how to write. Out: the files, and what the encoding could not hold. What an earlier run wrote
there and this one does not is taken away: files of two runs never stand together.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.data.staging import Staging
from leadrules.data.updates import CRMS, Crm, back_file, updates_of
from leadrules.data.write import Encoding, FileFormat, Lost, lost_words, needs_quotes, write_csv, write_table
from leadrules.lifecycle.manifest import manifest
from leadrules.lifecycle.run import (
    Outcome,
    actions,
    calendar_of,
    decisions,
    key_name,
    reasons_long,
)
from leadrules.ruleset.model import Band, Classify, Matrix, Ruleset, Score, Stages
from leadrules.show.machine import dump

FORMATS: tuple[FileFormat, ...] = ("csv", "parquet", "jsonl")
TABLES = ("decisions", "reasons", "actions", "withheld")
OURS = (
    *(f"{table}.{form}" for table in TABLES for form in FORMATS),
    *(f"{crm}.csv" for crm in CRMS),
    *(back_file(crm) for crm in CRMS),
    "rejects.csv",
    "undo.csv",
    "manifest.json",
)
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How the tables are written; rejects.csv is always CSV. `crm`: whose update file is written too."""

    format: FileFormat = "csv"
    encoding: Encoding = "utf-8"
    with_reasons: bool = False
    crm: Crm | None = None


def write_run(outcome: Outcome, out: Path, options: WriteOptions, *, durable: bool = True) -> list[str]:
    """Prepare everything aside, then put it into place; returns what the encoding could not hold, in words."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: a run writes a folder", "name another folder with --out DIR")
    staging = Staging(out, durable)
    finish_interrupted(staging)
    try:
        lost = prepare_files(outcome, staging.begin(), options)
        staging.seal()
    except Exception:
        staging.discard()
        raise
    staging.publish(OURS)
    return lost


def prepare_files(outcome: Outcome, folder: Path, options: WriteOptions) -> list[str]:
    """Write every file of a run into a folder; returns what the encoding could not hold, in words."""
    zone = calendar_of(outcome.request.ruleset).zone
    # Both are at an end when this is left, also by an error: whoever discards the folder finds nobody writing in it.
    with ThreadPoolExecutor(1, "files") as beside:
        others = beside.submit(_write_others, outcome, folder, options, zone)
        lost = _write_decisions(outcome, folder / "decisions", options, zone)
        lost_there, notes = others.result()
    return [*lost_words(lost + lost_there), *notes]


def _write_decisions(outcome: Outcome, path: Path, options: WriteOptions, zone: str) -> tuple[Lost, ...]:
    rows = decisions(outcome, ROWS_AT_ONCE)
    return _write(rows, path, options, zone, key=key_name(outcome), bare=_bare(outcome.request.ruleset))


def _bare(ruleset: Ruleset) -> frozenset[str]:
    """The columns of decisions that hold names of the rules alone; none where a name, in backquotes, needs quotes."""
    if any(needs_quotes(name) for name in _names(ruleset)):
        return frozenset()
    labelled = (d.name for d in ruleset.declared if isinstance(d, Band | Matrix | Classify | Stages))
    return frozenset([*labelled, *(f"route.{route.name}" for route in ruleset.routes), "segments", "reasons"])


def _names(ruleset: Ruleset) -> Iterator[str]:
    """Every name that may stand in a cell of decisions: of definitions, labels, lines of scores, rules of routes."""
    for one in ruleset.declared:
        yield one.name
        match one:
            case Score():
                yield from (rule.name for rule in one.rules)
                yield from (group.name for group in one.groups)
            case Band() | Classify() | Stages():
                yield from (label.name for label in one.labels)
            case Matrix():
                yield from (label for row in one.cells for label in row)
    yield from (rule.name for route in ruleset.routes for rule in route.rules)


def _write_others(
    outcome: Outcome, folder: Path, options: WriteOptions, zone: str
) -> tuple[tuple[Lost, ...], tuple[str, ...]]:
    """Write all files but decisions; what the encoding could not hold, and notes on the update file."""
    lost: tuple[Lost, ...] = ()
    notes: tuple[str, ...] = ()
    if outcome.happened is not None:
        lost += _write(actions(outcome), folder / "actions", options, zone, key="key")
        lost += _write(actions(outcome, withheld=True), folder / "withheld", options, zone, key="key")
        # The way back holds what the CRM held: nothing in it is made safe for a spreadsheet.
        lost += write_csv(
            _way_back(outcome), folder / "undo.csv", zone=zone, make_safe=False, encoding=options.encoding
        )
    if options.with_reasons:
        lost += _write(reasons_long(outcome), folder / "reasons", options, zone, key="key")
    lost += write_csv(outcome.rejects, folder / "rejects.csv", zone=zone, plain=("key",), encoding=options.encoding)
    (folder / "manifest.json").write_text(dump(manifest(outcome)), encoding="utf-8")
    if options.crm is not None:
        update_lost, notes = _write_updates(outcome, folder, options, options.crm, zone)
        lost += update_lost
    return lost, notes


def _write_updates(
    outcome: Outcome, folder: Path, options: WriteOptions, crm: Crm, zone: str
) -> tuple[tuple[Lost, ...], tuple[str, ...]]:
    """What the run changed, for the CRM, and the way back; rules that only score change nothing."""
    changes, project = _way_back(outcome), outcome.request.project
    made = updates_of(changes, project, crm)
    back = updates_of(changes.rename({"old": "new", "new": "old"}), project, crm)
    lost: tuple[Lost, ...] = ()
    for name, table in ((f"{crm}.csv", made.table), (back_file(crm), back.table)):
        # An import reads this, not a spreadsheet: an apostrophe before `+81` would end up in the CRM.
        lost += write_csv(table, folder / name, zone=zone, make_safe=False, encoding=options.encoding)
    notes = made.notes if outcome.happened is not None else (f"these rules change no field: {crm}.csv has no leads",)
    return lost, notes


def _way_back(outcome: Outcome) -> pl.DataFrame:
    """What the run changed, with what was there before."""
    if outcome.happened is None:
        return pl.DataFrame(schema=dict.fromkeys(("key", "field", "old", "new"), pl.String()))
    from leadrules.lifecycle.state.next_state import undo_of  # rules that only score are spared the lifecycle's rooms

    return undo_of(outcome)


def finish_interrupted(staging: Staging) -> None:
    """Complete what a killed run had made ready; what it had only begun is forgotten."""
    if staging.is_sealed:
        staging.publish(OURS)
    staging.discard()


def _write(
    frame: pl.DataFrame | Generator[pl.DataFrame],
    path: Path,
    options: WriteOptions,
    zone: str,
    *,
    key: str,
    bare: Collection[str] = (),
) -> tuple[Lost, ...]:
    return write_table(frame, path, options.format, zone=zone, plain=(key,), bare=bare, encoding=options.encoding)
