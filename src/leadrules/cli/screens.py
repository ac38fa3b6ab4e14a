"""What a command shows: a document in the form that was asked for, on a terminal as wide as that is.

In: sections and a form. Out: standard output. Knows no command.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.options import use_colour

if TYPE_CHECKING:
    from leadrules.show.tables import Section

FORMS = ("text", "json", "markdown", "html")
NARROWEST, WIDEST = 80, 160


def screen_width(usual: int = 110, *, widest: int = WIDEST) -> int:
    """The columns of the terminal; `usual` on a pipe. Narrower or wider ones than tables are made for are not followed."""
    return max(NARROWEST, min(shutil.get_terminal_size((usual, 50)).columns, widest))


def show_json(document: Any) -> None:
    """The document as data."""
    from leadrules.show.machine import dump

    click.echo(dump(document), nl=False)


def show_sections(
    title: str,
    sections: Iterable[Section],
    form: str,
    *,
    width: int | None = None,
    headed: bool = False,
    level: int = 1,
) -> None:
    """The sections as text, Markdown or HTML. `headed`: as text under their title, too; `level` is that of Markdown's title."""
    from leadrules.show.tables import Section, as_html, as_markdown, as_text

    if form == "markdown":
        shown = as_markdown(title, sections, level=level)
    elif form == "html":
        shown = as_html(title, sections)
    else:
        lines = [Section(title), *sections] if headed else sections
        shown = as_text(lines, width=width or screen_width(), colour=use_colour(sys.stdout))
    click.echo(shown, nl=False)
