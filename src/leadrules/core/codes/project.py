"""leadrules.yaml, schemas, team file and list files, LR050 to LR099."""

from __future__ import annotations

from leadrules.core.codes.entry import Code

ENTRIES: tuple[Code, ...] = ()
