"""Dates: each layout against hand-written moments, and what a column is found to be."""

# ruff: noqa: DTZ001 - clock times have no zone
from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import polars as pl
import pytest

from leadrules.core.dates import FOUND, ISO, layout
from leadrules.data.errors import InputError
from leadrules.data.survey import date_parts, layout_of

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "clock", "offset"),
    [
        ("2026-04-01", datetime(2026, 4, 1), None),
        ("2026-04-01T09:05", datetime(2026, 4, 1, 9, 5), None),
        ("2026-04-01 09:05:06.250", datetime(2026, 4, 1, 9, 5, 6, 250_000), None),
        ("2024-01-19T09:42:24.000+0000", datetime(2024, 1, 19, 9, 42, 24), timedelta()),
        ("2019-03-29 07:24:17 UTC", datetime(2019, 3, 29, 7, 24, 17), timedelta()),
        ("2026-04-01T09:05:06Z", datetime(2026, 4, 1, 9, 5, 6), timedelta()),
        ("2026-04-01T09:05:06+09:00", datetime(2026, 4, 1, 9, 5, 6), 9 * HOUR),
        ("2026-04-01T09:05-05", datetime(2026, 4, 1, 9, 5), -5 * HOUR),
        ("2026-04-01T09:05:06+09 00", datetime(2026, 4, 1, 9, 5, 6), 9 * HOUR),
        ("2026-04-01T09:05:06\u221203:00", datetime(2026, 4, 1, 9, 5, 6), -3 * HOUR),
        ("2026-04-01T09:05:06.12345678901Z", datetime(2026, 4, 1, 9, 5, 6, 123_456), timedelta()),
        ("２０２６-04-01", datetime(2026, 4, 1), None),
    ],
)
def test_iso_8601(text: str, clock: datetime, offset: timedelta | None) -> None:
    moment = ISO.read(text)
    assert moment is not None
    assert (moment.clock, moment.offset) == (clock, offset)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "2026-04-01T24:00", "26-04-01", "2026/04/01", "0026-04-01",
                                  "2026-04-01 9", "2026-04-01x", "2026-04-01T09:05+25:00", "2026-04-01T09:05+0960", "20260401", "46000",
                                  "2026-04-1①", "2026-04-0²"])  # fmt: skip
def test_what_is_no_iso_date(text: str) -> None:
    assert ISO.read(text) is None


@pytest.mark.parametrize(
    ("text", "format", "clock"),
    [
        ("2026/4/1", "%Y/%m/%d", datetime(2026, 4, 1)),
        ("1.4.2026", "%d.%m.%Y", datetime(2026, 4, 1)),
        ("2026年4月1日", "%Y年%m月%d日", datetime(2026, 4, 1)),
        ("2026年4月1日 午後3:05", "%Y年%m月%d日", datetime(2026, 4, 1, 15, 5)),
        ("20260401", "%Y%m%d", datetime(2026, 4, 1)),
        ("Apr 1, 2026", "%b %d, %Y", datetime(2026, 4, 1)),
        ("Sept 3, 2026 12:30 am", "%b %d, %Y", datetime(2026, 9, 3, 0, 30)),
        ("04/13/2026 12:05 PM", "%m/%d/%Y", datetime(2026, 4, 13, 12, 5)),
        ("01/04/26", "%d/%m/%y", datetime(2026, 4, 1)),
        ("01-Apr-2026 09:30", "%d-%b-%Y %H:%M", datetime(2026, 4, 1, 9, 30)),
        ("3:05 PM 1/4/2026", "%I:%M %p %d/%m/%Y", datetime(2026, 4, 1, 15, 5)),
    ],
)
def test_stated_formats(text: str, format: str, clock: datetime) -> None:
    moment = layout(format).read(text)
    assert moment is not None
    assert moment.clock == clock


@pytest.mark.parametrize("format", ["%Y", "%H:%M", "%Q/%m/%Y", "yyyy-mm-dd", "%d/%m"])
def test_a_format_must_say_the_whole_date(format: str) -> None:
    assert layout(format).mistake


@pytest.mark.parametrize("one", FOUND, ids=lambda one: one.format)
def test_the_example_of_a_layout_is_in_it(one: object) -> None:
    moment = one.read(one.example)  # type: ignore[attr-defined]
    assert moment is not None
    assert moment.clock == datetime(2026, 4, 1)


def found(*texts: str) -> str:
    return layout_of(date_parts(pl.Series(list(texts)), frozenset({"n/a"})), "Created", "leads.csv").format


def test_the_whole_column_decides() -> None:
    assert found("2026/04/01", "2026/4/2 10:00") == "%Y/%m/%d"
    assert found("01/04/2026", "13/04/2026 09:30") == "%d/%m/%Y"
    assert found("04/01/2026", "04/13/2026") == "%m/%d/%Y"
    assert found("2026-04-01", "04/05/2026") == "%Y-%m-%d"
    assert found("03/03/2026") in ("%m/%d/%Y", "%d/%m/%Y")
    assert found("n/a", "N/A", "20260401") == "%Y%m%d"
    assert found("rubbish") == "%Y-%m-%d"


def test_a_column_that_cannot_tell_day_from_month_stops_the_run() -> None:
    with pytest.raises(InputError, match=r"leads.csv: the column `Created` cannot tell day from month") as stopped:
        found("01/04/2026", "02/04/2026 10:00")
    assert "%m/%d/%Y" in stopped.value.help
    assert "%d/%m/%Y" in stopped.value.help
    with pytest.raises(InputError, match="has the month first"):
        found("13/04/2026", "04/13/2026")


def test_times_are_no_part_of_the_survey() -> None:
    parts = date_parts(pl.Series(["1/4/2026 10:00", "1/4/2026 11:00 PM", " ", "1/4/2026", None]), frozenset())
    assert parts == Counter({"1/4/2026": 3})
