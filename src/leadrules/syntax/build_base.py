"""What every builder needs: places, names, and the parts a node is put together from.

In: the children that the grammar hands over, every token among them. Out: spans from the first and the last child, and
`Part`, a value on its way into a node. Knows no construct of the language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.tokens import Token

Kids = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a node: a title, a limit, a `when`."""

    kind: str
    value: Any
    span: Span


def part(kids: Kids, kind: str) -> Any:
    """The value of the one part of a kind, or None."""
    for kid in kids:
        if kid.__class__ is Part and kid.kind == kind:
            return kid.value
    return None


def token(kids: Kids, *types: str) -> Token | None:
    """The first token of one of the types, or None."""
    for kid in kids:
        if kid.__class__ is Token and kid.type in types:
            return kid
    return None


def tokens(kids: Kids, *types: str) -> list[Token]:
    """All tokens of one of the types."""
    return [kid for kid in kids if kid.__class__ is Token and kid.type in types]


def has(kids: Kids, *types: str) -> bool:
    """Whether a token of one of the types is there."""
    return token(kids, *types) is not None


def nodes(kids: Kids, kind: Any) -> Any:
    """All children of a class, as a tuple."""
    return tuple(kid for kid in kids if isinstance(kid, kind))


def node(kids: Kids, kind: Any) -> Any:
    """The first child of a class, or None."""
    return next((kid for kid in kids if isinstance(kid, kind)), None)


def number(kids: Kids) -> float:
    """The value of the number among the children."""
    found = token(kids, "NUMBER", "INT", "PERCENT")
    assert found is not None
    return float(found.value)


class Base:
    """The file that is read and what was found in it."""

    def __init__(self) -> None:
        """No file yet: `begin` gives one. Of a block that is read `lenient` nothing is reported as missing."""
        self.file = SourceFile("", "")
        self.findings: list[Diagnostic] = []
        self.lenient = False

    def begin(self, file: SourceFile) -> None:
        """Start on a file, with no findings."""
        self.file = file
        self.findings = []

    def span(self, kids: Kids) -> Span:
        """From the first child to the last."""
        first, last = kids[0], kids[-1]
        start = first.start if first.__class__ is Token else first.span.start
        end = last.end if last.__class__ is Token else last.span.end
        return Span(self.file, start, end)

    def at(self, token: Token) -> Span:
        """The place of a token."""
        return Span(self.file, token.start, token.end)

    def report(self, code: str, span: Span, message: str, help: str, edits: Iterable[Edit] = ()) -> None:
        """Keep a finding; `edits` are its fix."""
        edits = tuple(edits)
        fixes = (Fix(help, edits),) if edits else ()
        self.findings.append(finding(code, span, message, help=help, fixes=fixes))

    def part(self, kind: str, value: Any, kids: Kids) -> Part:
        """A part that spans the children."""
        return Part(kind, value, self.span(kids))


def key_of(text: str) -> str:
    """The form of a name that names are compared by."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
