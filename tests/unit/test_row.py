"""The row engine: facts worked out by hand, sentence by sentence of the contract (§4 to §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.types import DATE, DATETIME, DURATION, NUMBER, SET, TEXT, YESNO, Type
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.ruleset.model import (
    Active,
    Aggregate,
    Band,
    BandLabel,
    Classify,
    ClassLabel,
    Define,
    Definition,
    Duration,
    Each,
    EventFilter,
    Expr,
    Group,
    ListValues,
    Matrix,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Settings,
    Stages,
    TableValues,
)

TOKYO = Calendar("Asia/Tokyo", country="JP")
AS_OF = datetime(2026, 11, 2, 1, tzinfo=UTC)  # ten o'clock in Tokyo
CONTEXT = Context(TOKYO, AS_OF)
SETTINGS = Settings("t", "Asia/Tokyo", (1, 2, 3, 4, 5), "JP", (), 4, "id", "owner", "created_at", "email", None)
FIELDS: dict[str, Type] = {
    "title": TEXT,
    "employees": NUMBER,
    "revenue": NUMBER,
    "opted_out": YESNO,
    "created": DATE,
    "seen": DATETIME,
    "tags": SET,
    "temperature": TEXT,
}


def const(value: Any, type_: Type = NUMBER) -> Expr:
    return Expr("const", type_, value=value)


def field(name: str) -> Expr:
    return Expr("field", FIELDS[name], value=name)


def name(definition: str, type_: Type = NUMBER) -> Expr:
    return Expr("name", type_, value=definition)


def op(operation: str, *args: Expr, type_: Type = YESNO, value: Any = None) -> Expr:
    return Expr(operation, type_, args, value)


def event_field(field_: str, type_: Type) -> Expr:
    return Expr("event_field", type_, value=field_)


def program(*definitions: Definition, aggregates: Sequence[Aggregate] = (), **more: Any) -> Program:
    ruleset = Ruleset(
        1,
        SETTINGS,
        tuple(FIELDS.items()),
        (),
        more.get("lists", ()),
        more.get("tables", ()),
        tuple(aggregates),
        tuple(definitions),
    )
    return prepare(ruleset, more.get("teams"))


def facts(
    *definitions: Definition,
    lead: Mapping[str, Any] | None = None,
    events: Sequence[Mapping[str, Any]] = (),
    inputs: Mapping[str, Any] | None = None,
    context: Context = CONTEXT,
    **more: Any,
) -> LeadFacts:
    return program(*definitions, **more).facts({"id": "L1"} | dict(lead or {}), events, context, inputs)


def value(expr: Expr, *, lead: Mapping[str, Any] | None = None, **more: Any) -> Any:
    made = program(**{k: v for k, v in more.items() if k in ("lists", "tables", "teams", "aggregates")})
    given = made.facts(
        {"id": "L1"} | dict(lead or {}), more.get("events", ()), more.get("context", CONTEXT), more.get("inputs")
    )
    return made.value(expr, given)


def define(expr: Expr, called: str = "x") -> Define:
    return Define(called, None, 0, expr)


def score(*rules: ScoreRule, called: str = "fit", **more: Any) -> Score:
    return Score(called, None, 0, rules, more.pop("groups", ()), **more)


def rule(called: str, points: float | Expr, **more: Any) -> ScoreRule:
    return ScoreRule(called, None, points if isinstance(points, Expr) else const(float(points)), **more)


def event(type_: str, ago: timedelta, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "at": AS_OF - ago, "lead_id": "L1", **fields}


def days(count: float) -> timedelta:
    return timedelta(days=count)


# -- §4: expressions


def test_conditions_are_two_valued() -> None:
    blank = field("opted_out")
    yes = const(True, YESNO)
    assert value(op("not", blank)) is True
    assert value(op("and", yes, blank)) is False
    assert value(op("or", blank, yes)) is True
    assert value(op("eq", blank, const(False, YESNO))) is False
    assert value(op("if", blank, const(1.0), const(2.0), type_=NUMBER)) == 2.0


def test_comparisons_with_a_blank_are_false_and_negations_true() -> None:
    size = field("employees")
    for operation in ("eq", "lt", "le", "gt", "ge"):
        assert value(op(operation, size, const(0.0))) is False
        assert value(op("not", op(operation, size, const(0.0)))) is True
    assert value(op("between", size, const(0.0), const(9.0))) is False
    assert value(op("not", op("in", field("title"), const("VP", TEXT)))) is True
    assert value(op("not", op("contains", field("title"), const("VP", TEXT)))) is True


def test_text_compares_as_people_read_it() -> None:
    lead = {"title": "ＳａａＳ"}
    assert value(op("eq", field("title"), const("saas ", TEXT)), lead=lead) is True
    assert value(op("in", field("title"), const("SAAS", TEXT), const("x", TEXT)), lead=lead) is True
    assert value(op("exact", field("title"), const("SaaS", TEXT)), lead=lead) is False


def test_literals_of_searches_keep_their_spaces() -> None:
    has_word = op("contains", field("title"), const(" vp", TEXT))
    assert value(has_word, lead={"title": "The ＶＰ"}) is True
    assert value(has_word, lead={"title": "SVP"}) is False
    assert value(has_word, lead={"title": "VP"}) is False


def test_lists_are_searched_folded() -> None:
    lists = (ListValues("free", ("GMail.com", "ｙａｈｏｏ.co.jp")),)
    assert value(op("in", field("title"), value="free"), lead={"title": "Yahoo.co.jp"}, lists=lists) is True
    assert value(op("ends", field("title"), value="free"), lead={"title": "jane@gmail.COM"}, lists=lists) is True
    assert value(op("starts", field("title"), value="free"), lead={"title": "gmail"}, lists=lists) is False


def test_has_looks_into_a_set() -> None:
    lead = {"tags": ("VIP", "ベータ")}
    assert value(op("has", field("tags"), const("vip", TEXT)), lead=lead) is True
    assert value(op("has", field("tags"), const("x", TEXT), const("ﾍﾞｰﾀ", TEXT)), lead=lead) is True
    assert value(op("has", field("tags"), const("x", TEXT))) is False


def test_tables_teams_and_buckets() -> None:
    tables = (
        TableValues(
            "abm",
            "domain",
            (("domain", TEXT), ("tier", NUMBER), ("until", DATE)),
            (("acme.com", ("acme.com", 1, "2026-12-01")),),
        ),
    )
    lead = {"title": "ACME.com"}
    assert value(op("in_table", field("title"), value="abm"), lead=lead, tables=tables) is True
    assert value(op("lookup", field("title"), type_=NUMBER, value="abm.tier"), lead=lead, tables=tables) == 1.0
    assert value(op("lookup", field("title"), type_=DATE, value="abm.until"), lead=lead, tables=tables) == date(
        2026, 12, 1
    )
    assert value(op("lookup", field("title"), type_=NUMBER, value="abm.tier"), tables=tables) is None
    owner = Expr("always", TEXT, value="owner")
    assert value(op("in_team", owner, value="inside"), inputs={"owner": "A@x.io"}, teams={"inside": ["a@x.io"]}) is True
    import hashlib

    expected = int(hashlib.md5(b"pilot:L1").hexdigest(), 16) % 100
    assert value(op("bucket", type_=NUMBER, value="pilot")) == expected


def test_dates_against_datetimes_compare_by_their_local_date() -> None:
    lead = {"created": date(2026, 4, 1), "seen": datetime(2026, 3, 31, 15, tzinfo=UTC)}  # midnight of 1 April in Tokyo
    assert value(op("eq", field("created"), field("seen")), lead=lead) is True
    assert value(op("lt", field("seen"), field("created")), lead=lead) is False
    assert (
        value(op("days_between", field("created"), Expr("always", DATETIME, value="now"), type_=NUMBER), lead=lead)
        == 215.0
    )


def test_calendar_steps() -> None:
    month = Expr("duration", DURATION, value=(1, "months"))
    lead = {"created": date(2026, 1, 31)}
    assert value(op("shift", field("created"), month, type_=DATE, value=1), lead=lead) == date(2026, 2, 28)
    assert value(op("shift", field("created"), month, type_=DATE, value=1)) is None
    age = op("difference", Expr("always", DATE, value="today"), field("created"), type_=DURATION)
    assert value(op("gt", age, Expr("duration", DURATION, value=(9, "months"))), lead=lead) is True
    assert value(op("gt", age, Expr("duration", DURATION, value=(10, "months"))), lead=lead) is False


def test_always_there() -> None:
    assert value(Expr("always", DATE, value="today")) == date(2026, 11, 2)
    assert value(Expr("always", DATETIME, value="now")) == AS_OF
    assert value(Expr("always", TEXT, value="sequence"), inputs={"sequence": "nurture"}) == "nurture"
    assert value(Expr("always", TEXT, value="sequence")) is None


# -- §4: events


def counted(selection: EventFilter, function: Any = "count", of: str | None = None, type_: Type = NUMBER) -> Aggregate:
    return Aggregate(function, selection, of, type_)


def aggregate(one: Aggregate, events: Sequence[Mapping[str, Any]], **more: Any) -> Any:
    return value(Expr("aggregate", one.type, value=0), aggregates=[one], events=events, **more)


def test_within_excludes_its_start_and_includes_as_of() -> None:
    events = [event("open", days(30)), event("open", days(29.9)), event("open", days(0))]
    assert aggregate(counted(EventFilter(("open",), within=Duration(30, "days"))), events) == 2.0


def test_nothing_sees_an_event_after_as_of() -> None:
    assert aggregate(counted(EventFilter(("open",))), [event("open", days(1)), event("open", days(-1))]) == 1.0


def test_since_excludes_its_moment_and_a_blank_is_no_limit() -> None:
    events = [event("open", days(3)), event("open", days(1))]
    since = EventFilter(("open",), since=field("seen"))
    assert aggregate(counted(since), events, lead={"seen": AS_OF - days(3)}) == 1.0
    assert aggregate(counted(since), events) == 2.0


def test_since_a_date_is_since_its_end() -> None:
    midnight = datetime(2026, 10, 31, 15, tzinfo=UTC)  # 1 November in Tokyo
    events = [{"type": "open", "at": at, "lead_id": "L1"} for at in (midnight - timedelta(seconds=1), midnight)]
    since = EventFilter(("open",), since=field("created"))
    assert aggregate(counted(since), events, lead={"created": date(2026, 10, 31)}) == 1.0
    both = EventFilter(("open",), since=op("latest", field("created"), field("seen"), type_=DATETIME))
    assert aggregate(counted(both), events, lead={"created": date(2026, 10, 31), "seen": AS_OF - days(99)}) == 1.0


def test_since_the_last_of_another_event() -> None:
    recycled = counted(EventFilter(("recycled",)), "last", None, DATETIME)
    opens = counted(EventFilter(("open",), since=Expr("aggregate", DATETIME, value=1)))
    events = [event("open", days(9)), event("recycled", days(5)), event("open", days(2))]
    assert value(Expr("aggregate", NUMBER, value=0), aggregates=[opens, recycled], events=events) == 1.0


def test_where_sees_the_event_and_the_lead() -> None:
    where = op(
        "and",
        op("starts", event_field("path", TEXT), const("/pri", TEXT)),
        op("gt", event_field("minutes", NUMBER), field("employees")),
    )
    events = [
        event("view", days(1), path="/Pricing", minutes=9.0),
        event("view", days(1), path="/pricing", minutes=1.0),
    ]
    assert aggregate(counted(EventFilter(("view",), where=where)), events, lead={"employees": 5.0}) == 1.0


def test_where_knows_the_lead_and_the_moment_of_an_event() -> None:
    mine = op("eq", event_field("lead_id", TEXT), const("l1", TEXT))
    recent = op("gt", event_field("at", DATETIME), const((AS_OF - days(2)).isoformat(), DATETIME))
    events = [event("view", days(1)), event("view", days(3))]
    assert aggregate(counted(EventFilter(("view",), where=op("and", mine, recent))), events) == 1.0


def test_distinct_keeps_the_latest_of_each_folded_value_after_the_other_clauses() -> None:
    events = [
        event("open", days(9), campaign="A", n=1.0),
        event("open", days(8), campaign=None, n=2.0),
        event("open", days(7), campaign="ａ ", n=4.0),
        event("open", days(6), n=8.0),
    ]
    total = counted(EventFilter(("open",), distinct="campaign"), "sum", "n")
    assert aggregate(total, events) == 12.0
    early = counted(
        EventFilter(("open",), where=op("lt", event_field("n", NUMBER), const(4.0)), distinct="campaign"), "sum", "n"
    )
    assert aggregate(early, events) == 3.0


def test_distinct_day_is_the_local_day() -> None:
    moments = ["2026-10-01T14:30", "2026-10-01T15:30", "2026-10-02T10:00"]  # 23:30, then 00:30 and 19:00 in Tokyo
    events = [{"type": "open", "at": datetime.fromisoformat(m).replace(tzinfo=UTC)} for m in moments]
    assert aggregate(counted(EventFilter(("open",), distinct="day")), events) == 2.0


def test_aggregates_pass_over_blanks() -> None:
    events = [event("won", days(3)), event("won", days(2), amount=1.00005), event("won", days(1), amount=None)]
    chosen = EventFilter(("won",))
    assert aggregate(counted(chosen, "first", "amount"), events) == 1.00005
    assert aggregate(counted(chosen, "last", "amount"), events) == 1.00005
    assert aggregate(counted(chosen, "sum", "amount"), events) == 1.0001
    assert aggregate(counted(chosen, "min", "amount"), events) == 1.00005
    assert aggregate(counted(chosen, "last", None, DATETIME), events) == AS_OF - days(1)
    none = EventFilter(("lost",))
    assert aggregate(counted(none), events) == 0.0
    assert aggregate(counted(none, "sum", "amount"), events) == 0.0
    assert aggregate(counted(none, "max", "amount"), events) is None
    assert aggregate(counted(none, "first", None, DATETIME), events) is None


def test_a_sum_does_not_depend_on_the_order() -> None:
    amounts = [0.1] * 10 + [1e9, -1e9]
    for order in (amounts, amounts[::-1]):
        events = [event("won", days(1), amount=amount) for amount in order]
        assert aggregate(counted(EventFilter(("won",)), "sum", "amount"), events) == 1.0


def test_did_and_never() -> None:
    did = Expr("did", YESNO, value=0)
    one = [counted(EventFilter(("a", "b")))]
    assert value(did, aggregates=one, events=[event("b", days(1))]) is True
    assert value(op("not", did), aggregates=one, events=[event("c", days(1))]) is True


def test_of_two_at_one_instant_the_later_in_order_wins() -> None:
    events = [event("open", days(1), campaign="a"), event("open", days(1), campaign="b")]
    assert aggregate(counted(EventFilter(("open",)), "last", "campaign", TEXT), events) == "b"
    assert aggregate(counted(EventFilter(("open",)), "first", "campaign", TEXT), events) == "a"


# -- §6: scores


def test_reasons_add_up() -> None:
    made = score(
        rule("senior", 15, when=op("contains", field("title"), const("VP", TEXT))),
        rule("size", op("min", op("div", field("employees"), const(50.0), type_=NUMBER), const(20.0), type_=NUMBER)),
        rule("rival", -50, when=const(False, YESNO)),
        cap=20.0,
    )
    found = facts(made, lead={"title": "VP", "employees": 1000.0})
    assert found.values["fit"] == 20.0
    assert found.reasons == "fit.senior +15; fit.size +20; fit cap -15"
    assert found.fired == {"fit.senior", "fit.size"}
    assert sum(line.points for line in found.contributions) == 200_000


def test_points_from_a_blank_are_none_and_the_rule_has_still_fired() -> None:
    found = facts(score(rule("size", field("employees"))))
    assert (found.values["fit"], found.reasons, found.fired) == (0.0, "", frozenset({"fit.size"}))


def test_a_contribution_is_rounded_before_it_is_added() -> None:
    third = op("div", const(1.0), const(3.0), type_=NUMBER)
    found = facts(score(rule("a", third), rule("b", third), rule("c", third)))
    assert found.values["fit"] == 0.9999
    assert found.reasons == "fit.a +0.3333; fit.b +0.3333; fit.c +0.3333"


def each(called: str, points: float | Expr, type_: str = "open", **more: Any) -> ScoreRule:
    limits = {key: more.pop(key) for key in ("halving", "fading", "most_points", "most_times") if key in more}
    selection = EventFilter((type_,), **{key: more.pop(key) for key in ("distinct", "within", "where") if key in more})
    return rule(called, points, each=Each(selection, **limits), **more)


def test_each_adds_per_event_within_its_limits() -> None:
    events = [event("open", days(n)) for n in (30, 20, 10, 1)]
    found = facts(
        score(
            each("all", 5),
            each("few", 5, most_times=3),
            each("capped", -5, most_points=12.0),
            each("none", 5, type_="click"),
            each("not_here", 5, when=const(False, YESNO)),
        ),
        events=events,
    )
    assert found.reasons == "fit.all +20; fit.few +15; fit.capped -12"
    assert [line.events for line in found.contributions] == [4, 3, 4]
    assert found.fired == {"fit.all", "fit.few", "fit.capped"}


def test_halving_and_fading() -> None:
    events = [event("open", days(28)), event("open", days(14)), event("open", days(0))]
    halved = score(each("h", 8, halving=Duration(14, "days")))
    assert facts(halved, events=events).values["fit"] == 14.0  # 2 + 4 + 8
    latest = score(each("h", 8, halving=Duration(2, "weeks"), most_times=2))
    assert facts(latest, events=events).values["fit"] == 12.0
    faded = score(each("f", 10, fading=Duration(28, "days")))
    found = facts(faded, events=[event("open", days(40)), *events])
    assert found.values["fit"] == 15.0  # 0 (too old) + 0 + 5 + 10
    assert found.contributions[0].events == 4


def test_the_weight_of_every_event_can_be_seen() -> None:
    events = [event("open", days(28)), event("open", days(14)), event("open", days(0))]
    one = each("h", 8, halving=Duration(14, "days"), most_times=2, most_points=5.0)
    made = program(score(one))
    found = made.facts({}, events, CONTEXT)
    assert made.weighed(one, found) == [(events[1], 4.0), (events[2], 8.0)]
    assert found.reasons == "fit.h +5"
    assert made.weighed(rule("plain", 1), found) == []


def test_weighted_points_are_rounded_per_event_to_six_decimals() -> None:
    # 1 x 0.5^(1/3) = 0.793700526 -> 0.793701; three of them 2.381103 -> 2.3811
    events = [event("open", timedelta(hours=8))] * 3
    assert facts(score(each("h", 1, halving=Duration(1, "days"))), events=events).values["fit"] == 2.3811


def test_a_group_limits_the_sum_of_its_rules() -> None:
    made = score(
        rule("a", 10),
        rule("b", 20, group="email"),
        rule("c", 20, group="email"),
        rule("d", 1),
        groups=(Group("email", "Email", most_points=30.0),),
        cap=35.0,
    )
    found = facts(made)
    assert found.reasons == "fit.a +10; fit.b +20; fit.c +20; fit.email limit -10; fit.d +1; fit cap -6"
    assert found.values["fit"] == 35.0


def test_a_group_limit_is_symmetric() -> None:
    made = score(
        rule("b", -20, group="g"), rule("c", -20, group="g"), groups=(Group("g", None, most_points=30.0),), floor=-25.0
    )
    assert facts(made).reasons == "fit.b -20; fit.c -20; fit.g limit +10; fit floor +5"


def test_a_first_match_group_takes_the_first_that_matches() -> None:
    made = score(
        rule("ceo", 20, when=op("contains", field("title"), const("CEO", TEXT)), group="t"),
        each("seen", 7, group="t"),
        rule("none", 0, group="t"),
        rule("last", 3, group="t"),
        groups=(Group("t", None, first_match=True),),
    )
    assert facts(made, lead={"title": "CEO"}).reasons == "fit.ceo +20"
    assert facts(made, events=[event("open", days(1))]).reasons == "fit.seen +7"
    nothing = facts(made)
    assert (nothing.reasons, nothing.fired) == ("", frozenset({"fit.none"}))


@pytest.mark.parametrize(
    ("start", "end", "exists"),
    [
        ("2026-11-02", None, True),
        ("2026-11-03", None, False),
        (None, "2026-11-02", True),
        (None, "2026-11-01", False),
        ("2026-11-01", "2026-11-03", True),
    ],
)
def test_from_and_until_are_inclusive_local_days(start: str | None, end: str | None, exists: bool) -> None:
    made = score(rule("a", 1, active=Active(start, end)))
    assert facts(made).values["fit"] == (1.0 if exists else 0.0)
    late = Context(TOKYO, datetime(2026, 11, 2, 14, 59, tzinfo=UTC))
    assert facts(made, context=late).values["fit"] == (1.0 if exists else 0.0)


def test_scores_are_numbers_by_name() -> None:
    total = define(op("add", name("fit"), name("fit"), type_=NUMBER), "total")
    assert facts(score(rule("a", 2)), total).values == {"fit": 2.0, "total": 4.0}


# -- §7: thresholds


def temperature(hold: bool = True, otherwise: bool = True) -> Band:
    labels = [
        BandLabel("hot", None, 70.0, 60.0 if hold else None),
        BandLabel("warm", None, 40.0, 35.0 if hold else None),
    ]
    if otherwise:
        labels.append(BandLabel("cold", None, None))
    return Band("temperature", None, 1, field("employees"), tuple(labels), "temperature")


@pytest.mark.parametrize(
    ("number", "before", "label"),
    [
        (70.0, None, "hot"),
        (69.99996, None, "hot"),
        (69.9999, None, "warm"),
        (40.0, None, "warm"),
        (39.0, None, "cold"),
        (None, None, "cold"),
        (65.0, "hot", "hot"),
        (60.0, "hot", "hot"),
        (59.0, "hot", "warm"),
        (36.0, "hot", "warm"),
        (34.0, "hot", "cold"),
        (65.0, "warm", "warm"),
        (36.0, "warm", "warm"),
        (65.0, "cold", "warm"),
        (36.0, "cold", "cold"),
        (36.0, "boiling", "cold"),
        (None, "hot", "cold"),
    ],
)
def test_a_band_with_holds(number: float | None, before: str | None, label: str) -> None:
    found = facts(temperature(), lead={"employees": number}, inputs={"temperature": before})
    assert found.values["temperature"] == label


def test_the_label_before_comes_from_the_state_else_from_the_field() -> None:
    lead = {"employees": 65.0, "temperature": "hot"}
    assert facts(temperature(), lead=lead).values["temperature"] == "hot"
    assert facts(temperature(), lead=lead, inputs={"temperature": "cold"}).values["temperature"] == "warm"


def test_a_band_without_otherwise_is_blank_below_its_last() -> None:
    assert facts(temperature(otherwise=False), lead={"employees": 1.0}).values["temperature"] is None
    assert facts(temperature(otherwise=False)).values["temperature"] is None


def test_a_matrix_with_a_blank_side_is_blank() -> None:
    grade = define(field("title"), "grade")
    made = Matrix(
        "priority",
        None,
        2,
        "grade",
        "temperature",
        ("A", "B"),
        ("hot", "warm", "cold"),
        (("p1", "p1", "p2"), ("p1", "p2", "p3")),
    )
    assert facts(temperature(), grade, made, lead={"title": "B", "employees": 50.0}).values["priority"] == "p2"
    assert facts(temperature(), grade, made, lead={"employees": 50.0}).values["priority"] is None


def lifecycle(forward_only: bool = True, unless: Expr | None = None, otherwise: bool = True) -> Stages:
    labels = [
        ClassLabel("sql", None, op("ge", field("employees"), const(70.0))),
        ClassLabel("mql", None, op("ge", field("employees"), const(40.0))),
    ]
    if otherwise:
        labels.append(ClassLabel("lead", None))
    return Stages("life", None, 3, tuple(labels), forward_only, unless)


@pytest.mark.parametrize(
    ("number", "before", "label"),
    [
        (50.0, None, "mql"),
        (50.0, "sql", "sql"),
        (80.0, "mql", "sql"),
        (1.0, "mql", "mql"),
        (1.0, "old", "lead"),
        (80.0, None, "sql"),
    ],
)
def test_stages_only_go_forward(number: float, before: str | None, label: str) -> None:
    assert facts(lifecycle(), lead={"employees": number}, inputs={"life": before}).values["life"] == label


def test_stages_go_back_when_they_may() -> None:
    back = lifecycle(unless=op("eq", field("title"), const("recycled", TEXT)))
    lead = {"employees": 50.0, "title": "Recycled"}
    assert facts(back, lead=lead, inputs={"life": "sql"}).values["life"] == "mql"
    assert facts(lifecycle(forward_only=False), lead=lead, inputs={"life": "sql"}).values["life"] == "mql"
    assert facts(lifecycle(otherwise=False), lead={}, inputs={"life": "sql"}).values["life"] == "sql"


def test_classify_takes_the_first_that_exists() -> None:
    labels = (
        ClassLabel("gone", None, const(True, YESNO), Active(None, "2026-01-01")),
        ClassLabel("buyer", None, const(True, YESNO)),
        ClassLabel("user", None),
    )
    assert facts(Classify("persona", None, 0, labels)).values["persona"] == "buyer"
    assert facts(Classify("persona", None, 0, labels[:1])).values["persona"] is None


def test_labels_compare() -> None:
    label = Type("label", ("hot", "warm", "cold"), "temperature")
    is_warm = Segment("s", None, 5, op("is_label", name("temperature", label), value=["hot", "warm"]))
    assert facts(temperature(), is_warm, lead={"employees": 50.0}).values["s"] is True
    assert facts(temperature(otherwise=False), is_warm).values["s"] is False


# -- what it saw


def test_a_trace_shows_what_was_looked_at_outermost_first() -> None:
    first = op("ge", field("employees"), const(10.0))
    second = op("contains", field("title"), const("VP", TEXT))
    whole = op("and", first, second)
    made = program()
    seen = made.trace(whole, made.facts({"employees": 5.0, "title": "VP"}, (), CONTEXT))
    assert [(part.expr.op, part.value, part.depth) for part in seen] == [
        ("and", False, 0),
        ("ge", False, 1),
        ("field", 5.0, 2),
        ("const", 10.0, 2),
    ]


def test_facts_with_other_inputs() -> None:
    made = program()
    owner = Expr("always", TEXT, value="owner")
    before = made.facts({"id": "L1"}, (), CONTEXT, {"owner": "a@x.io"})
    assert made.value(owner, before) == "a@x.io"
    assert made.value(owner, before.after({"owner": "b@x.io"})) == "b@x.io"


def test_rep_attributes() -> None:
    made = program()
    fits = op("has", Expr("rep_field", SET, value="industries"), field("title"))
    found = made.facts({"title": "Retail"}, (), CONTEXT)
    assert made.value(fits, found, {"industries": ("retail", "software")}) is True
    assert made.value(fits, found, {}) is False


def test_without_as_of_nothing_is_recent() -> None:
    timeless = Context(TOKYO)
    events = [{"type": "open", "at": AS_OF}]
    assert aggregate(counted(EventFilter(("open",))), events, context=timeless) == 1.0
    assert aggregate(counted(EventFilter(("open",), within=Duration(1, "years"))), events, context=timeless) == 0.0
    assert value(Expr("always", DATE, value="today"), context=timeless) is None


def test_many_rules_are_fast_enough() -> None:
    rules = [rule(f"r{n}", 1, when=op("ge", field("employees"), const(float(n)))) for n in range(1000)]
    assert facts(score(*rules), lead={"employees": 499.0}).values["fit"] == 500.0
