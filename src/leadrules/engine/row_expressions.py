"""Expressions as closures: what an expression of the compiled ruleset is worth for one lead.

In: a ruleset and its teams; then a `Case`, one lead under evaluation, and the event or rep at hand. Out: values; a blank
is None. What an operation means stands in core/functions; here are its arguments found, folded and handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

from leadrules.core.calendar import nominal
from leadrules.core.functions import OPERATIONS, Context, Lookup
from leadrules.core.ids import by_form
from leadrules.core.text import fold, folded
from leadrules.core.types import Type
from leadrules.engine.row_scores import Contribution
from leadrules.ruleset.model import Expr, Ruleset
from leadrules.ruleset.walk import looked_up

Event = Mapping[str, Any]
_FOLDED_KINDS = frozenset(["text", "choice", "label", "set"])
_SEARCHES = frozenset(["contains", "starts", "ends"])
_EXTREMES = frozenset(["earliest", "latest"])
_LISTED = frozenset(["in", "has", "contains", "starts", "ends"])


class Case:
    """One lead under evaluation: what it says, what is worked out so far."""

    __slots__ = (
        "aggregates",
        "context",
        "events",
        "fired",
        "folded",
        "inputs",
        "key",
        "lead",
        "lines",
        "today",
        "values",
    )

    def __init__(
        self, lead: Mapping[str, Any], events: Sequence[Event], context: Context, inputs: dict[str, Any], key: str
    ) -> None:
        self.lead = lead
        self.events = events
        self.context = context
        self.inputs = inputs
        self.key = inputs.get("key", lead.get(key))
        self.today = None if context.as_of is None else context.calendar.day_of(context.as_of)
        self.values: dict[str, Any] = {}
        self.folded: dict[str, Any] = {}
        self.aggregates: dict[int, Any] = {}
        self.lines: dict[str, tuple[Contribution, ...]] = {}
        self.fired: dict[str, tuple[str, ...]] = {}

    def previous(self, name: str, field: str | None) -> Any:
        """The label before this run: of the state, else of the lead's field of that name."""
        if name in self.inputs:
            return self.inputs[name]
        return None if field is None else self.lead.get(field)

    def entered(self, name: str, field: str | None) -> Any:
        """When the lead entered the label it has now: remembered if it had it before, else this instant."""
        if f"{name}.since" not in self.inputs or self.values[name] is None:
            return None
        since = self.inputs[f"{name}.since"]
        stays = since is not None and self.values[name] == self.previous(name, field)
        return since if stays else self.context.as_of

    def with_inputs(self, inputs: Mapping[str, Any]) -> Case:
        """The same lead, with some inputs replaced; event aggregates are worked out again, for they may read inputs."""
        other = Case(self.lead, self.events, self.context, self.inputs | dict(inputs), "")
        other.key, other.values = self.key, self.values
        other.lines, other.fired = self.lines, self.fired
        return other


Closure = Callable[[Case, "Mapping[str, Any] | None"], Any]


class Aggregates(Protocol):
    """What makes an aggregate a function of the case."""

    def aggregate(self, index: int) -> Callable[[Case], Any]:
        """The aggregate of this index."""


def yes(value: Any) -> bool:
    """A condition's answer: a blank is no."""
    return value is True


class Interpreter:
    """Makes closures of the expressions of one ruleset; each is made once."""

    def __init__(self, ruleset: Ruleset, teams: Mapping[str, Sequence[str]]) -> None:
        self.ruleset = ruleset
        self._lists = {one.name: one.values for one in ruleset.lists}
        self._tables = {one.name: one for one in ruleset.tables}
        self._teams = teams
        self._fields = {d.name: getattr(d, "previous_field", None) for d in ruleset.definitions}
        self._made: dict[int, tuple[Expr, Closure]] = {}
        self._aggregates: list[Callable[[Case], Any]] = []

    def read_aggregates(self, reader: Aggregates) -> None:
        """Make the aggregates known; an aggregate may look at others, so they are reached when they are asked for."""
        self._aggregates = [reader.aggregate(index) for index in range(len(self.ruleset.aggregates))]

    def closure(self, expr: Expr) -> Closure:
        """What an expression is worth."""
        found = self._made.get(id(expr))
        if found is None:
            # The expression is kept beside its closure: an id is only its own while it lives.
            found = self._made[id(expr)] = (expr, self._make(expr))
        return found[1]

    def _make(self, expr: Expr) -> Closure:
        if expr.op in _COMBINED:
            return _COMBINED[expr.op]([self.closure(part) for part in expr.args])
        return self._leaf(expr) or self._operation(expr)

    def _leaf(self, expr: Expr) -> Closure | None:
        """What stands for itself, of the lead, the event, the state or the facts so far."""
        value = expr.value
        match expr.op:
            case "const":
                constant = typed(value, expr.type)
                return lambda case, row: constant
            case "duration":
                length = nominal(*value)
                return lambda case, row: length
            case "field":
                return lambda case, row: case.lead.get(value)
            case "event_field" if value == "lead_id":
                return lambda case, row: case.key
            case "event_field" | "rep_field":
                return lambda case, row: None if row is None else row.get(value)
            case "name":
                return lambda case, row: case.values.get(value)
            case "previous":
                field = self._fields.get(value)
                return lambda case, row: case.previous(value, field)
            case "since_of":
                known = self._fields.get(value)
                return lambda case, row: case.entered(value, known)
            case "always":
                return _always(value)
            case "aggregate":
                return lambda case, row: self._aggregate(value, case)
            case "did":
                return lambda case, row: self._aggregate(value, case) > 0
            case "bucket":
                bucket = OPERATIONS["bucket"].row
                return lambda case, row: bucket(case.context, value, case.key)
        return None

    def _aggregate(self, index: int, case: Case) -> Any:
        if index not in case.aggregates:
            case.aggregates[index] = self._aggregates[index](case)
        return case.aggregates[index]

    # -- operations -------------------------------------------------------------------------------------------------

    def _operation(self, expr: Expr) -> Closure:
        operation = OPERATIONS[expr.op]
        value, parts = self._static(expr)
        args = [self._argument(part, expr.op, is_folded=operation.folded) for part in parts]
        closure = _applied(operation.row, value, args)
        return _as_instant(closure) if expr.op in _EXTREMES and expr.type.kind == "datetime" else closure

    def _argument(self, part: Expr, op: str, *, is_folded: bool) -> Closure:
        if part.op == "duration" and op == "shift":
            literal = tuple(part.value)
            return lambda case, row: literal
        closure = self.closure(part)
        if not is_folded or part.type.kind not in _FOLDED_KINDS:
            return closure
        if part.op == "const":
            constant = _fold(typed(part.value, part.type))
            return lambda case, row: constant
        if part.op == "field":
            return _folded_field(part.value)
        return lambda case, row: _fold(closure(case, row))

    def _static(self, expr: Expr) -> tuple[Any, Sequence[Expr]]:
        """The part of an operation that is the same for every lead, and the arguments that are not."""
        match expr.op:
            case op if op in _LISTED:
                return self._members(expr)
            case "in_table":
                return frozenset(key for key, _ in self._tables[expr.value].rows), expr.args
            case "in_team":
                return frozenset(by_form(self._teams.get(expr.value, ()))), expr.args
            case "lookup":
                return self._lookup(expr.value), expr.args
        return expr.value, expr.args

    def _members(self, expr: Expr) -> tuple[Any, Sequence[Expr]]:
        form = folded if expr.op in _SEARCHES else fold
        members = list(self._lists[expr.value]) if expr.value is not None else []
        members += [typed(part.value, part.type) for part in expr.args[1:] if part.op == "const"]
        found = [form(member) if isinstance(member, str) else member for member in members if member is not None]
        others = [part for part in expr.args[1:] if part.op != "const"]
        # A search looks for each member in turn, a membership asks for all at once.
        return tuple(found) if expr.op in _SEARCHES else frozenset(found), [expr.args[0], *others]

    def _lookup(self, path: str) -> Lookup:
        table, column = looked_up(path, self._tables.values())
        types = dict(table.columns)
        at = list(types).index(column)
        return Lookup({key: typed(cells[at], types[column]) for key, cells in table.rows}, types[column])


def typed(value: Any, type_: Type) -> Any:
    """A value of the compiled ruleset, whose dates and datetimes are ISO text, as the engine holds it."""
    if isinstance(value, str) and type_.kind == "datetime":
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, str) and type_.kind == "date":
        return date.fromisoformat(value)
    if value is not None and type_.kind == "number":
        return float(value)
    return tuple(value) if isinstance(value, list) else value


def _fold(value: Any) -> Any:
    if isinstance(value, str):
        return fold(value)
    return value if value is None else tuple(fold(item) for item in value)


def _folded_field(name: str) -> Closure:
    """A field folded, once per lead: many rules look at the same one."""

    def read(case: Case, row: Mapping[str, Any] | None) -> Any:
        if name not in case.folded:
            case.folded[name] = _fold(case.lead.get(name))
        return case.folded[name]

    return read


def _always(name: str) -> Closure:
    if name == "now":
        return lambda case, row: case.context.as_of
    if name == "today":
        return lambda case, row: case.today
    return lambda case, row: case.inputs.get(name)


def _all(parts: Sequence[Closure]) -> Closure:
    return lambda case, row: all(part(case, row) is True for part in parts)


def _any(parts: Sequence[Closure]) -> Closure:
    return lambda case, row: any(part(case, row) is True for part in parts)


def _if(parts: Sequence[Closure]) -> Closure:
    test, then, otherwise = parts
    return lambda case, row: then(case, row) if test(case, row) is True else otherwise(case, row)


# Those that look at no more than they need.
_COMBINED: dict[str, Callable[[Sequence[Closure]], Closure]] = {"and": _all, "or": _any, "if": _if}


def _as_instant(closure: Closure) -> Closure:
    """Of dates beside datetimes, also where only dates are not blank: an instant."""

    def instant(case: Case, row: Mapping[str, Any] | None) -> datetime | None:
        value = closure(case, row)
        return None if value is None else case.context.calendar.as_instant(value)

    return instant


def _applied(function: Callable[..., Any], value: Any, args: Sequence[Closure]) -> Closure:
    """An operation on its arguments; one and two are by far the most common."""
    if len(args) == 1:
        (one,) = args
        return lambda case, row: function(case.context, value, one(case, row))
    if len(args) == 2:
        first, second = args
        return lambda case, row: function(case.context, value, first(case, row), second(case, row))
    return lambda case, row: function(case.context, value, *(arg(case, row) for arg in args))
