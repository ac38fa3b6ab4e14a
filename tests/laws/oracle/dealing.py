"""Who gets a lead: routes, rules, reps in turn, capacities, answers in time.

In: the sights of a run. Out: owners and fields in their memories, lines of actions, credits in the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.laws.oracle.memory import QUEUE, Memory
from tests.laws.oracle.record import alike
from tests.laws.oracle.sight import FAR, Eyes, Sight

from leadrules.core.text import fold, in_units
from leadrules.project.model import Rep
from leadrules.ruleset.model import Duration, Route, RouteRule


class Dealer:
    """Deals leads to reps, one at a time."""

    def __init__(self, eyes: Eyes, sights: dict[str, Sight]) -> None:
        self.eyes = eyes
        self.state = eyes.state
        self.sights = sights
        self.as_of = eyes.as_of
        self.today = eyes.clock.day(eyes.as_of)
        self.dealt: list[tuple[str, str]] = []  # who got what in this run (slot, lead), the latest last
        self.reps = {fold(rep.key): rep for rep in eyes.inputs.team.reps}
        self.teams = {name: [self.reps[fold(key)] for key in keys] for name, keys in eyes.inputs.team.teams}

    def rep(self, owner: str | None) -> Rep | None:
        """Who this is, however it is spelt; None for a queue, a stranger, nobody."""
        return None if owner is None else self.reps.get(fold(owner))

    # -- whom to look at ------------------------------------------------------------------------------------------------

    def in_order(self, route: Route | None, sights: Iterable[Sight]) -> list[Sight]:
        """Leads in the order of a route; blanks last, ties by created and key."""
        found = sorted(sights, key=lambda sight: sight.order)
        if route is None or route.order_by is None:
            return found
        worth = {sight.key: self.eyes.value(route.order_by, sight) for sight in found}
        known = [sight for sight in found if worth[sight.key] is not None]
        known.sort(key=lambda sight: -worth[sight.key] if route.descending else worth[sight.key])
        return known + [sight for sight in found if worth[sight.key] is None]

    def looks_at(self, route: Route, sight: Sight) -> bool:
        """Whether an always-on route looks at a lead."""
        if self.slot(route) in sight.taken:
            return False
        owner = self.holder(route, sight)
        if route.sets is None and sight.memory.is_handed_over and owner is not None and fold(owner).startswith(QUEUE):
            return False
        return not self.is_active(owner) or any(self.eyes.holds(one, sight) for one in route.reroute)

    def is_active(self, owner: str | None) -> bool:
        """Whether this is a rep who works here."""
        rep = self.rep(owner)
        return rep is not None and rep.active

    def holder(self, route: Route, sight: Sight) -> str | None:
        """Who has the lead, in the field that a route fills."""
        return sight.memory.owner if route.sets is None else self.eyes.field(route.sets, sight)

    def slot(self, route: Route) -> str:
        """What a route competes for."""
        return "owner" if route.sets is None else f"field:{route.sets}"

    # -- dealing --------------------------------------------------------------------------------------------------------

    def deal(
        self,
        route: Route,
        sight: Sight,
        start: datetime,
        within: Duration | None = None,
        by: str = "",
        *,
        anew: bool = False,
    ) -> bool | None:
        """The first rule that holds and has somebody: whether that is anything new; None for nobody. `by` is the rule
        that asked, `anew` bars earlier owners."""
        barred = frozenset(map(fold, sight.memory.past_owners)) if anew else frozenset()
        for rule in route.rules:
            if not self.exists(rule) or not self.eyes.holds(rule.condition, sight):
                continue
            if rule.target.kind == "keep":
                sight.routes[route.name] = rule.name
                return None
            owner = self.choose(route, rule, sight, barred)
            if owner is None:
                continue
            sight.routes[route.name] = rule.name
            length = within or rule.respond_within
            due = None if length is None else self.eyes.clock.respond_by(start, length, self.rep(owner))
            line = f"route.{route.name}.{rule.name}"
            return self.give(route, sight, owner, line, by or line, due=due)
        return None

    def exists(self, rule: RouteRule) -> bool:
        """Whether today is within the rule's dates."""
        day, active = self.today.isoformat(), rule.active
        return active is None or ((active.start or "") <= day and (active.end is None or day <= active.end))

    def give(self, route: Route, sight: Sight, owner: str, line: str, by: str, *, due: datetime | None) -> bool:
        """Write down what a route decided; whether there is anything new in it."""
        if route.sets is None:
            return self.assign(sight, owner, line, by, due=due, route=route.name)
        if alike(owner, self.eyes.field(route.sets, sight)):
            return False
        sight.taken[self.slot(route)] = by
        sight.memory.decided[route.sets] = (owner, sight.record.get(route.sets))
        sight.memory.held_since[route.sets] = self.as_of
        self.dealt.append((self.slot(route), sight.key))
        self.count(owner)
        sight.row("assign", route.sets, owner, due=due, rule=line)
        return True

    def assign(
        self, sight: Sight, owner: str, line: str, by: str, *, due: datetime | None = None, route: str | None = None
    ) -> bool:
        """A change of owner; the owner it has is none, but is asked to respond. Whether there is anything new in it."""
        memory = sight.memory
        if alike(owner, memory.owner):
            if by == line and memory.due_at is not None and memory.due_route == route:
                return False  # it waits for the same answer: asked anew in every run it would never be overdue
            if not line.startswith("route"):  # where a trigger wants it nobody takes it away
                memory.is_handed_over, sight.taken["owner"] = True, by
            if due is not None:
                sight.taken["owner"] = by
                memory.due_at, memory.due_route = due, route
            return due is not None
        sight.taken["owner"] = by
        memory.owner_changes += memory.owner is not None
        memory.owner = owner
        memory.assigned_at, memory.due_at, memory.due_route = self.as_of, due, None if due is None else route
        memory.past_owners.append(owner)
        self.dealt.append(("owner", sight.key))
        memory.is_handed_over = by != line or not line.startswith("route")
        self.count(owner)
        sight.row("assign", "owner", owner, due=due, rule=line)
        return True

    def count(self, owner: str) -> None:
        """One more assignment of today."""
        rep = self.rep(owner)
        if rep is not None:
            self.state.assignments[rep.key, self.today] = self.state.assignments.get((rep.key, self.today), 0) + 1

    # -- somebody -------------------------------------------------------------------------------------------------------

    def choose(self, route: Route, rule: RouteRule, sight: Sight, barred: frozenset[str]) -> str | None:
        """Who would get the lead by a rule."""
        target = rule.target
        name = f"{route.name}.{rule.name}"
        if target.kind == "queue":
            return f"{QUEUE}{target.queue}"
        if target.kind == "rep":
            assert target.rep is not None
            owner = self.eyes.value(target.rep, sight)
            rep = self.rep(owner)
            ready = rep is not None and rep.active and fold(rep.key) not in barred
            if rule.on_shift and ready and rep is not None:
                ready = self.eyes.clock.is_on_shift(rep, self.as_of)
            return rep.key if ready and rep is not None else None
        if target.kind == "match":
            return self.match(route, name, rule, sight, barred)
        assert target.team is not None
        eligible = [
            rep for rep in self.teams[target.team] if fold(rep.key) not in barred and self.fits(route, rule, rep, sight)
        ]
        if target.strategy == "least_loaded":
            return self.least_loaded(route, eligible)
        return self.next_in_turn(rule, name, eligible)

    def fits(self, route: Route, rule: RouteRule, rep: Rep, sight: Sight) -> bool:
        """Active, there today, with room, and as the rule's `where` asks."""
        if not rep.active or self.eyes.clock.is_away(rep, self.today) or not self.has_room(route, rep):
            return False
        if rule.on_shift and not self.eyes.clock.is_on_shift(rep, self.as_of):
            return False
        where = rule.target.where
        return where is None or self.eyes.program.value(where, sight.facts, attributes(rep)) is True

    def has_room(self, route: Route, rep: Rep) -> bool:
        """Under every capacity."""
        capacity, monday = rep.capacity, self.today - timedelta(days=self.today.weekday())
        counts = self.state.assignments
        of_day = counts.get((rep.key, self.today), 0)
        of_week = sum(n for (who, day), n in counts.items() if who == rep.key and monday <= day <= self.today)
        return (
            (capacity.per_day is None or of_day < capacity.per_day)
            and (capacity.per_week is None or of_week < capacity.per_week)
            and (capacity.open is None or self.load(route, rep) < capacity.open)
        )

    def load(self, route: Route, rep: Rep) -> int:
        """How many open leads a rep owns, absent ones too."""
        found = 0
        for key, memory in self.state.leads.items():
            found += self.rep(self.owner_of(route, key, memory)) is rep and memory.is_open
        return found

    def least_loaded(self, route: Route, eligible: list[Rep]) -> str | None:
        """The lowest share of what a rep can hold; the first of equals."""
        able = [rep for rep in eligible if rep.capacity.open]
        if not able:
            return None
        return min(able, key=lambda rep: Fraction(self.load(route, rep), rep.capacity.open or 1)).key

    def next_in_turn(self, rule: RouteRule, name: str, eligible: list[Rep]) -> str | None:
        """Smooth weighted round robin in units of 10^-4."""
        weights = {rep.key: self.weight(rule, rep) for rep in eligible}
        able = [rep.key for rep in eligible if weights[rep.key] > 0]
        if not able:
            return None
        credit, served = self.state.credits, self.state.served
        for key in able:
            credit[name, key] = credit.get((name, key), 0) + weights[key]
        chosen = max(able, key=lambda key: (credit[name, key], -served.get((name, key), 0), -able.index(key)))
        credit[name, chosen] -= sum(weights[key] for key in able)
        self.state.turns += 1
        served[name, chosen] = self.state.turns
        return chosen

    def weight(self, rule: RouteRule, rep: Rep) -> int:
        """What a rep's credit rises by."""
        target = rule.target
        if target.strategy != "weighted":
            return 10_000
        weight: Any = rep.weight if target.attribute in (None, "weight") else dict(rep.attributes).get(target.attribute)
        return in_units(weight, 4) if isinstance(weight, int | float) and weight > 0 else 0

    def match(self, route: Route, name: str, rule: RouteRule, sight: Sight, barred: frozenset[str]) -> str | None:
        """The active rep who has another lead of the same account."""
        wanted = sight.memory.accounts.get(name)
        if wanted is None:
            return None
        best: tuple[int, datetime, datetime, str] | None = None
        found = None
        for key, memory in self.state.leads.items():
            rep = self.rep(self.owner_of(route, key, memory))
            if key == sight.key or memory.accounts.get(name) != wanted:
                continue
            if rep is None or not rep.active or fold(rep.key) in barred:
                continue
            if rule.on_shift and not self.eyes.clock.is_on_shift(rep, self.as_of):
                continue
            since = memory.assigned_at if route.sets is None else memory.held_since.get(route.sets)
            when = since or memory.created or FAR.replace(year=1)
            mine = (self.slot(route), key)
            turn = self.dealt.index(mine) if mine in self.dealt else -1
            rank = (turn, when, memory.created or FAR.replace(year=1), key)
            if best is None or rank > best:
                best, found = rank, rep.key
        return found

    def owner_of(self, route: Route, key: str, memory: Memory) -> str | None:
        """Who has a lead, seen in this run or not."""
        if route.sets is None:
            return memory.owner
        if key in self.sights:
            return self.holder(route, self.sights[key])
        last = memory.held.get(route.sets)
        owner: str | None = memory.decided.get(route.sets, (last, None))[0]
        return owner

    def remember_accounts(self, sight: Sight) -> None:
        """What each `match account` compares, kept for the days on which the lead is absent."""
        for route in self.eyes.inputs.ruleset.routes:
            for rule in route.rules:
                if rule.target.on is not None:
                    value = self.eyes.value(rule.target.on, sight)
                    sight.memory.accounts[f"{route.name}.{rule.name}"] = account(value)


def account(value: Any) -> str | None:
    """A value to compare, folded; a blank is none."""
    return None if value is None else fold(value) if isinstance(value, str) else repr(value)


def attributes(rep: Rep) -> dict[str, Any]:
    """What `rep.x` stands for."""
    return {"weight": float(rep.weight)} | {name: _attribute(value) for name, value in rep.attributes}


def _attribute(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
