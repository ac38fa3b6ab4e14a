"""Parsing: the trees of every construct, exact places, and what is kept of a broken file."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path

import pytest

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile
from leadrules.syntax import nodes as n
from leadrules.syntax.parse import parse

CONTRACT = Path(__file__).parents[2].parent / "shared" / "design" / "language.md"


def read(text: str) -> tuple[n.Module, list[Diagnostic]]:
    return parse(SourceFile("rules/example.lead", text))


def good(text: str) -> n.Module:
    module, found = read(text)
    assert found == []
    return module


def value(text: str) -> n.Expression:
    """The expression of a definition, which must be without a mistake."""
    statement = good(f"define x = {text}\n").statements[0]
    assert isinstance(statement, n.Define)
    return statement.value


def found(text: str) -> list[tuple[str, str]]:
    return [(d.code, d.span.text) for d in read(text)[1]]


def names(module: n.Module) -> list[str]:
    return [s.name.text for s in module.statements if s.name]


def name(text: str) -> n.Name:
    expression = value(text)
    assert isinstance(expression, n.Name)
    return expression


def test_the_blocks_of_the_contract_parse() -> None:
    if not CONTRACT.exists():
        pytest.skip("the contract is not beside this checkout")
    blocks = re.findall(r"```lead\n(.*?)```", CONTRACT.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 7
    for block in blocks:
        good(block)


def test_chains_are_flat_and_brackets_are_not() -> None:
    a, b, c = name("a"), name("b"), name("c")
    assert value("a or b or c") == n.Or(items=(a, b, c), span=a.span)
    assert value("a and b or c") == n.Or(items=(n.And(items=(a, b), span=a.span), c), span=a.span)
    assert value("a - b + c") == n.Sum(terms=(a, b, c), signs=("+", "-", "+"), span=a.span)
    inner = n.Sum(terms=(b, c), signs=("+", "-"), span=a.span)
    assert value("a - (b - c)") == n.Sum(terms=(a, inner), signs=("+", "-"), span=a.span)
    assert value("a / b * c") == n.Product(factors=(a, b, c), operators=("*", "/", "*"), span=a.span)
    assert value("a + b * c") == n.Sum(
        terms=(a, n.Product(factors=(b, c), operators=("*", "*"), span=a.span)), signs=("+", "+"), span=a.span
    )


def test_not_binds_weaker_than_a_comparison_and_stronger_than_and() -> None:
    negated = value("not a = 1 and b")
    assert isinstance(negated, n.And)
    assert isinstance(negated.items[0], n.Not)
    assert isinstance(negated.items[0].value, n.Compare)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", 10.0),
        ("0.5", 0.5),
        ("1_000", 1000.0),
        ("5%", 0.05),
        ("0.1%", 0.001),
        ("-3", -3.0),
        ("+3", 3.0),
        ("0", 0.0),
    ],
)
def test_numbers(text: str, expected: float) -> None:
    literal = value(text)
    assert isinstance(literal, n.NumberLiteral)
    assert literal.value == expected


def test_thresholds_and_bounds_are_numbers_like_any_other() -> None:
    (band,) = good("band share of rate { good: from 25% hold until below 20%  low: from -2.5% }\n").statements
    assert isinstance(band, n.Band)
    assert [(label.start, label.hold) for label in band.labels] == [(0.25, 0.2), (-0.025, None)]


def test_texts_and_their_escapes() -> None:
    literal = value(r'"a \"b\" \\ \n é"')
    assert isinstance(literal, n.TextLiteral)
    assert literal.value == 'a "b" \\ \n é'
    assert found('define x = "a\\qb\\t"\n') == [("LR012", "\\q"), ("LR012", "\\t")]


def test_a_pattern_keeps_its_backslashes() -> None:
    test = value(r'a matches "^\d+\"\s\\$"')
    assert isinstance(test, n.TextTest)
    assert isinstance(test.operand, n.TextLiteral)
    assert test.operand.value == r'^\d+"\s\\$'
    several = value(r'a not matches any ("\d", "\s")')
    assert isinstance(several, n.TextTest)
    assert several.negated
    assert isinstance(several.operand, n.Items)
    assert [v.value for v in several.operand.values if isinstance(v, n.TextLiteral)] == [r"\d", r"\s"]


def test_dates_times_and_durations() -> None:
    assert value("2026-04-01") == n.DateLiteral(value=date(2026, 4, 1), span=name("a").span)
    assert value("2026-04-01T09:30") == n.DateTimeLiteral(value=datetime(2026, 4, 1, 9, 30), span=name("a").span)  # noqa: DTZ001
    for text, count, unit in [
        ("15 minutes", 15, "minutes"),
        ("1 hour", 1, "hours"),
        ("5 business days", 5, "business days"),
        ("1 business day", 1, "business days"),
        ("2 weeks", 2, "weeks"),
        ("1 quarter", 1, "quarters"),
    ]:
        literal = value(text)
        assert isinstance(literal, n.DurationLiteral)
        assert (literal.count, literal.unit) == (count, unit)


def test_names_compare_after_nfc() -> None:
    decomposed = "é"
    module, _ = read(f"define `caf{decomposed}` = 1\n")
    assert module.statements[0].name is not None
    assert module.statements[0].name.key == "café"


@pytest.mark.parametrize(
    "word",
    ["score", "stage", "list", "day", "owner", "type", "sequence", "points", "email", "test", "first", "team", "on"],
)
def test_contextual_words_are_names(word: str) -> None:
    assert name(word).name.text == word
    good(f"define {word} = {word} + 1\nscore {word} {{ {word}: +5 when {word} > 3 or {word} is {word} }}\n")


def test_any_word_may_be_a_rules_id() -> None:
    module = good("score s { when: +1 when a  or: +2 when b\n floor: +3 when c\n days: +4 when d > 5\n floor 5 }\n")
    score = module.statements[0]
    assert isinstance(score, n.Score)
    assert [i.name.text for i in score.items if isinstance(i, n.ScoreRule)] == ["when", "or", "floor", "days"]


@pytest.mark.parametrize("text", ["a andb", "a and5", "a isblank", "notx y", "a in5"])
def test_a_keyword_ends_at_a_word_boundary(text: str) -> None:
    assert len(read(f"define x = {text}\n")[1]) == 1


def test_places_are_exact() -> None:
    text = 'score fit "Fit" {\n  a: +5 when (b = "x")\n  group g { c: +1 each e within 3 days }\n}\n'
    score = good(text).statements[0]
    assert score.span.text == text.rstrip()
    assert score.name is not None
    assert score.name.span.text == "fit"
    places = {type(node).__name__: node.span.text for node in n.walk(score)}
    assert places["Compare"] == '(b = "x")'
    assert places["TextLiteral"] == '"x"'
    assert places["Group"] == "group g { c: +1 each e within 3 days }"
    assert places["Each"] == "each e within 3 days"
    assert places["DurationLiteral"] == "3 days"


def test_a_byte_order_mark_and_crlf_move_no_place() -> None:
    module = good("﻿define a = 1\r\n# note\r\ndefine bb = 2\r\n")
    assert [s.span.text for s in module.statements] == ["define a = 1", "define bb = 2"]
    assert [span.text for span in module.comments] == ["# note"]
    assert module.statements[1].span.as_json()["line"] == 3


def test_steps_of_a_sequence() -> None:
    module = good('sequence s { 1: day 1 09:00 email auto "x" template "t" when a\n 2: wait 2 days call }\n')
    sequence = module.statements[0]
    assert isinstance(sequence, n.Sequence)
    first, second = sequence.items
    assert isinstance(first, n.Step)
    assert isinstance(second, n.Step)
    assert (first.number, first.day, first.at, first.auto, first.content) == (1, 1, time(9), True, "x")
    assert first.number_span.text == "1"
    assert second.wait is not None
    assert (second.wait.count, second.auto) == (2, False)


def test_seven_mistakes_are_seven_errors_in_order() -> None:
    text = (
        "define a = (b + 1\n"
        'segment c when d == "x"\n'
        "score e {\n  f: 5 when a\n  g: +5 whn a\n  ok: +5 when a\n}\n"
        "band h of a {\n  hot: >= 70\n  cold: otherwise\n}\n"
        "route i { rest: team t by round robin otherwise }\n"
        "segment j when a >=\n"
        "segment fine when a\n"
    )
    module, wrong = read(text)
    assert [d.span.as_json()["line"] for d in wrong] == [1, 2, 4, 5, 9, 12, 13]
    assert names(module) == ["a", "c", "e", "h", "i", "j", "fine"]
    score = module.statements[2]
    assert isinstance(score, n.Score)
    assert len(score.items) == 3


def test_a_broken_line_keeps_its_name_and_its_neighbours() -> None:
    text = "score s {\n  a: +1 when b\n  c: +2 when ) nonsense here\n  d: +3 when e\n}\ndefine f = s\n"
    module, wrong = read(text)
    assert len(wrong) == 1
    score = module.statements[0]
    assert isinstance(score, n.Score)
    assert score.damaged
    assert [i.name.text for i in score.items if isinstance(i, n.ScoreRule)] == ["a", "c", "d"]
    assert not module.statements[1].damaged


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        ("define", "define x ="),
        ("segment", "segment x when ("),
        ("list", "list x = ["),
        ("table", "table x from"),
        ("events", "events x = 5"),
        ("score", "score x ] {\n}"),
        ("band", "band x {\n}"),
        ("matrix", "matrix x {\n}"),
        ("classify", "classify x = {\n}"),
        ("stages", "stages x 5 {\n}"),
        ("route", "route x order {\n}"),
        ("sequence", "sequence x ( {\n}"),
        ("trigger", "trigger x on {\n}"),
        ("funnel", "funnel x of {\n}"),
        ("goal", "goal x - {\n}"),
        ("assert", "assert x: a"),
    ],
)
def test_a_block_whose_header_is_broken_stays_defined(kind: str, block: str) -> None:
    module, wrong = read(f"{block}\ndefine other = 1\n")
    assert len(wrong) == 1, wrong
    assert names(module) == ["x", "other"]


def test_a_missing_brace_is_reported_where_it_was_opened() -> None:
    text = "score a {\n  b: +1 when c\n\nscore d {\n  e: +1 when c\n}\n"
    module, wrong = read(text)
    assert [(d.code, d.span.start) for d in wrong] == [("LR022", text.index("{"))]
    assert names(module) == ["a", "d"]


def test_what_stands_in_column_one_of_an_open_block() -> None:
    module = good("score a {\nlist: +1 when b\nscore: +2 when\nscore\n}\ndefine c = a and\nscore > 5\n")
    assert names(module) == ["a", "c"]


def test_block_words_outside_column_one() -> None:
    module, wrong = read("  define a = 1\ndefine b = 2 define c = 3\n")
    assert [d.code for d in wrong] == ["LR021", "LR021"]
    assert names(module) == ["a", "b", "c"]


def test_alternatives_after_or_are_read_as_meant() -> None:
    module, wrong = read('define x = a contains "b" or "c" and d\n')
    assert [d.code for d in wrong] == ["LR015"]
    both = module.statements[0]
    assert isinstance(both, n.Define)
    assert isinstance(both.value, n.And)
    assert isinstance(both.value.items[0], n.TextTest)


def test_layout_takes_no_part_in_equality() -> None:
    one = good("score s { a: +5 when b and c }\n").statements
    other = good("score s {\n  a:\n    +5 when b\n      and c   # why\n}\n").statements
    assert one == other
