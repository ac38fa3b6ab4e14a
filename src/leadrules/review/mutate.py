"""Which small edits of the rules no test would notice.

In: a ruleset whose tests pass. Out: `Mutation`: per mutant whether a test fails with it, and the survivors as text and as
JSON. A test is run only if it comes to the edited line and sees something else there than before; the first that fails ends
a mutant's trial.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from leadrules.core.source import SourceFile
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.lifecycle.single import Look, OneRun, Workbench
from leadrules.project.model import Project
from leadrules.review.coverage import Coverage, Observer
from leadrules.review.mutants import ANYHOW, Mutant, clause_keys, mutants_of
from leadrules.review.testing import passes
from leadrules.ruleset.model import Band, Classify, Expr, Matrix, Ruleset, Segment, Stages, Test, TestItem
from leadrules.ruleset.walk import below, expression_parts

Files = Mapping[str, SourceFile]
MOST_SHOWN = 70
NOTICES, DECIDES_ELSE, SEES_THE_SAME = "notices", "decides else", "sees the same"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a mutant: the title of the test that noticed it, else how many tests came to its line."""

    mutant: Mutant
    noticed_by: str | None
    tests: int


@dataclass(frozen=True, slots=True)
class Mutation:
    """The trials in the order of the rule files, and how many edits prove to mean the same."""

    trials: tuple[Trial, ...]
    equivalent: int
    files: Files

    @property
    def survivors(self) -> list[Trial]:
        """The mutants that no test noticed."""
        return [trial for trial in self.trials if trial.noticed_by is None]

    @property
    def text(self) -> str:
        """The survivors with their lines, and the count."""
        noticed = len(self.trials) - len(self.survivors)
        lines = [f"mutants: {noticed:,} of {len(self.trials):,} noticed{self._left_out}"]
        for path, trials in groupby(self.survivors, key=lambda trial: _place(trial)[0]):
            lines.append(f"  {path}: no test notices that")
            for trial in trials:
                why = "" if trial.tests else "  (no test comes to this line)"
                lines.append(f"    line {_place(trial)[1]}  {trial.mutant.rules[0]}: {self._words(trial)}{why}")
        return "".join(line + "\n" for line in lines)

    @property
    def _left_out(self) -> str:
        return f"; {self.equivalent:,} more mean the same and were left out" if self.equivalent else ""

    def _words(self, trial: Trial) -> str:
        source = shortened(_source(trial.mutant, self.files), MOST_SHOWN)
        # A number says no more than the change does.
        return f"{trial.mutant.words}: `{source}`" if source.strip("0123456789_.%") else trial.mutant.words

    @property
    def as_json(self) -> dict[str, Any]:
        """The part `mutation` of the document of docs/schemas/test.schema.json."""
        rows = [
            {
                "rule": trial.mutant.rules[0],
                "path": _place(trial)[0],
                "line": _place(trial)[1],
                "column": _place(trial)[2],
                "change": trial.mutant.words,
                "in": _source(trial.mutant, self.files),
                "noticed_by": trial.noticed_by,
                "tests": trial.tests,
            }
            for trial in self.trials
        ]
        noticed = len(rows) - len(self.survivors)
        return {"noticed": noticed, "total": len(rows), "equivalent": self.equivalent, "mutants": rows}


def _place(trial: Trial) -> tuple[str, int, int]:
    span = trial.mutant.span or {}
    return span.get("path", ""), span.get("line", 1), span.get("column", 1)


def _source(mutant: Mutant, files: Files) -> str:
    """The words of the rule file that change, where they are on one line."""
    span = mutant.span
    if span is None or span["path"] not in files or span["line"] != span["end_line"]:
        return ""
    file = files[span["path"]]
    return file.text[file.offset(span["line"], span["column"]) : file.offset(span["end_line"], span["end_column"])]


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def mutation(
    ruleset: Ruleset,
    project: Project,
    tests: Sequence[Test],
    files: Files,
    recorder: Recorder,
    *,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Mutation:
    """Try every mutant. `recorder` watched the tests pass; `tell` hears how many mutants are done, of how many."""
    found = mutants_of(ruleset, project)
    court = _Court(ruleset, project, tests, recorder)
    trials = []
    for done, mutant in enumerate(found.mutants, 1):
        trials.append(court.trial(mutant))
        tell(done, len(found.mutants))
    return Mutation(tuple(trials), found.equivalent, files)


class Recorder(Observer):
    """Takes down, beside what tests reach, each lead that they look at and what they expect of it."""

    def __init__(self, ruleset: Ruleset, tests: Sequence[Test]) -> None:
        super().__init__(ruleset, tests)
        self.looks: dict[int, list[Look]] = defaultdict(list)
        self.asked_of: dict[int, list[TestItem]] = defaultdict(list)  # by the id of the look
        self.decides: set[int] = set()

    def looked(self, test: Test, look: Look) -> None:
        """A test looked at its lead."""
        super().looked(test, look)
        self.looks[self.numbers[id(test)]].append(look)

    def program(self, look: Look) -> Program:
        """The rules as they are."""
        return look.found.program

    def ran(self, test: Test, run: OneRun) -> None:
        """A test's rules decided."""
        super().ran(test, run)
        self.decides.add(id(test))

    def asked(self, test: Test, item: TestItem, look: Look) -> None:
        """A test expects something that its lead's facts alone can tell."""
        self.asked_of[id(look)].append(item)


class _Court:
    """Tries mutants against tests that pass."""

    def __init__(self, ruleset: Ruleset, project: Project, tests: Sequence[Test], recorder: Recorder) -> None:
        self.project, self.tests, self.recorder = project, tests, recorder
        self.teams = dict(project.team.teams)
        self.coverage: Coverage = self.recorder.coverage
        deciding = frozenset(decisive(ruleset))
        self._decisive = {
            number: deciding.union(*(_named(item, ruleset) for item in test.items if item.condition is not None))
            if id(test) in self.recorder.decides
            else frozenset[str]()
            for number, test in enumerate(tests)
        }

    def trial(self, mutant: Mutant) -> Trial:
        """Whether some test fails with the mutant."""
        ruleset = mutant.make()
        program = prepare(ruleset, self.teams)
        near = self._comes_to(mutant)
        ordered = [*near, *(number for number in range(len(self.tests)) if number not in near)]
        again: list[int] = []
        if mutant.is_defined:
            for number in ordered:
                fate = self._sees(number, program)
                if fate == NOTICES:
                    return Trial(mutant, self.tests[number].title, max(len(near), 1))
                if fate == DECIDES_ELSE:
                    again.append(number)
        if mutant.is_decided:
            again += [number for number in near if number not in again and self._matters(number, mutant, program)]
        bench = Workbench(self.project, ruleset) if again else None
        for number in sorted(again, key=self._cost):
            if bench is not None and not passes(bench, self.tests[number]):
                return Trial(mutant, self.tests[number].title, max(len(near), 1))
        return Trial(mutant, None, len(near.union(again)))

    def _cost(self, number: int) -> int:
        """How often the rules run in a test."""
        return sum(item.kind == "then" for item in self.tests[number].items)

    def _matters(self, number: int, mutant: Mutant, program: Program) -> bool:
        """Whether what a mutant changes is worth something else for the lead of a test; where that cannot be told, it is."""
        tops = mutant.change.tops
        return not tops or any(
            program.value(new, look.facts) != self.recorder.program(look).value(old, look.facts)
            for look in self.recorder.looks[number]
            for old, new in tops
        )

    def _comes_to(self, mutant: Mutant) -> set[int]:
        """The numbers of the tests that reach the line of a mutant, and its clause where it is in one."""
        reached = self.coverage.reached
        lines = {
            number for rule in mutant.rules for kind in mutant.change.reach for number in reached.get((kind, rule), ())
        }
        finishes = (tests for key, tests in reached.items() if key[0] == "done" and key[1] in mutant.rules)
        is_within = mutant.change.reach == ANYHOW
        clauses = {number for key in clause_keys(mutant) for number in reached.get(key, ())} if is_within else set()
        return lines.union(clauses, *finishes)

    def _sees(self, number: int, program: Program) -> str:
        """What a mutant of definitions does to a test, as far as that can be told without deciding anything."""
        names = self._decisive[number]
        for look in self.recorder.looks[number]:
            case = look.facts.case
            facts = program.facts(case.lead, case.events, case.context, case.inputs)
            if _alike(facts, look.facts):
                continue
            if self._fails(look, program, facts):
                return NOTICES
            # From here on what was decided may be something else, and with it all that later looks see.
            if any(facts.values[name] != look.facts.values[name] for name in names):
                return DECIDES_ELSE
        return SEES_THE_SAME

    def _fails(self, look: Look, program: Program, facts: LeadFacts) -> bool:
        for item in self.recorder.asked_of[id(look)]:
            if item.condition is not None:
                if program.value(item.condition, facts) is not True:
                    return True
            elif (item.path in facts.fired) == item.negated:
                return True
        return False


def decisive(ruleset: Ruleset) -> Iterator[str]:
    """The definitions on which decisions can depend: those they name, and every label and segment that a state keeps."""
    for one in ruleset.definitions:
        if isinstance(one, Band | Classify | Matrix | Stages | Segment):
            yield one.name
    statements = (ruleset.routes, ruleset.sequences, ruleset.triggers, ruleset.exits, ruleset.suppressions)
    for statement in (one for some in statements for one in some):
        for part in below(statement, ruleset):
            if isinstance(part, Expr) and part.op == "name":
                yield str(part.value)


def _named(item: TestItem, ruleset: Ruleset) -> set[str]:
    assert item.condition is not None
    found = expression_parts(item.condition, ruleset)
    return {str(part.value) for part in found if isinstance(part, Expr) and part.op == "name"}


def _alike(one: LeadFacts, other: LeadFacts) -> bool:
    return one.values == other.values and one.fired == other.fired and one.contributions == other.contributions
