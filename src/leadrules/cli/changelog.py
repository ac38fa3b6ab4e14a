"""`changelog`: a change of rules in words."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import click

from leadrules.cli.diff import DataOptions, compared_on, data_options, sides, stop_at_errors, working_project
from leadrules.cli.options import format_option, use_colour


@click.command()
@click.argument("base")
@click.argument("head", required=False)
@data_options
@format_option("text", "json", "markdown", "html")
def changelog(*, base: str, head: str | None, form: str, **data: Any) -> None:
    """A change of rules in words: what each edited line says now, and how many leads it moves where.

    BASE and HEAD are git revisions or folders; HEAD is by default the working tree. Without leads in leadrules.yaml (or
    --leads) the words stand alone.
    """
    from leadrules.review.diff.changelog import changelog_document, changelog_sections, changelog_title
    from leadrules.review.diff.diff import diff_of
    from leadrules.show.machine import dump
    from leadrules.show.tables import Section, as_html, as_markdown, as_text

    options = DataOptions(**data)
    project = working_project(options)
    before, after = sides(project, base, head)
    stop_at_errors(before, after, project, "text")
    with compared_on(project, before, after, options, needs_leads=False) as compared:
        document = changelog_document(diff_of(before, after, compared), project.name)
    title, sections = changelog_title(document), changelog_sections(document)
    if form == "json":
        click.echo(dump(document), nl=False)
    elif form == "markdown":
        click.echo(as_markdown(title, sections, level=2), nl=False)
    elif form == "html":
        click.echo(as_html(title, sections), nl=False)
    else:
        width = max(80, min(shutil.get_terminal_size((100, 50)).columns, 160))
        click.echo(as_text([Section(title), *sections], width=width, colour=use_colour(sys.stdout)), nl=False)
