"""The fewest sets: none to spare, and as few as trying all choices finds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations

import pytest

from leadrules.review.testing.cover import fewest


def by_trying(sets: Sequence[frozenset[int]]) -> int:
    """The least number of sets that hold all, by trying every choice, the smallest first."""
    whole = frozenset[int]().union(*sets)
    for size in range(len(sets) + 1):
        if any(frozenset[int]().union(*some) == whole for some in combinations(sets, size)):
            return size
    raise AssertionError


@pytest.mark.parametrize("seed", range(60))
def test_they_are_as_few_as_trying_finds(seed: int) -> None:
    rng = random.Random(seed)
    keys = range(rng.randint(1, 14))
    sets = [frozenset(key for key in keys if rng.random() < 0.3) for _ in range(rng.randint(1, 11))]
    kept = fewest(sets)
    assert frozenset[int]().union(*(sets[place] for place in kept)) == frozenset[int]().union(*sets)
    assert len(kept) == by_trying(sets)


@pytest.mark.parametrize("seed", range(8))
def test_of_many_none_can_be_left_out(seed: int) -> None:
    rng = random.Random(1_000 + seed)
    sets = [frozenset(rng.sample(range(300), rng.randint(1, 30))) for _ in range(160)]
    kept = fewest(sets)
    whole = frozenset[int]().union(*sets)
    assert frozenset[int]().union(*(sets[place] for place in kept)) == whole
    for left_out in kept:
        assert frozenset[int]().union(*(sets[place] for place in kept if place != left_out)) != whole


def test_what_greed_gets_wrong() -> None:
    # The largest set first would take three.
    assert fewest([frozenset({1, 2, 3, 4}), frozenset({1, 3, 5}), frozenset({2, 4, 6})]) == [1, 2]


def test_of_nothing() -> None:
    assert fewest([]) == []
    assert fewest([frozenset(), frozenset()]) == []
