"""The part of a dry run that is about owners, sequences and actions.

In: an outcome whose rules decide something. Out: the `decisions` of the plan's document, and their sections of the screen.
Counts what the run decided; decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import polars as pl

from leadrules.core.ids import by_form
from leadrules.core.text import fold, many
from leadrules.lifecycle.decide import Decided
from leadrules.lifecycle.run import Outcome
from leadrules.project.model import QUEUE_PREFIX
from leadrules.review.plan.fairness import fairness_document, fairness_sections
from leadrules.show.tables import Bar, Cell, Section

SHOWN_OWNERS, SHOWN_MOVES, SHOWN_REASONS = 10, 8, 4


def decisions_document(outcome: Outcome) -> dict[str, Any] | None:
    """Owners, moves, actions, what was withheld, and how fairly leads were dealt; None where the rules decide nothing."""
    decided = outcome.happened
    if decided is None:
        return None
    return {
        "owners": _owners(outcome, decided),
        "moves": _moves(decided),
        "actions": _actions(outcome, decided),
        "withheld": _counted(decided.withheld, "reason"),
        "fairness": fairness_document(decided.router, outcome.request.ruleset),
    }


def _owners(outcome: Outcome, decided: Decided) -> list[dict[str, Any]]:
    """Every owner with its leads before and after, those that this input lacks among them; `open` is the capacity, and
    `load` the leads that count against it."""
    absent, table = _owned_absent(outcome, decided), decided.table
    team = outcome.request.project.team
    spelled = by_form((*(rep.key for rep in team.reps), *(QUEUE_PREFIX + queue for queue in team.queues)))
    before, after = (_owned(pl.concat([one["owner"], absent["owner"]]), spelled) for one in (decided.tick.leads, table))
    load = _owned(pl.concat(one["owner"].filter(one["open"]) for one in (table, absent)), spelled)
    capacity = {rep.key: rep.capacity.open for rep in team.reps}
    names = [*capacity, *sorted(owner for owner in {*before, *after} - {*capacity} if owner is not None), None]
    return [
        {
            "owner": name,
            "before": before.get(name, 0),
            "after": after.get(name, 0),
            "load": load.get(name, 0),
            "open": capacity.get(name or ""),
        }
        for name in names
        if before.get(name) or after.get(name) or name in capacity
    ]


def _owned_absent(outcome: Outcome, decided: Decided) -> pl.DataFrame:
    """The owners of leads that the state knows and the input lacks, and whether these are open: they stay their load."""
    known = decided.tick.state.leads.select("key", "owner", "open").with_columns(pl.col("open").fill_null(value=True))
    if outcome.overlay is None or not outcome.overlay.absent:
        return known.clear()
    return known.join(decided.tick.leads.select("key"), on="key", how="anti").drop_nulls("owner")


def _owned(owners: pl.Series, spelled: dict[str, str]) -> Counter[str | None]:
    """The leads of each owner, however a cell spells it: as the team file does, else as it is met first."""
    counted = owners.cast(pl.String).alias("owner").value_counts(name="leads").sort("owner")
    found: Counter[str | None] = Counter()
    for owner, leads in counted.iter_rows():
        found[None if owner is None else spelled.setdefault(fold(owner), owner)] += leads
    return found


def _moves(decided: Decided) -> list[dict[str, Any]]:
    """From which sequence to which, the most frequent first."""
    pairs = pl.DataFrame({"from": decided.tick.leads["sequence"], "to": decided.table["sequence"]})
    moved = pairs.filter(pl.col("from").ne_missing(pl.col("to")))
    counted = moved.group_by("from", "to").len("leads")
    return counted.sort(["leads", "from", "to"], descending=[True, False, False]).to_dicts()


def _actions(outcome: Outcome, decided: Decided) -> list[dict[str, Any]]:
    """What goes out per channel and by other kinds, automatic ones apart."""
    channels = outcome.request.project.channels
    counted = decided.done.group_by("kind").agg(pl.len().alias("actions"), pl.col("auto").sum().alias("auto"))
    rows = counted.sort(["actions", "kind"], descending=[True, False]).to_dicts()
    return [{**row, "auto": int(row["auto"] or 0), "channel": row["kind"] in channels} for row in rows]


def _counted(rows: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    return rows.group_by(column).len("actions").sort(["actions", column], descending=[True, False]).to_dicts()


def decision_sections(document: dict[str, Any] | None) -> Iterator[Section]:
    """Owners against capacity, moves, actions by channel."""
    if document is None:
        return
    yield from _owner_section(document["owners"])
    yield from fairness_sections(document["fairness"])
    yield from _move_section(document["moves"])
    yield from _action_section(document)


def _owner_section(owners: list[dict[str, Any]]) -> Iterator[Section]:
    shown = sorted((o for o in owners if o["after"] or o["before"]), key=lambda o: -o["after"])[:SHOWN_OWNERS]
    if not shown:
        return
    most = max(o["after"] for o in shown) or 1
    rows: list[tuple[Cell, ...]] = [
        (o["owner"] or "(nobody)", o["before"], "->", o["after"], _capacity(o), Bar(_share(o, most))) for o in shown
    ]
    left = sum(bool(o["after"] or o["before"]) for o in owners) - len(shown)
    more = (f"and {left} more",) if left else ()
    yield Section("Owners", ("", "before", "", "leads", "open", ""), tuple(rows), more)


def _capacity(owner: dict[str, Any]) -> Cell:
    """The capacity, and how many of the leads count against it where not all of them do."""
    limited = owner["open"] is not None and owner["load"] != owner["after"]
    return f"{owner['load']:,} of {owner['open']:,}" if limited else owner["open"]


def _share(owner: dict[str, Any], most: int) -> float:
    """How full a rep is; of who has no capacity, how much it has beside the one that has most."""
    return float(owner["load"] / owner["open"] if owner["open"] else owner["after"] / most)


def _move_section(moves: list[dict[str, Any]]) -> Iterator[Section]:
    rows = tuple((m["from"] or "(none)", "->", m["to"] or "(none)", m["leads"]) for m in moves[:SHOWN_MOVES])
    if rows:
        more = (f"and {len(moves) - SHOWN_MOVES} more",) if len(moves) > SHOWN_MOVES else ()
        yield Section("Sequences", ("from", "", "to", "leads"), rows, more)


def _action_section(document: dict[str, Any]) -> Iterator[Section]:
    rows = tuple((a["kind"], a["actions"], a["auto"] if a["channel"] else None) for a in document["actions"])
    withheld = ", ".join(f"{w['actions']:,} {w['reason']}" for w in document["withheld"][:SHOWN_REASONS])
    rest = document["withheld"][SHOWN_REASONS:]
    more = f", and {sum(w['actions'] for w in rest):,} for {many(len(rest), 'other reason')}" if rest else ""
    notes = (f"withheld: {withheld}{more}",) if withheld else ()
    if rows or notes:
        yield Section("Actions", ("", "due", "automatic"), rows, notes)
