"""The words of the language, in one place.

In: nothing. Out: the reserved words, the words that open a block, the units, and what people type for a word in another
language. The grammar names every keyword; this module says only what the grammar cannot: which of them are no names.
"""

from __future__ import annotations

import re

RESERVED = frozenset(
    "and or not in is one at between contains starts ends matches has any did never where distinct within since when"
    " otherwise each true false blank".split()
)

BLOCKS = (
    "list",
    "table",
    "events",
    "define",
    "segment",
    "score",
    "band",
    "matrix",
    "classify",
    "stages",
    "route",
    "sequence",
    "exit",
    "suppress",
    "trigger",
    "assert",
    "funnel",
    "goal",
    "test",
)

BRACED = frozenset("score band matrix classify stages route sequence trigger funnel goal test".split())

UNITS = {
    f"{word}{ending}": f"{word}s"
    for word in ("minute", "hour", "day", "business day", "week", "month", "quarter", "year")
    for ending in ("", "s")
}

LIMIT_UNITS = {"point": "points", "points": "points", "time": "times", "times": "times"}

NOTHING = frozenset({"null", "NULL", "Null", "nil", "NIL", "None", "undefined"})

OPERANDS_END = frozenset({"true", "false", "blank", "otherwise", "at"})

SYNONYMS = {
    "if": "when",
    "where": "when",
    "unless": "when",
    "elif": "when",
    "elsif": "when",
    "elseif": "when",
    "else": "otherwise",
    "default": "otherwise",
    "then": "do",
    "max": "cap",
    "min": "floor",
    "above": "from",
    "over": "from",
    "upto": "until",
    "to": "until",
    "for": "when",
    "includes": "contains",
    "include": "contains",
    "contain": "contains",
    "like": "contains",
    "startswith": "starts",
    "endswith": "ends",
    "per": "each",
    "every": "each",
    "goto": "move",
    "enrol": "enroll",
    "until": "within",
    "empty": "blank",
    "missing": "blank",
    "null": "blank",
    "except": "unless",
    "desc": "descending",
    "asc": "ascending",
    "automatic": "auto",
    "minimum": "floor",
    "maximum": "cap",
}

_NAME = re.compile(r"[^\W\d]\w*")


def is_name(text: str) -> bool:
    """Whether a text can stand as a name without backquotes."""
    return _NAME.fullmatch(text) is not None and text not in RESERVED
