"""Numbers and lengths of time as people say them: `two weeks`, `14 workdays`, `50 million`, `"30" days`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from types import MappingProxyType

from leadrules.syntax.literals import BEFORE_DURATION, LARGEST_NUMBER, SHORT_UNITS
from leadrules.syntax.mend import NUMBERS, Mend, Place, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import LIMIT_UNITS, UNITS

_IN_WORDS = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen"),
)
_SCALES = MappingProxyType(
    {
        **dict.fromkeys(("thousand", "k"), 1e3),
        **dict.fromkeys(("million", "millions", "mio", "mn", "mln", "M"), 1e6),
        **dict.fromkeys(("billion", "billions", "bn"), 1e9),
    }
)
_COUNTED = (
    *("points", "pts", "people", "times", "percent"),
    *("usd", "eur", "gbp", "jpy", "dollars", "euros", "euro", "yen", "pounds"),
)
_WORKING = ("working", "work", "calendar", "week")


def unit_in_other_words(place: Place) -> Mend | None:
    """`3 Months`, `14 d`, `14 workdays`, `14 working days`, `30 calendar days`."""
    number, word, after = place.at(-1), place.token, place.at(1)
    if number.kind != "INT" or word.kind != "WORD" or word.first:
        return None
    said = word.text.lower()
    of_days = said in _WORKING and after.text.lower() in ("day", "days")
    if of_days:
        said += after.text.lower()
    if said == "m" and place.takes("UNIT") and place.at(-2).text in BEFORE_DURATION:
        message, help_text = (
            f"`{number.text} m` is minutes or months",
            f"write `{number.text} minutes` or `{number.text} months`",
        )
        return replaced(
            place, place.index, place.index + 1, [("WORD", "months")], "LR009", message, None, help_text, lossy=True
        )
    unit = _unit(said)
    if unit is None or not place.takes("UNIT") or (word.text in UNITS and not of_days):
        return None
    unit = unit.removesuffix("s") + "s" * (number.value != 1)
    end = place.index + 1 + of_days
    fix = f"{number.text} {unit}"
    written = place.span(number, place.tokens[end - 1]).text
    tokens: list[tuple[str, str] | Token] = [number, ("WORD", unit)]
    return replaced(place, place.index - 1, end, tokens, "LR009", f"`{written}` is written `{fix}`", fix)


def _unit(said: str) -> str | None:
    """The unit that a word means: in another case, shortened, or `workdays`."""
    kind = said.removesuffix("days").removesuffix("day")
    if kind != said and kind in _WORKING:
        return "days" if kind == "calendar" else "business days"
    return UNITS.get(said) or SHORT_UNITS.get(said)


def number_in_words(place: Place) -> Mend | None:
    """`within two weeks`, `today - two weeks`, `at most three times`."""
    for at in (place.index, place.index - 1):
        word, unit = place.tokens[at].text.lower(), place.at(at - place.index + 1).text
        is_number = place.takes("INT") if at == place.index else unit in (*UNITS, *LIMIT_UNITS, "business")
        if word in _IN_WORDS and at > place.start and is_number:
            value = _IN_WORDS.index(word) + 2
            first = place.tokens[at]
            number = Token("INT", str(value), first.start, first.end, first.first, value=float(value))
            message = f"`{first.text}` is written `{value}`: a number stands in digits"
            mend = replaced(place, at, at + 1, [number], "LR009", message, str(value))
            return _before_business_days(place, mend)
    return None


def _before_business_days(place: Place, mend: Mend) -> Mend:
    """With the two words that are one unit only behind digits."""
    business, days = (place.at(mend.end + by - place.index) for by in range(2))
    if business.text != "business" or days.text not in ("day", "days"):
        return mend
    unit = Token("WORD", f"business {days.text}", business.start, days.end)
    return replace(mend, end=mend.end + 2, tokens=[*mend.tokens, unit])


def length_without_number(place: Place) -> Mend | None:
    """`once per month`, `within a week`, `halving every one week`."""
    at = place.index + (place.token.text in ("a", "an", "one", "each", "every"))
    unit = _unit(place.tokens[min(at, len(place.tokens) - 1)].text.lower())
    if unit is None or unit == "business days" or not place.takes("INT") or place.token.first:
        return None
    fix = f"1 {unit.removesuffix('s')}"
    written = place.span(place.token, place.tokens[at]).text
    tokens: list[tuple[str, str] | Token] = [Token("INT", "1", place.token.start, place.token.start, value=1.0)]
    tokens.append(("WORD", unit.removesuffix("s")))
    return replaced(place, place.index, at + 1, tokens, "LR009", f"`{written}` is written `{fix}`", fix)


def number_with_scale(place: Place) -> Mend | None:
    """`50 million`, `2.5 bn`."""
    number, word = place.at(-1), place.token.text
    scale = _SCALES.get(word) or _SCALES.get(word.lower())
    if number.kind not in NUMBERS or scale is None or place.token.first or not place.takes("MULOP"):
        return None
    value = min(round(number.value * scale, 4), LARGEST_NUMBER)
    fix = f"{value:_.0f}" if value == int(value) else f"{value}"
    token = Token("INT" if value == int(value) else "NUMBER", fix, number.start, place.token.end, value=value)
    message = f"`{place.span(number, place.token).text}` is not a number: all of its digits are written"
    return replaced(place, place.index - 1, place.index + 1, [token], "LR009", message, fix)


def noun_after_number(place: Place) -> Mend | None:
    """`employees >= 1000 employees`, `intent >= 40 points`, `deal >= 5_000 USD`: what is counted is said by the name before it."""
    noun, number, sign, name = place.token, place.at(-1), place.at(-2), place.at(-3)
    if number.kind not in NUMBERS or sign.kind not in ("CMP", "EQUAL") or noun.first or noun.kind != "WORD":
        return None
    if noun.text != name.text and noun.text.lower() not in _COUNTED:
        return None
    if noun.text == "percent":
        fix = f"{number.text}%"
        share = Token("PERCENT", fix, number.start, noun.end, value=number.value / 100)
        message = f"`{place.span(number, noun).text}` is written `{fix}`"
        return replaced(place, place.index - 1, place.index + 1, [share], "LR009", message, fix)
    message = f"`{noun.text}` is not needed: a number stands without what it counts"
    return replaced(place, place.index, place.index + 1, [], "LR024", message, "", "leave it out")


def value_in_quotes(place: Place) -> Mend | None:
    """`from "2026-04-01"`, `send between "09:00" and "18:00"`, `at most "3" times`."""
    token = place.token
    if token.kind != "STRING" or place.takes("STRING"):
        return None
    text = str(token.value).strip()
    for kind, read in (("DATE", date.fromisoformat), ("TIME", time.fromisoformat), ("INT", _whole)):
        if not place.takes(kind):
            continue
        try:
            value = read(text)
        except ValueError:
            continue
        bare = Token(kind, text, token.start, token.end, token.first, value=value)
        message = f"a {'number' if kind == 'INT' else kind.lower()} stands without quotes"
        return replaced(place, place.index, place.index + 1, [bare], "LR114", message, text)
    return None


def _whole(text: str) -> float:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return float(text)
