"""Which instant a run looks from.

In: the newest event, the created values, what the command line said. Out: the `as of`, or why there is none. Reads no
clock: the newest thing that the input knows of is the present.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from leadrules.core.calendar import Calendar
from leadrules.data.errors import InputError
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.walk import clock_uses


@dataclass(frozen=True, slots=True)
class AsOf:
    """The instant (UTC), and how it came about, for the screen."""

    at: datetime | None
    reason: str


def choose(ruleset: Ruleset, given: datetime | None, newest: list[tuple[str, datetime | None]]) -> AsOf:
    """The given instant, else the newest of the inputs' (`what`, instant). Raises InputError where a rule needs one and there is none."""
    if given is not None:
        return AsOf(given, "as given")
    known = [(at, what) for what, at in newest if at is not None]
    if known:
        at, what = max(known)
        return AsOf(at, f"the newest {what}")
    use = next(clock_uses(ruleset), None)
    if use is not None:
        place = f" ({use.span['path']}:{use.span['line']})" if use.span else ""
        raise InputError(
            f"the input has no times, and `{use.rule}`{place} asks for one with `{use.what}`",
            "say from when to look with `--as-of 2026-11-01` or `--as-of 2026-11-01T09:00`",
        )
    return AsOf(None, "the input has no times, and no rule asks for one")


def newest_created(frame: pl.DataFrame, column: str | None, calendar: Calendar) -> datetime | None:
    """The newest value of the created field; a date is its midnight in the project zone."""
    if column is None or column not in frame.columns or not frame[column].dtype.is_temporal():
        return None
    value = frame[column].max()
    if value is None or isinstance(value, datetime):
        return value
    return calendar.instant(datetime(value.year, value.month, value.day))  # type: ignore[union-attr]  # noqa: DTZ001
