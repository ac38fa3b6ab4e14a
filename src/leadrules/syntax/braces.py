"""Braces that a slip of the hand put in or took away.

In: the tokens of a file. Out: the tokens with the braces that were meant, and a finding for each: one too many in the
middle of a rule line, none after a block's or a group's first line, none at the end of a group. A block is judged by its
own tokens; where they do not say which brace is meant, they stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.tokenize import mark_labels
from leadrules.syntax.tokens import Token
from leadrules.syntax.words import BLOCKS, BRACED, RESERVED, WORDS_BEFORE

_BRACES = ("LBRACE", "RBRACE")
_AFTER_NAME = ("of", "from", "order", "on", "sets")  # what goes on after a block's name: `band band of fit`
_NO_RULES = ("group", "floor", "cap", "count")


def balanced(
    file: SourceFile, tokens: list[Token], at_margin: Callable[[Token], bool]
) -> tuple[list[Token], list[Diagnostic]]:
    """The tokens with the braces that were meant, and what was wrong with them."""
    out: list[Token] = []
    findings: list[Diagnostic] = []
    for region in _regions(tokens, at_margin):
        if is_doubled(region):
            findings.append(_doubled(file, region.pop(1)))
        mended = _mended(file, region, at_margin)
        out += mended[0] if mended else region
        findings += [mended[1]] if mended and mended[1] else []
    if len(out) != len(tokens):
        mark_labels(out)
    return out, findings


def _mended(
    file: SourceFile, region: list[Token], at_margin: Callable[[Token], bool]
) -> tuple[list[Token], Diagnostic | None] | None:
    """One block with the brace that was meant, if its braces are wrong and it is clear how."""
    braces = [index for index, token in enumerate(region) if token.kind in _BRACES]
    if not braces or region[0].text not in BLOCKS or region[0].label:
        return None
    if region[0].text not in BRACED:
        stray = _stray_outside(region, braces)
        return _without(file, region, stray) if stray is not None else None
    surplus = sum(1 if region[at].kind == "LBRACE" else -1 for at in braces)
    if surplus == 1:
        return _too_many_opened(file, region, braces, at_margin)
    return _too_many_closed(file, region, braces) if surplus == -1 else None


def _too_many_opened(
    file: SourceFile, region: list[Token], braces: list[int], at_margin: Callable[[Token], bool]
) -> tuple[list[Token], Diagnostic | None] | None:
    groups = {_header_end(region, at): at for at in _groups(region)}
    stray = next((at for at in braces[1:] if region[at].kind == "LBRACE" and at not in groups), None)
    if stray is not None:
        return _without(file, region, stray)
    if not groups or not (region[-1].kind == "RBRACE" and at_margin(region[-1])):
        return None
    for opened, group in groups.items():
        end = next((at for at in range(opened + 1, len(region)) if _ends_group(region, at)), len(region))
        if end < len(region) and region[end].kind == "RBRACE" and end < len(region) - 1:
            continue
        return _closed(file, region, group, opened, min(end, len(region) - 1))
    return None


def _too_many_closed(
    file: SourceFile, region: list[Token], braces: list[int]
) -> tuple[list[Token], Diagnostic | None] | None:
    body = next((at for at in range(1, len(region)) if region[at].first or region[at].label), len(region))
    if braces[0] > body:
        return _opened(file, region, body) if body < len(region) else None
    for group in _groups(region):
        end = _header_end(region, group)
        if end < len(region) and region[end].kind != "LBRACE":
            return _opened(file, region, end)
    if region[braces[0]].kind != "LBRACE":
        return None
    if braces[-1] == braces[-2] + 1:
        return None
    closing = [at for at in braces if region[at].kind == "RBRACE" and not region[at].first]
    stray = next((at for at in closing if _goes_on(region, at)), next(iter(closing), None))
    return _without(file, region, stray) if stray is not None else None


def is_doubled(region: list[Token]) -> bool:
    """Whether a block's keyword stands twice before its name."""
    if len(region) < 3 or region[0].text != region[1].text or region[0].text not in BLOCKS or region[1].label:
        return False
    name = region[2]
    if region[1].kind == "NAME" or (name.kind == "WORD" and name.text in _AFTER_NAME):
        return False
    named = name.kind == "STRING" if region[0].text == "test" else name.kind in ("WORD", "NAME")
    return named and name.text not in RESERVED and not (region[1].first or name.first)


def _doubled(file: SourceFile, token: Token) -> Diagnostic:
    span = Span(file, token.start, token.end)
    fixes = (Fix("remove it", (Edit(span, ""),)),)
    return finding("LR026", span, f"`{token.text}` stands twice", help="leave it out", fixes=fixes)


def _stray_outside(region: list[Token], braces: list[int]) -> int | None:
    """The only brace of a block that has none."""
    only = braces[0]
    inside = region[only].kind == "LBRACE" or _goes_on(region, only)
    return only if len(braces) == 1 and not region[only].first and inside else None


def _groups(region: list[Token]) -> list[int]:
    """Where a group of a score begins."""
    if region[0].text != "score":
        return []
    lines = (at for at in range(1, len(region) - 1) if region[at].text == "group" and region[at].kind == "WORD")
    return [at for at in lines if region[at].first and not region[at].label and region[at + 1].kind in ("WORD", "NAME")]


def _header_end(region: list[Token], group: int) -> int:
    """The index after a group's first line: of its `{`, if there is one."""
    at = group + 1
    while at < len(region) and region[at].kind in ("WORD", "NAME", "STRING", "INT", "NUMBER"):
        if region[at].label or (region[at].first and at > group + 1):
            break
        at += 1
    return at


def _ends_group(region: list[Token], at: int) -> bool:
    token = region[at]
    return token.kind == "RBRACE" or (token.first and token.text in _NO_RULES and not token.label)


def _without(file: SourceFile, region: list[Token], stray: int) -> tuple[list[Token], Diagnostic]:
    token = region[stray]
    span = Span(file, token.start, token.end)
    message = f"this `{token.text}` is one too many"
    fixes = (Fix("remove it", (Edit(span, ""),)),)
    found = finding("LR026", span, message, help="leave it out", fixes=fixes)
    if token.first and stray + 1 < len(region):
        region[stray + 1].first = True
    return region[:stray] + region[stray + 1 :], found


def _opened(file: SourceFile, region: list[Token], at: int) -> tuple[list[Token], Diagnostic | None]:
    """The block with a `{` before a token; one that an open text has swallowed is told with that."""
    before = region[at - 1]
    brace = Token("LBRACE", "{", before.end, before.end)
    if before.spoils and "{" in before.text:
        return [*region[:at], brace, *region[at:]], None
    end = Span(file, before.end, before.end)
    place = Span(file, before.start, before.end)
    message = f"`{{` is missing after `{place.text}`"
    fixes = (Fix("insert `{`", (Edit(end, " {"),)),)
    found = finding("LR025", place, message, help=f"write `{{` after `{place.text}`", fixes=fixes)
    return [*region[:at], brace, *region[at:]], found


def _closed(file: SourceFile, region: list[Token], group: int, opened: int, at: int) -> tuple[list[Token], Diagnostic]:
    """The block with a `}` before a token, for a group that is never closed."""
    brace, before = region[opened], region[at - 1]
    name = region[group + 1].text
    fixes = (Fix("close it", (Edit(Span(file, before.end, before.end), "\n  }"),)),)
    message = f"the `{{` of group `{name}` is never closed"
    found = finding("LR022", Span(file, brace.start, brace.end), message, help="close the group with `}`", fixes=fixes)
    return [*region[:at], Token("RBRACE", "}", before.end, before.end, first=True), *region[at:]], found


def _regions(tokens: list[Token], at_margin: Callable[[Token], bool]) -> Iterator[list[Token]]:
    """The tokens from one block's first line to the next. Only inside braces a block's keyword may be the name that the word
    before it asks for."""
    start = depth = 0
    for index, token in enumerate(tokens):
        begins = token.kind == "WORD" and token.text in BLOCKS and not token.label and at_margin(token)
        is_free = depth <= 0 or (index > 0 and tokens[index - 1].text not in WORDS_BEFORE)
        if index > start and begins and is_free and _named(tokens, index):
            yield tokens[start:index]
            start, depth = index, 0
        depth += (token.kind == "LBRACE") - (token.kind == "RBRACE")
    yield tokens[start:]


def _named(tokens: list[Token], index: int) -> bool:
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    return after is not None and (
        after.kind in ("NAME", "STRING") or (after.kind == "WORD" and _is_name(tokens, index))
    )


def _is_name(tokens: list[Token], index: int) -> bool:
    after = tokens[index + 1].text
    return after == "all" if tokens[index].text == "exit" else after not in RESERVED


def _goes_on(region: list[Token], at: int) -> bool:
    """Whether more than braces stands behind a brace on its line."""
    after = region[at + 1] if at + 1 < len(region) else None
    return after is not None and not after.first and after.kind != "RBRACE"
