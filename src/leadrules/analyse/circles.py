"""What sets off what, without anything new happening to the lead, and the circles in it.

In: a study. Out: circles of `Step`s, each shown once, from its first trigger or sequence in declaration order. A step that
can happen only once (`once`, `enroll once`) is in no circle; one that waits for an event is not either, be it that an event
sets it off or that it asks for one since a moment that the circle itself makes new: `did X since enrolled_at`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from leadrules.analyse.domains import points, words
from leadrules.analyse.formulas import Formula, atom, both, boxes, terms_of
from leadrules.analyse.study import Study
from leadrules.analyse.terms import label_names
from leadrules.core.text import fold
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
    steps = list(_steps(study))
    after = {
        number: [n for n, other in enumerate(steps) if _sets_off(study, step, other)]
        for number, step in enumerate(steps)
    }
    found = {frozenset(way): way for number in reversed(after) if (way := _shortest(study, steps, after, number))}
    for members, way in reversed(found.items()):
        if not any(other < members for other in found):
            yield tuple(steps[n] for n in way)


def _shortest(study: Study, steps: list[Step], after: dict[int, list[int]], start: int) -> list[int]:
    """The shortest way from a step back to itself on which no step waits for an event.

    A way on which one does is left at once: what a circle makes new grows with its steps, so a longer one waits too.
    """
    ways = [[start]]
    for _ in range(MOST_WAYS):
        if not ways:
            return []
        way = ways.pop(0)
        if _waits(study, [steps[n] for n in way]):
            continue
        if start in after[way[-1]]:
            return way
        ways += [[*way, following] for following in after[way[-1]] if following not in way]
    study.cannot_tell(steps[start].part, f"whether a lead can go round for ever through `{steps[start].name}`")
    return []


def _waits(study: Study, way: list[Step]) -> bool:
    """Whether a step asks for an event after a moment that this way makes new."""
    renewed = {moment for step in way for moment in _renewed(study, step)}
    return bool(renewed) and any(
        _needs_since(study, step.part, renewed) for step in way if isinstance(step.part, Trigger)
    )


def _renewed(study: Study, step: Step) -> Iterator[tuple[str, str]]:
    """The moments that a step makes new, as operation and name of what reads them."""
    if any(_entered(study, step.actions)):
        yield "always", "enrolled_at"
    for action in step.actions:
        if action.kind == "set" and action.field and action.value and _is_now(study.terms.plain(action.value)):
            yield "field", action.field


def _is_now(value: Expr) -> bool:
    return value.op == "always" and value.value in ("now", "today")


def _needs_since(study: Study, trigger: Trigger, renewed: set[tuple[str, str]]) -> bool:
    """Whether a trigger cannot be set off without an event since one of these moments."""
    asked = both(study.conditions.holds(one) for one in [*_conditions(study, trigger), *_line_of(study, trigger)])
    none = [atom(term, points([0])) for term in terms_of(asked) if _is_since(study, term.expr, renewed)]
    return bool(none) and boxes(both([asked, *none])) == []


def _is_since(study: Study, counted: Expr, renewed: set[tuple[str, str]]) -> bool:
    since = counted.value.since if isinstance(counted.value, EventFilter) else None
    since = since and study.terms.plain(since)
    return since is not None and (since.op, since.value) in renewed


def _line_of(study: Study, trigger: Trigger) -> list[Expr]:
    """The condition of the label that a trigger waits to be entered: held labels are not entered, so it must hold."""
    one = study.terms.definitions.get(trigger.on.name or "") if trigger.on.kind == "enter" else None
    if not isinstance(one, Classify | Stages):
        return []
    return [label.condition for label in one.labels if label.name == trigger.on.label and label.condition is not None]


def _steps(study: Study) -> Iterator[Step]:
    for trigger in study.ruleset.triggers:
        if (not trigger.once or trigger.once_per is not None) and trigger.on.kind not in ("event", "date", "overdue"):
            yield Step(trigger.name, trigger, "this trigger", trigger.actions)
    for sequence in study.ruleset.sequences:
        if sequence.on_finish:
            yield Step(sequence.name, sequence, "the end of this sequence", sequence.on_finish)


def _sets_off(study: Study, step: Step, other: Step) -> bool:
    return any(_by_sequence(study, name, other) for name in _entered(study, step.actions)) or any(
        _by_field(study, action, other) for action in step.actions if action.kind == "set"
    )


def _entered(study: Study, actions: Iterable[Action]) -> Iterator[str]:
    """The sequences that a lead can be in after these actions, again and again."""
    again = {one.name for one in study.ruleset.sequences if not one.once}
    for action in actions:
        if action.kind in ("enroll", "move"):
            chosen = study.terms.definitions.get(action.by or "")
            names = label_names(chosen) if isinstance(chosen, Classify) else [action.sequence]
            yield from (name for name in names if name in again)


def _by_sequence(study: Study, name: str, other: Step) -> bool:
    """Whether being in a sequence, or coming to its end, sets off another step."""
    if isinstance(other.part, Sequence):
        return other.part.name == name
    assert isinstance(other.part, Trigger)
    if other.part.on.kind == "finish":
        return other.part.on.name == name
    asked = [part for part in _asks(study, other.part) if part.op == "always" and part.value == "sequence"]
    if not asked:
        return False
    term = study.terms.term(asked[0])
    return _can(study, other.part, atom(term, words(name)))


def _by_field(study: Study, action: Action, other: Step) -> bool:
    """Whether a field's new value can make a condition come true that asks for it."""
    if not isinstance(other.part, Trigger) or action.value is None or action.value.op != "const":
        return False
    if other.part.on.kind == "finish":  # the end of a sequence sets it off, whatever a field says
        return False
    if any(action is own for own in other.actions):
        return False
    asked = [part for part in _asks(study, other.part) if part.op == "field" and part.value == action.field]
    if not asked or not asked[0].type.is_textual:
        return False
    term, value = study.terms.term(asked[0]), action.value.value
    return value is not None and _can(study, other.part, atom(term, words(fold(str(value)))))


def _can(study: Study, trigger: Trigger, so: Formula) -> bool:
    return boxes(both([so, *(study.conditions.holds(one) for one in _conditions(study, trigger))])) != []


def _conditions(study: Study, trigger: Trigger) -> list[Expr]:
    """What must hold for a trigger: its `when`, and the label or segment that it waits to be entered."""
    found = list(trigger.conditions)
    if trigger.on.kind == "enter" and trigger.on.name is not None:
        found.append(_entering(study, trigger.on.name, trigger.on.label))
    return found


def _entering(study: Study, name: str, label: str | None) -> Expr:
    from leadrules.core.types import YESNO, Type

    if label is None:
        return Expr("name", YESNO, (), name)
    return Expr("is_label", YESNO, (Expr("name", Type("label", (), name), (), name),), [label])


def _asks(study: Study, trigger: Trigger) -> list[Expr]:
    """Every part of what a trigger looks at, with what stands behind the names."""
    found: list[Expr] = []
    names: set[str] = set()
    pending: list[Any] = _conditions(study, trigger)
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
