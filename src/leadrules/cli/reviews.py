"""`test`: the test blocks of the rules."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from leadrules.cli.options import OBJECTED, fail, project_option, ready_project, use_colour


@click.command()
@project_option
@click.option(
    "-k", "pattern", metavar="EXPR", help="Only tests whose title or file has these words (`and`, `or`, `not`)."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def test(folder: Path | None, quiet: bool, pattern: str | None, form: str) -> None:
    """The test blocks: each is one lead, and what is expected of it."""
    from leadrules.review.test_report import results_json, results_text
    from leadrules.review.testing import run_tests

    workspace = ready_project(folder)
    ruleset, project = workspace.ruleset, workspace.project
    assert ruleset is not None
    assert project is not None
    chosen = [t for t in ruleset.tests if _selector(pattern)(f"{(t.span or {}).get('path', '')} {t.title}")]
    results = run_tests(ruleset, chosen, project)
    files = {module.file.path: module.file for module in workspace.modules}
    if form == "json":
        click.echo(results_json(results, files, ruleset), nl=False)
    else:
        click.echo(results_text(results, files, ruleset, colour=use_colour(sys.stdout), quiet=quiet), nl=False)
    if not results:
        why = f"no test matches `{pattern}`" if pattern else "there is no test"
        click.echo(f'error: {why}. A test is a block `test "title" {{ given .. expect .. }}`.', err=True)
    raise SystemExit(0 if results and all(r.passed for r in results) else OBJECTED)


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
