"""Functions of spreadsheets and CRMs for which rules have words: `AND(a, b)`, `ISPICKVAL(f, "x")`, `EDATE(d, -3)`.

In: a call of a function that does not exist. Out: how it is written here, other such calls inside it included, or None.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import NamedTuple

from leadrules.compile.references import CLOCK
from leadrules.compile.scope import Place, Scope
from leadrules.syntax import nodes as n

_FOR_BLANK = frozenset({"isnull", "is_null", "isblank", "is_blank", "isempty", "is_empty", "empty", "blank"})
_TESTS = MappingProxyType(
    {
        "contains": "contains",
        "includes": "contains",
        "begins": "starts with",
        "beginswith": "starts with",
        "startswith": "starts with",
        "endswith": "ends with",
        "regex": "matches",
        "regexmatch": "matches",
        "ispickval": "=",
    }
)
_PLUS_MONTHS = frozenset({"edate", "addmonths"})
_JOINED_BEFORE = re.compile(r"(\b(and|or|not)|(?<!\w)[<>!]?=|[<>])\s*$")
_DEFINES = re.compile(r"\bdefine\s+\S+\s*=\s*$")
_JOINED_AFTER = re.compile(r"\s*((and|or)\b|[=!<>])")


class Words(NamedTuple):
    """How something is written: `kind` is `and` or `or` for what these join, `test` for what a sign or word makes, and
    `value` for what stands anywhere."""

    text: str
    kind: str

    def within(self, *kinds: str) -> str:
        """The text where these kinds need no brackets."""
        return self.text if self.kind in ("value", *kinds) else f"({self.text})"


def in_words(scope: Scope, node: n.Call, place: Place) -> str | None:
    """How the call is written here, in brackets where what stands around it needs them."""
    words = _called(scope, node, place)
    if words is None:
        return None
    before, after = node.span.file.text[: node.span.start], node.span.file.text[node.span.end :]
    is_joined = _JOINED_AFTER.match(after) or (_JOINED_BEFORE.search(before[-20:]) and not _DEFINES.search(before))
    is_compared = after.lstrip(" \t").startswith(("=", "!="))
    is_factor = before.rstrip().endswith(("-", "*", "/")) or after.lstrip().startswith(("*", "/"))
    return words.within(
        *(() if is_factor else ("sum",)), *(() if is_compared else ("test",)), *(() if is_joined else ("and", "or"))
    )


def _called(scope: Scope, node: n.Call, place: Place) -> Words | None:
    name, given = node.function.key.lower(), [_words(scope, one, place) for one in node.arguments]
    if name in ("and", "or") and given:
        return Words(f" {name} ".join(one.within("test", name) for one in given), name)
    if (
        name == "sum"
        and len(given) > 1
        and not any(scope.is_event(one.span.text.partition(".")[0]) for one in node.arguments)
    ):
        return Words(" + ".join(one.within() for one in given), "sum")
    match given:
        case []:
            return Words(name, "value") if name in CLOCK else None
        case [asked]:
            return _of_one(name, asked)
        case [subject, value] if name in _TESTS:
            test = "has" if name == "includes" and _is_set(scope, node.arguments[0], place) else _TESTS[name]
            test = "is blank" if (test, value.text) == ("=", '""') else f"{test} {value.within()}"
            return Words(f"{subject.within()} {test}", "test")
        case [day, count] if name in _PLUS_MONTHS and re.fullmatch(r"[-+]?\d+", count.text):
            months = abs(int(count.text))
            sign, unit = "-" if count.text.startswith("-") else "+", "month" if months == 1 else "months"
            return Words(f"{day.within()} {sign} {months} {unit}", "test")
    return None


def _of_one(name: str, asked: Words) -> Words | None:
    """`ISBLANK(f)`, `NOT(c)`, `TEXT(f)`."""
    if name in _FOR_BLANK:
        return Words(f"{asked.within()} is blank", "test")
    if name == "not":
        subject = asked.text.removesuffix(" is blank")
        is_blank = asked.kind == "test" and subject != asked.text
        return Words(f"{subject} is not blank" if is_blank else f"not {asked.within('test')}", "test")
    return asked if name == "text" else None


def _words(scope: Scope, node: n.Expression, place: Place) -> Words:
    """An expression as it is written, with the calls in it that are written otherwise."""
    if isinstance(node, n.Call) and (words := _called(scope, node, place)) is not None:
        return words
    text, pieces, end = node.span.file.text, [], node.span.start
    calls = (one for one in n.walk(node) if isinstance(one, n.Call) and one is not node)
    for call in sorted(calls, key=lambda call: call.span.start):
        words = _called(scope, call, place) if call.span.start >= end else None
        if words is not None:
            pieces += [text[end : call.span.start], words.within()]
            end = call.span.end
    pieces.append(text[end : node.span.end])
    return Words("".join(pieces), _kind(node))


def _kind(node: n.Expression) -> str:
    if isinstance(node, n.And | n.Or):
        return "and" if isinstance(node, n.And) else "or"
    is_joined = isinstance(node, n.Compare | n.Between | n.In | n.TextTest | n.IsBlank | n.IsLabel | n.Not | n.Did)
    return "test" if is_joined or isinstance(node, n.Sum | n.Product) else "value"


def _is_set(scope: Scope, node: n.Expression, place: Place) -> bool:
    """Whether a name stands for a set."""
    return isinstance(node, n.Name | n.Member) and scope.expression(node, place=place).type.kind == "set"
