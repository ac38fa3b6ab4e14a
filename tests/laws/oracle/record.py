"""Record against state: what the CRM says wins once it says something else than when a run decided.

In: one row of the export, the memory of its lead. Out: how many values the CRM lacks yet; the memory with owner, sequence
and fields as they hold before this run.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.laws.oracle.clock import Clock
from tests.laws.oracle.memory import Enrolment, Lead, Memory

from leadrules.core.text import fold
from leadrules.ruleset.model import Ruleset, Sequence


@dataclass(frozen=True, slots=True)
class Record:
    """What an export says of one lead; of the `missing` columns it says nothing."""

    lead: Lead
    ruleset: Ruleset
    clock: Clock
    as_of: datetime
    missing: Collection[str]

    def overlay(self, memory: Memory, *, is_new: bool) -> int:
        """Lay it over what is remembered. How many values it lacks yet."""
        settings, before = self.ruleset.settings, memory.enrolment
        not_yet = 0
        if settings.owner is not None and settings.owner not in self.missing:
            not_yet += self._owner(self.lead.get(settings.owner), memory, is_new=is_new)
        self._learn(memory)
        if settings.sequence is not None and settings.sequence not in self.missing:
            not_yet += self._sequence(self.lead.get(settings.sequence), memory, is_new=is_new)
        way = memory.enrolment
        if way is not None and way is not before and way.is_known:
            memory.enrolled[way.sequence.name] = self.as_of  # at the latest
        return not_yet + self._fields(memory)

    def _owner(self, said: str | None, memory: Memory, *, is_new: bool) -> int:
        if is_new:
            memory.owner = memory.owner_said = said
            memory.past_owners = [] if said is None else [said]
        elif not alike(said, memory.owner_said):
            if not alike(said, memory.owner):
                self._new_owner(memory, said)
            memory.owner_said = said
        return not alike(said, memory.owner)

    def _new_owner(self, memory: Memory, owner: str | None) -> None:
        if memory.owner is not None and owner is not None:
            memory.owner_changes += 1
        memory.owner, memory.due_at, memory.due_route = owner, None, None
        memory.assigned_at = None if owner is None else self.as_of
        memory.is_handed_over = False
        if owner is not None:
            memory.past_owners.append(owner)

    def _fields(self, memory: Memory) -> int:
        """A column that no rule reads any more says nothing, and one that is missing neither."""
        not_yet, read = 0, dict(self.ruleset.fields)
        for name, (value, before) in list(memory.decided.items()):
            if name not in read or name in self.missing:
                continue
            if self.lead.get(name) != before:
                del memory.decided[name]
            elif value != before:
                not_yet += 1
        return not_yet

    # -- the sequence ---------------------------------------------------------------------------------------------------

    def _sequence(self, said: str | None, memory: Memory, *, is_new: bool) -> int:
        known = self._known(said)
        name = said if known is None else known.name
        held = None if memory.enrolment is None else memory.enrolment.sequence.name
        if is_new:
            # Nobody knows when it was enrolled: no step is due, it does not finish.
            memory.enrolment = None if name is None else self._in(name, known, None)
        elif not alike(said, memory.sequence_said) and not alike(name, held):
            self._moved(name, known, memory)
        if is_new or not alike(said, memory.sequence_said):
            memory.sequence_said = said
        return not (is_new or alike(name, None if memory.enrolment is None else memory.enrolment.sequence.name))

    def _learn(self, memory: Memory) -> None:
        """A sequence that the rules know from this run on: its exits and pauses are looked at, and nothing of it is due."""
        way = memory.enrolment
        if way is not None and not way.is_known:
            known = self._known(way.sequence.name)
            memory.enrolment = way if known is None else self._in(known.name, known, None)

    def _moved(self, name: str | None, known: Sequence | None, memory: Memory) -> None:
        """By somebody's hand, out of one or into another, which begins with this run."""
        memory.enrolment = None
        if name is None:
            return
        memory.enrolment = self._in(name, known, None if known is None else self.as_of)
        memory.wish = None  # it went elsewhere

    def _known(self, said: str | None) -> Sequence | None:
        """The sequence of the rules that the record means."""
        return next((one for one in self.ruleset.sequences if alike(one.name, said)), None)

    def _in(self, name: str, known: Sequence | None, at: datetime | None) -> Enrolment:
        """In a sequence as it is today; one that the rules do not know has no steps and no conditions."""
        sequence = known or Sequence(name=name, title=None, position=0, steps=())
        dues = [] if at is None else self.clock.schedule(sequence, at)
        return Enrolment(sequence, self.ruleset.aggregates, at, dues, is_known=known is not None, is_fresh=True)


def alike(one: Any, other: Any) -> bool:
    """Whether two texts say the same as people read them; two blanks do."""
    if one is None or other is None:
        return one is other
    return fold(str(one)) == fold(str(other))
