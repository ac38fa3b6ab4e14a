"""Times with fractions and offsets, read in pieces, are what the plain reading of a cell says; and so is every other one."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadrules.core.calendar import Calendar
from leadrules.core.dates import ISO
from leadrules.core.types import DATETIME
from leadrules.data.cells import Bad, CellReader
from leadrules.data.clocks import _in_pieces, read_clocks
from leadrules.project.model import Field

READER = CellReader(Field("at", DATETIME), Calendar("UTC"))
ENDS = (
    "",
    "Z",
    "+09:00",
    "-0330",
    "+0000",
    ".5",
    ".123",
    ".123Z",
    ".000+0000",
    ".123456-03:30",
    ".1234567Z",
    " +09:00",
)
CHARACTERS = "0123456789+-:.ZT /９é"
BASES = (
    "2026-10-11T21:16:54",
    "2026-10-11 21:16:54",
    "2026-02-28T23:59:59",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59",
)


@st.composite
def columns(draw: st.DrawFn) -> list[str | None]:
    """Cells with one end, or with another here and there; some of them spoiled."""
    end = draw(st.sampled_from(ENDS))
    cells: list[str | None] = []
    for _ in range(draw(st.integers(1, 6))):
        text = draw(st.sampled_from(BASES)) + draw(st.sampled_from([end, end, end, draw(st.sampled_from(ENDS))]))
        if draw(st.integers(0, 2)) == 0:
            at = draw(st.integers(0, len(text) - 1))
            text = text[:at] + draw(st.sampled_from(CHARACTERS)) + text[at + 1 :]
        cells.append(draw(st.sampled_from([text, text, text, None])))
    return cells


def plainly(text: str | None) -> datetime | None:
    """What the plain reading says; None where it refuses."""
    value = READER.read(text)
    return None if isinstance(value, Bad) or value is None else datetime.fromisoformat(str(value))


@given(columns())
@example(
    ["2026-10-11T21:16:54.123Z", "2026-10-11T21:16:54.+12Z", "2026-10-11T21:16:54.-12Z", "2026-10-11T21:16:54. 12Z"]
)
@example(["2026-10-11T21:16:54.123Z", "2026-10-11T21:16:54,123Z", "2026-10-11T21:16:540123Z"])
@example(["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"])
@example(["2026-10-11T23:59:60.000Z"])
@example([None, "2026-10-11T21:16:54+09:00"])
@example(["2026-10-11T21:16:54+09:00", "2026-10-11T21:16:54+09 00", "2026-10-11T21:16:54\u221209:00"])
@example(["2026-10-11T21:16:54+09:00", "2026-10-11T21:16:54+09:60"])
def test_what_is_read_is_what_the_plain_reading_says(cells: list[str | None]) -> None:
    sample = next((native for text in cells if text and (native := ISO.native(text))), None)
    if sample is None:
        return
    found = read_clocks(pl.Series(cells, dtype=pl.String), sample).cast(pl.Datetime("us", "UTC")).to_physical()
    for text, micros in zip(cells, found, strict=True):
        if micros is not None:
            value = plainly(text)
            assert value is not None, text
            assert micros == (value - datetime(1970, 1, 1, tzinfo=UTC)) // datetime.resolution, text


@pytest.mark.parametrize("end", ["+09:00", "-0330", ".123", ".123Z", ".000+0000", ".123456-03:30"])
def test_equally_long_cells_are_read_in_pieces(end: str) -> None:
    cells = pl.Series([None, *(f"{base}{end}" for base in BASES if "T" in base)])
    native = ISO.native(cells[1])
    assert native is not None
    found = _in_pieces(cells, native)
    assert found is not None
    whole = cells.str.to_datetime(native, time_unit="us", strict=False)
    assert found.to_physical().to_list() == whole.to_physical().to_list()
    assert found.null_count() == 1


def test_cells_of_several_lengths_are_read_as_a_whole() -> None:
    cells = pl.Series(["2026-10-11T21:16:54.5+09:00", "2026-10-11T21:16:54.25+09:00"])
    assert _in_pieces(cells, "%Y-%m-%dT%H:%M:%S%.f%z") is None
    assert read_clocks(cells, "%Y-%m-%dT%H:%M:%S%.f%z").dt.microsecond().to_list() == [500_000, 250_000]
