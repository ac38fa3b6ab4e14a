"""Source text and places in it.

In: the text of a rule file, schema or YAML file. Out: `SourceFile` and `Span`, the only way a place is named anywhere.
Knows nothing of what the text means. Offsets and columns count code points; lines and columns are shown from 1.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field
from functools import cached_property
from typing import Any

from leadrules.core.records import dataclass

_LINE_FEED = re.compile("\n")
_LINE_END = re.compile("\r\n?|\n")


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A text with a name: `path` is relative to the project, with `/`."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> list[int]:
        """Offset at which each line begins. A line ends as editors see it: also at a carriage return by itself; a byte
        order mark before the first is no part of it."""
        ends = _LINE_END if "\r" in self.text else _LINE_FEED
        return [int(self.text.startswith("\ufeff")), *(end.end() for end in ends.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = max(bisect_right(self.line_starts, offset), 1)
        return line, max(offset - self.line_starts[line - 1], 0) + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1; past the end is the end."""
        if line > len(self.line_starts):
            return len(self.text)
        return min(self.line_starts[line - 1] + column - 1, len(self.text))

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points in one file."""

    file: SourceFile
    start: int
    end: int

    def __or__(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(self.file, min(self.start, other.start), max(self.end, other.end))

    @property
    def text(self) -> str:
        """The characters under the span."""
        return self.file.text[self.start : self.end]

    def as_json(self) -> dict[str, Any]:
        """`path`, `line`, `column`, `end_line`, `end_column`, as the findings and the compiled ruleset print them."""
        line, column = self.file.position(self.start)
        end_line, end_column = self.file.position(self.end)
        return {
            "path": self.file.path,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
        }
