"""`goal`: from the target backwards to activities and hours; with data, the actual rates beside the assumed ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.inputs import has_leads
from leadrules.cli.options import fail, format_option, ready_project, use_colour
from leadrules.cli.report import ReportOptions, gathered_if_timed, report_options, say_not_read
from leadrules.cli.screens import screen_width, show_json
from leadrules.measure.goal import WINDOW_MONTHS

if TYPE_CHECKING:
    from leadrules.review.report.report import Gathered
    from leadrules.review.workspace import Workspace


@click.command()
@click.argument("name", required=False)
@report_options
@click.option(
    "--months",
    type=click.IntRange(min=1),
    default=WINDOW_MONTHS,
    show_default=True,
    help="How many months of data to look at.",
)
@format_option("text", "json")
def goal(*, name: str | None, months: int, form: str, **shared: Any) -> None:
    """What a goal takes: activities and hours a month, a week, a day; what is behind, and what it would take now."""
    from leadrules.core.text import nearest
    from leadrules.measure.goal_section import goal_section
    from leadrules.measure.settings import settings_of
    from leadrules.review.report.goal_view import goal_document, goal_text

    options = ReportOptions(**shared)
    workspace = ready_project(options.folder)
    project, ruleset = workspace.ready
    goals = {one.name: one for one in ruleset.goals}
    if not goals:
        fail("the rules have no goal", "write one: goal outbound { target 1 meeting per month  meeting: 5% of call }")
    if name is None and len(goals) > 1:
        fail("which goal?", f"name one of {', '.join(goals)}")
    chosen = next(iter(goals)) if name is None else name
    if chosen not in goals:
        meant = nearest(chosen, goals)
        fail(f"there is no goal `{chosen}`", f"did you mean `{meant}`?" if meant else f"there are {', '.join(goals)}")
    settings = settings_of(project, ruleset)
    found = _found(workspace, options) if options.leads is not None or has_leads(project) else None
    section = goal_section(
        goals[chosen], project.week, settings.roles, None if found is None else found.material, months
    )
    if form == "json":
        show_json(goal_document(section, goals[chosen], project.name, found))
        return
    click.echo(goal_text(section, width=screen_width(), colour=use_colour(sys.stdout)), nl=False)


def _found(workspace: Workspace, options: ReportOptions) -> Gathered | None:
    """What there is to hold the goal against; None, and a word of it, where the inputs have no time: the plan stands without."""
    from leadrules.review.report.report import NoTimeError

    found = gathered_if_timed(workspace, options)
    if not isinstance(found, NoTimeError):
        if not options.quiet:
            say_not_read(found.provenance)
        return found
    if not options.quiet:
        click.echo(f"note: nothing actual is shown: {found.message}; {found.help}", err=True)
    return None
