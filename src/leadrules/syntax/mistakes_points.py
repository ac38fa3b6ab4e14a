"""What follows the points of a score's rule: its parts in another order, and what stands for an event.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from leadrules.syntax.grammar import END
from leadrules.syntax.mend import NUMBERS, Mend, Place, matching, replaced
from leadrules.syntax.rewrites import as_other_words
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import UNITS

_OF_EVENT, _CONDITION = 1, 4
_RANKS = {
    "each": 0,
    **dict.fromkeys(("where", "distinct", "within", "since"), _OF_EVENT),
    **dict.fromkeys(("halving", "fading"), 2),
    "at": 3,
    "when": _CONDITION,
    "from": 5,
    "until": 6,
}
_ANYWHERE = ("each", "when", "from", "until")  # words that no condition has


def parts_in_order(place: Place) -> Mend | None:
    """`opened: +5 each email_opened halving every 14 days within 30 days`, `vp: +5 when C each E`, `.. from D when C`."""
    if place.block.kind != "score" or place.token.text not in _RANKS or place.at(-1).text in ("halving", "fading"):
        return None
    end = _end(place)
    starts = _starts(place, end)
    parts = [(_RANKS[place.tokens[at].text], place.tokens[at:to]) for at, to in pairwise([*starts, end])]
    ranks = [rank for rank, _ in parts]
    single = [rank for rank in ranks if rank != _OF_EVENT]
    if 0 not in ranks or len(set(single)) < len(single) or ranks == sorted(ranks):
        return None
    if any(rank == _CONDITION and not _is_whole(place, tokens) for rank, tokens in parts):
        return None
    parts.sort(key=lambda part: part[0])
    tokens = [replace(token, first=False) for _, part in parts for token in part]
    message = "what follows the points of a rule stands in another order"
    if any(token.first for token in place.tokens[starts[0] + 1 : end]):
        return as_other_words(place, starts[0], end, tokens, message)
    fix = " ".join(place.span(part[0], part[-1]).text for _, part in parts)
    return replaced(place, starts[0], end, [*tokens], "LR029", message, fix)


def _is_whole(place: Place, condition: Sequence[Token]) -> bool:
    """Whether a condition ends with its part; `count(E) > 3 within 30 days` may mean the events that it counts."""
    has_brackets = any(token.kind == "LPAR" for token in condition)
    return condition[-1].text not in ("and", "or", "not") and not (
        has_brackets and _RANKS[place.token.text] == _OF_EVENT
    )


def _starts(place: Place, end: int) -> list[int]:
    """Where the parts begin, one of them at the token that cannot stand. A condition has events with clauses of their own."""
    found: list[int] = []
    depth, in_condition = 0, False
    for at in range(place.start, end):
        token, after = place.tokens[at], place.tokens[at + 1]
        depth += (token.kind == "LPAR") - (token.kind == "RPAR")
        if depth or token.label or token.text not in _RANKS or (token.text == "at" and after.text != "most"):
            continue
        if not in_condition or token.text in _ANYWHERE or at == place.index:
            found.append(at)
            in_condition = token.text == "when"
    return found


def _end(place: Place) -> int:
    """The index after the last token of the rule."""
    for at in range(place.index + 1, len(place.tokens) - 1):
        token, after = place.tokens[at], place.tokens[at + 1]
        is_bound = token.text in ("cap", "floor") and (after.kind in NUMBERS or after.kind == "SIGN")
        is_other = (token.text, after.text) == ("count", "events") or (token.text == "group" and token.first)
        if token.label or token.kind in ("RBRACE", END) or is_bound or is_other:
            return at
    return len(place.tokens) - 1


def event_itself(place: Place) -> Mend | None:
    """`each count(E)`, `each did E`."""
    token, before = place.token, place.at(-1)
    message = "`each` takes the event itself"
    if token.text == "did" and before.text == "each":
        return replaced(place, place.index, place.index + 1, [], "LR024", message, "", "leave `did` out")
    end = matching(place.tokens, place.index) if token.kind == "LPAR" else None
    if end is None or end == place.index + 1 or (before.text, place.at(-2).text) != ("count", "each"):
        return None
    inside = place.tokens[place.index + 1 : end]
    fix = place.span(inside[0], inside[-1]).text
    return replaced(place, place.index - 1, end + 1, [*inside], "LR024", message, fix)


def one_event(place: Place) -> Mend | None:
    """`each E or F`, `on E, F`."""
    word = place.at(-2).text
    if (place.block.kind, word) not in (("score", "each"), ("trigger", "on")):
        return None
    names, at = [place.at(-1).text], place.index
    while place.tokens[at].text in ("or", "and", ",") and place.tokens[at + 1].kind in ("WORD", "NAME"):
        names.append(place.tokens[at + 1].text)
        at += 2
    if at == place.index:
        return None
    message = f"`{word}` takes one event, and here are {len(names)}"
    help_text = f"write `{word} either` of a group, `events either = [{', '.join(names)}]`"
    return replaced(place, place.index, at, [], "LR024", message, None, help_text, lossy=True)


def within_of_score(place: Place) -> Mend | None:
    """`count events within 30 days`, or `within 30 days` as a line of its own."""
    count, unit = place.at(1), place.at(2)
    if place.block.kind != "score" or place.token.text != "within" or count.kind != "INT" or unit.text not in UNITS:
        return None
    is_counting = (place.at(-2).text, place.at(-1).text) == ("count", "events")
    if not is_counting and not (place.takes("ID") and (place.token.first or place.at(-1).kind == "LBRACE")):
        return None
    duration = place.span(count, unit).text
    message = "a whole score counts events `since` a time, not within a length of time"
    help_text = f"write `within {duration}` beside the event of each rule"
    start = place.index - (2 if is_counting else 0)
    return replaced(place, start, place.index + 3, [], "LR018", message, None, help_text, lossy=True)
