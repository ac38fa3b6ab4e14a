"""Which leads are duplicates of which: leads that share all of some fields, as people read them.

In: the leads with their fields, a created field and the key. Out: per lead the key of the one that is kept, blank for
that one and for leads that are like no other. Knows nothing of rules or of what is done about duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from leadrules.core.functions.columnar import fold_column, fold_set_column


def duplicate_of(
    leads: pl.DataFrame,
    by: Sequence[str],
    keep: str = "oldest",
    created: str | None = None,
    key: str = "@key",
) -> pl.Series:
    """The key of the lead that each is a duplicate of.

    Leads are alike that have the same folded values in all fields of `by`; a blank in any is like nothing. Kept is the
    oldest (or newest) by `created`: a blank one comes after all that have it, ties go by key, the lowest first.
    """
    rows = pl.int_range(leads.height, dtype=pl.UInt32, eager=True).alias("@row")
    values = [_compared(leads, name).alias(f"@by{number}") for number, name in enumerate(by)]
    moment = pl.lit(None, dtype=pl.Date) if created is None else pl.col(created)
    frame = leads.with_columns(rows, *values, moment.alias("@created"), pl.col(key).alias("@kept"))
    names = [f"@by{number}" for number in range(len(by))]
    alike = frame.lazy().select("@row", *names, "@created", "@kept").drop_nulls(names)
    descending = [keep == "newest", False]
    ordered = alike.sort("@created", "@kept", descending=descending, nulls_last=True, maintain_order=True)
    first = ordered.unique(subset=names, keep="first", maintain_order=True).select(
        *names, "@kept", pl.col("@row").alias("@first")
    )
    found = alike.select("@row", *names).join(first, on=names, how="inner").filter(pl.col("@row") != pl.col("@first"))
    pairs = found.select("@row", "@kept").collect()
    nobody = pl.repeat(None, leads.height, dtype=pl.String, eager=True)
    return nobody.scatter(pairs.get_column("@row"), pairs.get_column("@kept")).alias("@duplicate_of")


def _compared(leads: pl.DataFrame, name: str) -> pl.Expr:
    """A field in the form in which it is compared."""
    dtype = leads.schema[name]
    if dtype == pl.String:
        return fold_column(pl.col(name)).replace("", None)
    return fold_set_column(pl.col(name)) if dtype == pl.List(pl.String) else pl.col(name)
