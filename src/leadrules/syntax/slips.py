"""The slips that any grammar has: a word that is misspelt, missing, or one too many.

In: a `Place` that no known mistake explains. Out: the `Mend` with which the parser gets furthest, or None. Knows words
only by the grammar's tables.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import WINDOW, Mend, Place, inserted, made, matching, outcome, replaced
from leadrules.syntax.mistakes_words import quoted_name
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import NOTHING, RESERVED, SYNONYMS

_SURE = frozenset({"LR019", "LR033"})
_NEVER_INSERTED = frozenset(
    [
        "AND",
        "OR",
        "IN",
        "IS",
        "BETWEEN",
        "CONTAINS",
        "STARTS",
        "ENDS",
        "MATCHES",
        "HAS",
        "NOT",
        "CMP",
        "SIGN",
        "MULOP",
        "VBAR",
        "DOT",
        "TRUE",
        "FALSE",
        "AT",
        "BLANK",
        "ANY",
        "DID",
        "NEVER",
        "LBRACE",
        "RBRACE",
        "LSQB",
        "RSQB",
        "NOTIFY",
        "TASK",
        "ENROLL",
        "MOVE",
        "STOP",
        "SET",
        "ASSIGN",
        "REASSIGN",
        "SEND",
        "QUEUE",
        "TEAM",
        "REP",
        "KEEP",
        "MATCH",
        "WHERE",
        "DISTINCT",
        "SINCE",
        "BACKFILL",
        "ONCE",
        "OTHERWISE",
        "BROKEN",
        "AUTO",
        "MANUAL",
        "ANSWERED",
        "REROUTE",
        "EXPECT",
        "GIVEN",
        "EVENT",
        "EXIT",
        "PAUSE",
        "FORWARD",
        "PRIORITY",
        "COUNT",
        "TARGET",
        "WORKDAYS",
        "EFFORT",
        "FLOOR",
        "CAP",
    ]
)


def general(place: Place) -> Mend | None:
    """The slip that explains most of what follows; the first of equals."""
    best: Mend | None = None
    reached = place.index
    for mend in slips(place):
        far, complete = outcome(place, mend)
        far = min(far, place.index + WINDOW)  # as far as all of them are looked at
        if far > reached and is_convincing(place, mend, far, complete):
            best, reached = mend, far
    return best if best is None or best.finding.code in _SURE else replace(best, lossy=True)


def is_convincing(place: Place, mend: Mend, reached: int, complete: bool) -> bool:
    """Whether the parser gets some way beyond the mistake, or to the end of a line that is complete."""
    if reached >= max(place.index, mend.end) + 3 or reached >= len(place.tokens):
        return True
    token = place.tokens[reached]
    return complete and (token.first or token.kind == END)


_FILLERS = ("a", "an", "at", "by", "is", "of", "on", "the", "then", "to", "with")
_SIGNS = ("COMMA", "SIGN", "MULOP", "CMP", "EQUAL", "VBAR", "DOT", "COLON")


def slips(place: Place) -> Iterator[Mend]:
    """Every slip that could be the mistake, the likeliest first."""
    accepts = place.language.accepts(list(place.stack))
    if place.token.kind in _SIGNS and place.at(-1).text == place.token.text:
        yield from extra(place)
    yield from doubled(place)
    yield from misspelt(place, accepts)
    yield from misspelt_before(place)
    yield from filter(None, [quoted_name(place)])
    yield from unclosed(place, accepts)
    yield from missing_words(place, accepts)
    yield from missing_brace(place, accepts)
    yield from missing_value(place, accepts)
    yield from reserved_name(place, accepts)
    yield from extra(place)


def odd_sign(place: Place) -> Mend | None:
    """A `、` or `（` of another keyboard that belongs nowhere: what is read in its place cannot stand there either."""
    for at in (place.index, place.index - 1, place.index + 1, place.index + 2):
        if not (0 < at < len(place.tokens) and place.tokens[at].odd):
            continue
        sign, before = place.tokens[at], place.tokens[at - 1]
        after = [*place.tokens[at + 1 : at + 3], Token("", "", 0, 0), Token("", "", 0, 0)]
        label = after[1 if after[0].kind == "STRING" else 0].kind == "COLON" and before.kind in ("WORD", "NAME")
        kept = replace(before, label=label)
        found = replaced(place, at, at + 1, [], "LR026", f"`{sign.text}` is one too many", "", "leave it out").finding
        shown = replace(found, message=f"`{found.span.text}` is one too many")
        mend = Mend(at - 1, at + 1, [kept], shown)
        if at - 1 >= place.start and is_convincing(place, mend, *outcome(place, mend)):
            return mend
    return None


def swapped(place: Place) -> Mend | None:
    """Two neighbours the other way round, where the rest of the line is right."""
    for at in (place.index, place.index - 1):
        if at < max(place.start, 1 if place.block.kind == "test" else 2) or at + 1 >= len(place.tokens):
            continue
        first, second = place.tokens[at], place.tokens[at + 1]
        if second.first or first.first or END in (first.kind, second.kind):
            continue
        fix = f"{second.text} {first.text}"
        message = f"`{first.text}` and `{second.text}` stand the other way round"
        between = first.start + len(second.text)
        other = [replace(second, start=first.start, end=between), replace(first, start=between, end=second.end)]
        mend = replaced(place, at, at + 2, [*other], "LR024", message, fix)
        if goes_far(place, mend):
            return mend
    return None


def goes_far(place: Place, mend: Mend) -> bool:
    """Whether with a mend the rest of the line is right, or a good part of it."""
    reached, complete = outcome(place, mend)
    far = reached >= len(place.tokens) or reached >= mend.end + 8
    return far or (complete and place.tokens[reached].first)


def doubled(place: Place) -> Iterator[Mend]:
    """`magnet magnet`."""
    token = place.token
    if token.text == place.at(-1).text and token.kind == place.at(-1).kind and token.kind not in ("LBRACE", "RBRACE"):
        message = f"`{token.text}` stands twice"
        yield replaced(place, place.index, place.index + 1, [], "LR026", message, "", "leave it out")
    once, again = place.at(-2), place.at(-1)
    if once.text == again.text and once.kind == again.kind == "WORD" and place.index - 1 > place.start:
        message = f"`{again.text}` stands twice"
        yield replaced(place, place.index - 1, place.index, [], "LR026", message, "", "leave it out")


def word_twice(place: Place) -> Mend | None:
    """`within within`, where without one of them the line is right: whatever the second might begin."""
    if place.token.kind != "WORD":
        return None
    return next((mend for mend in doubled(place) if goes_far(place, mend)), None)


def misspelt(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """`wehn`, `contians`, `if`, `up to`: what is nearly, or means, a word that can stand here, or some that begin with one."""
    token, after = place.token, place.at(1)
    if token.kind != "WORD":
        return
    words = [text for text, name in place.language.keywords.items() if name in accepts]
    close = difflib.get_close_matches(token.text.lower(), words, n=2, cutoff=0.7)
    meant = [(1, one) for one in (*close, *SYNONYMS.get(token.text.lower(), ()))]
    meant += [(2, one) for one in SYNONYMS.get(f"{token.text} {after.text}".lower(), ())]
    for length, one in dict.fromkeys(meant):
        first, *_ = texts = one.split()
        if first not in words:
            continue
        written = place.span(token, place.at(length - 1)).text
        message, help_text = f"`{written}` is not understood here", f"did you mean `{one}`?"
        mended: list[tuple[str, str] | Token] = [("WORD", text) for text in texts]
        yield replaced(place, place.index, place.index + length, mended, "LR019", message, one, help_text)


def misspelt_before(place: Place) -> Iterator[Mend]:
    """`is nt customer`: a word that was taken for a name, and is nearly one with which the line goes on."""
    word = place.at(-1)
    if word.kind != "WORD" or word.type != "NAME" or place.index - 1 <= place.start or word.label:
        return
    for meant in difflib.get_close_matches(word.text.lower(), [*place.language.keywords], n=3, cutoff=0.75):
        message = f"`{word.text}` is not understood here"
        help_text = f"did you mean `{meant}`?"
        yield replaced(place, place.index - 1, place.index, [("WORD", meant)], "LR019", message, meant, help_text)


def unclosed(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A `(` or `[` without its end."""
    for kind, opener, text in (("RPAR", "LPAR", ")"), ("RSQB", "LSQB", "]")):
        if kind not in accepts:
            continue
        opened = innermost(place.tokens, place.start, place.index, opener, kind)
        if opened is None or place.index == 0:
            continue
        before = place.at(-1)
        edit = Edit(Span(place.file, before.end, before.end), text)
        message = f"this `{opened.text}` is never closed"
        fixes = (Fix(f"insert `{text}`", (edit,)),)
        found = finding("LR032", place.span(opened), message, help=f"close it with `{text}`", fixes=fixes)
        yield Mend(place.index, place.index, [Token(kind, text, before.end, before.end)], found)


def innermost(tokens: list[Token], start: int, stop: int, opener: str, closer: str) -> Token | None:
    """The bracket that is open at an index."""
    opened: list[Token] = []
    for token in tokens[start:stop]:
        if token.kind == opener and token.end > token.start:
            opened.append(token)
        elif token.kind == closer and opened:
            opened.pop()
    return opened[-1] if opened else None


def missing_words(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A word or a sign of the language that was left out."""
    of_limit = "points" if place.block.kind == "score" else "times"  # only `reassign` has one elsewhere
    for name, unit in (("UNIT", "days"), ("LIMIT_UNIT", of_limit)):
        if name in accepts and not place.takes("RPAR") and not place.takes("RBRACE"):
            yield missing_unit(place, unit)
    if "WHERE" in accepts and place.token.kind == "LPAR":
        yield inserted(place, [("WORD", "where")], "where")
    likely = accepts - _NEVER_INSERTED - ({"EQUAL"} if "CMP" in accepts else set())
    # `employees >= 100)` calls no function, and a line does not begin with what is between brackets.
    if place.token.kind == "RPAR" or place.token.first:
        likely -= {"LPAR"}
    for name in sorted(likely, key=lambda name: (name != "WHEN", name)):
        text = place.language.fixed.get(name)
        if text is not None:
            kind = "WORD" if text[0].isalpha() else name
            yield inserted(place, [(kind, text)], text)


def missing_unit(place: Place, unit: str) -> Mend:
    """`within 30`, `at most 20`."""
    before = place.at(-1)
    choices = {"points": "`points` or `times`", "times": "`times`"}.get(unit, "a unit such as `days`")
    fix = f"{before.text} {unit.removesuffix('s') if before.text == '1' else unit}"
    found = finding("LR025", place.span(before), f"{choices} is missing after `{before.text}`", help=f"write `{fix}`")
    at = Token("", "", before.end, before.end)
    return Mend(place.index, place.index, made([("WORD", unit)], at, at), found)


def missing_brace(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A block whose `{` was left out."""
    if "LBRACE" in accepts and not any(t.kind == "LBRACE" for t in place.tokens[place.index :]):
        yield inserted(place, [("LBRACE", "{")], "{")


def missing_value(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """An operator or a word with nothing after it."""
    if "BROKEN" not in accepts or place.index == 0:
        return
    before = place.at(-1)
    what = "a condition" if "NOT" in accepts else "a value"
    at = Token("", "", before.end, before.end)
    found = finding(
        "LR025", place.span(before), f"{what} is missing after `{before.text}`", help=f"write {what} after it"
    )
    yield Mend(place.index, place.index, made([("BROKEN", "")], at, at), found, lossy=True)


def reserved_name(place: Place, accepts: set[str]) -> Iterator[Mend]:
    """A word of the language where a name stands."""
    token = place.token
    if token.kind == "WORD" and token.text in RESERVED and "NAME" in accepts and token.text not in NOTHING:
        fix = f"`{token.text}`"
        name = Token("NAME", token.text, token.start, token.end, token.first)
        message = f"`{token.text}` is a word of the language"
        help_text = f"as a name it stands in backquotes: `` {fix} ``"
        mend = replaced(place, place.index, place.index + 1, [name], "LR033", message, fix, help_text)
        is_called = token.text in ("and", "or", "contains") and place.at(1).kind == "LPAR"
        yield replace(mend, later=is_called)  # a function of a spreadsheet, which the compiler knows


def extra(place: Place) -> Iterator[Mend]:
    """A token too many: the one that cannot stand, or the one before it."""
    token, before = place.token, place.at(-1)
    if token.kind in ("RPAR", "RSQB") and not place.takes("BROKEN"):
        message = f"this `{token.text}` closes nothing"
        fix = "" if before.kind == token.kind else None
        help_text = "leave it out" if fix is not None else "leave it out, or open it where it is missing"
        yield replaced(place, place.index, place.index + 1, [], "LR032", message, fix, help_text)
    elif token.kind in ("LPAR", "LSQB") and matching(place.tokens, place.index) is None:
        message = f"this `{token.text}` is one too many"
        yield replaced(place, place.index, place.index + 1, [], "LR026", message, "", "leave it out")
    elif (token.kind in _SIGNS or token.text in _FILLERS) and not token.first:
        message = f"`{token.text}` is one too many"
        yield replaced(place, place.index, place.index + 1, [], "LR026", message, "", "leave it out")
    elif token.kind not in (END, "LBRACE", "RBRACE") and not token.first and not token.label:
        message = f"expected {place.expected()}; found `{token.text}`"
        yield replaced(place, place.index, place.index + 1, [], "LR024", message, None, place.hint(), lossy=True)
    removable = before.kind in ("COMMA", "SIGN", "MULOP", "RPAR", "COLON") or before.text in ("is", "the", "a", "then")
    if place.index > place.start and removable:
        message = f"`{before.text}` is one too many"
        yield replaced(place, place.index - 1, place.index, [], "LR026", message, "", "leave it out")
