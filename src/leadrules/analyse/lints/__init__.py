"""Every lint, by its code. To add one: a function with its page in its docstring, in the file of its subject."""

from __future__ import annotations

from leadrules.analyse.lints import (
    asserts,
    conditions,
    firstmatch,
    letters,
    marks,
    sequences,
    team,
    thresholds,
    unused,
)
from leadrules.analyse.lints.registry import ENTRIES, LINTS

__all__ = [
    "ENTRIES",
    "LINTS",
    "asserts",
    "conditions",
    "firstmatch",
    "letters",
    "marks",
    "sequences",
    "team",
    "thresholds",
    "unused",
]
