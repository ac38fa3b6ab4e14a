"""Cells: hand-written values and reasons, and whole columns against single cells on nasty text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data_cases import NASTY
from tests.data_project import field

from leadrules.core.calendar import Calendar
from leadrules.core.dates import FOUND, ISO, layout
from leadrules.data.cells import Bad, CellReader, parse_number
from leadrules.data.columns import ColumnReader, DoubtError

UTC_CALENDAR = Calendar("UTC")
NEW_YORK = Calendar("America/New_York")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12), ("-0.5", -0.5), ("+3", 3), (".5", 0.5), ("1,200", 1200), ("1,234,567.5", 1234567.5), ("¥1,200", 1200), ("\\1,200", 1200), ("-\\5", -5),
        ("$ 12.50", 12.5), ("12.50 €", 12.5), ("-$5", -5), ("$-5", -5), ("￥１，２００", 1200), ("１２．５", 12.5), ("5%", 0.05),
        ("5.5 %", 0.055), ("０．１％", 0.001), ("−5", -5), ("1e3", 1000), ("1.2E+05", 120000), ("1200円", 1200),
    ],
)  # fmt: skip
def test_numbers(text: str, number: float) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize("text", ["1,5", "1,23,456", "12,34", ",5", "1.234,5", "nan", "NaN", "inf", "-Infinity", "0x10", "1_000",
                                  "1 000", "--1", "$5%", "5%%", "abc", "1e", "-", "$", "%", "1.2.3", "(5)", "5$$", "٣",
                                  "120①", "①120", "１２０²", "①", "5½"])  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert parse_number(text) is None


def cell(kind: str, text: str, *, calendar: Calendar = UTC_CALENDAR, blanks: tuple[str, ...] = (), **more: Any) -> Any:
    return CellReader(field("f", kind, **more), calendar, blanks).read(text)


def test_blanks() -> None:
    assert cell("text", "  \u3000 ") is None
    assert cell("text", "#n/a", blanks=("#N/A",)) is None
    assert cell("text", "ｎｕｌｌ", blanks=("null",)) is None
    assert cell("number", "-1", blanks=()) == -1
    assert CellReader(field("f", "number", blanks=("-1",)), UTC_CALENDAR).read("-1") is None
    assert cell("text", "null") == "null"
    assert cell("set", " ; ") is None
    assert isinstance(cell("text", "", required=True), Bad)
    assert isinstance(cell("set", ";", required=True), Bad)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " a b ", "a b"),
        ("yesno", "Yes", True), ("yesno", "はい", True), ("yesno", "○", True), ("yesno", "〇", True), ("yesno", "◯", True),
        ("yesno", "✕", False), ("yesno", "✖", False), ("yesno", "╳", False), ("yesno", "ＴＲＵＥ", True), ("yesno", "1", True),
        ("yesno", "off", False), ("yesno", "いいえ", False), ("yesno", "×", False), ("yesno", "０", False),
        ("date", "2026-04-01", date(2026, 4, 1)), ("date", "2026-04-01 23:30", date(2026, 4, 1)),
        ("datetime", "2026-04-01", datetime(2026, 4, 1, tzinfo=UTC)),
        ("set", "a; b ;a;;c", ["a", "b", "c"]),
        ("set", "CRM；MA;SFA；", ["CRM", "MA", "SFA"]),
        ("set", "；", None),
    ],
)  # fmt: skip
def test_values(kind: str, text: str, value: object) -> None:
    assert cell(kind, text) == value


def test_local_times() -> None:
    read = CellReader(field("f", "datetime"), NEW_YORK).read
    assert read("2026-03-08 02:30") == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)  # does not exist: 03:30 daylight time
    assert read("2026-11-01 01:30") == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # exists twice: the first
    assert read("2026-04-01") == datetime(2026, 4, 1, 4, tzinfo=UTC)
    assert CellReader(field("f", "date"), NEW_YORK).read("2026-04-01T02:00:00Z") == date(2026, 3, 31)


def test_choices_take_the_spelling_of_the_schema() -> None:
    options = ("Software", "E-commerce", "software x")
    assert cell("choice", "ｓｏｆｔｗａｒｅ ", options=options) == "Software"
    wrong = cell("choice", "Softwere", options=options)
    assert wrong == Bad("expected one of Software, E-commerce, software x; did you mean Software?")
    assert cell("set", "E-COMMERCE;software", options=options) == ["E-commerce", "Software"]
    assert isinstance(cell("set", "E-commerce;x", options=options), Bad)


def test_a_separator_is_found_in_full_width_unless_an_option_has_it() -> None:
    assert cell("set", "CRM｜MA|a；b", separator="|") == ["CRM", "MA", "a；b"]
    assert cell("set", "CRM、MA，SFA", separator=",") == ["CRM、MA", "SFA"]
    assert cell("set", "A；B;C", options=("A；B", "C")) == ["A；B", "C"]
    assert cell("set", "A；B\x1fC\x1f") == ["A；B", "C"]


@pytest.mark.parametrize(
    ("kind", "more", "good", "wrong", "reason"),
    [
        ("number", {"minimum": 0}, "0", "-1", "expected at least 0"),
        ("number", {"maximum": 5}, "5", "5.5", "expected at most 5"),
        ("number", {"exclusive_minimum": 0}, "0.1", "0", "expected more than 0"),
        ("number", {"exclusive_maximum": 1}, "0.9", "1", "expected less than 1"),
        ("number", {"integer": True}, "10.0", "10.5", "expected a whole number"),
        ("number", {"const": 3.0}, "3", "4", "expected 3.0"),
        ("number", {}, "9e14", "9e15", "expected a number of at most 900,000,000,000,000"),
        ("number", {}, "1", "1,5", "expected a number: a decimal point (1.5), or commas before groups of three digits (1,500)"),
        ("text", {"min_length": 2}, "ab", "a", "expected at least 2 characters, found 1"),
        ("text", {"max_length": 2}, "部長", "abc", "expected at most 2 characters, found 3"),
        ("text", {"pattern": "^[A-Z]{2}$"}, "JP", "Japan", "expected text that matches ^[A-Z]{2}$"),
        ("text", {"format": "email"}, "a.b+c@例え.jp", "a@b", "expected an e-mail address"),
        ("text", {"format": "email"}, "hanako@ｇｍａｉｌ．ｃｏｍ", "ｈａｎａｋｏ", "expected an e-mail address"),
        ("text", {"format": "uri"}, "https://x.example/a?b", "x.example", "expected a URI, such as https://example.com"),
        ("text", {"const": "A"}, "a", "b", "expected A"),
        ("yesno", {}, "on", "maybe", "expected yes or no: true/false, 1/0, yes/no, on/off, はい/いいえ, ○/×"),
        ("date", {}, "2026-04-01", "2026-02-30", "the calendar has no such day or time"),
        ("date", {}, "1000-01-01", "0001-01-01", "dates begin with the year 1000; a date that stands for none is listed in `x-blanks`"),
        ("datetime", {}, "2026-04-01", "soon", "expected a date and time, such as 2026-04-01 09:30"),
    ],
)  # fmt: skip
def test_reasons_say_what_was_expected(kind: str, more: dict[str, Any], good: str, wrong: str, reason: str) -> None:
    assert not isinstance(cell(kind, good, **more), Bad)
    assert cell(kind, wrong, **more) == Bad(reason)


FIELDS = [
    field("text"),
    field("required", required=True),
    field("mail", format="email"),
    field("link", format="uri"),
    field("short", min_length=1, max_length=3),
    field("pattern", pattern="^[a-z]+$"),
    field("number", "number"),
    field("few", "number", integer=True, minimum=-5, exclusive_maximum=2000, blanks=("-1", "1,000")),
    field("yesno", "yesno", blanks=("no",)),
    field("choice", "choice", options=("New", "new", "E-commerce", "1")),
    field("date", "date"),
    field("datetime", "datetime"),
    field("set", "set"),
    field("options", "set", options=("a", "B")),
]
CELLS = st.one_of(st.sampled_from(NASTY), st.text(max_size=12), st.from_regex(r"[ +-]?[\d,. %$-]{1,9}", fullmatch=True))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FIELDS), st.lists(st.one_of(st.none(), CELLS), min_size=1, max_size=12))
def test_columns_agree_with_cells(one: Any, cells: list[str | None]) -> None:
    check_agreement(ColumnReader(CellReader(one, NEW_YORK, ("null", "不明"), (ISO,))), cells)


DATES = st.one_of(
    st.sampled_from(NASTY),
    st.from_regex(r"[+ 0]?(19|20|0)\d\d[-/. ]{1,2}[ 01]?\d[-/. ][ 0-3]?\d([T ][ 0-2]?\d:[ 0-5]?\d(:[0-6]\d)?(Z| UTC|[+-]\d\d:?\d\d)?)?", fullmatch=True),
    st.from_regex(r"[ 01]?\d[-/.][ 0-3]?\d[-/.](19|20)\d\d( [ 0-2]?\d:[0-5]?\d(:[0-6]\d)?( ?[AaPp][Mm])?)?", fullmatch=True),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FOUND), st.sampled_from(("date", "datetime")), st.lists(DATES, min_size=1, max_size=8))
def test_columns_of_dates_agree_with_cells(one: Any, kind: str, cells: list[str]) -> None:
    check_agreement(ColumnReader(CellReader(field("f", kind), NEW_YORK, (), (one, ISO))), cells)


def check_agreement(reader: ColumnReader, cells: Sequence[str | None]) -> None:
    values, bad = reader.read(pl.Series("f", cells, dtype=pl.String))
    plain = [reader.cell.read(text) for text in cells]
    assert values.dtype == reader.dtype
    assert values.to_list() == [None if isinstance(value, Bad) else value for value in plain]
    assert bad.rows() == [
        (row, cells[row] or "", value.reason) for row, value in enumerate(plain) if isinstance(value, Bad)
    ]


def test_long_columns_take_the_fast_ways() -> None:
    money = ["$1,234.50", "1,5", "¥300", "7", "5%"] * 100
    check_agreement(ColumnReader(CellReader(field("f", "number"), UTC_CALENDAR)), money)
    times = ["4/13/2026 3:04 PM", "4/14/2026 15:04", "4/15/2026", "13/4/2026", "2026-04-01"] * 300
    layouts = (layout("%m/%d/%Y"), ISO)
    check_agreement(ColumnReader(CellReader(field("f", "datetime"), NEW_YORK, (), layouts)), times)


def test_an_assumed_layout_that_does_not_hold_is_doubted() -> None:
    reader = ColumnReader(CellReader(field("f", "date"), UTC_CALENDAR), tentative=True)
    assert reader.read(pl.Series(["2026-04-01", None, ""]))[1].is_empty()
    with pytest.raises(DoubtError):
        reader.read(pl.Series(["2026-04-01", "04/01/2026"]))
