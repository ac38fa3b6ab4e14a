"""What stops a run that went farther than a person would have wanted.

In: an outcome and the guards of leadrules.yaml. Out: the guards it exceeds and the asserts that leads break, in words.
Nothing is written when there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import instants_of
from leadrules.lifecycle.asof import GIVEN, leap
from leadrules.lifecycle.manifest import iso
from leadrules.lifecycle.run import Outcome, calendar_of

if TYPE_CHECKING:
    from leadrules.lifecycle.decide import Broken, Decided

USUAL = 0.999  # the share of times that a single wrong one cannot move
SHOWN, SHOWN_LEADS = 3, 10
_KINDS = ("source", "column", "reason")  # of bad cells; equally many are told of in this order


def broken_guards(outcome: Outcome) -> list[str]:
    """Every guard that the run exceeds and every assert that leads break, with what caused it."""
    return [*_rejects(outcome), *_jump(outcome), *_leap(outcome), *_churn(outcome), *_promises(outcome)]


def _rejects(outcome: Outcome) -> Iterator[str]:
    guards, events = outcome.request.project.guards, outcome.events.counts
    rows, rejected = outcome.leads.rows_in, outcome.leads.rejected
    found = [("rows", rejected + events["events_rejected"], rows + events["events_in"])]
    if guards.rejects_is_share:  # ten events per lead would hide that half of the leads are gone
        found.append(("rows of leads", rejected, rows))
    for what, bad, whole in found:
        if guards.rejects is None or not whole:
            continue
        if _exceeds(bad, guards.rejects, whole, is_share=guards.rejects_is_share):
            said = _limit(guards.rejects, is_share=guards.rejects_is_share)
            yield (
                f"{bad:,} of {whole:,} {what} were rejected, more than the guard `rejects: {said}` allows; "
                f"most often: {_most_often(outcome.rejects)}"
            )
            return


def _exceeds(found: int, limit: float, whole: int, *, is_share: bool) -> bool:
    """Whether it is more than a number, or a share of the whole; 29 of 100 are 29 %, though 0.29 * 100 is less than 29."""
    return found > (round(limit * whole, 6) if is_share else limit)


def _most_often(rejects: pl.DataFrame) -> str:
    counted = rejects.group_by(_KINDS).len().sort(["len", *_KINDS], descending=[True, False, False, False]).head(SHOWN)
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
            f"the `as of` would be {iso(at, calendar)} ({outcome.as_of.reason} {_row(outcome, at)}), more than "
            f"`jump: {jump[0]} {jump[1]}` after nearly all other times ({iso(usual, calendar)}); "
            "mend that row, or say the instant with --as-of"
        )


def _times(outcome: Outcome, calendar: Calendar) -> pl.Series:
    found = [outcome.events.frame["at"]]
    created = outcome.request.project.created
    if created in outcome.leads.frame.columns and outcome.leads.frame[created].dtype.is_temporal():
        found.append(instants_of(calendar, outcome.leads.frame[created]))
    return pl.concat([times.alias("at") for times in found]).drop_nulls()


def _row(outcome: Outcome, at: datetime) -> str:
    """Where the row stands that has the newest time: file and line, and whose it is."""
    events, leads, created = outcome.events, outcome.leads, outcome.request.project.created
    rows = events.frame.filter(pl.col("at") == at)["lead_row"]
    place = events.newest_place if events.newest_at == at else None
    if place is None and created in leads.frame.columns:
        is_instant = leads.frame[created].dtype == pl.Datetime
        day = at if is_instant else calendar_of(outcome.request.ruleset).day_of(at)
        rows = leads.frame.with_row_index("lead_row").filter(pl.col(created) == day)["lead_row"]
        place = leads.place(rows[0]) if rows.len() else None
    where = "" if place is None else f"in {place[0]}:{place[1]}"
    return ", ".join([*filter(None, [where]), *(f"of lead {leads.frame['@key'][row]}" for row in rows.head(1))])


def _leap(outcome: Outcome) -> Iterator[str]:
    """An `as of` far beyond the state's."""
    before = outcome.request.state.as_of if outcome.request.state is not None else None
    as_of = outcome.as_of
    if as_of.at is not None and as_of.reason != GIVEN:
        as_of = replace(as_of, reason=f"{as_of.reason} {_row(outcome, as_of.at)}")
    words = leap(as_of, before, outcome.request.project.guards.jump, calendar_of(outcome.request.ruleset))
    if words is not None:
        yield f"{words}; the state could not go back from there"


# -- what happens to leads ------------------------------------------------------------------------------------------


def _churn(outcome: Outcome) -> Iterator[str]:
    """More owners changed, or leads moved between sequences, than is usual."""
    decided, guards = outcome.decided, outcome.request.project.guards
    if decided is None:
        return
    limits = (
        ("owner_changes", "owner", guards.owner_changes, guards.owner_changes_is_share),
        ("moves", "sequence", guards.moves, guards.moves_is_share),
    )
    for name, slot, limit, is_share in limits:
        changed = _changed(decided, slot)
        leads = outcome.leads.frame.height
        if limit is not None and _exceeds(changed.height, limit, leads, is_share=is_share):
            what = "owners would change" if slot == "owner" else "leads would move or leave their sequence"
            yield (
                f"{changed.height:,} of {leads:,} {what}, more than the guard `{name}: {_limit(limit, is_share=is_share)}` "
                f"allows; most by {_by_rule(decided, changed, slot)}"
            )


def _changed(decided: Decided, slot: str) -> pl.DataFrame:
    """The leads that had an owner, or were in a sequence, and have another after the run."""
    before, after = decided.tick.leads[slot], decided.table[slot]
    mask = before.is_not_null() & before.ne_missing(after)
    return decided.tick.leads.select("lead_row").filter(mask)


def _by_rule(decided: Decided, changed: pl.DataFrame, slot: str) -> str:
    """The rules that did most of it."""
    done = decided.done.filter(pl.col("what") == slot).join(changed, on="lead_row", how="semi")
    last = done.unique("lead_row", keep="last", maintain_order=True)
    counted = last.group_by("rule").len().sort(["len", "rule"], descending=[True, False]).head(SHOWN)
    return ", ".join(f"{row['rule']} ({row['len']:,})" for row in counted.to_dicts())


def _limit(limit: float, *, is_share: bool) -> str:
    return f"{limit:.2%}".replace(".00%", "%") if is_share else f"{limit:,.0f}"


def _promises(outcome: Outcome) -> Iterator[str]:
    """The asserts that leads break."""
    keys = outcome.leads.frame["@key"]
    for broken in _broken(outcome):
        promise, count = broken.promise, len(broken.lead_rows)
        title = f' "{promise.title}"' if promise.title else ""
        place = f" ({promise.span['path']}:{promise.span['line']})" if promise.span else ""
        shown = ", ".join(keys.gather(broken.lead_rows.head(SHOWN_LEADS)))
        more = f", and {count - SHOWN_LEADS:,} more" if count > SHOWN_LEADS else ""
        yield f"assert {promise.name}{title}{place} is broken by {count:,} lead{'s' if count > 1 else ''}: {shown}{more}"


def _broken(outcome: Outcome) -> Iterable[Broken]:
    """Also where nothing was decided, for the input has no times."""
    if outcome.decided is not None:
        return outcome.decided.broken
    if outcome.overlay is None or outcome.request.only_facts:
        return ()
    from leadrules.lifecycle.decide import broken_asserts  # most rooms of the lifecycle

    return broken_asserts(outcome.request.ruleset, outcome.facts, outcome.overlay.table)
