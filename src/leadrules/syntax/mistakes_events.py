"""Events and changes as people ask for them first: `did a or b where ..` before brackets, `when form_submitted`, `temperature becomes hot`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from dataclasses import replace

from leadrules.syntax.mend import NUMBERS, Mend, Place, inserted, matching, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import UNITS

_ENTERING = ("becomes", "became", "become", "turns", "changes", "changed", "reaches", "reached", "enters", "gets")
_LEAVING = ("leaves", "left")
_CLAUSES = ("where", "distinct", "within", "since")
_CLAUSE_STOPS = ("did", "never", "and", "or", "when", "not", "implies", ":")


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
