"""One run: read, exits, triggers, `on finish`, routes, steps, the next state.

In: inputs and a state. Out: what every lead decided on, lines of actions, and the next state; the state given is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.laws.oracle.dealing import Dealer
from tests.laws.oracle.firing import Cause, Triggers
from tests.laws.oracle.memory import Inputs, Memory, Row, State
from tests.laws.oracle.progress import Progress
from tests.laws.oracle.record import Record, alike
from tests.laws.oracle.sight import LABELLED, Eyes, Sight, as_instant
from tests.laws.oracle.tending import OWNER, SEQUENCE, Change

from leadrules.ruleset.model import Route


@dataclass(frozen=True, slots=True)
class Tick:
    """What a run came to."""

    decisions: dict[str, dict[str, Any]]
    rows: list[Row]
    state: State
    not_yet_in_crm: int
    broken: dict[str, list[str]]  # assert -> the leads that break it
    held: dict[str, dict[str, str | None]]  # the owner and the sequence of each lead before the run
    changes: list[Change]  # of owners, sequences and fields

    @property
    def actions(self) -> list[Row]:
        """What is done."""
        return [row for row in self.rows if not row.reason]

    @property
    def withheld(self) -> list[Row]:
        """What is not, with a reason."""
        return [row for row in self.rows if row.reason]


def run(inputs: Inputs, before: State) -> Tick:
    """One run."""
    state = before.copied()
    eyes = Eyes(inputs, state)
    sights = [_see(eyes, record) for record in inputs.leads]
    by_key = {sight.key: sight for sight in sights}
    progress, dealer = Progress(eyes), Dealer(eyes, by_key)
    for sight in sights:
        if inputs.ruleset.open_leads is not None:
            sight.memory.is_open = eyes.holds(inputs.ruleset.open_leads, sight)
        dealer.remember_accounts(sight)
    triggers = Triggers(eyes, dealer, progress, _since(eyes, before), _oldest(eyes, before))
    if inputs.baseline:
        triggers.absorb(sights)
    else:
        _decide(eyes, sights, progress, dealer, triggers)
    for sight in sights:
        _remember(eyes, sight)
    _close(eyes, by_key)
    decisions = {sight.key: _decided(eyes, sight) for sight in sights}
    rows = [row for sight in sights for row in sight.rows]
    not_yet = sum(sight.not_yet for sight in sights)
    changes = [change for sight in sights for change in _changes(sight)]
    held = {sight.key: _held(sight) for sight in sights}
    return Tick(decisions, rows, state, not_yet, _broken(eyes, sights), held, changes)


def _see(eyes: Eyes, record: dict[str, Any]) -> Sight:
    settings, leads = eyes.inputs.ruleset.settings, eyes.state.leads
    key = str(record[settings.key])
    is_new = key not in leads
    memory = leads.setdefault(key, Memory(key))
    memory.created = as_instant(record.get(settings.created), eyes.clock) if settings.created else None
    said = Record(record, eyes.inputs.ruleset, eyes.clock, eyes.as_of, eyes.inputs.missing)
    not_yet = said.overlay(memory, is_new=is_new)
    kept = {name: memory.held[name] for name in _filled(eyes) if name in eyes.inputs.missing and name in memory.held}
    sight = eyes.see(record | kept, memory, is_new, not_yet)
    for name in [] if is_new else _filled(eyes):
        if name in memory.held and not alike(eyes.field(name, sight), memory.held[name]):
            memory.held_since[name] = eyes.as_of
    return sight


def _filled(eyes: Eyes) -> list[str]:
    """The fields that routes fill: of a column that is missing they go on as they were, as the owner does."""
    return [route.sets for route in eyes.inputs.ruleset.routes if route.sets is not None]


def _since(eyes: Eyes, before: State) -> datetime:
    return eyes.inputs.since or before.as_of or eyes.clock.minus(eyes.as_of, 1, "days")


def _oldest(eyes: Eyes, before: State) -> datetime:
    """Events from here on may set triggers off."""
    since = _since(eyes, before)
    if eyes.inputs.since is not None or before.as_of is None:
        return since
    return eyes.clock.minus(since, *eyes.inputs.project.late_events)


def _decide(eyes: Eyes, sights: list[Sight], progress: Progress, dealer: Dealer, triggers: Triggers) -> None:
    for sight in sights:
        progress.exit_pause_or_finish(sight)
        sight.riding = sight.memory.enrolment
    triggers.run(sights)
    for sight in dealer.in_order(None, sights):
        _on_finish(sight, progress, triggers, eyes)
    for route in sorted(eyes.inputs.ruleset.routes, key=lambda one: one.position):
        if not route.on_demand:
            _route(route, sights, dealer, eyes)
    progress.enter(sights)
    for sight in sights:
        progress.send(sight)


def _on_finish(sight: Sight, progress: Progress, triggers: Triggers, eyes: Eyes) -> None:
    way = progress.finished.get(sight.key)
    if way is not None:
        for action in way.sequence.on_finish:
            cause = Cause(f"sequence.{way.sequence.name}.finish", eyes.as_of, way.aggregates)
            triggers.act(action, sight, cause)


def _route(route: Route, sights: list[Sight], dealer: Dealer, eyes: Eyes) -> None:
    for sight in dealer.in_order(route, [one for one in sights if dealer.looks_at(route, one)]):
        dealer.deal(route, sight, eyes.as_of)


def _remember(eyes: Eyes, sight: Sight) -> None:
    memory = sight.memory
    memory.seen_at, memory.seen_by = eyes.as_of, eyes.inputs.ruleset
    memory.held |= {name: eyes.field(name, sight) for name in _filled(eyes)}
    for definition in eyes.inputs.ruleset.definitions:
        if isinstance(definition, LABELLED):
            name, label = definition.name, sight.facts.values[definition.name]
            if name not in memory.labels or memory.labels[name] != label:
                memory.since[name] = eyes.as_of
            memory.labels[name] = label


def _close(eyes: Eyes, sights: dict[str, Sight]) -> None:
    """What was seen in this run, and by which rules."""
    for event in eyes.inputs.events:
        if event["lead"] in sights and event["at"] <= eyes.as_of:
            eyes.state.events.add(eyes.identities[id(event)])
    names = [(one.name, one.on.kind) for one in eyes.inputs.ruleset.triggers]
    eyes.state.came = {name: eyes.state.came.get(name, eyes.as_of) for name in names}
    eyes.state.as_of, eyes.state.ruleset = eyes.as_of, eyes.inputs.ruleset


def _decided(eyes: Eyes, sight: Sight) -> dict[str, Any]:
    memory, rules = sight.memory, eyes.inputs.ruleset
    way = memory.enrolment
    return {
        "owner": memory.owner,
        "sequence": None if way is None else way.sequence.name,
        "step": None if way is None else way.step,
        "enrolled_at": None if way is None else way.at,
        **{route.sets: eyes.field(route.sets, sight) for route in rules.routes if route.sets is not None},
        **{f"route.{route.name}": sight.routes.get(route.name) for route in rules.routes},
    }


def _held(sight: Sight) -> dict[str, str | None]:
    way = sight.before.enrolment
    return {"owner": sight.before.owner, "sequence": None if way is None else way.sequence.name}


def _changes(sight: Sight) -> Iterator[Change]:
    way, held = sight.memory.enrolment, _held(sight)
    after = {"owner": sight.memory.owner, "sequence": None if way is None else way.sequence.name}
    for slot, what in ((OWNER, "owner"), (SEQUENCE, "sequence")):
        if held[what] != after[what]:
            yield Change(sight.key, slot, held[what], after[what])
    for name in sorted(
        {row.what for row in sight.rows if row.kind in ("set", "assign") and not row.reason} - {"owner"}
    ):
        old = sight.before.decided.get(name, (sight.record.get(name), None))[0]
        yield Change(sight.key, name, old, sight.memory.decided[name][0])


def _broken(eyes: Eyes, sights: list[Sight]) -> dict[str, list[str]]:
    """Promises, looked at after the run."""
    found: dict[str, list[str]] = {}
    for promise in eyes.inputs.ruleset.asserts:
        for sight in sights:
            facts = sight.facts.after(eyes.given(sight.memory))
            if eyes.program.value(promise.condition, facts) is True and not eyes.program.value(promise.implies, facts):
                found.setdefault(promise.name, []).append(sight.key)
    return found
