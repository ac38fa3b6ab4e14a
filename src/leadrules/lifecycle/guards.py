"""What stops a run that went farther than a person would have wanted.

In: an outcome and the guards of leadrules.yaml. Out: the guards it breaks, in words. Nothing is written when there is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.run import Outcome, calendar_of

USUAL = 0.999  # the share of times that a single wrong one cannot move


def broken_guards(outcome: Outcome) -> list[str]:
    """Every guard that the run exceeds, with what caused it."""
    return [*_rejects(outcome), *_jump(outcome)]


def _rejects(outcome: Outcome) -> Iterator[str]:
    guards = outcome.request.project.guards
    rows = outcome.leads.rows_in + outcome.events.counts["events_in"]
    rejected = outcome.leads.rejected + outcome.events.counts["events_rejected"]
    if guards.rejects is None or not rows:
        return
    limit = guards.rejects * rows if guards.rejects_is_share else guards.rejects
    if rejected > limit:
        said = f"{guards.rejects:.2%}".replace(".00%", "%") if guards.rejects_is_share else f"{guards.rejects:,.0f}"
        yield (
            f"{rejected:,} of {rows:,} rows were rejected, more than the guard `rejects: {said}` allows; "
            f"most often: {_most_often(outcome.rejects)}"
        )


def _most_often(rejects: pl.DataFrame) -> str:
    counted = rejects.group_by("source", "column", "reason").len().sort("len", descending=True).head(3)
    return "; ".join(
        f"{row['source']} {row['column'] or ''}: {row['reason']} ({row['len']:,})" for row in counted.to_dicts()
    )


def _jump(outcome: Outcome) -> Iterator[str]:
    """One date in the far future would make everything old: an `as of` far beyond nearly all times is no instant to look from."""
    jump, at = outcome.request.project.guards.jump, outcome.as_of.at
    if jump is None or at is None or outcome.request.as_of is not None:
        return
    calendar = calendar_of(outcome.request.ruleset)
    times = _times(outcome, calendar)
    if times.is_empty():
        return
    usual: object = times.quantile(USUAL, interpolation="lower")
    assert isinstance(usual, datetime)
    limit = calendar.shift(usual, *jump)
    if isinstance(limit, datetime) and at > limit:
        yield (
            f"the `as of` would be {iso(at, calendar)} ({outcome.as_of.reason} of {_whose(outcome, at)}), more than "
            f"`jump: {jump[0]} {jump[1]}` after nearly all other times ({iso(usual, calendar)}); "
            "mend that row, or say the instant with --as-of"
        )


def _times(outcome: Outcome, calendar: Calendar) -> pl.Series:
    found = [outcome.events.frame["at"]]
    created = outcome.request.project.created
    if created in outcome.leads.frame.columns and outcome.leads.frame[created].dtype.is_temporal():
        found.append(outcome.leads.frame[created].cast(pl.Datetime("us", "UTC")))
    return pl.concat([times.alias("at") for times in found]).drop_nulls()


def _whose(outcome: Outcome, at: datetime) -> str:
    rows = outcome.events.frame.filter(pl.col("at") == at)["lead_row"]
    created = outcome.request.project.created
    if rows.is_empty() and created in outcome.leads.frame.columns:
        day = pl.col(created) == (
            at if outcome.leads.frame[created].dtype == pl.Datetime else calendar_of(outcome.request.ruleset).day_of(at)
        )
        rows = outcome.leads.frame.with_row_index("lead_row").filter(day)["lead_row"]
    return f"lead {outcome.leads.frame['@key'][rows[0]]}" if rows.len() else "a lead"
