"""What actions propose, and what they ask of routes and sequences.

In: nothing. Out: the shapes of wishes, owners and values of fields, who proposes them, and the questions. Works nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Protocol

import polars as pl

from leadrules.core.records import dataclass
from leadrules.lifecycle.model import INSTANT
from leadrules.ruleset.model import Action, Duration

WISHES: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "order": pl.UInt32(),
    "kind": pl.String(),
    "sequence": pl.String(),
    "at": INSTANT,
    "template": pl.String(),
    "rule": pl.String(),
}
OWNERS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "owner": pl.String(),
    "due_at": INSTANT,
    "route": pl.String(),
    "rule": pl.String(),
}
FIELDS: Mapping[str, pl.DataType] = {
    "lead_row": pl.UInt32(),
    "field": pl.String(),
    "value": pl.String(),
    "rule": pl.String(),
}


class Routing(Protocol):
    """What actions ask of the routes."""

    def hand_over(
        self,
        route: str,
        lead_rows: pl.Series,
        *,
        exclude_past_owners: bool = False,
        at: pl.Series | None = None,
        respond_within: Duration | None = None,
    ) -> pl.DataFrame:
        """lead_row, rule, owner, due_at, why: what a route makes of leads that it is handed."""

    def respond_by(self, owners: pl.Series, at: pl.Series, length: Duration) -> pl.Series:
        """When a response is due, in the working hours of each owner."""

    def record(self, lead_rows: pl.Series, owners: pl.Series, field: str | None = None) -> None:
        """Owners that were given, or put into a field, without a route: they count against capacities."""


class Entering(Protocol):
    """What actions ask of the sequences."""

    def refusals(self, wishes: pl.DataFrame) -> pl.Series:
        """Why each wish would come to nothing; blank for one that would not."""


@dataclass(frozen=True, slots=True)
class Doer:
    """A rule that acts: its name in the files, its actions, its response time, whether its reassignments are counted."""

    rule: str
    actions: tuple[Action, ...]
    respond_within: Duration | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Per lead that a rule was set off for: whether some action was done, and whether there is nothing left to do."""

    fired: pl.Series
    settled: pl.Series


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads that a rule acts on, and since when each of them waits for it."""

    rows: pl.Series
    at: pl.Series

    def only(self, mask: pl.Series) -> Leads:
        """Those of a mask."""
        return Leads(self.rows.filter(mask), self.at.filter(mask))


@dataclass(slots=True)
class Proposals:
    """What was done so far in a run, in order."""

    actions: list[pl.DataFrame] = field(default_factory=list)
    wishes: list[pl.DataFrame] = field(default_factory=list)
    owners: list[pl.DataFrame] = field(default_factory=list)
    fields: list[pl.DataFrame] = field(default_factory=list)
    reassigned: dict[str, list[pl.Series]] = field(default_factory=dict)


def together(frames: Sequence[pl.DataFrame], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Frames of the same columns as one."""
    return pl.concat([pl.DataFrame(schema=dict(columns)), *frames])
