"""JSON files with places.

In: a source file. Out: a `Document`, or None and the finding. Strict JSON (RFC 8259) and nothing more: a trailing
comma, a comment, single quotes and a key given twice each get their own words. Knows nothing of JSON Schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic
from leadrules.core.source import SourceFile, Span
from leadrules.project.document import MAX_DEPTH, MAX_DIGITS, Document, KeyPath, Place
from leadrules.project.yaml import duplicate_key

_DECODER = JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[\w.+-]+")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(source: SourceFile) -> tuple[Document | None, list[Diagnostic]]:
    """The file's data with places, and what is wrong with it. None where it is not JSON."""
    reader = _Reader(source)
    try:
        data = reader.document()
    except _BrokenError as broken:
        return None, [*reader.found, broken.diagnostic]
    return Document(source, data, reader.places), reader.found


class _BrokenError(Exception):
    """Carries the finding out of the reader."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


class _Reader:
    """A recursive-descent reader; its depth is limited, so it never exhausts the stack."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.found: list[Diagnostic] = []
        self.places: dict[KeyPath, Place] = {}

    def document(self) -> Any:
        """The one value of the file."""
        self._space()
        if self.at == len(self.text):
            self._fail("the file is empty", "Write at least `{}`.")
        data = self._value((), None)
        self._space()
        if self.at < len(self.text):
            self._fail("something follows the end of the JSON value", "Check the braces before it.")
        return data

    def _fail(self, message: str, help: str, start: int | None = None) -> NoReturn:
        begin = self.at if start is None else start
        span = Span(self.source, begin, min(begin + 1, len(self.text)))
        raise _BrokenError(finding("LR053", span, message, help=help))

    def _space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        if self.text.startswith(("//", "/*", "#"), self.at):
            self._fail("JSON has no comments", "Move the remark into a `description`.")

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _value(self, path: KeyPath, key: Span | None) -> Any:
        start = self.at
        if len(path) >= MAX_DEPTH:
            self._fail(f"nested more than {MAX_DEPTH} deep", "Nothing here needs so many levels.")
        readers: dict[str, Callable[[KeyPath], Any]] = {"{": self._object, "[": self._array}
        character = self._peek()
        value: Any
        if character in readers:
            value = readers[character](path)
        else:
            value = self._string() if character == '"' else self._word()
        self.places[path] = Place(key, Span(self.source, start, self.at))
        return value

    def _word(self) -> Any:
        match = _WORD.match(self.text, self.at)
        word = match.group() if match else ""
        if word not in _WORDS:
            return self._number(word)
        self.at += len(word)
        return _WORDS[word]

    def _number(self, word: str) -> float | int:
        if not _NUMBER.fullmatch(word):
            self._fail_at_word(word)
        whole = "." not in word and "e" not in word.lower()
        if len(word) > MAX_DIGITS or not math.isfinite(float(word)):
            self._fail(f"`{word[:40]}` is too large a number", "Put it in quotes if it is a text.")
        self.at += len(word)
        return int(word) if whole else float(word)

    def _fail_at_word(self, word: str) -> NoReturn:
        character = self._peek()
        if not character:
            self._fail("the file ends in the middle of a value", "Close every brace, bracket and quote.")
        if character in "'“”‘’":
            self._fail(f"`{character}` does not begin a text in JSON", 'Write text in double quotes: "text".')
        if character in ",}]":
            self._fail(f"a value is missing before `{character}`", "Write the value, or take the comma out.")
        if word.lower() in ("true", "false", "null", "none"):
            right = "null" if word.lower() == "none" else word.lower()
            self._fail(f"`{word}` is written `{right}` in JSON", f"Write `{right}`.")
        self._fail(f"`{word or character}` is not a JSON value", "Text stands in double quotes.")

    def _string(self) -> str:
        start = self.at
        try:
            value, self.at = _DECODER.raw_decode(self.text, start)
        except JSONDecodeError as error:
            self._fail_in_string(error, start)
        if _SURROGATE.search(value):
            self._fail("half of a surrogate pair is not a character", "Write the character itself.", start)
        return str(value)

    def _fail_in_string(self, error: JSONDecodeError, start: int) -> NoReturn:
        if "Invalid control character" in error.msg and self.text[error.pos : error.pos + 1] != "\n":
            self._fail("a text holds a control character", "Write a tab as `\\t`.", error.pos)
        if "escape" in error.msg:
            self._fail("an escape that JSON does not know", "Write a backslash as `\\\\`.", error.pos)
        self._fail("a text is never closed on its line", 'Add the closing `"`; write a line end as `\\n`.', start)

    def _array(self, path: KeyPath) -> list[Any]:
        items: list[Any] = []
        self.at += 1
        self._space()
        while self._peek() != "]":
            items.append(self._value((*path, len(items)), None))
            self._separator("]", "list")
        self.at += 1
        return items

    def _object(self, path: KeyPath) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self.at += 1
        self._space()
        while self._peek() != "}":
            self._member(members, path)
            self._separator("}", "object")
        self.at += 1
        return members

    def _member(self, members: dict[str, Any], path: KeyPath) -> None:
        start = self.at
        if self._peek() != '"':
            self._fail_at_key()
        name = self._string()
        key = Span(self.source, start, self.at)
        self._space()
        if self._peek() != ":":
            self._fail(f'a `:` is missing after the key "{name}"', 'Write `"key": value`.')
        self.at += 1
        self._space()
        first = self.places.get((*path, name))
        if name not in members or first is None:
            members[name] = self._value((*path, name), key)
            return
        self.found.append(duplicate_key(name, key, first.key or key))
        self._value((*path, f"{name}\0{start}"), key)

    def _fail_at_key(self) -> NoReturn:
        if not self._peek():
            self._fail("the file ends before its last `}`", "Close every brace, bracket and quote.")
        self._fail("a key in double quotes is expected here", 'Write `"key": value`.')

    def _separator(self, end: str, what: str) -> None:
        self._space()
        if self._peek() == end:
            return
        if not self._peek():
            self._fail(f"the file ends inside this {what}: `{end}` is missing", f"Close it with `{end}`.")
        if self._peek() != ",":
            self._fail(f"a comma is missing between two entries of this {what}", "Put a `,` between them.")
        comma = self.at
        self.at += 1
        self._space()
        if self._peek() == end:
            self._fail(f"a comma stands before the closing `{end}`", "Take the last comma out.", comma)
