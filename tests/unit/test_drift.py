"""Drift by hand: shares, verdicts, the stability index, what was renamed."""

from __future__ import annotations

import math

import polars as pl
import pytest
from tests.example_project import compiled

from leadrules.measure.drift import drift_section, moves, stability, verdict
from leadrules.measure.snapshots import Snapshot, snapshot_of_run


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((100, 1_000, 0, 1_000), "gone"),
        ((0, 1_000, 100, 1_000), "new"),
        ((100, 1_000, 300, 1_000), "doubled or more"),
        ((300, 1_000, 100, 1_000), "halved or less"),
        ((500, 1_000, 600, 1_000), "up"),
        ((600, 1_000, 500, 1_000), "down"),
        # The intervals touch: chance.
        ((100, 1_000, 115, 1_000), ""),
        # Beyond chance, but by one in a hundred.
        ((100_000, 1_000_000, 110_000, 1_000_000), ""),
        # Too few to miss: 2 of 1,000 are one of 500.
        ((2, 1_000, 0, 500), ""),
        ((0, 0, 5, 10), ""),
    ],
)
def test_what_is_beyond_chance(counts: tuple[int, int, int, int], expected: str) -> None:
    assert verdict(*counts) == expected


def test_the_stability_index_by_hand() -> None:
    # (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5)
    by_hand = 0.1 * math.log(1.2) + -0.1 * math.log(0.8)
    assert stability([0.5, 0.5], [0.6, 0.4]) == pytest.approx(by_hand)
    assert stability([0.3, 0.7], [0.3, 0.7]) == 0


def test_every_name_of_either_side() -> None:
    found = moves("rule", {"a": 1, "b": 2}, 10, {"c": 3, "a": 1}, 10)
    assert [(m.name, m.before, m.now) for m in found] == [("c", 0, 3), ("a", 1, 1), ("b", 2, 0)]


def snapshot(name: str, forms: dict[str, int], blank: int, sizes: list[float]) -> Snapshot:
    return Snapshot(
        name,
        1_000,
        {"s.demo": forms.get("demo", 0), "s.other": 300},
        {"temperature": {"hot": forms.get("demo", 0), "cold": 1_000 - forms.get("demo", 0)}},
        values={"form_submitted.form": forms},
        blank={"industry": blank, "size": 0},
        numbers={"size": pl.Series(sizes)},
        events={"form_submitted": sum(forms.values())},
    )


def test_a_form_that_was_renamed() -> None:
    then = snapshot("last month", {"demo": 200, "contact": 300}, 50, [float(n % 100) for n in range(1_000)])
    now = snapshot("now", {"book-a-demo": 210, "contact": 290}, 400, [float(n % 100) + 30 for n in range(1_000)])
    section = drift_section(now, then)
    tables = {table.name: table for table in section.tables}
    values = tables["drift_values"].frame
    assert values.select("name", "verdict", "perhaps").rows() == [
        ("book-a-demo", "new", ""),
        ("demo", "gone", "book-a-demo"),
    ]
    assert (
        section.findings[0] == "`form_submitted.form`: `demo` is gone (it was 40.0%); perhaps it is `book-a-demo` now"
    )
    assert "the rule `s.demo` is gone: 20.0% of the leads then, 0.0% now" in section.findings
    assert tables["drift_rules"].frame.row(0, named=True)["name"] == "s.demo"
    assert tables["drift_rules"].frame.row(1, named=True)["verdict"] == ""
    fields = {row["field"]: row for row in tables["drift_fields"].frame.iter_rows(named=True)}
    assert fields["industry"]["verdict"] == "blanks: doubled or more"
    assert (fields["industry"]["blank_before_share"], fields["industry"]["blank_now_share"]) == (0.05, 0.4)
    # Tenths of then are [0, 10), [10, 20), ..: 30 more empties three and fills the last with four.
    shares = [0.0] * 3 + [0.1] * 6 + [0.4]
    by_hand = sum((b - 0.1) * math.log(b / 0.1) for b in (max(share, 1e-4) for share in shares))
    assert fields["size"]["stability"] == pytest.approx(by_hand)
    assert fields["size"]["verdict"] == "values: a large shift"


def test_the_same_leads_do_not_drift() -> None:
    same = snapshot("now", {"demo": 200}, 50, [1.0, 2.0])
    section = drift_section(same, same)
    assert section.findings == ("nothing moved beyond chance",)
    assert not any(table.name == "drift_values" for table in section.tables)


def test_a_run_knows_its_rules_and_labels() -> None:
    rules = """
score s { demo: +5 when id = "1" }
band temperature of s { hot: from 5  cold: otherwise }
band newer of s { high: from 3  low: otherwise }
segment a when id = "1"
segment b when id = "2"
route dealt sets email { all: queue marketing otherwise }
"""
    decisions = pl.DataFrame(
        {
            "id": ["1", "2", "3"],
            "s": ["5", "0", "5"],
            "temperature": ["hot", "cold", None],
            "segments": ["a;b", "a", ""],
            "email": ["queue:marketing"] * 3,
            "route.dealt": ["all"] * 3,
            "older": ["x", "y", "y"],
        }
    )
    found = snapshot_of_run({"counts": {"fired": {"s.demo": 2, "s.older": 1}}}, decisions, "out", compiled(rules))
    assert found.leads == 3
    assert found.fired == {"s.demo": 2, "s.older": 1}
    # Scores, and what only a run decides, are no labels; a band that has gone from the rules cannot be held against them.
    assert found.labels == {"temperature": {"hot": 1, "cold": 1}, "segments": {"a": 2, "b": 1}}
    section = drift_section(found, found)
    assert [one.figure for one in section.missing] == ["Drift of the inputs"]


@pytest.mark.parametrize(("segments", "edited"), [("", False), ("a;b", True)])
def test_rules_without_segments_are_no_edit_of_a_run_without_any(segments: str, *, edited: bool) -> None:
    """The column of segments stands in decisions.csv also where there are none."""
    ruleset = compiled("score s { demo: +5 when employees >= 5 }")
    decisions = pl.DataFrame({"id": ["1", "2"], "s": ["5", "0"], "segments": [segments, ""]})
    then = snapshot_of_run({"counts": {"fired": {"s.demo": 1}}}, decisions, "out", ruleset)
    section = drift_section(Snapshot("now", 2, {"s.demo": 1}, {}), then)
    assert ("Drift of edited rules" in [one.figure for one in section.missing]) is edited


def test_rules_that_only_one_side_has_are_edits_and_no_drift() -> None:
    then = Snapshot("out", 100, {"s.demo": 20, "s.old": 50}, {"t": {"hot": 5}}, fields=False)
    now = Snapshot("now", 100, {"s.demo": 20, "s.new": 50}, {"t": {"hot": 5}, "u": {"x": 100}})
    section = drift_section(now, then)
    assert section.findings == ("nothing moved beyond chance",)
    reasons = {one.figure: one.reason for one in section.missing}
    assert (
        reasons["Drift of edited rules"]
        == "the rules were edited since out: only one of both has `s.new`, `s.old` and `u`"
    )
    assert [table.frame["name"].to_list() for table in section.tables] == [["s.demo"], ["hot"]]
