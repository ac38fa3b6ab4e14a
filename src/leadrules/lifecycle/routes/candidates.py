"""Which rules of a route may take a lead, and which reps each of them has for it.

In: a route, the facts of the leads, the team. Out: for a batch of leads the kind of each: the rules whose conditions hold,
each with its target for this lead. Leads of one kind have the same rules, reps and reasons; there are far fewer kinds
than leads. Looks at no load, no credit and no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import date
from functools import cached_property

import polars as pl

from leadrules.core.functions.columnar import fold_series
from leadrules.core.records import dataclass
from leadrules.lifecycle.model import Tick
from leadrules.lifecycle.routes.eligibility import NO_WEIGHT, OTHER_SKILL, Roster
from leadrules.ruleset.model import Active, Expr, Route, RouteRule

_WORD = 62  # bits of a packed integer
NO_SUCH_REP, NO_ACCOUNT = "no active rep", "no account owner"


@dataclass(frozen=True, slots=True)
class Crew:
    """The reps of a team rule for some leads: `eligible` but for capacity, and why the others are not; in roster order."""

    team: tuple[int, ...]
    eligible: tuple[int, ...]
    reasons: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """What leads of one kind have in common: the rules that hold for them (by position) and the target of each.

    A target is the number of a crew, of a rep (below 0: none), or nothing to say.
    """

    rules: tuple[tuple[int, int], ...]


@dataclass
class RuleTable:
    """One rule over all leads. Columns are worked out when they are first asked for."""

    tick: Tick
    route: Route
    rule: RouteRule
    position: int
    roster: Roster
    crews: list[Crew] = field(default_factory=list)
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of target."""
        return self.rule.target.kind

    @property
    def is_sure(self) -> bool:
        """Whether the rule takes every lead for which it holds."""
        return self.kind in ("queue", "keep")

    @cached_property
    def account(self) -> pl.Series:
        """What `match account on` compares, folded; blank matches nothing."""
        assert self.rule.target.on is not None
        texts = self.tick.facts.values({"account": self.rule.target.on})["account"]
        folded = fold_series(texts.cast(pl.String))
        return folded.replace("", None)

    def reps(self, rows: pl.Series) -> pl.Series:
        """The active rep whom `rep EXPR` names, for each of some leads."""
        assert self.rule.target.rep is not None
        return self.roster.active_series(self.tick.facts.values({"rep": self.rule.target.rep}, rows=rows)["rep"])

    def codes(self, rows: pl.Series, holds: pl.Series) -> pl.Series:
        """Per lead 0 where the rule does not hold, else its target plus 1 (of a rep its number plus 4)."""
        if self.kind == "rep":
            return _spread(holds, self.reps(rows.filter(holds)) + 4)
        if self.kind == "team" and self.rule.target.where is not None:
            return _spread(holds, self._crews_of(self.rule.target.where, rows.filter(holds)) + 1)
        target = self._crew(range(len(self.team))) if self.kind == "team" else 0
        return holds.cast(pl.Int32) * (target + 1)

    def _crews_of(self, where: Expr, rows: pl.Series) -> pl.Series:
        if not len(rows):
            return pl.Series(dtype=pl.Int32)
        alike = self._alike(where, rows)
        examples = alike.unique().sort()
        masks = self._passing(where, examples)
        numbers = [self._crew(n for n, bit in enumerate(bits) if bit) for bits in masks]
        return alike.replace_strict(examples, pl.Series(numbers, dtype=pl.Int32), return_dtype=pl.Int32)

    def _alike(self, where: Expr, rows: pl.Series) -> pl.Series:
        """For each lead the first lead that looks the same to the condition."""
        leaves = list(dict.fromkeys(_lead_leaves(where)))
        if not leaves:
            return rows.new_from_index(0, len(rows))
        seen = self.tick.facts.values({f"<{n}>": leaf for n, leaf in enumerate(leaves)}, rows=rows)
        frame = pl.DataFrame({name: _hashable(column) for name, column in seen.items()})
        return rows.gather(_first_alike(frame))

    def _passing(self, where: Expr, examples: pl.Series) -> Iterator[tuple[bool, ...]]:
        """For each lead which members of the team pass the condition; reps with equal attributes are asked once."""
        named = {str(leaf.value) for leaf in _leaves(where) if leaf.op == "rep_field"}
        numbers: dict[str, int] = {}
        theirs: dict[str, object] = {}
        columns = []
        for rep in self.team:
            attributes = {name: value for name, value in self.roster.attributes(rep).items() if name in named}
            number = numbers.setdefault(repr(sorted(attributes.items())), len(numbers))
            theirs |= {_of_rep(number, name): value for name, value in attributes.items()}
            columns.append(str(number))
        # All of them at once: a question costs more than its answer for the few leads that differ.
        wanted = {str(number): _asked_of(where, number) for number in numbers.values()}
        found = self.tick.facts.values(wanted, rep=theirs, rows=examples)
        passes = {name: column.fill_null(value=False).to_list() for name, column in found.items()}
        return zip(*(passes[name] for name in columns), strict=True) if columns else (() for _ in examples)

    @cached_property
    def team(self) -> tuple[int, ...]:
        """The members of the rule's team, in roster order."""
        return self.roster.members(str(self.rule.target.team))

    @cached_property
    def weights(self) -> list[int]:
        """Each rep's weight under this rule, in units of 10^-4."""
        target = self.rule.target
        if target.strategy == "weighted":
            return [self.roster.weight(rep, target.attribute) for rep in range(len(self.roster.reps))]
        return [10_000] * len(self.roster.reps)

    @cached_property
    def _unavailable(self) -> dict[int, str]:
        """The members who take nothing today, whichever the lead."""
        found = {}
        for rep in self.team:
            reason = self.roster.unavailable(rep, on_shift=self.rule.on_shift)
            if reason is None and not self.weights[rep]:
                reason = NO_WEIGHT
            if reason is not None:
                found[rep] = reason
        return found

    def _crew(self, passing: Iterable[int]) -> int:
        """The number of the crew of the members (by position in the team) who pass the `where`."""
        passed = {self.team[n] for n in passing}
        reasons = {rep: self._unavailable.get(rep, OTHER_SKILL) for rep in self.team if rep not in passed}
        reasons |= {rep: reason for rep, reason in self._unavailable.items() if rep in passed}
        eligible = tuple(rep for rep in self.team if rep not in reasons)
        key = (*eligible, -1, *passed)
        if key not in self._numbers:
            self._numbers[key] = len(self.crews)
            self.crews.append(Crew(self.team, eligible, reasons))
        return self._numbers[key]


class RouteTable:
    """A route's rules over the leads that it is asked about, in the order of the leads."""

    def __init__(self, tick: Tick, route: Route, roster: Roster) -> None:
        self.tick, self.route = tick, route
        today = tick.calendar.day_of(tick.as_of)
        self.rules = [
            RuleTable(tick, route, rule, position, roster)
            for position, rule in enumerate(route.rules)
            if _exists(rule.active, today)
        ]

    def kept(self, rows: pl.Series) -> pl.Series:
        """The position of the `keep owner` that takes a lead for sure, before any other rule may; blank for the others.

        Such a lead moves nothing: no credit, no load, no account. Most leads of most runs are like that.
        """
        found = pl.repeat(None, len(rows), dtype=pl.Int32, eager=True)
        left = pl.int_range(len(rows), dtype=pl.UInt32, eager=True)
        for position, rule in enumerate(self.rules):
            if rule.kind != "keep" or not len(left):
                break
            holds = self._conditions(rows[left], [rule]).get(rule.rule.name)
            taken = left if holds is None else left.filter(holds)
            found = found.scatter(taken, pl.repeat(position, len(taken), dtype=pl.Int32, eager=True))
            left = left.clear() if holds is None else left.filter(~holds)
        return found

    def _conditions(self, rows: pl.Series, rules: Iterable[RuleTable]) -> dict[str, pl.Series]:
        wanted = {rule.rule.name: rule.rule.condition for rule in rules if rule.rule.condition is not None}
        some = None if len(rows) == self.tick.leads.height else rows
        found = self.tick.facts.values(wanted, rows=some)
        return {name: column.fill_null(value=False) for name, column in found.items()}

    def kinds(self, rows: pl.Series) -> tuple[pl.Series, dict[int, Kind]]:
        """The kind of each of these leads, and the kinds by their numbers."""
        codes = self._codes(rows)
        if not codes.width or not codes.height:
            return pl.zeros(len(rows), dtype=pl.UInt32, eager=True), {0: Kind(())}
        numbers = _first_alike(_packed(codes))
        found = numbers.unique()
        each = zip(found.to_list(), codes[found].iter_rows(), strict=True)
        return numbers, {number: self._kind(row) for number, row in each}

    def _kind(self, row: tuple[int, ...]) -> Kind:
        held = ((n, code - 1) for n, code in enumerate(row) if code)
        return Kind(tuple((n, target - 3 if self.rules[n].kind == "rep" else target) for n, target in held))

    def _codes(self, rows: pl.Series) -> pl.DataFrame:
        """Per rule 0 where it does not hold or an earlier rule takes the lead for sure, else its target plus 1."""
        everyone = pl.select(pl.repeat(value=True, n=len(rows))).to_series()
        conditions = self._conditions(rows, self.rules)
        left = everyone
        columns = []
        for rule in self.rules:
            holds = conditions.get(rule.rule.name, everyone)
            holds = holds if left is everyone else holds & left
            columns.append(rule.codes(rows, holds).alias(rule.rule.name))
            if rule.is_sure:
                left &= ~holds
        return pl.DataFrame(columns)

    @cached_property
    def order_by(self) -> pl.Series | None:
        """The value by which leads are taken."""
        if self.route.order_by is None:
            return None
        return self.tick.facts.values({"order": self.route.order_by})["order"]

    def rerouted(self, rows: pl.Series) -> pl.Series:
        """Which of these leads `reroute when` names."""
        wanted = {str(n): condition for n, condition in enumerate(self.route.reroute)}
        found = list(self.tick.facts.values(wanted, rows=rows).values()) if len(rows) else []
        if not found:
            return pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True)
        return pl.DataFrame(found).select(pl.any_horizontal(pl.all().fill_null(False))).to_series()


def _spread(holds: pl.Series, values: pl.Series) -> pl.Series:
    """The values at the places of a mask, 0 elsewhere."""
    if not len(values):
        return pl.zeros(len(holds), dtype=pl.Int32, eager=True)
    place = holds.cast(pl.Int32).cum_sum() - 1
    return values.gather(place.clip(0)).zip_with(holds, pl.zeros(len(holds), dtype=values.dtype, eager=True))


def _packed(codes: pl.DataFrame) -> pl.DataFrame:
    """The same columns in as few as have room for them: grouping by one number is quicker than by twenty."""
    words: list[pl.Expr] = []
    room = 0
    for column in codes:
        bits = int(column.max() or 0).bit_length()  # type: ignore[arg-type]
        if not words or bits > room:
            words.append(pl.lit(0, dtype=pl.Int64))
            room = _WORD
        words[-1] = words[-1] * (1 << bits) + pl.col(column.name)
        room -= bits
    return codes.select(word.alias(str(n)) for n, word in enumerate(words))


def _first_alike(frame: pl.DataFrame) -> pl.Series:
    """For each row the first row with the same values."""
    return frame.with_row_index("<row>").select(pl.col("<row>").first().over(frame.columns)).to_series()


def _hashable(column: pl.Series) -> pl.Series:
    return column.hash() if column.dtype.is_nested() else column


def _leaves(expression: Expr) -> Iterator[Expr]:
    if not expression.args:
        yield expression
    for part in expression.args:
        yield from _leaves(part)


def _of_rep(number: int, attribute: str) -> str:
    return f"{number} {attribute}"


def _asked_of(where: Expr, number: int) -> Expr:
    """A condition, asked of the reps with this number."""
    if where.op == "rep_field":
        return replace(where, value=_of_rep(number, str(where.value)))
    return replace(where, args=tuple(_asked_of(part, number) for part in where.args)) if where.args else where


def _lead_leaves(expression: Expr) -> Iterator[Expr]:
    return (leaf for leaf in _leaves(expression) if leaf.op not in ("const", "duration", "rep_field"))


def _exists(active: Active | None, today: date) -> bool:
    day = today.isoformat()
    return active is None or (
        (active.start is None or active.start <= day) and (active.end is None or day <= active.end)
    )
