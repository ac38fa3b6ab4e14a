"""Two versions of the rules over the same leads.

In: two requests that differ in their rules alone. Out: `Compared`: both outcomes, seen from one instant, and how their leads
line up. Reads once where both versions read the same, and changes neither files nor state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import polars as pl

from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.engine.columns import ColumnFacts, needed
from leadrules.lifecycle.asof import AsOf, choose, newest_created, since_of
from leadrules.lifecycle.cadence.versions import with_kept
from leadrules.lifecycle.late import listened
from leadrules.lifecycle.model import empty_state
from leadrules.lifecycle.run import Inputs, Outcome, RunRequest, calendar_of, execute, lead_fields, read_inputs

KEY = "@key"


@dataclass(frozen=True)
class Compared:
    """Both outcomes, and the rows of the leads that both decide (None: every row, in the same order)."""

    base: Outcome
    head: Outcome
    as_of: AsOf
    base_rows: pl.Series | None = None
    head_rows: pl.Series | None = None

    @property
    def height(self) -> int:
        """How many leads both decide."""
        return self.head.leads.frame.height if self.head_rows is None else len(self.head_rows)

    @property
    def only_base(self) -> int:
        """Leads that only the older rules decide: a cell that only the newer ones read rejects their rows."""
        return self.base.leads.frame.height - self.height

    @property
    def only_head(self) -> int:
        """Leads that only the newer rules decide."""
        return self.head.leads.frame.height - self.height

    @property
    def keys(self) -> pl.Series:
        """The compared leads' keys."""
        return self.after(self.head.leads.frame[KEY])

    def before(self, values: pl.Series) -> pl.Series:
        """A column of the older outcome, over the compared leads."""
        return values if self.base_rows is None else values.gather(self.base_rows)

    def after(self, values: pl.Series) -> pl.Series:
        """A column of the newer outcome, over the compared leads."""
        return values if self.head_rows is None else values.gather(self.head_rows)

    def of_base(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows by `lead_row` of the older outcome, by compared row; those of other leads are left out."""
        return _by_row(frame, self.base_rows)

    def of_head(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows by `lead_row` of the newer outcome, by compared row."""
        return _by_row(frame, self.head_rows)

    @cached_property
    def inputs(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The compared leads and their events with everything that either version looks at."""
        base, head = _workspace_inputs(self.base), _workspace_inputs(self.head)
        extra = [self.before(c) for c in base.get_columns() if c.name not in head.columns]
        leads = pl.DataFrame([self.after(c) for c in head.get_columns()]).with_columns(extra)
        if self.base.events is self.head.events:
            return leads, self.of_head(self.head.events.frame)
        return leads, _joined_events(self.of_base(self.base.events.frame), self.of_head(self.head.events.frame))


def _workspace_inputs(outcome: Outcome) -> pl.DataFrame:
    assert isinstance(outcome.facts, ColumnFacts)
    return outcome.facts.workspace.inputs


def _by_row(frame: pl.DataFrame, rows: pl.Series | None) -> pl.DataFrame:
    if rows is None:
        return frame
    places = pl.DataFrame({"lead_row": rows.cast(pl.UInt32)}).with_row_index("<row>")
    found = frame.with_columns(pl.col("lead_row").cast(pl.UInt32)).join(
        places, on="lead_row", how="inner", maintain_order="left"
    )
    return found.with_columns(pl.col("<row>").cast(frame.schema["lead_row"]).alias("lead_row")).drop("<row>")


def _joined_events(base: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
    """The events of both: those of a type that both read once, with the fields of both where they are row for row the same."""
    if base.schema["type"] != head.schema["type"]:  # the versions do not declare the same types of events
        base, head = (frame.with_columns(pl.col("type").cast(pl.String)) for frame in (base, head))
    types = head["type"].unique().implode()
    own, shared = base.filter(~pl.col("type").is_in(types)), base.filter(pl.col("type").is_in(types))
    both = head.filter(pl.col("type").is_in(base["type"].unique().implode()))
    extra = [name for name in shared.columns if name not in head.columns]
    same = ["lead_row", "type", "at"]
    if extra and shared.select(same).equals(both.select(same)):
        joined = both.with_columns(shared.select(extra).get_columns())
        head = pl.concat([joined, head.filter(~pl.col("type").is_in(base["type"].unique().implode()))], how="diagonal")
    return pl.concat([head, own], how="diagonal")


# -- running both ---------------------------------------------------------------------------------------------------


def compare(base: RunRequest, head: RunRequest) -> Compared:
    """Both versions on what there is, from the same instant: the newest time that either reads. InputError: it cannot be done."""
    inputs = read_inputs(head)
    shared = _serves(head, inputs, base)
    if not shared and (base.stdin_was_read or head.stdin_was_read):
        raise InputError("the two versions read different columns, and a pipe can be read only once", "name a file")
    others = inputs if shared else read_inputs(base)
    as_of = _instant(base, head, others, inputs)
    # Here, where it is known how the instant came about: both runs are given it.
    since_of(as_of, None if head.state is None else head.state.as_of, head.since, calendar_of(head.ruleset))
    after = execute(replace(head, as_of=as_of.at), inputs)
    before = execute(replace(base, as_of=as_of.at), others)
    return Compared(before, after, as_of, *_aligned(before, after))


def _instant(base: RunRequest, head: RunRequest, before: Inputs, after: Inputs) -> AsOf:
    """No earlier than the last run: what was edited after it is compared on the inputs that it had."""
    last_run = head.state.as_of if head.state is not None else None
    calendar = calendar_of(head.ruleset)
    newest = [
        pair
        for inputs, request in ((after, head), (before, base))
        for pair in (
            ("event", inputs.events.newest_at),
            (f"`{request.project.created}`", newest_created(inputs.leads.frame, request.project.created, calendar)),
        )
    ]
    choose(base.ruleset, head.as_of, newest, last_run=last_run)
    return choose(head.ruleset, head.as_of, newest, last_run=last_run)


@dataclass(frozen=True, slots=True)
class _Wants:
    """What a version reads, and how."""

    lead_fields: Mapping[str, Any]
    event_fields: Mapping[tuple[str, str], Any]
    marks: frozenset[tuple[str, str]]
    rest: tuple[Any, ...]

    def covers(self, other: _Wants) -> bool:
        """Whether what is read for this version is all that the other reads."""
        return (
            self.rest == other.rest
            and self.marks >= other.marks
            and self.lead_fields.items() >= other.lead_fields.items()
            and self.event_fields.items() >= other.event_fields.items()
        )


def _wants(request: RunRequest) -> _Wants:
    project = request.project
    ruleset = with_kept(project, request.ruleset, request.state or empty_state())
    need = needed(ruleset)
    events = {event.name: {field.name: field for field in event.fields} for event in project.event_schema}
    wanted = {(event, name) for event, names in need.event_fields.items() for name in ("", *names)}
    marks = {("ordered", one) for one in need.ordered_types} | {("heard", one) for one in listened(ruleset)}
    return _Wants(
        {name: repr(project.lead_schema.get(name)) for name in lead_fields(replace(request, ruleset=ruleset))},
        {(event, name): repr(events.get(event, {}).get(name)) for event, name in wanted},
        frozenset(marks),
        (request.leads, request.events, project.timezone, project.key, project.created, project.week),
    )


def _serves(head: RunRequest, inputs: Inputs, base: RunRequest) -> bool:
    """Whether the older rules may see what was read for the newer ones: nothing is rejected that they would not reject."""
    wants, others = _wants(head), _wants(base)
    if wants == others:
        return True
    no_rejects = inputs.leads.rejects.is_empty() and inputs.events.rejects.is_empty()
    return no_rejects and wants.covers(others)


def _aligned(base: Outcome, head: Outcome) -> tuple[pl.Series | None, pl.Series | None]:
    before, after = base.leads.frame[KEY], head.leads.frame[KEY]
    if base.leads is head.leads or (len(before) == len(after) and before.equals(after)):
        return None, None
    old = before.to_frame().with_row_index("base")
    both = after.to_frame().with_row_index("head").join(old, on=KEY, how="inner", maintain_order="left")
    return both["base"], both["head"]
