"""Cut a rule file into tokens.

In: the text. Out: tokens with exact places, comments, and the findings that need no grammar (an unknown character, an
open text, a date that does not exist, `==`). What people type instead of a token is reported and read as the token they
meant. Knows no grammar: whether a word is a keyword is said later, by the parser's state.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.words import UNITS

LARGEST_NUMBER = 9e14
_TEXT = r'"(?:\\.|[^"\\\r\n])*"'
_NUMBER = r"[0-9][0-9_]*(?:\.[0-9]+)?"

_TOKEN = re.compile(
    rf"""(?P<SPACE>(?:[ \t\r\n\f\u3000]|\A\ufeff)+)
    |(?P<COMMENT>\#[^\r\n]*|//[^\r\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?)
    |(?P<WORD>[^\W\d]\w*)
    |(?P<QUOTED>`[^`\r\n]+`)
    |(?P<STRING>{_TEXT})
    |(?P<DATELIKE>[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}(?:T[0-9:]+(?:\.[0-9]+)?(?:Z|[+-][0-9][0-9]:?[0-9][0-9])?)?(?![\w/-]))
    |(?P<TIME>[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?(?![\w:]))
    |(?P<NUMERIC>{_NUMBER}(?P<percent>[ \t]?%)?(?P<tail>(?!%)\w+)?)
    |(?P<CMP>!=|<=|>=|==+|<>|=<|=>|:=|<|>)
    |(?P<LOGIC>&&?|\|\||!)
    |(?P<PUNCTUATION>[-+*/=(){{}}\[\],.:|])
    |(?P<OTHER>.)""",
    re.VERBOSE | re.DOTALL,
)

_PUNCTUATION = {
    "+": "SIGN",
    "-": "SIGN",
    "*": "MULOP",
    "/": "MULOP",
    "=": "EQUAL",
    "(": "LPAR",
    ")": "RPAR",
    "{": "LBRACE",
    "}": "RBRACE",
    "[": "LSQB",
    "]": "RSQB",
    ",": "COMMA",
    ".": "DOT",
    ":": "COLON",
    "|": "VBAR",
}

_MEANT = {
    "==": "=",
    "===": "=",
    ":=": "=",
    "<>": "!=",
    "=<": "<=",
    "=>": ">=",
    "≥": ">=",
    "≦": "<=",
    "≧": ">=",
    "≤": "<=",
    "≠": "!=",
    "×": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "、": ",",
}
_LOGIC = {"&&": "and", "&": "and", "||": "or", "!": "not"}
_QUOTES = {"“": "”“\"", "”": "”“\"", "„": "“”\"", "「": "」", "『": "』", "«": "»", "'": "'", "‘": "’'", "’": "’'", "＂": '＂"', '"': "”“＂"}
_WIDE = re.compile(r"[＞＜＝！≦≧≠≤≥][＞＜＝=<>]?|[\uff01-\uff5e]")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.|$)")
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n"}
_BUSINESS = re.compile(r"[ \t\r\n]+(days?)\b")


@dataclass(slots=True)
class Token:
    """A piece of text. `kind` is what it is by itself, `type` the grammar's terminal, which for a word the parser's
    state decides. `first` is the first on its line, `label` stands before its `:`; `spoils` marks one whose mistake is
    reported, so that its line is not reported again."""

    kind: str
    text: str
    start: int
    end: int
    first: bool = False
    label: bool = False
    value: Any = None
    spoils: bool = False
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


class Tokenizer:
    """One pass over one text."""

    def __init__(self, file: SourceFile) -> None:
        """Nothing is read yet."""
        self.file = file
        self.text = file.text
        self.out = Tokens()
        self.newline = True
        self.pos = 0

    def run(self) -> Tokens:
        """The tokens, comments and findings of the whole text."""
        match_at = _TOKEN.match
        length = len(self.text)
        while self.pos < length:
            match = match_at(self.text, self.pos)
            assert match is not None
            kind = match.lastgroup if match.lastgroup not in ("percent", "tail") else "NUMERIC"
            start, self.pos = match.span()
            getattr(self, f"_{kind}")(match, start)
        mark_labels(self.out.tokens)
        return self.out

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

    def _SPACE(self, match: re.Match[str], start: int) -> None:
        self.newline = self.newline or "\n" in match[0] or "\r" in match[0]

    def _COMMENT(self, match: re.Match[str], start: int) -> None:
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

    def _WORD(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        tokens = self.out.tokens
        if text == "business" and tokens and tokens[-1].kind == "INT":
            days = _BUSINESS.match(self.text, self.pos)
            if days is not None:
                self.pos = days.end()
                self.add("WORD", f"business {days[1]}", start, self.pos)
                return
        self.add("WORD", text, start, self.pos)

    def _QUOTED(self, match: re.Match[str], start: int) -> None:
        self.add("NAME", match[0][1:-1], start, self.pos)

    def _STRING(self, match: re.Match[str], start: int) -> None:
        self.add("STRING", match[0], start, self.pos, match[0][1:-1])

    def _DATELIKE(self, match: re.Match[str], start: int) -> None:
        read_date(self, match[0], start)

    def _TIME(self, match: re.Match[str], start: int) -> None:
        read_time(self, match[0], start)

    def _NUMERIC(self, match: re.Match[str], start: int) -> None:
        read_number(self, match, start)

    def _CMP(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        meant = _MEANT.get(text, text)
        if meant != text:
            self.report("LR005", start, self.pos, f"`{text}` is written `{meant}`", meant, help=f"write `{meant}`")
        self.add("EQUAL" if meant == "=" else "CMP", meant, start, self.pos)

    def _LOGIC(self, match: re.Match[str], start: int) -> None:
        text = match[0]
        meant = _LOGIC[text]
        fix = meant if text != "!" else "not "
        self.report("LR006", start, self.pos, f"`{text}` is written `{meant}`", fix, help=f"write `{meant}`")
        self.add("WORD", meant, start, self.pos)

    def _PUNCTUATION(self, match: re.Match[str], start: int) -> None:
        self.add(_PUNCTUATION[match[0]], match[0], start, self.pos)

    def _OTHER(self, match: re.Match[str], start: int) -> None:
        read_other(self, match[0], start)


def tokenize(file: SourceFile) -> Tokens:
    """The tokens of a file."""
    return Tokenizer(file).run()


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


def read_number(reader: Tokenizer, match: re.Match[str], start: int) -> None:
    """`10`, `0.5`, `1_000`, `5%`, and what is almost one."""
    text = match[0]
    if match["tail"]:
        _number_with_tail(reader, text, match["tail"], start)
        return
    digits = text.rstrip("% \t")
    previous = reader.out.tokens[-1] if reader.out.tokens else None
    thousands = re.fullmatch(r"[0-9]{3}", digits) and digits[0] == "0" and _is_after_thousands(reader, start)
    if thousands and previous is not None:
        _join_thousands(reader, digits, start)
        return
    whole = digits.split(".")[0]
    if len(whole) > 1 and whole[0] == "0":
        plain = whole.lstrip("0_") or "0"
        fix = plain + text[len(whole) :]
        reader.report("LR009", start, reader.pos, "a number has no leading zeros", fix, help=f"write `{fix}`")
    elif whole.endswith("_") or "__" in whole:
        fix = re.sub("_+", "_", whole).rstrip("_") + text[len(whole) :]
        reader.report("LR009", start, reader.pos, "`_` stands between the digits of a number", fix, help=f"write `{fix}`")
    kind = "PERCENT" if "%" in text else "NUMBER" if "." in digits else "INT"
    number = float(digits.replace("_", "").rstrip("_"))
    if number > LARGEST_NUMBER:
        reader.report("LR009", start, reader.pos, "this number is too large", help="numbers go up to 900,000,000,000,000")
        number = LARGEST_NUMBER
    reader.add(kind, text, start, reader.pos, _percent(digits) if kind == "PERCENT" else number)


def _percent(digits: str) -> float:
    """`5` as 0.05, without the error that dividing 5.0 by 100 could bring to longer numbers."""
    return float(f"{digits.replace('_', '')}e-2")


def _is_after_thousands(reader: Tokenizer, start: int) -> bool:
    tokens = reader.out.tokens
    if len(tokens) < 2 or tokens[-1].type != "COMMA" or tokens[-2].type != "INT":
        return False
    return tokens[-1].end == start and tokens[-2].end == tokens[-1].start


def _join_thousands(reader: Tokenizer, digits: str, start: int) -> None:
    """`1,000` cannot be two numbers: `000` is none."""
    comma = reader.out.tokens.pop()
    head = reader.out.tokens.pop()
    join_thousands(reader, head, digits, comma)


def join_thousands(reader: Tokenizer, head: Token, digits: str, comma: Token) -> None:
    """Put back the number that was cut at its comma."""
    number = f"{head.text}_{digits}"
    if comma.spoils:
        reader.out.findings.pop()
    reader.report(
        "LR007",
        head.start,
        reader.pos,
        f"`{number.replace('_', ',')}` has commas in it",
        number,
        help=f"write `{number}`: a comma separates values",
    )
    token = reader.add("INT", number, head.start, reader.pos, float(number.replace("_", "")))
    token.first = head.first


def _number_with_tail(reader: Tokenizer, text: str, tail: str, start: int) -> None:
    """`30days`, `2nd_touch`, `1e5`."""
    digits = text[: len(text) - len(tail)]
    if tail in UNITS and "." not in digits:
        fix = f"{digits} {tail}"
        reader.report("LR009", start, reader.pos, f"`{text}` needs a space", fix, help=f"write `{fix}`")
        reader.add("INT", digits, start, start + len(digits), float(digits.replace("_", "")))
        reader.add("WORD", tail, start + len(digits), reader.pos)
        return
    if re.fullmatch(r"[eE][0-9]+|[kKmM]", tail) is not None:
        factor = {"k": 1e3, "m": 1e6}.get(tail.lower()) or float(f"1e{tail[1:][:3]}")
        number = min(float(digits.replace("_", "")) * factor, LARGEST_NUMBER)
        fix = f"{number:_.0f}" if number == int(number) else None
        reader.report("LR009", start, reader.pos, f"`{text}` is not a number", fix, help="write all digits: `10_000`")
        reader.add("INT", text, start, reader.pos, number)
        return
    help_text = f"start it with a letter, or put it in backquotes: `` `{text}` ``"
    reader.report("LR010", start, reader.pos, f"the name `{text}` starts with a digit", f"`{text}`", help=help_text)
    reader.add("NAME", text, start, reader.pos)


def read_date(reader: Tokenizer, text: str, start: int) -> None:
    """`2026-04-01`, `2026-04-01T09:00`, and what is almost one."""
    day, _, clock = text.partition("T")
    parts = [int(part) for part in re.split("[-/]", day)]
    shown = "{:04d}-{:02d}-{:02d}".format(*parts)
    zone = re.search(r"(Z|[+-][0-9][0-9]:?[0-9][0-9])$", clock)
    clock = clock[: zone.start()] if zone else clock
    try:
        value: date | datetime = date(*parts)
        if "T" in text:
            value = datetime.combine(value, _time(clock))
    except ValueError:
        reader.report("LR011", start, reader.pos, f"`{text}` does not exist", help="check the year, the month, the day and the time")
        value = datetime(2000, 1, 1) if "T" in text else date(2000, 1, 1)
    else:
        fix = shown + (f"T{clock}" if "T" in text else "")
        if zone:
            message = f"`{zone[0]}` cannot stand in a time: it is in the project's time zone"
            reader.report("LR011", start, reader.pos, message, help=f"convert it, and write it as `{fix}`")
        elif fix != text:
            reader.report("LR011", start, reader.pos, f"`{text}` is not how a date is written", fix, help=f"write `{fix}`")
    reader.add("DATETIME" if "T" in text else "DATE", text, start, reader.pos, value)


def _time(text: str) -> time:
    """A time of day; raises ValueError for anything else."""
    if re.fullmatch(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text) is None:
        raise ValueError(text)
    return time.fromisoformat(text)


def read_time(reader: Tokenizer, text: str, start: int) -> None:
    """`09:00`, and what is almost one."""
    shown = text if len(text.split(":")[0]) == 2 else f"0{text}"
    try:
        value = _time(shown)
    except ValueError:
        value = time(0)
        reader.report("LR011", start, reader.pos, f"`{text}` is not a time of day", help="times go from `00:00` to `23:59`")
    else:
        if shown != text:
            reader.report("LR011", start, reader.pos, f"`{text}` needs two digits for the hour", shown, help=f"write `{shown}`")
    reader.add("TIME", text, start, reader.pos, value)


def read_other(reader: Tokenizer, text: str, start: int) -> None:
    """A character that starts no token."""
    if text in _QUOTES:
        _read_odd_text(reader, text, start)
        return
    wide = _WIDE.match(reader.text, start)
    if wide is not None or text in _MEANT:
        _read_wide(reader, wide[0] if wide else text, start)
        return
    if text.isdigit() and unicodedata.digit(text, None) is not None:
        _read_wide(reader, text, start)
        return
    run = start + 1
    while run < len(reader.text) and reader.text[run] == text:
        run += 1
    reader.pos = run
    if is_invisible(text):
        _report_invisible(reader, text, start)
    elif text == "`":
        reader.pos = _line_end(reader.text, start)
        message = "this name is never closed"
        reader.report("LR003", start, reader.pos, message, help="a name in backquotes ends with a backquote on the same line")
        reader.add("NAME", reader.text[start + 1 : reader.pos].strip() or "?", start, reader.pos).spoils = True
    elif text in (";", "；"):
        reader.report("LR002", start, run, "rules are not separated by `;`", "", help="leave it out")
    else:
        reader.report("LR002", start, run, f"`{text}` has no meaning in a rule", help="remove it, or put the text in quotes")
        reader.add("ODD", text, start, run).spoils = True


def is_invisible(text: str) -> bool:
    """Whether a character cannot be seen, or looks like a space."""
    return unicodedata.category(text) in ("Cf", "Cc", "Zs", "Zl", "Zp", "Co", "Cn", "Cs") or text == "\ufeff"


def _report_invisible(reader: Tokenizer, text: str, start: int) -> None:
    name = unicodedata.name(text, "control character").lower()
    space = unicodedata.category(text) in ("Zs", "Zl", "Zp")
    reader.report(
        "LR001",
        start,
        reader.pos,
        f"an invisible character stands here: U+{ord(text):04X} ({name})",
        " " if space else "",
        help="replace it by a space" if space else "remove it",
    )


def _read_wide(reader: Tokenizer, text: str, start: int) -> None:
    """A full-width or typographic sign, or a run of full-width digits, read as its plain form."""
    if unicodedata.normalize("NFKC", text).isdigit():
        match = re.compile(r"[\d.．,_]+").match(reader.text, start)
        text = match[0] if match else text
    plain = _MEANT.get(text) or unicodedata.normalize("NFKC", text)
    plain = _MEANT.get(plain, plain)
    reader.pos = start + len(text)
    reader.report("LR008", start, reader.pos, f"`{text}` is not the plain sign", plain, help=f"write `{plain}`")
    inner = _TOKEN.fullmatch(plain)
    if inner is None or inner.lastgroup == "OTHER":
        reader.add("ODD", text, start, reader.pos).spoils = True
    elif plain in _LOGIC:
        reader.add("WORD", _LOGIC[plain], start, reader.pos)
    elif plain in _PUNCTUATION:
        reader.add(_PUNCTUATION[plain], plain, start, reader.pos)
    elif plain[0].isdigit():
        reader.add("NUMBER" if "." in plain else "INT", plain, start, reader.pos, float(plain.replace("_", "")))
    elif plain == "#":
        reader.pos = _line_end(reader.text, start)
        reader.out.comments.append(Span(reader.file, start, reader.pos))
    else:
        reader.add("CMP", plain, start, reader.pos)


def _line_end(text: str, start: int) -> int:
    found = re.compile(r"[\r\n]").search(text, start)
    return found.start() if found else len(text)


def _read_odd_text(reader: Tokenizer, quote: str, start: int) -> None:
    """A text in other quotes, or one that is never closed."""
    end = _line_end(reader.text, start)
    line = reader.text[start + 1 : end]
    close = min((at for at in map(line.find, _QUOTES[quote]) if at >= 0), default=-1)
    if close < 0:
        _read_open_text(reader, start, end)
        return
    reader.pos = start + close + 2
    raw = line[:close].replace('"', '\\"')
    shown = reader.text[start : reader.pos]
    wrong = "single quotes" if quote in "'‘’" else f"`{quote}`"
    reader.report("LR008", start, reader.pos, f"a text stands in plain double quotes, not in {wrong}", f'"{raw}"', help=f'write `"{raw}"`')
    reader.add("STRING", shown, start, reader.pos, raw)


def _read_open_text(reader: Tokenizer, start: int, end: int) -> None:
    """A text without its closing quote reaches to the end of the line; the line is not looked at any further."""
    reader.pos = end
    raw = reader.text[start + 1 : end].rstrip()
    reader.report("LR003", start, start + 1 + len(raw), "this text is never closed", help='a text ends with `"` on the same line')
    reader.add("STRING", reader.text[start:end], start, end, raw.replace("\\", "")).spoils = True


def unescape(raw: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text that is meant, and the escapes that do not exist: where they stand in `raw`, and their text."""
    if "\\" not in raw:
        return raw, []
    wrong: list[tuple[int, int, str]] = []

    def replace(match: re.Match[str]) -> str:
        escape = match[1]
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        if len(escape) == 5:
            code = int(escape[1:], 16)
            if not 0xD800 <= code <= 0xDFFF:
                return chr(code)
        wrong.append((match.start(), match.end(), match[0]))
        return escape

    return _ESCAPE.sub(replace, raw), wrong


def unescape_pattern(raw: str) -> str:
    r"""The pattern after `matches`: only `\"` is an escape."""
    return raw.replace('\\"', '"')
