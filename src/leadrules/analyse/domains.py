"""Sets of values that a term of a condition can have: intervals, finite sets and all-but sets, each with its blank.

In: bounds and values. Out: `Numbers` (also dates, datetimes and durations, as numbers) and `Words` (text in folded form,
choices, labels, yes/no), closed under `and`, `or` and `not`. Refuses to know expressions and schemas.

A cut lies just before (0) or just after (1) a number, so an interval is a pair of cuts and open and closed ends are alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce

from leadrules.core.records import dataclass

Cut = tuple[float, int]
LOWEST: Cut = (-math.inf, 0)
HIGHEST: Cut = (math.inf, 1)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A union of intervals in ascending order, and whether the blank belongs to it."""

    spans: tuple[tuple[Cut, Cut], ...]
    blank: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing, not even the blank."""
        return not self.spans and not self.blank

    @property
    def low(self) -> float:
        """The lower end; of nothing, infinity."""
        return self.spans[0][0][0] if self.spans else math.inf

    @property
    def high(self) -> float:
        """The upper end; of nothing, minus infinity."""
        return self.spans[-1][1][0] if self.spans else -math.inf

    def present(self) -> Numbers:
        """The same without the blank."""
        return Numbers(self.spans)

    def __and__(self, other: Numbers) -> Numbers:
        pairs = ((max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans)
        return Numbers(tuple((a, b) for a, b in pairs if a < b), self.blank and other.blank)

    def __or__(self, other: Numbers) -> Numbers:
        return Numbers(_merged([*self.spans, *other.spans]), self.blank or other.blank)

    def __sub__(self, other: Numbers) -> Numbers:
        gaps, at = [], LOWEST
        for start, end in other.spans:
            if at < start:
                gaps.append((at, start))
            at = max(at, end)
        if at < HIGHEST:
            gaps.append((at, HIGHEST))
        return self & Numbers(tuple(gaps), not other.blank)

    def whole(self) -> Numbers:
        """Only the whole numbers in it."""
        spans = ((_whole(a), _whole(b)) for a, b in self.spans)
        return Numbers(_merged((a, b) for a, b in spans if a < b), self.blank)

    def within(self, other: Numbers) -> bool:
        """Whether every value is one of the other's."""
        return (self - other).is_empty

    def has(self, number: float) -> bool:
        """Whether a number belongs to it."""
        return any(a <= (number, 0) and (number, 1) <= b for a, b in self.spans)


@dataclass(frozen=True, slots=True)
class Words:
    """Exactly these values, or with `all_but` every other one; and whether the blank belongs to it."""

    values: frozenset[str]
    all_but: bool = False
    blank: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing, not even the blank."""
        return not self.values and not self.all_but and not self.blank

    def present(self) -> Words:
        """The same without the blank."""
        return Words(self.values, self.all_but)

    def __and__(self, other: Words) -> Words:
        blank = self.blank and other.blank
        if self.all_but and other.all_but:
            return Words(self.values | other.values, True, blank)
        if self.all_but:
            return Words(other.values - self.values, False, blank)
        return Words(self.values - other.values if other.all_but else self.values & other.values, False, blank)

    def __or__(self, other: Words) -> Words:
        return self._complement()._and_not(other)._complement()

    def __sub__(self, other: Words) -> Words:
        return self & other._complement()

    def within(self, other: Words) -> bool:
        """Whether every value is one of the other's."""
        return (self - other).is_empty

    def has(self, value: str) -> bool:
        """Whether a folded text belongs to it."""
        return (value in self.values) != self.all_but

    def _and_not(self, other: Words) -> Words:
        return self & other._complement()

    def _complement(self) -> Words:
        return Words(self.values, not self.all_but, not self.blank)


Region = Numbers | Words

EVERY_NUMBER = Numbers(((LOWEST, HIGHEST),), True)
EVERY_WORD = Words(frozenset(), True, True)
YES = Words(frozenset(["true"]))
NO = Words(frozenset(["false"]))
EITHER = Words(frozenset(["true", "false"]))


def numbers(low: float = -math.inf, high: float = math.inf, *, above: bool = False, below: bool = False) -> Numbers:
    """The interval from `low` to `high`, ends included unless `above` (the low one) or `below` (the high one)."""
    start, end = (low, 1 if above else 0), (high, 0 if below else 1)
    return Numbers(((start, end),) if start < end else ())


def points(values: Iterable[float]) -> Numbers:
    """Exactly these numbers."""
    return Numbers(tuple(((v, 0), (v, 1)) for v in sorted(set(values))))


def words(*values: str) -> Words:
    """Exactly these texts, which are folded."""
    return Words(frozenset(values))


def meet(a: Region, b: Region) -> Region:
    """What belongs to both; terms have one kind of values, so the kinds agree."""
    if isinstance(a, Numbers):
        assert isinstance(b, Numbers)
        return a & b
    assert isinstance(b, Words)
    return a & b


def join(a: Region, b: Region) -> Region:
    """What belongs to either."""
    if isinstance(a, Numbers):
        assert isinstance(b, Numbers)
        return a | b
    assert isinstance(b, Words)
    return a | b


def union(regions: Sequence[Region]) -> Region:
    """What belongs to any of them, at once: one after the other, thousands of numbers would be sorted thousands of times."""
    spans = [span for region in regions if isinstance(region, Numbers) for span in region.spans]
    if isinstance(regions[0], Numbers):
        return Numbers(_merged(spans), any(region.blank for region in regions))
    return reduce(join, regions)


def minus(a: Region, b: Region) -> Region:
    """What belongs to the first alone."""
    if isinstance(a, Numbers):
        assert isinstance(b, Numbers)
        return a - b
    assert isinstance(b, Words)
    return a - b


def is_within(a: Region, b: Region) -> bool:
    """Whether the second holds all of the first."""
    return minus(a, b).is_empty


def _whole(cut: Cut) -> Cut:
    number, side = cut
    if math.isinf(number):
        return cut
    return (float(math.floor(number) + 1), 0) if side else (float(math.ceil(number)), 0)


def _merged(spans: Iterable[tuple[Cut, Cut]]) -> tuple[tuple[Cut, Cut], ...]:
    merged: list[tuple[Cut, Cut]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
