"""The canonical layout of a rule file.

In: a rule file. Out: its text laid out, and what is wrong with its syntax. A block that does not read stays as it is, on
whole lines. The result is read again: if a comment were lost, a meaning changed, or a second pass would change it once
more, the text is refused. Reads and writes no file; how one block looks is said in syntax/layout.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter

from leadrules.core.diagnostics import Diagnostic
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.blocks import Block, Splitter
from leadrules.syntax.layout import NEWLINE, blank_between, ends_line, lay_out, rule_starts
from leadrules.syntax.nodes import Module
from leadrules.syntax.parse import parse, refuse
from leadrules.syntax.tokenize import tokenize
from leadrules.syntax.tokens import Token

MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Formatted:
    """The text in its canonical layout; `findings` of the blocks left as they are; `refused`: why nothing is changed."""

    text: str
    findings: tuple[Diagnostic, ...] = ()
    refused: str = ""


@dataclass(slots=True)
class _Part:
    """A block with the places where its rules begin, a comment between blocks, or a stretch that stays as it is."""

    start: int
    end: int
    block: Block | None = None
    rules: set[int] | None = None
    raw: bool = False


def format_file(file: SourceFile) -> Formatted:
    """A file in its canonical layout. The text is unchanged where it cannot be read or where laying out would harm."""
    module, findings = parse(file)
    if refuse(file) is not None:
        return Formatted(file.text, tuple(findings))
    text = _laid_out(file, findings)
    harm = _harm(file, module, findings, text)
    return Formatted(file.text if harm else text, tuple(findings), harm)


def _harm(file: SourceFile, module: Module, findings: list[Diagnostic], text: str) -> str:
    """Why a layout is refused; empty if nothing speaks against it."""
    if text == file.text:
        return ""
    other = SourceFile(file.path, text)
    again, found = parse(other)
    if _remarks(again) != _remarks(module):
        return "a comment would be lost"
    if module.statements != again.statements or Counter(f.code for f in findings) != Counter(f.code for f in found):
        return "the rules would no longer mean the same"
    return "" if _laid_out(other, found) == text else "a second pass would change the text again"


def _remarks(module: Module) -> Counter[str]:
    """The comments as they are; what no `#` starts stays a mistake, and space counts for nothing where it runs to the end."""
    texts = (comment.text for comment in module.comments)
    return Counter(text if text.startswith("#") else " ".join(text.split()) for text in texts)


def _laid_out(file: SourceFile, findings: list[Diagnostic]) -> str:
    """The text of a file in its layout."""
    cut = tokenize(file)
    splitter = Splitter(file, list(cut.tokens))
    parts = _parts(file, splitter.run(), cut.tokens, cut.comments)
    parts = _keep_broken(file, parts, findings)
    starts = [comment.start for comment in cut.comments]
    lines: list[str] = []
    before: _Part | None = None
    for part in _joined(file, parts):
        if before is not None and blank_between(file, before.end, part.start):
            lines.append("")
        lines += _part_lines(file, part, cut.comments, starts)
        before = part
    if lines and lines[0].startswith(MARK):
        lines.insert(0, "")  # at the very beginning it would be a byte order mark, and no mistake any more
    newline = "\r\n" if _first_newline(file.text) == "\r\n" else "\n"
    return "".join(line + newline for line in lines)


def _first_newline(text: str) -> str:
    found = NEWLINE.search(text)
    return found[0] if found else "\n"


def _parts(file: SourceFile, blocks: list[Block], tokens: list[Token], comments: list[Span]) -> list[_Part]:
    """What the file is made of, in order: blocks with the comments inside and behind them, the rest by itself."""
    parts = _with_strays([_block_part(block) for block in blocks], blocks, tokens)
    starts = [part.start for part in parts]
    alone: list[_Part] = []
    for comment in comments:
        at = bisect_right(starts, comment.start) - 1
        before = parts[at] if at >= 0 else None
        if before is None or (before.end <= comment.start and not _follows(file, before, comment)):
            alone.append(_Part(comment.start, comment.end))
        else:
            before.end = max(before.end, comment.end)
    return sorted([*parts, *alone], key=lambda part: part.start)


def _with_strays(parts: list[_Part], blocks: list[Block], tokens: list[Token]) -> list[_Part]:
    """The blocks with the tokens that are in none: one amid a block keeps it as it is, another is a part by itself."""
    known = {token.start for block in blocks for token in block.tokens}
    starts = [part.start for part in parts]
    strays: list[_Part] = []
    for token in tokens:
        if token.start in known:
            continue
        at = bisect_right(starts, token.start) - 1
        if at >= 0 and token.start < parts[at].end:
            parts[at].raw = True
        else:
            strays.append(_Part(token.start, token.end, raw=True))
    return sorted([*parts, *strays], key=lambda part: part.start)


def _block_part(block: Block) -> _Part:
    """Also where findings are no longer kept, what does not read stays as it is."""
    rules = None if block.damaged else rule_starts(block)
    return _Part(block.tokens[0].start, max(t.end for t in block.tokens), block, rules, raw=rules is None)


def _follows(file: SourceFile, part: _Part, comment: Span) -> bool:
    """Whether a comment stands behind a part, on its last line."""
    return ends_line(file, comment) and NEWLINE.search(file.text, part.end, comment.start) is None


def _keep_broken(file: SourceFile, parts: list[_Part], findings: list[Diagnostic]) -> list[_Part]:
    """The parts, marked what stays as it is: whatever shares a line with a finding, or with something that stays. A sign
    that is no token, alone on its line, is a part of its own."""
    lines = [_line_range(file, part.start, part.end) for part in parts]
    alone: list[_Part] = []
    for found in findings:
        wrong = _line_range(file, found.span.start, found.span.end)
        touched = [
            part
            for part, place in zip(parts, lines, strict=True)
            if place.start < wrong.stop and wrong.start < place.stop
        ]
        for part in touched:
            part.raw = True
        if not touched and found.span.text:
            alone.append(_Part(found.span.start, found.span.end, raw=True))
    for order in (range(1, len(parts)), range(len(parts) - 1, 0, -1)):
        for at in order:
            if lines[at].start < lines[at - 1].stop and (parts[at].raw or parts[at - 1].raw):
                parts[at].raw = parts[at - 1].raw = True
    return sorted([*parts, *alone], key=lambda part: part.start)


def _line_range(file: SourceFile, start: int, end: int) -> range:
    return range(file.position(start)[0], file.position(max(start, end))[0] + 1)


def _joined(file: SourceFile, parts: list[_Part]) -> list[_Part]:
    """The parts, those that stay and share a line being one."""
    found: list[_Part] = []
    for part in parts:
        last = found[-1] if found else None
        if last and last.raw and part.raw and file.position(last.end)[0] == file.position(part.start)[0]:
            last.end = max(last.end, part.end)
        else:
            found.append(part)
    return found


def _part_lines(file: SourceFile, part: _Part, comments: list[Span], starts: list[int]) -> list[str]:
    """The lines of a part."""
    if part.raw:
        end = part.start + len(file.text[part.start : part.end].rstrip())
        return [file.line(number) for number in _line_range(file, part.start, end)]
    if part.block is None or part.rules is None:
        return [file.text[part.start : part.end]]
    inside = comments[bisect_left(starts, part.start) : bisect_left(starts, part.end)]
    return lay_out(file, part.block, part.rules, inside)
