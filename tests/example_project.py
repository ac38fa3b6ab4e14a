"""The example project: what the pages of findings, the case files and the compiler's tests are compiled in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from leadrules.compile.compile import Compiled, compile_project
from leadrules.core.diagnostics import Diagnostic, has_errors, ordered, told_once
from leadrules.core.source import SourceFile
from leadrules.project.model import Project
from leadrules.project.project import load_project
from leadrules.ruleset.model import Ruleset
from leadrules.syntax.parse import parse

ROOT = Path(__file__).parent / "language" / "project"


@cache
def example_project() -> Project:
    """The project in tests/language/project."""
    loaded = load_project(ROOT)
    assert loaded.project is not None, loaded.diagnostics
    assert not has_errors(loaded.diagnostics)
    return loaded.project


def compile_text(text: str, path: str = "rules/example.lead") -> tuple[Compiled, list[Diagnostic]]:
    """One rule file compiled in the example project, with the findings of both steps in order."""
    module, found = parse(SourceFile(path, text))
    result = compile_project(example_project(), [module])
    return result, ordered(told_once(found, result.diagnostics))


def errors(text: str) -> list[Diagnostic]:
    """The errors of one rule file."""
    return [d for d in compile_text(text)[1] if d.severity == "error"]


def compiled(text: str) -> Ruleset:
    """The ruleset of one rule file without errors."""
    result, found = compile_text(text)
    assert not [d for d in found if d.severity == "error"], found
    assert result.ruleset is not None
    return result.ruleset
