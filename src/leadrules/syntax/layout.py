"""How one block is laid out.

In: the tokens and comments of a block that reads without a finding. Out: its lines. A rule stands on one line whatever
its length, so that a change is one line of a diff; only a comment within a rule breaks it. Knows no file and checks
nothing: syntax/format does.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field

from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.blocks import Block
from leadrules.syntax.grammar import language
from leadrules.syntax.tokens import Token

INDENT = 2
NEWLINE = re.compile(r"\r\n|\r|\n")

_OPERAND_ENDS = frozenset(
    {"NAME", "STRING", "INT", "NUMBER", "PERCENT", "TRUE", "FALSE", "DATE", "DATETIME", "TIME", "RPAR", "UNIT", "AT"}
)
TIGHT_AFTER = frozenset({"LPAR", "LSQB", "DOT"})
TIGHT_BEFORE = frozenset({"RPAR", "RSQB", "DOT", "COMMA", "COLON"})
_CELL_ENDS = frozenset({"COLON", "VBAR"})

Element = Token | Span


@dataclass(slots=True)
class Row:
    """A rule, a block's first line, a `}`, or a comment by itself. `gap`: a blank line stands before it."""

    depth: int
    gap: bool = False
    elements: list[Element] = field(default_factory=list)


@dataclass(slots=True)
class Line:
    """One line as it is written. More than one cell: a row of a matrix."""

    indent: int
    cells: list[str]


def lay_out(file: SourceFile, block: Block, starts: set[int], comments: list[Span]) -> list[str]:
    """The lines of a block whose rules begin at `starts`; `comments` are those inside it and the one behind it."""
    rows = _Rows(file, block, comments, starts).run()
    lines = [line for row in rows for line in _lines(file, block, row)]
    if block.kind == "matrix":
        _align(lines)
    return [_written(line) for line in lines]


def rule_starts(block: Block) -> set[int] | None:
    """The offsets at which the rules of a block begin; None where it cannot be read. Says of each word what it is, as the
    parser does."""
    known = language()
    stack = [known.conf.start_state]
    braces: list[int] = []
    found: set[int] = set()
    for index, token in enumerate(block.tokens):
        token.type = known.classify_after(token, stack, block.tokens, index)
        if not known.shift(stack, token.type):
            return None
        if token.kind == "LBRACE":
            braces.append(len(stack))
        elif token.kind == "RBRACE":
            braces.pop()
        elif braces and _begins(known.states, stack, len(stack) - braces[-1]):
            found.add(token.start)
    return found


def _begins(states: dict[int, dict[str, tuple[object, object]]], stack: list[int], above: int) -> bool:
    """Whether the token on top is the first of a rule: below it is a `{`, or a `{` and the rules read so far."""
    if above != 2:
        return above == 1
    return any(name.startswith("__") and to[1] == stack[-2] for name, to in states[stack[-3]].items())


class _Rows:
    """One pass over the elements of a block."""

    def __init__(self, file: SourceFile, block: Block, comments: list[Span], starts: set[int]) -> None:
        self.file = file
        self.starts = starts
        self.elements: list[Element] = sorted([*block.tokens, *comments], key=lambda element: element.start)
        self.rows: list[Row] = []
        self.open: list[Row] = []

    def run(self) -> list[Row]:
        """The rows in order."""
        following = self._following()
        for index, element in enumerate(self.elements):
            gap = index > 0 and blank_between(self.file, self.elements[index - 1].end, element.start)
            if isinstance(element, Span):
                self._comment(element, following[index], gap)
            else:
                self._token(element, gap)
        return self.rows

    def _token(self, token: Token, gap: bool) -> None:
        if token.kind == "RBRACE":
            opener = self.open.pop()
            self.rows.append(Row(opener.depth, elements=[token]))
        elif not self.rows or token.start in self.starts:
            self._begin(token, gap)
        else:
            self.rows[-1].elements.append(token)
        if token.kind == "LBRACE":
            self.open.append(self.rows[-1])

    def _begin(self, element: Element, gap: bool) -> None:
        """A new row; no blank line after a `{`."""
        after_brace = bool(self.rows) and any(self.rows[-1] is row for row in self.open)
        self.rows.append(Row(len(self.open), gap and not after_brace, [element]))

    def _following(self) -> list[Token | None]:
        """For each element the next token from it on."""
        found: list[Token | None] = []
        after: Token | None = None
        for element in reversed(self.elements):
            after = element if isinstance(element, Token) else after
            found.append(after)
        return found[::-1]

    def _comment(self, comment: Span, after: Token | None, gap: bool) -> None:
        within = after is not None and after.kind != "RBRACE" and after.start not in self.starts
        if within or ends_line(self.file, comment):
            self._attach(comment)
        else:
            self._begin(comment, gap)

    def _attach(self, comment: Span) -> None:
        """To the row it stands in; behind a block written on one line it speaks of the whole, and goes above it."""
        last = self.rows[-1]
        opener = self._opener(last)
        if opener is None or NEWLINE.search(self.file.text, opener.elements[0].start, comment.start):
            last.elements.append(comment)
            return
        at = next(i for i, row in enumerate(self.rows) if row is opener)
        self.rows.insert(at, Row(opener.depth, opener.gap, [comment]))
        opener.gap = False

    def _opener(self, row: Row) -> Row | None:
        """The row of the `{` that a row's `}` closes."""
        first = row.elements[0]
        if not isinstance(first, Token) or first.kind != "RBRACE":
            return None
        above = reversed(self.rows[: next(i for i, r in enumerate(self.rows) if r is row)])
        return next(r for r in above if r.depth == row.depth and any(_is(e, "LBRACE") for e in r.elements))


def _is(element: Element, kind: str) -> bool:
    return isinstance(element, Token) and element.kind == kind


def blank_between(file: SourceFile, start: int, end: int) -> bool:
    """Whether a blank line stands between two places with nothing but space between them."""
    return sum(1 for _ in NEWLINE.finditer(file.text, start, end)) > 1


def ends_line(file: SourceFile, comment: Span) -> bool:
    """Whether something stands before a comment on its line."""
    start = max(file.text.rfind("\n", 0, comment.start), file.text.rfind("\r", 0, comment.start)) + 1
    return bool(file.text[start : comment.start].strip(" \t\f\u3000\ufeff"))


def _lines(file: SourceFile, block: Block, row: Row) -> list[Line]:
    """The lines of a row, with the blank one before it: one line, or more where comments stand within."""
    lines = _Writer(file, block.kind, row).run()
    return [Line(0, [""]), *lines] if row.gap else lines


class _Writer:
    """Writes one row."""

    def __init__(self, file: SourceFile, kind: str, row: Row) -> None:
        self.file = file
        self.row = row
        self.base = row.depth * INDENT
        broken = any(isinstance(element, Span) for element in row.elements[:-1])
        self.in_cells = kind == "matrix" and row.depth == 1 and not broken
        self.itemised = kind in ("list", "events") and _comment_in_brackets(row)
        self.brackets = 0
        self.lines: list[Line] = []
        self.next_indent: int | None = self.base
        self.before: Token | None = None
        self.unary = False

    def run(self) -> list[Line]:
        """Its lines."""
        for index, element in enumerate(self.row.elements):
            if isinstance(element, Span):
                self._comment(element)
            elif not self._is_needless(element, index):
                self._token(element)
        return self.lines

    def _is_needless(self, token: Token, index: int) -> bool:
        """Whether it is a comma right before its closing bracket."""
        after = self.row.elements[index + 1 : index + 2]
        closes = bool(after) and (_is(after[0], "RSQB") or _is(after[0], "RPAR"))
        return token.kind == "COMMA" and closes and not self.itemised

    def _comment(self, comment: Span) -> None:
        inner = INDENT if self.brackets else 2 * INDENT
        if ends_line(self.file, comment) and self.lines:
            self.lines[-1].cells[-1] += f"  {comment.text}"
        else:
            own = self.base if self.before is None else self.base + inner
            self.lines.append(Line(own, [comment.text]))
        self.next_indent = self.base + inner

    def _token(self, token: Token) -> None:
        if self.itemised and token.kind == "RSQB":
            self.brackets = 0
            self.next_indent = self.base
        space = self._space(token)
        if self.next_indent is not None:
            self.lines.append(Line(self.next_indent, [""]))
            self.next_indent = None
            space = ""
        self._write(token, space)
        self.unary = token.kind == "SIGN" and not (self.before and self.before.type in _OPERAND_ENDS)
        self.before = token
        self._itemise(token)

    def _write(self, token: Token, space: str) -> None:
        cells = self.lines[-1].cells
        if self.in_cells and token.kind == "VBAR":
            cells.append("")
            return
        if self.in_cells and self.before is not None and self.before.kind in _CELL_ENDS:
            space = ""
        cells[-1] += space + text_of(self.file, token)
        if self.in_cells and token.kind == "COLON":
            cells.append("")

    def _itemise(self, token: Token) -> None:
        """A list with comments in it has one value on a line."""
        if not self.itemised:
            return
        if token.kind == "LSQB":
            self.brackets = 1
        elif token.kind == "LPAR" and self.brackets:
            self.brackets += 1
        elif token.kind == "RPAR" and self.brackets:
            self.brackets -= 1
        if self.brackets == 1 and token.kind in ("LSQB", "COMMA"):
            self.next_indent = self.base + INDENT

    def _space(self, token: Token) -> str:
        """What stands between the token before and this one."""
        before = self.before
        if before is None or self.unary or before.kind in TIGHT_AFTER or token.kind in TIGHT_BEFORE:
            return ""
        return "" if token.kind == "LPAR" and before.type == "NAME" else " "


def _comment_in_brackets(row: Row) -> bool:
    last = max((i for i, element in enumerate(row.elements) if _is(element, "RSQB")), default=0)
    return any(isinstance(element, Span) for element in row.elements[:last])


def text_of(file: SourceFile, token: Token) -> str:
    """A token as it is written: as it was, but for the spaces that may stand inside it."""
    text = file.text[token.start : token.end]
    if token.kind == "WORD":
        return " ".join(text.split())
    return "".join(text.split()) if token.kind == "PERCENT" else text


def _align(lines: list[Line]) -> None:
    """The rows of a matrix under each other."""
    rows = [line for line in lines if len(line.cells) > 1]
    for column in range(max((len(row.cells) for row in rows), default=0) - 1):
        filled = [row for row in rows if len(row.cells) > column + 1]
        width = max(_width(row.cells[column]) for row in filled)
        for row in filled:
            row.cells[column] += " " * (width - _width(row.cells[column]))


def _width(text: str) -> int:
    """Columns on a screen: East Asian letters take two, combining marks none."""
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    return 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _written(line: Line) -> str:
    first, *rest = line.cells
    return " " * line.indent + first + (f" {' | '.join(rest)}" if rest else "")
