"""Tests as they are said: `email_opened more than 3 times`, `created_at older than 30 days`, `owner belongs to inside`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from leadrules.syntax.mend import Mend, Place, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import UNITS, time_ago

# The words before a number, with the sign that they mean.
_AMOUNTS = {
    "": ">=",
    "more than": ">",
    "over": ">",
    "at least": ">=",
    "at most": "<=",
    "up to": "<=",
    "less than": "<",
    "fewer than": "<",
    "under": "<",
    "exactly": "=",
}
_AGES = {
    **dict.fromkeys(("older than", "more than", "longer than", "over", "before"), "<"),
    **dict.fromkeys(("newer than", "younger than", "less than", "fewer than", "under"), ">"),
}
_SAYING_AGE = ("older than", "newer than", "younger than")  # which need no `ago` behind the length
_MEMBERSHIP = ("is", "not", "in", "one", "of", "from", "a", "member", "part", "belongs", "to", "on", "=", "the")
_STOPS = ("did", "when", "and", "or", "not", "implies", "expect", "unless")
_CLAUSES = ("where", "distinct", "within", "since")


def event_counted(place: Place) -> Mend | None:
    """`did email_opened at least 3 times within 30 days`, `email_opened > 3 times`."""
    tokens = place.tokens
    at = next((i for i in range(place.index, min(place.index + 4, len(tokens))) if tokens[i].text == "times"), None)
    if at is None or tokens[at].first or tokens[at - 1].kind != "INT":
        return None
    event_end, sign = _before(place, at - 1, _AMOUNTS)
    start = _event_start(tokens, event_end, place.start)
    if start is None or sign is None:
        return None
    end, length = _length_behind(tokens, at + 1)
    clause = f" within {place.span(*length).text}" if length else ""
    event = place.span(tokens[start], tokens[event_end - 1]).text
    fix = f"count({event}{clause}) {sign} {tokens[at - 1].text}"
    counted: list[tuple[str, str] | Token] = [("WORD", "count"), ("LPAR", "("), *tokens[start:event_end]]
    counted += [("WORD", "within"), *length] if length else []
    counted += [("RPAR", ")"), ("EQUAL" if sign == "=" else "CMP", sign), tokens[at - 1]]
    start -= tokens[start - 1].text == "did"
    return replaced(place, start, end, counted, "LR035", "how often an event happened is its `count`", fix)


def _length_behind(tokens: list[Token], at: int) -> tuple[int, list[Token]]:
    """`within 30 days`, `in the last 30 days`: where it ends, and the length in it."""
    end = at
    while end < len(tokens) and tokens[end].text in ("within", "in", "during", "the", "last", "past", "previous"):
        end += 1
    length = tokens[end : end + 2]
    is_length = end > at and len(length) == 2 and length[0].kind == "INT" and length[1].text in UNITS
    return (end + 2, length) if is_length else (at, [])


def _before(place: Place, number: int, meanings: dict[str, str]) -> tuple[int, str | None]:
    """Where the words or the sign before a number begin, and the sign that they mean."""
    tokens = place.tokens
    if tokens[number - 1].kind in ("CMP", "EQUAL"):
        return number - 1, tokens[number - 1].text
    for length in (2, 1, 0):
        words = " ".join(one.text for one in tokens[max(number - length, 0) : number])
        if words in meanings:
            return number - length, meanings[words]
    return number, None


def _event_start(tokens: list[Token], end: int, first: int) -> int | None:
    """Where the event with its clauses begins that ends before `end`."""
    depth = 0
    for at in range(end - 1, first, -1):
        depth += (tokens[at].kind == "RPAR") - (tokens[at].kind == "LPAR")
        if depth < 0 or (depth == 0 and tokens[at].text in _STOPS):
            event = tokens[at + 1 : end]
            is_event = event and event[0].kind in ("WORD", "NAME")
            return at + 1 if is_event and (len(event) == 1 or event[1].text in _CLAUSES) else None
    return None


def age_in_words(place: Place) -> Mend | None:
    """`created_at older than 30 days`, `created_at is more than 30 days ago`."""
    tokens = place.tokens
    for number in range(place.index, min(place.index + 4, len(tokens) - 2)):
        count, unit, after = tokens[number : number + 3]
        if count.kind != "INT" or unit.text not in UNITS:
            continue
        start, sign = _before(place, number, _AGES)
        words = " ".join(one.text for one in tokens[start:number])
        is_ago = after.text in ("ago", "old") and not after.first
        if words not in _AGES or sign is None or not (is_ago or words in _SAYING_AGE):
            return None
        start -= tokens[start - 1].text == "is"
        ago = time_ago(place.span(count, unit).text)
        texts: list[tuple[str, str] | Token] = [("CMP", sign), ("WORD", ago.split()[0]), ("SIGN", "-"), count, unit]
        end = number + 2 + is_ago
        written = place.span(tokens[start], tokens[end - 1]).text
        return replaced(place, start, end, texts, "LR018", f"`{written}` is written `{sign} {ago}`", f"{sign} {ago}")
    return None


def team_in_words(place: Place) -> Mend | None:
    """`owner is team inside`, `owner belongs to inside`, `owner is one of team inside`."""
    tokens = place.tokens
    around = range(place.index, max(place.start, place.index - 6), -1)
    owner = next((at for at in around if tokens[at].text == "owner"), None)
    if owner is None:
        return None
    name = owner + 1
    while tokens[name].text in _MEMBERSHIP:
        name += 1
    words = [one.text for one in tokens[owner + 1 : name]]
    has_team = tokens[name].text == "team"
    name += has_team
    if not (has_team or words[-2:] == ["belongs", "to"]) or tokens[name].kind not in ("WORD", "NAME"):
        return None
    fix = f"{'not ' if 'not' in words else ''}in team {tokens[name].text}"
    texts: list[tuple[str, str] | Token] = [("WORD", word) for word in fix.split()[:-1]]
    written = place.span(tokens[owner + 1], tokens[name]).text
    return replaced(place, owner + 1, name + 1, [*texts, tokens[name]], "LR035", f"`{written}` is written `{fix}`", fix)
