"""Scores over columns: which rules matched, what each gave, and what groups, floor and cap made of it.

In: per rule its condition, its points and its events as series. Out: `ScoreColumns`: the score as a number, and its
lines in declaration order, in 10^-4 units, so that they add up to the score exactly.
Most lines take few amounts (a rule gives 15 or nothing, five per event at most twenty): those are kept as codes and a
short table of amounts, which is smaller and lets the reasons be made per amount. Knows nothing of expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import polars as pl

from leadrules.core.records import dataclass
from leadrules.engine.units import (
    DIGITS,
    EVENT_DIGITS,
    as_number,
    largest_size,
    narrow_enough,
    rounded,
    rounded_number,
    summable,
    wide_enough,
)
from leadrules.ruleset.model import Each, Group, Score, ScoreRule

MOST_CODES = 4_096
_SHORT = 2**31
_PER_UNIT: int = 10 ** (EVENT_DIGITS - DIGITS)
_HALF: int = _PER_UNIT // 2


@dataclass(frozen=True, slots=True)
class RuleInput:
    """What a rule was found to say: `condition` None is every lead; `points` a number or one per lead.

    `counted` are its events per lead (after `at most N times`), `weighted` the sum of their weighted points in 10^-6
    units, where it has a decay.
    """

    rule: ScoreRule
    condition: pl.Series | None
    points: pl.Series | float
    counted: pl.Series | None = None
    weighted: pl.Series | None = None


@dataclass(frozen=True, slots=True)
class Coded:
    """Amounts per lead as codes into a table: code 0 is nothing."""

    codes: pl.Series
    amounts: tuple[int, ...]

    def expression(self, dtype: pl.DataType) -> pl.Expr:
        """The amounts as integers."""
        if self.codes.dtype == pl.Boolean:
            return (
                pl.when(pl.lit(self.codes)).then(pl.lit(self.amounts[1], dtype=dtype)).otherwise(pl.lit(0, dtype=dtype))
            )
        return pl.lit(pl.Series(self.amounts, dtype=dtype)[self.codes])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a score: a rule, or what a limit, the floor or the cap changed.

    `given` is what it gave each lead, in 10^-4 units. `matched` is None where it is no rule.
    """

    score: str
    name: str
    given: Coded | pl.Series
    matched: pl.Series | None = None
    events: pl.Series | None = None
    joint: str = "."

    @property
    def path(self) -> str:
        """`fit.senior`, `engagement.email limit`, `fit cap`."""
        return f"{self.score}{self.joint}{self.name}"

    @property
    def largest(self) -> int:
        """The largest size it takes."""
        if isinstance(self.given, Coded):
            return max(abs(amount) for amount in self.given.amounts)
        return int(largest_size(self.given))

    def units(self, dtype: pl.DataType | None = None) -> pl.Expr:
        """What it gave each lead, as integers."""
        kind = wide_enough(self.largest) if dtype is None else dtype
        return self.given.expression(kind) if isinstance(self.given, Coded) else pl.lit(self.given).cast(kind)

    def at(self, row: int) -> int:
        """What it gave one lead."""
        given = self.given
        return int(given.amounts[int(given.codes[row])] if isinstance(given, Coded) else given[row])


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """A score of every lead and the lines that it is made of."""

    total: pl.Series
    lines: tuple[Line, ...]


def add_up(score: Score, rules: Sequence[RuleInput], height: int) -> ScoreColumns:
    """The score of every lead. `rules` are those that exist on the day, in order."""
    groups = {group.name: group for group in score.groups}
    lines: list[Line] = []
    for name, run in groupby(rules, key=lambda rule: rule.rule.group):
        group = groups.get(name) if name is not None else None
        given = list(_rule_lines(score.name, list(run), group, height))
        lines += given
        if group is not None and group.most_points is not None:
            lines.append(_limit_line(score.name, group, given, height))
    total = sum_of(lines, height)
    for kind, bound in (("floor", score.floor), ("cap", score.cap)):
        if bound is not None:
            kept = _bounded(total, kind, rounded_number(bound))
            lines.append(Line(score.name, kind, kept - total, joint=" "))
            total = kept
    number = total.to_frame("units").select(as_number(pl.col("units"))).to_series()
    return ScoreColumns(number.alias(score.name), tuple(lines))


def sum_of(lines: Sequence[Line], height: int) -> pl.Series:
    """What lines gave together, in integers wide enough."""
    if not lines:
        return pl.repeat(0, height, dtype=pl.Int64, eager=True)
    most = sum(line.largest for line in lines)
    # Half the width is half the way to memory, which is what adding columns costs.
    dtype = pl.Int32() if most < _SHORT else wide_enough(most)
    total = pl.select(pl.sum_horizontal([line.units(dtype) for line in lines]).alias("sum")).to_series()
    return total.cast(pl.Int64) if dtype == pl.Int32 else total


def _bounded(total: pl.Series, kind: str, bound: int) -> pl.Series:
    return total.clip(lower_bound=bound) if kind == "floor" else total.clip(upper_bound=bound)


def _limit_line(score: str, group: Group, given: Sequence[Line], height: int) -> Line:
    limit = rounded_number(group.most_points or 0.0)
    total = sum_of(given, height)
    return Line(score, f"{group.name} limit", total.clip(-limit, limit) - total)


# -- one rule -----------------------------------------------------------------------------------------------------------


def _rule_lines(score: str, rules: Sequence[RuleInput], group: Group | None, height: int) -> Iterator[Line]:
    matches = [_matches(rule, height) for rule in rules]
    if group is not None and group.first_match:
        matches = first_only(matches)
    for rule, matched in zip(rules, matches, strict=True):
        yield _line(score, rule, matched)


def _matches(rule: RuleInput, height: int) -> pl.Series:
    conditions = [] if rule.condition is None else [rule.condition]
    if rule.counted is not None:
        conditions.append(rule.counted > 0)
    if not conditions:
        return pl.repeat(True, height, eager=True)
    return conditions[0] & conditions[1] if len(conditions) == 2 else conditions[0]


def first_match(matches: Sequence[pl.Series]) -> pl.Series:
    """The number of the first that matched, blank where none did."""
    frame = pl.DataFrame([match.alias(str(number)) for number, match in enumerate(matches)])
    numbers = [pl.when(pl.col(str(number))).then(pl.lit(number, dtype=pl.UInt32)) for number in range(len(matches))]
    return frame.lazy().select(pl.min_horizontal(numbers).alias("first")).collect().to_series()


def first_only(matches: Sequence[pl.Series]) -> list[pl.Series]:
    """Each match, where none before it matched."""
    first = pl.DataFrame({"first": first_match(matches)})
    alone = [(pl.col("first") == number).fill_null(value=False).alias(str(number)) for number in range(len(matches))]
    return first.select(alone).get_columns()


def _line(score: str, rule: RuleInput, matched: pl.Series) -> Line:
    name, counted, points = rule.rule.name, rule.counted, rule.points
    if counted is None:
        if not isinstance(points, pl.Series):
            return Line(score, name, Coded(matched, (0, rounded_number(points))), matched)
        return Line(
            score, name, _where(matched, rounded(pl.lit(points).fill_null(0.0), DIGITS).cast(pl.Int64)), matched
        )
    events = pl.select(pl.when(pl.lit(matched)).then(pl.lit(counted)).otherwise(0)).to_series()
    most = int(largest_size(events))
    # Few leads have many events, and every line stays until the reasons are written.
    events = events.cast(narrow_enough(most))
    return Line(score, name, _from_events(rule, matched, events, most), matched, events)


def _from_events(rule: RuleInput, matched: pl.Series, events: pl.Series, most: int) -> Coded | pl.Series:
    each = rule.rule.each
    assert each is not None
    if rule.weighted is not None:
        micro = rule.weighted
    elif isinstance(rule.points, pl.Series):
        per_event = rounded(pl.lit(rule.points).fill_null(0.0), EVENT_DIGITS)
        each_lead = summable(pl.select(per_event).to_series(), most)
        micro = each_lead * events.cast(each_lead.dtype)
    else:
        one = rounded_number(rule.points, EVENT_DIGITS)
        if most < MOST_CODES:
            return Coded(events, tuple(_within_limit(one * count, each) for count in range(most + 1)))
        wide = wide_enough(one, most)
        micro = pl.select(pl.lit(events).cast(wide) * pl.lit(one, dtype=wide)).to_series()
    if each.most_points is not None:
        limit = rounded_number(each.most_points, EVENT_DIGITS)
        micro = micro.cast(wide_enough(max(largest_size(micro), limit))).clip(-limit, limit)
    return _where(matched, _whole(pl.lit(micro)))


def _within_limit(micro: int, each: Each) -> int:
    """Points of 10^-6 as units, no more than the rule's own limit."""
    if each.most_points is not None:
        limit = rounded_number(each.most_points, EVENT_DIGITS)
        micro = max(-limit, min(limit, micro))
    size = (abs(micro) + _HALF) // _PER_UNIT
    return -size if micro < 0 else size


def _whole(micro: pl.Expr) -> pl.Expr:
    """Points of 10^-6 as units, a half away from zero."""
    size = (micro.abs() + _HALF) // _PER_UNIT
    return pl.when(micro < 0).then(size * -1).otherwise(size)


def _where(matched: pl.Series, units: pl.Expr) -> pl.Series:
    return pl.select(pl.when(pl.lit(matched)).then(units).otherwise(0)).to_series()
