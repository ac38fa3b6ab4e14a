"""What stands before the braces of a process block, and lines of sequences and triggers, as other tools have them.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from types import MappingProxyType

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Edit, Fix
from leadrules.core.source import Span
from leadrules.syntax.counters import said_time
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import Mend, Place, inserted, next_number, progress, replaced
from leadrules.syntax.rewrites import as_other_words, fits, text_of
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import SYNONYMS

HOURS = 24
_HAPPENED = ("ed", "sent", "made", "won", "lost")  # how the names of events end
_NEW = ("new", "create", "created", "creation", "insert", "inserted")

# -- what stands before the braces ----------------------------------------------------------------------------------

_OF_HEADS = MappingProxyType(
    {
        "route": (
            "a route has no condition: each of its rules has one",
            "write `hot: team inside when ..` between its braces",
        ),
        "sequence": ("who enters a sequence is said by a trigger", ""),
    }
)


def condition_of_head(place: Place) -> Mend | None:
    """`route sales when owner is blank {`, `sequence outbound when temperature is hot {`."""
    said = _OF_HEADS.get(place.block.kind)
    brace = _brace_after(place)
    if said is None or brace is None or place.token.text not in ("when", "if", "for", "where", "on"):
        return None
    message, help_text = said
    return replaced(
        place,
        place.index,
        brace,
        [],
        "LR036",
        message,
        None,
        help_text or _entering(place, place.index, brace),
        lossy=True,
    )


def lines_before_braces(place: Place) -> Mend | None:
    """`trigger inbound on form_submitted {`, `trigger warm priority 5 when temperature is hot {`."""
    brace = _brace_after(place)
    begins = place.token.text in ("on", "when", "once", "priority", "do", "respond")
    if place.block.kind != "trigger" or brace is None or not begins:
        return None
    said = place.tokens[place.index : brace]
    if len(said) == 1 and said[0].text != "once":  # begun, and not finished
        return None
    tokens = [Token("LBRACE", "{", said[0].start, said[0].start), *said]
    message = "the lines of a trigger stand between its braces"
    fix = f"{{ {place.span(said[0], said[-1]).text}"
    return replaced(place, place.index, brace + 1, [*tokens], "LR036", message, fix)


def lines_without_braces(place: Place) -> Mend | None:
    """`trigger warm on enter temperature hot: enroll welcome`, `route sales: team inside`."""
    if place.start or place.block.kind not in ("trigger", "route", "sequence") or not place.takes("LBRACE"):
        return None
    if any(token.kind == "LBRACE" for token in place.tokens) or place.token.kind == END:
        return None
    end = len(place.tokens) - 1
    braces = [Token(kind, "", place.tokens[end - 1].end, place.tokens[end - 1].end) for kind in ("LBRACE", "RBRACE")]
    kind = place.block.kind
    message, help_text = (
        f"the lines of a {kind} stand between braces",
        f"write `{kind} {place.tokens[1].text} {{ .. }}`",
    )
    return replaced(place, place.index, end, [*braces], "LR036", message, None, help_text, lossy=True)


def _brace_after(place: Place) -> int | None:
    """The index of the `{` of a block whose first line cannot be read."""
    if place.start or not place.takes("LBRACE"):
        return None
    return next((at for at in range(place.index, len(place.tokens)) if place.tokens[at].kind == "LBRACE"), None)


# -- sequences ------------------------------------------------------------------------------------------------------


def entered_by_condition(place: Place) -> Mend | None:
    """`enroll when temperature is hot`, `enter if ..`: a line of a sequence that says who enters it."""
    at = place.index if place.at(1).text in ("when", "if") else place.index - 1
    if place.block.kind != "sequence" or not place.start <= at or place.tokens[at + 1].text not in ("when", "if"):
        return None
    if place.tokens[at].text not in ("enroll", "enrol", "enter", "start", "begin", "entry", "add"):
        return None
    end = at + 2
    while not (place.tokens[end].first or place.tokens[end].label or place.tokens[end].kind in ("RBRACE", END)):
        end += 1
    message = "who enters a sequence is said by a trigger"
    return replaced(place, at, end, [], "LR036", message, None, _entering(place, at + 1, end), lossy=True)


def _entering(place: Place, when: int, end: int) -> str:
    """A trigger with the condition that was written here."""
    condition = place.span(place.tokens[min(when + 1, end - 1)], place.tokens[end - 1]).text
    name = place.tokens[1].text
    return f"write `trigger to_{name} {{ when {condition}  do enroll {name} }}`"


def wait_before_step(place: Place) -> Mend | None:
    """`wait 2 days` on a line of its own, and `2: call "x"` on the next."""
    wait, count, unit, number, colon = (place.at(by) for by in range(5))
    if place.block.kind != "sequence" or wait.text != "wait" or not place.takes("INT") or place.at(-1).text == "wait":
        return None
    if number.kind != "INT" or colon.kind != "COLON" or count.kind != "INT" or place.at(5).text in ("day", "wait"):
        return None
    tokens = [replace(number, start=wait.start, end=wait.start), replace(colon, start=wait.start, end=wait.start)]
    tokens += [replace(wait, first=False), count, unit]
    message = "when a step is due stands behind its number"
    return as_other_words(place, place.index, place.index + 5, tokens, message)


def commas_in_step(place: Place) -> Mend | None:
    """`1: day 1, email, auto`."""
    line = place.tokens[place.start]
    if place.block.kind != "sequence" or place.token.kind != "COMMA" or not (line.kind == "INT" and line.label):
        return None
    end = place.index
    while end + 1 < len(place.tokens) and not (place.tokens[end].first or place.tokens[end].kind in ("RBRACE", END)):
        end += 1
    tokens = [token for token in place.tokens[place.start : end] if token.kind != "COMMA"]
    message = "the parts of a step stand side by side, without commas"
    mend = replaced(place, place.start, end, [*tokens], "LR026", message, text_of(tokens))
    return mend if progress(place, mend) >= end else None


def bare_hours(place: Place) -> Mend | None:
    """`send between 9 and 18`."""
    start = next((at for at in (place.index - 1, place.index) if at > 0 and place.tokens[at].text == "between"), None)
    if place.block.kind != "sequence" or start is None or start + 3 >= len(place.tokens):
        return None
    first, joint, last = place.tokens[start + 1 : start + 4]
    if (first.kind, last.kind) != ("INT", "INT") or joint.text not in ("and", "-", "to"):
        return None
    if not all(hour.value < HOURS for hour in (first, last)):
        return None
    tokens = [
        replace(hour, kind="TIME", text=f"{int(hour.value):02d}:00", value=time(int(hour.value)), type="")
        for hour in (first, last)
    ]
    return as_other_words(
        place, start + 1, start + 4, [tokens[0], Token("WORD", "and", joint.start, joint.end), tokens[1]]
    )


def clock_in_words(place: Place) -> Mend | None:
    """`午前9時`, of a step or of the window."""
    for at in (place.index, place.index - 1):
        token = place.tokens[at]
        clock = said_time(token.text) if token.kind == "WORD" else None
        if clock is not None:
            shown = f"{clock:%H:%M}"
            read = replace(token, kind="TIME", text=shown, value=clock, type="")
            return replaced(place, at, at + 1, [read], "LR011", f"`{token.text}` is written `{shown}`", shown)
    return None


# -- triggers -------------------------------------------------------------------------------------------------------


def team_without_route(place: Place) -> Mend | None:
    """`do assign team inside`."""
    token, name = place.token, place.at(1)
    if token.text != "team" or place.at(-1).text not in ("assign", "to", "with") or name.kind not in ("WORD", "NAME"):
        return None
    start = next((at for at in range(place.index, place.start, -1) if place.tokens[at].text == "assign"), None)
    if start is None:
        return None
    tokens = [("WORD", "assign"), ("WORD", "queue"), ("BROKEN", "")]
    message = "a route deals leads to a team, and an action hands them to the route"
    help_text = (
        f"write `route to_{name.text} on demand {{ any: team {name.text} by round_robin otherwise }}`, "
        f"and here `assign with to_{name.text}`"
    )
    return replaced(place, start, place.index + 2, [*tokens], "LR036", message, None, help_text, lossy=True)


def notify_without_whom(place: Place) -> Mend | None:
    """`do notify "A lead waits"`."""
    what = place.at(-1)
    if place.at(-2).text != "notify" or what.kind != "STRING" or not place.takes("STRING"):
        return None
    message = "`notify` says whom, and then what"
    return replaced(
        place,
        place.index - 1,
        place.index,
        [("STRING", ""), what],
        "LR025",
        message,
        None,
        f'write `notify "managers" {what.text}`',
        lossy=True,
    )


def change_without_enter(place: Place) -> Mend | None:
    """`on temperature hot`."""
    value, label = place.at(-1), place.token
    named = all(fits(place, "NAME", one) and one.text not in SYNONYMS for one in (value, label))
    if place.block.kind != "trigger" or place.at(-2).text != "on" or label.first or not named:
        return None
    tokens = [Token("WORD", "on", place.at(-2).start, place.at(-2).end, place.at(-2).first)]
    tokens += [Token("WORD", "enter", value.start, value.start), value, label]
    if value.text in _NEW or label.text in _NEW:
        return new_lead(replace(place, index=place.index - 1))
    if label.text in ("change", "changed", "update", "updated"):
        message = f"`on {value.text} {label.text}` does not say what it changes to"
        help_text = f"write `on enter {value.text} LABEL`, or of a field `when {value.text} = ..`"
        return replaced(place, place.index - 2, place.index + 1, [], "LR036", message, None, help_text, lossy=True)
    if label.text.endswith(_HAPPENED):
        name = f"{value.text}_{label.text}"
        message = f"`{value.text} {label.text}` is no name: a name is one word"
        return replaced(place, place.index - 1, place.index + 1, [("WORD", name)], "LR010", message, name)
    return as_other_words(place, place.index - 2, place.index + 1, tokens)


def new_lead(place: Place) -> Mend:
    """`on new lead`, `on lead created`."""
    message = "a new lead is no event: it was outside of every condition before"
    help_text = "write `when` and what a lead must be, or `when created_at is not blank` for each new one"
    return replaced(place, place.index - 1, place.line_end(), [], "LR036", message, None, help_text, lossy=True)


# -- anywhere -------------------------------------------------------------------------------------------------------


def bullet(place: Place) -> Mend | None:
    """`- vp: +10 when ..`, `- day 2 call`: lines as lists of other languages have them."""
    sign, after = place.token, place.at(1)
    begins = after.label or after.text in ("day", "wait", "when", "do", "on", "exit", "enroll", "send", "finish")
    stands_first = sign.first or place.at(-1).kind == "LBRACE"
    if not stands_first or sign.text not in ("-", "*") or after.first or not begins:
        return None
    if place.block.kind == "sequence" and after.text in ("day", "wait") and place.at(2).kind == "INT":
        return _number_for_bullet(place)
    kept = replace(after, first=True)
    found = replaced(
        place, place.index, place.index + 1, [], "LR026", f"a line begins without `{sign.text}`", "", "leave it out"
    )
    return Mend(place.index, place.index + 2, [kept], found.finding)


def _number_for_bullet(place: Place) -> Mend:
    """`- day 2 call "b"`."""
    sign = place.token
    number = next_number(place)
    label = Token("INT", number, sign.start, sign.end, sign.first, True, float(number))
    colon = Token("COLON", ":", sign.end, sign.end)
    message = f"a step begins with its number, not with `{sign.text}`"
    help_text = f"write `{number}: {place.span(place.at(1), place.at(2)).text} ..`"
    return replaced(place, place.index, place.index + 1, [label, colon], "LR025", message, f"{number}:", help_text)


def unless(place: Place) -> Mend | None:
    """`1: day 1 email unless opted_out`."""
    if place.token.text != "unless" or not place.takes("WHEN"):
        return None
    end = place.index + 1
    while not _ends_condition(place, place.tokens[end]):
        end += 1
    condition = place.tokens[place.index + 1 : end]
    if not condition:
        return None
    tokens: list[tuple[str, str] | Token] = [
        ("WORD", "when"),
        ("WORD", "not"),
        ("LPAR", "("),
        *condition,
        ("RPAR", ")"),
    ]
    fix = f"when not ({place.span(condition[0], condition[-1]).text})"
    written = place.span(place.token, condition[-1]).text
    return replaced(place, place.index, end, tokens, "LR036", f"`{written}` is written `{fix}`", fix)


def _ends_condition(place: Place, token: Token) -> bool:
    return token.first or token.label or token.kind in ("RBRACE", END) or token.text in ("do", "respond")


def missing_channel(place: Place) -> Mend | None:
    """`2: day 1 "Call back"`: a step that says what, and not by which way."""
    token = place.token
    line = place.tokens[place.start]
    is_step = place.block.kind == "sequence" and line.kind == "INT" and line.label
    if not is_step or token.kind != "STRING" or token.first or not place.takes("NAME"):
        return None
    message = f"a channel, such as `email` or `call`, is missing before {token.text}"
    mend = inserted(place, [("WORD", "email")], "email", message)
    shown = replace(mend.finding, help=f"write `call {token.text}`, with the channel that is meant", fixes=())
    return replace(mend, finding=shown, lossy=True)


def step_without_number(place: Place) -> Mend | None:
    """`day 1 email`: a step without its number."""
    token = place.token
    if place.block.kind != "sequence" or token.text not in ("day", "wait") or not place.takes("INT"):
        return None
    if place.at(-1).text == token.text:
        return None
    fix = next_number(place)
    if place.at(2).kind == "COLON":
        return _number_of_day(place, fix)
    end = place.index + (3 if token.text == "wait" or place.at(2).kind == "TIME" else 2)
    ends = (at for at in range(place.index + 1, end) if place.tokens[at].kind in ("RBRACE", END))
    end = next(ends, end)  # `wait` alone, at the end of the block
    if _says_no_channel(place.tokens, end):
        message = "a step says what is done: a time alone is none"
        written = place.span(token, place.tokens[end - 1]).text
        written = {"wait": "wait 2 days", "day": "day 1"}.get(written, written)
        help_text = f"put it before what is done then: `{fix}: {written} email ..`"
        return replaced(place, place.index, end, [], "LR025", message, None, help_text, lossy=True)
    edit = Edit(Span(place.file, token.start, token.start), f"{fix}: ")
    fixes = (Fix(f"insert `{fix}:`", (edit,)),)
    found = finding(
        "LR025", place.span(token), "a step begins with its number", help=f"write `{fix}: {token.text} ..`", fixes=fixes
    )
    number = Token("INT", fix, token.start, token.start, token.first, True, float(fix))
    return Mend(place.index, place.index, [number, Token("COLON", ":", token.start, token.start)], found)


def _number_of_day(place: Place, number: str) -> Mend:
    """`day 3: email ..`."""
    day, count = place.token, place.at(1)
    label = Token("INT", number, day.start, day.start, day.first, True, float(number))
    tokens = [label, Token("COLON", ":", day.start, day.start), replace(day, first=False), replace(count, label=False)]
    message = "a step begins with its number; the day comes after it"
    return replaced(place, place.index, place.index + 3, [*tokens], "LR025", message, f"{number}: day {count.text}")


def _says_no_channel(tokens: list[Token], after: int) -> bool:
    """Whether nothing stands after the moment of a step."""
    token = tokens[min(after, len(tokens) - 1)]
    return token.first or token.label or token.kind in ("RBRACE", END)
