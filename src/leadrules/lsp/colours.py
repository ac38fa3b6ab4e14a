"""What each word of a file is, for an editor's colours.

In: an analysis and a file. Out: places with a kind each, in order. Names take the kind of what they stand for, so a field,
an event and a label look different; what only the letters tell is left to the TextMate grammar.
"""

from __future__ import annotations

from leadrules.core.records import dataclass
from leadrules.core.source import Span
from leadrules.lsp.analysis import Analysis
from leadrules.syntax.grammar import language
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import LIMIT_UNITS, UNITS

KINDS = (
    "keyword", "comment", "string", "number", "property", "variable", "event", "enumMember", "function", "class", "method",
)  # fmt: skip
OF_SYMBOL = {
    "field": "property",
    "event field": "property",
    "event": "event",
    "events": "event",
    "label": "enumMember",
    "rule": "method",
    "route rule": "method",
    "sequence": "class",
    "trigger": "class",
    "route": "class",
    "funnel": "class",
    "goal": "class",
    "assert": "class",
    "team": "enumMember",
    "queue": "enumMember",
    "channel": "enumMember",
}
LITERALS = {"STRING": "string", "INT": "number", "NUMBER": "number", "PERCENT": "number", "DATE": "number"}
LITERALS |= {"DATETIME": "number", "TIME": "number"}


@dataclass(frozen=True, slots=True)
class Coloured:
    """A stretch of one line and its kind."""

    span: Span
    kind: str


def coloured(analysis: Analysis, path: str) -> list[Coloured]:
    """The words of a file in order."""
    cut = analysis.cuts.get(path)
    if cut is None:
        return []
    names = _names(analysis, path)
    tokens = tokenize(cut.file)
    found = [Coloured(comment, "comment") for comment in tokens.comments if "\n" not in comment.text]
    for at, token in enumerate(tokens.tokens):
        after = tokens.tokens[at + 1] if at + 1 < len(tokens.tokens) else None
        kind = names.get(token.start) or _plain(token, after)
        if kind:
            found.append(Coloured(Span(cut.file, token.start, token.end), kind))
    return sorted(found, key=lambda one: one.span.start)


def _names(analysis: Analysis, path: str) -> dict[int, str]:
    """Where names of the project begin in the file, and the kind of each."""
    found: dict[int, str] = {}
    for symbol in analysis.symbols:
        kind = OF_SYMBOL.get(symbol.kind, "variable")
        for span in (*symbol.uses, *([symbol.span] if symbol.span else ())):
            if span.file.path == path and not span.text.startswith('"'):
                whole = analysis.whole(span)
                if whole is not None:
                    found.setdefault(whole.start + _last_part(whole.text), kind)
    return found


def _last_part(text: str) -> int:
    """Where the name begins in `lead.name`."""
    return text.rfind(".") + 1 if "`" not in text and '"' not in text else 0


def _plain(token: Token, after: Token | None) -> str:
    if token.kind in LITERALS:
        return LITERALS[token.kind]
    if token.kind != "WORD":
        return ""
    if token.label:
        return "method"
    if after is not None and after.kind == "LPAR" and token.text not in language().keywords:
        return "function"
    known = token.text in language().keywords or token.text in UNITS or token.text in LIMIT_UNITS
    return "keyword" if known else "variable"
