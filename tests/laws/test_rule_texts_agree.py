"""The law once more, from rule text: what people write goes through the parser and the compiler to both engines.

Random rule files over the example project's schemas, with random leads and events of those schemas; and the shipped
examples on their own data, every decision of them.
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.example_project import compiled
from tests.laws.random_rules import INSTANTS, TEXTS
from tests.lifecycle_tick import at, event_frame, lead_frame
from tests.suites.running import EXAMPLES, leadrules

from leadrules.core.functions import Context
from leadrules.core.functions.columnar import dtype
from leadrules.core.types import Type
from leadrules.engine.columns import evaluate
from leadrules.lifecycle.byrow import evaluate_by_row
from leadrules.lifecycle.run import calendar_of
from leadrules.ruleset.model import Ruleset

LAW = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
EVENTS = (
    "email_opened within 30 days",
    'email_clicked where (url contains "pricing") since created_at',
    "email_sent distinct campaign within 2 months",
    'page_viewed where (path starts with any ("/pricing", "/demo") and at > lead.created_at)',
    "page_viewed distinct day",
    "webinar_attended where (minutes >= 30 or topic is blank) since 2026-01-31",
    'form_submitted where (form = "contact") since last(recycled)',
    "touches within 10 business days",
    "touches distinct type",
    "deal_won where (amount > lead.annual_revenue / 10)",
    "recycled",
)  # fmt: skip
TESTS = (
    'industry in ("Software", "Fintech")',
    'industry != "Retail"',
    'title contains any ("VP", "部長", " sales")',
    'title not contains "ｓａｌｅｓ"',
    'title matches "\\bVP\\b"',
    'lead_source starts with "/pri" or lead_source ends with "IO"',
    "employees between 2 and 1_000",
    "annual_revenue / employees >= 0.5",
    'tags has any ("saas", "部長")',
    "country in regions and not opted_out",
    'domain in ("rival.com", "other.io")',
    "contract_renewal_date - 3 months <= today",
    "now - created_at > 2 weeks",
    "now - created_at > patience",
    "contract_renewal_date + if(opted_out, patience, 36 hours) > today",
    "days_between(created_at, contract_renewal_date) < 40",
    "email is not blank and length(email) > 6",
    'bucket("pilot") < 50',
    "weekday(created_at) >= 6",
    "coalesce(intent, open_opportunities, 1) = 1",
    "status is blank",
    "fiscal_month in (1, 2, 3)",
    "owner in team inside",
    "sum(deal_won.amount within 1 year) > 1_000",
    'last(page_viewed.path) contains "pricing"',
    "count(touches) >= 2",
    'last(touches.type) = "email_sent"',
    "first(touches.lead_id) is not blank",
    "first(email_opened) < created_at + 36 hours",
)
POINTS = ("+15", "-2.5", "+0.00005", "+(min(employees / 50, 20))", "+(round(annual_revenue / 7, 2))", "-(intent)")
LIMITS = ("", " halving every 14 days", " fading over 2 months", " at most 20 points", " at most 2 times",
          " halving every 36 hours at most 3 times")  # fmt: skip


@st.composite
def rule_files(draw: st.DrawFn) -> str:
    """A rule file of lists, defines, segments, scores, a band, a matrix, a classify and stages."""

    def pick(choices: Any) -> Any:
        return draw(st.sampled_from(list(choices)))

    def condition() -> str:
        form = pick(["{0}", "{0}", "not ({0})", "{0} and ({1})", "({0}) or ({1})", "did {2}", "never {2}"])
        return str(form.format(pick(TESTS), pick(TESTS), pick(EVENTS)))

    def rule(name: str) -> str:
        if draw(st.booleans()):
            return f"  {name}: {pick(POINTS)} when {condition()}"
        when = f" when {condition()}" if draw(st.booleans()) else ""
        return f"  {name}: {pick(POINTS)} each {pick(EVENTS)}{pick(LIMITS)}{when}"

    rules = [rule(f"r{number}") for number in range(draw(st.integers(1, 4)))]
    grouped = [rule(f"g{number}") for number in range(2)]
    group = pick(["at most 12.5 points", "first match"])
    since = pick(["", "  count events since last(recycled)", "  count events since 2026-02-01"])
    ends = pick(["", "  cap 20", "  floor -5", "  floor 0\n  cap 12"])
    hold = pick(["", " hold until below 5"])
    only = pick(["", "  forward only", f"  forward only unless {condition()}"])
    until = pick(["", " from 2026-03-01", " until 2026-03-08", " from 2024-01-01 until 2030-12-31"])
    return "\n".join(
        [
            'list regions = ["JP", "Ｕｓ", "部長"]',
            "events touches = [call_made, email_sent, linkedin_sent]",
            "define domain = domain_of(email)",
            f"define patience = {pick(['5 minutes', '3 days', '-(2 weeks)'])}",
            f"define some = if({condition()}, intent, annual_revenue)",
            f"segment first_segment when {condition()}",
            "score points {",
            since,
            *rules,
            f"  group some_group {group} {{",
            *grouped,
            "  }",
            f"  dated: +1 when {condition()}{until}",
            ends,
            "}",
            f"band temperature of points {{\n  hot: from 10{hold}\n  warm: from 1\n  cold: otherwise\n}}",
            f"classify persona {{\n  a: when {condition()}\n  b: when first_segment\n}}",
            f"stages lifecycle {{\n  won: when {condition()}\n  mid: when temperature is at least warm\n{only}\n}}",
            "matrix priority of persona by temperature {",
            "  columns: hot | warm | cold",
            "  a: p1 | p1 | p2",
            "  b: p2 | p3 | p3",
            "}",
        ]
    )


def value(rng: random.Random, type_: Type, as_of: datetime) -> Any:
    """A cell of this type, a third of them blank."""
    moment = as_of - timedelta(hours=rng.choice([0, 0, 1, 24, 24 * 30, 24 * 59, rng.randrange(9000), -5]))
    found: dict[str, Any] = {
        "text": rng.choice([*TEXTS, "JP", "us", "/demo"]),
        "choice": rng.choice(type_.options or ("",)),
        "number": rng.choice([0.0, 1.0, 2.0, 3.5, 40.0, 1000.0, 9e14, -7.125, rng.uniform(0, 5000)]),
        "yesno": rng.random() < 0.5,
        "date": moment.date(),
        "datetime": moment,
        "set": rng.sample(TEXTS, 2),
    }
    return None if rng.random() < 0.3 else found[type_.kind]


def frames(rules: Ruleset, rng: random.Random, as_of: datetime, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leads and events of the fields that the rules read."""
    leads = {"@key": pl.Series([f"L{n}" for n in range(count)], dtype=pl.String)}
    for name, type_ in rules.fields:
        leads[name] = pl.Series([value(rng, type_, as_of) for _ in range(count)], dtype=dtype(type_))
    for name, labels in (("temperature", ["hot", "warm", "cold"]), ("lifecycle", ["won", "mid", "old name"])):
        leads[f"@previous:{name}"] = pl.Series([rng.choice([*labels, None]) for _ in range(count)], dtype=pl.String)
    leads["@owner"] = pl.Series([rng.choice([None, "sato@example.com", "x"]) for _ in range(count)], dtype=pl.String)
    kinds = {(event, name): type_ for event, fields in rules.event_fields for name, type_ in fields}
    names = [event for event, _ in rules.event_fields] or ["recycled"]
    rows = [(rng.randrange(count), rng.choice(names)) for _ in range(count * 6)] if count else []
    events = {
        "lead_row": pl.Series([row for row, _ in rows], dtype=pl.UInt32),
        "type": pl.Series([name for _, name in rows], dtype=pl.Enum(names)),
        "at": pl.Series([as_of - timedelta(hours=rng.choice([0, 1, 24, 720, rng.randrange(9000), -1])) for _ in rows], dtype=pl.Datetime("us", "UTC")),
        "@rank": pl.Series(rng.sample(range(len(rows)), len(rows)), dtype=pl.UInt32),
    }  # fmt: skip
    for name, type_ in sorted({(name, type_) for (_, name), type_ in kinds.items()}, key=str):
        cells = [value(rng, type_, as_of) if (event, name) in kinds else None for _, event in rows]
        events[f"{name}:{type_.kind}"] = pl.Series(cells, dtype=dtype(type_))
    return pl.DataFrame(leads), pl.DataFrame(events)


@LAW
@given(text=rule_files(), as_of=st.sampled_from(INSTANTS), count=st.integers(0, 30), seed=st.integers(0, 9999))
def test_the_engines_agree_on_rule_text(text: str, as_of: datetime, count: int, seed: int) -> None:
    rules = compiled(text)
    leads, events = frames(rules, random.Random(seed), as_of, count)
    context = Context(calendar_of(rules), as_of)
    found, wanted = evaluate(rules, leads, events, context), evaluate_by_row(rules, leads, events, context)
    for name in found.frame.columns:
        assert found.frame[name].to_list() == wanted.frame[name].to_list(), name
    assert found.reasons().to_list() == wanted.reasons().to_list()
    assert found.contributions().rows() == wanted.contributions().rows()
    assert found.fired() == wanted.fired()
    assert found.previous.rows() == wanted.previous.rows()


def test_points_are_held_to_the_largest_number_before_they_fade() -> None:
    """1.2e15 is 9e14, and half of that is left of an event of yesterday."""
    rules = "score s { a: +(sum(deal_won.amount)) each email_sent halving every 1 day }"
    events = [{"lead": 0, "type": "deal_won", "at": at("2026-11-01T10:00"), "amount": 6e14} for _ in range(2)]
    events.append({"lead": 0, "type": "email_sent", "at": at("2026-11-01T10:00"), "amount": None})
    inputs = lead_frame(compiled(rules), [{}]), event_frame(compiled(rules), events)
    context = Context(calendar_of(compiled(rules)), at("2026-11-02T10:00"))
    for engine in (evaluate, evaluate_by_row):
        assert engine(compiled(rules), *inputs, context).frame["s"].to_list() == [4.5e14]


@pytest.mark.parametrize("name", ["acme", "sakura"])
def test_the_examples_are_decided_alike(name: str, tmp_path: Path) -> None:
    written = {}
    for engine in ("columns", "row"):
        out = tmp_path / engine
        done = leadrules("run", "--project", EXAMPLES / name, "--no-state", "--out", out, "--engine", engine)
        assert done.exit_code == 0, done.output
        written[engine] = {path.name: path.read_bytes() for path in sorted(out.iterdir())}
    assert written["columns"] == written["row"]
