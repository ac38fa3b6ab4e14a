"""How dates and times are written: ISO 8601, the orders of the world, and formats that a source states.

In: text. Out: a `Moment` (a clock time, with its offset where it has one). A `Layout` is one way to write a date; a time
of day may follow it in any layout, for that is never in doubt. Zones, blanks and fields are for others to know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple

from leadrules.core.records import dataclass
from leadrules.core.text import half_width, nfc, trimmed

FIRST_YEAR = 1000
# The way out of a format by which nothing can be read.
DIRECTIVES = 'Write it with the directives of strftime, such as "%Y/%m/%d" or "%d.%m.%Y %H:%M".'
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

# What each directive of a format reads. White space may pad a number, as in "Apr  1"; ISO 8601 also writes "+02026".
_DIRECTIVES = {
    "Y": r"(?P<Y>\+?0*\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"\s*(?P<m>\d{1,2})",
    "d": r"\s*(?P<d>\d{1,2})",
    "H": r"\s*(?P<H>\d{1,2})",
    "I": r"\s*(?P<I>\d{1,2})",
    "M": r"\s*(?P<M>\d{1,2})",
    "S": r"\s*(?P<S>\d{1,2})",
    "f": r"(?P<f>\d+)",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?|午前|午後)",
    "z": r"(?P<z>Z|[+−-]\d{2}[:\s]*\d{2}(?::?\d{2})?)",
    "Z": r"(?P<Z>UTC|GMT|Z)",
    "b": r"(?P<b>[A-Za-z]{3,9})\.?",
    "B": r"(?P<B>[A-Za-z]{3,9})\.?",
    "a": r"(?P<a>[A-Za-z]{3,9})\.?",
    "A": r"(?P<A>[A-Za-z]{3,9})\.?",
    "%": "%",
}
# The parts of a date, and the directives that say them.
_NEEDED = {"year": {"Y", "y"}, "month": {"m", "b", "B"}, "day": {"d"}}
_SHORTHANDS = {
    "%F": "%Y-%m-%d",
    "%T": "%H:%M:%S",
    "%R": "%H:%M",
    "%D": "%m/%d/%y",
    "%e": "%d",
    "%h": "%b",
    "%-d": "%d",
    "%-m": "%m",
    "%-H": "%H",
    "%-I": "%I",
    "%-M": "%M",
    "%.f": ".%f",
    "%.3f": ".%f",
    "%.6f": ".%f",
}
_TIME = (
    r"(?:(?:\s*T|\s+|,\s*)(?P<before>午前|午後)?\s*(?P<H>\d{1,2}):\s*(?P<M>\d{1,2})(?::\s*(?P<S>\d{1,2})(?:[.,](?P<f>\d+))?)?"
    r"(?:\s*(?P<p>[AaPp]\.?[Mm]\.?))?"
    r"\s*(?P<z>Z|[+−-]\d{2}(?:[:\s]*\d{2})?|UTC|GMT)?)?"
)


class Moment(NamedTuple):
    """A clock time; `offset` is its distance from UTC where the text says so; `timed` whether it had a time of day."""

    clock: datetime
    offset: timedelta | None
    timed: bool


@dataclass(frozen=True)
class Layout:
    """One way to write dates: a format of the directives of strftime, with an example for messages."""

    format: str

    @property
    def has_time(self) -> bool:
        """Whether the format itself says where the time of day stands."""
        return any(f"%{directive}" in self._expanded for directive in "HIMSpf")

    @cached_property
    def example(self) -> str:
        """The first of April 2026 in this layout."""
        texts = {"Y": "2026", "y": "26", "m": "04", "d": "01", "H": "09", "I": "09", "M": "30", "S": "00", "f": "000",
                 "p": "AM", "z": "+00:00", "Z": "UTC", "b": "Apr", "B": "April", "a": "Wed", "A": "Wednesday", "%": "%"}  # fmt: skip
        return re.sub("%(.)", lambda found: texts.get(found[1], found[0]), self._expanded)

    @property
    def mistake(self) -> str | None:
        """Why nothing can be read by the format: what in it is no directive, stands twice, or is missing."""
        used = re.findall("%(.)", self._expanded)
        strange = next((one for one in used if one not in _DIRECTIVES), None)
        if strange is not None:
            return f"`%{strange}` means nothing in it"
        twice = next((one for one in used if one != "%" and used.count(one) > 1), None)
        if twice is not None:
            alike = [short for short, long in _SHORTHANDS.items() if long == f"%{twice}" and short in self.format]
            return f"`%{twice}` stands in it twice" + (f": `{alike[0]}` means the same" if alike else "")
        missing = [part for part, ways in _NEEDED.items() if not ways & set(used)]
        return f"it does not say the {' and the '.join(missing)}" if missing else None

    def read(self, text: str) -> Moment | None:
        """The moment that a trimmed text says, if it is written so."""
        found = self._regex.fullmatch(half_width(text))
        return _moment(found.groupdict()) if found else None

    def is_written(self, text: str) -> bool:
        """Whether a trimmed text is in this layout, were there such a day and time."""
        return self._regex.fullmatch(half_width(text)) is not None

    def native(self, text: str) -> str | None:
        """The format by which Polars reads texts written as this one is, if the text is in this layout."""
        found = self._regex.fullmatch(text)
        if found is None or _moment(found.groupdict()) is None:
            return None
        if self.has_time or found["H"] is None:
            return self._expanded.replace(".%f", "%.f")
        if found["before"] or "," in text[found.start("M") :]:
            return None
        gap = text[
            max(found.end(name) for name in "Yymdb" if name in found.groupdict() and found[name]) : found.start("H")
        ]
        return self._expanded + self._tail(gap) + _native_time(found)

    def _tail(self, gap: str) -> str:
        """The gap between date and time, without what the layout itself ends in."""
        end = re.split("%.", self._expanded)[-1]
        return gap[len(end) :].replace("%", "%%")

    @cached_property
    def _expanded(self) -> str:
        text = self.format
        for short, long in _SHORTHANDS.items():
            text = text.replace(short, long)
        return text

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        parts = re.split("(%.)", self._expanded)
        body = "".join(
            _DIRECTIVES.get(p[1], re.escape(p)) if p[:1] == "%" and len(p) == 2 else _literal(p) for p in parts
        )
        if re.search("%[YymdHIMS]%[YymdHIMS]", self._expanded):
            body = body.replace("{1,2}", "{2}").replace(r"\s*", "").replace(r"\+?0*", "")
        return re.compile(body if self.has_time else body + _TIME)


ISO = Layout("%Y-%m-%d")
MONTH_FIRST = (Layout("%m/%d/%Y"), Layout("%m-%d-%Y"))
DAY_FIRST = (Layout("%d/%m/%Y"), Layout("%d-%m-%Y"))
# The layouts that a column can be found to have. `1.4.2026` puts the day first wherever it is used.
FOUND = (
    ISO,
    Layout("%Y/%m/%d"),
    Layout("%Y.%m.%d"),
    Layout("%Y年%m月%d日"),
    Layout("%Y%m%d"),
    *MONTH_FIRST,
    *DAY_FIRST,
    Layout("%d.%m.%Y"),
    Layout("%b %d, %Y"),
    Layout("%b %d %Y"),
    Layout("%d %b %Y"),
    Layout("%d-%b-%Y"),
    Layout("%a, %d %b %Y"),
)


def read_as(layouts: Sequence[Layout], text: str) -> Moment | None:
    """The moment that a trimmed text says in the first of the layouts that it is written in."""
    return next((moment for moment in (layout.read(text) for layout in layouts) if moment), None)


@lru_cache(maxsize=64)
def layout(format: str) -> Layout:
    """The layout of a stated format."""
    return Layout(nfc(trimmed(format)))


def _native_time(found: re.Match[str]) -> str:
    clock = ("%I:%M" if found["p"] else "%H:%M") + (":%S" if found["S"] else "") + ("%.f" if found["f"] else "")
    half = (
        found.string[found.end("f" if found["f"] else "S" if found["S"] else "M") : found.start("p")] + "%p"
        if found["p"]
        else ""
    )
    if not found["z"]:
        return clock + half
    last = next(name for name in ("p", "f", "S", "M") if found[name])
    zone = found["z"] if found["z"].isalpha() else "%z"
    return clock + half + found.string[found.end(last) : found.start("z")] + zone


def _literal(text: str) -> str:
    return r"\s+".join(re.escape(part) for part in text.split(" "))


def _moment(parts: dict[str, str | None]) -> Moment | None:
    try:
        year, month, day = _year(parts), _month(parts), int(parts.get("d") or 1)
        hour = _hour(parts)
        second = int(parts.get("S") or 0)
        micro = int(((parts.get("f") or "") + "000000")[:6])
        if year < FIRST_YEAR or second > 60 or not _weekday(parts):
            return None
        # A leap second is read as the second after it.
        clock = datetime(year, month, day, hour, int(parts.get("M") or 0), min(second, 59), micro)  # noqa: DTZ001 - a clock time
        clock += timedelta(seconds=second == 60)
        offset = _offset(parts.get("z") or parts.get("Z"))
    except (ValueError, OverflowError):
        return None
    timed = (parts.get("H") or parts.get("I")) is not None
    return None if offset is not None and abs(offset) >= timedelta(days=1) else Moment(clock, offset, timed)


def _year(parts: dict[str, str | None]) -> int:
    if parts.get("Y"):
        return int(parts["Y"] or 0)
    short = int(parts["y"] or 0)
    return short + (2000 if short < 69 else 1900)


def _month(parts: dict[str, str | None]) -> int:
    name = parts.get("b") or parts.get("B")
    if not name:
        return int(parts["m"] or 0)
    word = name.lower()
    names = _MONTHS if len(word) == 3 else MONTHS
    return names.index("sep" if word == "sept" else word) + 1 if word != "sept" else 9


def _weekday(parts: dict[str, str | None]) -> bool:
    name = parts.get("a") or parts.get("A")
    return not name or name.lower() in _DAYS or name.lower() in _LONG_DAYS


def _hour(parts: dict[str, str | None]) -> int:
    half = parts.get("p") or parts.get("before")
    hour = int(parts.get("H") or parts.get("I") or 0)
    if not half:
        if parts.get("I") is not None:
            raise ValueError("a 12-hour time says whether it is before or after noon")
        return hour
    if not (0 if half in ("午前", "午後") else 1) <= hour <= 12:
        raise ValueError("not an hour of a 12-hour clock")
    afternoon = half == "午後" or half[0] in "Pp"
    return hour % 12 + 12 * afternoon


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text in ("Z", "UTC", "GMT"):
        return timedelta()
    digits = re.sub(r"[:\s]", "", text[1:]) + "0000"
    hours, minutes = int(digits[:2]), int(digits[2:4])
    if minutes > 59:
        raise ValueError("an offset has less than 60 minutes")
    return timedelta(hours=hours, minutes=minutes) * (1 if text[0] == "+" else -1)
