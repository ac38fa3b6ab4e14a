"""Labels and segments with memory, by hand: §8 "First sight", "Edited rules", baseline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from leadrules.core.calendar import Calendar
from leadrules.core.functions import Context
from leadrules.core.types import NUMBER, TEXT, YESNO
from leadrules.engine.columns import ColumnFacts, evaluate
from leadrules.lifecycle.edits import Edits, edits_since
from leadrules.lifecycle.labels import Labels, history_of, work_out
from leadrules.lifecycle.lead_columns import LeadColumns
from leadrules.lifecycle.model import INSTANT, LEAD_COLUMNS, State, Tick, empty_state
from leadrules.lifecycle.record import overlay
from leadrules.ruleset.model import Band, BandLabel, Expr, On, Ruleset, Segment, Settings, Trigger

NOW, BEFORE = datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)
SETTINGS = Settings("t", "UTC", (1, 2, 3, 4, 5), None, (), 1, "id", None, None, None, None)
NO_EVENTS = pl.DataFrame(schema={"lead_row": pl.UInt32(), "type": pl.String(), "at": INSTANT})
NAMED: dict[str, Any] = {"label:heat": pl.String(), "since:heat": INSTANT, "in:big": pl.Boolean()}


def number(value: float) -> Expr:
    return Expr("const", NUMBER, value=value)


def rules(
    *, hot: float = 70, big: float = 100, field: str = "points", read: tuple[str, ...] = ("points", "size")
) -> Ruleset:
    labels = (BandLabel("hot", None, hot), BandLabel("warm", None, 40), BandLabel("cold", None, None))
    heat = Band("heat", None, 0, value=Expr("field", NUMBER, value=field), labels=labels)
    size = Expr("ge", YESNO, (Expr("field", NUMBER, value="size"), number(big)))
    fields = tuple((name, NUMBER) for name in read)
    return Ruleset(1, SETTINGS, fields, (), (), (), (), (heat, Segment("big", None, 1, condition=size)))


def state(ruleset: Ruleset | None, *leads: dict[str, Any]) -> State:
    frame = pl.DataFrame(list(leads), schema=dict(LEAD_COLUMNS) | NAMED)
    return replace(empty_state(), leads=LeadColumns.of(frame), as_of=BEFORE, ruleset=ruleset)


def lead(key: str, heat: str | None, *, big: bool = False) -> dict[str, Any]:
    return {"key": key, "label:heat": heat, "since:heat": BEFORE, "in:big": big}


def run(ruleset: Ruleset, known: State, points: dict[str, float], sizes: dict[str, float] | None = None, *,
        baseline: bool = False, fire_edits: bool = False) -> tuple[Tick, Labels, Edits | None]:  # fmt: skip
    calendar = Calendar("UTC")
    leads = pl.DataFrame({"@key": list(points), "points": list(points.values())}).with_columns(
        pl.col("points").cast(float)
    )
    leads = leads.with_columns(pl.Series("size", [float((sizes or {}).get(key, 0)) for key in points]))
    seen = overlay(leads, known, ruleset, calendar, NOW)

    def facts_of(one: Ruleset) -> ColumnFacts:
        return evaluate(one, seen.leads, NO_EVENTS, Context(calendar, NOW))

    tick = Tick(
        cast("Any", Path()), ruleset, calendar, NOW, BEFORE, facts_of(ruleset), seen.table, known, baseline=baseline
    )
    edits = None if fire_edits else edits_since(known, ruleset, seen.leads.columns, facts_of)
    return tick, work_out(tick, edits), edits


def heard(labels: Labels, tick: Tick, what: str, name: str = "heat") -> set[str]:
    """`enter hot`: the keys of the leads that a trigger hears of."""
    kind, _, label = what.partition(" ")
    mask = labels.changed(On(cast("Any", kind), name=name, label=label or None))
    return set(tick.leads["key"].filter(mask))


def test_entering_and_leaving() -> None:
    known = state(rules(), lead("up", "cold"), lead("down", "hot"), lead("same", "hot"))
    tick, labels, edits = run(rules(), known, {"up": 80, "down": 50, "same": 90})
    assert edits is None
    assert heard(labels, tick, "enter hot") == {"up"}
    assert heard(labels, tick, "leave hot") == {"down"}
    assert heard(labels, tick, "enter warm") == {"down"}
    assert labels.columns["label:heat"].to_list() == ["hot", "warm", "hot"]
    assert labels.columns["since:heat"].to_list() == [NOW, NOW, BEFORE]
    assert history_of(tick, labels).rows() == [
        ("up", "label", "heat", "cold", "hot", None),
        ("down", "label", "heat", "hot", "warm", None),
    ]


def test_segments_too() -> None:
    known = state(rules(), lead("in", "cold"), lead("out", "cold", big=True))
    tick, labels, _ = run(rules(), known, {"in": 0, "out": 0}, {"in": 500})
    assert heard(labels, tick, "enter", "big") == {"in"}
    assert heard(labels, tick, "leave", "big") == {"out"}
    assert [row[1:5] for row in history_of(tick, labels).rows()] == [
        ("segment", "big", "false", "true"),
        ("segment", "big", "true", "false"),
    ]


def test_a_lead_new_to_the_state_can_enter() -> None:
    tick, labels, _ = run(rules(), state(rules(), lead("old", "hot")), {"old": 90, "new": 90}, {"new": 500})
    assert heard(labels, tick, "enter hot") == {"new"}
    assert heard(labels, tick, "enter", "big") == {"new"}
    assert heard(labels, tick, "leave hot") == set()


def test_a_first_run_lets_every_lead_enter_and_a_baseline_none() -> None:
    tick, labels, _ = run(rules(), empty_state(), {"a": 90, "b": 0})
    assert heard(labels, tick, "enter hot") == {"a"}
    assert heard(labels, tick, "enter cold") == {"b"}
    tick, labels, _ = run(rules(), empty_state(), {"a": 90, "b": 0}, {"a": 500}, baseline=True)
    assert [heard(labels, tick, f"enter {label}") for label in ("hot", "cold")] == [set(), set()]
    assert heard(labels, tick, "enter", "big") == set()
    assert set(labels.changes["cause"]) == {"already so"}
    assert labels.columns["since:heat"].to_list() == [NOW, NOW]


def test_a_band_new_to_the_state_takes_what_is_as_already_so() -> None:
    without = replace(rules(), definitions=rules().definitions[1:])
    known = state(without, {"key": "old", "in:big": False})
    tick, labels, _ = run(rules(), known, {"old": 90, "new": 90})
    assert heard(labels, tick, "enter hot") == {"new"}
    assert labels.columns["label:heat"].to_list() == ["hot", "hot"]
    assert dict(zip(*labels.changes.select("lead_row", "cause").to_dict(as_series=False).values(), strict=True)) == {
        0: "already so",
        1: "lead",
    }


def test_a_lead_that_was_away_when_the_band_came_is_taken_as_already_so() -> None:
    known = state(rules(), {"key": "away", "in:big": False}, lead("there", "cold"))
    tick, labels, _ = run(rules(), known, {"away": 90, "there": 90})
    assert heard(labels, tick, "enter hot") == {"there"}


def test_what_differs_only_by_an_edit_is_listed_and_sets_nothing_off() -> None:
    known = state(rules(hot=70), lead("edit", "warm"), lead("lead", "cold"), lead("both", "cold"))
    tick, labels, edits = run(rules(hot=60), known, {"edit": 65, "lead": 90, "both": 65})
    assert edits is not None
    assert heard(labels, tick, "enter hot") == {"lead"}
    # `both` left cold under the old rules too; that it entered hot is the edit's doing.
    assert heard(labels, tick, "leave cold") == {"lead", "both"}
    assert heard(labels, tick, "leave warm") == set()
    assert labels.columns["label:heat"].to_list() == ["hot", "hot", "hot"]
    assert dict(zip(tick.leads["key"].gather(labels.changes["lead_row"]), labels.changes["cause"], strict=True)) == {
        "edit": "rules edited",
        "lead": "lead",
        "both": "rules edited",
    }


def test_fire_edits_lets_it() -> None:
    known = state(rules(hot=70), lead("edit", "warm"))
    tick, labels, _ = run(rules(hot=60), known, {"edit": 65}, fire_edits=True)
    assert heard(labels, tick, "enter hot") == {"edit"}


def test_edited_segments_too() -> None:
    known = state(rules(big=100), lead("edit", "cold"), lead("lead", "cold"))
    tick, labels, _ = run(rules(big=50), known, {"edit": 0, "lead": 0, "new": 0}, {"edit": 60, "lead": 100, "new": 60})
    assert heard(labels, tick, "enter", "big") == {"lead", "new"}


def test_a_name_that_the_old_rules_cannot_work_out_counts_as_edited() -> None:
    known = state(rules(field="former", read=("former", "size")), lead("a", "cold"), lead("b", "hot"))
    tick, labels, edits = run(rules(), known, {"a": 90, "b": 90, "new": 90}, {"a": 500})
    assert edits is not None
    assert edits.last is not None
    assert edits.last.names == {"big"}
    assert heard(labels, tick, "enter hot") == {"new"}
    assert heard(labels, tick, "leave cold") == set()
    assert heard(labels, tick, "enter", "big") == {"a"}


def test_conditions_of_the_old_rules() -> None:
    hot = Expr("is_label", YESNO, (Expr("name", TEXT, value="heat"),), ("hot",))
    gone = Expr("is_blank", YESNO, (Expr("field", TEXT, value="gone"),))
    here, lost = (Trigger(name, None, 0, On("condition"), (when,)) for name, when in (("here", hot), ("lost", gone)))
    old = replace(rules(), triggers=(here, lost))
    _, _, edits = run(rules(hot=60), state(old, lead("a", "cold")), {"a": 90, "b": 65})
    assert edits is not None
    assert edits.unmet(here, 2).to_list() == [False, True]
    assert edits.unmet(lost, 2).to_list() == [True, True]


@pytest.mark.parametrize("heat", [None, "warm"])
def test_a_blank_label_is_a_label(heat: str | None) -> None:
    blank = Band("heat", None, 0, value=Expr("field", NUMBER, value="points"), labels=(BandLabel("warm", None, 40),))
    ruleset = replace(rules(), definitions=(blank, rules().definitions[1]))
    tick, labels, _ = run(ruleset, state(ruleset, lead("a", heat)), {"a": 50})
    assert heard(labels, tick, "enter warm") == (set() if heat else {"a"})
