"""`diff`: two versions of the rules over the same leads."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.inputs import event_sources, has_leads, inputs_read, instant, lead_source
from leadrules.cli.options import (
    BASE,
    OBJECTED,
    fail,
    fire_edits_option,
    format_option,
    inputs_options,
    open_project,
    options,
    project_option,
    show_findings,
)
from leadrules.cli.screens import FORMS, screen_width, show_json, show_sections
from leadrules.core.records import dataclass
from leadrules.core.text import many

if TYPE_CHECKING:
    from leadrules.lifecycle.run import RunRequest
    from leadrules.project.model import Project
    from leadrules.review.diff.budgets import Budget
    from leadrules.review.diff.revisions import Side
    from leadrules.review.diff.runs import Compared

WIDTH, WIDEST = 120, 180


@dataclass(frozen=True, slots=True)
class DataOptions:
    """On what two versions are compared."""

    folder: Path | None
    quiet: bool
    leads: str | None
    events: str | None
    team: Path | None
    as_of: str | None
    since: str | None
    place: Path | None
    no_state: bool
    fire_edits: bool


def data_options(command: Any) -> Any:
    """The options of `diff` and `changelog` that say on what to compare."""
    those = (
        *inputs_options,
        fire_edits_option,
        project_option,
    )
    return options(*those)(command)


@click.command()
@click.argument("base", type=BASE)
@click.argument("head", type=BASE, required=False)
@data_options
@format_option(*FORMS)
@click.option("--fail-on-change", "limit", metavar="LIMIT", help="Exit 1 when more leads change: 5%, or 200.")
@click.option(
    "--budget", "budgets", metavar="KIND=LIMIT", multiple=True, help="The same of one kind, or one name: band=5%."
)
@click.option("--show-keys", is_flag=True, help="Name the leads, and owners who are not in the team.")
def diff(
    *, base: str, head: str | None, form: str, limit: str | None, budgets: Sequence[str], show_keys: bool, **data: Any
) -> None:
    """Who changes between two versions of the rules, and because of which edited line.

    BASE and HEAD are git revisions or folders; `main...` is where this branch left main. HEAD is by default the working
    tree. Both are run on the data, the team and the state of the working project; nothing is written.
    """
    from leadrules.review.diff.diff import diff_document, diff_of

    options = DataOptions(**data)
    project = working_project(options)
    wanted = _budgets(project, limit, budgets)
    before, after = sides(project, base, head)
    stop_at_errors(before, after, project, form)
    with compared_on(project, before, after, options) as compared:
        assert compared is not None
        found = diff_of(before, after, compared)
        _refuse_unknown(wanted, before, after)
        document = diff_document(found, wanted, keys=show_keys)
    _show(document, form)
    raise SystemExit(_exceeded(document["budgets"]))


def working_project(options: DataOptions) -> Project:
    """The project here, whose data, team and state both versions are run on. Its own rules may be broken."""
    workspace = open_project(options.folder, team=options.team)
    if workspace.project is None:
        show_findings(workspace.diagnostics)
        click.echo("error: the project cannot be read; nothing was compared.", err=True)
        raise SystemExit(OBJECTED)
    return workspace.project


def sides(project: Project, base: str, head: str | None) -> tuple[Side, Side]:
    """Both versions, as far as they compile; exit 2 where a name is none."""
    from leadrules.review.diff.revisions import open_side

    with inputs_read():
        return open_side(project, base, Path.cwd()), open_side(project, head, Path.cwd())


@contextmanager
def compared_on(
    project: Project, base: Side, head: Side, options: DataOptions, *, needs_leads: bool = True
) -> Iterator[Compared | None]:
    """Both versions over the same leads; None where there are none and none are needed. Every other way out is exit 2."""
    from leadrules.cli.stateful import remembering
    from leadrules.review.diff.runs import compare

    if not needs_leads and options.leads is None and not has_leads(project):
        yield None
        return
    place = None if options.no_state else _state(project, options.place)
    with remembering(place, to_write=False) as state:
        requests = [replace(_request(project, side, options), state=state) for side in (base, head)]
        with inputs_read():
            compared = compare(*requests)
        yield compared


def _state(project: Project, place: Path | None) -> Path | None:
    from leadrules.cli.stateful import named_state

    if place is not None:
        return named_state(place, "leave --state out to compare with the project's own, or say --no-state")
    return project.state if project.state.exists() else None


def _request(project: Project, side: Side, options: DataOptions) -> RunRequest:
    from leadrules.lifecycle.run import RunRequest
    from leadrules.ruleset.support import for_run

    assert side.project is not None
    assert side.ruleset is not None
    return RunRequest(
        side.project,
        for_run(side.ruleset),
        lead_source(project, options.leads),
        event_sources(project, options.events),
        as_of=instant("--as-of", options.as_of, project.timezone),
        since=instant("--since", options.since, project.timezone),
        stdin=sys.stdin.buffer,
        fire_edits=options.fire_edits,
    )


def _budgets(project: Project, limit: str | None, given: Sequence[str]) -> list[Budget]:
    """Those of leadrules.yaml, then of the command line, which beat them."""
    from leadrules.review.diff.budgets import ANY, Budget

    found = {kind: Budget(kind, most, is_share) for kind, most, is_share in project.budgets}
    pairs = [] if limit is None else [(ANY, limit, "--fail-on-change")]
    for text in given:
        kind, equals, most = text.partition("=")
        if not equals:
            fail(f"--budget {text} says no limit", "write a kind and a limit: --budget band=5%, --budget owner=200")
        pairs.append((kind.strip(), most, "--budget"))
    for kind, most, option in pairs:
        found[kind] = Budget(kind, *_limit(option, most))
    return list(found.values())


def _limit(option: str, text: str) -> tuple[float, bool]:
    from leadrules.project.values import limit_of

    found = limit_of(text)
    if found is None:
        fail(
            f"{option} {text} is not a limit",
            "write a share of the leads, such as 5%, or a number of them, such as 200",
        )
    return found


def _refuse_unknown(budgets: Sequence[Budget], base: Side, head: Side) -> None:
    """A limit of something that neither version has would hold for ever."""
    from leadrules.review.diff.budgets import names_of, way_out

    names: set[str] = set()
    for side in (base, head):
        assert side.ruleset is not None
        names |= names_of(side.ruleset)
    for budget in budgets:
        if budget.kind not in names:
            fail(f"there is no `{budget.kind}` to limit the change of", way_out(budget.kind, names))


def _exceeded(budgets: Sequence[dict[str, Any]]) -> int:
    """Exit 1 and the words, where a limit is passed."""
    over = [one for one in budgets if one["exceeded"]]
    for one in over:
        change = "changes" if one["leads"] == 1 else "change"
        what = "" if one["kind"] == "any" else f" in `{one['kind']}`"
        words = f"{many(one['leads'], 'lead')} {change}{what} ({one['share']:.1%}), more than {one['limit']}"
        click.echo(f"error: {words}", err=True)
    return OBJECTED if over else 0


def stop_at_errors(base: Side, head: Side, project: Project, form: str) -> None:
    """Exit 1 with the findings of the version that has errors, in the form that is asked for."""
    broken = [(word, side) for word, side in (("base", base), ("head", head)) if side.errors or side.ruleset is None]
    if not broken:
        return
    if form != "text":
        from leadrules.review.diff.diff import problem_document
        from leadrules.show.machine import as_json

        problems = [{"side": w, "name": s.name, "findings": [as_json(d) for d in s.errors]} for w, s in broken]
        _show(problem_document(base, head, project.name, problems), form)
    for word, side in broken:
        show_findings(side.errors)
        click.echo(f"error: {word.upper()}, {side.name}, has errors; nothing was compared.", err=True)
    raise SystemExit(OBJECTED)


def _show(document: dict[str, Any], form: str) -> None:
    from leadrules.review.diff.pages import diff_sections, diff_title

    if form == "json":
        show_json(document)
        return
    sections = diff_sections(document, narrow=form == "text")
    width = screen_width(WIDTH, widest=WIDEST)
    show_sections(diff_title(document), sections, form, width=width, headed=True, level=3)
