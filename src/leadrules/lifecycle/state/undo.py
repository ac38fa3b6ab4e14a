"""The way back: undo.csv of a run, and `run --undo OUT`.

In: the leads before and after a run; or a run's folder and the state. Out: a row per changed owner, sequence and field; or the
state without that run. The last run is taken back whole: the state is as it was before it. Of an earlier run the values in
its undo.csv are taken back, where nothing has changed them since.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import polars as pl

from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.data.ids import canonical_key
from leadrules.lifecycle.model import HISTORY_COLUMNS, State
from leadrules.lifecycle.state.store import amend, can_take_back, load, runs, take_back_last
from leadrules.ruleset.model import Ruleset

MANIFEST, UNDO = "manifest.json", "undo.csv"
UNDO_COLUMNS = ("key", "field", "old", "new")


def undo_rows(keys: pl.Series, before: Mapping[str, pl.Series], after: Mapping[str, pl.Series]) -> pl.DataFrame:
    """key, field, old, new: what changed, by lead, then in the order of the fields. All are texts, row i being lead i."""
    found = []
    for order, (field, now) in enumerate(after.items()):
        rows = now.ne_missing(before[field]).arg_true()
        columns = {"lead": rows, "order": order, "key": keys.gather(rows), "field": field}
        frame = pl.DataFrame({**columns, "old": before[field].gather(rows), "new": now.gather(rows)})
        found.append(frame.cast({"lead": pl.UInt32, "order": pl.Int32, **dict.fromkeys(UNDO_COLUMNS, pl.String)}))
    if not found:
        return pl.DataFrame(schema=dict.fromkeys(UNDO_COLUMNS, pl.String()))
    return pl.concat(found).sort("lead", "order").select(UNDO_COLUMNS)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back: the whole last run, or `values` of an earlier one; `kept` values had changed since."""

    kind: Literal["whole", "values"]
    run: int
    values: int
    kept: int


def take_back(path: Path, out: Path) -> Undone:
    """Take the run that wrote a folder back in the state. Raises InputError where no run of this state wrote it."""
    number, is_last = _run_of(path, out)
    rows = _rows(out)
    if is_last and can_take_back(path):
        take_back_last(path)
        return Undone("whole", number, len(rows), 0)
    state = load(path)
    assert state.ruleset is not None
    leads, changes = _values_back(state, state.ruleset, rows)
    amend(path, state, replace(state, leads=leads), changes=changes)
    return Undone("values", number, changes.height, len(rows) - changes.height)


def _run_of(path: Path, out: Path) -> tuple[int, bool]:
    """The run that a folder's manifest names, and whether it is the last."""
    try:
        manifest = sha256((out / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        raise InputError(
            f"{out} holds no {MANIFEST}", "name the folder that a run wrote: `leadrules run --undo out`"
        ) from None
    known = [(number, record) for number, record, undone in runs(path) if not undone]
    found = [number for number, record in known if record.manifest == manifest]
    if not found:
        raise InputError(
            f"no run of the state {path} wrote {out}, or it was taken back already",
            "name the folder as that run wrote it, and its state with --state",
        )
    return found[-1], found[-1] == known[-1][0]


def _rows(out: Path) -> list[dict[str, str]]:
    if not (out / UNDO).is_file():
        return []
    with (out / UNDO).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _values_back(
    state: State, ruleset: Ruleset, rows: Iterable[Mapping[str, str]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The leads with the old values where the new ones still hold, and those changes."""
    leads = state.leads.with_row_index("at")
    changes: list[tuple[str, str, str, str | None, str | None]] = []
    asked = pl.DataFrame([{"key": canonical_key(row["key"]), **{c: row[c] for c in UNDO_COLUMNS[1:]}} for row in rows],
                         schema=dict.fromkeys(UNDO_COLUMNS, pl.String()))  # fmt: skip
    for (field,), some in asked.partition_by("field", as_dict=True, maintain_order=True).items():
        kind, what, value, said = _columns_of(str(field), ruleset)
        if value not in leads.columns:
            continue
        known = some.join(leads.select("key", "at", pl.col(value).alias("now")), on="key", how="inner")
        same = known.filter(pl.col("now").fill_null("") == pl.col("new"))
        is_field = kind == "set"
        back = same["old"] if is_field else same["old"].replace("", None)
        leads = leads.with_columns(
            leads[value].clone().scatter(same["at"], back),
            # The record says the new value by now, or what it said before: either way the old one is what holds.
            leads[said].clone().scatter(same["at"], same["new"] if is_field else same["new"].replace("", None)),
        )
        changes += [
            (row["key"], kind, what, row["new"] or None, row["old"] or None) for row in same.iter_rows(named=True)
        ]
    frame = pl.DataFrame(changes, schema=["key", "kind", "what", "old", "new"], orient="row").with_columns(
        rule=pl.lit("undo")
    )
    schema = {name: kind for name, kind in HISTORY_COLUMNS.items() if name in frame.columns}
    return leads.drop("at"), frame.cast(schema)  # type: ignore[arg-type]


def _columns_of(field: str, ruleset: Ruleset) -> tuple[str, str, str, str]:
    """The kind of change, what changed, and the columns of the value and of what the record said."""
    settings = ruleset.settings
    if field in ("owner", settings.owner):
        return "owner", field, "owner", "owner_said"
    if field in ("sequence", settings.sequence):
        return "sequence", field, "sequence", "sequence_said"
    return "set", field, f"set:{field}", f"said:{field}"
