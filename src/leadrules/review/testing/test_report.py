"""Results of tests as text, as JSON and as JUnit XML.

In: results and the rule files. Out: text for a terminal, the document of docs/schemas/test.schema.json, or one for CI servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from leadrules.core.calendar import Calendar
from leadrules.core.source import SourceFile
from leadrules.engine.row import Seen
from leadrules.review.testing.testing import Failure, TestResult, source_text, value_text
from leadrules.ruleset.model import Ruleset
from leadrules.show.junit import Case, Suite, junit
from leadrules.show.machine import dump
from leadrules.show.text import width

FORMAT_VERSION = 1
PLAIN = ("const", "duration")  # a literal's value is its text
GREEN, RED, DIM, RESET = "\x1b[32m", "\x1b[1;31m", "\x1b[2m", "\x1b[0m"

Files = Mapping[str, SourceFile]


def results_text(
    results: Sequence[TestResult], files: Files, ruleset: Ruleset, *, colour: bool = False, quiet: bool = False
) -> str:
    """One line a test, each failure with what its parts saw, and the count."""
    green, red, dim, reset = (GREEN, RED, DIM, RESET) if colour else ("", "", "", "")
    lines: list[str] = []
    for result in results:
        if result.passed:
            if not quiet:
                lines.append(f"{green}ok{reset}    {result.title}{_default_note(result, dim, reset)}")
            continue
        lines.append(
            f"{red}FAIL{reset}  {result.title}  {dim}{_place(result.span)}{reset}{_default_note(result, dim, reset)}"
        )
        for failure in result.failures:
            lines += ["      " + line for line in _failure(failure, files, ruleset)]
    passed = sum(result.passed for result in results)
    if results:
        failed = len(results) - passed
        lines.append(f"{passed} passed" + (f", {red}{failed} failed{reset}" if failed else ""))
    return "".join(line + "\n" for line in lines)


def _default_note(result: TestResult, dim: str, reset: str) -> str:
    return f"  {dim}(as of 2026-01-01T00:00, for the test states none){reset}" if result.at_default else ""


def _place(span: Mapping[str, Any] | None) -> str:
    return f"{span['path']}:{span['line']}" if span else ""


def _failure(failure: Failure, files: Files, ruleset: Ruleset) -> Iterator[str]:
    if failure.remark:
        yield f"{_place(failure.span)}  {failure.remark}"
        return
    rows = list(_values(failure, files, ruleset))
    yield f"{_place(failure.span)}  {_expected(rows)}"
    widest = max((width(row["text"]) + 2 * row["depth"] for row in rows), default=0)
    for row in rows:
        pad = " " * (widest - width(row["text"]) - 2 * row["depth"])
        yield f"  {'  ' * row['depth']}{row['text']}{pad}  -> {row['value']}"
    for text in failure.lines.values():
        yield f"  from {text}"


def _expected(rows: Sequence[Mapping[str, Any]]) -> str:
    return f"expected: {rows[0]['text'] if rows else ''}"


def _values(failure: Failure, files: Files, ruleset: Ruleset) -> Iterator[dict[str, Any]]:
    calendar = Calendar(ruleset.settings.timezone)
    shown: set[tuple[str, str]] = set()
    for seen in _with_words_of_its_own(failure.seen):
        if seen.expr.op in PLAIN:
            continue
        text, value = source_text(seen.expr, files), value_text(seen.value, seen.expr.type, calendar)
        if (text, value) not in shown:
            shown.add((text, value))
            yield {"text": text, "value": value, "depth": seen.depth}


def _with_words_of_its_own(seen: Iterable[Seen]) -> Iterator[Seen]:
    """The parts without the positive form inside a negation that is one piece of text: `!=`, `is not blank`, `never E`.

    It has only the words of the negation, of which it would say the contrary. What is below it moves up.
    """
    whole: Seen | None = None
    unsaid: list[int] = []  # the depths of the forms left out that the part is below
    for part in seen:
        while unsaid and unsaid[-1] >= part.depth:
            unsaid.pop()
        is_inside = whole is not None and whole.expr.op == "not" and part.depth == whole.depth + 1
        if is_inside and whole is not None and part.expr.span == whole.expr.span:
            unsaid.append(part.depth)
        else:
            yield replace(part, depth=part.depth - len(unsaid))
        whole = part


def results_json(
    results: Sequence[TestResult], files: Files, ruleset: Ruleset, parts: Mapping[str, Any] | None = None
) -> str:
    """The document. `parts`: what was asked for beside the results, `coverage` and `mutants`."""
    tests = [
        {
            "title": result.title,
            "path": (result.span or {}).get("path", ""),
            "line": (result.span or {}).get("line", 1),
            "passed": result.passed,
            "at_default_time": result.at_default,
            "failures": [_failure_json(failure, files, ruleset) for failure in result.failures],
        }
        for result in results
    ]
    passed = sum(result.passed for result in results)
    counts = {"passed": passed, "failed": len(results) - passed}
    return dump({"format_version": FORMAT_VERSION, **counts, "tests": tests, **(parts or {})})


def results_junit(results: Sequence[TestResult], files: Files, ruleset: Ruleset, at: datetime) -> str:
    """The results as JUnit XML: a suite per rule file, a case per test. `at`: when they ran."""
    by_file: dict[str, list[Case]] = {}
    for result in results:
        by_file.setdefault((result.span or {}).get("path", ""), []).append(_case(result, files, ruleset))
    return junit([Suite(path, cases) for path, cases in by_file.items()], at)


def _case(result: TestResult, files: Files, ruleset: Ruleset) -> Case:
    if result.passed:
        return Case(result.title)
    lines = [line for failure in result.failures for line in _failure(failure, files, ruleset)]
    return Case(result.title, "failure", "expectation", lines[0], "\n".join(lines))


def _failure_json(failure: Failure, files: Files, ruleset: Ruleset) -> dict[str, Any]:
    span, rows = failure.span or {}, list(_values(failure, files, ruleset))
    return {
        "path": span.get("path", ""),
        "line": span.get("line", 1),
        "column": span.get("column", 1),
        "message": failure.remark or _expected(rows),
        "values": rows,
        "reasons": dict(failure.lines),
    }
