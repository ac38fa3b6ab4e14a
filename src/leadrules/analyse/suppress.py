"""Comments that silence findings: `# leadrules: ignore LR203 until 2026-12-31 because partner deals overlap`.

In: findings, the rule files with their comments, today's date (None: nothing has expired). Out: the findings that are
left, with one for each comment that is malformed, expired, or silences nothing. Errors are never silenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from leadrules.core.codes import finding
from leadrules.core.diagnostics import Diagnostic, Edit, Fix
from leadrules.core.records import dataclass
from leadrules.core.source import SourceFile, Span
from leadrules.syntax.nodes import Module

_MARK = re.compile(r"[#＃]\s*leadrules\s*:\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_FORM = re.compile(
    r"ignore\s+(?P<codes>LR\d{3}(?:\s*,\s*LR\d{3})*)(?:\s+until\s+(?P<until>\S+))?\s+because\s+(?P<reason>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_WAY = "write `# leadrules: ignore LR203 because ...`, or with `until 2026-12-31` before `because`"
_SILENCED = re.compile(r"LR2[0-8]\d")


@dataclass(frozen=True, slots=True)
class Mark:
    """One code of a comment that silences: on which lines of its file, and until which day."""

    span: Span
    code: str
    lines: range
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that a comment silences, and the reason it gives."""

    finding: Diagnostic
    reason: str
    comment: Span


def silence(
    findings: Iterable[Diagnostic], modules: Sequence[Module], *, today: date | None, asked: frozenset[str]
) -> tuple[list[Diagnostic], list[Silenced]]:
    """The findings that are left, and those that are not. `asked` are the codes that could be found; marks of others are let be."""
    marks: list[Mark] = []
    left: list[Diagnostic] = []
    silenced: list[Silenced] = []
    for module in modules:
        if "leadrules" in module.file.text.lower():
            for one in _read(module):
                (marks if isinstance(one, Mark) else left).append(one)  # type: ignore[arg-type]
    valid = [mark for mark in marks if not _expired(mark, today)]
    used: set[int] = set()
    for found in findings:
        by = [mark for mark in valid if _silences(mark, found)]
        used.update(id(mark) for mark in by)
        if by:
            silenced.append(Silenced(found, by[0].reason, by[0].span))
        else:
            left.append(found)
    left += (_told_expired(mark) for mark in marks if _expired(mark, today))
    left += (_told_unused(mark) for mark in valid if id(mark) not in used and mark.code in asked)
    return left, silenced


def _expired(mark: Mark, today: date | None) -> bool:
    return today is not None and mark.until is not None and mark.until < today


def _silences(mark: Mark, found: Diagnostic) -> bool:
    if found.severity == "error" or found.code != mark.code or found.span.file.path != mark.span.file.path:
        return False
    return found.span.file.position(found.span.start)[0] in mark.lines


def _read(module: Module) -> Iterator[Mark | Diagnostic]:
    for comment in module.comments:
        match = _MARK.match(comment.text)
        if match is None:
            continue
        form = _FORM.fullmatch(match["rest"].strip())
        until = _day(form["until"]) if form else None
        if form is None or (form["until"] and until is None):
            words = "this suppression cannot be read: it has no code, no reason, or no date after `until`"
            yield finding("LR290", comment, words, help=_WAY)
            continue
        lines = _lines(module, comment)
        for code in (part.strip().upper() for part in form["codes"].split(",")):
            if _SILENCED.fullmatch(code):
                yield Mark(comment, code, lines, until, form["reason"])
            else:
                words = f"{code} cannot be silenced: only what the analysis doubts can, LR201 to LR289"
                yield finding("LR290", comment, words, help="mend what it is about, and delete the comment")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


def _lines(module: Module, comment: Span) -> range:
    """The lines that a comment speaks of: its own, or the next with code on it; or the whole block that begins there."""
    file = comment.file
    line, column = file.position(comment.start)
    if file.line(line)[: column - 1].strip():
        return range(line, line + 1)
    line = _next_code(file, line + 1)
    for statement in module.statements:
        first = file.position(statement.span.start)[0]
        if first == line:
            return range(line, file.position(statement.span.end)[0] + 1)
    return range(line, line + 1)


def _next_code(file: SourceFile, line: int) -> int:
    last = len(file.line_starts)
    while line < last and (not file.line(line).strip() or file.line(line).lstrip().startswith("#")):
        line += 1
    return line


def _told_expired(mark: Mark) -> Diagnostic:
    words = f"this suppression of {mark.code} ended on {mark.until}: {mark.reason}"
    return finding("LR292", mark.span, words, help="mend what it is about, or give it a new date")


def _told_unused(mark: Mark) -> Diagnostic:
    words = f"nothing here is found as {mark.code}: this suppression is not needed"
    fix = Fix("delete the comment", (Edit(mark.span, ""),))
    return finding("LR291", mark.span, words, help="delete the comment", fixes=(fix,))
