"""The grammar file by itself, and the tables made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lark import Lark

from leadrules.core.resources import grammar_text, shipped
from leadrules.syntax import tables as shipped_tables
from leadrules.syntax.build import Builder
from leadrules.syntax.grammar import END, language
from leadrules.syntax.words import BLOCKS, BRACED, RESERVED, SYNONYMS


def test_the_grammar_is_lalr_without_any_conflict() -> None:
    Lark(grammar_text("leadrules.lark"), parser="lalr", strict=True)


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    file = (shipped("grammar") / "leadrules.tables.json").read_text(encoding="utf-8")
    assert file == shipped_tables.written(grammar_text("leadrules.lark")) + "\n", "run `make tables`"


def test_shipped_tables_parse_as_built_ones_do() -> None:
    built = shipped_tables.build(grammar_text("leadrules.lark"), Builder())
    states = built.parse_interactive().parser_state.parse_conf.states
    assert sorted(map(sorted, states.values())) == sorted(map(sorted, language().states.values()))
    assert len(states) == len(language().states) > 900


def test_tables_of_another_grammar_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leadrules.tables.json").write_text('{"made_of": "lark 0.1 abc"}')
    monkeypatch.setattr(shipped_tables, "shipped", lambda folder: tmp_path)
    assert len(shipped_tables.parser(Builder()).rules) == len(language().lark.rules)


def test_every_terminal_has_a_phrase_that_is_no_grammar_symbol() -> None:
    tables = language()
    terminals = {name for state in tables.states.values() for name in state if name.isupper() or name == END}
    for name in terminals:
        phrase = tables.phrase(name)
        assert phrase or name == "BROKEN"
        assert name not in phrase


def test_every_rule_that_makes_a_node_has_a_builder() -> None:
    made = {rule.alias or rule.origin.name for rule in language().lark.rules}
    inlined = {rule.origin.name for rule in language().lark.rules if rule.options.expand1 and not rule.alias}
    wanted = {name for name in made - inlined if not name.startswith("_") and name != "start"}
    assert {name for name in wanted if not hasattr(Builder, name)} == set()


def test_reserved_words_are_keywords_of_the_grammar() -> None:
    assert set(language().keywords) >= RESERVED
    assert set(language().keywords) >= set(BLOCKS)
    assert set(BLOCKS) >= BRACED


def test_synonyms_lead_to_words_of_the_grammar() -> None:
    assert {word for choices in SYNONYMS.values() for meant in choices for word in meant.split()} <= set(
        language().keywords
    )


def test_expected_words_are_grouped() -> None:
    tables = language()
    value = {"NAME", "STRING", "INT", "NUMBER", "LPAR", "SIGN", "BROKEN"}
    assert tables.expected(value) == "a value"
    assert tables.expected(value | {"NOT", "DID", "NEVER"}) == "a condition"
    assert tables.expected({"WHEN", "OTHERWISE"}) == "`otherwise` or `when`"
