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
    """What reading and compiling found, without the slips of reading that a fix of the compiler writes anew: `==` before a
    label, for which `is` was meant."""
    later = list(compiled)
    edits = [edit for one in later for fix in one.fixes for edit in fix.edits]
    return [one for one in read if not any(_does_as_well(edit, one) for edit in edits)] + later


def _does_as_well(edit: Edit, one: Diagnostic) -> bool:
    """Whether an edit does away with what a finding is about, or with the word that it would put in."""
    over, span = edit.span, one.span
    if over.file is not span.file or not over.start <= span.start < span.end <= over.end:
        return False
    put_in = [added for fix in one.fixes for added in fix.edits if added.span.start == added.span.end]
    is_whole = (over.start, over.end) == (span.start, span.end)
    return is_whole or span.text not in edit.text or any(added.text.strip() not in edit.text for added in put_in)


def ordered(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The findings by file, place and code: the one order in which they are shown."""
    return sorted(diagnostics, key=lambda d: (d.span.file.path, d.span.start, d.span.end, d.code))
