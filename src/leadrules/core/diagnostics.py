"""Findings about a project, as values.

In: a code of the registry (core/codes.py), a place, words. Out: `Diagnostic`, which every renderer reads.
A pass returns its findings; nothing here prints or raises.
"""

from __future__ import annotations

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


def ordered(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The findings by file, place and code: the one order in which they are shown."""
    return sorted(diagnostics, key=lambda d: (d.span.file.path, d.span.start, d.span.end, d.code))
