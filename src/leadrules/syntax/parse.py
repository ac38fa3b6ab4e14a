"""Read a rule file.

In: its text. Out: a `Module` with every block that could be understood, and the findings. Never raises, whatever the
text. Blocks are read one by one, so that a broken one hides no other.
"""

from __future__ import annotations

from threading import Lock

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, not_rewritten, ordered
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.blocks import Block, Splitter
from leadrules.syntax.grammar import language
from leadrules.syntax.nodes import Module, Statement
from leadrules.syntax.reader import BlockReader
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Token, Tokens
from leadrules.syntax.words import BRACED

LARGEST_FILE = 5_000_000
DEEPEST = 100
MOST_FINDINGS = 200

_AFTER_NAMES = frozenset({"of", "from", "on", "order", "sets"})
_LOCK = Lock()
_OPENS = frozenset({"LPAR", "LSQB", "LBRACE"})
_SIGNS = frozenset({"LR005", "LR006", "LR008"})
_OF_SIGNS = frozenset({"LR024", "LR026", "LR032"})
_CLOSES = frozenset({"RPAR", "RSQB", "RBRACE"})


def parse(file: SourceFile) -> tuple[Module, list[Diagnostic]]:
    """The syntax tree of a file, and what is wrong with its syntax. Blocks that are damaged say so."""
    refused = refuse(file)
    if refused is not None:
        return Module(file, ()), [refused]
    tokens = tokenize(file)
    return read_cut(file, tokens, Splitter(file, tokens.tokens))


def read_cut(file: SourceFile, tokens: Tokens, splitter: Splitter) -> tuple[Module, list[Diagnostic]]:
    """The syntax tree of a file that is cut into tokens."""
    blocks = splitter.run()
    findings = tokens.findings + splitter.findings
    statements: list[Statement] = []
    with _LOCK:
        language().builder.begin(file)
        for block in blocks:
            before = len(findings)
            found = read_block(file, block, findings)
            if len(findings) > before:
                findings[:] = without_consequences(findings, before, splitter.after.get(id(block)), block)
            if found is not None:
                statements.append(found)
            if found is None or lost_its_name(found):
                splitter.lost.append(None)
    return Module(file, tuple(statements), tuple(tokens.comments), tuple(splitter.lost)), ordered(findings)


def without_consequences(
    findings: list[Diagnostic], before: int, after: Diagnostic | None, block: Block
) -> list[Diagnostic]:
    """The findings without those that come of one of a block, which begin at `before`: a sign that was told to be another
    one and now is one too many, and what stands behind the block if the mistake reaches to its end."""
    told = findings[before:]
    ends = block.tokens[-1].end
    if block.kind not in BRACED or any(one.span.end >= ends for one in told):
        findings = [one for one in findings if one is not after]
        before = len(findings) - len(told)
    places = {(one.span.start, one.span.end) for one in told if one.code in _OF_SIGNS}
    earlier = not_rewritten(findings[:before], told)
    return [one for one in earlier if (one.span.start, one.span.end) not in places or one.code not in _SIGNS] + told


def lost_its_name(statement: Statement) -> bool:
    """Whether a block bears a name that nobody gave it: one made up, or the word that follows a name."""
    name = statement.name
    return name is not None and (not name.span.text or (statement.damaged and name.key in _AFTER_NAMES))


def refuse(file: SourceFile) -> Diagnostic | None:
    """A file that is not read at all: too large, or no text."""
    text = file.text
    start = Span(file, 0, min(1, len(text)))
    if len(text) > LARGEST_FILE or (
        len(text) * 4 > LARGEST_FILE and len(text.encode("utf-8", "replace")) > LARGEST_FILE
    ):
        return finding("LR040", start, "a rule file may have 5 MB", help="split it: the order of files never matters")
    zero = text.find("\0")
    if zero >= 0:
        span = Span(file, zero, zero + 1)
        return finding(
            "LR041", span, "this file is not text", help="save it as UTF-8 text, or move it out of the rules"
        )
    return None


def read_block(file: SourceFile, block: Block, findings: list[Diagnostic]) -> Statement | None:
    """The statement of a block; its findings are added to the others."""
    reader = BlockReader(file, block, quiet=len(findings) >= MOST_FINDINGS)
    deep = too_deep(block.tokens)
    if deep is not None:
        span = Span(file, deep.start, deep.end)
        help_text = "give the inner part a name with `define`"
        findings.append(finding("LR042", span, f"this is nested more than {DEEPEST} deep", help=help_text))
        return reader.stub()
    statement = reader.run()
    findings.extend(reader.findings)
    return statement


def too_deep(tokens: list[Token]) -> Token | None:
    """The first bracket, `not` or sign that stands too deep."""
    depth = prefixes = 0
    for token in tokens:
        kind = token.kind
        if kind in _OPENS:
            depth += 1
        elif kind in _CLOSES:
            depth -= 1
        prefixes = prefixes + 1 if kind == "SIGN" or token.text == "not" else 0
        if depth > DEEPEST or prefixes > DEEPEST:
            return token
    return None
