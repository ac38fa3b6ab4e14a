"""The words of the language, in one place.

In: nothing. Out: the reserved words, the words that open a block, the units, and what people type for a word in another
language. The grammar names every keyword; this module says only what the grammar cannot: which of them are no names.
"""

from __future__ import annotations

import re
import unicodedata

RESERVED = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "one",
        "at",
        "between",
        "contains",
        "starts",
        "ends",
        "matches",
        "has",
        "any",
        "did",
        "never",
        "where",
        "distinct",
        "within",
        "since",
        "when",
        "otherwise",
        "each",
        "true",
        "false",
        "blank",
    ]
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

BRACED = frozenset(BLOCKS) - {"list", "table", "events", "define", "segment", "exit", "suppress", "assert"}

# After these a block's keyword is a name, or part of an action.
WORDS_BEFORE = frozenset({"stop", "of", "group", "move", "to", "enroll", "do", "set", "key", "by", "on"})

UNITS = {
    f"{word}{ending}": f"{word}s"
    for word in ("minute", "hour", "day", "business day", "week", "month", "quarter", "year")
    for ending in ("", "s")
}

CLOCK_UNITS = frozenset({"minute", "minutes", "hour", "hours"})

LIMIT_UNITS = {"point": "points", "points": "points", "time": "times", "times": "times"}

NOTHING = frozenset({"null", "NULL", "Null", "nil", "NIL", "None", "undefined"})

OPERANDS_END = frozenset({"true", "false", "blank", "otherwise", "at"})

# What people write, in one word or two, and the words of the language that they may mean by it.
SYNONYMS = {
    "if": ("when",),
    "where": ("when",),
    "for": ("when",),
    "elif": ("when",),
    "elsif": ("when",),
    "elseif": ("when",),
    "else": ("otherwise",),
    "default": ("otherwise",),
    "then": ("do", "implies"),
    "max": ("cap", "at most"),
    "maximum": ("cap", "at most"),
    "atmost": ("at most",),
    "up to": ("at most",),
    "min": ("floor",),
    "minimum": ("floor",),
    "above": ("from",),
    "over": ("from",),
    "to": ("until", "with"),
    "upto": ("until", "at most"),
    "includes": ("contains",),
    "include": ("contains",),
    "contain": ("contains",),
    "imply": ("implies",),
    "like": ("contains",),
    "begins": ("starts",),
    "per": ("each",),
    "every": ("each", "per"),
    "each": ("per", "every"),
    "goto": ("move",),
    "enrol": ("enroll",),
    "add": ("enroll",),
    "empty": ("blank",),
    "missing": ("blank",),
    "null": ("blank",),
    "exists": ("is not blank",),
    "isnt": ("is not",),
    "except": ("unless",),
    "desc": ("descending",),
    "asc": ("ascending",),
    "automatic": ("auto",),
    "limit": ("at",),
    "in": ("within", "after"),
    "sort": ("order",),
    "using": ("by",),
    "via": ("by",),
}

# What people begin a block with, and the block that says such things.
BLOCK_SYNONYMS = {
    word: block
    for block, words in {
        "trigger": ("when", "if", "on", "workflow", "automation", "enroll", "notify", "task", "send"),
        "route": ("assign", "routing", "assignment", "distribute", "dispatch"),
        "sequence": ("cadence", "campaign", "flow", "journey", "playbook", "nurture", "steps"),
        "define": ("var", "let", "const", "set", "formula", "variable", "field", "def"),
        "segment": ("audience", "filter", "view", "cohort"),
        "band": ("grade", "tier", "threshold", "thresholds", "label", "labels", "rating"),
        "score": ("rule", "rules", "points", "scoring", "model", "add"),
        "stages": ("lifecycle", "pipeline", "status"),
    }.items()
    for word in words
}

_NAME = re.compile(r"[^\W\d]\w*")
_MARKS = frozenset({"Mn", "Mc"})


def is_name(text: str) -> bool:
    """Whether a text can stand as a name without backquotes."""
    letters = text if text.isascii() else "".join(c for c in text if unicodedata.category(c) not in _MARKS)
    return _NAME.fullmatch(letters) is not None and text[0] == letters[0] and text not in RESERVED


def time_ago(duration: str) -> str:
    """`3 hours` back from now, `30 days` back from today: hours before midnight are asked by nobody."""
    return f"{'now' if duration.rpartition(' ')[2] in CLOCK_UNITS else 'today'} - {duration}"
