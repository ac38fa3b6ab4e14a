"""`explain`: why one lead has that score, band, owner, move or non-move."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import click

from leadrules.cli.inputs import inputs_read, instant
from leadrules.cli.options import (
    LEAD,
    format_option,
    inputs_options,
    options,
    project_option,
    use_colour,
)
from leadrules.cli.runs import DONE_ALREADY, RunOptions, last_run_of, request_of, state_of
from leadrules.cli.screens import screen_width, show_json

if TYPE_CHECKING:
    from pathlib import Path

    from leadrules.lifecycle.model import State
    from leadrules.lifecycle.run import Outcome, RunRequest
    from leadrules.review.explain.explain import Asked

WIDTH = 100


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    those = (
        click.option("--history", is_flag=True, help="The lead's way through time, too."),
        format_option("text", "json"),
        *inputs_options,
        project_option,
    )
    return options(*those)(command)


@click.command()
@click.argument("lead", type=LEAD)
@click.argument("name", required=False)
@_options
def explain(*, lead: str, name: str | None, history: bool, form: str, **shared: Any) -> None:
    """Why LEAD has that score, band, owner, move or non-move; NAME is one score, band, route, trigger, ..."""
    from leadrules.cli.stateful import named_state, remembering
    from leadrules.lifecycle.state.store import standing
    from leadrules.review.explain.explain import explain as explained
    from leadrules.review.explain.history import remembered
    from leadrules.review.explain.text import explained as as_text
    from leadrules.review.explain.words import rule_files

    if shared["place"] is not None:
        named_state(shared["place"], "leave --state out to ask the project's own, or say --no-state")
    options = RunOptions(engine="columns", force=False, strict=False, baseline=False, fire_edits=False, **shared)
    request = request_of(options)
    path = state_of(request, options)
    with remembering(path, to_write=False) as state:
        wanted = _asked(request, name, state)
        outcome, key = _run(request, state, lead, wanted)
        past = remembered(path, key)
        changes = None if path is None or past is None else standing(path, past)
        done = None if path is None or state is None else _made_already(outcome, state, path, options)
    if done is not None and done.request.state is not None:
        # Why the lead went where it went, not what a second run on top of that would find.
        outcome = done
        known = None if changes is None else changes.filter(changes["run"] <= done.request.state.run)
        if not options.quiet:
            click.echo(f"note: {DONE_ALREADY}: it is explained as it was decided then", err=True)
    else:
        known = changes
        _warn(outcome, quiet=options.quiet)
    document = explained(outcome, key, wanted, rule_files(request.project), known)
    if history:
        from leadrules.review.explain.history import way

        document["history"] = way(outcome, key, past)
    if form == "json":
        show_json(document)
        return
    click.echo(as_text(document, columns=screen_width(WIDTH), colour=use_colour(sys.stdout)), nl=False)


def _made_already(outcome: Outcome, state: State, path: Path, options: RunOptions) -> Outcome | None:
    """The last run as it was decided then, if it is the one that is asked about; what was not said here is as it was there.

    `--baseline` and `--fire-edits` cannot be said here at all, and decide why a lead moved or did not.
    """
    how = {} if state.last is None else state.last.options
    options = replace(
        options,
        since=options.since or cast("str | None", how.get("since")),
        baseline=bool(how.get("baseline")),
        fire_edits=bool(how.get("fire_edits")),
    )
    request = replace(
        outcome.request,
        since=instant("--since", options.since, outcome.request.project.timezone),
        baseline=options.baseline,
        fire_edits=options.fire_edits,
    )
    return last_run_of(replace(outcome, request=request), path, options)


def _warn(outcome: Outcome, *, quiet: bool) -> None:
    """What is explained is what a run would decide; where a guard would stop it, say so."""
    from leadrules.lifecycle.guards import broken_guards

    if outcome.decided is None or quiet:
        return
    for words in broken_guards(outcome):
        click.echo(f"note: a run would stop: {words}", err=True)


def _asked(request: RunRequest, name: str | None, state: State | None) -> Asked:
    from leadrules.lifecycle.cadence.versions import lost
    from leadrules.review.explain.explain import asked

    begun = () if state is None else lost(request.ruleset, state)
    with inputs_read():
        return asked(replace(request.ruleset, sequences=(*request.ruleset.sequences, *begun)), name)


def _run(request: RunRequest, state: State | None, lead: str, wanted: Asked) -> tuple[Outcome, str]:
    """The run as `plan` would make it, watching the lead; where only definitions are asked for, nothing is decided."""
    from leadrules.lifecycle.asof import LAST_RUN
    from leadrules.lifecycle.run import execute, read_inputs
    from leadrules.review.explain.explain import key_of

    request = replace(request, state=state, looks_back=True)
    with inputs_read():
        inputs = read_inputs(request)
        key = key_of(inputs, lead, state)
        only_facts = all(kind == "definition" for kind, _ in wanted.parts)
        outcome = execute(replace(request, watched=(key,), only_facts=only_facts), inputs)
    if outcome.as_of.reason == LAST_RUN:  # also where that run is made once more from the state before it
        outcome = replace(outcome, request=replace(outcome.request, as_of=outcome.as_of.at))
    return outcome, key
