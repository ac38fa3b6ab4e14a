"""Labels and segments with memory: what each lead was, what it is, and which changes may set something off.

In: a tick, and what the rules of the last run make of it where they were edited since. Out: `Labels`: the columns that the
state keeps, every change with its cause, and who entered or left a label. A change sets something off when it would have
happened under the old rules too; what is new to an existing state, and a baseline, is taken as already so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import polars as pl

from leadrules.core.functions.columnar import only, rows_where
from leadrules.core.records import dataclass
from leadrules.lifecycle.edits import Edits
from leadrules.lifecycle.model import INSTANT, Tick
from leadrules.lifecycle.state.remembered import inside_before, label_before, labelled, segments, was_evaluated
from leadrules.ruleset.model import Definition, On, Segment

LEAD, RULES, START = "lead", "rules edited", "already so"
CHANGE_COLUMNS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "kind": pl.String(),
    "what": pl.String(),
    "old": pl.String(),
    "new": pl.String(),
    "cause": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Former:
    """What leads would be under the old rules, as far as that `is_known`; `differs`: whose label is another one there."""

    values: pl.Series
    is_known: pl.Series
    differs: pl.Series


@dataclass(frozen=True)
class Memory:
    """One definition before and after this run. `start`: whose label is taken as already so; `former`: where rules were edited."""

    definition: Definition
    before: pl.Series
    now: pl.Series
    start: pl.Series
    former: Former | None = None

    def entered(self, label: str | None) -> pl.Series:
        """Which leads entered a label (None: the segment)."""
        came = self._in(self.now, label) & ~self._in(self.before, label) & ~self.start
        old = self.former
        return came if old is None else came & (~old.differs | self._in(old.values, label))

    def left(self, label: str | None) -> pl.Series:
        """Which leads left a label (None: the segment)."""
        went = self._in(self.before, label) & ~self._in(self.now, label) & ~self.start
        old = self.former
        return went if old is None else went & (~old.differs | (old.is_known & ~self._in(old.values, label)))

    def _in(self, values: pl.Series, label: str | None) -> pl.Series:
        return (values if label is None else values == label).fill_null(value=False)

    @property
    def only_edited(self) -> pl.Series:
        """Whose label is another under the old rules."""
        no = pl.repeat(False, len(self.now), dtype=pl.Boolean, eager=True)
        return no if self.former is None else self.former.differs

    @cached_property
    def differs(self) -> pl.Series:
        """Whose label or membership is another than before."""
        if isinstance(self.definition, Segment):
            return self.now != self.before.fill_null(value=False)
        return self.now.ne_missing(self.before)


@dataclass(frozen=True, slots=True)
class Labels:
    """`columns` has `label:`, `since:` and `in:` after this run, `changes` a row (CHANGE_COLUMNS) per change of a lead."""

    memories: Mapping[str, Memory]
    columns: pl.DataFrame
    changes: pl.DataFrame

    def changed(self, on: On) -> pl.Series:
        """Which leads an `on enter` or `on leave` hears of."""
        memory = self.memories[str(on.name)]
        return memory.entered(on.label) if on.kind == "enter" else memory.left(on.label)


def work_out(tick: Tick, edits: Edits | None) -> Labels:
    """Before and after, for every label and segment of the rules. `edits` None: nothing was edited, or edits may fire."""
    memories = {one.name: _memory(tick, one, edits) for one in (*labelled(tick.ruleset), *segments(tick.ruleset))}
    columns = [column for memory in memories.values() for column in _columns(tick, memory)]
    changes = [_changes(tick, memory) for memory in memories.values() if memory.differs.any()]
    empty = pl.DataFrame(schema=dict(CHANGE_COLUMNS))
    return Labels(memories, pl.DataFrame(columns), pl.concat([empty, *changes]).sort("lead_row", maintain_order=True))


def _memory(tick: Tick, definition: Definition, edits: Edits | None) -> Memory:
    known = was_evaluated(tick.leads, definition, tick.state)
    now = tick.facts.frame[definition.name]
    # A lead that is new was outside everything, but for the label that a test gives it; one that is known, and this
    # definition not of it, is as it is.
    before = only(_before(tick, definition), known | tick.leads["is_new"])
    start = (
        ~known & ~tick.leads["is_new"] if not tick.baseline else pl.repeat(True, len(now), dtype=pl.Boolean, eager=True)
    )
    if edits is None:
        return Memory(definition, before, now, start)
    values, is_known = edits.values(definition.name, now)
    differs = (~is_known | now.ne_missing(values)) & ~tick.leads["is_new"]
    return Memory(definition, before, now, start, Former(values, is_known, differs))


def _before(tick: Tick, definition: Definition) -> pl.Series:
    if not isinstance(definition, Segment):
        return label_before(tick.leads, definition.name)
    return inside_before(tick.leads, definition.name)


def _columns(tick: Tick, memory: Memory) -> list[pl.Series]:
    name = memory.definition.name
    if isinstance(memory.definition, Segment):
        return [memory.now.alias(f"in:{name}")]
    column = f"since:{name}"
    before = tick.leads.whole(column, INSTANT)
    stays = ~memory.differs & was_evaluated(tick.leads, memory.definition, tick.state) & before.is_not_null()
    as_of = pl.Series([tick.as_of], dtype=INSTANT).new_from_index(0, len(memory.now))
    return [memory.now.alias(f"label:{name}"), before.zip_with(stays, as_of).alias(column)]


def _changes(tick: Tick, memory: Memory) -> pl.DataFrame:
    rows = rows_where(memory.differs)
    is_segment = isinstance(memory.definition, Segment)
    found = pl.DataFrame(
        {
            "lead_row": rows.cast(pl.UInt32),
            "old": _words(memory.before.gather(rows)),
            "new": _words(memory.now.gather(rows)),
            "start": memory.start.gather(rows),
            "edited": memory.only_edited.gather(rows),
        }
    )
    cause = pl.when("start").then(pl.lit(START)).when("edited").then(pl.lit(RULES)).otherwise(pl.lit(LEAD))
    kind, what = pl.lit("segment" if is_segment else "label"), pl.lit(memory.definition.name)
    return found.with_columns(cause=cause, kind=kind, what=what).select(list(CHANGE_COLUMNS))


def _words(values: pl.Series) -> pl.Series:
    if values.dtype != pl.Boolean:
        return values.cast(pl.String)
    return values.cast(pl.String).fill_null("false")


def history_of(tick: Tick, labels: Labels) -> pl.DataFrame:
    """The changes as rows of the state's history: key, kind, what, old, new, rule."""
    rule = pl.when(pl.col("cause") != LEAD).then("cause").alias("rule")
    rows = labels.changes.with_columns(tick.leads["key"].gather(labels.changes["lead_row"]), rule)
    return rows.select("key", "kind", "what", "old", "new", "rule")
