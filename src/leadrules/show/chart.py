"""Bars over days as SVG: one small chart per row, stacked by series, all on one scale.

In: a value per row, day and series. Out: SVG that stands in a page by itself. Knows not what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#14b8a6", "#ec4899", "#84cc16")
WIDTH, HEIGHT, LABEL, GAP = 900, 44, 150, 10


@dataclass(frozen=True, slots=True)
class Bars:
    """One row of a chart: its name, and per series the value of each day that has one."""

    name: str
    series: Mapping[str, Mapping[date, int]]


def stacked(rows: Sequence[Bars], days: Sequence[date], series: Sequence[str]) -> str:
    """The rows under each other with a legend; the highest day of any row is as high as a row."""
    if not rows or not days:
        return ""
    most = max(sum(row.series.get(name, {}).get(day, 0) for name in series) for row in rows for day in days)
    height = 24 + len(rows) * (HEIGHT + GAP) + 20
    look = 'width="100%" role="img" font-family="system-ui, sans-serif" font-size="12" fill="currentColor"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {look}>', _legend(series)]
    for at, row in enumerate(rows):
        parts.append(_row(row, days, series, 24 + at * (HEIGHT + GAP), most))
    parts.append(f'<text x="{LABEL}" y="{height - 4}">{days[0].isoformat()}</text>')
    parts.append(f'<text x="{WIDTH}" y="{height - 4}" text-anchor="end">{days[-1].isoformat()}</text>')
    return "\n".join([*parts, "</svg>"])


def _legend(series: Sequence[str]) -> str:
    place, parts = LABEL, []
    for at, name in enumerate(series):
        parts.append(f'<rect x="{place}" y="4" width="10" height="10" fill="{_colour(at)}"/>')
        parts.append(f'<text x="{place + 14}" y="13">{escape(name)}</text>')
        place += 30 + 8 * len(name)
    return "".join(parts)


def _row(row: Bars, days: Sequence[date], series: Sequence[str], top: int, most: int) -> str:
    base, step = top + HEIGHT, (WIDTH - LABEL) / len(days)
    below = dict.fromkeys(days, 0)
    parts = [f'<text x="0" y="{base - 4}">{escape(row.name)}</text>']
    parts.append(f'<path d="M{LABEL} {base}H{WIDTH}" stroke="currentColor" stroke-opacity=".3"/>')
    for number, name in enumerate(series):
        marks = []
        for at, day in enumerate(days):
            value = row.series.get(name, {}).get(day, 0)
            if value:
                high, foot = value * HEIGHT / most, base - below[day] * HEIGHT / most
                marks.append(f"M{LABEL + at * step:.1f} {foot:.1f}v{-high:.1f}h{step * 0.85:.2f}v{high:.1f}z")
                below[day] += value
        if marks:
            parts.append(f'<path d="{"".join(marks)}" fill="{_colour(number)}"/>')
    return "\n".join(parts)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
