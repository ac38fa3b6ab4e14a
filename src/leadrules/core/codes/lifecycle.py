"""Routes, sequences, triggers, promises, measures and tests, LR150 to LR199."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
