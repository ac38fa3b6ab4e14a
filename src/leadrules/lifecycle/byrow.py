"""A whole run on the row engine (`--engine row`): slow, and the definition of what the columns must give.

In: what engine/columns.evaluate takes. Out: the same facts, found lead by lead in plain Python.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from leadrules.core.functions import Context
from leadrules.core.records import dataclass
from leadrules.engine.row import LeadFacts, Program, prepare
from leadrules.ruleset.model import Band, EventFilter, Expr, Ruleset, Score, Stages

COLUMN_TYPES: dict[str, Any] = {
    "text": pl.String(),
    "choice": pl.String(),
    "label": pl.String(),
    "number": pl.Float64(),
    "yesno": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
    "duration": pl.Duration("us"),
    "set": pl.List(pl.String()),
}


@dataclass(frozen=True, slots=True)
class RowFacts:
    """The facts of every lead, as frames."""

    ruleset: Ruleset
    leads: tuple[LeadFacts, ...]
    frame: pl.DataFrame
    previous: pl.DataFrame
    program: Program
    events: pl.DataFrame

    def reasons(self, start: int = 0, length: int | None = None) -> pl.Series:
        """One text per lead."""
        some = self.leads[start : None if length is None else start + length]
        return pl.Series("reasons", [facts.reasons for facts in some], dtype=pl.String)

    def points(self, row: int) -> dict[tuple[str, str], int]:
        """What each line gave one lead."""
        return {(line.score, line.label): line.points for line in self.leads[row].contributions}

    def contributions(self) -> pl.DataFrame:
        """The non-zero contributions in long form."""
        rows = [
            (row, line.score, line.rule, float(line.points) / 10_000, line.events)
            for row, facts in enumerate(self.leads)
            for line in facts.contributions
        ]
        schema = {
            "lead_row": pl.UInt32(),
            "score": pl.String(),
            "rule": pl.String(),
            "points": pl.Float64(),
            "events": pl.UInt32(),
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def fired(self) -> dict[str, int]:
        """Leads per rule, in declaration order."""
        counted = Counter(rule for facts in self.leads for rule in facts.fired)
        scores = (d for d in self.ruleset.declared if isinstance(d, Score))
        return {f"{s.name}.{r.name}": counted[f"{s.name}.{r.name}"] for s in scores for r in s.rules}

    def values(
        self,
        expressions: Mapping[str, Expr],
        rep: Mapping[str, object] | None = None,
        rows: pl.Series | None = None,
    ) -> dict[str, pl.Series]:
        """Further expressions on these facts; `rep` gives the attributes that `rep.x` stands for, `rows` some leads only."""
        leads = self.leads if rows is None else [self.leads[row] for row in rows]
        return {
            key: _series(key, [self.program.value(one, facts, rep) for facts in leads], one.type.kind)
            for key, one in expressions.items()
        }

    def matching(self, selection: EventFilter) -> pl.DataFrame:
        """The events that a filter lets through, with all their columns."""
        rows = [event["@row"] for facts in self.leads for event in self.program.matching(selection, facts)]
        return self.events[rows]

    def after(self, inputs: Mapping[str, pl.Series], asked: Iterable[Expr] | None = None) -> RowFacts:
        """The same facts seen with other inputs; definitions stay as they were worked out. Works out what is asked, then."""
        columns = {_input(name, None)[0]: values.to_list() for name, values in inputs.items()}
        leads = [
            facts.after({name: values[row] for name, values in columns.items()})
            for row, facts in enumerate(self.leads)
        ]  # fmt: skip
        return replace(self, leads=tuple(leads))


def evaluate_by_row(
    ruleset: Ruleset,
    leads: pl.DataFrame,
    events: pl.DataFrame,
    context: Context,
    teams: Mapping[str, Sequence[str]] | None = None,
) -> RowFacts:
    """The facts of every lead; `teams` are the rosters of `in team`."""
    return facts_by_row(prepare(ruleset, teams), leads, events, context)


def facts_by_row(program: Program, leads: pl.DataFrame, events: pl.DataFrame, context: Context) -> RowFacts:
    """The facts of every lead, by rules that are made ready."""
    ruleset = program.ruleset
    per_lead = _events_by_lead(ruleset, events)
    found = tuple(
        program.facts(lead, per_lead.get(row, ()), context, _inputs(lead))
        for row, lead in enumerate(map(_plain, leads.iter_rows(named=True)))
    )
    columns = [_column(d.name, ruleset, found) for d in ruleset.declared]
    previous = [
        _previous(d, leads).alias(d.name) for d in ruleset.declared if isinstance(d, Band | Stages)
    ]  # fmt: skip
    return RowFacts(ruleset, found, pl.DataFrame(columns), pl.DataFrame(previous), program, events)


def _plain(lead: Mapping[str, Any]) -> dict[str, Any]:
    """Sets as tuples, as the row engine holds them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in lead.items()}


def _inputs(lead: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_input(name, value) for name, value in lead.items() if name.startswith("@"))


def _input(column: str, value: Any) -> tuple[str, Any]:
    kind, _, name = column.removeprefix("@").partition(":")
    return (f"{name}.since" if kind == "since" else name or kind), value


def _events_by_lead(ruleset: Ruleset, events: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    """Each lead's events in order: by time, then the one whose row sorts last."""
    order = [name for name in ("at", "@rank") if name in events.columns]
    known = {event: dict(fields) for event, fields in ruleset.event_fields}
    found: dict[int, list[dict[str, Any]]] = {}
    for row in events.with_row_index("@row").sort(order, maintain_order=True).iter_rows(named=True):
        fields = known.get(row["type"], {})
        values = {name: row.get(f"{name}:{type_.kind}") for name, type_ in fields.items()}
        event = {**_plain(values), "type": row["type"], "at": row["at"], "lead_id": None, "@row": row["@row"]}
        found.setdefault(row["lead_row"], []).append(event)
    return found


def _column(name: str, ruleset: Ruleset, found: tuple[LeadFacts, ...]) -> pl.Series:
    definition = next(d for d in ruleset.definitions if d.name == name)
    value = getattr(definition, "value", None)
    kinds = {"Score": "number", "Segment": "yesno"}
    kind = kinds.get(type(definition).__name__) or (
        "label" if isinstance(definition, Band) or value is None else value.type.kind
    )
    return _series(name, [facts.values[name] for facts in found], kind)


def _series(name: str, values: Sequence[Any], kind: str) -> pl.Series:
    return pl.Series(name, [list(v) if isinstance(v, tuple) else v for v in values], dtype=COLUMN_TYPES.get(kind))


def _previous(definition: Band | Stages, leads: pl.DataFrame) -> pl.Series:
    for column in (f"@previous:{definition.name}", definition.previous_field):
        if column is not None and column in leads.columns:
            return leads[column].cast(pl.String)
    return pl.Series([None], dtype=pl.String).new_from_index(0, leads.height)
