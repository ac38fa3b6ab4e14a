"""Operators that people type first: `is greater than`, `does not contain`, `10 < x < 20`, `x^2`, `->`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from dataclasses import replace

from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.syntax.mend import NUMBERS, Mend, Place, matching, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import NOTHING

_TESTS = ("is", "in", "between", "contains", "starts", "ends", "matches", "has")
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
    start = next(
        (i for i in range(place.index, max(place.start, place.index - 4), -1) if place.tokens[i].text == "is"), None
    )
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
    if not words and after.text == "not" and start < end and end + 1 == place.index:
        text = place.token.text
        if text in ("in", "contains", "matches", "has", "starts", "ends"):
            message = f"`is not {text}` is written `not {text}`"
            return replaced(place, start, end + 2, [after, place.token], "LR035", message, f"not {text}")
    joined = after.first or after.text in ("and", "or", "when", "then", "implies")
    is_sign = after.kind in ("WORD", "CMP", "EQUAL") or after.text == "=>"
    if not words and end == place.index and start < end and is_sign and not joined:
        fix = ">=" if after.kind == "ARROW" else after.text
        meant = replace(after, kind="CMP", text=fix, type="CMP") if after.kind == "ARROW" else after
        return replaced(place, start, end + 1, [meant], "LR035", f"`is {after.text}` is written `{fix}`", fix)
    return None


def bound_in_words(place: Place) -> Mend | None:
    """`is at least 5`, `is at most 2026-04-01`: labels have these words, numbers and dates have signs.

    Whether there are labels before them the compiler knows, which tells it.
    """
    start = place.index - 3
    words = " ".join(token.text for token in place.tokens[max(start, place.start) : place.index])
    sign = {"is at least": ">=", "is at most": "<="}.get(words)
    if sign is None or place.token.first or place.token.kind in ("WORD", "NAME", "STRING"):
        return None
    return replace(replaced(place, start, place.index, [("CMP", sign)], "LR035", "", None), later=True)


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
        return replaced(
            place, place.index, place.index + 3, texts, "LR035", f"`does not {verb}` is written `{fix}`", fix
        )
    is_not = before.text == "not"
    if (token.text == "blank" and place.takes("IS")) or (token.text in ("blank", "empty", *NOTHING) and is_not):
        start = place.index - is_not
        fix = "is not blank" if is_not else "is blank"
        words: list[tuple[str, str] | Token] = [("WORD", word) for word in fix.split()]
        written = place.span(place.tokens[start], token).text
        return replaced(place, start, place.index + 1, words, "LR025", f"`{written}` is written `{fix}`", fix)
    if token.text == "not" and before.text == "did":
        message = "`did not` is written `never`"
        return replaced(place, place.index - 1, place.index + 1, [("WORD", "never")], "LR035", message, "never")
    if token.kind in ("EQUAL", "CMP") and before.text == "not" and token.text == "=":
        message = "`not =` is written `!=`"
        return replaced(place, place.index - 1, place.index + 1, [("CMP", "!=")], "LR035", message, "!=")
    return None


def power(place: Place) -> Mend | None:
    """`employees ** 2`, `employees ^ 2` has a message of its own."""
    sign, before = place.token, place.at(-1)
    if sign.text != "*" or before.text != "*" or before.end != sign.start:
        return None
    message, help_text = "there is no `**`: a power is multiplied out", "write `x * x`"
    return replaced(place, place.index - 1, place.index + 1, [before], "LR035", message, None, help_text, lossy=True)


def operand_left_out(place: Place) -> Mend | None:
    """`employees >= 50 and <= 200`, `status is blank or = "New"`: the second test has nothing on its left."""
    sign, joint = place.token, place.at(-1)
    is_negated = joint.text == "not" and sign.text in ("in", "contains", "has", "between")
    at = place.index - 1 - is_negated
    if (sign.kind not in ("CMP", "EQUAL") and sign.text not in _TESTS) or place.tokens[at].text not in ("and", "or"):
        return None
    operand = _left_operand(place, at)
    if not operand:
        return None
    subject = place.span(operand[0], operand[-1]).text
    is_text = sign.text == "is" and place.at(1).kind == "STRING"  # which is compared with a sign
    test = "=" if is_text else " ".join(token.text for token in place.tokens[at + 1 : place.index + 1])
    tokens = [
        *operand,
        *([Token("EQUAL", "=", sign.start, sign.end)] if is_text else place.tokens[at + 1 : place.index + 1]),
    ]
    message = f"`{place.tokens[at].text}` joins two whole tests: what is compared stands in each"
    return replaced(place, at + 1, place.index + 1, [*tokens], "LR124", message, f"{subject} {test}", lossy=True)


def _left_operand(place: Place, joint: int) -> list[Token]:
    """What stands on the left of the test before an `and` or `or`."""
    depth = 0
    for at in range(joint - 1, place.start, -1):
        token = place.tokens[at]
        depth += (token.kind == "RPAR") - (token.kind == "LPAR")
        if depth < 0 or (depth == 0 and token.text in ("and", "or", "when", "if", ":")):
            return []
        is_test = token.kind in ("CMP", "EQUAL") or token.text in _TESTS
        if depth or not is_test or place.tokens[at - 1].text in ("and", "is"):
            continue
        end = at - (place.tokens[at - 1].text == "not")
        start = end - 1
        if place.tokens[start].kind == "RPAR":
            while start > place.start and matching(place.tokens, start) != end - 1:
                start -= 1
            start -= place.tokens[start - 1].kind == "WORD"
        elif place.tokens[start - 1].kind == "DOT":
            start -= 2
        first = place.tokens[start]
        return place.tokens[start:end] if first.kind in ("WORD", "NAME", "LPAR") and start > 0 else []
    return []


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


def limits_without_and(place: Place) -> Mend | None:
    """`between 100-999`, `between 100 to 999`, `between 100, 999`."""
    if not place.takes("AND"):
        return None
    at, last = place.index, place.index + 1
    if place.at(-2).text == "-" and place.at(-4).text == "between":
        at, last = place.index - 2, place.index - 1
    elif place.at(-2).text != "between" or place.token.text not in ("to", ",", ";", ".."):
        return None
    limits = place.tokens[at - 1], place.tokens[last]
    if any(limit.kind not in (*NUMBERS, "DATE") for limit in limits):
        return None
    message = "the limits of `between` are joined by `and`"
    help_text = f"write `between {limits[0].text} and {limits[1].text}`"
    return replaced(place, at, at + 1, [("WORD", "and")], "LR035", message, " and ", help_text)


def limits_in_brackets(place: Place) -> Mend | None:
    """`between (50, 200)`, `between (50 and 200)`, `from 50 to 200`, `in 50 to 200`."""
    tokens = place.tokens
    start = next((i for i in range(place.index, place.start, -1) if tokens[i].text in ("between", "from")), None)
    if start is None or start < place.index - 6 or place.block.kind in ("band", "sequence"):
        return None
    opened = tokens[start + 1].kind in ("LPAR", "LSQB")
    if start + 4 + 2 * opened >= len(tokens):
        return None
    low, joint, high, after = tokens[start + 1 + opened : start + 5 + opened]
    is_closed = after.kind in ("RPAR", "RSQB") if opened else tokens[start].text == "from"
    if not is_closed or joint.text not in (",", "and", "-", "to", "until", "or"):
        return None
    if any(limit.kind not in (*NUMBERS, "PERCENT", "DATE", "DATETIME") for limit in (low, high)):
        return None
    fix = f"between {low.text} and {high.text}"
    words: list[tuple[str, str] | Token] = [("WORD", "between"), low, ("WORD", "and"), high]
    return replaced(place, start, start + 4 + 2 * opened, words, "LR035", f"two limits are written `{fix}`", fix)


def limits_with_a_wave(place: Place) -> Mend | None:
    """`in 100～500`, `between 9:00〜18:00`, `in (100~500)`, `= 100～500`, `in 100-500`."""
    sign = place.index + (place.token.kind != "ODD")
    if sign - 2 <= place.start or sign + 1 >= len(place.tokens):
        return None
    before, low, wave, high = place.tokens[sign - 2 : sign + 2]
    is_wave = wave.kind == "ODD" or (before.text == "in" and wave.text in ("-", "to"))
    if not is_wave or any(limit.kind not in (*NUMBERS, "DATE", "DATETIME", "TIME") for limit in (low, high)):
        return None
    start, end = sign - 2, sign + 2
    if before.kind == "LPAR" and place.tokens[start - 1].text == "in" and place.tokens[end].kind == "RPAR":
        start, end = start - 1, end + 1
    if place.tokens[start].text not in ("in", "=", "between"):
        return None
    fix = f"between {low.text} and {high.text}"
    words = Token("WORD", "between", before.start, before.end), Token("WORD", "and", wave.start, wave.end)
    mend = replaced(place, start, end, [words[0], low, words[1], high], "LR035", f"two limits are written `{fix}`", fix)
    ends = (place.tokens[start].start, low.start), (low.end, high.start), (high.end, place.tokens[end - 1].end)
    texts = "between ", " and ", ""  # what stands between them may have a fix of its own
    edits = tuple(Edit(Span(place.file, *at), text) for at, text in zip(ends, texts, strict=True) if at[0] < at[1])
    return replace(mend, finding=replace(mend.finding, fixes=(Fix(f"write `{fix}`", edits),)))


def arrow(place: Place) -> Mend | None:
    """`a => b` for `implies`, `x => 5` for `>=`."""
    token = place.token
    if token.kind != "ARROW":
        return None
    if place.takes("IMPLIES"):
        meant, kind = "implies", "WORD"
    elif token.text == "=>" and place.takes("CMP"):
        meant, kind = ">=", "CMP"
    else:
        return None
    message = f"`{token.text}` is written `{meant}`"
    return replaced(place, place.index, place.index + 1, [(kind, meant)], "LR005", message, meant)
