"""When somebody works, and until when they are to answer.

In: a rep's hours, days off and time away, or the project's week. Out: whether they are away on a day, at work at an
instant, and the instant at which so much of their working time has gone by. Knows no lead and no route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import date, datetime, time, timedelta

from leadrules.core.calendar import Calendar, country_days_off
from leadrules.core.records import dataclass
from leadrules.project.model import Hours, Rep
from leadrules.ruleset.model import Duration

OPENS, CLOSES = "09:00", "18:00"
MIDNIGHT = "24:00"
_DAY = timedelta(days=1)
# Whoever has not worked for so many days never will: a response is then due at no time.
HORIZON = 20_000


@dataclass(frozen=True, slots=True)
class DaysOff:
    """The project's days off, and one rep's own: a country's, single dates, and time away."""

    project: Calendar
    country: str | None = None
    dates: frozenset[date] = frozenset()
    away: tuple[tuple[date, date], ...] = ()

    def __contains__(self, day: date) -> bool:
        """Whether nobody is to be expected on a day."""
        return (
            self.project.is_holiday(day)
            or day in self.dates
            or any(first <= day <= last for first, last in self.away)
            or (self.country is not None and day in country_days_off(self.country, day.year))
        )


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The hours of somebody, in their own zone, on the days that are not off."""

    clock: Calendar
    days: frozenset[int]
    opens: time
    closes: time | None  # None: midnight at the end of the day
    off: DaysOff
    _windows: dict[date, tuple[datetime, datetime] | None] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def is_away(self, day: date) -> bool:
        """Whether a day is off, whatever the day of the week."""
        return day in self.off

    def is_open(self, at: datetime) -> bool:
        """Whether an instant is within working hours, their end not included."""
        window = self.window(self.clock.day_of(at))
        return window is not None and window[0] <= at < window[1]

    def window(self, day: date) -> tuple[datetime, datetime] | None:
        """The instants at which a local day's work begins and ends; None on a day off."""
        if day not in self._windows:
            self._windows[day] = self._find_window(day)
        return self._windows[day]

    def _find_window(self, day: date) -> tuple[datetime, datetime] | None:
        if day.isoweekday() not in self.days or day in self.off:
            return None
        begins = self.clock.instant(datetime.combine(day, self.opens))
        if self.closes is None:
            return begins, self.clock.midnight(day + _DAY)
        return begins, self.clock.instant(datetime.combine(day, self.closes))

    def due(self, at: datetime, length: Duration) -> datetime | None:
        """The instant at which this much working time has gone by since another; days are working days.

        From weeks on the calendar counts, and the end moves on to the next opening.
        """
        if length.unit in ("minutes", "hours"):
            return self._after(at, timedelta(**{length.unit: length.count}))
        if length.unit in ("days", "business days"):
            return self._days_after(at, length.count)
        begun = self._after(at, timedelta())
        end = None if begun is None else self.clock.shift(begun, length.count, length.unit)
        return self._after(end, timedelta()) if isinstance(end, datetime) else None

    def _after(self, at: datetime, left: timedelta) -> datetime | None:
        for opens, ends in self._work_from(at):
            begins = max(opens, at)
            if begins < ends and left <= ends - begins:
                return begins + left
            left -= max(ends - begins, timedelta())
        return None

    def _days_after(self, at: datetime, count: int) -> datetime | None:
        begun = self._after(at, timedelta())
        if begun is None:
            return None
        clock = self.clock.local(begun).time()
        for passed, (begins, _) in enumerate(self._work_from(begun)):
            if passed == count:
                return self.clock.instant(datetime.combine(self.clock.day_of(begins), clock))
        return None

    def _work_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = self.clock.day_of(at)
        for _ in range(HORIZON):
            window = self.window(day)
            if window is not None:
                yield window
            if day >= date.max - _DAY:
                return
            day += _DAY


def project_hours(calendar: Calendar) -> WorkingTime:
    """The project's week, 09:00 to 18:00."""
    return _working_time(calendar, Hours(calendar.week, OPENS, CLOSES), DaysOff(calendar))


def rep_hours(calendar: Calendar, rep: Rep) -> WorkingTime:
    """A rep's hours, or the project's where none are given, without the days on which the rep is away."""
    off = DaysOff(calendar, rep.holidays, frozenset(_dates(rep.holiday_dates)), tuple(map(_span, rep.away)))
    return _working_time(calendar, rep.hours or Hours(calendar.week, OPENS, CLOSES), off)


def _working_time(calendar: Calendar, hours: Hours, off: DaysOff) -> WorkingTime:
    zone = calendar if hours.timezone in (None, calendar.zone) else Calendar(str(hours.timezone))
    closes = None if hours.end == MIDNIGHT else time.fromisoformat(hours.end)
    return WorkingTime(zone, frozenset(hours.days), time.fromisoformat(hours.start), closes, off)


def _dates(texts: Iterable[str]) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


def _span(texts: tuple[str, str]) -> tuple[date, date]:
    first, last = _dates(texts)
    return first, last
