"""Which sequence a lead is in, which step is due when, and why each action was done or withheld.

In: a lead and the words for it, what the state has of it. Out: documents. Due times are worked out as a run does
(lifecycle/due.py); those that a pause or a full day moved are the state's, and so is what became of a step in an earlier run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from leadrules.lifecycle.cadence.due import due_times
from leadrules.lifecycle.cadence.steps import HELD, SKIPPED, SUPPRESSED
from leadrules.lifecycle.cadence.suppression import ALL
from leadrules.lifecycle.model import INSTANT
from leadrules.lifecycle.state.next_state import DONE
from leadrules.review.explain.lead import OneLead
from leadrules.review.explain.words import Words
from leadrules.ruleset.model import Sequence, Step

Document = dict[str, Any]
Row = Mapping[str, Any]
KEPT = "(as when it came in)"  # the state keeps what a condition says, not its words
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def actions(lead: OneLead, words: Words) -> list[Document]:
    """Everything that was done or withheld, in order, with why."""
    return [_action(lead, words, row) for row in lead.actions]


def _action(lead: OneLead, words: Words, row: Mapping[str, Any]) -> Document:
    document = {name: row[name] for name in ("kind", "what", "value", "template", "auto", "rule", "reason")}
    return document | {"due": words.instant(row["due"]), **_withheld(lead, words, row)}


def _withheld(lead: OneLead, words: Words, row: Mapping[str, Any]) -> Document:
    """What kept an action back: the `suppress` that holds, the condition of the step, the limit."""
    reason = row["reason"]
    if reason == SUPPRESSED:
        held = [one for one in lead.ruleset.suppressions if one.channel in (row["kind"], ALL)]
        clauses = [clause for one in held for clause in words.why(one.condition, lead.facts, holds=True)]
        return {"because": f"{row['kind']} is suppressed", "clauses": clauses}
    if reason == SKIPPED:
        step = _step_of(lead, str(row["rule"]))
        condition = None if step is None else step.condition
        return {
            "because": "the step's condition does not hold",
            "clauses": [] if condition is None else words.why(condition, lead.facts),
        }
    if reason == HELD:
        return {"because": f"one automatic {row['kind']} a day goes out, and another comes first", "clauses": []}
    if reason == "over a limit":
        return {"because": _limit(lead, words, row), "clauses": []}
    return {"because": reason, "clauses": []}


def _step_of(lead: OneLead, rule: str) -> Step | None:
    """The step of `sequence.NAME.N`, by the version that the lead is in."""
    _, _, rest = rule.partition(".")
    name, _, number = rest.rpartition(".")
    plans = lead.ears.progress().plans
    for version in (lead.before("version"), lead.after("version"), None):
        plan = plans.get((name, version))
        if plan is not None:
            return next((step for step in plan.steps if str(step.number) == number), None)
    return None


def _limit(lead: OneLead, words: Words, row: Mapping[str, Any]) -> str:
    """Which limit kept a lead out of a sequence, or a trigger from reassigning it."""
    plan = next((one for one in lead.ruleset.sequences if one.name == row["value"]), None)
    if row["kind"] not in ("enroll", "move") or plan is None:
        return "it was reassigned as often as the trigger allows"
    last = lead.before(f"enrolled:{plan.name}")
    if plan.once and last is not None:
        return f"{plan.name} is entered once, and it was in it at {words.instant(last)}"
    if plan.again_after is not None and last is not None:
        after = plan.again_after.text
        again = lead.calendar.shift(last, plan.again_after.count, plan.again_after.unit)
        if isinstance(again, datetime) and lead.as_of is not None and again > lead.as_of:
            return f"{plan.name} is entered again after {after}: from {words.instant(again)}"
    return f"{plan.name} lets in {plan.per_day} a day; it waits for its turn"


# -- sequences ------------------------------------------------------------------------------------------------------


def sequence(lead: OneLead, words: Words, one: Sequence, history: pl.DataFrame | None) -> Document:
    """Where the lead stands in a sequence, before and after the run; why it entered or left, or did not."""
    before, after = lead.before("sequence") == one.name, lead.after("sequence") == one.name
    document = {"kind": "sequence", "name": one.name, "title": one.title, **words.place(one)}
    document |= {"before": before, "after": after, "note": None, "enrolled_at": None, "steps": [], "exits": []}
    document["moves"] = [_action(lead, words, row) for row in lead.actions if _is_move(row, one.name)]
    if before or after:
        return document | _inside(lead, words, one, history, is_before=not after)
    return document | {"note": _outside(lead, words, one), "doors": _doors(lead, one)}


def _is_move(row: Mapping[str, Any], name: str) -> bool:
    return row["kind"] in ("enroll", "move", "stop") and row["value"] == name


def _outside(lead: OneLead, words: Words, one: Sequence) -> str:
    waits = lead.after("seq_wait")
    if waits == one.name:
        return f"it waits for its turn since {words.instant(lead.after('seq_wait_since'))}"
    other = lead.after("sequence")
    last = lead.before(f"enrolled:{one.name}")
    said = f"it is in {other}" if other else "it is in no sequence"
    return f"{said}; it entered {one.name} at {words.instant(last)} before" if last else said


def _doors(lead: OneLead, one: Sequence) -> list[Document]:
    """The triggers that could let a lead in, and whether they fired; and the sequences that end in it."""
    found = []
    for trigger in lead.ruleset.triggers:
        opening = [action for action in trigger.actions if _opens(lead, action.sequence, action.by, one.name)]
        if opening:
            fired = bool(lead.decided.fired_triggers[trigger.name].is_in([lead.row]).any())
            held = fired and all(action.kind == "enroll" for action in opening)
            found.append({"rule": f"trigger.{trigger.name}", "fired": fired, "but": _stays(lead) if held else None})
    for other in lead.ruleset.sequences:
        if any(_opens(lead, action.sequence, action.by, one.name) for action in other.on_finish):
            finished = any(row["rule"] == f"sequence.{other.name}.finish" for row in lead.actions)
            found.append({"rule": f"sequence.{other.name}.finish", "fired": finished, "but": None})
    return found


def _stays(lead: OneLead) -> str | None:
    """Why `enroll` did nothing to a lead."""
    other = lead.before("sequence")
    return f"`enroll` leaves a lead in its sequence, {other}, and `move to` takes it out" if other else None


def _opens(lead: OneLead, named: str | None, by: str | None, sequence: str) -> bool:
    return named == sequence or (by is not None and lead.facts.values.get(by) == sequence)


def _inside(lead: OneLead, words: Words, one: Sequence, history: pl.DataFrame | None, *, is_before: bool) -> Document:
    read = lead.before if is_before else lead.after
    version = read("version")
    plan = lead.ears.progress().plans.get((one.name, version), one)
    exits = [(words.text(exit_) or KEPT, exit_) for exit_ in plan.exits]
    exits += [(f"exit all when {words.text(every.condition)}", every.condition) for every in lead.ruleset.exits]
    paused = read("seq_paused_at")
    return {
        "note": None if paused is None else f"paused since {words.instant(paused)}",
        "enrolled_at": words.instant(read("enrolled_at")),
        "version": version,
        "steps": _steps(lead, words, plan, history, is_before=is_before),
        "exits": [{"text": text, "holds": lead.value(condition) is True} for text, condition in exits],
    }


def _steps(
    lead: OneLead, words: Words, plan: Sequence, history: pl.DataFrame | None, *, is_before: bool
) -> list[Document]:
    """Every step with its due time: what an earlier run or this one made of it, or whether it is to come."""
    read = lead.before if is_before else lead.after
    enrolled = read("enrolled_at")
    if enrolled is None:
        return []
    times = [time[0] for time in due_times(plan, lead.calendar, pl.Series([enrolled], dtype=INSTANT))]
    enters = not is_before and (lead.before("sequence"), lead.before("enrolled_at")) != (plan.name, enrolled)
    today = {str(row["rule"]): row for row in lead.actions}
    earlier = {} if enters or history is None else _earlier(history.to_dicts(), plan, times)
    settled, passed = _settled(read("seq_pending")), read("step") or 0
    found = []
    for step, time in zip(plan.steps, times, strict=True):
        # Who enters the sequence again has steps of the enrolment that ended in this run, too.
        is_of_old = enters and time > lead.decided.tick.as_of
        row = None if is_of_old else today.get(f"sequence.{plan.name}.{step.number}")
        due = row["due"] if row is not None else settled.get(step.number, time)
        document = {"number": step.number, "text": words.text(step) or _said(step), "due": words.instant(due)}
        document |= {"status": "not any more" if is_before else "to come", "because": None, "clauses": []}
        if row is not None:
            document |= _withheld(lead, words, row) if row["reason"] else {}
            document["status"] = row["reason"] or "goes out"
        elif step.number <= passed and step.number not in settled:
            document |= _passed(words, step, earlier.get(step.number))
        found.append(document)
    return found


def _earlier(history: list[dict[str, Any]], plan: Sequence, times: list[datetime]) -> Mapping[int, Row]:
    """What earlier runs made of the steps in the enrolment that the lead is in: rows of its history."""
    entered = next((row for row in reversed(history) if row["kind"] == "sequence"), None)
    if entered is None or entered["new"] != plan.name:
        return {}  # the record put it there since the last run
    steps = (row for row in history if row["kind"] == "step" and row["what"] == plan.name)
    became = {row["old"]: row for row in steps if row["run"] >= entered["run"]}
    is_again = entered["old"] == plan.name  # the run has the last steps of the enrolment before, too
    found = {}
    for step, time in zip(plan.steps, times, strict=True):
        row = became.get(f"{step.number} {step.channel}")
        if row is not None and not (is_again and row["run"] == entered["run"] and time > entered["as_of"]):
            found[step.number] = row
    return found


def _passed(words: Words, step: Step, row: Row | None) -> Document:
    """What became of a step that passed; `passed` alone where the history has nothing of it, as after a migration."""
    if row is None or row["new"] == DONE:
        return {"status": "passed" if row is None else "went out"}
    why = {SKIPPED: "the step's condition did not hold", SUPPRESSED: f"{step.channel} was suppressed"}.get(row["new"])
    return {"status": row["new"], "because": why and f"{why} in the run of {words.instant(row['as_of'])}"}


def _said(step: Step) -> str:
    return f"{step.number}: {step.channel} {step.content or ''}".rstrip()


def _settled(pending: str | None) -> Mapping[int, datetime]:
    """The steps whose times a pause or a full day moved."""
    pairs = (one.split(" ") for one in (pending or "").split(";") if one)
    return {int(number): EPOCH + timedelta(microseconds=int(at)) for number, at in pairs}
