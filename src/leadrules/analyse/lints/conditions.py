"""Conditions that no lead can meet, yes/no fields compared with false, and texts with an empty one.

In: a study. Out: findings, each at the condition. Segments, rules, labels, steps and triggers are all one here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from leadrules.analyse.formulas import Formula, both, boxes
from leadrules.analyse.lints.registry import lint
from leadrules.analyse.study import Study
from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix, Related
from leadrules.core.records import dataclass
from leadrules.core.text import trimmed
from leadrules.core.types import YESNO, Type
from leadrules.ruleset.model import (
    Active,
    Classify,
    EventFilter,
    Expr,
    Placed,
    Score,
    Segment,
    Stages,
    Trigger,
)
from leadrules.ruleset.walk import expression_parts


@dataclass(frozen=True, slots=True)
class Place:
    """A condition: what it decides, in words; the part it stands in; what must all hold."""

    what: str
    part: Placed
    conditions: tuple[Expr, ...]
    active: Active | None = None
    events: EventFilter | None = None


def places(study: Study) -> Iterator[Place]:
    """Every condition of the ruleset, in the order of its parts."""
    for one in study.ruleset.declared:
        if isinstance(one, Segment):
            yield Place(f"nobody can be in `{one.name}`", one, (one.condition,))
        elif isinstance(one, Score):
            for rule in one.rules:
                events = rule.each.filter if rule.each else None
                yield Place(_fires(f"{one.name}.{rule.name}"), rule, _given(rule.when), rule.active, events)
        elif isinstance(one, Classify | Stages):
            for label in one.labels:
                yield Place(f"nobody can get `{label.name}`", label, _given(label.condition), label.active)
    yield from _of_lifecycle(study)


def _of_lifecycle(study: Study) -> Iterator[Place]:
    ruleset = study.ruleset
    for route in ruleset.routes:
        for rule in route.rules:
            yield Place(_fires(f"{route.name}.{rule.name}"), rule, _given(rule.condition), rule.active)
        for again in route.reroute:
            yield Place(f"`reroute` of `{route.name}` can never happen", again, (again,))
    for sequence in ruleset.sequences:
        for step in sequence.steps:
            yield Place(f"step {step.number} of `{sequence.name}` is always skipped", step, _given(step.condition))
        for leaving in sequence.exits:
            yield Place(f"this exit of `{sequence.name}` never happens", leaving, (leaving,))
        for pause in sequence.pauses:
            yield Place(f"this pause of `{sequence.name}` never happens", pause, (pause,))
    for trigger in ruleset.triggers:
        conditions = (*_heard(trigger), *trigger.conditions)
        yield Place(_fires(f"trigger.{trigger.name}"), trigger, conditions, None, trigger.on.filter)
    for one in ruleset.exits:
        yield Place("this `exit all` never happens", one, (one.condition,))
    for held in ruleset.suppressions:
        yield Place("this `suppress` never holds anything back", held, (held.condition,))


def _heard(trigger: Trigger) -> Iterator[Expr]:
    """What is so of a lead that enters, or leaves, what a trigger listens to."""
    on = trigger.on
    if on.kind in ("enter", "leave") and on.name is not None:
        side = Expr("name", YESNO if on.label is None else Type("label", (), on.name), (), on.name, span=on.span)
        inside = side if on.label is None else Expr("is_label", YESNO, (side,), [on.label], span=on.span)
        yield inside if on.kind == "enter" else Expr("not", YESNO, (inside,), span=on.span)


def _fires(name: str) -> str:
    return f"`{name}` can never fire"


def _given(condition: Expr | None) -> tuple[Expr, ...]:
    return () if condition is None else (condition,)


@lint("LR201", "never-fires")
def never_fires(study: Study) -> Iterator[Diagnostic]:
    """A rule that can never fire

    No lead can meet this condition, whatever its fields say and whatever it did: two parts of it contradict each other, a
    value lies outside what the schema allows, or it asks for a day on which the rule does not exist. The rule looks as if
    it did something and does nothing. Mend the condition, or delete the rule.

    Bad:

        segment mid_market when employees > 500 and employees < 100

    Good:

        segment mid_market when employees >= 100 and employees <= 500
    """
    broken = {id(part.condition) for part in _dead_scores(study)}
    for place in places(study):
        formulas = [study.conditions.holds(one) for one in place.conditions]
        if place.events is not None:
            formulas.append(study.conditions.happened(place.events))
        formulas.append(study.conditions.active(place.active))
        if boxes(both(formulas)) != []:
            continue
        if any(id(one) in broken for one in place.conditions) or _has_dead_events(study, place):
            continue
        if any(_is_dead_label(study, part) for one in place.conditions for part in _conjuncts(study, one)):
            continue
        yield _contradiction(study, place)
    yield from _dead_events(study)


@dataclass(frozen=True, slots=True)
class _Dead:
    condition: Expr


def _dead_scores(study: Study) -> Iterator[_Dead]:
    """Conditions that fail by a score's comparison alone: they are told by the lint about thresholds."""
    from leadrules.analyse.lints.thresholds import never_reached

    dead = {id(one) for one in never_reached(study)}
    for place in places(study):
        for condition in place.conditions:
            if dead and any(id(part) in dead for part in _conjuncts(study, condition)):
                yield _Dead(condition)


def _conjuncts(study: Study, condition: Expr) -> Iterator[Expr]:
    condition = study.terms.plain(condition)
    if condition.op == "and":
        for part in condition.args:
            yield from _conjuncts(study, part)
    elif condition.op == "name" and isinstance(one := study.terms.definitions.get(condition.value), Segment):
        yield condition
        yield from _conjuncts(study, one.condition)
    else:
        yield condition


def _contradiction(study: Study, place: Place) -> Diagnostic:
    """The finding, with the two parts that cannot hold together where two are enough."""
    leaves = [part for one in place.conditions for part in _conjuncts(study, one) if part.span is not None]
    formulas: list[tuple[Expr, Formula]] = [(part, study.conditions.holds(part)) for part in leaves]
    for part, formula in formulas:
        if boxes(formula) == []:
            return _at(study, place, part, f"no lead meets `{_text(study, part)}`", ())
    for (a, first), (b, second) in combinations(formulas, 2):
        if boxes(both([first, second])) == []:
            words = f"`{_text(study, a)}` and `{_text(study, b)}` cannot both hold"
            return _at(study, place, b, words, (Related(study.span(a), "this cannot hold as well"),))
    if place.events is not None:
        happened = study.conditions.happened(place.events)
        for part, formula in formulas:
            if boxes(both([formula, happened])) == []:
                return _at(study, place, part, f"no lead with such an event meets `{_text(study, part)}`", ())
    when = study.conditions.active(place.active)
    for part, formula in formulas:
        if place.active is not None and boxes(both([formula, when])) == []:
            return _at(study, place, part, f"`{_text(study, part)}` does not hold on any day of `from` and `until`", ())
    placed = place.conditions[0] if place.conditions and place.conditions[0].span else place.part
    return _at(study, place, placed, "its parts cannot hold together", ())


def _at(study: Study, place: Place, part: Placed, why: str, related: tuple[Related, ...]) -> Diagnostic:
    span = study.span(part)
    span = study.head(part) if "\n" in span.text else span
    way = "mend the condition, or delete the rule"
    return finding("LR201", span, f"{place.what}: {why}", label="never so", help=way, related=related)


def _text(study: Study, part: Expr) -> str:
    return " ".join(study.span(part).text.split())


def _is_dead_label(study: Study, part: Expr) -> bool:
    """Whether nobody gets a label that is asked for: that is told where the label is given."""
    return part.op == "is_label" and part.args[0].op == "name" and boxes(study.conditions.holds(part)) == []


def _has_dead_events(study: Study, place: Place) -> bool:
    """Whether a condition fails for a `where` that no event meets: that is told at the `where`."""
    filters = [place.events] if place.events is not None else []
    for condition in place.conditions:
        filters += [part for part in expression_parts(condition, study.ruleset) if isinstance(part, EventFilter)]
    return any(_is_dead(study, one) for one in filters)


def _is_dead(study: Study, events: EventFilter) -> bool:
    return events.where is not None and boxes(study.conditions.where(events)) == []


def _dead_events(study: Study) -> Iterator[Diagnostic]:
    for part in study.filters:
        if part.where is not None and _is_dead(study, part):
            named = f"no {' or '.join(part.types)} can meet `{_text(study, part.where)}`"
            way = "mend the `where`: as it stands no event is counted"
            yield finding("LR201", study.span(part.where), named, label="never so", help=way)


@lint("LR217", "flag-is-false")
def flag_is_false(study: Study) -> Iterator[Diagnostic]:
    """A yes/no field compared with `false`

    A comparison with a blank is false, so `opted_out = false` leaves out every lead whose field is empty, and in most
    exports that is most of them. `not opted_out` is true for no and for blank. If blanks are to be left out, say so:
    `not opted_out and opted_out is not blank`.

    Bad:

        segment reachable when opted_out = false

    Good:

        segment reachable when not opted_out
    """
    for part in study.expressions:
        if part.op == "eq" and part.span is not None:
            flag, literal = part.args if part.args[1].op == "const" else reversed(part.args)
            is_flag = flag.op in ("field", "event_field") and flag.type.kind == "yesno"
            if is_flag and literal.op == "const" and literal.value is False:
                yield from _flag(study, part, flag)


def _flag(study: Study, part: Expr, flag: Expr) -> Iterator[Diagnostic]:
    if not study.terms.range(flag).blank:
        return
    span, name = study.span(part), study.span(flag).text if flag.span else str(flag.value)
    words = f"a blank `{name}` does not meet this: only a written no does"
    fix = Fix(f"write `not {name}`", (Edit(span, f"not {name}"),))
    yield finding("LR217", span, words, help=f"write `not {name}`, which a blank meets too", fixes=(fix,))


@lint("LR226", "empty-text-is-blank")
def empty_text_is_blank(study: Study) -> Iterator[Diagnostic]:
    """A field compared with an empty text by `!=`

    An empty cell is blank, so no field is ever an empty text, and `!=` is the plain opposite of `=`: `lead_source != ""`
    is so for every lead, also where the field is blank. Whether something is there is asked with `is not blank`.

    Bad:

        segment sourced when lead_source != ""

    Good:

        segment sourced when lead_source is not blank
    """
    for part in study.expressions:
        if part.op != "not" or part.args[0].op != "eq" or part.span is None:
            continue
        value, literal = sorted(part.args[0].args, key=lambda side: side.op == "const")
        is_empty = literal.op == "const" and isinstance(literal.value, str) and not trimmed(literal.value)
        if is_empty and value.op in ("field", "event_field", "lookup") and value.span is not None:
            span, new = study.span(part), f"{study.span(value).text} is not blank"
            words = f"this is always so, also of a blank: `{study.span(value).text}` is never an empty text"
            yield finding(
                "LR226", span, words, help=f"write `{new}`", fixes=(Fix(f"write `{new}`", (Edit(span, new),)),)
            )
