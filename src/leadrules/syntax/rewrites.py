"""Lines of routes, sequences and triggers as other tools have them, and how they are written here.

In: a `Place`. Out: a `Mend`, or None. A rewrite is two lines of words: what people write, and what it is; in the first,
NAME, STRING, INT, TIME, UNIT and ARROW stand for any, in the second a digit for the word at that place of the first, and
`'1'` for the number 1.
What no table can say, such as a condition that comes first, has a function of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from types import MappingProxyType

from leadrules.syntax.forms import HEADS
from leadrules.syntax.grammar import END
from leadrules.syntax.mend import Mend, Place, next_number, progress, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import SYNONYMS, UNITS

ACTIONS = ("enroll", "move", "stop", "set", "assign", "reassign", "task", "send", "notify")
_ASKING = ("when", "if", "otherwise", "else")
_TARGETS = ("team", "queue", "rep", "keep", "match")
_TAILS = ("on", "respond", "from", "until")  # what stands after the condition of a route's rule
_BETWEEN = ("then", "assign", "to", "goes", "go", "send", "route", "use", "give", "do", ":", ",")
HOURS = 24
_SIGNS = {":": "COLON", "=": "EQUAL", "-": "SIGN", "+": "SIGN", "{": "LBRACE", "(": "LPAR", ")": "RPAR"}

REWRITES = MappingProxyType(
    {
        "route": (
            ("ARROW team", "team"),
            ("ARROW queue", "queue"),
            ("ARROW rep", "rep"),
            ("assign team", "team"),
            ("assign to team", "team"),
            ("assign queue", "queue"),
            ("assign to queue", "queue"),
            ("assign rep", "rep"),
            ("owner STRING", "rep 2"),
            ("assign STRING", "rep 2"),
            ("assign to STRING", "rep 3"),
            ("round_robin team NAME", "2 3 by 1"),
            ("weighted team NAME", "2 3 by 1"),
            ("least_loaded team NAME", "2 3 by 1"),
            ("team NAME with NAME", "1 2 by 4"),
            ("reroute :", "reroute"),
            ("answered :", "answered"),
        ),
        "first step": (
            ("INT : after INT UNIT", "1 : day '1' after 4 5"),
            ("INT : NAME after INT UNIT", "1 : day '1' after 5 6 3"),
        ),
        "sequence": (
            ("step INT :", "2 :"),
            ("INT .", "1 :"),
            ("INT : after INT UNIT", "1 : wait 4 5"),
            ("INT : NAME day INT", "1 : day 5 3"),
            ("INT : NAME on day INT", "1 : day 6 3"),
            ("INT : NAME after INT UNIT", "1 : wait 5 6 3"),
            ("day INT NAME at TIME", "1 2 5 3"),
            ("TIME send NAME", "1 3"),
            ("day INT send NAME", "1 2 4"),
            ("exit on NAME", "exit when did 3"),
            ("stop on NAME", "exit when did 3"),
            ("exit if NAME NAME", "exit when did 3 4"),
            ("stop when", "exit when"),
            ("stop if", "exit when"),
            ("end when", "exit when"),
            ("finish when", "exit when"),
            ("finish if", "exit when"),
            ("send from TIME to TIME", "send between 3 and 5"),
            ("between TIME to TIME", "between 2 and 4"),
            ("between TIME - TIME", "between 2 and 4"),
            ("INT a day", "1 per day"),
            ("max INT per day", "enroll at most 2 per day"),
            ("limit INT per day", "enroll at most 2 per day"),
            ("enroll every INT UNIT", "enroll again after 3 4"),
            ("again every INT UNIT", "again after 3 4"),
            ("skip weekends", "count business days"),
            ("skip holidays", "count business days"),
            ("business days only", "count business days"),
            ("template STRING STRING auto", "4 3 1 2"),
            ("template STRING STRING manual", "4 3 1 2"),
            ("STRING template STRING auto", "4 1 2 3"),
            ("STRING template STRING manual", "4 1 2 3"),
            ("template STRING auto", "3 1 2"),
            ("template STRING manual", "3 1 2"),
            ("template STRING STRING", "3 1 2"),
            ("template by NAME STRING", "4 1 2 3"),
            ("STRING auto", "2 1"),
            ("STRING manual", "2 1"),
            ("re - enroll once", "enroll once"),
            ("re - enroll every INT UNIT", "enroll again after 5 6"),
            ("re - enroll after", "enroll again after"),
            ("reenroll after", "enroll again after"),
            ("re_enroll after", "enroll again after"),
        ),
        "trigger": (
            ("on event NAME", "on 3"),
            ("on finish of NAME", "on finish 4"),
            ("on NAME finished", "on finish 2"),
            ("on NAME finishes", "on finish 2"),
            ("on date INT UNIT before NAME", "on date 6 - 3 4"),
            ("on date INT UNIT after NAME", "on date 6 + 3 4"),
            ("on INT UNIT before NAME", "on date 5 - 2 3"),
            ("on INT UNIT after NAME", "on date 5 + 2 3"),
            ("on NAME - INT UNIT", "on date 2 - 4 5"),
            ("on NAME + INT UNIT", "on date 2 + 4 5"),
            ("NAME minus INT UNIT", "1 - 3 4"),
            ("NAME plus INT UNIT", "1 + 3 4"),
            ("assign to rep", "assign rep"),
            ("assign to queue", "assign queue"),
            ("assign owner STRING", "assign rep 3"),
            ("assign to STRING", "assign rep 3"),
            ("do send STRING", "do send template 3"),
            ("do NAME template", "do send template"),
            ("send NAME template", "send template"),
            ("create task", "task"),
            ("add task", "task"),
            ("do task STRING", "do task call 3"),
            ("do NAME STRING", "do task 2 3"),
            ("do NAME =", "do set 2 ="),
            ("enroll in NAME", "enroll 3"),
            ("enroll into NAME", "enroll 3"),
            ("enroll to NAME", "enroll 3"),
            ("enroll sequence NAME", "enroll 3"),
            ("enroll in sequence NAME", "enroll 4"),
            ("add to NAME", "enroll 3"),
            ("add to sequence NAME", "enroll 4"),
            ("do start NAME", "do enroll 3"),
            ("move to sequence NAME", "move to 4"),
            ("stop NAME", "stop sequence"),
            ("stop all", "stop sequence"),
            ("on date NAME INT UNIT before", "on date 3 - 4 5"),
            ("on date NAME INT UNIT after", "on date 3 + 4 5"),
            ("INT UNIT before NAME", "on date 4 - 1 2"),
            ("INT UNIT after NAME", "on date 4 + 1 2"),
            ("on NAME with NAME = STRING", "on 2 where ( 4 = 6 )"),
            ("update NAME =", "set 2 ="),
            ("change NAME =", "set 2 ="),
            ("update NAME to STRING", "set 2 = 4"),
            ("change NAME to STRING", "set 2 = 4"),
            ("assign STRING", "assign rep 2"),
            ("do route NAME", "do assign with 3"),
            ("do route to NAME", "do assign with 4"),
            ("do unenroll", "do stop sequence"),
            ("do remove from NAME", "do stop sequence"),
            ("do exit sequence", "do stop sequence"),
            ("stop sequence NAME", "stop sequence"),
            ("only once", "once"),
            ("max once", "once"),
            ("at most once", "once"),
            ("cooldown INT UNIT", "once per 2 3"),
            ("cooldown : INT UNIT", "once per 3 4"),
            ("once every INT UNIT", "once per 3 4"),
            ("once INT UNIT", "once per 2 3"),
            ("once in INT UNIT", "once per 3 4"),
            ("once INT UNIT", "once per 2 3"),
            ("on date NAME + INT UNIT ago", "on date 3 - 5 6"),
            ("on date NAME - INT UNIT ago", "on date 3 - 5 6"),
            ("on did NAME", "on 3"),
            ("yearly", "every year"),
            ("annually", "every year"),
            ("reassign to NAME", "reassign with 3"),
            ("assign with route NAME", "assign with 4"),
            ("reassign with route NAME", "reassign with 4"),
            ("assign route NAME", "assign with 3"),
            ("reassign route NAME", "reassign with 3"),
            ("assign to route NAME", "assign with 4"),
            ("assign by NAME", "assign with 3"),
            ("with NAME twice", "with 2 at most '2' times"),
            ("with NAME INT times", "with 2 at most 3 times"),
            *(
                (f"{joint} {action}", f"do {action}")
                for joint in ("and", ",", "then", ":", "ARROW")
                for action in ACTIONS
            ),
            *((f"{joint} do", "do") for joint in ("and", ",", "then", ":", "ARROW")),
        ),
        "suppress": (("NAME :", "1 when"), ("NAME =", "1 when")),
        "exit": (("all :", "all when"), ("all sequences", "all")),
    }
)


def other_words(place: Place) -> Mend | None:
    """What the table of the block says."""
    kinds = ("first step", "sequence") if in_first_step(place) else (place.block.kind,)
    for written, meant in (row for kind in kinds for row in REWRITES.get(kind, ())):
        pattern = written.split()
        for start in range(max(place.start, place.index - len(pattern)), place.index + 1):
            found = place.tokens[start : start + len(pattern)]
            if any(token.first for token in found[1:]):
                continue
            if len(found) == len(pattern) and all(fits(place, *pair) for pair in zip(pattern, found, strict=True)):
                mend = _rewritten(place, start, found, meant.split())
                if progress(place, mend) > place.index:
                    return mend
    return None


def in_first_step(place: Place) -> bool:
    """Whether no step stands before the one of this place."""
    steps = [token for token in place.tokens[: place.index + 1] if token.kind == "INT" and token.label]
    return place.block.kind == "sequence" and len(steps) == 1


def fits(place: Place, what: str, token: Token) -> bool:
    """Whether a token is what a word of the table says."""
    if what == "NAME":
        return token.kind == "NAME" or (token.kind == "WORD" and token.text not in place.language.keywords)
    if what == "UNIT":
        return token.text in UNITS
    if what in ("STRING", "INT", "TIME", "ARROW"):
        return token.kind == what
    return token.text == what


def _rewritten(place: Place, start: int, found: Sequence[Token], meant: Sequence[str]) -> Mend:
    """The tokens that were meant. In another order they all stand at the whole place: a mistake in one is shown there."""
    orders = [int(word) for word in meant if word.isdigit()]
    ends = (found[0].start, found[-1].end)
    tokens: list[Token] = []
    for word in meant:
        old = found[int(word) - 1] if word.isdigit() else None
        at = (old.start, old.end) if old is not None and orders == sorted(orders) else ends
        tokens.append(_word(word, at) if old is None else Token(old.kind, old.text, *at, value=old.value))
    tokens = _labelled(tokens, first=found[0].first)
    return as_other_words(place, start, start + len(found), tokens)


def _word(word: str, at: tuple[int, int]) -> Token:
    """A word of the table as a token."""
    if word.startswith("'"):
        return Token("INT", word.strip("'"), *at, value=float(word.strip("'")))
    return Token(_SIGNS.get(word, "WORD"), word, *at, value=word)


def _labelled(tokens: list[Token], *, first: bool) -> list[Token]:
    """With the marks that a cutter leaves: the first of a line, and what stands before a `:`."""
    after = [*(token.kind for token in tokens[1:]), ""]
    return [replace(token, first=first and not at, label=after[at] == "COLON") for at, token in enumerate(tokens)]


def as_other_words(place: Place, start: int, end: int, tokens: list[Token], message: str = "") -> Mend:
    """What was written, and how it is written here, which is the fix."""
    fix = text_of(tokens)
    written = place.span(place.tokens[start], place.tokens[end - 1]).text
    return replaced(place, start, end, [*tokens], "LR036", message or f"`{written}` is written `{fix}`", fix)


def text_of(tokens: Sequence[Token]) -> str:
    """Tokens as a line has them; a text that lacked its quotes has them."""
    text = " ".join(
        token.text if token.kind != "STRING" or '"' in token.text else f'"{token.text}"' for token in tokens
    )
    return text.replace(" :", ":").replace("( ", "(").replace(" )", ")")


# -- routes ---------------------------------------------------------------------------------------------------------


def condition_first(place: Place) -> Mend | None:
    """`hot: when total > 5 -> team inside`, `rest: otherwise -> queue nurture`, `hot: if .. then assign team inside`."""
    word = place.token
    if place.block.kind != "route" or place.at(-1).kind != "COLON" or word.text not in _ASKING:
        return None
    rule = _rule(place, place.index)
    return (
        None
        if rule is None
        else as_other_words(place, place.index, *rule, "a rule of a route says where before it says when")
    )


def _rule(place: Place, start: int) -> tuple[int, list[Token]] | None:
    """Where a rule of a route ends that begins with its condition, and its tokens in their order."""
    end = _end_of_rule(place, start)
    target = next((at for at in range(start + 1, end) if _is_target(place.tokens, at)), None)
    if target is None:
        return None
    stop = target
    while stop > start + 1 and (place.tokens[stop - 1].kind == "ARROW" or place.tokens[stop - 1].text in _BETWEEN):
        stop -= 1
    condition, rest = place.tokens[start + 1 : stop], place.tokens[target:end]
    tail = next((at for at, token in enumerate(rest) if token.text in _TAILS), len(rest))
    asks = place.tokens[start].text in ("when", "if")
    if asks != bool(condition):
        return None
    opening = replace(place.tokens[start], kind="WORD", text="when" if asks else "otherwise", first=False)
    tokens = [*rest[:tail], opening, *condition, *rest[tail:]]
    return end, [replace(token, first=False) for token in tokens]


def _is_target(tokens: Sequence[Token], at: int) -> bool:
    """Whether here it is said where a lead goes, and not `owner in team junior`."""
    return tokens[at].text in _TARGETS and tokens[at - 1].text not in ("in", ".") and tokens[at].kind == "WORD"


def _end_of_rule(place: Place, start: int) -> int:
    """The index after the last token of a rule: before the next one, or the end of the block."""
    alike = next((words for words in (_ASKING, _TARGETS) if place.tokens[start].text in words), ())
    for at in range(start + 1, len(place.tokens)):
        token = place.tokens[at]
        begins = token.first and token.text in (*alike, "reroute", "answered")
        if token.label or token.kind in ("RBRACE", END) or begins:
            return at
    return len(place.tokens)


def strategy_after_condition(place: Place) -> Mend | None:
    """`hot: team inside when total > 5 by round_robin`."""
    token, name = place.token, place.at(1)
    if place.block.kind != "route" or token.text != "by" or name.kind not in ("WORD", "NAME"):
        return None
    when = next(
        (at for at in range(place.index, place.start, -1) if place.tokens[at].text in ("when", "otherwise")), None
    )
    if when is None:
        return None
    end = place.index + (4 if place.at(2).text == "rep" and place.at(3).kind == "DOT" else 1) + 1
    tokens = [*place.tokens[place.index : end], *place.tokens[when : place.index]]
    message = "who is dealt to, and how, stands before the condition"
    return as_other_words(place, when, end, [replace(one, first=False) for one in tokens], message)


def condition_last(place: Place) -> Mend | None:
    """`hot: team inside respond within 5 minutes when total > 5`, `hot: team inside on shift otherwise`."""
    token = place.token
    if place.block.kind != "route" or token.text not in ("on", "respond") or not place.takes("WHEN"):
        return None
    end = _end_of_rule(place, place.index)
    when = next((at for at in range(place.index, end) if place.tokens[at].text in ("when", "otherwise")), None)
    if when is None:
        return None
    tokens = [*place.tokens[when:end], *place.tokens[place.index : when]]
    message = f"`{token.text} {place.at(1).text}` stands after the condition"
    return as_other_words(place, place.index, end, [replace(one, first=False) for one in tokens], message)


def rule_without_condition(place: Place) -> Mend | None:
    """`rest: queue nurture`."""
    token, before = place.token, place.at(-1)
    ends = token.first or token.label or token.kind in ("RBRACE", END)
    if place.block.kind != "route" or not ends or not (place.takes("OTHERWISE") and place.takes("WHEN")):
        return None
    message = "a rule of a route says when: `when` and a condition, or `otherwise`"
    if token.kind in ("RBRACE", END):
        kept = [before, Token("WORD", "otherwise", before.end, before.end)]
        return replaced(place, place.index - 1, place.index, [*kept], "LR025", message, f"{before.text} otherwise")
    kept = [before, Token("WORD", "when", before.end, before.end), Token("BROKEN", "", before.end, before.end)]
    help_text = f"write `{before.text} when ..`; the last rule may be `otherwise`"
    return replaced(place, place.index - 1, place.index, [*kept], "LR025", message, None, help_text, lossy=True)


def rule_without_name(place: Place) -> Mend | None:
    """`when total > 5 -> team inside`, `otherwise queue nurture`, `team inside when total > 5`."""
    token = place.token
    begins = token.text in (*_TARGETS, *_ASKING)
    if place.block.kind != "route" or not begins or not place.takes("ID"):
        return None
    if token.text in _TARGETS:
        end = _end_of_rule(place, place.index)
        rule = end, place.tokens[place.index : end]
    else:
        found = _rule(place, place.index)
        if found is None:
            return None
        rule = found
    end, tokens = rule
    named = next((one for one in tokens[1:] if one.kind in ("WORD", "NAME")), None)
    name = "rest" if any(one.text == "otherwise" for one in tokens) or named is None else named.text
    label = Token("WORD", name, token.start, token.start)
    line = _labelled([label, Token("COLON", ":", token.start, token.start), *tokens], first=True)
    message = "a rule of a route begins with a name of its own and `:`"
    return replace(as_other_words(place, place.index, end, line, message), lossy=True)


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
    message = f"the lines of a {place.block.kind} stand between braces"
    help_text = f"write `{HEADS[place.block.kind].split()[0]} {place.tokens[1].text} {{ .. }}`"
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
    return replaced(place, place.start, end, [*tokens], "LR026", message, text_of(tokens))


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
    return as_other_words(place, place.index - 2, place.index + 1, tokens)


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
