"""One analysis: the ruleset with its terms, conditions and witnesses, and where in the text each part stands.

In: a project, its compiled ruleset and its modules. Out: `Study`, which every lint reads. What is worked out is kept, so
lints that ask the same do not pay twice. Refuses to know what is worth a finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from leadrules.analyse.conditions import Conditions
from leadrules.analyse.domains import Numbers
from leadrules.analyse.formulas import Formula
from leadrules.analyse.lists import Line, Reading, read_list
from leadrules.analyse.reach import reach
from leadrules.analyse.terms import Terms
from leadrules.analyse.witness import Witnesses
from leadrules.compile.compile import Symbol
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.project.model import Project
from leadrules.ruleset.model import (
    Active,
    Classify,
    Definition,
    EventFilter,
    Expr,
    Group,
    Placed,
    Route,
    Ruleset,
    Score,
    ScoreRule,
    Stages,
)
from leadrules.ruleset.walk import parts
from leadrules.syntax.nodes import Module


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a first-match list: how it is called, its part of the ruleset, its condition (None: `otherwise`)."""

    name: str
    part: Placed
    condition: Expr | None
    active: Active | None
    formula: Formula
    takes: bool = True


@dataclass(frozen=True, slots=True)
class FirstMatch:
    """A first-match list: `kind` and `name` as messages say them; `given` is what a line gives (a label, a route's rule)."""

    kind: str
    name: str
    part: Definition | Group | Route
    rows: tuple[Row, ...]
    reading: Reading

    @property
    def has_otherwise(self) -> bool:
        """Whether its last line takes what is left."""
        return bool(self.rows) and self.rows[-1].condition is None and self.kind != "group"


@dataclass
class Study:
    """What lints look at. `overlaps` says whether those that are asked for with `--overlaps` run too."""

    project: Project
    ruleset: Ruleset
    modules: Sequence[Module]
    symbols: Sequence[Symbol] = ()
    overlaps: bool = False
    unsure: list[tuple[Placed, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is worked out yet."""
        self._files: dict[str, SourceFile] = {module.file.path: module.file for module in self.modules}
        self._reached: dict[str, Numbers] = {}
        self.terms = Terms(self.project, self.ruleset, self.reach)
        self.conditions = Conditions(self.terms)
        self.witnesses = Witnesses(self.conditions)

    # -- places -----------------------------------------------------------------------------------------------------

    def span(self, part: Placed) -> Span:
        """Where a part of the ruleset stands."""
        place = part.span
        assert place is not None
        file = self._files[place["path"]]
        start = file.offset(place["line"], place["column"])
        return Span(file, start, file.offset(place["end_line"], place["end_column"]))

    def name_span(self, kind: str, name: str, part: Placed) -> Span:
        """The name in a declaration; where that is not known, the first line of the part."""
        found = next((s.span for s in self.symbols if s.kind == kind and s.name == name and s.span), None)
        return found or self.head(part)

    def head(self, part: Placed) -> Span:
        """A part as far as its first line goes."""
        span = self.span(part)
        line = span.text.split("\n", 1)[0]
        return Span(span.file, span.start, span.start + len(line.rstrip(" {\r")))

    def cannot_tell(self, part: Placed, what: str) -> None:
        """Note what could not be told; it is said once, at the end."""
        self.unsure.append((part, what))

    # -- what is known ----------------------------------------------------------------------------------------------

    def reach(self, score: Score) -> Numbers:
        """Every value that a score can have."""
        if score.name not in self._reached:
            self._reached[score.name] = reach(score, self.conditions)
        return self._reached[score.name]

    @cached_property
    def expressions(self) -> tuple[Expr, ...]:
        """Every expression and part of one, each once."""
        return tuple(part for part in self._parts.values() if isinstance(part, Expr))

    @cached_property
    def filters(self) -> tuple[EventFilter, ...]:
        """Every choice of events, each once."""
        return tuple(part for part in self._parts.values() if isinstance(part, EventFilter))

    @cached_property
    def _parts(self) -> dict[int, Any]:
        """Those of the rule files; what leadrules.yaml says of open leads is not a rule."""
        return {id(part): part for _, part in parts(self.ruleset) if self._is_in_rules(part)}

    def _is_in_rules(self, part: Any) -> bool:
        place = part.span if isinstance(part, Placed) else None
        return place is None or place["path"] in self._files

    @cached_property
    def lists(self) -> tuple[FirstMatch, ...]:
        """Every first-match list of the ruleset, read."""
        return tuple(self._lists())

    def _lists(self) -> Iterator[FirstMatch]:
        for one in self.ruleset.declared:
            if isinstance(one, Classify | Stages):
                kind = "classify" if isinstance(one, Classify) else "stages"
                rows = [self._row(label.name, label, label.condition, label.active) for label in one.labels]
                yield self._read(kind, one.name, one, rows)
            elif isinstance(one, Score):
                yield from self._groups(one)
        for route in self.ruleset.routes:
            yield self._route(route)

    def _groups(self, score: Score) -> Iterator[FirstMatch]:
        for group in score.groups:
            if group.first_match:
                rules = [rule for rule in score.rules if rule.group == group.name]
                yield self._read("group", f"{score.name}.{group.name}", group, [self._rule_row(rule) for rule in rules])

    def _rule_row(self, rule: ScoreRule) -> Row:
        return Row(rule.name, rule, rule.when, rule.active, self.conditions.rule(rule))

    def _route(self, route: Route) -> FirstMatch:
        """A rule that names a rep or a team passes a lead on where nobody is eligible; a queue or `keep owner` takes it."""
        rows = [
            self._row(rule.name, rule, rule.condition, rule.active, takes=rule.target.kind in ("queue", "keep"))
            for rule in route.rules
        ]
        return self._read("route", route.name, route, rows)

    def _row(self, name: str, part: Any, condition: Expr | None, active: Active | None, *, takes: bool = True) -> Row:
        return Row(name, part, condition, active, self.conditions.line(part), takes)

    def _read(self, kind: str, name: str, part: Definition | Group | Route, rows: list[Row]) -> FirstMatch:
        reading = read_list([Line(row.formula, row.takes) for row in rows])
        if not all(row.takes for row in rows):
            reading = replace(reading, rest=read_list([Line(row.formula) for row in rows]).rest)
        if reading.unsure:
            self.cannot_tell(part, f"{reading.unsure} lines of `{name}`")
        return FirstMatch(kind, name, part, tuple(rows), reading)
