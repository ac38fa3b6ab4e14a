"""Tests that reach every branch of a ruleset and both sides of every boundary, with today's answers.

In: a project with its rules. Out: `Generated`: as few `test` blocks as a greedy cover finds, in the canonical layout, each seen
to pass; and what no test reaches, with the reason. The leads are made up from the rules and the schema: no data is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from leadrules.core.source import SourceFile
from leadrules.core.types import NUMBER, Type
from leadrules.lifecycle.single import Look, OneRun, Workbench
from leadrules.project.model import Project
from leadrules.review.tests.boundaries import Boundary, as_number, met
from leadrules.review.tests.coverage import Observer
from leadrules.review.tests.coverage_report import what
from leadrules.review.tests.examples import Examples, Goal
from leadrules.review.tests.points import Key, Point
from leadrules.review.tests.test_blocks import Example, block, literal, name, text_literal
from leadrules.review.tests.testing import lead_of, run_tests
from leadrules.review.workspace import Workspace
from leadrules.ruleset.model import Band, Classify, Expr, Matrix, Ruleset, Score, Segment, Stages
from leadrules.syntax.format import format_file
from leadrules.syntax.parse import parse

TRIES, MOST_BASES, MOST_RUNS = 12, 2, 15
FILE = "generated_test.lead"
NONE_FOUND = "no lead was found"
PRIVATE = ("assign", "notify")  # what these say is about persons of the company
TAKES_RUNS = ("leave", "overdue")


@dataclass(frozen=True, slots=True)
class Found:
    """An example, what it looks like to the engines, and what it reaches; `run` where its decisions were looked at."""

    example: Example
    look: Look
    run: OneRun | None
    keys: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Generated:
    """The tests, how many, what they reach of how much, and what they do not with the reason."""

    text: str
    count: int
    reached: int
    total: int
    missing: tuple[tuple[str, str], ...]

    @property
    def summary(self) -> str:
        """What was made, and what could not be reached and why."""
        lines = [f"{self.count} tests reach {self.reached:,} of {self.total:,} branches and sides of boundaries"]
        lines += (f"  not reached: {place}: {why}" for place, why in self.missing)
        return "".join(line + "\n" for line in lines)


@dataclass(slots=True)
class _Search:
    """The leads found until now, and the reasons why goals were not reached."""

    pool: list[Found] = field(default_factory=list)
    reached: set[Key] = field(default_factory=set)
    missed: dict[Key, tuple[str, list[Example]]] = field(default_factory=dict)


class _Generator:
    def __init__(self, workspace: Workspace, ruleset: Ruleset, project: Project) -> None:
        self.workspace, self.ruleset, self.project = workspace, ruleset, project
        self.bench = Workbench(project, ruleset)
        self.observer = Observer(ruleset)
        self.examples = Examples(self.bench)
        self.points = {point.key: point for point in self.examples.points.points}
        self.boundaries = {one.key: one for one in self.examples.boundaries}
        self.labels = {one.name for one in ruleset.definitions if isinstance(one, Band | Classify | Matrix | Stages)}

    def search(self, tell: Callable[[int, int], None]) -> _Search:
        """A lead for every goal that an earlier one does not reach by itself."""
        search = _Search()
        self._keep(search, self._tried(self.examples.empty, decides=bool(self.ruleset.routes)))
        total = len(self.points) + len(self.boundaries)
        for done, goal in enumerate(self.examples.goals(), 1):
            if goal.key not in search.reached:
                self._reach(search, goal)
            tell(done, total)
        self._climb(search)
        for key, (_, tried) in search.missed.items():
            if key not in search.reached:
                self._join(search, key, self._like(search, key) or tried)
        return search

    def _keep(self, search: _Search, found: Found) -> None:
        search.pool.append(found)
        search.reached |= found.keys

    def _reach(self, search: _Search, goal: Goal) -> None:
        tried: list[Example] = []
        for example in islice(goal.examples, TRIES):
            tried.append(example)
            found = self._tried(example, decides=self._is_decided(goal.key))
            if goal.key in found.keys:
                self._keep(search, found)
                return
        search.missed[goal.key] = (self._why(goal, tried), [] if goal.is_impossible else tried[:MOST_BASES])

    # -- several leads in one -----------------------------------------------------------------------------------------

    def _climb(self, search: _Search) -> None:
        """Lead upon lead joined as long as a score or what a band looks at rises, or falls; to boundaries, and within a matrix."""
        bands = {one.name: one for one in self.ruleset.declared if isinstance(one, Band)}
        for band in bands.values():
            for sign in (1, -1):
                self._climb_to(search, band.value, sign, lambda found: True)
        bounds = [point for key, point in self.points.items() if point.kind == "bounds" and key not in search.reached]
        for score in dict.fromkeys(point.rule for point in bounds):
            for sign in (1, -1):  # to its cap and its floor
                self._climb_to(search, Expr("name", NUMBER, value=score), sign, lambda found: True)
        for key in [key for key in search.missed if key not in search.reached]:
            edge, point = self.boundaries.get(key), self.points.get(key)
            named = bands.get((edge.rule if edge is not None else "").partition(".")[0])
            if edge is not None and edge.clause is None and named is not None:
                self._climb_to(search, named.value, 1, partial(self._is_below, named, edge))
            elif point is not None and point.kind == "cell":
                self._climb_in_row(search, point, bands)

    def _is_below(self, band: Band, edge: Boundary, found: Found) -> bool:
        height = self._height(found, band.value)
        return height < edge.number or (height == edge.number and not edge.step)

    def _climb_in_row(self, search: _Search, cell: Point, bands: Mapping[str, Band]) -> None:
        matrix = next(one for one in self.ruleset.declared if one.name == cell.rule)
        assert isinstance(matrix, Matrix)
        band, row = bands.get(matrix.columns_of), cell.key[2]
        if band is not None:
            self._climb_to(search, band.value, 1, lambda found: found.look.facts.values[matrix.rows_of] == row)

    def _climb_to(self, search: _Search, height: Expr, sign: int, allows: Callable[[Found], bool]) -> None:
        pool = list(search.pool)
        at = next((found for found in pool if allows(found)), None)
        for found in pool if at is not None else ():
            assert at is not None
            joined = self._tried(_joined(at.example, found.example), decides=False)
            if allows(joined) and sign * self._height(joined, height) > sign * self._height(at, height):
                at = joined
                if at.keys - search.reached:
                    self._keep(search, at)

    def _height(self, found: Found, height: Expr) -> float:
        value = found.look.found.program.value(height, found.look.facts)
        return float(value) if value is not None else 0.0

    def _like(self, search: _Search, key: Key) -> list[Example]:
        """Leads that are half way there: of a cell, those of its row."""
        point = self.points.get(key)
        if point is None or point.kind != "cell":
            return []
        matrix = next(one for one in self.ruleset.declared if one.name == point.rule)
        assert isinstance(matrix, Matrix)
        rows = [found.example for found in search.pool if found.look.facts.values[matrix.rows_of] == key[2]]
        return rows[:MOST_BASES]

    def _could(self, key: Key, look: Look) -> bool:
        """Whether a clause of a decision is as it is wanted; of anything else a run is asked."""
        clause = self.points[key].clause if key in self.points else None
        if clause is None:
            return True
        holds = look.found.program.value(clause, look.facts) is True
        return holds == (self.points[key].kind == "true")

    def _join(self, search: _Search, key: Key, bases: Sequence[Example]) -> None:
        """A lead that nearly reaches a goal, joined with each other one in turn."""
        decides, left = self._is_decided(key), MOST_RUNS
        seen: list[Any] = []
        for base in bases:
            for other in list(search.pool):
                found = self._tried(_joined(other.example, base), decides=False)
                if decides:
                    # Only a lead that is another for the rules than those before is worth a run.
                    if found.look.facts.values in seen or not left or not self._could(key, found.look):
                        continue
                    seen.append(found.look.facts.values)
                    left -= 1
                    found = self._tried(found.example, decides=True)
                if key in found.keys:
                    self._keep(search, found)
                    return

    def _is_decided(self, key: Key) -> bool:
        """Whether only a run's decisions can reach it."""
        point = self.points.get(key)
        rule = point.rule if point is not None else self.boundaries[key].rule
        return rule.startswith(("route.", "trigger.", "sequence.", "exit ", "suppress "))

    def _why(self, goal: Goal, tried: Sequence[Example]) -> str:
        rule = self.points[goal.key].rule if goal.key in self.points else self.boundaries[goal.key].rule
        trigger = next((one for one in self.ruleset.triggers if rule == f"trigger.{one.name}"), None)
        if trigger is not None and trigger.on.kind in TAKES_RUNS:
            return f"it takes a run before it (`on {trigger.on.kind}`), write it with `then after`"
        if goal.is_impossible:
            return "no lead can: the conditions exclude it"
        return NONE_FOUND if tried else f"{NONE_FOUND} of what a test can give"

    def reason(self, search: _Search, key: Key) -> str:
        """Why a goal is not reached; of a number that was sought, also how near the leads came."""
        why = search.missed[key][0] if key in search.missed else "its test does not pass"
        one = self.boundaries.get(key)
        if why != NONE_FOUND or one is None or one.expr is None or (one.condition and one.condition.when == "event"):
            return why
        found = (as_number(lead.look.found.program.value(one.expr, lead.look.facts)) for lead in search.pool)
        off = min((number for number in found if number is not None), key=lambda n: abs(n - one.number), default=None)
        return why if off is None or off == one.number else f"{why}; the nearest one is at {off:g}"

    def _tried(self, example: Example, *, decides: bool) -> Found:
        look = lead_of(self.bench, example.items)
        program = look.found.program
        keys = self.observer.of_facts(program, look.facts)
        keys |= set(met(self.boundaries.values(), program, look.facts))
        run = self.bench.run(look, lasting=False) if decides else None
        if run is not None:
            keys |= self.observer.of_run(run)
        known = self.points.keys() | self.boundaries.keys()
        return Found(example, look, run, frozenset(keys & known))

    # -- the fewest -------------------------------------------------------------------------------------------------

    def chosen(self, pool: Sequence[Found]) -> Iterator[tuple[Found, list[Key]]]:
        """Leads that together reach what all do, the one that adds most first, each with what it adds."""
        left = {key for found in pool for key in found.keys}
        order = {key: at for at, key in enumerate([*self.points, *self.boundaries])}
        while left:
            best = max(pool, key=lambda found: len(found.keys & left))
            yield best, sorted(best.keys & left, key=lambda key: order[key])
            left -= best.keys

    # -- in words ---------------------------------------------------------------------------------------------------

    def block(self, number: int, found: Found, adds: Sequence[Key]) -> str:
        """The test block."""
        types = {one: Type("label", (), one) for one in (*self.labels, "sequence")}
        expects = [*self._facts(found), *(self._decisions(found.run) if found.run is not None else ())]
        title = f"Generated {number}: {self._title(adds)}"
        return block(title, found.example, expects, self.bench.calendar, types)

    def _title(self, adds: Sequence[Key]) -> str:
        rules = dict.fromkeys(self._rule(key) for key in adds)
        shown = list(rules)[:2]
        more = f" and {len(rules) - 2} more" if len(rules) > 2 else ""
        return ", ".join(shown) + more

    def _rule(self, key: Key) -> str:
        if key not in self.points:
            return self.boundaries[key].rule
        point = self.points[key]
        return f"{point.rule}.{key[2]}" if point.kind == "label" else point.rule

    def _facts(self, found: Found) -> Iterator[str]:
        """The answers of today: scores, labels, segments, and the rules that fired."""
        values, ruleset = found.look.facts.values, self.ruleset
        scores = [one.name for one in ruleset.declared if isinstance(one, Score)]
        if scores:
            yield " and ".join(f"{name(one)} = {literal(values[one], self.bench.calendar)}" for one in scores)
        labels = [one for one in ruleset.declared if one.name in self.labels]
        if labels:
            yield " and ".join(self._label(one.name, values[one.name]) for one in labels)
        for is_in in (True, False):
            some = [one.name for one in ruleset.declared if isinstance(one, Segment) and values[one.name] is is_in]
            if some:
                yield " and ".join(f"{'' if is_in else 'not '}{name(one)}" for one in some)
        for rule in sorted(found.look.facts.fired):
            yield f"fired {_path(rule)}"

    def _label(self, one: str, label: Any) -> str:
        return f"{name(one)} is {'blank' if label is None else name(label)}"

    def _decisions(self, run: OneRun) -> Iterator[str]:
        for rule in sorted(path for path, leads in run.decided.fired.items() if leads):
            yield f"fired {_path(rule)}"
        for action in run.actions:
            yield self._action(action)

    def _action(self, action: dict[str, Any]) -> str:
        kind, said = action["kind"], action["what"]
        if kind in PRIVATE:
            return f"action {kind}"
        if kind == "set":
            return f"action {kind} {name(said)} = {self._set_value(said, action['value'])}"
        content = action["value"] if kind in ("enroll", "move", "stop") else said
        words = [f"action {name(kind)}", *([text_literal(content)] if content else [])]
        return " ".join([*words, *([f"template {text_literal(action['template'])}"] if action["template"] else [])])

    def _set_value(self, field: str, value: str | None) -> str:
        """A value of actions.csv as rules write it: numbers, dates and yes/no look the same there."""
        kind = self.bench.types[field].kind if field in self.bench.types else "text"
        if value is None:
            return "blank"
        return value if kind in ("number", "date", "yesno") else text_literal(value)

    # -- seen to pass -----------------------------------------------------------------------------------------------

    def verified(self, blocks: Sequence[str]) -> tuple[str, list[str]]:
        """The blocks that read and pass, laid out; and the titles of those that do not."""
        text = format_file(SourceFile(FILE, "".join(blocks))).text
        results = self._results(text)
        failing = {result.title for result in results if not result.passed}
        if not failing and len(results) == len(blocks):
            return text, []
        good = [one for one in blocks if not any(text_literal(title) in one for title in failing)]
        kept = good if len(good) < len(blocks) else []
        return (self.verified(kept)[0] if kept else ""), sorted(failing)

    def _results(self, text: str) -> list[Any]:
        from leadrules.compile.compile import compile_project

        module, found = parse(SourceFile(FILE, text))
        rules = [one for one in self.workspace.modules if one.file.path != FILE]
        compiled = compile_project(self.project, [*rules, module]).ruleset
        if compiled is None or any(one.severity == "error" for one in found):
            return []
        tests = [one for one in compiled.tests if (one.span or {}).get("path") == FILE]
        return run_tests(compiled, tests, self.project)


def _joined(one: Example, other: Example) -> Example:
    """One lead with what both have; where they differ, the other's."""
    events = (*one.events, *(event for event in other.events if event not in one.events))
    return Example(other.as_of, {**one.given, **other.given}, events)


def _path(rule: str) -> str:
    """`score.rule` with names in backquotes where they need them."""
    return ".".join(name(part) for part in rule.split("."))


def generated(workspace: Workspace, tell: Callable[[int, int], None] = lambda done, total: None) -> Generated:
    """The tests of a project that compiles. `tell` hears how many goals are done, of how many."""
    ruleset, project = workspace.ruleset, workspace.project
    assert ruleset is not None
    assert project is not None
    generator = _Generator(workspace, ruleset, project)
    search = generator.search(tell)
    picked = list(generator.chosen(search.pool))
    blocks = [generator.block(number, found, adds) for number, (found, adds) in enumerate(picked, 1)]
    text, failing = generator.verified(blocks)
    kept = [
        one for one, written in zip(picked, blocks, strict=True) if not any(text_literal(t) in written for t in failing)
    ]
    if not text:
        kept = []
    reached = {key for (found, _) in kept for key in found.keys}
    files = {module.file.path: module.file for module in workspace.modules}
    goals: dict[Key, Point | Boundary] = {**generator.points, **generator.boundaries}
    missing = [(_place(one, files), generator.reason(search, key)) for key, one in goals.items() if key not in reached]
    return Generated(text, len(kept), len(goals) - len(missing), len(goals), tuple(missing))


def _place(one: Point | Boundary, files: dict[str, SourceFile]) -> str:
    span = one.span or {}
    said = what(one, files) if isinstance(one, Point) else f"{one.words}"
    return f"{span.get('path', '')}:{span.get('line', 1)} {one.rule}, {said}"
