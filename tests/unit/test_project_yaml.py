"""The YAML and JSON readers: core types, places, refusals; against PyYAML and json where those agree with the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from leadrules.core.source import SourceFile
from leadrules.project.document import Document
from leadrules.project.json_file import read_json
from leadrules.project.yaml import read_yaml


def load(text: str) -> Document:
    document, found = read_yaml(SourceFile("x.yaml", text))
    assert document is not None, found
    assert not found
    return document


def refused(text: str) -> tuple[str, str, int, int]:
    document, found = read_yaml(SourceFile("x.yaml", text))
    assert document is None
    assert len(found) == 1
    line, column = found[0].span.file.position(found[0].span.start)
    return found[0].code, found[0].message, line, column


@pytest.mark.parametrize(
    "text", ["NO", "no", "on", "off", "yes", "y", "09:00", "12:30:00", "012", "0b1", "1_000", "2026-01-02"]
)
def test_words_that_yaml_1_1_would_convert_stay_text(text: str) -> None:
    assert load(f"a: {text}\n").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-12", -12), ("0x1F", 31),
        ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("-2.", -2.0), ('"true"', "true"), ("'12'", "12"),
        ("5%", "5%"), ("|-\n  12", "12"),
    ],
)  # fmt: skip
def test_the_core_types_of_yaml_1_2(text: str, value: object) -> None:
    found = load(f"a: {text}\n").data["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("number", [f"0x{'f' * 249}", f"0o{'7' * 9_000}", "9" * 251, f"-{'9' * 500}.5", "1e999"])
def test_a_number_that_nothing_can_count_with_is_refused(number: str) -> None:
    assert refused(f"a: {number}\n")[1] == f"`{number[:40]}` is not a number that can be used"


def test_places_are_those_of_the_keys_and_values_in_code_points() -> None:
    document = load("名前: 𝒳社\r\nb:\n  - [1, 'x y']\n  - {c: d}\n")
    assert document.key("名前").text == "名前"
    assert document.at("名前").text == "𝒳社"
    assert document.at("b", 0, 1).text == "'x y'"
    assert document.at("b", 0).text == "[1, 'x y']"
    assert document.key("b", 1, "c").text == "c"
    assert document.at("b", 1, "nothing").text == "{c: d}"


def test_a_key_that_stands_twice_is_reported_with_both_places() -> None:
    _, found = read_yaml(SourceFile("x.yaml", "a: 1\nb: {c: 1, c: 2}\na: 3\n"))
    assert [(d.code, d.span.as_json()["line"], d.related[0].span.as_json()["column"]) for d in found] == [
        ("LR052", 2, 5),
        ("LR052", 3, 1),
    ]


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("a: &x [1]\nb: *x\n", "LR051", "alias"),
        ("a: !!int 3\n", "LR051", "tag"),
        ("a: 1\n---\nb: 2\n", "LR051", "second"),
        ("a: .nan\n", "LR051", "number"),
        ("a: 1e999\n", "LR051", "number"),
        ("a: " + "9" * 5000, "LR051", "number"),
        ("? [a, b]\n: 1\n", "LR051", "key"),
        ("a:\n\tb: 1\n", "LR050", "tab"),
        ("a: b: c\n", "LR050", "`:`"),
        ("a: 'b\n", "LR050", "never closed"),
        ("a: [1, 2\nb: 3\n", "LR050", ""),
        ("a: @b\n", "LR050", "`@`"),
        ("a: \x07b\n", "LR050", "control"),
    ],
)
def test_what_is_refused_says_why(text: str, code: str, word: str) -> None:
    found, message, *_ = refused(text)
    assert found == code
    assert word in message


def test_a_colon_without_its_space_is_named_as_the_way_out() -> None:
    (one,) = read_yaml(SourceFile("x.yaml", "version:1\nname: a\n"))[1]
    assert "a space behind the `:`" in one.help


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("version: 1\nname: x\nholidays： JP\nfields: {key: id}\n", "full-width `：`", 3, 9),
        ("version： 1\nname: small\n", "full-width `：`", 1, 8),
        ("version: 1\nfields：\n  key: id\n", "full-width `：`", 2, 7),
        ("name: x\nholidays： JP\n", "full-width `：`", 2, 9),
        ("name: x\nholidays JP\nfields: {key: id}\n", "a key without its `:`", 2, 1),
        ("name: 甲：乙\nholidays JP\n", "a key without its `:`", 2, 1),
        ("name: '甲：乙'\n- a\n", "this line does not fit", 2, 1),
    ],
)
def test_a_key_without_its_colon_is_told_where_it_stands(text: str, message: str, line: int, column: int) -> None:
    code, said, *place = refused(text)
    assert (code, place) == ("LR050", [line, column])
    assert message in said


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 50_000 + "x"])
def test_deep_nesting_is_refused_and_does_not_crash(text: str) -> None:
    assert refused(text)[0] == "LR051"


def test_a_bomb_of_aliases_is_refused_at_its_first_alias() -> None:
    text = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert refused(text)[2:] == (2, 8)


TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp")), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé日", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abcé日", min_size=1, max_size=4), TREES, max_size=4))
def test_json_and_yaml_give_back_what_was_written(tree: dict[str, Any]) -> None:
    text = json.dumps(tree, ensure_ascii=False, indent=1)
    document, found = read_json(SourceFile("x.json", text))
    assert document is not None
    assert not found
    assert document.data == tree
    assert load(text).data == tree


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4), st.lists(st.text("ab :#-'\"[]{}\n", max_size=9)), max_size=4
    )
)
def test_block_yaml_reads_as_pyyaml_writes_it(tree: dict[str, Any]) -> None:
    document = load(yaml.safe_dump(tree, allow_unicode=True, default_style='"'))
    assert document.data == tree


@pytest.mark.parametrize(
    ("text", "word", "position"),
    [
        ('{"a": 1,}', "comma", (1, 8)),
        ('{"a": 1 "b": 2}', "comma is missing", (1, 9)),
        ('{"a" 1}', "`:`", (1, 6)),
        ("{'a': 1}", "double quotes", (1, 2)),
        ('{\n// hi\n"a": 1}', "comments", (2, 1)),
        ('{"a": True}', "`true`", (1, 7)),
        ('{"a": NaN}', "not a JSON value", (1, 7)),
        ('{"a": 01}', "not a JSON value", (1, 7)),
        ('{"a": "b\n"}', "never closed", (1, 7)),
        ('{"a": "\\x"}', "escape", (1, 8)),
        ('{"a": "\\ud800"}', "surrogate", (1, 7)),
        ('{"a": [1, 2', "ends inside", (1, 12)),
        ('{"a": }', "missing", (1, 7)),
        ("{} {}", "follows", (1, 4)),
        ("", "empty", (1, 1)),
        ('{"a": 1e999}', "too large", (1, 7)),
        ("[" * 100_000, "nested", (1, 101)),
    ],
)
def test_broken_json_says_where_and_what(text: str, word: str, position: tuple[int, int]) -> None:
    document, found = read_json(SourceFile("x.json", text))
    assert document is None
    assert [d.code for d in found] == ["LR053"]
    assert word in found[0].message
    assert found[0].span.file.position(found[0].span.start) == position
    assert found[0].help


def test_json_may_be_indented_with_tabs_and_keeps_places() -> None:
    document, found = read_json(SourceFile("x.json", '{\n\t"名": ["𝒳", {"b": true}],\n\t"名": 2\n}'))
    assert document is not None
    assert document.at("名", 0).text == '"𝒳"'
    assert document.key("名", 1, "b").text == '"b"'
    assert [(d.code, d.span.as_json()["line"]) for d in found] == [("LR052", 3)]
