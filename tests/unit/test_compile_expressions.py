"""Expressions: what they become, and what is said about those that cannot be meant."""

from __future__ import annotations

import pytest
from tests.example_project import compile_text, compiled, errors

from leadrules.core.diagnostics import Diagnostic, Fix
from leadrules.core.types import DATE, DATETIME, DURATION, NUMBER, TEXT, YESNO, Type
from leadrules.ruleset.model import Define, Expr, Ruleset, Segment

HEAT = "band heat of intent { hot: from 70  warm: from 40  cold: otherwise }\n"
SEQUENCES = (
    "sequence outbound { 1: day 1 call  finish after 3 days }\nsequence later { 1: day 1 call  finish after 3 days }\n"
)
COLLECTIONS = (
    'list rivals = ["rival.com", "other.io"]\nlist odd = [1, 3]\ntable abm from "abm.csv" key domain\n'
    "events mails = [email_sent, email_opened]\n"
)
STAGES = 'stages lifecycle { customer: when status = "Customer"  lead: otherwise }\n'
EVERYTHING = HEAT + SEQUENCES + COLLECTIONS + STAGES


def shown(expr: Expr) -> str:
    """An expression as text: `(op value arg ..)`, a literal as itself."""
    if expr.op == "const":
        return repr(expr.value)
    parts = [expr.op, *([str(expr.value)] if expr.value is not None else []), *map(shown, expr.args)]
    return f"({' '.join(parts)})"


def condition(text: str) -> tuple[Expr, Ruleset]:
    """The condition of one segment."""
    ruleset = compiled(f"{EVERYTHING}segment s when {text}\n")
    (segment,) = [d for d in ruleset.definitions if isinstance(d, Segment)]
    return segment.condition, ruleset


def value(text: str) -> Expr:
    """The value of one definition."""
    (define,) = [d for d in compiled(f"{EVERYTHING}define x = {text}\n").definitions if isinstance(d, Define)]
    return define.value


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("employees > 10", "(gt (field employees) 10.0)"),
        ("employees != 10", "(not (eq (field employees) 10.0))"),
        ('country = " jp "', "(eq (field country) ' jp ')"),
        ("opted_out = true", "(eq (field opted_out) True)"),
        ("not not opted_out", "(not (not (field opted_out)))"),
        ("not not not opted_out", "(not (field opted_out))"),
        ("opted_out and do_not_call and heat is hot", "(and (field opted_out) (field do_not_call) (is_label ('hot',) (name heat)))"),
        ("employees between 1 and 5", "(between (field employees) 1.0 5.0)"),
        ('industry = "ＲＥＴＡＩＬ"', "(eq (field industry) 'Retail')"),
        ('"retail" = industry', "(eq 'Retail' (field industry))"),
        ('industry not in ("retail", "SOFTWARE")', "(not (in (field industry) 'Retail' 'Software'))"),
        ("country in rivals", "(in rivals (field country))"),
        ("employees in odd", "(in odd (field employees))"),
        ("email in abm", "(in_table abm (field email))"),
        ("owner not in team inside", "(not (in_team inside (always owner)))"),
        ("created_at in (2026-01-01, 2026-02-01)", "(or (eq (field created_at) '2026-01-01') (eq (field created_at) '2026-02-01'))"),
        ('title not contains any ("VP", " x")', "(not (contains (field title) 'VP' ' x'))"),
        ("title starts with any rivals", "(starts rivals (field title))"),
        ("title ends with country", "(ends (field title) (field country))"),
        ('title matches any ("^vp", "\\bCEO\\b")', "(matches ('^vp', '\\\\bCEO\\\\b') (field title))"),
        ("title matches any rivals", "(matches ('rival.com', 'other.io') (field title))"),
        ('tags has any ("a", "b")', "(has (field tags) 'a' 'b')"),
        ("title is not blank", "(not (is_blank (field title)))"),
        ("heat is at least warm", "(is_label ('hot', 'warm') (name heat))"),
        ("heat is at most warm", "(is_label ('warm', 'cold') (name heat))"),
        ("heat is one of (cold, hot, cold)", "(is_label ('cold', 'hot') (name heat))"),
        ("heat is not hot", "(not (is_label ('hot',) (name heat)))"),
        ("sequence is outbound", "(is_label ('outbound',) (always sequence))"),
        ("lifecycle.since > today - 1 month", "(gt (since_of lifecycle) (shift -1 (always today) (duration (1, 'months'))))"),
        ('lead.owner = "x"', "(eq (field owner) 'x')"),
        ("owner_changes > step", "(gt (always owner_changes) (always step))"),
        ("did email_sent", "(did 0)"),
        ("never email_sent", "(not (did 0))"),
        ("true", "True"),
    ],
)  # fmt: skip
def test_condition_becomes(text: str, wanted: str) -> None:
    assert shown(condition(text)[0]) == wanted


@pytest.mark.parametrize(
    ("text", "wanted", "type_"),
    [
        ("employees - intent", "(sub (field employees) (field intent))", NUMBER),
        ("employees - intent + 1 - 2", "(add (field employees) (neg (field intent)) 1.0 (neg 2.0))", NUMBER),
        ("1 * 2 * 3 / 4 / 5 * 6", "(mul (div (div (mul 1.0 2.0 3.0) 4.0) 5.0) 6.0)", NUMBER),
        ("- - -employees", "(neg (field employees))", NUMBER),
        ("-5%", "-0.05", NUMBER),
        ("today + 1 month", "(shift 1 (always today) (duration (1, 'months')))", DATE),
        ("today + 3 hours", "(shift 1 (always today) (duration (3, 'hours')))", DATETIME),
        ("2 weeks + created_at", "(shift 1 (field created_at) (duration (2, 'weeks')))", DATETIME),
        ("today - 1 month - 1 day", "(shift -1 (shift -1 (always today) (duration (1, 'months'))) (duration (1, 'days')))", DATE),
        ("now - created_at", "(difference (always now) (field created_at))", DURATION),
        ("created_at + (now - created_at)", "(shift 1 (field created_at) (difference (always now) (field created_at)))", DATETIME),
        ("2026-04-01T09:00", "'2026-04-01T09:00:00+09:00'", DATETIME),
        ("lower(industry)", "(lower (field industry))", TEXT),
        ('if(opted_out, industry, "Other")', "(if (field opted_out) (field industry) 'Other')", TEXT),
        ("lookup(email, abm.tier)", "(lookup abm.tier (field email))", TEXT),
        ("lookup(email, abm.seats)", "(lookup abm.seats (field email))", NUMBER),
        ("lookup(email, abm.since)", "(lookup abm.since (field email))", DATE),
        ('bucket("a/b")', "(bucket a/b)", NUMBER),
        ("count(email_sent)", "(aggregate 0)", NUMBER),
        ("first(email_sent)", "(aggregate 0)", DATETIME),
        ("last(out_of_office.until)", "(aggregate 0)", DATE),
        ("last(form_submitted.form)", "(aggregate 0)", Type("choice", ("contact", "trial", "newsletter"))),
        ("max(deal_won.amount)", "(aggregate 0)", NUMBER),
        ("max(employees, intent)", "(max (field employees) (field intent))", NUMBER),
        ("heat is hot", "(is_label ('hot',) (name heat))", YESNO),
    ],
)  # fmt: skip
def test_value_becomes(text: str, wanted: str, type_: Type) -> None:
    found = value(text)
    assert (shown(found), found.type) == (wanted, type_)


def test_equal_aggregates_share_an_index_and_inner_ones_come_first() -> None:
    text = (
        "did email_sent since last(recycled) and count(email_sent since last(recycled)) > 2 and last(recycled) > today"
    )
    found, ruleset = condition(text)
    assert shown(found) == "(and (did 1) (gt (aggregate 1) 2.0) (gt (aggregate 0) (always today)))"
    assert [a.function for a in ruleset.aggregates] == ["last", "count"]
    assert ruleset.aggregates[1].filter.since == Expr("aggregate", DATETIME, value=0)


def test_clauses_of_an_event() -> None:
    text = 'did page_viewed where (path starts with "/p" and lead.country = "JP" and at > now - 3 days) distinct day within 2 weeks'
    _, ruleset = condition(text)
    selection = ruleset.aggregates[0].filter
    assert selection.types == ("page_viewed",)
    assert selection.where is not None
    assert shown(selection.where) == (
        "(and (starts (event_field path) '/p') (eq (field country) 'JP')"
        " (gt (event_field at) (shift -1 (always now) (duration (3, 'days')))))"
    )
    assert (selection.distinct, selection.within and selection.within.count) == ("day", 2)


def test_a_group_stands_where_a_type_does_with_the_fields_its_members_share() -> None:
    _, ruleset = condition('count(mails where (campaign = "x" and type = "email_sent") distinct campaign) > 1')
    assert ruleset.aggregates[0].filter.types == ("email_sent", "email_opened")
    assert dict(ruleset.event_fields) == {"email_sent": (("campaign", TEXT),), "email_opened": (("campaign", TEXT),)}


def test_only_fields_that_are_read_are_listed_in_schema_order() -> None:
    ruleset = compiled(
        'segment s when employees > 5 and country = "JP" and did page_viewed where (lead.title = path)\n'
    )
    assert [name for name, _ in ruleset.fields] == ["title", "country", "employees"]


PURE = """
define mail_domain = domain_of(email)
define age = today - created_at
segment big when employees > 5
band size of employees { large: from 100  small: otherwise }
score fit { a: +5 when big }
classify kind { x: when size is large  y: otherwise }
"""
IMPURE = """
define opens = count(email_opened)
define who = owner
define twice = opens * 2
band held of employees { large: from 100 hold until below 90  small: otherwise }
score seen { a: +5 each email_sent }
stages life { x: when opted_out  y: otherwise }
classify from_life { x: when life is x  y: otherwise }
"""


def inside_where(text: str) -> list[Diagnostic]:
    return errors(f"{PURE}{IMPURE}segment s when did page_viewed where ({text})\n")


@pytest.mark.parametrize(
    "text",
    [
        "path = lead.mail_domain",
        "lead.age > 3 days",
        "lead.big",
        "lead.size is large",
        "lead.fit > 3",
        "lead.kind is x",
    ],
)
def test_definitions_made_only_of_fields_may_stand_inside_where(text: str) -> None:
    assert inside_where(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "lead.opens > 3",
        'lead.who = "x"',
        "lead.twice > 3",
        "lead.held is large",
        "lead.seen > 3",
        "lead.life is x",
        "lead.from_life is x",
    ],
)
def test_definitions_of_events_or_the_state_may_not(text: str) -> None:
    (finding,) = inside_where(text)
    assert (finding.code, finding.span.text) == ("LR119", text.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    ("text", "code", "underlined", "help_part", "mended"),
    [
        ("heat = hot", "LR112", "=", "heat is hot", "heat is hot"),
        ("heat != hot", "LR112", "!=", "heat is not hot", "heat is not hot"),
        ("heat >= warm", "LR112", ">=", "is at least warm", "heat is at least warm"),
        ('heat = "HOT"', "LR112", '"HOT"', "heat is hot", "heat is hot"),
        ('heat != "hto"', "LR111", '"hto"', "did you mean `hot`", "heat is not hot"),
        ("heat is hto", "LR111", "hto", "did you mean `hot`", "heat is hot"),
        ("heat is lukewarm", "LR111", "lukewarm", "did you mean `warm`", "heat is warm"),
        ("heat in (hot, warm)", "LR112", "heat in (hot, warm)", "is one of", "heat is one of (hot, warm)"),
        ("heat > 50", "LR112", "heat > 50", "is at least", None),
        ("heat = title", "LR112", "heat = title", "heat is hot", None),
        ("hot", "LR112", "hot", "heat is hot", None),
        ("country = JP", "LR113", "JP", '"JP"', 'country = "JP"'),
        ("JP = country", "LR113", "JP", '"JP"', '"JP" = country'),
        ("industry = retail", "LR113", "retail", '"Retail"', 'industry = "Retail"'),
        ("country in (JP, US)", "LR113", "JP, US", '"JP", "US"', 'country in ("JP", "US")'),
        ("title contains vp", "LR113", "vp", '"vp"', 'title contains "vp"'),
        ("country = contry", "LR104", "contry", "country", "country = country"),
        ('industry = "Softwre"', "LR110", '"Softwre"', "Software", 'industry = "Software"'),
        ('industry in ("Retail", "Bank")', "LR110", '"Bank"', "it can be", None),
        ("country is JP", "LR112", "country is JP", 'country = "JP"', 'country = "JP"'),
        ("industry is not retail", "LR112", "industry is not retail", '!= "Retail"', 'industry != "Retail"'),
        ("opted_out is yes", "LR112", "opted_out is yes", "on its own", "opted_out"),
        ('opted_out = "yes"', "LR108", '"yes"', "on its own", None),
        ('title < "M"', "LR116", 'title < "M"', "only `=` and `!=`", None),
        ("title = 5", "LR108", "5", '"5"', 'title = "5"'),
        ('employees = "1,000"', "LR114", '"1,000"', "1_000", "employees = 1_000"),
        ('employees > "ten"', "LR108", '"ten"', "`10`", None),
        ('created_at > "2026-01-01"', "LR114", '"2026-01-01"', "without quotes", "created_at > 2026-01-01"),
        ("created_at > 30 days", "LR108", "30 days", "today - 30 days", None),
        ("created_at > 2026", "LR108", "2026", "2026-04-01", None),
        ("today - created_at > 30", "LR108", "30", "30 days", "today - created_at > 30 days"),
        ("created_at > today - 30", "LR108", "30", "30 days", "created_at > today - 30 days"),
        ("today - created_at > 3 business days", "LR108", "3 business days", "7 days", None),
        ('tags = "vip"', "LR115", "=", 'has "vip"', 'tags has "vip"'),
        ('tags != "vip"', "LR115", "!=", 'has "vip"', 'tags not has "vip"'),
        ('tags not in ("a", "b")', "LR115", 'tags not in ("a", "b")', "not has any", 'tags not has any ("a", "b")'),
        ('tags contains any ("a", "b")', "LR115", "contains any", "has any", 'tags has any ("a", "b")'),
        ('title not has "x"', "LR115", "not has", "contains", 'title not contains "x"'),
        ('"vip" in tags', "LR115", '"vip" in tags', 'tags has "vip"', 'tags has "vip"'),
        ('"VP" in title', "LR115", '"VP" in title', 'title contains "VP"', 'title contains "VP"'),
        ("country in industry", "LR115", "industry", "name a list", None),
        ("title contains rivals", "LR119", "rivals", "any rivals", "title contains any rivals"),
        ('title starts with ""', "LR118", '""', "is not blank", None),
        ('title contains any ("a", "")', "LR118", '""', "is not blank", None),
        ('title matches "a(?!b)"', "LR117", '"a(?!b)"', "look-around", None),
        ('title matches "(a)\\1"', "LR117", '"(a)\\1"', "back-references", None),
        ('title matches any ("ok", "[")', "LR117", '"["', "Rust", None),
        ("title matches country", "LR108", "country", "in quotes", None),
        ("email_opened", "LR119", "email_opened", "did email_opened", "did email_opened"),
        ("did email_opend", "LR105", "email_opend", "email_opened", "did email_opened"),
        ("did email_opened or email_clicked", "LR124", "email_clicked", "did email_clicked", "did email_opened or did email_clicked"),
        ("employees = 5 or 7", "LR124", "7", "in (5, 7)", "employees in (5, 7)"),
        ("employees > 5 and 7", "LR124", "7", "both sides", None),
        ('did page_viewed where (country = "JP")', "LR119", "country", "lead.country", 'did page_viewed where (lead.country = "JP")'),
        ('did page_viewed where (page_viewed.path = "x")', "LR119", "page_viewed.path", "write `path`", 'did page_viewed where (path = "x")'),
        ('did page_viewed where (pth = "x")', "LR106", "pth", "did you mean `path`", 'did page_viewed where (path = "x")'),
        ("did page_viewed where (did email_sent)", "LR119", "did email_sent", "join it with `and`", None),
        ("did page_viewed distinct url", "LR106", "url", "`path`", None),
        ('did mails where (url = "x")', "LR106", "url", "`campaign`", None),
        ("did page_viewed since 30 days", "LR120", "30 days", "within", None),
        ("did page_viewed since count(email_sent)", "LR120", "count(email_sent)", "last(", None),
        ("did page_viewed since heat", "LR120", "heat", "last(", None),
        ('did page_viewed since "2026-01-01"', "LR108", '"2026-01-01"', "without quotes", "did page_viewed since 2026-01-01"),
        ("sum(deal_won) > 1", "LR121", "deal_won", "deal_won.amount", None),
        ("count(deal_won.amount) > 1", "LR121", "deal_won.amount", "count(deal_won)", "count(deal_won) > 1"),
        ("sum(page_viewed.path) > 1", "LR108", "path", "count(page_viewed)", None),
        ("max(created_at, today) > today", "LR121", "created_at", "latest", None),
        ("lenght(title) > 5", "LR107", "lenght", "length", "length(title) > 5"),
        ("days_between(created_at) > 5", "LR121", "days_between(created_at)", "days_between(a, b)", None),
        ('lookup(email, abm.teir) = "gold"', "LR123", "teir", "tier", 'lookup(email, abm.tier) = "gold"'),
        ('lookup(email, abn.tier) = "gold"', "LR104", "abn", "abm", 'lookup(email, abm.tier) = "gold"'),
        ('abm.tier = "gold"', "LR119", "abm.tier", "lookup(KEY, abm.tier)", None),
        ("rivals", "LR119", "rivals", "FIELD in rivals", None),
        ("rep.win_rate > 0.5", "LR119", "rep.win_rate", "owner", None),
        ("heat.since > today", "LR119", "heat.since", "stages", None),
        ('lead.contry = "JP"', "LR104", "contry", "country", 'lead.country = "JP"'),
        ("employes > 5", "LR104", "employes", "employees", "employees > 5"),
        ("open-opportunities > 5", "LR122", "open-opportunities", "open_opportunities", "open_opportunities > 5"),
        ("win-back", "LR122", "win-back", "win_back", None),
        ("owner in team insde", "LR150", "insde", "inside", "owner in team inside"),
        ("sequence is outbuond", "LR111", "outbuond", "outbound", "sequence is outbound"),
        ("sequence is at least outbound", "LR108", "sequence is at least outbound", "is one of", None),
        ("employees", "LR109", "employees", "employees > 0", None),
        ("not country", "LR109", "country", 'country = "..."', None),
        ('if(opted_out, 1, "x") = 1', "LR121", '"x"', "if(c, a, b)", None),
        ("employees + title > 5", "LR108", "employees + title", "concat", None),
        ("employees * title > 5", "LR108", "title", "number", None),
        ("employees in rivals", "LR108", "employees in rivals", "list of text", None),
    ],
)  # fmt: skip
def test_mistake(text: str, code: str, underlined: str, help_part: str, mended: str | None) -> None:
    source = f"{EVERYTHING}segment s when {text}\n"
    (finding,) = errors(source)
    assert (finding.code, finding.span.text) == (code, underlined)
    assert help_part in finding.help
    assert [fixed(source, fix) for fix in finding.fixes] == (
        [f"{EVERYTHING}segment s when {mended}\n"] if mended else []
    )
    if mended:
        assert errors(f"{EVERYTHING}segment s when {mended}\n") == []


def fixed(source: str, fix: Fix) -> str:
    """The text after a fix."""
    for edit in sorted(fix.edits, key=lambda e: -e.span.start):
        source = source[: edit.span.start] + edit.text + source[edit.span.end :]
    return source


@pytest.mark.parametrize(
    "text",
    [
        'define a = b\ndefine b = a\nsegment s when a > 3 and b = "x" and a is hot\n',
        'define a = employes\nsegment s when a > 3 and a = "x" and a is hot and a\n',
        'define a = 5\ndefine a = title\nsegment s when a > 3 and a contains "x" and a is hot\n',
        'define country = 5\nsegment s when country > 3 and country contains "x" and country is hot\n',
        'list l = ["a", 2]\nsegment s when employees in l and title contains any l\n',
        'table t from "nothing.csv" key domain\nsegment s when email in t and lookup(email, t.x) = 5\n',
        "segment s when did nothing where (x = 5) and count(nothing) > 1\n",
    ],
)  # fmt: skip
def test_uses_of_what_is_wrong_report_nothing_more(text: str) -> None:
    found = errors(text)
    assert len({(d.span.file.path, d.span.start) for d in found}) == 1, found


def test_several_mistakes_are_all_reported_in_order() -> None:
    text = 'segment a when contry = "JP"\nsegment b when employees > "x"\nscore c { x: +5 }\nsegment d when industry = "x"\n'
    assert [d.code for d in errors(text)] == ["LR104", "LR108", "LR131", "LR110"]


def test_deep_brackets_and_long_chains_compile() -> None:
    deep = "(" * 95 + "employees > 1" + ")" * 95
    nested = "opted_out"
    for _ in range(30):
        nested = f"not (do_not_call and (employees + (2 * -intent) > 3 or ({nested})))"
    long = " or ".join(f"employees = {i}" for i in range(5_000))
    many = " + ".join(f"employees * {i}" for i in range(1, 5_000))
    assert errors(f"segment a when {deep}\nsegment b when {nested}\nsegment c when {long}\ndefine d = {many}\n") == []


def test_a_chain_that_depends_on_itself_too_long_is_refused() -> None:
    (divisions,) = errors(f"define a = employees{' / 2' * 101}\n")
    (steps,) = errors(f"define a = today{' + 1 day' * 101}\n")
    assert {divisions.code, steps.code} == {"LR126"}


def test_symbols_hold_declarations_and_uses() -> None:
    result, _ = compile_text(f'{HEAT}segment s when heat is hot and country = "JP" and did email_sent\n')
    symbols = {(s.kind, s.name): s for s in result.symbols}
    assert symbols["band", "heat"].span is not None
    assert symbols["band", "heat"].span.text == "heat"
    assert [u.text for u in symbols["band", "heat"].uses] == ["heat"]
    assert [u.text for u in symbols["label", "heat.hot"].uses] == ["hot"]
    assert [u.text for u in symbols["field", "country"].uses] == ["country"]
    assert [u.text for u in symbols["event", "email_sent"].uses] == ["email_sent"]
    assert symbols["segment", "s"].uses == ()


def test_both_places_of_a_double_name_are_shown() -> None:
    (finding,) = errors("define size = 5\nsegment size when opted_out\n")
    assert isinstance(finding, Diagnostic)
    assert [finding.span.text, *(r.span.text for r in finding.related)] == ["size", "size"]
    assert finding.span.start > finding.related[0].span.start
