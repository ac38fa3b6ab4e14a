"""What a person should be told of a run's dealings with its state, beyond the files.

In: an outcome. Out: sentences. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from leadrules.core.text import many
from leadrules.lifecycle.labels import RULES
from leadrules.lifecycle.late import late_of
from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.run import Outcome
from leadrules.ruleset.model import Expr, Placed, Ruleset
from leadrules.ruleset.walk import below, made_of

MANY = 1000
SHOWN = 3
MOVES = ("enroll", "move")


def notes(outcome: Outcome) -> Iterator[str]:
    """What the export lacks, what an edit alone changed, and that a first run moves many."""
    yield from _lacking(outcome)
    if outcome.decided is None:
        if outcome.request.state is not None:
            yield "the input has no times, so the state remembers nothing of this run; --as-of says the instant"
        return
    changed = outcome.decided.labels.changes.filter(pl.col("cause") == RULES)
    if changed.height:
        counted = changed.group_by("what", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
        named = ", ".join(f"{name} of {count:,}" for name, count in counted.iter_rows())
        yield (
            f"only because the rules were edited, {named} {'lead' if changed.height == 1 else 'leads'} changed; "
            "that is recorded and sets nothing off (--fire-edits lets it)"
        )
    yield from beforehand(outcome)


def beforehand(outcome: Outcome) -> Iterator[str]:
    """What had better be known before a run than after it."""
    yield from _unknown_events(outcome)
    yield from _without_keys(outcome)
    yield from _unguarded(outcome)
    yield from _turns_lost(outcome)
    yield from _left_inside(outcome)
    yield from _strangers(outcome)
    yield from _baseline_advised(outcome)


def _unknown_events(outcome: Outcome) -> Iterator[str]:
    """That some events which `--since` or a longer `late_events` would let in may have been seen already."""
    if outcome.decided is None:
        return
    tick = outcome.decided.tick
    late = late_of(tick, since_given=outcome.request.since is not None)
    if late.forgets and late.seen_from is not None:
        yield (
            f"events from before {iso(late.seen_from, tick.calendar)} set nothing off: what earlier runs have seen is kept for "
            "as long as `late_events` says, so nobody knows which of them are new"
        )


def _without_keys(outcome: Outcome) -> Iterator[str]:
    """That a state takes the rows of one export for those of the next."""
    if outcome.request.state is not None and outcome.request.leads.key == "row_number":
        yield (
            "the leads are known by their row alone: the state takes row 2 of the next export for the lead of row 2 in this one; "
            'give them a key (`"x-key": true` in the lead schema), or run with --no-state'
        )


def _unguarded(outcome: Outcome) -> Iterator[str]:
    """That a field by which leads are spared has no column: it is blank, and nobody is spared."""
    ruleset = outcome.request.ruleset
    asked = [(f"suppress {one.channel}", one.condition) for one in ruleset.suppressions]
    asked += [("exit all", one.condition) for one in ruleset.exits]
    for name, condition in asked if outcome.leads.missing else ():
        for field in sorted(_fields_below(condition, ruleset) & outcome.leads.missing):
            yield f"`{name}` reads `{field}`, for which the leads have no column: it spares nobody by that"


def _fields_below(condition: Placed, ruleset: Ruleset) -> frozenset[str]:
    """The fields that a condition reads, by the definitions that it names too."""
    read = (part for one in (condition, *made_of(condition, ruleset)) for part in below(one, ruleset))
    return frozenset(str(part.value) for part in read if isinstance(part, Expr) and part.op == "field")


def _turns_lost(outcome: Outcome) -> Iterator[str]:
    """That leads waited to enter a sequence which is gone: unlike those that are in it, nothing keeps it for them."""
    if outcome.decided is None:
        return
    tick = outcome.decided.tick
    awaited = tick.leads.gather("seq_wait", tick.leads.filled("seq_wait"), pl.String())
    gone = awaited.filter(~awaited.is_in([one.name for one in tick.ruleset.sequences])).rename("sequence")
    for sequence, count in gone.value_counts().sort("sequence").iter_rows():
        yield (
            f"{many(count, 'lead')} waited to enter the sequence {sequence}, which the rules no longer have, and "
            f"{'waits' if count == 1 else 'wait'} no longer; `leadrules state rename {sequence} NEW` before the run keeps their turn"
        )


def _left_inside(outcome: Outcome) -> Iterator[str]:
    """That leads are in a sequence which is gone since the last run. Often it has another name, which the state can be told."""
    if outcome.decided is None or outcome.decided.tick.state.ruleset is None:
        return
    tick = outcome.decided.tick
    before, now = ({one.name for one in rules.sequences} for rules in (tick.state.ruleset, tick.ruleset) if rules)
    inside = tick.leads.gather("sequence", tick.leads.filled("sequence"), pl.String())
    gone = inside.filter(inside.is_in(sorted(before - now))).rename("sequence")
    for sequence, count in gone.value_counts().sort("sequence").iter_rows():
        yield (
            f"{many(count, 'lead')} {'is' if count == 1 else 'are'} in the sequence {sequence}, which the rules no longer have, and "
            f"{'finishes' if count == 1 else 'finish'} it as it was; if it was renamed: `leadrules state rename {sequence} NEW` "
            "before the run"
        )


def _strangers(outcome: Outcome) -> Iterator[str]:
    """That routes took leads from owners whom the team file does not have: often a name stands where its key is meant."""
    decided = outcome.decided
    if decided is None:
        return
    from leadrules.lifecycle.routes.eligibility import (
        STRANGER,
    )  # rules that only score are spared the lifecycle's rooms

    looking = (route for route in decided.tick.ruleset.routes if route.sets is None and not route.on_demand)
    rules = [f"route.{route.name}.{rule.name}" for route in looking for rule in route.rules]
    dealt = decided.done.filter((pl.col("kind") == "assign") & pl.col("rule").is_in(rules))["lead_row"]
    owners = decided.tick.leads.gather("owner", dealt).drop_nulls().value_counts().rows()
    taken = [(name, count) for name, count in owners if decided.router.roster.number(name) == STRANGER]
    if not taken:
        return
    named = [f"{name} ({count:,})" for name, count in sorted(taken, key=lambda one: (-one[1], one[0]))]
    if len(named) > SHOWN:
        named[SHOWN:] = [f"and {len(named) - SHOWN:,} more"]
    yield (
        f"{many(sum(count for _, count in taken), 'lead')} of owners who are not in the team file, and so count as inactive, "
        f"went to others: {', '.join(named)}; an owner is known by the key of a rep, not by a name"
    )


def _baseline_advised(outcome: Outcome) -> Iterator[str]:
    """That a first run moves many leads."""
    decided, state, request = outcome.decided, outcome.request.state, outcome.request
    if decided is None or state is None or state.as_of is not None or request.baseline:
        return
    moved = decided.done.filter(pl.col("kind").is_in(MOVES))["lead_row"].n_unique()
    if moved > MANY:
        yield (
            f"this first run moves {moved:,} leads; `run --baseline` would take the export as already so and fire nothing"
        )


def _lacking(outcome: Outcome) -> Iterator[str]:
    """An export of some leads is as good as any; one that was cut short, or that bears other keys, looks the same."""
    absent = 0 if outcome.overlay is None else outcome.overlay.absent
    if absent:
        yield f"not in this export: {many(absent, 'lead')} of the state, left as before"
    counts = outcome.events.counts
    if counts["events_orphaned"]:
        yield f"with no lead in this export: {counts['events_orphaned']:,} of {many(counts['events_in'], 'event')}, left out"
