"""`test`: the test blocks of the rules, what they reach, which edits they would notice, and more of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leadrules.cli.options import (
    FAILED,
    OBJECTED,
    deliver,
    document_option,
    fail,
    format_option,
    project_option,
    ready_project,
    use_colour,
)
from leadrules.cli.progress import counting
from leadrules.core.records import dataclass

if TYPE_CHECKING:
    from leadrules.core.source import SourceFile
    from leadrules.project.model import Project
    from leadrules.review.testing.coverage import Coverage
    from leadrules.review.testing.mutate import Mutation
    from leadrules.review.testing.testing import TestResult
    from leadrules.review.workspace import Workspace
    from leadrules.ruleset.model import Ruleset, Test

FORMS = ("text", "json", "junit")


@dataclass(frozen=True, slots=True)
class _Found:
    """What was asked for, worked out."""

    ruleset: Ruleset
    tests: list[Test]
    results: list[TestResult]
    files: dict[str, SourceFile]
    coverage: Coverage | None = None
    mutation: Mutation | None = None

    @property
    def passed(self) -> bool:
        """Whether there is a test, and none failed."""
        return bool(self.results) and all(result.passed for result in self.results)


@click.command()
@project_option
@click.option(
    "-k", "pattern", metavar="EXPR", help="Only tests whose title or file has these words (`and`, `or`, `not`)."
)
@click.option("--coverage", is_flag=True, help="Also what the tests reach of the rules, and what not.")
@click.option("--mutate", is_flag=True, help="Also which small edits of the rules no test would notice.")
@click.option("--generate", is_flag=True, help="Instead print tests that reach every branch, with today's answers.")
@document_option("out", help="With --generate: the new file to write (default: `-`, standard output).")
@format_option(*FORMS)
def test(
    *,
    folder: Path | None,
    quiet: bool,
    pattern: str | None,
    coverage: bool,
    mutate: bool,
    generate: bool,
    out: Path | None,
    form: str,
) -> None:
    """The test blocks: each is one lead, and what is expected of it."""
    _check_options(form, out, others=bool(coverage or mutate or pattern), mutate=mutate, generate=generate)
    workspace = ready_project(folder, refused=_errors_junit if form == "junit" else None)
    ruleset, project = workspace.ruleset, workspace.project
    assert ruleset is not None
    assert project is not None
    if generate:
        _generate(workspace, out, quiet=quiet)
        return
    is_chosen = _selector(pattern)
    chosen = [t for t in ruleset.tests if is_chosen(f"{(t.span or {}).get('path', '')} {t.title}")]
    files = {module.file.path: module.file for module in workspace.modules}
    found = _worked_out(ruleset, project, chosen, files, coverage=coverage, mutate=mutate, quiet=quiet)
    click.echo(_said(found, form, quiet=quiet), nl=False)
    if not chosen:
        why = f"no test matches `{pattern}`" if pattern else "there is no test"
        click.echo(f'error: {why}. A test is a block `test "title" {{ given .. expect .. }}`.', err=True)
    elif mutate and not found.passed:
        click.echo("error: --mutate needs tests that pass: mend those that fail first.", err=True)
    raise SystemExit(0 if found.passed else OBJECTED)


def _check_options(form: str, out: Path | None, *, others: bool, mutate: bool, generate: bool) -> None:
    if generate and (others or mutate or form != "text"):
        fail("--generate prints tests and goes with no other option than --out", "run `leadrules test` beside it")
    if out is not None and not generate:
        fail("--out is where --generate writes", "leave it out, or add --generate")
    if form == "junit" and mutate:
        fail("JUnit has no place for what --mutate finds", "use --format json")


def _worked_out(
    ruleset: Ruleset,
    project: Project,
    tests: list[Test],
    files: dict[str, SourceFile],
    *,
    coverage: bool,
    mutate: bool,
    quiet: bool,
) -> _Found:
    from leadrules.review.testing.testing import run_tests

    if not (coverage or mutate):
        return _Found(ruleset, tests, run_tests(ruleset, tests, project), files)
    from leadrules.review.testing.mutate import Recorder, mutation

    recorder = Recorder(ruleset, tests)
    found = _Found(ruleset, tests, run_tests(ruleset, tests, project, recorder), files)
    reached = recorder.coverage if coverage else None
    if not (mutate and found.passed):
        return replace(found, coverage=reached)
    with counting("trying mutants", quiet=quiet) as tell:
        tried = mutation(ruleset, project, tests, files, recorder, tell=tell)
    return replace(found, coverage=reached, mutation=tried)


def _said(found: _Found, form: str, *, quiet: bool) -> str:
    from leadrules.review.testing import test_report as report
    from leadrules.review.testing.coverage_report import coverage_json, coverage_text

    ruleset, files = found.ruleset, found.files
    if form == "junit":
        return report.results_junit(found.results, files, ruleset, datetime.now().astimezone())
    if form == "json":
        parts: dict[str, Any] = {}
        if found.coverage is not None:
            parts["coverage"] = coverage_json(found.coverage, files, found.tests)
        if found.mutation is not None:
            parts["mutation"] = found.mutation.as_json
        return report.results_json(found.results, files, ruleset, parts)
    text = report.results_text(found.results, files, ruleset, colour=use_colour(sys.stdout), quiet=quiet)
    if found.coverage is not None:
        text += coverage_text(found.coverage, files)
    return text if found.mutation is None else text + found.mutation.text


def _generate(workspace: Workspace, out: Path | None, *, quiet: bool) -> None:
    """Tests onto stdout or into a new file; what they do not reach, and why, onto stderr."""
    from leadrules.review.testing.generate import generated

    if out is not None and out.exists():
        fail(f"{out} is there already", "name a new file: nothing is written over")
    with counting("looking for leads", quiet=quiet) as tell:
        made = generated(workspace, tell)
    deliver(made.text, out, quiet=True)
    if not (quiet and made.count):
        click.echo(made.summary, nl=False, err=True)
    raise SystemExit(0 if made.count else FAILED)


def _errors_junit(workspace: Workspace) -> None:
    """The errors of rules that no test can run on, for a CI server that reads the file either way."""
    from leadrules.show.junit_findings import findings_junit
    from leadrules.show.places import Places

    errors = [one for one in workspace.diagnostics if one.severity == "error"]
    files = [module.file.path for module in workspace.modules]
    click.echo(findings_junit(errors, files, Places(""), datetime.now().astimezone(), strict=False), nl=False)


def _selector(pattern: str | None) -> Callable[[str], bool]:
    """`-k 'pricing and not cold'`: words joined by and, or, not; each is looked for in any case."""
    if not pattern or not pattern.strip():
        return lambda text: True
    groups = [_alternative(part) for part in re.split(r"\s+or\s+", pattern.strip())]
    if not all(groups):
        fail(f"-k {pattern!r} cannot be read", "write words joined by `and`, `or`, `not`: -k 'pricing and not cold'")
    return lambda text: any(all((w in text.lower()) != negated for negated, w in group) for group in groups)


def _alternative(part: str) -> list[tuple[bool, str]]:
    terms: list[tuple[bool, str]] = []
    for raw in re.split(r"\s+and\s+", part.strip()):
        negated = raw.startswith("not ")
        terms.append((negated, raw.removeprefix("not ").strip().lower()))
    return [] if any(not word for _, word in terms) else terms
