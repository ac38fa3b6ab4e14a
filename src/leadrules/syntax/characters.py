"""Signs that are not the plain ones of the language: full-width, typographic, invisible, or without a meaning.

In: a character that begins no token. Out: the token that was meant, with the finding that says so. Knows no grammar.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from leadrules.core.source import Span
from leadrules.syntax.counters import read_counted
from leadrules.syntax.tokens import Cutter, Token
from leadrules.syntax.words import BLOCKS

MEANT = {
    "==": "=",
    "===": "=",
    ":=": "=",
    "<>": "!=",
    "=<": "<=",
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
PUNCTUATION = {
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
_QUOTES = {
    "“": '”“"',
    "”": '”“"',
    "„": '“”"',
    "「": "」",
    "｢": "｣",
    "『": "』",
    "«": "»",
    "'": "'",
    "‘": "’'",
    "’": "’'",
    "＂": '＂"',
    '"': "”“＂",
}
_WIDE = re.compile(r"[＞＜＝！≦≧≠≤≥][＞＜＝=<>]?|[\uff01-\uff5e]")
_WIDE_LOGIC = re.compile(r"＆{1,2}|｜｜|！(?![＝=])")
_WIDE_MOMENT = re.compile(r"[0-9０-９]{1,4}[-－ー−:：][0-9０-９TＴ:：\-－ー−]+")
_WIDE_NUMBER = re.compile(r"(?:\d{1,3}(?:[,，]\d{3})+(?!\d)|[\d_＿]+)(?:[.．]\d+)?[%％]?")
_PLAIN_QUOTE = re.compile(r'(?<!\\)"')
_OPENS_TEXT = " \t\u3000([=,"  # before a quote: it begins a text
_CONTRACTIONS = {
    **dict.fromkeys(("isn", "aren", "wasn", "weren"), "is"),
    **dict.fromkeys(("doesn", "don"), "does"),
    "didn": "did",
}
_CURRENCIES = "$€£¥￥"
_RANGE = re.compile(r"[~～〜][ \t\u3000]*(?=\d)")
_LIMITS = ("INT", "NUMBER", "PERCENT", "DATE", "DATETIME", "TIME")
_NEXT_VALUE = re.compile(r"[ \t]*[^\W\d]\w*[ \t]*=")
_REST_OF_WORD = re.compile(r"\w+")
_JOINTS = "・･（"
_JOINED = re.compile(r"(?:[・･]\w+|（[^（）\r\n]+）\w*)+")


def read_other(reader: Cutter, text: str, start: int) -> None:
    """A character that starts no token."""
    if unicodedata.category(text)[0] == "M" and _goes_on(reader, start):
        return
    if (text in _JOINTS and _read_joined(reader, start)) or (text in "'’" and _read_contraction(reader, start)):
        return
    if text in _QUOTES:
        _read_odd_text(reader, text, start)
        return
    if _RANGE.match(reader.text, start) and reader.out.tokens and reader.out.tokens[-1].kind in _LIMITS:
        reader.add("ODD", text, start, reader.pos)  # told by the parser, which knows what it stands after
        return
    logic = _WIDE_LOGIC.match(reader.text, start)
    if logic is not None:
        reader.pos = logic.end()
        read_logic(reader, logic[0], start)
        return
    wide = _WIDE.match(reader.text, start) if text not in "；～" else None
    if wide is not None or text in MEANT:
        read_wide(reader, wide[0] if wide else text, start)
        return
    if text.isdigit() and unicodedata.digit(text, None) is not None:
        read_wide(reader, text, start)
        return
    if text in _CURRENCIES and (number := _WIDE_NUMBER.match(reader.text, reader.pos)) is not None:
        _read_money(reader, number[0], start)
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
        reader.report(
            "LR003", start, reader.pos, message, help="a name in backquotes ends with a backquote on the same line"
        )
        reader.add("NAME", reader.text[start + 1 : reader.pos].strip() or "?", start, reader.pos).spoils = True
    elif text in (";", "；") and (_in_brackets(reader.out.tokens) or _before_value(reader)):
        reader.report("LR002", start, run, "values are separated by `,`, not by `;`", ",", help="write `,`")
        reader.add("COMMA", ",", start, run)
    elif text in (";", "；"):
        reader.report("LR002", start, run, "rules are not separated by `;`", "", help="leave it out")
    else:
        reader.report(
            "LR002", start, run, f"`{text}` has no meaning in a rule", help="remove it, or put the text in quotes"
        )
        reader.add("ODD", text, start, run).spoils = True


def _read_joined(reader: Cutter, start: int) -> bool:
    """`役職・部署`, and `segment 売上（千円） when`, where no call stands: such a name stands in backquotes."""
    tokens = reader.out.tokens
    rest = _JOINED.match(reader.text, start)
    if not tokens or tokens[-1].kind != "WORD" or tokens[-1].end != start or rest is None:
        return False
    if "（" in rest[0] and not (len(tokens) > 1 and tokens[-2].first and tokens[-2].text in BLOCKS):
        return False
    word = tokens[-1]
    reader.pos = rest.end()
    name = reader.text[word.start : reader.pos]
    help_text = f"put it in backquotes: `` `{name}` ``"
    message = f"the name `{name}` has a `{rest[0][0]}`"
    reader.report("LR010", word.start, reader.pos, message, f"`{name}`", help=help_text)
    word.kind, word.text, word.end = "NAME", name, reader.pos
    return True


def _read_contraction(reader: Cutter, start: int) -> bool:
    """`isn't`, which is two words; of `doesn't` and `didn't` the parser tells what is written for them."""
    word = reader.out.tokens[-1] if reader.out.tokens else None
    verb = _CONTRACTIONS.get(word.text.lower()) if word is not None and word.end == start else None
    if word is None or verb is None or _REST_OF_WORD.match(reader.text, start + 1) is None:
        return False
    if reader.text[start + 1 : start + 2] != "t" or reader.text[start + 2 : start + 3].isalnum():
        return False
    reader.pos = start + 2
    written = reader.text[word.start : reader.pos]
    word.text, word.end = verb, reader.pos
    if verb == "is":
        message = f"`{written}` is written `is not`"
        reader.report("LR035", word.start, reader.pos, message, "is not", help="write `is not`")
    reader.add("WORD", "not", reader.pos, reader.pos)
    return True


def _read_money(reader: Cutter, number: str, start: int) -> None:
    """`$50,000`, `€ 500`."""
    plain = unicodedata.normalize("NFKC", number).replace(",", "_")
    reader.pos += len(number)
    message = f"`{reader.text[start : reader.pos]}` is written `{plain}`: a number has no currency"
    reader.report("LR009", start, reader.pos, message, plain, help=f"write `{plain}`")
    _add_number(reader, plain, start)


def _in_brackets(tokens: Sequence[Token]) -> bool:
    """Whether a bracket is open: what stands in it are values, as in a formula of a German or French spreadsheet."""
    depth = 0
    for token in reversed(tokens):
        depth += (token.kind in ("LPAR", "LSQB")) - (token.kind in ("RPAR", "RSQB"))
        if depth > 0 or token.kind in ("LBRACE", "RBRACE", "COLON"):
            return depth > 0
    return False


def _before_value(reader: Cutter) -> bool:
    """Whether the next field of a test's lead, or of its event, stands behind `;`."""
    line = reader.out.tokens[-1:]
    for token in reversed(reader.out.tokens):
        line.append(token)
        if token.first:
            break
    is_given = any(token.text in ("given", "with") for token in line)
    return is_given and _NEXT_VALUE.match(reader.text, reader.pos) is not None


def _goes_on(reader: Cutter, start: int) -> bool:
    """An accent or a vowel sign that stands by itself is part of the name before it, as in the decomposed names of macOS."""
    word = reader.out.tokens[-1] if reader.out.tokens else None
    if word is None or word.kind != "WORD" or word.end != start:
        return False
    rest = _REST_OF_WORD.match(reader.text, start + 1)
    reader.pos = word.end = rest.end() if rest else start + 1
    word.text = reader.text[word.start : word.end]
    return True


def is_invisible(text: str) -> bool:
    """Whether a character cannot be seen, or looks like a space."""
    return unicodedata.category(text) in ("Cf", "Cc", "Zs", "Zl", "Zp", "Co", "Cn", "Cs") or text == "\ufeff"


def _report_invisible(reader: Cutter, text: str, start: int) -> None:
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
    tokens = reader.out.tokens
    rest = _REST_OF_WORD.match(reader.text, reader.pos)
    if not space and tokens and tokens[-1].kind == "WORD" and tokens[-1].end == start and rest:
        reader.pos = tokens[-1].end = rest.end()
        tokens[-1].text += rest[0]


def read_wide(reader: Cutter, text: str, start: int) -> None:
    """A full-width or typographic sign, or a run of full-width digits, or one such as `>＝`, read as its plain form."""
    if unicodedata.normalize("NFKC", text).isdigit():
        if read_counted(reader, start):
            return
        match = _WIDE_MOMENT.match(reader.text, start)
        if match is not None and _read_wide_moment(reader, match[0], start):
            return
        match = _WIDE_NUMBER.match(reader.text, start)
        text = match[0] if match else text
    plain = MEANT.get(text) or unicodedata.normalize("NFKC", text)
    plain = MEANT.get(plain, plain)
    if plain[0].isdigit():
        plain = plain.replace(",", "_")
    reader.pos = start + len(text)
    reader.report("LR008", start, reader.pos, f"`{text}` is not the plain sign", plain, help=f"write `{plain}`")
    if plain in PUNCTUATION:
        reader.add(PUNCTUATION[plain], plain, start, reader.pos).odd = True
    elif plain[0].isdigit():
        _add_number(reader, plain, start)
    elif plain == "#":
        reader.pos = _line_end(reader.text, start)
        reader.out.comments.append(Span(reader.file, start, reader.pos))
    elif plain in ("<", ">", "<=", ">=", "!="):
        reader.add("CMP", plain, start, reader.pos).odd = True
    else:
        reader.add("ODD", text, start, reader.pos).spoils = True


def read_logic(reader: Cutter, text: str, start: int) -> None:
    """`&&`, `||`, `!` and their full-width forms: words, which need spaces around them."""
    meant = _LOGIC[unicodedata.normalize("NFKC", text)]
    before, after = reader.text[start - 1 : start], reader.text[reader.pos : reader.pos + 1]
    begin = "" if meant == "not" or before.isspace() else " "
    fix = f"{begin}{meant}{'' if after.isspace() else ' '}"
    reader.report("LR006", start, reader.pos, f"`{text}` is written `{meant}`", fix, help=f"write `{meant}`")
    reader.add("WORD", meant, start, reader.pos).odd = True


def _add_number(reader: Cutter, plain: str, start: int) -> None:
    number = float(plain.rstrip("%").replace("_", "") or 0)
    if plain.endswith("%"):
        reader.add("PERCENT", plain, start, reader.pos, number / 100)
    else:
        reader.add("NUMBER" if "." in plain else "INT", plain, start, reader.pos, number)


def _read_wide_moment(reader: Cutter, text: str, start: int) -> bool:
    """A date or a time of day in full-width signs, told once."""
    plain = unicodedata.normalize("NFKC", text).replace("ー", "-").replace("−", "-")
    clock = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", plain)
    kind: str
    value: Any
    try:
        if clock is not None:
            kind, value = "TIME", time(int(clock[1]), int(clock[2]))
        elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", plain):
            kind, value = "DATE", date.fromisoformat(plain)
        elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", plain):
            kind, value = "DATETIME", datetime.fromisoformat(plain)
        else:
            return False
    except ValueError:
        return False
    reader.pos = start + len(text)
    reader.report("LR008", start, reader.pos, f"`{text}` is not in plain signs", plain, help=f"write `{plain}`")
    reader.add(kind, plain, start, reader.pos, value)
    return True


def _line_end(text: str, start: int) -> int:
    found = re.compile(r"[\r\n]").search(text, start)
    return found.start() if found else len(text)


def _read_odd_text(reader: Cutter, quote: str, start: int) -> None:
    """A text in other quotes, or one that is never closed."""
    end = _line_end(reader.text, start)
    line = reader.text[start + 1 : end]
    close = min((at for at in (_closing(line, mark) for mark in _QUOTES[quote]) if at >= 0), default=-1)
    if close < 0:
        _read_open_text(reader, start, end)
        return
    reader.pos = start + close + 2
    raw = line[:close].replace('"', '\\"')
    shown = reader.text[start : reader.pos]
    wrong = "single quotes" if quote in "'‘’" else f"`{quote}`"
    reader.report(
        "LR008",
        start,
        reader.pos,
        f"a text stands in plain double quotes, not in {wrong}",
        f'"{raw}"',
        help=f'write `"{raw}"`',
    )
    reader.add("STRING", shown, start, reader.pos, raw)


def _closing(line: str, mark: str) -> int:
    """Where a text in other quotes ends: an apostrophe within a word does not end it."""
    at = line.find(mark)
    while mark in "'’" and 0 < at < len(line) - 1 and line[at - 1].isalpha() and line[at + 1].isalpha():
        further = line.find(mark, at + 1)
        if further < 0:
            break
        at = further
    return at


def _read_open_text(reader: Cutter, start: int, end: int) -> None:
    """A text without its closing quote reaches to the end of the line; the line is not looked at any further."""
    close = _closed_in_next_line(reader.text, start, end)
    if close is not None:
        _read_text_of_lines(reader, start, close)
        return
    reader.pos = end
    raw = reader.text[start + 1 : end].rstrip()
    reader.report(
        "LR003", start, start + 1 + len(raw), "this text is never closed", help='a text ends with `"` on the same line'
    )
    reader.add("STRING", reader.text[start:end], start, end, raw.replace("\\", "")).spoils = True


def _closed_in_next_line(text: str, start: int, end: int) -> int | None:
    """Where a text that is open at the end of its line is closed in the next: that line has a quote too many itself, and
    its first ends something. A line that begins a block is never taken for the rest of a text."""
    begin = end + (2 if text.startswith("\r\n", end) else 1)
    line = text[begin : _line_end(text, begin)]
    word = _REST_OF_WORD.match(line)
    if text[start] != '"' or len(_PLAIN_QUOTE.findall(line)) % 2 == 0 or (word and word[0] in BLOCKS):
        return None
    before = line[: line.index('"')]
    return begin + len(before) if not before.strip() or before[-1] not in _OPENS_TEXT else None


def _read_text_of_lines(reader: Cutter, start: int, close: int) -> None:
    """A text that goes on in the next line."""
    reader.pos = close + 1
    raw = " ".join(reader.text[start + 1 : close].split())
    message = "this text goes on in the next line"
    reader.report("LR003", start, reader.pos, message, help="a text stands on one line; `\\n` in it is a line end")
    reader.add("STRING", reader.text[start : reader.pos], start, reader.pos, raw)
