"""What a run leaves: the state after it, its history, the way back.

In: an outcome whose decisions are made. Out: `State`, rows of the history, undo.csv, and the record that names the run by its
inputs. Writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from hashlib import sha256

import polars as pl

from leadrules.core.functions.columnar import rows_where
from leadrules.data.texts import as_text
from leadrules.lifecycle.cadence.steps import HELD
from leadrules.lifecycle.decide import Decided
from leadrules.lifecycle.eras import eras_after
from leadrules.lifecycle.labels import history_of
from leadrules.lifecycle.late import seen_after, seen_from_after
from leadrules.lifecycle.manifest import fingerprint
from leadrules.lifecycle.model import HISTORY_COLUMNS, RECORD, SEEN_FROM, RunRecord, State, Tick, empty_state
from leadrules.lifecycle.record import carried_over, known_of
from leadrules.lifecycle.run import Outcome, lead_fields
from leadrules.lifecycle.state.undo import undo_rows
from leadrules.ruleset.store import digest

OF_SEQUENCE = ("enroll", "move", "stop")
DONE = "done"
_STEP = r"^sequence\.(.+)\.(\d+)$"


def state_after(outcome: Outcome) -> State:
    """The state that the next run begins with."""
    decided = _decided(outcome)
    tick, ruleset = decided.tick, outcome.request.ruleset
    leads = carried_over(tick.state, decided.table)
    return replace(
        tick.state,
        leads=leads,
        credits=decided.router.credits(),
        assignments=decided.router.assignments(),
        events=seen_after(tick.state, outcome.events.frame, tick),
        seen_from=seen_from_after(tick.state, tick),
        versions=pl.concat([tick.state.versions, decided.versions]),
        eras=eras_after(tick.state, leads, ruleset, tick.as_of),
        as_of=tick.as_of,
        ruleset=ruleset,
    )


def record_of(
    outcome: Outcome, *, manifest: bytes, out: str, options: Mapping[str, object], written: Mapping[str, object]
) -> RunRecord:
    """What the run was. `options` say how it was run and are part of its name; `written` how its files are, which is not."""
    rules = digest(outcome.request.ruleset)
    name = identity(outcome, rules, options)
    return RunRecord(
        outcome.as_of.at,
        outcome.since,
        rules,
        name,
        fingerprint(manifest),
        out,
        {**options, "written": dict(written), SEEN_FROM: _seen_from(outcome)},
    )


def _seen_from(outcome: Outcome) -> str:
    tick = _decided(outcome).tick
    return seen_from_after(tick.state, tick).isoformat()


def identity(outcome: Outcome, rules: str, options: Mapping[str, object], *, with_reading: bool = True) -> str:
    """One name for all that a run is a function of, but its `as of` and the state."""
    project = outcome.request.project
    inputs = sorted(file.sha256 for file in (*outcome.leads.inputs, *outcome.events.inputs))
    settings = [project.late_events, project.open_leads, project.duplicates_by, project.duplicates_keep]
    reading = [_reading(outcome)] if with_reading else []
    parts = [rules, inputs, *reading, asdict(project.team), settings, dict(options)]
    text = json.dumps(parts, sort_keys=True, default=str)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _reading(outcome: Outcome) -> list[object]:
    """How the inputs are read: the same bytes are another input where their blanks, dates or headers are told otherwise,
    or where they are another source's: two files of events that had each other's names.

    Of the schemas what the rules read counts, but not how the CRM's import calls it: that is how files are written.
    """
    request = outcome.request
    project, rules = request.project, request.ruleset
    sources = [asdict(replace(source, path="")) for source in (request.leads, *request.events)]
    of_events = sorted((file.source, file.sha256) for file in outcome.events.inputs)
    read = {*lead_fields(request), project.key, project.created}
    fields = [field for field in project.lead_schema.fields if field.name in read]
    read_of = {kind: {name for name, _ in some} for kind, some in rules.event_fields}
    for kind in project.event_schema:
        fields += [field for field in kind.fields if field.name in read_of.get(kind.name, ())]
    return [sources, of_events, [asdict(replace(field, description="", api_name=None, span=None)) for field in fields]]


def is_same_run(outcome: Outcome, options: Mapping[str, object]) -> bool:
    """Whether the last run had this `as of` and these inputs: then its files are written again and nothing changes."""
    last = (outcome.request.state or empty_state()).last
    if last is None or last.as_of != outcome.as_of.at or not last.identity:
        return False
    rules = digest(outcome.request.ruleset)
    # Earlier versions of leadrules did not count how inputs are read.
    return any(last.identity == identity(outcome, rules, options, with_reading=one) for one in (True, False))


def _decided(outcome: Outcome) -> Decided:
    assert outcome.decided is not None, "a run with a state decides"
    return outcome.decided


# -- history --------------------------------------------------------------------------------------------------------


def history_after(outcome: Outcome) -> pl.DataFrame:
    """Every change of every lead: key, kind, what, old, new, rule."""
    decided = _decided(outcome)
    labels = history_of(decided.tick, decided.labels)
    kinds = {name: kind for name, kind in HISTORY_COLUMNS.items() if name not in ("run", "as_of")}
    parts = [
        *_of_record(decided.tick),
        *_of_run(decided),
        *_of_fields(outcome, decided),
        _of_steps(decided),
        _of_due(decided),
        labels,
    ]
    return pl.concat([part.select(list(kinds)).cast(kinds) for part in parts])  # type: ignore[arg-type]


def _of_record(tick: Tick) -> Iterator[pl.DataFrame]:
    """What the record changed since the run before."""
    before = known_of(tick.leads["key"], tick.state.leads)
    for kind in ("owner", "sequence"):
        yield _changed(tick, kind, before[kind], tick.leads[kind]).with_columns(rule=pl.lit(RECORD))


def _of_run(decided: Decided) -> Iterator[pl.DataFrame]:
    """What this run changed, with the rule that did it: the last of a lead's that is not withheld."""
    actions = decided.done
    rules = {
        "owner": actions.filter(pl.col("kind") == "assign", pl.col("what") == "owner"),
        "sequence": actions.filter(pl.col("kind").is_in(OF_SEQUENCE)),
    }
    # Who finished a sequence and entered it again is in another enrolment.
    entered = {"sequence": rules["sequence"].filter(pl.col("kind") != "stop")["lead_row"]}
    for kind, done in rules.items():
        last = done.unique("lead_row", keep="last", maintain_order=True).select("lead_row", "rule")
        changed = _changed(decided.tick, kind, decided.tick.leads[kind], decided.table[kind], entered.get(kind))
        yield changed.join(last, on="lead_row", how="left", maintain_order="left")


def _changed(tick: Tick, kind: str, old: pl.Series, new: pl.Series, anyway: pl.Series | None = None) -> pl.DataFrame:
    """lead_row, key, old, new, kind, what: of the leads of which a column is another, and of some `anyway`."""
    is_other = old.ne_missing(new)
    rows = rows_where(is_other if anyway is None else is_other.scatter(anyway, True))
    said = {"key": tick.leads["key"], "old": old, "new": new}
    frame = pl.DataFrame([rows.alias("lead_row"), *(column[rows].alias(name) for name, column in said.items())])
    return frame.with_columns(kind=pl.lit(kind), what=pl.lit(kind))


def _of_fields(outcome: Outcome, decided: Decided) -> Iterator[pl.DataFrame]:
    for (field,), rows in decided.fields.partition_by("field", as_dict=True).items():
        old = shown_before(outcome, str(field)).gather(rows["lead_row"])
        key = decided.tick.leads["key"].gather(rows["lead_row"])
        yield rows.select(
            key,
            pl.lit("set").alias("kind"),
            pl.lit(field).alias("what"),
            old.alias("old"),
            pl.col("value").alias("new"),
            "rule",
        )


def _of_steps(decided: Decided) -> pl.DataFrame:
    """What became of the steps that came due, but for those that are held: `3 email` -> done, skipped, suppressed, ..."""
    steps = decided.actions.filter(pl.col("rule").str.contains(_STEP), pl.col("reason").ne_missing(HELD))
    parts = pl.col("rule").str.extract_groups(_STEP).struct
    return steps.select(
        decided.tick.leads["key"].gather(steps["lead_row"]),
        pl.lit("step").alias("kind"),
        parts.field("1").alias("what"),
        (parts.field("2") + " " + pl.col("kind")).alias("old"),
        pl.col("reason").fill_null(DONE).alias("new"),
        "rule",
    )


def _of_due(decided: Decided) -> pl.DataFrame:
    """When a response is due, of each lead that got an owner with a time to respond within."""
    given = decided.done.filter(pl.col("kind") == "assign", pl.col("what") == "owner", pl.col("due").is_not_null())
    return given.select(
        decided.tick.leads["key"].gather(given["lead_row"]),
        pl.lit("due").alias("kind"),
        pl.lit("response").alias("what"),
        pl.lit(None, dtype=pl.String).alias("old"),
        as_text(given["due"], decided.tick.calendar).alias("new"),
        "rule",
    )


def shown_before(outcome: Outcome, field: str) -> pl.Series:
    """A field as text as the rules saw it: the decision that holds, else the record."""
    decided, overlay = _decided(outcome), outcome.overlay
    assert overlay is not None
    if field in overlay.leads.columns:
        return as_text(overlay.leads[field], decided.tick.calendar)
    return pl.Series(field, [None], dtype=pl.String).new_from_index(0, decided.tick.leads.height)


# -- the way back ---------------------------------------------------------------------------------------------------


def undo_of(outcome: Outcome) -> pl.DataFrame:
    """undo.csv: key, field, old, new, by lead; owner and sequence bear the name of the lead field that feeds them."""
    decided, settings = _decided(outcome), outcome.request.ruleset.settings
    before = {
        settings.owner or "owner": decided.tick.leads["owner"],
        settings.sequence or "sequence": decided.tick.leads["sequence"],
    }
    after = {
        settings.owner or "owner": decided.table["owner"],
        settings.sequence or "sequence": decided.table["sequence"],
    }
    for (name,), rows in decided.fields.partition_by("field", as_dict=True, maintain_order=True).items():
        field = str(name)
        before[field] = shown_before(outcome, field)
        after[field] = before[field].clone().scatter(rows["lead_row"], rows["value"])
    return undo_rows(outcome.leads.frame["@key"], before, _in_order(after))


def _in_order(columns: Mapping[str, pl.Series]) -> Mapping[str, pl.Series]:
    names: Iterable[str] = [*list(columns)[:2], *sorted(list(columns)[2:])]
    return {name: columns[name] for name in names}
