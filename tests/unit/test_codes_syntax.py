"""The pages of LR001 to LR049: what they call wrong is found as that and nothing else, what they advise is right."""

from __future__ import annotations

import pytest
from tests.example_project import compile_text, errors

from leadrules.core.codes.entry import Code
from leadrules.core.codes.syntax import ENTRIES
from leadrules.core.source import SourceFile
from leadrules.syntax.parse import parse


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_the_bad_example_is_this_one_error(code: Code) -> None:
    assert [d.code for d in errors(code.bad)] == [code.id]


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_the_good_example_has_none(code: Code) -> None:
    assert errors(code.good) == []


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_a_finding_speaks_the_users_words(code: Code) -> None:
    found = compile_text(code.bad)[1][0]
    assert found.help
    assert found.message[0].islower() or not found.message[0].isalpha()
    assert not found.message.endswith(".")
    assert not any(name in found.message for name in ("NAME", "LPAR", "$END", "STRING", "UNIT"))


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_a_fix_removes_its_finding(code: Code) -> None:
    file = SourceFile("rules/example.lead", code.bad)
    found = parse(file)[1]
    edits = sorted((e for d in found for f in d.fixes[:1] for e in f.edits), key=lambda e: e.span.start, reverse=True)
    if not edits:
        pytest.skip("this mistake has no safe fix")
    text = code.bad
    for edit in edits:
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert parse(SourceFile("rules/example.lead", text))[1] == []
