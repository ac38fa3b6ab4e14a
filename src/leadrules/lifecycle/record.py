"""What the record says against what the state decided, for the owner, the sequence and each field that a rule sets.

In: the leads as read, the state. Out: the leads as the rules see them, the working table (`Tick.leads`), how many values are
not yet in the CRM. The record wins once it says something else than it said when the state decided; until then the decision
holds. After a run: the leads' table of the next state, where those that the run did not have stand as they stood.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import fold_series, instants_of, rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.data.texts import as_text
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, State
from leadrules.lifecycle.state.remembered import previous_labels
from leadrules.ruleset.model import Ruleset

OF_SEQUENCE = tuple(name for name in LEAD_COLUMNS if name.startswith("seq_") and not name.startswith("seq_wait"))
OF_WAIT = tuple(name for name in LEAD_COLUMNS if name.startswith("seq_wait"))
OF_TABLE = ("lead_row", "is_new")  # columns of the working table that no state has
INPUTS = ("owner", "assigned_at", "due_at", "owner_changes", "sequence", "step", "enrolled_at")


@dataclass(frozen=True, slots=True)
class Overlay:
    """The leads of a run with what the state knows of them. `absent` leads of the state are not in the input."""

    leads: pl.DataFrame
    table: pl.DataFrame
    not_yet_in_crm: int
    absent: int


def overlay(
    leads: pl.DataFrame,
    state: State,
    ruleset: Ruleset,
    calendar: Calendar,
    as_of: datetime | None,
    *,
    with_memory: bool = True,
    missing: Iterable[str] = (),
) -> Overlay:
    """Record against state. `missing` are fields that the input has no column for: of those the record says nothing.

    `with_memory` False: there is no state, so no label remembers since when.
    """
    settings, unsaid = ruleset.settings, set(missing)
    table = _as_known_now(_working_table(leads, state, calendar, settings.created), ruleset)
    said = {
        role: _said(leads, field, unsaid)
        for role, field in (("owner", settings.owner), ("sequence", settings.sequence))
    }
    if said["sequence"] is not None:
        said["sequence"] = spelled(said["sequence"], ruleset)
    owners = _owners(table, said["owner"], as_of)
    sequences = _sequences(table, said["sequence"], ruleset, as_of)
    fields = _fields(table, leads, calendar, unsaid)
    table = table.with_columns(*owners, *sequences, *fields.memory)
    table = table.with_columns(_enrolled_by_record(table, ruleset, as_of))
    waiting = sum(_waiting(table, role, words) for role, words in said.items()) + fields.waiting
    inputs = [_input(table, name) for name in INPUTS] + previous_labels(
        leads, table, state, ruleset, with_memory=with_memory
    )
    return Overlay(
        leads.with_columns(*fields.shown, *inputs), table, waiting, state.leads.height - int((~table["is_new"]).sum())
    )


def _input(table: pl.DataFrame, name: str) -> pl.Series:
    column = table[name]
    return (column.cast(pl.Float64) if column.dtype.is_integer() else column).alias(f"@{name}")


def _working_table(leads: pl.DataFrame, state: State, calendar: Calendar, created: str | None) -> pl.DataFrame:
    """A row per lead of the run, with what the state has of it."""
    keys = leads["@join" if "@join" in leads.columns else "@key"].alias("key")
    found = _places(keys, state.leads["key"])
    table = _taken(state.leads.drop("key", "created"), found)
    table = table.with_columns(keys, found.is_null().alias("is_new"), _created(leads, created, calendar, state, found))
    table = table.with_row_index("lead_row").with_columns(pl.col("lead_row").cast(pl.UInt32))
    return table.with_columns(
        pl.when("is_new").then(0).otherwise("owner_changes").cast(pl.Int32).alias("owner_changes")
    )


def _places(keys: pl.Series, known: pl.Series) -> pl.Series:
    """Where the state has each lead. An export mostly comes in the order of the one before, and then there is nothing to find."""
    if keys.equals(known):
        return pl.int_range(len(keys), dtype=pl.UInt32, eager=True).alias("at")
    places = known.to_frame().with_row_index("at")
    return keys.to_frame().join(places, on="key", how="left", maintain_order="left")["at"]


def known_of(keys: pl.Series, leads: pl.DataFrame) -> pl.DataFrame:
    """What the state (its leads, or some columns of them) has of each lead; blank for one that is new."""
    return _taken(leads, _places(keys, leads["key"]))


def _taken(leads: pl.DataFrame, found: pl.Series) -> pl.DataFrame:
    if not leads.height:
        blanks = (pl.Series(name, [None], dtype=kind) for name, kind in leads.schema.items())
        return pl.DataFrame([blank.new_from_index(0, len(found)) for blank in blanks])
    is_as_it_stands = len(found) == leads.height and found.is_sorted() and not found.has_nulls()
    return leads if is_as_it_stands else leads[found]


def _created(leads: pl.DataFrame, name: str | None, calendar: Calendar, state: State, found: pl.Series) -> pl.Series:
    if name is None or name not in leads.columns or not leads[name].dtype.is_temporal():
        before = state.leads["created"][found] if state.leads.height else pl.Series([None], dtype=INSTANT)
        return (before if len(before) == leads.height else before.new_from_index(0, leads.height)).alias("created")
    return instants_of(calendar, leads[name]).alias("created")


# -- owner and sequence ---------------------------------------------------------------------------------------------


def _said(leads: pl.DataFrame, field: str | None, unsaid: set[str]) -> pl.Series | None:
    """What the record says, as text; None where it does not say anything at all."""
    if field is None or field in unsaid or field not in leads.columns:
        return None
    return leads[field].cast(pl.String)


def _owners(table: pl.DataFrame, record: pl.Series | None, as_of: datetime | None) -> list[pl.Series]:
    """The owner's columns. A change that the record brings is an assignment of now, to which nobody owes a response."""
    if record is None:
        return []
    wins = _wins(table, "owner", record)
    moved = wins & ~same(record, table["owner"]) & ~table["is_new"]
    names = ("owner", "owner_by", "assigned_at", "due_at", "due_route", "owner_changes", "past_owners")
    frame = table.select(names).with_columns(record.alias("record"), wins.alias("wins"), moved.alias("moved"))
    at = pl.when(pl.col("record").is_not_null()).then(pl.lit(as_of, dtype=INSTANT))
    changed = pl.col("moved") & pl.col("owner").is_not_null() & pl.col("record").is_not_null()
    left = pl.col("moved") & pl.col("owner").is_not_null()
    past = pl.col("past_owners").fill_null([])
    columns = frame.select(
        pl.when("moved").then(at).otherwise("assigned_at").alias("assigned_at"),
        pl.when(~pl.col("moved")).then("owner_by").alias("owner_by"),
        pl.when(~pl.col("moved")).then("due_at").alias("due_at"),
        pl.when(~pl.col("moved")).then("due_route").alias("due_route"),
        (pl.col("owner_changes") + changed.cast(pl.Int32)).alias("owner_changes"),
        pl.when(left).then(past.list.concat(pl.col("owner"))).otherwise("past_owners").alias("past_owners"),
    )
    return [*columns.get_columns(), *_decided(table, "owner", record, wins)]


def _sequences(
    table: pl.DataFrame, record: pl.Series | None, ruleset: Ruleset, as_of: datetime | None
) -> list[pl.Series]:
    """The sequence's columns. A lead that the record moved starts anew; of one first seen in a sequence, nobody knows when."""
    if record is None:
        return []
    wins = _wins(table, "sequence", record)
    moved = wins & ~same(record, table["sequence"]) & ~table["is_new"]
    entered = moved & record.is_not_null()
    cleared = [
        table.select(pl.when(~pl.lit(moved)).then(name).alias(name)).to_series()
        for name in ("version", "step", *OF_SEQUENCE)
    ]
    names = {one.name for one in ruleset.sequences}.intersection(record.filter(entered))
    # Nothing of a sequence that the rules do not know yet becomes due on the day they do.
    begins = (entered & record.is_in(pl.Series(sorted(names), dtype=pl.String).implode())).fill_null(value=False)
    at = pl.when(pl.lit(begins)).then(pl.lit(as_of, dtype=INSTANT)).when(~pl.lit(moved)).then("enrolled_at")
    enrolled = table.select(at.alias("enrolled_at")).to_series()
    # It went elsewhere, and waits for nothing.
    waits = [table.select(pl.when(~pl.lit(entered)).then(name).alias(name)).to_series() for name in OF_WAIT]
    return [*cleared, enrolled, *waits, *_decided(table, "sequence", record, wins)]


def _by_record(table: pl.DataFrame) -> pl.Series:
    """Which leads are in a sequence because the record says so, and go by no form of it yet."""
    return table["sequence"].is_not_null() & table["version"].is_null()


def _as_known_now(table: pl.DataFrame, ruleset: Ruleset) -> pl.DataFrame:
    """The leads in a sequence that the rules come to know are in it by the rules' name, however the record spelt it."""
    rows = rows_where(_by_record(table))
    if not len(rows):
        return table
    names = spelled(table["sequence"].gather(rows), ruleset)
    return table.with_columns(table["sequence"].clone().scatter(rows, names))


def _enrolled_by_record(table: pl.DataFrame, ruleset: Ruleset, as_of: datetime | None) -> list[pl.Series]:
    """When leads entered a sequence last, of those whom the record put there: `enroll once` and `enroll again after` count it.

    Of one that was there when it was first seen, or before the rules knew the sequence, it was now at the latest.
    """
    fresh, found = _by_record(table), []
    known = {one.name for one in ruleset.sequences}
    for name in sorted(known.intersection(table["sequence"].filter(fresh))):
        column = f"enrolled:{name}"
        before = pl.col(column) if column in table.columns else pl.lit(None, dtype=INSTANT)
        entered = pl.lit(fresh) & (pl.col("sequence") == name)
        now = pl.when(entered).then(pl.lit(as_of, dtype=INSTANT)).otherwise(before)
        found.append(table.select(now.alias(column)).to_series())
    return found


def _wins(table: pl.DataFrame, role: str, record: pl.Series) -> pl.Series:
    """Whether the record says something else than it said when the state decided."""
    return table["is_new"] | ~same(record, table[f"{role}_said"])


def _decided(table: pl.DataFrame, role: str, record: pl.Series, wins: pl.Series) -> list[pl.Series]:
    # A record that took over the decision leaves its spelling alone.
    value = record.zip_with(wins & ~same(record, table[role]), table[role])
    return [value.alias(role), record.zip_with(wins, table[f"{role}_said"]).alias(f"{role}_said")]


def spelled(sequences: pl.Series, ruleset: Ruleset) -> pl.Series:
    """What a record says of sequences, in the rules' own spelling: it is read as people read text."""
    exact = {sequence.name for sequence in ruleset.sequences}
    names = {fold(sequence.name): sequence.name for sequence in ruleset.sequences}
    others = (word for word in sequences.unique().drop_nulls() if word not in exact)
    meant = {word: names[fold(word)] for word in others if fold(word) in names}
    return sequences.cast(pl.String).replace(meant) if meant else sequences


def _waiting(table: pl.DataFrame, role: str, record: pl.Series | None) -> int:
    return 0 if record is None else int((~same(record, table[role])).sum())


def same(left: pl.Series, right: pl.Series) -> pl.Series:
    """Whether two columns of text say the same as people read them; two blanks do."""
    exact = left.eq_missing(right)
    if exact.all():
        return exact
    rows = rows_where(~exact)
    folded = fold_series(left.gather(rows)).eq_missing(fold_series(right.gather(rows)))
    return exact.scatter(rows, folded)


def as_held(given: pl.Series, held: pl.Series) -> pl.Series:
    """What leads are given, in the spelling of what they have where it reads the same: then nothing changes."""
    rows = rows_where(held.is_not_null() & given.is_not_null() & given.ne_missing(held))
    if not len(rows):
        return given
    mine = held.gather(rows)
    alike = same(given.gather(rows), mine)
    return given.clone().scatter(rows.filter(alike), mine.filter(alike))


# -- fields that rules set ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields as they hold, what is remembered of them, how many decisions the record does not show."""

    shown: list[pl.Series]
    memory: list[pl.Series]
    waiting: int


def _fields(table: pl.DataFrame, leads: pl.DataFrame, calendar: Calendar, unsaid: set[str]) -> _Fields:
    found = _Fields([], [], 0)
    for column in [name for name in table.columns if name.startswith("set:")]:
        name = column.removeprefix("set:")
        if name in leads.columns:
            one = _field(table, leads[name], name, calendar, is_said=name not in unsaid)
            found = _Fields(found.shown + one.shown, found.memory + one.memory, found.waiting + one.waiting)
    return found


def _field(table: pl.DataFrame, record: pl.Series, name: str, calendar: Calendar, *, is_said: bool) -> _Fields:
    """One field; a decision to blank it is the empty text."""
    decision, said = table[f"set:{name}"], table[f"said:{name}"]
    rows = rows_where(decision.is_not_null())
    decided, now = decision.gather(rows), as_text(record.gather(rows), calendar).fill_null("")
    holds = same(now, said.gather(rows).fill_null("")) if is_said else pl.repeat(True, len(rows), eager=True)
    shown = now.is_null() if not is_said else same(now, decided)
    kept = rows.filter(holds & ~shown)
    gone = rows.filter(~(holds & ~shown))
    value = from_text(decision.gather(kept), record.dtype)
    return _Fields(
        [_with(record, kept, value)] if len(kept) else [],
        [decision.clone().scatter(gone, None), said.clone().scatter(gone, None)] if len(gone) else [],
        len(kept) if is_said else 0,
    )


def _with(column: pl.Series, rows: pl.Series, values: pl.Series) -> pl.Series:
    """A column with other values in some rows, of any type."""
    if not column.dtype.is_nested():
        return column.clone().scatter(rows, values)
    places = pl.arange(len(column), eager=True, dtype=pl.UInt32)
    moved = places.scatter(rows, pl.arange(len(column), len(column) + len(rows), eager=True, dtype=pl.UInt32))
    return pl.concat([column, values.alias(column.name)])[moved]


def from_text(texts: pl.Series, kind: pl.DataType) -> pl.Series:
    """Values from the text that files show of them; the empty text is a blank."""
    texts = texts.replace("", None)
    if isinstance(kind, pl.Datetime):
        return texts.str.to_datetime("%+", time_unit="us", time_zone="UTC").cast(kind)
    if kind == pl.Date:
        return texts.str.to_date("%F")
    if kind == pl.Boolean:
        return texts == "true"
    if isinstance(kind, pl.List):
        return texts.str.split(";")
    return texts.cast(kind)


# -- the leads after a run ------------------------------------------------------------------------------------------


def carried_over(state: State, table: pl.DataFrame) -> pl.DataFrame:
    """The leads of the next state: those of the run as its working table has them after it, the others as they were.

    A lead that was there before this run and is not now has been seen last by the run before.
    """
    present = table.drop(*OF_TABLE, strict=False).with_columns(pl.lit(None, dtype=INSTANT).alias("absent_since"))
    present = _with_columns_of(present, state.leads)
    if present["key"].head(state.leads.height).equals(state.leads["key"]):
        return present
    absent = state.leads.join(present.select("key"), on="key", how="anti", maintain_order="left")
    absent = absent.with_columns(pl.col("absent_since").fill_null(pl.lit(state.as_of, dtype=INSTANT)))
    known = state.leads.select("key").with_row_index("at")
    rows = pl.concat([present, _with_columns_of(absent, present).select(present.columns)])
    return (
        rows.join(known, on="key", how="left", maintain_order="left")
        .sort("at", nulls_last=True, maintain_order=True)
        .drop("at")
    )


def _with_columns_of(frame: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    lacking = {name: kind for name, kind in other.schema.items() if name not in frame.columns}
    return frame.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in lacking.items())
