"""Definitions, scores and thresholds, LR130 to LR149."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
