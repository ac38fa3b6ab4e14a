"""What people ask of triggers, sequences, routes and tests that is said otherwise, or elsewhere.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one. What only the compiler can tell, for it knows the
names, is mended here without a finding.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

from leadrules.syntax.grammar import END
from leadrules.syntax.mend import NUMBERS, Mend, Place, replaced
from leadrules.syntax.rewrites import ACTIONS, as_other_words, fits
from leadrules.syntax.tokens import LATER, Token
from leadrules.syntax.words import UNITS

QUEUE = "queue:"
_LINES = ("on", "when", "do", "once", "priority", "respond", "backfill")
_WHICH = MappingProxyType(
    {
        "finish": ("the name of the sequence", "outbound"),
        "overdue": ("the name of the route", "sales"),
        "enter": ("what the lead enters, a label or a segment,", "temperature hot"),
        "leave": ("what the lead leaves, a label or a segment,", "temperature hot"),
        "date": ("the day", "contract_renewal_date - 3 months"),
    }
)


# -- triggers -------------------------------------------------------------------------------------------------------


def name_after_on(place: Place) -> Mend | None:
    """`on finish do enroll s`, `on overdue when n > 1`, `on finish enroll s`: what follows was taken for the name."""
    for at in range(place.index, max(place.start, place.index - 3, 1), -1):
        on, word = place.tokens[at - 2 : at]
        if place.block.kind != "trigger" or on.text != "on" or word.text not in _WHICH or not _begins_line(place, at):
            continue
        what, example = _WHICH[word.text]
        message = f"{what} is missing after `on {word.text}`"
        kept = [word, Token("NAME", "", word.end, word.end)]
        if place.tokens[at].text in ACTIONS:
            kept.append(Token("WORD", "do", word.end, word.end))
            message += f", and `do` before `{place.tokens[at].text}`"
        help_text = f"write it there, such as `on {word.text} {example}`"
        return replaced(place, at - 1, at, [*kept], "LR025", message, None, help_text, lossy=True)
    return None


def nothing_after_on(place: Place) -> Mend | None:
    """`on do enroll s`."""
    on, word = place.at(-2), place.at(-1)
    if place.block.kind != "trigger" or on.text != "on" or word.text != "do" or place.token.text not in ACTIONS:
        return None
    message = "what sets the trigger off is missing after `on`"
    help_text = "write it there, such as `on form_submitted`, or take `on` out where there is a `when`"
    kept = [on, Token("NAME", "", on.end, on.end)]
    return replaced(place, place.index - 2, place.index - 1, [*kept], "LR025", message, None, help_text, lossy=True)


def _begins_line(place: Place, at: int) -> bool:
    """Whether a token is the first of the next line of a trigger, or stands behind the last."""
    token, after = place.tokens[at], place.tokens[min(at + 1, len(place.tokens) - 1)]
    if token.text in ACTIONS:  # its `do` is missing as well
        return at < place.index and after.text not in _LINES
    return token.text in (*_LINES, "every") or token.kind in ("RBRACE", END)


def nothing_before_do(place: Place) -> Mend | None:
    """`when do enroll s`, `when points > do enroll s`: `do` was taken for what is missing before it."""
    before, word = place.at(-2), place.at(-1)
    if word.text != "do" or word.type != "NAME" or place.token.text not in ACTIONS:
        return None
    what = "a condition" if before.text in ("when", "and", "or", "not") else "a value"
    message, help_text = f"{what} is missing after `{before.text}`", f"write {what} after it"
    nothing = Token("BROKEN", "", before.end, before.end)
    kept = [before, nothing, Token("WORD", "do", word.start, word.end)]
    return replaced(place, place.index - 2, place.index, [*kept], "LR025", message, None, help_text, lossy=True)


def delay_of_trigger(place: Place) -> Mend | None:
    """`on form_submitted wait 2 days`, `do wait 2 days`."""
    word, count, unit = place.token, place.at(1), place.at(2)
    words = ("wait", "delay", "after", "in") if place.tokens[place.start].text == "on" else ("wait", "delay")
    if place.block.kind != "trigger" or word.text not in words or count.kind != "INT" or unit.text not in UNITS:
        return None
    if place.at(-1).text in ("respond", "once"):  # on the same line: these have a length of their own
        return None
    start = place.index - (place.at(-1).text == "do")
    message = "a trigger acts at once: a delay belongs to a step of a sequence"
    help_text = f"`do enroll` a sequence that begins `1: day 1 after {count.text} {unit.text} ..`"
    return replaced(place, start, place.index + 3, [], "LR036", message, None, help_text, lossy=True)


def every_day(place: Place) -> Mend | None:
    """`on every day`, `on every 3 days`, `every day do enroll s`."""
    at = next((at for at in (place.index, place.index - 1) if place.tokens[at].text == "every"), None)
    if place.block.kind != "trigger" or at is None or at < place.start:
        return None
    if not (place.tokens[at].first or place.tokens[at - 1].kind == "LBRACE" or place.tokens[at - 1].text == "on"):
        return None
    end = at + 1 + (place.tokens[at + 1].kind == "INT")
    if place.tokens[end].text not in UNITS or place.takes("YEAR"):
        return None
    start = at - (place.tokens[at - 1].text == "on")
    message = "a trigger has no timetable: each run looks whether a lead sets it off"
    help_text = "write `when` and the condition that becomes true, or `on date` and a day of the lead"
    return replaced(place, start, end + 1, [], "LR036", message, None, help_text, lossy=True)


def other_branch(place: Place) -> Mend | None:
    """`when n > 1 do enroll s else do enroll k`."""
    if place.block.kind != "trigger" or place.token.text not in ("else", "otherwise", "elif", "elsif", "elseif"):
        return None
    end = len(place.tokens) - 1
    while end > place.index and place.tokens[end].kind in ("RBRACE", END):
        end -= 1
    condition = _condition_of(place)
    opposite = f"`when not ({condition})`" if condition else "the opposite condition"
    if place.at(1).text in ("when", "if") or (place.token.text.startswith("els") and place.token.text != "else"):
        opposite = "a `when` of its own"
    message = f"a trigger has no `{place.token.text}`"
    help_text = f"write another trigger for it, with {opposite}"
    return replaced(place, place.index, end + 1, [], "LR036", message, None, help_text, lossy=True)


def _condition_of(place: Place) -> str:
    """The one condition of a trigger before this place; nothing where it has none, or several."""
    before = place.tokens[: place.index]
    starts = [at for at, token in enumerate(before) if token.text in ("when", "if")]
    if len(starts) != 1:
        return ""
    end = next((at for at in range(starts[0], len(before)) if before[at].text in _LINES[2:]), len(before))
    if end == starts[0] + 1 or any(token.first for token in before[starts[0] + 1 : end]):
        return ""
    return place.span(before[starts[0] + 1], before[end - 1]).text


def queue_in_quotes(place: Place) -> Mend | None:
    """`do assign "queue:marketing"`."""
    token = place.token
    start = place.index - (2 if place.at(-1).text == "to" else 1)
    is_queue = token.kind == "STRING" and str(token.value).startswith(QUEUE)
    if place.block.kind not in ("trigger", "sequence") or not is_queue or place.tokens[start].text != "assign":
        return None
    name = str(token.value).removeprefix(QUEUE).strip()
    if not name.isidentifier():
        return None
    words = [Token("WORD", word, token.start, token.end, value=word) for word in ("assign", "queue")]
    return as_other_words(place, start, place.index + 1, [*words, Token("NAME", name, token.start, token.end)])


def assigned_by_name(place: Place) -> Mend | None:
    """`do assign to lee`, `do assign sales`: whose name it is, the compiler knows."""
    at = place.index + (place.token.text == "to")
    name = place.tokens[min(at, len(place.tokens) - 1)]
    if place.at(-1).text != "assign" or not place.takes("WITH") or not fits(place, "NAME", name) or name.first:
        return None
    with_name = [Token("WORD", "with", place.token.start, place.token.start, value=LATER), name]
    return replace(as_other_words(place, place.index, at + 1, with_name), later=True)


def set_by_word(place: Place) -> Mend | None:
    """`do set heat is hot`, `do set status to "Working"`: whether there is such a field, the compiler knows."""
    word = place.token
    is_set = place.at(-2).text == "set" and place.at(-3).text == "do"
    if word.text not in ("is", "to") or word.first or not is_set or not place.takes("EQUAL"):
        return None
    equals = Token("EQUAL", "=", word.start, word.end, value=LATER)
    return replace(as_other_words(place, place.index, place.index + 1, [equals]), later=True)


# -- sequences ------------------------------------------------------------------------------------------------------


def length_of_pause(place: Place) -> Mend | None:
    """`pause for 3 days`, `pause 3 days`."""
    at = place.index + (place.token.text == "for")
    count, unit = place.tokens[at], place.tokens[min(at + 1, len(place.tokens) - 1)]
    if place.at(-1).text != "pause" or count.kind != "INT" or unit.text not in UNITS:
        return None
    message = "a pause has a condition, not a length: it lasts while that is true"
    help_text = f"write `pause when ..`, or `wait {count.text} {unit.text}` in the step that comes after it"
    tokens = [("WORD", "when"), ("BROKEN", "")]
    return replaced(place, place.index, at + 2, [*tokens], "LR036", message, None, help_text, lossy=True)


# -- routes ---------------------------------------------------------------------------------------------------------


def head_in_order(place: Place) -> Mend | None:
    """`route x on demand order by total {`, `route x sets f order by total {`."""
    brace = next((at for at, token in enumerate(place.tokens) if token.kind == "LBRACE"), None)
    if place.start or place.block.kind != "route" or brace is None or not 2 <= place.index < brace:
        return None
    starts = [at for at in range(2, brace) if _part_of_head(place, at)]
    if not starts or starts[0] != 2:
        return None
    parts = [(_part_of_head(place, at), place.tokens[at:end]) for at, end in pairwise([*starts, brace])]
    kinds = [kind for kind, _ in parts]
    if len(set(kinds)) < len(kinds) or kinds == sorted(kinds):
        return None
    parts.sort(key=lambda part: part[0])
    tokens = [replace(token, first=False) for _, part in parts for token in part]
    message = "the parts of a route's first line stand in another order"
    mend = as_other_words(place, 2, brace, tokens, message)
    if any(token.first for token in place.tokens[2:brace]):
        return mend
    fix = " ".join(place.span(part[0], part[-1]).text for _, part in parts)
    return replaced(place, 2, brace, [*tokens], "LR036", message, fix)


def _part_of_head(place: Place, at: int) -> int:
    """Which part of a route's first line begins with a token, in the order that they stand in; 0 for none."""
    token, after, before = place.tokens[at], place.tokens[at + 1], place.tokens[at - 1]
    if token.kind == "STRING" and before.kind in ("WORD", "NAME", "RPAR", *NUMBERS) and before.text != "by":
        return 1
    begins = (("order", "by"), ("on", "demand"), ("sets", after.text if fits(place, "NAME", after) else ""))
    return next((rank for rank, words in enumerate(begins, 2) if words == (token.text, after.text)), 0)


# -- tests ----------------------------------------------------------------------------------------------------------


def fired_behind(place: Place) -> Mend | None:
    """`expect mql fired`, `expect mql not fired`: of which trigger, score or route it is, the compiler knows."""
    heads = [at for at in range(place.start, place.index) if place.tokens[at].text == "expect"]
    if place.block.kind != "test" or place.token.text != "fired" or not heads:
        return None
    expect, *between, fired = place.tokens[heads[-1] : place.index + 1]
    names, nots = ([token for token in between if (token.text == "not") == is_not] for is_not in (False, True))
    if len(names) != 1 or len(nots) > 1 or not fits(place, "NAME", names[0]) or any(t.first for t in (*between, fired)):
        return None
    tokens = [replace(token, start=expect.start, end=fired.end) for token in (expect, *nots, fired, *names)]
    return replace(as_other_words(place, heads[-1], place.index + 1, tokens), later=True)
