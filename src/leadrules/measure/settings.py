"""What counts as what: `report:` of leadrules.yaml with its defaults filled in.

In: the project and the compiled rules. Out: `Settings`, and words for names that neither schemas nor rules know. The usual
names of events (`email_replied`, `deal_won`, ...) play their parts where the schema has them and nothing is said.
Reads no data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.text import nearest
from leadrules.project.model import Project
from leadrules.project.values import duration
from leadrules.ruleset.model import Band, Classify, Goal, Matrix, Ruleset, Segment, Stages

USUAL: Mapping[str, tuple[str, ...]] = {
    "reply": ("email_replied", "linkedin_replied", "sms_replied"),
    "connect": ("call_connected",),
    "out_of_office": ("out_of_office",),
    "bounce": ("email_bounced",),
    "meeting": ("meeting_scheduled", "booking_made", "meeting_booked"),
    "opportunity": ("opportunity_created", "opportunity_opened"),
    "won": ("deal_won",),
    "lost": ("deal_lost",),
}
USUAL_ACTIVITIES: Mapping[str, tuple[str, ...]] = {
    "email": ("email_sent",),
    "call": ("call_made",),
    "linkedin": ("linkedin_sent",),
    "sms": ("sms_sent",),
    "task": ("task_done",),
}
RATES = ("contact", "reply", "connect", "meeting", "opportunity", "won")


@dataclass(frozen=True, slots=True)
class Role:
    """Hours a day of one person, and how many people there are."""

    name: str
    hours_per_day: float
    people: float = 1

    @property
    def hours(self) -> float:
        """Hours a day of all of them."""
        return self.hours_per_day * self.people


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the reports. None, or nothing: not given."""

    currency: str
    cost_per_hour: float | None
    cost_per_lead: float | None
    cost_per_lead_by_source: Mapping[str, float]
    average_deal_size: float | None
    lifetime_value: float | None
    periods: tuple[str, ...]
    fiscal_year_starts: int
    cohort_matures: tuple[int, str]
    follow_up: tuple[int, str]
    group_by: tuple[str, ...]
    type: str | None
    campaign: str | None
    source: str | None
    list: str | None
    activities: Mapping[str, tuple[str, ...]]
    roles_of_events: Mapping[str, tuple[str, ...]]
    value: str
    loss_reason: str
    minutes: Mapping[str, float]
    roles: tuple[Role, ...]
    benchmarks: Mapping[str, Mapping[str, float]]
    goals: Mapping[str, Mapping[str, tuple[str, ...]]]
    campaigns: str | None
    traffic: str | None

    def names(self, role: str) -> tuple[str, ...]:
        """The events, or date fields of leads, that play a part."""
        return self.roles_of_events.get(role, ())

    def without_events(self, fields: Collection[str]) -> Settings:
        """The same where there is no source of events: only date fields of leads play a part."""
        known = {role: tuple(n for n in names if n in fields) for role, names in self.roles_of_events.items()}
        return replace(self, activities={}, roles_of_events=known)

    @property
    def activity_types(self) -> tuple[str, ...]:
        """Every event that is our own work."""
        return tuple(dict.fromkeys(name for names in self.activities.values() for name in names))


def settings_of(project: Project, ruleset: Ruleset) -> Settings:
    """`report:` with its defaults."""
    raw: dict[str, Any] = project.report
    events = {one.name for one in project.event_schema}
    activities = raw.get("activities", USUAL_ACTIVITIES)
    return Settings(
        currency=raw.get("currency", ""),
        cost_per_hour=_number(raw.get("cost_per_hour")),
        cost_per_lead=_number(raw.get("cost_per_lead")),
        cost_per_lead_by_source={name: float(one) for name, one in raw.get("cost_per_lead_by_source", {}).items()},
        average_deal_size=_number(raw.get("average_deal_size")),
        lifetime_value=_number(raw.get("lifetime_value")),
        periods=tuple(raw.get("periods", ("month", "quarter", "fiscal_year"))),
        fiscal_year_starts=project.fiscal_year_starts,
        cohort_matures=duration(raw.get("cohort_matures", "3 months")) or (3, "months"),
        follow_up=duration(raw.get("follow_up", "30 days")) or (30, "days"),
        group_by=_texts(raw["group_by"]) if "group_by" in raw else _usual_groups(project, ruleset),
        type=raw.get("type", next((d.name for d in ruleset.declared if isinstance(d, Stages)), None)),
        campaign=_campaign(project, raw.get("campaign")),
        source=raw.get("source", _known_field(project, "lead_source", "source")),
        list=raw.get("list"),
        activities=_present({name: _texts(types) for name, types in activities.items()}, events),
        roles_of_events={
            role: _texts(raw[role]) if role in raw else tuple(n for n in usual if n in events)
            for role, usual in USUAL.items()
        },
        value=raw.get("value", "amount"),
        loss_reason=raw.get("loss_reason", "reason"),
        minutes={**_efforts(ruleset), **{name: float(value) for name, value in raw.get("minutes", {}).items()}},
        roles=tuple(
            Role(name, float(one["hours_per_day"]), float(one.get("people", 1)))
            for name, one in raw.get("roles", {}).items()
        ),
        benchmarks={
            name: {figure: _share(value) for figure, value in one.items()}
            for name, one in raw.get("benchmarks", {}).items()
        },
        goals={
            goal: {stage: _texts(names) for stage, names in stages.items()}
            for goal, stages in raw.get("goals", {}).items()
        },
        campaigns=raw.get("campaigns"),
        traffic=raw.get("traffic"),
    )


def unknown_names(project: Project, ruleset: Ruleset) -> list[Diagnostic]:
    """What `report:` names and the rules do not have. The names of schemas are checked with the project."""
    asked = _asked(project, ruleset)
    stages = {goal.name: names_of_goal(goal) for goal in ruleset.goals}
    found = []
    for path, place in project.report_places:
        if len(path) == 4:
            # The stages of a goal that is not there are not looked at: the goal is the mistake.
            kind, known = f"a stage or activity of the goal `{path[2]}`", stages.get(str(path[2]), [str(path[3])])
        else:
            kind, known = asked[str(path[1])]
        name = _named(project.report, path)
        if name is not None and name not in known:
            message = f"`{name}` is not {kind} of this project" if len(path) < 4 else f"`{name}` is not {kind}"
            found.append(finding("LR062", place, message, help=_hint(name, known)))
    return found


def _asked(project: Project, ruleset: Ruleset) -> dict[str, tuple[str, list[str]]]:
    """What each setting names, in words, and the names that there are."""
    labelled = [d.name for d in ruleset.declared if isinstance(d, Band | Classify | Matrix | Stages | Segment)]
    return {
        "group_by": (
            "a lead field, band, matrix, classify, stages or segment",
            [*labelled, *(f.name for f in project.lead_schema.fields)],
        ),
        "type": ("a stages or classify", [d.name for d in ruleset.declared if isinstance(d, Classify | Stages)]),
        "benchmarks": ("a sequence", [s.name for s in ruleset.sequences]),
        "goals": ("a goal", [g.name for g in ruleset.goals]),
    }


def names_of_goal(goal: Goal) -> list[str]:
    """The names that a goal uses: its target, its stages and its activities."""
    return list(
        dict.fromkeys([goal.target_of, *(n for s, shares in goal.rates for n in (s, *(of for _, of in shares)))])
    )


def _named(report: Mapping[str, Any], path: tuple[str | int, ...]) -> str | None:
    """The name that stands at a place of `report:`; None where a whole list or mapping stands there."""
    value = report.get(str(path[1]))
    if len(path) == 2:
        return value if isinstance(value, str) else None
    name = path[-1]
    if isinstance(name, int):
        item = value[name] if isinstance(value, list) else None
        return item if isinstance(item, str) else None
    return name


def _hint(name: str, known: Iterable[str]) -> str:
    meant = nearest(name, known)
    return f"Did you mean `{meant}`?" if meant else "Take it out, or define it in a rule file."


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _share(value: Any) -> float:
    """`12%` is 0.12."""
    return float(value.rstrip("%")) / 100 if isinstance(value, str) else float(value)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _present(named: Mapping[str, tuple[str, ...]], events: set[str]) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(one for one in types if one in events) for name, types in named.items()}
    return {name: types for name, types in found.items() if types}


def _known_field(project: Project, *names: str) -> str | None:
    return next((name for name in names if project.lead_schema.get(name) is not None), None)


def _campaign(project: Project, stated: str | None) -> str | None:
    """The field that names a campaign, of leads or of some event."""
    name = stated or "campaign"
    of_events = any(field.name == name for event in project.event_schema for field in event.fields)
    return name if of_events or project.lead_schema.get(name) is not None else None


def _usual_groups(project: Project, ruleset: Ruleset) -> tuple[str, ...]:
    """Where nothing is said: the source of a lead, its bands, and its owner."""
    bands = [d.name for d in ruleset.declared if isinstance(d, Band | Matrix)]
    fields = (_known_field(project, "lead_source", "source"), project.owner)
    return tuple(dict.fromkeys([*(f for f in fields if f), *bands]))


def _efforts(ruleset: Ruleset) -> dict[str, float]:
    """What the goals say of the minutes of an activity, where the settings say nothing."""
    return {activity: minutes for goal in reversed(ruleset.goals) for activity, minutes in goal.effort}
