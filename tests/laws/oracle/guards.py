"""What stops a run: more owners, moves or rejects than leadrules.yaml allows, a leap of time, a broken promise.

In: a run, the state before it, how many rows came in and how many were rejected. Out: what is exceeded, by how much, and
through which rules. Whether somebody forces the run is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.laws.oracle.clock import Clock
from tests.laws.oracle.memory import Inputs, State
from tests.laws.oracle.tick import Tick

from leadrules.ruleset.model import Duration

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A guard, how many it found among how many, and the rules that did most of it with their leads."""

    guard: str
    found: int = 0
    whole: int = 0
    rules: tuple[tuple[str, int], ...] = ()


def newest(times: list[datetime]) -> datetime:
    """The `as of` that nobody gave."""
    return max(times)


def far_from_the_others(inputs: Inputs, times: list[datetime]) -> Iterator[Exceeded]:
    """An `as of` that nobody gave, past 99.9 % of the times by more than `jump`: one wrong date does that."""
    jump, usual = inputs.project.guards.jump, sorted(times)[999 * (len(times) - 1) // 1000]
    if jump is not None and newest(times) > Clock(inputs.ruleset.settings).plus(usual, Duration(*jump)):
        yield Exceeded("jump")


def exceeded(inputs: Inputs, before: State, tick: Tick, bad_leads: int = 0, bad_events: int = 0) -> Iterator[Exceeded]:
    """The guards that a run exceeds. Rejects count among all rows, and as a share among those of leads, too."""
    guards = inputs.project.guards
    leads, events = len(inputs.leads) + bad_leads, len(inputs.events) + bad_events
    for rejected, rows in ((bad_leads + bad_events, leads + events), (bad_leads, leads)):
        is_asked = guards.rejects is not None and (rows == leads + events or guards.rejects_is_share)
        if is_asked and _is_over(rejected, guards.rejects or 0, rows, is_share=guards.rejects_is_share):
            yield Exceeded("rejects", rejected, rows)
            break
    if guards.jump is not None and before.as_of is not None:
        farthest = Clock(inputs.ruleset.settings).plus(before.as_of, Duration(*guards.jump))
        if inputs.as_of > farthest:
            yield Exceeded("jump")
    limits = (
        ("owner_changes", "owner", guards.owner_changes, guards.owner_changes_is_share),
        ("moves", "sequence", guards.moves, guards.moves_is_share),
    )
    for name, slot, limit, is_share in limits:
        changed = [key for key, held in tick.held.items() if held[slot] not in (None, tick.decisions[key][slot])]
        if limit is not None and _is_over(len(changed), limit, len(inputs.leads), is_share=is_share):
            yield Exceeded(name, len(changed), len(inputs.leads), _through(tick, slot, changed))


def _is_over(found: int, limit: float, whole: int, *, is_share: bool) -> bool:
    """More than a number, or than a share of the whole, which is written in hundredths of a percent."""
    return found > (Fraction(round(limit * 10_000), 10_000) * whole if is_share else limit)


def _through(tick: Tick, slot: str, keys: list[str]) -> tuple[tuple[str, int], ...]:
    """The rule that decided last on each of these leads, counted."""
    last = {row.key: row.rule for row in tick.actions if row.what == slot and row.key in keys}
    counted = sorted(Counter(last.values()).items(), key=lambda one: (-one[1], one[0]))
    return tuple(counted[:SHOWN])
