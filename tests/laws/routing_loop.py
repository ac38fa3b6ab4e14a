"""Routing as the contract tells it, one lead at a time: plain Python that shares nothing with the product.

A case is plain data; conditions are Python functions beside the rule text that says the same. Loads are counted anew for
every lead, credits are fractions, nothing is worked out ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction


@dataclass(frozen=True)
class Seller:
    """A rep on the day of the run."""

    key: str
    active: bool = True
    away: bool = False
    works_now: bool = True
    weight: Fraction = Fraction(1)
    rate: Fraction | None = None
    skills: tuple[str, ...] = ()
    per_day: int | None = None
    per_week: int | None = None
    open: int | None = None


@dataclass(frozen=True)
class Prospect:
    """A lead; `absent` ones are only in the state."""

    id: str
    created: int | None
    owner: str | None = None
    industry: str | None = None
    size: int | None = None
    account: str | None = None
    is_open: bool = True
    assigned: int | None = None
    absent: bool = False
    past: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A rule: its text in the language, whether it holds, and its target."""

    name: str
    text: str
    holds: Callable[[Prospect], bool]
    kind: str
    team: tuple[str, ...] = ()
    strategy: str = "round_robin"
    fits: Callable[[Seller, Prospect], bool] | None = None
    on_shift: bool = False
    to: str | None = None


@dataclass
class World:
    """What moves."""

    sellers: dict[str, Seller]
    leads: dict[str, Prospect]
    day: dict[str, int]
    week: dict[str, int]
    credit: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    served: dict[tuple[str, str], int] = field(default_factory=dict)
    clock: int = 0
    dealt: list[str] = field(default_factory=list)  # leads in the order in which they went to somebody else

    def same(self, a: str | None, b: str | None) -> bool:
        """Text as people read it, as far as these cases go."""
        return (a or "").strip().lower() == (b or "").strip().lower()

    def seller(self, owner: str | None) -> Seller | None:
        """The active rep whom an owner names."""
        return next((s for s in self.sellers.values() if self.same(s.key, owner) and s.active and owner), None)

    def owned(self, seller: Seller) -> int:
        """The open leads of a rep."""
        return sum(lead.is_open and self.same(lead.owner, seller.key) for lead in self.leads.values())


def route(
    world: World, lines: Sequence[Line], ids: Sequence[str], *, newest_first: bool | None, again: bool = False
) -> dict[str, tuple[str | None, str | None]]:
    """Deal leads: per lead the rule and the owner. `newest_first` None takes them by (created, id), else by size."""
    found = {}
    for one in sorted(ids, key=lambda i: _place(world.leads[i], newest_first)):
        lead = world.leads[one]
        shut = {key for key in (*lead.past, lead.owner) if key} if again else set()
        found[one] = _first(world, lines, lead, shut)
        rule, owner = found[one]
        kept = rule is not None and next(line for line in lines if line.name == rule).kind == "keep"
        if rule is not None and not kept and not world.same(owner, lead.owner):
            world.leads[one] = replace(lead, owner=owner)
            world.dealt.append(one)
            if owner in world.sellers:
                world.day[owner] = world.day.get(owner, 0) + 1
                world.week[owner] = world.week.get(owner, 0) + 1
    return found


def looked_at(world: World, ids: Sequence[str], reroute: Callable[[Prospect], bool]) -> list[str]:
    """Leads without an owner, in a queue, of somebody who is not there any more, or to be routed again."""
    return [i for i in ids if world.seller(world.leads[i].owner) is None or reroute(world.leads[i])]


def _place(lead: Prospect, descending: bool | None) -> tuple[object, ...]:
    born = (lead.created is None, lead.created or 0, lead.id)
    if descending is None:
        return born
    return (lead.size is None, -(lead.size or 0) if descending else (lead.size or 0), *born)


def _first(world: World, lines: Sequence[Line], lead: Prospect, shut: set[str]) -> tuple[str | None, str | None]:
    for line in lines:
        if line.holds(lead):
            there, owner = _target(world, line, lead, shut)
            if there:
                return line.name, owner
    return None, None


def _target(world: World, line: Line, lead: Prospect, shut: set[str]) -> tuple[bool, str | None]:
    if line.kind == "keep":
        return True, lead.owner
    if line.kind == "queue":
        return True, line.to
    if line.kind == "rep":
        named = world.seller(line.to)
        good = named is not None and not any(world.same(named.key, s) for s in shut)
        return good, named.key if named is not None and good else None
    if line.kind == "match":
        return _match(world, lead, shut)
    team = [world.sellers[key] for key in line.team]
    fit = [s for s in team if _eligible(world, line, s, lead, shut)]
    return (True, _pick(world, line, fit).key) if fit else (False, None)


def _eligible(world: World, line: Line, seller: Seller, lead: Prospect, shut: set[str]) -> bool:
    if not seller.active or seller.away or (line.on_shift and not seller.works_now):
        return False
    if line.fits is not None and not line.fits(seller, lead):
        return False
    if any(world.same(seller.key, s) for s in shut) or _weight(line, seller) <= 0:
        return False
    under_day = seller.per_day is None or world.day.get(seller.key, 0) < seller.per_day
    under_week = seller.per_week is None or world.week.get(seller.key, 0) < seller.per_week
    return under_day and under_week and (seller.open is None or world.owned(seller) < seller.open)


def _weight(line: Line, seller: Seller) -> Fraction:
    if line.strategy == "weighted":
        return seller.weight
    if line.strategy == "weighted rep.win_rate":
        return seller.rate or Fraction(0)
    return Fraction(1)


def _pick(world: World, line: Line, fit: list[Seller]) -> Seller:
    if line.strategy == "least_loaded":
        return min(fit, key=lambda s: Fraction(world.owned(s), s.open or 1))
    total = sum((_weight(line, s) for s in fit), Fraction(0))
    for seller in fit:
        at = (line.name, seller.key)
        world.credit[at] = world.credit.get(at, Fraction(0)) + _weight(line, seller)
    best = max(fit, key=lambda s: (world.credit[line.name, s.key], -world.served.get((line.name, s.key), 0)))
    world.credit[line.name, best.key] -= total
    world.clock += 1
    world.served[line.name, best.key] = world.clock
    return best


def _match(world: World, lead: Prospect, shut: set[str]) -> tuple[bool, str | None]:
    others = [o for o in world.leads.values() if o.id != lead.id and o.account and world.same(o.account, lead.account)]
    found = []
    for other in others:
        owner = world.seller(other.owner)
        if owner is None or any(world.same(owner.key, s) for s in shut):
            continue
        now = world.dealt.index(other.id) if other.id in world.dealt else -1
        at = other.assigned if other.assigned is not None else other.created
        before = (at is not None, at or 0, other.created is not None, other.created or 0, other.id)
        found.append(((now, *before), owner.key))
    return (True, max(found)[1]) if found else (False, None)
