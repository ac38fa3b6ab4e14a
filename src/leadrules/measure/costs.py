"""What each lead cost to get: its campaigns' costs, else that of its source, else that of any lead; and what is not known.

In: the material with its settings. Out: columns per lead, and the gaps in words. Knows neither work nor deals.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from leadrules.core.functions.columnar import fold_series
from leadrules.core.text import nearest
from leadrules.measure.figures import words_of
from leadrules.measure.material import ROW, Material
from leadrules.measure.model import Missing

SOURCES_SAID = 5


def cost_per_lead(material: Material) -> pl.Series:
    """What each lead costs that no campaign paid for: as its source, else as any lead."""
    settings = material.settings
    flat = pl.Series([settings.cost_per_lead], dtype=pl.Float64).new_from_index(0, material.height)
    if not settings.cost_per_lead_by_source or settings.source is None or settings.source not in material.leads.columns:
        return flat
    folded = fold_series(pl.Series(settings.cost_per_lead_by_source.keys())).to_list()
    costs = dict(zip(folded, settings.cost_per_lead_by_source.values(), strict=True))
    own = fold_series(material.group(settings.source)).replace_strict(costs, default=None, return_dtype=pl.Float64)
    return own.zip_with(own.is_not_null(), flat)


def campaign_costs(material: Material) -> pl.DataFrame:
    """A campaign's cost is shared evenly by its leads: lead_row, cost."""
    if material.campaigns is None:
        return pl.DataFrame(schema={ROW: pl.UInt32, "cost": pl.Float64})
    members = material.in_campaigns.select(ROW, "campaign").join(
        material.campaigns.select("campaign", "cost"), on="campaign"
    )
    members = members.filter(pl.col("cost").is_not_null()).with_columns(pl.col("cost") / pl.len().over("campaign"))
    return members.group_by(ROW).agg(pl.col("cost").sum())


def cost_gaps(material: Material, uncosted: pl.Series) -> list[Missing]:
    """What is not known of costs: leads that nothing says the cost of, and costs of sources that no lead has."""
    settings, name = material.settings, material.settings.source
    stated = settings.cost_per_lead_by_source
    sources = material.group(name) if name is not None and name in material.leads.columns else None
    gaps = [] if sources is None else [_nobodys(one, name, sources) for one in _unused(stated, sources)]
    count = int(uncosted.sum())
    if not count:
        return gaps
    why = "no campaign with a cost brought them"
    if stated and sources is not None:
        why += f", and `cost_per_lead_by_source` does not name their source: {_counted(sources.filter(uncosted == 1))}"
    way_out = "they count as 0 until leadrules.yaml says what they cost: report: {cost_per_lead_by_source: {SOURCE: 30}}, or {cost_per_lead: 2} for all others"
    return [Missing(f"Cost of {count:,} of {material.height:,} leads", why, way_out), *gaps]


def _unused(stated: Mapping[str, float], sources: pl.Series) -> list[str]:
    used = set(fold_series(sources.unique()).to_list())
    return [
        one
        for one, folded in zip(stated, fold_series(pl.Series(list(stated), dtype=pl.String)), strict=True)
        if folded not in used
    ]


def _nobodys(one: str, field: str | None, sources: pl.Series) -> Missing:
    meant = nearest(one, sources.unique().sort().to_list())
    way_out = f"did you mean `{meant}`?" if meant else f"write it as `{field}` does, or take it out"
    return Missing(f"Cost of the source `{one}`", f"no lead has it as its `{field}`", way_out)


def _counted(sources: pl.Series) -> str:
    """`Web (1,652), Organic Search (883) and 3 more sources`."""
    counts = sources.alias("source").value_counts().sort(["count", "source"], descending=[True, False])
    said = [f"{source} ({count:,})" for source, count in counts.head(SOURCES_SAID).iter_rows()]
    rest = counts.height - len(said)
    return words_of([*said, *([f"{rest} more source{'' if rest == 1 else 's'}"] if rest else [])])
