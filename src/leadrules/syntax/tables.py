"""The LALR tables, made once and shipped.

In: grammar/leadrules.lark and the builder whose methods the parser calls. Out: a Lark parser without a lexer, read from
grammar/leadrules.tables.json, or built anew where that file is of another grammar or of another version of Lark.
`python -m leadrules.syntax.tables` writes the file. Knows nothing of what the grammar says.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import deque
from pathlib import Path
from typing import Any

from lark import Lark, __version__
from lark.grammar import Rule
from lark.lexer import Lexer, TerminalDef

from leadrules.core.resources import grammar_text, shipped

GRAMMAR = "leadrules.lark"
FILE = "leadrules.tables.json"
SHIFT = 0


class NoLexer(Lexer):
    """Tokens are cut by syntax/tokenize; the parser is fed by hand."""

    def __init__(self, lexer_conf: Any) -> None:
        """Nothing to set up."""

    def lex(self, lexer_state: Any, parser_state: Any) -> Any:
        """Never called."""
        raise NotImplementedError


def parser(builder: Any) -> Lark:
    """The parser, its tables shipped if they are of this grammar, else built, which takes half a second."""
    text = grammar_text(GRAMMAR)
    path = shipped("grammar") / FILE
    tables = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return read(tables, builder) if tables.get("made_of") == made_of(text) else build(text, builder)


def build(text: str, builder: Any) -> Lark:
    """The parser of a grammar, from nothing."""
    return Lark(text, parser="lalr", start="block", lexer=NoLexer, keep_all_tokens=True, transformer=builder)


def made_of(text: str) -> str:
    """What tables depend on: the version of Lark and the grammar."""
    return f"lark {__version__} {hashlib.sha256(text.encode()).hexdigest()}"


def written(text: str) -> str:
    """The tables of a grammar as a file."""
    data, memo = build(text, None).memo_serialize([TerminalDef, Rule])
    data["options"]["lexer"] = data["parser"]["lexer_conf"]["lexer_type"] = ""
    data["parser"]["parser"] = numbered(data["parser"]["parser"])
    return json.dumps({"made_of": made_of(text), "data": data, "memo": memo}, sort_keys=True, separators=(",", ":"))


def numbered(table: dict[str, Any]) -> dict[str, Any]:
    """The states in the order in which they are reached: Lark numbers them differently each time."""
    names = sorted(table["tokens"].values())
    rows = {
        state: dict(sorted((names.index(table["tokens"][token]), action) for token, action in row.items()))
        for state, row in table["states"].items()
    }
    number: dict[int, int] = {}
    waiting = deque(table["start_states"].values())
    while waiting:
        state = waiting.popleft()
        if state not in number:
            number[state] = len(number)
            waiting.extend(to for kind, to in rows[state].values() if kind == SHIFT)
    return table | {
        "tokens": dict(enumerate(names)),
        "states": {
            number[s]: {t: (k, number[to] if k == SHIFT else to) for t, (k, to) in rows[s].items()} for s in number
        },
        "start_states": {name: number[state] for name, state in table["start_states"].items()},
        "end_states": {name: number[state] for name, state in table["end_states"].items()},
    }


def read(tables: dict[str, Any], builder: Any) -> Lark:
    """The parser of tables that were written; in JSON the numbers that are keys have become texts."""
    data = tables["data"]
    table = data["parser"]["parser"]
    table["states"] = {int(state): actions for state, actions in table["states"].items()}
    data["options"]["transformer"] = builder
    data["options"]["lexer"] = data["parser"]["lexer_conf"]["lexer_type"] = NoLexer
    return Lark.load({"data": data, "memo": {int(key): value for key, value in tables["memo"].items()}})


def main(folder: Path) -> None:
    """Write the file anew, beside the grammar in `folder`."""
    text = (folder / GRAMMAR).read_text(encoding="utf-8")
    (folder / FILE).write_text(written(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
