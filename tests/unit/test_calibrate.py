"""The figures of a calibration, against values worked out by hand and against scikit-learn and SciPy's formulas."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from leadrules.calibrate import leakage, lines, models, thresholds
from leadrules.calibrate.ranking import Rate, agreement, auc
from leadrules.calibrate.sample import Sample, Weighed, in_time


def yes(*values: int) -> pl.Series:
    return pl.Series([bool(v) for v in values])


def test_auc_by_hand() -> None:
    # Pairs (reached, not): 3 beats 1 and ties with 3; 2 beats 1 and loses to 3: 1 + 0.5 + 1 + 0 of 4.
    assert auc(pl.Series([3, 2, 1, 3]), yes(1, 1, 0, 0)) == 2.5 / 4
    assert auc(pl.Series([1, 2]), yes(1, 1)) is None
    # A blank is 0: above -1, below 1.
    assert auc(pl.Series([None, -1, 1]), yes(1, 0, 0)) == 0.5


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=60))
def test_auc_is_that_of_scikit_learn(leads: list[tuple[int, bool]]) -> None:
    values, reached = [v for v, _ in leads], [r for _, r in leads]
    found = auc(pl.Series(values), pl.Series(reached))
    if len(set(reached)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(roc_auc_score(reached, values), abs=1e-12)


def test_the_interval_of_wilson() -> None:
    # 10 of 100, from Newcombe 1998's formula worked out by hand: (0.1 + 1.9207 / 100 -+ 1.96 sqrt(.09 / 100 + .9604 / 10^4)) / 1.038415
    low, high = Rate(10, 100).interval or (0.0, 0.0)
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)
    assert Rate(0, 0).interval is None
    assert Rate(0, 0).share is None
    assert (Rate(0, 10).interval or (1.0,))[0] == 0


def sample(reached: pl.Series, **units: list[float]) -> Sample:
    given = {name: pl.Series(values, dtype=pl.Float64) for name, values in units.items()}
    weighed = tuple(Weighed(f"s.{name}", None, 10.0, values != 0, values) for name, values in given.items())
    size = reached.len()
    return Sample(reached, "file", pl.int_range(size, eager=True), None, weighed, {}, {})


def test_lift_by_hand() -> None:
    # 4 of 10 reached it; the line fired on 5, of whom 3 did: 0.6 / 0.4.
    found = sample(yes(1, 1, 1, 0, 0, 1, 0, 0, 0, 0), a=[1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    (lift,) = lines.lifts(found)
    assert lift.lift == pytest.approx(1.5)
    assert (lift.fired.reached, lift.fired.of, lift.rest.reached, lift.rest.of) == (3, 5, 1, 5)
    low, high = lift.interval or (0.0, 0.0)
    wilson = Rate(3, 5).interval or (0.0, 0.0)
    assert (low, high) == pytest.approx((wilson[0] / 0.4, wilson[1] / 0.4))


def test_overlap() -> None:
    both = [1.0] * 12 + [0.0] * 8
    nearly = [1.0] * 11 + [0.0] * 9
    other = [0.0] * 10 + [1.0] * 10
    found = list(lines.overlaps(sample(pl.Series([True, False] * 10), a=both, b=nearly, c=other)))
    assert [(o.first, o.second, o.both) for o in found] == [("s.a", "s.b", 11)]
    assert found[0].share == pytest.approx(11 / 12)
    assert agreement(yes(0, 0), yes(0, 0)) == 0


def test_a_threshold_by_hand() -> None:
    values, reached = pl.Series([10.0, 20, 30, 40]), yes(0, 1, 0, 1)
    row = thresholds.threshold(values, reached, 20, "warm", 2.0)
    assert (row.above.of, row.above.reached, row.recall, row.per_week) == (3, 2, 1.0, 1.5)
    assert thresholds.that_fits(values, reached, most=2) == 30
    assert thresholds.that_fits(values, reached, precision=0.6) == 20
    assert thresholds.that_fits(values, reached, most=0.5) is None


def test_the_threshold_that_fits_by_brute_force() -> None:
    dice = random.Random(7)
    values = [dice.randrange(8) for _ in range(200)]
    reached = [dice.random() < v / 10 for v in values]
    for wanted in (0.3, 0.5, 0.65):
        fits = [
            v for v in set(values)
            if sum(r for w, r in zip(values, reached, strict=True) if w >= v) >= wanted * sum(w >= v for w in values)
        ]  # fmt: skip
        found = thresholds.that_fits(pl.Series(values), pl.Series(reached), precision=wanted)
        assert found == (min(fits) if fits else None)


def test_ranges_hold_every_lead_once_and_say_what_falls() -> None:
    values = pl.Series([float(v) for v in range(100)])
    reached = pl.Series([30 <= v < 60 for v in range(100)])
    found = thresholds.ranges(values, reached)
    assert sum(r.rate.of for r in found) == 100
    assert [(r.low, r.high) for r in found][:2] == [(0, 9), (10, 19)]
    assert [r.low for r in found if r.falls] == [60]


def test_labels_keep_their_share() -> None:
    before = pl.Series([float(v) for v in range(100)])
    after = before * 3 - 50
    assert thresholds.keeping_shares(before, [90, 40], after) == [220, 70]


def test_halves_by_creation_or_by_the_file() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    created = pl.Series([start + timedelta(days=day) for day in (28, 0, 14, 7)])
    order, rank, weeks = in_time(created, 4)
    assert (order, rank.to_list(), weeks) == ("created", [3, 0, 2, 1], 4.0)
    assert in_time(None, 3)[0] == "file"
    mostly_blank = pl.Series([start, None, None], dtype=pl.Datetime("us", "UTC"))
    assert in_time(mostly_blank, 3)[0] == "file"


def test_points_follow_what_happened() -> None:
    dice = random.Random(3)
    rows = [(dice.random() < 0.5, dice.random() < 0.5, dice.random() < 0.5) for _ in range(4_000)]
    reached = pl.Series([dice.random() < 1 / (1 + math.exp(2 - 2 * a + 1 * b)) for a, b, _ in rows])
    found = sample(
        reached,
        good=[float(a) for a, _, _ in rows],
        bad=[float(b) for _, b, _ in rows],
        noise=[float(c) for *_, c in rows],
    )
    good, bad, noise = models.suggest(found, pl.Series([True] * 4_000))
    assert good.points is not None
    assert bad.points is not None
    assert noise.points is not None
    # Log odds of 2 and -1: twice the points, the other way; the median line keeps its 10 points.
    assert good.points / -bad.points == pytest.approx(2, abs=0.5)
    assert abs(noise.points) < 3
    assert sorted(abs(one.points or 0) for one in (good, bad, noise))[1] == 10
    kept = models.suggest(found, pl.Series([True] * 4_000), ["s.good"])
    assert kept[0].points is None


def test_what_leaks() -> None:
    dice = random.Random(5)
    reached = pl.Series([dice.random() < 0.3 for _ in range(400)])
    known_later = pl.Series([int(r) * 100 + dice.random() for r in reached])
    noise = pl.Series([dice.random() for _ in range(400)])
    text = pl.Series(["won" if r else "open" for r in reached])
    found = Sample(
        reached,
        "file",
        pl.int_range(400, eager=True),
        None,
        (),
        {},
        {"late": known_later, "noise": noise, "text": text},
    )
    aucs = {one.name: one for one in leakage.field_aucs(found)}
    assert aucs["late"].auc == 1
    assert aucs["text"].auc == 1
    assert aucs["noise"].strength < 0.6
    leaks = [leak.name for leak in leakage.leaking_fields(list(aucs.values()), lambda _: 0.5)]
    assert leaks == ["late", "text"]


def test_too_few_to_learn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three folds need three of each.
    assert models.can_learn(yes(1, 1, 1, 0, 0, 0))
    assert not models.can_learn(yes(1, 1, 0, 0, 0, 0, 0))
    assert not models.can_learn(yes(0, 0, 0))
    # Of many leads every tenth is learnt from; where next to nobody of those reached it, nothing is.
    monkeypatch.setattr(models, "MOST_LEARNT", 10)
    rare = sample(pl.Series([n in (3, 10) for n in range(100)]), a=[float(n % 7) for n in range(100)])
    found = models.lines_model(rare)
    assert (found.later, found.random) == (None, None)
    assert models.suggest(rare, pl.Series([True] * 100)) == []
