"""The law: on any ruleset and any data the row engine and the column engine give the same, in every cell.

Both work the same random ruleset out: values of definitions, every contribution, what fired, the reasons, further
expressions, chosen events. Besides: reasons add up to their score, and the order of the rows changes nothing.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.random_rules import ALWAYS, EVENT_FIELDS, FIELDS, INSTANTS, TEAMS, ZONES, Writer, leads_and_events

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.functions.columnar import dtype
from leadrules.core.types import DATETIME, TEXT
from leadrules.engine import columns, parts, table
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.ruleset.model import Band, Expr, Ruleset, Score, Stages

EXAMPLES = int(os.environ.get("LAW_EXAMPLES", "150"))
LAW = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Ruleset, Expr, Context, int, int]:
    """A ruleset, one further condition, a context, how many leads, and the seed of their data."""
    as_of = draw(st.sampled_from([*INSTANTS, *INSTANTS, None]))
    writer = Writer(draw, as_of)
    rules = writer.write()
    further = writer.condition(2)
    rules = writer.write_again(rules)
    zone = draw(st.sampled_from(ZONES))
    calendar = Calendar(zone, draw(st.sampled_from([(1, 2, 3, 4, 5), (6, 7)])), None, ("2026-03-06", "2026-03-09"))
    return rules, further, Context(calendar, as_of), draw(st.integers(0, 25)), draw(st.integers(0, 10_000))


def lead_frame(leads: Sequence[dict[str, Any]], rules: Ruleset) -> pl.DataFrame:
    """Leads as the readers and the run hand them over."""
    types = {**dict(FIELDS), **{f"@{name}": t for name, t in ALWAYS}, "@key": TEXT}
    for definition in rules.definitions:
        if isinstance(definition, Stages):
            types[f"@since:{definition.name}"] = DATETIME
        if isinstance(definition, Stages) or (isinstance(definition, Band) and definition.previous_field is None):
            types[f"@previous:{definition.name}"] = TEXT
    return pl.DataFrame({n: pl.Series([_plain(lead[n]) for lead in leads], dtype=dtype(t)) for n, t in types.items()})


def event_frame(events: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Events as the readers hand them over: a column per field and kind."""
    found: dict[str, pl.Series] = {
        "lead_row": pl.Series([event["lead_row"] for event in events], dtype=pl.UInt32),
        "type": pl.Series([event["type"] for event in events], dtype=pl.Enum([name for name, _ in EVENT_FIELDS])),
        "at": pl.Series([event["at"] for event in events], dtype=pl.Datetime("us", "UTC")),
        "@rank": pl.Series([event["@rank"] for event in events], dtype=pl.UInt32),
    }
    for name, type_ in {pair for _, fields in EVENT_FIELDS for pair in fields}:
        found[f"{name}:{type_.kind}"] = pl.Series([event.get(name) for event in events], dtype=dtype(type_))
    return pl.DataFrame(found)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def by_rows(
    program: Program, leads: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]], context: Context
) -> list[LeadFacts]:
    """Every lead by the row engine."""
    facts = []
    for row, lead in enumerate(leads):
        own = sorted((e for e in events if e["lead_row"] == row), key=lambda event: (event["at"], event["@rank"]))
        inputs = {_input_name(name): value for name, value in lead.items() if name.startswith("@")}
        facts.append(program.facts({n: v for n, v in lead.items() if not n.startswith("@")}, own, context, inputs))
    return facts


def _input_name(column: str) -> str:
    kind, _, name = column.removeprefix("@").partition(":")
    return {"previous": name, "since": f"{name}.since"}.get(kind, kind)


def compare(facts: columns.ColumnFacts, rows: Sequence[LeadFacts], rules: Ruleset) -> None:
    """Every cell, contribution, reason and the fired rules."""
    for definition in rules.declared:
        found = facts.frame[definition.name].to_list()
        wanted = [_plain(one.values[definition.name]) for one in rows]
        assert found == wanted, (definition.name, found, wanted)
        assert list(map(type, found)) == list(map(type, wanted)), definition
    for found_text, one in zip(facts.reasons().to_list(), rows, strict=True):
        assert found_text == one.reasons
    fired = Counter(path for one in rows for path in one.fired)
    assert {path: count for path, count in facts.fired().items() if count} == fired
    found_lines = facts.contributions().rows()
    wanted_lines = [
        (row, line.score, line.rule, float(line.points) / 10_000, line.events)
        for row, one in enumerate(rows)
        for line in one.contributions
    ]
    assert found_lines == wanted_lines


@LAW
@given(case=cases(), small=st.booleans(), in_parts=st.booleans())
def test_the_engines_agree(case: tuple[Ruleset, Expr, Context, int, int], small: bool, in_parts: bool) -> None:
    rules, further, context, count, seed = case
    rng = random.Random(seed)
    leads, events = leads_and_events(rng, count, context.as_of, rules)
    program = prepare(rules, TEAMS)
    rows = by_rows(program, leads, events, context)
    shuffled = rng.sample(events, len(events))
    distinct = patch.object(table, "SMALL", 2 if small else 4_096), patch.object(table, "FEW", 2.0)
    with distinct[0], distinct[1], patch.object(parts, "LEAST", 3 if in_parts else 100_000):
        facts = columns.evaluate(rules, lead_frame(leads, rules), event_frame(shuffled), context, TEAMS)
        compare(facts, rows, rules)
        found = facts.values({"x": further})["x"].to_list()
        assert found == [program.value(further, one) for one in rows]
        _compare_after(facts, program, rows, further, leads)
    _compare_events(facts, program, rows, rules)


def _compare_after(
    facts: columns.ColumnFacts,
    program: Program,
    rows: Sequence[LeadFacts],
    further: Expr,
    leads: Sequence[dict[str, Any]],
) -> None:
    """Other inputs, as an assert sees them."""
    later = INSTANTS[2]
    changed = {
        "@enrolled_at": pl.Series([later] * len(leads), dtype=pl.Datetime("us", "UTC")),
        "@owner": pl.Series(["rep@a.io"] * len(leads), dtype=pl.String),
    }
    found = facts.after(changed).values({"x": further})["x"].to_list()
    inputs: dict[str, Any] = {"enrolled_at": later, "owner": "rep@a.io"}
    assert found == [program.value(further, one.after(inputs)) for one in rows]


def _compare_events(facts: columns.ColumnFacts, program: Program, rows: Sequence[LeadFacts], rules: Ruleset) -> None:
    """The events that a filter lets through, as triggers listen to them."""
    for aggregate in rules.aggregates[:2]:
        chosen = facts.matching(aggregate.filter)
        found = Counter(zip(chosen["lead_row"].to_list(), chosen["at"].to_list(), strict=True))
        wanted: Counter[tuple[int, datetime]] = Counter()
        for row, one in enumerate(rows):
            wanted.update((row, event["at"]) for event in program.matching(aggregate.filter, one))
        assert found == wanted, aggregate


@LAW
@given(case=cases())
def test_reasons_add_up_and_row_order_changes_nothing(case: tuple[Ruleset, Expr, Context, int, int]) -> None:
    rules, _, context, count, seed = case
    rng = random.Random(seed)
    leads, events = leads_and_events(rng, count, context.as_of, rules)
    facts = columns.evaluate(rules, lead_frame(leads, rules), event_frame(events), context, TEAMS)
    for score in (d for d in rules.declared if isinstance(d, Score)):
        totals = [0] * count
        for line in (line for line in facts.lines if line.score == score.name):
            given_ = pl.DataFrame({"row": range(count)}).with_columns(line.units(pl.Int128()).alias("units"))
            totals = [total + units for total, units in zip(totals, given_["units"].to_list(), strict=True)]
        assert [float(total) / 10_000 for total in totals] == facts.frame[score.name].to_list()
    order = rng.sample(range(count), count)
    new_place = {old: new for new, old in enumerate(order)}
    moved = [event | {"lead_row": new_place[event["lead_row"]]} for event in rng.sample(events, len(events))]
    again = columns.evaluate(
        rules, lead_frame([leads[old] for old in order], rules), event_frame(moved), context, TEAMS
    )
    assert again.frame.equals(facts.frame[order])
    assert again.reasons().to_list() == facts.reasons().gather(order).to_list()
    assert again.fired() == facts.fired()
