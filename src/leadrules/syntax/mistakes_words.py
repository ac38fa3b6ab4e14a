"""Words and values that people type first: `win-back`, `1,000`, `AND`, `= blank`, `within 30 days` of a field.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import replace
from datetime import datetime

from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import Mend, Place, matching, progress, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import BLOCKS, BRACED, CLOCK_UNITS, NOTHING, RESERVED, SYNONYMS, UNITS, time_ago

_SMALLER = {
    "hour": (60, "minutes"),
    "day": (24, "hours"),
    "week": (7, "days"),
    "quarter": (3, "months"),
    "year": (12, "months"),
}
_TO_RESPOND = {*CLOCK_UNITS, "business day", "business days"}  # units of times of response, rather than of the past
_CALLED = ("count", "first", "last", "sum", "min", "max", "domain_of", "lower", "upper", "trim", "length")
_BEFORE_EVENTS = ("did", "never", "each")
_AFTER_EVENTS = ("within", "where", "distinct", "since", "and", "or", "halving", "fading", "at", "when")
_BEFORE_NAMES = (*_BEFORE_EVENTS, "when", "and", "or", "not", "(", "implies", "expect")
_KINDS = (*BLOCKS, "field", "event", "property", "attribute", "label")
_COMPARES = ("is", "in", "between", "contains", "starts", "ends", "matches", "has")


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
    if day.kind != "DATE" or clock.kind != "TIME" or clock.value is None:
        return None
    fix = f"{day.text}T{clock.text}"
    moment = datetime.combine(day.value, clock.value)
    token = Token("DATETIME", fix, day.start, clock.end, day.first, value=moment)
    message = "a date and a time are joined by `T`"
    return replaced(place, place.index - 1, place.index + 1, [token], "LR011", message, fix)


def fractional_duration(place: Place) -> Mend | None:
    """`1.5 days`."""
    index = place.index if place.token.kind == "NUMBER" else place.index - 1
    number, unit = place.at(index - place.index), place.at(index - place.index + 1)
    if number.kind != "NUMBER" or unit.text not in UNITS:
        return None
    token = Token("INT", str(int(number.value)), number.start, number.end, value=float(int(number.value)))
    message = f"`{number.text} {unit.text}`: a duration is a whole number"
    count, smaller = _SMALLER.get(unit.text.removesuffix("s"), (1, ""))
    whole = number.value * count
    shown = f"use a smaller unit: `{whole:.0f} {smaller}`" if smaller and whole == int(whole) else "use a smaller unit"
    return replaced(place, index, index + 1, [token], "LR009", message, None, shown)


def bare_path(place: Place) -> Mend | None:
    """`list x from rivals.csv`."""
    first, end = place.token, touching(place.tokens, place.index)
    if first.kind != "WORD" or end == place.index + 1 or not place.takes("STRING") or place.takes("NAME"):
        return None
    last = place.tokens[end - 1]
    written = place.span(first, last).text
    text = Token("STRING", f'"{written}"', first.start, last.end, first.first, value=written)
    message = f"`{written}` is a text here, and a text stands in quotes"
    return replaced(place, place.index, end, [text], "LR033", message, f'"{written}"')


def touching(tokens: list[Token], start: int) -> int:
    """The index after a run of words, dots and slashes without a space."""
    end = start + 1
    while end < len(tokens) and tokens[end].start == tokens[end - 1].end:
        if tokens[end].kind not in ("WORD", "DOT", "MULOP", "SIGN"):
            break
        end += 1
    return end


def labels_in_quotes(place: Place) -> Mend | None:
    """`x is one of ("a", "b")`, `x is at least "a"`: labels in quotes, or texts after the words of labels, which the
    compiler can tell apart.
    """
    if place.token.kind != "STRING" or not place.takes("NAME"):
        return None
    start = place.index
    if (place.at(-2).text, place.at(-1).text) in (("at", "least"), ("at", "most")) and place.token.value:
        name = replace(place.token, kind="NAME", text=place.token.value)
        return replace(replaced(place, start, start + 1, [name], "LR033", "", None), later=True)
    while place.tokens[start - 1].kind in ("WORD", "NAME", "COMMA"):
        start -= 1
    if [token.text for token in place.tokens[start - 3 : start]] != ["one", "of", "("]:
        return None
    end = matching(place.tokens, start - 1)
    texts = place.tokens[place.index : end]
    if end is None or not all(token.kind in ("WORD", "NAME", "COMMA") or token.value for token in texts):
        return None
    names = [replace(token, kind="NAME", text=token.value) if token.kind == "STRING" else token for token in texts]
    return replace(replaced(place, place.index, end, [*names], "LR033", "", None), later=True)


def quoted_name(place: Place) -> Mend | None:
    """A text where a name stands, or a name where a text stands."""
    token, before = place.token, place.at(-1)
    is_in_head = place.index == 2 and place.block.kind not in BRACED and token.text.isascii() and token.text.islower()
    is_in_head = is_in_head and (place.at(1).kind == "EQUAL" or place.at(1).text == "when")
    if is_in_head and token.kind == "WORD" and place.takes("STRING") and token.text not in RESERVED:
        name = f"{before.text}_{token.text}"
        message = f"`{before.text} {token.text}` is no name: a name is one word"
        joined: list[tuple[str, str] | Token] = [("NAME", name)]
        return replaced(place, 1, 3, joined, "LR010", message, name, f"write `{name}`, or a title in quotes")
    if token.kind == "STRING" and place.takes("NAME") and not place.takes("STRING") and token.value:
        name = token.value.removeprefix("queue:") if before.text == "queue" else token.value
        plain = name.isidentifier() and name not in RESERVED
        fix = name if plain else f"`{name}`"
        bare = Token("NAME", name, token.start, token.end, token.first)
        message = f"{token.text} is a name here, and a name stands without quotes"
        return replaced(place, place.index, place.index + 1, [bare], "LR033", message, fix)
    if token.kind in ("WORD", "NAME") and place.takes("STRING") and not place.takes("NAME") and not token.label:
        if token.text in place.language.keywords and token.text in RESERVED:
            return None
        if token.text in NOTHING:
            message = f"a text stands here, not `{token.text}`"
            help_text = "write the text in quotes, or leave out what asks for it"
            text = Token("STRING", '""', token.start, token.end, token.first, value="")
            return replaced(place, place.index, place.index + 1, [text], "LR016", message, None, help_text, lossy=True)
        fix = f'"{token.text}"'
        text = Token("STRING", fix, token.start, token.end, token.first, value=token.text)
        message = f"`{token.text}` is a text here, and a text stands in quotes"
        return replaced(place, place.index, place.index + 1, [text], "LR033", message, fix, lossy=True)
    return None


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
    """`= blank`, `!= blank`, `set status = blank`."""
    sign = place.at(-1)
    if place.token.text != "blank" or sign.text not in ("=", "!="):
        return None
    if place.at(-3).text == "set":
        return _set_blank(place)
    if place.block.kind == "test" and place.takes("LSQB"):
        help_text = "leave it out: a field that is not given is blank"
        message = "no field is given as blank"
        broken: list[tuple[str, str] | Token] = [("BROKEN", "")]
        return replaced(place, place.index, place.index + 1, broken, "LR016", message, None, help_text, lossy=True)
    words, why = ["is", "blank"], "no comparison with a blank is true"
    if sign.text == "!=":
        words, why = ["is", "not", "blank"], "beside a blank, `!=` is always true"
    fix = " ".join(words)
    message = f"`{sign.text} blank` is written `{fix}`: {why}"
    texts: list[tuple[str, str] | Token] = [("WORD", word) for word in words]
    return replaced(place, place.index - 1, place.index + 1, texts, "LR016", message, fix)


def _set_blank(place: Place) -> Mend:
    """`set status = blank`: what a field is blanked by goes by its type, which the compiler knows."""
    token, message = place.token, "nothing is worked out of a blank"
    if place.at(1).kind in ("SIGN", "MULOP", "DOT", "LPAR"):
        broken: list[tuple[str, str] | Token] = [("BROKEN", "")]
        help_text = "write a value in its place"
        return replaced(place, place.index, place.index + 1, broken, "LR016", message, None, help_text, lossy=True)
    name = Token("NAME", token.text, token.start, token.end)
    return replace(replaced(place, place.index, place.index + 1, [name], "LR016", message, None), later=True)


def text_without_quotes(place: Place) -> Mend | None:
    """`lead_source = Partner Portal`."""
    start, end = place.index - 1, place.index
    first = place.at(-1)
    if place.at(-2).text not in ("=", "!=") or first.kind != "WORD" or first.text in SYNONYMS:
        return None
    if place.token.text in ("plus", "minus", "times", "divided"):
        return None
    while end < place.line_end() and (words := _of_text(place, end)):
        end += words
    if place.block.kind == "test" and place.tokens[end].kind == "EQUAL":  # before it stands the next field
        end -= 1
    if end == place.index:
        return None
    text = place.span(place.at(-1), place.tokens[end - 1]).text
    token = Token("STRING", f'"{text}"', place.at(-1).start, place.tokens[end - 1].end, value=text)
    message = f"`{text}` is a text, and a text stands in quotes"
    return replaced(place, start, end, [token], "LR033", message, f'"{text}"')


def _of_text(place: Place, at: int) -> int:
    """How many words of a text without quotes stand here: `Head of Sales` has one of ours."""
    token, after = place.at(at - place.index), place.at(at + 1 - place.index)
    if token.text in ("of", "the") and after.kind == "WORD" and not after.first and after.text not in RESERVED:
        return 2
    return int(_is_no_word_of_ours(place, token))


def call_without_brackets(place: Place) -> Mend | None:
    """`last email_replied`, `count email_sent within 7 days`, `domain_of email`."""
    start, end = place.index - 1, place.index + 1
    if place.at(-1).text not in _CALLED or place.at(-1).first or place.token.first or place.token.kind != "WORD":
        return None
    if place.at(1).kind == "DOT":
        end += 2
    if place.at(end - place.index).text == "within":
        end += 3
    if end > place.line_end():
        return None
    inner = place.tokens[place.index : end]
    fix = f"{place.at(-1).text}({place.span(inner[0], inner[-1]).text})"
    tokens: list[tuple[str, str] | Token] = [place.at(-1), ("LPAR", "("), *inner, ("RPAR", ")")]
    return replaced(place, start, end, tokens, "LR025", f"the brackets of `{place.at(-1).text}` are missing", fix)


def kind_before_name(place: Place) -> Mend | None:
    """`when score fit >= 40`, `and field country = "JP"`, `each event email_opened`: what a name is, is not said."""
    kind, name, before = place.at(-1), place.token, place.at(-2)
    if kind.text not in _KINDS or before.text not in (*_BEFORE_NAMES, "of", "on") or kind.type != "NAME":
        return None
    if name.kind not in ("WORD", "NAME") or name.first or name.text in place.language.keywords:
        return None
    message = f"`{kind.text}` is not needed: a name is known for what it is"
    # Whether there is such a name, the next look tells.
    return replaced(place, place.index - 1, place.index, [], "LR026", message, "", "leave it out", lossy=True)


def else_in_brackets(place: Place) -> Mend | None:
    """`if(fit > 1, "a", else "b")`, `if(fit > 1, then 5, 0)`."""
    for at in (place.index, place.index - 1):
        word, comma = place.tokens[at], place.tokens[at - 1]
        if word.text in ("else", "then", "otherwise") and comma.kind == "COMMA" and at - 1 > place.start:
            message = f"`{word.text}` is one too many: the values of `if` are told by their order"
            return replaced(place, at, at + 1, [], "LR026", message, "", "leave it out")
    return None


def when_again(place: Place) -> Mend | None:
    """`when a or if b`, `when a and when b`."""
    for at in (place.index, place.index - 1):
        word, joint = place.tokens[at], place.tokens[at - 1]
        if word.text in ("when", "if", "where") and joint.text in ("and", "or", "not", "when") and at - 1 > place.start:
            if word.text == "if" and any(token.text == "then" for token in place.tokens[at : place.line_end()]):
                return None
            message = f"`{word.text}` is one too many: `{joint.text}` goes on with the condition"
            return replaced(place, at, at + 1, [], "LR026", message, "", "leave it out")
    return None


def name_in_words(place: Place) -> Mend | None:
    """`did newsletter subscribed`, `when annual revenue > 5`: the name of an event or a field is one word."""
    start, end = place.index - 1, place.index
    is_member = place.block.kind == "events" and place.at(-2).kind in ("LSQB", "COMMA")
    if start <= place.start or not (is_member or place.at(-2).text in _BEFORE_NAMES) or "_" in place.at(-1).text:
        return None
    if place.at(-1).text == "if":  # `if x then ..`
        return None
    if place.token.text in ("at", "of", "on", "by") and place.at(1).kind in ("CMP", "EQUAL"):
        end += 1  # `created at >= ..`
    while end < place.line_end() and (
        _is_no_word_of_ours(place, place.tokens[end]) or _ends_name(place, end, is_member)
    ):
        end += 1
    if end == place.index or place.at(-1).type != "NAME":
        return None
    is_compared = place.tokens[end].kind in ("CMP", "EQUAL") or place.tokens[end].text in _COMPARES
    if place.at(-2).text not in _BEFORE_EVENTS and not is_compared and not is_member:
        return None
    name = "_".join(token.text for token in place.tokens[start:end])
    written = name.replace("_", " ")
    message = f"`{written}` is no name: a name is one word"
    mend = replaced(place, start, end, [("WORD", name)], "LR010", message, name, f"is `{name}` meant?")
    return replace(mend, lossy=is_compared)  # whether there is such a field, the next look tells


def _ends_name(place: Place, at: int, is_member: bool) -> bool:
    """Whether a word that is like one of ours (`email sent`) is the second of an event's name."""
    word, after = place.at(at - place.index), place.at(at + 1 - place.index)
    is_of_event = is_member or place.at(-2).text in _BEFORE_EVENTS
    is_last = after.first or after.kind in ("COMMA", "RSQB", "RPAR", END) or after.text in _AFTER_EVENTS
    return is_of_event and is_last and word.kind == "WORD" and word.text not in place.language.keywords


def _is_no_word_of_ours(place: Place, token: Token) -> bool:
    text = token.text.lower()
    is_like_ours = text in SYNONYMS or difflib.get_close_matches(text, [*place.language.keywords], cutoff=0.7)
    return token.kind == "WORD" and not is_like_ours


def within_of_field(place: Place) -> Mend | None:
    """`created_at within 30 days`, `count(E) > 3 within 30 days`. What a name stands for, the compiler knows."""
    count, unit = place.at(1), place.at(2)
    is_named = place.token.text == "within" and place.at(-1).kind in ("WORD", "NAME") and place.takes("CMP")
    could_be_response = not is_named or unit.text in _TO_RESPOND
    if place.takes("RESPOND") and place.token.text == "within" and could_be_response:
        return None
    if place.token.text == "in" and (place.takes("WITHIN") or place.takes("AFTER")):  # a word for another
        return None
    closed = list(place.stack)
    if place.token.text == "within" and place.language.shift(closed, "RPAR") and place.language.takes(closed, "WITHIN"):
        return None
    if place.token.text not in ("within", "in") or count.kind != "INT" or unit.kind != "WORD":
        return None
    duration = place.span(count, unit).text
    message = f"`{place.token.text} {duration}` is for events"
    if not place.takes("CMP"):
        help_text = f"it stands inside the brackets, beside the event: `count(.. within {duration})`"
        return replaced(place, place.index, place.index + 3, [], "LR018", message, None, help_text, lossy=True)
    return _back_from_now(place, count, unit, 3)


def in_the_last(place: Place) -> Mend | None:
    """`created_at in the last 30 days`; of events `other_words` knows it."""
    back = next((by for by in range(3) if place.at(-by).text in ("in", "within", "during")), None)
    if back is None or place.at(-back - 1).kind not in ("WORD", "NAME", "RPAR"):
        return None
    start = replace(place, index=place.index - back)
    words = 1 + (start.at(1).text == "the")
    count, unit = start.at(words + 1), start.at(words + 2)
    if start.at(words).text not in ("last", "past", "previous") or count.kind != "INT" or unit.text not in UNITS:
        return None
    return _back_from_now(start, count, unit, words + 3)


def _back_from_now(place: Place, count: Token, unit: Token, length: int) -> Mend:
    """`created_at within 30 days` as a comparison."""
    ago = time_ago(place.span(count, unit).text)
    fix = f">= {ago}"
    texts: list[tuple[str, str] | Token] = [("CMP", ">="), ("WORD", ago.split()[0]), ("SIGN", "-"), count, unit]
    message = f"`{place.span(place.token, unit).text}` is for events"
    mend = replaced(place, place.index, place.index + length, texts, "LR018", message, fix, f"for a date write `{fix}`")
    return replace(mend, later=place.token.text == "within" or length > 3)


def comment_of_sql(place: Place) -> Mend | None:
    """`when opted_out -- who said so`."""
    line = [at for at in range(max(place.start, place.index - 4), place.index + 1) if at > 0]
    for at in line:
        one, two, after = (place.at(at + by - place.index) for by in range(3))
        if one.text == two.text == "-" and one.end == two.start and two.end < after.start:
            end = at + 1
            while end < len(place.tokens) - 1 and not place.tokens[end].first:
                end += 1
            mend = replaced(
                place, at, end, [], "LR004", "`--` does not start a comment", None, "a comment starts with `#`"
            )
            edit = Edit(Span(place.file, one.start, two.end), "#")
            span = Span(place.file, one.start, two.end)
            return replace(mend, finding=replace(mend.finding, span=span, fixes=(Fix("write `#`", (edit,)),)))
    return None


def for_of_value(place: Place) -> Mend | None:
    """`opted_out for 30 days`: since when a value is what it is, is known of stages alone."""
    count, unit = place.at(1), place.at(2)
    if place.token.text != "for" or count.kind != "INT" or unit.text not in UNITS or not place.takes("AND"):
        return None
    said = place.span(place.token, unit).text
    message = f"`{said}` of a value is not known: only the stages' labels have a time since which they hold"
    duration = place.span(count, unit).text
    help_text = f"write `STAGES.since <= today - {duration}`, or of an event `did EVENT within {duration}`"
    return replaced(place, place.index, place.index + 3, [], "LR018", message, None, help_text, lossy=True)


def days_since(place: Place) -> Mend | None:
    """`days since last(email_sent) > 60`."""
    at = place.index if place.token.text == "since" else place.index - 1
    days, since = place.at(at - 1 - place.index), place.at(at - place.index)
    if (days.text, since.text) != ("days", "since") or at - 1 <= place.start:
        return None
    end = at + 1
    while end < place.line_end() and place.tokens[end].kind not in ("CMP", "EQUAL"):
        end += 1
    moment = place.tokens[at + 1 : end]
    if not moment or place.tokens[end].kind not in ("CMP", "EQUAL"):
        return None
    fix = f"days_between({place.span(moment[0], moment[-1]).text}, today)"
    tokens: list[tuple[str, str] | Token] = [("WORD", "days_between"), ("LPAR", "("), *moment, ("COMMA", ",")]
    tokens += [("WORD", "today"), ("RPAR", ")")]
    message = f"`{place.span(days, moment[-1]).text}` is written `{fix}`"
    return replaced(place, at - 1, end, tokens, "LR035", message, fix)


def days_ago(place: Place) -> Mend | None:
    """`> 30 days ago`."""
    count, unit = place.at(-2), place.at(-1)
    if place.token.text != "ago" or count.kind != "INT" or unit.kind != "WORD":
        return None
    duration = place.span(count, unit).text
    fix = time_ago(duration)
    texts: list[tuple[str, str] | Token] = [("WORD", fix.split()[0]), ("SIGN", "-"), count, unit]
    return replaced(place, place.index - 2, place.index + 1, texts, "LR018", "`ago` is for the events of a test", fix)
