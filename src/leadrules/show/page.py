"""Text that is laid out for a terminal: lines wrapped to a width, with a hanging indent, East Asian characters counted as two.

In: pieces of text in order. Out: lines. Knows nothing of what is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadrules.core.text import is_printable
from leadrules.show.text import BOLD, DIM, RESET, width

WIDEST_COLUMN = 34
LONGEST_TEXT = 10_000  # of one line: a cell may hold a whole file


class Page:
    """Lines so far, each wrapped to the width."""

    def __init__(self, columns: int, *, colour: bool) -> None:
        self.columns, self.colour = columns, colour
        self.lines: list[str] = []

    def head(self, text: str, rest: str = "") -> None:
        """A title, after a free line."""
        if self.lines:
            self.lines.append("")
        self._wrapped(text, rest, 0, 2, BOLD)

    def line(self, indent: int, text: str, rest: str = "") -> None:
        """A line of the text; `rest` is said more quietly behind it."""
        self._wrapped(text, rest, indent, indent + 2, "")

    def quiet(self, indent: int, text: str) -> None:
        """A line that matters less."""
        self._wrapped("", text, indent, indent + 2, "")

    def _wrapped(self, text: str, rest: str, indent: int, hang: int, strong: str) -> None:
        whole = f"{text}  {rest}" if text and rest else text + rest
        rows = list(wrapped(whole, self.columns, indent, hang))
        if self.colour:
            rows = _painted(rows, len(text), indent, hang, strong)
        self.lines += rows

    def rows(self, indent: int, cells: Sequence[Sequence[str]]) -> None:
        """Rows whose first columns stand under each other; the last one may go on below itself."""
        last = max((len(row) for row in cells), default=0) - 1
        widths = [
            min(max((width(row[n]) for row in cells if n < len(row)), default=0), WIDEST_COLUMN) for n in range(last)
        ]
        for row in cells:
            lead = "".join(cell + " " * max(widths[n] - width(cell) + 2, 2) for n, cell in enumerate(row[:last]))
            text = lead + (row[last] if len(row) > last else "")
            hang = indent + min(sum(widths) + 2 * last, self.columns // 2)
            self.lines += list(wrapped(text.rstrip(), self.columns, indent, hang))

    def text(self) -> str:
        """The whole."""
        return "".join(line.rstrip() + "\n" for line in self.lines)


def wrapped(text: str, columns: int, indent: int, hang: int) -> Iterator[str]:
    """A text in lines of at most so many columns; breaks at spaces, and inside a word that has none for too long.

    What would upset a terminal, such as a line break inside a cell, is a space.
    """
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}.. ({len(text):,} characters)"
    text = "".join(ch if is_printable(ch) else " " for ch in text)
    line, has_text = " " * indent, False
    for word in _words(text):
        rest = word
        if has_text and width(line) + width(rest[: 2 * columns].rstrip()) > columns:
            yield line.rstrip()
            line, rest = " " * hang, rest.lstrip()
        at = 0
        while width(line) + width(rest[at : at + 2 * columns]) > columns:
            cut = _fits(rest[at : at + 2 * columns], columns - width(line))
            yield line + rest[at : at + cut]
            line, at = " " * hang, at + cut
        line, has_text = line + rest[at:], True
    if line.strip():
        yield line.rstrip()


def _words(text: str) -> Iterator[str]:
    """Words with the spaces before them."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or (text[end] == " " and text[end - 1] != " "):
            yield text[start:end]
            start = end


def _fits(word: str, room: int) -> int:
    cut, used = 0, 0
    for ch in word:
        used += width(ch)
        if used > room:
            break
        cut += 1
    return max(cut, 1)


def _painted(rows: list[str], strong_until: int, indent: int, hang: int, strong: str) -> list[str]:
    """The first letters as they are (or bold), the rest dim."""
    painted, left = [], strong_until
    for number, row in enumerate(rows):
        pad = indent if number == 0 else hang
        body = row[pad:]
        bright, dim = body[: max(left, 0)], body[max(left, 0) :]
        left -= len(body) + 1
        bold = f"{strong}{bright}{RESET}" if strong and bright else bright
        painted.append(" " * pad + bold + (f"{DIM}{dim}{RESET}" if dim.strip() else dim))
    return painted
