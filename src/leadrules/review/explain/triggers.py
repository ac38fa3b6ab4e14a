"""Why a trigger fired or did not: what set it off, its conditions, its `once`, and what became of its actions.

In: a lead and the words for it. Out: a document per trigger, with the first gate that stopped it. The gates are those of
the run (lifecycle/triggers.py), asked once more of this lead alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from leadrules.lifecycle.eras import knows
from leadrules.lifecycle.labels import Memory
from leadrules.lifecycle.moves.triggers import Gates, gates
from leadrules.review.explain.lead import OneLead
from leadrules.review.explain.words import Clause, Words
from leadrules.ruleset.model import Trigger

Document = dict[str, Any]


def trigger(lead: OneLead, words: Words, one: Trigger) -> Document:
    """Whether it fired for the lead, and the first reason why not."""
    tick = lead.tick
    assert tick is not None
    passes = gates(tick, lead.ears, one)
    fired = bool(lead.decided.fired_triggers[one.name].is_in([lead.row]).any())
    document = {
        "kind": "trigger",
        "name": one.name,
        "title": one.title,
        **words.place(one),
        "on": _on(words, one),
        "fired": fired,
        "set_off_at": words.instant(_set_off_at(passes)),
        "stopped": None,
        "reason": None,
        "clauses": [],
        "actions": [_action(row) for row in _actions(lead, one, fired=fired)],
    }
    return document | ({} if fired else _stopped(lead, words, one, passes))


def _set_off_at(passes: Gates) -> datetime | None:
    """The instant of the event, or of the date, that set it off."""
    if not passes.found.height:
        return None
    at: datetime | None = passes.found["at"][0]
    mark: datetime | None = passes.found["mark"][0]
    return at if at is not None else mark


def _on(words: Words, one: Trigger) -> str:
    """What sets it off, as it is written."""
    if one.on.kind != "condition":
        return words.text(one.on) or one.on.kind
    said = " and ".join(filter(None, map(words.text, one.conditions)))
    return f"when {said}" if said else one.on.kind


def _actions(lead: OneLead, one: Trigger, *, fired: bool) -> list[dict[str, Any]]:
    """What it did, and what it lost. An assignment by a route bears the line of the route."""
    own = [row for row in lead.actions if row["rule"] == f"trigger.{one.name}"]
    routes = {action.route for action in one.actions if action.route is not None}
    lost = any(row["kind"] == "assign" for row in own)
    if not fired or lost or not routes:
        return own
    called = (route for route in lead.ruleset.routes if route.name in routes)
    lines = {f"route.{route.name}.{rule.name}" for route in called for rule in route.rules}
    return [row for row in lead.actions if row in own or row["rule"] in lines]


def _action(row: Mapping[str, Any]) -> Document:
    return {name: row[name] for name in ("kind", "what", "value", "template", "rule", "reason")}


def _stopped(lead: OneLead, words: Words, one: Trigger, passes: Gates) -> Document:
    """The first gate that it did not pass, in the order in which a run asks; what is spent is so whatever its condition was."""
    on_condition = one.on.kind == "condition"
    if on_condition and not passes.met[0]:
        return _because("condition", "its condition does not hold", _clauses(lead, words, one))
    if on_condition and not passes.free[0]:  # it does not wait for its condition to become true again
        return _because("once", _spent(lead, words, one))
    if not passes.found.height:
        return _because("not set off", _SET_OFF[one.on.kind](lead, words, one))
    if not passes.met[0]:
        return _because("condition", "it was set off, and its condition does not hold", _clauses(lead, words, one))
    if not passes.free[0]:
        return _because("once", _spent(lead, words, one))
    if passes.absorbed[0]:
        return _because("already so", _absorbed(lead, one))
    return _because("nothing done", _undone(lead, one))


def _because(stopped: str, reason: str, clauses: list[Clause] | None = None) -> Document:
    return {"stopped": stopped, "reason": reason, "clauses": clauses or []}


def _clauses(lead: OneLead, words: Words, one: Trigger) -> list[Clause]:
    return [clause for condition in one.conditions for clause in words.why(condition, lead.facts)]


# -- what did not set it off ----------------------------------------------------------------------------------------


def _no_event(lead: OneLead, words: Words, one: Trigger) -> str:
    """There is no such event, or the newest was dealt with, or is older than late events may be."""
    assert one.on.filter is not None
    events = lead.program.matching(one.on.filter, lead.facts)
    if not events:
        stages = words.counted_of(one.on.filter, lead.facts)
        return "no such event: " + ", ".join(f"{stage['text']} {stage['value']}" for stage in stages)
    assert lead.tick is not None
    newest, limit = words.instant(events[-1]["at"]), lead.ears.late.limit
    if limit is None and events[-1]["at"] < lead.tick.since:
        return f"the newest such event, of {newest}, is older than {_since(lead, words)}"
    if limit is not None and events[-1]["at"] < limit:
        return f"the newest such event, of {newest}, is older than late events may be (from {words.instant(limit)} on)"
    return f"the newest such event, of {newest}, was seen by an earlier run"


def _since(lead: OneLead, words: Words) -> str:
    """Where new things begin, and why there: a first run, and one with `--since`, follow no run."""
    assert lead.tick is not None
    since = lead.tick.since
    why = "when the run before was" if since == lead.state.as_of else "from when on things are new"
    return f"{words.instant(since)}, {why}"


def _no_change(lead: OneLead, words: Words, one: Trigger) -> str:
    """The label, or the segment, was not entered or left."""
    memory: Memory = lead.ears.labels.memories[str(one.on.name)]
    before, now = memory.before[0], memory.now[0]
    if memory.start[0]:
        return f"{one.on.name} is {_label(now)}, which is taken as already so"
    name = one.on.name
    if one.on.label is None:
        was, is_ = ("in" if flag else "not in" for flag in (before, now))
        changed = f"it was {was} {name} and is {is_} it"
    elif before == now:
        return f"{name} was {_label(before)} before this run and still is"
    else:
        changed = f"{name} is {_label(now)} and was {_label(before)}"
    return f"{changed} only because the rules were edited" if memory.only_edited[0] else changed


def _label(label: Any) -> str:
    return "blank" if label is None else {True: "yes", False: "no"}.get(label, str(label))


def _not_finished(lead: OneLead, words: Words, one: Trigger) -> str:
    now = lead.before("sequence")
    if now != one.on.name:
        return f"it was not in {one.on.name}" + (f", but in {now}" if now else "")
    for row in lead.actions:
        if row["reason"] is None and row["what"] == "sequence" and row["kind"] in ("stop", "move"):
            return f"{row['rule']} took it out of {one.on.name}, which had not finished"
    return f"it is in {one.on.name}, which has not finished"


def _not_overdue(lead: OneLead, words: Words, one: Trigger) -> str:
    due, by, tick = lead.before("due_at"), lead.before("due_route"), lead.tick
    assert tick is not None
    if due is None or by != one.on.name:
        return f"no response under {one.on.name} is awaited"
    if due >= tick.as_of:
        return f"the response is due at {words.instant(due)}, which has not come"
    if lead.before(f"overdue:{one.name}") == due:
        return f"it fired for the response that was due at {words.instant(due)} already"
    return "there was a response"


def _not_fallen(lead: OneLead, words: Words, one: Trigger) -> str:
    """The date is blank, is still to come, fell before this run, or was dealt with."""
    assert one.on.value is not None
    tick = lead.tick
    assert tick is not None
    value = lead.value(one.on.value)
    if value is None:
        return f"{words.text(one.on.value)} is blank"
    said = words.value(value, one.on.value.type)
    if one.on.every_year:
        return f"{said} did not return between {words.instant(tick.since)} and {words.instant(tick.as_of)}"
    at = lead.calendar.as_instant(value)
    if at > tick.as_of:
        return f"{said} has not come"
    if lead.before(f"dated:{one.name}") == at:
        return f"{said} was dealt with already"
    return f"{said} fell before {_since(lead, words)}"


def _not_becoming(lead: OneLead, words: Words, one: Trigger) -> str:
    held = "its condition holds, and held in the run before: it fires when it becomes true"
    return f"{held}; `backfill` counts only in the run in which a trigger of this name is new" if one.backfill else held


_SET_OFF: Mapping[str, Callable[[OneLead, Words, Trigger], str]] = {
    "event": _no_event,
    "enter": _no_change,
    "leave": _no_change,
    "finish": _not_finished,
    "overdue": _not_overdue,
    "date": _not_fallen,
    "condition": _not_becoming,
}


# -- what held it back ----------------------------------------------------------------------------------------------


def _spent(lead: OneLead, words: Words, one: Trigger) -> str:
    last: datetime | None = lead.before(f"fired:{one.name}")
    fired = f"it fired at {words.instant(last)}"
    if one.once_per is None or last is None:
        return f"{fired}, and fires once"
    again = lead.calendar.shift(last, one.once_per.count, one.once_per.unit)
    until = f", again from {words.instant(again)}" if isinstance(again, datetime) else ""
    return f"{fired}, once per {one.once_per.text}{until}"


def _absorbed(lead: OneLead, one: Trigger) -> str:
    assert lead.tick is not None
    if lead.tick.baseline:
        return "a baseline takes everything as already so"
    if lead.state.ruleset is not None and not knows(lead.state.ruleset, one):
        return "it is new to the state: what is, is taken as already so (`backfill` would fire it in this run, and in no later one)"
    if not one.backfill and lead.ears.news(one) is not None:
        return (
            "it came while the lead was absent: what was so by then is taken as already so (`backfill` would fire it)"
        )
    return "its condition holds only because the rules were edited (`--fire-edits` would fire it)"


def _undone(lead: OneLead, one: Trigger) -> str:
    """It was set off, and none of its actions was done."""
    withheld = [row for row in _actions(lead, one, fired=False) if row["reason"] is not None]
    undone = [
        f"{row['kind']} {row['value'] or row['what'] or row['template'] or ''}: {row['reason']}" for row in withheld
    ]
    again = (
        "it stays armed, and the next run tries again" if _is_armed(lead, one) else "it stays armed for the next time"
    )
    if undone:
        return f"it was set off, and none of its actions was done ({'; '.join(undone)}); {again}"
    if _is_armed(lead, one):  # a route keeps the owner, or a classify names no sequence
        return f"it was set off, and there is nothing to do for this lead; {again}"
    return "it was set off, and nothing was left to do: everything is so already"


def _is_armed(lead: OneLead, one: Trigger) -> bool:
    """Whether a condition counts as not met, a date as not fallen, or a response as awaited still."""
    if one.on.kind == "condition":
        return lead.after(f"holds:{one.name}") is False
    if one.on.kind == "date":
        return lead.after(f"armed:{one.name}") is not None
    return one.on.kind == "overdue" and lead.after(f"overdue:{one.name}") != lead.before("due_at")
