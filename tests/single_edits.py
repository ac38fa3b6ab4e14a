"""One slip of the hand in a rule file that was right: the edits, the worlds they happen in, and what the compiler says.

In: a project and a seed. Out: `Slip`, the text with one mistake and where it was made, and the findings of the whole
project after it. The laws of one mistake (tests/laws/test_one_mistake.py) count them.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from leadrules.compile.incremental import Incremental
from leadrules.core.diagnostics import Diagnostic, Fix, told_once
from leadrules.core.source import SourceFile
from leadrules.project.project import load_project
from leadrules.syntax import nodes as n
from leadrules.syntax.parse import parse
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Token

ROOT = Path(__file__).parents[1]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Slip:
    """A file with one mistake: what kind of slip, the new text, and the place of the edit in it."""

    kind: str
    path: str
    text: str
    start: int
    end: int
    was: str = ""

    @property
    def shown(self) -> str:
        """The line of the edit."""
        begin = self.text.rfind("\n", 0, self.start) + 1
        stop = self.text.find("\n", self.end)
        return self.text[begin : stop if stop >= 0 else None]


class World:
    """A project whose other files are read once."""

    def __init__(self, source: str, folder: Path) -> None:
        """Copy the rules to a folder of its own and read them."""
        rules = (ROOT / source / "leadrules.yaml").exists() and not (ROOT / source / "rules").exists()
        shutil.copytree(ROOT / source, folder / "rules" if rules else folder, dirs_exist_ok=True)
        if rules:
            (folder / "rules" / "leadrules.yaml").rename(folder / "leadrules.yaml")
        loaded = load_project(folder)
        assert loaded.project is not None, loaded.diagnostics
        self.texts = {
            path.relative_to(folder.resolve()).as_posix(): path.read_text(encoding="utf-8")
            for path in loaded.rule_files
        }
        self.modules = {path: parse(SourceFile(path, text))[0] for path, text in self.texts.items()}
        self.compiler = Incremental(loaded.project)
        assert not self.errors({})

    def errors(self, changed: dict[str, str]) -> list[Diagnostic]:
        """The errors of the project with some files changed."""
        modules: dict[str, n.Module] = dict(self.modules)
        found: list[Diagnostic] = []
        for path, text in changed.items():
            modules[path], more = parse(SourceFile(path, text))
            found += more
        found = told_once(found, self.compiler.check(list(modules.values())).diagnostics)
        return [one for one in found if one.severity == "error"]


def fixed(text: str, fix: Fix) -> str:
    """The text with a fix applied."""
    for edit in sorted(fix.edits, key=lambda edit: -edit.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def slips(world: World, rng: random.Random, kinds: tuple[str, ...] = ()) -> Iterator[Slip]:
    """Slips without end, each kind as often as the other."""
    paths = sorted(world.texts)
    weights = [len(world.texts[path]) for path in paths]
    tokens = {path: tokenize(SourceFile(path, world.texts[path])).tokens for path in paths}
    names = kinds or tuple(EDITS)
    while True:
        path = rng.choices(paths, weights)[0]
        kind = rng.choice(names)
        made = EDITS[kind](world.texts[path], tokens[path], rng)
        if made is None:
            continue
        start, end, put = made
        text = world.texts[path]
        was = text[start:end]
        if was != put:
            yield Slip(kind, path, text[:start] + put + text[end:], start, start + len(put), was)


Edit = tuple[int, int, str] | None
Make = Callable[[str, list[Token], random.Random], Edit]


def _some(tokens: list[Token], rng: random.Random, want: Callable[[Token], bool]) -> Token | None:
    found = [token for token in tokens if want(token)]
    return rng.choice(found) if found else None


def _swap_text(put: str, want: Callable[[Token], bool]) -> Make:
    """The token in another spelling."""

    def make(text: str, tokens: list[Token], rng: random.Random) -> Edit:
        token = _some(tokens, rng, want)
        return (token.start, token.end, put.replace("?", text[token.start : token.end])) if token else None

    return make


def _delete(want: Callable[[Token], bool] = lambda token: True) -> Make:
    def make(text: str, tokens: list[Token], rng: random.Random) -> Edit:
        token = _some(tokens, rng, want)
        return (token.start, token.end, "") if token else None

    return make


def _duplicate(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = rng.choice(tokens)
    return token.end, token.end, " " + text[token.start : token.end]


def _swap(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    at = rng.randrange(len(tokens) - 1)
    a, b = tokens[at], tokens[at + 1]
    if b.first:
        return None
    return a.start, b.end, text[b.start : b.end] + text[a.end : b.start] + text[a.start : a.end]


def _delete_line(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = rng.choice(tokens)
    start = text.rfind("\n", 0, token.start) + 1
    stop = text.find("\n", token.end)
    return start, stop + 1 if stop >= 0 else len(text), ""


def _delete_quote(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = _some(tokens, rng, lambda token: token.kind == "STRING")
    if token is None:
        return None
    at = rng.choice((token.start, token.end - 1))
    return at, at + 1, ""


def _case(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = _some(tokens, rng, lambda token: token.kind == "WORD" and token.text.isascii() and not token.label)
    if token is None:
        return None
    return token.start, token.end, rng.choice((token.text.upper(), token.text.capitalize()))


def _misspell(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = _some(tokens, rng, lambda token: token.kind == "WORD" and len(token.text) > 3)
    if token is None:
        return None
    at = rng.randrange(len(token.text))
    word, how = token.text, rng.randrange(4)
    if how == 0:
        put = word[:at] + word[at + 1 :]
    elif how == 1:
        put = word[:at] + rng.choice(LETTERS) + word[at + 1 :]
    elif how == 2:
        put = word[:at] + rng.choice(LETTERS) + word[at:]
    else:
        put = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    return token.start, token.end, put


def _insert(*signs: str) -> Make:
    def make(text: str, tokens: list[Token], rng: random.Random) -> Edit:
        token = rng.choice(tokens)
        return token.end, token.end, rng.choice(signs)

    return make


def _thousands(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = _some(tokens, rng, lambda token: token.kind == "INT" and token.value >= 1000)
    return (token.start, token.end, f"{token.value:,.0f}") if token else None


def _curly(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = _some(tokens, rng, lambda token: token.kind == "STRING")
    return (
        (token.start, token.end, rng.choice(("“?”", "「?」", "'?'")).replace("?", str(token.value))) if token else None
    )


def _wide(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    token = _some(tokens, rng, lambda token: token.kind not in ("WORD", "STRING", "NAME"))
    if token is None:
        return None
    put = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text[token.start : token.end])
    return token.start, token.end, put


def _indent(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    """A block that is pushed to the right, or a line of one that is pushed to the margin."""
    token = _some(tokens, rng, lambda token: token.first)
    assert token is not None
    start = text.rfind("\n", 0, token.start) + 1
    return (start, start, "  ") if start == token.start else (start, token.start, "")


def _joined(text: str, tokens: list[Token], rng: random.Random) -> Edit:
    """A line end that is lost."""
    ends = [
        m.start()
        for m in re.finditer(r"\n[ ]*(?=\S)", text)
        if "#" not in text[text.rfind("\n", 0, m.start()) + 1 : m.start()]
    ]
    if not ends:
        return None
    at = rng.choice(ends)
    rest = text[at + 1 :]
    return at, at + 1 + len(rest) - len(rest.lstrip(" ")), " "


def _is(*kinds: str) -> Callable[[Token], bool]:
    return lambda token: token.kind in kinds


def _word(*words: str) -> Callable[[Token], bool]:
    return lambda token: token.kind == "WORD" and token.text in words


EDITS: dict[str, Make] = {
    "delete": _delete(),
    "duplicate": _duplicate,
    "swap": _swap,
    "delete line": _delete_line,
    "delete brace": _delete(_is("LBRACE", "RBRACE", "LPAR", "RPAR", "LSQB", "RSQB")),
    "delete quote": _delete_quote,
    "case": _case,
    "misspell": _misspell,
    "punctuation": _insert("、", "。", "；", "：", "（", "）", "」", "「", "・", "　", "，"),
    "ascii": _insert(";", ")", "(", "]", "}", "{", '"', "'", "`", "\\", "@", "$", "?", "*", "-"),
    "text for number": _swap_text('"?"', _is("INT", "NUMBER")),
    "delete comma": _delete(_is("COMMA")),
    "==": _swap_text("==", _is("EQUAL")),
    "<>": _swap_text("<>", lambda token: token.text == "!="),
    "&&": _swap_text("&&", _word("and")),
    "||": _swap_text("||", _word("or")),
    "!": _swap_text("!", _word("not")),
    "null": _swap_text("null", _word("blank")),
    "null for text": _swap_text("null", _is("STRING")),
    "1,000": _thousands,
    "curly": _curly,
    "wide": _wide,
    "indent": _indent,
    "joined": _joined,
}
