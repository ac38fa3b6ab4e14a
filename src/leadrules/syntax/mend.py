"""Where a mistake is, and how one is mended.

In: the tokens of a block and the parser's states. Out: `Place`, where a token cannot stand, and `Mend`, the tokens that
were meant with the finding that says so. Knows no mistake.
"""

from __future__ import annotations

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.blocks import Block
from leadrules.syntax.forms import HEADS, form_of
from leadrules.syntax.grammar import END, Language
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import RESERVED

WINDOW = 12
_JOINING = frozenset({"and", "or", "in", "is", "at", "when", "otherwise", "each"})
NUMBERS = ("INT", "NUMBER")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token cannot stand: the tokens of the block, where the rule line begins, and the states before the token."""

    file: SourceFile
    language: Language
    block: Block
    tokens: list[Token]
    start: int
    index: int
    stack: tuple[int, ...]
    anchor_states: tuple[int, ...]

    @property
    def token(self) -> Token:
        """The token that cannot stand."""
        return self.tokens[self.index]

    def at(self, offset: int) -> Token:
        """The token so many places after the one that cannot stand; an empty one outside of the block."""
        index = self.index + offset
        return self.tokens[index] if 0 <= index < len(self.tokens) else Token("", "", 0, 0)

    def takes(self, terminal: str) -> bool:
        """Whether a terminal could stand here."""
        return self.language.takes(list(self.stack), terminal)

    def span(self, first: Token, last: Token | None = None) -> Span:
        """The place of a token, or from one to another."""
        return Span(self.file, first.start, (last or first).end)

    def line_end(self) -> int:
        """The index of the first token of the next line."""
        index = self.index + 1
        while index < len(self.tokens) and not self.tokens[index].first:
            index += 1
        return min(index, len(self.tokens) - 1)

    def expected(self) -> str:
        """What could stand here, in words."""
        lines = self.language.accepts(list(self.anchor_states)) if self.start else set()
        return self.language.expected(self.language.accepts(list(self.stack)), lines)

    def hint(self) -> str:
        """A word of help for a mistake without a name."""
        token = self.token
        if token.kind == "WORD" and token.text in RESERVED - _JOINING and self.takes("NAME"):
            return f"`{token.text}` is a word of the language; in backquotes it is a name"
        is_in_expression = self.takes("CMP") or self.takes("AND")
        if not is_in_expression and (form := self._form()) is not None:
            return f"such a line is written: `{form}`"
        return "complete the line, or take out what does not belong there"

    def _form(self) -> str | None:
        """How the line is written that the token stands on."""
        if self.start == 0:
            return HEADS.get(self.block.kind)
        is_unfinished = self.token.first and not self.takes("RBRACE")  # the token belongs to the next line
        return form_of(self.block.kind, self.tokens[self.start : self.index + (not is_unfinished)])


@dataclass(frozen=True, slots=True)
class Mend:
    """Put `tokens` in the place of those from `start` to `end`. `lossy` marks one that leaves out what was written, or that
    is no more than a guess: what the line then says is not to be judged. `later` marks one whose finding is left to the
    compiler, which knows the names."""

    start: int
    end: int
    tokens: list[Token]
    finding: Diagnostic
    lossy: bool = False
    later: bool = False


def progress(place: Place, mend: Mend) -> int:
    """How far the parser gets with a mend, as an index into the tokens as they are."""
    return outcome(place, mend)[0]


def outcome(place: Place, mend: Mend) -> tuple[int, bool]:
    """How far the parser gets with a mend, and whether what stands before that place is complete."""
    tail = place.tokens[mend.end : max(mend.end, place.index) + WINDOW]
    tokens = place.tokens[place.start : mend.start] + mend.tokens
    stack = list(place.anchor_states)
    reached = place.language.reach(stack, tokens + tail, 0, len(tokens) + len(tail))
    finished = stack[-1] == place.language.conf.end_state
    complete = finished or place.language.takes(stack, "RBRACE") or place.language.takes(stack, END)
    return reached - len(tokens) + mend.end, complete


def replaced(  # noqa: PLR0917 - forty calls, all in this order
    place: Place,
    start: int,
    end: int,
    texts: list[tuple[str, str] | Token],
    code: str,
    message: str,
    fix: str | None,
    help: str = "",
    lossy: bool = False,
) -> Mend:
    """A mend that puts other tokens in the place of some, all of which the finding underlines."""
    first, last = place.tokens[start], place.tokens[end - 1]
    span = place.span(first, last)
    fixes = () if fix is None else (Fix(f"write `{fix}`" if fix else "remove it", (Edit(span, fix or _gap(span)),)),)
    shown = help or (f"write `{fix}`" if fix else "leave it out")
    found = finding(code, span, message, help=shown, fixes=fixes)
    return Mend(start, end, made(texts, first, last), found, lossy)


def _gap(span: Span) -> str:
    """What stays where something is left out: a space between two words that it alone kept apart."""
    text = span.file.text
    around = text[max(span.start - 1, 0) : span.start], text[span.end : span.end + 1]
    return " " if all(one.isalnum() or one in ("_", "`") for one in around) else ""


def made(texts: list[tuple[str, str] | Token], first: Token, last: Token) -> list[Token]:
    """Tokens at the place of others."""
    tokens = [
        text if isinstance(text, Token) else Token(text[0], text[1], first.start, last.end, value=text[1])
        for text in texts
    ]
    if tokens and not isinstance(texts[0], Token):
        tokens[0].first = first.first
    return tokens


def matching(tokens: list[Token], start: int) -> int | None:
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(tokens)):
        kind = tokens[index].kind
        depth += (kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB"))
        if depth == 0:
            return index
        if kind in ("LBRACE", "RBRACE", END):
            return None
    return None


def next_number(place: Place) -> str:
    """The number of a step that stands here without one."""
    steps = [token for token in place.tokens[: place.index] if token.kind == "INT" and token.label]
    return str(int(steps[-1].value) + 1 if steps else 1)


def could_be_id(place: Place, index: int, token: Token) -> bool:
    """Whether a token that was not taken for a rule's id could be one, as the first of its rule line."""
    if token.kind not in ("WORD", "NAME") or token.label or token.text in RESERVED:
        return False
    stack = list(place.anchor_states)
    reached = place.language.reach(stack, place.tokens, place.start, index)
    return reached == index and place.language.takes(stack, "ID")


def inserted(place: Place, texts: list[tuple[str, str] | Token], text: str, message: str = "") -> Mend:
    """A mend that puts something before the token; at the beginning of a line, after the token before it."""
    token, before = place.token, place.at(-1)
    # `do` begins a line; what else is missing before a line belongs to the end of the one before.
    at_line_end = (token.first or token.kind == END) and place.index > 0 and text != "do"
    place_of = before if at_line_end else token
    at = before.end if at_line_end else token.start
    touching = text in (":", ",", ")", "]")
    if touching:
        at = before.end
    apart = " " * (before.end == at and text[0].isalpha())  # `page_viewed(`, before which a word is missing
    edit = Edit(Span(place.file, at, at), text if touching else f" {text}" if at_line_end else f"{apart}{text} ")
    what = f"after `{before.text}`" if at_line_end or touching else f"before `{token.text}`"
    found = finding(
        "LR025",
        place.span(place_of),
        message or f"`{text}` is missing {what}",
        help=f"write `{text}` {what}",
        fixes=(Fix(f"insert `{text}`", (edit,)),),
    )
    tokens = made(texts, Token("", "", at, at), Token("", "", at, at))
    return Mend(place.index, place.index, tokens, found)
