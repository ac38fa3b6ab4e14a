"""What may stand at a place.

In: the tokens of a stretch of a file, and an offset in it. Out: `Context`: the word under way, the tokens before it, and
what the grammar takes there. A line that cannot be read is passed over. Knows no name of the project.
"""

from __future__ import annotations

from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.syntax.blocks import Splitter
from leadrules.syntax.grammar import Language, language
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import BRACED

WORDS = ("WORD", "NAME")


@dataclass(frozen=True, slots=True)
class Context:
    """`start` to `end` is what a completion replaces; `text` is in it before the cursor. `before` are the block's tokens
    up to there, `accepts` the terminals that can follow, `names` what a name would be, `new_block` whether a block may begin."""

    start: int
    end: int
    text: str
    before: tuple[Token, ...]
    accepts: frozenset[str]
    names: frozenset[str]
    new_block: bool
    in_text: bool = False
    in_comment: bool = False

    def back(self, count: int) -> str:
        """The word so many tokens back (1: the one before); empty beyond the block."""
        return self.before[-count].text if count <= len(self.before) else ""


def context_at(text: str, offset: int) -> Context:
    """The context of an offset in the text of a piece."""
    cut = tokenize(SourceFile("", text))
    if any(c.start < offset <= c.end for c in cut.comments):
        return Context(offset, offset, "", (), frozenset(), frozenset(), new_block=False, in_comment=True)
    under = next((t for t in cut.tokens if t.start < offset <= t.end and t.kind in (*WORDS, "STRING")), None)
    in_text = under is not None and under.kind == "STRING" and (offset < under.end or not _closed(text, under))
    if under is not None and under.kind == "STRING" and not in_text:
        under = None
    start, end = (under.start, under.end) if under else (offset, offset)
    if under is not None and in_text:
        start, end = start + 1, end - 1 if _closed(text, under) else end
    limit = under.start if under else offset
    before = _block([t for t in cut.tokens if t.end <= limit], text)
    stack = _stack(language(), before)
    accepts = frozenset(language().accepts(stack))
    names = frozenset(language().names(stack))
    at_margin = limit == 0 or text[limit - 1] in "\r\n"
    return Context(start, end, text[start:offset], tuple(before), accepts, names, at_margin, in_text)


def _closed(text: str, token: Token) -> bool:
    written = text[token.start : token.end]
    return len(written) > 1 and written.endswith('"')


def _block(tokens: list[Token], text: str) -> list[Token]:
    """The tokens of the block that is still open; none between blocks."""
    blocks = Splitter(SourceFile("", text), tokens).run() if tokens else []
    if not blocks:
        return []
    first = blocks[-1].tokens[0]
    found = [t for t in tokens if t.start >= first.start]
    depth = sum({"LBRACE": 1, "RBRACE": -1}.get(t.kind, 0) for t in found)
    if depth <= 0 and blocks[-1].kind in BRACED and any(t.kind == "LBRACE" for t in found):
        return []
    return found


def _stack(rules: Language, tokens: list[Token]) -> list[int]:
    """The parser's states after the tokens. What cannot stand is passed over, up to a line that can begin where one may."""
    stack = [rules.conf.start_state]
    home: list[int] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        terminal = rules.classify_after(token, stack, tokens, at) if token.kind in WORDS else token.kind
        if home and (token.first or token.label) and not rules.takes(stack, terminal):
            stack = home.copy()
            terminal = rules.classify(token, stack[-1]) if token.kind in WORDS else token.kind
        if rules.takes(stack, terminal):
            rules.shift(stack, terminal)
            if token.kind == "LBRACE":
                home = stack.copy()
        at += 1
    return stack
