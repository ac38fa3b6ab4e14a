"""Bars over days as SVG: one small chart per row, stacked by series, all on one scale.

In: a value per row, day and series. Out: SVG that stands in a page by itself. Knows not what is counted.
Where a few days are far above all others, their bars are broken, so that the others can still be told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from leadrules.core.records import dataclass

COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#14b8a6", "#ec4899", "#84cc16")
WIDTH, HEIGHT, LABEL, GAP = 900, 44, 150, 10
ENOUGH, USUAL, FAR = 20, 0.95, 2  # days above twice what 95 % of at least 20 stay below are far above them


@dataclass(frozen=True, slots=True)
class Bars:
    """One row of a chart: its name, and per series the value of each day that has one."""

    name: str
    series: Mapping[str, Mapping[date, int]]


def stacked(rows: Sequence[Bars], days: Sequence[date], series: Sequence[str]) -> str:
    """The rows under each other with a legend, all on one scale."""
    if not rows or not days:
        return ""
    full = _full(sorted(total for row in rows for total in _totals(row, series).values()))
    height = 24 + len(rows) * (HEIGHT + GAP) + 20
    look = 'width="100%" role="img" font-family="system-ui, sans-serif" font-size="12" fill="currentColor"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {look}>', _legend(series)]
    is_broken = any(total > full for row in rows for total in _totals(row, series).values())
    scale = f"full height: {full:,} a day{'; a broken bar is higher' if is_broken else ''}"
    parts.append(f'<text x="{WIDTH}" y="13" text-anchor="end">{scale}</text>')
    for at, row in enumerate(rows):
        parts.append(_row(row, days, series, 24 + at * (HEIGHT + GAP), full))
    parts.append(f'<text x="{LABEL}" y="{height - 4}">{days[0].isoformat()}</text>')
    parts.append(f'<text x="{WIDTH}" y="{height - 4}" text-anchor="end">{days[-1].isoformat()}</text>')
    return "\n".join([*parts, "</svg>"])


def _totals(row: Bars, series: Sequence[str]) -> dict[date, int]:
    found: dict[date, int] = {}
    for name in series:
        for day, value in row.series.get(name, {}).items():
            found[day] = found.get(day, 0) + value
    return found


def _full(totals: Sequence[int]) -> int:
    """The value that is as high as a row: the highest, but for those far above all others. `totals` rise."""
    most = max(totals, default=1)
    if len(totals) < ENOUGH:
        return max(most, 1)
    return max(min(most, FAR * totals[int((len(totals) - 1) * USUAL)]), 1)


def _legend(series: Sequence[str]) -> str:
    place, parts = LABEL, []
    for at, name in enumerate(series):
        parts.append(f'<rect x="{place}" y="4" width="10" height="10" fill="{_colour(at)}"/>')
        parts.append(f'<text x="{place + 14}" y="13">{escape(name)}</text>')
        place += 30 + 8 * len(name)
    return "".join(parts)


def _row(row: Bars, days: Sequence[date], series: Sequence[str], top: int, full: int) -> str:
    base, step = top + HEIGHT, (WIDTH - LABEL) / len(days)
    below = dict.fromkeys(days, 0)
    parts = [f'<text x="0" y="{base - 4}">{escape(row.name)}</text>']
    parts.append(f'<path d="M{LABEL} {base}H{WIDTH}" stroke="currentColor" stroke-opacity=".3"/>')
    for number, name in enumerate(series):
        marks = []
        for at, day in enumerate(days):
            start = below[day]
            below[day] += row.series.get(name, {}).get(day, 0)
            high = (min(below[day], full) - min(start, full)) * HEIGHT / full
            if high:
                foot = base - start * HEIGHT / full
                marks.append(f"M{LABEL + at * step:.1f} {foot:.1f}v{-high:.1f}h{step * 0.85:.2f}v{high:.1f}z")
        if marks:
            parts.append(f'<path d="{"".join(marks)}" fill="{_colour(number)}"/>')
    broken = [f"M{LABEL + at * step - 1:.1f} {top + 5}h{step + 2:.2f}v3h-{step + 2:.2f}z"
              for at, day in enumerate(days) if below[day] > full]  # fmt: skip
    if broken:
        parts.append(f'<path d="{"".join(broken)}" style="fill: Canvas"/>')
    return "\n".join(parts)


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
