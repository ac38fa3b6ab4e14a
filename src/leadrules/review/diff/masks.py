"""What of the leads' own data stays out of a diff that others read.

In: the slots of a diff, both versions. Out: the same with owners and values that stand in the leads, and not in the rules or the
team file, under one word. What stands in the rules is in the repository already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from leadrules.project.model import QUEUE_PREFIX
from leadrules.review.diff.decisions import BLANK, Slot
from leadrules.review.diff.runs import Compared
from leadrules.ruleset.model import Action
from leadrules.ruleset.walk import parts

OUTSIDE, OF_LEAD = "(outside the team)", "(a value of the lead)"


def masked(slots: Iterable[Slot], compared: Compared) -> tuple[Slot, ...]:
    """The slots without what stands in the leads alone."""
    owners, values = known_owners(compared), _constants(compared)
    return tuple(_masked(slot, owners, owners | values) for slot in slots)


def _masked(slot: Slot, owners: frozenset[str], values: frozenset[str]) -> Slot:
    if slot.kind not in ("owner", "field"):
        return slot
    known, word = (owners, OUTSIDE) if slot.kind == "owner" else (values, OF_LEAD)
    return replace(slot, before=mask(slot.before, known, word), after=mask(slot.after, known, word))


def mask(values: pl.Series, known: frozenset[str], word: str) -> pl.Series:
    """The values, those that are not known under one word."""
    frame = pl.DataFrame({"value": values.cast(pl.String)})
    shown = pl.col("value").is_null() | pl.col("value").is_in(sorted(known))
    return frame.select(pl.when(shown).then("value").otherwise(pl.lit(word)).alias("value")).to_series()


def known_owners(compared: Compared) -> frozenset[str]:
    """The reps and queues of the team file."""
    team = compared.head.request.project.team
    return frozenset({rep.key for rep in team.reps} | {f"{QUEUE_PREFIX}{queue}" for queue in team.queues})


def _constants(compared: Compared) -> frozenset[str]:
    """What the rules themselves write into fields."""
    found = {BLANK}
    for outcome in (compared.base, compared.head):
        for _, part in parts(outcome.request.ruleset):
            if isinstance(part, Action) and part.value is not None and part.value.op == "const":
                value = part.value.value
                number = f"{value:g}" if isinstance(value, float) else str(value).lower()
                found |= {str(value), number}
    return frozenset(found)
