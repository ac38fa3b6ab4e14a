"""YAML files: the core types of YAML 1.2, with places, and nothing that hides what a file says.

In: a source file. Out: a `Document`, or None and the findings. Words like `NO`, `on`, `09:00` and `012` stay text.
Aliases, tags, a second document and a key given twice are refused. It works on the parser's events and an explicit
stack, so no file, however deep or clever, makes it crash or grow.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml as pyyaml

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Related
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.project.document import MAX_DEPTH, MAX_DIGITS, Document, KeyPath, Place

_LOADER: Any = getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WIDE_COLON = re.compile(r"^[ \t]*(?:- )?[^\s'\"#:：{\[][^'\"#:：\n]*(：)", re.MULTILINE)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_yaml(source: SourceFile) -> tuple[Document | None, list[Diagnostic]]:
    """The file's data with places, and what is wrong with it. None where it cannot be read at all."""
    builder = _Builder(source)
    try:
        for event in pyyaml.parse(source.text, Loader=_LOADER):
            builder.take(event)
    except _RefusedError as refused:
        return None, [*builder.found, refused.diagnostic]
    except pyyaml.YAMLError as error:
        return None, [*builder.found, _syntax_error(source, error)]
    return Document(source, builder.data, builder.places), builder.found


class _RefusedError(Exception):
    """Carries the finding out of the event loop."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end is still to come."""

    data: dict[str, Any] | list[Any]
    path: KeyPath
    start: int
    own_key: Span | None
    key: str | None = None
    key_span: Span | None = None
    end: int = 0


class _Builder:
    """Turns the parser's events into data and places."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.data: Any = None
        self.places: dict[KeyPath, Place] = {(): Place(None, Span(source, 0, 0))}
        self._stack: list[_Open] = []
        self._anchors: dict[str, Span] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        """One event of the parser, in order."""
        if isinstance(event, pyyaml.AliasEvent):
            self._refuse_alias(event)
        elif isinstance(event, pyyaml.DocumentStartEvent):
            self._start_document(event)
        elif isinstance(event, pyyaml.ScalarEvent):
            self._refuse_tag(event)
            self._scalar(event)
        elif isinstance(event, pyyaml.CollectionStartEvent):
            self._refuse_tag(event)
            self._open(event)
        elif isinstance(event, pyyaml.CollectionEndEvent):
            self._close(event)

    def _span(self, event: Any) -> Span:
        return Span(self.source, event.start_mark.index, event.end_mark.index)

    def _start_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _refused(self._span(event), "a second YAML document begins here", "Keep one document in the file.")

    def _refuse_alias(self, event: Any) -> None:
        anchor = self._anchors.get(event.anchor)
        related = (Related(anchor, "the anchor it points to"),) if anchor else ()
        message = f"`*{event.anchor}` is a YAML alias; aliases are not allowed here"
        raise _refused(self._span(event), message, "Write the value out where it is needed.", related)

    def _refuse_tag(self, event: Any) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = self._span(event)
        if event.tag is not None:
            raise _refused(
                self._span(event), f"`{event.tag}` is a YAML tag; tags are not allowed here", "Take the tag out."
            )

    def _scalar(self, event: Any) -> None:
        span = self._span(event)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            top.key, top.key_span, top.end = event.value, span, span.end
            return
        value = event.value if event.style not in (None, "") else self._plain(event.value, span)
        self._put(value, span)

    def _plain(self, text: str, span: Span) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        is_long = len(text) > MAX_DIGITS and (_FLOAT.fullmatch(text) or _BASED.fullmatch(text))
        if is_long or _NOT_FINITE.fullmatch(text):
            return self._not_a_number(text, span)
        if _INTEGER.fullmatch(text):
            return int(text)
        if _BASED.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            number = float(text)
            return number if math.isfinite(number) else self._not_a_number(text, span)
        return text

    def _not_a_number(self, text: str, span: Span) -> str:
        raise _refused(span, f"`{text[:40]}` is not a number that can be used", "Put it in quotes if it is a text.")

    def _open(self, event: Any) -> None:
        span = self._span(event)
        mapping = isinstance(event, pyyaml.MappingStartEvent)
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.data, dict) and parent.key is None:
            raise _refused(span, "a key must be one word or text, not a list or a mapping", "Quote it if it is a text.")
        if len(self._stack) >= MAX_DEPTH:
            raise _refused(span, f"nested more than {MAX_DEPTH} deep", "Nothing here needs so many levels.")
        path, key = self._next_path()
        self._stack.append(_Open({} if mapping else [], path, span.start, key, end=span.end))

    def _close(self, event: Any) -> None:
        closed = self._stack.pop()
        flow = self.source.text[event.start_mark.index : event.end_mark.index] in ("]", "}")
        end = event.end_mark.index if flow else closed.end
        self._put(closed.data, Span(self.source, closed.start, max(end, closed.start)), closed.path, closed.own_key)

    def _next_path(self) -> tuple[KeyPath, Span | None]:
        if not self._stack:
            return (), None
        top = self._stack[-1]
        if isinstance(top.data, dict):
            return (*top.path, top.key or ""), top.key_span
        return (*top.path, len(top.data)), None

    def _put(self, value: Any, span: Span, path: KeyPath | None = None, key: Span | None = None) -> None:
        if path is None:
            path, key = self._next_path()
        if not self._stack:
            self.data, self.places[()] = value, Place(None, span)
            return
        top = self._stack[-1]
        top.end = max(top.end, span.end)
        if isinstance(top.data, list):
            top.data.append(value)
        else:
            name, top.key = top.key or "", None
            if name in top.data:
                self.found.append(duplicate_key(name, key or span, self.places[path].key or span))
                return
            top.data[name] = value
        self.places[path] = Place(key, span)


def duplicate_key(name: str, again: Span, first: Span) -> Diagnostic:
    """The finding for a key that stands twice in one mapping."""
    return finding(
        "LR052",
        again,
        f"the key `{name}` stands twice",
        help="Keep one of the two.",
        related=(Related(first, "it stands here first"),),
    )


def _refused(span: Span, message: str, help: str, related: tuple[Related, ...] = ()) -> _RefusedError:
    return _RefusedError(finding("LR051", span, message, help=help, related=related))


_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed",
        "a `:` where a value has already begun",
        "Line this line up with the one above it, and put a space behind the `:` of each; a text with a `:` stands in quotes.",
    ),
    ("could not find expected ':'", "a key without its `:`", "Write `key: value`."),
    ("did not find expected key", "this line does not fit the lines above it", "Line it up with its neighbours."),
    ("block end", "this line does not fit the lines above it", "Line it up with its neighbours."),
    ("did not find expected '-'", "this line does not fit the list above it", "Begin each item with `- `."),
    ("expected ',' or ']'", "a list in brackets is not closed or lacks a comma", "Write `[a, b]`."),
    ("expected ',' or '}'", "a mapping in braces is not closed or lacks a comma", "Write `{a: 1, b: 2}`."),
    ("expected node content", "a value or a closing bracket is missing before this", "Close every bracket and quote."),
    ("end of stream", "a quoted text is never closed", "Add the closing quote."),
    ("unknown escape", "an escape that YAML does not know", "Use single quotes, or write `\\\\` for a backslash."),
)


def _syntax_error(source: SourceFile, error: pyyaml.YAMLError) -> Diagnostic:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    start = min(mark.index if mark is not None else int(position or 0), len(source.text))
    if wide := _wide_colon(source, start):
        return finding("LR050", wide, "a full-width `：` ends no key", help="Write `: `, with a space behind it.")
    key = getattr(error, "context_mark", None)
    if key is not None and "could not find expected ':'" in str(error):
        start = key.index  # the parser only knows on the line after it
    span = Span(source, start, min(start + 1, len(source.text)))
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    message, way_out = _in_words(problem, span.text)
    return finding("LR050", span, message, help=way_out)


def _wide_colon(source: SourceFile, upto: int) -> Span | None:
    """The colon of a Japanese keyboard behind a key, on the line where the parser stopped or the last one above it."""
    end = source.text.find("\n", upto)
    lines = source.text[: end if end >= 0 else None].rstrip()
    before = lines.rfind("\n", 0, max(lines.rfind("\n"), 0)) + 1
    found = _WIDE_COLON.search(lines, before)
    return Span(source, found.start(1), found.end(1)) if found else None


def _in_words(problem: str, character: str) -> tuple[str, str]:
    if "cannot start any token" in problem and character == "\t":
        return "a tab stands where YAML wants spaces", "Indent with spaces."
    if "cannot start any token" in problem:
        return f"a text cannot begin with `{character}`", "Put the text in quotes."
    if "control characters" in problem or "special characters" in problem:
        return "a control character stands here", "Remove it; save the file as plain UTF-8 text."
    for part, message, way_out in _PROBLEMS:
        if part in problem:
            return message, way_out
    return f"this is not YAML: {problem}", "See the line above it as well: a quote, bracket or indent may be missing."
