"""The smallest changes to a lead that would bring it further: to the next label, or into a segment.

In: a lead and the words for it. Out: documents, the smallest change first. The analysis of conditions (analyse/) proposes
values of fields and events; every change that is shown was made to the lead and the row engine run on it, and nothing of
it can be left out. Fields that say who a lead is are never changed, and an event that happened is never taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from itertools import combinations
from typing import Any

from leadrules.analyse.formulas import Formula, boxes, negated
from leadrules.analyse.reach import gives
from leadrules.analyse.study import Study
from leadrules.core.text import fold, in_units, number_text
from leadrules.engine.row import LeadFacts
from leadrules.engine.row_scores import DECIMALS
from leadrules.review.explain_lead import OneLead
from leadrules.review.explain_words import Words
from leadrules.ruleset.model import (
    Band,
    BandLabel,
    Classify,
    Define,
    Definition,
    Expr,
    Matrix,
    Score,
    ScoreRule,
    Segment,
    Stages,
)
from leadrules.ruleset.walk import below_definition, parts

Document = dict[str, Any]
Goal = Callable[[LeadFacts], bool]
MOST_SHOWN, MOST_TRIED, MOST_TIMES, MOST_PAIRED, MOST_BOXES = 4, 4_000, 12, 14, 16
Labelled = Band | Matrix | Classify | Stages


@dataclass(frozen=True, slots=True)
class Change:
    """Fields with other values, and events of now: (type, fields, how often)."""

    fields: tuple[tuple[str, Any], ...] = ()
    events: tuple[tuple[str, tuple[tuple[str, Any], ...], int], ...] = ()

    @property
    def size(self) -> int:
        """How much has to happen."""
        return len(self.fields) + sum(times for _, _, times in self.events)

    def joined(self, other: Change) -> Change:
        """Both; of a field that both change, the other's value."""
        kept = tuple(pair for pair in self.fields if pair[0] not in dict(other.fields))
        return Change((*kept, *other.fields), tuple(dict.fromkeys((*self.events, *other.events))))

    def without(self) -> Iterator[Change]:
        """The same with one thing less."""
        for field in self.fields:
            yield replace(self, fields=tuple(one for one in self.fields if one != field))
        for event in self.events:
            rest = tuple(one for one in self.events if one != event)
            yield replace(self, events=rest)
            if event[2] > 1:
                yield replace(self, events=(*rest, (*event[:2], event[2] - 1)))


class Changes:
    """Finds changes of one lead."""

    def __init__(self, lead: OneLead, words: Words) -> None:
        self.lead, self.words = lead, words
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
        single = [change for change in self._proposed(one) if change.size]
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
        facts = self.facts(change)
        return tuple(facts.values[score] for score in self._scores)

    @cached_property
    def _scores(self) -> list[str]:
        return [one.name for one in self.lead.ruleset.definitions if isinstance(one, Score)]

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

    # -- what could be changed --------------------------------------------------------------------------------------

    @cached_property
    def _study(self) -> Study:
        return Study(self.lead.project, self.lead.ruleset, ())

    def _proposed(self, one: Definition) -> list[Change]:
        """Changes that make some condition below a definition another than it is."""
        found: dict[Change, None] = {}
        for formula in self._formulas(one):
            for box in (boxes(formula) or [])[:MOST_BOXES]:
                made = self._study.witnesses.values_of(box)
                if made is not None:
                    change = self._change(*made)
                    if change is not None:
                        found[change] = None
        for name, value in self._larger(one):
            found[Change(((name, value),))] = None
        return list(found)

    def _formulas(self, one: Definition) -> Iterator[Formula]:
        conditions = self._study.conditions
        for part in self._below(one):
            match part:
                case Score(rules=rules):
                    for rule in rules:
                        yield from self._of_rule(part, rule)
                case Segment(condition=condition):
                    yield conditions.holds(condition)
                    yield negated(conditions.holds(condition))
                case Define(value=value) if value.type.kind == "yesno":
                    yield conditions.holds(value)
                    yield negated(conditions.holds(value))
                case Classify(labels=labels) | Stages(labels=labels):
                    for label in labels:
                        yield conditions.line(label)
                        yield negated(conditions.line(label))

    def _of_rule(self, score: Score, rule: ScoreRule) -> Iterator[Formula]:
        conditions = self._study.conditions
        low, high = gives(rule, conditions)
        fired = f"{score.name}.{rule.name}" in self.lead.facts.fired
        if high > 0:
            yield conditions.rule(rule)
        if low < 0 and fired:
            yield negated(conditions.rule(rule))

    def _below(self, one: Definition) -> list[Definition]:
        """The definition and all that it is made of."""
        known = {d.name: d for d in self.lead.ruleset.definitions}
        found, pending = {one.name: one}, [one]
        while pending:
            part = pending.pop()
            named = {
                p.value for p in below_definition(part, self.lead.ruleset) if isinstance(p, Expr) and p.op == "name"
            }
            if isinstance(part, Matrix):
                named |= {part.rows_of, part.columns_of}
            for name in sorted(named - set(found)):
                found[name] = known[name]
                pending.append(known[name])
        return [d for d in self.lead.ruleset.declared if d.name in found]

    def _larger(self, one: Definition) -> Iterator[tuple[str, float]]:
        """Numbers of the lead that points are worked out from, made much larger; `_nearest` brings them back."""
        named: set[str] = set()
        for part in self._below(one):
            points = [rule.points for rule in part.rules] if isinstance(part, Score) else []
            for expr in points:
                named |= {
                    str(leaf.value) for leaf in _leaves(expr) if leaf.op == "field" and leaf.type.kind == "number"
                }
        for name in sorted(named & self._changeable):
            field = self.lead.project.lead_schema.get(name)
            most = field.maximum if field is not None and field.maximum is not None else 1e6
            now = self.lead.field(name)
            yield name, float(max(most, (now or 0.0)))

    @cached_property
    def _changeable(self) -> frozenset[str]:
        """The fields that may change: not those that say who a lead is or what the rules themselves decide."""
        project = self.lead.project
        fixed = {project.key, project.created, project.owner, project.sequence, project.email}
        labels = {one.name for one in self.lead.ruleset.definitions}
        return frozenset(name for name, _ in self.lead.ruleset.fields if name not in fixed | labels)

    @cached_property
    def _spelling(self) -> dict[str, str]:
        """Texts as the rules and their lists write them, by what they are compared as."""
        listed = [value for one in self.lead.ruleset.lists for value in one.values if isinstance(value, str)]
        literal = [p.value for _, p in parts(self.lead.ruleset) if isinstance(p, Expr) and p.op == "const"]
        texts = [*listed, *(value for value in literal if isinstance(value, str))]
        return {fold(text): text.strip() for text in reversed(texts)}

    def _spelled(self, value: Any) -> Any:
        return self._spelling.get(fold(value), value) if isinstance(value, str) else _plain(value)

    def _change(self, fields: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Change | None:
        """What of a proposal is another than it is; None where it asks for what cannot change."""
        spelled = {name: self._spelled(value) for name, value in fields.items()}
        other = {n: v for n, v in spelled.items() if not _same(v, self.lead.field(n))}
        if not set(other) <= self._changeable or (events and self.lead.as_of is None):
            return None
        own = {name: tuple((n, kind) for n, kind in read) for name, read in self.lead.ruleset.event_fields}
        counted: dict[tuple[str, tuple[tuple[str, Any], ...]], int] = {}
        for event in events:
            names = {name for name, _ in own.get(event["type"], ())}
            values = tuple(
                (n, _plain(v)) for n, v in event.items() if n in names and n not in ("type", "at", "lead_id")
            )
            counted[event["type"], values] = counted.get((event["type"], values), 0) + 1
        return Change(
            tuple(other.items()),
            tuple((kind, values, times) for (kind, values), times in counted.items()),
        )

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
        """`>=` or `<=` where farther values of a number do as well."""
        value, now = dict(change.fields)[name], self.lead.field(name)
        if not isinstance(value, float) or isinstance(value, bool):
            return "="
        is_more = now is None or value > now
        farther = value * 2 + 1 if is_more else value / 2
        tried = replace(change, fields=tuple((n, farther if n == name else v) for n, v in change.fields))
        return "=" if not goal(self.facts(tried)) else ">=" if is_more else "<="

    def _event_words(self, change: Change) -> Iterator[str]:
        for kind, fields, times in change.events:
            own = f" with {', '.join(f'{n} = {self.words.value(v)}' for n, v in fields)}" if fields else ""
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


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (isinstance(a, str) and isinstance(b, str) and a.casefold() == b.casefold())


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _numbered(value: Any, number: int) -> Any:
    """A text that witnesses number (`campaign 1`) stays as it is for the first event and counts on after it."""
    if isinstance(value, str) and value.endswith(" 1"):
        return f"{value[:-1]}{number + 1}"
    return value


def _leaves(expr: Expr) -> Iterator[Expr]:
    if not expr.args:
        yield expr
    for part in expr.args:
        yield from _leaves(part)


def _signed(number: float) -> str:
    return f"{'+' if number >= 0 else '-'}{number_text(abs(number), DECIMALS)}"
