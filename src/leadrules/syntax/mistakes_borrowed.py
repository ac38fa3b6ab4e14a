"""What SQL, spreadsheets and other tools say: `IS NOT NULL`, `count(E) within 30 days`, `half-life 14 days`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from types import MappingProxyType

from leadrules.syntax.mend import Mend, Place, matching, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import NOTHING, UNITS, time_ago

_SAID_BY_IS = MappingProxyType(
    {**dict.fromkeys(("blank", *(word.lower() for word in NOTHING)), "blank"), "true": "true", "false": "false"}
)
_OF_EVENTS = ("count", "sum", "first", "last", "min", "max")
_JOINTS = ("within", ",", "and", "or")
_BEGIN_OPERAND = ("when", "and", "or", "not", "unless", "implies", "expect", "(", ",", "=", ":")
_BEGIN_CONDITION = ("when", "and", "or", "not", "unless", "implies", "expect")
_END_CONDITION = ("and", "or", "implies", "from", "until", ")", "}")
_HALF_LIVES = ("half_life", "halflife", "half-life", "half life")
_DECAYS = ("decay", "decays", "decaying")


def is_in_capitals(place: Place) -> Mend | None:
    """`IS NULL`, `IS NOT BLANK`, `IS TRUE`."""
    start = next((at for at in _back(place, 2) if place.tokens[at].text.lower() == "is"), None)
    if start is None:
        return None
    words = [token.text.lower() for token in place.tokens[start : start + 3]]
    is_not = words[1:2] == ["not"]
    value = _SAID_BY_IS.get(words[1 + is_not]) if len(words) > 1 + is_not else None
    end = start + 2 + is_not
    run = place.tokens[start:end]
    if value is None or end <= place.index or any(token.first or token.kind != "WORD" for token in run):
        return None
    texts: list[tuple[str, str] | Token]
    if value == "blank":
        fix = "is not blank" if is_not else "is blank"
        texts = [("WORD", word) for word in fix.split()]
    else:
        sign = "!=" if is_not else "="
        fix = f"{sign} {value}"
        texts = [("CMP" if is_not else "EQUAL", sign), ("WORD", value)]
    message = f"`{place.span(run[0], run[-1]).text}` is written `{fix}`"
    return replaced(place, start, end, texts, "LR016" if value == "blank" else "LR017", message, fix)


def _back(place: Place, steps: int) -> range:
    """The indexes from the token that cannot stand back over some before it, as far as its line goes."""
    return range(place.index, max(place.start, place.index - steps - 1), -1)


def clauses_after_brackets(place: Place) -> Mend | None:
    """`count(E) within 30 days`, `sum(E.f) where (..) within 1 year`, `(did E) within 7 days`."""
    end = _end_of_clauses(place)
    opened = _opening(place) if end > place.index and place.at(-1).kind == "RPAR" else None
    if opened is None:
        return None
    inside, before = place.tokens[opened + 1 : place.index - 1], place.tokens[opened - 1]
    is_call = before.text in _OF_EVENTS and before.kind == "WORD"
    if not (is_call or inside[0].text in ("did", "never")) or any(t.text in _JOINTS for t in inside):
        return None
    start, clauses = opened - is_call, place.tokens[place.index : end]
    is_asked = _is_condition(place.tokens[start - 1], place.tokens[end:])
    if before.text in ("first", "last") and is_asked:
        return None  # a moment, which `within_of_field` compares
    said = place.span(clauses[0], clauses[-1]).text
    if before.text == "count" and is_asked:
        fix = f"did {place.span(inside[0], inside[-1]).text} {said}"
        asked: list[tuple[str, str] | Token] = [("WORD", "did"), *inside, *clauses]
        return replaced(place, start, end, asked, "LR018", "whether an event was there is asked with `did`", fix)
    fix = f"{place.span(place.tokens[start], inside[-1]).text} {said})"
    message = f"`{said}` stands inside the brackets, beside the event"
    tokens = [*place.tokens[start : place.index - 1], *clauses, place.at(-1)]
    return replaced(place, start, end, [*tokens], "LR018", message, fix)


def _end_of_clauses(place: Place) -> int:
    """The index after the clauses of an event that begin at the token; its own where none does."""
    end = place.index
    while True:
        word, after = place.at(end - place.index).text, place.at(end - place.index + 1)
        closed = matching(place.tokens, end + 1) if word == "where" and after.kind == "LPAR" else None
        if word == "within" and _duration_after(place, end) is not None:
            end += 3
        elif closed is not None:
            end = closed + 1
        elif (
            word in ("distinct", "since")
            and after.kind in ("WORD", "NAME", "DATE", "DATETIME")
            and after.text not in _OF_EVENTS
        ):
            end += 2
        else:
            return end


def _is_condition(before: Token, after: list[Token]) -> bool:
    """Whether what stands between two tokens is asked whether it holds: nothing is compared with it."""
    begins = before.text in _BEGIN_CONDITION
    return begins and (not after or after[0].first or after[0].text in _END_CONDITION)


def _duration_after(place: Place, at: int) -> str | None:
    """The length of time that stands after the token at an index, as it is written."""
    count, unit = (place.at(at + by - place.index) for by in (1, 2))
    return f"{count.text} {unit.text}" if count.kind == "INT" and unit.text in UNITS else None


def _opening(place: Place) -> int | None:
    """The index of the bracket that the one before the token closes, if there is anything between."""
    depth = 0
    for at in range(place.index - 1, place.start, -1):
        kind = place.tokens[at].kind
        depth += (kind == "RPAR") - (kind == "LPAR")
        if depth == 0:
            return at if at < place.index - 2 else None
    return None


def not_within_of_field(place: Place) -> Mend | None:
    """`created_at not within 30 days`."""
    at = next((at for at in (place.index, place.index - 1) if place.tokens[at].text == "not"), 0)
    duration = _duration_after(place, at + 1) if at else None
    if duration is None or place.tokens[at + 1].text != "within":
        return None
    ago = time_ago(duration)
    mark = ago.split()[0]
    field, (word, count, unit) = place.tokens[at - 1], place.tokens[at + 1 : at + 4]
    is_simple = field.kind in ("WORD", "NAME") and place.tokens[at - 2].text in _BEGIN_OPERAND
    if not is_simple or at - 1 <= place.start:
        message, help_text = f"`within {duration}` is for events", f"for a date write `< {ago}`"
        return replaced(place, at, at + 4, [], "LR018", message, None, help_text, lossy=True)
    name = place.span(field).text
    fix = f"not {name} >= {ago}"
    tokens: list[tuple[str, str] | Token] = [place.tokens[at], field, Token("CMP", ">=", word.start, word.end)]
    tokens += [Token("WORD", mark, word.start, word.end), Token("SIGN", "-", word.start, word.end), count, unit]
    message = f"`within {duration}` is for events"
    return replaced(place, at - 1, at + 4, tokens, "LR018", message, fix, f"for a date write `{fix}`")


def half_life(place: Place) -> Mend | None:
    """`each E half-life 14 days`, `half_life 14 days`, `decay 14 days`."""
    end = place.index + 1
    while place.at(end - place.index).kind not in ("INT", "") and end < place.index + 5:
        end += 1
    duration = _duration_after(place, end - 1)
    if duration is None or not place.takes("HALVING"):
        return None
    run = place.tokens[place.index : end + 2]
    said = place.span(run[0], run[-3]).text.lower()
    for joint in ("of", "every", "over", "="):
        said = said.removesuffix(f" {joint}")
    if said not in (*_HALF_LIVES, *_DECAYS):
        return None
    fix = f"halving every {duration}"
    texts: list[tuple[str, str] | Token] = [("WORD", "halving"), ("WORD", "every"), *run[-2:]]
    if UNITS[run[-1].text] in ("months", "quarters", "years"):  # of these no half is known
        fix, texts = f"fading over {duration}", [("WORD", "fading"), ("WORD", "over"), *run[-2:]]
        message = f"`{place.span(run[0], run[-1]).text}` is written `{fix}`"
        help_text = f"write `{fix}`, which is all gone by then, or `halving every` with days or weeks"
        return replaced(place, place.index, end + 2, texts, "LR035", message, fix, help_text)
    message = f"`{place.span(run[0], run[-1]).text}` is written `{fix}`"
    if said in _DECAYS:
        help_text = f"write `{fix}`, or `fading over {duration}` for points that are all gone by then"
        return replaced(place, place.index, end + 2, texts, "LR035", message, None, help_text)
    return replaced(place, place.index, end + 2, texts, "LR035", message, fix)


def has_event(place: Place) -> Mend | None:
    """`when has email_opened`."""
    event, after = place.at(1), place.at(2)
    if place.token.text != "has" or not place.takes("DID") or event.kind not in ("WORD", "NAME") or event.first:
        return None
    if event.text in place.language.keywords or after.kind == "STRING":
        return None
    message = f"`has {event.text}` is written `did {event.text}`"
    return replaced(place, place.index, place.index + 1, [("WORD", "did")], "LR035", message, "did")


def blank_as_value(place: Place) -> Mend | None:
    """`if(opted_out, blank, 5)`, `coalesce(title, blank)`."""
    if place.token.text != "blank" or not place.takes("BROKEN") or not place.takes("STRING"):
        return None
    if place.at(-1).kind not in ("LPAR", "COMMA") or place.at(1).kind not in ("COMMA", "RPAR"):
        return None
    message = "`blank` is not a value: what is not there is blank"
    help_text = "write a value, or leave it out; whether a field is there is asked with `is blank`"
    nothing: list[tuple[str, str] | Token] = [("BROKEN", "")]
    return replaced(place, place.index, place.index + 1, nothing, "LR016", message, None, help_text, lossy=True)
