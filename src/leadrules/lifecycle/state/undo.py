"""The way back: undo.csv of a run, and `run --undo OUT`.

In: the leads before and after a run; or a run's folder and the state. Out: a row per changed owner, sequence and field; or the
state without that run. The last run is taken back whole: the state is as it was before it. Of an earlier run the values that
it decided, those in its undo.csv, are taken back where nothing has changed them since.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.manifest import is_of
from leadrules.lifecycle.model import HISTORY_COLUMNS, INSTANT, LEAD_COLUMNS, RECORD, RIDE, UNDO, State
from leadrules.lifecycle.moves.after import with_changes
from leadrules.lifecycle.record import same, spelled
from leadrules.lifecycle.state.database import exists
from leadrules.lifecycle.state.store import amend, can_take_back, load, made_by, runs, take_back_last

MANIFEST, WAY_BACK = "manifest.json", "undo.csv"
UNDO_COLUMNS = ("key", "field", "old", "new")
_GOES_WITH = {
    "owner": ("owner_by", "assigned_at", "due_at", "due_route"),
    "sequence": tuple(name for name in RIDE if name != "sequence"),
}
_CHANGE = {name: kind for name, kind in HISTORY_COLUMNS.items() if name not in ("run", "as_of")}


def undo_rows(keys: pl.Series, before: Mapping[str, pl.Series], after: Mapping[str, pl.Series]) -> pl.DataFrame:
    """key, field, old, new: what changed, by lead, then in the order of the fields. All are texts, row i being lead i."""
    found = []
    for order, (field, now) in enumerate(after.items()):
        rows = rows_where(now.ne_missing(before[field]))
        columns = {"lead": rows, "order": order, "key": keys.gather(rows), "field": field}
        frame = pl.DataFrame({**columns, "old": before[field].gather(rows), "new": now.gather(rows)})
        found.append(frame.cast({"lead": pl.UInt32, "order": pl.Int32, **dict.fromkeys(UNDO_COLUMNS, pl.String)}))
    if not found:
        return pl.DataFrame(schema=dict.fromkeys(UNDO_COLUMNS, pl.String()))
    return pl.concat(found).sort("lead", "order").select(UNDO_COLUMNS)


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back: the whole last run, or `values` of an earlier one; `kept` values had changed since. `blank` are
    those that were blank before."""

    kind: Literal["whole", "values"]
    run: int
    values: int
    kept: int
    blank: int


def take_back(path: Path, out: Path) -> Undone:
    """Take the run that wrote a folder back in the state. Raises InputError where no run of this state wrote it."""
    if not exists(path):
        raise InputError(
            f"there is no state {path}, so nothing in it is to be taken back",
            f"import {out / WAY_BACK} to take the run's changes back in the CRM, or name its state with --state",
        )
    number, is_last, encoding = _run_of(path, out)
    if is_last and can_take_back(path):
        rows = _rows(out, encoding)
        take_back_last(path)
        return Undone("whole", number, len(rows), 0, sum(not row["old"] for row in rows))
    state = load(path)
    decided = _decided_by(path, number)
    leads, changes = _values_back(state, decided)
    if changes.height:
        amend(path, state, replace(state, leads=leads), changes=changes)
    kept = decided.height - changes.height
    return Undone("values", number, changes.height, kept, changes["new"].null_count())


def _run_of(path: Path, out: Path) -> tuple[int, bool, str]:
    """The run that a folder's manifest names, whether it is the last, and the encoding of its files."""
    try:
        manifest = (out / MANIFEST).read_bytes()
    except OSError:
        raise InputError(
            f"{out} holds no {MANIFEST}", "name the folder that a run wrote: `leadrules run --undo out`"
        ) from None
    known = [(number, record) for number, record, undone in runs(path) if not undone]
    found = [(number, record) for number, record in known if is_of(record.manifest, manifest)]
    if not found:
        raise InputError(
            f"no run of the state {path} wrote {out}, or it was taken back already",
            "name the folder as that run wrote it, and its state with --state",
        )
    number, record = found[-1]
    written = cast("Mapping[str, str]", record.options.get("written", {}))
    return number, number == known[-1][0], written.get("encoding", "utf-8")


def _rows(out: Path, encoding: str) -> list[dict[str, str]]:
    if not (out / WAY_BACK).is_file():
        return []
    with (out / WAY_BACK).open(encoding="cp932" if encoding == "cp932" else "utf-8-sig", newline="") as file:
        try:
            rows = list(csv.DictReader(file))
        except (UnicodeDecodeError, csv.Error):
            rows = [{}]
    if any(row.get(name) is None for row in rows for name in UNDO_COLUMNS):
        raise InputError(
            f"{out / WAY_BACK} is damaged: it is not as its run wrote it", "make it again with the same run"
        )
    return rows


def _decided_by(path: Path, number: int) -> pl.DataFrame:
    """What undo.csv of a run says, from the history: renames do not reach the file, and cp932 may have cost it letters."""
    made = made_by(path, number).filter(pl.col("kind").is_in(["owner", "sequence", "set"]))
    decided = made.filter(~pl.col("rule").fill_null("").is_in([RECORD, UNDO]), pl.col("old").ne_missing(pl.col("new")))
    return decided.select("key", "kind", "what", pl.col("old", "new").fill_null(""))


def _values_back(state: State, decided: pl.DataFrame) -> tuple[LeadColumns, pl.DataFrame]:
    """The leads with the old values where the new ones still hold, and those changes."""
    rows = pl.int_range(state.leads.height, dtype=pl.UInt32, eager=True).alias("lead_row")
    leads = state.leads.with_columns([rows])
    back, changes = [], [pl.DataFrame(schema=_CHANGE)]
    for (kind, what), some in decided.partition_by("kind", "what", as_dict=True, maintain_order=True).items():
        value, said = (f"set:{what}", f"said:{what}") if kind == "set" else (kind, f"{kind}_said")
        if value not in leads:
            continue
        known = leads.select("lead_row", "key", "owner_changes", value, said).rename({value: "now", said: "said"})
        known = known.with_columns(leads.whole(f"held:{what}", pl.String()).alias("held"))
        own = some.join(known, on="key", how="inner", maintain_order="left")
        own = own.filter(_holds_still(kind, own))
        if kind == "sequence" and state.ruleset is not None:  # the record may call it as it was called then
            own = own.with_columns(spelled(own["said"], state.ruleset, state.former))
        back.append(_old_values(kind, own).rename({"value": value, "said": said}))
        if kind == "set" and f"at:{what}" in leads:  # an owner's time goes with it, too
            at = pl.lit(None, dtype=INSTANT)
            back.append(own.select("lead_row", pl.col("old").alias(f"held:{what}"), at.alias(f"at:{what}")))
        blank = own.with_columns(pl.col("old", "new").replace("", None))
        named = blank.select("key", "kind", "what", old="new", new="old", rule=pl.lit(UNDO))
        changes.append(named.cast(_CHANGE))  # type: ignore[arg-type]
    return with_changes(state.leads, back), pl.concat(changes)


def _holds_still(kind: str, own: pl.DataFrame) -> pl.Series:
    """Whether the run's value is the lead's; of a field without a decision the last record says it, as far as it is kept."""
    is_its = own["now"].fill_null("") == own["new"]
    return (
        is_its | own["now"].is_null() & same(own["held"].fill_null(own["new"]), own["new"]) if kind == "set" else is_its
    )


def _old_values(kind: str, own: pl.DataFrame) -> pl.DataFrame:
    """What leads are given back: `lead_row`, `value`, `said`, and what goes with an owner or a sequence.

    Since when it was so is not kept: as with a lead that is first seen, nothing is due to it.
    """
    # The record says the new value by now, or what it said before: either way the old one is what holds. Of what it said
    # when an earlier run decided on the old value, the same goes.
    is_new = same(own["said"].fill_null(""), own["old"]) | (own["now"].is_null() if kind == "set" else False)
    found = own.with_columns(value="old", said=pl.when(is_new).then("new").otherwise("said"))
    if kind == "set":
        return found.select("lead_row", "value", "said")
    found = found.with_columns(pl.col("value", "said").replace("", None))
    gone = [pl.lit(None, dtype=LEAD_COLUMNS[name]).alias(name) for name in _GOES_WITH[kind]]
    was_change = (pl.col("old") != "") & (pl.col("new") != "")
    count = [(pl.col("owner_changes") - was_change.cast(pl.Int32)).alias("owner_changes")] if kind == "owner" else []
    return found.select("lead_row", "value", "said", *gone, *count)
