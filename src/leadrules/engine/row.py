"""The row engine: one lead at a time, in plain Python. It defines what definitions, scores and thresholds mean.

In: a ruleset, once; then leads (typed values by field), their events in order, a context, and inputs: `owner` .. `duplicate_of`,
the key as `key`, the label before of a band or stages under its name, and when that was entered as `NAME.since`.
Out: `LeadFacts`, and on them any further expression, with all that its parts saw. Refuses to know files and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.core.text import in_units, rounded
from leadrules.engine.row_events import Each, EventReader
from leadrules.engine.row_expressions import Case, Event, Interpreter, yes
from leadrules.engine.row_scores import DECIMALS, EVENT_DECIMALS, Contribution, RuleResult, ScoreRules, add_up, limited
from leadrules.ruleset.model import (
    Active,
    Band,
    Classify,
    ClassLabel,
    Define,
    Definition,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Stages,
)

__all__ = ["Contribution", "LeadFacts", "Program", "Seen", "prepare"]


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What is so of one lead: a value per definition, the non-zero contributions in declaration order, the rules that matched."""

    values: Mapping[str, Any]
    contributions: tuple[Contribution, ...]
    fired: frozenset[str]
    case: Case = field(repr=False, compare=False)

    @property
    def reasons(self) -> str:
        """`fit.senior +15; engagement.email limit -10; fit cap -12`."""
        return "; ".join(contribution.text for contribution in self.contributions)

    def after(self, inputs: Mapping[str, Any]) -> LeadFacts:
        """The same facts seen with other inputs: the owner after a run, say. Definitions stay as they were worked out."""
        return replace(self, case=self.case.with_inputs(inputs))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a part of an expression was worth; the whole has depth 0."""

    expr: Expr
    value: Any
    depth: int


class Program:
    """A ruleset made ready to run: every expression is a closure."""

    def __init__(self, ruleset: Ruleset, teams: Mapping[str, Sequence[str]] | None = None) -> None:
        self.ruleset = ruleset
        self._interpreter = Interpreter(ruleset, teams or {})
        self._events = EventReader(self._interpreter)
        self._interpreter.read_aggregates(self._events)
        self._steps = tuple((definition.name, self._step(definition)) for definition in ruleset.definitions)
        self._scores = tuple(d.name for d in ruleset.declared if isinstance(d, Score))

    # -- running ----------------------------------------------------------------------------------------------------

    def facts(
        self,
        lead: Mapping[str, Any],
        events: Sequence[Event],
        context: Context,
        inputs: Mapping[str, Any] | None = None,
    ) -> LeadFacts:
        """The facts of one lead. Its events are in order: by time, then the one whose row sorts last."""
        seen = [event for event in events if context.as_of is None or event["at"] <= context.as_of]
        case = Case(lead, seen, context, dict(inputs or {}), self.ruleset.settings.key)
        for name, step in self._steps:
            case.values[name] = step(case)
        lines = [line for name in self._scores for line in case.lines[name]]
        fired = frozenset(f"{name}.{rule}" for name in self._scores for rule in case.fired[name])
        return LeadFacts(case.values, tuple(lines), fired, case)

    def value(self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None = None) -> Any:
        """One more expression on these facts; `rep` has the attributes that `rep.x` stands for."""
        return self._interpreter.closure(expr)(facts.case, rep)

    def trace(self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None = None) -> tuple[Seen, ...]:
        """What every part of an expression was worth, the whole first; parts that were not looked at are left out."""
        return tuple(self._traced(expr, facts, rep, 0))

    def whole_trace(self, expr: Expr, facts: LeadFacts) -> tuple[Seen, ...]:
        """What every part of an expression was worth, also those that did not decide."""
        return tuple(self._traced(expr, facts, None, 0, is_whole=True))

    def matching(self, selection: EventFilter, facts: LeadFacts) -> list[Event]:
        """The lead's events that a filter lets through, earliest first."""
        return self._events.chosen(selection)(facts.case)

    def weighed(self, rule: ScoreRule, facts: LeadFacts) -> list[tuple[Event, float]]:
        """The events that count for an `each` rule, earliest first, with the points of each before the rule's limits."""
        if rule.each is None:
            return []
        each = Each(rule.each, self._events, self._interpreter.closure(rule.points))
        return [(event, units / 10**EVENT_DECIMALS) for event, units in each.weighed(facts.case)]

    def _traced(
        self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None, depth: int, *, is_whole: bool = False
    ) -> Iterator[Seen]:
        yield Seen(expr, self.value(expr, facts, rep), depth)
        for part in expr.args if is_whole else self._looked_at(expr, facts, rep):
            yield from self._traced(part, facts, rep, depth + 1, is_whole=is_whole)

    def _looked_at(self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None) -> Iterable[Expr]:
        """The parts that decide: an `and` ends at its first no, an `or` at its first yes, `if` takes one side."""
        if expr.op == "if":
            chosen = expr.args[1] if yes(self.value(expr.args[0], facts, rep)) else expr.args[2]
            return (expr.args[0], chosen)
        if expr.op not in ("and", "or"):
            return expr.args
        parts: list[Expr] = []
        for part in expr.args:
            parts.append(part)
            if yes(self.value(part, facts, rep)) == (expr.op == "or"):
                break
        return parts

    # -- definitions ------------------------------------------------------------------------------------------------

    def _step(self, definition: Definition) -> Callable[[Case], Any]:
        match definition:
            case Define():
                return self._value_of(definition.value)
            case Segment():
                return self._condition(definition.condition)
            case Score():
                return self._score(definition)
            case Band():
                return self._band(definition)
            case Matrix():
                return _matrix(definition)
            case Classify():
                return self._first_label(definition.labels)
            case Stages():
                return self._stages(definition)
        raise AssertionError(definition)

    def _value_of(self, expr: Expr) -> Callable[[Case], Any]:
        closure = self._interpreter.closure(expr)
        return lambda case: closure(case, None)

    def _condition(self, expr: Expr | None) -> Callable[[Case], bool]:
        if expr is None:
            return lambda case: True
        closure = self._interpreter.closure(expr)
        return lambda case: yes(closure(case, None))

    def _score(self, score: Score) -> Callable[[Case], float]:
        rules = ScoreRules(score, [(rule, self._rule(rule)) for rule in score.rules])

        def step(case: Case) -> float:
            result = add_up(rules, case)
            case.lines[score.name], case.fired[score.name] = result.lines, result.fired
            return result.total

        return step

    def _rule(self, rule: ScoreRule) -> Callable[[Case], RuleResult | None]:
        """What a rule gives a lead that it matches; None where it does not match or does not exist on the day."""
        condition, give = self._condition(rule.when), self._given(rule)

        def result(case: Case) -> RuleResult | None:
            return give(case) if _exists(rule.active, case) and condition(case) else None

        return result

    def _given(self, rule: ScoreRule) -> Callable[[Case], RuleResult | None]:
        points = self._interpreter.closure(rule.points)
        if rule.each is not None:
            return Each(rule.each, self._events, points).result
        if rule.points.op == "const":
            constant = RuleResult(in_units(limited(rule.points.value), DECIMALS), None)
            return lambda case: constant
        return lambda case: RuleResult(in_units(limited(points(case, None)), DECIMALS), None)

    def _band(self, band: Band) -> Callable[[Case], str | None]:
        value, names = self._interpreter.closure(band.value), [label.name for label in band.labels]

        def step(case: Case) -> str | None:
            number = value(case, None)
            number = None if number is None else rounded(number, DECIMALS)
            before = _position(names, case.previous(band.name, band.previous_field))
            for position, label in enumerate(band.labels):
                held = label.hold is not None and before is not None and position >= before
                threshold = label.hold if held else label.start
                if threshold is None or (number is not None and number >= threshold):
                    return label.name
            return None

        return step

    def _first_label(self, labels: Sequence[ClassLabel]) -> Callable[[Case], str | None]:
        tests = [(label.name, label.active, self._condition(label.condition)) for label in labels]

        def step(case: Case) -> str | None:
            return next((name for name, active, test in tests if _exists(active, case) and test(case)), None)

        return step

    def _stages(self, stages: Stages) -> Callable[[Case], str | None]:
        found, names = self._first_label(stages.labels), [label.name for label in stages.labels]
        is_free = self._condition(stages.unless) if stages.unless is not None else lambda case: False

        def step(case: Case) -> str | None:
            label = found(case)
            if not stages.forward_only or is_free(case):
                return label
            before = _position(names, case.previous(stages.name, stages.previous_field))
            now = _position(names, label)
            falls = before is not None and (now is None or now > before)
            return names[before] if falls and before is not None else label

        return step


def prepare(ruleset: Ruleset, teams: Mapping[str, Sequence[str]] | None = None) -> Program:
    """A ruleset made ready to run; `teams` are the rosters that `in team` looks at."""
    return Program(ruleset, teams)


def _matrix(matrix: Matrix) -> Callable[[Case], str | None]:
    cells = {
        (row, column): label
        for row, labels in zip(matrix.rows, matrix.cells, strict=True)
        for column, label in zip(matrix.columns, labels, strict=True)
    }
    return lambda case: cells.get((case.values[matrix.rows_of], case.values[matrix.columns_of]))


def _position(names: Sequence[str], label: str | None) -> int | None:
    return names.index(label) if label in names else None


def _exists(active: Active | None, case: Case) -> bool:
    """Whether a line with `from` and `until` exists on the day of `as of`; without one it does."""
    if active is None or case.today is None:
        return True
    day = case.today.isoformat()
    return (active.start is None or active.start <= day) and (active.end is None or day <= active.end)
