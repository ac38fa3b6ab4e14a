"""The leads of a calibration: who reached the outcome, and each lead as it was just before.

In: a project, its modules, a run request, an outcome as a condition of the language. Out: a ruleset that has the outcome as
a segment and every field as a definition, the facts of the leads at the moment that counts, and the `Sample` of them.
A lead that reached the outcome by an event is looked at as it was just before: what came later is left out, and its events
are moved so that `within 30 days` counts back from that moment.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from leadrules.calibrate.sample import Sample, Weighed, in_time
from leadrules.compile.compile import compile_project
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.functions.columnar import instants_of
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.core.text import nfc
from leadrules.engine.columns import ColumnFacts
from leadrules.lifecycle.run import Inputs, Outcome, RunRequest, calendar_of, execute, read_inputs
from leadrules.project.model import Project
from leadrules.ruleset.model import Band, EventFilter, Expr, Ruleset, Score, Segment
from leadrules.ruleset.support import for_run
from leadrules.ruleset.walk import below_definition
from leadrules.syntax.nodes import Module
from leadrules.syntax.parse import parse

OUTCOME, FIELD = "the outcome", "the field "
PATH = "--outcome"
INSTANT = pl.Datetime("us", "UTC")
_UNITS = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the outcome, fields to leave out, and what a threshold must fit: leads a week, or a precision."""

    outcome: str
    excluded: tuple[str, ...] = ()
    capacity: float | None = None
    precision: float | None = None


class UnanswerableError(Exception):
    """A question that cannot be answered: `findings` of the outcome's text, or `message` and `help`."""

    def __init__(self, message: str, help: str = "", findings: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.message, self.help, self.findings = message, help, tuple(findings)


# -- the rules with the question ----------------------------------------------------------------------------------------


def asked(project: Project, modules: Sequence[Module], question: Question) -> Ruleset:
    """The ruleset with the outcome as a segment and every field as a definition, so that all of them are read.

    Raises UnanswerableError where the outcome is no condition of these rules.
    """
    fields = [f.name for f in project.lead_schema.fields if f.type.kind != "set" and f.name != project.key]
    head = f"segment `{OUTCOME}` when "
    text = f"{head}{question.outcome}\n"
    text += "".join(f"define `{FIELD}{name}` = lead.`{name}`\n" for name in fields if "`" not in name)
    module, unread = parse(SourceFile(PATH, text))
    compiled = compile_project(project, [*modules, module])
    wrong = [d for d in (*unread, *compiled.diagnostics) if d.severity == "error"]
    if wrong or compiled.ruleset is None:
        typed = _Typed(module.file, SourceFile(PATH, question.outcome), len(head))
        message = f"the outcome `{question.outcome}` is no condition of these rules"
        raise UnanswerableError(message, findings=[typed.finding(one) for one in wrong])
    known = {nfc(name) for name in fields}
    for name in question.excluded:
        if nfc(name) not in known:
            raise UnanswerableError(f"--exclude {name}: there is no such field", "the lead schema names the fields")
    return replace(
        for_run(compiled.ruleset),
        routes=(), sequences=(), triggers=(), exits=(), suppressions=(), asserts=(), tests=(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Typed:
    """Findings of the segment that was made of the outcome, as findings of the outcome as it was typed."""

    made: SourceFile
    typed: SourceFile
    before: int  # what was put before it

    def finding(self, one: Diagnostic) -> Diagnostic:
        """At its place in what was typed; places elsewhere stay."""
        related = tuple(replace(other, span=self._span(other.span)) for other in one.related)
        return replace(one, span=self._span(one.span), related=related, fixes=())

    def _span(self, span: Span) -> Span:
        if span.file is not self.made:
            return span
        last = len(self.typed.text)
        start, end = (min(max(at - self.before, 0), last) for at in (span.start, span.end))
        return Span(self.typed, start, end)


def outcome_of(ruleset: Ruleset) -> Segment:
    """The outcome as the ruleset has it."""
    return next(d for d in ruleset.definitions if isinstance(d, Segment) and d.name == OUTCOME)


# -- the leads as they were ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """The leads at the moment that counts: facts, who reached the outcome, and when, where an event or a date says so."""

    outcome: Outcome
    facts: ColumnFacts
    reached: pl.Series
    moments: pl.Series
    later: Mapping[str, tuple[int, int]]  # per event type: events after the outcome, of all events of who reached it


def look(request: RunRequest, ruleset: Ruleset) -> Seen:
    """Evaluate twice: to learn who reached the outcome and when, then as the leads were just before."""
    request = replace(request, ruleset=ruleset, only_facts=True, state=None)
    inputs = read_inputs(request)
    first = execute(request, inputs)
    facts = columns_of(first)
    reached = facts.frame[OUTCOME].fill_null(value=False)
    moments = _moments(first, facts, reached)
    if first.as_of.at is None or moments.null_count() == moments.len():
        return Seen(first, facts, reached, moments, {})
    events, later = _before(inputs.events.frame, moments, first)
    request, inputs = replace(request, as_of=first.as_of.at), Inputs(inputs.leads, replace(inputs.events, frame=events))
    # What was only to be asked once hangs in circles, and holds much memory.
    del first, facts
    gc.collect()
    again = execute(request, inputs)
    return Seen(again, columns_of(again), reached, moments, later)


def columns_of(outcome: Outcome) -> ColumnFacts:
    """The facts of a run on columns."""
    assert isinstance(outcome.facts, ColumnFacts)
    return outcome.facts


def _moments(outcome: Outcome, facts: ColumnFacts, reached: pl.Series) -> pl.Series:
    """When each lead reached the outcome: the first of the events that it asks for, or the date that must be there."""
    ruleset, created = facts.ruleset, nfc(outcome.request.project.created or "")
    moment = pl.Series("moment", [None] * reached.len(), dtype=INSTANT)
    found: list[pl.Series] = []
    for part in below_definition(outcome_of(ruleset), ruleset):
        if isinstance(part, EventFilter):
            first = facts.matching(part).group_by("lead_row").agg(pl.col("at").min())
            rows, times = first["lead_row"].cast(pl.Int64), first["at"].cast(INSTANT)
            found.append(moment.scatter(rows, times))
        elif isinstance(part, Expr) and part.op == "field" and part.type.kind in ("date", "datetime"):
            if nfc(part.value) == created:
                continue  # by it an outcome says which leads it is about, not when they reached it
            found.append(instants_of(calendar_of(ruleset), facts.values({"moment": part})["moment"]).cast(INSTANT))
    if not found:
        return moment
    earliest = pl.select(pl.min_horizontal(found)).to_series()
    return pl.select(pl.when(reached).then(earliest)).to_series().alias("moment")


def _before(
    events: pl.DataFrame, moments: pl.Series, outcome: Outcome
) -> tuple[pl.DataFrame, dict[str, tuple[int, int]]]:
    """The events before each lead's moment, moved so that the moment is the `as of`; and what was left out per type."""
    moment = moments.gather(events["lead_row"])
    late = (events["at"] >= moment).fill_null(value=False)
    of_reached = moment.is_not_null()
    counts = (
        pl.DataFrame({"type": events["type"].cast(pl.String), "late": late})
        .filter(of_reached)
        .group_by("type")
        .agg(pl.col("late").sum(), pl.len().alias("of"))
        .sort("type")
    )
    shift = pl.lit(outcome.as_of.at).cast(INSTANT) - pl.lit(moment)
    moved = events.with_columns((pl.col("at") + shift.fill_null(pl.duration())).alias("at")).filter(~late)
    return moved, {name: (after, of) for name, after, of in counts.iter_rows()}


def sample_of(seen: Seen, project: Project, skipped: Iterable[str] = ()) -> Sample:
    """The leads as the figures need them."""
    frame, facts = seen.outcome.leads.frame, seen.facts
    created = frame[project.created] if project.created in frame.columns else None
    order, rank, weeks = in_time(created, frame.height)
    told = {nfc(part.value) for part in below_definition(outcome_of(facts.ruleset), facts.ruleset)
            if isinstance(part, Expr) and part.op == "field"}  # fmt: skip
    fields = {
        name.removeprefix(FIELD): facts.frame[name].alias(name.removeprefix(FIELD))
        for name in facts.frame.columns
        if name.startswith(FIELD) and nfc(name.removeprefix(FIELD)) not in told.union(skipped)
    }
    return Sample(seen.reached, order, rank, weeks, tuple(_weighed(facts)), scores_of(facts), fields)


def _weighed(facts: ColumnFacts) -> Iterator[Weighed]:
    rules = {f"{s.name}.{r.name}": r for s in facts.ruleset.definitions if isinstance(s, Score) for r in s.rules}
    for line in facts.lines:
        rule = rules.get(line.path)
        if rule is None or line.matched is None:
            continue
        given = pl.select(line.units()).to_series().cast(pl.Float64) / _UNITS
        points = float(rule.points.value) if rule.points.op == "const" and rule.points.value else None
        if rule.points.op == "const" and points is None:
            continue
        yield Weighed(line.path, rule.title, points, given != 0, given / points if points else given)


def scores_of(facts: ColumnFacts) -> dict[str, pl.Series]:
    """Every score, and every number that a band stands on."""
    ruleset = facts.ruleset
    names = [d.name for d in ruleset.declared if isinstance(d, Score)]
    names += [band.value.value for band in bands(ruleset) if band.value.op == "name"]
    return {name: facts.frame[name].cast(pl.Float64).fill_null(0.0) for name in dict.fromkeys(names)}


def bands(ruleset: Ruleset) -> list[Band]:
    """Every band."""
    return [d for d in ruleset.declared if isinstance(d, Band)]


def bands_of(ruleset: Ruleset, score: str) -> list[Band]:
    """The bands that stand on a number."""
    return [band for band in bands(ruleset) if band.value.op == "name" and band.value.value == score]
