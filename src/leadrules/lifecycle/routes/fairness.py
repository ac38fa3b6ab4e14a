"""Who got how much, beside what each could expect: in all, and within each label of a band.

In: a router after its run. Out: a table per rule and rep. Equal numbers of leads are not yet fair where one rep gets the
hot ones. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from leadrules.lifecycle.routes.candidates import RouteTable, RuleTable
from leadrules.lifecycle.routes.routing import Batch, Router

FAIRNESS = {
    "route": pl.String(),
    "rule": pl.String(),
    "label": pl.String(),
    "rep": pl.String(),
    "leads": pl.Int64(),
    "actual": pl.Float64(),
    "expected": pl.Float64(),
}
_AT = ["route", "rule", "label"]


def fairness(router: Router, band: str | None = None) -> pl.DataFrame:
    """Per team rule, label of `band` (blank without one) and rep: leads, and the actual and the expected share of them.

    What is expected follows the weights of the reps who were eligible for each lead but for capacity; under
    `least_loaded` it follows `capacity.open`.
    """
    rows = [row for batch in router.batches for row in _counted(router, batch, band)]
    counted = pl.DataFrame(
        rows,
        schema={**dict.fromkeys(_AT, pl.String), "rep": pl.String, "got": pl.Int64, "due": pl.Float64},
        orient="row",
    )
    summed = counted.group_by([*_AT, "rep"]).agg(pl.col("got").sum(), pl.col("due").sum())
    total = pl.col("got").sum().over(_AT)
    shares = summed.with_columns(leads="got", actual=pl.col("got") / total, expected=pl.col("due") / total)
    return shares.select(list(FAIRNESS)).sort([*_AT, "rep"], nulls_last=True)


def _counted(router: Router, batch: Batch, band: str | None) -> Iterator[tuple[str, str, str | None, str, int, float]]:
    labels = (
        pl.lit(None, dtype=pl.String) if band is None else router.tick.facts.frame[band].gather(batch.frame["lead_row"])
    )
    frame = batch.frame.with_columns(label=labels)
    teams = [n for n, rule in enumerate(batch.table.rules) if rule.kind == "team"]
    dealt = frame.filter(pl.col("position").is_in(teams)).group_by("position", "label", "kind", "number").len()
    keys = [rep.key for rep in router.roster.reps]
    for position, label, kind, rep, count in dealt.iter_rows():
        at = (batch.table.route.name, batch.table.rules[position].rule.name, label)
        yield *at, keys[rep], count, 0.0
        target = dict(batch.kinds[kind].rules)[position]
        for other, share in _shares(router, batch.table, position, target).items():
            yield *at, keys[other], 0, count * share


def _shares(router: Router, table: RouteTable, position: int, target: int) -> Mapping[int, float]:
    rule = table.rules[position]
    weights = {rep: _weight(router, rule, rep) for rep in rule.crews[target].eligible}
    total = sum(weights.values())
    return {rep: weight / total for rep, weight in weights.items()} if total else {}


def _weight(router: Router, rule: RuleTable, rep: int) -> float:
    if rule.rule.target.strategy == "least_loaded":
        return router.roster.reps[rep].capacity.open or 0
    return rule.weights[rep]
