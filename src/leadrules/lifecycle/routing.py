"""Routing: who gets which lead, in one run.

In: a tick, and the leads that triggers hand over or that the routes look at by themselves. Out: frames of owners with their
rules, due times and what was passed over; and the credits, assignments and accounts for the state. The loads of the reps
move through all calls of a run. Knows no trigger, no file and no slot: what it deals counts as done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from leadrules.core.text import fold
from leadrules.core.types import TEXT
from leadrules.lifecycle.accounts import Accounts
from leadrules.lifecycle.candidates import Kind, RouteTable, RuleTable
from leadrules.lifecycle.credits import Pool
from leadrules.lifecycle.dealing import FIRST_QUEUE, KEPT, Considered, Dealer, Dealt, Line, Passed, Reasons
from leadrules.lifecycle.eligibility import (
    BLANK,
    QUEUE,
    QUEUE_PREFIX,
    Loads,
    open_counts,
    roster_at,
)
from leadrules.lifecycle.hours import WorkingTime
from leadrules.lifecycle.model import CREDIT_COLUMNS, INSTANT, Tick
from leadrules.ruleset.model import Duration, Expr

BY_TRIGGER = "trigger"

# What a route made of leads: a blank rule where none had anybody, a `due_at` where the deal stamps one, `why` the number
# of what was passed over (`Router.passed_over`), null for nothing.
DEALT = {
    "lead_row": pl.UInt32(),
    "rule": pl.String(),
    "owner": pl.String(),
    "due_at": INSTANT,
    "why": pl.UInt32(),
}


@dataclass(frozen=True, slots=True)
class Holding:
    """What a route fills, as it stands: the values before the run, now, and the leads on which somebody else had a say."""

    now: pl.Series
    given: pl.Series


class Router:
    """The routes of one run. `watched` are the leads of which `considered` will tell every rep that was looked at."""

    def __init__(self, tick: Tick, watched: Iterable[int] = ()) -> None:
        self.tick = tick
        self.roster = roster_at(tick.project.team, tick.calendar, tick.as_of)
        self._today = tick.calendar.day_of(tick.as_of)
        self.loads = Loads(self.roster, tick.state.assignments, self._today)
        self.reasons = Reasons()
        self.considered: dict[tuple[str, int], list[Considered]] = {}
        self.dealt: list[tuple[str, pl.DataFrame]] = []
        self._watched = frozenset(watched)
        self._tables: dict[str, RouteTable] = {}
        self._pools: dict[str, dict[int, Pool]] = {}
        self._accounts: dict[tuple[str, str], Accounts] = {}
        self._owners: dict[str | None, pl.Series] = {}
        self._moves: dict[str | None, list[tuple[list[int], list[int]]]] = {}
        self._due: dict[tuple[int, datetime, Duration], datetime | None] = {}

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
        now = self._before(table.route.sets)
        found = self._deal(table, lead_rows, now, lasting=True, exclude=exclude_past_owners)
        since = pl.DataFrame({"lead_row": lead_rows, "at": at if at is not None else self._as_of(len(lead_rows))})
        found = found.join(since.cast({"lead_row": pl.UInt32}), on="lead_row", maintain_order="left", how="left")
        found = self._with_due(table, found, respond_within)
        asked = lead_rows.cast(pl.UInt32).alias("lead_row").to_frame()
        return asked.join(found, on="lead_row", how="left", maintain_order="left").select(list(DEALT))

    def respond_by(self, owners: pl.Series, at: pl.Series, length: Duration) -> pl.Series:
        """The instant by which each owner is to answer, in the owner's working hours; blank without an owner."""
        numbers = self._numbers(owners)
        pairs = zip(numbers.to_list(), at.to_list(), strict=True)
        due = [None if n == BLANK or when is None else self._due_at(n, when, length) for n, when in pairs]
        return pl.Series("due_at", due, dtype=INSTANT)

    def record(self, lead_rows: pl.Series, owners: pl.Series) -> None:
        """Owners that were given without a route: they count against capacities, and `match account` finds them."""
        before = self._before(None).gather(lead_rows)
        numbers = self.roster.active_series(owners).to_list()
        held = self.roster.active_series(before)
        is_open = self.is_open.gather(lead_rows).to_list()
        rows = lead_rows.to_list()
        for owner, previous, counts in zip(numbers, held.to_list(), is_open, strict=True):
            self._move(owner, previous, counts)
        self._remember_moves(None, rows, [owner if owner >= 0 else FIRST_QUEUE for owner in numbers])

    def _move(self, owner: int, before: int, counts: bool) -> None:
        if owner == before:
            return
        owned = self._open_of(None)
        if before >= 0:
            owned[before] -= counts
        if owner >= 0:
            self.loads.give(owner)
            owned[owner] += counts

    # -- for the run ------------------------------------------------------------------------------------------------

    def always_on(
        self,
        owner_now: pl.Series,
        given_by_trigger: pl.Series,
        fields: Mapping[str, Holding] | None = None,
    ) -> dict[str, pl.DataFrame]:
        """What the routes that are not on demand make of the leads they look at: DEALT per route, in lead order.

        `owner_now` is each lead's owner after triggers, `given_by_trigger` says who got one in this run; `fields` says
        the same for fields that routes set, where a trigger or an `on finish` had set one.
        """
        self._catch_up(owner_now, given_by_trigger)
        found = {}
        for route in self.tick.ruleset.routes:
            if route.on_demand:
                continue
            if route.sets is None:
                holding = Holding(owner_now, given_by_trigger | self._queued_by_trigger(owner_now))
            else:
                holding = (fields or {}).get(route.sets) or self._untouched(route.sets)
            found[route.name] = self._look(self._table(route.name), holding)
        return found

    def _catch_up(self, owner_now: pl.Series, given: pl.Series) -> None:
        """Count the owners that triggers gave without a route, where nobody has told of them."""
        known = {row for rows, _ in self._moves.get(None, ()) for row in rows}
        rows = [row for row in given.fill_null(value=False).arg_true().to_list() if row not in known]
        if rows:
            self.record(pl.Series(rows, dtype=pl.UInt32), owner_now.gather(rows))

    def _look(self, table: RouteTable, holding: Holding) -> pl.DataFrame:
        """The leads that a route looks at, dealt."""
        numbers = self.roster.active_series(holding.now)
        looks = numbers < 0
        if table.reroutes is not None:
            looks |= table.reroutes
        rows = (looks & ~holding.given.fill_null(value=False)).arg_true()
        found = self._deal(table, rows, holding.now, lasting=False)
        found = self._with_due(table, found.with_columns(self._as_of(found.height).alias("at")), None)
        found = found.with_columns(self._calm(table, found, holding.now).alias("due_at"))
        return found.select(list(DEALT)).sort("lead_row")

    def _calm(self, table: RouteTable, found: pl.DataFrame, now: pl.Series) -> pl.Series:
        """`due_at`, but for leads that wait with the same owner for the response that this route asked for before."""
        leads = self.tick.leads[found["lead_row"]]
        if table.route.sets is not None or "due_route" not in leads.columns:
            return found["due_at"]
        same = self._folded(found["owner"]).eq_missing(self._folded(now.gather(found["lead_row"])))
        waits = same & leads["due_at"].is_not_null() & leads["due_route"].eq_missing(table.route.name)
        return found["due_at"].zip_with(~waits, found["due_at"].clear(found.height))

    def _queued_by_trigger(self, owner_now: pl.Series) -> pl.Series:
        """Leads that a trigger or an `on finish` of an earlier run gave to a queue, where they still are."""
        leads = self.tick.leads
        if "owner_by" not in leads.columns:
            return pl.select(pl.repeat(value=False, n=leads.height)).to_series()
        in_queue = self._folded(owner_now).str.starts_with(QUEUE_PREFIX).fill_null(value=False)
        same = self._folded(owner_now).eq_missing(self._folded(leads["owner"]))
        return in_queue & same & leads["owner_by"].eq_missing(BY_TRIGGER)

    def _untouched(self, field: str) -> Holding:
        nobody = pl.select(pl.repeat(value=False, n=self.tick.leads.height)).to_series()
        return Holding(self._before(field), nobody)

    # -- dealing ----------------------------------------------------------------------------------------------------

    def _deal(
        self, table: RouteTable, rows: pl.Series, now: pl.Series, *, lasting: bool, exclude: bool = False
    ) -> pl.DataFrame:
        """lead_row, rule, owner, why and the number of rule and owner, in the order in which the leads were taken."""
        rows = self._in_order(table, rows.cast(pl.UInt32))
        numbers, kinds = table.kinds(rows)
        line = self._line(table, rows, numbers, kinds, lasting=lasting, exclude=exclude)
        pools = self._pools_of(table)
        served = {n: list(pool.served) for n, pool in pools.items()}
        self._open_of(table.route.sets)
        dealer = Dealer(
            table.rules,
            pools=pools,
            roster=self.roster,
            loads=self.loads,
            filled=table.route.sets,
            reasons=self.reasons,
        )
        dealt = dealer.deal(line)
        _serve(pools, served, dealt)
        moved = [KEPT if owner == before else owner for owner, before in zip(dealt.owners, line.owners, strict=True)]
        self._remember_moves(table.route.sets, line.rows, moved, besides=table)
        self.considered |= {(table.route.name, row): found for row, found in dealer.considered.items()}
        frame = self._frame(table, rows, dealt, now)
        self.dealt.append((table.route.name, frame.with_columns(numbers.alias("kind"))))
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
        accounts = {n: self._accounts_of(table, rule) for n, rule in matching}
        return Line(
            rows.to_list(),
            numbers.to_list(),
            kinds,
            self.roster.active_series(self._before(filled).gather(rows)).to_list(),
            self.is_open.gather(rows).to_list(),
            {n: (one, one.asked(rows, lasting=lasting)) for n, one in accounts.items()},
            self._past_owners(rows) if exclude else (),
            self._watched,
        )

    def _past_owners(self, rows: pl.Series) -> list[frozenset[int]]:
        leads = self.tick.leads[rows]
        past = leads["past_owners"].to_list() if "past_owners" in leads.columns else [None] * leads.height
        pairs = zip(leads["owner"].to_list(), past, strict=True)
        everyone = ({self.roster.number(one) for one in (owner, *(before or ()))} for owner, before in pairs)
        return [frozenset(number for number in numbers if number >= 0) for numbers in everyone]

    def _frame(self, table: RouteTable, rows: pl.Series, dealt: Dealt, now: pl.Series) -> pl.DataFrame:
        names = [rule.rule.name for rule in table.rules]
        numbers = pl.DataFrame(
            {"number": dealt.owners, "position": dealt.rules, "why": dealt.whys},
            schema={"number": pl.Int32(), "position": pl.Int32(), "why": pl.UInt32()},
        )
        kept = now.cast(pl.String).gather(rows).zip_with(numbers["number"] == KEPT, _blank_text(len(rows)))
        queues = [f"{QUEUE_PREFIX}{name}" for name in self.roster.team.queues]
        reps = [rep.key for rep in self.roster.reps]
        codes = [*range(len(reps)), *(FIRST_QUEUE - n for n in range(len(queues)))]
        owners = numbers["number"].replace_strict(codes, [*reps, *queues], default=None, return_dtype=pl.String)
        rules = numbers["position"].replace_strict(range(len(names)), names, default=None, return_dtype=pl.String)
        why = numbers["why"].replace(0, None)
        return pl.DataFrame(
            [
                rows.alias("lead_row"),
                rules.alias("rule"),
                owners.zip_with(owners.is_not_null(), kept).alias("owner"),
                why.alias("why"),
                numbers["number"],
                numbers["position"],
            ]
        )

    def _in_order(self, table: RouteTable, rows: pl.Series) -> pl.Series:
        """The rows in the order in which the route takes them; what has no value to be ordered by comes last."""
        place = self._places.gather(rows)
        if table.order_by is None:
            return rows.gather(place.arg_sort())
        frame = pl.DataFrame([rows.alias("row"), table.order_by.gather(rows).alias("by"), place.alias("place")])
        ways = [table.route.descending, False]
        return frame.sort("by", "place", descending=ways, nulls_last=True)["row"]

    @cached_property
    def _places(self) -> pl.Series:
        """Each lead's place by (created, key); a blank created comes last, keys compare by code points."""
        leads = self.tick.leads
        # Keys of a million leads are slow to sort, and only those of one moment need it.
        ties = leads["created"].is_duplicated()
        keys = leads["key"].zip_with(ties, _blank_text(leads.height))
        frame = pl.DataFrame([leads["created"].alias("created"), keys.alias("key")]).with_row_index("row")
        order = frame.sort("created", "key", nulls_last=True)["row"]
        return pl.Series(range(leads.height), dtype=pl.UInt32).gather(order.arg_sort()) if leads.height else order

    def _table(self, name: str) -> RouteTable:
        if name not in self._tables:
            route = next(route for route in self.tick.ruleset.routes if route.name == name)
            self._tables[name] = RouteTable(self.tick, route, self.roster)
        return self._tables[name]

    # -- owners and loads -------------------------------------------------------------------------------------------

    @cached_property
    def is_open(self) -> pl.Series:
        """Whether each lead counts against the capacity of its owner: the state keeps it for when the lead is absent."""
        condition = self.tick.ruleset.open_leads
        if condition is None:
            return pl.select(pl.repeat(value=True, n=self.tick.leads.height)).to_series().alias("open")
        return self.tick.facts.values({"open": condition})["open"].fill_null(value=False)

    @cached_property
    def _absent(self) -> pl.DataFrame:
        """The leads of the state that are not in the input."""
        return self.tick.state.leads.join(self.tick.leads.select("key"), on="key", how="anti")

    def _before(self, field: str | None) -> pl.Series:
        """Each lead's owner, or what a field holds, before this run."""
        if field not in self._owners:
            if field is None:
                self._owners[field] = self.tick.leads["owner"]
            else:
                self._owners[field] = self.tick.facts.values({field: Expr("field", TEXT, value=field)})[field]
        return self._owners[field]

    def _absent_owners(self, field: str | None) -> pl.Series:
        if field is None:
            return self._absent["owner"]
        if f"set:{field}" not in self._absent.columns:
            return _blank_text(self._absent.height)
        return self._absent[f"set:{field}"].replace("", None)

    def _open_of(self, field: str | None) -> list[int]:
        """How many open leads each rep owns, absent ones included."""
        if field not in self.loads.open:
            here = self.roster.active_series(self._before(field))
            gone = self.roster.active_series(self._absent_owners(field))
            count = len(self.roster.reps)
            both = zip(
                open_counts(here, self.is_open, count),
                open_counts(gone, _absent_open(self._absent), count),
                strict=True,
            )
            self.loads.open[field] = [now + away for now, away in both]
        return self.loads.open[field]

    def _numbers(self, owners: pl.Series) -> pl.Series:
        known = owners.unique().drop_nulls().to_list()
        codes = [self.roster.number(owner) for owner in known]
        return owners.replace_strict(known, codes, default=None, return_dtype=pl.Int32).fill_null(BLANK)

    @staticmethod
    def _folded(owners: pl.Series) -> pl.Series:
        known = owners.cast(pl.String).unique().drop_nulls().to_list()
        texts = [fold(owner) for owner in known]
        return owners.cast(pl.String).replace_strict(known, texts, default=None, return_dtype=pl.String)

    # -- accounts ---------------------------------------------------------------------------------------------------

    def _accounts_of(self, table: RouteTable, rule: RuleTable) -> Accounts:
        key = (table.route.name, rule.rule.name)
        if key not in self._accounts:
            field = table.route.sets
            leads = self.tick.leads
            here = _owned(leads, rule.account, self.roster.active_series(self._before(field)), field)
            column = f"account:{key[0]}.{key[1]}"
            known = self._absent[column] if column in self._absent.columns else _blank_text(self._absent.height)
            gone = _owned(self._absent, known, self.roster.active_series(self._absent_owners(field)), field)
            gone = gone.with_columns(-1 - pl.col("lead"))
            self._accounts[key] = Accounts(rule.account, here, gone)
            for rows, owners in self._moves.get(field, ()):
                self._tell(self._accounts[key], rows, owners)
        return self._accounts[key]

    def _remember_moves(
        self, field: str | None, rows: list[int], owners: list[int], besides: RouteTable | None = None
    ) -> None:
        """Leads that changed hands, for the rules that look at accounts of the same field; the route itself knows."""
        self._moves.setdefault(field, []).append((rows, owners))
        for (route, _), accounts in self._accounts.items():
            if self._table(route).route.sets == field and self._table(route) is not besides:
                self._tell(accounts, rows, owners)

    @staticmethod
    def _tell(accounts: Accounts, rows: list[int], owners: list[int]) -> None:
        moved = [(row, owner) for row, owner in zip(rows, owners, strict=True) if owner >= 0 or owner <= FIRST_QUEUE]
        if moved:
            some, reps = zip(*moved, strict=True)
            accounts.dealt(some, accounts.accounts.gather(list(some)).to_list(), reps)

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
        cases = found.select("position", "number", "at").unique()
        due = [self._due_of(lengths.get(position), number, at) for position, number, at in cases.iter_rows()]
        known = cases.with_columns(pl.Series("due_at", due, dtype=INSTANT))
        on = ["position", "number", "at"]
        return found.join(known, on=on, how="left", maintain_order="left", nulls_equal=True)

    def _due_of(self, length: Duration | None, number: int, at: datetime | None) -> datetime | None:
        if length is None or FIRST_QUEUE < number < 0:
            return None
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

    # -- credits ----------------------------------------------------------------------------------------------------

    def _pools_of(self, table: RouteTable) -> dict[int, Pool]:
        """The credits of the rules of a route that deal in turn, by the rules' positions."""
        name = table.route.name
        if name not in self._pools:
            rules = {n: rule for n, rule in enumerate(table.rules) if _takes_turns(rule)}
            self._pools[name] = {n: self._pool(name, rule) for n, rule in rules.items()}
        return self._pools[name]

    def _pool(self, route: str, rule: RuleTable) -> Pool:
        kept = self.tick.state.credits.filter(pl.col("route") == route, pl.col("rule") == rule.rule.name)
        credit, served = [0] * len(self.roster.reps), [0] * len(self.roster.reps)
        for rep, points, turn in kept.select("rep", "credit", "served").iter_rows():
            number = self.roster.number(rep)
            if number >= 0:
                credit[number], served[number] = points, turn
        return Pool(rule.weights, credit, served)

    def credits(self) -> pl.DataFrame:
        """The credits for the state after: CREDIT_COLUMNS, by route, rule and rep.

        `served` is the rank of the last time a rep was served among those of its rule. What this run did not touch
        stays, also of reps who left the roster.
        """
        fresh = [
            row for name, pools in self._pools.items() for n, pool in pools.items() for row in self._kept(name, n, pool)
        ]
        after = pl.DataFrame(fresh, schema=dict(CREDIT_COLUMNS), orient="row")
        before = self.tick.state.credits.select(list(CREDIT_COLUMNS))
        both = pl.concat([before.join(after, on=["route", "rule", "rep"], how="anti"), after], how="vertical_relaxed")
        return both.sort("route", "rule", "rep")

    def _kept(self, route: str, n: int, pool: Pool) -> list[tuple[str, str, str, int, int]]:
        rule = self._table(route).rules[n].rule.name
        rows = zip(self.roster.reps, pool.credit, pool.recency(), strict=True)
        return [(route, rule, rep.key, credit, served) for rep, credit, served in rows if credit or served]

    def assignments(self) -> pl.DataFrame:
        """The assignments for the state after: ASSIGNMENT_COLUMNS, by rep and day."""
        return self.loads.after()

    # -- for those who ask why --------------------------------------------------------------------------------------

    def passed_over(self, why: int | None) -> tuple[Passed, ...]:
        """The rules that were passed over, each with its reps and why each of them was not eligible."""
        return self.reasons.known[why or 0]


def _takes_turns(rule: RuleTable) -> bool:
    return rule.kind == "team" and rule.rule.target.strategy != "least_loaded"


def _serve(pools: Mapping[int, Pool], before: Mapping[int, list[int]], dealt: Dealt) -> None:
    """Who was served last, by the order of the leads: sets of reps that take turns apart do not see each other's."""
    columns = {"rule": dealt.rules, "rep": dealt.owners}
    frame = pl.DataFrame(columns, schema={"rule": pl.Int32(), "rep": pl.Int32()}).with_row_index("at", offset=1)
    served = frame.filter(pl.col("rule").is_in(list(pools)) & (pl.col("rep") >= 0))
    turns = {n: max(turn, default=0) for n, turn in before.items()}
    for n, pool in pools.items():
        pool.served = before[n]
    for n, rep, at in served.group_by("rule", "rep").agg(pl.col("at").max()).iter_rows():
        pools[n].served[rep] = turns[n] + at
    for pool in pools.values():
        pool.turn = max(pool.served, default=0)


def _owned(leads: pl.DataFrame, accounts: pl.Series, reps: pl.Series, field: str | None) -> pl.DataFrame:
    """Leads as `Accounts` takes them; when an owner was assigned is known to the state, else it is when it was created."""
    is_known = field is None and "assigned_at" in leads.columns
    at = pl.coalesce("assigned_at", "created") if is_known else pl.col("created")
    columns = leads.select(at.alias("at"), "created", "key").with_row_index("lead").cast({"lead": pl.Int64})
    return columns.with_columns(accounts.alias("account"), reps.alias("rep"))


def _absent_open(absent: pl.DataFrame) -> pl.Series:
    if "open" not in absent.columns:
        return pl.select(pl.repeat(value=True, n=absent.height)).to_series()
    return absent["open"].fill_null(value=True)


def _blank_text(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)
