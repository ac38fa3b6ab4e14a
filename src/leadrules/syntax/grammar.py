"""The grammar as tables: which terminals a state takes, and what each is called in a message.

In: the LALR tables of grammar/leadrules.lark. Out: `language()`, which says what a word is in a state, whether a token
can follow, and what could stand instead. Lark calls the builder; no text is cut here and nothing is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_parser_state import ParseConf, ParserState

from leadrules.syntax.build import Builder
from leadrules.syntax.tables import parser
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import LIMIT_UNITS, RESERVED, UNITS

END = "$END"

PHRASES = {
    "ID": "a rule's id and `:`",
    "COLUMNS": "`columns:`",
    "NAME": "a name",
    "STRING": 'a text in `"`',
    "INT": "a whole number",
    "NUMBER": "a number",
    "PERCENT": "a percentage",
    "DATE": "a date",
    "DATETIME": "a time such as `2026-04-01T09:00`",
    "TIME": "a time of day such as `09:00`",
    "UNIT": "a unit such as `days`",
    "LIMIT_UNIT": "`points` or `times`",
    "CMP": "a comparison",
    "SIGN": "`+` or `-`",
    "MULOP": "`*` or `/`",
    "BROKEN": "",
    END: "the end of the block",
}

_VALUE = frozenset(
    {"NAME", "STRING", "INT", "NUMBER", "PERCENT", "TRUE", "FALSE", "DATE", "DATETIME", "LPAR", "AT", "BROKEN"}
)
_CONDITION = frozenset({"NOT", "DID", "NEVER"})
_OPERATORS = frozenset(
    {"CMP", "EQUAL", "IS", "IN", "BETWEEN", "CONTAINS", "STARTS", "ENDS", "MATCHES", "HAS", "NOT", "SIGN", "MULOP"}
)


class Language:
    """The LALR tables, with the builder that they call."""

    def __init__(self) -> None:
        """Read the tables."""
        self.builder = Builder()
        self.lark = parser(self.builder)
        self.conf: ParseConf[int] = self.lark.parse_interactive().parser_state.parse_conf
        self.states: dict[int, dict[str, tuple[Any, Any]]] = self.conf.states
        self.fixed = {
            t.name: t.pattern.value for t in self.lark.terminals if t.pattern.type == "str" and t.name != "BROKEN"
        }
        self.keywords = {text: name for name, text in self.fixed.items() if text[0].isalpha()}

    def fresh(self, states: list[int] | None = None, values: list[Any] | None = None) -> ParserState[int]:
        """A parser at the beginning, or where a copy of its stacks says."""
        return ParserState(self.conf, None, states, values)  # type: ignore[arg-type]

    def classify(self, token: Token, state: int) -> str:
        """The terminal that a token is in a state. A keyword goes before a name; a rule's id before both."""
        kind = token.kind
        if kind not in ("WORD", "NAME"):
            return kind
        keys = self.states[state]
        text = token.text
        if token.label and ("ID" in keys or "COLUMNS" in keys):
            return "COLUMNS" if text == "columns" and kind == "WORD" and "COLUMNS" in keys else "ID"
        if kind == "NAME":
            return "NAME"
        if "UNIT" in keys and text in UNITS:
            return "UNIT"
        if "LIMIT_UNIT" in keys and text in LIMIT_UNITS:
            return "LIMIT_UNIT"
        keyword = self.keywords.get(text)
        if keyword is not None and keyword in keys:
            return keyword
        if text in UNITS and "business" in text:
            return "UNIT"
        return keyword if text in RESERVED and keyword is not None else "NAME"

    def shift(self, stack: list[int], terminal: str) -> bool:
        """Advance a stack of states by a terminal; False, with the stack in disorder, if it cannot stand there."""
        states = self.states
        while True:
            action = states[stack[-1]].get(terminal)
            if action is None:
                return False
            kind, argument = action
            if kind is Shift:
                stack.append(argument)
                return True
            size = len(argument.expansion)
            if size:
                del stack[-size:]
            stack.append(states[stack[-1]][argument.origin.name][1])
            if terminal == END and stack[-1] == self.conf.end_state:
                return True

    def takes(self, stack: list[int], terminal: str) -> bool:
        """Whether a terminal can stand after a stack of states."""
        return terminal in self.states[stack[-1]] and self.shift(stack.copy(), terminal)

    def accepts(self, stack: list[int]) -> set[str]:
        """Every terminal that can stand after a stack of states."""
        return {t for t in self.states[stack[-1]] if (t.isupper() or t == END) and self.takes(stack, t)}

    def names(self, stack: list[int]) -> set[str]:
        """What a name after a stack of states would be: the rules of the grammar that it would end."""
        after = stack.copy()
        if not self.shift(after, "NAME"):
            return set()
        ends = (action for action in self.states[after[-1]].values() if action[0] is not Shift)
        return {rule.alias or rule.origin.name for _, rule in ends if not isinstance(rule, int)}

    def reach(self, stack: list[int], tokens: list[Token], start: int, stop: int) -> int:
        """The index of the first token from `start` that cannot stand where it does, at most `stop`. Moves the stack."""
        for index in range(start, min(stop, len(tokens))):
            token = tokens[index]
            before = (
                token.kind if token.kind not in ("WORD", "NAME") else self.classify_after(token, stack, tokens, index)
            )
            if not self.takes(stack, before):
                return index
            self.shift(stack, before)
        return min(stop, len(tokens))

    def classify_after(self, token: Token, stack: list[int], tokens: list[Token], index: int) -> str:
        """The terminal of a word; after a `.` every word is a name."""
        if index and tokens[index - 1].kind == "DOT":
            return "NAME"
        return self.classify(token, stack[-1])

    def phrase(self, terminal: str) -> str:
        """What a terminal is called."""
        return PHRASES[terminal] if terminal in PHRASES else f"`{self.fixed[terminal]}`"

    def expected(self, accepts: set[str], lines: frozenset[str] | set[str] = frozenset()) -> str:
        """What could stand, as a person says it: `a condition, `and` or `}``. `lines` are the beginnings of rule lines."""
        rest = set(accepts) - {"BROKEN"}
        words: list[str] = []
        last: list[str] = []
        if lines and lines < rest:
            rest -= lines
            last = ["the next line of the block"]
        if {"NAME", "STRING", "LPAR"} <= rest:
            words.append("a condition" if rest >= _CONDITION else "a value")
            rest -= _VALUE | _CONDITION | {"SIGN"}
        if {"CMP", "IS", "CONTAINS"} <= rest or {"SIGN", "MULOP"} <= rest:
            words.append("an operator")
            rest -= _OPERATORS
        if {"WHERE", "DISTINCT", "WITHIN", "SINCE"} <= rest:
            rest -= {"WHERE", "DISTINCT"}
        if {"INT", "NUMBER"} <= rest:
            rest -= {"INT"}
        words += [*sorted(map(self.phrase, rest)), *last]
        return join_words(dict.fromkeys(words))


def join_words(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} or {last}" if most else last


@cache
def language() -> Language:
    """The one language; made when a file is first read."""
    return Language()
