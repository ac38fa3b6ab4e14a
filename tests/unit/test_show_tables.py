"""A table on a terminal: what a row is called and its numbers are whole at every width, words are wrapped and never cut."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile, Span
from leadrules.show.page import Page
from leadrules.show.tables import Bar, Section, as_markdown, as_text
from leadrules.show.text import full
from leadrules.show.text import width as width_of

LONG = "Answered an e-mail is now worth 20 points instead of 15, and the pricing page 10 instead of 12"
EDITS = Section(
    "Edits",
    ("edited line", "leads", "what it says now", "most of them"),
    (("engagement.replied_to_a_mail", 1_234_567, LONG, "17 temperature cold -> warm, 14 into cooling"),),
)


def _words(text: str) -> list[str]:
    return sorted(text.split())


@pytest.mark.parametrize("width", [80, 90, 100, 160])
def test_names_and_numbers_are_whole_and_every_word_is_there(width: int) -> None:
    """Three columns of words share what the name and the number leave."""
    text = as_text([EDITS], width=width, colour=False)
    assert "engagement.replied_to_a_mail  1,234,567" in text
    assert "…" not in text
    expected = " ".join(["Edits", *EDITS.columns, *(str(cell) for cell in EDITS.rows[0])]).replace(
        "1234567", "1,234,567"
    )
    assert _words(text) == _words(expected)
    assert max(map(width_of, text.splitlines())) <= width


def test_rows_are_indented_under_their_heading() -> None:
    """Also where the words fill the width."""
    lines = as_text([EDITS], width=80, colour=False).splitlines()
    assert lines[0] == "Edits"
    assert all(line.startswith("   ") for line in lines[1:])


def test_japanese_words_are_wrapped_by_their_width() -> None:
    """A full-width character takes two places."""
    section = Section("担当", ("規則", "件数", "理由"), (("対象", 12, "展示会に来場された方で、" * 6),))
    text = as_text([section], width=80, colour=False)
    assert max(map(width_of, text.splitlines())) <= 80
    assert text.count("展示会に来場された方で、"[:3]) >= 5
    assert "…" not in text


def test_a_full_width_space_is_shown_and_takes_two_places() -> None:
    """In a name that is wrapped, and in a line that is underlined."""
    page = Page(80, colour=False)
    page.line(0, "田中　一郎")
    assert page.text() == "田中　一郎\n"
    line = '  a: when 担当 = "田中　一郎" and 部 = 1\n'
    source = SourceFile("a.lead", line)
    start = line.index("部")
    shown = full(Diagnostic("LR104", "error", "no such name", Span(source, start, start + 1))).splitlines()
    assert shown[3].endswith(line.rstrip())
    assert width_of(shown[4]) - 2 == width_of(shown[3][: shown[3].index("部")])


def test_a_bar_stays_on_its_line() -> None:
    """However long the words beside it are."""
    section = Section("Segments", ("name", "title", "leads", ""), (("japan", LONG, 2742, Bar(1.0)),))
    text = as_text([section], width=80, colour=False)
    assert "2,742  ████████████" in text


def test_a_name_wider_than_half_of_the_screen_is_wrapped() -> None:
    """Else nothing would be left for its numbers."""
    section = Section("Rules", ("rule", "leads", "why"), (("x" * 70, 1_234_567, LONG),))
    text = as_text([section], width=80, colour=False)
    assert "1,234,567" in text
    assert text.count("x") == 70


@pytest.mark.parametrize(
    "text",
    ["a|b", "_v_ and lead_source", "~~deal~~", "&amp; R&D &#65;", "<b>", "*p*", "[l](u)", "`c`", "back\\slash \\_"],
)
def test_markdown_shows_every_text_as_it_is(text: str) -> None:
    """In a heading, a cell and a note; a word with an underscore stays as it is written."""
    made = as_markdown("Page", [Section(text, ("name", "leads"), ((text, 1),), (text,))])
    tokens = MarkdownIt().enable(["table", "strikethrough"]).parse(made)
    shown = ["".join(child.content for child in token.children) for token in tokens if token.children]
    assert shown == ["Page", text, "name", "leads", text, "1", text]
    assert "lead\\_source" not in made
