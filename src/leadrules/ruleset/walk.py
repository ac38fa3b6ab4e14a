"""Every part of a ruleset, and what it says about time and about names that are always there.

In: a ruleset. Out: its parts with the rule they stand in; the places that ask what time it is (a run over inputs without
any time needs `--as-of` for just these); the always-names that are used. Works nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Any, cast

from leadrules.core.identity import Same
from leadrules.core.records import dataclass
from leadrules.ruleset.model import (
    Active,
    Definition,
    Each,
    EventFilter,
    Expr,
    Matrix,
    Place,
    Placed,
    Route,
    Ruleset,
    Sequence,
    TableValues,
    Trigger,
)

CLOCK_NAMES = ("now", "today")


@dataclass(frozen=True, slots=True)
class ClockUse:
    """A place that asks for the time: the definition (and rule) it stands in, and what asks."""

    rule: str
    what: str
    span: Place | None


def parts(ruleset: Ruleset) -> Iterator[tuple[str, Any]]:
    """Every dataclass below the ruleset's statements with the name of the rule it stands in; tests are left out."""
    statements = (
        *ruleset.declared,
        *ruleset.routes,
        *ruleset.sequences,
        *ruleset.triggers,
        *ruleset.exits,
        *ruleset.suppressions,
        *ruleset.asserts,
        *ruleset.funnels,
        *ruleset.goals,
    )
    for statement in statements:
        yield from _below(statement, getattr(statement, "name", ""), ruleset)
    if ruleset.open_leads is not None:
        yield from _below(ruleset.open_leads, "open_leads", ruleset)


def expression_parts(expression: Expr, ruleset: Ruleset) -> Iterator[Any]:
    """The parts of one expression, with those of the aggregates it names."""
    return (part for _, part in _below(expression, "", ruleset))


def below(part: Placed, ruleset: Ruleset) -> Iterator[Any]:
    """A part of a ruleset and all below it, with the aggregates it names."""
    return (found for _, found in _below(part, "", ruleset))


def below_definition(definition: Definition, ruleset: Ruleset) -> Iterator[Any]:
    """A definition and the parts of it, with those of the aggregates it names."""
    return (part for _, part in _below(definition, definition.name, ruleset))


def made_of(part: Placed, ruleset: Ruleset) -> list[Definition]:
    """The definitions that a part names, and those that they name in turn, in declaration order; itself too, if it is one."""
    known = {one.name: one for one in ruleset.definitions}
    found: set[str] = set()
    pending: list[Placed] = [part]
    while pending:
        for one in below(pending.pop(), ruleset):
            named = {one.value} if isinstance(one, Expr) and one.op == "name" else set()
            if isinstance(one, Matrix):
                named = {one.rows_of, one.columns_of}
            fresh = {str(name) for name in named if name in known} - found
            found |= fresh
            pending += [known[name] for name in sorted(fresh)]
    return [one for one in ruleset.declared if one.name in found or one is part]


def looked_up(path: str, tables: Iterable[TableValues]) -> tuple[TableValues, str]:
    """The table and the column of a lookup's `table.column`; either name may hold a dot."""
    for table in tables:
        column = path.removeprefix(f"{table.name}.")
        if column != path and column in dict(table.columns):
            return table, column
    raise KeyError(path)


def _below(part: Any, rule: str, ruleset: Ruleset) -> Iterator[tuple[str, Any]]:
    yield rule, part
    if isinstance(part, Expr) and part.op in ("aggregate", "did"):
        yield from _below(ruleset.aggregates[part.value], rule, ruleset)
    for item in _fields(cast("Any", type(part))):
        value = getattr(part, item)
        for child in value if isinstance(value, tuple) else (value,):
            if _fields(cast("Any", type(child))):
                name = getattr(child, "name", None)
                named = isinstance(name, str) and isinstance(child, Placed)
                yield from _below(child, f"{rule}.{name}" if named else rule, ruleset)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields; none for anything else. Lints walk a ruleset many times over."""
    return tuple(item.name for item in fields(kind)) if is_dataclass(kind) else ()


def clock_uses(ruleset: Ruleset) -> Iterator[ClockUse]:
    """Every place that asks for the time, in declaration order. What has no place of its own stands on its rule's line."""
    lines: dict[str, Place | None] = {}
    for rule, part in parts(ruleset):
        if isinstance(part, Placed) and not isinstance(part, Expr | EventFilter):
            lines[rule] = part.span
        what = asks_time(part)
        if what:
            yield ClockUse(rule, what, part.span if isinstance(part, Placed) else lines.get(rule))


def asks_time(part: Any) -> str:
    """The word by which a part asks for the time, or nothing."""
    if isinstance(part, Expr):
        return str(part.value) if part.op == "always" and part.value in CLOCK_NAMES else ""
    if isinstance(part, EventFilter):
        return "within" if part.within else ""
    if isinstance(part, Each):
        return "halving" if part.halving else "fading" if part.fading else ""
    if isinstance(part, Active):
        return "from" if part.start else "until"
    if isinstance(part, Route | Sequence | Trigger):
        return type(part).__name__.lower()
    return ""


def always_names(ruleset: Ruleset) -> frozenset[str]:
    """The names that are always there (`owner`, `duplicate_of`, ...) and that some rule or test reads."""
    return _always_names(Same(ruleset))


@lru_cache(maxsize=8)
def _always_names(same: Same[Ruleset]) -> frozenset[str]:
    ruleset = same.it
    found = {str(part.value) for _, part in parts(ruleset) if isinstance(part, Expr) and part.op == "always"}
    return frozenset(found | always_in(ruleset.tests, ruleset))


def counted(ruleset: Ruleset) -> frozenset[int]:
    """The aggregates whose number some rule or test reads; of the others only whether it happened is asked."""
    return _counted(Same(ruleset))


@lru_cache(maxsize=8)
def _counted(same: Same[Ruleset]) -> frozenset[int]:
    ruleset = same.it
    found = chain(
        (part for _, part in parts(ruleset)), chain.from_iterable(below(one, ruleset) for one in ruleset.tests)
    )
    return frozenset(part.value for part in found if isinstance(part, Expr) and part.op == "aggregate")


def always_in(some: Iterable[Placed], ruleset: Ruleset) -> frozenset[str]:
    """Such names that some expressions, or tests, read."""
    found = (part for one in some for part in below(one, ruleset))
    return frozenset(str(part.value) for part in found if isinstance(part, Expr) and part.op == "always")
