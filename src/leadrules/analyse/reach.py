"""The least and the most that a score can be.

In: a score and the conditions of its rules. Out: an interval that holds every value, perhaps a larger one. Rules that
share a term or a group are tried together, each firing or not as far as their conditions allow it; the rest add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from leadrules.analyse import ranges
from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import Numbers, numbers
from leadrules.analyse.formulas import EMPTY, FALSE, TRUE, Box, Formula, boxes, negated, terms_of
from leadrules.core.records import dataclass
from leadrules.core.text import rounded
from leadrules.ruleset.model import Group, Score, ScoreRule

Ends = tuple[float, float]
MOST_CASES = 400
MOST_IN_A_CASE = 256
LARGEST = 9e14
NOTHING: Ends = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule with when it fires, when it does not, and what it gives then."""

    rule: ScoreRule
    fires: Formula
    rests: Formula
    gives: Ends


def reach(score: Score, conditions: Conditions) -> Numbers:
    """Every value that a score can have."""
    rules = [_rule(rule, conditions) for rule in score.rules]
    groups = {group.name: group for group in score.groups}
    low = high = 0.0
    for part in _parts(rules):
        least, most = _together(part, groups) or _naively(part, groups)
        low, high = low + least, high + most
    low = low if score.floor is None else max(low, score.floor)
    high = high if score.floor is None else max(high, score.floor)
    low = low if score.cap is None else min(low, score.cap)
    high = high if score.cap is None else min(high, score.cap)
    return numbers(low, high)


def _rule(rule: ScoreRule, conditions: Conditions) -> _Rule:
    fires = conditions.rule(rule)
    return _Rule(rule, fires, negated(fires), gives(rule, conditions))


def gives(rule: ScoreRule, conditions: Conditions) -> Ends:
    """The least and the most that a rule gives where it fires."""
    low, high = _amount(rule, conditions)
    each = rule.each
    if each is None:
        return _rounded(low, 4), _rounded(high, 4)
    low, high = _rounded(low, 6), _rounded(high, 6)
    times = math.inf if each.most_times is None else float(each.most_times)
    fades = each.halving is not None or each.fading is not None
    low, high = (_less(low, times, fades), _more(high, times, fades))
    if each.most_points is not None:
        low, high = max(low, -each.most_points), min(high, each.most_points)
    return _rounded(low, 4), _rounded(high, 4)


def _rounded(number: float, decimals: int) -> float:
    return number if math.isinf(number) else rounded(number, decimals)


def _amount(rule: ScoreRule, conditions: Conditions) -> Ends:
    region = ranges.of(rule.points, conditions.terms)
    if not isinstance(region, Numbers) or not region.spans:
        return NOTHING
    low, high = max(region.low, -LARGEST), min(region.high, LARGEST)
    return (min(low, 0.0), max(high, 0.0)) if region.blank else (low, high)


def _more(high: float, times: float, fades: bool) -> float:
    """The most of one event and more: where points fade, down to nothing."""
    return high * times if high > 0 else 0.0 if fades else high


def _less(low: float, times: float, fades: bool) -> float:
    return low * times if low < 0 else 0.0 if fades else low


def _parts(rules: Sequence[_Rule]) -> Iterable[list[_Rule]]:
    """The rules in parts that share neither a term nor a group with each other."""
    owner: dict[object, int] = {}
    parts: dict[int, list[_Rule]] = {}
    for number, rule in enumerate(rules):
        marks: set[object] = {*terms_of(rule.fires)}
        if rule.rule.group is not None:
            marks.add(rule.rule.group)
        joined = {owner[mark] for mark in marks if mark in owner}
        members = [one for other in sorted(joined) for one in parts.pop(other)]
        parts[number] = [*members, rule]
        for mark in marks | {mark for mark, other in owner.items() if other in joined}:
            owner[mark] = number
    return parts.values()


def _together(rules: Sequence[_Rule], groups: dict[str, Group]) -> Ends | None:
    """The ends over every way in which the rules can fire together; None where there are too many ways."""
    order = {id(rule.rule): number for number, rule in enumerate(rules)}
    ways: list[tuple[list[Box], tuple[_Rule, ...]]] = [([EMPTY], ())]
    for rule in rules:
        further = []
        for found, fired in ways:
            yes = boxes(rule.fires, found, MOST_IN_A_CASE) if rule.fires != FALSE else []
            no = boxes(rule.rests, found, MOST_IN_A_CASE) if rule.rests != FALSE else []
            if yes is None or no is None:
                return None
            further += [(yes, (*fired, rule))] if yes else []
            further += [(no, fired)] if no else []
        ways = further
        if len(ways) > MOST_CASES:
            return None
    ends = [_sum(sorted(fired, key=lambda one: order[id(one.rule)]), groups, sure=True) for _, fired in ways]
    return min((low for low, _ in ends), default=0.0), max((high for _, high in ends), default=0.0)


def _naively(rules: Sequence[_Rule], groups: dict[str, Group]) -> Ends:
    """The ends where each rule may fire or not, whatever the others do."""
    return _sum(rules, groups, sure=False)


def _sum(rules: Sequence[_Rule], groups: dict[str, Group], *, sure: bool) -> Ends:
    by_group: dict[str | None, list[Ends]] = {}
    for rule in rules:
        if rule.fires == FALSE:
            continue
        low, high = rule.gives
        is_sure = sure or rule.fires == TRUE
        by_group.setdefault(rule.rule.group, []).append((low, high) if is_sure else (min(low, 0.0), max(high, 0.0)))
    total = NOTHING
    for name, ends in by_group.items():
        low, high = _grouped(groups.get(name or ""), ends, sure=sure)
        total = (total[0] + low, total[1] + high)
    return total


def _grouped(group: Group | None, ends: Sequence[Ends], *, sure: bool) -> Ends:
    if group is None:
        return sum(low for low, _ in ends), sum(high for _, high in ends)
    if group.first_match:
        low, high = ends[0] if sure else (min(low for low, _ in ends), max(high for _, high in ends))
    else:
        low, high = sum(low for low, _ in ends), sum(high for _, high in ends)
    if group.most_points is not None:
        most = group.most_points
        low, high = max(-most, min(most, low)), max(-most, min(most, high))
    return low, high
