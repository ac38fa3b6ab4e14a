"""What the model remembers between runs, and what it is asked and answers.

In: nothing. Out: plain mutable records; a run works on a copy.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from leadrules.project.model import Project, Team
from leadrules.ruleset.model import Aggregate, Ruleset, Sequence

Lead = dict[str, Any]
Event = dict[str, Any]
QUEUE = "queue:"


@dataclass(slots=True)
class Enrolment:
    """A lead's way through one sequence, as it was written when the lead entered.

    `at` is blank where only the record says that the lead is in it; `is_known`: the rules have such a sequence;
    `is_fresh`: the record put the lead there in this very run.
    """

    sequence: Sequence
    aggregates: tuple[Aggregate, ...]
    at: datetime | None
    dues: list[datetime]
    template: str | None = None
    passed: set[int] = field(default_factory=set)
    paused_at: datetime | None = None
    paused: timedelta = timedelta()  # all pauses that are over
    is_known: bool = True
    is_fresh: bool = False

    @property
    def step(self) -> int | None:
        """The last step passed."""
        return max(self.passed, default=None)

    def copied(self) -> Enrolment:
        """One that changes on its own."""
        return replace(self, dues=list(self.dues), passed=set(self.passed))


@dataclass(slots=True)
class Wish:
    """A sequence that a lead is to enter; `at` is when what set it off happened."""

    sequence: str
    rule: str
    at: datetime
    template: str | None
    waited: bool = False


@dataclass(slots=True)
class Memory:
    """One lead, as runs left it."""

    key: str
    created: datetime | None = None
    seen_at: datetime | None = None
    seen_by: Ruleset | None = None
    owner: str | None = None
    owner_said: str | None = None
    assigned_at: datetime | None = None
    due_at: datetime | None = None
    due_route: str | None = None
    owner_changes: int = 0
    past_owners: list[str] = field(default_factory=list)
    is_handed_over: bool = False  # a trigger or an `on finish` gave it this queue
    is_open: bool = True
    sequence_said: str | None = None
    enrolment: Enrolment | None = None
    wish: Wish | None = None
    enrolled: dict[str, datetime] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)
    since: dict[str, datetime | None] = field(default_factory=dict)
    holds: dict[str, bool] = field(default_factory=dict)
    fired: dict[str, datetime] = field(default_factory=dict)
    dated: dict[str, date] = field(default_factory=dict)
    armed: dict[str, date] = field(default_factory=dict)  # a date that fell, and nothing could be done
    overdue: dict[str, datetime] = field(default_factory=dict)
    reassigned: dict[str, int] = field(default_factory=dict)
    decided: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # a field's value, and what the record said then
    held: dict[str, Any] = field(default_factory=dict)  # what the fields that routes fill held when it was last seen
    held_since: dict[str, datetime] = field(default_factory=dict)  # when they were assigned last, by a rule or by hand
    accounts: dict[str, str | None] = field(default_factory=dict)
    automatic: dict[str, date] = field(default_factory=dict)  # the last day of an automatic action by channel

    def copied(self) -> Memory:
        """One that changes on its own."""
        own = {f.name: copy(getattr(self, f.name)) for f in fields(self)}
        own["enrolment"] = None if self.enrolment is None else self.enrolment.copied()
        return Memory(**own)


@dataclass(slots=True)
class State:
    """Everything between two runs."""

    as_of: datetime | None = None
    ruleset: Ruleset | None = None
    came: dict[tuple[str, str], datetime] = field(
        default_factory=dict
    )  # when the triggers that there are came, by kind
    leads: dict[str, Memory] = field(default_factory=dict)
    credits: dict[tuple[str, str], int] = field(default_factory=dict)  # (route.rule, rep): units of 10^-4
    served: dict[tuple[str, str], int] = field(default_factory=dict)
    turns: int = 0
    assignments: dict[tuple[str, date], int] = field(default_factory=dict)
    entries: dict[tuple[str, date], int] = field(default_factory=dict)
    events: set[tuple[Any, ...]] = field(default_factory=set)

    def copied(self) -> State:
        """One that changes on its own."""
        own = {f.name: copy(getattr(self, f.name)) for f in fields(self)}
        own["leads"] = {key: memory.copied() for key, memory in self.leads.items()}
        return State(**own)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one run is asked. An event bears `lead`, `type`, `at`, its fields, and `id` where it has one."""

    project: Project
    ruleset: Ruleset
    team: Team
    leads: list[Lead]
    events: list[Event]
    as_of: datetime
    since: datetime | None = None
    baseline: bool = False
    fire_edits: bool = False
    missing: frozenset[str] = frozenset()  # columns that the export of leads does not have


@dataclass(frozen=True, slots=True)
class Row:
    """A line of actions.csv, or with a reason of withheld.csv."""

    key: str
    kind: str
    what: str
    value: str = ""
    due: datetime | None = None
    template: str = ""
    auto: bool = False
    rule: str = ""
    reason: str = ""
