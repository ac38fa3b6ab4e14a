"""A diagram: boxes in columns and the arrows between them.

In: nothing. Out: `Diagram`, which mermaid.py and layers.py draw. Knows not what the boxes stand for.
"""

from __future__ import annotations

from dataclasses import replace

from leadrules.core.records import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """`key` is unique; `column` is the number of its column, `hint` what a pointer over it shows."""

    key: str
    kind: str
    name: str
    column: int
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a box to the one that depends on it; a dashed one is an effect rather than a cause."""

    start: str
    end: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in declaration order, arrows between them, and the heads of the columns."""

    columns: tuple[str, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]

    def around(self, centres: frozenset[str], depth: int) -> Diagram:
        """What is at most `depth` arrows from some boxes: upstream against the arrows, downstream along them."""
        kept = centres | self._walk(centres, depth, back=True) | self._walk(centres, depth, back=False)
        return replace(
            self,
            boxes=tuple(box for box in self.boxes if box.key in kept),
            arrows=tuple(arrow for arrow in self.arrows if arrow.start in kept and arrow.end in kept),
        )

    def _walk(self, centres: frozenset[str], depth: int, *, back: bool) -> frozenset[str]:
        found, edge = set(centres), set(centres)
        for _ in range(depth):
            ahead = {(a.start if back else a.end) for a in self.arrows if (a.end if back else a.start) in edge}
            edge = ahead - found
            found |= edge
        return frozenset(found)
