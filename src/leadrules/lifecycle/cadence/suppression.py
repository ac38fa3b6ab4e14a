"""What may go out: `suppress`, and one automatic action per channel, lead and calendar day.

In: a tick, and rows of what would go out on channels, from sequences or triggers. Out: which of them may not. Knows
nothing of why they would go out.
"""

from __future__ import annotations

import polars as pl

from leadrules.lifecycle.cadence.clock import same_day
from leadrules.lifecycle.model import INSTANT, Tick

ALL = "all"


def suppress(tick: Tick, actions: pl.DataFrame) -> pl.Series:
    """Per action (`lead_row`, `kind`), whether a `suppress` of its channel, or of all, holds for its lead.

    Kinds that are no channel are never suppressed.
    """
    result = pl.repeat(False, actions.height, eager=True, dtype=pl.Boolean)
    channels = [kind for kind in actions["kind"].unique(maintain_order=True) if kind in tick.project.channels]
    asked = [one for one in tick.ruleset.suppressions if one.channel == ALL or one.channel in channels]
    if not channels or not asked:
        return result.alias("suppressed")
    holds = tick.facts.values(
        {str(number): one.condition for number, one in enumerate(asked)}, rows=actions["lead_row"]
    )
    for number, one in enumerate(asked):
        its = actions["kind"].is_in(channels) if one.channel == ALL else actions["kind"] == one.channel
        result |= its & holds[str(number)].fill_null(value=False)
    return result.alias("suppressed")


def over_the_day(tick: Tick, rows: pl.DataFrame) -> pl.Series:
    """Per row (`lead_row`, `kind`, all automatic, the first to go first), whether it must wait for another day.

    One goes out per channel, lead and calendar day; what went out earlier on this day counts.
    """
    used = pl.repeat(False, rows.height, eager=True, dtype=pl.Boolean)
    for channel in rows["kind"].unique(maintain_order=True):
        name = memory_of(channel)
        if name in tick.leads:
            today = same_day(tick.calendar, tick.leads.gather(name, rows["lead_row"]), tick.as_of)
            used |= (rows["kind"] == channel) & today
    later = rows.select(pl.int_range(pl.len()).over("lead_row", "kind") > 0).to_series()
    return (used | later).alias("held")


def memory_of(channel: str) -> str:
    """The column of the state that holds when the last automatic action went out on a channel."""
    return f"auto:{channel}"


def remembered(tick: Tick, sent: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    """The changes of state after automatic actions (`lead_row`, `kind`) went out in this run."""
    return tuple(
        sent.filter(pl.col("kind") == channel).select(
            pl.col("lead_row").unique(), pl.lit(tick.as_of, dtype=INSTANT).alias(memory_of(channel))
        )
        for channel in sorted(sent["kind"].unique())
    )
