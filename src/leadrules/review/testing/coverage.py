"""What tests reach of the rules: each rule line, and each clause of its conditions as true and as false.

In: a compiled ruleset; then what its tests looked at and ran. Out: `Coverage`: the points there are, and which tests reached
each. A clause that `and` or `or` did not come to was not reached. Prints nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leadrules.core.records import dataclass
from leadrules.engine.row import LeadFacts, Program
from leadrules.lifecycle.narrowed import is_set_off
from leadrules.lifecycle.single import Look, OneRun
from leadrules.review.testing.points import Condition, Key, Point, is_finish, lines_before, points_of
from leadrules.ruleset.model import Band, Classify, Matrix, Ruleset, Score, Segment, Stages, Test, TestItem

OF_LEADS = ("lead", "line", "event", "always")  # the conditions that are looked at before anything is decided


@dataclass(frozen=True, slots=True)
class Coverage:
    """The points of a ruleset in declaration order, and the numbers of the tests that reached each.

    `reached` also has the lines whose condition a run looked at, as `seen`.
    """

    points: tuple[Point, ...]
    reached: Mapping[Key, frozenset[int]]

    def tests(self, point: Point) -> frozenset[int]:
        """The tests that reached a point, by their numbers."""
        return self.reached.get(point.key, frozenset())

    @property
    def missing(self) -> list[Point]:
        """The points that no test reached."""
        return [point for point in self.points if point.key not in self.reached]

    @property
    def covered(self) -> int:
        """How many points some test reached."""
        return len(self.points) - len(self.missing)


class Observer:
    """Takes down what tests reach while they run; every test is told by its number."""

    def __init__(self, ruleset: Ruleset, tests: Iterable[Test] = ()) -> None:
        self.ruleset = ruleset
        self._points = points_of(ruleset)
        self.numbers = {id(test): number for number, test in enumerate(tests)}
        self._reached: dict[Key, set[int]] = defaultdict(set)
        self._of_leads = [one for one in self._points.conditions if one.when in OF_LEADS]
        self._of_runs = [one for one in self._points.conditions if one.when not in OF_LEADS]

    @property
    def coverage(self) -> Coverage:
        """What was reached until now."""
        return Coverage(tuple(self._points.points), {key: frozenset(t) for key, t in self._reached.items()})

    def looked(self, test: Test, look: Look) -> None:
        """A test looked at its lead."""
        self._note(test, reached_by_facts(self.ruleset, self._of_leads, look.found.program, look.facts))

    def ran(self, test: Test, run: OneRun) -> None:
        """A test's rules decided."""
        self._note(test, reached_by_run(self.ruleset, self._of_runs, run))

    def asked(self, test: Test, item: TestItem, look: Look) -> None:
        """What a test expects says nothing of what it reaches."""

    def of_facts(self, program: Program, facts: LeadFacts) -> set[Key]:
        """What one lead reaches before anything is decided."""
        return set(reached_by_facts(self.ruleset, self._of_leads, program, facts))

    def of_run(self, run: OneRun) -> set[Key]:
        """What the decisions of one run reach."""
        return set(reached_by_run(self.ruleset, self._of_runs, run))

    def _note(self, test: Test, keys: Iterable[Key]) -> None:
        number = self.numbers[id(test)]
        for key in keys:
            self._reached[key].add(number)


def reached_by_facts(
    ruleset: Ruleset, conditions: Iterable[Condition], program: Program, facts: LeadFacts
) -> Iterator[Key]:
    """The points of definitions that one lead reaches."""
    for definition in ruleset.definitions:
        value = facts.values[definition.name]
        match definition:
            case Segment():
                yield ("member" if value is True else "outsider", definition.name)
            case Score():
                names = (f"{definition.name}.{rule.name}" for rule in definition.rules)
                yield from (("fires" if name in facts.fired else "rests", name) for name in names)
                yield from (("bounds", definition.name, bound) for bound in _bounds(definition, facts))
            case Band() | Classify() | Stages():
                yield ("label", definition.name, value)
            case Matrix():
                yield ("cell", definition.name, facts.values[definition.rows_of], facts.values[definition.columns_of])
    for condition in conditions:
        for row in _rows(condition, program, facts):
            yield from outcomes(condition, program, facts, row)


def _bounds(score: Score, facts: LeadFacts) -> Iterator[str]:
    """The floor, the cap and the groups' limits that changed a lead's score: lines of its reasons that no rule gave."""
    rules = {rule.name for rule in score.rules}
    lines = (line for line in facts.contributions if line.score == score.name)
    yield from (line.rule for line in lines if line.is_bound or line.rule not in rules)


def _rows(condition: Condition, program: Program, facts: LeadFacts) -> Iterator[Mapping[str, Any] | None]:
    """Once for each time a condition is looked at; of events, each that there is."""
    if condition.when == "event":
        yield from (event for event in facts.case.events if event["type"] in condition.about)
    elif condition.when == "line":
        one, place = condition.about
        if not any(label.condition and _holds(program, label.condition, facts) for label in one.labels[:place]):
            yield None
    elif condition.when != "lead" or condition.about is None:
        yield None
    else:
        score, before = condition.about
        if not any(f"{score}.{name}" in facts.fired for name in before):
            yield None


def _holds(program: Program, expr: Any, facts: LeadFacts) -> bool:
    return program.value(expr, facts) is True


def outcomes(
    condition: Condition, program: Program, facts: LeadFacts, row: Mapping[str, Any] | None = None
) -> Iterator[Key]:
    """Which clauses were looked at, and what each was."""
    yield from _outcomes(condition.expr, program, facts, row)


def _outcomes(expr: Any, program: Program, facts: LeadFacts, row: Mapping[str, Any] | None) -> Iterator[Key]:
    if expr.op in ("and", "or"):
        for part in expr.args:
            yield from _outcomes(part, program, facts, row)
            if (program.value(part, facts, row) is True) == (expr.op == "or"):
                return
    elif expr.op == "not" and expr.args[0].op in ("and", "or", "not"):
        yield from _outcomes(expr.args[0], program, facts, row)
    else:
        yield ("true" if program.value(expr, facts, row) is True else "false", id(expr))


# -- what a run reaches -----------------------------------------------------------------------------------------------


def reached_by_run(ruleset: Ruleset, conditions: Iterable[Condition], run: OneRun) -> Iterator[Key]:
    """The points of triggers, routes, sequences and suppressions that one run reaches."""
    rows = run.decided.actions.select("kind", "rule", "reason").to_dicts()
    for name, leads in run.decided.fired.items():
        if leads:
            yield ("fires", name)
    for row in rows:
        if row["reason"] is None:
            rule = str(row["rule"])
            yield ("done", rule, row["kind"]) if is_finish(rule) else ("done", rule)
    program, facts = run.look.found.program, run.look.facts
    seen = _Seen(ruleset, run, rows)
    for condition in conditions:
        if seen.is_looked_at(condition):
            yield ("seen", condition.rule)
            yield from outcomes(condition, program, facts)


class _Seen:
    """Which conditions of the lifecycle a run looked at."""

    def __init__(self, ruleset: Ruleset, run: OneRun, rows: list[dict[str, Any]]) -> None:
        before = run.before
        self.program, self.facts, self.before = run.look.found.program, run.look.facts, before
        self.steps = {row["rule"] for row in rows}
        self.channels = {row["kind"] for row in rows}
        self.lines = set(_lines(ruleset, run))

    def is_looked_at(self, condition: Condition) -> bool:
        """Whether a condition was come to."""
        match condition.when:
            case "trigger":
                return is_set_off(condition.about, self.program, self.facts, self.before)
            case "route":
                return condition.about in self.lines
            case "exit" | "pause":
                sequence = self.before.get("sequence")
                return sequence is not None and condition.about in (None, sequence)
            case "step":
                return condition.about in self.steps
            case "suppress":
                return condition.about == "all" or condition.about in self.channels
        return True


def _lines(ruleset: Ruleset, run: OneRun) -> Iterator[tuple[str, str]]:
    """The lines of the routes that looked at the lead, until one took it."""
    looked = {batch.table.route.name for batch in run.decided.router.batches if batch.frame.height}
    for route in ruleset.routes:
        taken = run.decided.routes[route.name][0]
        if taken is not None or route.name in looked:
            yield from ((route.name, rule.name) for rule in lines_before(route, taken))
