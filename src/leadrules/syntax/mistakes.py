"""What people type first: what it was meant to be, and how to say so.

In: a `Place`, where a token cannot stand. Out: a `Mend`, the tokens that were meant with the finding that says so, or
None. Each known mistake is one function; after them come the slips that any grammar has (a word that is missing, too
many, or misspelt). A mend counts only if the parser gets further with it.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.blocks import Block
from leadrules.syntax.grammar import END, Language
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import NOTHING, RESERVED, SYNONYMS

WINDOW = 12
_NUMBERS = ("INT", "NUMBER")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token cannot stand: the tokens of the block, where the rule line begins, and the states before the token."""

    file: SourceFile
    language: Language
    block: Block
    tokens: list[Token]
    start: int
    index: int
    stack: tuple[int, ...]
    anchor_states: tuple[int, ...]

    @property
    def token(self) -> Token:
        """The token that cannot stand."""
        return self.tokens[self.index]

    def at(self, offset: int) -> Token:
        """The token so many places after the one that cannot stand; an empty one outside of the block."""
        index = self.index + offset
        return self.tokens[index] if 0 <= index < len(self.tokens) else Token("", "", 0, 0)

    def takes(self, terminal: str) -> bool:
        """Whether a terminal could stand here."""
        return self.language.takes(list(self.stack), terminal)

    def span(self, first: Token, last: Token | None = None) -> Span:
        """The place of a token, or from one to another."""
        return Span(self.file, first.start, (last or first).end)

    def line_end(self) -> int:
        """The index of the first token of the next line."""
        index = self.index + 1
        while index < len(self.tokens) and not self.tokens[index].first:
            index += 1
        return min(index, len(self.tokens) - 1)

    def hint(self) -> str:
        """A word of help for a mistake without a name."""
        token = self.token
        if token.kind == "WORD" and token.text in RESERVED and self.takes("NAME"):
            return f"`{token.text}` is a word of the language; in backquotes it is a name"
        return ""


@dataclass(frozen=True, slots=True)
class Mend:
    """Put `tokens` in the place of those from `start` to `end`. `lossy` marks one that leaves out what was written."""

    start: int
    end: int
    tokens: list[Token]
    finding: Diagnostic
    lossy: bool = False


def find_mend(place: Place) -> Mend | None:
    """What was meant, as far as anybody knows."""
    for known in KNOWN:
        mend = known(place)
        if mend is not None and progress(place, mend) > place.index:
            return mend
    return general(place)


def progress(place: Place, mend: Mend) -> int:
    """How far the parser gets with a mend, as an index into the tokens as they are."""
    tail = place.tokens[mend.end : max(mend.end, place.index) + WINDOW]
    tokens = place.tokens[place.start : mend.start] + mend.tokens
    stack = list(place.anchor_states)
    reached = place.language.reach(stack, tokens + tail, 0, len(tokens) + len(tail))
    return reached - len(tokens) + mend.end


def replaced(
    place: Place,
    start: int,
    end: int,
    texts: list[tuple[str, str] | Token],
    code: str,
    message: str,
    fix: str | None,
    help: str = "",
    lossy: bool = False,
) -> Mend:
    """A mend that puts other tokens in the place of some, all of which the finding underlines."""
    first, last = place.tokens[start], place.tokens[end - 1]
    span = place.span(first, last)
    fixes = () if fix is None else (Fix(f"write `{fix}`" if fix else "remove it", (Edit(span, fix),)),)
    shown = help or (f"write `{fix}`" if fix else "leave it out")
    found = finding(code, span, message, help=shown, fixes=fixes)
    return Mend(start, end, made(texts, first, last), found, lossy)


def made(texts: list[tuple[str, str] | Token], first: Token, last: Token) -> list[Token]:
    """Tokens at the place of others."""
    tokens = [
        text if isinstance(text, Token) else Token(text[0], text[1], first.start, last.end, value=text[1])
        for text in texts
    ]
    if tokens and not isinstance(texts[0], Token):
        tokens[0].first = first.first
    return tokens


# -- known mistakes: names and literals


def hyphenated_name(place: Place) -> Mend | None:
    """`win-back` where a name stands, or is declared."""
    for start in (place.index - 1, place.index):
        end = hyphen_run(place.tokens, start)
        if end <= start + 1 or end <= place.index:
            continue
        first, last = place.tokens[start], place.tokens[end - 1]
        written = place.span(first, last).text
        name = written.replace("-", "_")
        help_text = f"write `{name}`, or put it in backquotes"
        token = Token("NAME", name, first.start, last.end, first.first, place.tokens[end - 1].label)
        return replaced(place, start, end, [token], "LR010", f"the name `{written}` has a hyphen", name, help_text)
    return None


def hyphen_run(tokens: list[Token], start: int) -> int:
    """The index after a run of words and numbers joined by hyphens without a space."""
    if start < 0 or tokens[start].kind != "WORD":
        return start
    end = start + 1
    while end + 1 < len(tokens) and tokens[end].text == "-" and tokens[end + 1].kind in ("WORD", "INT"):
        if tokens[end].start != tokens[end - 1].end or tokens[end + 1].start != tokens[end].end:
            break
        end += 2
    return end


def thousands_comma(place: Place) -> Mend | None:
    """`1,000`."""
    head, comma = place.at(-1), place.token
    if head.kind != "INT" or comma.kind != "COMMA":
        return None
    end = place.index
    while end + 1 < len(place.tokens) and _is_thousands(place.tokens, end):
        end += 2
    if end == place.index:
        return None
    last = place.tokens[end - 1]
    written = place.span(head, last).text
    number = written.replace(",", "_")
    token = Token("INT", number, head.start, last.end, head.first, value=float(number.replace("_", "")))
    message = f"`{written}` has commas in it"
    help_text = f"write `{number}`: a comma separates values"
    return replaced(place, place.index - 1, end, [token], "LR007", message, number, help_text)


def _is_thousands(tokens: list[Token], at: int) -> bool:
    comma, digits = tokens[at], tokens[at + 1]
    touching = comma.start == tokens[at - 1].end and digits.start == comma.end
    return comma.kind == "COMMA" and touching and digits.kind == "INT" and len(digits.text) == 3


def date_and_time(place: Place) -> Mend | None:
    """`2026-04-01 09:00`."""
    day, clock = place.at(-1), place.token
    if day.kind != "DATE" or clock.kind != "TIME":
        return None
    fix = f"{day.text}T{clock.text}"
    moment = datetime.combine(day.value, clock.value)
    token = Token("DATETIME", fix, day.start, clock.end, day.first, value=moment)
    message = "a date and a time are joined by `T`"
    return replaced(place, place.index - 1, place.index + 1, [token], "LR011", message, fix)


def fractional_duration(place: Place) -> Mend | None:
    """`1.5 days`."""
    number = place.at(-1)
    if number.kind != "NUMBER" or place.token.text not in ("day", "days", "week", "weeks", "hour", "hours", "month", "months"):
        return None
    token = Token("INT", str(int(number.value)), number.start, number.end, value=float(int(number.value)))
    message = f"`{number.text} {place.token.text}`: a duration is a whole number"
    mend = replaced(place, place.index - 1, place.index, [token], "LR009", message, None, "use a smaller unit: `36 hours`")
    return mend


def quoted_name(place: Place) -> Mend | None:
    """A text where a name stands, or a name where a text stands."""
    token = place.token
    if token.kind == "STRING" and place.takes("NAME") and not place.takes("STRING") and token.value:
        plain = token.value.isidentifier() and token.value not in RESERVED
        fix = token.value if plain else f"`{token.value}`"
        name = Token("NAME", token.value, token.start, token.end, token.first)
        message = f"{token.text} is a name here, and a name stands without quotes"
        return replaced(place, place.index, place.index + 1, [name], "LR033", message, fix)
    if token.kind in ("WORD", "NAME") and place.takes("STRING") and not place.takes("NAME") and not token.label:
        if token.text in place.language.keywords and token.text in RESERVED:
            return None
        fix = f'"{token.text}"'
        text = Token("STRING", fix, token.start, token.end, token.first, value=token.text)
        message = f"`{token.text}` is a text here, and a text stands in quotes"
        return replaced(place, place.index, place.index + 1, [text], "LR033", message, fix)
    return None


# -- known mistakes: words of other languages


def other_case(place: Place) -> Mend | None:
    """`AND`, `Not`, `When`: the error is at the word, or right after one that was taken for a name."""
    for index in (place.index, place.index - 1):
        if index < 0:
            continue
        token = place.tokens[index]
        plain = unicodedata.normalize("NFKC", token.text).lower()
        if token.kind != "WORD" or plain == token.text or plain not in place.language.keywords:
            continue
        if index != place.index and plain not in RESERVED:
            continue
        message = f"`{token.text}` is written `{plain}`"
        mend = replaced(place, index, index + 1, [("WORD", plain)], "LR017", message, plain)
        if progress(place, mend) > place.index:
            return mend
    return None


def equals_blank(place: Place) -> Mend | None:
    """`= blank`, `!= blank`."""
    sign = place.at(-1)
    if place.token.text != "blank" or sign.text not in ("=", "!="):
        return None
    words = ["is", "blank"] if sign.text == "=" else ["is", "not", "blank"]
    fix = " ".join(words)
    message = f"`{sign.text} blank` is written `{fix}`: no comparison with a blank is true"
    texts: list[tuple[str, str] | Token] = [("WORD", word) for word in words]
    return replaced(place, place.index - 1, place.index + 1, texts, "LR016", message, fix)


def within_of_field(place: Place) -> Mend | None:
    """`created_at within 30 days`."""
    count, unit = place.at(1), place.at(2)
    if place.token.text not in ("within", "in") or count.kind != "INT" or unit.kind != "WORD" or not place.takes("CMP"):
        return None
    duration = place.span(count, unit).text
    fix = f">= today - {duration}"
    texts: list[tuple[str, str] | Token] = [("CMP", ">="), ("WORD", "today"), ("SIGN", "-"), count, unit]
    message = f"`{place.token.text} {duration}` is for events"
    return replaced(place, place.index, place.index + 3, texts, "LR018", message, fix, f"for a date write `{fix}`")


def days_ago(place: Place) -> Mend | None:
    """`> 30 days ago`."""
    count, unit = place.at(-2), place.at(-1)
    if place.token.text != "ago" or count.kind != "INT" or unit.kind != "WORD":
        return None
    duration = place.span(count, unit).text
    fix = f"today - {duration}"
    texts: list[tuple[str, str] | Token] = [("WORD", "today"), ("SIGN", "-"), count, unit]
    return replaced(place, place.index - 2, place.index + 1, texts, "LR018", "`ago` is for the events of a test", fix)


_COMPARATIVES = {
    "greater": ">",
    "more": ">",
    "higher": ">",
    "bigger": ">",
    "larger": ">",
    "later": ">",
    "less": "<",
    "fewer": "<",
    "lower": "<",
    "smaller": "<",
    "earlier": "<",
    "equal": "=",
    "equals": "=",
    "above": ">",
    "below": "<",
}


def comparison_in_words(place: Place) -> Mend | None:
    """`is greater than 5`, `is more than or equal to 5`, `equals 5`, `is >= 5`, `is in (..)`."""
    start = next((i for i in range(place.index, max(place.start, place.index - 4), -1) if place.tokens[i].text == "is"), None)
    start = place.index if start is None else start
    end = start + (place.tokens[start].text == "is")
    words = []
    while end < len(place.tokens) and place.tokens[end].text in (*_COMPARATIVES, "than", "or", "to"):
        words.append(place.tokens[end].text)
        end += 1
    written = place.span(place.tokens[start], place.tokens[max(start, end - 1)]).text
    if words and words[0] in _COMPARATIVES:
        sign = _COMPARATIVES[words[0]] + ("=" if "or" in words else "")
        kind = "EQUAL" if sign == "=" else "CMP"
        return replaced(place, start, end, [(kind, sign)], "LR035", f"`{written}` is written `{sign}`", sign)
    after = place.tokens[end] if end < len(place.tokens) else place.token
    if not words and end == place.index and start < end and after.kind in ("WORD", "CMP", "EQUAL"):
        shown_operator = after.text
        message = f"`is {shown_operator}` is written `{shown_operator}`"
        fix = shown_operator
        return replaced(place, start, end + 1, [after], "LR035", message, fix)
    return None


def negation_in_words(place: Place) -> Mend | None:
    """`does not contain "x"`, `did not E`, `x not = 5`."""
    token, before, after = place.token, place.at(-1), place.at(1)
    if token.text in ("does", "doesn", "do") and after.text == "not" and place.at(2).kind == "WORD":
        verb = place.at(2).text
        meant = next((word for word in ("contains", "matches", "has") if verb[:3] == word[:3]), None)
        meant = meant or {"start": "starts", "end": "ends", "include": "contains"}.get(verb)
        if meant is None:
            return None
        fix = f"not {meant}"
        texts: list[tuple[str, str] | Token] = [("WORD", "not"), ("WORD", meant)]
        return replaced(place, place.index, place.index + 3, texts, "LR035", f"`does not {verb}` is written `{fix}`", fix)
    if token.text == "not" and before.text == "did":
        message = "`did not` is written `never`"
        return replaced(place, place.index - 1, place.index + 1, [("WORD", "never")], "LR035", message, "never")
    if token.kind in ("EQUAL", "CMP") and before.text == "not" and token.text == "=":
        message = "`not =` is written `!=`"
        return replaced(place, place.index - 1, place.index + 1, [("CMP", "!=")], "LR035", message, "!=")
    return None


def chained_comparison(place: Place) -> Mend | None:
    """`10 < x < 20`."""
    middle = place.at(-1)
    if place.token.kind not in ("CMP", "EQUAL") or not place.takes("AND") or middle.kind not in ("WORD", "NAME"):
        return None
    fix = f"and {middle.text} {place.token.text}"
    texts: list[tuple[str, str] | Token] = [("WORD", "and"), (middle.kind, middle.text), place.token]
    message = "one comparison has two sides"
    help_text = f"write `{fix}`, or use `between .. and ..`, which includes both ends"
    return replaced(place, place.index, place.index + 1, texts, "LR035", message, fix, help_text)


# -- known mistakes: rule lines


def threshold_as_comparison(place: Place) -> Mend | None:
    """`hot: >= 70`, `hot: from 70 to 80`, `hot: from 70 until 80`."""
    if place.block.kind != "band":
        return None
    token, before = place.token, place.at(-1)
    if token.kind == "CMP" and before.kind == "COLON":
        message = f"a label of a band begins `from` a number, not `{token.text}`"
        return replaced(place, place.index, place.index + 1, [("WORD", "from")], "LR027", message, "from")
    if token.text in ("to", "until", "below", "-") and before.kind in _NUMBERS and place.at(1).kind in _NUMBERS:
        message = "a label of a band ends where the label above it begins"
        return replaced(place, place.index, place.index + 2, [], "LR027", message, "")
    return None


def threshold_range(place: Place) -> Mend | None:
    """`hot: 70 to 100`, `hot: 70-100`."""
    token = place.token
    ends = place.at(1).text in ("to", "-") and place.at(2).kind in _NUMBERS
    if place.block.kind != "band" or token.kind not in _NUMBERS or not ends or not place.takes("FROM"):
        return None
    fix = f"from {token.text}"
    message = "a label of a band ends where the label above it begins"
    return replaced(place, place.index, place.index + 3, [("WORD", "from"), token], "LR027", message, fix)


def otherwise_first(place: Place) -> Mend | None:
    """`otherwise: lead`, `default: cold`."""
    start = place.index - 2
    if start < 0:
        return None
    word, colon, name = place.tokens[start : start + 3]
    if colon.kind != "COLON" or word.text not in ("otherwise", "else", "default") or name.kind not in ("WORD", "NAME"):
        return None
    if not place.takes("OTHERWISE"):
        return None
    fix = f"{name.text}: otherwise"
    label = Token(name.kind, name.text, name.start, name.end, word.first, True)
    texts: list[tuple[str, str] | Token] = [label, colon, ("WORD", "otherwise")]
    message = f"`{word.text}` stands after the `:`"
    return replaced(place, start, place.index + 1, texts, "LR028", message, fix)


def points_after_condition(place: Place) -> Mend | None:
    """`vp: when title = "VP" then +5`, `vp: if title = "VP": +5`."""
    token = place.token
    if place.block.kind != "score" or place.at(-1).kind != "COLON" or token.text not in ("when", "if", "each"):
        return None
    end = place.line_end()
    sign = next((i for i in range(end - 1, place.index, -1) if place.tokens[i].kind == "SIGN"), None)
    if sign is None or end != sign + 2 or place.tokens[sign + 1].kind not in _NUMBERS:
        return None
    points = place.tokens[sign : sign + 2]
    stop = sign - (place.tokens[sign - 1].text in ("then", ":", "add", "do"))
    condition = place.tokens[place.index + 1 : stop]
    if not condition:
        return None
    word = "each" if token.text == "each" else "when"
    shown_points = place.span(*points).text
    fix = f"{shown_points} {word} {place.span(condition[0], condition[-1]).text}"
    texts: list[tuple[str, str] | Token] = [*points, ("WORD", word), *condition]
    return replaced(place, place.index, end, texts, "LR029", "the points of a rule come first", fix)


def points_without_sign(place: Place) -> Mend | None:
    """`ceo: 20 when ..`."""
    token = place.token
    if token.kind not in (*_NUMBERS, "LPAR") or place.at(-1).kind != "COLON" or not place.takes("SIGN"):
        return None
    if place.block.kind != "score":
        return None
    shown_amount = token.text if token.kind != "LPAR" else "(..)"
    message = "the points of a rule begin with `+` or `-`"
    edit = Edit(Span(place.file, token.start, token.start), "+")
    found = finding(
        "LR029", place.span(token), message, help=f"write `+{shown_amount}`", fixes=(Fix("write `+`", (edit,)),)
    )
    return Mend(place.index, place.index, [Token("SIGN", "+", token.start, token.start)], found)


def points_without_parentheses(place: Place) -> Mend | None:
    """`size: +min(employees / 50, 20) when ..`, `size: +5 * tier when ..`."""
    signs = [i for i in (place.index - 1, place.index - 2) if i >= 1 and place.tokens[i].kind == "SIGN"]
    start = next((i for i in signs if place.tokens[i - 1].kind == "COLON"), None)
    if place.block.kind != "score" or start is None:
        return None
    end = start + 1
    while end < len(place.tokens) and place.tokens[end].text not in ("when", "each") and not place.tokens[end].first:
        end += 1
    amount = place.tokens[start + 1 : end]
    if not amount or place.tokens[end].text not in ("when", "each"):
        return None
    fix = f"({place.span(amount[0], amount[-1]).text})"
    texts: list[tuple[str, str] | Token] = [("LPAR", "("), *amount, ("RPAR", ")")]
    message = "points that are worked out stand in parentheses"
    mend = replaced(place, start + 1, end, texts, "LR029", message, fix)
    for paren in (mend.tokens[0], mend.tokens[-1]):
        paren.first = False
    return mend


def missing_colon(place: Place) -> Mend | None:
    """`senior +15 when ..`: a rule's id without its `:`."""
    for index in (place.index, place.index - 1):
        token = place.tokens[index] if index >= 0 else place.token
        if not _could_be_id(place, index, token):
            continue
        title = index + 1 < len(place.tokens) and place.tokens[index + 1].kind == "STRING"
        last = place.tokens[index + 1] if title else token
        label = Token(token.kind, token.text, token.start, token.end, token.first, True)
        colon = Token("COLON", ":", last.end, last.end)
        edit = Edit(Span(place.file, last.end, last.end), ":")
        found = finding(
            "LR025",
            place.span(token),
            f"`:` is missing after `{token.text}`",
            help=f"write `{place.span(token, last).text}:`",
            fixes=(Fix("insert `:`", (edit,)),),
        )
        end = index + 2 if title else index + 1
        tokens = [label, last, colon] if title else [label, colon]
        mend = Mend(index, end, tokens, found)
        if progress(place, mend) > max(place.index, end):
            return mend
    return None


def _could_be_id(place: Place, index: int, token: Token) -> bool:
    """Whether a token that was not taken for a rule's id could be one, as the first of its rule line."""
    if token.kind not in ("WORD", "NAME") or token.label or token.text in RESERVED:
        return False
    stack = list(place.anchor_states)
    reached = place.language.reach(stack, place.tokens, place.start, index)
    return reached == index and place.language.takes(stack, "ID")


def wrong_brackets(place: Place) -> Mend | None:
    """`list x = ("a")`, `in ["a"]`."""
    pairs = {"LPAR": ("LSQB", "[", "RPAR", "RSQB", "]"), "LSQB": ("LPAR", "(", "RSQB", "RPAR", ")")}
    token = place.token
    if token.kind not in pairs:
        return None
    kind, text, closer, meant, closing = pairs[token.kind]
    if not place.takes(kind) or place.takes(token.kind):
        return None
    end = matching(place.tokens, place.index)
    if end is None or place.tokens[end].kind != closer:
        return None
    close = place.tokens[end]
    middle = place.tokens[place.index + 1 : end]
    tokens = [Token(kind, text, token.start, token.end, token.first), *middle, Token(meant, closing, close.start, close.end)]
    edits = (Edit(place.span(token), text), Edit(place.span(close), closing))
    what = f"`{text} {closing}`"
    found = finding(
        "LR034", place.span(token), f"{what} stand here, not `{token.text}`", help=f"write {what}", fixes=(Fix(f"write {what}", edits),)
    )
    return Mend(place.index, end + 1, tokens, found)


def list_without_brackets(place: Place) -> Mend | None:
    """`list x = "a", "b"`."""
    token = place.token
    if place.block.kind not in ("list", "events") or not place.takes("LSQB") or token.kind not in ("STRING", "WORD", *_NUMBERS):
        return None
    end = len(place.tokens) - 1
    items = place.tokens[place.index : end]
    fix = f"[{place.span(items[0], items[-1]).text}]"
    texts: list[tuple[str, str] | Token] = [("LSQB", "["), *items, ("RSQB", "]")]
    return replaced(place, place.index, end, texts, "LR034", "the values of a list stand in `[ ]`", fix)


def matching(tokens: list[Token], start: int) -> int | None:
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(tokens)):
        kind = tokens[index].kind
        depth += (kind in ("LPAR", "LSQB")) - (kind in ("RPAR", "RSQB"))
        if depth == 0:
            return index
        if kind in ("LBRACE", "RBRACE", END):
            return None
    return None


def missing_name(place: Place) -> Mend | None:
    """`score "Fit" {`: a title, and no name."""
    token = place.token
    if place.index != 1 or token.kind != "STRING" or place.at(1).kind in ("", END):
        return None
    words = "".join(char if char.isalnum() else " " for char in str(token.value).lower()).split()
    name = "_".join(words)
    if not name or not name[0].isalpha() or name in RESERVED or len(words) > 4:
        return None
    return inserted(place, [("WORD", name)], name, f"a {place.block.kind} has a name before its title")


KNOWN: tuple[Callable[[Place], Mend | None], ...] = (
    hyphenated_name,
    thousands_comma,
    date_and_time,
    fractional_duration,
    equals_blank,
    within_of_field,
    days_ago,
    negation_in_words,
    comparison_in_words,
    other_case,
    chained_comparison,
    threshold_as_comparison,
    threshold_range,
    otherwise_first,
    points_after_condition,
    points_without_sign,
    points_without_parentheses,
    wrong_brackets,
    list_without_brackets,
    missing_name,
    missing_colon,
    quoted_name,
)


# -- slips that any grammar has

_NEVER_INSERTED = frozenset(
    "AND OR IN IS BETWEEN CONTAINS STARTS ENDS MATCHES HAS NOT CMP SIGN MULOP VBAR DOT TRUE FALSE AT BLANK ANY DID NEVER"
    " LBRACE RBRACE LSQB RSQB WHERE DISTINCT SINCE BACKFILL ONCE OTHERWISE BROKEN AUTO MANUAL".split()
)


def general(place: Place) -> Mend | None:
    """The slip that explains most of what follows; the first of equals."""
    best: Mend | None = None
    reached = place.index
    for mend in slips(place):
        far = progress(place, mend)
        if far > reached and is_convincing(place, mend, far):
            best, reached = mend, far
    return best


def is_convincing(place: Place, mend: Mend, reached: int) -> bool:
    """Whether the parser gets over the mistake and some way beyond, or to the end of the line."""
    tokens = place.tokens
    return reached >= max(place.index, mend.end) + 2 or reached >= len(tokens) or (
        reached > place.index and (tokens[reached].first or tokens[reached].kind == END)
    )


def slips(place: Place) -> Iterator[Mend]:
    """Every slip that could be the mistake, the likeliest first."""
    accepts = place.language.accepts(list(place.stack))
    yield from misspelt(place, accepts)
    yield from unclosed(place, accepts)
    yield from missing_words(place, accepts)
    yield from missing_brace(place, accepts)
    yield from missing_value(place, accepts)
    yield from reserved_name(place, accepts)
    yield from extra(place)


def misspelt(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """`wehn`, `contians`, `if`: a word that is nearly, or means, one that can stand here."""
    token = place.token
    if token.kind != "WORD":
        return
    words = [text for text, name in place.language.keywords.items() if name in accepts]
    meant = SYNONYMS.get(token.text.lower())
    close = difflib.get_close_matches(token.text.lower(), words, n=2, cutoff=0.7)
    for word in dict.fromkeys([*close, *([meant] if meant in words else [])]):
        message = f"`{token.text}` is not understood here"
        help_text = f"did you mean `{word}`?"
        yield replaced(place, place.index, place.index + 1, [("WORD", word)], "LR019", message, word, help_text)


def unclosed(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A `(` or `[` without its end."""
    for kind, opener, text in (("RPAR", "LPAR", ")"), ("RSQB", "LSQB", "]")):
        if kind not in accepts:
            continue
        opened = innermost(place.tokens, place.start, place.index, opener, kind)
        if opened is None or place.index == 0:
            continue
        before = place.at(-1)
        edit = Edit(Span(place.file, before.end, before.end), text)
        message = f"this `{opened.text}` is never closed"
        fixes = (Fix(f"insert `{text}`", (edit,)),)
        found = finding("LR032", place.span(opened), message, help=f"close it with `{text}`", fixes=fixes)
        yield Mend(place.index, place.index, [Token(kind, text, before.end, before.end)], found)


def innermost(tokens: list[Token], start: int, stop: int, opener: str, closer: str) -> Token | None:
    """The bracket that is open at an index."""
    opened: list[Token] = []
    for token in tokens[start:stop]:
        if token.kind == opener:
            opened.append(token)
        elif token.kind == closer and opened:
            opened.pop()
    return opened[-1] if opened else None


def missing_words(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A word or a sign of the language that was left out."""
    for name in sorted(accepts - _NEVER_INSERTED):
        text = place.language.fixed.get(name)
        if text is not None:
            kind = "WORD" if text[0].isalpha() else name
            yield inserted(place, [(kind, text)], text)


def missing_brace(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A block whose `{` was left out."""
    if "LBRACE" in accepts and not any(t.kind == "LBRACE" for t in place.tokens[place.index :]):
        yield inserted(place, [("LBRACE", "{")], "{")


def inserted(place: Place, texts: list[tuple[str, str] | Token], text: str, message: str = "") -> Mend:
    """A mend that puts something before the token; at the beginning of a line, after the token before it."""
    token, before = place.token, place.at(-1)
    at_line_end = (token.first or token.kind == END) and place.index > 0
    place_of = before if at_line_end else token
    at = before.end if at_line_end else token.start
    touching = text in (":", ",", ")", "]")
    if touching:
        at = before.end
    edit = Edit(Span(place.file, at, at), text if touching else f" {text}" if at_line_end else f"{text} ")
    what = f"after `{before.text}`" if at_line_end or touching else f"before `{token.text}`"
    found = finding(
        "LR025",
        place.span(place_of),
        message or f"`{text}` is missing {what}",
        help=f"write `{text}` {what}",
        fixes=(Fix(f"insert `{text}`", (edit,)),),
    )
    tokens = made(texts, Token("", "", at, at), Token("", "", at, at))
    return Mend(place.index, place.index, tokens, found)


def missing_value(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """An operator or a word with nothing after it."""
    if "BROKEN" not in accepts or place.index == 0:
        return
    before = place.at(-1)
    what = "a condition" if "NOT" in accepts else "a value"
    at = Token("", "", before.end, before.end)
    found = finding("LR025", place.span(before), f"{what} is missing after `{before.text}`", help=f"write {what} after it")
    yield Mend(place.index, place.index, made([("BROKEN", "")], at, at), found, lossy=True)


def reserved_name(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A word of the language where a name stands."""
    token = place.token
    if token.kind == "WORD" and token.text in RESERVED and "NAME" in accepts and token.text not in NOTHING:
        fix = f"`{token.text}`"
        name = Token("NAME", token.text, token.start, token.end, token.first)
        message = f"`{token.text}` is a word of the language"
        help_text = f"as a name it stands in backquotes: `` {fix} ``"
        yield replaced(place, place.index, place.index + 1, [name], "LR033", message, fix, help_text)


def extra(place: Place) -> Iterator[Mend]:
    """A token too many: the one that cannot stand, or the one before it."""
    token, before = place.token, place.at(-1)
    expected = place.language.expected(place.language.accepts(list(place.stack)))
    if token.kind not in (END, "LBRACE", "RBRACE") and not token.first and not token.label:
        message = f"expected {expected}; found `{token.text}`"
        yield replaced(place, place.index, place.index + 1, [], "LR024", message, None, "remove it, or complete the line", True)
    removable = before.kind in ("COMMA", "SIGN", "MULOP", "RPAR", "COLON") or before.text in ("is", "the", "a", "then")
    if place.index > place.start and removable:
        message = f"`{before.text}` is one too many"
        yield replaced(place, place.index - 1, place.index, [], "LR026", message, "", "leave it out")
