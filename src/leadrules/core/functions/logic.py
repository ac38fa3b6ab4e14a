"""Conditions and choices between values: and, or, not, if, coalesce, is blank, is LABEL.

In: yes/no and any values. Out: operations. A blank in yes/no position is no.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leadrules.core.functions.columnar import is_member
from leadrules.core.functions.operation import (
    Context,
    Example,
    Mismatch,
    Operation,
    anything,
    condition,
    parameter,
    plainly,
)
from leadrules.core.types import BLANK, ERROR, TEXT, YESNO, Type

_TEXTUAL = ("text", "choice", "label")


def unify(types: Sequence[Type]) -> Type | Mismatch:
    """The one type of values that may stand for each other; a mismatch names the first that does not fit."""
    result = BLANK
    for position, type_ in enumerate(types):
        joined = _join(result, type_)
        if joined is None:
            return Mismatch(position, f"these must be of one type: {result} before, and this is {type_}")
        result = joined
    return result


def _join(a: Type, b: Type) -> Type | None:
    if "error" in (a.kind, b.kind):
        return ERROR
    if a.kind == "blank" or a == b:
        return b
    if b.kind == "blank":
        return a
    return TEXT if a.kind in _TEXTUAL and b.kind in _TEXTUAL else None


def _if_type(types: Sequence[Type]) -> Type | Mismatch:
    found = unify(types[1:])
    return Mismatch(found.position + 1, found.message, found.help) if isinstance(found, Mismatch) else found


def _all(context: Context, value: Any, *args: Any) -> bool:
    return all(args)


def _any(context: Context, value: Any, *args: Any) -> bool:
    return any(args)


def _all_column(*args: Any) -> Any:
    import polars as pl

    return pl.all_horizontal(args).fill_null(value=False)


def _any_column(*args: Any) -> Any:
    import polars as pl

    return pl.any_horizontal(args).fill_null(value=False)


def _if_column(test: Any, yes: Any, no: Any) -> Any:
    import polars as pl

    return pl.when(test.fill_null(value=False)).then(yes).otherwise(no)


def _coalesce(context: Context, value: Any, *args: Any) -> Any:
    return next((arg for arg in args if arg is not None), None)


def _coalesce_column(*args: Any) -> Any:
    import polars as pl

    return pl.coalesce(*args)


OPERATIONS = (
    Operation(
        "and",
        "Yes when all of its conditions hold.",
        (condition("a"), condition("b", many=True)),
        YESNO,
        _all,
        plainly(_all_column),
        (Example((True, True), True), Example((True, False, True), False), Example((True, None), False)),
    ),
    Operation(
        "or",
        "Yes when any of its conditions holds.",
        (condition("a"), condition("b", many=True)),
        YESNO,
        _any,
        plainly(_any_column),
        (Example((False, True), True), Example((None, False), False), Example((None, True), True)),
    ),
    Operation(
        "not",
        "The plain negation: yes for what is no, and for a blank.",
        (condition("a"),),
        YESNO,
        lambda context, value, a: not a,
        plainly(lambda a: ~a.fill_null(value=False)),
        (Example((True,), False), Example((False,), True), Example((None,), True)),
    ),
    Operation(
        "if",
        "`a` when the condition holds, else `b`.",
        (condition("c"), anything("a"), anything("b")),
        _if_type,
        lambda context, value, test, yes, no: yes if test else no,
        plainly(_if_column),
        (
            Example((True, 1.0, 2.0), 1.0),
            Example((None, 1.0, 2.0), 2.0),
            Example((False, "x", None), None, types=(YESNO, TEXT, TEXT)),
        ),
        by_name=True,
    ),
    Operation(
        "coalesce",
        "The first value that is not blank.",
        (anything("a"), anything("b", many=True)),
        unify,
        _coalesce,
        plainly(_coalesce_column),
        (Example((None, 2.0, 3.0), 2.0), Example((None, None), None), Example(("x", "y"), "x")),
        by_name=True,
    ),
    Operation(
        "is_blank",
        "Yes for the absence of a value.",
        (anything("x"),),
        YESNO,
        lambda context, value, x: x is None,
        plainly(lambda x: x.is_null()),
        (Example((None,), True), Example((0.0,), False)),
    ),
    Operation(
        "is_label",
        "Yes when the label is one of these, spelled as they are; no for a blank.",
        (parameter("x", "label", "text", "choice", words="labels"),),
        YESNO,
        lambda context, value, x: x is not None and x in value,
        lambda context, value, types, x: is_member(x, value),
        (Example(("hot",), True, value=("hot", "warm")), Example((None,), False, value=("hot",))),
    ),
)
