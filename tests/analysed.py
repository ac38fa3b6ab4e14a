"""What the analysis finds in the text of one rule file, in the example project or another."""

from __future__ import annotations

from datetime import date

from tests.example_project import example_project

from leadrules.analyse.analyse import Request, analyse, study
from leadrules.analyse.study import Study
from leadrules.compile.compile import compile_project
from leadrules.core.diagnostics import Diagnostic, has_errors
from leadrules.core.source import SourceFile
from leadrules.project.model import Project
from leadrules.syntax.parse import parse

TODAY = date(2026, 11, 21)


def studied(text: str, project: Project | None = None, *, overlaps: bool = False) -> tuple[Study, list[Diagnostic]]:
    """The study of a rule file, and what the compiler found; the file has no error."""
    project = project or example_project()
    module, found = parse(SourceFile("rules/example.lead", text))
    result = compile_project(project, [module])
    found += result.diagnostics
    assert not has_errors(found), [d.message for d in found]
    assert result.ruleset is not None
    return study(project, result.ruleset, [module], result.symbols, Request(overlaps, TODAY)), found


def doubts_of(text: str, project: Project | None = None, *, overlaps: bool = False) -> list[Diagnostic]:
    """What the compiler and the analysis doubt about a rule file."""
    one, found = studied(text, project, overlaps=overlaps)
    return [*found, *analyse(one, Request(overlaps, TODAY))]
