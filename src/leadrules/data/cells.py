"""A text cell becomes a typed value, or a reason why it cannot be read. This is the definition; columns.py is its speed.

In: the text of one cell, its field, the blanks and date layouts of its source. Out: a value, None for a blank, or `Bad`.
A reason says what was expected; the value itself stands beside it in rejects.csv. Knows no file and no line.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import NamedTuple

from leadrules.core.calendar import Calendar
from leadrules.core.dates import FIRST_YEAR, FOUND, ISO, Layout, Moment, read_as
from leadrules.core.records import dataclass
from leadrules.core.text import fold, full_width, half_width, nearest, number_text, trimmed
from leadrules.data.tables import ITEM_END
from leadrules.project.model import Field

Value = str | float | bool | date | datetime | list[str]

LARGEST = 9e14
# What is typed as まる and ばつ comes out as one of several characters that look the same.
YES = frozenset(("true", "1", "yes", "on", "はい", *"○◯〇"))
NO = frozenset(("false", "0", "no", "off", "いいえ", *"×✕✖╳"))
_OPTIONS_SHOWN = 8
_EARLY_YEAR = re.compile(r"(?<!\d)0\d{3}(?!\d)")  # such as the 0001-01-01 of programs that know no blank date
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# A backslash is the yen sign of a cp932 file: Excel in Japan writes ¥500 as \500.
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<before>\p|\\)?\s*(?P<inner>[+-]?)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?P<exponent>[eE][+-]?\d+)?"
    r"\s*(?P<after>\p|円|%)?".replace(r"\p", "[$¢£¤¥֏؋৲৳৻૱௹฿៛₠-⃀꠸﷼]"),
    re.ASCII,
)
# A local part and a domain with a dot; more would refuse addresses that work.
_EMAIL = re.compile(r"[^@\s\",;<>]+@[^@\s\",;<>.]+(?:\.[^@\s\",;<>.]+)+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+")


class Bad(NamedTuple):
    """Why a cell cannot be read: what was expected."""

    reason: str


@dataclass(frozen=True)
class CellReader:
    """Reads the cells of one field as they are written in one source."""

    field: Field
    calendar: Calendar
    blanks: Sequence[str] = ()
    layouts: tuple[Layout, ...] = (ISO,)

    def read(self, text: str | None) -> Value | Bad | None:
        """The value of a cell, None if it is blank, `Bad` if it cannot be read or breaks its schema."""
        cell = trimmed(text or "")
        listed = cell.endswith(ITEM_END)
        if not cell.strip(ITEM_END if listed else "") or (self.folded_blanks and fold(cell) in self.folded_blanks):
            return self._blank
        if listed and self.field.type.kind != "set":
            return Bad("expected one value, found a list")
        return self.convert(cell)

    @property
    def _blank(self) -> Bad | None:
        return Bad("expected a value: the field is required") if self.field.required else None

    @cached_property
    def folded_blanks(self) -> frozenset[str]:
        """What counts as blank, folded, beside the empty cell."""
        return frozenset(fold(blank) for blank in (*self.blanks, *self.field.blanks)) - {""}

    @cached_property
    def options(self) -> dict[str, str]:
        """The options of a choice by their folded form."""
        return {fold(option): option for option in reversed(self.field.type.options)}

    @cached_property
    def convert(self) -> Callable[[str], Value | Bad | None]:
        """Reads a trimmed text that is no blank."""
        kinds: dict[str, Callable[[str], Value | Bad | None]] = {
            "number": self._number,
            "yesno": self._yesno,
            "date": self._date,
            "datetime": self._datetime,
            "choice": self._choice,
            "set": self._set,
        }
        return kinds.get(self.field.type.kind, self._text)

    def _text(self, cell: str) -> Value | Bad:
        field = self.field
        if field.min_length is not None and len(cell) < field.min_length:
            return Bad(f"expected at least {field.min_length} characters, found {len(cell)}")
        if field.max_length is not None and len(cell) > field.max_length:
            return Bad(f"expected at most {field.max_length} characters, found {len(cell)}")
        if field.pattern is not None and not re.search(field.pattern, cell):
            return Bad(f"expected text that matches {field.pattern}")
        if field.format == "email" and not _EMAIL.fullmatch(unicodedata.normalize("NFKC", cell)):
            return Bad("expected an e-mail address")
        if field.format == "uri" and not _URI.fullmatch(cell):
            return Bad("expected a URI, such as https://example.com")
        return self._constant(cell)

    def _choice(self, cell: str) -> Value | Bad:
        option = cell if cell in self.field.type.options else self.options.get(fold(cell))
        return self._text(option) if option is not None else Bad(self._expected_option(cell))

    def _expected_option(self, cell: str) -> str:
        options = self.field.type.options
        shown = ", ".join(options[:_OPTIONS_SHOWN]) + (", ..." if len(options) > _OPTIONS_SHOWN else "")
        meant = nearest(cell, options)
        return f"expected one of {shown}" + (f"; did you mean {meant}?" if meant else "")

    def _set(self, cell: str) -> Value | Bad | None:
        items = [trimmed(item) for item in self._items(cell)]
        found = list(dict.fromkeys(item for item in items if item and fold(item) not in self.folded_blanks))
        if not found:
            return self._blank
        if not self.options:
            return found
        strange = next((item for item in found if fold(item) not in self.options), None)
        return (
            Bad(self._expected_option(strange))
            if strange
            else list(dict.fromkeys(self.options[fold(i)] for i in found))
        )

    def _items(self, cell: str) -> list[str]:
        """The parts of a list. A separator typed in Japanese is full width, unless an option has that character."""
        if cell.endswith(ITEM_END):
            return cell.split(ITEM_END)
        separator = self.field.separator
        wide = full_width(separator)
        if not any(wide in option for option in self.field.type.options):
            cell = cell.replace(wide, separator)
        return cell.split(separator)

    def _yesno(self, cell: str) -> Value | Bad:
        word = fold(cell)
        if word not in YES and word not in NO:
            return Bad("expected yes or no: true/false, 1/0, yes/no, on/off, はい/いいえ, ○/×")
        return self._constant(word in YES)

    def _number(self, cell: str) -> Value | Bad:
        number = parse_number(cell)
        if number is None:
            return Bad(_number_wanted(cell))
        if abs(number) > LARGEST:
            return Bad("expected a number of at most 900,000,000,000,000")
        field = self.field
        if field.integer and number != math.floor(number):
            return Bad("expected a whole number")
        if field.minimum is not None and number < field.minimum:
            return Bad(f"expected at least {number_text(field.minimum)}")
        if field.maximum is not None and number > field.maximum:
            return Bad(f"expected at most {number_text(field.maximum)}")
        if field.exclusive_minimum is not None and number <= field.exclusive_minimum:
            return Bad(f"expected more than {number_text(field.exclusive_minimum)}")
        if field.exclusive_maximum is not None and number >= field.exclusive_maximum:
            return Bad(f"expected less than {number_text(field.exclusive_maximum)}")
        return self._constant(number)

    def _date(self, cell: str) -> Value | Bad:
        moment = read_as(self.layouts, cell)
        if moment is None:
            return self._no_moment(cell, "a date", self.layouts[0].example)
        return (
            self.calendar.day_of(instant(moment, self.calendar)) if moment.offset is not None else moment.clock.date()
        )

    def _datetime(self, cell: str) -> Value | Bad:
        moment = read_as(self.layouts, cell)
        if moment is None:
            example = self.layouts[0].example
            return self._no_moment(cell, "a date and time", example if self.layouts[0].has_time else f"{example} 09:30")
        return instant(moment, self.calendar)

    def _no_moment(self, cell: str, what: str, example: str) -> Bad:
        if any(layout.is_written(cell) for layout in self.layouts):
            if _EARLY_YEAR.search(cell):
                return Bad(
                    f"dates begin with the year {FIRST_YEAR}; a date that stands for none is listed in `x-blanks`"
                )
            return Bad("the calendar has no such day or time")
        listed = "; where a column has several ways, `date_format` lists them" if read_as(FOUND, cell) else ""
        return Bad(f"expected {what}, such as {example}{listed}")

    def _constant(self, value: str | float | bool) -> Value | Bad:
        const = self.field.const
        if const is None:
            return value
        same = fold(value) == fold(const) if isinstance(value, str) and isinstance(const, str) else value == const
        return value if same else Bad(f"expected {const}")


def instant(moment: Moment, calendar: Calendar) -> datetime:
    """The instant of a moment: by its own offset, else in the project's zone."""
    if moment.offset is None:
        return calendar.instant(moment.clock)
    try:
        return (moment.clock - moment.offset).replace(tzinfo=UTC)
    except OverflowError:
        return moment.clock.replace(tzinfo=UTC)


def parse_number(cell: str) -> float | None:
    """The number that a trimmed cell says: `1200`, `¥1,200`, `１２００`, `5%`; nothing for what is none."""
    if _PLAIN_NUMBER.fullmatch(cell):
        return float(cell)
    text = half_width(cell).replace("\N{MINUS SIGN}", "-")
    found = _NUMBER.fullmatch(text)
    if not found or (found["sign"] and found["inner"]) or (found["before"] and found["after"]):
        return None
    digits = found["digits"].replace(",", "") + (found["exponent"] or "")
    percent = found["after"] == "%"
    if percent and found["exponent"]:
        return None
    number = float(digits + "e-2") if percent else float(digits)
    return -number if "-" in (found["sign"], found["inner"]) else number


def _number_wanted(cell: str) -> str:
    if re.fullmatch(r"[+-]?[\d.]+,\d+", cell):
        return "expected a number: a decimal point (1.5), or commas before groups of three digits (1,500)"
    return "expected a number"
