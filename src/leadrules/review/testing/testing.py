"""Runs the `test` blocks of a ruleset and says what each failure saw.

In: a compiled ruleset and its project. Out: a result per test, with the value of every part of an expectation that did not
hold. Each test is one lead on an empty state, which every `then after` goes on with. Prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from leadrules.core.calendar import Calendar
from leadrules.core.records import dataclass
from leadrules.core.text import fold, in_units
from leadrules.core.types import Type
from leadrules.engine.row import LeadFacts, Seen
from leadrules.lifecycle.model import State, empty_state
from leadrules.lifecycle.record import INPUTS
from leadrules.lifecycle.single import GIVEN, Look, OneRun, Workbench
from leadrules.project.model import Project
from leadrules.review.testing.instant import Instants
from leadrules.ruleset.model import TEST_AS_OF, Band, Expr, Place, Ruleset, Stages, Test, TestItem
from leadrules.ruleset.walk import expression_parts


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not hold: its line, the values of its parts, and a remark for what has no parts."""

    span: Place | None
    seen: tuple[Seen, ...] = ()
    remark: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)  # per score: what gave its points


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test. `at_default` is set where it read a time that it did not state."""

    title: str
    span: Place | None
    failures: tuple[Failure, ...]
    at_default: bool = False

    @property
    def passed(self) -> bool:
        """Whether everything expected held."""
        return not self.failures


class Watch(Protocol):
    """Who is told of what tests do."""

    def looked(self, test: Test, look: Look) -> None:
        """A test looked at its lead."""

    def ran(self, test: Test, run: OneRun) -> None:
        """A test's rules decided."""

    def asked(self, test: Test, item: TestItem, look: Look) -> None:
        """A test expects something that its lead's facts alone can tell."""


class Unwatched:
    """Nobody."""

    def looked(self, test: Test, look: Look) -> None:
        """Not told."""

    def ran(self, test: Test, run: OneRun) -> None:
        """Not told."""

    def asked(self, test: Test, item: TestItem, look: Look) -> None:
        """Not told."""


UNWATCHED = Unwatched()


def run_tests(ruleset: Ruleset, tests: Iterable[Test], project: Project, watch: Watch = UNWATCHED) -> list[TestResult]:
    """Every given test, in order."""
    bench = Workbench(project, ruleset)
    instants = Instants(ruleset, project.team)
    return [_OneTest(bench, test, watch).result(instants) for test in tests]


@dataclass(frozen=True, slots=True)
class Past:
    """How a test began under other rules that made the same of it: so many runs, and the state that they left."""

    runs: int
    state: State


class Course(Protocol):
    """How a test went under other rules."""

    @property
    def past(self) -> Past:
        """How far it goes the same way from the start."""

    def rejoins(self, number: int, run: OneRun) -> Past | None:
        """How far it goes the same way from a run on (of this number) that made of the lead what it made then."""


def passes(bench: Workbench, test: Test, course: Course | None = None) -> bool:
    """Whether a test passes; it ends with the first thing that does not hold. What `course` has seen is not asked again."""
    return _OneTest(bench, test, UNWATCHED, course).holds()


class _OneTest:
    """A test under way: the lead, its events, the state, and what the latest run made of it."""

    def __init__(self, bench: Workbench, test: Test, watch: Watch, course: Course | None = None) -> None:
        self.bench, self.test, self.watch = bench, test, watch
        self.ruleset, self.calendar = bench.ruleset, bench.calendar
        stated = next((item.time for item in test.items if item.kind == "as_of" and item.time), None)
        self.is_stated = stated is not None
        self.as_of = datetime.fromisoformat(stated).astimezone(UTC) if stated else self.calendar.instant(TEST_AS_OF)
        self.began = self.as_of
        self.was_in_sequence = False
        self.lead: dict[str, Any] = {}
        self.given: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.failures: list[Failure] = []
        self.course = course
        self.state = empty_state() if course is None else course.past.state
        self.past_runs = (
            0 if course is None else course.past.runs
        )  # the number of the first that is not taken as it was
        self.is_past = False  # the latest run is one of those
        self.runs = 0
        self.runs_left = sum(item.kind == "then" for item in test.items)
        self.latest: OneRun | None = None
        self.seen: Look | None = None

    def result(self, instants: Instants) -> TestResult:
        """Item by item; the rules run when an expectation first asks after a change."""
        for item in self.test.items:
            getattr(self, f"_{item.kind}")(item)
        at_default = not self.is_stated and instants.matter(self.test, self.began, in_sequence=self.was_in_sequence)
        return TestResult(self.test.title, self.test.span, tuple(self.failures), at_default)

    def holds(self) -> bool:
        """Whether everything expected holds, as far as the first that does not."""
        for item in self.test.items:
            getattr(self, f"_{item.kind}")(item)
            if self.failures:
                return False
        return True

    def told(self) -> Look:
        """The lead after all its items."""
        for item in self.test.items:
            getattr(self, f"_{item.kind}")(item)
        return self._look()

    # -- what happens -------------------------------------------------------------------------------------------------

    def _as_of(self, item: TestItem) -> None:
        """Already taken: it holds for the whole test."""

    def _given(self, item: TestItem) -> None:
        types = dict(self.ruleset.fields)
        labelled = {d.name for d in self.ruleset.definitions if isinstance(d, Band | Stages)}
        fed = {"owner": self.ruleset.settings.owner, "sequence": self.ruleset.settings.sequence}
        for name, value in item.values:
            if name in labelled or name in GIVEN:
                self.given[name] = _moment(value) if name == "enrolled_at" else value
                if fed.get(name):
                    self.lead[str(fed[name])] = value
            else:
                self.lead[name] = typed(value, types.get(name))
        self._changed()

    def _event(self, item: TestItem) -> None:
        known = {event: dict(fields) for event, fields in self.ruleset.event_fields}
        types = known.get(item.name or "", {})
        values = {name: typed(value, types.get(name)) for name, value in item.values}
        self.events.append({"type": item.name, "at": self._when(item)} | values)
        self._changed()

    def _when(self, item: TestItem) -> datetime:
        if item.ago is None:
            assert item.time is not None
            return datetime.fromisoformat(item.time).astimezone(UTC)
        at = self.calendar.shift(self.as_of, -item.ago.count, item.ago.unit)
        assert isinstance(at, datetime)
        return at

    def _then(self, item: TestItem) -> None:
        if not self._was_seen(decides=True):
            run = self._now()
            self.state = self.state if self.is_past else self.bench.state_after(run)
        assert item.ago is not None
        later = self.calendar.shift(self.as_of, item.ago.count, item.ago.unit)
        assert isinstance(later, datetime)
        self.as_of, self.given = later, {}
        self.runs_left -= 1
        self._changed()

    def _look(self) -> Look:
        """The lead before anything is decided: enough for what asks for nothing that a run decides."""
        if self.seen is None:
            self.seen = self.bench.look(self.state, self.as_of, self.lead, self.events, self.given)
            self.watch.looked(self.test, self.seen)
        return self.seen

    def _told(self, item: TestItem) -> LeadFacts:
        """The facts for an expectation that needs no more."""
        look = self._look()
        self.watch.asked(self.test, item, look)
        return look.facts

    def _asks_decisions(self, condition: Expr) -> bool:
        """Whether an expectation looks at the owner, the sequence or the like: they are as they are after the run."""
        parts = expression_parts(condition, self.ruleset)
        return any(isinstance(part, Expr) and part.op == "always" and part.value in INPUTS for part in parts)

    def _now(self) -> OneRun:
        if self.latest is None:
            self.latest = self.bench.run(self._look(), lasting=self.runs_left > 0)
            self.watch.ran(self.test, self.latest)
            self.was_in_sequence |= self.latest.was_in_sequence
            self._rejoin(self.latest)
            self.runs += 1
        return self.latest

    def _rejoin(self, run: OneRun) -> None:
        past = self.course.rejoins(self.runs, run) if self.course is not None else None
        if past is not None:
            self.past_runs, self.state, self.is_past = past.runs, past.state, True

    def _changed(self) -> None:
        """Something happened: the rules have to look again."""
        self.latest = self.seen = None
        self.is_past = False

    def _was_seen(self, *, decides: bool) -> bool:
        """Whether an item is of the past; one that `decides` may be the first of its run."""
        if decides and self.runs < self.past_runs and not self.is_past:
            self.runs += 1
            self.is_past = True
        return self.is_past or self.runs < self.past_runs

    # -- what is expected ---------------------------------------------------------------------------------------------

    def _expect(self, item: TestItem) -> None:
        condition, program = item.condition, self.bench.program
        assert condition is not None
        decides = self._asks_decisions(condition)
        if self._was_seen(decides=decides):
            return
        facts = self._now().facts if decides else self._told(item)
        if program.value(condition, facts) is not True:
            seen = program.whole_trace(condition, facts)
            self.failures.append(Failure(item.span, seen, lines=self._score_lines(facts, seen)))

    def _score_lines(self, facts: LeadFacts, seen: Iterable[Seen]) -> dict[str, str]:
        """What gave the points of the scores that an expectation names."""
        named = [part.expr.value for part in seen if part.expr.op == "name"]
        return {
            name: "; ".join(line.text for line in facts.contributions if line.score == name)
            for name in dict.fromkeys(named)
            if any(line.score == name for line in facts.contributions)
        }

    def _fired(self, item: TestItem) -> None:
        assert item.path is not None
        decided = item.path.partition(".")[0] in ("trigger", "route")
        if self._was_seen(decides=decided):
            return
        fired = self._now().fired if decided else self._told(item).fired
        if (item.path in fired) == item.negated:
            said = ", ".join(sorted(fired)) or "no rule"
            remark = f"{item.path} fired" if item.negated else f"{item.path} did not fire; what fired: {said}"
            self.failures.append(Failure(item.span, remark=remark))

    def _action(self, item: TestItem) -> None:
        if self._was_seen(decides=True):
            return
        done = self._now().actions
        found = [action for action in done if self._is_expected(item, action)]
        if bool(found) == item.negated:
            said = "; ".join(map(action_text, found if item.negated else done)) or "none"
            remark = f"there is such an action: {said}" if item.negated else f"no such action; what there is: {said}"
            self.failures.append(Failure(item.span, remark=remark))

    def _is_expected(self, item: TestItem, action: Mapping[str, Any]) -> bool:
        if action["kind"] != item.channel:
            return False
        if item.field is not None:
            wanted = self.bench.text(item.field, typed(item.value, self.bench.types.get(item.field)))
            return action["what"] == item.field and _same(action["value"], wanted)
        template = item.template.name if item.template is not None else None
        said = (action["what"], action["value"])
        return (item.content is None or any(_same(one, item.content) for one in said)) and (
            template is None or action["template"] == template
        )


def action_text(action: Mapping[str, Any]) -> str:
    """An action as a failure says it: `email "First email" template "intro"`, `set status = Working`."""
    kind, what, value, template = (action[name] for name in ("kind", "what", "value", "template"))
    if kind in ("set", "assign", "enroll", "move", "stop"):
        return f"{kind} {what} = {'blank' if value is None else value}"
    words = [kind, *(f'"{part}"' for part in (what, value) if part), *([f'template "{template}"'] if template else [])]
    return " ".join(words)


def _same(a: str | None, b: str | None) -> bool:
    """Whether two texts read the same."""
    return a == b if a is None or b is None else fold(a) == fold(b)


def typed(value: Any, type_: Type | None) -> Any:
    """A value of a test's JSON as the engines hold it. A field that no rule reads needs no type."""
    if value is None or type_ is None:
        return value
    if type_.kind == "date":
        return date.fromisoformat(value)
    if type_.kind == "datetime":
        return _moment(value)
    if type_.kind == "set":
        return tuple(value)
    return float(value) if type_.kind == "number" else value


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def value_text(value: Any, type_: Type, calendar: Calendar) -> str:
    """A value as failures show it."""
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{in_units(float(value), 4) / 10_000:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return calendar.local(value).isoformat(timespec="minutes")
    if isinstance(value, timedelta):
        return _length_text(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{v}"' for v in value) + "]"
    return f'"{value}"' if isinstance(value, str) and type_.kind != "label" else str(value)


def _length_text(value: timedelta) -> str:
    """`4 days`, `-1 day 2 hours`, in the units of the rules; the sign is that of the whole."""
    seconds = round(abs(value).total_seconds())
    hours, minutes = seconds // 3600, seconds // 60
    parts = ((hours // 24, "day"), (hours % 24, "hour"), (minutes % 60, "minute"), (seconds % 60, "second"))
    text = " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count)
    return f"{'-' * (value < timedelta(0))}{text}" if text else "0 days"


def source_text(expr: Expr, files: Mapping[str, Any]) -> str:
    """The words of a rule file under an expression, on one line."""
    if expr.span is None or expr.span["path"] not in files:
        return expr.op
    file, span = files[expr.span["path"]], expr.span
    text = file.text[file.offset(span["line"], span["column"]) : file.offset(span["end_line"], span["end_column"])]
    return " ".join(text.split())
