"""The product's side of the law: exports written as CSV, runs executed over them, and what they came to in the model's words.

In: a company and a day's export. Out: decisions, rows of actions and the memory of each lead as plain values.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from tests.laws.oracle.firing import text
from tests.laws.oracle.guards import Exceeded
from tests.laws.oracle.memory import Event, Inputs, Lead, Memory, Row
from tests.laws.random_company import Day
from tests.laws.small_company import EVENTS, FIELDS, Company

from leadrules.lifecycle.guards import broken_guards
from leadrules.lifecycle.lead_columns import LeadColumns, Sparse
from leadrules.lifecycle.model import State, empty_state
from leadrules.lifecycle.run import Outcome, RunRequest, actions, decisions, execute
from leadrules.lifecycle.state.next_state import state_after

EVENT_COLUMNS = ("lead_id", "type", "at", *dict.fromkeys(name for own in EVENTS.values() for name in own))

DECIDED = ("owner", "sequence", "step", "enrolled_at")
PLAIN = (
    "created",
    "owner",
    "owner_said",
    "assigned_at",
    "due_at",
    "due_route",
    "owner_changes",
    *DECIDED[1:],
    "sequence_said",
    "seq_template",
    "seq_wait",
)


@dataclass(slots=True)
class Product:
    """The product with its state, which goes on from run to run."""

    company: Company
    state: State = field(default_factory=empty_state)

    def run(self, as_of: datetime, leads: list[Lead], events: list[Event], **options: Any) -> Outcome:
        """One run over an export without a bad row, and its state taken over."""
        outcome = self.decided(as_of, leads, events, **options)
        assert outcome.rejects.is_empty(), outcome.rejects
        self.commit(outcome)
        return outcome

    def decided(
        self,
        as_of: datetime | None,
        leads: list[Lead],
        events: list[Event],
        missing: Collection[str] = (),
        **options: Any,
    ) -> Outcome:
        """One run over an export that may lack columns; the state stays as it is until the run is committed."""
        write_leads(self.company.folder / "leads.csv", leads, missing)
        write_events(self.company.folder / "events.csv", events)
        project = self.company.project
        assert project.leads is not None
        request = RunRequest(
            project, self.company.ruleset, project.leads, project.events, as_of=as_of, state=self.state, **options
        )
        outcome = execute(request)
        assert outcome.decided is not None
        return outcome

    def commit(self, outcome: Outcome) -> None:
        """Go on from what a run decided; how columns are held must not matter, so it is another way each time."""
        self.state = state_after(outcome)
        self.state = replace(
            self.state, leads=held_otherwise(self.state.leads, self.state.run + len(outcome.leads.frame))
        )


def held_otherwise(leads: LeadColumns, number: int) -> LeadColumns:
    """The same leads with all columns whole, all by their filled rows, or as they are."""
    if number % 3 == 0:
        return LeadColumns.of(leads.frame)
    return LeadColumns(map(Sparse.of, leads.frame), leads.height) if number % 3 == 1 else leads


def asked(own: Company, day: Day) -> Inputs:
    """What the model is asked of a day: the rows that can be read."""
    return Inputs(
        own.project,
        own.ruleset,
        own.project.team,
        day.leads,
        day.events,
        day.as_of,
        missing=day.missing,
        **day.options,
    )


def write_leads(path: Path, leads: Iterable[Lead], missing: Collection[str] = ()) -> None:
    """An export of leads, which may lack columns."""
    names = [name for name in FIELDS if name not in missing]
    _write(path, names, ([_cell(one[name]) for name in names] for one in leads))


def write_events(path: Path, events: list[Event]) -> None:
    """An export of events, with ids where they have some."""
    own = ["id"] if any("id" in one for one in events) else []
    names = [*own, *EVENT_COLUMNS]
    rows = ({**one, "lead_id": one["lead"]} for one in events)
    _write(path, names, ([_cell(one.get(name)) for name in names] for one in rows))


def _write(path: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return (
        str(value).lower()
        if isinstance(value, bool)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
    )


def rows_of(outcome: Outcome) -> list[Row]:
    """The lines of actions.csv and of withheld.csv."""
    found = pl.concat([actions(outcome), actions(outcome, withheld=True)], how="diagonal")
    texts = pl.col("what", "value", "template", "reason").fill_null("")
    rows = found.with_columns(texts, pl.col("auto").fill_null(value=False)).iter_rows(named=True)
    return [Row(**{name: _utc(value) for name, value in row.items() if name != "at"}) for row in rows]


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def decisions_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    """What decisions.csv says of owners, routes and sequences, by key; in the order of the export."""
    found = pl.concat(decisions(outcome, 5))
    names = [name for name in found.columns if name in DECIDED or name.startswith("route.")]
    filled = [route.sets for route in outcome.request.ruleset.routes if route.sets is not None]
    return {row["id"]: {name: row[name] for name in (*names, *filled)} for row in found.iter_rows(named=True)}


def not_yet_of(outcome: Outcome) -> int:
    """How many decided values the record does not show yet."""
    assert outcome.overlay is not None
    return outcome.overlay.not_yet_in_crm


def broken_of(outcome: Outcome) -> dict[str, list[str]]:
    """The leads that break each promise."""
    assert outcome.decided is not None
    keys = outcome.leads.frame["@key"]
    return {one.promise.name: sorted(keys.gather(one.lead_rows)) for one in outcome.decided.broken}


def exceeded_by(outcome: Outcome) -> list[Exceeded]:
    """The guards that the run exceeds, read from what a user is told of them; broken promises are `broken_of`."""
    return [_guard(words) for words in broken_guards(outcome) if not words.startswith("assert ")]


def _guard(words: str) -> Exceeded:
    if "`jump: " in words:
        return Exceeded("jump")
    numbers = re.match(r"([\d,]+) of ([\d,]+) ", words)
    name = re.search(r"the guard `(\w+): ", words)
    assert numbers is not None, words
    assert name is not None, words
    rules = re.findall(r"([\w.]+(?: all)?) \((\d+)\)", words.partition("; most by ")[2])
    found, whole = (int(number.replace(",", "")) for number in numbers.groups())
    return Exceeded(name[1], found, whole, tuple((rule, int(count)) for rule, count in rules))


def frames_of(state: State) -> dict[str, pl.DataFrame]:
    """All that a state holds, cell by cell, in an order that does not hang on that of the input."""
    leads = state.leads.select(*sorted(state.leads.columns)).sort("key")
    events = state.events.sort("identity")
    rest = {"credits": state.credits, "assignments": state.assignments, "versions": state.versions}
    return {"leads": leads, "events": events} | rest


def memories_of(state: State) -> dict[str, dict[str, Any]]:
    """What the state has of every lead ever seen."""
    assert state.ruleset is not None
    limited = {f"fired:{trigger.name}" for trigger in state.ruleset.triggers if trigger.once}
    leads = state.leads.drop(*(c for c in state.leads.columns if c.startswith("fired:") and c not in limited))
    # A decision that the record agrees with is none any more, whether it is still written down or not.
    return {row["key"]: _remembered(row) for row in leads.frame.iter_rows(named=True)}


def _remembered(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: row[name] for name in PLAIN}
    found["due_route"] = row["due_route"] if row["due_at"] else None
    found["is_paused"] = row["seq_paused_at"]
    found["past_owners"] = sorted({*(row["past_owners"] or ()), row["owner"]} - {None})
    for kind in ("label", "since", "fired", "enrolled", "overdue"):
        found[kind] = {name.partition(":")[2]: value for name, value in row.items() if name.startswith(f"{kind}:")}
    found["in"] = {name.removeprefix("in:"): bool(value) for name, value in row.items() if name.startswith("in:")}
    found["holds"] = {name for name, value in row.items() if name.startswith("holds:") and value}
    pending = (name for name in row if name.startswith("set:") and row[name] != row[f"said:{name[4:]}"])
    found["set"] = {name: row[name] for name in pending}
    return {name: _without_blanks(value) for name, value in found.items()}


def memory_of(memory: Memory, state: State) -> dict[str, Any]:
    """The same of the model: of the labels and segments that the product keeps, and the firings that still matter."""
    assert state.ruleset is not None
    limited = {trigger.name for trigger in state.ruleset.triggers if trigger.once}
    labels, segments = (_named(state, kind) for kind in ("label:", "in:"))
    way = memory.enrolment
    found: dict[str, Any] = {
        "created": memory.created,
        "owner": memory.owner,
        "owner_said": memory.owner_said,
        "assigned_at": memory.assigned_at,
        "due_at": memory.due_at,
        "due_route": memory.due_route,
        "owner_changes": memory.owner_changes,
        "sequence": None if way is None else way.sequence.name,
        "step": None if way is None else way.step,
        "enrolled_at": None if way is None else way.at,
        "sequence_said": memory.sequence_said,
        "seq_template": None if way is None else way.template,
        "seq_wait": None if memory.wish is None else memory.wish.sequence,
        "is_paused": None if way is None else way.paused_at,
        "past_owners": sorted({*memory.past_owners, memory.owner} - {None}),
        "label": {name: memory.labels.get(name) for name in labels},
        "since": {name: memory.since.get(name) for name in labels},
        "fired": {name: at for name, at in memory.fired.items() if name in limited},
        "enrolled": memory.enrolled,
        "overdue": memory.overdue,
        "in": {name: bool(memory.labels.get(name)) for name in segments},
        "holds": {f"holds:{name}" for name, value in memory.holds.items() if value},
        "set": {f"set:{name}": text(value) for name, (value, said) in memory.decided.items() if value != said},
    }
    return {name: _without_blanks(value) for name, value in found.items()}


def _named(state: State, kind: str) -> list[str]:
    return [name.removeprefix(kind) for name in state.leads.columns if name.startswith(kind)]


def _without_blanks(value: Any) -> Any:
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value


def credits_of(state: State) -> dict[tuple[str, str], int]:
    """The credits that are not 0, by rule and rep."""
    rows = state.credits.filter(pl.col("credit") != 0).iter_rows(named=True)
    return {(f"{row['route']}.{row['rule']}", row["rep"]): row["credit"] for row in rows}


def assignments_of(state: State, since: date) -> dict[tuple[str, date], int]:
    """How many leads each rep was assigned on each day from a day on."""
    rows = state.assignments.filter(pl.col("day") >= since).iter_rows(named=True)
    return {(row["rep"], row["day"]): row["count"] for row in rows}
