"""What a ruleset has that tests can reach: each rule line, and each clause of its conditions as true and as false.

In: a compiled ruleset. Out: `Points`: the outcomes there are, in declaration order, and the conditions with what tells when
they are looked at. Measures nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import Any, Literal

from leadrules.core.records import dataclass
from leadrules.ruleset.model import (
    Band,
    Classify,
    Define,
    EventFilter,
    Expr,
    Matrix,
    Place,
    Placed,
    Route,
    RouteRule,
    Ruleset,
    Score,
    Segment,
    Sequence,
    Stages,
    Trigger,
)
from leadrules.ruleset.walk import below

Kind = Literal["fires", "rests", "label", "cell", "true", "false", "done", "member", "outsider", "bounds"]
Key = tuple[Any, ...]
DECIDED = ("route.", "trigger.", "sequence.", "exit ", "suppress ")
MISSING: dict[Kind, str] = {
    "fires": "never fires",
    "rests": "always fires",
    "label": "is never given",
    "cell": "is never looked up",
    "true": "is never true",
    "false": "is never false",
    "done": "is never done",
    "member": "holds for no lead",
    "outsider": "holds for every lead",
    "bounds": "never changes a score",
}


@dataclass(frozen=True, slots=True)
class Point:
    """One outcome: of a rule, or (`clause`) of a part of its condition. `key` is what a run reports when it is reached."""

    key: Key
    rule: str
    kind: Kind
    span: Place | None
    clause: Expr | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition and when it is looked at.

    `about`: an event filter's types, the name of a rule, a trigger, a sequence; of a first-match line its list and place.
    """

    rule: str
    expr: Expr
    when: Literal["lead", "line", "event", "trigger", "route", "exit", "pause", "step", "suppress", "always", "run"]
    about: Any = None


@dataclass(slots=True)
class Points:
    """The points and conditions of a ruleset."""

    points: list[Point] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def add(self, kind: Kind, rule: str, span: Place | None, *more: Any) -> None:
        """An outcome of a rule."""
        self.points.append(Point((kind, rule, *more), rule, kind, span))

    def condition(self, condition: Condition, *, single: bool = True) -> None:
        """A condition with both outcomes of each clause; one of a single clause says no more than its rule, unless `single`."""
        if id(condition.expr) in self.seen:
            return
        self.seen.add(id(condition.expr))
        self.conditions.append(condition)
        leaves = list(clauses(condition.expr))
        if len(leaves) == 1 and not single:
            return
        for leaf in leaves:
            if leaf.op != "const":
                for kind in ("true", "false"):
                    self.points.append(Point((kind, id(leaf)), condition.rule, kind, leaf.span, leaf))

    def below(self, rule: str, part: Placed, ruleset: Ruleset) -> None:
        """The conditions inside a part: what events must meet, and the first argument of `if`."""
        for one in below(part, ruleset):
            if isinstance(one, EventFilter) and one.where is not None:
                self.condition(Condition(rule, one.where, "event", one.types))
            elif isinstance(one, Expr) and one.op == "if" and not _is_of_event(one, ruleset):
                self.condition(Condition(rule, one.args[0], "always"))


def is_decided(rule: str) -> bool:
    """Whether only what a run decides can reach what belongs to a rule."""
    return rule.startswith(DECIDED)


def is_finish(rule: str) -> bool:
    """Whether a rule is the end of a sequence; a trigger and a line of a route may be called `x.finish`."""
    return rule.startswith("sequence.") and rule.endswith(".finish")


def clauses(expr: Expr) -> Iterator[Expr]:
    """The parts that `and`, `or` and `not` join."""
    if expr.op in ("and", "or"):
        for part in expr.args:
            yield from clauses(part)
    elif expr.op == "not" and expr.args[0].op in ("and", "or", "not"):
        yield from clauses(expr.args[0])
    else:
        yield expr


def _is_of_event(expr: Expr, ruleset: Ruleset) -> bool:
    return any(isinstance(one, Expr) and one.op in ("event_field", "rep_field") for one in below(expr, ruleset))


def points_of(ruleset: Ruleset) -> Points:
    """Every point of a ruleset, in declaration order."""
    found = Points()
    for definition in ruleset.declared:
        _DEFINED.get(type(definition), _plain)(found, definition)
        found.below(definition.name, definition, ruleset)
    for route in ruleset.routes:
        _route(found, route)
        found.below(f"route.{route.name}", route, ruleset)
    for sequence in ruleset.sequences:
        _sequence(found, sequence)
        found.below(f"sequence.{sequence.name}", sequence, ruleset)
    for trigger in ruleset.triggers:
        _trigger(found, trigger)
        found.below(f"trigger.{trigger.name}", trigger, ruleset)
    for one in ruleset.exits:
        found.condition(Condition("exit all", one.condition, "exit"))
    for one in ruleset.suppressions:
        found.condition(Condition(f"suppress {one.channel}", one.condition, "suppress", one.channel))
    for one in (*ruleset.exits, *ruleset.suppressions):
        found.below("exit all" if one.channel is None else f"suppress {one.channel}", one, ruleset)
    return found


def _plain(found: Points, one: Any) -> None:
    """A definition without lines of its own."""


def _define(found: Points, one: Define) -> None:
    if one.value.type.kind == "yesno":
        found.condition(Condition(one.name, one.value, "lead"))


def _segment(found: Points, one: Segment) -> None:
    found.add("member", one.name, one.span)
    found.add("outsider", one.name, one.span)
    found.condition(Condition(one.name, one.condition, "lead"), single=False)


def _score(found: Points, one: Score) -> None:
    first_match = {group.name for group in one.groups if group.first_match}
    for rule in one.rules:
        name = f"{one.name}.{rule.name}"
        found.add("fires", name, rule.span)
        found.add("rests", name, rule.span)
        if rule.when is not None:
            before = [r.name for r in one.rules[: one.rules.index(rule)] if r.group == rule.group]
            about = (one.name, tuple(before)) if rule.group in first_match else (one.name, ())
            found.condition(Condition(name, rule.when, "lead", about), single=rule.each is not None)
    for group in one.groups:
        if group.most_points is not None:
            found.add("bounds", one.name, group.span, f"{group.name} limit")
    for bound in ("floor", "cap"):
        if getattr(one, bound) is not None:
            found.add("bounds", one.name, one.span, bound)


def _band(found: Points, one: Band) -> None:
    for label in one.labels:
        found.add("label", one.name, label.span, label.name)


def _matrix(found: Points, one: Matrix) -> None:
    for row in one.rows:
        for column in one.columns:
            found.add("cell", one.name, one.span, row, column)


def _listed(found: Points, one: Classify | Stages) -> None:
    for place, label in enumerate(one.labels):
        found.add("label", one.name, label.span, label.name)
        if label.condition is not None:
            rule = f"{one.name}.{label.name}"
            found.condition(Condition(rule, label.condition, "line", (one, place)), single=False)
    if isinstance(one, Stages) and one.unless is not None:
        found.condition(Condition(f"{one.name}.unless", one.unless, "lead"))


def _route(found: Points, one: Route) -> None:
    for rule in one.rules:
        name = f"route.{one.name}.{rule.name}"
        found.add("fires", name, rule.span)
        if rule.condition is not None:
            found.condition(Condition(name, rule.condition, "route", (one.name, rule.name)), single=False)
    for word, parts in (("reroute", one.reroute), ("answered", one.answered)):
        for part in parts:
            found.condition(Condition(f"route.{one.name}.{word}", part, "run"))


def _sequence(found: Points, one: Sequence) -> None:
    for step in one.steps:
        name = f"sequence.{one.name}.{step.number}"
        found.add("done", name, step.span)
        if step.condition is not None:
            found.condition(Condition(name, step.condition, "step", name))
    for word, parts in (("exit", one.exits), ("pause", one.pauses)):
        for part in parts:
            found.condition(Condition(f"sequence.{one.name}.{word}", part, "exit", one.name))
    for action in one.on_finish:
        found.add("done", f"sequence.{one.name}.finish", action.span, _action(action))


def _trigger(found: Points, one: Trigger) -> None:
    found.add("fires", f"trigger.{one.name}", one.span)
    for part in one.conditions:
        found.condition(Condition(f"trigger.{one.name}", part, "trigger", one))


def _action(action: Any) -> str:
    """Which actions of actions.csv an `on finish` shows as."""
    return {"send": "email", "task": str(action.channel), "reassign": "assign"}.get(action.kind, str(action.kind))


_DEFINED: dict[type, Callable[[Points, Any], None]] = {
    Define: _define,
    Segment: _segment,
    Score: _score,
    Band: _band,
    Matrix: _matrix,
    Classify: _listed,
    Stages: _listed,
}


def lines_before(route: Route, taken: str | None) -> Iterable[RouteRule]:
    """The lines of a route that are looked at until one takes the lead."""
    for rule in route.rules:
        yield rule
        if rule.name == taken:
            return
