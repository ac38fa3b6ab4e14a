"""What must be so of a lead for a branch or a side of a boundary to be reached, as formulas.

In: the points and boundaries of a ruleset, and how conditions become formulas. Out: for each the ways in which it can be reached,
every one a list of formulas that hold together. Where in time and in which sequence the lead must be is not said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import points
from leadrules.analyse.formulas import EMPTY, TRUE, Box, Formula, atom, both, boxes, either, negated
from leadrules.analyse.ranges import as_value
from leadrules.core.types import TEXT, YESNO, Type
from leadrules.project.model import Rep, Team
from leadrules.review.testing.boundaries import Boundary
from leadrules.review.testing.points import Condition, Point, Points
from leadrules.ruleset.model import (
    Band,
    Classify,
    EventFilter,
    Expr,
    Matrix,
    On,
    Route,
    Score,
    Segment,
    Stages,
    Target,
    Trigger,
)
from leadrules.ruleset.walk import expression_parts

TAKES = ("keep", "queue", "rep")  # of a route's lines, those that take a lead of a test wherever their condition holds


class Wanted:
    """Makes the formulas of goals."""

    def __init__(self, conditions: Conditions, points: Points, team: Team) -> None:
        self.conditions, self.ruleset = conditions, conditions.terms.ruleset
        self.reps, self.teams = {rep.key: rep for rep in team.reps}, team.teams
        self._definitions = {one.name: one for one in self.ruleset.definitions}
        scores = [one for one in self.ruleset.definitions if isinstance(one, Score)]
        self._score_rules = {f"{one.name}.{rule.name}": (one, rule) for one in scores for rule in one.rules}
        self._route_lines = {
            f"route.{one.name}.{line.name}": (one, place)
            for one in self.ruleset.routes
            for place, line in enumerate(one.rules)
        }
        self._clauses = {
            id(leaf): (condition, context)
            for condition in points.conditions
            for leaf, context in looked(condition.expr)
        }

    def of_point(self, point: Point) -> Iterator[tuple[Formula, ...]]:
        """What must be so for an outcome of a rule or of a clause."""
        kind, rule = point.kind, point.rule
        if point.clause is not None:
            condition, context = self._clauses[id(point.clause)]
            holds = self._event_or_lead(condition, [*context, (point.clause, kind == "true")])
            yield (*self._around(condition), holds)
        elif kind in ("member", "outsider"):
            one = self._definitions[rule]
            assert isinstance(one, Segment)
            yield (_turned(self.conditions.holds(one.condition), kind == "member"),)
        elif kind in ("fires", "rests") and not rule.startswith(("route.", "trigger.")):
            yield self._score_rule(rule, fires=kind == "fires")
        elif kind == "label":
            yield self._label(rule, str(point.key[2]))
        elif kind == "cell":
            yield self._cell(rule, str(point.key[2]), str(point.key[3]))
        elif rule.startswith("route."):
            yield from self._route_rule(rule)
        elif kind == "done":
            yield (self._step(rule),)
        elif rule.startswith("trigger."):
            trigger = next(one for one in self.ruleset.triggers if f"trigger.{one.name}" == rule)
            yield (*self._trigger(trigger), *self._stays(trigger), *self._said_still(trigger))
            yield (*self._trigger(trigger), *self._stays(trigger))
            yield self._trigger(trigger)

    def _event_or_lead(self, condition: Condition, wanted: list[tuple[Expr, bool]]) -> Formula:
        """What makes these clauses so, of the lead, or of an event that happened to it."""
        parts = [expr if holds else Expr("not", YESNO, (expr,)) for expr, holds in wanted]
        whole = parts[0] if len(parts) == 1 else Expr("and", YESNO, tuple(parts))
        if condition.when != "event":
            return both([self.conditions.holds(part) for part in parts])
        return self.conditions.happened(EventFilter(condition.about, where=whole))

    def _around(self, condition: Condition) -> Iterator[Formula]:
        """What must be so for a condition to be looked at."""
        if condition.when == "line":
            one, place = condition.about
            yield from (negated(self.conditions.line(label)) for label in one.labels[:place])
        elif condition.when == "lead" and condition.about is not None:
            score = self._definitions[condition.about[0]]
            assert isinstance(score, Score)
            yield from (negated(self.conditions.rule(r)) for r in score.rules if r.name in condition.about[1])
        elif condition.when == "route":
            route = next(one for one in self.ruleset.routes if one.name == condition.about[0])
            names = [rule.name for rule in route.rules]
            before = route.rules[: names.index(condition.about[1])]
            yield from next(self._handed(route), ())
            yield from (negated(self.conditions.line(rule)) for rule in before if rule.target.kind != "team")
        elif condition.when == "trigger":
            yield from self._set_off(condition.about)

    def _score_rule(self, path: str, *, fires: bool) -> tuple[Formula, ...]:
        score, rule = self._score_rules[path]
        if not fires:
            return (negated(self.conditions.rule(rule)),)
        first_match = {group.name for group in score.groups if group.first_match}
        before = [r for r in score.rules[: score.rules.index(rule)] if r.group == rule.group in first_match]
        return (self.conditions.rule(rule), *(negated(self.conditions.rule(one)) for one in before))

    def _label(self, name: str, label: str) -> tuple[Formula, ...]:
        one = self._definitions[name]
        if isinstance(one, Band):
            return (self._is(name, label),)
        assert isinstance(one, Classify | Stages)
        place = [row.name for row in one.labels].index(label)
        before = (negated(self.conditions.line(row)) for row in one.labels[:place])
        return (self.conditions.line(one.labels[place]), *before)

    def _is(self, name: str, label: str) -> Formula:
        side = Expr("name", Type("label", (), name), (), name)
        return self.conditions.holds(Expr("is_label", YESNO, (side,), [label]))

    def _cell(self, name: str, row: str, column: str) -> tuple[Formula, ...]:
        matrix = self._definitions[name]
        assert isinstance(matrix, Matrix)
        return (self._is(matrix.rows_of, row), self._is(matrix.columns_of, column))

    # -- what is decided --------------------------------------------------------------------------------------------

    def _step(self, rule: str) -> Formula:
        """What a step asks for; a finish asks for nothing."""
        name, _, number = rule.removeprefix("sequence.").rpartition(".")
        steps = next(one for one in self.ruleset.sequences if one.name == name).steps
        condition = next((one.condition for one in steps if str(one.number) == number), None)
        return self.conditions.holds(condition)

    def _route_rule(self, path: str) -> Iterator[tuple[Formula, ...]]:
        route, place = self._route_lines[path]
        rule = route.rules[place]
        before = [negated(self.conditions.line(one)) for one in route.rules[:place] if one.target.kind in TAKES]
        for handed in self._handed(route):
            yield (*handed, self.conditions.line(rule), self._has_taker(rule.target), *before)

    def _has_taker(self, target: Target) -> Formula:
        """There is somebody active whom a line of a route can give the lead to."""
        active = [rep for rep in self.reps.values() if rep.active]
        if target.kind == "rep" and target.rep is not None and target.rep.op != "const":
            reps = (Expr("const", TEXT, (), rep.key) for rep in active)
            return self.conditions.holds(Expr("in", YESNO, (target.rep, *reps)))
        if target.kind != "team" or target.where is None:
            return TRUE
        members = dict(self.teams).get(str(target.team), ())
        taking = (self._as_of_rep(target.where, rep) for rep in active if rep.key in members)
        return either(self.conditions.holds(where) for where in taking)

    def _as_of_rep(self, expr: Expr, rep: Rep) -> Expr:
        """What a `where` says of one rep."""
        if expr.op == "rep_field":
            return Expr("const", expr.type, (), dict(rep.attributes).get(expr.value))
        parts = tuple(self._as_of_rep(part, rep) for part in expr.args)
        first = parts[0] if parts else None
        if expr.op == "has" and first is not None and first.op == "const" and isinstance(first.value, tuple | list):
            return Expr("in", YESNO, (parts[1], *(Expr("const", TEXT, (), one) for one in first.value)))
        return replace(expr, args=parts)

    def _handed(self, route: Route) -> Iterator[tuple[Formula, ...]]:
        """How a lead comes to a route: by itself, or handed over by a trigger."""
        if not route.on_demand:
            yield ()
            return
        for trigger in self.ruleset.triggers:
            hands_over = any(action.route == route.name for action in trigger.actions)
            if hands_over and trigger.on.kind in ("event", "enter", "condition"):
                yield self._trigger(trigger)

    def _trigger(self, trigger: Trigger) -> tuple[Formula, ...]:
        return (*self._set_off(trigger), *(self.conditions.holds(part) for part in trigger.conditions))

    def _stays(self, trigger: Trigger) -> Iterator[Formula]:
        """The lead does not leave, in the same run, the sequences that a trigger's conditions speak of."""
        exits = [one.condition for one in self.ruleset.exits]
        spoken = {label for one in trigger.conditions for label in self._sequences_in(one)}
        for plan in self.ruleset.sequences:
            exits += plan.exits if plan.name in spoken else ()
        yield from (negated(self.conditions.holds(one)) for one in exits)

    def _said_still(self, trigger: Trigger) -> Iterator[Formula]:
        """Whoever leaves says something else, and not nothing: a test's lead forgets no field."""
        one = self._definitions.get(str(trigger.on.name)) if trigger.on.kind == "leave" else None
        if isinstance(one, Segment):
            yield from self._is_there(one.condition)
        elif isinstance(one, Classify | Stages):
            for line in one.labels:
                yield from self._is_there(line.condition) if line.condition is not None else ()

    def _sequences_in(self, condition: Expr) -> Iterator[str]:
        for part in expression_parts(condition, self.ruleset):
            if isinstance(part, Expr) and part.op == "is_label" and part.args[0].value == "sequence":
                yield from part.value

    def _set_off(self, trigger: Trigger) -> Iterator[Formula]:
        on = trigger.on
        if on.kind == "event" and on.filter is not None:
            yield self.conditions.happened(on.filter)
        elif on.kind == "enter":
            yield self.is_inside(on)
        elif on.kind == "leave":
            yield negated(self.is_inside(on))
        elif on.kind == "date" and on.value is not None:
            yield from self._is_there(on.value)

    def _is_there(self, expr: Expr) -> Iterator[Formula]:
        """Every field that an expression looks at has a value; the run is then put on the day that it gives."""
        for part in expression_parts(self.conditions.terms.plain(expr), self.ruleset):
            if isinstance(part, Expr) and part.op == "field":
                yield negated(self.conditions.holds(Expr("is_blank", YESNO, (part,))))

    def _is_now(self, name: str, label: str) -> Formula:
        one = self._definitions[name]
        return both(self._label(name, label)) if isinstance(one, Classify | Stages) else self._is(name, label)

    # -- boundaries -------------------------------------------------------------------------------------------------

    def of_boundary(self, one: Boundary, number: float | None) -> Iterator[tuple[Formula, ...]]:
        """What must be so for a side of a boundary that lies at a number."""
        if one.filter is not None:
            yield (self.conditions.happened(one.filter),)
            return
        if one.expr is None or number is None:
            return
        term = self.conditions.terms.term(one.expr)
        for wanted in one.tried(number):
            reached = atom(term, points([wanted]))
            if one.clause is None:
                yield (reached,)
                continue
            condition, context = self._clauses[id(one.clause)]
            if condition.when != "event":
                yield (*self._around(condition), *self._context(context), reached)
            elif one.expr.type.kind != "duration" and (written := _written(wanted, one.expr)) is not None:
                equal = Expr("eq", YESNO, (one.expr, Expr("const", one.expr.type, (), written)))
                yield (self._event_or_lead(condition, [*context, (equal, True)]),)

    def _context(self, context: list[tuple[Expr, bool]]) -> Iterator[Formula]:
        yield from (_turned(self.conditions.holds(expr), holds) for expr, holds in context)

    def is_inside(self, on: On) -> Formula:
        """A lead has the label, or is in the segment, that a trigger listens to."""
        if on.label is not None:
            return self._is_now(str(on.name), on.label)
        one = self._definitions[str(on.name)]
        assert isinstance(one, Segment)
        return self.conditions.holds(one.condition)


def _written(number: float, expr: Expr) -> Any:
    """A number as a literal beside this expression; None where it has none."""
    value = as_value(number, expr.type)
    return value.isoformat() if isinstance(value, date) else value


def _turned(formula: Formula, holds: bool) -> Formula:
    return formula if holds else negated(formula)


def solved(parts: Iterable[Formula]) -> tuple[list[Box], bool]:
    """Boxes that meet all of these, and whether they are all there are; of too many ways some are gone on with."""
    found, exact = [EMPTY], True
    for part in parts:
        narrowed = boxes(part, found)
        if narrowed is None:
            exact = False
            narrowed = next((some for few in (8, 2, 1) if (some := boxes(part, found[:few]))), found)
        found = narrowed
    return found, exact


def looked(expr: Expr, context: tuple[tuple[Expr, bool], ...] = ()) -> Iterator[tuple[Expr, list[tuple[Expr, bool]]]]:
    """Every clause of a condition, with what other clauses must be for it to be looked at."""
    if expr.op in ("and", "or"):
        before = list(context)
        for part in expr.args:
            yield from looked(part, tuple(before))
            before.append((part, expr.op == "and"))
    elif expr.op == "not" and expr.args[0].op in ("and", "or", "not"):
        yield from looked(expr.args[0], context)
    else:
        yield expr, list(context)
