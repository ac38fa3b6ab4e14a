"""Comparisons and membership: = < <= > >= between, in, in TABLE, in team, has, exact.

In: values of one family; text comes folded, but for `exact`. Out: operations that say no for a blank. A date against a
datetime compares with its local date; durations by their length.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from leadrules.core.functions.columnar import any_of, is_member, length, local_day
from leadrules.core.functions.operation import (
    Column,
    Context,
    Example,
    Mismatch,
    Operation,
    Parameter,
    Row,
    parameter,
    plainly,
    sure,
    text,
)
from leadrules.core.types import DATE, TEXT, YESNO, Kind, Type

FAMILIES: dict[str, str] = {
    "text": "text",
    "choice": "text",
    "number": "number",
    "yesno": "yesno",
    "date": "time",
    "datetime": "time",
    "duration": "duration",
    "label": "label",
    "set": "set",
}
_ORDERED: tuple[Kind, ...] = ("number", "date", "datetime", "duration")


def agree(a: Type, b: Type) -> bool:
    """Whether two types can be compared. What is already reported agrees with everything."""
    return "error" in (a.kind, b.kind) or FAMILIES.get(a.kind) == FAMILIES.get(b.kind)


def _blank_side(position: int) -> Mismatch:
    return Mismatch(position, "nothing compares with blank", "write `is blank` or `is not blank`")


def _equal_type(types: Sequence[Type]) -> Type | Mismatch:
    for position, type_ in enumerate(types):
        if type_.kind == "blank":
            return _blank_side(position)
        if type_.kind == "label":
            return Mismatch(position, f"{type_} is not compared with `=`", "write `is LABEL`, or `is one of (..)`")
        if type_.kind == "set":
            return Mismatch(position, "a set is not compared with `=`", 'write `has "..."`')
    return _same_family(types)


def _order_type(types: Sequence[Type]) -> Type | Mismatch:
    for position, type_ in enumerate(types):
        if type_.kind == "blank":
            return _blank_side(position)
        if type_.kind in ("text", "choice"):
            return Mismatch(
                position, "text has no order", "text has only `=` and `!=`; is the field a number in the schema?"
            )
    return _same_family(types)


def _same_family(types: Sequence[Type]) -> Type | Mismatch:
    first = types[0]
    for position, type_ in enumerate(types):
        if not agree(first, type_):
            return Mismatch(position, f"{first} does not compare with {type_}")
    return YESNO


def _member_type(types: Sequence[Type]) -> Type | Mismatch:
    if types[0].kind == "label":
        return Mismatch(0, f"{types[0]} is not looked up with `in`", "write `is one of (..)`")
    return _same_family(types)


def _days(context: Context, args: Sequence[Any]) -> Sequence[Any]:
    """Dates and datetimes side by side as local dates; else as they are."""
    instants = [isinstance(arg, datetime) for arg in args]
    if all(instants) or not any(instants):
        return args
    return [context.calendar.day_of(arg) for arg in args]


def _compared(test: Callable[..., bool]) -> Row:
    def row(context: Context, value: Any, *args: Any) -> bool:
        if None in args:
            return False
        return test(*_days(context, args)) if isinstance(args[0], date) else test(*args)

    return row


def _compared_columns(test: Callable[..., Any]) -> Column:
    def column(context: Context, value: Any, types: Sequence[Type], *args: Any) -> Any:
        if len({type_.kind for type_ in types if type_.is_temporal}) > 1:
            args = tuple(local_day(context.calendar, arg, type_) for arg, type_ in zip(args, types, strict=True))
        if types[0].kind == "duration":
            args = tuple(length(arg) for arg in args)
        return test(*args).fill_null(value=False)

    return column


def _comparison(name: str, says: str, test: Callable[..., Any], *examples: Example) -> Operation:
    more: tuple[Kind, ...] = ("yesno", "label", "set") if name == "eq" else ()
    result = _equal_type if name == "eq" else _order_type
    sides = (_ordered("a", *more), _ordered("b", *more))
    return Operation(name, says, sides, result, _compared(test), _compared_columns(test), examples, folded=name == "eq")


def _has(context: Context, value: Sequence[str], x: Any, *others: Any) -> bool:
    return x is not None and any(item in value or item in others for item in x)


def _has_column(context: Context, value: Sequence[str], types: Sequence[Type], x: Any, *others: Any) -> Any:
    import polars as pl

    tests = [x.list.eval(is_member(pl.element(), value)).list.any()] if value else []
    tests += [x.list.contains(other, nulls_equal=False) for other in others]
    return any_of(tests) if tests else is_member(x, ())


def _member(context: Context, value: Any, x: Any, *others: Any) -> bool:
    return x is not None and (x in value or x in others)


def _member_column(context: Context, value: Any, types: Sequence[Type], x: Any, *others: Any) -> Any:
    return any_of([is_member(x, value), *(x == other for other in others)])


def _listed(name: str, *, many: bool = False) -> Parameter:
    kinds: tuple[Kind, ...] = ("text", "choice", "number", "date", "datetime", "label")
    return parameter(name, *kinds, words="text, numbers and dates", optional=many, many=many)


def _ordered(name: str, *more: Kind) -> Parameter:
    # Text is let in, to be told that it has no order; a blank, to be told of `is blank`.
    return parameter(name, *_ORDERED, "text", "choice", "blank", *more, words="numbers, dates, datetimes and durations")


_D = date(2026, 4, 1)

OPERATIONS = (
    _comparison(
        "eq",
        "Yes when both are the same; text is compared folded, the rest exactly.",
        operator.eq,
        Example(("saas", "saas"), True),
        Example((2.0, 3.0), False),
        Example((None, 0.0), False),
        Example((True, True), True),
    ),
    _comparison(
        "lt",
        "Less, or earlier.",
        operator.lt,
        Example((1.0, 2.0), True),
        Example((2.0, 2.0), False),
        Example((None, 2.0), False),
    ),
    _comparison("le", "At most, or not later.", operator.le, Example((2.0, 2.0), True), Example((None, 2.0), False)),
    _comparison("gt", "More, or later.", operator.gt, Example((3.0, 2.0), True), Example((2.0, None), False)),
    _comparison(
        "ge",
        "At least, or not earlier.",
        operator.ge,
        Example((_D, _D), True, types=(DATE, DATE)),
        Example((None, 2.0), False),
    ),
    Operation(
        "between",
        "Yes from the lower end to the upper end, both included.",
        (_ordered("x"), _ordered("low"), _ordered("high")),
        _order_type,
        _compared(lambda x, low, high: low <= x <= high),
        _compared_columns(lambda x, low, high: x.is_between(low, high)),
        (Example((5.0, 5.0, 7.0), True), Example((8.0, 5.0, 7.0), False), Example((5.0, None, 7.0), False)),
    ),
    Operation(
        "in",
        "Yes when x is among the members; text is compared folded.",
        (_listed("x"), _listed("item", many=True)),
        _member_type,
        _member,
        _member_column,
        (
            Example(("jp",), True, value=("jp", "us")),
            Example((None,), False, value=("jp",), types=(TEXT,)),
            Example((3.0, 3.0), True, value=()),
        ),
        folded=True,
    ),
    Operation(
        "in_table",
        "Yes when x is a key of the table.",
        (text("x"),),
        YESNO,
        _member,
        _member_column,
        (Example(("acme.com",), True, value=("acme.com",)), Example((None,), False, value=("acme.com",))),
        folded=True,
    ),
    Operation(
        "in_team",
        "Yes when the rep or queue is in the team's roster.",
        (text("x"),),
        YESNO,
        _member,
        _member_column,
        (Example(("sato@example.com",), True, value=("sato@example.com",)), Example((None,), False, value=("a@b.c",))),
        folded=True,
    ),
    Operation(
        "has",
        "Yes when the set holds any of these; compared folded.",
        (
            parameter("set", "set", words="sets of text"),
            parameter("item", "text", "choice", "label", words="text", optional=True, many=True),
        ),
        YESNO,
        _has,
        _has_column,
        (
            Example((("vip", "beta"),), True, value=("beta", "x")),
            Example((("vip",), "beta"), False, value=()),
            Example((None,), False, value=("vip",)),
        ),
        folded=True,
    ),
    Operation(
        "exact",
        "Yes when both texts are the same, character by character.",
        (text("a"), text("b")),
        YESNO,
        sure(operator.eq),
        plainly(lambda a, b: (a == b).fill_null(value=False)),
        (Example(("JP", "JP"), True), Example(("JP", "jp"), False), Example((None, "JP"), False)),
        by_name=True,
    ),
)
