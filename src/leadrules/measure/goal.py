"""A goal worked backwards: from the target to activities, and to hours of them, per month, week and day.

In: a goal of the rules, its roles' time; with data, the material. Out: what each stage and activity must come to; beside
each assumed rate the actual one, which stage is behind, and what the target would take at the actual rates. `mix` splits the
activities: with 60% calls at 8% and 40% emails at 2%, an activity is worth 0.6 x 8% + 0.4 x 2% of a conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from leadrules.core.records import dataclass
from leadrules.measure.figures import wilson
from leadrules.measure.funnel import reached
from leadrules.measure.material import ROW, Material
from leadrules.measure.settings import Role, names_of_goal
from leadrules.ruleset.model import EventFilter, Expr, Goal, Ruleset
from leadrules.ruleset.walk import below_definition, expression_parts

WEEKS_PER_MONTH = 52 / 12
MONTHS_OF = {"month": 1.0, "quarter": 3.0, "year": 12.0}
WORKDAYS_PER_WEEK = 5
WINDOW_MONTHS = 3
Rates = Mapping[tuple[str, str], float]  # (stage, of) -> share
# What stages are often called, and the part of an event that they then are.
CALLED = {
    "contact": "contact", "conversation": "contact", "conversations": "contact", "reply": "reply", "connect": "connect",
    "meeting": "meeting", "meetings": "meeting", "appointment": "meeting", "demo": "meeting",
    "opportunity": "opportunity", "sqo": "opportunity", "won": "won", "deal": "won", "sale": "won", "customer": "won",
}  # fmt: skip


class Hours(NamedTuple):
    """How long something takes a month, a week, a day."""

    per_month: float
    per_week: float
    per_day: float


@dataclass(frozen=True, slots=True)
class Need:
    """One stage or activity: how many are needed a month, a week, a day; of an activity, the hours."""

    name: str
    is_activity: bool
    per_month: float
    per_week: float
    per_day: float
    minutes: float | None = None

    @property
    def hours(self) -> Hours | None:
        """The hours that an activity takes; None where nothing says how long one is."""
        if self.minutes is None:
            return None
        each = self.minutes / 60
        return Hours(self.per_month * each, self.per_week * each, self.per_day * each)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a goal needs, from the target down to the activities."""

    needs: tuple[Need, ...]
    workdays_per_month: float

    @property
    def activities(self) -> tuple[Need, ...]:
        """The activities alone."""
        return tuple(need for need in self.needs if need.is_activity)

    @property
    def hours(self) -> Hours | None:
        """The hours of all activities; None where one of them has no minutes."""
        hours = [need.hours for need in self.activities if need.hours is not None]
        if not hours or len(hours) < len(self.activities):
            return None
        return Hours(*(sum(amounts) for amounts in zip(*hours, strict=True)))


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate: what the goal assumes, and what the data says, with how many cases and the 95% interval."""

    stage: str
    of: str
    assumed: float
    hits: int | None = None
    n: int | None = None

    @property
    def actual(self) -> float | None:
        """hits / n; None without data, or without cases."""
        return self.hits / self.n if self.hits is not None and self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's interval of a rate that is a share; None where more came of it than there were."""
        if self.hits is None or not self.n or self.hits > self.n:
            return None
        return wilson(self.hits, self.n)

    @property
    def standing(self) -> str:
        """ahead, behind, behind beyond chance, or unknown."""
        if self.actual is None:
            return "unknown"
        if self.actual >= self.assumed:
            return "as planned or better"
        interval = self.interval
        return "behind, beyond chance" if interval is not None and interval[1] < self.assumed else "behind"


@dataclass(frozen=True, slots=True)
class Measured:
    """A goal beside the data. `per_month`: what there was of each name; None where nothing says when one happened."""

    rates: tuple[Rate, ...]
    per_month: Mapping[str, float | None]
    months: int
    now: Plan
    assumed_still: tuple[str, ...]  # rates for which the data has no hit, taken as assumed in `now`
    of_sequence: bool
    has_events: bool


# -- the plan -------------------------------------------------------------------------------------------------------


def workdays_per_month(goal: Goal, week: Sequence[int]) -> float:
    """As the goal says, else the working days of the project's week over the year."""
    return len(week) * WEEKS_PER_MONTH if goal.workdays is None else goal.workdays


def assumed_rates(goal: Goal) -> Rates:
    """The rates that the goal states."""
    return {(stage, of): share for stage, shares in goal.rates for share, of in shares}


def plan(goal: Goal, workdays: float, rates: Rates | None = None) -> Plan:
    """From the target to the activities, at the goal's rates or at others."""
    shares, chain = rates or assumed_rates(goal), dict(goal.rates)
    per_month = _target_per_month(goal, workdays)
    needs = [(goal.target_of, per_month)]
    name, count = goal.target_of, per_month
    while name in chain:
        below = [of for _, of in chain[name]]
        if len(below) > 1:
            needs += _split(goal, name, count, below, shares)
            break
        count, name = count / shares[name, below[0]], below[0]
        needs.append((name, count))
    minutes = dict(goal.effort)
    found = tuple(
        Need(one, one not in chain, n, n * WORKDAYS_PER_WEEK / workdays, n / workdays, minutes.get(one))
        for one, n in needs
    )
    return Plan(found, workdays)


def _target_per_month(goal: Goal, workdays: float) -> float:
    if goal.target_per == "day":
        return goal.target * workdays
    if goal.target_per == "week":
        return goal.target * workdays / WORKDAYS_PER_WEEK
    return goal.target / MONTHS_OF.get(goal.target_per, 1.0)


def _split(goal: Goal, name: str, count: float, below: list[str], shares: Rates) -> list[tuple[str, float]]:
    mix = dict(goal.mix)
    worth = sum(mix.get(one, 0.0) * shares[name, one] for one in below)
    total = count / worth
    return [(one, total * mix.get(one, 0.0)) for one in below]


def budgets(plan_: Plan, roles: Sequence[Role]) -> list[tuple[Role, float]]:
    """Each role, and the share of its time that the activities would take."""
    hours = plan_.hours
    return [] if hours is None else [(role, hours.per_day / role.hours) for role in roles]


# -- beside the data ------------------------------------------------------------------------------------------------


def measured(material: Material, goal: Goal, workdays: float, months: int = WINDOW_MONTHS) -> Measured:
    """The goal's rates over the last months. A goal named like a sequence looks at the leads in that sequence."""
    is_sequence = goal.name in {s.name for s in material.ruleset.sequences} and material.enrolments.height > 0
    moments = {name: _in_window(material, _moments(material, goal, name), months) for name in names_of_goal(goal)}
    if is_sequence:
        moments = {
            name: None if frame is None else _in_sequence(material, goal.name, frame) for name, frame in moments.items()
        }
    rates = tuple(rate for stage, shares in goal.rates for rate in _rates(stage, shares, moments))
    usable = {(r.stage, r.of): r.actual for r in rates if r.actual}
    still = tuple(f"{r.stage} of {r.of}" for r in rates if not r.actual)
    now = plan(goal, workdays, {key: usable.get(key) or share for key, share in assumed_rates(goal).items()})
    counts = {name: None if frame is None else frame.height / months for name, frame in moments.items()}
    return Measured(rates, counts, months, now, still, is_sequence, material.has_events)


def _moments(material: Material, goal: Goal, name: str) -> pl.DataFrame | None:
    """When each of a goal's names happened: as leadrules.yaml says, a channel, a funnel's step, a usual name, an event.

    None where nothing says it, or only events would and there is no file of them.
    """
    stated = material.settings.goals.get(goal.name, {}).get(name)
    if stated is not None:
        return material.of_types(stated) if material.has_events else None
    if name in material.settings.activities:
        done = material.activities.filter(pl.col("channel") == name).select(ROW, "at")
        return done if material.has_events else None
    for funnel in material.ruleset.funnels:
        for i, step in enumerate(funnel.steps):
            if step.name == name:
                return _of_step(material, step.moment, reached(material, funnel).frame[f"s{i}"])
    if name in CALLED and (names := _names_called(material, CALLED[name])):
        return material.rate_moments(CALLED[name]) if material.has_events or _are_fields(material, names) else None
    is_event = material.has_events and name in {one.name for one in material.project.event_schema}
    return material.of_types([name]) if is_event else None


def _of_step(material: Material, moment: Expr, at: pl.Series) -> pl.DataFrame | None:
    """When leads reached a funnel's step."""
    if not material.has_events and asks_events(moment, material.ruleset):
        return None
    return pl.DataFrame({ROW: material.rows, "at": at}).filter(pl.col("at").is_not_null())


def asks_events(expression: Expr, ruleset: Ruleset) -> bool:
    """Whether an expression looks at events, itself or by a definition that it names."""
    named = {one.name: one for one in ruleset.definitions}
    pending, seen = [*expression_parts(expression, ruleset)], set[str]()
    for part in pending:
        if isinstance(part, EventFilter):
            return True
        if isinstance(part, Expr) and part.op == "name" and part.value in named and part.value not in seen:
            seen.add(part.value)
            pending += below_definition(named[part.value], ruleset)
    return False


def _names_called(material: Material, role: str) -> list[str]:
    """The events and date fields that play a part."""
    parts = ("reply", "connect") if role == "contact" else (role,)
    return [name for part in parts for name in material.settings.names(part)]


def _are_fields(material: Material, names: Sequence[str]) -> bool:
    return all(name in material.leads.columns for name in names)


def _in_window(material: Material, frame: pl.DataFrame | None, months: int) -> pl.DataFrame | None:
    if frame is None:
        return None
    start = material.calendar.shift(material.as_of, -months, "months")
    return frame.filter(pl.col("at") > pl.lit(start).cast(frame.schema["at"]))


def _in_sequence(material: Material, sequence: str, frame: pl.DataFrame) -> pl.DataFrame:
    inside = material.enrolments.filter(pl.col("sequence") == sequence).select(ROW, "begun", "until")
    # Two activities of a lead at one instant are two; one at the end of an enrolment and the start of the next is one.
    both = frame.with_row_index("one").join(inside, on=ROW, maintain_order="left")
    both = both.filter(pl.col("at") >= pl.col("begun"), pl.col("at") <= pl.col("until"))
    return both.unique("one", maintain_order=True).select(ROW, "at")


def _rates(stage: str, shares: Sequence[tuple[float, str]], moments: Mapping[str, pl.DataFrame | None]) -> list[Rate]:
    hits = moments[stage]
    if len(shares) == 1:
        share, of = shares[0]
        base = moments[of]
        return [Rate(stage, of, share, None if hits is None else hits.height, None if base is None else base.height)]
    bases = {of: moments[of] for _, of in shares}
    by = {} if hits is None else _by_last_touch(hits, bases)
    return [
        Rate(stage, of, share, by.get(of), None if (base := bases[of]) is None else base.height) for share, of in shares
    ]


def _by_last_touch(hits: pl.DataFrame, bases: Mapping[str, pl.DataFrame | None]) -> dict[str, int]:
    """How many hits came after each activity: a hit belongs to the lead's last activity before it."""
    work = [frame.with_columns(pl.lit(of).alias("of")) for of, frame in bases.items() if frame is not None]
    if not work:
        return {}
    touches = pl.concat(work).sort("at", maintain_order=True).rename({"at": "done"})
    joined = hits.sort("at").join_asof(
        touches, left_on="at", right_on="done", by=ROW, strategy="backward", check_sortedness=False
    )
    counted = joined.group_by("of").agg(pl.len()).filter(pl.col("of").is_not_null())
    return {of: 0 for of, frame in bases.items() if frame is not None} | dict(counted.iter_rows())


def behind(rates: Sequence[Rate]) -> Rate | None:
    """The rate that stands worst against what was assumed."""
    worse = [rate for rate in rates if rate.actual is not None and rate.actual < rate.assumed]
    return min(worse, key=lambda rate: (rate.actual or 0.0) / rate.assumed, default=None)
