"""A diagram as Mermaid text, which GitHub, GitLab and many editors draw.

In: a diagram. Out: a flowchart with one subgraph per column. Colours are strokes alone, so light and dark both read.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadrules.show.diagram import Box, Diagram
from leadrules.show.layers import COLOURS

SHAPES = {
    "event": ("([", "])"),
    "list": ("[(", ")]"),
    "table": ("[(", ")]"),
    "score": ("{{", "}}"),
    "segment": ("(", ")"),
    "route": ("[/", "/]"),
    "sequence": ("[[", "]]"),
    "trigger": (">", "]"),
}


def mermaid(diagram: Diagram) -> str:
    """The flowchart."""
    return "\n".join(_lines(diagram)) + "\n"


def _lines(diagram: Diagram) -> Iterator[str]:
    names = {box.key: f"n{at}" for at, box in enumerate(diagram.boxes)}
    yield "flowchart LR"
    for at, head in enumerate(diagram.columns):
        boxes = [box for box in diagram.boxes if box.column == at]
        if boxes:
            yield f'  subgraph c{at}["{_text(head)}"]'
            yield from (f"    {_box(names[box.key], box)}" for box in boxes)
            yield "  end"
    for arrow in diagram.arrows:
        yield f"  {names[arrow.start]} {'-.->' if arrow.dashed else '-->'} {names[arrow.end]}"
    for kind in dict.fromkeys(box.kind for box in diagram.boxes):
        yield f"  classDef {kind} stroke:{COLOURS[kind]},stroke-width:2px"
        yield f"  class {','.join(names[box.key] for box in diagram.boxes if box.kind == kind)} {kind}"


def _box(name: str, box: Box) -> str:
    opened, closed = SHAPES.get(box.kind, ("[", "]"))
    return f'{name}{opened}"{_text(box.name)}"{closed}'


def _text(text: str) -> str:
    """Text between quotes: letters and digits of any script as they are, all else as Mermaid's `#NN;`."""
    shown = " ".join(text.split())
    return "".join(ch if ch.isalnum() or ch in " _.,-" or ord(ch) > 0x2000 else f"#{ord(ch)};" for ch in shown) or " "
