"""What the phases of a run hand to each other.

In: nothing. Out: `Tick`, one run under way; `State`, what earlier runs left; the shapes of the frames. Works nothing out.
Every phase is a function of a tick to new frames; nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.lead_columns import LeadColumns, blank
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset

INSTANT = pl.Datetime("us", "UTC")

# The columns of a lead that every state has. Others bear the name of what they remember: `label:NAME`, `since:NAME`,
# `in:SEGMENT`, `holds:TRIGGER`, `fired:TRIGGER`, `dated:TRIGGER`, `enrolled:SEQUENCE`, `set:FIELD`, `said:FIELD`;
# `held:FIELD`, `queued:FIELD`, `at:FIELD`; `entered:SEQUENCE` (the as_of of the last run that let it in) and
# `entries:SEQUENCE` (Int32, how often on that day) of a throttled one; `auto:CHANNEL`, when the last automatic action went out.
LEAD_COLUMNS: Mapping[str, pl.DataType] = {
    "key": pl.String(),
    "created": INSTANT,
    "owner": pl.String(),
    "owner_said": pl.String(),
    "owner_by": pl.String(),  # "trigger" (also an `on finish`) or "route": who gave the owner; null: the record
    "open": pl.Boolean(),  # whether the lead met `open_leads` when it was last seen: its load while it is absent
    "assigned_at": INSTANT,
    "due_at": INSTANT,
    "due_route": pl.String(),
    "owner_changes": pl.Int32(),
    "past_owners": pl.List(pl.String()),
    "sequence": pl.String(),
    "sequence_said": pl.String(),
    "version": pl.Int32(),
    "step": pl.Int32(),
    "enrolled_at": INSTANT,
    "seq_last_due": INSTANT,
    "seq_shift": pl.Duration("us"),
    # Steps with a settled time that did not pass yet (held, or moved by a pause): `3 MICROSECONDS;5 MICROSECONDS`.
    "seq_pending": pl.String(),
    "seq_paused_at": INSTANT,
    "seq_template": pl.String(),
    "seq_wait": pl.String(),
    "seq_wait_since": INSTANT,
    "seq_wait_template": pl.String(),
    "seq_wait_rule": pl.String(),
    # The `as of` of the last run that had the lead, while runs go by without it; null for a lead that the last run had.
    "absent_since": INSTANT,
}

# The types of the named columns, by what stands before the colon.
NAMED_COLUMNS: Mapping[str, pl.DataType] = {
    "label": pl.String(),
    "since": INSTANT,
    "in": pl.Boolean(),
    "holds": pl.Boolean(),
    "fired": INSTANT,
    "enrolled": INSTANT,
    "entered": INSTANT,
    "entries": pl.Int32(),
    "auto": INSTANT,
    "dated": INSTANT,  # the date that was dealt with last
    "armed": INSTANT,  # a date that fell while nothing could be done
    "overdue": INSTANT,
    "times": pl.Int32(),  # how often a trigger reassigned the lead
    "set": pl.String(),  # a decision as the files show it; the empty text: blank; null: there is none
    "said": pl.String(),  # what the record said then, likewise; null: blank
    "held": pl.String(),  # what a field that routes fill held when the lead was last seen; the empty text: blank
    "queued": pl.String(),  # of a field that a trigger or an `on finish` set to a queue: the queue, while it is there
    "at": INSTANT,  # when it came to hold that, by a rule or in the record; null: before the lead was seen first
    "account": pl.String(),
}

# What the other tables of a state hold.
CREDIT_COLUMNS: Mapping[str, pl.DataType] = {
    "route": pl.String(),
    "rule": pl.String(),
    "rep": pl.String(),
    "credit": pl.Int64(),
    "served": pl.Int64(),
}
ASSIGNMENT_COLUMNS: Mapping[str, pl.DataType] = {"rep": pl.String(), "day": pl.Date(), "count": pl.Int64()}
EVENT_COLUMNS: Mapping[str, pl.DataType] = {"identity": pl.UInt64(), "moment": pl.UInt64(), "at": INSTANT}
VERSION_COLUMNS: Mapping[str, pl.DataType] = {"sequence": pl.String(), "version": pl.Int32(), "text": pl.String()}
# Rules in the order in which runs used them, from the `as of` of the first run on (null: not known), for as long as a lead is
# absent that earlier ones saw last; the last are those of the last run. None: no rules but those. `ruleset` (JSON) is null
# where no absent lead was seen last by them; `triggers` are what they had, each as `KIND NAME`.
ERA_COLUMNS: Mapping[str, pl.DataType] = {"since": INSTANT, "ruleset": pl.String(), "triggers": pl.List(pl.String())}
# What sequences were called before `state rename`: the CRM says it still, for as long as nobody corrects it there.
FORMER_COLUMNS: Mapping[str, pl.DataType] = {"former": pl.String(), "sequence": pl.String()}

# What stands as the rule of a change that the record brought, and of one that `run --undo` made.
RECORD, UNDO = "record", "undo"

# One change of one lead: `kind` is owner, sequence, label, segment or set; `what` the name of the label, segment or field.
# Also what became of each step that came due: `step`, the sequence, `3 email` as `old`, `done` or the reason as `new`;
# and `due`, when a response is due to a lead that was assigned.
HISTORY_COLUMNS: Mapping[str, pl.DataType] = {
    "run": pl.Int32(),
    "as_of": INSTANT,
    "key": pl.String(),
    "kind": pl.String(),
    "what": pl.String(),
    "old": pl.String(),
    "new": pl.String(),
    "rule": pl.String(),
}

# What the state keeps of a lead's place in its sequence; all of it blank for a lead in none.
RIDE: Mapping[str, pl.DataType] = {
    "sequence": pl.String(),
    "version": pl.Int32(),
    "step": pl.Int32(),
    "enrolled_at": INSTANT,
    "seq_last_due": INSTANT,
    "seq_shift": pl.Duration("us"),
    "seq_paused_at": INSTANT,
    "seq_template": pl.String(),
    "seq_pending": pl.String(),
}
SEEN_FROM = "seen_from"  # among the options of a run's record: `State.seen_from` after it
BY_TRIGGER = "trigger"  # `owner_by` of what a trigger or an `on finish` gave, or found where it wants it
EXIT_ALL = "exit all"  # the rule of what an `exit all` ends
LOST = "lost to another rule: "  # the `reason` of what was withheld for a rule, which follows
# What is done and what is withheld: a row has a `reason` where it is withheld. Written by lead, then `order`.
ACTION_COLUMNS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "order": pl.UInt32(),
    "kind": pl.String(),
    "what": pl.String(),
    "value": pl.String(),
    "due": INSTANT,
    "template": pl.String(),
    "auto": pl.Boolean(),
    "rule": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a run was: `identity` names its inputs and options, `manifest` its manifest.json, both as SHA-256; `out` the
    folder that its files went to."""

    as_of: datetime | None
    since: datetime | None
    rules: str
    identity: str
    manifest: str
    out: str
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class State:
    """What earlier runs left.

    `leads`: LEAD_COLUMNS and the named ones, a row per lead ever seen. `credits`: route, rule, rep, credit (Int64, 10^-4),
    served (Int64, rising). `assignments`: rep, day (Date), count. `events`: identity, moment (UInt64), at. `versions`:
    sequence, version, text (JSON). `eras`: ERA_COLUMNS. `former`: FORMER_COLUMNS. `as_of` None: there was no run. `run` counts the runs; `last` is
    what the last one was. Of the events from `seen_from` on it is known which ones runs have seen.
    """

    leads: LeadColumns
    credits: pl.DataFrame
    assignments: pl.DataFrame
    events: pl.DataFrame
    versions: pl.DataFrame
    as_of: datetime | None = None
    ruleset: Ruleset | None = None
    run: int = 0
    last: RunRecord | None = None
    seen_from: datetime | None = None
    eras: pl.DataFrame = field(default_factory=lambda: _no_rows(ERA_COLUMNS))
    former: pl.DataFrame = field(default_factory=lambda: _no_rows(FORMER_COLUMNS))


def empty_state() -> State:
    """The state before the first run."""
    return State(
        leads=LeadColumns((blank(name, kind, 0) for name, kind in LEAD_COLUMNS.items()), 0),
        credits=_no_rows(CREDIT_COLUMNS),
        assignments=_no_rows(ASSIGNMENT_COLUMNS),
        events=_no_rows(EVENT_COLUMNS),
        versions=_no_rows(VERSION_COLUMNS),
    )


def _no_rows(columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(columns))


@dataclass(frozen=True, slots=True)
class Era:
    """Earlier rules, and which leads of a run they saw last. `came`: the first `as of` with each trigger since, `KIND NAME`."""

    ruleset: Ruleset
    leads: pl.Series
    came: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Tick:
    """One run under way. `leads` has a row per decided lead, row i being lead_row i, with the state before this run.

    `eras` are earlier rules that saw some of them last.
    """

    project: Project
    ruleset: Ruleset
    calendar: Calendar
    as_of: datetime
    since: datetime
    facts: Facts
    leads: LeadColumns
    state: State
    has_state: bool = True
    baseline: bool = False
    eras: tuple[Era, ...] = ()
