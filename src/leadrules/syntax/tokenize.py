"""Cut a rule file into tokens.

In: the text. Out: tokens with exact places, comments, and the findings that need no grammar (an unknown character, an
open text, a date that does not exist, `==`). What people type instead of a token is reported and read as the token they
meant. Knows no grammar: whether a word is a keyword is said later, by the parser's state.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.characters import MEANT, PUNCTUATION, read_logic, read_other, read_wide
from leadrules.syntax.counters import read_counted
from leadrules.syntax.literals import read_date, read_number, read_point, read_time
from leadrules.syntax.tokens import Cutter, Token, Tokens

_TEXT = r'"(?:\\.|[^"\\\r\n])*"'
_NUMBER = r"[0-9][0-9_]*(?:\.[0-9]+)?"
_TOKEN = re.compile(
    rf"""(?P<SPACE>(?:[ \t\r\n\f\u3000]|\A\ufeff)+)
    |(?P<COMMENT>\#[^\r\n]*|//[^\r\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?)
    |(?P<ADDRESS>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<WORD>[^\W\d]\w*)
    |(?P<QUOTED>`[^`\r\n]+`)
    |(?P<STRING>{_TEXT})
    |(?P<DATELIKE>[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}(?:T[0-9:]+(?:\.[0-9]+)?(?:Z|[+-][0-9][0-9]:?[0-9][0-9])?)?(?![\w/-]))
    |(?P<TIMELIKE>[0-9]+-[-:0-9]*T[0-9]{{1,2}}:[0-9:]*(?![\w/-]))
    |(?P<YEARLESS>(?:0[0-9]-[0-9]{{2}}|[0-9]{{2}}-0[0-9])(?![\w/-]))
    |(?P<TIME>[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?(?![\w:]))
    |(?P<NUMERIC>{_NUMBER}(?:(?P<percent>[ \t]?%)|(?P<tail>\w+))?)
    |(?P<POINT>(?<![\w.`)\]])\.[0-9][0-9_]*(?:[ \t]?%)?(?!\w))
    |(?P<PARTED>[<>!][ \t]+[=＝](?![=＝>＞]))
    |(?P<HALFWIDE>[<>!=]＝|<＞)
    |(?P<ARROW>=>|->|⇒|→)
    |(?P<CMP>!=|<=|>=|==+|<>|=<|:=|<|>)
    |(?P<LOGIC>&&?|\|\||!)
    |(?P<PUNCTUATION>[-+*/=(){{}}\[\],.:|])
    |(?P<OTHER>.)""",
    re.VERBOSE | re.DOTALL,
)
_SHIFTED = frozenset({"LR002", "LR003", "LR033"})
_BUSINESS = re.compile(r"[ \t\r\n\f\u3000]+(days?)\b")


class Tokenizer(Cutter):
    """One pass over one text: a method for each alternative of the pattern."""

    def run(self) -> Tokens:
        """The tokens, comments and findings of the whole text."""
        match_at = _TOKEN.match
        length = len(self.text)
        read = {name: getattr(self, f"_{name.lower()}") for name in _TOKEN.groupindex}
        while self.pos < length:
            match = match_at(self.text, self.pos)
            assert match is not None
            start, self.pos = match.span()
            read[match.lastgroup or ""](match, start)
        mark_labels(self.out.tokens)
        tell_open_texts_once(self.out)
        return self.out

    def _space(self, match: re.Match[str], start: int) -> None:
        self.newline = self.newline or "\n" in match[0] or "\r" in match[0]

    def _comment(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        self.out.comments.append(Span(self.file, start, self.pos))
        if text[0] == "#":
            return
        fix = f"#{text[2:]}" if text[1] == "/" else None
        mark = text[:2]
        self.report("LR004", start, start + 2, f"`{mark}` does not start a comment", help="a comment starts with `#`")
        if fix is not None:
            last = self.out.findings.pop()
            span = Span(self.file, start, start + 2)
            self.out.findings.append(
                finding(last.code, span, last.message, help=last.help, fixes=(Fix("write `#`", (Edit(span, "#"),)),))
            )
        elif "\n" in text:
            self.newline = True

    def _word(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        tokens = self.out.tokens
        if text == "business" and tokens and tokens[-1].kind == "INT":
            days = _BUSINESS.match(self.text, self.pos)
            if days is not None:
                self.pos = days.end()
                self.add("WORD", f"business {days[1]}", start, self.pos)
                return
        self.add("WORD", text, start, self.pos)

    def _address(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        quote = self.text.startswith('"', self.pos)
        self.pos += quote
        self.report(
            "LR033",
            start,
            self.pos,
            f"`{text}` is a text, and a text stands in quotes",
            f'"{text}"',
            help=f'write `"{text}"`',
        )
        self.add("STRING", text, start, self.pos, text).spoils = quote

    def _quoted(self, match: re.Match[str], start: int) -> None:
        self.add("NAME", match[0][1:-1], start, self.pos)

    def _string(self, match: re.Match[str], start: int) -> None:
        self.add("STRING", match[0], start, self.pos, match[0][1:-1])

    def _datelike(self, match: re.Match[str], start: int) -> None:
        read_date(self, match[0], start)

    def _timelike(self, match: re.Match[str], start: int) -> None:
        message = f"`{match[0]}` is not how a date and time are written"
        self.report("LR011", start, self.pos, message, help="write it as `2026-11-01T09:00`")
        self.add("DATETIME", match[0], start, self.pos, datetime.combine(date(2000, 1, 1), time(0))).spoils = True

    def _yearless(self, match: re.Match[str], start: int) -> None:
        self.report(
            "LR011",
            start,
            self.pos,
            f"`{match[0]}` is a date without its year",
            help=f"write it with its year: `2026-{match[0]}`",
        )
        self.add("DATE", match[0], start, self.pos, date(2000, 1, 1)).spoils = True

    def _percent(self, match: re.Match[str], start: int) -> None:
        read_number(self, match, start)

    _tail = _percent

    def _time(self, match: re.Match[str], start: int) -> None:
        read_time(self, match[0], start)

    def _numeric(self, match: re.Match[str], start: int) -> None:
        if not read_counted(self, start):
            read_number(self, match, start)

    def _point(self, match: re.Match[str], start: int) -> None:
        read_point(self, match[0], start)

    def _parted(self, match: re.Match[str], start: int) -> None:
        meant = f"{match[0][0]}="
        self.report("LR005", start, self.pos, f"`{match[0]}` is written `{meant}`", meant, help=f"write `{meant}`")
        self.add("CMP", meant, start, self.pos)

    def _halfwide(self, match: re.Match[str], start: int) -> None:
        read_wide(self, match[0], start)

    def _cmp(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        meant = MEANT.get(text, text)
        if meant != text:
            self.report("LR005", start, self.pos, f"`{text}` is written `{meant}`", meant, help=f"write `{meant}`")
        self.add("EQUAL" if meant == "=" else "CMP", meant, start, self.pos)

    def _arrow(self, match: re.Match[str], start: int) -> None:
        self.add("ARROW", match[0], start, self.pos)

    def _logic(self, match: re.Match[str], start: int) -> None:
        read_logic(self, match[0], start)

    def _punctuation(self, match: re.Match[str], start: int) -> None:
        self.add(PUNCTUATION[match[0]], match[0], start, self.pos)

    def _other(self, match: re.Match[str], start: int) -> None:
        read_other(self, match[0], start)


def tokenize(file: SourceFile) -> Tokens:
    """The tokens of a file."""
    return Tokenizer(file).run()


def tell_open_texts_once(cut: Tokens) -> None:
    """A quote that is missing shifts all texts of its line: what was found beside it is no mistake of its own."""
    told: dict[int, Diagnostic] = {}
    for one in cut.findings:
        if one.code == "LR003" or (one.code == "LR033" and one.span.text.endswith('"')):
            told.setdefault(one.span.file.position(one.span.start)[0], one)
    if told:
        cut.findings = [
            one
            for one in cut.findings
            if one.code not in _SHIFTED or told.get(one.span.file.position(one.span.start)[0], one) is one
        ]


def mark_labels(tokens: list[Token]) -> None:
    """Mark each word (or step number) that stands before its `:`, with or without a title between, on one line."""
    for index in range(len(tokens) - 1):
        token, after = tokens[index], tokens[index + 1]
        if token.type not in ("WORD", "NAME", "INT") or after.first:
            continue
        if after.type == "COLON":
            token.label = True
        elif after.type == "STRING" and token.type != "INT" and index + 2 < len(tokens):
            end = tokens[index + 2]
            token.label = end.type == "COLON" and not end.first
