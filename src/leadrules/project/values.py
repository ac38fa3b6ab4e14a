"""The small notations of leadrules.yaml and team.yaml: days, durations, shares, dates, ranges, zones, countries.

In: a text. Out: its value, or None where it is not one. Knows no file and makes no finding.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from leadrules.core.text import nearest
from leadrules.core.types import Unit

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ABBREVIATED = {
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "SGT": "Asia/Singapore",
    "IST": "Asia/Kolkata",
    "BST": "Europe/London",
    "CEST": "Europe/Paris",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
}
_RANGE = re.compile(r"\s*(\w+)\s*(?:[-–]\s*(\w+)\s*)?")
_LIMIT = re.compile(r"(?:[0-9]{1,2}(?:\.[0-9]+)?|100(?:\.0+)?)%|[0-9]{1,9}", re.ASCII)
_UNITS: dict[str, Unit] = {
    "minute": "minutes",
    "hour": "hours",
    "day": "days",
    "business day": "business days",
    "week": "weeks",
    "month": "months",
    "quarter": "quarters",
    "year": "years",
}
_DURATION = re.compile(rf"\s*([0-9]+)\s+({'|'.join(_UNITS)})s?\s*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_number(word: str) -> int | None:
    """1 for `Mon` or `Monday`, 7 for `Sun`, in any case."""
    small = word.strip().lower()
    for number, (short, full) in enumerate(zip(DAYS, _FULL_DAYS, strict=True), start=1):
        if small in (short.lower(), full):
            return number
    return None


def days(parts: list[str]) -> tuple[int, ...] | str:
    """`Mon-Fri`, `Sun-Thu`, `Mon, Wed, Fri` as numbers from 1, Monday; the part that is no day where there is one."""
    found: set[int] = set()
    for part in (piece for text in parts for piece in text.split(",")):
        match = _RANGE.fullmatch(part)
        first = day_number(match[1]) if match else None
        last = day_number(match[2]) if match and match[2] else first
        if match is None or first is None or last is None:
            return part.strip() if match is None else match[1] if first is None else match[2]
        found.update((first - 1 + step) % 7 + 1 for step in range((last - first) % 7 + 1))
    return tuple(sorted(found))


def duration(text: str) -> tuple[int, Unit] | None:
    """`7 days` as (7, "days"); the unit is plural whatever was written."""
    match = _DURATION.fullmatch(text)
    return (int(match[1]), _UNITS[match[2]]) if match else None


def limit(value: str | int) -> tuple[float, bool]:
    """`5%` as (0.05, a share), 2000 as (2000, a count)."""
    if isinstance(value, str):
        return round(float(value.rstrip("%")) / 100, 12), True
    return float(value), False


def limit_of(text: str) -> tuple[float, bool] | None:
    """A share or a count as the command line says it; None where it is neither."""
    text = text.strip()
    if not _LIMIT.fullmatch(text):
        return None
    return limit(text if text.endswith("%") else int(text))


def iso_date(text: str) -> str | None:
    """The date itself if it is in the calendar."""
    text = text.strip()
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def date_range(text: str) -> tuple[str, str] | None:
    """`2026-12-29..2027-01-03`, or one date, as its first and last day; None too where it runs backwards."""
    first, _, last = text.partition("..")
    start, end = iso_date(first), iso_date(last or first)
    return (start, end) if start and end and start <= end else None


def looks_like_a_date(text: str) -> bool:
    """Whether a text can only have been meant as a date: it begins with a digit."""
    return text.strip()[:1].isdigit()


@cache
def countries() -> dict[str, str]:
    """The countries of the holidays library: two-letter code to English name."""
    from holidays.registry import COUNTRIES

    return {codes[1]: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", codes[0]) for codes in COUNTRIES.values()}


def country(text: str) -> str | None:
    """The code of a country that the holidays library knows, in capitals."""
    code = text.strip().upper()
    return code if code in countries() else None


def country_help(text: str) -> str:
    """The way out for a country that is not known."""
    code = _country_meant(text.strip())
    if code is None:
        return "A country is its two-letter code, such as `JP`; dates are written 2026-12-29."
    return f"Did you mean `{code}` ({countries()[code]})?"


def _country_meant(text: str) -> str | None:
    from holidays.registry import COUNTRIES

    by_long_code = {long: codes[1] for codes in COUNTRIES.values() for long in codes[2:]} | {"UK": "GB"}
    by_name = {name: code for code, name in countries().items()}
    if text.upper() in by_long_code:
        return by_long_code[text.upper()]
    name = nearest(text, by_name) if len(text) > 3 else None
    if name is not None:
        return by_name[name]
    return nearest(text, countries()) if len(text) <= 3 else None


@cache
def _shipped_zones() -> frozenset[str]:
    """The IANA time zones of the package tzdata, which is a list to read; the system's are a folder to search."""
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zones() -> frozenset[str]:
    """All IANA time zones."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def zone_exists(name: str) -> bool:
    """Whether the time zone is known; only lists are asked, so no path of this machine can be named."""
    return name in _shipped_zones() or name in zones()


def zone_meant(name: str) -> str | None:
    """The time zone that was probably meant by a name that is none: of an abbreviation, a city or a slip."""
    abbreviated = _ABBREVIATED.get(name.strip().upper())
    if abbreviated is not None:
        return abbreviated
    near = nearest(name, sorted(zones())) if "/" in name else None
    if near is not None:
        return near
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(zones())}
    city = nearest(name.replace(" ", "_").rpartition("/")[2], cities)
    return cities[city] if city is not None else None


def zone_help(name: str) -> str:
    """The way out for a time zone that is not known."""
    near = zone_meant(name)
    if near is None:
        return "Use an IANA name such as `Asia/Tokyo` or `UTC`."
    is_short = name.strip().upper() in _ABBREVIATED
    return f"Did you mean `{near}`?{' Abbreviations are ambiguous.' if is_short else ''}"
