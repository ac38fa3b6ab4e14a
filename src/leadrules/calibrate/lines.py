"""What each line of a score is worth: how often who it fires on reaches the outcome, and which lines say the same twice.

In: a sample. Out: a `Lift` per line, `Overlap`s of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator

from leadrules.calibrate.ranking import Rate, agreement, auc, rate
from leadrules.calibrate.sample import Sample
from leadrules.core.records import dataclass

SAME = 0.8
FEWEST_FIRED = 10


@dataclass(frozen=True, slots=True)
class Lift:
    """A line: the leads it gave something and how many of them reached the outcome; `lift` is their rate over that of all,
    `auc` how well what it gives ranks the leads."""

    path: str
    title: str | None
    points: float | None
    fired: Rate
    rest: Rate
    lift: float | None
    interval: tuple[float, float] | None
    auc: float | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two lines that fire on the same leads: on both / on either."""

    first: str
    second: str
    both: int
    share: float


def lifts(sample: Sample) -> Iterator[Lift]:
    """Every line, in declaration order."""
    base = rate(sample.reached).share
    for line in sample.lines:
        found, rest = rate(sample.reached, line.fired), rate(sample.reached, ~line.fired)
        share, interval = found.share, found.interval
        lift = share / base if base and share is not None else None
        between = (interval[0] / base, interval[1] / base) if base and interval else None
        yield Lift(
            line.path,
            line.title,
            line.points,
            found,
            rest,
            lift,
            between,
            auc(line.units * (line.points or 1.0), sample.reached),
        )


def overlaps(sample: Sample) -> Iterator[Overlap]:
    """Pairs of lines that fire on nearly the same leads, the most alike first. Computed points differ where they fire."""
    lines = [line for line in sample.lines if line.points is not None and int(line.fired.sum()) >= FEWEST_FIRED]
    found = [
        Overlap(a.path, b.path, int((a.fired & b.fired).sum()), share)
        for at, a in enumerate(lines)
        for b in lines[at + 1 :]
        if (share := agreement(a.fired, b.fired)) >= SAME
    ]
    yield from sorted(found, key=lambda overlap: -overlap.share)
