"""Charts as SVG that stands in a page by itself: bars, columns, lines, a funnel, intervals, a heat map.

In: labels and values, a word for each value. Out: SVG text. Colours are the page's CSS variables, so one drawing is right in
light and dark; each mark says its value in a `<title>`, each drawing what it shows. Knows not what is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from math import ceil, floor, log10

from leadrules.core.records import dataclass
from leadrules.show.text import width as columns_of

WIDTH = 760
COLOURS = 8
TEXT_WIDTH = 6.4  # of one column of text at the drawing's size
LONGEST_LABEL = 34
Words = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """Values under one name, one per label; None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What a drawing shows: its title, the labels, the series, how a value is said."""

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    words: Words


def bars(marks: Marks) -> str:
    """Horizontal bars, those of one label together; values below 0 go to the left."""
    values = [v for s in marks.series for v in s.values if v is not None]
    if not values:
        return ""
    thick, gap, top = (14 if len(marks.series) > 1 else 18), 8, 26 if len(marks.series) > 1 else 6
    row = thick * len(marks.series) + gap
    left = _label_width(marks.labels)
    low, high = min(0.0, *values), max(0.0, *values)
    room = _widest(marks.words(value) for value in values) + 12
    scale = (WIDTH - left - 8 - room) / ((high - low) or 1)
    zero = left + 8 - low * scale
    parts = [_legend(marks.series, left)] if len(marks.series) > 1 else []
    for at, label in enumerate(marks.labels):
        y = top + at * row
        parts.append(_label(label, left, y + row / 2 - gap / 2 + 4))
        for number, series in enumerate(marks.series):
            parts += _bar(series, at, label, (zero, y + number * thick, thick, scale), (number, marks.words))
    parts.append(f'<path class="axis" d="M{zero:.1f} {top - 4}V{top + len(marks.labels) * row - gap + 4}"/>')
    return _svg(marks.title, top + len(marks.labels) * row + 4, parts)


def _bar(
    series: Series, at: int, label: str, place: tuple[float, float, float, float], look: tuple[int, Words]
) -> Iterator[str]:
    colour, words = look
    zero, y, thick, scale = place
    value = series.values[at]
    if value is None:
        yield f'<text class="none" x="{zero + 4:.1f}" y="{y + thick - 4}">n/a</text>'
        return
    length = abs(value) * scale
    start = zero if value >= 0 else zero - length
    yield f'<rect class="c{colour % COLOURS}" x="{start:.1f}" y="{y:.1f}" width="{max(length, 0.5):.1f}" height="{thick - 2}">{_tip(label, series.name, words(value))}</rect>'
    yield f'<text class="value" x="{(zero + length if value >= 0 else zero) + 4:.1f}" y="{y + thick - 4:.1f}">{escape(words(value))}</text>'


def funnel(marks: Marks) -> str:
    """Centred bars, each step as wide as its share of the widest."""
    values = [v or 0.0 for v in marks.series[0].values]
    most = max(values, default=0.0)
    if not most:
        return ""
    left, thick, gap = _label_width(marks.labels), 30, 6
    room = WIDTH - left - 90
    parts = []
    for at, (label, value) in enumerate(zip(marks.labels, values, strict=True)):
        y, width = 6 + at * (thick + gap), room * value / most
        parts.append(_label(label, left, y + thick / 2 + 4))
        parts.append(
            f'<rect class="c0" x="{left + 8 + (room - width) / 2:.1f}" y="{y}" width="{max(width, 1):.1f}" height="{thick}">{_tip(label, "", marks.words(value))}</rect>'
        )
        parts.append(
            f'<text class="value" x="{left + room + 14}" y="{y + thick / 2 + 4}">{escape(marks.words(value))}</text>'
        )
    return _svg(marks.title, 6 + len(values) * (thick + gap) + 4, parts)


def columns(marks: Marks) -> str:
    """Upright columns side by side, one group per label."""
    values = [v for s in marks.series for v in s.values if v is not None]
    if not values:
        return ""
    high = _round_up(max(0.0, *values))
    top, base, left = 30, 210, _axis_width(high, marks.words)
    step = (WIDTH - left) / max(len(marks.labels), 1)
    thick = min(step * 0.8 / len(marks.series), 46)
    parts = [_legend(marks.series, left) if len(marks.series) > 1 else "", *_grid(high, (left, top, base), marks.words)]
    for at, label in enumerate(marks.labels):
        start = left + at * step + (step - thick * len(marks.series)) / 2
        for number, series in enumerate(marks.series):
            value = series.values[at]
            if value is not None:
                tall = (base - top) * max(value, 0) / high
                parts.append(
                    f'<rect class="c{number % COLOURS}" x="{start + number * thick:.1f}" y="{base - tall:.1f}" width="{max(thick - 1, 0.5):.1f}" height="{tall:.1f}">{_tip(label, series.name, marks.words(value))}</rect>'
                )
    parts += _below(marks.labels, left, step, base)
    return _svg(marks.title, base + 34, parts)


def lines(marks: Marks, horizontal: Sequence[float]) -> str:
    """A line per series over numbers, from 0 to the highest value; `horizontal` are the numbers of the labels."""
    values = [v for s in marks.series for v in s.values if v is not None]
    if not values or not horizontal:
        return ""
    high, top, base = _round_up(max(0.0, *values)), 30, 230
    left = _axis_width(high, marks.words)
    most = max(horizontal) or 1
    across = (WIDTH - left - 12) / most
    parts = [_legend(marks.series, left), *_grid(high, (left, top, base), marks.words)]
    for number, series in enumerate(marks.series):
        points = [
            (left + x * across, base - (base - top) * v / high)
            for x, v in zip(horizontal, series.values, strict=True)
            if v is not None
        ]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(
            f'<path class="line l{number % COLOURS} d{number // 4 % 2}" d="{path}"><title>{escape(series.name)}</title></path>'
        )
    step = _round_up(most / 6)
    ticks = [step * i for i in range(int(most / step) + 1)]
    parts += [
        f'<text class="tick" text-anchor="middle" x="{left + t * across:.1f}" y="{base + 16}">{t:.0f}</text>'
        for t in ticks
    ]
    return _svg(marks.title, base + 28, parts)


def intervals(
    marks: Marks, ends: Sequence[tuple[float | None, float | None]], line: float | None, line_title: str
) -> str:
    """A dot with its interval per label, on one scale, and a line across at a value."""
    known = [v for v in marks.series[0].values if v is not None]
    if not known:
        return ""
    high = max([*known, *(h for _, h in ends if h is not None), line or 0.0]) or 1
    left, row, top = _label_width(marks.labels), 17, 24
    scale = (WIDTH - left - 78) / high
    foot = top + len(marks.labels) * row
    parts = []
    if line is not None:
        x = left + 8 + line * scale
        parts.append(
            f'<path class="mark" d="M{x:.1f} {top - 6}V{foot}"/><text class="tick" text-anchor="middle" x="{x:.1f}" y="{top - 10}">{escape(line_title)} {escape(marks.words(line))}</text>'
        )
    for at, (label, value, (start, end)) in enumerate(zip(marks.labels, marks.series[0].values, ends, strict=True)):
        y = top + at * row + row / 2
        parts.append(_label(label, left, y + 4))
        if value is None:
            parts.append(f'<text class="none" x="{left + 12}" y="{y + 4:.1f}">n/a</text>')
            continue
        if start is not None and end is not None:
            parts.append(
                f'<path class="span" d="M{left + 8 + start * scale:.1f} {y:.1f}H{left + 8 + end * scale:.1f}"/>'
            )
        parts.append(
            f'<circle class="c0" cx="{left + 8 + value * scale:.1f}" cy="{y:.1f}" r="4">{_tip(label, "", _between(marks.words, value, start, end))}</circle>'
        )
        parts.append(
            f'<text class="value" x="{left + 14 + (end if end is not None else value) * scale:.1f}" y="{y + 4:.1f}">{escape(marks.words(value))}</text>'
        )
    return _svg(marks.title, foot + 8, parts)


def _between(words: Words, value: float, start: float | None, end: float | None) -> str:
    return words(value) if start is None or end is None else f"{words(value)} ({words(start)} to {words(end)})"


def heat(marks: Marks) -> str:
    """A grid: a row per series, a column per label, the darker the more; each cell says its value."""
    values = [v for s in marks.series for v in s.values if v is not None]
    if not values:
        return ""
    most = max(values) or 1
    left, row, top = _label_width([s.name for s in marks.series]), 22, 22
    wide = min((WIDTH - left - 10) / max(len(marks.labels), 1), 60)
    parts = [
        f'<text class="tick" text-anchor="middle" x="{left + 8 + (i + 0.5) * wide:.1f}" y="{top - 8}">{escape(label)}</text>'
        for i, label in enumerate(marks.labels)
    ]
    for at, series in enumerate(marks.series):
        y = top + at * row
        parts.append(_label(series.name, left, y + 15))
        for i, value in enumerate(series.values):
            if value is not None:
                x = left + 8 + i * wide
                share = value / most
                ink = " dark" if share > 0.55 else ""
                parts.append(
                    f'<rect class="c0" fill-opacity="{0.06 + 0.94 * share:.2f}" x="{x:.1f}" y="{y}" width="{wide - 1.5:.1f}" height="{row - 2}">{_tip(series.name, marks.labels[i], marks.words(value))}</rect>'
                )
                parts.append(
                    f'<text class="cell{ink}" text-anchor="middle" x="{x + wide / 2 - 0.7:.1f}" y="{y + 14}">{escape(_short(marks.words(value)))}</text>'
                )
    return _svg(marks.title, top + len(marks.series) * row + 6, parts)


# -- pieces ---------------------------------------------------------------------------------------------------------


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {ceil(height)}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *(part for part in parts if part), "</svg>"])


def _tip(label: str, series: str, words: str) -> str:
    return f"<title>{escape(', '.join(part for part in (label, series) if part))}: {escape(words)}</title>"


def _label_width(labels: Sequence[str]) -> float:
    return max((min(columns_of(label), LONGEST_LABEL) for label in labels), default=0) * TEXT_WIDTH + 6


def _widest(texts: Iterable[str]) -> float:
    return max((columns_of(text) for text in texts), default=0) * TEXT_WIDTH


def _axis_width(high: float, words: Words) -> float:
    """The place that the words along an upright axis take."""
    return _widest(words(high * i / 4) for i in range(5)) + 14


def _label(text: str, left: float, y: float) -> str:
    return f'<text text-anchor="end" x="{left:.1f}" y="{y:.1f}">{escape(cut(text))}</text>'


def cut(text: str) -> str:
    """A label no wider than its place; its whole stands in the table behind the chart."""
    if columns_of(text) <= LONGEST_LABEL:
        return text
    while text and columns_of(text) >= LONGEST_LABEL:
        text = text[:-1]
    return f"{text}…"


def _short(words: str) -> str:
    return words.replace(" ", "").removesuffix("%")


def _legend(series: Sequence[Series], left: float) -> str:
    place, parts = left, []
    for number, one in enumerate(series):
        name = cut(one.name)
        parts.append(
            f'<rect class="c{number % COLOURS}" x="{place:.0f}" y="4" width="11" height="11"/><text x="{place + 15:.0f}" y="14">{escape(name)}</text>'
        )
        place += 32 + columns_of(name) * TEXT_WIDTH
    return "".join(parts)


def _grid(high: float, place: tuple[float, float, float], words: Words) -> Iterator[str]:
    left, top, base = place
    for i in range(5):
        y = base - (base - top) * i / 4
        yield f'<path class="grid" d="M{left} {y:.1f}H{WIDTH}"/><text class="tick" text-anchor="end" x="{left - 6}" y="{y + 4:.1f}">{escape(words(high * i / 4))}</text>'


def _below(labels: Sequence[str], left: float, step: float, base: float) -> Iterator[str]:
    widest = max((columns_of(cut(label)) for label in labels), default=1) * TEXT_WIDTH + 8
    every = max(1, ceil(widest / step))
    for at, label in enumerate(labels):
        if at % every == 0:
            yield f'<text class="tick" text-anchor="middle" x="{left + (at + 0.5) * step:.1f}" y="{base + 18}">{escape(cut(label))}</text>'


def _round_up(value: float) -> float:
    """The next round number for the end of an axis.

    >>> [_round_up(n) for n in (0, 3.2, 47, 120)]
    [1.0, 4.0, 50.0, 200.0]
    """
    if value <= 0:
        return 1.0
    size = 10.0 ** floor(log10(value))
    return next(float(step * size) for step in (1, 2, 4, 5, 10) if step * size >= value * (1 - 1e-12))
