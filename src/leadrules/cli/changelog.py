"""`changelog`: a change of rules in words."""

from __future__ import annotations

from typing import Any

import click

from leadrules.cli.diff import DataOptions, compared_on, data_options, sides, stop_at_errors, working_project
from leadrules.cli.options import BASE, format_option
from leadrules.cli.screens import FORMS, screen_width, show_json, show_sections

WIDTH = 100


@click.command()
@click.argument("base", type=BASE)
@click.argument("head", type=BASE, required=False)
@data_options
@format_option(*FORMS)
def changelog(*, base: str, head: str | None, form: str, **data: Any) -> None:
    """A change of rules in words: what each edited line says now, and how many leads it moves where.

    BASE and HEAD are git revisions or folders; HEAD is by default the working tree. Without leads in leadrules.yaml (or
    --leads) the words stand alone.
    """
    from leadrules.review.diff.changelog import changelog_document, changelog_sections, changelog_title
    from leadrules.review.diff.diff import diff_of

    options = DataOptions(**data)
    project = working_project(options)
    before, after = sides(project, base, head)
    stop_at_errors(before, after, project, "text")
    with compared_on(project, before, after, options, needs_leads=False) as compared:
        document = changelog_document(diff_of(before, after, compared), project.name)
    if form == "json":
        show_json(document)
        return
    width = screen_width(WIDTH)
    title, sections = changelog_title(document), changelog_sections(document)
    show_sections(title, sections, form, width=width, headed=True, level=2)
