"""Small edits of what is no expression: lengths of time, clock times, limits and days of a rule line, cells of a matrix.

In: a part of a compiled ruleset. Out: `Change`s, each by one: a unit of its length, an hour of a clock, a point or a time of a
limit, the next label of a cell. Knows neither tests nor which line a part stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from leadrules.core.records import dataclass
from leadrules.core.text import number_text
from leadrules.review.testing.points import Key
from leadrules.ruleset.model import (
    Action,
    Duration,
    Each,
    EventFilter,
    Expr,
    Matrix,
    Place,
    RouteRule,
    Sequence,
    Step,
    Trigger,
)

ANYHOW = ("seen", "fires", "done", "member")
ACTED = ("fires", "done")


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: `old` becomes `new` in the ruleset.

    `same` proves that it means the same. `tops` are the whole expressions that it changes, before and after: where they are
    worth the same, nothing differs. `reach`: how a test must reach the line for the edit to matter, or `key` itself.
    `moves_steps`: it changes when steps of a sequence are due, which matters to whoever is in it.
    """

    words: str
    span: Place | None
    old: Any
    new: Any
    same: Callable[[], bool] | None = None
    tops: tuple[tuple[Expr, Expr], ...] = ()
    reach: tuple[str, ...] = ANYHOW
    moves_steps: bool = False
    key: Key | None = None


# Per kind of part: its lengths of time with the word before each, and how a test must reach the line.
_LENGTHS: dict[type, tuple[tuple[str, str], ...]] = {
    EventFilter: (("within", "within"),),
    Each: (("halving", "halving every"), ("fading", "fading over")),
    Step: (("after", "after"), ("wait", "wait")),
    RouteRule: (("respond_within", "respond within"),),
    Trigger: (("respond_within", "respond within"), ("once_per", "once per")),
}
_COUNTS: dict[type, tuple[tuple[str, str], ...]] = {
    Each: (("most_points", "points"), ("most_times", "times")),
    Action: (("most_times", "times"),),
}
_OF_DECISIONS = (Step, RouteRule, Trigger, Action)


def limits(part: Any, span: Place | None) -> Iterator[Change]:
    """The edits of one part of a line; `span` is that of the line."""
    span = getattr(part, "span", None) or span
    reach = ACTED if isinstance(part, _OF_DECISIONS) else ANYHOW
    moves = isinstance(part, Step)
    for name, word in _LENGTHS.get(type(part), ()):
        length = getattr(part, name)
        if length is not None:
            longer = Duration(length.count + 1, length.unit)
            words = f"{word} {length.text} becomes {longer.count}"
            yield Change(words, span, part, replace(part, **{name: longer}), reach=reach, moves_steps=moves)
    for name, word in _COUNTS.get(type(part), ()):
        value = getattr(part, name)
        if value is not None:
            words = f"at most {number_text(float(value))} {word} becomes {number_text(float(value + 1))}"
            yield Change(words, span, part, replace(part, **{name: value + 1}), reach=reach)
    if isinstance(part, Step):
        yield from _of_step(part)


def _of_step(step: Step) -> Iterator[Change]:
    if step.day is not None:
        later = replace(step, day=step.day + 1)
        words = f"day {step.day} becomes {step.day + 1}"
        yield Change(words, step.span, step, later, reach=ACTED, moves_steps=True)
    if step.at is not None:
        moved = _an_hour_on(step.at)
        words = f"{step.at} becomes {moved}"
        yield Change(words, step.span, step, replace(step, at=moved), reach=ACTED, moves_steps=True)


def _an_hour_on(clock: str) -> str:
    """An hour later; in the last hour of a day, earlier."""
    hour, minute = (int(part) for part in clock.split(":")[:2])
    return f"{hour + 1 if hour < 23 else hour - 1:02}:{minute:02}"


def times_of(sequence: Sequence) -> Iterator[Change]:
    """The edits of a sequence's own times: how long after the last step it finishes, and its window."""
    if sequence.finish_after is not None:
        length = sequence.finish_after
        longer = replace(sequence, finish_after=Duration(length.count + 1, length.unit))
        words = f"finish after {length.text} becomes {length.count + 1}"
        yield Change(words, sequence.span, sequence, longer, moves_steps=True)
    if sequence.window is not None:
        start, end, zone = sequence.window
        for window, old, new in (
            ((_an_hour_on(start), end, zone), start, _an_hour_on(start)),
            ((start, _an_hour_on(end), zone), end, _an_hour_on(end)),
        ):
            if window[0] < window[1]:
                words = f"send between: {old} becomes {new}"
                yield Change(words, sequence.span, sequence, replace(sequence, window=window), moves_steps=True)


def cells_of(matrix: Matrix) -> Iterator[Change]:
    """Each cell with the label that comes next among those of the matrix."""
    labels = list(dict.fromkeys(label for row in matrix.cells for label in row))
    if len(labels) < 2:
        return
    for at, (row, cells) in enumerate(zip(matrix.rows, matrix.cells, strict=True)):
        for place, (column, label) in enumerate(zip(matrix.columns, cells, strict=True)):
            other = labels[(labels.index(label) + 1) % len(labels)]
            changed = (*cells[:place], other, *cells[place + 1 :])
            new = replace(matrix, cells=(*matrix.cells[:at], changed, *matrix.cells[at + 1 :]))
            words = f"{row} by {column}: {label} becomes {other}"
            yield Change(words, matrix.span, matrix, new, reach=(), key=("cell", matrix.name, row, column))
