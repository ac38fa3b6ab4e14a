"""A world of a few leads that runs of sequences go over, tick by tick: what the tests of sequences stand on.

It does what a run does around them: the facts see the state before, the changes are put in place, nothing else happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from tests.example_project import compiled, example_project

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.functions.columnar import dtype
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.cadence.enrolment import WISH_COLUMNS, Enrolments, enrol, refusals
from leadrules.lifecycle.cadence.sequences import Due, Progress, due, progress
from leadrules.lifecycle.cadence.versions import with_kept
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import ACTION_COLUMNS, LEAD_COLUMNS, State, Tick, empty_state
from leadrules.project.model import Project
from leadrules.ruleset.model import Ruleset

TOKYO = ZoneInfo("Asia/Tokyo")
EVENTS = {"lead_row": pl.UInt32(), "type": pl.String(), "at": pl.Datetime("us", "UTC")}


def tokyo(text: str) -> datetime:
    """A clock time of Tokyo as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


@dataclass
class Ran:
    """One run: what it made of sequences."""

    tick: Tick
    progress: Progress
    refused: list[str | None]
    enrolments: Enrolments
    due: Due

    def rows(self, *, withheld: bool = False) -> list[tuple[Any, ...]]:
        """(key, kind, what or value, rule, reason) of what was done, or withheld, by lead and order."""
        actions = pl.concat([self.progress.actions, self.enrolments.actions, self.due.actions])
        assert dict(actions.schema) == dict(ACTION_COLUMNS)
        found = actions.filter(pl.col("reason").is_not_null() == withheld).sort(
            "lead_row", "order", maintain_order=True
        )
        keys = self.tick.leads["key"].gather(found["lead_row"]).alias("key")
        shown = found.with_columns(keys, what=pl.when(pl.col("what") == "sequence").then("value").otherwise("what"))
        columns = ["key", "kind", "what", "rule", *(["reason"] if withheld else [])]
        return shown.select(columns).rows()

    def due_at(self, rule: str, zone: str = "Asia/Tokyo") -> list[str]:
        """The local due times of the rows of a rule, by lead."""
        found = self.due.actions.filter(pl.col("rule") == rule).sort("lead_row")
        return [f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for at in found["due"]]


@dataclass
class World:
    """Leads with what the state remembers of them. `fields` are what the export says of each lead, by key."""

    rules: str
    fields: dict[str, dict[str, Any]]
    project: Project = field(default_factory=example_project)
    calendar: Calendar = field(default_factory=lambda: Calendar("Asia/Tokyo", (1, 2, 3, 4, 5), "JP"))
    events: list[tuple[str, str, datetime, dict[str, Any]]] = field(default_factory=list)
    state: State = field(default_factory=empty_state)

    def ruleset(self) -> Ruleset:
        """The rules as they are now, with what kept versions read."""
        return with_kept(self.project, _compiled(self.rules), self.state)

    def run(
        self, as_of: datetime, wishes: Iterable[tuple[Any, ...]] = (), *, keys: Iterable[str] | None = None,
        sends: Iterable[tuple[str, str]] = (),
    ) -> Ran:  # fmt: skip
        """One tick. A wish: key, kind, sequence, and maybe `at`, template, rule. `keys`: the leads of this export."""
        tick = self.tick(as_of, keys)
        places = {key: row for row, key in enumerate(tick.leads["key"])}
        before = progress(tick)
        asked = _wishes(places, wishes)
        refused = refusals(tick, before.left(), asked)
        entered = enrol(tick, before.left(), asked.filter(refused.is_null()))
        sent = pl.DataFrame(
            [(places[key], kind) for key, kind in sends],
            schema={"lead_row": pl.UInt32(), "kind": pl.String()},
            orient="row",
        )
        out = due(tick, before, entered, sent)
        after = applied(tick.leads, [*before.changes, *entered.changes, *out.changes])
        self._commit(as_of, after, out.versions)
        return Ran(tick, before, refused.to_list(), entered, out)

    def tick(self, as_of: datetime, keys: Iterable[str] | None = None) -> Tick:
        """A run over these leads, or all."""
        wanted = list(self.fields if keys is None else keys)
        leads = self._table(wanted)
        ruleset = self.ruleset()
        facts = evaluate(
            ruleset, self._facts(ruleset, leads), self._events(ruleset, wanted), Context(self.calendar, as_of)
        )
        return Tick(self.project, ruleset, self.calendar, as_of, as_of, facts, leads, self.state)

    def of(self, key: str, column: str) -> Any:
        """What the state has of a lead."""
        found = self.state.leads.frame.filter(pl.col("key") == key)
        return found[column][0] if found.height and column in found.columns else None

    def _table(self, keys: list[str]) -> LeadColumns:
        given = pl.DataFrame({"key": keys}, schema={"key": pl.String()})
        known = given.join(self.state.leads.frame, on="key", how="left", maintain_order="left")
        created = [self.fields[key].get("created_at") for key in keys]
        table = known.with_columns(
            pl.Series("lead_row", range(len(keys)), dtype=pl.UInt32),
            pl.Series("created", created, dtype=LEAD_COLUMNS["created"]),
        )
        return LeadColumns.of(table)

    def _facts(self, ruleset: Ruleset, leads: LeadColumns) -> pl.DataFrame:
        keys = leads["key"].to_list()
        columns = [
            pl.Series(name, [self.fields[key].get(name) for key in keys], dtype=dtype(kind))
            for name, kind in ruleset.fields
        ]
        state = [leads[name].alias(f"@{name}") for name in ("owner", "sequence", "enrolled_at")]
        return pl.DataFrame(
            [leads["key"].alias("@key"), *state, leads["step"].cast(pl.Float64).alias("@step"), *columns]
        )

    def _events(self, ruleset: Ruleset, keys: list[str]) -> pl.DataFrame:
        kinds = {f"{name}:{_suffix(kind.kind)}": kind for _, fields in ruleset.event_fields for name, kind in fields}
        rows = [
            {"lead_row": keys.index(key), "type": type_, "at": at}
            | {column: values.get(column.split(":")[0]) for column in kinds}
            for key, type_, at, values in self.events
            if key in keys
        ]
        return pl.DataFrame(rows, schema=EVENTS | {name: dtype(kind) for name, kind in kinds.items()})

    def _commit(self, as_of: datetime, after: LeadColumns, versions: pl.DataFrame) -> None:
        here = after.drop("lead_row").frame
        absent = self.state.leads.frame.join(here, on="key", how="anti")
        leads = LeadColumns.of(pl.concat([absent, here], how="diagonal"))
        versions = pl.concat([self.state.versions, versions])
        self.state = replace(self.state, leads=leads, versions=versions, as_of=as_of)


@cache
def _compiled(rules: str) -> Ruleset:
    return compiled(rules)


def applied(leads: LeadColumns, changes: Iterable[pl.DataFrame]) -> LeadColumns:
    """The leads with the cells of each frame of changes in place, one after the other."""
    table = leads.frame
    for change in changes:
        if not change.height:
            continue
        assert change["lead_row"].is_unique().all(), change
        fresh = [name for name in change.columns if name not in table.columns]
        table = table.with_columns(pl.lit(None, dtype=change.schema[name]).alias(name) for name in fresh)
        table = table.update(change, on="lead_row", how="left", include_nulls=True)
    return LeadColumns.of(table)


def _wishes(places: Mapping[str, int], wishes: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    rows = []
    for number, (key, kind, sequence, *more) in enumerate(wishes):
        rest = [*more, *[None] * (3 - len(more))]
        at, template, rule = rest
        rows.append((places[key], kind, sequence, at, template, rule or "trigger.t", number))
    return pl.DataFrame(rows, schema=dict(WISH_COLUMNS), orient="row")


def _suffix(kind: str) -> str:
    return kind
