"""The page of a replay: who would have had how much to do, in a table and a chart.

In: the work per day, rep and channel. Out: one HTML page without any file beside it. Works no actions out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from leadrules.show.chart import Bars, stacked
from leadrules.show.tables import Section, as_html

NOBODY = "(no owner)"
SAID = "Fields are as they are in the input today: no export says what they were."


def workload_page(
    title: str, work: pl.DataFrame, channels: Sequence[str], notes: Sequence[str], roster: Sequence[str] = ()
) -> str:
    """The page. `channels` give the order of the series, `roster` that of the reps; others follow by name."""
    if work.is_empty():
        return as_html(title, [Section("Workload", notes=("No rule asked anybody to do anything.", *notes))])
    used = [name for name in channels if (work["channel"] == name).any()]
    work = work.with_columns(pl.col("rep").fill_null(NOBODY))
    reps = sorted(work["rep"].unique(), key=lambda rep: _place(rep, roster))
    chart = stacked(_bars(work, used, reps), _days(work), used)
    columns = ("rep", *used, "of these by itself", "busiest day", "actions on it")
    return as_html(
        title,
        [
            Section("Actions per rep", columns, tuple(_totals(work, used, reps)), tuple(notes)),
            Section("Actions per rep and day", figure=chart),
        ],
    )


def _days(work: pl.DataFrame) -> list[date]:
    first, last = work["day"].min(), work["day"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def _place(rep: str, roster: Sequence[str]) -> tuple[int, str]:
    return (roster.index(rep) if rep in roster else len(roster)), rep


def _bars(work: pl.DataFrame, channels: Sequence[str], reps: Sequence[str]) -> list[Bars]:
    found: dict[str, dict[str, dict[date, int]]] = {}
    for day, rep, channel, actions, _ in work.iter_rows():
        found.setdefault(rep, {}).setdefault(channel, {})[day] = actions
    return [Bars(rep, {name: found[rep].get(name, {}) for name in channels}) for rep in reps]


def _totals(work: pl.DataFrame, channels: Sequence[str], reps: Sequence[str]) -> list[tuple[str | int, ...]]:
    rows: list[tuple[str | int, ...]] = []
    for rep in reps:
        part = work.filter(pl.col("rep") == rep)
        sums = [int(part.filter(pl.col("channel") == name)["actions"].sum()) for name in channels]
        busiest, most = (
            part.group_by("day").agg(pl.col("actions").sum()).sort("actions", "day", descending=[True, False]).row(0)
        )
        rows.append((rep, *sums, int(part["auto"].sum()), busiest.isoformat(), most))
    return rows
