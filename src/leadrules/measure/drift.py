"""Drift: what moved between then and now, in the inputs and in what the rules make of them.

In: two `Snapshot`s, of the leads now and of an older export or of a run's folder. Out: a section: which rules fire more or
less, which labels grew, which fields went blank or changed their values, which events stopped. What is flagged is beyond
chance: the 95% intervals of the two shares are apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from leadrules.core.records import dataclass
from leadrules.measure.figures import wilson, words_of
from leadrules.measure.model import Chart, Column, Missing, Section, Table
from leadrules.measure.snapshots import Counts, Snapshot
from leadrules.show.tables import percent

FEWEST = 5
SMALL_CHANGE = 0.02
PARTS = 10
FLOOR = 1e-4
MOST_FINDINGS = 12
NAMES_SAID = 5

# -- what moved ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """A share then and now; `verdict` is empty where the difference may be chance."""

    of: str
    name: str
    before: int
    before_of: int
    now: int
    now_of: int
    verdict: str

    @property
    def change(self) -> float:
        """Share now - share then."""
        return self.now / max(self.now_of, 1) - self.before / max(self.before_of, 1)


def moves(of: str, before: Mapping[str, int], before_of: int, now: Mapping[str, int], now_of: int) -> list[Move]:
    """Every name of either side, in the order of now, then of then."""
    names = dict.fromkeys([*now, *before])
    return [_move(of, name, (before.get(name, 0), before_of), (now.get(name, 0), now_of)) for name in names]


def _move(of: str, name: str, then: tuple[int, int], now: tuple[int, int]) -> Move:
    return Move(of, name, *then, *now, verdict(*then, *now))


def verdict(before: int, before_of: int, now: int, now_of: int) -> str:
    """`gone`, `new`, `doubled or more`, `halved or less`, `up`, `down`; empty where it may be chance or is next to nothing."""
    if not before_of or not now_of:
        return ""
    was, is_ = before / before_of, now / now_of
    if not now:
        return "gone" if was * now_of >= FEWEST else ""
    if not before:
        return "new" if is_ * before_of >= FEWEST else ""
    first, second = wilson(before, before_of), wilson(now, now_of)
    assert first is not None
    assert second is not None
    if first[0] <= second[1] and second[0] <= first[1]:
        return ""
    if is_ >= 2 * was:
        return "doubled or more"
    if 2 * is_ <= was:
        return "halved or less"
    if abs(is_ - was) < SMALL_CHANGE:
        return ""
    return "up" if is_ > was else "down"


def stability(before: Iterable[float], now: Iterable[float]) -> float:
    """The population stability index of two distributions: sum (now - before) ln(now / before); 0.1 is a shift, 0.25 a large
    one. Shares of nothing count as FLOOR.

    >>> round(stability([0.5, 0.5], [0.6, 0.4]), 6)
    0.040547
    """
    return sum(
        (b - a) * math.log(b / a)
        for a, b in zip((max(x, FLOOR) for x in before), (max(x, FLOOR) for x in now), strict=True)
    )


def _of_values(before: Counts, now: Counts) -> float | None:
    first, second = sum(before.values()), sum(now.values())
    if not first or not second:
        return None
    names = dict.fromkeys([*before, *now])
    return stability((before.get(n, 0) / first for n in names), (now.get(n, 0) / second for n in names))


def _of_numbers(before: pl.Series, now: pl.Series) -> float | None:
    if not before.len() or not now.len():
        return None
    cuts = sorted({float(cut) for at in range(1, PARTS) if (cut := before.quantile(at / PARTS, "higher")) is not None})
    edges = pl.Series(cuts, dtype=pl.Float64)
    shares = []
    for values in (before, now):
        places = edges.search_sorted(values, "right").alias("place").value_counts()
        found = dict(zip(places["place"].to_list(), places["count"].to_list(), strict=True))
        shares.append([found.get(at, 0) / values.len() for at in range(len(cuts) + 1)])
    return stability(*shares)


# -- the section ----------------------------------------------------------------------------------------------------------


def drift_section(now: Snapshot, before: Snapshot) -> Section:
    """What moved, the most telling first. Rules and labels that only one side has are no drift: they were edited."""
    rules = moves("rule", *_shared(before.fired, before.leads, now.fired, now.leads))
    both = [name for name in now.labels if name in before.labels]
    labels = [m for name in both for m in moves(name, before.labels[name], before.leads, now.labels[name], now.leads)]
    tables, found = _inputs(now, before) if before.fields else ([], [])
    tables += [
        _moves_table("drift_rules", "Rules that fire", rules),
        _moves_table("drift_labels", "Labels and segments", labels),
    ]
    telling = ("gone", "new", "doubled or more", "halved or less")
    found += [_words(move, "the rule") for move in rules if move.verdict in telling]
    title = "Share of leads that each rule fires on, then and now"
    chart = Chart("drift", title, "drift_rules", "bars", "name", ("before_share", "now_share"))
    return Section(
        "drift",
        f"Drift since {before.name}",
        tuple(t for t in tables if t.frame.height),
        (chart,) if rules else (),
        tuple(found[:MOST_FINDINGS]) or ("nothing moved beyond chance",),
        tuple(_not_compared(now, before)),
    )


def _shared(before: Counts, before_of: int, now: Counts, now_of: int) -> tuple[Counts, int, Counts, int]:
    """Only the names of both sides."""
    return (
        {n: c for n, c in before.items() if n in now},
        before_of,
        {n: c for n, c in now.items() if n in before},
        now_of,
    )


def _inputs(now: Snapshot, before: Snapshot) -> tuple[list[Table], list[str]]:
    """Fields, values and events."""
    events = moves("event", before.events, before.leads, now.events, now.leads)
    values = list(_value_moves(before, now))
    tables = [
        _fields_table(before, now),
        *([_values_table(values)] if values else []),
        _moves_table("drift_events", "Leads with an event", events),
    ]
    stopped = [_words(move, "the event") for move in events if move.verdict in ("gone", "new")]
    return tables, [*_value_words(values), *stopped]


def _not_compared(now: Snapshot, before: Snapshot) -> Iterator[Missing]:
    if not before.fields:
        why = f"{before.name} is a run's folder, which holds no inputs"
        yield Missing("Drift of the inputs", why, "give its export: --against LEADS.csv")
    names = {name for one, other in ((now, before), (before, now)) for name in one.labels if name not in other.labels}
    names |= {name for one, other in ((now, before), (before, now)) for name in one.fired if name not in other.fired}
    if names:
        some = [f"`{name}`" for name in sorted(names)]
        said = words_of(some if len(some) <= NAMES_SAID else [*some[:NAMES_SAID], f"{len(some) - NAMES_SAID} more"])
        why = f"the rules were edited since {before.name}: only one of both has {said}"
        yield Missing(
            "Drift of edited rules", why, "give its export, which is read with the rules of today: --against LEADS.csv"
        )


_MOVES = (
    Column("of", "of"),
    Column("name", "name"),
    Column("before", "leads then", "count"),
    Column("before_of", "of all then", "count"),
    Column("before_share", "share then", "share", of="before_of"),
    Column("now", "leads now", "count"),
    Column("now_of", "of all now", "count"),
    Column("now_share", "share now", "share", of="now_of"),
    Column("verdict", "beyond chance"),
)


def _moves_table(name: str, title: str, found: list[Move]) -> Table:
    rows = sorted(found, key=lambda move: (not move.verdict, -abs(move.change), move.of, move.name))
    frame = pl.DataFrame(
        [(m.of, m.name, m.before, m.before_of, _share(m.before, m.before_of), m.now, m.now_of, _share(m.now, m.now_of), m.verdict) for m in rows],
        schema={
            "of": pl.String, "name": pl.String, "before": pl.Int64, "before_of": pl.Int64, "before_share": pl.Float64,
            "now": pl.Int64, "now_of": pl.Int64, "now_share": pl.Float64, "verdict": pl.String,
        },
        orient="row",
    )  # fmt: skip
    return Table(name, title, _MOVES, frame, ("what is flagged: the 95% intervals of the two shares are apart",))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _fields_table(before: Snapshot, now: Snapshot) -> Table:
    rows = []
    for name in dict.fromkeys([*now.blank, *before.blank]):
        index = (
            _of_numbers(before.numbers[name], now.numbers[name])
            if name in before.numbers and name in now.numbers
            else _of_values(before.values.get(name, {}), now.values.get(name, {}))
        )
        blanks = [(side.blank.get(name, side.leads), side.leads) for side in (before, now)]
        blank = _move("blank", name, blanks[0], blanks[1])
        told = " and ".join([*([f"blanks: {blank.verdict}"] if blank.verdict else []), *_shift(index)])
        rows.append(
            (
                name,
                blank.before,
                before.leads,
                _share(blank.before, before.leads),
                blank.now,
                now.leads,
                _share(blank.now, now.leads),
                index,
                told,
            )
        )
    rows.sort(key=lambda row: (not row[-1], -(row[-2] or 0.0), row[0]))
    columns = (
        Column("field", "field"),
        Column("blank_before", "blank then", "count"),
        Column("before_of", "of all then", "count"),
        Column("blank_before_share", "blank then, share", "share", of="before_of"),
        Column("blank_now", "blank now", "count"),
        Column("now_of", "of all now", "count"),
        Column("blank_now_share", "blank now, share", "share", of="now_of"),
        Column("stability", "stability index", "number"),
        Column("verdict", "what moved"),
    )
    schema = {
        "field": pl.String, "blank_before": pl.Int64, "before_of": pl.Int64, "blank_before_share": pl.Float64,
        "blank_now": pl.Int64, "now_of": pl.Int64, "blank_now_share": pl.Float64, "stability": pl.Float64, "verdict": pl.String,
    }  # fmt: skip
    notes = (
        "stability index: sum (now - then) ln(now / then) over values, or over tenths of then; 0.1 is a shift, 0.25 a large one",
    )
    return Table("drift_fields", "Fields", columns, pl.DataFrame(rows, schema=schema, orient="row"), notes)


def _shift(index: float | None) -> list[str]:
    if index is None or index < 0.1:
        return []
    return ["values: a large shift" if index >= 0.25 else "values: a shift"]


def _value_moves(before: Snapshot, now: Snapshot) -> Iterator[tuple[Move, str]]:
    """Values that came or went, or doubled or halved, with what they may have been renamed to."""
    for name in dict.fromkeys([*now.values, *before.values]):
        first, second = before.values.get(name, {}), now.values.get(name, {})
        found = [
            m
            for m in moves(name, first, sum(first.values()), second, sum(second.values()))
            if m.verdict not in ("", "up", "down")
        ]
        came = [move for move in found if move.verdict == "new"]
        for move in found:
            yield move, _renamed(move, came) if move.verdict == "gone" else ""


def _renamed(gone: Move, came: list[Move]) -> str:
    """A value that came with about the share that another left."""
    share = gone.before / gone.before_of
    alike = [m for m in came if 0.5 <= (m.now / m.now_of) / share <= 2]
    return min(alike, key=lambda m: abs(m.now / m.now_of - share)).name if alike else ""


def _values_table(values: list[tuple[Move, str]]) -> Table:
    table = _moves_table("drift_values", "Values that came or went", [move for move, _ in values])
    renamed = {(move.of, move.name): other for move, other in values}
    told = [renamed.get((of, name), "") for of, name in zip(table.frame["of"], table.frame["name"], strict=True)]
    columns = (*_MOVES, Column("perhaps", "perhaps renamed to"))
    return Table(
        table.name,
        table.title,
        columns,
        table.frame.with_columns(pl.Series("perhaps", told, dtype=pl.String)),
        table.notes,
    )


def _value_words(values: list[tuple[Move, str]]) -> Iterator[str]:
    for move, other in values:
        if move.verdict == "gone":
            hint = f"; perhaps it is `{other}` now" if other else ""
            yield f"`{move.of}`: `{move.name}` is gone (it was {percent(move.before / move.before_of)}){hint}"


def _words(move: Move, what: str) -> str:
    then, now = percent(_share(move.before, move.before_of)), percent(_share(move.now, move.now_of))
    return f"{what} `{move.name}` is {move.verdict}: {then} of the leads then, {now} now"
