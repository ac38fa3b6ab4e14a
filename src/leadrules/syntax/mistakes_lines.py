"""Rule lines as people type them first: `hot: >= 70`, `otherwise: lead`, a line without its name or its `:`.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

import re
from dataclasses import replace

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.core.text import number_text
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import NUMBERS, Mend, Place, could_be_id, inserted, progress, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import RESERVED, is_name

_AROUND_MEMBERS = ("COMMA", "LSQB", "RSQB", "LPAR", "RPAR", "LBRACE", "RBRACE")


def threshold_as_comparison(place: Place) -> Mend | None:
    """`hot: >= 70`, `hot: from 70 to 80`, `hot: from 70 until 80`."""
    if place.block.kind != "band":
        return None
    token, before = place.token, place.at(-1)
    if token.text in ("<", "<=") and before.kind == "COLON" and place.at(1).kind in NUMBERS:
        message = "the lowest label of a band takes what is left"
        return replaced(place, place.index, place.index + 2, [("WORD", "otherwise")], "LR027", message, "otherwise")
    if token.kind == "CMP" and before.kind == "COLON":
        message = f"a label of a band begins `from` a number, not `{token.text}`"
        return replaced(place, place.index, place.index + 1, [("WORD", "from")], "LR027", message, "from")
    is_until = token.text in ("to", "until", "below", "-") or token.kind == "ODD"
    if is_until and before.kind in NUMBERS and place.at(1).kind in NUMBERS:
        message = "a label of a band ends where the label above it begins"
        return replaced(place, place.index, place.index + 2, [], "LR027", message, "")
    return None


def threshold_range(place: Place) -> Mend | None:
    """`hot: 70 to 100`, `hot: 70-100`, `hot: 70～100`."""
    token, joint = place.token, place.at(1)
    ends = (joint.text in ("to", "-") or joint.kind == "ODD") and place.at(2).kind in NUMBERS
    if place.block.kind != "band" or token.kind not in NUMBERS or not ends or not place.takes("FROM"):
        return None
    fix = f"from {token.text}"
    message = "a label of a band ends where the label above it begins"
    return replaced(place, place.index, place.index + 3, [("WORD", "from"), token], "LR027", message, fix)


def otherwise_first(place: Place) -> Mend | None:
    """`otherwise: lead`, `default: cold`."""
    start = place.index - 2
    if start < 0:
        return None
    word, colon, name = place.tokens[start : start + 3]
    if colon.kind != "COLON" or word.text not in ("otherwise", "else", "default") or name.kind not in ("WORD", "NAME"):
        return None
    if not place.takes("OTHERWISE"):
        return None
    fix = f"{name.text}: otherwise"
    label = Token(name.kind, name.text, name.start, name.end, word.first, True)
    texts: list[tuple[str, str] | Token] = [label, colon, ("WORD", "otherwise")]
    message = f"`{word.text}` stands after the `:`"
    return replaced(place, start, place.index + 1, texts, "LR028", message, fix, lossy=True)


def bound_with_colon(place: Place) -> Mend | None:
    """`cap: 100`."""
    word, colon = place.at(-2), place.at(-1)
    if place.block.kind != "score" or colon.kind != "COLON" or word.text not in ("cap", "floor"):
        return None
    if place.token.kind not in NUMBERS:
        return None
    bound = Token("WORD", word.text, word.start, word.end, word.first)
    message = f"`{word.text}` is no rule: it has no `:`"
    return replaced(place, place.index - 2, place.index, [bound], "LR029", message, word.text)


def keyword_with_colon(place: Place) -> Mend | None:
    """`priority: 1` in a trigger: a word of ours with the sign of a rule's name."""
    token, colon = place.token, place.at(1)
    terminal = place.language.keywords.get(token.text)
    if not token.label or colon.kind != "COLON" or terminal is None or not place.takes(terminal):
        return None
    word = Token("WORD", token.text, token.start, token.end, token.first)
    message = f"`{token.text}` stands without a `:`"
    return replaced(place, place.index, place.index + 2, [word], "LR026", message, token.text)


def move_without_to(place: Place) -> Mend | None:
    """`do move outbound`."""
    token = place.token
    if place.at(-1).text != "move" or token.kind != "WORD" or not place.takes("TO"):
        return None
    return inserted(place, [("WORD", "to")], "to", "a lead moves `to` a sequence, or `by` a classify")


def missing_bar(place: Place) -> Mend | None:
    """`columns: hot warm`."""
    if place.block.kind != "matrix" or place.token.first or place.token.label or not place.takes("VBAR"):
        return None
    is_label = place.token.kind in ("WORD", "NAME") and place.at(1).kind != "COLON"
    if bars(place, place.index) >= max(bars(place, at) for at, token in enumerate(place.tokens) if token.label):
        return None
    return replace(inserted(place, [("VBAR", "|")], "|"), lossy=True) if is_label else None


def bars(place: Place, index: int) -> int:
    """How many `|` the line of a token has."""
    start = index
    while start > 0 and not place.tokens[start].first:
        start -= 1
    end = index + 1
    while end < len(place.tokens) and not place.tokens[end].first:
        end += 1
    return sum(token.kind == "VBAR" for token in place.tokens[start:end])


def _start_of_line(place: Place) -> int:
    """The index of the first token of the line that the token stands on."""
    start = place.index
    while start > place.start and not place.tokens[start].first:
        start -= 1
    return start


def name_twice(place: Place) -> Mend | None:
    """`sql sql "Talk": when ..`."""
    start = _start_of_line(place)
    once, again = place.tokens[start], place.at(start + 1 - place.index)
    if start == 0 or once.text != again.text or not again.label or again.first:
        return None
    message = f"`{again.text}` stands twice"
    mend = replaced(place, start + 1, start + 2, [], "LR026", message, "", "leave it out")
    return Mend(start, start + 2, [replace(once, label=True)], mend.finding)


def colon_before_title(place: Place) -> Mend | None:
    """`lead: "Lead" created_at`, `vp: "Vice president" +5 when ..`."""
    end = place.index + (place.token.kind == "STRING")  # in most blocks the title cannot stand there at all
    name, colon, title, after = (place.at(end - place.index + by) for by in (-3, -2, -1, 0))
    is_line = name.label and name.kind != "INT" and end - 3 >= place.start > 0 and not after.first
    is_target = place.block.kind == "route" and after.text in (
        "when",
        "otherwise",
        "by",
        "where",
    )  # a rep without `rep`
    if not is_line or is_target or colon.kind != "COLON" or title.kind != "STRING" or title.text[:1] != '"':
        return None
    at, apart = colon.start, " " * (name.end == colon.start)
    message = "the `:` stands behind the title"
    fix = f"{title.text}:"
    mend = replaced(place, end - 2, end, [title, colon], "LR029", message, apart + fix, f"write `{name.text} {fix}`")
    swapped = [replace(title, start=at, end=title.end), replace(colon, start=title.end, end=title.end)]
    return replace(mend, tokens=swapped)


def colon_after_when(place: Place) -> Mend | None:
    """`sql when: did meeting_scheduled`, `sql "Talk" when : ..`."""
    start = _start_of_line(place)
    at = start + 1 + (place.at(start + 1 - place.index).kind == "STRING")
    when, colon = place.at(at - place.index), place.at(at + 1 - place.index)
    if start == 0 or when.text != "when" or colon.kind != "COLON" or place.tokens[start].kind not in ("WORD", "NAME"):
        return None
    mend = replaced(place, at, at + 2, [colon, when], "LR029", "the `:` stands before `when`", ": when")
    words = [replace(place.tokens[start], label=True), *place.tokens[start + 1 : at]]
    swapped = [replace(colon, start=when.start, end=when.start), replace(when, label=False)]
    return Mend(start, at + 2, [*words, *swapped], mend.finding)


def unquoted_title(place: Place) -> Mend | None:
    """`vp Vice president: +10 when ..`."""
    start = place.index
    while start > place.start and not place.tokens[start].first:
        start -= 1
    name = place.tokens[start]
    end = start + 1
    while end < len(place.tokens) and place.tokens[end].kind in ("WORD", "NAME") and not place.tokens[end].first:
        end += 1
    words = place.tokens[start + 1 : end]
    plain = name.kind in ("WORD", "NAME") and not name.label and name.text not in RESERVED
    if not plain or not name.first or start == 0 or not words or not words[-1].label:
        return None
    if any(word.text in place.language.keywords for word in words):
        return None
    written = place.span(words[0], words[-1]).text
    title = Token("STRING", f'"{written}"', words[0].start, words[-1].end, value=written)
    message = f"`{written}` is a title here, and a title stands in quotes"
    mend = replaced(place, start + 1, end, [title], "LR033", message, f'"{written}"')
    return Mend(start, end, [replace(name, label=True), title], mend.finding)


def missing_colon(place: Place) -> Mend | None:
    """`senior +15 when ..`: a rule's id without its `:`."""
    for index in (place.index, place.index - 1):
        if not _may_lack_colon(place, index):
            continue
        titled = index + 1 < len(place.tokens) and place.tokens[index + 1].kind == "STRING"
        last = index + 1 if titled else index
        sign, after = place.tokens[last + 1], place.tokens[min(last + 2, len(place.tokens) - 1)]
        if sign.kind == "SIGN" and after.kind == "COLON":
            return _sign_before_colon(place, index, last + 1)
        mend = _colon_behind(place, index, last)
        if progress(place, mend) > max(place.index, mend.end):
            return mend
    return None


def _may_lack_colon(place: Place, index: int) -> bool:
    """Whether a word could be the id of a line, and what follows it is no part of an expression or another id."""
    token = place.tokens[index] if index >= 0 else place.token
    if not could_be_id(place, index, token) or (index != place.index and token.type != "NAME"):
        return False
    after = place.tokens[index + 1] if index + 1 < len(place.tokens) else None
    return after is None or not (after.kind in ("LPAR", "DOT") or (after.label and not after.first))


def _colon_behind(place: Place, index: int, last: int) -> Mend:
    """The `:` put behind an id and its title, which ends with the token `last`."""
    token, end = place.tokens[index], place.tokens[last].end
    found = finding(
        "LR025",
        place.span(token),
        f"`:` is missing after `{token.text}`",
        help=f"write `{place.span(token, place.tokens[last]).text}:`",
        fixes=(Fix("insert `:`", (Edit(Span(place.file, end, end), ":"),)),),
    )
    label = Token(token.kind, token.text, token.start, token.end, token.first, True)
    title = place.tokens[index + 1 : last + 1]
    return Mend(index, last + 1, [label, *title, Token("COLON", ":", end, end)], found)


def _sign_before_colon(place: Place, index: int, sign: int) -> Mend:
    """`senior +: 15 when ..`."""
    plus, colon = place.tokens[sign : sign + 2]
    message = "the `:` stands before the points"
    mend = replaced(place, sign, sign + 2, [colon, plus], "LR029", message, f": {plus.text}")
    between = [replace(place.tokens[index], label=True), *place.tokens[index + 1 : sign]]
    swapped = [replace(colon, start=plus.start, end=plus.end), replace(plus, start=plus.end, end=colon.end)]
    return Mend(index, sign + 2, [*between, *swapped], mend.finding)


def other_branch(place: Place) -> Mend | None:
    """`else if fit > 3` as a line of stages, `vp: +5 when title = "VP" else +2`."""
    word, kind = place.token, place.block.kind
    if word.text not in ("else", "otherwise", "elif", "elseif", "elsif") or word.label:
        return None
    is_points = kind == "score" and place.at(1).kind == "SIGN"
    is_line = kind in ("stages", "classify", "route", "score") and word.first and place.at(1).kind in ("WORD", "NAME")
    if not is_points and not is_line:
        return None
    end = place.line_end()
    while place.tokens[end - 1].kind == "RBRACE":
        end -= 1
    said = place.span(word, place.tokens[end - 1]).text
    name, line = ("rule", "NAME: +2 when not (..)") if kind == "score" else ("line", "NAME: when ..")
    help_text = f"write another {name}, with its name and condition: `{line}`"
    message = f"`{said}` is a {name} of its own, which begins with its name"
    return replaced(place, place.index, end, [], "LR036", message, None, help_text, lossy=True)


def list_without_brackets(place: Place) -> Mend | None:
    """`list x = "a", "b"`."""
    token = place.token
    if (
        place.block.kind not in ("list", "events")
        or not place.takes("LSQB")
        or token.kind not in ("STRING", "WORD", *NUMBERS)
    ):
        return None
    end = len(place.tokens) - 1
    items = place.tokens[place.index : end]
    if not items or any(token.kind in ("LSQB", "RSQB", "RPAR") for token in items):
        return None
    fix = f"[{place.span(items[0], items[-1]).text}]"
    texts: list[tuple[str, str] | Token] = [("LSQB", "["), *items, ("RSQB", "]")]
    return replaced(place, place.index, end, texts, "LR034", "the values of a list stand in `[ ]`", fix)


def events_in_words(place: Place) -> Mend | None:
    """`events x = [call made, email sent]`, `["call_made"]`, `{call_made, email_sent}`: the whole list in one."""
    tokens = place.tokens
    sign = next((at for at in range(place.index, place.start, -1) if tokens[at].kind == "EQUAL"), None)
    if place.block.kind != "events" or sign is None:
        return None
    members: list[list[Token]] = [[]]
    signs: list[str] = []
    for token in tokens[sign + 1 : -1]:
        if token.kind in _AROUND_MEMBERS or token.text in ("or", "and"):
            members.append([])
            signs.append(token.text)
        else:
            members[-1].append(token)
    members = [words for words in members if words]
    several = [words for words in members if len(words) > 1]
    is_other = any(one.kind == "STRING" for words in members for one in words) or not {*signs} <= {*"[,]()"}
    if any("_" in one.text for words in several for one in words) or not (is_other or len(several) > 1):
        return None  # a comma is missing, or one name has a mistake of its own
    names = ["_".join(re.findall(r"\w+", " ".join(str(one.value or one.text) for one in words))) for words in members]
    if not all(map(is_name, names)):
        return None
    fix = f"[{', '.join(names)}]"
    texts: list[tuple[str, str] | Token] = [("LSQB", "[")]
    for name in names:
        texts += [("WORD", name), ("COMMA", ",")]
    texts[-1] = ("RSQB", "]")
    message = "the members of a group are names of events, each one word"
    return replaced(place, sign + 1, len(tokens) - 1, texts, "LR034", message, fix)


def missing_name(place: Place) -> Mend | None:
    """`score "Fit" {`: a title, and no name."""
    token = place.token
    if place.index != 1 or token.kind != "STRING" or place.at(1).kind in ("", END):
        return None
    after = place.at(1)
    if after.kind in ("WORD", "NAME") and after.text not in RESERVED and _after_name(place.at(2)):
        fix = f"{after.text} {token.text}"
        message = f"a {place.block.kind} has its name before its title"
        return replaced(place, 1, 3, [replace(after, label=False), token], "LR025", message, fix)
    name = _named_after(str(token.value))
    if name is None:
        return None
    mend = inserted(place, [("WORD", name)], name, f"a {place.block.kind} has a name before its title")
    return replace(mend, finding=replace(mend.finding, fixes=()))


def _after_name(token: Token) -> bool:
    return token.kind in ("LBRACE", "EQUAL", "COLON") or token.text in ("when", "of", "from")


def missing_id(place: Place) -> Mend | None:
    """`"Started a trial": +25 when ..`: a title, and no name before it."""
    token, colon = place.token, place.at(1)
    if not token.first or token.kind != "STRING" or colon.kind != "COLON" or not place.start:
        return None
    name = _named_after(str(token.value))
    if name is None or not place.takes("ID"):
        return None
    label = Token("WORD", name, token.start, token.start, first=True, label=True)
    edit = Edit(Span(place.file, token.start, token.start), f"{name} ")
    found = finding(
        "LR025",
        place.span(token),
        "a line has a name before its title",
        help=f"write `{name} {token.text}:`",
        fixes=(Fix(f"insert `{name}`", (edit,)),),
    )
    # The name is made up: whoever uses the one that was left out finds it again once it is written.
    return Mend(place.index, place.index + 1, [label, replace(token, first=False)], found, lossy=True)


def _named_after(title: str) -> str | None:
    """The name that a title suggests."""
    words = "".join(char if char.isalnum() else " " for char in title.lower()).split()
    name = "_".join(words if len(words) <= 4 else words[:3])
    return name if name and name[0].isalpha() and name not in RESERVED else None


def word_before_title(place: Place) -> Mend | None:
    """`trial do "Started a trial": +25 when ..`: a word of the language between a line's name and its title or `:`."""
    name, word = place.token, place.at(1)
    if not name.first or not word.label or word.first or not could_be_id(place, place.index, name):
        return None
    mend = replaced(
        place, place.index + 1, place.index + 2, [], "LR026", f"`{word.text}` is one too many", "", "leave it out"
    )
    return Mend(place.index, place.index + 2, [replace(name, label=True)], mend.finding)


def missing_kind(place: Place) -> Mend | None:
    """`expect action "Call back"`: which kind of action it is, is not said."""
    token = place.token
    if place.block.kind != "test" or place.at(-1).text != "action" or token.kind != "STRING" or not place.takes("NAME"):
        return None
    mend = inserted(place, [("BROKEN", "")], "email", f"the kind of the action is missing before {token.text}")
    help_text = f"write `action call {token.text}`, with the channel that is meant"
    left_out = Mend(place.index - 1, place.index + 1, [], mend.finding, lossy=True)
    broken = Token("BROKEN", "", token.start, token.end)
    return replace(left_out, tokens=[broken], finding=replace(mend.finding, help=help_text, fixes=()))


def wrong_sign(place: Place) -> Mend | None:
    """`define x: 5`, `segment x = ..`, `lead = created_at`, `columns: hot, warm`."""
    token = place.token
    if token.kind == "COLON" and place.at(1).text == "when" and place.takes("WHEN"):
        return replaced(place, place.index, place.index + 1, [], "LR026", "`:` is one too many", "", "leave it out")
    if token.kind in ("COLON", "EQUAL") and place.block.kind == "segment" and place.takes("WHEN"):
        message = f"`when` stands here, not `{token.text}`"
        fix = "when" if token.start > place.at(-1).end else " when"
        return replaced(place, place.index, place.index + 1, [("WORD", "when")], "LR025", message, fix, "write `when`")
    if token.kind == "COLON" and place.takes("EQUAL") and not place.takes("CMP"):
        return replaced(place, place.index, place.index + 1, [("EQUAL", "=")], "LR025", "`=` stands here, not `:`", "=")
    if token.text in ("is", "to") and place.takes("EQUAL") and not place.takes("CMP"):
        message = f"`=` stands here, not `{token.text}`"
        return replaced(place, place.index, place.index + 1, [("EQUAL", "=")], "LR025", message, "=")
    if token.kind in ("COMMA", "SIGN", "MULOP") and place.takes("VBAR"):
        message = f"the labels of a matrix are separated by `|`, not `{token.text}`"
        return replaced(place, place.index, place.index + 1, [("VBAR", "|")], "LR025", message, "|")
    for sign in (place.index + 1, place.index, place.index - 1):
        if 0 < sign < len(place.tokens) and place.tokens[sign].kind == "EQUAL":
            return _colon_for_equals(place, sign)
    return None


def _colon_for_equals(place: Place, sign: int) -> Mend | None:
    word, equals = place.tokens[sign - 1], place.tokens[sign]
    if not could_be_id(place, sign - 1, word) or (sign > 1 and place.tokens[sign - 2].text == "only"):
        return None
    label = Token(word.kind, word.text, word.start, word.end, word.first, True)
    colon = Token("COLON", ":", equals.start, equals.end)
    message = f"`{word.text}` is followed by `:`, not `=`"
    mend = replaced(place, sign, sign + 1, [colon], "LR025", message, ":")
    meant = Mend(sign - 1, sign + 1, [label, *mend.tokens], mend.finding)
    return meant if progress(place, meant) > sign + 1 else None


def bare_percentage(place: Place) -> Mend | None:
    """`meeting: 25 of conversation`; `0.25 of conversation`, where a decimal point up to 1 means the share itself."""
    token = place.token
    if token.kind not in NUMBERS or not place.takes("PERCENT") or place.takes("STRING"):
        return None
    is_share = "." in token.text and token.value <= 1
    share = token.value if is_share else token.value / 100
    fix = f"{number_text(share * 100, 6) if is_share else token.text}%"
    percent = Token("PERCENT", fix, token.start, token.end, token.first, value=share)
    return replaced(place, place.index, place.index + 1, [percent], "LR025", "a share of a goal is a percentage", fix)
