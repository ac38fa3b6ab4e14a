"""The least that can stand for a block or a rule line which cannot be read.

In: the tokens that were written. Out: tokens of the same name whose parts are BROKEN, so that the name stays defined and
its uses report nothing more. Reports nothing.
"""

from __future__ import annotations

from itertools import pairwise

from leadrules.syntax.blocks import Block
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import RESERVED

_STATEMENTS = {
    "list": "N = [ ? ]",
    "table": 'N from "" key N',
    "events": "N = [ N ]",
    "define": "N = ?",
    "segment": "N when ?",
    "score": "N { }",
    "band": "N of ? { }",
    "matrix": "N of N by N { columns : N }",
    "classify": "N { }",
    "stages": "N { }",
    "route": "N { }",
    "sequence": "N { }",
    "exit": "all when ?",
    "suppress": "N when ?",
    "trigger": "N { }",
    "assert": "N : ? implies ?",
    "funnel": "N { }",
    "goal": "N { }",
    "test": '"" { }',
}
_ITEMS = {
    "score": "N : + ( ? ) when ?",
    "classify": "N : when ?",
    "stages": "N : when ?",
    "route": "N : rep ? when ?",
    "funnel": "N : ?",
    "band": "N : from",
}
_KINDS = {"=": "EQUAL", "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "RBRACE", "(": "LPAR", ")": "RPAR", ":": "COLON"}
_KINDS |= {"+": "SIGN", "?": "BROKEN", '""': "STRING"}


def name_of(block: Block) -> Token | None:
    """The token that names a block."""
    if len(block.tokens) < 2:
        return None
    token = block.tokens[1]
    if token.kind == "NAME" or (token.kind == "WORD" and token.text not in RESERVED):
        return token
    return None


def statement_stub(block: Block, placeholder: bool = False) -> list[Token] | None:
    """The block by its name alone, closed; with `placeholder` a block without a name gets one."""
    name = name_of(block)
    if name is None and not placeholder and block.kind not in ("test", "exit"):
        return None
    keyword = block.tokens[0]
    name = name or Token("NAME", "?", keyword.start, keyword.end)
    end = block.tokens[-1].end
    return [keyword, *fill(_STATEMENTS[block.kind], name), Token("$END", "", end, end, first=True)]


def item_stub(block: Block, tokens: list[Token]) -> list[Token]:
    """A rule line by its id alone, or nothing where the kind of block has none."""
    template = _ITEMS.get(block.kind)
    if template is None or not tokens or not tokens[0].label or tokens[0].kind == "INT":
        return []
    if block.kind != "band":
        return fill(template, tokens[0])
    number = next((token for token in tokens if token.kind in ("INT", "NUMBER")), None)
    return [*fill(template, tokens[0]), number] if number is not None else []


def fill(template: str, name: Token) -> list[Token]:
    """The tokens of a template, all at the place of the name."""
    filled = [_token(word, name) for word in template.split()]
    for token, after in pairwise(filled):
        token.label = after.kind == "COLON"
    return filled


def _token(word: str, name: Token) -> Token:
    if word == "N":
        return Token(name.kind, name.text, name.start, name.end)
    value = "" if word == '""' else None
    return Token(_KINDS.get(word, "WORD"), word, name.end, name.end, value=value)
