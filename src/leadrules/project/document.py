"""A YAML or JSON file as plain data, with the place of every key and value.

In: nothing. Out: `Document`, which yaml.py and json_file.py make and the checks read, and the words that messages share.
Knows nothing of what the keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.core.text import nearest

KeyPath = tuple[str | int, ...]
MAX_DEPTH = 100
MAX_DIGITS = 250  # of a number; a longer one in hexadecimal would fit no float
_UNQUOTED = re.compile(r"[-+.\d][-+.\deE]*|true|false|null|")  # a text that would be read as something else


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and the key before it (None in a list and at the top)."""

    key: Span | None
    value: Span


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file. `places` has every path into it, the empty path being the whole."""

    source: SourceFile
    data: Any
    places: dict[KeyPath, Place]

    def at(self, *path: str | int) -> Span:
        """The place of a value; of the nearest thing around it where it is not there."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path].value

    def key(self, *path: str | int) -> Span:
        """The place of a key, or of the value where it has none."""
        place = self.places.get(path)
        return place.key if place is not None and place.key is not None else self.at(*path)

    def head(self, *path: str | int) -> Span:
        """A short place that stands for a mapping: its key, or for the whole file its first character."""
        if path in self.places and path:
            return self.key(*path)
        start = self.places[()].value.start
        return Span(self.source, start, min(start + 1, len(self.source.text)))


def did_you_mean(word: str, names: Iterable[str], otherwise: str = "") -> str:
    """`Did you mean ...?`, or `otherwise` if nothing is near."""
    near = nearest(word, names)
    return f"Did you mean `{near}`?" if near is not None else otherwise


def listed(names: Iterable[str], conjunction: str = "or") -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {conjunction} {quoted[-1]}"


def shown(value: Any) -> str:
    """A value as a message quotes it, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, dict):
        return "a mapping of keys"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = f'"{value}"' if isinstance(value, str) and _UNQUOTED.fullmatch(value) else str(value)
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"
