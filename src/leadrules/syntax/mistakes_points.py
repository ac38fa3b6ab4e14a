"""The points of a score's rule, and what follows them: without name or sign, behind the condition, its parts in another order.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.syntax.grammar import END
from leadrules.syntax.literals import POINTS
from leadrules.syntax.mend import NUMBERS, Mend, Place, inserted, matching, replaced
from leadrules.syntax.rewrites import as_other_words
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import LIMIT_UNITS, UNITS

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


def points_after_condition(place: Place) -> Mend | None:
    """`vp: when title = "VP" then +5`, `vp: if title = "VP": +5`."""
    token = place.token
    if place.block.kind != "score" or place.at(-1).kind != "COLON" or token.text not in ("when", "if", "each"):
        return None
    end = place.line_end()
    sign = next((i for i in range(end - 1, place.index, -1) if place.tokens[i].kind == "SIGN"), None)
    if sign is None or end != sign + 2 or place.tokens[sign + 1].kind not in NUMBERS:
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


def points_with_a_unit(place: Place) -> Mend | None:
    """`vp: +10 points when ..`."""
    word = place.token
    if place.block.kind != "score" or place.at(-1).kind not in NUMBERS or word.text not in POINTS:
        return None
    message = f"`{word.text}` is not needed: a rule of a score gives points"
    return replaced(place, place.index, place.index + 1, [], "LR029", message, "", "leave it out")


def limit_by_max(place: Place) -> Mend | None:
    """`vp: +5 each E max 20`, `group g up to 20 {`: with a unit after it, the word is one for another."""
    length = 1 + (f"{place.token.text} {place.at(1).text}" == "up to")
    word, number = place.span(place.token, place.at(length - 1)).text, place.at(length)
    is_limit = word in ("max", "maximum", "limit", "upto", "up to") and number.kind in NUMBERS
    has_unit = place.at(length + 1).text in LIMIT_UNITS
    if place.block.kind != "score" or place.token.first or not is_limit or has_unit or not place.takes("AT"):
        return None
    fix = f"at most {number.text} points"
    texts: list[tuple[str, str] | Token] = [("WORD", "at"), ("WORD", "most"), number, ("WORD", "points")]
    end = place.index + length + 1
    return replaced(place, place.index, end, texts, "LR035", f"`{word} {number.text}` is written `{fix}`", fix)


def points_without_name(place: Place) -> Mend | None:
    """`+10 when ..`: a rule without its name, whose points were taken for those of the line before."""
    start = place.index
    while start > place.start and not place.tokens[start].first:
        start -= 1
    sign, amount = place.tokens[start], place.tokens[start + 1 : start + 2]
    end = matching(place.tokens, start + 1) if amount and amount[0].kind == "LPAR" else start + 1
    if place.block.kind != "score" or sign.kind != "SIGN" or not sign.first or end is None:
        return None
    after = place.tokens[min(end + 1, len(place.tokens) - 1)]
    if amount[0].kind not in (*NUMBERS, "LPAR") or after.first or after.text not in ("when", "each"):
        return None
    line = place.file.position(sign.start)[0]
    label = Token("WORD", f"rule_{line}", sign.start, sign.start, first=True, label=True)
    points = place.span(sign, place.tokens[end]).text
    found = finding(
        "LR025",
        place.span(sign, place.tokens[end]),
        "a name and a `:` are missing before the points of a rule",
        help=f"give the rule a name: `large: {points} {after.text} ..`",
    )
    colon = Token("COLON", ":", sign.start, sign.start)
    return Mend(start, start + 1, [label, colon, replace(sign, first=False)], found)


def points_without_sign(place: Place) -> Mend | None:
    """`ceo: 20 when ..`."""
    token = place.token
    if token.kind not in (*NUMBERS, "LPAR") or place.at(-1).kind != "COLON" or not place.takes("SIGN"):
        return None
    if place.block.kind != "score":
        return None
    sign = place.at(1)
    if sign.kind == "SIGN" and place.at(2).text in ("when", "each"):
        fix = f"{sign.text}{token.text}"
        message = "the sign stands before the points of a rule"
        return replaced(place, place.index, place.index + 2, [sign, token], "LR029", message, fix)
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
    stops = ("when", "each", "}", "")
    while end < len(place.tokens) and place.tokens[end].text not in stops and not place.tokens[end].first:
        end += 1
    amount = place.tokens[start + 1 : end]
    if not amount:
        return None
    kinds = [token.kind for token in amount]
    is_call = kinds[-1] == "RPAR" and matching(place.tokens, start + 2) == end - 1
    if place.tokens[end].text not in ("when", "each") and not is_call:
        return None
    if kinds == ["STRING"]:
        return _quoted_points(place, start + 1)
    if kinds[-1] == "RPAR" and kinds.count("RPAR") > kinds.count("LPAR"):
        return inserted(replace(place, index=start + 1), [("LPAR", "(")], "(")
    fix = f"({place.span(amount[0], amount[-1]).text})"
    texts: list[tuple[str, str] | Token] = [("LPAR", "("), *amount, ("RPAR", ")")]
    message = "points that are worked out stand in parentheses"
    mend = replaced(place, start + 1, end, texts, "LR029", message, fix)
    for paren in (mend.tokens[0], mend.tokens[-1]):
        paren.first = False
    around = zip((amount[0].start, amount[-1].end), "()", strict=True)
    edits = tuple(Edit(Span(place.file, at, at), text) for at, text in around)
    return replace(mend, finding=replace(mend.finding, fixes=(Fix(f"write `{fix}`", edits),)))


def _quoted_points(place: Place, at: int) -> Mend | None:
    """`ceo: +"20" when ..`."""
    token = place.tokens[at]
    number = str(token.value).strip()
    if not number.replace("_", "").isdigit():
        return None
    points = Token("INT", number, token.start, token.end, value=float(number.replace("_", "")))
    message = "the points of a rule are a number, and a number stands without quotes"
    return replaced(place, at, at + 1, [points], "LR029", message, number)
