"""Read one block, and go on after a mistake.

In: the tokens of a block. Out: its statement and the findings. The parser is fed token by token; where a token cannot
stand, `mistakes` is asked what was meant, and the line is read again as that. Where nobody knows, the line is reported,
and left out or kept by its name alone; every line beside it is kept as it is. Knows no single mistake.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lark import Tree, UnexpectedToken

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, not_rewritten
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.blocks import Block, outside
from leadrules.syntax.grammar import END, language
from leadrules.syntax.mend import Place
from leadrules.syntax.nodes import Statement
from leadrules.syntax.stubs import item_stub, name_of, statement_stub
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import BRACED, RESERVED

MOST_MENDS = 400


@dataclass(frozen=True, slots=True)
class Anchor:
    """The parser's stacks where a rule line begins, before its first token. `lengths`: of the lists on it, which the
    parser goes on filling."""

    index: int
    states: tuple[int, ...]
    values: tuple[Any, ...]
    lengths: tuple[int, ...]
    findings: int

    def taken(self) -> list[Any]:
        """The values as they were here."""
        return [
            Tree(value.data, value.children[:length]) if isinstance(value, Tree) else value
            for value, length in zip(self.values, self.lengths, strict=True)
        ]


class BlockReader:
    """Reads one block."""

    def __init__(self, file: SourceFile, block: Block, quiet: bool = False) -> None:
        """`quiet` reads without keeping any finding: the file has enough of them."""
        self.file = file
        self.block = block
        self.quiet = quiet
        self.language = language()
        self.builder = self.language.builder
        self.mended: list[Diagnostic] = []
        self.damaged = block.damaged
        self.scars: list[Span] = []
        self.mends = 0
        self.dropped = (0, 0)
        end = block.tokens[-1].end
        self.tokens = [*block.tokens, Token(END, "", end, end, first=True)]
        for token in block.tokens:
            if token.spoils and token.end > token.start:
                self.damaged = True
                self.scars.append(line_around(file, token))
        self.builder.lenient = False
        self.reset()

    @property
    def findings(self) -> list[Diagnostic]:
        """What was found so far; a mend in what another finding writes anew is told with that one."""
        return [] if self.quiet else [*not_rewritten(self.mended, self.builder.findings), *self.builder.findings]

    def run(self) -> Statement | None:
        """The statement, or None where the block does not even have a name."""
        while self.mends <= MOST_MENDS:
            try:
                statement = self.feed_all()
            except UnexpectedToken:
                self.mends += 1
                self.recover()
            else:
                return self.finished(statement)
        return self.stub()

    def finished(self, statement: Statement) -> Statement | None:
        """The statement as it is handed on."""
        if not self.damaged:
            return statement
        scarred = replace(statement, damaged=True, scars=tuple(self.scars))
        return scarred if name_of(self.block) or statement.name is None else None

    def stub(self) -> Statement | None:
        """The statement by its name alone."""
        tokens = statement_stub(self.block)
        if tokens is None:
            return None
        self.tokens = tokens
        self.damaged = True
        self.mends = 0
        self.reset()
        return self.finished(self.feed_all())

    def reset(self) -> None:
        """Back to the block's beginning."""
        self.index = 0
        self.anchor = Anchor(0, (self.language.conf.start_state,), (), (), 0)
        self.state = self.language.fresh()
        self.builder.findings = []

    def restore(self) -> None:
        """Back to the beginning of the rule line."""
        self.index = self.anchor.index
        self.state = self.language.fresh(list(self.anchor.states), self.anchor.taken())
        del self.builder.findings[self.anchor.findings :]

    def feed_all(self) -> Statement:
        """Feed the tokens from the index on; raises UnexpectedToken at the first that cannot stand."""
        tokens, states, classify = self.tokens, self.language.states, self.language.classify
        after_dot = False
        while True:
            token = tokens[self.index]
            stack = self.state.state_stack
            if token.kind in ("WORD", "NAME"):
                token.type = "NAME" if after_dot else classify(token, stack[-1])
            if token.type not in states[stack[-1]]:
                raise UnexpectedToken(token, set())  # type: ignore[no-untyped-call]
            if token.kind == END:
                statement: Statement = self.state.feed_token(token, is_end=True)  # type: ignore[arg-type]
                return statement
            self.state.feed_token(token)  # type: ignore[arg-type]
            if token.kind == "LBRACE":
                self.keep_anchor(1)
            elif token.first or token.label:
                self.keep_anchor(0)
            after_dot = token.kind == "DOT"
            self.index += 1

    def keep_anchor(self, past: int) -> None:
        """Remember this place if the token that was just taken begins a rule line, or if the lines begin past it."""
        values, states = self.state.value_stack, self.state.state_stack
        if past or begins_item(values):
            stop = len(states) - 1 + past
            kept = tuple(values[: stop - 1])
            lengths = tuple(len(value.children) if isinstance(value, Tree) else 0 for value in kept)
            findings = len(self.builder.findings)
            self.anchor = Anchor(self.index + past, tuple(states[:stop]), kept, lengths, findings)

    def recover(self) -> None:
        """Deal with the token at the index, which cannot stand there."""
        place = self.place()
        if self.is_spoiled(place.index):
            self.drop(place)
            return
        from leadrules.syntax.mistakes import find_mend  # for lines with a mistake alone

        mend = find_mend(place)
        if mend is None:
            found = unexpected(place)
            if found not in self.mended:  # where leaving out the line was not enough, it is met again
                self.mended.append(found)
            self.scar(place.index)
            self.drop(place)
            return
        if not mend.later:
            self.mended.append(mend.finding)
        if mend.lossy:
            self.damaged = True
            self.scar(max(mend.start, mend.end - 1))
        self.tokens[mend.start : mend.end] = mend.tokens
        self.restore()

    def scar(self, index: int) -> None:
        """Remember the line around a token: what is left of it, or what was guessed, is not to be judged."""
        start = self.anchor.index
        stop = self.next_item(index, start)
        if start == 0 and self.block.kind in BRACED:
            stop = next((i for i, t in enumerate(self.tokens) if i >= index and t.kind == "LBRACE"), stop)
        stop = next((i for i in range(index + 1, stop) if may_begin(self.tokens[i])), stop)
        self.builder.lenient = True
        self.scars.append(Span(self.file, self.tokens[start].start, self.tokens[stop].start))

    def place(self) -> Place:
        """Where the mistake is: at the token, or at a rule line's first word that was taken for a name before it."""
        start = self.anchor.index
        index = self.index
        for back in (self.index - 1, self.index - 2):
            if back > start > 0 and self.was_taken_for_a_name(self.tokens[back]):
                index = back
        stack = list(self.anchor.states)
        index = self.language.reach(stack, self.tokens, start, index)
        return Place(self.file, self.language, self.block, self.tokens, start, index, tuple(stack), self.anchor.states)

    def was_taken_for_a_name(self, token: Token) -> bool:
        """Whether the first word of a line could begin a rule line, and was read as a name instead."""
        if not token.first or token.kind != "WORD" or token.type != "NAME":
            return False
        terminal = self.language.classify(token, self.anchor.states[-1])
        return terminal != "NAME" and self.language.takes(list(self.anchor.states), terminal)

    def is_spoiled(self, index: int) -> bool:
        """Whether a mistake of this line is already reported, so that what follows may come of it."""
        place = self.tokens[index].start
        if any(scar.start <= place < scar.end for scar in self.scars):
            return True
        end = index + 1
        while end < len(self.tokens) and not self.tokens[end].first:
            end += 1
        return any(token.spoils for token in self.tokens[self.anchor.index : end])

    def drop(self, place: Place) -> None:
        """Leave out what cannot be read; a rule line stays by its name."""
        self.damaged = True
        before = len(self.tokens), place.index
        if self.anchor.index == 0 or before == self.dropped:
            self.drop_header(place)
            return
        self.dropped = before
        complete = self.tokens[place.index].first and self.language.takes(list(place.stack), "RBRACE")
        start = place.index if complete else self.anchor.index
        stop = self.next_item(place.index, start)
        stub = [] if complete else item_stub(self.block, self.tokens[start:stop])
        states = list(self.anchor.states)
        if stub and self.language.reach(states, [*stub, self.tokens[stop]], 0, len(stub) + 1) <= len(stub):
            stub = []
        self.tokens[start:stop] = stub
        self.restore()

    def drop_header(self, place: Place) -> None:
        """A block whose first line cannot be read keeps its name, and the rule lines below it."""
        brace = next((i for i, t in enumerate(self.tokens) if t.kind == "LBRACE"), None)
        self.builder.lenient = True
        stub = statement_stub(self.block, placeholder=True)
        assert stub is not None
        if self.block.kind not in BRACED or brace is None or place.index > brace or self.anchor.index:
            self.tokens = stub
        else:
            self.tokens[: brace + 1] = stub[: next(i for i, t in enumerate(stub) if t.kind == "LBRACE") + 1]
        self.reset()

    def next_item(self, index: int, start: int) -> int:
        """The index of the next token that can begin a rule line or end the block."""
        depth = sum({"LBRACE": 1, "RBRACE": -1}.get(token.kind, 0) for token in self.tokens[start:index])
        for at in range(index, len(self.tokens)):
            token = self.tokens[at]
            if token.kind == END:
                return at
            if token.kind == "RBRACE":
                if depth <= 0:
                    return at
                depth -= 1
            elif token.kind == "LBRACE":
                depth += 1
            elif depth <= 0 and at > start and (token.first or token.label) and self.can_begin(token):
                return at
        return len(self.tokens) - 1

    def can_begin(self, token: Token) -> bool:
        """Whether a token can begin a rule line here."""
        kind = token.kind
        terminal = self.language.classify(token, self.anchor.states[-1]) if kind in ("WORD", "NAME") else kind
        return self.language.takes(list(self.anchor.states), terminal)


def line_around(file: SourceFile, token: Token) -> Span:
    """The line that a token stands on."""
    text = file.text
    start = max(text.rfind("\n", 0, token.start), text.rfind("\r", 0, token.start)) + 1
    ends = [at for at in (text.find("\n", token.end), text.find("\r", token.end)) if at >= 0]
    return Span(file, start, min(ends, default=len(text)))


def may_begin(token: Token) -> bool:
    """Whether a token on a new line could be the first of a rule line that lacks its beginning."""
    return token.first and (token.kind in ("NAME", "INT") or (token.kind == "WORD" and token.text not in RESERVED))


def begins_item(values: list[Any]) -> bool:
    """Whether the value on top of the stack is the first of a rule line: below it stand a `{` and whole lines only."""
    if len(values) < 3:
        return False
    below = values[-3] if isinstance(values[-2], Tree) else values[-2]
    return isinstance(below, Token) and below.kind == "LBRACE"


def unexpected(place: Place) -> Diagnostic:
    """The finding for a mistake that nobody knows by name."""
    expected = place.expected()
    token = place.tokens[place.index]
    if token.label and token.first and place.block.kind not in BRACED and place.index > 1:
        return outside(place.file, token)
    between = place.start > 0 and token.kind != END and place.takes("RBRACE")
    if (token.first or token.kind == END) and place.index and not between:
        before = place.tokens[place.index - 1]
        span = Span(place.file, before.start, before.end)
        return finding("LR024", span, f"expected {expected} after `{shown(before)}`", help=place.hint())
    span = Span(place.file, token.start, token.end)
    return finding("LR024", span, f"expected {expected}; found `{shown(token)}`", help=place.hint())


def shown(token: Token) -> str:
    """A token as a message says it."""
    return token.text if len(token.text) <= 40 else f"{token.text[:37]}..."
