"""What is read of the events: which types, which fields of each, and how their columns are found and named.

In: the event schema and the fields that rules read of each type. Out: an `EventPlan`. Fields of one name and kind share
a column (`amount:number`), whatever the limits that each type sets them. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from leadrules.core.records import dataclass
from leadrules.core.types import DATETIME
from leadrules.data.columns import DTYPES, INSTANT
from leadrules.data.event_order import ID_TEXT, RANK, RECORD
from leadrules.data.opening import Column
from leadrules.project.model import EventType, Field, Project

ID, LEAD, TYPE, AT = "id", "lead_id", "type", "at"
PARTS = (ID, LEAD, TYPE, AT)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = -(2**63)
TIME = Field(AT, DATETIME, required=True)


@dataclass(frozen=True, slots=True)
class Sight:
    """How far back from the instant of the run events of each type are seen; those that are not named, from the first on.

    `as_of` None: the run looks from no earlier than the newest event. Of the types that are `listened` to, all are seen
    from `since` on, however long ago that is.
    """

    reach: Mapping[str, timedelta]
    as_of: datetime | None = None
    listened: frozenset[str] = frozenset()
    since: datetime | None = None

    def starts(self, types: Iterable[str], newest: datetime) -> pl.Series | None:
        """Per type the instant, in microseconds, up to which nothing is seen; `newest` is an event that has been read."""
        if not self.reach:
            return None
        return pl.Series([self._start(name, newest) for name in types], dtype=pl.Int64)

    def _start(self, name: str, newest: datetime) -> int:
        if name not in self.reach:
            return _NEVER
        start = _microseconds(self.as_of or newest) - self.reach[name] // _MICROSECOND
        if self.since is None or name not in self.listened:
            return start
        return min(start, _microseconds(self.since) - 1)

    def covers(self, other: Sight) -> bool:
        """Whether all that is seen with `other` is seen with this, from the same instant or an earlier one."""
        if self.as_of != other.as_of and (self.as_of is None or other.as_of is None or self.as_of > other.as_of):
            return False
        from_then_on = self.since is not None and other.since is not None and self.since <= other.since
        return all(
            name in other.reach
            and other.reach[name] <= far
            and (name not in other.listened or other.since is None or (name in self.listened and from_then_on))
            for name, far in self.reach.items()
        )


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


EVERYTHING = Sight({})


@dataclass(frozen=True, slots=True)
class EventPlan:
    """What is read of which event type. `known` are the types of the schema; `fields` has, by name and kind of a
    column, the fields that share it and the types that have each. `sight` says which events may be left out."""

    known: Mapping[str, EventType]
    types: tuple[str, ...]
    fields: Mapping[tuple[str, str], tuple[tuple[Field, tuple[str, ...]], ...]]
    identified: frozenset[str]
    sight: Sight

    @classmethod
    def of(
        cls,
        project: Project,
        wanted: Mapping[str, Sequence[str]],
        identified: frozenset[str] = frozenset(),
        sight: Sight = EVERYTHING,
    ) -> EventPlan:
        """The plan for the fields that are wanted of each type."""
        known = {event.name: event for event in project.event_schema}
        types = tuple(name for name in known if name in wanted)
        fields: dict[tuple[str, str], dict[Field, tuple[str, ...]]] = {}
        for name in types:
            for one in known[name].fields:
                if one.name in wanted[name]:
                    alike = fields.setdefault((one.name, one.type.kind), {})
                    alike[one] = (*alike.get(one, ()), name)
        shared = {key: tuple(alike.items()) for key, alike in fields.items()}
        return cls(known, types, shared, identified & set(types), sight)

    @property
    def enum(self) -> pl.Enum:
        """The type of the `type` column: all types of the schema, also those that nobody reads."""
        return pl.Enum(list(self.known))

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The columns of the table."""
        own = {f"{name}:{kind}": DTYPES[kind] for name, kind in self.fields}
        ids = {ID_TEXT: pl.String()} if self.identified else {}
        return (
            {"lead_row": pl.UInt32(), TYPE: self.enum, AT: INSTANT, RECORD: pl.UInt32()}
            | own
            | ids
            | {RANK: pl.UInt32()}
        )


def columns_of(plan: EventPlan) -> list[Column]:
    """Every column that may be read, with the `x-columns` of all types that have the field."""
    headers: dict[str, dict[str, None]] = {}
    read = {name for name, _ in plan.fields} | set(PARTS)
    temporal = {AT}
    for event in (plan.known[name] for name in plan.types):
        for one in event.fields:
            headers.setdefault(one.name, {}).update(dict.fromkeys(one.columns))
            if one.type.is_temporal and one.name in read:
                temporal.add(one.name)
    names = [*PARTS, *(name for name in headers if name not in PARTS)]
    return [Column(name, tuple(headers.get(name, ())), name in temporal, name in read) for name in names]
