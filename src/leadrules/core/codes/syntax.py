"""Text and syntax, LR001 to LR049."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
