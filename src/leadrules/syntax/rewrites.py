"""Lines of routes, sequences and triggers as other tools have them, and how they are written here.

In: a `Place`. Out: a `Mend`, or None. A rewrite is two lines of words: what people write, and what it is; in the first,
NAME, STRING, INT, TIME, DATE, CMP, UNIT and ARROW stand for any, in the second a digit for the word at that place of the first, and
`'1'` for the number 1.
What no table can say has a function of its own, in mistakes_routes.py and mistakes_process.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from leadrules.syntax.layout import TIGHT_AFTER, TIGHT_BEFORE
from leadrules.syntax.mend import Mend, Place, progress, replaced
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import UNITS, is_name

ACTIONS = ("enroll", "move", "stop", "set", "assign", "reassign", "task", "send", "notify")
_SIGNS = {
    ":": "COLON",
    "=": "EQUAL",
    "-": "SIGN",
    "+": "SIGN",
    "*": "MULOP",
    "/": "MULOP",
    "{": "LBRACE",
    "(": "LPAR",
    ")": "RPAR",
    ">=": "CMP",
    ">": "CMP",
    "<": "CMP",
    ".": "DOT",
    ",": "COMMA",
    "[": "LSQB",
    "]": "RSQB",
}
_ANY_OF = ("any of", "one of")
_PAST = ("the last", "the past", "last", "past")

REWRITES = MappingProxyType(
    {
        "stages": (("forward - only", "forward only"),),
        "route": (
            ("round robin NAME", "team 3 by round_robin"),
            ("round robin team NAME", "team 4 by round_robin"),
            ("by weighted NAME when", "by weighted rep . 3 when"),
            ("owner = STRING", "rep 3"),
            ("queue queue : NAME", "queue 4"),
            ("queue : NAME", "queue 3"),
            *((f"keep {whose} owner", "keep owner") for whose in ("current", "existing", "the", "same")),
            *((f"account {by} NAME when", "account on 3 when") for by in ("by", "with", "using", "from")),
            ("account NAME when", "account on 2 when"),
            *((f"UNIT of {kind} hours", "1") for kind in ("business", "working", "office")),
            ("when on shift", "otherwise on shift"),
            ("and on shift", "on shift"),
            ("sla INT UNIT", "respond within 2 3"),
            ("reassign when", "reroute when"),
            ("answered by NAME", "answered when did 3"),
            ("sort by", "order by"),
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
            ("TIME am", "1"),
            ("TIME AM", "1"),
            *((f"INT UNIT {later}", "wait 1 2") for later in ("later", "after")),
            ("+ INT UNIT", "wait 2 3"),
            ("delay INT UNIT", "wait 2 3"),
            ("only when", "when"),
            ("only if", "when"),
            ("send only between", "send between"),
            ("send window TIME - TIME", "send between 3 and 5"),
            ("send window TIME to TIME", "send between 3 and 5"),
            *((f"send {on}weekdays", "count business days") for on in ("on ", "only on ", "")),
            *((f"{word} business days only", "count business days") for word in ("send", "count", "on")),
            ("count only business days", "count business days"),
            ("INT leads per day", "1 per day"),
            ("enroll INT per day", "enroll at most 2 per day"),
            ("enroll only once", "enroll once"),
            ("enroll once per INT UNIT", "enroll again after 4 5"),
            ("do NAME =", "do set 2 ="),
            ("on finish ARROW", "on finish do"),
            ("on finish :", "on finish do"),
            *(
                (f"{word} do", "on finish do")
                for word in ("after finish", "at finish", "when finished", "on completion")
            ),
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
            ("queue queue : NAME", "queue 4"),
            ("queue : NAME", "queue 3"),
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
            ("on NAME NAME = STRING", "on 2 where ( 3 = 5 )"),
            *(
                (f"on {done} NAME", "on finish 3")
                for done in ("complete", "completed", "completion", "end", "finished")
            ),
            ("on finish sequence NAME", "on finish 4"),
            ("on finish NAME sequence", "on finish 3"),
            ("on overdue route NAME", "on overdue 4"),
            *((f"on {of} NAME to NAME", "on enter 4 6") for of in ("change of", "changes of")),
            *(
                (f"{on} NAME {changed} from NAME to NAME", "on enter 2 7")
                for on in ("on", "when")
                for changed in ("changes", "changed")
            ),
            ("enter segment NAME", "enter 3"),
            ("leave segment NAME", "leave 3"),
            ("every INT year", "every year"),
            ("every INT years", "every year"),
            ("do send NAME STRING", "do send template 4"),
            ("set lead . NAME", "set 4"),
            ("set field NAME", "set 3"),
            *((f"{word} {action}", f"do {action}") for word in ("action", "actions") for action in ACTIONS),
            ("do route with NAME", "do assign with 4"),
            ("queue queue : NAME", "queue 4"),
            ("queue : NAME", "queue 3"),
            ("do move from NAME to NAME", "do move to 6"),
            ("do unenroll from NAME", "do stop sequence"),
            ("do exit NAME", "do stop sequence"),
            ("stop all sequences", "stop sequence"),
            ("do NAME STRING STRING", "do notify 3 4"),
            ("respond INT UNIT", "respond within 2 3"),
            ("sla INT UNIT", "respond within 2 3"),
            *((f"UNIT of {kind} hours", "1") for kind in ("business", "working", "office")),
            ("priority high", "priority '1'"),
            ("at most once per", "once per"),
            *((f"once a {unit}", f"once per '1' {unit}") for unit in ("day", "week", "month", "quarter", "year")),
            ("once per lead", "once"),
            ("once ever", "once"),
            ("most twice", "most '2' times"),
            ("backfill : NAME", "backfill"),
            ("backfill : true", "backfill"),
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
            *((f"{create} task STRING", "task call 3") for create in ("create", "add")),
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
        "test": (
            ("event NAME on DATE", "event 2 at 4"),
            ("event NAME DATE", "event 2 at 3"),
            ("event NAME at INT UNIT ago", "event 2 4 5 ago"),
            ("event NAME today", "event 2 '0' days ago"),
            ("event NAME yesterday", "event 2 '1' day ago"),
            ("event did NAME", "event 3"),
            ("where ( NAME = STRING )", "with 3 = 5"),
            ("with ( NAME = STRING )", "with 3 = 5"),
            ("event NAME ( NAME = STRING ) INT UNIT ago", "event 2 8 9 ago with 4 = 6"),
            ("event NAME with NAME = STRING INT UNIT ago", "event 2 7 8 ago with 4 = 6"),
            *((f"{clock} = DATE", "as of 3") for clock in ("now", "today")),
            ("then INT UNIT later", "then after 2 3"),
            ("then wait INT UNIT", "then after 3 4"),
            ("wait INT UNIT", "then after 2 3"),
            ("INT UNIT later", "then after 1 2"),
            ("given lead . NAME", "given 4"),
            ("given lead with", "given"),
            ("given lead", "given"),
            ("given NAME has STRING", "given 2 = [ 4 ]"),
            ("assert", "expect"),
            ("expect NAME :", "expect 2 ="),
            ("NAME to be", "1 ="),
            ("expect NAME is set to", "expect action set 2 ="),
            ("expect set NAME =", "expect action set 3 ="),
            ("expect NAME STRING", "expect action 2 3"),
            ("expect enrolled in NAME", "expect sequence is 4"),
            ("expect enrolled NAME", "expect sequence is 3"),
            ("expect in sequence NAME", "expect sequence is 4"),
            ("expect trigger NAME fired", "expect fired trigger . 3"),
            ("fired trigger NAME", "fired trigger . 3"),
            ("fired NAME rule NAME", "fired 2 . 4"),
            *(
                (f"expect {path} {fired}", f"expect {fired} {places}")
                for path, places in (
                    ("NAME . NAME", "2 . 4"),
                    ("trigger . NAME", "2 . 4"),
                    ("route . NAME . NAME", "2 . 4 . 6"),
                )
                for fired in ("fired", "not fired")
            ),
            ("expect task NAME", "expect action 3"),
            *((f"and {what}", f"expect {what}") for what in ("fired", "not fired", "action", "not action")),
            ("and NAME =", ", 2 ="),
            (", NAME =", "and 2 ="),
            (", NAME CMP", "and 2 3"),
            (", NAME is", "and 2 is"),
        ),
        "condition": (
            *(
                (f"{word} {when} INT", f"within {len(when.split()) + 2}")
                for word in ("within", "in", "over", "during")
                for when in _PAST
            ),
            *((f"{when} INT UNIT", "within 2 3") for when in ("for", "last", "past")),
            *((f"{begin} STRING", "starts with 2") for begin in ("startswith", "starts_with")),
            *((f"begins {word} STRING", "starts with 3") for word in ("with", "by")),
            *((f"{end} STRING", "ends with 2") for end in ("endswith", "ends_with")),
            ("contain STRING", "contains 2"),
            *(
                (f"{words} {term}", f"{sign} {len(words.split()) + 1}")
                for words, sign in (("plus", "+"), ("minus", "-"), ("times", "*"), ("divided by", "/"))
                for term in ("NAME", "INT")
            ),
            ("no NAME", "never 2"),
            *((f"{test} {any_of}", f"{test} any") for test in ("contains", "has", "with") for any_of in _ANY_OF),
            ("NAME at least NAME", "1 is at least 4"),
            ("NAME at most NAME", "1 is at most 4"),
            *((f"{word} {when}", "when") for word in ("else", "otherwise") for when in ("when", "if")),
            ("domain of NAME", "domain_of ( 3 )"),
            ("domain of", "domain_of"),
            ("team NAME contains owner", "owner in team 2"),
            ("owner in teams ( NAME , NAME )", "( owner in team 5 or owner in team 7 )"),
            ("owner in team NAME , NAME", "( owner in team 4 or owner in team 6 )"),
            ("end of month", "end_of_month"),
            *((f"{value} at least INT", "1 >= 4") for value in ("NAME", ")")),
            *((f"{word} INT", "> 2") for word in ("over", "above", "exceeds")),
            *((f"{word} INT", "< 2") for word in ("under", "below")),
            ("before DATE", "< 2"),
            ("after DATE", "> 2"),
            ("CMP than", "1"),
            *((f"{test}with STRING", f"{test}s with 2") for test in ("start", "end")),
            *((f"{test}swith STRING", f"{test}s with 2") for test in ("start", "end")),
            ("is neither STRING nor STRING", "not in ( 3 , 5 )"),
            ("is neither NAME nor NAME", "is not one of ( 3 , 5 )"),
            ("is either STRING or STRING", "in ( 3 , 5 )"),
            ("is either NAME or NAME", "is one of ( 3 , 5 )"),
            ("never did", "never"),
        ),
        "score": (
            ("for each", "each"),
            ("each time", "each"),
            *((f"{word} over", "fading over") for word in ("fade", "fades")),
            *((f"fading {word}", "fading over") for word in ("within", "in", "after", "for", "every", "by")),
            ("once", "at most '1' times"),
            *((f"halving {word}", "halving every") for word in ("over", "after", "in")),
            *((f"{word} every", "halving every") for word in ("halve", "halves", "halved")),
        ),
        "suppress": (("NAME :", "1 when"), ("NAME =", "1 when")),
        "exit": (("all :", "all when"), ("all sequences", "all")),
    }
)


def other_words(place: Place) -> Mend | None:
    """What the table of the block says."""
    kinds = ("first step", "sequence") if in_first_step(place) else (place.block.kind,)
    kinds = (*kinds, "condition")  # which may stand in each kind of block
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
    if what in ("STRING", "INT", "TIME", "DATE", "CMP", "ARROW"):
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
    tokens = labelled(tokens, first=found[0].first)
    return as_other_words(place, start, start + len(found), tokens)


def _word(word: str, at: tuple[int, int]) -> Token:
    """A word of the table as a token."""
    if word.startswith("'"):
        return Token("INT", word.strip("'"), *at, value=float(word.strip("'")))
    return Token(_SIGNS.get(word, "WORD"), word, *at, value=word)


def labelled(tokens: list[Token], *, first: bool) -> list[Token]:
    """With the marks that a cutter leaves: the first of a line, and what stands before a `:`."""
    after = [*(token.kind for token in tokens[1:]), ""]
    return [replace(token, first=first and not at, label=after[at] == "COLON") for at, token in enumerate(tokens)]


def as_other_words(place: Place, start: int, end: int, tokens: list[Token], message: str = "") -> Mend:
    """What was written, and how it is written here, which is the fix."""
    fix = text_of(tokens)
    written = place.span(place.tokens[start], place.tokens[end - 1]).text
    mend = replaced(place, start, end, [*tokens], "LR036", message or f"`{written}` is written `{fix}`", fix)
    if not fix[:1].isalnum() or start == 0 or place.tokens[start - 1].end < place.tokens[start].start:
        return mend
    apart = tuple(replace(one, edits=(replace(one.edits[0], text=f" {fix}"),)) for one in mend.finding.fixes)
    return replace(mend, finding=replace(mend.finding, fixes=apart))


def text_of(tokens: Sequence[Token]) -> str:
    """Tokens as a line has them; a text that lacked its quotes has them."""
    return "".join(
        _space(before, token) + _written(token) for before, token in zip([None, *tokens], tokens, strict=False)
    )


def _space(before: Token | None, token: Token) -> str:
    """What stands between two tokens; `min(` and `any (` as they were."""
    tight = before is None or before.kind in TIGHT_AFTER or token.kind in TIGHT_BEFORE
    is_call = token.kind == "LPAR" and before is not None and (before.end == token.start or before.text == "domain_of")
    return "" if tight or is_call else " "


def _written(token: Token) -> str:
    if token.kind == "NAME" and not is_name(token.text):
        return f"`{token.text}`"
    return f'"{token.text}"' if token.kind == "STRING" and '"' not in token.text else token.text
