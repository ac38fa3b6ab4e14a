"""Places as an editor counts them.

In: a text and an offset in code points, or a line and a column in the units that were agreed on with the editor. Out: the
other. Lines end as the protocol says: at a line feed, a carriage return, or both.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]
_ENDS = re.compile(r"\r\n|\n|\r")


class Lines:
    """The lines of one text, in the units of one editor."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        """The text as it is; nothing is counted yet."""
        self.text = text
        self.encoding = encoding

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins."""
        return [0, *(match.end() for match in _ENDS.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 0."""
        line = bisect_right(self.starts, offset) - 1
        return line, self.width(self.text[self.starts[line] : offset])

    def offset(self, line: int, column: int) -> int:
        """The offset of a place; a column beyond the line is its end, a line beyond the text the text's."""
        if line >= len(self.starts):
            return len(self.text)
        start = self.starts[line]
        end = self.starts[line + 1] if line + 1 < len(self.starts) else len(self.text)
        content = self.text[start:end].rstrip("\r\n")
        if self.encoding == "utf-32" or content.isascii():
            return start + min(column, len(content))
        for at, character in enumerate(content):
            if column <= 0:
                return start + at
            column -= self.width(character)
        return start + len(content)

    def width(self, text: str) -> int:
        """The length of a text in the editor's units."""
        if self.encoding == "utf-32" or text.isascii():
            return len(text)
        if self.encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(character > "\uffff" for character in text)
