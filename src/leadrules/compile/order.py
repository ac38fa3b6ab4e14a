"""Which definition needs which, and the order in which they can be worked out.

In: the namespace of values. Out: the definitions, each after those it uses, and one finding per circle that shows the
whole of it. Reads the syntax alone; knows no type. Iterative: a chain of a thousand definitions is no deep recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any, get_args

from leadrules.compile.names import Declaration, Names
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.ruleset.model import Function
from leadrules.syntax import nodes as n

ORDERED_KINDS = ("define", "segment", "score", "band", "matrix", "classify", "stages")
OF_EVENTS: tuple[Function, ...] = get_args(Function)


def ordered(
    names: Names, references: Callable[[n.Statement], Iterable[str]]
) -> tuple[list[Declaration], set[str], list[Diagnostic]]:
    """The definitions in dependency order, the names that stand in a circle, and a finding for each circle."""
    nodes = {d.name: d for d in names.values.values() if d.kind in ORDERED_KINDS}
    uses = {name: [u for u in dict.fromkeys(references(d.statement)) if u in nodes] for name, d in nodes.items()}
    result: list[Declaration] = []
    circular: set[str] = set()
    found: list[Diagnostic] = []
    done: set[str] = set()
    for start in nodes:
        for name, circle in _visit(start, uses, done):
            if circle is None:
                result.append(nodes[name])
            elif not circular.intersection(circle):
                circular.update(circle)
                found.append(_circle(names, nodes, circle))
    return result, circular, found


def _visit(start: str, uses: dict[str, list[str]], done: set[str]) -> Iterator[tuple[str, list[str] | None]]:
    """Names whose uses are all done, in order; and each circle met, by the name that closes it."""
    if start in done:
        return
    path: dict[str, Iterator[str]] = {start: iter(uses[start])}
    while path:
        name = next(reversed(path))
        below = next((u for u in path[name] if u not in done), None)
        if below is None:
            del path[name]
            done.add(name)
            yield name, None
        elif below in path:
            names = list(path)
            yield below, names[names.index(below) :]
        else:
            path[below] = iter(uses[below])


def _circle(names: Names, nodes: dict[str, Declaration], circle: list[str]) -> Diagnostic:
    """Begins with what is declared first, so that the finding does not depend on where the search began."""
    first = circle.index(min(circle, key=lambda name: nodes[name].position))
    turned = [*circle[first:], *circle[:first]]
    shown = " -> ".join(f"`{name}`" for name in [*turned, turned[0]])
    related = tuple(Related(nodes[name].span, f"`{name}` is defined here") for name in turned[1:])
    message = (
        f"these definitions need each other: {shown}" if len(turned) > 1 else f"`{turned[0]}` needs itself: {shown}"
    )
    fields = [name for name in turned if name in names.fields]
    hint = "break the circle: one of them must not use the next"
    missing = next((name for one in turned for name in _missing_fields(names, nodes[one].statement, turned)), None)
    if missing is not None:
        column = f"`lead.{missing}` would be a column of the export, declared in the lead schema"
        hint = f"the lead has no field `{missing}`: {column}"
    if fields:
        hint = f"`{fields[0]}` is the label here; if the field of the lead is meant, write `lead.{fields[0]}`"
    return finding("LR102", nodes[turned[0]].span, message, label="goes round in a circle", help=hint, related=related)


def _missing_fields(names: Names, statement: n.Statement, circle: list[str]) -> Iterator[str]:
    """The definitions of a circle that a statement reaches as `lead.NAME`, as if they were fields."""
    for node in n.walk(statement):
        if isinstance(node, n.Member) and node.owner.key == "lead":
            key = node.name.key
            yield from [key] if key in circle and key not in names.fields else ()


def references(names: Names, statement: n.Statement) -> Iterator[str]:
    """The names of other definitions that a definition uses, as far as syntax tells."""
    if isinstance(statement, n.Matrix):
        yield from (statement.rows_of.key, statement.columns_of.key)
        return
    stack: list[tuple[n.Node, bool]] = [(statement, False)]
    while stack:
        node, in_where = stack.pop()
        if isinstance(node, n.Name):
            if not in_where:
                yield node.name.key
        elif isinstance(node, n.Member):
            yield from _of_member(names, node)
        elif isinstance(node, n.Call) and node.function.key == "lookup" and len(node.arguments) > 2:
            stack.append((node.arguments[0], in_where))  # the others are a table and its column, as a sheet has them
        elif not _takes_event(names, node):
            stack.extend(_below(node, in_where))


def _of_member(names: Names, node: n.Member) -> Iterator[str]:
    if node.owner.key == "lead":
        if node.name.key not in names.fields:
            yield node.name.key
    else:
        yield node.owner.key


def _takes_event(names: Names, node: n.Node) -> bool:
    """An aggregate whose argument is a bare event or event field."""
    if not isinstance(node, n.Call) or node.function.key not in OF_EVENTS or len(node.arguments) != 1:
        return False
    argument = node.arguments[0]
    key = argument.name.key if isinstance(argument, n.Name) else ""
    key = argument.owner.key if isinstance(argument, n.Member) else key
    return key in names.events or key in names.of("events")


def _below(node: n.Node, in_where: bool) -> Iterator[tuple[n.Node, bool]]:
    """The parts in reverse, so that a stack gives them in written order."""
    is_event = isinstance(node, n.EventRef)
    kind: Any = type(node)
    for name in _parts(kind):
        value = getattr(node, name)
        inside = in_where or (is_event and name == "where")
        if isinstance(value, n.Node):
            yield value, inside
        elif isinstance(value, tuple):
            yield from ((child, inside) for child in reversed(value) if isinstance(child, n.Node))


@lru_cache
def _parts(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in reversed(fields(kind)) if f.name != "span")
