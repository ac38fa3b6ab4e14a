"""Scores against the numbers they are compared with, and rules of a score that add nothing or add twice.

In: a study, with the least and the most that each score can be. Out: findings at the threshold or the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadrules.analyse.domains import Numbers
from leadrules.analyse.formulas import FALSE, TRUE, Formula, boxes, negated
from leadrules.analyse.lints.asserts import is_told
from leadrules.analyse.lints.registry import lint
from leadrules.analyse.reach import gives
from leadrules.analyse.study import Study
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.core.text import number_text
from leadrules.ruleset.model import Band, BandLabel, Expr, Group, Score, ScoreRule
from leadrules.ruleset.walk import expression_parts

_COMPARISONS = frozenset(["lt", "le", "gt", "ge", "eq", "between"])


def comparisons(study: Study) -> Iterator[tuple[Expr, Numbers]]:
    """Every comparison of something that is made of scores with fixed numbers, and what that can be."""
    for part in study.expressions:
        if part.op not in _COMPARISONS or part.span is None:
            continue
        left = study.terms.plain(part.args[0])
        right = [study.terms.plain(one) for one in part.args[1:]]
        if all(one.op == "const" for one in right) and _is_of_scores(study, left):
            region = study.terms.range(left)
            if isinstance(region, Numbers):
                yield part, region


def _is_of_scores(study: Study, expr: Expr) -> bool:
    """A score, or a sum and the like of scores."""
    pending, seen = [expr], set[int]()
    while pending:
        part = study.terms.plain(pending.pop())
        if id(part) in seen:
            continue
        seen.add(id(part))
        if part.op == "name":
            if isinstance(study.terms.definitions.get(part.value), Score):
                return True
        elif part.op not in ("if", "aggregate"):
            pending += part.args
    return False


def never_reached(study: Study) -> list[Expr]:
    """The comparisons that no value of their score meets."""
    return [part for part, _ in comparisons(study) if boxes(study.conditions.holds(part)) == []]


def _always_met(study: Study) -> list[Expr]:
    """The comparisons that every value of their score meets."""
    sure = [(part, study.conditions.holds(part)) for part, region in comparisons(study) if not region.blank]
    return [part for part, formula in sure if formula == TRUE or boxes(negated(formula)) == []]


def _untold(study: Study, found: list[Expr]) -> Iterator[Expr]:
    """Without those in a promise of which it is told that it always holds, or who breaks it: to promise what is always so
    is no mistake."""
    asserts = study.ruleset.asserts if found else ()
    promised = {
        id(part): one
        for one in asserts
        for side in (one.condition, one.implies)
        for part in expression_parts(side, study.ruleset)
    }
    return (part for part in found if id(part) not in promised or not is_told(study, promised[id(part)]))


def _ends(region: Numbers) -> str:
    low = "any number" if region.low == float("-inf") else number_text(region.low)
    high = "any number" if region.high == float("inf") else number_text(region.high)
    return f"from {low} to {high}"


@lint("LR206", "out-of-reach")
def out_of_reach(study: Study) -> Iterator[Diagnostic]:
    """A threshold that a score can never reach

    The rules of the score cannot add up to this number, with its groups, limits, floor and cap all taken into account. A
    band label above it stays empty for ever, and a condition that asks for it is never met. Lower the threshold, or raise
    the points.

    Bad:

        score fit { retail: +20 when industry = "Retail"  large: +15 when employees >= 1000  cap 30 }
        band heat of fit { hot: from 50  cold: otherwise }

    Good:

        score fit { retail: +20 when industry = "Retail"  large: +15 when employees >= 1000  cap 30 }
        band heat of fit { hot: from 30  cold: otherwise }
    """
    for part in _untold(study, never_reached(study)):
        region = study.terms.range(part.args[0])
        assert isinstance(region, Numbers)
        words = f"this is never so: `{_name(study, part.args[0])}` is {_ends(region)}"
        yield finding("LR206", study.span(part), words, help="lower the number, or change the points")
    for band, region in _bands(study):
        for label in band.labels:
            if label.start is not None and region.high < label.start:
                words = f"`{label.name}` is never reached: `{_name(study, band.value)}` is {_ends(region)}"
                way = f"lower `from {number_text(label.start)}`, or raise the points"
                yield finding("LR206", study.head(label), words, label="out of reach", help=way)


@lint("LR207", "always-reached")
def always_reached(study: Study) -> Iterator[Diagnostic]:
    """A threshold that a score always reaches

    The least that the score can be is already enough, so every lead gets this label and those below it stay empty, or the
    condition says nothing. Raise the threshold, or check the points.

    Bad:

        score fit { retail: +20 when industry = "Retail"  floor 10 }
        band heat of fit { hot: from 20  warm: from 10  cold: otherwise }

    Good:

        score fit { retail: +20 when industry = "Retail"  floor 0 }
        band heat of fit { hot: from 20  warm: from 10  cold: otherwise }
    """
    for part in _untold(study, _always_met(study)):
        region = study.terms.range(part.args[0])
        if isinstance(region, Numbers):
            words = f"this is always so: `{_name(study, part.args[0])}` is {_ends(region)}"
            yield finding("LR207", study.span(part), words, help="raise the number, or leave the comparison out")
    for band, region in _bands(study):
        for label, below in zip(band.labels, band.labels[1:], strict=False):
            if label.start is not None and not region.blank and region.low >= label.start:
                words = f"every lead is at least `{label.name}`: `{_name(study, band.value)}` is {_ends(region)}"
                way = f"raise `from {number_text(label.start)}`; `{below.name}` stays empty"
                yield finding("LR207", study.head(label), words, label="always reached", help=way)
                break


def _bands(study: Study) -> Iterator[tuple[Band, Numbers]]:
    for one in study.ruleset.declared:
        if isinstance(one, Band):
            region = study.conditions.banded(one).domain
            if isinstance(region, Numbers) and region.spans and _thresholds(one):
                yield one, region


def _thresholds(band: Band) -> Sequence[BandLabel]:
    return [label for label in band.labels if label.start is not None]


def _name(study: Study, expr: Expr) -> str:
    return " ".join(study.span(expr).text.split()) if expr.span is not None else str(expr.value)


@lint("LR220", "counted-twice")
def counted_twice(study: Study) -> Iterator[Diagnostic]:
    """Two rules of a score that count the same thing

    In a score every rule that matches adds its points. These two have the same condition, so whoever meets it gets both:
    most often a rule that was copied, or that two people wrote. Keep one with the sum of the points, or put them into a
    `first match` group.

    Bad:

        score fit {
          retail: +20 when industry = "Retail"
          shops:  +10 when industry in ("Retail")
        }

    Good:

        score fit {
          retail: +30 when industry = "Retail"
        }
    """
    for score in study.ruleset.declared:
        if isinstance(score, Score):
            yield from _twice(study, score)


def _twice(study: Study, score: Score) -> Iterator[Diagnostic]:
    first: dict[tuple[Formula, bool], ScoreRule] = {}
    exclusive = {group.name for group in score.groups if group.first_match}
    for rule in score.rules:
        formula = study.conditions.rule(rule)
        if formula in (TRUE, FALSE) or boxes(formula) == []:
            continue
        other = first.setdefault((formula, rule.each is not None), rule)
        if other is rule or (rule.group == other.group and rule.group in exclusive) or rule.each != other.each:
            continue
        words = f"`{score.name}.{rule.name}` counts the same as `{score.name}.{other.name}`: a lead gets both"
        related = (Related(study.head(other), "the same condition"),)
        way = "keep one with the sum of the points"
        yield finding("LR220", study.head(rule), words, help=way, related=related)


@lint("LR221", "adds-nothing")
def adds_nothing(study: Study) -> Iterator[Diagnostic]:
    """A rule that never changes its score

    Whenever this rule fires, another one that always fires with it has already filled the group's limit, so its points
    are cut away; or it gives 0 points. Raise the limit, or delete the rule.

    Bad:

        score fit {
          group size at most 20 points {
            large: +20 when employees >= 100
            huge:  +10 when employees >= 1000
          }
        }

    Good:

        score fit {
          group size at most 30 points {
            large: +20 when employees >= 100
            huge:  +10 when employees >= 1000
          }
        }
    """
    for score in study.ruleset.declared:
        if not isinstance(score, Score):
            continue
        for rule in score.rules:
            if rule.points.op == "const" and rule.points.value == 0:
                words = f"`{score.name}.{rule.name}` gives 0 points"
                yield finding("LR221", study.head(rule), words, help="give it points, or delete it")
        for group in score.groups:
            if group.most_points is not None and not group.first_match:
                yield from _dominated(study, score, group, group.most_points)


def _dominated(study: Study, score: Score, group: Group, most: float) -> Iterator[Diagnostic]:
    rules = [rule for rule in score.rules if rule.group == group.name]
    ends = [gives(rule, study.conditions) for rule in rules]
    if any(low < 0 for low, _ in ends):
        return
    for rule in rules:
        for other, (least, _) in zip(rules, ends, strict=True):
            if other is not rule and least >= most and _is_part(study, rule, other):
                words = f"`{score.name}.{rule.name}` adds nothing: `{other.name}` has then filled the limit of {number_text(most)}"
                related = (Related(study.head(other), f"{number_text(least)} points whenever the other fires"),)
                way = f"raise the limit of group `{group.name}`, or delete the rule"
                yield finding("LR221", study.head(rule), words, help=way, related=related)
                break


def _is_part(study: Study, rule: ScoreRule, other: ScoreRule) -> bool:
    """Whether a lead for whom the first fires meets the second too, and the two are not one condition."""
    a, b = study.conditions.rule(rule), study.conditions.rule(other)
    inside = boxes(a)
    return bool(inside) and a != b and boxes(negated(b), inside or ()) == []
