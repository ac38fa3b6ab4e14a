"""First-match lists: what is left for each line after those before it, and what is left after the last.

In: the lines of a classify, stages, route or first-match group as formulas. Out: `Reading`: per line whether it can be
true at all, whether something is left of it, and which single line before it holds all of it; and what no line takes.
All of it errs on one side: a line that is said to be dead is dead, one that is not may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leadrules.analyse.domains import Words
from leadrules.analyse.formulas import EMPTY, Box, Formula, Term, boxes, negated

MOST_LEFT = 48


@dataclass(frozen=True, slots=True)
class Line:
    """A line: `takes` says whether a lead that matches it never goes on to the next."""

    formula: Formula
    takes: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said of one line. `by` is the line before it that holds all of it, where one alone does."""

    possible: bool
    left: bool
    by: int | None = None

    @property
    def shadowed(self) -> bool:
        """It could match, but a line before it always does."""
        return self.possible and not self.left


@dataclass(frozen=True, slots=True)
class Reading:
    """A list, line by line; `rest` is what no line takes (None: it cannot be told), `unsure` how many lines were too large."""

    verdicts: tuple[Verdict, ...]
    rest: tuple[Box, ...] | None
    unsure: int


def read_list(lines: Sequence[Line]) -> Reading:
    """Read a list from the top."""
    left, unsure, exact = [EMPTY], 0, True
    verdicts: list[Verdict] = []
    holders = _Holders()
    for number, line in enumerate(lines):
        own = boxes(line.formula)
        if own is None:
            unsure, exact = unsure + 1, False
            verdicts.append(Verdict(True, True))
            continue
        by = holders.holder(own)
        some_left = by is None and _any_meet(left, line.formula)
        verdicts.append(Verdict(bool(own), some_left or not own, by))
        if line.takes and own:
            holders.add(number, line.formula, own)
            narrowed = _without(left, line.formula) if some_left else left
            exact = exact and narrowed is not None
            left = left if narrowed is None else narrowed
    return Reading(tuple(verdicts), tuple(left) if exact or not left else None, unsure)


def _any_meet(left: Sequence[Box], formula: Formula) -> bool:
    for box in left:
        found = boxes(formula, [box])
        if found is None or found:
            return True
    return False


def _without(left: Sequence[Box], formula: Formula) -> list[Box] | None:
    """What is left after a line; None where that takes too many boxes to say."""
    rest = negated(formula)
    kept: list[Box] = []
    for box in left:
        inside = boxes(formula, [box])
        if inside == []:
            kept.append(box)
            continue
        outside = boxes(rest, [box])
        if outside is None:
            return None
        kept += outside
        if len(kept) > MOST_LEFT:
            return None
    return kept


class _Holders:
    """The lines so far, found by a value that each of them asks for: one that holds another asks for what that has."""

    def __init__(self) -> None:
        self._by_value: dict[tuple[Term, str], list[tuple[int, Formula]]] = {}
        self._by_term: dict[Term, list[tuple[int, Formula]]] = {}
        self._others: list[tuple[int, Formula]] = []

    def add(self, number: int, formula: Formula, own: Sequence[Box]) -> None:
        """One more line."""
        entry = (number, negated(formula))
        if len(own) > 1 or not own[0].regions:
            self._others.append(entry)
            return
        for term, region in own[0].regions.items():
            if isinstance(region, Words) and not region.all_but and not region.blank:
                for value in region.values:
                    self._by_value.setdefault((term, value), []).append(entry)
                return
        self._by_term.setdefault(next(iter(own[0].regions)), []).append(entry)

    def holder(self, own: Sequence[Box]) -> int | None:
        """The first line that holds all of these boxes."""
        if not own:
            return None
        for number, outside in sorted(self._candidates(own[0]), key=lambda entry: entry[0]):
            if boxes(outside, own) == []:
                return number
        return None

    def _candidates(self, box: Box) -> list[tuple[int, Formula]]:
        found = list(self._others)
        for term, region in box.regions.items():
            found += self._by_term.get(term, ())
            if isinstance(region, Words) and not region.all_but and region.values:
                found += self._by_value.get((term, next(iter(region.values))), ())
        return found


def overlaps(a: Formula, b: Formula) -> list[Box] | None:
    """Where two lines both match, if neither holds all of the other; None where that cannot be told."""
    meeting = boxes(a)
    common = None if meeting is None else boxes(b, meeting)
    if not common:
        return common
    only_a, only_b = _outside(a, b), _outside(b, a)
    return common if only_a and only_b else []


def _outside(a: Formula, b: Formula) -> bool:
    inside = boxes(a)
    found = None if inside is None else boxes(negated(b), inside)
    return found is None or bool(found)
