"""The kind of a column, found in its values: a number where nearly all of them are numbers, and so on.

In: a header and how often each of its values stands there. Out: `Found`: the narrowest kind that all but a few cells have,
those few, what else means a blank, how dates are written, and the values that stand there often. The readers are those
of a run, so a misfit is what a run will reject.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from leadrules.core import types
from leadrules.core.calendar import Calendar
from leadrules.core.dates import DAY_FIRST, FOUND, ISO, MONTH_FIRST, Layout
from leadrules.core.records import dataclass
from leadrules.core.text import fold, is_printable, nearest
from leadrules.data.cells import NO, YES, Bad, CellReader, parse_number
from leadrules.project.model import Field

Kind = Literal["text", "email", "choice", "set", "number", "integer", "yesno", "date", "datetime"]
Counts = Mapping[str, int]

SURE_BLANKS = frozenset(fold(w) for w in ("null", "(null)", "n/a", "#n/a", "unknown", "undefined", "不明", "(blank)"))
LIKELY_BLANKS = SURE_BLANKS | frozenset(
    fold(w) for w in ("na", "nan", "none", "nil", "-", "--", "?", "なし", "未設定", "未入力")
)
ENOUGH = 0.97
MOST_OFTEN = 20
MOST_CHOICES = 12
MOST_SEEN = 200
_SLIP = 100
_SHORTEST_SLIP = 4
_LONGEST_CHOICE = 60
_OFTEN = 0.05
_MOST_ITEMS = 60
_IDENTIFIER = re.compile(r"(^|_)(id|uuid|guid|fid|zip|postal|postcode|phone|mobile|tel|fax|password|hash)(_|$)")
_IDENTIFIER_JA = re.compile("番号|コード|電話|郵便|携帯")
_COUNT = re.compile(r"(^|_)(count|number|num|no|score|visits|views|clicks|times|days)(_|$)|数|回")
_PERSONAL = re.compile(
    r"(^|_)(name|e?mail|email_address|street|address|city|company|notes?|comments?|subject|url)(_|$)|名前|氏名|住所|会社名|備考|メール"
)
_HASH = re.compile(r"(?=.*\d)[A-Za-z0-9+/_-]{16,}={0,2}|[A-Za-z0-9+/]{14,}={1,2}")
_DATE_NAME = re.compile(r"date|time|day|_at$|_on$|created|日")


@dataclass(frozen=True, slots=True)
class Found:
    """What a column holds. `misfits` are the cells that are not of the kind; `often` the values of a choice, or of a text that has few."""

    kind: Kind
    misfits: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    often: tuple[str, ...] = ()


def find_kind(header: str, real: Counts) -> Found:
    """The narrowest kind that nearly every value has, likely blanks apart."""
    likely = tuple(sorted(value for value in real if fold(value) in LIKELY_BLANKS))
    sure = {value: count for value, count in real.items() if fold(value) not in LIKELY_BLANKS}
    if not sure:
        return Found("text")
    name = snake(header)
    found = None if _is_identifier(name) else _narrow(name, sure)
    found = found or _email(sure)
    if found is not None:
        blanks = likely or (_sentinel(real) if found.kind in ("integer", "number") else ())
        return replace(found, blanks=blanks)
    return Found("set") if _is_set(real) else _choice(name, real)


def _misfits(values: Counts, fits: Callable[[str], bool]) -> tuple[str, ...] | None:
    """The values that do not fit; None where they stand in too many cells, at the first that is too many."""
    left = (1 - ENOUGH) * sum(values.values())
    wrong = []
    for value, count in values.items():
        if not fits(value):
            left -= count
            wrong.append(value)
            if left < 0:
                return None
    return tuple(wrong)


def _cells(values: Counts, some: Iterable[str]) -> int:
    """How many cells hold some of the values."""
    return sum(values[value] for value in some)


def _narrow(name: str, values: Counts) -> Found | None:
    return _moments(name, values) or _yesno(name, values) or _numbers(values)


def _moments(name: str, values: Counts) -> Found | None:
    """Dates, by the layouts that read most cells; of day first and month first both, where nothing tells which."""
    if all(value.isdigit() for value in values) and not _DATE_NAME.search(name):
        return None
    tried = {layout: _misfits(values, partial(_reads, layout)) for layout in FOUND}
    unread = {layout: (wrong, _cells(values, wrong)) for layout, wrong in tried.items() if wrong is not None}
    if not unread:
        return None
    least = min(cells for _, cells in unread.values())
    fitting = [layout for layout, (_, cells) in unread.items() if cells == least]
    first = fitting[0]
    pair = [layout for layout in fitting if layout in MONTH_FIRST or layout in DAY_FIRST]
    chosen = tuple(pair[:2]) if first in MONTH_FIRST and any(layout in DAY_FIRST for layout in pair) else (first,)
    moments = (first.read(value) for value in values)
    timed = any(moment is not None and moment.timed for moment in moments)
    return Found("datetime" if timed else "date", unread[first][0], layouts=chosen)


def _yesno(name: str, values: Counts) -> Found | None:
    wrong = _misfits(values, lambda value: fold(value) in YES | NO)
    if wrong is None or any(parse_number(value) is not None for value in wrong):
        return None
    words = {fold(value) for value in values if value not in wrong}
    digits = words <= {"0", "1"}
    return Found("yesno", wrong) if not digits or (len(words) == 2 and not _COUNT.search(name)) else None


def _numbers(values: Counts) -> Found | None:
    if any(re.match(r"[-+]?0\d", value) for value in values):
        return None
    wrong = _bad(values, Field("x", types.NUMBER))
    if wrong is None:
        return None
    read = values.keys() - set(wrong)
    whole = all("." not in value for value in read) and all((parse_number(value) or 0) % 1 == 0 for value in read)
    return Found("integer" if whole else "number", wrong)


def _email(values: Counts) -> Found | None:
    wrong = _bad(values, Field("x", types.TEXT, format="email"))
    return Found("email", wrong) if wrong is not None else None


def _bad(values: Counts, field: Field) -> tuple[str, ...] | None:
    reader = CellReader(field, Calendar(), layouts=(ISO,))
    return _misfits(values, lambda value: not isinstance(reader.read(value), Bad))


def _sentinel(real: Counts) -> tuple[str, ...]:
    """`-1` where it plainly means "none": the one value below zero, and a frequent one."""
    negative = [value for value in real if (parse_number(value) or 0) < 0]
    frequent = real.get("-1", 0) >= _OFTEN * sum(real.values())
    return ("-1",) if negative == ["-1"] and frequent and len(real) > MOST_OFTEN else ()


def _reads(layout: Layout, value: str) -> bool:
    moment = layout.read(value)
    return moment is not None and 1900 <= moment.clock.year <= 2200


def _choice(name: str, real: Counts) -> Found:
    """A choice where few values cover everything but slips of the pen; a text where new ones may come any day."""
    if _is_identifier(name) or _PERSONAL.search(name) or not all(map(_is_short, real)):
        return Found("text")
    totals: Counter[str] = Counter()
    for value, count in real.items():
        totals[fold(value)] += count
    if len(totals) > MOST_SEEN:
        return Found("text")
    again, slips = _sorted_out(totals)
    often = _spellings({value: count for value, count in real.items() if fold(value) in again})
    left = totals.keys() - again
    if not often or _cells(totals, left) > (1 - ENOUGH) * totals.total():
        return Found("text")
    if len(again) <= MOST_CHOICES and left == slips:
        return Found("choice", tuple(value for value in real if fold(value) in slips), often=often)
    return Found("text", often=often if len(again) <= MOST_OFTEN else ())


def _is_short(value: str) -> bool:
    return len(value) <= _LONGEST_CHOICE and is_printable(value) and not _HASH.fullmatch(value)


def _sorted_out(totals: Counter[str]) -> tuple[set[str], set[str]]:
    """The values that stand there more than once, and those that are another, a hundred times as frequent, mistyped."""
    again: dict[str, int] = {}
    slips: set[str] = set()
    for value, count in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        meant = nearest(value, again) if len(value) >= _SHORTEST_SLIP else None
        if meant is not None and again[meant] >= _SLIP * count:
            slips.add(value)
        elif count > 1:
            again[value] = count
    return set(again), slips


def _spellings(real: Counts) -> tuple[str, ...]:
    """One spelling for each choice, the most frequent, the most frequent choice first."""
    totals: Counter[str] = Counter()
    best: dict[str, tuple[int, str]] = {}
    for value, count in sorted(real.items()):
        totals[fold(value)] += count
        if count > best.get(fold(value), (0, ""))[0]:
            best[fold(value)] = (count, value)
    return tuple(best[key][1] for key, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0])))


def _is_set(real: Counts) -> bool:
    """Several values joined with `;`, most of which stand in more than one cell."""
    if sum(count for value, count in real.items() if ";" in value) < 2:
        return False
    items: Counter[str] = Counter()
    for value, count in real.items():
        for item in value.split(";"):
            items[fold(item)] += count
    del items[""]
    short = all(len(item) <= _LONGEST_CHOICE for item in items)
    return short and len(items) <= _MOST_ITEMS and sum(items.values()) >= 2 * len(items)


def _is_identifier(name: str) -> bool:
    return bool(_IDENTIFIER.search(name) or _IDENTIFIER_JA.search(name))


def snake(header: str) -> str:
    """A header as words joined by `_`: `Lead Source` and `LeadSource` are lead_source, Japanese stays as it is."""
    text = unicodedata.normalize("NFKC", header)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return unicodedata.normalize("NFC", re.sub(r"\W+|_+", "_", text).strip("_").lower())
