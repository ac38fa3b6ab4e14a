"""The batch engine against hand-worked values: events, limits, decays, reasons, what it needs, and a thousand rules."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.types import DATE, DATETIME, NUMBER, TEXT, YESNO, Type
from leadrules.engine.columns import ColumnFacts, evaluate, needed
from leadrules.ruleset.model import (
    Aggregate,
    Band,
    BandLabel,
    Define,
    Definition,
    Duration,
    Each,
    EventFilter,
    Expr,
    Group,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Settings,
)

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
SETTINGS = Settings("t", "UTC", (1, 2, 3, 4, 5), None, (), 4, "id", None, None, None, None)
EVENT_FIELDS = (("opened", (("campaign", TEXT), ("amount", NUMBER))), ("clicked", (("amount", NUMBER),)))


def ruleset(*definitions: Definition, aggregates: Sequence[Aggregate] = ()) -> Ruleset:
    fields = (("title", TEXT), ("size", NUMBER))
    return Ruleset(1, SETTINGS, fields, EVENT_FIELDS, (), (), tuple(aggregates), definitions)


def number(value: float) -> Expr:
    return Expr("const", NUMBER, value=value)


def score(*rules: ScoreRule, groups: Sequence[Group] = (), cap: float | None = None) -> Score:
    return Score("engagement", None, 0, rules, tuple(groups), cap=cap)


def each(points: float, name: str = "opened", group: str | None = None, **more: Any) -> ScoreRule:
    selection = more.pop("selection", EventFilter(("opened",)))
    return ScoreRule(name, None, number(points), None, Each(selection, **more), None, group)


def facts(
    rules: Ruleset, events: Sequence[tuple[int, str, timedelta, str | None, float | None]], leads: int = 2
) -> ColumnFacts:
    """Events as (lead, type, age, campaign, amount)."""
    frame = pl.DataFrame({"@key": [f"L{n}" for n in range(leads)], "title": ["VP", None][:leads], "size": [1.5, None][:leads]},
                         schema_overrides={"title": pl.String, "size": pl.Float64})  # fmt: skip
    rows = [
        (row, kind, AS_OF - age, rank, campaign, amount)
        for rank, (row, kind, age, campaign, amount) in enumerate(events)
    ]
    schema = {"lead_row": pl.UInt32(), "type": pl.Enum(["opened", "clicked"]), "at": pl.Datetime("us", "UTC"),
              "@rank": pl.UInt32(), "campaign:text": pl.String(), "amount:number": pl.Float64()}  # fmt: skip
    return evaluate(rules, frame, pl.DataFrame(rows, schema=schema, orient="row"), Context(Calendar("UTC"), AS_OF))


def day(count: float) -> timedelta:
    return timedelta(days=count)


def opened(*ages: float) -> list[tuple[int, str, timedelta, str | None, float | None]]:
    return [(0, "opened", day(age), None, None) for age in ages]


def test_within_is_open_at_its_far_end_and_closed_at_its_near_end() -> None:
    rules = ruleset(score(each(1, selection=EventFilter(("opened",), within=Duration(30, "days")))))
    found = facts(rules, opened(0, 29.9, 30, 31, -0.1))
    assert found.frame["engagement"].to_list() == [2.0, 0.0]
    assert found.fired() == {"engagement.opened": 1}


def test_halving_and_fading_weigh_by_age() -> None:
    halving = ruleset(score(each(8, halving=Duration(1, "weeks"))))
    assert facts(halving, opened(0, 7, 14)).frame["engagement"].to_list() == [14.0, 0.0]
    fading = ruleset(score(each(10, fading=Duration(10, "days"))))
    assert facts(fading, opened(0, 5, 10, 20)).frame["engagement"].to_list() == [15.0, 0.0]


def test_limits_of_a_rule_count_the_latest_and_bind_the_sum() -> None:
    rules = ruleset(score(each(10, fading=Duration(10, "days"), most_times=2)))
    assert facts(rules, opened(9, 1, 5)).frame["engagement"].to_list() == [14.0, 0.0]
    rules = ruleset(score(each(-10, most_points=25.0)))
    found = facts(rules, opened(1, 2, 3))
    assert found.reasons().to_list() == ["engagement.opened -25", ""]
    assert found.contributions().rows() == [(0, "engagement", "opened", -25.0, 3)]


def test_reasons_have_a_line_for_limit_floor_and_cap() -> None:
    email = [each(5, "opened", "email"), each(2, "again", "email")]
    rules = ruleset(
        score(*email, ScoreRule("vp", None, number(15)), groups=[Group("email", None, most_points=10.0)], cap=20.0)
    )
    found = facts(rules, opened(1, 2))
    lines = (
        "engagement.opened +10; engagement.again +4; engagement.email limit -4; engagement.vp +15; engagement cap -5"
    )
    assert found.reasons().to_list() == [lines, "engagement.vp +15"]
    assert found.frame["engagement"].to_list() == [20.0, 15.0]


def test_first_match_takes_the_first_rule_and_fires_no_other() -> None:
    title = Expr("eq", YESNO, (Expr("field", TEXT, value="title"), Expr("const", TEXT, value="vp")))
    rules = [ScoreRule("vp", None, number(0), title, None, None, "g"), each(3, "opened", "g"), ScoreRule("rest", None, number(1), None, None, None, "g")]  # fmt: skip
    found = facts(ruleset(score(*rules, groups=[Group("g", None, first_match=True)])), opened(1))
    assert found.frame["engagement"].to_list() == [0.0, 1.0]
    assert found.fired() == {"engagement.vp": 1, "engagement.opened": 0, "engagement.rest": 1}


def test_last_value_of_tied_events_is_that_of_the_row_that_sorts_last() -> None:
    last = Aggregate("last", EventFilter(("opened", "clicked")), "amount", NUMBER)
    value = Define("last", None, 0, Expr("aggregate", NUMBER, value=0))
    tied = [(0, "opened", day(1), None, 1.0), (0, "clicked", day(1), None, 3.0), (0, "opened", day(1), None, None)]
    assert facts(ruleset(value, aggregates=[last]), tied).frame["last"].to_list() == [3.0, None]


def test_distinct_keeps_the_latest_of_each_folded_value_and_blank_is_one() -> None:
    total = Aggregate("sum", EventFilter(("opened",), distinct="campaign"), "amount", NUMBER)
    value = Define("total", None, 0, Expr("aggregate", NUMBER, value=0))
    sent = [(0, "opened", day(3), "A", 100.0), (0, "opened", day(2), "ａ", 1.0), (0, "opened", day(2), None, 50.0), (0, "opened", day(1), None, 2.5)]  # fmt: skip
    assert facts(ruleset(value, aggregates=[total]), sent).frame["total"].to_list() == [3.5, 0.0]


def test_type_and_lead_id_are_fields_of_every_event() -> None:
    both = ("opened", "clicked")
    aggregates = [
        Aggregate("count", EventFilter(both, distinct="type"), None, NUMBER),
        Aggregate("last", EventFilter(both), "type", Type("choice", both)),
        Aggregate("first", EventFilter(both), "lead_id", TEXT),
        Aggregate("count", EventFilter(both, distinct="lead_id"), None, NUMBER),
    ]
    values = [
        Define(name, None, line, Expr("aggregate", aggregates[line].type, value=line))
        for line, name in enumerate(("kinds", "latest", "who", "whose"))
    ]
    sent = [(0, "clicked", day(3), None, None), (0, "opened", day(2), None, None), (0, "opened", day(1), None, None)]
    found = facts(ruleset(*values, aggregates=aggregates), sent).frame
    assert found.select("kinds", "latest", "who", "whose").rows() == [
        (2.0, "opened", "L0", 1.0),
        (0.0, None, None, 0.0),
    ]


def test_since_a_date_begins_with_the_next_day() -> None:
    since = Expr("const", DATE, value="2026-10-30")
    happened = Aggregate("first", EventFilter(("opened",), since=since), None, DATETIME)
    value = Define("first", None, 0, Expr("aggregate", DATETIME, value=0))
    found = facts(ruleset(value, aggregates=[happened]), opened(1.5, 1.0, 0.5))
    assert found.frame["first"].to_list() == [datetime(2026, 10, 31, tzinfo=UTC), None]


def test_sums_beyond_sixty_four_bits_are_exact() -> None:
    rules = ruleset(score(each(9e14)))
    found = facts(rules, opened(*range(1, 21)))
    assert found.frame["engagement"].to_list() == [20 * 9e14, 0.0]
    assert found.reasons()[0] == "engagement.opened +18000000000000000"
    assert found.contributions()["points"].to_list() == [18e15]


def test_very_many_events_of_very_many_points_add_up() -> None:
    rules = ruleset(score(each(9e14), each(2, "more")))
    found = facts(rules, opened(*([1] * 5000)))
    assert found.frame["engagement"].to_list() == [float(45 * 10**21 + 10**8) / 1e4, 0.0]
    assert found.reasons()[0] == "engagement.opened +4500000000000000000; engagement.more +10000"


def test_a_thousandth_is_not_a_last_bit_off() -> None:
    """Polars divides by a constant by multiplying with its inverse."""
    rules = ruleset(score(*(ScoreRule(f"r{n}", None, number(0.1235)) for n in range(1))))
    assert facts(rules, []).frame["engagement"].to_list() == [0.1235, 0.1235]


def test_the_band_before_holds_a_label_and_those_below_it() -> None:
    labels = (BandLabel("hot", None, 70.0, 60.0), BandLabel("warm", None, 40.0, 30.0), BandLabel("cold", None, None))
    band = Band("temperature", None, 0, Expr("field", NUMBER, value="size"), labels)
    frame = pl.DataFrame({
        "@key": list("abcdef"),
        "size": [65.0, 65.0, 35.0, 35.0, 59.99996, None],
        "@previous:temperature": ["hot", "warm", "hot", "cold", "hot", "hot"],
    })  # fmt: skip
    events = pl.DataFrame(schema={"lead_row": pl.UInt32, "type": pl.Enum(["opened"]), "at": pl.Datetime("us", "UTC")})
    found = evaluate(ruleset(band), frame, events, Context(Calendar("UTC"), AS_OF))
    assert found.frame["temperature"].to_list() == ["hot", "warm", "warm", "cold", "hot", "cold"]
    assert found.previous["temperature"].to_list() == ["hot", "warm", "hot", "cold", "hot", "hot"]


def test_needed_names_fields_types_and_those_whose_ties_matter() -> None:
    last = Aggregate("last", EventFilter(("opened",)), "amount", NUMBER)
    when = Aggregate("last", EventFilter(("clicked",)), None, DATETIME)
    found = needed(ruleset(aggregates=[last, when]))
    assert found.lead_fields == ("title", "size")
    assert found.event_fields == {"opened": ("campaign", "amount"), "clicked": ("amount",)}
    assert found.ordered_types == {"opened"}


@pytest.mark.parametrize("leads", [0, 1])
def test_no_leads_and_no_events_are_fine(leads: int) -> None:
    rules = ruleset(
        score(each(1), cap=5.0),
        Segment("s", None, 1, Expr("gt", YESNO, (Expr("name", NUMBER, value="engagement"), number(0)))),
    )
    found = facts(rules, [], leads)
    assert found.frame.rows() == [(0.0, False)] * leads
    assert found.reasons().to_list() == [""] * leads


def test_a_thousand_rules_take_linear_time() -> None:
    """Left-deep sums and long chains are quadratic in Polars: a thousand rules then take many seconds."""
    title = Expr("field", TEXT, value="title")
    rules = tuple(
        ScoreRule(
            f"r{n}",
            None,
            number(n % 7 - 3),
            Expr("contains", YESNO, (title, Expr("const", TEXT, value=f"word{n % 250}"))),
            None,
            None,
            "first" if n >= 500 else None,
        )
        for n in range(1000)
    )
    labels = [BandLabel(f"l{n}", None, float(1000 - n)) for n in range(300)]
    definitions = [score(*rules, groups=[Group("first", None, first_match=True)]),
                   Band("band", None, 1, Expr("name", NUMBER, value="engagement"), tuple(labels))]  # fmt: skip
    titles = [f"word{n % 250} and word{n * 7 % 250} of {n}" for n in range(10_000)]
    frame = pl.DataFrame({"@key": [str(n) for n in range(10_000)], "title": titles})
    events = pl.DataFrame(schema={"lead_row": pl.UInt32, "type": pl.Enum(["opened"]), "at": pl.Datetime("us", "UTC")})
    start = time.process_time()
    found = evaluate(ruleset(*definitions), frame, events, Context(Calendar("UTC"), AS_OF))
    texts = found.reasons()
    assert time.process_time() - start < 6  # on two threads three seconds of time; a quadratic plan takes minutes
    words = titles[8].split()
    hits = [n for n in range(1000) if f"word{n % 250}" in titles[8]]
    expected = sum(n % 7 - 3 for n in hits if n < 500) + (next(n for n in hits if n >= 500) % 7 - 3)
    assert words[0] == "word8"
    assert found.frame["engagement"][8] == expected
    assert texts[8].count(";") + 1 <= len(hits)
