"""The smallest changes to a lead that would bring it further: to the next label, or into a segment.

In: a lead and the words for it. Out: documents, the smallest change first. The analysis of conditions (analyse/) proposes
values of fields and events; every change that is shown was made to the lead and the row engine run on it, and nothing of
it can be left out. Fields that say who a lead is are never changed, and an event that happened is never taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

from leadrules.core.text import in_units, number_text
from leadrules.engine.row import LeadFacts
from leadrules.engine.row_scores import DECIMALS
from leadrules.review.explain.lead import OneLead
from leadrules.review.explain.proposals import Change, Proposals
from leadrules.review.explain.words import Words
from leadrules.ruleset.model import (
    Band,
    BandLabel,
    Classify,
    Definition,
    Matrix,
    Score,
    Segment,
    Stages,
)

Document = dict[str, Any]
Goal = Callable[[LeadFacts], bool]
MOST_SHOWN, MOST_TRIED, MOST_TIMES, MOST_PAIRED = 4, 4_000, 12, 14
Labelled = Band | Matrix | Classify | Stages


class Changes:
    """Finds changes of one lead."""

    def __init__(self, lead: OneLead, words: Words) -> None:
        self.lead, self.words, self.proposals = lead, words, Proposals(lead)
        self._seen: dict[Change, LeadFacts] = {}

    def of(self, one: Definition, *, is_asked: bool) -> Document | None:
        """What would reach the next label of a definition; of a segment, what would enter it. None: nothing is next.

        A classify and a segment are no ladder: of those only where they were asked for.
        """
        if isinstance(one, Classify | Segment) and not is_asked:
            return None
        if isinstance(one, Labelled):
            return self._further(one)
        if isinstance(one, Segment) and not self.lead.facts.values[one.name]:
            return self._document(one, one.name, lambda facts: facts.values[one.name] is True)
        return None

    def _further(self, one: Labelled) -> Document | None:
        names = label_names(one)
        now = self.lead.facts.values[one.name]
        place = names.index(now) if now in names else len(names)
        if place == 0:
            return None
        better = frozenset(names[:place])
        return self._document(one, names[place - 1], lambda facts: facts.values[one.name] in better)

    def _document(self, one: Definition, target: str, goal: Goal) -> Document:
        found = self._search(one, goal)
        return {
            "to": target,
            "needs": self._needs(one, target),
            "ways": [self._way(one, change, goal) for change in found],
        }

    def _needs(self, one: Definition, target: str) -> float | None:
        """The points to the next label of a band."""
        if not isinstance(one, Band):
            return None
        label = next(label for label in one.labels if label.name == target)
        start, number = self._threshold(one, label), self.lead.value(one.value)
        if start is None:
            return None
        return start if number is None else round(start - number, DECIMALS)

    def _threshold(self, band: Band, label: BandLabel) -> float | None:
        """Where a label begins for this lead: lower, where it had it before and may keep it."""
        before = self.lead.facts.case.previous(band.name, band.previous_field)
        names = label_names(band)
        is_held = label.hold is not None and before in names and names.index(label.name) >= names.index(before)
        return label.hold if is_held else label.start

    # -- running a changed lead -------------------------------------------------------------------------------------

    def facts(self, change: Change) -> LeadFacts:
        """What the row engine finds of the changed lead."""
        if change not in self._seen:
            case = self.lead.facts.case
            events = sorted([*case.events, *self._events(change)], key=lambda event: event["at"])
            fields = {**case.lead, **dict(change.fields)}
            inputs = {**case.inputs, "key": case.key}
            self._seen[change] = self.lead.program.facts(fields, events, case.context, inputs)
        return self._seen[change]

    def _events(self, change: Change) -> Iterator[Mapping[str, Any]]:
        """New events, the newest at the instant of the run, one a day."""
        at = self.lead.as_of
        assert at is not None or not change.events
        for kind, fields, times in change.events:
            for number in range(times):
                assert at is not None
                own = {name: _numbered(value, number) for name, value in fields}
                yield {"type": kind, "at": at - timedelta(days=number), "lead_id": None, **own}

    # -- searching --------------------------------------------------------------------------------------------------

    def _search(self, one: Definition, goal: Goal) -> list[Change]:
        """The changes that reach the goal: alone, as often as it takes, by two, then whatever brings most until it does."""
        if goal(self.lead.facts):
            return []
        start = len(self._seen)
        single = [change for change in self.proposals.of(one) if change.size]
        found = [change for change in single if goal(self.facts(change))]
        found += [c for change in single if change not in found for c in self._repeated(change, goal)]
        ranked = self._ranked(one, single)
        if len(found) < MOST_SHOWN:
            for pair in combinations([c for c in ranked[:MOST_PAIRED] if c not in found], 2):
                if len(self._seen) - start > MOST_TRIED:
                    break
                both = pair[0].joined(pair[1])
                if goal(self.facts(both)):
                    found.append(both)
        if not found:
            found = self._heaped(ranked, goal)
        return self._best(one, found, goal)

    def _repeated(self, change: Change, goal: Goal) -> Iterator[Change]:
        """One kind of event, as often as it takes."""
        if len(change.events) != 1 or self._is_stale(change):
            return
        kind, fields, _ = change.events[0]
        for times in range(2, MOST_TIMES + 1):
            more = replace(change, events=((kind, fields, times),))
            if goal(self.facts(more)):
                yield more
                return
            if self._total(more) == self._total(replace(change, events=((kind, fields, times - 1),))):
                return

    def _is_stale(self, change: Change) -> bool:
        return self._total(change) == self._total(Change())

    def _total(self, change: Change) -> tuple[Any, ...]:
        """The numbers that one event more should move: scores, and what bands look at."""
        facts, value = self.facts(change), self.lead.program.value
        definitions = self.lead.ruleset.definitions
        scores = (facts.values[one.name] for one in definitions if isinstance(one, Score))
        return (*scores, *(value(one.value, facts) for one in definitions if isinstance(one, Band)))

    def _ranked(self, one: Definition, changes: Iterable[Change]) -> list[Change]:
        """Those that bring something, the most per thing that has to happen first."""
        gains = [(self._gain(one, change), change) for change in changes]
        return [change for gain, change in sorted(gains, key=lambda pair: -pair[0] / pair[1].size) if gain > 0]

    def _gain(self, one: Definition, change: Change) -> float:
        """What a change brings to the number behind a band; of anything else, how many labels and segments it moves."""
        facts, now = self.facts(change), self.lead.facts
        if isinstance(one, Band):
            after, before = (self.lead.program.value(one.value, each) or 0.0 for each in (facts, now))
            return float(after - before)
        return float(sum(facts.values[name] != now.values[name] for name in now.values))

    def _heaped(self, ranked: Sequence[Change], goal: Goal) -> list[Change]:
        heap = Change()
        for change in ranked[: 3 * MOST_PAIRED]:
            heap = heap.joined(change)
            if goal(self.facts(heap)):
                return [heap]
        return []

    def _best(self, one: Definition, found: Iterable[Change], goal: Goal) -> list[Change]:
        """The smallest, none of which holds another, each without what it does not need."""
        pruned = dict.fromkeys(self._pruned(change, goal) for change in found)
        kept: list[Change] = []
        for change in sorted(pruned, key=lambda c: (c.size, self._place(one, c), len(c.fields), self._gain(one, c))):
            if not any(_is_part(other, change) for other in kept):
                kept.append(change)
        return kept[:MOST_SHOWN]

    def _place(self, one: Definition, change: Change) -> int:
        """How far beyond the next label a change goes."""
        label = self.facts(change).values[one.name]
        names = label_names(one) if isinstance(one, Labelled) else []
        return -names.index(label) if label in names else 0

    def _pruned(self, change: Change, goal: Goal) -> Change:
        smaller = next((less for less in change.without() if less.size and goal(self.facts(less))), None)
        return self._nearest(change, goal) if smaller is None else self._pruned(smaller, goal)

    def _nearest(self, change: Change, goal: Goal) -> Change:
        """Numbers moved back towards what they were, as far as the goal is still reached."""
        for name, value in change.fields:
            before = self.lead.field(name)
            if isinstance(value, float) and isinstance(before, float | None):
                change = self._bisected(change, name, before or 0.0, value, goal)
        return change

    def _bisected(self, change: Change, name: str, low: float, high: float, goal: Goal) -> Change:
        for _ in range(40):
            middle = float(round((low + high) / 2))
            if middle in (low, high):
                break
            tried = replace(change, fields=tuple((n, middle if n == name else v) for n, v in change.fields))
            if goal(self.facts(tried)):
                high, change = middle, tried
            else:
                low = middle
        return change

    # -- words ------------------------------------------------------------------------------------------------------

    def _way(self, one: Definition, change: Change, goal: Goal) -> Document:
        """A change in words, and what the lead would be."""
        facts = self.facts(change)
        gain = self._gain(one, change) if isinstance(one, Band) else None
        return {
            "text": " and ".join([*self._event_words(change), *self._field_words(change, goal)]),
            "fields": {name: self.words.value(value) for name, value in change.fields},
            "events": [
                {"type": kind, "fields": {n: self.words.value(v) for n, v in fields}, "times": times}
                for kind, fields, times in change.events
            ],
            "gives": None if gain is None else in_units(gain, DECIMALS) / 10**DECIMALS,
            "becomes": self._becomes(one, facts),
            "because": self._because(facts),
        }

    def _becomes(self, one: Definition, facts: LeadFacts) -> str:
        value = facts.values[one.name]
        return self.words.value(value) if isinstance(value, bool) else str(value)

    def _because(self, facts: LeadFacts) -> list[str]:
        """The lines of the reasons that are new or other than they were."""
        before = {line.label: line.points for line in self.lead.facts.contributions}
        after = {line.label: line.points for line in facts.contributions}
        labels = dict.fromkeys((*after, *before))
        moved = [(label, after.get(label, 0) - before.get(label, 0)) for label in labels]
        return [f"{label} {_signed(units / 10**DECIMALS)}" for label, units in moved if units]

    def _field_words(self, change: Change, goal: Goal) -> Iterator[str]:
        for name, value in change.fields:
            now, kind = self.lead.field(name), dict(self.lead.ruleset.fields).get(name)
            sign = self._sign(change, name, goal)
            yield f"{name} {sign} {self.words.value(value, kind)} (it is {self.words.value(now, kind)})"

    def _sign(self, change: Change, name: str, goal: Goal) -> str:
        """`>=` or `<=` where farther values of a number do as well: some way on, and as far as it goes."""
        value, now = dict(change.fields)[name], self.lead.field(name)
        if not isinstance(value, float) or isinstance(value, bool):
            return "="
        is_more = now is None or value > now
        farther = value * 2 + 1 if is_more else value / 2
        for far in (farther, self.proposals.ends(name)[is_more]):
            tried = replace(change, fields=tuple((n, far if n == name else v) for n, v in change.fields))
            if not goal(self.facts(tried)):
                return "="
        return ">=" if is_more else "<="

    def _event_words(self, change: Change) -> Iterator[str]:
        for kind, fields, times in change.events:
            told = [_told(name, self.words.value(value), value) for name, value in fields]
            own = f" with {', '.join(told)}" if told else ""
            yield f"{'one' if times == 1 else times} {kind}{own}{'' if times == 1 else ', one a day'}"


def label_names(one: Labelled) -> list[str]:
    """The labels of a definition, the highest first."""
    if isinstance(one, Matrix):
        return list(dict.fromkeys(label for row in one.cells for label in row))
    return list(dict.fromkeys(label.name for label in one.labels))


def _is_part(small: Change, large: Change) -> bool:
    """Whether a change holds another: the same fields, the same events at least as often."""
    times = {event[:2]: event[2] for event in large.events}
    fields = {name for name, _ in large.fields}
    return {name for name, _ in small.fields} <= fields and all(times.get(e[:2], 0) >= e[2] for e in small.events)


def _told(name: str, words: str, value: Any) -> str:
    return f"another {name} each" if value == f"{name} 1" else f"{name} = {words}"


def _numbered(value: Any, number: int) -> Any:
    """A text that witnesses number (`campaign 1`) stays as it is for the first event and counts on after it."""
    if isinstance(value, str) and value.endswith(" 1"):
        return f"{value[:-1]}{number + 1}"
    return value


def _signed(number: float) -> str:
    return f"{'+' if number >= 0 else '-'}{number_text(abs(number), DECIMALS)}"
