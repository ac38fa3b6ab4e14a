"""One run of the routes alone: a tick made from rule text, a team, leads and what the state holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from tests.example_project import example_project

from leadrules.compile.compile import compile_project
from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.source import SourceFile, Span
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import CREDIT_COLUMNS, INSTANT, LEAD_COLUMNS, State, Tick, empty_state
from leadrules.lifecycle.routes.routing import Holding, Router
from leadrules.project.model import Project, Team
from leadrules.ruleset.model import Ruleset
from leadrules.syntax.parse import parse

AS_OF = datetime(2026, 3, 11, 3, 0, tzinfo=UTC)  # a Wednesday, 12:00 in Tokyo
FIELDS: Mapping[str, pl.DataType] = {
    "title": pl.String(),
    "country": pl.String(),
    "lead_source": pl.String(),
    "industry": pl.String(),
    "status": pl.String(),
    "sdr_owner": pl.String(),
    "employees": pl.Float64(),
    "tags": pl.List(pl.String()),
}
Lead = Mapping[str, Any]


def project_with(team: Team, *, holidays: Sequence[str] = (), open_leads: str | None = None) -> Project:
    """The example project with another team; holidays are these dates alone."""
    place = None
    if open_leads is not None:
        text = f"open_leads: '{open_leads}'\n"
        place = Span(SourceFile("leadrules.yaml", text), len("open_leads: "), len(text) - 1)
    return replace(
        example_project(),
        team=team,
        holiday_country=None,
        holiday_dates=tuple(holidays),
        open_leads=open_leads,
        open_leads_span=place,
    )


def ruleset_of(project: Project, text: str) -> Ruleset:
    """The compiled rules; a mistake in them fails the test."""
    module, found = parse(SourceFile("rules/routes.lead", text))
    compiled = compile_project(project, [module])
    wrong = [d for d in (*found, *compiled.diagnostics) if d.severity == "error"]
    assert compiled.ruleset is not None, [(d.message, d.span.text) for d in wrong]
    return compiled.ruleset


def frames(leads: Sequence[Lead]) -> tuple[pl.DataFrame, LeadColumns]:
    """The leads as the engine takes them, and the columns that a state has of them. A lead names what it has."""
    inputs = {name: [lead.get(name) for lead in leads] for name in FIELDS}
    facts = pl.DataFrame(inputs, schema=dict(FIELDS))
    known = {name: kind for name, kind in LEAD_COLUMNS.items() if name != "key"}
    states = {name: [lead.get(name) for lead in leads] for name in known}
    named = sorted({name for lead in leads for name in lead if ":" in name})
    table = pl.DataFrame(states, schema=dict(known)).with_columns(
        pl.Series("key", [lead["id"] for lead in leads], dtype=pl.String),
        *(pl.Series(name, [lead.get(name) for lead in leads], dtype=pl.String) for name in named),
    )
    always = [table[name].alias(f"@{name}") for name in ("key", "owner", "assigned_at", "due_at")]
    return facts.with_columns(*always, table["created"].alias("created_at")), LeadColumns.of(table)


def tick_of(
    rules: Ruleset | str,
    team: Team,
    leads: Sequence[Lead],
    *,
    as_of: datetime = AS_OF,
    state: State | None = None,
    holidays: Sequence[str] = (),
    open_leads: str | None = None,
    events: pl.DataFrame | None = None,
) -> Tick:
    """One run under way."""
    project = project_with(team, holidays=holidays, open_leads=open_leads)
    ruleset = ruleset_of(project, rules) if isinstance(rules, str) else rules
    calendar = Calendar("Asia/Tokyo", (1, 2, 3, 4, 5), None, tuple(holidays))
    inputs, table = frames(leads)
    if events is None:
        events = pl.DataFrame(schema={"lead_row": pl.UInt32, "type": pl.String, "at": INSTANT})
    facts = evaluate(ruleset, inputs, events, Context(calendar, as_of), dict(team.teams))
    return Tick(project, ruleset, calendar, as_of, as_of, facts, table, state or empty_state())


def state_of(
    absent: Sequence[Lead] = (),
    credits: Sequence[tuple[str, str, str, int, int]] = (),
    assignments: Sequence[tuple[str, date, int]] = (),
) -> State:
    """What an earlier run left."""
    return replace(
        empty_state(),
        leads=frames(absent)[1] if absent else empty_state().leads,
        credits=pl.DataFrame(list(credits), schema=dict(CREDIT_COLUMNS), orient="row"),
        assignments=pl.DataFrame(
            list(assignments), schema={"rep": pl.String, "day": pl.Date, "count": pl.Int64}, orient="row"
        ),
    )


def nobody(tick: Tick) -> pl.Series:
    """No lead at all, as a mask."""
    return pl.Series([False] * tick.leads.height, dtype=pl.Boolean)


def found_by(
    router: Router, route: str, owner_now: pl.Series, given: pl.Series, fields: Mapping[str, Holding] | None = None
) -> pl.DataFrame:
    """What a route made of the leads it looked at by itself, those who keep their owner among them: DEALT, in lead order."""
    looked = router.always_on(owner_now, given, fields)[route]
    rules = next(one.rules for one in router.tick.ruleset.routes if one.name == route)
    kept = looked.kept.with_columns(
        pl.Series("rule", [rules[place].name for place in looked.kept["place"]], dtype=pl.String),
        owner_now.cast(pl.String).gather(looked.kept["lead_row"]).alias("owner"),
    )
    return pl.concat([looked.dealt, kept], how="diagonal").sort("lead_row")
