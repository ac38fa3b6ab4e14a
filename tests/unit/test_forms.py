"""The examples that messages show of each line are read by the grammar, and stand for every block and line that it has."""

from __future__ import annotations

import pytest

from leadrules.core.source import SourceFile
from leadrules.syntax.forms import HEADS, LINES, form_of
from leadrules.syntax.parse import parse
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.words import BLOCK_SYNONYMS, BLOCKS

FORMS = [(kind, form) for kind, forms in LINES.items() for form in forms.values()]


OTHERS = {"matrix": "columns: a | b | c\n  "}  # what a block must have beside the line


def whole(kind: str, line: str) -> str:
    """A block with one line, and what it must have besides."""
    return HEADS[kind].replace("..", ("" if line.startswith("columns") else OTHERS.get(kind, "")) + line)


def wrong(text: str) -> list[str]:
    return [found.message for found in parse(SourceFile("rules/example.lead", text))[1]]


@pytest.mark.parametrize("kind", HEADS)
def test_the_first_line_of_every_block_is_read(kind: str) -> None:
    assert wrong(whole(kind, next(iter(LINES.get(kind, {"": ""}).values())))) == []


@pytest.mark.parametrize(("kind", "form"), FORMS, ids=[form for _, form in FORMS])
def test_every_line_is_read_in_its_block(kind: str, form: str) -> None:
    assert wrong(whole(kind, form)) == []
    assert wrong(whole(kind, f"{form} %%")) != []


def test_every_block_has_a_form() -> None:
    assert set(HEADS) == set(BLOCKS)
    assert set(LINES) == {kind for kind in HEADS if ".." in HEADS[kind]}
    assert set(BLOCK_SYNONYMS.values()) <= set(HEADS)
    assert not set(BLOCK_SYNONYMS) & set(BLOCKS)


@pytest.mark.parametrize(
    ("kind", "line", "form"),
    [
        ("sequence", "3: day 4 call oops", LINES["sequence"][""]),
        ("sequence", "enroll again oops", LINES["sequence"]["enroll again"]),
        ("trigger", "when x do assign oops", LINES["trigger"]["do assign"]),
        ("trigger", "on overdue oops", LINES["trigger"]["on overdue"]),
        ("route", "hot: team inside oops", LINES["route"][""]),
        ("test", "oops", None),
        ("define", "oops", None),
    ],
)
def test_a_line_is_known_by_the_words_before_the_mistake(kind: str, line: str, form: str | None) -> None:
    tokens = tokenize(SourceFile("rules/example.lead", f"{kind} x {{\n  {line}\n}}")).tokens
    start = next(at for at, token in enumerate(tokens) if token.kind == "LBRACE") + 1
    assert form_of(kind, tokens[start:-1]) == form
