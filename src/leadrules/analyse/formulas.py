"""Conditions as formulas over terms, and the boxes that meet them.

In: formulas made of atoms (a term and the values it may have), text facts, `and`, `or`. Out: `boxes`, the normal form: a
list of boxes, each a conjunction, bounded in size; None where the bound is passed, that is, where it cannot be told.
A box that cannot hold is left out, so an empty list is a proof; a box that is kept may still not hold, for terms are
taken to be independent of each other but for what `Terms` knows. Refuses to know expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from leadrules.analyse.domains import Numbers, Region, Words, is_within, meet, minus, union
from leadrules.core.records import dataclass
from leadrules.ruleset.model import Expr

MOST_BOXES = 64


@dataclass(eq=False, slots=True)
class Term:
    """Something that has a value: a field, a count of events, a score. Terms of one analysis are the same object.

    `key` names it, `domain` holds every value that it can have (`whole` numbers only), `wider` are counts that include its own.
    """

    key: str
    expr: Expr
    domain: Region
    whole: bool = False
    wider: list[Term] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Atom:
    """A term has one of these values."""

    term: Term
    region: Region


@dataclass(frozen=True, slots=True)
class Fact:
    """A search in a text or set: `operation` is contains, starts, ends, matches or has; `holds` says which way."""

    term: Term
    operation: str
    needle: str
    holds: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; without parts, true."""

    parts: tuple[Formula, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; without parts, false."""

    parts: tuple[Formula, ...] = ()


Formula = Atom | Fact | AllOf | AnyOf
TRUE, FALSE = AllOf(), AnyOf()
Search = tuple[str, str]


class Box:
    """A conjunction: values per term, and per text what it contains and what it does not."""

    __slots__ = ("facts", "regions")

    def __init__(self, regions: Mapping[Term, Region], facts: Mapping[Term, Mapping[Search, bool]]) -> None:
        self.regions = dict(regions)
        self.facts = dict(facts)

    def region(self, term: Term) -> Region:
        """The values left to a term."""
        return self.regions.get(term, term.domain)

    def take(self, part: Atom | Fact) -> Box | None:
        """The box with one more atom or fact; itself where that says nothing new, None where nothing is left."""
        return self._atom(part.term, part.region) if isinstance(part, Atom) else self._fact(part)

    def _atom(self, term: Term, region: Region) -> Box | None:
        before = self.region(term)
        after = meet(before, region)
        if term in self.facts:
            after = _meeting(after, self.facts[term])
        if after.is_empty:
            return None
        if after == before and term in self.regions:
            return self
        box = Box(self.regions, self.facts)
        box.regions[term] = after
        return box if not (term.wider or _is_count(term)) or box._counts_agree(term) else None

    def _fact(self, fact: Fact) -> Box | None:
        known = self.facts.get(fact.term, {})
        search = (fact.operation, fact.needle)
        if search in known:
            return self if known[search] == fact.holds else None
        if any(_clash(search, fact.holds, other, holds) for other, holds in known.items()):
            return None
        region = self.region(fact.term)
        region = _meeting(region.present() if fact.holds else region, {**known, search: fact.holds})
        if region.is_empty:
            return None
        box = Box(self.regions, self.facts)
        box.regions[fact.term] = region
        box.facts[fact.term] = {**known, search: fact.holds}
        return box

    def _counts_agree(self, changed: Term) -> bool:
        """A count of fewer events is no larger than the count of more."""
        counts = [term for term in self.regions if _is_count(term)]
        return all(
            _least(self.region(term)) <= _most(self.region(wide))
            for term in counts
            for wide in term.wider
            if changed in (term, wide)
        )


EMPTY = Box({}, {})


def _is_count(term: Term) -> bool:
    return term.key.startswith("count ")


def _least(count: Region) -> float:
    return count.low if isinstance(count, Numbers) else 0.0


def _most(count: Region) -> float:
    """The largest whole number: a cut just before a number leaves the one below it."""
    if not isinstance(count, Numbers) or not count.spans:
        return 0.0
    number, side = count.spans[-1][1]
    return number if side else number - 1


# -- text facts -----------------------------------------------------------------------------------------------------


def holds_in(operation: str, needle: str, text: str) -> bool | None:
    """Whether a search finds something in a folded text; None where that cannot be told from the folded form."""
    if operation == "contains":
        return needle in text
    if operation == "starts":
        return text.startswith(needle)
    if operation == "ends":
        return text.endswith(needle)
    return None


def _meeting(region: Region, facts: Mapping[Search, bool]) -> Region:
    """The values of a finite set that the facts allow; where a search must hold, also no blank."""
    if not isinstance(region, Words):
        return region
    if any(facts.values()):
        region = region.present()
    if region.all_but:
        return region
    kept = (v for v in region.values if all(holds_in(*s, v) in (None, holds) for s, holds in facts.items()))
    return Words(frozenset(kept), False, region.blank)


def _clash(a: Search, a_holds: bool, b: Search, b_holds: bool) -> bool:
    """Whether two searches of one text cannot be so together."""
    if a_holds and b_holds:
        return _exclude(a, b)
    if a_holds:
        return _implies(a, b)
    return b_holds and _implies(b, a)


def _exclude(a: Search, b: Search) -> bool:
    if a[0] != b[0] or a[0] not in ("starts", "ends"):
        return False
    short, long = sorted((a[1], b[1]), key=len)
    return not holds_in(a[0], short, long)


def _implies(a: Search, b: Search) -> bool:
    """Whether a text in which the first is found has the second too."""
    if a == b:
        return True
    if a[0] in ("matches", "has") or b[0] in ("matches", "has"):
        return False
    return (b[0] == "contains" or a[0] == b[0]) and bool(holds_in(b[0], b[1], a[1]))


# -- building and solving -------------------------------------------------------------------------------------------


def both(parts: Iterable[Formula]) -> Formula:
    """`and`, with what is plain taken out; alternatives come last, for they multiply."""
    flat: list[Formula] = []
    for part in parts:
        if part == FALSE:
            return FALSE
        flat += part.parts if isinstance(part, AllOf) else (part,)
    flat.sort(key=lambda part: isinstance(part, AnyOf))
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def either(parts: Iterable[Formula]) -> Formula:
    """`or`; values of one term are joined."""
    regions: dict[Term, list[Region]] = {}
    rest: list[Formula] = []
    for part in parts:
        for one in part.parts if isinstance(part, AnyOf) else (part,):
            if one == TRUE:
                return TRUE
            if isinstance(one, Atom):
                regions.setdefault(one.term, []).append(one.region)
            else:
                rest.append(one)
    atoms = {term: union(some) for term, some in regions.items()}
    if any(is_within(term.domain, region) for term, region in atoms.items()):
        return TRUE
    flat = [*(Atom(term, region) for term, region in atoms.items() if not region.is_empty), *rest]
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def negated(formula: Formula) -> Formula:
    """`not`, pushed down to the atoms."""
    match formula:
        case Atom(term, region):
            return atom(term, minus(term.domain, region))
        case Fact(term, operation, needle, holds):
            return Fact(term, operation, needle, not holds)
        case AllOf(parts):
            return either(negated(part) for part in parts)
        case AnyOf(parts):
            return both(negated(part) for part in parts)


def atom(term: Term, region: Region) -> Formula:
    """A term has one of these values; true or false where that is so of all or none of its values."""
    if term.whole and isinstance(region, Numbers):
        region = region.whole()
    kept = meet(region, term.domain)
    if kept.is_empty:
        return FALSE
    return TRUE if is_within(term.domain, kept) else Atom(term, kept)


def boxes(formula: Formula, start: Iterable[Box] = (EMPTY,), most: int = MOST_BOXES) -> list[Box] | None:
    """The boxes that meet the formula within those of `start`; None where they are more than `most`."""
    found = list(start)
    match formula:
        case Atom() | Fact():
            return [box for old in found if (box := old.take(formula)) is not None]
        case AllOf(parts):
            for part in parts:
                narrowed = boxes(part, found, most)
                if not narrowed:
                    return narrowed
                found = narrowed
            return found
        case AnyOf(parts):
            return _alternatives(parts, found, most)


def _alternatives(parts: Iterable[Formula], start: list[Box], most: int) -> list[Box] | None:
    found: list[Box] = []
    for part in parts:
        more = boxes(part, start, most)
        if more is None or len(found) + len(more) > most:
            return None
        found += more
    return found


def is_small(formula: Formula, most: int) -> bool:
    """Whether a formula has at most so many parts."""
    pending, count = [formula], 0
    while pending:
        count += 1
        if count > most:
            return False
        part = pending.pop()
        if isinstance(part, AllOf | AnyOf):
            pending += part.parts
    return True


def terms_of(formula: Formula) -> set[Term]:
    """The terms that a formula looks at."""
    if isinstance(formula, Atom | Fact):
        return {formula.term}
    return {term for part in formula.parts for term in terms_of(part)}
