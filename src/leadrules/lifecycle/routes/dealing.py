"""Leads to reps, one after the other: the first rule that holds and has an eligible rep.

In: the kinds of the leads in the order in which they are taken, credits, loads. Out: per lead an owner, the rule, and a
number for the rules that were passed over; credits and loads are moved. Knows no column, no state and no due time.

What a lead gets depends on those before it only through credits and loads. While nobody reaches a capacity, every kind of
lead has one rule and one set of reps, so a long stretch is dealt at once; where somebody does, it is dealt lead by lead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial
from itertools import compress, repeat
from typing import Protocol

from leadrules.core.records import dataclass
from leadrules.lifecycle.routes.accounts import Accounts
from leadrules.lifecycle.routes.candidates import NO_ACCOUNT, NO_SUCH_REP, Crew, Kind, RuleTable
from leadrules.lifecycle.routes.credits import Pool, Wheel
from leadrules.lifecycle.routes.eligibility import PAST_OWNER, Loads, Roster, blocked

NOBODY, KEPT, FIRST_QUEUE = -1, -2, -10  # owners that are no rep; queues count down from the last
MOVES, MATCHES, WATCHED = 1, 2, 3  # a lead leaves a rep; may match an account; has reps of its own, or is looked at
SHORTEST, FIRST, LONGEST = 256, 8_192, 65_536  # stretches of leads that are dealt at once

Passed = tuple[str, tuple[tuple[str, str], ...]]  # a rule, and each rep of it (or nobody by name) with the reason


@dataclass(frozen=True, slots=True)
class Considered:
    """What a rule saw for one lead: each rep with the reason why not, or the credit (or share of capacity) it stood at."""

    rule: str
    reps: tuple[tuple[str, str | None, float | None], ...]
    chosen: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Leads in the order in which they are taken."""

    rows: list[int]
    kinds: list[int]
    kind_of: Mapping[int, Kind]
    owners: list[int]  # the rep who has each now; below 0 for anybody who holds no capacity
    apart: bytearray  # which leads do not simply get what others of their kind get: 0, MOVES, MATCHES or WATCHED
    is_open: list[bool]
    accounts: Mapping[int, tuple[Accounts, list[str | None]]]  # by the position of the rule
    excluded: Sequence[frozenset[int]] = ()
    watched: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Dealt:
    """Per lead of the line: the owner, the position of the rule (below 0: none), the number of what was passed over."""

    owners: list[int]
    rules: list[int]
    whys: list[int]


class Source(Protocol):
    """Where a rule's next owner comes from."""

    def take(self) -> int:
        """The next owner."""

    def skip(self, count: int) -> None:
        """Take so many, which were looked at ahead."""


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Always the same owner."""

    owner: int

    def take(self) -> int:
        return self.owner

    def skip(self, count: int) -> None:
        """Nothing moves."""


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Reps of a pool from which other sets of reps pick, too."""

    pool: Pool
    members: tuple[int, ...]

    def take(self) -> int:
        return self.pool.pick(self.members)

    def skip(self, count: int) -> None:
        """The pool adopts the credits of the stretch as a whole."""


@dataclass(frozen=True, slots=True)
class _LeastLoaded:
    """The rep with the lowest share of its capacity; nobody can tell ahead what other rules will add."""

    shares: list[float]
    members: tuple[int, ...]

    def take(self) -> int:
        return min(self.members, key=self.shares.__getitem__)

    def skip(self, count: int) -> None:
        raise AssertionError("nothing was looked at ahead")


@dataclass(frozen=True, slots=True)
class _Choice:
    """What leads of a kind get as long as nobody's capacity changes."""

    source: Source
    rule: int
    why: int


@dataclass
class Reasons:
    """What was passed over, by number; 0 is nothing."""

    known: list[tuple[Passed, ...]] = field(default_factory=lambda: [()])
    numbers: dict[tuple[Passed, ...], int] = field(default_factory=lambda: {(): 0})

    def number(self, passed: Iterable[Passed]) -> int:
        """The number of these."""
        key = tuple(passed)
        if key not in self.numbers:
            self.numbers[key] = len(self.known)
            self.known.append(key)
        return self.numbers[key]


class Dealer:
    """Deals one line of leads by the rules of one route."""

    def __init__(
        self,
        rules: Sequence[RuleTable],
        *,
        pools: Mapping[int, Pool],
        roster: Roster,
        loads: Loads,
        filled: str | None,
        reasons: Reasons,
    ) -> None:
        self._rules, self._pools, self._roster, self._loads, self._filled = rules, pools, roster, loads, filled
        self._reasons = reasons
        self._open = loads.open[filled]
        everybody = range(len(roster.reps))
        self._shares = [loads.share(rep, filled) for rep in everybody]
        self._room = [loads.room(rep, filled) for rep in everybody]
        self._closed = {rep for rep in everybody if self._room[rep] <= 0}
        self._levels = any(rule.rule.target.strategy == "least_loaded" for rule in rules)
        self._frees: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._choices: dict[int, _Choice] = {}
        self._sources: dict[tuple[int, tuple[int, ...]], Source] = {}
        self._alone: set[tuple[int, tuple[int, ...]]] = set()
        self._queues = {name: FIRST_QUEUE - n for n, name in enumerate(roster.team.queues)}
        self.considered: dict[int, list[Considered]] = {}

    def deal(self, line: Line) -> Dealt:
        """Deal them all."""
        self._line = line
        self._dealt = Dealt([], [], [])
        self._find_alone(line)
        start, length, end = 0, FIRST, len(line.rows)
        while start < end:
            stop = min(start + length, end)
            if self._deal_stretch(start, stop):
                start, length = stop, min(length * 2, LONGEST)
            elif length > SHORTEST:
                length //= 2
            else:
                self._deal_each(start, stop)
                start, length = stop, length * 2
        self._settle()
        return self._dealt

    def _find_alone(self, line: Line) -> None:
        """The sets of reps that share nobody with another set of their rule: their credits move by themselves."""
        crews: dict[int, set[tuple[int, ...]]] = {}
        for kind in line.kind_of.values():
            for n, target in kind.rules:
                if n in self._pools:
                    crews.setdefault(n, set()).add(self._rules[n].crews[target].eligible)
        for n, sets in crews.items():
            in_how_many = Counter(rep for members in sets for rep in members)
            self._alone |= {(n, members) for members in sets if all(in_how_many[rep] == 1 for rep in members)}

    # -- what a kind gets -------------------------------------------------------------------------------------------

    def _choice(self, number: int) -> _Choice:
        found = self._choices.get(number)
        if found is None:
            found = self._choices[number] = self._choose(self._line.kind_of[number])
        return found

    def _choose(self, kind: Kind) -> _Choice:
        passed: list[Passed] = []
        for n, target in kind.rules:
            source = self._source(n, target)
            if source is not None:
                return _Choice(source, n, self._reasons.number(passed))
            passed.append(self._why_not(n, target))
        return _Choice(_Fixed(NOBODY), -1, self._reasons.number(passed))

    def _source(self, n: int, target: int) -> Source | None:
        """Where a rule's owners come from; None where it has nobody. Accounts are asked lead by lead."""
        rule = self._rules[n]
        match rule.kind:
            case "queue":
                return _Fixed(self._queues[str(rule.rule.target.queue)])
            case "keep":
                return _Fixed(KEPT)
            case "rep":
                return _Fixed(target) if target >= 0 else None
            case "team":
                return self._team_source(n, rule.crews[target])
        return None

    def _team_source(self, n: int, crew: Crew) -> Source | None:
        key = (n, crew.eligible)
        if key not in self._sources:
            members = self._free(crew)
            if not members:
                return None
            self._sources[key] = self._new_source(n, crew, members)
        return self._sources[key]

    def _new_source(self, n: int, crew: Crew, members: tuple[int, ...]) -> Source:
        if n not in self._pools:
            return _LeastLoaded(self._shares, members)
        pool = self._pools[n]
        return Wheel(pool, members) if (n, crew.eligible) in self._alone else _Mixed(pool, members)

    def _free(self, crew: Crew) -> tuple[int, ...]:
        """The reps of a crew who are not full, in roster order; the same until somebody fills up or has room again."""
        found = self._frees.get(crew.eligible)
        if found is None:
            found = self._frees[crew.eligible] = tuple(rep for rep in crew.eligible if rep not in self._closed)
        return found

    def _why_not(self, n: int, target: int, excluded: frozenset[int] = frozenset(), at: int = NOBODY) -> Passed:
        """Why a rule that holds has nobody; `at` is the place of the lead in the line, where reps are excluded."""
        rule = self._rules[n]
        if rule.kind == "team":
            crew = rule.crews[target]
            reasons = {**dict.fromkeys(excluded, PAST_OWNER), **crew.reasons}
            return rule.rule.name, blocked(self._roster, self._loads, crew.team, reasons, self._filled)
        # A rep who is there, and takes nothing, was the owner before.
        past = target
        if rule.kind == "match":
            accounts, asked = self._line.accounts[n]
            past = accounts.owner(asked[at], self._line.rows[at]) if excluded else NOBODY
        if past >= 0:
            return rule.rule.name, ((self._roster.reps[past].key, PAST_OWNER),)
        return rule.rule.name, (("", NO_ACCOUNT if rule.kind == "match" else NO_SUCH_REP),)

    # -- many at once -----------------------------------------------------------------------------------------------

    def _deal_stretch(self, start: int, stop: int) -> bool:
        """Deal a stretch of leads at once, or say that somebody's capacity or a special lead stands in the way."""
        if any(self._line.apart[start:stop]):
            return False
        kinds = self._line.kinds[start:stop]
        how_many = Counter(kinds)
        choices = {kind: self._choice(kind) for kind in how_many}
        if any(isinstance(choice.source, _LeastLoaded) for choice in choices.values()):
            return False
        trials = _Trials()
        feeds = {kind: trials.feed(choice.source) for kind, choice in choices.items()}
        owners = [feeds[kind]() for kind in kinds]
        given = Counter(owners)
        if any(self._fills(rep, count) for rep, count in given.items()):
            return False
        for kind, count in how_many.items():
            choices[kind].source.skip(count)
        trials.adopt()
        self._count(start, stop, owners, given)
        self._dealt.owners.extend(owners)
        rules = {kind: choice.rule for kind, choice in choices.items()}
        whys = {kind: choice.why for kind, choice in choices.items()}
        self._dealt.rules.extend(map(rules.__getitem__, kinds))
        self._dealt.whys.extend(map(whys.__getitem__, kinds))
        return True

    def _fills(self, rep: int, count: int) -> bool:
        """Whether so many leads may fill a rep who is not full yet."""
        return rep >= 0 and rep not in self._closed and count >= self._room[rep]

    def _count(self, start: int, stop: int, owners: list[int], given: Mapping[int, int]) -> None:
        for rep, count in given.items():
            if rep >= 0:
                self._loads.give(rep, count)
        for accounts, asked in self._line.accounts.values():
            accounts.dealt(self._line.rows[start:stop], asked[start:stop], owners)
        is_open = self._line.is_open[start:stop]
        opened = given if all(is_open) else Counter(compress(owners, is_open))
        for rep, count in opened.items():
            if rep >= 0:
                self._open[rep] += count
        for rep in given:
            if rep >= 0:
                self._level(rep)

    # -- one by one -------------------------------------------------------------------------------------------------

    def _deal_each(self, start: int, stop: int) -> None:
        apart, kinds, dealt = self._line.apart, self._line.kinds, self._dealt
        for at in range(start, stop):
            how, kind = apart[at], kinds[at]
            found = None
            if how == WATCHED:
                found = self._deal_special(at)
            elif how == MATCHES:
                found = self._deal_match(at, kind)
            if found is None:
                choice = self._choices.get(kind) or self._choice(kind)
                found = choice.source.take(), choice.rule, choice.why
            owner = found[0]
            dealt.owners.append(owner)
            dealt.rules.append(found[1])
            dealt.whys.append(found[2])
            if owner not in (KEPT, NOBODY):
                self._moved(at, owner)

    def _moved(self, at: int, owner: int) -> None:
        """A lead goes from who had it to another: loads, accounts, and who is full now."""
        line, before = self._line, self._line.owners[at]
        if owner == before:
            return
        if before >= 0 and line.is_open[at]:
            self._open[before] -= 1
            if before in self._closed or self._levels:  # who has room has it still
                self._look_at(before)
        if owner >= 0:
            self._loads.give(owner)
            self._open[owner] += line.is_open[at]
            self._room[owner] -= 1
            if self._room[owner] <= 0 or self._levels:
                self._look_at(owner)
        for accounts, asked in line.accounts.values():
            account = asked[at]
            if account is not None:
                accounts.moved(line.rows[at], account, owner)

    def _level(self, rep: int) -> None:
        """How much of a rep's capacity is taken, and is left if every lead to come is open."""
        self._shares[rep] = self._loads.share(rep, self._filled)
        self._room[rep] = self._loads.room(rep, self._filled)

    def _look_at(self, rep: int) -> None:
        """A load has changed: is the rep full now, or no longer?"""
        self._level(rep)
        if (self._room[rep] <= 0) == (rep in self._closed):
            return
        self._closed ^= {rep}
        self._frees.clear()
        self._choices.clear()
        for key in [key for key in self._sources if rep in key[1]]:
            _settle(self._sources.pop(key))

    def _deal_match(self, at: int, number: int) -> tuple[int, int, int] | None:
        """What an account decides for a lead, unless an earlier rule takes it."""
        earliest = (self._choices.get(number) or self._choice(number)).rule
        kind = self._line.kind_of[number]
        for held, (n, _) in enumerate(kind.rules):
            if n == earliest:
                return None
            if n in self._line.accounts:
                accounts, asked = self._line.accounts[n]
                owner = accounts.owner(asked[at], self._line.rows[at])
                if owner >= 0:
                    passed = [self._why_not(*before) for before in kind.rules[:held]]
                    return owner, n, self._reasons.number(passed)
        return None

    def _deal_special(self, at: int) -> tuple[int, int, int]:
        line = self._line
        excluded = line.excluded[at] if line.excluded else frozenset()
        passed: list[Passed] = []
        for n, target in line.kind_of[line.kinds[at]].rules:
            owner = self._try(at, n, target, excluded)
            if owner != NOBODY:
                return owner, n, self._reasons.number(passed)
            passed.append(self._why_not(n, target, excluded, at))
        return NOBODY, -1, self._reasons.number(passed)

    def _try(self, at: int, n: int, target: int, excluded: frozenset[int]) -> int:
        """Who a rule gives one lead to."""
        rule = self._rules[n]
        row = self._line.rows[at]
        if rule.kind == "match":
            accounts, asked = self._line.accounts[n]
            return accounts.owner(asked[at], row, excluded)
        if rule.kind != "team":
            source = None if target in excluded and rule.kind == "rep" else self._source(n, target)
            return NOBODY if source is None else source.take()
        members = _without(self._free(rule.crews[target]), excluded)
        watched = row in self._line.watched
        reps = self._standing(n, rule.crews[target], excluded) if watched else ()
        owner = self._pick(n, rule.crews[target], members) if members else NOBODY
        if watched:
            chosen = self._roster.reps[owner].key if owner >= 0 else None
            self.considered.setdefault(row, []).append(Considered(rule.rule.name, reps, chosen))
        return owner

    def _pick(self, n: int, crew: Crew, members: tuple[int, ...]) -> int:
        if members is self._free(crew):
            source = self._team_source(n, crew)
            assert source is not None
            return source.take()
        if n not in self._pools:
            return _LeastLoaded(self._shares, members).take()
        self._settle_crew(n, crew)
        return self._pools[n].pick(members)

    def _settle_crew(self, n: int, crew: Crew) -> None:
        """Bring the pool up to date; what a wheel had worked out ahead no longer holds."""
        source = self._sources.pop((n, crew.eligible), None)
        if source is not None:
            _settle(source)
            self._choices.clear()

    # -- for those who ask why --------------------------------------------------------------------------------------

    def _standing(
        self, n: int, crew: Crew, excluded: frozenset[int]
    ) -> tuple[tuple[str, str | None, float | None], ...]:
        """Each rep of a crew before a pick: why not, and the credit in points, or the share of capacity."""
        self._settle_crew(n, crew)
        reasons = {**dict.fromkeys(excluded, PAST_OWNER), **crew.reasons}
        why = dict(blocked(self._roster, self._loads, crew.team, reasons, self._filled))
        stands = [c / 10_000 for c in self._pools[n].credit] if n in self._pools else self._shares
        keys = ((self._roster.reps[rep].key, rep) for rep in crew.team)
        return tuple((key, why.get(key), stands[rep]) for key, rep in keys)

    def _settle(self) -> None:
        for source in self._sources.values():
            _settle(source)


class _Trials:
    """Picks of one stretch, on copies of what they move."""

    def __init__(self) -> None:
        self._feeds: dict[int, Callable[[], int]] = {}
        self._pools: dict[int, tuple[Pool, Pool]] = {}

    def feed(self, source: Source) -> Callable[[], int]:
        """The owners of a source, one after the other; kinds that share it share the feed."""
        if isinstance(source, _Mixed):
            _, trial = self._pools.setdefault(id(source.pool), (source.pool, source.pool.copy()))
            return partial(trial.pick, source.members)
        if id(source) not in self._feeds:
            self._feeds[id(source)] = source.ahead() if isinstance(source, Wheel) else repeat(source.take()).__next__
        return self._feeds[id(source)]

    def adopt(self) -> None:
        """What was tried is so."""
        for pool, trial in self._pools.values():
            pool.credit, pool.served, pool.turn = trial.credit, trial.served, trial.turn


def _without(members: tuple[int, ...], excluded: frozenset[int]) -> tuple[int, ...]:
    """The members but for the excluded, who are few; the same tuple where there are none of them."""
    for rep in excluded:
        if rep in members:
            place = members.index(rep)
            members = members[:place] + members[place + 1 :]
    return members


def _settle(source: Source) -> None:
    if isinstance(source, Wheel):
        source.settle()
