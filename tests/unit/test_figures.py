"""The drawings of the report: what stands in them, and that nothing of the data becomes markup."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

from leadrules.show import figures
from leadrules.show.figures import Marks, Series


def words(value: float) -> str:
    return f"{value:g} leads"


def marks(labels: list[str], *series: tuple[str, list[float | None]]) -> Marks:
    return Marks(
        "A <title> & more", tuple(labels), tuple(Series(name, tuple(values)) for name, values in series), words
    )


def parsed(svg: str) -> ET.Element:
    """The drawing as XML: it is well formed."""
    return ET.fromstring(svg)


ONE = marks(["a", "b", "<c>"], ("n", [3, None, 1.5]))
TWO = marks(["a", "b"], ("x", [1, 2]), ("y", [2, None]))


@pytest.mark.parametrize(
    ("svg", "count"),
    [
        (figures.bars(ONE), 2),
        (figures.columns(TWO), 3 + 2),
        (figures.funnel(ONE), 3),
        (figures.heat(TWO), 3),
        (figures.bars(marks(["a"], ("n", [-4.0]))), 1),
    ],
    ids=["bars", "columns and their legend", "funnel", "heat", "below 0"],
)
def test_each_value_has_its_mark(svg: str, count: int) -> None:
    assert len(parsed(svg).findall(".//rect")) == count
    assert parsed(svg).get("aria-label") == "A <title> & more"


def test_marks_say_their_values() -> None:
    assert "a, n: 3 leads" in figures.bars(ONE)
    assert "n/a" in figures.bars(ONE)
    assert "&lt;c&gt;" in figures.bars(ONE)


def test_bars_are_as_long_as_their_values() -> None:
    widths = [float(rect.get("width", 0)) for rect in parsed(figures.bars(ONE)).findall(".//rect")]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)


def test_fifty_campaigns_each_have_a_row_of_their_own() -> None:
    names = [f"Seminar {n}" for n in range(50)]
    shares: list[float | None] = [n / 100 for n in range(50)]
    svg = figures.intervals(marks(names, ("share", shares)), [(n / 200, n / 50) for n in range(50)], 0.25, "all")
    dots = parsed(svg).findall(".//circle")
    heights = [float(dot.get("cy", 0)) for dot in dots]
    assert len(set(heights)) == 50
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 14
    assert all(name in svg for name in names)
    box = [float(n) for n in (parsed(svg).get("viewBox") or "").split()]
    ends = [float(x) for path in re.findall(r'class="span" d="M([\d.]+) [\d.]+H([\d.]+)', svg) for x in path]
    assert max(ends) <= box[2]


def test_a_line_per_series_over_numbers() -> None:
    svg = figures.lines(marks(["0", "10"], ("x", [1, 0.5]), ("y", [1, None])), [0, 10])
    assert svg.count('class="line') == 2


def test_nothing_to_draw_draws_nothing() -> None:
    empty = marks(["a"], ("n", [None]))
    assert [draw(empty) for draw in (figures.bars, figures.columns, figures.heat)] == ["", "", ""]
    assert figures.intervals(empty, [(None, None)], None, "") == ""


def test_a_long_label_is_cut_by_its_width() -> None:
    assert figures.cut("短い") == "短い"
    assert figures.cut("長" * 40).endswith("…")
    assert len(figures.cut("長" * 40)) < len(figures.cut("x" * 80))
