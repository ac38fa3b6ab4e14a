"""The pages of LR150 to LR199: what they call wrong is found as that and nothing else, what they advise is right."""

from __future__ import annotations

import pytest
from tests.example_project import compile_text, errors

from leadrules.core.codes.entry import Code
from leadrules.core.codes.lifecycle import ENTRIES


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_the_bad_example_is_this_one_error(code: Code) -> None:
    assert [d.code for d in errors(code.bad)] == [code.id]


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_the_good_example_has_none(code: Code) -> None:
    assert errors(code.good) == []


@pytest.mark.parametrize("code", ENTRIES, ids=lambda code: code.id)
def test_a_finding_says_what_to_do(code: Code) -> None:
    found = compile_text(code.bad)[1][0]
    assert found.help
    assert found.message[0].islower() or not found.message[0].isalpha()
    assert not found.message.endswith(".")
