"""Tests that reach every branch of a ruleset and both sides of every boundary, with today's answers.

In: a project with its rules. Out: `Generated`: the fewest `test` blocks that are found to reach what any lead that was tried does,
in the canonical layout, each seen to pass; and what no test reaches, with the reason. The leads are made up from the rules and the
schema: no data is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.core.types import Type
from leadrules.lifecycle.single import OneRun, Workbench
from leadrules.project.model import Project
from leadrules.review.testing.boundaries import Boundary
from leadrules.review.testing.cover import fewest
from leadrules.review.testing.coverage_report import what
from leadrules.review.testing.points import Key, Point, is_decided
from leadrules.review.testing.search import Search
from leadrules.review.testing.test_blocks import block, literal, name, text_literal
from leadrules.review.testing.testing import run_tests, source_text
from leadrules.review.testing.trial import Found
from leadrules.review.workspace import Workspace
from leadrules.ruleset.model import Band, Classify, Expr, Matrix, Ruleset, Score, Segment, Stages
from leadrules.syntax.format import format_file
from leadrules.syntax.nodes import Module, Test
from leadrules.syntax.parse import parse

FILE = "generated_test.lead"
NOT_WRITTEN = "its test could not be written"
FIRING = ("trigger.", "route.")
PRIVATE = ("assign", "notify")  # what these say is about persons of the company
Picked = tuple[Found, list[Key]]  # a lead, and what it reaches that those before it do not


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
        tests = "1 test reaches" if self.count == 1 else f"{self.count} tests reach"
        lines = [f"{tests} {self.reached:,} of {self.total:,} branches and sides of boundaries"]
        lines += (f"  not reached: {place}: {why}" for place, why in self.missing)
        return "".join(line + "\n" for line in lines)


class _Writer:
    """Leads as test blocks."""

    def __init__(self, search: Search, bench: Workbench) -> None:
        self.search, self.bench, self.ruleset = search, bench, bench.ruleset
        labelled = [one for one in self.ruleset.declared if isinstance(one, Band | Classify | Matrix | Stages)]
        self.labels = {one.name for one in labelled}
        self.types = {one: Type("label", (), one) for one in (*self.labels, "sequence")}
        self.paths = _paths(self.ruleset)

    def block(self, number: int, picked: Picked) -> str:
        """The test block."""
        found, adds = picked
        told = [list(self._decisions(run)) for run in found.runs] or [[]]
        told[-1] = [*self._facts(found, adds), *told[-1], *self._not_done(found, adds)] or ["1 = 1"]
        return block(f"Generated {number}: {self._title(adds)}", found.example, told, self.bench.calendar, self.types)

    def _title(self, adds: Sequence[Key]) -> str:
        rules = dict.fromkeys(self._rule(key) for key in adds)
        shown = list(rules)[:2]
        more = f" and {len(rules) - 2} more" if len(rules) > 2 else ""
        return ", ".join(shown) + more

    def _rule(self, key: Key) -> str:
        point = self.search.points.get(key)
        return (
            f"{point.rule}.{key[2]}" if point is not None and point.kind == "label" else self.search.trials.rule_of(key)
        )

    def _facts(self, found: Found, adds: Sequence[Key]) -> Iterator[str]:
        """The answers of today: scores, labels, segments, and the rules that fired; of segments that the lead is not in those it tells of."""
        values, declared = found.facts.values, self.ruleset.declared
        scores = [one.name for one in declared if isinstance(one, Score)]
        if scores:
            yield " and ".join(f"{name(one)} = {literal(values[one], self.bench.calendar)}" for one in scores)
        labels = [one.name for one in declared if one.name in self.labels]
        if labels:
            yield " and ".join(self._label(one, values[one]) for one in labels)
        rules = {self.search.trials.rule_of(key) for key in adds}
        segments = [one.name for one in declared if isinstance(one, Segment)]
        for word, some in (
            ("", [one for one in segments if values[one] is True]),
            ("not ", [one for one in segments if values[one] is not True and one in rules]),
        ):
            if some:
                yield " and ".join(f"{word}{name(one)}" for one in some)
        for rule in sorted(found.facts.fired):
            yield f"fired {self.paths[rule]}"

    def _label(self, one: str, label: Any) -> str:
        return f"{name(one)} is {'blank' if label is None else name(label)}"

    def _decisions(self, run: OneRun) -> Iterator[str]:
        for rule in sorted(path for path, leads in run.decided.fired.items() if leads):
            yield f"fired {self.paths[rule]}"
        yield from dict.fromkeys(map(self._action, run.actions))

    def _not_done(self, found: Found, adds: Sequence[Key]) -> Iterator[str]:
        """Of triggers and routes that the lead tells of, those that did not fire; of sequences, where it stands. Without a word of
        what is decided a test would not ask for it."""
        rules = dict.fromkeys(self._rule(key) for key in adds)
        if not found.runs or not any(map(is_decided, rules)):
            return
        run = found.runs[-1]
        fired = {path for path, leads in run.decided.fired.items() if leads}
        yield from (
            f"not fired {self.paths[one]}"
            for one in rules
            if one in self.paths and one not in fired and is_decided(one)
        )
        if self.ruleset.sequences and any(not one.startswith(FIRING) for one in rules if is_decided(one)):
            now = run.decided.table.row(0).get("sequence")
            yield f"sequence is {'blank' if now is None else name(now)}"

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


def _paths(ruleset: Ruleset) -> dict[str, str]:
    """The paths of everything that fires, each as a test writes it: a name in backquotes where it needs them."""
    scores = [one for one in ruleset.declared if isinstance(one, Score)]
    found = [
        *((one.name, rule.name) for one in scores for rule in one.rules),
        *(("route", one.name, line.name) for one in ruleset.routes for line in one.rules),
        *(("trigger", one.name) for one in ruleset.triggers),
    ]
    return {".".join(path): ".".join(map(name, path)) for path in found}


def chosen(pool: Sequence[Found], order: Sequence[Key]) -> list[Picked]:
    """The fewest leads that together reach what all do, in the order of what they are for, each with what it adds."""
    kept = [pool[place] for place in fewest([found.keys for found in pool])]
    place = {key: at for at, key in enumerate(order)}
    picked: list[Picked] = []
    left = {key for found in kept for key in found.keys}
    while kept:
        best = max(kept, key=lambda found: len(found.keys & left))
        picked.append((best, sorted(best.keys & left, key=lambda key: place[key])))
        left -= best.keys
        kept.remove(best)
    return sorted(picked, key=lambda one: place[one[1][0]] if one[1] else len(place))


class _Proof:
    """Tests read and run as those of any other file."""

    def __init__(self, workspace: Workspace, project: Project) -> None:
        self.workspace, self.project = workspace, project
        self.unread: set[Key] = set()  # what is reached by leads whose tests do not compile

    def text(self, blocks: Sequence[str]) -> str:
        """The blocks in the canonical layout."""
        return format_file(SourceFile(FILE, "".join(blocks))).text

    def failing(self, text: str) -> tuple[set[str], set[str]]:
        """The titles of those that do not compile; if all do, of those that do not pass."""
        from leadrules.compile.compile import compile_project

        module, found = parse(SourceFile(FILE, text))
        rules = [one for one in self.workspace.modules if one.file.path != FILE]
        compiled = compile_project(self.project, [*rules, module])
        errors = [one for one in (*found, *compiled.diagnostics) if one.severity == "error"]
        if errors or compiled.ruleset is None:
            return _titles(module, errors), set()
        tests = [one for one in compiled.ruleset.tests if (one.span or {}).get("path") == FILE]
        results = run_tests(compiled.ruleset, tests, self.project)
        return set(), {result.title for result in results if not result.passed}


def _titles(module: Module, errors: Sequence[Diagnostic]) -> set[str]:
    """The tests that errors are in; all of them, if none of the errors is in any."""
    tests = [one for one in module.statements if isinstance(one, Test)]
    places = [one.span.start for one in errors if one.span.file.path == FILE]
    found = {one.title or "" for one in tests if any(one.span.start <= at <= one.span.end for at in places)}
    return found or {one.title or "" for one in tests}


def generated(workspace: Workspace, tell: Callable[[int, int], None] = lambda done, total: None) -> Generated:
    """The tests of a project that compiles. `tell` hears how many goals are done, of how many."""
    ruleset, project = workspace.ruleset, workspace.project
    assert ruleset is not None
    assert project is not None
    bench = Workbench(project, ruleset)
    search = Search(bench)
    search.run(tell)
    writer, proof = _Writer(search, bench), _Proof(workspace, project)
    goals: dict[Key, Point | Boundary] = {**search.points, **search.boundaries}
    picked, text = _proved(search.pool, list(goals), writer, proof)
    reached = {key for (found, _) in picked for key in found.keys}
    files = {module.file.path: module.file for module in workspace.modules}
    why = dict.fromkeys(proof.unread, NOT_WRITTEN)
    missing = [
        (_place(one, files, ruleset), why.get(key) or search.why(key))
        for key, one in goals.items()
        if key not in reached
    ]
    return Generated(text, len(picked), len(goals) - len(missing), len(goals), tuple(missing))


def _proved(pool: Sequence[Found], order: Sequence[Key], writer: _Writer, proof: _Proof) -> tuple[list[Picked], str]:
    """The chosen leads and their tests; without a lead whose test does not pass the choice is made once more."""
    picked = chosen(pool, order)
    blocks = [writer.block(number, one) for number, one in enumerate(picked, 1)]
    if not blocks:
        return [], ""
    text = proof.text(blocks)
    unread, failing = proof.failing(text)
    if not unread and not failing:
        return picked, text
    titles = [text_literal(title) for title in unread | failing]
    left_out = [found for (found, _), one in zip(picked, blocks, strict=True) if any(title in one for title in titles)]
    if unread:
        proof.unread |= {key for found in left_out for key in found.keys}
    bad = set(map(id, left_out))
    return _proved([found for found in pool if id(found) not in bad], order, writer, proof)


def _place(one: Point | Boundary, files: dict[str, SourceFile], ruleset: Ruleset) -> str:
    span = one.span or {}
    said = what(one, files) if isinstance(one, Point) else _side(one, files)
    return f"{span.get('path', '')}:{span.get('line', 1)} {one.rule}, {said}"


def _side(one: Boundary, files: dict[str, SourceFile]) -> str:
    """`at 100`, `an event just before 30 days`."""
    if one.filter is not None and one.filter.within is not None:
        side = "just before" if one.step < 0 else "just inside"
        return f"an event {side} {one.filter.within.text}"
    assert isinstance(one.against, Expr)
    if one.against.span is None:
        held = f" with the label {one.held} before" if one.held is not None else ""
        return f"{one.side()} {one.against.value:g}{held}"
    return f"{one.side()} {source_text(one.against, files)}"
