"""Calls: functions of values, and aggregates of events.

In: `Call` nodes. Out: the operation applied to its arguments. What a function takes and gives is declared with the
operations; here it is only asked.
"""

from __future__ import annotations

import re

from leadrules.compile import events
from leadrules.compile.columns import column_index
from leadrules.compile.mismatch import fixed_length, is_a
from leadrules.compile.order import OF_EVENTS
from leadrules.compile.references import CLOCK, resolves
from leadrules.compile.scope import Place, Scope, as_name, nothing, replace
from leadrules.core.functions import CALLABLE, OPERATIONS
from leadrules.core.functions.operation import Mismatch
from leadrules.core.text import fold
from leadrules.core.types import NUMBER, Type
from leadrules.ruleset.model import Expr
from leadrules.syntax import nodes as n

EVENTS = (n.Name, n.Member)
ALSO_OF_VALUES = ("min", "max")
ELSEWHERE = {
    "len": "length",
    "iif": "if",
    "ifelse": "if",
    "case": "if",
    "isnull": "coalesce",
    "ifnull": "coalesce",
    "nvl": "coalesce",
    "ceiling": "ceil",
    "vlookup": "lookup",
    "xlookup": "lookup",
    "datediff": "days_between",
    "eomonth": "end_of_month",
    "domain": "domain_of",
    "edate": "today + 3 months",
    "addmonths": "today + 3 months",
}


def lower_call(scope: Scope, node: n.Call, place: Place) -> Expr:
    """`function(arguments)`."""
    name = node.function.key
    if name in OF_EVENTS:
        ref = _event_argument(scope, node)
        if ref is not None:
            return events.lower_aggregate(scope, name, ref, node.span, place)
    if name == "lookup":
        return _lookup(scope, node, place)
    if name == "bucket":
        return _bucket(scope, node)
    if name not in CALLABLE:
        return _unknown_function(scope, node, place)
    return _apply(scope, node, place)


def _event_argument(scope: Scope, node: n.Call) -> n.EventRef | None:
    """The single argument read as an event, where it is one or can be nothing else."""
    if len(node.arguments) != 1:
        return None
    argument = node.arguments[0]
    only_events = node.function.key not in ALSO_OF_VALUES
    if isinstance(argument, n.EventArgument):
        return argument.event
    if isinstance(argument, n.Name) and (scope.is_event(argument.name.key) or only_events):
        return n.EventRef(span=argument.span, event=argument.name)
    if isinstance(argument, n.Member) and (scope.is_event(argument.owner.key) or only_events):
        return n.EventRef(span=argument.span, event=argument.owner, field=argument.name)
    return None


def _apply(scope: Scope, node: n.Call, place: Place) -> Expr:
    arguments = tuple(fixed_length(scope, a, scope.expression(a, place=place)) for a in node.arguments)
    if any(a.type.kind == "error" for a in arguments):
        return nothing(node.span)
    name = node.function.key
    result = OPERATIONS[name].result_type([a.type for a in arguments])
    if isinstance(result, Type):
        return Expr(name, result, arguments, span=node.span.as_json())
    return _mismatched(scope, node, arguments, result)


def _mismatched(scope: Scope, node: n.Call, arguments: tuple[Expr, ...], wrong: Mismatch) -> Expr:
    at = node.arguments[wrong.position] if wrong.position < len(node.arguments) else None
    right_count = OPERATIONS[node.function.key].least <= len(arguments)
    span = at.span if at is not None and right_count else node.span
    hint = wrong.help or f"its form is `{OPERATIONS[node.function.key].usage}`"
    kind = arguments[wrong.position].type.kind if at is not None else "error"
    if node.function.key in ALSO_OF_VALUES and kind in ("date", "datetime"):
        hint = f"for dates use `{'earliest' if node.function.key == 'min' else 'latest'}`"
    return scope.broken(
        "LR121", span, wrong.message, label=str(arguments[wrong.position].type) if at else "", help=hint
    )


def _lookup(scope: Scope, node: n.Call, place: Place) -> Expr:
    """`lookup(key, TABLE.column)`."""
    if len(node.arguments) != 2 or not isinstance(node.arguments[1], n.Member):
        message = "`lookup` takes a key and a column of a table"
        if len(node.arguments) == 3 and all(isinstance(one, n.Name) for one in node.arguments[1:]):
            first, *of_table = (one.span.text for one in node.arguments)
            new = f"lookup({first}, {'.'.join(of_table)})"
            fixes = (replace(f"change to `{new}`", node.span, new),)
            return scope.broken("LR121", node.span, message, help=f"write `{new}`", fixes=fixes)
        return scope.broken("LR121", node.span, message, help="write `lookup(domain, abm.tier)`")
    key = scope.expression(node.arguments[0], place=place)
    member = node.arguments[1]
    column = _column(scope, member)
    if column is None or key.type.kind == "error":
        return nothing(node.span)
    if not key.type.is_textual and key.type.kind != "label":
        message = f"the key of a table is text, but {is_a(node.arguments[0], key.type)}"
        return scope.broken("LR108", node.arguments[0].span, message, label=str(key.type), help="use a text field")
    name, found = column
    return Expr("lookup", found, (key,), value=f"{member.owner.key}.{name}", span=node.span.as_json())


def _column(scope: Scope, node: n.Member) -> tuple[str, Type] | None:
    """The column's header in the file, and its type."""
    found = scope.declared("table", node.owner)
    if found is None or (found.kind, found.name) in scope.names.disputed:
        return None
    columns = scope.tables.get(found.name)
    if columns is None:
        return None
    at = column_index(tuple(columns), node.name.key)
    if at is None:
        scope.unknown("LR123", node.name.span, f"column of the table `{found.name}`", node.name.key, list(columns))
        return None
    return tuple(columns.items())[at]


def _bucket(scope: Scope, node: n.Call) -> Expr:
    """`bucket("name")`."""
    if len(node.arguments) == 1 and isinstance(node.arguments[0], n.TextLiteral):
        return Expr("bucket", NUMBER, value=node.arguments[0].value, span=node.span.as_json())
    message = "`bucket` takes one name in quotes: leads fall into 0 to 99 by it"
    return scope.broken("LR121", node.span, message, help='write `bucket("subject line test") < 50`')


def _value_called(scope: Scope, node: n.Call, place: Place) -> str | None:
    """`today()`, `NOW()`, `title()`: the value that is meant, if one is called so."""
    name = node.function.key
    if name.lower() in CLOCK:
        return name.lower()
    found = scope.names.values.get(name)
    is_collection = found is not None and found.kind in ("list", "table")
    is_value = resolves(scope, name, place) and not is_collection and not scope.is_event(name)
    return node.function.span.text if is_value else None


def _no_event(scope: Scope, node: n.Call, meant: str | None = None) -> Expr:
    """`count(employees > 3)`, `sum(a, b)`."""
    name, count = node.function.key, len(node.arguments)
    given = f"and this gives it {count} arguments" if count != 1 else "not a condition"
    hint = f"to add values write `{meant or 'a + b'}`" if name == "sum" else f"write `{name}(EVENT)`"
    fixes = (replace(f"change to `{meant}`", node.span, meant),) if meant else ()
    return scope.broken("LR121", node.span, f"`{name}` takes one event, {given}", help=hint, fixes=fixes)


def _several_events(scope: Scope, node: n.Call) -> Expr | None:
    """`count(email_opened or email_clicked)`, `sum(a.amount, b.amount)`."""
    given = node.arguments
    given = given[0].items if len(given) == 1 and isinstance(given[0], n.Or | n.And) else given
    names = [item.owner if isinstance(item, n.Member) else item.name for item in given if isinstance(item, EVENTS)]
    if len(names) < 2 or len(names) < len(given) or not all(scope.is_event(name.key) for name in names):
        return None
    function = node.function.key
    ways = []
    if function in ("count", "sum"):
        ways.append(" + ".join(f"`{function}({item.span.text})`" for item in given).replace("` + `", " + "))
    fields = {item.name.text if isinstance(item, n.Member) else "" for item in given}
    if len(fields) == 1:
        of_all = ".".join(filter(None, ["either", *fields]))
        ways.append(f"`{function}({of_all})` of a group, `events either = [{', '.join(name.text for name in names)}]`")
    message = f"`{function}` takes one event, and here are {len(names)}"
    return scope.broken("LR121", node.span, message, label="several events", help=f"write {', or '.join(ways)}")


def _name_with_brackets(scope: Scope, node: n.Call) -> str | None:
    """What is called so, but for its brackets: of `売上（千円）` the field of that name, or `売上_千円`."""
    said = _letters(node.span.text)
    return next(
        (as_name(known, node.span) for known in scope.names.lead_names(node.span) if _letters(known) == said), None
    )


def _letters(name: str) -> str:
    """A name without brackets and what else is no letter."""
    return re.sub(r"[\W_]", "", fold(name))


def _unknown_function(scope: Scope, node: n.Call, place: Place) -> Expr:
    name = node.function.key
    value = None if node.arguments else _value_called(scope, node, place)
    if value is not None:
        message = f"`{value}` is a value, not a function"
        fixes = (replace("leave out the brackets", node.span, value),)
        return scope.broken("LR107", node.span, message, label="a value", help=f"write `{value}`", fixes=fixes)
    named = _name_with_brackets(scope, node)
    if named is not None:
        message = f"there is no function `{name}`: a name with brackets stands in backquotes"
        fixes = (replace(f"change to `` {named} ``", node.span, named),)
        return scope.broken("LR107", node.span, message, label="a name", help=f"write `` {named} ``", fixes=fixes)
    from leadrules.compile.borrowed_calls import in_words  # for functions that do not exist alone

    meant = in_words(scope, node, place)
    if meant is not None and name != "sum":
        message = f"there is no function `{name}`: `{node.span.text}` is written `{meant}`"
        fixes = (replace(f"change to `{meant}`", node.span, meant),)
        return scope.broken("LR107", node.span, message, label="unknown function", help=f"write `{meant}`", fixes=fixes)
    if name in ("count", "first", "last", "sum"):
        return _several_events(scope, node) or _no_event(scope, node, meant)
    if scope.is_event(name):
        message = f"`{name}` is an event, not a function"
        hint = f"write `did {name} where (FIELD = ..)`, or `count({name})`"
        return scope.broken("LR119", node.function.span, message, label="an event", help=hint)
    for argument in node.arguments:
        if not isinstance(argument, n.EventArgument | n.Name | n.Member):
            scope.expression(argument, place=place)
    meant = ELSEWHERE.get(name.lower())
    known = [meant] if meant else [*CALLABLE, *OF_EVENTS, "lookup", "bucket"]
    if meant:
        message = f"there is no function `{name}`"
        return scope.broken("LR107", node.function.span, message, label="unknown function", help=f"use `{meant}`")
    note = "there are: " + ", ".join(f"`{k}`" for k in sorted(set(known)))
    scope.unknown("LR107", node.function.span, "function", name, known, note)
    return nothing(node.span)
