"""A lead for everything that tests can reach, as far as one is found; and why not, where none is.

In: a ruleset made ready. Out: a pool of leads, each seen to reach what it says. First each goal's own leads, then leads upon leads
to the heights of scores, then further runs, then two leads in one. How much is tried is counted, never timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from types import MappingProxyType

from leadrules.core.types import NUMBER
from leadrules.lifecycle.single import Workbench
from leadrules.review.testing.boundaries import Boundary, as_number
from leadrules.review.testing.examples import Examples, Goal
from leadrules.review.testing.points import Key, Point, is_decided
from leadrules.review.testing.test_blocks import Example
from leadrules.review.testing.trial import Found, Trials
from leadrules.review.testing.walks import Walks
from leadrules.ruleset.model import Band, Expr, Matrix

TRIES, MOST_BASES, MOST_RUNS, MOST_CLIMBED = 16, 2, 15, 12
NONE_FOUND = "no lead was found"


class Search:
    """The leads found until now, and what was tried for the goals that were not reached."""

    def __init__(self, bench: Workbench) -> None:
        self.ruleset = bench.ruleset
        self.examples = Examples(bench)
        self.trials = Trials(bench, self.examples.points.points, self.examples.boundaries)
        self.points, self.boundaries = self.trials.points, self.trials.boundaries
        self.decides = bool(self.ruleset.routes or self.ruleset.triggers or self.ruleset.sequences)
        self.pool: list[Found] = []
        self.reached: set[Key] = set()
        self.missed: dict[Key, tuple[Goal, list[Example]]] = {}

    def run(self, tell: Callable[[int, int], None]) -> None:
        """A lead for every goal that an earlier one does not reach by itself."""
        self.keep(self.trials.glanced(self.examples.empty))
        total = len(self.points) + len(self.boundaries)
        for done, goal in enumerate(self.examples.goals(), 1):
            if goal.key not in self.reached:
                self._reach(goal)
            tell(done, total)
        self._climb()
        Walks(self.examples, self.trials, self).run(
            [goal for key, (goal, _) in self.missed.items() if key not in self.reached]
        )
        for key, (goal, tried) in self.missed.items():
            if key not in self.reached and not goal.is_impossible:
                self._join(key, self._like(key) or tried[:MOST_BASES])

    def keep(self, found: Found) -> Found:
        """A lead that reaches something new; what is decided of it is looked at, too, for it may reach more."""
        if self.decides and not found.runs:
            found = self.trials.ran(found.example)
        self.pool.append(found)
        self.reached |= found.keys
        return found

    def _reach(self, goal: Goal) -> None:
        tried: list[Example] = []
        for example in islice(goal.examples, TRIES):
            tried.append(example)
            found = self.trials.glanced(example)
            if self.is_decided(goal.key) and not goal.takes_runs and self.could(goal.key, found):
                found = self.trials.ran(example)
            if goal.key in found.keys:
                self.keep(found)
                return
        self.missed[goal.key] = (goal, tried)

    def is_decided(self, key: Key) -> bool:
        """Whether only a run's decisions can reach it."""
        return is_decided(self.trials.rule_of(key))

    def could(self, key: Key, found: Found) -> bool:
        """Whether a clause of a decision is as it is wanted; of anything else a run is asked."""
        clause = self.points[key].clause if key in self.points else None
        if clause is None:
            return True
        holds = found.program.value(clause, found.facts) is True
        return holds == (self.points[key].kind == "true")

    # -- several leads in one -----------------------------------------------------------------------------------------

    def _climb(self) -> None:
        """Lead upon lead joined as long as a score or what a band looks at rises, or falls; to boundaries, and within a matrix."""
        bands = {one.name: one for one in self.ruleset.declared if isinstance(one, Band)}
        for key in [key for key in self.missed if key not in self.reached]:
            if key in self.reached:
                continue
            edge, point = self.boundaries.get(key), self.points.get(key)
            if edge is not None and edge.band is not None:
                band = bands[edge.band]
                before = {band.name: edge.held} if edge.held is not None else {}
                self._climb_to(key, band.value, 1, partial(self._is_below, band, edge), before)
            elif point is not None and point.kind == "cell":
                self._climb_in_row(point, bands)
            elif point is not None and point.kind == "label" and point.rule in bands:
                for sign in (1, -1):
                    self._climb_to(key, bands[point.rule].value, sign, lambda found: True)
            elif point is not None and point.kind == "bounds":
                score = Expr("name", NUMBER, value=point.rule)
                self._climb_to(key, score, -1 if point.key[2] == "floor" else 1, lambda found: True)

    def _is_below(self, band: Band, edge: Boundary, found: Found) -> bool:
        height, number = self._height(found, band.value), edge.number(found.program, found.facts)
        return number is not None and (height < number or (height == number and not edge.step))

    def _climb_in_row(self, cell: Point, bands: Mapping[str, Band]) -> None:
        matrix = self._matrix(cell)
        band, row = bands.get(matrix.columns_of), cell.key[2]
        if band is not None:
            is_in_row = partial(self._has_row, matrix.rows_of, row)
            self._climb_to(cell.key, band.value, 1, is_in_row)

    def _has_row(self, rows_of: str, row: str, found: Found) -> bool:
        return bool(found.facts.values[rows_of] == row)

    def _matrix(self, cell: Point) -> Matrix:
        matrix = next(one for one in self.ruleset.declared if one.name == cell.rule)
        assert isinstance(matrix, Matrix)
        return matrix

    def _climb_to(
        self,
        key: Key,
        height: Expr,
        sign: int,
        allows: Callable[[Found], bool],
        before: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """The steepest way up, or down, of what the pool's leads add, as long as it is allowed and leads on.

        `before`: the label that all of them had before.
        """
        pool = list({tuple(sorted(found.facts.fired)): found for found in reversed(self.pool)}.values())
        if before:
            examples = (Example(one.example.as_of, {**one.example.given, **before}, one.example.events) for one in pool)
            pool = [self._seen(example) for example in examples]
        allowed = [found for found in pool if allows(found)]
        if not allowed:
            return
        at = max(allowed, key=lambda found: sign * self._height(found, height))
        for _ in range(MOST_CLIMBED):
            joined = (self._seen(_joined(at.example, found.example)) for found in pool)
            higher = [found for found in joined if allows(found)]
            best = max(higher, key=lambda found: sign * self._height(found, height), default=at)
            if sign * self._height(best, height) <= sign * self._height(at, height):
                return
            at = self.trials.glanced(best.example)
            if at.keys - self.reached:
                self.keep(at)
            if key in self.reached:
                return

    def _seen(self, example: Example) -> Found:
        """A lead with what is so of it, and no look at what it reaches."""
        return Found(example, self.trials.facts(example), self.trials.bench.program, (), frozenset())

    def _height(self, found: Found, height: Expr) -> float:
        value = found.program.value(height, found.facts)
        return float(value) if value is not None else 0.0

    def _like(self, key: Key) -> list[Example]:
        """Leads that are half way there: of a cell, those of its row."""
        point = self.points.get(key)
        if point is None or point.kind != "cell":
            return []
        rows_of, row = self._matrix(point).rows_of, point.key[2]
        return [found.example for found in self.pool if self._has_row(rows_of, row, found)][:MOST_BASES]

    def _join(self, key: Key, bases: Sequence[Example]) -> None:
        """A lead that nearly reaches a goal, joined with each other one in turn."""
        decides, left = self.is_decided(key), MOST_RUNS
        seen: list[object] = []
        for base in bases:
            for other in list(self.pool):
                if other.example.later:
                    continue
                found = self.trials.glanced(_joined(other.example, base))
                if decides:
                    # Only a lead that is another for the rules than those before is worth a run.
                    if found.facts.values in seen or not left or not self.could(key, found):
                        continue
                    seen.append(found.facts.values)
                    left -= 1
                    found = self.trials.ran(found.example)
                if key in found.keys:
                    self.keep(found)
                    return

    # -- in words -----------------------------------------------------------------------------------------------------

    def why(self, key: Key) -> str:
        """Why a goal is not reached; of a number that was sought, also how near the leads came."""
        if key not in self.missed:
            return "its test does not pass"
        goal, tried = self.missed[key]
        if goal.is_impossible:
            return "no lead can: the conditions exclude it"
        if not tried:
            return f"{NONE_FOUND} of what a test can give"
        words = self._of_another(key)
        if words is not None:
            return words
        if goal.takes_runs:
            return f"{NONE_FOUND} that does it in a further run (`on {goal.takes_runs}`)"
        return self._nearest(key) or NONE_FOUND

    def _of_another(self, key: Key) -> str | None:
        """Why one lead alone cannot come to a line of a route."""
        rule = self.trials.rule_of(key)
        for route in self.ruleset.routes:
            for place, line in enumerate(route.rules):
                if rule == f"route.{route.name}.{line.name}":
                    if line.target.kind == "match":
                        return "it takes another lead of the account, and a test has one lead"
                    has_team = any(one.target.kind == "team" for one in route.rules[:place])
                    return f"{NONE_FOUND} for whom the lines before it have nobody" if has_team else None
        return None

    def _nearest(self, key: Key) -> str | None:
        one = self.boundaries.get(key)
        if one is None or one.expr is None or (one.condition and one.condition.when == "event"):
            return None
        sides = [
            (as_number(lead.program.value(one.expr, lead.facts)), one.number(lead.program, lead.facts))
            for lead in self.pool
        ]
        off = [(abs(a - b), a) for a, b in sides if a is not None and b is not None and a != b]
        is_number = one.expr.type.kind == "number"
        return f"{NONE_FOUND}; the nearest one is at {min(off)[1]:g}" if off and is_number else None


def _joined(one: Example, other: Example) -> Example:
    """One lead with what both have; where they differ, the other's."""
    events = (*one.events, *(event for event in other.events if event not in one.events))
    return Example(other.as_of, {**one.given, **other.given}, events)
