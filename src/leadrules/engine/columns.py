"""The batch engine: every definition of every lead at once, on Polars, giving exactly what engine/row gives.

In: a ruleset, leads (`@key`, typed fields, optionally `@owner` .. `@duplicate_of`, `@previous:NAME`, `@since:NAME`), their
events, a context. Out: `ColumnFacts`: a column per definition, the lines behind each score, and a way to work out the
further expressions of the lifecycle on the same facts. Refuses to know files, commands and the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import polars as pl

from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.engine import reasons, thresholds
from leadrules.engine.events import Asked
from leadrules.engine.needs import Level, Needed, aggregates_reading, is_weighted, levels, needed
from leadrules.engine.parts import events_of, joined_lines, parts_of, side_by_side
from leadrules.engine.reasons import Reasons
from leadrules.engine.scores import Line, RuleInput, add_up
from leadrules.engine.workspace import Workspace
from leadrules.ruleset.model import (
    Band,
    Classify,
    Define,
    Definition,
    EventFilter,
    Expr,
    Matrix,
    Ruleset,
    Score,
    ScoreRule,
    Segment,
    Stages,
)
from leadrules.ruleset.walk import below

__all__ = ["ColumnFacts", "Needed", "evaluate", "needed"]


def evaluate(
    ruleset: Ruleset,
    leads: pl.DataFrame,
    events: pl.DataFrame,
    context: Context,
    teams: Mapping[str, Sequence[str]] | None = None,
) -> ColumnFacts:
    """The facts of every lead: all definitions and all event aggregates; `teams` are the rosters of `in team`."""
    parts = parts_of(leads.height)
    if len(parts) == 1:
        evaluation = _evaluated(Workspace(ruleset, leads, events, context, teams))
        return _facts(evaluation.workspace, evaluation.in_order())

    def evaluated(rows: range) -> _Evaluation:
        some = leads.slice(rows.start, len(rows))
        return _evaluated(Workspace(ruleset, some, events_of(events, rows), context, teams))

    found = side_by_side([partial(evaluated, rows) for rows in parts])
    whole = Workspace(ruleset, leads, events, context, teams)
    whole.take([evaluation.workspace for evaluation in found])
    return _facts(whole, joined_lines(evaluation.in_order() for evaluation in found))


@dataclass(frozen=True)
class ColumnFacts:
    """What is so of every lead, in the order of the leads.

    `frame` has a column per definition in declaration order: scores and defines as their type, segments yes/no, labels
    as text. `previous` has the labels before, of bands and stages. `lines` are the parts of the scores.
    """

    ruleset: Ruleset
    frame: pl.DataFrame
    previous: pl.DataFrame
    lines: tuple[Line, ...]
    workspace: Workspace

    def reasons(self, start: int = 0, length: int | None = None) -> pl.Series:
        """`fit.senior +15; engagement.pricing +10` per lead, in declaration order; of all leads, or of some in a row."""
        rest = self.workspace.height - start
        return self._reasons.texts(start, rest if length is None else min(length, rest))

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.lines, self.workspace.height)

    def points(self, row: int) -> dict[tuple[str, str], int]:
        """What each line gave one lead, by its score and its path, in 10^-4 units; lines of nothing are left out."""
        given = ((line, line.at(row)) for line in self.lines)
        return {(line.score, line.path): units for line, units in given if units}

    def contributions(self) -> pl.DataFrame:
        """The non-zero contributions in long form: lead_row, score, rule, points, events."""
        return reasons.contributions(self.lines)

    def fired(self) -> dict[str, int]:
        """How many leads each rule matched, as `score.rule`, also where it gave no points."""
        return self._fired

    @cached_property
    def _fired(self) -> dict[str, int]:
        rules = [
            f"{score.name}.{rule.name}"
            for score in self.ruleset.declared
            if isinstance(score, Score)
            for rule in score.rules
        ]
        return dict.fromkeys(rules, 0) | reasons.fired(self.lines)

    def values(
        self,
        expressions: Mapping[str, Expr],
        rep: Mapping[str, object] | None = None,
        rows: pl.Series | None = None,
    ) -> dict[str, pl.Series]:
        """Further expressions on these facts; `rep` gives the attributes that `rep.x` stands for, `rows` some leads only."""
        return self.workspace.evaluate(expressions, rep, rows)

    def matching(self, selection: EventFilter) -> pl.DataFrame:
        """The events that a filter lets through: lead_row, type, at and the fields read."""
        return self.workspace.matching(selection)

    def after(self, inputs: Mapping[str, pl.Series], asked: Iterable[Expr] | None = None) -> ColumnFacts:
        """The same facts seen with other inputs (`@owner`, `@sequence`, ...): definitions stay as they were worked out,
        event aggregates that look at those inputs (`since enrolled_at`) are worked out again; those `asked` for, or all."""
        workspace = self.workspace.with_inputs(inputs)
        numbers = aggregates_reading(self.ruleset, inputs)
        if asked is not None:
            parts = [part for one in asked for part in below(one, self.ruleset) if isinstance(part, Expr)]
            wanted = {part.value for part in parts if part.op in ("aggregate", "did")}
            numbers = [number for number in numbers if number in wanted]
        workspace.work_out_again(numbers)
        return replace(self, workspace=workspace)


def _evaluated(workspace: Workspace) -> _Evaluation:
    """Everything of the leads of a workspace, level by level."""
    evaluation = _Evaluation(workspace)
    for level in levels(workspace.ruleset):
        evaluation.work_out(level)
    workspace.settle()
    return evaluation


def _facts(workspace: Workspace, lines: tuple[Line, ...]) -> ColumnFacts:
    """What a workspace knows by now, as facts."""
    declared = workspace.ruleset.declared
    frame = workspace.definitions(definition.name for definition in declared)
    before = [workspace.previous(d).alias(d.name) for d in declared if isinstance(d, Band | Stages)]
    return ColumnFacts(workspace.ruleset, frame, pl.DataFrame(before), lines, workspace)


class _Evaluation:
    """One evaluation under way: levels are worked out in order, their columns join the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.counted: dict[str, pl.Series] = {}
        self.weighted: dict[str, pl.Series] = {}
        self.lines: dict[str, tuple[Line, ...]] = {}

    def work_out(self, level: Level) -> None:
        """The events of a level, then its definitions."""
        if level.aggregates or level.each:
            self._ask_events(level)
        if level.definitions:
            self._define(level.definitions)

    def in_order(self) -> tuple[Line, ...]:
        """The lines of the scores, as the scores are declared."""
        declared = self.workspace.ruleset.declared
        return tuple(line for definition in declared for line in self.lines.get(definition.name, ()))

    # -- events -----------------------------------------------------------------------------------------------------

    def _ask_events(self, level: Level) -> None:
        workspace = self.workspace
        rules = [(score, rule) for score, rule in level.each if workspace.exists(rule.active)]
        asked = [workspace.asked_aggregate(number) for number in level.aggregates]
        asked += [_ask_count(workspace, rule) for _, rule in rules]
        asked += [_ask_weighted(workspace, rule) for _, rule in rules if is_weighted(rule.each)]
        answers = workspace.ask(asked)
        for number in level.aggregates:
            workspace.add_aggregate(number, answers)
        for score, rule in rules:
            path = f"{score}.{rule.name}"
            self.counted[path] = _at_most(rule, answers[_ask_count(workspace, rule).key])
            if is_weighted(rule.each):
                self.weighted[path] = answers[_ask_weighted(workspace, rule).key]

    # -- definitions ------------------------------------------------------------------------------------------------

    def _define(self, definitions: Iterable[Definition]) -> None:
        wanted: dict[str, Expr] = {}
        for definition in definitions:
            wanted |= _expressions(self.workspace, definition)
        values = self.workspace.evaluate(wanted)
        for definition in definitions:
            one = self._one(definition, values)
            self.workspace.add_definition(definition.name, one, is_stages=isinstance(definition, Stages))

    def _one(self, definition: Definition, values: Mapping[str, pl.Series]) -> pl.Series:
        workspace, name = self.workspace, definition.name
        match definition:
            case Define():
                return values[name]
            case Segment():
                return values[name].fill_null(value=False)
            case Score():
                return self._score(definition, values)
            case Band():
                return thresholds.band(definition, values[name], workspace.previous(definition))
            case Matrix():
                rows, columns = workspace.definition(definition.rows_of), workspace.definition(definition.columns_of)
                return thresholds.matrix(definition, rows, columns)
            case Classify() | Stages():
                return self._labels(definition, values)
        raise AssertionError(definition)

    def _score(self, score: Score, values: Mapping[str, pl.Series]) -> pl.Series:
        rules = [
            _rule_input(score.name, rule, values, self.counted, self.weighted)
            for rule in score.rules
            if self.workspace.exists(rule.active)
        ]
        result = add_up(score, rules, self.workspace.height)
        self.lines[score.name] = result.lines
        return result.total

    def _labels(self, definition: Classify | Stages, values: Mapping[str, pl.Series]) -> pl.Series:
        labels = [label for label in definition.labels if self.workspace.exists(label.active)]
        everyone = pl.repeat(True, self.workspace.height, eager=True)
        conditions = [
            everyone if label.condition is None else values[f"{definition.name}.{label.name}"].fill_null(value=False)
            for label in labels
        ]
        found = thresholds.first_label([label.name for label in labels], conditions, self.workspace.height)
        if not isinstance(definition, Stages) or not definition.forward_only:
            return found
        free = None if definition.unless is None else values[f"{definition.name} unless"].fill_null(value=False)
        order = [label.name for label in definition.labels]
        return thresholds.never_lower(found, self.workspace.previous(definition), order, free)


def _ask_count(workspace: Workspace, rule: ScoreRule) -> Asked:
    assert rule.each is not None
    return workspace.asked("count", rule.each.filter)


def _ask_weighted(workspace: Workspace, rule: ScoreRule) -> Asked:
    assert rule.each is not None
    return workspace.asked("weighted", rule.each.filter, each=rule.each, points=rule.points)


def _at_most(rule: ScoreRule, counted: pl.Series) -> pl.Series:
    most = None if rule.each is None else rule.each.most_times
    return counted if most is None else counted.clip(upper_bound=most)


def _expressions(workspace: Workspace, definition: Definition) -> dict[str, Expr]:
    """What must be worked out over the leads for a definition, by key."""
    name = definition.name
    match definition:
        case Define() | Band():
            return {name: definition.value}
        case Segment():
            return {name: definition.condition}
        case Score():
            rules = [rule for rule in definition.rules if workspace.exists(rule.active)]
            found = {f"{name}.{rule.name}": rule.when for rule in rules if rule.when is not None}
            return found | {f"{name}.{rule.name} points": rule.points for rule in rules if rule.points.op != "const"}
        case Classify() | Stages():
            labels = [label for label in definition.labels if workspace.exists(label.active)]
            found = {f"{name}.{label.name}": label.condition for label in labels if label.condition is not None}
            if isinstance(definition, Stages) and definition.unless is not None:
                found[f"{name} unless"] = definition.unless
            return found
    return {}


def _rule_input(
    score: str,
    rule: ScoreRule,
    values: Mapping[str, pl.Series],
    counted: Mapping[str, pl.Series],
    weighted: Mapping[str, pl.Series],
) -> RuleInput:
    path = f"{score}.{rule.name}"
    condition = values[path].fill_null(value=False) if rule.when is not None else None
    points: pl.Series | float = (
        float(rule.points.value or 0) if rule.points.op == "const" else values[f"{path} points"]
    )  # fmt: skip
    return RuleInput(rule, condition, points, counted.get(path), weighted.get(path))
