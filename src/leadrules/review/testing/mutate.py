"""Which small edits of the rules no test would notice.

In: a ruleset whose tests pass. Out: `Mutation`: per mutant whether a test fails with it, and the survivors as text and as
JSON. A test is run only if it comes to the edited line and sees something else there than before, from the run on that does;
the first that fails ends a mutant's trial.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.lifecycle.single import Look, OneRun, Workbench
from leadrules.project.model import Project
from leadrules.review.testing.coverage import Coverage, Observer
from leadrules.review.testing.mutants import Mutant, mutants_of
from leadrules.review.testing.points import Key
from leadrules.review.testing.retrial import Course, Reached, Retrial, alike, comes_to, first_run_from
from leadrules.review.testing.testing import passes
from leadrules.ruleset.model import Band, Classify, Expr, Matrix, Ruleset, Segment, Stages, Test, TestItem
from leadrules.ruleset.walk import below, expression_parts

Files = Mapping[str, SourceFile]
MOST_SHOWN = 70


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
        self.runs: dict[int, list[Reached]] = defaultdict(list)
        self.of_look: dict[int, frozenset[Key]] = {}  # by its id

    def looked(self, test: Test, look: Look) -> None:
        """A test looked at its lead."""
        keys = frozenset(self.of_facts(look.found.program, look.facts))
        self._note(test, keys)
        self.of_look[id(look)] = keys
        self.looks[self.numbers[id(test)]].append(look)

    def program(self, look: Look) -> Program:
        """The rules as they are."""
        return look.found.program

    def ran(self, test: Test, run: OneRun) -> None:
        """A test's rules decided."""
        keys = frozenset(self.of_run(run))
        self._note(test, keys)
        self.runs[self.numbers[id(test)]].append(Reached(run, keys | self.of_look[id(run.look)]))

    def asked(self, test: Test, item: TestItem, look: Look) -> None:
        """A test expects something that its lead's facts alone can tell."""
        self.asked_of[id(look)].append(item)


class _Court:
    """Tries mutants against tests that pass."""

    def __init__(self, ruleset: Ruleset, project: Project, tests: Sequence[Test], recorder: Recorder) -> None:
        self.ruleset, self.project, self.tests, self.recorder = ruleset, project, tests, recorder
        self.teams = dict(project.team.teams)
        self.calendar = Workbench(project, ruleset).calendar
        self.coverage: Coverage = self.recorder.coverage
        self._runs_reach = {key for runs in recorder.runs.values() for one in runs for key in one.keys}
        self._places = {id(look): at for looks in recorder.looks.values() for at, look in enumerate(looks)}
        deciding = frozenset(decisive(ruleset))
        self._decisive = {
            number: deciding.union(*(_named(item, ruleset) for item in test.items if item.condition is not None))
            if recorder.runs[number]
            else frozenset[str]()
            for number, test in enumerate(tests)
        }

    def trial(self, mutant: Mutant) -> Trial:
        """Whether some test fails with the mutant."""
        ruleset = mutant.make()
        program = prepare(ruleset, self.teams)
        near = comes_to(mutant, self.coverage)
        ordered = [*near, *(number for number in range(len(self.tests)) if number not in near)]
        again: dict[int, int] = {}  # tests, and the runs from which they are taken up
        if mutant.is_defined:
            for number in ordered:
                fate = self._sees(number, program)
                if fate is True:
                    return Trial(mutant, self.tests[number].title, max(len(near), 1))
                if fate is not None:
                    again[number] = fate
        retrial = Retrial(mutant, self.ruleset, ruleset, program, self.calendar, self._runs_reach)
        if mutant.is_decided:
            self._take_up(again, retrial)
        noticed = self._run_again(program, again, None if mutant.is_defined else retrial)
        title = None if noticed is None else self.tests[noticed].title
        return Trial(mutant, title, len(near.union(again)) if noticed is None else max(len(near), 1))

    def _run_again(self, program: Program, again: Mapping[int, int], retrial: Retrial | None) -> int | None:
        """The tests from the run on that an edit can make another, those with the fewest runs left first: which one notices."""
        bench = Workbench(self.project, program.ruleset, calendar=self.calendar, program=program)
        for number in sorted(again, key=lambda number: len(self.recorder.runs[number]) - again[number]):
            course = Course(self.recorder.runs[number], again[number], program.ruleset, retrial)
            if not passes(bench, self.tests[number], course):
                return number
        return None

    def _take_up(self, again: dict[int, int], retrial: Retrial) -> None:
        for number, runs in self.recorder.runs.items():
            begin = retrial.begins(runs)
            if begin is not None:
                again[number] = min(begin, again.get(number, begin))

    def _sees(self, number: int, program: Program) -> bool | int | None:
        """What a mutant of definitions does to a test, as far as that can be told without deciding anything.

        True: it notices. A number: its decisions may be others from that run on. None: it sees the same.
        """
        names, runs = self._decisive[number], self.recorder.runs[number]
        for place, look in enumerate(self.recorder.looks[number]):
            case = look.facts.case
            facts = program.facts(case.lead, case.events, case.context, case.inputs)
            if alike(facts, look.facts):
                continue
            if self._fails(look, program, facts):
                return True
            # From here on what was decided may be something else, and with it all that later looks see.
            if any(facts.values[name] != look.facts.values[name] for name in names):
                begin = first_run_from(runs, self._places, place)
                if begin is not None:
                    return begin
        return None

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
