"""Findings about a project, as values.

In: a code of the registry (core/codes.py), a place, words. Out: `Diagnostic`, which every renderer reads.
A pass returns its findings; nothing here prints or raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from leadrules.core.records import dataclass
from leadrules.core.source import Span

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text under `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that an editor can offer."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that belongs to a finding: where the other definition stands, what a type comes from."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake or doubt: `message` says what is wrong, `label` stands under the underlined text, `help` is the way out."""

    code: str
    severity: Severity
    message: str
    span: Span
    label: str = ""
    help: str = ""
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()
    notes: tuple[str, ...] = ()


def has_errors(diagnostics: list[Diagnostic]) -> bool:
    """Whether any finding is an error."""
    return any(d.severity == "error" for d in diagnostics)


def told_once(read: Iterable[Diagnostic], compiled: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What reading and compiling found: `==` before a label is told with the label, for which `is` was meant."""
    later = list(compiled)
    return [*not_rewritten(read, later), *later]


def not_rewritten(findings: Iterable[Diagnostic], later: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Slips of reading without those that a fix of a later finding writes anew: a sign, a text without its quotes."""
    edits = [edit for one in later for fix in one.fixes for edit in fix.edits]
    return [one for one in findings if not any(_does_as_well(edit, one) for edit in edits)]


def _does_as_well(edit: Edit, one: Diagnostic) -> bool:
    """Whether an edit does away with what a finding is about, or with what its fix would put in; quotes it puts in itself, and
    in backquotes any sign may stand."""
    over, span = edit.span, one.span
    if over.file is not span.file or not over.start <= span.start < span.end <= over.end:
        return False
    edits = [added for fix in one.fixes for added in fix.edits]
    put_in = [added.text.strip() for added in edits if added.span.start == added.span.end]
    is_whole = (over.start, over.end) == (span.start, span.end)
    is_gone = span.text not in edit.text or any(added not in edit.text for added in put_in)
    is_in_name = edit.text.startswith("`") and edit.text.endswith("`")
    return is_whole or is_gone or is_in_name or any('"' in added.text and added.text in edit.text for added in edits)


def ordered(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The findings by file, place and code: the one order in which they are shown."""
    return sorted(diagnostics, key=lambda d: (d.span.file.path, d.span.start, d.span.end, d.code))
