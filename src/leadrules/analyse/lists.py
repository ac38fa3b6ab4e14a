"""First-match lists: what is left for each line after those before it, and what is left after the last.

In: the lines of a classify, stages, route or first-match group as formulas. Out: `Reading`: per line whether it can be
true at all, whether something is left of it, and which single line before it holds all of it; and what no line takes.
All of it errs on one side: a line that is said to be dead is dead, one that is not may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from leadrules.analyse.domains import Words
from leadrules.analyse.formulas import EMPTY, AllOf, AnyOf, Atom, Box, Fact, Formula, Term, boxes, negated
from leadrules.core.records import dataclass

MOST_LEFT = 48
MOST_TRIED = 64
LONGEST = 60
Entry = tuple[int, Formula]  # the number of a line, and what lies outside it


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
    reader = _Reader()
    verdicts = tuple(reader.read(number, line) for number, line in enumerate(lines))
    rest = tuple(reader.left) if reader.exact or not reader.left else None
    return Reading(verdicts, rest, reader.unsure)


class _Reader:
    """A list while it is read. `left` is what no line has taken so far, or more than that once it is not `exact`."""

    def __init__(self) -> None:
        self.left = [EMPTY]
        self.exact = True
        self.unsure = 0
        self._holders = _Holders()

    def read(self, number: int, line: Line) -> Verdict:
        """The verdict on one more line."""
        own = boxes(line.formula)
        if own is None:
            self.unsure, self.exact = self.unsure + 1, False
            return Verdict(True, True)
        if not own:
            return Verdict(False, True)
        some_left = _any_meet(self.left, line.formula)
        # What is left is exact as long as it is small: then only a line that is shadowed needs a name for its shadow.
        by = None if some_left and self.exact else self._holders.holder(own)
        some_left = some_left and by is None
        if line.takes:
            self._holders.add(number, line.formula, own)
            if some_left:
                self._take(line.formula)
        return Verdict(True, some_left, by)

    def _take(self, formula: Formula) -> None:
        simple = isinstance(formula, Atom | Fact)
        narrowed = _without(self.left, formula) if self.exact or simple else None
        self.exact = self.exact and narrowed is not None
        self.left = self.left if narrowed is None else narrowed


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
    """The lines so far, found by something that each of them asks for: a line that is held has that too.

    A line that asks for one of some values is kept by value, one that searches a text by what it searches for, one that
    compares by its term; few of the others are kept.
    """

    def __init__(self) -> None:
        self._by_value: dict[tuple[Term, str], list[Entry]] = {}
        self._by_needle: dict[tuple[Term, str], list[Entry]] = {}
        self._by_term: dict[Term, list[Entry]] = {}
        self._others: list[Entry] = []

    def add(self, number: int, formula: Formula, own: Sequence[Box]) -> None:
        """One more line."""
        entry = (number, negated(formula))
        parts = formula.parts if isinstance(formula, AllOf) else (formula,)
        atoms = [part for part in parts if isinstance(part, Atom)]
        for one in atoms:
            if isinstance(one.region, Words) and not one.region.all_but and not one.region.blank:
                self._keep(self._by_value, [(one.term, value) for value in one.region.values], entry)
                return
        for part in parts:
            searched = _searched(part)
            if searched:
                self._keep(self._by_needle, searched, entry)
                return
        if atoms:
            self._keep(self._by_term, [atoms[0].term], entry)
        elif len(self._others) < MOST_TRIED:
            self._others.append(entry)

    @staticmethod
    def _keep(index: dict[Any, list[Entry]], keys: Iterable[Any], entry: Entry) -> None:
        for key in keys:
            index.setdefault(key, []).append(entry)

    def holder(self, own: Sequence[Box]) -> int | None:
        """The first line that holds all of these boxes."""
        for number, outside in sorted(self._candidates(own[0]), key=lambda entry: entry[0])[:MOST_TRIED]:
            if boxes(outside, own) == []:
                return number
        return None

    def _candidates(self, box: Box) -> list[Entry]:
        found = list(self._others)
        for term, region in box.regions.items():
            found += self._by_term.get(term, ())
            texts = [needle for (_, needle), holds in box.facts.get(term, {}).items() if holds]
            if isinstance(region, Words) and not region.all_but and region.values:
                value = next(iter(region.values))
                found += self._by_value.get((term, value), ())
                texts.append(value)
            if self._by_needle:
                for part in {part for text in texts for part in _parts_of(text)}:
                    found += self._by_needle.get((term, part), ())
        return found


def _searched(part: Formula) -> list[tuple[Term, str]]:
    """What a part searches for in one text, if that is all it does."""
    facts = part.parts if isinstance(part, AnyOf) else (part,)
    return [(f.term, f.needle) for f in facts if isinstance(f, Fact) and f.holds] if _all_search(facts) else []


def _all_search(parts: Iterable[Formula]) -> bool:
    return all(isinstance(part, Fact) and part.holds for part in parts)


def _parts_of(text: str) -> Iterator[str]:
    """Every part of a text; of a very long one its beginning's."""
    text = text[:LONGEST]
    return (text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1))


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
