"""Expressions of a rule file in words, with what each part saw of one lead, and which clause says no.

In: a lead, the rule files. Out: documents: text, values, clauses. Decides nothing: every value is the row engine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.places import shown
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.core.types import Type
from leadrules.engine.row import LeadFacts, Program
from leadrules.project.model import Project
from leadrules.review.testing.testing import source_text, value_text
from leadrules.ruleset.model import Active, Define, EventFilter, Expr, Placed, Ruleset, Segment

Clause = dict[str, Any]
PLAIN = ("const", "duration")
_QUIET = frozenset(["at", "type", "lead_id", "@row"])
MOST_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Words:
    """How the parts of rules are told of one lead."""

    ruleset: Ruleset
    files: Mapping[str, SourceFile]
    calendar: Calendar
    program: Program

    # -- text -------------------------------------------------------------------------------------------------------

    def text(self, part: Placed | None) -> str:
        """What stands in the rule file, on one line."""
        if part is None or part.span is None or part.span["path"] not in self.files:
            return ""
        return source_text(Expr("", Type("text"), span=part.span), self.files)

    def place(self, part: Placed) -> dict[str, Any]:
        """Where it stands."""
        span = part.span or {}
        return {"path": span.get("path"), "line": span.get("line")}

    def value(self, value: Any, type_: Type | None = None) -> str:
        """A value as people read it: `blank`, `"Retail"`, `2026-10-30T18:00`."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, list):
            value = tuple(value)
        return value_text(value, type_ or Type("text"), self.calendar)

    def instant(self, at: datetime | None) -> str | None:
        """An instant in the project's zone, to the minute."""
        return None if at is None else self.calendar.local(at).isoformat(timespec="minutes")

    # -- what parts saw ---------------------------------------------------------------------------------------------

    def seen(self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every part of an expression with its value, the whole first."""
        rows: list[dict[str, Any]] = []
        shown: set[tuple[str, str]] = set()
        for part in self.program.trace(expr, facts, rep):
            text = self.text(part.expr)
            row = (text, self.value(part.value, part.expr.type))
            # A negation is one piece of text with the positive form inside it: `!=` is said once.
            if part.expr.op not in PLAIN and text and row not in shown:
                shown.add(row)
                rows.append({"text": text, "value": row[1], "depth": part.depth})
        return rows

    def why(
        self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None = None, depth: int = 0, *, holds: bool = False
    ) -> list[Clause]:
        """The clauses that make a condition what it is not wanted to be: by default those that are false."""
        if (self.program.value(expr, facts, rep) is True) != holds:
            return []
        if expr.op == "not":
            return self._negated(expr, facts, rep, depth, holds=holds)
        if expr.op in ("and", "or"):
            parts = (self.why(part, facts, rep, depth, holds=holds) for part in expr.args)
            return [clause for clauses in parts for clause in clauses]
        return [self._clause(expr, facts, rep, depth, holds=holds)]

    def _negated(
        self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None, depth: int, *, holds: bool
    ) -> list[Clause]:
        """What a negation says no to is that its inside holds; its own words are the clearer ones."""
        inner = expr.args[0]
        if inner.op in ("and", "or"):
            return self.why(inner, facts, rep, depth, holds=not holds)
        clause = self._clause(inner, facts, rep, depth, holds=not holds)
        return [clause | {"text": self.text(expr) or clause["text"], "holds": holds}]

    def _clause(
        self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None, depth: int, *, holds: bool
    ) -> Clause:
        return {
            "text": self.text(expr) or expr.op,
            "holds": holds,
            "saw": list(self._saw(expr, facts, rep)),
            "because": self._because(expr, facts, rep, depth, holds=holds),
        }

    def _saw(self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """The values that a clause compared."""
        shown: set[str] = set()
        parts = expr.args or (expr,)
        for part in parts:
            text = self.text(part)
            if part.op in PLAIN or not text or text in shown or (part is expr and expr.op in ("name", "did")):
                continue
            shown.add(text)
            yield {"text": text, "value": self.value(self.program.value(part, facts, rep), part.type)}
        yield from self.counted(expr, facts)

    def _because(
        self, expr: Expr, facts: LeadFacts, rep: Mapping[str, Any] | None, depth: int, *, holds: bool
    ) -> list[Clause]:
        """Of a segment or a define, the clauses inside it."""
        if depth >= MOST_DEPTH:
            return []
        found = []
        for part in (expr, *expr.args):
            one = next((d for d in self.ruleset.definitions if part.op == "name" and d.name == part.value), None)
            if isinstance(one, Segment):
                found += self.why(one.condition, facts, rep, depth + 1, holds=holds)
            elif isinstance(one, Define) and one.value.type.kind == "yesno":
                found += self.why(one.value, facts, rep, depth + 1, holds=holds)
        return found

    def not_now(self, active: Active | None, facts: LeadFacts) -> str | None:
        """Why a line with `from` and `until` does not exist on the day of the run; None where it does."""
        if active is None or facts.case.today is None:
            return None
        today = facts.case.today.isoformat()
        if active.start is not None and today < active.start:
            return f"it begins on {active.start}"
        return f"it ended on {active.end}" if active.end is not None and active.end < today else None

    # -- events -----------------------------------------------------------------------------------------------------

    def counted(self, expr: Expr, facts: LeadFacts) -> Iterator[dict[str, Any]]:
        """How many events there are of those that an expression asks for directly."""
        for one in _filters(expr, self.ruleset):
            yield from self.counted_of(one, facts)

    def counted_of(self, selection: EventFilter, facts: LeadFacts) -> Iterator[dict[str, Any]]:
        """How many events are left after each clause of a filter, up to the one that leaves none."""
        for text, stage in _stages(selection, self):
            events = self.program.matching(stage, facts)
            latest = f", the latest {self.instant(events[-1]['at'])}" if events else ""
            yield {"text": text, "value": f"{len(events)} event{'' if len(events) == 1 else 's'}{latest}"}
            if not events:
                return

    def event(self, event: Mapping[str, Any], points: float | None = None) -> dict[str, Any]:
        """An event with what is read of it."""
        own = {
            name: self.value(value) for name, value in event.items() if name not in _QUIET and value is not None
        }  # fmt: skip
        found: dict[str, Any] = {"type": event["type"], "at": self.instant(event["at"]), "fields": own}
        return found if points is None else found | {"points": points}


def rule_files(project: Project) -> dict[str, SourceFile]:
    """The texts of the rule files, by the names that places bear."""
    root = project.root
    names = {shown(p.relative_to(root) if p.is_relative_to(root) else p): p for p in project.rule_files}
    return {name: SourceFile(name, path.read_text(encoding="utf-8")) for name, path in names.items()}


def _filters(expr: Expr, ruleset: Ruleset) -> Iterator[EventFilter]:
    """The events that a clause asks for, directly."""
    for part in (expr, *expr.args):
        if part.op in ("did", "aggregate"):
            yield ruleset.aggregates[part.value].filter


def _stages(selection: EventFilter, words: Words) -> Iterator[tuple[str, EventFilter]]:
    """A filter clause by clause, each with its words."""
    stage = EventFilter(selection.types)
    yield _types(selection.types), stage
    if selection.where is not None:
        stage = replace(stage, where=selection.where)
        yield f"where ({words.text(selection.where)})", stage
    if selection.within is not None:
        stage = replace(stage, within=selection.within)
        yield f"within {selection.within.text}", stage
    if selection.since is not None:
        stage = replace(stage, since=selection.since)
        yield f"since {words.text(selection.since) or 'the time that the score counts from'}", stage


def _types(types: Sequence[str]) -> str:
    return " or ".join(types)


def flat(clauses: Iterable[Clause]) -> Iterator[tuple[int, Clause]]:
    """Clauses with those behind them, each with its depth."""
    for clause in clauses:
        yield 0, clause
        for depth, inner in flat(clause["because"]):
            yield depth + 1, inner
