"""What the reports are worked out from: leads, events and history as columns, in the roles that the settings give them.

In: the outcome of reading and evaluating (nothing decided), the settings, the state's history, the side files. Out:
`Material`, whose frames know leads by `lead_row`. Nothing after `as of` is in it. Works no figure out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.core.functions.columnar import as_instant, fold_series
from leadrules.core.records import dataclass
from leadrules.core.types import DATE
from leadrules.lifecycle.cadence.clock import local_days
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.model import INSTANT
from leadrules.measure.settings import Settings
from leadrules.project.model import Project
from leadrules.ruleset.model import Expr, Ruleset, Segment

ROW = "lead_row"
MOMENTS = {ROW: pl.UInt32(), "at": INSTANT}
CHANGES = {
    ROW: pl.UInt32(),
    "run": pl.Int32(),
    "as_of": INSTANT,
    "old": pl.String(),
    "new": pl.String(),
    "rule": pl.String(),
}
OTHER = "(none)"
# What the report itself knows of a lead: no field bears such a name.
KEY, CREATED, OWNER = "@key", "@created", "@owner"


def as_spelled(texts: pl.Series, known: Iterable[str] = ()) -> pl.Series:
    """Texts that fold alike are one, written as in `known`, else as most often; of as many, in small letters."""
    counted = texts.alias("text").drop_nulls().value_counts(name="len")
    is_plain = (fold_series(counted["text"]) == counted["text"]).alias("is_plain")
    order = counted.with_columns(is_plain).sort("len", "is_plain", "text", descending=[True, True, False])
    spellings = [*dict.fromkeys((*known, *order["text"]))]
    first: dict[str, str] = {}
    renamed = {
        one: first.setdefault(folded, one)
        for one, folded in zip(spellings, fold_series(pl.Series(spellings, dtype=pl.String)), strict=True)
    }
    changed = {old: new for old, new in renamed.items() if old != new}
    return texts.replace(changed) if changed else texts


@dataclass(frozen=True)
class Material:
    """`leads`: a row per lead, KEY, CREATED, OWNER and the fields by name. `events`: lead_row, type, at, fields as
    `campaign:text`. `history`: lead_row, run, as_of, kind, what, old, new, rule, oldest first; None without a state.
    `remembered`: what the state knows of each lead now (sequence, enrolled_at, assigned_at, due_at), in lead order.
    """

    project: Project
    ruleset: Ruleset
    settings: Settings
    calendar: Calendar
    as_of: datetime
    facts: Facts
    leads: pl.DataFrame
    events: pl.DataFrame
    history: pl.DataFrame | None = None
    remembered: pl.DataFrame | None = None
    campaigns: pl.DataFrame | None = None
    traffic: pl.DataFrame | None = None
    has_events: bool = True  # whether there is a source of events at all

    @property
    def height(self) -> int:
        """How many leads there are."""
        return self.leads.height

    @cached_property
    def now(self) -> pl.Expr:
        """`as of` as a column."""
        return pl.lit(self.as_of).cast(INSTANT)

    # -- moments ----------------------------------------------------------------------------------------------------

    def instants(self, series: pl.Series) -> pl.Series:
        """Dates as their local midnight, datetimes as they are."""
        if series.dtype == pl.Date:
            return series.to_frame("at").select(as_instant(self.calendar, pl.col("at"), DATE).cast(INSTANT)).to_series()
        return series.cast(INSTANT)

    def days(self, instants: pl.Series) -> pl.Series:
        """The local dates of instants."""
        return local_days(self.calendar, instants)

    def of_types(self, types: Iterable[str]) -> pl.DataFrame:
        """The events of some types: lead_row, at."""
        return self._events_of(types).select(list(MOMENTS))

    def _events_of(self, types: Iterable[str]) -> pl.DataFrame:
        wanted = self._known(types)
        return self.events.filter(pl.col("type").is_in(wanted)) if wanted else self.events.clear()

    def _known(self, types: Iterable[str]) -> list[str]:
        kind = self.events.schema["type"]
        return [name for name in types if not isinstance(kind, pl.Enum) or name in kind.categories]

    def happenings(self, role: str) -> pl.DataFrame:
        """When something of this part happened, from events or from date fields of the lead: lead_row, at; by time."""
        return self._role(role).select(list(MOMENTS))

    def _role(self, role: str) -> pl.DataFrame:
        names = self.settings.names(role)
        fields = [name for name in names if name in self.leads.columns and self.leads[name].dtype.is_temporal()]
        parts = [self._events_of(set(names) - set(fields)).select([*MOMENTS, *self._value_columns()])]
        for name in fields:
            at = self.instants(self.leads[name])
            part = pl.DataFrame({ROW: self.rows, "at": at, "value": self._lead_value()})
            parts.append(part.filter(pl.col("at") <= self.now))
        return pl.concat(parts, how="diagonal_relaxed").sort(ROW, "at", maintain_order=True)

    @cached_property
    def rows(self) -> pl.Series:
        """The number of each lead."""
        return pl.int_range(self.height, dtype=pl.UInt32, eager=True).alias(ROW)

    def _value_columns(self) -> list[pl.Expr]:
        columns = [c for c in self.events.columns if c == f"{self.settings.value}:number"]
        return [pl.col(columns[0]).alias("value") if columns else pl.lit(None, dtype=pl.Float64).alias("value")]

    @cached_property
    def lost(self) -> pl.DataFrame:
        """The deals lost: lead_row, at, reason."""
        name = self.settings.loss_reason
        columns = [c for c in self.events.columns if c.rpartition(":")[0] == name]
        said = pl.coalesce(pl.col(columns).cast(pl.String)) if columns else pl.lit(None, dtype=pl.String)
        events = self._events_of(self.settings.names("lost")).select(*MOMENTS, said.replace("", None).alias("reason"))
        # Of two at one time that with a reason, of two reasons the one that sorts first: not the one that stands first.
        events = events.sort(ROW, "at", "reason", nulls_last=True).unique(
            [ROW, "at"], keep="first", maintain_order=True
        )
        of_lead = self.leads[name].cast(pl.String) if name in self.leads.columns else None
        own = pl.Series("own", [None], dtype=pl.String).new_from_index(0, self.height) if of_lead is None else of_lead
        known = pl.DataFrame({ROW: self.rows, "own": own})
        both = self.happenings("lost").join(events, on=[ROW, "at"], how="left").join(known, on=ROW)
        return both.select(*MOMENTS, pl.coalesce("reason", pl.col("own").replace("", None)).alias("reason")).sort(
            ROW, "at"
        )

    def _lead_value(self) -> pl.Series:
        name = self.settings.value
        if name in self.leads.columns and self.leads[name].dtype.is_numeric():
            return self.leads[name].cast(pl.Float64)
        return pl.Series([None], dtype=pl.Float64).new_from_index(0, self.height)

    @cached_property
    def won(self) -> pl.DataFrame:
        """The deals won: lead_row, at, value; a deal without a value is worth nothing that is known."""
        return self._role("won").select(ROW, "at", "value")

    @cached_property
    def says_worth(self) -> bool:
        """Whether a deal won says what it was worth."""
        return self.won["value"].count() > 0

    @cached_property
    def activities(self) -> pl.DataFrame:
        """What we did ourselves: lead_row, at, channel, minutes; by lead, time and channel."""
        named = {type_: channel for channel, types in self.settings.activities.items() for type_ in types}
        found = self._events_of(named).select(*MOMENTS, pl.col("type").cast(pl.String).alias("channel"))
        found = found.with_columns(pl.col("channel").replace(named))
        minutes = pl.col("channel").replace_strict(
            self.settings.minutes or {"": 0.0}, default=0.0, return_dtype=pl.Float64
        )
        return found.with_columns(minutes.alias("minutes")).sort(ROW, "at", "channel", maintain_order=True)

    @cached_property
    def replies(self) -> pl.DataFrame:
        """Human replies: without those at the very time of an automatic answer or a bounce of the same lead."""
        robots = pl.concat([self.happenings("out_of_office"), self.happenings("bounce")]).unique()
        return self.happenings("reply").join(robots, on=[ROW, "at"], how="anti", maintain_order="left")

    @cached_property
    def contacts(self) -> pl.DataFrame:
        """Human replies and phone connects."""
        return pl.concat([self.replies, self.happenings("connect")]).sort(ROW, "at")

    def rate_moments(self, name: str) -> pl.DataFrame:
        """The moments behind a rate: contact, reply, connect, meeting, opportunity, won."""
        if name == "contact":
            return self.contacts
        return self.replies if name == "reply" else self.happenings(name)

    # -- what leads are told apart by -------------------------------------------------------------------------------

    def values(self, expressions: dict[str, Expr]) -> dict[str, pl.Series]:
        """Expressions of the rules on the leads."""
        return self.facts.values(expressions) if expressions else {}

    def group(self, name: str) -> pl.Series:
        """What each lead is by a field or a definition, as text; `owner` as it is now."""
        series = self.facts.frame[name] if name in self.facts.frame.columns else self.leads[name]
        if name == self.project.owner:
            series = self.leads[OWNER]
        if series.dtype == pl.Boolean:
            words = pl.when(pl.col("x")).then(pl.lit("yes")).otherwise(pl.lit("no"))
            return series.to_frame("x").select(words.alias(name)).to_series()
        if isinstance(series.dtype, pl.List):
            series = series.list.join(";")
        return series.cast(pl.String).replace("", None).fill_null(OTHER).alias(name)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The segments, in order of declaration."""
        return tuple(d.name for d in self.ruleset.declared if isinstance(d, Segment))

    @cached_property
    def in_campaigns(self) -> pl.DataFrame:
        """Who is in which campaign since when: lead_row, campaign, at. Empty without the field."""
        name = self.settings.campaign
        parts: list[pl.DataFrame] = []
        columns = [c for c in self.events.columns if c.rpartition(":")[0] == name]
        if columns:
            texts = pl.coalesce(pl.col(columns).cast(pl.String)).replace("", None)
            parts.append(self.events.select(ROW, texts.alias("campaign"), "at"))
        if name in self.leads.columns:
            parts.append(
                pl.DataFrame({ROW: self.rows, "campaign": self.leads[name].cast(pl.String), "at": self.leads[CREATED]})
            )
        if not parts:
            return pl.DataFrame(schema={ROW: pl.UInt32, "campaign": pl.String, "at": INSTANT})
        found = pl.concat(parts).filter(pl.col("campaign").is_not_null())
        return self._as_spelled(found).group_by(ROW, "campaign").agg(pl.col("at").min()).sort("campaign", ROW)

    def _as_spelled(self, found: pl.DataFrame) -> pl.DataFrame:
        """Campaigns that fold alike are one; campaigns.csv, else the commonest spelling, says how it is written."""
        known = [] if self.campaigns is None else self.campaigns["campaign"].drop_nulls().to_list()
        return found.with_columns(as_spelled(found["campaign"], known))

    # -- what the state remembers -----------------------------------------------------------------------------------

    def changes(self, kind: str, what: str | None = None) -> pl.DataFrame:
        """The changes of a kind in the history: lead_row, run, as_of, old, new, rule; by lead, each lead's in their order."""
        if self.history is None:
            return pl.DataFrame(schema=CHANGES)
        found = self.history.filter(pl.col("kind") == kind)
        if what is not None:
            found = found.filter(pl.col("what") == what)
        return found.select(list(CHANGES)).sort(ROW, maintain_order=True)

    @cached_property
    def enrolments(self) -> pl.DataFrame:
        """Who was in which sequence: lead_row, sequence, begun, ended (null: still in it), until (the next enrolment, or
        `as of`): what happens from `begun` to `until` is held to be of the enrolment."""
        # Of two runs with one `as of` the later may end what the earlier began: the order tells, not the time.
        at = pl.col("as_of")
        found = self.changes("sequence").select(
            ROW, pl.col("new").alias("sequence"), at.alias("begun"), at.shift(-1).over(ROW).alias("ended")
        )
        found = found.filter(pl.col("sequence").is_not_null(), pl.col("sequence") != "")
        if self.remembered is not None:
            found = self._with_known_start(found)
        found = found.sort(ROW, "begun", maintain_order=True)
        until = pl.col("begun").shift(-1).over(ROW).fill_null(self.now)
        return found.with_columns(until.alias("until")).with_row_index("enrolment")

    def _with_known_start(self, begun: pl.DataFrame) -> pl.DataFrame:
        """The state knows when the enrolment that lasts began; the history only in which run. What a late event set off may
        have begun before the enrolment before it: then the run says when."""
        assert self.remembered is not None
        now = self.remembered.with_columns(self.rows).filter(pl.col("sequence").is_not_null())
        now = now.select(ROW, "sequence", pl.col("enrolled_at").alias("known"))
        over = begun.filter(pl.col("ended").is_not_null())
        before = over.group_by(ROW).agg(pl.col("begun").max().alias("before"))
        lasts = begun.filter(pl.col("ended").is_null()).join(now, on=[ROW, "sequence"], how="full", coalesce=True)
        known = pl.when(pl.col("known") >= pl.col("before").fill_null(pl.col("known"))).then("known")
        lasts = lasts.join(before, on=ROW, how="left").with_columns(pl.coalesce(known, "begun").alias("begun"))
        return pl.concat([over, lasts.select(over.columns).filter(pl.col("begun").is_not_null())])
