"""How things stand when routing begins: who owns which lead, what is open, whose accounts are whose.

In: a tick and its roster. Out: owners before the run, of leads that are absent too, the open leads of each rep, and the
accounts of `match account`, which are told of every lead that changes hands. Deals nothing.
"""

from __future__ import annotations

from functools import cached_property

import polars as pl

from leadrules.core.types import TEXT
from leadrules.lifecycle.lead_columns import LeadColumns, blank
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, Tick
from leadrules.lifecycle.routes.accounts import Accounts
from leadrules.lifecycle.routes.candidates import RouteTable, RuleTable
from leadrules.lifecycle.routes.dealing import FIRST_QUEUE
from leadrules.lifecycle.routes.eligibility import Loads, Roster, open_counts
from leadrules.ruleset.model import Expr


class Standing:
    """The leads as they stood, per field that routes fill (None: the owner)."""

    def __init__(self, tick: Tick, roster: Roster, loads: Loads) -> None:
        self.tick, self.roster, self.loads = tick, roster, loads
        self.moves: dict[str | None, list[tuple[list[int], list[int]]]] = {}
        self._fills = {route.name: route.sets for route in tick.ruleset.routes}
        self._accounts: dict[tuple[str, str], Accounts] = {}
        self._owners: dict[str | None, pl.Series] = {}
        self._held: dict[str | None, pl.Series] = {}

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
        known = whole(self.tick.state.leads)
        if known["key"].equals(self.tick.leads["key"].head(known.height)):
            return pl.DataFrame(schema=dict(known.schema))
        keys = known.select("key").with_row_index("at")
        gone = keys.join(self.tick.leads.select("key"), on="key", how="anti", maintain_order="left")["at"]
        return known.at(gone, known.schema)

    def before(self, field: str | None) -> pl.Series:
        """Each lead's owner, or what a field holds, before this run."""
        if field not in self._owners:
            if field is None:
                self._owners[field] = self.tick.leads["owner"]
            else:
                self._owners[field] = self.tick.facts.values({field: Expr("field", TEXT, value=field)})[field]
        return self._owners[field]

    def reps_before(self, field: str | None) -> pl.Series:
        """The active rep who had each lead before this run, by number."""
        if field not in self._held:
            self._held[field] = self.roster.active_series(self.before(field))
        return self._held[field]

    def _absent_owners(self, field: str | None) -> pl.Series:
        if field is None:
            return self._absent["owner"]
        known = [self._absent[name] for name in (f"set:{field}", f"held:{field}") if name in self._absent.columns]
        return pl.select(pl.coalesce(*known, _blank_text(self._absent.height))).to_series().replace("", None)

    def open_of(self, field: str | None) -> list[int]:
        """How many open leads each rep owns, absent ones included."""
        if field not in self.loads.open:
            here = self.reps_before(field)
            gone = self.roster.active_series(self._absent_owners(field))
            count = len(self.roster.reps)
            both = zip(
                open_counts(here, self.is_open, count),
                open_counts(gone, _absent_open(self._absent), count),
                strict=True,
            )
            self.loads.open[field] = [now + away for now, away in both]
        return self.loads.open[field]

    def accounts_of(self, table: RouteTable, rule: RuleTable) -> Accounts:
        """The accounts that a rule matches."""
        key = (table.route.name, rule.rule.name)
        if key not in self._accounts:
            field = table.route.sets
            leads = self.tick.leads
            own = pl.DataFrame([leads.whole(_since(field), INSTANT), leads["created"], leads["key"]])
            here = _owned(own, rule.account, self.reps_before(field), field)
            column = f"account:{key[0]}.{key[1]}"
            known = self._absent[column] if column in self._absent.columns else _blank_text(self._absent.height)
            gone = _owned(self._absent, known, self.roster.active_series(self._absent_owners(field)), field)
            gone = gone.with_columns(lead=-1 - pl.col("lead"))
            self._accounts[key] = Accounts(rule.account, here, gone)
            for rows, owners in self.moves.get(field, ()):
                self._tell(self._accounts[key], rows, owners)
        return self._accounts[key]

    def remember(self, field: str | None, rows: list[int], owners: list[int], besides: str | None = None) -> None:
        """Leads that changed hands, for the rules that look at accounts of the same field; the route `besides` knows."""
        self.moves.setdefault(field, []).append((rows, owners))
        for (route, _), accounts in self._accounts.items():
            if self._fills[route] == field and route != besides:
                self._tell(accounts, rows, owners)

    @staticmethod
    def _tell(accounts: Accounts, rows: list[int], owners: list[int]) -> None:
        moved = [(row, owner) for row, owner in zip(rows, owners, strict=True) if owner >= 0 or owner <= FIRST_QUEUE]
        if moved:
            some, reps = zip(*moved, strict=True)
            accounts.dealt(some, accounts.accounts.gather(list(some)).to_list(), reps)


def whole(leads: LeadColumns) -> LeadColumns:
    """The leads with every column that the state may have of them; what it has not is blank."""
    missing = {name: kind for name, kind in LEAD_COLUMNS.items() if name not in leads}
    return leads.with_columns(blank(name, kind, leads.height) for name, kind in missing.items())


def _owned(leads: pl.DataFrame, accounts: pl.Series, reps: pl.Series, field: str | None) -> pl.DataFrame:
    """Leads as `Accounts` takes them; when an owner was assigned is known to the state, else it is when it was created."""
    at = pl.coalesce(_since(field), "created") if _since(field) in leads.columns else pl.col("created")
    columns = leads.select(at.alias("at"), "created", "key").with_row_index("lead").cast({"lead": pl.Int64})
    return columns.with_columns(accounts.alias("account"), reps.alias("rep"))


def _since(field: str | None) -> str:
    """The column of when a lead's owner, or what a field holds, was assigned."""
    return "assigned_at" if field is None else f"at:{field}"


def _absent_open(absent: pl.DataFrame) -> pl.Series:
    return absent["open"].fill_null(value=True)


def _blank_text(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)
