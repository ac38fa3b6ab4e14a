"""Findings as JUnit XML: one suite a file, one case a finding.

In: findings, the files that were looked at, and whether warnings count. Out: the document. A failure is what makes `check`
exit with 1; what does not is a skipped case that says what it is; a file without findings is one case that passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from leadrules.core.diagnostics import Diagnostic, ordered
from leadrules.show.junit import Case, Outcome, Suite, junit
from leadrules.show.places import Places
from leadrules.show.text import full


def findings_junit(
    diagnostics: Iterable[Diagnostic], files: Iterable[str], places: Places, at: datetime, *, strict: bool = False
) -> str:
    """The document; `files` are those that were read, with or without findings."""
    found: dict[str, list[Diagnostic]] = {path: [] for path in files}
    for one in ordered(list(diagnostics)):
        found.setdefault(one.span.file.path, []).append(one)
    suites = [
        Suite(places.path(path), [_case(one, strict) for one in own] or [Case("no findings")])
        for path, own in sorted(found.items())
    ]
    return junit(suites, at)


def _case(found: Diagnostic, strict: bool) -> Case:
    line, column = found.span.file.position(found.span.start)
    objected = found.severity == "error" or (strict and found.severity == "warning")
    outcome: Outcome = "failure" if objected else "skipped"
    return Case(f"{found.code} {line}:{column}", outcome, found.severity, found.message, full(found))
