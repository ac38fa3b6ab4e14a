"""Findings as SARIF 2.1.0, for code scanning and editors.

In: findings, those that comments silence with their reasons, the page of each code, and where the project lies in its
repository. Out: one log with one run. Columns count code points; what is silenced is told as suppressed, not left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from leadrules.core.codes import CODES
from leadrules.core.codes.entry import Code
from leadrules.core.diagnostics import Diagnostic, Fix, ordered
from leadrules.core.source import SourceFile, Span
from leadrules.show.machine import dump
from leadrules.show.places import Places

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
# The fingerprint by which GitHub follows a finding from commit to commit; what reads the log there works out the same.
WINDOW, FACTOR, WORD, END = 100, 37, 1 << 64, 0xFFFF

Excused = tuple[Diagnostic, str]  # a finding and the reason for which it is silenced


def sarif(
    diagnostics: Iterable[Diagnostic],
    *,
    version: str,
    page: Callable[[Code], str],
    places: Places,
    silenced: Sequence[Excused] = (),
) -> str:
    """The log. `page` gives the Markdown page of a code."""
    reasons = {id(found): reason for found, reason in silenced}
    findings = ordered([*diagnostics, *(found for found, _ in silenced)])
    codes = sorted({found.code for found in findings})
    prints: dict[str, list[str]] = {}
    results = []
    for found in findings:
        result = _result(found, codes.index(found.code), places)
        file = found.span.file
        if file.text:
            if file.path not in prints:
                prints[file.path] = fingerprints(file.text)
            line = file.position(found.span.start)[0]
            result["partialFingerprints"] = {"primaryLocationLineHash": prints[file.path][line - 1]}
        if id(found) in reasons:
            result["suppressions"] = [{"kind": "inSource", "justification": reasons[id(found)]}]
        results.append(result)
    driver = {"name": "leadrules", "version": version, "rules": [_rule(CODES[code], page) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "results": results,
    }
    return dump({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: Code, page: Callable[[Code], str]) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": code.slug,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.why.strip()},
        "help": {"text": code.why.strip(), "markdown": page(code)},
        "defaultConfiguration": {"level": LEVELS[code.severity]},
    }


def _result(found: Diagnostic, index: int, places: Places) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": LEVELS[found.severity],
        "message": {"text": "\n".join(part for part in (found.message, found.help, *found.notes) if part)},
        "locations": [{"physicalLocation": _physical(found.span, places)}],
    }
    if found.related:
        result["relatedLocations"] = [
            {"id": at, "physicalLocation": _physical(one.span, places), "message": {"text": one.message}}
            for at, one in enumerate(found.related, start=1)
        ]
    if found.fixes:
        result["fixes"] = [_fix(fix, places) for fix in found.fixes]
    return result


def _physical(span: Span, places: Places) -> dict[str, Any]:
    return {"artifactLocation": _artifact(span.file, places), "region": _region(span)}


def _artifact(file: SourceFile, places: Places) -> dict[str, str]:
    uri, is_absolute = places.uri(file.path)
    return {"uri": uri} if is_absolute else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> dict[str, int]:
    place = span.as_json()
    return {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }


def _fix(fix: Fix, places: Places) -> dict[str, Any]:
    edits = sorted(fix.edits, key=lambda edit: (edit.span.file.path, edit.span.start))
    changes = []
    for _, of_file in groupby(edits, key=lambda edit: edit.span.file.path):
        own = list(of_file)
        replacements = [{"deletedRegion": _region(e.span), "insertedContent": {"text": e.text}} for e in own]
        changes.append({"artifactLocation": _artifact(own[0].span.file, places), "replacements": replacements})
    return {"description": {"text": fix.title}, "artifactChanges": changes}


def fingerprints(text: str) -> list[str]:
    """Per line, a hash of the 100 characters from its start on that are no blanks, and how often it came before.

    The characters are UTF-16 units, line ends are one, and the end of the file counts as 65535 and then zeros.
    """
    units, starts = _units(text)
    powers = [pow(FACTOR, WINDOW - 1 - n, WORD) for n in range(WINDOW)]
    seen: dict[int, int] = {}
    found = []
    for start in starts:
        hashed = sum(unit * power for unit, power in zip(units[start : start + WINDOW], powers, strict=False)) % WORD
        seen[hashed] = seen.get(hashed, 0) + 1
        found.append(f"{hashed:x}:{seen[hashed]}")
    return found


def _units(text: str) -> tuple[list[int], list[int]]:
    """The units that count, and where each line begins among them."""
    units: list[int] = []
    starts: list[int] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        starts.append(len(units))
        raw = line.replace(" ", "").replace("\t", "").encode("utf-16-le", "surrogatepass")
        units += [raw[n] | raw[n + 1] << 8 for n in range(0, len(raw), 2)]
        units.append(ord("\n"))
    units[-1] = END
    return units, starts
