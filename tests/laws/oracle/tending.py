"""What is done to a state between runs: `state migrate`, and `run --undo` of a run that is not the last.

In: a state; the changes of a run, or today's rules. Out: the state after it; the one given is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tests.laws.oracle.clock import Clock
from tests.laws.oracle.memory import Enrolment, Memory, State
from tests.laws.oracle.record import alike

from leadrules.ruleset.model import Ruleset, Sequence

OWNER, SEQUENCE = "@owner", "@sequence"


@dataclass(frozen=True, slots=True)
class Change:
    """What a run made of an owner, a sequence or a field of one lead."""

    key: str
    slot: str
    old: Any
    new: Any


def taken_back(before: State, changes: Iterable[Change]) -> tuple[State, int]:
    """The state with the old values where the new ones still hold, and how many those are."""
    state, done = before.copied(), 0
    for change in changes:
        memory = state.leads[change.key]
        take = {OWNER: _owner, SEQUENCE: _sequence}.get(change.slot, _field)
        done += take(memory, change)
    return state, done


def _said(said: Any, change: Change) -> Any:
    """The record that goes with the old value: the new one, which it has by now, unless an earlier run decided on the old."""
    return change.new if alike(said, change.old) else said


def _owner(memory: Memory, change: Change) -> bool:
    if memory.owner != change.new:
        return False
    memory.owner, memory.owner_said = change.old, _said(memory.owner_said, change)
    memory.assigned_at = memory.due_at = memory.due_route = None
    memory.owner_changes -= change.old is not None and change.new is not None
    memory.past_owners.pop()
    memory.is_handed_over = False
    return True


def _sequence(memory: Memory, change: Change) -> bool:
    """Nobody knows any more how far it was: it is in it as a record says it."""
    if change.new != (None if memory.enrolment is None else memory.enrolment.sequence.name):
        return False
    sequence = Sequence(name=change.old or "", title=None, position=0, steps=())
    way = Enrolment(sequence, (), None, [], is_known=False)
    memory.enrolment = None if change.old is None else way
    memory.sequence_said = _said(memory.sequence_said, change)
    return True


def _field(memory: Memory, change: Change) -> bool:
    """A decision that the record shows is none any more; that one is taken back if the record still says it."""
    value, said = memory.decided.get(change.slot, (change.new, change.new))
    if value == said:
        value, said = change.new, change.old
    if value != change.new:
        return False
    memory.decided[change.slot] = (change.old, _said(said, change))
    memory.held_since.pop(change.slot, None)
    return True


def migrated(before: State, ruleset: Ruleset, name: str) -> State:
    """Those in a sequence go on after the last step that passed, by the steps and times of today; pauses still count."""
    state, clock = before.copied(), Clock(ruleset.settings)
    today = next(one for one in ruleset.sequences if one.name == name)
    for memory in state.leads.values():
        way = memory.enrolment
        if way is not None and way.is_known and way.sequence.name == name and way.sequence != today:
            memory.enrolment = _migrated(way, today, ruleset, clock)
    return state


def _migrated(way: Enrolment, today: Sequence, ruleset: Ruleset, clock: Clock) -> Enrolment:
    went = replace(way, sequence=today, aggregates=ruleset.aggregates)
    if way.at is None:
        return went
    dues = clock.schedule(today, way.at)
    if way.paused:
        dues = [clock.opening(today, due + way.paused) for due in dues]
    last = way.step or 0
    waits = {
        step.number: due
        for step, due in zip(way.sequence.steps, way.dues, strict=True)
        if step.number < last and step.number not in way.passed
    }
    numbers = [step.number for step in today.steps]
    passed = {number for number in numbers if number <= last} - set(waits) | ({last} if last else set())
    return replace(went, dues=[waits.get(n, due) for n, due in zip(numbers, dues, strict=True)], passed=passed)
