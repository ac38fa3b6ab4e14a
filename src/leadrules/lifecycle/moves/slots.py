"""Who has changed what of a lead in this run: its owner, its sequence, each of its fields.

In: claims of rules on leads. Out: who came first. A lead's owner, sequence and each field change once in a run at most;
whoever asks first gets it. Knows nothing of what the change is.
"""

from __future__ import annotations

import polars as pl

OWNER, SEQUENCE = "owner", "sequence"


def field_slot(name: str) -> str:
    """The slot of a lead's field."""
    return f"field:{name}"


class Slots:
    """The changes of a run, per lead; a rule is kept as its number."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._rules: list[str | None] = [None]
        self._taken: dict[str, pl.Series] = {}

    def taken_by(self, slot: str, rows: pl.Series) -> pl.Series:
        """The rule that has the slot of each lead; blank where it is free."""
        taken = self._taken.get(slot)
        if taken is None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
        return pl.Series(self._rules, dtype=pl.String).gather(taken.gather(rows))

    def take(self, slot: str, rows: pl.Series, rule: str) -> None:
        """Give the slot of these leads to a rule."""
        if not len(rows):
            return
        if rule not in self._rules:
            self._rules.append(rule)
        taken = self._taken.get(slot)
        if taken is None:
            taken = pl.repeat(0, self._height, dtype=pl.UInt32, eager=True)
        self._taken[slot] = taken.scatter(rows, self._rules.index(rule))

    def is_taken(self, slot: str) -> pl.Series:
        """Whether the slot of each lead of the run is taken."""
        taken = self._taken.get(slot)
        return pl.repeat(False, self._height, dtype=pl.Boolean, eager=True) if taken is None else taken > 0
