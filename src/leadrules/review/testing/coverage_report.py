"""Coverage as text and as JSON.

In: coverage, the rule files, the tests it was taken of. Out: what no test reaches, line by line, with the totals; or the part
`coverage` of the document of docs/schemas/test.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from leadrules.core.source import SourceFile
from leadrules.review.testing.coverage import Coverage
from leadrules.review.testing.points import MISSING, Point
from leadrules.review.testing.testing import source_text
from leadrules.ruleset.model import Test

Files = Mapping[str, SourceFile]


def coverage_text(coverage: Coverage, files: Files) -> str:
    """The lines of which something is not reached, and the totals per file and of all."""
    if not coverage.points:
        return "coverage: the rules have no line that a test could reach\n"
    lines = [f"coverage: {_share(coverage.points, coverage.missing)}"]
    by_file = groupby(sorted(coverage.missing, key=_place), key=lambda point: _place(point)[0])
    for path, missing in by_file:
        here = list(missing)
        lines.append(f"  {path}: {_share([p for p in coverage.points if _place(p)[0] == path], here)}")
        for (line, rule), points in groupby(here, key=lambda point: (_place(point)[1], point.rule)):
            lines.append(f"    line {line}  {rule} {_joined(points, files)}")
    return "".join(line + "\n" for line in lines)


def _share(points: Sequence[Point], missing: Sequence[Point]) -> str:
    reached = len(points) - len(missing)
    # Rounded down: 100% is said of everything alone.
    return f"{reached:,} of {len(points):,} outcomes reached ({100 * reached // len(points)}%)"


def _joined(points: Iterable[Point], files: Files) -> str:
    missing = list(points)
    both = {point.clause for point in missing if point.kind == "true"} & {
        p.clause for p in missing if p.kind == "false"
    }
    words = (
        f"`{source_text(point.clause, files)}` is never looked at"
        if point.clause is not None and point.clause in both
        else what(point, files)
        for point in missing
    )
    return "; ".join(dict.fromkeys(words))


def what(point: Point, files: Files) -> str:
    """What is not so, in words: "never fires", "label `hot` is never given"."""
    missing = MISSING[point.kind]
    if point.clause is not None:
        return f"`{source_text(point.clause, files)}` {missing}"
    if point.kind == "label":
        return f"`{point.key[2]}` {missing}"
    if point.kind == "bounds":
        return f"its {point.key[2]} {missing}" if " " not in point.key[2] else f"the {point.key[2]} {missing}"
    if point.kind == "cell":
        return f"`{point.key[2]}` by `{point.key[3]}` {missing}"
    return f"{point.key[2]} {missing}" if len(point.key) > 2 else missing


def coverage_json(coverage: Coverage, files: Files, tests: Sequence[Test]) -> dict[str, Any]:
    """Every point, with the titles of the tests that reach it."""
    return {
        "reached": coverage.covered,
        "total": len(coverage.points),
        "outcomes": list(_points(coverage, files, tests)),
    }


def _points(coverage: Coverage, files: Files, tests: Sequence[Test]) -> Iterator[dict[str, Any]]:
    for point in coverage.points:
        path, line, column = _place(point)
        yield {
            "rule": point.rule,
            "outcome": point.kind,
            "of": " by ".join(str(part) for part in point.key[2:])
            if point.clause is None
            else source_text(point.clause, files),
            "path": path,
            "line": line,
            "column": column,
            "tests": [tests[number].title for number in sorted(coverage.tests(point))],
        }


def _place(point: Point) -> tuple[str, int, int]:
    span = point.span or {}
    return span.get("path", ""), span.get("line", 1), span.get("column", 1)
