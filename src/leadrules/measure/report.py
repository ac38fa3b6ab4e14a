"""The whole report: every section in the order of reading.

In: the material, and where it came from. Out: `Report`. A section that has nothing to show but why stays, so that nobody
looks for it in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from leadrules.measure.campaigns import campaign_section
from leadrules.measure.cohorts import cohort_section
from leadrules.measure.funnel import Reached, funnel_section, reached
from leadrules.measure.goal import WINDOW_MONTHS, asks_events
from leadrules.measure.goal_section import goal_section
from leadrules.measure.history import history_section
from leadrules.measure.inflow import inflow_section
from leadrules.measure.losses import loss_section
from leadrules.measure.material import Material
from leadrules.measure.model import Missing, Provenance, Report, Section, without_events
from leadrules.measure.names import apart, as_file
from leadrules.measure.response import response_section
from leadrules.measure.returns import return_section
from leadrules.measure.sequences import sequence_section
from leadrules.measure.stages import stage_section
from leadrules.measure.touches import touch_section
from leadrules.ruleset.model import Funnel

NO_FUNNEL = Missing(
    "Funnel, cohorts",
    "no rule file has a funnel",
    "write one: funnel revenue { lead: created_at  won: first(deal_won) }",
)


def report_of(material: Material, provenance: Provenance, drift: Section | None = None) -> Report:
    """Every section that has something to show, or to say; what drifted first."""
    told = (_told(material, section) for section in _sections(material))
    sections = tuple(section for section in told if section.tables or section.missing)
    sections = sections if drift is None else (drift, *sections)
    return Report(provenance, material.settings.currency, tuple(_named_apart(sections)))


def _told(material: Material, section: Section) -> Section:
    """Where there is no source of events, that is what every figure lacks which no event tells."""
    if material.has_events:
        return section
    missing = (without_events(m.figure) if m.is_event else m for m in section.missing)
    return replace(section, missing=tuple(missing))


def _named_apart(sections: Iterable[Section]) -> Iterator[Section]:
    """Every table under a name of its own: of the funnels `a`, by `x`, and `a_by_x` both have a `funnel_a_by_x`."""
    sections = tuple(sections)
    names = iter(apart((table.name for section in sections for table in section.tables), alike=as_file))
    for section in sections:
        tables = tuple(replace(table, name=next(names)) for table in section.tables)
        called = {old.name: new.name for old, new in zip(section.tables, tables, strict=True)}
        charts = tuple(replace(chart, table=called[chart.table]) for chart in section.charts)
        yield replace(section, tables=tables, charts=charts)


def _sections(material: Material) -> Iterator[Section]:
    known = [funnel for funnel in material.ruleset.funnels if material.has_events or not _asks_events(material, funnel)]
    funnels = [reached(material, funnel) for funnel in known]
    yield from (funnel_section(material, found) for found in funnels)
    for funnel in material.ruleset.funnels:
        if funnel not in known:
            title = f"Funnel: {funnel.title or funnel.name}"
            yield Section(f"funnel_{funnel.name}", title, missing=(without_events(title),))
    if not material.ruleset.funnels:
        yield Section("funnel", "Funnel", missing=(NO_FUNNEL,))
    yield inflow_section(material)
    yield from (cohort_section(material, found) for found in funnels)
    yield loss_section(material, _first(funnels))
    yield history_section(material, _first(funnels))
    yield campaign_section(material)
    yield sequence_section(material)
    yield touch_section(material)
    yield stage_section(material, funnels)
    yield return_section(material)
    for goal in material.ruleset.goals:
        yield goal_section(goal, material.project.week, material.settings.roles, material, WINDOW_MONTHS)
    yield response_section(material)


def _asks_events(material: Material, funnel: Funnel) -> bool:
    return any(asks_events(step.moment, material.ruleset) for step in funnel.steps)


def _first(funnels: list[Reached]) -> Reached | None:
    return funnels[0] if funnels else None
