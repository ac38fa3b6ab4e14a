"""Which events are new to this run: not seen by an earlier one, and not older than late events may be.

In: the events that a filter lets through, the tick, the identities of the events seen. Out: those that set triggers off; and
after the run, the identities to keep. An event is its id; without one it is its lead, type, instant and what its row says,
and identical rows are counted. Knows of the rules only which types triggers listen to.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import polars as pl

from leadrules.core.records import dataclass
from leadrules.lifecycle.model import EVENT_COLUMNS, INSTANT, State, Tick
from leadrules.ruleset.model import Ruleset

_ID = "@id"
_KNOWN = ("lead_row", "type", "at", _ID)
_BETWEEN = "\x1f"
BY_ID = 1


@dataclass(frozen=True, slots=True)
class Late:
    """What decides whether an event is new.

    `since` is where new events begin; `limit` how far back one not seen before still counts (None: to `since` itself). Triggers
    listened to the types of `heard` before, so their events have identities, from `seen_from` on (None: all); of `reshaped`
    types other fields were read.
    """

    keys: pl.Series
    seen: pl.DataFrame
    since: datetime
    limit: datetime | None
    heard: frozenset[str]
    reshaped: frozenset[str]
    seen_from: datetime | None = None

    def fresh(self, matching: pl.DataFrame, *, backfill: bool = False) -> pl.DataFrame:
        """Of the events that a filter lets through, those that set a trigger off; `backfill` takes those seen before too.

        Of a type that no trigger listened to before, what is not newer than `since` is already so.
        """
        if backfill:
            return matching
        heard = pl.col("type").cast(pl.String).is_in(list(self.heard))
        if self.limit is None:
            recent = pl.col("at") >= self.since
        else:
            recent = (pl.col("at") > self.since) | (heard & (pl.col("at") >= self.limit))
        if self.forgets:
            recent = recent & (~heard | (pl.col("at") >= self.seen_from))
        found = matching.filter(recent)
        return found.filter(~self._is_seen(found))

    @property
    def forgets(self) -> bool:
        """Whether events count of which nobody knows any more whether they were seen: each sets off once, so they do not."""
        oldest = self.since if self.limit is None else min(self.since, self.limit)
        return self.seen_from is not None and bool(self.heard) and oldest < self.seen_from

    def _is_seen(self, found: pl.DataFrame) -> pl.Series:
        named = identified(found, self.keys)
        seen = named["identity"].is_in(self.seen["identity"].implode())
        # An export that gains ids, or loses them, names the same events otherwise, though nothing happened.
        seen |= (named["moment"] ^ BY_ID).is_in(self.seen["moment"].implode())
        if not self.reshaped:
            return seen
        # So does another field that is read: their rows say something else now than they did when they were seen.
        other = found["type"].cast(pl.String).is_in(list(self.reshaped))
        return seen | (other & named["moment"].is_in(self.seen["moment"].implode()))


def late_of(tick: Tick, *, since_given: bool = False) -> Late:
    """What decides for the events of this run. Without an earlier run, or with `--since`, nothing older counts."""
    state = tick.state
    limit = None if since_given or state.as_of is None else tick.calendar.back(tick.since, *tick.project.late_events)
    heard = frozenset() if state.ruleset is None else listened(state.ruleset)
    reshaped = frozenset() if state.ruleset is None else _reshaped(state.ruleset, tick.ruleset)
    return Late(tick.leads["key"], state.events, tick.since, limit, heard, reshaped & heard, state.seen_from)


def listened(ruleset: Ruleset) -> frozenset[str]:
    """The event types that triggers listen to."""
    filters = [trigger.on.filter for trigger in ruleset.triggers if trigger.on.filter is not None]
    return frozenset(event for selection in filters for event in selection.types)


def _reshaped(old: Ruleset, now: Ruleset) -> frozenset[str]:
    before, after = dict(old.event_fields), dict(now.event_fields)
    return frozenset(event for event, fields in after.items() if event in before and set(fields) != set(before[event]))


def seen_after(state: State, events: pl.DataFrame, tick: Tick) -> pl.DataFrame:
    """The identities that the next run needs: those of before and of now, back to where late events count."""
    limit = tick.calendar.back(tick.as_of, *tick.project.late_events)
    heard = list(listened(tick.ruleset))
    if not heard:
        return state.events.clear()
    # The few of these days first: ten million types as text are slow to compare.
    recent = events.filter(pl.col("at") >= limit, pl.col("at") <= tick.as_of)
    rows = recent.filter(pl.col("type").cast(pl.String).is_in(heard))
    found = identified(rows, tick.leads["key"]).with_columns(rows["at"].cast(INSTANT))
    kept = state.events.filter(pl.col("at") >= limit)
    new = found.select(list(EVENT_COLUMNS)).join(kept, on="identity", how="anti")
    return pl.concat([kept, new]).unique("identity", maintain_order=True)


def seen_from_after(state: State, tick: Tick) -> datetime:
    """Back to where the next state knows every event that runs have seen: a longer `late_events` brings none of them back."""
    limit = tick.calendar.back(tick.as_of, *tick.project.late_events)
    return limit if state.seen_from is None else max(limit, state.seen_from)


def identified(events: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """identity, moment: numbers that stay the same in every run, on every machine; `moment` leaves out what rows say, and
    whether an id names the event is its last bit (BY_ID)."""
    said = [_said(events, name) for name in sorted(set(events.columns) - set(_KNOWN)) if not name.startswith("@")]
    lead = keys.gather(events["lead_row"])
    moment = [lead, events["type"].cast(pl.String), events["at"].to_physical().cast(pl.String)]
    texts = pl.DataFrame(
        {
            "moment": _joined(moment, events.height),
            "said": _joined(said, events.height),
            "id": events[_ID]
            if _ID in events.columns
            else pl.Series([None], dtype=pl.String).new_from_index(0, events.height),
        }
    )
    again = pl.int_range(pl.len()).over("moment", "said").cast(pl.String)
    row = pl.concat_str("moment", "said", again, separator=_BETWEEN)
    identity = pl.when(pl.col("id").is_not_null()).then(pl.lit("id" + _BETWEEN) + pl.col("id")).otherwise(row)
    named = texts.select(identity.alias("identity"), "moment")
    identities, moments = (_numbers(named[name]) for name in ("identity", "moment"))
    by_id = texts["id"].is_not_null().cast(pl.UInt64)
    return pl.DataFrame({"identity": identities, "moment": moments - (moments & BY_ID) + by_id})


def _said(events: pl.DataFrame, name: str) -> pl.Series:
    column = events[name]
    text = (
        column.cast(pl.List(pl.String)).list.join(";") if isinstance(column.dtype, pl.List) else column.cast(pl.String)
    )
    return (pl.Series([f"{name}="]) + text).alias(name)


def _joined(columns: list[pl.Series], height: int) -> pl.Series:
    if not columns:
        return pl.Series([""]).new_from_index(0, height)
    frame = pl.DataFrame([column.alias(str(at)) for at, column in enumerate(columns)])
    return frame.select(pl.concat_str(pl.all(), separator=_BETWEEN, ignore_nulls=True)).to_series()


def _numbers(texts: pl.Series) -> pl.Series:
    # The hash of Polars may change with its version, and a state lives longer than that.
    hashed = [int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") for text in texts]
    return pl.Series(texts.name, hashed, dtype=pl.UInt64)
