"""The registry of findings: every code with its page.

In: the entries of this package's files, one file per area, and what lints register. Out: `CODES`, and `finding`, the one way to make a
`Diagnostic`. Codes are stable: a number is never used again. LR0xx text, syntax and project files, LR1xx names and
types, LR2xx doubts, LR3xx runs and data, LR4xx tests.
"""

from __future__ import annotations

from leadrules.core.codes import definitions, lifecycle, names, project, syntax
from leadrules.core.codes.entry import Code
from leadrules.core.diagnostics import Diagnostic, Fix, Related
from leadrules.core.source import Span

CODES: dict[str, Code] = {
    code.id: code
    for entries in (syntax.ENTRIES, project.ENTRIES, names.ENTRIES, definitions.ENTRIES, lifecycle.ENTRIES)
    for code in entries
}


def register(code: Code) -> None:
    """Take up a code that stands beside what finds it: the lints of analyse/, whose docstrings are their pages."""
    assert CODES.get(code.id, code) == code, f"{code.id} is taken"
    CODES[code.id] = code


def finding(
    code: str,
    span: Span,
    message: str,
    *,
    label: str = "",
    help: str = "",
    related: tuple[Related, ...] = (),
    fixes: tuple[Fix, ...] = (),
    notes: tuple[str, ...] = (),
) -> Diagnostic:
    """A finding with the severity that the registry gives its code. Raises KeyError for a code that is not registered."""
    return Diagnostic(code, CODES[code].severity, message, span, label, help, related, fixes, notes)
