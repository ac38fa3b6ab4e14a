"""Scores of one lead: what the rules gave, what groups, floor and cap made of it, and why.

In: per rule a function of the case. Out: the score, its non-zero contributions in declaration order, the rules that
matched. All sums are of whole units of 10^-4, so no order changes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from leadrules.core.records import dataclass
from leadrules.core.text import in_units, number_text
from leadrules.ruleset.model import Group, Score, ScoreRule

DECIMALS = 4
EVENT_DECIMALS = 6
LARGEST = 9e14  # the largest number of the language; a larger amount counts as that


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule that matched gave, in units, and how many events counted (None for a rule without `each`)."""

    units: int
    events: int | None


@dataclass(frozen=True, slots=True)
class Contribution:
    """A line of the reasons: a rule's own, or what a group's limit (`email limit`), the `floor` or the `cap` changed.

    `points` are in units of 10^-4. `is_bound` says that it is the score's own floor or cap.
    """

    score: str
    rule: str
    points: int
    events: int | None = None
    is_bound: bool = False

    @property
    def label(self) -> str:
        """`fit.senior`, `engagement.email limit`, `fit cap`."""
        return f"{self.score}{' ' if self.is_bound else '.'}{self.rule}"

    @property
    def text(self) -> str:
        """`fit.senior +15`."""
        sign = "-" if self.points < 0 else "+"
        return f"{self.label} {sign}{number_text(float(abs(self.points)) / 10**DECIMALS)}"


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A score, its non-zero lines, and the names of the rules that matched."""

    total: float
    lines: tuple[Contribution, ...]
    fired: tuple[str, ...]


class ScoreRules:
    """A score with its rules made ready, in runs that stand in the same group."""

    def __init__(self, score: Score, rules: Sequence[tuple[ScoreRule, Callable[[Any], RuleResult | None]]]) -> None:
        self.name = score.name
        groups = {group.name: group for group in score.groups}
        self.runs = [
            (groups.get(name) if name is not None else None, [(rule.name, result) for rule, result in run])
            for name, run in groupby(rules, key=lambda pair: pair[0].group)
        ]
        self.bounds = [(kind, in_units(bound, DECIMALS)) for kind, bound in _bounds(score)]


def _bounds(score: Score) -> list[tuple[str, float]]:
    return [(kind, bound) for kind, bound in (("floor", score.floor), ("cap", score.cap)) if bound is not None]


def add_up(score: ScoreRules, case: Any) -> ScoreResult:
    """The score of a case: every group with its limit, then the floor, then the cap."""
    lines: list[Contribution] = []
    fired: list[str] = []
    total = 0
    for group, rules in score.runs:
        matched = _matched(group, rules, case)
        fired += [name for name, _ in matched]
        lines += [Contribution(score.name, name, result.units, result.events) for name, result in matched]
        given = sum(result.units for _, result in matched)
        total += given
        if group is not None and group.most_points is not None:
            change = _change(group.most_points, given)
            lines.append(Contribution(score.name, f"{group.name} limit", change))
            total += change
    for kind, bound in score.bounds:
        kept = max(total, bound) if kind == "floor" else min(total, bound)
        lines.append(Contribution(score.name, kind, kept - total, is_bound=True))
        total = kept
    return ScoreResult(float(total) / 10**DECIMALS, tuple(line for line in lines if line.points), tuple(fired))


def _matched(
    group: Group | None, rules: Sequence[tuple[str, Callable[[Any], RuleResult | None]]], case: Any
) -> list[tuple[str, RuleResult]]:
    """The rules that matched; in a first-match group the first of them alone."""
    matched: list[tuple[str, RuleResult]] = []
    for name, rule in rules:
        result = rule(case)
        if result is not None:
            matched.append((name, result))
            if group is not None and group.first_match:
                break
    return matched


def _change(most_points: float, given: int) -> int:
    """What a limit to [-N, +N] takes away."""
    most = in_units(most_points, DECIMALS)
    return max(-most, min(most, given)) - given


def limited(amount: float | None) -> float:
    """An amount of points, within the numbers of the language; a blank is 0."""
    return 0.0 if amount is None else max(-LARGEST, min(LARGEST, amount))


def whole_units(units: int) -> int:
    """Units of 10^-6 as units of 10^-4, a half away from zero."""
    size = (abs(units) + 50) // 100
    return -size if units < 0 else size
