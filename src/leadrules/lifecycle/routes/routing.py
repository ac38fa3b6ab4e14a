"""Routing: who gets which lead, in one run.

In: a tick, and the leads that triggers hand over or that the routes look at by themselves. Out: frames of owners with their
rules, due times and what was passed over; and the credits, assignments and accounts for the state. The loads of the reps
move through all calls of a run. Knows no trigger, no file and no slot: what it deals counts as done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import polars as pl

from leadrules.core.functions.columnar import each_text, looked_up, only, rows_where
from leadrules.core.ids import canonical_key
from leadrules.core.records import dataclass
from leadrules.core.text import fold
from leadrules.lifecycle.model import BY_TRIGGER, INSTANT, LEAD_COLUMNS, Tick
from leadrules.lifecycle.routes.candidates import Kind, RouteTable
from leadrules.lifecycle.routes.dealing import (
    FIRST_QUEUE,
    KEPT,
    MATCHES,
    MOVES,
    WATCHED,
    Considered,
    Dealer,
    Dealt,
    Line,
    Passed,
    Reasons,
)
from leadrules.lifecycle.routes.eligibility import (
    BLANK,
    QUEUE,
    Loads,
    roster_at,
)
from leadrules.lifecycle.routes.hours import WorkingTime
from leadrules.lifecycle.routes.standing import Standing, whole
from leadrules.lifecycle.routes.turns import Turns, serve
from leadrules.project.model import QUEUE_PREFIX
from leadrules.ruleset.model import Duration

# What a route made of leads: the rule and its place among those of the route, blank where none had anybody, a `due_at` where
# the deal stamps one, `why` the number of what was passed over (`Router.passed_over`), null for nothing.
DEALT = {
    "lead_row": pl.UInt32(),
    "rule": pl.String(),
    "place": pl.UInt32(),
    "owner": pl.String(),
    "due_at": INSTANT,
    "why": pl.UInt32(),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """What a route fills, as it stands: the values before the run, now, and the leads on which somebody else had a say."""

    now: pl.Series
    given: pl.Series


@dataclass(frozen=True, slots=True)
class Looked:
    """What a route made of the leads that it looks at by itself, in lead order: DEALT, and beside it lead_row and place of
    those whom a rule lets keep their owner before any other rule. They are most leads of most runs."""

    kept: pl.DataFrame
    dealt: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Batch:
    """Leads that were dealt together: lead_row, kind, number (of the owner), position (of the rule), why, rule, owner."""

    table: RouteTable
    kinds: Mapping[int, Kind]
    frame: pl.DataFrame


class Router:
    """The routes of one run. `watched` are the leads of which `considered` will tell every rep that was looked at."""

    def __init__(self, tick: Tick, watched: Iterable[int] = ()) -> None:
        self.tick = replace(tick, leads=whole(tick.leads))
        self.roster = roster_at(tick.project.team, tick.calendar, tick.as_of)
        self._today = tick.calendar.day_of(tick.as_of)
        self.loads = Loads(self.roster, tick.state.assignments, self._today)
        self.reasons = Reasons()
        self.considered: dict[tuple[str, int], list[Considered]] = {}
        self.batches: list[Batch] = []
        self._standing = Standing(self.tick, self.roster, self.loads)
        self._turns = Turns(tick.state.credits, self.roster)
        self._watched = frozenset(watched)
        self._tables: dict[str, RouteTable] = {}
        self._due: dict[tuple[int, datetime, Duration], datetime | None] = {}

    @property
    def is_open(self) -> pl.Series:
        """Whether each lead counts against the capacity of its owner: the state keeps it for when the lead is absent."""
        return self._standing.is_open

    # -- for triggers -----------------------------------------------------------------------------------------------

    def hand_over(
        self,
        route: str,
        lead_rows: pl.Series,
        *,
        exclude_past_owners: bool = False,
        at: pl.Series | None = None,
        respond_within: Duration | None = None,
    ) -> pl.DataFrame:
        """What a route makes of the leads that it is handed, whoever owns them: DEALT, in the order of `lead_rows`.

        `at` is the instant from which each response time counts, else `as of`; `respond_within` beats a rule's.
        """
        table = self._table(route)
        now = self._standing.before(table.route.sets)
        asked = pl.DataFrame(
            {"lead_row": lead_rows.cast(pl.UInt32), "at": self._as_of(len(lead_rows)) if at is None else at}
        )
        rows = asked["lead_row"].sort()
        kept = table.kept(rows)
        left = rows.filter(kept.is_null())
        found = self._deal(table, left, now, lasting=True, exclude=exclude_past_owners)
        found = self._with_due(
            table, found.join(asked, on="lead_row", how="left", maintain_order="left"), respond_within
        )
        stay = self._kept(table, rows, kept)
        names = pl.Series([rule.name for rule in table.route.rules], dtype=pl.String)
        stay = stay.with_columns(
            looked_up(names, stay["place"]).alias("rule"), now.gather(stay["lead_row"]).alias("owner")
        )
        both = pl.concat([found.select(list(DEALT)), stay], how="diagonal")
        return asked.select("lead_row").join(both, on="lead_row", how="left", maintain_order="left")

    def respond_by(self, owners: pl.Series, at: pl.Series, length: Duration) -> pl.Series:
        """The instant by which each owner is to answer, in the owner's working hours; blank without an owner."""
        numbers = self._numbers(owners)
        pairs = zip(numbers.to_list(), at.to_list(), strict=True)
        due = [None if n == BLANK or when is None else self._due_at(n, when, length) for n, when in pairs]
        return pl.Series("due_at", due, dtype=INSTANT)

    def record(self, lead_rows: pl.Series, owners: pl.Series, field: str | None = None) -> None:
        """Owners that were given, or put into a field, without a route: they count against capacities, and `match account`
        finds them."""
        numbers = self.roster.active_series(owners).to_list()
        held = self._standing.reps_before(field).gather(lead_rows).to_list()
        is_open = self.is_open.gather(lead_rows).to_list()
        for owner, previous, counts in zip(numbers, held, is_open, strict=True):
            self._move(owner, previous, counts, field)
        # Who is given the lead that they have is assigned nothing.
        moved = [
            FIRST_QUEUE if owner < 0 else KEPT if owner == previous else owner
            for owner, previous in zip(numbers, held, strict=True)
        ]
        self._standing.remember(field, lead_rows.to_list(), moved)

    def _move(self, owner: int, before: int, counts: bool, field: str | None) -> None:
        if owner == before:
            return
        owned = self._standing.open_of(field)
        if before >= 0:
            owned[before] -= counts
        if owner >= 0:
            if field is None:  # a `set` is no assignment of the day
                self.loads.give(owner)
            owned[owner] += counts

    # -- for the run ------------------------------------------------------------------------------------------------

    def always_on(
        self,
        owner_now: pl.Series,
        given_by_trigger: pl.Series,
        fields: Mapping[str, Holding] | None = None,
    ) -> dict[str, Looked]:
        """What the routes that are not on demand make of the leads they look at, per route.

        `owner_now` is each lead's owner after triggers, `given_by_trigger` says who got one in this run; `fields` says
        the same for fields that routes set, where a trigger or an `on finish` had set one.
        """
        self._catch_up(owner_now, given_by_trigger)
        looking = [route for route in self.tick.ruleset.routes if not route.on_demand]
        holdings: dict[str | None, Holding] = {
            field: self._unless_queued(field, (fields or {}).get(field) or self._untouched(field))
            for field in dict.fromkeys(route.sets for route in looking)
            if field is not None
        }
        if any(route.sets is None for route in looking):
            holdings[None] = Holding(owner_now, given_by_trigger | self._queued_by_trigger(owner_now))
        nobodies = {field: self.roster.active_series(holding.now) < 0 for field, holding in holdings.items()}
        return {
            route.name: self._look(self._table(route.name), holdings[route.sets], nobodies[route.sets])
            for route in looking
        }

    def _catch_up(self, owner_now: pl.Series, given: pl.Series) -> None:
        """Count the owners that triggers gave without a route, where nobody has told of them."""
        known = {row for rows, _ in self._standing.moves.get(None, ()) for row in rows}
        rows = [row for row in rows_where(given.fill_null(value=False)).to_list() if row not in known]
        if rows:
            self.record(pl.Series(rows, dtype=pl.UInt32), owner_now.gather(rows))

    def _look(self, table: RouteTable, holding: Holding, has_nobody: pl.Series) -> Looked:
        """The leads that a route looks at, dealt."""
        is_free = ~holding.given.fill_null(value=False)
        owned = rows_where(is_free & ~has_nobody)
        rows = pl.concat([rows_where(is_free & has_nobody), owned.filter(table.rerouted(owned))]).sort()
        kept = table.kept(rows)
        found = self._deal(table, rows.filter(kept.is_null()), holding.now, lasting=False)
        found = self._with_due(table, found.with_columns(self._as_of(found.height).alias("at")), None)
        found = found.with_columns(self._calm(table, found, holding.now).alias("due_at"))
        return Looked(self._kept(table, rows, kept), found.select(list(DEALT)).sort("lead_row"))

    def _kept(self, table: RouteTable, rows: pl.Series, kept: pl.Series) -> pl.DataFrame:
        """lead_row and place of those among the leads that a rule lets keep their owner before any other rule."""
        places = pl.Series([rule.position for rule in table.rules], dtype=pl.UInt32)
        found = rows_where(kept.is_not_null())
        return pl.DataFrame([rows[found].alias("lead_row"), places[kept[found].cast(pl.UInt32)].alias("place")])

    def _calm(self, table: RouteTable, found: pl.DataFrame, now: pl.Series) -> pl.Series:
        """`due_at`, but for leads that wait with the same owner for the response that this route asked for before."""
        due = found["due_at"]
        if table.route.sets is not None or not due.is_not_null().any():
            return due
        leads, dealt = self.tick.leads, found["lead_row"]
        asked = leads.gather("due_at", dealt).is_not_null() & (leads.gather("due_route", dealt) == table.route.name)
        asked = asked.fill_null(value=False)
        places = rows_where(asked & due.is_not_null())
        owners, had = found["owner"].gather(places), now.gather(dealt.gather(places))
        waits = places.filter(self._folded(owners).eq_missing(self._folded(had)))
        return due.clone().scatter(waits, None) if len(waits) else due

    def _queued_by_trigger(self, owner_now: pl.Series) -> pl.Series:
        """Leads that a trigger or an `on finish` of an earlier run gave to a queue, where they still are."""
        leads = self.tick.leads
        rows = leads.filled("owner_by")
        rows = rows.filter(leads.gather("owner_by", rows) == BY_TRIGGER)
        if not len(rows):
            return pl.repeat(False, leads.height, dtype=pl.Boolean, eager=True)
        now = self._folded(owner_now.gather(rows))
        in_queue = now.str.starts_with(QUEUE_PREFIX).fill_null(value=False)
        still = rows.filter(in_queue & now.eq_missing(self._folded(leads.gather("owner", rows))))
        return pl.repeat(False, leads.height, dtype=pl.Boolean, eager=True).scatter(still, values=True)

    def _unless_queued(self, field: str, holding: Holding) -> Holding:
        """A field as it stands, where a trigger or an `on finish` of an earlier run gave it a queue that it still has."""
        queued = self.tick.leads.filled(f"queued:{field}")
        return Holding(holding.now, holding.given.clone().scatter(queued, values=True)) if len(queued) else holding

    def _untouched(self, field: str) -> Holding:
        nobody = pl.select(pl.repeat(value=False, n=self.tick.leads.height)).to_series()
        return Holding(self._standing.before(field), nobody)

    # -- dealing ----------------------------------------------------------------------------------------------------

    def _deal(
        self, table: RouteTable, rows: pl.Series, now: pl.Series, *, lasting: bool, exclude: bool = False
    ) -> pl.DataFrame:
        """The leads that may move something (lead_row, rule, owner, why, the numbers of rule and owner), in the order in which
        they are taken."""
        numbers, kinds = table.kinds(rows)
        order = self._order(table, rows)
        rows, numbers = rows.gather(order), numbers.gather(order)
        line = self._line(table, rows, numbers, kinds, lasting=lasting, exclude=exclude)
        pools = self._turns.pools_of(table)
        served = {n: list(pool.served) for n, pool in pools.items()}
        self._standing.open_of(table.route.sets)
        dealer = Dealer(
            table.rules,
            pools=pools,
            roster=self.roster,
            loads=self.loads,
            filled=table.route.sets,
            reasons=self.reasons,
        )
        frame = _as_frame(rows, numbers, dealer.deal(line))
        serve(pools, served, frame)
        self._remember_deals(table, line, frame["number"], lasting=lasting)
        self.considered |= {(table.route.name, row): found for row, found in dealer.considered.items()}
        frame = self._named(table, frame, now)
        self.batches.append(Batch(table, kinds, frame))
        return frame

    def _line(
        self,
        table: RouteTable,
        rows: pl.Series,
        numbers: pl.Series,
        kinds: Mapping[int, Kind],
        *,
        lasting: bool,
        exclude: bool,
    ) -> Line:
        filled = table.route.sets
        matching = [(n, rule) for n, rule in enumerate(table.rules) if rule.kind == "match"]
        accounts = {n: self._standing.accounts_of(table, rule) for n, rule in matching}
        asked = {n: one.asked(rows, lasting=lasting) for n, one in accounts.items()}
        owners = self._standing.reps_before(filled).gather(rows)
        frame = pl.DataFrame([owners.alias("owner"), numbers.alias("kind"), rows.alias("row")])
        matches = [mine.is_not_null() & numbers.is_in(_kinds_with(n, kinds)) for n, mine in asked.items()]
        is_watched = pl.lit(value=exclude) | pl.col("row").is_in(list(self._watched))
        moves = pl.when(pl.col("owner") >= 0).then(MOVES).otherwise(0)
        apart = (
            pl.when(is_watched).then(WATCHED).when(pl.any_horizontal(False, *matches)).then(MATCHES).otherwise(moves)
        )
        return Line(
            rows=rows.to_list(),
            kinds=numbers.to_list(),
            kind_of=kinds,
            owners=owners.to_list(),
            apart=bytearray(frame.select(apart.cast(pl.UInt8)).to_series().to_list()),
            is_open=self.is_open.gather(rows).to_list(),
            accounts={n: (one, asked[n].to_list()) for n, one in accounts.items()},
            excluded=self._past_owners(filled, rows) if exclude else (),
            watched=self._watched,
        )

    def _remember_deals(self, table: RouteTable, line: Line, owners: pl.Series, *, lasting: bool) -> None:
        """Leads that changed hands; after the last batch of a field nobody asks any more."""
        if lasting:
            pairs = zip(owners.to_list(), line.owners, strict=True)
            self._standing.remember(
                table.route.sets, line.rows, [KEPT if now == had else now for now, had in pairs], table.route.name
            )

    def _past_owners(self, filled: str | None, rows: pl.Series) -> list[frozenset[int]]:
        """Who had each lead, and has it; of a field the state knows who is in it, and not who was."""
        if filled is not None:
            now = self._standing.reps_before(filled).gather(rows).to_list()
            return [frozenset({number}) if number >= 0 else frozenset() for number in now]
        pairs = self.tick.leads.at(rows, {name: LEAD_COLUMNS[name] for name in ("owner", "past_owners")}).iter_rows()
        everyone = ({self.roster.number(one) for one in (owner, *(before or ()))} for owner, before in pairs)
        return [frozenset(number for number in numbers if number >= 0) for numbers in everyone]

    def _named(self, table: RouteTable, dealt: pl.DataFrame, now: pl.Series) -> pl.DataFrame:
        """What was dealt with the names of rules and owners; who keeps an owner keeps its spelling."""
        names = [rule.rule.name for rule in table.rules]
        reps = [rep.key for rep in self.roster.reps]
        queues = [f"{QUEUE_PREFIX}{name}" for name in self.roster.team.queues]
        number = pl.col("number")
        place = pl.when(number >= 0).then(number).when(number <= FIRST_QUEUE).then(len(reps) + FIRST_QUEUE - number)
        found = dealt.select(place.alias("place"), "position").cast(pl.UInt32, strict=False)
        owners = pl.Series([*reps, *queues], dtype=pl.String)[found["place"]]
        keeps = dealt["number"] == KEPT
        if keeps.any():
            owners = now.cast(pl.String)[dealt["lead_row"]].zip_with(keeps, owners)
        rules = pl.Series(names, dtype=pl.String)[found["position"]]
        places = pl.Series([rule.position for rule in table.rules], dtype=pl.UInt32)[found["position"]]
        return dealt.with_columns(rules.alias("rule"), places.alias("place"), owners.alias("owner"))

    def _order(self, table: RouteTable, rows: pl.Series) -> pl.Series:
        """The places of the rows in the order in which the route takes them: by its own value, then (created, key).

        What is blank comes last; keys compare by code points.
        """
        created = self.tick.leads["created"].gather(rows).alias("created")
        # Texts are slow to sort, and few leads share their moment with another.
        keys = self.tick.leads["key"].gather(rows)
        columns = [created, only(keys, created.is_duplicated()).alias("key")]
        descending = [False, False]
        if table.order_by is not None:
            columns.insert(0, table.order_by.gather(rows).alias("by"))
            descending.insert(0, table.route.descending)
        frame = pl.DataFrame(columns).with_row_index("at")
        return frame.sort(frame.columns[1:], descending=descending, nulls_last=True)["at"]

    def _table(self, name: str) -> RouteTable:
        if name not in self._tables:
            route = next(route for route in self.tick.ruleset.routes if route.name == name)
            self._tables[name] = RouteTable(self.tick, route, self.roster)
        return self._tables[name]

    def _numbers(self, owners: pl.Series) -> pl.Series:
        return each_text(owners, self.roster.number, pl.Int32()).fill_null(BLANK)

    @staticmethod
    def _folded(owners: pl.Series) -> pl.Series:
        return each_text(owners, lambda owner: fold(canonical_key(owner)), pl.String())

    def accounts(self) -> pl.DataFrame:
        """What the state keeps of every lead for `match account`: lead_row and a column `account:ROUTE.RULE` per rule."""
        columns = [pl.Series("lead_row", range(self.tick.leads.height), dtype=pl.UInt32)]
        for route in self.tick.ruleset.routes:
            rules = [rule for rule in self._table(route.name).rules if rule.kind == "match"]
            columns += [rule.account.alias(f"account:{route.name}.{rule.rule.name}") for rule in rules]
        return pl.DataFrame(columns)

    # -- response times ---------------------------------------------------------------------------------------------

    def _with_due(self, table: RouteTable, found: pl.DataFrame, beats: Duration | None) -> pl.DataFrame:
        """The frame with `due_at`: a rep's or a queue's working time from `at` on. Keeping an owner stamps nothing."""
        lengths = {n: beats or rule.rule.respond_within for n, rule in enumerate(table.rules)}
        stamping = [n for n, length in lengths.items() if length is not None]
        is_owned = (pl.col("number") >= 0) | (pl.col("number") <= FIRST_QUEUE)
        places = rows_where(found.select(is_owned & pl.col("position").is_in(stamping)).to_series())
        asked = found.select("position", "number", "at")[places]
        cases = asked.unique()
        due = [self._due_of(lengths[position], number, at) for position, number, at in cases.iter_rows()]
        known = cases.with_columns(pl.Series("due_at", due, dtype=INSTANT))
        times = asked.join(known, on=asked.columns, how="left", maintain_order="left", nulls_equal=True)["due_at"]
        nothing = pl.repeat(None, found.height, dtype=INSTANT, eager=True)
        return found.with_columns(nothing.scatter(places, times).alias("due_at"))

    def _due_of(self, length: Duration | None, number: int, at: datetime | None) -> datetime | None:
        assert length is not None, "only of rules that ask for a response"
        return self._due_at(number if number >= 0 else QUEUE, at or self.tick.as_of, length)

    def _due_at(self, number: int, at: datetime, length: Duration) -> datetime | None:
        key = (number, at, length)
        if key not in self._due:
            self._due[key] = self._hours(number).due(at, length)
        return self._due[key]

    def _hours(self, number: int) -> WorkingTime:
        return self.roster.hours[number] if number >= 0 else self.roster.project_hours

    def _as_of(self, height: int) -> pl.Series:
        return pl.select(pl.repeat(self.tick.as_of, height, dtype=INSTANT)).to_series().alias("at")

    # -- for the state ----------------------------------------------------------------------------------------------

    def credits(self) -> pl.DataFrame:
        """The credits for the state after: CREDIT_COLUMNS, by route, rule and rep."""
        return self._turns.after()

    def assignments(self) -> pl.DataFrame:
        """The assignments for the state after: ASSIGNMENT_COLUMNS, by rep and day."""
        return self.loads.after()

    # -- for those who ask why --------------------------------------------------------------------------------------

    def passed_over(self, why: int | None) -> tuple[Passed, ...]:
        """The rules that were passed over, each with its reps and why each of them was not eligible."""
        return self.reasons.known[why or 0]


def _as_frame(rows: pl.Series, kinds: pl.Series, dealt: Dealt) -> pl.DataFrame:
    """lead_row, kind, number of the owner, position of the rule, why; in the order in which leads were taken."""
    columns = {"number": dealt.owners, "position": dealt.rules, "why": dealt.whys}
    schema = {"number": pl.Int32(), "position": pl.Int32(), "why": pl.UInt32()}
    frame = pl.DataFrame(columns, schema=schema).with_columns(pl.col("why").replace(0, None))
    return frame.insert_column(0, kinds.alias("kind")).insert_column(0, rows.alias("lead_row"))


def _kinds_with(rule: int, kinds: Mapping[int, Kind]) -> list[int]:
    return [number for number, kind in kinds.items() if any(n == rule for n, _ in kind.rules)]
