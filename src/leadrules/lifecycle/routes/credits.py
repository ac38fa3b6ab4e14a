"""Smooth weighted round robin: who of several reps comes next, with credits that are kept.

In: the credits of one rule's reps, their weights, and who is eligible. Out: one rep after the other. Every eligible rep's
credit rises by its weight, the highest wins (ties: least recently served, then roster order) and falls by the eligible
total; who is not eligible keeps what it has. Knows no lead, no capacity and no route.

Where the same reps stay eligible, the order repeats: a `Wheel` works out one turn and then gives it again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, cycle, islice
from math import gcd

LONGEST_TURN = 50_000  # picks that a wheel remembers in search of a turn


class Pool:
    """The credits of one rule, by the number of the rep, in units of 10^-4; `served` rises with each pick."""

    def __init__(self, weights: Sequence[int], credit: Sequence[int], served: Sequence[int]) -> None:
        self.weights, self.credit, self.served = list(weights), list(credit), list(served)
        self.turn = max(self.served, default=0)

    def copy(self) -> Pool:
        """Credits to try picks on."""
        return Pool(self.weights, self.credit, self.served)

    def pick(self, members: Sequence[int]) -> int:
        """The next of these reps, who must be in roster order."""
        weights, credit, served = self.weights, self.credit, self.served
        total, best, most = 0, -1, 0
        for rep in members:
            weight = weights[rep]
            total += weight
            credit[rep] = has = credit[rep] + weight
            if best < 0 or has > most or (has == most and served[rep] < served[best]):
                best, most = rep, has
        credit[best] = most - total
        self.turn += 1
        served[best] = self.turn
        return best

    def recency(self) -> list[int]:
        """When each rep was served, as a rank: 0 for never, then 1, 2, .. up to the latest."""
        latest = sorted(turn for turn in set(self.served) if turn)
        ranks = {turn: rank for rank, turn in enumerate(latest, 1)}
        return [ranks.get(turn, 0) for turn in self.served]


class Wheel:
    """The picks of one set of reps from a pool that nobody else picks from until `settle`.

    Picks are worked out as they are asked for; `ahead` looks forward without taking any.
    """

    def __init__(self, pool: Pool, members: Sequence[int]) -> None:
        self._pool, self._members = pool, tuple(members)
        self._made: list[int] = []
        self._ahead = pool.copy()
        weights = [pool.weights[rep] for rep in members]
        self._length = sum(weights) // gcd(*weights)
        self._mark: tuple[int, ...] | None = None
        self._repeats = 0  # how many of the last picks repeat forever; 0 while that is not known
        self._taken = 0

    def take(self) -> int:
        """The next rep."""
        rep = self._at(self._taken)
        self._taken += 1
        return rep

    def skip(self, count: int) -> None:
        """Take so many at once."""
        self._taken += count

    def ahead(self) -> Callable[[], int]:
        """Picks from here on, without taking them."""
        made, repeats, position = self._made, self._repeats, self._taken
        if not repeats or position < len(made):
            return self._from(position).__next__
        start = (position - len(made)) % repeats
        turn = made[len(made) - repeats :]
        return cycle(turn[start:] + turn[:start]).__next__

    def settle(self) -> None:
        """Bring the pool to where it is after the picks taken."""
        pool, taken = self._pool, self._taken
        if not taken:
            return
        counts, last = self._tally(taken)
        total = sum(pool.weights[rep] for rep in self._members)
        for rep in self._members:
            pool.credit[rep] += pool.weights[rep] * taken - total * counts[rep]
            if rep in last:
                pool.served[rep] = pool.turn + last[rep] + 1
        pool.turn += taken
        self._taken = 0

    def _tally(self, taken: int) -> tuple[Counter[int], dict[int, int]]:
        """How often each rep was picked, and at which position last."""
        made, repeats = self._made, self._repeats
        if taken <= len(made):
            given = made[:taken]
            return Counter(given), {rep: at for at, rep in enumerate(given)}
        turns, rest = divmod(taken - len(made), repeats)
        turn = made[len(made) - repeats :]
        counts = Counter(made)
        for rep, often in Counter(turn).items():
            counts[rep] += often * turns
        counts.update(turn[:rest])
        last = {rep: at for at, rep in enumerate(made)}
        start = len(made) + (turns - 1) * repeats
        if turns:
            last |= {rep: start + at for at, rep in enumerate(turn)}
        last |= {rep: start + repeats + at for at, rep in enumerate(turn[:rest])}
        return counts, last

    def _at(self, position: int) -> int:
        made = self._made
        while position >= len(made) and not self._repeats:
            self._make()
        if position < len(made):
            return made[position]
        return made[len(made) - self._repeats + (position - len(made)) % self._repeats]

    def _from(self, position: int) -> Iterator[int]:
        while not self._repeats:
            if position >= len(self._made):
                self._make()
            else:
                yield self._made[position]
                position += 1
        made, repeats = self._made, self._repeats
        yield from chain(islice(made, position, None), cycle(made[len(made) - repeats :]))

    def _make(self) -> None:
        """One more pick; after a whole turn, see whether all stands as it did a turn ago."""
        made = self._made
        if len(made) % self._length == 0 and len(made) + self._length <= LONGEST_TURN:
            mark = self._standing()
            if mark == self._mark:
                self._repeats = self._length
                return
            self._mark = mark
        made.append(self._ahead.pick(self._members))

    def _standing(self) -> tuple[int, ...]:
        """Credits and order of service of the members: what decides all later picks."""
        ahead = self._ahead
        order = sorted(self._members, key=ahead.served.__getitem__)
        return (*(ahead.credit[rep] for rep in self._members), *order)
