"""Every operation keeps what its examples say, as a row and as a column."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import CALLABLE, OPERATIONS, Context, Example, Operation
from leadrules.core.functions.columnar import dtype
from leadrules.core.types import BLANK, DATE, DATETIME, DURATION, NUMBER, SET, TEXT, YESNO, Type

CONTEXT = Context(Calendar())
CASES = [(operation, example) for operation in OPERATIONS.values() for example in operation.examples]


def type_of(value: Any) -> Type:
    """The type of a Python value."""
    match value:
        case bool():
            return YESNO
        case float():
            return NUMBER
        case str():
            return TEXT
        case datetime():
            return DATETIME
        case date():
            return DATE
        case timedelta():
            return DURATION
        case tuple():
            return SET
    return BLANK


def types_of(operation: Operation, example: Example) -> tuple[Type, ...]:
    """The types of an example's arguments; a blank takes that of its neighbours, or what the parameter takes."""
    if example.types:
        return example.types
    known = [type_of(arg) for arg in example.args if arg is not None]

    def typed(position: int, arg: Any) -> Type:
        if arg is not None:
            return type_of(arg)
        kinds = operation.parameter(position).kinds
        like = next((t for t in known if t.kind in kinds), None)
        return like or next(t for t in (NUMBER, TEXT, DATE, YESNO, SET) if t.kind in kinds)

    return tuple(typed(position, arg) for position, arg in enumerate(example.args))


def as_column(operation: Operation, example: Example) -> list[Any]:
    """An example worked out over a column of three equal rows."""
    types = types_of(operation, example)
    data = {
        f"c{i}": pl.Series([a, a, a], dtype=dtype(t)) for i, (a, t) in enumerate(zip(example.args, types, strict=True))
    }
    columns = [pl.col(name) for name in data]
    expression = operation.column(CONTEXT, example.value, types, *columns)
    return pl.DataFrame(data).lazy().select(expression.alias("r")).collect()["r"].to_list()


@pytest.mark.parametrize(("operation", "example"), CASES, ids=lambda x: getattr(x, "name", None))
def test_example_as_a_row(operation: Operation, example: Example) -> None:
    assert operation.row(CONTEXT, example.value, *example.args) == example.result


@pytest.mark.parametrize(("operation", "example"), CASES, ids=lambda x: getattr(x, "name", None))
def test_example_as_a_column(operation: Operation, example: Example) -> None:
    assert as_column(operation, example) == [example.result] * 3


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_every_operation_says_what_it_does_and_shows_a_blank(operation: Operation) -> None:
    assert operation.says.endswith(".")
    assert operation.examples
    assert any(None in example.args for example in operation.examples)
    for example in operation.examples:
        assert isinstance(operation.result_type(types_of(operation, example)), Type)


def test_callable_names_are_those_of_the_contract() -> None:
    contract = (
        "if min max abs round floor ceil coalesce lower upper trim length concat domain_of date year month day weekday "
        "end_of_month days_between earliest latest exact lookup bucket"
    )
    assert sorted(CALLABLE) == sorted(contract.split())
