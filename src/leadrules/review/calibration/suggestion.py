"""Points and thresholds that would rank the leads better, as a patch that nobody but a person applies.

In: a question's sample, the modules, and a way to score the same leads with other rule texts. Out: `Suggestion`. Points are
learnt from the earlier half and checked on the later one; where that does not help (times have changed), from a random
half, and from a random half of the later half. What is shown was always checked on later leads that were not learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

import polars as pl

from leadrules.calibrate import models, thresholds
from leadrules.calibrate.ranking import auc
from leadrules.calibrate.sample import Sample
from leadrules.core.records import dataclass
from leadrules.review.calibration.hindsight import Question, bands_of
from leadrules.review.calibration.reweigh import Points, patch, rewritten
from leadrules.ruleset.model import Ruleset
from leadrules.syntax.nodes import Module

NO_WORSE = 0.002  # of AUC: what any one score may lose for the others to gain
Scores = Mapping[str, pl.Series]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """New points and thresholds, what they were learnt from, and the AUC of each score before and after on the leads that
    they were checked on. `patch` is empty where none is worth it, and `why` says why."""

    learnt_from: str = ""
    checked: int = 0
    points: tuple[models.Suggested, ...] = ()
    before: Mapping[str, float | None] = field(default_factory=dict)
    after: Mapping[str, float | None] = field(default_factory=dict)
    starts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    patch: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What is needed to suggest. `leaking` lines keep their points; `scored` gives the scores of the same leads with other
    texts, by path of the file."""

    question: Question
    sample: Sample
    ruleset: Ruleset
    modules: Sequence[Module]
    leaking: frozenset[str]
    scored: Callable[[Mapping[str, str]], Scores]

    def suggestion(self) -> Suggestion:
        """The first that ranks later leads better than the rules do now; else the first, without a patch."""
        if not models.can_learn(self.sample.reached.filter(~self.sample.is_late)):
            return Suggestion(why="in the earlier half nearly all leads reached the outcome, or nearly none")
        tried: list[Suggestion] = []
        for learnt_from, learnt in self._halves():
            found = self._learnt(learnt_from, learnt)
            if found is None:
                return Suggestion(why="among these leads no line varies, or too few of them reached the outcome")
            if found.patch:
                return found
            tried.append(found)
        return tried[0]

    def _halves(self) -> Iterator[tuple[str, pl.Series]]:
        late = self.sample.is_late
        yield "the earlier half", ~late
        randomly = ~pl.Series(models.random_half(self.sample.size, self.sample.reached.to_numpy()))
        yield "a random half", randomly
        if models.can_learn(self.sample.reached.filter(late & randomly)):
            yield "a random half of the later half", late & randomly

    def _learnt(self, learnt_from: str, learnt: pl.Series) -> Suggestion | None:
        found = models.suggest(self.sample, learnt, self.leaking)
        points = {s.path: Points(s.points, s.factor) for s in found if s.points is not None or s.factor is not None}
        if not points:
            return None
        starts = self._starts(self.scored(rewritten(self.modules, points, {})))
        texts = rewritten(self.modules, points, starts)
        checked = self.sample.is_late & ~learnt
        before, after = self._aucs(self.sample.scores, checked), self._aucs(self.scored(texts), checked)
        gains = [(after[name] or 0.0) - (before[name] or 0.0) for name in self._that_matter()]
        is_better = sum(gains) > 0 and min(gains) > -NO_WORSE
        why = "" if is_better else "weighed anew, later leads are ranked no better"
        made = "" if why else patch(self.modules, texts)
        return Suggestion(learnt_from, int(checked.sum()), tuple(found), before, after, starts, made, why)

    def _aucs(self, scores: Scores, checked: pl.Series) -> dict[str, float | None]:
        reached = self.sample.reached.filter(checked)
        return {name: auc(values.filter(checked), reached) for name, values in scores.items()}

    def _that_matter(self) -> list[str]:
        """The numbers that bands stand on; without bands, the scores."""
        banded = [name for name in self.sample.scores if bands_of(self.ruleset, name)]
        return banded or list(self.sample.scores)

    def _starts(self, weighed: Scores) -> dict[str, dict[str, float]]:
        """Thresholds on the new scores: each label keeps its share of the leads, the first fits what was asked."""
        found: dict[str, dict[str, float]] = {}
        for name, before in self.sample.scores.items():
            for band in bands_of(self.ruleset, name):
                labels = [(label.name, label.start) for label in band.labels if label.start is not None]
                kept = thresholds.keeping_shares(before, [start for _, start in labels], weighed[name])
                fitting = self.fitting(weighed[name])
                if fitting is not None and kept:
                    kept[0] = fitting
                found[band.name] = dict(zip([label for label, _ in labels], _falling(kept), strict=True))
        return found

    def fitting(self, values: pl.Series) -> float | None:
        """The threshold that fits what was asked; None where nothing was, or none does."""
        question, sample = self.question, self.sample
        if question.capacity is not None and sample.weeks is not None:
            return thresholds.that_fits(values, sample.reached, most=question.capacity * sample.weeks)
        if question.precision is not None:
            return thresholds.that_fits(values, sample.reached, precision=question.precision)
        return None


def _falling(starts: list[float]) -> list[float]:
    """Thresholds fall strictly."""
    for at in range(1, len(starts)):
        starts[at] = min(starts[at], starts[at - 1] - 1)
    return starts
