"""Triggers: what sets one off, and what it does.

In: the sights of a run. Out: wishes to enter sequences, owners, fields, tasks, what was lost, and when each trigger fired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tests.laws.oracle.clock import plus_months
from tests.laws.oracle.dealing import Dealer
from tests.laws.oracle.memory import QUEUE, Wish
from tests.laws.oracle.progress import Progress
from tests.laws.oracle.sight import Eyes, Sight, as_instant

from leadrules.core.text import number_text
from leadrules.ruleset.model import Action, Aggregate, Route, Trigger

OUTSIDE = object()
DONE, LOST, NOTHING = "done", "lost", "nothing to do"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is done: the rule, the moment from which times count, the trigger, and whose aggregates it names."""

    rule: str
    start: datetime
    aggregates: tuple[Aggregate, ...]
    trigger: Trigger | None = None


class Triggers:
    """One run's triggers, in order of priority, then name."""

    def __init__(self, eyes: Eyes, dealer: Dealer, progress: Progress, since: datetime, oldest: datetime) -> None:
        self.eyes = eyes
        self.dealer = dealer
        self.progress = progress
        self.as_of = eyes.as_of
        self.since = since
        self.oldest = oldest  # no event before it sets anything off
        self.routes: dict[str, Route] = {route.name: route for route in eyes.inputs.ruleset.routes}
        rules = eyes.state.ruleset
        self.known = None if rules is None else {trigger.name for trigger in rules.triggers}
        self.known_names = None if rules is None else {d.name for d in rules.definitions}

    def run(self, sights: list[Sight]) -> None:
        """All triggers over all leads."""
        for trigger in sorted(self.eyes.inputs.ruleset.triggers, key=lambda one: (one.priority, one.name)):
            dealt = [a.route for a in trigger.actions if a.kind in ("assign", "reassign") and a.route]
            for sight in self.dealer.in_order(self.routes[dealt[0]] if dealt else None, sights):
                self._run(trigger, sight)

    def absorb(self, sights: list[Sight]) -> None:
        """A baseline: everything is as already so."""
        for trigger in self.eyes.inputs.ruleset.triggers:
            for sight in sights:
                self._absorb(trigger, sight, self._set_off(trigger, sight))

    def _run(self, trigger: Trigger, sight: Sight) -> None:
        sight.memory.armed.pop(
            trigger.name, None
        )  # it is tried in this run, and is over if its condition does not hold
        start = self._set_off(trigger, sight)
        if not trigger.backfill and (self._is_news(trigger) or self._was_so(trigger, sight, start)):
            self._absorb(trigger, sight, start)
            return
        holds = self._holds(trigger, sight)
        answers = []
        if start is not None and holds and self._may(trigger, sight):
            cause = Cause(f"trigger.{trigger.name}", start, self.eyes.inputs.ruleset.aggregates, trigger)
            answers = [self.act(action, sight, cause) for action in trigger.actions]
            self._remember(trigger, sight, answers)
        if holds and start is None and self._may(trigger, sight) and self._is_edited(trigger, sight):
            sight.memory.fired.pop(trigger.name, None)  # it has not fired since it holds
        if trigger.on.kind == "condition":
            # One that was to fire and lost all stays armed; one that found all as it asks has nothing to fire for.
            is_open = LOST in answers and DONE not in answers
            sight.memory.holds[trigger.name] = holds and not is_open

    def _absorb(self, trigger: Trigger, sight: Sight, start: datetime | None) -> None:
        """Take what would set the trigger off as already so."""
        holds = self._holds(trigger, sight)
        if trigger.on.kind == "condition":
            sight.memory.holds[trigger.name] = holds
        if holds and start is not None and trigger.once_per is not None and self.eyes.inputs.baseline:
            sight.memory.fired[trigger.name] = self.as_of
        elif holds and start is not None and trigger.on.kind == "condition" and self._may(trigger, sight):
            sight.memory.fired.pop(trigger.name, None)  # it has not fired since it holds
        if holds and start is not None and trigger.on.kind == "overdue" and sight.before.due_at is not None:
            sight.memory.overdue[trigger.name] = sight.before.due_at
        if holds and trigger.on.kind == "date" and (fell := self._fallen(trigger, sight)) is not None:
            sight.memory.dated[trigger.name] = fell

    def _holds(self, trigger: Trigger, sight: Sight) -> bool:
        return all(self.eyes.holds(one, sight) for one in trigger.conditions)

    def _remember(self, trigger: Trigger, sight: Sight, answers: list[str]) -> None:
        memory = sight.memory
        is_fired = DONE in answers
        if is_fired:
            memory.fired[trigger.name] = self.as_of
        if trigger.on.kind == "date" and (fell := self._fallen(trigger, sight)) is not None:
            (memory.dated if is_fired or LOST not in answers else memory.armed)[trigger.name] = fell
        if trigger.on.kind == "overdue" and (is_fired or LOST not in answers) and sight.before.due_at is not None:
            memory.overdue[trigger.name] = sight.before.due_at

    def _may(self, trigger: Trigger, sight: Sight) -> bool:
        last = sight.memory.fired.get(trigger.name)
        if not trigger.once or last is None:
            return True
        return trigger.once_per is not None and self.eyes.clock.plus(last, trigger.once_per) <= self.as_of

    # -- what sets it off -----------------------------------------------------------------------------------------------

    def _set_off(self, trigger: Trigger, sight: Sight) -> datetime | None:
        """The moment from which times count, if something sets the trigger off."""
        match trigger.on.kind:
            case "event":
                return self._event(trigger, sight)
            case "finish":
                way = self.progress.finished.get(sight.key)
                return self.as_of if way is not None and way.sequence.name == trigger.on.name else None
            case "date":
                return self.as_of if self._fallen(trigger, sight) is not None else None
            case "overdue":
                return self.as_of if self._overdue(trigger, sight) else None
            case "condition":
                return self.as_of if self._became(trigger, sight) else None
        return self.as_of if self._edge(trigger, sight) else None

    def _is_news(self, trigger: Trigger) -> bool:
        """A trigger that is new to a state."""
        return self.known is not None and trigger.name not in self.known

    def _came(self, trigger: Trigger, sight: Sight) -> datetime | None:
        """When a trigger came, while the lead was absent; None for one that the lead was seen with, or that is new to all."""
        rules = sight.before.seen_by
        if sight.is_new or rules is None or self._is_news(trigger):
            return None
        if any((one.name, one.on.kind) == (trigger.name, trigger.on.kind) for one in rules.triggers):
            return None
        return self.eyes.state.came.get((trigger.name, trigger.on.kind))

    def _was_so(self, trigger: Trigger, sight: Sight, start: datetime | None) -> bool:
        """What would set a trigger off for a lead that comes back was so before there was the trigger."""
        came = self._came(trigger, sight)
        if came is None or start is None:
            return False
        if trigger.on.kind == "date":
            fell = as_instant(self._fallen(trigger, sight), self.eyes.clock)
            return fell is not None and fell <= came
        if trigger.on.kind == "overdue":
            return sight.before.due_at is not None and sight.before.due_at <= came
        return trigger.on.kind == "condition"

    def _event(self, trigger: Trigger, sight: Sight) -> datetime | None:
        assert trigger.on.filter is not None
        came = None if trigger.backfill else self._came(trigger, sight)
        for event in self.eyes.program.matching(trigger.on.filter, sight.facts):
            identity = self.eyes.identities[id(event)]
            if came is not None and event["at"] <= came:
                continue
            if identity not in self.eyes.state.events and event["at"] >= self.oldest:
                return event["at"]  # type: ignore[no-any-return]
        return None

    def _edge(self, trigger: Trigger, sight: Sight) -> bool:
        """Entering or leaving a label or a segment, not because the rules were edited."""
        name, label = trigger.on.name, True if trigger.on.label is None else trigger.on.label
        assert name is not None
        now = sight.facts.values[name]
        before: Any = sight.before.labels.get(name, OUTSIDE)
        is_missed = trigger.backfill and self._came(trigger, sight) is not None  # it came while the lead was absent
        if sight.is_new or (trigger.on.kind == "enter" and (self._is_news(trigger) or is_missed)):
            before = OUTSIDE
        elif before is OUTSIDE:
            return False
        else:
            old = self._by_old_rules(name, sight, now)
            if trigger.on.kind == "enter" and old != label:
                return False
            if trigger.on.kind == "leave" and old == label:
                return False
        is_in, was_in = bool(now == label), bool(before == label)
        return is_in and not was_in if trigger.on.kind == "enter" else was_in and not is_in

    def _by_old_rules(self, name: str, sight: Sight, now: Any) -> Any:
        if sight.old is None or self.eyes.inputs.fire_edits:
            return now
        return sight.old.values.get(name, sight.before.labels.get(name))

    def _became(self, trigger: Trigger, sight: Sight) -> bool:
        """A condition that became true, or that stays so when `once per` has run out."""
        return self._could_fire(trigger, sight) and not self._is_edited(trigger, sight)

    def _could_fire(self, trigger: Trigger, sight: Sight) -> bool:
        """With `once per` it comes again; `_may` looks at the clock."""
        was = sight.before.holds.get(trigger.name, False) and not self._is_news(trigger)
        return not was or (trigger.once_per is not None and trigger.name in sight.before.fired)

    def _is_edited(self, trigger: Trigger, sight: Sight) -> bool:
        """A condition that holds only because the rules were edited."""
        if trigger.on.kind != "condition" or not self._could_fire(trigger, sight):
            return False
        if sight.is_new or self._is_news(trigger) or sight.old is None or self.eyes.inputs.fire_edits:
            return False
        assert sight.before.seen_by is not None
        old = next((one for one in sight.before.seen_by.triggers if one.name == trigger.name), None)
        if old is None:
            return False  # it came, and was not edited
        return not all(self.eyes.under(sight.before.seen_by).value(one, sight.old) is True for one in old.conditions)

    def _overdue(self, trigger: Trigger, sight: Sight) -> bool:
        memory = sight.before
        if (
            memory.due_at is None
            or memory.due_route is None
            or memory.due_route != trigger.on.name
            or memory.due_at >= self.as_of
        ):
            return False
        answered = self.routes[memory.due_route].answered
        if any(self.eyes.holds(one, sight) for one in answered):
            return False
        return memory.overdue.get(trigger.name) != memory.due_at

    def _fallen(self, trigger: Trigger, sight: Sight) -> date | None:
        """The date that falls for a lead now, or that fell and is still the lead's; once per value."""
        assert trigger.on.value is not None
        value = self.eyes.value(trigger.on.value, sight)
        fell = self._fell(value, trigger.on.every_year, sight)
        armed = sight.before.armed.get(trigger.name)
        if fell is None and armed in self._occurrences(value, trigger.on.every_year, self.since):
            fell = armed
        return None if fell is None or sight.before.dated.get(trigger.name) == fell else fell

    def _fell(self, value: Any, every_year: bool, sight: Sight) -> date | None:
        """The date or datetime of this value that lies after the lead was last seen."""
        start = self.since
        seen, last = sight.before.seen_at, self.eyes.state.as_of
        if seen is not None and last is not None and seen < last:  # what fell while it was absent falls now
            start = min(start, seen)
        found = None
        for moment in self._occurrences(value, every_year, start):
            at = as_instant(moment, self.eyes.clock)
            if at is not None and start < at <= self.as_of:
                found = moment
        return found

    def _occurrences(self, value: Any, every_year: bool, start: datetime) -> list[date]:
        if value is None:
            return []
        if not every_year:
            return [value]
        day = self.eyes.clock.day(value) if isinstance(value, datetime) else value
        return [plus_months(day, 12 * (year - day.year)) for year in range(start.year - 1, self.as_of.year + 2)]

    # -- what it does ---------------------------------------------------------------------------------------------------

    def act(self, action: Action, sight: Sight, cause: Cause) -> str:
        """One action: done, lost, or nothing to do because all is as it asks."""
        match action.kind:
            case "enroll" | "move":
                return self._enter(action, sight, cause)
            case "stop":
                return self._stop(sight, cause.rule)
            case "set":
                return self._set(action, sight, cause)
            case "assign" | "reassign":
                return self._assign(action, sight, cause)
            case "task":
                return self._task(action, sight, cause.rule)
            case "send":
                return self._send(action, sight, cause.rule)
        assert action.who is not None
        who = self.eyes.value_kept(action.who, sight, cause.aggregates)
        sight.row("notify", "" if who is None else str(who), action.content or "", rule=cause.rule)
        return DONE

    def _enter(self, action: Action, sight: Sight, cause: Cause) -> str:
        rule = cause.rule
        name = action.sequence if action.by is None else sight.facts.values.get(action.by)
        if name is None:
            return LOST
        way = sight.riding
        template = self.eyes.template(action.template, sight)
        waits = sight.before.wish
        if (way is not None and way.sequence.name == name) or (waits is not None and waits.sequence == name):
            return NOTHING
        if way is not None and action.kind == "enroll":
            return LOST
        if "sequence" in sight.taken:
            reason = f"lost to another rule: {sight.taken['sequence']}"
            sight.row(action.kind, "sequence", name, template=template or "", rule=rule, reason=reason)
            return LOST
        if not self.progress.may_enter(name, sight):
            sight.row(action.kind, "sequence", name, template=template or "", rule=rule, reason="over a limit")
            return LOST
        sight.taken["sequence"] = rule
        sight.wish = Wish(name, rule, cause.start, template)
        return DONE

    def _stop(self, sight: Sight, rule: str) -> str:
        way, wish = sight.riding, sight.before.wish
        if way is None and wish is None:
            return NOTHING
        name = way.sequence.name if way is not None else wish.sequence if wish is not None else ""
        if "sequence" in sight.taken:
            sight.row("stop", "sequence", name, rule=rule, reason=f"lost to another rule: {sight.taken['sequence']}")
            return LOST
        sight.taken["sequence"] = rule
        sight.row("stop", "sequence", name, rule=rule)
        if way is not None:
            self.progress.leave(sight, rule)
        return DONE

    def _set(self, action: Action, sight: Sight, cause: Cause) -> str:
        rule = cause.rule
        assert action.field is not None
        assert action.value is not None
        value = self.eyes.value_kept(action.value, sight, cause.aggregates)
        before = sight.before.decided
        there = before[action.field][0] if action.field in before else sight.record.get(action.field)
        if value == there:
            return NOTHING
        slot = f"field:{action.field}"
        if slot in sight.taken:
            sight.row("set", action.field, text(value), rule=rule, reason=f"lost to another rule: {sight.taken[slot]}")
            return LOST
        sight.taken[slot] = rule
        sight.memory.decided[action.field] = (value, sight.record.get(action.field))
        sight.memory.held_since[action.field] = self.eyes.as_of
        sight.row("set", action.field, text(value), rule=rule)
        return DONE

    def _assign(self, action: Action, sight: Sight, cause: Cause) -> str:
        rule = cause.rule
        route = None if action.route is None else self.routes[action.route]
        slot = "owner" if route is None else self.dealer.slot(route)
        owner = action.rep or (None if action.queue is None else f"{QUEUE}{action.queue}")
        if slot in sight.taken:
            what = slot.removeprefix("field:")
            sight.row("assign", what, owner or "", rule=rule, reason=f"lost to another rule: {sight.taken[slot]}")
            return LOST
        if route is not None:
            return self._deal(action, route, sight, cause)
        assert owner is not None
        due = None
        if cause.trigger is not None and cause.trigger.respond_within is not None:
            rep = self.dealer.rep(owner)
            due = self.eyes.clock.respond_by(cause.start, cause.trigger.respond_within, rep)
        return DONE if self.dealer.assign(sight, owner, rule, rule, due=due) else NOTHING

    def _deal(self, action: Action, route: Route, sight: Sight, cause: Cause) -> str:
        name = "" if cause.trigger is None else cause.trigger.name
        times = sight.memory.reassigned.get(name, 0)
        if action.kind == "reassign" and action.most_times is not None and times >= action.most_times:
            sight.row("assign", "owner", "", rule=cause.rule, reason="over a limit")
            return LOST
        within, anew = None if cause.trigger is None else cause.trigger.respond_within, action.kind == "reassign"
        by_another = sight.routes.pop(route.name, None)
        news = self.dealer.deal(route, sight, cause.start, within, cause.rule, anew=anew)
        if route.name not in sight.routes:
            sight.row("assign", route.sets or "owner", "", rule=cause.rule, reason="nobody is eligible")
            if by_another is not None:
                sight.routes[route.name] = by_another
        if not news:
            return LOST if news is None else NOTHING
        if anew:
            sight.memory.reassigned[name] = times + 1
        return DONE

    def _task(self, action: Action, sight: Sight, rule: str) -> str:
        assert action.channel is not None
        is_withheld = self.eyes.is_suppressed(action.channel, sight)
        sight.row(
            action.channel,
            action.content or "",
            template=self.eyes.template(action.template, sight) or "",
            rule=rule,
            reason="suppressed" if is_withheld else "",
        )
        return LOST if is_withheld else DONE

    def _send(self, action: Action, sight: Sight, rule: str) -> str:
        reason = ""
        today = self.eyes.clock.day(self.as_of)
        if self.eyes.is_suppressed("email", sight):
            reason = "suppressed"
        else:
            sight.memory.automatic["email"] = today
        template = self.eyes.template(action.template, sight) or ""
        sight.row("email", template=template, auto=True, rule=rule, reason=reason)
        return LOST if reason else DONE


def text(value: Any) -> str:
    """A value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value))
    return value.isoformat() if isinstance(value, date) else str(value)
