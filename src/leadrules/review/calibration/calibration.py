"""Rules against what really happened: the calibration of a project over its leads.

In: a workspace, a run request, a question. Out: `Calibration`, whose `document` is the JSON of
docs/schemas/calibrate.schema.json. Refuses to know how it is shown.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import polars as pl

from leadrules.calibrate import leakage, lines, models, thresholds
from leadrules.calibrate.ranking import Rate, auc, rate
from leadrules.core.source import SourceFile
from leadrules.lifecycle.cadence.clock import local_days
from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.run import Inputs, RunRequest, calendar_of, execute
from leadrules.review.calibration.hindsight import (
    Question,
    UnanswerableError,
    asked,
    bands_of,
    columns_of,
    look,
    outcome_of,
    sample_of,
    scores_of,
)
from leadrules.review.calibration.suggestion import Advice, Suggestion
from leadrules.review.plan.plan import reject_kinds, reject_words
from leadrules.review.workspace import Workspace
from leadrules.ruleset.model import EventFilter, Expr, Score
from leadrules.ruleset.walk import below, below_definition
from leadrules.syntax.parse import parse

FORMAT_VERSION = 1
FEWEST_PER_LINE = 10


class Calibration:
    """One calibration. The costly parts are worked out once, when they are asked for."""

    def __init__(self, workspace: Workspace, request: RunRequest, question: Question) -> None:
        """Raises UnanswerableError where too few leads did or did not reach the outcome, or the outcome is no condition."""
        assert workspace.project is not None
        self.workspace, self.project, self.question = workspace, workspace.project, question
        self.request = request
        self.ruleset = asked(self.project, workspace.modules, question)
        self.seen = look(request, self.ruleset)
        self.sample = sample_of(self.seen, self.project)
        against = self.sample.reason_against
        if against:
            raise UnanswerableError(against, "name more leads, or an outcome that more of them reached")
        if question.capacity is not None and self.sample.weeks is None:
            raise UnanswerableError(
                "--capacity counts leads a week, and these leads have no created time",
                "name the field in leadrules.yaml: fields: {created: ...}, or use --precision",
            )

    @cached_property
    def fields(self) -> list[leakage.FieldAuc]:
        """Every field on its own."""
        return leakage.field_aucs(self.sample)

    @cached_property
    def leaks(self) -> list[leakage.Leak]:
        """What cannot have been known before."""
        fields = [one for one in self.fields if one.name not in self.question.excluded]
        return [
            *leakage.leaking_fields(fields, self._without),
            *self._dated_after(),
            *leakage.leaking_lines(self.sample),
            *self._events_after(),
        ]

    def _without(self, name: str) -> float | None:
        others = models.fields_model(self.sample, "others", (*self.question.excluded, name))
        return others.random

    def _dated_after(self) -> Iterator[leakage.Leak]:
        """Fields that hold a time after the outcome."""
        moments, calendar = self.seen.moments, calendar_of(self.ruleset)
        for name, values in self.sample.fields.items():
            if not values.dtype.is_temporal() or moments.null_count() == moments.len():
                continue
            # A date is after a moment if it is after the moment's local day.
            against = local_days(calendar, moments) if values.dtype == pl.Date else moments
            after, of = int((values > against).sum()), int((values.is_not_null() & against.is_not_null()).sum())
            if of and after * 10 > of:
                why = f"in {after:,} of {of:,} leads that reached the outcome it is a time after it"
                yield leakage.Leak("field", name, why)

    def _events_after(self) -> Iterator[leakage.Leak]:
        """Events that mostly come after the outcome."""
        own = {
            t
            for p in below_definition(outcome_of(self.ruleset), self.ruleset)
            if isinstance(p, EventFilter)
            for t in p.types
        }
        for name, (after, of) in self.seen.later.items():
            if name not in own and after * 2 > of:
                why = f"{after:,} of the {of:,} events of leads that reached the outcome came after it: these are left out"
                yield leakage.Leak("event", name, why)

    @cached_property
    def models(self) -> list[models.Model]:
        """What lines and fields could say at best."""
        leaking = {leak.name for leak in self.leaks if leak.kind == "field"}
        left_out = tuple(sorted({*self.question.excluded, *leaking}))
        found = [models.lines_model(self.sample)] if self.sample.lines else []
        if left_out:
            found.append(models.fields_model(self.sample, f"all fields but {', '.join(left_out)}", left_out))
        found.append(models.fields_model(self.sample, "all fields"))
        return found

    @cached_property
    def advice(self) -> Advice:
        """What suggestions are made from."""
        leaking = frozenset(leak.name for leak in self.leaks if leak.kind == "line")
        return Advice(self.question, self.sample, self.ruleset, self.workspace.modules, leaking, self._scored)

    @cached_property
    def suggestion(self) -> Suggestion:
        """New points and thresholds."""
        return self.advice.suggestion()

    def _scored(self, texts: Mapping[str, str]) -> dict[str, pl.Series]:
        """The scores that the rules would give with other texts, on the same leads at the same moments."""
        modules = [
            parse(SourceFile(module.file.path, texts[module.file.path]))[0] if module.file.path in texts else module
            for module in self.workspace.modules
        ]
        ruleset = asked(self.project, modules, self.question)
        outcome = self.seen.outcome
        request = replace(outcome.request, ruleset=ruleset)
        found = scores_of(columns_of(execute(request, Inputs(outcome.leads, outcome.events))))
        # The columns of an evaluation hang in circles and hold much memory; the next one would stand beside them.
        gc.collect()
        return found

    # -- the document -----------------------------------------------------------------------------------------------------

    @cached_property
    def document(self) -> dict[str, Any]:
        """All of it as JSON."""
        sample, seen = self.sample, self.seen
        suggestion = self.suggestion
        return {
            "format_version": FORMAT_VERSION,
            "project": self.project.name,
            "outcome": self.question.outcome,
            "as_of": iso(seen.outcome.as_of.at, calendar_of(self.ruleset)),
            "read": {
                "inputs": [
                    {"path": file.path, "sha256": file.sha256}
                    for file in (*seen.outcome.leads.inputs, *seen.outcome.events.inputs)
                ],
                "leads": sample.size,
                "rejected": seen.outcome.leads.rejected,
            },
            "reached": _rate(rate(sample.reached)),
            "order": sample.order,
            "weeks": sample.weeks,
            "notes": list(self._notes()),
            "leakage": [{"kind": leak.kind, "name": leak.name, "why": leak.why} for leak in self.leaks],
            "scores": [self._score(name, values) for name, values in sample.scores.items()],
            "models": [
                {"name": m.name, "columns": m.columns, "auc_later": m.later, "auc_random": m.random}
                for m in self.models
            ],
            "fields": [{"name": one.name, "known": one.known, "auc": one.auc} for one in self.fields],
            "lines": [self._line(lift) for lift in lines.lifts(sample)],
            "overlaps": [
                {"first": o.first, "second": o.second, "both": o.both, "share": o.share} for o in lines.overlaps(sample)
            ],
            "suggestion": {
                "learnt_from": suggestion.learnt_from,
                "checked_on": suggestion.checked,
                "auc_before": dict(suggestion.before),
                "auc_after": dict(suggestion.after),
                "patch": suggestion.patch,
                "why_none": suggestion.why,
            },
        }

    def _notes(self) -> Iterator[str]:
        for words in reject_words(reject_kinds(self.seen.outcome.rejects)):
            yield f"rejected: {words}"
        if self.sample.order == "created":
            yield f"earlier and later halves are by `{self.project.created}`"
        else:
            yield "there is no created time: earlier and later halves are as the file has the leads"
        if self.seen.moments.null_count() < self.seen.moments.len():
            yield "who reached the outcome is looked at as of just before it; later events are left out; fields are as in the export"
        reading = {name: self._readers(name) for name in (leak.name for leak in self.leaks if leak.kind == "field")}
        for name, paths in reading.items():
            if paths:
                yield f"`{name}` is read by {', '.join(f'`{path}`' for path in paths)}"
        few = FEWEST_PER_LINE * len(self.sample.lines)
        if int(self.sample.reached.sum()) < few:
            yield f"fewer than {few:,} leads reached the outcome, {FEWEST_PER_LINE} for each line: suggested points are loose"
        if self.sample.size > models.MOST_LEARNT:
            yield f"the regressions learn from {models.MOST_LEARNT:,} leads at most, evenly in time"

    def _readers(self, field: str) -> list[str]:
        return [
            f"{score.name}.{rule.name}"
            for score in self.ruleset.declared
            if isinstance(score, Score)
            for rule in score.rules
            if any(
                isinstance(part, Expr) and part.op == "field" and part.value == field
                for part in below(rule, self.ruleset)
            )
        ]

    def _score(self, name: str, values: pl.Series) -> dict[str, Any]:
        sample, late = self.sample, self.sample.is_late
        labelled = {
            label.start: f"{band.name} {label.name}"
            for band in bands_of(self.ruleset, name)
            for label in band.labels
            if label.start is not None
        }
        starts = sorted({*thresholds.candidates(values), *labelled}, reverse=True)
        rows = [thresholds.threshold(values, sample.reached, s, labelled.get(s, ""), sample.weeks) for s in starts]
        fitting = self.advice.fitting(values)
        return {
            "name": name,
            "auc": auc(values, sample.reached),
            "auc_earlier": auc(values.filter(~late), sample.reached.filter(~late)),
            "auc_later": auc(values.filter(late), sample.reached.filter(late)),
            "ranges": [
                {"low": r.low, "high": r.high, "rate": _rate(r.rate), "falls": r.falls}
                for r in thresholds.ranges(values, sample.reached)
            ],
            "thresholds": [
                {
                    "from": row.start, "label": row.label, "leads": row.above.of, "reached": row.above.reached,
                    "precision": row.above.share, "recall": row.recall, "per_week": row.per_week,
                }
                for row in rows
            ],
            "fitting": fitting,
            "suggested_thresholds": {band.name: dict(self.suggestion.starts.get(band.name, {})) for band in bands_of(self.ruleset, name)},
        }  # fmt: skip

    def _line(self, lift: lines.Lift) -> dict[str, Any]:
        suggested = next((one for one in self.suggestion.points if one.path == lift.path), None)
        return {
            "name": lift.path,
            "title": lift.title,
            "points": lift.points,
            "auc": lift.auc,
            "fired": _rate(lift.fired),
            "rest": _rate(lift.rest),
            "lift": lift.lift,
            "interval": list(lift.interval) if lift.interval else None,
            "suggested_points": suggested.points if suggested else None,
            "suggested_factor": suggested.factor if suggested else None,
        }


def _rate(found: Rate) -> dict[str, Any]:
    interval = found.interval
    return {
        "reached": found.reached,
        "of": found.of,
        "share": found.share,
        "interval": list(interval) if interval else None,
    }
