"""From an expression of the ruleset to a Polars expression, operation by operation.

In: an expression and what is ready of its parts. Out: a Polars expression. Resolves the static part of an operation:
members of lists, keys and cells of tables, patterns. What an operation means stands in core/functions alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from leadrules.core.functions import OPERATIONS, Context, Lookup, Operation, length_of
from leadrules.core.functions.columnar import dtype, fold_column, fold_set_column
from leadrules.core.ids import by_form
from leadrules.core.text import fold, folded
from leadrules.core.types import Type
from leadrules.engine.table import Parts
from leadrules.ruleset.model import Duration, Expr, Ruleset
from leadrules.ruleset.walk import looked_up

_SEARCHES = frozenset(["contains", "starts", "ends"])
_MEMBERSHIPS = frozenset(["in", "has"])
_TEXTUAL = frozenset(["text", "choice", "label"])


class Lowering:
    """Lowers expressions of one ruleset. `teams` are the rosters that `in team` looks at."""

    def __init__(self, ruleset: Ruleset, context: Context, teams: Mapping[str, Sequence[str]] | None = None) -> None:
        self._context = context
        self._lists = {one.name: one.values for one in ruleset.lists}
        self._tables = {one.name: one for one in ruleset.tables}
        self._teams = dict(teams or {})
        self._lookups: dict[str, Lookup] = {}

    def __call__(self, expression: Expr, parts: Parts) -> pl.Expr:
        """The expression over the columns that `parts` names."""
        ready = parts.ready(expression)
        if ready is None and expression.op == "duration":
            return literal(length_of(Duration(*expression.value)), expression.type)
        return ready if ready is not None else self._operation(expression, parts)

    def bucket(self, expression: Expr, key: pl.Expr) -> pl.Expr:
        """The bucket of every key."""
        lowered: pl.Expr = OPERATIONS["bucket"].column(self._context, expression.value, (), key)
        return lowered

    def _operation(self, expression: Expr, parts: Parts) -> pl.Expr:
        operation = OPERATIONS[expression.op]
        value, dynamic = self._static(expression)
        types = tuple(part.type for part in dynamic)
        args = [self._argument(part, parts, operation) for part in dynamic]
        lowered: pl.Expr = operation.column(self._context, value, types, *args)
        return lowered

    def _argument(self, part: Expr, parts: Parts, operation: Operation) -> Any:
        if part.op == "duration" and operation.name == "shift":
            return Duration(*part.value)
        if not operation.folded or (part.type.kind not in _TEXTUAL and part.type.kind != "set"):
            return self(part, parts)
        if part.op == "const":
            return literal(None if part.value is None else fold(part.value), part.type)
        ready = parts.folded(part)
        if ready is not None:
            return ready
        return (fold_set_column if part.type.kind == "set" else fold_column)(self(part, parts))

    # -- static parts -----------------------------------------------------------------------------------------------

    def _static(self, expression: Expr) -> tuple[Any, tuple[Expr, ...]]:
        """What of an operation is the same for every lead, and the arguments that are not."""
        op, value, args = expression.op, expression.value, expression.args
        if op in _MEMBERSHIPS or op in _SEARCHES:
            return self._members(expression)
        if op == "in_table":
            return tuple(key for key, _ in self._tables[value].rows), args
        if op == "in_team":
            return tuple(by_form(self._teams.get(value, ()))), args
        if op == "lookup":
            return self._lookup(value), args
        return value, args

    def _members(self, expression: Expr) -> tuple[tuple[Any, ...], tuple[Expr, ...]]:
        form: Callable[[str], str] = folded if expression.op in _SEARCHES else fold
        listed = self._lists[expression.value] if expression.value is not None else ()
        constants = [part for part in expression.args[1:] if part.op == "const"]
        members = [*listed, *(_plain(part) for part in constants)]
        dynamic = (expression.args[0], *(part for part in expression.args[1:] if part.op != "const"))
        found = (form(member) if isinstance(member, str) else member for member in members if member is not None)
        return tuple(dict.fromkeys(found)), dynamic

    def _lookup(self, path: str) -> Lookup:
        if path not in self._lookups:
            table, column = looked_up(path, self._tables.values())
            names = [name for name, _ in table.columns]
            number, type_ = names.index(column), dict(table.columns)[column]
            cells = {key: _typed(cells[number], type_) for key, cells in table.rows}
            self._lookups[path] = Lookup({key: cell for key, cell in cells.items() if cell is not None}, type_)
        return self._lookups[path]


def literal(value: Any, type_: Type) -> pl.Expr:
    """A constant as a column of its type; dates and datetimes may come as ISO text."""
    return pl.lit(_typed(value, type_), dtype=dtype(type_))


def _plain(part: Expr) -> Any:
    return _typed(part.value, part.type)


def _typed(value: Any, type_: Type) -> Any:
    if type_.kind == "datetime" and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if type_.kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    if type_.kind == "number" and value is not None:
        return float(value)
    return value
