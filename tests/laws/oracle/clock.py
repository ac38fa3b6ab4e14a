"""Days, working hours and send windows by plain datetime and zoneinfo.

In: instants (aware, UTC) and lengths. Out: other instants. Shares nothing with core/calendar.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from leadrules.project.model import Hours, Rep
from leadrules.ruleset.model import Duration, Sequence, Settings

DAY = timedelta(days=1)
MONTHS = {"months": 1, "quarters": 3, "years": 12}


class Clock:
    """The project's zone, week and days off."""

    def __init__(self, settings: Settings) -> None:
        self.zone = settings.timezone
        self.week = settings.week
        self.country = settings.holiday_country
        self.dates = frozenset(settings.holiday_dates)

    def local(self, at: datetime, zone: str | None = None) -> datetime:
        """The naive clock time of an instant."""
        return at.astimezone(ZoneInfo(zone or self.zone)).replace(tzinfo=None, fold=0)

    def instant(self, local: datetime, zone: str | None = None) -> datetime:
        """The instant of a naive clock time: the first of two, the later side of a gap."""
        return local.replace(tzinfo=ZoneInfo(zone or self.zone), fold=0).astimezone(UTC)

    def day(self, at: datetime) -> date:
        """The project's calendar day of an instant."""
        return self.local(at).date()

    def is_off(self, day: date) -> bool:
        """Whether the project has a holiday."""
        return day.isoformat() in self.dates or is_country_holiday(self.country, day)

    def is_working(self, day: date) -> bool:
        """Whether the project works on a day."""
        return day.isoweekday() in self.week and not self.is_off(day)

    def working(self, day: date) -> date:
        """The day, or the next one that is worked on."""
        while not self.is_working(day):
            day += DAY
        return day

    def plus_working(self, day: date, count: int) -> date:
        """The count-th working day after a day."""
        for _ in range(count):
            day = self.working(day + DAY)
        return day

    def plus(self, at: datetime, length: Duration, *, business: bool = False) -> datetime:
        """An instant moved on by a length; `business` counts days as working days."""
        count, unit = length.count, length.unit
        if unit in ("minutes", "hours"):
            return at + (timedelta(minutes=count) if unit == "minutes" else timedelta(hours=count))
        local = self.local(at)
        if unit == "business days" or (business and unit == "days"):
            day = self.plus_working(local.date(), count)
        elif unit in MONTHS:
            day = plus_months(local.date(), count * MONTHS[unit])
        else:
            day = local.date() + timedelta(days=count * (7 if unit == "weeks" else 1))
        return self.instant(datetime.combine(day, local.time()))

    def minus(self, at: datetime, count: int, unit: str) -> datetime:
        """An instant moved back by days, hours or minutes."""
        if unit in ("minutes", "hours"):
            return at - timedelta(**{unit: count})
        local = self.local(at)
        back = timedelta(days=count * (7 if unit == "weeks" else 1))
        return self.instant(datetime.combine(local.date() - back, local.time()))

    # -- sequences ------------------------------------------------------------------------------------------------------

    def schedule(self, sequence: Sequence, enrolled: datetime) -> list[datetime]:
        """When each step is due."""
        local = self.local(enrolled)
        first = self.working(local.date()) if sequence.business_days else local.date()
        dues: list[datetime] = []
        for step in sequence.steps:
            if step.wait is not None:
                due = self.plus(dues[-1], step.wait, business=sequence.business_days)
            else:
                assert step.day is not None
                days = step.day - 1
                day = self.plus_working(first, days) if sequence.business_days else first + timedelta(days=days)
                due = self.instant(datetime.combine(day, time.fromisoformat(step.at) if step.at else local.time()))
                due = enrolled if step.at is None and day == local.date() else due
            if step.after is not None:
                due = self.plus(due, step.after, business=sequence.business_days)
            is_exact = step.after is not None and sequence.window is None
            dues.append(due if is_exact else self.opening(sequence, due))
        return dues

    def opening(self, sequence: Sequence, due: datetime) -> datetime:
        """The due time, or the next one that the send window and the working days allow."""
        if sequence.window is None:
            local = self.local(due)
            if not sequence.business_days or self.is_working(local.date()):
                return due
            return self.instant(datetime.combine(self.working(local.date()), local.time()))
        start, end, zone = sequence.window
        local = self.local(due, zone)
        day, clock = local.date(), local.time()
        opens = not sequence.business_days or self.is_working(day)
        if opens and at_time(start) <= clock and (end == "24:00" or clock < at_time(end)):
            return due
        if not (opens and clock < at_time(start)):
            day += DAY
        if sequence.business_days:
            day = self.working(day)
        return self.instant(datetime.combine(day, at_time(start)), zone)

    # -- reps -----------------------------------------------------------------------------------------------------------

    def is_away(self, rep: Rep, day: date) -> bool:
        """Whether a rep does not work on a day because of an absence or a holiday."""
        text = day.isoformat()
        return (
            any(first <= text <= last for first, last in rep.away)
            or text in rep.holiday_dates
            or is_country_holiday(rep.holidays, day)
            or self.is_off(day)
        )

    def hours_of(self, rep: Rep | None) -> Hours:
        """A rep's working hours; a queue's and the default are the project's week from 09:00 to 18:00."""
        return rep.hours if rep is not None and rep.hours is not None else Hours(self.week, "09:00", "18:00", None)

    def is_on_shift(self, rep: Rep, at: datetime) -> bool:
        """Whether a rep is at work at an instant."""
        hours = self.hours_of(rep)
        local = self.local(at, hours.timezone)
        inside = at_time(hours.start) <= local.time() and (hours.end == "24:00" or local.time() < at_time(hours.end))
        return local.date().isoweekday() in hours.days and inside and not self.is_away(rep, local.date())

    def respond_by(self, start: datetime, within: Duration, rep: Rep | None) -> datetime:
        """When the working hours of a length are over; days are working days, at the clock time at which they began."""
        hours = self.hours_of(rep)
        if within.unit in ("days", "business days"):
            begun = self.respond_by(start, Duration(0, "minutes"), rep)
            return self.days_later(begun, within.count, rep)
        left = timedelta(**{within.unit: within.count})
        day = self.local(start, hours.timezone).date()
        while True:
            off = self.is_off(day) if rep is None else self.is_away(rep, day)
            if day.isoweekday() in hours.days and not off:
                opens = max(start, self.instant(datetime.combine(day, at_time(hours.start)), hours.timezone))
                last = day + DAY if hours.end == "24:00" else day
                end = time() if hours.end == "24:00" else at_time(hours.end)
                closes = self.instant(datetime.combine(last, end), hours.timezone)
                if closes > opens and closes - opens >= left:
                    return opens + left
                left -= max(closes - opens, timedelta())
            day += DAY

    def days_later(self, begun: datetime, count: int, rep: Rep | None) -> datetime:
        """The same clock time so many of somebody's working days later."""
        hours = self.hours_of(rep)
        local = self.local(begun, hours.timezone)
        day = local.date()
        while count:
            day += DAY
            off = self.is_off(day) if rep is None else self.is_away(rep, day)
            count -= day.isoweekday() in hours.days and not off
        return self.instant(datetime.combine(day, local.time()), hours.timezone)


def at_time(text: str) -> time:
    """A clock time; `24:00` is handled where it may stand."""
    return time.fromisoformat(text)


def plus_months(day: date, months: int) -> date:
    """The same day some months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def is_country_holiday(country: str | None, day: date) -> bool:
    """Whether a country has a day off."""
    return country is not None and day in holidays.country_holidays(country, years=day.year)
