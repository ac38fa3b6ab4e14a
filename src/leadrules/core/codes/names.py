"""Names and types in expressions, LR100 to LR129."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
