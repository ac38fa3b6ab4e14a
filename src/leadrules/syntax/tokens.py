"""What a rule file is cut into.

In: nothing. Out: `Token`, and `Cutter`, which keeps tokens, comments and findings while a text is cut. Knows neither the
signs of the language nor its grammar.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span

LATER = "told later"  # the value of a word or sign that was put in: the compiler tells it, who knows the names


@dataclass(slots=True)
class Token:
    """A piece of text. `kind` is what it is by itself, `type` the grammar's terminal, which for a word the parser's
    state decides. `first` is the first on its line, `label` stands before its `:`; `spoils` marks one whose mistake is
    reported, so that its line is not reported again; `odd` marks a sign that is reported, and read as the plain one."""

    kind: str
    text: str
    start: int
    end: int
    first: bool = False
    label: bool = False
    value: Any = None
    spoils: bool = False
    odd: bool = False
    type: str = ""

    def __post_init__(self) -> None:
        """Until the parser says otherwise the terminal is the kind."""
        self.type = self.type or self.kind


@dataclass(slots=True)
class Tokens:
    """What a file is made of."""

    tokens: list[Token] = field(default_factory=list)
    comments: list[Span] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)


class Cutter:
    """The text that is cut, how far, and what came of it."""

    def __init__(self, file: SourceFile) -> None:
        """Nothing is read yet."""
        self.file = file
        self.text = file.text
        self.out = Tokens()
        self.newline = True
        self.pos = 0

    def add(self, kind: str, text: str, start: int, end: int, value: Any = None) -> Token:
        """Append a token."""
        token = Token(kind, text, start, end, self.newline, value=value)
        self.newline = False
        self.out.tokens.append(token)
        return token

    def report(self, code: str, start: int, end: int, message: str, fix: str | None = None, **words: Any) -> None:
        """A finding about a stretch of text, with the text to put in its place."""
        span = Span(self.file, start, end)
        fixes = () if fix is None else (Fix(f"write `{fix}`" if fix else "remove it", (Edit(span, fix),)),)
        self.out.findings.append(finding(code, span, message, fixes=fixes, **words))
