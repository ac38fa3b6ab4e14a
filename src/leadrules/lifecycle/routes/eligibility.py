"""The team on one day: who may be given leads, who may not and why, and how much each has.

In: a project's team, a calendar, an instant. Out: `Roster`, reps by number, and `Loads`, what each has been given and
owns, against capacity. Knows no lead and no rule; whoever deals tells it what was dealt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import each_text
from leadrules.core.ids import forms
from leadrules.core.records import dataclass
from leadrules.core.text import fold, in_units, nfc
from leadrules.lifecycle.model import ASSIGNMENT_COLUMNS
from leadrules.lifecycle.routes.hours import WorkingTime, project_hours, rep_hours
from leadrules.project.model import QUEUE_PREFIX, Rep, Team

BLANK, QUEUE, STRANGER = -1, -2, -3  # what an owner is who is no rep of the roster
WEIGHT = "weight"
WEIGHT_DIGITS = 4

# Why a rep is passed over, in the order in which reasons are looked for.
INACTIVE, AWAY, OFF_SHIFT, NO_WEIGHT, OTHER_SKILL = "inactive", "away", "off shift", "no weight", "where"
PER_DAY, PER_WEEK, OPEN, PAST_OWNER = "per_day", "per_week", "open", "past owner"


@dataclass(frozen=True)
class Roster:
    """The reps, by number in the order of the team file."""

    team: Team
    hours: tuple[WorkingTime, ...]
    project_hours: WorkingTime
    away: tuple[bool, ...]
    on_shift: tuple[bool, ...]
    numbers: Mapping[str, int]  # by the forms in which cells write the key

    @property
    def reps(self) -> tuple[Rep, ...]:
        """The reps themselves."""
        return self.team.reps

    def members(self, team: str) -> tuple[int, ...]:
        """The reps of a team, in its order."""
        keys = dict(self.team.teams).get(team, ())
        return tuple(self.numbers[fold(key)] for key in keys)

    def active(self, owner: str | None) -> int:
        """The number of an active rep; below 0 for anybody else."""
        number = self.number(owner)
        return number if number < 0 or self.reps[number].active else STRANGER

    def number(self, owner: str | None) -> int:
        """The number of a rep, active or not, or what else an owner is."""
        folded = "" if owner is None else fold(owner)
        if not folded:
            return BLANK
        return QUEUE if folded.startswith(QUEUE_PREFIX) else self.numbers.get(folded, STRANGER)

    def active_series(self, owners: pl.Series) -> pl.Series:
        """`active` of every owner, as Int32."""
        return each_text(owners, self.active, pl.Int32()).fill_null(BLANK)

    def weight(self, rep: int, attribute: str | None) -> int:
        """A rep's weight in units of 10^-4: `weight` or an attribute; 0 where it has none."""
        one = self.reps[rep]
        value = one.weight if attribute in (None, WEIGHT) else dict(one.attributes).get(attribute)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return max(in_units(float(value), WEIGHT_DIGITS), 0) if is_number and value is not None else 0

    def attributes(self, rep: int) -> dict[str, object]:
        """What `rep.NAME` stands for."""
        one = self.reps[rep]
        return {WEIGHT: float(one.weight), **{nfc(name): value for name, value in one.attributes}}

    def unavailable(self, rep: int, *, on_shift: bool) -> str | None:
        """Why a rep takes no lead at this instant from anybody."""
        if not self.reps[rep].active:
            return INACTIVE
        if self.away[rep]:
            return AWAY
        return OFF_SHIFT if on_shift and not self.on_shift[rep] else None


def roster_at(team: Team, calendar: Calendar, as_of: datetime) -> Roster:
    """The team as it stands at an instant. Days are the project's."""
    hours = tuple(rep_hours(calendar, rep) for rep in team.reps)
    today = calendar.day_of(as_of)
    return Roster(
        team,
        hours,
        project_hours(calendar),
        away=tuple(one.is_away(today) for one in hours),
        on_shift=tuple(one.is_open(as_of) for one in hours),
        numbers={form: number for number, rep in enumerate(team.reps) for form in forms(rep.key)},
    )


class Loads:
    """What each rep was given on this day and in this week, and owns of what is open, per field that routes fill."""

    def __init__(self, roster: Roster, assignments: pl.DataFrame, today: date) -> None:
        self._roster, self._before, self._today = roster, assignments, today
        capacities = [rep.capacity for rep in roster.reps]
        self.most_day = [_limit(one.per_day) for one in capacities]
        self.most_week = [_limit(one.per_week) for one in capacities]
        self.most_open = [_limit(one.open) for one in capacities]
        monday = today - timedelta(days=today.weekday())
        self.day = self._counted(today, today)
        self.week = self._counted(monday, monday + timedelta(days=6))
        self.given = [0] * len(capacities)
        self.open: dict[str | None, list[int]] = {}

    def _counted(self, first: date, last: date) -> list[int]:
        counts = [0] * len(self._roster.reps)
        inside = self._before.filter(pl.col("day").is_between(first, last))
        for owner, count in inside.group_by("rep").agg(pl.col("count").sum()).iter_rows():
            number = self._roster.number(owner)
            if number >= 0:
                counts[number] += count
        return counts

    def full(self, rep: int, field: str | None) -> str | None:
        """Which capacity a rep has reached."""
        if self.day[rep] >= self.most_day[rep]:
            return PER_DAY
        if self.week[rep] >= self.most_week[rep]:
            return PER_WEEK
        return OPEN if self.open[field][rep] >= self.most_open[rep] else None

    def room(self, rep: int, field: str | None) -> float:
        """How many leads more a rep may be given before a capacity is reached, if all of them are open."""
        return min(
            self.most_day[rep] - self.day[rep],
            self.most_week[rep] - self.week[rep],
            self.most_open[rep] - self.open[field][rep],
        )

    def give(self, rep: int, count: int = 1) -> None:
        """Count assignments."""
        self.day[rep] += count
        self.week[rep] += count
        self.given[rep] += count

    def share(self, rep: int, field: str | None) -> float:
        """One rep's open leads over `capacity.open`; without a capacity nothing fills it, and one of 0 is full."""
        most = self.most_open[rep]
        return self.open[field][rep] / most if most else float("inf")

    def after(self) -> pl.DataFrame:
        """All assignments per rep and day, those of this run included."""
        keys = [rep.key for rep in self._roster.reps]
        rows = [(key, self._today, count) for key, count in zip(keys, self.given, strict=True) if count]
        fresh = pl.DataFrame(rows, schema=dict(ASSIGNMENT_COLUMNS), orient="row")
        both = pl.concat([self._before.select(list(ASSIGNMENT_COLUMNS)), fresh], how="vertical_relaxed")
        return both.group_by("rep", "day").agg(pl.col("count").sum()).sort("rep", "day")


def _limit(capacity: int | None) -> float:
    return float("inf") if capacity is None else capacity


def blocked(
    roster: Roster, loads: Loads, members: Iterable[int], static: Mapping[int, str], field: str | None
) -> tuple[tuple[str, str], ...]:
    """The reps of a team who are not eligible, each with the first reason."""
    found = ((rep, static.get(rep) or loads.full(rep, field)) for rep in members)
    return tuple((roster.reps[rep].key, reason) for rep, reason in found if reason is not None)


def open_counts(owners: pl.Series, is_open: pl.Series, height: int) -> Sequence[int]:
    """How many open leads each rep owns; `owners` are numbers, below 0 for nobody."""
    counted = owners.filter(is_open & (owners >= 0)).value_counts(name="leads")
    counts = [0] * height
    for number, leads in counted.iter_rows():
        counts[number] = leads
    return counts
