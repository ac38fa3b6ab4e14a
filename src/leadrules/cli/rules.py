"""`check` and `compile`: the rules themselves, without any lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from leadrules.cli.options import (
    exit_code,
    fail,
    open_project,
    project_option,
    ready_project,
    show_findings,
)


@click.command()
@project_option
@click.option("--format", "form", type=click.Choice(["text", "concise", "json"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--explain", metavar="CODE", help="Print the page of a finding, such as LR104, and stop.")
def check(folder: Path | None, quiet: bool, form: str, strict: bool, explain: str | None) -> None:
    """All that is wrong with the rules: where, and what to write instead."""
    if explain is not None:
        _explain(explain)
        return
    workspace = open_project(folder)
    findings = list(workspace.diagnostics)
    if form == "json":
        from leadrules.show.machine import findings_json

        click.echo(findings_json(findings), nl=False)
    elif form == "concise":
        from leadrules.show.text import concise

        click.echo(concise(findings), nl=False)
    elif findings:
        show_findings(findings, to_stdout=True)
    elif not quiet:
        click.echo(_all_well(workspace.modules))
    raise SystemExit(exit_code(findings, strict=strict))


def _all_well(modules: Any) -> str:
    blocks = sum(len(m.statements) for m in modules)
    return f"no errors: {_many(blocks, 'block')} in {_many(len(modules), 'file')}"


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _explain(word: str) -> None:
    from leadrules.review.pages import find, nearest_codes, page

    code = find(word)
    if code is None:
        near = nearest_codes(word)
        fail(f"there is no finding `{word}`", f"did you mean {' or '.join(near)}?" if near else "codes look like LR104")
    click.echo(page(code), nl=False)


@click.command("compile")
@project_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file (default: standard output).")
def compile_command(folder: Path | None, quiet: bool, output: Path | None) -> None:
    """The compiled ruleset as JSON, valid against grammar/ruleset.schema.json."""
    from leadrules.ruleset.store import to_json
    from leadrules.show.machine import dump

    ruleset = ready_project(folder).ruleset
    assert ruleset is not None
    text = dump(to_json(ruleset))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")
