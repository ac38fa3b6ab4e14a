"""Operators that people type first: `is greater than`, `does not contain`, `10 < x < 20`, `in [..]`, `if .. then .. else`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from dataclasses import replace

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import NUMBERS, Mend, Place, inserted, matching, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import NOTHING, UNITS

_ENTERING = ("becomes", "became", "become", "turns", "changes", "changed", "reaches", "reached", "enters", "gets")
_LEAVING = ("leaves", "left")
_SIGNS = ("CMP", "EQUAL")
_ANY_OF = ("contains", "with", "matches", "has")
_TESTS = ("is", "in", "between", "contains", "starts", "ends", "matches", "has")
_CLAUSES = ("where", "distinct", "within", "since")
_CLAUSE_STOPS = ("did", "never", "and", "or", "when", "not", "implies", ":")
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


def did_before_brackets(place: Place) -> Mend | None:
    """`did (a or b)`, `never (a or b)`: the word stands before each event; never one of several is never each of them."""
    word, start = place.at(-1), place.index
    end = matching(place.tokens, start) if place.token.kind == "LPAR" and word.text in ("did", "never") else None
    if end is None:
        return None
    texts, tokens = [], [place.token]
    for joiner, event in _joined(place.tokens[start + 1 : end]):
        if not event or event[0].kind not in ("WORD", "NAME") or (len(event) > 1 and event[1].text not in _CLAUSES):
            return None
        if joiner is not None:
            joins = joiner.text if word.text == "did" else {"or": "and", "and": "or"}[joiner.text]
            tokens.append(replace(joiner, text=joins))
            texts.append(joins)
        tokens += [replace(word, first=False), *event]
        texts.append(f"{word.text} {place.span(event[0], event[-1]).text}")
    message = f"`{word.text}` stands before each event, not before brackets"
    return replaced(place, start - 1, end + 1, [*tokens, place.tokens[end]], "LR024", message, f"({' '.join(texts)})")


def _joined(tokens: list[Token]) -> list[tuple[Token | None, list[Token]]]:
    """What `and` and `or` join outside of brackets, each with the word before it."""
    parts: list[tuple[Token | None, list[Token]]] = [(None, [])]
    depth = 0
    for token in tokens:
        depth += (token.kind == "LPAR") - (token.kind == "RPAR")
        if depth == 0 and token.text in ("and", "or"):
            parts.append((token, []))
        else:
            parts[-1][1].append(token)
    return parts


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


def event_compared(place: Place) -> Mend | None:
    """`did E = true`, `did E > 3`."""
    token, value = place.token, place.at(1)
    if token.kind not in ("CMP", "EQUAL"):
        return None
    start = next((i for i in range(place.index - 1, place.start, -1) if place.tokens[i].text in _CLAUSE_STOPS), None)
    if start is None or place.tokens[start].text not in ("did", "never") or start + 1 == place.index:
        return None
    asked, event = place.tokens[start], place.span(place.tokens[start + 1], place.at(-1)).text
    if value.kind == "INT" and place.at(2).text in UNITS and token.text in ("<", "<="):
        message = f"how long ago an event may be is written `within`, not `{token.text}`"
        return replaced(place, place.index, place.index + 1, [("WORD", "within")], "LR035", message, "within")
    message = f"`{asked.text} {event}` is yes or no by itself: it is not compared"
    if value.kind == "INT" and asked.text == "did":
        fix = f"count({event}) {token.text} {value.text}"
        counted: list[tuple[str, str] | Token] = [
            ("WORD", "count"),
            ("LPAR", "("),
            *place.tokens[start + 1 : place.index],
        ]
        counted += [("RPAR", ")"), token, value]
        return replaced(place, start, place.index + 2, counted, "LR035", message, fix)
    end = place.index + 1 + (value.kind in ("WORD", "NAME", "STRING", *NUMBERS) and not value.first)
    yes = token.kind == "EQUAL" and value.text in ("true", "false")
    other = {"did": "never", "never": "did"}[asked.text] if value.text == "false" else asked.text
    kept = [Token("WORD", other, asked.start, asked.end, asked.first), *place.tokens[start + 1 : place.index]]
    alone = f"{other} {event}"
    help_text = f"write `{alone}`" if yes else f"leave the comparison out, or count: `count({event}) > 3`"
    return replaced(place, start, end, [*kept], "LR035", message, alone if yes else None, help_text, lossy=not yes)


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


def event_after_when(place: Place) -> Mend | None:
    """`when form_submitted where (..)` in a trigger."""
    when = place.at(-2)
    if place.block.kind != "trigger" or place.token.text != "where" or when.text != "when":
        return None
    if not when.first and place.at(-3).kind != "LBRACE":
        return None
    written = place.at(-1).text
    message = "the event that sets a trigger off stands after `on`, not `when`"
    help_text = f"write `on {written} where ..`"
    return replaced(place, place.index - 2, place.index - 1, [("WORD", "on")], "LR035", message, "on", help_text)


def did_left_out(place: Place) -> Mend | None:
    """`exit when email_replied since enrolled_at`, `when email_sent where (..)`."""
    event, before = place.at(-1), place.at(-2)
    begins = before.text in ("when", "and", "or", "not", "unless", "implies", "expect", "(")
    is_clause = place.token.text in ("where", "distinct", "since") and place.takes("CMP")
    if event.kind not in ("WORD", "NAME") or not begins or not is_clause:
        return None
    return inserted(replace(place, index=place.index - 1), [("WORD", "did")], "did")


def change_in_words(place: Place) -> Mend | None:
    """`on lifecycle becomes mql`, `when lifecycle changes to mql`, `on change lifecycle mql`."""
    verb, name, on = place.token.text, place.at(-1), place.at(-2).text
    if place.block.kind != "trigger" or on not in ("on", "when"):
        return None
    if on == "on" and name.text in ("change", "changed", "entering", "entered"):
        message = f"`on {name.text}` is written `on enter`"
        return replaced(place, place.index - 1, place.index, [("WORD", "enter")], "LR035", message, "enter")
    is_first = all(token.text != "on" for token in place.tokens[: place.index - 2])
    if name.kind not in ("WORD", "NAME") or verb not in (*_ENTERING, *_LEAVING) or not is_first:
        return None
    end = place.index + 1 + (place.at(1).text == "to")
    value = place.tokens[end]
    if value.kind == "STRING":  # a field, which a condition asks
        fix = f"when {name.text} = {value.text}"
        asked: list[tuple[str, str] | Token] = [("WORD", "when"), name, ("EQUAL", "="), value]
        message = (
            "the value that a field takes is asked for by a condition, which sets a trigger off as it becomes true"
        )
        return replaced(place, place.index - 2, end + 1, asked, "LR035", message, fix)
    fix = f"on {'leave' if verb in _LEAVING else 'enter'} {name.text}"
    texts: list[tuple[str, str] | Token] = [("WORD", word) for word in fix.split()[:2]]
    written = place.span(place.at(-2), place.tokens[end - 1]).text
    message = f"`{written}` is written `{fix}`"
    mend = replaced(place, place.index - 2, end, [*texts, name], "LR035", message, fix)
    return replace(mend, lossy=value.first)  # whether a label must follow, the next look tells


def label_after_a_sign(place: Place) -> Mend | None:
    """`on enter heat.hot`, `on enter heat = hot`, `on leave heat becomes cold`."""
    at = -1 if place.at(-1).text in _ENTERING else 0  # a word in place of the sign was taken for the label
    name, sign, label, enter = (place.at(at + by) for by in (-1, 0, 1, -2))
    is_sign = sign.text in (".", "=", ":", "is", "to", *_ENTERING)
    if place.at(at - 3).text != "on" or enter.text not in ("enter", "leave") or not is_sign:
        return None
    if name.kind not in ("WORD", "NAME") or label.kind not in ("WORD", "NAME") or label.first:
        return None
    fix, start = f"{name.text} {label.text}", place.index + at
    message = f"`{place.span(name, label).text}` after `{enter.text}` is written `{fix}`"
    return replaced(place, start - 1, start + 2, [name, label], "LR035", message, fix)


def where_without_parentheses(place: Place) -> Mend | None:
    """`did page_viewed where path = "x" within 30 days`."""
    if place.at(-1).text != "where" or place.token.kind == "LPAR" or not place.takes("LPAR"):
        return None
    end = place.index
    stops = ("within", "since", "distinct", "when", "halving", "fading", "until", "by", "do", "once", "otherwise")
    while end < len(place.tokens) - 1 and place.tokens[end].text not in stops and place.tokens[end].kind != "RBRACE":
        end += 1
        if place.tokens[end].first:
            break
    condition = place.tokens[place.index : end]
    kinds = [token.kind for token in condition]
    if not condition or kinds.count("RPAR") > kinds.count("LPAR"):
        return None
    fix = f"({place.span(condition[0], condition[-1]).text})"
    texts: list[tuple[str, str] | Token] = [("LPAR", "("), *condition, ("RPAR", ")")]
    message = "the condition after `where` stands in parentheses"
    return replaced(place, place.index, end, texts, "LR034", message, fix)


def values_without_brackets(place: Place) -> Mend | None:
    """`contains "VP", "Chief"`, `in "JP", "US"`, `in 1, 2`, `= "JP", "US"`."""
    tokens, start = place.tokens, place.index
    kinds = ("STRING", *NUMBERS, "DATE", "COMMA")
    while start > place.start and tokens[start - 1].kind in kinds:
        start -= 1
    end = place.index
    while tokens[end].kind in kinds and not tokens[end].first:
        end += 1
    values = [token for token in tokens[start:end] if token.kind != "COMMA"]
    operator = tokens[start - 1].text
    if len(values) < 2 and (tokens[end - 1].kind == "COMMA" or place.token.kind != "STRING"):
        return None  # a comma too many, at the end of a line; `in 10-50`
    if not values or _has_a_bracket(place, start, end) or operator not in (*_ANY_OF, "in", "any", "="):
        return None
    shown = f"({', '.join(place.span(value).text for value in values)})"
    items: list[tuple[str, str] | Token] = [("LPAR", "(")]
    for value in values:
        items += [value, ("COMMA", ",")]
    items[-1] = ("RPAR", ")")
    message = "several values stand in `( )`"
    if operator == "=":
        return replaced(place, start - 1, end, [("WORD", "in"), *items], "LR034", message, f"in {shown}")
    if operator in _ANY_OF:
        return replaced(place, start, end, [("WORD", "any"), *items], "LR034", message, f"any {shown}")
    return replaced(place, start, end, items, "LR034", message, shown)


def _has_a_bracket(place: Place, start: int, end: int) -> bool:
    """Whether a `)` after values may be theirs, whose `(` is missing, or a function's: `if(title contains "VP", "a", "b")`."""
    if place.tokens[end].kind != "RPAR":
        return False
    opened = next((i for i in range(start - 1, place.start, -1) if matching(place.tokens, i) == end), None)
    if opened is None:
        return True
    before = place.tokens[opened - 1]
    return before.kind in ("WORD", "NAME") and before.text not in place.language.keywords


def values_joined_by_or(place: Place) -> Mend | None:
    """`contains any ("VP" or "Director")`, `in ("JP" or "US")`."""
    joint = place.index if place.token.text in ("or", "and") else place.index - 1
    opened = joint - 2
    if opened <= place.start or place.tokens[opened].kind not in ("LPAR", "LSQB"):
        return None
    end = matching(place.tokens, opened)
    values = place.tokens[opened + 1 : end]
    if end is None or any(one.kind not in ("STRING", *NUMBERS) for one in values[::2]):
        return None
    if any(one.text not in ("or", "and", ",") for one in values[1::2]):
        return None
    fix = ", ".join(place.span(one).text for one in values[::2])
    tokens = [replace(one, kind="COMMA", text=",", type="COMMA") if at % 2 else one for at, one in enumerate(values)]
    message = f"several values are separated by `,`, not by `{place.tokens[joint].text}`"
    return replaced(place, opened + 1, end, [*tokens], "LR034", message, fix)


def any_before_brackets(place: Place) -> Mend | None:
    """`contains ("VP", "Chief")`, `has ["a", "b"]`."""
    opened = place.index - 2 if place.token.kind == "COMMA" else place.index
    if opened <= place.start or place.tokens[opened - 1].text not in _ANY_OF:
        return None
    end = matching(place.tokens, opened) if place.tokens[opened].kind in ("LPAR", "LSQB") else None
    values = place.tokens[opened + 1 : end]
    if end is None or not values or any(value.kind not in ("STRING", "COMMA") for value in values):
        return None
    texts = [place.span(value).text for value in values if value.kind == "STRING"]
    fix = f"any ({', '.join(texts)})"
    items: list[tuple[str, str] | Token] = [("WORD", "any"), ("LPAR", "("), *values, ("RPAR", ")")]
    first = opened - 1 - (place.tokens[opened - 1].text == "with")
    operator = place.span(place.tokens[first], place.tokens[opened - 1]).text
    message = f"`{operator}` looks for one value, and for several with `any`"
    mend = replaced(place, opened, end + 1, items, "LR034", message, fix)
    edits = Edit(place.span(place.tokens[opened]), "any ("), Edit(place.span(place.tokens[end]), ")")
    return replace(mend, finding=replace(mend.finding, fixes=(Fix(f"write `{fix}`", edits),)))


def any_after_in(place: Place) -> Mend | None:
    """`in any ("JP", "US")`, `in any LIST`."""
    if place.token.text != "any" or place.at(-1).text != "in":
        return None
    message = "`any` is one too many: `in` asks for one of several values by itself"
    return replaced(place, place.index, place.index + 1, [], "LR026", message, "", "leave it out")


def several_compared(place: Place) -> Mend | None:
    """`x is (a, b)`, `x is not any of ("a", "b")`, `x is (a or b)`, `x = ("a", "b")`, `tags = ["a"]`."""
    tokens, opened = place.tokens, place.index
    if place.token.kind == "COMMA" and place.at(-2).kind == "LPAR":
        opened -= 2
    while tokens[opened].text in ("any", "of", "in") and opened < place.index + 2:
        opened += 1
    start = min(place.index, opened) - 1
    negated = tokens[start].text in ("not", "!=")
    start -= tokens[start].text == "not"
    end = matching(tokens, opened) if tokens[opened].kind in ("LPAR", "LSQB") else None
    if end is None or tokens[start].text not in ("is", "=", "!="):
        return None
    values, joints = tokens[opened + 1 : end : 2], tokens[opened + 2 : end : 2]
    texts = [value for value in values if value.kind in ("STRING", *NUMBERS)]
    if not values or len(texts) not in (0, len(values)) or any(joint.text not in (",", "or") for joint in joints):
        return None
    if texts and place.token.text == "in":  # `is in` of texts
        return None
    written = place.span(tokens[start], tokens[end]).text
    if tokens[start - 2].text == "set":
        return _set_at_once(place, opened, end)
    words = [*["not"] * negated, "in"] if texts else ["is", *["not"] * negated, "one", "of"]
    fix = f"{' '.join(words)} ({', '.join(place.span(value).text for value in values)})"
    items: list[tuple[str, str] | Token] = [*(("WORD", word) for word in words), ("LPAR", "(")]
    for value in values:
        items += [value, ("COMMA", ",")]
    items[-1] = ("RPAR", ")")
    # Whether these are texts or labels is asked when the line reads.
    return replaced(place, start, end + 1, items, "LR034", f"`{written}` is written `{fix}`", fix, lossy=True)


def if_then_else(place: Place) -> Mend | None:
    """`if x then 5 else 3`, which is `if(x, 5, 3)`."""
    tokens = place.tokens
    start = next((i for i in range(place.index, place.start, -1) if tokens[i].text == "if"), None)
    if start is None:
        return None
    opened = next((i for i in range(start - 1, place.start, -1) if (matching(tokens, i) or 0) > start), None)
    found = _as_call(place, start, len(tokens) - 1 if opened is None else (matching(tokens, opened) or 0) - 1)
    if found is None:
        return _if_without_else(place, start)
    end, texts, fix = found
    return replaced(place, start, end + 1, texts, "LR035", "`if .. then .. else` is written `if(.., .., ..)`", fix)


def _if_without_else(place: Place, start: int) -> Mend | None:
    """`if x then 5`: nothing says what else."""
    line = place.tokens[start : place.line_end()]
    texts = [token.text for token in line]
    at = texts.index("then") if "then" in texts else 0
    if at < 2 or "else" in texts or place.block.kind == "assert":  # `assert a: if x then y` is a promise
        return None
    end = next((i for i in range(at + 1, len(line)) if line[i].label or line[i].kind in ("RBRACE", END)), len(line))
    if end == at + 1:
        return None
    parts = (place.span(part[0], part[-1]).text for part in (line[1:at], line[at + 1 : end]))
    message, way_out = "`if .. then` does not say what else", f"write `if({', '.join(parts)}, ..)` with the other value"
    broken: list[tuple[str, str] | Token] = [("BROKEN", "")]
    return replaced(place, start, start + end, broken, "LR035", message, None, way_out, lossy=True)


def _as_call(place: Place, start: int, last: int) -> tuple[int, list[tuple[str, str] | Token], str] | None:
    """The last token of `if .. then .. else ..` from `start` on, and how it is written."""
    tokens = place.tokens
    then = next((i for i in range(start, last) if tokens[i].text == "then"), start)
    other = next((i for i in range(then, last) if tokens[i].text == "else"), start)
    condition, value, end = tokens[start + 1 : then], tokens[then + 1 : other], other
    if not condition or not value:
        return None
    # What it gives may be compared: `if x then 5 else 3 > 4`.
    stops = () if any(token.kind in _SIGNS for token in value) else _SIGNS
    while end < last and not tokens[end + 1].first and tokens[end + 1].kind not in ("RBRACE", *stops):
        end += 1
    rest: list[tuple[str, str] | Token] = [*tokens[other + 1 : end + 1]]
    if not rest:
        return None
    said = place.span(tokens[other + 1], tokens[end]).text
    if tokens[other + 1].text == "if":
        inner = _as_call(place, other + 1, last)
        if inner is None:
            return None
        end, rest, said = inner
    fix = f"if({', '.join(place.span(part[0], part[-1]).text for part in (condition, value))}, {said})"
    comma = ("COMMA", ",")
    return end, [tokens[start], ("LPAR", "("), *condition, comma, *value, comma, *rest, ("RPAR", ")")], fix


def if_then(place: Place) -> Mend | None:
    """`assert a: if x then y`, `assert a: when x then y`, which is `x implies y`."""
    texts = [token.text for token in place.tokens]
    start = next((i for i in range(place.index, 0, -1) if texts[i] in ("if", "when")), None)
    if place.block.kind != "assert" or start is None or "then" not in texts[place.index :]:
        return None
    end = texts.index("then", place.index)
    condition = place.tokens[start + 1 : end]
    if place.tokens[start - 1].kind != "COLON" or not condition:
        return None
    fix = f"{place.span(condition[0], condition[-1]).text} implies"
    message = f"`{texts[start]} .. then ..` is written `.. implies ..`"
    return replaced(place, start, end + 1, [*condition, ("WORD", "implies")], "LR035", message, fix)


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


def set_of_values(place: Place) -> Mend | None:
    """`do set tags = ["a", "b"]`: an action writes one value."""
    if place.token.kind != "LSQB" or place.at(-1).kind != "EQUAL" or place.at(-3).text != "set":
        return None
    end = matching(place.tokens, place.index)
    return None if end is None else _set_at_once(place, place.index, end)


def _set_at_once(place: Place, opened: int, end: int) -> Mend:
    """Several values after `set FIELD =`, between the brackets at these indexes."""
    first, last, field = place.tokens[opened], place.tokens[end], place.span(place.tokens[opened - 2]).text
    help_text = f"write a text without brackets, or copy a set that is there: `set {field} = another_field`"
    value = Token("STRING", "", first.start, last.end, value=place.span(first, last).text)
    message = "`set` writes one value, not several in brackets"
    return replaced(place, opened, end + 1, [value], "LR034", message, None, help_text, lossy=True)


def wrong_brackets(place: Place) -> Mend | None:
    """`list x = ("a")`, `in ["a"]`."""
    pairs = {"LPAR": ("LSQB", "[", "RPAR", "RSQB", "]"), "LSQB": ("LPAR", "(", "RSQB", "RPAR", ")")}
    token = place.token
    if token.kind not in pairs or place.at(-1).kind == token.kind:
        return None
    kind, text, closer, meant, closing = pairs[token.kind]
    if not place.takes(kind) or place.takes(token.kind):
        return None
    end = matching(place.tokens, place.index)
    if end is None or place.tokens[end].kind != closer:
        return None
    close = place.tokens[end]
    middle = place.tokens[place.index + 1 : end]
    tokens = [
        Token(kind, text, token.start, token.end, token.first),
        *middle,
        Token(meant, closing, close.start, close.end),
    ]
    edits = (Edit(place.span(token), text), Edit(place.span(close), closing))
    what = f"`{text} {closing}`"
    found = finding(
        "LR034",
        place.span(token),
        f"{what} stand here, not `{token.text}`",
        help=f"write {what}",
        fixes=(Fix(f"write {what}", edits),),
    )
    return Mend(place.index, end + 1, tokens, found)
