"""Whose turn it is, per rule: credits from the state, and for the state.

In: the credits that earlier runs left, a roster. Out: the pools from which rules pick, and the credits after. Picks nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from leadrules.lifecycle.model import CREDIT_COLUMNS
from leadrules.lifecycle.routes.candidates import RouteTable, RuleTable
from leadrules.lifecycle.routes.credits import Pool
from leadrules.lifecycle.routes.eligibility import Roster


class Turns:
    """The credits of every rule that deals in turn."""

    def __init__(self, before: pl.DataFrame, roster: Roster) -> None:
        self._before, self._roster = before, roster
        self._pools: dict[str, dict[int, Pool]] = {}
        self._names: dict[str, list[str]] = {}

    def pools_of(self, table: RouteTable) -> dict[int, Pool]:
        """The credits of the rules of a route that deal in turn, by the rules' positions."""
        name = table.route.name
        if name not in self._pools:
            rules = {n: rule for n, rule in enumerate(table.rules) if _takes_turns(rule)}
            self._names[name] = [rule.rule.name for rule in table.rules]
            self._pools[name] = {n: self._pool(name, rule) for n, rule in rules.items()}
        return self._pools[name]

    def _pool(self, route: str, rule: RuleTable) -> Pool:
        kept = self._before.filter(pl.col("route") == route, pl.col("rule") == rule.rule.name)
        credit, served = [0] * len(self._roster.reps), [0] * len(self._roster.reps)
        for rep, points, turn in kept.select("rep", "credit", "served").iter_rows():
            number = self._roster.number(rep)
            if number >= 0:
                credit[number], served[number] = points, turn
        return Pool(rule.weights, credit, served)

    def after(self) -> pl.DataFrame:
        """The credits for the state after: CREDIT_COLUMNS, by route, rule and rep.

        `served` is the rank of the last time a rep was served among those of its rule. What this run did not touch
        stays, also of reps who left the roster.
        """
        fresh = [
            row for name, pools in self._pools.items() for n, pool in pools.items() for row in self._kept(name, n, pool)
        ]
        after = pl.DataFrame(fresh, schema=dict(CREDIT_COLUMNS), orient="row")
        before = self._before.select(list(CREDIT_COLUMNS))
        both = pl.concat([before.join(after, on=["route", "rule", "rep"], how="anti"), after], how="vertical_relaxed")
        return both.sort("route", "rule", "rep")

    def _kept(self, route: str, n: int, pool: Pool) -> list[tuple[str, str, str, int, int]]:
        rule = self._names[route][n]
        rows = zip(self._roster.reps, pool.credit, pool.recency(), strict=True)
        return [(route, rule, rep.key, credit, served) for rep, credit, served in rows if credit or served]


def _takes_turns(rule: RuleTable) -> bool:
    return rule.kind == "team" and rule.rule.target.strategy != "least_loaded"


def serve(pools: Mapping[int, Pool], before: Mapping[int, list[int]], dealt: pl.DataFrame) -> None:
    """Who was served last, by the order of the leads: sets of reps that take turns apart do not see each other's."""
    served = dealt.with_row_index("at", offset=1).filter(pl.col("position").is_in(list(pools)))
    turns = {n: max(turn, default=0) for n, turn in before.items()}
    for n, pool in pools.items():
        pool.served = before[n]
    for n, rep, at in served.group_by("position", "number").agg(pl.col("at").max()).iter_rows():
        pools[n].served[rep] = turns[n] + at
    for pool in pools.values():
        pool.turn = max(pool.served, default=0)
