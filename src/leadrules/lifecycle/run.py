"""A run: from a compiled ruleset and files of leads and events to decisions.

In: `RunRequest`, with the state that earlier runs left. Out: `Outcome`, with everything that the files, the screens and the
next state are made of; nothing is written here. Knows no command and reads no clock. Raises InputError where a run cannot be done.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.functions.columnar import rows_where
from leadrules.core.records import dataclass
from leadrules.data.read import (
    EVERYTHING,
    Copies,
    EventTable,
    InputError,
    LeadTable,
    Sight,
    read_events,
    read_leads,
    reading_meanwhile,
)
from leadrules.data.texts import joined_names
from leadrules.engine.columns import evaluate, needed
from leadrules.lifecycle.asof import AsOf, choose, newest_created, since_of
from leadrules.lifecycle.cadence.versions import with_kept
from leadrules.lifecycle.edits import edits_since
from leadrules.lifecycle.eras import eras_of
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.labels import work_out
from leadrules.lifecycle.late import late_of, listened
from leadrules.lifecycle.model import INSTANT, State, Tick, empty_state
from leadrules.lifecycle.record import Overlay, overlay, spelled
from leadrules.lifecycle.sight import sight_of
from leadrules.lifecycle.state.remembered import labels_of_record
from leadrules.project.model import Project, Source
from leadrules.ruleset.model import Band, Define, Ruleset, Segment, Stages
from leadrules.ruleset.walk import always_names

if TYPE_CHECKING:
    from leadrules.lifecycle.decide import Decided

Engine = Literal["columns", "row"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to run over what. `as_of` None lets the inputs say it."""

    project: Project
    ruleset: Ruleset
    leads: Source
    events: tuple[Source, ...]
    as_of: datetime | None = None
    since: datetime | None = None
    engine: Engine = "columns"
    stdin: BinaryIO | None = None
    state: State | None = None  # None: without one, as if every lead were new
    baseline: bool = False
    fire_edits: bool = False
    only_facts: bool = False  # what is so of the leads; nothing is decided
    seen_only: bool = False  # events that no rule sees any more may be left out: nobody else will look at them
    compares: bool = False  # what leads were at the last run is looked at too: the events that it saw are kept
    looks_back: bool = False  # asks about what was done: no earlier than the last run, whatever the newest time is
    watched: tuple[str, ...] = ()  # keys of leads of which every rep that was looked at is to be told
    copies: Copies | None = None  # of large files of events, beside the state
    progress: Callable[[str, int], None] | None = field(default=None, compare=False)

    def tell(self, step: str, rows: int = 0) -> None:
        """Say to whoever watches which step of the run is under way, and how many rows of it are done."""
        if self.progress is not None:
            self.progress(step, rows)

    @property
    def stdin_was_read(self) -> bool:
        """Whether an input came by a pipe, which cannot be read twice."""
        return any(source.path == "-" for source in (self.leads, *self.events))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found: the inputs as read, the instant, the facts of every lead, and what was decided on them.

    `decided` is there when the rules decide something, or there is a state to remember labels in.
    """

    request: RunRequest
    leads: LeadTable
    events: EventTable
    as_of: AsOf
    since: datetime | None
    facts: Facts
    overlay: Overlay | None = None
    decided: Decided | None = None

    @property
    def happened(self) -> Decided | None:
        """What was done to the leads, for who shows it. Rules that lost their last sequence are not done with the leads in it."""
        state = self.request.state
        has_begun = state is not None and state.versions.height > 0
        return self.decided if has_begun or decides(self.request.ruleset) else None

    @property
    def rejects(self) -> pl.DataFrame:
        """The rejected cells of leads, then of events."""
        return pl.concat([self.leads.rejects, self.events.rejects])


def calendar_of(ruleset: Ruleset) -> Calendar:
    """The calendar that a ruleset was written for."""
    settings = ruleset.settings
    return Calendar(settings.timezone, settings.week, settings.holiday_country, settings.holiday_dates)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The leads and events of a run as read; rows of events point to those of leads."""

    leads: LeadTable
    events: EventTable


def reads(request: RunRequest) -> tuple[Ruleset, Sight]:
    """With which rules a run reads, those of the sequences that leads began too, and which events it keeps."""
    state = request.state or empty_state()
    kept = with_kept(request.project, request.ruleset, state)
    if not request.seen_only:
        return kept, EVERYTHING
    return kept, sight_of(
        request.project,
        request.ruleset,
        kept,
        state=state,
        as_of=(state.as_of if request.compares else None) or request.as_of,
        since=request.since,
        calendar=calendar_of(kept),
    )


def read_inputs(request: RunRequest) -> Inputs:
    """What a run reads."""
    ruleset, sight = reads(request)
    leads, events = _read(replace(request, ruleset=ruleset), calendar_of(ruleset).zone, sight)
    return Inputs(leads, events)


def execute(request: RunRequest, inputs: Inputs | None = None) -> Outcome:
    """Read (unless the inputs are given), find the instant, evaluate, decide. Every row that came in is decided or rejected."""
    state, given = request.state or empty_state(), request
    kept, sight = reads(given)
    request, calendar = replace(given, ruleset=kept), calendar_of(kept)
    leads, events = _read(request, calendar.zone, sight) if inputs is None else (inputs.leads, inputs.events)
    created = newest_created(leads.frame, request.project.created, calendar)
    newest = [("event", events.newest_at), (f"`{request.project.created}`", created)]
    as_of = choose(request.ruleset, request.as_of, newest, last_run=state.as_of if request.looks_back else None)
    since = since_of(as_of, state.as_of, request.since, calendar)
    context = Context(calendar, as_of.at)
    known = _with_state(request, state, leads, context)
    engine, teams = _engine(request.engine), dict(request.project.team.teams)

    def evaluated(ruleset: Ruleset) -> Facts:
        # Each by its own calendar: what another time zone or holiday makes of the leads comes of an edit, too.
        found: Facts = engine(ruleset, frame, events.frame, Context(calendar_of(ruleset), as_of.at), teams)
        return found

    frame = _with_duplicates(request, leads.frame if known is None else known.leads)
    request.tell("evaluating")
    facts = evaluated(request.ruleset)
    # A frame without columns, of rules that define nothing, has no height.
    _nothing_lost(leads, facts.frame.height if facts.frame.width else frame.height)
    outcome = Outcome(given, leads, events, as_of, since, facts, known)
    if known is None or as_of.at is None or since is None or request.only_facts:
        return outcome
    request.tell("deciding")
    from leadrules.lifecycle.decide import decide  # most rooms of the lifecycle: rules that only score need none

    eras = eras_of(state, known.table)
    edits = None if request.fire_edits else edits_since(state, given.ruleset, frame.columns, evaluated, eras)
    tick = Tick(
        request.project,
        request.ruleset,
        calendar,
        as_of.at,
        since,
        facts,
        known.table,
        state,
        has_state=request.state is not None,
        baseline=request.baseline,
        eras=eras,
    )
    late = late_of(tick, since_given=request.since is not None)
    return replace(
        outcome,
        decided=decide(
            tick, partial(work_out, tick, edits), late, edits, leads.frame, watched=_watched(request, leads)
        ),
    )


def _watched(request: RunRequest, leads: LeadTable) -> list[int]:
    """The rows of the leads that are watched."""
    if not request.watched:
        return []
    return rows_where(leads.frame["@join"].is_in(list(request.watched))).to_list()


def evaluated_leads(outcome: Outcome) -> pl.DataFrame:
    """The leads as the engine was handed them: with what the state knows better, and whose duplicate each is."""
    frame = outcome.leads.frame if outcome.overlay is None else outcome.overlay.leads
    return _with_duplicates(outcome.request, frame)


def decides(ruleset: Ruleset) -> bool:
    """Whether the rules say what happens to leads, beyond what is so of them."""
    return bool(ruleset.routes or ruleset.sequences or ruleset.triggers)


def remembers(ruleset: Ruleset) -> bool:
    """Whether what one run finds depends on what the last one found: then a state is kept."""
    held = (label.hold for band in ruleset.definitions if isinstance(band, Band) for label in band.labels)
    staged = any(isinstance(definition, Stages) for definition in ruleset.definitions)
    return decides(ruleset) or staged or any(hold is not None for hold in held)


def _looks_further(request: RunRequest) -> bool:
    """Whether a run does more than find what is so of the leads."""
    return request.state is not None or decides(request.ruleset) or bool(request.ruleset.asserts)


def _with_state(request: RunRequest, state: State, leads: LeadTable, context: Context) -> Overlay | None:
    """The leads as the rules see them, with what the state knows better; None where nothing is decided or remembered."""
    ruleset = request.ruleset
    if not _looks_further(request):
        return None
    return overlay(
        leads.frame,
        state,
        ruleset,
        context.calendar,
        context.as_of,
        with_memory=request.state is not None,
        missing=leads.missing,
    )


def _read(request: RunRequest, zone: str, sight: Sight) -> tuple[LeadTable, EventTable]:
    if [source.path for source in (request.leads, *request.events)].count("-") > 1:
        raise InputError(
            "standard input can be the leads or one source of events, not both", "name a file for the other"
        )
    wants = needed(request.ruleset)
    fields = lead_fields(request)

    def read() -> LeadTable:
        told = partial(request.tell, "reading leads")
        return read_leads(request.project, request.leads, fields, stdin=request.stdin, zone=zone, told=told)

    with reading_meanwhile(read, at_once=request.stdin_was_read) as leads:
        events = read_events(
            request.project,
            request.events,
            wants.event_fields,
            leads,
            ordered_types=wants.ordered_types,
            identified_types=listened(request.ruleset),
            sight=sight,
            zone=zone,
            stdin=request.stdin,
            told=partial(request.tell, "reading events"),
            copies=request.copies,
        )
    return leads(), events


def lead_fields(request: RunRequest) -> Sequence[str]:
    """The lead fields that this run reads: those of the rules, and those that play a part which the rules ask for."""
    project, ruleset = request.project, request.ruleset
    always = always_names(ruleset)
    wanted = [*needed(ruleset).lead_fields]
    wanted += [d.previous_field for d in ruleset.definitions if isinstance(d, Band | Stages) and d.previous_field]
    decided = decides(ruleset) or request.state is not None
    wanted += [fed for name, fed in _fed(project) if decided or name in always]
    if "duplicate_of" in always:
        wanted += project.duplicates_by
    return tuple(dict.fromkeys(wanted))


def _fed(project: Project) -> list[tuple[str, str]]:
    """Which lead field feeds which name that is always there."""
    pairs = (("owner", project.owner), ("sequence", project.sequence))
    return [(name, fed) for name, fed in pairs if fed]


def _with_duplicates(request: RunRequest, frame: pl.DataFrame) -> pl.DataFrame:
    """The leads with what the record says of owner, sequence and labels where no state did, and whose duplicate each is."""
    project, always = request.project, always_names(request.ruleset)
    named = [(f"@{name}", fed) for name, fed in _fed(project) if name in always]
    inputs: list[pl.Series | pl.Expr] = [
        (spelled(frame[fed], request.ruleset) if name == "@sequence" else frame[fed]).alias(name)
        for name, fed in named
        if name not in frame.columns
    ]
    if "owner_changes" in always and "@owner_changes" not in frame.columns:
        inputs.append(pl.lit(0.0).alias("@owner_changes"))
    if "duplicate_of" in always and project.duplicates_by:
        from leadrules.engine.duplicates import duplicate_of

        duplicates = duplicate_of(
            frame, by=project.duplicates_by, keep=project.duplicates_keep, created=project.created, key="@key"
        )
        inputs.append(duplicates.alias("@duplicate_of"))
    inputs += [one for one in labels_of_record(frame, request.ruleset) if one.name not in frame.columns]
    return frame.with_columns(inputs)


def _engine(name: Engine) -> Any:
    if name == "columns":
        return evaluate
    from leadrules.lifecycle.byrow import evaluate_by_row

    return evaluate_by_row


def _nothing_lost(leads: LeadTable, decided: int) -> None:
    if leads.rows_in != decided + leads.rejected:
        raise AssertionError(f"{leads.rows_in} rows in, {decided} decided, {leads.rejected} rejected")


def decisions(outcome: Outcome, rows: int) -> Generator[pl.DataFrame]:
    """decisions.csv: one row per lead in input order; what is so, `segments`, who has it and why, `reasons`.

    It comes some rows at a time: as a whole its texts would be the most that a run ever holds.
    """
    ruleset, facts = outcome.request.ruleset, outcome.facts
    decided = outcome.happened
    fields = {} if decided is None else _filled_fields(decided)
    shown = [d.name for d in ruleset.declared if not isinstance(d, Define | Segment)]
    for start in range(0, max(outcome.leads.frame.height, 1), rows):
        key = outcome.leads.frame["@key"].slice(start, rows).alias(key_name(outcome))
        frame = facts.frame.slice(start, rows)
        segments = _joined_segments(ruleset, frame, len(key)).alias("segments")
        reasons = facts.reasons(start, rows).alias("reasons")
        after = [] if decided is None else _placements(decided, fields, start, rows)
        yield pl.DataFrame([key, *(frame[name] for name in shown), segments, *after, reasons])


def key_name(outcome: Outcome) -> str:
    """How the key is called in decisions.csv."""
    return outcome.request.project.key or "row_number"


def _filled_fields(decided: Decided) -> dict[str, pl.Series]:
    """The fields that routes fill, as they are after the run."""
    filled = dict.fromkeys(route.sets for route in decided.tick.ruleset.routes if route.sets is not None)
    return {name: decided.field_after(name).alias(name) for name in filled}


def _placements(decided: Decided, fields: Mapping[str, pl.Series], start: int, rows: int) -> list[pl.Series]:
    """Of some leads owner, the fields that routes fill, the rule of each route, and the sequence, as they are after the run."""
    owner, *sequence = decided.table.part(start, rows, "owner", "sequence", "step", "enrolled_at")
    columns = [owner, *(column.slice(start, rows) for column in fields.values())]
    for name, rules in decided.routes.items():
        columns.append(rules.slice(start, rows).cast(pl.String).alias(f"route.{name}"))
    return [*columns, *sequence]


def actions(outcome: Outcome, *, withheld: bool = False) -> pl.DataFrame:
    """actions.csv, or withheld.csv, which says why: by lead in input order, then as the rules went."""
    decided = outcome.decided
    assert decided is not None
    rows = decided.withheld if withheld else decided.done
    columns = ["kind", "what", "value", "due", "template", "auto", "rule", *(["reason"] if withheld else [])]
    keys = outcome.leads.frame["@key"].gather(rows["lead_row"]).alias("key")
    at = pl.lit(decided.tick.as_of, dtype=INSTANT).alias("at")
    return rows.select(keys, at, *columns)


def _joined_segments(ruleset: Ruleset, facts: pl.DataFrame, leads: int) -> pl.Series:
    """The names of each lead's segments joined with `;`, in declaration order; rules that define nothing have no facts."""
    names = [d.name for d in ruleset.declared if isinstance(d, Segment)]
    if not names:
        return pl.Series([""], dtype=pl.String).new_from_index(0, leads)
    return joined_names(facts.select(names))


def reasons_long(outcome: Outcome) -> pl.DataFrame:
    """reasons.csv: key, score, rule, points, events counted."""
    keys = outcome.leads.frame.select(pl.col("@key").alias("key")).with_row_index("lead_row")
    lines = outcome.facts.contributions()
    return lines.join(keys, on="lead_row", how="left", maintain_order="left").select(
        "key", "score", "rule", "points", "events"
    )
