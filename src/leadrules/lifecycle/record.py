"""What the record says against what the state decided, for the owner, the sequence and each field that a rule sets.

In: the leads as read, the state. Out: the leads as the rules see them, the working table (`Tick.leads`), how many values are
not yet in the CRM. The record wins once it says something else than it said when the state decided; until then the decision
holds. After a run: the leads' table of the next state, where those that the run did not have stand as they stood.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import fold_series, instants_of, rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.data.ids import canonical_keys
from leadrules.data.texts import as_text
from leadrules.lifecycle.lead_columns import Column, LeadColumns, blank
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, State
from leadrules.lifecycle.state.remembered import previous_labels
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.walk import always_names

OF_SEQUENCE = tuple(name for name in LEAD_COLUMNS if name.startswith("seq_") and not name.startswith("seq_wait"))
OF_WAIT = tuple(name for name in LEAD_COLUMNS if name.startswith("seq_wait"))
OF_TABLE = ("lead_row", "is_new")  # columns of the working table that no state has
INPUTS = ("owner", "assigned_at", "due_at", "owner_changes", "sequence", "step", "enrolled_at")


@dataclass(frozen=True, slots=True)
class Overlay:
    """The leads of a run with what the state knows of them. `absent` leads of the state are not in the input."""

    leads: pl.DataFrame
    table: LeadColumns
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
    owners = _owners(table, said["owner"], as_of)
    sequences = _sequences(table, said["sequence"], ruleset, state.former, as_of)
    if said["sequence"] is not None:
        said["sequence"] = spelled(said["sequence"], ruleset, state.former)
    filled = sorted({route.sets for route in ruleset.routes if route.sets is not None})
    fields = _fields(table, leads, calendar, unsaid, filled)
    table = table.with_columns([*owners, *sequences, *fields.memory])
    table = table.with_columns(_enrolled_by_record(table, ruleset, as_of))
    leads = leads.with_columns(*fields.shown)
    table = table.with_columns([*_out_of_queues(table, leads), *_by_hand(table, leads, filled, as_of)])
    waiting = sum(_waiting(table, role, words) for role, words in said.items()) + fields.waiting
    inputs = inputs_of(table, _looked_at(ruleset, state))
    inputs += previous_labels(leads, table, state, ruleset, with_memory=with_memory)
    return Overlay(leads.with_columns(*inputs), table, waiting, state.leads.height - int((~table["is_new"]).sum()))


def inputs_of(table: LeadColumns, names: Collection[str]) -> list[pl.Series]:
    """What expressions see of a lead's owner and sequence: `@owner`, `@step`, ..., of these names as far as they are there."""
    columns = [table[name].alias(f"@{name}") for name in INPUTS if name in names and name in table]
    return [column.cast(pl.Float64) if column.dtype.is_integer() else column for column in columns]


def _looked_at(ruleset: Ruleset, state: State) -> Collection[str]:
    """The names that rules look at: today's, earlier ones that leads are compared with, and kept versions of sequences.

    Of what the state keeps as text it is enough that the name stands in it: a column too many does no harm.
    """
    texts = [*state.versions["text"], *state.eras["ruleset"].drop_nulls()]
    kept = {name for name in INPUTS if any(f'"{name}"' in text for text in texts)}
    return kept | always_names(ruleset) | (frozenset() if state.ruleset is None else always_names(state.ruleset))


def _working_table(leads: pl.DataFrame, state: State, calendar: Calendar, created: str | None) -> LeadColumns:
    """A row per lead of the run, with what the state has of it."""
    keys = leads["@join" if "@join" in leads.columns else "@key"].alias("key")
    found = _places(keys, state.leads["key"])
    known = _taken(state.leads.drop("key", "created"), found)
    rows = pl.int_range(len(found), dtype=pl.UInt32, eager=True).alias("lead_row")
    is_new, since = found.is_null().alias("is_new"), _created(leads, created, calendar, state, found)
    table = LeadColumns([rows, *known, keys, is_new, since], len(found))
    new = rows_where(is_new)
    return table.with_columns([table.put("owner_changes", new, pl.repeat(0, len(new), dtype=pl.Int32, eager=True))])


def _places(keys: pl.Series, known: pl.Series) -> pl.Series:
    """Where the state has each lead. An export mostly comes in the order of the one before, and then there is nothing to find."""
    if keys.equals(known):
        return pl.int_range(len(keys), dtype=pl.UInt32, eager=True).alias("at")
    places = known.to_frame().with_row_index("at")
    return keys.to_frame().join(places, on="key", how="left", maintain_order="left")["at"]


def known_of(keys: pl.Series, leads: LeadColumns) -> LeadColumns:
    """What the state has of each lead; blank for one that is new."""
    return _taken(leads, _places(keys, leads["key"]))


def _taken(leads: LeadColumns, found: pl.Series) -> LeadColumns:
    if not leads.height:
        return LeadColumns((blank(name, kind, len(found)) for name, kind in leads.schema.items()), len(found))
    is_as_it_stands = len(found) == leads.height and found.is_sorted() and not found.has_nulls()
    return leads if is_as_it_stands else leads.taken(found)


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


def _owners(table: LeadColumns, record: pl.Series | None, as_of: datetime | None) -> list[pl.Series]:
    """The owner's columns. A change that the record brings is an assignment of now, to which nobody owes a response."""
    if record is None:
        return []
    wins = table["is_new"] | ~same(record, table["owner_said"])
    moved = wins & ~same(record, table["owner"]) & ~table["is_new"]
    names = ("owner", "owner_by", "assigned_at", "due_at", "due_route", "owner_changes", "past_owners")
    frame = table.select(*names).with_columns(record.alias("record"), wins.alias("wins"), moved.alias("moved"))
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
    return [*columns.get_columns(), *_decided(table, "owner", record, wins, record)]


def _sequences(
    table: LeadColumns, said: pl.Series | None, ruleset: Ruleset, former: pl.DataFrame, as_of: datetime | None
) -> list[Column]:
    """The sequence's columns. A lead that the record moved starts anew; of one first seen in a sequence, nobody knows when.

    What it says is kept by its own words: a name that was renamed may become that of another sequence.
    """
    if said is None:
        return []
    record, before = spelled(said, ruleset, former), table["sequence_said"]
    wins = table["is_new"] | ~same(record, spelled(before, ruleset, former) if former.height else before)
    moved = wins & ~same(record, table["sequence"]) & ~table["is_new"]
    entered = moved & record.is_not_null()
    cleared = [_blanked(table, name, rows_where(moved)) for name in ("version", "step", *OF_SEQUENCE)]
    names = {one.name for one in ruleset.sequences}.intersection(record.filter(entered))
    # Nothing of a sequence that the rules do not know yet becomes due on the day they do.
    begins = (entered & record.is_in(pl.Series(sorted(names), dtype=pl.String).implode())).fill_null(value=False)
    at = pl.when(pl.lit(begins)).then(pl.lit(as_of, dtype=INSTANT)).when(~pl.lit(moved)).then("enrolled_at")
    enrolled = table.select("enrolled_at").select(at.alias("enrolled_at")).to_series()
    # It went elsewhere, and waits for nothing.
    waits = [_blanked(table, name, rows_where(entered)) for name in OF_WAIT]
    return [*cleared, enrolled, *waits, *_decided(table, "sequence", record, wins, said)]


def _blanked(table: LeadColumns, name: str, rows: pl.Series) -> Column:
    return table.put(name, rows, pl.repeat(None, len(rows), dtype=table.schema[name], eager=True))


def _by_record(table: LeadColumns) -> pl.Series:
    """The leads in a sequence because the record says so, which go by no form of it yet."""
    inside = table.filled("sequence")
    return inside.filter(table.gather("version", inside).is_null())


def _as_known_now(table: LeadColumns, ruleset: Ruleset) -> LeadColumns:
    """The leads in a sequence that the rules come to know are in it by the rules' name, however the record spelt it."""
    rows = _by_record(table)
    if not len(rows):
        return table
    return table.with_columns([table.put("sequence", rows, spelled(table.gather("sequence", rows), ruleset))])


def _enrolled_by_record(table: LeadColumns, ruleset: Ruleset, as_of: datetime | None) -> list[Column]:
    """When leads entered a sequence last, of those whom the record put there: `enroll once` and `enroll again after` count it.

    Of one that was there when it was first seen, or before the rules knew the sequence, it was now at the latest.
    """
    fresh, found = _by_record(table), []
    inside = table.gather("sequence", fresh)
    for name in sorted({one.name for one in ruleset.sequences}.intersection(inside)):
        rows = fresh.filter(inside == name)
        found.append(table.put(f"enrolled:{name}", rows, pl.repeat(as_of, len(rows), dtype=INSTANT, eager=True)))
    return found


def _decided(table: LeadColumns, role: str, record: pl.Series, wins: pl.Series, said: pl.Series) -> list[pl.Series]:
    """The decision that holds: the record `wins` where it says something else than it `said` when the state decided."""
    # A record that took over the decision leaves its spelling alone.
    value = record.zip_with(wins & ~same(record, table[role]), table[role])
    return [value.alias(role), said.zip_with(wins, table[f"{role}_said"]).alias(f"{role}_said")]


def spelled(sequences: pl.Series, ruleset: Ruleset, former: pl.DataFrame | None = None) -> pl.Series:
    """What a record says of sequences, in the rules' own spelling: it is read as people read text.

    By its `former` name it means the sequence that was renamed, unless the rules have that name again.
    """
    exact = {sequence.name for sequence in ruleset.sequences}
    renamed = {} if former is None else {fold(old): new for old, new in former.iter_rows() if new in exact}
    names = renamed | {fold(sequence.name): sequence.name for sequence in ruleset.sequences}
    others = (word for word in sequences.unique().drop_nulls() if word not in exact)
    meant = {word: names[fold(word)] for word in others if fold(word) in names}
    return sequences.cast(pl.String).replace(meant) if meant else sequences


def _waiting(table: LeadColumns, role: str, record: pl.Series | None) -> int:
    return 0 if record is None else int((~same(record, table[role])).sum())


def same(left: pl.Series, right: pl.Series) -> pl.Series:
    """Whether two columns of text say the same as people read them; two blanks do, and both forms of an id of Salesforce."""
    exact = left.eq_missing(right)
    if exact.all():
        return exact
    rows = rows_where(~exact)
    one, other = (fold_series(canonical_keys(side.gather(rows))) for side in (left, right))
    folded = one.eq_missing(other)
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
    memory: list[Column]
    waiting: int


def _fields(
    table: LeadColumns, leads: pl.DataFrame, calendar: Calendar, unsaid: set[str], filled: Collection[str]
) -> _Fields:
    """`filled` are the fields that routes fill: what they held is kept, as the owner is."""
    held = [name for name in leads.columns if name in unsaid and name in filled and f"held:{name}" in table]
    found = _Fields([_held(table, leads[name]) for name in held], [], 0)
    for column in [name for name in table.columns if name.startswith("set:")]:
        name = column.removeprefix("set:")
        if name in leads.columns:
            one = _field(table, leads[name], name, calendar, is_said=name not in unsaid)
            shown = [] if name in held else one.shown
            found = _Fields(found.shown + shown, found.memory + one.memory, found.waiting + one.waiting)
    return found


def _held(table: LeadColumns, unsaid: pl.Series) -> pl.Series:
    """A field that the input has no column for, as it was when each lead was last seen."""
    name = f"held:{unsaid.name}"
    rows = table.filled(name)
    return _with(unsaid, rows, from_text(table.gather(name, rows), unsaid.dtype))


def _field(table: LeadColumns, record: pl.Series, name: str, calendar: Calendar, *, is_said: bool) -> _Fields:
    """One field; a decision to blank it is the empty text."""
    rows = table.filled(f"set:{name}")
    decided, said = (table.gather(f"{what}:{name}", rows) for what in ("set", "said"))
    now = as_text(record.gather(rows), calendar).fill_null("")
    holds = same(now, said.fill_null("")) if is_said else pl.repeat(True, len(rows), eager=True)
    shown = now.is_null() if not is_said else same(now, decided)
    kept = rows.filter(holds & ~shown)
    gone = rows.filter(~(holds & ~shown))
    value = from_text(decided.filter(holds & ~shown), record.dtype)
    return _Fields(
        [_with(record, kept, value)] if len(kept) else [],
        [_blanked(table, f"{what}:{name}", gone) for what in ("set", "said")] if len(gone) else [],
        len(kept) if is_said else 0,
    )


def _out_of_queues(table: LeadColumns, leads: pl.DataFrame) -> list[Column]:
    """The queues that triggers gave leads in some field, without the leads that somebody took out of theirs."""
    found = []
    for column in [name for name in table.columns if name.startswith("queued:")]:
        rows, field = table.filled(column), column.removeprefix("queued:")
        if len(rows) and field in leads.columns:
            now = leads[field].gather(rows).cast(pl.String)
            found.append(_blanked(table, column, rows.filter(~same(now, table.gather(column, rows)))))
    return found


def _by_hand(table: LeadColumns, leads: pl.DataFrame, filled: Iterable[str], as_of: datetime | None) -> list[Column]:
    """Since when the fields that routes fill are as they are, where the record has changed them: an assignment of now."""
    found = []
    for field in filled:
        known = table.filled(f"held:{field}")
        if len(known) and field in leads.columns:
            now = leads[field].gather(known).cast(pl.String).fill_null("")
            rows = known.filter(~same(now, table.gather(f"held:{field}", known)))
            found.append(table.put(f"at:{field}", rows, pl.repeat(as_of, len(rows), dtype=INSTANT, eager=True)))
    return found


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


def carried_over(state: State, table: LeadColumns) -> LeadColumns:
    """The leads of the next state: those of the run as its working table has them after it, the others as they were.

    A lead that was there before this run and is not now has been seen last by the run before.
    """
    here = table.drop(*OF_TABLE)
    lacking = [blank(name, kind, here.height) for name, kind in state.leads.schema.items() if name not in here]
    here = here.with_columns([blank("absent_since", INSTANT, here.height), *lacking])
    if here["key"].head(state.leads.height).equals(state.leads["key"]):
        return here
    places = _places(here["key"], state.leads["key"])
    at, known = rows_where(places.is_not_null()), places.drop_nulls()
    rows = pl.int_range(state.leads.height, dtype=pl.UInt32, eager=True)
    absent = rows_where(~pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True).scatter(known, values=True))
    since = state.leads.gather("absent_since", absent, INSTANT).fill_null(state.as_of)
    before = state.leads.with_columns([state.leads.put("absent_since", absent, since)])
    # Those that were known stand where they stood, be they here or not; then the new ones.
    found = pl.concat([rows.scatter(known, at + len(rows)), rows_where(places.is_null()) + len(rows)])
    return before.above(here, found)
