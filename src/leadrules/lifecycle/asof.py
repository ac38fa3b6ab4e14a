"""Which instant a run looks from.

In: the newest event, the created values, what the command line said. Out: the `as of`, or why there is none. Reads no
clock: the newest thing that the input knows of is the present.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from leadrules.core.calendar import FIRST_YEAR, LAST_YEAR, Calendar
from leadrules.core.records import dataclass
from leadrules.data.errors import InputError
from leadrules.ruleset.model import Ruleset
from leadrules.ruleset.walk import clock_uses

GIVEN = "as given"
LAST_RUN = "the last run, which is later than all times of the input"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The instant (UTC), and how it came about, for the screen."""

    at: datetime | None
    reason: str


def choose(
    ruleset: Ruleset,
    given: datetime | None,
    newest: list[tuple[str, datetime | None]],
    *,
    last_run: datetime | None = None,
) -> AsOf:
    """The given instant, else the newest of the inputs' (`what`, instant), but no earlier than the last run, if one is told.

    Raises InputError where a rule needs one and there is none, and where it is at an end of the calendar.
    """
    found = _chosen(ruleset, given, newest, last_run)
    if found.at is not None and not FIRST_YEAR <= found.at.year <= LAST_YEAR:
        raise InputError(
            f"the `as of` is in the year {found.at.year} ({found.reason}): a run looks from a year between {FIRST_YEAR} and {LAST_YEAR}",
            "say from when to look with `--as-of 2026-11-01`",
        )
    return found


def _chosen(
    ruleset: Ruleset, given: datetime | None, newest: list[tuple[str, datetime | None]], last_run: datetime | None
) -> AsOf:
    if given is not None:
        return AsOf(given, GIVEN)
    known = [(at, what) for what, at in newest if at is not None]
    if last_run is not None and all(at < last_run for at, _ in known):
        return AsOf(last_run, LAST_RUN)
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


def since_of(as_of: AsOf, before: datetime | None, given: datetime | None, calendar: Calendar) -> datetime | None:
    """From when on things are new: as given, else the previous run's `as of`, else a day before this one's.

    Raises InputError where this run would look from earlier than the state does, or than `since` is.
    """
    if before is not None and (as_of.at is None or as_of.at < before):
        here = (
            "the input has no times"
            if as_of.at is None
            else f"the `as of` is {_said(as_of.at, calendar)} ({as_of.reason})"
        )
        raise InputError(
            f"{here}, but the state is of {_said(before, calendar)}",
            f"look from no earlier than that: `--as-of {_said(before, calendar)}`; or look at the past with `--no-state`",
        )
    if given is not None and as_of.at is not None and given > as_of.at:
        raise InputError(
            f"`--since` {_said(given, calendar)} is after the `as of` {_said(as_of.at, calendar)} ({as_of.reason})",
            "things are new from `since` up to `as of`: say an earlier one",
        )
    if given is not None or as_of.at is None:
        return given
    if before is not None:
        return before
    start = calendar.shift(as_of.at, -1, "days")
    assert isinstance(start, datetime)
    return start


def leap(as_of: AsOf, before: datetime | None, jump: tuple[int, str] | None, calendar: Calendar) -> str | None:
    """What a guard says of an `as of` that is farther from the state's than `jump`, also of one that was given."""
    if jump is None or before is None or as_of.at is None:
        return None
    limit = calendar.shift(before, *jump)
    if not isinstance(limit, datetime) or as_of.at <= limit:
        return None
    return (
        f"the `as of` would be {_said(as_of.at, calendar)} ({as_of.reason}), more than `jump: {jump[0]} {jump[1]}` after "
        f"the state's ({_said(before, calendar)})"
    )


def _said(at: datetime, calendar: Calendar) -> str:
    return at.astimezone(ZoneInfo(calendar.zone)).isoformat()
