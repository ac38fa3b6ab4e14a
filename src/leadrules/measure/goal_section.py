"""A goal as a section of a report, and as what `leadrules goal` shows.

In: a goal, the project's week and roles; with data, the material. Out: tables, and the findings in words. Works no rate out:
that is goal.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from leadrules.measure.figures import words_of
from leadrules.measure.goal import (
    Hours,
    Measured,
    Plan,
    assumed_rates,
    behind,
    budgets,
    measured,
    plan,
    workdays_per_month,
)
from leadrules.measure.material import Material
from leadrules.measure.model import Chart, Column, Missing, Section, Table, without_events
from leadrules.measure.nouns import about, at_least, counted, noun
from leadrules.measure.settings import Role
from leadrules.ruleset.model import Goal
from leadrules.show.tables import percent

ALL_TOGETHER = "all together"
NO_DATA = Missing(
    "Actual rates beside the assumed ones",
    "there is no file of leads to read",
    "name a file with --leads, or in leadrules.yaml",
)


def goal_section(
    goal: Goal, week: Sequence[int], roles: Sequence[Role], material: Material | None, months: int
) -> Section:
    """What the goal needs; with data what there was, which stage is behind, and what it would take now."""
    workdays = workdays_per_month(goal, week)
    target = plan(goal, workdays)
    beside = None if material is None else measured(material, goal, workdays, months)
    tables = [needs_table(goal, target, beside), rates_table(goal, beside)]
    tables += [one for one in (hours_table(goal, target, beside), budget_table(goal, target, beside, roles)) if one]
    chart = (
        ()
        if beside is None
        else (
            Chart(
                f"goal_{goal.name}",
                f"{_title(goal)}: what a month needs, and what there was",
                tables[0].name,
                "bars",
                "name",
                ("per_month", "actual_per_month"),
            ),
        )
    )
    missing = list(_missing(goal, target, beside, roles))
    return Section(
        f"goal_{goal.name}",
        f"Goal: {_title(goal)}",
        tuple(tables),
        chart,
        _findings(goal, target, beside, roles),
        tuple(missing),
    )


def _title(goal: Goal) -> str:
    return goal.title or goal.name


def _missing(goal: Goal, target: Plan, beside: Measured | None, roles: Sequence[Role]) -> list[Missing]:
    found = [] if beside is not None else [NO_DATA]
    untimed = [need.name for need in target.activities if need.minutes is None]
    if untimed:
        found.append(
            Missing(
                "Hours",
                f"nothing says how long these take: {', '.join(untimed)}",
                f"say it in the goal: effort 6 minutes per {untimed[0]}",
            )
        )
    if not roles:
        found.append(
            Missing(
                "Hours against a role's time",
                "no role says how much time it has",
                "say it in leadrules.yaml: report: {roles: {sdr: {hours_per_day: 6}}}",
            )
        )
    unknown = [name for name, count in (beside.per_month if beside is not None else {}).items() if count is None]
    return found + [_uncounted(goal, name, has_events=beside is None or beside.has_events) for name in unknown]


def _uncounted(goal: Goal, name: str, *, has_events: bool) -> Missing:
    """Why there is no actual number of a stage or an activity."""
    if not has_events:
        return without_events(f"Actual number of {name}")
    return Missing(
        f"Actual number of {name}",
        f"nothing says when a `{name}` happened",
        f"name its events in leadrules.yaml: report: {{goals: {{{goal.name}: {{{name}: EVENT}}}}}}",
    )


# -- tables ---------------------------------------------------------------------------------------------------------


def needs_table(goal: Goal, target: Plan, beside: Measured | None) -> Table:
    """A row per stage and activity: needed, there was, and needed at the actual rates."""
    now = {} if beside is None else {need.name: need for need in beside.now.needs}
    rows = []
    for need in target.needs:
        kind = "activity" if need.is_activity else "stage"
        row = [need.name, kind, need.per_month, need.per_week, need.per_day]
        if beside is not None:
            later = now[need.name]
            row += [beside.per_month.get(need.name), later.per_month, later.per_day]
        rows.append(row)
    columns = [
        Column("name", "stage or activity"),
        Column("kind", "kind"),
        Column("per_month", "needed a month", "number"),
        Column("per_week", "a week", "number"),
        Column("per_day", "a day", "number"),
    ]
    if beside is not None:
        columns += [
            Column("actual_per_month", "there was, a month", "number"),
            Column("now_per_month", "now, a month", "number"),
            Column("now_per_day", "now, a day", "number"),
        ]
    notes = [
        f"A month has {target.workdays_per_month:g} workdays, so a week is {5 / target.workdays_per_month:.4g} of it."
    ]
    if beside is not None:
        of = f", of the leads in the sequence {goal.name}" if beside.of_sequence else ""
        notes.append(
            f"Was: the mean of the last {beside.months} months{of}. Now: what the target takes at the actual rates."
        )
        if beside.assumed_still:
            notes.append(
                f"At actual rates, but as assumed where nothing came of it yet: {', '.join(beside.assumed_still)}."
            )
    schema: dict[str, pl.DataType] = {c.name: pl.String() if c.unit == "text" else pl.Float64() for c in columns}
    return Table(
        f"goal_{goal.name}",
        f"{_title(goal)}: what it takes",
        tuple(columns),
        pl.DataFrame(rows, schema=schema, orient="row"),
        tuple(notes),
    )


HOURS_COLUMNS = (
    Column("activity", "activity"),
    Column("minutes", "minutes each", "minutes"),
    Column("hours_per_month", "hours a month", "hours"),
    Column("hours_per_week", "hours a week", "hours"),
    Column("hours_per_day", "hours a day", "hours"),
)
HOURS_NOW_COLUMNS = (
    Column("now_hours_per_month", "now, a month", "hours"),
    Column("now_hours_per_week", "now, a week", "hours"),
    Column("now_hours_per_day", "now, a day", "hours"),
)


def hours_table(goal: Goal, target: Plan, beside: Measured | None) -> Table | None:
    """The hours of each activity and of all together; None where the goal says of none how long it is.

    The sum is left out where an activity has no minutes: it would look like the whole.
    """
    if all(need.minutes is None for need in target.activities):
        return None
    plans = [target] if beside is None else [target, beside.now]
    activities = zip(*(one.activities for one in plans), strict=True)
    rows = [(needs[0].name, needs[0].minutes, *_hours(need.hours for need in needs)) for needs in activities]
    if target.hours is not None:
        rows.append((ALL_TOGETHER, None, *_hours(one.hours for one in plans)))
    columns = HOURS_COLUMNS if beside is None else HOURS_COLUMNS + HOURS_NOW_COLUMNS
    schema: dict[str, pl.DataType] = {c.name: pl.String() if c.unit == "text" else pl.Float64() for c in columns}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Table(f"goal_{goal.name}_hours", f"{_title(goal)}: hours", columns, frame)


def _hours(found: Iterable[Hours | None]) -> Iterator[float | None]:
    for hours in found:
        yield from hours or (None, None, None)


def rates_table(goal: Goal, beside: Measured | None) -> Table:
    """Each rate as assumed, and as it was."""
    base = [Column("stage", "stage"), Column("of", "from"), Column("assumed", "assumed", "percent")]
    if beside is None:
        rows = [(stage, of, share) for (stage, of), share in assumed_rates(goal).items()]
        return Table(
            f"goal_{goal.name}_rates",
            f"{_title(goal)}: rates",
            tuple(base),
            pl.DataFrame(rows, schema=["stage", "of", "assumed"], orient="row"),
        )
    found = []
    for rate in beside.rates:
        low, high = rate.interval or (None, None)
        found.append((rate.stage, rate.of, rate.assumed, rate.actual, rate.hits, rate.n, low, high, rate.standing))
    columns = (
        *base,
        Column("actual", "actual", "share", of="n"),
        Column("hits", "came of it", "count"),
        Column("n", "of", "count"),
        Column("low", "low", "share", of="n"),
        Column("high", "high", "share", of="n"),
        Column("standing", "standing"),
    )
    schema: dict[str, pl.DataType] = {
        c.name: {"text": pl.String(), "count": pl.Int64()}.get(c.unit, pl.Float64()) for c in columns
    }
    notes = (
        "Both are counted in the same months: a meeting of today may come from a call of last month. Where several activities lead to a stage, it belongs to the lead's last one before it.",
    )
    return Table(
        f"goal_{goal.name}_rates",
        f"{_title(goal)}: rates",
        columns,
        pl.DataFrame(found, schema=schema, orient="row"),
        notes,
    )


def budget_table(goal: Goal, target: Plan, beside: Measured | None, roles: Sequence[Role]) -> Table | None:
    """The hours a day against each role's time."""
    rows = [
        (role.name, "as assumed", target.hours and target.hours.per_day, role.hours, share)
        for role, share in budgets(target, roles)
    ]
    if beside is not None:
        rows += [
            (role.name, "at actual rates", beside.now.hours and beside.now.hours.per_day, role.hours, share)
            for role, share in budgets(beside.now, roles)
        ]
    if not rows:
        return None
    columns = (
        Column("role", "role"),
        Column("rates", "rates"),
        Column("hours_per_day", "hours a day needed", "hours"),
        Column("budget", "hours a day there are", "hours"),
        Column("share", "of them", "share", of="budget"),
    )
    return Table(
        f"goal_{goal.name}_time",
        f"{_title(goal)}: time",
        columns,
        pl.DataFrame(rows, schema=[c.name for c in columns], orient="row"),
    )


def _findings(goal: Goal, target: Plan, beside: Measured | None, roles: Sequence[Role]) -> tuple[str, ...]:
    words = [
        f"{counted(goal.target, goal.target_of)} per {goal.target_per} take{'s' if goal.target == 1 else ''} {_amounts(target)}."
    ]
    if target.hours is not None:
        month, week, day = target.hours
        words.append(f"That is {month:,.1f} hours a month ({week:,.1f} a week, {day:,.1f} a day).")
    for role, share in budgets(target, roles):
        words.append(
            f"{role.name}: {percent(share)} of its {role.hours:g} hours a day{', more than there are' if share > 1 else ''}."
        )
    if beside is None:
        return tuple(words)
    worst = behind(beside.rates)
    if worst is not None:
        words.append(
            f"Most behind: {noun(worst.stage)} of {noun(worst.of)}, {percent(worst.actual)} of {worst.n:,}; assumed {percent(worst.assumed)}."
        )
    if any(rate.actual is not None for rate in beside.rates):
        words.append(f"At the actual rates it would take {_amounts(beside.now)}.")
    return tuple(words)


def _amounts(target: Plan) -> str:
    return words_of(
        f"{at_least(need.per_month, need.name)} a month ({about(need.per_week)} a week, {about(need.per_day)} a day)"
        for need in target.activities
    )
