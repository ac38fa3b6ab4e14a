"""`test` blocks: their values as JSON, their times with offset, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.example_project import compiled, errors, example_project

from leadrules.compile.compile import compile_project
from leadrules.core.source import SourceFile
from leadrules.ruleset import model
from leadrules.ruleset.model import Duration, Template
from leadrules.syntax.parse import parse

BASE = """
define big = employees >= 1000
segment enterprise when employees >= 1000
score fit { size: +10 when employees > 50  group g { senior: +5 when title contains "VP" } }
band size of employees { large: from 1000  small: otherwise }
stages lifecycle { customer: when status = "Customer"  lead: otherwise }
sequence outbound { 1: day 1 email auto template "intro"  finish after 3 days }
route sales { rest: team inside otherwise }
trigger asked { on form_submitted  do assign with sales }
events touches = [call_made, email_sent]
"""


def lines(body: str, rules: str = "") -> tuple[model.TestItem, ...]:
    text = f'{BASE}{rules}test "t" {{\n{body}\n  expect employees is blank\n}}\n'
    return compiled(text).tests[0].items


def given(values: str) -> dict[str, object]:
    return dict(lines(f"  given {values}")[0].values)


def test_the_test_of_the_language_page() -> None:
    text = BASE + (
        'test "An inquiry is answered at once and owned" {\n'
        "  as of 2026-11-02T10:00\n"
        '  given employees = 500, country = "JP"\n'
        '  event form_submitted 5 minutes ago with form = "CONTACT"\n'
        "  event email_opened at 2026-09-20\n"
        "  expect fired trigger.asked\n"
        '  expect not action email template "thanks"\n'
        '  expect action set status = "working"\n'
        "  then after 4 days\n"
        "  expect sequence is blank\n"
        "}\n"
    )
    test = compiled(text).tests[0]
    as_of, lead, form, opened, fired, email, status, then, expect = test.items
    assert test == model.Test("An inquiry is answered at once and owned", test.items)
    assert as_of == model.TestItem("as_of", time="2026-11-02T10:00:00+09:00")
    assert lead == model.TestItem("given", values=(("employees", 500.0), ("country", "JP")))
    assert form == model.TestItem(
        "event", name="form_submitted", ago=Duration(5, "minutes"), values=(("form", "contact"),)
    )
    assert opened == model.TestItem("event", name="email_opened", time="2026-09-20T00:00:00+09:00")
    assert fired == model.TestItem("fired", path="trigger.asked")
    assert email == model.TestItem("action", channel="email", template=Template("thanks"), negated=True)
    assert status == model.TestItem("action", channel="set", field="status", value="Working")
    assert then == model.TestItem("then", ago=Duration(4, "days"))
    assert expect.kind == "expect"
    assert expect.condition is not None


@pytest.mark.parametrize(
    ("written", "json"),
    [
        ("employees = 12", {"employees": 12.0}),
        ("annual_revenue = -5", {"annual_revenue": -5.0}),
        ("intent = 50%", {"intent": 0.5}),
        ("opted_out = true, do_not_call = false", {"opted_out": True, "do_not_call": False}),
        ("contract_renewal_date = 2026-04-01", {"contract_renewal_date": "2026-04-01"}),
        ("created_at = 2026-04-01T09:30", {"created_at": "2026-04-01T09:30:00+09:00"}),
        ("created_at = 2026-04-01", {"created_at": "2026-04-01T00:00:00+09:00"}),
        ('tags = ["a", "b"]', {"tags": ["a", "b"]}),
        ('tags = ["a"]', {"tags": ["a"]}),
        ('status = "ｃｕｓｔｏｍｅｒ"', {"status": "Customer"}),
        ("size = large", {"size": "large"}),
        ('lifecycle = "customer"', {"lifecycle": "customer"}),
        ("sequence = outbound, step = 1", {"sequence": "outbound", "step": 1.0}),
        (
            'enrolled_at = 2026-04-01, owner = "queue:nurture"',
            {"enrolled_at": "2026-04-01T00:00:00+09:00", "owner": "queue:nurture"},
        ),
    ],
)
def test_given_values_are_json(written: str, json: dict[str, object]) -> None:
    assert given(written) == json


def test_giving_a_field_makes_no_rule_read_it() -> None:
    ruleset = compiled(
        BASE + 'test "t" { given lost_reason = "x"  event email_clicked 1 day ago  expect fired fit.size }\n'
    )
    assert "lost_reason" not in dict(ruleset.fields)
    assert "email_clicked" not in dict(ruleset.event_fields)


def test_rules_in_groups_fire_too() -> None:
    paths = [
        i.path for i in lines("  expect fired fit.senior\n  expect not fired route.sales.rest") if i.kind == "fired"
    ]
    assert paths == ["fit.senior", "route.sales.rest"]


def test_more_may_happen_between_expectations() -> None:
    items = lines(
        "  expect employees is blank\n  event call_made 1 day ago\n  expect size is small\n  then after 1 day"
    )
    assert [item.kind for item in items] == ["expect", "event", "expect", "then", "expect"]


def test_a_field_may_be_given_again_after_an_expectation() -> None:
    items = lines("  given intent = 5\n  expect intent = 5\n  given intent = 6")
    assert [item.values for item in items if item.kind == "given"] == [(("intent", 5.0),), (("intent", 6.0),)]


def test_more_may_be_given_for_a_later_run() -> None:
    items = lines("  given employees = 5\n  expect employees = 5\n  then after 1 day\n  given employees = 6")
    assert [item.kind for item in items] == ["given", "expect", "then", "given", "expect"]


BAD = [
    ("given employees = 5", "LR186", 'test "t"'),
    ("as of 2026-01-01  as of 2026-01-02  expect employees = 5", "LR187", "as of 2026-01-02"),
    ("expect employees = 5  then after 1 day  as of 2026-01-02", "LR187", "as of 2026-01-02"),
    ("expect employees = 5  given employees = 5", "LR187", "given employees = 5"),
    ("expect employees = 5  event email_opened 1 day ago", "LR187", "event email_opened 1 day ago"),
    ("given employes = 5  expect big", "LR188", "employes"),
    ("given fit = 5  expect big", "LR188", "fit"),
    ("given enterprise = true  expect big", "LR188", "enterprise"),
    ("given employees = 5, employees = 6  expect big", "LR165", "employees"),
    ("given employees = size  expect big", "LR189", "size"),
    ("given employees = 5 + 1  expect big", "LR189", "5 + 1"),
    ("given employees = [5, 6]  expect big", "LR189", "5, 6"),
    ("given employees = 5.5  expect big", "LR189", "5.5"),
    ("given employees = -5  expect big", "LR189", "-5"),
    ("given fiscal_month = 13  expect big", "LR189", "13"),
    ('given tags = "a"  expect big', "LR189", '"a"'),
    ('given employees = "5"  expect big', "LR108", '"5"'),
    ('given status = "Neu"  expect big', "LR110", '"Neu"'),
    ("given size = lage  expect big", "LR111", "lage"),
    ("given sequence = outbond  expect big", "LR111", "outbond"),
    ("given size = 5  expect big", "LR189", "5"),
    ("as of 9999-12-31  expect big  then after 1 day  expect big", "LR189", "9999-12-31"),
    ("as of 0001-01-01  event email_opened 5 days ago  expect big", "LR189", "0001-01-01"),
    ("as of 9000-12-31  expect big  then after 1 day  expect big", "LR189", "1 day"),
    ("expect big" + "  then after 1_000 years  expect big" * 8, "LR189", "1_000 years"),
    ("as of 1000-01-01  event email_opened 1_000 years ago  expect big", "LR189", "1_000 years"),
    ("event email_oponed 1 day ago  expect big", "LR105", "email_oponed"),
    ("event touches 1 day ago  expect big", "LR105", "touches"),
    ('event page_viewed 1 day ago with pth = "/"  expect big', "LR106", "pth"),
    ("event page_viewed 1 day ago with path = 5  expect big", "LR108", "5"),
    ("expect employees", "LR109", "employees"),
    ("expect fired fit.sise", "LR190", "sise"),
    ("expect fired fitt.size", "LR190", "fitt"),
    ("expect fired trigger.askd", "LR190", "askd"),
    ("expect fired route.sale.rest", "LR190", "sale"),
    ("expect fired route.sales.rst", "LR190", "rst"),
    ("expect fired route.sales", "LR190", "route.sales"),
    ("expect action phone", "LR191", "phone"),
    ("expect action send", "LR191", "send"),
    ('expect action email template "intor"', "LR153", "intor"),
    ("expect action email template by size", "LR191", "template by size"),
    ('expect action set statsu = "New"', "LR104", "statsu"),
    ('expect action set status = "Neu"', "LR110", '"Neu"'),
]


@pytest.mark.parametrize(("body", "code", "underlined"), BAD)
def test_each_mistake_is_one_error_at_its_place(body: str, code: str, underlined: str | None) -> None:
    found = errors(f'{BASE}test "t" {{ {body} }}\n')
    assert [d.code for d in found] == [code], [d.message for d in found]
    if underlined is not None:
        assert found[0].span.text == underlined
    assert found[0].help


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("expect asked fired", "expect fired trigger.asked"),
        ("expect not asked fired", "expect not fired trigger.asked"),
        ("expect asked not fired", "expect not fired trigger.asked"),
        ("expect fired asked", "expect fired trigger.asked"),
        ("expect size fired", "expect fired fit.size"),
        ("expect senior fired", "expect fired fit.senior"),
        ("expect rest fired", "expect fired route.sales.rest"),
        ("expect fired sales", "expect fired route.sales.rest"),
        ("expect trigger.asked not fired", "expect not fired trigger.asked"),
        ("expect fit.size not fired", "expect not fired fit.size"),
        ("expect route.sales.rest fired", "expect fired route.sales.rest"),
        ("expect route.sales.rest not fired", "expect not fired route.sales.rest"),
        ("expect `the name` fired", "expect fired trigger.`the name`"),
    ],
)
def test_what_fires_before_fired_or_by_its_bare_name_is_one_error_with_a_fix(written: str, meant: str) -> None:
    named = "trigger `the name` { when opted_out  do assign with sales }\n"
    text = f'{BASE}{named}test "t" {{ {{}}  expect big }}\n'.replace("{}", written)
    (found,) = errors(text)
    ((edit,),) = [fix.edits for fix in found.fixes]
    fixed = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert fixed == text.replace(written, meant)
    assert errors(fixed) == []


def test_a_bare_name_that_may_be_several_rules_or_none_has_no_fix() -> None:
    more = "score fat { size: +5 when employees > 9 }\n"
    for written, way_out in (
        ("expect size fired", "write one of `fit.size`, `fat.size`"),
        ("expect fit fired", "write one of `fit.size`, `fit.senior`"),
        ("expect big fired", "the forms are `score.rule`, `trigger.NAME` and `route.NAME.rule`"),
        ("expect nothing_like_it fired", "the forms are `score.rule`, `trigger.NAME` and `route.NAME.rule`"),
    ):
        (found,) = errors(f'{BASE}{more}test "t" {{ {written} }}\n')
        assert (found.code, found.span.text, found.help, found.fixes) == ("LR190", written, way_out, ())


def test_a_spring_forward_time_moves_by_the_gap() -> None:
    text = 'test "t" { as of 2026-03-29T02:30  event email_opened at 2026-10-25T02:30  expect employees is blank }\n'
    project = replace(example_project(), timezone="Europe/Berlin")
    ruleset = compile_project(project, [parse(SourceFile("rules/t.lead", text))[0]]).ruleset
    assert ruleset is not None
    as_of, event, _ = ruleset.tests[0].items
    assert as_of.time == "2026-03-29T03:30:00+02:00"
    assert event.time == "2026-10-25T02:30:00+02:00"
