"""What sets off what, without anything new happening to the lead, and the circles in it.

In: a study. Out: circles of `Step`s, each shown once, from its first trigger or sequence in declaration order. A step that
can happen only once (`once`, `enroll once`) is in no circle; one that waits for an event is not either, be it that an event
sets it off or that it asks for one since a moment that the circle itself makes new: `did X since enrolled_at`. That an answer
is overdue takes nothing but time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from leadrules.analyse.domains import NO, YES, points, words
from leadrules.analyse.formulas import Formula, Term, atom, both, boxes, terms_of
from leadrules.analyse.study import Study
from leadrules.analyse.terms import label_names
from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.core.types import YESNO, Type
from leadrules.ruleset.model import Action, Classify, EventFilter, Expr, Placed, Sequence, Stages, Trigger
from leadrules.ruleset.walk import expression_parts

MOST_WAYS = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """A trigger, or the finish of a sequence: its actions, and what it does in words."""

    name: str
    part: Placed
    what: str
    actions: tuple[Action, ...]


def circles(study: Study) -> Iterator[tuple[Step, ...]]:
    """Every shortest circle, once; not one that goes round a smaller one."""
    causes = _Causes(study)
    steps = list(_steps(study))
    after = {
        number: [n for n, other in enumerate(steps) if causes.sets_off(step, other)]
        for number, step in enumerate(steps)
    }
    found = {frozenset(way): way for number in reversed(after) if (way := _shortest(causes, steps, after, number))}
    for members, way in reversed(found.items()):
        if not any(other < members for other in found):
            yield tuple(steps[n] for n in way)


def _shortest(causes: _Causes, steps: list[Step], after: dict[int, list[int]], start: int) -> list[int]:
    """The shortest way from a step back to itself on which no step waits for an event.

    A way on which one does is left at once: what a circle makes new grows with its steps, so a longer one waits too.
    """
    ways = deque([[start]])
    for _ in range(MOST_WAYS):
        if not ways:
            return []
        way = ways.popleft()
        if causes.wait([steps[n] for n in way]):
            continue
        if start in after[way[-1]]:
            return way
        ways += [[*way, following] for following in after[way[-1]] if following not in way]
    causes.study.cannot_tell(steps[start].part, f"whether a lead can go round for ever through `{steps[start].name}`")
    return []


class _Causes:
    """What sets off what. Every step is held against every other, so what is known of one alone is worked out once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.again = {one.name for one in study.ruleset.sequences if not one.once}
        self._entered: dict[int, tuple[str, ...]] = {}
        self._asks: dict[int, list[Expr]] = {}
        self._conditions: dict[int, Formula] = {}
        self._enterable: dict[int, Formula] = {}
        self._since: dict[int, list[tuple[Term, tuple[str, Any]]]] = {}
        self._by_name: dict[tuple[str, int], bool] = {}

    def sets_off(self, step: Step, other: Step) -> bool:
        """Whether one step can be followed by another at once, or by the time that an answer has."""
        if isinstance(other.part, Trigger) and other.part.on.kind == "overdue":
            return _is_due_again(self.study, step, other.part.on.name)
        return any(self._by_sequence(name, other) for name in self.entered(step)) or any(
            self._by_field(action, other) for action in step.actions if action.kind == "set"
        )

    def wait(self, way: list[Step]) -> bool:
        """Whether a step asks for an event after a moment that this way makes new."""
        renewed = {moment for step in way for moment in self._renewed(step)}
        return bool(renewed) and any(
            self._needs_since(step.part, renewed) for step in way if isinstance(step.part, Trigger)
        )

    def entered(self, step: Step) -> tuple[str, ...]:
        """The sequences that a lead can be in after a step, again and again."""
        if id(step) not in self._entered:
            chosen = (self._chosen(action) for action in step.actions if action.kind in ("enroll", "move"))
            self._entered[id(step)] = tuple(name for names in chosen for name in names if name in self.again)
        return self._entered[id(step)]

    def _chosen(self, action: Action) -> list[str]:
        one = self.study.terms.definitions.get(action.by or "")
        return label_names(one) if isinstance(one, Classify) else [action.sequence] if action.sequence else []

    def _renewed(self, step: Step) -> Iterator[tuple[str, str]]:
        """The moments that a step makes new, as operation and name of what reads them."""
        if self.entered(step):
            yield "always", "enrolled_at"
        for action in step.actions:
            if action.kind == "set" and action.field and action.value and _is_now(self.study.terms.plain(action.value)):
                yield "field", action.field

    def _needs_since(self, trigger: Trigger, renewed: set[tuple[str, str]]) -> bool:
        """Whether a trigger cannot be set off without an event since one of these moments."""
        if id(trigger) not in self._since:
            self._since[id(trigger)] = list(self._since_terms(trigger))
        none = [atom(term, points([0])) for term, moment in self._since[id(trigger)] if moment in renewed]
        return bool(none) and boxes(both([self._entering(trigger), *none])) == []

    def _since_terms(self, trigger: Trigger) -> Iterator[tuple[Term, tuple[str, Any]]]:
        """The counts of events that a trigger asks for, with the moments since which."""
        for term in terms_of(self._entering(trigger)):
            since = term.expr.value.since if isinstance(term.expr.value, EventFilter) else None
            if since is not None:
                plain = self.study.terms.plain(since)
                yield term, (plain.op, plain.value)

    def _entering(self, trigger: Trigger) -> Formula:
        """What must hold for a trigger, and for the label that it waits to be entered."""
        if id(trigger) not in self._enterable:
            line = (self.study.conditions.holds(one) for one in _line_of(self.study, trigger))
            self._enterable[id(trigger)] = both([self._holding(trigger), *line])
        return self._enterable[id(trigger)]

    def _holding(self, trigger: Trigger) -> Formula:
        """What must hold for a trigger."""
        if id(trigger) not in self._conditions:
            holds = (self.study.conditions.holds(one) for one in _conditions(trigger))
            self._conditions[id(trigger)] = both(holds)
        return self._conditions[id(trigger)]

    def _by_sequence(self, name: str, other: Step) -> bool:
        """Whether being in a sequence, or coming to its end, sets off another step."""
        if isinstance(other.part, Sequence):
            return other.part.name == name
        assert isinstance(other.part, Trigger)
        if other.part.on.kind == "finish":
            return other.part.on.name == name
        key = name, id(other.part)
        if key not in self._by_name:
            self._by_name[key] = self._can_be_in(name, other.part)
        return self._by_name[key]

    def _can_be_in(self, name: str, trigger: Trigger) -> bool:
        asked = next((part for part in self._asked(trigger) if part.op == "always" and part.value == "sequence"), None)
        return asked is not None and self._can(trigger, atom(self.study.terms.term(asked), words(name)))

    def _by_field(self, action: Action, other: Step) -> bool:
        """Whether a field's new value can make a condition come true that asks for it."""
        if not isinstance(other.part, Trigger) or action.value is None or action.value.op != "const":
            return False
        if other.part.on.kind == "finish":  # the end of a sequence sets it off, whatever a field says
            return False
        if any(action is own for own in other.actions):
            return False
        asked = next((one for one in self._asked(other.part) if (one.op, one.value) == ("field", action.field)), None)
        so = self._is(asked, action.value.value) if asked is not None and action.value.value is not None else None
        return so is not None and self._can(other.part, so)

    def _is(self, field: Expr, value: Any) -> Formula | None:
        """That a field has a value; of times and sets nothing is said."""
        if field.type.is_textual:
            return atom(self.study.terms.term(field), words(fold(str(value))))
        if field.type.kind == "number":
            return atom(self.study.terms.term(field), points([value]))
        return atom(self.study.terms.yesno(field), YES if value else NO) if field.type.kind == "yesno" else None

    def _can(self, trigger: Trigger, so: Formula) -> bool:
        return boxes(both([so, self._holding(trigger)])) != []

    def _asked(self, trigger: Trigger) -> list[Expr]:
        if id(trigger) not in self._asks:
            self._asks[id(trigger)] = _asks(self.study, trigger)
        return self._asks[id(trigger)]


def _is_due_again(study: Study, step: Step, route: str | None) -> bool:
    """Whether a step hands a lead to a route, and an answer is due once more; `reassign` ends with the last rep."""
    if not any(one.kind == "assign" and one.route == route for one in step.actions):
        return False
    if isinstance(step.part, Trigger) and step.part.respond_within is not None:
        return True
    rules = (rule for one in study.ruleset.routes if one.name == route for rule in one.rules)
    return any(rule.respond_within is not None for rule in rules)


def _is_now(value: Expr) -> bool:
    return value.op == "always" and value.value in ("now", "today")


def _line_of(study: Study, trigger: Trigger) -> list[Expr]:
    """The condition of the label that a trigger waits to be entered: held labels are not entered, so it must hold."""
    one = study.terms.definitions.get(trigger.on.name or "") if trigger.on.kind == "enter" else None
    if not isinstance(one, Classify | Stages):
        return []
    return [label.condition for label in one.labels if label.name == trigger.on.label and label.condition is not None]


def _steps(study: Study) -> Iterator[Step]:
    for trigger in study.ruleset.triggers:
        if (not trigger.once or trigger.once_per is not None) and trigger.on.kind not in ("event", "date"):
            yield Step(trigger.name, trigger, "this trigger", trigger.actions)
    for sequence in study.ruleset.sequences:
        if sequence.on_finish:
            yield Step(sequence.name, sequence, "the end of this sequence", sequence.on_finish)


def _conditions(trigger: Trigger) -> list[Expr]:
    """What must hold for a trigger: its `when`, and the label or segment that it waits to be entered."""
    found = list(trigger.conditions)
    if trigger.on.kind == "enter" and trigger.on.name is not None:
        found.append(_entering(trigger.on.name, trigger.on.label))
    return found


def _entering(name: str, label: str | None) -> Expr:
    if label is None:
        return Expr("name", YESNO, (), name)
    return Expr("is_label", YESNO, (Expr("name", Type("label", (), name), (), name),), [label])


def _asks(study: Study, trigger: Trigger) -> list[Expr]:
    """Every part of what a trigger looks at, with what stands behind the names."""
    found: list[Expr] = []
    names: set[str] = set()
    pending: list[Any] = _conditions(trigger)
    while pending:
        for part in expression_parts(pending.pop(), study.ruleset):
            if not isinstance(part, Expr):
                continue
            found.append(part)
            if part.op == "name" and part.value not in names:
                names.add(part.value)
                pending += _behind(study, part.value)
    return found


def _behind(study: Study, name: str) -> list[Expr]:
    one = study.terms.definitions.get(name)
    found = [getattr(one, "value", None), getattr(one, "condition", None)]
    found += [getattr(label, "condition", None) for label in getattr(one, "labels", ())]
    return [part for part in found if isinstance(part, Expr)]
