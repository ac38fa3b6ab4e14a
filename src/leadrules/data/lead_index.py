"""Which lead a key means: the join of ten million events to a million leads, without a hash table of either.

In: the leads' keys, in the form in which keys are compared. Out: for a column of keys the rows of their leads. A key's
hash names a slot, the slot a lead, and the lead's own key says whether it is meant; leads whose slot is taken stand in
further, smaller tables. The texts themselves decide, so no collision can. Knows nothing of events.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from leadrules.core.functions.columnar import fold_series, rows_where
from leadrules.core.records import dataclass
from leadrules.core.text import TRIM
from leadrules.data.ids import long_keys

_SALESFORCE_ID = 15
_ROOM = 8  # slots per key, at least; with fewer more keys would find their slot taken


@dataclass(frozen=True, slots=True)
class _Level:
    """Slots by hash (of a seed of its own), the key that stands in each, and the row of its lead: None, its place."""

    seed: int
    slots: pl.Series
    keys: pl.Series
    rows: pl.Series | None

    def find(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """A row for each text, and whether it is that text's."""
        places = self.slots[_slots(texts, self.seed, len(self.slots))]
        rows = places if self.rows is None else self.rows[places]
        return rows, self.keys[places].eq_missing(texts)


class LeadIndex:
    """The leads by key, and by the 18-character form of those keys that are Salesforce ids of 15."""

    def __init__(self, keys: pl.Series) -> None:
        self.height = len(keys)
        rows: pl.Series | None = None
        if (keys.str.len_bytes() == _SALESFORCE_ID).any():
            long = long_keys(keys)
            there = long.is_not_null()
            every = pl.arange(len(keys), eager=True, dtype=pl.UInt32)
            keys, rows = pl.concat([keys, long.filter(there)]), pl.concat([every, every.filter(there)])
        self._levels: list[_Level] = []
        keys = keys.rechunk()
        while len(keys):
            keys, rows = self._add_level(keys, rows)

    def rows(self, texts: pl.Series) -> pl.Series:
        """The row of the lead of each key, trimmed only where it is not found as it stands; null where there is none."""
        nowhere = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(texts))
        if not self._levels:
            return nowhere
        rows, found = self._levels[0].find(texts)
        if found.all():
            return rows
        missing = rows_where(~found)
        rest = self._find(texts[missing], self._levels[1:])
        if rest.null_count():
            unknown = rows_where(rest.is_null())
            trimmed = texts.gather(missing.gather(unknown)).str.strip_chars(TRIM)
            rest = rest.scatter(unknown, self._find(trimmed, self._levels))
        return rows.scatter(missing, rest)

    def meant_by(self, texts: Iterable[str]) -> pl.Series:
        """The rows of leads whose key is, folded, one of these texts."""
        listed = list(texts)
        if not listed or not self._levels:
            return pl.Series([], dtype=pl.UInt32)
        every = self._levels[0]
        meant = fold_series(every.keys).is_in(listed)
        return rows_where(meant) if every.rows is None else every.rows.filter(meant)

    @staticmethod
    def _find(texts: pl.Series, levels: Iterable[_Level]) -> pl.Series:
        """Through these levels, one after the other."""
        rows = pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(texts))
        missing = pl.arange(len(texts), eager=True, dtype=pl.UInt32)
        for level in levels:
            some, found = level.find(texts)
            rows = rows.scatter(missing.filter(found), some.filter(found))
            texts, missing = texts.filter(~found), missing.filter(~found)
            if not len(texts):
                break
        return rows

    def _add_level(self, keys: pl.Series, rows: pl.Series | None) -> tuple[pl.Series, pl.Series]:
        """One more level; what found its slot taken by another key is left over."""
        seed, size = len(self._levels), 1 << (len(keys) * _ROOM - 1).bit_length()
        own = _slots(keys, seed, size)
        slots = pl.Series([0], dtype=pl.UInt32).new_from_index(0, size)
        slots = slots.scatter(own, pl.arange(len(keys), eager=True, dtype=pl.UInt32))
        self._levels.append(_Level(seed, slots, keys, rows))
        left = keys[slots[own]] != keys
        return keys.filter(left), rows_where(left) if rows is None else rows.filter(left)


def _slots(texts: pl.Series, seed: int, size: int) -> pl.Series:
    return (texts.hash(seed) & (size - 1)).cast(pl.UInt32)
