"""Every operation keeps what its examples say, as a row and as a column."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import (
    CALLABLE,
    OPERATIONS,
    Context,
    Example,
    Mismatch,
    Operation,
    length_of,
    shifted_type,
)
from leadrules.core.functions.columnar import dtype
from leadrules.core.types import BLANK, DATE, DATETIME, DURATION, ERROR, NUMBER, SET, TEXT, YESNO, Type

CONTEXT = Context(Calendar())
LABEL = Type("label", ("hot", "cold"), "temperature")
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


def test_the_word_blank_is_a_side_of_a_choice_and_nothing_else() -> None:
    frame = pl.DataFrame({"x": [1.5, None], "c": [True, False]})
    blank = pl.lit(None, dtype=dtype(BLANK))
    chosen = OPERATIONS["if"].column(CONTEXT, None, (YESNO, NUMBER, BLANK), pl.col("c"), pl.col("x"), blank)
    first = OPERATIONS["coalesce"].column(CONTEXT, None, (BLANK, NUMBER), blank, pl.col("x"))
    for expression in (chosen, first):
        assert frame.select(expression.alias("r"))["r"].equals(pl.Series("r", [1.5, None]))
    assert OPERATIONS["if"].result_type([YESNO, NUMBER, BLANK]) == NUMBER
    for name in ("add", "contains", "eq", "ge", "between", "and", "year"):
        count = OPERATIONS[name].least
        assert isinstance(OPERATIONS[name].result_type([BLANK] * count), Mismatch), name


@pytest.mark.parametrize(
    ("name", "types", "position", "words"),
    [
        ("add", (NUMBER, TEXT), 1, "works on numbers, and this is text"),
        ("eq", (NUMBER, TEXT), 1, "a number does not compare with text"),
        ("eq", (TEXT, LABEL), 1, "a label of temperature is not compared with `=`"),
        ("lt", (TEXT, TEXT), 0, "text has no order"),
        ("between", (DATE, DATE, NUMBER), 2, "a date does not compare with a number"),
        ("if", (YESNO, NUMBER, TEXT), 2, "must be of one type"),
        ("round", (NUMBER, NUMBER, NUMBER), 2, "takes 1 to 2 arguments, and this gives it 3"),
        ("exact", (TEXT,), 1, "takes 2 arguments, and this gives it 1"),
        ("max", (DATE, DATE), 0, "works on numbers, and this is a date"),
        ("contains", (SET, TEXT), 0, "works on text, and this is a set of text"),
    ],
)
def test_what_does_not_agree_is_named(name: str, types: tuple[Type, ...], position: int, words: str) -> None:
    wrong = OPERATIONS[name].result_type(types)
    assert isinstance(wrong, Mismatch)
    assert wrong.position == position
    assert words in wrong.message


def test_results_follow_their_arguments() -> None:
    choice = Type("choice", ("JP", "US"))
    assert OPERATIONS["coalesce"].result_type([choice, choice]) == choice
    assert OPERATIONS["coalesce"].result_type([choice, TEXT]) == TEXT
    assert OPERATIONS["if"].result_type([YESNO, ERROR, NUMBER]) == ERROR
    assert OPERATIONS["latest"].result_type([DATE, DATETIME]) == DATETIME
    assert OPERATIONS["earliest"].result_type([DATE, DATE]) == DATE
    assert shifted_type(DATE, "business days") == DATE
    assert shifted_type(DATE, "hours") == DATETIME
    assert shifted_type(DATETIME, "months") == DATETIME
    assert length_of((2, "weeks")) == timedelta(days=14)
    assert length_of((2, "business days")) is None


@pytest.mark.parametrize("domains", [3, 40_000])
def test_the_domains_of_many_addresses(domains: int) -> None:
    random = Random(domains)
    ends = ["Example.COM", " b.io ", "", "\u0130\u3000", *(f"d{number}.jp" for number in range(domains))]
    texts: list[str | None] = [
        random.choice([None, "nobody", f"a@{random.choice(ends)}", f"a@b@{random.choice(ends)}"]) for _ in range(30_000)
    ]
    domain_of = OPERATIONS["domain_of"]
    addresses = pl.DataFrame({"address": texts}, schema={"address": pl.String})
    found = addresses.select(domain_of.column(CONTEXT, None, (TEXT,), pl.col("address"))).to_series().to_list()
    assert found == [None if text is None else _domain(text) for text in texts]


def _domain(address: str) -> str | None:
    return address.rsplit("@", maxsplit=1)[-1].lower().strip(" \u3000") or None if "@" in address else None
