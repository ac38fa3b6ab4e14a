"""A second law of the analysis: no lead does what it says that none does.

Random rule files over the example project, with events, dates, text searches, labels and computed points; random leads and
events that keep to its schemas. Whatever is said never to fire, never to be reached or always to be so, is held against
what the engine finds. And the analysis never fails, whatever the rules.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from tests.analysed import doubts_of
from tests.example_project import compiled, example_project
from tests.laws.random_rules import INSTANTS
from tests.laws.test_rule_texts_agree import LAW, frames, rule_files

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.functions import Context
from leadrules.engine.columns import ColumnFacts, evaluate
from leadrules.lifecycle.run import calendar_of

LEADS = 60
NEVER_FIRES = re.compile(r"`(points\.\w+)` can never fire")
NOBODY_IN = re.compile(r"nobody can be in `(\w+)`")
NOBODY_GETS = re.compile(r"nobody can get `(\w+)`|`(\w+)` is never reached: ")


def within_schema(leads: pl.DataFrame) -> pl.DataFrame:
    """The leads with the numbers that the schema lets through."""
    for field in example_project().lead_schema.fields:
        if field.name in leads.columns and field.type.kind == "number":
            column = pl.col(field.name)
            column = column.round() if field.integer else column
            leads = leads.with_columns(column.clip(field.minimum, field.maximum).alias(field.name))
    return leads


def contradicted(found: Sequence[Diagnostic], facts: ColumnFacts) -> list[str]:
    """What is said and is not so."""
    fired = facts.fired()
    before = facts.previous
    wrong = []
    for one in found:
        for name in NEVER_FIRES.findall(one.message):
            wrong += [one.message] if fired[name] else []
        for name in NOBODY_IN.findall(one.message):
            wrong += [one.message] if facts.frame[name].any() else []
        for names in NOBODY_GETS.findall(one.message):
            label = next(name for name in names if name)
            wrong += [one.message] if _is_somewhere(label, facts.frame, before) else []
    return wrong


def _is_somewhere(label: str, frame: pl.DataFrame, before: pl.DataFrame) -> bool:
    """Whether a lead has a label that it did not have before: one that it had may be held, or kept by `forward only`."""
    persona = (frame["persona"] == label).any()
    return bool(persona) or any(
        ((frame[name] == label) & (before[name] != label).fill_null(value=True)).any() for name in before.columns
    )


@LAW
@given(text=rule_files(), as_of=st.sampled_from(INSTANTS), seed=st.integers(0, 9999))
def test_no_lead_does_what_none_can(text: str, as_of: datetime, seed: int) -> None:
    found = doubts_of(text, overlaps=True)
    rules = compiled(text)
    leads, events = frames(rules, random.Random(seed), as_of, LEADS)
    facts = evaluate(rules, within_schema(leads), events, Context(calendar_of(rules), as_of))
    assert contradicted(found, facts) == []
