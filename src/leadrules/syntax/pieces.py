"""Read a rule file again after an edit, block by block.

In: the text of a file, and what was read of it before. Out: its pieces, each read as a text of its own and kept as long as
its text stays, so that an edit costs one block. A piece is cut only where the reader of the whole file begins a block for
certain; put side by side, the pieces say what the whole file says. Knows nothing of what a block means.
"""

from __future__ import annotations

import re

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile
from leadrules.syntax.blocks import Splitter
from leadrules.syntax.nodes import Module
from leadrules.syntax.parse import MOST_FINDINGS, read_cut, refuse
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Tokens
from leadrules.syntax.words import BLOCKS, RESERVED, WORDS_BEFORE

_NAMED = "|".join(word for word in BLOCKS if word not in ("exit", "test"))
_TAKEN = "|".join(sorted(RESERVED))
_HEADER = re.compile(
    rf"""^(?:exit[ \t]+all\b
    |test[ \t]+"(?:\\.|[^"\\\r\n])*"[ \t]*\{{
    |(?:{_NAMED})[ \t]+(?:`[^`\r\n]+`|(?!(?:{_TAKEN})\b)[^\W\d]\w*)(?=[ \t\r\n={{\["]|\Z))""",
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """A stretch of a file, read alone. `joins` says that what follows may belong to it, `swallows` that it does."""

    file: SourceFile
    module: Module
    findings: tuple[Diagnostic, ...]
    joins: bool = False
    swallows: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """A file in pieces, and the offset at which each begins."""

    file: SourceFile
    pieces: tuple[Piece, ...]
    starts: tuple[int, ...]


class Pieces:
    """The pieces of one file, from one version of its text to the next."""

    def __init__(self, path: str) -> None:
        """Nothing is read yet."""
        self.path = path
        self._before: dict[str, list[Piece]] = {}
        self._now: dict[str, list[Piece]] = {}

    def read(self, text: str) -> Cut:
        """The pieces of the text; those whose text was there before are the same objects."""
        file = SourceFile(self.path, text)
        self._before, self._now = self._now, {}
        pieces, starts = self._whole(text) if refuse(file) else self._cut(text)
        if sum(len(piece.findings) for piece in pieces) >= MOST_FINDINGS and len(pieces) > 1:
            # Beyond so many findings a file's reader is silent, which it must be in the order of the whole file.
            pieces, starts = self._whole(text)
        return Cut(file, tuple(pieces), tuple(starts))

    def _whole(self, text: str) -> tuple[list[Piece], list[int]]:
        return [self._piece(text)], [0]

    def _cut(self, text: str) -> tuple[list[Piece], list[int]]:
        bounds = [match.start() for match in _HEADER.finditer(text) if match.start()]
        bounds.append(len(text))
        pieces: list[Piece] = []
        starts: list[int] = []
        start = at = 0
        while at < len(bounds):
            piece = self._piece(text[start : bounds[at]])
            while piece.joins and at < len(bounds) - 1:
                at = len(bounds) - 1 if piece.swallows else at + 1
                piece = self._piece(text[start : bounds[at]])
            pieces.append(piece)
            starts.append(start)
            start = bounds[at]
            at += 1
        return pieces, starts

    def _piece(self, text: str) -> Piece:
        """The piece of a text, read now if it was not there before; two of one text are two pieces."""
        now = self._now.setdefault(text, [])
        before = self._before.get(text, ())
        now.append(before[len(now)] if len(now) < len(before) else _read(SourceFile(self.path, text)))
        return now[-1]


def _read(file: SourceFile) -> Piece:
    refused = refuse(file)
    if refused is not None:
        return Piece(file, Module(file, ()), (refused,))
    tokens = tokenize(file)
    splitter = Splitter(file, tokens.tokens)
    module, findings = read_cut(file, tokens, splitter)
    swallows = _never_closed(file, tokens)
    return Piece(file, module, tuple(findings), swallows or _may_go_on(tokens, splitter), swallows)


def _never_closed(file: SourceFile, tokens: Tokens) -> bool:
    """Whether the last comment runs on to whatever follows."""
    text = tokens.comments[-1].text if tokens.comments and tokens.comments[-1].end == len(file.text) else ""
    return text.startswith("/*") and (len(text) < 4 or not text.endswith("*/"))


def _may_go_on(tokens: Tokens, splitter: Splitter) -> bool:
    """Whether the last token may take the next block's keyword for its own."""
    if not tokens.tokens:
        return False
    last = tokens.tokens[-1].text
    return last in BLOCKS or (splitter.ends_open and last in WORDS_BEFORE)
