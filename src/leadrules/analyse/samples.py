"""A short text in which a pattern finds something.

In: a pattern in Rust's syntax. Out: a text, or None where the pattern has more than this reads. Whoever asks looks whether
the pattern does find it.
"""

from __future__ import annotations

import re

_FLAGS = re.compile(r"\(\?[a-zA-Z]+\)")
_OPENING = re.compile(r"\((\?:|\?P?<\w+>|\?[a-zA-Z]+:)?")
_TIMES = re.compile(r"\{(\d+)(,\d*)?\}")
_CLASSES = {"d": "1", "w": "a", "s": " ", "b": "", "A": "", "z": "", "D": "a", "W": " ", "S": "a", "n": "\n", "t": "\t"}
_NOTHING = "^$"


def sample(pattern: str) -> str | None:
    """The text of the first alternatives, each part that may be left out left out."""
    try:
        text, end = _alternatives(pattern, 0)
    except (IndexError, ValueError):
        return None
    return text if end == len(pattern) else None


def _alternatives(pattern: str, at: int) -> tuple[str, int]:
    first, at = _sequence(pattern, at)
    while at < len(pattern) and pattern[at] == "|":
        _, at = _sequence(pattern, at + 1)
    return first, at


def _sequence(pattern: str, at: int) -> tuple[str, int]:
    pieces: list[str] = []
    while at < len(pattern) and pattern[at] not in "|)":
        piece, at = _atom(pattern, at)
        times, at = _times(pattern, at)
        pieces.append(piece * times)
    return "".join(pieces), at


def _atom(pattern: str, at: int) -> tuple[str, int]:
    if flags := _FLAGS.match(pattern, at):
        return "", flags.end()
    if opening := _OPENING.match(pattern, at):
        text, at = _alternatives(pattern, opening.end())
        if pattern[at] != ")":
            raise ValueError(pattern)
        return text, at + 1
    char = pattern[at]
    if char == "\\":
        escaped = pattern[at + 1]
        if escaped.isalnum() and escaped not in _CLASSES:
            raise ValueError(pattern)
        return _CLASSES.get(escaped, escaped), at + 2
    if char == "[":
        return _of_set(pattern, at + 1)
    return ("" if char in _NOTHING else "x" if char == "." else char), at + 1


def _of_set(pattern: str, at: int) -> tuple[str, int]:
    """The first character of a set; one that says what is not in it is not read."""
    if pattern[at] in "^[":
        raise ValueError(pattern)
    text, _ = _atom(pattern, at)
    end = pattern.index("]", at + 1)
    return text, end + 1


def _times(pattern: str, at: int) -> tuple[int, int]:
    """How often a part stands there at least."""
    if at >= len(pattern):
        return 1, at
    counted = _TIMES.match(pattern, at)
    if counted is None and pattern[at] not in "?*+":
        return 1, at
    least = int(counted[1]) if counted is not None else int(pattern[at] == "+")
    at = counted.end() if counted is not None else at + 1
    return least, at + (at < len(pattern) and pattern[at] == "?")
