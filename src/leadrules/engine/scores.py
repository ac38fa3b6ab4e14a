"""Scores over columns: which rules matched, what each gave, and what groups, floor and cap made of it.

In: per rule its condition, its points and its events as series. Out: `ScoreColumns`: the score as a number, and its
lines in declaration order, in 10^-4 units, so that they add up to the score exactly.
Knows nothing of expressions or of how events were counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from leadrules.engine.units import EVENT_DIGITS, as_number, narrow_enough, rounded, rounded_number
from leadrules.ruleset.model import Group, Score, ScoreRule


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
class Line:
    """One line of a score: a rule, or what a limit, the floor or the cap changed.

    `units` is what it gave each lead, or one number for each lead in `matched`. A rule's `path` is `score.rule`.
    """

    score: str
    name: str
    matched: pl.Series | None
    units: pl.Series | int
    events: pl.Series | None = None
    joint: str = "."

    @property
    def path(self) -> str:
        """`fit.senior`, `engagement.email limit`, `fit cap`."""
        return f"{self.score}{self.joint}{self.name}"

    @property
    def is_rule(self) -> bool:
        """Whether a rule gave it, and not a limit."""
        return self.matched is not None

    @property
    def largest(self) -> int:
        """The largest size it takes."""
        if isinstance(self.units, int):
            return abs(self.units)
        return max(abs(int(self.units.min() or 0)), abs(int(self.units.max() or 0)))  # type: ignore[call-overload]

    def expression(self, wide: bool) -> pl.Expr:
        """What it gave each lead, as integers."""
        type_ = pl.Int128 if wide else pl.Int64
        if isinstance(self.units, int):
            return pl.when(pl.lit(self.matched)).then(pl.lit(self.units, dtype=type_)).otherwise(pl.lit(0, dtype=type_))
        return pl.lit(self.units).cast(type_)


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """A score of every lead and the lines that it is made of."""

    total: pl.Series
    lines: tuple[Line, ...]


def add_up(score: Score, rules: Sequence[RuleInput], height: int) -> ScoreColumns:
    """The score of every lead. `rules` are those that exist on the day, in order."""
    groups = {group.name: group for group in score.groups}
    lines: list[Line] = []
    parts: list[pl.Series] = []
    for name, members in _in_groups(rules):
        group = groups.get(name) if name is not None else None
        given = _rule_lines(score.name, members, group, height)
        lines += given
        limit = _limit_line(score.name, group, given, height)
        if limit is not None:
            lines.append(limit)
    total = _sum(lines, height)
    parts.append(total)
    for kind, bound in (("floor", score.floor), ("cap", score.cap)):
        if bound is not None:
            units = rounded_number(bound)
            total, line = _bounded(score.name, kind, parts[-1], units)
            parts.append(total)
            lines.append(line)
    number = parts[-1].to_frame("units").select(as_number(pl.col("units"))).to_series()
    return ScoreColumns(number.alias(score.name), tuple(lines))


def _in_groups(rules: Sequence[RuleInput]) -> list[tuple[str | None, list[RuleInput]]]:
    """Runs of rules that stand in the same group, in order; rules outside any group stand in runs of their own."""
    runs: list[tuple[str | None, list[RuleInput]]] = []
    for rule in rules:
        if not runs or runs[-1][0] != rule.rule.group:
            runs.append((rule.rule.group, []))
        runs[-1][1].append(rule)
    return runs


def _rule_lines(score: str, rules: Sequence[RuleInput], group: Group | None, height: int) -> list[Line]:
    matches = [_matches(rule, height) for rule in rules]
    if group is not None and group.first_match:
        matches = first_only(matches)
    return [_line(score, rule, match) for rule, match in zip(rules, matches, strict=True)]


def _matches(rule: RuleInput, height: int) -> pl.Series:
    conditions = [] if rule.condition is None else [rule.condition]
    if rule.counted is not None:
        conditions.append(rule.counted > 0)
    if not conditions:
        return pl.repeat(True, height, eager=True)
    return conditions[0] & conditions[1] if len(conditions) == 2 else conditions[0]


def first_only(matches: Sequence[pl.Series]) -> list[pl.Series]:
    """Each match, where none before it matched."""
    first = first_match(matches)
    return pl.DataFrame({"first": first}).select(
        (pl.col("first") == number).fill_null(False).alias(str(number)) for number in range(len(matches))
    ).get_columns()  # fmt: skip


def first_match(matches: Sequence[pl.Series]) -> pl.Series:
    """The number of the first that matched, blank where none did."""
    frame = pl.DataFrame([match.alias(str(number)) for number, match in enumerate(matches)])
    numbers = [
        pl.when(pl.col(str(number))).then(pl.lit(number, dtype=pl.UInt32)) for number in range(len(matches))
    ]
    return frame.lazy().select(pl.min_horizontal(numbers).alias("first")).collect().to_series()


def _line(score: str, rule: RuleInput, matched: pl.Series) -> Line:
    name, events = rule.rule.name, None
    if rule.counted is not None:
        events = pl.select(pl.when(pl.lit(matched)).then(pl.lit(rule.counted)).otherwise(0)).to_series()
    elif not isinstance(rule.points, pl.Series):
        return Line(score, name, matched, rounded_number(rule.points))
    units = pl.select(pl.when(pl.lit(matched)).then(_units(rule)).otherwise(0)).to_series()
    return Line(score, name, matched, units, events)


def _units(rule: RuleInput) -> pl.Expr:
    """What a rule gives where it matches, in 10^-4 units, rounded once, after its own limit."""
    each = rule.rule.each
    points = pl.lit(rule.points).fill_null(0.0)
    if each is None:
        return rounded(points, 4).cast(pl.Int64)
    if rule.weighted is not None:
        amount = as_number(pl.lit(rule.weighted), EVENT_DIGITS)
    else:
        amount = as_number(rounded(points, EVENT_DIGITS) * pl.lit(rule.counted).cast(pl.Float64), EVENT_DIGITS)
    if each.most_points is not None:
        amount = amount.clip(-each.most_points, each.most_points)
    return rounded(amount, 4).cast(pl.Int64)


def _limit_line(score: str, group: Group | None, given: Sequence[Line], height: int) -> Line | None:
    if group is None or group.most_points is None:
        return None
    limit = rounded_number(group.most_points)
    total = _sum(given, height)
    change = total.clip(-limit, limit) - total
    return Line(score, f"{group.name} limit", None, change)


def _sum(lines: Sequence[Line], height: int) -> pl.Series:
    if not lines:
        return pl.repeat(0, height, dtype=pl.Int64, eager=True)
    wide = not narrow_enough(sum(line.largest for line in lines), 1)
    return pl.select(pl.sum_horizontal([line.expression(wide) for line in lines]).alias("sum")).to_series()


def _bounded(score: str, kind: str, total: pl.Series, bound: int) -> tuple[pl.Series, Line]:
    kept = total.clip(lower_bound=bound) if kind == "floor" else total.clip(upper_bound=bound)
    return kept, Line(score, kind, None, kept - total, joint=" ")


def by_name(lines: Sequence[Line]) -> Mapping[str, Line]:
    """Lines by their path."""
    return {line.path: line for line in lines}
