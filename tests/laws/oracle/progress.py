"""Sequences: who leaves, pauses, finishes, enters, and which steps go out.

In: the sights of a run. Out: enrolments in their memories and lines of actions and withheld actions.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.laws.oracle.memory import Enrolment, Wish
from tests.laws.oracle.sight import Eyes, Sight

from leadrules.ruleset.model import Expr, Step


class Progress:
    """One run's work on sequences."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes
        self.state = eyes.state
        self.as_of = eyes.as_of
        self.today = eyes.clock.day(eyes.as_of)
        self.sequences = {sequence.name: sequence for sequence in eyes.inputs.ruleset.sequences}
        self.finished: dict[str, Enrolment] = {}

    # -- those who are in one -------------------------------------------------------------------------------------------

    def exit_pause_or_finish(self, sight: Sight) -> None:
        """Exit first, then pause, then the end."""
        way = sight.memory.enrolment
        if way is None:
            return
        why = self._exit(way, sight)
        if why is not None:
            self._resume(way)  # the exit comes first, and ends the pause
            sight.row("stop", "sequence", way.sequence.name, rule=why)
            self.leave(sight, why)
            return
        self._pause(way, sight)
        is_fresh, way.is_fresh = way.is_fresh, False
        if way.paused_at is None and not is_fresh and self._is_over(way, sight):
            self.finished[sight.key] = way
            sight.memory.enrolment = None
            sight.row("stop", "sequence", way.sequence.name, rule=f"sequence.{way.sequence.name}.finish")

    def _exit(self, way: Enrolment, sight: Sight) -> str | None:
        if any(self.eyes.holds_kept(one, sight, way.aggregates) for one in way.sequence.exits):
            return f"sequence.{way.sequence.name}.exit"
        if any(self.eyes.holds(one.condition, sight) for one in self.eyes.inputs.ruleset.exits):
            return "exit all"
        return None

    def _pause(self, way: Enrolment, sight: Sight) -> None:
        is_held = any(self.eyes.holds_kept(one, sight, way.aggregates) for one in way.sequence.pauses)
        if is_held and way.paused_at is None:
            way.paused_at = self.as_of
        elif not is_held:
            self._resume(way)

    def _resume(self, way: Enrolment) -> None:
        if way.paused_at is not None and way.at is not None:
            way.dues = self._resumed(way, self.as_of - way.paused_at)
            way.paused += self.as_of - way.paused_at
        way.paused_at = None

    def _resumed(self, way: Enrolment, length: timedelta) -> list[datetime]:
        """The due times after a pause: every step still to come moves by its length."""
        return [
            due if step.number in way.passed else self.eyes.clock.opening(way.sequence, due + length)
            for step, due in zip(way.sequence.steps, way.dues, strict=True)
        ]

    def due(self, way: Enrolment) -> list[tuple[Step, datetime]]:
        """The steps that have come due and have not passed; none comes due in a pause."""
        if way.paused_at is not None or way.at is None:
            return []
        pairs = zip(way.sequence.steps, way.dues, strict=True)
        return [(step, due) for step, due in pairs if step.number not in way.passed and due <= self.as_of]

    def _is_over(self, way: Enrolment, sight: Sight) -> bool:
        """Whether the end has come and nothing is held for another day."""
        if way.at is None or not way.is_known:
            return False
        after = way.sequence.finish_after
        end = way.dues[-1] if way.dues else way.at
        if after is not None:
            end = self.eyes.clock.plus(end, after)
        if end > self.as_of or any(due > self.as_of for due in way.dues):
            return False
        used = {channel for channel, day in sight.memory.automatic.items() if day == self.today}
        for step, _ in self.due(way):
            if self._why_not(step, way, sight) is None and step.auto:
                if step.channel in used:
                    return False
                used.add(step.channel)
        return True

    def leave(self, sight: Sight, why: str) -> None:
        """A sequence ends before its time; what was due is withheld."""
        way = sight.memory.enrolment
        assert way is not None
        is_exit = why == "exit all" or why.endswith(".exit")
        for step, due in self.due(way):
            reason = None if is_exit else self._why_not(step, way, sight)
            self._step_row(step, due, way, sight, reason or f"lost to another rule: {why}")
        sight.memory.enrolment = None

    # -- those who are to enter one -------------------------------------------------------------------------------------

    def may_enter(self, name: str, sight: Sight) -> bool:
        """What `enroll once` and `enroll again after` allow."""
        sequence, last = self.sequences[name], sight.memory.enrolled.get(name)
        if last is None:
            return True
        if sequence.once:
            return False
        return sequence.again_after is None or self.eyes.clock.plus(last, sequence.again_after) <= self.as_of

    def enter(self, sights: Iterable[Sight]) -> None:
        """Let in those who wish to, as many as a day allows, by created and key."""
        for sight in sorted(sights, key=lambda one: one.order):
            if sight.wish is None and sight.memory.wish is not None and "sequence" not in sight.taken:
                sight.wish = self._unless_exit(sight, sight.memory.wish)
            elif sight.wish is not None or "sequence" in sight.taken:
                sight.memory.wish = None
            if sight.wish is not None:
                self._enter(sight, sight.wish)

    def _unless_exit(self, sight: Sight, wish: Wish) -> Wish | None:
        """Nobody is let in after days of waiting whom an exit would take out again."""
        sequence, rules = self.sequences.get(wish.sequence), self.eyes.inputs.ruleset
        if sequence is None:
            return wish
        inside = sight.facts.after({"sequence": sequence.name, "step": None, "enrolled_at": self.as_of})

        def holds(expr: Expr) -> bool:
            return self.eyes.program.value(expr, inside) is True

        if any(holds(one) for one in sequence.exits):
            why = f"sequence.{sequence.name}.exit"
        elif any(holds(one.condition) for one in rules.exits):
            why = "exit all"
        else:
            return wish
        sight.memory.wish = None
        kind, reason = "enroll" if sight.memory.enrolment is None else "move", f"lost to another rule: {why}"
        sight.row(kind, "sequence", sequence.name, template=wish.template or "", rule=wish.rule, reason=reason)
        return None

    def _enter(self, sight: Sight, wish: Wish) -> None:
        sequence = self.sequences.get(wish.sequence)
        if sequence is None:
            sight.memory.wish = None
            return
        kind = "enroll" if sight.memory.enrolment is None else "move"
        slot = (wish.sequence, self.today)
        if sequence.per_day is not None and self.state.entries.get(slot, 0) >= sequence.per_day:
            sight.memory.wish = Wish(wish.sequence, wish.rule, wish.at, wish.template, waited=True)
            sight.row(
                kind, "sequence", sequence.name, template=wish.template or "", rule=wish.rule, reason="over a limit"
            )
            return
        self.state.entries[slot] = self.state.entries.get(slot, 0) + 1
        sight.memory.wish = None
        if sight.memory.enrolment is not None:
            self.leave(sight, wish.rule)
        at = self.as_of if wish.waited else wish.at
        sight.memory.enrolment = Enrolment(
            sequence, self.eyes.inputs.ruleset.aggregates, at, self.eyes.clock.schedule(sequence, at), wish.template
        )
        sight.memory.enrolled[sequence.name] = at
        sight.row(kind, "sequence", sequence.name, template=wish.template or "", rule=wish.rule)

    # -- steps ----------------------------------------------------------------------------------------------------------

    def send(self, sight: Sight) -> None:
        """What is due, of the sequence that finished and of the one the lead is in."""
        for way in (self.finished.get(sight.key), sight.memory.enrolment):
            if way is not None:
                for step, due in self.due(way):
                    self._send(step, due, way, sight)

    def _send(self, step: Step, due: datetime, way: Enrolment, sight: Sight) -> None:
        reason = self._why_not(step, way, sight)
        if reason is None and step.auto:
            # A sequence that finished has no other day.
            is_last = way is self.finished.get(sight.key)
            if sight.memory.automatic.get(step.channel) == self.today and not is_last:
                self._step_row(step, due, way, sight, "held for tomorrow")
                return
            sight.memory.automatic[step.channel] = self.today
        way.passed.add(step.number)
        self._step_row(step, due, way, sight, reason or "")

    def _why_not(self, step: Step, way: Enrolment, sight: Sight) -> str | None:
        if not self.eyes.holds_kept(step.condition, sight, way.aggregates):
            return "skipped"
        return "suppressed" if self.eyes.is_suppressed(step.channel, sight) else None

    def _step_row(self, step: Step, due: datetime, way: Enrolment, sight: Sight, reason: str) -> None:
        template = way.template if step.template is None else self.eyes.template(step.template, sight)
        sight.row(
            step.channel,
            step.content or "",
            due=due,
            template=template or "",
            auto=step.auto,
            rule=f"sequence.{way.sequence.name}.{step.number}",
            reason=reason,
        )
