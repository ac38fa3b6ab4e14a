"""Text and syntax, LR001 to LR049."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

ENTRIES: tuple[Code, ...] = tuple(
    Code(f"LR{n:03d}", f"x{n}", "error", "t", "w", "b", "g") for n in range(1, 43)
)
