"""From a folder to a project and its compiled ruleset, with everything that is wrong.

In: the folder that holds leadrules.yaml. Out: `Workspace`. Reads the rule files that the project names; knows no
command and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, has_errors, told_once
from leadrules.core.places import slashed
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.project.files import Files
from leadrules.project.model import Project
from leadrules.project.project import load_project

if TYPE_CHECKING:
    from leadrules.compile.compile import Compiled
    from leadrules.ruleset.model import Ruleset
    from leadrules.syntax.nodes import Module


@dataclass(frozen=True, slots=True)
class Workspace:
    """A project as far as it could be understood. `broken`: leadrules.yaml itself could not be used."""

    root: Path
    project: Project | None
    modules: tuple[Module, ...]
    compiled: Compiled | None
    diagnostics: tuple[Diagnostic, ...]
    broken: bool

    @property
    def ruleset(self) -> Ruleset | None:
        """The compiled ruleset; None where there is any error."""
        return self.compiled.ruleset if self.compiled and not has_errors(list(self.diagnostics)) else None

    @property
    def ready(self) -> tuple[Project, Ruleset]:
        """The project and its ruleset, of a workspace that has no error."""
        ruleset = self.ruleset
        assert self.project is not None
        assert ruleset is not None
        return self.project, ruleset


def open_workspace(
    root: Path, *, team: Path | None = None, loaded: Callable[[Project], None] | None = None
) -> Workspace:
    """Load, parse and compile the project in `root`. `team` is another team file than the project's own.

    `loaded` is called before the compiler is: what it begins in the background has a head start.
    """
    found = load_project(root, team=team)
    if found.project is None:
        return Workspace(root, None, (), None, tuple(found.diagnostics), found.broken)
    if loaded is not None:
        loaded(found.project)
    from leadrules.compile.compile import compile_project

    modules, unread = read_modules(found.project)
    if len(modules) < len(found.project.rule_files):
        # What a file that cannot be read defines would be unknown wherever it is used.
        return Workspace(root, found.project, tuple(modules), None, (*found.diagnostics, *unread), found.broken)
    project = replace(found.project, own_files=(*found.project.own_files, *_collections(found.project.root, modules)))
    compiled = compile_project(project, modules)
    diagnostics = (
        *found.diagnostics,
        *told_once(unread, compiled.diagnostics),
        *names_of_rules(project, compiled),
    )
    return Workspace(root, project, tuple(modules), compiled, diagnostics, found.broken)


def _collections(root: Path, modules: Iterable[Module]) -> Iterator[Path]:
    """The files that lists and tables of the rules are read from."""
    from leadrules.syntax.nodes import ListDefinition, TableDefinition

    for module in modules:
        for block in module.statements:
            if isinstance(block, ListDefinition | TableDefinition) and block.path is not None:
                yield root / slashed(block.path.value)


def names_of_rules(project: Project, compiled: Compiled) -> list[Diagnostic]:
    """What `report:` and `budgets:` name that rules without an error do not have."""
    found: list[Diagnostic] = []
    if project.report_places and compiled.ruleset is not None:
        from leadrules.measure.settings import unknown_names

        found += unknown_names(project, compiled.ruleset)
    if project.budget_places and compiled.ruleset is not None:
        from leadrules.review.diff.budgets import unknown_budgets

        found += unknown_budgets(project, compiled.ruleset)
    return found


def read_modules(project: Project) -> tuple[list[Module], list[Diagnostic]]:
    """Every rule file of the project, parsed, with what is wrong in it."""
    from leadrules.syntax.parse import parse

    modules: list[Module] = []
    diagnostics: list[Diagnostic] = []
    for path in project.rule_files:
        file = read_rules(path, Files(project.root).name(path))
        if isinstance(file, Diagnostic):
            diagnostics.append(file)
            continue
        module, found = parse(file)
        modules.append(module)
        diagnostics += found
    return modules, diagnostics


def read_rules(path: Path, name: str) -> SourceFile | Diagnostic:
    """The text of a rule file, or what is wrong with it."""
    text, problem, way_out = _read(path)
    file = SourceFile(name, text)
    return finding("LR041", Span(file, 0, 0), f"{name} {problem}", help=way_out) if problem else file


def _read(path: Path) -> tuple[str, str, str]:
    """The text of a rule file, or why it is none, and the way out."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return "", f"cannot be read: {error.strerror or error}", "allow reading it, or move it out of the rules"
    try:
        return raw.decode("utf-8"), "", ""
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return "", f"is not UTF-8 text: byte {error.start + 1}, line {line}", "save it as UTF-8 text"
