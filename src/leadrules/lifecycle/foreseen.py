"""The texts of decisions.csv that are known before anything is decided, made while it is decided.

In: an outcome of which only the facts are there, and how many rows are written at once. Out: the same rows as
`run.known` gives them, as text. Deciding keeps little more than one processor busy; this is what the other one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.data.write import texts_of
from leadrules.lifecycle.facts import Facts
from leadrules.lifecycle.run import Outcome, calendar_of, key_name, known


class Foreseen:
    """Texts under way, some `rows` at a time."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._facts: Facts | None = None
        self._parts: list[Future[pl.DataFrame]] = []

    def begin(self, outcome: Outcome) -> None:
        """Make them, in a thread."""
        self._facts = outcome.facts
        zone = calendar_of(outcome.request.ruleset).zone
        pool = ThreadPoolExecutor(1, "foreseen")
        starts = range(0, max(outcome.leads.frame.height, 1), self.rows)
        self._parts = [pool.submit(_texts, outcome, start, self.rows, zone) for start in starts]
        pool.shutdown(wait=False)

    def parts_of(self, outcome: Outcome) -> Iterator[pl.DataFrame] | None:
        """The texts of an outcome, part by part, each let go once it is taken; None where they were never begun."""
        if self._facts is not outcome.facts:
            return None
        return self._taken()

    def _taken(self) -> Iterator[pl.DataFrame]:
        while self._parts:
            yield self._parts.pop(0).result()


def _texts(outcome: Outcome, start: int, rows: int, zone: str) -> pl.DataFrame:
    return texts_of(known(outcome, start, rows), Calendar(zone), frozenset([key_name(outcome)]))
