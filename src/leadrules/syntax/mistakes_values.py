"""Several values, and choices between them, as other languages write them: `in [..]`, `= A or B`, `if .. then .. else`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from dataclasses import replace

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Edit, Fix
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import NUMBERS, Mend, Place, matching, replaced
from leadrules.syntax.tokens import Token

_SIGNS = ("CMP", "EQUAL")
_ANY_OF = ("contains", "with", "matches", "has")
_JOINING = ("and", "or", "not", "when", "otherwise", "do", "within")


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


def words_without_brackets(place: Place) -> Mend | None:
    """`in Software, Fintech`, `is hot, warm`, `= JP, US`: texts or labels, which is not for the syntax to know."""
    tokens, start = place.tokens, place.index - 1
    if place.token.kind != "COMMA" or tokens[start - 1].text not in ("in", "is", "=", "not"):
        return None
    end = place.index
    while tokens[end].kind == "COMMA" and tokens[end + 1].kind in ("WORD", "NAME", "STRING"):
        end += 2
    values = tokens[start:end:2]
    is_line = tokens[end].text == ":" or any(token.first for token in tokens[start:end])
    if is_line or end == place.index or any(value.text in _JOINING for value in values):
        return None
    if values[0].kind not in ("WORD", "NAME") or _has_a_bracket(place, start, end):
        return None
    said = [place.span(value).text.strip('"`') for value in values]
    texts, labels = ", ".join(f'"{text}"' for text in said), ", ".join(said)
    negated = "not " if tokens[start - 1].text == "not" or tokens[start - 2].text == "not" else ""
    way_out = f"texts are written `{negated}in ({texts})`, labels `is {negated}one of ({labels})`"
    broken: list[tuple[str, str] | Token] = [values[0]]
    return replaced(place, start, end, broken, "LR034", "several values stand in `( )`", None, way_out, lossy=True)


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
