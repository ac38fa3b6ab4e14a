"""Cut the tokens of a file into blocks.

In: the tokens. Out: one `Block` for each statement, closed whatever was written, and the findings about blocks as
wholes: a `{` that is never closed, a `}` too many, a keyword outside column 1, a word that opens no block. What stands
inside a block is not looked at beyond its braces.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import field
from functools import lru_cache

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.core.text import nfc
from leadrules.syntax.braces import balanced
from leadrules.syntax.forms import HEADS
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import BLOCK_SYNONYMS, BLOCKS, BRACED, OPERANDS_END, RESERVED, WORDS_BEFORE

_CONTINUES = frozenset({"CMP", "EQUAL", "SIGN", "MULOP", "LPAR", "LSQB", "COMMA", "DOT", "VBAR", "COLON"})


@dataclass(slots=True)
class Block:
    """The tokens of one statement, its closing brace included. `damaged` says that some of it is lost."""

    kind: str
    tokens: list[Token] = field(default_factory=list)
    open: list[Token] = field(default_factory=list)
    braced: bool = False
    damaged: bool = False

    @property
    def complete(self) -> bool:
        """Whether the block's braces are closed."""
        return self.braced and not self.open


class Splitter:
    """One pass over the tokens of a file."""

    def __init__(self, file: SourceFile, tokens: list[Token]) -> None:
        """Nothing is cut yet."""
        self.file = file
        self.tokens = tokens
        self.blocks: list[Block] = []
        self.findings: list[Diagnostic] = []
        self.current: Block | None = None
        self.stray: list[Token] = []
        self.lost: list[str | None] = []
        self.after: dict[int, Diagnostic] = {}
        self.ends_open = False

    def run(self) -> list[Block]:
        """The blocks in order."""
        self.tokens, found = balanced(self.file, self.tokens, self.at_margin)
        self.findings += found
        for index, written in enumerate(self.tokens):
            token = written
            kind = self.opens(index, token)
            if kind:
                self.begin(kind)
            elif self.lacks_keyword(index, token):
                token = self.begin_lacking(index, token)
            if self.current is None or self.current.complete:
                self.stray.append(token)
            else:
                self.take(token)
        self.finish()
        return self.blocks

    def begin(self, kind: str) -> None:
        """A new block."""
        self.finish()
        self.current = Block(kind)
        self.blocks.append(self.current)

    def take(self, token: Token) -> None:
        """One more token of the current block."""
        block = self.current
        assert block is not None
        block.tokens.append(token)
        if token.kind == "LBRACE":
            block.open.append(token)
            block.braced = True
        elif token.kind == "RBRACE":
            if block.open:
                block.open.pop()
            elif block.kind in BRACED:
                block.braced = True
            else:
                self.stray.append(block.tokens.pop())
                self.finish()

    def finish(self) -> None:
        """Close the current block, and report what stands outside of any."""
        block = self.current
        self.ends_open = block is not None and bool(block.open)
        if block is not None and block.open:
            self.report_open(block)
        self.current = None
        if self.stray:
            count = len(self.findings)
            self.report_stray(self.stray)
            if block is not None and len(self.findings) > count:
                self.after[id(block)] = self.findings[-1]
            self.stray = []

    def opens(self, index: int, token: Token) -> str | None:
        """The kind of the block that a token opens, if it opens one."""
        if token.kind != "WORD" or token.label:
            return None
        at_margin = self.at_margin(token)
        outside = self.current is None or not self.current.open
        if token.text not in BLOCKS:
            return self.opens_unknown(index, token) if at_margin and outside else None
        if at_margin and outside and (self.is_header(index) or self.ends(index)):
            return token.text
        if at_margin and self.is_header(index) and self.tokens[index - 1].text not in WORDS_BEFORE:
            return token.text
        if outside and self.is_header(index) and self.ends(index) and self.may_begin(index, token):
            self.report_margin(token)
            return token.text
        return None

    def may_begin(self, index: int, token: Token) -> bool:
        """Whether a block's keyword outside column 1 can only be meant as one."""
        if self.tokens[index + 1].first:
            return False
        block = self.current
        return token.first or block is None or block.complete or (block.kind not in BRACED and len(block.tokens) > 1)

    def at_margin(self, token: Token) -> bool:
        """Whether a token stands in column 1."""
        return self.begins_line(token.start)

    def begins_line(self, offset: int) -> bool:
        """Whether a line begins at an offset; a byte order mark is no part of the first."""
        text = self.file.text
        return offset == 0 or text[offset - 1] in "\r\n" or (offset == 1 and text[0] == "\ufeff")

    def near_margin(self, token: Token) -> bool:
        """Whether a token stands where a block's keyword may have been taken away before it."""
        start = token.start
        return self.at_margin(token) or (self.file.text[start - 1] in " \t" and self.begins_line(start - 1))

    def between(self) -> bool:
        """Whether no block is under way."""
        return self.current is None or self.current.complete

    def ends(self, index: int) -> bool:
        """Whether what stands before can end there."""
        if index == 0 or self.between():
            return True
        before = self.tokens[index - 1]
        if before.kind == "WORD":
            return (before.text not in RESERVED or before.text in OPERANDS_END) and before.text not in WORDS_BEFORE
        return before.kind not in _CONTINUES

    def is_header(self, index: int) -> bool:
        """Whether a block's keyword is followed by what follows it in a block's first line."""
        if index + 1 >= len(self.tokens):
            return False
        token, after = self.tokens[index], self.tokens[index + 1]
        if token.text == "exit":
            return after.text == "all"
        if after.kind == "STRING":
            return token.text in BRACED
        if after.kind == "LBRACE":
            return self.between() or self.current is None or not self.current.open
        return after.kind == "NAME" or (after.kind == "WORD" and after.text not in RESERVED)

    def opens_unknown(self, index: int, token: Token) -> str | None:
        """A word in column 1 that is almost a block's keyword opens that block."""
        if not self.ends(index) or index + 1 >= len(self.tokens):
            return None
        meant = similar_block(token.text)
        after = self.tokens[index + 1]
        named = after.kind in ("NAME", "STRING") or (after.kind == "WORD" and not after.first)
        if meant is None or not named:
            return None
        span = Span(self.file, token.start, token.end)
        fix = Fix(f"write `{meant}`", (Edit(span, meant),))
        message = f"`{token.text}` does not open a block"
        self.findings.append(finding("LR020", span, message, help=f"did you mean `{meant}`?", fixes=(fix,)))
        token.text = meant
        return meant

    def lacks_keyword(self, index: int, token: Token) -> bool:
        """Whether a name at the beginning of a line begins a block whose keyword was left out."""
        if not token.first or token.label or not self.near_margin(token) or not self.ends(index):
            return False
        if token.kind == "STRING":
            return self.between() and meant_block(self.tokens[index : index + 3]) is not None
        if token.kind not in ("WORD", "NAME"):
            return False
        outside = self.current is None or not self.current.open
        is_name = token.kind == "NAME" or (token.text not in RESERVED and token.text not in BLOCKS)
        block = self.current
        in_header = block is not None and not block.complete and (block.kind in BRACED or len(block.tokens) == 1)
        following = self.following(index)
        return outside and is_name and not in_header and (is_swapped(following) or meant_block(following) is not None)

    def following(self, index: int) -> list[Token]:
        """The tokens after one, as far as the next block's keyword in column 1: a block is read without the next one."""
        found: list[Token] = []
        for token in self.tokens[index + 1 : index + 8]:
            if token.text in BLOCKS and token.kind == "WORD" and self.at_margin(token):
                break
            found.append(token)
        return found

    def begin_lacking(self, index: int, token: Token) -> Token:
        """Open the block that was meant, with its keyword; the first token that is still to be taken."""
        if is_swapped(self.following(index)):
            return self.begin_swapped(index, token)
        following = self.tokens[index : index + 3] if token.kind == "STRING" else self.following(index)
        kind = meant_block(following)
        assert kind is not None
        self.begin(kind)
        span = Span(self.file, token.start, token.end)
        fix = Fix(f"insert `{kind}`", (Edit(Span(self.file, token.start, token.start), f"{kind} "),))
        message = f"`{kind}` is missing before `{span.text}`"
        self.findings.append(finding("LR020", span, message, help=f"write `{kind} {span.text}`", fixes=(fix,)))
        self.take(Token("WORD", kind, token.start, token.start, first=True))
        return token

    def begin_swapped(self, index: int, name: Token) -> Token:
        """Open a block whose keyword stands behind its name; the keyword, as if it stood before the name, which is taken next."""
        keyword = self.tokens[index + 1]
        self.begin(keyword.text)
        span = Span(self.file, name.start, keyword.end)
        fix = f"{keyword.text} {Span(self.file, name.start, name.end).text}"
        message = f"`{keyword.text}` stands before the name"
        fixes = (Fix(f"write `{fix}`", (Edit(span, fix),)),)
        self.findings.append(finding("LR020", span, message, help=f"write `{fix}`", fixes=fixes))
        self.tokens[index + 1] = Token(name.kind, name.text, name.start, name.end)
        return Token("WORD", keyword.text, name.start, name.start, first=True)

    def report_open(self, block: Block) -> None:
        """A `{` without its `}`: the block is closed where the next one begins."""
        brace = block.open[0]
        last = block.tokens[-1]
        if any(token.spoils and "}" in token.text for token in block.tokens):
            self.close(block, last)
            return
        span = Span(self.file, brace.start, brace.end)
        end = Span(self.file, last.end, last.end)
        fix = Fix("close it", (Edit(end, "\n}"),))
        name = block.tokens[1].text if len(block.tokens) > 1 and block.tokens[1] is not brace else ""
        message = f"the `{{` of {block.kind} `{name}` is never closed" if name else "this `{` is never closed"
        self.findings.append(finding("LR022", span, message, help="close the block with `}`", fixes=(fix,)))
        self.close(block, last)

    def close(self, block: Block, last: Token) -> None:
        """Close every brace that is open."""
        for _ in block.open:
            block.tokens.append(Token("RBRACE", "}", last.end, last.end, first=True, spoils=True))
        block.open.clear()

    def report_stray(self, tokens: list[Token]) -> None:
        """What stands between blocks; a run of it is one mistake."""
        first = tokens[0]
        self.lost += [nfc(token.text) for token in tokens[:2] if token.kind in ("WORD", "NAME")]
        if len(tokens) > 1 and any(token.kind == "RBRACE" for token in tokens):
            self.lost.append(None)
        if all(token.spoils for token in tokens):
            return
        if first.kind == "RBRACE":
            span = Span(self.file, first.start, first.end)
            fix = Fix("remove it", (Edit(span, ""),))
            self.findings.append(
                finding("LR023", span, "this `}` closes nothing", help="a `{` before it may be missing", fixes=(fix,))
            )
            return
        self.findings.append(outside(self.file, first))

    def report_margin(self, token: Token) -> None:
        """A block's keyword outside column 1."""
        span = Span(self.file, token.start, token.end)
        line_start = max(self.file.text.rfind("\n", 0, token.start), self.file.text.rfind("\r", 0, token.start)) + 1
        edit = Edit(Span(self.file, line_start, token.start), "")
        if not token.first:
            edit = Edit(Span(self.file, token.start, token.start), "\n")
        fix = Fix("move it to column 1", (edit,))
        message = f"`{token.text}` begins a block and must stand in column 1"
        self.findings.append(finding("LR021", span, message, help="move it to column 1 of its own line", fixes=(fix,)))


def outside(file: SourceFile, token: Token) -> Diagnostic:
    """The finding for what stands outside of any block, by its first token."""
    if token.label:
        message = f"the rule `{token.text}` stands outside of any block"
        help_text = "move it into a block; a `}` above it may be one too many, or the first line of its block missing"
    else:
        message = f"`{token.text}` does not open a block"
        meant = BLOCK_SYNONYMS.get(token.text.lower())
        listed = ", ".join(f"`{word}`" for word in BLOCKS[:-1]) + f" or `{BLOCKS[-1]}`"
        help_text = f"a block begins with {listed}" if meant is None else f"did you mean `{HEADS[meant]}`?"
    return finding("LR020", Span(file, token.start, token.end), message, help=help_text)


_TARGETS = ("team", "rep", "queue", "keep", "match")


def is_swapped(following: list[Token]) -> bool:
    """Whether a name is followed by its block's keyword, and that by what follows a name."""
    if len(following) < 2 or following[0].text not in BLOCKS or following[0].first or following[0].label:
        return False
    after = following[1]
    return not after.first and (after.kind in ("STRING", "EQUAL", "LBRACE") or after.text in ("when", "of", "from"))


def meant_block(following: list[Token]) -> str | None:
    """The kind of block that a name without a keyword begins, by what follows it."""
    if len(following) > 1 and following[0].kind == "STRING" and following[1].kind == "LBRACE" and following[0].first:
        return "test"
    if following and following[0].kind == "STRING":
        following = following[1:]
    if len(following) < 2:
        return None
    after, then = following[0], following[1]
    if after.kind == "EQUAL":
        if then.kind != "LSQB":
            return "define"
        return "events" if following[2:] and following[2].kind in ("WORD", "NAME") else "list"
    if after.text == "of":
        return "matrix" if any(token.text == "by" for token in following) else "band"
    if after.text == "from" and then.kind == "STRING":
        return "table" if following[2:] and following[2].text == "key" else "list"
    if after.text == "when":
        return "segment"
    return _meant_by_line(following[1:]) if after.kind == "LBRACE" else None


def _meant_by_line(tokens: list[Token]) -> str | None:
    """The kind of block that a first line like this stands in."""
    if tokens[0].text in ("on", "do"):
        return "trigger"
    colon = next((at for at, token in enumerate(tokens) if token.kind == "COLON"), None)
    if colon is None or colon + 1 >= len(tokens):
        return None
    first = tokens[colon + 1]
    if first.kind == "SIGN":
        return "score"
    if first.text in ("day", "wait"):
        return "sequence"
    return "route" if first.text in _TARGETS else "classify" if first.text in ("when", "otherwise") else None


@lru_cache(maxsize=1000)
def similar_block(text: str) -> str | None:
    """The block keyword that a word is meant to be: another case or width, or a slip."""
    plain = unicodedata.normalize("NFKC", text).lower()
    if plain in BLOCKS:
        return plain
    close = difflib.get_close_matches(plain, BLOCKS, n=1, cutoff=0.75)
    return close[0] if close else None
