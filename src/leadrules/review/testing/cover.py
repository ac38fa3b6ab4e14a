"""The fewest of some sets that together hold what all of them hold.

In: sets. Out: the places of those that are kept: without any one of them something would be missing. Where what is left after
the plain conclusions is small enough to be tried it is the least number; else the one that adds most comes first. Knows no tests.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

MOST_TRIED = 3_000
Sets = Mapping[int, frozenset[Hashable]]


def fewest(sets: Sequence[frozenset[Hashable]]) -> list[int]:
    """The places of sets whose union is that of all, in order."""
    sure, core = _concluded(dict(enumerate(sets)))
    rest = _Search(core).best() if core else []
    return _without_idle(sorted([*sure, *rest]), sets)


def _concluded(left: Sets) -> tuple[list[int], dict[int, frozenset[Hashable]]]:
    """What must be taken, and the sets among which there is a choice, each with what is still to be held."""
    sure: list[int] = []
    sets = {place: keys for place, keys in left.items() if keys}
    while sets:
        holders = _holders(sets)
        only = sorted({next(iter(places)) for places in holders.values() if len(places) == 1})
        sure += only
        held = frozenset().union(*(sets[place] for place in only)) | _implied(holders)
        narrowed = _without_lesser({place: keys - held for place, keys in sets.items() if keys - held})
        if narrowed == sets:
            break
        sets = narrowed
    return sure, dict(sets)


def _holders(sets: Sets) -> dict[Hashable, frozenset[int]]:
    found: dict[Hashable, set[int]] = {}
    for place, keys in sets.items():
        for key in keys:
            found.setdefault(key, set()).add(place)
    return {key: frozenset(places) for key, places in found.items()}


def _implied(holders: Mapping[Hashable, frozenset[int]]) -> frozenset[Hashable]:
    """What is held as soon as something rarer is: its holders are among this one's. Of equals the first stands for all."""
    first: dict[frozenset[int], Hashable] = {}
    for key, places in holders.items():
        first.setdefault(places, key)
    rare = sorted(first, key=len)
    kept: list[frozenset[int]] = []
    for places in rare:
        if not any(fewer <= places for fewer in kept):
            kept.append(places)
    standing = {first[places] for places in kept}
    return frozenset(key for key in holders if key not in standing)


def _without_lesser(sets: Sets) -> dict[int, frozenset[Hashable]]:
    """Without the sets that another one holds altogether; of equals the first stays."""
    ordered = sorted(sets, key=lambda place: (-len(sets[place]), place))
    kept: list[int] = []
    for place in ordered:
        if not any(sets[place] <= sets[larger] for larger in kept):
            kept.append(place)
    return {place: sets[place] for place in sorted(kept)}


class _Search:
    """The least number of sets, by trying; as far as that takes too long, the best that was found."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.tried = sets, 0
        self.holders = {key: sorted(places) for key, places in _holders(sets).items()}
        self.found = self._greedy()

    def best(self) -> list[int]:
        """The places."""
        self._try([], frozenset(self.holders))
        return self.found

    def _greedy(self) -> list[int]:
        taken: list[int] = []
        left = frozenset(self.holders)
        while left:
            taken.append(max(self.sets, key=lambda place: (len(self.sets[place] & left), -place)))
            left -= self.sets[taken[-1]]
        return taken

    def _try(self, taken: list[int], left: frozenset[Hashable]) -> None:
        self.tried += 1
        if not left:
            self.found = taken if len(taken) < len(self.found) else self.found
            return
        most = max(len(keys & left) for keys in self.sets.values())
        if self.tried > MOST_TRIED or len(taken) + -(-len(left) // most) >= len(self.found):
            return
        rarest = min(left, key=lambda key: (len(self.holders[key]), self.holders[key]))
        for place in sorted(self.holders[rarest], key=lambda place: (-len(self.sets[place] & left), place)):
            self._try([*taken, place], left - self.sets[place])


def _without_idle(places: Iterable[int], sets: Sequence[frozenset[Hashable]]) -> list[int]:
    """Without those whose every part another one holds too, the smallest first."""
    kept = list(places)
    for place in sorted(kept, key=lambda place: (len(sets[place]), -place)):
        others = frozenset[Hashable]().union(*(sets[other] for other in kept if other != place))
        if sets[place] <= others:
            kept.remove(place)
    return kept
