"""A diagram as SVG: a column per layer, boxes ordered so that few arrows cross, light and dark.

In: a diagram. Out: one SVG that stands by itself. A pointer over a box leaves only its own arrows; without a pointer
nothing is lost but that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from leadrules.core.records import dataclass
from leadrules.show.diagram import Arrow, Box, Diagram
from leadrules.show.text import width

COLOURS = {
    "field": "#64748b",
    "event": "#0e7490",
    "list": "#78716c",
    "table": "#78716c",
    "define": "#a16207",
    "score": "#2563eb",
    "band": "#7c3aed",
    "matrix": "#7c3aed",
    "classify": "#7c3aed",
    "stages": "#7c3aed",
    "segment": "#15803d",
    "trigger": "#dc2626",
    "route": "#c2410c",
    "sequence": "#be185d",
    "exit": "#be185d",
    "suppress": "#be185d",
    "assert": "#4d7c0f",
    "funnel": "#0f766e",
    "goal": "#0f766e",
}
LETTER, ROW, BOX, GAP, HEAD, MARGIN = 7.1, 26, 20, 90, 34, 16
BOLD = 1.1  # heads are bold, and that much wider
LOOSEST = 3  # a short column is spread over at most so many rows a box
SWEEPS = 12
STYLE = """svg{background:#fff;color:#1e293b;font:12px system-ui,"Hiragino Sans","Noto Sans CJK JP",sans-serif}
.b rect{fill:#fff;stroke-width:1.5}.b text,.h{fill:currentColor}.h{font-weight:600}
.a{fill:none;stroke:#94a3b8;stroke-width:1;opacity:.75;marker-end:url(#tip)}.d{stroke-dasharray:4 3}
@media(prefers-color-scheme:dark){svg{background:#0f172a;color:#e2e8f0}.b rect{fill:#1e293b}.a{stroke:#64748b}}"""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a box stands: its left edge, its middle line, and its width."""

    x: float
    y: float
    wide: float


def svg(diagram: Diagram, title: str) -> str:
    """The picture; `title` is what a reader of screens is told."""
    columns = _ordered(diagram)
    spots, total = _placed(columns, diagram.columns)
    tallest = max((len(column) for column in columns.values()), default=1)
    high = HEAD + tallest * ROW + 2 * MARGIN
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total:.0f} {high}" width="{total:.0f}" height="{high}"'
            f' role="img" aria-label="{escape(title)}">'
        ),
        f"<title>{escape(title)}</title>",
        (
            '<marker id="tip" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
            '<path d="M0 0L6 3L0 6z" fill="#94a3b8"/></marker>'
        ),
        f"<style>{STYLE}\n{''.join(_hover(diagram))}</style>",
    ]
    names = {box.key: f"n{at}" for at, box in enumerate(diagram.boxes)}
    for at, column in columns.items():
        parts.append(
            f'<text class="h" x="{spots[column[0].key].x:.0f}" y="{MARGIN + 12}">{escape(diagram.columns[at])}</text>'
        )
    parts += [_arrow(arrow, spots, names) for arrow in diagram.arrows]
    parts += [_box(box, spots[box.key], names[box.key]) for column in columns.values() for box in column]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _hover(diagram: Diagram) -> Iterator[str]:
    for at, _ in enumerate(diagram.boxes):
        yield f"svg:has(#n{at}:hover) .a:not(.n{at}){{opacity:.06}}"
        yield f"svg:has(#n{at}:hover) .n{at}{{opacity:1;stroke-width:2}}\n"


# -- the layout ---------------------------------------------------------------------------------------------------------


def _ordered(diagram: Diagram) -> dict[int, list[Box]]:
    """The boxes of each column that has any, each near the middle of what it is tied to."""
    columns = {at: [box for box in diagram.boxes if box.column == at] for at in range(len(diagram.columns))}
    columns = {at: boxes for at, boxes in columns.items() if boxes}
    tied: dict[str, list[str]] = {box.key: [] for box in diagram.boxes}
    for arrow in diagram.arrows:
        tied[arrow.start].append(arrow.end)
        tied[arrow.end].append(arrow.start)
    order = list(columns)
    for sweep in range(SWEEPS):
        for at in order if sweep % 2 == 0 else reversed(order):
            heights = _heights(columns)
            columns[at] = sorted(columns[at], key=lambda box, heights=heights: _middle(box, tied, heights))  # type: ignore[misc]
    return columns


def _heights(columns: Mapping[int, list[Box]]) -> dict[str, float]:
    """How high each box stands, as a share of its column."""
    return {box.key: (at + 0.5) / len(boxes) for boxes in columns.values() for at, box in enumerate(boxes)}


def _middle(box: Box, tied: Mapping[str, list[str]], heights: Mapping[str, float]) -> float:
    near = [heights[key] for key in tied[box.key]]
    return sum(near) / len(near) if near else heights[box.key]


def _placed(columns: Mapping[int, list[Box]], heads: Sequence[str]) -> tuple[dict[str, _Spot], float]:
    """The place of each box, columns centred on the tallest, and the width of all."""
    tallest = max((len(boxes) for boxes in columns.values()), default=0)
    high = HEAD + MARGIN + tallest * ROW / 2
    spots: dict[str, _Spot] = {}
    x = float(MARGIN)
    for boxes in columns.values():
        wide = max(width(box.name) for box in boxes) * LETTER + 18
        step = min(tallest * ROW / len(boxes), LOOSEST * ROW)
        for at, box in enumerate(boxes):
            spots[box.key] = _Spot(x, high + (at + 0.5 - len(boxes) / 2) * step, wide)
        x += max(wide, width(heads[boxes[0].column]) * LETTER * BOLD) + GAP
    return spots, x - GAP + MARGIN if columns else 2.0 * MARGIN


# -- the drawing --------------------------------------------------------------------------------------------------------


def _box(box: Box, spot: _Spot, name: str) -> str:
    look = f'stroke="{COLOURS[box.kind]}"'
    frame = f'<rect x="{spot.x:.1f}" y="{spot.y - BOX / 2:.1f}" width="{spot.wide:.1f}" height="{BOX}" rx="4" {look}/>'
    text = f'<text x="{spot.x + 9:.1f}" y="{spot.y + 4:.1f}">{escape(box.name)}</text>'
    return f'<g class="b" id="{name}"><title>{escape(box.hint or box.name)}</title>{frame}{text}</g>'


def _arrow(arrow: Arrow, spots: Mapping[str, _Spot], names: Mapping[str, str]) -> str:
    """A curve from the right of one box to the left of the other; within a column it bulges to the right."""
    start, end = spots[arrow.start], spots[arrow.end]
    x1, x2 = start.x + start.wide, end.x
    if start.x == end.x:
        x2 = end.x + end.wide
        bend = f"C{x1 + 45:.1f} {start.y:.1f} {x2 + 45:.1f} {end.y:.1f} {x2:.1f} {end.y:.1f}"
    elif start.x > end.x:
        x1, x2 = start.x, end.x + end.wide
        pull = max(40.0, (x1 - x2) / 2)
        bend = f"C{x1 - pull:.1f} {start.y:.1f} {x2 + pull:.1f} {end.y:.1f} {x2:.1f} {end.y:.1f}"
    else:
        pull = max(40.0, (x2 - x1) / 2)
        bend = f"C{x1 + pull:.1f} {start.y:.1f} {x2 - pull:.1f} {end.y:.1f} {x2:.1f} {end.y:.1f}"
    dashed = " d" if arrow.dashed else ""
    return f'<path class="a {names[arrow.start]} {names[arrow.end]}{dashed}" d="M{x1:.1f} {start.y:.1f}{bend}"/>'
