"""The law of operations: the row form and the column form of each agree in every cell, whatever the values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadrules.core.calendar import Calendar
from leadrules.core.functions import OPERATIONS, Context, Lookup, Operation
from leadrules.core.functions.columnar import dtype, fold_column, fold_set_column
from leadrules.core.text import fold
from leadrules.core.types import DATE, DATETIME, DURATION, NUMBER, SET, TEXT, YESNO, Type

ZONES = (
    "UTC",
    "Asia/Tokyo",
    "America/New_York",
    "Europe/London",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Africa/Casablanca",
)
CALENDARS = [
    Calendar(zone, week, country, ("2026-05-07", "2024-02-29"))
    for zone, week, country in zip(
        ZONES,
        [
            (1, 2, 3, 4, 5),
            (1, 2, 3, 4, 5),
            (7, 1, 2, 3, 4),
            (1, 2, 3, 4, 5),
            (6,),
            (1, 2, 3, 4, 5, 6, 7),
            (),
            (3,),
            (1, 2, 3, 4, 5),
        ],
        ["US", "JP", None, "GB", None, "AU", None, "CA", None],
        strict=True,
    )
]
DISTANCES = [
    (n, unit)
    for unit in ("minutes", "hours", "days", "weeks", "months", "quarters", "years")
    for n in (0, 1, 3, 25, 400)
]
DISTANCES += [(n, "business days") for n in (0, 1, 2, 7, 60)] + [
    (9000, "years"),
    (2_000_000_000, "days"),
    (10**9, "months"),
]


def naive(year: int, month: int, day: int) -> datetime:
    """A midnight without a zone, as Hypothesis wants its bounds."""
    return datetime.combine(date(year, month, day), datetime.min.time())


AWKWARD = "aAzZ09 \t@._-/%　ＡａßẞİıσςΣéÉｶﾞŒﬀ①㍿İǅǄ½部長株式会社ÅÅ\u200b\ufeff🫨\U0001f9cb\u0301\u0345ﬃ𝐀ᲀᏸꭰ\u1c89"
texts = st.one_of(
    st.text(st.sampled_from(AWKWARD), min_size=1, max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
    st.sampled_from(["jane@ACME.com", "a@b@C.io ", "x@", "@", "vp", "ＶＰ of ＳａａＳ", "saas ", "Σ"]),
)
numbers = st.one_of(
    st.floats(-9e14, 9e14),
    st.integers(-3000, 3000).map(float),
    st.integers(-99999, 99999).map(lambda n: n / 1000),
    st.sampled_from([0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 1.005, 2.675, 1e300, -1e300, 5e-324, 2026.0, 2.0, 29.0, 30.0]),
)
days = st.one_of(
    st.dates(date(1990, 1, 1), date(2060, 12, 31)),
    st.dates(),
    st.sampled_from([date(2024, 2, 29), date(2011, 12, 30), date(2026, 1, 31)]),
)
instants = st.one_of(
    st.datetimes(naive(1990, 1, 1), naive(2060, 12, 31), timezones=st.just(UTC)),
    # The first and last days of time have no local day in every zone.
    st.datetimes(naive(2, 1, 1), naive(9998, 12, 31), timezones=st.just(UTC)),
    st.datetimes(naive(2026, 3, 7), naive(2026, 3, 10), timezones=st.just(UTC)),
    st.datetimes(naive(2026, 10, 24), naive(2026, 11, 3), timezones=st.just(UTC)),
    st.datetimes(naive(2011, 12, 28), naive(2012, 1, 1), timezones=st.just(UTC)),
)
lengths = st.timedeltas(timedelta(days=-5000), timedelta(days=5000))
sets = st.lists(texts, min_size=1, max_size=3).map(tuple)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "number": numbers,
    "yesno": st.booleans(),
    "date": days,
    "datetime": instants,
    "duration": lengths,
    "set": sets,
}
TYPES = (TEXT, NUMBER, YESNO, DATE, DATETIME, DURATION, SET)
FOLDED = texts.map(fold).filter(bool)
STATIC: dict[str, st.SearchStrategy[Any]] = {
    "contains": st.lists(FOLDED, max_size=12).map(tuple),
    "starts": st.lists(FOLDED, max_size=12).map(tuple),
    "ends": st.lists(FOLDED, max_size=12).map(tuple),
    "in_table": st.lists(FOLDED, max_size=4).map(tuple),
    "in_team": st.lists(FOLDED, max_size=4).map(tuple),
    "has": st.lists(FOLDED, max_size=4).map(tuple),
    "is_label": st.lists(texts, max_size=4).map(tuple),
    "matches": st.sampled_from([(r"\bvp\b",), (r"^\w+$", r"\d"), (r"(?i)σ",), (r"[^\x00-\x7f]",), (r"\s",)]),
    "lookup": st.dictionaries(FOLDED, texts, max_size=4).map(lambda cells: Lookup(cells, TEXT)),
    "bucket": texts,
    "shift": st.sampled_from([1, -1]),
}


@st.composite
def signatures(draw: st.DrawFn, operation: Operation) -> tuple[Type, ...]:
    """Types that an operation accepts."""
    most = operation.most if operation.most is not None else 4
    count = draw(st.integers(operation.least, most))
    picked: list[Type] = []
    for position in range(count):
        fits = [t for t in TYPES if operation.parameter(position).takes(t)]
        fitting = [t for t in fits if _may_follow(operation, [*picked, t], count)]
        picked.append(draw(st.sampled_from(fitting)))
    return tuple(picked)


def _may_follow(operation: Operation, types: list[Type], count: int) -> bool:
    """Whether types can be completed, by repeating the last, to a signature that the operation accepts."""
    return any(
        isinstance(operation.result_type([*types, *[other] * (count - len(types))]), Type)
        for other in (*TYPES, types[-1])
    )


def folded_value(value: Any) -> Any:
    """A value as a folding operation gets it."""
    if isinstance(value, str):
        return fold(value)
    return tuple(fold(item) for item in value) if isinstance(value, tuple) else value


def column_of(operation: Operation, name: str, type_: Type) -> pl.Expr:
    """A column as a folding operation gets it."""
    if operation.folded and type_ == SET:
        return fold_set_column(pl.col(name))
    return fold_column(pl.col(name)) if operation.folded and type_ == TEXT else pl.col(name)


def same(a: Any, b: Any) -> bool:
    """Equal, of one kind; a number that is not one is never right."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.isfinite(a)
    return type(a) is type(b) and a == b


def check(
    operation: Operation, context: Context, value: Any, types: Sequence[Type], rows: Sequence[Sequence[Any]]
) -> None:
    """Work the rows out both ways and compare."""
    names = [f"c{i}" for i in range(len(types))]
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in types]
    data = {n: pl.Series(list(c), dtype=dtype(t)) for n, c, t in zip(names, columns, types, strict=True)}
    args = [column_of(operation, n, t) for n, t in zip(names, types, strict=True)]
    expression = operation.column(context, value, types, *args)
    result = pl.DataFrame(data).lazy().select(expression.alias("r")).collect()["r"]
    wanted = operation.result_type(types)
    assert isinstance(wanted, Type)
    assert result.dtype == dtype(wanted)
    for row, found in zip(rows, result.to_list(), strict=True):
        given_ = [folded_value(v) if operation.folded else v for v in row]
        expected = operation.row(context, value, *given_)
        if wanted == DATETIME and expected is not None:
            expected = context.calendar.as_instant(expected)
        expected = list(expected) if isinstance(expected, tuple) else expected
        assert same(expected, found), (operation.name, value, row, expected, found)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_row_and_column_agree(operation: Operation, data: st.DataObject) -> None:
    types = data.draw(signatures(operation))
    if operation.name == "in":
        values = FOLDED if types[0] == TEXT else VALUES[types[0].kind]
        value = data.draw(st.lists(values, max_size=4).map(tuple))
    else:
        value = data.draw(STATIC.get(operation.name, st.none()))
    context = Context(data.draw(st.sampled_from(CALENDARS)))
    row = st.tuples(*(st.none() | VALUES[t.kind] for t in types))
    rows = data.draw(st.lists(row, max_size=6))
    check(operation, context, value, types, rows)


@settings(max_examples=150, deadline=None)
@given(
    calendar=st.sampled_from(CALENDARS),
    sign=st.sampled_from([1, -1]),
    distance=st.sampled_from(DISTANCES),
    moments=st.lists(st.none() | instants, max_size=5),
    dates=st.lists(st.none() | days, max_size=5),
)
def test_literal_steps_agree(
    calendar: Calendar,
    sign: int,
    distance: tuple[int, str],
    moments: list[datetime | None],
    dates: list[date | None],
) -> None:
    shift, context = OPERATIONS["shift"], Context(calendar)
    for type_, values in ((DATETIME, moments), (DATE, dates)):
        series = pl.Series(values, dtype=dtype(type_))
        expression = shift.column(context, sign, (type_, DURATION), pl.col("x"), distance)
        found = pl.DataFrame({"x": series}).lazy().select(expression.alias("r")).collect()["r"].to_list()
        assert found == [shift.row(context, sign, value, distance) for value in values], (type_, values)


@settings(max_examples=100, deadline=None)
@given(calendar=st.sampled_from(CALENDARS), moments=st.lists(instants, min_size=1, max_size=20))
def test_local_times_are_those_of_the_zone(calendar: Calendar, moments: list[datetime]) -> None:
    from leadrules.core.functions.columnar import instant_series, local_series

    local = local_series(calendar, pl.Series(moments, dtype=pl.Datetime("us", "UTC")))
    assert local.to_list() == [calendar.local(moment) for moment in moments]
    back = instant_series(calendar, local)
    assert back.to_list() == [calendar.instant(clock) for clock in local.to_list()]


def test_every_character_folds_alike() -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    for name, row in (("lower", str.lower), ("upper", str.upper)):
        column = OPERATIONS[name].column(Context(Calendar()), None, (TEXT,), pl.col("x"))
        found = pl.DataFrame({"x": characters}).select(column)["x"].to_list()
        assert found == [row(character) for character in characters]
    folded = pl.DataFrame({"x": characters}).select(fold_column(pl.col("x")))["x"].to_list()
    assert folded == [fold(character) for character in characters]


def test_constants_stand_for_columns() -> None:
    """A literal argument gives what a column of that literal gives, also over no rows and under `when`."""
    context = Context(Calendar("America/New_York"))
    frame = pl.DataFrame({"x": [1.25, None, 3.0], "t": pl.Series([datetime(2026, 3, 8, 5, tzinfo=UTC)] * 3)})
    cases = [
        OPERATIONS["round"].column(context, None, (NUMBER, NUMBER), pl.col("x"), pl.lit(1.0)),
        OPERATIONS["add"].column(context, None, (NUMBER,) * 3, pl.col("x"), pl.lit(1.0), pl.lit(2.0)),
        OPERATIONS["div"].column(context, None, (NUMBER, NUMBER), pl.lit(1.0), pl.lit(4.0)),
        OPERATIONS["date"].column(context, None, (NUMBER,) * 3, pl.lit(2026.0), pl.col("x"), pl.lit(1.0)),
        OPERATIONS["date"].column(context, None, (NUMBER,) * 3, pl.lit(2026.0), pl.lit(1.0), pl.lit(1.0)),
        OPERATIONS["shift"].column(context, 1, (DATETIME, DURATION), pl.col("t"), (1, "days")),
    ]
    for expression in cases:
        with_columns = frame.lazy().with_columns(expression.alias("r")).collect()["r"]
        assert len(with_columns) == 3
        assert frame.head(0).lazy().with_columns(expression.alias("r")).collect()["r"].dtype == with_columns.dtype
        streamed = frame.lazy().with_columns(expression.alias("r")).collect(engine="streaming")["r"]
        assert streamed.equals(with_columns)


def test_a_quotient_by_a_constant_is_the_true_quotient() -> None:
    numbers = [9e14, 1235.0, 1.0, 10.0, -0.3]
    column = OPERATIONS["div"].column(Context(Calendar()), None, (NUMBER, NUMBER), pl.col("x"), pl.lit(7.0))
    found = pl.DataFrame({"x": numbers}).lazy().with_columns(column.alias("r")).collect()["r"]
    assert found.to_list() == [number / 7.0 for number in numbers]
