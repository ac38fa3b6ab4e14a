"""From parsed rule files to a ruleset, with everything that is wrong about them.

    modules --names--> namespaces --files--> lists, tables --order--> definitions, each after what it uses
            --definitions, scores, thresholds--> facts --lifecycle--> routes to tests --> Ruleset

In: a project and its modules. Out: `Compiled`. Every pass goes on with what it understood, so that one look tells as much
as can be known; the ruleset is absent if any finding is an error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from leadrules.compile.consequences import forgive
from leadrules.compile.definitions import check_group, lower_define, lower_segment, written_list
from leadrules.compile.expressions import Expressions
from leadrules.compile.files import Files, Read, reader
from leadrules.compile.lifecycle import Lifecycle, lower_lifecycle
from leadrules.compile.names import Declaration, gather
from leadrules.compile.open_leads import lower_open_leads
from leadrules.compile.order import ordered as in_order
from leadrules.compile.scope import Scope
from leadrules.compile.scores import lower_score
from leadrules.compile.thresholds import lower_band, lower_classify, lower_matrix, lower_stages
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, has_errors, ordered
from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.core.text import nfc
from leadrules.core.types import ERROR
from leadrules.project.model import Project
from leadrules.ruleset import model
from leadrules.syntax import nodes as n

DEEP = 20_000
LANGUAGE_VERSION = 1

LOWER: dict[type[n.Statement], Callable[[Scope, Any, int], model.Definition]] = {
    n.Define: lower_define,
    n.Segment: lower_segment,
    n.Score: lower_score,
    n.Band: lower_band,
    n.Matrix: lower_matrix,
    n.Classify: lower_classify,
    n.Stages: lower_stages,
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name of the project: what kind of thing it is, where it is declared, and every place that uses it.

    Kinds are the keywords of the blocks, and `field`, `event`, `event field` (`type.field`), `label` (`band.label`),
    `rule` (`score.rule`), `route rule` (`route.rule`), and what team and project files declare.
    """

    kind: str
    name: str
    span: Span | None
    uses: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """The ruleset (None if there is any error), the findings in order, and every name with its uses."""

    ruleset: model.Ruleset | None
    diagnostics: tuple[Diagnostic, ...]
    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the statements of a project are lowered to."""

    lists: list[model.ListValues]
    tables: list[model.TableValues]
    definitions: list[model.Definition]
    lifecycle: Lifecycle
    open_leads: model.Expr | None


def compile_project(project: Project, modules: Sequence[n.Module], *, read: Read | None = None) -> Compiled:
    """Compile the rule files of a project. `read` gives the bytes of a list or table file by its path in the project."""
    with room_for_depth():
        names, found = gather(project, modules)
        scope = Expressions(project, names, found)
        parts = lower_all(scope, modules, read)
        diagnostics = tuple(ordered(scope.diagnostics))
        ruleset = None if has_errors(scope.diagnostics) else _ruleset(scope, parts)
        return Compiled(ruleset, diagnostics, symbols(scope))


def lower_all(scope: Scope, modules: Sequence[n.Module], read: Read | None = None) -> Parts:
    """Every statement in its turn; what is wrong stays in the scope."""
    scope.lost = frozenset(name for module in modules for name in module.lost if name is not None)
    scope.nameless = sum(name is None for module in modules for name in module.lost)
    lists, tables = _collections(scope, Files(scope, read or reader(scope.project.root)))
    for group in scope.names.of("events").values():
        _group(scope, group)
    definitions = _definitions(scope)
    lifecycle = lower_lifecycle(scope)
    open_leads = lower_open_leads(scope)
    check_patterns(scope)
    forgive(scope, partial(_inner_names, scope))
    return Parts(lists, tables, definitions, lifecycle, open_leads)


@contextmanager
def room_for_depth() -> Iterator[None]:
    """Brackets may nest a hundred deep, and each level takes a few calls: more than Python allows by default."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _collections(scope: Scope, files: Files) -> tuple[list[model.ListValues], list[model.TableValues]]:
    lists: list[model.ListValues] = []
    tables: list[model.TableValues] = []
    for node in scope.names.statements:
        if isinstance(node, n.ListDefinition):
            lists.append(scope.statement(node, partial(_list, scope, files, node)))
        elif isinstance(node, n.TableDefinition):
            tables.append(scope.statement(node, partial(files.table_values, node)))
        else:
            continue
        assert node.name is not None
        scope.settled("list", node.name.key)
    return lists, tables


def _list(scope: Scope, files: Files, node: n.ListDefinition) -> model.ListValues:
    return files.list_values(node) if node.path else written_list(scope, node)


def _group(scope: Scope, group: Declaration) -> None:
    node = group.statement
    assert isinstance(node, n.EventGroup)
    scope.statement(node, partial(check_group, scope, node))


def _definitions(scope: Scope) -> list[model.Definition]:
    """Every definition, each after those it uses; then those that lost their name to another, for their own mistakes."""
    names = scope.names
    order, circular, found = in_order(names, scope.references)
    scope.diagnostics += found
    scope.ordered(order, circular)
    lowered = [_lower(scope, declaration, declaration.name in circular) for declaration in order]
    winners = {id(d.statement) for d in names.values.values()}
    for position, node in enumerate(names.statements):
        if type(node) in LOWER and id(node) not in winners:
            _lower(scope, Declaration("", node.name.key if node.name else "", node.span, node, position), unsure=True)
    return lowered


def _lower(scope: Scope, declaration: Declaration, unsure: bool) -> model.Definition:
    """The definition; one that is damaged, circular or disputed has no type that its uses could offend."""
    node = declaration.statement
    scope.reads_more = False
    lowered = scope.statement(node, partial(LOWER[type(node)], scope, node, declaration.position))
    name = declaration.name
    if unsure or (declaration.kind, name) in scope.names.disputed or (node.damaged and not isinstance(node, n.Score)):
        scope.types[name] = ERROR
    if not scope.reads_more:
        scope.pure.add(name)
    scope.settled(declaration.kind, name)
    return lowered


def check_patterns(scope: Scope) -> None:
    """All patterns at once: the library that knows their syntax takes a while to load."""
    if not scope.patterns:
        return
    from leadrules.core.functions import pattern_error

    for pattern in dict.fromkeys(scope.patterns):
        wrong = pattern_error(pattern.text)
        if wrong:
            scope.report(_bad_pattern(pattern.text, pattern.span, wrong))


def _bad_pattern(pattern: str, span: Span, wrong: str) -> Diagnostic:
    look_around = any(mark in pattern for mark in ("(?=", "(?!", "(?<=", "(?<!"))
    hint = "see the syntax of Rust's regex; a plain text is found with `contains`"
    if look_around:
        hint = "patterns know no look-around: write two tests, joined with `and` and `not`"
    elif "backreference" in wrong:
        hint = "patterns know no back-references"
    reason = " ".join(wrong.partition("This error occurred")[0].rsplit("error:", maxsplit=1)[-1].split())
    return finding("LR117", span, f"this pattern cannot be read: {reason}", label="bad pattern", help=hint)


def _ruleset(scope: Scope, parts: Parts) -> model.Ruleset:
    schema, lifecycle = scope.project.lead_schema, parts.lifecycle
    return model.Ruleset(
        version=LANGUAGE_VERSION,
        settings=_settings(scope.project),
        fields=tuple((f.name, f.type) for f in schema.fields if f.name in scope.fields_read),
        event_fields=_event_fields(scope),
        lists=tuple(parts.lists),
        tables=tuple(parts.tables),
        aggregates=tuple(scope.aggregates),
        definitions=tuple(parts.definitions),
        routes=lifecycle.routes,
        sequences=lifecycle.sequences,
        triggers=lifecycle.triggers,
        exits=lifecycle.exits,
        suppressions=lifecycle.suppressions,
        asserts=lifecycle.asserts,
        funnels=lifecycle.funnels,
        goals=lifecycle.goals,
        tests=lifecycle.tests,
        open_leads=parts.open_leads,
    )


def _event_fields(scope: Scope) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    read = scope.events_read
    return tuple(
        (event.name, tuple((f.name, f.type) for f in event.fields if f.name in read[event.name]))
        for event in scope.project.event_schema
        if event.name in read
    )


def _settings(project: Project) -> model.Settings:
    return model.Settings(
        project.name,
        project.timezone,
        project.week,
        project.holiday_country,
        project.holiday_dates,
        project.fiscal_year_starts,
        project.key,
        project.owner,
        project.created,
        project.email,
        project.sequence,
    )


def symbols(scope: Scope) -> tuple[Symbol, ...]:
    """Every name that is declared or used, by kind and name."""
    declared: dict[tuple[str, str], Span | None] = {(d.kind, d.name): d.span for d in scope.names.declarations()}
    declared |= {("field", f.name): f.span for f in scope.project.lead_schema.fields}
    declared |= {("event", e.name): e.span for e in scope.project.event_schema}
    declared |= {
        ("event field", f"{e.name}.{nfc(f.name)}"): f.span for e in scope.project.event_schema for f in e.fields
    }
    declared |= dict(_inner_names(scope))
    keys = sorted({*declared, *scope.uses})
    return tuple(
        Symbol(kind, name, declared.get((kind, name)), tuple(scope.uses.get((kind, name), ()))) for kind, name in keys
    )


def _inner_names(scope: Scope) -> Iterator[tuple[tuple[str, str], Span]]:
    """Labels and rules, under the name of their block."""
    for declaration in scope.names.values.values():
        node = declaration.statement
        if isinstance(node, n.Band | n.Classify | n.Stages):
            yield from ((("label", f"{declaration.name}.{label.name.key}"), label.name.span) for label in node.labels)
        elif isinstance(node, n.Matrix):
            for cell in (cell for row in reversed(node.rows) for cell in reversed(row.cells)):
                yield ("label", f"{declaration.name}.{cell.key}"), cell.span
        elif isinstance(node, n.Score):
            for item in node.items:
                rules = item.rules if isinstance(item, n.Group) else (item,) if isinstance(item, n.ScoreRule) else ()
                yield from ((("rule", f"{declaration.name}.{rule.name.key}"), rule.name.span) for rule in rules)
    for name, declaration in scope.names.of("route").items():
        node = declaration.statement
        assert isinstance(node, n.Route)
        lines = (item for item in node.items if isinstance(item, n.RouteRule))
        yield from ((("route rule", f"{name}.{line.name.key}"), line.name.span) for line in lines)
