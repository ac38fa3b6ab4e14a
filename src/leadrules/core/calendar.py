"""The one place that knows time zones, working days, months and windows.

In: moments (dates, and aware datetimes), lengths as a count and a unit. Out: other moments, and tables of offsets and
days off for the column forms in core/functions. Refuses to know what the time is.

Days to years are calendar steps in the project's zone, minutes and hours are exact. A local time that does not exist
moves forward by the length of the gap; one that exists twice is the first. What leaves the years 1 to 9999 is blank.
"""

from __future__ import annotations

import sys
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from leadrules.core.records import dataclass
from leadrules.core.types import Unit

Length = tuple[int, Unit]  # a duration literal: how many of what

# A run looks some months back and ahead of its `as of`.
FIRST_YEAR, LAST_YEAR = 1000, 9000
MONTHS: dict[str, int] = {"months": 1, "quarters": 3, "years": 12}
DAYS: dict[str, int] = {"days": 1, "weeks": 7}
_DAY = timedelta(days=1)
_FIRST = datetime(1, 1, 1)  # noqa: DTZ001 - a clock time
_TICK = timedelta(microseconds=1)
# How long a length is where it is compared with another; business days have no such length.
_NOMINAL: dict[str, timedelta] = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": _DAY,
    "weeks": timedelta(days=7),
    "months": timedelta(days=30),
    "quarters": timedelta(days=90),
    "years": timedelta(days=365),
}


@dataclass(frozen=True, slots=True)
class Offsets:
    """A zone as steps: from `starts[i]` (microseconds since 1970, UTC or local) on, local time is UTC + `offsets[i]`."""

    starts: tuple[int, ...]
    offsets: tuple[int, ...]


def nominal(count: int, unit: str) -> timedelta | None:
    """The length that stands for a duration in a comparison; a month is 30 days, a quarter 90, a year 365.

    >>> nominal(2, "weeks")
    datetime.timedelta(days=14)
    """
    length = _NOMINAL.get(unit)
    return None if length is None else count * length


def add_months(day: date, months: int) -> date | None:
    """The same day of another month, or that month's last day.

    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def end_of_month(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def calendar_date(year: float, month: float, day: float) -> date | None:
    """The date of these three numbers, or None where there is none (30 February, month 1.5)."""
    if not (float(year).is_integer() and float(month).is_integer() and float(day).is_integer()):
        return None
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None


def zone_rules(zone: str) -> bytes:
    """What the computer knows of a time zone, to compare: governments change the clocks, and an update says since when."""
    from importlib.resources import files

    parts = zone.split("/")
    of_system = (Path(folder, *parts) for folder in TZPATH)
    found = next((file for file in of_system if file.is_file()), None)
    return found.read_bytes() if found else files("tzdata").joinpath("zoneinfo", *parts).read_bytes()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A zone, its working days (1 is Monday) and its days off: those of a country, and single dates (ISO)."""

    zone: str = "UTC"
    week: tuple[int, ...] = (1, 2, 3, 4, 5)
    country: str | None = None
    dates: tuple[str, ...] = ()
    _tz: ZoneInfo = field(init=False, repr=False, compare=False)
    _dates: frozenset[date] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Open the zone. Raises ZoneInfoNotFoundError for one that does not exist: the project file is checked before."""
        object.__setattr__(self, "_tz", ZoneInfo(self.zone))
        object.__setattr__(self, "_dates", frozenset(map(date.fromisoformat, self.dates)))

    # -- the zone ---------------------------------------------------------------------------------------------------

    def local(self, moment: datetime) -> datetime:
        """The local clock time (naive) of an aware datetime; the edge of time stays where it is."""
        try:
            return moment.astimezone(self._tz).replace(tzinfo=None, fold=0)
        except OverflowError:
            return moment.replace(tzinfo=None)

    def instant(self, local: datetime) -> datetime:
        """The instant (aware, UTC) of a local clock time."""
        # With fold=0 Python reads a time in a gap with the offset before it, which moves it forward by the gap, and
        # a time that exists twice as the first.
        try:
            return local.replace(tzinfo=self._tz, fold=0).astimezone(UTC)
        except OverflowError:
            return local.replace(tzinfo=UTC)

    def day_of(self, moment: date) -> date:
        """The local date of a date or datetime."""
        return self.local(moment).date() if isinstance(moment, datetime) else moment

    def midnight(self, day: date) -> datetime:
        """The instant at which a date begins."""
        return self.instant(datetime.combine(day, time()))

    def back(self, at: datetime, count: int, unit: str) -> datetime:
        """The instant that lies a length before another; one before all data where that is beyond the calendar."""
        moved = self.shift(at, -count, unit)
        return moved if isinstance(moved, datetime) else datetime(FIRST_YEAR - 1, 1, 1, tzinfo=UTC)

    def end_of_day(self, day: date) -> datetime:
        """The last microsecond of a date: an event of the next midnight comes after it."""
        return self.midnight(day + _DAY) - _TICK if day < date.max else datetime.max.replace(tzinfo=UTC)

    def seconds_of(self, day: date) -> tuple[float, float]:
        """The instants, in seconds since 1970, at which a date begins and the next one does, also after the last one."""
        return self.midnight(day).timestamp(), float(round(self.end_of_day(day).timestamp()))

    def as_instant(self, moment: date) -> datetime:
        """A datetime itself, a date as its local midnight."""
        return moment if isinstance(moment, datetime) else self.midnight(moment)

    # -- steps ------------------------------------------------------------------------------------------------------

    def shift(self, moment: date, count: int, unit: str) -> date | None:
        """A date or datetime, moved by a length: a date by days to years stays a date."""
        if unit in ("minutes", "hours"):
            return self._by_clock(moment, count, unit)
        if not isinstance(moment, datetime):
            return self.shift_day(moment, count, unit)
        local = self.local(moment)
        day = self.shift_day(local.date(), count, unit)
        return None if day is None else self.instant(datetime.combine(day, local.time()))

    def _by_clock(self, moment: date, count: int, unit: str) -> datetime | None:
        try:
            return self.add(moment, count * _NOMINAL[unit])
        except OverflowError:
            return None

    def shift_day(self, day: date, count: int, unit: str) -> date | None:
        """A date, moved by days, business days, weeks, months, quarters or years."""
        if unit == "business days":
            return self.working_day(day, count)
        if unit in MONTHS:
            return add_months(day, count * MONTHS[unit])
        try:
            return day + count * DAYS[unit] * _DAY
        except OverflowError:
            return None

    def add(self, moment: date, length: timedelta) -> datetime | None:
        """A date (from its local midnight) or datetime, moved by an exact length."""
        try:
            return self.as_instant(moment) + length
        except OverflowError:
            return None

    def difference(self, a: date, b: date) -> timedelta:
        """a - b: exact between datetimes, whole days where one of the two is a date."""
        if isinstance(a, datetime) and isinstance(b, datetime):
            return a - b
        return self.day_of(a) - self.day_of(b)

    # -- working days -----------------------------------------------------------------------------------------------

    def is_working(self, day: date) -> bool:
        """Whether a date is in the week and no day off."""
        return day.isoweekday() in self.week and not self.is_holiday(day)

    def is_holiday(self, day: date) -> bool:
        """Whether a date is a day off of the country or one of the single dates."""
        return day in self._dates or (self.country is not None and day in country_days_off(self.country, day.year))

    def working_day(self, day: date, count: int) -> date | None:
        """The count-th working day after a date (before it, below 0); 0 stays. A week without working days has none."""
        if not count:
            return day
        if not self.week:
            return None
        step = _DAY if count > 0 else -_DAY
        left = abs(count)
        try:
            while left:
                day += step
                left -= self.is_working(day)
        except OverflowError:
            return None
        return day

    def next_working(self, day: date) -> date | None:
        """The date itself if it is a working day, else the next one."""
        return day if self.is_working(day) else self.working_day(day, 1)

    def days_off(self, first: int, last: int) -> list[date]:
        """The days off of these years, in order."""
        days = {day for day in self._dates if first <= day.year <= last}
        if self.country is not None:
            for year in range(max(first, 1), min(last, 9999) + 1):
                days |= country_days_off(self.country, year)
        return sorted(days)

    # -- tables for columns -----------------------------------------------------------------------------------------

    def offsets(self, years: Iterable[int], *, local: bool = False) -> Offsets:
        """The zone's offsets over these years, by UTC or, with `local`, by local clock time as `instant` reads it."""
        steps: list[tuple[int, int]] = []
        around = {near for year in years for near in (year - 1, year, year + 1) if 1 <= near <= 9999}
        for year in sorted(around):
            steps.extend(_steps(self.zone, year, local))
        steps.sort()
        kept = [step for at, step in enumerate(steps) if not at or step[1] != steps[at - 1][1]]
        return Offsets(tuple(start for start, _ in kept), tuple(offset for _, offset in kept))


@lru_cache(maxsize=512)
def country_days_off(country: str, year: int) -> frozenset[date]:
    """A country's days off in a year; observed ones are among them. `US-CA` is a subdivision."""
    import holidays

    _load_countries_by_need()
    name, _, subdivision = country.partition("-")
    return frozenset(holidays.country_holidays(name, subdiv=subdivision or None, years=year))


@lru_cache(maxsize=1)
def _load_countries_by_need() -> None:
    """Let a country be loaded without the 250 others, which take 0.1 s: their package loads them all as it begins."""
    spec = find_spec("holidays.countries")
    if spec is not None and spec.name not in sys.modules:
        sys.modules[spec.name] = module_from_spec(spec)  # not executed: it only says where the countries are


@lru_cache(maxsize=1024)
def _steps(zone: str, year: int, local: bool) -> tuple[tuple[int, int], ...]:
    """Where the offset of a zone stands at the start of a year, and where it changes within it: (from, offset)."""
    steps = []
    before: int | None = None
    for start, found in _changes(ZoneInfo(zone), year):
        # West of UTC the first instants have no local time; the first local time has an offset all the same.
        is_first = local and before is None and year == 1
        offset = (ZoneInfo(zone).utcoffset(_FIRST) or timedelta()) // _TICK if is_first else found
        # In a gap and in an overlap the offset before goes on to hold: up to the larger of the two local times.
        shown = start + (offset if before is None else max(before, offset)) if local else start
        steps.append((shown, offset))
        before = offset
    return tuple(steps)


def _changes(tz: ZoneInfo, year: int) -> Iterator[tuple[int, int]]:
    """The start of a year (UTC) and each change of offset within it, in microseconds."""
    at = _micros(datetime(year, 1, 1, tzinfo=UTC))
    end = _micros(datetime(year, 12, 31, tzinfo=UTC)) + 86_400_000_000
    offset = _offset(tz, at)
    yield at, offset
    while at < end:
        later = min(at + 43_200_000_000, end - 1)
        after = _offset(tz, later)
        if after != offset:
            yield _change(tz, at, later, offset), after
            offset = after
        at = later + 1 if later == end - 1 else later


def _change(tz: ZoneInfo, low: int, high: int, offset: int) -> int:
    """The first second between two instants at which the offset is no longer this one."""
    low, high = low // 1_000_000, -(-high // 1_000_000)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(tz, middle * 1_000_000) == offset:
            low = middle
        else:
            high = middle
    return high * 1_000_000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _TICK


def _offset(tz: ZoneInfo, micros: int) -> int:
    moment = _EPOCH + timedelta(microseconds=micros)
    try:
        offset = moment.astimezone(tz).utcoffset()
    except OverflowError:
        offset = None
    return (offset or timedelta()) // _TICK
