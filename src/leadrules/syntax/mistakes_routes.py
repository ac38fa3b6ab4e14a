"""Rules of a route as other tools have them: the condition first, no name, no `otherwise`, a target without its kind.

In: a `Place`. Out: a `Mend`, or None where the mistake is another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leadrules.syntax.grammar import END
from leadrules.syntax.mend import Mend, Place, matching, replaced
from leadrules.syntax.rewrites import as_other_words, labelled
from leadrules.syntax.tokens import Token

_ASKING = ("when", "if", "otherwise", "else")
_TARGETS = ("team", "queue", "rep", "keep", "match")
_TAILS = ("on", "respond", "from", "until")  # what stands after the condition of a route's rule, in this order
_PARTS = ("where", "by", "when", "otherwise", *_TAILS)  # what stands after its target, likewise
_BETWEEN = ("then", "assign", "to", "goes", "go", "send", "route", "use", "give", "do", ":", ",")


def several_targets(place: Place) -> Mend | None:
    """`team inside or team emea`, `team inside, emea`, `rep "a@x.com", "b@x.com"`."""
    kind, first = place.at(-2).text, place.at(-1)
    if place.block.kind != "route" or kind not in ("team", "rep") or place.token.text not in ("or", "and", ",", "/"):
        return None
    end = place.index
    while place.tokens[end].text in ("or", "and", ",", "/", kind) or place.tokens[end].kind == first.kind:
        if place.tokens[end].first or place.tokens[end].text in _ASKING:
            break
        end += 1
    message = f"a rule of a route names one {kind}"
    help_text = f"write a rule for each: if the first {kind} has nobody, the next rule deals; or put them in one team"
    return replaced(place, place.index, end, [], "LR036", message, None, help_text, lossy=True)


def owner_of_queue(place: Place) -> Mend | None:
    """`owner in queue nurture`, `owner is queue nurture`."""
    queue, name, sign = place.at(-1), place.token, place.at(-2)
    if queue.text != "queue" or sign.text not in ("in", "is", "=", "!=") or name.kind not in ("WORD", "NAME"):
        return None
    start, negated = place.index - 2, sign.text == "!=" or place.at(-3).text == "not"
    start -= place.at(-3).text == "not"
    if place.tokens[start - 1].kind not in ("WORD", "NAME"):
        return None
    fix = f'{"!=" if negated else "="} "queue:{name.text}"'
    text = Token("STRING", f'"queue:{name.text}"', queue.start, name.end, value=f"queue:{name.text}")
    compare = Token("CMP", "!=", sign.start, sign.end) if negated else Token("EQUAL", "=", sign.start, sign.end)
    message = "a queue as an owner is written as a text"
    return replaced(place, start, place.index + 1, [compare, text], "LR036", message, fix, lossy=sign.text == "is")


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
    if place.block.kind != "route" or token.text not in _TAILS or not place.takes("WHEN"):
        return None
    end = _end_of_rule(place, place.index)
    when = next((at for at in range(place.index, end) if place.tokens[at].text in ("when", "otherwise")), None)
    if when is None:
        return None
    message = f"`{token.text} {place.at(1).text}` stands after the condition"
    return _sorted(place, place.index, end, message)


def tails_in_order(place: Place) -> Mend | None:
    """`hot: team inside when total > 5 respond within 5 minutes on shift`."""
    token = place.token
    if place.block.kind != "route" or token.text not in _TAILS:
        return None
    later = _TAILS[_TAILS.index(token.text) + 1 :]
    start = next((at for at in range(place.start, place.index) if _begins_part(place.tokens, at, later)), None)
    if start is None:
        return None
    message = f"`{token.text} {place.at(1).text}` stands before `{place.tokens[start].text}`"
    return _sorted(place, start, _end_of_rule(place, place.index), message)


def _sorted(place: Place, start: int, end: int, message: str) -> Mend:
    """The parts of a rule from `start` to `end`, in the order in which they stand."""
    when = next((at for at in range(start, end) if place.tokens[at].text in ("when", "otherwise")), start)
    # A `where` behind the condition is that of an event.
    words = ((at, _PARTS if at <= when else _PARTS[1:]) for at in range(start, end))
    begins = [at for at, known in words if at == start or _begins_part(place.tokens, at, known)]
    parts = [place.tokens[at:until] for at, until in zip(begins, [*begins[1:], end], strict=True)]
    parts.sort(key=lambda part: _PARTS.index(part[0].text))
    return as_other_words(place, start, end, [replace(one, first=False) for part in parts for one in part], message)


def _begins_part(tokens: Sequence[Token], at: int, words: Sequence[str]) -> bool:
    """Whether here one of these parts of a rule begins; `last(out_of_office.until)` is none."""
    return tokens[at].kind == "WORD" and tokens[at].text in words and tokens[at - 1].kind not in ("DOT", "LPAR")


def account_by_value(place: Place) -> Mend | None:
    """`account: match account on lower(domain) when ..`."""
    end = matching(place.tokens, place.index)
    on = [place.at(offset).text for offset in (-3, -2)]
    if place.block.kind != "route" or place.token.kind != "LPAR" or on != ["account", "on"] or end is None:
        return None
    value = place.span(place.at(-1), place.tokens[end]).text
    help_text = f"write `define account = {value}` outside of the route, and here `match account on account`"
    message = "`match account on` takes the name of a field or of a definition"
    kept = [place.at(-1)]
    return replaced(place, place.index - 1, end + 1, [*kept], "LR036", message, None, help_text, lossy=True)


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
    line = labelled([label, Token("COLON", ":", token.start, token.start), *tokens], first=True)
    message = "a rule of a route begins with a name of its own and `:`"
    return replace(as_other_words(place, place.index, end, line, message), lossy=True)


def where_after_strategy(place: Place) -> Mend | None:
    """`team inside by round_robin where (..)`."""
    if place.block.kind != "route" or place.token.text != "where" or place.at(1).kind != "LPAR":
        return None
    start = next((i for i in range(place.index - 1, place.start, -1) if place.tokens[i].text == "by"), None)
    end = matching(place.tokens, place.index + 1)
    if start is None or end is None:
        return None
    strategy, condition = place.tokens[start : place.index], place.tokens[place.index : end + 1]
    texts = [place.span(part[0], part[-1]).text for part in (condition, strategy)]
    message = "`where (..)` stands before `by`"
    return replaced(place, start, end + 1, [*condition, *strategy], "LR034", message, " ".join(texts))


def strategy_in_two_words(place: Place) -> Mend | None:
    """`by round robin`."""
    name = f"{place.at(-1).text}_{place.token.text}"
    if name not in ("round_robin", "least_loaded"):
        return None
    written = name.replace("_", " ")
    message = f"`{written}` is one word: `{name}`"
    return replaced(place, place.index - 1, place.index + 1, [("WORD", name)], "LR010", message, name)


def bare_target(place: Place) -> Mend | None:
    """`emea: inside when ..`: a route's rule that does not say what `inside` is."""
    token = place.token
    if place.block.kind != "route" or place.at(-1).kind != "COLON" or not place.takes("QUEUE"):
        return None
    if token.kind not in ("WORD", "NAME", "STRING") or place.at(1).text not in ("when", "otherwise", "by", "where"):
        return None
    name = token.text
    target: list[tuple[str, str] | Token] = [("WORD", "rep"), ("BROKEN", "")]
    if token.kind == "STRING":
        name = name if name.startswith('"') else f'"{name}"'
        message = f"{name} needs `rep` before it"
        return replaced(place, place.index, place.index + 1, [("WORD", "rep"), token], "LR025", message, f"rep {name}")
    end = place.index + 1
    while place.tokens[end].text not in ("when", "otherwise") and end < place.line_end():
        end += 1
    message = f"`{name}` does not say where the lead goes"
    help_text = f"write `team {name}`, `queue {name}` or `rep {name}`"
    mend = replaced(place, place.index, place.index + 1, target, "LR025", message, None, help_text, lossy=True)
    return Mend(place.index, end, mend.tokens, mend.finding, lossy=True)
