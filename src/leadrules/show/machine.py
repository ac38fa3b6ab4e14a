"""Findings for other programs.

In: diagnostics. Out: the JSON of commands.md ("Findings as JSON"), schema docs/schemas/findings.schema.json. Lines and
columns from 1, columns in code points, the end exclusive, paths relative to the project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from leadrules.core.diagnostics import Diagnostic, ordered

FORMAT_VERSION = 1


def findings_json(diagnostics: Iterable[Diagnostic]) -> str:
    """The document that `check --format json` prints."""
    document = {"format_version": FORMAT_VERSION, "diagnostics": [as_json(d) for d in ordered(list(diagnostics))]}
    return dump(document)


def dump(document: Any) -> str:
    """JSON as every command prints it: readable, keys in their order, text as it is."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """One finding."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **diagnostic.span.as_json(),
        "help": diagnostic.help,
        "related": [_related(r.span.as_json(), r.message) for r in diagnostic.related],
        "fixes": [
            {"title": fix.title, "edits": [{**edit.span.as_json(), "text": edit.text} for edit in fix.edits]}
            for fix in diagnostic.fixes
        ],
        **({"notes": list(diagnostic.notes)} if diagnostic.notes else {}),
    }


def _related(place: dict[str, Any], message: str) -> dict[str, Any]:
    return {"path": place["path"], "line": place["line"], "column": place["column"], "message": message}
