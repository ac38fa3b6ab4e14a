"""What could be another of a lead: changes that make some condition below a definition hold, or no longer hold.

In: a lead. Out: `Change`s, none of them tried. The analysis of conditions (analyse/) says which values and events meet
each; fields that say who a lead is, and what the rules themselves decide, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property
from typing import Any

from leadrules.analyse.formulas import Formula, boxes, negated
from leadrules.analyse.reach import gives
from leadrules.analyse.study import Study
from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.core.types import NUMBER, YESNO
from leadrules.review.explain.lead import OneLead
from leadrules.ruleset.model import Band, Classify, Define, Definition, Expr, Score, ScoreRule, Segment, Stages
from leadrules.ruleset.walk import made_of, parts

MOST_BOXES = 16
LARGE = 1e6  # a number of a lead that has no maximum, made much larger


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


class Proposals:
    """Proposes changes of one lead."""

    def __init__(self, lead: OneLead) -> None:
        self.lead = lead

    @cached_property
    def _study(self) -> Study:
        return Study(self.lead.project, self.lead.ruleset, ())

    def of(self, one: Definition) -> list[Change]:
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
        for part in made_of(one, self.lead.ruleset):
            for leaf in _leaves_of_numbers(part):
                if leaf.op == "aggregate":
                    yield conditions.happened(self.lead.ruleset.aggregates[leaf.value].filter)
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
                case Band(value=value, labels=labels):
                    for start in (label.start for label in labels if label.start is not None):
                        yield conditions.holds(Expr("ge", YESNO, (value, Expr("const", NUMBER, value=start))))
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

    def _larger(self, one: Definition) -> Iterator[tuple[str, float]]:
        """Numbers of the lead that others are worked out from, made much larger; `_nearest` brings them back."""
        leaves = (leaf for part in made_of(one, self.lead.ruleset) for leaf in _leaves_of_numbers(part))
        named = {str(leaf.value) for leaf in leaves if leaf.op == "field" and leaf.type.kind == "number"}
        for name in sorted(named & self._changeable):
            yield name, max(self.ends(name)[1], self.lead.field(name) or 0.0)

    def ends(self, name: str) -> tuple[float, float]:
        """The least and the most that a number of the lead can be, or what is as good as that."""
        field = self.lead.project.lead_schema.get(name)
        least, most = (None, None) if field is None else (field.minimum, field.maximum)
        return float(-LARGE if least is None else least), float(LARGE if most is None else most)

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
        if isinstance(value, list | tuple):
            return tuple(self._spelled(member) for member in value)
        return self._spelling.get(fold(value), value) if isinstance(value, str) else value

    def _values(
        self, event: Mapping[str, Any], names: AbstractSet[str], *, is_alone: bool
    ) -> Iterator[tuple[str, Any]]:
        """The fields of an event that matter. What only tells several events apart says nothing of a single one."""
        for name, value in event.items():
            if name in names and not (is_alone and value == f"{name} 1"):
                yield name, self._spelled(value)

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
            values = tuple(self._values(event, names, is_alone=len(events) == 1))
            counted[event["type"], values] = counted.get((event["type"], values), 0) + 1
        return Change(
            tuple(other.items()),
            tuple((kind, values, times) for (kind, values), times in counted.items()),
        )


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (isinstance(a, str) and isinstance(b, str) and a.casefold() == b.casefold())


def _leaves_of_numbers(part: Definition) -> Iterator[Expr]:
    """What the numbers of a definition are worked out from: its points, what its thresholds look at, its own value."""
    match part:
        case Score(rules=rules):
            numbers = [rule.points for rule in rules]
        case Band(value=value) | Define(value=value):
            numbers = [value]
        case _:
            numbers = []
    for number in numbers:
        yield from _leaves(number)


def _leaves(expr: Expr) -> Iterator[Expr]:
    if not expr.args:
        yield expr
    for part in expr.args:
        yield from _leaves(part)
